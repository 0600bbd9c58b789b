//! Reports paths of files that get other names, in places where nothing is rewritten, with lines
//! that let the page work. These lines depend on where the path is, and on which files may be
//! outside a keyed folder.

mod fix;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use self::fix::{Fix, common_folder, lines, outermost, patterns_of_folder};
pub(super) use self::fix::{keyed_folder, plain_folder};
pub(super) use self::words::is_by_hand;
use super::bundled::Chunks;
use super::cover;
use super::link::Links;
use super::read::Draft;
use crate::base::name::NameStyle;
use crate::base::problem::{Problem, ProblemKind};
use crate::levels::LevelId;
use crate::refs::{Kind, Place};
use crate::tree::{Asset, Tree};

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
        /// True if the pattern has nothing but their folder and extension: others may be there that
        /// aren't meant.
        is_by_extension: bool,
    },
    /// A folder with such files, with a slash at its end.
    Folder(String),
    /// A file that isn't published, since its extension isn't one of the usual ones.
    Skipped(String),
}

/// Returns a warning for each mention that matters, or a problem if a script couldn't be read,
/// since its imports are among them. Data that is never loaded doesn't matter. `files` has the
/// references of each asset.
pub(super) fn told(
    tree: &Tree,
    drafts: &[Draft],
    files: &[Links],
    mentioned: &[Mentioned],
) -> Reported {
    let loaded = Loaded::new(tree, files, mentioned);
    let matters = |one: &&Mentioned| loaded.makes_matter(one);
    let mentioned: Vec<&Mentioned> = mentioned.iter().filter(matters).collect();
    let chunks = Chunks::of(tree);
    let advice = Advice {
        tree,
        drafts,
        files,
        chunks: &chunks,
    };
    let fixes = outermost(mentioned.iter().map(|one| advice.fix(one)).collect());
    let mut all: BTreeMap<&Fix, BTreeSet<String>> = BTreeMap::new();
    for (fix, one) in fixes.iter().zip(&mentioned) {
        let subjects = all.entry(fix).or_default();
        subjects.extend(advice.subjects(fix, one));
    }
    let lines = |(fix, subjects)| (fix, lines(tree, &chunks, fix, &subjects));
    let lines: BTreeMap<&Fix, String> = all.into_iter().map(lines).collect();
    let mut told = Reported::default();
    for (one, fix) in mentioned.into_iter().zip(&fixes) {
        let problem = advice
            .in_words(one)
            .added(cover::addition(lines[fix].clone()));
        match one.place {
            Place::Unread => told.problems.push(problem),
            _ if advice.is_asked_by_bundle(one) => {
                told.problems.push(problem.kind(ProblemKind::Bundled));
            }
            _ => told.warnings.push(problem),
        }
    }
    told
}

/// Problems and warnings about paths.
#[derive(Debug, Default)]
pub(super) struct Reported {
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

    /// Says whether a path matters to anybody.
    fn makes_matter(&self, one: &Mentioned) -> bool {
        match one.place {
            // Sources that a bundler reads aren't for browsers.
            Place::Unread => !one.run_by.is_empty() || one.is_in_page(self.tree),
            _ if !one.is_of_data(self.tree) => true,
            // A text in a folder of a library may be for people.
            Place::Text => self.has_by_name(one.file),
            _ => self.has(one.file),
        }
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

struct Advice<'a> {
    tree: &'a Tree,
    drafts: &'a [Draft],
    files: &'a [Links],
    chunks: &'a Chunks<'a>,
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

    /// Says whether a script that a bundler made asks for another of the bundler's files, by a name
    /// that nobody writes by accident: it surely doesn't find it.
    fn is_asked_by_bundle(&self, mentioned: &Mentioned) -> bool {
        let To::File(to) = mentioned.to else {
            return false;
        };
        let names = self.tree.assets[mentioned.file].policy.names;
        let path = self.tree.assets[to].path.as_str();
        mentioned.place == Place::Script
            && names == NameStyle::Fingerprinted
            && self.chunks.are_named_like(path)
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
                let own = own_too.then(|| globset::escape(own.path.as_str()));
                own.into_iter().chain(self.patterns(to)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns patterns for the files that are meant.
    fn patterns(&self, to: &To) -> Vec<String> {
        let path = |file: &usize| globset::escape(self.tree.assets[*file].path.as_str());
        match to {
            To::File(file) => vec![path(file)],
            To::Files {
                files,
                is_by_extension: true,
                ..
            } => files.iter().map(path).collect(),
            To::Files { pattern, files, .. } => {
                let files = files.iter().copied().collect();
                cover::of_files(&self.tree.assets, &files, pattern.clone())
            }
            To::Folder(folder) => patterns_of_folder(self.tree, folder),
            To::Skipped(path) => vec![globset::escape(path)],
        }
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
        let readers = self.readers(mentioned);
        let folders = readers.iter().map(|(_, asset)| asset.path.folder());
        let path = common_folder(folders.chain([to]));
        let files = readers.iter().map(|(file, _)| *file);
        let mut files = files.chain(self.named(&mentioned.to));
        let is_apart = files.any(|file| self.is_in_inner(file, &path));
        let mut plain = readers;
        plain.retain(|(_, asset)| asset.policy.names == NameStyle::Plain);
        let is_linked = |(page, _): &(usize, &Asset)| self.is_linked(*page, &path);
        let is_found_by_links = !path.is_empty() && plain.iter().all(is_linked);
        let may_be_together = plain.is_empty() || is_found_by_links;
        if (!may_be_together || is_apart) && !self.is_leveled(mentioned) {
            return Fix::Plain;
        }
        let pages = plain.iter();
        let pages = pages.filter_map(|(_, page)| page.path.extension());
        Fix::Folder {
            pages: pages.collect(),
            path,
        }
    }

    /// Returns the files that look for what is mentioned. Of what is beside a script, that doesn't
    /// depend on the pages.
    fn readers(&self, mentioned: &Mentioned) -> Vec<(usize, &Asset)> {
        let run_by = if mentioned.is_beside && mentioned.place != Place::Text {
            &[][..]
        } else {
            &mentioned.run_by[..]
        };
        let files = std::iter::once(&mentioned.reader).chain(run_by);
        files
            .map(|file| (*file, &self.tree.assets[*file]))
            .collect()
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
