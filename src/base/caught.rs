//! Panics in third-party parsers: a file that makes a parser panic is reported like any other that
//! can't be read.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Returns what `parse` returns; none if it panicked. The hook for panics runs all the same: the
/// program's prints nothing then ([`is_caught`]), and in a library it's the caller's.
pub(crate) fn caught<T>(parse: impl FnOnce() -> T) -> Option<T> {
    let was_caught = IS_CAUGHT.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(parse));
    IS_CAUGHT.set(was_caught);
    outcome.ok()
}

/// Says whether a panic of this thread would be caught.
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "the program's hook asks")
)]
pub(crate) fn is_caught() -> bool {
    IS_CAUGHT.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic becomes `None`, and any other result is passed on.
    #[test]
    fn caught_panic_yields_none() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| "".parse::<u8>().expect("a number")), None);
        assert_eq!(caught(|| caught(|| panic!("inside")).is_none()), Some(true));
        assert!(caught(is_caught) == Some(true) && !is_caught());
    }
}
