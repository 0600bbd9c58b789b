//! What can go wrong, in words for the person who has to mend it, and the exit code of each.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Target;
use crate::mask::{masked_hint, masked_path, masked_quotes};
use crate::name::SECRET_BYTES_MIN;
use crate::problem::{self, Listed, Problem};
use crate::store::{StoreError, StoreErrorKind};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` says what and where; [`Error::hint`] what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A flag, an environment variable or the key isn't usable as given.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do about it; empty if there's nothing to add.
        hint: String,
    },
    /// The configuration file has a mistake.
    #[error("{}:{line}:{column}: {message}", masked_path(file))]
    Config {
        /// The file as it was named.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong.
        message: String,
        /// What to do about it; empty if there's nothing to add.
        hint: String,
    },
    /// The tree has files that can't be published. All of them are listed; nothing was published.
    #[error("{}", problem::list(problems, Listed::First))]
    Tree {
        /// Why.
        problems: Vec<Problem>,
        /// What is worth a word besides.
        warnings: Vec<Problem>,
    },
    /// The machine didn't do what was asked of it.
    #[error("Cannot {doing} `{}`: {}", masked_path(path), plain(source))]
    Io {
        /// The verb: "read", "create folder".
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The target refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A guard stopped the run before anything was written.
    #[error("{message}")]
    Refused {
        /// What was about to happen.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// Another deployer's release is the current one.
    #[error("{message}")]
    LostRace {
        /// Whose.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// No answer came, and nothing tells whether it was done.
    #[error("{message}")]
    Unknown {
        /// What.
        message: String,
        /// How to find out.
        hint: String,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What to try, if there's more to say than the message does.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Usage { hint, .. }
            | Error::Config { hint, .. }
            | Error::Refused { hint, .. }
            | Error::LostRace { hint, .. }
            | Error::Unknown { hint, .. } => hint.clone(),
            Error::Tree { problems, .. } => problem::hint(problems, Listed::First),
            Error::Store(error) => error.hint.clone(),
            Error::Io { .. } | Error::Interrupted => return None,
        };
        (!hint.is_empty()).then_some(hint)
    }

    /// Message and hint with every problem of a tree, which are the first ones of each kind otherwise.
    pub fn in_full(&self) -> (String, Option<String>) {
        match self {
            Error::Tree { problems, .. } => {
                let hint = problem::hint(problems, Listed::All);
                let hint = (!hint.is_empty()).then_some(hint);
                (problem::list(problems, Listed::All), hint)
            }
            other => (other.to_string(), other.hint()),
        }
    }

    /// Makes an [`Error::Tree`] of a tree that nothing else is to be said of.
    pub fn of_tree(problems: Vec<Problem>) -> Error {
        Error::Tree {
            problems,
            warnings: Vec::new(),
        }
    }

    /// The same, with `target` named by the commands of its hint, which are for the default one otherwise.
    pub fn of_target(mut self, target: &Target) -> Error {
        let (Error::Usage { hint, .. }
        | Error::Refused { hint, .. }
        | Error::LostRace { hint, .. }
        | Error::Unknown { hint, .. }
        | Error::Store(StoreError { hint, .. })) = &mut self
        else {
            return self;
        };
        *hint = target.named_in(hint);
        self
    }

    /// The same, told of `place`.
    pub fn at(mut self, place: &str) -> Error {
        let (Error::Usage { message, .. }
        | Error::Refused { message, .. }
        | Error::LostRace { message, .. }
        | Error::Unknown { message, .. }
        | Error::Store(StoreError { message, .. })) = &mut self
        else {
            return self;
        };
        *message = format!("{place}: {message}");
        self
    }

    /// The exit code, as documented in `assetsync --help`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Store(error) if error.kind == StoreErrorKind::OutcomeUnknown => 5,
            Error::Store(error) if error.kind == StoreErrorKind::Setting => 2,
            Error::Io { .. } | Error::Store(_) => 1,
            Error::Usage { .. } | Error::Config { .. } | Error::Tree { .. } => 2,
            Error::Refused { .. } => 3,
            Error::LostRace { .. } => 4,
            Error::Unknown { .. } => 5,
            Error::Interrupted => 130,
        }
    }

    /// Makes an [`Error::Usage`]. What its message quotes is masked and escaped, as somebody typed it.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Usage {
            message: masked_quotes(&message.into()),
            hint: masked_hint(&hint.into()),
        }
    }

    pub(crate) fn key(message: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::usage(message, hint)
    }

    pub(crate) fn key_file(file: &Path, source: &io::Error) -> Error {
        let shown = shown_key_file(file);
        let hint = match source.kind() {
            io::ErrorKind::NotFound => format!("make one with `assetsync key new {shown}`"),
            _ => String::new(),
        };
        Error::usage(
            format!("Cannot use the key file `{shown}`: {}", plain(source)),
            hint,
        )
    }

    pub(crate) fn new_key_file(file: &Path, source: &io::Error) -> Error {
        let hint = match source.kind() {
            io::ErrorKind::NotFound => "make its folder first",
            io::ErrorKind::AlreadyExists => "a key is never overwritten: every name depends on it",
            _ => "",
        };
        Error::usage(
            format!(
                "Cannot make the key file `{}`: {}",
                shown_key_file(file),
                plain(source)
            ),
            hint,
        )
    }

    pub(crate) fn in_file(self, file: &Path) -> Error {
        match self {
            Error::Usage { message, hint } => Error::Usage {
                message: format!("{}: {message}", masked_path(file)),
                hint,
            },
            other => other,
        }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Error {
        Error::Io {
            doing,
            path: path.to_path_buf(),
            source,
        }
    }
}

/// The name of a key file; not if it might be the key itself, given in the wrong place.
pub(crate) fn shown_key_file(file: &Path) -> String {
    let shown = masked_path(file);
    let is_elsewhere = file
        .parent()
        .is_some_and(|folder| !folder.as_os_str().is_empty() && folder.exists());
    match file.exists() || is_elsewhere || file.as_os_str().len() < SECRET_BYTES_MIN {
        true => shown,
        false => "(not shown: is it the key itself? a file's name is meant)".to_string(),
    }
}

/// An I/O error without Rust's "(os error 2)".
pub fn plain(error: &io::Error) -> String {
    plain_words(error.to_string())
}

/// Whether the process has as many files open as it may.
pub(crate) fn is_out_of_files(error: &io::Error) -> bool {
    error
        .to_string()
        .to_lowercase()
        .contains("too many open files")
}

/// What to do then.
pub(crate) const OUT_OF_FILES_HINT: &str = "raise the limit (`ulimit -n`), or lower `requests`";

/// The same for an error that has an I/O error's words in its own.
pub(crate) fn plain_words(text: String) -> String {
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// Control and direction characters as `\u{..}`, so that a hostile name can't rewrite a terminal.
pub(crate) fn escape(text: &str) -> String {
    text.chars().map(escaped).collect()
}

/// The same of a text of several lines.
pub(crate) fn escape_lines(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        '\n' => "\n".to_string(),
        c => escaped(c),
    });
    shown.collect()
}

fn escaped(c: char) -> String {
    match c {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            c.escape_unicode().to_string()
        }
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    }
}

/// What is shown of a text that somebody wrote, in characters.
const SHOWN_CHARS: usize = 200;

/// The same of a text that may be long: its beginning.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_io_error_is_told_without_its_number() {
        assert_eq!(
            plain(&io::Error::from_raw_os_error(2)),
            "no such file or directory"
        );
    }
}
