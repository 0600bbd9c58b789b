//! From folders on disk to a sorted [`Tree`] of assets. Reads names and types, never a file's
//! content, and reports everything that is wrong at once.

mod ignores;
mod noted;
mod patterns;
mod twins;
mod units;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use self::patterns::check_patterns;
use self::twins::find_twins;
pub(crate) use self::twins::spelt_out;
pub use self::units::Unit;
use self::walk::Walk;
use crate::base::name::NameStyle;
use crate::base::path::LogicalPath;
use crate::base::problem::{Meant, Problem, ProblemKind};
use crate::hidden;
use crate::levels::Levels;
use crate::rules::{Defaults, Policy, Rules};
use crate::scan::junk::{self, Dropped, Junk};
use crate::store::location::Target;

/// Paths that aren't published, in gitignore syntax; read in every folder of a source.
pub const IGNORE_FILE: &str = ".assetsyncignore";

/// A folder to publish, and where its files appear in the tree.
#[derive(Debug, Clone)]
pub struct Source {
    /// The folder.
    pub dir: PathBuf,
    /// Beginning of each logical path: empty, or ending in `/`.
    pub mount: String,
    /// Treatment of symbolic links.
    pub symlinks: Symlinks,
    /// Place in the configuration, such as `assetsync.toml:5:7`; for messages.
    pub declared: Option<String>,
}

impl Source {
    /// The folder `dir` at the top of the tree; symbolic links are refused.
    pub fn new(dir: impl Into<PathBuf>) -> Source {
        Source {
            dir: dir.into(),
            mount: String::new(),
            symlinks: Symlinks::Refuse,
            declared: None,
        }
    }
}

/// Treatment of symbolic links in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symlinks {
    /// Each is an error.
    #[default]
    Refuse,
    /// Those that stay inside the source are followed; others are errors.
    Inside,
}

/// A file to be published.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its place in the tree.
    pub path: LogicalPath,
    /// Its place on disk.
    pub file: PathBuf,
    /// Policy that the rules set.
    pub policy: Arc<Policy>,
    /// The files that it's named with, if it is in a keyed folder: their place among
    /// [`Tree::units`].
    pub unit: Option<u32>,
}

impl Asset {
    /// Checks whether its name begins with that of a keyed folder, which is hard to guess, and in
    /// which files keep their places.
    pub fn is_in_keyed_folder(&self) -> bool {
        self.unit.is_some() || self.policy.names == NameStyle::Palindrome2022
    }
}

/// Files found in the sources, sorted by logical path.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Files to be published.
    pub assets: Vec<Asset>,
    /// Groups of files that are named together, sorted by folder.
    pub units: Vec<Unit>,
    /// Problems: nothing may be published while there are any.
    pub problems: Vec<Problem>,
    /// Files that were skipped because their extension isn't on the allow-list, by extension (""
    /// for none).
    pub skipped: BTreeMap<String, Vec<LogicalPath>>,
    /// Files that a rule leaves out.
    pub left_out: Vec<LogicalPath>,
    /// The same of names that can't be logical paths, escaped.
    pub oddly_left_out: Vec<String>,
    /// Files that systems and editors leave behind.
    pub left_behind: Vec<LogicalPath>,
    /// Files that are left out by their names, unless a rule asks for them.
    pub junk: Vec<Dropped>,
    /// Worth a word, but not an error.
    pub warnings: Vec<Problem>,
    /// Warnings that aren't told, since they are meant to be.
    pub meant: Meant,
    /// Levels, which decide who may know what.
    pub levels: Levels,
    /// Beginnings of URLs that stand for the top of the tree.
    pub prefixes: Vec<String>,
    /// Policy for paths that no rule matches.
    pub defaults: Defaults,
    /// URL at which browsers find the objects, for references that are written as absolute URLs.
    /// Not known to `walk`.
    pub public_url: Option<Url>,
    /// Pages that a target's host shows for missing names. Not known to `walk`.
    pub error_pages: Vec<String>,
    /// Addresses of the tree's top, by target. Not known to `walk`.
    pub served_at: Vec<ServedAt>,
}

