//! Doors that strangers tried, row by row.

use http::{HeaderMap, StatusCode};

use super::super::Verdict;
use super::*;
use crate::store::control::{Public, RuleKind};
use crate::store::{Server, StoreErrorKind};

fn heard(status: StatusCode, body: &'static str) -> Result<Response, StoreError> {
    Ok(Response {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
    })
}

fn silence() -> Result<Response, StoreError> {
    Err(StoreError::new(StoreErrorKind::Unreachable, "no answer"))
}

fn door(name: &'static str) -> PublicRequest {
    PublicRequest {
        name,
        method: Method::GET,
        url: String::new(),
    }
}

/// One open listing fails the check; no answer leaves the verdict unknown.
#[test]
fn one_open_listing_fails_silence_unknown() {
    let target = super::super::settings::tests::target();
    let fix = Fix::of(&target, Server::Ceph);
    let refused = || (door("a"), heard(StatusCode::FORBIDDEN, "<Error/>"));
    let open = || (door("b"), heard(StatusCode::OK, "<ListVersionsResult/>"));
    let silent = || (door("c"), silence());
    let acl = Grant::of_all(
        Public::Everybody,
        Right::List,
        "READ in the bucket's ACL for AllUsers".into(),
        RuleKind::Acl,
    );
    let grants = Observed::Is(vec![acl]);
    let verdict = |knocks: &[Probed]| judge_listings(knocks, &grants, &fix).verdict;
    assert_eq!(verdict(&[refused()]), Verdict::Passed);
    assert_eq!(verdict(&[refused(), silent()]), Verdict::Unknown);
    assert_eq!(verdict(&[]), Verdict::Unknown);
    let finding = judge_listings(&[refused(), silent(), open()], &grants, &fix);
    assert_eq!(finding.verdict, Verdict::Failed);
    assert_eq!(
        finding.text,
        "strangers can list the bucket (1 of 3 kinds of request succeeded) \
         because of READ in the bucket's ACL for AllUsers"
    );
    assert_eq!(finding.fix, "assetsync access close prod");
    let finding = judge_listings(&[open()], &Observed::Is(vec![]), &fix);
    assert!(
        !finding.fix.contains("assetsync"),
        "no command of ours ends what isn't the bucket's: {finding:?}"
    );
}

/// Strangers' access to a probe decides the verdicts on writing and releases.
#[test]
fn stranger_access_to_probe_is_judged() {
    let target = super::super::settings::tests::target();
    let fix = Fix::of(&target, Server::Ceph);
    let none = Observed::Is(vec![]);
    let judged = |read, write, delete| {
        let probe = StrangersAndProbe {
            read,
            open_documents: Vec::new(),
            writes: vec![(door("PUT"), write)],
            delete,
            is_emulated: false,
        };
        let findings = probe.judge(&fix, &none, &none);
        (
            findings[0].verdict,
            findings[1].verdict,
            findings[0].text.clone(),
        )
    };
    let no = || heard(StatusCode::FORBIDDEN, "");
    let yes = || heard(StatusCode::OK, "");
    let there = || Ok(Deleted::StillThere);
    let (write, state, _) = judged(no(), no(), there());
    assert_eq!((write, state), (Verdict::Passed, Verdict::Passed));
    let (write, state, text) = judged(yes(), yes(), Ok(Deleted::Gone));
    assert_eq!((write, state), (Verdict::Failed, Verdict::Failed));
    assert!(text.contains("write and delete"), "{text}");
    let (write, _, text) = judged(no(), no(), Ok(Deleted::Gone));
    assert_eq!(write, Verdict::Failed);
    assert!(text.contains("can delete"), "{text}");
    let (_, state, _) = judged(heard(StatusCode::MOVED_PERMANENTLY, ""), no(), there());
    assert_eq!(state, Verdict::Unknown);
    let (write, state, _) = judged(silence(), silence(), there());
    assert_eq!((write, state), (Verdict::Unknown, Verdict::Unknown));
}
