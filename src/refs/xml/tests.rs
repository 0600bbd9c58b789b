//! Tests: URLs in XML.

use super::*;
use crate::refs::Reference;
use crate::refs::round_trip;
use proptest::prelude::*;

/// Each URL with its kind; where it's written otherwise, as `raw -> URL`.
fn urls(text: &str, extra: &Extra, dialect: Dialect) -> Vec<String> {
    let show = |r: &Reference| {
        let raw = &text[r.span.clone()];
        let path = &r.url[..r.url.find(['?', '#']).unwrap_or(r.url.len())];
        let written = if raw == path && r.tail.is_empty() {
            String::new()
        } else {
            format!("{raw} -> ")
        };
        format!("{:?} {written}{}", r.kind, r.url)
    };
    find(text, extra, dialect)
        .references
        .iter()
        .map(show)
        .collect()
}

#[track_caller]
fn check(dialect: Dialect, extra: &[&str], rows: &[(&str, &str, &[&str])]) {
    let extra = Extra {
        attributes: extra.iter().map(|name| name.to_string()).collect(),
        ..Extra::default()
    };
    for (name, text, expected) in rows {
        assert_eq!(urls(text, &extra, dialect), *expected, "{name}: {text:?}");
        assert_eq!(find(text, &extra, dialect).faults, [], "{name}: {text:?}");
        let result = round_trip::check(text, |text| find(text, &extra, dialect));
        result.unwrap_or_else(|error| panic!("{name}: {text:?}: {error}"));
    }
}

#[test]
fn drawings() {
    check(
        Dialect::Svg,
        &[],
        &[
            (
                "href",
                "<svg><image href='x.png'/><use href=\"y.svg#i\"/></svg>",
                &["Load x.png", "Load y.svg#i"],
            ),
            (
                "xlink, undeclared",
                "<svg><image xlink:href='x.png'/></svg>",
                &["Load x.png"],
            ),
            (
                "xlink by another prefix",
                "<svg xmlns:l='http://www.w3.org/1999/xlink'><a l:href='x'/></svg>",
                &["Link x"],
            ),
            (
                "xlink as something else",
                "<svg xmlns:xlink='y'><a xlink:href='x'/></svg>",
                &[],
            ),
            (
                "a prefix out of scope",
                "<svg><g xmlns:l='http://www.w3.org/1999/xlink'/><g l:href='x'/></svg>",
                &[],
            ),
            (
                "a link",
                "<svg><a href='x.html'>y</a></svg>",
                &["Link x.html"],
            ),
            (
                "prefixed elements",
                "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'><svg:image xlink:href='x'/><svg:a href='y'/></svg:svg>",
                &["Load x", "Link y"],
            ),
            (
                "another namespace",
                "<svg xmlns:n='n'><n:a href='x' n:href='y' style='a:url(z)'/></svg>",
                &[],
            ),
            (
                "xlink in another namespace",
                "<svg xmlns:n='n'><n:a xlink:href='x'/></svg>",
                &["Load x"],
            ),
            (
                "scripts",
                "<svg><script href='x'/><script href='y' type='module'/><script href='z' type='text/ecmascript'/></svg>",
                &["Script x", "ModuleScript y", "Script z"],
            ),
            (
                "data in scripts",
                "<svg><script type='application/json' href='x'>import \"y\"</script></svg>",
                &[],
            ),
            (
                "presentation",
                "<svg fill='url(#g) red' marker-end=\"url('x.svg#m')\"/>",
                &["Load #g", "Load x.svg#m"],
            ),
            (
                "other attributes",
                "<svg d='url(x)' id='url(y)' class='z'/>",
                &[],
            ),
            (
                "style",
                "<svg style='fill:url(x.svg#g);a:b'/>",
                &["Load x.svg#g"],
            ),
            (
                "a style element",
                "<svg><style>a{b:url(x)}</style></svg>",
                &["Load x"],
            ),
            (
                "a style in another language",
                "<svg><style type='text/less'>a{b:url(x)}</style></svg>",
                &[],
            ),
            (
                "HTML within",
                HTML_IN_SVG,
                &["Load x", "Link y", "Load z", "Load w"],
            ),
            (
                "a style sheet",
                "<?xml-stylesheet type='text/css' href='x.css?v'?><svg/>",
                &["Load x.css?v"],
            ),
            (
                "a style sheet too late",
                "<svg><?xml-stylesheet href='x.css'?></svg>",
                &[],
            ),
            (
                "an instruction that isn't one",
                "<?xml-stylesheet href=x y?><?x href='y'?><?xml-stylesheet?><svg/>",
                &[],
            ),
            (
                "a script",
                "<svg><script>import \"x\"</script></svg>",
                &["Import x"],
            ),
            (
                "a script that isn't run",
                "<svg><script href='x'>import \"y\"</script></svg>",
                &["Script x"],
            ),
            (
                "a script by xlink",
                "<svg><script xlink:href='x'>import \"y\"</script></svg>",
                &["Script x"],
            ),
            (
                "empty ones",
                "<svg><a href=''/><image href=' '/><a/></svg>",
                &[],
            ),
        ],
    );
}

