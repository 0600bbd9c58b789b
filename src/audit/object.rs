//! One object as visitors get it, wherever they can get it from, and as its owner sees it.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use http::Method;

use super::finding::{Address, Finding, Kind};
use super::folder;
use super::judge::{self, Answer, Expected, Part};
use super::measure::{Measure, Measured};
use super::visit::Visit;
use super::{Sample, Verdict};
use crate::release::manifest::{Entry, Manifest};
use crate::store::kept::{Kept, Served};
use crate::store::stranger::{Question, Response};
use crate::store::{PART_BYTES, StoreError};

/// Number of bytes that are requested from each end of a large object.
const END_BYTES: u64 = 64 << 10;

/// Largest ratio by which a gzipped file can expand (<https://zlib.net/zlib_tech.html>).
const DEFLATE_RATIO_MAX: u64 = 1032;

/// Outcome of looking at one object.
#[derive(Debug)]
pub(super) struct Looked {
    /// Its place in [`Manifest::entries`].
    pub(super) at: usize,
    pub(super) findings: Vec<Finding>,
    /// The object as its owner sees it; none if it doesn't exist, or couldn't be requested.
    pub(super) kept: Option<Kept>,
}

/// Returns how an entry should be served.
pub(super) fn served<'a>(manifest: &'a Manifest, entry: &'a Entry) -> Served<'a> {
    Served {
        headers: manifest.headers_of(entry),
        is_gzipped: entry.is_gzipped(),
        token: entry.token,
    }
}

/// Looks at one object from all sides.
pub(super) async fn look(visit: &Visit<'_>, manifest: &Manifest, at: usize) -> Looked {
    let entry = &manifest.entries[at];
    let served = Served {
        is_gzipped: match visit.control {
            Some(_) => entry.is_gzipped(),
            None => folder::has_gz(visit.subject, manifest, entry),
        },
        ..served(manifest, entry)
    };
    let mut findings = Vec::new();
    for (address, url) in visit.addresses(&entry.key) {
        let expected = Expected {
            entry,
            served,
            address,
        };
        match ask(visit, &expected, &url).await {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(unanswered(entry, &error).at(address)),
        }
    }
    let kept = examine(visit, entry, served, &mut findings).await;
    dedup(&mut findings);
    visit
        .subject
        .progress
        .done(entry.size_bytes, findings.iter().any(is_failed));
    Looked { at, findings, kept }
}

