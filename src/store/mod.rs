//! Targets behind one small interface, [`Store`]: list, look, put, delete, and the same for the small documents
//! of releases. Every implementation passes the same conformance suite (`tests/stories/conformance.rs`). What only
//! one of them knows stays in its file.
//!
//! | store | create-only | [`Version`] | [`Stored::fingerprint`] | headers in a listing |
//! |---|---|---|---|---|
//! | [`Directory`](open) | link without replacing, under a lock | size, time, inode; of documents, blake3 | - | no |
//! | S3 | `If-None-Match: *` | ETag | ETag | no |
//! | GCS | `ifGenerationMatch=0` | generation | CRC32C | yes |
//! | [`Memory`] | yes | a count | blake3 | yes |

mod aws_credentials;
mod aws_sources;
pub mod control;
pub(crate) mod directory;
mod gcs;
mod gcs_control;
mod gcs_cors;
mod gcs_iam;
mod gcs_objects;
mod google_credentials;
pub(crate) mod headers_file;
mod helper;
mod http;
pub mod kept;
mod memory;
mod pages;
mod ranges;
mod s3;
mod s3_access;
mod s3_acl;
mod s3_conditions;
mod s3_control;
mod s3_cors;
mod s3_documents;
mod s3_objects;
mod s3_region;
mod s3_settings;
mod server;
mod silence;
pub mod stranger;
mod wire;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;

use crate::body::Body;
use crate::build::{Build, Object};
use crate::config::{Place, Target};
use crate::environment;
use crate::error::Error;
use crate::mask::masked_answer;
use crate::name::{EncodingPolicy, NameStyle, Token, split_member};
use crate::path::{KEY_BYTES_MAX, LogicalPath, ObjectKey};
use crate::problem::Problem;
use crate::release::layout::{FOLDER, ROOT, private_place};
use crate::tree::{Asset, Tree};

pub use control::Control;
pub use helper::end_helpers;
pub use memory::{Call, Memory, Mischief};
pub use server::Server;
pub use wire::limit_connections;

/// The user metadata that holds an object's [`Token`]. Tokens are keyed hashes: they tell strangers nothing.
pub(crate) const TOKEN_METADATA: &str = "assetsync";

/// What to do about an outcome that isn't known.
pub(crate) const UNKNOWN_HINT: &str = "it may be done or not; the next run finds out";

/// What a document is served with, if ever: nobody between may keep it.
pub(crate) const DOCUMENT_CACHING: &str = "private, no-store";

/// How often a document is read that doesn't arrive as it was stored.
pub(crate) const READS_MAX: usize = 2;

/// No document is larger, packed or not, in bytes: those of a release of 1,000,000 objects have a fifth of it.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 1 << 30;

/// Nor are the root, and what a release says of itself, larger than this, in bytes: with the longest message of a live switch,
/// they have a tenth of it.
const SMALL_DOCUMENT_BYTES_MAX: usize = 2 << 20;

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
    /// Another one after every write.
    pub version: Version,
    /// The storage's own checksum of the bytes as stored; the same for as long as they are. Empty if it has none.
    pub fingerprint: String,
    /// When it was written, by the storage's clock.
    pub modified: Option<SystemTime>,
}

/// Which of the objects that were under a key over time: an ETag, a generation. On S3 the version of the same bytes is
/// the same again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Version(pub String);

/// An object that has the very bytes that another one is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySource {
    /// Where it is.
    pub key: ObjectKey,
    /// As stored, so after gzip.
    pub size_bytes: u64,
    /// As [`Stored::fingerprint`]; empty if it isn't known.
    pub fingerprint: String,
    /// Whether its bytes are gzipped.
    pub is_gzipped: bool,
}

/// What a put expects to be there: nothing else is ever written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutMode {
    /// Nothing. Atomic: of several at once, one wins.
    Create,
    /// This version. Atomic: of several at once, one wins, and readers see the old object or the new one, whole.
    Over(Version),
}

