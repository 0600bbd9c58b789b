//! Tests: what is a URL in a style, and what is none.

use super::*;

const NAMED: &[Row] = &[
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
];

/// Every way to name a file in CSS is found.
#[test]
fn all_url_forms_are_found() {
    check(Part::Stylesheet, NAMED);
}

const NO_URLS: &[Row] = &[
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
];

/// Strings that are not URLs are left alone.
#[test]
fn other_strings_are_left_alone() {
    check(Part::Stylesheet, NO_URLS);
}

/// Declarations are read with or without a property name.
#[test]
fn declarations_parse_without_property_names() {
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
