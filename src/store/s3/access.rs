//! Rights that S3's policies grant to strangers, and policies with the intended rights. Sends no
//! requests.

use serde_json::{Map, Value, json};

use crate::store::control::{Grant, Public, Reach, Right, RuleKind, is_like};

/// Name of the statement that lets everybody read below the prefixes of targets.
const READS: &str = "AssetsyncEverybodyReads";

/// Name of the same statement for a target that has the whole bucket, and its releases in it:
/// everything but these can be read.
const READS_ALL_BUT: &str = "AssetsyncEverybodyReadsAllButReleases";

/// Rights that a policy can grant, each with the actions that stand for it.
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

/// Returns the rights that a bucket's policy grants to strangers. Conditions aren't evaluated.
pub(super) fn policy_grants(policy: &Value, bucket: &str) -> Vec<Grant> {
    let statements = statements(policy).iter().enumerate();
    let grants = statements.flat_map(|(at, statement)| statement_grants(at, statement, bucket));
    grants.collect()
}

/// Returns the rights that the statement at this position, counted from 0, grants to strangers.
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

/// Returns true if a statement is about an action, given in lower case.
fn allows(statement: &Value, action: &str) -> bool {
    let is_named = |globs: &Value| texts(globs).any(|glob| is_like(&glob.to_lowercase(), action));
    match statement.get("NotAction") {
        Some(not) => !is_named(not),
        None => is_named(&statement["Action"]),
    }
}

/// Returns the actions that a statement allows, as it names them.
fn actions(statement: &Value) -> Vec<String> {
    let named = |globs: &Value, but: &str| {
        let named = texts(globs).map(|glob| format!("{but}{}", crate::base::text::escape(glob)));
        named.collect()
    };
    match statement.get("NotAction") {
        Some(not) => named(not, "all but "),
        None => named(&statement["Action"], ""),
    }
}

/// Returns the part of each ARN after `arn:aws:s3:::`: `bucket`, `bucket/static/*`.
fn resources(named: &Value) -> impl Iterator<Item = &str> {
    texts(named).map(|arn| arn.rsplit_once(":::").map_or(arn, |(_, resource)| resource))
}

/// Returns the objects of `bucket` that a statement is about.
fn reach(statement: &Value, bucket: &str) -> Reach {
    let keys = |named: &Value| -> Vec<String> {
        let keys = resources(named).filter_map(|resource| match resource.split_once('/') {
            Some((buckets, keys)) => is_like(buckets, bucket).then(|| keys.to_string()),
            // A star matches slashes, too.
            None => is_like(resource, &format!("{bucket}/\u{1}")).then(|| "*".to_string()),
        });
        keys.collect()
    };
    match (statement.get("Resource"), statement.get("NotResource")) {
        (_, Some(not)) => Reach::AllBut(keys(not)),
        (Some(named), None) => Reach::Only(keys(named)),
        // No storage accepts such a statement.
        (None, None) => Reach::All,
    }
}

/// Returns true if a statement is about the bucket itself.
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
        Some(sid) => {
            let sid = crate::base::text::escape(sid);
            format!("the statement `{sid}` of the bucket policy")
        }
        None => format!("statement {} of the bucket policy", at + 1),
    }
}

/// Returns the strangers to whom a statement allows something: everybody (even with exceptions), or
/// all accounts; `None` if it's neither.
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

/// Returns the texts of a list. Policies write a list of one text as the text alone.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

/// Returns the policy that lets everybody read below `prefix`, with everything else in `policy`
/// unchanged; `None` if the policy already allows it. Releases in the target aren't denied; they
/// are left out of the resources. Without permission no stranger can read them, with or without an
/// account.
///
/// S3 can't express "below this prefix, but not below that": releases can only be left out of a
/// whole bucket.
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
    // A statement that somebody changed is theirs by now, and stays.
    let is_ours = |statement: &Value| statement["Sid"] == sid && lets_read(statement, bucket);
    match all.iter_mut().find(|statement| is_ours(statement)) {
        Some(ours) if texts(&ours[field]).any(|there| there == resource) => return None,
        Some(ours) => {
            let mut resources: Vec<String> = texts(&ours[field]).map(str::to_string).collect();
            resources.push(resource);
            ours[field] = json!(resources);
        }
        None => {
            let sid = free_sid(sid, &all);
            all.push(statement(&sid, field, resource));
        }
    }
    policy["Statement"] = Value::Array(all);
    Some(policy)
}

/// Checks whether a statement lets everybody read what it names.
fn lets_read(statement: &Value, bucket: &str) -> bool {
    let grants = statement_grants(0, statement, bucket);
    grants.iter().any(|grant| {
        grant.right == Right::Read && grant.to == Public::Everybody && !grant.is_conditional
    })
}

/// Returns a name that no statement has: `sid`, or that with a number.
fn free_sid(sid: &str, statements: &[Value]) -> String {
    let is_taken = |name: &String| statements.iter().any(|statement| statement["Sid"] == *name);
    let numbered = (2..).map(|number| format!("{sid}{number}"));
    let mut names = std::iter::once(sid.to_string()).chain(numbered);
    names
        .find(|name| !is_taken(name))
        .expect("numbers are endless")
}

/// Returns the policy by which strangers can read at most, and a description of the changes; `None`
/// if nothing has to change. A statement that allows more is reduced to reading. A statement that
/// is about the whole bucket leaves out the keys that begin with `private`. Statements with a
/// condition stay as they are.
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
                changes.push(format!("{by} is removed (it allows {allowed})"));
                continue;
            }
            changes.push(format!(
                "{by} allows only s3:GetObject, instead of {allowed}"
            ));
            read_only(&mut statement);
        }
        if let Some(private) = private
            && grant.reach.covers(private)
            && grant.reach.covers_below("", None)
        {
            changes.push(format!("{by} no longer covers `{private}*`"));
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

/// Returns the policy without rights of strangers below `prefix` and to the bucket itself, and a
/// description of the changes; `None` if nothing has to change. Statements with a condition stay,
/// and those by which strangers read elsewhere.
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
                "{} is removed (it allows {})",
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

/// Returns true if a policy has no statements left. Storages don't accept such a policy.
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

/// Returns a description of the change of a policy, for people.
pub(super) fn policy_change(bucket: &str, prefix: &str, state_folder: Option<&str>) -> String {
    let but = state_folder.map_or(String::new(), |folder| format!(", except below `{folder}`"));
    format!(
        "bucket policy: everybody may read (s3:GetObject) `{bucket}/{prefix}*`{but}; other statements are unchanged"
    )
}

#[cfg(test)]
mod tests;
