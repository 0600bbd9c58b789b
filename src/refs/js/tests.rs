//! Tests: URLs in scripts.

mod nesting;
mod references;
mod source_maps;
mod strings;

use proptest::prelude::*;

use super::*;
use crate::refs::{Base, Kind, Place, StandsFor};

/// `(text between the quotes that is replaced, whole URL, kind, base)`
fn references(text: &str) -> Vec<(String, String, Kind, Base)> {
    let found = find(text, Goal::Guess);
    assert_eq!(found.faults, [], "{text}");
    let row = |r: crate::refs::Reference| (text[r.span].to_string(), r.url, r.kind, r.base);
    found.references.into_iter().map(row).collect()
}

fn one(text: &str, span: &str, url: &str, kind: Kind, base: Base) {
    assert_eq!(
        references(text),
        [(span.to_string(), url.to_string(), kind, base)],
        "{text}"
    );
}

/// Text that is not JavaScript is one fault at its place.
#[test]
fn invalid_javascript_is_one_fault() {
    for (text, at) in [
        ("let = = 1", 6),
        ("x = 1;\nfoo(", 11),
        ("import x from './a.js'; }", 24),
    ] {
        let found = find(text, Goal::Guess);
        assert_eq!(found.faults.len(), 1, "{text}");
        assert!(
            found.faults[0]
                .message
                .starts_with("isn't valid JavaScript: "),
            "{:?}",
            found.faults
        );
        assert_eq!(
            (found.faults[0].at, found.references),
            (at, vec![]),
            "{text}"
        );
    }
    assert_eq!(find("", Goal::Guess), Found::default());
}

/// Puts another path into every reference.
fn rewritten(text: &str, found: &Found, path: &str) -> String {
    let mut result = String::new();
    let mut end = 0;
    for reference in &found.references {
        result.extend([&text[end..reference.span.start], path, &reference.tail]);
        end = reference.span.end;
    }
    result + &text[end..]
}

fn renamed(found: &Found, path: &str) -> Vec<(String, Kind, Base)> {
    let query = |url: &str| {
        url.find(['?', '#'])
            .map_or(String::new(), |at| url[at..].to_string())
    };
    found
        .references
        .iter()
        .map(|r| (format!("{path}{}", query(&r.url)), r.kind, r.base))
        .collect()
}

const FRAGMENTS: &[&str] = &[
    "import '",
    "';\n",
    "import(\"",
    "\");",
    "new Worker(`",
    "`);",
    "a.png",
    "?v=1",
    "#x",
    "\\x61",
    "\\n",
    "\u{e4}",
    " ",
    "\n",
    "/*",
    "*/",
    "//# sourceMappingURL=",
    "${",
    "}",
    "{",
    "(",
    ")",
    "/",
    "x",
    "+",
    "'",
    "\"",
    "`",
    "<!--",
    "\u{2028}",
    "\u{feff}",
    "new URL('",
    "', import.meta.url);",
    "$$ASSETS(",
    ")$$",
    "if(a)",
    "else ",
    "<b>",
    "</b>",
    "=>",
    "1",
    "await ",
    "\\\r\n",
    "\\",
];

fn fragment() -> impl Strategy<Value = String> {
    prop::sample::select(FRAGMENTS).prop_map(str::to_string)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::base::cases(3000), failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text is parsed without a panic, and spans are exact.
    #[test]
    fn any_script_parses_with_exact_spans(parts in prop::collection::vec(fragment(), 0..20)) {
        let text = parts.concat();
        for goal in [Goal::Script, Goal::Module, Goal::Guess] {
            let found = find(&text, goal);
            for reference in &found.references {
                let written = &text[reference.span.clone()];
                let is_written = reference.url.starts_with(written) || written.len() != reference.url.len();
                prop_assert!(is_written, "{reference:?}");
            }
        }
    }

    /// Rewritten references are found again when the script is parsed.
    #[test]
    fn rewritten_references_are_found_again(
        urls in prop::collection::vec(r"[a-zé./ ]{1,6}(\\x61|\\n|\\u\{62\})?([?#][a-z&=% ]{0,4}(\\')?)?", 1..6),
        forms in prop::collection::vec(0usize..7, 6),
    ) {
        let form = |(url, form): (&String, &usize)| match form {
            0 => format!("import '{url}';\n"),
            1 => format!("export * from\"{url}\"\n"),
            2 => format!("x = import(`{url}`);"),
            3 => format!("new Worker('{url}')\r\n;"),
            4 => format!("new URL(\"{url}\", import.meta.url);"),
            5 => format!("importScripts('{url}', x, \"{url}\");"),
            _ => format!("f('{url}'); // {url}\n//# sourceMappingURL={url}\n"),
        };
        let text: String = urls.iter().zip(&forms).map(form).collect();
        let found = find(&text, Goal::Module);
        prop_assert_eq!(&found.faults, &vec![]);
        let path = "x/new-1.png";
        let again = find(&rewritten(&text, &found, path), Goal::Module);
        let readable = |url: String| url.replace("%20", " ").replace("%27", "'").replace("%0A", "\n").replace('&', "%26");
        let escaped = |rows: Vec<(String, Kind, Base)>| {
            rows.into_iter().map(|(url, kind, base)| (readable(url), kind, base)).collect::<Vec<_>>()
        };
        let got = again.references.iter().map(|r| (r.url.clone(), r.kind, r.base)).collect::<Vec<_>>();
        prop_assert_eq!(escaped(got), escaped(renamed(&found, path)));
    }
}

/// A script that makes the parser panic is a fault.
#[test]
fn parser_panic_is_a_fault() {
    // An assertion of oxc_parser 0.146 in builds without optimization, found by fuzzing.
    let text = "export const a = /*@__PURE__*/ f(({ o }, s = /*@__PURE__*/ /d/x,";
    assert_eq!(find(text, Goal::Guess).faults.len(), 1);
}
