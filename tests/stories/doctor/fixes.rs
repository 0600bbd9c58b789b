//! What `doctor` advises is done as it stands, on the server that it was advised for: then the
//! finding is gone, and all that worked before still works.

use serde_json::{Value, json};

use crate::support::hunt::Hunt;
use crate::support::s3::Bucket;
use crate::support::{Run, Site};

/// A mistake in how a bucket is set up, made behind assetsync's back.
struct Mistake {
    what: &'static str,
    /// The target that it's about.
    target: &'static str,
    made: fn(&Hunt),
    /// The checks that find it, each of which has steps to follow.
    found: &'static [&'static str],
}

const TIDY: &str =
    r#"{"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}"#;
const LOGS: &str = r#"{"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}"#;
const CORS: &str = r#"{"CORSRules": [{"AllowedOrigins": ["https://hunt.example.org"], "AllowedMethods": ["GET"]}]}"#;

fn versioning(bucket: &Bucket, status: &str) {
    let status = format!("Status={status}");
    let name = &bucket.name;
    bucket.aws(&[
        "s3api",
        "put-bucket-versioning",
        "--bucket",
        name,
        "--versioning-configuration",
        &status,
    ]);
}

/// Of a public access block: `["BlockPublicAcls"]`.
fn block(bucket: &Bucket, on: &[&str]) {
    let all = [
        "BlockPublicAcls",
        "IgnorePublicAcls",
        "BlockPublicPolicy",
        "RestrictPublicBuckets",
    ];
    let all: Vec<String> = all
        .iter()
        .map(|one| format!("{one}={}", on.contains(one)))
        .collect();
    let name = &bucket.name;
    let set = [
        "s3api",
        "put-public-access-block",
        "--bucket",
        name,
        "--public-access-block-configuration",
        &all.join(","),
    ];
    bucket.aws(&set);
}

fn lifecycle(bucket: &Bucket, rules: &[&str]) {
    let rules = format!("{{\"Rules\": [{}]}}", rules.join(","));
    let name = &bucket.name;
    bucket.aws(&[
        "s3api",
        "put-bucket-lifecycle-configuration",
        "--bucket",
        name,
        "--lifecycle-configuration",
        &rules,
    ]);
}

fn acl(bucket: &Bucket, acl: &str) {
    bucket.aws(&[
        "s3api",
        "put-bucket-acl",
        "--bucket",
        &bucket.name,
        "--acl",
        acl,
    ]);
}

/// A statement for everybody beside those that are there.
fn everybody_may(bucket: &Bucket, actions: &[&str], below: &str) {
    let name = &bucket.name;
    let there = bucket.signed("GET", "?policy=", b"");
    let mut policy = match there.status {
        200 => serde_json::from_slice(&there.body).expect("JSON"),
        _ => json!({"Version": "2012-10-17", "Statement": []}),
    };
    let statements = policy["Statement"].as_array_mut().expect("a list");
    statements.push(
        json!({"Sid": "Oops", "Effect": "Allow", "Principal": "*", "Action": actions,
        "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/{below}*")]}),
    );
    bucket.aws(&[
        "s3api",
        "put-bucket-policy",
        "--bucket",
        name,
        "--policy",
        &policy.to_string(),
    ]);
}

