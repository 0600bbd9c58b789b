//! Paths in a file that no parser follows: which files they may mean, as seen from the pages that run it, from beside it, from a folder that
//! it knows, and from the top. `mentions.rs` says what is told of them.

use std::collections::{BTreeMap, HashSet};

use super::{File, PageBase};
use crate::build::limits::{leveled, may_name, told_upwards};
use crate::build::mentions::{self, Mentioned, To};
use crate::name::NameStyle;
use crate::refs::resolve::{BaseUrl, Meaning, resolve};
use crate::refs::{Base, Kind, Place, Reference};
use crate::tree::Asset;

impl File<'_, '_> {
    /// Notes paths that a reference hands to a page, which looks for them from where it is, or from the top.
    pub(super) fn hands_over(&mut self, reference: &Reference, place: (u32, u32), to: usize) {
        let mut handed = reference.handed_paths().peekable();
        let tree = self.index.tree;
        let page = &tree.assets[to];
        let is_page = page.policy.headers.content_type.starts_with("text/html");
        if handed.peek().is_none() || !is_page {
            return;
        }
        let Some(own) = self.index.find(self.asset.path.as_str()) else {
            return;
        };
        let prefixes = &tree.prefixes;
        let bases = [page.path.folder(), ""].map(|folder| BaseUrl::new(folder, None, prefixes));
        for text in handed {
            let found = |base: &BaseUrl| match resolve(base, &text, Kind::Load, prefixes) {
                Meaning::Path(path) => self.index.find(&path),
                Meaning::Elsewhere | Meaning::Nothing(_) => None,
            };
            let is_meant = |file: &u32| {
                let asset = &tree.assets[*file as usize];
                may_name(tree, self.asset, leveled(asset))
                    && self.is_renamed(*file as usize, to, &[])
            };
            if let Some(file) = bases.iter().find_map(|base| found(base).filter(is_meant)) {
                self.linked.mentioned.push(Mentioned {
                    file: own as usize,
                    reader: to,
                    at: place,
                    text,
                    place: Place::Text,
                    run_by: Vec::new(),
                    to: To::File(file as usize),
                    is_beside: true,
                });
            }
        }
    }

