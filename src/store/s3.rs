//! S3 and servers like it. Requests are signed by object_store's `AwsAuthorizer` and sent by [`Http`]:
//! its `ObjectStore` has no way to set an ACL, to make the end of a multipart upload conditional, or to
//! list a bucket that holds a key such as `a//b`. What is conditional is in [`super::s3_conditions`].

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use futures_util::stream::FuturesOrdered;
use http::{HeaderMap, Method, StatusCode};
use object_store::aws::AwsAuthorizer;
use object_store::client::HttpRequest;
use url::Url;

use super::aws_credentials::AwsCredentials;
use super::control::Control;
use super::http::{Call, Http, Reply, Sign, in_words, text};
use super::pages::{PAGE_BYTES_MAX, Pages};
use super::ranges;
use super::s3_documents::{
    CompleteMultipartUpload, CompleteMultipartUploadResult, CompletedPart, InitiateMultipartUpload,
    ListBucket, ListedObject, decode_key, error_document, fingerprint, parse,
};
use super::s3_region::{Asked, in_region, is_redirect, other_server, region_named};
use super::wire::reqwest_client;
use super::{
    CopySource, Listing, PART_BYTES, Patience, PutMode, Server, Store, StoreError, StoreErrorKind,
    Stored, TOKEN_METADATA, UNKNOWN_HINT, Version, object_called,
};
use crate::body::{self, Body, Content, Parts, next_part};
use crate::build::Object;
use crate::config::{Access, Addressing, Target};
use crate::environment;
use crate::name::{ROBOTS, Token};
use crate::path::{ObjectKey, url_path};

/// What servers other than Amazon's call their only region.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// S3 takes at most 10,000 parts (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const PARTS_MAX: u64 = 10_000;

/// Parts of one object that are sent at a time; `body::memory_bytes` counts them, and one being read.
const PARTS_IN_FLIGHT: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct S3 {
    connection: Arc<Connection>,
    /// `https://bucket.server` or `https://server/bucket`.
    pub(super) bucket_url: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    access: Access,
}

/// What all prefixes of a bucket share.
#[derive(Debug)]
struct Connection {
    http: Http,
    signer: Signer,
    /// The region that the bucket was taken to be in.
    region: String,
    is_amazons: bool,
    /// Whether the server turned out to want ETags without their quotes.
    wants_bare_etags: AtomicBool,
}

impl Connection {
    fn asked<'a>(&self, call: &'a Call, region: &'a str) -> Asked<'a> {
        Asked {
            url: &call.url,
            region,
            is_amazons: self.is_amazons,
        }
    }
}

#[derive(Debug)]
struct Signer {
    credentials: AwsCredentials,
    /// The storage may tell another one.
    region: Mutex<String>,
}

impl Signer {
    fn region(&self) -> String {
        self.region.lock().expect("no holder panics").clone()
    }

    fn set_region(&self, region: String) {
        *self.region.lock().expect("no holder panics") = region;
    }
}

impl S3 {
    pub(super) async fn open(
        target: &Target,
        bucket: &str,
        prefix: &str,
        patience: Patience,
    ) -> Result<S3, StoreError> {
        let target = &with_environment(target)?;
        if target
            .endpoint
            .as_ref()
            .is_none_or(|url| url.scheme() == "https")
        {
            reqwest_client()?;
        }
        let credentials = AwsCredentials::find().await?;
        let region = match &target.region {
            Some(region) => region.clone(),
            None if target.endpoint.is_some() => DEFAULT_REGION.to_string(),
            None => region_of(bucket).await?,
        };
        let bucket_url = bucket_url(target, bucket, &region);
        if Url::parse(&bucket_url).is_err() {
            let message =
                format!("`{bucket_url}` isn't a URL: an address can't have the bucket before it");
            return Err(StoreError::new(StoreErrorKind::Other, message)
                .hint("give the endpoint by name, or set `addressing = \"path\"`"));
        }
        Ok(S3 {
            connection: Arc::new(Connection {
                http: Http::new(patience),
                signer: Signer {
                    credentials,
                    region: Mutex::new(region.clone()),
                },
                region,
                is_amazons: target.endpoint.is_none(),
                wants_bare_etags: AtomicBool::new(false),
            }),
            bucket_url,
            bucket: bucket.to_string(),
            prefix: prefix.to_string(),
            access: target.access,
        })
    }

