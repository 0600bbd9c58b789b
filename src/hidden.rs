//! Paths and names of hidden files, which nobody is to read in a log: each is shown as `solution file 3 of 12`. Whoever finds
//! files notes them here, and whatever is printed goes through [`without_hidden`], the one place where they are replaced.
//!
//! Nothing is noted before [`hide`] says which levels are hidden: in a library, it never is.

mod finder;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use self::finder::Finder;
use crate::build::Object;
use crate::error::escape;
use crate::levels::{Levels, OPEN};
use crate::problem::{Problem, ProblemKind};
use crate::release::manifest::Manifest;
use crate::release::root::Root;
use crate::tree::{Tree, spelt_out};

static NOTED: Mutex<Option<Noted>> = Mutex::new(None);

/// Whether anything that was printed had a hidden name in it.
static REPLACED: AtomicBool = AtomicBool::new(false);

/// Hides the files of these levels from now on, as each says; those that don't say, if `by_default`.
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

/// Notes the files of a tree, and what else is said of it.
pub(crate) fn note_tree(tree: &Tree) {
    with_noted(|noted| {
        for asset in &tree.assets {
            let level = tree.levels.name(asset.policy.level);
            let file = asset.file.to_string_lossy();
            noted.note(
                level,
                asset.path.as_str(),
                Kind::Of,
                [&*file, &spelt_out(&asset.path)],
            );
        }
        let others = tree.skipped.values().flatten();
        let others = others.chain(&tree.left_out).chain(&tree.left_behind);
        let others = others.chain(tree.droppings.iter().map(|dropped| &dropped.path));
        let others = others.map(|path| path.as_str());
        let said = tree.problems.iter().chain(&tree.warnings);
        let odd = said
            .filter(|problem| is_path(problem))
            .map(|problem| problem.path.as_str());
        let odd = odd.chain(tree.oddly_left_out.iter().map(String::as_str));
        for path in others.chain(odd) {
            let level = tree.levels.name(tree.levels.of_text(path));
            noted.note(level, path, Kind::Unpublished, []);
        }
    });
}

/// Says whether what a problem is about has a path, and isn't a pattern or a setting.
fn is_path(problem: &Problem) -> bool {
    match problem.kind {
        ProblemKind::UnusedPattern | ProblemKind::EmptyLevel => {
            !problem.path.contains(['*', '?', '[', '{', '\\'])
        }
        _ => true,
    }
}

/// Takes out of problems with hidden files what these files say. What ignore files say may be paths of theirs.
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

/// Notes what objects are called.
pub(crate) fn note_objects(levels: &Levels, objects: &[Object]) {
    with_noted(|noted| {
        for object in objects {
            let level = levels.name(object.policy.level);
            noted.note(level, object.path.as_str(), Kind::Of, [object.key.as_str()]);
        }
    });
}

/// Notes the files that a root remembers.
pub(crate) fn note_root(root: &Root) {
    with_noted(|noted| {
        for left in &root.left {
            noted.note(OPEN, &left.path, Kind::Former, [left.key.as_str()]);
        }
        for takedown in &root.takedowns {
            for path in takedown.blocked.union(&takedown.others) {
                noted.note(OPEN, path, Kind::Former, []);
            }
        }
    });
}

/// Notes the files of a release.
pub(crate) fn note_release(manifest: &Manifest) {
    with_noted(|noted| {
        for entry in &manifest.entries {
            let level = manifest.level_of(entry);
            noted.note(level, &entry.path, Kind::Former, [entry.key.as_str()]);
        }
    });
}

/// Notes names in a target that nobody knows: they may have been those of hidden files.
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

/// Says whether anything that was printed had a hidden name in it: commands that are advised have it to be filled in.
pub fn is_any_replaced() -> bool {
    REPLACED.load(Ordering::Relaxed)
}

fn with_noted<T: Default>(work: impl FnOnce(&mut Noted) -> T) -> T {
    let mut noted = NOTED.lock().expect("no holder panics");
    noted.as_mut().map_or_else(T::default, work)
}

