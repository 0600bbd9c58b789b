//! What all storage servers of tests share: connections, faults, the record of requests, and
//! requests that are done late. What a request means is for the storage to say.

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::form_urlencoded;

use super::faults::{Effect, Fault, Faults, Lost};
use super::line::{End, Line};

pub type Parameters = BTreeMap<String, String>;
pub type Reply = Response<Bytes>;

/// A storage, one request at a time.
pub trait Storage: Send + 'static {
    /// Does what is asked, or refuses it.
    fn handle(&mut self, call: &Call) -> Reply;
    /// The object a request is about, wherever in the request its name is. The body may be cut off.
    fn about(&self, call: &Call) -> Option<String>;
    /// An error in the storage's words, under the code 200.
    fn error_in_ok(&self, call: &Call) -> Reply;
    /// What it says of bytes that got damaged on their way.
    fn bad_checksum(&self, call: &Call) -> Reply;
    /// Adds the headers that every reply has.
    fn dress(&mut self, reply: Reply) -> Reply;
    /// Sets how much of a resumable chunk is kept; false if there is no such thing.
    fn keep_bytes_max(&mut self, _bytes: Option<usize>) -> bool {
        false
    }
}

/// A request, read.
pub struct Call {
    pub head: Parts,
    pub parameters: Parameters,
    pub body: Vec<u8>,
}

/// A request, in the order of processing; `path` and `query` are as sent, percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// The object it was about, wherever in the request its name was.
    pub object: Option<String>,
    /// What was answered; 0 when nothing was.
    pub status: u16,
    /// Whether it was done, and not refused, whatever was answered.
    pub done: bool,
    pub at: Instant,
}

/// A running server; junk it closes its port and every connection.
pub struct Serving<S> {
    url: String,
    desk: Arc<Mutex<Desk<S>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where requests come in, one after the other.
pub struct Desk<S> {
    pub storage: S,
    faults: Faults,
    requests: Vec<Request>,
    /// Requests that were forgotten: their numbers go on.
    forgotten: usize,
    delayed: Vec<Delayed>,
    /// The first panic of a handler, or of who watches: it's the test's.
    panic: Option<Box<dyn Any + Send>>,
}

struct Delayed {
    number: usize,
    call: Call,
    further: Option<usize>,
}

/// How a request ends for the one who sent it.
enum Ending {
    Reply(Reply),
    Half { reply: Reply, silent: bool },
    Close,
    Reset,
    Silence,
}

impl<S: Storage> Serving<S> {
    /// The storage is told its URL.
    pub fn start(storage: impl FnOnce(&str) -> S) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let address = listener.local_addr().expect("a bound socket has one");
        let url = format!("http://{address}");
        let desk = Arc::new(Mutex::new(Desk {
            storage: storage(&url),
            faults: Faults::default(),
            requests: Vec::new(),
            forgotten: 0,
            delayed: Vec::new(),
            panic: None,
        }));
        let shared = Arc::clone(&desk);
        let (stop, stopped) = oneshot::channel();
        Self {
            url,
            desk,
            stop: Some(stop),
            thread: Some(thread::spawn(|| serve(listener, shared, stopped))),
        }
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn lock(&self) -> MutexGuard<'_, Desk<S>> {
        lock(&self.desk)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Forgets the requests so far, and nothing else.
    pub fn clear(&self) {
        let mut desk = self.lock();
        desk.forgotten += desk.requests.len();
        desk.requests.clear();
    }

    pub fn fault(&self, fault: Fault) {
        let mut desk = self.lock();
        if let Effect::PersistOnly(_) = fault.effect() {
            let exists = desk.storage.keep_bytes_max(None);
            assert!(exists, "this storage keeps a chunk, or none of it");
        }
        desk.faults.arm(fault);
    }

    /// How many faults have not happened; a test that relies on its faults asserts 0.
    pub fn faults_left(&self) -> usize {
        self.lock().faults.left()
    }

    /// Forgets the faults that have not happened.
    pub fn disarm(&self) {
        self.lock().faults.disarm();
    }

