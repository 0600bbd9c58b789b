//! Tests: promises that hold for any page.

use proptest::prelude::*;

use super::super::*;
use crate::refs::Reference;

/// A page with another path in every reference.
fn replaced(html: &str, references: &[Reference], path: &str) -> String {
    let (mut new, mut end) = (String::new(), 0);
    for reference in references {
        new.push_str(&html[end..reference.span.start]);
        new.push_str(path);
        new.push_str(&reference.tail);
        end = reference.span.end;
    }
    new + &html[end..]
}

fn query(url: &str) -> &str {
    &url[url.find(['?', '#']).unwrap_or(url.len())..]
}

fn one_of(parts: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(parts).prop_map(str::to_string)
}

fn several(part: impl Strategy<Value = String>, max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(part, 0..max).prop_map(|parts| parts.concat())
}

const VALUES: &[&str] = &[
    "a",
    "b.png",
    "/",
    "./",
    "?",
    "#",
    ",",
    " ",
    "\r\n",
    "é",
    "&amp;",
    "&",
    "&quest;",
    "&#35;",
    "&#x2F;",
    "&copy",
    "=",
    "&eacute;",
    "&fjlig;",
    "&#59;",
    ";",
    "1x",
    "url(",
    ")",
    "url(c.png)",
    "&lt;img src=d&gt;",
    "5;url=",
    "&amp;quot;",
    "%20",
];

fn value() -> impl Strategy<Value = String> {
    let part = one_of(VALUES);
    several(part, 6)
}

const ATTRIBUTES: &[&str] = &[
    "src",
    "href",
    "xlink:href",
    "srcset",
    "style",
    "content",
    "srcdoc",
    "poster",
    "data",
    "SRC",
    "fill",
    "imagesrcset",
    "rel=icon href",
    "http-equiv=refresh content",
    "property=og:image content",
    "type=module src",
    "x",
    "background",
];

fn attribute() -> impl Strategy<Value = String> {
    let name = one_of(ATTRIBUTES);
    let before = one_of(&[" ", "\r\n", "/", "", "  x "]);
    let equals = one_of(&["=", " = ", "=\r\n", "="]);
    let quoted =
        (one_of(&["\"", "'"]), value()).prop_map(|(quote, value)| format!("{quote}{value}{quote}"));
    let unquoted =
        value().prop_map(|value| format!("{} ", value.replace([' ', '\r', '\n', '>'], "")));
    (
        before,
        name,
        equals,
        prop_oneof![2 => quoted, 1 => unquoted],
    )
        .prop_map(|(a, b, c, d)| a + &b + &c + &d)
}

const ELEMENTS: &[&str] = &[
    "img",
    "a",
    "source",
    "svg",
    "svg",
    "use",
    "image",
    "script",
    "link",
    "meta",
    "video",
    "iframe",
    "p",
    "style",
    "title",
    "foreignObject",
    "desc",
    "object",
    "math",
    "mi",
    "g",
];

const TEXTS: &[&str] = &[
    "text",
    "é",
    "\r\n",
    "&amp;",
    "<",
    "&",
    "<!-- <img src=x> -->",
    "<![CDATA[",
    "]]>",
    "url(e.png?f)",
    "import \"g.js\"",
    "<?",
    "<style>url(h)</style>",
    "<script>import \"i.js#j\"</script>",
    "\0",
    "<!doctype x>",
    "/*",
    "'",
    "<script type=importmap>{\"imports\":{\"k\":\"./k.js?l\"}}</script>",
];

fn fragment() -> impl Strategy<Value = String> {
    let name = one_of(ELEMENTS);
    let close = one_of(&[">", "/>", " >", " />"]);
    let tag =
        (name.clone(), several(attribute(), 4), close).prop_map(|(a, b, c)| format!("<{a}{b}{c}"));
    let end = name.prop_map(|name| format!("</{name}>"));
    let text = one_of(TEXTS);
    prop_oneof![3 => tag, 1 => end, 2 => text]
}

fn page() -> impl Strategy<Value = String> {
    several(fragment(), 12)
}

/// Characters that mean something, so that all kinds of states are reached.
fn noise() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        one_of(&[
            "<", ">", "/", "=", "\"", "'", "&", ";", "#", "!", "-", "--", "?", "]", "[", "\r",
            "\n", "\0", " ", "é", "\u{fffe}"
        ]),
        one_of(&[
            "svg",
            "style",
            "script",
            "img",
            "src",
            "iframe srcdoc",
            "title",
            "math",
            "CDATA[",
            "&amp",
            "&#x",
            "&NotEqualTilde;"
        ]),
        any::<char>().prop_map(String::from),
    ];
    several(part, 40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(2000)))]

    #[test]
    fn another_path_changes_that_path_only(html in page()) {
        let found = find(&html, &Extra::default()).references;
        prop_assert!(found.is_sorted_by(|a, b| a.span.end <= b.span.start), "{found:?}");
        let new_html = replaced(&html, &found, "x/new-1.png");
        let new = find(&new_html, &Extra::default()).references;
        let expected: Vec<_> = found.iter().map(|r| (r.kind, format!("x/new-1.png{}", query(&r.url)))).collect();
        let urls: Vec<_> = new.iter().map(|r| (r.kind, r.url.clone())).collect();
        prop_assert_eq!(urls, expected, "{}", new_html);
        prop_assert_eq!(replaced(&new_html, &new, ""), replaced(&html, &found, ""));
    }

    #[test]
    fn nothing_panics(html in noise()) {
        let found = find(&html, &Extra::default());
        for reference in &found.references {
            prop_assert!(html.get(reference.span.clone()).is_some());
        }
        for comment in &found.comments {
            prop_assert!(html[comment.clone()].starts_with('<'));
        }
    }

    /// html5gum's own reading of the values is compared with ours of the bytes as written.
    #[test]
    fn attributes_are_read_as_html5gum_does(html in prop_oneof![page(), noise()]) {
        use html5gum::{DefaultEmitter, Token, Tokenizer};
        // It normalises these, and decides by itself what foreign content is.
        let html = html.replace(['\r', '\0'], "").replace("svg", "b").replace("math", "i").replace("noframes", "x");
        let mut emitter = DefaultEmitter::<usize>::new_with_span();
        emitter.naively_switch_states(true);
        let theirs = Tokenizer::new_with_emitter(html.as_str(), emitter)
            .filter_map(|token| match token {
                Ok(Token::StartTag(tag)) => Some(tag),
                _ => None,
            })
            .map(|tag| {
                let values = tag.attributes.into_iter().map(|(name, value)| (name.to_vec(), value.to_vec()));
                (tag.span.start..tag.span.end, tag.name.to_vec(), values.collect::<Vec<_>>())
            })
            .collect::<Vec<_>>();
        let ours = tokens(&html).filter_map(|token| match token.what {
            What::Start(tag) => {
                let element = decode(&html, &tag);
                let mut values: Vec<_> = element.attributes.iter()
                    .map(|(name, value)| (name.as_bytes().to_vec(), value.text().as_bytes().to_vec()))
                    .collect();
                values.sort();
                Some((token.span, tag.name.as_bytes().to_vec(), values))
            }
            _ => None,
        });
        prop_assert_eq!(ours.collect::<Vec<_>>(), theirs);
    }
}
