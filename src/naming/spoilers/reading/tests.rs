//! Readings of bytes, and where each stands in the file.

use proptest::prelude::*;

use super::*;

/// A space that is escaped in a style is read as a space.
#[test]
fn css_escaped_space_is_decoded() {
    for bytes in [Bytes::Text, Bytes::Script, Bytes::Markup] {
        let mut readings = Vec::new();
        Reading::verbatim(b"url(wick\\20 oil.png)").each(bytes, &mut |reading| {
            readings.push(reading.bytes.to_vec());
        });
        let wanted = b"url(wick oil.png)".to_vec();
        assert!(readings.contains(&wanted), "{bytes:?}");
    }
}

fn written() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "a",
        "b/",
        "/",
        "..",
        "/../",
        "/./",
        "\\",
        "\\u002f",
        "\\x2",
        "\\2f ",
        "\\\\",
        "&#47;",
        "&#x2",
        "&sol;",
        "&",
        "%2F",
        "%25",
        "%u002F",
        "\" + \"",
        "'+",
        "${\"a\"}",
        "${",
        "]]>",
        "<![CDATA[",
        "\n ",
        "=\r\n",
        "\0",
        "\u{fe}",
        "<b>",
        "</w:p>",
        "<span a>",
        "<!-- -->",
        "<!--",
        "\u{ad}",
        "\u{200b}",
        "=2F",
        "=2",
        "<!ENTITY x \"&x;&x;\">",
        "&x;",
        "YWJjZGVmZ2hpamtsbW5vcA",
        "aGVsbG8vd29ybGQv\n",
        "-_",
        "ü",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec![
        Bytes::Text,
        Bytes::Script,
        Bytes::Folded,
        Bytes::Markup,
        Bytes::Runs,
        Bytes::Anything,
        Bytes::Utf16(Utf16::LittleEndian),
        Bytes::Utf16(Utf16::BigEndian),
    ])
}

proptest! {
    /// Every reading of a file maps back to a place in it, and there are few of them.
    #[test]
    fn every_reading_maps_into_the_file(written in written(), bytes in bytes()) {
        let mut readings = 0;
        Reading::verbatim(&written).each(bytes, &mut |reading| {
            readings += 1;
            for part in reading.parts(9) {
                assert!(part.start <= part.end && part.end <= reading.bytes.len());
            }
            for at in 0..=reading.bytes.len() {
                assert!(reading.origin(at) <= written.len() + reading.bytes.len());
            }
        });
        prop_assert!(readings < 100, "{readings}");
    }
}
