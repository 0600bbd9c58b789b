//! Environment variables that the clouds' own tools read, and assetsync too. A variable that is set
//! but unusable is an error. It's never ignored: requests would go elsewhere, or with other
//! credentials.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;

use reqsign_core::Env;
use url::Url;

use crate::base::error::{Error, Result};
use crate::base::mask::{credentials_hint, has_credentials, has_key, shown};
use crate::cors::Cloud;
use crate::store::location::{Place, Target};
use crate::store::{StoreError, StoreErrorKind};

/// Variables with the S3 server, if it isn't Amazon's. The first that is set counts.
pub(crate) const S3_ENDPOINT: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// Variables with the region. The first that is set counts.
pub(crate) const S3_REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Variable with the address of an emulator of Google Cloud Storage, where Google's SDKs look for
/// one.
pub(crate) const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// Corrections that were made to variables and to the output of programs, each once.
static REMARKS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Returns the remarks for the user, and clears them: names of values from which white space was
/// removed.
pub fn remarks() -> Vec<String> {
    let mut remarks = REMARKS.lock().expect("no holder panics");
    std::mem::take(&mut *remarks).into_iter().collect()
}

/// Returns the value of one of the program's own variables, as `text` does.
///
/// # Errors
/// Fails if the value isn't text on one line.
pub fn variable(name: &str) -> Result<Option<String>> {
    Ok(text(name)?)
}

/// Returns the value of a variable without white space around it; `None` if it's empty or unset.
///
/// # Errors
/// Fails if the value isn't text on one line.
pub(crate) fn text(name: &str) -> Result<Option<String>, Unusable> {
    match std::env::var_os(name) {
        Some(value) => checked(name, value),
        None => Ok(None),
    }
}

/// Returns true if a variable is set to a value that isn't empty.
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Returns the user's home folder.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// Returns the first of `names` that is set, and its value.
///
/// # Errors
/// Fails as [`text`] does.
pub(crate) fn first(names: &[&'static str]) -> Result<Option<(&'static str, String)>, Unusable> {
    for name in names {
        if let Some(value) = text(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

fn checked(name: &str, value: OsString) -> Result<Option<String>, Unusable> {
    let bad = |flaw| Unusable::new(name, flaw);
    let value = value.into_string().map_err(|_| bad(Flaw::NotUtf8))?;
    let trimmed = without_space_around(name, &value);
    one_line(trimmed).map_err(bad)?;
    // CI sets variables of missing secrets to an empty value.
    Ok((!trimmed.is_empty()).then(|| trimmed.to_string()))
}

/// Returns the value of `name` without white space around it. If there was any, it's added to the
/// remarks.
pub(crate) fn without_space_around<'a>(name: &str, value: &'a str) -> &'a str {
    let trimmed = value.trim();
    if trimmed.len() != value.len() && !trimmed.is_empty() {
        let remark = format!("{name} has leading or trailing whitespace, which is ignored");
        REMARKS.lock().expect("no holder panics").insert(remark);
    }
    trimmed
}

/// Checks that a value is text on one line.
pub(crate) fn one_line(text: &str) -> Result<(), Flaw> {
    match text.chars().find(|c| c.is_control()) {
        Some('\n' | '\r') => Err(Flaw::LineBreak),
        Some(_) => Err(Flaw::ControlCharacter),
        None => Ok(()),
    }
}

/// Reason why a value can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    NotUtf8,
    LineBreak,
    ControlCharacter,
    NoRegion,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::NotUtf8 => f.write_str("isn't UTF-8 text"),
            Flaw::LineBreak => f.write_str("contains a line break"),
            Flaw::ControlCharacter => f.write_str("contains a control character"),
            Flaw::NoRegion => f.write_str("isn't a region name such as `us-east-1`"),
        }
    }
}

/// Error for a variable that can't be used. The message has its name. The value is shown only if
/// it's a URL, without its password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Unusable {
    message: String,
    hint: String,
}

impl Unusable {
    fn new(name: &str, flaw: Flaw) -> Unusable {
        Unusable {
            message: format!("{name} {flaw}"),
            hint: format!("correct {name}, or unset it"),
        }
    }

    fn url(name: &str, value: &str, example: &str, hint: &str) -> Unusable {
        let shown = shown(value);
        Unusable {
            message: format!("{name} is `{shown}`, and must be a URL such as `{example}`"),
            hint: hint.to_string(),
        }
    }
}

