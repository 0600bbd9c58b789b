//! Tests publishing: writes an object as a push would, reads it as a stranger, and deletes it
//! again. If the object can't be deleted, it stays, does no harm, and a later prune deletes it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::fix::Fix;
use super::remedy::Remedy;
use super::rights::needed;
use super::strangers::try_reading;
use super::{Finding, Subject, culprit};
use crate::base::name::{EncodingPolicy, Headers, token};
use crate::base::path::{LogicalPath, ObjectKey};
use crate::config::Access;
use crate::release::root::Nonce;
use crate::store::Upload;
use crate::store::body::{Body, Content};
use crate::store::control::{Grant, Observed, Settings};
use crate::store::probe::PUBLISHED;
use crate::store::stranger::Response;
use crate::store::{PutMode, StoreError, StoreErrorKind};

const WRITE_WHY: &str = "nothing can be published without write access";
const READ: &str = "public-read";
const READ_WHY: &str = "visitors must be able to read published objects";

/// Advice for a bucket whose rules let everybody read, and which nobody can read.
const NOT_APPLIED: &str = "the bucket's own rules allow it: look for a condition or a `Deny` statement in its policy, and for rules of the account or organisation, such as a public access block";

/// Outcome of publishing a probe as a push would.
#[derive(Debug)]
pub(super) struct Published {
    key: String,
    put: Result<(), StoreError>,
    /// Once more, though it's there.
    put_again: Option<Result<(), StoreError>>,
    /// Answers to a stranger at the storage's URL, and at the target's `public_url`.
    at_storage: Option<Result<Response, StoreError>>,
    at_public_url: Option<Result<Response, StoreError>>,
    delete: Option<Result<(), StoreError>>,
}

/// Publishes an object of a new name, lets a stranger read it, and takes it away again.
pub(super) async fn try_publishing(subject: &Subject<'_>) -> Published {
    let object = probe_object(subject);
    let body = || Body {
        content: Content::Memory(Bytes::from_static(PUBLISHED)),
        is_gzipped: false,
    };
    let key = object.key.to_string();
    let create = || subject.store.put(&object, body(), &PutMode::Create);
    let stored = match create().await {
        Ok(stored) => stored,
        Err(error) => return Published::refused(key, error),
    };
    let again = create().await;
    let version = again.as_ref().unwrap_or(&stored).version.clone();
    let (at_storage, at_public_url) = futures_util::join!(
        try_reading(subject, subject.store.url(&object.key)),
        try_public_url(subject, &object.key),
    );
    Published {
        delete: Some(subject.store.delete(&key, &version).await),
        key,
        put: Ok(()),
        put_again: Some(again.map(|_| ())),
        at_storage: Some(at_storage),
        at_public_url,
    }
}

async fn try_public_url(
    subject: &Subject<'_>,
    key: &ObjectKey,
) -> Option<Result<Response, StoreError>> {
    let base = subject.target.public_url.as_ref()?;
    Some(try_reading(subject, format!("{base}{}", key.url_path())).await)
}

/// An object that no file of a tree comes to: its path holds a random number.
fn probe_object(subject: &Subject<'_>) -> Upload {
    let Nonce(nonce) = Nonce::random();
    let path = LogicalPath::parse(&format!("assetsync-doctor-{nonce}.txt"));
    let path = path.expect("letters, digits and a dot are a path");
    let object = probe(subject, path, "text/plain; charset=utf-8");
    let key = ObjectKey::parse(&format!("{}.txt", object.token)).expect("a token is a key");
    Upload { key, ..object }
}

/// A page that is published under its own name.
pub(super) fn probe_page(subject: &Subject<'_>, key: &str) -> Upload {
    let path = LogicalPath::parse(key).expect("letters, digits, dots and slashes are a path");
    probe(subject, path, "text/html; charset=utf-8")
}

fn probe(subject: &Subject<'_>, path: LogicalPath, content_type: &str) -> Upload {
    let headers = Headers {
        content_type: content_type.to_string(),
        cache_control: "no-store".to_string(),
        encoding: EncodingPolicy::Identity,
        further: BTreeMap::new(),
    };
    let digest = blake3::hash(PUBLISHED);
    Upload {
        key: ObjectKey::parse(path.as_str()).expect("it's a simple path"),
        token: token(subject.secret, &path, &digest, &headers),
        headers: Arc::new(headers),
        digest,
        is_keyed: true,
        path,
        file: PathBuf::new(),
    }
}

