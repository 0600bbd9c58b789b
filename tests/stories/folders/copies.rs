//! What hasn't changed in a keyed folder that gets another name is copied inside the storage.

use std::fs;

use super::SVG;
use crate::support::gcs::Server;
use crate::support::s3::Bucket;
use crate::support::{Run, Site};

/// A folder with many pictures, and a target for it.
fn gallery(target: &str) -> Site {
    let config = format!("[[folder]]\nmatch = \"gallery\"\n{target}");
    let site = Site::new().config(&config).file("gallery/list.json", "[1]");
    for number in 0..40 {
        let picture = SVG.replace(
            "r=\"3\"",
            &format!("r=\"{number}\" id=\"{}\"", "x".repeat(2000)),
        );
        site.write(&format!("gallery/pictures/{number}.svg"), picture);
    }
    site.write("gallery/film.webm", vec![7; 3 << 20]);
    site
}

/// Changes one file of the gallery, and tells what the second push did.
fn pushed_again(site: &Site, run: impl Fn(&[&str]) -> Run) -> serde_json::Value {
    let ok = |arguments: &[&str]| {
        let run = run(arguments);
        assert_eq!(run.code, 0, "{run}");
        run.stdout
    };
    ok(&["push"]);
    site.write("gallery/list.json", "[2]");
    let diff = ok(&["diff"]);
    assert!(diff.contains("1 (3 B) to upload, 41 ("), "{diff}");
    assert!(diff.contains("1 keyed folder gets a new name"), "{diff}");
    let push = ok(&["push", "--json", "--verify", "full"]);
    let report: serde_json::Value = serde_json::from_str(&push).expect("JSON");
    let again = ok(&["push", "--verify", "full"]);
    assert!(again.contains("no changes"), "{again}");
    report
}

fn assert_copied(report: &serde_json::Value) {
    assert_eq!(report["uploaded"]["objects"], 1, "{report}");
    assert_eq!(report["copied"]["objects"], 41, "{report}");
    assert_eq!(report["sent_bytes"], 3, "{report}");
}

/// In a folder on disk, files that have not changed are linked.
#[test]
fn unchanged_files_are_linked_on_disk() {
    let site = gallery("[target.t]\nurl = \"file:out\"\n");
    assert_copied(&pushed_again(&site, |arguments| site.run(arguments)));
    assert_eq!(site.run(&["audit"]).code, 0);
    // What somebody changed in the published folder isn't carried on.
    let published = site.published("out");
    let changed: Vec<&String> = published
        .keys()
        .filter(|key| key.ends_with("/7.svg"))
        .collect();
    assert_eq!(changed.len(), 2);
    for key in changed {
        fs::remove_file(site.path("out").join(key)).expect("removed");
        fs::write(site.path("out").join(key), "scribbled over").expect("written");
    }
    site.write("gallery/list.json", "[3]");
    site.ok(&["push"]);
    let whole = fs::read(site.asset("gallery/pictures/7.svg")).expect("there");
    let now = site.published("out");
    assert!(
        now.iter()
            .any(|(key, content)| key.ends_with("/7.svg") && *content == whole),
        "the new folder has it as it is in the tree"
    );
}

/// On radosgw, files that have not changed are copied in the bucket.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unchanged_files_are_copied_on_radosgw() {
    let bucket = Bucket::on_rgw();
    let site = gallery(&bucket.target());
    assert_copied(&pushed_again(&site, |arguments| {
        bucket.run(&site, arguments)
    }));
    let audit = bucket.run(&site, &["audit", "--all"]);
    assert_eq!(audit.code, 0, "{audit}");
}

/// On moto, files that have not changed are copied in the bucket.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unchanged_files_are_copied_on_moto() {
    let bucket = Bucket::on_moto();
    let site = gallery(&bucket.target());
    assert_copied(&pushed_again(&site, |arguments| {
        bucket.run(&site, arguments)
    }));
}

/// On Google, files that have not changed are copied in the bucket.
#[test]
fn unchanged_files_are_copied_on_gcs() {
    let server = Server::start();
    server.bucket("hunt", &[]);
    let site = gallery("[target.t]\nurl = \"gs://hunt/static\"\naccess = \"object-acl\"\n");
    let run =
        |arguments: &[&str]| site.run_with(&[("STORAGE_EMULATOR_HOST", server.url())], arguments);
    assert_copied(&pushed_again(&site, run));
    let films = server
        .objects("hunt")
        .into_iter()
        .filter(|name| name.ends_with("/film.webm"));
    let films: Vec<_> = films
        .map(|name| server.object("hunt", &name).expect("it's listed"))
        .collect();
    assert_eq!(films.len(), 2);
    assert_eq!(films[0].bytes, films[1].bytes);
    assert_ne!(
        films[0].metadata, films[1].metadata,
        "each has its own token"
    );
    assert_eq!(films[0].acl, films[1].acl);
}
