//! Tests: URLs in pages.

mod generated;

use super::*;

/// Kind and URL of everything found.
fn references(html: &str) -> Vec<String> {
    references_with(html, &Extra::default())
}

fn references_with(html: &str, extra: &Extra) -> Vec<String> {
    let found = find(html, extra);
    for reference in &found.references {
        assert!(
            html.get(reference.span.clone()).is_some(),
            "{html}: {reference:?}"
        );
        assert!(reference.base == Base::Document, "{html}: {reference:?}");
    }
    found
        .references
        .iter()
        .map(|r| format!("{:?} {}", r.kind, r.url))
        .collect()
}

fn check(rows: &[(&str, &[&str])]) {
    for (html, expected) in rows {
        assert_eq!(references(html), *expected, "{html}");
    }
}

/// The bytes that would be replaced, for every reference.
fn spans(html: &str) -> Vec<&str> {
    find(html, &Extra::default())
        .references
        .into_iter()
        .map(|r| &html[r.span])
        .collect()
}

#[test]
fn what_the_page_shows_is_loaded() {
    check(&[
        ("<img src=a.png>", &["Load a.png"]),
        ("<image src=a.png>", &["Load a.png"]),
        (
            "<picture><source src=a srcset='b 1x, c 2x'></picture>",
            &["Load a", "Load b", "Load c"],
        ),
        (
            "<input type=image src=a.png><embed src=b>",
            &["Load a.png", "Load b"],
        ),
        (
            "<iframe src=a.html></iframe><frame src=b.html>",
            &["Load a.html", "Load b.html"],
        ),
        (
            "<audio src=a><video src=b poster=c><track src=d>",
            &["Load a", "Load b", "Load c", "Load d"],
        ),
        ("<portal src=a><object data=b>", &["Load a", "Load b"]),
        (
            "<body background=a><table background=b><tr background=c><td background=d><th background=e>",
            &["Load a", "Load b", "Load c", "Load d", "Load e"],
        ),
        ("<img srcset='a.png,b.png'>", &["Load a.png,b.png"]),
        ("<link imagesrcset='a 1x, b'>", &["Load a", "Load b"]),
        (
            "<p background=a src=b data=c poster=d srcset=e href=f>",
            &[],
        ),
    ]);
}

#[test]
fn a_links_rel_decides_whether_it_is_loaded() {
    let loaded = "stylesheet icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image fluid-icon \
        mask-icon manifest preload prefetch modulepreload image_src";
    for rel in loaded.split(' ') {
        assert_eq!(
            references(&format!("<link rel={rel} href=a>")),
            ["Load a"],
            "{rel}"
        );
    }
    check(&[
        ("<link rel='shortcut icon' href=a>", &["Load a"]),
        ("<link REL='Alternate StyleSheet' HREF=a>", &["Load a"]),
        (
            "<link href=a rel=canonical><link href=b rel=next><link href=c>",
            &["Link a", "Link b", "Link c"],
        ),
    ]);
}

#[test]
fn a_metas_name_decides_whether_it_holds_a_url() {
    let loaded = "og:image og:image:url og:image:secure_url og:audio og:audio:url og:audio:secure_url og:video \
        og:video:url og:video:secure_url twitter:image twitter:image:src twitter:player:stream thumbnail \
        msapplication-TileImage msapplication-config msapplication-wide310x150logo";
    for name in loaded.split(' ') {
        assert_eq!(
            references(&format!("<meta property={name} content=a>")),
            ["Load a"],
            "{name}"
        );
        assert_eq!(
            references(&format!("<meta content=a name={name}>")),
            ["Load a"],
            "{name}"
        );
    }
    check(&[
        (
            "<meta name=msapplication-square70x70logo content=a>",
            &["Load a"],
        ),
        ("<meta name=msapplication-TileImage content=a>", &["Load a"]),
        ("<meta itemprop=image content=a>", &["Load a"]),
        (
            "<meta name=description content=a><meta name=image content=b>",
            &[],
        ),
        (
            "<meta http-equiv=Refresh content='5; url=a.html?b'>",
            &["Link a.html?b"],
        ),
        ("<meta http-equiv=refresh content=5>", &[]),
    ]);
    assert_eq!(
        spans("<meta http-equiv=refresh content='5; URL=\"a.html?b#c\"'>"),
        ["a.html"]
    );
}

