//! The wire: one reqwest client for all stores, and a watch on bodies that stop moving.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use object_store::client::{
    HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::silence::{CHANCE, Silence};
use super::{Patience, StoreError, StoreErrorKind};

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(10);

/// The slowest line that is waited for, in bytes a second for each request.
const SLOW_LINE_BYTES: u64 = 8 << 10;

/// How often it's seen whether a request has moved on.
const TICK: Duration = Duration::from_millis(250);

/// How much is handed to the connection at a time, in bytes: progress is seen in steps of this.
const SLICE_BYTES: usize = 64 << 10;

/// How many connections may be in use at a time; unset if as many as anybody asks for.
static CONNECTIONS: OnceLock<Arc<Semaphore>> = OnceLock::new();

/// Bounds the connections of all stores of this process, of which each is an open file. The first bound counts.
pub fn limit_connections(connections: usize) {
    let connections = connections.min(Semaphore::MAX_PERMITS);
    CONNECTIONS.get_or_init(|| Arc::new(Semaphore::new(connections)));
}

/// Waits until another connection may be used.
async fn a_connection() -> Option<OwnedSemaphorePermit> {
    let connections = Arc::clone(CONNECTIONS.get()?);
    connections.acquire_owned().await.ok()
}

/// The one client all stores of the process share: connections are reused.
///
/// # Errors
/// There are no certificates to know servers by.
pub(super) fn reqwest_client() -> Result<reqwest::Client, StoreError> {
    static CLIENT: OnceLock<Option<reqwest::Client>> = OnceLock::new();
    let built = CLIENT.get_or_init(|| client().build().ok());
    built.clone().ok_or_else(no_certificates)
}

/// Nothing else can go wrong with our options.
fn no_certificates() -> StoreError {
    let is_set = |name: &&str| std::env::var_os(name).is_some();
    let set: Vec<&str> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .filter(is_set)
        .collect();
    let (where_, hint) = match set.as_slice() {
        [] => ("on this machine".to_string(), "install `ca-certificates`"),
        names => (
            format!("where {} says they are", names.join(" or ")),
            "set it to where they are, or unset it",
        ),
    };
    let message = format!("There are no certificates {where_}, so no server can be trusted");
    StoreError::new(StoreErrorKind::Setting, message).hint(hint)
}

/// The same for servers without TLS: reading a system's certificates takes as long as many files.
fn plain_client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            let built = client().tls_certs_only([]).build();
            built.expect("the TLS provider is set and no option is invalid")
        })
        .clone()
}

/// Chooses who encrypts, for us and for object_store. The program this library is part of may have done so; either is fine.
pub(super) fn set_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}

fn client() -> reqwest::ClientBuilder {
    set_provider();
    reqwest::Client::builder()
        .user_agent(concat!("assetsync/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        // Many connections carry more than the streams of one.
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        // Those that wait for the next request are open, too.
        .pool_max_idle_per_host(
            CONNECTIONS
                .get()
                .map_or(usize::MAX, |most| most.available_permits()),
        )
}

/// Sends a request over reqwest and gives up when nothing moves.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) patience: Patience,
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
                return Err(HttpError::new(HttpErrorKind::Timeout, std::io::Error::other("the connection stood still")));
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
    /// Returns when a request hasn't moved for too long. A server that has been silent for as long as it may is given little
    /// time; not by what is on its way to it.
    async fn stands_still(&self, moved: &AtomicU64, size_bytes: u64) {
        let stall = self.patience.stall;
        let buffers = in_buffers(size_bytes, stall);
        let most = stall.max(self.patience.deadline + self.patience.deadline / 5);
        let (mut before, mut since) = (0, Instant::now());
        loop {
            let wait = match buffers.is_zero() {
                true => stall.min(self.silence.left().max(CHANCE)),
                false => (stall + buffers).min(most),
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

/// What was handed to the system isn't sent yet: more time for that, as on a slow line that many share.
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

/// A request body in slices, so that one can see it move.
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
    /// Given back with the answer.
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
