//! From what was found in files to which file refers to which: every reference is resolved, or told
//! of.

mod nowhere;
mod pages;
mod search;
mod sets;

use std::collections::HashSet;
use std::ops::Range;

use self::nowhere::Why;
pub(super) use self::nowhere::prefix_before;
use self::pages::{page_bases, pages_of_scripts};
use self::sets::names_of_placeholders;
pub(super) use self::sets::{Set, SetOf};
use super::index::Index;
use super::limits::{check_fingerprinted, check_levels, check_names, check_pages};
use super::mentions::{self, Mentioned};
use super::read::Draft;
use crate::base::path::LogicalPath;
use crate::base::problem::Problem;
use crate::base::text::escape;
use crate::refs::resolve::{BaseUrl, Meaning, Resolved, longest_prefix};
use crate::refs::{Base, Kind, Reference};
use crate::tree::Asset;

/// A reference from one file of the tree to another.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub span: Range<u32>,
    /// Text that must follow the new URL.
    pub tail: Box<str>,
    pub kind: Kind,
    pub base: Base,
    /// The file it's about.
    pub to: u32,
    pub line: u32,
    pub column: u32,
    /// Written by a prefix, such as `/static/` or `https://cdn.example.org/`: its place among those
    /// of the tree.
    pub prefix: Option<u16>,
    /// Written from the top of a host, by a prefix such as `/static/`.
    pub from_top: bool,
    /// Written as no bucket reads it: with several slashes in a row.
    pub is_odd: bool,
}

/// References of one file.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub links: Vec<Link>,
    pub sets: Vec<Set>,
    /// For a script: the pages that run it.
    pub pages: Vec<u32>,
    /// The first script of a bundler that a page loads by a URL which isn't taken for the tree's.
    pub elsewhere: Option<Elsewhere>,
    /// URLs that are told of already, since another prefix is set than they have.
    pub misled: Misled,
    /// Paths that links hand to pages.
    handed: Vec<Mentioned>,
}

/// Places of URLs that lead to files of the tree by a prefix that isn't set, while another is.
#[derive(Debug, Default)]
pub(super) struct Misled {
    /// URLs that lead nowhere by a prefix that is set, and to a file by a longer one.
    pub below: Vec<Range<u32>>,
    /// URLs that have no prefix that is set.
    pub beside: Vec<Range<u32>>,
}

/// A URL that isn't rewritten, although its end is the path of a file.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub line: u32,
    pub column: u32,
    /// The URL before the path.
    pub prefix: String,
}

impl Links {
    /// Says whether the address of its own keyed folder is in it.
    pub(super) fn has_own_folder(&self) -> bool {
        let mut sets = self.sets.iter();
        sets.any(|set| matches!(set.of, SetOf::Folder))
    }

    /// Every file that is referred to, and where: line and column.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let links = self.links.iter();
        let links = links.map(|link| (link.to, link.line, link.column));
        let sets = self.sets.iter();
        let sets = sets.flat_map(|set| set.files().iter().map(|to| (*to, set.line, set.column)));
        links.chain(sets)
    }
}

/// Outcome of resolving references.
#[derive(Debug, Default)]
pub(super) struct Linked {
    /// By asset.
    pub files: Vec<Links>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// Files that name others in a string without being allowed to. These problems were reported
    /// already.
    pub named: Vec<(LogicalPath, u32)>,
    /// Paths of files that get other names, where nothing is rewritten.
    pub mentioned: Vec<Mentioned>,
    /// As [`Links::elsewhere`].
    elsewhere: Option<Elsewhere>,
    /// As [`Links::misled`].
    misled: Misled,
}

/// Resolves the references in one file, except for those that are relative to the pages that run
/// it. Resolved references aren't kept elsewhere: a large tree has many.
pub(super) fn link_own(
    index: &Index<'_>,
    asset: &Asset,
    draft: &mut Draft,
    resolved: &mut Resolved,
) -> Links {
    let mut own = Linked::default();
    let mut file = File {
        index,
        asset,
        draft,
        linked: &mut own,
        resolved,
        has_suspect: false,
    };
    let (links, sets) = (file.links(), file.sets());
    draft.problems.extend(own.problems);
    draft.warnings.extend(own.warnings);
    keep_those_of_pages(draft);
    Links {
        links,
        sets,
        elsewhere: own.elsewhere,
        misled: own.misled,
        handed: own.mentioned,
        ..Links::default()
    }
}

/// Returns a folder for messages. Its path has a slash at its end; the top is empty.
fn folder_in_words(folder: &str) -> String {
    match folder {
        "" => "the top folder".to_string(),
        folder => format!("`{}`", escape(folder)),
    }
}

/// Forgets what is resolved: all but what is relative to the pages that run the file.
fn keep_those_of_pages(draft: &mut Draft) {
    let found = std::mem::take(&mut draft.found.references);
    let places = std::mem::take(&mut draft.places.references);
    let of_pages = found.into_iter().zip(places);
    (draft.found.references, draft.places.references) = of_pages
        .filter(|(reference, _)| reference.base == Base::Page)
        .unzip();
    draft.found.placeholders = Vec::new();
    draft.places.placeholders = Vec::new();
}

