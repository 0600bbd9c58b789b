//! What a push compressed in any way passes an audit, and a repair that comes to nothing says so
//! and ends.

use serde_json::json;

use super::published::{POLICY, Published, found, gzipped};
use super::rgw::{Access, Hunt};
use crate::support::faults::{Effect, Fault};
use crate::support::gcs::{Server, Setup};
use crate::support::packing::{brotlied, zstandard};
use crate::support::proxy::{self, Proxy, Reply, Rule};
use crate::support::{Run, Site};

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h1\"/></svg>\n";

/// Files that are compressed by us, by who made them, or not at all; the last are megabytes when
/// they are unpacked.
fn site(config: &str) -> Site {
    let rules = "[[rule]]\nmatch = \"plain/**\"\nnames = \"plain\"\n[[rule]]\nmatch = \"raw/**\"\ngzip = \"never\"\n";
    let drawing = DRAWING.repeat(40);
    let packed = gzipped(drawing.as_bytes());
    let site = Site::new()
        .config(&format!("{rules}{config}"))
        .file("drawing.svg", &drawing)
        .file("drawing.svgz", &packed)
        .file("UPPER.SVGZ", &packed)
        .file("plain/icon.svgz", gzipped(DRAWING.as_bytes()))
        .file(
            "raw/drawing.svgz",
            gzipped(format!("{drawing}<!-- -->").as_bytes()),
        )
        .file("raw/app.css", "body { color: red }\n".repeat(50))
        .file("app.css", "body { color: blue }\n".repeat(50))
        .file("hunt.wasm.gz", gzipped(b"\0asm\x01\0\0\0"))
        .file("hunt.framework.js.br", brotlied(b"start()"))
        .file("plain/hunt.data.zst", zstandard(&[7; 5000]))
        .file("tiny.css", "a{}")
        .file("empty.css", "")
        .file("noise.json", format!("\"{}\"", "k3v9qd".repeat(2)))
        .file("sea.svgz", gzipped(DRAWING.repeat(90_000).as_bytes()));
    std::fs::write(site.path("cors.json"), POLICY).expect("written");
    site
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn whatever_a_push_compressed_passes() {
    for access in [Access::Acl, Access::Policy] {
        let hunt = Hunt::of(access, site);
        let told = hunt.ok(&["audit", "prod", "--all"]);
        assert!(told.contains("14 of 14 objects"), "{told}");
        let nothing = hunt.ok(&["audit", "prod", "--all", "--repair"]);
        assert!(nothing.contains("nothing to repair"), "{nothing}");
        let answer = hunt.get("drawing.svgz");
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
    }
}

/// Damage to files that were gzipped before is found and repaired.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn damaged_gzipped_files_are_repaired() {
    let hunt = Hunt::of(Access::Acl, site);
    let packed = hunt.get("drawing.svgz").body;
    hunt.retouch("drawing.svgz", &[("content-encoding", "")]);
    hunt.rewrite("UPPER.SVGZ", &gzipped(&packed), &[]);
    hunt.rewrite("plain/icon.svgz", &gzipped(b"<svg/>"), &[]);
    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 3, "{report:#}");
    let seen = |path: &str| -> String {
        let it = found(&report).into_iter().find(|f| f["path"] == path);
        let it = it.unwrap_or_else(|| panic!("{path}: {report:#}"));
        it["seen"].as_str().expect("text").to_string()
    };
    assert!(seen("drawing.svgz").contains("but `content-encoding` doesn't say so"));
    assert!(seen("UPPER.SVGZ").contains("gzipped twice"));
    assert!(seen("plain/icon.svgz").contains(" bytes"));
    assert_eq!(found(&report).len(), 3, "{report:#}");
    hunt.ok(&["audit", "prod", "--all", "--repair", "--yes"]);
    let (code, report) = hunt.audit(&[]);
    assert_eq!((code, found(&report).len()), (0, 0), "{report:#}");
    assert_eq!(hunt.get("drawing.svgz").body, packed);
}

/// A repair that the storage accepts but does not make is reported and exits with 1.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn ineffective_repair_is_reported_once() {
    let hunt = Hunt::of(Access::Acl, site);
    hunt.retouch("app.css", &[("content-type", "text/plain")]);
    let copied =
        "<CopyObjectResult><ETag>\"0123456789abcdef0123456789abcdef\"</ETag></CopyObjectResult>";
    for _ in 0..2 {
        let answer = proxy::Fault::Answer(Reply::status(200).body(copied));
        let proxy = Proxy::before(
            &hunt.bucket.endpoint,
            [Rule::new("PUT", &hunt.key("app.css"), answer).always()],
        );
        let endpoint = proxy.url();
        let run = hunt.run(&[
            "audit",
            "prod",
            "--repair",
            "--yes",
            "--endpoint",
            &endpoint,
        ]);
        is_in_vain(&run, "content-type: text/plain");
        assert_eq!(proxy.matching("PUT", "").len(), 1, "{:?}", proxy.requests());
    }
    hunt.ok(&["audit", "prod", "--repair", "--yes"]);
    hunt.ok(&["audit", "prod"]);
}

fn is_in_vain(run: &Run, seen: &str) {
    assert_eq!(run.code, 1, "{run}");
    let told =
        "error: The storage accepted the repair, but it had no effect: `app.css` (expected: ";
    assert_eq!(run.stderr.matches(told).count(), 1, "{run}");
    assert!(run.stderr.contains(seen), "{run}");
}

#[test]
fn the_same_on_googles_storage() {
    let server = Server::start();
    server.require_token();
    server.bucket("releases", &[Setup::Uniform]);
    server.bucket("hunt", &[Setup::Uniform]);
    let reader = json!([{"role": "roles/storage.legacyObjectReader", "members": ["allUsers"]}]);
    server.set_iam("hunt", &reader);
    let url = server.url();
    let config = format!(
        "[target.prod]\nurl = \"gs://hunt\"\nstate = \"gs://releases/prod\"\nendpoint = \"{url}\"\n"
    );
    let site = site(&config);
    let run = |arguments: &[&str]| {
        let mut command = site.command(arguments);
        command.env("GOOGLE_OAUTH_ACCESS_TOKEN", server.token());
        Run::of(&mut command, &site.path(""))
    };
    let pushed = run(&["push", "prod"]);
    assert_eq!(pushed.code, 0, "{pushed}");
    let all = run(&["audit", "prod", "--all"]);
    assert_eq!(all.code, 0, "{all}");
    assert!(all.stdout.contains("14 of 14 objects"), "{all}");

    let is_style = |name: &String| {
        let object = server.object("hunt", name).expect("it's there");
        object.content_type.starts_with("text/css") && object.content_encoding.is_some()
    };
    let name = server
        .objects("hunt")
        .into_iter()
        .find(is_style)
        .expect("one is gzipped");
    let mut object = server.object("hunt", &name).expect("it's there");
    object.content_type = "text/plain".to_string();
    server.put("hunt", &name, object);
    server.fault(Fault::new(
        "PATCH",
        &name,
        Effect::Refuse(200, vec![], "{}".to_string()),
    ));
    is_in_vain(
        &run(&["audit", "prod", "--all", "--repair", "--yes"]),
        "content-type: text/plain",
    );
    let mended = run(&["audit", "prod", "--all", "--repair", "--yes"]);
    assert_eq!(mended.code, 0, "{mended}");
}
