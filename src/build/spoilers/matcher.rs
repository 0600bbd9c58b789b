//! Finds many patterns in texts that have hardly any of them.

use std::ops::Range;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

/// How many bytes of a pattern are looked at first.
const BEGIN_BYTES: usize = 4;

/// How many bits tell one beginning from another.
const HASH_BITS: u32 = 16;

/// Patterns in any case of ASCII. At most places of a text, none of them can begin, as one bit for the next four bytes says: an automaton
/// of thousands of patterns is read from there on only, since its tables are larger than a processor's caches.
pub(super) struct Matcher {
    automaton: AhoCorasick,
    begins: Vec<u64>,
    /// Which of the four bytes the shortest pattern has.
    mask: u32,
}

impl Matcher {
    /// Takes the patterns, which aren't empty.
    pub(super) fn new(patterns: &[Vec<u8>]) -> Matcher {
        let shortest = patterns.iter().map(Vec::len).min();
        let looked_at = shortest.map_or(BEGIN_BYTES, |shortest| shortest.min(BEGIN_BYTES));
        let mask = u32::MAX >> (8 * (BEGIN_BYTES - looked_at));
        let mut begins = vec![0; 1 << (HASH_BITS - u64::BITS.ilog2())];
        for pattern in patterns {
            let mut begin = [0; BEGIN_BYTES];
            let bytes = pattern.len().min(BEGIN_BYTES);
            begin[..bytes].copy_from_slice(&pattern[..bytes]);
            let (word, bit) = place(begin, mask);
            begins[word] |= bit;
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Anchored)
            .ascii_case_insensitive(true)
            .build(patterns)
            .expect("names are few and short enough");
        Matcher {
            automaton,
            begins,
            mask,
        }
    }

    /// Calls `found` with the number and the place of each pattern in `text`, by where they begin.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(usize, Range<usize>)) {
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
            let (word, bit) = place(*begin, self.mask);
            if self.begins[word] & bit != 0 {
                begins_at(at);
            }
        }
        // Shorter ones may be at the end.
        (text.len().saturating_sub(BEGIN_BYTES - 1)..text.len()).for_each(begins_at);
    }
}

/// Returns the place of the bit for these bytes, which is the same for both cases of a letter, and for some others.
fn place(begin: [u8; BEGIN_BYTES], mask: u32) -> (usize, u64) {
    const ANY_CASE: u32 = 0x2020_2020;
    /// Spreads what differs over the highest bits (Fibonacci hashing).
    const SPREAD: u32 = 0x9e37_79b1;
    let folded = (u32::from_le_bytes(begin) | ANY_CASE) & mask;
    let hash = folded.wrapping_mul(SPREAD) >> (u32::BITS - HASH_BITS);
    let (word, bit) = (hash / u64::BITS, hash % u64::BITS);
    (word as usize, 1 << bit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_an_automaton_of_all_patterns_finds(
            patterns in prop::collection::vec("[a-cA-C/é]{1,6}", 1..8),
            text in "[a-dA-D/é]{0,60}",
        ) {
            let patterns: Vec<Vec<u8>> = patterns.into_iter().map(String::into_bytes).collect();
            let plain = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&patterns)
                .expect("a test builds it");
            let all = plain.find_overlapping_iter(&text);
            let mut expected: Vec<_> = all
                .map(|one| (one.start(), one.end(), one.pattern().as_usize()))
                .collect();
            let mut found = Vec::new();
            Matcher::new(&patterns).each(text.as_bytes(), |pattern, at| {
                found.push((at.start, at.end, pattern));
            });
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
