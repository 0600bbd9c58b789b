//! Conditional requests to S3: writes and deletions of an expected version, and documents that are
//! checked when read.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{Method, StatusCode};
use md5::{Digest, Md5};

use super::documents::error_document;
use super::{S3, is_success, with_checksum};
use crate::store::documents::{
    DOCUMENT_CACHING, READS_MAX, called, document_begin, document_bytes_max, document_type,
};
use crate::store::http::{Call, Reply, is_whole, refuse_cut, text};
use crate::store::{PutMode, StoreError, StoreErrorKind, UNKNOWN_HINT, Version, object_called};

impl Call {
    /// Returns the call with the condition that `mode` needs.
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
    /// Sends `call`, which changes the object under `key`, with the condition of `mode`.
    ///
    /// Ceph's radosgw (16.2) returns ETags in quotes, as HTTP requires, but never accepts a
    /// condition with a quoted one. So if the version is still the expected one after a refusal,
    /// the request is sent once more without the quotes; never without the condition. A server that
    /// accepts that gets ETags without quotes from then on.
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

    /// Sends `call`, which copies the object under `key`, if it's the version of `mode`. The ETag
    /// has no quotes where a server needs it so, as in [`S3::send_if`].
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

    /// Returns true if the object that `mode` expects is there. False if that can't be found out.
    async fn is_there(&self, key: &str, mode: &PutMode) -> bool {
        match (self.look(key).await, mode) {
            (Ok(Some(stored)), PutMode::Over(version)) => stored.version == *version,
            _ => false,
        }
    }

    /// Reads a document, and compares its bytes with the storage's checksum.
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
            // `success` can't be used: a document may contain text that looks like an error.
            if !reply.status.is_success() {
                return Err(self.explain(&call, &reply));
            }
            refuse_cut(&call, &reply)?;
            damage = match damage_of(&reply) {
                Some(damage) => damage,
                None => return Ok(Some((reply.body.clone(), version(&call, &reply)?))),
            };
        }
        Err(damaged(&call, damage))
    }

    /// Writes a document without an ACL, whatever other objects get: only those with the right to
    /// read the bucket can read it.
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
        // The document is written, so the next run has to read what is there.
        version(&call, &reply).map_err(|error| StoreError {
            kind: StoreErrorKind::OutcomeUnknown,
            hint: UNKNOWN_HINT.into(),
            ..error
        })
    }

    pub(super) fn deletion(&self, key: &str) -> Call {
        let doing = format!("delete {}", object_called(key));
        Call::new(Method::DELETE, self.object_url(key), doing)
    }

    /// Deletes the object under `key` if it's `version`, where the server checks this.
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
            // Some servers refuse if nothing is left.
            StatusCode::PRECONDITION_FAILED if matches!(self.look(key).await, Ok(None)) => Ok(()),
            _ => Err(self.explain(&conditional, &reply)),
        }
    }

    /// Deletes an object on servers without conditional deletions: its version is checked right
    /// before.
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
                let message = format!(
                    "Cannot {}: the object has changed since it was checked",
                    call.doing
                );
                return Err(StoreError::new(StoreErrorKind::Precondition, message)
                    .hint("run the command again"));
            }
        }
        let call = call.clone().changes_object();
        let reply = self.send(&call).await?;
        if is_deleted(&reply) {
            Ok(())
        } else {
            Err(self.explain(&call, &reply))
        }
    }
}

/// Returns the mode without quotes around the ETag; `None` if it has none.
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

/// Returns true if the object was deleted, now or before.
fn is_deleted(reply: &Reply) -> bool {
    is_success(reply)
        || says(reply, "NoSuchKey")
        || (reply.status == StatusCode::NOT_FOUND && error_document(reply).is_none())
}

fn version(call: &Call, reply: &Reply) -> Result<Version, StoreError> {
    match text(&reply.headers, "etag") {
        Some(etag) if !etag.is_empty() => Ok(Version(etag.to_string())),
        _ => {
            let message = format!("Cannot {}: the response has no ETag", call.doing);
            Err(StoreError::new(StoreErrorKind::Other, message)
                .hint("check that the endpoint is the storage itself, not a proxy"))
        }
    }
}

/// Returns the error for a document that arrived damaged each time.
fn damaged(call: &Call, damage: &str) -> StoreError {
    let message = format!(
        "Cannot {}: {damage}, {READS_MAX} times in a row",
        call.doing
    );
    StoreError::new(StoreErrorKind::Other, message).hint(
        "something between this machine and the storage alters the data: \
         check for a proxy, or try another network",
    )
}

/// Returns the damage of a document that arrived, if there is any.
fn damage_of(reply: &Reply) -> Option<&'static str> {
    if !is_whole(reply) {
        return Some("its length is wrong");
    }
    let md5 = HEXLOWER.encode(&Md5::digest(&reply.body));
    match stored_md5(reply) {
        Some(stored) if stored != md5 => Some("its MD5 differs from its ETag"),
        _ => None,
    }
}

/// Returns the MD5 of the stored bytes, in hex. It's `None` for multipart uploads and for objects
/// that are encrypted with a key of KMS or the customer's own key: their ETags aren't an MD5.
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
mod tests;
