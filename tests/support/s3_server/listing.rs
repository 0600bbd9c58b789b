//! `ListObjectsV2`: keys in the order of their UTF-8 bytes, a thousand at a time.

use std::ops::Bound;

use data_encoding::BASE64URL_NOPAD;

use super::documents::{Outcome, document, element, invalid, listed};
use super::{Errand, Object, Setup, State, not_implemented};
use crate::support::clock::rfc3339;

const PAGE_ENTRIES_MAX: usize = 1000;
const PARAMETERS: [&str; 6] = [
    "list-type",
    "prefix",
    "start-after",
    "continuation-token",
    "encoding-type",
    "max-keys",
];

/// A checked request for a page.
struct Query<'a> {
    prefix: &'a str,
    /// Keys up to this one are left out; the token wins over `start-after`.
    after: String,
    entries_max: usize,
    is_encoded: bool,
}

impl State {
    pub fn list(&self, errand: &Errand<'_>) -> Outcome {
        errand.accept("")?;
        let query = query(errand)?;
        let bucket = self.authorize(errand, Setup::NoList)?;
        let after = Bound::Excluded(query.after.clone());
        let rest = bucket.objects.range((after, Bound::Unbounded));
        let mut rest = rest.filter(|(key, _)| key.starts_with(query.prefix));
        let page: Vec<_> = rest.by_ref().take(query.entries_max).collect();
        let is_truncated = query.entries_max > 0 && rest.next().is_some();
        let next = page.last().filter(|_| is_truncated);

        let text = |key: &str| {
            if query.is_encoded {
                listed(key)
            } else {
                key.to_owned()
            }
        };
        let mut body = element("Name", errand.bucket) + &element("Prefix", &text(query.prefix));
        for (parameter, name) in [
            ("start-after", "StartAfter"),
            ("encoding-type", "EncodingType"),
            ("continuation-token", "ContinuationToken"),
        ] {
            let told = errand.call.parameter(parameter);
            let is_key = parameter == "start-after";
            let told = told.map(|told| if is_key { text(told) } else { told.to_owned() });
            body += &told.map_or_else(String::new, |told| element(name, &told));
        }
        body += &element("KeyCount", &page.len().to_string());
        body += &element("MaxKeys", &query.entries_max.to_string());
        body += &element("IsTruncated", &is_truncated.to_string());
        if let Some((key, _)) = next {
            let token = BASE64URL_NOPAD.encode(key.as_bytes());
            body += &element("NextContinuationToken", &token);
        }
        for (key, object) in page {
            body += &entry(&text(key), object);
        }
        let root = "ListBucketResult";
        let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        Ok(document(
            200,
            &format!("<{root} {namespace}>{body}</{root}>"),
        ))
    }
}

fn query<'a>(errand: &'a Errand<'_>) -> Outcome<Query<'a>> {
    let call = errand.call;
    let mut names = call.parameters.keys().map(String::as_str);
    if let Some(unknown) = names.find(|name| !PARAMETERS.contains(name)) {
        return Err(invalid(&format!(
            "This query parameter is not known: {unknown}"
        )));
    }
    if call.parameter("list-type") != Some("2") {
        return Err(not_implemented());
    }
    let is_encoded = match call.parameter("encoding-type") {
        None => false,
        Some("url") => true,
        Some(_) => return Err(invalid("Invalid Encoding Method specified in Request")),
    };
    let max = call.parameter("max-keys").unwrap_or("1000").parse();
    let Ok(entries_max) = max.map(|max: usize| max.min(PAGE_ENTRIES_MAX)) else {
        return Err(invalid(
            "Provided max-keys not an integer or within integer range",
        ));
    };
    let after = match call.parameter("continuation-token") {
        None => call.parameter("start-after").unwrap_or_default().to_owned(),
        Some(token) => {
            let key = BASE64URL_NOPAD.decode(token.as_bytes()).ok();
            let key = key.and_then(|key| String::from_utf8(key).ok());
            key.ok_or_else(|| invalid("The continuation token provided is incorrect"))?
        }
    };
    Ok(Query {
        prefix: call.parameter("prefix").unwrap_or_default(),
        after,
        entries_max,
        is_encoded,
    })
}

fn entry(key: &str, object: &Object) -> String {
    let body = [
        ("Key", key),
        ("LastModified", &rfc3339(object.updated_s)),
        ("ETag", &object.etag),
        ("Size", &object.bytes.len().to_string()),
        ("StorageClass", "STANDARD"),
    ];
    let body: String = body
        .iter()
        .map(|(name, value)| element(name, value))
        .collect();
    format!("<Contents>{body}</Contents>")
}
