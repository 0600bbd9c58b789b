//! XML documents of S3's API, as far as [`crate::store::s3`] needs them.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::store::http::{Call, ERROR_BYTES_MAX, Reply, refuse_cut};
use crate::store::{StoreError, StoreErrorKind, Stored, Version};

/// Decodes a key. With `encoding-type=url`, keys are form-encoded: a space may be a plus sign.
pub(super) fn decode_key(key: &str) -> String {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// Returns the error in an answer of S3, if there is one. It may come with the status 200.
pub(super) fn error_document(reply: &Reply) -> Option<ErrorDocument> {
    if reply.body.len() > ERROR_BYTES_MAX || memchr::memmem::find(&reply.body, b"<Error>").is_none()
    {
        return None;
    }
    quick_xml::de::from_reader(reply.body.as_ref()).ok()
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    call: &Call,
    reply: &Reply,
) -> Result<T, StoreError> {
    refuse_cut(call, reply)?;
    quick_xml::de::from_reader(reply.body.as_ref()).map_err(|e| {
        let message = format!(
            "Cannot {}: the response doesn't match the S3 API: {e}",
            call.doing
        );
        StoreError::new(StoreErrorKind::Other, message).hint("check that the endpoint speaks S3")
    })
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ErrorDocument {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListBucket {
    pub(super) is_truncated: bool,
    pub(super) next_continuation_token: Option<String>,
    pub(super) encoding_type: Option<String>,
    #[serde(default)]
    pub(super) contents: Vec<ListedObject>,
}

impl ListBucket {
    /// Returns the first and the last key; `None` for an empty page.
    pub(super) fn keys(&self) -> Option<(&str, &str)> {
        let (first, last) = (self.contents.first()?, self.contents.last()?);
        Some((&first.key, &last.key))
    }

    /// Returns the token of the next page; `None` if this is the last.
    pub(super) fn next(&self) -> Result<Option<String>, StoreError> {
        match (self.is_truncated, &self.next_continuation_token) {
            (false, _) => Ok(None),
            (true, Some(token)) if !token.is_empty() => Ok(Some(token.clone())),
            (true, _) => Err(StoreError::new(
                StoreErrorKind::Other,
                "Cannot list the bucket: a page says that more follow, \
                 but has no continuation token for the next one",
            )
            .hint("check that the endpoint speaks S3")),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedObject {
    pub(super) key: String,
    size: u64,
    #[serde(rename = "ETag", default)]
    etag: String,
    #[serde(default)]
    last_modified: String,
}

impl ListedObject {
    pub(super) fn stored(&self) -> Stored {
        let modified: Option<jiff::Timestamp> = self.last_modified.parse().ok();
        Stored {
            size_bytes: self.size,
            token: None,
            token_is_known: false,
            version: Version(self.etag.clone()),
            fingerprint: fingerprint(&self.etag),
            modified: modified.map(Into::into),
        }
    }
}

/// Returns an ETag without its quotes, which only some answers have.
pub(super) fn fingerprint(etag: &str) -> String {
    etag.trim_matches('"').to_string()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateMultipartUpload {
    pub(super) upload_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CompleteMultipartUpload {
    pub(super) part: Vec<CompletedPart>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CompleteMultipartUploadResult {
    /// ETag; empty if the storage doesn't return it.
    #[serde(rename = "ETag", default)]
    pub(super) etag: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CompletedPart {
    pub(super) part_number: usize,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_keys_are_decoded() {
        assert_eq!(
            decode_key("team/a+b%2Bc%253F%F0%9F%90%98.html"),
            "team/a b+c%3F🐘.html"
        );
    }
}
