//! The only deletions. What is deleted is announced in the root first: from then on, nobody can commit a release that
//! counts on it; then it's deleted, each object in the very version that was seen; then the root says that all is gone.
//! A prune that was interrupted is finished, never given up: nobody knows what it deleted already.
//!
//! Here it's decided what goes; `prune/deletion.rs` lets it go.

mod deletion;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guard;
use super::layout::{BESIDE, FOLDER};
use super::rollback::nothing_published;
use super::root::{Release, ReleaseId, Replaced, Root, Seen};
use super::state::State;
use crate::error::{Error, Result};
use crate::name::Token;
use crate::path::ObjectKey;
use crate::store::{Listing, Store, Stored, token_in_name};

pub use deletion::{Deletion, Finished, finish, sweep};
pub(super) use deletion::{carry_out, check_permission, keep_plan};

/// What the names of probes begin with.
const PROBE: &str = "probe-";

const PRUNE_AGAIN: &str = "`assetsync prune` once more plans by what is current now";

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
    /// Documents of releases that were moved to another key's place, by their keys in the target.
    pub former: Vec<Garbage>,
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

impl Sweep {
    /// Whether nothing is to be deleted.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.documents.is_empty() && self.former.is_empty()
    }

    /// Bytes to be freed.
    pub fn bytes(&self) -> u64 {
        self.objects
            .iter()
            .chain(&self.documents)
            .chain(&self.former)
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
        .map_err(|refusal| guard::refused_again(refusal, Some(&root), PRUNE_AGAIN))?;
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
    let mut former: Vec<Garbage> = listing
        .iter()
        .filter(|(key, stored)| is_former_document(key, &former) && is_old(stored))
        .map(|(key, stored)| garbage(key.clone(), stored))
        .collect();
    former.sort_by(|a, b| a.key.cmp(&b.key));
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
        former,
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

/// Returns the places below a target that have releases of their own, each with a slash at its end: prefixes of other targets,
/// or folders that are the `state` of one.
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

/// The folder that has releases, if `key` is that of one.
fn releases_in(key: &str) -> Option<&str> {
    let (folder, name) = match key.rsplit_once("/releases/") {
        Some((folder, _)) => (folder, &key[folder.len() + 1..]),
        None => return None,
    };
    is_document(name).then_some(folder)
}

/// Whether something beside the root is called as a document of ours is. Anything else isn't ours to delete.
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

/// The same of a document in one of these folders of the target.
fn is_former_document(key: &str, folders: &[String]) -> bool {
    let mut folders = folders.iter();
    folders.any(|folder| key.strip_prefix(folder.as_str()).is_some_and(is_document))
}

/// Whether `key` could be that of a document in some key's folder of the target.
fn may_be_former(key: &str) -> bool {
    let within = key.strip_prefix(FOLDER);
    let parts = within.and_then(|within| within.split_once('/'));
    parts.is_some_and(|(folder, name)| Token::parse(folder).is_some() && is_document(name))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What [`check_permission`] writes beside the releases.
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
            // What a release holds, it doesn't publish: only releases that do need it.
            let manifest = manifest?;
            for entry in manifest.published() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::root::Nonce;

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
