//! Searches everything that is to be published for names that must stay unknown: tokens, and paths
//! as written in that place. Finds names that no parser takes for references: in strings, comments
//! and data.

mod base64;
mod built;
mod encodings;
mod file;
mod layers;
mod markup;
mod meaning;
mod needles;
mod parts;
mod reading;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::OnceLock;

use rayon::prelude::*;
use regex::bytes::Regex;

use self::file::{Outcome, Spot};
use self::meaning::How;
use self::needles::Needles;
use super::copies::{self, Same};
use super::inside::Originals;
use super::limits::{may_name, told_upwards};
use super::read::Draft;
use super::{Former, Object};
use crate::base::path::LogicalPath;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::progress::Progress;
use crate::base::text::{Lines, same_length_utf8};
use crate::base::text::{escape, plain};
use crate::levels::LevelId;
use crate::tree::Tree;

/// Names that were found: mistakes, and what may be one.
#[derive(Debug, Default)]
pub(super) struct Spoilers {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// Returns all names in files that may not have them, but for those of `known`, which are told of
/// already. Sorted pairs.
pub(super) fn find(
    tree: &Tree,
    objects: &[Object],
    drafts: &[Draft],
    known: &[(u32, u32)],
    progress: &Progress,
) -> Spoilers {
    let Some(needles) = Needles::new(objects) else {
        return Spoilers::default();
    };
    let search = Search {
        drafts,
        known,
        originals: Originals::new(tree, objects, drafts, progress),
        ..Search::new(tree, objects, needles)
    };
    search.all(|_| true, progress)
}

/// Returns the former addresses of hidden files in those objects that `is_searched` says.
pub(super) fn find_former(
    tree: &Tree,
    objects: &[Object],
    former: &[Former],
    is_searched: impl Fn(&Object) -> bool + Sync,
    progress: &Progress,
) -> Vec<Problem> {
    let Some(needles) = Needles::of_former(former, objects.len()) else {
        return Vec::new();
    };
    let search = Search {
        former,
        ..Search::new(tree, objects, needles)
    };
    let is_searched = |file: usize| is_searched(&objects[file]);
    search.all(is_searched, progress).problems
}

/// A literal, or an attribute's value: it may be the base of paths that stand elsewhere.
const LITERALS: &str = r#"(?-u)["'`=(]([^"'`()<>\s{}$\\]{1,200})["'`)\s>]"#;

struct Search<'a> {
    tree: &'a Tree,
    objects: &'a [Object],
    /// In the same order.
    drafts: &'a [Draft],
    former: &'a [Former],
    known: &'a [(u32, u32)],
    needles: Needles,
    /// None if copies of hidden files say nothing.
    originals: Option<Originals>,
    literals: Regex,
    /// Once they are asked for.
    ends: OnceLock<HashMap<String, Option<usize>>>,
}

