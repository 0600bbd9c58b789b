//! Sweeps load as every version wrote them, and name nothing that is never deleted.

use super::*;

const V1: &str = include_str!("../../../../tests/data/sweep/v1.json");

/// A version 1 sweep still loads, and a newer version is refused.
#[test]
fn version_1_loads_newer_is_refused() {
    let document = parse(V1.as_bytes()).expect("loads");
    assert_eq!((document.objects.len(), document.documents.len()), (1, 2));
    assert_eq!(document.count(), 3);
    let newer = V1.replace("\"version\":1", "\"version\":2");
    assert!(parse(newer.as_bytes()).is_err());
}

/// A prune that is stopped before the last of these are deleted isn't finished.
#[test]
fn former_objects_count_for_deletion() {
    let mut document = parse(V1.as_bytes()).expect("loads");
    document.former = std::mem::take(&mut document.objects);
    assert_eq!((document.former.len(), document.count()), (1, 3));
}

/// A sweep that names anything a prune never deletes is refused.
#[test]
fn sweep_of_protected_names_is_refused() {
    let object = "2ap7azyms665izxo2sew6pxgxi.png";
    let document = "releases/20261121-161807-gft6u5.json";
    for (meant, named) in [
        (object, "../../home/precious.txt"),
        (object, "/etc/passwd"),
        (object, ".assetsync/x/root.json"),
        (document, "root.json"),
        (document, "notes.txt"),
        (document, "releases/../../notes.json"),
        (document, "staging/releases/20261121-161807-gft6u5.json"),
    ] {
        let text = V1.replace(meant, named);
        assert_ne!(text, V1);
        assert!(parse(text.as_bytes()).is_err(), "{named}");
    }
}