const HTML_IN_SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject><div xmlns='http://www.w3.org/1999/xhtml'>\
    <img src='x'/><a href='y'><p style='a:url(z)' fill='url(v)'/></a></div></foreignObject><image href='w' src='v'/></svg>";

#[test]
fn pages() {
    check(
        Dialect::Xhtml,
        &[],
        &[
            (
                "media",
                "<html><img src='a'/><source src='b'/><iframe src='c'/><embed src='d'/><audio src='e'/><video src='f' \
                 poster='g'/><track src='h'/><input src='i'/><object data='j'/><p src='k' data='l' poster='m'/></html>",
                &[
                    "Load a", "Load b", "Load c", "Load d", "Load e", "Load f", "Load g", "Load h",
                    "Load i", "Load j",
                ],
            ),
            (
                "links",
                "<html><a href='a'/><area href='b'/><link rel='Shortcut ICON' href='c'/><link rel='next' href='d'/>\
                 <link rel='alternate stylesheet' href='e'/><link href='f'/></html>",
                &["Link a", "Link b", "Load c", "Link d", "Load e", "Link f"],
            ),
            (
                "scripts",
                "<html><script src='a'/><script type='module' src='b'> </script><script type='x' src='c'/></html>",
                &["Script a", "ModuleScript b"],
            ),
            (
                "candidates",
                "<html><img srcset=' a.png, b,c.png 2x,\nd.png 1x (,) , e.png#&amp; 3x,'/></html>",
                &["Load a.png", "Load b,c.png", "Load d.png", "Load e.png#&"],
            ),
            (
                "text of scripts",
                "<html><script src='a'>import \"b\"</script><script href='c'>import \"d\"</script></html>",
                &["Script a", "Import d"],
            ),
            (
                "a preload",
                "<html><link rel='preload' imagesrcset='a 1x, b'/></html>",
                &["Load a", "Load b"],
            ),
            (
                "an undeclared prefix",
                "<html><svg:image href='a' fill='url(b)'/></html>",
                &["Load a", "Load b"],
            ),
            (
                "styles",
                "<html><style>@import 'a';</style><p style='b:url(c)'/></html>",
                &["Load a", "Load c"],
            ),
            (
                "upper case isn't HTML",
                "<html><IMG src='a'/><img SRC='b'/></html>",
                &[],
            ),
            (
                "drawings within",
                "<html xmlns='http://www.w3.org/1999/xhtml'><svg xmlns='http://www.w3.org/2000/svg' \
                 xmlns:l='http://www.w3.org/1999/xlink'><image l:href='a' src='b'/><rect fill='url(c)'/></svg>\
                 <img href='d' src='e' fill='url(f)'/></html>",
                &["Load a", "Load c", "Load e"],
            ),
            (
                "MathML",
                "<html><math xmlns='http://www.w3.org/1998/Math/MathML' xlink:href='a'/></html>",
                &[],
            ),
            (
                "commented CDATA",
                "<html><style>/*<![CDATA[*/a>b{c:url(d)}/*]]>*/</style></html>",
                &["Load d"],
            ),
            (
                "CDATA in a script",
                "<html><script>//<![CDATA[\nimport \"a\"\n//]]></script></html>",
                &["Import a"],
            ),
        ],
    );
    let base = |text| find(text, &Extra::default(), Dialect::Xhtml).base;
    assert_eq!(
        base("<html><base target='x'/><base href=' a/&amp; '/><base href='b'/></html>").as_deref(),
        Some("a/&")
    );
    assert_eq!(base("<html/>"), None);
}

#[test]
fn other_documents() {
    let text = "<?xml-stylesheet href='a.xsl'?><r HREF='b' x:href='c' src='d'><X:Pic src='e' href='f'/><a style='g:url(h)'/></r>";
    check(
        Dialect::Other,
        &[],
        &[("nothing else", text, &["Load a.xsl"])],
    );
    let svg = "<r><style xmlns='http://www.w3.org/2000/svg'>a{b:url(x)}</style></r>";
    check(
        Dialect::Other,
        &[],
        &[("not even a drawing within", svg, &[])],
    );
    check(
        Dialect::Other,
        &["href"],
        &[(
            "any case and prefix",
            text,
            &["Load a.xsl", "Load b", "Load c", "Load f"],
        )],
    );
    check(
        Dialect::Other,
        &["x:href"],
        &[("with a prefix", text, &["Load a.xsl", "Load c"])],
    );
    check(
        Dialect::Other,
        &["pic@src"],
        &[("on an element", text, &["Load a.xsl", "Load e"])],
    );
    check(
        Dialect::Other,
        &["x:pic@src"],
        &[(
            "on an element with a prefix",
            text,
            &["Load a.xsl", "Load e"],
        )],
    );
    let text = "<svg><a href='a' data-src='b'/></svg>";
    check(
        Dialect::Svg,
        &["href", "data-src"],
        &[("what is known stays", text, &["Link a", "Load b"])],
    );
}

