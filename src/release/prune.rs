//! The only deletions. What is deleted is announced in the root first: from then on, nobody can commit a release that
//! counts on it; then it's deleted, each object in the very version that was seen; then the root says that all is gone.
//! A prune that was interrupted is finished, never given up: nobody knows what it deleted already.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Unusable;
use super::guard;
use super::rollback::nothing_published;
use super::root::{self, Nonce, Refusal, Release, ReleaseId, Replaced, Root, Seen};
use super::state::{Changed, FOLDER, Home, State};
use crate::error::{Error, Result};
use crate::name::Token;
use crate::path::ObjectKey;
use crate::store::{
    Listing, PutMode, Store, StoreError, StoreErrorKind, Stored, Version, token_in_name,
};

/// How old what the root says may be when something is deleted: whoever finished this sweep meanwhile has deleted all of it, and
/// somebody may have put it there again. Where a version is no more than a checksum, as on S3, it would be deleted.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// The longest time between two tries of a deletion.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// What the names of probes begin with.
const PROBE: &str = "probe-";

const FORMAT: &str = "assetsync sweep";
const VERSION: u32 = 1;

/// What is kept. A release is kept if any of these says so; the current one and all newer ones always are.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// So many releases.
    pub releases: usize,
    /// Releases that were the current one less than this long ago, and objects written less than this long ago.
    pub age: Duration,
}

/// What a prune will delete.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Releases that can't be rolled back to any more.
    pub dropped: Vec<Release>,
    /// How many stay.
    pub retained: usize,
    /// Objects of the target.
    pub objects: Vec<Garbage>,
    /// Documents of the releases.
    pub documents: Vec<Garbage>,
    /// What isn't needed either, but stays since it's young.
    pub young: Option<Young>,
    oldest: ReleaseId,
    seen: Seen,
}

/// Objects that no retained release needs, too young to be deleted: those that look like ours by what a listing tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Young {
    /// How many.
    pub objects: u64,
    /// As stored, in bytes.
    pub bytes: u64,
    /// When the first of them may be deleted.
    pub from: SystemTime,
    /// When the last may.
    pub until: SystemTime,
}

/// Something that no retained release needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Garbage {
    /// Its key.
    pub key: String,
    /// The version that was seen.
    pub version: String,
    /// As stored, in bytes.
    pub bytes: u64,
}

/// As it's written before anything is deleted.
#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    objects: Vec<Garbage>,
    documents: Vec<Garbage>,
}

impl Sweep {
    /// Whether nothing is to be deleted.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.documents.is_empty()
    }

    /// Bytes to be freed.
    pub fn bytes(&self) -> u64 {
        self.objects
            .iter()
            .chain(&self.documents)
            .map(|garbage| garbage.bytes)
            .sum()
    }
}

/// Decides what is deleted. Changes nothing. `here` is this machine's clock.
///
/// # Errors
/// [`Error::Refused`]: live, a sweep that isn't finished, plain names that aren't, a clock that is off, another key's releases beside these.
pub async fn plan(
    store: &Arc<dyn Store>,
    state: &State,
    keep: Keep,
    requests: usize,
    here: SystemTime,
) -> Result<Sweep> {
    let root = state
        .root()
        .await?
        .map(|held| held.root)
        .ok_or_else(nothing_published)?;
    let seen = Root::seen(Some(&root));
    let current = root.current_id().cloned().ok_or_else(nothing_published)?;
    // As the swap will say; before anybody waits for a listing.
    let stamp = state.stamp();
    root.begin_sweep(&seen, String::new(), current.clone(), &stamp)
        .map_err(|refusal| guard::refused(refusal, Some(&root)))?;
    state.check_clock(here)?;
    let now = state.now();
    let chain = state.retained(&root).await?;
    let (retained, dropped) = split(chain, &current, &root.replaced, keep, now);
    let needed = Needed::of(state, &retained, requests).await?;
    let is_old = |stored: &Stored| match stored.modified.map(Timestamp::try_from) {
        Some(Ok(at)) => age(at, now) >= keep.age,
        _ => false,
    };
    let listing = store.list().await?;
    refuse_others(&listing, state)?;
    // Left by a prune that was stopped.
    let probes: Vec<Garbage> = listing
        .iter()
        .filter(|(key, stored)| is_probe(key) && is_old(stored))
        .map(|(key, stored)| garbage(key.clone(), stored))
        .collect();
    let (mut old, young): (Vec<_>, Vec<_>) = listing
        .into_iter()
        .filter(|(key, _)| !key.starts_with(FOLDER) && !needed.keys.contains(key))
        .partition(|(_, stored)| is_old(stored));
    old.sort_by(|a, b| a.0.cmp(&b.0));
    let mut objects = ours(store, old, requests).await?;
    objects.extend(probes);
    let mut documents: Vec<Garbage> = state
        .documents()
        .await?
        .into_iter()
        .filter(|(key, stored)| {
            is_document(key) && !needed.documents.contains(key) && is_old(stored)
        })
        .map(|(key, stored)| garbage(key, &stored))
        .collect();
    documents.sort_by(|a, b| a.key.cmp(&b.key));
    let oldest = retained
        .last()
        .map_or(current, |release| release.id.clone());
    Ok(Sweep {
        dropped,
        retained: retained.len(),
        objects,
        documents,
        young: Young::of(&young, keep.age),
        oldest,
        seen,
    })
}