    /// Does all requests that are delayed, in the order they came; returns how many.
    pub fn deliver_delayed(&self) -> usize {
        let mut desk = self.lock();
        let delayed = std::mem::take(&mut desk.delayed);
        let count = delayed.len();
        delayed.into_iter().for_each(|late| desk.deliver(&late));
        count
    }
}

impl<S> Drop for Serving<S> {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        let well = matches!(ended, Some(Ok(())));
        let panic = lock(&self.desk).panic.take();
        if thread::panicking() {
            return;
        }
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        assert!(well, "the server panicked");
    }
}

impl Call {
    fn new(head: Parts, body: Vec<u8>) -> Self {
        let parameters = form(head.uri.query().unwrap_or_default().as_bytes());
        Self {
            head,
            parameters,
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

pub fn form(text: &[u8]) -> Parameters {
    form_urlencoded::parse(text).into_owned().collect()
}

// ---- connections ----

/// A test that has failed under the lock still wants its server dropped.
fn lock<S>(desk: &Mutex<Desk<S>>) -> MutexGuard<'_, Desk<S>> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve<S: Storage>(
    listener: std::net::TcpListener,
    desk: Arc<Mutex<Desk<S>>>,
    stopped: oneshot::Receiver<()>,
) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build().expect("a runtime starts");
    let nonblocking = listener.set_nonblocking(true);
    nonblocking.expect("a socket can be non-blocking");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("the socket is non-blocking");
        tokio::spawn(accept(listener, desk));
        // Nothing is ever sent: the sender's drop is the signal.
        drop(stopped.await);
    });
}

async fn accept<S: Storage>(listener: TcpListener, desk: Arc<Mutex<Desk<S>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let desk = Arc::clone(&desk);
        let (line, end) = Line::new(stream);
        let service = service_fn(move |request| answer(Arc::clone(&desk), end.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(line), service));
    }
}

/// An error closes the connection, which is how faults do it.
async fn answer<S: Storage>(
    desk: Arc<Mutex<Desk<S>>>,
    end: End,
    request: hyper::Request<Incoming>,
) -> io::Result<Response<Payload>> {
    let (head, mut body) = request.into_parts();
    let is_head = head.method == "HEAD";
    let effect = lock(&desk).faults.take(&head);
    let is_unread = matches!(effect, Some(Effect::ResetBefore | Effect::StallBefore));
    let bytes = read(&mut body, is_unread).await.map_err(io::Error::other)?;
    let ending = lock(&desk).act(Call::new(head, bytes), effect);
    match ending {
        Ending::Reply(reply) => return Ok(reply.map(Payload::new)),
        Ending::Half { reply, silent } => {
            let body_bytes = if is_head { 0 } else { reply.body().len() };
            end.cut(body_bytes, silent);
            return Ok(reply.map(Payload::new));
        }
        Ending::Silence => pending::<()>().await,
        Ending::Reset => end.reset(),
        Ending::Close => {}
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// All of a body, or what comes first of it.
async fn read(body: &mut Incoming, only_first: bool) -> hyper::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        bytes.extend_from_slice(&frame?.into_data().unwrap_or_default());
        if only_first {
            break;
        }
    }
    Ok(bytes)
}

/// The body of a reply, in one piece.
struct Payload(Option<Bytes>);

