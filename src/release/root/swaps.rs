//! Outcome of a swap whose reply doesn't tell it.

use super::{RECENT_MAX, Root};

/// Outcome of a swap whose reply doesn't tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Swapped {
    /// It succeeded, whatever has changed since.
    Done,
    /// Another push finished first: the swap failed, and can't succeed any more.
    Lost,
    /// Nothing has changed yet.
    NotYet,
    /// Too many changes have followed to tell.
    Unknown,
}

/// Returns the outcome of the swap to `wanted`, given the current root.
pub fn swapped(wanted: &Root, now: Option<&Root>) -> Swapped {
    let Some(now) = now else {
        return Swapped::NotYet;
    };
    if now.has(&wanted.nonce) {
        return Swapped::Done;
    }
    match now.seq.checked_sub(wanted.seq) {
        None => Swapped::NotYet,
        Some(later) if later < RECENT_MAX as u64 => Swapped::Lost,
        Some(_) => Swapped::Unknown,
    }
}