impl<'a> Search<'a> {
    fn new(tree: &'a Tree, objects: &'a [Object], needles: Needles) -> Search<'a> {
        Search {
            tree,
            objects,
            drafts: &[],
            former: &[],
            known: &[],
            needles,
            originals: None,
            ends: OnceLock::new(),
            literals: Regex::new(LITERALS).expect("a regular expression"),
        }
    }

    fn all(&self, is_searched: impl Fn(usize) -> bool + Sync, progress: &Progress) -> Spoilers {
        let found: Vec<Spoilers> = (0..self.objects.len())
            .into_par_iter()
            .filter(|file| !progress.is_stopped() && is_searched(*file) && self.has_limits(*file))
            .map(|file| self.told(file))
            .collect();
        let mut all = Spoilers::default();
        for file in found {
            all.problems.extend(file.problems);
            all.warnings.extend(file.warnings);
        }
        all
    }

    /// Returns whether there's anything the file may not know.
    fn has_limits(&self, file: usize) -> bool {
        let own = self.objects[file].policy.level;
        let levels = &self.tree.levels;
        self.needles
            .levels
            .iter()
            .any(|level| !levels.may_know(own, *level))
    }

    /// Returns path and level of what a hit is about: objects come first, then what was published
    /// once.
    fn other(&self, other: usize) -> (&LogicalPath, LevelId) {
        match other.checked_sub(self.objects.len()) {
            Some(former) => (&self.former[former].path, self.former[former].level),
            None => (&self.objects[other].path, self.objects[other].policy.level),
        }
    }

    fn told(&self, file: usize) -> Spoilers {
        let told = file::look(self, file).and_then(|outcome| self.in_words(file, outcome));
        told.unwrap_or_else(|error| {
            let message = format!("can't be read: {}", plain(&error));
            Spoilers {
                problems: vec![Problem::new(&self.objects[file].path, message)],
                warnings: Vec::new(),
            }
        })
    }

    fn in_words(&self, file: usize, outcome: Outcome) -> io::Result<Spoilers> {
        let mut spoilers = Spoilers::default();
        spoilers.warnings.extend(self.closed(file, &outcome));
        let (hits, copies) = (surest_hits(outcome.hits), outcome.copies);
        let mut content = Vec::new();
        let spots = hits.iter().map(|(spot, ..)| spot);
        let mut spots = spots.chain(copies.values().map(|(_, spot)| spot));
        if spots.any(|spot| matches!(spot, Spot::At(_))) {
            file::in_utf8(&self.objects[file])?.read_to_end(&mut content)?;
        }
        let text = same_length_utf8(&content);
        let mut lines = Lines::new(&text);
        for (other, (same, spot)) in copies {
            let (asset, to) = (&self.tree.assets[file], &self.tree.assets[other]);
            let place = spot.place(&mut lines, text.len());
            let told = copies::told(self.tree, asset, place, &has(same, &spot), to);
            spoilers.problems.push(told);
        }
        for (spot, other, how) in hits {
            let (asset, verb) = (&self.tree.assets[file], self.verb(&spot, other, how));
            let place = spot.place(&mut lines, text.len());
            let told = told_upwards(self.tree, asset, place, &verb, self.other(other));
            if how < How::Endless {
                spoilers.problems.push(told)
            } else {
                spoilers.warnings.push(doubtful(told, how))
            }
        }
        Ok(spoilers)
    }

    fn verb(&self, spot: &Spot, other: usize, how: How) -> String {
        let (verb, of) = match how {
            How::Named if other >= self.objects.len() => ("names", " a former address of"),
            How::Named => ("names", ""),
            How::AsFolder | How::AsFolderOfFiles => ("names", " the folder of"),
            How::AsPicture => ("names", " another form of"),
            How::Endless => ("names", ", without its extension,"),
            How::AsTwin => ("names", ", by another address,"),
            How::Built => ("may build the address of", ""),
            How::Bare => ("may name", ""),
        };
        match spot {
            Spot::At(_) | Spot::Place(..) => format!("{verb}{of}"),
            Spot::Packed(path) if path.is_empty() => {
                format!("{verb}, in its packed content,{of}")
            }
            Spot::Packed(path) => format!("{verb}, in `{}` inside it,{of}", escape(path)),
        }
    }

    /// Returns a warning of what can't be looked into, unless the file may name everything.
    fn closed(&self, file: usize, outcome: &Outcome) -> Option<Problem> {
        let (why, (path, _)) = outcome.closed.first_key_value()?;
        let all: usize = outcome.closed.values().map(|(_, n)| n).sum();
        let is_hidden = |other: &usize| self.other(*other).1 != LevelId::OPEN;
        let mut hidden = (0..self.objects.len() + self.former.len()).filter(is_hidden);
        if hidden.all(|other| self.may_be_there(file, other)) {
            return None;
        }
        let what = match path.as_str() {
            "" => "a part of it".to_string(),
            path => format!("`{}` inside it", escape(path)),
        };
        let more = match all {
            1 => String::new(),
            _ => format!(", and more ({all} in total)"),
        };
        let message = format!(
            "can't be searched for names of hidden files: {what} {why}{more}. Check it yourself, then end this warning with `may_name = [\"**\"]` in a rule for it"
        );
        let cause = "can't be searched for names of hidden files (`-v` says why). Check them yourself, then end this warning with `may_name = [\"**\"]` in a rule for them";
        let problem = Problem::new(&self.objects[file].path, message);
        Some(problem.kind(ProblemKind::Unread).cause(cause))
    }

    fn may_be_there(&self, file: usize, other: usize) -> bool {
        may_name(self.tree, &self.tree.assets[file], self.other(other))
            || self
                .known
                .binary_search(&(file as u32, other as u32))
                .is_ok()
    }

    /// Returns the hidden object that `tail` means from the file's folder, or one above. The
    /// nearest file is meant.
    fn seen_from(&self, file: usize, tail: &str) -> Option<usize> {
        for folder in folders_up(self.objects[file].path.folder()) {
            let path = format!("{folder}{tail}");
            let hidden = self.needles.at(&path);
            if hidden.is_some() || self.is_file(&path) {
                return hidden;
            }
        }
        None
    }

    /// Returns the hidden object that `name` means in the file's own folder.
    fn beside(&self, file: usize, name: &str) -> Option<usize> {
        let folder = self.objects[file].path.folder();
        self.needles.at(&format!("{folder}{name}"))
    }

    /// Returns the hidden object that a path in an archive is the end of, if it's the only file of
    /// the tree with that end. Two folders say surely that it's meant.
    fn by_end(&self, path: &str) -> Option<(usize, How)> {
        let ends = self.ends.get_or_init(|| self.needles.ends(self.objects));
        let ends_of = |path: &str| {
            let starts: Vec<usize> = path
                .match_indices('/')
                .map(|(slash, _)| slash + 1)
                .collect();
            std::iter::once(0).chain(starts).collect::<Vec<usize>>()
        };
        let mut found = ends_of(path).into_iter().filter_map(|start| {
            let end = &path[start..];
            let how = match end.matches('/').count() {
                0 => return None,
                1 => How::Bare,
                _ => How::Named,
            };
            Some((ends.get(end).copied()??, how))
        });
        found.next()
    }

    /// Returns whether `tail` means any file of the tree from there.
    fn is_file_seen_from(&self, file: usize, tail: &str) -> bool {
        let mut folders = folders_up(self.objects[file].path.folder());
        folders.any(|folder| self.is_file(&format!("{folder}{tail}")))
    }

    fn is_folder(&self, folder: &str) -> bool {
        let by_path = |object: &Object| object.path.as_str() < folder;
        let first = self.objects.partition_point(by_path);
        let first = self.objects.get(first);
        first.is_some_and(|object| object.path.as_str().starts_with(folder))
    }

    fn is_file(&self, path: &str) -> bool {
        let by_path = |object: &Object| object.path.as_str().cmp(path);
        self.objects.binary_search_by(by_path).is_ok()
    }

    /// Returns the folders above hidden files that are named by a literal.
    fn bases(&self, text: &[u8]) -> BTreeSet<String> {
        let mut bases = BTreeSet::new();
        for literal in self.literals.captures_iter(text) {
            let Ok(literal) = std::str::from_utf8(&literal[1]) else {
                continue;
            };
            let folder = format!("{}/", literal.trim_end_matches('/'));
            let starts = folder.match_indices('/').map(|(slash, _)| slash + 1);
            let starts = std::iter::once(0).chain(starts);
            let known = starts.map(|start| &folder[start..]);
            bases.extend(
                known
                    .filter(|base| self.needles.is_folder(base))
                    .map(str::to_string),
            );
        }
        bases
    }
}

