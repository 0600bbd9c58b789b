//! What an answer means, held against the release. Nothing is asked here.

use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};

use super::finding::{Address, Finding, Kind};
use super::measure::{Level, Measured};
use crate::config::Access;
use crate::doctor::Verdict;
use crate::media;
use crate::release::manifest::Entry;
use crate::store::control::{Grant, Public, Right, Told};
use crate::store::kept::{Kept, REDIRECT, SERVED_HEADERS, Served};

/// An object as it should be, and where it's asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) entry: &'a Entry,
    pub(super) served: Served<'a>,
    pub(super) address: Address,
}

/// What a stranger was answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether it was said that gzip is understood.
    pub(super) takes_gzip: bool,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// None if the bytes weren't asked for.
    pub(super) measured: Option<Measured>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Everything that is wrong with an answer.
pub(super) fn answer(expected: &Expected<'_>, answer: &Answer) -> Vec<Finding> {
    let findings = match answer.status {
        StatusCode::OK => {
            let mut findings = Vec::new();
            findings.extend(content(expected, answer));
            if answer.takes_gzip {
                findings.extend(headers(expected, &served(&answer.headers)));
                findings.extend(extras(answer));
            }
            findings
        }
        _ => vec![refusal(answer)],
    };
    let place = |finding: Finding| finding.of(expected.entry).at(expected.address);
    findings.into_iter().map(place).collect()
}

fn refusal(answer: &Answer) -> Finding {
    let status = answer.status;
    if status.is_redirection() {
        let to = answer.header("location").unwrap_or("nowhere");
        return Finding::failed(Kind::Redirect, "200 OK", format!("{status}, to {to}"));
    }
    Finding::failed(Kind::Unreadable, "200 OK", status.to_string())
}

fn served(headers: &HeaderMap) -> BTreeMap<String, String> {
    let told = SERVED_HEADERS.iter();
    told.filter_map(|name| Some((name.to_string(), header(headers, name)?.to_string())))
        .collect()
}

fn content(expected: &Expected<'_>, answer: &Answer) -> Option<Finding> {
    let levels = &answer.measured.as_ref()?.0;
    let entry = expected.entry;
    let depth = levels
        .iter()
        .position(|level| level.bytes == entry.size_bytes && level.digest == entry.digest);
    let encoding = answer.header("content-encoding").unwrap_or("identity");
    let says_gzip = match encoding {
        "gzip" | "x-gzip" => true,
        "" | "identity" => false,
        other => {
            let seen = format!("content-encoding: {other}, which wasn't asked for");
            return Some(Finding::warning(Kind::Encoding, in_words(expected), seen));
        }
    };
    let wrong = |seen: &str| Some(Finding::failed(Kind::Encoding, in_words(expected), seen));
    if expected.served.is_packed() {
        return packed(expected, depth, says_gzip, levels);
    }
    match (depth, says_gzip) {
        (Some(0), false) => not_compressed(expected, answer),
        (Some(1), true) => None,
        // What is gzip itself is served as it is.
        (Some(0), true) => wrong("the bytes aren't gzipped, and `content-encoding` says so"),
        (Some(1), false) => wrong("the bytes are gzipped, and no `content-encoding` says so"),
        (Some(_), _) => wrong("the bytes are gzipped twice"),
        (None, says_gzip) => {
            let seen = match (says_gzip, levels.as_slice()) {
                (true, [raw]) => format!("{} bytes that can't be unpacked", raw.bytes),
                (true, [_, once, ..]) => size_in_words(once.bytes, entry.size_bytes),
                (_, [raw, ..]) => size_in_words(raw.bytes, entry.size_bytes),
                (_, []) => "nothing".to_string(),
            };
            Some(other_bytes(expected, seen))
        }
    }
}

/// What was gzipped before it was published: these bytes are right only as they are, and only if they say so.
fn packed(
    expected: &Expected<'_>,
    depth: Option<usize>,
    says_gzip: bool,
    levels: &[Level],
) -> Option<Finding> {
    let wrong = |seen: &str| {
        let wanted = "gzipped, as the file is";
        Some(Finding::failed(Kind::Encoding, wanted, seen))
    };
    match (depth, says_gzip, levels) {
        (Some(0), true, [_, _, ..]) => None,
        (Some(0), true, _) => {
            let seen = "the file itself isn't gzipped, and `content-encoding` says so";
            Some(Finding::failed(Kind::File, "a gzipped file", seen))
        }
        (Some(0), false, _) => wrong("the bytes are gzipped, and no `content-encoding` says so"),
        (Some(_), _, _) => wrong("the bytes are gzipped twice"),
        (None, _, levels) => {
            let size = levels.first().map_or(0, |raw| raw.bytes);
            let seen = size_in_words(size, expected.entry.size_bytes);
            Some(other_bytes(expected, seen))
        }
    }
}

