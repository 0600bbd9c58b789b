//! Text without what editors and tools change in it: line ends, indentation, the kind of quotes,
//! byte order marks, UTF-16. Two texts that are the same without that say the same.

/// Shorter texts are no sign of anything, in bytes that count.
pub(in crate::naming) const HEAD_BYTES: usize = 16;

/// The first bytes that count.
pub(in crate::naming) type Head = [u8; HEAD_BYTES];

/// Number of bytes that are read at a time for the head.
const PIECE_BYTES: usize = 64;

/// A text that is read piece by piece.
pub(in crate::naming) struct Plain {
    head: Vec<u8>,
    hasher: blake3::Hasher,
    order: Option<fn([u8; 2]) -> u16>,
    is_begun: bool,
    is_left: bool,
}

impl Plain {
    /// Returns the beginning of any text.
    pub(in crate::naming) fn new() -> Plain {
        Plain {
            head: Vec::with_capacity(HEAD_BYTES),
            hasher: blake3::Hasher::new(),
            order: None,
            is_begun: false,
            is_left: false,
        }
    }

    /// Returns head and digest of a whole text; None if it's too short, or `is_wanted` doesn't want
    /// its head.
    pub(in crate::naming) fn of(
        bytes: &[u8],
        is_wanted: &impl Fn(&Head) -> bool,
    ) -> Option<(Head, blake3::Hash)> {
        let mut plain = Plain::new();
        plain.feed(bytes, is_wanted);
        plain.finish()
    }

    /// Reads the next piece. From a text whose head isn't wanted, nothing more is read.
    pub(in crate::naming) fn feed(&mut self, bytes: &[u8], is_wanted: &impl Fn(&Head) -> bool) {
        let mut bytes = bytes;
        if !self.is_begun && !bytes.is_empty() {
            self.is_begun = true;
            bytes = self.begin(bytes);
        }
        while self.head.len() < HEAD_BYTES && !bytes.is_empty() && !self.is_left {
            let (piece, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES));
            let kept = self.kept(piece);
            let (head, more) = kept.split_at(kept.len().min(HEAD_BYTES - self.head.len()));
            self.head.extend_from_slice(head);
            self.is_left = self.head().is_some_and(|head| !is_wanted(&head));
            if !self.is_left {
                self.hasher.update(head);
                self.hasher.update(more);
            }
            bytes = rest;
        }
        if !self.is_left && !bytes.is_empty() {
            self.hasher.update(&self.kept(bytes));
        }
    }

    /// Returns whether nothing more is read.
    pub(in crate::naming) fn is_over(&self) -> bool {
        self.is_left
    }

    /// Returns head and digest of what was read.
    pub(in crate::naming) fn finish(self) -> Option<(Head, blake3::Hash)> {
        let head = self.head().filter(|_| !self.is_left)?;
        Some((head, self.hasher.finalize()))
    }

    fn head(&self) -> Option<Head> {
        self.head.as_slice().try_into().ok()
    }

    fn begin<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        match bytes {
            [0xff, 0xfe, rest @ ..] => {
                self.order = Some(u16::from_le_bytes);
                rest
            }
            [0xfe, 0xff, rest @ ..] => {
                self.order = Some(u16::from_be_bytes);
                rest
            }
            [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            _ => bytes,
        }
    }

    fn kept(&self, bytes: &[u8]) -> Vec<u8> {
        match self.order {
            None => without_blanks(bytes),
            Some(order) => {
                let units = bytes.chunks_exact(2);
                let units = units.map(|pair| order([pair[0], pair[1]]));
                let text: String = char::decode_utf16(units)
                    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect();
                without_blanks(text.as_bytes())
            }
        }
    }
}

fn without_blanks(bytes: &[u8]) -> Vec<u8> {
    let kept = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
    let kept = kept.map(|byte| match byte {
        b'\'' => b'"',
        byte => *byte,
    });
    let mut all = Vec::with_capacity(bytes.len());
    all.extend(kept);
    all
}

#[cfg(test)]
mod tests;
