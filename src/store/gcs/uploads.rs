//! Uploads to Google's storage: whole, in parts, or as a copy of an existing object.

use std::collections::BTreeMap;
use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ENDPOINT_HINT, FIELDS, Gcs, Item, encode, expecting};
use crate::store::body::{self, Parts, next_part};
use crate::store::http::{Call, Reply, text};
use crate::store::location::Access;
use crate::store::{
    CopySource, PART_BYTES, PutMode, StoreError, StoreErrorKind, Stored, TOKEN_METADATA,
    UNKNOWN_HINT, Upload,
};

/// Number of times that the rest of a part is sent when the storage took less. It takes multiples
/// of 256 KiB, so a whole part needs no more rounds.
const ROUNDS_MAX: u64 = (PART_BYTES as u64) >> 18;

/// Advice on an upload in parts that the storage doesn't take.
const SEND_AGAIN: &str = "run the command again. If this repeats, check that the endpoint is the storage itself, not a proxy";

impl Gcs {
    pub(super) fn upload_url(&self, kind: &str, mode: &PutMode) -> String {
        let (server, bucket, fields) = (&self.server, &self.bucket, encode(FIELDS));
        format!(
            "{server}/upload/storage/v1/b/{bucket}/o?uploadType={kind}&fields={fields}&{}",
            expecting(mode)
        )
    }