/// A place for objects. A put is atomic: nobody ever reads half an object.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Everything below the target's prefix: one request for 1,000 objects, and none for a directory.
    async fn list(&self) -> Result<Listing, StoreError>;

    /// What is stored under `key`, with its token; none if there's nothing.
    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError>;

    /// Stores `body` under `object`'s key with `object`'s headers and token, and tells what a listing will tell of it.
    ///
    /// # Errors
    /// [`StoreErrorKind::Precondition`] if what is there isn't what `mode` expects (perhaps by this very put,
    /// its reply lost); [`StoreErrorKind::OutcomeUnknown`] if no answer came.
    async fn put(&self, object: &Object, body: Body, mode: &PutMode) -> Result<Stored, StoreError>;

    /// Stores under `object`'s free key what is under that of `source`, with `object`'s headers and token, without the bytes leaving
    /// the storage. None if it can't do that.
    ///
    /// # Errors
    /// As for [`Store::put`] with [`PutMode::Create`]; [`StoreErrorKind::Precondition`] also if `source` isn't as it was.
    async fn copy(
        &self,
        _source: &CopySource,
        _object: &Object,
    ) -> Result<Option<Stored>, StoreError> {
        Ok(None)
    }

    /// The bytes of a document, such as a release's manifest, and their version; none if there's nothing.
    /// Whole in memory.
    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError>;

    /// Stores a document without public access, whatever the target's is, and never to be cached.
    ///
    /// # Errors
    /// As for [`Store::put`].
    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError>;

    /// Deletes what is under `key` if it's this version. Done if nothing is there.
    ///
    /// # Errors
    /// [`StoreErrorKind::Precondition`] if it's another version, where the storage minds (of S3's servers, Ceph's
    /// radosgw doesn't); [`StoreErrorKind::OutcomeUnknown`] if no answer came.
    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError>;

    /// The same, asked once: for whoever makes sure, before another try, that it's still to go.
    ///
    /// # Errors
    /// As for [`Store::delete`]; [`StoreErrorKind::Unreachable`] also if the storage is only busy.
    async fn delete_once(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.delete(key, version).await
    }

    /// The same storage, below `prefix` (which ends with a slash), with the same connections and credentials.
    fn below(&self, prefix: &str) -> Arc<dyn Store>;

    /// The storage's clock; none before its first answer.
    fn now(&self) -> Option<SystemTime>;

    /// Called before mutable names are written: a directory notes for what, so that a run that is killed leaves nothing unknown.
    async fn announce(&self, _objects: &[&Object]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Called after the writes, whatever came of them: a directory notes what is under its mutable names.
    async fn remember(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Called when all of `build` is in place: a directory writes its `_headers` then.
    async fn finish(&self, _build: &Build) -> Result<(), StoreError> {
        Ok(())
    }

    /// Who answers; unknown before the first answer, and of a folder.
    fn server(&self) -> Server {
        Server::Unknown
    }

    /// The URL at which the storage itself serves `key`.
    fn url(&self, key: &ObjectKey) -> String;

    /// HTTP requests sent so far, retries included.
    fn requests(&self) -> u64 {
        0
    }

    /// What only the bucket's owner asks; none for a folder, which has nobody to ask.
    fn control(&self) -> Option<Arc<dyn Control>> {
        None
    }
}

/// Whether everything in `build` has a place in `target`; to be asked before anything is planned.
///
/// # Errors
/// [`Error::Tree`] lists every file that has none: names that a directory needs for itself, keys that get too
/// long behind the target's prefix.
pub fn check(target: &Target, build: &Build) -> Result<(), Error> {
    let objects: Vec<Named<'_>> = build.objects.iter().map(Named::object).collect();
    let problems = misnamed(target, &objects);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::of_tree(problems))
    }
}

/// Notes with the other problems of `tree` which of its files have no place in `targets`, as far as their paths tell: those whose
/// objects are called after them. [`check`] knows the others.
pub fn check_names(targets: &[Target], tree: &mut Tree) {
    let named = (0..tree.assets.len()).filter_map(|file| Named::asset(tree, file));
    let named: Vec<Named<'_>> = named.collect();
    let problems = targets.iter().flat_map(|target| misnamed(target, &named));
    let mut problems: Vec<Problem> = problems.collect();
    problems.sort();
    problems.dedup();
    tree.problems.extend(problems);
    tree.problems.sort();
}

