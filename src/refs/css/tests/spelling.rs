//! Tests: escapes, and styles that end early.

use super::*;

const ESCAPES: &[Row] = &[
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
];

/// Escapes in URLs are decoded and replaced as a whole.
#[test]
fn escapes_are_read_as_a_whole() {
    check(Part::Stylesheet, ESCAPES);
}

/// CSS that ends early is read as browsers read it.
#[test]
fn truncated_css_is_read_like_browsers() {
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
