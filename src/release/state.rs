//! Documents of releases: the root, and the immutable ones that it refers to. Their place is in
//! `layout.rs`.
//!
//! ```text
//! root.json                    the one document that changes
//! conditions.json              always the same; proves that the storage minds conditions
//! releases/<id>.json           what a release says of itself
//! manifests/<blake3>.json.gz   its objects
//! plain/<token>                what mutable names held, so that a rollback can bring it back
//! sweeps/<epoch>-<nonce>.json.gz  what is being deleted
//! ```

mod documents;
mod swaps;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::Unusable;
use super::layout::{Home, ROOT, owner_of};
use super::root::{Document, Nonce, Owner, ReleaseId, Root, Stamp};
use super::rotate::{Placed, Rightful, moved_away};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Secret;
use crate::base::progress::Progress;
use crate::base::refusal::Guard;
use crate::config::Target;
use crate::hidden;
use crate::levels::OPEN;
use crate::store::{PutMode, Store, Timeouts};

pub use self::swaps::Changed;
pub(super) use self::swaps::Swap;

/// Folder of the release documents, below their state.
pub(super) const RELEASES: &str = "releases/";

/// Number of release documents that are read to find out whether there was a root. Any one written
/// after the first root tells. Their names begin with times, from clocks that may differ.
const LOST_ROOT_READS: usize = 4;

/// Maximum difference between this machine's clock and the storage's for deletions.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(5 * 60);

/// State of a target.
#[derive(Debug, Clone)]
pub struct State {
    store: Arc<dyn Store>,
    /// Maximum number of documents that are read at a time.
    requests: usize,
    actor: String,
    is_within: bool,
    timeouts: Timeouts,
    /// Target that these releases must belong to.
    owner: Option<Owner>,
    /// Right place of the releases, if they are at another key's place.
    rightful: Option<Rightful>,
    /// Root from the old place, used until there is one here.
    inherited: Option<Box<Root>>,
    /// Signal to start nothing new.
    stop: Arc<Progress>,
}

/// Root, and the condition to swap it.
#[derive(Debug, Clone)]
pub struct Held {
    /// Root that was read.
    pub root: Root,
    /// Condition for the write: the version of the document that was read, or that there is none
    /// yet, if the root came from another key's place.
    pub mode: PutMode,
}

impl State {
    /// Creates the state in `store`. Changes are made in the name of `actor`.
    pub fn new(store: Arc<dyn Store>, requests: usize, actor: &str) -> State {
        State {
            store,
            requests,
            actor: actor.to_string(),
            is_within: false,
            timeouts: Timeouts::default(),
            owner: None,
            rightful: None,
            inherited: None,
            stop: Arc::default(),
        }
    }

    /// Returns the state with a signal: once `stop` says so, it starts no further deletion, and no
    /// further round of a change.
    pub fn stopped_by(self, stop: &Arc<Progress>) -> State {
        State {
            stop: Arc::clone(stop),
            ..self
        }
    }

    /// Creates a state in this folder of the target itself.
    pub(super) fn in_folder(
        target: &Arc<dyn Store>,
        folder: &str,
        requests: usize,
        actor: &str,
    ) -> State {
        State {
            is_within: true,
            ..State::new(target.below(folder), requests, actor)
        }
    }

    /// Returns the state with an inherited root: it continues from `root` until there is one here.
    pub(super) fn inheriting(self, root: &Root) -> State {
        State {
            inherited: Some(Box::new(root.clone())),
            ..self
        }
    }

    /// Returns the state with another right place, where it ought to be.
    pub(super) fn out_of_place(self, rightful: Rightful) -> State {
        State {
            rightful: Some(rightful),
            ..self
        }
    }

    pub(super) fn rightful(&self) -> Option<&Rightful> {
        self.rightful.as_ref()
    }

    /// Returns the state at the place of `store`.
    pub(super) fn moved_to(&self, store: &Arc<dyn Store>) -> State {
        State {
            store: Arc::clone(store),
            rightful: None,
            ..self.clone()
        }
    }

    pub(super) fn stop(&self) -> &Progress {
        &self.stop
    }

