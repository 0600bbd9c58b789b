//! The clock, and the exit code of all findings together.

use super::*;

#[test]
fn clocks_may_be_a_minute_apart() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let apart = |seconds| clock(Some(now + Duration::from_secs(seconds)), now).verdict;
    assert_eq!(apart(60), Verdict::Passed);
    assert_eq!(apart(61), Verdict::Warning);
    let earlier = clock(Some(now - Duration::from_secs(86_400)), now);
    assert_eq!(earlier.verdict, Verdict::Warning);
    assert!(earlier.text.contains("differ by 86400 s"), "{earlier:?}");
    assert_eq!(clock(None, now).verdict, Verdict::Unknown);
}

/// Only a failed finding makes the exit code 3.
#[test]
fn failed_finding_exits_with_3() {
    let findings = [
        Finding::passed("a", "", ""),
        Finding::warning("b", "", ""),
        Finding::unknown("c", "", ""),
    ];
    let summary = Summary::of(&findings);
    assert_eq!((summary.passed, summary.exit_code()), (1, 0));
    let failed = Summary::of(&[Finding::failed("d", "", "")]);
    assert_eq!((failed.failed, failed.exit_code()), (1, 3));
}
