//! Google Cloud Storage in this process, as strict as the real one, for tests.
//!
//! It speaks what a publisher needs of the JSON API (multipart and resumable insert, get, list,
//! delete, bucket get), the public endpoint `/{bucket}/{object}`, and an OAuth token endpoint.
//! A path, request parameter or metadata field it does not know is an error, never ignored.
//!
//! What it refuses, and in which words, follows <https://cloud.google.com/storage/docs/json_api>,
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads> and replies of the real
//! service quoted in bug reports. Where none says which of two checks comes first, a precondition
//! (412) comes before the permission to overwrite (403).
//!
//! Not here: versions, IAM policies, ranged reads, decompression, `x-goog-hash` on requests, and
//! the signatures of assertions. As at Google, the address of a resumable session is a credential
//! in itself, so chunks need no token.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use md5::{Digest as _, Md5};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Every chunk of a resumable upload but the last is a multiple of this.
pub const CHUNK_UNIT_BYTES: usize = 256 * 1024;
const PAGE_ENTRIES_MAX: usize = 1000;
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const COMMON: &str = "alt fields prettyPrint projection";
const CONDITIONS: &str =
    "ifGenerationMatch ifGenerationNotMatch ifMetagenerationMatch ifMetagenerationNotMatch";
const PREDEFINED_ACLS: &str =
    "authenticatedRead bucketOwnerFullControl bucketOwnerRead private projectPrivate publicRead";

/// A running server; dropping it closes its port and every connection.
pub struct Server {
    url: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A bucket of a [`Server`], to set it up: at first fine-grained, private, and nothing denied.
pub struct Bucket<'a> {
    server: &'a Server,
    name: String,
}

/// What the account may be refused, see [`Bucket::deny`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    Create,
    /// `storage.objects.delete`: to delete an object, or to replace it.
    Overwrite,
    Get,
    List,
    GetBucket,
}

/// An object: what an upload may say of it, and what the server assigns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Object {
    #[serde(skip)]
    pub bytes: Vec<u8>,
    pub name: String,
    pub content_type: String,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
    pub content_disposition: Option<String>,
    pub content_language: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Base64, as in the API; assigned if the upload gives none.
    pub crc32c: String,
    pub md5_hash: String,
    /// The `predefinedAcl` of the upload.
    #[serde(skip)]
    pub acl: Option<String>,
    #[serde(skip)]
    pub generation: u64,
    /// Since the epoch; a planted object's 0 becomes now.
    #[serde(skip)]
    pub updated_s: u64,
}

/// A request, in the order of processing; `path` and `query` are as sent, percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// The object it was about, wherever in the request its name was.
    pub object: Option<String>,
    /// 0 when nothing was answered.
    pub status: u16,
}

/// Something to go wrong, once, with the next request that matches.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    part: String,
    skip: usize,
    effect: Effect,
}

#[derive(Clone, Debug)]
pub enum Effect {
    /// Answer this (code, headers, body) without processing the request.
    Status(u16, Vec<(&'static str, String)>, String),
    /// Close the connection without reading the request's body.
    CloseBefore,
    /// Process the request, close the connection without a reply.
    CommitThenClose,
    /// Process the request, answer this code.
    CommitThenStatus(u16),
    /// Never answer.
    Hang,
    /// Process the request, send the first half of the reply's body, close the connection.
    TruncateReply,
    /// Keep only so many new bytes of a resumable chunk, as the real service may.
    PersistOnly(usize),
}

impl Server {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let address = listener.local_addr().expect("a bound socket has one");
        let state = Arc::<Mutex<State>>::default();
        let url = format!("http://{address}");
        lock(&state).url.clone_from(&url);
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let thread = Some(thread::spawn(move || serve(listener, shared, stopped)));
        let stop = Some(stop);
        Self {
            url,
            state,
            stop,
            thread,
        }
    }

    /// `http://127.0.0.1:port`, for `STORAGE_EMULATOR_HOST`; `{url}/token` is the token endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bucket of that name, created if there is none.
    pub fn bucket(&self, name: &str) -> Bucket<'_> {
        let name = name.to_owned();
        Bucket { server: self, name }.change(|_| ())
    }

    /// Plants an object in a bucket, created if there is none; returns its generation.
    pub fn put(&self, bucket: &str, name: &str, mut object: Object) -> u64 {
        object.name = name.to_owned();
        self.bucket(bucket);
        self.lock().store(bucket, object).generation
    }

    /// Takes an object away behind the program's back.
    pub fn remove(&self, bucket: &str, name: &str) -> Option<Object> {
        self.lock().buckets.get_mut(bucket)?.objects.remove(name)
    }

    pub fn object(&self, bucket: &str, name: &str) -> Option<Object> {
        let state = self.lock();
        state.buckets.get(bucket)?.objects.get(name).cloned()
    }

    /// The names of all objects, sorted.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        let state = self.lock();
        let contents = state.buckets.get(bucket).into_iter();
        contents
            .flat_map(|contents| contents.objects.keys().cloned())
            .collect()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Forgets the requests so far, and nothing else.
    pub fn clear(&self) {
        self.lock().requests.clear();
    }

    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// How many faults have not happened; a test that relies on its faults asserts 0.
    pub fn faults_left(&self) -> usize {
        self.lock().faults.len()
    }

    /// From now on the JSON API answers 401 without a token of [`Server::token`] or `POST /token`.
    pub fn require_token(&self) {
        self.lock().token_required = true;
    }

