//! Amazon S3 in this process, as strict as the real one, for tests.
//!
//! It speaks what a publisher needs, in path style and with Signature Version 4: put, get, head,
//! delete with their preconditions, multipart uploads, version 2 of listings, and policies for
//! cross-origin requests. A request parameter or `x-amz-` header it does not know is an error,
//! never ignored.
//!
//! What it refuses, and in which words, follows <https://docs.aws.amazon.com/AmazonS3/latest/API/>
//! and, for preconditions,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>. Where neither
//! says which of two checks comes first: who it is, the bucket, rights, the request by itself,
//! preconditions.
//!
//! Not here: making buckets, versions, ranged reads, delimiters, copies, policies other than those
//! of [`Setup`], bodies signed in chunks, presigned URLs, temporary credentials, and regions other
//! than one.

mod cors;
mod documents;
mod listing;
mod objects;
mod signature;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

use super::buckets::{self, Buckets, Objects, Watch};
use super::clock::now_s;
use super::faults::Fault;
use super::serving::{Call, Reply, Request, Serving, Storage};
use documents::{Outcome, Refusal, denied, invalid, refuse};
use signature::Caller;
use uploads::Upload;

pub use uploads::PART_BYTES_MIN;

/// A running server; junk it closes its port and every connection. Its owner's access key is
/// `tester` with the secret `testsecret`; `stranger` with `strangersecret` has no rights.
pub struct Server(Serving<State>);

/// How a bucket differs from one that is private, takes ACLs, and is open to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setup {
    /// Strangers can read every object, but not list them.
    Public,
    /// ACLs are off: any but `bucket-owner-full-control` is refused.
    NoAcls,
    /// Public access block: a public ACL is denied.
    BlockPublicAcls,
    /// The owner lacks `s3:PutObject`, and so on.
    NoCreate,
    /// `s3:PutObject` without `If-None-Match`, by a policy.
    NoOverwrite,
    NoDelete,
    NoGet,
    NoList,
}

/// An object: what an upload may say of it, and what the server assigns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub cache_control: Option<String>,
    pub content_encoding: Option<String>,
    pub content_disposition: Option<String>,
    pub content_language: Option<String>,
    pub expires: Option<String>,
    /// Without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    pub acl: Option<String>,
    /// Base64; told to who asks with `x-amz-checksum-mode`.
    pub checksum_sha256: Option<String>,
    /// With its quotes; that of a planted object is assigned.
    pub etag: String,
    /// Since the epoch; a planted object's 0 becomes now.
    pub updated_s: u64,
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

impl Server {
    pub fn start() -> Self {
        Self(Serving::start(|_| State::default()))
    }

    /// `http://127.0.0.1:port`, for `--endpoint`.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Creates a bucket, or sets one up anew; its objects stay.
    pub fn bucket(&self, name: &str, setup: &[Setup]) {
        self.0.lock().storage.buckets.set_up(name, setup);
    }

    /// Plants an object; the bucket is created if there is none. Returns its ETag.
    pub fn put(&self, bucket: &str, key: &str, mut object: Object) -> String {
        if object.etag.is_empty() {
            object.etag = etag(&object.bytes);
        }
        let state = &mut self.0.lock().storage;
        state.store(bucket, key, object).etag.clone()
    }

    /// Takes an object away behind the program's back.
    pub fn remove(&self, bucket: &str, key: &str) -> Option<Object> {
        let removed = self.0.lock().storage.buckets.remove(bucket, key)?;
        Some(Arc::unwrap_or_clone(removed))
    }

    pub fn object(&self, bucket: &str, key: &str) -> Option<Object> {
        let desk = self.0.lock();
        let object = desk.storage.buckets.object(bucket, key);
        object.map(|object| Object::clone(object))
    }

