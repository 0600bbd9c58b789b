//! Releases in a bucket of their own, as strangers find it.

use crate::cors::Cloud;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use super::*;
use crate::store::StoreError;
use crate::store::StoreErrorKind::Unreachable;
use crate::store::control::{Public, Reach, RuleKind};

fn place(bucket: &str, prefix: &str) -> Place {
    Place::in_cloud(Cloud::S3, bucket, prefix)
}

fn grant(right: Right, reach: Reach) -> Grant {
    let by = "`index`".to_string();
    Grant {
        reach,
        ..Grant::of_all(Public::AnyAccount, right, by, RuleKind::Policy)
    }
}

fn judged(
    answer: Result<(StatusCode, &'static str), StoreError>,
    grants: Observed<Vec<Grant>>,
) -> (Verdict, Option<Verdict>, Option<String>) {
    let door = PublicRequest {
        name: "list",
        method: Method::GET,
        url: String::new(),
    };
    let heard = answer.map(|(status, body)| Response {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
    });
    let target = Target {
        state: Some(place("kept", "prod/")),
        ..super::super::settings::tests::target()
    };
    let exposure = Exposure {
        listings: vec![(door, heard)],
        grants: grants.map(|grants| that_concern(grants, &place("kept", "prod/"))),
        settings: None,
        server: Server::Ceph,
    };
    let before_push = exposure.judge_before_push(&target);
    (
        exposure.judge(&target).verdict,
        before_push.map(|finding| finding.verdict),
        exposure.listed_by(),
    )
}

/// The place for releases passes only if strangers can do nothing there.
#[test]
fn strangers_have_no_access_to_releases() {
    use Verdict::{Failed, Passed, Unknown, Warning};
    let refused = || Ok((StatusCode::FORBIDDEN, "<Error/>"));
    let listed = || Ok((StatusCode::OK, "<ListBucketResult/>"));
    let silence = || Err(StoreError::new(Unreachable, "no answer"));
    let unknown = || Observed::Unknown("s3:GetBucketAcl is needed".to_string());
    let may = |right| Observed::Is(vec![grant(right, Reach::All)]);
    let verdicts = |answer, grants| {
        let (verdict, before_push, _) = judged(answer, grants);
        (verdict, before_push)
    };
    let none = || Observed::Is(vec![]);
    assert_eq!(verdicts(refused(), none()), (Passed, None));
    assert_eq!(
        verdicts(refused(), may(Right::List)),
        (Failed, Some(Failed))
    );
    assert_eq!(
        verdicts(refused(), may(Right::Read)),
        (Failed, Some(Failed))
    );
    assert_eq!(verdicts(listed(), none()), (Failed, Some(Failed)));
    assert_eq!(verdicts(listed(), unknown()), (Failed, Some(Failed)));
    assert_eq!(verdicts(refused(), unknown()), (Unknown, None));
    assert_eq!(verdicts(silence(), none()), (Unknown, Some(Unknown)));
    let mut conditional = grant(Right::List, Reach::All);
    conditional.is_conditional = true;
    let conditional = Observed::Is(vec![conditional]);
    assert_eq!(verdicts(refused(), conditional), (Warning, Some(Warning)));
    let elsewhere = grant(Right::Read, Reach::Only(vec!["logs/*".into()]));
    assert_eq!(
        verdicts(refused(), Observed::Is(vec![elsewhere])),
        (Passed, None)
    );
    let (.., by) = judged(refused(), may(Right::List));
    assert_eq!(by.as_deref(), Some("by `index`"));
    let (.., by) = judged(listed(), unknown());
    assert_eq!(by.as_deref(), Some("these requests succeeded: list"));
    assert_eq!(judged(refused(), none()).2, None);
}
