//! Paths that are written in parts.

use proptest::prelude::*;

use super::*;

fn firsts() -> Firsts {
    Firsts::of(["puzzle/gears/solution/index.html", "top.html"].into_iter())
}

fn found(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    firsts().each(text.as_bytes(), true, &mut |path, _| {
        all.push(path.to_string())
    });
    all
}

/// Nested lists, keys and names in JSON or code add up to the path of a file.
#[test]
fn nested_keys_and_names_form_paths() {
    for text in [
        r#"a(["puzzle", "gears" , "solution"])"#,
        "a('', 'puzzle','gears','solution', 'index.html')",
        r#"{"puzzle": {"gears": {"solution": {"index.html": 12}}}}"#,
        r#"{"all": {"puzzle/": {"gears": ["index.html", "solution"]}}}"#,
        r#"[{"name": "puzzle", "children": [{"name": "gears", "size": 2, "children": [{"name": "solution"}]}]}]"#,
        r#"[{"type": "directory", "name": "puzzle", "contents": [{"type": "directory", "name": "gears/solution"}]}]"#,
        r#"{"puzzle": {"files": {"gears": {"\"": 1, "solution": "index.html"}}}}"#,
    ] {
        let found = found(text);
        assert!(
            found.iter().any(|path| path == "puzzle/gears/solution"),
            "{text}: {found:?}"
        );
    }
    let not = [
        r#"["puzzle", "solution"]"#,
        r#"{"puzzle": {"gears": {}}, "solution": {}}"#,
        r#"[{"name": "puzzle"}, {"name": "gears/solution"}]"#,
    ];
    for text in not {
        let found = found(text);
        assert!(
            !found.iter().any(|path| path.ends_with("solution")),
            "{text}: {found:?}"
        );
    }
}

/// Nested keys in YAML add up to the path of a file.
#[test]
fn nested_yaml_keys_form_paths() {
    let text = "site:\n  puzzle:\n    wheels: 1\n    'gears':\n      - index.html\n      # more\n      - solution:\n          - index.html\n  end: 2\n";
    let mut all = Vec::new();
    firsts().each_in_yaml(text.as_bytes(), &mut |path, at| {
        all.push((path.to_string(), at))
    });
    let at = text.find("- solution").expect("it's there") - 6;
    assert!(
        all.contains(&("puzzle/gears/solution".to_string(), at)),
        "{all:?}"
    );
    assert!(
        all.iter()
            .any(|(path, _)| path == "puzzle/gears/solution/index.html")
    );
    assert!(!all.iter().any(|(path, _)| path.contains("end")));
}

proptest! {
    /// Any text is read to its end and yields a bounded number of paths.
    #[test]
    fn any_text_yields_bounded_paths(text in r#"(["'\\\[\]{}:, \n-]|puzzle|"puzzle"|name|a/b|ü){0,40}"#) {
        let mut paths = 0;
        firsts().each(text.as_bytes(), true, &mut |_, _| paths += 1);
        firsts().each_in_yaml(text.as_bytes(), &mut |_, _| paths += 1);
        prop_assert!(paths < 10_000);
    }
}
