//! Which pages of other origins may load what is in a bucket: policies checked, shown, compared and
//! set, on Ceph's radosgw and on a strict server of Google's API, and what both answer to browsers
//! then.

mod browser;
mod bucket;

use std::fs;

use assetsync::testing::cors::{self, Cloud, Policy};
use serde_json::{Value, json};

use crate::support::gcs::{Object, Server, Setup};
use crate::support::s3::{self, Answer, Bucket};
use crate::support::{Run, Site};

const SAMPLES: [(&str, &str); 2] = [
    ("gcs.json", include_str!("../../cors/gcs.json")),
    ("s3.json", include_str!("../../cors/s3.json")),
];

/// Only one page may read, and only some headers.
const STRICT: &str = r#"[{"origin": ["https://hunt.example.org"], "method": ["GET"], "responseHeader": ["Range", "Content-Range"], "maxAgeSeconds": 60}]"#;

/// A site whose target `prod` has the policy `cors/prod.json`.
fn site(target: &str, policy: &str) -> Site {
    let target = format!("[target.prod]\n{target}cors = \"cors/prod.json\"\n");
    let site = Site::bare().config(&target);
    fs::create_dir(site.path("cors")).expect("a folder");
    write_policy(&site, policy);
    site
}

fn write_policy(site: &Site, policy: &str) {
    fs::write(site.path("cors/prod.json"), policy).expect("written");
}

/// On radosgw.
fn on_s3(bucket: &Bucket, policy: &str) -> Site {
    let (url, endpoint) = (bucket.url(), &bucket.endpoint);
    site(
        &format!("url = \"{url}\"\nendpoint = \"{endpoint}\"\n"),
        policy,
    )
}

/// On the server of Google's API.
fn on_gcs(policy: &str) -> Site {
    site("url = \"gs://hunt\"\n", policy)
}

fn gcs_server(setup: &[Setup]) -> Server {
    let server = Server::start();
    server.bucket("hunt", setup);
    server.put("hunt", "a.json", Object::new("{}", "application/json"));
    server
}

fn run_gcs(site: &Site, server: &Server, arguments: &[&str]) -> Run {
    site.run_with(&[("STORAGE_EMULATOR_HOST", server.url())], arguments)
}

/// A preflight: may a page of `origin` send this?
fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> Answer {
    let request = ureq::http::Request::builder()
        .method("OPTIONS")
        .uri(url)
        .header("origin", origin)
        .header("access-control-request-method", method);
    let request = match headers {
        "" => request,
        headers => request.header("access-control-request-headers", headers),
    };
    s3::received(s3::agent().run(request.body(()).expect("a request"))).expect("an answer")
}

/// What a page's own request gets.
fn get(url: &str, origin: &str) -> Answer {
    s3::received(s3::agent().get(url).header("origin", origin).call()).expect("an answer")
}

/// Whether a browser goes on after this answer.
fn is_allowed(answer: &Answer, origin: &str, headers: &str) -> bool {
    let allows = |origin: &str| answer.header("access-control-allow-origin") == Some(origin);
    let listed = answer
        .header("access-control-allow-headers")
        .unwrap_or_default()
        .to_lowercase();
    let listed: Vec<&str> = listed.split(',').map(str::trim).collect();
    let mut asked = headers.split(',').filter(|header| !header.is_empty());
    answer.status == 200
        && (allows("*") || allows(origin))
        && asked.all(|header| listed.contains(&header))
}

/// Origin, method, headers.
const QUESTIONS: [(&str, &str, &str); 7] = [
    ("https://hunt.example.org", "GET", ""),
    ("https://hunt.example.org", "GET", "range"),
    ("https://hunt.example.org", "GET", "range,x-other"),
    ("https://hunt.example.org", "HEAD", ""),
    ("https://hunt.example.org", "PUT", ""),
    ("https://evil.example.com", "GET", ""),
    ("null", "GET", "content-type"),
];

fn read(text: &str) -> Policy {
    cors::check(text.as_bytes(), &[])
        .policy
        .expect("it can be read")
}

/// What the library says they are answered.
fn expected(policy: &Policy, cloud: Cloud) -> Vec<bool> {
    let ask = |(origin, method, headers): &(&str, &str, &str)| {
        let headers: Vec<&str> = headers
            .split(',')
            .filter(|header| !header.is_empty())
            .collect();
        let allowed = policy.preflight(cloud, origin, method, &headers);
        allowed.is_some_and(|allowed| allowed.permits(method, &headers))
    };
    QUESTIONS.iter().map(ask).collect()
}