impl Young {
    fn of(young: &[(String, Stored)], age: Duration) -> Option<Young> {
        let ours = || {
            let ours = young
                .iter()
                .filter(|(key, stored)| match stored.token_is_known {
                    true => is_ours(key, stored),
                    false => token_in_name(key).is_some(),
                });
            ours.filter_map(|(_, stored)| Some((stored, stored.modified?)))
        };
        let times = || ours().map(|(_, modified)| modified + age);
        Some(Young {
            objects: ours().count() as u64,
            bytes: ours().map(|(stored, _)| stored.size_bytes).sum(),
            from: times().min()?,
            until: times().max()?,
        })
    }
}

/// The releases of another key, of those who don't know that ours are kept elsewhere, or of a target that is below this one,
/// need objects that ours don't.
fn refuse_others(listing: &Listing, state: &State) -> Result<()> {
    let ours = match state.home() {
        Home::Within => 1,
        Home::Elsewhere => 0,
    };
    let folders: BTreeSet<&str> = listing.keys().filter_map(|key| releases_in(key)).collect();
    let within = folders
        .iter()
        .filter(|folder| folder.starts_with(FOLDER))
        .count();
    let Some(other) = folders
        .iter()
        .find(|folder| !folder.starts_with(FOLDER) || within > ours)
    else {
        return Ok(());
    };
    // What follows is known by the key alone.
    let place = match other.find(FOLDER) {
        Some(at) => &other[..at + FOLDER.len()],
        None => other,
    };
    Err(Error::Refused {
        message: format!(
            "The target has other releases in `{}`, made with another key or another `state`, or of another target",
            crate::error::escape(place)
        ),
        hint: "nothing is deleted, since they may need it; publish each to a prefix of its own"
            .to_string(),
    })
}

/// The folder that has releases, if `key` is that of one.
fn releases_in(key: &str) -> Option<&str> {
    let (folder, name) = match key.rsplit_once("/releases/") {
        Some((folder, _)) => (folder, &key[folder.len() + 1..]),
        None => return None,
    };
    is_document(name).then_some(folder)
}

