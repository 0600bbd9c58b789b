//! Releases: the contents of a target's site, switched in one step, and switched back.
//!
//! ```text
//! push      (the first: root ─▶) objects ─▶ verify all ─▶ manifest ─▶ release ─▶ root ─▶ plain names
//! rollback             verify all ─────────────────────────▶ root ─▶ plain names
//! prune     list ─▶ plan ─▶ root (sweep) ─▶ delete ─▶ root (idle)
//! takedown  look ─▶ plan ─▶ root (sweep, another release) ─▶ delete ─▶ root (idle)
//! ```
//!
//! The root is one small document. It changes only by compare and swap ([`root`] has all possible
//! changes). Everything else is immutable, and written before the root refers to it. So any reader
//! of the root finds a complete release, whatever else happens. Only plain names, which have no
//! room for two releases at once, are written after the root, by the push that changed it.
//!
//! | module | owns |
//! |---|---|
//! | [`root`] | the root, and all its possible changes; pure |
//! | [`manifest`] | the objects of a release; pure |
//! | [`guard`] | guards that stop a push before it begins; pure |
//! | [`difference`], [`lost`], [`stale`] | changes by a push, files that visitors lose, files that browsers keep; pure |
//! | [`leftover`] | files that can still be fetched although no release publishes them; pure |
//! | [`excused`] | names that may be overwritten while live; pure |
//! | [`forgotten`] | objects of releases that can't be found; pure |
//! | [`former`] | addresses that hidden files had |
//! | [`presence`] | check of the target, for commands that change only the root |
//! | [`unasked`] | guards for a push that may not be intended; pure |
//! | [`layout`] | place of the releases |
//! | [`state`] | documents of releases; compare and swap, resolved if the reply is lost |
//! | [`Unusable`] | reasons why a document can't be used, and hints |
//! | [`verify`] | check that the objects of a release are there |
//! | [`publish`](mod@publish) | from a plan to a release |
//! | [`plain`] | mutable names, once a release is the current one |
//! | [`rollback`](mod@rollback) | return to an earlier release |
//! | [`prune`](mod@prune) | deletions |
//! | [`takedown`] | files that are removed at once on request |
//! | [`adopt`](mod@adopt) | releases for another target |
//! | [`who`] | who publishes, and from which commit |

pub mod adopt;
pub mod difference;
pub mod excused;
pub mod export;
pub mod forgotten;
pub mod former;
pub mod guard;
pub mod layout;
pub mod leftover;
pub mod lost;
pub mod manifest;
mod packed;
pub mod plain;
pub mod presence;
pub mod prune;
pub mod publish;
mod reuse;
pub mod rollback;
pub mod root;
mod rotate;
pub mod stale;
pub mod state;
pub mod takedown;
pub mod unasked;
mod unusable;
pub mod verify;
pub mod who;

use std::sync::Arc;

use crate::base::error::Result;
use crate::base::name::Secret;
use crate::config::Target;
use crate::naming::Build;
use crate::store::{Listing, Store, Stored, Timeouts, Version};
use jiff::Timestamp;
use leftover::Leftover;
use manifest::{Entry, Manifest};
use root::{Plain, Root};
use state::State;
use verify::is_one_there;

pub use unusable::Unusable;

/// Starting point of a push: the root, and the contents of its release.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// Root; none before the first change.
    pub root: Option<Root>,
    /// Manifest of the current release.
    pub manifest: Option<Manifest>,
    /// Source of the knowledge about unchanged objects.
    pub basis: Basis,
}

/// Source of the knowledge that an object is in the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Basis {
    /// It was seen, in a listing or by a request for it.
    #[default]
    Seen,
    /// The release made at this time lists it, and one object of this release was checked.
    Release(Timestamp),
}

impl Base {
    /// Opens the releases of `target`, whose objects are in `store`, and reads the starting point
    /// of a push.
    ///
    /// # Errors
    /// Returns the errors of [`State::open`] and [`Base::read`]: no push can continue from these
    /// releases.
    pub async fn open(
        target: &Target,
        store: &Arc<dyn Store>,
        secret: &Secret,
        timeouts: Timeouts,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Base)> {
        let opened = State::open(target, store, secret, timeouts, requests, actor).await?;
        let (state, held) = opened;
        let base = Base::read(&state, held.map(|held| held.root)).await?;
        Ok((state, base))
    }

    /// Reads the manifest of the root's current release.
    ///
    /// # Errors
    /// Returns an error if it can't be read.
    pub async fn read(state: &State, root: Option<Root>) -> Result<Base> {
        let manifest = match root.as_ref().and_then(|root| root.current.as_ref()) {
            Some(release) => Some(state.manifest(&release.manifest).await?),
            None => None,
        };
        Ok(Base {
            root,
            manifest,
            basis: Basis::Seen,
        })
    }

    /// Lists the target, unless the current release tells its contents. In that case, checks one
    /// object of the release, which shows that the bucket still exists and is still the same.
    /// Remembers which was the case.
    ///
    /// # Errors
    /// Returns an error if the target can't be read.
    pub async fn look(&mut self, store: &dyn Store) -> Result<Option<Listing>> {
        let current = self.root.as_ref().and_then(|root| root.current.as_ref());
        let is_settled = !self.is_pending();
        if let (Some(manifest), Some(current)) = (&self.manifest, current) {
            let is_meant = |entry: &Entry| is_settled || !entry.is_mutable();
            if is_one_there(store, manifest, is_meant).await? {
                self.basis = Basis::Release(current.at);
                return Ok(None);
            }
        }
        let mut listing = store.list().await?;
        self.expect_of(&mut listing);
        Ok(Some(listing))
    }

    /// Replaces the listed facts about immutable names with those from the release. Verification
    /// compares the object with the release, so whatever else was put there isn't taken for right.
    fn expect_of(&self, listing: &mut Listing) {
        let Some(manifest) = &self.manifest else {
            return;
        };
        let expected = manifest.listing();
        for entry in manifest.published().filter(|entry| !entry.is_mutable()) {
            let key = entry.key.as_str();
            if let (Some(there), Some(expected)) = (listing.get_mut(key), expected.get(key)) {
                *there = expected.clone();
            }
        }
    }

    /// Returns the contents of the target, if the current release tells them, so that it needn't be
    /// listed. Mutable names that are in `build` but not in the release are unclear.
    pub fn listing(&self, build: &Build) -> Option<Listing> {
        let manifest = self.manifest.as_ref()?;
        let mut listing = manifest.listing();
        if self.is_pending() {
            for entry in manifest.published().filter(|entry| entry.is_mutable()) {
                let unclear = Stored {
                    token: None,
                    token_is_known: false,
                    version: Version::default(),
                    ..listing.remove(entry.key.as_str()).unwrap_or_default()
                };
                listing.insert(entry.key.to_string(), unclear);
            }
        }
        let mutable = build.published().filter(|object| object.is_mutable());
        for object in mutable {
            listing.entry(object.key.to_string()).or_default();
        }
        Some(listing)
    }

    /// Returns the leftovers that the root remembers: files that can still be fetched although no
    /// release publishes them.
    pub fn left(&self) -> &[Leftover] {
        self.root.as_ref().map_or(&[], |root| &root.left)
    }

    /// Returns whether mutable names may show something else than the current release.
    pub fn is_pending(&self) -> bool {
        self.plain() == Plain::Pending
    }

    fn plain(&self) -> Plain {
        self.root.as_ref().map_or(Plain::Settled, |root| root.plain)
    }
}
