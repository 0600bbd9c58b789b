//! Root: the one object of a target that changes, and all its possible changes. Pure, so that the
//! same code runs in the program, in its model and in its simulation.
//!
//! A change reads the root, makes the next one from it, and writes this only if the root is still
//! the version that was read (compare and swap). The sequence number of each root is one higher
//! than that of the previous one. Each root also has its own nonce, and remembers the nonces of
//! earlier roots. So if the reply to a swap is lost, the root tells whether it succeeded.

mod current;
mod document;
mod levels;
mod live;
mod names;
mod release;
mod swaps;
mod sweeps;
mod takedown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Unusable;
use super::leftover::Leftover;

pub use self::current::{Overwrites, Seen};
pub use self::document::{Document, Moved, parse};
pub use self::levels::Unlocked;
pub use self::live::{Edit, Live};
pub use self::names::{Nonce, ReleaseId};
pub use self::release::{Changes, Commit, Release};
pub use self::swaps::{Swapped, swapped};
pub use self::sweeps::Gc;
pub use self::takedown::{TAKEN_DOWN_MAX, Takedown};

pub(super) use self::document::check_format;

/// Version of [`Root`] and [`Release`] that this crate writes.
pub const VERSION: u32 = 1;

/// Version of [`Moved`]. Programs that don't know it refuse it.
pub const MOVED_VERSION: u32 = 2;

/// Number of nonces that a root remembers. A swap whose reply was lost is recognized unless more
/// changes than this follow.
pub const RECENT_MAX: usize = 32;

/// Number of overtaken releases that a root remembers.
pub const OVERTAKEN_MAX: usize = 32;

/// Number of releases for which a root remembers when a rollback replaced them.
pub const REPLACED_MAX: usize = 64;

const FORMAT: &str = "assetsync root";

/// Upper limit of the counts in a root: every reader of JSON represents smaller numbers exactly,
/// and no count ever reaches it.
const COUNT_MAX: u64 = 1 << 53;

/// Stamp of a change: who makes it, when by the storage's clock, and under which nonce.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Nonce of this change.
    pub nonce: Nonce,
    /// Name for people, such as `ann@laptop`, or the name that a CI gives.
    pub actor: String,
    /// Time by the storage's clock.
    pub at: Timestamp,
}

/// State of the mutable names, compared with the current release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plain {
    /// They show what the current release says.
    Settled,
    /// They are being written, or the run that wrote them was stopped.
    Pending,
}

/// Release that a rollback replaced.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replaced {
    /// Name of the release.
    pub release: ReleaseId,
    /// Time when it was last replaced.
    pub at: Timestamp,
}

/// Target that releases belong to. This alone identifies a target: two targets never share a root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// `s3://bucket/prefix`, without credentials. For a folder target: its path relative to the
    /// folder that has the releases, or its absolute path if the releases are in a bucket.
    pub url: String,
    /// Server of the target, if the releases are on another one. If both are on the same server,
    /// the place of the releases identifies it, under whatever name it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        match &self.server {
            Some(server) => write!(f, " at {server}"),
            None => Ok(()),
        }
    }
}

/// Support of a root's storage for conditional writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conditions {
    /// A test has shown that the storage supports them.
    Proven,
}

/// Root of a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Root {
    /// Always `assetsync root`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// Number of the change; never goes down.
    pub seq: u64,
    /// Nonce of this change.
    pub nonce: Nonce,
    /// Time of this change.
    pub at: Timestamp,
    /// Author of this change.
    pub actor: String,
    /// Target that the root belongs to; none in roots of older versions, until their next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Owner>,
    /// Support of conditional writes by the storage; none if it hasn't been tested, and in folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// True if a first push has started to upload, but there is no release yet: unknown objects in
    /// the target may belong to that push. Otherwise, they belong to releases that are kept
    /// elsewhere or are lost.
    #[serde(default, skip_serializing_if = "is_false")]
    pub begun: bool,
    /// Current release; none before the first push.
    pub current: Option<Release>,
    /// Nonce of the change that made it the current one. After two rollbacks, the same release is
    /// current again, but not in the same state.
    pub switched: Nonce,
    /// Newest release. All retained ones are found from it by [`Release::previous`].
    pub newest: Option<ReleaseId>,
    /// Oldest retained release. Earlier ones have been pruned.
    pub oldest: Option<ReleaseId>,
    /// State of the mutable names of the current release.
    pub plain: Plain,
    /// Manifests of releases that were replaced before their mutable names were settled, the last
    /// first. Another run may still be writing these names, including names that the current
    /// release doesn't have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overtaken: Vec<String>,
    /// Live switch; none if it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// Levels that are published although the configuration holds them, by name. Versions that
    /// don't know this field drop it, and refuse to take such a level back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unlocked: BTreeMap<String, Unlocked>,
    /// Levels that a user locked, and that the next release takes back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub relocked: BTreeSet<String>,
    /// Takedowns, the last first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takedowns: Vec<Takedown>,
    /// Files of earlier releases that can still be fetched although they shouldn't be, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Leftover>,
    /// State of deletions.
    pub gc: Gc,
    /// Releases that rollbacks replaced, the last first. A release that a push replaced isn't here:
    /// the new release refers to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// Earlier nonces, the last first.
    pub recent: Vec<Nonce>,
}