impl Published {
    /// Nothing was published, so nothing else was tried.
    fn refused(key: String, error: StoreError) -> Published {
        Published {
            key,
            put: Err(error),
            put_again: None,
            at_storage: None,
            at_public_url: None,
            delete: None,
        }
    }

    pub(super) fn judge(
        &self,
        fix: &Fix<'_>,
        grants: &Observed<Vec<Grant>>,
        settings: &Settings,
    ) -> Vec<Finding> {
        if let Err(error) = &self.put {
            let text = "not tried, since nothing could be written";
            return vec![
                Finding::failed("write", WRITE_WHY, error.message.clone()).fix(needed(error, "")),
                Finding::unknown(READ, READ_WHY, text),
            ];
        }
        let text = format!("can publish an object{}", self.left());
        let mut findings = vec![Finding::passed("write", WRITE_WHY, text)];
        if let Some(Ok(())) = &self.put_again {
            let why = "published objects must never be overwritten by mistake";
            let text = "the storage overwrites an existing object although the condition forbids it (If-None-Match, ifGenerationMatch=0)";
            let finding = Finding::failed("create-only", why, text);
            findings.push(finding.fix(fix.conditions(&settings.versioning)));
        }
        if let Some(heard) = &self.at_storage {
            let remedy = mend_reading(fix, grants);
            findings.extend(judge_reading(heard, self.at_public_url.as_ref(), remedy));
        }
        findings
    }

    /// Words for the probe, if it stays.
    fn left(&self) -> String {
        match &self.delete {
            Some(Err(error)) if error.kind == StoreErrorKind::Denied => format!(
                ", but not delete it: `{}` stays ({} bytes, harmless) until a prune deletes it",
                self.key,
                PUBLISHED.len()
            ),
            Some(Err(error)) => format!("; `{}` stays: {error}", self.key),
            _ => String::new(),
        }
    }
}

/// Returns the fix for a bucket that strangers can't read.
fn mend_reading(fix: &Fix<'_>, grants: &Observed<Vec<Grant>>) -> Remedy {
    let is_granted = match (fix.target.access, grants) {
        (Access::Bucket, Observed::Is(grants)) => culprit::lets_everybody_read(grants, fix.target),
        _ => false,
    };
    if is_granted {
        // Granting it again would change nothing.
        NOT_APPLIED.into()
    } else {
        fix.access_apply()
    }
}

/// Judges what visitors can read: at `public_url`, if there is one, else from the storage itself. A
/// bucket behind a CDN may be closed to everybody else.
fn judge_reading(
    at_storage: &Result<Response, StoreError>,
    at_public_url: Option<&Result<Response, StoreError>>,
    remedy: Remedy,
) -> Vec<Finding> {
    let public_url = at_public_url.map(judge_public_url);
    let is_shown = matches!(at_public_url, Some(Ok(heard)) if is_published(heard));
    let read = match at_storage {
        Ok(heard) if is_published(heard) => {
            Finding::passed(READ, READ_WHY, "strangers can read published objects")
        }
        _ if is_shown => {
            let text = "strangers can read published objects, but only at `public_url`";
            Finding::passed(READ, READ_WHY, text)
        }
        Ok(heard) => {
            let text = format!("strangers can't read published objects: {}", heard.status);
            Finding::failed(READ, READ_WHY, text).fix(remedy)
        }
        Err(error) => Finding::unknown(READ, READ_WHY, error.message.clone()),
    };
    std::iter::once(read).chain(public_url).collect()
}

fn judge_public_url(heard: &Result<Response, StoreError>) -> Finding {
    const URL: &str = "public-url";
    const URL_WHY: &str = "published pages link to `public_url`";
    match heard {
        Ok(heard) if is_published(heard) => {
            Finding::passed(URL, URL_WHY, "`public_url` serves published objects")
        }
        Ok(heard) => {
            let text = format!(
                "`public_url` doesn't serve published objects: {}",
                heard.status
            );
            Finding::warning(URL, URL_WHY, text).fix(
                "correct the target's `public_url`, or point its server to the target's bucket and prefix",
            )
        }
        Err(error) => Finding::unknown(URL, URL_WHY, error.message.clone()),
    }
}

fn is_published(heard: &Response) -> bool {
    heard.status.is_success() && heard.body == PUBLISHED
}

#[cfg(test)]
mod tests;
