//! What S3's policies grant to strangers, and policies that grant what they should. Nothing is sent here.

use serde_json::{Map, Value, json};

use super::control::{Grant, Public, Reach, Right, RuleKind, is_like};

/// The statement that lets everybody read what is below the prefixes of targets.
const READS: &str = "AssetsyncEverybodyReads";

/// The same for a target that has the whole bucket and its releases in it: all but these.
const READS_ALL_BUT: &str = "AssetsyncEverybodyReadsAllButReleases";

/// The rights that a policy's actions may come to, each by actions that stand for it.
const ACTIONS: [(Right, &[&str]); 4] = [
    (Right::Read, &["s3:getobject", "s3:getobjectversion"]),
    (
        Right::List,
        &[
            "s3:listbucket",
            "s3:listbucketversions",
            "s3:listbucketmultipartuploads",
        ],
    ),
    (
        Right::Write,
        &[
            "s3:putobject",
            "s3:deleteobject",
            "s3:deleteobjectversion",
            "s3:putobjectacl",
        ],
    ),
    (
        Right::Manage,
        &[
            "s3:putbucketpolicy",
            "s3:putbucketacl",
            "s3:deletebucket",
            "s3:putlifecycleconfiguration",
            "s3:getbucketpolicy",
        ],
    ),
];

/// What a bucket's policy grants to strangers. Conditions aren't weighed.
pub(super) fn policy_grants(policy: &Value, bucket: &str) -> Vec<Grant> {
    let statements = statements(policy).iter().enumerate();
    let grants = statements.flat_map(|(at, statement)| statement_grants(at, statement, bucket));
    grants.collect()
}

/// What the statement at this place, counted from 0, grants to strangers.
fn statement_grants(at: usize, statement: &Value, bucket: &str) -> Vec<Grant> {
    let Some(to) = public(statement) else {
        return Vec::new();
    };
    let reach = reach(statement, bucket);
    let grant = |right: Right| Grant {
        to,
        right,
        by: called(at, statement),
        allows: actions(statement),
        kind: RuleKind::Policy,
        reach: reach.clone(),
        is_conditional: statement.get("Condition").is_some(),
    };
    let is_allowed = |(right, actions): &&(Right, &[&str])| {
        let is_reached = match right {
            Right::Read | Right::Write => reach != Reach::Only(Vec::new()),
            Right::List | Right::Manage => is_about_bucket(statement, bucket),
        };
        is_reached && actions.iter().any(|action| allows(statement, action))
    };
    let rights = ACTIONS.iter().filter(is_allowed);
    rights.map(|(right, _)| grant(*right)).collect()
}

/// Whether a statement is about an action, given in lower case.
fn allows(statement: &Value, action: &str) -> bool {
    let is_named = |globs: &Value| texts(globs).any(|glob| is_like(&glob.to_lowercase(), action));
    match statement.get("NotAction") {
        Some(not) => !is_named(not),
        None => is_named(&statement["Action"]),
    }
}

/// The actions that a statement allows, as it says it.
fn actions(statement: &Value) -> Vec<String> {
    let named = |globs: &Value, but: &str| {
        let named = texts(globs).map(|glob| format!("{but}{}", crate::error::escape(glob)));
        named.collect()
    };
    match statement.get("NotAction") {
        Some(not) => named(not, "all but "),
        None => named(&statement["Action"], ""),
    }
}

/// What stands behind `arn:aws:s3:::`: `bucket`, `bucket/static/*`.
fn resources(named: &Value) -> impl Iterator<Item = &str> {
    texts(named).map(|arn| arn.rsplit_once(":::").map_or(arn, |(_, resource)| resource))
}

