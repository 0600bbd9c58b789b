//! Tests: decoded text, and the bytes it stands for.

use super::*;

fn decode(piece: &str) -> Cow<'_, str> {
    htmlize::unescape_attribute(piece)
}

/// Every decoded character maps to the place where it is written.
#[test]
fn decoded_offsets_map_to_source() {
    for (raw, text, starts) in [
        ("abc", "abc", &[0, 1, 2, 3][..]),
        ("", "", &[0]),
        ("a&amp;b", "a&b", &[0, 1, 6, 7]),
        ("&amp;&lt;", "&<", &[0, 5, 9]),
        ("&x&amp", "&x&", &[0, 1, 2, 6]),
        ("&#59;;", ";;", &[0, 5, 6]),
        ("&#59;&#59", ";;", &[0, 5, 9]),
        ("&fjlig;a", "fja", &[0, 0, 7, 8]),
        ("é&eacute;é", "ééé", &[0, 2, 10, 12]),
    ] {
        let decoded = Decoded::new(100, raw, decode);
        let offsets = decoded
            .text()
            .char_indices()
            .map(|(at, _)| at)
            .chain([decoded.text().len()]);
        let found: Vec<_> = offsets.map(|at| decoded.raw(at) - 100).collect();
        assert_eq!((decoded.text(), found.as_slice()), (text, starts), "{raw}");
    }
}

/// Markup between two decoded pieces belongs to neither of them.
#[test]
fn markup_between_pieces_maps_to_neither() {
    let mut decoded = Decoded::default();
    decoded.push(0, "a&lt;", decode);
    decoded.push_verbatim(20, "&lt;");
    decoded.push(24, "b", decode);
    assert_eq!(decoded.text(), "a<\n&lt;b");
    let found: Vec<_> = (0..=8).map(|at| decoded.raw(at)).collect();
    assert_eq!(found, [0, 1, 5, 20, 21, 22, 23, 24, 25]);
}
