//! The documents of releases: the root, and the immutable ones that it leads to. `layout.rs` has their place.
//!
//! ```text
//! root.json                    the one document that changes
//! conditions.json              always the same; proves that the storage minds conditions
//! releases/<id>.json           what a release says of itself
//! manifests/<blake3>.json.gz   its objects
//! plain/<token>                what mutable names held, so that a rollback can bring it back
//! sweeps/<epoch>-<nonce>.json.gz  what is being deleted
//! ```

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::Unusable;
use super::layout::{Home, ROOT, owner_of};
use super::manifest::Manifest;
use super::packed::{TOO_LARGE, pack, unpack};
use super::root::{
    self, Conditions, Document, Nonce, Owner, Refusal, Release, ReleaseId, Root, Stamp, Swapped,
    swapped,
};
use super::rotate::{Placed, Rightful, moved_away};
use crate::build::Object;
use crate::config::Target;
use crate::encode::content_of;
use crate::error::{Error, Result};
use crate::hidden;
use crate::name::{Secret, Token};
use crate::progress::Progress;
use crate::store::{
    DOCUMENT_BYTES_MAX, Listing, Patience, PutMode, Store, StoreError, StoreErrorKind, called,
};

/// Where the documents of releases are, below their state.
pub(super) const RELEASES: &str = "releases/";

/// A document that proves that the storage minds what a write expects; always the same.
const CONDITIONS: &str = "conditions.json";

/// How many of them are read to find out whether there was a root. Any that was written once there was one tells; they are
/// called after the time, by clocks that may differ.
const LOST_ROOT_READS: usize = 4;

/// How many manifests are in memory at a time.
const MANIFESTS_AT_ONCE: usize = 4;

/// How often a swap is sent whose outcome can't be told.
const SWAPS_MAX: usize = 3;

/// How often a change is made anew because the root was changed in something else meanwhile.
const ROUNDS_MAX: usize = 20;

/// How far this machine's clock may be from the storage's where something is deleted.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(5 * 60);

/// The state of a target.
#[derive(Debug, Clone)]
pub struct State {
    store: Arc<dyn Store>,
    /// Documents read at a time.
    requests: usize,
    actor: String,
    is_within: bool,
    patience: Patience,
    /// Whose releases these have to be.
    owner: Option<Owner>,
    /// Where the releases have to be, if they are at another key's place.
    rightful: Option<Rightful>,
    /// The root they came with, until there's one here.
    inherited: Option<Box<Root>>,
    /// Tells when to begin nothing new.
    stop: Arc<Progress>,
}

/// What became of a change of the root.
#[derive(Debug)]
pub enum Changed {
    /// It's the root now, or was.
    Done(Root),
    /// It may not be, given the root that was there.
    Refused(Refusal, Option<Root>),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Swap {
    Done,
    Lost,
}

/// A root, and what has to be there for it to be swapped.
#[derive(Debug, Clone)]
pub struct Held {
    /// The root.
    pub root: Root,
    /// This version; nothing yet, if the root came from another key's place.
    pub mode: PutMode,
}

impl State {
    /// The state in `store`, changed in the name of `actor`.
    pub fn new(store: Arc<dyn Store>, requests: usize, actor: &str) -> State {
        State {
            store,
            requests,
            actor: actor.to_string(),
            is_within: false,
            patience: Patience::default(),
            owner: None,
            rightful: None,
            inherited: None,
            stop: Arc::default(),
        }
    }

    /// The same, which begins no further deletion, nor another round of a change, once `stop` says so.
    pub fn stopped_by(self, stop: &Arc<Progress>) -> State {
        State {
            stop: Arc::clone(stop),
            ..self
        }
    }

    /// A state in the target itself, in this folder of it.
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

    /// The same, which goes on from `root` until there's one here.
    pub(super) fn inheriting(self, root: &Root) -> State {
        State {
            inherited: Some(Box::new(root.clone())),
            ..self
        }
    }

    /// The same, which ought to be elsewhere.
    pub(super) fn out_of_place(self, rightful: Rightful) -> State {
        State {
            rightful: Some(rightful),
            ..self
        }
    }