#[test]
fn what_people_follow_are_links_and_the_rest_is_left_alone() {
    check(&[
        (
            "<a href=a.html>x</a><area href=b.html>",
            &["Link a.html", "Link b.html"],
        ),
        (
            "<a href=#top><a href=javascript:x()><a href=//x.de/y>",
            &["Link #top", "Link javascript:x()", "Link //x.de/y"],
        ),
        (
            "<q cite=a><form action=b><button formaction=c><a ping=d><img usemap=#e sizes=f>",
            &[],
        ),
        (
            "<a href><a href=''><a href=' \n'><img src=\"\"><img srcset=' , '>",
            &[],
        ),
    ]);
}

#[test]
fn a_scripts_type_decides_what_it_is() {
    check(&[
        (
            "<script src=a></script><script src=b type=''></script>",
            &["Script a", "Script b"],
        ),
        (
            "<script src=a type=' Text/JavaScript '></script>",
            &["Script a"],
        ),
        ("<script src=a language=javascript></script>", &["Script a"]),
        ("<script type=MODULE src=a></script>", &["ModuleScript a"]),
        (
            "<script type=text/template src=a></script><script language=vbscript src=b></script>",
            &[],
        ),
        ("<script type=' ' src=a></script>", &[]),
        ("<script>import \"a\"</script>", &["Import a"]),
        (
            "<script type=module>new Worker(\"a\")</script>",
            &["Load a"],
        ),
        ("<script src=a>import \"b\"</script>", &["Script a"]),
        (
            "<script type=application/ld+json>import \"a\"</script>",
            &[],
        ),
        (
            "<script type=speculationrules>{\"import \":\"a\"}</script>",
            &[],
        ),
        ("<script type=text/template><img src=a></script>", &[]),
        (
            "<script type=importmap>{\"scopes\":{\"./s/\":{}},\"imports\":{\"a\":\"./a.js\"}}</script>",
            &["Import ./s/", "Import ./a.js"],
        ),
        (
            "<script type=importmap>{\"imports\":{\"a\":\"./a.js\"},\"scopes\":{\"./s/\":{\"b\":\"./b\"}}}</script>",
            &["Import ./a.js", "Import ./s/", "Import ./b"],
        ),
    ]);
    assert_eq!(
        spans("é<script type=importmap> {\"imports\":{\"a\":\"./a.js?v\"}}</script>"),
        ["./a.js"]
    );
}

#[test]
fn styles_and_scripts_are_found_where_they_stand() {
    let html = "é<style>a{b:url(a.png?x)}</style><p style='b:url(&quot;b.png&quot;)'><script>import \"c.js\"</script>";
    assert_eq!(spans(html), ["a.png", "b.png", "c.js"]);
    check(&[
        (
            "<style type=text/less>url(a)</style><style type=TEXT/CSS>url(b)</style>",
            &["Load b"],
        ),
        ("<style>url(a)", &["Load a"]),
        (
            "<style>url(a)<img src=b></style><img src=c>",
            &["Load a", "Load c"],
        ),
        (
            "<script><!--<script></script>\nimport \"a\"</script><img src=c>",
            &["Import a", "Load c"],
        ),
    ]);
    let found = find(
        "<style>\n/*# sourceMappingURL=x */</style>",
        &Extra::default(),
    );
    assert_eq!(
        found.source_maps.last().cloned().map(|map| map.comment),
        Some(8..33)
    );
    assert!(
        !find(
            "<script type=module>import \"a\"</script>",
            &Extra::default()
        )
        .is_module
    );
}