fn other_bytes(expected: &Expected<'_>, seen: String) -> Finding {
    let wanted = format!("{} bytes, as published", expected.entry.size_bytes);
    Finding::failed(Kind::Content, wanted, seen)
}

fn size_in_words(seen: u64, wanted: u64) -> String {
    match seen == wanted {
        true => format!("{seen} other bytes"),
        false => format!("{seen} bytes"),
    }
}

fn in_words(expected: &Expected<'_>) -> &'static str {
    match expected.served.is_gzipped {
        true => "gzipped",
        false => "not compressed",
    }
}

/// The right bytes as they are: which is right for whoever doesn't take gzip.
fn not_compressed(expected: &Expected<'_>, answer: &Answer) -> Option<Finding> {
    if !expected.served.is_gzipped || !answer.takes_gzip {
        return None;
    }
    let verdict = match expected.address {
        Address::Storage => Verdict::Failed,
        Address::PublicUrl => Verdict::Warning,
    };
    let seen = "not compressed, so slow";
    Some(Finding::new(Kind::Encoding, verdict, "gzipped", seen))
}

/// What is told with the bytes. How they are compressed is judged by them.
fn headers(expected: &Expected<'_>, seen: &BTreeMap<String, String>) -> Vec<Finding> {
    let wanted = expected.served.headers();
    let names = SERVED_HEADERS
        .iter()
        .filter(|name| **name != "content-encoding");
    let differs = |name: &&&str| {
        let (wanted, seen) = (wanted.get(**name), seen.get(**name));
        // Servers between may add what the storage doesn't have.
        let is_added = wanted.is_none() && expected.address == Address::PublicUrl;
        let is_same_type = || expected.address == Address::PublicUrl && is_same_type(wanted, seen);
        let normal = |value: Option<&String>| value.map(|value| normal(value));
        !is_added && normal(wanted) != normal(seen) && !(**name == "content-type" && is_same_type())
    };
    let finding = |name: &&str| {
        let (wanted, seen) = (wanted.get(*name), seen.get(*name));
        let in_words = |value: Option<&String>| match value {
            Some(value) => format!("{name}: {value}"),
            None => format!("no {name}"),
        };
        let verdict = match (expected.address, *name) {
            (Address::PublicUrl, "cache-control") => caching(wanted, seen),
            _ => Verdict::Failed,
        };
        Finding::new(Kind::Headers, verdict, in_words(wanted), in_words(seen))
    };
    names.filter(differs).map(finding).collect()
}

/// Says whether browsers take two types for the same, as another server may write them: a charset of JSON means nothing (RFC 8259, 11),
/// and scripts have a former name (RFC 9239, 6).
fn is_same_type(wanted: Option<&String>, seen: Option<&String>) -> bool {
    let plain = |value: &String| {
        let value = normal(value).concat();
        let value = value.replace("application/javascript", "text/javascript");
        let essence = media::essence(&value);
        match essence == "application/json" || essence.ends_with("+json") {
            true => essence,
            false => value,
        }
    };
    wanted.map(plain) == seen.map(plain)
}

/// In lower case, without spaces, and in one order of what commas part.
fn normal(value: &str) -> Vec<String> {
    let squeezed = value.to_ascii_lowercase().replace([' ', '\t'], "");
    let mut parts: Vec<String> = squeezed.split(',').map(str::to_string).collect();
    parts.sort();
    parts
}

/// Servers between have their own mind about caching: to keep something longer than it may is dangerous.
fn caching(wanted: Option<&String>, seen: Option<&String>) -> Verdict {
    let age = |value: Option<&String>| value.and_then(|value| max_age_s(value));
    match (age(wanted), age(seen)) {
        (Some(wanted), Some(seen)) if seen > wanted => Verdict::Failed,
        _ => Verdict::Warning,
    }
}

/// How long an answer may be kept by anybody, in seconds; none if it doesn't say.
pub(super) fn max_age_s(cache_control: &str) -> Option<u64> {
    let directives = cache_control
        .split(',')
        .filter_map(|d| d.trim().split_once('='));
    let ages = directives.filter(|(name, _)| {
        name.eq_ignore_ascii_case("max-age") || name.eq_ignore_ascii_case("s-maxage")
    });
    ages.filter_map(|(_, value)| value.trim_matches('"').parse().ok())
        .max()
}

fn extras(answer: &Answer) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(to) = answer.header(REDIRECT) {
        findings.push(redirect(to));
    }
    if answer.headers.contains_key("set-cookie") {
        let seen = "a `set-cookie`: caches may not keep it, or give it to others";
        findings.push(Finding::warning(Kind::Cookie, "no cookie", seen));
    }
    findings
}

fn redirect(to: &str) -> Finding {
    let seen = format!("{REDIRECT}: {to}, which a website of the bucket obeys");
    Finding::failed(Kind::Redirect, "no redirect", seen)
}

