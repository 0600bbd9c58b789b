//! Google Cloud Storage in this process, as strict as the real one, for tests.
//!
//! It speaks what a publisher needs of the JSON API (multipart and resumable insert, get, list,
//! media, delete; what a bucket's owner asks is in `gcs/owner.rs` and `gcs/cors.rs`), the public
//! endpoint `/{bucket}/{object}`, and the token endpoints of OAuth and of Google's machines
//! (`GCE_METADATA_HOST`). A path, request parameter or metadata field it does not know is an error,
//! never ignored.
//!
//! What it refuses, and in which words, follows <https://cloud.google.com/storage/docs/json_api>,
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads> and replies of the real
//! service quoted in bug reports. Where none says which of two checks comes first, a precondition
//! (412) comes before the permission to overwrite (403).
//!
//! Not here: versions, ranged reads, `x-goog-hash` on requests, and the signatures of assertions.
//! As at Google, the address of a resumable session is a credential in itself, so chunks need no
//! token.

#![allow(dead_code, reason = "each test binary uses a part of it")]

mod cors;
mod insert;
mod objects;
mod owner;
mod reading;
mod replies;
mod rewriting;
mod rights;
mod sessions;

use self::insert::{check_conditions, check_generation, find};
use self::reading::{resource, select};
use self::replies::{invalid, json_reply, media, plain, refuse, require, stored_media, xml_reply};

use std::borrow::Cow;

use std::collections::BTreeMap;
use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use flate2::read::MultiGzDecoder;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::buckets::{self, Buckets, Objects, Watch};
use super::clock::{now_s, rfc3339};
use super::faults::Fault;
use super::serving::{Call, Parameters, Reply, Request, Serving, Storage, form, reply};

/// Every chunk of a resumable upload but the last is a multiple of this.
pub const CHUNK_UNIT_BYTES: usize = 256 * 1024;
const PAGE_ENTRIES_MAX: usize = 1000;
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const COMMON: &str = "alt fields prettyPrint projection";
const CONDITIONS: &str =
    "ifGenerationMatch ifGenerationNotMatch ifMetagenerationMatch ifMetagenerationNotMatch";
const FIELD_SEPARATORS: [char; 4] = ['(', ')', ',', '/'];
const PREDEFINED_ACLS: &str =
    "authenticatedRead bucketOwnerFullControl bucketOwnerRead private projectPrivate publicRead";

/// What `fields` can ask for.
const FIELDS: &str = "items prefixes nextPageToken kind id name bucket size metadata generation metageneration \
    etag crc32c md5Hash updated timeCreated contentType cacheControl contentEncoding contentDisposition \
    contentLanguage acl location storageClass iamConfiguration versioning softDeletePolicy retentionPolicy lifecycle cors";

/// A running server; junk it closes its port and every connection.
pub struct Server(Serving<State>);

/// How a bucket differs from one that is fine-grained, private, and open to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setup {
    /// Uniform bucket-level access: any `predefinedAcl` is refused.
    Uniform,
    /// Strangers can read every object, but not list them.
    Public,
    /// Strangers can list the names: the leak to be found.
    Listable,
    /// Strangers can create objects.
    Writable,
    /// Strangers can delete objects.
    Deletable,
    /// Public access prevention: strangers get nothing, and `publicRead` is refused with 412.
    PreventPublicAccess,
    /// The account lacks `storage.objects.create`, and so on.
    NoCreate,
    /// `storage.objects.delete`: to delete an object, or to replace it.
    NoOverwrite,
    NoGet,
    NoList,
    NoGetBucket,
    /// `storage.buckets.update`, `getIamPolicy` and `setIamPolicy`.
    NoManage,
}

impl Setup {
    const ALL: [Setup; 12] = [
        Setup::Uniform,
        Setup::Public,
        Setup::Listable,
        Setup::Writable,
        Setup::Deletable,
        Setup::PreventPublicAccess,
        Setup::NoCreate,
        Setup::NoOverwrite,
        Setup::NoGet,
        Setup::NoList,
        Setup::NoGetBucket,
        Setup::NoManage,
    ];
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
    /// How often what isn't its bytes was changed; its metageneration is one more.
    #[serde(skip)]
    pub changes: u64,
    /// Since the epoch; a planted object's 0 becomes now.
    #[serde(skip)]
    pub updated_s: u64,
}

