//! A text in UTF-8, and where its characters stand in the file that it was read from.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::Known;
use crate::tree::Asset;

/// A text in UTF-8, and where its bytes are in the file.
#[derive(Debug, Default)]
pub(crate) struct Text<'a> {
    text: Cow<'a, str>,
    /// Places where the distance to the file changes: in the text, and in the file.
    marks: Vec<(usize, usize)>,
    /// The bytes of the file that an ASCII character takes.
    ascii_bytes: usize,
}

impl<'a> Text<'a> {
    pub(super) fn verbatim(text: &'a str) -> Text<'a> {
        Text {
            text: Cow::Borrowed(text),
            marks: Vec::new(),
            ascii_bytes: 1,
        }
    }

    /// Reads a file as far as that goes.
    pub(crate) fn read(content: &'a [u8], asset: &Asset) -> Text<'a> {
        let policy = &asset.policy;
        let extension = asset.path.extension().unwrap_or_default();
        let content_type = &policy.headers.content_type;
        let known = Known::of(content, content_type, &extension, policy.type_by);
        known.read(content).unwrap_or_else(|_| Text::lossy(content))
    }

    /// Reads what is UTF-8 of it; what isn't becomes `?`, byte by byte.
    pub(crate) fn lossy(content: &'a [u8]) -> Text<'a> {
        Text {
            text: crate::base::text::same_length_utf8(content),
            marks: Vec::new(),
            ascii_bytes: 1,
        }
    }

    /// Reads a part of a file that is UTF-8.
    pub(crate) fn part(content: &'a [u8], range: Range<usize>) -> Text<'a> {
        Text {
            marks: vec![(0, range.start)],
            ..Text::lossy(&content[range])
        }
    }

    /// Says whether every place of the text is the same in the file.
    pub(crate) fn is_in_place(&self) -> bool {
        self.marks.is_empty() && self.ascii_bytes == 1
    }

    /// Byte by byte, so that the place of every character is known.
    pub(super) fn decode(
        content: &[u8],
        encoding: &'static Encoding,
    ) -> Result<Text<'static>, usize> {
        let is_utf_16 = encoding == UTF_16LE || encoding == UTF_16BE;
        let ascii_bytes = if is_utf_16 { 2 } else { 1 };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let mut text = String::with_capacity(content.len());
        let mut marks = Vec::new();
        // For each character: its place in the file, and whether it is as far from the previous one
        // as in ASCII.
        let mut start = 0;
        for at in 0..=content.len() {
            let is_last = at == content.len();
            let byte = content.get(at..=at).unwrap_or_default();
            let mut out = [0; 16];
            let (result, _, count) =
                decoder.decode_to_utf8_without_replacement(byte, &mut out, is_last);
            if let DecoderResult::Malformed(..) = result {
                return Err(start);
            }
            if count == 0 {
                continue;
            }
            let written = std::str::from_utf8(&out[..count]).map_err(|_| start)?;
            let end = at + byte.len();
            let is_regular = written.is_ascii() && end - start == ascii_bytes * count;
            if !is_regular {
                marks.push((text.len(), start));
                marks.push((text.len() + count, end));
            }
            text.push_str(written);
            start = end;
        }
        marks.dedup();
        Ok(Text {
            text: Cow::Owned(text),
            marks,
            ascii_bytes,
        })
    }

    /// Returns it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns where in the file a place of the text is.
    pub(crate) fn source(&self, at: usize) -> usize {
        let next = self.marks.partition_point(|(text, _)| *text <= at);
        let (text, source) = match next.checked_sub(1) {
            Some(last) => self.marks[last],
            None => (0, 0),
        };
        source + (at - text) * self.ascii_bytes
    }
}
