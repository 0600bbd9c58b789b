//! The places where AWS credentials may come from, asked one after the other as Amazon's tools do. One that isn't set up is
//! passed over. One that is and fails ends the search, and says what it answered: the next may be somebody else's.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use ini::Ini;
use reqsign_aws_core::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider,
    EnvCredentialProvider, IMDSv2CredentialProvider, ProcessCredentialProvider,
    ProfileCredentialProvider, SSOCredentialProvider,
};
use reqsign_core::{Context, Error, HttpSend, ProvideCredential};
use url::Url;

use super::{StoreError, StoreErrorKind};

/// An instance's metadata service answers in milliseconds or isn't there.
const INSTANCE: Duration = Duration::from_secs(1);

/// A sign-in service is across the network; for a program, somebody may have to type a code.
const SIGN_IN: Duration = Duration::from_secs(30);
const PROGRAM: Duration = Duration::from_secs(75);

/// How much of an answer is shown, in characters.
const SHOWN_CHARACTERS_MAX: usize = 300;

const CONFIG: &str = "AWS_CONFIG_FILE";
const CREDENTIALS: &str = "AWS_SHARED_CREDENTIALS_FILE";
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE: &str = "AWS_ROLE_ARN";

/// A place that is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Environment,
    /// By the environment; by a profile, with its role and file.
    WebIdentity(Option<(String, String)>),
    Sso(Sso),
    /// A key in a profile.
    Profile,
    Process,
    Container,
}

/// What a profile, or the session that it names, says of single sign-on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sso {
    /// What the file with the token is called after: the session, or the address.
    token: String,
    region: String,
    account: String,
    role: String,
}

/// The settings of the profile in use.
#[derive(Debug, Default)]
struct Profile {
    name: String,
    /// Of both files; the credentials file wins.
    settings: Vec<(String, String)>,
    sso_session: Vec<(String, String)>,
}

/// Finds credentials; none if no place is set up.
///
/// # Errors
/// A place that is set up has none: which, and what it answered.
pub(super) async fn find(context: &Context) -> Result<Credential, StoreError> {
    let environment = EnvCredentialProvider::new();
    if let Some(found) = ask(&environment, context, &Source::Environment, "").await? {
        return Ok(found);
    }
    let profile = Profile::read(context).await?;
    // The first that is set up is meant: no other one is tried behind its back.
    let Some(source) = sources(context, &profile)?.into_iter().next() else {
        return from_instance(context).await;
    };
    let name = profile.name.as_str();
    let found = match &source {
        Source::Environment => None,
        Source::WebIdentity(of_profile) => {
            let to = to_endpoint(context)?;
            let provider = match of_profile {
                Some((role, file)) => AssumeRoleWithWebIdentityCredentialProvider::with_config(
                    role.clone(),
                    file.into(),
                ),
                None => AssumeRoleWithWebIdentityCredentialProvider::new(),
            };
            ask(&provider, &to, &source, name).await?
        }
        Source::Sso(sso) => ask(&sso.provider(), context, &source, name).await?,
        Source::Profile => ask(&ProfileCredentialProvider::new(), context, &source, name).await?,
        Source::Process => ask(&ProcessCredentialProvider::new(), context, &source, name).await?,
        Source::Container => ask(&ECSCredentialProvider::new(), context, &source, name).await?,
    };
    found.ok_or_else(|| source.failed(name, "it gave none"))
}

/// The places that are set up besides keys in the environment, in the order of Amazon's tools.
fn sources(context: &Context, profile: &Profile) -> Result<Vec<Source>, StoreError> {
    let variable = |name: &str| context.env_var(name).filter(|value| !value.is_empty());
    let mut sources = Vec::new();
    if variable(TOKEN_FILE).is_some() {
        let source = Source::WebIdentity(None);
        if variable(ROLE).is_none() {
            return Err(source.failed("", &format!("{TOKEN_FILE} is set, and {ROLE} isn't")));
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
                "No AWS credentials: the profile `{name}` takes over a role (`role_arn`), which assetsync can't"
            );
            return Err(missing(message).hint(format!(
                "let Amazon's own tool do it: `eval \"$(aws configure export-credentials --profile {name} --format env)\"`"
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

/// The role of the instance that this may be. If nobody answers, it isn't one.
async fn from_instance(context: &Context) -> Result<Credential, StoreError> {
    let is_off = context.env_var("AWS_EC2_METADATA_DISABLED");
    if is_off.is_some_and(|off| off.eq_ignore_ascii_case("true")) {
        return Err(no_credentials("none found"));
    }
    let instance = IMDSv2CredentialProvider::new();
    match tokio::time::timeout(INSTANCE, instance.provide_credential(context)).await {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Err(error)) if !is_unreached(&error) => Err(no_credentials(&format!(
            "none found, and the instance's metadata service says: {}",
            answer(&error)
        ))),
        _ => Err(no_credentials("none found")),
    }
}

/// The same context for Amazon's sign-in service, which AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL may have elsewhere.
fn to_endpoint(context: &Context) -> Result<Context, StoreError> {
    for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        let Some(text) = context.env_var(name).filter(|text| !text.is_empty()) else {
            continue;
        };
        let endpoint = Url::parse(&text).ok();
        let endpoint = endpoint.filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(endpoint) = endpoint else {
            let message = format!("{name} isn't the URL of a server");
            return Err(missing(message).hint("write it as `https://sts.example.org`, or unset it"));
        };
        let inner = context.clone();
        return Ok(context
            .clone()
            .with_http_send(ToEndpoint { inner, endpoint }));
    }
    Ok(context.clone())
}

/// Sends everything to one server.
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
    /// What it is, in words.
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
            Source::WebIdentity(_) => "see whether the token is there and current, the role exists, and its trust policy lets this token in".to_string(),
            Source::Sso(_) => format!("`aws sso login --profile {profile}` signs in again"),
            Source::Process => "run that program by hand: it has to print JSON as Amazon documents it".to_string(),
            Source::Profile => "it needs both aws_access_key_id and aws_secret_access_key".to_string(),
            Source::Environment | Source::Container => {
                "see who set these variables, and whether that service is there".to_string()
            }
        };
        let message = format!("No AWS credentials from {called}: {why}");
        missing(message).hint(format!(
            "{hint}; nothing else was tried, since this is set up"
        ))
    }
}

