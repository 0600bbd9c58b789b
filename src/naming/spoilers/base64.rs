//! Stretches of base64 in a text, and what they say.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

/// In so many ways, base64 can be cut.
pub(super) const PHASES: usize = 4;

/// Shorter base64 can't hold a name.
const BASE64_BYTES_MIN: usize = 16;

/// Lines of base64 are at least this long where they're wrapped; the last one is shorter.
const BASE64_LINE_BYTES_MIN: usize = 60;

/// Table of the bytes that base64 consists of, including the variant for URLs.
const IS_BASE64: [bool; 256] = {
    let mut is_base64 = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let letter = byte as u8;
        is_base64[byte] =
            letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    is_base64
};

/// Calls `found` with what each stretch of base64 says, and where it begins; also if up to `starts`
/// characters less belong to it. At the beginning of the text, where it may be cut, that's always
/// tried.
pub(super) fn each_base64(text: &[u8], starts: usize, mut found: impl FnMut(usize, &[u8])) {
    let mut at = 0;
    let mut encoded = Vec::new();
    while at + BASE64_BYTES_MIN <= text.len() {
        // If the shortest stretch has another letter in it, none begins before that letter.
        let shortest = &text[at..at + BASE64_BYTES_MIN];
        if let Some(other) = shortest.iter().rposition(|byte| !is_base64(*byte)) {
            at += other + 1;
            continue;
        }
        let start = at;
        at = collect(text, start, &mut encoded);
        let starts = if start == 0 { PHASES } else { starts };
        for skipped in 0..starts.min(encoded.len()) {
            let encoded = &encoded[skipped..];
            if encoded.len() >= BASE64_BYTES_MIN
                && let Some(unpacked) = decoded(encoded)
                && may_have_text(&unpacked)
            {
                found(start + skipped, &unpacked);
            }
        }
    }
}

fn is_base64(byte: u8) -> bool {
    IS_BASE64[usize::from(byte)]
}

/// Collects a stretch, line by line, and returns where it ends.
fn collect(text: &[u8], start: usize, encoded: &mut Vec<u8>) -> usize {
    encoded.clear();
    let mut at = start;
    loop {
        let line = text[at..]
            .iter()
            .take_while(|byte| is_base64(**byte))
            .count();
        encoded.extend_from_slice(&text[at..at + line]);
        at += line;
        let rest = &text[at..];
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        match rest {
            [b'\n', next, ..] if line >= BASE64_LINE_BYTES_MIN && is_base64(*next) => {
                at = text.len() - rest.len() + 1;
            }
            _ => return at,
        }
    }
}

/// Returns whether a name may be in there: most of what looks like base64 is a path or a digest,
/// and says nothing.
fn may_have_text(unpacked: &[u8]) -> bool {
    const ROW_BYTES: usize = 5;
    // Zeros are half of UTF-16.
    let is_text = |byte: &u8| *byte == 0 || !byte.is_ascii_control() || byte.is_ascii_whitespace();
    unpacked.utf8_chunks().any(|chunk| {
        let mut rows = chunk.valid().as_bytes().split(|byte| !is_text(byte));
        rows.any(|row| row.len() >= ROW_BYTES)
    })
}

/// Decodes as much as is whole.
fn decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let is_url = encoded.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = if is_url {
        BASE64URL_NOPAD
    } else {
        BASE64_NOPAD
    };
    let whole = encoded.len() - usize::from(encoded.len() % 4 == 1);
    let all = encoding.decode(&encoded[..whole]);
    // Bits that are left over at the end needn't be zero.
    let fours = &encoded[..encoded.len() - encoded.len() % 4];
    all.or_else(|_| encoding.decode(fours)).ok()
}
