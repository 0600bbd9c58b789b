//! Publishing to Google Cloud Storage: the real program against a strict server of its JSON API.

use crate::support::faults::{Effect, Fault, Lost};
use crate::support::gcs::{Object, Server, Setup};
use crate::support::{Run, Site, gunzip};

fn server(setup: &[Setup]) -> Server {
    let server = Server::start();
    server.bucket("hunt", setup);
    server
}

/// A configuration without rules: all names are keyed.
fn site() -> Site {
    Site::bare()
        .config("")
        .file("index.html", "<h1>Welcome, solvers</h1>".repeat(40))
        .file("img/map.png", b"\x89PNG\r\n\x1a\n map")
        .file("team/The+🤔+Headscratchers #1?.html", "<p>us</p>")
}

fn command(site: &Site, server: &Server, arguments: &[&str]) -> std::process::Command {
    let place = [
        "--from",
        "assets",
        "--to",
        "gs://hunt/static",
        "--key-file",
        "hunt.key",
    ];
    let mut command = site.command(&[arguments, &place].concat());
    command.env("STORAGE_EMULATOR_HOST", server.url());
    command
}

fn run(site: &Site, server: &Server, arguments: &[&str]) -> Run {
    let mut run = Run::of(&mut command(site, server, arguments), &site.path(""));
    run.stderr = run.stderr.replace(server.url(), "[server]");
    run
}

fn stored(server: &Server) -> Vec<(String, Object)> {
    let object = |name: String| {
        (
            name.clone(),
            server.object("hunt", &name).expect("it's listed"),
        )
    };
    names(server).into_iter().map(object).collect()
}

/// The names of all objects, without those of releases.
fn names(server: &Server) -> Vec<String> {
    let mut names = server.objects("hunt");
    names.retain(|name| !is_of_releases(name));
    names
}

fn is_of_releases(name: &str) -> bool {
    name.contains(".assetsync/")
}

/// How many requests were about one object, and no document of releases.
fn about_objects(server: &Server) -> usize {
    let requests = server.requests().into_iter();
    let objects = requests.filter_map(|request| request.object);
    objects.filter(|name| !is_of_releases(name)).count()
}

/// One request per object carries bytes, headers, checksum and access rights.
#[test]
fn each_object_takes_one_request() {
    let server = server(&[]);
    let site = site();
    let first = run(&site, &server, &["push", "--access", "object-acl"]);
    assert_eq!(first.code, 0, "{first}");
    assert_eq!(about_objects(&server), 3, "three uploads");
    for (name, object) in stored(&server) {
        assert!(name.starts_with("static/"), "{name}");
        assert_eq!(
            object.cache_control.as_deref(),
            Some("public, max-age=31536000, immutable"),
            "{name}"
        );
        assert_eq!(object.acl.as_deref(), Some("publicRead"), "{name}");
        assert!(object.content_disposition.is_none(), "{name}");
    }
    let pages: Vec<_> = stored(&server)
        .into_iter()
        .filter(|(_, o)| o.content_type.starts_with("text/html"))
        .collect();
    let gzipped: Vec<_> = pages
        .iter()
        .filter(|(_, o)| o.content_encoding.as_deref() == Some("gzip"))
        .collect();
    assert_eq!(
        (pages.len(), gzipped.len()),
        (2, 1),
        "a page of nine letters doesn't shrink"
    );
    assert_eq!(
        gunzip(&gzipped[0].1.bytes),
        std::fs::read(site.asset("index.html")).expect("readable")
    );
    server.clear();
    let again = run(&site, &server, &["push", "--access", "object-acl"]);
    // The root, the manifest, and a look at one of the objects.
    assert_eq!((again.code, server.requests().len()), (0, 3), "{again}");
}

/// Plain names are looked up only if they changed since the release.
#[test]
fn only_changed_plain_names_are_checked() {
    let server = server(&[Setup::Uniform]);
    let site = site()
        .config("[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.t]\nurl = \"gs://hunt\"\n");
    let push = || {
        let mut command = site.command(&["push", "--json"]);
        let run = Run::of(
            command.env("STORAGE_EMULATOR_HOST", server.url()),
            &site.path(""),
        );
        assert_eq!(run.code, 0, "{run}");
        serde_json::from_str::<serde_json::Value>(&run.stdout).expect("JSON")
    };
    push();
    server.clear();
    assert_eq!(push()["kept"]["objects"], 3);
    // One of them, another one each time.
    assert_eq!((about_objects(&server), server.requests().len()), (1, 3));
    site.write("index.html", "<p>changed</p>");
    server.clear();
    let changed = push();
    assert_eq!(
        about_objects(&server),
        3,
        "a look at any of them, one at this, and a write over what was seen"
    );
    assert_eq!(
        (
            &changed["overwritten"]["objects"],
            &changed["kept"]["objects"]
        ),
        (&1.into(), &2.into())
    );
    assert_eq!(
        server.object("hunt", "index.html").expect("there").bytes,
        b"<p>changed</p>"
    );
}

