//! What was taken down: removed from a target at once, also while it's live, since somebody asked for it by name.
//!
//! A takedown is a change of the release and a sweep in one: the root leads to a release without these files, and says what is
//! being deleted, so that nobody can publish a release that counts on it. It's the one deletion that doesn't wait until a
//! target is open again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::release::leftover::Leftover;

use super::{Gc, Plain, Refusal, Release, Root, Seen, Stamp};

/// How many paths a root remembers that were taken down; the oldest are forgotten first.
pub const TAKEN_DOWN_MAX: usize = 4096;

/// Files that were taken down at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Takedown {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The document that says what was deleted: while the root has it as its sweep, that's going on.
    pub sweep: String,
    /// Logical paths that the release of that time published. No push publishes them again unless it's asked to.
    pub blocked: BTreeSet<String>,
    /// Logical paths of which only earlier releases had objects; and of which somebody published another since.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<String>,
}

impl Takedown {
    fn len(&self) -> usize {
        self.blocked.len() + self.others.len()
    }
}

impl Root {
    /// Takes files down: `to` is the release without them, unless the current one has none of them; `takedown` has the name of
    /// the document that says what is deleted.
    ///
    /// # Errors
    /// [`Refusal::Sweeping`]; [`Refusal::Pending`]: somebody is still writing mutable names, and may write one of these;
    /// [`Refusal::Moved`] and [`Refusal::LostRace`] if it was planned from another root. Never for being live.
    pub fn take_down(
        &self,
        seen: &Seen,
        to: Option<Release>,
        takedown: Takedown,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if self.gc.sweep.is_some() {
            return Err(Refusal::Sweeping);
        }
        if self.plain == Plain::Pending {
            return Err(Refusal::Pending);
        }
        Root::is_as_seen(Some(self), seen)?;
        let mut next = Root::after(Some(self), stamp);
        if let Some(to) = to {
            next.newest = Some(to.id.clone());
            next = next.switched_to(to, Plain::Settled, stamp);
        }
        next.gc = Gc {
            epoch: self.gc.epoch + 1,
            sweep: Some(takedown.sweep.clone()),
        };
        next.takedowns.insert(
            0,
            Takedown {
                at: stamp.at,
                actor: stamp.actor.clone(),
                ..takedown
            },
        );
        next.forget_takedowns();
        Ok(next)
    }

    fn forget_takedowns(&mut self) {
        let mut left = TAKEN_DOWN_MAX;
        self.takedowns.retain(|takedown| {
            let fits = takedown.len() <= left;
            left = if fits { left - takedown.len() } else { 0 };
            fits
        });
    }

    /// Returns the takedown that is going on.
    pub fn taking_down(&self) -> Option<&Takedown> {
        let sweep = self.gc.sweep.as_ref()?;
        let mut takedowns = self.takedowns.iter();
        takedowns.find(|takedown| takedown.sweep == *sweep)
    }

    /// Returns the takedown that keeps a path from being published.
    pub fn blocked(&self, path: &str) -> Option<&Takedown> {
        let mut takedowns = self.takedowns.iter();
        takedowns.find(|takedown| takedown.blocked.contains(path))
    }

    /// Tells whether objects of a path were ever taken down, whatever was published there since.
    pub fn was_taken_down(&self, path: &str) -> bool {
        self.takedowns
            .iter()
            .any(|takedown| takedown.blocked.contains(path) || takedown.others.contains(path))
    }

    /// The same, which has these objects of earlier releases left in the target.
    #[must_use]
    pub fn leaving(self, left: Vec<Leftover>) -> Root {
        Root { left, ..self }
    }

    /// The same, in which these objects are gone.
    #[must_use]
    pub fn without_left(mut self, keys: &BTreeSet<&str>) -> Root {
        self.left.retain(|left| !keys.contains(left.key.as_str()));
        self
    }

    /// The same, in which these paths may be published again.
    #[must_use]
    pub fn putting_back(mut self, paths: &BTreeSet<String>) -> Root {
        for takedown in &mut self.takedowns {
            let back: BTreeSet<String> = takedown.blocked.intersection(paths).cloned().collect();
            takedown.blocked.retain(|path| !back.contains(path));
            takedown.others.extend(back);
        }
        self
    }
}
