//! Releases load as every version wrote them.

use super::*;

const V1: &str = include_str!("../../../../tests/data/release/v1.json");

#[test]
fn version_1_of_a_release_still_loads_and_a_newer_one_is_refused() {
    let release = ReleaseDocument::parse(V1.as_bytes()).expect("loads");
    assert_eq!((release.files, release.held), (3, 1));
    let newer = V1.replace("\"version\": 1", "\"version\": 2");
    let why = ReleaseDocument::parse(newer.as_bytes()).expect_err("refused");
    let (version, known) = (2, root::VERSION);
    assert_eq!(why, Unusable::Newer { version, known });
}
