//! Documents as a prune tells them apart.

use super::*;
use crate::release::root::Nonce;

#[test]
fn documents_are_known_by_their_names() {
    let hex = "83150ce3428a8225d87ac4267072023dc8ecb2dd50599512850ecdc28fbc3675";
    let id = ReleaseId::new(Timestamp::UNIX_EPOCH, &Nonce("a".into()));
    for ours in [
        format!("releases/{id}.json"),
        format!("manifests/{hex}.json.gz"),
        format!("plain/{}", Token::ZERO),
        "sweeps/00000001-0123abcd.json.gz".to_string(),
        format!("sweeps/{PROBE}{hex}"),
    ] {
        assert!(is_document(&ours), "{ours}");
        assert!(!is_document(&format!("staging/{ours}")), "{ours}");
    }
    for not_ours in [
        "root.json",
        "releases/notes.json",
        "plain/answers.txt",
        "manifests/a.json.gz",
        "sweeps/x",
    ] {
        assert!(!is_document(not_ours), "{not_ours}");
    }
}
