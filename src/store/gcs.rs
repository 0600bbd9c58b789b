//! Google Cloud Storage by its JSON API (<https://cloud.google.com/storage/docs/json_api/v1>): one request
//! uploads bytes, headers, checksum, precondition and ACL together, and a listing tells tokens, so that
//! no object is ever looked at one by one. Credentials are object_store's.

use std::collections::{BTreeMap, HashMap};
use std::io;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::google_credentials::Signer;
use super::http::{Call, Http, Reply, in_words};
use super::{
    Listing, PART_BYTES, Patience, PutMode, Store, StoreError, StoreErrorKind, Stored,
    TOKEN_METADATA,
};
use crate::body::{self, Body, Content, Parts, next_part};
use crate::build::Object;
use crate::config::{Access, Target};
use crate::name::Token;
use crate::path::{ObjectKey, url_path};

const SERVER: &str = "https://storage.googleapis.com";

/// Where the SDKs for Google's storage look for a server of one's own.
const EMULATOR_VARIABLE: &str = "STORAGE_EMULATOR_HOST";

/// What an object's resource is asked for.
const FIELDS: &str = "name,size,metadata";

#[derive(Debug)]
pub(super) struct Gcs {
    http: Http,
    signer: Signer,
    server: String,
    bucket: String,
    prefix: String,
    access: Access,
}

impl Gcs {
    pub(super) async fn open(
        target: &Target,
        bucket: &str,
        prefix: &str,
        patience: Patience,
    ) -> Result<Gcs, StoreError> {
        let is_emulated =
            target.endpoint.is_none() && std::env::var_os(EMULATOR_VARIABLE).is_some();
        let signer = if is_emulated {
            Signer::anonymous(bucket)
        } else {
            Signer::find(bucket).await?
        };
        Ok(Gcs {
            http: Http::new(patience),
            signer,
            server: server(target),
            bucket: bucket.to_string(),
            prefix: prefix.to_string(),
            access: target.access,
        })
    }

    async fn send(&self, call: &Call) -> Result<Reply, StoreError> {
        self.http.send(call, &self.signer).await
    }

    async fn expect(&self, call: &Call) -> Result<Reply, StoreError> {
        let reply = self.send(call).await?;
        match reply.status.is_success() {
            true => Ok(reply),
            false => Err(self.explain(call, &reply)),
        }
    }

    fn upload_url(&self, kind: &str, mode: PutMode) -> String {
        let mut url = format!(
            "{}/upload/storage/v1/b/{}/o?uploadType={kind}&fields={}",
            self.server,
            self.bucket,
            encode(FIELDS)
        );
        if mode == PutMode::Create {
            url += "&ifGenerationMatch=0";
        }
        if self.access == Access::ObjectAcl {
            url += "&predefinedAcl=publicRead";
        }
        url
    }

    fn resource(&self, object: &Object, is_gzipped: bool, crc32c: u32) -> Resource {
        let headers = object.headers();
        let mut further = headers.further.clone();
        let of_rule = further.remove("content-encoding");
        Resource {
            name: format!("{}{}", self.prefix, object.key),
            content_type: headers.content_type.clone(),
            cache_control: headers.cache_control.clone(),
            content_encoding: if is_gzipped {
                Some("gzip".to_string())
            } else {
                of_rule
            },
            content_disposition: further.remove("content-disposition"),
            content_language: further.remove("content-language"),
            crc32c: BASE64_STANDARD.encode(crc32c.to_be_bytes()),
            metadata: BTreeMap::from([(TOKEN_METADATA, object.token.to_string())]),
        }
    }