/// Whether something beside the root is called as a document of ours is. Anything else isn't ours to delete.
fn is_document(key: &str) -> bool {
    let Some((folder, name)) = key.split_once('/') else {
        return false;
    };
    let packed = name.strip_suffix(".json.gz");
    match folder {
        "releases" => name.strip_suffix(".json").is_some_and(ReleaseId::is_one),
        "manifests" => packed.is_some_and(|digest| digest.len() == 64 && is_hex(digest)),
        "plain" => Token::parse(name).is_some(),
        "sweeps" => match packed.and_then(|name| name.split_once('-')) {
            Some((epoch, nonce)) => is_hex(epoch) && is_hex(nonce),
            None => name.strip_prefix(PROBE).is_some_and(is_hex),
        },
        _ => false,
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What [`check_permission`] writes beside the releases.
fn is_probe(key: &str) -> bool {
    let rest = key.strip_prefix(FOLDER).unwrap_or_default();
    rest.starts_with(PROBE) && !rest.contains('/')
}

fn garbage(key: String, stored: &Stored) -> Garbage {
    Garbage {
        key,
        version: stored.version.0.clone(),
        bytes: stored.size_bytes,
    }
}

fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or(Duration::ZERO)
}

/// Which releases stay, of all from the newest to the oldest: an unbroken row of the newest.
fn split(
    chain: Vec<Release>,
    current: &ReleaseId,
    replaced: &[Replaced],
    keep: Keep,
    now: Timestamp,
) -> (Vec<Release>, Vec<Release>) {
    // A release's age is the time since it was last the current one, which the release that replaced it tells, or the root if a
    // rollback did.
    let was_current = |release: &Release| {
        let children = chain
            .iter()
            .filter(|child| child.parent.as_ref() == Some(&release.id));
        let rollbacks = replaced.iter().filter(|r| r.release == release.id);
        let times = children
            .map(|child| child.at)
            .chain(rollbacks.map(|r| r.at));
        times.max().unwrap_or(release.at)
    };
    let is_kept = |(at, release): (usize, &Release)| {
        at < keep.releases || release.id == *current || age(was_current(release), now) < keep.age
    };
    let last = chain.iter().enumerate().rposition(is_kept);
    let mut retained = chain;
    let dropped = retained.split_off(last.map_or(0, |last| last + 1));
    (retained, dropped)
}

/// What retained releases need.
struct Needed {
    keys: HashSet<String>,
    documents: BTreeSet<String>,
}

impl Needed {
    async fn of(state: &State, retained: &[Release], requests: usize) -> Result<Needed> {
        let mut needed = Needed {
            keys: HashSet::new(),
            documents: BTreeSet::new(),
        };
        // Few at a time: each may be of 100,000 objects.
        let mut manifests = stream::iter(retained)
            .map(|release| async move { (release, state.manifest(&release.manifest).await) })
            .buffer_unordered(requests.min(4));
        while let Some((release, manifest)) = manifests.next().await {
            needed
                .documents
                .insert(format!("releases/{}.json", release.id));
            needed
                .documents
                .insert(format!("manifests/{}.json.gz", release.manifest));
            for entry in manifest?.entries {
                if entry.is_mutable() {
                    needed.documents.insert(format!("plain/{}", entry.token));
                }
                needed.keys.insert(entry.key.to_string());
            }
        }
        Ok(needed)
    }
}

/// Those of `old` that assetsync wrote: its token is with them. Anything else in the target is somebody else's.
async fn ours(
    store: &Arc<dyn Store>,
    old: Vec<(String, Stored)>,
    requests: usize,
) -> Result<Vec<Garbage>> {
    let looks = old.into_iter().map(|(key, stored)| async move {
        let stored = match stored.token_is_known {
            true => Some(stored),
            false => match ObjectKey::parse(&key) {
                Ok(key) => store.head(&key).await?,
                Err(_) => None,
            },
        };
        Ok::<_, Error>((key, stored))
    });
    let mut looks = stream::iter(looks).buffered(requests);
    let mut ours = Vec::new();
    while let Some(looked) = looks.next().await {
        let (key, stored) = looked?;
        if let Some(stored) = stored.filter(|stored| is_ours(&key, stored)) {
            ours.push(garbage(key, &stored));
        }
    }
    Ok(ours)
}

/// Whether assetsync wrote what is told of with its token: that is with it, and is the name's if this has one.
pub(crate) fn is_ours(key: &str, stored: &Stored) -> bool {
    let in_name = token_in_name(key);
    stored.token.is_some() && (in_name.is_none() || in_name == stored.token)
}

/// Deletes what `sweep` says. Returns how many objects and documents are gone.
///
/// # Errors
/// [`Error::Refused`], [`Error::LostRace`]: the root isn't as it was when this was planned; nothing was deleted. Others: the
/// sweep isn't finished, and [`finish`] finishes it; nothing can be published before. But where the storage refuses to delete some
/// things, by a lock on them for example, all else is deleted, and the sweep is over.
pub async fn sweep(
    store: &Arc<dyn Store>,
    state: &State,
    sweep: &Sweep,
    requests: usize,
) -> Result<u64> {
    check_permission(store, state).await?;
    let document = Document {
        format: FORMAT.to_string(),
        version: VERSION,
        objects: sweep.objects.clone(),
        documents: sweep.documents.clone(),
    };
    let Nonce(nonce) = Nonce::random();
    let name = format!("sweeps/{:08}-{}.json.gz", sweep.seen.epoch + 1, &nonce[..8]);
    let text = serde_json::to_vec(&document).expect("strings and numbers are JSON");
    state.keep_packed(&name, &text).await?;
    let begin = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.begin_sweep(&sweep.seen, name.clone(), sweep.oldest.clone(), stamp),
        None => Err(Refusal::LostRace),
    };
    match state.change(begin).await? {
        Changed::Done(_) => delete_all(store, state, &name, requests)
            .await
            .map_err(unfinished)
            .and_then(gone),
        Changed::Refused(refusal, root) => Err(guard::refused(refusal, root.as_ref())),
    }
}

/// Finishes a sweep that was interrupted; none if none is going on.
///
/// # Errors
/// As for [`sweep`].
pub async fn finish(store: &Arc<dyn Store>, state: &State, requests: usize) -> Result<Option<u64>> {
    let root = state.root().await?.map(|held| held.root);
    match root.and_then(|root| root.gc.sweep) {
        None => Ok(None),
        Some(name) => delete_all(store, state, &name, requests)
            .await
            .map_err(unfinished)
            .and_then(gone)
            .map(Some),
    }
}

