//! Tests: URLs in import maps.

use super::*;

/// Returns what is reported for an import map: the URL and the bytes it stands in.
fn found(text: &str) -> Vec<(String, &str)> {
    find(text)
        .references
        .into_iter()
        .map(|r| (r.url, &text[r.span]))
        .collect()
}

fn as_written(url: &str) -> (String, &str) {
    (url.to_string(), url)
}

/// The addresses in an import map are references, and the specifiers are not.
#[test]
fn import_addresses_are_references() {
    let text =
        r#" { "imports": { "a": "./a.js", "b/" : "./b/", "./c.js": null, "d": "", "e": 5 } }"#;
    assert_eq!(found(text), [as_written("./a.js"), as_written("./b/")]);
}

/// Scopes of an import map are references, and so are their addresses.
#[test]
fn scopes_are_references() {
    let text = r#"{"scopes": {"./x/": {"a": "./x/a.js"}, "bare/": {"b": "../b.js"}, "/y/": {}}, "integrity": {"./a.js": "sha384-x"}}"#;
    let expected = ["./x/", "./x/a.js", "../b.js", "/y/", "./a.js"].map(as_written);
    assert_eq!(found(text), expected);
}

/// Digests in an import map belong to the module at their address.
#[test]
fn integrity_belongs_to_module_address() {
    let sum = digest::base64(digest::Sums::of(b"1").by(digest::Algorithm::Sha256));
    let escaped = sum.replace('/', "\\/");
    assert_ne!(sum, escaped, "it has a slash");
    let by_number = sum.replace('/', "\\u002F").replace('+', "\\u002b");
    for written in [&sum, &escaped, &by_number] {
        let text = format!(
            r#"{{"integrity": {{"./a.js": "sha256-{written} sha256-{written}", "./b.js": 7}}}}"#
        );
        let found = find(&text);
        let at = text.find("./a.js").expect("there");
        let digests = found.digests.iter();
        let seen = digests.map(|digest| (digest.of.clone(), &text[digest.span.clone()]));
        let one = || (Digested::File(at), written.as_str());
        assert_eq!(seen.collect::<Vec<_>>(), [one(), one()]);
    }
}

/// A query stays in place unless escapes hide where it begins.
#[test]
fn query_is_kept_unless_escaped() {
    assert_eq!(
        found(r#"{"imports": {"a": "./a.js?v#w"}}"#),
        [("./a.js?v#w".to_string(), "./a.js")]
    );
    let text = r#"{"imports": {"a": ".\/a.js?v&w"}}"#;
    assert_eq!(found(text), [("./a.js?v&w".to_string(), r".\/a.js")]);
    assert_eq!(find(text).references[0].tail, "");
    let text = r#"{"imports": {"a": ".\/\u00e9.js\u003Fv"}}"#;
    assert_eq!(
        found(text),
        [("./é.js?v".to_string(), r".\/\u00e9.js\u003Fv")]
    );
    assert_eq!(find(text).references[0].tail, "?v");
}

/// Text that is not an import map is a fault.
#[test]
fn invalid_import_map_is_a_fault() {
    for text in [
        "",
        "[]",
        "{",
        r#"{"imports": []}"#,
        r#"{"scopes": {"./": 1}}"#,
    ] {
        assert_eq!(find(text).faults.len(), 1, "{text}");
    }
    assert_eq!(
        find(r#"{"imports": {"a": "\ud800"}}"#),
        Found::default(),
        "a lone surrogate is no URL"
    );
}
