//! Tests: URLs in styles.

mod source_maps;
mod spelling;
mod urls;

use super::*;
use crate::refs::round_trip;
use proptest::prelude::*;

/// Each URL; where it's written otherwise, as `raw -> URL`; where it isn't loaded, with its kind.
fn urls(text: &str, part: Part) -> Vec<String> {
    let show = |r: &Reference| {
        let raw = &text[r.span.clone()];
        let path = &r.url[..r.url.find(['?', '#']).unwrap_or(r.url.len())];
        let kind = if r.kind == Kind::Load {
            String::new()
        } else {
            format!("{:?} ", r.kind)
        };
        if raw == path && r.tail.is_empty() {
            format!("{kind}{}", r.url)
        } else {
            format!("{kind}{raw} -> {}", r.url)
        }
    };
    find(text, part).references.iter().map(show).collect()
}

/// A name, a style, and what is found in it.
type Row = (&'static str, &'static str, &'static [&'static str]);

#[track_caller]
fn check(part: Part, rows: &[Row]) {
    for (name, text, expected) in rows {
        assert_eq!(urls(text, part), *expected, "{name}: {text:?}");
        round_trip::check(text, |text| find(text, part))
            .unwrap_or_else(|error| panic!("{name}: {text:?}: {error}"));
    }
}

/// Blocks that are nested too deeply are skipped and reported.
#[test]
fn deeply_nested_blocks_are_faults() {
    let nested = |depth: usize| {
        format!(
            "{}a:url(x){};b{{c:url(y)}}",
            "{".repeat(depth),
            "}".repeat(depth)
        )
    };
    assert_eq!(urls(&nested(DEPTH_MAX), Part::Stylesheet), ["x", "y"]);
    let text = nested(DEPTH_MAX + 1);
    let found = find(&text, Part::Stylesheet);
    assert_eq!(urls(&text, Part::Stylesheet), ["y"]);
    assert_eq!(
        found.faults,
        [Fault::unread(DEPTH_MAX, "nested too deeply")]
    );
}

#[test]
fn hostile_text_takes_linear_time() {
    for piece in [
        "{",
        "(",
        "[",
        "url(",
        "url( \"",
        "a(",
        "/*",
        "\\",
        "image-set(",
        "}{",
        "@import ",
        "@supports(",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        let start = std::time::Instant::now();
        find(&text, Part::Stylesheet);
        assert!(
            start.elapsed().as_secs() < 5,
            "{piece}: {:?}",
            start.elapsed()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(2000)))]

    /// Any mix of CSS tokens round-trips.
    #[test]
    fn any_mix_of_tokens_round_trips(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        let text = pieces.concat();
        for part in [Part::Stylesheet, Part::Declarations] {
            prop_assert_eq!(round_trip::check(&text, |text| find(text, part)), Ok(()));
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        find(&text, Part::Stylesheet);
    }
}

const PIECES: &[&str] = &[
    "url(",
    "u\\72l(",
    "src(",
    "image-set(",
    "type(",
    "supports(",
    "x.png",
    "ü",
    "\u{1F600}",
    "?v=1&w",
    "#f",
    "\"",
    "'",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    ":",
    " ",
    "\n",
    "\r\n",
    "\u{c}",
    "\\",
    "\\\\",
    "\\61 ",
    "\\61",
    "\0",
    "a",
    "@import ",
    "@namespace ",
    "@supports ",
    "@media ",
    "/*",
    "*/",
    "/*# sourceMappingURL=x.map */",
    "/*# sourceMappingURL=data:,x */",
    "\u{feff}",
    "<!--",
    "-->",
    "\\\r\n",
    "1x",
    "/",
    "*",
];
