//! One HTTP request, sent until it's answered: signing, retries with backoff and jitter, Retry-After, an
//! overall deadline, and a watch on connections that stand still. What an answer means is for the
//! stores to say.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode, header};
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponseBody,
};
use sha2::{Digest, Sha256};

use super::wire::Wire;
use super::{Patience, StoreError, StoreErrorKind, UNKNOWN_HINT};

/// Backoff: doubled up to 30 s, with jitter, as Google and Amazon advise
/// (<https://cloud.google.com/storage/docs/retry-strategy#exponential-backoff>).
const BACKOFF_MAX: Duration = Duration::from_secs(30);
const TRIES_MAX: usize = 40;

/// After so many requests in a row without any answer until their deadlines, no further one is worth its wait.
const UNANSWERED_MAX: u32 = 8;

/// How long a server is tried that has never answered: its name is more likely wrong than it is down.
const UNREACHED: Duration = Duration::from_secs(15);

/// Takes in the body of a successful answer piece by piece, where it isn't to be kept.
pub trait Pour: fmt::Debug + Send {
    /// An answer begins; what came of an earlier try doesn't count.
    fn begin(&mut self);

    /// The next bytes.
    fn take(&mut self, bytes: &[u8]);
}

/// A request that can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    body: Vec<Bytes>,
    /// Of the body; what S3 signs.
    pub sha256: [u8; 32],
    /// For people: "upload `img/map.png`".
    pub doing: String,
    /// Whether something else is under a key when this is done: then a lost answer leaves the outcome unknown.
    pub changes_object: bool,
    /// 409 means "somebody else is at it, try again": S3's conditional writes.
    pub retry_conflict: bool,
    /// How much of the answer's body is taken in, in bytes.
    pub body_bytes_max: usize,
    /// Where the body of a successful answer goes instead.
    pub pour: Option<Arc<Mutex<dyn Pour>>>,
    /// Whether it's sent once alone: whoever asks decides about another try.
    pub is_single: bool,
}

impl Call {
    pub(crate) fn new(method: Method, url: String, doing: impl Into<String>) -> Call {
        let doing = doing.into();
        let sha256 = Sha256::digest(b"").into();
        Call {
            method,
            url,
            headers: HeaderMap::new(),
            body: Vec::new(),
            sha256,
            doing,
            changes_object: false,
            retry_conflict: false,
            body_bytes_max: usize::MAX,
            pour: None,
            is_single: false,
        }
    }

    /// Adds a header. Values were validated when the configuration was read, or are ours.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Call {
        let value = value
            .parse()
            .expect("header values are validated where they come in");
        self.headers.insert(name, value);
        self
    }

    /// Adds a parameter to a URL that has one.
    pub(crate) fn and_query(mut self, parameter: &str) -> Call {
        self.url += "&";
        self.url += parameter;
        self
    }

    /// Says that an object is there when this is done, or gone.
    pub(crate) fn changes_object(mut self) -> Call {
        self.changes_object = true;
        self
    }

    /// Leaves another try to whoever asks.
    pub(crate) fn single(mut self) -> Call {
        self.is_single = true;
        self
    }

    pub(crate) fn body(mut self, parts: impl IntoIterator<Item = Bytes>) -> Call {
        self.body = parts.into_iter().collect();
        self.sha256 = self
            .body
            .iter()
            .fold(Sha256::new(), |hasher, part| hasher.chain_update(part))
            .finalize()
            .into();
        self
    }
}

/// An answer, whatever its status, that trying again wouldn't change.
#[derive(Debug)]
pub(crate) struct Reply {
    /// An earlier try of the same request may have been done, and its answer lost.
    pub is_second_answer: bool,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// What a refusal means: if an earlier try may have been done, it's not that nothing was.
    pub(crate) fn kind(&self, call: &Call, refusal: StoreErrorKind) -> StoreErrorKind {
        match self.is_second_answer && call.changes_object {
            true => StoreErrorKind::OutcomeUnknown,
            false => refusal,
        }
    }
}

