//! Check that the pages of a listing come to an end: no token comes twice, and keys go up. Does no
//! I/O.

use std::collections::HashSet;

use super::{StoreError, StoreErrorKind};

/// Largest page of a listing, in bytes. 1,000 objects with the longest keys, with three bytes for
/// each byte of a key, take 4 MiB on S3. Google's pages have metadata, too.
pub(super) const PAGE_BYTES_MAX: usize = 6 << 20;

/// Number of pages without objects that are accepted in a row. Some may come where many objects
/// were deleted.
const EMPTY_MAX: usize = 100;

/// Pages of one listing so far.
#[derive(Debug, Default)]
pub(super) struct Pages {
    tokens: HashSet<String>,
    last: Option<String>,
    empty: usize,
}

impl Pages {
    /// Notes a page: its first and its last key, and the token of the next one, if any.
    ///
    /// # Errors
    /// Fails if the listing goes in a circle.
    pub(super) fn turn(
        &mut self,
        keys: Option<(&str, &str)>,
        next: Option<&str>,
    ) -> Result<(), StoreError> {
        match keys {
            Some((first, last)) => {
                if self.last.as_deref().is_some_and(|before| first <= before) {
                    return Err(circle("a page repeats keys of an earlier one"));
                }
                self.last = Some(last.to_string());
                self.empty = 0;
            }
            None => self.empty += 1,
        }
        let Some(token) = next else {
            return Ok(());
        };
        if self.empty > EMPTY_MAX {
            return Err(circle(&format!("{EMPTY_MAX} consecutive pages are empty")));
        }
        if self.tokens.insert(token.to_string()) {
            Ok(())
        } else {
            Err(circle("a page token is repeated"))
        }
    }
}

fn circle(why: &str) -> StoreError {
    let message = format!("The bucket's listing never ends: {why}");
    StoreError::new(StoreErrorKind::Other, message).hint(
        "the storage, or a proxy in front of it, gives wrong listings: report this to its operator",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last key of a page, and the token of the next.
    type Page<'a> = (Option<(&'a str, &'a str)>, Option<&'a str>);

    fn turns(pages: &[Page<'_>]) -> Result<(), String> {
        let mut all = Pages::default();
        let mut pages = pages.iter();
        pages
            .try_for_each(|(keys, next)| all.turn(*keys, *next))
            .map_err(|error| error.message)
    }

    /// A listing that ascends and ends is accepted, even with empty pages.
    #[test]
    fn ascending_listing_with_empty_pages_passes() {
        let pages = [
            (Some(("a", "b")), Some("1")),
            (None, Some("2")),
            (Some(("c", "c")), Some("3")),
            (None, None),
        ];
        assert_eq!(turns(&pages), Ok(()));
    }

    /// A listing that repeats a token or earlier names is an error.
    #[test]
    fn looping_listing_is_an_error() {
        let page = (Some(("a", "b")), Some("1"));
        for (second, says) in [
            ((Some(("c", "d")), Some("1")), "token"),
            ((Some(("a", "b")), Some("2")), "keys of an earlier one"),
            ((Some(("b", "c")), Some("2")), "keys of an earlier one"),
            ((Some(("a", "z")), None), "keys of an earlier one"),
        ] {
            let error = turns(&[page, second]).expect_err("in a circle");
            assert!(error.contains(says), "{error}");
        }
    }

    /// A listing with too many empty pages is an error.
    #[test]
    fn endless_empty_pages_are_an_error() {
        let tokens: Vec<String> = (0..200).map(|n| n.to_string()).collect();
        let pages: Vec<_> = tokens.iter().map(|t| (None, Some(t.as_str()))).collect();
        assert!(turns(&pages).expect_err("endless").contains("empty"));
        assert_eq!(turns(&pages[..EMPTY_MAX]), Ok(()));
    }
}
