//! Tests: strings that pointers lead to.

use super::*;

/// Names, documents, pointers and the strings that these lead to.
const POINTERS: &[(&str, &str, &[&str], &[&str])] = &[
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

#[test]
fn pointers_lead_to_strings() {
    for (name, text, at, expected) in POINTERS {
        assert_eq!(urls(text, at), *expected, "{name}");
    }
}

const SPANS: &[(&str, &str, (&str, &str, &str))] = &[
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

/// The span of a reference covers the path between the quotes.
#[test]
fn spans_cover_path_between_quotes() {
    for (name, text, expected) in SPANS {
        let found = found(text, &["/a"]);
        assert_eq!(seen(text, &found), [*expected], "{name}");
        assert_eq!(
            (&found.faults[..], found.references[0].kind),
            (&[][..], Kind::Load),
            "{name}"
        );
    }
}

/// A JSON pointer that does not begin with a slash is a fault.
#[test]
fn pointer_without_slash_is_a_fault() {
    let found = found(r#"{"a":"x"}"#, &["a", "/a"]);
    let message = "`a` isn't a JSON pointer: it must begin with `/`".to_string();
    assert_eq!(
        (found.faults, found.references.len()),
        (vec![Fault::unread(0, message)], 1)
    );
}