/// Puts credentials on a request, afresh for every try.
#[async_trait]
pub(crate) trait Sign: Send + Sync {
    async fn sign(&self, request: &mut HttpRequest, sha256: &[u8; 32]) -> Result<(), StoreError>;
    /// Gets new credentials after the old ones were refused.
    async fn refresh(&self) -> Result<(), StoreError>;
    /// Whether an answer says that the credentials have expired.
    fn has_expired(&self, reply: &Reply) -> bool;
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    patience: Patience,
    requests: AtomicU64,
    /// When the server answered last: one that never did is soon given up.
    answered: Mutex<Option<Instant>>,
    /// Requests given up since then.
    unanswered: AtomicU32,
    /// The server's clock as it was told last, and when that was.
    clock: Mutex<Option<(SystemTime, Instant)>>,
}

/// Why another try is worthwhile.
struct Again {
    reason: String,
    /// Whether the storage may have done what was asked; not if it wasn't even reached.
    maybe_done: bool,
    retry_after: Option<Duration>,
}

enum Failed {
    Again(Again),
    Final(StoreError),
}

impl Http {
    pub(crate) fn new(patience: Patience) -> Http {
        let client = HttpClient::new(Wire {
            stall: patience.stall,
        });
        Http {
            client,
            patience,
            requests: AtomicU64::new(0),
            answered: Mutex::new(None),
            unanswered: AtomicU32::new(0),
            clock: Mutex::new(None),
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The server's clock, in whole seconds as it tells them; none before its first answer.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        let (told, at) = (*self.clock.lock().expect("no holder panics"))?;
        Some(told + at.elapsed())
    }

    fn note_clock(&self, headers: &HeaderMap) {
        let told = text(headers, header::DATE.as_str()).map(httpdate::parse_http_date);
        if let Some(Ok(told)) = told {
            *self.clock.lock().expect("no holder panics") = Some((told, Instant::now()));
        }
    }

    /// Sends `call` until there's an answer that another try wouldn't change, or the deadline passes.
    pub(crate) async fn send(&self, call: &Call, signer: &dyn Sign) -> Result<Reply, StoreError> {
        if self.unanswered.load(Ordering::Relaxed) >= UNANSWERED_MAX {
            let message = format!(
                "Cannot {}: {} doesn't answer any more",
                call.doing,
                host(call)
            );
            return Err(StoreError::new(StoreErrorKind::Unreachable, message));
        }
        let started = Instant::now();
        let may_refresh = AtomicBool::new(true);
        let maybe_done = AtomicBool::new(false);
        let left = || {
            let most = match self.answered() {
                Some(_) => self.patience.deadline,
                None => self.patience.deadline.min(UNREACHED),
            };
            most.saturating_sub(started.elapsed())
        };
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.patience.backoff)
            .with_max_delay(BACKOFF_MAX)
            .with_factor(2.0)
            .with_max_times(TRIES_MAX)
            .with_jitter();
        let outcome = (|| async {
            let outcome = self.attempt(call, signer, &may_refresh).await;
            match outcome {
                Ok(reply) => Ok(Reply {
                    is_second_answer: maybe_done.load(Ordering::Relaxed),
                    ..reply
                }),
                Err(Failed::Again(again)) => {
                    maybe_done.fetch_or(again.maybe_done, Ordering::Relaxed);
                    Err(Failed::Again(again))
                }
                Err(error) => Err(error),
            }
        })
        .retry(backoff)
        .sleep(tokio::time::sleep)
        .when(|failed| matches!(failed, Failed::Again(_)) && !call.is_single)
        .adjust(|failed, delay| {
            match failed {
                Failed::Again(Again {
                    retry_after: Some(asked),
                    ..
                }) => (*asked < left()).then_some(*asked),
                // The last try comes at the deadline.
                Failed::Again(_) => delay
                    .map(|delay| delay.min(left()))
                    .filter(|delay| !delay.is_zero()),
                Failed::Final(_) => None,
            }
        })
        .await;
        outcome.map_err(|failed| match failed {
            // The first try may have been done, whatever stopped the second.
            Failed::Final(error) if call.changes_object && maybe_done.load(Ordering::Relaxed) => {
                StoreError {
                    kind: StoreErrorKind::OutcomeUnknown,
                    ..error
                }
            }
            Failed::Final(error) => error,
            Failed::Again(again) => {
                if self.answered().is_none_or(|answered| answered < started) {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                }
                gave_up(
                    call,
                    &again,
                    maybe_done.load(Ordering::Relaxed),
                    started.elapsed(),
                )
            }
        })
    }

