//! Mistakes in a policy that can be read: in its rules, and between them. It's an error if a cloud
//! refuses the rule or no browser matches it. It's a warning if the rule is merely unwise.

use std::collections::BTreeSet;
use std::ops::Range;

use super::json::{At, Document, Format, List, WrittenRule};
use super::{Cloud, Finding, Rule, Severity};
use super::{names, origin, write};
use crate::base::excerpt::Excerpt;
use crate::base::text::{escape, line_and_column};

/// S3's limits (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html> and
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>).
const S3_RULES_MAX: usize = 100;
const S3_ID_CHARS_MAX: usize = 255;
const S3_XML_BYTES_MAX: usize = 64 * 1024;

/// Firefox remembers an answer no longer than a day, Chromium for two hours
/// (<https://developer.mozilla.org/docs/Web/HTTP/Headers/Access-Control-Max-Age>).
const AGE_S_USEFUL: u32 = 86_400;

/// A finding that hasn't been judged yet: whether it matters depends on the clouds that are meant.
#[derive(Debug, Clone)]
pub(super) struct Found {
    severity: Severity,
    /// The first byte it's about.
    at: usize,
    message: String,
    instead: String,
    /// The only cloud that minds; none if both do, or browsers.
    cloud: Option<Cloud>,
}

pub(super) fn error(at: usize, message: &str, instead: &str) -> Found {
    Found {
        severity: Severity::Error,
        at,
        message: message.to_string(),
        instead: instead.to_string(),
        cloud: None,
    }
}

pub(super) fn warning(at: usize, message: &str, instead: &str) -> Found {
    Found {
        severity: Severity::Warning,
        ..error(at, message, instead)
    }
}

impl Found {
    /// Only this cloud minds.
    pub(super) fn on(mut self, cloud: Cloud) -> Found {
        self.cloud = Some(cloud);
        self
    }

    /// The finding, if it matters to one of `clouds`. Where none is known to be meant, all matter,
    /// but what only one of them refuses is a warning.
    pub(super) fn judged(self, text: &str, clouds: &[Cloud]) -> Option<Finding> {
        let severity = match self.cloud {
            Some(_) if clouds.is_empty() => Severity::Warning,
            Some(cloud) if !clouds.contains(&cloud) => return None,
            _ => self.severity,
        };
        Some(Finding {
            severity,
            ..self.for_all(text)
        })
    }

    /// The finding, whatever the cloud.
    pub(super) fn for_all(self, text: &str) -> Finding {
        let (line, column) = line_and_column(text, self.at);
        Finding {
            severity: self.severity,
            line,
            column,
            message: self.message,
            instead: self.instead,
            excerpt: Excerpt::of_settings(text, value_at(text, self.at)).map(Box::new),
        }
    }
}

/// Returns the place of the string, number or word that begins at a byte; of anything else, the
/// first character.
fn value_at(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    let is_end = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '+' | '.');
    let end = match rest.strip_prefix('"') {
        Some(inside) => {
            let mut is_escaped = false;
            let is_end = |c: char| {
                let is_end = (c == '"' && !is_escaped) || c == '\n';
                is_escaped = c == '\\' && !is_escaped;
                is_end
            };
            inside.find(is_end).map_or(rest.len(), |end| end + 2)
        }
        None => rest.find(is_end).unwrap_or(rest.len()),
    };
    at..at + end.max(1)
}

pub(super) fn lint(document: &Document) -> Vec<Found> {
    let mut found = Vec::new();
    for rule in &document.rules {
        rule_by_itself(rule, document.format, &mut found);
    }
    as_a_whole(document, &mut found);
    let policy = document.policy();
    for (place, rule) in document.rules.iter().enumerate() {
        found.extend(shadow(
            &policy.rules[..place],
            &policy.rules[place],
            rule.at,
        ));
    }
    found
}