impl Server {
    pub fn start() -> Self {
        Self(Serving::start(|url| State {
            url: url.to_owned(),
            ..State::default()
        }))
    }

    /// `http://127.0.0.1:port`, for `STORAGE_EMULATOR_HOST`; `{url}/token` is the token endpoint.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Creates a bucket, or sets one up anew; its objects stay.
    pub fn bucket(&self, name: &str, setup: &[Setup]) {
        self.0.lock().storage.buckets.set_up(name, setup);
    }

    /// Grants rights by IAM, and no others: `[{"role": .., "members": [..]}]`.
    pub fn set_iam(&self, bucket: &str, bindings: &Value) {
        let bindings = bindings.as_array().expect("a list");
        self.0.lock().storage.set_bindings(bucket, bindings);
    }

    /// The bucket's IAM policy.
    pub fn iam(&self, bucket: &str) -> Value {
        self.0.lock().storage.policy_of(bucket)
    }

    /// Sets parts of the bucket's resource: `lifecycle`, `retentionPolicy` and the like.
    pub fn set_resource(&self, bucket: &str, parts: &Value) {
        self.0.lock().storage.set_further(bucket, parts);
    }

    /// Plants an object; the bucket is created if there is none. Returns its generation.
    pub fn put(&self, bucket: &str, name: &str, mut object: Object) -> u64 {
        name.clone_into(&mut object.name);
        self.0.lock().storage.store(bucket, object).generation
    }

    /// Takes an object away behind the program's back.
    pub fn remove(&self, bucket: &str, name: &str) -> Option<Object> {
        let removed = self.0.lock().storage.buckets.remove(bucket, name)?;
        Some(Arc::unwrap_or_clone(removed))
    }

    pub fn object(&self, bucket: &str, name: &str) -> Option<Object> {
        let desk = self.0.lock();
        desk.storage
            .buckets
            .object(bucket, name)
            .map(|o| Object::clone(o))
    }

    /// The names of all objects, sorted.
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

    /// From now on the JSON API answers 401 without a token of [`Server::token`] or `POST /token`.
    pub fn require_token(&self) {
        self.0.lock().storage.token_required = true;
    }

    /// Issues a token as `POST /token` does: `test-token-1`, then `test-token-2`, ...
    pub fn token(&self) -> String {
        self.0.lock().storage.issue_token()
    }