    fn answered(&self) -> Option<Instant> {
        *self.answered.lock().expect("no holder panics")
    }

    async fn attempt(
        &self,
        call: &Call,
        signer: &dyn Sign,
        may_refresh: &AtomicBool,
    ) -> Result<Reply, Failed> {
        let reply = self.once(call, signer).await?;
        if signer.has_expired(&reply) && may_refresh.swap(false, Ordering::Relaxed) {
            signer.refresh().await.map_err(Failed::Final)?;
            return self.once(call, signer).await;
        }
        Ok(reply)
    }

    async fn once(&self, call: &Call, signer: &dyn Sign) -> Result<Reply, Failed> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.url.parse().map_err(|e| {
            Failed::Final(StoreError::new(
                StoreErrorKind::Other,
                format!("Cannot {}: not a URL: {e}", call.doing),
            ))
        })?;
        *request.headers_mut() = call.headers.clone();
        signer
            .sign(&mut request, &call.sha256)
            .await
            .map_err(Failed::Final)?;
        *request.body_mut() = match call.body.as_slice() {
            [] => HttpRequestBody::empty(),
            [only] => only.clone().into(),
            parts => parts
                .iter()
                .cloned()
                .collect::<object_store::PutPayload>()
                .into(),
        };
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = self
            .client
            .execute(request)
            .await
            .map_err(|e| unanswered(call, &e))?;
        *self.answered.lock().expect("no holder panics") = Some(Instant::now());
        self.unanswered.store(0, Ordering::Relaxed);
        let (parts, body) = response.into_parts();
        self.note_clock(&parts.headers);
        let body = match &call.pour {
            Some(pour) if parts.status.is_success() => {
                self.pour(body, pour).await?;
                Bytes::new()
            }
            _ => self.receive(body, call.body_bytes_max).await?,
        };
        let reply = Reply {
            is_second_answer: false,
            status: parts.status,
            headers: parts.headers,
            body,
        };
        match is_worth_another_try(call, &reply) {
            true => Err(Failed::Again(Again {
                reason: format!("the storage answered {}", in_words(&reply)),
                maybe_done: reply.status.is_server_error(),
                retry_after: retry_after(&reply.headers, SystemTime::now()),
            })),
            false => Ok(reply),
        }
    }
}

impl Http {
    /// Takes in a body for as long as it moves, and no more of it than `bytes_max`.
    async fn receive(&self, body: HttpResponseBody, bytes_max: usize) -> Result<Bytes, Failed> {
        let mut stream = body.bytes_stream();
        let mut received = BytesMut::new();
        loop {
            if received.len() >= bytes_max {
                received.truncate(bytes_max);
                return Ok(received.freeze());
            }
            let chunk = tokio::time::timeout(self.patience.stall, stream.next()).await;
            match chunk.map_err(|_| stalled())? {
                Some(chunk) => received.extend_from_slice(&chunk.map_err(|e| transport(&e))?),
                None => return Ok(received.freeze()),
            }
        }
    }
}

impl Http {
    /// Passes a body on for as long as it moves.
    async fn pour(&self, body: HttpResponseBody, pour: &Mutex<dyn Pour>) -> Result<(), Failed> {
        let mut stream = body.bytes_stream();
        pour.lock().expect("no holder panics").begin();
        loop {
            let chunk = tokio::time::timeout(self.patience.stall, stream.next()).await;
            match chunk.map_err(|_| stalled())? {
                Some(chunk) => {
                    let chunk = chunk.map_err(|e| transport(&e))?;
                    pour.lock().expect("no holder panics").take(&chunk);
                }
                None => return Ok(()),
            }
        }
    }
}

