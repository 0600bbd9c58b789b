//! Who may know what: levels of a tree, such as `solution`, that what is open must not point at. Pure.

use std::collections::BTreeSet;

use crate::glob::Glob;
use crate::likeness::nearest;
use crate::path::LogicalPath;

/// What a file without a level of its own belongs to.
pub const OPEN: &str = "open";

/// How many levels there may be: a place among them has 16 bits.
pub const LEVELS_MAX: usize = 10_000;

/// One `[[level]]`.
#[derive(Debug, Clone)]
pub struct Level {
    /// How it's called.
    pub name: String,
    /// Which logical paths belong to it; of several levels, the last one that matches counts.
    pub matches: Glob,
    /// Named, so that a site can be built, but not uploaded before it's unlocked.
    pub held: bool,
    /// Other levels that its files may refer to, besides the open one.
    pub knows: Vec<String>,
}

/// Which level a file belongs to: its place among a configuration's levels.
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
}

impl Levels {
    /// Takes the levels in the order of the configuration: [`LEVELS_MAX`] at most.
    pub fn new(levels: Vec<Level>) -> Levels {
        Levels { levels }
    }

    /// The level of a path.
    pub fn of(&self, path: &LogicalPath) -> LevelId {
        let last = self
            .levels
            .iter()
            .rposition(|level| level.matches.is_match(path.as_str()));
        LevelId(last.map_or(0, |index| index as u16 + 1))
    }

    /// The level in words: `open`, ``in the level `solution` ``.
    pub fn in_words(&self, id: LevelId) -> String {
        match self.get(id) {
            None => OPEN.to_string(),
            Some(level) => format!("in the level `{}`", level.name),
        }
    }

    /// Names and patterns of levels that none of `paths` belongs to: misspelt, perhaps.
    pub(crate) fn unused<'a>(
        &self,
        paths: impl Iterator<Item = &'a LogicalPath> + Clone,
    ) -> Vec<(&str, &str)> {
        let is_used = |level: &Level| {
            paths
                .clone()
                .any(|path| level.matches.is_match(path.as_str()))
        };
        let unused = self.levels.iter().filter(|level| !is_used(level));
        unused
            .map(|level| (level.name.as_str(), level.matches.pattern()))
            .collect()
    }

    /// Whether there's any but the open one.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// What the configuration calls it.
    pub fn name(&self, id: LevelId) -> &str {
        self.get(id).map_or(OPEN, |level| &level.name)
    }

    /// Its place among [`Levels::names`].
    pub fn index(&self, id: LevelId) -> usize {
        usize::from(id.0)
    }

    /// Whether files of level `who` may refer to those of level `whom`.
    pub fn may_know(&self, who: LevelId, whom: LevelId) -> bool {
        whom == LevelId::OPEN
            || who == whom
            || self
                .get(who)
                .is_some_and(|level| level.knows.iter().any(|name| name == self.name(whom)))
    }

    /// Whether its files wait for `--unlock`.
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

    /// All names, the open one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [OPEN]
            .into_iter()
            .chain(self.levels.iter().map(|level| level.name.as_str()))
    }

    /// The patterns of all levels, as they were written.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &str> {
        self.levels.iter().map(|level| level.matches.pattern())
    }

    fn get(&self, id: LevelId) -> Option<&Level> {
        self.levels.get(usize::from(id.0).checked_sub(1)?)
    }
}

/// A name that no level has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no level `{}`", crate::error::escape(name))]
pub struct UnknownLevel {
    name: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(name: &str, knows: &[&str]) -> Level {
        Level {
            name: name.to_string(),
            matches: Glob::new(&format!("**/{name}/**")).expect("a glob"),
            held: name == "posthunt",
            knows: knows.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_level_knows_itself_and_what_is_open_and_what_it_says() {
        let levels = Levels::new(vec![
            level("solution", &[]),
            level("posthunt", &["solution"]),
        ]);
        let of = |path: &str| levels.of(&LogicalPath::parse(path).expect("valid"));
        let open = of("a/index.html");
        let solution = of("a/solution/index.html");
        let posthunt = of("a/posthunt/index.html");
        assert_eq!(open, LevelId::OPEN);
        for (who, whom, may) in [
            (open, open, true),
            (open, solution, false),
            (open, posthunt, false),
            (solution, open, true),
            (solution, solution, true),
            (solution, posthunt, false),
            (posthunt, solution, true),
            (posthunt, open, true),
        ] {
            assert_eq!(levels.may_know(who, whom), may, "{who:?} {whom:?}");
        }
        assert!(levels.is_held(posthunt) && !levels.is_held(solution) && !levels.is_held(open));
        assert_eq!(
            of("a/solution/posthunt/x"),
            posthunt,
            "the last level that matches counts"
        );
    }
}
