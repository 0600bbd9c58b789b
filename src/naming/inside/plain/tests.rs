//! Texts that are the same but for what tools change.

use super::*;

fn digest(bytes: &[u8]) -> Option<blake3::Hash> {
    Plain::of(bytes, &|_| true).map(|(_, digest)| digest)
}

/// Minifying, line endings, quotes and encodings do not change the digest of a text.
#[test]
fn reformatting_does_not_change_digest() {
    let text = "{\"answer\": \"wick\",\n \"is\": \"größer\"}\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = format!("\u{feff}{text}");
        text.encode_utf16().flat_map(bytes).collect()
    };
    for same in [
        "{\"answer\":\"wick\",\"is\":\"größer\"}"
            .as_bytes()
            .to_vec(),
        text.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{text}\n\n").into_bytes(),
        text.replace('"', "'").into_bytes(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ] {
        assert_eq!(digest(&same), digest(text.as_bytes()), "{same:?}");
    }
    assert_ne!(
        digest(text.replace('w', "k").as_bytes()),
        digest(text.as_bytes())
    );
    assert_eq!(digest(b"short \n text"), None);
    let unwanted = Plain::of(text.as_bytes(), &|_| false);
    assert_eq!(unwanted, None);
}

#[test]
fn pieces_are_read_like_the_whole() {
    let text = "  a text of\nmany words ".repeat(50);
    for size in [1, 2, 63, 64, 65] {
        let mut plain = Plain::new();
        for piece in text.as_bytes().chunks(size) {
            plain.feed(piece, &|_| true);
        }
        assert_eq!(
            plain.finish().map(|(_, digest)| digest),
            digest(text.as_bytes())
        );
    }
}
