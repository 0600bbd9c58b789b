//! Requests without an answer, or with a bad one: whether to try again, and the error message.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode, header};
use object_store::client::{HttpError, HttpErrorKind};

use super::reply::{in_words, is_error_document};
use super::{Call, Reply};
use crate::store::{StoreError, StoreErrorKind, UNKNOWN_HINT, environment};

/// Reason to try again.
pub(super) struct Again {
    pub(super) reason: String,
    /// True if the storage may have done what was asked. False if it wasn't even reached.
    pub(super) maybe_done: bool,
    pub(super) retry_after: Option<Duration>,
    /// Cause: an error of the connection; none if there was an answer.
    pub(super) source: Option<HttpError>,
    pub(super) status: Option<StatusCode>,
}

pub(super) enum Failed {
    Again(Again),
    Final(StoreError),
}

impl Again {
    /// Returns the reason for another try after a bad answer, which may be different next time.
    pub(super) fn after(reply: &Reply) -> Again {
        Again {
            reason: format!("the storage answered {}", in_words(reply)),
            // With the status 200, the error came after the answer had begun.
            maybe_done: reply.status.is_server_error() || reply.status.is_success(),
            retry_after: retry_after(&reply.headers, SystemTime::now()),
            source: None,
            status: Some(reply.status),
        }
    }
}

impl Failed {
    /// Returns the time to wait before another try, if there is one within the time that is `left`.
    /// The last try comes at the deadline.
    pub(super) fn wait(&self, delay: Option<Duration>, left: Duration) -> Option<Duration> {
        match self {
            Failed::Again(Again {
                retry_after: Some(asked),
                ..
            }) => (*asked < left).then_some(*asked),
            Failed::Again(_) => delay
                .map(|delay| delay.min(left))
                .filter(|delay| !delay.is_zero()),
            Failed::Final(_) => None,
        }
    }

    /// Returns the error once there are no more tries.
    pub(super) fn error(self, call: &Call, maybe_done: bool, after: Duration) -> StoreError {
        match self {
            // The first try may have succeeded, whatever stopped the second.
            Failed::Final(error) if call.changes_object && maybe_done => StoreError {
                kind: StoreErrorKind::OutcomeUnknown,
                ..error
            },
            Failed::Final(error) => error,
            Failed::Again(again) => gave_up(call, again, maybe_done, after),
        }
    }
}

pub(super) fn is_worth_another_try(call: &Call, reply: &Reply) -> bool {
    match reply.status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => true,
        // A server that doesn't support a request won't support it next time either.
        StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => false,
        StatusCode::CONFLICT => call.retry_conflict,
        StatusCode::BAD_REQUEST => {
            memchr::memmem::find(&reply.body, b"<Code>RequestTimeout</Code>").is_some()
        }
        // S3 may fail after it has begun to send the status 200.
        StatusCode::OK if !call.is_content && is_error_document(&reply.body) => {
            let has = |code: &&str| memchr::memmem::find(&reply.body, code.as_bytes()).is_some();
            PASSING_ERRORS.iter().any(has)
        }
        status => status.is_server_error(),
    }
}

/// Errors of S3 with the status 200 after which another try is worthwhile.
const PASSING_ERRORS: [&str; 4] = [
    "<Code>InternalError</Code>",
    "<Code>SlowDown</Code>",
    "<Code>ServiceUnavailable</Code>",
    "<Code>RequestTimeout</Code>",
];

/// Parses the header of RFC 9110, 10.2.3: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text)
            .ok()
            .map(|at| at.duration_since(now).unwrap_or_default()),
    }
}

/// Returns the failure of a request that got no answer.
pub(super) fn unanswered(call: &Call, error: HttpError) -> Failed {
    match other_protocol(call, &deepest(&error)) {
        Some(told) => Failed::Final(told.caused_by(error)),
        None => transport(error),
    }
}

/// Returns the message of the error's first cause.
pub(in crate::store) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

pub(super) fn transport(error: HttpError) -> Failed {
    Failed::Again(Again {
        reason: deepest(&error),
        maybe_done: error.kind() != HttpErrorKind::Connect,
        retry_after: None,
        source: Some(error),
        status: None,
    })
}

/// Recognises a server that speaks HTTP where TLS is expected, or the reverse, by the error
/// messages of rustls and hyper.
fn other_protocol(call: &Call, cause: &str) -> Option<StoreError> {
    let (speaks, scheme) = match call.url.starts_with("https:") {
        true if cause.contains("InvalidContentType") => ("doesn't speak TLS", "http"),
        false if cause.contains("invalid HTTP version") => ("speaks TLS", "https"),
        _ => return None,
    };
    let message = format!(
        "Cannot {}: the server at {} {speaks}: use {scheme}://",
        call.doing,
        host(call)
    );
    let hint = format!("set `endpoint` to a URL with {scheme}://");
    Some(StoreError::new(StoreErrorKind::Unreachable, message).hint(hint))
}

pub(super) fn stalled(reason: &str) -> Failed {
    Failed::Again(Again {
        reason: reason.to_string(),
        maybe_done: true,
        retry_after: None,
        source: None,
        status: None,
    })
}

fn gave_up(call: &Call, again: Again, maybe_done: bool, after: Duration) -> StoreError {
    let (seconds, host) = (after.as_secs(), host(call));
    let reason = crate::base::text::plain_words(again.reason);
    let message = format!(
        "Cannot {}: {reason} (tried for {seconds} s at {host})",
        call.doing
    );
    let error = match (call.changes_object, maybe_done) {
        (true, true) => StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT),
        // Counts as a failure of this object alone.
        (true, false) => StoreError::new(StoreErrorKind::Other, message),
        (false, _) if matches!(call.method, Method::GET | Method::HEAD) => {
            StoreError::new(StoreErrorKind::Unreachable, message).hint(what_to_check(call))
        }
        (false, _) => StoreError::new(StoreErrorKind::Other, message),
    };
    let error = error.cause(reason);
    match (again.source, again.status) {
        (Some(source), _) => error.caused_by(source),
        (None, Some(status)) => error.answered(status.as_u16(), ""),
        (None, None) => error,
    }
}

/// Returns a hint for a server that cannot be reached.
pub(super) fn what_to_check(call: &Call) -> String {
    match environment::proxy_of(&call.url) {
        None => "check the network and the endpoint".to_string(),
        Some((name, proxy)) => format!(
            "check the network, the endpoint, and the proxy set by {name} (`{proxy}`); servers in NO_PROXY bypass it"
        ),
    }
}

/// Returns the server of a call, for messages.
pub(super) fn host(call: &Call) -> &str {
    let rest = call
        .url
        .split_once("://")
        .map_or(call.url.as_str(), |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests;
