//! `access` makes buckets public as their targets want it: everybody reads, and nobody lists.

mod releases;

use serde_json::{Value, json};

use crate::support::Site;
use crate::support::faults::{Effect, Fault};
use crate::support::gcs::Setup;
use crate::support::hunt::{Google, Hunt};
use crate::support::s3::received;

fn policy(hunt: &Hunt) -> Value {
    let answer = hunt.assets.signed("GET", "?policy=", b"");
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn set_policy(hunt: &Hunt, policy: &Value) {
    let body = policy.to_string();
    let answer = hunt.assets.signed("PUT", "?policy=", body.as_bytes());
    assert!(answer.status < 300, "{}", answer.text());
}

/// The statuses that strangers get: for the only object that was published, and for lists in four
/// forms.
fn seen_by_strangers(hunt: &Hunt) -> (u16, Vec<u16>) {
    let keys = hunt.assets.keys();
    let read = hunt.assets.anonymous(&format!("/{}", keys[0])).status;
    let lists = ["", "?list-type=2", "?versions", "?uploads"];
    let lists = lists
        .iter()
        .map(|query| hunt.assets.anonymous(query).status);
    (read, lists.collect())
}

const NO_LIST: [u16; 4] = [403; 4];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn everybody_reads_and_nobody_lists() {
    let hunt = Hunt::new();
    let theirs = json!({"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam:::user/stranger"},
        "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{}", hunt.assets.name)});
    let before = json!({"Version": "2012-10-17", "Statement": [theirs]});
    set_policy(&hunt, &before);
    hunt.ok(&["push"]);
    assert_eq!(seen_by_strangers(&hunt), (403, NO_LIST.to_vec()));

    insta::assert_snapshot!("apply_unasked", hunt.run(&["access", "apply"]));
    assert_eq!(policy(&hunt), before, "nobody said yes");
    insta::assert_snapshot!("apply", hunt.run(&["access", "apply", "--yes"]));
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
    let after = policy(&hunt);
    assert_eq!(after["Statement"][0], theirs, "what others wrote stays");

    let again = hunt.ok(&["access", "apply"]);
    assert!(again.contains("no changes needed"), "{again}");
    assert_eq!(policy(&hunt), after);
    insta::assert_snapshot!("show", hunt.run(&["access", "show"]));
    let shown = hunt.ok(&["access", "show", "one"]);
    assert!(shown.contains("s3://[assets]/.assetsync/"), "{shown}");
    hunt.site.write("map.png", "a better map");
    hunt.ok(&["push"]);
}

/// Whoever has an account isn't one of us: on S3 that's a stranger who signs.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn public_bucket_hides_its_releases() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "one"]);
    hunt.ok(&["access", "apply", "one", "--yes"]);
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
    let keys = hunt.assets.all_keys();
    let private: Vec<_> = keys
        .iter()
        .filter(|key| key.contains(".assetsync/"))
        .collect();
    assert!(private.len() >= 3, "{keys:?}");
    for key in private {
        assert_eq!(
            hunt.assets.anonymous(&format!("/{key}")).status,
            403,
            "{key}"
        );
        let answer = hunt.asked_by_another_account(&format!("/{key}"));
        assert_eq!(answer.status, 403, "{key}");
    }
    hunt.site.write("map.png", "a better map");
    hunt.ok(&["push", "one"]);
}

/// A prefix with the releases in it is not made public.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn prefix_with_releases_stays_private() {
    let hunt = Hunt::new();
    let refused = hunt.run(&["access", "apply", "part", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("state = \"s3://"), "{refused}");
    assert_eq!(policy(&hunt), Value::Null);
}

/// Not `BlockPublicAcls`: while it's on, radosgw 16 refuses every upload, with an ACL or without.
const BLOCK: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";

