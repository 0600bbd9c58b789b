//! Tests of how answers are judged, one case in each row.

use super::*;
use crate::base::encode::gzip_always;
use crate::base::name::{EncodingPolicy, Headers, Token};
use crate::base::path::ObjectKey;
use crate::release::manifest::StoredAs;
use crate::store::stranger::BodySink;

const CONTENT: &[u8] = b"body { color: red } body { color: red } body { color: red }";

fn headers_of_css() -> Headers {
    Headers {
        content_type: "text/css; charset=utf-8".into(),
        cache_control: "public, max-age=60".into(),
        encoding: EncodingPolicy::Gzip,
        further: BTreeMap::new(),
    }
}

fn entry(stored_bytes: u64) -> Entry {
    Entry {
        path: "app.css".into(),
        key: ObjectKey::parse("app.css").expect("a key"),
        token: Token::ZERO,
        is_fingerprinted: false,
        size_bytes: CONTENT.len() as u64,
        digest: blake3::hash(CONTENT),
        headers: 0,
        level: 0,
        stored: Some(StoredAs {
            size_bytes: stored_bytes,
            fingerprint: "".into(),
        }),
    }
}

fn answered(headers: &[(&'static str, &'static str)], body: &[u8], takes_gzip: bool) -> Answer {
    let mut measure = crate::audit::measure::Measure::new(CONTENT.len() as u64, &[]);
    measure.take(body);
    let headers = headers.iter().map(|(name, value)| {
        let value = value.parse().expect("a value");
        (http::HeaderName::from_static(name), value)
    });
    Answer {
        takes_gzip,
        status: StatusCode::OK,
        headers: headers.collect(),
        measured: Some(measure.measured()),
    }
}

/// Returns the findings at each address if an object that is stored gzipped gets this answer.
fn found(address: Address, given: &Answer) -> Vec<(Kind, Verdict)> {
    let headers = headers_of_css();
    let entry = entry(40);
    let expected = Expected {
        entry: &entry,
        served: Served {
            headers: &headers,
            is_gzipped: true,
            token: Token::ZERO,
        },
        address,
    };
    let findings = answer(&expected, given).into_iter();
    findings.map(|f| (f.kind, f.verdict)).collect()
}

const CSS: (&str, &str) = ("content-type", "text/css; charset=utf-8");
const CACHED: (&str, &str) = ("cache-control", "public, max-age=60");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

/// Clients that accept gzip get gzip, and others must get plain bytes.
#[test]
fn gzip_only_for_accepting_clients() {
    use Address::{PublicUrl, Storage};
    let gz = gzip_always(CONTENT, 9);
    let right = [CSS, CACHED, GZIP];
    let plain = [CSS, CACHED];
    assert_eq!(found(Storage, &answered(&right, &gz, true)), []);
    // S3 sends what it has, Google unpacks it.
    assert_eq!(found(Storage, &answered(&right, &gz, false)), []);
    assert_eq!(found(Storage, &answered(&plain, CONTENT, false)), []);
    let slow = answered(&plain, CONTENT, true);
    assert_eq!(found(Storage, &slow), [(Kind::Encoding, Verdict::Failed)]);
    assert_eq!(
        found(PublicUrl, &slow),
        [(Kind::Encoding, Verdict::Warning)]
    );
    let silent = answered(&plain, &gz, true);
    assert_eq!(
        found(PublicUrl, &silent),
        [(Kind::Encoding, Verdict::Failed)]
    );
    let other = answered(&right, &gzip_always(b"something else", 9), true);
    assert_eq!(found(PublicUrl, &other), [(Kind::Content, Verdict::Failed)]);
}

/// Order, case and spaces of `Cache-Control` are ignored, and longer caching fails.
#[test]
fn longer_caching_than_configured_fails() {
    use Address::{PublicUrl, Storage};
    let gz = gzip_always(CONTENT, 9);
    let cached =
        |caching: &'static str| answered(&[CSS, ("cache-control", caching), GZIP], &gz, true);
    assert_eq!(found(Storage, &cached("max-age=60,Public")), []);
    let (shorter, longer) = (cached("public, max-age=5"), cached("public, s-maxage=3600"));
    assert_eq!(found(Storage, &shorter), [(Kind::Headers, Verdict::Failed)]);
    assert_eq!(
        found(PublicUrl, &shorter),
        [(Kind::Headers, Verdict::Warning)]
    );
    assert_eq!(
        found(PublicUrl, &longer),
        [(Kind::Headers, Verdict::Failed)]
    );
}

/// A partial response must hold exactly the range that was requested.
#[test]
fn range_reply_must_match_request() {
    let headers = headers_of_css();
    let entry = entry(CONTENT.len() as u64);
    let expected = Expected {
        entry: &entry,
        served: Served {
            headers: &headers,
            is_gzipped: false,
            token: Token::ZERO,
        },
        address: Address::Storage,
    };
    let judged = |status: u16, told: &'static str, body: &[u8]| {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_RANGE, told.parse().expect("a value"))]);
        let part = Part {
            from: 0,
            to: 3,
            bytes: Some(b"body"),
        };
        let status = StatusCode::from_u16(status).expect("a status");
        range(&expected, &part, status, &headers, body).map(|f| f.verdict)
    };
    let told = "bytes 0-3/59";
    assert_eq!(CONTENT.len(), 59);
    assert_eq!(judged(206, told, b"body"), None);
    assert_eq!(judged(200, "", CONTENT), Some(Verdict::Warning));
    for (status, told, body) in [
        (206, told, &b"BODY"[..]),
        (206, told, b"bod"),
        (206, "bytes 0-3/60", b"body"),
        (416, "", b""),
    ] {
        assert_eq!(judged(status, told, body), Some(Verdict::Failed), "{told}");
    }
}