/// The upload of a large file resumes where the server left off.
#[test]
fn large_upload_resumes_at_server_offset() {
    let big: Vec<u8> = (0..40_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let words = "all work and no play makes jack a dull boy\n".repeat(500_000);
    let site = Site::bare().file("big.bin", &big).file("words.txt", &words);
    let server = server(&[]);
    server.fault(Fault::new("PUT", "upload", Effect::PersistOnly(1 << 20)).after(1));
    server.fault(Fault::new("PUT", "upload", Effect::DoThen(Lost::Close)));
    server.fault(Fault::new("PUT", "upload", Effect::refuse(503)));
    let run = run(&site, &server, &["push", "--access", "object-acl"]);
    assert_eq!((run.code, server.faults_left()), (0, 0), "{run}");
    let objects = stored(&server);
    let find = |content_type: &str| {
        &objects
            .iter()
            .find(|(_, o)| o.content_type == content_type)
            .expect("stored")
            .1
    };
    assert!(find("application/octet-stream").bytes == big, "every byte");
    let text = find("text/plain; charset=utf-8");
    assert_eq!(
        (text.content_encoding.as_deref(), text.acl.as_deref()),
        (Some("gzip"), Some("publicRead"))
    );
    assert!(gunzip(&text.bytes) == words.as_bytes(), "every byte");
}

/// A push finds out about a lost reply and succeeds.
#[test]
fn lost_upload_reply_is_resolved() {
    for effect in [
        Effect::DoThen(Lost::Close),
        Effect::DoThen(Lost::Status(500)),
        Effect::DoThen(Lost::Truncate),
    ] {
        let server = server(&[]);
        let told = format!("{effect:?}");
        server.fault(Fault::new("POST", "upload", effect));
        let run = run(&site(), &server, &["push"]);
        assert_eq!((run.code, server.faults_left()), (0, 0), "{told}: {run}");
        assert_eq!(names(&server).len(), 3, "{told}");
    }
}

#[test]
fn an_expired_token_is_renewed_once() {
    let server = server(&[]);
    server.require_token();
    let site = site();
    let place = [
        "--from",
        "assets",
        "--to",
        "gs://hunt",
        "--key-file",
        "hunt.key",
        "--endpoint",
        server.url(),
    ];
    let metadata = server.url().trim_start_matches("http://").to_string();
    let push = |arguments: &[&str]| {
        let mut command = site.command(&[arguments, &place].concat());
        Run::of(command.env("GCE_METADATA_HOST", &metadata), &site.path(""))
    };
    server.fault(Fault::new("POST", "upload", Effect::refuse(401)));
    let run = push(&["push"]);
    assert_eq!((run.code, server.faults_left()), (0, 0), "{run}");
    assert_eq!(names(&server).len(), 3);
}

#[test]
fn each_refusal_is_explained() {
    /// The bucket, what is run, and what must be said.
    type Row = (
        &'static str,
        &'static [Setup],
        &'static [&'static str],
        &'static [&'static str],
    );
    let rows: [Row; 7] = [
        (
            "uniform access",
            &[Setup::Uniform],
            &["push", "--access", "object-acl"],
            &["uniform", "access = \"bucket\""],
        ),
        (
            "public access prevention",
            &[Setup::PreventPublicAccess],
            &["push", "--access", "object-acl"],
            &["public access prevention"],
        ),
        (
            "no create",
            &[Setup::NoCreate],
            &["push"],
            &["storage.objects.create"],
        ),
        (
            "no list",
            &[Setup::NoList],
            &["push"],
            &["storage.objects.list"],
        ),
        (
            "no such bucket",
            &[],
            &["push", "--to", "gs://nowhere"],
            &["nowhere", "create the bucket"],
        ),
        (
            "not found out",
            &[],
            &[
                "push",
                "--endpoint",
                "http://127.0.0.1:9",
                "--retry-seconds",
                "1",
            ],
            &[
                "Google credentials",
                "GOOGLE_APPLICATION_CREDENTIALS",
                "application_default_credentials.json",
            ],
        ),
        (
            "nobody there",
            &[],
            &["push", "--retry-seconds", "1"],
            &["at 127.0.0.1:9)"],
        ),
    ];
    for (what, setup, arguments, expected) in rows {
        let server = server(setup);
        let arguments = arguments.to_vec();
        let site = site();
        let mut command = site.command(&arguments);
        for (flag, value) in [
            ("--from", "assets"),
            ("--to", "gs://hunt"),
            ("--key-file", "hunt.key"),
        ] {
            if !arguments.contains(&flag) {
                command.args([flag, value]);
            }
        }
        let address = if what == "nobody there" {
            "127.0.0.1:9"
        } else {
            server.url()
        };
        let run = Run::of(
            command
                .env("STORAGE_EMULATOR_HOST", address)
                .env("GCE_METADATA_HOST", "127.0.0.1:9"),
            &site.path(""),
        );
        assert_eq!(run.code, 1, "{what}: {run}");
        for words in expected {
            assert!(run.stderr.contains(words), "{what}: no `{words}` in {run}");
        }
        assert!(names(&server).is_empty(), "{what}");
    }
}

/// A foreign object under an immutable name is never overwritten.
#[test]
fn foreign_object_is_never_overwritten() {
    let server = server(&[]);
    let site = site();
    run(&site, &server, &["push"]);
    let name = names(&server).remove(0);
    // Without a release, nothing in the target is known to be assetsync's.
    for name in server.objects("hunt") {
        server.remove("hunt", &name);
    }
    server.put("hunt", &name, Object::new("foreign", "text/plain"));
    let again = run(&site, &server, &["push", "--begin-anew"]);
    assert_eq!(again.code, 1, "{again}");
    assert!(again.stderr.contains("never overwrites"), "{again}");
    assert!(again.stderr.contains("no release was created"), "{again}");
    assert_eq!(
        server.object("hunt", &name).expect("there").bytes,
        b"foreign"
    );
}
