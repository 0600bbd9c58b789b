//! The XML documents that S3 speaks, as far as [`super::s3`] needs them.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::http::{Call, ERROR_BYTES_MAX, Reply, refuse_cut};
use super::{StoreError, StoreErrorKind, Stored, Version};

/// With `encoding-type=url`, keys are form-encoded: a space may be a plus sign.
pub(super) fn decode_key(key: &str) -> String {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// What S3 says went wrong; it may say so under the status 200.
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
            "Cannot {}: the storage's answer isn't what S3 documents: {e}",
            call.doing
        );
        StoreError::new(StoreErrorKind::Other, message).hint("does the endpoint speak S3?")
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
    /// The first and the last key; none of an empty page.
    pub(super) fn keys(&self) -> Option<(&str, &str)> {
        let (first, last) = (self.contents.first()?, self.contents.last()?);
        Some((&first.key, &last.key))
    }

    /// The token of the next page; none if this is the last.
    pub(super) fn next(&self) -> Result<Option<String>, StoreError> {
        match (self.is_truncated, &self.next_continuation_token) {
            (false, _) => Ok(None),
            (true, Some(token)) if !token.is_empty() => Ok(Some(token.clone())),
            (true, _) => Err(StoreError::new(
                StoreErrorKind::Other,
                "The bucket's listing doesn't go on",
            )),
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

/// An ETag, which some answers have in quotes.
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
    /// Empty if the storage doesn't tell.
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
