//! Text with its entities resolved, and a map from positions in it to positions in the document.

use std::borrow::Cow;

use super::{Kind, Reference};

/// Text as a browser reads it, made of one or more pieces of a document.
#[derive(Debug, Default)]
pub(super) struct Decoded<'a> {
    text: Cow<'a, str>,
    steps: Vec<Step>,
    /// End of the last piece in the document.
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
    /// `raw`, which stands at `at`. `decode` resolves what begins with an `&` and reaches up to the
    /// next one.
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

    /// Returns the position in the document of the character at `offset` of the text.
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

    /// A line break where markup stands between two pieces: no range of the text may end in one
    /// piece and, on the way back, reach over that markup to where the other piece begins.
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
        if self.text.is_empty() {
            self.text = Cow::Borrowed(plain)
        } else {
            self.text.to_mut().push_str(plain)
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

/// Counts the bytes at the end of a piece that aren't part of its entity: those that are the same
/// after decoding. But an entity stands for at least one character, which may look like its own
/// end: `&#59;` is `;`.
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
mod tests;
