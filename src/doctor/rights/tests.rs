//! Rights that were tried, row by row.

use super::super::Verdict;
use super::*;

fn refused(kind: StoreErrorKind) -> Result<(), StoreError> {
    Err(StoreError::new(kind, "refused"))
}

fn rights() -> Rights {
    use StoreErrorKind::Precondition;
    Rights {
        key: "sweeps/probe-x".to_string(),
        create: Ok(()),
        create_again: Some(refused(Precondition)),
        overwrite: Some(Ok(())),
        overwrite_stale: Some(refused(Precondition)),
        read: Some(Ok(true)),
        strangers: None,
        delete_stale: Some(refused(Precondition)),
        delete: Some(Ok(())),
        root_is_version: false,
    }
}

#[test]
fn conditions_that_are_ignored_are_dangerous() {
    let target = super::super::settings::tests::target();
    let fix = Fix::of(&target, Server::Ceph);
    let off = Observed::Is(Versioning::Off);
    assert_eq!(
        rights().judge_conditions(&fix, &off).verdict,
        Verdict::Passed
    );
    let create = Rights {
        create_again: Some(Ok(())),
        ..rights()
    };
    let finding = create.judge_conditions(&fix, &off);
    assert_eq!(finding.verdict, Verdict::Failed);
    assert!(finding.text.contains("If-None-Match"), "{finding:?}");
    let over = Rights {
        overwrite_stale: Some(Ok(())),
        ..rights()
    };
    assert_eq!(over.judge_conditions(&fix, &off).verdict, Verdict::Failed);
    let odd = Rights {
        create_again: Some(refused(StoreErrorKind::Other)),
        ..rights()
    };
    assert_eq!(
        odd.judge_conditions(&fix, &off).verdict,
        Verdict::Unknown,
        "what isn't known isn't passed"
    );
    let not_over = Rights {
        overwrite: Some(refused(StoreErrorKind::Denied)),
        overwrite_stale: None,
        ..rights()
    };
    assert_eq!(
        not_over.judge_conditions(&fix, &off).verdict,
        Verdict::Unknown
    );
}

/// Missing permission to delete passes, and the probe that stays behind is named.
#[test]
fn denied_delete_reports_remaining_probe() {
    let cant = Rights {
        delete_stale: Some(refused(StoreErrorKind::Denied)),
        delete: Some(refused(StoreErrorKind::Denied)),
        ..rights()
    };
    let finding = cant.judge_deleting();
    assert_eq!(finding.verdict, Verdict::Passed);
    assert!(
        finding.text.contains("`sweeps/probe-x` stays"),
        "{finding:?}"
    );
    let blind = Rights {
        delete_stale: Some(Ok(())),
        ..rights()
    };
    assert_eq!(blind.judge_deleting().verdict, Verdict::Warning);
    assert_eq!(rights().judge_deleting().verdict, Verdict::Passed);
}

/// The check fails if the root of the releases cannot be overwritten.
#[test]
fn denied_overwrite_fails_the_check() {
    let target = super::super::settings::tests::target();
    let fix = Fix::of(&target, Server::Ceph);
    let off = Observed::Is(Versioning::Off);
    let verdicts = |rights: &Rights| -> Vec<Verdict> {
        let findings = rights.judge_writing(&fix, &off);
        findings
            .into_iter()
            .map(|finding| finding.verdict)
            .collect()
    };
    assert_eq!(verdicts(&rights()), [Verdict::Passed]);
    let denied = Rights {
        overwrite: Some(refused(StoreErrorKind::Denied)),
        ..rights()
    };
    assert_eq!(verdicts(&denied), [Verdict::Failed]);
    let other = Rights {
        read: Some(Ok(false)),
        ..rights()
    };
    assert_eq!(verdicts(&other), [Verdict::Failed]);
}