fn rule_by_itself(rule: &At<WrittenRule>, format: Format, found: &mut Vec<Found>) {
    let (at, rule) = (rule.at, &rule.value);
    let (origin, method) = match format {
        Format::Gcs => ("origin", "method"),
        Format::S3 => ("AllowedOrigins", "AllowedMethods"),
    };
    not_empty(origin, &rule.origins, found);
    not_empty(method, &rule.methods, found);
    if rule.is_whole {
        let example = r#"["https://hunt.example.org"]"#;
        needed(at, origin, &rule.origins, example, found);
        needed(at, method, &rule.methods, r#"["GET", "HEAD"]"#, found);
        media(at, rule, format, found);
    }
    items(&rule.origins).for_each(|item| origin::lint(item, found));
    items(&rule.methods).for_each(|item| names::lint_method(item, found));
    headers(rule, format, found);
    repeated(rule, format, found);
    everybody(&rule.origins, found);
    age(at, rule, format, found);
    id(rule, found);
}

fn headers(rule: &WrittenRule, format: Format, found: &mut Vec<Found>) {
    match format {
        Format::Gcs => items(&rule.exposed).for_each(|item| names::lint_both_ways(item, found)),
        Format::S3 => {
            items(&rule.allowed).for_each(|item| names::lint_allowed(item, found));
            items(&rule.exposed).for_each(|item| names::lint_exposed(item, found));
        }
    }
}

/// Finds what any list of a rule has twice.
fn repeated(rule: &WrittenRule, format: Format, found: &mut Vec<Found>) {
    let lists = [&rule.origins, &rule.methods, &rule.allowed, &rule.exposed];
    // Google's only list of headers is there twice.
    let lists = if format == Format::Gcs {
        &lists[..3]
    } else {
        &lists[..]
    };
    lists.iter().for_each(|list| twice(list, found));
}

fn id(rule: &WrittenRule, found: &mut Vec<Found>) {
    if let Some(id) = &rule.id {
        let chars = id.value.chars().count();
        if chars > S3_ID_CHARS_MAX {
            let message =
                format!("the `ID` has {chars} characters: S3 allows at most {S3_ID_CHARS_MAX}");
            found.push(error(id.at, &message, "shorten it, or remove it").on(Cloud::S3));
        }
    }
}

fn items(list: &Option<List>) -> impl Iterator<Item = &At<String>> {
    list.iter().flat_map(|list| &list.value)
}

fn needed(at: usize, name: &str, list: &Option<List>, example: &str, found: &mut Vec<Found>) {
    if list.is_none() {
        let message = format!("this rule has no `{name}`");
        found.push(error(at, &message, &format!("write \"{name}\": {example}")));
    }
}

fn not_empty(name: &str, list: &Option<List>, found: &mut Vec<Found>) {
    if let Some(list) = list.as_ref().filter(|list| list.value.is_empty()) {
        let message = format!("`{name}` is empty, so this rule allows nothing");
        found.push(error(
            list.at,
            &message,
            "list what is allowed, or remove the rule",
        ));
    }
}

fn twice(list: &Option<List>, found: &mut Vec<Found>) {
    let mut seen = BTreeSet::new();
    for item in items(list) {
        if !seen.insert(item.value.to_ascii_lowercase()) {
            found.push(warning(
                item.at,
                &format!("`{}` is listed twice", escape(&item.value)),
                "remove one",
            ));
        }
    }
}

fn everybody(origins: &Option<List>, found: &mut Vec<Found>) {
    let others = items(origins).find(|item| item.value != "*");
    if let (true, Some(other)) = (items(origins).any(|item| item.value == "*"), others) {
        let message = "`*` already allows every origin, so this one has no effect";
        found.push(warning(other.at, message, "keep one or the other"));
    }
}

fn age(at: usize, rule: &WrittenRule, format: Format, found: &mut Vec<Found>) {
    let name = match format {
        Format::Gcs => "maxAgeSeconds",
        Format::S3 => "MaxAgeSeconds",
    };
    match &rule.max_age_s {
        None if rule.is_whole => {
            let message =
                format!("without `{name}`, browsers repeat preflight requests every 5 seconds");
            found.push(warning(at, &message, &format!("write \"{name}\": 3600")));
        }
        Some(age) if age.value > AGE_S_USEFUL => {
            let message = "no browser caches preflight responses for more than a day";
            let instead = format!("write at most {AGE_S_USEFUL}");
            found.push(warning(age.at, message, &instead));
        }
        _ => {}
    }
}

/// Players ask for pieces, and have to be told which they got.
fn media(at: usize, rule: &WrittenRule, format: Format, found: &mut Vec<Found>) {
    let reads = items(&rule.methods).any(|item| item.value == "GET" || item.value == "*");
    let lists = |list: &Option<List>, name: &str| {
        items(list).any(|item| item.value == "*" || item.value.eq_ignore_ascii_case(name))
    };
    let (allowed, exposed) = match format {
        Format::Gcs => ("responseHeader", "responseHeader"),
        Format::S3 => ("AllowedHeaders", "ExposeHeaders"),
    };
    if reads && !lists(&rule.allowed, "Range") {
        found.push(warning(
            at,
            "scripts and media players can't request a range of a file",
            &format!("add \"Range\" to `{allowed}`"),
        ));
    }
    if reads && !lists(&rule.exposed, "Content-Range") {
        found.push(warning(
            at,
            "scripts and media players can't see which range of a file they received",
            &format!("add \"Content-Range\" to `{exposed}`"),
        ));
    }
}

fn as_a_whole(document: &Document, found: &mut Vec<Found>) {
    let rules = &document.rules;
    if rules.is_empty() && !found.iter().any(|found| found.severity == Severity::Error) {
        found.push(warning(
            document.at,
            "this policy has no rules: applying it removes the bucket's policy",
            "add a rule, unless that is intended",
        ));
        return;
    }
    beyond_limits(document, found);
    reads_nothing(document, found);
}

/// Finds what is more than S3 takes.
fn beyond_limits(document: &Document, found: &mut Vec<Found>) {
    let rules = &document.rules;
    if let Some(rule) = rules.get(S3_RULES_MAX) {
        let message = format!("{} rules: S3 allows at most {S3_RULES_MAX}", rules.len());
        found
            .push(error(rule.at, &message, "merge rules that have the same methods").on(Cloud::S3));
    }
    let xml = write::s3_xml(&document.policy());
    if xml.len() > S3_XML_BYTES_MAX {
        let message = format!(
            "as XML, this policy has {} bytes: S3 allows at most {S3_XML_BYTES_MAX}",
            xml.len()
        );
        found.push(error(document.at, &message, "allow `*`, or list fewer origins").on(Cloud::S3));
    }
}

/// Finds that no rule lets a page read.
fn reads_nothing(document: &Document, found: &mut Vec<Found>) {
    let rules = &document.rules;
    let methods = || rules.iter().flat_map(|rule| items(&rule.value.methods));
    if let (Some(first), false) = (
        methods().next(),
        methods().any(|method| matches!(method.value.as_str(), "GET" | "*")),
    ) {
        let has_one = methods().any(|method| method.value.eq_ignore_ascii_case("get"));
        if !has_one {
            found.push(error(
                first.at,
                "no rule allows `GET`, so no page can read anything",
                "add \"GET\"",
            ));
        }
    }
}

/// Returns the reason why a rule is never used: earlier rules match everything that it would.
/// Google looks at origin and method to choose a rule, S3 also at the requested headers.
fn shadow(earlier: &[Rule], rule: &Rule, at: usize) -> Option<Found> {
    let covered = |cloud| is_covered(earlier, rule, cloud);
    let message = "this rule is never used: earlier rules match all its requests";
    let instead = "put narrower rules first, or remove this one";
    match (covered(Cloud::Gcs), covered(Cloud::S3)) {
        (_, true) => Some(error(at, message, instead)),
        (true, false) => {
            Some(error(at, &format!("{message} on {}", Cloud::Gcs), instead).on(Cloud::Gcs))
        }
        (false, false) => one_rule_an_origin(earlier, rule, at),
    }
}

fn is_covered(earlier: &[Rule], rule: &Rule, cloud: Cloud) -> bool {
    let covers = |other: &Rule, origin: &str, method: &str| {
        origin::covers(&other.origins, origin) && names::has_method(&other.methods, method)
    };
    let is_covered = |origin: &String, method: &String| {
        let mut others = earlier.iter();
        others.any(|other| {
            covers(other, origin, method)
                && (cloud == Cloud::Gcs
                    || names::lets_all(&other.allowed_headers, &rule.allowed_headers))
        })
    };
    let mut origins = rule.origins.iter();
    !rule.origins.is_empty()
        && !rule.methods.is_empty()
        && origins.all(|origin| rule.methods.iter().all(|method| is_covered(origin, method)))
}

/// Ceph's radosgw looks no further than the first rule of an origin
/// (`RGWCORSConfiguration::host_name_rule`).
fn one_rule_an_origin(earlier: &[Rule], rule: &Rule, at: usize) -> Option<Found> {
    let is_taken = |origin: &String| {
        earlier
            .iter()
            .any(|other| origin::covers(&other.origins, origin))
    };
    let is_dead = !rule.origins.is_empty() && rule.origins.iter().all(is_taken);
    let message = "earlier rules have the same origins, and some S3 servers (Ceph) check only \
                   an origin's first rule";
    is_dead.then(|| warning(at, message, "merge them into one rule").on(Cloud::S3))
}
