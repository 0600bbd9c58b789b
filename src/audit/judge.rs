//! Judges an answer by comparing it with the release. Sends no requests.

use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};

use super::finding::{Address, Finding, Kind};
use super::measure::{Level, Measured};
use crate::base::coding::Coding;
use crate::base::media;
use crate::base::name::CONTENT_ENCODING;
use crate::config::Access;
use crate::doctor::Verdict;
use crate::release::manifest::Entry;
use crate::store::control::{Grant, Observed, Public, Right};
use crate::store::kept::{Kept, REDIRECT, SERVED_HEADERS, Served};

/// An object as it should be, and where it's asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) entry: &'a Entry,
    pub(super) served: Served<'a>,
    pub(super) address: Address,
}

/// Answer to a stranger's request.
#[derive(Debug)]
pub(super) struct Answer {
    /// True if the request said that gzip is accepted.
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
    let encoding = answer.header(CONTENT_ENCODING).unwrap_or("identity");
    if let Some(coding @ (Coding::Br | Coding::Zstd)) = expected.served.headers.coding() {
        return coded(expected, coding, depth, encoding, levels);
    }
    let says_gzip = match encoding {
        "gzip" | "x-gzip" => true,
        "" | "identity" => false,
        other => {
            let seen = format!("content-encoding: {other}, which wasn't requested");
            return Some(Finding::warning(Kind::Encoding, in_words(expected), seen));
        }
    };
    match expected.served.headers.coding() {
        Some(_) => packed(expected, depth, says_gzip, levels),
        None => plain_or_gzipped(expected, answer, depth, says_gzip, levels),
    }
}

/// Judges what the storage may gzip: right as it was published, and as its gzip.
fn plain_or_gzipped(
    expected: &Expected<'_>,
    answer: &Answer,
    depth: Option<usize>,
    says_gzip: bool,
    levels: &[Level],
) -> Option<Finding> {
    let wrong = |seen: &str| Some(Finding::failed(Kind::Encoding, in_words(expected), seen));
    match (depth, says_gzip) {
        (Some(0), false) => not_compressed(expected, answer),
        (Some(1), true) => None,
        // Gzip files are served unchanged.
        (Some(0), true) => wrong("`content-encoding` says gzip, but the bytes aren't gzipped"),
        (Some(1), false) => wrong("the bytes are gzipped, but `content-encoding` doesn't say so"),
        (Some(_), _) => wrong("the bytes are gzipped twice"),
        (None, says_gzip) => {
            let seen = seen_bytes(levels, says_gzip, expected.entry.size_bytes);
            Some(other_bytes(expected, seen))
        }
    }
}

fn seen_bytes(levels: &[Level], says_gzip: bool, wanted: u64) -> String {
    match (says_gzip, levels) {
        (true, [raw]) => format!("{} bytes that can't be decompressed", raw.bytes),
        (true, [_, once, ..]) => size_in_words(once.bytes, wanted),
        (_, [raw, ..]) => size_in_words(raw.bytes, wanted),
        (_, []) => "nothing".to_string(),
    }
}

/// Judges a file that was gzipped before it was published: its bytes must arrive unchanged, with
/// `content-encoding`.
fn packed(
    expected: &Expected<'_>,
    depth: Option<usize>,
    says_gzip: bool,
    levels: &[Level],
) -> Option<Finding> {
    let wrong = |seen: &str| {
        let wanted = "gzipped, like the file";
        Some(Finding::failed(Kind::Encoding, wanted, seen))
    };
    match (depth, says_gzip, levels) {
        (Some(0), true, [_, _, ..]) => None,
        (Some(0), true, _) => {
            let seen = "`content-encoding` says gzip, but the file itself isn't gzipped";
            Some(Finding::failed(Kind::File, "a gzipped file", seen))
        }
        (Some(0), false, _) => {
            wrong("the bytes are gzipped, but `content-encoding` doesn't say so")
        }
        (Some(_), _, _) => wrong("the bytes are gzipped twice"),
        (None, _, levels) => {
            let size = levels.first().map_or(0, |raw| raw.bytes);
            let seen = size_in_words(size, expected.entry.size_bytes);
            Some(other_bytes(expected, seen))
        }
    }
}