/// A public access block is removed only with `--unblock`.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn access_block_falls_only_with_unblock() {
    let hunt = Hunt::new();
    let set = hunt
        .assets
        .signed("PUT", "?publicAccessBlock=", BLOCK.as_bytes());
    assert_eq!(set.status, 200, "{}", set.text());
    let block = || hunt.assets.signed("GET", "?publicAccessBlock=", b"").text();
    let before = block();
    let refused = hunt.run(&["access", "apply", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("--unblock"), "{refused}");
    assert_eq!((block(), policy(&hunt)), (before, Value::Null));

    hunt.ok(&["access", "apply", "--yes", "--unblock"]);
    let after = block();
    assert!(after.contains("<BlockPublicPolicy>false"), "{after}");
    assert!(
        after.contains("<IgnorePublicAcls>true"),
        "what isn't in the way stays: {after}"
    );
    hunt.ok(&["push"]);
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
}

/// Objects that are public by their own ACLs are in a bucket that nobody can list.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn bucket_of_public_objects_is_unlisted() {
    let hunt = Hunt::new();
    let open = hunt
        .assets
        .signed_with("PUT", "?acl=", b"", &[("x-amz-acl", "public-read-write")]);
    assert_eq!(open.status, 200, "{}", open.text());
    hunt.ok(&["push", "acl", "--allow-exposed"]);
    assert_eq!(seen_by_strangers(&hunt), (200, vec![200; 4]));
    let told = hunt.ok(&["access", "apply", "acl", "--yes"]);
    assert!(
        told.contains(
            "bucket ACL: all grants to strangers (AllUsers, AuthenticatedUsers) are removed"
        ),
        "{told}"
    );
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
    assert_eq!(
        policy(&hunt),
        Value::Null,
        "nothing is public at the bucket's level"
    );
    let acl = hunt.assets.signed("GET", "?acl=", b"").text();
    assert!(acl.contains("FULL_CONTROL"), "its owner stays in it: {acl}");
}

/// A listing that somebody granted by policy is reported and left to them.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn foreign_list_grant_is_left_alone() {
    let hunt = Hunt::new();
    let name = &hunt.assets.name;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Partner", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{name}")},
    ]});
    set_policy(&hunt, &policy);
    let run = hunt.run(&["access", "apply", "--yes"]);
    assert_eq!(run.code, 3, "{run}");
    let list = lines_of(&run.stdout, "FAILED  anonymous-list");
    assert!(
        list.contains(
            "because of the statement `Partner` of the bucket policy, which allows s3:ListBucket"
        ),
        "{list}"
    );
    assert!(list.contains("fix: assetsync access close prod"), "{list}");
}

/// The line that begins so, and those that belong to it.
fn lines_of(text: &str, begin: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(begin));
    let first = lines.next().unwrap_or_default();
    let rest = lines.take_while(|line| line.starts_with(' '));
    std::iter::once(first).chain(rest).collect()
}

