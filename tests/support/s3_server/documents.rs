//! The XML that S3 speaks, its errors among it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::support::serving::{Reply, reply};

/// What `encoding-type=url` leaves as it is; a space becomes a plus sign.
const LISTED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

pub type Outcome<T = Reply> = Result<T, Refusal>;

/// An error, as Amazon documents it.
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    details: Vec<(&'static str, String)>,
}

pub fn refuse(status: u16, code: &'static str, message: &str) -> Refusal {
    let message = message.to_owned();
    Refusal {
        status,
        code,
        message,
        details: Vec::new(),
    }
}

pub fn denied() -> Refusal {
    refuse(403, "AccessDenied", "Access Denied")
}

pub fn invalid(message: &str) -> Refusal {
    refuse(400, "InvalidArgument", message)
}

impl Refusal {
    /// Adds an element.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.details.push((name, value.to_owned()));
        self
    }

    pub fn reply(self, resource: &str, request_id: &str) -> Reply {
        error(self.status, &self, resource, request_id)
    }

    /// The same under the code 200, as S3 does when it finds out late.
    pub fn in_ok(self, resource: &str, request_id: &str) -> Reply {
        error(200, &self, resource, request_id)
    }
}

fn error(status: u16, refusal: &Refusal, resource: &str, request_id: &str) -> Reply {
    let mut body = element("Code", refusal.code) + &element("Message", &refusal.message);
    for (name, value) in &refusal.details {
        body += &element(name, value);
    }
    body += &element("Resource", resource);
    body += &element("RequestId", request_id);
    body += &element("HostId", "a-host-of-tests");
    document(status, &format!("<Error>{body}</Error>"))
}

pub fn document(status: u16, root: &str) -> Reply {
    // Nothing tells its type where there is nothing.
    if status == 304 {
        return reply(status, &[], "");
    }
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}");
    reply(
        status,
        &[("content-type", "application/xml".to_owned())],
        body,
    )
}

pub fn element(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", escape(value))
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            // As Amazon does, although XML has no way to say most of these.
            '\0'..' ' => escaped += &format!("&#x{:x};", u32::from(character)),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A key in a listing with `encoding-type=url`.
pub fn listed(key: &str) -> String {
    utf8_percent_encode(key, LISTED)
        .to_string()
        .replace(' ', "+")
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Completion {
    #[serde(rename = "@xmlns", default)]
    _namespace: String,
    #[serde(default)]
    pub part: Vec<CompletedPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletedPart {
    #[serde(rename = "PartNumber")]
    pub number: u16,
    #[serde(rename = "ETag")]
    pub etag: String,
    #[serde(rename = "ChecksumSHA256", default)]
    pub checksum_sha256: Option<String>,
}

pub fn completion(body: &[u8]) -> Outcome<Completion> {
    let parsed: Result<Completion, _> = quick_xml::de::from_reader(body);
    let parsed = parsed.ok().filter(|parsed| !parsed.part.is_empty());
    parsed.ok_or_else(|| {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        refuse(400, "MalformedXML", message)
    })
}
