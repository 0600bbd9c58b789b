//! What a tree may hold, what stops a push, and in which words. Whatever stops it, nothing is
//! published.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{KEY, Run, Site, set_mode};

/// The plain names that real teams and puzzles have.
pub const ODD_NAMES: &[&str] = &[
    "team/Eye Candies & co.html",
    "team/what?.html",
    "team/#mise.html",
    "team/Eye+Candies+of+%2Fr%2FPictureGame.html",
    "team/100%3Fsure.html",
    "team/The+🤔+Headscratchers+✍.html",
    "team/e\u{301}quipe.html",
    "team/Ünï.html",
    "team/\u{202e}gnitirw.html",
    "team/...html",
    "team/'\"<b>;&$(x)`.html",
    "team/-rf.html",
];

const PLAIN: &str = r#"
[[rule]]
match = "**"
names = "plain"

[target.local]
url = "file:out"
"#;

/// A private key as `openssl genpkey` writes it, but for its digits.
pub(crate) fn private_key() -> String {
    let digits = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(8);
    format!("-----BEGIN PRIVATE KEY-----\n{digits}-----END PRIVATE KEY-----\n")
}

fn assert_nothing_published(site: &Site) {
    assert!(!site.path("out").exists(), "nothing may be published");
}

/// The tree's problems, by path, as a refused push lists them.
fn problems(run: &Run) -> BTreeMap<String, String> {
    assert_eq!(run.code, 2, "{run}");
    let lines = run.stderr.lines().filter_map(|l| l.strip_prefix("  `"));
    lines
        .map(|line| line.split_once("`: ").expect("a path and a message"))
        .map(|(path, message)| (path.to_string(), message.to_string()))
        .collect()
}

// --- Links

/// `a.png` is the only file; all else are links.
fn links() -> Site {
    let site = Site::new().file("img/a.png", "the only file");
    for (link, to) in [
        ("inside.png", "img/a.png"),
        ("img/also-inside.png", "a.png"),
        ("inside", "img"),
        ("absolute.png", "/etc/hostname"),
        ("outside.toml", "../assetsync.toml"),
        ("outside", "/etc"),
        ("dangling.png", "nowhere.png"),
        ("itself.png", "itself.png"),
        ("img/up", ".."),
    ] {
        symlink(to, site.asset(link)).expect("linked");
    }
    site
}

/// Every symbolic link is refused by default.
#[test]
fn symlinks_are_refused_by_default() {
    let site = links();
    insta::assert_snapshot!("links_refused", site.run(&["push"]));
    assert_nothing_published(&site);
}

/// Links are followed on request, but never out of the source or in circles.
#[test]
fn followed_links_stay_inside_the_source() {
    let inside = "symlinks = \"inside\"\n\n[target.local]\nurl = \"file:out\"\n";
    let site = links().config(inside);
    insta::assert_snapshot!("links_inside", site.run(&["push"]));
    assert_nothing_published(&site);

    for bad in [
        "absolute.png",
        "outside.toml",
        "outside",
        "dangling.png",
        "itself.png",
        "img/up",
    ] {
        fs::remove_file(site.asset(bad)).expect("removed");
    }
    site.ok(&["push"]);
    let objects = site.published("out");
    let copies = objects.values().filter(|bytes| **bytes == b"the only file");
    assert_eq!(copies.count(), 5, "img/a.png by five paths: {objects:?}");
}

/// A source that is a symbolic link itself is followed.
#[test]
fn linked_source_is_followed() {
    let site = Site::new().raw_config(
        "key_file = \"hunt.key\"\n[[source]]\ndir = \"current\"\n[target.local]\nurl = \"file:out\"\n",
    );
    site.write("a.png", "a");
    symlink("assets", site.path("current")).expect("linked");
    site.ok(&["push"]);
}

// --- What isn't a file