    /// Returns the parameter that makes an object public, if each object has its own ACL.
    fn acl_parameter(&self) -> &'static str {
        match self.access {
            Access::ObjectAcl => "&predefinedAcl=publicRead",
            Access::Bucket => "",
        }
    }

    fn resource(&self, object: &Upload, is_gzipped: bool, crc32c: u32) -> Resource {
        let headers = &object.headers;
        let mut further = headers.further.clone();
        let of_rule = further.remove("content-encoding");
        Resource {
            name: self.full(object.key.as_str()),
            content_type: headers.content_type.clone(),
            cache_control: headers.cache_control.clone(),
            content_encoding: if is_gzipped {
                Some("gzip".to_string())
            } else {
                of_rule
            },
            content_disposition: further.remove("content-disposition"),
            content_language: further.remove("content-language"),
            crc32c: in_base64(crc32c),
            metadata: BTreeMap::from([(TOKEN_METADATA, object.token.to_string())]),
        }
    }

    pub(super) async fn put_whole(
        &self,
        object: &Upload,
        is_gzipped: bool,
        bytes: Bytes,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let resource = self.resource(object, is_gzipped, crc32c::crc32c(&bytes));
        let url = self.upload_url("multipart", mode) + self.acl_parameter();
        let boundary = format!("assetsync-{}-{}", object.token, object.digest.to_hex());
        let call = Call::new(Method::POST, url, format!("upload `{}`", object.path));
        let reply = self
            .expect(&in_two_parts(call, &resource, bytes, &boundary))
            .await?;
        made(&reply)
    }

    /// Copies an object to a free name, if the source still has the expected bytes. A large object
    /// takes several requests
    /// (<https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite>).
    pub(super) async fn rewrite(
        &self,
        source: &CopySource,
        object: &Upload,
    ) -> Result<Option<Stored>, StoreError> {
        let there = self.look(source.key.as_str()).await?;
        let is_same = |there: &Stored| {
            !there.fingerprint.is_empty() && there.fingerprint == source.fingerprint
        };
        let Some(there) = there.filter(is_same) else {
            return Ok(None);
        };
        let resource = Resource {
            crc32c: there.fingerprint,
            ..self.resource(object, source.is_gzipped, 0)
        };
        let json = serde_json::to_vec(&resource).expect("strings are JSON");
        let to = format!("b/{}/o/{}", self.bucket, encode(&resource.name));
        let from = self.object_url(source.key.as_str());
        let condition = format!(
            "{}&ifSourceGenerationMatch={}",
            expecting(&PutMode::Create),
            encode(&there.version.0)
        );
        let acl = match self.access {
            Access::ObjectAcl => "&destinationPredefinedAcl=publicRead",
            Access::Bucket => "",
        };
        let mut next = String::new();
        loop {
            let url = format!("{from}/rewriteTo/{to}?{condition}{acl}{next}");
            let call = Call::new(Method::POST, url, format!("copy `{}`", object.path))
                .header("content-type", "application/json; charset=utf-8")
                .changes_object()
                .body([Bytes::from(json.clone())]);
            let reply = self.expect(&call).await?;
            let rewritten: Rewritten = serde_json::from_slice(&reply.body).map_err(unexpected)?;
            match (rewritten.resource, rewritten.rewrite_token) {
                (Some(item), _) => return Ok(Some(item.stored())),
                (None, Some(token)) => next = format!("&rewriteToken={}", encode(&token)),
                (None, None) => return Ok(None),
            }
        }
    }

    pub(super) async fn put_parts(
        &self,
        object: &Upload,
        is_gzipped: bool,
        parts: Parts,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let (parts, crc32c) = checksum(parts).await;
        let crc32c = crc32c.map_err(|e| body::explain(&object.file, &e))?;
        let resource = self.resource(object, is_gzipped, crc32c);
        let session = self.start_parts(object, &resource, &parts, mode).await?;
        match self.send_parts(object, parts, &session).await {
            Ok(stored) => Ok(stored),
            Err(error) => {
                let doing = format!("abort the upload of `{}`", object.path);
                let cancel = Call::new(Method::DELETE, session, doing);
                Err(error.and(self.send(&cancel).await.err()))
            }
        }
    }

    /// Begins an upload in parts; returns the URL that they are sent to.
    async fn start_parts(
        &self,
        object: &Upload,
        resource: &Resource,
        parts: &Parts,
        mode: &PutMode,
    ) -> Result<String, StoreError> {
        let json = serde_json::to_vec(resource).expect("strings are JSON");
        let url = self.upload_url("resumable", mode) + self.acl_parameter();
        let start = Call::new(Method::POST, url, format!("upload `{}`", object.path))
            .header("content-type", "application/json; charset=utf-8")
            .header("x-upload-content-type", &resource.content_type)
            .header("x-upload-content-length", &parts.size_bytes().to_string())
            .body([Bytes::from(json)]);
        let reply = self.expect(&start).await?;
        let Some(session) = text(&reply.headers, "location") else {
            let message = format!(
                "Cannot {}: the storage returned no upload session",
                start.doing
            );
            return Err(StoreError::new(StoreErrorKind::Other, message)
                .cause("no session")
                .hint(ENDPOINT_HINT));
        };
        self.refuse_other_server(&start, session)?;
        Ok(session.to_string())
    }

    /// Refuses an upload URL on another server. Parts are sent with the account's token, which no
    /// other server may get.
    fn refuse_other_server(&self, call: &Call, session: &str) -> Result<(), StoreError> {
        if self.is_emulated() || is_of_server(session, &self.server) {
            return Ok(());
        }
        let message = format!(
            "Cannot {}: the storage returned an upload session on a server other than {}",
            call.doing, self.server
        );
        Err(StoreError::new(StoreErrorKind::Other, message).hint(
            "nothing is sent there; check that the endpoint is the storage itself, not a proxy",
        ))
    }

    async fn send_parts(
        &self,
        object: &Upload,
        mut parts: Parts,
        session: &str,
    ) -> Result<Stored, StoreError> {
        let total = parts.size_bytes();
        loop {
            let from = total - parts.left_bytes();
            let (rest, part) = next_part(parts, PART_BYTES).await;
            parts = rest;
            let part = part.map_err(|e| body::explain(&object.file, &e))?;
            let end = from + part.len() as u64;
            let reply = self.send_part(object, session, part, from, total).await?;
            if end == total {
                return made(&reply);
            }
        }
    }

    /// Sends one part. The storage may take less of it than was sent, or already have it from a try
    /// whose reply was lost (<https://cloud.google.com/storage/docs/performing-resumable-uploads>).
    async fn send_part(
        &self,
        object: &Upload,
        session: &str,
        part: Bytes,
        from: u64,
        total: u64,
    ) -> Result<Reply, StoreError> {
        let end = from + part.len() as u64;
        let mut at = from;
        for _ in 0..ROUNDS_MAX {
            let rest = part.slice((at - from) as usize..);
            let call = Call::new(
                Method::PUT,
                session.to_string(),
                format!("upload `{}`", object.path),
            )
            .header("content-range", &format!("bytes {at}-{}/{total}", end - 1))
            .body([rest]);
            // The last part makes the object.
            let call = if end == total {
                call.changes_object()
            } else {
                call
            };
            let reply = self.send(&call).await?;
            if reply.status.is_success() {
                return Ok(reply);
            }
            if reply.status != StatusCode::PERMANENT_REDIRECT {
                return Err(self.explain(&call, &reply));
            }
            let taken = taken_bytes(&reply);
            if taken == end {
                return Ok(reply);
            }
            if taken <= at || taken > end {
                let message = format!(
                    "Cannot {}: the storage says it has {taken} of the {end} bytes that were sent",
                    call.doing
                );
                return Err(StoreError::new(StoreErrorKind::Other, message)
                    .cause("parts")
                    .hint(SEND_AGAIN));
            }
            at = taken;
        }
        let message = format!(
            "Cannot upload `{}`: the storage accepted only a fraction of a part, {ROUNDS_MAX} times in a row",
            object.path
        );
        Err(StoreError::new(StoreErrorKind::Other, message)
            .cause("parts")
            .hint(SEND_AGAIN))
    }
}