#[rustfmt::skip]
const ON_RADOSGW: &[Mistake] = &[
    Mistake { what: "a versioned bucket", target: "prod", found: &["create-only", "versioning"],
        made: |hunt| versioning(&hunt.assets, "Enabled") },
    Mistake { what: "releases in a versioned bucket", target: "prod", found: &["conditional-writes"],
        made: |hunt| versioning(&hunt.releases, "Enabled") },
    Mistake { what: "everything in a versioned bucket", target: "acl", found: &["create-only", "conditional-writes", "versioning"],
        made: |hunt| versioning(&hunt.assets, "Enabled") },
    Mistake { what: "public ACLs refused", target: "prod", found: &["public-access-block"],
        made: |hunt| block(&hunt.assets, &["BlockPublicAcls"]) },
    Mistake { what: "public ACLs refused, where objects have some", target: "acl", found: &["public-access-block"],
        made: |hunt| block(&hunt.assets, &["BlockPublicAcls", "BlockPublicPolicy"]) },
    Mistake { what: "public ACLs ignored, where objects have some", target: "acl", found: &["public-access-block", "public-read"],
        made: |hunt| block(&hunt.assets, &["IgnorePublicAcls"]) },
    Mistake { what: "all of a public access block", target: "prod", found: &["public-access-block"],
        made: |hunt| block(&hunt.assets, &["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]) },
    Mistake { what: "a bucket that everybody lists by its ACL", target: "prod", found: &["anonymous-list", "grants"],
        made: |hunt| acl(&hunt.assets, "public-read") },
    Mistake { what: "a bucket that everybody writes to by its ACL", target: "acl", found: &["anonymous-write", "anonymous-list", "grants"],
        made: |hunt| acl(&hunt.assets, "public-read-write") },
    Mistake { what: "a bucket that any account lists", target: "prod", found: &["grants"],
        made: |hunt| acl(&hunt.assets, "authenticated-read") },
    Mistake { what: "a bucket that everybody lists by its policy", target: "one", found: &["anonymous-list", "grants"],
        made: |hunt| everybody_may(&hunt.assets, &["s3:ListBucket"], "") },
    Mistake { what: "a policy that lets nobody read", target: "prod", found: &["public-read", "grants"],
        made: |hunt| { hunt.assets.aws(&["s3api", "delete-bucket-policy", "--bucket", &hunt.assets.name]); } },
    Mistake { what: "a whole bucket that everybody reads, its releases too", target: "one", found: &["anonymous-state"],
        made: |hunt| everybody_may(&hunt.assets, &["s3:GetObject"], "") },
    Mistake { what: "releases that everybody reads by a policy", target: "prod", found: &["anonymous-state", "releases-grants"],
        made: |hunt| everybody_may(&hunt.releases, &["s3:GetObject"], "") },
    Mistake { what: "releases that everybody lists by an ACL", target: "prod", found: &["releases-grants"],
        made: |hunt| acl(&hunt.releases, "public-read") },
    Mistake { what: "releases that everybody reads, lists and writes", target: "prod", found: &["anonymous-state", "releases-grants"],
        made: |hunt| { acl(&hunt.releases, "public-read-write"); everybody_may(&hunt.releases, &["s3:*"], "prod/"); } },
    Mistake { what: "a rule that deletes what is published", target: "prod", found: &["lifecycle", "uploads"],
        made: |hunt| lifecycle(&hunt.assets, &[TIDY]) },
    Mistake { what: "a rule that deletes what is published, and another", target: "prod", found: &["lifecycle", "uploads"],
        made: |hunt| lifecycle(&hunt.assets, &[LOGS, TIDY]) },
    Mistake { what: "a rule that deletes the releases", target: "prod", found: &["releases-lifecycle"],
        made: |hunt| lifecycle(&hunt.releases, &[TIDY]) },
    Mistake { what: "a bucket that everybody reads, where objects are public one by one", target: "acl", found: &["grants"],
        made: |hunt| everybody_may(&hunt.assets, &["s3:GetObject"], "acl/") },
    Mistake { what: "no rule for uploads", target: "prod", found: &["uploads"], made: |_| {} },
    Mistake { what: "no rule for uploads among others", target: "prod", found: &["uploads"],
        made: |hunt| lifecycle(&hunt.assets, &[LOGS]) },
    Mistake { what: "a CORS policy that no file has", target: "prod", found: &["cors"],
        made: |hunt| { hunt.assets.aws(&["s3api", "put-bucket-cors", "--bucket", &hunt.assets.name, "--cors-configuration", CORS]); } },
    Mistake { what: "a CORS policy that isn't the file's", target: "prod", found: &["cors"],
        made: |hunt| { std::fs::write(hunt.site.path("cors.json"), CORS).expect("written"); set(&hunt.site, "cors = \"cors.json\"", "target.prod"); } },
];

/// Doctor's advice for versions and protections works on radosgw.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn radosgw_versioning_fixes_work() {
    follow_all(
        ON_RADOSGW,
        &["create-only", "conditional-writes", "public-access-block"],
    );
}

/// Doctor's advice for the rights of strangers works on radosgw.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn radosgw_access_fixes_work() {
    follow_all(
        ON_RADOSGW,
        &["anonymous-list", "anonymous-write", "public-read", "grants"],
    );
}

/// Doctor's advice for open releases works on radosgw.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn radosgw_open_release_fixes_work() {
    follow_all(ON_RADOSGW, &["anonymous-state", "releases-grants"]);
}

