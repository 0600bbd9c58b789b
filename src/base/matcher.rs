//! Search for many patterns in texts that rarely contain them.

use std::ops::Range;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

/// Bounds how many bytes of a pattern are looked at first.
const BEGIN_BYTES: usize = 8;

/// Shorter patterns are told apart on their own, or all of them would be by as few bytes: unless
/// there are so few that this is no matter.
const LONG_BYTES_MIN: usize = 4;
const FEW_MAX: usize = 256;
const FEW_BYTES_MIN: usize = 3;

/// Tell one beginning from another, so many bits of a hash: first those whose table is in a
/// processor's fastest cache, then more.
const FEW_BITS: u32 = 16;
const MANY_BITS: u32 = 20;

const BYTE_BITS: u32 = u8::BITS.ilog2();

/// Patterns in any case of ASCII. At most places of a text, none of them can begin, as one bit for
/// the next eight bytes says: an automaton of thousands of patterns is read from there on only,
/// since its tables are larger than a processor's caches.
pub(crate) struct Matcher {
    automaton: AhoCorasick,
    long: Begins,
    short: Option<Begins>,
}

impl Matcher {
    /// Takes the patterns, which aren't empty.
    pub(crate) fn new<P: AsRef<[u8]>>(patterns: &[P]) -> Matcher {
        let long_bytes_min = match patterns.len() {
            ..=FEW_MAX => FEW_BYTES_MIN,
            _ => LONG_BYTES_MIN,
        };
        let (long, short): (Vec<&[u8]>, Vec<&[u8]>) = patterns
            .iter()
            .map(AsRef::as_ref)
            .partition(|pattern| pattern.len() >= long_bytes_min);
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Anchored)
            .ascii_case_insensitive(true)
            .build(patterns)
            .expect("names are few and short enough");
        Matcher {
            automaton,
            long: Begins::of(&long),
            short: (!short.is_empty()).then(|| Begins::of(&short)),
        }
    }

    /// Calls `found` with the number and the place of each pattern in `text`, by where they begin.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, Range<usize>)) {
        let mut begins_at = |at: usize| {
            let input = Input::new(text).range(at..).anchored(Anchored::Yes);
            let mut state = OverlappingState::start();
            loop {
                let next = self
                    .automaton
                    .try_find_overlapping(input.clone(), &mut state);
                next.expect("it's made for such searches");
                match state.get_match() {
                    // Those that begin within another one are found from their own beginning.
                    Some(one) if one.start() != at => {}
                    Some(one) => found(one.pattern().as_usize(), one.range()),
                    None => break,
                }
            }
        };
        for (at, begin) in text.array_windows().enumerate() {
            if self.long.may_be(*begin)
                || self
                    .short
                    .as_ref()
                    .is_some_and(|short| short.may_be(*begin))
            {
                begins_at(at);
            }
        }
        // Shorter ones may be at the end.
        (text.len().saturating_sub(BEGIN_BYTES - 1)..text.len()).for_each(begins_at);
    }
}

/// The beginnings of patterns.
struct Begins {
    few: Bits<FEW_BITS, { 1 << (FEW_BITS - BYTE_BITS) }>,
    many: Bits<MANY_BITS, { 1 << (MANY_BITS - BYTE_BITS) }>,
    /// Covers those of the eight bytes that the shortest pattern has.
    mask: u64,
}

impl Begins {
    fn of(patterns: &[&[u8]]) -> Begins {
        let shortest = patterns.iter().map(|pattern| pattern.len()).min();
        let looked_at = shortest.map_or(BEGIN_BYTES, |shortest| shortest.min(BEGIN_BYTES));
        let mask = u64::MAX >> (8 * (BEGIN_BYTES - looked_at));
        let (mut few, mut many) = (Bits::new(), Bits::new());
        for pattern in patterns {
            let mut begin = [0; BEGIN_BYTES];
            let bytes = pattern.len().min(BEGIN_BYTES);
            begin[..bytes].copy_from_slice(&pattern[..bytes]);
            let hash = hash(begin, mask);
            few.set(hash);
            many.set(hash);
        }
        Begins { few, many, mask }
    }

    fn may_be(&self, begin: [u8; BEGIN_BYTES]) -> bool {
        let hash = hash(begin, self.mask);
        self.few.has(hash) && self.many.has(hash)
    }
}

/// A bit for each value of the `BITS` highest bits of a hash, in so many bytes.
struct Bits<const BITS: u32, const BYTES: usize>(Box<[u8; BYTES]>);

impl<const BITS: u32, const BYTES: usize> Bits<BITS, BYTES> {
    fn new() -> Self {
        Bits(Box::new([0; BYTES]))
    }

    fn set(&mut self, hash: u64) {
        let (byte, bit) = Self::place(hash);
        self.0[byte] |= bit;
    }

    fn has(&self, hash: u64) -> bool {
        let (byte, bit) = Self::place(hash);
        self.0[byte] & bit != 0
    }

    fn place(hash: u64) -> (usize, u8) {
        let at = (hash >> (u64::BITS - BITS)) as usize;
        (at >> BYTE_BITS, 1 << (at % u8::BITS as usize))
    }
}

/// Returns the hash of these bytes, which is the same for both cases of a letter, and for some
/// others.
fn hash(begin: [u8; BEGIN_BYTES], mask: u64) -> u64 {
    const ANY_CASE: u64 = 0x2020_2020_2020_2020;
    /// Spreads what differs over the highest bits (Fibonacci hashing).
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    ((u64::from_le_bytes(begin) | ANY_CASE) & mask).wrapping_mul(SPREAD)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Finds each pattern at each place as an automaton of all patterns does.
    fn finds_what_an_automaton_finds(patterns: Vec<String>, text: &str) {
        let plain = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&patterns)
            .expect("a test builds it");
        let all = plain.find_overlapping_iter(text);
        let mut expected: Vec<_> = all
            .map(|one| (one.start(), one.end(), one.pattern().as_usize()))
            .collect();
        let mut found = Vec::new();
        Matcher::new(&patterns).each(text.as_bytes(), |pattern, at| {
            found.push((at.start, at.end, pattern));
        });
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    proptest! {
        /// The matcher finds the same as an automaton of all patterns.
        #[test]
        fn matcher_agrees_with_automaton(
            patterns in prop::collection::vec("[a-cA-C/é]{1,6}", 1..8),
            text in "[a-dA-D/é]{0,60}",
        ) {
            finds_what_an_automaton_finds(patterns, &text);
        }

        #[test]
        fn it_finds_long_patterns_as_well(
            patterns in prop::collection::vec("[abA]{5,12}", 1..8),
            text in "([abB]{0,9}|[a-e]{0,9}){0,9}",
        ) {
            finds_what_an_automaton_finds(patterns, &text);
        }
    }
}
