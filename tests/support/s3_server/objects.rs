//! Objects: put, get, head, delete, and their preconditions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use data_encoding::BASE64;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::documents::{Outcome, denied, document, invalid, refuse};
use super::signature::{Caller, only_owner};
use super::{Errand, Object, Setup, State, etag, not_implemented};
use crate::support::serving::reply;

const ACLS: [&str; 3] = ["private", "public-read", "bucket-owner-full-control"];
/// What an object can be stored with.
pub const STORED_WITH: &str = "x-amz-acl x-amz-meta-*";
/// All user metadata of an object together, names included.
const METADATA_BYTES_MAX: usize = 2048;
const READ_CONDITIONS: &str = "range if-modified-since if-unmodified-since if-range";

impl State {
    pub fn put(&mut self, errand: &Errand<'_>) -> Outcome {
        errand.accept(&format!(
            "{STORED_WITH} x-amz-checksum-sha256 x-amz-sdk-checksum-algorithm"
        ))?;
        self.check_may_write(errand)?;
        let mut object = self.described(errand)?;
        check_body(errand)?;
        object.checksum_sha256 = errand.text("x-amz-checksum-sha256");
        object.etag = etag(&errand.call.body);
        object.bytes.clone_from(&errand.call.body);
        let object = self.commit(errand, object)?;
        let mut headers = vec![("etag", object.etag.clone())];
        let checksum = object.checksum_sha256.clone();
        headers.extend(checksum.map(|sum| ("x-amz-checksum-sha256", sum)));
        Ok(reply(200, &headers, ""))
    }

    /// Rights to write, and what a policy asks of writes.
    pub fn check_may_write(&self, errand: &Errand<'_>) -> Outcome<()> {
        let bucket = self.authorize(errand, Setup::NoCreate)?;
        let creates = errand.call.header("if-none-match").is_some();
        if bucket.is(Setup::NoOverwrite) && !creates {
            return Err(denied());
        }
        Ok(())
    }

    /// An object without bytes yet, as the headers of a request say.
    pub fn described(&self, errand: &Errand<'_>) -> Outcome<Object> {
        if errand.call.header("transfer-encoding").is_some() {
            let message = "You must provide the Content-Length HTTP header.";
            return Err(refuse(411, "MissingContentLength", message));
        }
        self.check_acl(errand)?;
        Ok(Object {
            content_type: errand.text("content-type").unwrap_or_default(),
            cache_control: errand.text("cache-control"),
            content_encoding: errand.text("content-encoding"),
            content_disposition: errand.text("content-disposition"),
            content_language: errand.text("content-language"),
            expires: errand.text("expires"),
            metadata: metadata(errand)?,
            acl: errand.text("x-amz-acl"),
            ..Object::default()
        })
    }

    fn check_acl(&self, errand: &Errand<'_>) -> Outcome<()> {
        let Some(acl) = errand.call.header("x-amz-acl") else {
            return Ok(());
        };
        let bucket = self.existing(errand.bucket)?;
        if !ACLS.contains(&acl) {
            return Err(invalid(&format!("This ACL is not known here: {acl}")));
        }
        if bucket.is(Setup::NoAcls) && acl != "bucket-owner-full-control" {
            let message = "The bucket does not allow ACLs";
            return Err(refuse(400, "AccessControlListNotSupported", message));
        }
        if bucket.is(Setup::BlockPublicAcls) && acl == "public-read" {
            return Err(denied());
        }
        Ok(())
    }

    /// Stores an object, if its preconditions hold now.
    pub fn commit(&mut self, errand: &Errand<'_>, object: Object) -> Outcome<Arc<Object>> {
        self.check_conditions(errand)?;
        self.take_turn(errand)?;
        Ok(self.store(errand.bucket, errand.key, object))
    }

    /// The preconditions of a write, or of a delete.
    fn check_conditions(&self, errand: &Errand<'_>) -> Outcome<()> {
        let live = self.buckets.object(errand.bucket, errand.key);
        let call = errand.call;
        match call.header("if-none-match") {
            None => {}
            Some("*") if live.is_none() => {}
            Some("*") => return Err(unmet("If-None-Match")),
            Some(_) => return Err(not_implemented().with("Header", "If-None-Match")),
        }
        let Some(wanted) = call.header("if-match") else {
            return Ok(());
        };
        // To compare is to read.
        let is_any = wanted == "*" && call.head.method == "DELETE";
        if !is_any {
            self.authorize(errand, Setup::NoGet)?;
        }
        match live {
            None => Err(no_such_key(errand.key)),
            Some(live) if is_any || is_same(wanted, &live.etag) => Ok(()),
            Some(_) => Err(unmet("If-Match")),
        }
    }

    fn take_turn(&mut self, errand: &Errand<'_>) -> Outcome<()> {
        if self.buckets.take_turn(errand.bucket, errand.key) {
            return Ok(());
        }
        Err(refuse(503, "SlowDown", "Please reduce your request rate."))
    }

    pub fn store(&mut self, bucket: &str, key: &str, mut object: Object) -> Arc<Object> {
        if object.updated_s == 0 {
            object.updated_s = self.now_s();
        }
        if object.content_type.is_empty() {
            "binary/octet-stream".clone_into(&mut object.content_type);
        }
        self.buckets.put(bucket, key, object)
    }

