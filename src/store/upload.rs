//! Uploads: inputs of a storage for an object that it stores.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::name::{Headers, Token};
use crate::base::path::{LogicalPath, ObjectKey};

/// Object as a storage gets it, without its bytes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Upload {
    /// Key in the target.
    pub key: ObjectKey,
    /// Headers that the object is served with.
    pub headers: Arc<Headers>,
    /// Hash of everything to which the object's name commits.
    pub token: Token,
    /// blake3 of the bytes before gzip.
    pub digest: blake3::Hash,
    /// True if the key contains a token: it can't be guessed, and it identifies the content.
    pub is_keyed: bool,
    /// Path in the tree, for messages.
    pub path: LogicalPath,
    /// File with the bytes, for messages.
    pub file: PathBuf,
}