/// Doctor's advice for lifecycles and CORS works on radosgw.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn radosgw_lifecycle_and_cors_fixes_work() {
    follow_all(
        ON_RADOSGW,
        &["lifecycle", "releases-lifecycle", "uploads", "cors"],
    );
}

/// Those that one of these checks finds first.
fn follow_all(mistakes: &[Mistake], checks: &[&str]) {
    let is_meant = |mistake: &&Mistake| checks.contains(&mistake.found[0]);
    for mistake in mistakes.iter().filter(is_meant) {
        let hunt = published(mistake.target);
        let before = doctor(&hunt, mistake.target);
        (mistake.made)(&hunt);
        follow(&hunt, mistake.target, mistake.what, mistake.found);
        follow_the_rest(&hunt, mistake.target);
        let after = doctor(&hunt, mistake.target);
        let new: Vec<String> = wrong(&after)
            .into_iter()
            .filter(|check| !wrong(&before).contains(check))
            .collect();
        assert_eq!(new, [] as [&str; 0], "{}: {after:#}", mistake.what);
        still_works(&hunt, mistake.target, mistake.what);
    }
}

/// A hunt with two releases, so that there's one to go back to.
fn published(target: &str) -> Hunt {
    let hunt = Hunt::new();
    hunt.site.write("map.png", "the first map");
    if target != "part" {
        hunt.ok(&["access", "apply", target, "--yes"]);
    }
    hunt.ok(&["push", target]);
    hunt.site.write("map.png", "the second map");
    hunt.ok(&["push", target]);
    hunt
}

fn doctor(hunt: &Hunt, target: &str) -> Value {
    let run = hunt.assets.run(&hunt.site, &["doctor", target, "--json"]);
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"))
}

/// The checks that found something wrong.
fn wrong(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list").iter();
    let wrong = findings.filter(|f| f["verdict"] == "failed" || f["verdict"] == "warning");
    wrong
        .map(|f| f["check"].as_str().expect("a word").to_string())
        .collect()
}

/// Follows what is advised for these checks, until none of them finds anything.
fn follow(hunt: &Hunt, target: &str, what: &str, checks: &[&str]) {
    let report = doctor(hunt, target);
    for check in checks {
        assert!(
            wrong(&report).contains(&check.to_string()),
            "{what}: {check}: {report:#}"
        );
    }
    for check in checks {
        let report = doctor(hunt, target);
        let findings = report["findings"].as_array().expect("a list").iter();
        // What mended one may have mended another.
        let Some(finding) = findings
            .filter(|f| f["verdict"] == "failed" || f["verdict"] == "warning")
            .find(|finding| finding["check"] == *check)
        else {
            continue;
        };
        let steps = finding["steps"].as_array().expect("a list");
        assert!(!steps.is_empty(), "{what}: {finding:#}");
        for step in steps {
            take(hunt, step);
        }
        let report = doctor(hunt, target);
        assert!(
            !wrong(&report).contains(&check.to_string()),
            "{what}: {check}: {report:#}"
        );
    }
}

