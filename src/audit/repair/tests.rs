//! Repairs that a server takes and doesn't do.

use super::*;

/// A repair that the server accepted but did not carry out is reported.
#[test]
fn repair_without_effect_is_reported() {
    let mut closed = Finding::failed(Kind::Acl, "public-read", "strangers have no permissions");
    closed = closed.at(Address::Storage);
    closed.path = Some("map.png".to_string());
    let mut audit = Audit {
        findings: vec![closed],
        ..Audit::default()
    };
    let steps = Steps::InPlace {
        headers: false,
        acl: true,
    };
    let path = "map.png".to_string();
    let mut repairs = Repairs {
        repairs: vec![Repair { path, steps, at: 0 }],
        documents: Vec::new(),
        left: Vec::new(),
        overwrite_live: BTreeSet::new(),
    };
    audit.explain_after(&repairs);
    assert_eq!(audit.findings[0].fix, IN_VAIN);
    let told = audit.check_effect().expect_err("in vain").to_string();
    let seen = "`map.png` (expected: public-read; seen: strangers have no permissions)";
    assert!(told.contains(seen), "{told}");
    let (path, why) = ("map.png".to_string(), "403 Forbidden".to_string());
    repairs.left.push(Left { path, why });
    audit.explain_after(&repairs);
    assert_eq!(audit.findings[0].fix, "403 Forbidden");
    assert!(audit.check_effect().is_ok(), "that it failed was said");
}
