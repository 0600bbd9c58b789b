//! Connection layer: one reqwest client for all stores, and a check for bodies that stop moving.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::silence::{CHANCE, Silence};
use crate::store::{StoreError, StoreErrorKind, Timeouts, environment};

/// Time to open a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Slowest line that is waited for, in bytes a second for each request.
const SLOW_LINE_BYTES: u64 = 8 << 10;

/// Time between two checks of whether a request has moved on.
const TICK: Duration = Duration::from_millis(250);

/// Size of the pieces that are handed to the connection, in bytes. Progress is measured in such
/// pieces.
const SLICE_BYTES: usize = 64 << 10;

/// Number of connections that may be in use at a time; unset if there is no limit.
static CONNECTIONS: OnceLock<Arc<Semaphore>> = OnceLock::new();

/// Limits the connections of all stores of this process. Each of them is an open file. Only the
/// first call counts.
pub fn limit_connections(connections: usize) {
    let connections = connections.min(Semaphore::MAX_PERMITS);
    CONNECTIONS.get_or_init(|| Arc::new(Semaphore::new(connections)));
}

/// Waits until another connection may be used.
async fn a_connection() -> Option<OwnedSemaphorePermit> {
    let connections = Arc::clone(CONNECTIONS.get()?);
    connections.acquire_owned().await.ok()
}

/// Returns the one client that all stores of the process share, so that connections are reused.
///
/// # Errors
/// Fails if there are no certificates by which to trust servers.
pub(in crate::store) fn reqwest_client() -> Result<reqwest::Client, StoreError> {
    static CLIENT: OnceLock<Option<reqwest::Client>> = OnceLock::new();
    let built = CLIENT.get_or_init(|| {
        let trusting_the_system = by_ring().with_platform_verifier().ok()?;
        let tls = trusting_the_system.with_no_client_auth();
        client().tls_backend_preconfigured(tls).build().ok()
    });
    built.clone().ok_or_else(no_certificates)
}

/// Begins to set up TLS. The process-wide default of rustls is neither used nor changed.
fn by_ring() -> rustls::ConfigBuilder<rustls::ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let versions = builder.with_safe_default_protocol_versions();
    versions.expect("ring knows the usual versions")
}

/// Time limit of requests that aren't watched for progress, such as for a token.
pub(in crate::store) const QUESTION: Duration = Duration::from_secs(30);

/// Connector that lets object_store use the client of all stores.
#[derive(Debug)]
pub(in crate::store) struct Shared;

impl HttpConnector for Shared {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        match reqwest_client() {
            Ok(client) => Ok(HttpClient::new(Questions(client))),
            Err(e) => Err(object_store::Error::Generic {
                store: "HTTP",
                source: Box::new(e),
            }),
        }
    }
}

/// Sender of requests that must be answered within [`QUESTION`].
#[derive(Debug)]
struct Questions(reqwest::Client);

#[async_trait]
impl HttpService for Questions {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(QUESTION, self.0.call(request)).await;
        answer.unwrap_or_else(|late| Err(HttpError::new(HttpErrorKind::Timeout, late)))
    }
}

/// Returns the error for missing certificates. No other error is possible with our options.
fn no_certificates() -> StoreError {
    let set: Vec<&str> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .filter(|name| environment::is_set(name))
        .collect();
    let (where_, hint) = match set.as_slice() {
        [] => (
            "on this machine".to_string(),
            "install `ca-certificates`".to_string(),
        ),
        names => (
            format!("where {} points", names.join(" or ")),
            format!("correct or unset {}", names.join(" and ")),
        ),
    };
    let message = format!("No CA certificates found {where_}, so no server can be trusted");
    StoreError::new(StoreErrorKind::Setting, message).hint(hint)
}

