//! One HTTP request, sent until it's answered: signing, retries with backoff and jitter, Retry-After, an
//! overall deadline, a watch on connections that stand still or drip, and a bound for every answer. What an
//! answer means is for the stores to say.

use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use flate2::read::GzDecoder;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method, StatusCode, header};
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponseBody,
};
use sha2::{Digest, Sha256};

use super::server::Server;
use super::silence::Silence;
use super::wire::Wire;
use super::{Patience, StoreError, StoreErrorKind, UNKNOWN_HINT};
use crate::environment;
use crate::retries::Tried;

/// Backoff: doubled up to 30 s, with jitter, as Google and Amazon advise
/// (<https://cloud.google.com/storage/docs/retry-strategy#exponential-backoff>).
const BACKOFF_MAX: Duration = Duration::from_secs(30);
const TRIES_MAX: usize = 40;

/// How long a server is tried that has never answered: its name is more likely wrong than it is down.
const UNREACHED: Duration = Duration::from_secs(15);

/// The largest answer, in bytes, unless a call says otherwise: that to a write, or a bucket's settings.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How much of an error's body is taken in, in bytes: it's for people.
pub(crate) const ERROR_BYTES_MAX: usize = 64 << 10;

/// The slowest answer that is waited for, in bytes a second.
const SLOW_ANSWER_BYTES: f64 = 1024.0;

/// The shortest time over which that is measured: a small answer may come in pieces.
const FLOW_WINDOW_MIN: Duration = Duration::from_secs(6);

