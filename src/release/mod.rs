//! Releases: what a target's site consists of at any time, switched in one step, and back.
//!
//! ```text
//! push      (the first: root ─▶) objects ─▶ verify all ─▶ manifest ─▶ release ─▶ root ─▶ plain names
//! rollback             verify all ─────────────────────────▶ root ─▶ plain names
//! prune     list ─▶ plan ─▶ root (sweep) ─▶ delete ─▶ root (idle)
//! takedown  look ─▶ plan ─▶ root (sweep, another release) ─▶ delete ─▶ root (idle)
//! ```
//!
//! The root is one small document, changed by compare and swap alone ([`root`] has every change there is). Everything else
//! is immutable, and written before the root leads to it: so whoever reads the root finds a whole release, whatever else
//! happens. Only plain names, which have no room for two releases at once, are written after the root: by whoever won it.
//!
//! | module | owns |
//! |---|---|
//! | [`root`] | the root, and every way in which it may change; pure |
//! | [`manifest`] | the objects of a release; pure |
//! | [`guard`] | what stops a push before it begins; pure |
//! | [`difference`], [`lost`], [`stale`] | what a push changes, what visitors lose, what browsers keep; pure |
//! | [`leftover`] | what can still be had although no release publishes it; pure |
//! | [`excused`] | what may be written over while live; pure |
//! | [`forgotten`] | objects of releases that aren't found; pure |
//! | [`former`] | addresses that hidden files had |
//! | [`presence`] | whether the target is there, for what changes the root alone |
//! | [`unasked`] | what stops one without a configuration; pure |
//! | [`layout`] | where these are kept |
//! | [`state`] | their documents; compare and swap, settled when its answer is lost |
//! | [`Unusable`] | why a document can't be used, and what to do |
//! | [`verify`] | whether the objects of a release are there |
//! | [`publish`](mod@publish) | from a plan to a commit |
//! | [`plain`] | mutable names, once a release is the current one |
//! | [`rollback`](mod@rollback) | an earlier release again |
//! | [`prune`](mod@prune) | the only deletions |
//! | [`takedown`] | what somebody asks to be removed at once |
//! | [`adopt`](mod@adopt) | releases for another target |
//! | [`who`] | who publishes, and from which commit |

pub mod adopt;
pub mod difference;
pub mod excused;
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

use crate::build::Build;
use crate::config::Target;
use crate::error::Result;
use crate::name::Secret;
use crate::store::{Listing, Patience, Store, Stored, Version};
use jiff::Timestamp;
use leftover::Leftover;
use manifest::{Entry, Manifest};
use root::{Plain, Root};
use state::State;
use verify::is_one_there;

pub use unusable::Unusable;

/// What a push begins with: the root, and what its release consists of.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// None before the first change.
    pub root: Option<Root>,
    /// Of the current release.
    pub manifest: Option<Manifest>,
    /// What is known of objects that nothing is to be done to.
    pub basis: Basis,
}

/// Where it's known from that an object is in the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Basis {
    /// It was seen: in a listing, or by itself.
    #[default]
    Seen,
    /// The release that was made then says so, and one of its objects was looked at.
    Release(Timestamp),
}

impl Base {
    /// Opens the releases of `target`, whose objects are in `store`, and reads what every push begins with.
    ///
    /// # Errors
    /// As for [`State::open`] and [`Base::read`]: no push can go on from these releases.
    pub async fn open(
        target: &Target,
        store: &Arc<dyn Store>,
        secret: &Secret,
        patience: Patience,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Base)> {
        let opened = State::open(target, store, secret, patience, requests, actor).await?;
        let (state, held) = opened;
        let base = Base::read(&state, held.map(|held| held.root)).await?;
        Ok((state, base))
    }

    /// Reads the manifest of the root's current release.
    ///
    /// # Errors
    /// It can't be read.
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

    /// Lists the target, unless the current release tells what is in it: then one object of it is looked at, which shows that the
    /// bucket is still there, and still this one. Remembers which it was.
    ///
    /// # Errors
    /// The target can't be looked at.
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

    /// What is there under a name that never changes is held against the release when it's verified: so here it's what the release
    /// says of it, or whatever somebody put there would be taken for right.
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

    /// What is in the target, if the current release tells: then nobody has to list it. What is under mutable names that
    /// it doesn't have, but `build` has, is unclear.
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

    /// Returns what the root remembers of what can still be had, although no release publishes it.
    pub fn left(&self) -> &[Leftover] {
        self.root.as_ref().map_or(&[], |root| &root.left)
    }

    /// Whether mutable names may show something else than the current release says.
    pub fn is_pending(&self) -> bool {
        self.plain() == Plain::Pending
    }

    fn plain(&self) -> Plain {
        self.root.as_ref().map_or(Plain::Settled, |root| root.plain)
    }
}
