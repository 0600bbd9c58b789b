//! Documents that can be in the place of a root, and how they are read.

use serde::{Deserialize, Serialize};

use super::{FORMAT, MOVED_VERSION, Root, VERSION};
use crate::release::Unusable;

/// Document in the place of a root whose releases were moved to another key's place. It doesn't say
/// where that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Moved {
    /// Always `assetsync root`.
    pub format: String,
    /// Always 2.
    pub version: u32,
    /// Public id of the key that the releases belong to now.
    pub to: String,
    /// True if a root was written at the new place. If it is true and there is no root, the root
    /// was deleted.
    pub is_done: bool,
    /// Root at the time of the move, with the stamp of the move. The owner of the new key can
    /// continue from it.
    pub root: Root,
}

impl Moved {
    /// Creates the document for a root that [left](Root::leave) for the place of the key `to`.
    pub fn new(root: Root, to: &str) -> Moved {
        Moved {
            format: FORMAT.to_string(),
            version: MOVED_VERSION,
            to: to.to_string(),
            is_done: false,
            root,
        }
    }
}

/// Document that can be in the place of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Root.
    Root(Box<Root>),
    /// Note that the root was moved.
    Moved(Box<Moved>),
}

impl Document {
    /// Reads the document in the place of a root.
    ///
    /// # Errors
    /// Returns an error if it is neither, or has a version that this program doesn't know.
    pub fn parse(json: &[u8]) -> Result<Document, Unusable> {
        check_format(json, FORMAT, MOVED_VERSION)?;
        if check_format(json, FORMAT, VERSION).is_ok() {
            return parse(json).map(|root| Document::Root(Box::new(root)));
        }
        let moved: Moved = serde_json::from_slice(json).map_err(Unusable::damaged)?;
        moved.root.check_counts()?;
        Ok(Document::Moved(Box::new(moved)))
    }

    /// Returns the root, or the last one of this place.
    pub fn root(&self) -> &Root {
        match self {
            Document::Root(root) => root,
            Document::Moved(moved) => &moved.root,
        }
    }
}

/// Reads a root.
///
/// # Errors
/// Returns an error if it isn't one, or has a version that this program doesn't know.
pub fn parse(json: &[u8]) -> Result<Root, Unusable> {
    check_format(json, FORMAT, VERSION)?;
    let root: Root = serde_json::from_slice(json).map_err(Unusable::damaged)?;
    root.check_counts().map(|()| root)
}

/// Checks the format and the version of a document before the rest is read: in a newer version, the
/// rest may have another meaning. `version` is the newest known one.
pub(in crate::release) fn check_format(
    json: &[u8],
    format: &str,
    version: u32,
) -> Result<(), Unusable> {
    #[derive(Deserialize)]
    struct Envelope {
        format: String,
        version: u32,
    }
    let envelope: Envelope = serde_json::from_slice(json)
        .map_err(|e| Unusable::Damaged(format!("it isn't an assetsync document: {e}")))?;
    if envelope.format != format {
        return Err(Unusable::Damaged(format!("it isn't an {format}")));
    }
    match envelope.version {
        0 => Err(Unusable::damaged("its version is 0")),
        newer if newer > version => Err(Unusable::Newer {
            version: newer,
            known: version,
        }),
        _ => Ok(()),
    }
}
