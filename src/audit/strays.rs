//! What no retained release knows: whose it is, and what becomes of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::finding::{Address, Finding, Kind};
use super::fix::delete_by_hand;
use super::{Sample, Subject};
use crate::doctor;
use crate::error::Result;
use crate::path::ObjectKey;
use crate::release::prune::{Keep, Sweep};
use crate::release::state::{FOLDER, State};
use crate::store::{Listing, Store, StoreError, Stored, token_in_name};

/// How many are asked whose they are, unless all objects are looked at.
const ASKED_MAX: usize = 100;

/// Runs of letters and digits from this length on are taken for keyed, and not shown: those of `palindrome-2022` have 16, those
/// of other styles 26.
const KEYED_CHARS_MIN: usize = 16;

/// Objects that no retained release knows. Named, as far as their names are no secrets.
pub(super) async fn find(
    subject: &Subject<'_>,
    listing: &Listing,
    known: &HashSet<String>,
) -> Vec<Finding> {
    let mut strays: Vec<(&String, &Stored)> = listing
        .iter()
        .filter(|(key, _)| !is_own(key) && !known.contains(*key))
        .collect();
    strays.sort_by_key(|(key, _)| *key);
    let asked_max = match subject.sample {
        Sample::All => usize::MAX,
        Sample::Some(_) => ASKED_MAX,
    };
    let looks = strays
        .into_iter()
        .enumerate()
        .map(|(at, (key, stored))| async move {
            let is_ours = is_ours(&**subject.store, key, stored, at < asked_max).await;
            finding(subject, key, stored, is_ours)
        });
    stream::iter(looks)
        .buffered(subject.requests)
        .collect()
        .await
}

/// A folder's `_headers`, and what is assetsync's own.
fn is_own(key: &str) -> bool {
    key.starts_with(FOLDER) || key == "_headers"
}

/// Whether assetsync wrote it: its token is with it. None if nobody can tell.
async fn is_ours(store: &dyn Store, key: &str, stored: &Stored, may_ask: bool) -> Option<bool> {
    let in_name = token_in_name(key);
    let is_ours =
        |stored: &Stored| stored.token.is_some() && (in_name.is_none() || in_name == stored.token);
    if stored.token_is_known {
        return Some(is_ours(stored));
    }
    let key = ObjectKey::parse(key).ok().filter(|_| may_ask)?;
    let looked: Result<Option<Stored>, StoreError> = store.head(&key).await;
    looked.ok().flatten().map(|stored| is_ours(&stored))
}

fn finding(subject: &Subject<'_>, key: &str, stored: &Stored, is_ours: Option<bool>) -> Finding {
    let whose = match is_ours {
        Some(true) => "assetsync wrote it",
        Some(false) => "assetsync didn't write it",
        None => "whose it is wasn't asked",
    };
    let when = stored
        .modified
        .map_or(String::new(), |at| format!(" of {}", day(at)));
    let seen = format!("{}, {} bytes{when}: {whose}", name(key), stored.size_bytes);
    let prune = doctor::own_command(subject.target, "prune");
    let fix = match is_ours {
        Some(true) => format!("`{prune}` deletes it once it's older than 30 days (`--keep-days`)"),
        _ => format!(
            "see who put it there; `{prune}` deletes nothing that assetsync didn't write: `{}` does (`--show-urls` names all)",
            delete_by_hand(subject.target)
        ),
    };
    let mut finding =
        Finding::warning(Kind::Stray, "nothing but what retained releases need", seen);
    finding.key = Some(key.to_string());
    finding.bytes = Some(stored.size_bytes);
    finding.at(Address::Storage).fix(fix)
}

/// What can be told of a name in a log: all of it, unless a part looks keyed.
fn name(key: &str) -> String {
    match is_keyed(key) {
        false => format!("`{key}`"),
        true => format!("a keyed name {}", folder(key)),
    }
}

fn is_keyed(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    runs.into_iter().any(|run| run.len() >= KEYED_CHARS_MIN)
}

/// Where it is, as far as that is no secret.
pub fn folder(key: &str) -> String {
    match key.rsplit_once('/') {
        None => "at the top".to_string(),
        Some((folder, _)) if is_keyed(folder) => "in a keyed folder".to_string(),
        Some((folder, _)) => format!("below `{folder}/`"),
    }
}

fn day(at: SystemTime) -> String {
    let at = Timestamp::try_from(at);
    at.map_or("an unknown day".to_string(), |at| {
        at.strftime("%Y-%m-%d").to_string()
    })
}

/// What a prune leaves because it's young, though no retained release needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Young {
    /// Objects.
    pub objects: u64,
    /// As stored, in bytes.
    pub bytes: u64,
    /// When the first of them may be deleted.
    pub from: SystemTime,
    /// When the last may.
    pub until: SystemTime,
}

/// What `sweep`, planned with `keep`, leaves because it's young. None if nothing.
///
/// # Errors
/// The storage doesn't answer; a manifest can't be read.
pub async fn young(
    store: &Arc<dyn Store>,
    state: &State,
    sweep: &Sweep,
    keep: Keep,
    requests: usize,
) -> Result<Option<Young>> {
    let Some(held) = state.root().await? else {
        return Ok(None);
    };
    let dropped: HashSet<&str> = sweep
        .dropped
        .iter()
        .map(|release| release.id.0.as_str())
        .collect();
    let gone: HashSet<&str> = sweep
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    let listing = store.list().await?;
    let now: SystemTime = state.now().into();
    let is_young = |stored: &Stored| {
        let age = stored.modified.and_then(|at| now.duration_since(at).ok());
        age.unwrap_or(Duration::ZERO) < keep.age
    };
    let mut left: Vec<(&String, &Stored)> = listing
        .iter()
        .filter(|(key, stored)| !is_own(key) && !gone.contains(key.as_str()) && is_young(stored))
        .collect();
    for release in state.retained(&held.root).await? {
        if left.is_empty() {
            return Ok(None);
        }
        if dropped.contains(release.id.0.as_str()) {
            continue;
        }
        let manifest = state.manifest(&release.manifest).await?;
        let needed: HashSet<&str> = manifest.entries.iter().map(|e| e.key.as_str()).collect();
        left.retain(|(key, _)| !needed.contains(key.as_str()));
    }
    let looks = left.into_iter().map(|(key, stored)| async move {
        let is_ours = is_ours(&**store, key, stored, true).await;
        is_ours.unwrap_or(false).then_some(stored)
    });
    let ours: Vec<&Stored> = stream::iter(looks)
        .buffered(requests)
        .filter_map(async |ours| ours)
        .collect()
        .await;
    let times = || ours.iter().map(|stored| stored.modified.unwrap_or(now));
    Ok(match (times().min(), times().max()) {
        (Some(first), Some(last)) => Some(Young {
            objects: ours.len() as u64,
            bytes: ours.iter().map(|stored| stored.size_bytes).sum(),
            from: first + keep.age,
            until: last + keep.age,
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_unless_it_looks_keyed() {
        for open in ["notes.txt", "img/old map-2.png", "drafts/solution.html"] {
            assert_eq!(name(open), format!("`{open}`"));
        }
        let token = "ycqlw4rz226sf3rz3sgvwxlbzq";
        assert_eq!(name(&format!("{token}.css")), "a keyed name at the top");
        assert_eq!(
            name(&format!("img/map.{token}.png")),
            "a keyed name below `img/`"
        );
        let palindrome = "puzzle/0123456789abcdef/index.html";
        assert_eq!(name(palindrome), "a keyed name in a keyed folder");
    }
}
