//! Paths of files that get other names, where nothing is rewritten: what is told of each, and the lines that let the page work. Which
//! lines these are depends on what has the path, and on who may be outside of a keyed folder.

use std::collections::{BTreeMap, BTreeSet};

use super::cover;
use super::link::Links;
use super::read::Draft;
use crate::error::escape;
use crate::folders::TOP;
use crate::levels::{LevelId, quoted};
use crate::name::NameStyle;
use crate::problem::{Addition, Problem, ProblemKind};
use crate::refs::{Kind, Place};
use crate::tree::{Asset, Tree};

/// Advice for a script that names a file in a string.
const WRITE_INSTEAD: &str =
    "write `new URL(\"…\", import.meta.url)` in a module, or `\"$$ASSETS(…)$$\"`";

/// What is told of names that a hidden file puts together.
const UNQUOTED_NAMES: &str = "builds names of files that get other names";

/// A line longer than this, in characters, was written by a program.
const LINE_CHARS_MAX: u32 = 1000;

/// A script larger than this, in bytes, is a library, or was made by a program.
const BY_HAND_BYTES_MAX: u64 = 100 << 10;

/// Folders that libraries are put into.
const OF_LIBRARIES: [&str; 6] = [
    "dist",
    "lib",
    "libs",
    "node_modules",
    "third-party",
    "vendor",
];

/// A path that means files which get other names.
#[derive(Debug)]
pub(super) struct Mentioned {
    /// The file that has it.
    pub file: usize,
    /// The file that it's relative to: the same one, or a page that is handed it.
    pub reader: usize,
    pub at: (u32, u32),
    /// As it's written.
    pub text: String,
    pub place: Place,
    /// The pages that run the file.
    pub run_by: Vec<usize>,
    pub to: To,
    /// True if it means that only from the file's own folder.
    pub is_beside: bool,
}

/// The meaning of a path.
#[derive(Debug)]
pub(super) enum To {
    File(usize),
    /// Several files in one folder.
    Files {
        /// A pattern for them.
        pattern: String,
        files: Vec<usize>,
        /// True if the pattern has nothing but their folder and extension: others may be there that aren't meant.
        is_by_extension: bool,
    },
    /// A folder with such files, with a slash at its end.
    Folder(String),
    /// A file that isn't published, since its extension isn't one of the usual ones.
    Skipped(String),
}

/// Returns what is told of each that matters: data which nobody loads says nothing. `files` has the references of each asset. It's a
/// warning, but for those of scripts that couldn't be read, whose imports are among them.
pub(super) fn told(
    tree: &Tree,
    drafts: &[Draft],
    files: &[Links],
    mentioned: &[Mentioned],
) -> Told {
    let loaded = Loaded::new(tree, files, mentioned);
    let matters = |one: &&Mentioned| match one.place {
        // Sources that a bundler reads aren't for browsers.
        Place::Unread => !one.run_by.is_empty() || one.is_in_page(tree),
        _ if !one.is_of_data(tree) => true,
        // A text in a folder of a library may be for people.
        Place::Text => loaded.has_by_name(one.file),
        _ => loaded.has(one.file),
    };
    let mentioned: Vec<&Mentioned> = mentioned.iter().filter(matters).collect();
    let advice = Advice {
        tree,
        drafts,
        files,
    };
    let fixes = outermost(mentioned.iter().map(|one| advice.fix(one)).collect());
    let mut all: BTreeMap<&Fix, BTreeSet<String>> = BTreeMap::new();
    for (fix, one) in fixes.iter().zip(&mentioned) {
        let subjects = all.entry(fix).or_default();
        subjects.extend(advice.subjects(fix, one));
    }
    let mut told = Told::default();
    for (one, fix) in mentioned.into_iter().zip(&fixes) {
        let problem = advice.in_words(one).added(Addition {
            file: crate::config::CONFIG_FILE.to_string(),
            lines: lines(tree, fix, &all[fix]),
        });
        match one.place {
            Place::Unread => told.problems.push(problem),
            _ => told.warnings.push(problem),
        }
    }
    told
}

/// Problems and warnings about paths.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

