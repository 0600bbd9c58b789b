//! Credentials for S3, kept and renewed. Where they come from is in [`super::aws_sources`].

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use object_store::aws::AwsCredential;
use reqsign_aws_core::Credential;
use reqsign_core::{Context, Error, HttpSend, OsEnv, SigningCredential};
use reqsign_file_read_tokio::TokioFileRead;

use super::helper::Helpers;
use super::wire::reqwest_client;
use super::{StoreError, aws_sources};

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
    let found = aws_sources::find(context).await?;
    let for_signing = Arc::new(AwsCredential {
        key_id: found.access_key_id.clone(),
        secret_key: found.secret_access_key.clone(),
        token: found.session_token.clone(),
    });
    Ok(Held { found, for_signing })
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