    pub fn get(&self, errand: &Errand<'_>) -> Outcome {
        errand.accept("x-amz-checksum-mode")?;
        errand.reject(READ_CONDITIONS)?;
        let object = self.readable(errand)?;
        let call = errand.call;
        let matches = |wanted: &str| wanted == "*" || is_same(wanted, &object.etag);
        if call
            .header("if-match")
            .is_some_and(|wanted| !matches(wanted))
        {
            return Err(unmet("If-Match"));
        }
        if call.header("if-none-match").is_some_and(matches) {
            return Ok(document(304, ""));
        }
        let with_checksum = call.header("x-amz-checksum-mode") == Some("ENABLED");
        let mut found = reply(200, &object.headers(with_checksum), object.bytes.clone());
        for (name, value) in &object.metadata {
            let name = format!("x-amz-meta-{name}").parse::<hyper::header::HeaderName>();
            let impossible = |_| invalid("A name in the metadata cannot be that of a header");
            let value = value.parse().map_err(|_| invalid("Nor can a value"))?;
            found.headers_mut().insert(name.map_err(impossible)?, value);
        }
        Ok(found)
    }

    /// Only who may list may learn that an object does not exist.
    fn readable(&self, errand: &Errand<'_>) -> Outcome<&Object> {
        let bucket = self.existing(errand.bucket)?;
        let is_owner = errand.caller == Caller::Owner;
        if is_owner && bucket.is(Setup::NoGet) {
            return Err(denied());
        }
        let object = bucket.objects.get(errand.key);
        let is_public = |object: &Object| {
            bucket.is(Setup::Public) || object.acl.as_deref() == Some("public-read")
        };
        match object {
            Some(object) if is_owner || is_public(object) => Ok(object),
            None if is_owner && !bucket.is(Setup::NoList) => Err(no_such_key(errand.key)),
            _ => Err(denied()),
        }
    }

    pub fn delete(&mut self, errand: &Errand<'_>) -> Outcome {
        errand.accept("")?;
        errand.reject("if-none-match if-unmodified-since")?;
        only_owner(errand.caller)?;
        self.authorize(errand, Setup::NoDelete)?;
        self.check_conditions(errand)?;
        if self.buckets.object(errand.bucket, errand.key).is_some() {
            self.take_turn(errand)?;
            self.buckets.remove(errand.bucket, errand.key);
        }
        Ok(reply(204, &[], ""))
    }
}

impl Object {
    fn headers(&self, with_checksum: bool) -> Vec<(&'static str, String)> {
        let modified = UNIX_EPOCH + Duration::from_secs(self.updated_s);
        let told = [
            ("content-type", Some(self.content_type.clone())),
            ("cache-control", self.cache_control.clone()),
            ("content-encoding", self.content_encoding.clone()),
            ("content-disposition", self.content_disposition.clone()),
            ("content-language", self.content_language.clone()),
            ("expires", self.expires.clone()),
            ("etag", Some(self.etag.clone())),
            ("last-modified", Some(httpdate::fmt_http_date(modified))),
            ("accept-ranges", Some("bytes".to_owned())),
            (
                "x-amz-checksum-sha256",
                self.checksum_sha256.clone().filter(|_| with_checksum),
            ),
        ];
        let told = told.into_iter();
        told.filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// What a request says of its body, besides its signature, must be so.
pub fn check_body(errand: &Errand<'_>) -> Outcome<()> {
    let call = errand.call;
    let sums = [
        ("content-md5", BASE64.encode(&Md5::digest(&call.body)), 16),
        (
            "x-amz-checksum-sha256",
            BASE64.encode(&Sha256::digest(&call.body)),
            32,
        ),
    ];
    for (name, calculated, length) in sums {
        let Some(told) = call.header(name) else {
            continue;
        };
        let decoded = BASE64.decode(told.as_bytes());
        if decoded.is_ok_and(|decoded| decoded.len() == length) {
            if told != calculated {
                let message = format!("The {name} you specified did not match what we received.");
                return Err(refuse(400, "BadDigest", &message));
            }
        } else {
            let message = format!("The {name} you specified is not valid.");
            return Err(refuse(400, "InvalidDigest", &message));
        }
    }
    match call.header("x-amz-sdk-checksum-algorithm") {
        None | Some("SHA256") => Ok(()),
        Some(_) => Err(not_implemented()),
    }
}

fn metadata(errand: &Errand<'_>) -> Outcome<BTreeMap<String, String>> {
    let mut metadata = BTreeMap::new();
    for (name, value) in &errand.call.head.headers {
        if let Some(name) = name.as_str().strip_prefix("x-amz-meta-") {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            metadata.insert(name.to_owned(), value);
        }
    }
    let size: usize = metadata.iter().map(|(n, v)| n.len() + v.len()).sum();
    if size > METADATA_BYTES_MAX {
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(refuse(400, "MetadataTooLarge", message));
    }
    Ok(metadata)
}

/// An ETag may come with its quotes or without.
pub fn is_same(told: &str, etag: &str) -> bool {
    told.trim_matches('"') == etag.trim_matches('"')
}

fn no_such_key(key: &str) -> super::Refusal {
    refuse(404, "NoSuchKey", "The specified key does not exist.").with("Key", key)
}

fn unmet(condition: &str) -> super::Refusal {
    let message = "At least one of the pre-conditions you specified did not hold";
    refuse(412, "PreconditionFailed", message).with("Condition", condition)
}
