//! A bucket's policy for cross-origin requests: set, told, taken away, and obeyed. What it refuses,
//! and in which words, follows
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html> and replies of the
//! real service quoted in bug reports. The first rule that has origin, method and all headers that
//! are asked for decides.

use data_encoding::BASE64;
use md5::{Digest as _, Md5};
use serde::Deserialize;

use super::documents::{Outcome, document, element, refuse};
use super::{Errand, NOT_ALLOWED, State, signature};
use crate::support::serving::{Call, Reply, reply};

const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];
const XML_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "@xmlns", default)]
    _namespace: String,
    #[serde(rename = "CORSRule", default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Rule {
    #[serde(rename = "ID")]
    id: Option<String>,
    allowed_origin: Vec<String>,
    allowed_method: Vec<String>,
    #[serde(default)]
    allowed_header: Vec<String>,
    #[serde(default)]
    expose_header: Vec<String>,
    max_age_seconds: Option<i32>,
}

impl State {
    pub(super) fn route_cors(&mut self, errand: &Errand<'_>) -> Outcome {
        signature::only_owner(errand.caller)?;
        errand.accept("")?;
        match errand.call.head.method.as_str() {
            "GET" => match self.cors.get(errand.bucket) {
                Some(rules) => Ok(told(rules)),
                None => {
                    let message = "The CORS configuration does not exist";
                    let refusal = refuse(404, "NoSuchCORSConfiguration", message);
                    Err(refusal.with("BucketName", errand.bucket))
                }
            },
            "PUT" => {
                let rules = checked(errand.call)?;
                self.cors.insert(errand.bucket.to_owned(), rules);
                Ok(reply(200, &[], ""))
            }
            "DELETE" => {
                self.cors.remove(errand.bucket);
                Ok(reply(204, &[], ""))
            }
            _ => Err(refuse(405, "MethodNotAllowed", NOT_ALLOWED)),
        }
    }

    /// Anybody may ask.
    pub(super) fn preflight(&self, call: &Call, bucket: &str) -> Outcome {
        let forbidden = |message: &str| Err(refuse(403, "AccessForbidden", message));
        let Some(rules) = self.cors.get(bucket) else {
            return forbidden("CORSResponse: CORS is not enabled for this bucket.");
        };
        let header = |name| call.header(name).unwrap_or_default();
        let (origin, method) = (header("origin"), header("access-control-request-method"));
        let asked = header("access-control-request-headers").to_lowercase();
        let asked: Vec<&str> = asked
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let has_headers = |rule: &&Rule| {
            let lets = |name: &&str| {
                rule.allowed_header
                    .iter()
                    .any(|one| is_like(&one.to_lowercase(), name))
            };
            asked.iter().all(lets)
        };
        let mut rules = rules.iter().filter(|rule| rule.is_for(origin, method));
        let Some(rule) = rules.find(has_headers) else {
            return forbidden("CORSResponse: This CORS request is not allowed.");
        };
        let mut headers = rule.headers(origin);
        headers.push((
            "access-control-allow-methods",
            rule.allowed_method.join(", "),
        ));
        if !asked.is_empty() {
            headers.push(("access-control-allow-headers", asked.join(", ")));
        }
        if let Some(age_s) = rule.max_age_seconds {
            headers.push(("access-control-max-age", age_s.to_string()));
        }
        Ok(reply(200, &headers, ""))
    }

    /// Says in the answer to a page's own request what the page may do with it.
    pub(super) fn answer_origin(&self, call: &Call, bucket: &str, mut answer: Reply) -> Reply {
        let origin = call.header("origin").unwrap_or_default();
        let method = call.head.method.as_str();
        let mut rules = self.cors.get(bucket).into_iter().flatten();
        if let (false, Some(rule)) = (
            origin.is_empty(),
            rules.find(|rule| rule.is_for(origin, method)),
        ) {
            for (name, value) in rule.headers(origin) {
                answer
                    .headers_mut()
                    .insert(name, value.parse().expect("headers are checked"));
            }
        }
        answer
    }
}

