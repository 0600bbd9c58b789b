//! Releases belong to one target, whatever a configuration says of where they are.

use std::fs;

use serde_json::Value;

use crate::support::s3::Bucket;
use crate::support::{Run, Site};

const RULES: &str = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";

/// A page and its style, published to the folder `prod` with the releases in `releases`.
fn published() -> Site {
    let site = Site::bare()
        .config(&target("prod", "file:prod"))
        .file("index.html", "<link rel=stylesheet href=app.css>")
        .file("app.css", "body{margin:0}");
    site.ok(&["push"]);
    site
}

fn target(name: &str, url: &str) -> String {
    format!("{RULES}[target.{name}]\nurl = \"{url}\"\nstate = \"file:releases\"\n")
}

fn root(site: &Site) -> Value {
    let root = fs::read(site.path("releases/root.json")).expect("there's a root");
    serde_json::from_slice(&root).expect("JSON")
}

fn is_refused(run: &Run, named: &[&str]) {
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("belong to another target"), "{run}");
    for name in named {
        assert!(run.stderr.contains(name), "{name}: {run}");
    }
}

/// Every command refuses a state copied to another target's configuration.
#[test]
fn copied_state_is_refused_everywhere() {
    let site = published();
    let (before, objects) = (root(&site), site.published("prod"));

    // Somebody begins staging with a copy of prod's section.
    let site = site.config(&target("staging", "file:staging"));
    for arguments in [
        &["push"][..],
        &["diff"],
        &["releases"],
        &["rollback"],
        &["live", "on"],
        &["live", "status"],
        &["prune", "--yes"],
        &["resolve"],
        &["manifest", "--live"],
    ] {
        let run = site.run(arguments);
        is_refused(&run, &["`file:../prod`", "`file:../staging`"]);
        let advice = "`assetsync releases adopt staging`";
        assert!(run.stderr.contains(advice), "{run}");
    }
    assert_eq!(root(&site), before);
    assert_eq!(site.published("prod"), objects);
    assert!(site.published("staging").is_empty());

    // With a place of its own, it's another target.
    let own = target("staging", "file:staging").replace("file:releases", "file:staging-releases");
    let site = site.config(&own);
    site.ok(&["push"]);
    assert_eq!(root(&site), before);
}

