//! Sources of AWS credentials, tried one after the other in the order of Amazon's tools. A source
//! that isn't set up is skipped. A source that is set up but fails ends the search with an error
//! that has its answer: the next one may have other credentials.

mod profile;

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqsign_aws_core::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider,
    EnvCredentialProvider, IMDSv2CredentialProvider, ProcessCredentialProvider,
    ProfileCredentialProvider,
};
use reqsign_core::{Context, Error, HttpSend, ProvideCredential};
use url::Url;

use self::profile::{CONFIG, CREDENTIALS, Profile, Sso};
use crate::store::{StoreError, StoreErrorKind, environment};

/// Time to wait for an instance's metadata service. It answers in milliseconds, or there is none.
const INSTANCE: Duration = Duration::from_secs(1);

/// Time limits: a sign-in service is across the network, and a program may ask a person to type a
/// code.
const SIGN_IN: Duration = Duration::from_secs(30);
const PROGRAM: Duration = Duration::from_secs(75);

/// Length of an answer that is shown, in characters.
const SHOWN_CHARACTERS_MAX: usize = 300;
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE: &str = "AWS_ROLE_ARN";

/// Source that is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Environment,
    /// Set up by the environment, or by a profile with its role and file.
    WebIdentity(Option<(String, String)>),
    Sso(Sso),
    /// Access key in a profile.
    Profile,
    Process,
    Container,
}

/// Finds credentials; searches the instance's metadata service if nothing else is set up.
///
/// # Errors
/// Fails if a source that is set up has no credentials. The error names it, and has its answer.
pub(super) async fn find(context: &Context) -> Result<Credential, StoreError> {
    let environment = EnvCredentialProvider::new();
    if let Some(found) = ask(&environment, context, &Source::Environment, "").await? {
        return Ok(found);
    }
    let profile = Profile::read(context).await?;
    // Only the first source that is set up is used.
    let Some(source) = sources(context, &profile)?.into_iter().next() else {
        return from_instance(context).await;
    };
    let name = profile.name.as_str();
    let found = match &source {
        Source::Environment => None,
        Source::WebIdentity(of_profile) => {
            let to = to_endpoint(context)?;
            ask(&web_identity(of_profile.as_ref()), &to, &source, name).await?
        }
        Source::Sso(sso) => ask(&sso.provider(), context, &source, name).await?,
        Source::Profile => ask(&ProfileCredentialProvider::new(), context, &source, name).await?,
        Source::Process => ask(&ProcessCredentialProvider::new(), context, &source, name).await?,
        Source::Container => ask(&ECSCredentialProvider::new(), context, &source, name).await?,
    };
    found.ok_or_else(|| source.failed(name, "it returned none"))
}

fn web_identity(
    of_profile: Option<&(String, String)>,
) -> AssumeRoleWithWebIdentityCredentialProvider {
    match of_profile {
        Some((role, file)) => {
            AssumeRoleWithWebIdentityCredentialProvider::with_config(role.clone(), file.into())
        }
        None => AssumeRoleWithWebIdentityCredentialProvider::new(),
    }
}

/// Returns the sources that are set up besides keys in the environment, in the order of Amazon's
/// tools.
fn sources(context: &Context, profile: &Profile) -> Result<Vec<Source>, StoreError> {
    let variable = |name: &str| context.env_var(name).filter(|value| !value.is_empty());
    let mut sources = Vec::new();
    if variable(TOKEN_FILE).is_some() {
        let source = Source::WebIdentity(None);
        if variable(ROLE).is_none() {
            return Err(source.failed("", &format!("{TOKEN_FILE} is set, but {ROLE} isn't")));
        }
        sources.push(source);
    }
    let name = &profile.name;
    match (
        profile.get("role_arn"),
        profile.get("web_identity_token_file"),
    ) {
        (Some(role), Some(file)) => {
            let of_profile = (role.to_string(), file.to_string());
            sources.push(Source::WebIdentity(Some(of_profile)));
        }
        (Some(_), None) if profile.get("aws_access_key_id").is_none() => {
            let message = format!(
                "No AWS credentials: the profile `{name}` assumes a role (`role_arn`), which assetsync doesn't support"
            );
            return Err(missing(message).hint(format!(
                "assume the role with the AWS CLI: `eval \"$(aws configure export-credentials --profile {name} --format env)\"`"
            )));
        }
        _ => {}
    }
    if let Some(sso) = Sso::of(profile) {
        sources.push(Source::Sso(sso));
    }
    if profile.get("aws_access_key_id").is_some() {
        sources.push(Source::Profile);
    }
    if profile.get("credential_process").is_some() {
        sources.push(Source::Process);
    }
    let of_container = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ];
    if of_container.iter().any(|name| variable(name).is_some()) {
        sources.push(Source::Container);
    }
    Ok(sources)
}

async fn ask(
    provider: &impl ProvideCredential<Credential = Credential>,
    context: &Context,
    source: &Source,
    profile: &str,
) -> Result<Option<Credential>, StoreError> {
    let wait = match source {
        Source::Process => PROGRAM,
        _ => SIGN_IN,
    };
    match tokio::time::timeout(wait, provider.provide_credential(context)).await {
        Err(_) => Err(source.failed(profile, &format!("no answer in {} s", wait.as_secs()))),
        Ok(Err(error)) => Err(source.failed(profile, &answer(&error))),
        Ok(Ok(found)) => Ok(found),
    }
}