impl Rule {
    fn is_for(&self, origin: &str, method: &str) -> bool {
        self.allowed_origin.iter().any(|one| is_like(one, origin))
            && self.allowed_method.iter().any(|one| one == method)
    }

    fn headers(&self, origin: &str) -> Vec<(&'static str, String)> {
        let is_public = self.allowed_origin.iter().any(|one| one == "*");
        let mut headers = if is_public {
            vec![("access-control-allow-origin", "*".to_owned())]
        } else {
            vec![
                ("access-control-allow-origin", origin.to_owned()),
                ("access-control-allow-credentials", "true".to_owned()),
            ]
        };
        let vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
        headers.push(("vary", vary.to_owned()));
        if !self.expose_header.is_empty() {
            headers.push((
                "access-control-expose-headers",
                self.expose_header.join(", "),
            ));
        }
        headers
    }
}

/// Whether text is that of a pattern with one `*` at most.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

fn checked(call: &Call) -> Outcome<Vec<Rule>> {
    let invalid = |message: &str| Err(refuse(400, "InvalidRequest", message));
    match call.header("content-md5") {
        None => return invalid("Missing required header for this request: Content-MD5"),
        Some(md5) if md5 != BASE64.encode(&Md5::digest(&call.body)) => {
            return Err(refuse(
                400,
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
            ));
        }
        Some(_) => {}
    }
    let document: Result<Document, _> = quick_xml::de::from_reader(call.body.as_slice());
    let document = document
        .ok()
        .filter(|document| !document.rules.is_empty() && call.body.len() <= XML_BYTES_MAX);
    let Some(Document { rules, .. }) = document else {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(refuse(400, "MalformedXML", message));
    };
    if rules.len() > 100 {
        return invalid("Number of CORS rules should not exceed allowed limit of 100 rules.");
    }
    for rule in &rules {
        if let Some(method) = rule
            .allowed_method
            .iter()
            .find(|method| !METHODS.contains(&method.as_str()))
        {
            return invalid(&format!(
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            ));
        }
        if let Some(origin) = rule
            .allowed_origin
            .iter()
            .find(|one| one.matches('*').count() > 1)
        {
            return invalid(&format!(
                "AllowedOrigin \"{origin}\" can not have more than one wildcard."
            ));
        }
        if let Some(header) = rule
            .allowed_header
            .iter()
            .find(|one| one.matches('*').count() > 1)
        {
            return invalid(&format!(
                "AllowedHeader \"{header}\" can not have more than one wildcard."
            ));
        }
        if let Some(header) = rule.expose_header.iter().find(|one| one.contains('*')) {
            return invalid(&format!(
                "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
            ));
        }
        if rule.id.as_ref().is_some_and(|id| id.len() > 255) {
            return invalid("The ID is longer than 255 characters.");
        }
    }
    Ok(rules)
}

fn told(rules: &[Rule]) -> Reply {
    let each = |name: &str, texts: &[String]| -> String {
        texts.iter().map(|text| element(name, text)).collect()
    };
    let rule = |rule: &Rule| {
        let mut body = rule
            .id
            .as_ref()
            .map_or(String::new(), |id| element("ID", id));
        body += &each("AllowedMethod", &rule.allowed_method);
        body += &each("AllowedOrigin", &rule.allowed_origin);
        body += &each("AllowedHeader", &rule.allowed_header);
        body += &each("ExposeHeader", &rule.expose_header);
        if let Some(age_s) = rule.max_age_seconds {
            body += &element("MaxAgeSeconds", &age_s.to_string());
        }
        format!("<CORSRule>{body}</CORSRule>")
    };
    let rules: String = rules.iter().map(rule).collect();
    let namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
    document(
        200,
        &format!("<CORSConfiguration xmlns=\"{namespace}\">{rules}</CORSConfiguration>"),
    )
}