/// How much of an answer's words a message has, in characters.
const WORDS_MAX: usize = 300;

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
    /// How much of the answer's body is taken in, in bytes. Of an error, 64 KiB are.
    pub body_bytes_max: usize,
    /// Where the body of a successful answer goes instead, and how much of it, in bytes.
    pub pour: Option<(Arc<Mutex<dyn Pour>>, u64)>,
    /// Whether a successful answer is an object's content, which may look like anything.
    pub is_content: bool,
    /// What a successful answer begins with; of any other, no more is taken in than of an error.
    pub begin: &'static [u8],
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
            body_bytes_max: ANSWER_BYTES_MAX,
            pour: None,
            is_content: false,
            begin: b"",
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

    /// Says that the answer is an object's content, and how large it may be, in bytes.
    pub(crate) fn for_content(mut self, bytes_max: usize) -> Call {
        self.body_bytes_max = bytes_max;
        self.is_content = true;
        self
    }

    /// Says what a successful answer begins with.
    pub(crate) fn beginning(mut self, begin: &'static [u8]) -> Call {
        self.begin = begin;
        self
    }

    /// The same call, sent elsewhere.
    pub(crate) fn to(&self, url: String) -> Call {
        Call {
            url,
            ..self.clone()
        }
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
    /// After how many bytes the body was cut, if it's longer than it may be.
    pub cut_bytes: Option<usize>,
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
    silence: Arc<Silence>,
    /// The server's clock as it was told last, and when that was.
    clock: Mutex<Option<(SystemTime, Instant)>>,
    /// Who answers, once that was recognised.
    server: OnceLock<Server>,
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
        let silence = Arc::new(Silence::new(patience));
        let client = HttpClient::new(Wire {
            patience,
            silence: Arc::clone(&silence),
        });
        Http {
            client,
            patience,
            requests: AtomicU64::new(0),
            silence,
            clock: Mutex::new(None),
            server: OnceLock::new(),
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

    /// Who answers; unknown before its first answer.
    pub(crate) fn server(&self) -> Server {
        self.server.get().copied().unwrap_or(Server::Unknown)
    }

    fn note_server(&self, host: &str, headers: &HeaderMap) {
        if self.server.get().is_some() {
            return;
        }
        match Server::of(host, headers) {
            Server::Unknown => {}
            server => drop(self.server.set(server)),
        }
    }

    fn note_clock(&self, headers: &HeaderMap) {
        let told = text(headers, header::DATE.as_str()).map(httpdate::parse_http_date);
        if let Some(Ok(told)) = told {
            *self.clock.lock().expect("no holder panics") = Some((told, Instant::now()));
        }
    }

    /// Sends `call` until there's an answer that another try wouldn't change, or the deadline passes.
    pub(crate) async fn send(&self, call: &Call, signer: &dyn Sign) -> Result<Reply, StoreError> {
        if !self.silence.ask() {
            return Err(self.gone(call));
        }
        let (started, tried) = (Instant::now(), Tried::begin());
        let may_refresh = AtomicBool::new(true);
        let maybe_done = AtomicBool::new(false);
        let left = || {
            let most = match self.silence.was_reached() {
                true => self.patience.deadline,
                false => self.patience.deadline.min(UNREACHED),
            };
            most.saturating_sub(started.elapsed())
                .min(self.silence.left())
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
        .notify(|failed, _| {
            if let Failed::Again(again) = failed {
                tried.again(&again.reason);
            }
        })
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
                let maybe_done = maybe_done.load(Ordering::Relaxed);
                gave_up(call, &again, maybe_done, started.elapsed())
            }
        })
    }

    /// The server has been silent for so long that nothing more is asked of it.
    fn gone(&self, call: &Call) -> StoreError {
        let message = format!(
            "Cannot {}: {} hasn't given an answer of use for {} s",
            call.doing,
            host(call),
            self.silence.lasts().as_secs()
        );
        StoreError::new(StoreErrorKind::Unreachable, message).cause("silent")
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
        self.silence.note(false);
        let (parts, body) = response.into_parts();
        self.note_clock(&parts.headers);
        self.note_server(host(call), &parts.headers);
        let flow = Flow::new(body, self.patience.stall);
        let (body, cut_bytes) = match (&call.pour, parts.status.is_success()) {
            (Some((pour, bytes_max)), true) => {
                flow.pour(pour, *bytes_max).await?;
                (Bytes::new(), None)
            }
            (_, true) => flow.receive(call.body_bytes_max, call.begin).await?,
            (_, false) => {
                let bytes_max = call.body_bytes_max.min(ERROR_BYTES_MAX);
                let (body, cut_bytes) = flow.receive(bytes_max, b"").await?;
                (unpacked(&parts.headers, body), cut_bytes)
            }
        };
        let reply = Reply {
            is_second_answer: false,
            status: parts.status,
            headers: parts.headers,
            body,
            cut_bytes,
        };
        let is_worth_another_try = is_worth_another_try(call, &reply);
        self.silence.note(!is_worth_another_try);
        match is_worth_another_try {
            true => Err(Failed::Again(Again {
                reason: format!("the storage answered {}", in_words(&reply)),
                // Under the status 200, what it says came after it had begun.
                maybe_done: reply.status.is_server_error() || reply.status.is_success(),
                retry_after: retry_after(&reply.headers, SystemTime::now()),
            })),
            false => Ok(reply),
        }
    }
}

/// A body on its way, for as long as it moves, and fast enough.
struct Flow {
    stream: BoxStream<'static, Result<Bytes, HttpError>>,
    stall: Duration,
    window: Duration,
    began: Instant,
    /// What came since then.
    bytes: u64,
}