    async fn put_whole(
        &self,
        object: &Object,
        is_gzipped: bool,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<(), StoreError> {
        let resource = self.resource(object, is_gzipped, crc32c::crc32c(&bytes));
        let boundary = format!("assetsync-{}-{}", object.token, object.digest.to_hex());
        let json = serde_json::to_string(&resource).expect("strings are JSON");
        let head = format!(
            "--{boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{json}\r\n--{boundary}\r\ncontent-type: {}\r\n\r\n",
            resource.content_type,
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let call = Call::new(
            Method::POST,
            self.upload_url("multipart", mode),
            format!("upload `{}`", object.path),
        )
        .header(
            "content-type",
            &format!("multipart/related; boundary={boundary}"),
        )
        .body([Bytes::from(head), bytes, Bytes::from(tail)]);
        self.expect(&call.makes_object()).await.map(drop)
    }

    async fn put_parts(
        &self,
        object: &Object,
        is_gzipped: bool,
        parts: Parts,
        mode: PutMode,
    ) -> Result<(), StoreError> {
        let (parts, crc32c) = checksum(parts).await;
        let crc32c = crc32c.map_err(|e| body::explain(object, &e))?;
        let resource = self.resource(object, is_gzipped, crc32c);
        let json = serde_json::to_vec(&resource).expect("strings are JSON");
        let start = Call::new(
            Method::POST,
            self.upload_url("resumable", mode),
            format!("upload `{}`", object.path),
        )
        .header("content-type", "application/json; charset=utf-8")
        .header("x-upload-content-type", &resource.content_type)
        .header("x-upload-content-length", &parts.size_bytes().to_string())
        .body([Bytes::from(json)]);
        let reply = self.expect(&start).await?;
        let session = reply
            .headers
            .get("location")
            .and_then(|v| v.to_str().ok())
            .ok_or_else(|| {
                StoreError::new(
                    StoreErrorKind::Other,
                    format!("Cannot {}: the storage named no session", start.doing),
                )
            })?;
        match self.send_parts(object, parts, session).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let cancel = Call::new(
                    Method::DELETE,
                    session.to_string(),
                    format!("give up `{}`", object.path),
                );
                match self.send(&cancel).await {
                    Ok(_) => Err(error),
                    Err(failed) => Err(StoreError {
                        message: format!("{error}; {failed}"),
                        ..error
                    }),
                }
            }
        }
    }

    async fn send_parts(
        &self,
        object: &Object,
        mut parts: Parts,
        session: &str,
    ) -> Result<(), StoreError> {
        let total = parts.size_bytes();
        loop {
            let from = total - parts.left_bytes();
            let (rest, part) = next_part(parts, PART_BYTES).await;
            parts = rest;
            let part = part.map_err(|e| body::explain(object, &e))?;
            let end = from + part.len() as u64;
            self.send_part(object, session, part, from, total).await?;
            if end == total {
                return Ok(());
            }
        }
    }

    /// Sends one part; the storage may take less of it than was sent, or have it from a try whose reply
    /// was lost (<https://cloud.google.com/storage/docs/performing-resumable-uploads>).
    async fn send_part(
        &self,
        object: &Object,
        session: &str,
        part: Bytes,
        from: u64,
        total: u64,
    ) -> Result<(), StoreError> {
        let end = from + part.len() as u64;
        let mut at = from;
        loop {
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
                call.makes_object()
            } else {
                call
            };
            let reply = self.send(&call).await?;
            if reply.status.is_success() {
                return Ok(());
            }
            if reply.status != StatusCode::PERMANENT_REDIRECT {
                return Err(self.explain(&call, &reply));
            }
            let taken = taken_bytes(&reply);
            if taken == end {
                return Ok(());
            }
            if taken <= at || taken > end {
                let message = format!(
                    "Cannot {}: the storage has {taken} bytes of {end}",
                    call.doing
                );
                return Err(StoreError::new(StoreErrorKind::Other, message));
            }
            at = taken;
        }
    }

    fn explain(&self, call: &Call, reply: &Reply) -> StoreError {
        use StoreErrorKind::*;
        let bucket = &self.bucket;
        let told: ErrorReply = serde_json::from_slice(&reply.body).unwrap_or_default();
        let words = match told.error.message.as_str() {
            "" => in_words(reply),
            message => crate::error::escape(message),
        };
        let explained = |kind, hint: String| {
            StoreError::new(kind, format!("Cannot {}: {words}", call.doing)).hint(hint)
        };
        match reply.status {
            StatusCode::BAD_REQUEST if words.contains("uniform bucket-level access") => explained(
                AclRefused,
                format!("the bucket `{bucket}` has uniform access and takes no ACLs: set `access = \"bucket\"`, and grant allUsers the role roles/storage.legacyObjectReader"),
            ),
            StatusCode::PRECONDITION_FAILED if words.contains("publicAccessPrevention") || words.contains("public access prevention") => {
                explained(AclRefused, format!("the bucket `{bucket}` forbids public objects (public access prevention)"))
            }
            // Taken by the first try perhaps.
            StatusCode::PRECONDITION_FAILED if reply.is_second_answer => explained(OutcomeUnknown, String::new()),
            StatusCode::PRECONDITION_FAILED => explained(Exists, String::new()),
            StatusCode::NOT_FOUND => explained(NoBucket, format!("make the bucket `{bucket}` first, or mend the target's `url`")),
            StatusCode::UNAUTHORIZED => {
                explained(Credentials, "the storage refuses these credentials; `gcloud auth application-default login` renews them".to_string())
            }
            StatusCode::FORBIDDEN => explained(Denied, format!("{} for `{bucket}`", self.permission(call))),
            _ => explained(Other, String::new()),
        }
    }

    fn permission(&self, call: &Call) -> &'static str {
        match (&call.method, self.access) {
            (&Method::GET, _) if call.doing.starts_with("list") => "storage.objects.list is needed",
            (&Method::GET, _) => "storage.objects.get is needed",
            (_, Access::ObjectAcl) => {
                "storage.objects.create and storage.objects.setIamPolicy (and .delete, to replace plain names) are needed"
            }
            _ => {
                "storage.objects.create (and storage.objects.delete, to replace plain names) is needed"
            }
        }
    }
}

