//! What a push does when the network, the storage, the disk or its user lets it down: it comes to
//! the same end, or says what didn't, and never leaves half an object.

mod alike;
mod bounds;
mod disk;
mod network;
mod process;
mod trying;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::proxy::{Proxy, Reply, Rule};
use crate::support::s3::Bucket;
use crate::support::{KEY, Run, Site, from_test_command};

const MIB: usize = 1 << 20;

/// A part of every URL that lists.
const LIST: &str = "list-type=2";

/// The root of the releases.
const ROOT: &str = "root.json";

/// How many files [`small`] has.
const SMALL: u64 = 3;

/// What AWS_SESSION_TOKEN holds in stories.
const SESSION_TOKEN: &str = "FwoGZXIvYXdzEXAMPLEsessionTOKEN";

/// Not the secret that belongs to the access key.
const WRONG_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A page and a style, both gzipped, and a picture.
fn small() -> Site {
    Site::bare()
        .config("")
        .file("page.html", "<p>Where does the path end?</p>\n".repeat(99))
        .file("picture.png", noise(5000))
        .file("style.css", "p { color: teal }\n".repeat(99))
}

/// The same, and a film that is sent in two parts.
fn large() -> Site {
    small().file("film.mp4", noise(17 * MIB))
}

/// Bytes that no gzip makes smaller, the same every time.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}

