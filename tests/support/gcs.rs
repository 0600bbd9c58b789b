//! Google Cloud Storage in this process, as strict as the real one, for tests.
//!
//! It speaks what a publisher needs of the JSON API (multipart and resumable insert, get, list,
//! delete, bucket get), the public endpoint `/{bucket}/{object}`, and the token endpoints of OAuth
//! and of Google's machines (`GCE_METADATA_HOST`).
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

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::form_urlencoded;

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
    state: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a bucket differs from one that is fine-grained, private, and open to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setup {
    /// Uniform bucket-level access: any `predefinedAcl` is refused.
    Uniform,
    /// Strangers can read every object, but not list them.
    Public,
    /// Strangers can list the names: the leak to be found.
    Listable,
    /// Public access prevention: strangers get nothing, and `publicRead` is refused with 412.
    PreventPublicAccess,
    /// The account lacks `storage.objects.create`, and so on.
    NoCreate,
    /// `storage.objects.delete`: to delete an object, or to replace it.
    NoOverwrite,
    NoGet,
    NoList,
    NoGetBucket,
}

/// An object: what an upload may say of it, and what the server assigns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
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
    method: &'static str,
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
        let state = Shared::default();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let url = format!("http://{address}");
        lock(&state).url.clone_from(&url);
        Self {
            url,
            state,
            stop: Some(stop),
            thread: Some(thread::spawn(|| serve(listener, shared, stopped))),
        }
    }

    /// `http://127.0.0.1:port`, for `STORAGE_EMULATOR_HOST`; `{url}/token` is the token endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates a bucket, or sets one up anew; its objects stay.
    pub fn bucket(&self, name: &str, setup: &[Setup]) {
        let mut state = lock(&self.state);
        let bucket = state.buckets.entry(name.to_owned()).or_default();
        bucket.setup = setup.iter().copied().collect();
    }

    /// Plants an object; the bucket is created if there is none. Returns its generation.
    pub fn put(&self, bucket: &str, name: &str, mut object: Object) -> u64 {
        name.clone_into(&mut object.name);
        lock(&self.state).store(bucket, object).generation
    }

    /// Takes an object away behind the program's back.
    pub fn remove(&self, bucket: &str, name: &str) -> Option<Object> {
        let mut state = lock(&self.state);
        state.buckets.get_mut(bucket)?.objects.remove(name)
    }

    pub fn object(&self, bucket: &str, name: &str) -> Option<Object> {
        let state = lock(&self.state);
        state.buckets.get(bucket)?.objects.get(name).cloned()
    }

    /// The names of all objects, sorted.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        let state = lock(&self.state);
        let objects = state.buckets.get(bucket).map(|bucket| &bucket.objects);
        objects
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect()
    }

    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state).requests.clone()
    }

    /// Forgets the requests so far, and nothing else.
    pub fn clear(&self) {
        lock(&self.state).requests.clear();
    }

    pub fn fault(&self, fault: Fault) {
        lock(&self.state).faults.push(fault);
    }

    /// How many faults have not happened; a test that relies on its faults asserts 0.
    pub fn faults_left(&self) -> usize {
        lock(&self.state).faults.len()
    }

    /// From now on the JSON API answers 401 without a token of [`Server::token`] or `POST /token`.
    pub fn require_token(&self) {
        lock(&self.state).token_required = true;
    }

    /// Issues a token as `POST /token` does: `test-token-1`, then `test-token-2`, ...
    pub fn token(&self) -> String {
        lock(&self.state).issue_token()
    }

    /// Refuses every token issued so far; those issued later are accepted.
    pub fn expire_token(&self) {
        let mut state = lock(&self.state);
        state.tokens_expired = state.tokens_issued;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        let well = matches!(ended, Some(Ok(())));
        assert!(thread::panicking() || well, "the server panicked");
    }
}

impl Object {
    pub fn new(bytes: impl Into<Vec<u8>>, content_type: &str) -> Self {
        Self {
            bytes: bytes.into(),
            content_type: content_type.to_owned(),
            ..Self::default()
        }
    }
}

impl Fault {
    /// For a `method` (`*` is any) and a part of `path?query`, percent-encoded or not.
    pub fn new(method: &'static str, part: &str, effect: Effect) -> Self {
        let (part, skip) = (part.to_owned(), 0);
        Self {
            method,
            part,
            skip,
            effect,
        }
    }

    /// Lets so many matching requests pass first.
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    fn matches(&self, head: &Parts) -> bool {
        let target = head.uri.to_string();
        let decoded = percent_decode_str(&target).decode_utf8_lossy();
        (self.method == "*" || self.method == head.method)
            && (target.contains(&self.part) || decoded.contains(&self.part))
    }
}

