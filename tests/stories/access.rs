//! `access` makes buckets public as their targets want it: everybody reads, and nobody lists.

use serde_json::{Value, json};

use crate::support::faults::{Effect, Fault};
use crate::support::gcs::{Server, Setup};
use crate::support::s3::{Bucket, credential, received, sign};
use crate::support::{Run, Site, from_test_command};

struct Hunt {
    site: Site,
    assets: Bucket,
    releases: Bucket,
}

impl Hunt {
    /// `prod` has its releases in a bucket of their own, `whole` and `part` in the same, `acl` makes objects public one by one.
    fn new() -> Hunt {
        let (assets, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
        let (name, endpoint) = (&assets.name, &assets.endpoint);
        let target = |target: &str, prefix: &str, more: &str| {
            format!(
                "[target.{target}]\nurl = \"s3://{name}{prefix}\"\nendpoint = \"{endpoint}\"\n{more}\n"
            )
        };
        let state = format!("state = \"s3://{}/prod\"", releases.name);
        let config = [
            target("prod", "/static", &state),
            target("whole", "", ""),
            target("part", "/part", ""),
            target("acl", "/acl", "access = \"object-acl\""),
        ];
        let site = Site::new()
            .config(&config.concat())
            .file("map.png", "a map");
        Hunt {
            site,
            assets,
            releases,
        }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.assets.command(&self.site, arguments);
        command.env("ASSETSYNC_TARGET", "prod");
        let mut run = Run::of(&mut command, &self.site.path(""));
        for text in [&mut run.stdout, &mut run.stderr] {
            *text = text
                .replace(&self.assets.endpoint, "[server]")
                .replace(&self.assets.name, "[assets]")
                .replace(&self.releases.name, "[releases]");
        }
        run
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run.stdout
    }

    fn policy(&self) -> Value {
        let answer = self.assets.signed("GET", "?policy=", b"");
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// The statuses that strangers get: for the only object that was published, and for lists in four forms.
    fn seen_by_strangers(&self) -> (u16, Vec<u16>) {
        let keys = self.assets.keys();
        let read = self.assets.anonymous(&format!("/{}", keys[0])).status;
        let lists = ["", "?list-type=2", "?versions", "?uploads"];
        let lists = lists
            .iter()
            .map(|query| self.assets.anonymous(query).status);
        (read, lists.collect())
    }
}

const NO_LIST: [u16; 4] = [403; 4];

#[test]
fn everybody_reads_and_nobody_lists() {
    let hunt = Hunt::new();
    let theirs = json!({"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam:::user/stranger"},
        "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{}", hunt.assets.name)});
    let policy = json!({"Version": "2012-10-17", "Statement": [theirs]});
    let set = hunt
        .assets
        .signed("PUT", "?policy=", policy.to_string().as_bytes());
    assert!(set.status < 300, "{}", set.text());
    hunt.ok(&["push"]);
    assert_eq!(hunt.seen_by_strangers(), (403, NO_LIST.to_vec()));

    insta::assert_snapshot!("apply_unasked", hunt.run(&["access", "apply"]));
    assert_eq!(hunt.policy(), policy, "nobody said yes");
    insta::assert_snapshot!("apply", hunt.run(&["access", "apply", "--yes"]));
    assert_eq!(hunt.seen_by_strangers(), (200, NO_LIST.to_vec()));
    let after = hunt.policy();
    assert_eq!(after["Statement"][0], theirs, "what others wrote stays");

    let again = hunt.ok(&["access", "apply"]);
    assert!(again.contains("nothing has to change"), "{again}");
    assert_eq!(hunt.policy(), after);
    insta::assert_snapshot!("show", hunt.run(&["access", "show"]));
    hunt.site.write("map.png", "a better map");
    hunt.ok(&["push"]);
}

/// Whoever has an account isn't one of us: on S3 that's a stranger who signs.
#[test]
fn releases_in_a_public_bucket_are_read_by_no_stranger_with_or_without_an_account() {
    let hunt = Hunt::new();
    hunt.ok(&["push", "whole"]);
    hunt.ok(&["access", "apply", "whole", "--yes"]);
    assert_eq!(hunt.seen_by_strangers(), (200, NO_LIST.to_vec()));
    let other = credential(
        &from_test_command("ASSETSYNC_TEST_STRANGER_ACCESS_KEY"),
        &from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
    );
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
        let url = format!("{}/{}/{key}", hunt.assets.endpoint, hunt.assets.name);
        let request = sign(&other, "GET", &url, b"", &[]);
        let answer = received(crate::support::s3::agent().run(request)).expect("an answer");
        assert_eq!(answer.status, 403, "{key}");
    }
    hunt.site.write("map.png", "a better map");
    hunt.ok(&["push", "whole"]);
}

