//! Findings of `doctor` and `access`, as text and as JSON.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::base::text::count;
use crate::doctor::access::Shown;
use crate::doctor::{Finding, Summary, Verdict};
use crate::store::control::{Blocks, Change, Grant, Observed, Public, Reach, Right, Versioning};

/// Describes each finding in a line, and the sums. If something is wrong, adds why it matters and
/// how to fix it.
pub fn findings_text(target: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        text += &finding_text(finding);
    }
    text + &summary_text(target, Summary::of(findings))
}

fn finding_text(finding: &Finding) -> String {
    let (style, word) = match finding.verdict {
        Verdict::Passed => (AnsiColor::Green.on_default(), "passed"),
        Verdict::Warning => (AnsiColor::Yellow.on_default(), "warning"),
        Verdict::Failed => (AnsiColor::Red.on_default(), "FAILED"),
        Verdict::Unknown => (Style::new(), "unknown"),
    };
    let mut text = format!(
        "{style}{word:<8}{style:#}{}: {}\n",
        finding.check, finding.text
    );
    if finding.verdict == Verdict::Passed {
        return text;
    }
    if !finding.why.is_empty() {
        text += &format!("          why: {}\n", finding.why);
    }
    text + &fix_text(&finding.remedy.ways())
}

/// Describes the ways of a fix: what is to be done one below the other, if there's more than one
/// thing.
fn fix_text(ways: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (at, parts) in ways.iter().enumerate() {
        let name = if at == 0 { "fix" } else { "or" };
        if let [part] = &parts[..] {
            text += &format!("          {name}: {part}\n");
            continue;
        }
        text += &format!("          {name}: in this order\n");
        for (at, part) in parts.iter().enumerate() {
            text += &format!("            {}. {part}\n", at + 1);
        }
    }
    text
}

fn summary_text(target: &str, summary: Summary) -> String {
    format!(
        "{target}: {} passed, {}, {} failed, {} unknown\n",
        summary.passed,
        count(summary.warnings as u64, "warning"),
        summary.failed,
        summary.unknown
    )
}

/// Returns
/// `{"format": "assetsync doctor", "version": 1, "target", "summary", "findings": [{"check", "verdict", "text", "why", "fix"}]}`.
pub fn findings_json(target: &str, findings: &[Finding]) -> Value {
    json!({
        "format": "assetsync doctor",
        "version": 1,
        "target": target,
        "summary": Summary::of(findings),
        "findings": findings,
    })
}

/// Lists the changes that would be made, one per line.
pub fn changes_text(target: &str, changes: &[Change]) -> String {
    if changes.is_empty() {
        return format!("{target}: no changes needed\n");
    }
    let lines = changes.iter().flat_map(|change| change.text.lines());
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    format!("{target}: planned changes\n{lines}")
}

/// Returns
/// `{"format": "assetsync access", "version": 1, "target", "changes": [..], "applied", "findings": [..]}`.
pub fn changes_json(target: &str, changes: &[Change], proof: Option<&[Finding]>) -> Value {
    let lines: Vec<&str> = changes.iter().flat_map(|c| c.text.lines()).collect();
    json!({
        "format": "assetsync access",
        "version": 1,
        "target": target,
        "changes": lines,
        "applied": proof.is_some(),
        "findings": proof,
    })
}

