//! Files that a level seems to miss: those that are called like it, and those below a pattern that
//! stops at a slash. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::words::{Likeness, Marks, Meant};
use super::{Level, LevelId, Levels, quoted};
use crate::base::glob::{Case, Glob, Spelt};
use crate::base::name::NameStyle;
use crate::base::path::{LogicalPath, folded};
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::count;
use crate::base::text::escape;

/// Largest number of files that are named in a line for the configuration; more of them get a
/// pattern.
const NAMED_MAX: usize = 3;

/// The longest list of patterns that is repeated in a message, in bytes.
const LIST_MAX: usize = 500;

/// Files that a level probably misses.
#[derive(Debug, Default)]
pub(crate) struct Overlooked {
    /// Warnings, one for each file. Files that one line of the configuration fixes have the same
    /// cause.
    pub(crate) warnings: Vec<Problem>,
    /// For levels that have no file, by name: the pattern that takes most of these in.
    pub(crate) instead: BTreeMap<String, String>,
}

/// Files that one line fixes.
struct Group<'a> {
    why: Why,
    /// Pattern that adds all of them to the level.
    pattern: String,
    paths: Vec<&'a LogicalPath>,
    /// Parts of their paths that resemble the level's name.
    parts: BTreeSet<&'a str>,
    /// True if one of them keeps its name, which hidden files must not.
    has_plain: bool,
}

#[derive(Clone)]
enum Why {
    /// A word of their paths means the level.
    Word { word: String, likeness: Likeness },
    /// This pattern of the level stops at a slash.
    Stops { at: String },
}

/// A file, its level and how it's named.
pub(crate) type File<'a> = (&'a LogicalPath, LevelId, NameStyle);

/// Finds the open ones of `files` that a level seems to miss. `unused` are the names of levels that
/// have no file.
pub(crate) fn overlooked<'a>(
    levels: &Levels,
    files: impl Iterator<Item = File<'a>> + Clone,
    unused: &[&str],
) -> Overlooked {
    if levels.is_empty() {
        return Overlooked::default();
    }
    let mut search = Search::of(levels);
    let open = files.clone().filter(|(_, id, _)| *id == LevelId::OPEN);
    open.for_each(|(path, _, names)| search.look_at(path, names));
    let hidden = files.filter(|(_, id, _)| *id != LevelId::OPEN);
    let hidden: Vec<Spelt<'_>> = hidden.map(|(path, ..)| Spelt::new(path.as_str())).collect();
    let is_unused = |level: &Level| unused.contains(&level.name.as_str());
    let groups = search.groups.into_iter();
    let groups = groups.map(|((place, _), group)| (&levels.levels[place], group));
    let (without_files, others): (Vec<_>, Vec<_>) = groups.partition(|(level, _)| is_unused(level));
    let told = others
        .iter()
        .flat_map(|(level, group)| Reported::of(level, group, &hidden).warnings());
    Overlooked {
        warnings: told.collect(),
        instead: instead(without_files),
    }
}

