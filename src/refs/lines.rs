//! Lines of a text, and where they stand in it.

use std::iter;
use std::ops::Range;

/// Returns where the lines of a text are, without their ends (LF, CRLF or CR), and without a byte
/// order mark.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let line = at..at + len;
        at = if rest[len..].starts_with(b"\r\n") {
            line.end + 2
        } else {
            line.end + 1
        };
        Some(line)
    })
}

/// Returns where `part`, a slice of `text`, stands in it.
pub(super) fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// Says whether URLs are stripped of it at their ends:
/// https://url.spec.whatwg.org/#concept-basic-url-parser, step 1.
pub(super) fn is_blank(c: char) -> bool {
    c <= ' '
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LF, CRLF and CR each end one line, and a byte order mark belongs to none.
    #[test]
    fn every_line_ending_ends_one_line() {
        let text = "\u{feff}a\r\n\r\nb\rc\n\n\u{e9}";
        let found: Vec<&str> = lines(text).map(|line| &text[line]).collect();
        assert_eq!(found, ["a", "", "b", "c", "", "\u{e9}"]);
        for text in ["", "\u{feff}"] {
            assert_eq!(lines(text).count(), 0, "{text:?}");
        }
    }
}
