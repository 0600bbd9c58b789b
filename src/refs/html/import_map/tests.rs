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

#[test]
fn addresses_are_references_and_names_are_not() {
    let text =
        r#" { "imports": { "a": "./a.js", "b/" : "./b/", "./c.js": null, "d": "", "e": 5 } }"#;
    assert_eq!(found(text), [as_written("./a.js"), as_written("./b/")]);
}

#[test]
fn scopes_are_references_along_with_their_addresses() {
    let text = r#"{"scopes": {"./x/": {"a": "./x/a.js"}, "bare/": {"b": "../b.js"}, "/y/": {}}, "integrity": {"./a.js": "sha384-x"}}"#;
    let expected = ["./x/", "./x/a.js", "../b.js", "/y/", "./a.js"].map(as_written);
    assert_eq!(found(text), expected);
}

#[test]
fn digests_are_found_by_the_addresses_of_their_modules() {
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

#[test]
fn a_query_stays_in_place_unless_escapes_hide_where_it_begins() {
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

#[test]
fn what_is_not_an_import_map_is_a_fault() {
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