#[test]
fn odd_spelling() {
    check(
        Dialect::Svg,
        &[],
        &[
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
        ],
    );
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

#[test]
fn scripts_are_relative_to_the_document_and_source_maps_are_kept() {
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

#[test]
fn a_fault_tells_where_and_what_stood_before_it_stays() {
    let rows = [
        (
            "a wrong end tag",
            "<b></c>",
            3,
            "expected `</b>`, but `</c>` was found",
        ),
        (
            "an end tag too many",
            "</c>",
            0,
            "close tag `</c>` does not match any open tag",
        ),
        ("no end tag", "<b><c/>", 0, "`<b>` isn't closed"),
        (
            "an open tag",
            "<b c='",
            0,
            "attribute value not closed: `'` not found before end of input",
        ),
        (
            "an open comment",
            "<!--",
            0,
            "comment not closed: `-->` not found before end of input",
        ),
        (
            "an attribute twice",
            "<b c='1' c='2'/>",
            9,
            "an attribute that is there twice",
        ),
        ("no value", "<b c/>", 4, "an attribute without `=`"),
        (
            "no quotes",
            "<b c=d/>",
            5,
            "an attribute's value without quotes",
        ),
        (
            "an ampersand in a value",
            "<b c='ü?d&e=f'/>",
            10,
            "`&` that isn't `&amp;`",
        ),
        (
            "an ampersand in a name",
            "<b c='&d e;'/>",
            6,
            "`&` that isn't `&amp;`",
        ),
        (
            "a bracket in a value",
            "<b c='<'/>",
            6,
            "`<` in an attribute",
        ),
        (
            "a bracket in the text",
            "<b>1 < 2</b>",
            5,
            "`<` that isn't `&lt;`",
        ),
        (
            "a bracket at the end",
            "<b>1 <",
            5,
            "tag not closed: `>` not found before end of input",
        ),
        (
            "an ampersand in the text",
            "<b>c & d</b>",
            5,
            "entity or character reference not closed: `;` not found before end of input",
        ),
        (
            "an ampersand in a name in the text",
            "<b>&c d;</b>",
            3,
            "`&` that isn't `&amp;`",
        ),
        (
            "an entity outside",
            "<b/>&amp;",
            4,
            "text outside of the root element",
        ),
        (
            "two hyphens",
            "<!-- a -- b --><b/>",
            7,
            "forbidden string `--` was found in a comment",
        ),
        (
            "a late declaration",
            "\n<?xml version='1.0'?><b/>",
            1,
            "`<?xml` isn't at the start",
        ),
    ];
    for (name, text, at, message) in rows {
        for before in ["", "\u{feff}"] {
            let text = format!("{before}{text}");
            let faults = find(&text, &Extra::default(), Dialect::Svg).faults;
            let at = at + before.len();
            assert_eq!(
                faults,
                [Fault {
                    at,
                    message: format!("isn't well-formed XML: {message}")
                }],
                "{name}: {text}"
            );
        }
    }
    let found = |text| find(text, &Extra::default(), Dialect::Svg);
    let text = "<svg><a href='x'/></b><a href='y'/></svg>";
    assert_eq!(urls(text, &Extra::default(), Dialect::Svg), ["Link x"]);
    assert_eq!(found(text).faults.len(), 1);
    assert_eq!(
        found("<a/><b/>").faults,
        [ill_formed(4, "a second root element")]
    );
    assert_eq!(
        found("<a/>b").faults,
        [ill_formed(4, "text outside of the root element")]
    );
    assert_eq!(
        found("<a/><![CDATA[ ]]>").faults,
        [ill_formed(4, "text outside of the root element")]
    );
}

#[test]
fn hostile_text_takes_linear_time_and_little_stack() {
    let deep = format!(
        "{}<a href='x'/>{}",
        "<g xmlns:b='c' b:d='e'>".repeat(30_000),
        "</g>".repeat(30_000)
    );
    assert_eq!(urls(&deep, &Extra::default(), Dialect::Svg), ["Link x"]);
    let bomb = format!(
        "<!DOCTYPE svg [<!ENTITY a '{}'>]><svg {}/>",
        "b".repeat(100_000),
        "c='&a;'"
    );
    assert_eq!(find(&bomb, &Extra::default(), Dialect::Svg).faults, []);
    let one_tag = |pieces: String| format!("<svg style='url(\"{pieces}\")'/>");
    for text in [
        one_tag("&amp;".repeat(60_000)),
        one_tag("&a".repeat(60_000)),
        one_tag("url(x)".repeat(60_000)),
        format!("<svg>{}", "<style><![CDATA[".repeat(30_000)),
        format!(
            "<svg><style>{}</style></svg>",
            "<a/>url(x)&amp;".repeat(30_000)
        ),
        format!(
            "<!DOCTYPE svg [{}]><svg/>",
            "<!ENTITY a 'b' <!--".repeat(30_000)
        ),
        format!(
            "<svg {}/>",
            (0..30_000)
                .map(|i| format!("xmlns:a{i}='&b;' "))
                .collect::<String>()
        ),
        format!(
            "<svg><script {}/></svg>",
            (0..30_000)
                .map(|i| format!("xmlns:a{i}='http://www.w3.org/1999/xlink' a{i}:href='b' "))
                .collect::<String>()
        ),
        format!(
            "<html xmlns='http://www.w3.org/1999/xhtml'><img srcset='{}'/></html>",
            "a (,".repeat(60_000)
        ),
    ] {
        let start = std::time::Instant::now();
        find(&text, &Extra::default(), Dialect::Svg);
        assert!(
            start.elapsed().as_secs() < 5,
            "{:?}: {:?}",
            text.get(..80),
            start.elapsed()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_mix_of_tags_survives_a_round_trip(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let extra = Extra { attributes: vec!["data-src".to_string()], ..Extra::default() };
        for text in [pieces.concat(), format!("<svg>{}</svg>", pieces.concat()), format!("<p {}/>", pieces.concat())] {
            for dialect in [Dialect::Svg, Dialect::Xhtml, Dialect::Other] {
                prop_assert_eq!(round_trip::check(&text, |text| find(text, &extra, dialect)), Ok(()));
            }
        }
    }

    #[test]
    fn any_value_survives_a_round_trip(pieces in prop::collection::vec(prop::sample::select(VALUES), 0..12)) {
        let value = pieces.concat();
        let html = format!("<img xmlns='http://www.w3.org/1999/xhtml' src='{value}' srcset='{value}' style='{value}'/>");
        let svg = format!("<svg href='{value}' fill='{value}'><style>{value}</style><script>{value}</script></svg>");
        for text in [html, svg] {
            prop_assert_eq!(round_trip::check(&text, |text| find(text, &Extra::default(), Dialect::Svg)), Ok(()));
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(<|>|&|/|!|\\?|'|\"|=|\\[|\\]|-|;|a|\u{e4}|\\PC| |\n)*") {
        for dialect in [Dialect::Svg, Dialect::Xhtml, Dialect::Other] {
            find(&text, &Extra::default(), dialect);
        }
    }
}

const PIECES: &[&str] = &[
    "<a href='x.png?v#f'>",
    "</a>",
    "<image xlink:href=\"ä.png\"/>",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "url(x)",
    "@import \"y\";",
    "import \"z\"",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#228;",
    "&b;",
    "&",
    "<",
    "'",
    "\"",
    " ",
    "\r\n",
    "\u{feff}",
    "<?xml-stylesheet href='x.css'?>",
    "<!DOCTYPE svg [<!ENTITY b 'c'>]>",
    "<p xmlns='http://www.w3.org/1999/xhtml' style='a:url(x&amp;y)'>",
    "</p>",
    "<img srcset='x 1x,&#121;?&amp; 2x'/>",
    " src='x'",
    " data-src='x&#63;y'",
    " fill='url(&quot;x&quot;)'",
    "/>",
    "<?xml version='1.0'?>",
];

const VALUES: &[&str] = &[
    "x.png",
    "ä",
    "\u{1F600}",
    "?v&amp;w",
    "#f",
    "&amp;",
    "&#63;",
    "&#35;",
    "&#x1F600;",
    "&b;",
    "&quot;",
    "&apos;",
    " ",
    "\n",
    "\r\n",
    "\t",
    ",",
    "(",
    ")",
    "url(",
    "image-set(",
    "import ",
    "\"",
    "@import ",
    "\\",
    "\\61 ",
    ";",
    "{",
    "}",
    "&lt;",
    ">",
    "1x",
    "&#32;",
    "&#10;",
    "/*# sourceMappingURL=x&amp;y */",
    "/*",
    "*/",
];
