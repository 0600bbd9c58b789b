//! Findings of an audit, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::text::HumanBytes;
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::Urls;
use crate::audit::repair::{Left, Repairs, Steps};
use crate::audit::strays::folder;
use crate::audit::{Audit, Finding, Kind, Summary, Verdict};
use crate::base::text::count;

/// ACL that a repair gives to documents of the releases.
const DOCUMENT_ACL: &str = "a private ACL";

/// Number of findings of each kind that are shown one by one.
const SHOWN_MAX: usize = 5;

/// Describes the findings: the first few of each kind, and the sums.
pub fn audit_text(target: &str, audit: &Audit, urls: Urls) -> String {
    let mut text = String::new();
    let mut groups: BTreeMap<(Kind, Verdict), Vec<&Finding>> = BTreeMap::new();
    for finding in &audit.findings {
        let group = groups.entry((finding.kind, finding.verdict));
        group.or_default().push(finding);
    }
    for ((kind, verdict), findings) in &groups {
        text += &group_text(*kind, *verdict, findings, urls);
    }
    text + &summary_text(target, audit)
}

fn group_text(kind: Kind, verdict: Verdict, findings: &[&Finding], urls: Urls) -> String {
    let (style, word) = match verdict {
        Verdict::Passed => (AnsiColor::Green.on_default(), "passed"),
        Verdict::Warning => (AnsiColor::Yellow.on_default(), "warning"),
        Verdict::Failed => (AnsiColor::Red.on_default(), "FAILED"),
        Verdict::Unknown => (Style::new(), "unknown"),
    };
    let (title, number) = (title(kind), findings.len());
    let mut text = format!("{style}{word:<8}{style:#}{title} ({number})\n");
    let mut line = |indent: usize, what: &str| {
        writeln!(text, "{:indent$}{what}", "").expect("a string takes every write");
    };
    let expected = &findings[0].expected;
    let is_common = number > 1 && findings.iter().all(|f| f.expected == *expected);
    let by_fix = by_fix(findings);
    let shown_max = (SHOWN_MAX / by_fix.len()).max(1);
    for findings in by_fix.iter().take(SHOWN_MAX) {
        for finding in findings.iter().take(shown_max) {
            line(10, &finding_text(finding, urls));
            if !finding.expected.is_empty() && !is_common {
                line(12, &format!("expected: {}", finding.expected));
            }
        }
        if let Some(rest) = findings.get(shown_max..).filter(|rest| !rest.is_empty()) {
            line(10, &rest_text(kind, rest));
        }
        let fix = &findings[0].fix;
        if by_fix.len() > 1 && !fix.is_empty() {
            line(12, &format!("fix: {fix}"));
        }
    }
    let others = by_fix.iter().skip(SHOWN_MAX).flatten();
    let others: Vec<&Finding> = others.copied().collect();
    if !others.is_empty() {
        line(10, &rest_text(kind, &others));
    }
    if is_common && !expected.is_empty() {
        line(10, &format!("expected for all: {expected}"));
    }
    if let ([_], fix) = (&by_fix[..], &findings[0].fix)
        && !fix.is_empty()
    {
        line(10, &format!("fix: {fix}"));
    }
    text
}

/// Groups the findings with the same fix, in the order of the first of each group.
fn by_fix<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut all: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        match all.iter_mut().find(|those| those[0].fix == finding.fix) {
            Some(those) => those.push(finding),
            None => all.push(vec![finding]),
        }
    }
    all
}

/// Summarizes the findings that aren't shown one by one. Strays are summed up by folder.
fn rest_text(kind: Kind, rest: &[&Finding]) -> String {
    let number = rest.len();
    if kind != Kind::Stray {
        return format!("and {number} more (`--json` lists all)");
    }
    let mut folders: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for finding in rest {
        let key = finding.key.as_deref().unwrap_or_default();
        let (objects, bytes) = folders.entry(folder(key)).or_default();
        *objects += 1;
        *bytes += finding.bytes.unwrap_or_default();
    }
    let folders = folders.iter().map(|(folder, (objects, bytes))| {
        let folder = crate::base::text::escape(folder);
        format!(
            "{} {folder} ({})",
            count(*objects, "object"),
            HumanBytes(*bytes)
        )
    });
    let folders: Vec<String> = folders.collect();
    format!(
        "and {number} more (`--json` lists all): {}",
        folders.join(", ")
    )
}

