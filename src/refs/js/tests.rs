//! Tests: URLs in scripts.

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

#[test]
fn imports_are_found_wherever_they_stand() {
    let rows = [
        r#"import x from "./a.js""#,
        r#"import "./a.js";"#,
        r#"import * as x from './a.js'"#,
        r#"import x, { y as z } from './a.js' with { type: "json" }"#,
        r#"import defer * as x from "./a.js""#,
        r#"import source x from "./a.js""#,
        r#"export * from "./a.js""#,
        r#"export * as x from "./a.js" with {}"#,
        r#"export { x } from "./a.js""#,
        r#"import("./a.js")"#,
        r#"import(`./a.js`)"#,
        r#"import(("./a.js"), { with: { type: "json" } })"#,
        r#"import(/* webpackChunkName: "./b.js" */ "./a.js" /* x */)"#,
        r#"import.defer("./a.js")"#,
        r#"(await import("./a.js"))?.default.run`x`"#,
        r#"import.meta.resolve("./a.js")"#,
        "#!/usr/bin/env node\r\nimport './a.js'",
        "\u{feff}import './a.js'",
        "// \u{e4}\u{1f600}\u{2028}import './a.js'",
        "return import('./a.js')",
        "with (a) { 010; await = 1; import('./a.js') }",
        "function f() { return <b title=\"it's\">{import('./a.js')}'</b> }",
        "<!-- import './b.js'\nimport('./a.js')\n--> '",
    ];
    for text in rows {
        one(text, "./a.js", "./a.js", Kind::Import, Base::Document);
    }
}

#[test]
fn queries_stay_and_escapes_are_read() {
    one(
        "import 'three'",
        "three",
        "three",
        Kind::Import,
        Base::Document,
    );
    one(
        "import './a.js?v=1#x'",
        "./a.js",
        "./a.js?v=1#x",
        Kind::Import,
        Base::Document,
    );
    one(
        r"import './\x61.js?v=1'",
        r"./\x61.js?v=1",
        "./a.js?v=1",
        Kind::Import,
        Base::Document,
    );
    one(
        "import './a\\\n.js'",
        "./a\\\n.js",
        "./a.js",
        Kind::Import,
        Base::Document,
    );
    one(
        "import(`./a\\u{62}.js`)",
        "./a\\u{62}.js",
        "./ab.js",
        Kind::Import,
        Base::Document,
    );
    assert_eq!(
        find(r"import './\x61.js?v=1#\x62'", Goal::Module).references[0].tail,
        "?v=1#b"
    );
}

