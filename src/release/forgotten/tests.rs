//! Signs of releases that are kept elsewhere.

use super::*;

fn found(keys: &[&str]) -> Option<u64> {
    let listing = keys.iter().map(|key| (key.to_string(), Stored::default()));
    Forgotten::find_in(&listing.collect()).map(|found| found.others)
}

/// Documents and objects of other programs are no sign of releases.
#[test]
fn foreign_objects_are_no_releases() {
    let token = Token::ZERO;
    assert_eq!(
        found(&[&format!("{token}.png"), &format!("img/map.{token}.png")]),
        Some(2)
    );
    let document = format!("{FOLDER}{token}/plain/{token}");
    // A ULID, and a hash in hex.
    let (ulid, hex) = (
        "01arz3ndektsv4rrffq69g5fav.png",
        "9e107d9d372bb6826bd81d3542.js",
    );
    assert_eq!(found(&["index.html", &document, ulid, hex]), None);
}

/// Releases inside the target are recognised by their root.
#[test]
fn releases_are_recognised_by_root() {
    let token = Token::ZERO;
    assert!(is_root(&format!("{FOLDER}{token}/{ROOT}")));
    assert!(!is_root(&format!("{FOLDER}{token}/releases/{ROOT}")));
    assert!(!is_root(&format!("{FOLDER}{ROOT}")));
}
