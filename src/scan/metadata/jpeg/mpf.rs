//! The index of a file with several pictures: it tells where the others are, counted from itself.
//! They stay, but what goes in front of them moves them.

use std::ops::Range;

use crate::scan::metadata::Piece;

const ENTRIES: usize = 0xB002;
const ENTRY_BYTES: usize = 16;

/// The numbers in `index` (a TIFF header, and a directory) that change when `pieces` go.
pub(super) fn corrections(bytes: &[u8], index: Range<usize>, pieces: &[Piece]) -> Vec<Piece> {
    let numbers = Numbers { bytes, index };
    numbers
        .entries()
        .map_or(Vec::new(), |entries| numbers.corrections(entries, pieces))
}

struct Numbers<'a> {
    bytes: &'a [u8],
    index: Range<usize>,
}

impl Numbers<'_> {
    /// Finds the entries, as positions in the file. The first entry is the picture that all
    /// programs show.
    fn entries(&self) -> Option<Range<usize>> {
        let directory = self.read(4, 4)?;
        let count = self.read(directory, 2)?;
        let fields = (0..count).map(|field| directory + 2 + 12 * field);
        let field = fields
            .take_while(|at| *at < self.index.len())
            .find(|at| self.read(*at, 2) == Some(ENTRIES))?;
        let (size_bytes, at) = (self.read(field + 4, 4)?, self.read(field + 8, 4)?);
        let end = at
            .checked_add(size_bytes)
            .filter(|end| *end <= self.index.len())?;
        Some(self.index.start + at..self.index.start + end)
    }

    fn corrections(&self, entries: Range<usize>, pieces: &[Piece]) -> Vec<Piece> {
        let starts = entries
            .clone()
            .step_by(ENTRY_BYTES)
            .filter(|start| start + ENTRY_BYTES <= entries.end);
        let (all, behind) = (shrinkage(pieces, 0), shrinkage(pieces, self.index.start));
        let corrected = |(number, start): (usize, usize)| match number {
            0 => self.less(start + 4, all),
            _ => self.less(start + 8, behind),
        };
        starts.enumerate().filter_map(corrected).collect()
    }

    /// The number at `at` in the file, less by so much. 0 stands for none.
    fn less(&self, at: usize, bytes_gone: usize) -> Option<Piece> {
        let number = self
            .read(at - self.index.start, 4)
            .filter(|number| *number > 0)?;
        let less = u32::try_from(number.checked_sub(bytes_gone)?).ok()?;
        let rest = if self.is_little_endian() {
            less.to_le_bytes()
        } else {
            less.to_be_bytes()
        };
        Some(Piece {
            span: at..at + 4,
            rest: rest.to_vec(),
            fields: Vec::new(),
        })
    }

    fn read(&self, at: usize, len: usize) -> Option<usize> {
        let digits = self
            .bytes
            .get(self.index.clone())?
            .get(at..at.checked_add(len)?)?;
        let append = |number: usize, digit: &u8| number << 8 | usize::from(*digit);
        if self.is_little_endian() {
            Some(digits.iter().rev().fold(0, append))
        } else {
            Some(digits.iter().fold(0, append))
        }
    }

    fn is_little_endian(&self) -> bool {
        self.bytes[self.index.clone()].starts_with(b"II")
    }
}

/// By how many bytes all behind `from` moves to the front.
fn shrinkage(pieces: &[Piece], from: usize) -> usize {
    let behind = pieces.iter().filter(|piece| piece.span.start >= from);
    behind
        .map(|piece| piece.span.len().saturating_sub(piece.rest.len()))
        .sum()
}
