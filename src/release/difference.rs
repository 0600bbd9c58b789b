//! Differences between a build and the current release, file by file. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::manifest::{Entry, Manifest};
use crate::naming::{Build, Object};

/// File of the current release, of a build, or of both.
#[derive(Debug, Clone, Copy)]
pub enum Pair<'a> {
    /// File that is only in the release.
    Before(&'a Entry),
    /// File that is only in the build.
    Now(&'a Object),
    /// File that is in both.
    Both(&'a Entry, &'a Object),
}

/// Returns all files of both, by path. Both are sorted, so one pass is enough.
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

/// Change of a published file: it is new, or the next release has another version of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The current release doesn't publish the file.
    New,
    /// Browsers see other content or headers.
    Changed,
}

/// File that the current release publishes and the next one doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed<'a> {
    /// Logical path.
    pub path: &'a str,
    /// Size in bytes, before gzip.
    pub size_bytes: u64,
    /// Name of the level that the file had.
    pub level: &'a str,
    /// Reason why it isn't published any more.
    pub why: Why<'a>,
}

/// Reason why a file isn't published any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why<'a> {
    /// The file isn't in the tree.
    Gone,
    /// This level is held and isn't unlocked.
    Held(&'a str),
}

/// Returns the files that a push of `build` after `before` takes back, by level: those that are
/// published now and won't be any more.
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

/// Changes of the published files by another release.
#[derive(Debug, Clone, Default)]
pub struct Difference<'a> {
    /// True if there is a current release to compare with. Without one, everything is new.
    pub has_release: bool,
    /// New and changed published files, by path.
    pub changes: BTreeMap<&'a str, Change>,
    /// Files that aren't published any more, by path.
    pub removed: Vec<Removed<'a>>,
}

impl<'a> Difference<'a> {
    /// Compares a release of `build` with `before`.
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
            difference.compare(before, pair);
        }
        difference
    }

    fn compare(&mut self, before: &'a Manifest, pair: Pair<'a>) {
        match pair {
            Pair::Before(entry) if entry.stored.is_some() => {
                self.remove(before, pair, Why::Gone);
            }
            Pair::Now(object) if !object.is_held => self.note(object, Change::New),
            Pair::Both(entry, object) if !object.is_held => match entry.stored {
                None => self.note(object, Change::New),
                Some(_) if entry.token != object.token => self.note(object, Change::Changed),
                Some(_) => {}
            },
            Pair::Before(_) | Pair::Now(_) | Pair::Both(..) => {}
        }
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

/// Returns the level that removes `pair` from the published files, if it is one of those that
/// `build` holds. A file that was renamed inside such a level is missing under its path, but the
/// level is the reason.
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
