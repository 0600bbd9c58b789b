//! Files that a level seems to miss: those that are called like it, and those below a pattern that stops at a slash. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::words::{Likeness, Marks, Meant};
use super::{Level, LevelId, Levels, quoted};
use crate::error::escape;
use crate::glob::{Case, Glob, Spelt};
use crate::name::NameStyle;
use crate::path::{LogicalPath, folded};
use crate::problem::{Problem, ProblemKind};
use crate::report::count;

/// How many files are named in a line for the configuration; more of them get a pattern.
const NAMED_MAX: usize = 3;

/// The longest list of patterns that is repeated in a message, in bytes.
const LIST_MAX: usize = 500;

/// What a level seems to miss.
#[derive(Debug, Default)]
pub(crate) struct Overlooked {
    /// A warning for each file, with one cause for all that one line of the configuration mends.
    pub(crate) warnings: Vec<Problem>,
    /// For levels that have no file, by name: the pattern that takes most of these in.
    pub(crate) instead: BTreeMap<String, String>,
}

/// Files that one line mends.
struct Group<'a> {
    why: Why,
    /// What takes all of them into the level.
    pattern: String,
    paths: Vec<&'a LogicalPath>,
    /// What their parts that are like the level's name are called.
    parts: BTreeSet<&'a str>,
    /// Whether one of them keeps its name, which nothing that is hidden may.
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

/// Finds the open ones of `files` that a level seems to miss. `unused` are the names of levels that have no file.
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
    let mut found = Overlooked::default();
    let mut largest: BTreeMap<usize, Group<'_>> = BTreeMap::new();
    for ((place, _), group) in search.groups {
        let level = &levels.levels[place];
        if !unused.contains(&level.name.as_str()) {
            let told = Told {
                level,
                group: &group,
                hidden: &hidden,
            };
            found.warnings.extend(told.warnings());
            continue;
        }
        let other = largest.get(&place).map_or(0, |other| other.paths.len());
        if group.paths.len() > other {
            largest.insert(place, group);
        }
    }
    let instead = largest.into_iter();
    let instead =
        instead.map(|(place, group)| (levels.levels[place].name.clone(), group.instead()));
    found.instead = instead.collect();
    found
}

/// What is looked for, and what was found.
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
        let is_meant = |level: usize| self.levels.levels[level].excepts(&spelt);
        let mut deeper = self.deeper.iter();
        let stopped = deeper.find(|(level, _, glob)| glob.matches(&spelt) && !is_meant(*level));
        if let Some((level, at, glob)) = stopped {
            let why = Why::Stops { at: at.clone() };
            let (level, pattern) = (*level, glob.pattern().to_string());
            self.note(level, pattern, why, (path, names), "");
            return;
        }
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
            let is_surer = found
                .as_ref()
                .is_none_or(|(other, ..)| meant.likeness < other.likeness);
            if is_surer && !self.levels.levels[meant.level].excepts(&spelt) {
                found = Some((meant, part, is_file));
            }
        }
        if let Some((meant, part, is_file)) = found {
            let why = Why::Word {
                word: part[meant.at.0..meant.at.1].to_string(),
                likeness: meant.likeness,
            };
            let pattern = shape(part, meant.at, is_file);
            self.note(meant.level, pattern, why, (path, names), part);
        }
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

/// Says whether a file is of the page where players type an answer: a script or style that's called `answer`. `answers.js` may have
/// all of them.
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

/// Returns the pattern for a part of a path in which a word means a level: what is before and behind the word, cut off from it,
/// may be anything.
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
    match is_file {
        true => format!("**/{name}"),
        false => format!("**/{name}/**"),
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
            "`match = {}` takes in {number} called like it, such as `{}`",
            quoted(&self.pattern()),
            escape(self.paths[0].as_str())
        )
    }
}

/// One group, and all there is to say of it.
struct Told<'t> {
    level: &'t Level,
    group: &'t Group<'t>,
    /// All files that belong to a level.
    hidden: &'t [Spelt<'t>],
}