impl From<Unusable> for Error {
    fn from(bad: Unusable) -> Error {
        Error::usage(bad.message, bad.hint)
    }
}

impl From<Unusable> for StoreError {
    fn from(bad: Unusable) -> StoreError {
        StoreError::new(StoreErrorKind::Setting, bad.message).hint(bad.hint)
    }
}

/// Variables that the AWS tools read for signing.
const AWS_WORDS: [&str; 3] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// Further variables that the AWS tools read to find credentials.
const AWS_TEXTS: [&str; 12] = [
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_EXTERNAL_ID",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Checks all variables that are read to find credentials for S3.
///
/// # Errors
/// Fails with the first variable that can't be used.
pub(crate) fn check_aws() -> Result<(), Unusable> {
    let mut read = AWS_WORDS.iter().chain(&AWS_TEXTS);
    read.try_for_each(|name| text(name).map(drop))
}

/// Returns the half of an access key that is set without its other half, and that other half. Such
/// a key would be ignored, and other credentials used instead.
///
/// # Errors
/// Fails as [`text`] does.
pub(crate) fn half_a_key() -> Result<Option<(&'static str, &'static str)>, Unusable> {
    let [key, secret, _] = AWS_WORDS;
    Ok(match (text(key)?, text(secret)?) {
        (Some(_), None) => Some((key, secret)),
        (None, Some(_)) => Some((secret, key)),
        _ => None,
    })
}

/// Environment for the search for credentials. It has only text. Empty variables are left out, and
/// the variables that are read have no white space around their values.
#[derive(Debug)]
pub(crate) struct Cleaned;

impl Env for Cleaned {
    fn var(&self, name: &str) -> Option<String> {
        let value = std::env::var_os(name)?.into_string().ok()?;
        let is_read = AWS_WORDS.iter().chain(&AWS_TEXTS).chain(&S3_REGION);
        let value = if is_read.clone().any(|read| *read == name) {
            value.trim().to_string()
        } else {
            value
        };
        (!value.is_empty()).then_some(value)
    }

    fn vars(&self) -> HashMap<String, String> {
        // `std::env::vars` panics where any variable isn't UTF-8.
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        names
            .filter_map(|name| Some((name.clone(), self.var(&name)?)))
            .collect()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        home()
    }
}

/// Returns S3's server and the variable that names it, if one does.
///
/// # Errors
/// Fails if the value isn't the URL of a server. If it were ignored, requests would go to Amazon.
pub(crate) fn s3_endpoint() -> Result<Option<(&'static str, Url)>, Unusable> {
    let Some((name, value)) = first(&S3_ENDPOINT)? else {
        return Ok(None);
    };
    match server_url(&value) {
        Some(url) => Ok(Some((name, url))),
        None => Err(Unusable::url(
            name,
            &value,
            "https://s3.example.org",
            credentials_hint(&value),
        )),
    }
}

/// Returns S3's region and the variable that names it, if one does.
///
/// # Errors
/// Fails if the value can't be the name of a region.
pub(crate) fn s3_region() -> Result<Option<(&'static str, String)>, Unusable> {
    match first(&S3_REGION)? {
        Some((name, region)) if !is_region(&region) => Err(Unusable::new(name, Flaw::NoRegion)),
        found => Ok(found),
    }
}

/// Returns true if a text can be the name of a region. The name becomes part of Amazon's host
/// names, and of signatures.
pub(crate) fn is_region(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=63).contains(&text.len()) && text.chars().all(is_plain) && !has_key(text)
}

/// Setting of a target that comes from the environment.
pub(crate) struct Found {
    /// Name as in the configuration.
    pub setting: &'static str,
    pub value: String,
    pub variable: &'static str,
}

