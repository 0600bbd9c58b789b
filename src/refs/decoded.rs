//! Text with its entities resolved, and a map from where something stands in it back to where it's written.

use std::borrow::Cow;

use super::{Kind, Reference};

/// Text as a browser reads it, made of one or more pieces of a document.
#[derive(Debug, Default)]
pub(super) struct Decoded<'a> {
    text: Cow<'a, str>,
    steps: Vec<Step>,
    /// Where the last piece ends in the document.
    end: usize,
}

/// From `text` on, the text is what is written at `raw`.
#[derive(Debug)]
struct Step {
    text: usize,
    raw: usize,
    written: Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// Byte by byte.
    Plainly,
    /// All of it by one entity.
    AsEntity,
}

impl<'a> Decoded<'a> {
    /// `raw`, which stands at `at`. `decode` resolves what begins with an `&` and reaches up to the next one.
    pub(super) fn new(at: usize, raw: &'a str, decode: fn(&str) -> Cow<'_, str>) -> Decoded<'a> {
        let mut decoded = Decoded::default();
        decoded.push(at, raw, decode);
        decoded
    }

    /// Appends `raw`, which stands at `at`, without its entities.
    pub(super) fn push(&mut self, at: usize, raw: &'a str, decode: fn(&str) -> Cow<'_, str>) {
        self.separate(at);
        let mut rest = raw;
        while let Some(entity) = rest.find('&') {
            let next = rest[entity + 1..]
                .find('&')
                .map_or(rest.len(), |next| entity + 1 + next);
            self.append(at + raw.len() - rest.len(), &rest[..entity]);
            self.append_piece(
                at + raw.len() - rest.len() + entity,
                &rest[entity..next],
                decode,
            );
            rest = &rest[next..];
        }
        self.append(at + raw.len() - rest.len(), rest);
        self.end = at + raw.len();
    }

    /// Appends `raw`, which stands at `at`, and in which an `&` is an `&`.
    pub(super) fn push_verbatim(&mut self, at: usize, raw: &'a str) {
        self.separate(at);
        self.append(at, raw);
        self.end = at + raw.len();
    }

    /// The text as the browser reads it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where in the document what stands at `offset` of the text is written.
    pub(super) fn raw(&self, offset: usize) -> usize {
        if offset >= self.text.len() {
            return self.end;
        }
        let after = self.steps.partition_point(|step| step.text <= offset);
        match after.checked_sub(1).and_then(|index| self.steps.get(index)) {
            Some(Step {
                text,
                raw,
                written: Written::Plainly,
            }) => raw + (offset - text),
            Some(Step { raw, .. }) => *raw,
            None => self.end,
        }
    }

    /// The URL at `start` of the text. Its query and fragment stay as they are written.
    pub(super) fn reference(&self, start: usize, url: &str, kind: Kind) -> Reference {
        let path = Reference::verbatim(start, url, kind);
        Reference {
            span: self.raw(path.span.start)..self.raw(path.span.end),
            ..path
        }
    }

    /// A line break where markup stands between two pieces: no range of the text may end in one piece and, on the
    /// way back, reach over that markup to where the other piece begins.
    fn separate(&mut self, at: usize) {
        if !self.text.is_empty() && at != self.end {
            self.step(self.end, Written::AsEntity);
            self.text.to_mut().push('\n');
        }
    }

    fn append(&mut self, at: usize, plain: &'a str) {
        if plain.is_empty() {
            return;
        }
        self.step(at, Written::Plainly);
        match self.text.is_empty() {
            true => self.text = Cow::Borrowed(plain),
            false => self.text.to_mut().push_str(plain),
        }
    }

    /// An entity (or just an `&`) and plain text after it.
    fn append_piece(&mut self, at: usize, piece: &'a str, decode: fn(&str) -> Cow<'_, str>) {
        let decoded = decode(piece);
        if decoded == piece {
            return self.append(at, piece);
        }
        let plain = plain_end(piece, &decoded);
        self.step(at, Written::AsEntity);
        self.text
            .to_mut()
            .push_str(&decoded[..decoded.len() - plain]);
        self.append(at + piece.len() - plain, &piece[piece.len() - plain..]);
    }

    fn step(&mut self, raw: usize, written: Written) {
        self.steps.push(Step {
            text: self.text.len(),
            raw,
            written,
        });
    }
}

/// How many bytes at the end of a piece aren't of its entity: those that look the same once decoded. But the entity
/// stands for at least one character, which may look like its own end: `&#59;` is `;`.
fn plain_end(piece: &str, decoded: &str) -> usize {
    let pairs = piece.chars().rev().zip(
        decoded
            .chars()
            .skip(1)
            .collect::<Vec<_>>()
            .into_iter()
            .rev(),
    );
    pairs
        .take_while(|(raw, read)| raw == read)
        .map(|(c, _)| c.len_utf8())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(piece: &str) -> Cow<'_, str> {
        htmlize::unescape_attribute(piece)
    }

    #[test]
    fn every_character_is_where_it_is_written() {
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

    #[test]
    fn markup_between_two_pieces_belongs_to_neither() {
        let mut decoded = Decoded::default();
        decoded.push(0, "a&lt;", decode);
        decoded.push_verbatim(20, "&lt;");
        decoded.push(24, "b", decode);
        assert_eq!(decoded.text(), "a<\n&lt;b");
        let found: Vec<_> = (0..=8).map(|at| decoded.raw(at)).collect();
        assert_eq!(found, [0, 1, 5, 20, 21, 22, 23, 24, 25]);
    }
}
