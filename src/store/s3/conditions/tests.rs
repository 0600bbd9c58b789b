//! Tests of damage on the way, and of ETags with and without quotes.

use http::HeaderMap;

use super::*;

fn reply(body: &'static str, headers: &[(&'static str, &str)]) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, value.parse().expect("a value"))
        })
        .collect::<HeaderMap>();
    Reply {
        is_second_answer: false,
        status: StatusCode::OK,
        headers,
        body: Bytes::from_static(body.as_bytes()),
        cut_bytes: None,
    }
}

#[test]
fn damage_on_the_way_is_seen() {
    let hello = ("etag", "\"5d41402abc4b2a76b9719d911017c592\"");
    let parts = ("etag", "\"5d41402abc4b2a76b9719d911017c592-2\"");
    let kms = ("x-amz-server-side-encryption", "aws:kms");
    let usual = ("x-amz-server-side-encryption", "AES256");
    assert_eq!(damage_of(&reply("hello", &[hello])), None);
    assert!(damage_of(&reply("hellO", &[hello])).is_some());
    assert!(damage_of(&reply("hellO", &[hello, usual])).is_some());
    assert_eq!(damage_of(&reply("hellO", &[hello, kms])), None);
    assert_eq!(damage_of(&reply("hellO", &[parts])), None);
    assert!(damage_of(&reply("hello", &[("content-length", "6")])).is_some());
}

/// Quotes are removed from an ETag only if there are any.
#[test]
fn only_quoted_etags_lose_quotes() {
    let over = |etag: &str| PutMode::Over(Version(etag.to_string()));
    assert_eq!(bare(&over("\"abc-2\"")), Some(over("abc-2")));
    assert_eq!(bare(&over("abc")), None);
    assert_eq!(bare(&PutMode::Create), None);
}
