//! Uploads to S3, whole or in parts.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use http::Method;

use super::documents::{
    CompleteMultipartUpload, CompleteMultipartUploadResult, CompletedPart, InitiateMultipartUpload,
    error_document, fingerprint, parse,
};
use super::{S3, encode_query, is_success};
use crate::base::name::ROBOTS;
use crate::store::body::{self, Body, Content, Parts, next_part};
use crate::store::http::{Call, Reply, text};
use crate::store::location::Access;
use crate::store::{
    PART_BYTES, PutMode, StoreError, StoreErrorKind, Stored, UNKNOWN_HINT, Upload, Version,
};

/// Largest number of parts that S3 accepts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const PARTS_MAX: u64 = 10_000;

/// Number of parts of one object that are sent at a time. `body::memory_bytes` counts them, and one
/// that is being read.
const PARTS_IN_FLIGHT: usize = 3;

impl S3 {
    /// Returns the reply to an upload if it's a success, otherwise an error. The error says if a
    /// setting of the bucket refused the upload.
    pub(super) async fn uploaded(&self, call: &Call, reply: Reply) -> Result<Reply, StoreError> {
        if is_success(&reply) {
            Ok(reply)
        } else {
            Err(self.explain_upload(call, &reply).await)
        }
    }

    pub(super) fn object_call(
        &self,
        method: Method,
        url: String,
        object: &Upload,
        is_gzipped: bool,
    ) -> Call {
        let headers = &object.headers;
        let mut call = Call::new(method, url, format!("upload `{}`", object.path))
            .header("content-type", &headers.content_type)
            .header("cache-control", &headers.cache_control)
            .header("x-amz-meta-assetsync", &object.token.to_string());
        if is_gzipped {
            call = call.header("content-encoding", "gzip");
        }
        let stored = headers.further.iter().filter(|(name, _)| *name != ROBOTS);
        call = with_headers(call, stored);
        if self.access == Access::ObjectAcl {
            call = call.header("x-amz-acl", "public-read");
        }
        call
    }

    pub(super) async fn put_whole(
        &self,
        object: &Upload,
        body: &Body,
        bytes: &Bytes,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let url = self.object_url(object.key.as_str());
        let call = self
            .object_call(Method::PUT, url, object, body.is_gzipped)
            .body([bytes.clone()]);
        let call = with_checksum(call);
        let reply = self.send_if(&call, object.key.as_str(), mode).await?;
        let reply = self.uploaded(&call.expecting(mode), reply).await?;
        let etag = text(&reply.headers, "etag").unwrap_or_default();
        self.put_as(object, bytes.len() as u64, etag).await
    }

    /// Returns the data of an object that was just put. If the server didn't return the ETag, it's
    /// asked once.
    pub(super) async fn put_as(
        &self,
        object: &Upload,
        size_bytes: u64,
        etag: &str,
    ) -> Result<Stored, StoreError> {
        if !etag.is_empty() {
            return Ok(Stored {
                size_bytes,
                token: Some(object.token),
                token_is_known: true,
                version: Version(etag.to_string()),
                fingerprint: fingerprint(etag),
                modified: None,
            });
        }
        match self.look(object.key.as_str()).await {
            Ok(Some(stored)) if stored.token == Some(object.token) => Ok(stored),
            looked => Err(gone_again(object, looked.err())),
        }
    }

    pub(super) async fn put_parts(
        &self,
        object: &Upload,
        body: Body,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let size_bytes = body.size_bytes();
        let url = self.object_url(object.key.as_str());
        let upload = self.start_parts(object, &url, body.is_gzipped).await?;
        let Content::File(parts) = body.content else {
            unreachable!("only files are sent in parts");
        };
        match self.send_parts(object, parts, &url, &upload, mode).await {
            Ok(etag) => self.put_as(object, size_bytes, &etag).await,
            Err(error) => {
                // Parts that were sent cost money until the upload is aborted.
                let abort = Call::new(
                    Method::DELETE,
                    format!("{url}?{upload}"),
                    format!("abort the upload of `{}`", object.path),
                );
                Err(error.and(self.send(&abort).await.err()))
            }
        }
    }

    /// Begins an upload in parts; returns the parameter that names it.
    async fn start_parts(
        &self,
        object: &Upload,
        url: &str,
        is_gzipped: bool,
    ) -> Result<String, StoreError> {
        let url = format!("{url}?uploads=");
        let create = self.object_call(Method::POST, url, object, is_gzipped);
        let reply = self.send(&create).await?;
        let reply = self.uploaded(&create, reply).await?;
        let started: InitiateMultipartUpload = parse(&create, &reply)?;
        Ok(format!("uploadId={}", encode_query(&started.upload_id)))
    }

