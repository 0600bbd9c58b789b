//! Differences between the meanings of two policies.

use super::{Cloud, Policy, Rule};

/// The difference between a bucket's policy and the one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Difference {
    /// In the order of the rules.
    pub changes: Vec<Change>,
}

impl Difference {
    /// Checks whether both policies mean the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Change to one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The wanted policy's rule of this number (from 1) isn't there.
    Added(usize, Rule),
    /// The bucket's rule of this number isn't wanted.
    Removed(usize, Rule),
    /// The wanted policy's rule of this number is another one in the bucket, which comes first
    /// here.
    Changed(usize, Rule, Rule),
}

/// Lists the changes that make `there` mean the same as `wanted` on `cloud`. Rules are compared in
/// their order, since the first match decides. The order within a rule doesn't matter.
pub fn diff(there: &Policy, wanted: &Policy, cloud: Cloud) -> Difference {
    let (there, wanted) = (there.normal(cloud).rules, wanted.normal(cloud).rules);
    let same =
        |pairs: &mut dyn Iterator<Item = (&Rule, &Rule)>| pairs.take_while(|(a, b)| a == b).count();
    let first = same(&mut there.iter().zip(&wanted));
    let last = same(
        &mut there[first..]
            .iter()
            .rev()
            .zip(wanted[first..].iter().rev()),
    );
    let old = &there[first..there.len() - last];
    let new = &wanted[first..wanted.len() - last];
    Difference {
        changes: changes(first, old, new),
    }
}

/// The changes between rules that follow the first `same` ones.
fn changes(same: usize, old: &[Rule], new: &[Rule]) -> Vec<Change> {
    let mut changes = Vec::new();
    for place in 0..old.len().max(new.len()) {
        let number = same + place + 1;
        match (old.get(place), new.get(place)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => {
                changes.push(Change::Changed(number, old.clone(), new.clone()))
            }
            (Some(old), None) => changes.push(Change::Removed(number, old.clone())),
            (None, Some(new)) => changes.push(Change::Added(number, new.clone())),
            (None, None) => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        crate::cors::check(text.as_bytes(), &[])
            .policy
            .expect("it can be read")
    }

    /// The order and case of headers do not matter, and the order of rules does.
    #[test]
    fn only_order_of_rules_matters() {
        let one = policy(
            r#"[{"origin": ["https://a.org", "https://b.org"], "method": ["GET", "HEAD"], "responseHeader": ["Range", "ETag"]}]"#,
        );
        let same = policy(
            r#"[{"origin": ["https://b.org", "https://a.org"], "method": ["HEAD", "GET"], "responseHeader": ["etag", "range", "Etag"], "maxAgeSeconds": 0}]"#,
        );
        for cloud in Cloud::ALL {
            assert!(diff(&one, &same, cloud).is_empty());
        }
        let two = policy(
            r#"[{"origin": ["https://a.org"], "method": ["GET"]}, {"origin": ["*"], "method": ["GET"]}]"#,
        );
        let swapped = Policy {
            rules: two.rules.iter().rev().cloned().collect(),
        };
        assert_eq!(diff(&two, &swapped, Cloud::S3).changes.len(), 2);
    }

    /// A rule that is put first is the only change.
    #[test]
    fn prepended_rule_is_only_change() {
        let old = policy(r#"[{"origin": ["*"], "method": ["GET"]}]"#);
        let new = policy(
            r#"[{"origin": ["https://a.org"], "method": ["GET"]}, {"origin": ["*"], "method": ["GET"]}]"#,
        );
        let changes = diff(&old, &new, Cloud::Gcs).changes;
        assert!(
            matches!(&changes[..], [Change::Added(1, rule)] if rule.origins == ["https://a.org"])
        );
        let back = diff(&new, &old, Cloud::Gcs).changes;
        assert!(matches!(&back[..], [Change::Removed(1, _)]));
    }

    /// Policies that differ on S3 may mean the same on GCS.
    #[test]
    fn policies_may_differ_only_on_s3() {
        let one = policy(
            r#"[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["Range"], "ExposeHeaders": ["ETag"]}]"#,
        );
        let other = policy(
            r#"[{"origin": ["*"], "method": ["GET"], "responseHeader": ["ETag", "Range"]}]"#,
        );
        assert!(diff(&one, &other, Cloud::Gcs).is_empty());
        assert!(!diff(&one, &other, Cloud::S3).is_empty());
    }
}
