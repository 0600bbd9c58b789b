//! Tests: the bytes of values, comments and text.

use super::*;

/// Pages, and the comment in each.
const COMMENTS: [(&str, &str); 15] = [
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
];

/// Comments are noted, and nothing in them is a reference.
#[test]
fn comments_are_noted_and_not_read() {
    for (html, comment) in COMMENTS {
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

/// Text of elements that hold no markup is skipped.
#[test]
fn raw_text_elements_are_skipped() {
    let raw = "textarea,title,xmp,iframe,noembed,noframes,script type=x";
    for name in raw.split(',') {
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

const QUOTED: [Row; 28] = [
    ("<img src=\"a.png\">", &["a.png"]),
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
];

/// Spans of values are exact however the values are quoted.
#[test]
fn spans_are_exact_in_any_quotes() {
    for (html, expected) in QUOTED {
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

/// Values, their URLs, and the part that is replaced.
const ENTITIES: [(&str, &str, &str); 15] = [
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
];

/// Entities in a URL are decoded, and its query stays as written.
#[test]
fn entities_decode_and_query_stays() {
    for (value, url, span) in ENTITIES {
        let html = format!("ä<img src=\"{value}\">");
        let found = find(&html, &Extra::default()).references;
        let found: Vec<_> = found
            .iter()
            .map(|r| (r.url.as_str(), &html[r.span.clone()], r.tail.as_str()))
            .collect();
        assert_eq!(found, [(url, span, "")], "{value}");
    }
}

/// Entities are decoded in values that hold more than a URL.
#[test]
fn entities_decode_in_compound_values() {
    assert_eq!(
        spans("<img srcset='a&amp;b.png?c&amp;d 1x&comma; e&#46;png'>"),
        ["a&amp;b.png", "e&#46;png"]
    );
    assert_eq!(
        spans("<meta http-equiv=refresh content='0;url=&apos;a.html&apos;'>"),
        ["a.html"]
    );
}