/// Adopting requires all objects in the new place and locks out the old target.
#[test]
fn adopting_requires_all_objects() {
    let site = published();
    site.write("app.css", "body{margin:1px}");
    site.ok(&["push"]);
    let site = site.config(&target("moved", "file:moved"));
    let run = site.run(&["releases", "adopt", "--yes"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("3 objects missing or changed"), "{run}");
    assert!(run.stderr.contains("`app.css` (missing)"), "{run}");

    fs::rename(site.path("prod"), site.path("moved")).expect("moved");
    // The release before needs its style, too.
    let styles = site.published("moved");
    let style = |body: &[u8]| {
        let found = styles
            .iter()
            .find(|(name, bytes)| name.ends_with(".css") && *bytes == body);
        site.path("moved").join(found.expect("published").0)
    };
    let old = style(b"body{margin:0}");
    let bytes = fs::read(&old).expect("readable");
    fs::remove_file(&old).expect("removed");
    let run = site.run(&["releases", "adopt", "--yes"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("1 object missing or changed"), "{run}");
    fs::write(&old, bytes).expect("written");

    let run = site.run(&["releases", "adopt"]);
    assert_eq!(
        (run.code, root(&site)["target"]["url"].as_str()),
        (3, Some("file:../prod"))
    );
    assert!(run.stderr.contains("`--yes`"), "{run}");
    let told = site.ok(&["releases", "adopt", "--yes"]);
    assert!(
        told.contains("2 releases and 3 objects are complete"),
        "{told}"
    );
    assert_eq!(root(&site)["target"]["url"], "file:../moved");
    let again = site.run(&["releases", "adopt", "--yes"]);
    assert_eq!(again.code, 2, "{again}");

    // Nothing is sent again, and the release before is there.
    let pushed = site.run(&["push"]);
    assert!(pushed.stdout.contains("no changes"), "{pushed}");
    site.ok(&["rollback"]);
    let site = site.config(&target("prod", "file:prod"));
    is_refused(&site.run(&["push"]), &["`file:../moved`"]);
}

/// A project that is moved as a whole keeps its releases.
#[test]
fn moved_project_keeps_its_releases() {
    let site = published();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    for name in ["prod", "releases", "assets", "hunt.key", "assetsync.toml"] {
        let to = elsewhere.path().join(name);
        fs::rename(site.path(name), to).expect("on one file system");
    }
    let mut command = site.command(&["push"]);
    let run = Run::of(command.current_dir(elsewhere.path()), elsewhere.path());
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("no changes"), "{run}");
}

/// A folder is the same target however its URL spells the path.
#[test]
fn folder_spellings_mean_one_target() {
    let site = published();
    std::os::unix::fs::symlink(site.path("prod"), site.path("link")).expect("a link");
    let whole = format!("file:{}", site.path("prod").display());
    let urls = ["file:./prod/", "file:assets/../prod", "file:link", &whole];
    urls.into_iter().fold(site, |site, url| {
        let site = site.config(&target("prod", url));
        let told = site.ok(&["push"]);
        assert!(told.contains("no changes"), "{url}: {told}");
        site
    });
}

/// Releases without an owner belong to the target that changes them next.
#[test]
fn ownerless_releases_join_next_writer() {
    let site = published();
    let mut old = root(&site);
    old.as_object_mut().expect("an object").remove("target");
    fs::write(site.path("releases/root.json"), old.to_string()).expect("written");
    // To look changes nothing.
    site.ok(&["push"]);
    site.ok(&["releases"]);
    assert_eq!(root(&site), old);
    site.ok(&["live", "on"]);
    assert_eq!(root(&site)["target"]["url"], "file:../prod");
    let site = site.config(&target("staging", "file:staging"));
    is_refused(&site.run(&["push"]), &["`file:../prod`"]);
}

/// A renamed bucket is adopted once the new one holds all objects.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn renamed_bucket_is_adopted_when_complete() {
    let (old, new, releases) = (Bucket::on_rgw(), Bucket::on_rgw(), Bucket::on_rgw());
    let config = |bucket: &Bucket| {
        format!(
            "{RULES}[target.prod]\nurl = \"s3://{}/static\"\nstate = \"s3://{}/prod\"\nendpoint = \"{}\"\naccess = \"object-acl\"\n",
            bucket.name, releases.name, old.endpoint
        )
    };
    let site = Site::bare()
        .config(&config(&old))
        .file("index.html", "<link rel=stylesheet href=app.css>")
        .file("app.css", "body{margin:0}".repeat(90));
    let run = old.run(&site, &["push"]);
    assert_eq!(run.code, 0, "{run}");

    let site = site.config(&config(&new));
    let run = new.run(&site, &["push"]);
    is_refused(
        &run,
        &[&old.url(), &new.url(), "`assetsync releases adopt prod`"],
    );
    let run = new.run(&site, &["releases", "adopt", "prod", "--yes"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("2 objects missing or changed"), "{run}");

    let (from, to) = (
        format!("{}/static", old.url()),
        format!("{}/static", new.url()),
    );
    old.aws(&["s3", "sync", "--acl", "public-read", &from, &to]);
    let run = new.run(&site, &["releases", "adopt", "prod", "--yes"]);
    assert_eq!(run.code, 0, "{run}");
    let run = new.run(&site, &["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("no changes"), "{run}");
    assert_eq!(new.anonymous("/static/index.html").status, 200);
    let site = site.config(&config(&old));
    is_refused(&old.run(&site, &["push"]), &[&new.url()]);
}

/// A push with nothing to do notices that its bucket was emptied or deleted.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn noop_push_notices_emptied_bucket() {
    let (bucket, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
    let target = format!(
        "{RULES}[target.prod]\nurl = \"s3://{}/static\"\nstate = \"s3://{}/prod\"\nendpoint = \"{}\"\naccess = \"object-acl\"\n",
        bucket.name, releases.name, bucket.endpoint
    );
    let site = Site::bare()
        .config(&target)
        .file("index.html", "<link rel=stylesheet href=app.css>")
        .file("app.css", "body{margin:0}");
    let run = |arguments: &[&str]| bucket.run(&site, arguments);
    let first = run(&["push"]);
    assert_eq!(first.code, 0, "{first}");
    // One of them is looked at; nothing is said of the other.
    for (arguments, sums) in [
        (
            &["push"][..],
            "0 uploaded, 0 overwritten, 2 (71 B) unchanged since 2",
        ),
        (
            &["diff"],
            "0 to upload, 0 to overwrite, 2 (71 B) unchanged since 2",
        ),
    ] {
        let again = run(arguments);
        assert_eq!(again.code, 0, "{again}");
        assert!(again.stdout.contains(sums), "{again}");
        assert!(again.stdout.contains(", not checked"), "{again}");
    }
    let looked = run(&["push", "--verify", "list"]);
    assert!(looked.stdout.contains("2 (71 B) kept"), "{looked}");

    bucket.aws(&["s3", "rm", "--recursive", &bucket.url()]);
    let diff = run(&["diff", "--check"]);
    assert_eq!(diff.code, 6, "{diff}");
    assert!(diff.stdout.contains("2 (71 B) to upload"), "{diff}");
    let pushed = run(&["push"]);
    assert_eq!(pushed.code, 0, "{pushed}");
    assert!(pushed.stdout.contains("2 (71 B) uploaded"), "{pushed}");
    assert_eq!(bucket.anonymous("/static/index.html").status, 200);

    bucket.aws(&["s3", "rb", "--force", &bucket.url()]);
    for arguments in [&["diff"][..], &["push"]] {
        let gone = run(arguments);
        assert_eq!(gone.code, 1, "{gone}");
        assert!(gone.stderr.contains(&bucket.name), "{gone}");
        assert!(gone.stderr.contains("create the bucket"), "{gone}");
    }
}

/// `AWS_ENDPOINT_URL` says where all targets are, not only the one that is meant.
#[test]
fn env_endpoint_still_detects_owned_places() {
    let config = "[target.prod]\nurl = \"s3://hunt\"\nstate = \"s3://hunt-releases/prod\"\n";
    let site = Site::bare().config(config).file("app.css", "body{}");
    let environment = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "ann"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    for place in ["s3://hunt", "s3://hunt-releases/prod", "s3://hunt-releases"] {
        let run = site.run_with(&environment, &["push", "--to", place]);
        assert_eq!(run.code, 2, "{place}: {run}");
        assert!(run.stderr.contains("prod"), "{place}: {run}");
    }
}

/// A place without a release belongs to no target.
#[test]
fn place_without_release_has_no_owner() {
    let site = Site::bare()
        .config(&target("prod", "file:mistyped"))
        .file("app.css", "body{}");
    site.ok(&["live", "on", "--message", "soon"]);
    let site = site.config(&target("prod", "file:prod"));
    site.ok(&["push"]);
    assert_eq!(root(&site)["target"]["url"], "file:../prod");
    assert_eq!(root(&site)["live"]["message"], "soon");
}

/// A key pasted into `key_id` is not printed in the error.
#[test]
fn key_pasted_as_id_stays_secret() {
    let key = "5f0c1d2e3b4a59687706f5e4d3c2b1a05f0c1d2e3b4a59687706f5e4d3c2b1a0";
    let site = Site::bare()
        .private("hunt.key", key)
        .config("[target.local]\nurl = \"file:out\"\n");
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("readable");
    let site = site.raw_config(&format!("key_id = \"{key}\"\n{config}"));
    let run = site.run(&["push"]);
    assert_ne!(run.code, 0, "{run}");
    assert!(
        !run.stderr.contains(key) && run.stderr.contains("key_id"),
        "{run}"
    );
}