    /// Returns the state with another timeouts for deletions. Each deletion is sent once per look
    /// at the root.
    pub fn with_timeouts(self, timeouts: Timeouts) -> State {
        State { timeouts, ..self }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns whether the releases are kept in the target itself.
    pub(super) fn is_within(&self) -> bool {
        self.is_within
    }

    /// Opens the state of `target`, whose objects are in `store`: at the place in its
    /// configuration, beside a folder, or [within](State::within) the target. Also returns its
    /// root, which had to be read.
    ///
    /// # Errors
    /// Returns an error if there are no credentials for a separate place, an error of reading, or
    /// [`Error::Refused`] if the releases belong to another target.
    pub async fn open(
        target: &Target,
        store: &Arc<dyn Store>,
        secret: &Secret,
        timeouts: Timeouts,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Option<Held>)> {
        let (state, root) = State::find(target, store, secret, timeouts, requests, actor).await?;
        let state = State {
            owner: Some(owner_of(target, secret)?),
            ..state
        };
        let root = root.map(|held| state.as_ours(held)).transpose()?;
        Ok((state, root))
    }

    /// Does the same for the releases of any target: for [`adopt`](super::adopt::adopt).
    ///
    /// # Errors
    /// Returns the errors of [`State::open`], except the last.
    pub async fn find(
        target: &Target,
        store: &Arc<dyn Store>,
        secret: &Secret,
        timeouts: Timeouts,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Option<Held>)> {
        let home = Home::of(target, secret)?;
        if let Home::Within(_) = home {
            let (state, root) = State::within(store, secret, requests, actor).await?;
            return Ok((state.with_timeouts(timeouts), root));
        }
        let documents = home.open(target, store, timeouts).await?;
        let state = State::new(documents, requests, actor).with_timeouts(timeouts);
        let root = state.root().await?;
        if root.is_none() {
            let releases = state.store.below(RELEASES).list().await?;
            state.refuse_lost_root(releases.keys()).await?;
        }
        Ok((state, root))
    }

    /// Refuses to continue if the root was deleted: a push writes a root before any release, so
    /// every release had one, and it isn't known whether the target was live. `names` has the names
    /// of the release documents.
    pub(super) async fn refuse_lost_root(
        &self,
        names: impl Iterator<Item = impl AsRef<str>>,
    ) -> Result<()> {
        let names = names.filter_map(|name| {
            let id = name.as_ref().strip_suffix(".json")?;
            ReleaseId::try_from(id.to_string()).ok()
        });
        let mut newest: Vec<ReleaseId> = names.collect();
        newest.sort_by(|a, b| b.0.cmp(&a.0));
        for id in newest.iter().take(LOST_ROOT_READS) {
            // A document that can't be read tells nothing.
            let release = self.release(id).await.ok();
            // Another release may have become the first one in the meantime.
            if release.is_some() && self.root().await?.is_none() {
                return Err(Error::refused(
                    Guard::Damaged,
                    format!(
                        "The root of the target's releases is missing, although there are releases, such as {id}: `{ROOT}` was deleted"
                    ),
                    format!(
                        "restore it from the bucket's versions or a copy: it records which release \
                         is current and whether the target is live. If you can't restore it, start \
                         over: move `{RELEASES}`, which is beside it, elsewhere, and push with \
                         `--begin-anew`. For a folder, add `--allow-plain` if the push may \
                         overwrite its pages"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Returns the author of changes.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Returns the time by the storage's clock.
    pub fn now(&self) -> Timestamp {
        let now = self.store.now().unwrap_or_else(SystemTime::now);
        let whole = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        Timestamp::from_second(whole.as_second()).unwrap_or(whole)
    }

    /// Returns the stamp for the next change.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            nonce: Nonce::random(),
            actor: self.actor.clone(),
            at: self.now(),
        }
    }

    /// Checks that this machine's clock and the storage's don't differ much.
    ///
    /// # Errors
    /// Returns an error if this machine's clock is over five minutes off: "older than a day" would
    /// be wrong then.
    pub(super) fn check_clock(&self, here: SystemTime) -> Result<()> {
        let Some(there) = self.store.now() else {
            return Ok(());
        };
        let difference = match there.duration_since(here) {
            Ok(later) => later,
            Err(earlier) => earlier.duration(),
        };
        if difference <= CLOCK_DIFFERENCE_MAX {
            return Ok(());
        }
        Err(Error::refused(
            Guard::Clock,
            format!(
                "The clocks of this machine and the storage differ by {} minutes",
                difference.as_secs() / 60
            ),
            "set this machine's clock; nothing is deleted until then",
        ))
    }

    /// Refuses the root of another target. A root that names no target belongs to the next one that
    /// changes it. The same is true of a root without a release, which a mistyped bucket may leave;
    /// but a push that began there wasn't one to this target.
    fn as_ours(&self, held: Held) -> Result<Held> {
        let root = &held.root;
        match (&self.owner, &root.target) {
            (Some(ours), Some(theirs)) if ours != theirs && root.current.is_some() => {
                Err(of_another_target(theirs, ours))
            }
            (Some(ours), Some(theirs)) if ours != theirs => Ok(Held {
                root: Root {
                    begun: false,
                    ..held.root
                },
                ..held
            }),
            _ => Ok(held),
        }
    }

    /// Reads the current root; none before the first change.
    ///
    /// # Errors
    /// Returns an error if it can't be read, belongs to another target, or has an unknown version:
    /// nothing may be changed then, as if the target were live.
    pub async fn root(&self) -> Result<Option<Held>> {
        let held = self.any_root().await?;
        let held = held.map(|held| self.as_ours(held)).transpose()?;
        if let Some(held) = &held {
            note_root(&held.root);
        }
        Ok(held)
    }

    /// Reads the root, whichever target it belongs to.
    async fn any_root(&self) -> Result<Option<Held>> {
        let (root, mode) = match (self.document().await?, &self.inherited) {
            (Some((Document::Root(root), version)), _) => (root, PutMode::Over(version)),
            (Some((Document::Moved(here), version)), Some(root)) if root.seq > here.root.seq => {
                (root.clone(), PutMode::Over(version))
            }
            (Some((Document::Moved(here), _)), _) => return Err(moved_away(&here)),
            (None, Some(root)) => (root.clone(), PutMode::Create),
            (None, None) => return Ok(None),
        };
        Ok(Some(Held { root: *root, mode }))
    }

    /// Reads the document in the place of the root.
    pub(super) async fn document(&self) -> Result<Placed> {
        let Some((bytes, version)) = self.store.read(ROOT).await? else {
            return Ok(None);
        };
        match Document::parse(&bytes) {
            Ok(document) => Ok(Some((document, version))),
            Err(why) => Err(unusable_root(&why)),
        }
    }

    /// Returns the store that has the documents.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

fn of_another_target(theirs: &Owner, ours: &Owner) -> Error {
    Error::refused(
        Guard::OtherTarget,
        format!(
            "The releases there belong to another target: `{}`, not `{}`",
            crate::base::text::escape(&theirs.to_string()),
            crate::base::text::escape(&ours.to_string())
        ),
        Hint::from("give each target its own `state`; if the bucket was moved or renamed, ")
            .then(Verb::ReleasesAdopt)
            .then(" checks that every object is there and takes over the releases"),
    )
}

fn unusable_root(why: &Unusable) -> Error {
    let message = format!("Cannot use the root of the target's releases: {why}");
    match why {
        Unusable::Newer { .. } => Error::refused(
            Guard::NewerVersion,
            message,
            "upgrade assetsync to the version that wrote it; until then, the target counts as live and nothing is changed",
        ),
        _ => Error::refused(
            Guard::Damaged,
            message,
            format!(
                "restore `{ROOT}` from the bucket's versions or a copy; until then, the target counts as live and nothing is changed"
            ),
        ),
    }
}

/// Notes the files that a root remembers, so that output can hide them.
fn note_root(root: &Root) {
    let left = root.left.iter();
    hidden::note_former(left.map(|left| (OPEN, &*left.path, Some(left.key.as_str()))));
    let takedowns = root.takedowns.iter();
    let taken = takedowns.flat_map(|takedown| takedown.blocked.union(&takedown.others));
    hidden::note_former(taken.map(|path| (OPEN, &**path, None)));
}