impl Sso {
    fn of(profile: &Profile) -> Option<Sso> {
        let get = |name| profile.get(name).or_else(|| of(&profile.sso_session, name));
        let token = profile.get("sso_session").or(get("sso_start_url"))?;
        Some(Sso {
            token: token.to_string(),
            region: get("sso_region").unwrap_or_default().to_string(),
            account: get("sso_account_id")?.to_string(),
            role: get("sso_role_name")?.to_string(),
        })
    }

    /// reqsign calls the file with the token after the address, and needs the address for nothing else: where a session has the
    /// token, its name stands for it.
    fn provider(&self) -> SSOCredentialProvider {
        SSOCredentialProvider::new()
            .with_start_url(&self.token)
            .with_region(&self.region)
            .with_account_id(&self.account)
            .with_role_name(&self.role)
    }
}

impl Profile {
    /// The profile that AWS_PROFILE names, or `default`, which needn't be there.
    async fn read(context: &Context) -> Result<Profile, StoreError> {
        let named = context
            .env_var("AWS_PROFILE")
            .filter(|name| !name.is_empty());
        let name = named.clone().unwrap_or_else(|| "default".to_string());
        let config = file(context, CONFIG, "~/.aws/config").await?;
        let credentials = file(context, CREDENTIALS, "~/.aws/credentials").await?;
        let long = match name.as_str() {
            "default" => name.clone(),
            name => format!("profile {name}"),
        };
        let mut profile = Profile {
            name,
            ..Profile::default()
        };
        let sections = [(&credentials, profile.name.clone()), (&config, long)];
        let mut is_there = false;
        for (file, section) in sections {
            let section = file.as_ref().and_then(|file| file.section(Some(section)));
            is_there |= section.is_some();
            let settings = section.into_iter().flat_map(ini::Properties::iter);
            let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
            profile.settings.extend(settings);
        }
        if let (Some(named), false) = (named, is_there) {
            let message = format!("No AWS credentials: there's no profile `{named}` (AWS_PROFILE)");
            return Err(missing(message).hint(format!(
                "`aws configure list-profiles` shows those of {} and {}",
                path(context, CONFIG, "~/.aws/config"),
                path(context, CREDENTIALS, "~/.aws/credentials")
            )));
        }
        if let (Some(session), Some(config)) = (profile.get("sso_session"), &config) {
            let section = config.section(Some(format!("sso-session {session}")));
            let settings = section.into_iter().flat_map(ini::Properties::iter);
            let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
            profile.sso_session = settings.collect();
        }
        Ok(profile)
    }

    fn get(&self, name: &str) -> Option<&str> {
        of(&self.settings, name)
    }
}

fn of<'a>(settings: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = settings.iter().find(|(this, _)| this == name);
    found.map(|(_, value)| value.as_str())
}

fn path(context: &Context, variable: &str, usual: &str) -> String {
    let named = context.env_var(variable).filter(|path| !path.is_empty());
    named.unwrap_or_else(|| usual.to_string())
}

/// One of Amazon's files; none if it isn't there.
async fn file(context: &Context, variable: &str, usual: &str) -> Result<Option<Ini>, StoreError> {
    let path = path(context, variable, usual);
    let Some(whole) = context.expand_home_dir(&path) else {
        return Ok(None);
    };
    let bytes = match context.file_read(&whole).await {
        Ok(bytes) => bytes,
        Err(error) if is_not_found(&error) => return Ok(None),
        Err(error) => {
            let message = format!(
                "No AWS credentials: cannot read `{path}`: {}",
                answer(&error)
            );
            return Err(missing(message).hint("check the file's permissions"));
        }
    };
    match Ini::load_from_str(&String::from_utf8_lossy(&bytes)) {
        Ok(file) => Ok(Some(file)),
        Err(error) => {
            let message = format!(
                "No AWS credentials: `{path}` isn't a file of profiles ({}:{})",
                error.line, error.col
            );
            Err(missing(message)
                .hint("each setting is a line `name = value` below a `[profile name]`"))
        }
    }
}

