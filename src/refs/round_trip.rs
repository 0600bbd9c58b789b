//! Check of a promise that every finder makes, for its tests. If a new path takes the place of each
//! URL, it's read back as that path, with the old query and fragment, and nothing else changes.

use super::{Found, Kind, Reference};
use std::ops::Range;

const NEW: &str = "x/new-1.png";

/// Replaces every path in `text`, finds again and compares; an error tells how the two differ.
pub fn check(text: &str, find: impl Fn(&str) -> Found) -> Result<(), String> {
    let before = find(text);
    let (changed, expected) = replaced(text, &before.references)?;
    let after = find(&changed);
    let actual: Vec<_> = after
        .references
        .iter()
        .map(|r| (r.span.clone(), r.url.clone(), r.kind))
        .collect();
    match actual == expected {
        true if before.faults.len() == after.faults.len() => Ok(()),
        true => Err(format!(
            "{changed:?}: faults {:?}, before {:?}",
            after.faults, before.faults
        )),
        false => Err(format!("{changed:?}: {actual:?} instead of {expected:?}")),
    }
}

/// A reference as it's expected: its place, its URL and its kind.
type Expected = (Range<usize>, String, Kind);

/// Returns `text` with another path in each reference, and these as they must be found then.
fn replaced(text: &str, references: &[Reference]) -> Result<(String, Vec<Expected>), String> {
    let mut changed = String::new();
    let mut expected = Vec::new();
    let mut at = 0;
    for reference in references {
        let gap = text
            .get(at..reference.span.start)
            .ok_or(format!("overlap or split character at {at}"))?;
        changed += gap;
        expected.push((
            changed.len()..changed.len() + NEW.len(),
            format!("{NEW}{}", suffix(reference)),
            reference.kind,
        ));
        changed += NEW;
        changed += &reference.tail;
        at = reference.span.end;
    }
    changed += text.get(at..).ok_or("split character at the last span")?;
    Ok((changed, expected))
}

/// Makes sure that these URLs are found in `text`, and keeps the promise.
#[track_caller]
pub fn assert_urls(text: &str, find: impl Fn(&str) -> Found, expected: &[&str]) {
    let found = find(text);
    let urls: Vec<&str> = found.references.iter().map(|r| r.url.as_str()).collect();
    assert_eq!(urls, expected, "{text:?}");
    assert_eq!(check(text, find), Ok(()), "{text:?}");
}

/// The query and fragment that must come back.
fn suffix(reference: &Reference) -> &str {
    match reference.url.find(['?', '#']) {
        _ if !reference.tail.is_empty() => &reference.tail,
        Some(path) => &reference.url[path..],
        None => "",
    }
}
