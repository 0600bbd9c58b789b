//! Publishing, tried: an object as a push would write it, read by a stranger, and deleted again if that's possible. If not, it
//! stays, harms nobody, and a later prune takes it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::fix::Fix;
use super::mend::Mend;
use super::rights::needed;
use super::strangers::try_reading;
use super::{Finding, Patient, culprit};
use crate::body::{Body, Content};
use crate::build::Object;
use crate::config::Access;
use crate::levels::LevelId;
use crate::name::{EncodingPolicy, Headers, NameStyle, Token, token};
use crate::path::{LogicalPath, ObjectKey};
use crate::release::root::Nonce;
use crate::rules::Policy;
use crate::store::control::{Grant, Settings, Told};
use crate::store::stranger::Heard;
use crate::store::{PutMode, StoreError, StoreErrorKind, Stored};

/// What to do where the bucket's rules let everybody read, and nobody can.
const NOT_APPLIED: &str = "the bucket's own rules let them: look for a condition or a statement with `Deny` in its policy, and for rules of the account or organisation, such as a public access block";

/// What a published probe says.
pub(super) const PUBLISHED: &[u8] =
    b"This shows that visitors can read. assetsync doctor wrote it.\n";

/// What came of publishing a probe as a push would.
#[derive(Debug)]
pub(super) struct Published {
    key: String,
    put: Result<(), StoreError>,
    /// Once more, though it's there.
    put_again: Option<Result<(), StoreError>>,
    /// What a stranger gets at the storage's URL, and at the target's `public_url`.
    at_storage: Option<Result<Heard, StoreError>>,
    at_public_url: Option<Result<Heard, StoreError>>,
    delete: Option<Result<(), StoreError>>,
}

/// Tells whether an object could be a probe that nobody was allowed to delete.
pub(crate) fn may_be_probe(key: &str, stored: &Stored) -> bool {
    let token = key.strip_suffix(".txt");
    stored.size_bytes == PUBLISHED.len() as u64 && token.is_some_and(|t| Token::parse(t).is_some())
}

/// Publishes an object of a new name, lets a stranger read it, and takes it away again.
pub(super) async fn try_publishing(patient: &Patient<'_>) -> Published {
    let object = probe_object(patient);
    let body = || Body {
        content: Content::Memory(Bytes::from_static(PUBLISHED)),
        is_gzipped: false,
    };
    let key = object.key.to_string();
    let create = || patient.store.put(&object, body(), &PutMode::Create);
    let stored = match create().await {
        Ok(stored) => stored,
        Err(error) => {
            return Published {
                key,
                put: Err(error),
                put_again: None,
                at_storage: None,
                at_public_url: None,
                delete: None,
            };
        }
    };
    let again = create().await;
    let version = again.as_ref().unwrap_or(&stored).version.clone();
    let at_storage = try_reading(patient, patient.store.url(&object.key));
    let at_public_url = async {
        match &patient.target.public_url {
            Some(base) => {
                Some(try_reading(patient, format!("{base}{}", object.key.url_path())).await)
            }
            None => None,
        }
    };
    let (at_storage, at_public_url) = futures_util::join!(at_storage, at_public_url);
    Published {
        delete: Some(patient.store.delete(&key, &version).await),
        key,
        put: Ok(()),
        put_again: Some(again.map(|_| ())),
        at_storage: Some(at_storage),
        at_public_url,
    }
}

/// An object that no file of a tree comes to: its path holds a random number.
fn probe_object(patient: &Patient<'_>) -> Object {
    let Nonce(nonce) = Nonce::random();
    let path = LogicalPath::parse(&format!("assetsync-doctor-{nonce}.txt"));
    let path = path.expect("letters, digits and a dot are a path");
    let object = probe(patient, path, "text/plain; charset=utf-8");
    let key = ObjectKey::parse(&format!("{}.txt", object.token)).expect("a token is a key");
    Object { key, ..object }
}

/// A page that is published under its own name.
pub(super) fn probe_page(patient: &Patient<'_>, key: &str) -> Object {
    let path = LogicalPath::parse(key).expect("letters, digits, dots and slashes are a path");
    probe(patient, path, "text/html; charset=utf-8")
}

fn probe(patient: &Patient<'_>, path: LogicalPath, content_type: &str) -> Object {
    let headers = Headers {
        content_type: content_type.to_string(),
        cache_control: "no-store".to_string(),
        encoding: EncodingPolicy::Identity,
        further: BTreeMap::new(),
    };
    let digest = blake3::hash(PUBLISHED);
    let token = token(patient.secret, &path, &digest, &headers);
    let key = ObjectKey::parse(path.as_str()).expect("it's a simple path");
    Object {
        path,
        file: PathBuf::new(),
        edits: None,
        size_bytes: PUBLISHED.len() as u64,
        digest,
        token,
        key,
        policy: Arc::new(Policy::of_published(
            NameStyle::Opaque,
            headers,
            LevelId::OPEN,
        )),
        is_held: false,
        try_gzip: false,
    }
}

