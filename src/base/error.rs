//! Errors with words for the person who has to fix them, and the kind and exit code of each.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::excerpt::Excerpt;
use super::failure::{self, Failure, StoreError, StoreErrorKind};
use super::hint::Hint;
use super::refusal::{Guard, name_in_json};
use super::text::{count, escape, plain};
use crate::base::mask::{masked_hint, masked_path, masked_quotes};
use crate::base::name::SECRET_BYTES_MIN;
use crate::base::problem::{self, Listed, Problem};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Reason why an operation failed. `Display` says what failed and where; [`Error::hint`] says what
/// to try. Programs decide by [`Error::kind`], and by [`Error::guards`] if it was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A flag, an environment variable or the key isn't usable as given.
    #[error("{message}")]
    Usage {
        /// Description of the error.
        message: String,
        /// Advice; empty if there's nothing to add.
        hint: Hint,
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
        /// Description of the error.
        message: String,
        /// Advice; empty if there's nothing to add.
        hint: Hint,
        /// The line, where there is one.
        excerpt: Option<Box<Excerpt>>,
    },
    /// A policy for cross-origin requests has mistakes. All of them are listed.
    #[error("{}", in_policy(file, mistakes, Drawn::No))]
    Policy {
        /// The file as it was named.
        file: PathBuf,
        /// Each with its line and column.
        mistakes: Vec<Problem>,
    },
    /// The tree has files that can't be published. All of them are listed; nothing was published.
    #[error("{}", problem::list(problems, Listed::First))]
    Tree {
        /// Problems that prevent publishing.
        problems: Vec<Problem>,
        /// Warnings about the same tree.
        warnings: Vec<Problem>,
    },
    /// An operation on this machine failed.
    #[error("Cannot {doing} `{}`: {}", masked_path(path), plain(source))]
    Io {
        /// The verb: "read", "create folder".
        doing: &'static str,
        /// Path of the operation.
        path: PathBuf,
        /// Reason of the failure.
        source: io::Error,
    },
    /// The target refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A guard stopped the run before anything was written.
    #[error("{message}")]
    Refused {
        /// Guards that refused: several can refuse one push.
        guards: Vec<Guard>,
        /// Description of the refused operation.
        message: String,
        /// Advice.
        hint: Hint,
    },
    /// Another deployer's release is the current one.
    #[error("{message}")]
    LostRace {
        /// Description of the other release.
        message: String,
        /// Advice.
        hint: Hint,
    },
    /// No answer came, so it's unknown whether the operation succeeded.
    #[error("{message}")]
    Unknown {
        /// Description of the operation.
        message: String,
        /// Advice for finding out.
        hint: Hint,
    },
    /// Objects weren't published.
    #[error("{}", incomplete(failures, *not_begun))]
    Incomplete {
        /// Failures with their reasons.
        failures: Vec<Failure>,
        /// Number of objects that were planned but not begun.
        not_begun: u64,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

/// Kind of an error. Its name in JSON is in lower case, with hyphens: `lost-race`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// Flag, variable or key that isn't usable as given.
    Usage,
    /// Mistake in the configuration.
    Config,
    /// Mistakes in a policy for cross-origin requests.
    Policy,
    /// Files that can't be published.
    Tree,
    /// Operation on this machine that failed.
    Io,
    /// Target that refused or failed.
    Store,
    /// Guard that stopped the run: [`Error::guards`] says which.
    Refused,
    /// Another deployer who was faster.
    LostRace,
    /// Operation with an unknown outcome.
    Unknown,
    /// Objects that weren't published.
    Incomplete,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl ErrorKind {
    /// Returns its name in JSON: `lost-race`.
    pub fn name(self) -> String {
        name_in_json(self)
    }
}

impl Error {
    /// Returns the kind, for programs to decide by.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Usage { .. } => ErrorKind::Usage,
            Error::Config { .. } => ErrorKind::Config,
            Error::Policy { .. } => ErrorKind::Policy,
            Error::Tree { .. } => ErrorKind::Tree,
            Error::Io { .. } => ErrorKind::Io,
            Error::Store(_) => ErrorKind::Store,
            Error::Refused { .. } => ErrorKind::Refused,
            Error::LostRace { .. } => ErrorKind::LostRace,
            Error::Unknown { .. } => ErrorKind::Unknown,
            Error::Incomplete { .. } => ErrorKind::Incomplete,
            Error::Interrupted => ErrorKind::Interrupted,
        }
    }

    /// Returns the guards that refused; none for an error of another kind.
    pub fn guards(&self) -> &[Guard] {
        match self {
            Error::Refused { guards, .. } => guards,
            _ => &[],
        }
    }

    /// Returns advice, if there's more to say than the message does.
    pub fn hint(&self) -> Option<String> {
        let hint = self.what_helps();
        (!hint.is_empty()).then(|| hint.to_string())
    }

    /// Returns the advice with its commands, which may be for a target that isn't known yet; empty
    /// if there's none.
    pub(crate) fn what_helps(&self) -> Hint {
        match self {
            Error::Usage { hint, .. }
            | Error::Config { hint, .. }
            | Error::Refused { hint, .. }
            | Error::LostRace { hint, .. }
            | Error::Unknown { hint, .. } => hint.clone(),
            Error::Policy { file, .. } => masked_hint(format!(
                "run `assetsync cors check {}` for details",
                file.display()
            )),
            Error::Tree { problems, .. } => problem::hint(problems, Listed::First).into(),
            Error::Store(error) => error.hint.clone(),
            Error::Incomplete { failures, .. } => failures
                .first()
                .map(|first| first.error.hint.clone())
                .unwrap_or_default(),
            Error::Io { .. } | Error::Interrupted => Hint::default(),
        }
    }

    /// Message and hint with every problem of a tree, which are the first ones of each kind
    /// otherwise.
    pub(crate) fn in_full(&self) -> (String, Option<String>) {
        match self {
            Error::Tree { problems, .. } => {
                let hint = problem::hint(problems, Listed::All);
                let hint = (!hint.is_empty()).then_some(hint);
                (problem::list(problems, Listed::All), hint)
            }
            other => (other.to_string(), other.hint()),
        }
    }

    /// The message as people read it: with the lines of files that it's about, and carets below
    /// what is meant. Has colours.
    pub(crate) fn illustrated(&self, listed: Listed) -> String {
        match (self, listed) {
            (Error::Config { excerpt, .. }, _) => {
                let excerpt = excerpt
                    .iter()
                    .map(|excerpt| format!("\n{}", excerpt.render()));
                self.to_string() + &excerpt.collect::<String>()
            }
            (Error::Policy { file, mistakes }, _) => in_policy(file, mistakes, Drawn::First),
            (Error::Tree { problems, .. }, listed) => problem::list_illustrated(problems, listed),
            _ => self.to_string(),
        }
    }

    /// Makes an [`Error::Tree`] of a tree that nothing else is to be said of.
    pub(crate) fn of_tree(problems: Vec<Problem>) -> Error {
        Error::Tree {
            problems,
            warnings: Vec::new(),
        }
    }

    /// The same, told of `place`.
    pub(crate) fn at(mut self, place: &str) -> Error {
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
            Error::Usage { .. }
            | Error::Config { .. }
            | Error::Policy { .. }
            | Error::Tree { .. } => 2,
            Error::Refused { .. } => 3,
            Error::LostRace { .. } => 4,
            Error::Unknown { .. } => 5,
            Error::Incomplete { failures, .. } => failure::exit_code(failures),
            Error::Interrupted => 130,
        }
    }

    /// Makes an [`Error::Usage`]. Quoted parts of its message are masked and escaped, because they
    /// come from user input.
    pub fn usage(message: impl Into<String>, hint: impl Into<Hint>) -> Error {
        Error::Usage {
            message: masked_quotes(&message.into()),
            hint: masked_hint(hint),
        }
    }

    /// Makes an [`Error::Refused`] by one guard.
    pub(crate) fn refused(
        guard: Guard,
        message: impl Into<String>,
        hint: impl Into<Hint>,
    ) -> Error {
        Error::Refused {
            guards: vec![guard],
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn key(message: impl Into<String>, hint: impl Into<Hint>) -> Error {
        Error::usage(message, hint)
    }

    pub(crate) fn key_file(file: &Path, source: &io::Error) -> Error {
        let shown = shown_key_file(file);
        let hint = match source.kind() {
            io::ErrorKind::NotFound if may_be_key(file) => {
                "give the name of an existing key file, not the key itself".to_string()
            }
            io::ErrorKind::NotFound => format!(
                "get it from your team; only for a new project, create one with `assetsync key new {shown}`"
            ),
            _ => String::new(),
        };
        Error::usage(
            format!("Cannot use the key file `{shown}`: {}", plain(source)),
            hint,
        )
    }

    pub(crate) fn new_key_file(file: &Path, source: &io::Error) -> Error {
        let hint = match source.kind() {
            io::ErrorKind::NotFound => "create its folder first",
            io::ErrorKind::AlreadyExists => {
                "use this key, or choose another file: a key is never overwritten, \
                 because every name depends on it"
            }
            _ => "",
        };
        Error::usage(
            format!(
                "Cannot create the key file `{}`: {}",
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

/// Choice of the mistakes that are told with their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    No,
    /// The first ones.
    First,
}

/// Bounds how many lines are shown of a file.
pub const DRAWN_MAX: usize = 10;

fn in_policy(file: &Path, mistakes: &[Problem], drawn: Drawn) -> String {
    let n = count(mistakes.len() as u64, "mistake");
    let mut text = format!("The CORS policy `{}` has {n}:", masked_path(file));
    for (place, mistake) in mistakes.iter().enumerate() {
        text += &format!("\n  {}: {}", mistake.location(), mistake.message);
        if drawn == Drawn::First && place < DRAWN_MAX {
            text += &mistake.illustration();
        }
    }
    text
}

/// Tells of the first object that failed, and how many others did.
fn incomplete(failures: &[Failure], not_begun: u64) -> String {
    let first = failures
        .first()
        .map(|Failure { path, error }| format!(": `{}`: {error}", escape(path)));
    let mut text = count(failures.len() as u64, "object") + " failed";
    if not_begun > 0 {
        text += &format!(", {not_begun} not started");
    }
    text + &first.unwrap_or_default()
}

/// The name of a key file; not if it might be the key itself, given in the wrong place.
pub(crate) fn shown_key_file(file: &Path) -> String {
    if may_be_key(file) {
        "(not shown: may be the key itself, not a file name)".to_string()
    } else {
        masked_path(file)
    }
}

/// Says whether the name of a key file might be the key itself.
fn may_be_key(file: &Path) -> bool {
    let is_elsewhere = file
        .parent()
        .is_some_and(|folder| !folder.as_os_str().is_empty() && folder.exists());
    !file.exists() && !is_elsewhere && file.as_os_str().len() >= SECRET_BYTES_MIN
}
