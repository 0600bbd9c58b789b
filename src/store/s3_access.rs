//! What S3's policies and ACLs grant to strangers, and policies that grant what they should. Nothing is sent here.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control::{Grant, Public, Reach, Right, RuleKind, is_like};

/// The statement that lets everybody read what is below the prefixes of targets.
const READS: &str = "AssetsyncEverybodyReads";

/// The same for a target that has the whole bucket and its releases in it: all but these.
const READS_ALL_BUT: &str = "AssetsyncEverybodyReadsAllButReleases";

/// The groups of S3's ACLs
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>).
const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const ANY_ACCOUNT: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

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

/// An ACL, as far as it's needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Acl {
    owner: Owner,
    access_control_list: Grants,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Grants {
    #[serde(default)]
    grant: Vec<AclGrant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AclGrant {
    grantee: Grantee,
    permission: String,
}

#[derive(Debug, Deserialize)]
struct Grantee {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "URI")]
    uri: Option<String>,
    #[serde(rename = "EmailAddress")]
    email: Option<String>,
}

impl Grantee {
    fn public(&self) -> Option<Public> {
        match self.uri.as_deref() {
            Some(EVERYBODY) => Some(Public::Everybody),
            Some(ANY_ACCOUNT) => Some(Public::AnyAccount),
            _ => None,
        }
    }

    /// As XML, for a `Grant`.
    fn xml(&self) -> String {
        let (kind, element, value) = match (&self.id, &self.uri, &self.email) {
            (Some(id), _, _) => ("CanonicalUser", "ID", id),
            (_, Some(uri), _) => ("Group", "URI", uri),
            (_, _, Some(email)) => ("AmazonCustomerByEmail", "EmailAddress", email),
            (None, None, None) => return String::new(),
        };
        let value = quick_xml::escape::escape(value.as_str());
        format!(
            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\"><{element}>{value}</{element}></Grantee>"
        )
    }
}

impl Acl {
    /// What a bucket's ACL grants to strangers. Its `READ` is about the bucket, so it's to list.
    pub(super) fn grants(&self) -> Vec<Grant> {
        let grants = self.access_control_list.grant.iter();
        let public = grants.filter_map(|grant| Some((grant.grantee.public()?, grant)));
        let rights = public.flat_map(|(to, grant)| {
            let rights: &[Right] = match grant.permission.as_str() {
                "READ" => &[Right::List],
                "WRITE" => &[Right::Write],
                "FULL_CONTROL" => &[Right::List, Right::Write, Right::Manage],
                _ => &[Right::Manage],
            };
            let group = match to {
                Public::Everybody => "AllUsers",
                Public::AnyAccount => "AuthenticatedUsers",
            };
            let by = format!("{} for {group} in the bucket's ACL", grant.permission);
            let grant = move |right: &Right| Grant::of_all(to, *right, by.clone(), RuleKind::Acl);
            rights.iter().map(grant)
        });
        rights.collect()
    }

    /// What an object's ACL grants to strangers. Its `READ` is to read it, and nobody writes by it.
    pub(super) fn object_grants(&self) -> Vec<Grant> {
        let grants = self.access_control_list.grant.iter();
        let public = grants.filter_map(|grant| Some((grant.grantee.public()?, grant)));
        let grants = public.map(|(to, grant)| {
            let right = match grant.permission.as_str() {
                "READ" => Right::Read,
                "WRITE" => Right::Write,
                _ => Right::Manage,
            };
            let by = format!("{} in its ACL", grant.permission);
            Grant::of_all(to, right, by, RuleKind::Acl)
        });
        grants.collect()
    }