/// Judges what was compressed in another way than by gzip: these bytes are right only if they say
/// so.
fn coded(
    expected: &Expected<'_>,
    coding: Coding,
    depth: Option<usize>,
    encoding: &str,
    levels: &[Level],
) -> Option<Finding> {
    let wanted = format!("{CONTENT_ENCODING}: {}", coding.name());
    match depth {
        Some(0) if encoding == coding.name() => None,
        Some(0) => {
            let seen = format!("{CONTENT_ENCODING}: {encoding}");
            Some(Finding::failed(Kind::Encoding, wanted, seen))
        }
        _ => {
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
    if seen == wanted {
        format!("{seen} different bytes")
    } else {
        format!("{seen} bytes")
    }
}

fn in_words(expected: &Expected<'_>) -> &'static str {
    if expected.served.is_gzipped {
        "gzipped"
    } else {
        "not compressed"
    }
}

/// Judges the right bytes, uncompressed: this is correct for clients that don't accept gzip.
fn not_compressed(expected: &Expected<'_>, answer: &Answer) -> Option<Finding> {
    if !expected.served.is_gzipped || !answer.takes_gzip {
        return None;
    }
    let verdict = match expected.address {
        Address::Storage => Verdict::Failed,
        Address::PublicUrl => Verdict::Warning,
    };
    let seen = "not compressed (slow)";
    Some(Finding::new(Kind::Encoding, verdict, "gzipped", seen))
}

/// Compares the headers of an answer, except for the compression, which is judged by the bytes.
fn headers(expected: &Expected<'_>, seen: &BTreeMap<String, String>) -> Vec<Finding> {
    let wanted = expected.served.headers();
    let names = SERVED_HEADERS
        .iter()
        .filter(|name| **name != CONTENT_ENCODING);
    let differs = |name: &&&str| {
        let (wanted, seen) = (wanted.get(**name), seen.get(**name));
        differs(name, wanted, seen, expected.address)
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

fn differs(name: &str, wanted: Option<&String>, seen: Option<&String>, address: Address) -> bool {
    // Servers between may add what the storage doesn't have.
    let is_added = wanted.is_none() && address == Address::PublicUrl;
    let is_same_type = || address == Address::PublicUrl && is_same_type(wanted, seen);
    let normal = |value: Option<&String>| value.map(|value| normal(value));
    !is_added && normal(wanted) != normal(seen) && !(name == "content-type" && is_same_type())
}

/// Says whether browsers take two types for the same, as another server may write them: a charset
/// of JSON means nothing (RFC 8259, 11), and scripts have a former name (RFC 9239, 6).
fn is_same_type(wanted: Option<&String>, seen: Option<&String>) -> bool {
    let plain = |value: &String| {
        let value = normal(value).concat();
        let value = value.replace("application/javascript", "text/javascript");
        let essence = media::essence(&value);
        if essence == "application/json" || essence.ends_with("+json") {
            essence
        } else {
            value
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

/// Servers between have their own mind about caching: to keep something longer than it may is
/// dangerous.
fn caching(wanted: Option<&String>, seen: Option<&String>) -> Verdict {
    let age = |value: Option<&String>| value.and_then(|value| max_age_s(value));
    match (age(wanted), age(seen)) {
        (Some(wanted), Some(seen)) if seen > wanted => Verdict::Failed,
        _ => Verdict::Warning,
    }
}

/// Returns how long anybody may keep the answer, in seconds; none if it doesn't say.
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
        let seen = "a `set-cookie`: caches may skip the response, or send the cookie to others";
        findings.push(Finding::warning(Kind::Cookie, "no cookie", seen));
    }
    findings
}

fn redirect(to: &str) -> Finding {
    let seen = format!("{REDIRECT}: {to}, which the bucket's website endpoint follows");
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

/// Returns the problem with the answer to a range request.
pub(super) fn range(
    expected: &Expected<'_>,
    part: &Part<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Finding> {
    let place = format!(
        "bytes {}-{}/{}",
        part.from, part.to, expected.entry.size_bytes
    );
    let wanted = format!("206, {place}");
    let finding = match status {
        StatusCode::OK => {
            let seen = "200 and the whole file: audio and video can't seek";
            Finding::warning(Kind::Range, wanted, seen)
        }
        StatusCode::PARTIAL_CONTENT => {
            let told = header(headers, "content-range").unwrap_or_default();
            Finding::failed(Kind::Range, wanted, other_part(part, &place, told, body)?)
        }
        other => Finding::failed(Kind::Range, wanted, other.to_string()),
    };
    Some(finding.of(expected.entry).at(expected.address))
}

/// The part that came instead of the one at `place`, in words; none if it's the right one.
fn other_part(part: &Part<'_>, place: &str, told: &str, body: &[u8]) -> Option<String> {
    let is_right = |wanted: &[u8]| wanted == body;
    if told != place {
        return Some(format!("206, {told}"));
    }
    if body.len() as u64 != part.to - part.from + 1 {
        return Some(format!("206 with {} bytes", body.len()));
    }
    let is_other = !part.bytes.is_none_or(is_right);
    is_other.then(|| "206 with bytes that differ from the whole file's".to_string())
}

/// Judges what only the owner sees, and the headers as well if a stranger got no answer.
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
    findings.extend(token(kept, expected.entry));
    findings.extend(acl(&kept.grants, access).or_else(|| accounts(&kept.accounts)));
    let place = |finding: Finding| finding.of(expected.entry).at(expected.address);
    findings.into_iter().map(place).collect()
}

fn token(kept: &Kept, entry: &Entry) -> Option<Finding> {
    let (seen, brief) = match kept.stored.token {
        Some(token) if token == entry.token => return None,
        Some(_) => ("another object's token", None),
        None => (
            "no token: once no release needs it, `prune` takes it for somebody else's and keeps it",
            Some("no token"),
        ),
    };
    let wanted = "the token it was published with";
    Some(Finding {
        brief,
        ..Finding::warning(Kind::Token, wanted, seen)
    })
}

/// Checks what strangers may do by the object's own ACL: read it, or nothing, depending on the
/// target.
fn acl(grants: &Observed<Vec<Grant>>, access: Access) -> Option<Finding> {
    let grants = match grants {
        Observed::Is(grants) => grants,
        Observed::Unknown(why) => return Some(Finding::unknown(Kind::Acl, why.clone())),
    };
    let wanted = match access {
        Access::Bucket => "no permissions for strangers in its own ACL",
        Access::ObjectAcl => "read access for everybody, and no more (public-read)",
    };
    if let Some(seen) = more_than_reading(grants) {
        return Some(Finding::failed(Kind::Acl, wanted, seen));
    }
    let reaches = |to: Public| grants.iter().any(|grant| grant.to == to);
    let (everybody, any_account) = (reaches(Public::Everybody), reaches(Public::AnyAccount));
    match access {
        Access::ObjectAcl => {
            let seen = too_closed(everybody, any_account)?;
            Some(Finding::failed(Kind::Acl, wanted, seen))
        }
        Access::Bucket => {
            let seen = too_open(everybody, any_account)?;
            Some(Finding::warning(Kind::Acl, wanted, seen))
        }
    }
}

fn more_than_reading(grants: &[Grant]) -> Option<String> {
    let more = grants.iter().filter(|grant| grant.right != Right::Read);
    let by: Vec<&str> = more.map(|grant| grant.by.as_str()).collect();
    (!by.is_empty()).then(|| format!("strangers may do more than read it: {}", by.join(", ")))
}

/// Words for an ACL that lets too few read, where each object has one.
fn too_closed(everybody: bool, any_account: bool) -> Option<&'static str> {
    match (everybody, any_account) {
        (true, _) => None,
        (false, true) => Some("only accounts of the cloud provider can read it"),
        (false, false) => Some("strangers have no permissions"),
    }
}

/// Words for an ACL that lets strangers read, where none is to.
fn too_open(everybody: bool, any_account: bool) -> Option<&'static str> {
    match (everybody, any_account) {
        (true, _) => Some("everybody can read it, regardless of the bucket's rules"),
        (false, true) => {
            Some("any account of the cloud provider can read it, regardless of the bucket's rules")
        }
        (false, false) => None,
    }
}

/// Checks that no single account has rights by the object's own ACL: assetsync never grants any.
fn accounts(accounts: &[String]) -> Option<Finding> {
    let wanted = "no permissions for other accounts in its own ACL";
    let seen = format!(
        "another account has permissions on it: {}",
        accounts.join(", ")
    );
    (!accounts.is_empty()).then(|| Finding::warning(Kind::Acl, wanted, seen))
}

#[cfg(test)]
mod tests;