/// Returns the client for servers without TLS. It doesn't read the system's certificates, which may
/// be many files.
fn plain_client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            let tls = by_ring().with_root_certificates(rustls::RootCertStore::empty());
            let client = client().tls_backend_preconfigured(tls.with_no_client_auth());
            client.build().expect("no option is invalid")
        })
        .clone()
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("assetsync/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        // Many connections carry more than the streams of one.
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        // Idle connections are open, too.
        .pool_max_idle_per_host(
            CONNECTIONS
                .get()
                .map_or(usize::MAX, |most| most.available_permits()),
        )
}

/// Sender that uses reqwest, and gives up when nothing moves.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) timeouts: Timeouts,
    pub(super) silence: Arc<Silence>,
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let client = match parts.uri.scheme_str() {
            Some("http") => plain_client(),
            _ => reqwest_client().map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))?,
        };
        let connection = a_connection().await;
        let size_bytes = body.content_length() as u64;
        let moved = Arc::new(AtomicU64::new(0));
        let url = parts
            .uri
            .to_string()
            .parse()
            .map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        if body.content_length() > 0 {
            let body = Slices {
                inner: body,
                rest: Bytes::new(),
                moved: Arc::clone(&moved),
            };
            *request.body_mut() = Some(reqwest::Body::wrap(body));
        } else if matches!(*request.method(), Method::PUT | Method::POST) {
            request
                .headers_mut()
                .insert(header::CONTENT_LENGTH, 0.into());
        }
        let response = tokio::select! {
            response = client.execute(request) => response.map_err(reqwest_error)?,
            () = self.stands_still(&moved, size_bytes) => {
                return Err(HttpError::new(HttpErrorKind::Timeout, std::io::Error::other("the connection stalled")));
            }
        };
        let response: http::Response<reqwest::Body> = response.into();
        let (parts, body) = response.into_parts();
        Ok(HttpResponse::from_parts(
            parts,
            HttpResponseBody::new(Received {
                inner: body,
                _connection: connection,
            }),
        ))
    }
}

impl Wire {
    /// Returns when a request hasn't moved for too long. If the server has been silent up to the
    /// limit, the request gets only a little time, unless part of its body may still be on its way.
    async fn stands_still(&self, moved: &AtomicU64, size_bytes: u64) {
        let stall = self.timeouts.stall;
        let buffers = in_buffers(size_bytes, stall);
        let most = stall.max(self.timeouts.deadline + self.timeouts.deadline / 5);
        let (mut before, mut since) = (0, Instant::now());
        loop {
            let wait = if buffers.is_zero() {
                stall.min(self.silence.left().max(CHANCE))
            } else {
                (stall + buffers).min(most)
            };
            let now = moved.load(Ordering::Relaxed);
            if now != before {
                (before, since) = (now, Instant::now());
            }
            let left = wait.saturating_sub(since.elapsed());
            if left.is_zero() {
                return;
            }
            sleep(left.min(TICK)).await;
        }
    }
}

/// Returns the extra time for bytes that the system has taken but not yet sent, as on a slow line
/// that many share.
fn in_buffers(size_bytes: u64, stall: Duration) -> Duration {
    Duration::from_secs(size_bytes / SLOW_LINE_BYTES).min(4 * stall)
}

fn reqwest_error(error: reqwest::Error) -> HttpError {
    let kind = if error.is_connect() {
        HttpErrorKind::Connect
    } else {
        HttpErrorKind::Request
    };
    HttpError::new(kind, error.without_url())
}

/// Request body in slices, so that its progress can be seen.
struct Slices {
    inner: HttpRequestBody,
    rest: Bytes,
    moved: Arc<AtomicU64>,
}

impl HttpBody for Slices {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        while self.rest.is_empty() {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return other,
            }
        }
        let size = self.rest.len().min(SLICE_BYTES);
        self.moved.fetch_add(size as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64 + self.inner.size_hint().lower())
    }
}

struct Received {
    inner: reqwest::Body,
    /// Permit for the connection, released when the answer's body is dropped.
    _connection: Option<OwnedSemaphorePermit>,
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        Pin::new(&mut self.inner)
            .poll_frame(context)
            .map(|frame| frame.map(|f| f.map_err(reqwest_error)))
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
