//! `doctor` looks at buckets that are set up well, and at some that aren't; and a push looks before
//! it uploads.

mod fixes;
mod root;

use std::process::Command;

use serde_json::{Value, json};

use crate::support::gcs::{Object, Server, Setup};
use crate::support::hunt::{Google, Hunt};
use crate::support::s3::Bucket;
use crate::support::{Run, Site, from_test_command, set_mode};

/// The checks of a verdict, in the order in which they are printed.
fn checks(report: &Value, verdict: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list");
    let of = findings.iter().filter(|f| f["verdict"] == verdict);
    of.map(|f| f["check"].as_str().expect("a word").to_string())
        .collect()
}

fn report(run: &Run, code: i32) -> Value {
    assert_eq!(run.code, code, "{run}");
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    for finding in findings {
        assert_ne!(finding["text"], "", "{finding}");
        assert_ne!(finding["why"], "", "{finding}");
        let needs_fix = ["failed", "warning"].contains(&finding["verdict"].as_str().expect("one"));
        assert!(!needs_fix || finding["fix"] != "", "{finding}");
    }
    report
}

fn set(bucket: &Bucket, part: &str, body: &str) {
    let answer = bucket.signed("PUT", &format!("?{part}="), body.as_bytes());
    assert!(answer.status < 300, "{part}: {}", answer.text());
}

const UPLOADS_RULE: &str = "<LifecycleConfiguration><Rule><ID>uploads</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
const TIDY_RULE: &str = "<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";
const VERSIONED: &str =
    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const SUSPENDED: &str =
    "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";

/// A bucket that is set up well passes and is left as it was.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn healthy_bucket_passes_unchanged() {
    let hunt = Hunt::new();
    set(&hunt.assets, "lifecycle", UPLOADS_RULE);
    hunt.ok(&["access", "apply", "prod", "--yes"]);
    let found = report(&hunt.run(&["doctor", "--json"]), 0);
    assert_eq!(checks(&found, "failed"), [] as [&str; 0]);
    // radosgw ignores versions when it deletes, and has no ownership controls.
    assert_eq!(checks(&found, "warning"), ["delete"]);
    assert_eq!(checks(&found, "unknown"), ["acls"]);
    assert_eq!(found["summary"]["passed"], 23, "{found:#}");
    assert_eq!(hunt.assets.all_keys(), [] as [&str; 0]);
    assert_eq!(hunt.releases.all_keys(), [] as [&str; 0]);
}

/// Releases left behind in a bucket that is public now fail the check.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn old_releases_in_public_bucket_fail() {
    let hunt = Hunt::new();
    let old = std::fs::read_to_string(hunt.site.path("assetsync.toml")).expect("there");
    let state = format!("state = \"s3://{}/prod\"\n", hunt.releases.name);
    std::fs::write(hunt.site.path("old.toml"), old.replace(&state, "")).expect("written");
    hunt.ok(&["access", "apply", "prod", "--yes"]);
    hunt.ok(&["push", "prod", "--config", "old.toml", "--allow-exposed"]);
    hunt.ok(&["push", "prod", "--begin-anew"]);

    let found = report(&hunt.run(&["doctor", "--json"]), 3);
    assert_eq!(checks(&found, "failed"), ["old-releases"]);
    let audit = hunt.run(&["audit", "prod"]);
    assert_eq!(audit.code, 3, "{audit}");
    let fix = "aws s3 rm --recursive s3://[assets]/static/.assetsync/ --endpoint-url [server]";
    assert!(audit.stdout.contains(fix), "{audit}");

    for key in hunt.assets.all_keys() {
        if key.contains("/.assetsync/") {
            hunt.assets.signed("DELETE", &format!("/{key}"), b"");
        }
    }
    let found = report(&hunt.run(&["doctor", "--json"]), 0);
    assert_eq!(checks(&found, "failed"), [] as [&str; 0]);
}

