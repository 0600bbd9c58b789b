//! Log entries of requests, without the secrets in their URLs.

use std::time::Duration;

use http::StatusCode;
use tracing::Span;
use url::Url;

use super::Call;
use crate::store::is_keyed;

/// Returns the span of one try to get an answer.
pub(super) fn attempt(call: &Call, number: u64) -> Span {
    tracing::trace_span!("attempt", number, doing = call.doing)
}

/// Logs a request, with its answer or without one.
pub(super) fn request(call: &Call, status: Option<StatusCode>, took: Duration) {
    if !tracing::enabled!(tracing::Level::TRACE) {
        return;
    }
    let (host, path) = shown(&call.url);
    let status = status.map(|status| status.as_u16());
    let ms = took.as_millis() as u64;
    tracing::trace!(method = %call.method, host, path, status, ms, "request");
}

/// Returns the host and the path of a URL. The query is left out, since it may be signed. A keyed
/// name in the path is hidden, since everybody who has it can read the object.
fn shown(url: &str) -> (String, String) {
    let Ok(url) = Url::parse(url) else {
        return Default::default();
    };
    let parts = url
        .path()
        .split('/')
        .map(|part| if is_keyed(part) { "…" } else { part });
    let path = parts.collect::<Vec<_>>().join("/");
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    (format!("{host}{port}"), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A URL is shown without its credentials, object name and query.
    #[test]
    fn shown_url_hides_secrets() {
        let url = "https://user:pa55word@s3.example.org:9000/hunt/static/2ap7azyms665izxo2sew6pxgxi.png?X-Amz-Signature=abc#x";
        let (host, path) = shown(url);
        assert_eq!((&*host, &*path), ("s3.example.org:9000", "/hunt/static/…"));
    }
}
