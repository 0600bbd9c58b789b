//! Asking before something that can't be taken back.

use std::io::{self, BufRead, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};

use assetsync::{Error, Result};

use crate::output::eprint;

/// Whether an answer is being waited for: nothing else is done then.
static IS_ASKING: AtomicBool = AtomicBool::new(false);

pub(super) fn is_asking() -> bool {
    IS_ASKING.load(Ordering::SeqCst)
}

/// What is asked, and what is said if the answer isn't yes.
pub(super) struct Question<'a> {
    pub(super) question: &'a str,
    /// Nobody is there to be asked.
    pub(super) unasked: &'a str,
    /// The answer is no.
    pub(super) declined: &'a str,
}

/// Asks on the terminal.
///
/// # Errors
/// [`Error::Refused`] if the answer isn't yes, or nobody can be asked.
pub(super) fn confirm(asked: &Question<'_>) -> Result<()> {
    let refused = |message: &str, hint: &str| Error::Refused {
        message: message.to_string(),
        hint: hint.to_string(),
    };
    if !io::stdin().is_terminal() {
        return Err(refused(asked.unasked, "`--yes` says so in advance"));
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