#[async_trait]
impl Store for Gcs {
    async fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = HashMap::new();
        let mut page_token = String::new();
        loop {
            let mut url = format!(
                "{}/storage/v1/b/{}/o?maxResults=1000",
                self.server, self.bucket
            );
            url += &format!(
                "&prefix={}&fields={}",
                encode(&self.prefix),
                encode(&format!("nextPageToken,items({FIELDS})"))
            );
            if !page_token.is_empty() {
                url += &format!("&pageToken={}", encode(&page_token));
            }
            let call = Call::new(
                Method::GET,
                url,
                format!("list the bucket `{}`", self.bucket),
            );
            let reply = self.expect(&call).await?;
            let page: Page = parse(&call, &reply)?;
            for item in page.items {
                let key = item
                    .name
                    .strip_prefix(&self.prefix)
                    .unwrap_or(&item.name)
                    .to_string();
                listing.insert(key, item.stored());
            }
            if page.next_page_token.is_empty() {
                return Ok(listing);
            }
            page_token = page.next_page_token;
        }
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let name = encode(&format!("{}{key}", self.prefix));
        let url = format!(
            "{}/storage/v1/b/{}/o/{name}?fields={}",
            self.server,
            self.bucket,
            encode(FIELDS)
        );
        let call = Call::new(
            Method::GET,
            url,
            format!("look at the object of key `{key}`"),
        );
        let reply = self.send(&call).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(self.explain(&call, &reply));
        }
        let item: Item = parse(&call, &reply)?;
        Ok(Some(item.stored()))
    }

    async fn put(&self, object: &Object, body: Body, mode: PutMode) -> Result<(), StoreError> {
        match body.content {
            Content::Memory(bytes) => self.put_whole(object, body.is_gzipped, bytes, mode).await,
            Content::File(parts) => self.put_parts(object, body.is_gzipped, parts, mode).await,
        }
    }

    fn url(&self, key: &ObjectKey) -> String {
        format!(
            "{}/{}/{}",
            self.server,
            self.bucket,
            url_path(&format!("{}{key}", self.prefix))
        )
    }

    fn requests(&self) -> u64 {
        self.http.requests()
    }
}

/// The server's URL without a final slash: the target's endpoint, the emulator, or Google's own.
pub(super) fn server(target: &Target) -> String {
    if let Some(endpoint) = &target.endpoint {
        return endpoint.as_str().trim_end_matches('/').to_string();
    }
    match std::env::var(EMULATOR_VARIABLE) {
        Ok(host) if host.contains("://") => host.trim_end_matches('/').to_string(),
        Ok(host) if !host.is_empty() => format!("http://{}", host.trim_end_matches('/')),
        _ => SERVER.to_string(),
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
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

/// `Range: bytes=0-N` says that N + 1 bytes have arrived; no header, that none have.
fn taken_bytes(reply: &Reply) -> u64 {
    let range = reply.headers.get("range").and_then(|v| v.to_str().ok());
    let last = range
        .and_then(|r| r.rsplit('-').next())
        .and_then(|n| n.parse::<u64>().ok());
    last.map_or(0, |last| last + 1)
}

fn parse<T: serde::de::DeserializeOwned>(call: &Call, reply: &Reply) -> Result<T, StoreError> {
    serde_json::from_slice(&reply.body).map_err(|e| {
        let message = format!(
            "Cannot {}: the storage's answer isn't what Google documents: {e}",
            call.doing
        );
        StoreError::new(StoreErrorKind::Other, message)
            .hint("does the endpoint speak Google's JSON API?")
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    name: String,
    content_type: String,
    cache_control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_language: Option<String>,
    crc32c: String,
    metadata: BTreeMap<&'static str, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    next_page_token: String,
}

#[derive(Debug, Deserialize)]
struct Item {
    name: String,
    /// A number in a string, as JSON has no 64 bits.
    size: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Item {
    fn stored(&self) -> Stored {
        Stored {
            size_bytes: self.size.parse().unwrap_or(0),
            token: self
                .metadata
                .get(TOKEN_METADATA)
                .and_then(|token| Token::parse(token)),
            token_is_known: true,
        }
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct ErrorReply {
    error: ErrorBody,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    message: String,
}
