//! Single objects on S3, as their owner sees them: headers and ACLs, read and put right.

use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use super::control::Told;
use super::http::{Call, text};
use super::kept::{Kept, REDIRECT, SERVED_HEADERS, Served};
use super::s3::S3;
use super::s3_acl::Acl;
use super::s3_documents::parse;
use super::{CopySource, PutMode, StoreError, StoreErrorKind, Stored, Version, object_called};
use crate::build::Object;
use crate::config::Access;
use crate::path::{ObjectKey, url_path};

/// The largest object that one request copies, in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
const COPY_BYTES_MAX: u64 = 5 << 30;

/// What S3 answers in headers but keeps nothing of.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// The ACL that lets no stranger do anything.
pub(super) const PRIVATE: &str = "private";

/// What S3 says of a copy (`CopyObjectResult`).
#[derive(Deserialize)]
struct Copied {
    #[serde(rename = "ETag", default)]
    etag: String,
}

impl S3 {
    pub(super) async fn examine_object(&self, key: &ObjectKey) -> Result<Option<Kept>, StoreError> {
        let (look, grants) =
            futures_util::join!(self.look_with_headers(key.as_str()), self.object_acl(key));
        let Some((stored, headers)) = look? else {
            return Ok(None);
        };
        let acl = Told::from(grants);
        let accounts = acl.known().and_then(Option::as_ref);
        Ok(Some(Kept {
            stored,
            headers: served(&headers),
            is_version: text(&headers, "x-amz-version-id").is_some_and(|id| id != "null"),
            accounts: accounts.map_or(Vec::new(), Acl::accounts),
            grants: acl.map(|acl| acl.map_or(Vec::new(), |acl| acl.object_grants())),
            metageneration: String::new(),
        }))
    }

    /// None where a server has no ACLs.
    async fn object_acl(&self, key: &ObjectKey) -> Result<Option<Acl>, StoreError> {
        let url = format!("{}?acl=", self.object_url(key.as_str()));
        let call = Call::new(Method::GET, url, "ask for an object's ACL");
        let reply = self.send(&call).await?;
        if matches!(
            reply.status,
            StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED
        ) {
            return Ok(None);
        }
        match self.success(&call, reply) {
            Ok(reply) => parse(&call, &reply).map(Some),
            Err(error) if error.kind == StoreErrorKind::Denied => {
                Err(error.hint("s3:GetObjectAcl is needed"))
            }
            Err(error) => Err(error),
        }
    }

    /// A copy onto itself, which S3 makes without sending the bytes: headers are part of an object.
    pub(super) async fn set_object_headers(
        &self,
        key: &ObjectKey,
        served: &Served<'_>,
        seen: &Kept,
    ) -> Result<(), StoreError> {
        may_be_copied(key, seen.stored.size_bytes)?;
        let source = self.copied_from(key);
        let doing = format!("set the headers of {}", object_called(key.as_str()));
        let mut call = Call::new(Method::PUT, self.object_url(key.as_str()), doing)
            .header("x-amz-copy-source", &source)
            .header("x-amz-metadata-directive", "REPLACE")
            .header("x-amz-meta-assetsync", &served.token.to_string());
        for (name, value) in served.headers() {
            call.headers.insert(
                http::HeaderName::from_bytes(name.as_bytes())
                    .expect("names are validated with the configuration"),
                value
                    .parse()
                    .expect("values are validated with the configuration"),
            );
        }
        if self.access() == Access::ObjectAcl {
            call = call.header("x-amz-acl", "public-read");
        }
        let mode = PutMode::Over(seen.stored.version.clone());
        let reply = self.send_copy_if(&call, key.as_str(), &mode).await?;
        self.uploaded(&call.changes_object(), reply)
            .await
            .map(|_| ())
    }

    /// A copy to a name that's free, of the very version that is meant. Where its bytes can't be told to be those, or one request
    /// doesn't copy so many, there's none.
    pub(super) async fn copy_object(
        &self,
        source: &CopySource,
        object: &Object,
    ) -> Result<Option<Stored>, StoreError> {
        if source.fingerprint.is_empty() || source.size_bytes > COPY_BYTES_MAX {
            return Ok(None);
        }
        let url = self.object_url(object.key.as_str());
        let call = self
            .object_call(Method::PUT, url, object, source.is_gzipped)
            .header("x-amz-copy-source", &self.copied_from(&source.key))
            .header("x-amz-metadata-directive", "REPLACE")
            .expecting(&PutMode::Create);
        let version = PutMode::Over(Version(format!("\"{}\"", source.fingerprint)));
        let reply = self
            .send_copy_if(&call, source.key.as_str(), &version)
            .await?;
        let reply = self.uploaded(&call, reply).await?;
        let copied: Copied = parse(&call, &reply)?;
        let stored = self.put_as(object, source.size_bytes, &copied.etag).await?;
        Ok(Some(stored))
    }

    fn copied_from(&self, key: &ObjectKey) -> String {
        let key = url_path(&format!("{}{key}", self.prefix));
        format!("/{}/{key}", self.bucket)
    }

    /// The ACL that the target's objects have.
    pub(super) fn acl_of_objects(&self) -> &'static str {
        match self.access() {
            Access::ObjectAcl => "public-read",
            Access::Bucket => PRIVATE,
        }
    }

    /// S3 has no condition for this, and needs none: whatever is there is to be as public as that.
    pub(super) async fn set_object_acl(
        &self,
        key: &ObjectKey,
        acl: &str,
    ) -> Result<(), StoreError> {
        let url = format!("{}?acl=", self.object_url(key.as_str()));
        let doing = format!("set the ACL of {}", object_called(key.as_str()));
        let call = Call::new(Method::PUT, url, doing).header("x-amz-acl", acl);
        let reply = self.send(&call).await?;
        match self.uploaded(&call, reply).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == StoreErrorKind::Denied => {
                Err(error.hint("s3:PutObjectAcl is needed"))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether one request copies an object of this size.
fn may_be_copied(key: &ObjectKey, size_bytes: u64) -> Result<(), StoreError> {
    if size_bytes <= COPY_BYTES_MAX {
        return Ok(());
    }
    let object = object_called(key.as_str());
    let message = format!("Cannot set the headers of {object}: it's above 5 GiB");
    let hint = "S3 copies no more in one request: delete it, and push again";
    Err(StoreError::new(StoreErrorKind::Other, message).hint(hint))
}

/// What visitors are told. S3 makes up a type for what has none.
fn served(headers: &HeaderMap) -> std::collections::BTreeMap<String, String> {
    let names = SERVED_HEADERS.iter().chain([&REDIRECT]);
    let told = names.filter_map(|name| Some((name.to_string(), text(headers, name)?.to_string())));
    told.filter(|(name, value)| name != "content-type" || value != DEFAULT_TYPE)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_5_gib_isnt_copied_and_says_what_to_do() {
        let key = ObjectKey::parse("film.mp4").expect("a key");
        assert!(may_be_copied(&key, 5 << 30).is_ok());
        let error = may_be_copied(&key, (5 << 30) + 1).expect_err("too large");
        assert!(error.message.contains("above 5 GiB"), "{error}");
        assert!(error.hint.contains("push again"), "{}", error.hint);
    }
}
