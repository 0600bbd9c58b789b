//! Credentials for Google Cloud Storage: a token from the environment, or those that object_store
//! finds. Those are service accounts, `gcloud auth application-default login`, and the metadata
//! server. Missing credentials are reported at once.

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use object_store::client::HttpRequest;
use object_store::gcp::{GcpCredentialProvider, GoogleCloudStorageBuilder};
use serde::Deserialize;

use crate::base::disk::bounded;
use crate::store::environment;
use crate::store::http::wire::Shared;
use crate::store::http::{Reply, Sign};
use crate::store::s3::sources::shown;
use crate::store::{StoreError, StoreErrorKind};

/// Variable with an access token from elsewhere, such as `gcloud auth print-access-token` or a CI's
/// keyless login.
const TOKEN_VARIABLE: &str = "GOOGLE_OAUTH_ACCESS_TOKEN";

/// Time to wait for the metadata server. On Google's machines it answers in milliseconds; elsewhere
/// there is none.
const METADATA: Duration = Duration::from_secs(1);

/// Largest size of a file of credentials, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Advice on a file of credentials that can't be used.
const OTHER_FILE: &str = "set GOOGLE_APPLICATION_CREDENTIALS to another file, or unset it and run `gcloud auth application-default login`";

/// Adds the credentials in use to requests.
#[derive(Debug)]
pub(super) struct Signer {
    bucket: String,
    credentials: Mutex<Credentials>,
}

impl Signer {
    /// Returns a signer for servers that need no credentials.
    pub(super) fn anonymous(bucket: &str) -> Signer {
        Signer {
            bucket: bucket.to_string(),
            credentials: Mutex::new(Credentials::Anonymous),
        }
    }

    /// Returns a signer with the credentials of this machine.
    pub(super) async fn find(bucket: &str) -> Result<Signer, StoreError> {
        let credentials = Mutex::new(Credentials::find(bucket).await?);
        Ok(Signer {
            bucket: bucket.to_string(),
            credentials,
        })
    }

    /// Returns true if requests are sent without credentials.
    pub(super) fn is_anonymous(&self) -> bool {
        let credentials = self.credentials.lock().expect("no holder panics");
        matches!(*credentials, Credentials::Anonymous)
    }

    /// Returns the source of the credentials, without their content.
    pub(super) fn source(&self) -> String {
        match *self.credentials.lock().expect("no holder panics") {
            Credentials::Anonymous => "none (an emulator needs none)".to_string(),
            Credentials::Token(_) => format!("the access token in {TOKEN_VARIABLE}"),
            Credentials::Provider(..) => match credentials_file() {
                Ok(Some(file)) => format!("those of `{}`", file.display()),
                _ => "a service account from the environment, or this machine's".to_string(),
            },
        }
    }
}

#[derive(Debug, Clone)]
enum Credentials {
    /// No credentials, for servers that need none.
    Anonymous,
    /// Token from the environment, which can't be renewed.
    Token(Arc<str>),
    /// Credentials that object_store found, and where it found them.
    Provider(GcpCredentialProvider, Arc<str>),
}

#[async_trait]
impl Sign for Signer {
    async fn sign(&self, request: &mut HttpRequest, _sha256: &[u8; 32]) -> Result<(), StoreError> {
        let credentials = self.credentials.lock().expect("no holder panics").clone();
        let Some(bearer) = credentials.bearer().await? else {
            return Ok(());
        };
        let value = format!("Bearer {bearer}").parse();
        let mut value: http::HeaderValue = value.map_err(|_| {
            missing("the access token contains characters that an HTTP header can't have")
        })?;
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(http::header::AUTHORIZATION, value);
        Ok(())
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let anew = Credentials::find(&self.bucket).await?;
        *self.credentials.lock().expect("no holder panics") = anew;
        Ok(())
    }

    fn has_expired(&self, reply: &Reply) -> bool {
        reply.status == StatusCode::UNAUTHORIZED
    }
}

impl Credentials {
    async fn find(bucket: &str) -> Result<Credentials, StoreError> {
        if let Some(token) = environment::text(TOKEN_VARIABLE)? {
            return Ok(Credentials::Token(token.into()));
        }
        let file = credentials_file()?;
        let source = match &file {
            Some(file) => {
                refuse_unknown_kind(file)?;
                format!("`{}`", file.display())
            }
            None if is_in_environment() => "GOOGLE_SERVICE_ACCOUNT".to_string(),
            None if metadata_server_answers(environment::text("GCE_METADATA_HOST")?).await => {
                "the metadata server".to_string()
            }
            None => return Err(missing("none found")),
        };
        let client = object_store::ClientOptions::new().with_allow_http(true);
        let mut builder = GoogleCloudStorageBuilder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(client)
            .with_http_connector(Shared);
        if let Some(file) = file.as_ref().and_then(|file| file.to_str()) {
            builder = builder.with_application_credentials(file);
        }
        let store = builder.build().map_err(|e| failed(&source, e))?;
        let provider = Arc::clone(store.credentials());
        let found = Credentials::Provider(provider, source.into());
        found.bearer().await?;
        Ok(found)
    }