/// The objects of `bucket` that a statement is about.
fn reach(statement: &Value, bucket: &str) -> Reach {
    let keys = |named: &Value| -> Vec<String> {
        let keys = resources(named).filter_map(|resource| match resource.split_once('/') {
            Some((buckets, keys)) => is_like(buckets, bucket).then(|| keys.to_string()),
            // A star stands for slashes, too.
            None => is_like(resource, &format!("{bucket}/\u{1}")).then(|| "*".to_string()),
        });
        keys.collect()
    };
    match (statement.get("Resource"), statement.get("NotResource")) {
        (_, Some(not)) => Reach::AllBut(keys(not)),
        (Some(named), None) => Reach::Only(keys(named)),
        // No storage takes such a statement.
        (None, None) => Reach::All,
    }
}

/// Whether a statement is about the bucket as such.
fn is_about_bucket(statement: &Value, bucket: &str) -> bool {
    let is_named = |named: &Value| resources(named).any(|resource| is_like(resource, bucket));
    match (statement.get("Resource"), statement.get("NotResource")) {
        (_, Some(not)) => !is_named(not),
        (Some(named), None) => is_named(named),
        (None, None) => true,
    }
}

fn called(at: usize, statement: &Value) -> String {
    match statement["Sid"].as_str() {
        Some(sid) => format!("`{}` of the bucket policy", crate::error::escape(sid)),
        None => format!("statement {} of the bucket policy", at + 1),
    }
}

/// Whether a statement allows something to everybody, or to everybody but a few; or to people of any account.
fn public(statement: &Value) -> Option<Public> {
    if statement["Effect"] != "Allow" {
        return None;
    }
    let who: Vec<&str> = match &statement["Principal"] {
        Value::Object(kinds) => kinds.values().flat_map(texts).collect(),
        who => texts(who).collect(),
    };
    let is_nearly = statement.get("NotPrincipal").is_some();
    if is_nearly || who.contains(&"*") {
        return Some(Public::Everybody);
    }
    let is_any_account = |who: &&str| who.starts_with("arn:aws:iam::*");
    who.iter().any(is_any_account).then_some(Public::AnyAccount)
}

