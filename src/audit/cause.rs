//! One cause, one finding: what follows from something else that was found is left out, and what is true of many objects for
//! the same reason is told once. Pure.

use std::collections::HashSet;

use super::finding::{Address, Finding, Kind};
use crate::config::{Access, Target};
use crate::doctor::{self, Verdict};

/// How many consequences of a wrong CORS policy are told with it.
const CONSEQUENCES_MAX: usize = 3;

/// Brings findings down to their causes. So many objects were looked at.
pub(super) fn only_causes(findings: &mut Vec<Finding>, target: &Target, looked_at: usize) {
    follows_from_storage(findings);
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

/// What the storage sends, a server before it passes on; and whom an object's ACL keeps out, gets nothing.
fn follows_from_storage(findings: &mut Vec<Finding>) {
    type Known = (Option<String>, Kind);
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
                let causes = [Kind::Missing, Kind::Unreadable, Kind::Acl];
                !causes.into_iter().any(is_known)
            }
            (Kind::Content | Kind::Encoding | Kind::Headers, Some(Address::PublicUrl)) => {
                !is_known(finding.kind)
            }
            _ => true,
        }
    });
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
    let mut seen: Vec<&str> = Vec::new();
    for answer in &answers {
        if !seen.contains(&answer.seen.as_str()) {
            seen.push(&answer.seen);
        }
    }
    if let [first, ..] = seen.as_slice() {
        let told = seen.iter().take(CONSEQUENCES_MAX).copied();
        let told = told.collect::<Vec<_>>().join(", ");
        let number = crate::report::count(answers.len() as u64, "answer");
        policy.seen += &match seen.len() {
            1 => format!("; so {first} ({number})"),
            n if n <= CONSEQUENCES_MAX => format!("; so {told} ({number})"),
            n => format!("; so {told} and {} more ({number})", n - CONSEQUENCES_MAX),
        };
    }
    findings.push(policy);
}

/// What every object that was looked at has in common isn't the fault of any of them.
fn of_all(finding: &mut Finding, target: &Target, looked_at: usize) {
    let number = 1 + finding.also.len();
    if finding.kind != Kind::Unreadable || number < looked_at || number < 2 {
        return;
    }
    finding.seen = format!(
        "strangers get none of the {number} objects that were looked at: {}",
        finding.seen
    );
    finding.path = None;
    finding.key = None;
    finding.also.clear();
    finding.fix = match finding.address {
        Some(Address::PublicUrl) => {
            "is `public_url` the address of this target, with its prefix? If so, see what its server is told to serve, and whether it may read the bucket"
                .to_string()
        }
        _ => format!(
            "`{}` shows what keeps strangers out, and lets them in; `{}` tells more",
            doctor::own_command(target, "access apply"),
            doctor::own_command(target, "doctor")
        ),
    };
}

/// A private bucket behind a server that shows it is as good as a public one.
fn is_left_to_public_url(finding: &Finding, told: &[Finding], target: &Target) -> bool {
    let is_unread_there =
        |f: &Finding| f.kind == Kind::Unreadable && f.address == Some(Address::PublicUrl);
    finding.kind == Kind::Unreadable
        && finding.address == Some(Address::Storage)
        && finding.path.is_none()
        && target.access == Access::Bucket
        && target.public_url.is_some()
        && !told.iter().any(is_unread_there)
}