/// The address of a tree's top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedAt {
    /// Name of the target.
    pub target: String,
    /// URL with a slash at its end.
    pub url: Url,
}

/// Walks all `sources`. Never fails: what is wrong is in [`Tree::problems`].
pub fn walk(sources: &[Source], rules: &Rules) -> Tree {
    let mut walk = Walk::new(rules);
    for source in sources {
        walk.source(source);
    }
    let (mut tree, odd) = (walk.tree, walk.odd);
    tree.sort();
    leave_out_copies(&mut tree, rules);
    tree.junk.sort();
    let (units, outside) = units::find(&mut tree.assets, rules.folders());
    tree.units = units;
    tree.problems.extend(outside);
    let twins = find_twins(&tree.assets, sources);
    tree.problems.extend(twins.problems);
    tree.warnings.extend(twins.warnings);
    tree.problems.sort();
    let said = check_patterns(rules, &tree, tree.paths(), &odd);
    tree.warnings.extend(said.warnings);
    tree.problems.extend(said.problems);
    tree.problems.sort();
    noted::note(&tree);
    let meant = std::mem::take(&mut tree.meant);
    tree.warnings.retain(|warning| !meant.has(warning));
    tree.meant = meant;
    hidden::veil(&mut tree.problems);
    hidden::veil(&mut tree.warnings);
    tree
}

/// Leaves out numbered copies of files that are published, unless a rule asks for them.
fn leave_out_copies(tree: &mut Tree, rules: &Rules) {
    let copies = copies(&tree.assets, rules);
    if copies.is_empty() {
        return;
    }
    tree.assets.retain(|asset| !copies.contains(&asset.path));
    tree.junk.extend(copies.into_iter().map(|path| Dropped {
        junk: Junk::Copy,
        top: path.to_string(),
        path,
    }));
}

/// Returns numbered copies of files that are among these, which are sorted.
fn copies(assets: &[Asset], rules: &Rules) -> BTreeSet<LogicalPath> {
    let is_there = |path: &str| {
        let found = assets.binary_search_by(|asset| asset.path.as_str().cmp(path));
        found.is_ok()
    };
    let is_copy = |asset: &&Asset| {
        let path = asset.path.as_str();
        junk::original(path)
            .is_some_and(|original| is_there(&original) && !rules.ask_for(path, &original))
    };
    let copies = assets.iter().filter(is_copy);
    copies.map(|asset| asset.path.clone()).collect()
}

impl Tree {
    /// Returns the unit of the file at this place, if it has one.
    pub fn unit_of(&self, file: usize) -> Option<&Unit> {
        let unit = self.assets[file].unit?;
        self.units.get(unit as usize)
    }

    /// Lets links to folders pass where the hosts of all these targets show pages for them, and
    /// notes their error pages.
    pub fn note_hosts(&mut self, targets: &[Target]) {
        let pages = targets.iter().filter_map(|t| t.host.not_found.as_ref());
        self.error_pages = pages.map(ToString::to_string).collect();
        if targets.iter().all(Target::shows_index) {
            self.meant.add(ProblemKind::HostIndex);
        }
    }

    /// Says whether both files are named together, and keep their places to each other.
    pub(crate) fn are_together(&self, one: usize, other: usize) -> bool {
        let unit = self.assets[one].unit;
        unit.is_some() && unit == self.assets[other].unit
    }

    fn sort(&mut self) {
        self.assets
            .sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.file.cmp(&b.file)));
        self.left_out.sort();
        self.left_behind.sort();
        self.oddly_left_out.sort();
    }

    /// Returns the paths of everything but what is skipped.
    fn paths(&self) -> impl Iterator<Item = &LogicalPath> + Clone {
        self.assets
            .iter()
            .map(|asset| &asset.path)
            .chain(&self.left_out)
            .chain(&self.left_behind)
            .chain(self.junk.iter().map(|dropped| &dropped.path))
    }
}
