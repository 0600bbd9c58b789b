//! Objects that no retained release knows: their owners, and what happens to them.

use std::collections::HashSet;
use std::time::SystemTime;

use crate::base::hint::Verb;
use crate::base::text::HumanBytes;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::finding::{Address, Finding, Kind};
use super::fix::delete_by_hand;
use super::{Sample, Subject};
use crate::base::path::ObjectKey;
use crate::base::text::count;
use crate::config::Target;
use crate::doctor;
use crate::release::layout::FOLDER;
use crate::release::prune;
use crate::store::{Listing, Store, Stored, is_keyed};

/// Largest number of objects whose owner is determined by a request, unless all objects are
/// inspected.
const ASKED_MAX: usize = 100;

const IN_A_RELEASE: &str = "every object belongs to a retained release";

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
    let others = prune::places_of_others(listing);
    let is_in = |key: &str, place: &str| key.starts_with(place);
    let of_others: Vec<Finding> = others
        .iter()
        .map(|place| other_target(place, strays.iter().filter(|(key, _)| is_in(key, place))))
        .collect();
    strays.retain(|(key, _)| !others.iter().any(|place| is_in(key, place)));
    let own = of_nobody_else(subject, strays, others.first()).await;
    of_others.into_iter().chain(own).collect()
}

/// One finding for each stray that isn't in another target; `other` is one that is inside of this.
async fn of_nobody_else(
    subject: &Subject<'_>,
    strays: Vec<(&String, &Stored)>,
    other: Option<&String>,
) -> Vec<Finding> {
    let asked_max = match subject.sample {
        Sample::All => usize::MAX,
        Sample::Some(_) => ASKED_MAX,
    };
    let looks = strays
        .into_iter()
        .enumerate()
        .map(|(at, (key, stored))| async move {
            let is_ours = is_ours(&**subject.store, key, stored, at < asked_max).await;
            finding(subject, key, stored, is_ours, other)
        });
    let looks = stream::iter(looks).buffered(subject.requests);
    looks.collect().await
}

/// Tells of a target inside this one, as of one thing: its objects are its own business.
fn other_target<'a>(
    place: &str,
    objects: impl Iterator<Item = &'a (&'a String, &'a Stored)>,
) -> Finding {
    let (mut n, mut bytes) = (0, 0);
    for (_, stored) in objects {
        n += 1;
        bytes += stored.size_bytes;
    }
    let seen = format!(
        "`{}` contains the releases of another target: {} ({})",
        crate::base::text::escape(place),
        count(n, "object"),
        HumanBytes(bytes)
    );
    let finding = Finding::warning(Kind::Stray, "no target inside another", seen);
    Finding {
        key: Some(place.to_string()),
        bytes: Some(bytes),
        ..finding
    }
    .at(Address::Storage)
    .fix("leave these objects alone. Publish each target to its own prefix; until then, `prune` deletes nothing here")
}

/// A folder's `_headers`, and what is assetsync's own.
fn is_own(key: &str) -> bool {
    key.starts_with(FOLDER) || key == "_headers"
}

/// Checks whether assetsync wrote the object: then its token is stored with it. None if this can't
/// be determined.
async fn is_ours(store: &dyn Store, key: &str, stored: &Stored, may_ask: bool) -> Option<bool> {
    if stored.token_is_known {
        return Some(prune::is_ours(key, stored));
    }
    let object = ObjectKey::parse(key).ok().filter(|_| may_ask)?;
    let looked = store.head(&object).await.ok().flatten();
    looked.map(|stored| prune::is_ours(key, &stored))
}

fn finding(
    subject: &Subject<'_>,
    key: &str,
    stored: &Stored,
    is_ours: Option<bool>,
    other: Option<&String>,
) -> Finding {
    let whose = match is_ours {
        Some(true) => "assetsync wrote it",
        Some(false) => "assetsync didn't write it",
        None => "owner not checked",
    };
    let when = stored
        .modified
        .map_or(String::new(), |at| format!(" of {}", day(at)));
    let seen = format!("{}, {} bytes{when}: {whose}", name(key), stored.size_bytes);
    let fix = fix(subject.target, is_ours, other);
    let mut finding = Finding::warning(Kind::Stray, IN_A_RELEASE, seen);
    finding.key = Some(key.to_string());
    finding.bytes = Some(stored.size_bytes);
    finding.at(Address::Storage).fix(fix)
}

fn fix(target: &Target, is_ours: Option<bool>, other: Option<&String>) -> String {
    let prune = doctor::own_command(target, Verb::Prune);
    match (is_ours, other) {
        (Some(true), Some(other)) => format!(
            "`{prune}` deletes it once no other target is inside this one (`{}`)",
            crate::base::text::escape(other)
        ),
        (Some(true), None) => {
            format!("`{prune}` deletes it once it's older than 30 days (`--keep-days`)")
        }
        _ => format!(
            "find out who put it there. `{prune}` deletes only what assetsync wrote. If nobody uses it, delete it with `{}` (`{}` shows each NAME)",
            delete_by_hand(target, "NAME"),
            doctor::own_command(target, Verb::Audit.with("--show-urls"))
        ),
    }
}

/// Returns the part of a name that a log may show: all of it, unless a part looks keyed.
fn name(key: &str) -> String {
    if !is_keyed(key) {
        format!("`{key}`")
    } else {
        format!("a random-looking name {}", folder(key))
    }
}

/// Describes the place of an object without revealing a secret.
pub fn folder(key: &str) -> String {
    match key.rsplit_once('/') {
        None => "at the top".to_string(),
        Some((folder, _)) if is_keyed(folder) => "in a random-looking folder".to_string(),
        Some((folder, _)) => format!("below `{folder}/`"),
    }
}

fn day(at: SystemTime) -> String {
    let at = Timestamp::try_from(at);
    at.map_or("an unknown day".to_string(), |at| {
        at.strftime("%Y-%m-%d").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is shown in full unless it looks keyed.
    #[test]
    fn keyed_names_are_not_shown() {
        for open in ["notes.txt", "img/old map-2.png", "drafts/solution.html"] {
            assert_eq!(name(open), format!("`{open}`"));
        }
        let token = "ycqlw4rz226sf3rz3sgvwxlbzq";
        assert_eq!(
            name(&format!("{token}.css")),
            "a random-looking name at the top"
        );
        assert_eq!(
            name(&format!("img/map.{token}.png")),
            "a random-looking name below `img/`"
        );
        let palindrome = "puzzle/0123456789abcdef/index.html";
        assert_eq!(
            name(palindrome),
            "a random-looking name in a random-looking folder"
        );
    }
}
