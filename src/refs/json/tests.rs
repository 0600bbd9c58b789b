//! Each row is a document and what is found in it.

mod generated;
mod kinds;
mod pointers;
mod strings;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::refs::{Fault, Place, StandsFor, round_trip};

fn pointers(pointers: &[&str]) -> Vec<String> {
    pointers.iter().map(|pointer| pointer.to_string()).collect()
}

fn found(text: &str, at: &[&str]) -> Found {
    find(text, &pointers(at))
}

/// Returns the bytes of the document that are to be replaced, what follows the new path, and the
/// URL.
fn seen<'t>(text: &'t str, found: &'t Found) -> Vec<(&'t str, &'t str, &'t str)> {
    let row = |r: &'t Reference| (&text[r.span.clone()], r.tail.as_str(), r.url.as_str());
    found.references.iter().map(row).collect()
}

fn urls(text: &str, at: &[&str]) -> Vec<String> {
    let found = found(text, at);
    assert_eq!(found.faults, [], "{text}");
    found
        .references
        .into_iter()
        .map(|reference| reference.url)
        .collect()
}

const FAULTS: &[(&str, &str, usize, &str)] = &[
    ("nothing", "", 0, "EOF while parsing a value"),
    ("a comma too many", "{\"a\":[1,]}", 8, "trailing comma"),
    (
        "on the third line",
        "{\n\"b\":1,\n\"ü\" 1}",
        14,
        "expected `:`",
    ),
    ("behind the end", "{} x", 3, "trailing characters"),
    (
        "behind a byte order mark",
        "\u{feff}{} x",
        6,
        "trailing characters",
    ),
    ("a comment", "// hi\n{}", 0, "expected value"),
    ("cut off", "{\"a\":\"x", 6, "EOF while parsing a string"),
    (
        "cut off in a skipped value",
        "{\"b\":[\"x",
        7,
        "EOF while parsing a string",
    ),
    (
        "half a surrogate pair",
        "{\"a\":\"\\ud800\"}",
        12,
        "unexpected end of hex escape",
    ),
];

#[test]
fn faults_say_where() {
    for (name, text, at, reason) in FAULTS {
        let message = format!("isn't valid JSON: {reason}");
        assert_eq!(
            found(text, &["/a"]).faults,
            [Fault::unread(*at, message)],
            "{name}"
        );
    }
}

/// References before a syntax error are still found.
#[test]
fn references_before_fault_are_found() {
    let found = found(r#"{"a":"x.png","b":}"#, &["/*"]);
    assert_eq!((found.references.len(), found.faults.len()), (1, 1));
}

/// Without anything to look for, invalid JSON is no fault.
#[test]
fn without_pointers_nothing_is_parsed() {
    assert_eq!(found("// no JSON at all", &[]), Found::default());
}

/// Nesting that is too deep is a fault where it is read and fine where it is skipped.
#[test]
fn deep_nesting_faults_only_where_read() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let marked = format!(r#"["$$ASSETS(*)$$",{deep}]"#);
    let walked = found(&marked, &[]);
    assert_eq!(walked.placeholders.len(), 1);
    assert_eq!(
        walked.faults[0].message,
        "isn't valid JSON: recursion limit exceeded"
    );
    assert_eq!(urls(&format!(r#"{{"b":{deep},"a":"x"}}"#), &["/a"]), ["x"]);
}
