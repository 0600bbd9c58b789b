//! What is answered: content, JSON, XML, and refusals in the words of the real service.

use super::*;

/// An object's bytes: as stored, or decompressed for who cannot do that himself.
pub(super) fn media(call: &Call, object: &Object) -> Reply {
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

pub(super) fn stored_media(object: &Object) -> Reply {
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

pub(super) fn json_reply(status: u16, value: &Value) -> Reply {
    let headers = [("content-type", "application/json; charset=UTF-8".to_owned())];
    reply(status, &headers, value.to_string())
}

pub(super) fn xml_reply(status: u16, element: &str) -> Reply {
    let headers = [("content-type", "application/xml; charset=UTF-8".to_owned())];
    reply(
        status,
        &headers,
        format!("<?xml version='1.0' encoding='UTF-8'?>{element}"),
    )
}

impl Refusal {
    pub(super) fn reply(self, json: bool) -> Reply {
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

pub(super) fn refuse<T>(
    status: u16,
    reason: &'static str,
    message: impl Into<String>,
) -> Outcome<T> {
    let message = message.into();
    Err(Refusal {
        status,
        reason,
        message,
    })
}

pub(super) fn invalid<T>(message: impl Into<String>) -> Outcome<T> {
    refuse(400, "invalid", message)
}

pub(super) fn require(holds: bool, message: impl Into<String>) -> Outcome<()> {
    if holds { Ok(()) } else { invalid(message) }
}

pub(super) fn plain(holds: bool, message: &str) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        refuse(400, "", message)
    }
}
