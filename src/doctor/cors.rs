//! Checks whether the bucket has the CORS policy that the target's file wants.

use super::Finding;
use super::fix::Fix;
use crate::base::error::Result;
use crate::cors::{self, Cloud, Policy};
use crate::store::StoreError;

const CHECK: &str = "cors";
const WHY: &str =
    "browsers cache a file together with its CORS headers, so set the policy before you publish";

/// Judges the bucket's policy against the target's file; none for a folder, which has no policy.
pub(super) fn judge(fix: &Fix<'_>, there: Result<Option<Policy>, StoreError>) -> Option<Finding> {
    let cloud = fix.target.place.cloud()?;
    let wanted = fix.target.cors.as_deref();
    let wanted = wanted.map(|file| cors::load(file, cloud).map(|(policy, _)| policy));
    Some(compare(there, wanted, cloud, fix))
}

fn compare(
    there: Result<Option<Policy>, StoreError>,
    wanted: Option<Result<Policy>>,
    cloud: Cloud,
    fix: &Fix<'_>,
) -> Finding {
    let there = match there {
        Ok(there) => there,
        Err(error) => return Finding::unknown(CHECK, WHY, error.message).fix(error.hint),
    };
    match (wanted, there) {
        (None, None) => {
            let text = "none, as configured: scripts from other origins can't read published files";
            Finding::passed(CHECK, WHY, text)
        }
        (None, Some(_)) => {
            let text =
                "the bucket has a policy, but the target has no `cors` file to compare it with";
            Finding::warning(CHECK, WHY, text).fix(fix.cors_adopt())
        }
        (Some(Err(error)), _) => {
            Finding::failed(CHECK, WHY, error.to_string()).fix("assetsync cors check")
        }
        (Some(Ok(wanted)), there) => differing(&there.unwrap_or_default(), &wanted, cloud, fix),
    }
}

fn differing(there: &Policy, wanted: &Policy, cloud: Cloud, fix: &Fix<'_>) -> Finding {
    match cors::diff(there, wanted, cloud).changes.len() {
        0 => Finding::passed(CHECK, WHY, "the bucket's policy matches the file"),
        differ => {
            let rules = match differ {
                1 => "1 rule differs".to_string(),
                n => format!("{n} rules differ"),
            };
            let text = format!("the bucket's policy differs from the file: {rules}");
            Finding::failed(CHECK, WHY, text).fix(fix.cors_apply())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::store::{Server, StoreErrorKind};

    fn policy(origin: &str) -> Policy {
        let text = format!(r#"[{{"origin": ["{origin}"], "method": ["GET"]}}]"#);
        let checked = cors::check(text.as_bytes(), &[]);
        checked.policy.expect("it can be read")
    }

    /// The bucket's CORS policy is compared with the one in the configured file.
    #[test]
    fn bucket_policy_is_compared_with_file() {
        let hunt = || policy("https://hunt.example.org");
        let target = super::super::settings::tests::target();
        let fix = Fix::of(&target, Server::Ceph);
        let verdict = |there, wanted| compare(there, wanted, Cloud::S3, &fix).verdict;
        assert_eq!(verdict(Ok(None), None), Verdict::Passed);
        assert_eq!(verdict(Ok(Some(hunt())), None), Verdict::Warning);
        assert_eq!(verdict(Ok(Some(hunt())), Some(Ok(hunt()))), Verdict::Passed);
        assert_eq!(verdict(Ok(None), Some(Ok(hunt()))), Verdict::Failed);
        assert_eq!(
            verdict(Ok(Some(policy("*"))), Some(Ok(hunt()))),
            Verdict::Failed
        );
        let refused = StoreError::new(StoreErrorKind::Denied, "no");
        assert_eq!(verdict(Err(refused), Some(Ok(hunt()))), Verdict::Unknown);
    }
}
