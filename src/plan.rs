//! Planned action for each object, and its reason: a [`Build`] and an [`Inventory`] give a
//! [`Plan`]. Pure: it uses no clock, disk or network, and it can't fail.

use std::collections::BTreeMap;
use std::fmt;

use crate::inventory::Inventory;
use crate::naming::{Build, Object};
use crate::store::{CopySource, Stored};

/// Hint for a fingerprinted name that is taken by another object.
pub(crate) const FINGERPRINTED_HINT: &str = "let the bundler put a new hash into the name; for a name without a hash, set `names = \"plain\"`";

/// Planned actions in the order of the build: one for each object that isn't held.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Actions of the plan.
    pub actions: Vec<Action<'a>>,
}

/// Planned action for one object.
#[derive(Debug, Clone)]
pub struct Action<'a> {
    /// Object of the action.
    pub object: &'a Object,
    /// Step to take.
    pub step: Step,
    /// Object that is there, if any. An overwrite replaces this one and no other.
    pub there: Option<Stored>,
    /// Object in the target with the same bytes: a copy in the target saves sending them.
    pub copy_of: Option<CopySource>,
}

/// Step that can be taken for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Write the object under a free key.
    Upload(Reason),
    /// Overwrite what is there: a mutable name, or an object that turned out to be damaged.
    Overwrite(Reason),
    /// Keep the object, which is already there.
    Keep,
    /// Report a conflict when the plan is applied: another object is under the immutable key. It is
    /// never overwritten.
    Conflict(Reason),
}

/// Reason for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// There is no object under the key.
    Missing,
    /// The object was stored for other content or other headers.
    Differs,
    /// The object wasn't stored by assetsync with this secret, or was changed later.
    Unknown,
    /// The object has the wrong size.
    Size,
    /// The storage's checksum has changed.
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
    /// Returns the word for reports: `upload`, `overwrite`, `keep` or `conflict`.
    pub fn verb(self) -> &'static str {
        match self {
            Step::Upload(_) => "upload",
            Step::Overwrite(_) => "overwrite",
            Step::Keep => "keep",
            Step::Conflict(_) => "conflict",
        }
    }

    /// Returns the reason for the step; none if the object is kept.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Step::Upload(reason) | Step::Overwrite(reason) | Step::Conflict(reason) => Some(reason),
            Step::Keep => None,
        }
    }
}

impl Action<'_> {
    /// Returns the word for reports: `copy`, or the word for the step.
    pub fn verb(&self) -> &'static str {
        match self.copy_of {
            Some(_) => "copy",
            None => self.step.verb(),
        }
    }
}

/// Number of objects, and their bytes before gzip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Number of objects.
    pub objects: u64,
    /// Number of bytes, before gzip.
    pub bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }

    /// Returns the tally of both.
    #[must_use]
    pub(crate) fn and(self, more: Tally) -> Tally {
        Tally {
            objects: self.objects + more.objects,
            bytes: self.bytes + more.bytes,
        }
    }

    /// Returns the tally without these objects.
    #[must_use]
    pub(crate) fn without(self, fewer: Tally) -> Tally {
        Tally {
            objects: self.objects.saturating_sub(fewer.objects),
            bytes: self.bytes.saturating_sub(fewer.bytes),
        }
    }
}

/// Decides what to do to each object of `build` that isn't held, given the contents of the target.
pub fn plan<'a>(build: &'a Build, inventory: &Inventory) -> Plan<'a> {
    let action = |object: &'a Object| {
        let there = inventory.get(&object.key);
        Action {
            object,
            step: step(object, there),
            there: there.cloned(),
            copy_of: None,
        }
    };
    Plan {
        actions: build.published().map(action).collect(),
    }
}

/// Decides what to do to one object, given the object that is there.
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
    // The key commits to content and headers. So if the object is there, it is right, unless
    // somebody changed it.
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
    /// Returns the actions that change something: all except those that keep an object.
    pub fn changes(&self) -> impl Iterator<Item = &Action<'a>> {
        self.actions
            .iter()
            .filter(|action| action.step != Step::Keep)
    }

    /// Returns the plan with only the objects that `is_meant` selects.
    pub fn only(&self, is_meant: impl Fn(&Object) -> bool) -> Plan<'a> {
        let meant = self.actions.iter().filter(|action| is_meant(action.object));
        Plan {
            actions: meant.cloned().collect(),
        }
    }

    /// Counts the objects that are kept, among those that `is_meant` selects.
    pub(crate) fn kept(&self, is_meant: impl Fn(&Object) -> bool) -> Tally {
        let mut kept = Tally::default();
        let actions = self.actions.iter();
        let actions = actions.filter(|a| a.step == Step::Keep && is_meant(a.object));
        actions.for_each(|action| kept.add(action.object.size_bytes));
        kept
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// Returns the numbers of objects and bytes by verb.
    pub fn summary(&self) -> BTreeMap<&'static str, Tally> {
        let mut summary = BTreeMap::from(
            ["upload", "copy", "overwrite", "keep", "conflict"]
                .map(|verb| (verb, Tally::default())),
        );
        for action in &self.actions {
            summary
                .entry(action.verb())
                .or_default()
                .add(action.object.size_bytes);
        }
        summary
    }
}
