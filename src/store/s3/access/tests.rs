//! Policies, statement by statement.

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

/// A grant names its policy statement so that people find it.
#[test]
fn policy_statements_are_identified() {
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
            "the statement `Old` of the bucket policy"
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

/// Statements that others wrote into a policy stay.
#[test]
fn foreign_policy_statements_stay() {
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

/// A statement of ours that somebody edited stays, and a new one is added beside it.
#[test]
fn edited_own_statement_gets_a_sibling() {
    let ours = with_everybody_reading(None, "b", "static/", None).expect("a change");
    for (field, value) in [
        ("Effect", json!("Deny")),
        ("Principal", json!({"AWS": "arn:aws:iam::1:root"})),
        ("Action", json!("s3:PutObject")),
        (
            "Condition",
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        ),
    ] {
        let mut changed = ours.clone();
        changed["Statement"][0][field] = value;
        let anew = with_everybody_reading(Some(&changed), "b", "static/", None);
        let anew = anew.expect("nobody can read");
        assert_eq!(anew["Statement"][0], changed["Statement"][0], "{field}");
        let added = &anew["Statement"][1];
        assert_eq!(added["Resource"], ours["Statement"][0]["Resource"]);
        assert_ne!(
            added["Sid"], anew["Statement"][0]["Sid"],
            "each has its own"
        );
    }
}

/// A policy that lets everybody read already gets no further statement.
#[test]
fn public_policy_gets_no_second_statement() {
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

/// A policy that allows more than reading is reduced to reading.
#[test]
fn closing_access_keeps_public_reading() {
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
            "the statement `Oops` of the bucket policy allows only s3:GetObject, instead of s3:GetObject, s3:ListBucket",
            "the statement `List` of the bucket policy is removed (it allows s3:List*)",
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

/// The resources of a statement decide which rights it grants.
#[test]
fn resources_decide_rights_of_statement() {
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

/// Releases in the bucket are excluded from what everybody may read.
#[test]
fn releases_are_excluded_from_public_policy() {
    let policy = with_everybody_reading(None, "b", "", Some(".assetsync/")).expect("a change");
    assert_eq!(
        policy["Statement"][0]["NotResource"],
        json!(["arn:aws:s3:::b/.assetsync/*"])
    );
    assert!(policy["Statement"][0].get("Resource").is_none());
}
