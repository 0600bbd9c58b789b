//! Replaced ranges of a file, which turn a source file into a published object. Pure but for
//! reading.

use std::cmp::Reverse;
use std::io::{self, Read};
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Replacements, in the order of the file. Compact, since a large tree has many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits {
    cuts: Vec<Cut>,
    /// All replacements, one behind the other.
    #[serde(with = "serde_bytes")]
    text: Vec<u8>,
}

/// A stretch of the file that goes, and where its replacement ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cut {
    start: u32,
    end: u32,
    text_end: u32,
}

impl Edits {
    /// Takes replacements in any order. Files that are edited are smaller than 4 GiB.
    pub fn new(mut replacements: Vec<(Range<usize>, Vec<u8>)>) -> Edits {
        replacements.sort_by_key(|(span, _)| (span.start, Reverse(span.end)));
        let mut edits = Edits::default();
        let mut last_end = 0;
        for (span, text) in replacements {
            // What stands in something that was replaced is gone with it.
            if span.start < last_end {
                continue;
            }
            last_end = span.end;
            edits.text.extend(text);
            let narrow = |n: usize| u32::try_from(n).expect("files that are edited are small");
            edits.cuts.push(Cut {
                start: narrow(span.start),
                end: narrow(span.end),
                text_end: narrow(edits.text.len()),
            });
        }
        edits
    }

    /// Says whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// The same for the same replacements.
    pub(crate) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.cuts.len() as u64).to_le_bytes());
        for cut in &self.cuts {
            let numbers = [cut.start, cut.end, cut.text_end].map(u32::to_le_bytes);
            hasher.update(numbers.as_flattened());
        }
        hasher.update(&self.text).finalize()
    }

    /// `source` with everything replaced. A source that is too short is cut off where it ends.
    pub fn apply(&self, source: &[u8]) -> Vec<u8> {
        let mut edited = Vec::with_capacity(source.len() + self.text.len());
        self.reader(source)
            .read_to_end(&mut edited)
            .expect("memory can be read");
        edited
    }

    /// The same for a source that is read bit by bit.
    pub fn reader<R: Read>(&self, source: R) -> EditedReader<'_, R> {
        EditedReader {
            edits: self,
            source,
            offset: 0,
            next: 0,
            text: 0..0,
        }
    }
}

/// A file as it's published, see [`Edits::reader`].
#[derive(Debug)]
pub struct EditedReader<'a, R> {
    edits: &'a Edits,
    source: R,
    /// Number of bytes that were read from the source.
    offset: u64,
    /// The next cut.
    next: usize,
    /// Unread rest of the current replacement.
    text: Range<usize>,
}

impl<R: Read> Read for EditedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.text.is_empty() {
            let Some(cut) = self.edits.cuts.get(self.next) else {
                return self.source.read(buffer);
            };
            let ahead = u64::from(cut.start) - self.offset;
            if ahead > 0 {
                let n = (&mut self.source).take(ahead).read(buffer)?;
                self.offset += n as u64;
                return Ok(n);
            }
            let gone = u64::from(cut.end - cut.start);
            io::copy(&mut (&mut self.source).take(gone), &mut io::sink())?;
            self.offset = u64::from(cut.end);
            let before = match self.next {
                0 => 0,
                next => self.edits.cuts[next - 1].text_end,
            };
            self.text = before as usize..cut.text_end as usize;
            self.next += 1;
        }
        let n = self.text.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.edits.text[self.text.start..self.text.start + n]);
        self.text.start += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