/// Describes how public a bucket is.
pub fn access_text(target: &str, shown: &Shown) -> String {
    let settings = &shown.settings;
    let mut text = format!("{target}: `access = \"{}\"`\n", shown.wanted);
    let escape = |place: &str| crate::base::text::escape(place);
    let mut line = |name: &str, what: String| {
        writeln!(text, "  {name:<20}{what}").expect("a string takes every write");
    };
    line("published at", escape(&shown.published));
    let can = |verb: &str, why: &String| format!("ANYONE CAN {verb} THEM ({why})");
    let open = [
        shown.releases_open.as_ref().map(|why| can("READ", why)),
        shown.releases_listed.as_ref().map(|why| can("LIST", why)),
    ];
    let open: Vec<String> = open.into_iter().flatten().collect();
    let readers = if open.is_empty() {
        "private".to_string()
    } else {
        open.join(", ")
    };
    line(
        "releases at",
        format!("{}, {readers}", escape(&shown.releases)),
    );
    line("public access", told(&settings.grants, grants));
    line("protections", told(&settings.blocks, blocks));
    line("object ACLs", told(&settings.takes_acls, acls));
    line(
        "location",
        told(&settings.location, |at| crate::base::text::escape(at)),
    );
    line("versioning", told(&settings.versioning, versioning));
    text
}

fn told<T>(told: &Observed<T>, in_words: impl FnOnce(&T) -> String) -> String {
    match told {
        Observed::Is(value) => in_words(value),
        Observed::Unknown(why) => format!("unknown: {why}"),
    }
}

#[allow(clippy::ptr_arg, reason = "what was told is a vector")]
fn grants(grants: &Vec<Grant>) -> String {
    if grants.is_empty() {
        return "none, by the bucket's own rules".to_string();
    }
    let words = grants.iter().map(|grant| {
        let verb = match grant.right {
            Right::Read => "read objects",
            Right::List => "LIST OBJECTS",
            Right::Write => "WRITE OBJECTS",
            Right::Manage => "MANAGE THE BUCKET",
        };
        let who = match grant.to {
            Public::Everybody => "",
            Public::AnyAccount => "with any account, ",
        };
        format!("{verb}{} ({who}{})", reach(&grant.reach), grant.by)
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Describes the reach of a grant, such as " like `static/*`" or " but not `.assetsync/*`". Empty
/// if it is everything.
fn reach(reach: &Reach) -> String {
    let quoted = |globs: &[String]| {
        let quoted: Vec<String> = globs
            .iter()
            .map(|glob| format!("`{}`", crate::base::text::escape(glob)))
            .collect();
        quoted.join(", ")
    };
    match reach {
        Reach::All => String::new(),
        Reach::Only(globs) if globs.is_empty() || globs.iter().any(|glob| glob == "*") => {
            String::new()
        }
        Reach::Only(globs) => format!(" like {}", quoted(globs)),
        Reach::AllBut(globs) if globs.is_empty() => String::new(),
        Reach::AllBut(globs) => format!(", but not {}", quoted(globs)),
    }
}

fn blocks(blocks: &Blocks) -> String {
    let all = [
        (blocks.refuses_acls, "public ACLs are rejected"),
        (blocks.ignores_acls, "public ACLs are ignored"),
        (blocks.refuses_policies, "public policies are rejected"),
        (blocks.ignores_policies, "public policies are ignored"),
    ];
    let set: Vec<&str> = all
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, what)| *what)
        .collect();
    if set.is_empty() {
        "none".to_string()
    } else {
        set.join(", ")
    }
}

fn acls(takes_acls: &bool) -> String {
    match takes_acls {
        true => "possible",
        false => "not possible",
    }
    .to_string()
}

fn versioning(versioning: &Versioning) -> String {
    match versioning {
        Versioning::On => "on",
        Versioning::Locked => "always on (object lock)",
        Versioning::Suspended => "suspended",
        Versioning::Off => "off",
    }
    .to_string()
}

/// Returns
/// `{"format": "assetsync access", "version": 1, "target", "wanted", "published", "releases", "releases_open", "releases_listed", "settings": {..}}`.
pub fn access_json(target: &str, shown: &Shown) -> Value {
    json!({
        "format": "assetsync access",
        "version": 1,
        "target": target,
        "wanted": shown.wanted,
        "published": shown.published,
        "releases": shown.releases,
        "releases_open": shown.releases_open,
        "releases_listed": shown.releases_listed,
        "settings": shown.settings,
    })
}