#[test]
fn loads_are_found() {
    let rows = [
        (r#"new URL("a.png", import.meta.url).href"#, Base::Document),
        (
            r#"new Worker(new URL('a.png', import.meta.url), { type: "module" })"#,
            Base::Document,
        ),
        ("new URL(`a.png`, (import.meta).url)", Base::Document),
        ("importScripts('a.png')", Base::Document),
        ("self.importScripts('a.png')", Base::Document),
        ("new Worker('a.png')", Base::Page),
        ("new (Worker)(('a.png'))", Base::Page),
        ("new SharedWorker('a.png', 'name')", Base::Page),
        (
            "context.audioWorklet.addModule('a.png').then(f)",
            Base::Page,
        ),
        ("CSS.paintWorklet?.addModule('a.png')", Base::Page),
        ("(CSS?.paintWorklet).addModule('a.png')", Base::Page),
        ("worklet.addModule('a.png')", Base::Page),
        (
            "navigator.serviceWorker.register('a.png', { scope: '/' })",
            Base::Page,
        ),
        ("navigator?.['serviceWorker'].register('a.png')", Base::Page),
    ];
    for (text, base) in rows {
        one(text, "a.png", "a.png", Kind::Load, base);
        assert_eq!(find(text, Goal::Guess).mentions, [], "{text}");
    }
    assert_eq!(references("importScripts('a.js', 'b.js', c)").len(), 2);
}

#[test]
fn other_strings_are_no_references() {
    let rows = [
        r#"let x = "import './a.js'""#,
        "// import './a.js'\n/* import('./a.js') */",
        "`import('./a.js')${x}`",
        "/import('.\\/a.js')/",
        "new URL('a.png', base)",
        "new URL('a.png')",
        "new x.Worker('a.png')",
        "Worker('a.png')",
        "module.addModule('a.png')",
        "x.resolve('./a.js')",
        "x.importScripts('a.js')",
        "form.register('a.js')",
        "import(a)",
        "import('')",
        "import('\\ud800.js')",
        "x = { 'importScripts': 'a.js' }",
    ];
    for text in rows {
        assert_eq!(references(text), [], "{text}");
    }
}

#[test]
fn only_syntax_of_modules_makes_a_module() {
    let rows = [
        ("import 'x'", true),
        ("export {}", true),
        ("import.meta", true),
        ("import('x')", false),
        ("x", false),
    ];
    for (text, is_module) in rows {
        assert_eq!(find(text, Goal::Guess).is_module, is_module, "{text}");
    }
}

#[test]
fn a_placeholder_is_a_whole_string_in_an_expression() {
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

#[test]
fn a_placeholder_anywhere_else_is_a_fault() {
    let rows = [
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
    for (text, at) in rows {
        let found = find(text, Goal::Guess);
        assert_eq!(
            found
                .faults
                .iter()
                .map(|fault| fault.at)
                .collect::<Vec<_>>(),
            [at],
            "{text}"
        );
        assert_eq!(
            (found.placeholders, found.references),
            (vec![], vec![]),
            "{text}"
        );
    }
    assert_eq!(find("// '$$ASSETS(a)$$'", Goal::Guess), Found::default());
}

#[test]
fn what_makes_a_path_is_reported_once() {
    let rows = [
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
    for text in rows {
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
    let long = find(
        &format!("x = a{} + '.png'", " + \u{e4}".repeat(100)),
        Goal::Guess,
    );
    assert_eq!(
        (long.built[0].at, long.built[0].text.chars().count()),
        (4, 60)
    );
}

#[test]
fn what_is_built_from_the_own_address_is_looked_for_there() {
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

#[test]
fn strings_like_paths_are_mentioned() {
    let mentions = |text: &str| {
        find(text, Goal::Guess)
            .mentions
            .into_iter()
            .map(|m| (m.at, m.text))
            .collect::<Vec<_>>()
    };
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
    assert_eq!(
        mentions("require('./a.js'); x.require('./b.js')"),
        [(29, "./b.js".to_string())]
    );
    assert_eq!(
        mentions("'a.png'; import 'a.png'; `a.png${x}`; a`a.png`; /a.png/"),
        []
    );
}

#[test]
fn the_last_source_map_comment_counts() {
    // (text, comment, URL path)
    let rows = [
        (
            "x\n//# sourceMappingURL=a.js.map",
            "//# sourceMappingURL=a.js.map",
            "a.js.map",
        ),
        (
            "x\r\n//@ sourceMappingURL=a.map?x \r\n",
            "//@ sourceMappingURL=a.map?x ",
            "a.map",
        ),
        (
            "x/*# sourceMappingURL=\u{e4}.map */",
            "/*# sourceMappingURL=\u{e4}.map */",
            "\u{e4}.map",
        ),
        (
            "//# sourceMappingURL=a\n//# sourceMappingURL=b\n// c",
            "//# sourceMappingURL=b",
            "b",
        ),
        (
            "\u{feff}//#\tsourceMappingURL=a b",
            "//#\tsourceMappingURL=a b",
            "a",
        ),
    ];
    for (text, comment, path) in rows {
        let found = find(text, Goal::Guess);
        let source_map = found.source_maps.last().cloned().expect(text);
        assert_eq!(
            (&text[source_map.comment], source_map.is_inline),
            (comment, false)
        );
        assert_eq!(
            found
                .references
                .iter()
                .map(|r| (&text[r.span.clone()], r.kind))
                .collect::<Vec<_>>(),
            [(path, Kind::SourceMap)]
        );
    }
    let inline = find("//# sourceMappingURL=data:application/json,{}", Goal::Guess);
    assert_eq!(
        (
            inline.source_maps.last().cloned().map(|map| map.is_inline),
            inline.references
        ),
        (Some(true), vec![])
    );
    let rows = [
        "'//# sourceMappingURL=a'",
        "`\n//# sourceMappingURL=a`",
        "// sourceMappingURL=a",
        "//# sourceMappingURL=",
        "/*#*/",
    ];
    for text in rows {
        assert_eq!(find(text, Goal::Guess).source_maps, [], "{text}");
    }
}

#[test]
fn what_is_not_javascript_is_one_fault() {
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

#[test]
fn nesting_never_overflows_the_stack() {
    // (opening, middle, closing)
    let rows = [
        ("(", "1", ")"),
        ("(", "a", ")"),
        ("[", "", "]"),
        ("([", "a", "])"),
        ("({a:", "b", "})"),
        ("!", "a", ""),
        ("- ", "a", ""),
        ("a+", "a", ""),
        ("a.", "a", ""),
        ("", "a", "()"),
        ("", "a", "[0]"),
        ("", "a", "?.b"),
        ("", "a", "``"),
        ("a||", "a", ""),
        ("if(a);else ", ";", ""),
        ("if(a){}else ", ";", ""),
        ("if(a)", ";", ""),
        ("a=>", "a", ""),
        ("(a)=>", "a", ""),
        ("(a=", "b", ")=>1"),
        ("`${", "a", "}`"),
        ("a`${", "a", "}`"),
        ("a?", "b", ":c"),
        ("a?b:", "c", ""),
        ("a=", "b", ""),
        ("a**", "b", ""),
        ("{", "", "}"),
        ("a:", ";", ""),
        ("do ", ";", "while(1)"),
        ("for(;;)", ";", ""),
        ("function f(){", "", "}"),
        ("(function(){", "", "})()"),
        ("({a(){", "", "}})"),
        ("({get a(){", "", "}})"),
        ("({[", "a", "]:1})"),
        ("(class{static{", "", "}})"),
        ("(class extends ", "B", "{})"),
        ("new ", "a", ""),
        ("typeof ", "a", ""),
        ("a as keyof ", "b", ""),
        ("a as A<x,", "b", ">"),
        ("try{", "", "}catch(e){}"),
        ("switch(a){case 0:", "", "}"),
        ("var [a=", "1", "]=1;"),
        ("[", "a", "]=1"),
        ("@(", "a", ") class A{}"),
        ("import(", "a", ")"),
        ("<a>", "x", "</a>"),
        ("<a b={", "x", "}/>"),
        ("a||b&&c|d^e&f==g<h<<i+j*k**(", "a", ")"),
        ("/*@__PURE__*/a.", "a", ""),
        ("a/**/=", "b", ""),
        ("3in[", "", "]"),
        ("a\n/", "a", ""),
        ("}", "", ""),
        ("`", "", ""),
        ("'", "", ""),
        ("({a", "b", "})"),
    ];
    for (open, middle, close) in rows {
        for levels in [2_000 / open.len().max(1), 20_000, 100_000] {
            let text = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
            let faults = find(&text, Goal::Guess).faults;
            assert!(faults.len() <= 1, "{open}{middle}{close} {faults:?}");
        }
    }
}

#[test]
fn visiting_makes_its_own_stack() {
    let rows = [
        ("[", "a", "]"),
        ("{", "", "}"),
        ("if(a);else ", ";", ""),
        ("a=>", "a", ""),
        ("<a>", "x", "</a>"),
        ("<a b=", "''", "/>"),
        ("let [", "a", "]=1"),
        ("[", "a", "]=1"),
    ];
    for (open, middle, close) in rows {
        let text = match close {
            "]=1" => format!(
                "{}a{}=1",
                open.replace('[', &"[".repeat(20_000)),
                "]".repeat(20_000)
            ),
            _ => format!("{}{middle}{}", open.repeat(20_000), close.repeat(20_000)),
        };
        let allocator = Allocator::default();
        let parser = Parser::new(&allocator, &text, SourceType::unambiguous().with_jsx(true));
        let parsed = stacker::grow(256 << 20, || parser.parse());
        assert!(!parsed.panicked, "{open}");
        stacker::grow(512 << 10, || {
            Visitor::new(&text).visit_program(&parsed.program)
        });
    }
}

#[test]
fn long_chains_are_read_to_their_end() {
    let chains = [
        format!("x = a{} + import('./a.js')", "+a".repeat(50_000)),
        format!("import('./a.js'){}", "+a".repeat(50_000)),
        format!("import('./a.js'){}", ".a()[0]".repeat(50_000)),
        format!("{} import('./a.js')", "if(a)b();else ".repeat(10_000)),
    ];
    for text in chains {
        one(&text, "./a.js", "./a.js", Kind::Import, Base::Document);
    }
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

fn fragment() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
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
    ]);
    text.prop_map(str::to_string)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived_and_spans_are_exact(parts in prop::collection::vec(fragment(), 0..20)) {
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

    #[test]
    fn references_can_be_rewritten_and_found_again(
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

#[test]
fn a_script_that_makes_the_parser_panic_is_a_fault() {
    // An assertion of oxc_parser 0.146 in builds without optimization, found by fuzzing.
    let text = "export const a = /*@__PURE__*/ f(({ o }, s = /*@__PURE__*/ /d/x,";
    assert_eq!(find(text, Goal::Guess).faults.len(), 1);
}
