//! Notes of earlier versions, of later ones, and nonsense.

use super::*;

/// Version 1 of the notes on plain names still loads.
#[test]
fn version_1_loads() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plain/v1.json");
    let plain = read(Path::new(file)).expect("loads");
    assert_eq!(
        plain.objects["index.html"].token,
        "ogcpbu2qiv2ak6ufu23mzqqkxa"
    );
}

/// A newer version of the notes is refused, and damaged notes are forgotten.
#[test]
fn newer_version_refused_damage_is_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plain.json");
    fs::write(&file, r#"{"version": 2, "things": []}"#).expect("written");
    assert!(
        read(&file)
            .expect_err("refused")
            .message
            .contains("version 2")
    );
    fs::write(&file, "{").expect("written");
    assert!(read(&file).expect("forgotten").objects.is_empty());
}