/// Fills in settings of a target from the variables that the clouds' own tools read, where nothing
/// else sets them.
///
/// # Errors
/// Fails if a variable that would be used can't be.
pub(crate) fn fill_in(target: &mut Target) -> Result<Vec<Found>, Unusable> {
    let places = [Some(&target.place), target.state.as_ref()];
    let clouds = places.map(|place| place.and_then(Place::cloud));
    let is_on_gcs = clouds.contains(&Some(Cloud::Gcs));
    if is_on_gcs && target.endpoint.is_none() {
        emulator()?;
    }
    if !clouds.contains(&Some(Cloud::S3)) {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    if let (None, Some((variable, url))) = (&target.endpoint, s3_endpoint()?) {
        let value = url.to_string();
        // A bucket at Google uses another server than its releases on S3.
        target.endpoint = (!is_on_gcs).then_some(url);
        all.push(Found {
            setting: "endpoint",
            value,
            variable,
        });
    }
    if let (None, Some((variable, region))) = (&target.region, s3_region()?) {
        target.region = Some(region.clone());
        all.push(Found {
            setting: "region",
            value: region,
            variable,
        });
    }
    Ok(all)
}

/// Returns the server of a cloud's buckets that the environment names. Google's store looks for an
/// emulator on its own.
///
/// # Errors
/// Fails if the variable isn't a URL.
pub(crate) fn endpoint(cloud: Cloud) -> Result<Option<Url>, Unusable> {
    match cloud {
        Cloud::S3 => Ok(s3_endpoint()?.map(|(_, url)| url)),
        Cloud::Gcs => Ok(None),
    }
}

/// Returns the emulator that the environment names, without a final slash.
///
/// # Errors
/// Fails if the value isn't the URL of a server.
pub(crate) fn emulator() -> Result<Option<String>, Unusable> {
    let Some(value) = text(EMULATOR)? else {
        return Ok(None);
    };
    let url = if value.contains("://") {
        value.clone()
    } else {
        format!("http://{value}")
    };
    match server_url(&url) {
        Some(_) => Ok(Some(url.trim_end_matches('/').to_string())),
        None => Err(Unusable::url(
            EMULATOR,
            &value,
            "http://localhost:4443",
            credentials_hint(&value),
        )),
    }
}

/// Parses the URL of a server: no query, no fragment, no credentials.
pub(crate) fn server_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.has_host();
    let is_http = matches!(url.scheme(), "http" | "https");
    (is_plain && is_http && !has_credentials(text)).then_some(url)
}

/// Checks the proxies for requests. A proxy that can't be parsed would be ignored.
///
/// # Errors
/// Fails with the first proxy that can't be used.
pub(crate) fn check_proxies() -> Result<(), Unusable> {
    // As in curl: in a CGI program, HTTP_PROXY is a header of the request.
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return Ok(());
    }
    let http = check_proxy(["HTTP_PROXY", "http_proxy"])?;
    let https = check_proxy(["HTTPS_PROXY", "https_proxy"])?;
    if !(http && https) {
        check_proxy(["ALL_PROXY", "all_proxy"])?;
    }
    Ok(())
}

/// Returns the variable that names a proxy for requests to `url`, and the proxy as it's shown;
/// `None` if there is no proxy. Servers that NO_PROXY excepts have one, too.
pub(crate) fn proxy_of(url: &str) -> Option<(&'static str, String)> {
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return None;
    }
    let own = if url.starts_with("https:") {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let set = |names| set_proxy(names).filter(|(_, value)| !value.is_empty());
    let (name, value) = set(own).or_else(|| set(["ALL_PROXY", "all_proxy"]))?;
    Some((name, shown(&value.to_string_lossy())))
}

fn set_proxy(names: [&'static str; 2]) -> Option<(&'static str, OsString)> {
    let mut set = names
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    set.next()
}

/// Checks a proxy; returns true if one is set.
fn check_proxy(names: [&'static str; 2]) -> Result<bool, Unusable> {
    let Some((name, value)) = set_proxy(names) else {
        return Ok(false);
    };
    let Ok(value) = value.into_string() else {
        return Err(Unusable::new(name, Flaw::NotUtf8));
    };
    if value.is_empty() || is_proxy(&value) {
        return Ok(!value.is_empty());
    }
    let hint = "use an HTTP proxy (SOCKS is unsupported), or unset it to use none";
    Err(Unusable::url(
        name,
        &value,
        "http://proxy.example.org:3128",
        hint,
    ))
}

fn is_proxy(value: &str) -> bool {
    let Ok(uri) = value.parse::<http::Uri>() else {
        return false;
    };
    let is_http = matches!(uri.scheme_str(), None | Some("http" | "https"));
    // A `Uri` accepts any port, and an empty host.
    let with_scheme = match uri.scheme() {
        Some(_) => value.to_string(),
        None => format!("http://{value}"),
    };
    is_http && uri.authority().is_some() && Url::parse(&with_scheme).is_ok_and(|url| url.has_host())
}

#[cfg(test)]
mod tests;