/// Whatever else is advised does no harm either.
fn follow_the_rest(hunt: &Hunt, target: &str) {
    let report = doctor(hunt, target);
    for finding in report["findings"].as_array().expect("a list") {
        for step in finding["steps"].as_array().expect("a list") {
            take(hunt, step);
        }
    }
}

/// Does one step as it stands; whoever runs it says yes.
fn take(hunt: &Hunt, step: &Value) {
    if let Some(write) = step.get("write") {
        let text = |name: &str| write[name].as_str().expect("text");
        return set(&hunt.site, text("line"), text("table"));
    }
    shell(hunt, step["run"].as_str().expect("a command"));
}

fn shell(hunt: &Hunt, command: &str) {
    let is_asked = [
        "assetsync access",
        "assetsync cors apply",
        "assetsync audit",
    ];
    let yes = if is_asked.iter().any(|begin| command.starts_with(begin)) {
        " --yes"
    } else {
        ""
    };
    hunt.assets.advised(&hunt.site, &format!("{command}{yes}"));
}

/// Writes a setting into the configuration, in place of what it was.
fn set(site: &Site, line: &str, table: &str) {
    let file = site.path("assetsync.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let name = line.split(' ').next().expect("a name");
    let mut now = String::new();
    let mut at = String::new();
    let mut lines: Vec<String> = Vec::new();
    for old in text.lines() {
        if let Some(header) = old.strip_prefix('[') {
            now = header.trim_matches(['[', ']']).to_string();
        }
        let is_it = now == table && old.split(' ').next() == Some(name);
        if !is_it {
            lines.push(old.to_string());
        }
        if now == table && at.is_empty() && !table.is_empty() {
            lines.push(line.to_string());
            at.clone_from(&now);
        }
    }
    if table.is_empty() {
        lines.insert(0, line.to_string());
    }
    std::fs::write(file, lines.join("\n") + "\n").expect("written");
}

/// A push, what strangers get of it, and a rollback.
fn still_works(hunt: &Hunt, target: &str, what: &str) {
    hunt.site.write("map.png", "the third map");
    let run = hunt.run(&["push", target]);
    assert_eq!(run.code, 0, "{what}: {run}");
    let run = hunt.run(&["audit", target, "--json"]);
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{what}: {run}"));
    let is_read = report["findings"].as_array().expect("a list").iter();
    let unread: Vec<&Value> = is_read.filter(|f| f["path"] == "map.png").collect();
    assert!(unread.is_empty(), "{what}: {unread:#?}");
    let run = hunt.run(&["rollback", target]);
    assert_eq!(run.code, 0, "{what}: {run}");
}

// ---- what needs a person, or leaves something behind

/// Whatever the target, releases that its own rules open are moved, and nothing of them stays where
/// they were.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn public_releases_below_prefix_are_moved() {
    let hunt = published("part");
    everybody_may(&hunt.assets, &["s3:GetObject"], "part/");
    follow(&hunt, "part", "a policy", &["anonymous-state"]);
    let left = hunt.assets.all_keys();
    assert!(
        !left.iter().any(|key| key.contains(".assetsync/")),
        "{left:?}"
    );
    hunt.site.write("map.png", "the third map");
    hunt.ok(&["push", "part"]);
    still_works(&hunt, "part", "a policy");
}

/// Releases that were left where everybody can read are deleted as advised.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn public_leftover_releases_are_deleted() {
    let hunt = published("prod");
    let config = std::fs::read_to_string(hunt.site.path("assetsync.toml")).expect("readable");
    let state = format!("state = \"s3://{}/prod\"\n", hunt.releases.name);
    std::fs::write(hunt.site.path("old.toml"), config.replace(&state, "")).expect("written");
    let old = ["--config", "old.toml", "--allow-exposed", "--begin-anew"];
    hunt.ok(&[&["push", "prod"][..], &old].concat());
    follow(&hunt, "prod", "old releases", &["old-releases"]);
    still_works(&hunt, "prod", "old releases");
}