fn answered(url: &str) -> Vec<bool> {
    let ask = |(origin, method, headers): &(&str, &str, &str)| {
        is_allowed(&preflight(url, origin, method, headers), origin, headers)
    };
    QUESTIONS.iter().map(ask).collect()
}

// --- In its file

/// A fresh project has policies without mistakes.
#[test]
fn fresh_project_has_valid_policies() {
    let site = Site::bare();
    fs::remove_file(site.path("hunt.key")).expect("removed");
    site.ok(&["init"]);
    for (file, _) in SAMPLES {
        let file = format!("cors/{file}");
        let said = site.ok(&["cors", "check", &file]);
        assert_eq!(said, format!("{file}: 1 rule, no mistakes\n"));
    }
    let run = site.run(&["cors", "check"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("No target has a `cors` setting"),
        "{run}"
    );
}

const BROKEN: &str = r#"[
  {
    "origin": ["https://hunt.example.org/", "http://old.example.org"],
    "method": ["GET", "OPTIONS"],
    "responseHeaders": ["Range"],
    "maxAgeSeconds": "3600"
  }
]
"#;

/// Every mistake in a policy is reported at once with line and column.
#[test]
fn every_mistake_shows_its_place() {
    let site = on_gcs(BROKEN);
    let run = site.run(&["cors", "check"]);
    insta::assert_snapshot!("check", run);
    let run = site.run(&["cors", "check", "--json", "cors/prod.json"]);
    assert_eq!(run.code, 2, "{run}");
    let told: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(told["errors"], 3);
    assert_eq!(told["findings"][0]["line"], 3);
    // S3 minds one more; without a configuration, nobody knows whose the file is.
    let text = fs::read_to_string(site.path("assetsync.toml")).expect("readable");
    fs::write(site.path("s3.toml"), text.replace("gs://", "s3://")).expect("written");
    let s3 = site.run(&["cors", "check", "--config", "s3.toml"]);
    assert_eq!(s3.code, 2, "{s3}");
    let options = "cors/prod.json:4:23: `OPTIONS`";
    assert!(s3.stdout.contains(&format!("error: {options}")), "{s3}");
    fs::remove_file(site.path("assetsync.toml")).expect("removed");
    let alone = site.run(&["cors", "check", "cors/prod.json"]);
    assert!(
        alone.stdout.contains(&format!("warning: {options}")),
        "{alone}"
    );
}

/// A missing comma is found before the policy is applied.
#[test]
fn missing_comma_prevents_applying() {
    let server = gcs_server(&[]);
    let site = on_gcs("[\n  {\"origin\": [\"*\"]\n   \"method\": [\"GET\"]}\n]");
    let run = run_gcs(&site, &server, &["cors", "apply", "--yes"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("cors/prod.json:2:19: missing comma"),
        "{run}"
    );
    let shown = "\n2 |   {\"origin\": [\"*\"]\n  |                   ^\nhint: ";
    assert!(run.stderr.contains(shown), "{run}");
    let run = run_gcs(
        &site,
        &server,
        &["cors", "apply", "--yes", "--log-format", "json"],
    );
    assert!(run.stderr.contains("2:19: missing comma"), "{run}");
    assert!(!run.stderr.contains('^'), "{run}");
    assert_eq!(server.cors("hunt"), Value::Null);
}

/// A missing policy is a mistake of the configuration.
#[test]
fn missing_policy_is_a_config_mistake() {
    let site =
        Site::new().config("[target.local]\nurl = \"file:out\"\ncors = \"cors/gone.json\"\n");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let said = "assetsync.toml:8:8: the CORS policy `cors/gone.json` doesn't exist";
    assert!(run.stderr.contains(said), "{run}");
    let site = Site::new().config("[target.local]\nurl = \"file:out\"\ncor = \"cors/gone.json\"\n");
    assert!(site.run(&["push"]).stderr.contains("did you mean `cors`?"));
}

#[test]
fn a_folder_has_no_policy() {
    let site = site("url = \"file:out\"\n", STRICT);
    site.ok(&["cors", "check"]);
    for command in ["show", "diff", "apply"] {
        let run = site.run(&["cors", command]);
        assert_eq!(run.code, 2, "{run}");
        assert!(
            run.stderr
                .contains("The target `prod` is a folder; only buckets have a CORS policy"),
            "{run}"
        );
    }
}
