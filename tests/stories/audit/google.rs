//! The same on a strict server of Google's API, with its means.

use std::collections::BTreeMap;

use serde_json::json;

use super::published::{POLICY, Published, Sign, code_is_right, gzipped, site};
use crate::support::gcs::{Object, Server, Setup};
use crate::support::{Run, Site, gunzip};

/// A hunt that is published to a bucket of Google's; the releases are in another one.
struct Hunt {
    site: Site,
    server: Server,
    keys: BTreeMap<String, String>,
}

impl Published for Hunt {
    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.site.command(arguments);
        command.env("GOOGLE_OAUTH_ACCESS_TOKEN", self.server.token());
        Run::of(&mut command, &self.site.path(""))
    }
}

impl Hunt {
    fn published(access: &str) -> Hunt {
        let server = Server::start();
        server.require_token();
        server.bucket("releases", &[Setup::Uniform]);
        match access {
            "bucket" => {
                server.bucket("hunt", &[Setup::Uniform]);
                let reader = "roles/storage.legacyObjectReader";
                let bindings = json!([{"role": reader, "members": ["allUsers"]}]);
                server.set_iam("hunt", &bindings);
            }
            _ => server.bucket("hunt", &[]),
        }
        let url = server.url();
        let config = format!(
            "[target.prod]\nurl = \"gs://hunt/static\"\nstate = \"gs://releases/prod\"\nendpoint = \"{url}\"\naccess = \"{access}\"\n\
             cors = \"cors.json\"\n"
        );
        let mut hunt = Hunt {
            site: site(&config),
            server,
            keys: BTreeMap::new(),
        };
        hunt.ok(&["push", "prod"]);
        hunt.ok(&["cors", "apply", "prod", "--yes"]);
        hunt.keys = hunt.keys();
        hunt
    }

    fn name(&self, path: &str) -> String {
        format!("static/{}", self.keys[path])
    }

    /// Changes an object behind the program's back.
    fn change(&self, path: &str, change: impl FnOnce(&mut Object)) {
        let name = self.name(path);
        let mut object = self.server.object("hunt", &name).expect("it's there");
        change(&mut object);
        self.server.put("hunt", &name, object);
    }

    /// The document of the releases whose name has this in it.
    fn document(&self, part: &str) -> String {
        let names = self.server.objects("releases");
        let name = names.into_iter().find(|name| name.contains(part));
        name.expect("it's there")
    }

    fn set_cors(&self, policy: &str) {
        std::fs::write(self.site.path("cors.json"), policy).expect("written");
        self.ok(&["cors", "apply", "prod", "--yes"]);
        std::fs::write(self.site.path("cors.json"), POLICY).expect("written");
    }
}

struct Damage {
    what: &'static str,
    access: &'static str,
    done: fn(&Hunt),
    kind: &'static str,
    path: Option<&'static str>,
    says: &'static str,
    /// By what a repair mends it; none if it doesn't.
    mended: Option<&'static str>,
}

const AGAIN: Option<&str> = Some("uploaded again, replacing the stored object");

