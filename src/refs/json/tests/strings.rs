//! Tests: placeholders and paths in strings.

use super::*;

/// A name, a document, and the placeholders in it.
type Placed = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const PLACEHOLDERS: &[Placed] = &[
    (
        "a value",
        r#"{"a":"$$ASSETS(img/*.png)$$"}"#,
        &[(r#""$$ASSETS(img/*.png)$$""#, "img/*.png")],
    ),
    (
        "deep",
        r#"[[{"a":["$$ASSETS(*)$$"]}]]"#,
        &[(r#""$$ASSETS(*)$$""#, "*")],
    ),
    (
        "the document",
        r#""$$ASSETS(*)$$""#,
        &[(r#""$$ASSETS(*)$$""#, "*")],
    ),
    (
        "an escaped slash",
        r#"["$$ASSETS(i\/*)$$"]"#,
        &[(r#""$$ASSETS(i\/*)$$""#, "i/*")],
    ),
    ("not a key", r#"{"$$ASSETS(*)$$":1}"#, &[]),
    (
        "the folder",
        r#"["$$FOLDER$$"]"#,
        &[(r#""$$FOLDER$$""#, "no glob")],
    ),
    (
        "two",
        r#"["$$ASSETS(a)$$","$$ASSETS(b)$$"]"#,
        &[(r#""$$ASSETS(a)$$""#, "a"), (r#""$$ASSETS(b)$$""#, "b")],
    ),
];

fn glob(stands_for: &StandsFor) -> &str {
    match stands_for {
        StandsFor::Files(glob) => glob,
        StandsFor::Folder => "no glob",
    }
}

#[test]
fn placeholders_are_string_values_of_their_own() {
    for (name, text, expected) in PLACEHOLDERS {
        let found = found(text, &[]);
        let globs = found
            .placeholders
            .iter()
            .map(|p| (&text[p.span.clone()], glob(&p.stands_for)));
        assert_eq!(
            (globs.collect::<Vec<_>>(), &found.faults[..]),
            (expected.to_vec(), &[][..]),
            "{name}"
        );
    }
}

#[test]
fn a_placeholder_at_a_pointer_is_no_reference() {
    let found = found(r#"{"a":"$$ASSETS(*)$$","b":"x"}"#, &["/*"]);
    assert_eq!(
        (
            found.placeholders.len(),
            found.references.len(),
            found.references[0].url.as_str()
        ),
        (1, 1, "x")
    );
}

#[test]
fn a_placeholder_in_a_longer_string_is_a_fault_and_the_rest_is_found() {
    let parts = [
        "see $$ASSETS(a)$$",
        "$$ASSETS(a)$$ ",
        "$$ASSETS(a)$$$$ASSETS(b)$$",
        "$$ASSETS(a",
    ];
    for part in parts {
        let text = format!(r#"["{part}","x.png"]"#);
        let found = found(&text, &["/1"]);
        assert_eq!(found.faults, [Fault::misplaced(1)], "{part}");
        assert_eq!(
            (found.placeholders.len(), found.references.len()),
            (0, 1),
            "{part}"
        );
    }
}

#[test]
fn paths_of_files_are_found_with_their_pointers_and_places() {
    let text = r#"{ "a/b": ["x.png", 1, { "s\"rc": "img\/y.png" }], "title": "two words.png", "z": "z.mp3" }"#;
    let found = find(text, &["/z".to_string()]);
    let found: Vec<(&str, &str, &Place)> = found
        .mentions
        .iter()
        .map(|mention| {
            (
                mention.text.as_str(),
                &text[mention.at..mention.at + 3],
                &mention.place,
            )
        })
        .collect();
    let pointer = |pointer: &str| Place::Pointer(pointer.to_string());
    assert_eq!(
        found,
        [
            ("x.png", "x.p", &pointer("/a~1b/*")),
            ("img/y.png", "img", &pointer("/a~1b/*/s\"rc")),
        ],
        "but for what is a reference"
    );
}

#[test]
fn paths_before_a_mistake_are_found_and_only_who_asks_is_told_of_it() {
    let found = find("[\"a.png\", oops", &[]);
    assert_eq!((found.mentions.len(), found.faults.len()), (1, 0));
    let found = find("[\"a.png\", oops", &["/1".to_string()]);
    assert_eq!((found.mentions.len(), found.faults.len()), (1, 1));
    assert_eq!(source_map(r#"{"file": "a.js"}"#).mentions, []);
}