/// Returns true if a URL is at `server`, or if both are Google's.
fn is_of_server(url: &str, server: &str) -> bool {
    let (Ok(url), Ok(server)) = (Url::parse(url), Url::parse(server)) else {
        return false;
    };
    let is_googles = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https" && (host == "googleapis.com" || host.ends_with(".googleapis.com"))
    };
    url.origin() == server.origin() || (is_googles(&url) && is_googles(&server))
}

/// Makes a call that uploads a resource and its bytes in one request.
pub(super) fn in_two_parts(call: Call, resource: &Resource, bytes: Bytes, boundary: &str) -> Call {
    let json = serde_json::to_string(resource).expect("strings are JSON");
    let head = format!(
        "--{boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{json}\r\n--{boundary}\r\ncontent-type: {}\r\n\r\n",
        resource.content_type,
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let content_type = format!("multipart/related; boundary={boundary}");
    call.header("content-type", &content_type)
        .body([Bytes::from(head), bytes, Bytes::from(tail)])
        .changes_object()
}

/// Returns the object that an upload's answer describes. If the answer can't be read, the error
/// says that the outcome is unknown.
pub(super) fn made(reply: &Reply) -> Result<Stored, StoreError> {
    let item: Result<Item, _> = serde_json::from_slice(&reply.body);
    item.map(|item| item.stored()).map_err(unexpected)
}

fn unexpected(error: serde_json::Error) -> StoreError {
    let message = format!("The response to an upload doesn't match Google's API: {error}");
    StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT)
}

pub(super) fn in_base64(crc32c: u32) -> String {
    BASE64_STANDARD.encode(crc32c.to_be_bytes())
}

async fn checksum(mut parts: Parts) -> (Parts, io::Result<u32>) {
    let read = move || {
        let crc = parts.crc32c();
        (parts, crc)
    };
    tokio::task::spawn_blocking(read)
        .await
        .expect("reading a file doesn't panic")
}

/// Returns the number of bytes that have arrived: `Range: bytes=0-N` stands for N + 1 bytes, a
/// missing header for none.
fn taken_bytes(reply: &Reply) -> u64 {
    let range = reply.headers.get("range").and_then(|v| v.to_str().ok());
    let last = range
        .and_then(|r| r.rsplit('-').next())
        .and_then(|n| n.parse::<u64>().ok());
    last.map_or(0, |last| last + 1)
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) cache_control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    pub(super) crc32c: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<&'static str, String>,
}

/// Answer to a rewrite: the object, or the token to go on with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rewritten {
    resource: Option<Item>,
    rewrite_token: Option<String>,
}