    pub(super) fn object_url(&self, key: &str) -> String {
        format!(
            "{}/{}",
            self.bucket_url,
            url_path(&format!("{}{key}", self.prefix))
        )
    }

    /// `https://server`.
    pub(super) fn server_url(&self) -> String {
        match self.bucket_url.strip_suffix(&format!("/{}", self.bucket)) {
            Some(server) => server.to_string(),
            None => self
                .bucket_url
                .replacen(&format!("://{}.", self.bucket), "://", 1),
        }
    }

    /// Whose credentials are in use: the access key, shortened where it's long, and nothing of its secret.
    pub(super) fn access_key(&self) -> String {
        let key = self.connection.signer.credentials.access_key();
        match key.char_indices().nth(8) {
            Some((at, _)) => format!("the access key `{}…`", &key[..at]),
            None => format!("the access key `{key}`"),
        }
    }

    pub(super) fn wants_bare_etags(&self) -> &AtomicBool {
        &self.connection.wants_bare_etags
    }

    pub(super) async fn send(&self, call: &Call) -> Result<Reply, StoreError> {
        let connection = &self.connection;
        let region = connection.signer.region();
        let call = match region == connection.region {
            true => call.clone(),
            false => call.to(in_region(
                connection.asked(call, &connection.region),
                &region,
            )),
        };
        let reply = connection.http.send(&call, &connection.signer).await?;
        let Some(elsewhere) = connection.asked(&call, &region).elsewhere(&reply) else {
            return Ok(reply);
        };
        if let Some(region) = elsewhere.region {
            connection.signer.set_region(region);
        }
        let call = call.to(elsewhere.url);
        connection.http.send(&call, &connection.signer).await
    }

    /// Sends `call`; anything but success is explained.
    async fn expect(&self, call: &Call) -> Result<Reply, StoreError> {
        let reply = self.send(call).await?;
        self.success(call, reply)
    }

    /// Anything but success is explained.
    pub(super) fn success(&self, call: &Call, reply: Reply) -> Result<Reply, StoreError> {
        match is_success(&reply) {
            true => Ok(reply),
            false => Err(self.explain(call, &reply)),
        }
    }

    /// The same of an upload, which a setting of the bucket may refuse.
    pub(super) async fn uploaded(&self, call: &Call, reply: Reply) -> Result<Reply, StoreError> {
        match is_success(&reply) {
            true => Ok(reply),
            false => Err(self.explain_upload(call, &reply).await),
        }
    }

    pub(super) fn object_call(
        &self,
        method: Method,
        url: String,
        object: &Object,
        is_gzipped: bool,
    ) -> Call {
        let headers = object.headers();
        let mut call = Call::new(method, url, format!("upload `{}`", object.path))
            .header("content-type", &headers.content_type)
            .header("cache-control", &headers.cache_control)
            .header("x-amz-meta-assetsync", &object.token.to_string());
        if is_gzipped {
            call = call.header("content-encoding", "gzip");
        }
        let stored = headers.further.iter().filter(|(name, _)| *name != ROBOTS);
        for (name, value) in stored {
            call.headers.insert(
                http::HeaderName::from_bytes(name.as_bytes())
                    .expect("names are validated with the configuration"),
                value
                    .parse()
                    .expect("values are validated with the configuration"),
            );
        }
        if self.access == Access::ObjectAcl {
            call = call.header("x-amz-acl", "public-read");
        }
        call
    }