/// A bucket that everybody may list, write and delete in, and read the releases of; a rule that
/// deletes, no rule for uploads, no versions, and a key that repeats itself.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn every_mistake_at_once_on_s3() {
    let hunt = Hunt::new();
    let bucket = &hunt.assets;
    let weak = "changeme".repeat(8);
    std::fs::write(hunt.site.path("hunt.key"), weak).expect("written");
    let answer = bucket.signed_with("PUT", "?acl=", b"", &[("x-amz-acl", "public-read-write")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Quick", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucketVersions"],
         "Resource": [format!("arn:aws:s3:::{}", bucket.name), format!("arn:aws:s3:::{}/*", bucket.name)]},
    ]});
    set(bucket, "policy", &policy.to_string());
    set(bucket, "lifecycle", TIDY_RULE);
    set(bucket, "versioning", SUSPENDED);
    let found = report(&hunt.run(&["doctor", "one", "--json"]), 3);
    assert_eq!(
        checks(&found, "failed"),
        [
            "key",
            "anonymous-write",
            "anonymous-state",
            "anonymous-list",
            "grants",
            "lifecycle"
        ]
    );
    assert_eq!(checks(&found, "warning"), ["delete", "uploads"]);
    let told = hunt.run(&["doctor", "one"]);
    insta::with_settings!({ filters => vec![("[0-9a-f]{16}", "[key id]")] }, {
        insta::assert_snapshot!("every_mistake_on_s3", told);
    });
    assert_eq!(bucket.all_keys(), [] as [&str; 0], "nothing is left behind");
}

/// In a versioned bucket, radosgw 16 writes over what `If-None-Match` protects, and takes no
/// version for the expected one.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn ignored_write_conditions_fail() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "prod", "--yes"]);
    set(&hunt.assets, "versioning", VERSIONED);
    let found = report(&hunt.run(&["doctor", "prod", "--json"]), 3);
    assert_eq!(checks(&found, "failed"), ["create-only", "versioning"]);
    set(&hunt.releases, "versioning", VERSIONED);
    let found = report(&hunt.run(&["doctor", "prod", "--json"]), 3);
    assert_eq!(
        checks(&found, "failed"),
        [
            "create-only",
            "releases",
            "conditional-writes",
            "versioning"
        ]
    );
    let fix = &found["findings"][find(&found, "conditional-writes")]["fix"];
    let fix = fix.as_str().expect("text");
    assert!(fix.contains("Status=Suspended"), "{fix}");
    assert!(fix.contains("--bucket [releases]"), "{fix}");
    for bucket in [&hunt.assets, &hunt.releases] {
        set(bucket, "versioning", SUSPENDED);
    }
    let found = report(&hunt.run(&["doctor", "prod", "--json"]), 0);
    assert_eq!(checks(&found, "failed"), [] as [&str; 0]);
}

/// On radosgw 16, a root that was written while the bucket was versioned can't be written over ever
/// after.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unwritable_root_advises_new_bucket() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "one"]);
    fixes::write_root_while_versioned(&hunt.assets);
    hunt.site.write("map.png", "the best map");
    for command in ["push", "resolve"] {
        let run = hunt.run(&[command, "one"]);
        assert_eq!(run.code, 5, "{run}");
        assert!(
            run.stderr.contains("Keep the releases in a new bucket")
                && !run.stderr.contains("resolve"),
            "{run}"
        );
    }
    let state = format!("s3://{}/one", hunt.releases.name);
    hunt.ok(&["push", "one", "--state", &state, "--begin-anew"]);
    hunt.site.write("map.png", "a map");
    hunt.ok(&["push", "one", "--state", &state]);
}

/// A missing bucket is reported at once and is the only failure.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn missing_bucket_is_the_only_failure() {
    let hunt = Hunt::new();
    let found = report(&hunt.run(&["doctor", "gone", "--json"]), 3);
    assert_eq!(checks(&found, "failed"), ["bucket"]);
}

