//! Sweeps load as every version wrote them, and name nothing that is never deleted.

use super::*;

const V1: &str = include_str!("../../../../tests/data/sweep/v1.json");

#[test]
fn version_1_of_a_sweep_still_loads_and_a_newer_one_is_refused() {
    let document = parse(V1.as_bytes()).expect("loads");
    assert_eq!((document.objects.len(), document.documents.len()), (1, 2));
    assert_eq!(document.count(), 3);
    let newer = V1.replace("\"version\":1", "\"version\":2");
    assert!(parse(newer.as_bytes()).is_err());
}

/// A prune that is stopped before the last of these are deleted isn't finished.
#[test]
fn former_objects_are_to_be_deleted_too() {
    let mut document = parse(V1.as_bytes()).expect("loads");
    document.former = std::mem::take(&mut document.objects);
    assert_eq!((document.former.len(), document.count()), (1, 3));
}

#[test]
fn a_sweep_that_names_what_is_never_deleted_is_refused() {
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
