//! Google Cloud Storage by its JSON API (<https://cloud.google.com/storage/docs/json_api/v1>). One
//! request uploads bytes, headers, checksum, precondition and ACL together. A listing includes
//! tokens, so no object has to be looked at separately. Credentials are object_store's.

mod control;
mod cors;
mod credentials;
mod documents;
mod iam;
mod listing;
mod objects;
mod refusals;
pub(crate) mod tools;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use self::credentials::Signer;
use super::control::Control;
use super::http::wire::reqwest_client;
use super::http::{Call, Http, Reply, refuse_cut};
use super::{
    CopySource, Listing, PutMode, Server, Store, StoreError, StoreErrorKind, Stored,
    TOKEN_METADATA, Timeouts, UNKNOWN_HINT, Version, object_called,
};
use crate::base::name::Token;
use crate::base::path::{ObjectKey, url_path};
use crate::store::Upload;
use crate::store::body::{Body, Content};
use crate::store::environment;
use crate::store::location::{Access, Target};

const SERVER: &str = "https://storage.googleapis.com";

/// Fields of an object's resource that are read.
pub(super) const FIELDS: &str = "name,size,metadata,generation,crc32c,updated";

/// Advice on answers that Google's storage doesn't give.
const ENDPOINT_HINT: &str = "check that the endpoint speaks Google's JSON API";

#[derive(Debug, Clone)]
pub(super) struct Gcs {
    connection: Arc<Connection>,
    pub(super) server: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    access: Access,
}

/// Connection that all prefixes of a bucket share.
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
        timeouts: Timeouts,
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
                http: Http::new(timeouts),
                signer,
            }),
            server,
            bucket: bucket.to_string(),
            prefix: prefix.to_string(),
            access: target.access,
        })
    }

    /// Returns true if the server is an emulator, which needs no credentials.
    pub(super) fn is_emulated(&self) -> bool {
        self.connection.signer.is_anonymous()
    }

    /// Returns the source of the credentials in use.
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
            // The answer to a deletion that was done is empty. A success with content may come from
            // a server in between.
            status if status.is_success() => {
                let message = format!(
                    "Cannot {}: the response doesn't match Google's API",
                    call.doing
                );
                Err(StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT))
            }
            StatusCode::PRECONDITION_FAILED => match self.look(key).await {
                Ok(None) => Ok(()),
                // Refused, although the version is the expected one: another try of the same
                // deletion may still be on its way.
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

    /// Returns the reply if it's a success, otherwise an error that explains it.
    pub(super) fn success(&self, call: &Call, reply: Reply) -> Result<Reply, StoreError> {
        if reply.status.is_success() {
            Ok(reply)
        } else {
            Err(self.explain(call, &reply))
        }
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Returns the URL of an object's resource.
    pub(super) fn object_url(&self, key: &str) -> String {
        let name = encode(&self.full(key));
        format!("{}/storage/v1/b/{}/o/{name}", self.server, self.bucket)
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// Returns the object under a key; `None` if there is none.
    async fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let url = format!("{}?fields={}", self.object_url(key), encode(FIELDS));
        let doing = format!("look up {}", object_called(key));
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
}

#[async_trait]
impl Store for Gcs {
    async fn list(&self) -> Result<Listing, StoreError> {
        self.list_all().await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.look(key.as_str()).await
    }

    async fn put(&self, object: &Upload, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        match body.content {
            Content::Memory(bytes) => self.put_whole(object, body.is_gzipped, bytes, mode).await,
            Content::File(parts) => self.put_parts(object, body.is_gzipped, parts, mode).await,
        }
    }

    async fn copy(
        &self,
        source: &CopySource,
        object: &Upload,
    ) -> Result<Option<Stored>, StoreError> {
        self.rewrite(source, object).await
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.read_document(key).await
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        self.write_document(key, bytes, mode).await
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

/// Returns the server's URL without a final slash: the target's endpoint, the emulator, or Google's
/// own.
pub(super) fn server(target: &Target) -> String {
    if let Some(endpoint) = &target.endpoint {
        return endpoint.as_str().trim_end_matches('/').to_string();
    }
    match environment::emulator() {
        Ok(Some(emulator)) => emulator,
        // An unusable variable is reported when a target is opened or its configuration is read.
        Ok(None) | Err(_) => SERVER.to_string(),
    }
}

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Returns the parameter that makes a change conditional.
fn expecting(mode: &PutMode) -> String {
    match mode {
        PutMode::Create => "ifGenerationMatch=0".to_string(),
        PutMode::Over(version) => format!("ifGenerationMatch={}", encode(&version.0)),
    }
}

/// Returns true if a 404 is about an object, not about its bucket.
pub(super) fn is_missing(reply: &Reply) -> bool {
    let says_bucket = || memchr::memmem::find(&reply.body, b"bucket does not exist").is_some();
    reply.status == StatusCode::NOT_FOUND && !says_bucket()
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    call: &Call,
    reply: &Reply,
) -> Result<T, StoreError> {
    refuse_cut(call, reply)?;
    serde_json::from_slice(&reply.body).map_err(|e| {
        let message = format!(
            "Cannot {}: the response doesn't match Google's API: {e}",
            call.doing
        );
        StoreError::new(StoreErrorKind::Other, message).hint(ENDPOINT_HINT)
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    name: String,
    /// Number in a string, since JSON has no 64-bit integers.
    size: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// Number in a string, too.
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
