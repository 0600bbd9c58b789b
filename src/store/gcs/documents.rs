//! Documents of releases on Google's storage: written, and read until they are whole.

use bytes::Bytes;
use http::Method;

use super::uploads::{Resource, in_base64, in_two_parts, made};
use super::{ENDPOINT_HINT, Gcs, is_missing};
use crate::store::documents::{
    DOCUMENT_CACHING, READS_MAX, called, document_begin, document_bytes_max, document_type,
};
use crate::store::http::{Call, Reply, is_whole, refuse_cut, text};
use crate::store::{PutMode, StoreError, StoreErrorKind, Version};

impl Gcs {
    pub(super) async fn read_document(
        &self,
        key: &str,
    ) -> Result<Option<(Bytes, Version)>, StoreError> {
        let url = format!("{}?alt=media", self.object_url(key));
        // Asks for the bytes as they are stored, since the checksum is of these.
        let doing = format!("read {}", called(key));
        let call = Call::new(Method::GET, url, doing).header("accept-encoding", "gzip");
        let call = call
            .for_content(document_bytes_max(key))
            .beginning(document_begin(key));
        let mut damage = "";
        for _ in 0..READS_MAX {
            let reply = self.send(&call).await?;
            if is_missing(&reply) {
                return Ok(None);
            }
            if !reply.status.is_success() {
                return Err(self.explain(&call, &reply));
            }
            refuse_cut(&call, &reply)?;
            damage = match damage_of(&reply) {
                Some(damage) => damage,
                None => return Ok(Some((reply.body.clone(), generation(&call, &reply)?))),
            };
        }
        Err(damaged(&call, damage))
    }

    pub(super) async fn write_document(
        &self,
        key: &str,
        bytes: Bytes,
        mode: &PutMode,
    ) -> Result<Version, StoreError> {
        let resource = Resource {
            name: self.full(key),
            content_type: document_type(key).to_string(),
            cache_control: DOCUMENT_CACHING.to_string(),
            crc32c: in_base64(crc32c::crc32c(&bytes)),
            ..Resource::default()
        };
        let boundary = format!("assetsync-{}", blake3::hash(&bytes).to_hex());
        let url = self.upload_url("multipart", mode);
        let call = Call::new(Method::POST, url, format!("write {}", called(key)));
        let reply = self
            .expect(&in_two_parts(call, &resource, bytes, &boundary))
            .await?;
        Ok(made(&reply)?.version)
    }
}

fn generation(call: &Call, reply: &Reply) -> Result<Version, StoreError> {
    let generation = text(&reply.headers, "x-goog-generation").unwrap_or_default();
    if generation.is_empty() {
        let message = format!(
            "Cannot {}: the response has no `x-goog-generation` header",
            call.doing
        );
        return Err(StoreError::new(StoreErrorKind::Other, message).hint(ENDPOINT_HINT));
    }
    Ok(Version(generation.to_string()))
}

/// Returns the error for a document that arrived damaged each time.
fn damaged(call: &Call, damage: &str) -> StoreError {
    let message = format!(
        "Cannot {}: {damage}, {READS_MAX} times in a row",
        call.doing
    );
    StoreError::new(StoreErrorKind::Other, message)
        .hint("something between this machine and the storage alters the data, such as a proxy: try again on another network")
}

/// Returns the damage of a document that arrived, if there is any.
fn damage_of(reply: &Reply) -> Option<&'static str> {
    if !is_whole(reply) {
        return Some("its length is wrong");
    }
    let hashes = reply.headers.get_all("x-goog-hash").iter();
    let stored = hashes
        .filter_map(|hashes| hashes.to_str().ok())
        .flat_map(|hashes| hashes.split(','))
        .find_map(|hash| hash.trim().strip_prefix("crc32c="));
    let is_damaged = stored.is_some_and(|stored| stored != in_base64(crc32c::crc32c(&reply.body)));
    is_damaged.then_some("its CRC32C differs from the storage's")
}
