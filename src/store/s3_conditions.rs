//! What S3 does only if that is there which was expected: writes and deletions; and documents, read and checked.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{Method, StatusCode};
use md5::{Digest, Md5};

use super::http::{Call, Reply, is_whole, refuse_cut, text};
use super::s3::{S3, is_success, with_checksum};
use super::s3_documents::error_document;
use super::{
    DOCUMENT_CACHING, PutMode, READS_MAX, StoreError, StoreErrorKind, UNKNOWN_HINT, Version,
    called, document_begin, document_bytes_max, document_type, object_called,
};

impl Call {
    /// The call that changes an object, if what is there is what `mode` expects.
    pub(super) fn expecting(&self, mode: &PutMode) -> Call {
        let mut call = self.clone().changes_object();
        call.retry_conflict = true;
        match mode {
            PutMode::Create => call.header("if-none-match", "*"),
            PutMode::Over(version) => call.header("if-match", &version.0),
        }
    }
}

impl S3 {
    /// Sends `call`, which changes what is under `key`, with the condition of `mode`.
    ///
    /// Ceph's radosgw (16.2) gives ETags in quotes, as HTTP wants it, but never finds one in quotes to be the same.
    /// So where the version is still the expected one after a refusal, it's sent once more without them; never
    /// without the condition. A server that takes that is spoken to so from then on.
    pub(super) async fn send_if(
        &self,
        call: &Call,
        key: &str,
        mode: &PutMode,
    ) -> Result<Reply, StoreError> {
        let bare = bare(mode);
        if let Some(bare) = &bare
            && self.wants_bare_etags().load(Ordering::Relaxed)
        {
            return self.send(&call.expecting(bare)).await;
        }
        let reply = self.send(&call.expecting(mode)).await?;
        let Some(bare) = bare else {
            return Ok(reply);
        };
        let is_refused = reply.status == StatusCode::PRECONDITION_FAILED && !reply.is_second_answer;
        if !is_refused || !self.is_there(key, mode).await {
            return Ok(reply);
        }
        let reply = self.send(&call.expecting(&bare)).await?;
        if is_success(&reply) {
            self.wants_bare_etags().store(true, Ordering::Relaxed);
        }
        Ok(reply)
    }

    /// Sends `call`, which copies what is under `key` onto itself, if it's the version of `mode`; without the quotes of its ETag
    /// where a server wants it so, as in [`S3::send_if`].
    pub(super) async fn send_copy_if(
        &self,
        call: &Call,
        key: &str,
        mode: &PutMode,
    ) -> Result<Reply, StoreError> {
        let of = |mode: &PutMode| match mode {
            PutMode::Create => call.clone(),
            PutMode::Over(Version(etag)) => call
                .clone()
                .changes_object()
                .header("x-amz-copy-source-if-match", etag),
        };
        let reply = self.send(&of(mode)).await?;
        let is_refused = reply.status == StatusCode::PRECONDITION_FAILED && !reply.is_second_answer;
        match bare(mode) {
            Some(bare) if is_refused && self.is_there(key, mode).await => {
                self.send(&of(&bare)).await
            }
            _ => Ok(reply),
        }
    }

    /// Whether what `mode` expects is there, as far as can be seen.
    async fn is_there(&self, key: &str, mode: &PutMode) -> bool {
        match (self.look(key).await, mode) {
            (Ok(Some(stored)), PutMode::Over(version)) => stored.version == *version,
            _ => false,
        }
    }

    /// A document's bytes, compared with what the storage says of them.
    pub(super) async fn read_document(
        &self,
        key: &str,
    ) -> Result<Option<(Bytes, Version)>, StoreError> {
        let doing = format!("read {}", called(key));
        let call = Call::new(Method::GET, self.object_url(key), doing);
        let call = call
            .for_content(document_bytes_max(key))
            .beginning(document_begin(key));
        let mut damage = "";
        for _ in 0..READS_MAX {
            let reply = self.send(&call).await?;
            if says(&reply, "NoSuchKey") {
                return Ok(None);
            }
            // Not `success`: a document may hold what looks like an error.
            if !reply.status.is_success() {
                return Err(self.explain(&call, &reply));
            }
            refuse_cut(&call, &reply)?;
            damage = match damage_of(&reply) {
                Some(damage) => damage,
                None => return Ok(Some((reply.body.clone(), version(&call, &reply)?))),
            };
        }
        let message = format!(
            "Cannot {}: {damage}, {READS_MAX} times in a row",
            call.doing
        );
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint("something between here and the storage changes what is sent"))
    }

    /// Without an ACL, whatever objects get: only who may read the bucket may read it.
    pub(super) async fn write_document(
        &self,
        key: &str,
        bytes: Bytes,
        mode: &PutMode,
    ) -> Result<Version, StoreError> {
        let doing = format!("write {}", called(key));
        let call = Call::new(Method::PUT, self.object_url(key), doing)
            .header("content-type", document_type(key))
            .header("cache-control", DOCUMENT_CACHING)
            .body([bytes]);
        let call = with_checksum(call);
        let reply = self.send_if(&call, key, mode).await?;
        let reply = self.uploaded(&call.expecting(mode), reply).await?;
        // It's written, so what is there has to be looked at.
        version(&call, &reply).map_err(|error| StoreError {
            kind: StoreErrorKind::OutcomeUnknown,
            hint: UNKNOWN_HINT.to_string(),
            ..error
        })
    }

    pub(super) fn deletion(&self, key: &str) -> Call {
        let doing = format!("delete {}", object_called(key));
        Call::new(Method::DELETE, self.object_url(key), doing)
    }

    /// Deletes what is under `key` if it's `version`, as far as the server minds.
    pub(super) async fn delete_if(
        &self,
        call: Call,
        key: &str,
        version: &Version,
    ) -> Result<(), StoreError> {
        let mode = PutMode::Over(version.clone());
        let reply = self.send_if(&call, key, &mode).await?;
        let conditional = call.expecting(&mode);
        if says(&reply, "NotImplemented") || reply.status == StatusCode::NOT_IMPLEMENTED {
            return self.delete_after_a_look(&call, key, version).await;
        }
        match reply.status {
            _ if is_deleted(&reply) => Ok(()),
            // Some refuse where nothing is left.
            StatusCode::PRECONDITION_FAILED if matches!(self.look(key).await, Ok(None)) => Ok(()),
            _ => Err(self.explain(&conditional, &reply)),
        }
    }

    /// For servers that know no condition on a deletion: the look comes right before it.
    async fn delete_after_a_look(
        &self,
        call: &Call,
        key: &str,
        version: &Version,
    ) -> Result<(), StoreError> {
        match self.look(key).await? {
            None => return Ok(()),
            Some(stored) if stored.version == *version => {}
            Some(_) => {
                let message = format!("Cannot {}: another version is there", call.doing);
                return Err(StoreError::new(StoreErrorKind::Precondition, message));
            }
        }
        let call = call.clone().changes_object();
        let reply = self.send(&call).await?;
        match is_deleted(&reply) {
            true => Ok(()),
            false => Err(self.explain(&call, &reply)),
        }
    }
}

