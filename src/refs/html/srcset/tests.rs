//! Tests: image candidates.

use super::urls;

/// Values, and the URLs in them.
const CANDIDATES: [(&str, &[&str]); 16] = [
    ("", &[]),
    (" , ,", &[]),
    ("a.png", &["a.png"]),
    ("a.png 1x, b.png 2x", &["a.png", "b.png"]),
    ("a.png 1x,b.png 2x", &["a.png", "b.png"]),
    ("a.png, b.png", &["a.png", "b.png"]),
    ("a.png,b.png", &["a.png,b.png"]),
    ("a.png,,, b.png", &["a.png", "b.png"]),
    (",a.png", &["a.png"]),
    ("\n\ta.png 100w,\r\n\tb.png 200w\n", &["a.png", "b.png"]),
    (
        "data:image/png;base64,AAAA 1x, b.png 2x",
        &["data:image/png;base64,AAAA", "b.png"],
    ),
    ("w_10,h_20/a.png 1x, b.png", &["w_10,h_20/a.png", "b.png"]),
    ("a.png foo(1, 2) 2x, b.png", &["a.png", "b.png"]),
    ("a.png foo(1, b.png", &["a.png"]),
    ("é.png 1x, ü.png 2x", &["é.png", "ü.png"]),
    ("a.png\u{a0}1x", &["a.png\u{a0}1x"]),
];

/// Candidates of a `srcset` are split as the HTML standard defines it.
#[test]
fn srcset_is_split_by_the_standard() {
    for (srcset, expected) in CANDIDATES {
        let found: Vec<_> = urls(srcset).into_iter().map(|url| &srcset[url]).collect();
        assert_eq!(found, expected, "{srcset}");
    }
}
