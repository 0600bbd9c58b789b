//! `audit` finds whatever was done to what is published behind assetsync's back, and puts right what it may.

mod damages;
mod google;
mod server;

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::s3::{Answer, Bucket};
use crate::support::{Run, Site};

const POLICY: &str = r#"[{"origin": ["https://hunt.example.org"], "method": ["GET", "HEAD"], "responseHeader": ["Range", "Content-Range"], "maxAgeSeconds": 60}]"#;

/// How objects are made public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// By ACLs of their own; the releases are in the same bucket.
    Acl,
    /// By the bucket's policy; the releases are in another one.
    Policy,
}

/// A page of a name that stays, what it loads, a recording, and a solution that is held.
fn site(config: &str) -> Site {
    let site = Site::new()
        .config(&format!(
            "{config}\n[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n\
             [[level]]\nname = \"solution\"\nmatch = \"solution/**\"\nheld = true\n"
        ))
        .file("index.html", "<h1>The hunt</h1>\n".repeat(50))
        .file("app.css", "body { color: red }\n".repeat(50))
        .file("map.png", [b'\x89', b'P', b'N', b'G'].repeat(300))
        .file("other.png", "another picture")
        .file(
            "song.mp3",
            (0..20_000u32).map(|n| n as u8).collect::<Vec<u8>>(),
        )
        .file("solution/answer.html", "<p>CANDLE</p>");
    std::fs::write(site.path("cors.json"), POLICY).expect("written");
    site
}

/// A hunt that is published to a bucket on radosgw.
struct Hunt {
    site: Site,
    bucket: Bucket,
    releases: Bucket,
    access: Access,
    keys: BTreeMap<String, String>,
}

