//! Prunes: which objects and documents may be deleted, and the plan for it.
//!
//! The root first announces what will be deleted. From then on, nobody can commit a release that
//! relies on it. Then each object is deleted, in exactly the version that was seen. At the end, the
//! root says that all is gone. A prune that was interrupted is finished, never canceled, since it
//! isn't known what it has already deleted.
//!
//! This file decides what is deleted; `prune/deletion.rs` deletes it.

mod deletion;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guard;
use super::layout::{BESIDE, FOLDER};
use super::manifest::Manifest;
use super::rollback::nothing_published;
use super::root::{Release, ReleaseId, Replaced, Root, Seen};
use super::state::State;
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Token;
use crate::base::path::ObjectKey;
use crate::base::refusal::Guard;
use crate::store::{Listing, Store, Stored, token_in_name};

pub use deletion::{Deletion, Finished, finish, sweep};
pub(super) use deletion::{carry_out, check_permission, keep_plan};

/// Prefix of the names of probes.
const PROBE: &str = "probe-";

fn prune_again() -> Hint {
    Hint::from("run ")
        .then(Verb::Prune)
        .then(" again to plan with the current state")
}

/// Rule for what is kept. A release is kept if either field says so. The current one and all newer
/// ones are always kept.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// Number of releases to keep.
    pub releases: usize,
    /// Minimum age of what is deleted: of releases since they were last the current one, of objects
    /// since they were written.
    pub age: Duration,
}

/// Plan of a prune: what it will delete.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Releases that no rollback can return to any more.
    pub dropped: Vec<Release>,
    /// Number of releases that stay.
    pub retained: usize,
    /// Objects of the target.
    pub objects: Vec<Garbage>,
    /// Documents of the releases.
    pub documents: Vec<Garbage>,
    /// Documents of releases that were moved to another key's place, by their keys in the target.
    pub former: Vec<Garbage>,
    /// Objects that aren't needed, but are too young to be deleted.
    pub young: Option<Young>,
    oldest: ReleaseId,
    seen: Seen,
}

/// Objects that no retained release needs, but that are too young to be deleted. Only those that a
/// listing shows as ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Young {
    /// Number of objects.
    pub objects: u64,
    /// Size as stored, in bytes.
    pub bytes: u64,
    /// Time when the first of them may be deleted.
    pub from: SystemTime,
    /// Time when the last of them may be deleted.
    pub until: SystemTime,
}

/// Object or document that no retained release needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Garbage {
    /// Key of the object.
    pub key: String,
    /// Version that was seen.
    pub version: String,
    /// Size as stored, in bytes.
    pub bytes: u64,
}

impl Sweep {
    /// Returns whether there is nothing to delete.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.documents.is_empty() && self.former.is_empty()
    }

    /// Returns the number of bytes that will be freed.
    pub fn bytes(&self) -> u64 {
        self.objects
            .iter()
            .chain(&self.documents)
            .chain(&self.former)
            .map(|garbage| garbage.bytes)
            .sum()
    }
}

/// Decides what will be deleted. Changes nothing. `here` is the time of this machine's clock.
///
/// # Errors
/// Returns [`Error::Refused`] if the target is live, a sweep or plain names aren't finished, a
/// clock is wrong, or there are other releases of another key.
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
    // The swap will check the same. This check comes before the wait for a listing.
    let stamp = state.stamp();
    root.begin_sweep(&seen, String::new(), current.clone(), &stamp)
        .map_err(|refusal| guard::refused_again(refusal, Some(&root), prune_again()))?;
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
    let former = state.former_folders(store, listing.keys()).await?;
    refuse_others(&listing, state, &former)?;
    let mut former = garbage_of(&listing, |key, stored| {
        is_former_document(key, &former) && is_old(stored)
    });
    former.sort_by(|a, b| a.key.cmp(&b.key));
    // A prune that was stopped left these.
    let probes = garbage_of(&listing, |key, stored| is_probe(key) && is_old(stored));
    let (mut old, young): (Vec<_>, Vec<_>) = listing
        .into_iter()
        .filter(|(key, _)| !key.starts_with(FOLDER) && !needed.keys.contains(key))
        .partition(|(_, stored)| is_old(stored));
    old.sort_by(|a, b| a.0.cmp(&b.0));
    let mut objects = ours(store, old, requests).await?;
    objects.extend(probes);
    let mut documents = garbage_of(&state.documents().await?, |key, stored| {
        is_document(key) && !needed.documents.contains(key) && is_old(stored)
    });
    documents.sort_by(|a, b| a.key.cmp(&b.key));
    let oldest = retained
        .last()
        .map_or(current, |release| release.id.clone());
    Ok(Sweep {
        dropped,
        retained: retained.len(),
        objects,
        documents,
        former,
        young: Young::of(&young, keep.age),
        oldest,
        seen,
    })
}

