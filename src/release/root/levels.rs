//! Unlocked levels: published by every push although the configuration holds them, until they are
//! locked again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refusal, Root, Seen, Stamp};

/// Unlocked level.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unlocked {
    /// Time when it was unlocked.
    pub since: Timestamp,
    /// User who unlocked it.
    pub actor: String,
}

impl Root {
    /// Returns the names of the unlocked levels.
    pub fn unlocked_names(&self) -> BTreeSet<String> {
        self.unlocked.keys().cloned().collect()
    }

    /// Unlocks these levels: from now on, pushes publish them.
    ///
    /// # Errors
    /// Returns [`Refusal::Already`] if all are unlocked.
    pub fn unlock(
        root: Option<&Root>,
        levels: &BTreeSet<String>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        let is_unlocked =
            |level: &String| root.is_some_and(|root| root.unlocked.contains_key(level));
        if levels.iter().all(is_unlocked) {
            Err(Refusal::Already)
        } else {
            Ok(Root::after(root, stamp).unlocking(levels, stamp))
        }
    }

    /// Locks these levels: the next release takes back their published files.
    ///
    /// # Errors
    /// Returns [`Refusal::Already`] if all are locked.
    pub fn lock(
        root: Option<&Root>,
        levels: &BTreeSet<String>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        let is_locked = |level: &String| {
            root.is_some_and(|root| {
                root.relocked.contains(level) && !root.unlocked.contains_key(level)
            })
        };
        if levels.iter().all(is_locked) {
            return Err(Refusal::Already);
        }
        let mut next = Root::after(root, stamp);
        next.unlocked.retain(|level, _| !levels.contains(level));
        next.relocked.extend(levels.iter().cloned());
        Ok(next)
    }

    /// Returns the root with these levels unlocked by the author of the change.
    #[must_use]
    pub fn unlocking(mut self, levels: &BTreeSet<String>, stamp: &Stamp) -> Root {
        for level in levels {
            self.relocked.remove(level);
            self.unlocked
                .entry(level.clone())
                .or_insert_with(|| Unlocked {
                    since: stamp.at,
                    actor: stamp.actor.clone(),
                });
        }
        self
    }

    /// Returns the root with these levels held again.
    #[must_use]
    pub fn relocking(mut self, levels: &BTreeSet<String>) -> Root {
        self.unlocked.retain(|level, _| !levels.contains(level));
        self
    }

    /// Checks that the unlocked levels haven't changed since a release was planned.
    pub(super) fn are_levels_as_seen(root: Option<&Root>, seen: &Seen) -> Result<(), Refusal> {
        let names = root.map(Root::unlocked_names);
        if names.is_none_or(|names| names == seen.unlocked) {
            Ok(())
        } else {
            Err(Refusal::Levels)
        }
    }
}
