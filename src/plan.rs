//! From a [`Build`] and an [`Inventory`] to a [`Plan`]: what will be done to each object, and why. Pure: no
//! clock, no disk, no network, and it cannot fail.

use std::collections::BTreeMap;
use std::fmt;

use crate::build::{Build, Object};
use crate::inventory::Inventory;
use crate::store::Stored;

/// What will be done, in the build's order: one action for each object that isn't held.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The actions.
    pub actions: Vec<Action<'a>>,
}

/// What will be done to one object.
#[derive(Debug, Clone)]
pub struct Action<'a> {
    /// The object.
    pub object: &'a Object,
    /// What.
    pub step: Step,
    /// What is there, if anything is: nothing else is written over.
    pub there: Option<Stored>,
}

/// What can be done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Write it under a free key.
    Upload(Reason),
    /// Write it over what is there: mutable names, and what turned out to be damaged.
    Overwrite(Reason),
    /// It's there already.
    Keep,
    /// Something else is under its immutable key. Never overwritten; applying the plan reports it.
    Conflict(Reason),
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing is under the key.
    Missing,
    /// It was stored for other content or other headers.
    Differs,
    /// It wasn't stored by assetsync with this secret, or was changed since.
    Unknown,
    /// It's not as long as it should be.
    Size,
    /// The storage's checksum isn't what it was.
    Damaged,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Missing => "missing",
            Reason::Differs => "content or headers differ",
            Reason::Unknown => "not known to be the same",
            Reason::Size => "size differs",
            Reason::Damaged => "checksum differs",
        })
    }
}

impl Step {
    /// The word for reports: `upload`, `overwrite`, `keep` or `conflict`.
    pub fn verb(self) -> &'static str {
        match self {
            Step::Upload(_) => "upload",
            Step::Overwrite(_) => "overwrite",
            Step::Keep => "keep",
            Step::Conflict(_) => "conflict",
        }
    }

    /// Why; nothing is to be said of what is kept.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Step::Upload(reason) | Step::Overwrite(reason) | Step::Conflict(reason) => Some(reason),
            Step::Keep => None,
        }
    }
}

/// How many objects, and how many bytes before gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Objects.
    pub objects: u64,
    /// Bytes, before gzip.
    pub bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }
}

/// Decides what to do to each object of `build` that isn't held, given what is in the target.
pub fn plan<'a>(build: &'a Build, inventory: &Inventory) -> Plan<'a> {
    let action = |object: &'a Object| {
        let there = inventory.get(&object.key);
        Action {
            object,
            step: step(object, there),
            there: there.cloned(),
        }
    };
    Plan {
        actions: build.published().map(action).collect(),
    }
}

/// What to do to one object, given what is there.
pub(crate) fn step(object: &Object, stored: Option<&Stored>) -> Step {
    let Some(stored) = stored else {
        return Step::Upload(Reason::Missing);
    };
    if object.is_mutable() {
        return match stored.token {
            Some(token) if token == object.token => Step::Keep,
            Some(_) => Step::Overwrite(Reason::Differs),
            None => Step::Overwrite(Reason::Unknown),
        };
    }
    // The key commits to content and headers, so being there is enough, unless somebody meddled.
    match stored.token {
        Some(token) if token != object.token => Step::Conflict(Reason::Differs),
        None if stored.token_is_known => Step::Conflict(Reason::Unknown),
        _ if !object.try_gzip && stored.size_bytes != object.size_bytes => {
            Step::Conflict(Reason::Size)
        }
        _ => Step::Keep,
    }
}

impl<'a> Plan<'a> {
    /// What has to be done: everything but what is kept.
    pub fn changes(&self) -> impl Iterator<Item = &Action<'a>> {
        self.actions
            .iter()
            .filter(|action| action.step != Step::Keep)
    }

    /// What is to be done to those objects that `is_meant` picks.
    pub fn only(&self, is_meant: impl Fn(&Object) -> bool) -> Plan<'a> {
        let meant = self.actions.iter().filter(|action| is_meant(action.object));
        Plan {
            actions: meant.cloned().collect(),
        }
    }

    /// Whether nothing has to be done.
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// Objects and bytes by verb.
    pub fn summary(&self) -> BTreeMap<&'static str, Tally> {
        let mut summary = BTreeMap::from(
            ["upload", "overwrite", "keep", "conflict"].map(|verb| (verb, Tally::default())),
        );
        for action in &self.actions {
            summary
                .entry(action.step.verb())
                .or_default()
                .add(action.object.size_bytes);
        }
        summary
    }
}
