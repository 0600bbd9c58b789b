//! Google Cloud Storage by its JSON API (<https://cloud.google.com/storage/docs/json_api/v1>): one request
//! uploads bytes, headers, checksum, precondition and ACL together, and a listing tells tokens, so that
//! no object is ever looked at one by one. Credentials are object_store's.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::control::Control;
use super::google_credentials::Signer;
use super::http::{Call, Http, Reply, in_words, is_whole, refuse_cut, text};
use super::pages::{PAGE_BYTES_MAX, Pages};
use super::ranges;
use super::wire::reqwest_client;
use super::{
    CopySource, DOCUMENT_CACHING, Listing, PART_BYTES, Patience, PutMode, READS_MAX, Server, Store,
    StoreError, StoreErrorKind, Stored, TOKEN_METADATA, UNKNOWN_HINT, Version, called,
    document_begin, document_bytes_max, document_type, object_called,
};
use crate::body::{self, Body, Content, Parts, next_part};
use crate::build::Object;
use crate::config::{Access, Target};
use crate::environment;
use crate::name::Token;
use crate::path::{ObjectKey, url_path};

/// How often a part is sent on of which the storage took less. It takes multiples of 256 KiB, so more rounds get nowhere.
const ROUNDS_MAX: u64 = (PART_BYTES as u64) >> 18;

const SERVER: &str = "https://storage.googleapis.com";

/// What an object's resource is asked for.
pub(super) const FIELDS: &str = "name,size,metadata,generation,crc32c,updated";

#[derive(Debug, Clone)]
pub(super) struct Gcs {
    connection: Arc<Connection>,
    pub(super) server: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    access: Access,
}

/// What all prefixes of a bucket share.
#[derive(Debug)]
struct Connection {
    http: Http,
    signer: Signer,
}

impl Gcs {
    pub(super) async fn open(
        target: &Target,
        bucket: &str,
        prefix: &str,
        patience: Patience,
    ) -> Result<Gcs, StoreError> {
        let is_emulated = target.endpoint.is_none() && environment::emulator()?.is_some();
        let server = server(target);
        if server.starts_with("https:") {
            reqwest_client()?;
        }
        let signer = if is_emulated {
            Signer::anonymous(bucket)
        } else {
            Signer::find(bucket).await?
        };
        Ok(Gcs {
            connection: Arc::new(Connection {
                http: Http::new(patience),
                signer,
            }),
            server,
            bucket: bucket.to_string(),
            prefix: prefix.to_string(),
            access: target.access,
        })
    }

    /// Whether there's an emulator at the other end, which asks for no credentials.
    pub(super) fn is_emulated(&self) -> bool {
        self.connection.signer.is_anonymous()
    }

    /// Where the credentials in use come from.
    pub(super) fn credentials_are(&self) -> String {
        self.connection.signer.source()
    }

    pub(super) async fn send(&self, call: &Call) -> Result<Reply, StoreError> {
        let connection = &self.connection;
        connection.http.send(call, &connection.signer).await
    }

    fn deletion(&self, key: &str, version: &Version) -> Call {
        let condition = expecting(&PutMode::Over(version.clone()));
        let url = format!("{}?{condition}", self.object_url(key));
        Call::new(
            Method::DELETE,
            url,
            format!("delete {}", object_called(key)),
        )
        .changes_object()
    }