/// Whatever opened the bucket, what doctor says to run closes it: nobody is sent in a circle.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn doctors_fix_resolves_its_finding() {
    let hunt = Hunt::new();
    hunt.ok(&["access", "apply", "prod", "--yes"]);
    hunt.ok(&["push"]);
    let name = &hunt.assets.name;
    let (bucket, all) = (
        format!("arn:aws:s3:::{name}"),
        format!("arn:aws:s3:::{name}/*"),
    );
    let ours = policy(&hunt)["Statement"][0].clone();
    let statement = |sid: &str, actions: Value, resources: Value| json!({"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources});
    let acl = ("?acl=", "x-amz-acl");
    for (opened, to, check, culprit) in [
        (
            statement(
                "Oops",
                json!(["s3:GetObject", "s3:ListBucket"]),
                json!([bucket, all]),
            ),
            "private",
            "anonymous-list",
            "because of the statement `Oops` of the bucket policy, which allows s3:GetObject, s3:ListBucket",
        ),
        (
            statement("Form", json!("s3:PutObject"), json!([all])),
            "private",
            "anonymous-write",
            "because of the statement `Form` of the bucket policy, which allows s3:PutObject",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:List*", "Resource": bucket}),
            "private",
            "anonymous-list",
            "because of statement 2 of the bucket policy, which allows s3:List*",
        ),
        (
            ours.clone(),
            "public-read",
            "anonymous-list",
            "because of READ in the bucket's ACL for AllUsers",
        ),
        (
            ours.clone(),
            "authenticated-read",
            "grants",
            "READ in the bucket's ACL for AuthenticatedUsers",
        ),
    ] {
        let both = json!({"Version": "2012-10-17", "Statement": [ours, opened]});
        set_policy(&hunt, &both);
        let answer = hunt.assets.signed_with("PUT", acl.0, b"", &[(acl.1, to)]);
        assert_eq!(answer.status, 200, "{}", answer.text());

        let doctor = hunt.run(&["doctor"]);
        assert_eq!(doctor.code, 3, "{doctor}");
        let found = lines_of(&doctor.stdout, &format!("FAILED  {check}"));
        assert!(found.contains(culprit), "{culprit}: {found}");
        assert!(
            found.ends_with("fix: assetsync access close prod"),
            "{found}"
        );
        let unasked = hunt.run(&["access", "close"]);
        assert_eq!(unasked.code, 3, "nobody said yes: {unasked}");
        assert_eq!(policy(&hunt), both);

        hunt.ok(&["access", "close", "--yes"]);
        let doctor = hunt.run(&["doctor"]);
        assert_eq!(doctor.code, 0, "{culprit}: {doctor}");
        assert_eq!(
            seen_by_strangers(&hunt),
            (200, NO_LIST.to_vec()),
            "players read all the while"
        );
        let again = hunt.ok(&["access", "close"]);
        assert!(again.contains("no changes needed"), "{again}");
    }
}

/// A statement that opens the releases leaves them out once it is closed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn closing_excludes_releases_from_statement() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "one"]);
    let all = format!("arn:aws:s3:::{}/*", hunt.assets.name);
    let public = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Public", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": all},
    ]});
    set_policy(&hunt, &public);
    let applied = hunt.run(&["access", "apply", "one", "--yes"]);
    assert_eq!(applied.code, 3, "{applied}");
    assert_eq!(policy(&hunt), public, "it reads enough, and more");
    let found = lines_of(&applied.stdout, "FAILED  anonymous-state");
    assert!(
        found.contains(
            "because of the statement `Public` of the bucket policy, which allows s3:GetObject"
        ),
        "{found}"
    );
    assert!(
        found.contains("fix: assetsync access close one (which"),
        "{found}"
    );

    insta::assert_snapshot!("close", hunt.run(&["access", "close", "one", "--yes"]));
    assert_eq!(seen_by_strangers(&hunt), (200, NO_LIST.to_vec()));
    let after = policy(&hunt);
    hunt.ok(&["access", "apply", "one", "--yes"]);
    assert_eq!(policy(&hunt), after, "nothing is left to do");
    // Below a prefix, no statement can leave them out.
    set_policy(&hunt, &public);
    let found = hunt.run(&["doctor", "part"]);
    let found = lines_of(&found.stdout, "FAILED  anonymous-state");
    assert!(
        found.contains("because of the statement `Public`"),
        "{found}"
    );
    let line = "write `state = \"s3://[assets]-releases/part\"` below `[target.part]`";
    assert!(found.contains(line), "{found}");
}

/// A bucket that everybody can read already gets no second statement.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn public_bucket_gets_no_second_statement() {
    let hunt = Hunt::new();
    let all = format!("arn:aws:s3:::{}/*", hunt.assets.name);
    let public = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Public", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": all},
    ]});
    set_policy(&hunt, &public);
    for _ in 0..2 {
        let told = hunt.ok(&["access", "apply", "--yes"]);
        assert!(told.contains("no changes needed"), "{told}");
        assert_eq!(policy(&hunt), public);
    }
}