type Shared = Arc<Mutex<State>>;
/// The first byte, and the one after the last.
type Span = (usize, usize);
type Parameters = BTreeMap<String, String>;
type Reply = Response<Bytes>;
type Outcome<T = Reply> = Result<T, Refusal>;

#[derive(Default)]
struct State {
    url: String,
    buckets: BTreeMap<String, Bucket>,
    sessions: BTreeMap<String, Upload>,
    writes: u64,
    token_required: bool,
    tokens_issued: u64,
    tokens_expired: u64,
    faults: Vec<Fault>,
    requests: Vec<Request>,
    /// The name of the object that the request at hand is about.
    about: Option<String>,
    persist_bytes_max: Option<usize>,
}

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Object>,
    setup: BTreeSet<Setup>,
}

/// A checked request to store an object whose bytes may come later.
struct Upload {
    bucket: String,
    object: Object,
    parameters: Parameters,
    total_bytes: Option<usize>,
    stage: Stage,
}

enum Stage {
    Open,
    Done(Value),
    Ended(u16),
}

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
}

#[derive(Clone, Copy)]
enum Caller {
    Account,
    Anonymous,
}

// ---- connections ----

fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().expect("no handler panics")
}

fn serve(listener: std::net::TcpListener, state: Shared, stopped: oneshot::Receiver<()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build().expect("a runtime starts");
    let nonblocking = listener.set_nonblocking(true);
    nonblocking.expect("a socket can be non-blocking");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("the socket is non-blocking");
        tokio::spawn(accept(listener, state));
        // Nothing is ever sent: the sender's drop is the signal.
        drop(stopped.await);
    });
}

async fn accept(listener: TcpListener, state: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// An error closes the connection, which is how faults do it.
async fn answer(state: Shared, request: hyper::Request<Incoming>) -> io::Result<Response<Payload>> {
    let (head, body) = request.into_parts();
    let effect = lock(&state).take_fault(&head);
    let body = match effect {
        Some(Effect::CloseBefore) => Vec::new(),
        _ => read(body).await.map_err(io::Error::other)?,
    };
    let hangs = matches!(effect, Some(Effect::Hang));
    let reply = lock(&state).act(&Call::new(head, body), effect);
    if hangs {
        pending::<()>().await;
    }
    reply.ok_or(io::ErrorKind::ConnectionAborted.into())
}

async fn read(mut body: Incoming) -> hyper::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        bytes.extend(frame?.into_data().unwrap_or_default());
    }
    Ok(bytes)
}

