//! Single objects as only their owner sees them, and corrections that don't need the object to be
//! sent again.

use std::collections::BTreeMap;

use super::Stored;
use super::control::{Grant, Observed};
use crate::base::name::{Headers, ROBOTS, Token};

/// State of an object as its owner sees it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Size, token, version and checksum.
    pub stored: Stored,
    /// Headers that visitors get, by lower-case name: `content-type`, `cache-control`,
    /// `content-encoding`, `content-disposition`, `content-language`, and the address to which a
    /// website of the bucket redirects them instead.
    pub headers: BTreeMap<String, String>,
    /// Rights that strangers have by an ACL of the object itself.
    pub grants: Observed<Vec<Grant>>,
    /// Rights that accounts besides the owner have by that ACL, in words: "FULL_CONTROL for
    /// `someone`". Only read from S3: Google's ACLs name the project's members anyway.
    pub accounts: Vec<String>,
    /// True if the object is a version with an id of its own, as in versioned buckets of S3.
    pub is_version: bool,
    /// Google's counter of changes of the object's metadata; empty on S3.
    pub(super) metageneration: String,
}

/// Headers and metadata that an object is to be served with.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// Headers to which the object's name commits.
    pub headers: &'a Headers,
    /// True if the object's bytes are gzipped.
    pub is_gzipped: bool,
    /// Token that is stored with the object.
    pub token: Token,
}

/// Header in which S3 notes that a website redirects visitors of an object.
pub const REDIRECT: &str = "x-amz-website-redirect-location";

/// Names of the headers that an object can be served with, except
/// `x-amz-website-redirect-location`.
pub const SERVED_HEADERS: [&str; 5] = [
    "content-type",
    "cache-control",
    "content-encoding",
    "content-disposition",
    "content-language",
];

impl Served<'_> {
    /// Returns all headers that a storage keeps, by lower-case name.
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