/// For a prefix with its releases in it, doctor says what comes first.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn doctor_orders_steps_for_prefix() {
    let hunt = Hunt::new();
    let doctor = hunt.run(&["doctor", "part"]);
    assert_eq!(doctor.code, 3, "{doctor}");
    let found = lines_of(&doctor.stdout, "FAILED  public-read");
    let first = "2. write `state = \"s3://[assets]-releases/part\"` below `[target.part]`";
    assert!(found.contains(first), "{found}");
    assert!(
        found.ends_with("5. `assetsync access apply part`"),
        "{found}"
    );
}

/// Whatever made a bucket public, objects with ACLs of their own don't need it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn advice_for_public_objects_works() {
    let hunt = Hunt::new();
    let all = format!("arn:aws:s3:::{}/acl/*", hunt.assets.name);
    let public = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Public", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": all},
    ]});
    set_policy(&hunt, &public);
    let doctor = hunt.run(&["doctor", "acl"]);
    let found = lines_of(&doctor.stdout, "warning grants");
    let order = [
        ". write `access = \"bucket\"` below `[target.acl]` in assetsync.toml",
        ". `assetsync access apply acl`",
        "or: remove the statement `Public` of the bucket policy",
    ];
    let places = order.map(|step| found.find(step));
    assert!(places.iter().all(Option::is_some), "{found}");
    assert!(places.is_sorted(), "{places:?}: {found}");
}

/// A missing bucket is an error and nothing is shown.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn missing_bucket_is_not_shown() {
    let hunt = Hunt::new();
    for verb in ["show", "apply", "close"] {
        let run = hunt.run(&["access", verb, "gone"]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run}");
        assert!(run.stderr.contains("no-such-bucket"), "{run}");
    }
}