/// The body of a reply; one that is cut is shorter than promised, so the connection is closed.
struct Payload {
    bytes: Option<Bytes>,
    cut: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.cut {
            return Poll::Ready(None);
        }
        // Lets the bytes reach the socket first: closing would drop them.
        self.cut = false;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn payload(bytes: Bytes, cut: bool) -> Payload {
    let bytes = Some(bytes);
    Payload { bytes, cut }
}

fn truncated(reply: Reply) -> Response<Payload> {
    // Even of an empty reply, one byte is promised and missing.
    let promised_bytes = reply.body().len().max(1);
    let mut half = reply.map(|bytes| payload(bytes.slice(..bytes.len() / 2), true));
    let headers = half.headers_mut();
    headers.insert("content-length", promised_bytes.into());
    half
}

// ---- from a request to its handler ----

impl Call {
    fn new(head: Parts, body: Vec<u8>) -> Self {
        let parameters = form(head.uri.query().unwrap_or_default().as_bytes());
        Self {
            head,
            parameters,
            body,
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
        let known = |name: &String| lists.iter().any(|list| has_word(list, name));
        let unknown = self.parameters.keys().find(|name| !known(name));
        require(
            unknown.is_none(),
            format!("Unknown query parameters: {unknown:?}"),
        )
    }

    fn is_json_api(&self) -> bool {
        let starts = ["/storage/", "/upload/", "/token"];
        starts
            .iter()
            .any(|start| self.head.uri.path().starts_with(start))
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

    fn act(&mut self, call: &Call, effect: Option<Effect>) -> Option<Response<Payload>> {
        let answer = self.affected(call, effect);
        let uri = &call.head.uri;
        self.requests.push(Request {
            method: call.head.method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            object: self.about.take(),
            status: answer.as_ref().map_or(0, |reply| reply.status().as_u16()),
        });
        answer
    }

    fn affected(&mut self, call: &Call, effect: Option<Effect>) -> Option<Response<Payload>> {
        let reply = match effect {
            Some(Effect::CloseBefore | Effect::Hang) => return None,
            Some(Effect::Status(code, headers, body)) => reply(code, &headers, body),
            Some(Effect::TruncateReply) => return Some(truncated(self.handle(call))),
            Some(Effect::CommitThenClose) => {
                self.handle(call);
                return None;
            }
            Some(Effect::CommitThenStatus(code)) => {
                self.handle(call);
                reply(code, &[], "")
            }
            Some(Effect::PersistOnly(bytes)) => {
                self.persist_bytes_max = Some(bytes);
                let reply = self.handle(call);
                self.persist_bytes_max = None;
                reply
            }
            None => self.handle(call),
        };
        Some(reply.map(|bytes| payload(bytes, false)))
    }

    fn handle(&mut self, call: &Call) -> Reply {
        let answer = self.route(call);
        answer.unwrap_or_else(|refusal| refusal.reply(call.is_json_api()))
    }

    fn route(&mut self, call: &Call) -> Outcome {
        let segments = call.head.uri.path().split('/').skip(1).map(decode);
        let segments = segments.collect::<Outcome<Vec<String>>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let session = call.parameter("upload_id");
        match (call.head.method.as_str(), segments.as_slice(), session) {
            ("POST", ["token"], _) => self.grant(call),
            ("GET", ["computeMetadata", "v1", .., "default", "token"], _) => {
                self.grant_to_machine(call)
            }
            (_, ["upload", "storage", "v1", "b", bucket, "o"], Some(id)) => {
                self.in_session(call, bucket, id)
            }
            ("POST", ["upload", "storage", "v1", "b", bucket, "o"], _) => self.insert(call, bucket),
            ("GET", ["storage", "v1", "b", bucket], _) => self.get_bucket(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "o"], _) => self.list(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "o", name], _) => {
                self.about = Some((*name).to_owned());
                self.get(call, bucket, name)
            }
            ("DELETE", ["storage", "v1", "b", bucket, "o", name], _) => {
                self.about = Some((*name).to_owned());
                self.delete(call, bucket, name)
            }
            (_, ["token" | "storage" | "upload", ..], _) => refuse(404, "notFound", "Not Found"),
            ("GET" | "HEAD", [bucket] | [bucket, ""], _) => self.public_list(call, bucket),
            ("GET" | "HEAD", [bucket, name @ ..], _) => {
                self.about = Some(name.join("/"));
                let bucket = self.existing(bucket)?;
                Ok(media(bucket.read(self.caller(call)?, &name.join("/"))?))
            }
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
        let form = form(&call.body);
        let field = |name| form.get(name).map_or("", String::as_str);
        let secrets = ["client_id", "client_secret", "refresh_token"];
        let error = match field("grant_type") {
            "refresh_token" if secrets.iter().all(|name| !field(name).is_empty()) => None,
            JWT_BEARER if field("assertion").split('.').count() == 3 => None,
            "refresh_token" | JWT_BEARER => Some("invalid_grant"),
            _ => Some("unsupported_grant_type"),
        };
        if let Some(error) = error {
            return Ok(json_reply(400, &json!({"error": error})));
        }
        Ok(self.token_reply())
    }

    /// The metadata server of Google's machines, where `GCE_METADATA_HOST` names this one.
    fn grant_to_machine(&mut self, call: &Call) -> Outcome {
        match call.header("metadata-flavor") {
            Some("Google") => Ok(self.token_reply()),
            _ => refuse(403, "", "Missing Metadata-Flavor:Google header."),
        }
    }

    fn token_reply(&mut self) -> Reply {
        let token = self.issue_token();
        let body = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
        json_reply(200, &body)
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
        let number = header.strip_prefix("Bearer test-token-");
        let number = number.and_then(|number| number.parse::<u64>().ok());
        number.is_some_and(|number| self.tokens_expired < number && number <= self.tokens_issued)
    }

    fn existing(&self, bucket: &str) -> Outcome<&Bucket> {
        let missing = || refuse(404, "notFound", "The specified bucket does not exist.");
        self.buckets.get(bucket).map_or_else(missing, Ok)
    }
}

impl Bucket {
    fn is(&self, setup: Setup) -> bool {
        self.setup.contains(&setup)
    }

