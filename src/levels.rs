//! Levels of a tree, such as `solution`: open files must not refer to files of other levels. Pure.

mod overlooked;
mod words;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::overlooked::overlooked;
use crate::base::glob::{BadGlob, Case, Glob, Spelt};
use crate::base::likeness::nearest;
use crate::base::path::LogicalPath;

/// Name of the level for files without a level of their own.
pub const OPEN: &str = "open";

/// Largest number of levels: the place of a level has 16 bits.
pub const LEVELS_MAX: usize = 10_000;

/// One `[[level]]`.
#[derive(Debug, Clone)]
pub struct Level {
    /// Name of the level.
    pub name: String,
    /// Logical paths that belong to it: `match`, and those that `also` adds. If several levels
    /// match, the last one counts.
    pub matches: Vec<Glob>,
    /// Paths that don't belong to it, whatever `matches` says, and that aren't told of as
    /// overlooked.
    pub open: Vec<Glob>,
    /// Named, so that a site can be built, but not uploaded before it's unlocked.
    pub held: bool,
    /// Other levels that its files may refer to, besides the open one.
    pub knows: Vec<String>,
    /// True if messages don't show the paths of its files. If unset, paths are hidden where logs
    /// may be public.
    pub hide_paths: Option<bool>,
    /// Place in the configuration, such as `assetsync.toml:12`; for messages.
    pub declared: Option<String>,
}

impl Level {
    /// Makes a level of what `pattern` matches, in any case: not held, and known to nobody.
    ///
    /// # Errors
    /// As [`Glob::new`].
    pub fn new(name: &str, pattern: &str) -> Result<Level, BadGlob> {
        Ok(Level {
            name: name.to_string(),
            matches: vec![Glob::in_case(pattern, Case::Any)?],
            open: Vec::new(),
            held: false,
            knows: Vec::new(),
            hide_paths: None,
            declared: None,
        })
    }

    /// Returns the pattern that takes a path into the level.
    fn pattern_of(&self, path: &Spelt<'_>) -> Option<&Glob> {
        let glob = self.matches.iter().find(|glob| glob.matches(path))?;
        (!self.excepts(path)).then_some(glob)
    }

    fn excepts(&self, path: &Spelt<'_>) -> bool {
        self.open.iter().any(|glob| glob.matches(path))
    }

    /// Returns the pattern of `match`.
    fn main_pattern(&self) -> &str {
        self.matches.first().map_or("", Glob::pattern)
    }
}

/// Level of a file: its place among a configuration's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LevelId(u16);

impl LevelId {
    /// Files that no `[[level]]` matches.
    pub const OPEN: LevelId = LevelId(0);
}

/// All levels of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    levels: Vec<Level>,
    /// Paths that belong to no level.
    open: Vec<Glob>,
}

impl Levels {
    /// Takes the levels in the order of the configuration: [`LEVELS_MAX`] at most.
    pub fn new(levels: Vec<Level>) -> Levels {
        Levels {
            levels,
            open: Vec::new(),
        }
    }

    /// The same levels; paths that one of `open` matches belong to none.
    pub fn with_open(self, open: Vec<Glob>) -> Levels {
        Levels { open, ..self }
    }

    /// The level of a path.
    pub fn of(&self, path: &LogicalPath) -> LevelId {
        self.of_text(path.as_str())
    }

    /// Returns the level of what needn't be a logical path: it may not be published.
    pub(crate) fn of_text(&self, path: &str) -> LevelId {
        self.found(path).map_or(LevelId::OPEN, |(id, _)| id)
    }

    /// Returns for each level by name whether its files are told of without their paths; the open
    /// one's never are.
    pub(crate) fn hidden_paths(&self, by_default: bool) -> BTreeMap<String, bool> {
        let levels = self.levels.iter();
        let levels =
            levels.map(|level| (level.name.clone(), level.hide_paths.unwrap_or(by_default)));
        levels.chain([(OPEN.to_string(), false)]).collect()
    }

    /// Returns the pattern that decides the level of a path; none if it's open.
    pub fn pattern_of(&self, path: &LogicalPath) -> Option<&Glob> {
        self.found(path.as_str()).map(|(_, glob)| glob)
    }

    fn found(&self, path: &str) -> Option<(LevelId, &Glob)> {
        let path = Spelt::new(path);
        let mut levels = self.levels.iter().enumerate().rev();
        let found = levels.find_map(|(index, level)| {
            Some((LevelId(index as u16 + 1), level.pattern_of(&path)?))
        })?;
        (!self.excepts(&path)).then_some(found)
    }

    fn excepts(&self, path: &Spelt<'_>) -> bool {
        self.open.iter().any(|glob| glob.matches(path))
    }

    /// The level in words: `open`, ``in the level `solution` ``.
    pub fn in_words(&self, id: LevelId) -> String {
        match self.get(id) {
            None => OPEN.to_string(),
            Some(level) => format!("in the level `{}`", level.name),
        }
    }