/// A FIFO and a socket are refused and not opened.
#[test]
fn fifo_and_socket_are_refused_unopened() {
    let site = Site::new().file("a.png", "a");
    for fifo in ["pipe.png", "pipe.of-no-extension-we-know"] {
        let made = Command::new("mkfifo").arg(site.asset(fifo)).status();
        assert!(made.expect("mkfifo runs").success());
    }
    let _socket = UnixListener::bind(site.asset("socket.png")).expect("bound");
    // Whoever opens a FIFO that has no writer waits for ever.
    let mut push = site.command_under(&["timeout", "20"], &["push"]);
    insta::assert_snapshot!("fifo_and_socket", Run::of(&mut push, &site.path("")));
    assert_nothing_published(&site);
}

// --- Names

/// Names that no target can keep are all reported at once and escaped.
#[test]
#[cfg(target_os = "linux")]
fn unkeepable_names_are_listed_escaped() {
    let site = Site::new().file("fine.png", "fine");
    for name in [
        b"latin-1 caf\xe9.png".as_slice(),
        b"latin-1 folder \xff/a.png",
        b"two\nlines.png",
        b"clear\x1b[2J\x1b[H.png",
        b"bell\x07.png",
        b"delete\x7f.png",
        b"next\xc2\x85line.png",
        b"back\\slash.png",
        b".well-known/acme-challenge/token.txt",
    ] {
        let file = site.asset("").join(OsStr::from_bytes(name));
        fs::create_dir_all(file.parent().expect("in the tree")).expect("a folder");
        fs::write(file, "x").expect("written");
    }
    let run = site.run(&["push"]);
    assert!(
        run.stderr.chars().all(|c| c == '\n' || !c.is_control()),
        "a file's name must not move the cursor: {:?}",
        run.stderr
    );
    insta::assert_snapshot!("names_refused", run);
    assert_nothing_published(&site);
}

/// The longest name that storages take is published, and one more byte is refused.
#[test]
fn longest_possible_name_is_published() {
    let folders = format!("{}/", "d".repeat(250)).repeat(4);
    let path = |bytes: usize| format!("{folders}{}.txt", "n".repeat(bytes - folders.len() - 4));
    let site = Site::new().file(&path(1024), "1,024 bytes");
    site.ok(&["push"]);

    site.write(&path(1025), "1,025 bytes");
    let problems = problems(&site.run(&["push"]));
    assert_eq!(
        problems.into_iter().collect::<Vec<_>>(),
        [(
            path(1025),
            "the name is longer than 1,024 bytes".to_string()
        )]
    );
}

/// A name that its token makes too long is refused before anything is sent.
#[test]
fn name_too_long_with_token_refused() {
    let folders = format!("{}/", "d".repeat(250)).repeat(4);
    let rule =
        "[[rule]]\nmatch = \"**\"\nnames = \"readable\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new().config(rule).file("a.txt", "fine").file(
        &format!("{folders}n.txt"),
        "1,009 bytes, and 27 more as an object",
    );
    let problems = problems(&site.run(&["push"]));
    assert_eq!(
        problems.values().collect::<Vec<_>>(),
        ["invalid object key: the name is longer than 1,024 bytes"]
    );
    assert_nothing_published(&site);
}

/// A key that its target's prefix makes too long is refused.
#[test]
fn key_too_long_with_prefix_refused() {
    let site = Site::new().file("a.png", "a");
    let target = |prefix_bytes: usize| format!("s3://hunt/{}", "p".repeat(prefix_bytes));
    // A token, `.png` and the slash before them are 31 bytes.
    assert_eq!(site.run(&["url", "a.png", "--to", &target(993)]).code, 0);
    let run = site.run(&["url", "a.png", "--to", &target(994)]);
    assert_eq!(run.code, 2, "1,025 bytes: {run}");
}

