//! Tests that distinguish listings from other pages.

use super::*;

fn heard(status: StatusCode, body: &'static str) -> Response {
    Response {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
    }
}

/// A listing is told apart from a page of a site.
#[test]
fn listing_is_told_from_page() {
    let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"></ListBucketResult>";
    assert!(heard(StatusCode::OK, xml).is_listing());
    assert!(heard(StatusCode::OK, "{\"kind\":\"storage#objects\"}").is_listing());
    assert!(
        heard(StatusCode::OK, "<ListVersionsResult/>").is_listing(),
        "old versions have names too"
    );
    assert!(!heard(StatusCode::FORBIDDEN, xml).is_listing());
    assert!(
        !heard(StatusCode::OK, "<!doctype html><title>The hunt</title>").is_listing(),
        "the page of a site that a CDN shows"
    );
}
