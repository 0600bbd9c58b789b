//! Contents of a release's document.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::ReleaseId;

/// Description of a release. Immutable; its objects are in its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// Name of the release.
    pub id: ReleaseId,
    /// Release that it replaced; none for the first.
    pub parent: Option<ReleaseId>,
    /// Release that was made before it. After a rollback, this isn't its parent.
    pub previous: Option<ReleaseId>,
    /// blake3 of its manifest, uncompressed, in hex.
    #[serde(deserialize_with = "digest")]
    pub manifest: String,
    /// Id of the secret that made the names of its objects.
    pub key_id: String,
    /// Time when it was made.
    pub at: Timestamp,
    /// User who made it.
    pub actor: String,
    /// Number of published objects.
    pub files: u64,
    /// Bytes of these objects, before gzip.
    pub bytes: u64,
    /// Number of objects that have names, but aren't published until their level is.
    pub held: u64,
    /// Changes since its parent.
    pub changes: Changes,
    /// Git commit that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
}

/// Changes of a release, in numbers of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Changes {
    /// Files that its parent didn't have.
    pub added: u64,
    /// Files for which browsers get other content or headers.
    pub changed: u64,
    /// Files that only its parent had.
    pub removed: u64,
}

/// Commit of git.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Commit {
    /// Hash of the commit.
    pub id: String,
    /// True if the files were those of the commit.
    pub is_clean: bool,
}

impl Commit {
    /// Returns the beginning of its hash, as people write it.
    pub(crate) fn short(&self) -> &str {
        self.id.get(..10).unwrap_or(&self.id)
    }
}

/// Reads the name of a manifest. As for [`ReleaseId`], it must not lead elsewhere.
fn digest<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    let digest = String::deserialize(text)?;
    match blake3::Hash::from_hex(&digest) {
        Ok(_) => Ok(digest),
        Err(_) => Err(D::Error::custom(
            "invalid manifest name: it must be a digest",
        )),
    }
}