/// A target in the folder that storages reserve is refused.
#[test]
fn target_in_reserved_folder_is_refused() {
    let target = "gs://hunt/.well-known/acme-challenge";
    let run = Site::new()
        .file("a.png", "a")
        .run(&["url", "a.png", "--to", target]);
    assert_eq!(run.code, 2, "{run}");
}

/// Paths that some system takes for one file are both named in the warning.
#[test]
fn twins_are_both_named() {
    let site = Site::new()
        .file("img/Map.png", "one")
        .file("img/map.png", "two")
        .file("Round/a.png", "one")
        .file("round/a.png", "two")
        .file("round/b.png", "no twin")
        .file("\u{c9}tude.png", "composed")
        .file("E\u{301}tude.png", "decomposed");
    insta::assert_snapshot!("twins", site.run(&["push"]));
    assert_eq!(site.published("out").len(), 8, "seven objects and _headers");
    let all = site.run(&["diff", "-v"]);
    for pair in [
        "`img/map.png` differs from `img/Map.png`",
        "`round/a.png` differs from `Round/a.png`",
    ] {
        assert!(all.stderr.contains(pair), "{all}");
    }
}

/// Plain names that look alike are refused and shown so that they can be told apart.
#[test]
fn lookalike_plain_twins_are_refused() {
    let site = Site::new()
        .config(PLAIN)
        .file("\u{e9}.png", "composed")
        .file("e\u{301}.png", "decomposed");
    let problems = problems(&site.run(&["push"]));
    let (path, message) = problems.first_key_value().expect("a problem");
    let text = format!("`{path}`: {message}");
    assert!(
        text.contains(r"e\u{301}.png"),
        "on a screen both are é.png, so one must be escaped: {text}"
    );
    assert_nothing_published(&site);
}

/// Odd names of real hunts are published and found by their URLs.
#[test]
fn odd_names_are_found_by_url() {
    let site = ODD_NAMES
        .iter()
        .fold(Site::new().config(PLAIN), |site, name| {
            site.file(name, *name)
        });
    site.ok(&["push"]);
    for name in ODD_NAMES {
        let printed = site
            .command(&["url", "--", name])
            .output()
            .expect("it runs");
        let line = String::from_utf8(printed.stdout).expect("text");
        assert!(
            line.trim_end().chars().all(|c| c.is_ascii_graphic()),
            "{line}"
        );
        let url = url::Url::parse(line.trim_end()).expect("a URL");
        let file = url.to_file_path().expect("a file");
        assert_eq!(fs::read_to_string(file).expect(name), *name);
    }
    insta::assert_snapshot!(
        "odd_names_diff",
        site.run(&["diff", "--to", "file:elsewhere"])
    );
}

// --- Content