    /// The same ACL without strangers, as XML; none if it has no stranger.
    pub(super) fn without_strangers(&self) -> Option<String> {
        let all = &self.access_control_list.grant;
        if all.iter().all(|grant| grant.grantee.public().is_none()) {
            return None;
        }
        let kept = all.iter().filter(|grant| grant.grantee.public().is_none());
        let kept: String = kept
            .map(|grant| {
                let permission = quick_xml::escape::escape(grant.permission.as_str());
                format!(
                    "<Grant>{}<Permission>{permission}</Permission></Grant>",
                    grant.grantee.xml()
                )
            })
            .collect();
        let owner = quick_xml::escape::escape(self.owner.id.as_str());
        Some(format!(
            "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{owner}</ID></Owner><AccessControlList>{kept}</AccessControlList></AccessControlPolicy>"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(statement: Value) -> Vec<Right> {
        let grants = policy_grants(
            &json!({"Version": "2012-10-17", "Statement": [statement]}),
            "b",
        );
        grants.iter().map(|grant| grant.right).collect()
    }

    #[test]
    fn what_a_statement_grants_to_strangers() {
        use Right::*;
        let allow = |who: Value, actions: Value| json!({"Effect": "Allow", "Principal": who, "Action": actions, "Resource": "*"});
        for (statement, granted) in [
            (allow(json!("*"), json!("s3:GetObject")), vec![Read]),
            (
                allow(json!({"AWS": "*"}), json!(["s3:ListBucket"])),
                vec![List],
            ),
            (allow(json!({"AWS": ["*"]}), json!("s3:List*")), vec![List]),
            (allow(json!("*"), json!("S3:PUTOBJECT")), vec![Write]),
            (allow(json!("*"), json!("s3:*Object")), vec![Read, Write]),
            (allow(json!("*"), json!("s3:Get*")), vec![Read, Manage]),
            (
                allow(json!("*"), json!("*")),
                vec![Read, List, Write, Manage],
            ),
            (allow(json!("*"), json!("s3:GetObjectTagging")), vec![]),
            (
                allow(json!({"AWS": "arn:aws:iam::1:user/us"}), json!("s3:*")),
                vec![],
            ),
            (
                json!({"Effect": "Allow", "Principal": "*", "NotAction": ["s3:Put*", "s3:Delete*"]}),
                vec![Read, List, Manage],
            ),
            (
                json!({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:user/them"}, "Action": "s3:ListBucket"}),
                vec![List],
            ),
            (
                json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*"}),
                vec![],
            ),
        ] {
            assert_eq!(rights(statement.clone()), granted, "{statement}");
        }
    }

    #[test]
    fn a_statement_is_named_so_that_people_find_it() {
        let policy = json!({"Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*"},
            {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"},
            {"Sid": "Old", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Condition": {}},
        ]});
        let grants = policy_grants(&policy, "b");
        let is_conditional: Vec<bool> = grants.iter().map(|g| g.is_conditional).collect();
        assert_eq!(is_conditional, [false, true]);
        let by: Vec<String> = grants.into_iter().map(|g| g.by).collect();
        assert_eq!(
            by,
            [
                "statement 2 of the bucket policy",
                "`Old` of the bucket policy"
            ]
        );
        let one =
            json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"}});
        assert_eq!(
            policy_grants(&one, "b").len(),
            1,
            "a list of one may be the one"
        );
    }

    #[test]
    fn what_others_wrote_into_a_policy_stays() {
        let theirs = json!({"Version": "2012-10-17", "Id": "x", "Statement": [
            {"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        ]});
        let first = with_everybody_reading(Some(&theirs), "b", "static/", None).expect("a change");
        assert_eq!(first["Id"], "x");
        assert_eq!(first["Statement"][0], theirs["Statement"][0]);
        assert_eq!(
            first["Statement"][1]["Resource"],
            json!(["arn:aws:s3:::b/static/*"])
        );
        let again = with_everybody_reading(Some(&first), "b", "static/", None);
        assert_eq!(again, None, "it says so already");
        let both = with_everybody_reading(Some(&first), "b", "staging/", None).expect("a change");
        assert_eq!(
            both["Statement"][1]["Resource"],
            json!(["arn:aws:s3:::b/static/*", "arn:aws:s3:::b/staging/*"]),
            "the target beside it stays public"
        );
    }

    #[test]
    fn a_policy_that_lets_everybody_read_already_gets_no_statement_beside_it() {
        let all = |resource: &str| {
            json!({"Statement": [{"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "*"},
            "Action": "s3:Get*", "Resource": resource}]})
        };
        let changes = |policy: &Value, prefix, state| {
            with_everybody_reading(Some(policy), "b", prefix, state).is_some()
        };
        let whole = all("arn:aws:s3:::b/*");
        assert!(!changes(&whole, "static/", None));
        assert!(
            !changes(&whole, "", Some(".assetsync/")),
            "it reads too much, not too little"
        );
        assert!(!changes(&all("arn:aws:s3:::b/static/*"), "static/", None));
        assert!(changes(
            &all("arn:aws:s3:::b/static/img/*"),
            "static/",
            None
        ));
        assert!(changes(&all("arn:aws:s3:::other/*"), "static/", None));
        let mut conditional = whole.clone();
        conditional["Statement"][0]["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
        assert!(changes(&conditional, "static/", None), "it lets some read");
    }

    #[test]
    fn of_a_policy_that_allows_more_than_reading_reading_stays() {
        let statement = |sid: &str, actions: Value, resources: Value| json!({"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources});
        let (bucket, all) = ("arn:aws:s3:::b", "arn:aws:s3:::b/*");
        let theirs = json!({"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:*", "Resource": "*"});
        let mut office = statement("Office", json!("s3:ListBucket"), json!(bucket));
        office["Condition"] = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
        let policy = json!({"Id": "x", "Statement": [
            theirs,
            office,
            statement("Oops", json!(["s3:GetObject", "s3:ListBucket"]), json!([bucket, all])),
            statement("List", json!("s3:List*"), json!(bucket)),
            statement("Some", json!("s3:GetObject"), json!("arn:aws:s3:::b/img/*")),
        ]});
        let (after, changes) = with_reading_only(&policy, "b", None).expect("changes");
        assert_eq!(
            after,
            json!({"Id": "x", "Statement": [
                theirs,
                office,
                statement("Oops", json!("s3:GetObject"), json!([bucket, all])),
                statement("Some", json!("s3:GetObject"), json!("arn:aws:s3:::b/img/*")),
            ]})
        );
        assert_eq!(
            changes,
            [
                "`Oops` of the bucket policy allows s3:GetObject alone, instead of s3:GetObject, s3:ListBucket",
                "`List` of the bucket policy goes, which allows s3:List*",
            ]
        );
        assert_eq!(
            with_reading_only(&after, "b", None),
            None,
            "it's so already"
        );
        let (after, _) = with_reading_only(&after, "b", Some(".assetsync/")).expect("changes");
        let oops = &after["Statement"][2];
        assert_eq!(oops["NotResource"], json!(["arn:aws:s3:::b/.assetsync/*"]));
        assert_eq!(oops.get("Resource"), None);
        assert_eq!(with_reading_only(&after, "b", Some(".assetsync/")), None);
        let last = json!({"Statement": statement("List", json!("s3:List*"), json!(bucket))});
        let (after, _) = with_reading_only(&last, "b", None).expect("changes");
        assert!(is_empty(&after));
    }

    #[test]
    fn a_statement_counts_for_what_its_resources_are() {
        use Right::*;
        let all = |resource: &str| json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resource});
        assert_eq!(rights(all("arn:aws:s3:::b/*")), [Read, Write]);
        assert_eq!(rights(all("arn:aws:s3:::b")), [List, Manage]);
        assert_eq!(rights(all("arn:aws:s3:::b*")), [Read, List, Write, Manage]);
        assert_eq!(rights(all("arn:aws:s3:::other/*")), []);
        let any = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::*:root"}, "Action": "s3:ListBucket", "Resource": "*"});
        let grants = policy_grants(&json!({"Statement": any}), "b");
        assert_eq!(grants[0].to, Public::AnyAccount);
    }

    #[test]
    fn releases_in_the_bucket_are_left_out_of_what_everybody_may_read() {
        let policy = with_everybody_reading(None, "b", "", Some(".assetsync/")).expect("a change");
        assert_eq!(
            policy["Statement"][0]["NotResource"],
            json!(["arn:aws:s3:::b/.assetsync/*"])
        );
        assert!(policy["Statement"][0].get("Resource").is_none());
    }

    const PUBLIC_ACL: &str = r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>us&amp;co</ID></Owner><AccessControlList>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI></Grantee><Permission>WRITE_ACP</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee><Permission>WRITE</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>us&amp;co</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>
        </AccessControlList></AccessControlPolicy>"#;

    #[test]
    fn an_acl_is_freed_of_strangers_and_keeps_all_others() {
        let acl: Acl = quick_xml::de::from_str(PUBLIC_ACL).expect("an ACL");
        let rights: Vec<_> = acl.grants().into_iter().map(|g| (g.to, g.right)).collect();
        assert_eq!(
            rights,
            [
                (Public::Everybody, Right::List),
                (Public::AnyAccount, Right::Manage)
            ]
        );
        let rest = acl.without_strangers().expect("there were some");
        assert!(
            rest.contains("LogDelivery") && rest.contains("us&amp;co"),
            "{rest}"
        );
        let rest: Acl = quick_xml::de::from_str(&rest).expect("an ACL");
        assert_eq!(rest.access_control_list.grant.len(), 2);
        assert_eq!(rest.without_strangers(), None, "nothing is left to do");
    }
}
