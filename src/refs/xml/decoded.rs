//! Text that stands otherwise in the document, and the way back: which bytes of the document each part came from.

use std::borrow::Cow;

/// A decoded text, made of pieces that were decoded each for itself.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    text: String,
    pieces: Vec<Piece>,
    raw_len: usize,
}

/// Where a piece starts. What was replaced in it stands at its start: the rest is the same in both.
#[derive(Debug)]
struct Piece {
    text: usize,
    raw: usize,
}

impl Decoded {
    /// Decodes the pieces of `raw` that `&` begins, and the one in front of the first `&`.
    pub fn new(raw: &str, decode_piece: impl Fn(&str) -> Cow<'_, str>) -> Decoded {
        let mut decoded = Decoded::default();
        let mut start = 0;
        let ends = raw.match_indices('&').map(|(at, _)| at).chain([raw.len()]);
        for end in ends {
            decoded.push(end - start, &decode_piece(&raw[start..end]));
            start = end;
        }
        decoded
    }

    /// Adds a piece: the next `raw_len` bytes of the document mean `text`.
    pub fn push(&mut self, raw_len: usize, text: &str) {
        self.pieces.push(Piece {
            text: self.text.len(),
            raw: self.raw_len,
        });
        self.text += text;
        self.raw_len += raw_len;
    }

    /// What it means.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the byte at `offset` of the text stands in the document.
    pub fn raw(&self, offset: usize) -> usize {
        let next = self.pieces.partition_point(|piece| piece.text <= offset);
        let Some(piece) = next.checked_sub(1).map(|index| &self.pieces[index]) else {
            return offset;
        };
        if offset == piece.text {
            return piece.raw;
        }
        let end = self
            .pieces
            .get(next)
            .unwrap_or(&Piece {
                text: self.text.len(),
                raw: self.raw_len,
            })
            .raw;
        let text_end = self
            .pieces
            .get(next)
            .map_or(self.text.len(), |piece| piece.text);
        end.saturating_sub(text_end.saturating_sub(offset))
            .max(piece.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &str) -> Decoded {
        Decoded::new(raw, |piece| match piece.strip_prefix("&amp;") {
            Some(rest) => format!("&{rest}").into(),
            None => piece.into(),
        })
    }

    #[test]
    fn every_offset_leads_back() {
        let raw = "ab&amp;&amp;cd&amp;";
        let decoded = decoded(raw);
        assert_eq!(decoded.text(), "ab&&cd&");
        let way_back: Vec<_> = (0..=7).map(|offset| decoded.raw(offset)).collect();
        assert_eq!(way_back, [0, 1, 2, 7, 12, 13, 14, 19]);
    }

    #[test]
    fn an_empty_text_has_one_offset() {
        assert_eq!(decoded("").raw(0), 0);
        assert_eq!(decoded("").text(), "");
    }

    #[test]
    fn a_piece_may_be_longer_or_shorter_than_its_raw_bytes() {
        let mut decoded = Decoded::default();
        decoded.push(2, "ab");
        decoded.push(6, "");
        decoded.push(1, "c");
        decoded.push(1, "defg");
        assert_eq!(
            [0, 1, 2, 3, 4, 7].map(|offset| decoded.raw(offset)),
            [0, 1, 8, 9, 9, 10]
        );
    }
}
