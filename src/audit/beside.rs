//! What is beside the objects of a release: names that aren't there, and what is held.

use std::collections::HashSet;

use super::Sample;
use super::finding::{Address, Finding, Kind};
use super::fix::{HeldAt, of_held};
use super::judge::max_age_s;
use super::visit::Visit;
use crate::name::Token;
use crate::path::ObjectKey;
use crate::release::leftover::Leftover;
use crate::release::manifest::{Entry, Manifest};
use crate::release::root::Nonce;
use crate::store::stranger::{Heard, Question};
use crate::store::{Listing, StoreError};

/// For how long it may be remembered that a name isn't there, in seconds: it may be there the next minute.
const ABSENCE_S_MAX: u64 = 300;

/// How many held names are tried, unless all objects are looked at.
const HELD_TRIED: usize = 100;

/// How much of an error is read, in bytes.
const ERROR_BYTES: usize = 64 << 10;

/// What strangers are answered where nothing is.
pub(super) async fn not_found(visit: &Visit<'_>, manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = manifest.entries.iter().find_map(|entry| {
        let (folder, _) = entry.key.as_str().rsplit_once('/')?;
        Some(folder.to_string())
    });
    let Nonce(nonce) = Nonce::random();
    let names = [
        Some(format!("{nonce}.html")),
        folder.map(|folder| format!("{folder}/{nonce}.html")),
    ];
    for name in names.into_iter().flatten() {
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

fn unanswered(error: &StoreError) -> Finding {
    Finding::unknown(Kind::Unanswered, error.message.clone()).fix(error.hint.clone())
}

fn judge_absence(heard: &Heard, manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    if heard.is_listing() || names_any(&heard.body, manifest) {
        let seen = "the answer names other objects";
        let fix = "let the server say no more than that it isn't there: no listing, no suggestions";
        findings.push(Finding::failed(Kind::NotFound, "no hint", seen).fix(fix));
    }
    if !matches!(heard.status.as_u16(), 403 | 404 | 410) {
        let wanted = "404 or 403 for a name that isn't there";
        let fix = "let the server answer 404: a page in its place is taken for the file, and kept";
        let seen = heard.status.to_string();
        findings.push(Finding::warning(Kind::NotFound, wanted, seen).fix(fix));
    }
    let caching = heard.headers.get("cache-control");
    let caching = caching.and_then(|value| value.to_str().ok());
    if let Some(age_s) = caching
        .and_then(max_age_s)
        .filter(|age| *age > ABSENCE_S_MAX)
    {
        let wanted = format!("that a name isn't there is forgotten within {ABSENCE_S_MAX} s");
        let seen = format!("it's kept for {age_s} s: what is published there is not seen before");
        let fix = "let the server cache errors for a minute at most";
        findings.push(Finding::failed(Kind::NotFound, wanted, seen).fix(fix));
    }
    findings
}

/// Whether a text has the name of any object.
fn names_any(body: &[u8], manifest: &Manifest) -> bool {
    let text = String::from_utf8_lossy(body);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let tokens: HashSet<Token> = words.filter_map(Token::parse).collect();
    !tokens.is_empty() && manifest.entries.iter().any(|e| tokens.contains(&e.token))
}

/// What is held must not be there, nor be had.
pub(super) async fn held(
    visit: &Visit<'_>,
    manifest: &Manifest,
    listing: Option<&Listing>,
    left: &[Leftover],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let of_releases: HashSet<&str> = left.iter().map(|left| left.key.as_str()).collect();
    for (tried, entry) in manifest
        .entries
        .iter()
        .filter(|e| e.stored.is_none())
        .enumerate()
    {
        let is_there = listing.is_some_and(|all| all.contains_key(entry.key.as_str()));
        if is_there || tried < HELD_TRIED || visit.subject.sample == Sample::All {
            let place = match (is_there, of_releases.contains(entry.key.as_str())) {
                (true, true) => HeldAt::OfRelease,
                (true, false) => HeldAt::Target,
                (false, _) => HeldAt::Elsewhere,
            };
            findings.extend(ask_held(visit, manifest, entry, place).await);
        }
    }
    findings
}

async fn ask_held(
    visit: &Visit<'_>,
    manifest: &Manifest,
    entry: &Entry,
    place: HeldAt,
) -> Vec<Finding> {
    let level = &manifest.levels[entry.level as usize];
    let fix = of_held(visit.subject.target, entry, level, place);
    let held = |seen: &str| {
        let wanted = format!("not to be there: its level, `{level}`, is held");
        Finding::failed(Kind::Held, wanted, seen)
            .of(entry)
            .fix(fix.as_str())
    };
    let (mut read, mut other) = (Vec::new(), Vec::new());
    for (address, url) in visit.addresses(&entry.key) {
        match visit.ask(&Question::get(&url).taking(0)).await {
            Ok(heard) if heard.status.is_success() => {
                let seen = "whoever knows its name can read it";
                read.push(held(seen).at(address));
            }
            Ok(_) => {}
            Err(error) => other.push(unanswered(&error).of(entry).at(address)),
        }
    }
    if place != HeldAt::Elsewhere && read.is_empty() {
        let seen = match visit.addresses(&entry.key).is_empty() {
            true => "it's in the target already",
            false => "it's in the target already, though strangers can't read it",
        };
        other.push(held(seen).at(Address::Storage));
    }
    read.into_iter().chain(other).collect()
}