/// Credentials pass only if the storage accepted them.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn credentials_pass_only_if_accepted() {
    let hunt = Hunt::new();
    let found = |key: &str, endpoint: &str| {
        let mut command = hunt.site.command(&["doctor", "prod", "--json"]);
        command
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", "a wrong secret")
            .args(["--endpoint", endpoint, "--retry-seconds", "1"]);
        report(&Run::of(&mut command, &hunt.site.path("")), 3)
    };
    let refused = found("nobody", &hunt.assets.endpoint);
    assert_eq!(checks(&refused, "failed"), ["credentials"]);
    let nobody_there = found("nobody", "http://127.0.0.1:9");
    assert_eq!(checks(&nobody_there, "unknown"), ["credentials"]);
    assert_eq!(checks(&nobody_there, "failed"), ["bucket"]);
}

/// The error of a TLS library says nothing to people, and trying again doesn't help.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn wrong_endpoint_scheme_is_explained() {
    let hunt = Hunt::new();
    let told = |endpoint: &str| {
        let run = hunt.run(&["push", "--endpoint", endpoint]);
        assert_eq!(run.code, 1, "{run}");
        run.stderr
    };
    let server = hunt.assets.endpoint.replace("http://", "");
    let host = server.trim_end_matches('/');
    let stderr = told(&format!("https://{host}"));
    let why = "doesn't speak TLS: use http://";
    assert!(stderr.contains(host) && stderr.contains(why), "{stderr}");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    // What a server says that was asked without TLS: a fatal alert, 70, "protocol version".
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::io::Read::read(&mut stream, &mut [0; 1024]).expect("a request");
            std::io::Write::write_all(&mut stream, b"\x15\x03\x01\x00\x02\x02\x46").expect("sent");
        }
    });
    let stderr = told(&format!("http://{address}"));
    let why = format!("the server at {address} speaks TLS: use https://");
    assert!(stderr.contains(&why), "{stderr}");

    let stderr = hunt.run(&["push", "--endpoint", "s3.example.org"]).stderr;
    let why = "must be a URL such as `https://s3.example.org`";
    assert!(stderr.contains(why), "{stderr}");
}

