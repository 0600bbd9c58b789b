//! Finds the files that a path may mean in a file without a parser. Paths are resolved from the
//! pages that run the file, from beside it, from a folder that it knows, and from the top.
//! `mentions.rs` reports them.

use std::collections::{BTreeMap, HashSet};

use super::File;
use super::pages::PageBase;
use crate::base::name::NameStyle;
use crate::naming::limits::{leveled, may_name, told_upwards};
use crate::naming::mentions::{self, Mentioned, To};
use crate::refs::resolve::{BaseUrl, Meaning, resolve};
use crate::refs::{Base, Kind, Mention, Place, Reference};
use crate::tree::Asset;

/// A file with such paths, and what decides what they mean.
struct Script<'s> {
    script: usize,
    run_by: &'s [usize],
    pages: &'s [PageBase<'s>],
    /// The file's own folder.
    own: BaseUrl,
    top: BaseUrl,
    /// The keyed folder that it's in, if it knows the address of that.
    unit: Option<BaseUrl>,
    of_placeholders: &'s HashSet<(u32, &'s str)>,
    /// The files that some file refers to.
    referred: &'s HashSet<u32>,
}

impl Script<'_> {
    fn pages_for(&self, mention: &Mention) -> &[PageBase<'_>] {
        match mention.base {
            Base::Document => &[],
            Base::Page => self.pages,
        }
    }

    /// Returns the bases by which a path may be resolved, with the pages that use each.
    fn bases(&self, mention: &Mention) -> Vec<(&BaseUrl, &[usize])> {
        // Others than scripts say nothing of where they are looked at.
        let may_be_from_top = mention.base == Base::Page
            && !matches!(
                mention.place,
                Place::Script | Place::Beginning | Place::Unread
            );
        // Files beside the script, or in a folder that it knows, are the same for all pages that
        // run it.
        let beside = std::iter::once(&self.own).chain(&self.unit);
        self.pages_for(mention)
            .iter()
            .map(|page| (&page.base, self.run_by))
            .chain(beside.map(|base| (base, &[][..])))
            .chain(may_be_from_top.then_some((&self.top, self.run_by)))
            .collect()
    }
}

/// A name that a script puts together, with one unknown part.
struct Name<'n> {
    start: &'n str,
    end: &'n str,
    /// True if nothing of it is unknown.
    is_whole: bool,
}

impl Name<'_> {
    fn of(name: &str) -> Name<'_> {
        let (start, end) = name.split_once('*').unwrap_or((name, ""));
        Name {
            start,
            end,
            is_whole: !name.contains('*'),
        }
    }

    fn is_by_extension(&self) -> bool {
        self.start.is_empty()
    }
}