/// Asks as the owner of a bucket, and judges that by the findings there are.
async fn examine(
    visit: &Visit<'_>,
    entry: &Entry,
    served: Served<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Kept> {
    let control = visit.control.as_ref()?;
    // One for the object, one for its ACL.
    visit.pace.turn().await;
    visit.pace.turn().await;
    match control.examine(&entry.key).await {
        Ok(Some(kept)) => {
            findings.extend(judge_kept(visit, entry, served, &kept, findings));
            return Some(kept);
        }
        Ok(None) => {
            findings.retain(|finding| !is_refused(finding));
            findings.push(missing(entry).at(Address::Storage));
        }
        Err(error) => findings.push(unanswered(entry, &error)),
    }
    None
}

fn judge_kept(
    visit: &Visit<'_>,
    entry: &Entry,
    served: Served<'_>,
    kept: &Kept,
    findings: &[Finding],
) -> Vec<Finding> {
    let expected = Expected {
        entry,
        served,
        address: Address::Storage,
    };
    let was_answered = !findings.iter().any(is_refused);
    judge::kept(&expected, kept, visit.subject.target.access, was_answered)
}

/// Nothing is at an entry's key.
pub(super) fn missing(entry: &Entry) -> Finding {
    Finding::failed(Kind::Missing, "present", "missing").of(entry)
}

fn is_refused(finding: &Finding) -> bool {
    finding.kind == Kind::Unreadable && finding.address == Some(Address::Storage)
}

fn is_failed(finding: &Finding) -> bool {
    finding.verdict == Verdict::Failed
}

fn unanswered(entry: &Entry, error: &StoreError) -> Finding {
    Finding::unknown(Kind::Unanswered, error.message.clone())
        .of(entry)
        .fix(error.hint.to_string())
}

/// The same thing is seen with gzip and without.
fn dedup(findings: &mut Vec<Finding>) {
    let all = std::mem::take(findings);
    for finding in all {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

async fn ask(
    visit: &Visit<'_>,
    expected: &Expected<'_>,
    url: &str,
) -> Result<Vec<Finding>, StoreError> {
    let entry = expected.entry;
    let stored_bytes = entry.stored.as_ref().map_or(0, |stored| stored.size_bytes);
    if stored_bytes > PART_BYTES as u64 && visit.subject.sample != Sample::All {
        return ask_large(visit, expected, url).await;
    }
    let stretches = stretches(expected);
    let (with_gzip, bytes) = get(visit, expected, url, true, &stretches).await?;
    let mut findings = judge::answer(expected, &with_gzip);
    let without = if expected.served.is_gzipped {
        get(visit, expected, url, false, &[]).await?.0
    } else {
        head(visit, url, false).await?
    };
    findings.extend(judge::answer(expected, &without));
    if with_gzip.status.is_success() {
        for (range, bytes) in stretches.iter().zip(&bytes) {
            findings.extend(ask_part(visit, expected, url, range, Some(bytes)).await?);
        }
    }
    Ok(findings)
}

/// Requests an object that is too large to read as a whole: its headers, and both of its ends.
async fn ask_large(
    visit: &Visit<'_>,
    expected: &Expected<'_>,
    url: &str,
) -> Result<Vec<Finding>, StoreError> {
    let answer = head(visit, url, true).await?;
    let mut findings = judge::answer(expected, &answer);
    if !answer.status.is_success()
        || expected.served.is_gzipped
        || expected.served.headers.coding().is_some()
    {
        return Ok(findings);
    }
    let total = expected.entry.size_bytes;
    for range in [
        0..END_BYTES.min(total),
        total.saturating_sub(END_BYTES)..total,
    ] {
        findings.extend(ask_part(visit, expected, url, &range, None).await?);
    }
    Ok(findings)
}

/// Parts of an object that are asked for by themselves, too.
fn stretches(expected: &Expected<'_>) -> Vec<Range<u64>> {
    let size_bytes = expected.entry.size_bytes;
    if is_media(&expected.served.headers.content_type) && size_bytes > 0 {
        parts_of_media(size_bytes)
    } else {
        Vec::new()
    }
}

fn is_media(content_type: &str) -> bool {
    content_type.starts_with("audio/") || content_type.starts_with("video/")
}

/// Returns the ranges that players request: the first two bytes, by which Safari finds out whether
/// ranges are supported
/// (<https://developer.apple.com/library/archive/documentation/AppleApplications/Reference/SafariWebContent/CreatingVideoforSafarioniPhone/CreatingVideoforSafarioniPhone.html>),
/// and a range in the middle.
fn parts_of_media(size_bytes: u64) -> Vec<Range<u64>> {
    let middle = size_bytes / 2;
    vec![0..size_bytes.min(2), middle..size_bytes.min(middle + 1024)]
}

/// All of an object, of which nothing but the stretches is kept.
async fn get(
    visit: &Visit<'_>,
    expected: &Expected<'_>,
    url: &str,
    takes_gzip: bool,
    stretches: &[Range<u64>],
) -> Result<(Answer, Vec<Vec<u8>>), StoreError> {
    let measure = Measure::new(content_bytes_max(expected), stretches);
    let measure = Arc::new(Mutex::new(measure));
    let bytes_max = Measure::bytes_max(expected.entry.size_bytes);
    let mut question = Question::get(url).pouring(measure.clone(), bytes_max);
    if takes_gzip {
        question = question.header("accept-encoding", "gzip");
    }
    let heard = visit.ask(&question).await?;
    drop(question);
    let measure = Arc::into_inner(measure).expect("the question had the other one");
    let measure = measure.into_inner().expect("no holder panics");
    let bytes = measure.stretches();
    let answer = answer_of(heard, takes_gzip, Some(measure.measured()));
    Ok((answer, bytes))
}

/// The most that the content can be, unpacked, in bytes.
fn content_bytes_max(expected: &Expected<'_>) -> u64 {
    if expected.served.headers.coding().is_some() {
        expected.entry.size_bytes.saturating_mul(DEFLATE_RATIO_MAX)
    } else {
        expected.entry.size_bytes
    }
}

async fn head(visit: &Visit<'_>, url: &str, takes_gzip: bool) -> Result<Answer, StoreError> {
    let mut question = Question::new(Method::HEAD, url);
    if takes_gzip {
        question = question.header("accept-encoding", "gzip");
    }
    let heard = visit.ask(&question).await?;
    Ok(answer_of(heard, takes_gzip, None))
}

fn answer_of(heard: Response, takes_gzip: bool, measured: Option<Measured>) -> Answer {
    Answer {
        takes_gzip,
        status: heard.status,
        headers: heard.headers,
        measured,
    }
}

fn for_part(url: &str, from: u64, to: u64) -> Question {
    Question::get(url)
        .header("range", &format!("bytes={from}-{to}"))
        .header("accept-encoding", "identity")
        // A server that ignores the range sends it all.
        .taking((to - from + 2) as usize)
}

/// A part, as players ask for it.
async fn ask_part(
    visit: &Visit<'_>,
    expected: &Expected<'_>,
    url: &str,
    range: &Range<u64>,
    bytes: Option<&Vec<u8>>,
) -> Result<Option<Finding>, StoreError> {
    let (from, to) = (range.start, range.end - 1);
    let heard = visit.ask(&for_part(url, from, to)).await?;
    let part = Part {
        from,
        to,
        bytes: bytes.map(Vec::as_slice),
    };
    Ok(judge::range(
        expected,
        &part,
        heard.status,
        &heard.headers,
        &heard.body,
    ))
}