    async fn bearer(&self) -> Result<Option<String>, StoreError> {
        match self {
            Credentials::Anonymous => Ok(None),
            Credentials::Token(token) => Ok(Some(token.to_string())),
            Credentials::Provider(provider, source) => {
                let found = provider
                    .get_credential()
                    .await
                    .map_err(|e| failed(source, e))?;
                Ok(Some(found.bearer.clone()))
            }
        }
    }
}

/// Returns true if one of object_store's own variables has a service account, or names its file.
fn is_in_environment() -> bool {
    let names = [
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
    ];
    names.into_iter().any(environment::is_set)
}

/// Returns the file that has credentials, if there is one.
fn credentials_file() -> Result<Option<PathBuf>, StoreError> {
    match environment::text("GOOGLE_APPLICATION_CREDENTIALS")? {
        Some(file) => Ok(Some(PathBuf::from(file))),
        None => Ok(well_known_file(environment::text("CLOUDSDK_CONFIG")?)),
    }
}

/// Returns the file that `gcloud auth application-default login` writes, if it exists.
fn well_known_file(folder: Option<String>) -> Option<PathBuf> {
    let folder = folder
        .map(PathBuf::from)
        .or_else(|| environment::home().map(|home| home.join(".config/gcloud")))?;
    let file = folder.join("application_default_credentials.json");
    file.exists().then_some(file)
}

#[derive(Debug, Deserialize)]
struct CredentialsFile {
    #[serde(rename = "type")]
    kind: String,
}

fn refuse_unknown_kind(file: &Path) -> Result<(), StoreError> {
    let shown = file.display();
    let unusable = |why: String| missing(&why).hint(OTHER_FILE);
    let text =
        bounded::text(file, FILE_BYTES_MAX).map_err(|e| unusable(format!("`{shown}`: {e}")))?;
    let parsed: CredentialsFile = serde_json::from_str(&text)
        .map_err(|_| unusable(format!("`{shown}` isn't a credentials file")))?;
    match parsed.kind.as_str() {
        "service_account" | "authorized_user" => Ok(()),
        kind => Err(missing(&format!("`{shown}` has the type `{kind}`, which assetsync doesn't support")).hint(format!(
            "create an access token and set {TOKEN_VARIABLE} to it (in GitHub Actions: `token_format: access_token`)"
        ))),
    }
}

async fn metadata_server_answers(host: Option<String>) -> bool {
    let host = host.unwrap_or_else(|| "metadata.google.internal".to_string());
    let host = if host.contains(':') {
        host
    } else {
        format!("{host}:80")
    };
    let resolve = tokio::task::spawn_blocking(move || {
        host.to_socket_addrs().map(Iterator::collect::<Vec<_>>)
    });
    let connect = async {
        // Without a name, an address or an answer, this isn't one of Google's machines.
        let addresses = resolve.await.ok()?.ok()?;
        tokio::net::TcpStream::connect(addresses.as_slice())
            .await
            .ok()
    };
    matches!(tokio::time::timeout(METADATA, connect).await, Ok(Some(_)))
}

/// Returns the error for a source that is set up but gave no credentials: its name and its answer.
/// No other source is tried.
fn failed(source: &str, error: object_store::Error) -> StoreError {
    // object_store's own error is about a store; its cause is about credentials.
    let said =
        std::error::Error::source(&error).map_or_else(|| error.to_string(), |e| e.to_string());
    let message = format!("No Google credentials from {source}: {}", shown(&said));
    StoreError::new(StoreErrorKind::Credentials, message).caused_by(error).hint(
        "the credentials may have expired or been revoked: run `gcloud auth application-default login`, or create a new service account key. No other source was tried, because this one is configured",
    )
}

fn missing(why: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Credentials, format!("No Google credentials: {why}")).hint(format!(
        "searched {TOKEN_VARIABLE}, GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_SERVICE_ACCOUNT and GOOGLE_SERVICE_ACCOUNT_KEY, \
         ~/.config/gcloud/application_default_credentials.json, and the metadata server; run `gcloud auth application-default login` to set them up"
    ))
}
