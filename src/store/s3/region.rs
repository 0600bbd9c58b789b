//! Redirects of S3 to another region. A request is redirected once, and signed anew. No signed
//! request goes to another server than the configured one or, on Amazon, than S3's own server of
//! another region. Does no I/O.

use http::StatusCode;
use url::Url;

use super::documents::error_document;
use crate::store::http::{Reply, text};

/// New URL for a request, and the region it's signed for there, if it's another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub(super) url: String,
    pub(super) region: Option<String>,
}

/// Request that was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) url: &'a str,
    /// Region for which the request was signed.
    pub(super) region: &'a str,
    /// True if it's Amazon's own server, whose name contains the region.
    pub(super) is_amazons: bool,
}

impl Asked<'_> {
    /// Returns the destination to which `reply` redirects the request; `None` if there is none, or
    /// if the request must not go there.
    pub(super) fn elsewhere(self, reply: &Reply) -> Option<Elsewhere> {
        let is_redirect = is_redirect(reply.status);
        if !is_redirect && !is_signed_for_another_region(reply) {
            return None;
        }
        let location = location(self.url, reply).filter(|_| is_redirect);
        let by_host = location.as_ref().filter(|_| self.is_amazons);
        let region = region_named(reply).or_else(|| region_in(by_host?.host_str()?));
        let region = region.filter(|region| region != self.region);
        let url = match &location {
            Some(to) if is_same_server(to, self.url) => to.to_string(),
            Some(_) if !self.is_amazons => return None,
            _ => region
                .as_deref()
                .map_or(self.url.to_string(), |region| in_region(self, region)),
        };
        let is_other = url != self.url || region.is_some();
        is_other.then_some(Elsewhere { url, region })
    }
}

/// Returns the same URL on Amazon's server of another region. Other servers have no region in their
/// names.
pub(super) fn in_region(asked: Asked<'_>, region: &str) -> String {
    let server = |region: &str| format!("s3.{region}.amazonaws.com");
    if asked.is_amazons {
        (asked.url).replacen(&server(asked.region), &server(region), 1)
    } else {
        asked.url.to_string()
    }
}

/// Returns the region of a bucket, as an answer names it.
pub(super) fn region_named(reply: &Reply) -> Option<String> {
    let by_header = || text(&reply.headers, "x-amz-bucket-region").map(str::to_string);
    let named = error_document(reply).and_then(|error| error.region);
    named.or_else(by_header).filter(|region| is_region(region))
}

/// Returns the server of a redirect, if it's another one.
pub(super) fn other_server(url: &str, reply: &Reply) -> Option<String> {
    let to = location(url, reply).filter(|to| !is_same_server(to, url))?;
    let origin = to.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// Returns true if the request was signed for another region. The answer to a `HEAD` has no
/// document that says so.
fn is_signed_for_another_region(reply: &Reply) -> bool {
    let code = error_document(reply).map(|error| error.code);
    match code.as_deref() {
        Some(code) => code == "AuthorizationHeaderMalformed",
        None => reply.status == StatusCode::BAD_REQUEST && reply.body.is_empty(),
    }
}

fn location(url: &str, reply: &Reply) -> Option<Url> {
    Url::parse(url)
        .ok()?
        .join(text(&reply.headers, "location")?)
        .ok()
}

/// Compares scheme, host and port.
fn is_same_server(to: &Url, asked: &str) -> bool {
    Url::parse(asked).is_ok_and(|asked| asked.origin() == to.origin())
}

/// Checks a region's name, since it becomes part of a server's name.
fn is_region(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Returns `eu-west-1` of `bucket.s3.eu-west-1.amazonaws.com`, or with a dash in place of the dot
/// before it.
fn region_in(host: &str) -> Option<String> {
    let rest = host.strip_suffix(".amazonaws.com")?;
    let at = rest.rfind("s3.").or_else(|| rest.rfind("s3-"))?;
    let is_s3 = at == 0 || rest[..at].ends_with('.');
    let region = &rest[at + "s3.".len()..];
    (is_s3 && is_region(region)).then(|| region.to_string())
}

#[cfg(test)]
mod tests;
