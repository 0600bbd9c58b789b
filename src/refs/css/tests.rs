//! Tests: URLs in styles.

use super::*;
use crate::refs::round_trip;
use proptest::prelude::*;

/// Each URL; where it's written otherwise, as `raw -> URL`; where it isn't loaded, with its kind.
fn urls(text: &str, part: Part) -> Vec<String> {
    let show = |r: &Reference| {
        let raw = &text[r.span.clone()];
        let path = &r.url[..r.url.find(['?', '#']).unwrap_or(r.url.len())];
        let kind = if r.kind == Kind::Load {
            String::new()
        } else {
            format!("{:?} ", r.kind)
        };
        if raw == path && r.tail.is_empty() {
            format!("{kind}{}", r.url)
        } else {
            format!("{kind}{raw} -> {}", r.url)
        }
    };
    find(text, part).references.iter().map(show).collect()
}

#[track_caller]
fn check(part: Part, rows: &[(&str, &str, &[&str])]) {
    for (name, text, expected) in rows {
        assert_eq!(urls(text, part), *expected, "{name}: {text:?}");
        round_trip::check(text, |text| find(text, part))
            .unwrap_or_else(|error| panic!("{name}: {text:?}: {error}"));
    }
}

#[test]
fn every_way_to_name_a_file_is_found() {
    check(
        Part::Stylesheet,
        &[
            ("a url", "a{b:url(x.png)}", &["x.png"]),
            ("a quoted url", "a{b:url(\"x.png\")}", &["x.png"]),
            (
                "blanks around",
                "a{b:url( 'x.png' ) url(\n\ty.png\t )}",
                &["x.png", "y.png"],
            ),
            ("blanks within quotes", "a{b:url(' x.png ')}", &["x.png"]),
            (
                "upper case",
                "a{b:URL(x.png) Url('y.png')}",
                &["x.png", "y.png"],
            ),
            ("src()", "a{b:src('x.png')}", &["x.png"]),
            (
                "query and fragment stay",
                "a{b:url(x.png?v=1#f)}",
                &["x.png?v=1#f"],
            ),
            (
                "an eot for Internet Explorer",
                "@font-face{src:url('x.eot?#iefix') format('eot')}",
                &["x.eot?#iefix"],
            ),
            ("an import", "@import 'x.css';", &["x.css"]),
            ("an import without a blank", "@import\"x.css\"", &["x.css"]),
            ("an import in upper case", "@IMPORT 'x.css';", &["x.css"]),
            (
                "an import with conditions",
                "@import url(x.css) layer(a) supports(a:b) screen;",
                &["x.css"],
            ),
            (
                "an import by src()",
                "@import src('x.css') layer('y');",
                &["x.css"],
            ),
            (
                "comments between tokens",
                "@import/*'a'*/ /* x */'x.css'/*'b'*/;",
                &["x.css"],
            ),
            (
                "several imports",
                "@charset \"utf-8\"; @import 'a';@layer x;@import url('b');",
                &["a", "b"],
            ),
            (
                "an image set",
                "a{b:image-set('x.png' 1x, url(y.png) 2x)}",
                &["x.png", "y.png"],
            ),
            (
                "a prefixed image set",
                "a{b:-webkit-image-set(url(x.png) 1x, 'y.png' 2x)}",
                &["x.png", "y.png"],
            ),
            (
                "an image set with types",
                "a{b:image-set('x' type('image/png'), 'y' type(\"a\") 1x)}",
                &["x", "y"],
            ),
            (
                "nested functions",
                "a{b:cross-fade(url(x), image-set(url(y) 1x, 'z' 2x))}",
                &["x", "y", "z"],
            ),
            ("image()", "a{b:image(ltr 'x.png', red)}", &["x.png"]),
            (
                "a custom property",
                "a{--b: url(x.png); --c:{d:url('y')}}",
                &["x.png", "y"],
            ),
            ("var's fallback", "a{b:var(--c, url(x.png))}", &["x.png"]),
            (
                "blocks in blocks",
                "@media a{@supports (b:c){@layer d{e{&:f{g:url(x)}}}}}",
                &["x"],
            ),
            (
                "modifiers",
                "a{b:url('x' crossorigin(anonymous) integrity('sha')) url(y)}",
                &["x", "y"],
            ),
            ("a fragment", "a{fill:url(#g)}", &["#g"]),
            (
                "another site",
                "a{b:url(https://a.org/x.png?y)}",
                &["https://a.org/x.png?y"],
            ),
            (
                "no letters of English",
                "ä{b:url(ü/ß.png)}\r\n@x '\u{1F600}';c{d:url('\u{1F600}.png')}",
                &["ü/ß.png", "\u{1F600}.png"],
            ),
            (
                "CRLF and form feeds",
                "a{\r\n\r\n\u{c}b:url(\r\nx\r\n)}\r\n\r\nc{d:url('y')}",
                &["x", "y"],
            ),
            (
                "a byte order mark",
                "\u{feff}@import 'x.css';a{b:url(y)}",
                &["x.css", "y"],
            ),
            (
                "a byte order mark before a source map",
                "\u{feff}/*# sourceMappingURL=x */",
                &["SourceMap x"],
            ),
            (
                "a declaration behind a nested condition",
                "a{@supports (b:c){d:e}f:url(x)}",
                &["x"],
            ),
            (
                "a declaration behind an odd rule",
                "a{@document b;c:url(x)}",
                &["x"],
            ),
            ("an import behind a stray bracket", "}@import 'x';", &["x"]),
            (
                "an import behind namespaces",
                "@namespace url(n);@import 'x';",
                &["x"],
            ),
        ],
    );
}

