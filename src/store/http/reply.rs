//! Answer of a server: its headers, its length, and its error text.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode, header};

use super::{Call, ERROR_BYTES_MAX};
use crate::store::{StoreError, StoreErrorKind};

/// Length of a server's text that is shown in a message, in characters.
const WORDS_MAX: usize = 300;

/// Answer with any status that another try wouldn't change.
#[derive(Debug)]
pub(crate) struct Reply {
    /// True if an earlier try of the same request may have succeeded, with its answer lost.
    pub is_second_answer: bool,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Number of bytes after which the body was cut, if it's longer than allowed.
    pub cut_bytes: Option<usize>,
}

impl Reply {
    /// Returns the kind of error for a refusal. If an earlier try may have succeeded, the outcome
    /// is unknown.
    pub(crate) fn kind(&self, call: &Call, refusal: StoreErrorKind) -> StoreErrorKind {
        if self.is_second_answer && call.changes_object {
            StoreErrorKind::OutcomeUnknown
        } else {
            refusal
        }
    }
}

/// Returns true if a body is one of S3's errors, and doesn't just contain text that looks like one.
pub(super) fn is_error_document(body: &[u8]) -> bool {
    let rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let rest = rest.trim_ascii_start();
    let rest = if rest.starts_with(b"<?xml") {
        memchr::memmem::find(rest, b"?>").map_or(&rest[..0], |end| &rest[end + 2..])
    } else {
        rest
    };
    rest.trim_ascii_start().starts_with(b"<Error>")
}

/// Returns a header's value, if it exists and is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns true if the body is as long as the headers say.
pub(crate) fn is_whole(reply: &Reply) -> bool {
    let promised = text(&reply.headers, header::CONTENT_LENGTH.as_str());
    promised.is_none_or(|promised| promised.parse() == Ok(reply.body.len()))
}

/// Returns the storage's own error text, short and on one line.
pub(crate) fn in_words(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    // Of S3's XML, only the parts for people are shown.
    let element = |name: &str| text.split_once(&format!("<{name}>"))?.1.split("</").next();
    let text = match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}").into(),
        _ => text.clone(),
    };
    let text = crate::base::text::escape(text.trim());
    let mut text = match text.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    };
    if let Some(bytes) = reply.cut_bytes {
        text += &format!(" (… cut after {})", size(bytes));
    }
    if text.is_empty() {
        reply.status.to_string()
    } else {
        format!("{}: {text}", reply.status)
    }
}

/// Returns a size in words: "64 KiB".
fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{} KiB", bytes >> 10)
    }
}

/// Refuses an answer that is longer than allowed.
pub(crate) fn refuse_cut(call: &Call, reply: &Reply) -> Result<(), StoreError> {
    let Some(bytes) = reply.cut_bytes else {
        return Ok(());
    };
    let message = format!(
        "Cannot {}: the response is too large, and was cut after {}",
        call.doing,
        size(bytes)
    );
    Err(StoreError::new(StoreErrorKind::Other, message)
        .hint("check that the endpoint is the storage itself, not a proxy"))
}

/// Returns an error's body without gzip: a request for content as it's stored may get gzipped
/// errors, too.
pub(super) fn unpacked(headers: &HeaderMap, body: Bytes) -> Bytes {
    if text(headers, header::CONTENT_ENCODING.as_str()) != Some("gzip") {
        return body;
    }
    let mut unpacked = Vec::new();
    let mut decoder = GzDecoder::new(body.as_ref()).take(ERROR_BYTES_MAX as u64);
    // A body that was cut has no end; its beginning is enough.
    match decoder.read_to_end(&mut unpacked) {
        Err(_) if unpacked.is_empty() => body,
        _ => unpacked.into(),
    }
}

#[cfg(test)]
mod tests;
