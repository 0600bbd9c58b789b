//! Tests: digests of files, scripts and styles.

use super::*;

const SHA256: &str = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";

fn found(text: &str, find: fn(&str) -> Vec<Found>) -> Vec<(String, String)> {
    let found = find(text).into_iter();
    let parts = found.map(|it| (it.algorithm.name().to_string(), text[it.range].to_string()));
    parts.collect()
}

/// An integrity attribute holds one or several digests.
#[test]
fn integrity_may_list_several_digests() {
    let one = || ("sha256".to_string(), SHA256.to_string());
    let bare = SHA256.trim_end_matches('=');
    let url_safe = SHA256.replace('+', "-").replace('/', "_");
    let text =
        format!(" sha256-{SHA256}\n  SHA256-{bare}?x=1 md5-abc sha384-short sha256-{url_safe}");
    let wanted = [
        one(),
        ("sha256".to_string(), bare.to_string()),
        ("sha256".to_string(), url_safe),
    ];
    assert_eq!(found(&text, in_integrity), wanted);
    let values: Vec<Vec<u8>> = in_integrity(&text).into_iter().map(|it| it.value).collect();
    let sums = Sums::of(b"foo");
    assert!(
        values
            .iter()
            .all(|value| value == sums.by(Algorithm::Sha256))
    );
}

/// Text that is no supported digest is ignored.
#[test]
fn malformed_digest_is_ignored() {
    for none in [
        "",
        "sha256",
        "sha256-",
        "sha1-AAAA",
        "sha256-!!!!",
        "'sha256-x'",
    ] {
        assert_eq!(found(none, in_integrity), []);
    }
}

#[test]
fn a_policy_has_them_in_quotes() {
    let text = format!(
        "default-src 'self';script-src 'sha256-{SHA256}' https://a.example 'nonce-x';style-src 'unsafe-inline' sha256-{SHA256}"
    );
    assert_eq!(
        found(&text, in_policy),
        [("sha256".to_string(), SHA256.to_string())]
    );
}

/// Sums do not depend on how the bytes arrive.
#[test]
fn chunked_sums_match_whole() {
    let mut summing = Summing::default();
    summing.update(b"fo");
    summing.update(b"o");
    assert_eq!(summing.finish(), Sums::of(b"foo"));
    assert_eq!(base64(Sums::of(b"foo").by(Algorithm::Sha256)), SHA256);
}

/// A digest covers the text as browsers read it.
#[test]
fn digest_covers_text_as_browsers_read() {
    assert_eq!(text_of("a\r\nb\rc\n", Written::Verbatim), "a\nb\nc\n");
    assert_eq!(text_of("a &lt; b", Written::Verbatim), "a &lt; b");
    assert_eq!(
        text_of("a &lt; b<![CDATA[ & c]]>", Written::Foreign),
        "a < b & c"
    );
    assert_eq!(
        text_of("a<!-- c -->b<![CDATA[<!-- d -->]]>", Written::Foreign),
        "ab<!-- d -->"
    );
    assert_eq!(text_of("a &lt; b&quot;", Written::Attribute), "a < b\"");
}