/// As credentials of a CI should be: they publish, and delete nothing, nor see how the bucket is
/// set up.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn limited_credentials_yield_unknown_checks() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "prod", "--yes"]);
    let deployer = json!({"AWS": "arn:aws:iam:::user/stranger"});
    for (bucket, reads) in [(&hunt.assets, true), (&hunt.releases, false)] {
        let name = &bucket.name;
        let mut statements = vec![
            json!({"Effect": "Allow", "Principal": deployer, "Action": ["s3:PutObject", "s3:GetObject"], "Resource": format!("arn:aws:s3:::{name}/*")}),
            json!({"Effect": "Allow", "Principal": deployer, "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{name}")}),
        ];
        if reads {
            statements.push(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}/*")}));
        }
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        set(bucket, "policy", &policy.to_string());
    }
    let mut command = hunt.site.command(&["doctor", "prod", "--json"]);
    as_deployer(&mut command);
    let found = report(&Run::of(&mut command, &hunt.site.path("")), 0);
    let unknown = checks(&found, "unknown");
    for check in [
        "grants",
        "public-access-block",
        "versioning",
        "lifecycle",
        "releases-grants",
    ] {
        assert!(unknown.contains(&check.to_string()), "{check}: {unknown:?}");
    }
    let text = found.to_string();
    assert!(text.contains("s3:GetBucketAcl is needed"), "{text}");
    let delete = &found["findings"][find(&found, "delete")];
    assert_eq!(delete["verdict"], "passed", "{delete}");
    assert!(
        delete["text"].as_str().expect("text").contains("stays"),
        "{delete}"
    );
    let left = [hunt.assets.all_keys(), hunt.releases.all_keys()].concat();
    assert_eq!(left.len(), 2, "the two probes: {left:?}");
    assert_eq!(
        hunt.assets.anonymous(&format!("/{}", left[0])).status,
        200,
        "the one is public, and says nothing"
    );
}

fn find(report: &Value, check: &str) -> usize {
    let findings = report["findings"].as_array().expect("a list");
    let at = findings.iter().position(|f| f["check"] == check);
    at.expect("it was made")
}

fn as_deployer(command: &mut Command) {
    command
        .env(
            "AWS_ACCESS_KEY_ID",
            from_test_command("ASSETSYNC_TEST_STRANGER_ACCESS_KEY"),
        )
        .env(
            "AWS_SECRET_ACCESS_KEY",
            from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
        );
}

// ---- Google ----

/// A bucket on Google that is set up well passes.
#[test]
fn healthy_gcs_bucket_passes() {
    let google = Google::new(&[Setup::Uniform]);
    let soft = json!({"softDeletePolicy": {"retentionDurationSeconds": "604800"}});
    google.server.set_resource("hunt", &soft);
    google.server.set_iam(
        "hunt",
        &json!([{"role": "roles/storage.legacyObjectReader", "members": ["allUsers"]}]),
    );
    let found = report(&google.run(&["doctor", "--json"]), 0);
    let not_passed = [checks(&found, "warning"), checks(&found, "unknown")].concat();
    assert_eq!(not_passed, [] as [&str; 0], "{found:#}");
    assert_eq!(google.server.objects("hunt"), [] as [&str; 0]);
    assert_eq!(google.server.objects("releases"), [] as [&str; 0]);
}

#[test]
fn every_mistake_at_once_on_google() {
    let google = Google::new(&[Setup::Uniform]);
    google.server.set_iam(
        "hunt",
        &json!([{"role": "roles/storage.objectAdmin", "members": ["allUsers", "allAuthenticatedUsers"]}]),
    );
    google.server.set_resource(
        "hunt",
        &json!({
            "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
            "retentionPolicy": {"retentionPeriod": "86400", "isLocked": false},
        }),
    );
    let found = report(&google.run(&["doctor", "acl", "--json"]), 3);
    assert_eq!(
        checks(&found, "failed"),
        [
            "write",
            "anonymous-write",
            "anonymous-state",
            "anonymous-list",
            "grants",
            "acls",
            "retention",
            "lifecycle"
        ]
    );
    assert_eq!(checks(&found, "warning"), ["versioning"]);
    assert_eq!(checks(&found, "unknown"), ["public-read"]);
    insta::with_settings!({ filters => vec![("[0-9a-f]{32}", "[nonce]"), ("[0-9a-f]{16}", "[key id]")] }, {
        insta::assert_snapshot!("every_mistake_on_google", google.run(&["doctor", "acl"]));
    });
}

/// An account without rights is told which ones it needs.
#[test]
fn missing_gcs_permissions_are_named() {
    let google = Google::new(&[
        Setup::Public,
        Setup::NoManage,
        Setup::NoGetBucket,
        Setup::NoOverwrite,
    ]);
    let found = report(&google.run(&["doctor", "one", "--json"]), 3);
    let text = found.to_string();
    for permission in [
        "storage.buckets.get is needed",
        "storage.buckets.getIamPolicy is needed",
    ] {
        assert!(text.contains(permission), "{permission}: {text}");
    }
    // The root of the releases can't be written over without `storage.objects.delete`.
    assert_eq!(checks(&found, "failed"), ["releases", "anonymous-state"]);
    assert!(
        checks(&found, "unknown").contains(&"conditional-writes".to_string()),
        "{found:#}"
    );
}

/// At an emulator nobody is a stranger, so checks of strangers stay unknown.
#[test]
fn emulator_leaves_stranger_checks_unknown() {
    let google = Google::new(&[Setup::Listable]);
    let site = Site::new()
        .config("[target.prod]\nurl = \"gs://hunt/static\"\n")
        .file("map.png", "a map");
    let open = Server::start();
    open.bucket("hunt", &[Setup::Listable, Setup::Public]);
    let mut command = site.command(&["doctor", "--json"]);
    command.env("STORAGE_EMULATOR_HOST", open.url());
    let found = report(&Run::of(&mut command, &site.path("")), 0);
    let unknown = checks(&found, "unknown");
    assert!(
        unknown.contains(&"anonymous-list".to_string()),
        "{unknown:?}"
    );
    drop(google);
}

// ---- a folder ----

#[test]
fn a_folder_is_looked_at_too() {
    let site = Site::new()
        .config("[target.local]\nurl = \"file:out/bucket\"\n")
        .file("map.png", "a map");
    let found = report(&site.run(&["doctor", "--json"]), 0);
    assert_eq!(checks(&found, "failed"), [] as [&str; 0]);
    site.ok(&["push"]);
    let published = site.published("out/bucket");
    set_mode(&site.path("out/bucket"), 0o777);
    let found = report(&site.run(&["doctor", "--json"]), 3);
    assert_eq!(checks(&found, "failed"), ["permissions"]);
    assert_eq!(site.published("out/bucket"), published);
}

// ---- before a push ----

/// A push to a bucket that strangers can list is refused.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn push_refuses_listable_bucket() {
    let hunt = Hunt::new();
    let list = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Oops", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": [format!("arn:aws:s3:::{}", hunt.assets.name), format!("arn:aws:s3:::{}/*", hunt.assets.name)]},
    ]});
    set(&hunt.assets, "policy", &list.to_string());
    let refused = hunt.run(&["push", "prod"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("strangers can list"), "{refused}");
    assert!(
        refused
            .stderr
            .contains("because of the statement `Oops` of the bucket policy")
            && refused.stderr.contains("assetsync access close prod"),
        "{refused}"
    );
    assert_eq!(
        hunt.assets.all_keys(),
        [] as [&str; 0],
        "nothing was uploaded"
    );

    let meant = hunt.run(&["push", "prod", "--allow-exposed"]);
    assert_eq!(meant.code, 0, "{meant}");
    assert!(
        meant.stderr.contains("warning: prod: strangers can list"),
        "{meant}"
    );
    assert_eq!(hunt.assets.keys().len(), 1);

    // Nothing is uploaded, so nobody looks.
    let again = hunt.run(&["push", "prod", "--json"]);
    let again: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(again["requests"], 1, "one object is looked at");
}

/// A push is refused where strangers can read the releases.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn push_refuses_readable_releases() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "one"]);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}/*", hunt.assets.name)},
    ]});
    set(&hunt.assets, "policy", &policy.to_string());
    hunt.site.write("map.png", "a better map");
    let refused = hunt.run(&["push", "one"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(
        refused.stderr.contains("strangers can read the releases"),
        "{refused}"
    );
    assert!(refused.stderr.contains("access close one"), "{refused}");
    assert_eq!(hunt.assets.keys().len(), 1, "nothing was uploaded");
    hunt.ok(&["push", "one", "--allow-exposed"]);
}

/// Nobody without an account can list: only the rules show who else can.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn push_refuses_access_for_any_account() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "--yes"]);
    let acl = |acl| {
        let answer = hunt
            .assets
            .signed_with("PUT", "?acl=", b"", &[("x-amz-acl", acl)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    acl("authenticated-read");
    assert_eq!(hunt.asked_by_another_account("?list-type=2").status, 200);
    let refused = hunt.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    let why = "anyone with an account can list the bucket because of READ in the bucket's ACL for AuthenticatedUsers";
    assert!(refused.stderr.contains(why), "{refused}");
    assert!(
        refused.stderr.contains("assetsync access close prod"),
        "{refused}"
    );
    assert_eq!(hunt.assets.all_keys(), [] as [&str; 0]);
    acl("private");
    hunt.ok(&["push"]);

    let google = Google::new(&[Setup::Uniform]);
    let reader = json!({"role": "roles/storage.legacyObjectReader", "members": ["allUsers"]});
    let writer =
        json!({"role": "roles/storage.legacyBucketWriter", "members": ["allAuthenticatedUsers"]});
    google.server.set_iam("hunt", &json!([reader, writer]));
    let refused = google.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    let why = "anyone with an account can list the bucket and write to it because of roles/storage.legacyBucketWriter for allAuthenticatedUsers";
    assert!(refused.stderr.contains(why), "{refused}");
    let closed = google.run(&["access", "close", "--yes"]);
    assert_eq!(closed.code, 0, "{closed}");
    assert_eq!(google.server.iam("hunt")["bindings"], json!([reader]));
    let pushed = google.run(&["push"]);
    assert_eq!(
        (pushed.code, pushed.stderr.contains("warning")),
        (0, false),
        "{pushed}"
    );
}

/// A push warns that nobody can read yet, and asks nothing if nothing changes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn push_warns_if_nobody_can_read() {
    let hunt = Hunt::new();
    let told = |run: &Run| {
        let warning = "warning: prod: strangers can't read published objects yet\nhint: assetsync access apply prod";
        run.stderr.contains(warning)
    };
    let first = hunt.run(&["push", "-v"]);
    assert!(first.code == 0 && told(&first), "{first}");
    let again = hunt.run(&["push", "-v"]);
    assert!(again.code == 0 && !told(&again), "{again}");
    assert!(
        again.stderr.contains("\n1 requests sent"),
        "the releases are elsewhere: {again}"
    );
    hunt.ok(&["access", "apply", "--yes"]);
    hunt.site.write("map.png", "a better map");
    let better = hunt.run(&["push"]);
    assert!(better.code == 0 && !told(&better), "{better}");
    hunt.site.write("map.png", "the best map");
    let by_url = hunt.run(&["push", "acl"]);
    assert!(!by_url.stderr.contains("warning"), "{by_url}");
}

/// A push checks exposure three times at most, and an unanswered check stops nobody.
#[test]
fn push_limits_its_exposure_checks() {
    use crate::support::faults::{Effect, Fault};
    let google = Google::new(&[Setup::Public, Setup::Uniform]);
    let strangers = || -> usize {
        let requests = google.server.requests();
        let public = requests
            .iter()
            .filter(|one| !one.path.starts_with("/storage/") && !one.path.starts_with("/upload/"));
        public.count()
    };
    let rules = || -> usize {
        let requests = google.server.requests();
        let rules = requests.iter().filter(|one| one.path.ends_with("/iam"));
        rules.count()
    };
    let first = google.run(&["push"]);
    assert_eq!((first.code, strangers(), rules()), (0, 2, 2), "{first}");
    google.server.clear();
    google.site.write("map.png", "a better map");
    let second = google.run(&["push"]);
    assert_eq!((second.code, strangers(), rules()), (0, 3, 2), "{second}");

    google.site.write("map.png", "the best map");
    for _ in 0..9 {
        google
            .server
            .fault(Fault::new("GET", "/hunt?", Effect::refuse(503)));
    }
    let third = google.run(&["push"]);
    assert_eq!(third.code, 0, "{third}");
    assert!(
        third.stderr.contains("couldn't check public access"),
        "{third}"
    );
    google.server.disarm();
    assert_eq!(google.server.objects("hunt").len(), 3);
}

/// A push to a bucket on Google that strangers can list is refused.
#[test]
fn push_refuses_listable_gcs_bucket() {
    let google = Google::new(&[Setup::Uniform]);
    google.server.set_iam(
        "hunt",
        &json!([{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]),
    );
    google
        .server
        .put("hunt", "there", Object::new("", "text/plain"));
    let refused = google.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("strangers can list"), "{refused}");
    assert_eq!(google.server.objects("hunt"), ["there"]);
}