impl Hunt {
    fn published(access: Access) -> Hunt {
        let (bucket, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
        let endpoint = &bucket.endpoint;
        let more = match access {
            Access::Acl => "access = \"object-acl\"".to_string(),
            Access::Policy => format!("state = \"s3://{}/prod\"", releases.name),
        };
        let config = format!(
            "[target.prod]\nurl = \"s3://{}/static\"\nendpoint = \"{endpoint}\"\ncors = \"cors.json\"\n{more}\n",
            bucket.name
        );
        let hunt = Hunt {
            site: site(&config),
            bucket,
            releases,
            access,
            keys: BTreeMap::new(),
        };
        if access == Access::Policy {
            hunt.ok(&["access", "apply", "prod", "--yes"]);
        }
        hunt.ok(&["push", "prod"]);
        hunt.ok(&["cors", "apply", "prod", "--yes"]);
        hunt.with_keys()
    }

    /// Knows what its objects are called now.
    fn with_keys(mut self) -> Hunt {
        let arguments = [
            "manifest", "--live", "--target", "prod", "--format", "django",
        ];
        self.keys = keys(&self.ok(&arguments));
        self
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.bucket.run(&self.site, arguments)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run.stdout
    }

    /// Everything is looked at.
    fn audit(&self, more: &[&str]) -> (i32, Value) {
        let run = self.run(&[&["audit", "prod", "--all", "--json"], more].concat());
        let report = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
        (run.code, report)
    }

    /// Where an object of the tree is, below the bucket.
    fn at(&self, path: &str) -> String {
        format!("/static/{}", self.keys[path])
    }

    /// Writes an object anew, as it was but for its bytes and these headers; an empty one is left out.
    fn rewrite(&self, path: &str, bytes: Option<&[u8]>, changed: &[(&str, &str)]) {
        let at = self.at(path);
        let before = self.bucket.signed("GET", &at, b"");
        assert_eq!(before.status, 200, "{path}: {}", before.text());
        let mut headers: BTreeMap<&str, &str> = BTreeMap::new();
        for name in [
            "content-type",
            "cache-control",
            "content-encoding",
            "x-amz-meta-assetsync",
        ] {
            headers.extend(before.header(name).map(|value| (name, value)));
        }
        if self.access == Access::Acl {
            headers.insert("x-amz-acl", "public-read");
        }
        headers.extend(changed.iter().copied());
        headers.retain(|_, value| !value.is_empty());
        let headers: Vec<(&str, &str)> = headers.into_iter().collect();
        let bytes = bytes.unwrap_or(&before.body);
        good(&self.bucket.signed_with("PUT", &at, bytes, &headers));
    }

    /// Sets a part of how the bucket is set up.
    fn set(&self, part: &str, body: &str) {
        good(
            &self
                .bucket
                .signed("PUT", &format!("?{part}="), body.as_bytes()),
        );
    }

    /// The document of the releases whose key has this in it.
    fn document(&self, part: &str) -> (&Bucket, String) {
        let bucket = match self.access {
            Access::Acl => &self.bucket,
            Access::Policy => &self.releases,
        };
        let keys = bucket.all_keys();
        let key = keys.iter().find(|key| key.contains(part));
        (bucket, format!("/{}", key.expect("it's there")))
    }
}

/// Paths and keys of a manifest in Django's format.
fn keys(manifest: &str) -> BTreeMap<String, String> {
    let manifest: Value = serde_json::from_str(manifest).expect("JSON");
    serde_json::from_value(manifest["paths"].clone()).expect("paths")
}

fn good(answer: &Answer) {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("a vector takes it");
    encoder.finish().expect("a vector takes it")
}

/// The findings that aren't about what can't be told.
fn found(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().expect("a list");
    let told = findings.iter().filter(|f| f["verdict"] != "unknown");
    told.collect()
}

#[test]
fn what_was_published_well_is_found_to_be_so() {
    for access in [Access::Acl, Access::Policy] {
        let hunt = Hunt::published(access);
        let (code, report) = hunt.audit(&[]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["findings"], json!([]), "{report:#}");
        assert_eq!(
            (&report["looked_at"], &report["published"]),
            (&json!(5), &json!(5))
        );
        let (code, report) = hunt.audit(&["--repair"]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["repair"], json!({"mended": [], "left": []}));
    }
}

#[test]
fn a_sample_has_all_names_that_stay_and_each_type_and_is_the_same_the_next_time() {
    let hunt = Hunt::published(Access::Acl);
    for n in 0..20 {
        hunt.site
            .write(&format!("pictures/{n}.png"), format!("picture {n}"));
    }
    hunt.ok(&["push", "prod"]);
    hunt.bucket.signed("DELETE", "/static/index.html", b"");
    let audit = |sample: &str| {
        let run = hunt.run(&["audit", "prod", "--sample", sample, "--json"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
        assert_eq!(run.code, 3, "{run}");
        assert_eq!(found(&report)[0]["path"], "index.html", "{report:#}");
        report
    };
    // A page, a style sheet, a picture and a recording.
    assert_eq!(audit("1")["looked_at"], 4);
    assert_eq!(audit("10")["looked_at"], 10);
    assert_eq!(audit("10")["findings"], audit("10")["findings"]);
    assert_eq!(audit("1000")["looked_at"], 25);
}

#[test]
fn while_live_nothing_is_written_over_and_what_is_missing_comes_back() {
    let hunt = Hunt::published(Access::Acl);
    hunt.ok(&["live", "on", "prod"]);
    hunt.rewrite("index.html", Some(b"<h1>Hacked</h1>"), &[]);
    good(&hunt.bucket.signed("DELETE", &hunt.at("map.png"), b""));
    let unasked = hunt.run(&["audit", "prod", "--all", "--repair"]);
    assert_eq!(unasked.code, 3, "{unasked}");
    assert!(unasked.stderr.contains("Nobody can be asked"), "{unasked}");
    assert_eq!(hunt.bucket.anonymous(&hunt.at("map.png")).status, 403);

    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 3, "{report:#}");
    let repair = &report["repair"];
    assert_eq!(
        repair["mended"],
        json!([{"path": "map.png", "how": "uploaded again"}])
    );
    assert_eq!(repair["left"][0]["path"], "index.html");
    let why = repair["left"][0]["why"].as_str().expect("text");
    assert!(why.contains("live"), "{why}");
    let paths: Vec<&Value> = found(&report).iter().map(|f| &f["path"]).collect();
    assert_eq!(paths, ["index.html"]);

    hunt.ok(&["live", "off", "prod"]);
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(hunt.audit(&[]).1["findings"], json!([]));
}

#[test]
fn what_isnt_in_the_tree_any_more_is_told_of_and_left() {
    let hunt = Hunt::published(Access::Acl);
    hunt.site
        .write("map.png", "a new map, which isn't published yet");
    good(&hunt.bucket.signed("DELETE", &hunt.at("map.png"), b""));
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(report["repair"]["mended"], json!([]));
    let why = report["repair"]["left"][0]["why"].as_str().expect("text");
    assert!(why.contains("check out what was"), "{why}");
}

/// Above 16 MiB, so it's sent in parts.
#[test]
fn a_large_film_is_looked_at_by_its_ends_unless_all_of_it_is_asked_for() {
    let hunt = Hunt::published(Access::Acl);
    let film: Vec<u8> = (0..17u32 << 20).map(|n| (n >> 8) as u8 ^ n as u8).collect();
    hunt.site.write("film.mp4", &film);
    hunt.ok(&["push", "prod"]);
    let hunt = hunt.with_keys();
    let sample = || {
        let run = hunt.run(&["audit", "prod", "--json"]);
        serde_json::from_str::<Value>(&run.stdout).unwrap_or_else(|_| panic!("{run}"))
    };
    assert_eq!(sample()["findings"], json!([]));
    assert_eq!(hunt.audit(&[]).1["findings"], json!([]));

    let mut other = film;
    other[9 << 20] ^= 1;
    hunt.rewrite("film.mp4", Some(&other), &[]);
    let report = sample();
    assert_eq!(found(&report).len(), 1, "{report:#}");
    let (kind, fix) = (
        &report["findings"][0]["kind"],
        &report["findings"][0]["fix"],
    );
    assert_eq!(kind, "checksum", "only the listing shows it: {report:#}");
    assert_eq!(fix, "assetsync push prod --verify list");
    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(found(&report)[0]["kind"], "content", "{report:#}");
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!((code, &report["findings"]), (0, &json!([])), "{report:#}");
    assert_eq!(sample()["findings"], json!([]));
}

#[test]
fn names_of_objects_are_shown_only_if_asked_for() {
    let hunt = Hunt::published(Access::Acl);
    hunt.rewrite("map.png", Some(b"short"), &[]);
    good(
        &hunt
            .bucket
            .signed("PUT", "/static/notes.txt", b"who put me here?"),
    );
    let shown = hunt.run(&["audit", "prod", "--show-urls"]);
    let hidden = hunt.run(&["audit", "prod"]);
    for secret in ["notes.txt", &hunt.keys["map.png"]] {
        assert!(shown.stdout.contains(secret), "{shown}");
        assert!(!hidden.stdout.contains(secret), "{hidden}");
    }
    insta::assert_snapshot!("found", without_counts(&hidden.to_string()));
}

fn without_counts(text: &str) -> String {
    let requests = regex::Regex::new(r"\d+ requests").expect("a pattern");
    requests.replace_all(text, "[n] requests").into_owned()
}
