//! Takedowns: files removed from a target at once on request, also while it is live.
//!
//! A takedown combines a change of the release and a sweep: the root switches to a release without
//! these files, and says what is being deleted, so that nobody can publish a release that relies on
//! it. It is the only deletion that doesn't wait until the target isn't live.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::release::leftover::Leftover;

use super::{Gc, Plain, Refusal, Release, Root, Seen, Stamp};

/// Maximum number of taken-down paths that a root remembers. The oldest are dropped first.
pub const TAKEN_DOWN_MAX: usize = 4096;

/// Files that were taken down together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Takedown {
    /// Time of the takedown.
    pub at: Timestamp,
    /// User who asked for it.
    pub actor: String,
    /// Reason, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Document that lists what was deleted. While it is the sweep of the root, the takedown is in
    /// progress.
    pub sweep: String,
    /// Logical paths that were published at that time. No push publishes them again unless the user
    /// asks for it.
    pub blocked: BTreeSet<String>,
    /// Logical paths of which only earlier releases had objects, and paths that were published
    /// again since.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<String>,
}

impl Takedown {
    fn len(&self) -> usize {
        self.blocked.len() + self.others.len()
    }
}

impl Root {
    /// Takes files down. `to` is the release without them; none if the current one has none of
    /// them. `takedown` has the name of the document that lists what is deleted.
    ///
    /// # Errors
    /// Returns [`Refusal::Sweeping`]; [`Refusal::Pending`] if mutable names are still being
    /// written, which may include one of these; [`Refusal::Moved`] or [`Refusal::LostRace`] if it
    /// was planned from another root. Never refuses because the target is live.
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

    /// Returns the takedown in progress.
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

    /// Returns whether objects of a path were ever taken down, even if the path was published again
    /// since.
    pub fn was_taken_down(&self, path: &str) -> bool {
        self.takedowns
            .iter()
            .any(|takedown| takedown.blocked.contains(path) || takedown.others.contains(path))
    }

    /// Returns whether objects of a path were taken down after this time.
    pub fn was_taken_down_since(&self, path: &str, at: Timestamp) -> bool {
        let mut since = self.takedowns.iter().filter(|takedown| takedown.at >= at);
        since.any(|takedown| takedown.blocked.contains(path) || takedown.others.contains(path))
    }

    /// Returns the root with these leftovers of earlier releases.
    #[must_use]
    pub fn leaving(self, left: Vec<Leftover>) -> Root {
        Root { left, ..self }
    }

    /// Returns the root without these leftovers, which are deleted.
    #[must_use]
    pub fn without_left(mut self, keys: &BTreeSet<&str>) -> Root {
        self.left.retain(|left| !keys.contains(left.key.as_str()));
        self
    }

    /// Returns the root in which these paths may be published again.
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
