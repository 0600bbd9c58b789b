//! Tests: SVG and MathML in pages.

use super::*;

const OWN_ATTRIBUTES: &[Row] = &[
    (
        "<svg><image href=a><use xlink:href=b></svg>",
        &["Load a", "Load b"],
    ),
    (
        "<svg><feImage href=a /><linearGradient xlink:href='#b'/></svg>",
        &["Load a", "Load #b"],
    ),
    (
        "<svg><a href=a xlink:href=b></a></svg>",
        &["Link a", "Link b"],
    ),
    ("<svg><script href=a /></svg>", &["Load a"]),
    (
        "<svg><rect fill='url(a.svg#b)' style='fill:url(c)' stroke=red mask=x /></svg>",
        &["Load a.svg#b", "Load c"],
    ),
    (
        "<svg><rect src=a data=b fill=c /></svg><use href=d><rect fill='url(e)'>",
        &[],
    ),
    ("<math href=a><mi href=b></math>", &["Link a", "Link b"]),
];

/// SVG and MathML have URL attributes of their own.
#[test]
fn svg_and_mathml_attributes_are_found() {
    check(OWN_ATTRIBUTES);
    assert_eq!(
        spans("<svg><rect fill='url(&quot;a.svg&#35;b&quot;)'>"),
        ["a.svg&#35;b"].map(|s| &s[..5])
    );
}

const OWN_RULES: &[Row] = &[
    ("<svg><style/></svg><img src=a>", &["Load a"]),
    ("<svg><style/><image href=a /></svg>", &["Load a"]),
    (
        "<svg><script href=a.js /><image href=b /></svg>",
        &["Load a.js", "Load b"],
    ),
    ("<svg><script/>import \"a\"</svg>", &[]),
    (
        "<svg><title>a<b href=x</title></svg><img src=a>",
        &["Load a"],
    ),
    (
        "<svg><title><a href=x></a></title><image href=y /></svg>",
        &["Link x", "Load y"],
    ),
    ("<svg><style>a{b:url(c)}</style></svg>", &["Load c"]),
    (
        "<svg><style>url(&quot;c&quot;) url(d<!-- url(e) -->)</style></svg>",
        &["Load c", "Load d"],
    ),
    (
        "<svg><style><![CDATA[url(a&amp;b)<img src=x>]]></style></svg>",
        &["Load a&amp;b"],
    ),
    (
        "<svg><script>//<![CDATA[\nimport \"a&amp;b\"\n//]]>\n</script></svg>",
        &["Import a&amp;b"],
    ),
    (
        "<svg><style>url(a)<g>url(x)</g>url(b)</style>url(x)</svg>",
        &["Load a", "Load b"],
    ),
    (
        "<svg><style>url(a)<use href=b /><style>url(c)</style>url(d)</style></svg>",
        &["Load a", "Load b", "Load c", "Load d"],
    ),
    ("<svg><style>url(a)", &["Load a"]),
    ("<svg><style>url(a)</svg>url(x)", &["Load a"]),
    (
        "<svg><style>url(a)<p>url(x)</p><style>url(b)</style>",
        &["Load a", "Load b"],
    ),
    (
        "<math><style>url(a)</style></math><style>url(b)</style>",
        &["Load b"],
    ),
    ("<svg/><style><img src=a></style>", &[]),
    ("<svg><![CDATA[<img src=a>]]></svg><img src=b>", &["Load b"]),
    (
        "<svg><style type=x>url(a)</style><style type=text/css>url(b)</style></svg>",
        &["Load b"],
    ),
];

/// Inside SVG, text is tokenised by the rules of foreign content.
#[test]
fn svg_uses_its_own_tokenizer_rules() {
    check(OWN_RULES);
}

#[test]
fn source_maps_are_found_in_cdata() {
    for (html, comment) in [
        (
            "<svg><style><![CDATA[/*# sourceMappingURL=x */]]>\n</style></svg>",
            "/*# sourceMappingURL=x */",
        ),
        (
            "<svg><script><![CDATA[//# sourceMappingURL=x]]>\n</script></svg>",
            "//# sourceMappingURL=x",
        ),
    ] {
        let source_maps = find(html, &Extra::default()).source_maps;
        let last = source_maps.last().map(|map| &html[map.comment.clone()]);
        assert_eq!(last, Some(comment), "{html}");
    }
}

/// Places where the rules of HTML hold.
const HTML_IN_FOREIGN: [&str; 23] = [
    "<svg><foreignObject>{}",
    "<svg><desc>{}",
    "<svg><title>{}",
    "<svg><foreignObject><svg><g></svg>{}",
    "<svg><foreignObject><div><b></div>{}",
    "<svg><p>{}",
    "<svg><g><img src>{}",
    "<svg><g></p>{}",
    "<svg><g></br>{}",
    "<svg><font color=red>{}",
    "<div><svg><g></div>{}",
    "<a><svg><g></a>{}",
    "<math><mi>{}",
    "<math><annotation-xml encoding='Text/HTML'>{}",
    "<math><annotation-xml><svg><desc>{}",
    "<svg></svg>{}",
    "<svg><g></svg>{}",
    "<svg><foreignObject></svg>{}",
    "<svg/>{}",
    "<math/>{}",
    "<svg><foreignObject><p></foreignObject></svg>{}",
    "<svg><foreignObject><p></foreignObject>{}",
    "<svg><desc><p></g>{}",
];

/// Places where the rules of SVG and MathML hold.
const FOREIGN: [&str; 10] = [
    "<svg>{}",
    "<svg><g></g></g></x>{}",
    "<svg><font>{}",
    "<svg><foreignObject/>{}",
    "<svg><desc><b></b><br></desc>{}",
    "<svg><desc><svg></svg></desc>{}",
    "<svg><desc><svg></desc>{}",
    "<math><annotation-xml><svg>{}",
    "<svg></span>{}",
    "<span></span><svg></span>{}",
];

/// HTML inside SVG and MathML follows the rules of HTML again.
#[test]
fn html_inside_svg_follows_html_rules() {
    const STYLE: &str = "<style><img src=no></style>";
    const SVG_STYLE: &str = "<style><image href=yes></style>";
    for html in HTML_IN_FOREIGN {
        assert_eq!(
            references(&html.replace("{}", STYLE)),
            [] as [&str; 0],
            "{html}"
        );
    }
    for html in FOREIGN {
        let html = html.replace("{}", SVG_STYLE);
        assert_eq!(references(&html), ["Load yes"], "{html}");
    }
    assert_eq!(
        references("<math><mi><mglyph><style><a href=x></style>"),
        ["Link x"]
    );
}

#[test]
fn deep_nesting_ends_where_it_should() {
    let (open, close) = (
        "<svg>".to_string() + &"<g>".repeat(1000),
        "</g>".repeat(1000) + "</svg>",
    );
    let style = "<style><image href=a></style>";
    assert_eq!(
        references(&format!("{open}{style}{close}{style}")),
        ["Load a"]
    );
}
