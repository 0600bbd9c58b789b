//! What pages of other origins are answered, as browsers ask: held against the policy in the target's file.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;

use super::finding::{Address, Finding, Kind};
use super::visit::Visit;
use crate::cors::{self, Allowed, Cloud, Policy};
use crate::doctor::{self, Verdict};
use crate::release::manifest::{Entry, Manifest};
use crate::store::StoreError;
use crate::store::stranger::{Heard, Question};

/// An origin that no policy names.
const NOBODY: &str = "https://not-allowed.example";

/// How many of a policy's origins are tried.
const ORIGINS_MAX: usize = 20;

/// What a page asks to send: what players do.
const HEADER: &str = "range";

/// Tries the policy's origins, and another one, on an object of each type of content. Nothing if the target names no policy.
pub(super) async fn look(visit: &Visit<'_>, manifest: &Manifest, sample: &[usize]) -> Vec<Finding> {
    let target = visit.subject.target;
    let (Some(cloud), Some(file)) = (Cloud::of(&target.place), &target.cors) else {
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
                    fix: doctor::own_command(target, "cors apply"),
                };
                match ask(visit, &asked, &policy, cloud).await {
                    Ok(found) => {
                        findings.extend(found.into_iter().map(|f| f.of(entry).at(address)));
                    }
                    Err(error) => findings.push(
                        Finding::unknown(Kind::Unanswered, error.message)
                            .of(entry)
                            .at(address),
                    ),
                }
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
    // What is no header's value, no browser sends.
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
    /// What mends the bucket's policy.
    fix: String,
}

async fn ask(
    visit: &Visit<'_>,
    asked: &Asked<'_>,
    policy: &Policy,
    cloud: Cloud,
) -> Result<Vec<Finding>, StoreError> {
    let origin = asked.origin;
    let simple = Question::get(asked.url).header("origin", origin).taking(0);
    let preflight = Question::new(Method::OPTIONS, asked.url)
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", HEADER);
    let (simple, preflight) = (visit.ask(&simple).await?, visit.ask(&preflight).await?);
    let mut findings = Vec::new();
    findings.extend(judge(
        asked,
        "read it",
        policy.simple(cloud, origin, "GET").as_ref(),
        allows(&simple, origin),
    ));
    let expected = policy.preflight(cloud, origin, "GET", &[HEADER]);
    let expected = expected.filter(|allowed| allowed.permits("GET", &[HEADER]));
    let seen = preflight.status.is_success()
        && allows(&preflight, origin)
        && lists(&preflight, "access-control-allow-headers", HEADER);
    findings.extend(judge(
        asked,
        "ask for a part of it",
        expected.as_ref(),
        seen,
    ));
    Ok(findings)
}

fn judge(asked: &Asked<'_>, what: &str, expected: Option<&Allowed>, seen: bool) -> Option<Finding> {
    let origin = asked.origin;
    let may = format!("scripts of {origin} may {what}");
    let may_not = format!("scripts of {origin} may not {what}");
    let fix = match asked.address {
        Address::Storage => asked.fix.clone(),
        Address::PublicUrl => {
            "let the server between pass `Origin` on, and keep answers apart by it (`Vary: Origin`)"
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

fn allows(heard: &Heard, origin: &str) -> bool {
    let told = heard.headers.get("access-control-allow-origin");
    told.is_some_and(|told| told == "*" || told == origin)
}

fn lists(heard: &Heard, name: &str, word: &str) -> bool {
    let told = heard.headers.get_all(name).iter();
    told.filter_map(|told| told.to_str().ok())
        .flat_map(|told| told.split(','))
        .any(|one| one.trim() == "*" || one.trim().eq_ignore_ascii_case(word))
}
