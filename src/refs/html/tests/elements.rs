//! Tests: elements and attributes that hold URLs.

use super::*;

const SHOWN: &[Row] = &[
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
];

#[test]
fn what_the_page_shows_is_loaded() {
    check(SHOWN);
}

/// The `rel` of a link decides whether its target is loaded or followed.
#[test]
fn link_rel_decides_on_loading() {
    let loaded = "stylesheet icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image fluid-icon \
        mask-icon preload prefetch modulepreload image_src";
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

const METAS: &[Row] = &[
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
];

/// The name of a meta element decides whether its content is a URL.
#[test]
fn meta_name_decides_on_url() {
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
    check(METAS);
    assert_eq!(
        spans("<meta http-equiv=refresh content='5; URL=\"a.html?b#c\"'>"),
        ["a.html"]
    );
}

/// URLs that people follow are links, and other attributes are left alone.
#[test]
fn followed_urls_are_links() {
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

/// The first base URL is noted and is not a reference.
#[test]
fn first_base_is_noted() {
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
fn extra_attributes_are_loaded() {
    let extra = Extra {
        attributes: ["data-src", "img@data-full"]
            .map(ExtraAttribute::named)
            .to_vec(),
        ..Extra::default()
    };
    let html = "<p data-src=a data-full=b><img data-full=c DATA-SRC=d><svg><g data-src=e>";
    assert_eq!(
        references_with(html, &extra),
        ["Load a", "Load c", "Load d", "Load e"]
    );
    assert_eq!(references(html), [] as [&str; 0]);
}

/// A rule decides by which grammar an extra attribute is read.
#[test]
fn rule_sets_grammar_of_attribute() {
    let as_grammar = |(name, grammar): (&str, Grammar)| ExtraAttribute {
        grammar,
        ..ExtraAttribute::named(name)
    };
    let attributes = [
        ("data-set", Grammar::Srcset),
        ("data-style", Grammar::Css),
        ("data-look", Grammar::Css),
    ];
    let extra = Extra {
        attributes: attributes.map(as_grammar).to_vec(),
        ..Extra::default()
    };
    let html = "<p data-set='a.png 1x, b.png 2x' data-style='color: red; background: url(c.png)' data-look='url(d.png) no-repeat'>";
    assert_eq!(
        references_with(html, &extra),
        ["Load a.png", "Load b.png", "Load c.png", "Load d.png"]
    );
}