/// Resolves what is left: what needs to know of other files.
pub(super) fn link(index: &Index<'_>, drafts: &[Draft], files: Vec<Links>) -> Linked {
    let tree = index.tree;
    let of_placeholders = names_of_placeholders(tree, &files);
    let mut linked = Linked {
        files,
        ..Linked::default()
    };
    let scripts = pages_of_scripts(tree, drafts, &linked.files);
    link_scripts(index, drafts, &scripts, &mut linked);
    let all = linked.files.iter().flat_map(Links::all);
    let referred: HashSet<u32> = all.map(|(to, ..)| to).collect();
    let mut resolved = Resolved::default();
    for (script, pages) in &scripts {
        let bases = page_bases(tree, drafts, *script, pages);
        let mut file = File::of(index, &drafts[*script], *script, &mut linked, &mut resolved);
        file.mentions(*script, pages, &bases, &of_placeholders, &referred);
    }
    for file in &mut linked.files {
        linked.mentioned.append(&mut file.handed);
    }
    let told = mentions::told(tree, drafts, &linked.files, &linked.mentioned);
    linked.problems.extend(told.problems);
    linked.warnings.extend(told.warnings);
    check_levels(tree, &mut linked);
    check_names(tree, &mut linked);
    check_pages(tree, drafts, &mut linked);
    check_fingerprinted(tree, &mut linked);
    linked
}

/// Resolves what is relative to the pages that run each script.
fn link_scripts(
    index: &Index<'_>,
    drafts: &[Draft],
    scripts: &[(usize, Vec<usize>)],
    linked: &mut Linked,
) {
    let mut resolved = Resolved::default();
    for (script, pages) in scripts {
        let bases = page_bases(index.tree, drafts, *script, pages);
        let mut file = File::of(index, &drafts[*script], *script, linked, &mut resolved);
        let links = file.links_from_pages(&bases);
        let file = &mut linked.files[*script];
        file.links.extend(links);
        file.pages = pages.iter().map(|page| *page as u32).collect();
    }
}

/// One file, while it's looked at.
struct File<'a, 't> {
    index: &'a Index<'t>,
    asset: &'a Asset,
    draft: &'a Draft,
    linked: &'a mut Linked,
    resolved: &'a mut Resolved,
    has_suspect: bool,
}

impl<'a, 't> File<'a, 't> {
    fn of(
        index: &'a Index<'t>,
        draft: &'a Draft,
        file: usize,
        linked: &'a mut Linked,
        resolved: &'a mut Resolved,
    ) -> File<'a, 't> {
        File {
            index,
            asset: &index.tree.assets[file],
            draft,
            linked,
            resolved,
            has_suspect: false,
        }
    }
}

impl File<'_, '_> {
    fn links(&mut self) -> Vec<Link> {
        let found = &self.draft.found;
        if found.references.is_empty() {
            return Vec::new();
        }
        let base = BaseUrl::new(
            self.asset.path.folder(),
            found.base.as_deref(),
            &self.index.tree.prefixes,
        );
        let references = found.references.iter().zip(&self.draft.places.references);
        references
            .filter(|(reference, _)| reference.base == Base::Document)
            .filter_map(|(reference, place)| self.link(reference, *place, &base))
            .collect()
    }

    fn link(&mut self, reference: &Reference, place: (u32, u32), base: &BaseUrl) -> Option<Link> {
        let path = self.path_of(reference, place, base)?;
        let page = || match reference.kind {
            Kind::Link => self.index.find_page(&path),
            _ => None,
        };
        let found = self.index.find(&path);
        let squeezed = match found {
            Some(_) => None,
            None => self.index.find_squeezed(&path),
        };
        let Some(to) = found.or(squeezed).or_else(page) else {
            self.missing(reference, place, base, &path);
            return None;
        };
        if squeezed.is_none() {
            self.ask_host(reference, place, &path, to);
        }
        self.hands_over(reference, place, to as usize);
        let written = reference.url.trim_ascii_start();
        let prefix = longest_prefix(written, &self.index.tree.prefixes);
        Some(Link {
            is_odd: squeezed.is_some(),
            from_top: written.starts_with('/'),
            span: reference.span.start as u32..reference.span.end as u32,
            tail: reference.tail.as_str().into(),
            kind: reference.kind,
            base: reference.base,
            to,
            line: place.0,
            column: place.1,
            prefix: prefix.and_then(|prefix| u16::try_from(prefix).ok()),
        })
    }

    /// Returns the path that a reference leads to. Of one that leads elsewhere or nowhere, that may
    /// be told.
    fn path_of(
        &mut self,
        reference: &Reference,
        place: (u32, u32),
        base: &BaseUrl,
    ) -> Option<String> {
        let prefixes = &self.index.tree.prefixes;
        let meaning = self
            .resolved
            .resolve(base, &reference.url, reference.kind, prefixes);
        match meaning {
            Meaning::Path(path) => Some(path),
            Meaning::Elsewhere => {
                self.suspect(reference, place);
                self.note_elsewhere(reference, place);
                None
            }
            Meaning::Nothing(why) => {
                let cause = format!("lead nowhere: {why}");
                let why = why.to_string();
                self.dangles(reference, place, self.usual(reference), Why { why, cause });
                None
            }
        }
    }
}
