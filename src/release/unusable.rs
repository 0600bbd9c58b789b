//! Reasons why a document of the releases can't be used, and hints for the user.

use std::fmt;

use crate::base::error::Error;
use crate::base::refusal::Guard;
use crate::store::{StoreError, StoreErrorKind};

/// Reason why a document can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The document is missing.
    Gone,
    /// A newer assetsync wrote the document.
    Newer {
        /// Version of the document.
        version: u32,
        /// Newest version that this program reads.
        known: u32,
    },
    /// The document isn't what was written, with a description.
    Damaged(String),
}

/// Hint if a document is permanently lost.
const BEGIN_ANEW: &str = "if it was deleted by hand, restore it from the bucket's versions; \
                          otherwise start over without the releases and the live switch: move \
                          `root.json` and `releases/` elsewhere, and push with `--begin-anew`. For a \
                          folder, add `--allow-plain` if the push may overwrite its pages";

const BRING_BACK: &str = "try again; if it fails again, restore it from the bucket's versions or a \
                          copy: nothing else is lost, so leave all other files where they are";

const UPDATE: &str = "upgrade assetsync to the version that wrote it; the file is intact";

impl Unusable {
    /// Returns the error for a use of the document `name`. `what` is its kind.
    pub(super) fn error(self, what: &str, name: &str) -> Error {
        let name = crate::base::text::escape(name);
        let message = format!("Cannot read the {what} `{name}`: {self}");
        let hint = match self {
            Unusable::Newer { .. } => {
                return Error::refused(Guard::NewerVersion, message, UPDATE);
            }
            Unusable::Gone => BEGIN_ANEW,
            Unusable::Damaged(_) => BRING_BACK,
        };
        Error::Store(StoreError::new(StoreErrorKind::Other, message).hint(hint))
    }

    /// Returns the reason for a document that isn't JSON, or has the wrong form.
    pub(super) fn damaged(why: impl fmt::Display) -> Unusable {
        Unusable::Damaged(format!("it's damaged: {why}"))
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Gone => f.write_str("it's missing"),
            Unusable::Newer { version, known } => write!(
                f,
                "it has version {version}, but this assetsync supports versions up to {known}: \
                 upgrade assetsync"
            ),
            Unusable::Damaged(why) => f.write_str(why),
        }
    }
}
