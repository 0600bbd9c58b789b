//! Rights that Google's IAM policies grant to strangers, and policies with the intended rights.
//! Sends no requests.

use serde_json::{Value, json};

use crate::store::control::{Grant, Public, Right, RuleKind};

/// Role that reads objects but doesn't list them
/// (<https://cloud.google.com/storage/docs/access-control/iam-roles>). `objectViewer` also lists.
const READER: &str = "roles/storage.legacyObjectReader";

const EVERYBODY: &str = "allUsers";
const ANY_ACCOUNT: &str = "allAuthenticatedUsers";

/// Returns the rights that a role grants. For a role that isn't Google's own, all rights are
/// assumed.
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

/// Returns the rights that a policy grants to strangers.
pub(super) fn iam_grants(policy: &Value) -> Vec<Grant> {
    let grants = bindings(policy).iter().flat_map(|binding| {
        let role = binding["role"].as_str().unwrap_or_default();
        let strangers = members(binding).filter_map(move |member| Some((member, public(member)?)));
        strangers.flat_map(move |(member, to)| {
            let by = format!("{} for {member}", crate::base::text::escape(role));
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

/// Group that can read after a change of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Everybody.
    Everybody,
    /// Those who could read before.
    AsBefore,
    /// No stranger.
    Nobody,
}

/// Returns the policy by which strangers can read at most, and a description of each change. The
/// rights of all others, and the etag, stay as they are. `None` if nothing has to change.
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
                crate::base::text::escape(role)
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
                "IAM: {member} gets {READER}, which allows reading but not listing"
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

/// Lets `member` read; returns false if they already can.
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
mod tests;
