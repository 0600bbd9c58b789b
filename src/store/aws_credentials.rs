//! Credentials for S3, found as the AWS tools find them: environment, profiles, SSO, `credential_process`,
//! web identity, container and instance roles (all by reqsign). Missing ones are told at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::AwsCredential;
use reqsign_aws_core::{Credential, DefaultCredentialProvider, IMDSv2CredentialProvider};
use reqsign_core::{Context, Error, HttpSend, OsEnv, ProvideCredential, SigningCredential};
use reqsign_file_read_tokio::TokioFileRead;

use super::helper::Helpers;
use super::wire::reqwest_client;
use super::{StoreError, StoreErrorKind};

/// An instance's metadata service answers in milliseconds or isn't there.
const INSTANCE: Duration = Duration::from_secs(1);

/// A sign-in service is across the network.
const SIGN_IN: Duration = Duration::from_secs(30);

/// The credentials in use, renewed before they expire.
#[derive(Debug)]
pub(crate) struct AwsCredentials {
    context: Context,
    current: Mutex<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    found: Credential,
    for_signing: Arc<AwsCredential>,
}

impl AwsCredentials {
    pub(crate) async fn find() -> Result<AwsCredentials, StoreError> {
        let context = Context::new()
            .with_env(OsEnv)
            .with_file_read(TokioFileRead)
            .with_command_execute(Helpers)
            .with_http_send(Client(reqwest_client()));
        let held = load(&context).await?;
        Ok(AwsCredentials {
            context,
            current: Mutex::new(held),
        })
    }

    pub(crate) async fn get(&self) -> Result<Arc<AwsCredential>, StoreError> {
        let held = self.held();
        if held.found.is_valid() {
            return Ok(held.for_signing);
        }
        self.refresh().await?;
        Ok(self.held().for_signing)
    }

    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let held = load(&self.context).await?;
        *self.current.lock().expect("no holder panics") = held;
        Ok(())
    }

    /// The access key's public half.
    pub(crate) fn access_key(&self) -> String {
        self.held().for_signing.key_id.clone()
    }

    fn held(&self) -> Held {
        self.current.lock().expect("no holder panics").clone()
    }
}

async fn load(context: &Context) -> Result<Held, StoreError> {
    let chain = DefaultCredentialProvider::builder().no_imds().build();
    let found = tokio::time::timeout(SIGN_IN, chain.provide_credential(context)).await;
    let found = match found {
        Err(_) => return Err(missing("the sign-in service didn't answer")),
        Ok(Err(error)) => return Err(missing(&error.to_string())),
        Ok(Ok(Some(found))) => Some(found),
        Ok(Ok(None)) => from_instance(context).await,
    };
    let found = found.ok_or_else(|| missing("none found"))?;
    let for_signing = Arc::new(AwsCredential {
        key_id: found.access_key_id.clone(),
        secret_key: found.secret_access_key.clone(),
        token: found.session_token.clone(),
    });
    Ok(Held { found, for_signing })
}

async fn from_instance(context: &Context) -> Option<Credential> {
    if context
        .env_var("AWS_EC2_METADATA_DISABLED")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"))
    {
        return None;
    }
    let instance = IMDSv2CredentialProvider::new();
    // Anything but an answer means that this isn't an instance with a role.
    tokio::time::timeout(INSTANCE, instance.provide_credential(context))
        .await
        .ok()?
        .ok()?
}

fn missing(why: &str) -> StoreError {
    let home = |variable: &str, file: &str| {
        std::env::var(variable).unwrap_or_else(|_| format!("~/.aws/{file}"))
    };
    StoreError::new(StoreErrorKind::Credentials, format!("No AWS credentials: {why}")).hint(format!(
        "looked at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE in {} and {}, AWS_WEB_IDENTITY_TOKEN_FILE, \
         AWS_CONTAINER_CREDENTIALS_*, and the instance's metadata; `aws configure` or `aws sso login` sets them up",
        home("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        home("AWS_CONFIG_FILE", "config"),
    ))
}

#[derive(Debug)]
struct Client(reqwest::Client);

impl HttpSend for Client {
    async fn http_send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Error> {
        let failed = |e: reqwest::Error| {
            Error::unexpected("the sign-in request failed").with_source(e.without_url())
        };
        let request = request.try_into().map_err(failed)?;
        let response = self.0.execute(request).await.map_err(failed)?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.extend(response.headers().clone());
        }
        let body = response.bytes().await.map_err(failed)?;
        answer
            .body(body)
            .map_err(|e| Error::unexpected(e.to_string()))
    }
}
