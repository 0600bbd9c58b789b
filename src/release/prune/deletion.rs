//! Carries a sweep out: announces it, deletes as long as the root says so, and says that it's done.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{Garbage, PROBE, PRUNE_AGAIN, Sweep, is_document, is_probe, may_be_former};
use crate::error::{Error, Result};
use crate::path::ObjectKey;
use crate::release::Unusable;
use crate::release::guard;
use crate::release::layout::FOLDER;
use crate::release::root::{self, Nonce, Refusal, Root};
use crate::release::state::{Changed, State};
use crate::store::{PutMode, Store, StoreError, StoreErrorKind, Version};

/// How old what the root says may be when something is deleted: whoever finished this sweep meanwhile has deleted all of it, and
/// somebody may have put it there again. Where a version is no more than a checksum, as on S3, it would be deleted.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// The longest time between two tries of a deletion.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

const FORMAT: &str = "assetsync sweep";
const VERSION: u32 = 1;

/// As it's written before anything is deleted.
#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    objects: Vec<Garbage>,
    documents: Vec<Garbage>,
    /// In the target, too. Versions that don't know it leave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<Garbage>,
}

impl Document {
    /// Writes it down, and returns its name.
    async fn keep(&self, state: &State, epoch: u64) -> Result<String> {
        let Nonce(nonce) = Nonce::random();
        let name = format!("sweeps/{:08}-{}.json.gz", epoch + 1, &nonce[..8]);
        let text = serde_json::to_vec(self).expect("strings and numbers are JSON");
        state.keep_packed(&name, &text).await?;
        Ok(name)
    }
}

/// Deletes what `sweep` says. Returns how many objects and documents are gone.
///
/// # Errors
/// [`Error::Interrupted`]: the user stopped it; what was begun is done. /// [`Error::Refused`], [`Error::LostRace`]: the root isn't as it was when this was planned; nothing was deleted. Others: the
/// sweep isn't finished, and [`finish`] finishes it; nothing can be published before. But where the storage refuses to delete some
/// things, by a lock on them for example, all else is deleted, and the sweep is over.
pub async fn sweep(
    store: &Arc<dyn Store>,
    state: &State,
    sweep: &Sweep,
    requests: usize,
) -> Result<u64> {
    check_permission(store, state).await?;
    let name = Document {
        format: FORMAT.to_string(),
        version: VERSION,
        objects: sweep.objects.clone(),
        documents: sweep.documents.clone(),
        former: sweep.former.clone(),
    }
    .keep(state, sweep.seen.epoch)
    .await?;
    let begin = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.begin_sweep(&sweep.seen, name.clone(), sweep.oldest.clone(), stamp),
        None => Err(Refusal::LostRace),
    };
    match state.change(begin).await? {
        Changed::Done(_) => carry_out(store, state, &name, Deletion::Prune, requests).await,
        Changed::Refused(refusal, root) => {
            Err(guard::refused_again(refusal, root.as_ref(), PRUNE_AGAIN))
        }
    }
}

/// Finishes a prune or takedown that was interrupted; none if none is going on.
///
/// # Errors
/// As for [`sweep`].
pub async fn finish(
    store: &Arc<dyn Store>,
    state: &State,
    requests: usize,
) -> Result<Option<Finished>> {
    let root = state.root().await?.map(|held| held.root);
    let Some(root) = root else {
        return Ok(None);
    };
    let what = Deletion::of(&root);
    let (Some(what), Some(name)) = (what, root.gc.sweep) else {
        return Ok(None);
    };
    let deleted = carry_out(store, state, &name, what, requests).await?;
    Ok(Some(Finished { what, deleted }))
}

/// Writes down which objects of the target a takedown deletes, under the name that is returned.
pub(in crate::release) async fn keep_plan(
    state: &State,
    objects: &[Garbage],
    epoch: u64,
) -> Result<String> {
    let document = Document {
        format: FORMAT.to_string(),
        version: VERSION,
        objects: objects.to_vec(),
        documents: Vec::new(),
        former: Vec::new(),
    };
    document.keep(state, epoch).await
}

/// Deletes what the announced document `name` says, and ends the sweep. Returns how much is gone.
pub(in crate::release) async fn carry_out(
    store: &Arc<dyn Store>,
    state: &State,
    name: &str,
    what: Deletion,
    requests: usize,
) -> Result<u64> {
    let deleted = delete_all(store, state, name, requests).await;
    deleted
        .map_err(|error| unfinished(error, what))
        .and_then(|deleted| gone(deleted, what))
}

