//! A published probe as visitors get it.

use http::{HeaderMap, StatusCode};

use super::super::Verdict::{self, Failed, Passed, Unknown, Warning};
use super::*;

fn heard(status: StatusCode, body: &'static [u8]) -> Result<Response, StoreError> {
    Ok(Response {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body),
    })
}

/// Visitors must be able to read from the storage or through the public URL.
#[test]
fn visitors_read_storage_or_public_url() {
    let yes = || heard(StatusCode::OK, PUBLISHED);
    let no = || heard(StatusCode::FORBIDDEN, b"");
    let else_ = || heard(StatusCode::OK, b"<title>Parked</title>");
    let silence = || Err(StoreError::new(StoreErrorKind::Unreachable, "no answer"));
    for (at_storage, at_url, verdicts) in [
        (yes(), None, vec![Passed]),
        (no(), None, vec![Failed]),
        (else_(), None, vec![Failed]),
        (silence(), None, vec![Unknown]),
        (yes(), Some(yes()), vec![Passed, Passed]),
        (no(), Some(yes()), vec![Passed, Passed]),
        (yes(), Some(else_()), vec![Passed, Warning]),
        (no(), Some(no()), vec![Failed, Warning]),
        (yes(), Some(silence()), vec![Passed, Unknown]),
    ] {
        let findings = judge_reading(&at_storage, at_url.as_ref(), Remedy::default());
        let found: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(found, verdicts, "{at_storage:?} {at_url:?}");
    }
}
