//! Panics of parsers that other people wrote: a file that makes one panic is told of like any other that can't be read.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// What `parse` returns; none if it panicked, about which nothing is printed.
pub(crate) fn caught<T>(parse: impl FnOnce() -> T) -> Option<T> {
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_CAUGHT.get() {
                usual(info);
            }
        }));
    });
    let was_caught = IS_CAUGHT.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(parse));
    IS_CAUGHT.set(was_caught);
    outcome.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_nothing_and_all_else_is_itself() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| "".parse::<u8>().expect("a number")), None);
        assert_eq!(caught(|| caught(|| panic!("inside")).is_none()), Some(true));
    }
}