#[test]
fn the_first_base_is_noted_and_no_reference() {
    let html = "<base target=x><base href=' a&amp;b/ '><base href=c>";
    let found = find(html, &Extra::default());
    assert_eq!(
        (found.base.as_deref(), found.references.len()),
        (Some("a&b/"), 0)
    );
    assert_eq!(
        find("<svg><base href=a></svg>", &Extra::default()).base,
        None
    );
}

#[test]
fn comments_are_noted_and_nothing_in_them_is_a_reference() {
    for (html, comment) in [
        ("é<!-- <img src=a> -->b", "<!-- <img src=a> -->"),
        (
            "<!--[if IE]><img src=a><![endif]-->",
            "<!--[if IE]><img src=a><![endif]-->",
        ),
        ("<![if !IE]>b", "<![if !IE]>"),
        ("<?php echo '<img src=a' ?>b", "<?php echo '<img src=a' ?>"),
        ("</ x>b", "</ x>"),
        ("<!-->b", "<!-->"),
        ("<!--->b", "<!--->"),
        ("<!---->b", "<!---->"),
        ("<!-- a --!>b", "<!-- a --!>"),
        ("<!-- <img src=a>", "<!-- <img src=a>"),
        ("<!x>b", "<!x>"),
        ("<![CDATA[<img src=a>]]>", "<![CDATA[<img src=a>"),
        ("\r\n\r\n<!--\r\né\r-->\r\n", "<!--\r\né\r-->"),
        ("a<!", "<!"),
        ("<<!--x--><", "<!--x-->"),
    ] {
        let found = find(html, &Extra::default());
        let comments: Vec<_> = found
            .comments
            .into_iter()
            .map(|comment| &html[comment])
            .collect();
        assert_eq!(
            (comments, found.references),
            (vec![comment], vec![]),
            "{html}"
        );
    }
}

#[test]
fn text_that_is_no_markup_is_skipped() {
    for name in [
        "textarea",
        "title",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
        "script type=x",
    ] {
        let end = name.split(' ').next().unwrap();
        let html = format!("<{name}><img src=a></x></{end}><img src=b>");
        assert_eq!(references(&html), ["Load b"], "{html}");
    }
    check(&[
        ("<plaintext><img src=a></plaintext><img src=b>", &[]),
        (
            "<template><img src=a></template><noscript><img src=b></noscript>",
            &["Load a", "Load b"],
        ),
        ("<TITLE><img src=a></tItLe\n><img src=b>", &["Load b"]),
        ("<style/>url(a)</style><img src=b>", &["Load a", "Load b"]),
        (
            "<!DOCTYPE html SYSTEM '<img src=a>'></iframe><img src=b>",
            &["Load b"],
        ),
    ]);
}

#[test]
fn values_are_exact_however_they_are_quoted() {
    for (html, expected) in [
        ("<img src=\"a.png\">", &["a.png"][..]),
        ("<img src='a.png'>", &["a.png"]),
        ("<img src=a.png>", &["a.png"]),
        ("<img src=a.png/>", &["a.png/"]),
        ("<img src=/a/b.png alt=x>", &["/a/b.png"]),
        ("<img src = \r\n a.png\r\nalt>", &["a.png"]),
        ("<img src=a.png\ralt=x>", &["a.png"]),
        (
            "<img src=a.png\x0Calt=x><img src=b.png\talt=x>",
            &["a.png", "b.png"],
        ),
        ("<img\r\nsrc\r\n=\r\n\"a.png\"\r\n>", &["a.png"]),
        ("\r\n\r\r\n<img src=\"\r\na.png\r\n\">", &["a.png"]),
        ("<IMG SRC=a.png>", &["a.png"]),
        ("<img alt=\"é>\"src='ü.png'title=x>", &["ü.png"]),
        ("<img src=é.png><img é=1 src=é.png>", &["é.png", "é.png"]),
        ("<img src=a.png src=b.png SRC=c.png>", &["a.png"]),
        ("<img src src=b.png>", &[]),
        ("<img src=\"a b.png\">", &["a b.png"]),
        ("<img alt=\0 src=a\0.png>\0<img src='b'>", &["a\0.png", "b"]),
        ("<img alt=a\"b src=c.png>", &["c.png"]),
        ("<img alt='a\"b' src=c.png>", &["c.png"]),
        ("<img \"' src=c.png>", &["c.png"]),
        ("<img =src=a src=b>", &["b"]),
        (
            "<img alt=&amp src=b><img alt=&amp;\r\nsrc=c><img alt=&am src=d><img alt=& src=e>",
            &["b", "c", "d", "e"],
        ),
        ("&amp;&#65;&x;&\r\n&#x<img src=a>", &["a"]),
        ("<p>a < b<img src=c>", &["c"]),
        (
            "<img src=a.png?b#c><img src='d#e?f'><img src='?g'>",
            &["a.png", "d", ""],
        ),
        ("<img src=\" a.png \">", &["a.png"]),
        ("</p src=a><img src=b></img src=c><img alt=x>", &["b"]),
        ("<x/src=a><img/src=b/>", &["b/"]),
    ] {
        assert_eq!(spans(html), expected, "{html}");
    }
}

