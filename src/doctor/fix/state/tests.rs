//! Commands that move releases, in their order.

use super::super::tests::{s3, target};
use super::*;
use crate::cors::Cloud;
use crate::store::Server;

/// Releases inside a bucket are moved before the bucket is made public.
#[test]
fn releases_move_before_bucket_opens() {
    let at = |prefix: &str| Place::in_cloud(Cloud::S3, "hunt", prefix);
    let gcs = || Place::in_cloud(Cloud::Gcs, "hunt", "");
    let is_in_the_way = |place: Place, state: Option<Place>| {
        let mut target = target("prod", place);
        target.state = state;
        let apply = Fix::of(&target, Server::Unknown).access_apply().text();
        let is_first = apply.starts_with("first `");
        if is_first {
            assert!(
                apply.ends_with("; then `assetsync access apply prod`"),
                "{apply}"
            );
        } else {
            assert_eq!(apply, "assetsync access apply prod");
        }
        assert_eq!(target.opens_releases(Access::ObjectAcl), None);
        is_first
    };
    assert!(!is_in_the_way(at(""), None));
    assert!(is_in_the_way(at("static/"), None));
    assert!(!is_in_the_way(at("static/"), Some(at("private/"))));
    assert!(is_in_the_way(at("static/"), Some(at("static/private/"))));
    assert!(is_in_the_way(at(""), Some(at("private/"))));
    assert!(!is_in_the_way(at("static/"), Some(s3("private"))));
    assert!(is_in_the_way(gcs(), None));
    assert!(is_in_the_way(gcs(), Some(gcs())));
}