impl Mentioned {
    fn is_in_page(&self, tree: &Tree) -> bool {
        let content_type = &tree.assets[self.file].policy.headers.content_type;
        content_type.starts_with("text/html")
    }

    /// Says whether what has the path is data: it means something only to what loads it.
    fn is_of_data(&self, tree: &Tree) -> bool {
        match self.place {
            Place::Pointer(_) => true,
            Place::Text | Place::Attribute(_) => !self.is_in_page(tree),
            Place::Script | Place::Beginning | Place::Unread | Place::Name => false,
        }
    }
}

/// Files that a page or script may load.
struct Loaded<'a> {
    tree: &'a Tree,
    files: BTreeSet<usize>,
    folders: BTreeSet<&'a str>,
}

impl<'a> Loaded<'a> {
    fn new(tree: &'a Tree, files: &[Links], mentioned: &'a [Mentioned]) -> Loaded<'a> {
        let linked = files
            .iter()
            .flat_map(Links::all)
            .map(|(to, ..)| to as usize);
        let mut loaded = Loaded {
            tree,
            files: linked.collect(),
            folders: BTreeSet::new(),
        };
        for one in mentioned.iter().filter(|one| !one.is_of_data(tree)) {
            match &one.to {
                To::File(file) => {
                    loaded.files.insert(*file);
                }
                To::Files { files, .. } => loaded.files.extend(files),
                To::Folder(folder) => {
                    loaded.folders.insert(folder);
                }
                To::Skipped(_) => {}
            }
        }
        loaded
    }

    fn has(&self, file: usize) -> bool {
        let asset = &self.tree.assets[file];
        let path = asset.path.as_str();
        let mut above = path.match_indices('/').map(|(slash, _)| &path[..=slash]);
        self.has_by_name(file) || above.any(|folder| self.folders.contains(folder))
    }

    /// Says the same of what is named itself, and not by its folder.
    fn has_by_name(&self, file: usize) -> bool {
        self.files.contains(&file) || !self.tree.assets[file].policy.names.is_keyed()
    }
}

/// A way in which a page finds a file that it has the path of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fix {
    /// A rule for these files says that it's a URL.
    References { pattern: String },
    /// A keyed folder, with the pages of these endings that are outside of it. Its path has a slash at its end; the top is empty.
    Folder {
        path: String,
        pages: BTreeSet<String>,
    },
    /// Files keep their names.
    Plain,
    /// Files are published, too, by their names.
    Publish,
    /// Files are published, too, in the keyed folder of what names them.
    PublishInFolder,
}

/// Lets the outermost of keyed folders do for those inside: of two, the inner one would have a name of its own.
fn outermost(fixes: Vec<Fix>) -> Vec<Fix> {
    let mut outer: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for fix in &fixes {
        if let Fix::Folder { path, pages } = fix {
            outer.entry(path.clone()).or_default().extend(pages.clone());
        }
    }
    let around = |path: &str| {
        outer
            .keys()
            .find(|folder| path.starts_with(folder.as_str()))
    };
    let with_pages = |path: &String| {
        let inner = outer
            .iter()
            .filter(|(inner, _)| inner.starts_with(path.as_str()));
        inner.flat_map(|(_, pages)| pages.clone()).collect()
    };
    let outermost = |fix| match fix {
        Fix::Folder { path, pages } => match around(&path) {
            Some(folder) => Fix::Folder {
                path: folder.clone(),
                pages: with_pages(folder),
            },
            None => Fix::Folder { path, pages },
        },
        fix => fix,
    };
    fixes.into_iter().map(outermost).collect()
}

