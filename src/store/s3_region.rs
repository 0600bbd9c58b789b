//! Where S3 sends a request that came to the wrong region. It's followed once, signed anew; nothing signed goes to another
//! server than the configured one, or, on Amazon, than S3's own of another region. Pure.

use http::StatusCode;
use url::Url;

use super::http::{Reply, text};
use super::s3_documents::error_document;

/// Where a request has to be sent instead, and for which region it's signed there, if for another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub(super) url: String,
    pub(super) region: Option<String>,
}

/// Who was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) url: &'a str,
    /// For which the request was signed.
    pub(super) region: &'a str,
    /// Whether it's Amazon's own server, whose name has the region in it.
    pub(super) is_amazons: bool,
}

impl Asked<'_> {
    /// Where `reply` sends the request; none if it doesn't, or not to where it may go.
    pub(super) fn elsewhere(self, reply: &Reply) -> Option<Elsewhere> {
        let is_redirect = is_redirect(reply.status);
        if !is_redirect && !is_signed_for_another_region(reply) {
            return None;
        }
        let location = location(self.url, reply).filter(|_| is_redirect);
        let by_host = location.as_ref().filter(|_| self.is_amazons);
        let region = region_named(reply).or_else(|| region_in(by_host?.host_str()?));
        let region = region.filter(|region| region != self.region);
        let url = match &location {
            Some(to) if is_same_server(to, self.url) => to.to_string(),
            Some(_) if !self.is_amazons => return None,
            _ => region
                .as_deref()
                .map_or(self.url.to_string(), |region| in_region(self, region)),
        };
        let is_other = url != self.url || region.is_some();
        is_other.then_some(Elsewhere { url, region })
    }
}

/// The same URL on Amazon's server of another region; elsewhere, servers have no region in their names.
pub(super) fn in_region(asked: Asked<'_>, region: &str) -> String {
    let server = |region: &str| format!("s3.{region}.amazonaws.com");
    match asked.is_amazons {
        true => (asked.url).replacen(&server(asked.region), &server(region), 1),
        false => asked.url.to_string(),
    }
}

/// The region that a bucket is in, as a refusal tells it.
pub(super) fn region_named(reply: &Reply) -> Option<String> {
    let by_header = || text(&reply.headers, "x-amz-bucket-region").map(str::to_string);
    let named = error_document(reply).and_then(|error| error.region);
    named.or_else(by_header).filter(|region| is_region(region))
}

