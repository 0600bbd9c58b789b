//! Variables of the environment that the cloud's own tools read, and this program too. One that is there and can't be used is an
//! error, never passed over: requests would go elsewhere, or with somebody else's credentials.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;

use reqsign_core::Env;
use url::Url;

use crate::error::{Error, Result};
use crate::mask::{credentials_hint, has_credentials, has_key, shown};
use crate::store::{StoreError, StoreErrorKind};

/// Where S3 is, if not at Amazon; the first that is set counts.
pub(crate) const S3_ENDPOINT: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// Which region; the first that is set counts.
pub(crate) const S3_REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// An emulator of Google Cloud Storage, where its SDKs look for one.
pub(crate) const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// What was put right in the environment and in what programs printed; each once.
static REMARKS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Takes what there is to tell people of: white space that was taken off, by name.
pub fn remarks() -> Vec<String> {
    let mut remarks = REMARKS.lock().expect("no holder panics");
    std::mem::take(&mut *remarks).into_iter().collect()
}

/// A variable of the program's own, as `text` has it.
///
/// # Errors
/// It isn't text on one line.
pub fn variable(name: &str) -> Result<Option<String>> {
    Ok(text(name)?)
}

/// A variable that is set to something, without white space around it.
///
/// # Errors
/// It isn't text on one line.
pub(crate) fn text(name: &str) -> Result<Option<String>, Unusable> {
    match std::env::var_os(name) {
        Some(value) => checked(name, value),
        None => Ok(None),
    }
}

/// The first of `names` that is set, and its value.
///
/// # Errors
/// As for [`text`].
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
    // CI sets the variables of secrets that aren't there to nothing.
    Ok((!trimmed.is_empty()).then(|| trimmed.to_string()))
}

/// The value of what is called `name`; that it had white space around it is told.
pub(crate) fn without_space_around<'a>(name: &str, value: &'a str) -> &'a str {
    let trimmed = value.trim();
    if trimmed.len() != value.len() && !trimmed.is_empty() {
        let remark =
            format!("{name} has white space around it, which isn't taken for a part of it");
        REMARKS.lock().expect("no holder panics").insert(remark);
    }
    trimmed
}

/// Whether it's text on one line.
pub(crate) fn one_line(text: &str) -> Result<(), Flaw> {
    match text.chars().find(|c| c.is_control()) {
        Some('\n' | '\r') => Err(Flaw::LineBreak),
        Some(_) => Err(Flaw::ControlCharacter),
        None => Ok(()),
    }
}

/// Why a value can't be used.
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
            Flaw::LineBreak => f.write_str("has a line break in it"),
            Flaw::ControlCharacter => f.write_str("has a control character in it"),
            Flaw::NoRegion => f.write_str("is no region's name, such as `us-east-1`"),
        }
    }
}

/// A variable that can't be used. The message has its name; its value only if that is a URL, without its password.
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
            hint: format!("set {name} anew, or unset it"),
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

/// What the AWS tools take from the environment for signing.
const AWS_WORDS: [&str; 3] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// What they take besides for finding credentials.
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

/// Checks all that finding credentials for S3 reads.
///
/// # Errors
/// One that can't be used.
pub(crate) fn check_aws() -> Result<(), Unusable> {
    let mut read = AWS_WORDS.iter().chain(&AWS_TEXTS);
    read.try_for_each(|name| text(name).map(drop))
}

/// Half of an access key that is set without the other, and that other: it would be passed over for somebody else's key.
///
/// # Errors
/// As for [`text`].
pub(crate) fn half_a_key() -> Result<Option<(&'static str, &'static str)>, Unusable> {
    let [key, secret, _] = AWS_WORDS;
    Ok(match (text(key)?, text(secret)?) {
        (Some(_), None) => Some((key, secret)),
        (None, Some(_)) => Some((secret, key)),
        _ => None,
    })
}

/// The environment as the search for credentials sees it: text alone, what is empty isn't there, and what is read has no white
/// space around it.
#[derive(Debug)]
pub(crate) struct Cleaned;