/// Has the root written while the bucket is versioned, as a push of older versions did, and
/// suspends that.
pub fn write_root_while_versioned(bucket: &Bucket) {
    let keys = bucket.all_keys();
    let root = keys.iter().find(|key| key.ends_with("/root.json"));
    let path = format!("/{}", root.expect("it's there"));
    let body = bucket.signed("GET", &path, b"").body;
    assert_eq!(bucket.signed("DELETE", &path, b"").status, 204);
    versioning(bucket, "Enabled");
    assert_eq!(bucket.signed("PUT", &path, &body).status, 200);
    versioning(bucket, "Suspended");
}

/// Versions of such a bucket can't be suspended.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn object_lock_moves_the_releases() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "prod", "--yes"]);
    assert_eq!(hunt.releases.signed("DELETE", "", b"").status, 204);
    let lock = [("x-amz-bucket-object-lock-enabled", "true")];
    let made = hunt.releases.signed_with("PUT", "", b"", &lock);
    assert_eq!(made.status, 200, "{}", made.text());
    let push = hunt.run(&["push", "prod"]);
    assert_eq!(push.code, 3, "{push}");
    assert!(
        push.stderr
            .contains("or use another bucket if this one has object lock"),
        "{push}"
    );
    follow(&hunt, "prod", "object lock", &["conditional-writes"]);
    hunt.ok(&["push", "prod"]);
    still_works(&hunt, "prod", "object lock");
}

/// On radosgw 16, a root that was written while its bucket was versioned can't be written over ever
/// after.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unwritable_root_is_left_behind() {
    let hunt = published("acl");
    write_root_while_versioned(&hunt.assets);
    follow(&hunt, "acl", "a versioned root", &["releases"]);
    hunt.site.write("map.png", "a better map");
    hunt.ok(&["push", "acl"]);
    still_works(&hunt, "acl", "a versioned root");
}

/// A key that can be guessed is replaced as advised.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn guessable_key_is_replaced_as_advised() {
    let hunt = published("prod");
    std::fs::write(hunt.site.path("hunt.key"), "changeme".repeat(8)).expect("written");
    // As whoever has published with it.
    let (file, id) = (hunt.site.path("assetsync.toml"), hunt.ok(&["key", "id"]));
    let config = std::fs::read_to_string(&file).expect("readable");
    let meant = format!("key_id = \"{}\"\n{config}", id.trim());
    std::fs::write(&file, meant).expect("written");
    hunt.ok(&["push", "prod", "--rotate-key"]);
    std::fs::write(&file, config).expect("written");
    follow(&hunt, "prod", "a weak key", &["key"]);
    still_works(&hunt, "prod", "a weak key");
}

