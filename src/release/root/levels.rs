//! Levels that are unlocked: published although the configuration holds them, by everybody's pushes, until somebody locks
//! them again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refusal, Root, Seen, Stamp};

/// A level that is unlocked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unlocked {
    /// When it was unlocked.
    pub since: Timestamp,
    /// Who did it.
    pub actor: String,
}

impl Root {
    /// Returns the names of the levels that are unlocked.
    pub fn unlocked_names(&self) -> BTreeSet<String> {
        self.unlocked.keys().cloned().collect()
    }

    /// Unlocks these levels: from then on, a push publishes them.
    ///
    /// # Errors
    /// [`Refusal::Already`] if all are.
    pub fn unlock(
        root: Option<&Root>,
        levels: &BTreeSet<String>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        let is_unlocked =
            |level: &String| root.is_some_and(|root| root.unlocked.contains_key(level));
        match levels.iter().all(is_unlocked) {
            true => Err(Refusal::Already),
            false => Ok(Root::after(root, stamp).unlocking(levels, stamp)),
        }
    }

    /// Locks these levels: the next release takes back what is published of them.
    ///
    /// # Errors
    /// [`Refusal::Already`] if all are.
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

    /// The same, with these levels unlocked by whoever changes it.
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

    /// The same, with these levels held again.
    #[must_use]
    pub fn relocking(mut self, levels: &BTreeSet<String>) -> Root {
        self.unlocked.retain(|level, _| !levels.contains(level));
        self
    }

    /// Makes sure that what a release publishes of its levels is what they allow now.
    pub(super) fn are_levels_as_seen(root: Option<&Root>, seen: &Seen) -> Result<(), Refusal> {
        let names = root.map(Root::unlocked_names);
        match names.is_none_or(|names| names == seen.unlocked) {
            true => Ok(()),
            false => Err(Refusal::Levels),
        }
    }
}
