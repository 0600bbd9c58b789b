//! Checks the answers to cross-origin requests as browsers send them, by the policy in the target's
//! file.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;

use super::finding::{Address, Finding, Kind};
use super::visit::Visit;
use crate::base::hint::Verb;
use crate::cors::{self, Allowed, Cloud, Policy};
use crate::doctor::{self, Verdict};
use crate::release::manifest::{Entry, Manifest};
use crate::store::StoreError;
use crate::store::stranger::{Question, Response};

/// An origin that no policy names.
const NOBODY: &str = "https://not-allowed.example";

/// Largest number of a policy's origins that are tried.
const ORIGINS_MAX: usize = 20;

/// Header that a page asks to send, as players do.
const HEADER: &str = "range";

/// Tries the policy's origins, and another one, on an object of each type of content. Nothing if
/// the target names no policy.
pub(super) async fn look(visit: &Visit<'_>, manifest: &Manifest, sample: &[usize]) -> Vec<Finding> {
    let target = visit.subject.target;
    let (Some(cloud), Some(file)) = (target.place.cloud(), &target.cors) else {
        return Vec::new();
    };
    // That it can't be read is told of where it's held against the bucket's.
    let Ok((policy, _)) = cors::load(file, cloud) else {
        return Vec::new();
    };
    let origins = origins(&policy);
    let mut findings = Vec::new();
    for entry in one_of_each_type(manifest, sample) {
        for (address, url) in visit.addresses(&entry.key) {
            for origin in &origins {
                let asked = Asked {
                    url: &url,
                    address,
                    origin,
                    fix: doctor::own_command(target, Verb::CorsApply),
                };
                let found = ask(visit, &asked, &policy, cloud).await;
                findings.extend(found.into_iter().map(|f| f.of(entry).at(address)));
            }
        }
    }
    findings
}

/// The smallest of each, since some servers send all of it.
fn one_of_each_type<'m>(manifest: &'m Manifest, sample: &[usize]) -> Vec<&'m Entry> {
    let mut smallest: BTreeMap<&str, &Entry> = BTreeMap::new();
    for at in sample {
        let entry = &manifest.entries[*at];
        let content_type = manifest.headers_of(entry).content_type.as_str();
        let known = smallest.entry(content_type).or_insert(entry);
        if entry.size_bytes < known.size_bytes {
            *known = entry;
        }
    }
    smallest.into_values().collect()
}

/// The policy's origins, with something in the place of each `*`; and one that isn't among them.
fn origins(policy: &Policy) -> Vec<String> {
    let all = policy.rules.iter().flat_map(|rule| &rule.origins);
    // Browsers only send origins that are valid in a header.
    let is_sent = |origin: &String| origin.bytes().all(|byte| byte.is_ascii_graphic());
    let all: BTreeSet<String> = all.map(|origin| example(origin)).filter(is_sent).collect();
    let mut all: Vec<String> = all.into_iter().take(ORIGINS_MAX).collect();
    all.push(NOBODY.to_string());
    all
}

fn example(pattern: &str) -> String {
    match pattern.rsplit_once(':') {
        _ if pattern == "*" => "https://anybody.example".to_string(),
        Some((before, "*")) => format!("{before}:8443"),
        _ => pattern.replace('*', "some"),
    }
}

struct Asked<'a> {
    url: &'a str,
    address: Address,
    origin: &'a str,
    /// Fix for the bucket's policy.
    fix: String,
}

async fn ask(visit: &Visit<'_>, asked: &Asked<'_>, policy: &Policy, cloud: Cloud) -> Vec<Finding> {
    match hear(visit, asked).await {
        Ok((simple, preflight)) => [
            judge_simple(asked, policy, cloud, &simple),
            judge_preflight(asked, policy, cloud, &preflight),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Err(error) => vec![Finding::unknown(Kind::Unanswered, error.message)],
    }
}

/// Asks as a page does: for the object itself, and whether it may request a part of it.
async fn hear(visit: &Visit<'_>, asked: &Asked<'_>) -> Result<(Response, Response), StoreError> {
    let origin = asked.origin;
    let simple = Question::get(asked.url).header("origin", origin).taking(0);
    let preflight = Question::new(Method::OPTIONS, asked.url)
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", HEADER);
    Ok((visit.ask(&simple).await?, visit.ask(&preflight).await?))
}

fn judge_simple(
    asked: &Asked<'_>,
    policy: &Policy,
    cloud: Cloud,
    heard: &Response,
) -> Option<Finding> {
    let expected = policy.simple(cloud, asked.origin, "GET");
    let seen = allows(heard, asked.origin);
    judge(asked, "read it", expected.as_ref(), seen)
}

fn judge_preflight(
    asked: &Asked<'_>,
    policy: &Policy,
    cloud: Cloud,
    heard: &Response,
) -> Option<Finding> {
    let expected = policy.preflight(cloud, asked.origin, "GET", &[HEADER]);
    let expected = expected.filter(|allowed| allowed.permits("GET", &[HEADER]));
    let seen = heard.status.is_success()
        && allows(heard, asked.origin)
        && lists(heard, "access-control-allow-headers", HEADER);
    judge(asked, "request a part of it", expected.as_ref(), seen)
}

fn judge(asked: &Asked<'_>, what: &str, expected: Option<&Allowed>, seen: bool) -> Option<Finding> {
    let origin = asked.origin;
    let may = format!("scripts from {origin} can {what}");
    let may_not = format!("scripts from {origin} cannot {what}");
    let fix = match asked.address {
        Address::Storage => asked.fix.clone(),
        Address::PublicUrl => {
            "configure the server in front to pass on `Origin` and cache per origin (`Vary: Origin`)"
                .to_string()
        }
    };
    let finding = match (expected.is_some(), seen, asked.address) {
        (true, false, _) => Finding::failed(Kind::Cors, may, may_not),
        (false, true, Address::Storage) => Finding::failed(Kind::Cors, may_not, may),
        (false, true, Address::PublicUrl) => {
            Finding::new(Kind::Cors, Verdict::Warning, may_not, may)
        }
        _ => return None,
    };
    Some(finding.fix(fix))
}

fn allows(heard: &Response, origin: &str) -> bool {
    let told = heard.headers.get("access-control-allow-origin");
    told.is_some_and(|told| told == "*" || told == origin)
}

fn lists(heard: &Response, name: &str, word: &str) -> bool {
    let told = heard.headers.get_all(name).iter();
    told.filter_map(|told| told.to_str().ok())
        .flat_map(|told| told.split(','))
        .any(|one| one.trim() == "*" || one.trim().eq_ignore_ascii_case(word))
}
