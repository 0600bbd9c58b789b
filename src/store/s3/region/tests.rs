//! Redirects that are followed, and those that aren't.

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

/// A request follows its bucket to another region.
#[test]
fn redirect_to_other_region_is_followed() {
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

/// A redirect that leads nowhere new is not followed.
#[test]
fn pointless_redirects_are_not_followed() {
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
