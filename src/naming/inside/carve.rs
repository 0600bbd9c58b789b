//! Finds whole files within others, at any place: a cover in a sound, a picture in a document, an
//! archive behind a picture. They are known by their first bytes, and then by their digest.

use std::collections::{BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};

/// Number of bytes that tell one file from others, as a rule. Smaller files aren't searched for.
pub(super) const HEAD_BYTES: usize = 64;

/// Number of first bytes that are searched for: many files have the same ones.
const MARK_BYTES: usize = 8;

/// Largest number of files that may seem to begin before one of them ends.
const BEGUN_MAX: usize = 16;

/// First bytes of a file.
pub(super) type Head = [u8; HEAD_BYTES];

/// A file that is looked for: its size in bytes, and its digest.
type Whole = (u64, blake3::Hash);

/// The files that are looked for, by what they begin with.
pub(super) struct Marks {
    automaton: Option<AhoCorasick>,
    by_head: HashMap<Head, BTreeSet<(u64, [u8; 32])>>,
}

impl Marks {
    pub(super) fn new(wholes: impl IntoIterator<Item = (Head, Whole)>) -> Marks {
        let mut by_head: HashMap<Head, BTreeSet<(u64, [u8; 32])>> = HashMap::new();
        for (head, (size_bytes, digest)) in wholes {
            let of_head = by_head.entry(head).or_default();
            of_head.insert((size_bytes, *digest.as_bytes()));
        }
        let marks: BTreeSet<&[u8]> = by_head.keys().map(|head| &head[..MARK_BYTES]).collect();
        let automaton = (!marks.is_empty()).then(|| {
            let builder = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .build(marks);
            builder.expect("marks are few and short enough")
        });
        Marks { automaton, by_head }
    }
}

/// A file in which others are looked for, piece by piece.
#[derive(Default)]
pub(super) struct Carver {
    begun: Vec<Begun>,
    /// The last bytes, in which a head may begin.
    tail: Vec<u8>,
    offset: u64,
}

/// A file that may begin there.
struct Begun {
    at: u64,
    left_bytes: u64,
    hasher: blake3::Hasher,
    whole: Whole,
}

impl Carver {
    /// Reads the next piece. Calls `found` with place, size and digest of each file that ends in
    /// it.
    pub(super) fn feed(
        &mut self,
        marks: &Marks,
        bytes: &[u8],
        found: &mut impl FnMut(u64, u64, blake3::Hash),
    ) {
        let Some(automaton) = &marks.automaton else {
            return;
        };
        self.begun.retain_mut(|begun| begun.goes_on(bytes, found));
        let mut joined = std::mem::take(&mut self.tail);
        let offset = self.offset - joined.len() as u64;
        joined.extend_from_slice(bytes);
        for mark in automaton.find_iter(&joined) {
            let rest = &joined[mark.start()..];
            let Some(head) = rest.first_chunk::<HEAD_BYTES>() else {
                break;
            };
            for (size_bytes, digest) in marks.by_head.get(head).into_iter().flatten() {
                let whole = (*size_bytes, blake3::Hash::from_bytes(*digest));
                self.begin(offset + mark.start() as u64, whole, rest, found);
            }
        }
        self.offset += bytes.len() as u64;
        self.tail = joined.split_off(joined.len().saturating_sub(HEAD_BYTES - 1));
    }

    /// Begins with a file that may stand at this place, where `rest` is what is there of it.
    fn begin(
        &mut self,
        at: u64,
        whole: (u64, blake3::Hash),
        rest: &[u8],
        found: &mut impl FnMut(u64, u64, blake3::Hash),
    ) {
        let mut begun = Begun {
            at,
            left_bytes: whole.0,
            hasher: blake3::Hasher::new(),
            whole,
        };
        if self.begun.len() < BEGUN_MAX && begun.goes_on(rest, found) {
            self.begun.push(begun);
        }
    }
}

impl Begun {
    /// Reads what follows; false if the file has ended.
    fn goes_on(&mut self, bytes: &[u8], found: &mut impl FnMut(u64, u64, blake3::Hash)) -> bool {
        let left = usize::try_from(self.left_bytes).unwrap_or(usize::MAX);
        let own = &bytes[..bytes.len().min(left)];
        self.hasher.update(own);
        self.left_bytes -= own.len() as u64;
        let (size_bytes, digest) = self.whole;
        if self.left_bytes == 0 && self.hasher.finalize() == digest {
            found(self.at, size_bytes, digest);
        }
        self.left_bytes > 0
    }
}

#[cfg(test)]
mod tests;
