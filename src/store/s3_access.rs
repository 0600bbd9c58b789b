//! What S3's policies and ACLs grant to strangers, and policies that grant what they should. Nothing is sent here.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control::{Grant, Public, Right};

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

/// What a policy grants to strangers. Conditions aren't weighed.
pub(super) fn policy_grants(policy: &Value) -> Vec<Grant> {
    let statements = statements(policy).iter().enumerate();
    let public = statements.filter(|(_, statement)| is_public(statement));
    let grants = public.flat_map(|(at, statement)| {
        let by = called(at, statement);
        let is_conditional = statement.get("Condition").is_some();
        let rights = ACTIONS
            .iter()
            .filter(|(_, actions)| actions.iter().any(|action| allows(statement, action)));
        rights.map(move |(right, _)| Grant {
            to: Public::Everybody,
            right: *right,
            by: by.clone(),
            is_conditional,
        })
    });
    grants.collect()
}

/// Whether a statement is about an action, given in lower case.
fn allows(statement: &Value, action: &str) -> bool {
    match statement.get("NotAction") {
        Some(not) => !texts(not).any(|glob| is_like(glob, action)),
        None => texts(&statement["Action"]).any(|glob| is_like(glob, action)),
    }
}

fn called(at: usize, statement: &Value) -> String {
    match statement["Sid"].as_str() {
        Some(sid) => format!("`{}` of the bucket policy", crate::error::escape(sid)),
        None => format!("statement {} of the bucket policy", at + 1),
    }
}

/// Whether a statement allows something to everybody, or to everybody but a few.
fn is_public(statement: &Value) -> bool {
    let is_everybody = match &statement["Principal"] {
        Value::Object(kinds) => kinds.values().any(|who| texts(who).any(|who| who == "*")),
        who => texts(who).any(|who| who == "*"),
    };
    let is_nearly = statement.get("NotPrincipal").is_some();
    statement["Effect"] == "Allow" && (is_everybody || is_nearly)
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

/// Whether a policy's pattern (`s3:Get*`) stands for an action, given in lower case.
fn is_like(glob: &str, action: &str) -> bool {
    let glob = glob.to_lowercase();
    let Some((first, rest)) = glob.split_once('*') else {
        return glob == action;
    };
    let Some(mut left) = action.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        left = match (left.find(part), parts.peek()) {
            (_, None) => return left.ends_with(part),
            (Some(at), Some(_)) => &left[at + part.len()..],
            (None, Some(_)) => return false,
        };
    }
    true
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
            let by = format!("{} in the bucket's ACL", grant.permission);
            rights.iter().map(move |right| Grant {
                to,
                right: *right,
                by: by.clone(),
                is_conditional: false,
            })
        });
        rights.collect()
    }

    /// What an object's ACL grants to strangers. Its `READ` is to read it, and nobody writes by it.
    pub(super) fn object_grants(&self) -> Vec<Grant> {
        let grants = self.access_control_list.grant.iter();
        let public = grants.filter_map(|grant| Some((grant.grantee.public()?, grant)));
        let grants = public.map(|(to, grant)| Grant {
            to,
            right: match grant.permission.as_str() {
                "READ" => Right::Read,
                "WRITE" => Right::Write,
                _ => Right::Manage,
            },
            by: format!("{} in its ACL", grant.permission),
            is_conditional: false,
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
        let grants = policy_grants(&json!({"Version": "2012-10-17", "Statement": [statement]}));
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
        let grants = policy_grants(&policy);
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
        assert_eq!(policy_grants(&one).len(), 1, "a list of one may be the one");
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