/// A file, and what it's called in a target.
pub(crate) struct Named<'a> {
    path: &'a LogicalPath,
    key: Cow<'a, str>,
    is_keyed: bool,
    is_gzipped: bool,
}

impl<'a> Named<'a> {
    fn object(object: &'a Object) -> Named<'a> {
        Named {
            path: &object.path,
            key: Cow::Borrowed(object.key.as_str()),
            is_keyed: object.is_keyed(),
            is_gzipped: object.headers().encoding == EncodingPolicy::Gzip,
        }
    }

    /// The same before it's named; none if its path is no part of its name. Any token is as long as another.
    fn asset(tree: &'a Tree, file: usize) -> Option<Named<'a>> {
        let Asset { path, policy, .. } = &tree.assets[file];
        let key = match policy.names {
            NameStyle::Folder => {
                let place = tree.unit_of(file)?.place(path.as_str());
                Cow::Owned(format!("{}/{place}", Token::ZERO))
            }
            NameStyle::Opaque | NameStyle::Palindrome2022 => return None,
            NameStyle::Plain | NameStyle::Fingerprinted => Cow::Borrowed(path.as_str()),
            NameStyle::Readable => {
                let extension = policy.key_extension.as_ref();
                let extension = extension.map_or(String::new(), |e| format!(".{e}"));
                let (folder, stem) = (path.folder(), path.stem());
                Cow::Owned(format!("{folder}{stem}.{}{extension}", Token::ZERO))
            }
        };
        Some(Named {
            path,
            key,
            is_keyed: policy.names.is_keyed(),
            is_gzipped: policy.headers.encoding == EncodingPolicy::Gzip,
        })
    }
}

fn misnamed(target: &Target, named: &[Named<'_>]) -> Vec<Problem> {
    let mut problems = match &target.place {
        Place::Directory(folder) => directory::misfits(folder, named),
        Place::S3 { prefix, .. } | Place::Gcs { prefix, .. } => too_long(prefix, named),
    };
    problems.extend(reserved(named));
    problems
}

/// The folder of releases is assetsync's own, in every target.
fn reserved(named: &[Named<'_>]) -> Vec<Problem> {
    let reserved = named.iter().filter(|one| one.key.starts_with(FOLDER));
    let message = format!("has a name below `{FOLDER}`, which assetsync needs for itself");
    reserved
        .map(|one| Problem::new(one.path, &message))
        .collect()
}

/// Keys are limited with the prefix they stand behind.
fn too_long(prefix: &str, named: &[Named<'_>]) -> Vec<Problem> {
    let is_too_long = |one: &&Named<'_>| prefix.len() + one.key.len() > KEY_BYTES_MAX;
    let problem = |one: &Named<'_>| {
        Problem::new(
            one.path,
            format!(
                "its key and the target's prefix are longer than {KEY_BYTES_MAX} bytes together"
            ),
        )
    };
    named.iter().filter(is_too_long).map(problem).collect()
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

/// The `Content-Type` of a document.
pub(crate) fn document_type(key: &str) -> &'static str {
    match key.ends_with(".json") {
        true => "application/json",
        false => "application/octet-stream",
    }
}

/// The largest document of this name, in bytes. The root and a release's own are small whatever is published.
pub(crate) fn document_bytes_max(key: &str) -> usize {
    match (key.ends_with(".json"), key.starts_with("plain/")) {
        (true, _) => SMALL_DOCUMENT_BYTES_MAX,
        // What is sent in parts has no copy, and gzip makes nothing much larger.
        (_, true) => PART_BYTES + (1 << 20),
        _ => DOCUMENT_BYTES_MAX,
    }
}

/// What a document of this name begins with: large ones are gzipped.
pub(crate) fn document_begin(key: &str) -> &'static [u8] {
    match key.ends_with(".gz") {
        true => &[0x1f, 0x8b],
        false => b"",
    }
}

/// What a document is called in messages.
pub(crate) fn called(key: &str) -> String {
    match key {
        ROOT => "the root of the releases".to_string(),
        _ => format!("`{key}` of the releases"),
    }
}

/// Runs of letters and digits from this length on are taken for keyed, and not shown: those of `palindrome-2022` have 16, those
/// of other styles 26.
const KEYED_CHARS_MIN: usize = 16;

/// Whether `text` may have a keyed name in it, which no log may tell.
pub(crate) fn is_keyed(text: &str) -> bool {
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    runs.any(|run| run.len() >= KEYED_CHARS_MIN)
}

/// What an object is called in messages: who has its name can read it.
pub(crate) fn object_called(key: &str) -> String {
    match is_keyed(key) {
        true => "an object".to_string(),
        false => format!("the object `{}`", crate::error::escape(key)),
    }
}

/// How a store behaves on a bad network.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a failing request is tried again before giving up.
    pub deadline: Duration,
    /// How long a connection may make no progress at all.
    pub stall: Duration,
    /// The first pause between two tries, with jitter; each later one is twice as long.
    pub backoff: Duration,
}

impl Patience {
    /// Retries for `seconds`; a connection that stands still for a third of them (30 s at most) is dropped.
    pub fn seconds(seconds: u64) -> Patience {
        Patience {
            deadline: Duration::from_secs(seconds),
            stall: Duration::from_secs((seconds / 3).clamp(1, 30)),
            backoff: Duration::from_millis(500),
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
/// No credentials (in under two seconds, naming all that was looked at), a variable of the environment that can't be used, or no
/// such folder.
pub async fn open(target: &Target, patience: Patience) -> Result<Arc<dyn Store>, StoreError> {
    if !matches!(target.place, Place::Directory(_)) {
        environment::check_proxies()?;
    }
    Ok(match &target.place {
        Place::Directory(folder) => {
            let place = private_place(target, folder).map_err(|error| {
                StoreError::new(StoreErrorKind::Setting, error.to_string())
                    .hint(error.hint().unwrap_or_default())
            })?;
            Arc::new(directory::Directory::new(folder, &place))
        }
        Place::S3 { bucket, prefix } => {
            Arc::new(s3::S3::open(target, bucket, prefix, patience).await?)
        }
        Place::Gcs { bucket, prefix } => {
            Arc::new(gcs::Gcs::open(target, bucket, prefix, patience).await?)
        }
    })
}

/// The server that has `target`: its endpoint, or the cloud's own name; none of a folder.
pub(crate) fn server(target: &Target) -> Option<String> {
    match &target.place {
        Place::Directory(_) => None,
        Place::S3 { .. } => Some(s3::server(target)),
        Place::Gcs { .. } => Some(gcs::server(target)),
    }
}

/// The URL that browsers use for `key` in `target`, without asking the network. S3 without a region is
/// taken to be in us-east-1. What the environment says of S3 is in a [`Target`] that comes from a configuration.
pub fn public_url(target: &Target, key: &ObjectKey) -> String {
    if let Some(base) = &target.public_url {
        return format!("{base}{}", key.url_path());
    }
    match &target.place {
        Place::Directory(folder) => directory::url(folder, key.as_str()),
        Place::S3 { bucket, prefix } => {
            let region = target.region.as_deref().unwrap_or(s3::DEFAULT_REGION);
            format!(
                "{}/{}",
                s3::bucket_url(target, bucket, region),
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
    /// Why, without what: failures of one kind and cause are told together. Empty if the message is the same for all.
    pub cause: String,
}

/// Kinds of failure that are handled in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Whether every further request would fail alike.
    pub fn is_fatal(self) -> bool {
        use StoreErrorKind::*;
        matches!(
            self,
            Setting | Credentials | Denied | NoBucket | AclRefused | Region | Clock | Unreachable
        )
    }
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError {
            kind,
            message: masked_answer(&message.into()),
            hint: String::new(),
            cause: String::new(),
        }
    }

    /// The same error, and what went wrong after it.
    fn and(mut self, later: Option<StoreError>) -> StoreError {
        if let Some(later) = later {
            self.message = format!("{self}; {later}");
        }
        self
    }

    /// The same of the file `path`.
    pub(crate) fn about(mut self, path: &str) -> StoreError {
        let path = crate::error::escape(path);
        self.message = format!("`{path}`: {}", self.message);
        self
    }

    pub(crate) fn cause(mut self, cause: impl Into<String>) -> StoreError {
        self.cause = cause.into();
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> StoreError {
        self.hint = masked_answer(&hint.into());
        self
    }
}