#[test]
fn strings_that_are_no_urls_are_left_alone() {
    check(
        Part::Stylesheet,
        &[
            ("content", "a::before{content:'x.png'}", &[]),
            (
                "a font's format and local name",
                "@font-face{src:local('x') , url(y) format('woff2')}",
                &["y"],
            ),
            ("attr()", "a{b:attr(data-x, 'y.png')}", &[]),
            (
                "a namespace",
                "@namespace 'x'; @namespace svg url(y); @namespace url('z');",
                &[],
            ),
            ("a charset", "@charset 'utf-8';", &[]),
            ("selectors", "a[href='x.png']:is([src=\"y\"]){}", &[]),
            (
                "the condition of @supports",
                "@supports (a:url(x)) and (b:image-set('y' 1x)){c{d:url(z)}}",
                &["z"],
            ),
            (
                "the condition of an import",
                "@import 'x' supports(a:url(y)) screen;",
                &["x"],
            ),
            (
                "an old @document",
                "@-moz-document url(x), url-prefix('y'){a{b:url(z)}}",
                &["z"],
            ),
            ("a document", "@document url(x){a{b:url(y)}}", &["y"]),
            (
                "a string behind a semicolon or block in a function",
                "a{b:src(;'x') src({}'y')}",
                &[],
            ),
            ("a layer", "@layer x.y;@layer 'x';", &[]),
            ("an import in a block", "@media a{@import 'x';}", &[]),
            ("comments", "/* url(x) @import 'y' */a{b:/*url(z)*/c}", &[]),
            (
                "a bad url",
                "a{b:url(x\"y) url(x y) url(x(y) ; c:url(z)}",
                &["z"],
            ),
            (
                "a comment is no comment in a url",
                "a{b:url(/*x*/y.png) url(/**/ z)}",
                &["/*x*/y.png"],
            ),
            ("a string with a newline", "a{b:url('x\n');c:d}", &[]),
            (
                "empty ones",
                "a{b:url() url( ) url('') url(' ')}@import '';",
                &[],
            ),
            (
                "strings behind the first one",
                "a{b:url('x' 'y')}@import 'x' 'y';",
                &["x", "x"],
            ),
        ],
    );
}