    /// Refuses every token issued so far; those issued later are accepted.
    pub fn expire_token(&self) {
        let state = &mut self.0.lock().storage;
        state.tokens_expired = state.tokens_issued;
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

type Bucket = buckets::Bucket<Object, Setup>;
/// The first byte, and the one after the last.
type Span = (usize, usize);
type Outcome<T = Reply> = Result<T, Refusal>;

#[derive(Default)]
struct State {
    url: String,
    buckets: Buckets<Object, Setup>,
    owned: owner::Owned,
    sessions: BTreeMap<String, Upload>,
    writes: u64,
    token_required: bool,
    tokens_issued: u64,
    tokens_expired: u64,
    persist_bytes_max: Option<usize>,
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

#[derive(Clone, Copy)]
enum Caller {
    Account,
    Anonymous,
}

// ---- from a request to its handler ----

impl Storage for State {
    fn handle(&mut self, call: &Call) -> Reply {
        let answer = self.route(call);
        let answer = answer.unwrap_or_else(|refusal| refusal.reply(is_json_api(call)));
        if is_json_api(call) {
            answer
        } else {
            self.answer_origin(call, answer)
        }
    }

    fn about(&self, call: &Call) -> Option<String> {
        let session = call.parameter("upload_id");
        let session = session.and_then(|id| self.sessions.get(id));
        let named = || call.parameter("name").map(str::to_owned);
        match segments(call).ok()?.as_slice() {
            [upload, _, _, _, _, o] if upload == "upload" && o == "o" => match session {
                Some(upload) => Some(upload.object.name.clone()),
                None => named().or_else(|| name_in_metadata(call)),
            },
            [storage, _, _, _, o, name] if storage == "storage" && o == "o" => Some(name.clone()),
            [storage, _, _, _, _, _, rewrite, .., to]
                if storage == "storage" && rewrite == "rewriteTo" =>
            {
                Some(to.clone())
            }
            [first, ..] if ["storage", "upload", "token"].contains(&first.as_str()) => None,
            [_, name @ ..] => Some(name.join("/")).filter(|name| !name.is_empty()),
            [] => None,
        }
    }

    fn error_in_ok(&self, _: &Call) -> Reply {
        let error = json!({"code": 500, "message": "Backend Error", "errors": [
            {"message": "Backend Error", "domain": "global", "reason": "backendError"}]});
        json_reply(200, &json!({"error": error}))
    }

    fn bad_checksum(&self, call: &Call) -> Reply {
        let message = "Provided CRC32C \"AAAAAA==\" doesn't match calculated CRC32C \"/////w==\".";
        let refusal = Refusal {
            status: 400,
            reason: "invalid",
            message: message.to_owned(),
        };
        refusal.reply(is_json_api(call))
    }

    fn dress(&mut self, mut reply: Reply) -> Reply {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let date = date.parse().expect("a date is ASCII");
        reply.headers_mut().entry("date").or_insert(date);
        reply
    }

    fn keep_bytes_max(&mut self, bytes: Option<usize>) -> bool {
        self.persist_bytes_max = bytes;
        true
    }
}

fn is_json_api(call: &Call) -> bool {
    let starts = ["/storage/", "/upload/", "/token"];
    let path = call.head.uri.path();
    starts.iter().any(|start| path.starts_with(start))
}

/// Refuses parameters that are in none of these lists, and fields that nothing has.
fn accept(call: &Call, lists: &[&str]) -> Outcome<()> {
    let known = |name: &String| lists.iter().any(|list| has_word(list, name));
    let unknown = call.parameters.keys().find(|name| !known(name));
    require(
        unknown.is_none(),
        format!("Unknown query parameters: {unknown:?}"),
    )?;
    let fields = call.parameter("fields").unwrap_or_default();
    let mut names = fields
        .split(FIELD_SEPARATORS)
        .filter(|name| !name.is_empty());
    let unknown = names.find(|name| !has_word(FIELDS, name));
    let message = format!("Invalid field selection {}", unknown.unwrap_or_default());
    require(unknown.is_none(), message)
}

fn segments(call: &Call) -> Outcome<Vec<String>> {
    let segments = call.head.uri.path().split('/').skip(1);
    segments.map(decode).collect()
}

/// The name in the metadata of an upload, which come first in its body; what follows may be cut
/// off.
fn name_in_metadata(call: &Call) -> Option<String> {
    let mut json = call.body.as_slice();
    if call.parameter("uploadType") == Some("multipart") {
        json = &json[find(json, b"\r\n\r\n")? + 4..];
        json = &json[..find(json, b"\r\n--")?];
    }
    let metadata: Value = serde_json::from_slice(json).ok()?;
    Some(metadata["name"].as_str()?.to_owned())
}

impl State {
    fn route(&mut self, call: &Call) -> Outcome {
        let segments = segments(call)?;
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
            ("PATCH", ["storage", "v1", "b", bucket], _) => self.patch_bucket(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "iam"], _) => self.get_iam(call, bucket),
            ("PUT", ["storage", "v1", "b", bucket, "iam"], _) => self.put_iam(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "o"], _) => self.list(call, bucket),
            ("GET", ["storage", "v1", "b", bucket, "o", name], _) => self.get(call, bucket, name),
            ("PATCH", ["storage", "v1", "b", bucket, "o", name], _) => {
                self.patch(call, bucket, name)
            }
            (
                "POST",
                [
                    "storage",
                    "v1",
                    "b",
                    bucket,
                    "o",
                    name,
                    "rewriteTo",
                    "b",
                    other,
                    "o",
                    to,
                ],
                _,
            ) => self.rewrite(call, (bucket, name), (other, to)),
            ("DELETE", ["storage", "v1", "b", bucket, "o", name], _) => {
                self.delete(call, bucket, name)
            }
            (_, ["token" | "storage" | "upload", ..], _) => refuse(404, "notFound", "Not Found"),
            ("GET" | "HEAD", [bucket] | [bucket, ""], _) => self.public_list(call, bucket),
            ("GET" | "HEAD", [bucket, name @ ..], _) => {
                let bucket = self.existing(bucket)?;
                Ok(media(
                    call,
                    bucket.read(self.caller(call)?, &name.join("/"))?,
                ))
            }
            ("OPTIONS", [_, ..], _) => self.preflight(call),
            _ => refuse(405, "methodNotAllowed", "Method Not Allowed"),
        }
    }
}

// ---- text ----

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
