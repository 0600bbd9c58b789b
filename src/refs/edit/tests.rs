//! Tests: replaced stretches of a file.

use super::*;

fn edits(replacements: &[(Range<usize>, &str)]) -> Edits {
    let owned = replacements
        .iter()
        .map(|(span, text)| (span.clone(), text.as_bytes().to_vec()));
    Edits::new(owned.collect())
}

/// Edited spans are replaced, and everything else stays.
#[test]
fn only_edited_spans_change() {
    for (replacements, expected) in [
        (&[][..], "0123456789"),
        (&[(2..4, "ab")], "01ab456789"),
        (&[(0..3, "")], "3456789"),
        (&[(0..0, "x"), (10..10, "y")], "x0123456789y"),
        (&[(8..10, "long one"), (1..2, "-")], "0-234567long one"),
        (&[(1..3, "a"), (3..5, "b")], "0ab56789"),
        (&[(1..5, "a"), (2..3, "b")], "0a56789"),
        (&[(1..3, "b"), (1..5, "a")], "0a56789"),
    ] {
        assert_eq!(
            edits(replacements).apply(b"0123456789"),
            expected.as_bytes(),
            "{replacements:?}"
        );
    }
}

/// Edits beyond the end of a source that shrank do not panic.
#[test]
fn edit_beyond_end_does_not_panic() {
    assert_eq!(edits(&[(2..4, "ab"), (8..9, "c")]).apply(b"012"), b"01ab");
}

/// Reading byte by byte gives the same result as applying the edits at once.
#[test]
fn bytewise_reading_gives_same_result() {
    let edits = edits(&[(0..1, "abc"), (4..7, ""), (9..10, "zz")]);
    let mut reader = edits.reader(&b"0123456789"[..]);
    let mut bytes = Vec::new();
    let mut byte = [0];
    while reader.read(&mut byte).expect("memory can be read") == 1 {
        bytes.push(byte[0]);
    }
    assert_eq!(bytes, edits.apply(b"0123456789"));
    assert_eq!(bytes, b"abc12378zz");
}