/// An empty file is published and never gzipped.
#[test]
fn empty_file_is_never_gzipped() {
    let site = Site::new().file("empty.css", "");
    site.ok(&["push"]);
    let objects = site.published("out");
    let sizes: Vec<_> = objects
        .iter()
        .filter(|(key, _)| key.ends_with(".css") || key.ends_with(".gz"))
        .map(|(_, bytes)| bytes.len())
        .collect();
    assert_eq!(sizes, [0], "one empty object and no .gz: {objects:?}");
    let manifest = site.ok(&["manifest"]);
    assert!(manifest.contains(r#""encoding": "identity""#), "{manifest}");
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn a_large_file_is_streamed() {
    assert_streamed(300 << 20);
}

/// A file of more than 4 GiB is streamed.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "takes minutes"]
fn file_above_4gib_is_streamed() {
    assert_streamed((4 << 30) + 1);
}

#[cfg(target_os = "linux")]
fn assert_streamed(size_bytes: u64) {
    let site = Site::new();
    let file = fs::File::create(site.asset("film.bin")).expect("created");
    file.set_len(size_bytes).expect("sparse");
    let mut diff = site.command(&["diff", "--json"]);
    let mut diff = diff.stdout(Stdio::piped()).spawn().expect("it runs");
    let status = format!("/proc/{}/status", diff.id());
    let mut peak_kib = 0;
    while diff.try_wait().expect("its state").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = peak.and_then(|line| line.split_whitespace().next()) {
            peak_kib = kib.parse::<u64>().expect("a number");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = diff.wait_with_output().expect("its output");
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(plan["summary"]["upload"]["bytes"], size_bytes);
    assert!(0 < peak_kib && peak_kib < 150 << 10, "{peak_kib} KiB");
}

/// Files that are compressed already are published byte for byte.
#[test]
fn compressed_files_keep_their_bytes() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 64 << 20),
        &mut bomb,
    )
    .expect("in memory");
    let bomb = bomb.finish().expect("in memory");
    assert!(bomb.len() < 100_000);
    let rule = "[[rule]]\nmatch = \"says-it-is-text.txt\"\nencoding = \"gzip\"\n";
    let site = Site::new()
        .config(&format!("{rule}[target.t]\nurl = \"file:out\"\n"))
        .file("bomb.gz", &bomb)
        .file("bomb.svgz", &bomb)
        .file("says-it-is-text.txt", &bomb)
        .file(
            "archive.zip",
            [b"PK\x03\x04".as_slice(), &[0; 5000]].concat(),
        );
    site.ok(&["push"]);
    let mut objects = site.published("out");
    objects.remove("_headers");
    assert_eq!(objects.len(), 4, "{:?}", objects.keys());
    for (key, bytes) in &objects {
        assert!(*bytes == bomb || bytes.starts_with(b"PK"), "{key}");
    }
}

/// A gzip variant contains no file name and no time.
#[test]
fn gzip_contains_no_name_or_time() {
    let site = Site::new().file("solution.html", "<p>WINDLASS</p>".repeat(50));
    site.ok(&["push"]);
    let objects = site.published("out");
    let (_, gzipped) = objects
        .iter()
        .find(|(key, _)| key.ends_with(".html.gz"))
        .expect("a page is gzipped");
    // RFC 1952: magic, deflate, no flags (so no name), no time, best compression or not, system
    // unknown.
    assert_eq!(gzipped[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    assert_eq!(gzipped[9], 255);
}

#[test]
fn nothing_published_names_its_source() {
    let site = Site::new()
        .file(
            "puzzle/gears/solution/answer.html",
            "<p>WINDLASS</p>".repeat(50),
        )
        .file("puzzle/gears/1.png", "a")
        .file("puzzle/gears/2.png", "b");
    site.ok(&["push"]);
    for entry in walkdir::WalkDir::new(site.path("out")) {
        let entry = entry.expect("readable");
        let mut text = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_file() {
            text += &String::from_utf8_lossy(&fs::read(entry.path()).expect("readable"));
        }
        for word in ["puzzle", "gears", "solution", "answer", "1.png", "2.png"] {
            assert!(!text.contains(word), "{word} in {}", entry.path().display());
        }
    }
}

// --- What can't be read, or isn't there

/// Files that cannot be read are named, and nothing is published.
#[test]
fn unreadable_files_prevent_publishing() {
    let site = Site::new()
        .file("fine.png", "fine")
        .file("img/mine.png", "mine")
        .file("closed/a.png", "a");
    set_mode(&site.asset("img/mine.png"), 0o000);
    set_mode(&site.asset("closed"), 0o000);
    insta::assert_snapshot!("unreadable", site.run_as_anybody(&["push"]));
    assert_nothing_published(&site);

    // As the hint says.
    let left_out = "[[rule]]\nmatch = \"img/mine.png\"\npublish = false\n";
    let site = site
        .config(&format!("{left_out}[target.local]\nurl = \"file:out\"\n"))
        .file(".assetsyncignore", "/closed/\n");
    let run = site.run_as_anybody(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    set_mode(&site.asset("closed"), 0o755);
}

/// An unreadable folder can be left out by a rule, as the hint says.
#[test]
fn rule_can_exclude_unreadable_folder() {
    let rule =
        "[[rule]]\nmatch = \"closed/**\"\npublish = false\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(rule)
        .file("fine.png", "fine")
        .file("closed/a.png", "a");
    set_mode(&site.asset("closed"), 0o000);
    let run = site.run_as_anybody(&["push"]);
    set_mode(&site.asset("closed"), 0o755);
    assert_eq!(run.code, 0, "{run}");
}

/// A source that cannot be read is named.
#[test]
fn unreadable_source_is_named() {
    let site = Site::new().file("fine.png", "fine");
    set_mode(&site.asset(""), 0o000);
    let run = site.run_as_anybody(&["push"]);
    set_mode(&site.asset(""), 0o755);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`assets`"), "{run}");
    assert!(run.stderr.contains("permission denied"), "{run}");
    assert_nothing_published(&site);
}

#[test]
fn a_tree_without_files_is_refused() {
    let site = Site::new();
    insta::assert_snapshot!("no_files", site.run(&["push"]));
    fs::create_dir_all(site.asset("empty/folders/only")).expect("folders");
    assert_eq!(site.run(&["push"]).code, 3);
    assert_eq!(site.run(&["diff"]).code, 3);
    assert_nothing_published(&site);
}

// --- Drafts and secrets

/// Only what the web needs is published, and the rest is counted.
#[test]
fn drafts_are_skipped_and_counted() {
    let drafts = [
        "app.js.map",
        "src/app.ts",
        "src/App.tsx",
        "src/style.scss",
        "tools/solve.py",
        "tools/check.py",
        "README.md",
        "poster.psd",
        "img/.DS_Store",
        "Thumbs.db",
        "dump.sqlite3",
        "index.html~",
        "LICENSE",
    ];
    let site = drafts
        .iter()
        .fold(Site::new().file("app.js", "let a"), |site, draft| {
            site.file(draft, "a draft")
        });
    insta::assert_snapshot!("drafts_are_counted", site.run(&["push"]));
    let objects = site.published("out");
    assert!(objects.values().all(|bytes| !bytes.starts_with(b"a draft")));

    let more = "extensions = [\"psd\", \"\"]\n";
    let site = site.raw_config(&format!(
        "key_file = \"hunt.key\"\n{more}[[source]]\ndir = \"assets\"\n[target.local]\nurl = \"file:out\"\n"
    ));
    insta::assert_snapshot!("extensions_by_configuration", site.run(&["push"]));
}

/// Files of the desktop are not published with those that have no extension.
#[test]
fn desktop_files_are_not_published() {
    let site = Site::new()
        .raw_config(
            "key_file = \"hunt.key\"\nextensions = [\"\"]\n[[source]]\ndir = \"assets\"\n[target.local]\nurl = \"file:out\"\n",
        )
        .file("CNAME", "hunt.example.org")
        .file("puzzle/.DS_Store", "solution.html")
        .file(".gitignore", "drafts");
    site.ok(&["push"]);
    let manifest: serde_json::Value = serde_json::from_str(&site.ok(&["manifest"])).expect("JSON");
    let paths: Vec<_> = manifest["objects"]
        .as_object()
        .expect("paths")
        .keys()
        .collect();
    assert_eq!(
        paths,
        ["CNAME"],
        "a .DS_Store names every file of its folder"
    );
}

/// Files that look like secrets are refused and named.
#[test]
fn likely_secrets_are_refused() {
    // As Google writes it.
    let service_account = format!(
        r#"{{"type": "service_account", "project_id": "hunt", "private_key": {:?}}}"#,
        private_key()
    );
    let site = Site::new()
        .file("index.html", "<h1>Hunt</h1>")
        .file(".env", "AWS_SECRET_ACCESS_KEY=abc")
        .file("api/.env.production", "TOKEN=abc")
        .file(".git/config", "[remote]")
        .file("old/.ssh/known_hosts", "host")
        .file("tls/server.pem", "any")
        .file("hunt.key", "any")
        .file("id_rsa", "any")
        .file(".htpasswd", "any")
        .file("data/config.json", &service_account)
        .file("js/app.js", format!("const key = `{}`", private_key()))
        .file("js/keys.js", format!("const secret = '{KEY}'"))
        .file(
            "js/talk.js",
            "if (s.startsWith('-----BEGIN PRIVATE KEY-----')) throw s",
        );
    let run = site.run(&["push"]);
    for secret in ["MIIEvQ", KEY, "abc"] {
        assert!(!run.stderr.contains(secret), "{run}");
    }
    insta::assert_snapshot!("secrets_refused", run);
    assert_nothing_published(&site);
}

/// A rule decides about a file that looks like a secret.
#[test]
fn rule_decides_about_likely_secrets() {
    let rules = r#"
[[rule]]
match = "{.git/**,.env}"
publish = false

[[rule]]
match = "puzzle/rsa/{key.pem,challenge.txt}"
publish = true

[target.local]
url = "file:out"
"#;
    let site = Site::new()
        .config(rules)
        .file(".git/config", "[remote]")
        .file(".env", "TOKEN=abc")
        .file("puzzle/rsa/key.pem", private_key())
        .file("puzzle/rsa/challenge.txt", private_key());
    insta::assert_snapshot!("secrets_by_rule", site.run(&["push", "-v"]));
    let objects = site.published("out");
    let keys = objects
        .iter()
        .filter(|(key, bytes)| **bytes == private_key().into_bytes() && !key.ends_with(".gz"));
    assert_eq!(keys.count(), 2, "{:?}", objects.keys());
}

/// An ignore file works as git's does.
#[test]
fn ignore_file_works_like_gits() {
    let site = Site::new()
        .file(
            ".assetsyncignore",
            "# drafts\n*.bak.html\n/draft/\nold/*\n!old/keep.html\n",
        )
        .file("index.html", "kept")
        .file("a.bak.html", "ignored")
        .file("round/b.bak.html", "ignored")
        .file("draft/c.html", "ignored")
        .file("round/draft/d.html", "kept, for /draft/ is at the top only")
        .file("old/e.html", "ignored")
        .file("old/keep.html", "kept")
        .file("round/.assetsyncignore", "f.html\n!b.bak.html\n")
        .file("round/f.html", "ignored by the file beside it")
        .file("f.html", "kept");
    symlink("/etc", site.asset("draft/etc")).expect("linked");
    site.ok(&["push"]);
    let manifest: serde_json::Value = serde_json::from_str(&site.ok(&["manifest"])).expect("JSON");
    let paths: Vec<_> = manifest["objects"]
        .as_object()
        .expect("paths")
        .keys()
        .collect();
    assert_eq!(
        paths,
        [
            "f.html",
            "index.html",
            "old/keep.html",
            "round/b.bak.html",
            "round/draft/d.html"
        ]
    );
}

/// A mistake in an ignore file is reported with its line.
#[test]
fn ignore_file_mistake_shows_its_line() {
    let site = Site::new()
        .file("a.png", "a")
        .file("img/.assetsyncignore", "*.bak\n{a,b\n");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let told = "img/.assetsyncignore:2:1`: `{a,b` isn't a glob: ";
    assert!(run.stderr.contains(told), "{run}");
    assert_nothing_published(&site);
}

// --- All at once

/// All problems of a tree are reported in one run.
#[test]
fn all_tree_problems_are_reported_together() {
    let more = "[[source]]\ndir = \"more\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(more)
        .file("fine.png", "fine")
        .file("both.png", "first")
        .file(".env", "TOKEN=abc")
        .file("bell\u{7}.png", "control character")
        .file("mine.png", "unreadable")
        .file("js/app.js", private_key());
    fs::create_dir(site.path("more")).expect("a folder");
    fs::write(site.path("more/both.png"), "second").expect("written");
    symlink("fine.png", site.asset("link.png")).expect("linked");
    set_mode(&site.asset("mine.png"), 0o000);
    let run = site.run_as_anybody(&["push"]);
    let paths: Vec<String> = problems(&run).into_keys().collect();
    assert_eq!(
        paths,
        [
            ".env",
            r"bell\u{7}.png",
            "both.png",
            "js/app.js:1:1",
            "link.png",
            "mine.png"
        ],
        "{run}"
    );
    assert_nothing_published(&site);
}

/// Two sources with one path are one problem that names both files.
#[test]
fn colliding_sources_are_one_problem() {
    let more = "[[source]]\ndir = \"more\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new().config(more).file("a.png", "the same");
    fs::create_dir(site.path("more")).expect("a folder");
    fs::write(site.path("more/a.png"), "the same").expect("written");
    let run = site.run(&["push"]);
    let told = run.stderr.lines().filter(|line| line.starts_with("  `"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["  `a.png`: comes from two sources: `assets/a.png` and `more/a.png`"],
        "once, and not again as a collision of keys"
    );
    assert_nothing_published(&site);
}

// --- The tree and a target that is a folder

/// A folder has files of its own beside the objects; a bucket takes all of these names.
#[test]
fn reserved_names_are_reported_together() {
    let taken = [
        ("_headers", "/*\n  x-frame-options: DENY\n".to_string()),
        (".assetsync/plain.json", "{}".to_string()),
        ("style.css", "body { color: teal }\n".repeat(40)),
        ("style.css.gz", "anything".to_string()),
    ];
    let config = format!(
        "key_file = \"hunt.key\"\nextensions = [\"\"]\n[[source]]\ndir = \"assets\"\n{PLAIN}\
         [[rule]]\nmatch = \".assetsync/**\"\npublish = true\n"
    );
    let site = Site::new().raw_config(&config).file("a.html", "fine");
    let site = taken
        .iter()
        .fold(site, |site, (name, content)| site.file(name, content));
    let problems = problems(&site.run(&["push"]));
    assert_eq!(
        problems.keys().collect::<Vec<_>>(),
        [".assetsync/plain.json", "_headers", "style.css.gz"],
        "{problems:?}"
    );
    assert_nothing_published(&site);
}

/// A file whose own `.gz` is in the tree too is refused, naming the `.gz`.
#[test]
fn gz_beside_its_source_is_refused() {
    let site = Site::new()
        .config(PLAIN)
        .file("style.css", "body { color: teal }\n".repeat(40))
        .file("style.css.gz", "anything");
    let run = site.run(&["push"]);
    assert_eq!(
        run.code, 2,
        "the tree is to be changed, and nothing was published: {run}"
    );
    assert!(run.stderr.contains("`style.css.gz`"), "{run}");
    assert_nothing_published(&site);
}

/// Names that no target keeps and names that this one needs are reported once each.
#[test]
fn mixed_name_problems_are_reported_once() {
    let rules = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n\
                 [[rule]]\nmatch = \"{.assetsync/*,_headers}\"\nnames = \"plain\"\npublish = true\n";
    let targets = "[target.local]\nurl = \"file:out\"\n[target.other]\nurl = \"file:other\"\n";
    let site = Site::new()
        .config(&(rules.to_string() + targets))
        .file(".assetsync/x.html", "x")
        .file("_headers", "/*")
        .file("a\\b.html", "a");
    for arguments in [
        &["push", "local"][..],
        &["push", "local", "other"],
        &["diff", "local"],
    ] {
        let run = site.run(arguments);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("3 files can't be published"), "{run}");
        for name in ["`.assetsync/x.html`: ", "`_headers`: ", "`a\\b.html`: "] {
            assert_eq!(run.stderr.matches(name).count(), 1, "{name}: {run}");
        }
    }
}
