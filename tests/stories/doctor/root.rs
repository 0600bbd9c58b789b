//! `doctor` says what a push would say of the releases that are there: it isn't green where every
//! push is refused.

use std::fs;

use serde_json::Value;

use crate::support::hunt::Hunt;
use crate::support::{Run, Site};

/// What `doctor` found of the root, and its exit code.
fn found(run: &Run) -> (i32, Value) {
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let findings = report["findings"].as_array().expect("a list").iter();
    let root: Vec<&Value> = findings.filter(|f| f["check"] == "root").collect();
    assert_eq!(root.len(), 1, "{report:#}");
    (run.code, root[0].clone())
}

/// Both say no, in the same words, with the same advice.
fn both_refuse(push: &Run, doctor: &Run, says: &str) {
    assert_ne!(push.code, 0, "{push}");
    let (code, root) = found(doctor);
    assert_eq!(
        (code, &root["verdict"]),
        (3, &Value::from("failed")),
        "{doctor}"
    );
    let part = |name: &str| root[name].as_str().expect("text").to_string();
    assert!(part("text").contains(says), "{says}: {root:#}");
    let said = format!("error: {}\nhint: {}\n", part("text"), part("fix"));
    assert!(push.stderr.contains(&said), "{said}\n{push}");
}

const NEW_KEY: &str = "5f0c1d2e3b4a59687706f5e4d3c2b1a09f8c7d6e5b4a39281706f5e4d3c2b1a7";
const TARGET: &str = "[target.prod]\nurl = \"file:prod\"\nstate = \"file:releases\"\n";

fn published() -> Site {
    let site = Site::bare().config(TARGET).file("map.png", "a map");
    site.ok(&["push"]);
    site
}

fn refuses(site: &Site, says: &str) {
    let (push, doctor) = (site.run(&["push"]), site.run(&["doctor", "--json"]));
    both_refuse(&push, &doctor, says);
}

/// A root that a push can go on from passes.
#[test]
fn usable_root_passes() {
    let site = Site::bare().config(TARGET).file("map.png", "a map");
    for text in ["no release yet", "a push can build on"] {
        let (code, root) = found(&site.run(&["doctor", "--json"]));
        assert_eq!((code, &root["verdict"]), (0, &Value::from("passed")));
        assert!(
            root["text"].as_str().expect("text").contains(text),
            "{root:#}"
        );
        site.ok(&["push"]);
    }
}

/// A state of another target fails as every push does.
#[test]
fn foreign_state_fails_like_a_push() {
    let site = published();
    let site = site.config(&TARGET.replace("file:prod", "file:staging"));
    refuses(&site, "belong to another target: `file:../prod`");
}

/// A root that cannot be used fails as every push does.
#[test]
fn unusable_root_fails_like_a_push() {
    let site = published();
    let root = site.path("releases/root.json");
    let before = fs::read_to_string(&root).expect("there");
    for (after, says) in [
        (
            "{".to_string(),
            "Cannot use the root of the target's releases: it isn't an assetsync document",
        ),
        (
            before.replace("\"version\": 1", "\"version\": 9"),
            "it has version 9",
        ),
    ] {
        fs::write(&root, after).expect("written");
        refuses(&site, says);
    }
    fs::remove_file(&root).expect("removed");
    refuses(&site, "The root of the target's releases is missing");
    fs::write(&root, before).expect("written");
    site.write("map.png", "a better map");
    site.ok(&["push"]);
    fs::remove_file(&root).expect("removed");
    refuses(&site, "The root of the target's releases is missing");
}

/// Releases that no push can go on from fail as every push does.
#[test]
fn unusable_releases_fail_like_a_push() {
    let site = published();
    let key = fs::read(site.path("hunt.key")).expect("there");
    fs::write(site.path("hunt.key"), NEW_KEY).expect("written");
    refuses(&site, "made with another key");
    fs::write(site.path("hunt.key"), key).expect("written");

    let root = site.path("releases/root.json");
    let before = fs::read_to_string(&root).expect("there");
    let mut sweeping: Value = serde_json::from_str(&before).expect("JSON");
    sweeping["gc"]["sweep"] = "sweeps/00000001-0123abcd.json.gz".into();
    fs::write(&root, sweeping.to_string()).expect("written");
    refuses(&site, "A prune is running or was interrupted");
    fs::write(&root, before).expect("written");

    fs::remove_dir_all(site.path("releases/manifests")).expect("removed");
    refuses(&site, "Cannot read the manifest");
}

/// On radosgw, where the key tells the folder of the releases: whoever has the old one finds what
/// is left of the root.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn old_key_fails_after_rotation() {
    let hunt = Hunt::new();
    let refuses = |says: &str| {
        let push = hunt.run(&["push", "one"]);
        let doctor = hunt.run(&["doctor", "one", "--json"]);
        both_refuse(&push, &doctor, says);
    };
    hunt.ok(&["access", "apply", "one", "--yes"]);
    hunt.ok(&["push", "one"]);
    hunt.ok(&["doctor", "one"]);
    let key = hunt.site.path("hunt.key");
    let old = fs::read(&key).expect("there");
    fs::write(&key, NEW_KEY).expect("written");
    refuses("made with another key");
    hunt.ok(&["push", "one", "--rotate-key"]);
    hunt.ok(&["doctor", "one"]);
    fs::write(&key, old).expect("written");
    refuses("made with another key");
    // Nothing but what is left of the old root tells where the releases went.
    let new = hunt.assets.all_keys();
    let new: Vec<&String> = new
        .iter()
        .filter(|key| key.ends_with("root.json"))
        .collect();
    for root in new {
        let moved = hunt.assets.signed("GET", &format!("/{root}"), b"").text();
        if !moved.contains("is_done") {
            hunt.assets.signed("DELETE", &format!("/{root}"), b"");
        }
    }
    refuses("have had another key since");
}
