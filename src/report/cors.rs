//! Policies for cross-origin requests, their mistakes and their differences, as text and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::base::error::DRAWN_MAX;
use crate::base::text::count;
use crate::base::text::escape;
use crate::cors::{Change, Checked, Difference, Policy, Rule, Severity};

const HEADING: usize = 12;

/// Lists all findings, one per line, and their number. The first ones come with their lines of the
/// file.
pub fn checked_text(file: &Path, checked: &Checked) -> String {
    let mut text = String::new();
    for (place, found) in checked.findings.iter().enumerate() {
        let severity = severity(found.severity);
        line(&mut text, &format!("{severity}: {}", found.in_words(file)));
        if let (Some(excerpt), true) = (&found.excerpt, place < DRAWN_MAX) {
            line(&mut text, &excerpt.render());
        }
    }
    let (errors, warnings) = (
        checked.count(Severity::Error) as u64,
        checked.count(Severity::Warning) as u64,
    );
    let told = match (errors, warnings) {
        (0, 0) => "no mistakes".to_string(),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let rules = checked.policy.as_ref().map_or(String::new(), |policy| {
        format!("{}, ", count(policy.rules.len() as u64, "rule"))
    });
    line(&mut text, &format!("{}: {rules}{told}", file.display()));
    text
}

/// Returns the same as JSON.
pub fn checked_json(file: &Path, checked: &Checked) -> Value {
    let findings = checked.findings.iter().map(|found| {
        json!({
            "severity": severity(found.severity),
            "line": found.line,
            "column": found.column,
            "message": found.message,
            "instead": found.instead,
        })
    });
    json!({
        "format": "assetsync cors check",
        "version": 1,
        "file": file.display().to_string(),
        "errors": checked.count(Severity::Error),
        "warnings": checked.count(Severity::Warning),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Describes the policy of a bucket.
pub fn policy_text(target: &str, policy: Option<&Policy>) -> String {
    let Some(policy) = policy else {
        return format!(
            "{target}: no CORS policy, so scripts from other origins can't read anything\n"
        );
    };
    let rules = count(policy.rules.len() as u64, "rule");
    let mut text = format!("{target}: CORS policy with {rules}\n");
    for (place, rule) in policy.rules.iter().enumerate() {
        let id = rule
            .id
            .as_ref()
            .map_or(String::new(), |id| format!(" ({})", escape(id)));
        line(&mut text, &format!("  rule {}{id}", place + 1));
        for (name, value) in fields(rule) {
            line(&mut text, &format!("    {name:HEADING$}{value}"));
        }
    }
    text
}

/// Describes a change of a policy, with `-` before removed lines and `+` before added ones.
pub fn difference_text(target: &str, difference: &Difference) -> String {
    if difference.is_empty() {
        return format!("{target}: the bucket's CORS policy is up to date\n");
    }
    let mut text = format!("{target}: the bucket's CORS policy would change\n");
    for change in &difference.changes {
        match change {
            Change::Added(number, rule) => {
                line(&mut text, &format!("+ rule {number}"));
                signed(&mut text, '+', &fields(rule));
            }
            Change::Removed(number, rule) => {
                line(&mut text, &format!("- rule {number}"));
                signed(&mut text, '-', &fields(rule));
            }
            Change::Changed(number, old, new) => {
                line(&mut text, &format!("  rule {number}"));
                let both = fields(old).into_iter().zip(fields(new));
                for (old, new) in both.filter(|(old, new)| old != new) {
                    signed(&mut text, '-', &[old]);
                    signed(&mut text, '+', &[new]);
                }
            }
        }
    }
    text
}

/// Returns the same as JSON: the current policy and the wanted one.
pub fn difference_json(
    target: &str,
    difference: &Difference,
    there: &Policy,
    wanted: &Policy,
) -> Value {
    json!({
        "format": "assetsync cors diff",
        "version": 1,
        "target": target,
        "differs": !difference.is_empty(),
        "there": there.json(),
        "wanted": wanted.json(),
    })
}

fn signed(text: &mut String, sign: char, fields: &[(&str, String)]) {
    for (name, value) in fields {
        line(text, &format!("{sign}   {name:HEADING$}{value}"));
    }
}

/// Returns the fields of a rule in words, in the same order for every rule.
fn fields(rule: &Rule) -> [(&'static str, String); 5] {
    let list = |texts: &[String]| match texts {
        [] => "-".to_string(),
        texts => escape(&texts.join(", ")),
    };
    let age = match rule.max_age_s {
        Some(age_s) => format!("{age_s} s"),
        None => "-".to_string(),
    };
    [
        ("origins", list(&rule.origins)),
        ("methods", list(&rule.methods)),
        ("may send", list(&rule.allowed_headers)),
        ("may read", list(&rule.exposed_headers)),
        ("max age", age),
    ]
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes every write");
}
