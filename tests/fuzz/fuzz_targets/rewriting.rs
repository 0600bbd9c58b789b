//! What must hold of every rewriter, whatever the document.

use assetsync::testing::refs::edit::Edits;
use assetsync::testing::refs::{Found, Kind, Reference};

/// Finds references, writes other URLs in their place, and finds those again.
pub fn check(text: &str, find: impl Fn(&str) -> Found) {
    let found = find(text);
    in_order_and_inside(text, &found);
    assert_eq!(
        rewrite(text, &found, |reference| same(text, reference)),
        text,
        "the identity changes nothing"
    );

    let renamed = rewrite(text, &found, new_url);
    let again = find(&renamed);
    let urls = |found: &Found| {
        found
            .references
            .iter()
            .map(|r| (r.kind, r.base))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        urls(&found),
        urls(&again),
        "the same references are there again\n{text:?}\n{renamed:?}"
    );
    for (before, after) in found.references.iter().zip(&again.references) {
        assert_eq!(
            path(&after.url),
            path(&new_url(before)),
            "\n{text:?}\n{renamed:?}"
        );
    }
    // Doing it again changes nothing.
    assert_eq!(rewrite(&renamed, &again, new_url), renamed);
}

fn in_order_and_inside(text: &str, found: &Found) {
    let mut end = 0;
    for reference in &found.references {
        assert!(
            end <= reference.span.start && reference.span.start <= reference.span.end,
            "{reference:?}"
        );
        assert!(text.get(reference.span.clone()).is_some(), "{reference:?}");
        end = reference.span.end;
    }
}

fn rewrite(text: &str, found: &Found, url: impl Fn(&Reference) -> String) -> String {
    let edits = found
        .references
        .iter()
        .map(|reference| (reference.span.clone(), url(reference).into_bytes()));
    String::from_utf8(Edits::new(edits.collect()).apply(text.as_bytes()))
        .expect("spans end between characters")
}

fn same(text: &str, reference: &Reference) -> String {
    text[reference.span.clone()].to_string()
}

fn new_url(reference: &Reference) -> String {
    let here = if reference.kind == Kind::Import {
        "./"
    } else {
        ""
    };
    format!("{here}x/new-1.png{}", reference.tail)
}

fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}