/// Once a sweep is announced, it has to be finished: so this is tried on something nobody needs.
pub(in crate::release) async fn check_permission(
    store: &Arc<dyn Store>,
    state: &State,
) -> Result<()> {
    let Nonce(nonce) = Nonce::random();
    let mut places = vec![(state.store(), format!("sweeps/{PROBE}{nonce}"))];
    if !state.is_within() {
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
fn unfinished(error: Error, what: Deletion) -> Error {
    let Error::Store(mut error) = error else {
        return error;
    };
    let finish = "nobody can push before it's finished: once that is mended, `assetsync resolve` goes on with it";
    error.message = format!("The {what} isn't finished: {}", error.message);
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
    let objects = document.objects.iter().chain(&document.former);
    let objects = objects.map(|garbage| (store, garbage));
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
        .take_until(state.stop().stopped())
        .buffer_unordered(requests)
        .try_collect()
        .await?;
    if deleted.len() < document.objects.len() + document.documents.len() {
        return Err(Error::Interrupted);
    }
    let gone = deleted.iter().filter_map(|deleted| match deleted {
        Deleted::Gone(key) => Some(key.as_str()),
        Deleted::Left | Deleted::Kept(_) => None,
    });
    let gone: BTreeSet<&str> = gone.collect();
    let end = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => Ok(root.end_sweep(name, stamp)?.without_left(&gone)),
        None => Err(Refusal::Already),
    };
    match state.change(end).await? {
        Changed::Done(_) | Changed::Refused(Refusal::Already, _) => {
            store.remember().await?;
            Ok(deleted)
        }
        Changed::Refused(refusal, root) => {
            Err(guard::refused_again(refusal, root.as_ref(), PRUNE_AGAIN))
        }
    }
}

/// How many are gone.
///
/// # Errors
/// The storage keeps some.
fn gone(deleted: Vec<Deleted>, what: Deletion) -> Result<u64> {
    let gone = deleted
        .iter()
        .filter(|d| matches!(d, Deleted::Gone(_)))
        .count() as u64;
    let mut kept = deleted.into_iter().filter_map(|deleted| match deleted {
        Deleted::Kept(error) => Some(error),
        Deleted::Gone(_) | Deleted::Left => None,
    });
    let Some(first) = kept.next() else {
        return Ok(gone);
    };
    let others = match kept.count() as u64 {
        0 => String::new(),
        others => format!(" And so for {}.", crate::report::count(others, "other")),
    };
    let message = format!("{gone} deleted. {first}.{others}");
    let over = match what {
        Deletion::Prune => {
            "the prune is over, and what the storage keeps is in nobody's way: the next one tries again"
        }
        Deletion::Takedown => {
            "the takedown is over, and what the storage keeps can still be had: take it down again once that is mended"
        }
    };
    let hint = match first.hint.as_str() {
        "" => over.to_string(),
        hint => format!("{hint}; {over}"),
    };
    Err(StoreError::new(first.kind, message).hint(hint).into())
}

/// What deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// What no retained release needs.
    Prune,
    /// What somebody asked for by name.
    Takedown,
}

impl Deletion {
    /// Returns the one that a root says is going on.
    pub fn of(root: &Root) -> Option<Deletion> {
        root.gc.sweep.as_ref()?;
        Some(match root.taking_down() {
            Some(_) => Deletion::Takedown,
            None => Deletion::Prune,
        })
    }
}

impl fmt::Display for Deletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Deletion::Prune => "prune",
            Deletion::Takedown => "takedown",
        })
    }
}

/// What was interrupted, and is finished now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// What it was.
    pub what: Deletion,
    /// How much it deleted in the end.
    pub deleted: u64,
}

/// What became of one thing that was to be deleted.
enum Deleted {
    /// By its key.
    Gone(String),
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
    let mut former = document.former.iter();
    let odd = objects
        .find(|garbage| !may_be_object(&garbage.key))
        .or_else(|| documents.find(|garbage| !is_document(&garbage.key)))
        .or_else(|| former.find(|garbage| !may_be_former(&garbage.key)));
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
                Ok(()) => return Ok(Deleted::Gone(garbage.key.clone())),
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
            tokio::select! {
                () = tokio::time::sleep(wait.min(left)) => {}
                () = self.state.stop().stopped() => return Err(Error::Interrupted),
            }
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

    const V1: &str = include_str!("../../../tests/data/sweep/v1.json");

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
}
