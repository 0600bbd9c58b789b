//! Keeps paths and names of hidden files out of logs: each is shown as `solution file 3 of 12`.
//! Code that finds files notes them here. All output goes through [`without_hidden`], the one place
//! where names are replaced.
//!
//! Nothing is noted before [`hide`] says which levels are hidden. In a library, this never happens.

mod finder;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use self::finder::Finder;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;
use crate::levels::{Levels, OPEN};

static NOTED: Mutex<Option<Noted>> = Mutex::new(None);

/// True once a hidden name was replaced in anything that was printed.
static REPLACED: AtomicBool = AtomicBool::new(false);

/// Hides the files of these levels from now on, as each says; those that don't say, if
/// `by_default`.
pub fn hide(levels: &Levels, by_default: bool) {
    let by_name = levels.hidden_paths(by_default);
    let is_any = by_default || by_name.values().any(|is_hidden| *is_hidden);
    let mut noted = NOTED.lock().expect("no holder panics");
    if is_any && noted.is_none() {
        *noted = Some(Noted {
            by_name,
            levels: levels.clone(),
            ..Noted::default()
        });
    }
}

/// Removes the content of hidden files from problems. Lines of ignore files are removed, too, since
/// they may be paths of such files.
pub(crate) fn veil(problems: &mut [Problem]) {
    with_noted(|noted| {
        let is_veiled = |problem: &&mut Problem| {
            problem.kind == ProblemKind::IgnoreFile || noted.has(&problem.path)
        };
        problems
            .iter_mut()
            .filter(is_veiled)
            .for_each(Problem::veil);
    });
}

/// Says whether the file of this path is hidden.
pub(crate) fn is_hidden(path: &str) -> bool {
    with_noted(|noted| noted.has(path))
}

/// Says whether anything is to be hidden.
pub(crate) fn is_on() -> bool {
    NOTED.lock().expect("no holder panics").is_some()
}

/// Notes files of a tree, each with its level, its path, and what else it's called.
pub(crate) fn note_assets<'a, const N: usize>(
    files: impl Iterator<Item = (&'a str, &'a str, [&'a str; N])>,
) {
    with_noted(|noted| {
        for (level, path, names) in files {
            noted.note(level, path, Kind::Of, names);
        }
    });
}

/// Notes paths of a tree that aren't published, each with its level.
pub(crate) fn note_unpublished<'a>(paths: impl Iterator<Item = (&'a str, &'a str)>) {
    with_noted(|noted| {
        for (level, path) in paths {
            noted.note(level, path, Kind::Unpublished, []);
        }
    });
}

/// Notes the same files of a release, which may have been published with other levels; a name may
/// be missing.
pub(crate) fn note_former<'a>(files: impl Iterator<Item = (&'a str, &'a str, Option<&'a str>)>) {
    with_noted(|noted| {
        for (level, path, key) in files {
            match key {
                Some(key) => noted.note(level, path, Kind::Former, [key]),
                None => noted.note(level, path, Kind::Former, []),
            }
        }
    });
}

/// Notes unknown names in a target: they may have been those of hidden files.
pub fn note_unknown<'a>(keys: impl Iterator<Item = &'a str>) {
    with_noted(|noted| {
        for key in keys
            .filter(|key| !noted.shown.contains(*key))
            .collect::<Vec<_>>()
        {
            noted.note(UNKNOWN, key, Kind::Of, []);
        }
    });
}

/// Returns a text with `solution file 3 of 12` for every path and name of a hidden file.
pub fn without_hidden(text: &str) -> Cow<'_, str> {
    let finder = with_noted(Noted::finder);
    let shown = match finder {
        Some(finder) => finder.replace(text),
        None => Cow::Borrowed(text),
    };
    if matches!(shown, Cow::Owned(_)) {
        REPLACED.store(true, Ordering::Relaxed);
    }
    shown
}

/// Says whether anything that was printed had a hidden name in it: commands that are advised have
/// it to be filled in.
pub fn is_any_replaced() -> bool {
    REPLACED.load(Ordering::Relaxed)
}

