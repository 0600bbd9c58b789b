//! Tests: ways to write the same, in drawings.

use super::*;

const ODDLY_SPELLED: &[Row] = &[
    (
        "blanks in tags",
        "<svg\n><a\r\n\thref \n=\r\n 'x'\n/></svg\n>",
        &["Link x"],
    ),
    (
        "blanks in values",
        "<svg><a href='\r\n x \t'/></svg>",
        &["Link x"],
    ),
    (
        "a line end in a value",
        "<svg><a href='x\ny?z\tw'/></svg>",
        &["Link x\ny -> x y?z w"],
    ),
    (
        "brackets in values",
        "<svg a='>' b=\"/>\"><a c='>' href='x>y'/></svg>",
        &["Link x>y"],
    ),
    (
        "other letters",
        "\u{feff}<?xml version='1.0'?>\r\n<ü><a ß='\u{1F600}' href='ä\u{1F600}.png'/></ü>",
        &["Link ä\u{1F600}.png"],
    ),
    (
        "entities",
        "<svg><a href='x&amp;y.png?z=1&amp;w#&lt;'/></svg>",
        &["Link x&amp;y.png -> x&y.png?z=1&w#<"],
    ),
    (
        "entities in the query alone",
        "<svg><a href='x.png?y&amp;z'/></svg>",
        &["Link x.png?y&z"],
    ),
    (
        "numbers",
        "<svg><a href='&#32;&#x61;&#98;c&#63;d '/></svg>",
        &["Link &#x61;&#98;c -> abc?d"],
    ),
    (
        "numbers of no character",
        "<svg><a href='x&#0;'/><a href='&#xd800;'/><a href='&#99999999999;'/></svg>",
        &[],
    ),
    (
        "quotes in a style",
        "<svg style='a:url(&quot;x.png?y&quot;)'/>",
        &["Load x.png?y"],
    ),
    (
        "a style of entities",
        "<svg fill='&#117;rl&#40;x&amp;y&#41;'/>",
        &["Load x&amp;y -> x&y"],
    ),
    (
        "escapes in a style",
        "<svg style='a:url(x\\ y?&amp;z)'/>",
        &["Load x\\ y?&amp;z -> x y?&z"],
    ),
    (
        "CDATA",
        "<svg><style><![CDATA[a>b{c:url(x&y)}]]></style></svg>",
        &["Load x&y"],
    ),
    (
        "text and CDATA",
        "<svg><style>a{b:url(x)}<![CDATA[c{d:url(y)}]]>e{f:url(z)}</style></svg>",
        &["Load x", "Load y", "Load z"],
    ),
    (
        "text of entities",
        "<svg><style>a&gt;b{c:url(&quot;x&amp;y&quot;)}</style></svg>",
        &["Load x&amp;y -> x&y"],
    ),
    (
        "comments in a style",
        "<svg><style><!--@import 'x';-->@import 'y';</style></svg>",
        &["Load y"],
    ),
    (
        "elements in a style",
        "<svg><style>a{b:url(x)}<a href='y'>@import 'z';</a>c{d:url(w)}</style></svg>",
        &["Load x", "Link y", "Load w"],
    ),
    (
        "a style in a style",
        "<svg><style>a{b:url(x)}<style>@import 'y';</style>c{d:url(z)}</style></svg>",
        &["Load x", "Load z"],
    ),
    (
        "a mark within a URL",
        "<svg><style>@import 'x<![CDATA[y]]>';</style></svg>",
        &[],
    ),
    (
        "CDATA elsewhere",
        "<svg><![CDATA[<a href='x'/>]]></svg>",
        &[],
    ),
    (
        "tags in comments",
        "<svg><!-- <a href='x'/> --><?y <a href='x'/>?></svg>",
        &[],
    ),
    (
        "a document type",
        "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://x/svg11.dtd\"><svg/>",
        &[],
    ),
    ("Illustrator", ILLUSTRATOR, &["Load y", "Load z"]),
    (
        "entities nobody knows",
        "<svg>&nbsp;<a href='&nbsp;'/><style>a{b:url(&c;) url(d)}</style></svg>",
        &["Load d"],
    ),
    (
        "entities in code",
        "<svg><script>import \"x\" &y;</script></svg>",
        &[],
    ),
    ("nothing", "", &[]),
];

#[test]
fn odd_spelling() {
    check(Dialect::Svg, &[], ODDLY_SPELLED);
}

const ILLUSTRATOR: &str = "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://x/svg11.dtd' [\r\n\t<!ENTITY svg \
    \"http://www.w3.org/2000/svg\">\r\n\t<!ENTITY l \"http://www.w3.org/1999/xlink\">\r\n\t<!ENTITY p \"x\">\r\n]>\
    <svg xmlns='&svg;' xmlns:l='&l;'><image l:href='&p;.png'/><image l:href='y'/><rect style='&p; a:url(z)'/></svg>";

#[test]
fn comments_have_their_marks() {
    let text = "\u{feff}<!--a--><svg><!-- ü --><style>/*<!--b-->*/</style></svg><!---->";
    let found = find(text, &Extra::default(), Dialect::Svg);
    let comments: Vec<_> = found
        .comments
        .iter()
        .map(|comment| &text[comment.clone()])
        .collect();
    assert_eq!(comments, ["<!--a-->", "<!-- ü -->", "<!--b-->", "<!---->"]);
}

/// URLs in scripts are relative to the document, and source maps are noted.
#[test]
fn script_urls_are_relative_to_document() {
    let text =
        "<svg><script>import \"x\"</script><style>a{}&#32;/*# sourceMappingURL=y */</style></svg>";
    let found = find(text, &Extra::default(), Dialect::Svg);
    assert_eq!(
        found.references.iter().map(|r| r.base).collect::<Vec<_>>(),
        [Base::Document; 2]
    );
    assert_eq!(
        &text[found
            .source_maps
            .last()
            .cloned()
            .expect("there is one")
            .comment],
        "/*# sourceMappingURL=y */"
    );
    let text = "<svg><style>/*# sourceMappingURL=y <![CDATA[ */]]></style></svg>";
    assert_eq!(find(text, &Extra::default(), Dialect::Svg).source_maps, []);
}