    /// The keys of all objects, sorted.
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        self.snapshot(bucket).into_keys().collect()
    }

    /// All objects as they are at one instant; contents are shared, not copied.
    pub fn snapshot(&self, bucket: &str) -> Objects<Object> {
        self.0.lock().storage.buckets.objects(bucket)
    }

    /// Calls this after each change of an object, before anybody can see it.
    pub fn on_change(&self, watch: Watch<Object>) {
        self.0.lock().storage.buckets.on_change(watch);
    }

    /// From now on an object can be changed only once within this time; planting does not count.
    pub fn write_limit(&self, apart: Duration) {
        self.0.lock().storage.buckets.limit_writes(apart);
    }

    /// The keys of multipart uploads that were neither finished nor given up, sorted.
    pub fn uploads(&self, bucket: &str) -> Vec<String> {
        let desk = self.0.lock();
        let open = desk.storage.uploads.values();
        let mut keys: Vec<String> = open
            .filter(|upload| upload.bucket == bucket)
            .map(|upload| upload.key.clone())
            .collect();
        keys.sort();
        keys
    }

    /// Sets the server's clock so many seconds before or behind the machine's.
    pub fn clock_off(&self, seconds: i64) {
        self.0.lock().storage.clock_off_s = seconds;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.0.requests()
    }

    /// Forgets the requests so far, and nothing else.
    pub fn clear(&self) {
        self.0.clear();
    }

    pub fn fault(&self, fault: Fault) {
        self.0.fault(fault);
    }

    /// How many faults have not happened; a test that relies on its faults asserts 0.
    pub fn faults_left(&self) -> usize {
        self.0.faults_left()
    }

    /// Forgets the faults that have not happened.
    pub fn disarm(&self) {
        self.0.disarm();
    }

    /// Does all requests that are delayed, in the order they came; returns how many.
    pub fn deliver_delayed(&self) -> usize {
        self.0.deliver_delayed()
    }
}

type Bucket = buckets::Bucket<Object, Setup>;

#[derive(Default)]
struct State {
    buckets: Buckets<Object, Setup>,
    cors: BTreeMap<String, Vec<cors::Rule>>,
    uploads: BTreeMap<String, Upload>,
    uploads_begun: u64,
    clock_off_s: i64,
    replies: u64,
}

/// A request whose sender and place are known.
struct Errand<'a> {
    call: &'a Call,
    caller: Caller,
    bucket: &'a str,
    key: &'a str,
}

// ---- from a request to its handler ----

impl Storage for State {
    fn handle(&mut self, call: &Call) -> Reply {
        let answer = self.route(call);
        let refused = |refusal: Refusal| refusal.reply(call.head.uri.path(), &self.request_id());
        let answer = answer.unwrap_or_else(refused);
        match place(call) {
            Ok((bucket, _)) => self.answer_origin(call, &bucket, answer),
            Err(_) => answer,
        }
    }

    fn about(&self, call: &Call) -> Option<String> {
        let (_, key) = place(call).ok()?;
        Some(key).filter(|key| !key.is_empty())
    }

    fn error_in_ok(&self, call: &Call) -> Reply {
        let message = "We encountered an internal error. Please try again.";
        let refusal = refuse(500, "InternalError", message);
        refusal.in_ok(call.head.uri.path(), &self.request_id())
    }

    fn bad_checksum(&self, call: &Call) -> Reply {
        let message = "The Content-MD5 you specified did not match what we received.";
        let refusal = refuse(400, "BadDigest", message);
        refusal.reply(call.head.uri.path(), &self.request_id())
    }

    fn dress(&mut self, mut reply: Reply) -> Reply {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.now_s()));
        let own = [
            ("date", date.as_str()),
            ("server", "AmazonS3"),
            ("x-amz-request-id", &self.request_id()),
            ("x-amz-id-2", "a-host-of-tests"),
        ];
        for (name, value) in own {
            let value = value.parse().expect("it is ASCII");
            reply.headers_mut().entry(name).or_insert(value);
        }
        self.replies += 1;
        reply
    }
}

