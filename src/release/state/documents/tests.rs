//! Releases load as every version wrote them.

use super::*;

const V1: &str = include_str!("../../../../tests/data/release/v1.json");

/// A version 1 release still loads, and a newer version is refused.
#[test]
fn version_1_loads_newer_is_refused() {
    let release = ReleaseDocument::parse(V1.as_bytes()).expect("loads");
    assert_eq!((release.files, release.held), (3, 1));
    let newer = V1.replace("\"version\": 1", "\"version\": 2");
    let why = ReleaseDocument::parse(newer.as_bytes()).expect_err("refused");
    let (version, known) = (2, root::VERSION);
    assert_eq!(why, Unusable::Newer { version, known });
}
