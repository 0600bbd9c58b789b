//! Releases tell every name: whatever lets strangers read them is named, with what ends it, and
//! following that ends it.

use serde_json::json;

use super::{NO_LIST, lines_of, seen_by_strangers};
use crate::support::gcs::Setup;
use crate::support::hunt::{Google, Hunt};
use crate::support::s3::Bucket;

fn block(bucket: &Bucket) {
    let set = bucket.signed("PUT", "?publicAccessBlock=", super::BLOCK.as_bytes());
    assert_eq!(set.status, 200, "{}", set.text());
}

fn set_acl(bucket: &Bucket, path: &str, acl: &str) {
    let answer = bucket.signed_with("PUT", &format!("{path}?acl="), b"", &[("x-amz-acl", acl)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn stranger(bucket: &Bucket, key: &str) -> u16 {
    bucket.anonymous(&format!("/{key}")).status
}

/// The document whose name begins so.
fn document(bucket: &Bucket, begin: &str) -> String {
    let keys = bucket.all_keys();
    let found = keys.iter().find(|key| key.contains(begin));
    found.unwrap_or_else(|| panic!("{begin}: {keys:?}")).clone()
}

/// radosgw 16 takes a protection against public policies, and lets strangers in all the same: only
/// the statement's end ends it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn opening_policy_statement_is_removed() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "--yes"]);
    hunt.ok(&["push"]);
    let name = &hunt.releases.name;
    let oops = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "oops", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")]},
    ]});
    let set = hunt
        .releases
        .signed("PUT", "?policy=", oops.to_string().as_bytes());
    assert!(set.status < 300, "{}", set.text());
    for protected in [false, true] {
        if protected {
            block(&hunt.releases);
        }
        assert_eq!(stranger(&hunt.releases, "prod/root.json"), 200);
        let doctor = hunt.run(&["doctor"]);
        assert_eq!(doctor.code, 3, "{doctor}");
        for check in ["anonymous-state", "releases-grants"] {
            let found = lines_of(&doctor.stdout, &format!("FAILED  {check}"));
            assert!(
                found.contains("the statement `oops` of the bucket policy"),
                "{found}"
            );
            assert!(
                found.contains("fix: assetsync access close prod"),
                "{found}"
            );
            assert!(!found.contains("none of the bucket's own"), "{found}");
        }
        let audit = hunt.run(&["audit", "prod"]);
        assert!(
            audit.stdout.contains("fix: assetsync access close prod"),
            "{audit}"
        );
        let shown = hunt.ok(&["access", "show"]);
        assert!(
            shown.contains("ANYONE CAN READ THEM (by the statement `oops` of the bucket policy"),
            "{shown}"
        );
    }
    let closed = hunt.ok(&["access", "close", "--yes"]);
    let says = "in the releases' bucket: the statement `oops` of the bucket policy is removed";
    assert!(closed.contains(says), "{closed}");
    hunt.ok(&["doctor"]);
    let shown = hunt.ok(&["access", "show"]);
    assert!(shown.contains(", private"), "{shown}");
}

/// What is left of the policy still lets strangers read, and the bucket's own block refuses to have
/// such a policy written.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn closing_listing_keeps_public_access_block() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "--yes"]);
    hunt.ok(&["push"]);
    let name = &hunt.assets.name;
    let mut opened = super::policy(&hunt);
    let statements = opened["Statement"].as_array_mut().expect("statements");
    statements.push(json!(
        {"Sid": "oops", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket",
         "Resource": format!("arn:aws:s3:::{name}")}
    ));
    super::set_policy(&hunt, &opened);
    block(&hunt.assets);
    let blocked = || hunt.assets.signed("GET", "?publicAccessBlock=", b"").text();
    let before = blocked();
    assert_eq!(hunt.assets.anonymous("?list-type=2").status, 200);
    let closed = hunt.ok(&["access", "close", "--yes"]);
    assert!(
        closed.contains("so it is off while the policy is written"),
        "{closed}"
    );
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
    assert_eq!(blocked(), before);
}

