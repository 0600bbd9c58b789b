//! Targets behind one small interface, [`Store`]: list, look, put, delete, and the same for
//! documents of releases. Every implementation passes the same conformance suite
//! (`tests/stories/conformance.rs`). Everything that is specific to one of them stays in its own
//! files.
//!
//! | store | create-only | [`Version`] | [`Stored::fingerprint`] | headers in a listing |
//! |---|---|---|---|---|
//! | [`Directory`](open) | link without replacing, under a lock | size, time, inode; of documents, blake3 | - | no |
//! | S3 | `If-None-Match: *` | ETag | ETag | no |
//! | GCS | `ifGenerationMatch=0` | generation | CRC32C | yes |

pub mod body;
pub(crate) mod command;
pub mod control;
pub(crate) mod directory;
pub(crate) mod documents;
pub mod environment;
mod gcs;
mod helper;
pub(crate) mod http;
pub mod kept;
pub mod location;
mod pages;
pub(crate) mod probe;
mod ranges;
pub(crate) mod s3;
mod server;
pub mod stranger;
pub(crate) mod tools;
pub mod upload;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

use crate::base::name::{Token, split_member};
use crate::base::path::ObjectKey;
use crate::cors::Cloud;
use crate::store::body::Body;
use crate::store::documents::private_place;
use crate::store::location::{Place, Target};

pub use crate::base::failure::{StoreError, StoreErrorKind};
pub use control::Control;
pub use helper::end_helpers;
pub use http::wire::limit_connections;
pub use server::Server;
pub use upload::Upload;

/// Name of the user metadata with an object's [`Token`]. Tokens are keyed hashes, which reveal
/// nothing to strangers.
pub(crate) const TOKEN_METADATA: &str = "assetsync";

/// Advice for an unknown outcome.
pub const UNKNOWN_HINT: &str =
    "the request may have succeeded. Run the command again: it checks what was done";

/// Objects larger than this are sent in parts of this size, in bytes.
pub(crate) const PART_BYTES: usize = 16 << 20;

/// Objects of a target, by key below the target's prefix. Includes objects that assetsync didn't
/// store.
pub type Listing = HashMap<String, Stored>;

/// Data that a store returns about an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stored {
    /// Size as stored, so after gzip.
    pub size_bytes: u64,
    /// Token with which the object was stored; none if assetsync didn't store it, or if the listing
    /// has no tokens.
    pub token: Option<Token>,
    /// True if the listing has tokens. Then an object without a token isn't one of assetsync's.
    pub token_is_known: bool,
    /// Version, which changes with every write; on S3, only if the bytes change.
    pub version: Version,
    /// Checksum by the storage of the bytes as stored. It stays the same while the bytes do. Empty
    /// if the storage has none.
    pub fingerprint: String,
    /// Time of the write, by the storage's clock.
    pub modified: Option<SystemTime>,
}

/// Version of an object, which distinguishes the objects that were under a key over time: an ETag
/// or a generation. On S3, the same bytes have the same version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Version(pub String);

/// Existing object with exactly the bytes that another one is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopySource {
    /// Key of the existing object.
    pub key: ObjectKey,
    /// Size as stored, so after gzip.
    pub size_bytes: u64,
    /// Same as [`Stored::fingerprint`]; empty if it isn't known.
    pub fingerprint: String,
    /// True if the object's bytes are gzipped.
    pub is_gzipped: bool,
}

/// Object that a put expects under the key. A put never overwrites anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutMode {
    /// No object. Atomic: of several puts at once, one wins.
    Create,
    /// This version. Atomic: of several puts at once, one wins, and readers see the whole old
    /// object or the whole new one.
    Over(Version),
}

