//! What is told of a command that fails on the way: of which target and file, what was done before,
//! and what to do; and no object's name.

use serde_json::Value;

use crate::support::proxy::Fault::Answer;
use crate::support::proxy::{Proxy, Reply, Rule};
use crate::support::s3_server::{Server, Setup};
use crate::support::{Run, Site, gcs};

/// A hunt in `bucket` of a strict server; targets are reached at these endpoints.
fn hunt(scheme: &str, targets: &[(&str, &str)]) -> Site {
    let target = |(name, endpoint): &(&str, &str)| {
        format!("[target.{name}]\nurl = \"{scheme}://bucket/{name}\"\nendpoint = \"{endpoint}\"\n")
    };
    let config: Vec<String> = targets.iter().map(target).collect();
    Site::new()
        .config(&config.concat())
        .file("index.html", "<h1>The hunt</h1>")
        .file("app.css", "body{}")
}

fn run(site: &Site, arguments: &[&str]) -> Run {
    let credentials = [
        ("AWS_ACCESS_KEY_ID", "tester"),
        ("AWS_SECRET_ACCESS_KEY", "testsecret"),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token-for-the-test-server"),
    ];
    site.run_with(&credentials, arguments)
}

#[track_caller]
fn ok(site: &Site, arguments: &[&str]) {
    let run = run(site, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {run}");
}

#[track_caller]
fn assert_says(run: &Run, words: &[&str]) {
    for words in words {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
    let is_keyed = |word: &str| word.len() >= 26;
    let mut words = run.stderr.split(|c: char| !c.is_ascii_alphanumeric());
    assert!(!words.any(is_keyed), "{run}");
}

fn s3() -> Server {
    let server = Server::start();
    server.bucket("bucket", &[Setup::NoAcls]);
    server
}

fn denied() -> Reply {
    Reply::error(403, "AccessDenied", "Access Denied")
}

const PRUNE: [&str; 7] = ["prune", "prod", "--keep", "1", "--keep-days", "0", "--yes"];

/// A prune whose deletions of styles, which have this in their URLs, are all answered so, and the
/// code of a push after that.
fn prune_in_vain(scheme: &str, server: &str, style: &str, answer: Reply) -> (Run, i32) {
    let proxy = Proxy::before(
        server,
        [Rule::new("DELETE", style, Answer(answer)).always()],
    );
    let site = hunt(scheme, &[("prod", &proxy.url())]);
    ok(&site, &["push", "prod"]);
    site.write("app.css", "body{color:red}");
    ok(&site, &["push", "prod"]);
    let told = run(&site, &[&PRUNE[..], &["--retry-seconds", "2"]].concat());
    proxy.assert_all_happened();
    site.write("app.css", "body{color:blue}");
    let code = run(&site, &["push", "prod"]).code;
    (told, code)
}

/// A failed prune says that pushes are blocked until it is finished.
#[test]
fn failed_prune_says_pushes_are_blocked() {
    let (s3, google) = (s3(), gcs::Server::start());
    google.bucket("bucket", &[gcs::Setup::Uniform]);
    let storages = [("s3", s3.url(), ".css"), ("gs", google.url(), "%2Ecss")];
    for (scheme, server, style) in storages {
        let busy = Reply::error(503, "SlowDown", "Please reduce your request rate.");
        let (told, push) = prune_in_vain(scheme, server, style, busy);
        assert_eq!((told.code, push), (5, 3), "{told}");
        assert_says(
            &told,
            &[
                "The prune isn't finished: Cannot delete an object: ",
                "nobody can push until it's finished",
                "run `assetsync resolve prod` to finish it",
            ],
        );
    }
}

/// Objects that the storage refuses to delete are reported and block nobody.
#[test]
fn undeletable_objects_end_the_prune() {
    let (s3, google) = (s3(), gcs::Server::start());
    google.bucket("bucket", &[gcs::Setup::Uniform]);
    let storages = [("s3", s3.url(), ".css"), ("gs", google.url(), "%2Ecss")];
    for (scheme, server, style) in storages {
        let (told, push) = prune_in_vain(scheme, server, style, denied());
        assert_eq!((told.code, push), (1, 0), "{told}");
        assert_says(
            &told,
            &[
                " not deleted: Cannot delete an object: ",
                "the prune is finished",
            ],
        );
    }
}

/// An object that cannot be inspected is named by the path of its file.
#[test]
fn unreadable_object_is_named_by_path() {
    let server = s3();
    let rules = [Rule::new("HEAD", ".css", Answer(Reply::status(403))).always()];
    let proxy = Proxy::before(server.url(), rules);
    let site = hunt("s3", &[("prod", &proxy.url())]);
    ok(&site, &["push", "prod"]);
    let told = run(&site, &["push", "prod", "--verify", "full"]);
    proxy.assert_all_happened();
    assert_eq!(told.code, 1, "{told}");
    assert_says(&told, &["`app.css`: Cannot look up an object: "]);
}

/// A push to several targets reports what was published and which one failed.
#[test]
fn multi_target_push_names_failed_one() {
    for json in [true, false] {
        let server = s3();
        let rules = [Rule::new("PUT", "/b/.assetsync/", Answer(denied())).always()];
        let proxy = Proxy::before(server.url(), rules);
        let url = proxy.url();
        let site = hunt("s3", &[("a", &url), ("b", &url), ("c", &url)]);
        let mut arguments = vec!["push", "a", "b", "c"];
        if json {
            arguments.push("--json");
        }
        let told = run(&site, &arguments);
        proxy.assert_all_happened();
        assert_eq!(told.code, 1, "{told}");
        let error =
            "error: b (already published: a; not started: c): Cannot write `conditions.json`";
        assert!(told.stderr.contains(error), "{told}");
        if json {
            let report: Value = serde_json::from_str(&told.stdout).expect("JSON");
            let reports = report.as_array().cloned().unwrap_or(vec![report]);
            let targets: Vec<&Value> = reports.iter().map(|report| &report["target"]).collect();
            assert_eq!(targets, ["a"], "{told}");
        } else {
            assert!(told.stdout.contains("a: 2 ("), "{told}");
        }
    }
}
