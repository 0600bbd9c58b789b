//! Cuts of a long listing into ranges that are listed side by side. Pages come one after the other,
//! but tokens are spread evenly, so the cuts can be calculated. Does no I/O.

use crate::base::name::Token;

/// Digits of tokens, in the order in which storages list them.
const DIGITS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// Number of a token's digits that give its position. They are enough for billions of objects.
const DIGITS_READ: usize = 6;
const SPACE: u64 = 32u64.pow(DIGITS_READ as u32);

/// Largest number of ranges that are listed at a time.
const RANGES_MAX: u64 = 16;

/// Returns names that cut everything after `last`, the last name of a first page, into ranges of
/// about two pages each, or into 16 longer ones. Empty if the position of `last` shows that hardly
/// more than a page is left, or if names aren't tokens.
pub(super) fn cuts(last: &str) -> Vec<String> {
    let Some(at) = place(last) else {
        return Vec::new();
    };
    let pages_left = (SPACE - at) / at.max(1);
    let ranges = ((pages_left + 2) / 2).min(RANGES_MAX);
    (1..ranges)
        .map(|n| name(at + (SPACE - at) / ranges * n))
        .collect()
}

/// Returns the position of a key's token among all possible tokens; `None` if the key doesn't begin
/// with a token.
fn place(key: &str) -> Option<u64> {
    Token::parse(key.split('.').next()?)?;
    key.bytes().take(DIGITS_READ).try_fold(0, |sum, byte| {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        Some(sum * 32 + digit as u64)
    })
}

/// Returns the first digits of a token at a position.
fn name(at: u64) -> String {
    let digit = |position| DIGITS[(at >> (5 * position)) as usize % 32];
    (0..DIGITS_READ as u32)
        .rev()
        .map(|position| char::from(digit(position)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the last name of a first page that is this part of all.
    fn last(part: f64) -> String {
        format!(
            "{}w4rz226sf3rz3sgvwxlq.png",
            name((SPACE as f64 * part) as u64)
        )
    }

    /// The longer the rest of a listing is, the more ranges it is cut into.
    #[test]
    fn longer_rest_gets_more_ranges() {
        // Number of pages in total, and of ranges for the rest.
        for (pages, ranges) in [
            (1.2, 1),
            (1.9, 1),
            (3.1, 2),
            (5.1, 3),
            (12.1, 6),
            (31.1, 16),
            (900.0, 16),
        ] {
            assert_eq!(cuts(&last(1.0 / pages)).len() + 1, ranges, "{pages} pages");
        }
    }

    /// Ranges have the same size and begin after the first page.
    #[test]
    fn ranges_have_equal_size() {
        for pages in [3.1, 12.1, 31.1, 5000.0] {
            let first = last(1.0 / pages);
            let cuts = cuts(&first);
            let ends = [place(&first).expect("a token")].into_iter().chain(
                cuts.iter()
                    .map(|cut| place(&format!("{cut}w4rz226sf3rz3sgvwxlq")).expect("a token")),
            );
            let ends: Vec<u64> = ends.chain([SPACE]).collect();
            let sizes: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (least, most) = (sizes.iter().min(), sizes.iter().max());
            assert!(
                most.zip(least)
                    .is_some_and(|(most, least)| most - least < 32),
                "{sizes:?}"
            );
            assert!(cuts.is_sorted() && cuts.iter().all(|cut| *cut > first));
        }
    }

    /// A listing whose names are no tokens is not cut into ranges.
    #[test]
    fn non_token_names_are_not_cut() {
        for last in [
            "index.html",
            "22/plain.html",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "üüüüüüüüüüüüüüü",
            "",
        ] {
            assert!(cuts(last).is_empty(), "{last}");
        }
    }

    /// A first page that covers hardly anything or nearly everything is fine.
    #[test]
    fn extreme_first_pages_are_handled() {
        assert_eq!(cuts("22222222222222222222222224").len(), 15);
        assert!(cuts("zzzzzzw4rz226sf3rz3sgvwxlq").is_empty());
    }
}