    async fn delete_by(&self, call: Call, key: &str, version: &Version) -> Result<(), StoreError> {
        let reply = self.send(&call).await?;
        match reply.status {
            status if status.is_success() && reply.body.is_empty() || is_missing(&reply) => Ok(()),
            // A deletion has no answer but that it's done: whatever else says so may be something between.
            status if status.is_success() => {
                let message = format!(
                    "Cannot {}: it was answered, but not as Google documents",
                    call.doing
                );
                Err(StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT))
            }
            StatusCode::PRECONDITION_FAILED => match self.look(key).await {
                Ok(None) => Ok(()),
                // It's refused, and yet it's as expected: another try of the same deletion may still be on its way.
                Ok(Some(stored)) if stored.version == *version => {
                    let error = self.explain(&call, &reply);
                    Err(StoreError {
                        kind: StoreErrorKind::OutcomeUnknown,
                        ..error
                    }
                    .hint(UNKNOWN_HINT))
                }
                Ok(Some(_)) | Err(_) => Err(self.explain(&call, &reply)),
            },
            _ => Err(self.explain(&call, &reply)),
        }
    }

    async fn expect(&self, call: &Call) -> Result<Reply, StoreError> {
        let reply = self.send(call).await?;
        self.success(call, reply)
    }

    /// Anything but success is explained.
    pub(super) fn success(&self, call: &Call, reply: Reply) -> Result<Reply, StoreError> {
        match reply.status.is_success() {
            true => Ok(reply),
            false => Err(self.explain(call, &reply)),
        }
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// An object's resource.
    pub(super) fn object_url(&self, key: &str) -> String {
        let name = encode(&self.full(key));
        format!("{}/storage/v1/b/{}/o/{name}", self.server, self.bucket)
    }

    fn upload_url(&self, kind: &str, mode: &PutMode) -> String {
        let (server, bucket, fields) = (&self.server, &self.bucket, encode(FIELDS));
        format!(
            "{server}/upload/storage/v1/b/{bucket}/o?uploadType={kind}&fields={fields}&{}",
            expecting(mode)
        )
    }

    /// What makes an object public, where each says so for itself.
    fn acl_parameter(&self) -> &'static str {
        match self.access {
            Access::ObjectAcl => "&predefinedAcl=publicRead",
            Access::Bucket => "",
        }
    }

    fn resource(&self, object: &Object, is_gzipped: bool, crc32c: u32) -> Resource {
        let headers = object.headers();
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

    async fn put_whole(
        &self,
        object: &Object,
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

    /// A copy to a name that's free, of the very bytes that are meant; a large one takes several requests
    /// (<https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite>).
    async fn rewrite(
        &self,
        source: &CopySource,
        object: &Object,
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

    async fn put_parts(
        &self,
        object: &Object,
        is_gzipped: bool,
        parts: Parts,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let (parts, crc32c) = checksum(parts).await;
        let crc32c = crc32c.map_err(|e| body::explain(object, &e))?;
        let resource = self.resource(object, is_gzipped, crc32c);
        let json = serde_json::to_vec(&resource).expect("strings are JSON");
        let start = Call::new(
            Method::POST,
            self.upload_url("resumable", mode) + self.acl_parameter(),
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
                .cause("no session")
            })?;
        self.refuse_other_server(&start, session)?;
        match self.send_parts(object, parts, session).await {
            Ok(stored) => Ok(stored),
            Err(error) => {
                let cancel = Call::new(
                    Method::DELETE,
                    session.to_string(),
                    format!("give up `{}`", object.path),
                );
                Err(error.and(self.send(&cancel).await.err()))
            }
        }
    }

    /// Parts are sent with the account's token, so a session that is anybody else's is refused.
    fn refuse_other_server(&self, call: &Call, session: &str) -> Result<(), StoreError> {
        if self.is_emulated() || is_of_server(session, &self.server) {
            return Ok(());
        }
        let message = format!(
            "Cannot {}: the storage names a session at another server than {}",
            call.doing, self.server
        );
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint("nothing is sent there; does the endpoint lead to the storage, and not to something between?"))
    }

    async fn send_parts(
        &self,
        object: &Object,
        mut parts: Parts,
        session: &str,
    ) -> Result<Stored, StoreError> {
        let total = parts.size_bytes();
        loop {
            let from = total - parts.left_bytes();
            let (rest, part) = next_part(parts, PART_BYTES).await;
            parts = rest;
            let part = part.map_err(|e| body::explain(object, &e))?;
            let end = from + part.len() as u64;
            let reply = self.send_part(object, session, part, from, total).await?;
            if end == total {
                return made(&reply);
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
                    "Cannot {}: the storage has {taken} bytes of {end}",
                    call.doing
                );
                return Err(StoreError::new(StoreErrorKind::Other, message).cause("parts"));
            }
            at = taken;
        }
        let message = format!(
            "Cannot upload `{}`: the storage takes less than it could of a part, {ROUNDS_MAX} times in a row",
            object.path
        );
        Err(StoreError::new(StoreErrorKind::Other, message).cause("parts"))
    }

    /// A page of a listing, of names from `range`.
    async fn page(&self, range: &Range, page_token: &str) -> Result<Page, StoreError> {
        let mut url = format!(
            "{}/storage/v1/b/{}/o?maxResults=1000",
            self.server, self.bucket
        );
        for (name, value) in [
            ("prefix", self.prefix.as_str()),
            ("fields", &format!("nextPageToken,items({FIELDS})")),
            ("startOffset", &range.begin),
            ("endOffset", &range.end),
            ("pageToken", page_token),
        ] {
            if !value.is_empty() {
                url += &format!("&{name}={}", encode(value));
            }
        }
        let doing = format!("list the bucket `{}`", self.bucket);
        let mut call = Call::new(Method::GET, url, doing);
        call.body_bytes_max = PAGE_BYTES_MAX;
        let reply = self.expect(&call).await?;
        parse(&call, &reply)
    }

    /// Lists `range` from the page of `page_token` on.
    async fn list_on(
        &self,
        range: Range,
        mut page_token: String,
        mut pages: Pages,
    ) -> Result<Vec<Item>, StoreError> {
        let mut listed = Vec::new();
        loop {
            let page = self.page(&range, &page_token).await?;
            pages.turn(page.keys(), page.next())?;
            listed.extend(page.items);
            if page.next_page_token.is_empty() {
                return Ok(listed);
            }
            page_token = page.next_page_token;
        }
    }

    /// Lists what is behind a first page: on from there, or, if its last name gives cuts, in ranges side by side.
    async fn list_rest(
        &self,
        last: &str,
        page_token: String,
        first: Pages,
    ) -> Result<Vec<Item>, StoreError> {
        let cuts = ranges::cuts(last.strip_prefix(&self.prefix).unwrap_or_default());
        if cuts.is_empty() {
            return self.list_on(Range::default(), page_token, first).await;
        }
        // A page's token is good for the very same question only, so the first range begins with the last name again.
        let cuts = cuts.iter().map(|cut| self.full(cut));
        let begins = std::iter::once(last.to_string()).chain(cuts.clone());
        let ends = cuts.chain([String::new()]);
        let ranges = begins.zip(ends).map(|(begin, end)| {
            let range = Range { begin, end };
            self.list_on(range, String::new(), Pages::default())
        });
        let listed = try_join_all(ranges).await?;
        Ok(listed.into_iter().flatten().collect())
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// What is under a key.
    async fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let url = format!("{}?fields={}", self.object_url(key), encode(FIELDS));
        let doing = format!("look at {}", object_called(key));
        let call = Call::new(Method::GET, url, doing);
        let reply = self.send(&call).await?;
        if is_missing(&reply) {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(self.explain(&call, &reply));
        }
        let item: Item = parse(&call, &reply)?;
        Ok(Some(item.stored()))
    }

    pub(super) fn explain(&self, call: &Call, reply: &Reply) -> StoreError {
        use StoreErrorKind::*;
        let bucket = &self.bucket;
        let told: ErrorReply = serde_json::from_slice(&reply.body).unwrap_or_default();
        let words = match told.error.message.as_str() {
            "" => in_words(reply),
            message => crate::error::escape(message),
        };
        let explained = |kind, hint: String| {
            let kind = reply.kind(call, kind);
            let error = StoreError::new(kind, format!("Cannot {}: {words}", call.doing));
            // Its words name the object.
            error.cause(reply.status.to_string()).hint(hint)
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
            StatusCode::PRECONDITION_FAILED => explained(Precondition, String::new()),
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
            (&Method::DELETE, _) => "storage.objects.delete is needed",
            (&Method::PATCH, _) => {
                "storage.objects.update, and storage.objects.setIamPolicy for ACLs, are needed"
            }
            (&Method::GET, _) if call.doing.starts_with("list") => "storage.objects.list is needed",
            (&Method::GET, _) => "storage.objects.get is needed",
            (_, Access::ObjectAcl) => {
                "storage.objects.create, storage.objects.setIamPolicy and storage.objects.delete (to replace plain names) are needed"
            }
            _ => {
                "storage.objects.create and storage.objects.delete (to replace the root of the releases, and plain names) are needed"
            }
        }
    }
}

