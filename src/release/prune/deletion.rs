//! Execution of a sweep: announces it, deletes as long as the root says so, and notes its end.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{Garbage, PROBE, Sweep, is_document, is_probe, may_be_former, prune_again};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::path::ObjectKey;
use crate::release::Unusable;
use crate::release::guard;
use crate::release::layout::FOLDER;
use crate::release::root::{self, Nonce, Refusal, Root};
use crate::release::state::{Changed, State};
use crate::store::{PutMode, Store, StoreError, StoreErrorKind, Version};

/// Maximum age of the last look at the root when something is deleted. Another run may have
/// finished this sweep in the meantime and deleted everything, and a push may have written an
/// object again. On a storage whose versions are only checksums, such as S3, that object would be
/// deleted.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// Maximum time between two tries of a deletion.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

const FORMAT: &str = "assetsync sweep";
const VERSION: u32 = 1;

/// Document of a sweep, written before anything is deleted.
#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    objects: Vec<Garbage>,
    documents: Vec<Garbage>,
    /// Objects in the target as well. Versions that don't know this field leave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<Garbage>,
}

impl Document {
    /// Returns the number of objects and documents to delete.
    fn count(&self) -> usize {
        self.objects.len() + self.former.len() + self.documents.len()
    }

    /// Writes the document, and returns its name.
    async fn keep(&self, state: &State, epoch: u64) -> Result<String> {
        let Nonce(nonce) = Nonce::random();
        let name = format!("sweeps/{:08}-{}.json.gz", epoch + 1, &nonce[..8]);
        let text = serde_json::to_vec(self).expect("strings and numbers are JSON");
        state.keep_packed(&name, &text).await?;
        Ok(name)
    }
}

/// Deletes what `sweep` lists. Returns the number of objects and documents that are gone.
///
/// # Errors
/// Returns [`Error::Interrupted`] if the user stopped it; deletions that were started are complete.
/// Returns [`Error::Refused`] or [`Error::LostRace`] if the root has changed since the plan;
/// nothing was deleted. After any other error, the sweep isn't finished: [`finish`] finishes it,
/// and nothing can be published before. But if the storage refuses to delete some objects, because
/// of a lock for example, everything else is deleted, and the sweep is over.
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
            Err(guard::refused_again(refusal, root.as_ref(), prune_again()))
        }
    }
}

/// Finishes a prune or takedown that was interrupted; none if there is none.
///
/// # Errors
/// Returns the errors of [`sweep`].
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

/// Writes the list of objects that a takedown deletes, and returns the name of this document.
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

/// Deletes what the announced document `name` lists, and ends the sweep. Returns the number of
/// deleted objects and documents.
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

/// Checks the permission to delete, on objects that nobody needs: once a sweep is announced, it
/// must be finished.
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

/// Adds to an error that the sweep isn't finished: nobody can push until it is.
fn unfinished(error: Error, what: Deletion) -> Error {
    let Error::Store(mut error) = error else {
        return error;
    };
    let finish = Hint::from("nobody can push until it's finished. Fix the cause, then run ")
        .then(Verb::Resolve)
        .then(" to finish it");
    error.message = format!("The {what} isn't finished: {}", error.message);
    error.hint = if error.hint.is_empty() {
        finish
    } else {
        error.hint.then("; ").then(finish)
    };
    Error::Store(error)
}

async fn delete_all(
    store: &Arc<dyn Store>,
    state: &State,
    name: &str,
    requests: usize,
) -> Result<Vec<Deleted>> {
    let unusable = |why: Unusable| why.error("deletion list of a prune", name);
    if !(is_document(name) && name.starts_with("sweeps/")) {
        return Err(unusable(Unusable::damaged("its name is invalid")));
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
    if deleted.len() < document.count() {
        return Err(Error::Interrupted);
    }
    end(store, state, name, &deleted).await?;
    Ok(deleted)
}

/// Notes in the root that a sweep is complete, and which leftovers it deleted.
async fn end(store: &Arc<dyn Store>, state: &State, name: &str, deleted: &[Deleted]) -> Result<()> {
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
            Ok(())
        }
        Changed::Refused(refusal, root) => {
            Err(guard::refused_again(refusal, root.as_ref(), prune_again()))
        }
    }
}

/// Returns the number of deleted objects and documents.
///
/// # Errors
/// Returns an error if the storage keeps some.
fn gone(deleted: Vec<Deleted>, what: Deletion) -> Result<u64> {
    let gone = deleted
        .iter()
        .filter(|d| matches!(d, Deleted::Gone(_)))
        .count() as u64;
    let mut kept = deleted.into_iter().filter_map(|deleted| match deleted {
        Deleted::Kept(error) => Some(error),
        Deleted::Gone(_) | Deleted::Left => None,
    });
    match kept.next() {
        None => Ok(gone),
        Some(first) => Err(over(gone, &first, kept.count() as u64, what).into()),
    }
}

/// Returns the error of a sweep that is over although the storage keeps some objects.
fn over(gone: u64, first: &StoreError, others: u64, what: Deletion) -> StoreError {
    let message = format!("{gone} deleted, {} not deleted: {first}", others + 1);
    let over = match what {
        Deletion::Prune => {
            "the prune is finished. The objects that remain do no harm, and the next prune tries \
             again"
        }
        Deletion::Takedown => {
            "the objects that remain can still be downloaded. Fix the cause, then take them down \
             again"
        }
    };
    let hint = if first.hint.is_empty() {
        over.into()
    } else {
        first.hint.clone().then("; ").then(over)
    };
    StoreError::new(first.kind, message).hint(hint)
}

/// Kind of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Deletes what no retained release needs.
    Prune,
    /// Deletes what a user named.
    Takedown,
}

impl Deletion {
    /// Returns the kind of the deletion in progress, as the root says.
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

/// Interrupted deletion that is finished now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Kind of the deletion.
    pub what: Deletion,
    /// Number of objects and documents that it deleted at the end.
    pub deleted: u64,
}

/// Outcome for one object or document to delete.
enum Deleted {
    /// Deleted, with its key.
    Gone(String),
    /// Left, since it isn't for this sweep to delete any more.
    Left,
    /// Kept, since the storage refuses and will go on to refuse: a permission, a lock.
    Kept(StoreError),
}

/// Parses the document of a sweep. Refuses one that lists anything that can't be ours.
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
        Some(_) => Err(Unusable::damaged("it lists what assetsync never deletes")),
    }
}

/// Sweep in progress, and the time when the root last confirmed it.
struct Watch<'a> {
    state: &'a State,
    name: &'a str,
    looked: Mutex<Option<(Instant, bool)>>,
}

impl Watch<'_> {
    /// Deletes one object, as long as this sweep may. Checks the root before every try.
    async fn delete(&self, place: &Arc<dyn Store>, garbage: &Garbage) -> Result<Deleted> {
        let version = Version(garbage.version.clone());
        let (timeouts, started) = (self.state.timeouts(), Instant::now());
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(timeouts.backoff)
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
                // It was written again since, so a release needs it.
                Err(error) if error.kind == Precondition => return Ok(Deleted::Left),
                Err(error) => error,
            };
            let is_definite = !matches!(error.kind, OutcomeUnknown | Unreachable);
            if is_definite && !may_be_late {
                return Ok(Deleted::Kept(error));
            }
            may_be_late |= error.kind == OutcomeUnknown;
            let left = timeouts.deadline.saturating_sub(started.elapsed());
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

    /// Returns whether the root says that the sweep is in progress, now or at a look after `since`.
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
mod tests;
