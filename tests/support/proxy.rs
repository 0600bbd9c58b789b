//! A proxy in this process, between the program and a real server, that breaks what a story tells
//! it to.
//!
//! It speaks as much HTTP/1.1 as is needed: one request a connection, bodies with a Content-Length.
//! It changes nothing that is signed (SigV4 signs the Host header, not the address).

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a story waits for what must come, so that it fails in the end.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A running proxy; junk it closes its port and every connection.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// A request, in the order of arrival.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    /// With the query, as sent.
    pub path: String,
    /// What the server answered; none if it got nothing.
    pub server: Option<u16>,
    /// What the program was answered; none if it got nothing, or not all of it.
    pub client: Option<u16>,
    pub at: Instant,
}

/// Which requests are to go wrong, and how.
pub struct Rule {
    method: &'static str,
    part: String,
    skip: usize,
    times: usize,
    fault: Arc<Fault>,
}

pub enum Fault {
    /// Answer this; the server gets nothing.
    Answer(Reply),
    /// Don't read the body, and close: the program sees a reset.
    Reset,
    /// Don't read the body, and never answer: what is sent gets stuck.
    Deaf,
    /// Read the request, close; the server gets nothing.
    Close,
    /// Read the request, never answer; the server gets nothing.
    Hang,
    /// Flip a bit of the body on its way to the server.
    Corrupt,
    /// The server does it; answer this in its stead.
    CommitThenAnswer(Reply),
    /// The server does it; close.
    CommitThenClose,
    /// The server does it; never answer.
    CommitThenHang,
    /// The server does it; send half of its reply, close.
    TruncateReply,
    /// The server does it; send the body of its reply in so many pieces, with a pause before each.
    TrickleReply(usize, Duration),
    /// Answer what this makes of the path and query; the server gets nothing.
    AnswerBy(Answering),
    /// Answer this status, and a body without end: these bytes over and over.
    Endless(u16, &'static str),
    /// Answer this status, and a body of one byte after the other, with a pause before each,
    /// without end.
    Drip(u16, Duration),
    /// Do this, then pass the request on.
    Before(Hook),
    /// Do this, then close; the server gets nothing.
    DoThenClose(Hook),
    /// Do this, then answer that; the server gets nothing.
    DoThenAnswer(Hook, Reply),
    /// The server does it; do this, then pass the reply on.
    After(Hook),
}

pub type Hook = Box<dyn Fn() + Send + Sync>;

pub type Answering = Box<dyn Fn(&str) -> Reply + Send + Sync>;

/// What the proxy answers by itself.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A request that stands at the proxy until the story opens this, or drops it.
pub struct Gate {
    arrived: Receiver<()>,
    /// Nothing is ever sent: junk it is what opens.
    _open: Sender<Infallible>,
}

struct Shared {
    /// Host and port.
    server: String,
    state: Mutex<State>,
    closing: Condvar,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<Request>,
    is_closing: bool,
}

impl Proxy {
    /// Stands before `server`, `http://host:port`.
    pub fn before(server: &str, rules: impl IntoIterator<Item = Rule>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let address = listener.local_addr().expect("a bound socket has one");
        let shared = Arc::new(Shared {
            server: server
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_string(),
            state: Mutex::new(State {
                rules: rules.into_iter().collect(),
                ..State::default()
            }),
            closing: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        Proxy {
            url: format!("http://{address}"),
            shared,
            accepting: Some(thread::spawn(move || accept(&listener, &accepting))),
        }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// The requests with this method (`*` is any) and this part of path and query.
    pub fn matching(&self, method: &str, part: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.is(method, part));
        requests
    }

    /// Asserts that every fault happened: a story that relies on one must not pass without.
    pub fn assert_all_happened(&self) {
        let is_left = |rule: &&Rule| rule.times > 0 && rule.times != usize::MAX;
        let name = |rule: &Rule| format!("{} {}", rule.method, rule.part);
        // The lock is let go before this panics: the proxy's end needs it, too.
        let left = self.shared.state().rules.iter().find(is_left).map(name);
        if let Some(left) = left {
            panic!("a fault for {left} didn't happen");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().is_closing = true;
        self.shared.closing.notify_all();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
        let ended = self.accepting.take().map(JoinHandle::join);
        let well = matches!(ended, Some(Ok(())));
        assert!(thread::panicking() || well, "the proxy panicked");
    }
}

impl Request {
    fn is(&self, method: &str, part: &str) -> bool {
        (method == "*" || method == self.method) && self.path.contains(part)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { method, path, .. } = self;
        let status = |status: Option<u16>| status.map_or("-".to_string(), |s| s.to_string());
        let (server, client) = (status(self.server), status(self.client));
        write!(f, "{method} {path} server: {server}, client: {client}")
    }
}

impl Rule {
    /// For the first request with this method (`*` is any) and this part of path and query.
    pub fn new(method: &'static str, part: &str, fault: Fault) -> Rule {
        Rule {
            method,
            part: part.to_string(),
            skip: 0,
            times: 1,
            fault: Arc::new(fault),
        }
    }

    /// Spares the first `n` of those requests.
    pub fn skip(self, n: usize) -> Rule {
        Rule { skip: n, ..self }
    }

    /// For `n` of those requests.
    pub fn times(self, n: usize) -> Rule {
        Rule { times: n, ..self }
    }

    /// For all of those requests.
    pub fn always(self) -> Rule {
        self.times(usize::MAX)
    }
}

impl Reply {
    pub fn status(status: u16) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// An error of S3.
    pub fn error(status: u16, code: &str, message: &str) -> Reply {
        Reply::status(status)
            .header("content-type", "application/xml")
            .body(&format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
                 <RequestId>4442587FB7D0A2F9</RequestId></Error>"
            ))
    }

    /// Adds an element to an error of S3.
    pub fn with(self, element: &str) -> Reply {
        let body = self.body.replace("</Error>", &format!("{element}</Error>"));
        Reply { body, ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Reply {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn body(self, body: &str) -> Reply {
        Reply {
            body: body.to_string(),
            ..self
        }
    }

    fn to_bytes(&self, method: &str) -> Vec<u8> {
        let mut text = format!(
            "HTTP/1.1 {} Said\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        if method != "HEAD" {
            text += &self.body;
        }
        text.into_bytes()
    }
}

/// A fault that holds a request before the server gets it, and what to open it with.
pub fn gate_before() -> (Fault, Gate) {
    let (hook, gate) = gate();
    (Fault::Before(hook), gate)
}

/// The same, after the server has answered and before the program hears of it.
pub fn gate_after() -> (Fault, Gate) {
    let (hook, gate) = gate();
    (Fault::After(hook), gate)
}

fn gate() -> (Hook, Gate) {
    let (arrive, arrived) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    let opened = Mutex::new(opened);
    let hook = move || {
        // Whoever dropped the gate has opened it.
        if arrive.send(()).is_ok() {
            let Err(RecvError) = opened.lock().expect("no holder panics").recv();
        }
    };
    let gate = Gate {
        arrived,
        _open: open,
    };
    (Box::new(hook), gate)
}

impl Gate {
    /// Returns when the request stands at the gate.
    pub fn wait(&self) {
        self.arrived
            .recv_timeout(WAIT_MAX)
            .expect("the request comes");
    }

    pub fn open(self) {}
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// Notes a request; returns its number, and what is to go wrong with it.
    fn note(&self, method: &str, path: &str) -> (usize, Option<Arc<Fault>>) {
        let request = Request {
            method: method.to_string(),
            path: path.to_string(),
            server: None,
            client: None,
            at: Instant::now(),
        };
        let mut state = self.state();
        let mut fault = None;
        for rule in &mut state.rules {
            if fault.is_some() || rule.times == 0 || !request.is(rule.method, &rule.part) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if rule.times != usize::MAX {
                rule.times -= 1;
            }
            fault = Some(Arc::clone(&rule.fault));
        }
        state.requests.push(request);
        (state.requests.len() - 1, fault)
    }

    fn hang(&self) {
        let waiting = self
            .closing
            .wait_timeout_while(self.state(), WAIT_MAX, |state| !state.is_closing);
        drop(waiting.expect("no holder panics"));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.state().is_closing {
            return;
        }
        let client = client.expect("a connection");
        let shared = Arc::clone(shared);
        // A program that is gone, or has given up, is what stories are about.
        thread::spawn(move || drop(serve(client, &shared)));
    }
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let head = read_head(&mut client)?;
    let first = head.lines().next().unwrap_or_default();
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Ok(());
    };
    let (number, fault) = shared.note(method, path);
    let note = |server, client| {
        let request = &mut shared.state().requests[number];
        request.server = server;
        request.client = client;
    };
    let fault = fault.as_deref();
    match fault {
        Some(Fault::Reset) => return Ok(()),
        Some(Fault::Deaf) => {
            shared.hang();
            return Ok(());
        }
        _ => {}
    }
    let mut body = vec![0; content_length(&head)];
    client.read_exact(&mut body)?;
    match fault {
        Some(Fault::Answer(reply)) => {
            note(None, Some(reply.status));
            return client.write_all(&reply.to_bytes(method));
        }
        Some(Fault::AnswerBy(answering)) => {
            let reply = answering(path);
            note(None, Some(reply.status));
            return client.write_all(&reply.to_bytes(method));
        }
        Some(Fault::Endless(status, bytes)) => return endless(&mut client, *status, bytes),
        Some(Fault::Drip(status, pause)) => return drip(&mut client, *status, *pause),
        Some(Fault::Close) => return Ok(()),
        Some(Fault::DoThenClose(hook)) => {
            hook();
            return Ok(());
        }
        Some(Fault::DoThenAnswer(hook, reply)) => {
            hook();
            note(None, Some(reply.status));
            return client.write_all(&reply.to_bytes(method));
        }
        Some(Fault::Hang) => {
            shared.hang();
            return Ok(());
        }
        Some(Fault::Corrupt) => body[0] ^= 1,
        Some(Fault::Before(hook)) => hook(),
        _ => {}
    }
    let reply = forward(&shared.server, &head, &body)?;
    let status = status(&reply);
    note(status, None);
    match fault {
        Some(Fault::CommitThenAnswer(instead)) => {
            note(status, Some(instead.status));
            return client.write_all(&instead.to_bytes(method));
        }
        Some(Fault::CommitThenClose) => return Ok(()),
        Some(Fault::CommitThenHang) => {
            shared.hang();
            return Ok(());
        }
        Some(Fault::TruncateReply) => return client.write_all(&reply[..half(&reply)]),
        Some(Fault::After(hook)) => hook(),
        _ => {}
    }
    // Noted first: when the program has its reply, the story may look.
    note(status, status);
    let (pieces, pause) = match fault {
        Some(Fault::TrickleReply(pieces, pause)) => (*pieces, *pause),
        _ => (1, Duration::ZERO),
    };
    let (head, body) = reply.split_at(head_bytes(&reply));
    client.write_all(head)?;
    for piece in body.chunks(body.len().div_ceil(pieces).max(1)) {
        thread::sleep(pause);
        client.write_all(piece)?;
    }
    Ok(())
}

/// So much of what has no end, in bytes: a program that takes it all has had enough to be seen.
const ENDLESS_BYTES: usize = 300 << 20;

fn endless(client: &mut TcpStream, status: u16, bytes: &str) -> io::Result<()> {
    write!(
        client,
        "HTTP/1.1 {status} Said\r\nconnection: close\r\n\r\n"
    )?;
    let block = bytes.repeat((64 << 10) / bytes.len());
    for _ in 0..ENDLESS_BYTES / block.len() {
        client.write_all(block.as_bytes())?;
    }
    Ok(())
}

fn drip(client: &mut TcpStream, status: u16, pause: Duration) -> io::Result<()> {
    write!(
        client,
        "HTTP/1.1 {status} Said\r\nconnection: close\r\n\r\n"
    )?;
    let until = Instant::now() + WAIT_MAX;
    while Instant::now() < until {
        thread::sleep(pause);
        client.write_all(b" ")?;
    }
    Ok(())
}

/// Byte by byte, so that a body stays in the socket: closing then resets the connection.
fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).expect("a head is ASCII"))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut found = fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.trim())
}

fn content_length(head: &str) -> usize {
    assert!(
        header(head, "transfer-encoding").is_none(),
        "this proxy knows no chunks"
    );
    header(head, "content-length").map_or(0, |length| length.parse().expect("a number"))
}

/// The server's whole reply. It's asked to close, so that the reply's end is the connection's.
fn forward(server: &str, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(server)?;
    let head = head.trim_end();
    upstream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes())?;
    // A server that refuses may answer without reading it all.
    let sent = upstream.write_all(body);
    let mut reply = Vec::new();
    let received = upstream.read_to_end(&mut reply);
    if reply.is_empty() {
        sent.and(received)
            .and(Err(io::ErrorKind::UnexpectedEof.into()))
    } else {
        Ok(reply)
    }
}

fn status(reply: &[u8]) -> Option<u16> {
    let digits = reply.get(9..12)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn head_bytes(reply: &[u8]) -> usize {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(reply.len(), |at| at + 4)
}

/// The middle of the body, or of the head if there's no body.
fn half(reply: &[u8]) -> usize {
    let head = head_bytes(reply);
    match reply.len() - head {
        0 => head / 2,
        body => head + body / 2,
    }
}
