//! What `-v`, `-vv` and `--log-format json` tell of a run: each request, and nothing that is
//! secret.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::faults::{Effect, Fault};
use crate::support::s3_server::{Server, Setup};
use crate::support::{KEY, Run, Site};

const SECRETS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "tester"),
    ("AWS_SECRET_ACCESS_KEY", "testsecret"),
];

fn site() -> (Server, Site) {
    let server = Server::start();
    server.bucket("hunt", &[Setup::NoAcls]);
    let site = Site::bare().file("map.png", "a map");
    let site = site.config(&format!(
        "[target.prod]\nurl = \"s3://hunt/static\"\nendpoint = \"{}\"\n",
        server.url()
    ));
    (server, site)
}

fn run(site: &Site, arguments: &[&str]) -> Run {
    site.run_with(&SECRETS, arguments)
}

/// Lines of a log, each a JSON object.
fn lines(run: &Run) -> Vec<BTreeMap<String, Value>> {
    let lines = run.stderr.lines();
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{run}"));
    lines.map(parse).collect()
}

#[track_caller]
fn assert_nothing_secret(server: &Server, run: &Run) {
    for secret in [
        KEY,
        "testsecret",
        "Signature",
        "Credential",
        "authorization",
    ] {
        assert!(!run.stderr.contains(secret), "{secret}: {run}");
    }
    let is_keyed = |name: &String| name.ends_with(".png");
    for object in server.objects("hunt").into_iter().filter(is_keyed) {
        let name = object.rsplit('/').next().expect("a split has a last part");
        assert!(!run.stderr.contains(name), "{name}: {run}");
    }
}

/// Each request is a log line with its outcome.
#[test]
fn each_request_is_logged_with_outcome() {
    let (server, site) = site();
    server.fault(Fault::new("PUT", ".png", Effect::refuse(503)));
    let run = run(&site, &["push", "-vv", "--log-format", "json"]);
    assert_eq!(run.code, 0, "{run}");
    let lines = lines(&run);
    let requests: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "request")
        .collect();
    assert_eq!(requests.len(), server.requests().len(), "one line for each");
    let puts = requests
        .iter()
        .filter(|line| line["method"] == "PUT" && line["path"] == "/hunt/static/…");
    let puts: Vec<_> = puts
        .map(|line| (line["status"].clone(), line["span"]["number"].clone()))
        .collect();
    assert_eq!(
        puts,
        [(503.into(), 1.into()), (200.into(), 2.into())],
        "{run}"
    );
    assert!(requests.iter().all(|line| line["ms"].is_u64()), "{run}");
    assert_nothing_secret(&server, &run);
}

#[test]
fn people_read_the_same_as_text() {
    let (server, site) = site();
    let run = run(&site, &["push", "-vv"]);
    assert_eq!(run.code, 0, "{run}");
    let put = "doing=\"upload `map.png`\"}: request method=PUT";
    assert!(run.stderr.contains(put), "{run}");
    assert!(
        run.stderr.contains("path=\"/hunt/static/…\" status=200"),
        "{run}"
    );
    assert_nothing_secret(&server, &run);
    let less = site.run_with(&SECRETS, &["push", "-v"]);
    assert!(!less.stderr.contains("method="), "{less}");
    assert!(less.stderr.contains("requests sent"), "{less}");
}

/// Warnings and errors are lines of the JSON log too.
#[test]
fn json_log_includes_warnings_and_errors() {
    let (_server, site) = site();
    site.write("a.html", "<img src=\"gone.png\">");
    let run = run(&site, &["push", "--log-format", "json"]);
    assert_eq!(run.code, 2, "{run}");
    let lines = lines(&run);
    let is_empty = |line: &BTreeMap<String, Value>| line["message"] == "";
    assert!(!lines.iter().any(is_empty), "each says something: {run}");
    let error = lines.last().expect("an error");
    assert_eq!(
        (&error["level"], &error["exit_code"], &error["kind"]),
        (&"ERROR".into(), &2.into(), &"tree".into()),
        "{run}"
    );
    assert!(!error.contains_key("guards"), "{run}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|it| it.contains("gone.png")),
        "{run}"
    );
    assert!(
        error["hint"].as_str().is_some_and(|it| !it.is_empty()),
        "{run}"
    );
}
