//! Request that can be sent more than once, and how it's built.

use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};

/// Largest answer, in bytes, unless a call says otherwise: enough for the answer to a write, or a
/// bucket's settings.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Receives the body of a successful answer piece by piece, when the body isn't kept in memory.
pub trait BodySink: fmt::Debug + Send {
    /// Starts a new answer. Bytes of an earlier try are discarded.
    fn begin(&mut self);

    /// Receives the next bytes.
    fn take(&mut self, bytes: &[u8]);
}

/// Request that can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub(super) body: Vec<Bytes>,
    /// SHA-256 of the body, which S3 signs.
    pub sha256: [u8; 32],
    /// Description for people: "upload `img/map.png`".
    pub doing: String,
    /// True if the request changes the object under a key. If its answer is lost, the outcome is
    /// unknown.
    pub changes_object: bool,
    /// True if the status 409 means "another change is in progress, try again": S3's conditional
    /// writes.
    pub retry_conflict: bool,
    /// Largest part of the answer's body that is read, in bytes. Of an error, 64 KiB are read.
    pub body_bytes_max: usize,
    /// Receiver of a successful answer's body, if it isn't kept in memory, and the largest part of
    /// it that is passed on, in bytes.
    pub pour: Option<(Arc<Mutex<dyn BodySink>>, u64)>,
    /// True if a successful answer is an object's content, which may look like anything.
    pub is_content: bool,
    /// First bytes of a successful answer. Of an answer that begins otherwise, no more is read than
    /// of an error.
    pub begin: &'static [u8],
    /// True if the request is sent only once. The caller decides whether to try again.
    pub is_single: bool,
}

impl Call {
    pub(crate) fn new(method: Method, url: String, doing: impl Into<String>) -> Call {
        let doing = doing.into();
        let sha256 = Sha256::digest(b"").into();
        Call {
            method,
            url,
            headers: HeaderMap::new(),
            body: Vec::new(),
            sha256,
            doing,
            changes_object: false,
            retry_conflict: false,
            body_bytes_max: ANSWER_BYTES_MAX,
            pour: None,
            is_content: false,
            begin: b"",
            is_single: false,
        }
    }

    /// Adds a header. Values are our own, or were validated when the configuration was read.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Call {
        let value = value
            .parse()
            .expect("header values are validated where they come in");
        self.headers.insert(name, value);
        self
    }

    /// Marks the answer as an object's content, with its largest size in bytes.
    pub(crate) fn for_content(mut self, bytes_max: usize) -> Call {
        self.body_bytes_max = bytes_max;
        self.is_content = true;
        self
    }

    /// Sets the bytes that a successful answer begins with.
    pub(crate) fn beginning(mut self, begin: &'static [u8]) -> Call {
        self.begin = begin;
        self
    }

    /// Returns the same call for another URL.
    pub(crate) fn to(&self, url: String) -> Call {
        Call {
            url,
            ..self.clone()
        }
    }

    /// Adds a parameter to a URL that already has one.
    pub(crate) fn and_query(mut self, parameter: &str) -> Call {
        self.url += "&";
        self.url += parameter;
        self
    }

    /// Marks the call as one that creates, replaces or deletes an object.
    pub(crate) fn changes_object(mut self) -> Call {
        self.changes_object = true;
        self
    }

    /// Leaves other tries to the caller.
    pub(crate) fn single(mut self) -> Call {
        self.is_single = true;
        self
    }

    pub(crate) fn body(mut self, parts: impl IntoIterator<Item = Bytes>) -> Call {
        self.body = parts.into_iter().collect();
        self.sha256 = self
            .body
            .iter()
            .fold(Sha256::new(), |hasher, part| hasher.chain_update(part))
            .finalize()
            .into();
        self
    }
}