impl State {
    fn route(&mut self, call: &Call) -> Outcome {
        let caller = signature::caller(call, self.now_s())?;
        let (bucket, key) = place(call)?;
        let errand = Errand {
            call,
            caller,
            bucket: &bucket,
            key: &key,
        };
        if bucket.is_empty() {
            return Err(not_implemented());
        }
        self.existing(&bucket)?;
        if call.head.method == "OPTIONS" {
            return self.preflight(call, &bucket);
        }
        if key.is_empty() && call.parameter("cors").is_some() {
            return self.route_cors(&errand);
        }
        if key.is_empty() {
            return self.route_bucket(&errand);
        }
        if key.len() > 1024 {
            return Err(refuse(400, "KeyTooLongError", "Your key is too long"));
        }
        let parameters: Vec<&str> = call.parameters.keys().map(String::as_str).collect();
        match (call.head.method.as_str(), parameters.as_slice()) {
            ("GET" | "HEAD", []) => self.get(&errand),
            ("PUT", []) => self.put(&errand),
            ("DELETE", []) => self.delete(&errand),
            ("POST", ["uploads"]) => self.begin_upload(&errand),
            ("PUT", ["partNumber", "uploadId"]) => self.put_part(&errand),
            ("POST", ["uploadId"]) => self.finish_upload(&errand),
            ("DELETE", ["uploadId"]) => self.abort_upload(&errand),
            ("GET" | "HEAD" | "PUT" | "DELETE" | "POST", unknown) => Err(invalid(&format!(
                "These query parameters are not for this request: {unknown:?}"
            ))),
            _ => Err(refuse(405, "MethodNotAllowed", NOT_ALLOWED)),
        }
    }

    fn route_bucket(&self, errand: &Errand<'_>) -> Outcome {
        signature::only_owner(errand.caller)?;
        match errand.call.head.method.as_str() {
            "GET" => self.list(errand),
            _ => Err(not_implemented()),
        }
    }

    fn existing(&self, bucket: &str) -> Outcome<&Bucket> {
        let missing = || {
            let refusal = refuse(404, "NoSuchBucket", "The specified bucket does not exist");
            refusal.with("BucketName", bucket)
        };
        self.buckets.get(bucket).ok_or_else(missing)
    }

    /// Refuses what `lack` denies to the owner, and all to others.
    fn authorize(&self, errand: &Errand<'_>, lack: Setup) -> Outcome<&Bucket> {
        signature::only_owner(errand.caller)?;
        let bucket = self.existing(errand.bucket)?;
        if bucket.is(lack) {
            return Err(denied());
        }
        Ok(bucket)
    }

    fn now_s(&self) -> u64 {
        now_s().saturating_add_signed(self.clock_off_s)
    }

    /// That of the request at hand.
    fn request_id(&self) -> String {
        format!("{:016X}", 0x4442_587F_B7D0_A2F9 + self.replies)
    }
}

impl Errand<'_> {
    /// Refuses headers of Amazon's own that are not of this list; a name ends with `*` where more
    /// may follow.
    fn accept(&self, known: &str) -> Outcome<()> {
        let signed = "x-amz-date x-amz-content-sha256";
        let is_known = |name: &str| {
            let mut words = known.split(' ').chain(signed.split(' '));
            words.any(|word| match word.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == word,
            })
        };
        let names = self.call.head.headers.keys().map(|name| name.as_str());
        let mut own = names.filter(|name| name.starts_with("x-amz-"));
        match own.find(|name| !is_known(name)) {
            Some(unknown) => Err(not_implemented().with("Header", unknown)),
            None => Ok(()),
        }
    }

    /// Refuses these headers, whatever they say.
    fn reject(&self, headers: &str) -> Outcome<()> {
        let mut headers = headers.split(' ');
        match headers.find(|name| self.call.header(name).is_some()) {
            Some(unknown) => Err(not_implemented().with("Header", unknown)),
            None => Ok(()),
        }
    }

    fn text(&self, header: &str) -> Option<String> {
        self.call.header(header).map(str::to_owned)
    }
}

const NOT_ALLOWED: &str = "The specified method is not allowed against this resource.";

fn not_implemented() -> Refusal {
    let message = "A header you provided implies functionality that is not implemented.";
    refuse(501, "NotImplemented", message)
}

/// Bucket and key of a request.
fn place(call: &Call) -> Outcome<(String, String)> {
    let path = call.head.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    Ok((key_of(bucket)?, key_of(key)?))
}

/// What a path means: in S3's, a plus sign is a space.
fn key_of(path: &str) -> Outcome<String> {
    let path = path.replace('+', " ");
    let decoded = percent_decode_str(&path).decode_utf8();
    let decoded = decoded.map(std::borrow::Cow::into_owned);
    decoded.map_err(|_| refuse(400, "InvalidURI", "Couldn't parse the specified URI."))
}

fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", HEXLOWER.encode(&Md5::digest(bytes)))
}
