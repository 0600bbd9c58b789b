//! Credentials for S3, kept and renewed. Their sources are in [`super::sources`].

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use object_store::aws::AwsCredential;
use reqsign_aws_core::Credential;
use reqsign_core::{Context, Error, HttpSend, SigningCredential};
use reqsign_file_read_tokio::TokioFileRead;

use super::sources;
use crate::store::environment;
use crate::store::helper::Helpers;
use crate::store::http::wire::reqwest_client;
use crate::store::{StoreError, StoreErrorKind};

/// Credentials in use, which are renewed before they expire.
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
        environment::check_aws()?;
        if let Some((half, other)) = environment::half_a_key()? {
            let why = format!("{half} is set, but {other} isn't");
            return Err(sources::no_credentials(&why));
        }
        let context = Context::new()
            .with_env(environment::Cleaned)
            .with_file_read(TokioFileRead)
            .with_command_execute(Helpers)
            .with_http_send(Client);
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

    /// Returns the access key's public half.
    pub(crate) fn access_key(&self) -> String {
        self.held().for_signing.key_id.clone()
    }

    fn held(&self) -> Held {
        self.current.lock().expect("no holder panics").clone()
    }
}

async fn load(context: &Context) -> Result<Held, StoreError> {
    let found = sources::find(context).await?;
    let for_signing = Arc::new(usable(&found)?);
    Ok(Held { found, for_signing })
}

/// Returns the credentials for signing. Values that can't be part of a header are errors: signing
/// would panic.
fn usable(found: &Credential) -> Result<AwsCredential, StoreError> {
    let token = found
        .session_token
        .as_deref()
        .filter(|token| !token.is_empty());
    Ok(AwsCredential {
        key_id: field("AccessKeyId", &found.access_key_id)?,
        secret_key: field("SecretAccessKey", &found.secret_access_key)?,
        token: token
            .map(|token| field("SessionToken", token))
            .transpose()?,
    })
}

/// Checks a part of the credentials, which came from a profile, a program or a service.
fn field(name: &str, value: &str) -> Result<String, StoreError> {
    let name = format!("the {name} of the AWS credentials");
    let value = environment::without_space_around(&name, value);
    environment::one_line(value).map_err(|flaw| {
        let message = format!("{} {flaw}", name.replacen('t', "T", 1));
        StoreError::new(StoreErrorKind::Credentials, message)
            .hint("correct the profile in ~/.aws, or the output of its `credential_process`")
    })?;
    Ok(value.to_string())
}

#[derive(Debug)]
struct Client;

impl HttpSend for Client {
    async fn http_send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Error> {
        let failed = |e: reqwest::Error| {
            Error::unexpected("the sign-in request failed").with_source(e.without_url())
        };
        let client = reqwest_client().map_err(|e| Error::unexpected(e.to_string()))?;
        let request = request.try_into().map_err(failed)?;
        let response = client.execute(request).await.map_err(failed)?;
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
