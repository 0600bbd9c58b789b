//! Single objects as only their owner sees them, and what can be put right about them without sending them again.

use std::collections::BTreeMap;

use super::Stored;
use super::control::{Grant, Told};
use crate::name::{Headers, ROBOTS, Token};

/// How an object is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its size, token, version and checksum.
    pub stored: Stored,
    /// What visitors are told with it, by lower-case name: `content-type`, `cache-control`, `content-encoding`,
    /// `content-disposition`, `content-language`, and where a website of the bucket leads them instead.
    pub headers: BTreeMap<String, String>,
    /// What strangers may do with it by an ACL of its own.
    pub grants: Told<Vec<Grant>>,
    /// What accounts besides its owner may do by that ACL, in words: "FULL_CONTROL for `someone`". Asked of S3 alone: Google's
    /// ACLs name the project's people anyway.
    pub accounts: Vec<String>,
    /// Whether it's a version with a name, as buckets of S3 make them that are versioned.
    pub is_version: bool,
    /// Google's count of changes of what isn't its bytes; empty on S3.
    pub(super) metageneration: String,
}

/// What an object is to be served with.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// As its name commits to.
    pub headers: &'a Headers,
    /// Whether its bytes are gzipped.
    pub is_gzipped: bool,
    /// What is stored with it.
    pub token: Token,
}

/// Where S3 notes that a website leads visitors of an object elsewhere.
pub const REDIRECT: &str = "x-amz-website-redirect-location";

/// What an object can be served with, apart from `x-amz-website-redirect-location`.
pub const SERVED_HEADERS: [&str; 5] = [
    "content-type",
    "cache-control",
    "content-encoding",
    "content-disposition",
    "content-language",
];

impl Served<'_> {
    /// Whether the file itself was gzipped before it was published, as an SVG whose name ends in `svgz` is.
    pub fn is_packed(&self) -> bool {
        let further = &self.headers.further;
        further
            .get("content-encoding")
            .is_some_and(|by| by == "gzip")
    }

    /// All headers that a storage keeps, by lower-case name.
    pub fn headers(&self) -> BTreeMap<String, String> {
        let mut all = self.headers.further.clone();
        all.remove(ROBOTS);
        all.insert("content-type".into(), self.headers.content_type.clone());
        all.insert("cache-control".into(), self.headers.cache_control.clone());
        if self.is_gzipped {
            all.insert("content-encoding".into(), "gzip".into());
        }
        all
    }
}