#[test]
fn a_page_may_end_anywhere() {
    let html = "<!DOCTYPE html><p a='b' c=\"d\" e=&amp; f><!-- x --><svg><![CDATA[y]]></svg><style>z</style>";
    for end in 0..html.len() {
        assert_eq!(references(&html[..end]), [] as [&str; 0]);
    }
    check(&[
        ("<img src=a", &[]),
        ("<img src='a", &[]),
        ("<img src=a><", &["Load a"]),
        ("<img src=a></", &["Load a"]),
    ]);
}

#[test]
fn entities_are_resolved_and_a_query_stays_as_written() {
    for (value, url, span) in [
        ("a&amp;b.png", "a&b.png", "a&amp;b.png"),
        ("a.png?x&amp;y", "a.png?x&y", "a.png"),
        ("a.png&quest;x", "a.png?x", "a.png"),
        ("a.png&#35;x", "a.png#x", "a.png"),
        ("a&#x2e;png&#63x", "a.png?x", "a&#x2e;png"),
        ("a.png?b=1&copy=2", "a.png?b=1&copy=2", "a.png"),
        ("a&copy.png", "a©.png", "a&copy.png"),
        ("a&nosuch;.png", "a&nosuch;.png", "a&nosuch;.png"),
        ("a&&amp&.png", "a&&&.png", "a&&amp&.png"),
        ("&#59;;a#b", ";;a#b", "&#59;;a"),
        ("&fjlig;j#b", "fjj#b", "&fjlig;j"),
        ("&#32;&#10;a.png&Tab; ", "a.png", "a.png"),
        ("é&eacute;#&eacute;", "éé#é", "é&eacute;"),
        ("&quest;&quest;", "??", ""),
        (
            "&#0;&#xD800;&#128;",
            "\u{fffd}\u{fffd}€",
            "&#0;&#xD800;&#128;",
        ),
    ] {
        let html = format!("ä<img src=\"{value}\">");
        let found = find(&html, &Extra::default()).references;
        let found: Vec<_> = found
            .iter()
            .map(|r| (r.url.as_str(), &html[r.span.clone()], r.tail.as_str()))
            .collect();
        assert_eq!(found, [(url, span, "")], "{value}");
    }
    assert_eq!(
        spans("<img srcset='a&amp;b.png?c&amp;d 1x&comma; e&#46;png'>"),
        ["a&amp;b.png", "e&#46;png"]
    );
    assert_eq!(
        spans("<meta http-equiv=refresh content='0;url=&apos;a.html&apos;'>"),
        ["a.html"]
    );
}