    /// Issues a token as `POST /token` does: `test-token-1`, then `test-token-2`, ...
    pub fn token(&self) -> String {
        self.lock().issue_token()
    }

    /// Refuses every token issued so far; those issued later are accepted.
    pub fn expire_token(&self) {
        let mut state = self.lock();
        state.tokens_expired = state.tokens_issued;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the server panicked"
        );
    }
}

impl Bucket<'_> {
    /// Uniform bucket-level access: any `predefinedAcl` is refused.
    pub fn uniform(self) -> Self {
        self.change(|contents| contents.uniform = true)
    }

    /// Strangers can read every object, but not list them.
    pub fn public(self) -> Self {
        self.change(|contents| contents.public = true)
    }

    /// Strangers can list the names: the leak to be found.
    pub fn listable(self) -> Self {
        self.change(|contents| contents.listable = true)
    }

    /// Public access prevention: strangers get nothing, and `publicRead` is refused with 412.
    pub fn prevent_public_access(self) -> Self {
        self.change(|contents| contents.prevention = true)
    }

    pub fn deny(self, permission: Permission) -> Self {
        self.change(|contents| contents.denied.extend([permission]))
    }

    fn change(self, change: impl FnOnce(&mut Contents)) -> Self {
        change(
            self.server
                .lock()
                .buckets
                .entry(self.name.clone())
                .or_default(),
        );
        self
    }
}

impl Object {
    pub fn new(bytes: impl Into<Vec<u8>>, content_type: &str) -> Self {
        let (bytes, content_type) = (bytes.into(), content_type.to_owned());
        Self {
            bytes,
            content_type,
            ..Self::default()
        }
    }
}

impl Fault {
    /// For a `method` (`*` is any) and a part of `path?query`, percent-encoded or not.
    pub fn new(method: &str, part: &str, effect: Effect) -> Self {
        let (method, part) = (method.to_owned(), part.to_owned());
        Self {
            method,
            part,
            skip: 0,
            effect,
        }
    }

    /// Lets so many matching requests pass first.
    pub fn after(self, requests: usize) -> Self {
        Self {
            skip: requests,
            ..self
        }
    }

    fn matches(&self, head: &Parts) -> bool {
        let target = head.uri.to_string();
        let decoded = percent_decode_str(&target).decode_utf8_lossy();
        (self.method == "*" || self.method == head.method.as_str())
            && (target.contains(&self.part) || decoded.contains(&self.part))
    }
}

#[derive(Default)]
struct State {
    url: String,
    buckets: BTreeMap<String, Contents>,
    sessions: BTreeMap<String, Session>,
    writes: u64,
    token_required: bool,
    tokens_issued: u64,
    tokens_expired: u64,
    faults: Vec<Fault>,
    requests: Vec<Request>,
}

#[derive(Default)]
struct Contents {
    objects: BTreeMap<String, Object>,
    uniform: bool,
    public: bool,
    listable: bool,
    prevention: bool,
    denied: BTreeSet<Permission>,
}

/// A checked request to store an object whose bytes come separately.
struct Insert {
    bucket: String,
    object: Object,
    parameters: Parameters,
}

struct Session {
    insert: Insert,
    bytes: Vec<u8>,
    total_bytes: Option<usize>,
    stage: Stage,
}

enum Stage {
    Open,
    Done(Value),
    Cancelled,
    Gone,
}

type Parameters = BTreeMap<String, String>;
type Reply = Response<Bytes>;
type Outcome<T = Reply> = Result<T, Refusal>;

struct Refusal {
    status: u16,
    /// Empty where the service answers in plain text.
    reason: &'static str,
    message: String,
}

struct Call {
    head: Parts,
    parameters: Parameters,
    body: Vec<u8>,
    object: Option<String>,
    persist_bytes_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Account,
    Anonymous,
}

// ---- connections ----

fn serve(
    listener: std::net::TcpListener,
    state: Arc<Mutex<State>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    runtime.expect("a runtime starts").block_on(async {
        listener
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        let listener = TcpListener::from_std(listener).expect("the socket is non-blocking");
        tokio::spawn(accept(listener, state));
        // Nothing is ever sent: the sender's drop is the signal.
        drop(stopped.await);
    });
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// An error closes the connection, which is how faults do it.
async fn answer(
    state: Arc<Mutex<State>>,
    request: hyper::Request<Incoming>,
) -> io::Result<Response<Payload>> {
    let (head, body) = request.into_parts();
    let effect = lock(&state).take_fault(&head);
    let body = match effect {
        Some(Effect::CloseBefore) => Vec::new(),
        _ => read(body).await.map_err(io::Error::other)?,
    };
    let hangs = matches!(effect, Some(Effect::Hang));
    let reply = lock(&state).act(head, body, effect);
    if hangs { pending().await } else { reply }
}

async fn read(mut body: Incoming) -> hyper::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        bytes.extend(frame?.into_data().unwrap_or_default());
    }
    Ok(bytes)
}

/// The body of a reply, in steps; the last may be to close the connection.
struct Payload(VecDeque<Step>);

