//! S3 and servers like it, with requests signed by object_store's `AwsAuthorizer` and sent by
//! [`Http`]. Its `ObjectStore` isn't used: it can't set an ACL, make the end of a multipart upload
//! conditional, or list a bucket that has a key such as `a//b`. Conditional requests are in
//! [`self::conditions`].

mod access;
mod acl;
mod addresses;
mod conditions;
mod control;
mod cors;
mod credentials;
mod documents;
mod listing;
mod objects;
mod refusals;
pub(crate) mod region;
mod settings;
pub(crate) mod sources;
pub(crate) mod tools;
mod uploads;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use object_store::aws::AwsAuthorizer;
use object_store::client::HttpRequest;

use self::addresses::{encode_query, region_of, url_of_bucket, with_environment};
use self::credentials::AwsCredentials;
use self::documents::{error_document, fingerprint};
use self::region::{Asked, in_region};
use self::uploads::with_checksum;
use super::control::Control;
use super::http::wire::reqwest_client;
use super::http::{Call, Http, Reply, Sign, text};
use super::{
    CopySource, Listing, PutMode, Server, Store, StoreError, StoreErrorKind, Stored,
    TOKEN_METADATA, Timeouts, Version, object_called,
};
use crate::base::name::Token;
use crate::base::path::{ObjectKey, url_path};
use crate::store::Upload;
use crate::store::body::{Body, Content};
use crate::store::location::{Access, Target};

pub(super) use self::addresses::{bucket_url, server};

/// Name that servers other than Amazon's have for their only region.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

#[derive(Debug, Clone)]
pub(super) struct S3 {
    connection: Arc<Connection>,
    /// Either `https://bucket.server` or `https://server/bucket`.
    pub(super) bucket_url: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    access: Access,
}

/// Connection that all prefixes of a bucket share.
#[derive(Debug)]
struct Connection {
    http: Http,
    signer: Signer,
    /// Region that was assumed for the bucket.
    region: String,
    is_amazons: bool,
    /// True if the server turned out to need ETags without quotes.
    wants_bare_etags: AtomicBool,
}

impl Connection {
    fn new(
        timeouts: Timeouts,
        credentials: AwsCredentials,
        region: String,
        is_amazons: bool,
    ) -> Connection {
        Connection {
            http: Http::new(timeouts),
            signer: Signer {
                credentials,
                region: Mutex::new(region.clone()),
            },
            region,
            is_amazons,
            wants_bare_etags: AtomicBool::new(false),
        }
    }

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
    /// Region of the bucket. The storage may name another one.
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
        timeouts: Timeouts,
    ) -> Result<S3, StoreError> {
        let target = &with_environment(target)?;
        let endpoint = target.endpoint.as_ref();
        if endpoint.is_none_or(|url| url.scheme() == "https") {
            reqwest_client()?;
        }
        let credentials = AwsCredentials::find().await?;
        let region = match &target.region {
            Some(region) => region.clone(),
            None if endpoint.is_some() => DEFAULT_REGION.to_string(),
            None => region_of(bucket).await?,
        };
        let bucket_url = url_of_bucket(target, bucket, &region)?;
        let connection = Connection::new(timeouts, credentials, region, endpoint.is_none());
        Ok(S3 {
            connection: Arc::new(connection),
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

    /// Returns `https://server`.
    pub(super) fn server_url(&self) -> String {
        match self.bucket_url.strip_suffix(&format!("/{}", self.bucket)) {
            Some(server) => server.to_string(),
            None => self
                .bucket_url
                .replacen(&format!("://{}.", self.bucket), "://", 1),
        }
    }

    /// Returns the access key of the credentials in use, shortened if it's long. Contains nothing
    /// of the secret key.
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
        let call = if region == connection.region {
            call.clone()
        } else {
            call.to(in_region(
                connection.asked(call, &connection.region),
                &region,
            ))
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

    /// Sends `call`; explains any answer but success.
    async fn expect(&self, call: &Call) -> Result<Reply, StoreError> {
        let reply = self.send(call).await?;
        self.success(call, reply)
    }

    /// Returns the reply if it's a success, otherwise an error that explains it.
    pub(super) fn success(&self, call: &Call, reply: Reply) -> Result<Reply, StoreError> {
        if is_success(&reply) {
            Ok(reply)
        } else {
            Err(self.explain(call, &reply))
        }
    }

    /// Returns the object under a key, by a `HEAD` request.
    pub(super) async fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let looked = self.look_with_headers(key).await?;
        Ok(looked.map(|(stored, _)| stored))
    }

    /// Returns the object under a key, and all headers of the answer.
    pub(super) async fn look_with_headers(
        &self,
        key: &str,
    ) -> Result<Option<(Stored, HeaderMap)>, StoreError> {
        let doing = format!("look up {}", object_called(key));
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
}

#[async_trait]
impl Store for S3 {
    async fn list(&self) -> Result<Listing, StoreError> {
        self.list_all().await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.look(key.as_str()).await
    }

    async fn put(&self, object: &Upload, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        match &body.content {
            Content::Memory(bytes) => self.put_whole(object, &body, bytes, mode).await,
            Content::File(_) => self.put_parts(object, body, mode).await,
        }
    }

    async fn copy(
        &self,
        source: &CopySource,
        object: &Upload,
    ) -> Result<Option<Stored>, StoreError> {
        self.copy_object(source, object).await
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.read_document(key).await
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        self.write_document(key, bytes, mode).await
    }

    /// Deletes the object if it's this version. Servers that ignore `If-Match` on a `DELETE`, such
    /// as Ceph's radosgw, delete any version.
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
                .hint("check the AWS credentials")
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

/// Returns true if the answer is a success. S3 may send an error with the status 200.
pub(super) fn is_success(reply: &Reply) -> bool {
    reply.status.is_success() && error_document(reply).is_none()
}
