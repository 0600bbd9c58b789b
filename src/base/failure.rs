//! Failures of storages: of one operation, and of many objects.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use super::hint::Hint;
use super::mask::masked_answer;
use super::text::escape;

/// Operation that a store didn't do, and the reason.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct StoreError {
    /// For deciding what to do next.
    pub kind: StoreErrorKind,
    /// For people: what failed, and the storage's own words.
    pub message: String,
    /// For people: what to try; empty if there's nothing to add.
    pub hint: Hint,
    /// Reason alone: failures of one kind and cause are reported together. Empty if the message is
    /// the same for all.
    pub cause: String,
    /// Answer with the refusal; none if there was no answer, or the storage is a folder.
    pub answer: Option<Box<Answer>>,
    /// The error of a library that was behind it: of the connection, or of a file.
    #[source]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// An answer of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// HTTP's status code, such as 403.
    pub status: u16,
    /// The storage's own code, such as `AccessDenied`; empty if it gives none.
    pub code: String,
}

/// Kinds of failure that are handled in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A variable of the environment can't be used.
    Setting,
    /// None found, or refused.
    Credentials,
    /// A permission is missing.
    Denied,
    /// There's no such bucket.
    NoBucket,
    /// The bucket takes no ACLs.
    AclRefused,
    /// The bucket is in another region.
    Region,
    /// This machine's clock is off.
    Clock,
    /// A create found its key taken, or a conditional write another version than it expected.
    Precondition,
    /// No answer came, so it may be done or not.
    OutcomeUnknown,
    /// The storage doesn't answer, or only that it can't, for as long as it was asked.
    Unreachable,
    /// The file's bytes aren't those that were hashed.
    FileChanged,
    /// The run was stopped.
    Interrupted,
    /// Anything else.
    Other,
}

impl StoreErrorKind {
    /// Checks whether every further request would fail in the same way.
    pub fn is_fatal(self) -> bool {
        use StoreErrorKind::*;
        matches!(
            self,
            Setting | Credentials | Denied | NoBucket | AclRefused | Region | Clock | Unreachable
        )
    }
}

impl StoreError {
    /// Makes an error. Passwords in what its message quotes are masked.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError {
            kind,
            message: masked_answer(&message.into()),
            hint: Hint::default(),
            cause: String::new(),
            answer: None,
            source: None,
        }
    }

    /// The same error, and what went wrong after it.
    pub(crate) fn and(mut self, later: Option<StoreError>) -> StoreError {
        if let Some(later) = later {
            self.message = format!("{self}; {later}");
        }
        self
    }

    /// The same of the file `path`.
    pub(crate) fn about(mut self, path: &str) -> StoreError {
        let path = escape(path);
        self.message = format!("`{path}`: {}", self.message);
        self
    }

    /// Adds why, without what: failures of one kind and cause are told together.
    pub fn cause(mut self, cause: impl Into<String>) -> StoreError {
        self.cause = cause.into();
        self
    }

    /// Adds the answer that said no.
    pub fn answered(mut self, status: u16, code: impl Into<String>) -> StoreError {
        let code = code.into();
        self.answer = Some(Box::new(Answer { status, code }));
        self
    }

    /// Adds the error that was behind it.
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> StoreError {
        self.source = Some(Arc::new(source));
        self
    }

    /// Adds the error of a file that was behind it.
    pub(crate) fn of_file(self, source: &io::Error) -> StoreError {
        self.caused_by(match source.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(source.kind(), source.to_string()),
        })
    }

    /// Adds what to try.
    pub fn hint(mut self, hint: impl Into<Hint>) -> StoreError {
        self.hint = hint.into().map(masked_answer);
        self
    }
}

/// One object that wasn't published.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its logical path, or what else failed.
    pub path: String,
    /// Why.
    pub error: StoreError,
}

impl Failure {
    /// Checks whether the operation may have succeeded: no answer came.
    pub fn is_unknown(&self) -> bool {
        self.error.kind == StoreErrorKind::OutcomeUnknown
    }
}

/// Returns the exit code of objects that failed: 5 if nothing worse happened than that answers
/// didn't come, 2 if files kept changing.
pub(crate) fn exit_code(failures: &[Failure]) -> u8 {
    let count = |kind| {
        let of_kind = failures.iter().filter(|failure| failure.error.kind == kind);
        of_kind.count()
    };
    let unknown = count(StoreErrorKind::OutcomeUnknown);
    let is_unknown = unknown > 0 && unknown + count(StoreErrorKind::Unreachable) == failures.len();
    let is_changed = count(StoreErrorKind::FileChanged) == failures.len() && !failures.is_empty();
    match () {
        () if is_unknown => 5,
        () if is_changed => 2,
        () => 1,
    }
}