enum Step {
    Send(Bytes),
    /// What was sent must reach the socket first: closing would drop it.
    Flush,
    Close,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Send(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Step::Close) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            Some(Step::Flush) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

fn whole(reply: Reply) -> Response<Payload> {
    reply.map(|bytes| Payload([Step::Send(bytes)].into()))
}

fn truncated(mut reply: Reply) -> Response<Payload> {
    // Even of an empty reply, one byte is promised and missing.
    let promised_bytes = reply.body().len().max(1);
    reply
        .headers_mut()
        .insert("content-length", promised_bytes.into());
    let half = |bytes: Bytes| Step::Send(bytes.slice(..bytes.len() / 2));
    reply.map(|bytes| Payload([half(bytes), Step::Flush, Step::Close].into()))
}

// ---- from a request to its handler ----

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no handler panics")
}

impl Call {
    fn new(head: Parts, body: Vec<u8>) -> Self {
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let parameters = form_urlencoded::parse(query).into_owned().collect();
        Self {
            head,
            parameters,
            body,
            object: None,
            persist_bytes_max: usize::MAX,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Refuses parameters that are in none of these lists.
    fn accept(&self, lists: &[&str]) -> Outcome<()> {
        for name in self.parameters.keys() {
            let known = lists.iter().any(|list| has_word(list, name));
            require(known, format!("Unknown query parameter: {name}"))?;
        }
        Ok(())
    }

    fn is_json_api(&self) -> bool {
        let path = self.head.uri.path();
        ["/storage/", "/upload/", "/token"]
            .iter()
            .any(|start| path.starts_with(start))
    }
}

impl State {
    fn take_fault(&mut self, head: &Parts) -> Option<Effect> {
        for (index, fault) in self.faults.iter_mut().enumerate() {
            match fault.matches(head) {
                true if fault.skip == 0 => return Some(self.faults.remove(index).effect),
                true => fault.skip -= 1,
                false => {}
            }
        }
        None
    }

    fn act(
        &mut self,
        head: Parts,
        body: Vec<u8>,
        effect: Option<Effect>,
    ) -> io::Result<Response<Payload>> {
        let mut call = Call::new(head, body);
        let answer = self.affected(&mut call, effect);
        let uri = &call.head.uri;
        self.requests.push(Request {
            method: call.head.method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            object: call.object,
            status: answer.as_ref().map_or(0, |reply| reply.status().as_u16()),
        });
        answer.ok_or(io::ErrorKind::ConnectionAborted.into())
    }

    fn affected(&mut self, call: &mut Call, effect: Option<Effect>) -> Option<Response<Payload>> {
        match effect {
            None => Some(whole(self.handle(call))),
            Some(Effect::Status(code, headers, body)) => Some(whole(reply(code, &headers, body))),
            Some(Effect::TruncateReply) => Some(truncated(self.handle(call))),
            Some(Effect::CloseBefore | Effect::Hang) => None,
            Some(Effect::CommitThenClose) => {
                self.handle(call);
                None
            }
            Some(Effect::CommitThenStatus(code)) => {
                self.handle(call);
                Some(whole(reply(code, &[], "")))
            }
            Some(Effect::PersistOnly(bytes)) => {
                call.persist_bytes_max = bytes;
                Some(whole(self.handle(call)))
            }
        }
    }

    fn handle(&mut self, call: &mut Call) -> Reply {
        let json = call.is_json_api();
        self.route(call)
            .unwrap_or_else(|refusal| refusal.reply(json))
    }

    fn route(&mut self, call: &mut Call) -> Outcome {
        let segments = call.head.uri.path().split('/').skip(1).map(decode);
        let segments = segments.collect::<Outcome<Vec<String>>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method = call.head.method.clone();
        match (method.as_str(), segments.as_slice()) {
            ("POST", ["token"]) => self.grant(call),
            (method, ["upload", "storage", "v1", "b", bucket, "o"]) => {
                self.upload(call, method, bucket)
            }
            ("GET", ["storage", "v1", "b", bucket]) => self.get_bucket(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "o"]) => self.list(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "o", name]) => self.get(call, bucket, name),
            ("DELETE", ["storage", "v1", "b", bucket, "o", name]) => {
                self.delete(call, bucket, name)
            }
            (_, ["token" | "storage", ..]) => refuse(404, "notFound", "Not Found"),
            ("GET" | "HEAD", [bucket] | [bucket, ""]) => self.public_list(call, bucket),
            ("GET" | "HEAD", [bucket, name @ ..]) => self.public_get(call, bucket, name.join("/")),
            _ => refuse(405, "methodNotAllowed", "Method Not Allowed"),
        }
    }

    fn upload(&mut self, call: &mut Call, method: &str, bucket: &str) -> Outcome {
        match (method, call.parameter("upload_id").is_some()) {
            ("POST" | "PUT", true) => self.chunk(call),
            ("DELETE", true) => self.cancel(call),
            ("POST", false) => self.insert(call, bucket),
            _ => refuse(405, "methodNotAllowed", "Method Not Allowed"),
        }
    }
}

// ---- who may do what ----

impl State {
    fn issue_token(&mut self) -> String {
        self.tokens_issued += 1;
        format!("test-token-{}", self.tokens_issued)
    }

    fn grant(&mut self, call: &Call) -> Outcome {
        let form: Parameters = form_urlencoded::parse(&call.body).into_owned().collect();
        let field = |name| form.get(name).map_or("", String::as_str);
        let secrets = ["client_id", "client_secret", "refresh_token"];
        let (known, valid) = match field("grant_type") {
            "refresh_token" => (true, secrets.iter().all(|name| !field(name).is_empty())),
            JWT_BEARER => (true, field("assertion").split('.').count() == 3),
            _ => (false, false),
        };
        if known && valid {
            let token = self.issue_token();
            let body = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
            return Ok(json_reply(200, &body));
        }
        let error = if known {
            "invalid_grant"
        } else {
            "unsupported_grant_type"
        };
        Ok(json_reply(
            400,
            &json!({"error": error, "error_description": "Bad Request"}),
        ))
    }

