//! What Google's IAM policies grant to strangers, and policies that grant what they should. Nothing is sent here.

use serde_json::{Value, json};

use super::control::{Grant, Public, Right, RuleKind};

/// Reads objects and lists nothing (<https://cloud.google.com/storage/docs/access-control/iam-roles>). `objectViewer` lists.
const READER: &str = "roles/storage.legacyObjectReader";

const EVERYBODY: &str = "allUsers";
const ANY_ACCOUNT: &str = "allAuthenticatedUsers";

/// What a role comes to; of a role that isn't Google's own, the worst is assumed.
fn rights(role: &str) -> &'static [Right] {
    use Right::*;
    match role.strip_prefix("roles/storage.").unwrap_or_default() {
        "legacyObjectReader" => &[Read],
        "legacyBucketReader" => &[List],
        "objectViewer" => &[Read, List],
        "objectCreator" => &[Write],
        "legacyBucketWriter" => &[List, Write],
        "objectUser" => &[Read, List, Write],
        "legacyObjectOwner" => &[Read, Manage],
        _ => &[Read, List, Write, Manage],
    }
}

fn public(member: &str) -> Option<Public> {
    match member {
        EVERYBODY => Some(Public::Everybody),
        ANY_ACCOUNT => Some(Public::AnyAccount),
        _ => None,
    }
}

/// What a policy grants to strangers.
pub(super) fn iam_grants(policy: &Value) -> Vec<Grant> {
    let grants = bindings(policy).iter().flat_map(|binding| {
        let role = binding["role"].as_str().unwrap_or_default();
        let strangers = members(binding).filter_map(move |member| Some((member, public(member)?)));
        strangers.flat_map(move |(member, to)| {
            let by = format!("{} for {member}", crate::error::escape(role));
            let grant =
                move |right: &Right| Grant::of_all(to, *right, by.clone(), RuleKind::Policy);
            rights(role).iter().map(grant)
        })
    });
    grants.collect()
}

fn bindings(policy: &Value) -> &[Value] {
    policy["bindings"].as_array().map_or(&[], Vec::as_slice)
}

fn members(binding: &Value) -> impl Iterator<Item = &str> {
    let members = binding["members"].as_array().map_or(&[][..], Vec::as_slice);
    members.iter().filter_map(Value::as_str)
}

/// Who gets to read, whatever else is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Everybody.
    Everybody,
    /// Whoever could before.
    AsBefore,
    /// No stranger.
    Nobody,
}

/// The policy by which strangers may read at most, with what the rest of us may do as it was, and its etag; and what
/// that changes, in words. None if it's so already.
pub(super) fn with_reading_only(policy: &Value, readers: Readers) -> Option<(Value, Vec<String>)> {
    let mut changes = Vec::new();
    let mut reading = Vec::new();
    if readers == Readers::Everybody {
        reading.push(EVERYBODY.to_string());
    }
    let mut kept = Vec::new();
    for binding in bindings(policy) {
        let role = binding["role"].as_str().unwrap_or_default();
        if role == READER && readers != Readers::Nobody {
            kept.push(binding.clone());
            continue;
        }
        let strangers = members(binding).filter(|member| public(member).is_some());
        for member in strangers {
            changes.push(format!(
                "IAM: {member} loses {}",
                crate::error::escape(role)
            ));
            if rights(role).contains(&Right::Read) && readers != Readers::Nobody {
                reading.push(member.to_string());
            }
        }
        let rest: Vec<&str> = members(binding)
            .filter(|member| public(member).is_none())
            .collect();
        if !rest.is_empty() {
            let mut binding = binding.clone();
            binding["members"] = json!(rest);
            kept.push(binding);
        }
    }
    for member in reading {
        if grant_reading(&mut kept, &member) {
            changes.push(format!(
                "IAM: {member} gets {READER}, which reads and doesn't list"
            ));
        }
    }
    if changes.is_empty() {
        return None;
    }
    let mut policy = policy.clone();
    policy["bindings"] = Value::Array(kept);
    Some((policy, changes))
}

/// Lets `member` read; false if they may already.
fn grant_reading(bindings: &mut Vec<Value>, member: &str) -> bool {
    let is_reader =
        |binding: &&mut Value| binding["role"] == READER && binding.get("condition").is_none();
    match bindings.iter_mut().find(is_reader) {
        Some(reader) if members(reader).any(|there| there == member) => false,
        Some(reader) => {
            let mut all: Vec<String> = members(reader).map(str::to_string).collect();
            all.push(member.to_string());
            reader["members"] = json!(all);
            true
        }
        None => {
            bindings.push(json!({"role": READER, "members": [member]}));
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(role: &str) -> Vec<Right> {
        let policy = json!({"bindings": [{"role": role, "members": ["allUsers"]}]});
        let grants = iam_grants(&policy);
        grants.into_iter().map(|grant| grant.right).collect()
    }

    #[test]
    fn what_a_role_grants_to_strangers() {
        use Right::*;
        for (role, rights) in [
            ("roles/storage.legacyObjectReader", vec![Read]),
            ("roles/storage.objectViewer", vec![Read, List]),
            ("roles/storage.legacyBucketReader", vec![List]),
            ("roles/storage.objectCreator", vec![Write]),
            ("roles/storage.objectAdmin", vec![Read, List, Write, Manage]),
            ("projects/p/roles/own", vec![Read, List, Write, Manage]),
        ] {
            assert_eq!(granted(role), rights, "{role}");
        }
        let ours = json!({"bindings": [{"role": "roles/storage.admin", "members": ["user:us@example.org"]}]});
        assert_eq!(iam_grants(&ours), []);
    }

    #[test]
    fn the_viewer_becomes_a_reader_and_all_else_stays() {
        let theirs = json!({"role": "roles/storage.admin", "members": ["user:us@example.org"],
            "condition": {"title": "until", "expression": "request.time < timestamp('2027-01-01T00:00:00Z')"}});
        let policy = json!({"version": 3, "etag": "CAE=", "bindings": [
            theirs,
            {"role": "roles/storage.objectViewer", "members": ["allUsers", "group:team@example.org"]},
            {"role": "roles/storage.legacyBucketReader", "members": ["allAuthenticatedUsers"]},
        ]});
        let (after, changes) = with_reading_only(&policy, Readers::Everybody).expect("changes");
        assert_eq!(
            after,
            json!({"version": 3, "etag": "CAE=", "bindings": [
                theirs,
                {"role": "roles/storage.objectViewer", "members": ["group:team@example.org"]},
                {"role": READER, "members": ["allUsers"]},
            ]})
        );
        assert_eq!(changes.len(), 3, "{changes:?}");
        assert_eq!(with_reading_only(&after, Readers::Everybody), None);
    }

    #[test]
    fn objects_that_are_read_by_the_buckets_rules_stay_readable_where_new_ones_have_acls() {
        let private = json!({"etag": "CAE="});
        assert_eq!(with_reading_only(&private, Readers::AsBefore), None);
        let viewer =
            json!({"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]});
        let (after, _) = with_reading_only(&viewer, Readers::AsBefore).expect("changes");
        assert_eq!(
            after["bindings"],
            json!([{"role": READER, "members": ["allUsers"]}])
        );
        let creator =
            json!({"bindings": [{"role": "roles/storage.objectCreator", "members": ["allUsers"]}]});
        let (after, _) = with_reading_only(&creator, Readers::AsBefore).expect("changes");
        assert_eq!(after["bindings"], json!([]));
    }
}
