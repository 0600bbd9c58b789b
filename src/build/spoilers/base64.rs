//! Stretches of base64 in a text, and what they say.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

/// In so many ways, base64 can be cut.
pub(super) const PHASES: usize = 4;

/// Shorter base64 can't hold a name.
const BASE64_BYTES_MIN: usize = 16;

/// Lines of base64 are at least this long where they're wrapped; the last one is shorter.
const BASE64_LINE_BYTES_MIN: usize = 60;

/// Which bytes base64 consists of, that of URLs too.
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

/// Calls `found` with what each stretch of base64 says, and where it begins; also if up to `starts` characters less belong
/// to it. At the beginning of the text, where it may be cut, that's always tried.
pub(super) fn each_base64(text: &[u8], starts: usize, mut found: impl FnMut(usize, &[u8])) {
    let is_base64 = |byte: u8| IS_BASE64[usize::from(byte)];
    let mut at = 0;
    let mut encoded = Vec::new();
    while at < text.len() {
        let Some(start) = text[at..].iter().position(|byte| is_base64(*byte)) else {
            return;
        };
        let start = at + start;
        at = start;
        // Most of a text is words, which are shorter.
        let enough = text[start..].iter().take(BASE64_BYTES_MIN);
        let word = enough.take_while(|byte| is_base64(**byte)).count();
        if word < BASE64_BYTES_MIN {
            at += word;
            continue;
        }
        encoded.clear();
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
                _ => break,
            }
        }
        let starts = if start == 0 { PHASES } else { starts };
        for skipped in 0..starts.min(encoded.len()) {
            let encoded = &encoded[skipped..];
            if encoded.len() >= BASE64_BYTES_MIN
                && let Some(unpacked) = decoded(encoded)
            {
                found(start + skipped, &unpacked);
            }
        }
    }
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