    /// Without a token the JSON API takes anyone for the account, unless tokens are required.
    fn caller(&self, call: &Call) -> Outcome<Caller> {
        match call.header("authorization") {
            None if self.token_required || !call.is_json_api() => Ok(Caller::Anonymous),
            Some(header) if self.token_required && !self.is_valid(header) => {
                refuse(401, "authError", "Invalid Credentials")
            }
            _ => Ok(Caller::Account),
        }
    }

    fn is_valid(&self, header: &str) -> bool {
        let number = header
            .strip_prefix("Bearer test-token-")
            .and_then(|text| text.parse().ok());
        number.is_some_and(|number| self.tokens_expired < number && number <= self.tokens_issued)
    }

    fn contents(&self, bucket: &str) -> Outcome<&Contents> {
        let missing = || refuse(404, "notFound", "The specified bucket does not exist.");
        self.buckets.get(bucket).map_or_else(missing, Ok)
    }
}

impl Contents {
    fn allows(&self, caller: Caller, permission: Permission, object: Option<&Object>) -> bool {
        let public = |object: &Object| self.public || object.acl.as_deref() == Some("publicRead");
        match (caller, permission) {
            (Caller::Account, _) => !self.denied.contains(&permission),
            (Caller::Anonymous, _) if self.prevention => false,
            (Caller::Anonymous, Permission::Get) => object.is_some_and(public),
            (Caller::Anonymous, _) => permission == Permission::List && self.listable,
        }
    }

    fn authorize(&self, caller: Caller, permission: Permission) -> Outcome<()> {
        if self.allows(caller, permission, None) {
            Ok(())
        } else {
            deny(caller, permission)
        }
    }

    fn read(&self, caller: Caller, name: &str) -> Outcome<&Object> {
        match self.objects.get(name) {
            Some(object) if self.allows(caller, Permission::Get, Some(object)) => Ok(object),
            // Only who can list may learn that an object does not exist.
            None if self.allows(caller, Permission::List, None) => {
                refuse(404, "notFound", format!("No such object: {name}"))
            }
            _ => deny(caller, Permission::Get),
        }
    }
}

fn deny<T>(caller: Caller, permission: Permission) -> Outcome<T> {
    let (name, target) = match permission {
        Permission::Create => ("storage.objects.create", "object"),
        Permission::Overwrite => ("storage.objects.delete", "object"),
        Permission::Get => ("storage.objects.get", "object"),
        Permission::List => ("storage.objects.list", "bucket"),
        Permission::GetBucket => ("storage.buckets.get", "bucket"),
    };
    let (status, reason, who) = match caller {
        Caller::Account => (403, "forbidden", "tester@example.iam.gserviceaccount.com"),
        Caller::Anonymous => (401, "required", "Anonymous caller"),
    };
    let message = format!(
        "{who} does not have {name} access to the Google Cloud Storage {target}. Permission \
         '{name}' denied on resource (or it may not exist)."
    );
    refuse(status, reason, message)
}

// ---- insert ----

impl State {
    fn insert(&mut self, call: &mut Call, bucket: &str) -> Outcome {
        call.accept(&[COMMON, CONDITIONS, "uploadType name predefinedAcl"])?;
        self.contents(bucket)?
            .authorize(self.caller(call)?, Permission::Create)?;
        match call.parameter("uploadType") {
            Some("multipart") => self.insert_multipart(call, bucket),
            Some("resumable") => self.open_session(call, bucket),
            _ => invalid("uploadType must be multipart or resumable here"),
        }
    }

    fn insert_multipart(&mut self, call: &mut Call, bucket: &str) -> Outcome {
        let body = std::mem::take(&mut call.body);
        let boundary = call.header("content-type").and_then(boundary);
        let Some([metadata, (media_type, media)]) = boundary.and_then(|text| parts(&body, text))
        else {
            return invalid("Malformed multipart body.");
        };
        let insert = self.prepare(call, bucket, metadata, Some(media_type.to_owned()))?;
        Ok(json_reply(200, &self.commit(&insert, media.to_vec())?))
    }

    fn open_session(&mut self, call: &mut Call, bucket: &str) -> Outcome {
        let body = std::mem::take(&mut call.body);
        let content_type = call.header("content-type").unwrap_or_default().to_owned();
        let metadata = match body.as_slice() {
            [] => ("application/json", &b"{}"[..]),
            json => (content_type.as_str(), json),
        };
        let media_type = call.header("x-upload-content-type").map(str::to_owned);
        let total_bytes = call
            .header("x-upload-content-length")
            .map(number)
            .transpose()?;
        let insert = self.prepare(call, bucket, metadata, media_type)?;
        let (bytes, stage) = (Vec::new(), Stage::Open);
        let id = format!("session-{}", self.sessions.len() + 1);
        let path = format!("upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={id}");
        self.sessions.insert(
            id,
            Session {
                insert,
                bytes,
                total_bytes,
                stage,
            },
        );
        Ok(reply(
            200,
            &[("location", format!("{}/{path}", self.url))],
            "",
        ))
    }

