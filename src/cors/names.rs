//! Methods and headers: what may be listed, and what it's good for.

use super::Cloud;
use super::json::At;
use super::lint::{Found, error, warning};
use super::origin::matches_wildcard;
use crate::error::escape;
use crate::likeness::nearest;

/// What S3 takes; with `PATCH`, the methods of the web that a page may use at all.
const METHODS: [&str; 5] = ["GET", "HEAD", "PUT", "POST", "DELETE"];

/// Browsers let no page use these (<https://fetch.spec.whatwg.org/#forbidden-method>).
const FORBIDDEN: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// Whether a list allows a method; `*` stands for any.
pub(super) fn has_method(methods: &[String], method: &str) -> bool {
    methods
        .iter()
        .any(|listed| listed == "*" || listed == method)
}

/// Whether one of `patterns`, whole or with a `*`, stands for a header, in whatever case.
pub(super) fn has_header(patterns: &[String], header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let mut patterns = patterns.iter();
    patterns.any(|pattern| matches_wildcard(&pattern.to_ascii_lowercase(), &header))
}

/// Whether `patterns` stand for all that `headers`, perhaps patterns themselves, stand for.
pub(super) fn lets_all(patterns: &[String], headers: &[String]) -> bool {
    headers.iter().all(|header| has_header(patterns, header))
}

pub(super) fn lint_method(item: &At<String>, found: &mut Vec<Found>) {
    let (at, text) = (item.at, item.value.as_str());
    let shown = escape(text);
    let upper = text.trim().to_ascii_uppercase();
    match text {
        "GET" | "HEAD" => {}
        "PUT" | "POST" | "DELETE" => found.push(warning(
            at,
            &format!("`{text}` is for pages that write to the bucket"),
            "take it out: published files are only read",
        )),
        "OPTIONS" => found.push(
            error(
                at,
                "`OPTIONS` is how browsers ask: S3 refuses it in this list",
                "take it out",
            )
            .on(Cloud::S3),
        ),
        "*" => {
            found.push(
                error(
                    at,
                    "`*`: S3 takes whole methods only",
                    "write \"GET\", \"HEAD\"",
                )
                .on(Cloud::S3),
            );
            found.push(warning(
                at,
                "`*` is for pages that write to the bucket, too",
                "write \"GET\", \"HEAD\"",
            ));
        }
        "PATCH" => found.push(
            error(
                at,
                "`PATCH`: S3 knows no such method",
                "take it out: published files are only read",
            )
            .on(Cloud::S3),
        ),
        _ if FORBIDDEN.contains(&upper.as_str()) => found.push(error(
            at,
            &format!("browsers let no page use `{shown}`"),
            "take it out",
        )),
        _ if upper != text && METHODS.contains(&upper.as_str()) => {
            found.push(error(
                at,
                &format!("`{shown}`: methods are in capitals, without spaces"),
                &format!("write \"{upper}\""),
            ));
        }
        _ if text.contains([',', ' ']) => found.push(error(
            at,
            &format!("`{shown}` is several methods in one string"),
            &format!("write \"{}\"", in_parts(text)),
        )),
        _ => {
            let near = nearest(&upper, METHODS.into_iter());
            let instead = near.map_or("there are `GET` and `HEAD`".to_string(), |near| {
                format!("write \"{near}\"")
            });
            found.push(error(at, &format!("`{shown}` isn't a method"), &instead));
        }
    }
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
            "`{}`: S3 takes whole names only in the list of what may be read",
            escape(&item.value)
        );
        found.push(error(item.at, &message, "list each header").on(Cloud::S3));
        if item.value == "*" {
            let message = format!("{} documents no `*` for headers", Cloud::Gcs);
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
        "`{}`: {} documents no `*` in names of headers",
        escape(&item.value),
        Cloud::Gcs
    );
    found.push(error(item.at, &message, "list each header").on(Cloud::Gcs));
}

/// Whether it's the name of a header, perhaps with one `*` (RFC 9110, 5.6.2: a token).
fn header_name(item: &At<String>, found: &mut Vec<Found>) -> bool {
    let (at, text) = (item.at, item.value.as_str());
    let shown = escape(text);
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if text.is_empty() {
        found.push(error(at, "an empty name of a header", "take it out"));
    } else if let Some((name, _)) = text.split_once(':') {
        found.push(error(
            at,
            &format!("`{shown}` has more than a header's name"),
            &format!("write \"{}\"", escape(name.trim())),
        ));
    } else if text.trim() != text && text.trim().chars().all(is_token) {
        found.push(error(
            at,
            &format!("`{shown}` has a space at an end"),
            &format!("write \"{}\"", escape(text.trim())),
        ));
    } else if text.contains([',', ' ', ';']) {
        found.push(error(
            at,
            &format!("`{shown}` is several headers in one string"),
            &format!("write \"{}\"", in_parts(text)),
        ));
    } else if !text.chars().all(is_token) {
        found.push(error(
            at,
            &format!("`{shown}` isn't the name of a header"),
            "letters, digits and `-`",
        ));
    } else if text.matches('*').count() > 1 {
        found.push(error(
            at,
            &format!("`{shown}` has more than one `*`"),
            "one at most, or `*` alone",
        ));
    } else {
        pointless(at, text, found);
        return true;
    }
    false
}

/// Names that do nothing in such a list.
fn pointless(at: usize, text: &str, found: &mut Vec<Found>) {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("access-control-") {
        let message = format!("`{text}` is sent by the storage itself, and does nothing here");
        found.push(warning(at, &message, "take it out"));
    } else if ["set-cookie", "set-cookie2", "cookie", "origin", "host"].contains(&lower.as_str()) {
        found.push(warning(
            at,
            &format!("browsers keep `{text}` to themselves"),
            "take it out",
        ));
    }
}

fn in_parts(text: &str) -> String {
    let parts = text.split([',', ' ', ';']).filter(|part| !part.is_empty());
    parts.map(escape).collect::<Vec<_>>().join("\", \"")
}
