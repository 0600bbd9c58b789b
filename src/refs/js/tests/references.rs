//! Tests: what a script imports and loads.

use super::*;

const IMPORTS: [&str; 23] = [
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

#[test]
fn imports_are_found_wherever_they_stand() {
    for text in IMPORTS {
        one(text, "./a.js", "./a.js", Kind::Import, Base::Document);
    }
}

#[test]
fn queries_stay_and_escapes_are_read() {
    for (text, span, url) in [
        ("import 'three'", "three", "three"),
        ("import './a.js?v=1#x'", "./a.js", "./a.js?v=1#x"),
        (r"import './\x61.js?v=1'", r"./\x61.js?v=1", "./a.js?v=1"),
        ("import './a\\\n.js'", "./a\\\n.js", "./a.js"),
        ("import(`./a\\u{62}.js`)", "./a\\u{62}.js", "./ab.js"),
    ] {
        one(text, span, url, Kind::Import, Base::Document);
    }
    assert_eq!(
        find(r"import './\x61.js?v=1#\x62'", Goal::Module).references[0].tail,
        "?v=1#b"
    );
}

const LOADS: [(&str, Base); 14] = [
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

#[test]
fn loads_are_found() {
    for (text, base) in LOADS {
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

/// Only module syntax makes a script a module.
#[test]
fn only_module_syntax_makes_a_module() {
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
