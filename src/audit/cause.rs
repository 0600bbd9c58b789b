//! Reduces findings to their causes: those that follow from another finding are removed.
//! A finding that is true of many objects for the same reason is reported once. Pure.

use std::collections::HashSet;

use super::finding::{Address, Finding, Kind};
use crate::base::hint::Verb;
use crate::config::{Access, Target};
use crate::doctor::{self, Verdict};

/// Largest number of consequences that are reported with a wrong CORS policy.
const CONSEQUENCES_MAX: usize = 3;

/// Brings findings down to their causes. So many objects were looked at.
pub(super) fn only_causes(findings: &mut Vec<Finding>, target: &Target, looked_at: usize) {
    follows_from_storage(findings);
    comes_with_other_bytes(findings);
    cors_follows_from_policy(findings);
    let (many, mut single): (Vec<Finding>, Vec<Finding>) = std::mem::take(findings)
        .into_iter()
        .partition(|f| matches!(f.kind, Kind::Unreadable | Kind::Unanswered | Kind::Cors));
    let mut told: Vec<Finding> = Vec::new();
    for finding in many {
        match told.iter_mut().find(|other| is_same(other, &finding)) {
            Some(other) => other
                .also
                .extend(finding.path.into_iter().chain(finding.also)),
            None => told.push(finding),
        }
    }
    for finding in &mut told {
        finding.also.sort();
        finding.also.dedup();
        of_all(finding, target, looked_at);
    }
    let is_meant = |finding: &Finding| !is_left_to_public_url(finding, &told, target);
    single.extend(told.iter().filter(|f| is_meant(f)).cloned());
    *findings = single;
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    let what = |f: &Finding| {
        (
            f.kind,
            f.verdict,
            f.address,
            f.expected.clone(),
            f.seen.clone(),
        )
    };
    one.path.is_some() && other.path.is_some() && what(one) == what(other)
}

/// Removes findings that follow from others. A server passes on the content, encoding and headers
/// that the storage sends. An object whose ACL keeps strangers out is also unreadable. If the whole
/// content is different, its parts are, too.
fn follows_from_storage(findings: &mut Vec<Finding>) {
    type Known = (Option<String>, Kind);
    let content = findings.iter().filter(|f| f.kind == Kind::Content);
    let content: HashSet<_> = content.map(|f| (f.path.clone(), f.address)).collect();
    findings.retain(|f| f.kind != Kind::Range || !content.contains(&(f.path.clone(), f.address)));
    let at_storage = findings
        .iter()
        .filter(|f| f.address == Some(Address::Storage));
    let at_storage = at_storage.filter(|f| f.verdict == Verdict::Failed);
    let known: HashSet<Known> = at_storage.map(|f| (f.path.clone(), f.kind)).collect();
    findings.retain(|finding| {
        let is_known = |kind| known.contains(&(finding.path.clone(), kind));
        match (finding.kind, finding.address) {
            _ if finding.path.is_none() => true,
            (Kind::Unreadable, Some(Address::Storage)) => !is_known(Kind::Acl),
            (Kind::Unreadable, Some(Address::PublicUrl)) => {
                !is_known(Kind::Missing) && !is_known(Kind::Acl)
            }
            (Kind::Content | Kind::Encoding | Kind::Headers, Some(Address::PublicUrl)) => {
                !is_known(finding.kind)
            }
            _ => true,
        }
    });
}

/// Merges findings about headers, encoding and token into that of different bytes: they have the
/// same writer, and the same repair.
fn comes_with_other_bytes(findings: &mut Vec<Finding>) {
    let mut others: Vec<Finding> = Vec::new();
    for finding in std::mem::take(findings) {
        let is_there = |other: &&mut Finding| {
            other.kind == Kind::Content
                && finding.path.is_some()
                && (&other.path, other.address) == (&finding.path, finding.address)
        };
        let comes_with = matches!(
            finding.kind,
            Kind::Content | Kind::Encoding | Kind::Headers | Kind::Token
        );
        match others.iter_mut().find(is_there).filter(|_| comes_with) {
            // The same bytes, asked for in another way.
            Some(_) if finding.kind == Kind::Content => {}
            Some(content) => {
                let what = finding.brief.unwrap_or(&finding.seen);
                content.seen += &format!(", {what}");
            }
            None => others.push(finding),
        }
    }
    *findings = others;
}

/// The bucket's policy isn't the target's: what pages are answered then is no news.
fn cors_follows_from_policy(findings: &mut Vec<Finding>) {
    let is_policy = |f: &Finding| f.kind == Kind::CorsPolicy && f.verdict == Verdict::Failed;
    let Some(at) = findings.iter().position(is_policy) else {
        return;
    };
    let mut policy = findings.remove(at);
    let (answers, rest): (Vec<Finding>, Vec<Finding>) = std::mem::take(findings)
        .into_iter()
        .partition(|finding| finding.kind == Kind::Cors);
    *findings = rest;
    policy.seen += &consequences(&answers);
    findings.push(policy);
}

/// The answers that follow from a policy, in words, each once.
fn consequences(answers: &[Finding]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for answer in answers {
        if !seen.contains(&answer.seen.as_str()) {
            seen.push(&answer.seen);
        }
    }
    let told = seen.iter().take(CONSEQUENCES_MAX).copied();
    let told = told.collect::<Vec<_>>().join(", ");
    let number = crate::base::text::count(answers.len() as u64, "answer");
    match seen.len() {
        0 => String::new(),
        n if n <= CONSEQUENCES_MAX => format!(", so {told} ({number})"),
        n => format!(", so {told} and {} more ({number})", n - CONSEQUENCES_MAX),
    }
}

/// Turns a finding that all inspected objects share into one about the target: no single object
/// causes it.
fn of_all(finding: &mut Finding, target: &Target, looked_at: usize) {
    let number = 1 + finding.also.len();
    if finding.kind != Kind::Unreadable || number < looked_at || number < 2 {
        return;
    }
    finding.seen = format!(
        "strangers can't read any of the {number} objects checked: {}",
        finding.seen
    );
    finding.path = None;
    finding.key = None;
    finding.also.clear();
    finding.fix = match finding.address {
        Some(Address::PublicUrl) => {
            "check that `public_url` is the address of this target, including its prefix. If it is, check what its server serves, and whether it can read the bucket"
                .to_string()
        }
        _ => format!(
            "`{}` lists the changes that let strangers read them, and asks before it makes them. \
             `{}` checks all settings",
            doctor::own_command(target, Verb::AccessApply),
            doctor::own_command(target, Verb::Doctor)
        ),
    };
}

/// A private bucket behind a server that shows it is as good as a public one.
fn is_left_to_public_url(finding: &Finding, told: &[Finding], target: &Target) -> bool {
    let is_unread_there = |f: &Finding| {
        f.kind == Kind::Unreadable && f.address == Some(Address::PublicUrl) && f.path.is_none()
    };
    finding.kind == Kind::Unreadable
        && finding.address == Some(Address::Storage)
        && finding.path.is_none()
        && target.access == Access::Bucket
        && target.public_url.is_some()
        && !told.iter().any(is_unread_there)
}

#[cfg(test)]
mod tests;
