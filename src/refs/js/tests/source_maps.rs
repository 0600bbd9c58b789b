//! Tests: source maps of scripts.

use super::*;

/// Scripts, the comment in each, and the path of its URL.
const SOURCE_MAPS: [(&str, &str, &str); 5] = [
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

#[test]
fn the_last_source_map_comment_counts() {
    for (text, comment, path) in SOURCE_MAPS {
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
}

/// A source map may be embedded in the comment.
#[test]
fn source_map_may_be_inline() {
    let inline = find("//# sourceMappingURL=data:application/json,{}", Goal::Guess);
    assert_eq!(
        (
            inline.source_maps.last().cloned().map(|map| map.is_inline),
            inline.references
        ),
        (Some(true), vec![])
    );
}

#[test]
fn other_texts_are_no_source_maps() {
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
