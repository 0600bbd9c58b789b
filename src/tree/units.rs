//! Groups of files that are named together: those of a keyed folder that have the same level.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Asset;
use crate::base::name::NameStyle;
use crate::base::problem::{Problem, ProblemKind};
use crate::folders::{Folders, TOP};
use crate::levels::{LevelId, quoted};
use crate::rules::Policy;

/// Files that have one name, and keep their places among each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The logical path of their folder, without a slash at its end; empty for the top of the tree.
    pub folder: String,
    /// The level of all of them.
    pub level: LevelId,
}

impl Unit {
    /// Says whether a path is in the folder.
    pub fn has(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.folder.as_str());
        rest.is_some_and(|rest| self.folder.is_empty() || rest.starts_with('/'))
    }

    /// Returns the place in the folder of a file of the unit.
    pub fn place<'p>(&self, path: &'p str) -> &'p str {
        match self.folder.len() {
            0 => path,
            folder => &path[folder + 1..],
        }
    }
}

/// Finds the units of a sorted tree, and tells each file of one which it is. A level that begins
/// inside of a folder has a unit of its own in the outermost folder that has nothing else; where
/// files of several levels are in one folder, those that aren't of the folder's level have names of
/// their own. Returns the units, and what is wrong with files that a rule wants in one.
pub(super) fn find(assets: &mut [Asset], folders: &Folders) -> (Vec<Unit>, Vec<Problem>) {
    let (roots, strays) = by_root(assets, folders);
    let problems = strays.iter().map(|at| outside(&assets[*at])).collect();
    let (found, mixed) = by_unit(assets, &roots);
    let mut policies = HashMap::new();
    for at in strays.into_iter().chain(mixed) {
        let policy = &assets[at].policy;
        let own = policies
            .entry(Arc::as_ptr(policy))
            .or_insert_with(|| alone_by(policy));
        assets[at].policy = Arc::clone(own);
    }
    let mut units = Vec::with_capacity(found.len());
    for ((folder, level), files) in found {
        for at in files {
            assets[at].unit = Some(units.len() as u32);
        }
        units.push(Unit { folder, level });
    }
    (units, problems)
}

/// Returns the files that want to be in a keyed folder, by the outermost one around each; and those
/// that are in none.
fn by_root(assets: &[Asset], folders: &Folders) -> (BTreeMap<String, Vec<usize>>, Vec<usize>) {
    let mut roots: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut strays = Vec::new();
    let is_of_folder = |(_, asset): &(usize, &Asset)| asset.policy.names == NameStyle::Folder;
    for (at, asset) in assets.iter().enumerate().filter(is_of_folder) {
        match folders.around(asset.path.as_str()) {
            Some(root) => roots.entry(root.to_string()).or_default().push(at),
            None => strays.push(at),
        }
    }
    (roots, strays)
}

/// Files of units, by folder and level.
type ByUnit = BTreeMap<(String, LevelId), Vec<usize>>;

/// Returns the files of each unit; and those that are in one folder with files of other levels, and
/// not of the folder's own.
fn by_unit(assets: &[Asset], roots: &BTreeMap<String, Vec<usize>>) -> (ByUnit, Vec<usize>) {
    let mut found = ByUnit::new();
    let mut mixed = Vec::new();
    for (root, files) in roots {
        let own = own_level(assets, files);
        let pure = Pure::of(assets, root, files);
        for at in files {
            let (path, level) = (assets[*at].path.as_str(), assets[*at].policy.level);
            let folder = if level == own {
                Some(root.as_str())
            } else {
                pure.outermost(root, path, level)
            };
            match folder {
                Some(folder) => {
                    let unit = (folder.to_string(), level);
                    found.entry(unit).or_default().push(*at);
                }
                None => mixed.push(*at),
            }
        }
    }
    (found, mixed)
}

/// Says that a rule wants a file in a keyed folder, and that there's none.
fn outside(asset: &Asset) -> Problem {
    let folder = match asset.path.folder().trim_end_matches('/') {
        "" => TOP.to_string(),
        folder => globset::escape(folder),
    };
    let message = format!(
        "has a rule with `names = \"folder\"`, but isn't in a keyed folder: add a `[[folder]]` with `match = {}`",
        quoted(&folder)
    );
    Problem::new(&asset.path, message).kind(ProblemKind::Guessable)
}

fn alone_by(policy: &Policy) -> Arc<Policy> {
    Arc::new(Policy {
        names: NameStyle::Opaque,
        ..policy.clone()
    })
}

/// Returns the level of a folder: the open one, if any of its files is open; else that of most of
/// them.
fn own_level(assets: &[Asset], files: &[usize]) -> LevelId {
    let mut counts: BTreeMap<LevelId, usize> = BTreeMap::new();
    for at in files {
        *counts.entry(assets[*at].policy.level).or_default() += 1;
    }
    let most = |(level, count): &(LevelId, usize)| (*level == LevelId::OPEN, *count);
    let own = counts.into_iter().max_by_key(most);
    own.map_or(LevelId::OPEN, |(level, _)| level)
}

/// The levels of folders that have files of one level only.
struct Pure<'a>(HashMap<&'a str, Option<LevelId>>);

impl<'a> Pure<'a> {
    fn of(assets: &'a [Asset], root: &str, files: &[usize]) -> Pure<'a> {
        let mut pure: HashMap<&str, Option<LevelId>> = HashMap::new();
        for at in files {
            let level = assets[*at].policy.level;
            for folder in below(root, assets[*at].path.as_str()) {
                let known = pure.entry(folder).or_insert(Some(level));
                *known = known.filter(|known| *known == level);
            }
        }
        Pure(pure)
    }

    fn outermost<'p>(&self, root: &str, path: &'p str, level: LevelId) -> Option<&'p str> {
        below(root, path).find(|folder| self.0.get(folder) == Some(&Some(level)))
    }
}

/// Returns the folders around `path` that are inside of `root`, the outermost first.
fn below<'p>(root: &str, path: &'p str) -> impl Iterator<Item = &'p str> {
    let folders = path.match_indices('/').map(|(slash, _)| &path[..slash]);
    let outside = root.len();
    folders.filter(move |folder| folder.len() > outside)
}
