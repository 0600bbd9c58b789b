//! HTTP requests that are sent until they are answered: signing, retries, time limits, and limits
//! for answers. Retries have backoff and jitter, and follow Retry-After, up to an overall deadline.
//! Connections that stand still or are too slow are given up. The stores interpret the answers.

mod call;
pub(in crate::store) mod failed;
mod flow;
mod reply;
pub(crate) mod retries;
mod silence;
mod told;
pub(crate) mod wire;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use http::{HeaderMap, header};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody, HttpResponseBody};
use tracing::Instrument;

use self::failed::{Again, Failed, host, is_worth_another_try, unanswered, what_to_check};
use self::flow::Flow;
use self::reply::unpacked;
use self::silence::Silence;
use self::wire::Wire;
use super::server::Server;
use super::{StoreError, StoreErrorKind, Timeouts};
use crate::store::http::retries::Tried;

pub use self::call::BodySink;
pub(crate) use self::call::Call;
pub(crate) use self::reply::{Reply, in_words, is_whole, refuse_cut, text};

/// Longest pause between two tries. Pauses are doubled up to 30 s, with jitter, as Google and
/// Amazon advise (<https://cloud.google.com/storage/docs/retry-strategy#exponential-backoff>).
const BACKOFF_MAX: Duration = Duration::from_secs(30);
const TRIES_MAX: usize = 40;

/// Time for which a server is tried that has never answered: its name is probably wrong.
const UNREACHED: Duration = Duration::from_secs(15);

/// Size of the part of an error's body that is read, in bytes. It's for people.
pub(crate) const ERROR_BYTES_MAX: usize = 64 << 10;

/// Adds credentials to a request, anew for every try.
#[async_trait]
pub(crate) trait Sign: Send + Sync {
    async fn sign(&self, request: &mut HttpRequest, sha256: &[u8; 32]) -> Result<(), StoreError>;
    /// Gets new credentials after the old ones were refused.
    async fn refresh(&self) -> Result<(), StoreError>;
    /// Returns true if an answer says that the credentials have expired.
    fn has_expired(&self, reply: &Reply) -> bool;
}

/// Sender of requests.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    timeouts: Timeouts,
    requests: AtomicU64,
    silence: Arc<Silence>,
    /// Time of the server's clock as last received, and when that was.
    clock: Mutex<Option<(SystemTime, Instant)>>,
    /// Server that answers, once it's recognised.
    server: OnceLock<Server>,
}

impl Http {
    pub(crate) fn new(timeouts: Timeouts) -> Http {
        let silence = Arc::new(Silence::new(timeouts));
        let client = HttpClient::new(Wire {
            timeouts,
            silence: Arc::clone(&silence),
        });
        Http {
            client,
            timeouts,
            requests: AtomicU64::new(0),
            silence,
            clock: Mutex::new(None),
            server: OnceLock::new(),
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns the time of the server's clock, in whole seconds; `None` before its first answer.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        let (told, at) = (*self.clock.lock().expect("no holder panics"))?;
        Some(told + at.elapsed())
    }

    /// Returns the server that answers; unknown before its first answer.
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

    /// Sends `call` until there is an answer that another try wouldn't change, or until the
    /// deadline passes.
    pub(crate) async fn send(&self, call: &Call, signer: &dyn Sign) -> Result<Reply, StoreError> {
        if !self.silence.ask() {
            return Err(self.gone(call));
        }
        let (started, tried) = (Instant::now(), Tried::begin());
        let may_refresh = AtomicBool::new(true);
        let maybe_done = AtomicBool::new(false);
        let left = || {
            let most = if self.silence.was_reached() {
                self.timeouts.deadline
            } else {
                self.timeouts.deadline.min(UNREACHED)
            };
            most.saturating_sub(started.elapsed())
                .min(self.silence.left())
        };
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.timeouts.backoff)
            .with_max_delay(BACKOFF_MAX)
            .with_factor(2.0)
            .with_max_times(TRIES_MAX)
            .with_jitter();
        let tries = AtomicU64::new(0);
        let outcome = (|| async {
            let number = 1 + tries.fetch_add(1, Ordering::Relaxed);
            let attempt = self.attempt(call, signer, &may_refresh);
            let outcome = attempt.instrument(told::attempt(call, number)).await;
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
        .adjust(|failed, delay| failed.wait(delay, left()))
        .await;
        outcome.map_err(|failed| {
            let maybe_done = maybe_done.load(Ordering::Relaxed);
            failed.error(call, maybe_done, started.elapsed())
        })
    }

    /// Returns the error for a server that has been silent for so long that it gets no more
    /// requests.
    fn gone(&self, call: &Call) -> StoreError {
        let message = format!(
            "Cannot {}: {} has not answered, or only with errors, for {} s",
            call.doing,
            host(call),
            self.silence.lasts().as_secs()
        );
        StoreError::new(StoreErrorKind::Unreachable, message)
            .cause("silent")
            .hint(what_to_check(call))
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
        let request = signed(call, signer).await?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let asked = Instant::now();
        let answered = self.client.execute(request).await;
        let status = answered.as_ref().ok().map(|answer| answer.status());
        told::request(call, status, asked.elapsed());
        let response = answered.map_err(|e| unanswered(call, e))?;
        self.silence.note(false);
        let (parts, body) = response.into_parts();
        self.note_clock(&parts.headers);
        self.note_server(host(call), &parts.headers);
        let (body, cut_bytes) = self.receive(call, &parts, body).await?;
        let reply = Reply {
            is_second_answer: false,
            status: parts.status,
            headers: parts.headers,
            body,
            cut_bytes,
        };
        let is_worth_another_try = is_worth_another_try(call, &reply);
        self.silence.note(!is_worth_another_try);
        if is_worth_another_try {
            Err(Failed::Again(Again::after(&reply)))
        } else {
            Ok(reply)
        }
    }

    /// Reads the body of an answer, or passes it on. Also returns where the body was cut, if it's
    /// longer than allowed.
    async fn receive(
        &self,
        call: &Call,
        parts: &http::response::Parts,
        body: HttpResponseBody,
    ) -> Result<(Bytes, Option<usize>), Failed> {
        let flow = Flow::new(body, self.timeouts.stall);
        match (&call.pour, parts.status.is_success()) {
            (Some((pour, bytes_max)), true) => {
                flow.pour(pour, *bytes_max).await?;
                Ok((Bytes::new(), None))
            }
            (_, true) => flow.receive(call.body_bytes_max, call.begin).await,
            (_, false) => {
                let bytes_max = call.body_bytes_max.min(ERROR_BYTES_MAX);
                let (body, cut_bytes) = flow.receive(bytes_max, b"").await?;
                Ok((unpacked(&parts.headers, body), cut_bytes))
            }
        }
    }
}

/// Returns the request of a call, with credentials.
async fn signed(call: &Call, signer: &dyn Sign) -> Result<HttpRequest, Failed> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.url.parse().map_err(|e| {
        let message = format!("Cannot {}: the request's URL is invalid: {e}", call.doing);
        let error = StoreError::new(StoreErrorKind::Other, message);
        Failed::Final(error.hint("check the target's `url` and `endpoint`"))
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
    Ok(request)
}
