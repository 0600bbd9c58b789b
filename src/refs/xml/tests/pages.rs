//! Tests: URLs in pages that are XML.

use super::*;

const PAGES: &[Row] = &[
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
];

#[test]
fn pages() {
    check(Dialect::Xhtml, &[], PAGES);
}

/// The first base URL of an XHTML page counts.
#[test]
fn first_base_of_page_counts() {
    let base = |text| find(text, &Extra::default(), Dialect::Xhtml).base;
    assert_eq!(
        base("<html><base target='x'/><base href=' a/&amp; '/><base href='b'/></html>").as_deref(),
        Some("a/&")
    );
    assert_eq!(base("<html/>"), None);
}