/// Place for objects. A put is atomic: nobody ever reads half an object.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Lists everything below the target's prefix: one request for 1,000 objects, and none for a
    /// directory.
    async fn list(&self) -> Result<Listing, StoreError>;

    /// Returns the object under `key`, with its token; `None` if there is none.
    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError>;

    /// Stores `body` under `object`'s key with `object`'s headers and token. Returns the data that
    /// a listing will have for it.
    ///
    /// # Errors
    /// [`StoreErrorKind::Precondition`] if the existing object isn't the one that `mode` expects
    /// (perhaps because of this very put, with its reply lost); [`StoreErrorKind::OutcomeUnknown`]
    /// if no answer came.
    async fn put(&self, object: &Upload, body: Body, mode: &PutMode) -> Result<Stored, StoreError>;

    /// Copies the object under the key of `source` to `object`'s key, which must be free, with
    /// `object`'s headers and token. The bytes don't leave the storage. `None` if the storage can't
    /// do that.
    ///
    /// # Errors
    /// As for [`Store::put`] with [`PutMode::Create`]; [`StoreErrorKind::Precondition`] also if
    /// `source` has changed.
    async fn copy(
        &self,
        _source: &CopySource,
        _object: &Upload,
    ) -> Result<Option<Stored>, StoreError> {
        Ok(None)
    }

    /// Reads a document, such as a release's manifest, and its version; `None` if there is none.
    /// The whole document is kept in memory.
    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError>;

    /// Stores a document that isn't public, whatever the target's access is, and must never be
    /// cached.
    ///
    /// # Errors
    /// As for [`Store::put`].
    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError>;

    /// Deletes the object under `key` if it's this version. Succeeds if nothing is there.
    ///
    /// # Errors
    /// [`StoreErrorKind::Precondition`] if it's another version, where the storage checks this (of
    /// S3's servers, Ceph's radosgw doesn't); [`StoreErrorKind::OutcomeUnknown`] if no answer came.
    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError>;

    /// Deletes an object as [`Store::delete`] does, but sends the request only once. It's for
    /// callers that check before another try whether the object still has to be deleted.
    ///
    /// # Errors
    /// As for [`Store::delete`]; [`StoreErrorKind::Unreachable`] also if the storage is only busy.
    async fn delete_once(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.delete(key, version).await
    }

    /// Returns the same storage below `prefix`, which ends with a slash, with the same connections
    /// and credentials.
    fn below(&self, prefix: &str) -> Arc<dyn Store>;

    /// Returns the time of the storage's clock; `None` before its first answer.
    fn now(&self) -> Option<SystemTime>;

    /// Prepares writes under mutable names; called before them. A directory notes them, so that its
    /// state is known even if the run is killed.
    async fn announce(&self, _objects: &[Upload]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Ends the writes; called after them, whether they succeeded or not. A directory notes what is
    /// under its mutable names.
    async fn remember(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Finishes a run when all `published` objects are in place. A directory then writes its
    /// `_headers`.
    async fn finish(&self, _published: Vec<Upload>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the server that answers; unknown before its first answer, and for a folder.
    fn server(&self) -> Server {
        Server::Unknown
    }

    /// Returns the URL at which the storage itself serves `key`.
    fn url(&self, key: &ObjectKey) -> String;

    /// Returns the number of HTTP requests sent so far, retries included.
    fn requests(&self) -> u64 {
        0
    }

    /// Returns the interface to the bucket's settings; `None` for a folder, which has none.
    fn control(&self) -> Option<Arc<dyn Control>> {
        None
    }
}

/// Returns the token in `TOKEN/path`, `dir/stem.TOKEN.ext` or `TOKEN.ext`.
pub(crate) fn token_in_name(key: &str) -> Option<Token> {
    if let Some((token, _)) = split_member(key) {
        return Some(token);
    }
    let name_start = memchr::memrchr(b'/', key.as_bytes()).map_or(0, |slash| slash + 1);
    let mut parts = key.as_bytes()[name_start..].rsplit(|byte| *byte == b'.');
    parts.find_map(Token::of_bytes)
}

/// Length from which runs of letters and digits count as keyed and aren't shown. Those of
/// `palindrome-2022` have 16, those of other styles 26.
const KEYED_CHARS_MIN: usize = 16;

/// Returns true if `text` may contain a keyed name, which must not appear in a log.
pub(crate) fn is_keyed(text: &str) -> bool {
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    runs.any(|run| run.len() >= KEYED_CHARS_MIN)
}

/// Returns the name of an object for messages. Keyed names aren't shown: everybody who has one can
/// read the object.
pub(crate) fn object_called(key: &str) -> String {
    if is_keyed(key) {
        "an object".to_string()
    } else {
        format!("the object `{}`", crate::base::text::escape(key))
    }
}

/// Time limits of a store on a bad network.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Time for which a failing request is tried again before giving up.
    pub deadline: Duration,
    /// Time that a connection may make no progress at all.
    pub stall: Duration,
    /// First pause between two tries, with jitter. Each later pause is twice as long.
    pub backoff: Duration,
}

impl Timeouts {
    /// Returns limits with retries for `seconds`. A connection that stands still for a third of
    /// that (30 s at most) is dropped.
    pub fn seconds(seconds: u64) -> Timeouts {
        Timeouts {
            deadline: Duration::from_secs(seconds),
            stall: Duration::from_secs((seconds / 3).clamp(1, 30)),
            backoff: Duration::from_millis(500),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts::seconds(300)
    }
}

/// Opens the store of `target`. Looks for credentials at once, so that a run without any fails
/// early.
///
/// # Errors
/// Fails without credentials (in under two seconds, naming all places that were searched), with an
/// environment variable that can't be used, or without such a folder.
pub async fn open(target: &Target, timeouts: Timeouts) -> Result<Arc<dyn Store>, StoreError> {
    let bucket = match &target.place {
        Place::Bucket(bucket) => bucket,
        Place::Directory(folder) => {
            let place = private_place(target, folder).map_err(|error| {
                let told = StoreError::new(StoreErrorKind::Setting, error.to_string());
                told.hint(error.what_helps()).caused_by(error)
            })?;
            return Ok(Arc::new(directory::Directory::new(folder, &place)));
        }
    };
    environment::check_proxies()?;
    let (name, prefix) = (&bucket.name, &bucket.prefix);
    Ok(match bucket.cloud {
        Cloud::S3 => Arc::new(s3::S3::open(target, name, prefix, timeouts).await?),
        Cloud::Gcs => Arc::new(gcs::Gcs::open(target, name, prefix, timeouts).await?),
    })
}

/// Returns the server that has `target`: its endpoint, or the cloud's own name; `None` for a
/// folder.
pub(crate) fn server(target: &Target) -> Option<String> {
    Some(match target.place.cloud()? {
        Cloud::S3 => s3::server(target),
        Cloud::Gcs => gcs::server(target),
    })
}

/// Returns the URL that browsers use for `key` in `target`, without asking the network. S3 without
/// a region is taken to be in us-east-1. A [`Target`] that comes from a configuration includes the
/// S3 settings of the environment.
pub fn public_url(target: &Target, key: &ObjectKey) -> String {
    match (served_at(target), &target.place) {
        (None, Place::Directory(folder)) => directory::url(folder, key.as_str()),
        (top, _) => format!("{}{}", top.unwrap_or_default(), key.url_path()),
    }
}

/// Returns the URL that is written into files before the names of others, with a slash at its end:
/// the `public_url`, or else a bucket's own address. `None` if neither is known for sure. Amazon's
/// buckets have an address in their region only.
pub(crate) fn written_url(target: &Target) -> Option<Url> {
    let is_amazons = target.place.cloud() == Some(Cloud::S3) && target.endpoint.is_none();
    if target.public_url.is_none() && is_amazons && target.region.is_none() {
        return None;
    }
    served_at(target)?.parse().ok()
}

/// Returns the URL at which browsers find the files of `target`, with a slash at its end; `None`
/// for a folder without a `public_url`.
pub(crate) fn served_at(target: &Target) -> Option<String> {
    if let Some(base) = &target.public_url {
        return Some(base.to_string());
    }
    let Place::Bucket(bucket) = &target.place else {
        return None;
    };
    let root = match bucket.cloud {
        Cloud::S3 => {
            let region = target.region.as_deref().unwrap_or(s3::DEFAULT_REGION);
            s3::bucket_url(target, &bucket.name, region)
        }
        Cloud::Gcs => format!("{}/{}", gcs::server(target), bucket.name),
    };
    let path = crate::base::path::url_path(&bucket.prefix);
    Some(format!("{root}/{path}"))
}