    /// Checks all that can be checked before the bytes are there.
    fn prepare(
        &self,
        call: &mut Call,
        bucket: &str,
        (json_type, json): (&str, &[u8]),
        media_type: Option<String>,
    ) -> Outcome<Insert> {
        let is_json = json_type.split(';').next() == Some("application/json");
        require(is_json, format!("Metadata has Content-Type {json_type}"))?;
        let mut object: Object = match serde_json::from_slice(json) {
            Ok(object) => object,
            Err(error) => return invalid(format!("Metadata: {error}")),
        };
        agree("name", call.parameter("name"), &mut object.name)?;
        call.object = Some(object.name.clone());
        check_name(&object.name)?;
        agree(
            "Content-Type",
            media_type.as_deref(),
            &mut object.content_type,
        )?;
        object.acl = call.parameter("predefinedAcl").map(str::to_owned);
        check_acl(self.contents(bucket)?, object.acl.as_deref())?;
        let (bucket, parameters) = (bucket.to_owned(), call.parameters.clone());
        let insert = Insert {
            bucket,
            object,
            parameters,
        };
        self.check_live(&insert)?;
        Ok(insert)
    }

    /// Checks what must hold of the object that is to be replaced, or of its absence.
    fn check_live(&self, insert: &Insert) -> Outcome<()> {
        let contents = self.contents(&insert.bucket)?;
        let live = contents.objects.get(&insert.object.name);
        check_conditions(&insert.parameters, live)?;
        match live {
            Some(_) => contents.authorize(Caller::Account, Permission::Overwrite),
            None => Ok(()),
        }
    }

    fn commit(&mut self, insert: &Insert, bytes: Vec<u8>) -> Outcome<Value> {
        check_hash("CRC32C", &insert.object.crc32c, &crc32c(&bytes))?;
        check_hash("MD5 hash", &insert.object.md5_hash, &md5(&bytes))?;
        self.check_live(insert)?;
        let object = self.store(
            &insert.bucket,
            Object {
                bytes,
                ..insert.object.clone()
            },
        );
        let resource = self.resource(&insert.bucket, &object, &insert.parameters);
        Ok(select(&insert.parameters, resource))
    }

    fn store(&mut self, bucket: &str, mut object: Object) -> Object {
        self.writes += 1;
        // Of the real ones' size: too long for a float of 32 bits.
        object.generation = 1_700_000_000_000_000 + self.writes;
        object.crc32c = crc32c(&object.bytes);
        object.md5_hash = md5(&object.bytes);
        if object.updated_s == 0 {
            object.updated_s = now_s();
        }
        if object.content_type.is_empty() {
            "application/octet-stream".clone_into(&mut object.content_type);
        }
        let contents = self.buckets.entry(bucket.to_owned()).or_default();
        contents.objects.insert(object.name.clone(), object.clone());
        object
    }
}

/// What is said in two places must be the same.
fn agree(what: &str, outside: Option<&str>, metadata: &mut String) -> Outcome<()> {
    let outside = outside.unwrap_or(metadata).to_owned();
    let same = metadata.is_empty() || *metadata == outside;
    require(
        same,
        format!(
            "{what} specified in the upload ({outside}) does not match {what} specified in \
             metadata ({metadata})"
        ),
    )?;
    *metadata = outside;
    Ok(())
}

fn check_name(name: &str) -> Outcome<()> {
    let good = (1..=1024).contains(&name.len())
        && !name.contains(['\r', '\n'])
        && ![".", ".."].contains(&name)
        && !name.starts_with(".well-known/acme-challenge/");
    require(good, format!("Invalid object name: {name:?}"))
}

fn check_acl(contents: &Contents, acl: Option<&str>) -> Outcome<()> {
    let Some(acl) = acl else { return Ok(()) };
    require(
        has_word(PREDEFINED_ACLS, acl),
        format!("Invalid predefinedAcl: {acl}"),
    )?;
    require(
        !contents.uniform,
        "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. \
         Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access",
    )?;
    if contents.prevention && ["publicRead", "authenticatedRead"].contains(&acl) {
        let message = "The member bindings allUsers and allAuthenticatedUsers are not allowed \
                       since public access prevention is enforced.";
        return refuse(412, "conditionNotMet", message);
    }
    Ok(())
}

fn check_hash(what: &str, provided: &str, calculated: &str) -> Outcome<()> {
    let good = provided.is_empty() || provided == calculated;
    let message = "doesn't match calculated";
    require(
        good,
        format!("Provided {what} \"{provided}\" {message} {what} \"{calculated}\"."),
    )
}

