//! Tests: documents that aren't well-formed, and hostile ones.

use super::*;

/// Names, documents, the places of their faults and what these say.
const FAULTS: [(&str, &str, usize, &str); 18] = [
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
        "a duplicate attribute",
    ),
    ("no value", "<b c/>", 4, "an attribute without `=`"),
    (
        "no quotes",
        "<b c=d/>",
        5,
        "an attribute value without quotes",
    ),
    (
        "an ampersand in a value",
        "<b c='ü?d&e=f'/>",
        10,
        "`&` must be written as `&amp;`",
    ),
    (
        "an ampersand in a name",
        "<b c='&d e;'/>",
        6,
        "`&` must be written as `&amp;`",
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
        "`<` must be written as `&lt;`",
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
        "`&` must be written as `&amp;`",
    ),
    (
        "an entity outside",
        "<b/>&amp;",
        4,
        "text outside the root element",
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

#[test]
fn a_fault_tells_where_it_is() {
    for (name, text, at, message) in FAULTS {
        for before in ["", "\u{feff}"] {
            let text = format!("{before}{text}");
            let faults = find(&text, &Extra::default(), Dialect::Svg).faults;
            let at = at + before.len();
            assert_eq!(
                faults,
                [Fault::end(at, format!("isn't well-formed XML: {message}"))],
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn what_stands_before_a_fault_stays() {
    let text = "<svg><a href='x'/></b><a href='y'/></svg>";
    assert_eq!(urls(text, &Extra::default(), Dialect::Svg), ["Link x"]);
    let faults = find(text, &Extra::default(), Dialect::Svg).faults;
    assert_eq!(faults.len(), 1);
}

#[test]
fn nothing_stands_beside_the_root() {
    for (text, why) in [
        ("<a/><b/>", "a second root element"),
        ("<a/>b", "text outside the root element"),
        ("<a/><![CDATA[ ]]>", "text outside the root element"),
    ] {
        let faults = find(text, &Extra::default(), Dialect::Svg).faults;
        assert_eq!(faults, [ill_formed(4, why)], "{text}");
    }
}

/// Deep nesting and long entities use little stack.
#[test]
fn deep_nesting_uses_little_stack() {
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
}

fn hostile() -> [String; 9] {
    let one_tag = |pieces: String| format!("<svg style='url(\"{pieces}\")'/>");
    [
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
    ]
}

#[test]
fn hostile_text_takes_linear_time() {
    for text in hostile() {
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
