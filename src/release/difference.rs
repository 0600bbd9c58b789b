//! How a build differs from the current release, file by file. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::manifest::{Entry, Manifest};
use crate::build::{Build, Object};

/// A file of the current release, of a build, or of both.
#[derive(Debug, Clone, Copy)]
pub enum Pair<'a> {
    /// The build doesn't have it.
    Before(&'a Entry),
    /// The release doesn't have it.
    Now(&'a Object),
    /// Both have it.
    Both(&'a Entry, &'a Object),
}

/// All files of both, by path. Both are sorted, so this is one walk.
pub fn pairs<'a>(before: &'a Manifest, build: &'a Build) -> impl Iterator<Item = Pair<'a>> {
    let mut entries = before.entries.iter().peekable();
    let mut objects = build.objects.iter().peekable();
    std::iter::from_fn(move || {
        let order = match (entries.peek(), objects.peek()) {
            (Some(entry), Some(object)) => (*entry.path).cmp(object.path.as_str()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        match order {
            Ordering::Less => entries.next().map(Pair::Before),
            Ordering::Greater => objects.next().map(Pair::Now),
            Ordering::Equal => entries
                .next()
                .zip(objects.next())
                .map(|(entry, object)| Pair::Both(entry, object)),
        }
    })
}

/// A published file that the next release has another version of, or that the current one doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The current release doesn't publish it.
    New,
    /// Browsers see something else of it.
    Changed,
}

/// A file that the current release publishes, and the next one doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed<'a> {
    /// Its logical path.
    pub path: &'a str,
    /// In bytes, before gzip.
    pub size_bytes: u64,
    /// The level it had, by name.
    pub level: &'a str,
    /// Why.
    pub why: Why<'a>,
}

/// Why a file isn't published any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why<'a> {
    /// The tree doesn't have it.
    Gone,
    /// This level is held, and isn't unlocked.
    Held(&'a str),
}

/// What of each level a push of `build` after `before` takes back: what is published of it, and wouldn't be any more, by path.
pub fn levels_taken_back<'a>(
    before: &'a Manifest,
    build: &'a Build,
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let held = build.held();
    let mut levels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    if held.is_empty() {
        return levels;
    }
    for pair in pairs(before, build) {
        let level = taken_back(before, build, &held, pair);
        if let (Some(level), Pair::Before(entry) | Pair::Both(entry, _)) = (level, pair) {
            levels.entry(level).or_default().push(&entry.path);
        }
    }
    levels
}

/// What another release changes in what is published.
#[derive(Debug, Clone, Default)]
pub struct Difference<'a> {
    /// Whether there's a current release to compare with. Without one, everything is new.
    pub has_release: bool,
    /// What is published anew or otherwise, by path.
    pub changes: BTreeMap<&'a str, Change>,
    /// What isn't published any more, by path.
    pub removed: Vec<Removed<'a>>,
}

impl<'a> Difference<'a> {
    /// What a release of `build` after `before` changes.
    pub fn new(before: Option<&'a Manifest>, build: &'a Build) -> Difference<'a> {
        let Some(before) = before else {
            let new = build.published();
            return Difference {
                changes: new.map(|o| (o.path.as_str(), Change::New)).collect(),
                ..Difference::default()
            };
        };
        let mut difference = Difference {
            has_release: true,
            ..Difference::default()
        };
        let held = build.held();
        for pair in pairs(before, build) {
            if let Some(level) = taken_back(before, build, &held, pair) {
                difference.remove(before, pair, Why::Held(level));
                continue;
            }
            match pair {
                Pair::Before(entry) if entry.stored.is_some() => {
                    difference.remove(before, pair, Why::Gone);
                }
                Pair::Now(object) if !object.is_held => difference.note(object, Change::New),
                Pair::Both(entry, object) if !object.is_held => match entry.stored {
                    None => difference.note(object, Change::New),
                    Some(_) if entry.token != object.token => {
                        difference.note(object, Change::Changed);
                    }
                    Some(_) => {}
                },
                Pair::Before(_) | Pair::Now(_) | Pair::Both(..) => {}
            }
        }
        difference
    }

    fn note(&mut self, object: &'a Object, change: Change) {
        self.changes.insert(object.path.as_str(), change);
    }

    fn remove(&mut self, before: &'a Manifest, pair: Pair<'a>, why: Why<'a>) {
        if let Pair::Before(entry) | Pair::Both(entry, _) = pair {
            self.removed.push(Removed {
                path: &entry.path,
                size_bytes: entry.size_bytes,
                level: before.level_of(entry),
                why,
            });
        }
    }
}

/// The level that keeps `pair` from being published any longer, if one of those that `build` holds does. A file that was renamed
/// inside of such a level is gone by its path, but it's the level that takes it away.
fn taken_back<'a>(
    before: &'a Manifest,
    build: &'a Build,
    held: &BTreeMap<&'a str, u64>,
    pair: Pair<'a>,
) -> Option<&'a str> {
    let (entry, level) = match pair {
        Pair::Now(_) => return None,
        Pair::Both(_, object) if !object.is_held => return None,
        Pair::Both(entry, object) => (entry, build.levels.name(object.policy.level)),
        Pair::Before(entry) => (entry, before.level_of(entry)),
    };
    (entry.stored.is_some() && held.contains_key(level)).then_some(level)
}
