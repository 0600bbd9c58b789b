//! Addresses of buckets, by server and setting.

use super::*;
use crate::cors::Cloud;
use crate::store::location::Place;

fn target(endpoint: Option<&str>, addressing: Option<Addressing>) -> Target {
    Target {
        endpoint: endpoint.map(|e| Url::parse(e).expect("a URL")),
        addressing,
        ..Target::at("t", Place::in_cloud(Cloud::S3, "hunt", ""))
    }
}

/// A bucket is addressed by host or by path, as its server needs it.
#[test]
fn bucket_address_suits_the_server() {
    let local = Some("http://127.0.0.1:9000");
    let url = |endpoint, addressing, bucket| {
        bucket_url(&target(endpoint, addressing), bucket, "eu-west-1")
    };
    assert_eq!(
        url(None, None, "hunt"),
        "https://hunt.s3.eu-west-1.amazonaws.com"
    );
    assert_eq!(
        url(None, None, "hunt.example.org"),
        "https://s3.eu-west-1.amazonaws.com/hunt.example.org"
    );
    assert_eq!(
        url(None, Some(Addressing::Path), "hunt"),
        "https://s3.eu-west-1.amazonaws.com/hunt"
    );
    assert_eq!(url(local, None, "hunt"), "http://127.0.0.1:9000/hunt");
    assert_eq!(
        url(
            Some("http://localhost:9000/"),
            Some(Addressing::Virtual),
            "hunt"
        ),
        "http://hunt.localhost:9000"
    );
}
