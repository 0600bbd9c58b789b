//! Rules that are to blame, and rules that protections make void.

use super::*;
use crate::cors::Cloud;
use crate::store::control::Reach;

fn grant(right: Right, by: &str) -> Grant {
    Grant {
        to: Public::Everybody,
        right,
        by: by.into(),
        allows: vec!["s3:GetObject".into(), "s3:ListBucket".into()],
        kind: RuleKind::Policy,
        reach: Reach::Only(vec!["static/*".into()]),
        is_conditional: false,
    }
}

/// A rule that grants strangers several rights is named once.
#[test]
fn culprit_rule_is_named_once() {
    let grants = vec![
        grant(Right::Read, "`Oops`"),
        grant(Right::List, "`Oops`"),
        grant(Right::Manage, "`Oops`"),
    ];
    let target = super::super::settings::tests::target();
    let fix = Fix::of(&target, Server::Ceph);
    let (text, remedy) = behind(&Observed::Is(grants.clone()), Right::List, &fix);
    assert_eq!(
        text,
        " because of `Oops`, which allows s3:GetObject, s3:ListBucket"
    );
    assert_eq!(remedy.text(), "assetsync access close prod");
    let mut conditional = grants;
    conditional[1].is_conditional = true;
    let (_, remedy) = behind(&Observed::Is(conditional), Right::List, &fix);
    assert!(
        remedy
            .text()
            .contains("remove `Oops`: run `aws s3api get-bucket-policy --bucket hunt")
    );
    let (text, remedy) = behind(&Observed::Is(vec![]), Right::List, &fix);
    assert!(text.contains("none of the bucket's own rules"), "{text}");
    assert!(!remedy.text().contains("assetsync"), "{remedy:?}");
    let (text, _) = behind(
        &Observed::Unknown("s3:GetBucketAcl".into()),
        Right::List,
        &fix,
    );
    assert!(text.contains("unknown: s3:GetBucketAcl"), "{text}");
}

/// Releases are public only if a rule covers the folder that they are in.
#[test]
fn releases_are_as_open_as_folder() {
    let place = |prefix: &str| Place::in_cloud(Cloud::S3, "hunt", prefix);
    let grants = [grant(Right::Read, "`Public`")];
    assert_eq!(that_open(&grants, &place("static/"), true).len(), 1);
    assert_eq!(that_open(&grants, &place(""), true).len(), 0);
    assert_eq!(that_open(&grants, &place("static/prod/"), false).len(), 1);
}

/// A rule that the bucket's protection disables is not blamed.
#[test]
fn ineffective_rules_are_not_blamed() {
    let grants = Observed::Is(vec![grant(Right::List, "`Oops`")]);
    let blocks = Observed::Is(Blocks {
        ignores_policies: true,
        ..Blocks::default()
    });
    let target = super::super::settings::tests::target();
    let amazon = Fix::of(&target, Server::Amazon);
    assert_eq!(in_force(&grants, &blocks, &amazon), Observed::Is(vec![]));
    let ceph = Fix::of(&target, Server::Ceph);
    assert_eq!(
        in_force(&grants, &blocks, &ceph),
        grants,
        "radosgw takes such a protection, and lets strangers in"
    );
    let acls = Observed::Is(Blocks {
        ignores_acls: true,
        ..Blocks::default()
    });
    assert_eq!(in_force(&grants, &acls, &amazon), grants);
}