#[test]
fn escapes_are_read_and_replaced_as_a_whole() {
    check(
        Part::Stylesheet,
        &[
            (
                "a blank in a url",
                "a{b:url(a\\ b.png)}",
                &["a\\ b.png -> a b.png"],
            ),
            ("a blank at its end", "a{b:url(a\\  )}", &["a\\  -> a"]),
            ("a bracket at its end", "a{b:url( a\\) )}", &["a\\) -> a)"]),
            (
                "a hexadecimal escape",
                "@import \"\\61.png\";",
                &["\\61.png -> a.png"],
            ),
            ("with a blank behind", "a{b:url(\\61 b)}", &["\\61 b -> ab"]),
            (
                "with a line end behind",
                "@import '\\61\r\n \t';a{b:url(\\61  )}",
                &["\\61\r\n -> a", "\\61  -> a"],
            ),
            (
                "in the name",
                "a{b:u\\72l(x) u\\72 L('y') \\55rl( z )}",
                &["x", "y", "z"],
            ),
            ("in an at-rule", "@\\69mport 'x';", &["x"]),
            (
                "a newline",
                "a{b:url('a\\\nb.png')}",
                &["a\\\nb.png -> ab.png"],
            ),
            (
                "a CRLF",
                "a{b:url('a\\\r\nb.png\\\r\n')}",
                &["a\\\r\nb.png\\\r\n -> ab.png"],
            ),
            ("a quote", "a{b:url('a\\'b')}", &["a\\'b -> a'b"]),
            (
                "a backslash at the end",
                "a{b:url('a\\\\')}",
                &["a\\\\ -> a\\"],
            ),
            (
                "a query behind",
                "a{b:url(a\\ b?c\\ d#e)}",
                &["a\\ b?c\\ d#e -> a b?c d#e"],
            ),
            (
                "an escaped question mark",
                "a{b:url(a\\3f b=c)}",
                &["a\\3f b=c -> a?b=c"],
            ),
            ("NUL", "a{b:url(a\0b)}", &["a\0b -> a\u{fffd}b"]),
        ],
    );
}

#[test]
fn text_that_ends_early_is_read_as_browsers_do() {
    check(
        Part::Stylesheet,
        &[
            ("in a url", "a{b:url(x.png", &["x.png"]),
            ("in blanks of a url", "a{b:url( x.png ", &["x.png"]),
            ("in a string", "@import 'x.css", &["x.css"]),
            ("in a function", "a{b:url('x.png'", &["x.png"]),
            ("in blocks", "@media x{a{b:url(x);[(", &["x"]),
            ("in a comment", "@import 'x';/* y", &["x"]),
            ("behind an escaped quote", "@import 'x\\'", &["x\\' -> x'"]),
            ("behind an escaped bracket", "a{b:url(x\\)", &["x\\) -> x)"]),
            ("in an escape", "@import 'x\\", &["x\\ -> x"]),
            ("in a url's escape", "a{b:url(x\\", &["x\\ -> x\u{fffd}"]),
            ("behind the bracket", "a{b:url(", &[]),
            ("behind the quote", "@import '", &[]),
        ],
    );
}

#[test]
fn declarations_are_read_with_or_without_a_name() {
    check(
        Part::Declarations,
        &[
            (
                "declarations",
                "background:url(x.png);color:red;mask:url('y.svg#m')",
                &["x.png", "y.svg#m"],
            ),
            ("a value", "url(#g) red", &["#g"]),
            ("no import", "@import 'x'", &[]),
            ("no source map", "/*# sourceMappingURL=x.map */", &[]),
        ],
    );
}