impl Published {
    pub(super) fn judge(
        &self,
        fix: &Fix<'_>,
        grants: &Told<Vec<Grant>>,
        settings: &Settings,
    ) -> Vec<Finding> {
        const WRITE: &str = "without it, nothing can be published";
        const READ: &str = "that is what the bucket is for";
        if let Err(error) = &self.put {
            return vec![
                Finding::failed("write", WRITE, error.message.clone()).fix(needed(error, "")),
                Finding::unknown(
                    "public-read",
                    READ,
                    "not tried, since nothing could be written",
                ),
            ];
        }
        let left = match &self.delete {
            Some(Err(error)) if error.kind == StoreErrorKind::Denied => format!(
                ", and can't delete it again: `{}` stays, {} bytes that say nothing",
                self.key,
                PUBLISHED.len()
            ),
            Some(Err(error)) => format!("; `{}` stays, since: {error}", self.key),
            _ => String::new(),
        };
        let mut findings = vec![Finding::passed(
            "write",
            WRITE,
            format!("we can publish an object{left}"),
        )];
        if let Some(Ok(())) = &self.put_again {
            findings.push(
                Finding::failed(
                    "create-only",
                    "what is published is never written over by mistake",
                    "the storage writes over what is there, though the condition forbids it (If-None-Match, ifGenerationMatch=0)",
                )
                .fix(fix.conditions(&settings.versioning)),
            );
        }
        if let Some(heard) = &self.at_storage {
            let is_granted = match (fix.target.access, grants) {
                (Access::Bucket, Told::Is(grants)) => {
                    culprit::lets_everybody_read(grants, fix.target)
                }
                _ => false,
            };
            let mend = match is_granted {
                // To grant it once more changes nothing.
                true => NOT_APPLIED.into(),
                false => fix.access_apply(),
            };
            findings.extend(judge_reading(heard, self.at_public_url.as_ref(), mend));
        }
        findings
    }
}

/// What visitors get to read: at `public_url`, if there is one, else from the storage itself. A bucket behind a CDN may well be
/// closed to everybody else.
fn judge_reading(
    at_storage: &Result<Heard, StoreError>,
    at_public_url: Option<&Result<Heard, StoreError>>,
    mend: Mend,
) -> Vec<Finding> {
    const READ: &str = "public-read";
    const READ_WHY: &str = "that is what the bucket is for";
    const URL: &str = "public-url";
    const URL_WHY: &str = "pages that are published point there";
    let public_url = at_public_url.map(|heard| match heard {
        Ok(heard) if is_published(heard) => {
            Finding::passed(URL, URL_WHY, "`public_url` shows what we publish")
        }
        Ok(heard) => Finding::warning(
            URL,
            URL_WHY,
            format!(
                "`public_url` doesn't show what we publish: {}",
                heard.status
            ),
        )
        .fix(
            "mend the target's `public_url`, or let it lead to the bucket and prefix of the target",
        ),
        Err(error) => Finding::unknown(URL, URL_WHY, error.message.clone()),
    });
    let is_shown = matches!(at_public_url, Some(Ok(heard)) if is_published(heard));
    let read = match at_storage {
        Ok(heard) if is_published(heard) => {
            Finding::passed(READ, READ_WHY, "strangers can read what we publish")
        }
        _ if is_shown => Finding::passed(
            READ,
            READ_WHY,
            "strangers can read what we publish, at `public_url` alone",
        ),
        Ok(heard) => Finding::failed(
            READ,
            READ_WHY,
            format!("strangers can't read what we publish: {}", heard.status),
        )
        .fix(mend),
        Err(error) => Finding::unknown(READ, READ_WHY, error.message.clone()),
    };
    std::iter::once(read).chain(public_url).collect()
}

fn is_published(heard: &Heard) -> bool {
    heard.status.is_success() && heard.body == PUBLISHED
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::super::Verdict::{self, Failed, Passed, Unknown, Warning};
    use super::*;

    fn heard(status: StatusCode, body: &'static [u8]) -> Result<Heard, StoreError> {
        Ok(Heard {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body),
        })
    }

    #[test]
    fn visitors_read_from_the_storage_or_by_what_stands_before_it() {
        let yes = || heard(StatusCode::OK, PUBLISHED);
        let no = || heard(StatusCode::FORBIDDEN, b"");
        let else_ = || heard(StatusCode::OK, b"<title>Parked</title>");
        let silence = || Err(StoreError::new(StoreErrorKind::Unreachable, "no answer"));
        for (at_storage, at_url, verdicts) in [
            (yes(), None, vec![Passed]),
            (no(), None, vec![Failed]),
            (else_(), None, vec![Failed]),
            (silence(), None, vec![Unknown]),
            (yes(), Some(yes()), vec![Passed, Passed]),
            (no(), Some(yes()), vec![Passed, Passed]),
            (yes(), Some(else_()), vec![Passed, Warning]),
            (no(), Some(no()), vec![Failed, Warning]),
            (yes(), Some(silence()), vec![Passed, Unknown]),
        ] {
            let findings = judge_reading(&at_storage, at_url.as_ref(), Mend::default());
            let found: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
            assert_eq!(found, verdicts, "{at_storage:?} {at_url:?}");
        }
    }
}