fn is_worth_another_try(call: &Call, reply: &Reply) -> bool {
    match reply.status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => true,
        // What isn't built won't be there the next time either.
        StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => false,
        StatusCode::CONFLICT => call.retry_conflict,
        StatusCode::BAD_REQUEST => {
            memchr::memmem::find(&reply.body, b"<Code>RequestTimeout</Code>").is_some()
        }
        // S3 may find out that it failed after it began to say "200".
        StatusCode::OK => {
            let has = |code: &[u8]| memchr::memmem::find(&reply.body, code).is_some();
            call.method == Method::POST
                && (has(b"<Code>InternalError</Code>") || has(b"<Code>SlowDown</Code>"))
        }
        status => status.is_server_error(),
    }
}

/// A header's value, if it's there and text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether as many bytes came as were promised.
pub(crate) fn is_whole(reply: &Reply) -> bool {
    let promised = text(&reply.headers, header::CONTENT_LENGTH.as_str());
    promised.is_none_or(|promised| promised.parse() == Ok(reply.body.len()))
}

/// The storage's own words, short and on one line.
pub(crate) fn in_words(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    // Of S3's XML, what is for people.
    let element = |name: &str| text.split_once(&format!("<{name}>"))?.1.split("</").next();
    let text = match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}").into(),
        _ => text.clone(),
    };
    let text: String = crate::error::escape(text.trim())
        .chars()
        .take(300)
        .collect();
    match text.is_empty() {
        true => reply.status.to_string(),
        false => format!("{}: {text}", reply.status),
    }
}

/// RFC 9110, 10.2.3: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text)
            .ok()
            .map(|at| at.duration_since(now).unwrap_or_default()),
    }
}

/// What became of a request that got no answer at all.
fn unanswered(call: &Call, error: &HttpError) -> Failed {
    match other_protocol(call, &deepest(error)) {
        Some(error) => Failed::Final(error),
        None => transport(error),
    }
}

/// The words of what was wrong in the first place.
fn deepest(error: &HttpError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn transport(error: &HttpError) -> Failed {
    Failed::Again(Again {
        reason: deepest(error),
        maybe_done: error.kind() != HttpErrorKind::Connect,
        retry_after: None,
    })
}

/// A server that speaks HTTP where TLS is expected, or the other way round, in rustls' words and hyper's.
fn other_protocol(call: &Call, cause: &str) -> Option<StoreError> {
    let (speaks, scheme) = match call.url.starts_with("https:") {
        true if cause.contains("InvalidContentType") => ("doesn't speak TLS", "http"),
        false if cause.contains("invalid HTTP version") => ("speaks TLS", "https"),
        _ => return None,
    };
    let message = format!(
        "Cannot {}: the server at {} {speaks}: is it {scheme}://?",
        call.doing,
        host(call)
    );
    let hint = format!("write `endpoint` with {scheme}://");
    Some(StoreError::new(StoreErrorKind::Unreachable, message).hint(hint))
}

fn stalled() -> Failed {
    Failed::Again(Again {
        reason: "the connection stood still".to_string(),
        maybe_done: true,
        retry_after: None,
    })
}

fn gave_up(call: &Call, again: &Again, maybe_done: bool, after: Duration) -> StoreError {
    let (seconds, host) = (after.as_secs(), host(call));
    let reason = crate::error::plain_words(again.reason.clone());
    let message = format!(
        "Cannot {}: {reason} (tried for {seconds} s at {host})",
        call.doing
    );
    match (call.changes_object, maybe_done) {
        (true, true) => StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT),
        // One object's bad luck.
        (true, false) => StoreError::new(StoreErrorKind::Other, message),
        (false, _) if matches!(call.method, Method::GET | Method::HEAD) => {
            StoreError::new(StoreErrorKind::Unreachable, message)
                .hint("check the network and the endpoint")
        }
        (false, _) => StoreError::new(StoreErrorKind::Other, message),
    }
}

/// The server that a call goes to, for messages.
fn host(call: &Call) -> &str {
    let rest = call
        .url
        .split_once("://")
        .map_or(call.url.as_str(), |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let after = |text: &str| {
            let headers =
                HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().expect("a value"))]);
            retry_after(&headers, SystemTime::UNIX_EPOCH)
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            after("Thu, 01 Jan 1970 00:01:00 GMT"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(after("soon"), None);
    }
}