#[test]
fn a_prefix_isnt_made_public_with_the_releases_in_it() {
    let hunt = Hunt::new();
    let refused = hunt.run(&["access", "apply", "part", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("state = \"s3://"), "{refused}");
    assert_eq!(hunt.policy(), Value::Null);
}

/// Not `BlockPublicAcls`: while it's on, radosgw 16 refuses every upload, with an ACL or without.
const BLOCK: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";

#[test]
fn what_keeps_a_bucket_from_being_public_is_taken_away_only_if_thats_meant() {
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
    assert_eq!((block(), hunt.policy()), (before, Value::Null));

    hunt.ok(&["access", "apply", "--yes", "--unblock"]);
    let after = block();
    assert!(after.contains("<BlockPublicPolicy>false"), "{after}");
    assert!(
        after.contains("<IgnorePublicAcls>true"),
        "what isn't in the way stays: {after}"
    );
    hunt.ok(&["push"]);
    assert_eq!(hunt.seen_by_strangers(), (200, NO_LIST.to_vec()));
}

#[test]
fn objects_that_are_public_one_by_one_are_in_a_bucket_that_nobody_lists() {
    let hunt = Hunt::new();
    let open = hunt
        .assets
        .signed_with("PUT", "?acl=", b"", &[("x-amz-acl", "public-read-write")]);
    assert_eq!(open.status, 200, "{}", open.text());
    hunt.ok(&["push", "acl", "--allow-exposed"]);
    assert_eq!(hunt.seen_by_strangers(), (200, vec![200; 4]));
    let told = hunt.ok(&["access", "apply", "acl", "--yes"]);
    assert!(
        told.contains("bucket ACL: strangers are taken out"),
        "{told}"
    );
    assert_eq!(hunt.seen_by_strangers(), (200, NO_LIST.to_vec()));
    assert_eq!(
        hunt.policy(),
        Value::Null,
        "nothing is public at the bucket's level"
    );
    let acl = hunt.assets.signed("GET", "?acl=", b"").text();
    assert!(acl.contains("FULL_CONTROL"), "its owner stays in it: {acl}");
}

#[test]
fn a_listing_that_people_granted_by_policy_is_told_of_and_left_to_them() {
    let hunt = Hunt::new();
    let name = &hunt.assets.name;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Partner", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{name}")},
    ]});
    hunt.assets
        .signed("PUT", "?policy=", policy.to_string().as_bytes());
    let run = hunt.run(&["access", "apply", "--yes"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("FAILED  anonymous-list"), "{run}");
    assert!(run.stdout.contains("take that out of `Partner`"), "{run}");
}

#[test]
fn a_folder_has_nobody_to_ask() {
    let site = Site::new().config("[target.local]\nurl = \"file:out\"\n");
    let run = site.run(&["access", "show"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("web server"), "{run}");
}

// ---- Google ----

struct Google {
    site: Site,
    server: Server,
}

const READER: &str = "roles/storage.legacyObjectReader";

impl Google {
    fn new(setup: &[Setup]) -> Google {
        let server = Server::start();
        server.require_token();
        server.bucket("hunt", setup);
        server.bucket("releases", &[Setup::Uniform]);
        let url = server.url();
        let config = format!(
            "[target.prod]\nurl = \"gs://hunt/static\"\nstate = \"gs://releases/prod\"\nendpoint = \"{url}\"\n\
             [target.one]\nurl = \"gs://hunt/static\"\nendpoint = \"{url}\"\n\
             [target.acl]\nurl = \"gs://hunt/acl\"\nendpoint = \"{url}\"\naccess = \"object-acl\"\n"
        );
        let site = Site::new().config(&config).file("map.png", "a map");
        Google { site, server }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.site.command(arguments);
        command
            .env("GOOGLE_OAUTH_ACCESS_TOKEN", self.server.token())
            .env("ASSETSYNC_TARGET", "prod");
        Run::of(&mut command, &self.site.path(""))
    }

    fn stranger(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.server.url());
        let answer = received(crate::support::s3::agent().get(url).call());
        answer.expect("an answer").status
    }

    fn seen_by_strangers(&self) -> (u16, u16, u16) {
        let names = self.server.objects("hunt");
        let published = names.iter().find(|name| !name.contains(".assetsync/"));
        let published = published.expect("something is published");
        (
            self.stranger(&format!("/hunt/{published}")),
            self.stranger("/hunt"),
            self.stranger("/storage/v1/b/hunt/o"),
        )
    }
}

#[test]
fn on_google_the_viewer_who_lists_becomes_a_reader() {
    let google = Google::new(&[]);
    let team = json!({"role": "roles/storage.objectAdmin", "members": ["group:team@example.org"],
        "condition": {"title": "until the end", "expression": "request.time < timestamp('2027-02-01T00:00:00Z')"}});
    let viewer = json!({"role": "roles/storage.objectViewer", "members": ["allUsers", "user:boss@example.org"]});
    google.server.set_iam("hunt", &json!([team, viewer]));
    let pushed = google.run(&["push", "--allow-exposed"]);
    assert_eq!(pushed.code, 0, "{pushed}");
    assert_eq!(google.seen_by_strangers(), (200, 200, 200));

    insta::assert_snapshot!("apply_google", google.run(&["access", "apply", "--yes"]));
    assert_eq!(google.seen_by_strangers(), (200, 403, 401));
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
    assert!(again.stdout.contains("nothing has to change"), "{again}");
    insta::assert_snapshot!("show_google", google.run(&["access", "show"]));
}

#[test]
fn on_google_a_bucket_isnt_made_public_with_the_releases_in_it() {
    let google = Google::new(&[Setup::Uniform]);
    let before = google.server.iam("hunt");
    let refused = google.run(&["access", "apply", "one", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("state = \"gs://"), "{refused}");
    assert_eq!(google.server.iam("hunt"), before);
}

#[test]
fn on_google_prevention_is_taken_away_only_if_thats_meant() {
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

#[test]
fn on_google_who_is_overtaken_changes_nothing() {
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
        run.stderr.contains("somebody else changed it meanwhile"),
        "{run}"
    );
    assert_eq!(
        (google.server.iam("hunt"), google.server.faults_left()),
        (before, 0)
    );
}

#[test]
fn on_google_what_is_public_already_stays_so_where_objects_have_acls() {
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
        google.seen_by_strangers(),
        (200, 403, 401),
        "players still read, nobody lists"
    );
    let iam = google.server.iam("hunt");
    assert_eq!(
        iam["bindings"],
        json!([{"role": READER, "members": ["allUsers"]}])
    );
}