    pub(super) fn rightful(&self) -> Option<&Rightful> {
        self.rightful.as_ref()
    }

    /// The same at the place of `store`.
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

    /// The same, with another patience for deletions, each of which is sent once for each look at the root.
    pub fn patient(self, patience: Patience) -> State {
        State { patience, ..self }
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Whether releases are kept in the target itself.
    pub(super) fn is_within(&self) -> bool {
        self.is_within
    }

    /// The state of `target`, whose objects are in `store`: where its configuration says, beside a folder, or [within](State::within)
    /// the target. And its root, which had to be read for that.
    ///
    /// # Errors
    /// No credentials for a place of its own, or what looking for it gives. [`Error::Refused`]: these releases are another target's.
    pub async fn open(
        target: &Target,
        store: &Arc<dyn Store>,
        secret: &Secret,
        patience: Patience,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Option<Held>)> {
        let (state, root) = State::find(target, store, secret, patience, requests, actor).await?;
        let state = State {
            owner: Some(owner_of(target, secret)?),
            ..state
        };
        let root = root.map(|held| state.as_ours(held)).transpose()?;
        Ok((state, root))
    }

    /// The same, whoever's releases these are: for [`adopt`](super::adopt::adopt).
    ///
    /// # Errors
    /// As for [`State::open`], but for the last.
    pub async fn find(
        target: &Target,
        store: &Arc<dyn Store>,
        secret: &Secret,
        patience: Patience,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Option<Held>)> {
        let home = Home::of(target, secret)?;
        if let Home::Within(_) = home {
            let (state, root) = State::within(store, secret, requests, actor).await?;
            return Ok((state.patient(patience), root));
        }
        let documents = home.open(target, store, patience).await?;
        let state = State::new(documents, requests, actor).patient(patience);
        let root = state.root().await?;
        if root.is_none() {
            let releases = state.store.below(RELEASES).list().await?;
            state.refuse_lost_root(releases.keys()).await?;
        }
        Ok((state, root))
    }

    /// Without a root there are no releases, but for some that never came to be the current one: none of these has one before it.
    /// Any other had a root, and nobody knows whether it was live. `names` are those of the releases' documents.
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
            // What can't be read tells nothing.
            let release = self.release(id).await.ok();
            // Another one may have become the first meanwhile.
            if release.is_some_and(|release| release.previous.is_some())
                && self.root().await?.is_none()
            {
                return Err(Error::Refused {
                    message: format!(
                        "The root of the target's releases is gone, though there are releases, such as {id}: somebody deleted `{ROOT}`"
                    ),
                    hint: format!(
                        "put it back, from the bucket's versions or a copy: it tells which release is the current one, and whether the target is live. Only if all is to begin anew, move `{RELEASES}` beside it away, and push with `--begin-anew`"
                    ),
                });
            }
        }
        Ok(())
    }

    /// Who changes it.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The storage's clock.
    pub fn now(&self) -> Timestamp {
        let now = self.store.now().unwrap_or_else(SystemTime::now);
        let whole = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        Timestamp::from_second(whole.as_second()).unwrap_or(whole)
    }