#[test]
fn the_last_source_map_counts() {
    check(
        Part::Stylesheet,
        &[
            (
                "at the end",
                "a{b:url(x)}/*# sourceMappingURL=x.css.map */",
                &["x", "SourceMap x.css.map"],
            ),
            (
                "at the start",
                "/*# sourceMappingURL=x.map?v */a{b:url(y)}",
                &["SourceMap x.map?v", "y"],
            ),
            (
                "the old mark, in a block",
                "a{/*@ sourceMappingURL=x.map*/b:url(y)}",
                &["SourceMap x.map", "y"],
            ),
            (
                "two",
                "/*# sourceMappingURL=x*//*# sourceMappingURL=y*/",
                &["SourceMap y"],
            ),
            (
                "inline behind a file",
                "/*# sourceMappingURL=x*//*# sourceMappingURL=DATA:a,b*/",
                &[],
            ),
            ("an empty one", "/*# sourceMappingURL= y */", &[]),
            (
                "another comment",
                "/* # sourceMappingURL=x *//*sourceMappingURL=y*/",
                &[],
            ),
            ("in a string", "a{b:'/*# sourceMappingURL=x */'}", &[]),
        ],
    );
    let text = "\u{feff}ä{}\r\n/*# sourceMappingURL=x.map\r\n*/ b{}";
    let source_map = find(text, Part::Stylesheet)
        .source_maps
        .last()
        .cloned()
        .expect("there is one");
    assert_eq!(
        &text[source_map.comment],
        "/*# sourceMappingURL=x.map\r\n*/"
    );
    let is_inline = |text| {
        find(text, Part::Stylesheet)
            .source_maps
            .last()
            .cloned()
            .map(|map| map.is_inline)
    };
    assert_eq!(is_inline("/*# sourceMappingURL=x.map */"), Some(false));
    assert_eq!(
        is_inline("/*# sourceMappingURL=data:application/json,{} */"),
        Some(true)
    );
    assert_eq!(is_inline("/* */"), None);
}

#[test]
fn blocks_nested_too_deeply_are_skipped_and_told() {
    let nested = |depth: usize| {
        format!(
            "{}a:url(x){};b{{c:url(y)}}",
            "{".repeat(depth),
            "}".repeat(depth)
        )
    };
    assert_eq!(urls(&nested(DEPTH_MAX), Part::Stylesheet), ["x", "y"]);
    let text = nested(DEPTH_MAX + 1);
    let found = find(&text, Part::Stylesheet);
    assert_eq!(urls(&text, Part::Stylesheet), ["y"]);
    assert_eq!(
        found.faults,
        [Fault {
            at: DEPTH_MAX,
            message: "nested too deeply".to_string()
        }]
    );
}

#[test]
fn hostile_text_takes_linear_time() {
    for piece in [
        "{",
        "(",
        "[",
        "url(",
        "url( \"",
        "a(",
        "/*",
        "\\",
        "image-set(",
        "}{",
        "@import ",
        "@supports(",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        let start = std::time::Instant::now();
        find(&text, Part::Stylesheet);
        assert!(
            start.elapsed().as_secs() < 5,
            "{piece}: {:?}",
            start.elapsed()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_mix_of_tokens_survives_a_round_trip(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        let text = pieces.concat();
        for part in [Part::Stylesheet, Part::Declarations] {
            prop_assert_eq!(round_trip::check(&text, |text| find(text, part)), Ok(()));
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        find(&text, Part::Stylesheet);
    }
}

const PIECES: &[&str] = &[
    "url(",
    "u\\72l(",
    "src(",
    "image-set(",
    "type(",
    "supports(",
    "x.png",
    "ü",
    "\u{1F600}",
    "?v=1&w",
    "#f",
    "\"",
    "'",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    ":",
    " ",
    "\n",
    "\r\n",
    "\u{c}",
    "\\",
    "\\\\",
    "\\61 ",
    "\\61",
    "\0",
    "a",
    "@import ",
    "@namespace ",
    "@supports ",
    "@media ",
    "/*",
    "*/",
    "/*# sourceMappingURL=x.map */",
    "/*# sourceMappingURL=data:,x */",
    "\u{feff}",
    "<!--",
    "-->",
    "\\\r\n",
    "1x",
    "/",
    "*",
];