    /// Paths of files that get other names, where nothing rewrites them. `referred` are those that some file refers to.
    pub(super) fn mentions(
        &mut self,
        script: usize,
        run_by: &[usize],
        pages: &[PageBase<'_>],
        of_placeholders: &HashSet<(u32, &str)>,
        referred: &HashSet<u32>,
    ) {
        let tree = self.index.tree;
        let prefixes = &tree.prefixes;
        let from = |folder: &str| BaseUrl::new(folder, None, prefixes);
        let (own, top) = (from(self.asset.path.folder()), from(""));
        let knows_folder = self.linked.files[script].has_own_folder();
        let unit = tree.unit_of(script).filter(|_| knows_folder);
        let unit = unit.map(|unit| match unit.folder.as_str() {
            "" => from(""),
            folder => from(&format!("{folder}/")),
        });
        let mentions = self.draft.found.mentions.iter();
        for (mention, place) in mentions.zip(&self.draft.places.mentions) {
            let path = |base: &BaseUrl| match resolve(base, &mention.text, Kind::Load, prefixes) {
                Meaning::Path(path) => Some(path),
                Meaning::Elsewhere | Meaning::Nothing(_) => None,
            };
            let pages = match mention.base {
                Base::Document => &[][..],
                Base::Page => pages,
            };
            // Others than scripts say nothing of where they are looked at.
            let may_be_from_top = mention.base == Base::Page
                && !matches!(
                    mention.place,
                    Place::Script | Place::Beginning | Place::Unread
                );
            // What is beside the script, or in a folder that it knows, doesn't depend on who runs it.
            let beside = std::iter::once(&own).chain(&unit);
            let bases: Vec<(&BaseUrl, &[usize])> = pages
                .iter()
                .map(|page| (&page.base, run_by))
                .chain(beside.map(|base| (base, &[][..])))
                .chain(may_be_from_top.then_some((&top, run_by)))
                .collect();
            let of_pages: Vec<String> = pages.iter().filter_map(|page| path(&page.base)).collect();
            let all: Vec<(String, &[usize])> = bases
                .iter()
                .filter_map(|(base, run_by)| Some((path(base)?, *run_by)))
                .collect();
            let to = match mention.place {
                Place::Beginning => self.renamed_folder(&all, script),
                Place::Name => self.renamed_names(&mention.text, &bases, script, run_by, referred),
                _ => {
                    // Of two readings, that from a page comes first.
                    let mut files: BTreeMap<u32, &[usize]> = BTreeMap::new();
                    for (path, run_by) in &all {
                        if let Some(file) = self.index.find(path) {
                            files.entry(file).or_insert(run_by);
                        }
                    }
                    if self.names_hidden(files.keys(), *place, &mention.place) {
                        continue;
                    }
                    if files.is_empty() && matches!(mention.place, Place::Script | Place::Unread) {
                        let below = self.below(&mention.text, *place);
                        files.extend(below.map(|file| (file, run_by)));
                    }
                    // A script may ask a placeholder's object for it.
                    let name = mention.text.trim_start_matches("./");
                    let files = files.into_iter();
                    let mut files =
                        files.filter(|(file, _)| !of_placeholders.contains(&(*file, name)));
                    files
                        .find(|(to, run_by)| self.is_renamed(*to as usize, script, run_by))
                        .map(|(to, _)| To::File(to as usize))
                }
            };
            // Of a name, nobody knows the folder.
            let may_be_skipped = mention.place != Place::Name;
            let skipped = || {
                let mut all = all.iter();
                let (skipped, _) = all.find(|(path, _)| self.index.is_skipped(path))?;
                Some(To::Skipped(skipped.clone()))
            };
            let Some(to) = to.or_else(|| may_be_skipped.then(skipped)?) else {
                continue;
            };
            let is_there = |path: &String| match &to {
                To::File(file) => self.index.find(path) == Some(*file as u32),
                To::Folder(folder) | To::Skipped(folder) => path == folder,
                To::Files { .. } => false,
            };
            let is_beside = match mention.place {
                Place::Name => false,
                Place::Pointer(_) => path(&own).as_ref().is_some_and(is_there),
                _ => !of_pages.iter().any(is_there),
            };
            self.linked.mentioned.push(Mentioned {
                file: script,
                reader: script,
                at: *place,
                text: mention.text.clone(),
                place: mention.place.clone(),
                run_by: run_by.to_vec(),
                to,
                is_beside,
            });
        }
    }

    /// Returns the file that a library may mean, which looks for files in folders beside it. One that it may not know isn't meant:
    /// many files are called `index.html`.
    fn below(&self, text: &str, at: (u32, u32)) -> Option<u32> {
        let folder = self.asset.path.folder();
        let end = text.trim_start_matches("./");
        let is_library = !mentions::is_by_hand(self.asset, self.draft, at);
        if !is_library || folder.is_empty() || end.starts_with(['/', '.']) {
            return None;
        }
        let tree = self.index.tree;
        let may_be_meant =
            |file: u32| may_name(tree, self.asset, leveled(&tree.assets[file as usize]));
        self.index.below(folder, end, may_be_meant)
    }

    /// Tells of a script that names a file which it may not know. What isn't a script may mean something else.
    fn names_hidden<'f>(
        &mut self,
        mut files: impl Iterator<Item = &'f u32>,
        at: (u32, u32),
        place: &Place,
    ) -> bool {
        let tree = self.index.tree;
        let is_hidden =
            |to: &&u32| !may_name(tree, self.asset, leveled(&tree.assets[**to as usize]));
        let Some(to) = files.find(is_hidden) else {
            return false;
        };
        if matches!(place, Place::Script | Place::Unread) {
            let hidden = leveled(&tree.assets[*to as usize]);
            let problem = told_upwards(tree, self.asset, Some(at), "names", hidden);
            self.linked.problems.push(problem);
            self.linked.named.push((self.asset.path.clone(), *to));
        }
        true
    }