#[test]
fn a_folder_has_nobody_to_ask() {
    let site = Site::new().config("[target.local]\nurl = \"file:out\"\n");
    let run = site.run(&["access", "show"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("web server"), "{run}");
}

// ---- Google ----

const READER: &str = "roles/storage.legacyObjectReader";

fn stranger(google: &Google, path: &str) -> u16 {
    let url = format!("{}{path}", google.server.url());
    let answer = received(crate::support::s3::agent().get(url).call());
    answer.expect("an answer").status
}

fn seen_on_google(google: &Google) -> (u16, u16, u16) {
    let names = google.server.objects("hunt");
    let published = names.iter().find(|name| !name.contains(".assetsync/"));
    let published = published.expect("something is published");
    (
        stranger(google, &format!("/hunt/{published}")),
        stranger(google, "/hunt"),
        stranger(google, "/storage/v1/b/hunt/o"),
    )
}

/// On Google, a public viewer who can list becomes a reader.
#[test]
fn gcs_viewer_becomes_a_reader() {
    let google = Google::new(&[]);
    let team = json!({"role": "roles/storage.objectAdmin", "members": ["group:team@example.org"],
        "condition": {"title": "until the end", "expression": "request.time < timestamp('2027-02-01T00:00:00Z')"}});
    let viewer = json!({"role": "roles/storage.objectViewer", "members": ["allUsers", "user:boss@example.org"]});
    google.server.set_iam("hunt", &json!([team, viewer]));
    let pushed = google.run(&["push", "--allow-exposed"]);
    assert_eq!(pushed.code, 0, "{pushed}");
    assert_eq!(seen_on_google(&google), (200, 200, 200));

    insta::assert_snapshot!("apply_google", google.run(&["access", "apply", "--yes"]));
    assert_eq!(seen_on_google(&google), (200, 403, 401));
    let after = google.server.iam("hunt");
    assert_eq!(
        after["bindings"],
        json!([
            team,
            {"role": "roles/storage.objectViewer", "members": ["user:boss@example.org"]},
            {"role": READER, "members": ["allUsers"]},
        ]),
        "conditions and people stay"
    );
    let again = google.run(&["access", "apply"]);
    assert_eq!(again.code, 0, "{again}");
    assert!(again.stdout.contains("no changes needed"), "{again}");
    insta::assert_snapshot!("show_google", google.run(&["access", "show"]));
}

/// On Google, a bucket with the releases in it is not made public.
#[test]
fn gcs_bucket_with_releases_stays_private() {
    let google = Google::new(&[Setup::Uniform]);
    let before = google.server.iam("hunt");
    let refused = google.run(&["access", "apply", "one", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("state = \"gs://"), "{refused}");
    assert_eq!(google.server.iam("hunt"), before);
}

/// On Google, public access prevention is removed only with `--unblock`.
#[test]
fn gcs_prevention_falls_only_with_unblock() {
    let google = Google::new(&[Setup::Uniform, Setup::PreventPublicAccess]);
    let before = google.server.iam("hunt");
    let refused = google.run(&["access", "apply", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(
        refused.stderr.contains("public access prevention"),
        "{refused}"
    );
    assert_eq!(google.server.iam("hunt"), before);
    let meant = google.run(&["access", "apply", "--yes", "--unblock"]);
    assert_eq!(meant.code, 0, "{meant}");
}

/// On Google, a change that another one overtook changes nothing.
#[test]
fn gcs_overtaken_change_has_no_effect() {
    let google = Google::new(&[Setup::Uniform]);
    let before = google.server.iam("hunt");
    let refusal = Effect::Refuse(
        412,
        Vec::new(),
        json!({"error": {"code": 412, "message": "Precondition check failed."}}).to_string(),
    );
    google.server.fault(Fault::new("PUT", "/iam", refusal));
    let run = google.run(&["access", "apply", "--yes"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        run.stderr.contains("someone else changed the bucket first"),
        "{run}"
    );
    assert_eq!(
        (google.server.iam("hunt"), google.server.faults_left()),
        (before, 0)
    );
}

/// Whoever reads it must know how far it got.
#[test]
fn gcs_failure_lists_each_change() {
    let google = Google::new(&[Setup::Uniform, Setup::PreventPublicAccess]);
    let denied = Effect::Refuse(403, Vec::new(), json!({"error": {"code": 403}}).to_string());
    google.server.fault(Fault::new("PUT", "/iam", denied));
    let run = google.run(&["access", "apply", "--yes", "--unblock"]);
    assert_eq!(run.code, 1, "{run}");
    let told: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| {
            line.strip_prefix("  ")?
                .split_once(": ")
                .map(|(how, _)| how)
        })
        .collect();
    assert_eq!(
        told.iter().filter(|how| **how == "not changed").count(),
        1,
        "{run}"
    );
    assert_eq!(told.len(), 2, "{run}");
    assert_eq!(google.server.faults_left(), 0);
}

/// On Google, a bucket that is public already stays so where objects have ACLs.
#[test]
fn gcs_public_bucket_stays_readable() {
    let google = Google::new(&[Setup::Uniform]);
    let viewer = json!([{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]);
    google.server.set_iam("hunt", &viewer);
    let pushed = google.run(&["push", "--allow-exposed"]);
    assert_eq!(pushed.code, 0, "{pushed}");
    let applied = google.run(&["access", "apply", "acl", "--yes"]);
    // The releases of `acl` are in the bucket, and the bucket's rules let everybody read all of it.
    assert_eq!(applied.code, 3, "{applied}");
    assert!(
        applied.stdout.contains("FAILED  anonymous-state"),
        "{applied}"
    );
    assert_eq!(
        seen_on_google(&google),
        (200, 403, 401),
        "players still read, nobody lists"
    );
    let iam = google.server.iam("hunt");
    assert_eq!(
        iam["bindings"],
        json!([{"role": READER, "members": ["allUsers"]}])
    );
}
