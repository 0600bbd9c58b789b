//! Files that can still be fetched although the current release doesn't publish them. A push or a
//! rollback deletes nothing. The root remembers these files, so that they are reported until they
//! are gone. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::difference::{Pair, pairs};
use super::manifest::{Entry, Manifest};
use crate::base::hint::Verb;
use crate::base::path::LogicalPath;
use crate::config::Target;
use crate::levels::{LevelId, Levels};
use crate::naming::Build;
use crate::store::command::quoted;

/// Maximum number of leftovers that a root remembers.
pub const LEFT_MAX: usize = 1000;

/// Maximum number of paths that a command lists one by one. For more, it uses folders.
const TYPED_MAX: usize = 5;

/// Object of an earlier release that people can still fetch although they shouldn't.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leftover {
    /// Logical path that it was published for.
    pub path: String,
    /// Key in the target.
    pub key: String,
    /// Reason why its address may be known.
    pub why: Why,
}

/// Reason why the address of a file that isn't published any more may be known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The name doesn't depend on the content, so it can be guessed.
    PlainName,
    /// This level is held. Anyone who has seen or guesses the address can fetch the file.
    Held(String),
    /// The same bytes are in this level, which is held.
    SameAsHeld(String),
}

/// Returns what can be fetched once a release of `build` is the current one: leftovers from before,
/// and files that `before` published.
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
            if held.contains_key(level) {
                Some(Why::Held(level.to_string()))
            } else {
                moved.map(|level| Why::SameAsHeld((*level).to_string()))
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

/// Returns what can be fetched once the release of `after` is the current one.
pub fn after_rollback(known: &[Leftover], before: &Manifest, after: &Manifest) -> Vec<Leftover> {
    let published: HashSet<&str> = after.published().map(|entry| entry.key.as_str()).collect();
    let new = before.published().map(|entry| {
        let then = after.find(&entry.path).filter(|then| then.stored.is_none());
        let why = then.map(|then| Why::Held(after.level_of(then).to_string()));
        (entry, why)
    });
    collect(known, new, &published)
}

/// Returns the known leftovers and those of the entries with a reason or a plain name, by path,
/// except those that `published` has.
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

/// Returns the level of a removed file: by the current configuration, or from its release if the
/// configuration has none for it.
fn level_by_now<'a>(manifest: &'a Manifest, entry: &Entry, levels: &'a Levels) -> &'a str {
    let path = LogicalPath::parse(&entry.path).ok();
    match path.map_or(LevelId::OPEN, |path| levels.of(&path)) {
        LevelId::OPEN => manifest.level_of(entry),
        now => levels.name(now),
    }
}

/// Returns the command that takes all of these down. `published` has the logical paths of the
/// current release, sorted: the command never names a folder that has any of them.
pub(crate) fn takedown_of(target: &Target, left: &[Leftover], published: &[&str]) -> String {
    let mut levels = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for left in left {
        match &left.why {
            Why::Held(level) => levels.insert(level.as_str()),
            Why::PlainName | Why::SameAsHeld(_) => paths.insert(left.path.as_str()),
        };
    }
    let paths: BTreeSet<&str> = if paths.len() <= TYPED_MAX {
        paths
    } else {
        paths
            .iter()
            .map(|path| folder_alone(path, published).unwrap_or(path))
            .collect()
    };
    let levels = levels
        .iter()
        .map(|level| format!("--level {}", quoted(level)));
    // The file is published under another name by now, and that object must stay.
    let is_published = |path: &&str| published.binary_search(path).is_ok();
    let stale = paths.iter().any(is_published).then_some("--stale");
    let paths = paths.iter().map(|path| quoted(path));
    let words: Vec<String> = paths
        .chain(levels)
        .chain(stale.map(str::to_string))
        .collect();
    target.command(Verb::Takedown.with(words.join(" ")))
}

/// Returns the highest folder of a path that contains nothing published.
fn folder_alone<'p>(path: &'p str, published: &[&str]) -> Option<&'p str> {
    let mut folders = path.match_indices('/').map(|(slash, _)| &path[..=slash]);
    folders.find(|folder| {
        let from = published.partition_point(|other| *other < *folder);
        !published
            .get(from)
            .is_some_and(|other| other.starts_with(*folder))
    })
}
