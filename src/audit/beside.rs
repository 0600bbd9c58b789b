//! Checks beside the objects of a release: names that don't exist, and objects that are held.

use std::collections::HashSet;

use super::Sample;
use super::finding::{Address, Finding, Kind};
use super::fix::{HeldAt, of_held, of_unlocked};
use super::judge::max_age_s;
use super::releases::Releases;
use super::visit::Visit;
use crate::base::name::Token;
use crate::base::path::ObjectKey;
use crate::release::manifest::{Entry, Manifest};
use crate::release::root::Nonce;
use crate::store::stranger::{Question, Response};
use crate::store::{Listing, StoreError};

/// Longest time for which it may be remembered that a name doesn't exist, in seconds: it may exist
/// the next minute.
const ABSENCE_S_MAX: u64 = 300;

/// Largest number of held names that are tried, unless all objects are inspected.
const HELD_TRIED: usize = 100;

/// Number of bytes of an error response that are read.
const ERROR_BYTES: usize = 64 << 10;

/// Checks how strangers' requests for names that don't exist are answered.
pub(super) async fn not_found(visit: &Visit<'_>, manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names_of_nothing(manifest) {
        let key = ObjectKey::parse(&name).expect("a name with another one beside it is a key");
        for (address, url) in visit.addresses(&key) {
            let heard = visit.ask(&Question::get(&url).taking(ERROR_BYTES)).await;
            let found = match heard {
                Ok(heard) => judge_absence(&heard, manifest),
                Err(error) => vec![unanswered(&error)],
            };
            let found = found.into_iter().map(|finding| finding.at(address));
            findings.extend(found.collect::<Vec<_>>());
        }
    }
    findings.dedup();
    findings
}

/// Returns names that no object has: at the top, and in a folder if there is one.
fn names_of_nothing(manifest: &Manifest) -> impl Iterator<Item = String> {
    let folder = manifest.entries.iter().find_map(|entry| {
        let (folder, _) = entry.key.as_str().rsplit_once('/')?;
        Some(folder.to_string())
    });
    let Nonce(nonce) = Nonce::random();
    let names = [
        Some(format!("{nonce}.html")),
        folder.map(|folder| format!("{folder}/{nonce}.html")),
    ];
    names.into_iter().flatten()
}

fn unanswered(error: &StoreError) -> Finding {
    Finding::unknown(Kind::Unanswered, error.message.clone()).fix(error.hint.to_string())
}

fn judge_absence(heard: &Response, manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    if heard.is_listing() || names_any(&heard.body, manifest) {
        let seen = "the response names other objects";
        let fix = "configure the server to answer a plain 404: no listing, no suggestions";
        findings.push(Finding::failed(Kind::NotFound, "no names of other objects", seen).fix(fix));
    }
    if !matches!(heard.status.as_u16(), 403 | 404 | 410) {
        let wanted = "404 or 403 for a missing name";
        let fix =
            "configure the server to answer 404: caches keep any other page as if it were the file";
        let seen = heard.status.to_string();
        findings.push(Finding::warning(Kind::NotFound, wanted, seen).fix(fix));
    }
    findings.extend(kept_absence(heard));
    findings
}

/// The finding for an absence that caches keep for too long.
fn kept_absence(heard: &Response) -> Option<Finding> {
    let caching = heard.headers.get("cache-control")?.to_str().ok()?;
    let age_s = max_age_s(caching).filter(|age| *age > ABSENCE_S_MAX)?;
    let wanted = format!("a missing name is cached for at most {ABSENCE_S_MAX} s");
    let seen = format!("cached for {age_s} s: a file published there stays hidden until then");
    let fix = "configure the server to cache errors for at most a minute";
    Some(Finding::failed(Kind::NotFound, wanted, seen).fix(fix))
}

/// Checks whether a text contains the name of any object.
fn names_any(body: &[u8], manifest: &Manifest) -> bool {
    let text = String::from_utf8_lossy(body);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let tokens: HashSet<Token> = words.filter_map(Token::parse).collect();
    !tokens.is_empty() && manifest.entries.iter().any(|e| tokens.contains(&e.token))
}

/// Checks that held objects are neither stored in the target nor readable.
pub(super) async fn held(
    visit: &Visit<'_>,
    manifest: &Manifest,
    listing: Option<&Listing>,
    releases: &Releases,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let left = releases.left.iter();
    let of_releases: HashSet<&str> = left.map(|left| left.key.as_str()).collect();
    let held = manifest.entries.iter().filter(|e| e.stored.is_none());
    for (tried, entry) in held.enumerate() {
        let is_there = listing.is_some_and(|all| all.contains_key(entry.key.as_str()));
        if is_there || tried < HELD_TRIED || visit.subject.sample == Sample::All {
            let place = match (is_there, of_releases.contains(entry.key.as_str())) {
                (true, true) => HeldAt::OfRelease,
                (true, false) => HeldAt::Target,
                (false, _) => HeldAt::Elsewhere,
            };
            findings.extend(ask_held(visit, releases, manifest, entry, place).await);
        }
    }
    findings
}

async fn ask_held(
    visit: &Visit<'_>,
    releases: &Releases,
    manifest: &Manifest,
    entry: &Entry,
    place: HeldAt,
) -> Vec<Finding> {
    let target = visit.subject.target;
    let level = manifest.level_of(entry);
    // After a rollback, the release may hold a level that pushes publish.
    let held = |seen: &str| {
        if releases.unlocked.contains(level) {
            let wanted = format!("published: its level `{level}` is unlocked");
            let seen = format!("held by the current release, and {seen}");
            let finding = Finding::warning(Kind::Held, wanted, seen).of(entry);
            return finding.fix(of_unlocked(target, entry, level, place));
        }
        let wanted = format!("absent: its level `{level}` is held");
        let finding = Finding::failed(Kind::Held, wanted, seen).of(entry);
        finding.fix(of_held(target, entry, level, place))
    };
    let (mut read, mut other) = (Vec::new(), Vec::new());
    for (address, url) in visit.addresses(&entry.key) {
        match visit.ask(&Question::get(&url).taking(0)).await {
            Ok(heard) if heard.status.is_success() => {
                let seen = "anyone who knows its name can read it";
                read.push(held(seen).at(address));
            }
            Ok(_) => {}
            Err(error) => other.push(unanswered(&error).of(entry).at(address)),
        }
    }
    if place != HeldAt::Elsewhere && read.is_empty() {
        let seen = if visit.addresses(&entry.key).is_empty() {
            "already in the target"
        } else {
            "already in the target, though strangers can't read it"
        };
        other.push(held(seen).at(Address::Storage));
    }
    read.into_iter().chain(other).collect()
}