    /// Refuses what `lack` denies to the account, and nearly all to strangers.
    fn authorize(&self, caller: Caller, lack: Setup, object: Option<&Object>) -> Outcome<()> {
        let is_public =
            |object: &Object| self.is(Setup::Public) || object.acl.as_deref() == Some("publicRead");
        let (allowed, status, reason, who) = match (caller, lack) {
            (Caller::Account, _) => (!self.is(lack), 403, "forbidden", "tester@example.com"),
            (Caller::Anonymous, _) => {
                let allowed = match lack {
                    _ if self.is(Setup::PreventPublicAccess) => false,
                    Setup::NoGet => object.is_some_and(is_public),
                    _ => lack == Setup::NoList && self.is(Setup::Listable),
                };
                (allowed, 401, "required", "Anonymous caller")
            }
        };
        if allowed {
            return Ok(());
        }
        let (permission, target) = match lack {
            Setup::NoCreate => ("storage.objects.create", "object"),
            Setup::NoOverwrite => ("storage.objects.delete", "object"),
            Setup::NoGet => ("storage.objects.get", "object"),
            Setup::NoList => ("storage.objects.list", "bucket"),
            _ => ("storage.buckets.get", "bucket"),
        };
        let message = format!(
            "{who} does not have {permission} access to the Google Cloud Storage {target}. \
             Permission '{permission}' denied on resource (or it may not exist)."
        );
        refuse(status, reason, message)
    }

    fn read(&self, caller: Caller, name: &str) -> Outcome<&Object> {
        let Some(object) = self.objects.get(name) else {
            // Only who can list may learn that an object does not exist.
            self.authorize(caller, Setup::NoList, None)?;
            return refuse(404, "notFound", format!("No such object: {name}"));
        };
        self.authorize(caller, Setup::NoGet, Some(object))?;
        Ok(object)
    }
}

// ---- insert ----

impl State {
    fn insert(&mut self, call: &Call, bucket: &str) -> Outcome {
        call.accept(&[COMMON, CONDITIONS, "uploadType name predefinedAcl"])?;
        let caller = self.caller(call)?;
        self.existing(bucket)?
            .authorize(caller, Setup::NoCreate, None)?;
        match call.parameter("uploadType") {
            Some("multipart") => {
                let Some([metadata, (media_type, media)]) = parts(call) else {
                    return invalid("Malformed multipart body.");
                };
                let mut upload = self.prepare(call, bucket, metadata, Some(media_type))?;
                upload.object.bytes = media.to_vec();
                Ok(json_reply(200, &self.commit(&upload)?))
            }
            Some("resumable") => self.open_session(call, bucket),
            _ => invalid("uploadType must be multipart or resumable here"),
        }
    }

    fn open_session(&mut self, call: &Call, bucket: &str) -> Outcome {
        let metadata = match call.body.as_slice() {
            [] => ("application/json", &b"{}"[..]),
            json => (call.header("content-type").unwrap_or_default(), json),
        };
        let media_type = call.header("x-upload-content-type");
        let total_bytes = call.header("x-upload-content-length").map(number);
        let mut upload = self.prepare(call, bucket, metadata, media_type)?;
        upload.total_bytes = total_bytes.transpose()?;
        let id = format!("session-{}", self.sessions.len() + 1);
        let path = format!("upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={id}");
        self.sessions.insert(id, upload);
        Ok(reply(
            200,
            &[("location", format!("{}/{path}", self.url))],
            "",
        ))
    }

    /// Checks all that can be checked before the bytes are there.
    fn prepare(
        &mut self,
        call: &Call,
        bucket: &str,
        (json_type, json): (&str, &[u8]),
        media_type: Option<&str>,
    ) -> Outcome<Upload> {
        let is_json = json_type.split(';').next() == Some("application/json");
        require(is_json, format!("Metadata has Content-Type {json_type}"))?;
        let object = serde_json::from_slice(json);
        let mut object: Object = object.or_else(|error| invalid(format!("Metadata: {error}")))?;
        agree("name", call.parameter("name"), &mut object.name)?;
        self.about = Some(object.name.clone());
        check_name(&object.name)?;
        agree("Content-Type", media_type, &mut object.content_type)?;
        object.acl = call.parameter("predefinedAcl").map(str::to_owned);
        self.existing(bucket)?.check_acl(object.acl.as_deref())?;
        require(
            media(&object).status() == 200,
            "A value cannot be that of a header",
        )?;
        let upload = Upload {
            bucket: bucket.to_owned(),
            object,
            parameters: call.parameters.clone(),
            total_bytes: None,
            stage: Stage::Open,
        };
        self.check_live(&upload)?;
        Ok(upload)
    }

