//! From a [`Build`] and an [`Inventory`] to a [`Plan`]: what will be done to each object, and why. Pure: no
//! clock, no disk, no network, and it cannot fail.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::build::{Build, Object};
use crate::inventory::Inventory;
use crate::name::{EncodingPolicy, NameStyle};
use crate::release::manifest::{Entry, Manifest};
use crate::store::{CopySource, Stored};

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
    /// An object in the target that has the same bytes: copied there, they needn't be sent.
    pub copy_of: Option<CopySource>,
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

impl Action<'_> {
    /// Returns the word for reports: `copy`, or that of the step.
    pub fn verb(&self) -> &'static str {
        match self.copy_of {
            Some(_) => "copy",
            None => self.step.verb(),
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
            copy_of: None,
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
    /// Lets files of keyed folders whose bytes the current release has under another name be copied from there. A folder gets
    /// another name whenever one of its files changes, and most of them haven't.
    pub fn copy_from(&mut self, current: &Manifest) {
        let is_copied = |action: &&mut Action<'_>| {
            let is_new = action.step == Step::Upload(Reason::Missing);
            is_new && action.object.policy.names == NameStyle::Folder
        };
        let mut copied = self.actions.iter_mut().filter(is_copied).peekable();
        if copied.peek().is_none() {
            return;
        }
        let by_content: HashMap<(blake3::Hash, EncodingPolicy), &Entry> = current
            .published()
            .map(|entry| ((entry.digest, current.headers_of(entry).encoding), entry))
            .collect();
        for action in copied {
            let content = (action.object.digest, action.object.headers().encoding);
            action.copy_of = by_content.get(&content).and_then(|entry| {
                let stored = entry.stored.as_ref()?;
                Some(CopySource {
                    key: entry.key.clone(),
                    size_bytes: stored.size_bytes,
                    fingerprint: stored.fingerprint.to_string(),
                    is_gzipped: entry.is_gzipped(),
                })
            });
        }
    }

    /// Holds fingerprinted names to what the current release has under them. Their bytes never change, even if what was there is gone;
    /// with the same bytes, other headers may be written over the old ones.
    pub fn hold_to(&mut self, current: &Manifest) {
        for action in &mut self.actions {
            if action.object.policy.names != NameStyle::Fingerprinted {
                continue;
            }
            let before = current.find(action.object.path.as_str());
            let Some(before) =
                before.filter(|entry| entry.stored.is_some() && entry.key == action.object.key)
            else {
                continue;
            };
            let is_there = |there: &Stored| there.token == Some(before.token);
            let is_same =
                before.digest == action.object.digest && action.there.as_ref().is_none_or(is_there);
            action.step = match action.step {
                Step::Conflict(Reason::Differs) if is_same => Step::Overwrite(Reason::Differs),
                Step::Upload(Reason::Missing) if !is_same && before.is_fingerprinted => {
                    Step::Conflict(Reason::Differs)
                }
                step => step,
            };
        }
    }

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
