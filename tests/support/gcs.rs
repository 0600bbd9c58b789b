//! Google Cloud Storage in this process, as strict as the real one, for tests.
//!
//! It speaks what a publisher needs of the JSON API (multipart and resumable insert, get, list,
//! media, delete; what a bucket's owner asks is in `gcs/owner.rs` and `gcs/cors.rs`), the public endpoint `/{bucket}/{object}`, and the token endpoints of OAuth
//! and of Google's machines (`GCE_METADATA_HOST`).
//! A path, request parameter or metadata field it does not know is an error, never ignored.
//!
//! What it refuses, and in which words, follows <https://cloud.google.com/storage/docs/json_api>,
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads> and replies of the real
//! service quoted in bug reports. Where none says which of two checks comes first, a precondition
//! (412) comes before the permission to overwrite (403).
//!
//! Not here: versions, ranged reads, `x-goog-hash` on requests, and the signatures of
//! assertions. As at Google, the address of a resumable session is a credential in itself, so chunks need
//! no token.

#![allow(dead_code, reason = "each test binary uses a part of it")]

mod cors;
mod objects;
mod owner;

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

/// A running server; dropping it closes its port and every connection.
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
        match is_json_api(call) {
            true => answer,
            false => self.answer_origin(call, answer),
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

/// The name in the metadata of an upload, which come first in its body; what follows may be cut off.
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
            None if self.token_required || !is_json_api(call) => Ok(Caller::Anonymous),
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
    /// Refuses what `lack` denies to the account, and nearly all to strangers.
    fn authorize(&self, caller: Caller, lack: Setup, object: Option<&Object>) -> Outcome<()> {
        let has_acl = |object: &Object| object.acl.as_deref() == Some("publicRead");
        let is_public = |object: &Object| {
            self.is(Setup::Public) || (has_acl(object) && !self.is(Setup::Uniform))
        };
        let (allowed, status, reason, who) = match (caller, lack) {
            (Caller::Account, _) => (!self.is(lack), 403, "forbidden", "tester@example.com"),
            (Caller::Anonymous, _) => {
                let allowed = match lack {
                    _ if self.is(Setup::PreventPublicAccess) => false,
                    Setup::NoGet => object.is_some_and(is_public),
                    Setup::NoCreate => self.is(Setup::Writable),
                    Setup::NoOverwrite => self.is(Setup::Deletable),
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
        accept(call, &[COMMON, CONDITIONS, "uploadType name predefinedAcl"])?;
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
            Some("media") => self.insert_media(call, bucket),
            _ => invalid("uploadType must be multipart, resumable or media here"),
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
        check_name(&object.name)?;
        agree("Content-Type", media_type, &mut object.content_type)?;
        object.acl = call.parameter("predefinedAcl").map(str::to_owned);
        self.existing(bucket)?.check_acl(object.acl.as_deref())?;
        require(
            stored_media(&object).status() == 200,
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
        let live = bucket.objects.get(&upload.object.name).map(Arc::as_ref);
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
        self.take_turn(&upload.bucket, &object.name)?;
        let object = self.store(&upload.bucket, object.clone());
        let resource = resource(&upload.bucket, &object, &upload.parameters);
        Ok(select(&upload.parameters, resource))
    }

    /// Refuses a change that comes too soon after the one before.
    fn take_turn(&mut self, bucket: &str, name: &str) -> Outcome<()> {
        if self.buckets.take_turn(bucket, name) {
            return Ok(());
        }
        let message = format!(
            "The object {bucket}/{name} exceeded the rate limit for object mutation operations (create, \
             update, and delete). Please reduce your request rate. See https://cloud.google.com/storage/docs/gcs429."
        );
        refuse(429, "rateLimitExceeded", message)
    }

    fn store(&mut self, bucket: &str, mut object: Object) -> Arc<Object> {
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
        let name = object.name.clone();
        self.buckets.put(bucket, &name, object)
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
    let metageneration = live.map_or(0, |object| object.changes + 1);
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
        accept(call, &["uploadType upload_id"])?;
        let found = self
            .sessions
            .remove(id)
            .filter(|upload| upload.bucket == bucket);
        let Some(mut upload) = found else {
            return refuse(404, "notFound", "No such upload session");
        };
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
            // All bytes are there: the last chunk can be sent again.
            Err(refusal) if refusal.status == 429 => Stage::Open,
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
    fn get(&self, call: &Call, bucket: &str, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS, "generation"])?;
        let object = self.existing(bucket)?.read(self.caller(call)?, name)?;
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        if call.parameter("alt") == Some("media") {
            return Ok(media(call, object));
        }
        let resource = resource(bucket, object, &call.parameters);
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    fn delete(&mut self, call: &Call, bucket: &str, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS, "generation"])?;
        let caller = self.caller(call)?;
        self.existing(bucket)?
            .authorize(caller, Setup::NoOverwrite, None)?;
        let Some(object) = self.buckets.object(bucket, name) else {
            return refuse(404, "notFound", format!("No such object: {name}"));
        };
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        self.take_turn(bucket, name)?;
        self.buckets.remove(bucket, name);
        Ok(reply(204, &[], ""))
    }

    fn list(&self, call: &Call, name: &str) -> Outcome {
        accept(
            call,
            &[
                COMMON,
                "prefix delimiter maxResults pageToken startOffset endOffset versions",
            ],
        )?;
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
        let first = call.parameter("startOffset").unwrap_or_default();
        let end = call.parameter("endOffset").filter(|text| !text.is_empty());
        for (name, object) in &self.objects {
            let is_inside = name.as_str() >= first && end.is_none_or(|end| name.as_str() < end);
            let Some(rest) = name.strip_prefix(prefix).filter(|_| is_inside) else {
                continue;
            };
            let found = delimiter.and_then(|text| Some(rest.find(text)? + text.len()));
            match found {
                Some(length) => entries.insert(&name[..prefix.len() + length], None),
                None => entries.insert(name, Some(&**object)),
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
    resource["metageneration"] = json!((object.changes + 1).to_string());
    resource["timeCreated"] = json!(updated);
    resource["updated"] = json!(updated);
    let full = parameters
        .get("projection")
        .is_some_and(|value| value == "full");
    if let (true, Some(acl)) = (full, &object.acl) {
        resource["acl"] = objects::acl(acl);
    }
    compact(resource)
}

/// What `fields` asks for at the top and of items; below, it is as if it asked for all.
fn select(parameters: &Parameters, mut value: Value) -> Value {
    let Some(fields) = parameters.get("fields") else {
        return value;
    };
    let names: Vec<&str> = fields.split(FIELD_SEPARATORS).collect();
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

/// An object's bytes: as stored, or decompressed for who cannot do that himself.
fn media(call: &Call, object: &Object) -> Reply {
    let accepted = call.header("accept-encoding").unwrap_or_default();
    let takes_gzip = accepted
        .split(',')
        .any(|one| one.trim().starts_with("gzip"));
    let cache_control = object.cache_control.as_deref().unwrap_or_default();
    let is_gzip = object.content_encoding.as_deref() == Some("gzip");
    if !is_gzip || takes_gzip || cache_control.contains("no-transform") {
        return objects::part(call, stored_media(object));
    }
    let mut bytes = Vec::new();
    if let Err(error) = MultiGzDecoder::new(object.bytes.as_slice()).read_to_end(&mut bytes) {
        let message = format!("Cannot decompress {}: {error}", object.name);
        return reply(503, &[], message);
    }
    let mut reply = stored_media(object);
    let headers = reply.headers_mut();
    headers.remove("content-encoding");
    headers.insert("content-length", bytes.len().into());
    let warning = "214 UploadServer gunzipped";
    headers.insert("warning", warning.parse().expect("words are ASCII"));
    reply.map(|_| bytes.into())
}

fn stored_media(object: &Object) -> Reply {
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
    let modified = UNIX_EPOCH + Duration::from_secs(object.updated_s);
    let modified = httpdate::fmt_http_date(modified);
    let stored_encoding = object.content_encoding.as_deref().unwrap_or("identity");
    let stored_bytes = object.bytes.len();
    let own = [
        ("etag", etag),
        ("last-modified", modified),
        ("x-goog-metageneration", (object.changes + 1).to_string()),
        ("x-goog-stored-content-encoding", stored_encoding.to_owned()),
        ("x-goog-stored-content-length", stored_bytes.to_string()),
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