#[async_trait]
impl Store for Gcs {
    /// One request for 1,000 objects. Each waits for the one before, so what is left of a large bucket after the
    /// first is listed in up to 16 ranges side by side: at most about one request more for each.
    async fn list(&self) -> Result<Listing, StoreError> {
        let page = self.page(&Range::default(), "").await?;
        let mut pages = Pages::default();
        pages.turn(page.keys(), page.next())?;
        let mut listed = page.items;
        if !page.next_page_token.is_empty() {
            let last = listed.last().map(|last| last.name.clone());
            let last = last.unwrap_or_default();
            listed.extend(self.list_rest(&last, page.next_page_token, pages).await?);
        }
        let below = |item: Item| {
            let key = item.name.strip_prefix(&self.prefix).unwrap_or(&item.name);
            (key.to_string(), item.stored())
        };
        Ok(listed.into_iter().map(below).collect())
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.look(key.as_str()).await
    }

    async fn put(&self, object: &Object, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        match body.content {
            Content::Memory(bytes) => self.put_whole(object, body.is_gzipped, bytes, mode).await,
            Content::File(parts) => self.put_parts(object, body.is_gzipped, parts, mode).await,
        }
    }

    async fn copy(
        &self,
        source: &CopySource,
        object: &Object,
    ) -> Result<Option<Stored>, StoreError> {
        self.rewrite(source, object).await
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let url = format!("{}?alt=media", self.object_url(key));
        // As stored: what the checksum is of.
        let doing = format!("read {}", called(key));
        let call = Call::new(Method::GET, url, doing).header("accept-encoding", "gzip");
        let call = call
            .for_content(document_bytes_max(key))
            .beginning(document_begin(key));
        let mut damage = "";
        for _ in 0..READS_MAX {
            let reply = self.send(&call).await?;
            if is_missing(&reply) {
                return Ok(None);
            }
            if !reply.status.is_success() {
                return Err(self.explain(&call, &reply));
            }
            refuse_cut(&call, &reply)?;
            damage = match damage_of(&reply) {
                Some(damage) => damage,
                None => return Ok(Some((reply.body.clone(), generation(&call, &reply)?))),
            };
        }
        let message = format!(
            "Cannot {}: {damage}, {READS_MAX} times in a row",
            call.doing
        );
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint("something between here and the storage changes what is sent"))
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        let resource = Resource {
            name: self.full(key),
            content_type: document_type(key).to_string(),
            cache_control: DOCUMENT_CACHING.to_string(),
            crc32c: in_base64(crc32c::crc32c(&bytes)),
            ..Resource::default()
        };
        let boundary = format!("assetsync-{}", blake3::hash(&bytes).to_hex());
        let url = self.upload_url("multipart", mode);
        let call = Call::new(Method::POST, url, format!("write {}", called(key)));
        let reply = self
            .expect(&in_two_parts(call, &resource, bytes, &boundary))
            .await?;
        Ok(made(&reply)?.version)
    }

    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.delete_by(self.deletion(key, version), key, version)
            .await
    }

    async fn delete_once(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.delete_by(self.deletion(key, version).single(), key, version)
            .await
    }

    fn below(&self, prefix: &str) -> Arc<dyn Store> {
        Arc::new(Gcs {
            prefix: self.full(prefix),
            access: Access::Bucket,
            ..self.clone()
        })
    }

    fn now(&self) -> Option<SystemTime> {
        self.connection.http.now()
    }

    fn server(&self) -> Server {
        Server::Google
    }

    fn url(&self, key: &ObjectKey) -> String {
        format!(
            "{}/{}/{}",
            self.server,
            self.bucket,
            url_path(&self.full(key.as_str()))
        )
    }

    fn requests(&self) -> u64 {
        self.connection.http.requests()
    }

    fn control(&self) -> Option<Arc<dyn Control>> {
        Some(Arc::new(self.clone()))
    }
}

