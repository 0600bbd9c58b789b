//! Single objects on S3 as their owner sees them: headers and ACLs, read and corrected.

use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use super::S3;
use super::acl::Acl;
use super::documents::parse;
use super::uploads::with_headers;
use crate::base::path::{ObjectKey, url_path};
use crate::store::Upload;
use crate::store::control::Observed;
use crate::store::http::{Call, text};
use crate::store::kept::{Kept, REDIRECT, SERVED_HEADERS, Served};
use crate::store::location::Access;
use crate::store::{
    CopySource, PutMode, StoreError, StoreErrorKind, Stored, Version, object_called,
};

/// Largest object that one request copies, in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
const COPY_BYTES_MAX: u64 = 5 << 30;

/// Type that S3 sends for objects that were stored without one.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// ACL that gives strangers no rights.
pub(super) const PRIVATE: &str = "private";

/// Answer of S3 to a copy (`CopyObjectResult`).
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
        let acl = Observed::from(grants);
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

    /// Reads an object's ACL; `None` if the server has no ACLs.
    async fn object_acl(&self, key: &ObjectKey) -> Result<Option<Acl>, StoreError> {
        let url = format!("{}?acl=", self.object_url(key.as_str()));
        let call = Call::new(Method::GET, url, "read an object's ACL");
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

    /// Sets an object's headers by copying it onto itself, since headers are part of an object. S3
    /// does so without the bytes being sent.
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
        call = with_headers(call, served.headers());
        if self.access() == Access::ObjectAcl {
            call = call.header("x-amz-acl", "public-read");
        }
        let mode = PutMode::Over(seen.stored.version.clone());
        let reply = self.send_copy_if(&call, key.as_str(), &mode).await?;
        self.uploaded(&call.changes_object(), reply)
            .await
            .map(|_| ())
    }

    /// Copies an object to a free name, if the source is the expected version. `None` if its bytes
    /// can't be identified, or if there are too many for one request.
    pub(super) async fn copy_object(
        &self,
        source: &CopySource,
        object: &Upload,
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

    /// Returns the ACL that the target's objects have.
    pub(super) fn acl_of_objects(&self) -> &'static str {
        match self.access() {
            Access::ObjectAcl => "public-read",
            Access::Bucket => PRIVATE,
        }
    }

    /// Sets an object's ACL. S3 has no condition for this. None is needed: any object under this
    /// key is to have this ACL.
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

/// Checks that one request can copy an object of this size.
fn may_be_copied(key: &ObjectKey, size_bytes: u64) -> Result<(), StoreError> {
    if size_bytes <= COPY_BYTES_MAX {
        return Ok(());
    }
    let object = object_called(key.as_str());
    let message = format!("Cannot set the headers of {object}: the object is larger than 5 GiB");
    let hint =
        "S3 copies at most 5 GiB in one request: delete the object in the bucket, and push again";
    Err(StoreError::new(StoreErrorKind::Other, message).hint(hint))
}

/// Returns the headers that visitors get. S3 adds a type if an object has none; it's left out.
fn served(headers: &HeaderMap) -> std::collections::BTreeMap<String, String> {
    let names = SERVED_HEADERS.iter().chain([&REDIRECT]);
    let told = names.filter_map(|name| Some((name.to_string(), text(headers, name)?.to_string())));
    told.filter(|(name, value)| name != "content-type" || value != DEFAULT_TYPE)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object above 5 GiB is not copied, and the hint says what to do.
    #[test]
    fn copy_above_5_gib_is_refused() {
        let key = ObjectKey::parse("film.mp4").expect("a key");
        assert!(may_be_copied(&key, 5 << 30).is_ok());
        let error = may_be_copied(&key, (5 << 30) + 1).expect_err("too large");
        assert!(error.message.contains("larger than 5 GiB"), "{error}");
        let hint = "S3 copies at most 5 GiB in one request: delete the object in the bucket, and push again";
        assert_eq!(error.hint, hint.into());
    }
}