    /// Returns the files in one of these folders whose name is `name`, with `*` for what isn't known of it, if any gets another name. A
    /// script that may not know one means another one.
    fn renamed_names(
        &self,
        name: &str,
        folders: &[(&BaseUrl, &[usize])],
        script: usize,
        run_by: &[usize],
        referred: &HashSet<u32>,
    ) -> Option<To> {
        let tree = self.index.tree;
        let (start, end) = name.split_once('*').unwrap_or((name, ""));
        // By its extension alone, what nothing else refers to is meant, if there's a page that the script runs in.
        let is_by_extension = start.is_empty();
        let content_type = &self.asset.policy.headers.content_type;
        let is_in_page = !run_by.is_empty() || content_type.starts_with("text/html");
        if is_by_extension && !is_in_page {
            return None;
        }
        let is_whole = !name.contains('*');
        let url = if is_by_extension { "./" } else { start };
        for (base, run_by) in folders {
            let is_meant = |file: &usize| {
                let other = &tree.assets[*file];
                may_name(tree, self.asset, leveled(other))
                    && (is_whole || !is_asked_for_by_nobody(other))
                    && self.is_renamed(*file, script, run_by)
                    && !(is_by_extension && referred.contains(&(*file as u32)))
            };
            let Meaning::Path(path) = resolve(base, url, Kind::Load, &tree.prefixes) else {
                continue;
            };
            if is_whole {
                let file = self.index.find(&path).map(|file| file as usize);
                match file.filter(is_meant) {
                    Some(file) => return Some(To::File(file)),
                    None => continue,
                }
            }
            let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
            let has_name = |file: &usize| {
                let rest = tree.assets[*file].path.as_str().strip_prefix(path.as_str());
                rest.is_some_and(|rest| !rest.contains('/') && may_end(rest, end))
            };
            let files: Vec<usize> = self
                .index
                .files_in(folder)
                .filter(|file| has_name(file) && is_meant(file))
                .collect();
            if let Some(first) = files.first() {
                let extension = tree.assets[*first].path.extension();
                let end = match (end, extension) {
                    ("", Some(extension)) => format!(".{extension}"),
                    (end, _) => end.to_string(),
                };
                let pattern = format!("{}*{}", globset::escape(&path), globset::escape(&end));
                return Some(To::Files {
                    pattern,
                    files,
                    is_by_extension,
                });
            }
        }
        None
    }

    /// Says whether a file gets another name, and isn't named together with the script and all that run it.
    fn is_renamed(&self, to: usize, script: usize, run_by: &[usize]) -> bool {
        let tree = self.index.tree;
        let mut by = run_by.iter().chain([&script]);
        tree.assets[to].policy.names.is_keyed() && !by.all(|file| tree.are_together(*file, to))
    }

    /// Returns the first of these folders that has a file which gets another name, and which the script may know.
    fn renamed_folder(&self, folders: &[(String, &[usize])], script: usize) -> Option<To> {
        let tree = self.index.tree;
        let may_know = |file: &usize| {
            let other = &tree.assets[*file];
            !is_asked_for_by_nobody(other) && may_name(tree, self.asset, leveled(other))
        };
        let is_renamed = |(folder, run_by): &&(String, &[usize])| {
            let mut files = self.index.files_in(folder).filter(may_know);
            !folder.is_empty() && files.any(|file| self.is_renamed(file, script, run_by))
        };
        let (folder, _) = folders.iter().find(is_renamed)?;
        Some(To::Folder(folder.clone()))
    }
}

/// Says whether a rule wants that nobody guesses this file's name: then no script asks for it by a name that it puts together.
fn is_asked_for_by_nobody(file: &Asset) -> bool {
    let names = file.policy.names;
    file.policy.is_name_asked && matches!(names, NameStyle::Opaque | NameStyle::Readable)
}

/// Says whether a name goes on so behind its beginning: with `end`, or with a number and any extension, if that's empty.
fn may_end(rest: &str, end: &str) -> bool {
    match end {
        "" => rest.split_once('.').is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }),
        end => rest.len() > end.len() && rest.ends_with(end),
    }
}
