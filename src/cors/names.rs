//! Methods and headers: which ones a policy may list, and what they do.

use super::Cloud;
use super::json::At;
use super::lint::{Found, error, warning};
use super::origin::matches_wildcard;
use crate::base::likeness::nearest;
use crate::base::text::escape;

/// Methods that S3 accepts. Together with `PATCH`, these are all the methods that a page may use.
const METHODS: [&str; 5] = ["GET", "HEAD", "PUT", "POST", "DELETE"];

/// Browsers let no page use these (<https://fetch.spec.whatwg.org/#forbidden-method>).
const FORBIDDEN: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// Checks whether a list allows a method; `*` stands for any.
pub(super) fn has_method(methods: &[String], method: &str) -> bool {
    methods
        .iter()
        .any(|listed| listed == "*" || listed == method)
}

/// Checks whether one of `patterns`, which may contain a `*`, matches a header, in any case.
pub(super) fn has_header(patterns: &[String], header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let mut patterns = patterns.iter();
    patterns.any(|pattern| matches_wildcard(&pattern.to_ascii_lowercase(), &header))
}

/// Checks whether `patterns` match everything that `headers`, which may be patterns themselves,
/// match.
pub(super) fn lets_all(patterns: &[String], headers: &[String]) -> bool {
    headers.iter().all(|header| has_header(patterns, header))
}

pub(super) fn lint_method(item: &At<String>, found: &mut Vec<Found>) {
    let (at, text) = (item.at, item.value.as_str());
    const ONLY_READ: &str = "remove it: published files are only read";
    match text {
        "GET" | "HEAD" => {}
        "PUT" | "POST" | "DELETE" => {
            let message = format!("`{text}` is only for pages that write to the bucket");
            found.push(warning(at, &message, ONLY_READ));
        }
        "OPTIONS" => {
            let message =
                "`OPTIONS` is the method of preflight requests: S3 rejects it in this list";
            found.push(error(at, message, "remove it").on(Cloud::S3));
        }
        "*" => found.extend(any_method(at)),
        "PATCH" => {
            let message = "S3 does not support the method `PATCH`";
            found.push(error(at, message, ONLY_READ).on(Cloud::S3));
        }
        _ => found.push(no_method(at, text)),
    }
}

fn any_method(at: usize) -> [Found; 2] {
    const INSTEAD: &str = "write \"GET\", \"HEAD\"";
    let message = "`*` also allows methods that write to the bucket";
    [
        error(at, "S3 does not accept `*` as a method", INSTEAD).on(Cloud::S3),
        warning(at, message, INSTEAD),
    ]
}

/// The finding for a text that no page may use as a method, or that isn't one.
fn no_method(at: usize, text: &str) -> Found {
    let shown = escape(text);
    let upper = text.trim().to_ascii_uppercase();
    if FORBIDDEN.contains(&upper.as_str()) {
        let message = format!("browsers don't let pages use `{shown}`");
        return error(at, &message, "remove it");
    }
    if upper != text && METHODS.contains(&upper.as_str()) {
        let message = format!("`{shown}`: methods must be in uppercase, without spaces");
        return error(at, &message, &format!("write \"{upper}\""));
    }
    if text.contains([',', ' ']) {
        let message = format!("`{shown}` contains several methods in one string");
        return error(at, &message, &format!("write \"{}\"", in_parts(text)));
    }
    let near = nearest(&upper, METHODS.into_iter());
    let instead = near.map_or("use `GET` or `HEAD`".to_string(), |near| {
        format!("write \"{near}\"")
    });
    error(at, &format!("unknown method `{shown}`"), &instead)
}

/// A header of Google's one list, for requests and answers.
pub(super) fn lint_both_ways(item: &At<String>, found: &mut Vec<Found>) {
    lint_exposed(item, found);
    if item.value.contains('*') && item.value != "*" {
        unknown_wildcard(item, found);
    }
}

/// A header that scripts may read.
pub(super) fn lint_exposed(item: &At<String>, found: &mut Vec<Found>) {
    if item.value.contains('*') && header_name(item, found) {
        let message = format!(
            "`{}`: S3 does not accept `*` in the list of exposed headers",
            escape(&item.value)
        );
        found.push(error(item.at, &message, "list each header").on(Cloud::S3));
        if item.value == "*" {
            let message = format!(
                "{} does not document `*` for headers, so it may have no effect",
                Cloud::Gcs
            );
            found.push(warning(item.at, &message, "list each header").on(Cloud::Gcs));
        }
    } else if !item.value.contains('*') {
        header_name(item, found);
    }
}

/// A header that scripts may send.
pub(super) fn lint_allowed(item: &At<String>, found: &mut Vec<Found>) {
    if header_name(item, found) && item.value.contains('*') && item.value != "*" {
        unknown_wildcard(item, found);
    }
}

fn unknown_wildcard(item: &At<String>, found: &mut Vec<Found>) {
    let message = format!(
        "`{}`: {} does not document `*` in header names, so it may have no effect",
        escape(&item.value),
        Cloud::Gcs
    );
    found.push(error(item.at, &message, "list each header").on(Cloud::Gcs));
}

/// Checks whether a text is the name of a header, perhaps with one `*` (RFC 9110, 5.6.2: a token).
fn header_name(item: &At<String>, found: &mut Vec<Found>) -> bool {
    let (at, text) = (item.at, item.value.as_str());
    match no_header_name(text) {
        None => {
            pointless(at, text, found);
            true
        }
        Some((message, instead)) => {
            found.push(error(at, &message, &instead));
            false
        }
    }
}

/// The mistake in the name of a header, and what to write instead.
fn no_header_name(text: &str) -> Option<(String, String)> {
    let shown = escape(text);
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let (message, instead) = if text.is_empty() {
        let message = "empty header name".to_string();
        return Some((message, "remove it".to_string()));
    } else if let Some((name, _)) = text.split_once(':') {
        let write = format!("write \"{}\"", escape(name.trim()));
        (
            "contains a `:`, but only header names belong in this list",
            write,
        )
    } else if text.trim() != text && text.trim().chars().all(is_token) {
        let write = format!("write \"{}\"", escape(text.trim()));
        ("has leading or trailing spaces", write)
    } else if text.contains([',', ' ', ';']) {
        let write = format!("write \"{}\"", in_parts(text));
        ("contains several headers in one string", write)
    } else if !text.chars().all(is_token) {
        let write = "use letters, digits and `-`".to_string();
        ("isn't a valid header name", write)
    } else if text.matches('*').count() > 1 {
        (
            "has more than one `*`",
            "use at most one, or only `*`".to_string(),
        )
    } else {
        return None;
    };
    Some((format!("`{shown}` {message}"), instead))
}

/// Names that do nothing in such a list.
fn pointless(at: usize, text: &str, found: &mut Vec<Found>) {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("access-control-") {
        let message =
            format!("the storage service sends `{text}` itself, so it has no effect here");
        found.push(warning(at, &message, "remove it"));
    } else if ["set-cookie", "set-cookie2", "cookie", "origin", "host"].contains(&lower.as_str()) {
        found.push(warning(
            at,
            &format!("browsers don't let scripts access `{text}`"),
            "remove it",
        ));
    }
}

fn in_parts(text: &str) -> String {
    let parts = text.split([',', ' ', ';']).filter(|part| !part.is_empty());
    parts.map(escape).collect::<Vec<_>>().join("\", \"")
}