    async fn put_whole(
        &self,
        object: &Object,
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

    /// What an object is that was just put. A server that doesn't tell its ETag is asked once.
    pub(super) async fn put_as(
        &self,
        object: &Object,
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
            looked => {
                let why = looked.err().map_or_else(
                    || "it is there no more".to_string(),
                    |error| error.to_string(),
                );
                let message = format!("`{}` was uploaded, but then: {why}", object.path);
                let error = StoreError::new(StoreErrorKind::OutcomeUnknown, message);
                Err(error.cause("looked at after its upload").hint(UNKNOWN_HINT))
            }
        }
    }

    async fn put_parts(
        &self,
        object: &Object,
        body: Body,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let size_bytes = body.size_bytes();
        let url = self.object_url(object.key.as_str());
        let create = self.object_call(
            Method::POST,
            format!("{url}?uploads="),
            object,
            body.is_gzipped,
        );
        let reply = self.send(&create).await?;
        let reply = self.uploaded(&create, reply).await?;
        let started: InitiateMultipartUpload = parse(&create, &reply)?;
        let upload = format!("uploadId={}", encode_query(&started.upload_id));
        let Content::File(parts) = body.content else {
            unreachable!("only files are sent in parts");
        };
        match self.send_parts(object, parts, &url, &upload, mode).await {
            Ok(etag) => self.put_as(object, size_bytes, &etag).await,
            Err(error) => {
                // Parts that were sent cost money until the upload is given up.
                let abort = Call::new(
                    Method::DELETE,
                    format!("{url}?{upload}"),
                    format!("give up `{}`", object.path),
                );
                Err(error.and(self.send(&abort).await.err()))
            }
        }
    }