/// The server that a redirect leads to, if it's another one.
pub(super) fn other_server(url: &str, reply: &Reply) -> Option<String> {
    let to = location(url, reply).filter(|to| !is_same_server(to, url))?;
    let origin = to.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// A `HEAD` has no document that says so.
fn is_signed_for_another_region(reply: &Reply) -> bool {
    let code = error_document(reply).map(|error| error.code);
    match code.as_deref() {
        Some(code) => code == "AuthorizationHeaderMalformed",
        None => reply.status == StatusCode::BAD_REQUEST && reply.body.is_empty(),
    }
}

fn location(url: &str, reply: &Reply) -> Option<Url> {
    Url::parse(url)
        .ok()?
        .join(text(&reply.headers, "location")?)
        .ok()
}

/// Scheme, host and port.
fn is_same_server(to: &Url, asked: &str) -> bool {
    Url::parse(asked).is_ok_and(|asked| asked.origin() == to.origin())
}

/// It becomes part of a server's name.
fn is_region(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `eu-west-1` of `bucket.s3.eu-west-1.amazonaws.com`, or with a dash in place of the dot before it.
fn region_in(host: &str) -> Option<String> {
    let rest = host.strip_suffix(".amazonaws.com")?;
    let at = rest.rfind("s3.").or_else(|| rest.rfind("s3-"))?;
    let is_s3 = at == 0 || rest[..at].ends_with('.');
    let region = &rest[at + "s3.".len()..];
    (is_s3 && is_region(region)).then(|| region.to_string())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    const AMAZON: &str = "https://hunt.s3.us-east-1.amazonaws.com/a.css?x=1";
    const OWN: &str = "http://127.0.0.1:9000/hunt/a.css";

    fn reply(status: u16, headers: &[(&'static str, &str)], code: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, value.parse().expect("a value"))
        });
        let body = match code {
            "" => String::new(),
            code => format!("<Error><Code>{code}</Code><Message>m</Message></Error>"),
        };
        Reply {
            is_second_answer: false,
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::from_iter(headers),
            body: Bytes::from(body),
            cut_bytes: None,
        }
    }

    fn sent(url: &str, reply: &Reply) -> Option<(String, Option<String>)> {
        let asked = Asked {
            url,
            region: "us-east-1",
            is_amazons: url == AMAZON,
        };
        let elsewhere = asked.elsewhere(reply)?;
        Some((elsewhere.url, elsewhere.region))
    }

    #[test]
    fn a_request_follows_its_bucket_to_another_region() {
        let region = ("x-amz-bucket-region", "eu-west-1");
        let there = "https://hunt.s3.eu-west-1.amazonaws.com/a.css?x=1";
        let to = (
            "location",
            "https://hunt.s3-eu-west-1.amazonaws.com/a.css?x=1",
        );
        for reply in [
            reply(301, &[region], "PermanentRedirect"),
            reply(400, &[region], "AuthorizationHeaderMalformed"),
            reply(400, &[region], ""),
            reply(307, &[to], "TemporaryRedirect"),
        ] {
            let (url, signed_for) = sent(AMAZON, &reply).expect("followed");
            assert_eq!(
                (url.as_str(), signed_for.as_deref()),
                (there, Some("eu-west-1"))
            );
        }
        let own = sent(OWN, &reply(301, &[region], "PermanentRedirect"));
        assert_eq!(own, Some((OWN.to_string(), Some("eu-west-1".to_string()))));
    }

    #[test]
    fn nothing_signed_goes_to_another_server() {
        for to in [
            "https://evil.example/a.css",
            "https://hunt.s3.eu-west-1.amazonaws.com.evil.example/a.css",
            "https://s3.evil.amazonaws.com/a.css",
            "https://x.execute-api.eu-west-1.amazonaws.com/a.css",
            "http://127.0.0.1:9001/hunt/a.css",
            "https://127.0.0.1:9000/hunt/a.css",
            "//localhost:9000/hunt/a.css",
            "file:///etc/passwd",
        ] {
            let reply = reply(307, &[("location", to)], "TemporaryRedirect");
            assert_eq!(sent(OWN, &reply), None, "{to}");
            let hosts = sent(AMAZON, &reply).map(|(url, _)| url);
            let is_s3s = |url: &String| {
                url.ends_with(".amazonaws.com/a.css?x=1") && url.starts_with("https://hunt.s3.")
            };
            assert!(hosts.as_ref().is_none_or(is_s3s), "{to}: {hosts:?}");
        }
        let odd = reply(
            301,
            &[("x-amz-bucket-region", "evil.example/")],
            "PermanentRedirect",
        );
        assert_eq!(sent(AMAZON, &odd), None);
    }

    #[test]
    fn what_leads_nowhere_new_is_not_followed() {
        let same = [("x-amz-bucket-region", "us-east-1")];
        assert_eq!(sent(AMAZON, &reply(301, &same, "PermanentRedirect")), None);
        assert_eq!(sent(OWN, &reply(307, &[("location", OWN)], "x")), None);
        assert_eq!(sent(OWN, &reply(400, &same, "InvalidArgument")), None);
        let other = [("x-amz-bucket-region", "eu-west-1")];
        assert_eq!(sent(OWN, &reply(403, &other, "AccessDenied")), None);
        let path = sent(OWN, &reply(307, &[("location", "/other/a.css")], "x"));
        assert_eq!(
            path,
            Some(("http://127.0.0.1:9000/other/a.css".to_string(), None))
        );
    }
}