    /// Sends the parts, some at a time, and completes the upload. Returns the object's ETag, if the
    /// storage returns it.
    async fn send_parts(
        &self,
        object: &Upload,
        mut parts: Parts,
        url: &str,
        upload: &str,
        mode: &PutMode,
    ) -> Result<String, StoreError> {
        let part_bytes = (PART_BYTES as u64).max(parts.size_bytes().div_ceil(PARTS_MAX)) as usize;
        let mut in_flight = FuturesOrdered::new();
        let mut done = CompleteMultipartUpload { part: Vec::new() };
        let mut number = 0;
        while parts.left_bytes() > 0 || !in_flight.is_empty() {
            if parts.left_bytes() > 0 && in_flight.len() < PARTS_IN_FLIGHT {
                let (rest, part) = next_part(parts, part_bytes).await;
                parts = rest;
                let part = part.map_err(|e| body::explain(&object.file, &e))?;
                number += 1;
                in_flight.push_back(self.send_part(object, part, number, url, upload));
            } else if let Some(sent) = in_flight.next().await {
                done.part.push(sent?);
            }
        }
        self.finish_parts(object, &done, url, upload, mode).await
    }

    async fn send_part(
        &self,
        object: &Upload,
        part: Bytes,
        number: usize,
        url: &str,
        upload: &str,
    ) -> Result<CompletedPart, StoreError> {
        let doing = format!("upload part {number} of `{}`", object.path);
        let url = format!("{url}?partNumber={number}&{upload}");
        let call = Call::new(Method::PUT, url, doing).body([part]);
        let reply = self.expect(&call).await?;
        match reply.headers.get("etag").and_then(|v| v.to_str().ok()) {
            Some(etag) => Ok(CompletedPart {
                part_number: number,
                etag: etag.to_string(),
            }),
            None => Err(StoreError::new(
                StoreErrorKind::Other,
                format!("Cannot {}: the response has no ETag", call.doing),
            )
            .cause("no ETag")
            .hint("check that the endpoint is the storage itself, not a proxy")),
        }
    }

    /// Completes the upload. Ceph's radosgw overwrites any object here: it supports neither
    /// `If-None-Match` nor `If-Match` for this.
    async fn finish_parts(
        &self,
        object: &Upload,
        done: &CompleteMultipartUpload,
        url: &str,
        upload: &str,
        mode: &PutMode,
    ) -> Result<String, StoreError> {
        let call = finish_call(object, done, format!("{url}?{upload}"));
        let reply = self.send_if(&call, object.key.as_str(), mode).await?;
        let call = call.expecting(mode);
        match error_document(&reply) {
            None if reply.status.is_success() => Ok(etag_of_parts(&call, &reply)),
            // The first try succeeded, and its reply was lost: the upload is gone because the
            // object exists.
            Some(error) if error.code == "NoSuchUpload" => {
                let error = self.explain(&call, &reply);
                Err(StoreError {
                    kind: StoreErrorKind::OutcomeUnknown,
                    ..error
                })
            }
            _ => Err(self.explain(&call, &reply)),
        }
    }
}

fn finish_call(object: &Upload, done: &CompleteMultipartUpload, url: String) -> Call {
    let xml = quick_xml::se::to_string(done).expect("numbers and strings are XML");
    Call::new(
        Method::POST,
        url,
        format!("complete the upload of `{}`", object.path),
    )
    .header("content-type", "application/xml")
    .body([Bytes::from(xml)])
}

/// Returns the ETag of an object that was made of parts; empty if the answer has none.
fn etag_of_parts(call: &Call, reply: &Reply) -> String {
    let result = parse::<CompleteMultipartUploadResult>(call, reply);
    let etag = result.map(|result| result.etag).unwrap_or_default();
    // After a repeated request, radosgw returns it without the quotes that it has everywhere else.
    Some(etag)
        .filter(|etag| etag.starts_with('"'))
        .unwrap_or_default()
}

/// Returns the error for an object that was uploaded, but can't be found afterwards.
fn gone_again(object: &Upload, why: Option<StoreError>) -> StoreError {
    let why = why.map_or_else(
        || "the object is missing".to_string(),
        |error| error.to_string(),
    );
    let message = format!(
        "`{}` was uploaded, but the check afterwards failed: {why}",
        object.path
    );
    let error = StoreError::new(StoreErrorKind::OutcomeUnknown, message);
    error.cause("checked after its upload").hint(UNKNOWN_HINT)
}

/// Adds headers of the configuration.
pub(super) fn with_headers(
    mut call: Call,
    headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
) -> Call {
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_ref().as_bytes())
            .expect("names are validated with the configuration");
        let value = value.as_ref().parse();
        let value = value.expect("values are validated with the configuration");
        call.headers.insert(name, value);
    }
    call
}

/// Adds a checksum, which S3 compares with the bytes that arrived.
pub(super) fn with_checksum(call: Call) -> Call {
    let sha256 = BASE64_STANDARD.encode(call.sha256);
    call.header("x-amz-checksum-sha256", &sha256)
}