/// What a source answered, in words. Values that it sent are in none of them.
fn answer(error: &Error) -> String {
    let mut said = error.to_string();
    let io = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    if let Some(io) = io.last() {
        said += &format!(": {}", crate::error::plain(io));
    }
    let of_file = error.context().iter().find(|one| one.starts_with("file: "));
    if let Some(file) = of_file {
        said += &format!(" ({file})");
    }
    shown(&said)
}

/// Whether nobody was reached.
fn is_unreached(error: &Error) -> bool {
    causes(error).any(|cause| cause.is::<std::io::Error>() || cause.is::<reqwest::Error>())
}

fn is_not_found(error: &Error) -> bool {
    let mut io = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.any(|io| {
        let nothing = [
            std::io::ErrorKind::NotFound,
            std::io::ErrorKind::NotADirectory,
        ];
        nothing.contains(&io.kind())
    })
}

/// What led to an error.
fn causes(error: &Error) -> impl Iterator<Item = &Cause> {
    fn next<'a>(cause: &&'a Cause) -> Option<&'a Cause> {
        (*cause).source()
    }
    std::iter::successors(error.source(), next)
}

type Cause = dyn std::error::Error + 'static;

/// The beginning of what somebody else said, without what looks like a secret.
pub(super) fn shown(said: &str) -> String {
    // serde quotes what it didn't expect.
    let mut parts = said.split("string \"");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let behind = part.split_once('"').map_or("", |(_, behind)| behind);
        text += &format!("string …{behind}");
    }
    if !crate::credentials::find(text.as_bytes(), "answer.txt").is_empty() {
        return "what it says looks like a secret, so it isn't shown".to_string();
    }
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut begin: String = one_line.chars().take(SHOWN_CHARACTERS_MAX).collect();
    if begin.len() < one_line.len() {
        begin.push('…');
    }
    crate::error::escape(&begin)
}

/// None are to be had anywhere.
pub(super) fn no_credentials(why: &str) -> StoreError {
    missing(format!("No AWS credentials: {why}")).hint(looked_at())
}

fn missing(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Credentials, message)
}

fn looked_at() -> String {
    let home = |variable: &str, file: &str| {
        std::env::var(variable).unwrap_or_else(|_| format!("~/.aws/{file}"))
    };
    format!(
        "looked at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE in {} and {}, AWS_WEB_IDENTITY_TOKEN_FILE, \
         AWS_CONTAINER_CREDENTIALS_*, and the instance's metadata; `aws configure` or `aws sso login` sets them up",
        home(CREDENTIALS, "credentials"),
        home(CONFIG, "config"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(settings: &[(&str, &str)], session: &[(&str, &str)]) -> Profile {
        let all = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs.map(|(a, b)| (a.to_string(), b.to_string())).collect()
        };
        Profile {
            name: "hunt".to_string(),
            settings: all(settings),
            sso_session: all(session),
        }
    }

    #[test]
    fn single_sign_on_is_told_by_an_address_or_a_session() {
        let role = [("sso_account_id", "1"), ("sso_role_name", "Deploy")];
        let old = [
            &role[..],
            &[("sso_start_url", "https://x"), ("sso_region", "eu")],
        ]
        .concat();
        let old = Sso::of(&profile(&old, &[])).expect("it's set up");
        assert_eq!(
            (old.token.as_str(), old.region.as_str()),
            ("https://x", "eu")
        );
        let new = [&role[..], &[("sso_session", "team")]].concat();
        let session = [("sso_start_url", "https://x"), ("sso_region", "eu")];
        let new = Sso::of(&profile(&new, &session)).expect("it's set up");
        assert_eq!((new.token.as_str(), new.region.as_str()), ("team", "eu"));
        assert_eq!(Sso::of(&profile(&[("region", "eu")], &[])), None);
    }

    #[test]
    fn what_is_said_is_cut_and_has_no_values() {
        let serde = "failed to parse: invalid type: string \"wJalrXUtnFEMI\", expected i64";
        assert_eq!(
            shown(serde),
            "failed to parse: invalid type: string …, expected i64"
        );
        let long = "x".repeat(1_000);
        assert_eq!(shown(&long).chars().count(), SHOWN_CHARACTERS_MAX + 1);
        assert_eq!(shown("a\n  b\u{1b}[2J"), "a b\\u{1b}[2J");
        let key = ["AKIA", "Q3EGMVC2RTWZ5HXK"].concat();
        assert!(!shown(&format!("cannot use {key}")).contains(&key));
    }
}