/// Once a sweep is announced, it has to be finished: so this is tried on something nobody needs.
async fn check_permission(store: &Arc<dyn Store>, state: &State) -> Result<()> {
    let Nonce(nonce) = Nonce::random();
    let mut places = vec![(state.store(), format!("sweeps/{PROBE}{nonce}"))];
    if state.home() == Home::Elsewhere {
        places.push((store, format!("{FOLDER}{PROBE}{nonce}")));
    }
    for (place, key) in places {
        let version = place
            .write(&key, bytes::Bytes::from_static(b"probe"), &PutMode::Create)
            .await?;
        place.delete(&key, &version).await?;
    }
    Ok(())
}

/// Whoever has announced a sweep keeps all others from pushing for as long as it isn't finished.
fn unfinished(error: Error) -> Error {
    let Error::Store(mut error) = error else {
        return error;
    };
    let finish = "nobody can push before it's finished: once that is mended, `assetsync resolve` goes on with it";
    error.message = format!("The prune isn't finished: {}", error.message);
    error.hint = match error.hint.as_str() {
        "" => finish.to_string(),
        hint => format!("{hint}; {finish}"),
    };
    Error::Store(error)
}

async fn delete_all(
    store: &Arc<dyn Store>,
    state: &State,
    name: &str,
    requests: usize,
) -> Result<Vec<Deleted>> {
    let unusable = |why: Unusable| why.error("list of what a prune deletes", name);
    if !(is_document(name) && name.starts_with("sweeps/")) {
        return Err(unusable(Unusable::damaged("no prune calls one so")));
    }
    let document = parse(&state.packed(name).await?).map_err(unusable)?;
    let objects = document.objects.iter().map(|garbage| (store, garbage));
    let documents = document
        .documents
        .iter()
        .map(|garbage| (state.store(), garbage));
    let watch = Watch {
        state,
        name,
        looked: Mutex::new(None),
    };
    let deletions = objects
        .chain(documents)
        .map(|(place, garbage)| watch.delete(place, garbage));
    let deleted: Vec<Deleted> = stream::iter(deletions)
        .buffer_unordered(requests)
        .try_collect()
        .await?;
    let end = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.end_sweep(name, stamp),
        None => Err(Refusal::Already),
    };
    match state.change(end).await? {
        Changed::Done(_) | Changed::Refused(Refusal::Already, _) => Ok(deleted),
        Changed::Refused(refusal, root) => Err(guard::refused(refusal, root.as_ref())),
    }
}

/// How many are gone.
///
/// # Errors
/// The storage keeps some.
fn gone(deleted: Vec<Deleted>) -> Result<u64> {
    let gone = deleted
        .iter()
        .filter(|d| matches!(d, Deleted::Gone))
        .count() as u64;
    let mut kept = deleted.into_iter().filter_map(|deleted| match deleted {
        Deleted::Kept(error) => Some(error),
        Deleted::Gone | Deleted::Left => None,
    });
    let Some(first) = kept.next() else {
        return Ok(gone);
    };
    let others = match kept.count() as u64 {
        0 => String::new(),
        others => format!(" And so for {}.", crate::report::count(others, "other")),
    };
    let message = format!("{gone} deleted. {first}.{others}");
    let over = "the prune is over, and what the storage keeps is in nobody's way: the next one tries again";
    let hint = match first.hint.as_str() {
        "" => over.to_string(),
        hint => format!("{hint}; {over}"),
    };
    Err(StoreError::new(first.kind, message).hint(hint).into())
}

/// What became of one thing that was to be deleted.
enum Deleted {
    Gone,
    /// It isn't for this sweep to delete any more.
    Left,
    /// The storage refuses, and will refuse: a permission, a lock.
    Kept(StoreError),
}

/// Reads what is being deleted. Nothing is that can't be ours.
fn parse(text: &[u8]) -> Result<Document, Unusable> {
    root::check_format(text, FORMAT, VERSION)?;
    let document: Document = serde_json::from_slice(text).map_err(Unusable::damaged)?;
    let may_be_object =
        |key: &str| is_probe(key) || (ObjectKey::parse(key).is_ok() && !key.starts_with(FOLDER));
    let mut objects = document.objects.iter();
    let mut documents = document.documents.iter();
    let odd = objects
        .find(|garbage| !may_be_object(&garbage.key))
        .or_else(|| documents.find(|garbage| !is_document(&garbage.key)));
    match odd {
        None => Ok(document),
        Some(_) => Err(Unusable::damaged("it names what assetsync never deletes")),
    }
}