#[rustfmt::skip]
const DAMAGES: &[Damage] = &[
    Damage { what: "an object removed", access: "bucket", kind: "missing", path: Some("map.png"), says: "missing", mended: Some("uploaded again"),
        done: |hunt| { hunt.server.remove("hunt", &hunt.name("map.png")).expect("it was there"); } },
    Damage { what: "other bytes", access: "object-acl", kind: "content", path: Some("other.png"), says: "15 different bytes", mended: AGAIN,
        done: |hunt| hunt.change("other.png", |object| object.bytes = b"ANOTHER PICTURE".to_vec()) },
    Damage { what: "cut off", access: "bucket", kind: "content", path: Some("song.mp3"), says: "9 bytes", mended: AGAIN,
        done: |hunt| hunt.change("song.mp3", |object| object.bytes.truncate(9)) },
    Damage { what: "stored unzipped", access: "bucket", kind: "encoding", path: Some("app.css"), says: "not compressed", mended: AGAIN,
        done: |hunt| hunt.change("app.css", |object| { object.bytes = gunzip(&object.bytes); object.content_encoding = None; }) },
    Damage { what: "gzipped twice", access: "bucket", kind: "encoding", path: Some("app.css"), says: "gzipped twice", mended: AGAIN,
        done: |hunt| hunt.change("app.css", |object| object.bytes = gzipped(&object.bytes)) },
    Damage { what: "Content-Encoding lost", access: "bucket", kind: "encoding", path: Some("app.css"), says: "but `content-encoding` doesn't say so", mended: Some("headers"),
        done: |hunt| hunt.change("app.css", |object| object.content_encoding = None) },
    Damage { what: "another Content-Type", access: "bucket", kind: "headers", path: Some("app.css"), says: "content-type: text/plain", mended: Some("headers"),
        done: |hunt| hunt.change("app.css", |object| object.content_type = "text/plain".to_owned()) },
    Damage { what: "no Cache-Control, so Google's own", access: "object-acl", kind: "headers", path: Some("index.html"), says: "max-age=3600", mended: Some("headers"),
        done: |hunt| hunt.change("index.html", |object| object.cache_control = None) },
    Damage { what: "a Content-Disposition", access: "bucket", kind: "headers", path: Some("map.png"), says: "attachment", mended: Some("headers"),
        done: |hunt| hunt.change("map.png", |object| object.content_disposition = Some("attachment".to_owned())) },
    Damage { what: "the token lost", access: "bucket", kind: "token", path: Some("map.png"), says: "no token", mended: Some("headers"),
        done: |hunt| hunt.change("map.png", |object| object.metadata.clear()) },
    Damage { what: "a private ACL", access: "object-acl", kind: "acl", path: Some("map.png"), says: "strangers have no permissions", mended: Some("ACL"),
        done: |hunt| hunt.change("map.png", |object| object.acl = Some("projectPrivate".to_owned())) },
    Damage { what: "headers and ACL", access: "object-acl", kind: "acl", path: Some("map.png"), says: "strangers have no permissions", mended: Some("headers and ACL"),
        done: |hunt| hunt.change("map.png", |object| { object.acl = None; object.content_type = "text/plain".to_owned(); }) },
    Damage { what: "a page overwritten by hand", access: "bucket", kind: "content", path: Some("index.html"), says: "15 bytes", mended: AGAIN,
        done: |hunt| { hunt.server.put("hunt", &hunt.name("index.html"), Object::new("<h1>Hacked</h1>", "text/html; charset=utf-8")); } },
    Damage { what: "more bytes", access: "bucket", kind: "content", path: Some("other.png"), says: "17 bytes", mended: AGAIN,
        done: |hunt| hunt.change("other.png", |object| object.bytes.extend(b"!!")) },
    Damage { what: "emptied", access: "object-acl", kind: "content", path: Some("map.png"), says: "0 bytes", mended: AGAIN,
        done: |hunt| hunt.change("map.png", |object| object.bytes.clear()) },
    Damage { what: "another Cache-Control", access: "bucket", kind: "headers", path: Some("map.png"), says: "cache-control: no-store", mended: Some("headers"),
        done: |hunt| hunt.change("map.png", |object| object.cache_control = Some("no-store".to_owned())) },
    Damage { what: "an ACL for accounts alone", access: "object-acl", kind: "acl", path: Some("map.png"), says: "only accounts of the cloud", mended: Some("ACL"),
        done: |hunt| hunt.change("map.png", |object| object.acl = Some("authenticatedRead".to_owned())) },
    Damage { what: "a stray", access: "bucket", kind: "stray", path: None, says: "4 bytes", mended: None,
        done: |hunt| { hunt.server.put("hunt", "static/notes.txt", Object::new("what", "text/plain")); } },
    Damage { what: "what is held, uploaded", access: "bucket", kind: "held", path: Some("solution/answer.html"), says: "anyone who knows its name can read it", mended: None,
        done: |hunt| { hunt.server.put("hunt", &hunt.name("solution/answer.html"), Object::new("<p>CANDLE</p>", "text/html")); } },
    Damage { what: "the CORS policy removed", access: "bucket", kind: "cors-policy", path: None, says: "the bucket has no CORS policy", mended: None,
        done: |hunt| hunt.set_cors("[]") },
    Damage { what: "the CORS policy narrowed", access: "bucket", kind: "cors-policy", path: None, says: "scripts from https://hunt.example.org cannot read it", mended: None,
        done: |hunt| hunt.set_cors(r#"[{"origin": ["https://old.example.org"], "method": ["GET"]}]"#) },
    Damage { what: "the CORS policy widened", access: "bucket", kind: "cors-policy", path: None, says: "differs from the file", mended: None,
        done: |hunt| hunt.set_cors(r#"[{"origin": ["*"], "method": ["GET"], "responseHeader": ["Range"]}]"#) },
    Damage { what: "everybody may list", access: "bucket", kind: "bucket", path: None, says: "strangers can list the bucket", mended: None,
        done: |hunt| hunt.server.set_iam("hunt", &json!([{"role": "roles/storage.objectViewer", "members": ["allUsers"]}])) },
    Damage { what: "everybody may write", access: "bucket", kind: "bucket", path: None, says: "write", mended: None,
        done: |hunt| hunt.server.set_iam("hunt", &json!([{"role": "roles/storage.legacyObjectReader", "members": ["allUsers"]}, {"role": "roles/storage.objectCreator", "members": ["allUsers"]}])) },
    Damage { what: "public access prevention", access: "bucket", kind: "bucket", path: None, says: "keeps strangers from reading", mended: None,
        done: |hunt| hunt.server.bucket("hunt", &[Setup::Uniform, Setup::Public, Setup::PreventPublicAccess]) },
    Damage { what: "releases that everybody can read", access: "bucket", kind: "state", path: None, says: "strangers can read the root (`root.json`), the current release's document, the current release's manifest", mended: None,
        done: |hunt| hunt.server.bucket("releases", &[Setup::Uniform, Setup::Public]) },
    Damage { what: "a root that everybody can read", access: "object-acl", kind: "state", path: None, says: "strangers can read the root (`root.json`) through its own ACL", mended: Some("a private ACL"),
        done: |hunt| { hunt.server.bucket("releases", &[]); let root = hunt.document("root.json"); let mut object = hunt.server.object("releases", &root).expect("it's there");
            object.acl = Some("publicRead".to_owned()); hunt.server.put("releases", &root, object); } },
    Damage { what: "a damaged root", access: "bucket", kind: "releases", path: None, says: "root", mended: None,
        done: |hunt| { hunt.server.put("releases", &hunt.document("root.json"), Object::new("{", "application/json")); } },
    Damage { what: "a damaged manifest", access: "bucket", kind: "releases", path: None, says: "Cannot read the manifest", mended: None,
        done: |hunt| { hunt.server.put("releases", &hunt.document("manifests/"), Object::new("{", "application/gzip")); } },
    Damage { what: "no manifest", access: "bucket", kind: "releases", path: None, says: "it's missing", mended: None,
        done: |hunt| { hunt.server.remove("releases", &hunt.document("manifests/")).expect("it was there"); } },
];

/// A release that was published correctly on Google has no findings.
#[test]
fn clean_gcs_release_passes() {
    for access in ["bucket", "object-acl"] {
        let hunt = Hunt::published(access);
        let (code, report) = hunt.audit(&[]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["findings"], json!([]), "{report:#}");
    }
}

#[test]
fn there_are_at_least_25_kinds() {
    let kinds: std::collections::BTreeSet<&str> =
        DAMAGES.iter().map(|damage| damage.what).collect();
    assert_eq!(kinds.len(), DAMAGES.len());
    assert!(kinds.len() >= 25, "{}", kinds.len());
}

/// Every damage on Google is found and, if allowed, repaired.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn gcs_damage_is_found_and_repaired() {
    for damage in DAMAGES {
        play(damage);
    }
}

fn play(damage: &Damage) {
    let Damage {
        what,
        kind,
        path,
        says,
        ..
    } = *damage;
    let hunt = Hunt::published(damage.access);
    (damage.done)(&hunt);
    let (code, report) = hunt.audit(&[]);
    let sign = Sign { kind, path, says };
    sign.find(what, &report);
    code_is_right(what, code, &report);

    let names = hunt.server.objects("hunt");
    let (code, after) = hunt.audit(&["--repair", "--yes"]);
    match damage.mended {
        Some(how) => {
            let mended = json!([{"path": path.unwrap_or("root.json"), "how": how}]);
            assert_eq!(after["repair"]["mended"], mended, "{what}: {after:#}");
            assert_eq!(
                (code, &after["findings"]),
                (0, &json!([])),
                "{what}: {after:#}"
            );
            assert_eq!(hunt.audit(&[]).1["findings"], json!([]), "{what}");
        }
        None => {
            assert!(sign.is_in(&after), "{what}: {after:#}");
            assert_eq!(hunt.server.objects("hunt"), names, "{what}");
        }
    }
}

/// Two who mend at once: the second sees that it isn't what it saw.
#[test]
fn concurrent_header_change_is_kept() {
    use crate::support::faults::{Effect, Fault};
    let hunt = Hunt::published("bucket");
    hunt.change("map.png", |object| {
        object.content_type = "text/plain".to_owned()
    });
    hunt.server
        .fault(Fault::new("PATCH", "/o/", Effect::refuse(412)));
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(report["repair"]["left"][0]["path"], "map.png", "{report:#}");
    assert_eq!(report["repair"]["mended"], json!([]), "{report:#}");
}
