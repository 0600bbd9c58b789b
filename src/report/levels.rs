//! Levels in reports: the number of files of each, and for the first release the matches of each
//! pattern.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::base::text::HumanBytes;
use serde_json::{Value, json};

use crate::base::text::count;
use crate::base::text::escape;
use crate::levels::LevelId;
use crate::naming::{Build, Object};
use crate::release::difference::{Pair, pairs};
use crate::release::manifest::Manifest;

/// Files of one level.
#[derive(Debug, Default)]
struct Files<'a> {
    files: u64,
    bytes: u64,
    /// Number of files that aren't published until the level is unlocked.
    held: u64,
    first: Option<&'a Object>,
}

impl<'a> Files<'a> {
    fn add(&mut self, object: &'a Object) {
        self.files += 1;
        self.bytes += object.size_bytes;
        self.held += u64::from(object.is_held);
        self.first = self.first.or(Some(object));
    }

    fn of(objects: impl Iterator<Item = &'a Object>) -> Files<'a> {
        let mut files = Files::default();
        objects.for_each(|object| files.add(object));
        files
    }
}

fn by_level(build: &Build) -> Vec<(LevelId, Files<'_>)> {
    let mut levels: Vec<(LevelId, Files<'_>)> = build
        .levels
        .ids()
        .map(|id| (id, Files::default()))
        .collect();
    for object in &build.objects {
        levels[build.levels.index(object.policy.level)]
            .1
            .add(object);
    }
    levels
}

/// Returns the number of files of each level, as one line; empty if there are no levels.
pub(super) fn counts_text(target: &str, build: &Build) -> String {
    if build.levels.is_empty() {
        return String::new();
    }
    let levels = by_level(build).into_iter().map(|(id, files)| {
        let held = if files.held > 0 { ", held" } else { "" };
        let bytes = HumanBytes(files.bytes);
        format!("{} {} ({bytes}{held})", files.files, build.levels.name(id))
    });
    let levels: Vec<String> = levels.collect();
    format!("{target}: files by level: {}\n", levels.join(", "))
}

/// Returns `[{"level", "files", "bytes", "held", "patterns": [{"match", "files"}, ..]}, ..]`, the
/// open level first. `held` is the number of files that aren't published.
pub(super) fn levels_json(build: &Build) -> Value {
    let levels = by_level(build).into_iter().map(|(id, files)| {
        let patterns = by_pattern(build, id);
        let patterns = patterns
            .iter()
            .map(|(pattern, files)| json!({ "match": pattern, "files": files.files }));
        json!({
            "level": build.levels.name(id),
            "files": files.files,
            "bytes": files.bytes,
            "held": files.held,
            "patterns": patterns.collect::<Vec<_>>(),
        })
    });
    levels.collect()
}

/// Returns the files that each pattern of a level matched, in the order of the configuration.
fn by_pattern(build: &Build, id: LevelId) -> Vec<(&str, Files<'_>)> {
    let mut matched: BTreeMap<&str, Files<'_>> = BTreeMap::new();
    if id != LevelId::OPEN {
        for object in build
            .objects
            .iter()
            .filter(|object| object.policy.level == id)
        {
            if let Some(glob) = build.levels.pattern_of(&object.path) {
                matched.entry(glob.pattern()).or_default().add(object);
            }
        }
    }
    let patterns = build.levels.patterns_of(id);
    let patterns = patterns.map(|pattern| (pattern, matched.remove(pattern).unwrap_or_default()));
    patterns.collect()
}

/// Describes the files that each level matched: for the first release, and for one in which the
/// level of a file or the set of levels changed. Otherwise empty.
pub fn first_levels_text(before: Option<&Manifest>, build: &Build) -> String {
    if build.levels.is_empty() || before.is_some_and(|before| is_same(before, build)) {
        return String::new();
    }
    let mut text = "levels and the files that they match:\n".to_string();
    let mut line = |l: String| writeln!(text, "  {l}").expect("a string takes every write");
    let such_as = |files: &Files<'_>| {
        let first = files.first.map(|object| escape(object.path.as_str()));
        first.map_or(String::new(), |first| format!(", such as `{first}`"))
    };
    for id in build.levels.ids().filter(|id| *id != LevelId::OPEN) {
        let name = build.levels.name(id);
        let held = if build.levels.is_held(id) {
            ", held"
        } else {
            ""
        };
        for (pattern, files) in by_pattern(build, id) {
            let number = count(files.files, "file");
            line(format!(
                "{name}{held}: `{}`: {number}{}",
                escape(pattern),
                such_as(&files)
            ));
        }
    }
    let is_open = |object: &&Object| object.policy.level == LevelId::OPEN;
    let open = Files::of(build.objects.iter().filter(is_open));
    let number = count(open.files, "file");
    line(format!("public: {number}{}", such_as(&open)));
    text
}

/// Returns whether a release has the same levels, and whether the files that both have are in the
/// same levels.
fn is_same(before: &Manifest, build: &Build) -> bool {
    let names: BTreeSet<&str> = build.levels.names().collect();
    let before_names: BTreeSet<&str> = before.levels.iter().map(String::as_str).collect();
    names == before_names
        && pairs(before, build).all(|pair| match pair {
            Pair::Both(entry, object) => {
                before.level_of(entry) == build.levels.name(object.policy.level)
            }
            Pair::Before(_) | Pair::Now(_) => true,
        })
}
