//! Every command as it is typed: what it does, what it says, and how it exits.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{KEY, Site, set_mode};

const COMMANDS: [&[&str]; 26] = [
    &[],
    &["init"],
    &["key"],
    &["key", "new"],
    &["key", "id"],
    &["diff"],
    &["push"],
    &["releases"],
    &["rollback"],
    &["live"],
    &["prune"],
    &["resolve"],
    &["cors"],
    &["cors", "check"],
    &["cors", "show"],
    &["cors", "diff"],
    &["cors", "apply"],
    &["doctor"],
    &["audit"],
    &["access"],
    &["access", "show"],
    &["access", "apply"],
    &["url"],
    &["manifest"],
    &["completions"],
    &["man"],
];

/// Plain pages, keyed everything else.
fn hunt() -> Site {
    Site::new()
        .config("[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n")
        .file("index.html", "<h1>Hunt</h1>")
        .file("puzzle/gears/map.png", "a map")
        .file("puzzle/gears/solution/answer.png", "WINDLASS")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn mode(site: &Site, file: &str) -> u32 {
    let metadata = fs::metadata(site.path(file)).expect("it's there");
    metadata.permissions().mode() & 0o7777
}

/// Key ids of random keys.
fn without_ids(test: impl FnOnce()) {
    insta::with_settings!({ filters => vec![("[0-9a-f]{16}", "[key id]")] }, { test() });
}

// --- init

/// `init` sets up a project that can be published at once.
#[test]
fn init_creates_publishable_project() {
    let site = Site::bare();
    fs::create_dir(site.path("hunt")).expect("a folder");
    without_ids(|| insta::assert_snapshot!("init", site.run(&["init", "-C", "hunt"])));
    let files: Vec<String> = site.published("hunt").into_keys().collect();
    assert_eq!(
        files,
        [
            ".gitignore",
            "assetsync.key",
            "assetsync.toml",
            "cors/gcs.json",
            "cors/s3.json"
        ]
    );
    assert_eq!(mode(&site, "hunt/assetsync.key"), 0o600);
    let ignored = fs::read_to_string(site.path("hunt/.gitignore")).expect("readable");
    assert_eq!(
        ignored,
        "/assetsync.key\n/out/\n/*.releases/\n/staticfiles.json\n"
    );

    fs::write(site.path("hunt/assets/index.html"), "<h1>Hunt</h1>").expect("written");
    let run = site.run(&["diff", "-C", "hunt"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    site.ok(&["push", "-C", "hunt"]);
    assert!(site.published("hunt/out/bucket").contains_key("index.html"));

    fs::write(site.path("hunt/assetsync.key"), KEY).expect("written");
    let run = site.run(&["push", "-C", "hunt"]);
    assert_eq!(run.code, 3, "another key renames every file: {run}");
    fs::remove_file(site.path("hunt/assetsync.key")).expect("removed");
    let run = site.run(&["push", "-C", "hunt"]);
    assert!(
        run.code == 2 && run.stderr.contains("from your team"),
        "{run}"
    );
}

/// The configuration that `init` writes keeps solutions apart.
#[test]
fn init_advice_keeps_solutions_apart() {
    let site = Site::bare();
    site.ok(&["init"]);
    let page = "<link rel=stylesheet href=style.css>";
    let site = site
        .file("index.html", page)
        .file("style.css", "h1 { color: navy }")
        .file("solution/answer.html", "<p>WINDLASS</p>");
    let run = site.run(&["push"]);
    assert!(run.code == 0 && !run.stderr.contains("warning"), "{run}");
    let objects = site.published("out/bucket");
    assert!(objects.contains_key("index.html"));
    let has_keyed = |extension: &str| {
        let is_keyed =
            |key: &&String| key.len() == 26 + extension.len() && key.ends_with(extension);
        objects.keys().filter(is_keyed).count() == 1
    };
    assert!(
        has_keyed(".html") && has_keyed(".css"),
        "{:?}",
        objects.keys()
    );

    let run = site
        .file("index.html", "<a href=solution/answer.html>the answer</a>")
        .run(&["push"]);
    assert!(
        run.code == 2 && run.stderr.contains("which is in the level `solution`"),
        "{run}"
    );
}

/// Every setting that `init` offers in a comment is valid.
#[test]
fn commented_settings_of_init_are_valid() {
    let site = Site::bare();
    site.ok(&["init"]);
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("readable");
    let mut site = site.file("index.html", "<h1>Hunt</h1>");
    let (offers, _) = config
        .split_once("# Solutions")
        .expect("a word on solutions");
    let offers: Vec<&str> = offers
        .lines()
        .filter(|line| line.starts_with("# ") && line.split(' ').nth(2) == Some("="))
        .collect();
    assert!(offers.len() > 14, "{offers:?}");
    for line in offers {
        site = site.raw_config(&config.replace(line, &line[2..]));
        let run = site.run(&["diff"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}\n{run}");
    }
    let folder = "# [[folder]]\n# match";
    assert!(config.contains(folder), "{config}");
    let site = site
        .file("puzzle/gears/turn.js", "turn()")
        .raw_config(&config.replace(folder, "[[folder]]\nmatch"));
    let run = site.run(&["diff", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    assert!(run.stdout.contains("/turn.js\""), "{run}");
}

#[test]
fn init_overwrites_nothing() {
    let site = Site::bare();
    site.ok(&["init"]);
    let before = site.published("");
    insta::assert_snapshot!("init_again", site.run(&["init"]));
    assert_eq!(site.published(""), before);
}

/// `init` keeps the files that a project has already.
#[test]
fn init_keeps_existing_files() {
    let site = Site::bare().private("assetsync.key", KEY);
    fs::create_dir(site.path("cors")).expect("a folder");
    fs::write(site.path("cors/s3.json"), "mine").expect("written");
    fs::write(site.path(".gitignore"), "target\n/out/").expect("written");
    insta::assert_snapshot!("init_keeps", site.run(&["init"]));
    let text = |file: &str| fs::read_to_string(site.path(file)).expect("readable");
    assert_eq!(text("assetsync.key"), KEY);
    assert_eq!(text("cors/s3.json"), "mine");
    assert_eq!(
        text(".gitignore"),
        "target\n/out/\n/assetsync.key\n/*.releases/\n/staticfiles.json\n"
    );
}

// --- key

/// A new key is random, and only its owner can read it.
#[test]
fn new_key_is_random_and_private() {
    let site = Site::bare();
    let ids = ["a.key", "b.key"].map(|file| {
        let run = site.run(&["key", "new", file]);
        assert_eq!((run.code, run.stderr), (0, format!("wrote {file}\n")));
        assert_eq!(mode(&site, file), 0o600);
        let key = fs::read_to_string(site.path(file)).expect("readable");
        assert!(
            key.trim_end().len() == 64 && key.trim_end().chars().all(|c| c.is_ascii_hexdigit())
        );
        assert_eq!(site.ok(&["key", "id", "--key-file", file]), run.stdout);
        assert_eq!(site.ok(&["key", "id", file]), run.stdout);
        let two = site.run(&["key", "id", file, "--key-file", file]);
        assert_eq!(two.code, 2, "{two}");
        run.stdout
    });
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_key_is_never_overwritten() {
    let site = Site::bare();
    insta::assert_snapshot!("key_exists", site.run(&["key", "new", "hunt.key"]));
    assert_eq!(
        fs::read_to_string(site.path("hunt.key")).expect("readable"),
        KEY
    );
}

/// A new key in a missing folder gets a hint that does not repeat the command.
#[test]
fn key_in_missing_folder_gets_hint() {
    let run = Site::bare().run(&["key", "new", "keys/hunt.key"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        !run.stderr.contains("create one with `assetsync key new"),
        "that is what was just tried: {run}"
    );
}

/// A line break at the end of a key makes no difference.
#[test]
fn trailing_newline_in_key_is_ignored() {
    let site = Site::new()
        .private("unix.key", &format!("{KEY}\n"))
        .private("windows.key", &format!("{KEY}\r\n"));
    let id = site.ok(&["key", "id"]);
    assert_eq!(id, "72cdccee6044a45f\n");
    assert_eq!(site.ok(&["key", "id", "--key-file", "unix.key"]), id);
    assert_eq!(site.ok(&["key", "id", "--key-file", "windows.key"]), id);
}

/// Writes a key of any bytes.
fn with_key(site: Site, bytes: &[u8]) -> Site {
    fs::write(site.path("hunt.key"), bytes).expect("written");
    site
}

/// A configuration with the key's id.
fn with_key_id(site: Site, id: &str) -> Site {
    let config = format!("key_file = \"hunt.key\"\nkey_id = \"{id}\"\n");
    site.raw_config(&format!(
        "{config}[[source]]\ndir = \"assets\"\n[target.local]\nurl = \"file:out\"\n"
    ))
}

/// A key that was pasted or converted is refused unless its id is configured.
#[test]
fn altered_keys_need_matching_id() {
    let utf_16: Vec<u8> = KEY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, told) in [
        (
            format!("\u{feff}{KEY}").into_bytes(),
            "begins with a byte order mark",
        ),
        (format!("{KEY} \n").into_bytes(), "ends with a space"),
        (format!("{KEY}\t").into_bytes(), "ends with a tab"),
        (
            format!("{KEY}\n\n").into_bytes(),
            "ends with an extra line break",
        ),
        (format!(" {KEY}").into_bytes(), "begins with a space"),
        (format!("{KEY}\0").into_bytes(), "contains a NUL"),
        ([&[0xff, 0xfe], &utf_16[..]].concat(), "is UTF-16"),
    ] {
        let site = with_key(Site::new().file("a.png", "a"), &bytes);
        for command in [&["push"][..], &["key", "id"]] {
            let run = site.run(command);
            assert_eq!(run.code, 2, "{run}");
            let told = format!(
                "error: The key file `hunt.key` {told}, which would change the key\nhint: "
            );
            assert!(run.stderr.starts_with(&told), "{run}");
            assert!(!run.stderr.contains("example secret"), "{run}");
            assert!(!site.path("out").exists());
        }
        let (_, behind) = site
            .run(&["push"])
            .stderr
            .split_once("`key_id = \"")
            .map(|(a, b)| (a.to_string(), b.to_string()))
            .expect("it's advised");
        let id = behind.split('"').next().expect("an id").to_string();
        let site = with_key_id(site, &id);
        assert_eq!(site.ok(&["key", "id"]), format!("{id}\n"));
        site.ok(&["push"]);
        let other = with_key_id(site, "72cdccee6044a45f").run(&["push"]);
        assert_eq!(other.code, 2, "{other}");
    }
}

/// A key of random bytes is used as it is.
#[test]
fn random_byte_keys_are_accepted() {
    let random = |byte: u8| -> Vec<u8> {
        let begin = [0xef, 0xbb, 0xbf, 0x9d, 0, 0xff, 0xfe, 0x80];
        [&begin[..], &[0xc1; 23], &[byte]].concat()
    };
    for byte in [0, b' ', b'\t', 0xfe] {
        with_key(Site::new(), &random(byte)).ok(&["key", "id"]);
    }
}

/// A key file that is too large is refused and not read to its end.
#[test]
fn oversized_key_file_is_refused() {
    let site = Site::new().file("a.png", "a");
    let film = fs::File::create(site.path("hunt.key")).expect("made");
    film.set_len(3 << 30).expect("sparse");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let told =
        "error: The key file `hunt.key` is larger than 4 KiB: check that it's the right file\n";
    assert!(run.stderr.starts_with(told), "{run}");
    with_key(site, &[b'k'; 4096]).ok(&["key", "id"]);
}

/// A key that cannot be used is an error, and nothing is published.
#[test]
fn unusable_key_publishes_nothing() {
    let site = Site::new()
        .file("a.png", "a")
        .private("short.key", "31 bytes, so one byte too few..\n")
        .private("empty.key", "")
        .private("group.key", KEY)
        .private("world.key", KEY);
    set_mode(&site.path("group.key"), 0o640);
    set_mode(&site.path("world.key"), 0o604);
    for (key, told) in [
        (
            "missing.key",
            "Cannot use the key file `missing.key`: no such file or directory\nhint: get it from your team; only for a new project, create one with `assetsync key new missing.key`",
        ),
        (
            "short.key",
            "short.key: The key has 31 bytes but needs at least 32\nhint: create one with `assetsync key new FILE`",
        ),
        (
            "empty.key",
            "empty.key: The key has 0 bytes but needs at least 32\nhint: create one with `assetsync key new FILE`",
        ),
        (
            "group.key",
            "Other users can read the key file `group.key` (mode 0640)\nhint: run `chmod 600 group.key`",
        ),
        (
            "world.key",
            "Other users can read the key file `world.key` (mode 0604)\nhint: run `chmod 600 world.key`",
        ),
    ] {
        for command in [
            &["push"][..],
            &["manifest"],
            &["url", "a.png"],
            &["key", "id"],
        ] {
            let run = site.run(&[command, &["--key-file", key]].concat());
            assert_eq!(
                (run.code, run.told()),
                (2, format!("error: {told}\n")),
                "{command:?}"
            );
        }
        assert!(!site.path("out").exists());
    }
}

/// A key file that cannot be read is reported.
#[test]
fn unreadable_key_file_is_reported() {
    let site = Site::new().file("a.png", "a");
    set_mode(&site.path("hunt.key"), 0o000);
    let run = site.run_as_anybody(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert_eq!(
        run.told(),
        "error: Cannot use the key file `hunt.key`: permission denied\n"
    );
}

/// A folder given as the key gets no advice about permissions.
#[test]
fn folder_as_key_is_reported() {
    let run = Site::new().run(&["key", "id", "--key-file", "assets"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(!run.stderr.contains("chmod"), "{run}");
    assert!(
        run.stderr.contains("directory") || run.stderr.contains("folder"),
        "{run}"
    );
}

// --- diff and push

#[test]
fn diff_shows_the_plan_as_text() {
    let site = hunt();
    insta::assert_snapshot!("diff_first", site.run(&["diff"]));
    site.ok(&["push"]);
    insta::assert_snapshot!("diff_nothing", site.run(&["diff"]));
    site.write("index.html", "<h1>Erratum</h1>");
    site.write("puzzle/gears/map.png", "another map");
    insta::assert_snapshot!("diff_changes", site.run(&["diff"]));
    insta::assert_snapshot!("diff_changes_with_urls", site.run(&["diff", "--show-urls"]));
}

#[test]
fn diff_shows_the_plan_as_json() {
    let site = hunt();
    site.ok(&["push"]);
    site.write("index.html", "<h1>Erratum</h1>");
    site.write("puzzle/gears/map.png", "another map");
    insta::assert_snapshot!("diff_json", site.run(&["diff", "--json"]));
    let plan = json(&site.ok(&["diff", "--json", "--show-urls"]));
    let url = plan["changes"][1]["url"].as_str().expect("a URL");
    assert!(
        url.starts_with("file://[folder]/out/") && url.ends_with(".png"),
        "{url}"
    );
}

#[test]
fn diff_writes_nothing() {
    let site = hunt();
    site.ok(&["diff"]);
    assert!(!site.path("out").exists());
    site.ok(&["push"]);
    site.write("index.html", "<h1>Erratum</h1>");
    let before = site.published("out");
    site.ok(&["diff"]);
    assert_eq!(site.published("out"), before);
}

/// `diff --check` exits with 6 until there is nothing to change.
#[test]
fn diff_check_exits_6_while_pending() {
    let site = hunt();
    let run = site.run(&["diff", "--check"]);
    assert_eq!((run.code, run.stderr.as_str()), (6, ""));
    assert_eq!(
        run.stdout,
        site.ok(&["diff"]),
        "the plan is shown all the same"
    );
    assert_eq!(site.run(&["diff", "--check", "--json"]).code, 6);
    site.ok(&["push"]);
    assert_eq!(site.run(&["diff", "--check"]).code, 0);
    assert_eq!(site.run(&["diff", "--check", "--json"]).code, 0);
}

#[test]
fn a_dry_run_is_a_diff() {
    let site = hunt();
    assert_eq!(site.ok(&["push", "--dry-run"]), site.ok(&["diff"]));
    assert_eq!(
        site.ok(&["push", "--dry-run", "--json"]),
        site.ok(&["diff", "--json"])
    );
    assert!(!site.path("out").exists());
}

#[test]
fn push_reports_in_json() {
    let site = hunt();
    let mut run = site.run_with(&[("ASSETSYNC_ACTOR", "ann@laptop")], &["push", "--json"]);
    let at = json(&run.stdout)["release"]["at"].clone();
    run.stdout = run.stdout.replace(at.as_str().expect("a time"), "[time]");
    insta::assert_snapshot!("push_json", run);
    let site =
        site.config("[target.local]\nurl = \"file:out\"\n[target.other]\nurl = \"file:other\"\n");
    let two = site.ok(&["push", "--json", "--dry-run", "local", "other"]);
    assert_eq!(
        json(&two).as_array().map(Vec::len),
        Some(2),
        "a list for several targets"
    );
    let twice = site.ok(&["push", "--json", "--dry-run", "local", "local"]);
    assert!(json(&twice).is_object(), "nothing is published twice");
}

/// A target that cannot be written to is reported once, with its place.
#[test]
fn unwritable_target_is_reported_with_place() {
    let site = hunt();
    fs::write(site.path("out"), "a file where a folder should be").expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        run.stderr.contains("`out"),
        "where was it to be written? {run}"
    );
    assert_eq!(run.told().lines().count(), 1, "it's told once: {run}");
}

/// A target that cannot be listed is reported once.
#[test]
fn unlistable_target_is_reported_once() {
    let site = hunt();
    fs::create_dir(site.path("out")).expect("a folder");
    set_mode(&site.path("out"), 0o000);
    let run = site.run_as_anybody(&["push"]);
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.told(), "error: Cannot list `out`: permission denied\n");
}

// --- url

/// `url` prints the address at which browsers find a file.
#[test]
fn url_prints_the_public_address() {
    let site = Site::new().file("img/a.png", "a").file("b.png", "b");
    let key = "iictqmnzugpcpyclkampu5g5wu.png";
    for (flags, base) in [
        (&["--to", "file:out"][..], "file://[folder]/out/"),
        (
            &["--public-url", "https://cdn.example.org/static"],
            "https://cdn.example.org/static/",
        ),
        (
            &["--to", "s3://hunt/static"],
            "https://hunt.s3.us-east-1.amazonaws.com/static/",
        ),
        (
            &["--to", "s3://hunt", "--region", "eu-west-1"],
            "https://hunt.s3.eu-west-1.amazonaws.com/",
        ),
        (
            &["--to", "s3://hunt/a", "--endpoint", "http://127.0.0.1:9"],
            "http://127.0.0.1:9/hunt/a/",
        ),
        (
            &["--to", "gs://hunt/static"],
            "https://storage.googleapis.com/hunt/static/",
        ),
    ] {
        let printed = site.ok(&[&["url", "img/a.png"], flags].concat());
        assert_eq!(printed, format!("{base}{key}\n"));
    }
    let both = site.ok(&["url", "b.png", "img/a.png"]);
    assert!(both.lines().count() == 2 && both.lines().nth(1).expect("two").ends_with(key));
}

/// `url` suggests the nearest path if the given one does not exist.
#[test]
fn url_of_unknown_path_suggests_nearest() {
    let site = hunt();
    insta::assert_snapshot!(
        "url_misspelt",
        site.run(&["url", "index.html", "puzzle/gear/map.png"])
    );
    insta::assert_snapshot!("url_unknown", site.run(&["url", "/etc/passwd"]));
}

/// `url` says that an existing file is not published.
#[test]
fn url_of_unpublished_file_says_so() {
    let site = Site::new()
        .config("[[rule]]\nmatch = \"draft.html\"\npublish = false\n[target.local]\nurl = \"file:out\"\n")
        .file("a.png", "a")
        .file("draft.html", "draft")
        .file("notes.md", "# notes");
    for path in ["draft.html", "notes.md"] {
        let run = site.run(&["url", path]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
        assert!(
            run.stderr.contains("isn't published"),
            "the file is there, so `There is no …` misleads: {run}"
        );
    }
}

/// `url` works while another file has a problem.
#[test]
fn url_ignores_problems_of_other_files() {
    let site = hunt().file(".env", "TOKEN=abc");
    assert_eq!(site.run(&["push"]).code, 2);
    site.ok(&["url", "index.html"]);
}

// --- manifest

/// The manifest maps every path to its object.
#[test]
fn manifest_maps_paths_to_objects() {
    let site = hunt()
        .file("style.css", "body { color: teal }\n".repeat(40))
        .file("empty.css", "");
    insta::with_settings!({ filters => vec![(r#""stored_size": 5\d,"#, r#""stored_size": [gzipped],"#)] }, {
        insta::assert_snapshot!("manifest", site.run(&["manifest"]));
    });
    site.ok(&["push"]);
    let manifest = json(&site.ok(&["manifest"]));
    let objects = site.published("out");
    for (path, object) in manifest["objects"].as_object().expect("paths") {
        let key = object["key"].as_str().expect("a key");
        let source = fs::read(site.asset(path)).expect("readable");
        assert_eq!(objects[key], source, "{path}");
        assert_eq!(object["size"], source.len());
        assert_eq!(object["digest"], blake3::hash(&source).to_hex().as_str());
        let is_gzipped = object["encoding"] == "gzip";
        let stored = if is_gzipped {
            format!("{key}.gz")
        } else {
            key.to_string()
        };
        assert_eq!(object["stored_size"], objects[&stored].len(), "{path}");
    }
}

/// The manifest needs no target and no network.
#[test]
fn manifest_works_without_target() {
    let site = Site::bare().config("").file("a.png", "a");
    assert_eq!(json(&site.ok(&["manifest"]))["objects"]["a.png"]["size"], 1);
}

#[test]
fn the_manifest_for_django() {
    let site = hunt().file("team/Ünï 🐘.png", "an elephant");
    insta::assert_snapshot!(
        "manifest_django",
        site.run(&["manifest", "--format", "django"])
    );
}

/// The manifest is written to a file as a whole or not at all.
#[test]
fn manifest_file_is_written_atomically() {
    let site = hunt();
    let printed = site.ok(&["manifest"]);
    let run = site.run(&["manifest", "--out", "build/manifest.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run}");
    let written = || fs::read_to_string(site.path("build/manifest.json")).expect("written");
    assert_eq!(written(), printed);

    site.write(".env", "TOKEN=abc");
    assert_eq!(
        site.run(&["manifest", "--out", "build/manifest.json"]).code,
        2
    );
    assert_eq!(written(), printed, "a refused tree leaves the old manifest");

    let run = site.run(&[
        "manifest",
        "--out",
        "hunt.key/manifest.json",
        "--from",
        "cors",
    ]);
    assert_ne!(run.code, 0, "{run}");
}

/// A manifest is written into a named pipe without replacing it.
#[test]
fn manifest_is_written_into_pipe() {
    use std::os::unix::fs::FileTypeExt;

    let site = hunt();
    let pipe = site.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).expect("read")
    });
    site.ok(&["manifest", "--out", "pipe"]);
    let kind = fs::metadata(&pipe).expect("there").file_type();
    assert!(kind.is_fifo(), "it was replaced");
    assert_eq!(reader.join().expect("read"), site.ok(&["manifest"]));
}

/// A manifest inside the tree is refused.
#[test]
fn manifest_inside_tree_is_refused() {
    let site = hunt();
    let run = site.run(&["manifest", "--out", "assets/manifest.json"]);
    assert_eq!(run.code, 2, "the next push would publish every name: {run}");
    assert!(!site.asset("manifest.json").exists());
}

// --- help, completions, man

#[test]
fn the_help_of_every_command() {
    let site = Site::bare();
    for command in COMMANDS {
        let name = ["help"]
            .iter()
            .chain(command)
            .copied()
            .collect::<Vec<_>>()
            .join("_");
        let run = site.run(&[command, &["--help"]].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        insta::assert_snapshot!(name, run.stdout);
    }
    insta::assert_snapshot!("help_short", site.run(&["-h"]));
    insta::assert_snapshot!("help_none", site.run(&[]));
}

/// The help of a command lists its own options first.
#[test]
fn help_lists_own_options_first() {
    let site = Site::bare();
    for (command, own) in [
        ("diff", "--check"),
        ("push", "--dry-run"),
        ("rollback", "--verify"),
        ("live", "--until"),
        ("prune", "--keep"),
        ("doctor", "--json"),
        ("url", "--target"),
        ("manifest", "--format"),
    ] {
        let help = site.ok(&[command, "--help"]);
        let options = &help[help.find("Options:").expect("options")..];
        let place = |option: &str| options.find(option).expect("listed");
        assert!(place(own) < place("-C <DIR>"), "{own}: {help}");
    }
}

/// The help of every command has an example.
#[test]
fn every_help_has_an_example() {
    let site = Site::bare();
    let without: Vec<String> = COMMANDS
        .iter()
        .filter(|command| {
            !site
                .ok(&[command, &["--help"][..]].concat())
                .contains("Example")
        })
        .map(|command| command.join(" "))
        .collect();
    assert_eq!(without, [""; 0]);
}

/// A mistyped command, flag or value gets the nearest one as a suggestion.
#[test]
fn mistyped_words_get_suggestions() {
    let site = Site::new();
    insta::assert_snapshot!("mistyped_command", site.run(&["psuh"]));
    insta::assert_snapshot!("mistyped_flag", site.run(&["push", "--dryrun"]));
    insta::assert_snapshot!(
        "mistyped_format",
        site.run(&["manifest", "--format", "jsn"])
    );
}

#[test]
fn completions_for_every_shell() {
    let site = Site::bare();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = site.ok(&["completions", shell]);
        for word in ["assetsync", "push", "dry-run", "manifest"] {
            assert!(script.contains(word), "no {word} for {shell}");
        }
    }
    fs::write(
        site.path("complete.bash"),
        site.ok(&["completions", "bash"]),
    )
    .expect("written");
    let complete = "source complete.bash; COMP_WORDS=(assetsync pu); COMP_CWORD=1; \
                    _assetsync assetsync pu assetsync; echo ${COMPREPLY[@]}";
    let bash = std::process::Command::new("bash")
        .args(["-c", complete])
        .current_dir(site.path(""))
        .output()
        .expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&bash.stdout), "push\n", "{bash:?}");
}

/// The manual page covers every command and flag.
#[test]
fn man_page_covers_commands_and_flags() {
    let page = Site::bare().ok(&["man"]).replace('\\', "");
    assert!(page.contains(".TH assetsync 1"), "{page}");
    let missing: Vec<&str> = [
        "init",
        "key",
        "diff",
        "push",
        "url",
        "manifest",
        "completions",
        "Exit codes",
        "--dry-run",
        "--check",
        "--json",
        "--show-urls",
        "--key-file",
        "--gzip-level",
        "--requests",
        "--memory-mib",
        "--retry-seconds",
        "--from",
        "--to",
        "--endpoint",
        "--region",
        "--access",
        "--public-url",
        "--format",
        "--out",
        "--target",
    ]
    .into_iter()
    .filter(|word| !page.contains(word))
    .collect();
    assert_eq!(missing, [""; 0]);
}

/// The manual page refers to no page that does not exist.
#[test]
fn man_page_refers_to_existing_pages() {
    let page = Site::bare().ok(&["man"]).replace('\\', "");
    assert!(
        !page.contains("assetsync-init(1)"),
        "nobody has written that page"
    );
}

/// Programs act on exit codes: whoever reads about them, in the help or in the book, reads the
/// same.
#[test]
fn help_and_book_share_exit_codes() {
    let help = Site::bare().ok(&["--help"]);
    let table = help.split_once("Exit codes:\n").expect("a table").1;
    let mut told: Vec<String> = Vec::new();
    for line in table.lines().take_while(|line| !line.is_empty()) {
        match line.strip_prefix("       ") {
            Some(more) => {
                let last = told.last_mut().expect("a code comes first");
                *last += &format!(" {more}");
            }
            None => told.push(line.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
    let book = include_str!("../../docs/src/reference/exit-codes.md");
    let table = book.split_once("| exit code | |\n|---|---|\n");
    let rows = table.expect("a table").1.lines();
    let rows = rows.map_while(|row| row.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<String> = rows.map(|row| row.replacen(" | ", " ", 1)).collect();
    assert_eq!(rows.len(), 8);
    assert_eq!(told, rows);
}

/// Without a published release, commands that need one say so.
#[test]
fn rollback_needs_a_published_release() {
    let site = Site::new();
    for command in [&["rollback"][..], &["manifest", "--live"], &["audit"]] {
        let run = site.run(command);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("Nothing has been published"), "{run}");
    }
}

/// `help push` prints what `push --help` does.
#[test]
fn help_takes_a_command() {
    let site = Site::bare();
    for words in [&["push"][..], &["cors", "check"]] {
        let help = site.ok(&[&["help"], words].concat());
        assert_eq!(help, site.ok(&[words, &["--help"]].concat()));
    }
    assert_eq!(site.ok(&["help"]), site.ok(&["--help"]));
}