impl Payload {
    fn new(bytes: Bytes) -> Self {
        Self(Some(bytes))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

// ---- requests ----

impl<S: Storage> Desk<S> {
    fn act(&mut self, call: Call, effect: Option<Effect>) -> Ending {
        let number = self.note(&call);
        let has_body = call.head.method != "HEAD";
        let further = match &effect {
            Some(Effect::Delayed(further)) => Some(*further),
            _ => None,
        };
        let ending = self.affected(number, &call, effect);
        let status = match &ending {
            Ending::Reply(reply) => reply.status().as_u16(),
            // Half a head tells nobody anything.
            Ending::Half { reply, .. } if has_body && !reply.body().is_empty() => {
                reply.status().as_u16()
            }
            _ => 0,
        };
        if let Some(request) = self.request(number) {
            request.status = status;
        }
        self.count_down();
        if let Some(further) = further {
            self.delayed.push(Delayed {
                number,
                call,
                further,
            });
        }
        ending
    }

    fn affected(&mut self, number: usize, call: &Call, effect: Option<Effect>) -> Ending {
        let refusal = match effect {
            None => return Ending::Reply(self.perform(number, call)),
            Some(Effect::CloseBefore | Effect::Delayed(_)) => return Ending::Close,
            Some(Effect::ResetBefore) => return Ending::Reset,
            Some(Effect::HangBefore | Effect::StallBefore) => return Ending::Silence,
            Some(Effect::DoThen(lost)) => return self.lose(number, call, lost),
            Some(Effect::DamagedReply) => {
                return Ending::Reply(self.perform(number, call).map(damaged));
            }
            Some(Effect::PersistOnly(bytes)) => {
                self.storage.keep_bytes_max(Some(bytes));
                let reply = self.perform(number, call);
                self.storage.keep_bytes_max(None);
                return Ending::Reply(reply);
            }
            Some(Effect::Refuse(code, headers, body)) => reply(code, &headers, body),
            Some(Effect::ErrorInOk) => self.storage.error_in_ok(call),
            Some(Effect::BadChecksum) => self.storage.bad_checksum(call),
        };
        Ending::Reply(self.storage.dress(refusal))
    }

    fn lose(&mut self, number: usize, call: &Call, lost: Lost) -> Ending {
        let done = self.perform(number, call);
        match lost {
            Lost::Close => Ending::Close,
            Lost::Reset => Ending::Reset,
            Lost::Hang => Ending::Silence,
            Lost::Truncate | Lost::Stall => Ending::Half {
                reply: done,
                silent: lost == Lost::Stall,
            },
            Lost::Status(code) => Ending::Reply(self.storage.dress(reply(code, &[], ""))),
        }
    }

    /// Does a request, and notes what came of it.
    fn perform(&mut self, number: usize, call: &Call) -> Reply {
        let storage = &mut self.storage;
        let handled = catch_unwind(AssertUnwindSafe(|| storage.handle(call)));
        let handled = handled.unwrap_or_else(|panic| {
            self.panic.get_or_insert(panic);
            reply(500, &[], "the server panicked")
        });
        let is_done = handled.status().as_u16() < 400;
        if let Some(request) = self.request(number) {
            request.done = is_done;
        }
        self.storage.dress(handled)
    }

    fn note(&mut self, call: &Call) -> usize {
        let uri = &call.head.uri;
        self.requests.push(Request {
            method: call.head.method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            object: self.storage.about(call),
            status: 0,
            done: false,
            at: Instant::now(),
        });
        self.forgotten + self.requests.len() - 1
    }

    fn request(&mut self, number: usize) -> Option<&mut Request> {
        let index = number.checked_sub(self.forgotten)?;
        self.requests.get_mut(index)
    }

    /// A further request was done; some that were delayed are due.
    fn count_down(&mut self) {
        let mut waiting = Vec::new();
        for mut late in std::mem::take(&mut self.delayed) {
            late.further = late.further.map(|further| further.saturating_sub(1));
            match late.further {
                Some(0) => self.deliver(&late),
                _ => waiting.push(late),
            }
        }
        self.delayed = waiting;
    }

    fn deliver(&mut self, late: &Delayed) {
        self.perform(late.number, &late.call);
    }
}

fn damaged(body: Bytes) -> Bytes {
    let mut body = body.to_vec();
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(middle) {
        *byte ^= 1;
    }
    body.into()
}

pub fn reply(status: u16, headers: &[(&'static str, String)], body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    let mut reply = Response::builder().status(status);
    // Of a reply that never has a body, a length would be wrong.
    if status != 204 && status != 304 {
        reply = reply.header("content-length", body.len());
    }
    for (name, value) in headers {
        reply = reply.header(*name, value);
    }
    // Whoever plants an impossible header shall see it.
    let impossible = |error| {
        let mut reply = Response::new(Bytes::from(format!("{error}")));
        *reply.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        reply
    };
    reply.body(body).unwrap_or_else(impossible)
}
