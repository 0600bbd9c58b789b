//! Questions to the user before something that can't be undone.

use std::io::{self, BufRead, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::error::{Error, Result};
use crate::base::refusal::Guard;

use crate::commands::output::eprint;

/// True while a question waits for its answer. The program does nothing else during that time.
static IS_ASKING: AtomicBool = AtomicBool::new(false);

pub(super) fn is_asking() -> bool {
    IS_ASKING.load(Ordering::SeqCst)
}

/// Question to the user, and the messages for when the answer isn't yes.
pub(super) struct Question<'a> {
    pub(super) question: &'a str,
    /// Message if there is nobody to ask.
    pub(super) unasked: &'a str,
    /// Message if the answer is no.
    pub(super) declined: &'a str,
}

/// Asks a question on the terminal.
///
/// # Errors
/// Returns [`Error::Refused`] if the answer isn't yes, or if there is nobody to ask.
pub(super) fn confirm(asked: &Question<'_>) -> Result<()> {
    let refused = |message: &str, hint: &str| Error::refused(Guard::Unconfirmed, message, hint);
    if !io::stdin().is_terminal() {
        return Err(refused(asked.unasked, "pass `--yes` to confirm"));
    }
    eprint(&format!("{} [y/N] ", asked.question));
    let mut answer = String::new();
    IS_ASKING.store(true, Ordering::SeqCst);
    let read = io::stdin().lock().read_line(&mut answer);
    IS_ASKING.store(false, Ordering::SeqCst);
    read.map_err(|e| Error::Io {
        doing: "read from",
        path: "standard input".into(),
        source: e,
    })?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(refused(asked.declined, "")),
    }
}