/// Returns the lines of configuration for all mentions that have the same fix.
fn lines(tree: &Tree, fix: &Fix, subjects: &BTreeSet<String>) -> String {
    let subjects: Vec<String> = subjects.iter().cloned().collect();
    match fix {
        Fix::References { pattern } => {
            let subjects: Vec<String> = subjects.iter().map(|subject| quoted(subject)).collect();
            cover::rule(pattern, &format!("references = [{}]", subjects.join(", ")))
        }
        Fix::Folder { path, pages } => {
            let name = match path.trim_end_matches('/') {
                "" => TOP.to_string(),
                folder => globset::escape(folder),
            };
            let mut lines = format!("[[folder]]\nmatch = {}", quoted(&name));
            for extension in pages {
                let pattern = format!(
                    "{}**/*.{}",
                    globset::escape(path),
                    globset::escape(extension)
                );
                lines += &format!("\n{}", cover::rule_of_names(&pattern, NameStyle::Folder));
            }
            lines
        }
        Fix::Plain => {
            let patterns = cover::joined(cover::few(&tree.assets, subjects));
            let rules: Vec<String> = patterns
                .iter()
                .map(|pattern| cover::rule_of_names(pattern, NameStyle::Plain))
                .collect();
            rules.join("\n")
        }
        Fix::Publish | Fix::PublishInFolder => {
            // A pattern might publish what nobody named.
            let patterns = cover::joined(subjects);
            let what = match fix {
                Fix::PublishInFolder => "publish = true",
                _ => "publish = true\nnames = \"plain\"",
            };
            let rules: Vec<String> = patterns
                .iter()
                .map(|pattern| cover::rule(pattern, what))
                .collect();
            rules.join("\n")
        }
    }
}

/// Returns the lines that make one keyed folder of a page's folder and another, each with a slash at its end; the top is empty.
pub(super) fn keyed_folder(tree: &Tree, page: &str, folder: &str) -> String {
    let fix = Fix::Folder {
        path: common_folder([page, folder].into_iter()),
        pages: BTreeSet::new(),
    };
    lines(tree, &fix, &BTreeSet::new())
}

/// Returns the lines by which files of a folder keep their names.
pub(super) fn plain_folder(tree: &Tree, folder: &str) -> String {
    let patterns = patterns_of_folder(tree, folder);
    lines(tree, &Fix::Plain, &patterns.into_iter().collect())
}

/// Returns patterns for what is in a folder, but for what a rule or its level keeps unguessable.
fn patterns_of_folder(tree: &Tree, folder: &str) -> Vec<String> {
    let is_meant = |file: &usize| {
        let asset = &tree.assets[*file];
        asset.path.as_str().starts_with(folder) && !asset.policy.is_kept_unguessable()
    };
    let files = (0..tree.assets.len()).filter(is_meant).collect();
    cover::of_files(
        &tree.assets,
        &files,
        format!("{}**", globset::escape(folder)),
    )
}

struct Advice<'a> {
    tree: &'a Tree,
    drafts: &'a [Draft],
    files: &'a [Links],
}