impl Young {
    fn of(young: &[(String, Stored)], age: Duration) -> Option<Young> {
        let ours = || {
            let ours = young.iter().filter(|(key, stored)| {
                if stored.token_is_known {
                    is_ours(key, stored)
                } else {
                    token_in_name(key).is_some()
                }
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

/// Refuses to prune if the target has other releases: of another key, of a user who doesn't know
/// that these are kept elsewhere, or of a target below this one. They need objects that these
/// don't.
fn refuse_others(listing: &Listing, state: &State, former: &[String]) -> Result<()> {
    let ours = usize::from(state.is_within());
    let is_former = |key: &String| former.iter().any(|folder| key.starts_with(folder.as_str()));
    let folders: BTreeSet<&str> = listing
        .keys()
        .filter(|key| !is_former(key))
        .filter_map(|key| releases_in(key))
        .collect();
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
    Err(has_others(other))
}

fn has_others(folder: &str) -> Error {
    // The rest is known only with the key.
    let place = match folder.find(FOLDER) {
        Some(at) => &folder[..at + FOLDER.len()],
        None => folder,
    };
    Error::refused(
        Guard::Shared,
        format!(
            "The target has other releases in `{}`, made with another key or `state`, or for another target",
            crate::base::text::escape(place)
        ),
        "nothing is deleted, since those releases may need it; publish each target to its \
         own prefix",
    )
}

/// Returns the places below a target that have their own releases, each with a slash at the end:
/// prefixes of other targets, or folders that are the `state` of one.
pub(crate) fn places_of_others(listing: &Listing) -> BTreeSet<String> {
    let folders = listing.keys().filter_map(|key| releases_in(key));
    let others = folders.filter(|folder| !folder.starts_with(FOLDER));
    let places = |folder: &str| match folder.find(&format!("/{FOLDER}")) {
        Some(at) => vec![folder[..=at].to_string()],
        None => {
            let beside = folder.strip_suffix(BESIDE);
            let beside = beside.map(|target| format!("{target}/"));
            beside.into_iter().chain([format!("{folder}/")]).collect()
        }
    };
    others.flat_map(places).collect()
}

/// Returns the folder that has releases, if `key` is the key of a release document.
fn releases_in(key: &str) -> Option<&str> {
    let (folder, name) = match key.rsplit_once("/releases/") {
        Some((folder, _)) => (folder, &key[folder.len() + 1..]),
        None => return None,
    };
    is_document(name).then_some(folder)
}

/// Returns whether an object beside the root has the name of one of our documents. Anything else
/// isn't ours to delete.
pub(super) fn is_document(key: &str) -> bool {
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

/// Returns the same for a document in one of these folders of the target.
fn is_former_document(key: &str, folders: &[String]) -> bool {
    let mut folders = folders.iter();
    folders.any(|folder| key.strip_prefix(folder.as_str()).is_some_and(is_document))
}

/// Returns whether `key` may be the key of a document in the folder of some key in the target.
fn may_be_former(key: &str) -> bool {
    let within = key.strip_prefix(FOLDER);
    let parts = within.and_then(|within| within.split_once('/'));
    parts.is_some_and(|(folder, name)| Token::parse(folder).is_some() && is_document(name))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns whether this is a probe that [`check_permission`] writes beside the releases.
fn is_probe(key: &str) -> bool {
    let rest = key.strip_prefix(FOLDER).unwrap_or_default();
    rest.starts_with(PROBE) && !rest.contains('/')
}

pub(super) fn garbage(key: String, stored: &Stored) -> Garbage {
    Garbage {
        key,
        version: stored.version.0.clone(),
        bytes: stored.size_bytes,
    }
}

fn garbage_of(listing: &Listing, is_garbage: impl Fn(&str, &Stored) -> bool) -> Vec<Garbage> {
    let garbage_in = listing
        .iter()
        .filter(|(key, stored)| is_garbage(key, stored));
    garbage_in
        .map(|(key, stored)| garbage(key.clone(), stored))
        .collect()
}

fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or(Duration::ZERO)
}

/// Splits all releases, from the newest to the oldest, into those that stay and those that don't.
/// Those that stay are consecutive.
fn split(
    chain: Vec<Release>,
    current: &ReleaseId,
    replaced: &[Replaced],
    keep: Keep,
    now: Timestamp,
) -> (Vec<Release>, Vec<Release>) {
    // The age of a release is the time since it was last the current one. The release that replaced
    // it tells this time, or the root if a rollback replaced it.
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

/// Objects and documents that retained releases need.
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
        // A few at a time, since each may have 100,000 objects.
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
            // A release doesn't publish the files that it holds. Only releases that publish them
            // need the objects.
            needed.add_published(&manifest?);
        }
        Ok(needed)
    }

    fn add_published(&mut self, manifest: &Manifest) {
        for entry in manifest.published() {
            if entry.is_mutable() {
                self.documents.insert(format!("plain/{}", entry.token));
            }
            self.keys.insert(entry.key.to_string());
        }
    }
}

/// Returns those of `old` that assetsync wrote, which have its token. Everything else in the target
/// belongs to others.
async fn ours(
    store: &Arc<dyn Store>,
    old: Vec<(String, Stored)>,
    requests: usize,
) -> Result<Vec<Garbage>> {
    let looks = old.into_iter().map(|(key, stored)| async move {
        let stored = if stored.token_is_known {
            Some(stored)
        } else {
            match ObjectKey::parse(&key) {
                Ok(key) => store.head(&key).await?,
                Err(_) => None,
            }
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

/// Returns whether assetsync wrote an object: it has a token, and if the name has a token too, it
/// is the same.
pub(crate) fn is_ours(key: &str, stored: &Stored) -> bool {
    let in_name = token_in_name(key);
    stored.token.is_some() && (in_name.is_none() || in_name == stored.token)
}

#[cfg(test)]
mod tests;
