//! What can still be had although the current release doesn't publish it: nothing is deleted by a push or a rollback. The root
//! remembers it, so that everybody is told until it's gone. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::difference::{Pair, pairs};
use super::manifest::{Entry, Manifest};
use crate::build::Build;
use crate::config::Target;
use crate::config::command::quoted;
use crate::levels::{LevelId, Levels};
use crate::path::LogicalPath;

/// How many of them a root remembers.
pub const LEFT_MAX: usize = 1000;

/// How many paths are typed one by one in a command, before folders stand for them.
const TYPED_MAX: usize = 5;

/// An object that an earlier release published, and that people can have who shouldn't.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leftover {
    /// The logical path that it was published for.
    pub path: String,
    /// Its name in the target.
    pub key: String,
    /// Why somebody may have its address.
    pub why: Why,
}

/// Why the address of a file that isn't published any more is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its name stays whatever is in it, so that it can be guessed.
    PlainName,
    /// This level is held: whoever has seen the address, or guesses it, finds it there.
    Held(String),
    /// The same bytes are in this level, which is held.
    SameAsHeld(String),
}

/// Returns what can be had once a release of `build` is the current one: of what could be before, and of what `before` published.
pub fn after_push(known: &[Leftover], before: Option<&Manifest>, build: &Build) -> Vec<Leftover> {
    let published: HashSet<&str> = build
        .published()
        .map(|object| object.key.as_str())
        .collect();
    let held = build.held();
    let hidden = build.objects.iter().filter(|object| object.is_held);
    let hidden: HashMap<blake3::Hash, &str> = hidden
        .map(|object| (object.digest, build.levels.name(object.policy.level)))
        .collect();
    let why = |before: &Manifest, pair: Pair<'_>| match pair {
        Pair::Both(_, object) if object.is_held => Some(Why::Held(
            build.levels.name(object.policy.level).to_string(),
        )),
        Pair::Before(entry) => {
            let level = level_by_now(before, entry, &build.levels);
            let moved = hidden.get(&entry.digest);
            match held.contains_key(level) {
                true => Some(Why::Held(level.to_string())),
                false => moved.map(|level| Why::SameAsHeld((*level).to_string())),
            }
        }
        Pair::Both(..) | Pair::Now(_) => None,
    };
    let new = before.into_iter().flat_map(|before| {
        pairs(before, build).filter_map(move |pair| match pair {
            Pair::Before(entry) | Pair::Both(entry, _) => Some((entry, why(before, pair))),
            Pair::Now(_) => None,
        })
    });
    collect(known, new, &published)
}

/// Returns what can be had once the release of `after` is the current one.
pub fn after_rollback(known: &[Leftover], before: &Manifest, after: &Manifest) -> Vec<Leftover> {
    let published: HashSet<&str> = after.published().map(|entry| entry.key.as_str()).collect();
    let new = before.published().map(|entry| {
        let then = after.find(&entry.path).filter(|then| then.stored.is_none());
        let why = then.map(|then| Why::Held(after.level_of(then).to_string()));
        (entry, why)
    });
    collect(known, new, &published)
}

/// Returns, by path, those known before and of these entries that `published` doesn't have: those with a reason, and plain names.
fn collect<'a>(
    known: &[Leftover],
    new: impl Iterator<Item = (&'a Entry, Option<Why>)>,
    published: &HashSet<&str>,
) -> Vec<Leftover> {
    let new = new.filter_map(|(entry, why)| leftover(entry, why));
    let all = known.iter().cloned().chain(new);
    let left = all.filter(|left| !published.contains(left.key.as_str()));
    let by_key: BTreeMap<String, Leftover> = left.map(|left| (left.key.clone(), left)).collect();
    let mut left: Vec<Leftover> = by_key.into_values().collect();
    left.sort_by(|a, b| (&a.path, &a.key).cmp(&(&b.path, &b.key)));
    left.truncate(LEFT_MAX);
    left
}

fn leftover(entry: &Entry, why: Option<Why>) -> Option<Leftover> {
    entry.stored.as_ref()?;
    let why = match why {
        Some(why) => why,
        None if entry.is_mutable() => Why::PlainName,
        None => return None,
    };
    Some(Leftover {
        path: entry.path.to_string(),
        key: entry.key.to_string(),
        why,
    })
}

/// Returns the level of a file that is gone: by the configuration of today, unless that knows none, and its release did.
fn level_by_now<'a>(manifest: &'a Manifest, entry: &Entry, levels: &'a Levels) -> &'a str {
    let path = LogicalPath::parse(&entry.path).ok();
    match path.map_or(LevelId::OPEN, |path| levels.of(&path)) {
        LevelId::OPEN => manifest.level_of(entry),
        now => levels.name(now),
    }
}

/// Returns the command that takes all of these down. `published` are the logical paths of the current release, sorted: no folder
/// is named that has any.
pub(crate) fn takedown_of(target: &Target, left: &[Leftover], published: &[&str]) -> String {
    let mut levels = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for left in left {
        match &left.why {
            Why::Held(level) => levels.insert(level.as_str()),
            Why::PlainName | Why::SameAsHeld(_) => paths.insert(left.path.as_str()),
        };
    }
    let paths: BTreeSet<&str> = match paths.len() <= TYPED_MAX {
        true => paths,
        false => paths
            .iter()
            .map(|path| folder_alone(path, published).unwrap_or(path))
            .collect(),
    };
    let levels = levels
        .iter()
        .map(|level| format!(" --level {}", quoted(level)));
    let paths = paths.iter().map(|path| format!(" {}", quoted(path)));
    target.command("takedown") + &paths.chain(levels).collect::<String>()
}

/// Returns the highest folder of a path that nothing published is in.
fn folder_alone<'p>(path: &'p str, published: &[&str]) -> Option<&'p str> {
    let mut folders = path.match_indices('/').map(|(slash, _)| &path[..=slash]);
    folders.find(|folder| {
        let from = published.partition_point(|other| *other < *folder);
        !published
            .get(from)
            .is_some_and(|other| other.starts_with(*folder))
    })
}
