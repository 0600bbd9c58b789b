//! Row by row: what each setting means for each target.

use super::super::{Step, Verdict};
use super::*;
use crate::cors::Cloud;
use crate::store::control::RuleKind;

pub(in crate::doctor) fn target() -> Target {
    Target::at("prod", s3())
}

fn s3() -> Place {
    Place::in_cloud(Cloud::S3, "hunt", "static/")
}

fn gcs() -> Place {
    Place::in_cloud(Cloud::Gcs, "hunt", "")
}

fn grant(to: Public, right: Right, by: &str) -> Grant {
    Grant::of_all(to, right, by.into(), RuleKind::Policy)
}

fn dont_know<T>() -> Observed<T> {
    Observed::Unknown("s3:Get… is needed".into())
}

#[test]
fn what_may_be_granted_to_strangers() {
    use Access::{Bucket, ObjectAcl};
    use Public::{AnyAccount, Everybody};
    use Verdict::{Failed, Passed, Unknown, Warning};
    let target = target();
    let fix = Fix::of(&target, Server::Amazon);
    let read = || grant(Everybody, Right::Read, "policy");
    for (given, access, verdict) in [
        (Observed::Is(vec![read()]), Bucket, Passed),
        (Observed::Is(vec![]), Bucket, Warning),
        (Observed::Is(vec![]), ObjectAcl, Passed),
        (Observed::Is(vec![read()]), ObjectAcl, Warning),
        (
            Observed::Is(vec![read(), grant(Everybody, Right::List, "x")]),
            Bucket,
            Failed,
        ),
        (
            Observed::Is(vec![grant(AnyAccount, Right::List, "x")]),
            ObjectAcl,
            Failed,
        ),
        (
            Observed::Is(vec![grant(Everybody, Right::Write, "x")]),
            Bucket,
            Failed,
        ),
        (
            Observed::Is(vec![grant(Everybody, Right::Manage, "x")]),
            Bucket,
            Failed,
        ),
        (dont_know(), Bucket, Unknown),
    ] {
        let target = Target {
            access,
            ..target.clone()
        };
        let finding = grants(&given, &target, &fix);
        assert_eq!(finding.verdict, verdict, "{given:?} {access:?}");
    }
    let conditional = Grant {
        is_conditional: true,
        ..grant(Everybody, Right::List, "`Office` of the bucket policy")
    };
    let finding = grants(&Observed::Is(vec![read(), conditional]), &target, &fix);
    assert_eq!(
        finding.verdict, Warning,
        "people have to judge: {finding:?}"
    );
    assert!(
        finding.fix.contains("remove `Office` of the bucket policy"),
        "{finding:?}"
    );
    assert!(finding.fix.contains("--bucket hunt"), "{finding:?}");
    let theirs = Observed::Is(vec![grant(
        Everybody,
        Right::List,
        "`Old` of the bucket policy",
    )]);
    let finding = grants(&theirs, &target, &fix);
    assert_eq!(finding.fix, "assetsync access close prod");
    assert!(finding.text.contains("`Old`"), "{finding:?}");
}

#[test]
fn protections_that_are_in_the_way() {
    use Access::{Bucket, ObjectAcl};
    use Verdict::{Failed, Passed, Unknown};
    let target = target();
    let fix = Fix::of(&target, Server::Amazon);
    let none = Blocks::default();
    for (given, access, verdict) in [
        (none, Bucket, Passed),
        (
            Blocks {
                refuses_policies: true,
                ..none
            },
            Bucket,
            Passed,
        ),
        (
            Blocks {
                ignores_policies: true,
                ..none
            },
            Bucket,
            Failed,
        ),
        (
            Blocks {
                refuses_acls: true,
                ignores_acls: true,
                ..none
            },
            Bucket,
            Passed,
        ),
        (
            Blocks {
                refuses_acls: true,
                ..none
            },
            ObjectAcl,
            Failed,
        ),
        (
            Blocks {
                ignores_acls: true,
                ..none
            },
            ObjectAcl,
            Failed,
        ),
        (
            Blocks {
                refuses_policies: true,
                ignores_policies: true,
                ..none
            },
            ObjectAcl,
            Passed,
        ),
    ] {
        let target = Target {
            access,
            ..target.clone()
        };
        let finding = blocks(&Observed::Is(given), &Fix::of(&target, Server::Amazon));
        assert_eq!(finding.verdict, verdict, "{given:?} {access:?}");
        if verdict == Failed {
            let command = "assetsync access apply prod --unblock".to_string();
            let last = finding.steps.last();
            assert_eq!(last, Some(&Step::Run(command)), "{finding:?}");
        }
    }
    assert_eq!(blocks(&dont_know(), &fix).verdict, Unknown);
}

#[test]
fn acls_must_suit_the_targets_access() {
    use Access::{Bucket, ObjectAcl};
    use Verdict::{Failed, Passed, Unknown, Warning};
    for (takes, access, place, verdict) in [
        (Observed::Is(true), ObjectAcl, s3(), Passed),
        (Observed::Is(false), ObjectAcl, s3(), Failed),
        (Observed::Is(false), ObjectAcl, gcs(), Failed),
        (Observed::Is(true), Bucket, s3(), Passed),
        (Observed::Is(true), Bucket, gcs(), Warning),
        (Observed::Is(false), Bucket, gcs(), Passed),
        (dont_know(), Bucket, s3(), Unknown),
    ] {
        let target = Target {
            access,
            place,
            ..target()
        };
        let finding = acls(&takes, &target, &Fix::of(&target, Server::Amazon));
        assert_eq!(finding.verdict, verdict, "{takes:?} {target:?}");
    }
}