/// Returns the pattern that takes in the most of these files, for each level that has no other.
fn instead(groups: Vec<(&Level, Group<'_>)>) -> BTreeMap<String, String> {
    let mut largest: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for (level, group) in groups {
        let other = largest
            .get(&*level.name)
            .map_or(0, |other| other.paths.len());
        if group.paths.len() > other {
            largest.insert(&level.name, group);
        }
    }
    let instead = largest.into_iter();
    instead
        .map(|(level, group)| (level.to_string(), group.instead()))
        .collect()
}

/// State of the search: its criteria, and its findings.
struct Search<'l, 'a> {
    levels: &'l Levels,
    marks: Marks,
    /// For each pattern of a level that stops at a slash, the one that goes on.
    deeper: Vec<(usize, String, Glob)>,
    /// Parts of paths that mean nothing.
    plain: HashSet<&'a str>,
    /// By level and pattern, in no case.
    groups: BTreeMap<(usize, String), Group<'a>>,
}

impl<'l, 'a> Search<'l, 'a> {
    fn of(levels: &'l Levels) -> Search<'l, 'a> {
        let all = levels.levels.iter().enumerate();
        let deeper = all.flat_map(|(place, level)| {
            let globs = level.matches.iter();
            globs.filter_map(move |glob| {
                let deeper = Glob::in_case(&deeper(glob.pattern())?, glob.case()).ok()?;
                Some((place, glob.pattern().to_string(), deeper))
            })
        });
        Search {
            levels,
            marks: Marks::of(&levels.levels),
            deeper: deeper.collect(),
            plain: HashSet::new(),
            groups: BTreeMap::new(),
        }
    }

    fn look_at(&mut self, path: &'a LogicalPath, names: NameStyle) {
        let spelt = Spelt::new(path.as_str());
        if self.levels.excepts(&spelt) {
            return;
        }
        if let Some((level, at, pattern)) = self.stopped_before(&spelt) {
            self.note(level, pattern, Why::Stops { at }, (path, names), "");
            return;
        }
        if let Some((meant, part, is_file)) = self.meant_by(path, &spelt) {
            let why = Why::Word {
                word: part[meant.at.0..meant.at.1].to_string(),
                likeness: meant.likeness,
            };
            let pattern = shape(part, meant.at, is_file);
            self.note(meant.level, pattern, why, (path, names), part);
        }
    }

    /// Returns a level, its pattern that stops at a slash before this path, and the one that goes
    /// on.
    fn stopped_before(&self, path: &Spelt<'_>) -> Option<(usize, String, String)> {
        let is_meant = |level: usize| self.levels.levels[level].excepts(path);
        let mut deeper = self.deeper.iter();
        let (level, at, glob) =
            deeper.find(|(level, _, glob)| glob.matches(path) && !is_meant(*level))?;
        Some((*level, at.clone(), glob.pattern().to_string()))
    }

    /// Returns the part of a path that means a level most surely, and says whether that's the
    /// file's name.
    fn meant_by(
        &mut self,
        path: &'a LogicalPath,
        spelt: &Spelt<'_>,
    ) -> Option<(Meant, &'a str, bool)> {
        let mut found: Option<(Meant, &'a str, bool)> = None;
        let mut parts = path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            if self.plain.contains(part) {
                continue;
            }
            let Some(meant) = self.marks.find(part, path.as_str()) else {
                self.plain.insert(part);
                continue;
            };
            let is_file = parts.peek().is_none();
            if is_file && is_of_the_page(part, &meant) {
                continue;
            }
            let other = found.as_ref().map(|(other, ..)| other.likeness);
            let is_surer = other.is_none_or(|other| meant.likeness < other);
            if is_surer && !self.levels.levels[meant.level].excepts(spelt) {
                found = Some((meant, part, is_file));
            }
        }
        found
    }

    fn note(
        &mut self,
        level: usize,
        pattern: String,
        why: Why,
        (path, names): (&'a LogicalPath, NameStyle),
        part: &'a str,
    ) {
        let key = match self.levels.levels[level].matches.first().map(Glob::case) {
            Some(Case::Exact) => pattern.clone(),
            Some(Case::Any) | None => folded(&pattern),
        };
        let group = self.groups.entry((level, key)).or_insert_with(|| Group {
            why,
            pattern,
            paths: Vec::new(),
            parts: BTreeSet::new(),
            has_plain: false,
        });
        group.has_plain |= names == NameStyle::Plain;
        group.paths.push(path);
        group.parts.insert(part);
    }
}

/// Says whether a file is of the page where players type an answer: a script or style that's called
/// `answer`. `answers.js` may have all of them.
fn is_of_the_page(name: &str, meant: &Meant) -> bool {
    let word = name[meant.at.0..meant.at.1].to_lowercase();
    let name = name.to_lowercase();
    let mut extensions = [".js", ".mjs", ".css"].into_iter();
    meant.likeness == Likeness::Synonym
        && !word.ends_with('s')
        && extensions.any(|extension| name.ends_with(extension))
}

/// Returns what a pattern would match if it didn't stop at slashes; none if it doesn't.
fn deeper(pattern: &str) -> Option<String> {
    // A slash inside of braces is no end of a part.
    if pattern.contains('{') {
        return None;
    }
    let mut parts: Vec<&str> = pattern.split('/').collect();
    let (name, folders) = parts.split_last_mut()?;
    let mut deeper: Vec<String> = folders
        .iter()
        .map(|part| stretched(part).to_string())
        .collect();
    match *name {
        "**" => deeper.push("**".to_string()),
        "*" => deeper.push("**".to_string()),
        // Below a folder that's named, not anywhere.
        name if name.starts_with("*.") && folders.iter().any(|part| !part.contains('*')) => {
            deeper.extend(["**".to_string(), name.to_string()]);
        }
        name => deeper.push(name.to_string()),
    }
    deeper.dedup_by(|a, b| a == "**" && b == "**");
    let deeper = deeper.join("/");
    // All of the tree is no level.
    (deeper != pattern && deeper != "**").then_some(deeper)
}

fn stretched(part: &str) -> &str {
    match part {
        "*" => "**",
        part => part,
    }
}

/// Returns the pattern for a part of a path in which a word means a level: what is before and
/// behind the word, cut off from it, may be anything.
fn shape(part: &str, (start, end): (usize, usize), is_file: bool) -> String {
    let dot = part.rfind('.').filter(|dot| is_file && *dot >= end);
    let (before, word) = (&part[..start], &part[start..end]);
    let (behind, extension) = part[end..].split_at(dot.map_or(part.len() - end, |dot| dot - end));
    let is_cut = |c: Option<char>| c.filter(|c| !c.is_alphanumeric());
    let before = match is_cut(before.chars().next_back()) {
        Some(c) => format!("*{}", globset::escape(&c.to_string())),
        None => globset::escape(before),
    };
    let behind = match is_cut(behind.chars().next()) {
        Some(c) => format!("{}*", globset::escape(&c.to_string())),
        None => globset::escape(behind),
    };
    let name = before + &globset::escape(word) + &behind + &globset::escape(extension);
    whole(&name, is_file)
}

fn whole(name: &str, is_file: bool) -> String {
    if is_file {
        format!("**/{name}")
    } else {
        format!("**/{name}/**")
    }
}

impl Group<'_> {
    /// Returns the pattern that takes them in: by their full name where they share one.
    fn pattern(&self) -> String {
        let is_file = !self.pattern.ends_with("/**");
        let mut parts = self.parts.iter();
        match (&self.why, parts.next(), parts.next()) {
            (Why::Word { .. }, Some(only), None) => whole(&globset::escape(only), is_file),
            _ => self.pattern.clone(),
        }
    }

    /// Returns what its level, which has no other file, may be meant to match.
    fn instead(&self) -> String {
        let number = count(self.paths.len() as u64, "file");
        format!(
            "`match = {}` would match {number} with a similar name, such as `{}`",
            quoted(&self.pattern()),
            escape(self.paths[0].as_str())
        )
    }
}

/// One group, and all there is to say of it.
struct Reported<'t> {
    level: &'t Level,
    group: &'t Group<'t>,
    /// All files that belong to a level.
    hidden: &'t [Spelt<'t>],
}