/// Gets the credentials of the instance's role. If no metadata service answers, this isn't an
/// instance.
async fn from_instance(context: &Context) -> Result<Credential, StoreError> {
    let is_off = context.env_var("AWS_EC2_METADATA_DISABLED");
    if is_off.is_some_and(|off| off.eq_ignore_ascii_case("true")) {
        return Err(no_credentials("none found"));
    }
    let instance = IMDSv2CredentialProvider::new();
    match tokio::time::timeout(INSTANCE, instance.provide_credential(context)).await {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Err(error)) if !is_unreached(&error) => Err(no_credentials(&format!(
            "none found; the instance's metadata service reports: {}",
            answer(&error)
        ))),
        _ => Err(no_credentials("none found")),
    }
}

/// Returns a context for Amazon's sign-in service, with the address in AWS_ENDPOINT_URL_STS or
/// AWS_ENDPOINT_URL, if one is set.
fn to_endpoint(context: &Context) -> Result<Context, StoreError> {
    for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        let Some(text) = context.env_var(name).filter(|text| !text.is_empty()) else {
            continue;
        };
        let endpoint = Url::parse(&text).ok();
        let endpoint = endpoint.filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(endpoint) = endpoint else {
            let message = format!("{name} isn't the URL of a server");
            return Err(missing(message)
                .hint("set it to a URL such as `https://sts.example.org`, or unset it"));
        };
        let inner = context.clone();
        return Ok(context
            .clone()
            .with_http_send(ToEndpoint { inner, endpoint }));
    }
    Ok(context.clone())
}

/// Sender that sends all requests to one server.
struct ToEndpoint {
    inner: Context,
    endpoint: Url,
}

impl fmt::Debug for ToEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToEndpoint")
    }
}

impl HttpSend for ToEndpoint {
    async fn http_send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Error> {
        let path = request.uri().path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        let server = self.endpoint.as_str().trim_end_matches('/');
        *request.uri_mut() = format!("{server}{path}").parse()?;
        self.inner.http_send(request).await
    }
}

impl Source {
    /// Returns the name of the source for messages.
    fn called(&self, profile: &str) -> String {
        match self {
            Source::Environment => "the environment".to_string(),
            Source::WebIdentity(None) => format!("web identity ({TOKEN_FILE}, {ROLE})"),
            Source::WebIdentity(Some(_)) => format!("web identity (the profile `{profile}`)"),
            Source::Sso(_) => format!("single sign-on (the profile `{profile}`)"),
            Source::Profile => format!("the profile `{profile}`"),
            Source::Process => format!("`credential_process` (the profile `{profile}`)"),
            Source::Container => "the container (AWS_CONTAINER_CREDENTIALS_*)".to_string(),
        }
    }

    fn failed(&self, profile: &str, why: &str) -> StoreError {
        let called = self.called(profile);
        let hint = match self {
            Source::WebIdentity(_) => "check that the token exists and is current, that the role exists, and that its trust policy accepts the token".to_string(),
            Source::Sso(_) => format!("sign in again with `aws sso login --profile {profile}`"),
            Source::Process => "run the program by hand: it must print JSON in Amazon's format".to_string(),
            Source::Profile => "the profile needs both aws_access_key_id and aws_secret_access_key".to_string(),
            Source::Environment | Source::Container => {
                "check where these variables are set, and that the service is running".to_string()
            }
        };
        let message = format!("No AWS credentials from {called}: {why}");
        missing(message).hint(format!(
            "{hint}. No other source was tried, because this one is configured"
        ))
    }
}

/// Returns the answer of a source in words, without the values that it sent.
fn answer(error: &Error) -> String {
    let mut said = error.to_string();
    let io = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    if let Some(io) = io.last() {
        said += &format!(": {}", crate::base::text::plain(io));
    }
    let of_file = error.context().iter().find(|one| one.starts_with("file: "));
    if let Some(file) = of_file {
        said += &format!(" ({file})");
    }
    shown(&said)
}

/// Returns true if no server was reached.
fn is_unreached(error: &Error) -> bool {
    causes(error).any(|cause| cause.is::<std::io::Error>() || cause.is::<reqwest::Error>())
}

/// Returns the causes of an error.
fn causes(error: &Error) -> impl Iterator<Item = &Cause> {
    fn next<'a>(cause: &&'a Cause) -> Option<&'a Cause> {
        (*cause).source()
    }
    std::iter::successors(error.source(), next)
}

type Cause = dyn std::error::Error + 'static;

/// Returns the beginning of a text from elsewhere, without anything that looks like a secret.
pub(in crate::store) fn shown(said: &str) -> String {
    // serde quotes values that it didn't expect.
    let mut parts = said.split("string \"");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let behind = part.split_once('"').map_or("", |(_, behind)| behind);
        text += &format!("string …{behind}");
    }
    if !crate::base::credentials::find(text.as_bytes(), "answer.txt").is_empty() {
        return "its answer looks like a secret, so it isn't shown".to_string();
    }
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut begin: String = one_line.chars().take(SHOWN_CHARACTERS_MAX).collect();
    if begin.len() < one_line.len() {
        begin.push('…');
    }
    crate::base::text::escape(&begin)
}

/// Returns the error for missing credentials.
pub(super) fn no_credentials(why: &str) -> StoreError {
    missing(format!("No AWS credentials: {why}")).hint(looked_at())
}

fn missing(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Credentials, message)
}

fn looked_at() -> String {
    let home = |variable: &str, file: &str| {
        let set = environment::text(variable).ok().flatten();
        set.unwrap_or_else(|| format!("~/.aws/{file}"))
    };
    format!(
        "searched AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE in {} and {}, AWS_WEB_IDENTITY_TOKEN_FILE, \
         AWS_CONTAINER_CREDENTIALS_*, and the instance's metadata; run `aws configure` or `aws sso login` to set them up",
        home(CREDENTIALS, "credentials"),
        home(CONFIG, "config"),
    )
}

#[cfg(test)]
mod tests;