    /// Sends the parts, some at a time, and finishes the upload; returns the object's ETag, if the storage tells it.
    async fn send_parts(
        &self,
        object: &Object,
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
                let part = part.map_err(|e| body::explain(object, &e))?;
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
        object: &Object,
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
                format!("Cannot {}: the storage gave no ETag", call.doing),
            )
            .cause("no ETag")),
        }
    }

    /// Makes an object of the parts. Ceph's radosgw does so whatever is there: it knows neither `If-None-Match` nor
    /// `If-Match` here.
    async fn finish_parts(
        &self,
        object: &Object,
        done: &CompleteMultipartUpload,
        url: &str,
        upload: &str,
        mode: &PutMode,
    ) -> Result<String, StoreError> {
        let xml = quick_xml::se::to_string(done).expect("numbers and strings are XML");
        let doing = format!("finish `{}`", object.path);
        let call = Call::new(Method::POST, format!("{url}?{upload}"), doing)
            .header("content-type", "application/xml")
            .body([Bytes::from(xml)]);
        let reply = self.send_if(&call, object.key.as_str(), mode).await?;
        let call = call.expecting(mode);
        match error_document(&reply) {
            None if reply.status.is_success() => {
                let result = parse::<CompleteMultipartUploadResult>(&call, &reply);
                let etag = result.map(|result| result.etag).unwrap_or_default();
                // Asked again, radosgw tells it without the quotes that it has everywhere else.
                Ok(Some(etag)
                    .filter(|etag| etag.starts_with('"'))
                    .unwrap_or_default())
            }
            // The first try did it, and its reply was lost: the upload is gone, for the object is there.
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

    async fn page(&self, from: &Begin) -> Result<ListBucket, StoreError> {
        let mut url = format!(
            "{}/?list-type=2&encoding-type=url&max-keys=1000",
            self.bucket_url
        );
        url += &format!("&prefix={}", encode_query(&self.prefix));
        match from {
            Begin::Start => {}
            Begin::After(key) => url += &format!("&start-after={}", encode_query(key)),
            Begin::Token(token) => url += &format!("&continuation-token={}", encode_query(token)),
        }
        let doing = format!("list the bucket `{}`", self.bucket);
        let mut call = Call::new(Method::GET, url, doing);
        call.body_bytes_max = PAGE_BYTES_MAX;
        let reply = self.expect(&call).await?;
        let mut page: ListBucket = parse(&call, &reply)?;
        if page.encoding_type.as_deref() == Some("url") {
            page.contents
                .iter_mut()
                .for_each(|item| item.key = decode_key(&item.key));
        }
        Ok(page)
    }

    /// Lists on, page by page, to the end or until a key is beyond `until`.
    async fn list_on(
        &self,
        mut from: Begin,
        until: Option<&str>,
        mut pages: Pages,
    ) -> Result<Vec<ListedObject>, StoreError> {
        let mut listed = Vec::new();
        loop {
            let page = self.page(&from).await?;
            let is_beyond =
                |item: &ListedObject| until.is_some_and(|until| item.key.as_str() > until);
            let is_done = page.contents.last().is_some_and(is_beyond);
            let next = page.next()?;
            pages.turn(page.keys(), next.as_deref())?;
            listed.extend(page.contents);
            match next {
                Some(next) if !is_done => from = Begin::Token(next),
                _ => return Ok(listed),
            }
        }
    }

    /// Lists what is behind a first page, side by side in the ranges that `cuts` (keys without the prefix) make.
    async fn list_rest(
        &self,
        next: String,
        cuts: &[String],
        first: Pages,
    ) -> Result<Vec<ListedObject>, StoreError> {
        let cuts: Vec<String> = cuts
            .iter()
            .map(|cut| format!("{}{cut}", self.prefix))
            .collect();
        let begins =
            std::iter::once(Begin::Token(next)).chain(cuts.iter().cloned().map(Begin::After));
        let ends = cuts.iter().map(|cut| Some(cut.as_str())).chain([None]);
        // The first goes on where the first page ended; the others begin behind what they are told.
        let pages = std::iter::once(first).chain(std::iter::repeat_with(Pages::default));
        let ranges = begins
            .zip(ends)
            .zip(pages)
            .map(|((begin, end), pages)| self.list_on(begin, end, pages));
        Ok(try_join_all(ranges).await?.concat())
    }

    /// What is under a key, by a `HEAD`.
    pub(super) async fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let looked = self.look_with_headers(key).await?;
        Ok(looked.map(|(stored, _)| stored))
    }

    /// The same, and all headers.
    pub(super) async fn look_with_headers(
        &self,
        key: &str,
    ) -> Result<Option<(Stored, HeaderMap)>, StoreError> {
        let doing = format!("look at {}", object_called(key));
        let call = Call::new(Method::HEAD, self.object_url(key), doing);
        let reply = self.send(&call).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(self.explain(&call, &reply));
        }
        let text = |name: &str| text(&reply.headers, name);
        let etag = text("etag").unwrap_or_default();
        let stored = Stored {
            size_bytes: text("content-length")
                .and_then(|n| n.parse().ok())
                .unwrap_or(0),
            token: text(&format!("x-amz-meta-{TOKEN_METADATA}")).and_then(Token::parse),
            token_is_known: true,
            version: Version(etag.to_string()),
            fingerprint: fingerprint(etag),
            modified: text("last-modified").and_then(|at| httpdate::parse_http_date(at).ok()),
        };
        Ok(Some((stored, reply.headers)))
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// A refusal in words, with what to do about it.
    pub(super) fn explain(&self, call: &Call, reply: &Reply) -> StoreError {
        use StoreErrorKind::*;
        let error = error_document(reply).unwrap_or_default();
        let bucket = &self.bucket;
        let words = match error.code.as_str() {
            "" => in_words(reply),
            code if error.message.is_empty() => code.to_string(),
            code => format!("{code}: {}", crate::error::escape(&error.message)),
        };
        let cause = format!("{} {}", reply.status, error.code);
        let told = |kind, hint: String| {
            let kind = reply.kind(call, kind);
            let error = StoreError::new(kind, format!("Cannot {}: {words}", call.doing));
            error.cause(&cause).hint(hint)
        };
        match (error.code.as_str(), reply.status) {
            ("AccessControlListNotSupported", _) => told(
                AclRefused,
                format!("the bucket `{bucket}` takes no ACLs: set `access = \"bucket\"`, and let a bucket policy allow s3:GetObject"),
            ),
            ("NoSuchBucket", _) => {
                told(NoBucket, format!("make the bucket `{bucket}` first, or mend the target's `url`, `region` or `endpoint`"))
            }
            ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) => {
                told(Region, match region_named(reply) {
                    Some(region) => format!("the bucket is in another region: set `region = \"{region}\"`"),
                    None => "the bucket is in another region: set `region`".to_string(),
                })
            }
            (_, status) if is_redirect(status) => told(Region, match (region_named(reply), other_server(&call.url, reply)) {
                (Some(region), _) => format!("the bucket is in another region: set `region = \"{region}\"`"),
                (None, Some(server)) => format!(
                    "the server sends on to {server}, where nothing signed is sent: set `endpoint` to that if it's the storage's, and `region`"
                ),
                (None, None) => "the bucket is in another region: set `region`".to_string(),
            }),
            ("SignatureDoesNotMatch", _) => told(
                Credentials,
                "the access key's secret is wrong, or a proxy changes requests on their way".to_string(),
            ),
            ("RequestTimeTooSkewed", _) => told(Clock, "set this machine's clock".to_string()),
            ("InvalidAccessKeyId" | "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _)
            | (_, StatusCode::UNAUTHORIZED) => {
                told(Credentials, "the storage doesn't know these credentials; `aws sts get-caller-identity` shows which are in use".to_string())
            }
            ("AccessDenied", _) | (_, StatusCode::FORBIDDEN) => told(Denied, self.permission_hint(call)),
            ("NotImplemented" | "MethodNotAllowed", _) | (_, StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED)
                if is_about_cors(call) =>
            {
                told(Other, "this server has no CORS policies: its operator, or a proxy before it, answers browsers".to_string())
            }
            ("NotImplemented", _) | (_, StatusCode::NOT_IMPLEMENTED) => {
                let header = if is_over(call) { "If-Match" } else { "If-None-Match" };
                told(Other, format!("this server doesn't know conditional writes (`{header}`), which assetsync needs"))
            }
            // What was to be written over is gone: taken away by somebody else, or after a first try that was done.
            ("NoSuchKey", _) if is_over(call) && reply.is_second_answer => told(OutcomeUnknown, UNKNOWN_HINT.to_string()),
            ("NoSuchKey", _) if is_over(call) => told(Precondition, String::new()),
            // Taken by the first try perhaps.
            (_, StatusCode::PRECONDITION_FAILED) if reply.is_second_answer => told(OutcomeUnknown, String::new()),
            (_, StatusCode::PRECONDITION_FAILED) => told(Precondition, String::new()),
            _ => told(Other, String::new()),
        }
    }

    fn permission_hint(&self, call: &Call) -> String {
        let needed = match call.method {
            Method::GET if is_about_cors(call) => "s3:GetBucketCORS is needed",
            _ if is_about_cors(call) => "s3:PutBucketCORS is needed",
            Method::PUT | Method::POST if self.access == Access::ObjectAcl => {
                "s3:PutObject and s3:PutObjectAcl, and a bucket whose public access block allows ACLs, are needed"
            }
            Method::PUT | Method::POST => "s3:PutObject is needed",
            Method::HEAD => "s3:GetObject is needed",
            Method::DELETE if call.url.contains("?uploadId=") => {
                "s3:AbortMultipartUpload is needed"
            }
            Method::DELETE => "s3:DeleteObject is needed",
            _ if call.url.contains("?list-type=") => "s3:ListBucket is needed",
            _ => {
                "s3:GetObject and s3:ListBucket are needed (without s3:ListBucket a missing document looks forbidden)"
            }
        };
        format!("{needed} for `{}`", self.bucket)
    }
}