/// Says in words that a file has a copy of another inside it.
fn has(same: Same, spot: &Spot) -> String {
    let (verb, what) = match same {
        Same::Bytes => ("has", "the same bytes as"),
        Same::Text => ("has", "the same text as"),
        Same::Picture => ("shows", "the same picture as"),
    };
    match spot {
        Spot::Packed(path) if !path.is_empty() => {
            format!("{verb}, in `{}` inside it, {what}", escape(path))
        }
        _ => format!("{verb}, inside it, {what}"),
    }
}

/// Returns hits in the order of their places. `solution/gears` is a page without its ending, and a
/// folder: one word is enough.
fn surest_hits(hits: BTreeMap<usize, (How, Spot)>) -> Vec<(Spot, usize, How)> {
    let hits = hits.into_iter();
    let mut hits: Vec<(Spot, usize, How)> = hits
        .map(|(other, (how, spot))| (spot, other, how))
        .collect();
    hits.sort();
    let surest = surest(&hits);
    hits.retain(|(spot, _, how)| *how < How::Endless || surest[spot] == *how);
    hits
}

/// Returns how what is meant in each place is surely meant.
fn surest(hits: &[(Spot, usize, How)]) -> BTreeMap<Spot, How> {
    let mut surest = BTreeMap::new();
    for (spot, _, how) in hits {
        let known = surest.entry(spot.clone()).or_insert(*how);
        *known = (*known).min(*how);
    }
    surest
}

/// Returns a folder and all above it, each with a slash at its end, down to the empty one.
fn folders_up(folder: &str) -> impl Iterator<Item = &str> {
    let above = folder.trim_end_matches('/').rmatch_indices('/');
    let above = above.map(|(slash, _)| &folder[..=slash]);
    let own = (!folder.is_empty()).then_some(folder);
    own.into_iter().chain(above).chain([""])
}

/// Returns a warning that is told together with its like.
fn doubtful(problem: Problem, how: How) -> Problem {
    let cause = match how {
        How::Bare => {
            "have the name of a hidden file without its folder (`-v` shows which): remove the name, or allow it by a rule with `may_name`"
        }
        How::Built => {
            "may build the address of a hidden file (`-v` shows which): change the script, or allow it by a rule with `may_name`"
        }
        How::AsTwin => {
            "name a hidden page by another address, such as `a.html` for `a/index.html` (`-v` shows which): remove the address, or allow it by a rule with `may_name`"
        }
        How::Endless => {
            "name a hidden file without its extension (`-v` shows which): remove the name, or allow it by a rule with `may_name`"
        }
        _ => {
            "name a folder that has only hidden files (`-v` shows which): remove the folder's name, or allow it by a rule with `may_name`"
        }
    };
    problem.kind(ProblemKind::Doubtful).cause(cause)
}