impl Flow {
    fn new(body: HttpResponseBody, stall: Duration) -> Flow {
        Flow {
            stream: body.bytes_stream(),
            stall,
            window: (2 * stall).max(FLOW_WINDOW_MIN),
            began: Instant::now(),
            bytes: 0,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failed> {
        let chunk = tokio::time::timeout(self.stall, self.stream.next()).await;
        let Some(chunk) = chunk.map_err(|_| stalled("the connection stood still"))? else {
            return Ok(None);
        };
        let chunk = chunk.map_err(|e| transport(&e))?;
        self.bytes += chunk.len() as u64;
        let elapsed = self.began.elapsed();
        if elapsed >= self.window {
            if (self.bytes as f64) < SLOW_ANSWER_BYTES * elapsed.as_secs_f64() {
                let (bytes, seconds) = (self.bytes, elapsed.as_secs());
                return Err(stalled(&format!(
                    "the answer drips: {bytes} bytes in {seconds} s"
                )));
            }
            (self.began, self.bytes) = (Instant::now(), 0);
        }
        Ok(Some(chunk))
    }

    /// Takes in no more of it than `bytes_max`, and little of what doesn't begin so; tells where it was cut, if it's longer.
    async fn receive(
        mut self,
        mut bytes_max: usize,
        begin: &[u8],
    ) -> Result<(Bytes, Option<usize>), Failed> {
        let mut received: Vec<u8> = Vec::new();
        if bytes_max == 0 {
            return Ok((Bytes::new(), None));
        }
        while let Some(chunk) = self.next().await? {
            if received.try_reserve(chunk.len()).is_err() {
                return Err(Failed::Final(out_of_memory(received.len())));
            }
            received.extend_from_slice(&chunk);
            if !received.iter().zip(begin).all(|(is, wanted)| is == wanted) {
                bytes_max = bytes_max.min(ERROR_BYTES_MAX);
            }
            if received.len() > bytes_max {
                received.truncate(bytes_max);
                return Ok((received.into(), Some(bytes_max)));
            }
        }
        Ok((received.into(), None))
    }

    /// Passes it on, and no more of it than about `bytes_max`.
    async fn pour(mut self, pour: &Mutex<dyn Pour>, bytes_max: u64) -> Result<(), Failed> {
        pour.lock().expect("no holder panics").begin();
        let mut poured: u64 = 0;
        while let Some(chunk) = self.next().await? {
            poured += chunk.len() as u64;
            pour.lock().expect("no holder panics").take(&chunk);
            if poured > bytes_max {
                break;
            }
        }
        Ok(())
    }
}

/// An error's body, after gzip: whoever takes content as it's stored is answered so in words, too.
fn unpacked(headers: &HeaderMap, body: Bytes) -> Bytes {
    if text(headers, header::CONTENT_ENCODING.as_str()) != Some("gzip") {
        return body;
    }
    let mut unpacked = Vec::new();
    let mut decoder = GzDecoder::new(body.as_ref()).take(ERROR_BYTES_MAX as u64);
    // What was cut has no end, and its beginning serves.
    match decoder.read_to_end(&mut unpacked) {
        Err(_) if unpacked.is_empty() => body,
        _ => unpacked.into(),
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
        StatusCode::OK if !call.is_content && is_error_document(&reply.body) => {
            let has = |code: &&str| memchr::memmem::find(&reply.body, code.as_bytes()).is_some();
            PASSING_ERRORS.iter().any(has)
        }
        status => status.is_server_error(),
    }
}

/// What S3 says under the status 200 where another try is worthwhile.
const PASSING_ERRORS: [&str; 4] = [
    "<Code>InternalError</Code>",
    "<Code>SlowDown</Code>",
    "<Code>ServiceUnavailable</Code>",
    "<Code>RequestTimeout</Code>",
];

/// Whether a body is one of S3's errors, and doesn't just contain what looks like one.
pub(crate) fn is_error_document(body: &[u8]) -> bool {
    let rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let rest = rest.trim_ascii_start();
    let rest = match rest.starts_with(b"<?xml") {
        true => memchr::memmem::find(rest, b"?>").map_or(&rest[..0], |end| &rest[end + 2..]),
        false => rest,
    };
    rest.trim_ascii_start().starts_with(b"<Error>")
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
    let text = crate::error::escape(text.trim());
    let mut text = match text.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    };
    if let Some(bytes) = reply.cut_bytes {
        text += &format!(" (… cut after {})", size(bytes));
    }
    match text.is_empty() {
        true => reply.status.to_string(),
        false => format!("{}: {text}", reply.status),
    }
}

/// A bound in words: "64 KiB".
fn size(bytes: usize) -> String {
    match bytes >= 1 << 20 {
        true => format!("{} MiB", bytes >> 20),
        false => format!("{} KiB", bytes >> 10),
    }
}

/// Refuses an answer that is longer than it may be.
pub(crate) fn refuse_cut(call: &Call, reply: &Reply) -> Result<(), StoreError> {
    let Some(bytes) = reply.cut_bytes else {
        return Ok(());
    };
    let message = format!(
        "Cannot {}: the storage's answer is larger than it can be, and was cut after {}",
        call.doing,
        size(bytes)
    );
    Err(StoreError::new(StoreErrorKind::Other, message)
        .hint("does the endpoint lead to the storage, and not to something between?"))
}

/// There's no room for an answer.
fn out_of_memory(bytes: usize) -> StoreError {
    let message = format!("Cannot keep an answer in memory: there was room for {bytes} bytes");
    StoreError::new(StoreErrorKind::Other, message).hint("give it more memory (`ulimit -v`)")
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

fn stalled(reason: &str) -> Failed {
    Failed::Again(Again {
        reason: reason.to_string(),
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
    let error = match (call.changes_object, maybe_done) {
        (true, true) => StoreError::new(StoreErrorKind::OutcomeUnknown, message).hint(UNKNOWN_HINT),
        // One object's bad luck.
        (true, false) => StoreError::new(StoreErrorKind::Other, message),
        (false, _) if matches!(call.method, Method::GET | Method::HEAD) => {
            StoreError::new(StoreErrorKind::Unreachable, message).hint(what_to_check(call))
        }
        (false, _) => StoreError::new(StoreErrorKind::Other, message),
    };
    error.cause(reason)
}

fn what_to_check(call: &Call) -> String {
    match environment::proxy_of(&call.url) {
        None => "check the network and the endpoint".to_string(),
        Some((name, proxy)) => format!(
            "check the network, the endpoint, and the proxy that {name} names (`{proxy}`); requests to servers in NO_PROXY don't go through it"
        ),
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

    #[test]
    fn an_error_of_s3_is_told_from_a_document_that_contains_one() {
        for (body, is) in [
            ("<Error><Code>SlowDown</Code></Error>", true),
            (
                "\u{feff}<?xml version=\"1.0\"?>\n <Error><Code>x</Code></Error>",
                true,
            ),
            ("<CopyObjectResult><ETag>x</ETag></CopyObjectResult>", false),
            ("<p>It says <Error><Code>SlowDown</Code></Error></p>", false),
            ("<?xml never ends", false),
            ("", false),
        ] {
            assert_eq!(is_error_document(body.as_bytes()), is, "{body}");
        }
    }

    #[test]
    fn what_is_cut_of_an_answer_is_said() {
        let reply = |body: &str, cut_bytes| Reply {
            is_second_answer: false,
            status: StatusCode::FORBIDDEN,
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            cut_bytes,
        };
        let long = "ä".repeat(WORDS_MAX + 1);
        assert_eq!(in_words(&reply("no", None)), "403 Forbidden: no");
        assert!(in_words(&reply(&long, None)).ends_with("ää …"));
        let said = in_words(&reply(&long, Some(ERROR_BYTES_MAX)));
        assert!(said.ends_with("ä … (… cut after 64 KiB)"), "{said}");
    }

    #[test]
    fn an_error_in_gzip_is_read_and_a_bomb_is_not() {
        let gzip = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().expect("ok"))]);
        let pack = |bytes: &[u8]| Bytes::from(crate::encode::gzip_always(bytes, 9));
        let words = b"<Error><Code>AccessDenied</Code></Error>";
        assert_eq!(unpacked(&gzip, pack(words)), words.as_slice());
        let bomb = pack(&vec![b' '; 8 << 20]);
        assert_eq!(unpacked(&gzip, bomb).len(), ERROR_BYTES_MAX);
        assert_eq!(unpacked(&gzip, Bytes::from_static(b"plain")), "plain");
        assert_eq!(unpacked(&HeaderMap::new(), pack(words)), pack(words));
    }
}
