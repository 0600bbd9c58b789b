//! Documents of the releases that a newer program wrote, that are gone or damaged, or that somebody
//! made up.

use std::fs;
use std::path::PathBuf;

use assetsync::testing::encode;
use serde_json::Value;

use crate::support::{Run, Site, gunzip};

const FOLDER: &str = "out.releases";
const ROOT: &str = "root.json";

/// A hunt that was published so many times.
fn published(times: usize) -> Site {
    let site = Site::new().file("index.html", "<h1>The hunt</h1>");
    for time in 0..times {
        site.write("app.js", format!("play({time})"));
        site.ok(&["push"]);
    }
    site
}

fn document(site: &Site, name: &str) -> PathBuf {
    site.path(FOLDER).join(name)
}

fn read(site: &Site, name: &str) -> Value {
    let json = fs::read(document(site, name)).expect("there");
    serde_json::from_slice(&json).expect("JSON")
}

fn change(site: &Site, name: &str, change: impl FnOnce(&mut Value)) {
    let mut json = read(site, name);
    change(&mut json);
    fs::write(document(site, name), json.to_string()).expect("written");
}

/// The document of the current release, and that of its manifest.
fn current(site: &Site) -> [String; 2] {
    let release = &read(site, ROOT)["current"];
    let name = |field: &str| release[field].as_str().expect("a name").to_string();
    [
        format!("releases/{}.json", name("id")),
        format!("manifests/{}.json.gz", name("manifest")),
    ]
}

/// The current release gets this manifest, under its right name.
fn give_manifest(site: &Site, text: &str) {
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    let packed = encode::gzip(text.as_bytes(), 9).expect("shorter");
    let name = format!("manifests/{digest}.json.gz");
    fs::write(document(site, &name), packed).expect("written");
    change(site, ROOT, |root| {
        root["current"]["manifest"] = digest.into();
    });
}

fn manifest_text(site: &Site) -> String {
    let [_, manifest] = current(site);
    let packed = fs::read(document(site, &manifest)).expect("there");
    String::from_utf8(gunzip(&packed)).expect("UTF-8")
}

#[track_caller]
fn assert_newer_is_advised(run: &Run) {
    assert_eq!(run.code, 3, "{run}");
    for words in ["it has version ", "upgrade assetsync"] {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
    for words in ["move `", "restore it", "restore `"] {
        assert!(!run.stderr.contains(words), "{words}: {run}");
    }
}

/// A document of a newer version asks for a newer program, not for moving anything.
#[test]
fn newer_document_needs_newer_program() {
    for releases in [1, 7] {
        let site = published(releases);
        let oldest = read(&site, ROOT)["oldest"].clone();
        let oldest = format!("releases/{}.json", oldest.as_str().expect("a name"));
        change(&site, &oldest, |release| release["version"] = 9.into());
        assert_newer_is_advised(&site.run(&["releases"]));
    }
    let site = published(1);
    let text = manifest_text(&site).replacen("\"version\":2", "\"version\":9", 1);
    give_manifest(&site, &text);
    assert_newer_is_advised(&site.run(&["push"]));

    change(&site, ROOT, |root| root["version"] = 9.into());
    assert_newer_is_advised(&site.run(&["push"]));
}

/// A root that names documents elsewhere is refused as damaged.
#[test]
fn root_naming_outside_documents_is_refused() {
    let site = published(2);
    let [release, _] = current(&site);
    let json = fs::read(document(&site, &release)).expect("there");
    fs::write(site.path("x.json"), json).expect("written");
    change(&site, ROOT, |root| root["newest"] = "../../x".into());
    for command in [&["releases"][..], &["push"], &["rollback"]] {
        let run = site.run(command);
        assert_eq!(run.code, 3, "{command:?}: {run}");
        assert!(run.stderr.contains("it's damaged"), "{run}");
    }
}

/// Only a missing document needs a new beginning; a damaged one is brought back.
#[test]
fn damaged_document_needs_no_new_beginning() {
    let site = published(1);
    let [_, manifest] = current(&site);
    let manifest = document(&site, &manifest);
    let whole = fs::read(&manifest).expect("there");
    fs::write(&manifest, &whole[..whole.len() / 2]).expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("it's damaged"), "{run}");
    assert!(run.stderr.contains("restore it from"), "{run}");
    assert!(!run.stderr.contains("start over"), "{run}");

    fs::remove_file(&manifest).expect("there");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("it's missing"), "{run}");
    assert!(run.stderr.contains("start over"), "{run}");
}