impl File<'_, '_> {
    /// Notes paths that a reference hands to a page, which looks for them from where it is, or from
    /// the top.
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
        let bases =
            [page.path.folder(), ""].map(|folder| BaseUrl::new(folder, None, &tree.prefixes));
        for text in handed {
            let meant = bases.iter().find_map(|base| self.handed(&text, base, to));
            if let Some(file) = meant {
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

    /// Returns the file that a page means by a path that it's handed, if that gets another name.
    fn handed(&self, text: &str, base: &BaseUrl, page: usize) -> Option<u32> {
        let file = self.index.find(&self.path_from(base, text)?)?;
        let is_meant = may_name(
            self.index.tree,
            self.asset,
            leveled(&self.index.tree.assets[file as usize]),
        ) && self.is_renamed(file as usize, page, &[]);
        is_meant.then_some(file)
    }

    fn path_from(&self, base: &BaseUrl, text: &str) -> Option<String> {
        match resolve(base, text, Kind::Load, &self.index.tree.prefixes) {
            Meaning::Path(path) => Some(path),
            Meaning::Elsewhere | Meaning::Nothing(_) => None,
        }
    }

    /// Paths of files that get other names, where nothing rewrites them. `referred` are those that
    /// some file refers to.
    pub(super) fn mentions(
        &mut self,
        script: usize,
        run_by: &[usize],
        pages: &[PageBase<'_>],
        of_placeholders: &HashSet<(u32, &str)>,
        referred: &HashSet<u32>,
    ) {
        let tree = self.index.tree;
        let from = |folder: &str| BaseUrl::new(folder, None, &tree.prefixes);
        let knows_folder = self.linked.files[script].has_own_folder();
        let unit = tree.unit_of(script).filter(|_| knows_folder);
        let script = Script {
            script,
            run_by,
            pages,
            own: from(self.asset.path.folder()),
            top: from(""),
            unit: unit.map(|unit| match unit.folder.as_str() {
                "" => from(""),
                folder => from(&format!("{folder}/")),
            }),
            of_placeholders,
            referred,
        };
        let mentions = self.draft.found.mentions.iter();
        for (mention, place) in mentions.zip(&self.draft.places.mentions) {
            let mentioned = self.mentioned(mention, *place, &script);
            self.linked.mentioned.extend(mentioned);
        }
    }

    fn mentioned(
        &mut self,
        mention: &Mention,
        at: (u32, u32),
        script: &Script<'_>,
    ) -> Option<Mentioned> {
        let bases = script.bases(mention);
        let all: Vec<(String, &[usize])> = bases
            .iter()
            .filter_map(|(base, run_by)| Some((self.path_from(base, &mention.text)?, *run_by)))
            .collect();
        let files = match mention.place {
            Place::Beginning | Place::Name => BTreeMap::new(),
            _ => self.files_at(&all),
        };
        if self.names_hidden(files.keys(), at, &mention.place) {
            return None;
        }
        let to = match mention.place {
            Place::Beginning => self.renamed_folder(&all, script.script),
            Place::Name => self.renamed_names(&mention.text, &bases, script),
            _ => self.renamed_file(mention, at, files, script),
        };
        let to = to.or_else(|| self.skipped(mention, &all))?;
        Some(Mentioned {
            file: script.script,
            reader: script.script,
            at,
            text: mention.text.clone(),
            place: mention.place.clone(),
            run_by: script.run_by.to_vec(),
            is_beside: self.is_beside(mention, &to, script),
            to,
        })
    }

    /// Returns the files of these paths. Of two readings, that from a page comes first.
    fn files_at<'s>(&self, paths: &[(String, &'s [usize])]) -> BTreeMap<u32, &'s [usize]> {
        let mut files: BTreeMap<u32, &[usize]> = BTreeMap::new();
        for (path, run_by) in paths {
            if let Some(file) = self.index.find(path) {
                files.entry(file).or_insert(run_by);
            }
        }
        files
    }

    /// Returns the first of these files that gets another name, or one that a library may mean.
    fn renamed_file<'s>(
        &self,
        mention: &Mention,
        at: (u32, u32),
        mut files: BTreeMap<u32, &'s [usize]>,
        script: &'s Script<'_>,
    ) -> Option<To> {
        if files.is_empty() && matches!(mention.place, Place::Script | Place::Unread) {
            let below = self.below(&mention.text, at);
            files.extend(below.map(|file| (file, script.run_by)));
        }
        // A script may ask a placeholder's object for it.
        let name = mention.text.trim_start_matches("./");
        let is_of_placeholder = |file: u32| script.of_placeholders.contains(&(file, name));
        let files = files.into_iter();
        let mut files = files.filter(|(file, _)| !is_of_placeholder(*file));
        let is_renamed =
            |to: u32, run_by: &[usize]| self.is_renamed(to as usize, script.script, run_by);
        let (to, _) = files.find(|(to, run_by)| is_renamed(*to, run_by))?;
        Some(To::File(to as usize))
    }

    /// Returns the first of these paths that is skipped for its extension. For a name alone, the
    /// folder is unknown.
    fn skipped(&self, mention: &Mention, paths: &[(String, &[usize])]) -> Option<To> {
        let mut paths = paths.iter().filter(|_| mention.place != Place::Name);
        let (skipped, _) = paths.find(|(path, _)| self.index.is_skipped(path))?;
        Some(To::Skipped(skipped.clone()))
    }

    /// Says whether a path means that only from the file's own folder.
    fn is_beside(&self, mention: &Mention, to: &To, script: &Script<'_>) -> bool {
        let leads_there = |base: &BaseUrl| {
            let path = self.path_from(base, &mention.text);
            path.is_some_and(|path| match to {
                To::File(file) => self.index.find(&path) == Some(*file as u32),
                To::Folder(folder) | To::Skipped(folder) => path == *folder,
                To::Files { .. } => false,
            })
        };
        match mention.place {
            Place::Name => false,
            Place::Pointer(_) => leads_there(&script.own),
            _ => {
                let mut pages = script.pages_for(mention).iter();
                !pages.any(|page| leads_there(&page.base))
            }
        }
    }

    /// Returns the file that a library may mean, which looks for files in folders beside it. One
    /// that it may not know isn't meant: many files are called `index.html`.
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

    /// Reports a script that names a file which it must not know. Other files may mean something
    /// else.
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

    /// Returns the files in one of these folders whose name is `name`, with `*` for what isn't
    /// known of it, if any gets another name. A script that may not know one means another one.
    fn renamed_names(
        &self,
        name: &str,
        folders: &[(&BaseUrl, &[usize])],
        script: &Script<'_>,
    ) -> Option<To> {
        let name = Name::of(name);
        // By its extension alone, what nothing else refers to is meant, if there's a page that the
        // script runs in.
        let content_type = &self.asset.policy.headers.content_type;
        let is_in_page = !script.run_by.is_empty() || content_type.starts_with("text/html");
        if name.is_by_extension() && !is_in_page {
            return None;
        }
        let url = if name.is_by_extension() {
            "./"
        } else {
            name.start
        };
        folders.iter().find_map(|(base, run_by)| {
            let is_meant = |file: &usize| self.is_meant(&name, *file, script, run_by);
            let path = self.path_from(base, url)?;
            if name.is_whole {
                let file = self.index.find(&path).map(|file| file as usize);
                file.filter(is_meant).map(To::File)
            } else {
                self.files_called(&name, &path, is_meant)
            }
        })
    }

    /// Says whether a script may mean a file by this name, which gets another one.
    fn is_meant(
        &self,
        name: &Name<'_>,
        file: usize,
        script: &Script<'_>,
        run_by: &[usize],
    ) -> bool {
        let tree = self.index.tree;
        let other = &tree.assets[file];
        may_name(tree, self.asset, leveled(other))
            && (name.is_whole || !is_asked_for_by_nobody(other))
            && self.is_renamed(file, script.script, run_by)
            && !(name.is_by_extension() && script.referred.contains(&(file as u32)))
    }

    /// Returns the files whose paths begin with `path` and end like the name, if there are any.
    fn files_called(
        &self,
        name: &Name<'_>,
        path: &str,
        is_meant: impl Fn(&usize) -> bool,
    ) -> Option<To> {
        let tree = self.index.tree;
        let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        let has_name = |file: &usize| {
            let rest = tree.assets[*file].path.as_str().strip_prefix(path);
            rest.is_some_and(|rest| !rest.contains('/') && may_end(rest, name.end))
        };
        let files = self.index.files_in(folder);
        let files: Vec<usize> = files
            .filter(|file| has_name(file) && is_meant(file))
            .collect();
        let extension = tree.assets[*files.first()?].path.extension();
        let end = match (name.end, extension) {
            ("", Some(extension)) => format!(".{extension}"),
            (end, _) => end.to_string(),
        };
        Some(To::Files {
            pattern: format!("{}*{}", globset::escape(path), globset::escape(&end)),
            files,
            is_by_extension: name.is_by_extension(),
        })
    }

    /// Says whether a file gets another name, and isn't named together with the script and all that
    /// run it.
    fn is_renamed(&self, to: usize, script: usize, run_by: &[usize]) -> bool {
        let tree = self.index.tree;
        let mut by = run_by.iter().chain([&script]);
        tree.assets[to].policy.names.is_keyed() && !by.all(|file| tree.are_together(*file, to))
    }

    /// Returns the first of these folders that has a file which gets another name, and which the
    /// script may know.
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

/// Checks whether a rule keeps this file's name unguessable: then no script requests it by a name
/// that it assembles.
fn is_asked_for_by_nobody(file: &Asset) -> bool {
    let names = file.policy.names;
    file.policy.is_name_asked && matches!(names, NameStyle::Opaque | NameStyle::Readable)
}

/// Says whether a name goes on so behind its beginning: with `end`, or with a number and any
/// extension, if that's empty.
fn may_end(rest: &str, end: &str) -> bool {
    match end {
        "" => rest.split_once('.').is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }),
        end => rest.len() > end.len() && rest.ends_with(end),
    }
}
