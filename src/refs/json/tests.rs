//! Each row is a document and what is found in it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::refs::StandsFor;

fn pointers(pointers: &[&str]) -> Vec<String> {
    pointers.iter().map(|pointer| pointer.to_string()).collect()
}

fn found(text: &str, at: &[&str]) -> Found {
    find(text, &pointers(at))
}

/// Which bytes of the document are to be replaced, what follows the new path, and the URL.
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

#[test]
fn pointers_lead_to_strings() {
    let rows: &[(&str, &str, &[&str], &[&str])] = &[
        ("a key", r#"{"a":"x.png","b":"y.png"}"#, &["/a"], &["x.png"]),
        ("the document itself", r#" "x.png" "#, &[""], &["x.png"]),
        ("an index", r#"["a","b","c"]"#, &["/1"], &["b"]),
        (
            "no index with a leading zero",
            r#"["a","b"]"#,
            &["/01", "/00"],
            &[],
        ),
        (
            "a key that looks like an index",
            r#"{"01":"a","1":"b"}"#,
            &["/01", "/1"],
            &["a", "b"],
        ),
        (
            "an index beyond usize",
            r#"["a"]"#,
            &["/99999999999999999999999"],
            &[],
        ),
        ("a sign is no index", r#"["a"]"#, &["/+0", "/-"], &[]),
        (
            "any index",
            r#"[{"s":"a"},{"s":"b"},{"t":"c"}]"#,
            &["/*/s"],
            &["a", "b"],
        ),
        (
            "any key",
            r#"{"p":{"x":"a","y":"b"}}"#,
            &["/p/*"],
            &["a", "b"],
        ),
        (
            "an escaped slash",
            r#"{"a/b":"x","a":{"b":"y"}}"#,
            &["/a~1b"],
            &["x"],
        ),
        ("an escaped tilde", r#"{"a~b":"x"}"#, &["/a~0b"], &["x"]),
        (
            "a tilde before a one",
            r#"{"~1":"x","/":"y"}"#,
            &["/~01"],
            &["x"],
        ),
        ("an empty key", r#"{"":"x"}"#, &["/"], &["x"]),
        (
            "a key written with escapes",
            r#"{"\u0061":"x"}"#,
            &["/a"],
            &["x"],
        ),
        (
            "a key with a quote in it",
            r#"{"a\"b":"n","c":"x"}"#,
            &["/c"],
            &["x"],
        ),
        ("nowhere", r#"{"a":"x"}"#, &["/b", "/a/c", "/a/0"], &[]),
        (
            "no string",
            r#"{"a":[1,-2,2.5,true,null,{},[]],"b":{}}"#,
            &["/a/*", "/b", "/a"],
            &[],
        ),
        ("an empty string names no file", r#"{"a":""}"#, &["/a"], &[]),
        (
            "two pointers, one string",
            r#"{"a":["x"]}"#,
            &["/a/0", "/a/*", "/*/*"],
            &["x"],
        ),
        (
            "by position, not by pointer",
            r#"{"a":"x","b":"y"}"#,
            &["/b", "/a"],
            &["x", "y"],
        ),
        (
            "duplicate keys",
            r#"{"a":"x","a":"y"}"#,
            &["/a"],
            &["x", "y"],
        ),
        (
            "a pointer that ends on another's way",
            r#"[["y"],"x"]"#,
            &["/*", "/*/0"],
            &["y", "x"],
        ),
        (
            "behind what is skipped",
            r#"{"n":["\"","\\",{"q":"\\\""}],"a":"x"}"#,
            &["/a"],
            &["x"],
        ),
        ("behind numbers", r#"[1,2e3,"a",null,"b"]"#, &["/4"], &["b"]),
    ];
    for (name, text, at, expected) in rows {
        assert_eq!(urls(text, at), *expected, "{name}");
    }
}

#[test]
fn spans_are_the_path_between_the_quotes() {
    let rows: &[(&str, &str, (&str, &str, &str))] = &[
        ("plain", r#"{"a":"i/x.png"}"#, ("i/x.png", "", "i/x.png")),
        (
            "query and fragment stay",
            r#"{"a":"x.svg?v=1#i"}"#,
            ("x.svg", "", "x.svg?v=1#i"),
        ),
        (
            "escaped slash",
            r#"{"a":"i\/x.png"}"#,
            (r"i\/x.png", "", "i/x.png"),
        ),
        (
            "escaped letter and query",
            r#"{"a":"\u0061.svg?v=1#i"}"#,
            (r"\u0061.svg?v=1#i", "?v=1#i", "a.svg?v=1#i"),
        ),
        (
            "escaped quote",
            r#"{"a":"a\"b?\"","b":"no"}"#,
            (r#"a\"b?\""#, "?%22", "a\"b?\""),
        ),
        (
            "escaped backslash at the end",
            r#"{"a":"a\\","b":"no"}"#,
            (r"a\\", "", "a\\"),
        ),
        (
            "a surrogate pair",
            r#"{"a":"\ud83d\ude00.png"}"#,
            (r"\ud83d\ude00.png", "", "😀.png"),
        ),
        (
            "other scripts",
            r#"{"ü":"ß","a":"é.png"}"#,
            ("é.png", "", "é.png"),
        ),
        (
            "a byte order mark",
            "\u{feff}{\"a\":\"x.png\"}",
            ("x.png", "", "x.png"),
        ),
        (
            "lines",
            "{\r\n \"a\" :\n\t\"x.png\"\n}\n",
            ("x.png", "", "x.png"),
        ),
    ];
    for (name, text, expected) in rows {
        let found = found(text, &["/a"]);
        assert_eq!(seen(text, &found), [*expected], "{name}");
        assert_eq!(
            (&found.faults[..], found.references[0].kind),
            (&[][..], Kind::Load),
            "{name}"
        );
    }
}

#[test]
fn a_manifest_has_icons_and_screenshots_but_no_start_url() {
    let text = r#"{"start_url":"/?x","scope":"/","id":"app","share_target":{"action":"/share"},
        "icons":[{"src":"i/192.png","sizes":"192x192"},{"src":"i\/512.png"}],"screenshots":[{"src":"s.png"}],
        "shortcuts":[{"url":"/new","icons":[{"src":"n.png"}]}],"related":{"logo":"l.png"}}"#;
    let src = |found: Found| {
        found
            .references
            .into_iter()
            .map(|r| r.url)
            .collect::<Vec<_>>()
    };
    let extra = Extra {
        pointers: pointers(&["/related/logo"]),
        ..Extra::default()
    };
    assert_eq!(
        src(web_manifest(text, &Extra::default())),
        ["i/192.png", "i/512.png", "s.png", "n.png"]
    );
    assert_eq!(
        src(web_manifest(text, &extra)),
        ["i/192.png", "i/512.png", "s.png", "n.png", "l.png"]
    );
}

#[test]
fn a_source_map_has_sources() {
    let rows: &[(&str, &str, &[&str])] = &[
        (
            "plain",
            r#"{"version":3,"sources":["a.ts","../b.ts",null],"mappings":"AAAA"}"#,
            &["a.ts", "../b.ts"],
        ),
        (
            "an empty root",
            r#"{"sourceRoot":"","sources":["a.ts"]}"#,
            &["a.ts"],
        ),
        (
            "no root",
            r#"{"sourceRoot":null,"sources":["a.ts"]}"#,
            &["a.ts"],
        ),
        (
            "a root before",
            r#"{"sourceRoot":"src/","sources":["a.ts"]}"#,
            &[],
        ),
        (
            "a root behind",
            r#"{"sources":["a.ts"],"sourceRoot":"src/"}"#,
            &[],
        ),
        (
            "sections",
            r#"{"sections":[{"map":{"sources":["a"]}},{"map":{"sources":["b"]}}]}"#,
            &["a", "b"],
        ),
        (
            "a root in a section",
            r#"{"sections":[{"map":{"sources":["a"],"sourceRoot":"r"}}]}"#,
            &[],
        ),
        ("a guard line", ")]}'\n{\"sources\":[\"a.ts\"]}", &["a.ts"]),
        (
            "a guard line with more on it",
            ")]}',x\r\n{\"sources\":[\"a.ts\"]}",
            &["a.ts"],
        ),
        (
            "a mark and a guard",
            "\u{feff})]}'\n{\"sources\":[\"a.ts\"]}",
            &["a.ts"],
        ),
        (
            "a placeholder quoted",
            r#"{"sources":["a"],"sourcesContent":["x = '$$ASSETS(*.png)$$'"]}"#,
            &["a"],
        ),
    ];
    for (name, text, expected) in rows {
        let found = source_map(text);
        assert!(
            found.faults.is_empty() && found.placeholders.is_empty(),
            "{name}: {found:?}"
        );
        assert!(
            found
                .references
                .iter()
                .all(|r| r.kind == Kind::MapSource && text[r.span.clone()] == r.url),
            "{name}"
        );
        assert_eq!(
            found
                .references
                .iter()
                .map(|r| r.url.as_str())
                .collect::<Vec<_>>(),
            *expected,
            "{name}"
        );
    }
}

#[test]
fn placeholders_are_string_values_of_their_own() {
    type Row<'t> = (&'t str, &'t str, &'t [(&'t str, &'t str)]);
    let rows: &[Row] = &[
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
    for (name, text, expected) in rows {
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
        let message =
            r#"a placeholder must be a string of its own: "$$ASSETS(img/*.png)$$", "$$FOLDER$$""#
                .to_string();
        assert_eq!(found.faults, [Fault { at: 1, message }], "{part}");
        assert_eq!(
            (found.placeholders.len(), found.references.len()),
            (0, 1),
            "{part}"
        );
    }
}

#[test]
fn faults_say_where() {
    let rows: &[(&str, &str, usize, &str)] = &[
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
    for (name, text, at, reason) in rows {
        let message = format!("isn't valid JSON: {reason}");
        assert_eq!(
            found(text, &["/a"]).faults,
            [Fault { at: *at, message }],
            "{name}"
        );
    }
}

#[test]
fn what_stands_before_a_fault_is_found() {
    let found = found(r#"{"a":"x.png","b":}"#, &["/*"]);
    assert_eq!((found.references.len(), found.faults.len()), (1, 1));
}

#[test]
fn nothing_to_look_for_finds_no_fault() {
    assert_eq!(found("// no JSON at all", &[]), Found::default());
}

#[test]
fn a_pointer_without_a_slash_is_a_fault() {
    let found = found(r#"{"a":"x"}"#, &["a", "/a"]);
    let message = "`a` isn't a JSON pointer: it must begin with `/`".to_string();
    assert_eq!(
        (found.faults, found.references.len()),
        (vec![Fault { at: 0, message }], 1)
    );
}

#[test]
fn what_is_nested_too_deep_is_a_fault_where_it_is_read_and_fine_where_it_is_skipped() {
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

/// Replaces each reference's path.
fn rewritten(text: &str, found: &Found, path: &str) -> String {
    let mut out = text.to_string();
    for reference in found.references.iter().rev() {
        out.replace_range(reference.span.clone(), &format!("{path}{}", reference.tail));
    }
    out
}

/// The document with every string a pointer leads to handed to `change`.
fn change(value: &mut Value, pointer: &[&str], with: &mut dyn FnMut(&mut String)) {
    match (value, pointer) {
        (Value::String(string), []) => with(string),
        (Value::Object(map), [part, rest @ ..]) => {
            map.iter_mut()
                .filter(|(key, _)| *part == "*" || key == part)
                .for_each(|(_, v)| change(v, rest, with));
        }
        (Value::Array(array), [part, rest @ ..]) => {
            let is_index = |i: usize| *part == "*" || i.to_string() == *part;
            array
                .iter_mut()
                .enumerate()
                .filter(|(i, _)| is_index(*i))
                .for_each(|(_, v)| change(v, rest, with));
        }
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let string = prop_oneof![
        "[a-c/]{1,4}(\\?[a-c=&]{0,3})?(#[a-c]{0,2})?",
        "[ -~é\"\\\\\n]{1,6}"
    ];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i32>().prop_map(|n| json!(n)),
        string.prop_map(|s| json!(s))
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| json!(values)),
            prop::collection::btree_map("[a0\"\\\\]", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    (any_value(), any::<bool>(), any::<bool>()).prop_map(
        |(value, is_pretty, has_escaped_slashes)| {
            let text = if is_pretty {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            };
            let text = text.expect("values are JSON");
            if has_escaped_slashes {
                text.replace('/', "\\/")
            } else {
                text
            }
        },
    )
}

proptest! {
    #[test]
    fn a_new_path_is_found_again_and_nothing_else_changes(text in any_text(), pointer in "(/[a0*]){0,4}") {
        let parts: Vec<&str> = pointer.split('/').skip(1).collect();
        let first = found(&text, &[&pointer]);
        let changed = rewritten(&text, &first, "x/new-1.png");
        let second = found(&changed, &[&pointer]);
        prop_assert_eq!(&first.faults, &[]);
        prop_assert_eq!(second.references.len(), first.references.len());
        let mut expected: Value = serde_json::from_str(&text).expect("was made as JSON");
        let mut urls = second.references.iter().map(|reference| reference.url.clone());
        change(&mut expected, &parts, &mut |string| {
            if !string.is_empty() {
                *string = urls.next().expect("every string is found");
            }
        });
        prop_assert_eq!(urls.next(), None);
        prop_assert_eq!(serde_json::from_str::<Value>(&changed).expect("is still JSON"), expected);
        for (old, new) in first.references.iter().zip(&second.references) {
            let tail = &old.url[old.url.find(['?', '#']).unwrap_or(old.url.len())..];
            let safe_tail = if old.tail.is_empty() { tail } else { &old.tail };
            prop_assert_eq!(&new.url, &format!("x/new-1.png{safe_tail}"));
        }
        prop_assert_eq!(rewritten(&changed, &second, ""), rewritten(&text, &first, ""));
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]{}:,\"\\\\u0-9a-f$A-Z() \né]{0,40}", pointer in "[/a0*~]{0,6}") {
        for text in [text.clone(), format!("{text}$$ASSETS(a)$$"), format!("[\"$$ASSETS(a)$$\",{text}")] {
            found(&text, &[&pointer]);
            source_map(&text);
        }
    }

    #[test]
    fn json_cut_anywhere_does_not_panic(text in any_text(), cut in 0usize..200) {
        let text = &text[..text.floor_char_boundary(cut)];
        for reference in found(text, &["/*", "/*/*", ""]).references {
            prop_assert!(text.get(reference.span).is_some());
        }
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