/// A part of an object that was asked for: bytes `from` to `to` of it.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) from: u64,
    pub(super) to: u64,
    /// As the whole object had them; none if that wasn't asked for.
    pub(super) bytes: Option<&'a [u8]>,
}

/// What is wrong with the answer to a request for a part.
pub(super) fn range(
    expected: &Expected<'_>,
    part: &Part<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Finding> {
    let total = expected.entry.size_bytes;
    let (from, to) = (part.from, part.to);
    let wanted = format!("206, bytes {from}-{to}/{total}");
    let told = header(headers, "content-range").unwrap_or_default();
    let is_right = |wanted: &[u8]| wanted == body;
    let seen = match status {
        StatusCode::OK => {
            let seen = "200 and all of it: players can't jump";
            let finding = Finding::warning(Kind::Range, wanted, seen);
            return Some(finding.of(expected.entry).at(expected.address));
        }
        StatusCode::PARTIAL_CONTENT if told != format!("bytes {from}-{to}/{total}") => {
            format!("206, {told}")
        }
        StatusCode::PARTIAL_CONTENT if body.len() as u64 != to - from + 1 => {
            format!("206 with {} bytes", body.len())
        }
        StatusCode::PARTIAL_CONTENT if !part.bytes.is_none_or(is_right) => {
            "206 with other bytes than the whole has there".to_string()
        }
        StatusCode::PARTIAL_CONTENT => return None,
        other => other.to_string(),
    };
    let finding = Finding::failed(Kind::Range, wanted, seen);
    Some(finding.of(expected.entry).at(expected.address))
}

/// What the owner sees: what no stranger's answer shows, and headers where a stranger got none.
pub(super) fn kept(
    expected: &Expected<'_>,
    kept: &Kept,
    access: Access,
    was_answered: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (Some(to), false) = (kept.headers.get(REDIRECT), was_answered) {
        findings.push(redirect(to));
    }
    if !was_answered {
        findings.extend(headers(expected, &kept.headers));
    }
    if kept.stored.token != Some(expected.entry.token) {
        let seen = match kept.stored.token {
            Some(_) => "the token of another",
            None => {
                "no token: when no release needs it any more, `prune` takes it for somebody else's and leaves it"
            }
        };
        let wanted = "the token it was published with";
        findings.push(Finding::warning(Kind::Token, wanted, seen));
    }
    findings.extend(acl(&kept.grants, access).or_else(|| accounts(&kept.accounts)));
    let place = |finding: Finding| finding.of(expected.entry).at(expected.address);
    findings.into_iter().map(place).collect()
}

/// What strangers may do by an object's own ACL: read it, or nothing, as the target has it.
fn acl(grants: &Told<Vec<Grant>>, access: Access) -> Option<Finding> {
    let grants = match grants {
        Told::Is(grants) => grants,
        Told::Unknown(why) => return Some(Finding::unknown(Kind::Acl, why.clone())),
    };
    let wanted = match access {
        Access::Bucket => "no right of strangers by its own ACL",
        Access::ObjectAcl => "everybody may read it, and no more (public-read)",
    };
    let too_much: Vec<String> = grants
        .iter()
        .filter(|grant| grant.right != Right::Read)
        .map(|grant| grant.by.clone())
        .collect();
    if !too_much.is_empty() {
        let seen = format!(
            "strangers may do more than read it: {}",
            too_much.join(", ")
        );
        return Some(Finding::failed(Kind::Acl, wanted, seen));
    }
    let reaches = |to: Public| grants.iter().any(|grant| grant.to == to);
    match access {
        Access::ObjectAcl if reaches(Public::Everybody) => None,
        Access::ObjectAcl if reaches(Public::AnyAccount) => {
            let seen = "only who has an account of the cloud may read it";
            Some(Finding::failed(Kind::Acl, wanted, seen))
        }
        Access::ObjectAcl => {
            let seen = "strangers may do nothing";
            Some(Finding::failed(Kind::Acl, wanted, seen))
        }
        Access::Bucket if reaches(Public::Everybody) => {
            let seen = "everybody may read it, whatever the bucket says";
            Some(Finding::warning(Kind::Acl, wanted, seen))
        }
        Access::Bucket if reaches(Public::AnyAccount) => {
            let seen = "any account of the cloud may read it, whatever the bucket says";
            Some(Finding::warning(Kind::Acl, wanted, seen))
        }
        Access::Bucket => None,
    }
}

/// What single accounts may do by an object's own ACL: nothing is published so.
fn accounts(accounts: &[String]) -> Option<Finding> {
    let wanted = "no right of another account by its own ACL";
    let seen = format!("another account has rights to it: {}", accounts.join(", "));
    (!accounts.is_empty()).then(|| Finding::warning(Kind::Acl, wanted, seen))
}

#[cfg(test)]
mod tests;