#[async_trait]
impl Store for S3 {
    /// One request for 1,000 objects. Each waits for the one before, so what is left of a large bucket after the
    /// first is listed in up to 16 ranges side by side: at most about one request more for each.
    async fn list(&self) -> Result<Listing, StoreError> {
        let page = self.page(&Begin::Start).await?;
        let next = page.next()?;
        let mut pages = Pages::default();
        pages.turn(page.keys(), next.as_deref())?;
        let mut listed = page.contents;
        if let Some(next) = next {
            let last = listed
                .last()
                .and_then(|last| last.key.strip_prefix(&self.prefix));
            let cuts = last.map(ranges::cuts).unwrap_or_default();
            listed.extend(self.list_rest(next, &cuts, pages).await?);
        }
        let below = |item: ListedObject| {
            let key = item.key.strip_prefix(&self.prefix).unwrap_or(&item.key);
            (key.to_string(), item.stored())
        };
        Ok(listed.into_iter().map(below).collect())
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.look(key.as_str()).await
    }

    async fn put(&self, object: &Object, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        match &body.content {
            Content::Memory(bytes) => self.put_whole(object, &body, bytes, mode).await,
            Content::File(_) => self.put_parts(object, body, mode).await,
        }
    }

    async fn copy(
        &self,
        source: &CopySource,
        object: &Object,
    ) -> Result<Option<Stored>, StoreError> {
        self.copy_object(source, object).await
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.read_document(key).await
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        self.write_document(key, bytes, mode).await
    }