/// What stands in for a level where none is known.
const UNKNOWN: &str = "unneeded";

/// What a file is to the tree; the surest first.
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
    /// What these are called where that isn't their path.
    spelt: HashSet<String>,
    /// Paths that anybody may read.
    shown: HashSet<String>,
    finder: Option<Arc<Finder>>,
}

#[derive(Debug)]
struct File {
    level: String,
    kind: Kind,
    /// What it's called besides its path.
    names: BTreeSet<String>,
}

impl Noted {
    fn note<const N: usize>(&mut self, level: &str, path: &str, kind: Kind, names: [&str; N]) {
        // What is called hidden by a release may be open today, and the other way round.
        let level = match kind {
            Kind::Former if self.shown.contains(path) => return,
            Kind::Former if level == OPEN => {
                self.levels.name(self.levels.of_text(path)).to_string()
            }
            _ => level.to_string(),
        };
        if !self.hides(&level) {
            self.finder = None;
            self.shown.insert(path.to_string());
            self.hidden.remove(path);
            return;
        }
        let file = self.hidden.entry(path.to_string()).or_insert_with(|| {
            self.finder = None;
            let names = BTreeSet::new();
            File {
                level: level.clone(),
                kind,
                names,
            }
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
mod tests {
    use super::*;
    use crate::levels::Level;
    use crate::problem::SHOWN_BY;

    fn noted(files: &[(&str, &str, &[&str])]) -> Noted {
        let levels = Levels::new(vec![Level::new("end", "**/end/**").expect("a glob")]);
        let mut noted = Noted {
            by_name: levels.hidden_paths(true),
            levels,
            ..Noted::default()
        };
        for (level, path, names) in files {
            noted.note(level, path, Kind::Of, []);
            for name in *names {
                noted.note(level, path, Kind::Of, [name]);
            }
        }
        noted
    }

    #[track_caller]
    fn shows(noted: &mut Noted, text: &str, shown: &str) {
        let finder = noted.finder().expect("something is hidden");
        assert_eq!(finder.replace(text), shown);
    }

    #[test]
    fn every_name_of_a_hidden_file_is_replaced_and_no_other() {
        let mut noted = noted(&[
            (
                "end",
                "fox/end/grapes.png",
                &["abcd234.png", "/srv/fox/end/grapes.png"],
            ),
            ("end", "fox/end/index.html", &[]),
            ("end", "fox/end/a \"b\" é.txt", &[]),
            ("open", "fox/index.html", &[]),
        ]);
        for (text, shown) in [
            (
                "upload \u{1b}[32mfox/end/grapes.png\u{1b}[0m (new)",
                "upload \u{1b}[32mend file 2 of 3\u{1b}[0m (new)",
            ),
            ("FOX/END/GRAPES.PNG:3:4", "end file 2 of 3:3:4"),
            (
                "https://cdn/x/abcd234.png?a",
                "https://cdn/x/end file 2 of 3?a",
            ),
            ("`/srv/fox/end/grapes.png.gz`", "`end file 2 of 3.gz`"),
            (
                "fox/end/: grapes.png, index.html",
                "end folder 1 of 1/: end file 2 of 3, index.html",
            ),
            ("in fox/end", "in end folder 1 of 1"),
            ("fox/end/new.png", "end folder 1 of 1/new.png"),
            ("\"fox/end/a \\\"b\\\" é.txt\"", "\"end file 1 of 3\""),
            ("/fox/end/a%20%22b%22%20%C3%A9.txt", "/end file 1 of 3"),
            (
                "fox/index.html, sour-grapes.png, grapes.pngs, 1 held (end)",
                "fox/index.html, sour-grapes.png, grapes.pngs, 1 held (end)",
            ),
        ] {
            shows(&mut noted, text, shown);
        }
    }

    #[test]
    fn a_name_at_the_top_is_replaced_where_it_is_meant() {
        let mut noted = noted(&[
            ("end", "index.html", &[]),
            ("end", "party", &[]),
            ("end", "end/cake.html", &[]),
            ("open", "fox/index.html", &[]),
        ]);
        for (text, shown) in [
            (
                "`index.html`, `fox/index.html`",
                "`end file 2 of 3`, `fox/index.html`",
            ),
            ("party, parties", "end file 3 of 3, parties"),
            (
                "the level end holds end/",
                "the level end holds end folder 1 of 1/",
            ),
        ] {
            shows(&mut noted, text, shown);
        }
    }

    #[test]
    fn files_that_differ_in_case_alone_have_a_number_each() {
        let mut noted = noted(&[("end", "end/Fox.png", &[]), ("end", "end/fox.png", &[])]);
        shows(
            &mut noted,
            "end/fox.png end/Fox.png END/FOX.PNG Fox.png fox.png",
            "end file 2 of 2 end file 1 of 2 end file 1 of 2 end file 1 of 2 end file 2 of 2",
        );
    }

    #[test]
    fn a_line_for_the_configuration_says_that_a_path_is_left_out_of_it() {
        let mut noted = noted(&[("end", "end/a[1].png", &[]), ("end", "end/b.png", &[])]);
        let told = |n| format!("(the path of end file {n} of 2: {SHOWN_BY})");
        for (text, shown) in [
            (
                r#"`match = "a.png"` and `may_name = ["end/a[[]1[]].png"]` says"#,
                format!(r#"`match = "a.png"` and `may_name = [{}]` says"#, told(1)),
            ),
            (
                r#""may_name = [\"end/b.png\"]""#,
                format!(r#""may_name = [{}]""#, told(2)),
            ),
            (
                r#"set `also = ["x/**", 'end/b.png', "y"]`"#,
                format!(r#"set `also = ["x/**", {}, "y"]`"#, told(2)),
            ),
            (
                "match = 'end/**'\n",
                format!("match = (the path of end folder 1 of 1: {SHOWN_BY})\n"),
            ),
            (
                r#"{"path": "end/b.png", "a": ["end/b.png"]}"#,
                r#"{"path": "end file 2 of 2", "a": ["end file 2 of 2"]}"#.to_string(),
            ),
            (
                r#"  "end/b.png" -> "end/b.png";"#,
                r#"  "end file 2 of 2" -> "end file 2 of 2";"#.to_string(),
            ),
        ] {
            shows(&mut noted, text, &shown);
        }
    }

    #[test]
    fn a_command_ends_where_a_hidden_path_would_be_and_says_how_to_see_all_of_it() {
        let mut noted = noted(&[("end", "end/a b.png", &[]), ("end", "end/c.png", &[])]);
        for (text, shown) in [
            (
                "hint: `assetsync takedown prod x.png 'end/a b.png' end/c.png` removes them; see `end/c.png`",
                format!(
                    "hint: `assetsync takedown prod x.png …` (all of it: {SHOWN_BY}) removes them; see `end file 2 of 2`"
                ),
            ),
            (
                "`x` and `assetsync push --put-back=end/c.png`\n`end/c.png`",
                format!(
                    "`x` and `assetsync push --put-back=…` (all of it: {SHOWN_BY})\n`end file 2 of 2`"
                ),
            ),
            (
                "`assetsync audit` finds end/c.png",
                "`assetsync audit` finds end file 2 of 2".to_string(),
            ),
        ] {
            shows(&mut noted, text, &shown);
        }
    }

    #[test]
    fn files_of_releases_and_what_is_not_published_are_counted_apart() {
        let mut noted = noted(&[("end", "end/a", &[]), ("open", "b.css", &[])]);
        noted.note("end", "end/notes.psd", Kind::Unpublished, []);
        noted.note("late", "late/x", Kind::Former, ["abcd345"]);
        noted.note("end", "b.css", Kind::Former, ["abcd456"]);
        noted.note("open", "end/once-open.html", Kind::Former, []);
        shows(
            &mut noted,
            "end/a end/notes.psd late/x abcd345 b.css end/once-open.html",
            "end file 1 of 1 unpublished end file 1 of 1 former late file 1 of 1 former late file 1 of 1 b.css former end file 1 of 1",
        );
    }
}