/// Runs `story` for every row, so many at a time, since most of them wait. All that fail are named.
fn each<T: Send>(
    at_a_time: usize,
    rows: impl IntoIterator<Item = (impl ToString, T)>,
    story: impl Fn(T) + Sync,
) {
    let rows: Vec<(String, T)> = rows
        .into_iter()
        .map(|(name, row)| (name.to_string(), row))
        .collect();
    let rows = Mutex::new(rows.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || rows.lock().expect("no holder panics").next();
    let tell = || {
        while let Some((name, row)) = next() {
            if catch_unwind(AssertUnwindSafe(|| story(row))).is_err() {
                eprintln!("^ {name}\n");
                failed.lock().expect("no holder panics").push(name);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(tell);
        }
    });
    let failed = failed.into_inner().expect("no holder panics");
    assert!(failed.is_empty(), "rows that failed: {failed:#?}");
}

/// Path and entry of every object, by key.
type Manifest = BTreeMap<String, (String, Value)>;

/// A site, a bucket, and a proxy between.
struct Stage {
    site: Arc<Site>,
    bucket: Bucket,
    proxy: Proxy,
}

impl Stage {
    /// With a new bucket on radosgw.
    fn new(site: impl Into<Arc<Site>>, rules: impl IntoIterator<Item = Rule>) -> Stage {
        Stage::with(Bucket::on_rgw(), site, rules)
    }

    fn with(
        bucket: Bucket,
        site: impl Into<Arc<Site>>,
        rules: impl IntoIterator<Item = Rule>,
    ) -> Stage {
        let proxy = Proxy::before(&bucket.endpoint, rules);
        let site = site.into();
        Stage {
            site,
            bucket,
            proxy,
        }
    }

    /// The program, with `arguments` and those that publish through the proxy.
    fn program(&self, arguments: &[&str]) -> Command {
        let (door, url) = (twin(&self.bucket, self.proxy.url()), self.bucket.url());
        door.command(&self.site, &door.typed(arguments, &url))
    }

    /// A push of one object at a time, in the order of their paths, with a JSON report.
    fn command(&self, more: &[&str]) -> Command {
        self.program(&[&["push", "--json", "--requests", "1"], more].concat())
    }

    fn push(&self, more: &[&str]) -> Run {
        self.run(&mut self.command(more))
    }

    fn run(&self, command: &mut Command) -> Run {
        let run = Run::of(command, &self.site.path(""));
        assert_no_secret(&run);
        run
    }

    /// The next push has a working network, and must end well.
    fn assert_next_push_completes(&self) {
        let report = self.bucket.push(&self.site, &self.bucket.url());
        let manifest = self.manifest();
        assert_counts(&report, manifest.len() as u64);
        self.assert_all_of(&manifest);
    }

    /// Everything is there, whole, with its headers, for anybody; and nothing else is, but for
    /// releases.
    fn assert_published(&self) {
        self.assert_all_of(&self.manifest());
    }

    /// Whatever is there is whole, with its headers.
    fn assert_nothing_is_half_written(&self) {
        self.assert_some_of(&self.manifest(), &self.bucket.keys());
    }

    fn assert_all_of(&self, manifest: &Manifest) {
        let keys = self.bucket.keys();
        assert_eq!(
            keys.iter().collect::<Vec<_>>(),
            manifest.keys().collect::<Vec<_>>()
        );
        self.assert_some_of(manifest, &keys);
    }

    fn assert_some_of(&self, manifest: &Manifest, keys: &[String]) {
        for key in keys {
            let (path, object) = manifest.get(key).expect("nothing but the site's files");
            let answer = self.bucket.anonymous(&format!("/{key}"));
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let encoding = answer.header("content-encoding").unwrap_or("identity");
            assert_eq!(encoding, object["encoding"], "{path}");
            for (header, field) in [
                ("content-type", "content_type"),
                ("cache-control", "cache_control"),
            ] {
                let value = answer.header(header);
                assert_eq!(value, object[field].as_str(), "{path}");
            }
            let content = match encoding {
                "gzip" => gunzip(&answer.body),
                _ => answer.body,
            };
            let source = fs::read(self.site.asset(path)).expect("readable");
            assert!(content == source, "{path}: other bytes than the source's");
        }
    }

    fn manifest(&self) -> Manifest {
        let arguments = ["manifest", "--from", "assets", "--key-file", "hunt.key"];
        let manifest: Value = serde_json::from_str(&self.site.ok(&arguments)).expect("JSON");
        let objects = manifest["objects"].as_object().expect("by path").clone();
        let by_key = objects.into_iter().map(|(path, object)| {
            let key = object["key"].as_str().expect("text").to_string();
            (key, (path, object))
        });
        by_key.collect()
    }

    fn key_of(&self, path: &str) -> String {
        let manifest = self.manifest();
        let mut found = manifest.into_iter().filter(|(_, (p, _))| p == path);
        found.next().expect("in the manifest").0
    }

    /// Multipart uploads that nobody finished or gave up; their parts cost money.
    fn unfinished_uploads(&self) -> usize {
        let answer = self.bucket.signed("GET", "/?uploads=", b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().matches("<UploadId>").count()
    }
}

/// The same bucket at another address.
fn twin(bucket: &Bucket, endpoint: String) -> Bucket {
    Bucket {
        endpoint,
        name: bucket.name.clone(),
        is_exposed: bucket.is_exposed,
    }
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("no JSON report ({e}): {run}"))
}

/// Every file is counted once; a report is complete, and has a release, only if all were published.
fn assert_counts(report: &Value, files: u64) {
    let number = |value: &Value| value.as_u64().expect("a number");
    let done: u64 = ["uploaded", "overwritten", "kept"]
        .iter()
        .map(|what| number(&report[what]["objects"]))
        .sum();
    let failures = report["failures"].as_array().expect("a list").len() as u64;
    let all = done + failures + number(&report["not_begun"]);
    assert_eq!(all, files, "{report:#}");
    assert_eq!(report["complete"], done == files, "{report:#}");
    assert_eq!(report["release"].is_object(), done == files, "{report:#}");
}

/// Whatever went wrong, no output tells a secret.
fn assert_no_secret(run: &Run) {
    let text = run.to_string();
    for secret in [
        &from_test_command("ASSETSYNC_TEST_SECRET_KEY"),
        &from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
        KEY,
        WRONG_SECRET,
        SESSION_TOKEN,
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

fn assert_says(run: &Run, words: &[&str]) {
    let text = run.to_string();
    for word in words {
        assert!(text.contains(word), "not said: {word}\n{text}");
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut content)
        .expect("valid gzip");
    content
}

// ---- what S3 says ----

fn slow_down() -> Reply {
    busy_under(503)
}

fn busy_under(status: u16) -> Reply {
    Reply::error(status, "SlowDown", "Please reduce your request rate.")
}

fn internal_error(status: u16) -> Reply {
    let message = "We encountered an internal error. Please try again.";
    Reply::error(status, "InternalError", message)
}

fn conflict() -> Reply {
    let message = "The conditional request cannot succeed due to a conflicting operation against this resource.";
    Reply::error(409, "ConditionalRequestConflict", message)
}

fn expired(status: u16) -> Reply {
    Reply::error(status, "ExpiredToken", "The provided token has expired.")
}

fn skewed() -> Reply {
    let message = "The difference between the request time and the current time is too large.";
    Reply::error(403, "RequestTimeTooSkewed", message)
}
