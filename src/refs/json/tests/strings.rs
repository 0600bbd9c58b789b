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

/// A placeholder is a string value of its own.
#[test]
fn placeholders_are_whole_strings() {
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

/// A placeholder at a JSON pointer is not a reference.
#[test]
fn placeholder_is_not_a_reference() {
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

/// A placeholder inside a longer string is a fault, and other references are found.
#[test]
fn embedded_placeholder_is_a_fault() {
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

/// Paths in strings are found together with their JSON pointers and offsets.
#[test]
fn mentions_carry_pointer_and_offset() {
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

/// Paths before a syntax error are found; the error counts only with pointers.
#[test]
fn syntax_error_matters_only_with_pointers() {
    let found = find("[\"a.png\", oops", &[]);
    assert_eq!((found.mentions.len(), found.faults.len()), (1, 0));
    let found = find("[\"a.png\", oops", &["/1".to_string()]);
    assert_eq!((found.mentions.len(), found.faults.len()), (1, 1));
    assert_eq!(source_map(r#"{"file": "a.js"}"#).mentions, []);
}
