//! Why a document of the releases can't be used, and what that means for whoever has it.

use std::fmt;

use crate::error::Error;
use crate::store::{StoreError, StoreErrorKind};

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// It isn't there.
    Gone,
    /// A newer assetsync wrote it.
    Newer {
        /// Of the document.
        version: u32,
        /// The newest one that this program reads.
        known: u32,
    },
    /// It isn't what was written: in words.
    Damaged(String),
}

/// What is left to do where something is gone for ever.
const BEGIN_ANEW: &str = "if it was deleted by hand, bring it back from the bucket's versions; without it, only a new beginning helps: move `root.json` and `releases/` away, which forgets the releases and the live switch";

const BRING_BACK: &str = "try again; if it stays so, bring it back as it was, from the bucket's versions or a copy: nothing else is lost, and nothing has to be moved away";

const UPDATE: &str = "install a newer assetsync, as whoever wrote it has; nothing is wrong with it";

impl Unusable {
    /// The error of whoever needs the document `name`, which is a `what`.
    pub(super) fn error(self, what: &str, name: &str) -> Error {
        let name = crate::error::escape(name);
        let message = format!("Cannot read the {what} `{name}`: {self}");
        let hint = match self {
            Unusable::Newer { .. } => {
                let hint = UPDATE.to_string();
                return Error::Refused { message, hint };
            }
            Unusable::Gone => BEGIN_ANEW,
            Unusable::Damaged(_) => BRING_BACK,
        };
        Error::Store(StoreError::new(StoreErrorKind::Other, message).hint(hint))
    }

    /// Nothing that reads as JSON, or not as what it should be.
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