impl<'t> Reported<'t> {
    fn of(level: &'t Level, group: &'t Group<'t>, hidden: &'t [Spelt<'t>]) -> Reported<'t> {
        Reported {
            level,
            group,
            hidden,
        }
    }
}

impl Reported<'_> {
    fn warnings(self) -> impl Iterator<Item = Problem> {
        let (one, several) = (
            self.in_words("is open", "its path", "it"),
            self.in_words("are open", "their paths", "them"),
        );
        self.group.paths.iter().map(move |path| {
            Problem::new(path, one.clone())
                .kind(ProblemKind::Overlooked)
                .cause(several.clone())
        })
    }

    fn in_words(&self, verb: &str, path: &str, it: &str) -> String {
        let pattern = self.group.pattern();
        let open = self
            .open()
            .map_or("or list them in `open`".to_string(), |open| {
                format!("or set `open = {open}`")
            });
        let fix = match &self.group.why {
            Why::Stops { .. } => format!("write {} instead", quoted(&pattern)),
            Why::Word { .. } => self.also(&pattern),
        };
        let (why, fix) = (self.why(path), fix + &self.renamed(&pattern));
        format!("{verb}, {why}: {fix} to hide {it}, {open} there if that's intended")
    }

    /// Returns why these seem to be of the level, by a word for their paths.
    fn why(&self, path: &str) -> String {
        let name = &self.level.name;
        let declared = self.level.declared.as_ref();
        let declared = declared.map_or(String::new(), |place| format!(" ({place})"));
        match &self.group.why {
            Why::Stops { at } => {
                let at = escape(at);
                format!("because `{at}` of the level `{name}`{declared} stops at a slash")
            }
            Why::Word { word, likeness } => {
                let like = match likeness {
                    Likeness::Name => "is the name of",
                    Likeness::Synonym => "is another word for",
                    Likeness::Slip => "is one letter off",
                };
                let word = escape(word);
                format!("although `{word}` in {path} {like} the level `{name}`{declared}")
            }
        }
    }

    fn also(&self, pattern: &str) -> String {
        let before = self.level.matches.iter().skip(1).map(Glob::pattern);
        match list(before.chain([pattern])) {
            Some(list) => format!("set `also = {list}` in the level"),
            None => format!("add {} to the level's `also`", quoted(pattern)),
        }
    }

    /// Returns the rule that files of the pattern need besides, since anybody guesses a plain name.
    fn renamed(&self, pattern: &str) -> String {
        if self.group.has_plain && !self.level.held {
            format!(
                ", and add a last `[[rule]]` with `match = {}` and `names = \"opaque\"`,",
                quoted(pattern)
            )
        } else {
            String::new()
        }
    }

    /// Returns the list that says these are open, and no file that belongs to a level.
    fn open(&self) -> Option<String> {
        let before = self.level.open.iter().map(Glob::pattern);
        if self.group.paths.len() <= NAMED_MAX {
            let paths = self
                .group
                .paths
                .iter()
                .map(|path| globset::escape(path.as_str()));
            let paths: Vec<String> = paths.collect();
            return list(before.chain(paths.iter().map(String::as_str)));
        }
        let pattern = self.group.pattern();
        let case = self.level.matches.first().map_or(Case::Any, Glob::case);
        let glob = Glob::in_case(&pattern, case).ok()?;
        let is_free = !self.hidden.iter().any(|path| glob.matches(path));
        is_free.then(|| list(before.chain([pattern.as_str()])))?
    }
}

/// Returns a list as TOML has it; none if it's too long to be read.
fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let texts: Vec<String> = texts.map(quoted).collect();
    let list = format!("[{}]", texts.join(", "));
    (list.len() <= LIST_MAX).then_some(list)
}

#[cfg(test)]
mod tests;
