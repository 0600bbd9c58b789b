//! Reasons why a document of the releases can't be used, and hints for the user.

use std::fmt;

use crate::base::error::Error;
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
const BEGIN_ANEW: &str = "if it was deleted by hand, bring it back from the bucket's versions; without it, only a new beginning helps: move `root.json` and `releases/` away, which forgets the releases and the live switch";

const BRING_BACK: &str = "try again; if it stays so, bring it back as it was, from the bucket's versions or a copy: nothing else is lost, and nothing has to be moved away";

const UPDATE: &str = "install a newer assetsync, as whoever wrote it has; nothing is wrong with it";

impl Unusable {
    /// Returns the error for a use of the document `name`. `what` is its kind.
    pub(super) fn error(self, what: &str, name: &str) -> Error {
        let name = crate::base::text::escape(name);
        let message = format!("Cannot read the {what} `{name}`: {self}");
        let hint = match self {
            Unusable::Newer { .. } => {
                let hint = UPDATE.into();
                return Error::Refused { message, hint };
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
            Unusable::Gone => f.write_str("it's gone"),
            Unusable::Newer { version, known } => write!(
                f,
                "it's of version {version}, and this assetsync knows none after {known}: use a newer one"
            ),
            Unusable::Damaged(why) => f.write_str(why),
        }
    }
}
