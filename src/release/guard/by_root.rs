//! Messages for changes that the root itself refuses.

use super::live_in_words;
use crate::base::error::Error;
use crate::base::hint::{Hint, Verb};
use crate::base::refusal::Guard;
use crate::base::text::escape;
use crate::release::prune::Deletion;
use crate::release::root::{Refusal, Root};

/// Describes the current release and who made it. The last change of the root may have been
/// something else, by somebody else.
fn current_in_words(root: Option<&Root>) -> String {
    match root.and_then(|root| root.current.as_ref()) {
        None => "there is no longer a current release".to_string(),
        Some(release) => format!(
            "the current release is now {}, made by {} at {}",
            release.id,
            escape(&release.actor),
            release.at
        ),
    }
}

/// Returns the error for a change that the root refuses while something else is in progress.
pub fn refused(refusal: Refusal, root: Option<&Root>) -> Error {
    refused_again(refusal, root, push_again())
}

fn push_again() -> Hint {
    Hint::from("check what they published (")
        .then(Verb::Releases)
        .then("), update your files, and push again")
}

/// Does the same, with the hint `again` for the case that another push finished first.
pub(in crate::release) fn refused_again(
    refusal: Refusal,
    root: Option<&Root>,
    again: impl Into<Hint>,
) -> Error {
    use Refusal as R;
    match refusal {
        R::LostRace => Error::LostRace {
            message: format!("Another push finished first: {}", current_in_words(root)),
            hint: again.into(),
        },
        R::Levels => Error::LostRace {
            message: "A level was locked or unlocked in the meantime".to_string(),
            hint: again.into(),
        },
        R::Live => Error::refused(
            Guard::Live,
            root.and_then(|root| root.live.as_ref())
                .map_or("The target is live".to_string(), live_in_words),
            Verb::LiveOff.then(" when the event is over"),
        ),
        R::Moved if root.is_some_and(|root| root.gc.sweep.is_none()) => Error::refused(
            Guard::Busy,
            "A prune or a takedown deleted objects in the meantime",
            "try again",
        ),
        R::Sweeping | R::Moved => Error::refused(
            Guard::Unfinished,
            format!(
                "A {} is running or was interrupted",
                root.and_then(Deletion::of).unwrap_or(Deletion::Prune)
            ),
            Hint::from("wait for it, or finish it with ").then(Verb::Resolve),
        ),
        R::Pending => Error::refused(
            Guard::Unfinished,
            "The current release isn't complete: its files with plain names are still being written",
            Hint::from("wait for that push or, if it was stopped, finish it with ")
                .then(Verb::Resolve),
        ),
        // Somebody else was faster.
        R::Already => Error::refused(Guard::Busy, "Nothing to change", ""),
    }
}