#[test]
fn srcdoc_is_a_page_in_a_page() {
    let html = r#"<iframe srcdoc="<img src='a.png?x&amp;amp;y'><style>url(&quot;b&quot;)</style><!--c-->">"#;
    assert_eq!(references(html), ["Load a.png?x&y", "Load b"]);
    assert_eq!(spans(html), ["a.png", "b"]);
    assert_eq!(
        find(html, &Extra::default())
            .comments
            .into_iter()
            .map(|c| &html[c])
            .collect::<Vec<_>>(),
        ["<!--c-->"]
    );
    assert_eq!(
        spans("<iframe src=z srcdoc='&lt;img src=&quot;a&#47;b.png&quot;&gt;'>"),
        ["z", "a&#47;b.png"]
    );
}

#[test]
fn srcdoc_is_looked_into_three_deep() {
    let nest = |page: &str| {
        format!(
            "<iframe srcdoc=\"{}\">",
            page.replace('&', "&amp;").replace('"', "&quot;")
        )
    };
    let mut html = "<img src=\"a.png\">".to_string();
    for _ in 0..3 {
        html = nest(&html);
        assert_eq!(
            (references(&html), spans(&html)),
            (vec!["Load a.png".to_string()], vec!["a.png"])
        );
    }
    let found = find(&nest(&html), &Extra::default());
    assert_eq!((found.references.len(), found.faults.len()), (0, 1));
}

#[test]
fn a_base_in_srcdoc_is_a_fault_and_not_the_pages() {
    let found = find(
        "<iframe srcdoc='<base href=x><img src=a>'></iframe><img src=b>",
        &Extra::default(),
    );
    let urls: Vec<_> = found.references.iter().map(|r| r.url.as_str()).collect();
    assert_eq!((urls, found.base, found.faults.len()), (vec!["b"], None, 1));
}

#[test]
fn placeholders_are_passed_on_but_not_out_of_srcdoc() {
    let found = find("<script>a='$$ASSETS(*)$$'</script>", &Extra::default());
    assert_eq!(
        (found.placeholders.len(), found.placeholders[0].span.clone()),
        (1, 10..25)
    );
    let found = find(
        "<iframe srcdoc=\"<script>a='$$ASSETS(*)$$'</script>\">",
        &Extra::default(),
    );
    assert_eq!((found.placeholders.len(), found.faults.len()), (0, 1));
}

#[test]
fn extra_attributes_are_loaded() {
    let extra = Extra {
        attributes: vec!["data-src".into(), "img@data-full".into()],
        ..Extra::default()
    };
    let html = "<p data-src=a data-full=b><img data-full=c DATA-SRC=d><svg><g data-src=e>";
    assert_eq!(
        references_with(html, &extra),
        ["Load a", "Load c", "Load d", "Load e"]
    );
    assert_eq!(references(html), [] as [&str; 0]);
}

#[test]
fn svg_and_mathml_have_their_own_attributes() {
    check(&[
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
    ]);
    assert_eq!(
        spans("<svg><rect fill='url(&quot;a.svg&#35;b&quot;)'>"),
        ["a.svg&#35;b"].map(|s| &s[..5])
    );
}

#[test]
fn svg_is_tokenised_by_its_own_rules() {
    check(&[
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
    ]);
    let html = "<svg><style><![CDATA[/*# sourceMappingURL=x */]]>\n</style></svg>";
    assert_eq!(
        find(html, &Extra::default())
            .source_maps
            .last()
            .cloned()
            .map(|map| &html[map.comment]),
        Some("/*# sourceMappingURL=x */")
    );
    let html = "<svg><script><![CDATA[//# sourceMappingURL=x]]>\n</script></svg>";
    assert_eq!(
        find(html, &Extra::default())
            .source_maps
            .last()
            .cloned()
            .map(|map| &html[map.comment]),
        Some("//# sourceMappingURL=x")
    );
}

#[test]
fn html_in_svg_follows_the_rules_of_html() {
    const STYLE: &str = "<style><img src=no></style>";
    const SVG_STYLE: &str = "<style><image href=yes></style>";
    for html in [
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
    ] {
        assert_eq!(
            references(&html.replace("{}", STYLE)),
            [] as [&str; 0],
            "{html}"
        );
    }
    for html in [
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
    ] {
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