/// Whoever is meant by a condition, a person knows: they edit the policy in between.
#[test]
#[ignore = "of the long part"]
fn conditional_statement_is_removed_as_advised() {
    for (what, leaves) in [("put-bucket-policy", true), ("delete-bucket-policy", false)] {
        let hunt = published("acl");
        let name = &hunt.assets.name;
        let mut policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Office", "Effect": "Allow", "Principal": "*",
            "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{name}"), "Condition": {"IpAddress": {"aws:SourceIp": "10.1.2.0/24"}}}]});
        let ours = json!({"Sid": "Team", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam:::user/stranger"}, "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}/*")});
        if leaves {
            policy["Statement"]
                .as_array_mut()
                .expect("a list")
                .push(ours.clone());
        }
        hunt.assets.aws(&[
            "s3api",
            "put-bucket-policy",
            "--bucket",
            name,
            "--policy",
            &policy.to_string(),
        ]);
        let report = doctor(&hunt, "acl");
        let findings = report["findings"].as_array().expect("a list");
        let finding = findings
            .iter()
            .find(|f| f["check"] == "grants")
            .expect("it's made");
        assert_eq!(
            (&finding["verdict"], finding["steps"].as_array()),
            (&json!("warning"), Some(&vec![])),
            "{finding:#}"
        );
        let fix = finding["fix"].as_str().expect("text");
        let (_, commands) = fix
            .split_once(" of the bucket policy: run `")
            .expect("a command");
        let (get, rest) = commands
            .split_once("`, edit that file, then run `")
            .expect("an edit");
        let (put, rest) = rest.split_once("`, or `").expect("both");
        let delete = rest
            .strip_suffix("` if no rule is left")
            .expect("a command");
        shell(&hunt, get);
        std::fs::write(
            hunt.site.path("policy.json"),
            json!({"Version": "2012-10-17", "Statement": [ours]}).to_string(),
        )
        .expect("written");
        shell(&hunt, if leaves { put } else { delete });
        assert!(
            !wrong(&doctor(&hunt, "acl")).contains(&"grants".to_string()),
            "{what}"
        );
        still_works(&hunt, "acl", what);
    }
}

/// Whatever is refused for it says so, and the command in its hint mends it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn blocked_push_says_what_fixes_it() {
    for (target, of_releases) in [("acl", false), ("prod", false), ("prod", true)] {
        let hunt = published(target);
        let bucket = if of_releases {
            &hunt.releases
        } else {
            &hunt.assets
        };
        block(bucket, &["BlockPublicAcls", "RestrictPublicBuckets"]);
        hunt.site.write("map.png", "the third map");
        let run = hunt.assets.run(&hunt.site, &["push", target]);
        assert_eq!(run.code, 1, "{run}");
        assert!(
            run.stderr
                .contains("BlockPublicAcls in its public access block"),
            "{run}"
        );
        let command = in_backticks(&run, "aws s3api");
        shell(&hunt, &command);
        let left = bucket.aws(&["s3api", "get-public-access-block", "--bucket", &bucket.name]);
        assert!(left.contains("\"RestrictPublicBuckets\": true"), "{left}");
        still_works(&hunt, target, "a public access block");
    }
}

fn in_backticks(run: &Run, begin: &str) -> String {
    let commands = run.stderr.split('`').skip(1).step_by(2);
    let found = commands
        .filter(|command| command.starts_with(begin))
        .collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{run}");
    found[0].to_string()
}

// ---- moto

/// moto keeps conditions in versioned buckets, so versions are kept there.
#[test]
#[ignore = "of the long part"]
fn moto_fixes_work() {
    let bucket = Bucket::on_moto();
    let (name, endpoint) = (&bucket.name, &bucket.endpoint);
    let config = format!(
        "[target.prod]\nurl = \"s3://{name}\"\nendpoint = \"{endpoint}\"\naccess = \"object-acl\"\n"
    );
    let site = Site::new().config(&config).file("map.png", "a map");
    let run = |arguments: &[&str]| {
        let run = bucket.run(&site, arguments);
        assert_eq!(run.code, 0, "{run}");
    };
    run(&["push", "prod"]);
    lifecycle(&bucket, &[LOGS, TIDY]);
    let doctor = || -> Value {
        let run = bucket.run(&site, &["doctor", "prod", "--json"]);
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"))
    };
    for check in ["versioning", "lifecycle", "uploads"] {
        let report = doctor();
        let findings = report["findings"].as_array().expect("a list");
        let finding = findings
            .iter()
            .find(|f| f["check"] == check)
            .expect("it's made");
        assert!(
            wrong(&report).contains(&check.to_string()),
            "{check}: {report:#}"
        );
        for step in finding["steps"].as_array().expect("a list") {
            bucket.advised(&site, step["run"].as_str().expect("a command"));
        }
        let report = doctor();
        assert!(
            !wrong(&report).contains(&check.to_string()),
            "{check}: {report:#}"
        );
        site.write("map.png", format!("a map after {check}"));
        run(&["push", "prod"]);
        run(&["rollback", "prod"]);
    }
}
