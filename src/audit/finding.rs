//! Findings of an audit, as plain data.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::doctor::Verdict;
use crate::release::manifest::Entry;

/// Something that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Subject of the finding; its name is the same in every version.
    pub kind: Kind,
    /// Severity.
    pub verdict: Verdict,
    /// The logical path of an object of the release; none if it's about the bucket, or about what
    /// isn't of the release.
    pub path: Option<String>,
    /// The logical paths of further objects of which the same is true, for the same reason.
    pub also: Vec<String>,
    /// The object's name in the target. A secret of a kind: shown only if it's asked for.
    #[serde(skip)]
    pub key: Option<String>,
    /// Size of a stray object, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// A document of the releases, by its name among them, which its own ACL opens.
    #[serde(skip)]
    pub(super) document: Option<String>,
    /// Address at which the problem was seen.
    pub address: Option<Address>,
    /// Expected state.
    pub expected: String,
    /// State that was found.
    pub seen: String,
    /// The same in few words, for where more is told besides; none if `seen` has few.
    #[serde(skip)]
    pub(super) brief: Option<&'static str>,
    /// Way to fix it; empty if none is known.
    pub fix: String,
    /// True if it was repaired just now, and the problem is still there.
    #[serde(skip)]
    pub(super) is_in_vain: bool,
}

/// Subject of a finding, the most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The documents of the releases are gone or damaged.
    Releases,
    /// Strangers can read these documents.
    State,
    /// A held object is readable, or is stored in the target.
    Held,
    /// The bucket lets strangers do too much, or too little.
    Bucket,
    /// An object isn't there.
    Missing,
    /// It's there, and strangers don't get it.
    Unreadable,
    /// Strangers are led elsewhere.
    Redirect,
    /// Other bytes than were published.
    Content,
    /// The right bytes, compressed otherwise than they should be, or than they say.
    Encoding,
    /// A file of the tree that isn't what its name says.
    File,
    /// Another `Content-Type`, `Cache-Control` or the like.
    Headers,
    /// Strangers may do more with an object than read it, or not even that, by its own ACL.
    Acl,
    /// The bucket's CORS policy isn't the target's.
    CorsPolicy,
    /// A browser is answered otherwise than that policy says.
    Cors,
    /// Ranges of a recording or film can't be requested.
    Range,
    /// The token, by which assetsync recognizes its own objects, is missing.
    Token,
    /// The storage's own checksum isn't that of the release, though the bytes are right.
    Checksum,
    /// Answers to requests for names that don't exist are wrong.
    NotFound,
    /// The host doesn't show the pages that the target says it shows.
    Host,
    /// A cookie comes with what everybody gets.
    Cookie,
    /// An earlier release published it under a name that stays.
    Left,
    /// The purpose of the object is unknown.
    Stray,
    /// It couldn't be looked at.
    Unanswered,
}

/// Place from which visitors get objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Address {
    /// The storage itself.
    Storage,
    /// The target's `public_url`.
    PublicUrl,
}

impl Address {
    /// Returns its usual name.
    pub fn in_words(self) -> &'static str {
        match self {
            Address::Storage => "the storage",
            Address::PublicUrl => "public_url",
        }
    }
}

impl Finding {
    pub(super) fn new(
        kind: Kind,
        verdict: Verdict,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Finding {
        Finding {
            kind,
            verdict,
            path: None,
            also: Vec::new(),
            key: None,
            bytes: None,
            document: None,
            address: None,
            expected: expected.into(),
            seen: crate::base::text::escape(&seen.into()),
            fix: String::new(),
            brief: None,
            is_in_vain: false,
        }
    }

    pub(super) fn failed(
        kind: Kind,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Finding {
        Finding::new(kind, Verdict::Failed, expected, seen)
    }

    pub(super) fn warning(
        kind: Kind,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Finding {
        Finding::new(kind, Verdict::Warning, expected, seen)
    }

    pub(super) fn unknown(kind: Kind, seen: impl Into<String>) -> Finding {
        Finding::new(kind, Verdict::Unknown, "", seen)
    }

    pub(super) fn of(mut self, entry: &Entry) -> Finding {
        self.path = Some(entry.path.to_string());
        self.key = Some(entry.key.to_string());
        self
    }

    pub(super) fn at(mut self, address: Address) -> Finding {
        self.address = Some(address);
        self
    }

    /// The same of other objects than these; none if it was about nothing else.
    pub(super) fn without(mut self, paths: &BTreeSet<&str>) -> Option<Finding> {
        let Some(first) = self.path.take() else {
            return Some(self);
        };
        let mut left = std::iter::once(first)
            .chain(std::mem::take(&mut self.also))
            .filter(|path| !paths.contains(path.as_str()));
        self.path = Some(left.next()?);
        self.also = left.collect();
        Some(self)
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Finding {
        self.fix = fix.into();
        self
    }
}
