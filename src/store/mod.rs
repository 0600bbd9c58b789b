//! Targets behind one small interface, [`Store`]: list, look, put. Every implementation passes the same
//! conformance suite (`tests/conformance.rs`). What only one of them knows stays in its file.
//!
//! | store | create-only | integrity | headers in a listing |
//! |---|---|---|---|
//! | [`Directory`](open) | link or rename without replacing | - | no |
//! | S3 | `If-None-Match: *` | SHA-256, signed | no |
//! | GCS | `ifGenerationMatch=0` | CRC32C | yes |
//! | [`Memory`] | yes | - | yes |

mod aws_credentials;
mod directory;
mod gcs;
mod google_credentials;
mod headers_file;
mod http;
mod memory;
mod s3;
mod s3_documents;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::body::Body;
use crate::build::{Build, Object};
use crate::config::{Place, Target};
use crate::error::{Error, Problem};
use crate::name::Token;
use crate::path::{KEY_BYTES_MAX, ObjectKey};

pub use memory::{Call, Memory};

/// The user metadata that holds an object's [`Token`]. Tokens are keyed hashes: they tell strangers nothing.
pub(crate) const TOKEN_METADATA: &str = "assetsync";

/// What to do about an outcome that isn't known.
pub(crate) const UNKNOWN_HINT: &str = "it may be done or not; the next run finds out";

/// Objects larger than this are sent in parts of this size, in bytes.
pub(crate) const PART_BYTES: usize = 16 << 20;

/// What is in a target, by key below the target's prefix. Foreign keys are in it too.
pub type Listing = HashMap<String, Stored>;

/// What a store tells of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// As stored, so after gzip.
    pub size_bytes: u64,
    /// What the object was stored for; none if assetsync didn't put it there, or the listing doesn't tell.
    pub token: Option<Token>,
    /// Whether the listing tells tokens: if it does, none means none.
    pub token_is_known: bool,
}

/// Whether a put may replace what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// Only if the key is free. Atomic: of several at once, one wins.
    Create,
    /// Whatever is there. Atomic: readers see the old object or the new one, whole.
    Replace,
}

/// A place for objects. A put is atomic: nobody ever reads half an object.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Everything below the target's prefix: one request for 1,000 objects, and none for a directory.
    async fn list(&self) -> Result<Listing, StoreError>;

    /// What is stored under `key`, with its token; none if there's nothing.
    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError>;

    /// Stores `body` under `object`'s key with `object`'s headers and token.
    ///
    /// # Errors
    /// [`StoreErrorKind::Exists`] if `mode` is [`PutMode::Create`] and the key isn't free (perhaps by
    /// this very put, its reply lost); [`StoreErrorKind::OutcomeUnknown`] if no answer came.
    async fn put(&self, object: &Object, body: Body, mode: PutMode) -> Result<(), StoreError>;

    /// Called after the writes, whatever came of them: a directory notes what is under its mutable names.
    async fn remember(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Called when all of `build` is in place: a directory writes its `_headers` then.
    async fn finish(&self, _build: &Build) -> Result<(), StoreError> {
        Ok(())
    }

    /// The URL at which the storage itself serves `key`.
    fn url(&self, key: &ObjectKey) -> String;

    /// HTTP requests sent so far, retries included.
    fn requests(&self) -> u64 {
        0
    }
}

/// Whether everything in `build` has a place in `target`; to be asked before anything is planned.
///
/// # Errors
/// [`Error::Tree`] lists every file that has none: names that a directory needs for itself, keys that get too
/// long behind the target's prefix.
pub fn check(target: &Target, build: &Build) -> Result<(), Error> {
    let problems = match &target.place {
        Place::Directory(_) => directory::misfits(build),
        Place::S3 { prefix, .. } | Place::Gcs { prefix, .. } => too_long(prefix, build),
    };
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Tree(problems))
    }
}

/// Keys are limited with the prefix they stand behind.
fn too_long(prefix: &str, build: &Build) -> Vec<Problem> {
    let is_too_long = |object: &&Object| prefix.len() + object.key.as_str().len() > KEY_BYTES_MAX;
    let problem = |object: &Object| {
        Problem::new(
            &object.path,
            format!(
                "its key and the target's prefix are longer than {KEY_BYTES_MAX} bytes together"
            ),
        )
    };
    build
        .objects
        .iter()
        .filter(is_too_long)
        .map(problem)
        .collect()
}

/// The token in `dir/stem.TOKEN.ext` or `TOKEN.ext`.
pub(crate) fn token_in_name(key: &str) -> Option<Token> {
    key.rsplit('/')
        .next()?
        .split('.')
        .rev()
        .find_map(Token::parse)
}

/// How a store behaves on a bad network.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a failing request is tried again before giving up.
    pub deadline: Duration,
    /// How long a connection may make no progress at all.
    pub stall: Duration,
}

impl Patience {
    /// Retries for `seconds`; a connection that stands still for a third of them (30 s at most) is dropped.
    pub fn seconds(seconds: u64) -> Patience {
        Patience {
            deadline: Duration::from_secs(seconds),
            stall: Duration::from_secs((seconds / 3).clamp(1, 30)),
        }
    }
}

impl Default for Patience {
    fn default() -> Patience {
        Patience::seconds(300)
    }
}

/// Opens the store of `target`. Credentials are looked for now, so that a run without any fails at once.
///
/// # Errors
/// No credentials (in under two seconds, naming all that was looked at), or no such folder.
pub async fn open(target: &Target, patience: Patience) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &target.place {
        Place::Directory(folder) => Arc::new(directory::Directory::new(folder)),
        Place::S3 { bucket, prefix } => {
            Arc::new(s3::S3::open(target, bucket, prefix, patience).await?)
        }
        Place::Gcs { bucket, prefix } => {
            Arc::new(gcs::Gcs::open(target, bucket, prefix, patience).await?)
        }
    })
}

/// The URL that browsers use for `key` in `target`, without asking the network. S3 without a region is
/// taken to be in us-east-1.
pub fn public_url(target: &Target, key: &ObjectKey) -> String {
    if let Some(base) = &target.public_url {
        return format!("{base}{}", key.url_path());
    }
    match &target.place {
        Place::Directory(folder) => directory::Directory::new(folder).url(key),
        Place::S3 { bucket, prefix } => {
            let region =
                s3::configured_region(target).unwrap_or_else(|| s3::DEFAULT_REGION.to_string());
            format!(
                "{}/{}",
                s3::bucket_url(target, bucket, &region),
                crate::path::url_path(&format!("{prefix}{key}"))
            )
        }
        Place::Gcs { bucket, prefix } => {
            format!(
                "{}/{bucket}/{}",
                gcs::server(target),
                crate::path::url_path(&format!("{prefix}{key}"))
            )
        }
    }
}

/// What a store didn't do, and why.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// For deciding what to do next.
    pub kind: StoreErrorKind,
    /// For people: what failed, and the storage's own words.
    pub message: String,
    /// For people: what to try; empty if there's nothing to add.
    pub hint: String,
}

/// Kinds of failure that are handled in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
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
    /// A create found its key taken.
    Exists,
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
    /// Whether every further request would fail alike.
    pub fn is_fatal(self) -> bool {
        use StoreErrorKind::*;
        matches!(
            self,
            Credentials | Denied | NoBucket | AclRefused | Region | Clock | Unreachable
        )
    }
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError {
            kind,
            message: message.into(),
            hint: String::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> StoreError {
        self.hint = hint.into();
        self
    }
}