/// A bucket ACL that opens the releases fails, unless a block makes it ineffective.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn only_effective_bucket_acl_fails() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "--yes"]);
    hunt.ok(&["push"]);
    set_acl(&hunt.releases, "", "public-read");
    assert_eq!(hunt.releases.anonymous("?list-type=2").status, 200);
    let doctor = hunt.run(&["doctor"]);
    let found = lines_of(&doctor.stdout, "FAILED  releases-grants");
    assert!(
        found.contains("fix: assetsync access close prod"),
        "{found}"
    );
    block(&hunt.releases);
    assert_eq!(hunt.releases.anonymous("?list-type=2").status, 403);
    hunt.ok(&["doctor"]);
    hunt.releases.signed("DELETE", "?publicAccessBlock=", b"");
    assert_eq!(hunt.run(&["doctor"]).code, 3);
    set_acl(&hunt.releases, "", "private");
    hunt.ok(&["doctor"]);
}

/// Does what is printed as a fix: one of assetsync's own commands, or the last of Amazon's.
fn follow(hunt: &Hunt, fix: &str) {
    if fix.contains("assetsync access close prod") {
        hunt.run(&["access", "close", "prod", "--yes"]);
        return;
    }
    let command = fix.rsplit("aws s3api ").next().expect("a command");
    let command = command.split(" (").next().expect("the command");
    let command = command
        .trim_end()
        .replace("[server]", &hunt.releases.endpoint)
        .replace("[releases]", &hunt.releases.name);
    let script = format!("aws s3api {command}");
    hunt.releases.shell(&script, &hunt.site.path(""));
}

/// Where the releases are, needn't be guessed by whoever can list their bucket.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn listable_releases_bucket_is_found_everywhere() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "--yes"]);
    let name = hunt.releases.name.clone();
    let statement = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "index", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{name}")},
    ]});
    let policy = statement.to_string();
    let acl = |acl| ["s3api", "put-bucket-acl", "--bucket", &name, "--acl", acl].map(String::from);
    let by_policy = [
        "s3api",
        "put-bucket-policy",
        "--bucket",
        &name,
        "--policy",
        &policy,
    ];
    for (at, (opened, by)) in [
        (acl("public-read"), "READ in the bucket's ACL for AllUsers"),
        (
            by_policy.map(String::from),
            "the statement `index` of the bucket policy",
        ),
        (
            acl("authenticated-read"),
            "READ in the bucket's ACL for AuthenticatedUsers",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let is_published = at > 0;
        hunt.releases.aws(&opened.each_ref().map(String::as_str));
        let is_for_all = !by.contains("Authenticated");
        let listing = hunt.releases.anonymous("?list-type=2").status;
        assert_eq!(listing, if is_for_all { 200 } else { 403 });
        let doctor = hunt.run(&["doctor"]);
        assert_eq!(doctor.code, 3, "{doctor}");
        let found = lines_of(&doctor.stdout, "FAILED  releases-grants");
        assert!(
            found.contains("strangers may list") && found.contains(by),
            "{found}"
        );
        let shown = hunt.ok(&["access", "show"]);
        let told = format!("ANYONE CAN LIST THEM (by {by}");
        assert!(shown.contains(&told), "{shown}");
        if is_published {
            let audit = hunt.run(&["audit", "--all"]);
            assert_eq!(audit.code, 3, "{audit}");
            assert!(
                audit
                    .stdout
                    .contains("in the releases' bucket, strangers may list"),
                "{audit}"
            );
        }
        let before = hunt.assets.all_keys();
        hunt.site.write("map.png", format!("map {at}"));
        let refused = hunt.run(&["push"]);
        assert_eq!(refused.code, 3, "{refused}");
        assert!(
            refused
                .stderr
                .contains("in the releases' bucket, strangers may list"),
            "{refused}"
        );
        assert!(refused.stderr.contains(by), "{refused}");
        assert_eq!(hunt.assets.all_keys(), before, "nothing was uploaded");
        let (_, hint) = refused.stderr.split_once("\nhint: ").expect("a hint");
        follow(&hunt, hint.lines().next().expect("a fix"));

        assert_eq!(hunt.releases.anonymous("?list-type=2").status, 403);
        hunt.ok(&["push"]);
        hunt.ok(&["doctor"]);
        hunt.ok(&["audit", "--all"]);
        let shown = hunt.ok(&["access", "show"]);
        assert!(shown.contains(", private"), "{shown}");
    }
    // Whoever means it is warned.
    hunt.releases
        .aws(&acl("public-read").each_ref().map(String::as_str));
    hunt.site.write("map.png", "another map");
    let meant = hunt.run(&["push", "--allow-exposed"]);
    assert_eq!(meant.code, 0, "{meant}");
    assert!(
        meant
            .stderr
            .contains("warning: prod: in the releases' bucket"),
        "{meant}"
    );
}