/// Reason why a change of the root isn't allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Another release became the current one in the meantime, even if only for a while.
    LostRace,
    /// Something was or is being deleted, so verified objects may be gone. It is worth verifying
    /// again.
    Moved,
    /// The target is live.
    Live,
    /// A deletion is in progress.
    Sweeping,
    /// Mutable names are still being written.
    Pending,
    /// A level was locked or unlocked in the meantime.
    Levels,
    /// There is nothing to change.
    Already,
}

impl Root {
    /// Creates the root for a target that has none: nothing published, not live.
    fn none(stamp: &Stamp) -> Root {
        Root {
            format: FORMAT.to_string(),
            version: VERSION,
            seq: 0,
            nonce: Nonce(String::new()),
            at: stamp.at,
            actor: String::new(),
            target: None,
            conditions: None,
            begun: false,
            current: None,
            switched: Nonce(String::new()),
            newest: None,
            oldest: None,
            plain: Plain::Settled,
            overtaken: Vec::new(),
            live: None,
            unlocked: BTreeMap::new(),
            relocked: BTreeSet::new(),
            takedowns: Vec::new(),
            left: Vec::new(),
            gc: Gc {
                epoch: 0,
                sweep: None,
            },
            replaced: Vec::new(),
            recent: Vec::new(),
        }
    }

    /// Creates the next root after `root`, with only the stamp changed. Without a root, creates the
    /// first one.
    fn after(root: Option<&Root>, stamp: &Stamp) -> Root {
        let before = root.cloned().unwrap_or_else(|| Root::none(stamp));
        let mut recent = before.recent.clone();
        if root.is_some() {
            recent.insert(0, before.nonce.clone());
            recent.truncate(RECENT_MAX);
        }
        Root {
            seq: before.seq + 1,
            nonce: stamp.nonce.clone(),
            at: stamp.at,
            actor: stamp.actor.clone(),
            recent,
            ..before
        }
    }

    /// Returns the name of the current release.
    pub fn current_id(&self) -> Option<&ReleaseId> {
        self.current.as_ref().map(|release| &release.id)
    }

    /// Returns whether this is the root with `nonce`, or a later one.
    pub fn has(&self, nonce: &Nonce) -> bool {
        self.nonce == *nonce || self.recent.contains(nonce)
    }

    /// Notes that a first push starts to upload. `conditions` is what is known of the storage so
    /// far.
    ///
    /// # Errors
    /// Returns [`Refusal::Already`] if a push began before, or if there is a release.
    pub fn begin(
        root: Option<&Root>,
        conditions: Option<Conditions>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if root.is_some_and(Root::is_begun) {
            Err(Refusal::Already)
        } else {
            Ok(Root {
                begun: true,
                conditions,
                ..Root::after(root, stamp)
            })
        }
    }

    /// Returns whether a push has begun here, or has made a release.
    pub fn is_begun(&self) -> bool {
        self.begun || self.current.is_some()
    }

    /// Gives the releases to another target. They must have been verified in that target, in the
    /// state `seen`.
    ///
    /// # Errors
    /// Returns [`Refusal::Sweeping`] or [`Refusal::Pending`] if the target that they belong to is
    /// still being changed, [`Refusal::LostRace`], [`Refusal::Moved`] or [`Refusal::Already`].
    pub fn adopt(&self, seen: &Seen, target: &Owner, stamp: &Stamp) -> Result<Root, Refusal> {
        if self.gc.sweep.is_some() {
            return Err(Refusal::Sweeping);
        }
        if self.plain == Plain::Pending {
            return Err(Refusal::Pending);
        }
        Root::is_as_seen(Some(self), seen)?;
        if self.target.as_ref() == Some(target) {
            return Err(Refusal::Already);
        }
        Ok(Root {
            target: Some(target.clone()),
            // The target may be in another storage.
            conditions: None,
            ..Root::after(Some(self), stamp)
        })
    }

    fn check_counts(&self) -> Result<(), Unusable> {
        if self.seq.max(self.gc.epoch) < COUNT_MAX {
            Ok(())
        } else {
            Err(Unusable::damaged("its counters are too large"))
        }
    }

    /// Leaves this place for another one, which already has all documents.
    ///
    /// # Errors
    /// Returns [`Refusal::Sweeping`] during a deletion: the names of its objects depend on the
    /// place.
    pub fn leave(&self, stamp: &Stamp) -> Result<Root, Refusal> {
        match self.gc.sweep {
            Some(_) => Err(Refusal::Sweeping),
            None => Ok(Root::after(Some(self), stamp)),
        }
    }

    /// Changes only the stamp: after this change, no swap that was sent earlier can succeed.
    /// Without a root, creates an empty first one.
    pub fn touch(root: Option<&Root>, stamp: &Stamp) -> Root {
        Root::after(root, stamp)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
