//! Tests: placeholders, and strings that look like paths or make some.

use super::*;

/// A placeholder is a whole string in an expression.
#[test]
fn placeholder_is_a_whole_string() {
    let found = find(
        "f({ a: '$$ASSETS(img/*.png)$$' }, `$$ASSETS()$$`, '$$FOLDER$$' + 'a')",
        Goal::Script,
    );
    let files = |glob: &str| StandsFor::Files(glob.to_string());
    let placeholders: Vec<_> = found
        .placeholders
        .iter()
        .map(|p| (p.span.clone(), p.stands_for.clone()))
        .collect();
    let expected = [
        (7..30, files("img/*.png")),
        (34..48, files("")),
        (50..62, StandsFor::Folder),
    ];
    assert_eq!(placeholders, expected);
    assert_eq!((found.faults, found.references), (vec![], vec![]));
}

/// Scripts, and the place of the fault in each.
const MISPLACED_AT: [(&str, usize); 10] = [
    ("x = 'see $$ASSETS(a)$$'", 4),
    ("x = '$$ASSETS(a)$$$$ASSETS(b)$$'", 4),
    ("x = `$$ASSETS(a)$$${b}`", 5),
    ("x = a`$$ASSETS(a)$$`", 6),
    ("x = 'a $$ASSETS(a)$$' + b", 4),
    ("import '$$ASSETS(a)$$'", 7),
    ("x = { '$$ASSETS(a)$$': 1 }", 6),
    ("'$$ASSETS(a)$$'", 0),
    ("x = '$$FOLDER$$img/1.png'", 4),
    ("x = `$$FOLDER$$${n}.png`", 5),
];

/// A placeholder anywhere else is a fault, except in a comment.
#[test]
fn misplaced_placeholder_is_a_fault() {
    for (text, at) in MISPLACED_AT {
        let found = find(text, Goal::Guess);
        let faults: Vec<usize> = found.faults.iter().map(|fault| fault.at).collect();
        assert_eq!(faults, [at], "{text}");
        assert_eq!(
            (found.placeholders, found.references),
            (vec![], vec![]),
            "{text}"
        );
    }
    assert_eq!(find("// '$$ASSETS(a)$$'", Goal::Guess), Found::default());
}

const MAKINGS: [&str; 9] = [
    "dir + '/' + n + '.png'",
    "`img/${n}.png`",
    "'img/' + n + '.PNG?v=1'",
    "a + ('b' + (c + `${d}.mp3`))",
    "import(a + b)",
    "new URL(a + b, import.meta.url)",
    "new Worker(`${base}/worker`)",
    "dir + '/a.json' + query",
    "dir + '/a.json' + '?x=' + query",
];

/// An expression that builds a path is reported once.
#[test]
fn built_path_is_reported_once() {
    for text in MAKINGS {
        let expression = text
            .find('(')
            .filter(|_| text.contains("import") || text.starts_with("new"));
        let at = expression.map_or(0, |paren| paren + 1);
        let found = find(text, Goal::Guess);
        assert_eq!(
            found.built.iter().map(|built| built.at).collect::<Vec<_>>(),
            [at],
            "{text}"
        );
        let mut mentions = find(text, Goal::Guess).mentions.into_iter();
        assert!(
            mentions.all(|mention| matches!(mention.place, Place::Beginning | Place::Name)),
            "{text}"
        );
    }
}

/// A long expression that builds a path is truncated in the report.
#[test]
fn long_built_path_is_truncated() {
    let long = find(
        &format!("x = a{} + '.png'", " + \u{e4}".repeat(100)),
        Goal::Guess,
    );
    assert_eq!(
        (long.built[0].at, long.built[0].text.chars().count()),
        (4, 60)
    );
}

/// A path built from the module's own URL is looked up relative to the script.
#[test]
fn own_address_decides_base_of_path() {
    let rows = [
        ("import(name + '.js')", "*.js"),
        ("import(`./x/${name}`)", "./x/"),
        ("new URL('./x/' + name, import.meta.url)", "./x/"),
        ("new URL(`./x/a-${name}.png`, import.meta.url)", "./x/"),
    ];
    for (text, path) in rows {
        let found = find(text, Goal::Guess);
        assert_eq!(found.built, [], "{text}");
        let mention = found.mentions.first().expect(text);
        assert_eq!(
            (mention.text.as_str(), mention.base),
            (path, Base::Document)
        );
    }
    for text in ["f(name + '.js')", "new URL('./x/' + name, base)"] {
        let found = find(text, Goal::Guess);
        let mut mentions = found.mentions.iter();
        assert!(mentions.all(|mention| mention.base == Base::Page), "{text}");
    }
}