/// On Google, rights to list or read the bucket of the releases are found too.
#[test]
fn gcs_open_releases_bucket_is_found() {
    let google = Google::new(&[Setup::Uniform]);
    google.server.set_iam(
        "hunt",
        &json!([{"role": "roles/storage.legacyObjectReader", "members": ["allUsers"]}]),
    );
    for (role, member, what) in [
        (
            "roles/storage.legacyBucketReader",
            "allUsers",
            "strangers may list",
        ),
        (
            "roles/storage.objectViewer",
            "allAuthenticatedUsers",
            "read objects, list (with any account: ",
        ),
    ] {
        google
            .server
            .set_iam("releases", &json!([{"role": role, "members": [member]}]));
        google.site.write("map.png", role);
        let refused = google.run(&["push"]);
        assert_eq!(refused.code, 3, "{refused}");
        for said in [&refused.stderr, &google.run(&["doctor"]).stdout] {
            assert!(
                said.contains("in the releases' bucket, strangers may"),
                "{said}"
            );
            assert!(said.contains(what), "{said}");
        }
        google.server.set_iam("releases", &json!([]));
        let run = google.run(&["push"]);
        assert_eq!(run.code, 0, "{run}");
    }
}

/// Doctor's own probe is closed: it's the manifest that isn't.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn public_manifest_is_found_everywhere() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "--yes"]);
    hunt.ok(&["push"]);
    let manifest = document(&hunt.releases, "manifests/");
    set_acl(&hunt.releases, &format!("/{manifest}"), "public-read");
    for look in [&["doctor"][..], &["access", "close"], &["access", "apply"]] {
        let run = hunt.run(look);
        assert_eq!(run.code, 3, "{run}");
        let found = lines_of(&run.stdout, "FAILED  anonymous-state");
        assert!(found.contains("can read the manifest"), "{found}");
        assert!(
            found.contains("fix: assetsync audit prod --repair"),
            "{found}"
        );
    }
    let shown = hunt.ok(&["access", "show"]);
    assert!(
        shown.contains("ANYONE CAN READ THEM (requests for the manifest succeeded)"),
        "{shown}"
    );
    hunt.ok(&["audit", "prod", "--repair", "--yes"]);
    assert_eq!(stranger(&hunt.releases, &manifest), 403);
    hunt.ok(&["doctor"]);
}