fn settings() -> Settings {
    Settings {
        location: Observed::Is("eu".into()),
        grants: Observed::Is(vec![]),
        blocks: Observed::Is(Blocks::default()),
        takes_acls: Observed::Is(true),
        versioning: Observed::Is(Versioning::On),
        soft_delete_seconds: Observed::Is(0),
        retention: Observed::Is(None),
        lifecycle: Observed::Is(vec![]),
    }
}

#[test]
fn what_is_deleted_should_come_back() {
    use Verdict::{Failed, Passed, Unknown, Warning};
    let target = target();
    for (server, state, soft, verdict) in [
        (Server::Amazon, Observed::Is(Versioning::On), 0, Passed),
        (
            Server::Amazon,
            Observed::Is(Versioning::Suspended),
            0,
            Warning,
        ),
        (Server::Amazon, Observed::Is(Versioning::Off), 0, Warning),
        (
            Server::Amazon,
            Observed::Is(Versioning::Off),
            604_800,
            Passed,
        ),
        (Server::Amazon, dont_know(), 0, Unknown),
        (Server::Ceph, Observed::Is(Versioning::On), 0, Failed),
        (Server::Ceph, Observed::Is(Versioning::Suspended), 0, Passed),
        (Server::Ceph, Observed::Is(Versioning::Off), 0, Passed),
        (Server::Unknown, Observed::Is(Versioning::On), 0, Passed),
        (Server::Unknown, Observed::Is(Versioning::Off), 0, Passed),
    ] {
        let fix = Fix::of(&target, server);
        let settings = Settings {
            versioning: state,
            soft_delete_seconds: Observed::Is(soft),
            ..settings()
        };
        let finding = versioning(&settings, &fix);
        assert_eq!(finding.verdict, verdict, "{server:?} {settings:?}");
    }
}

/// Retention fails the check if it keeps the root from changing.
#[test]
fn retention_fails_if_root_is_kept() {
    use Verdict::{Failed, Passed, Unknown, Warning};
    let kept = || Observed::Is(Some("kept".to_string()));
    for (given, has_state, place, verdict) in [
        (Observed::Is(None), true, gcs(), Passed),
        (kept(), true, gcs(), Failed),
        (kept(), false, gcs(), Warning),
        (kept(), true, s3(), Passed),
        (dont_know(), true, gcs(), Unknown),
    ] {
        let finding = retention("retention", &given, has_state, &place);
        assert_eq!(finding.verdict, verdict, "{given:?} {place:?}");
    }
}

/// A lifecycle rule that deletes published objects fails the check.
#[test]
fn lifecycle_deleting_published_files_fails() {
    use Lifecycle::{ClearsUploads, Deletes, Freezes, Harmless};
    use Verdict::{Failed, Passed};
    let target = target();
    let fix = Fix::of(&target, Server::Ceph);
    let rule = |does, prefix: &str| LifecycleRule {
        name: "tidy".into(),
        does,
        prefix: prefix.into(),
    };
    for (rules, verdict) in [
        (vec![], Passed),
        (vec![rule(Deletes, "")], Failed),
        (vec![rule(Deletes, "static/old/")], Failed),
        (vec![rule(Deletes, "stat")], Failed),
        (vec![rule(Deletes, "logs/")], Passed),
        (vec![rule(Freezes, "static/")], Failed),
        (vec![rule(ClearsUploads, ""), rule(Harmless, "")], Passed),
    ] {
        let told = Observed::Is(rules.clone());
        let finding = lifecycle("lifecycle", &told, &s3(), &fix);
        assert_eq!(finding.verdict, verdict, "{rules:?}");
    }
    let unknown = lifecycle("lifecycle", &dont_know(), &s3(), &fix);
    assert_eq!(unknown.verdict, Verdict::Unknown);
}

/// A warning appears if no rule clears away parts of interrupted uploads.
#[test]
fn missing_upload_cleanup_warns() {
    let target = target();
    let uploads = |rules: Vec<LifecycleRule>, server| {
        uploads(&Observed::Is(rules), "static/", &Fix::of(&target, server))
    };
    let verdict = |rules| uploads(rules, Server::Ceph).verdict;
    let clears = |prefix: &str| LifecycleRule {
        name: "uploads".into(),
        does: Lifecycle::ClearsUploads,
        prefix: prefix.into(),
    };
    assert_eq!(verdict(vec![]), Verdict::Warning);
    assert_eq!(verdict(vec![clears("")]), Verdict::Passed);
    assert_eq!(verdict(vec![clears("logs/")]), Verdict::Warning);
    let other = uploads(vec![clears("logs/")], Server::Ceph);
    assert!(other.fix.contains("get-bucket-lifecycle"), "{other:?}");
    assert_eq!(uploads(vec![], Server::Minio).verdict, Verdict::Passed);
    let google = Target {
        place: gcs(),
        ..target.clone()
    };
    let fix = Fix::of(&google, Server::Unknown);
    let finding = super::uploads(&Observed::Is(vec![]), "", &fix);
    assert_eq!(finding.verdict, Verdict::Passed);
}

/// A bucket behind a CDN needs no rule that lets everybody read.
#[test]
fn private_bucket_behind_cdn_is_fine() {
    let target = Target {
        public_url: Some("https://cdn.example.org/".parse().expect("a URL")),
        ..target()
    };
    let fix = Fix::of(&target, Server::Amazon);
    let nothing = grants(&Observed::Is(vec![]), &target, &fix);
    assert_eq!(nothing.verdict, Verdict::Passed);
    let closed = Blocks {
        ignores_policies: true,
        ..Blocks::default()
    };
    let finding = blocks(&Observed::Is(closed), &fix);
    assert_eq!(finding.verdict, Verdict::Warning);
}
