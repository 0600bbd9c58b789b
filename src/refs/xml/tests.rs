//! Tests: URLs in XML.

mod data;
mod drawings;
mod faults;
mod pages;
mod presentations;
mod spelling;

use super::*;
use crate::refs::round_trip;
use crate::refs::{Base, ExtraAttribute, Reference};
use proptest::prelude::*;

/// A name, a document, and what is found in it.
type Row = (&'static str, &'static str, &'static [&'static str]);

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
fn check(dialect: Dialect, extra: &[&str], rows: &[Row]) {
    let extra = Extra {
        attributes: extra
            .iter()
            .map(|name| ExtraAttribute::named(name))
            .collect(),
        ..Extra::default()
    };
    for (name, text, expected) in rows {
        assert_eq!(urls(text, &extra, dialect), *expected, "{name}: {text:?}");
        assert_eq!(find(text, &extra, dialect).faults, [], "{name}: {text:?}");
        let result = round_trip::check(text, |text| find(text, &extra, dialect));
        result.unwrap_or_else(|error| panic!("{name}: {text:?}: {error}"));
    }
}

/// Attributes that the user adds, and what is found with them in [`OTHER`].
const ADDED: [(&str, &[&str], &[&str]); 5] = [
    ("nothing else", &[], &["Load a.xsl"]),
    (
        "any case and prefix",
        &["href"],
        &["Load a.xsl", "Load b", "Load c", "Load f"],
    ),
    ("with a prefix", &["x:href"], &["Load a.xsl", "Load c"]),
    ("on an element", &["pic@src"], &["Load a.xsl", "Load e"]),
    (
        "on an element with a prefix",
        &["x:pic@src"],
        &["Load a.xsl", "Load e"],
    ),
];

const OTHER: &str = "<?xml-stylesheet href='a.xsl'?><r HREF='b' x:href='c' src='d'><X:Pic src='e' href='f'/><a style='g:url(h)'/></r>";

#[test]
fn other_documents() {
    for (name, added, expected) in ADDED {
        check(Dialect::Other, added, &[(name, OTHER, expected)]);
    }
    let svg = "<r><style xmlns='http://www.w3.org/2000/svg'>a{b:url(x)}</style></r>";
    check(
        Dialect::Other,
        &[],
        &[("not even a drawing within", svg, &[])],
    );
    let text = "<svg><a href='a' data-src='b'/></svg>";
    check(
        Dialect::Svg,
        &["href", "data-src"],
        &[("what is known stays", text, &["Link a", "Load b"])],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(2000)))]

    /// Any mix of tags round-trips in every XML dialect.
    #[test]
    fn any_mix_of_tags_round_trips(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let extra = Extra { attributes: vec![ExtraAttribute::named("data-src")], ..Extra::default() };
        let pieces = pieces.concat();
        for text in [pieces.clone(), format!("<svg>{pieces}</svg>"), format!("<p {pieces}/>"), format!("<rss>{pieces}</rss>")] {
            for dialect in [Dialect::Svg, Dialect::Xhtml, Dialect::Dash, Dialect::Other] {
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
        for dialect in [Dialect::Svg, Dialect::Xhtml, Dialect::Dash, Dialect::Other] {
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
    "<item>",
    "</item>",
    "<link>x</link>",
    "<link xmlns='http://www.w3.org/2005/Atom' href='x'/>",
    "<l xml:base='x'>",
    "</l>",
    "<Period>",
    "</Period>",
    "<BaseURL>",
    "x.mp4",
    "./",
    "</BaseURL>",
    "<SegmentURL media='x?y'/>",
    "<SegmentTemplate media='x$y$' index='z'/>",
    "<Location>x&amp;y?z</Location>",
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
