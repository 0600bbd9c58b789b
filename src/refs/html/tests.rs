//! Tests: URLs in pages.

mod elements;
mod foreign;
mod generated;
mod scripts;
mod srcdoc;
mod text;

use super::*;
use crate::refs::{Base, ExtraAttribute, Grammar};

/// Kind and URL of everything found.
fn references(html: &str) -> Vec<String> {
    references_with(html, &Extra::default())
}

fn references_with(html: &str, extra: &Extra) -> Vec<String> {
    let found = find(html, extra);
    for reference in &found.references {
        assert!(
            html.get(reference.span.clone()).is_some(),
            "{html}: {reference:?}"
        );
        assert!(reference.base == Base::Document, "{html}: {reference:?}");
    }
    found
        .references
        .iter()
        .map(|r| format!("{:?} {}", r.kind, r.url))
        .collect()
}

/// A page, and what is found in it.
type Row = (&'static str, &'static [&'static str]);

fn check(rows: &[Row]) {
    for (html, expected) in rows {
        assert_eq!(references(html), *expected, "{html}");
    }
}

/// The bytes that would be replaced, for every reference.
fn spans(html: &str) -> Vec<&str> {
    find(html, &Extra::default())
        .references
        .into_iter()
        .map(|r| &html[r.span])
        .collect()
}