impl Told<'_> {
    fn warnings(&self) -> impl Iterator<Item = Problem> {
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
        let name = &self.level.name;
        let declared = self.level.declared.as_ref();
        let declared = declared.map_or(String::new(), |place| format!(" ({place})"));
        let pattern = self.group.pattern();
        let open = self
            .open()
            .map_or("or name them in `open`".to_string(), |open| {
                format!("or `open = {open}`")
            });
        let (why, fix) = match &self.group.why {
            Why::Stops { at } => {
                let why = format!(
                    "since `{}` of the level `{name}`{declared} stops at a slash",
                    escape(at)
                );
                let fix = format!("write {} instead", quoted(&pattern));
                (why, fix + &self.renamed(&pattern))
            }
            Why::Word { word, likeness } => {
                let like = match likeness {
                    Likeness::Name => "is the name of",
                    Likeness::Synonym => "is another word for",
                    Likeness::Slip => "is one letter off",
                };
                let word = escape(word);
                let why =
                    format!("although `{word}` in {path} {like} the level `{name}`{declared}");
                (why, self.also(&pattern) + &self.renamed(&pattern))
            }
        };
        format!("{verb}, {why}: {fix} to hide {it}, {open} there if that's meant")
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
        match self.group.has_plain && !self.level.held {
            true => format!(
                ", and end the rules with a `[[rule]]` of `match = {}` and `names = \"opaque\"`,",
                quoted(pattern)
            ),
            false => String::new(),
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
mod tests {
    use super::*;

    fn told(levels: &Levels, paths: &[&str]) -> Vec<String> {
        let paths: Vec<LogicalPath> = paths
            .iter()
            .map(|path| LogicalPath::parse(path).expect("valid"))
            .collect();
        let named = |path| (path, levels.of(path), NameStyle::Opaque);
        let files = paths.iter().map(named);
        let mut causes: Vec<String> = Vec::new();
        for warning in overlooked(levels, files, &[]).warnings {
            if !causes.contains(&warning.cause) {
                causes.push(warning.cause);
            }
        }
        causes
    }

    fn solution() -> Level {
        Level::new("solution", "**/solution/**").expect("a glob")
    }

    #[test]
    fn a_pattern_goes_on_where_it_stopped() {
        for (pattern, on) in [
            ("**/solution/*", Some("**/solution/**")),
            ("solution/*/*", Some("solution/**")),
            ("puzzle/*/solution/**", Some("puzzle/**/solution/**")),
            ("**/solution/*.html", Some("**/solution/**/*.html")),
            ("**/solution/**", None),
            ("*", None),
            ("*.html", None),
            ("**/*.html", None),
            ("a-*", None),
            ("{a,b}/*", None),
        ] {
            assert_eq!(deeper(pattern).as_deref(), on, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_is_as_narrow_as_its_files_allow() {
        for (part, word, is_file, pattern) in [
            (
                "gears-solution.html",
                "solution",
                true,
                "**/*-solution.html",
            ),
            ("solution.v2.pdf", "solution", true, "**/solution.*.pdf"),
            (
                "GearsSolution.html",
                "Solution",
                true,
                "**/GearsSolution.html",
            ),
            ("solutions", "solutions", false, "**/solutions/**"),
            ("post-hunt-solve", "post-hunt", false, "**/post-hunt-*/**"),
            ("a[1] solution", "solution", true, "**/* solution"),
            ("[solution]*", "solution", false, "**/*[[]solution[]]*/**"),
        ] {
            let start = part.find(word).expect("it's there");
            let at = (start, start + word.len());
            assert_eq!(shape(part, at, is_file), pattern);
            let glob = Glob::new(pattern).expect("a glob");
            let inside = if is_file { "" } else { "/x" };
            assert!(glob.is_match(format!("a/{part}{inside}")), "{pattern}");
        }
    }

    #[test]
    fn files_that_one_line_mends_are_one_group() {
        let levels = Levels::new(vec![solution()]);
        let paths = [
            "x/solution/a.png",
            "a/solutions/1.png",
            "b/Solutions/2.png",
            "a-solution.html",
            "b-solution.html",
            "index.html",
        ];
        let told = told(&levels, &paths);
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(
            told.iter()
                .any(|cause| cause.contains("`also = [\"**/*-solution.html\"]`")),
            "{told:#?}"
        );
        assert!(
            told.iter()
                .any(|cause| cause
                    .contains("`open = [\"a/solutions/1.png\", \"b/Solutions/2.png\"]`")),
            "{told:#?}"
        );
    }

    #[test]
    fn what_opens_many_files_opens_none_that_belongs_to_a_level() {
        let levels = Levels::new(vec![solution()]);
        let many = ["solutions/1", "solutions/2", "solutions/3", "solutions/4"];
        let free = told(&levels, &many);
        assert!(
            free[0].contains("`open = [\"**/solutions/**\"]`"),
            "{free:#?}"
        );
        let mut with_hidden = many.to_vec();
        with_hidden.push("solutions/solution/5");
        let told = told(&levels, &with_hidden);
        assert!(told[0].contains("or name them in `open`"), "{told:#?}");
    }

    #[test]
    fn the_box_for_an_answer_is_no_alarm_and_a_list_of_them_is() {
        let levels = Levels::new(vec![solution()]);
        let page = ["lib/answer.js", "check-Answer.css", "answer.mjs"];
        assert_eq!(told(&levels, &page), [] as [&str; 0]);
        for path in ["answers.js", "answer.json", "answer/a.js", "solution.js"] {
            assert_eq!(told(&levels, &[path]).len(), 1, "{path}");
        }
    }

    #[test]
    fn what_is_said_to_be_open_is_not_told_of() {
        let glob = |pattern: &str| Glob::in_case(pattern, Case::Any).expect("a glob");
        let excepted = Level {
            open: vec![glob("**/about-solutions.html")],
            ..solution()
        };
        let levels = Levels::new(vec![excepted]).with_open(vec![glob("faq/**")]);
        assert_eq!(
            told(&levels, &["About-Solutions.html", "faq/answers.html"]),
            [] as [&str; 0]
        );
        assert_eq!(told(&levels, &["all-solutions.html"]).len(), 1);
    }
}