    /// For the next change.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            nonce: Nonce::random(),
            actor: self.actor.clone(),
            at: self.now(),
        }
    }

    /// Fails if this machine's clock and the storage's are far apart.
    ///
    /// # Errors
    /// This machine's clock is over five minutes off: then "older than a day" isn't what it seems.
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
        Err(Error::Refused {
            message: format!(
                "This machine's clock and the storage's are {} minutes apart",
                difference.as_secs() / 60
            ),
            hint: "set this machine's clock: nothing is deleted before".to_string(),
        })
    }

    /// Refuses the root of another target. One that names none belongs to whoever changes it next; so does one without a release,
    /// as a mistyped bucket leaves it: but what began there was no push to this target.
    fn as_ours(&self, held: Held) -> Result<Held> {
        let root = &held.root;
        match (&self.owner, &root.target) {
            (Some(ours), Some(theirs)) if ours != theirs && root.current.is_some() => Err(Error::Refused {
                message: format!(
                    "The releases that are kept there belong to another target: `{}`, not `{}`",
                    crate::error::escape(&theirs.to_string()),
                    crate::error::escape(&ours.to_string())
                ),
                hint: "give each target a `state` of its own; if the bucket was moved or renamed, `assetsync releases adopt` checks that every object is there, and takes the releases over".to_string(),
            }),
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

    /// The root as it is now; none before the first change.
    ///
    /// # Errors
    /// It can't be read, is another target's, or is of a version that isn't known: then nothing may be changed, as if the target were live.
    pub async fn root(&self) -> Result<Option<Held>> {
        let held = self.any_root().await?;
        let held = held.map(|held| self.as_ours(held)).transpose()?;
        if let Some(held) = &held {
            hidden::note_root(&held.root);
        }
        Ok(held)
    }

    /// The root, whosever it is.
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

    /// What is in the place of the root.
    pub(super) async fn document(&self) -> Result<Placed> {
        let Some((bytes, version)) = self.store.read(ROOT).await? else {
            return Ok(None);
        };
        match Document::parse(&bytes) {
            Ok(document) => Ok(Some((document, version))),
            Err(why) => Err(Error::Refused {
                message: format!("The root of the target's releases can't be used: {why}"),
                hint: match why {
                    Unusable::Newer { .. } => "install a newer assetsync, as whoever wrote it has: what can't be read counts as live, and nothing is changed".to_string(),
                    _ => format!("what can't be read counts as live: nothing is changed. Put `{ROOT}` back as it was, from the bucket's versions or a copy"),
                },
            }),
        }
    }

    /// Changes the root by compare and swap: `change` makes the next one from what is there, and is asked again if
    /// somebody else was faster, in something that may not matter to it.
    ///
    /// # Errors
    /// [`Error::Unknown`] if nothing tells whether it was done.
    pub async fn change(
        &self,
        mut change: impl FnMut(Option<&Root>, &Stamp) -> Result<Root, Refusal>,
    ) -> Result<Changed> {
        for round in 0..ROUNDS_MAX {
            if round > 0 && self.stop.is_stopped() {
                return Err(Error::Interrupted);
            }
            let held = self.root().await?;
            let stamp = self.stamp();
            let next = match change(held.as_ref().map(|held| &held.root), &stamp) {
                Ok(next) => self.owned(next),
                Err(refusal) => return Ok(Changed::Refused(refusal, held.map(|held| held.root))),
            };
            let next = Document::Root(Box::new(next));
            if self.swap(held, &next).await? == Swap::Done {
                return Ok(Changed::Done(next.root().clone()));
            }
        }
        Err(Error::Refused {
            message: "The root of the target's releases changes all the time".to_string(),
            hint: "who else is publishing? try again in a minute".to_string(),
        })
    }

    /// The same, with the name of the target in it.
    fn owned(&self, root: Root) -> Root {
        Root {
            target: self.owner.clone().or(root.target),
            ..root
        }
    }

    /// Writes `next` if the root is still `held`.
    pub(super) async fn swap(&self, held: Option<Held>, next: &Document) -> Result<Swap> {
        let mode = held.map_or(PutMode::Create, |held| held.mode);
        let bytes = match next {
            Document::Root(root) => serde_json::to_vec_pretty(root),
            Document::Moved(moved) => serde_json::to_vec_pretty(moved),
        };
        let bytes = Bytes::from(bytes.expect("strings are JSON"));
        let mut doubt: Option<StoreError> = None;
        for _ in 0..SWAPS_MAX {
            let error = match self.store.write(ROOT, bytes.clone(), &mode).await {
                Ok(_) => return Ok(Swap::Done),
                Err(error) => error,
            };
            // Whatever it says, the root knows better: an earlier try of the same request may have been done.
            let now = match self.document().await {
                Ok(now) => now,
                Err(_) if is_definite(error.kind) && doubt.is_none() => return Err(error.into()),
                Err(_) => return Err(unknown(&error)),
            };
            match swapped(next.root(), now.as_ref().map(|(now, _)| now.root())) {
                Swapped::Done => return Ok(Swap::Done),
                Swapped::Lost => return Ok(Swap::Lost),
                Swapped::Unknown => return Err(unknown(&error)),
                Swapped::NotYet if is_definite(error.kind) && doubt.is_none() => {
                    return Err(error.into());
                }
                Swapped::NotYet => doubt = Some(error),
            }
        }
        Err(unknown(
            &doubt.expect("every try either returned or left a doubt"),
        ))
    }

    /// Writes a document that never changes. Done if it's there already, byte for byte.
    ///
    /// # Errors
    /// What writing gives; something else is there.
    pub(super) async fn keep(&self, key: &str, bytes: Bytes) -> Result<()> {
        match self.create(key, bytes).await? {
            None => Ok(()),
            Some(_) => Err(taken(key)),
        }
    }

    /// Writes a document unless there is one. What is there instead, if it's another one.
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Option<Bytes>> {
        let error = match self.store.write(key, bytes.clone(), &PutMode::Create).await {
            Ok(_) => return Ok(None),
            Err(error) if is_definite(error.kind) => return Err(error.into()),
            Err(error) => error,
        };
        match self.store.read(key).await? {
            Some((there, _)) => Ok((there != bytes).then_some(there)),
            None => Err(error.into()),
        }
    }

    /// Writes a manifest and reads it back. Returns its name. The same one, packed otherwise by another version, serves as well.
    pub(super) async fn keep_manifest(&self, manifest: &Manifest) -> Result<String> {
        let (packed, digest) = manifest.pack();
        let digest = digest.to_hex().to_string();
        self.create(&manifest_key(&digest), packed).await?;
        match self.manifest(&digest).await? == *manifest {
            true => Ok(digest),
            false => {
                let why = Unusable::damaged("it isn't what was written");
                Err(why.error("manifest", &digest))
            }
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// It's missing, damaged, or of another version.
    pub async fn manifest(&self, digest: &str) -> Result<Manifest> {
        let key = manifest_key(digest);
        let Some((packed, _)) = self.store.read(&key).await? else {
            return Err(Unusable::Gone.error("manifest", digest));
        };
        let read = move |digest: String| Manifest::unpack(&packed, &digest);
        let name = digest.to_string();
        // Rayon works on it: not on a thread of the network's.
        let manifest = tokio::task::spawn_blocking(move || read(name))
            .await
            .expect("reading a manifest doesn't panic");
        let manifest = manifest.map_err(|why| why.error("manifest", digest))?;
        hidden::note_release(&manifest);
        Ok(manifest)
    }

    /// Reads the manifests of these releases, each once and few at a time, since each may be of 100,000 objects.
    ///
    /// # Errors
    /// As for [`State::manifest`].
    pub(super) async fn each_manifest(
        &self,
        releases: &[Release],
        mut take: impl FnMut(&Manifest),
    ) -> Result<()> {
        let digests: BTreeSet<&str> = releases.iter().map(|r| r.manifest.as_str()).collect();
        let mut manifests = stream::iter(digests)
            .map(|digest| self.manifest(digest))
            .buffer_unordered(self.requests.min(MANIFESTS_AT_ONCE));
        while let Some(manifest) = manifests.next().await {
            take(&manifest?);
        }
        Ok(())
    }

    pub(super) async fn keep_release(&self, release: &Release) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(&ReleaseDocument::of(release)).expect("strings are JSON");
        self.keep(&release_key(&release.id), json.into()).await
    }

    /// Tries whether the storage minds what a write expects, which all swaps of the root rely on: a document that is the same for
    /// all is written as if nothing were there, until that is refused. None for a folder, which minds it.
    ///
    /// # Errors
    /// [`Error::Refused`]: the storage doesn't.
    pub(super) async fn try_conditions(&self) -> Result<Option<Conditions>> {
        if self.store.control().is_none() {
            return Ok(None);
        }
        let json =
            Bytes::from_static(b"{\n  \"format\": \"assetsync conditions\",\n  \"version\": 1\n}");
        let mut is_there = false;
        // Once to have it there.
        for _ in 0..=SWAPS_MAX {
            let put = self
                .store
                .write(CONDITIONS, json.clone(), &PutMode::Create)
                .await;
            match put.map_err(|error| (error.kind, error)) {
                Ok(_) if is_there => return Err(ignores_conditions()),
                Ok(_) => is_there = true,
                Err((StoreErrorKind::Precondition, _)) => return Ok(Some(Conditions::Proven)),
                // A reply was lost, perhaps that of a refusal.
                Err((StoreErrorKind::OutcomeUnknown, _)) => {}
                Err((_, error)) => return Err(error.into()),
            }
        }
        let message = "Nothing tells whether the storage minds `If-None-Match`: replies are lost";
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint("push again: what visitors see is as it was")
            .into())
    }

    /// Reads what a release says of itself.
    ///
    /// # Errors
    /// It's missing, damaged, or of another version.
    pub async fn release(&self, id: &ReleaseId) -> Result<Release> {
        match self.store.read(&release_key(id)).await? {
            None => Err(Unusable::Gone.error("release", &id.0)),
            Some((json, _)) => {
                ReleaseDocument::parse(&json).map_err(|why| why.error("release", &id.0))
            }
        }
    }

    /// The retained releases, the newest first.
    ///
    /// # Errors
    /// One of them can't be read.
    pub async fn retained(&self, root: &Root) -> Result<Vec<Release>> {
        let Some(newest) = &root.newest else {
            return Ok(Vec::new());
        };
        // The usual few are read one after the other; of many, all at once.
        let mut chain = Vec::new();
        let mut next = Some(newest.clone());
        let mut all = None;
        while let Some(id) = next {
            let release = match (&mut all, chain.len()) {
                (None, 0..4) => self.release(&id).await,
                (None, _) => take(all.insert(self.all_releases().await?), &id),
                (Some(all), _) => take(all, &id),
            }?;
            next = release
                .previous
                .clone()
                .filter(|_| root.oldest.as_ref() != Some(&id));
            chain.push(release);
        }
        Ok(chain)
    }

    /// All there are: what isn't needed may be damaged, or pruned at this moment.
    async fn all_releases(&self) -> Result<HashMap<ReleaseId, Result<Release>>> {
        let listing = self.store.below(RELEASES).list().await?;
        let ids = listing
            .into_keys()
            .filter_map(|key| ReleaseId::try_from(key.strip_suffix(".json")?.to_string()).ok());
        let reads = ids.map(|id| async move { (id.clone(), self.release(&id).await) });
        let reads = stream::iter(reads).buffer_unordered(self.requests);
        Ok(reads.collect().await)
    }

    /// Keeps what a mutable name will hold. The same content, gzipped otherwise or not at all, serves as well.
    pub(super) async fn keep_plain(&self, object: &Object, bytes: Bytes) -> Result<()> {
        let key = plain_key(object.token);
        match self.create(&key, bytes).await? {
            Some(there) if content_of(&there, &object.digest, object.size_bytes).is_none() => {
                Err(taken(&key))
            }
            _ => Ok(()),
        }
    }

    /// What a mutable name held, as it was stored; none if it was too large to be kept.
    pub(super) async fn plain(&self, token: Token) -> Result<Option<Bytes>> {
        Ok(self
            .store
            .read(&plain_key(token))
            .await?
            .map(|(bytes, _)| bytes))
    }

    /// Everything there is, but for the root.
    pub(super) async fn documents(&self) -> Result<Listing> {
        let mut listing = self.store.list().await?;
        listing.remove(ROOT);
        Ok(listing)
    }

    /// Keeps what [`State::packed`] reads: nothing larger than it does.
    pub(super) async fn keep_packed(&self, key: &str, text: &[u8]) -> Result<()> {
        if text.len() > DOCUMENT_BYTES_MAX {
            let message = format!("Cannot write {}: {TOO_LARGE}", called(key));
            return Err(StoreError::new(StoreErrorKind::Other, message).into());
        }
        self.keep(key, pack(text)).await
    }

    pub(super) async fn packed(&self, key: &str) -> Result<Vec<u8>> {
        match self.store.read(key).await? {
            None => Err(Unusable::Gone.error("document", key)),
            Some((packed, _)) => unpack(&packed)
                .map(|blocks| blocks.concat().into_bytes())
                .map_err(|why| why.error("document", key)),
        }
    }

    /// The store that has the documents.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

fn taken(key: &str) -> Error {
    let message = format!("Cannot write {}: something else is there", called(key));
    StoreError::new(StoreErrorKind::Other, message)
        .hint("it's damaged, or somebody else's: move it away, and try again")
        .into()
}

/// Two who push at once would write over each other.
fn ignores_conditions() -> Error {
    Error::Refused {
        message: "No release was made: where the releases are kept, the storage ignores the condition of a create (If-None-Match, ifGenerationMatch=0), so that two who push at once would write over each other".to_string(),
        hint: "keep the releases on a storage with conditional writes (`state`); Ceph's radosgw has none in versioned buckets, so suspend versioning there, or, where a bucket has object lock, take another one. `assetsync doctor` tells more".to_string(),
    }
}

/// Whether an error says that nothing was done, and another try won't do it.
fn is_definite(kind: StoreErrorKind) -> bool {
    use StoreErrorKind::*;
    !matches!(kind, Precondition | OutcomeUnknown)
}

fn manifest_key(digest: &str) -> String {
    format!("manifests/{digest}.json.gz")
}

fn release_key(id: &ReleaseId) -> String {
    format!("{RELEASES}{id}.json")
}

fn plain_key(token: Token) -> String {
    format!("plain/{token}")
}

/// The root is still the one that was read, and the storage says each time that it isn't. Seen on Ceph's radosgw 16: of what was
/// written while a bucket was versioned, it finds no version to be the same, and suspending that later doesn't help.
const NEVER_SWAPPED: &str = "the storage lets nobody write over the root that is there, as some servers do in a bucket that is or was versioned (Ceph's radosgw 16): no further try helps. Keep the releases in a new bucket (`state`, then `assetsync push --begin-anew`): no object is uploaded again for that; or publish to one";

/// What is told when nothing tells.
fn unknown(error: &StoreError) -> Error {
    Error::Unknown {
        message: format!("Whether it is done isn't known: {error}"),
        hint: match error.kind {
            StoreErrorKind::Precondition => NEVER_SWAPPED,
            _ => "`assetsync resolve` finds out",
        }
        .to_string(),
    }
}

/// What was read of `id`. Each is there once, so a row of releases that leads back to itself ends.
fn take(all: &mut HashMap<ReleaseId, Result<Release>>, id: &ReleaseId) -> Result<Release> {
    all.remove(id)
        .unwrap_or_else(|| Err(Unusable::Gone.error("release", &id.0)))
}

/// A release as a document.
#[derive(serde::Serialize, serde::Deserialize)]
struct ReleaseDocument {
    format: String,
    version: u32,
    #[serde(flatten)]
    release: Release,
}

impl ReleaseDocument {
    const FORMAT: &str = "assetsync release";

    fn of(release: &Release) -> ReleaseDocument {
        ReleaseDocument {
            format: ReleaseDocument::FORMAT.to_string(),
            version: root::VERSION,
            release: release.clone(),
        }
    }

    fn parse(json: &[u8]) -> Result<Release, Unusable> {
        root::check_format(json, ReleaseDocument::FORMAT, root::VERSION)?;
        let document: ReleaseDocument = serde_json::from_slice(json).map_err(Unusable::damaged)?;
        Ok(document.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = include_str!("../../tests/data/release/v1.json");

    #[test]
    fn version_1_of_a_release_still_loads_and_a_newer_one_is_refused() {
        let release = ReleaseDocument::parse(V1.as_bytes()).expect("loads");
        assert_eq!((release.files, release.held), (3, 1));
        let newer = V1.replace("\"version\": 1", "\"version\": 2");
        let why = ReleaseDocument::parse(newer.as_bytes()).expect_err("refused");
        let (version, known) = (2, root::VERSION);
        assert_eq!(why, Unusable::Newer { version, known });
    }
}