/// The server's URL without a final slash: the target's endpoint, the emulator, or Google's own.
pub(super) fn server(target: &Target) -> String {
    if let Some(endpoint) = &target.endpoint {
        return endpoint.as_str().trim_end_matches('/').to_string();
    }
    match environment::emulator() {
        Ok(Some(emulator)) => emulator,
        // Whoever opens a target, or reads its configuration, is told what is wrong with it.
        Ok(None) | Err(_) => SERVER.to_string(),
    }
}

/// Whether a URL is at `server`, or both are Google's.
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

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The parameter that makes a change conditional.
fn expecting(mode: &PutMode) -> String {
    match mode {
        PutMode::Create => "ifGenerationMatch=0".to_string(),
        PutMode::Over(version) => format!("ifGenerationMatch={}", encode(&version.0)),
    }
}

/// The upload of a resource and its bytes in one request.
fn in_two_parts(call: Call, resource: &Resource, bytes: Bytes, boundary: &str) -> Call {
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

/// What an upload that was done says of its object. Where it says nothing, one has to look.
fn made(reply: &Reply) -> Result<Stored, StoreError> {
    let item: Result<Item, _> = serde_json::from_slice(&reply.body);
    item.map(|item| item.stored()).map_err(unexpected)
}

fn unexpected(error: serde_json::Error) -> StoreError {
    let message = format!("An upload was answered, but not as Google documents: {error}");
    StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT)
}