    /// Checks what must hold of the object that is to be replaced, or of its absence.
    fn check_live(&self, upload: &Upload) -> Outcome<()> {
        let bucket = self.existing(&upload.bucket)?;
        let live = bucket.objects.get(&upload.object.name);
        check_conditions(&upload.parameters, live)?;
        match live {
            Some(_) => bucket.authorize(Caller::Account, Setup::NoOverwrite, None),
            None => Ok(()),
        }
    }

    fn commit(&mut self, upload: &Upload) -> Outcome<Value> {
        let object = &upload.object;
        check_hash("CRC32C", &object.crc32c, &crc32c(&object.bytes))?;
        check_hash("MD5 hash", &object.md5_hash, &md5(&object.bytes))?;
        self.check_live(upload)?;
        let object = self.store(&upload.bucket, object.clone());
        let resource = resource(&upload.bucket, object, &upload.parameters);
        Ok(select(&upload.parameters, resource))
    }

    fn store(&mut self, bucket: &str, mut object: Object) -> &Object {
        self.writes += 1;
        // As long as real ones, which are microseconds.
        object.generation = 1_700_000_000_000_000 + self.writes;
        object.crc32c = crc32c(&object.bytes);
        object.md5_hash = md5(&object.bytes);
        if object.updated_s == 0 {
            object.updated_s = now_s();
        }
        if object.content_type.is_empty() {
            "application/octet-stream".clone_into(&mut object.content_type);
        }
        let bucket = self.buckets.entry(bucket.to_owned()).or_default();
        let entry = bucket.objects.entry(object.name.clone());
        entry.insert_entry(object).into_mut()
    }
}

/// What is said in two places must be the same.
fn agree(what: &str, outside: Option<&str>, metadata: &mut String) -> Outcome<()> {
    let outside = outside.unwrap_or(metadata).to_owned();
    let same = metadata.is_empty() || *metadata == outside;
    let message = format!("does not match {what} specified in metadata ({metadata})");
    require(
        same,
        format!("{what} specified in the upload ({outside}) {message}"),
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

impl Bucket {
    fn check_acl(&self, acl: Option<&str>) -> Outcome<()> {
        let Some(acl) = acl else { return Ok(()) };
        require(
            has_word(PREDEFINED_ACLS, acl),
            format!("Invalid predefinedAcl: {acl}"),
        )?;
        require(
            !self.is(Setup::Uniform),
            "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. \
             Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access",
        )?;
        let is_public = ["publicRead", "authenticatedRead"].contains(&acl);
        if is_public && self.is(Setup::PreventPublicAccess) {
            let message = "The member bindings allUsers and allAuthenticatedUsers are not allowed \
                           since public access prevention is enforced.";
            return refuse(412, "conditionNotMet", message);
        }
        Ok(())
    }
}

fn check_hash(what: &str, provided: &str, calculated: &str) -> Outcome<()> {
    let good = provided.is_empty() || provided == calculated;
    let message = format!("doesn't match calculated {what} \"{calculated}\".");
    require(good, format!("Provided {what} \"{provided}\" {message}"))
}

fn check_conditions(parameters: &Parameters, live: Option<&Object>) -> Outcome<()> {
    let generation = live.map_or(0, |object| object.generation);
    let metageneration = u64::from(live.is_some());
    for name in CONDITIONS.split(' ') {
        let Some(value) = parameters.get(name) else {
            continue;
        };
        let value: u64 = number(value)?;
        let holds = match name {
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

/// Of the generations of an object, only the live one exists here.
fn check_generation(call: &Call, object: &Object) -> Outcome<()> {
    let generation = call.parameter("generation").map(number).transpose()?;
    if generation.is_none_or(|generation: u64| generation == object.generation) {
        return Ok(());
    }
    refuse(404, "notFound", format!("No such object: {}", object.name))
}

/// The Content-Type and the bytes of exactly two parts.
fn parts(call: &Call) -> Option<[(&str, &[u8]); 2]> {
    let parameters = call
        .header("content-type")?
        .strip_prefix("multipart/related")?;
    let mut parameters = parameters.split(';').map(str::trim);
    let boundary = parameters
        .find_map(|text| text.strip_prefix("boundary="))?
        .trim_matches('"');
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut rest = call.body.strip_prefix(&delimiter[2..])?;
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
    fn in_session(&mut self, call: &Call, bucket: &str, id: &str) -> Outcome {
        call.accept(&["uploadType upload_id"])?;
        let found = self
            .sessions
            .remove(id)
            .filter(|upload| upload.bucket == bucket);
        let Some(mut upload) = found else {
            return refuse(404, "notFound", "No such upload session");
        };
        self.about = Some(upload.object.name.clone());
        let answer = match (call.head.method.as_str(), &upload.stage) {
            (_, Stage::Ended(status)) => refuse(*status, "", "The upload session has ended."),
            ("PUT" | "POST", Stage::Open) => self.resume(&mut upload, call),
            ("DELETE", Stage::Open) => {
                upload.stage = Stage::Ended(499);
                refuse(499, "", "")
            }
            // Whatever is sent to a finished session, the answer is its object.
            (_, Stage::Done(resource)) => Ok(json_reply(200, resource)),
            _ => refuse(405, "methodNotAllowed", "Method Not Allowed"),
        };
        self.sessions.insert(id.to_owned(), upload);
        answer
    }

    fn resume(&mut self, upload: &mut Upload, call: &Call) -> Outcome {
        upload.append(call, self.persist_bytes_max.unwrap_or(usize::MAX))?;
        let held = upload.object.bytes.len();
        if upload.total_bytes != Some(held) {
            let range = held
                .checked_sub(1)
                .map(|last| ("range", format!("bytes=0-{last}")));
            return Ok(reply(308, range.as_slice(), ""));
        }
        let stored = self.commit(upload);
        upload.stage = match &stored {
            Ok(resource) => Stage::Done(resource.clone()),
            Err(_) => Stage::Ended(410),
        };
        Ok(json_reply(200, &stored?))
    }
}

impl Upload {
    /// Takes in a chunk; without one, the request asks how far the session is.
    fn append(&mut self, call: &Call, keep_bytes_max: usize) -> Outcome<()> {
        let (held, sent) = (self.object.bytes.len(), call.body.len());
        let range = match call.header("content-range") {
            None => Some((Some((0, sent)), Some(sent))),
            Some(range) => content_range(range),
        };
        let Some((span, total)) = range else {
            return refuse(400, "", "Failed to parse Content-Range header.");
        };
        let Some((first, end)) = span else {
            // To name the size that is there already ends an upload of unknown size.
            let named = total.filter(|total| *total == held);
            self.total_bytes = self.total_bytes.or(named);
            return plain(
                sent == 0,
                "Client sent query request with a non-empty body.",
            );
        };
        if first > held {
            let message = format!("The upload offset {first} exceeds the uploaded size {held}.");
            return refuse(503, "", message);
        }
        let total = total.or(self.total_bytes);
        let agrees = self.total_bytes.is_none() || self.total_bytes == total;
        let fits = total.is_none_or(|total| end <= total);
        let whole_units = total == Some(end) || sent % CHUNK_UNIT_BYTES == 0;
        plain(
            end - first == sent,
            "The body is not as long as the Content-Range.",
        )?;
        plain(
            agrees && fits,
            "The Content-Range conflicts with the size of the upload.",
        )?;
        plain(
            whole_units,
            "Only the last chunk may be no multiple of 256 KiB.",
        )?;
        // What is there already is not stored again.
        let new = call.body.get(held - first..).unwrap_or_default();
        let new = &new[..new.len().min(keep_bytes_max)];
        self.object.bytes.extend_from_slice(new);
        self.total_bytes = total;
        Ok(())
    }
}

/// `bytes 0-9/20` is (0, 10) and 20; for a `*` there is no span, or no size.
fn content_range(text: &str) -> Option<(Option<Span>, Option<usize>)> {
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    if span == "*" {
        return Some((None, total));
    }
    let (first, last) = span.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let end = last.checked_add(1).filter(|end| first < *end)?;
    Some((Some((first, end)), total))
}

// ---- get, delete, list ----

impl State {
    fn get_bucket(&self, call: &Call, name: &str) -> Outcome {
        call.accept(&[COMMON])?;
        let bucket = self.existing(name)?;
        bucket.authorize(self.caller(call)?, Setup::NoGetBucket, None)?;
        let prevention = if bucket.is(Setup::PreventPublicAccess) {
            "enforced"
        } else {
            "inherited"
        };
        let resource = json!({
            "kind": "storage#bucket", "id": name, "name": name, "metageneration": "1",
            "location": "EU", "storageClass": "STANDARD", "etag": "CAE=",
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": bucket.is(Setup::Uniform)},
                "publicAccessPrevention": prevention,
            },
        });
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    fn get(&self, call: &Call, bucket: &str, name: &str) -> Outcome {
        call.accept(&[COMMON, CONDITIONS, "generation"])?;
        let object = self.existing(bucket)?.read(self.caller(call)?, name)?;
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        if call.parameter("alt") == Some("media") {
            return Ok(media(object));
        }
        let resource = resource(bucket, object, &call.parameters);
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    fn delete(&mut self, call: &Call, bucket: &str, name: &str) -> Outcome {
        call.accept(&[COMMON, CONDITIONS, "generation"])?;
        let caller = self.caller(call)?;
        self.existing(bucket)?
            .authorize(caller, Setup::NoOverwrite, None)?;
        let objects = &mut self.buckets.entry(bucket.to_owned()).or_default().objects;
        let Some(object) = objects.get(name) else {
            return refuse(404, "notFound", format!("No such object: {name}"));
        };
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        objects.remove(name);
        Ok(reply(204, &[], ""))
    }

    fn list(&self, call: &Call, name: &str) -> Outcome {
        call.accept(&[COMMON, "prefix delimiter maxResults pageToken"])?;
        let bucket = self.existing(name)?;
        bucket.authorize(self.caller(call)?, Setup::NoList, None)?;
        let max = call.parameter("maxResults").unwrap_or("1000");
        let max = number::<usize>(max)?.min(PAGE_ENTRIES_MAX);
        require(max > 0, "maxResults must be positive")?;
        let token = call.parameter("pageToken").unwrap_or_default();
        let after = BASE64URL_NOPAD
            .decode(token.as_bytes())
            .map(String::from_utf8);
        let Ok(Ok(after)) = after else {
            return invalid("Invalid pageToken");
        };
        let mut entries = bucket.entries(call);
        entries.retain(|entry, _| **entry > *after);
        let page = entries.iter().take(max);
        let next = page.clone().next_back().filter(|_| entries.len() > max);
        let (mut items, mut prefixes) = (Vec::new(), Vec::new());
        for (entry, object) in page {
            match object {
                Some(object) => items.push(resource(name, object, &call.parameters)),
                None => prefixes.push(entry),
            }
        }
        let listing = compact(json!({
            "kind": "storage#objects", "items": items, "prefixes": prefixes,
            "nextPageToken": next.map(|(entry, _)| BASE64URL_NOPAD.encode(entry.as_bytes())),
        }));
        Ok(json_reply(200, &select(&call.parameters, listing)))
    }

    fn public_list(&self, call: &Call, bucket: &str) -> Outcome {
        let bucket = self.existing(bucket)?;
        bucket.authorize(self.caller(call)?, Setup::NoList, None)?;
        let keys = bucket.objects.keys();
        let keys: String = keys
            .map(|key| format!("<Key>{}</Key>", escape(key)))
            .collect();
        let listing = format!("<ListBucketResult>{keys}</ListBucketResult>");
        Ok(xml_reply(200, &listing))
    }
}

impl Bucket {
    /// Objects by name and, where there is a delimiter, common prefixes without one.
    fn entries(&self, call: &Call) -> BTreeMap<&str, Option<&Object>> {
        let prefix = call.parameter("prefix").unwrap_or_default();
        let delimiter = call.parameter("delimiter").filter(|text| !text.is_empty());
        let mut entries = BTreeMap::new();
        for (name, object) in &self.objects {
            let Some(rest) = name.strip_prefix(prefix) else {
                continue;
            };
            let found = delimiter.and_then(|text| Some(rest.find(text)? + text.len()));
            match found {
                Some(length) => entries.insert(&name[..prefix.len() + length], None),
                None => entries.insert(name, Some(object)),
            };
        }
        entries
    }
}

fn resource(bucket: &str, object: &Object, parameters: &Parameters) -> Value {
    let generation = object.generation.to_string();
    let updated = rfc3339(object.updated_s);
    let mut resource = json!(object);
    resource["kind"] = json!("storage#object");
    resource["bucket"] = json!(bucket);
    resource["id"] = json!(format!("{bucket}/{}/{generation}", object.name));
    resource["size"] = json!(object.bytes.len().to_string());
    resource["etag"] = json!(BASE64.encode(generation.as_bytes()));
    resource["generation"] = json!(generation);
    resource["metageneration"] = json!("1");
    resource["timeCreated"] = json!(updated);
    resource["updated"] = json!(updated);
    let full = parameters
        .get("projection")
        .is_some_and(|value| value == "full");
    if full && object.acl.as_deref() == Some("publicRead") {
        resource["acl"] = json!([{"entity": "allUsers", "role": "READER"}]);
    }
    compact(resource)
}

/// What `fields` asks for at the top and of items; below, it is as if it asked for all.
fn select(parameters: &Parameters, mut value: Value) -> Value {
    let Some(fields) = parameters.get("fields") else {
        return value;
    };
    let names: Vec<&str> = fields.split(['(', ')', ',', '/']).collect();
    let keep = |value: &mut Value| {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|key, _| names.contains(&key.as_str()));
        }
    };
    keep(&mut value);
    if fields.contains("items(") || fields.contains("items/") {
        let items = value.get_mut("items").and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(keep);
    }
    value
}

/// The API leaves out what is empty.
fn compact(mut value: Value) -> Value {
    let empty = [Value::Null, json!([]), json!({})];
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !empty.contains(value));
    }
    value
}

// ---- replies ----

fn media(object: &Object) -> Reply {
    let default = "public, max-age=3600".to_owned();
    let cache_control = object.cache_control.as_ref().unwrap_or(&default);
    let headers = [
        ("content-type", Some(&object.content_type)),
        ("cache-control", Some(cache_control)),
        ("content-encoding", object.content_encoding.as_ref()),
        ("content-disposition", object.content_disposition.as_ref()),
        ("content-language", object.content_language.as_ref()),
    ];
    let headers = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.clone())));
    let etag = format!("\"{}\"", HEXLOWER.encode(&Md5::digest(&object.bytes)));
    let hash = format!("crc32c={},md5={}", object.crc32c, object.md5_hash);
    let generation = object.generation.to_string();
    let own = [
        ("etag", etag),
        ("x-goog-hash", hash),
        ("x-goog-generation", generation),
    ];
    let headers: Vec<_> = headers.chain(own).collect();
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
    let mut reply = Response::builder().status(status);
    reply = reply.header("content-length", body.len());
    for (name, value) in headers {
        reply = reply.header(*name, value);
    }
    // Whoever plants an impossible header shall see it.
    let impossible = |error| json_reply(500, &json!(format!("{error}")));
    reply.body(body).unwrap_or_else(impossible)
}

impl Refusal {
    fn reply(self, json: bool) -> Reply {
        let (status, message) = (self.status, self.message);
        if self.reason.is_empty() {
            let headers = [("content-type", "text/plain; charset=utf-8".to_owned())];
            return reply(status, &headers, message);
        }
        if !json {
            let (status, code) = match (status, self.reason) {
                (403, _) | (401, "required") => (403, "AccessDenied"),
                (401, _) => (401, "AuthenticationRequired"),
                (404, _) if message.contains("bucket does") => (404, "NoSuchBucket"),
                (404, _) => (404, "NoSuchKey"),
                _ => (status, "InvalidArgument"),
            };
            let details = escape(&message);
            let details = format!("<Code>{code}</Code><Details>{details}</Details>");
            return xml_reply(status, &format!("<Error>{details}</Error>"));
        }
        let mut error = json!({"message": message, "domain": "global", "reason": self.reason});
        let headers = [(401, "Authorization"), (412, "If-Match")];
        if let Some((_, header)) = headers.iter().find(|(code, _)| *code == status) {
            error["locationType"] = json!("header");
            error["location"] = json!(header);
        }
        let error = json!({"code": status, "message": message, "errors": [error]});
        json_reply(status, &json!({"error": error}))
    }
}

fn refuse<T>(status: u16, reason: &'static str, message: impl Into<String>) -> Outcome<T> {
    let message = message.into();
    Err(Refusal {
        status,
        reason,
        message,
    })
}

fn invalid<T>(message: impl Into<String>) -> Outcome<T> {
    refuse(400, "invalid", message)
}

fn require(holds: bool, message: impl Into<String>) -> Outcome<()> {
    if holds { Ok(()) } else { invalid(message) }
}

fn plain(holds: bool, message: &str) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        refuse(400, "", message)
    }
}

// ---- text ----

fn form(text: &[u8]) -> Parameters {
    form_urlencoded::parse(text).into_owned().collect()
}

fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn number<T: FromStr>(text: &str) -> Outcome<T> {
    let number = text.parse();
    number.or_else(|_| invalid(format!("{text:?} is no such number")))
}

fn decode(segment: &str) -> Outcome<String> {
    let decoded = percent_decode_str(segment).decode_utf8();
    let decoded = decoded.map(Cow::into_owned);
    decoded.or_else(|_| invalid("The path is not UTF-8"))
}

fn crc32c(bytes: &[u8]) -> String {
    BASE64.encode(&crc32c::crc32c(bytes).to_be_bytes())
}

fn md5(bytes: &[u8]) -> String {
    BASE64.encode(&Md5::digest(bytes))
}

fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is past 1970").as_secs()
}

/// Counts days from 1 March 0000, in eras of 400 years, so that leap days come last.
fn rfc3339(time_s: u64) -> String {
    let day = time_s / 86_400 + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day + 2) / 153;
    let day = day - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (time_s / 3600 % 24, time_s / 60 % 60, time_s % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}