fn check_conditions(parameters: &Parameters, live: Option<&Object>) -> Outcome<()> {
    let generation = live.map_or(0, |object| object.generation);
    let metageneration = u64::from(live.is_some());
    for (name, value) in parameters
        .iter()
        .filter(|(name, _)| has_word(CONDITIONS, name))
    {
        let value: u64 = number(value)?;
        let holds = match name.as_str() {
            "ifGenerationMatch" => value == generation,
            "ifGenerationNotMatch" => value != generation,
            "ifMetagenerationMatch" => value == metageneration,
            _ => value != metageneration,
        };
        if !holds {
            let message = "At least one of the pre-conditions you specified did not hold.";
            return refuse(412, "conditionNotMet", message);
        }
    }
    Ok(())
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.strip_prefix("multipart/related")?.split(';');
    let boundary = parameters
        .map(str::trim)
        .find_map(|text| text.strip_prefix("boundary="))?;
    Some(boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

/// The Content-Type and the bytes of exactly two parts.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<[(&'a str, &'a [u8]); 2]> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut rest = body.strip_prefix(&delimiter[2..])?;
    let mut parts = Vec::new();
    while ![&b"--"[..], b"--\r\n"].contains(&rest) {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, &delimiter)?;
        parts.push(split_part(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
    parts.try_into().ok()
}

fn split_part(part: &[u8]) -> Option<(&str, &[u8])> {
    let end = find(part, b"\r\n\r\n")?;
    let headers = std::str::from_utf8(&part[..end]).ok()?;
    let mut headers = headers.lines().filter_map(|line| line.split_once(':'));
    let (_, content_type) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    Some((content_type.trim(), &part[end + 4..]))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

// ---- resumable sessions ----

impl State {
    fn chunk(&mut self, call: &mut Call) -> Outcome {
        let (id, mut session) = self.take_session(call)?;
        let result = self.resume(&mut session, call);
        self.sessions.insert(id, session);
        result
    }

    fn cancel(&mut self, call: &mut Call) -> Outcome {
        let (id, mut session) = self.take_session(call)?;
        if matches!(session.stage, Stage::Open) {
            session.stage = Stage::Cancelled;
        }
        self.sessions.insert(id, session);
        Ok(reply(499, &[], ""))
    }

    fn take_session(&mut self, call: &mut Call) -> Outcome<(String, Session)> {
        call.accept(&["uploadType upload_id"])?;
        let id = call.parameter("upload_id").unwrap_or_default();
        let Some((id, session)) = self.sessions.remove_entry(id) else {
            return refuse(404, "notFound", "No such upload session");
        };
        call.object = Some(session.insert.object.name.clone());
        Ok((id, session))
    }

    fn resume(&mut self, session: &mut Session, call: &Call) -> Outcome {
        match &session.stage {
            Stage::Open => session.append(call)?,
            // Whatever is sent to a finished session, the answer is its object.
            Stage::Done(resource) => return Ok(json_reply(200, resource)),
            Stage::Cancelled => return refuse(499, "", ""),
            Stage::Gone => return refuse(410, "gone", "The upload session has ended."),
        }
        let held_bytes = session.bytes.len();
        if session.total_bytes != Some(held_bytes) {
            let range = held_bytes
                .checked_sub(1)
                .map(|last| ("range", format!("bytes=0-{last}")));
            return Ok(reply(308, &Vec::from_iter(range), ""));
        }
        let stored = self.commit(&session.insert, std::mem::take(&mut session.bytes));
        session.stage = stored
            .as_ref()
            .map_or(Stage::Gone, |value| Stage::Done(value.clone()));
        Ok(json_reply(200, &stored?))
    }
}

impl Session {
    /// Takes in a chunk; without one, the request asks how far the session is.
    fn append(&mut self, call: &Call) -> Outcome<()> {
        let (held, sent) = (self.bytes.len(), call.body.len());
        let range = call.header("content-range");
        let range = range.map_or(Some((Some((0, sent)), Some(sent))), content_range);
        let Some((span, total)) = range else {
            return refuse(400, "", "Failed to parse Content-Range header.");
        };
        let Some((first, end)) = span else {
            // To name the size that is there already ends an upload of unknown size.
            self.total_bytes = self.total_bytes.or(total.filter(|total| *total == held));
            return plain(
                sent == 0,
                "Client sent query request with a non-empty body.".into(),
            );
        };
        let total = total.or(self.total_bytes);
        if first > held {
            let message = format!("upload offset {first} exceeds already uploaded size {held}.");
            return refuse(503, "", message);
        }
        let fits = self.total_bytes.is_none_or(|_| self.total_bytes == total)
            && total.is_none_or(|total| end <= total);
        let whole_units = total == Some(end) || sent % CHUNK_UNIT_BYTES == 0;
        plain(
            end - first == sent,
            format!("{sent} byte(s) in the body, not {}", end - first),
        )?;
        plain(
            fits,
            format!("the end or the size conflicts with {:?}", self.total_bytes),
        )?;
        plain(
            whole_units,
            format!("{sent} byte(s) are no multiple of 256 KiB"),
        )?;
        // What is there already is not stored again.
        let new = call.body.get(held - first..).unwrap_or_default();
        self.bytes
            .extend_from_slice(&new[..new.len().min(call.persist_bytes_max)]);
        self.total_bytes = total;
        Ok(())
    }
}

fn plain(holds: bool, message: String) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        refuse(400, "", format!("Invalid request.  {message}"))
    }
}

/// `bytes 0-9/20` is 0..10 of 20; for a `*` there is no span, or no size.
fn content_range(text: &str) -> Option<(Option<(usize, usize)>, Option<usize>)> {
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    if span == "*" {
        return Some((None, total));
    }
    let (first, last) = span.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let end = last.checked_add(1).filter(|end| first < *end)?;
    Some((Some((first, end)), total))
}

// ---- get, list, delete ----

impl State {
    fn get_bucket(&self, call: &Call, bucket: &str) -> Outcome {
        call.accept(&[COMMON])?;
        let contents = self.contents(bucket)?;
        contents.authorize(self.caller(call)?, Permission::GetBucket)?;
        let prevention = if contents.prevention {
            "enforced"
        } else {
            "inherited"
        };
        let resource = json!({
            "kind": "storage#bucket", "id": bucket, "name": bucket, "location": "EU",
            "storageClass": "STANDARD", "metageneration": "1", "etag": "CAE=",
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": contents.uniform},
                "publicAccessPrevention": prevention,
            },
        });
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    fn get(&self, call: &mut Call, bucket: &str, name: &str) -> Outcome {
        call.object = Some(name.to_owned());
        call.accept(&[COMMON, CONDITIONS])?;
        let object = self.contents(bucket)?.read(self.caller(call)?, name)?;
        check_conditions(&call.parameters, Some(object))?;
        match call.parameter("alt") {
            Some("media") => Ok(media(object)),
            _ => {
                let resource = self.resource(bucket, object, &call.parameters);
                Ok(json_reply(200, &select(&call.parameters, resource)))
            }
        }
    }

    fn delete(&mut self, call: &mut Call, bucket: &str, name: &str) -> Outcome {
        call.object = Some(name.to_owned());
        call.accept(&[COMMON, CONDITIONS])?;
        let caller = self.caller(call)?;
        let contents = self.contents(bucket)?;
        contents.authorize(caller, Permission::Overwrite)?;
        check_conditions(&call.parameters, Some(contents.read(caller, name)?))?;
        self.buckets
            .entry(bucket.to_owned())
            .or_default()
            .objects
            .remove(name);
        Ok(reply(204, &[], ""))
    }

    fn list(&self, call: &Call, bucket: &str) -> Outcome {
        call.accept(&[COMMON, "prefix delimiter maxResults pageToken"])?;
        let contents = self.contents(bucket)?;
        contents.authorize(self.caller(call)?, Permission::List)?;
        let max = call
            .parameter("maxResults")
            .map_or(Ok(PAGE_ENTRIES_MAX), number)?;
        require(max > 0, "maxResults must be positive")?;
        let token = call.parameter("pageToken").unwrap_or_default();
        let after = URL_SAFE_NO_PAD.decode(token).map(String::from_utf8);
        let Ok(Ok(after)) = after else {
            return invalid("Invalid pageToken");
        };
        let mut entries = entries(contents, call)
            .into_iter()
            .filter(|(name, _)| **name > *after);
        let page: Vec<_> = entries.by_ref().take(max.min(PAGE_ENTRIES_MAX)).collect();
        let next = page.last().filter(|_| entries.next().is_some());
        let objects = page.iter().filter_map(|(_, object)| *object);
        let fields = call.parameter("fields").unwrap_or_default();
        let whole = !fields.contains("items(") && !fields.contains("items/");
        let resource = |object| match self.resource(bucket, object, &call.parameters) {
            resource if whole => resource,
            resource => select(&call.parameters, resource),
        };
        let prefixes = page
            .iter()
            .filter(|(_, object)| object.is_none())
            .map(|(name, _)| name);
        let listing = compact(json!({
            "kind": "storage#objects",
            "items": objects.map(resource).collect::<Vec<_>>(),
            "prefixes": prefixes.collect::<Vec<_>>(),
            "nextPageToken": next.map(|(name, _)| URL_SAFE_NO_PAD.encode(name)),
        }));
        Ok(json_reply(200, &select(&call.parameters, listing)))
    }

    fn public_list(&self, call: &Call, bucket: &str) -> Outcome {
        let contents = self.contents(bucket)?;
        contents.authorize(self.caller(call)?, Permission::List)?;
        let keys = contents.objects.keys();
        let keys: String = keys
            .map(|key| format!("<Contents><Key>{key}</Key></Contents>"))
            .collect();
        Ok(xml_reply(
            200,
            &format!("<ListBucketResult>{keys}</ListBucketResult>"),
        ))
    }

    fn public_get(&self, call: &mut Call, bucket: &str, name: String) -> Outcome {
        let object = self.contents(bucket)?.read(self.caller(call)?, &name)?;
        call.object = Some(name);
        Ok(media(object))
    }

    fn resource(&self, bucket: &str, object: &Object, parameters: &Parameters) -> Value {
        let (name, generation) = (&object.name, object.generation.to_string());
        let path = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let link = format!("{}/storage/v1/b/{bucket}/o/{path}", self.url);
        let updated = rfc3339(object.updated_s);
        let public = object.acl.as_deref() == Some("publicRead");
        let full = parameters
            .get("projection")
            .is_some_and(|projection| projection == "full");
        let acl = json!([{"entity": "allUsers", "role": "READER"}]);
        compact(json!({
            "kind": "storage#object", "id": format!("{bucket}/{name}/{generation}"),
            "bucket": bucket, "name": name, "selfLink": link, "storageClass": "STANDARD",
            "mediaLink": format!("{link}?alt=media"), "metageneration": "1",
            "etag": STANDARD.encode(&generation), "generation": generation,
            "size": object.bytes.len().to_string(),
            "crc32c": object.crc32c, "md5Hash": object.md5_hash,
            "timeCreated": updated, "updated": updated, "metadata": object.metadata,
            "contentType": object.content_type, "cacheControl": object.cache_control,
            "contentEncoding": object.content_encoding,
            "contentDisposition": object.content_disposition,
            "contentLanguage": object.content_language,
            "acl": (public && full).then_some(acl),
        }))
    }
}

/// Objects by name and, where there is a delimiter, common prefixes without one.
fn entries<'a>(contents: &'a Contents, call: &Call) -> BTreeMap<&'a str, Option<&'a Object>> {
    let prefix = call.parameter("prefix").unwrap_or_default();
    let delimiter = call
        .parameter("delimiter")
        .filter(|delimiter| !delimiter.is_empty());
    let entry = |(name, object): (&'a String, &'a Object)| {
        let rest = name.strip_prefix(prefix)?;
        let found = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        Some(match found {
            Some(length) => (&name[..prefix.len() + length], None),
            None => (name.as_str(), Some(object)),
        })
    };
    contents.objects.iter().filter_map(entry).collect()
}

/// What `fields` asks for at the top; below, it is as if it asked for all.
fn select(parameters: &Parameters, mut value: Value) -> Value {
    let Some(fields) = parameters.get("fields") else {
        return value;
    };
    let names: Vec<&str> = fields.split(['(', ')', ',', '/']).collect();
    if let (false, Value::Object(map)) = (names.contains(&"*"), &mut value) {
        map.retain(|key, _| names.contains(&key.as_str()));
    }
    value
}

fn compact(mut value: Value) -> Value {
    let empty = [Value::Null, json!([]), json!({})];
    if let Value::Object(map) = &mut value {
        map.retain(|_, value| !empty.contains(value));
    }
    value
}

// ---- replies ----

fn media(object: &Object) -> Reply {
    let mut headers = vec![
        ("content-type", object.content_type.clone()),
        ("etag", format!("\"{:x}\"", Md5::digest(&object.bytes))),
        ("x-goog-generation", object.generation.to_string()),
        (
            "x-goog-hash",
            format!("crc32c={},md5={}", object.crc32c, object.md5_hash),
        ),
    ];
    let cache_control = object.cache_control.clone();
    let optional = [
        (
            "cache-control",
            &cache_control.or(Some("public, max-age=3600".to_owned())),
        ),
        ("content-encoding", &object.content_encoding),
        ("content-disposition", &object.content_disposition),
        ("content-language", &object.content_language),
    ];
    headers.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    reply(200, &headers, object.bytes.clone())
}

fn json_reply(status: u16, value: &Value) -> Reply {
    let headers = [("content-type", "application/json; charset=UTF-8".to_owned())];
    reply(status, &headers, value.to_string())
}

fn xml_reply(status: u16, element: &str) -> Reply {
    let headers = [("content-type", "application/xml; charset=UTF-8".to_owned())];
    reply(
        status,
        &headers,
        format!("<?xml version='1.0' encoding='UTF-8'?>{element}"),
    )
}

fn reply(status: u16, headers: &[(&'static str, String)], body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    let mut reply = Response::builder()
        .status(status)
        .header("content-length", body.len());
    for (name, value) in headers {
        reply = reply.header(*name, value);
    }
    // Whoever planted an impossible header shall see it.
    reply
        .body(body)
        .unwrap_or_else(|error| json_reply(500, &json!({"error": error.to_string()})))
}

impl Refusal {
    fn reply(self, json: bool) -> Reply {
        let Self {
            status,
            reason,
            message,
        } = self;
        if reason.is_empty() {
            return reply(
                status,
                &[("content-type", "text/plain; charset=utf-8".into())],
                message,
            );
        }
        if !json {
            let (status, code) = match (status, reason) {
                (401, "required") | (403, _) => (403, "AccessDenied"),
                (401, _) => (401, "AuthenticationRequired"),
                (404, _) if message.contains("bucket") => (404, "NoSuchBucket"),
                (404, _) => (404, "NoSuchKey"),
                _ => (status, "InvalidArgument"),
            };
            let details = format!("<Code>{code}</Code><Details>{message}</Details>");
            return xml_reply(status, &format!("<Error>{details}</Error>"));
        }
        let mut error = json!({"message": message, "domain": "global", "reason": reason});
        let header = [(401, "Authorization"), (412, "If-Match")];
        if let Some((_, header)) = header.into_iter().find(|(code, _)| *code == status) {
            error["locationType"] = json!("header");
            error["location"] = json!(header);
        }
        let error = json!({"code": status, "message": message, "errors": [error]});
        json_reply(status, &json!({"error": error}))
    }
}

fn refuse<T>(status: u16, reason: &'static str, message: impl Into<String>) -> Outcome<T> {
    Err(Refusal {
        status,
        reason,
        message: message.into(),
    })
}

fn invalid<T>(message: impl Into<String>) -> Outcome<T> {
    refuse(400, "invalid", message)
}

fn require(holds: bool, message: impl Into<String>) -> Outcome<()> {
    if holds { Ok(()) } else { invalid(message) }
}

// ---- text ----

fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

fn number<T: std::str::FromStr>(text: &str) -> Outcome<T> {
    text.parse()
        .or_else(|_| invalid(format!("Invalid value: {text:?} is no such number")))
}

fn decode(segment: &str) -> Outcome<String> {
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.map_or_else(
        |_| invalid("The path is not UTF-8"),
        |text| Ok(text.into_owned()),
    )
}

fn crc32c(bytes: &[u8]) -> String {
    STANDARD.encode(crc32c::crc32c(bytes).to_be_bytes())
}

fn md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is past 1970").as_secs()
}

/// The Gregorian date, by counting from 1 March 0000 in eras of 400 years.
fn rfc3339(time_s: u64) -> String {
    let (era, day) = (
        (time_s / 86_400 + 719_468) / 146_097,
        (time_s / 86_400 + 719_468) % 146_097,
    );
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let (month, day) = ((shifted + 2) % 12 + 1, day - (153 * shifted + 2) / 5 + 1);
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (time_s / 3600 % 24, time_s / 60 % 60, time_s % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}