fn statements(policy: &Value) -> &[Value] {
    match &policy["Statement"] {
        Value::Array(statements) => statements,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

/// Policies write a list of one as the one.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

/// The policy that lets everybody read what is below `prefix`, with all else of `policy` as it was; none if that says so
/// already. Releases that are in the target aren't named by it, rather than denied: who isn't allowed can't read, whatever
/// account they have.
///
/// S3 has no way to say "below this prefix, but not below that": releases can be left out of a whole bucket alone.
pub(super) fn with_everybody_reading(
    policy: Option<&Value>,
    bucket: &str,
    prefix: &str,
    state_folder: Option<&str>,
) -> Option<Value> {
    let (sid, field, resource) = match state_folder {
        Some(folder) => (
            READS_ALL_BUT,
            "NotResource",
            format!("arn:aws:s3:::{bucket}/{prefix}{folder}*"),
        ),
        None => (
            READS,
            "Resource",
            format!("arn:aws:s3:::{bucket}/{prefix}*"),
        ),
    };
    let empty = json!({"Version": "2012-10-17", "Statement": []});
    let mut policy = policy.cloned().unwrap_or(empty);
    let mut all = statements(&policy).to_vec();
    let private = state_folder.map(|folder| format!("{prefix}{folder}"));
    let reads_it_all = policy_grants(&policy, bucket).into_iter().any(|grant| {
        grant.right == Right::Read
            && grant.to == Public::Everybody
            && !grant.is_conditional
            && grant.reach.covers_below(prefix, private.as_deref())
    });
    if reads_it_all {
        return None;
    }
    let ours = all.iter_mut().find(|statement| statement["Sid"] == sid);
    match ours {
        Some(ours) if texts(&ours[field]).any(|there| there == resource) => return None,
        Some(ours) => {
            let mut resources: Vec<String> = texts(&ours[field]).map(str::to_string).collect();
            resources.push(resource);
            ours[field] = json!(resources);
        }
        None => all.push(statement(sid, field, resource)),
    }
    policy["Statement"] = Value::Array(all);
    Some(policy)
}

/// The policy by which strangers read at most, and not what begins with `private`, where a statement has the whole bucket: of
/// what allows more, reading stays. Statements with a condition stay as they are. None if the policy is so already; else what it
/// changes, in words.
pub(super) fn with_reading_only(
    policy: &Value,
    bucket: &str,
    private: Option<&str>,
) -> Option<(Value, Vec<String>)> {
    let mut changes = Vec::new();
    let mut kept = Vec::new();
    for (at, statement) in statements(policy).iter().enumerate() {
        let grants = statement_grants(at, statement, bucket);
        let Some(grant) = grants.first().filter(|grant| !grant.is_conditional) else {
            kept.push(statement.clone());
            continue;
        };
        let by = &grant.by;
        let mut statement = statement.clone();
        if grants.iter().any(|grant| grant.right != Right::Read) {
            let allowed = grant.allows.join(", ");
            if grant.right != Right::Read {
                changes.push(format!("{by} goes, which allows {allowed}"));
                continue;
            }
            changes.push(format!(
                "{by} allows s3:GetObject alone, instead of {allowed}"
            ));
            read_only(&mut statement);
        }
        if let Some(private) = private
            && grant.reach.covers(private)
            && grant.reach.covers_below("", None)
        {
            changes.push(format!("{by} leaves out `{private}*`"));
            leave_out(&mut statement, format!("arn:aws:s3:::{bucket}/{private}*"));
        }
        kept.push(statement);
    }
    if changes.is_empty() {
        return None;
    }
    let mut policy = policy.clone();
    policy["Statement"] = Value::Array(kept);
    Some((policy, changes))
}

/// The policy by which strangers may do nothing with what is below `prefix`, nor with the bucket as such. Statements with a
/// condition stay, and those by which they read elsewhere. None if the policy is so already; else what it changes, in words.
pub(super) fn with_nothing_below(
    policy: &Value,
    bucket: &str,
    prefix: &str,
) -> Option<(Value, Vec<String>)> {
    let mut changes = Vec::new();
    let mut kept = Vec::new();
    for (at, statement) in statements(policy).iter().enumerate() {
        let grants = statement_grants(at, statement, bucket);
        let is_about = |grant: &Grant| {
            grant.right != Right::Read || grant.reach.covers(&format!("{prefix}x/root.json"))
        };
        match grants
            .iter()
            .find(|grant| !grant.is_conditional && is_about(grant))
        {
            Some(grant) => changes.push(format!(
                "{} goes, which allows {}",
                grant.by,
                grant.allows.join(", ")
            )),
            None => kept.push(statement.clone()),
        }
    }
    if changes.is_empty() {
        return None;
    }
    let mut policy = policy.clone();
    policy["Statement"] = Value::Array(kept);
    Some((policy, changes))
}

/// Whether a policy says nothing any more. Storages take none that does.
pub(super) fn is_empty(policy: &Value) -> bool {
    statements(policy).is_empty()
}

fn read_only(statement: &mut Value) {
    if let Some(fields) = statement.as_object_mut() {
        fields.remove("NotAction");
        fields.insert("Action".into(), "s3:GetObject".into());
    }
}

fn leave_out(statement: &mut Value, resource: String) {
    if let Some(fields) = statement.as_object_mut() {
        fields.remove("Resource");
        fields.insert("NotResource".into(), json!([resource]));
    }
}

fn statement(sid: &str, field: &str, resource: String) -> Value {
    let mut statement = Map::new();
    statement.insert("Sid".into(), sid.into());
    statement.insert("Effect".into(), "Allow".into());
    statement.insert("Principal".into(), "*".into());
    statement.insert("Action".into(), "s3:GetObject".into());
    statement.insert(field.into(), json!([resource]));
    Value::Object(statement)
}

/// What changes from one policy to the next, for people.
pub(super) fn policy_change(bucket: &str, prefix: &str, state_folder: Option<&str>) -> String {
    let but = state_folder.map_or(String::new(), |folder| {
        format!(", but not below `{folder}`")
    });
    format!(
        "bucket policy: everybody may read (s3:GetObject) `{bucket}/{prefix}*`{but}; all other statements stay"
    )
}

#[cfg(test)]
mod tests;
