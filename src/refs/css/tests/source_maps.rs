//! Tests: source maps of styles.

use super::*;

const SOURCE_MAPS: &[Row] = &[
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
];

#[test]
fn the_last_source_map_counts() {
    check(Part::Stylesheet, SOURCE_MAPS);
}

/// The span of a source map covers the whole comment.
#[test]
fn source_map_covers_whole_comment() {
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
}

/// A source map may be embedded in the style itself.
#[test]
fn source_map_may_be_inline() {
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