impl Env for Cleaned {
    fn var(&self, name: &str) -> Option<String> {
        let value = std::env::var_os(name)?.into_string().ok()?;
        let is_read = AWS_WORDS.iter().chain(&AWS_TEXTS).chain(&S3_REGION);
        let value = match is_read.clone().any(|read| *read == name) {
            true => value.trim().to_string(),
            false => value,
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
        std::env::home_dir()
    }
}

/// S3's server and the variable that names it, if one does.
///
/// # Errors
/// It isn't a server's URL: without it, requests would go to Amazon.
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

/// S3's region and the variable that names it, if one does.
///
/// # Errors
/// No region is called so.
pub(crate) fn s3_region() -> Result<Option<(&'static str, String)>, Unusable> {
    match first(&S3_REGION)? {
        Some((name, region)) if !is_region(&region) => Err(Unusable::new(name, Flaw::NoRegion)),
        found => Ok(found),
    }
}

/// Whether a region can be called so: it becomes a part of Amazon's host names, and of signatures.
pub(crate) fn is_region(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=63).contains(&text.len()) && text.chars().all(is_plain) && !has_key(text)
}

/// The emulator that the environment names, without a final slash.
///
/// # Errors
/// It isn't a server's URL.
pub(crate) fn emulator() -> Result<Option<String>, Unusable> {
    let Some(value) = text(EMULATOR)? else {
        return Ok(None);
    };
    let url = match value.contains("://") {
        true => value.clone(),
        false => format!("http://{value}"),
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

/// A URL of a server: no query, no fragment, no credentials.
pub(crate) fn server_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.has_host();
    let is_http = matches!(url.scheme(), "http" | "https");
    (is_plain && is_http && !has_credentials(text)).then_some(url)
}

/// Checks the proxies that requests would go through. One that can't be parsed would be passed over.
///
/// # Errors
/// The first that can't be used.
pub(crate) fn check_proxies() -> Result<(), Unusable> {
    // As for curl: a CGI's HTTP_PROXY is a header of whoever asks.
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

/// Returns the variable that names a proxy for requests to `url`, and the proxy as it's shown; None if none does. Servers that
/// NO_PROXY excepts have one, too.
pub(crate) fn proxy_of(url: &str) -> Option<(&'static str, String)> {
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return None;
    }
    let own = match url.starts_with("https:") {
        true => ["HTTPS_PROXY", "https_proxy"],
        false => ["HTTP_PROXY", "http_proxy"],
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

/// Whether one is set.
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
    let hint = "proxies are spoken to by HTTP, not by SOCKS; unset it for none";
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
    // A `Uri` takes any port, and an empty host.
    let with_scheme = match uri.scheme() {
        Some(_) => value.to_string(),
        None => format!("http://{value}"),
    };
    is_http && uri.authority().is_some() && Url::parse(&with_scheme).is_ok_and(|url| url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_used_without_what_is_around_it_or_not_at_all() {
        let checked = |value: &str| checked("NAME", value.into());
        for (value, used) in [
            ("abc", Some("abc")),
            (" a b\r\n", Some("a b")),
            ("", None),
            ("\n", None),
        ] {
            assert_eq!(checked(value), Ok(used.map(str::to_string)));
        }
        for (value, flaw) in [
            ("a\nb", Flaw::LineBreak),
            ("a\rb", Flaw::LineBreak),
            ("a\u{1b}b", Flaw::ControlCharacter),
        ] {
            let bad = checked(value).expect_err("it can't be used");
            assert_eq!(bad, Unusable::new("NAME", flaw));
        }
    }

    #[test]
    fn proxies_are_those_that_requests_can_go_through() {
        for proxy in [
            "http://u:p@proxy:3128",
            "https://proxy",
            "proxy:3128",
            "127.0.0.1:1",
        ] {
            assert!(is_proxy(proxy), "{proxy}");
        }
        for none in [
            "socks5://proxy:1",
            "ftp://proxy",
            "::::",
            "https://[",
            "/x",
            "http://h:99999",
            "127.0.0.1:99999",
            "http://u:p@:3128",
            "http://:3128",
            "http://h:x",
            "http://proxy:1\n",
        ] {
            assert!(!is_proxy(none), "{none}");
        }
    }
}