    /// Servers that ignore `If-Match` on a `DELETE` exist, such as Ceph's radosgw: there the object is deleted
    /// whatever its version is.
    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.delete_if(self.deletion(key), key, version).await
    }

    async fn delete_once(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.delete_if(self.deletion(key).single(), key, version)
            .await
    }

    fn below(&self, prefix: &str) -> Arc<dyn Store> {
        Arc::new(S3 {
            prefix: format!("{}{prefix}", self.prefix),
            access: Access::Bucket,
            ..self.clone()
        })
    }

    fn now(&self) -> Option<SystemTime> {
        self.connection.http.now()
    }

    fn server(&self) -> Server {
        self.connection.http.server()
    }

    fn url(&self, key: &ObjectKey) -> String {
        self.object_url(key.as_str())
    }

    fn requests(&self) -> u64 {
        self.connection.http.requests()
    }

    fn control(&self) -> Option<Arc<dyn Control>> {
        Some(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Sign for Signer {
    async fn sign(&self, request: &mut HttpRequest, sha256: &[u8; 32]) -> Result<(), StoreError> {
        let credential = self.credentials.get().await?;
        AwsAuthorizer::new(&credential, "s3", &self.region())
            .try_authorize(request, Some(sha256))
            .map_err(|e| {
                StoreError::new(
                    StoreErrorKind::Credentials,
                    format!("Cannot sign a request: {e}"),
                )
            })
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        self.credentials.refresh().await
    }

    fn has_expired(&self, reply: &Reply) -> bool {
        let says = |code: &str| memchr::memmem::find(&reply.body, code.as_bytes()).is_some();
        reply.status == StatusCode::UNAUTHORIZED
            || (reply.status.is_client_error()
                && (says("<Code>ExpiredToken") || says("<Code>TokenRefreshRequired")))
    }
}

/// S3 may say what went wrong under the status 200.
pub(super) fn is_success(reply: &Reply) -> bool {
    reply.status.is_success() && error_document(reply).is_none()
}

/// S3 compares it with what arrived.
pub(super) fn with_checksum(call: Call) -> Call {
    let sha256 = BASE64_STANDARD.encode(call.sha256);
    call.header("x-amz-checksum-sha256", &sha256)
}

/// Whether a call writes over something, or deletes it.
fn is_over(call: &Call) -> bool {
    call.headers.contains_key("if-match")
}

fn is_about_cors(call: &Call) -> bool {
    call.url.ends_with(super::s3_cors::CORS)
}

/// Where a page of a listing begins.
#[derive(Debug)]
enum Begin {
    Start,
    After(String),
    Token(String),
}

/// The same target with what the environment says of S3, where it doesn't come from a configuration, or is on Google's storage and
/// keeps its releases here.
fn with_environment(target: &Target) -> Result<Target, StoreError> {
    let mut target = target.clone();
    if target.endpoint.is_none() {
        target.endpoint = environment::s3_endpoint()?.map(|(_, url)| url);
    }
    if target.region.is_none() {
        target.region = environment::s3_region()?.map(|(_, region)| region);
    }
    Ok(target)
}

/// Whose server it is, without credentials: an endpoint, or Amazon's.
pub(super) fn server(target: &Target) -> String {
    match &target.endpoint {
        Some(url) => url.origin().ascii_serialization(),
        None => "https://s3.amazonaws.com".to_string(),
    }
}

/// A bucket's URL, without a final slash. Amazon's servers want the bucket in the host; others mostly in
/// the path, as do names with dots, which no certificate covers.
pub(super) fn bucket_url(target: &Target, bucket: &str, region: &str) -> String {
    let endpoint = target.endpoint.clone();
    let usual = if endpoint.is_some() || bucket.contains('.') {
        Addressing::Path
    } else {
        Addressing::Virtual
    };
    let amazon = || Url::parse(&format!("https://s3.{region}.amazonaws.com")).ok();
    let server = endpoint.or_else(amazon);
    let server = server.as_ref().map_or("https://s3.amazonaws.com", |url| {
        url.as_str().trim_end_matches('/')
    });
    match (target.addressing.unwrap_or(usual), server.split_once("://")) {
        (Addressing::Virtual, Some((scheme, host))) => format!("{scheme}://{bucket}.{host}"),
        _ => format!("{server}/{bucket}"),
    }
}

async fn region_of(bucket: &str) -> Result<String, StoreError> {
    super::wire::set_provider();
    object_store::aws::resolve_bucket_region(bucket, &object_store::ClientOptions::default())
        .await
        .map_err(|e| {
            StoreError::new(
                StoreErrorKind::Region,
                format!("Cannot find out the region of the bucket `{bucket}`: {e}"),
            )
            .hint("set the target's `region`, or AWS_REGION")
        })
}

pub(super) fn encode_query(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::Place;

    fn target(endpoint: Option<&str>, addressing: Option<Addressing>) -> Target {
        Target {
            name: "t".into(),
            place: Place::S3 {
                bucket: "hunt".into(),
                prefix: String::new(),
            },
            public_url: None,
            access: Access::Bucket,
            endpoint: endpoint.map(|e| Url::parse(e).expect("a URL")),
            region: None,
            addressing,
            state: None,
            cors: None,
            host: Default::default(),
            flags: Default::default(),
        }
    }

    #[test]
    fn a_bucket_is_addressed_as_its_server_wants() {
        let local = Some("http://127.0.0.1:9000");
        let url = |endpoint, addressing, bucket| {
            bucket_url(&target(endpoint, addressing), bucket, "eu-west-1")
        };
        assert_eq!(
            url(None, None, "hunt"),
            "https://hunt.s3.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            url(None, None, "hunt.example.org"),
            "https://s3.eu-west-1.amazonaws.com/hunt.example.org"
        );
        assert_eq!(
            url(None, Some(Addressing::Path), "hunt"),
            "https://s3.eu-west-1.amazonaws.com/hunt"
        );
        assert_eq!(url(local, None, "hunt"), "http://127.0.0.1:9000/hunt");
        assert_eq!(
            url(
                Some("http://localhost:9000/"),
                Some(Addressing::Virtual),
                "hunt"
            ),
            "http://hunt.localhost:9000"
        );
    }
}