fn with_noted<T: Default>(work: impl FnOnce(&mut Noted) -> T) -> T {
    let mut noted = NOTED.lock().expect("no holder panics");
    noted.as_mut().map_or_else(T::default, work)
}

/// Placeholder for a level if none is known.
const UNKNOWN: &str = "unneeded";

/// Role of a file in the tree; the most certain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// It's one of its assets.
    Of,
    /// It isn't published.
    Unpublished,
    /// A release has it.
    Former,
}

#[derive(Debug, Default)]
struct Noted {
    by_name: BTreeMap<String, bool>,
    levels: Levels,
    /// By path.
    hidden: BTreeMap<String, File>,
    /// Other spellings of these paths.
    spelt: HashSet<String>,
    /// Paths that anybody may read.
    shown: HashSet<String>,
    finder: Option<Arc<Finder>>,
}

#[derive(Debug)]
struct File {
    level: String,
    kind: Kind,
    /// Its names besides its path.
    names: BTreeSet<String>,
}

impl File {
    fn new(level: &str, kind: Kind) -> File {
        File {
            level: level.to_string(),
            kind,
            names: BTreeSet::new(),
        }
    }
}

impl Noted {
    fn note<const N: usize>(&mut self, level: &str, path: &str, kind: Kind, names: [&str; N]) {
        // A name that an old release calls hidden may be open today, and the other way round.
        let level = match kind {
            Kind::Former if self.shown.contains(path) => return,
            Kind::Former if level == OPEN => {
                self.levels.name(self.levels.of_text(path)).to_string()
            }
            _ => level.to_string(),
        };
        if !self.hides(&level) {
            return self.show(path);
        }
        let file = self.hidden.entry(path.to_string()).or_insert_with(|| {
            self.finder = None;
            File::new(&level, kind)
        });
        if kind < file.kind {
            (file.kind, file.level) = (kind, level);
        }
        self.spelt.insert(escape(path));
        for name in names {
            if name != path && file.names.insert(name.to_string()) {
                self.spelt.insert(name.to_string());
                self.finder = None;
            }
        }
    }

    /// Notes a file that anybody may know of.
    fn show(&mut self, path: &str) {
        self.finder = None;
        self.shown.insert(path.to_string());
        self.hidden.remove(path);
    }

    /// Says whether a hidden file is called so.
    fn has(&self, name: &str) -> bool {
        self.hidden.contains_key(name) || (self.spelt.contains(name) && !self.shown.contains(name))
    }

    fn hides(&self, level: &str) -> bool {
        match self.by_name.get(level) {
            Some(is_hidden) => *is_hidden,
            // A level of a release that has another name now, or none.
            None => level != OPEN,
        }
    }

    fn finder(&mut self) -> Option<Arc<Finder>> {
        if self.hidden.is_empty() {
            return None;
        }
        let finder = self
            .finder
            .take()
            .unwrap_or_else(|| Arc::new(Finder::of(self)));
        self.finder = Some(Arc::clone(&finder));
        Some(finder)
    }

    /// Returns what each hidden file is shown as.
    fn labels(&self) -> Vec<(&str, &File, String)> {
        let is_tree_known = self.hidden.values().any(|file| file.kind == Kind::Of);
        let mut counts: HashMap<(&str, Kind), usize> = HashMap::new();
        for file in self.hidden.values() {
            *counts.entry((&file.level, file.kind)).or_default() += 1;
        }
        let mut places: HashMap<(&str, Kind), usize> = HashMap::new();
        let labels = self.hidden.iter().map(|(path, file)| {
            let group = (file.level.as_str(), file.kind);
            let place = places.entry(group).or_default();
            *place += 1;
            let what = match (file.kind, is_tree_known) {
                (Kind::Unpublished, _) => "unpublished ",
                (Kind::Former, true) => "former ",
                (Kind::Of, _) | (Kind::Former, false) => "",
            };
            let noun = if file.level == UNKNOWN {
                "object"
            } else {
                "file"
            };
            let label = format!("{what}{} {noun} {place} of {}", file.level, counts[&group]);
            (path.as_str(), file, label)
        });
        labels.collect()
    }
}

#[cfg(test)]
mod tests;