/// The same without quotes around the ETag; none if there are none.
fn bare(mode: &PutMode) -> Option<PutMode> {
    let PutMode::Over(Version(etag)) = mode else {
        return None;
    };
    let bare = etag.strip_prefix('"')?.strip_suffix('"')?;
    Some(PutMode::Over(Version(bare.to_string())))
}

fn says(reply: &Reply, code: &str) -> bool {
    !reply.status.is_success() && error_document(reply).is_some_and(|error| error.code == code)
}

/// Gone now, or before.
fn is_deleted(reply: &Reply) -> bool {
    is_success(reply)
        || says(reply, "NoSuchKey")
        || (reply.status == StatusCode::NOT_FOUND && error_document(reply).is_none())
}

fn version(call: &Call, reply: &Reply) -> Result<Version, StoreError> {
    match text(&reply.headers, "etag") {
        Some(etag) if !etag.is_empty() => Ok(Version(etag.to_string())),
        _ => Err(StoreError::new(
            StoreErrorKind::Other,
            format!("Cannot {}: the storage gave no ETag", call.doing),
        )),
    }
}

/// What is wrong with a document that arrived.
fn damage_of(reply: &Reply) -> Option<&'static str> {
    if !is_whole(reply) {
        return Some("its length isn't the promised one");
    }
    let md5 = HEXLOWER.encode(&Md5::digest(&reply.body));
    match stored_md5(reply) {
        Some(stored) if stored != md5 => Some("its bytes aren't those of its ETag (their MD5)"),
        _ => None,
    }
}

/// The MD5 of the stored bytes, in hex. ETags of multipart uploads, and of what is encrypted by a key of KMS or of
/// one's own, are something else.
fn stored_md5(reply: &Reply) -> Option<String> {
    const ENCRYPTION: &str = "x-amz-server-side-encryption";
    let by_kms = text(&reply.headers, ENCRYPTION).is_some_and(|by| by.starts_with("aws:kms"));
    let by_own_key = reply
        .headers
        .contains_key("x-amz-server-side-encryption-customer-algorithm");
    let etag = text(&reply.headers, "etag")?.trim_matches('"');
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_md5 && !by_kms && !by_own_key).then(|| etag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn reply(body: &'static str, headers: &[(&'static str, &str)]) -> Reply {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, value.parse().expect("a value"))
            })
            .collect::<HeaderMap>();
        Reply {
            is_second_answer: false,
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(body.as_bytes()),
            cut_bytes: None,
        }
    }

    #[test]
    fn damage_on_the_way_is_seen() {
        let hello = ("etag", "\"5d41402abc4b2a76b9719d911017c592\"");
        let parts = ("etag", "\"5d41402abc4b2a76b9719d911017c592-2\"");
        let kms = ("x-amz-server-side-encryption", "aws:kms");
        let usual = ("x-amz-server-side-encryption", "AES256");
        assert_eq!(damage_of(&reply("hello", &[hello])), None);
        assert!(damage_of(&reply("hellO", &[hello])).is_some());
        assert!(damage_of(&reply("hellO", &[hello, usual])).is_some());
        assert_eq!(damage_of(&reply("hellO", &[hello, kms])), None);
        assert_eq!(damage_of(&reply("hellO", &[parts])), None);
        assert!(damage_of(&reply("hello", &[("content-length", "6")])).is_some());
    }

    #[test]
    fn quotes_are_taken_off_only_where_they_are() {
        let over = |etag: &str| PutMode::Over(Version(etag.to_string()));
        assert_eq!(bare(&over("\"abc-2\"")), Some(over("abc-2")));
        assert_eq!(bare(&over("abc")), None);
        assert_eq!(bare(&PutMode::Create), None);
    }
}