impl Advice<'_> {
    fn fix(&self, mentioned: &Mentioned) -> Fix {
        let path = &self.tree.assets[mentioned.file].path;
        match (&mentioned.place, &mentioned.to) {
            (_, To::Skipped(path)) if self.is_in_unit_of(mentioned, path) => Fix::PublishInFolder,
            (_, To::Skipped(_)) => Fix::Publish,
            (Place::Attribute(_), To::File(_)) => {
                let extension = path.extension().unwrap_or_default();
                Fix::References {
                    pattern: format!("**/*.{}", globset::escape(&extension)),
                }
            }
            (Place::Pointer(_), To::File(_)) if mentioned.is_beside => Fix::References {
                pattern: globset::escape(path.as_str()),
            },
            _ => self.places(mentioned),
        }
    }

    /// Says whether a path is in the keyed folder of what has it, and of the pages that run that.
    fn is_in_unit_of(&self, mentioned: &Mentioned, path: &str) -> bool {
        let Some(unit) = self.tree.unit_of(mentioned.reader) else {
            return false;
        };
        let mut pages = mentioned.run_by.iter();
        unit.has(path) && pages.all(|page| self.tree.are_together(*page, mentioned.reader))
    }

    /// Returns what a fix is about: attributes and pointers, or patterns of files.
    fn subjects(&self, fix: &Fix, mentioned: &Mentioned) -> Vec<String> {
        match (fix, &mentioned.place, &mentioned.to) {
            (Fix::References { .. }, Place::Attribute(what) | Place::Pointer(what), _) => {
                vec![what.clone()]
            }
            (Fix::Publish | Fix::PublishInFolder, _, To::Skipped(path)) => {
                vec![globset::escape(path)]
            }
            (Fix::Plain, _, to) => {
                let own = &self.tree.assets[mentioned.reader];
                let own_too = mentioned.is_beside && own.policy.names.is_keyed();
                let to = match to {
                    To::File(file) => vec![globset::escape(self.tree.assets[*file].path.as_str())],
                    To::Files {
                        files,
                        is_by_extension: true,
                        ..
                    } => {
                        let path = |file: &usize| self.tree.assets[*file].path.as_str();
                        files
                            .iter()
                            .map(|file| globset::escape(path(file)))
                            .collect()
                    }
                    To::Files { pattern, files, .. } => {
                        let files = files.iter().copied().collect();
                        cover::of_files(&self.tree.assets, &files, pattern.clone())
                    }
                    To::Folder(folder) => patterns_of_folder(self.tree, folder),
                    To::Skipped(path) => vec![globset::escape(path)],
                };
                let own = own_too.then(|| globset::escape(own.path.as_str()));
                own.into_iter().chain(to).collect()
            }
            _ => Vec::new(),
        }
    }

    fn in_words(&self, mentioned: &Mentioned) -> Problem {
        let text = format!("`{}`", escape(&mentioned.text));
        let (named, what, why) = match (&mentioned.to, &mentioned.place) {
            (To::Folder(folder), _) => {
                let folder = format!("`{}`", escape(folder));
                let what = format!("paths into {folder}, whose files get other names");
                (what.clone(), what, String::new())
            }
            (To::Skipped(_), _) => (
                format!(
                    "{text}, which isn't published, since its extension isn't one of the usual ones"
                ),
                "files that aren't published, since their extensions aren't among the usual ones"
                    .to_string(),
                String::new(),
            ),
            (To::Files { pattern, .. }, _) => {
                let what = format!(
                    "names of files such as `{}`, which get other names",
                    escape(pattern)
                );
                (what.clone(), what, String::new())
            }
            (To::File(_), Place::Attribute(place)) => (
                format!("{text}, which gets another name"),
                "files that get other names".to_string(),
                format!(
                    ", in an attribute that browsers know nothing of (`{}`)",
                    escape(place)
                ),
            ),
            (To::File(_), Place::Pointer(place)) => (
                format!("{text}, which gets another name"),
                "files that get other names".to_string(),
                format!(", at `{}`", escape(place)),
            ),
            (To::File(_), Place::Unread) => (
                format!("{text}, which gets another name"),
                "files that get other names".to_string(),
                ", and couldn't be read as a script".to_string(),
            ),
            (To::File(file), _) => {
                let folder = match self.tree.assets[*file].path.folder() {
                    "" => String::new(),
                    folder => format!(" in `{}`", escape(folder)),
                };
                (
                    format!("{text}, which gets another name"),
                    format!("files{folder} that get other names"),
                    ", where nothing is rewritten".to_string(),
                )
            }
        };
        let (asset, draft) = (
            &self.tree.assets[mentioned.file],
            &self.drafts[mentioned.file],
        );
        let instead = match (&mentioned.place, &mentioned.to) {
            (Place::Script, To::File(_)) if is_by_hand(asset, draft, mentioned.at) => {
                format!(": {WRITE_INSTEAD}")
            }
            _ => String::new(),
        };
        let (one, several) = match mentioned.to {
            To::Folder(_) | To::Files { .. } => ("builds", "build"),
            To::File(_) | To::Skipped(_) => ("names", "name"),
        };
        let message = format!("{one} {named}{why}{instead}");
        let cause = format!("{several} {what}{why}{instead}");
        // A pattern has the beginning of a name, which hides like the whole.
        let (unquoted, unquoted_cause) = match &mentioned.to {
            To::Files { .. } => (UNQUOTED_NAMES.to_string(), UNQUOTED_NAMES.to_string()),
            _ => (message.replace(&text, "a file"), cause.clone()),
        };
        let problem = Problem::at(&asset.path, mentioned.at, message);
        let problem = problem.unquoted(&unquoted, &unquoted_cause).cause(cause);
        problem.kind(ProblemKind::Mention)
    }

    /// Returns how files keep their places: to each other in a keyed folder, or where they are.
    fn places(&self, mentioned: &Mentioned) -> Fix {
        let to = match &mentioned.to {
            To::File(file) => self.tree.assets[*file].path.folder(),
            To::Files { files, .. } => files
                .first()
                .map_or("", |file| self.tree.assets[*file].path.folder()),
            To::Folder(folder) => folder,
            To::Skipped(_) => "",
        };
        // What is looked for beside the script doesn't depend on the pages.
        let run_by = match mentioned.is_beside && mentioned.place != Place::Text {
            true => &[][..],
            false => &mentioned.run_by[..],
        };
        let own = std::iter::once(&mentioned.reader).chain(run_by);
        let own = own.map(|file| (*file, &self.tree.assets[*file]));
        let folders = own.clone().map(|(_, asset)| asset.path.folder());
        let path = common_folder(folders.chain([to]));
        let files = own.clone().map(|(file, _)| file);
        let mut files = files.chain(self.named(&mentioned.to));
        let is_apart = files.any(|file| self.is_in_inner(file, &path));
        let plain = own.filter(|(_, asset)| asset.policy.names == NameStyle::Plain);
        let is_found_by_links =
            !path.is_empty() && plain.clone().all(|(page, _)| self.is_linked(page, &path));
        let may_be_together = plain.clone().next().is_none() || is_found_by_links;
        match (may_be_together && !is_apart) || self.is_leveled(mentioned) {
            true => Fix::Folder {
                path,
                pages: plain
                    .filter_map(|(_, page)| page.path.extension())
                    .collect(),
            },
            false => Fix::Plain,
        }
    }

    /// Returns the files that are meant.
    fn named(&self, to: &To) -> Vec<usize> {
        match to {
            To::File(file) => vec![*file],
            To::Files { files, .. } => files.clone(),
            To::Folder(folder) => cover::files_in(&self.tree.assets, folder).collect(),
            To::Skipped(_) => Vec::new(),
        }
    }

    /// Says whether a file is in a keyed folder inside of this one: that stays one of its own.
    fn is_in_inner(&self, file: usize, folder: &str) -> bool {
        let unit = self.tree.unit_of(file);
        let inner = unit.and_then(|unit| unit.folder.strip_prefix(folder));
        inner.is_some_and(|inner| !inner.is_empty())
    }

    /// Says whether another page leads to this one, so that people find it by that.
    fn is_linked(&self, page: usize, folder: &str) -> bool {
        let links_here = |(from, links): (usize, &Links)| {
            let is_outside = !self.tree.assets[from].path.as_str().starts_with(folder);
            let to_page = |to: u32, kind: Kind| to as usize == page && kind == Kind::Link;
            is_outside && links.links.iter().any(|link| to_page(link.to, link.kind))
        };
        self.files.iter().enumerate().any(links_here)
    }

    /// Says whether a plain name would tell what isn't open.
    fn is_leveled(&self, mentioned: &Mentioned) -> bool {
        let named = self.named(&mentioned.to).into_iter();
        let mut levels = named.map(|file| self.tree.assets[file].policy.level);
        levels.any(|level| level != LevelId::OPEN)
    }
}

/// Says whether a person wrote the script which has a path there, and can write it otherwise.
pub(super) fn is_by_hand(script: &Asset, draft: &Draft, (_, column): (u32, u32)) -> bool {
    let mut folders = script.path.folder().split('/');
    column <= LINE_CHARS_MAX
        && draft.size_bytes <= BY_HAND_BYTES_MAX
        && !folders.any(|folder| OF_LIBRARIES.contains(&folder))
        && !script.path.as_str().contains(".min.")
        && script.policy.names != NameStyle::Fingerprinted
}

/// Returns the folder that all of these are in, each with a slash at its end; empty for the top.
fn common_folder<'p>(folders: impl Iterator<Item = &'p str>) -> String {
    let common = folders.reduce(|one, other| {
        let alike = one
            .bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let end = one.as_bytes()[..alike]
            .iter()
            .rposition(|byte| *byte == b'/');
        &one[..end.map_or(0, |slash| slash + 1)]
    });
    common.unwrap_or_default().to_string()
}