/// A name in an inner scope hides a constant of that name outside, as minifiers use them.
#[test]
fn inner_names_hide_outer_constants() {
    let hidden = [
        "let e = 'zz'; ['one'].map(e => f('/data/' + e + '.json'))",
        "var e = '/a.png'; for (let e of list) f('/data/' + e + '.json')",
        "const e = 'a'; function g(e) { f(`/data/${e}.json`) }",
        "const e = 'a'; try { g() } catch (e) { f(`/data/${e}.json`) }",
        "const e = 'a'; { let e = g(); f(`/data/${e}.json`) }",
        "const e = 'a'; (function () { var e; f(`/data/${e}.json`) })()",
        "const e = { a: 'x' }; g(({ e }) => f(`/data/${e.a}.json`))",
        "g(() => { const e = 'a' }); f(`/data/${e}.json`)",
    ];
    for text in hidden {
        assert_eq!(find(text, Goal::Guess).built.len(), 1, "{text}");
    }
    let seen = [
        "const e = 'a'; g(e => e); f(`/data/${e}.json`)",
        "const e = 'a'; g(() => f(`/data/${e}.json`))",
        "if (x) { var e = 'a' } f(`/data/${e}.json`)",
        "const p = { e: 'a' }; g(() => { f(`/data/${p.e}.json`) })",
        "const e = 'b'; { const e = 'a'; f(`/data/${e}.json`) }",
    ];
    for text in seen {
        let found = find(text, Goal::Guess);
        assert_eq!(found.built, [], "{text}");
        let mut mentions = found.mentions.iter();
        assert!(mentions.any(|found| found.text == "/data/a.json"), "{text}");
    }
}

#[test]
fn other_sums_are_no_paths() {
    let rows = [
        "'.' + x",
        "'file.js:' + line",
        "'file.js' + ':' + line",
        "'cannot load ' + name + '.js'",
        "x + '.length'",
        "'https://x.org/' + name + '.js'",
        "`//x.org/${name}.js`",
        "'data:' + x + '.png'",
        "'<img src=' + x + '.png'",
        "a + b",
        "a - '.png'",
        "import(`${a}`)",
        "import(a)",
        "new Worker(new URL(a, import.meta.url))",
        "pictures[`img/${n}.png`]",
    ];
    for text in rows {
        assert_eq!(find(text, Goal::Guess).built, [], "{text}");
    }
}

/// Strings that look like paths, and where they begin.
fn mentions(text: &str) -> Vec<(usize, String)> {
    let mentions = find(text, Goal::Guess).mentions.into_iter();
    mentions.map(|mention| (mention.at, mention.text)).collect()
}

#[test]
fn strings_like_paths_are_mentioned() {
    let rows = [
        "img/a.png",
        "./data.json",
        "../x/y.svg?v=1#a",
        "/static/a.png",
        "a.wasm",
        "\u{e4}.mp3",
    ];
    for path in rows {
        assert_eq!(
            mentions(&format!("f({{ a: [1, '{path}'] }})")),
            [(11, path.to_string())]
        );
        assert_eq!(mentions(&format!("f(`{path}`)")), [(2, path.to_string())]);
    }
    assert_eq!(mentions("x = { 'a.png': 1 }"), [(6, "a.png".to_string())]);
    let joined = "const b = 'img'; f(b + '/a' + `.png`)";
    assert_eq!(mentions(joined), [(19, "img/a.png".to_string())]);
}

#[test]
fn strings_unlike_paths_are_not_mentioned() {
    let long = format!("{}.png", "a".repeat(200));
    let rows = [
        "a b.png",
        "https://x.org/a.png",
        "//x.org/a.png",
        ".png",
        "img/.png",
        "*.png",
        "a.foo",
        "png",
        "",
        &long,
    ];
    for text in rows {
        assert_eq!(mentions(&format!("f('{text}')")), [], "{text}");
    }
}

#[test]
fn references_and_pieces_are_not_mentioned() {
    assert_eq!(
        mentions("require('./a.js'); x.require('./b.js')"),
        [(29, "./b.js".to_string())]
    );
    assert_eq!(
        mentions("'a.png'; import 'a.png'; `a.png${x}`; a`a.png`; /a.png/"),
        []
    );
}