/// Whether a 404 is about an object, and not about its bucket.
pub(super) fn is_missing(reply: &Reply) -> bool {
    let says_bucket = || memchr::memmem::find(&reply.body, b"bucket does not exist").is_some();
    reply.status == StatusCode::NOT_FOUND && !says_bucket()
}

fn generation(call: &Call, reply: &Reply) -> Result<Version, StoreError> {
    let generation = text(&reply.headers, "x-goog-generation").unwrap_or_default();
    if generation.is_empty() {
        let message = format!("Cannot {}: the storage gave no generation", call.doing);
        return Err(StoreError::new(StoreErrorKind::Other, message));
    }
    Ok(Version(generation.to_string()))
}

/// What is wrong with a document that arrived.
fn damage_of(reply: &Reply) -> Option<&'static str> {
    if !is_whole(reply) {
        return Some("its length isn't the promised one");
    }
    let hashes = reply.headers.get_all("x-goog-hash").iter();
    let stored = hashes
        .filter_map(|hashes| hashes.to_str().ok())
        .flat_map(|hashes| hashes.split(','))
        .find_map(|hash| hash.trim().strip_prefix("crc32c="));
    let is_damaged = stored.is_some_and(|stored| stored != in_base64(crc32c::crc32c(&reply.body)));
    is_damaged.then_some("its bytes don't have the CRC32C that the storage gives")
}

fn in_base64(crc32c: u32) -> String {
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

/// `Range: bytes=0-N` says that N + 1 bytes have arrived; no header, that none have.
fn taken_bytes(reply: &Reply) -> u64 {
    let range = reply.headers.get("range").and_then(|v| v.to_str().ok());
    let last = range
        .and_then(|r| r.rsplit('-').next())
        .and_then(|n| n.parse::<u64>().ok());
    last.map_or(0, |last| last + 1)
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    call: &Call,
    reply: &Reply,
) -> Result<T, StoreError> {
    refuse_cut(call, reply)?;
    serde_json::from_slice(&reply.body).map_err(|e| {
        let message = format!(
            "Cannot {}: the storage's answer isn't what Google documents: {e}",
            call.doing
        );
        StoreError::new(StoreErrorKind::Other, message)
            .hint("does the endpoint speak Google's JSON API?")
    })
}

/// Names to list: from `begin` on, and before `end`; empty where there's no bound.
#[derive(Debug, Default)]
struct Range {
    begin: String,
    end: String,
}

#[derive(Debug, Default, Serialize)]
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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
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

impl Page {
    /// The first and the last name; none of an empty page.
    fn keys(&self) -> Option<(&str, &str)> {
        let (first, last) = (self.items.first()?, self.items.last()?);
        Some((&first.name, &last.name))
    }

    /// The token of the next page; none if this is the last.
    fn next(&self) -> Option<&str> {
        Some(self.next_page_token.as_str()).filter(|token| !token.is_empty())
    }
}

/// The answer to a rewrite: the object, or how to go on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rewritten {
    resource: Option<Item>,
    rewrite_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    name: String,
    /// A number in a string, as JSON has no 64 bits.
    size: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// A number, too.
    generation: String,
    #[serde(default)]
    crc32c: String,
    #[serde(default)]
    updated: String,
}

impl Item {
    pub(super) fn stored(&self) -> Stored {
        let updated: Option<jiff::Timestamp> = self.updated.parse().ok();
        Stored {
            size_bytes: self.size.parse().unwrap_or(0),
            token: self
                .metadata
                .get(TOKEN_METADATA)
                .and_then(|token| Token::parse(token)),
            token_is_known: true,
            version: Version(self.generation.clone()),
            fingerprint: self.crc32c.clone(),
            modified: updated.map(Into::into),
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