fn finding_text(finding: &Finding, urls: Urls) -> String {
    let path = finding.path.as_deref().map(crate::base::text::escape);
    let key = finding.key.as_deref().filter(|_| urls == Urls::Shown);
    let key = key.map(crate::base::text::escape);
    let also = match finding.also.len() {
        0 => String::new(),
        number => format!(" and {number} more"),
    };
    let path = path.map(|path| path + &also);
    let what = match (path, key) {
        (Some(path), Some(key)) if path != key => format!("{path} ({key})"),
        (Some(path), _) => path,
        (None, Some(key)) => key,
        (None, None) => String::new(),
    };
    let place = finding.address.map(|address| address.in_words());
    let place = match (place, what.is_empty()) {
        (Some(place), false) => format!("{what}, at {place}: "),
        (Some(place), true) => format!("at {place}: "),
        (None, false) => format!("{what}: "),
        (None, true) => String::new(),
    };
    format!("{place}{}", finding.seen)
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Releases => "release documents",
        Kind::State => "publicly readable releases",
        Kind::Held => "held files in the target",
        Kind::Bucket => "bucket settings",
        Kind::Missing => "missing objects",
        Kind::Unreadable => "objects that visitors can't read",
        Kind::Redirect => "redirects",
        Kind::Content => "changed content",
        Kind::Encoding => "wrong compression",
        Kind::File => "files whose content doesn't match their extension",
        Kind::Headers => "changed headers",
        Kind::Acl => "object ACLs",
        Kind::CorsPolicy => "bucket CORS policy",
        Kind::Cors => "CORS responses",
        Kind::Range => "range requests for media files",
        Kind::Token => "objects without a token",
        Kind::Checksum => "changed checksums",
        Kind::NotFound => "responses for missing names",
        Kind::Host => "host pages for folders and missing names",
        Kind::Cookie => "cookies",
        Kind::Left => "files left by earlier releases",
        Kind::Stray => "objects in no release",
        Kind::Unanswered => "not checked",
    }
}

fn summary_text(target: &str, audit: &Audit) -> String {
    let summary = Summary::of(&audit.findings);
    let release = match &audit.release {
        Some(release) => format!(" release {}:", release.id),
        None => String::new(),
    };
    let (looked_at, published) = (audit.looked_at, audit.published as u64);
    let requests = count(audit.requests, "request");
    format!(
        "{target}:{release} checked {looked_at} of {} ({requests}): {} failed, {}, {} unknown\n",
        count(published, "object"),
        summary.failed,
        count(summary.warnings as u64, "warning"),
        summary.unknown
    )
}

/// Describes what a repair will do, and what it won't. `is_right`: there were no findings.
pub fn mends_text(target: &str, repairs: &Repairs<'_>, is_right: bool) -> String {
    let number = repairs.repairs.len() + repairs.documents.len();
    let mut text = match (number as u64, is_right) {
        (0, true) => format!("{target}: no problems found, nothing to repair\n"),
        (0, false) if repairs.left.is_empty() => {
            format!("{target}: `--repair` can't repair any of this: see each fix\n")
        }
        (0, false) => format!("{target}: `--repair` with these options repairs nothing\n"),
        (n, _) => format!("{target}: repairs planned for {}\n", count(n, "object")),
    };
    for repair in &repairs.repairs {
        let what = in_words(&repair.steps);
        text += &format!("  {}: {what}\n", crate::base::text::escape(&repair.path));
    }
    for document in &repairs.documents {
        text += &format!("  release document {document}: {DOCUMENT_ACL}\n");
    }
    text + &left_text(&repairs.left)
}

/// Describes what isn't repaired.
pub fn left_text(left: &[Left]) -> String {
    let line = |left: &Left| {
        let (path, why) = (
            crate::base::text::escape(&left.path),
            crate::base::text::escape(&left.why),
        );
        format!("  {path}: not repaired: {why}\n")
    };
    left.iter().map(line).collect()
}

fn in_words(steps: &Steps<'_>) -> &'static str {
    match steps {
        Steps::InPlace {
            headers: true,
            acl: true,
        } => "headers and ACL",
        Steps::InPlace { headers: true, .. } => "headers",
        Steps::InPlace { .. } => "ACL",
        Steps::Upload { is_over: true, .. } => "uploaded again, replacing the stored object",
        Steps::Upload { .. } => "uploaded again",
    }
}

/// Returns
/// `{"format": "assetsync audit", "version": 1, "target", "release", "published", "looked_at", "requests", "summary", "findings", "repair"}`.
/// A finding is `{"kind", "verdict", "path", "also", "address", "expected", "seen", "fix"}`. It
/// also has `key` if names are shown, and `bytes` if the object is unknown. `also` has the paths of
/// further objects with the same finding. `repair` is null, or
/// `{"mended": [{"path", "how"}], "left": [{"path", "why"}]}`. In this case, the findings are those
/// after the repair.
pub fn audit_json(target: &str, audit: &Audit, repairs: Option<&Repairs<'_>>, urls: Urls) -> Value {
    let finding = |finding: &Finding| {
        let mut value = json!(finding);
        if urls == Urls::Shown {
            value["key"] = json!(finding.key);
        }
        value
    };
    let findings: Vec<Value> = audit.findings.iter().map(finding).collect();
    json!({
        "format": "assetsync audit",
        "version": 1,
        "target": target,
        "release": audit.release.as_ref().map(|release| release.id.to_string()),
        "published": audit.published,
        "looked_at": audit.looked_at,
        "requests": audit.requests,
        "summary": Summary::of(&audit.findings),
        "findings": findings,
        "repair": repairs.map(repair_json),
    })
}

fn repair_json(repairs: &Repairs<'_>) -> Value {
    let is_left = |path: &str| repairs.left.iter().any(|left| left.path == path);
    let mended = repairs
        .repairs
        .iter()
        .filter(|repair| !is_left(&repair.path));
    let mended = mended.map(|repair| json!({"path": repair.path, "how": in_words(&repair.steps)}));
    let documents = repairs
        .documents
        .iter()
        .filter(|document| !is_left(document));
    let documents = documents.map(|document| json!({"path": document, "how": DOCUMENT_ACL}));
    let mended: Vec<Value> = mended.chain(documents).collect();
    json!({ "mended": mended, "left": repairs.left })
}