    /// Returns the levels that none of `paths` belongs to, by any of their patterns: misspelt,
    /// perhaps.
    pub(crate) fn unused<'a>(
        &self,
        paths: impl Iterator<Item = &'a LogicalPath> + Clone,
    ) -> Vec<&Level> {
        let is_unused = |level: &&Level| {
            !level
                .matches
                .iter()
                .any(|glob| is_used(glob, paths.clone()))
        };
        self.levels.iter().filter(is_unused).collect()
    }

    /// Returns patterns that match none of `paths`, although their level has files: those of `also`
    /// and `open`, with what each is.
    pub(crate) fn unused_patterns<'a>(
        &self,
        paths: impl Iterator<Item = &'a LogicalPath> + Clone,
    ) -> Vec<(&str, String)> {
        let mut all = Vec::new();
        for level in &self.levels {
            let idle = unused_of(&level.matches, paths.clone());
            if idle.len() < level.matches.len() {
                let what = format!("belongs to the level `{}`", level.name);
                all.extend(idle.into_iter().map(|pattern| (pattern, what.clone())));
            }
            let what = format!("is `open` in the level `{}`", level.name);
            let idle = unused_of(&level.open, paths.clone()).into_iter();
            all.extend(idle.map(|pattern| (pattern, what.clone())));
        }
        let idle = unused_of(&self.open, paths).into_iter();
        all.extend(idle.map(|pattern| (pattern, "is `open`".to_string())));
        all
    }

    /// Checks whether there are no levels besides the open one.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Returns the level's name in the configuration.
    pub fn name(&self, id: LevelId) -> &str {
        self.get(id).map_or(OPEN, |level| &level.name)
    }

    /// Its place among [`Levels::names`].
    pub fn index(&self, id: LevelId) -> usize {
        usize::from(id.0)
    }

    /// Checks whether files of level `who` may refer to those of level `whom`.
    pub fn may_know(&self, who: LevelId, whom: LevelId) -> bool {
        whom == LevelId::OPEN
            || who == whom
            || self
                .get(who)
                .is_some_and(|level| level.knows.iter().any(|name| name == self.name(whom)))
    }

    /// Checks whether the level's files wait for `--unlock`.
    pub fn is_held(&self, id: LevelId) -> bool {
        self.get(id).is_some_and(|level| level.held)
    }

    /// The names of the levels that are held, but for `unlocked`.
    pub fn held(&self, unlocked: &BTreeSet<LevelId>) -> BTreeSet<String> {
        let ids = (1..=self.levels.len()).map(|index| LevelId(index as u16));
        let held = ids.filter(|id| self.is_held(*id) && !unlocked.contains(id));
        held.map(|id| self.name(id).to_string()).collect()
    }

    /// Returns the held levels of these names; a name that no level has counts for nothing.
    pub fn unlocked_by<'n>(&self, names: impl Iterator<Item = &'n String>) -> BTreeSet<LevelId> {
        let ids = names.filter_map(|name| self.find_one(name).ok());
        ids.filter(|id| self.is_held(*id)).collect()
    }

    /// The levels of these names; `open` is one of them.
    ///
    /// # Errors
    /// A name that no level has, with the nearest that one has.
    pub fn find(&self, names: &[String]) -> Result<BTreeSet<LevelId>, UnknownLevel> {
        names.iter().map(|name| self.find_one(name)).collect()
    }

    fn find_one(&self, name: &str) -> Result<LevelId, UnknownLevel> {
        if name == OPEN {
            return Ok(LevelId::OPEN);
        }
        match self.levels.iter().position(|level| level.name == name) {
            Some(index) => Ok(LevelId(index as u16 + 1)),
            None => Err(UnknownLevel {
                name: name.to_string(),
                nearest: nearest(name, self.names()).map(str::to_string),
            }),
        }
    }

    /// Returns all levels, the open one first.
    pub fn ids(&self) -> impl Iterator<Item = LevelId> + use<> {
        (0..=self.levels.len()).map(|index| LevelId(index as u16))
    }

    /// Returns the patterns of a level, as they were written.
    pub fn patterns_of(&self, id: LevelId) -> impl Iterator<Item = &str> {
        let globs = self.get(id).into_iter().flat_map(|level| &level.matches);
        globs.map(Glob::pattern)
    }

    /// All names, the open one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [OPEN]
            .into_iter()
            .chain(self.levels.iter().map(|level| level.name.as_str()))
    }

    /// The patterns of all levels.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Glob> {
        self.levels.iter().flat_map(|level| &level.matches)
    }

    fn get(&self, id: LevelId) -> Option<&Level> {
        self.levels.get(usize::from(id.0).checked_sub(1)?)
    }
}

/// Returns the words of a name, in lower case.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let words = words::words(name).into_iter();
    words.map(|word| name[word].to_lowercase()).collect()
}

/// Returns a string as a configuration has it: JSON's are TOML's too.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns those of the patterns that match none of `paths`.
fn unused_of<'g, 'p>(
    globs: &'g [Glob],
    paths: impl Iterator<Item = &'p LogicalPath> + Clone,
) -> Vec<&'g str> {
    let unused = globs.iter().filter(|glob| !is_used(glob, paths.clone()));
    unused.map(Glob::pattern).collect()
}

fn is_used<'a>(glob: &Glob, mut paths: impl Iterator<Item = &'a LogicalPath>) -> bool {
    paths.any(|path| glob.is_match(path.as_str()))
}

/// A name that no level has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no level `{}`", crate::base::text::escape(name))]
pub struct UnknownLevel {
    name: String,
    /// Name that was probably meant.
    pub nearest: Option<String>,
}

#[cfg(test)]
mod tests;