/// A sweep that is being done, and when the root last said so.
struct Watch<'a> {
    state: &'a State,
    name: &'a str,
    looked: Mutex<Option<(Instant, bool)>>,
}

impl Watch<'_> {
    /// Deletes one thing, as long as it's for this sweep to do. Every try has its own look at the root.
    async fn delete(&self, place: &Arc<dyn Store>, garbage: &Garbage) -> Result<Deleted> {
        let version = Version(garbage.version.clone());
        let (patience, started) = (self.state.patience(), Instant::now());
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(patience.backoff)
            .with_max_delay(BACKOFF_MAX)
            .without_max_times()
            .with_jitter()
            .build();
        let mut since = Instant::now().checked_sub(LOOK_MAX);
        let mut may_be_late = false;
        loop {
            if !self.is_going_on(since).await? {
                return Ok(Deleted::Left);
            }
            use StoreErrorKind::{OutcomeUnknown, Precondition, Unreachable};
            let error = match place.delete_once(&garbage.key, &version).await {
                Ok(()) => return Ok(Deleted::Gone),
                // Written anew since: somebody needs it.
                Err(error) if error.kind == Precondition => return Ok(Deleted::Left),
                Err(error) => error,
            };
            let is_definite = !matches!(error.kind, OutcomeUnknown | Unreachable);
            if is_definite && !may_be_late {
                return Ok(Deleted::Kept(error));
            }
            may_be_late |= error.kind == OutcomeUnknown;
            let left = patience.deadline.saturating_sub(started.elapsed());
            let Some(wait) = waits.next().filter(|_| !is_definite && !left.is_zero()) else {
                return Err(error.into());
            };
            tokio::time::sleep(wait.min(left)).await;
            since = Some(Instant::now());
        }
    }

    /// Whether the root says so, or said so since.
    async fn is_going_on(&self, since: Option<Instant>) -> Result<bool> {
        let mut looked = self.looked.lock().await;
        if let Some((at, is_going_on)) = *looked
            && (since.is_some_and(|since| at >= since) || !is_going_on)
        {
            return Ok(is_going_on);
        }
        let at = Instant::now();
        let root = self.state.root().await?.map(|held| held.root);
        let is_going_on = root.and_then(|root| root.gc.sweep).as_deref() == Some(self.name);
        *looked = Some((at, is_going_on));
        Ok(is_going_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = include_str!("../../tests/data/sweep/v1.json");

    #[test]
    fn version_1_of_a_sweep_still_loads_and_a_newer_one_is_refused() {
        let document = parse(V1.as_bytes()).expect("loads");
        assert_eq!((document.objects.len(), document.documents.len()), (1, 2));
        let newer = V1.replace("\"version\":1", "\"version\":2");
        assert!(parse(newer.as_bytes()).is_err());
    }

    #[test]
    fn a_sweep_that_names_what_is_never_deleted_is_refused() {
        let object = "2ap7azyms665izxo2sew6pxgxi.png";
        let document = "releases/20261121-161807-gft6u5.json";
        for (meant, named) in [
            (object, "../../home/precious.txt"),
            (object, "/etc/passwd"),
            (object, ".assetsync/x/root.json"),
            (document, "root.json"),
            (document, "notes.txt"),
            (document, "releases/../../notes.json"),
            (document, "staging/releases/20261121-161807-gft6u5.json"),
        ] {
            let text = V1.replace(meant, named);
            assert_ne!(text, V1);
            assert!(parse(text.as_bytes()).is_err(), "{named}");
        }
    }

    #[test]
    fn documents_are_known_by_their_names() {
        let hex = "83150ce3428a8225d87ac4267072023dc8ecb2dd50599512850ecdc28fbc3675";
        let id = ReleaseId::new(Timestamp::UNIX_EPOCH, &Nonce("a".into()));
        for ours in [
            format!("releases/{id}.json"),
            format!("manifests/{hex}.json.gz"),
            format!("plain/{}", Token::ZERO),
            "sweeps/00000001-0123abcd.json.gz".to_string(),
            format!("sweeps/{PROBE}{hex}"),
        ] {
            assert!(is_document(&ours), "{ours}");
            assert!(!is_document(&format!("staging/{ours}")), "{ours}");
        }
        for not_ours in [
            "root.json",
            "releases/notes.json",
            "plain/answers.txt",
            "manifests/a.json.gz",
            "sweeps/x",
        ] {
            assert!(!is_document(not_ours), "{not_ours}");
        }
    }
}