/// Whoever does what doctor says, in its order, never has old releases where everybody may read.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn target_with_old_releases_stays_private() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "part"]);
    let doctor = hunt.run(&["doctor", "part"]);
    let found = lines_of(&doctor.stdout, "FAILED  public-read");
    let order = [
        "1. `aws s3 mb s3://[assets]-releases",
        "write `state = ",
        "`assetsync push part --begin-anew`",
        "aws s3 rm --recursive s3://[assets]/part/.assetsync/",
        "5. `assetsync access apply part`",
    ];
    let places = order.map(|step| found.find(step));
    assert!(places.iter().all(Option::is_some), "{found}");
    assert!(places.is_sorted(), "{places:?}: {found}");

    let state = format!("s3://{}/part", hunt.releases.name);
    let moved = |arguments: &[&str]| hunt.run(&[arguments, &["--state", &state]].concat());
    assert_eq!(moved(&["push", "part", "--begin-anew"]).code, 0);
    let refused = moved(&["access", "apply", "part", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    let fix = "aws s3 rm --recursive s3://[assets]/part/.assetsync/ --endpoint-url [server]";
    assert!(refused.stderr.contains(fix), "{refused}");
    let manifest = document(&hunt.assets, "manifests/");
    assert_eq!(stranger(&hunt.assets, &manifest), 403, "nothing was opened");

    let everything = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}/*", hunt.assets.name)},
    ]});
    super::set_policy(&hunt, &everything);
    assert_eq!(stranger(&hunt.assets, &manifest), 200);
    let closed = moved(&["access", "close", "part"]);
    assert_eq!(closed.code, 3, "{closed}");
    let found = lines_of(&closed.stdout, "FAILED  old-releases");
    assert!(found.contains("aws s3 rm"), "{found}");

    for key in hunt.assets.all_keys() {
        if key.contains("/.assetsync/") {
            hunt.assets.signed("DELETE", &format!("/{key}"), b"");
        }
    }
    hunt.assets.signed("DELETE", "?policy=", b"");
    assert_eq!(moved(&["access", "apply", "part", "--yes"]).code, 0);
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
}

/// Open releases in a whole bucket are shown, and audit says what leaves them out.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn open_releases_are_shown_and_closed() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "one"]);
    let shown = hunt.ok(&["access", "show", "one"]);
    assert!(shown.contains(", private"), "{shown}");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:*",
         "Resource": [format!("arn:aws:s3:::{}", hunt.assets.name), format!("arn:aws:s3:::{}/*", hunt.assets.name)]},
    ]});
    super::set_policy(&hunt, &policy);
    let shown = hunt.ok(&["access", "show", "one"]);
    assert!(
        shown.contains("ANYONE CAN READ THEM (by the statement `All` of the bucket policy"),
        "{shown}"
    );
    let audit = hunt.run(&["audit", "one"]);
    assert!(
        audit.stdout.contains(
            "assetsync access close one (which takes the releases out of what strangers may read)"
        ),
        "{audit}"
    );
    hunt.site.write("map.png", "a better map");
    let refused = hunt.run(&["push", "one"]);
    assert_eq!(refused.code, 3, "{refused}");
    let times = refused.stderr.matches("access close one").count();
    assert_eq!(times, 1, "{refused}");
    assert!(
        refused
            .stderr
            .contains("\n      `assetsync doctor one` shows details"),
        "{refused}"
    );
    hunt.ok(&["access", "close", "one", "--yes"]);
    hunt.ok(&["push", "one"]);
}

/// Without a configuration, a command without the server's URL would go to Amazon, to whoever has a
/// bucket of that name there.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn commands_without_config_name_the_server() {
    let hunt = Hunt::new();
    let to = format!("s3://{}", hunt.assets.name);
    let bare = [
        "--to",
        &to,
        "--endpoint",
        &hunt.assets.endpoint,
        "--region",
        "default",
    ];
    let run = |arguments: &[&str]| -> String {
        let arguments = [arguments, &bare].concat();
        let mut command = hunt.assets.command(&hunt.site, &arguments);
        let run = crate::support::Run::of(&mut command, &hunt.site.path(""));
        let said = format!("{}{}", run.stdout, run.stderr);
        said.replace(&hunt.assets.endpoint, "[server]")
            .replace(&to, "[bucket]")
    };
    let server = "--to [bucket] --endpoint [server] --region default";
    let said = run(&["doctor"]);
    assert!(
        said.contains(&format!("fix: assetsync access apply {server}")),
        "{said}"
    );
    set_acl(&hunt.assets, "", "public-read");
    let said = run(&["push"]);
    assert!(
        said.contains(&format!("assetsync access close {server}")),
        "{said}"
    );
    assert!(
        said.contains(&format!("`assetsync doctor {server}` shows details")),
        "{said}"
    );
}
