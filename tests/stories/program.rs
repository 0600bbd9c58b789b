//! What holds for every command: where it works, how much it says, how it ends, and what it never
//! prints.

use std::fs;
use std::io::pipe;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::support::{KEY, Run, Site};

fn site() -> Site {
    Site::new()
        .file("index.html", "<h1>Hunt</h1>")
        .file("map.png", "a map")
}

/// A token, as in every name but plain ones.
fn is_token(word: &str) -> bool {
    word.len() == 26 && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

// --- Where

/// Without a configuration, every command says what to do.
#[test]
fn missing_config_says_what_to_do() {
    let site = Site::bare().file("a.png", "a");
    let told = site.run(&["push"]);
    insta::assert_snapshot!("no_configuration", told);
    for command in [
        &["diff"][..],
        &["url", "a.png"],
        &["manifest"],
        &["key", "id"],
    ] {
        let run = site.run(command);
        assert_eq!((run.code, run.stderr), (2, told.told()), "{command:?}");
    }
}

/// Another folder and another configuration can be named.
#[test]
fn folder_and_config_can_be_chosen() {
    let site = Site::bare();
    fs::create_dir_all(site.path("hunt/assets")).expect("a folder");
    fs::write(site.path("hunt/assets/a.png"), "a").expect("written");
    let config = "key_file = \"../hunt.key\"\n[[source]]\ndir = \"assets\"\n[target.local]\nurl = \"file:out\"\n";
    fs::write(site.path("hunt/assetsync.toml"), config).expect("written");
    fs::write(
        site.path("hunt/other.toml"),
        config.replace("local", "other"),
    )
    .expect("written");

    for (arguments, target) in [
        (&["-C", "hunt", "diff"][..], "local"),
        (&["diff", "-C", "hunt"], "local"),
        (&["diff", "-c", "hunt/assetsync.toml"], "local"),
        (&["diff", "-C", "hunt", "-c", "other.toml"], "other"),
        (&["diff", "--config=hunt/other.toml"], "other"),
    ] {
        let plan = site.ok(arguments);
        assert!(
            plan.contains(&format!("\n{target}: 1 ")),
            "{arguments:?}: {plan}"
        );
    }
    let environment = [("ASSETSYNC_CONFIG", "hunt/other.toml")];
    assert!(
        site.run_with(&environment, &["diff"])
            .stdout
            .contains("\nother: ")
    );
    let flag = ["diff", "-c", "hunt/assetsync.toml"];
    assert!(
        site.run_with(&environment, &flag)
            .stdout
            .contains("\nlocal: ")
    );
}

/// A working folder that does not exist is reported.
#[test]
fn missing_working_folder_is_reported() {
    let run = Site::new().run(&["-C", "nowhere", "push"]);
    assert_eq!(run.code, 2, "{run}");
    let told = "error: Cannot change to the folder `nowhere`: no such file or directory\nhint: `-C` requires an existing folder\n";
    assert_eq!(run.stderr, told);
}

// --- How much

/// `-q` prints nothing but errors and what was asked for.
#[test]
fn quiet_prints_only_errors_and_results() {
    let site = site().file("draft.md", "skipped");
    assert_ne!(site.run(&["diff"]).stderr, "");
    let plan = site.run(&["diff", "-q"]);
    assert!(
        plan.stdout.starts_with("upload") && plan.stderr.is_empty(),
        "{plan}"
    );
    let push = site.run(&["push", "-q"]);
    assert_eq!((push.code, push.stdout + &push.stderr), (0, String::new()));
    let report = site.run(&["push", "--quiet", "--json"]);
    assert!(
        report.stdout.starts_with('{') && report.stderr.is_empty(),
        "{report}"
    );
    let new = site.run(&["key", "new", "new.key", "-q"]);
    assert!(new.stdout.len() == 17 && new.stderr.is_empty(), "{new}");

    let site = site.file(".env", "TOKEN=abc");
    let refused = site.run(&["push", "-q"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("`.env`"),
        "{refused}"
    );
    assert_eq!(site.run(&["push", "-q", "-v"]).code, 2, "one or the other");
}

#[test]
fn quiet_tells_failures() {
    let site = site();
    fs::create_dir(site.path("out")).expect("a folder");
    fs::write(
        site.path("out/.assetsync"),
        "a file where a folder should be",
    )
    .expect("written");
    let run = site.run(&["push", "-q"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run}");
    assert!(
        run.stderr
            .contains("failed 2 objects (index.html, map.png)"),
        "{run}"
    );
}

/// Colours are for terminals unless a flag asks for them.
#[test]
fn colours_need_terminal_or_flag() {
    let site = site();
    for (flags, is_coloured) in [
        (&[][..], false),
        (&["--color", "auto"], false),
        (&["--color", "never"], false),
        (&["--color", "always"], true),
    ] {
        let diff = site.ok(&[&["diff"], flags].concat());
        assert_eq!(diff.contains("\x1b["), is_coloured, "{flags:?}: {diff:?}");
        let error = site.run(&[&["diff", "nowhere"], flags].concat()).stderr;
        assert_eq!(error.contains("\x1b["), is_coloured, "{flags:?}: {error:?}");
    }
    let json = site.ok(&["diff", "--json", "--color", "always"]);
    assert!(!json.contains('\x1b'), "{json:?}");
}

// --- How it ends

/// Exit codes are those that the help lists.
#[test]
fn exit_codes_match_the_help() {
    let mut told = String::new();
    let mut expect = |site: &Site, arguments: &[&str], code: i32| {
        let run = site.run(arguments);
        if run.code != code {
            told += &format!("{arguments:?} should exit with {code}\n{run}\n");
        }
    };
    let site = site();
    expect(&site, &["diff", "--check"], 6);
    expect(&site, &["push"], 0);
    expect(&site, &["diff", "--check"], 0);
    expect(&site, &["push", "--to", "file:hunt.key"], 2);
    expect(&site, &["push", "--to", "file:/proc/nowhere"], 1);
    expect(&site, &["manifest", "--out", "hunt.key/manifest.json"], 1);
    expect(&site, &["push", "nowhere"], 2);
    expect(&site, &["push", "--nowhere"], 2);
    expect(&site, &["psuh"], 2);
    expect(&site, &[], 2);
    expect(&site, &["--version"], 0);
    expect(&site, &["init"], 2);
    expect(&Site::new(), &["push"], 3);
    assert!(told.is_empty(), "{told}");
}

/// Ctrl-C ends a push with exit code 130.
#[test]
fn ctrl_c_exits_with_130() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", server.local_addr().expect("an address"));
    let site = site();
    let mut push = site.command(&["push", "--to", "s3://hunt", "--endpoint", &endpoint]);
    push.env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b");
    let push = push.stderr(Stdio::piped()).spawn().expect("it runs");
    // It's listing the bucket, and nobody answers.
    let _connection = server.accept().expect("a connection");
    let interrupt = Command::new("kill")
        .args(["-INT", &push.id().to_string()])
        .status();
    assert!(interrupt.expect("kill runs").success());
    let output = push.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    insta::assert_snapshot!("interrupted", String::from_utf8_lossy(&output.stderr));
}

/// Runs each command with a reader that has gone before the first byte.
#[track_caller]
fn assert_no_error_without_reader(site: &Site, commands: &[&[&str]]) {
    for arguments in commands {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let run = Run::of(site.command(arguments).stdout(writer), &site.path(""));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

/// A reader that goes away is no error.
#[test]
fn closed_output_is_no_error() {
    let site = site();
    site.add_config("[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n");
    assert_no_error_without_reader(
        &site,
        &[
            &["diff"],
            &["diff", "--json"],
            &["push"],
            &["url", "map.png"],
            &["manifest"],
            &["manifest", "--format", "django"],
            &["key", "id"],
            &["man"],
            &["--help"],
            &["push", "--help"],
        ],
    );
}

/// A reader of completions that goes away is no error.
#[test]
fn closed_completions_output_is_no_error() {
    assert_no_error_without_reader(&site(), &[&["completions", "bash"]]);
}

/// A log that goes away stops no push.
#[test]
fn closed_log_stops_no_push() {
    let site = site().file("draft.md", "skipped, with a word on standard error");
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut push = site.command(&["push", "-v"]);
    let status = push
        .stderr(writer)
        .stdout(Stdio::null())
        .status()
        .expect("it runs");
    assert_eq!(status.code(), Some(0));
    assert_eq!(
        site.ok(&["diff", "--check"]).lines().count(),
        1,
        "all is published"
    );
}

/// Output that cannot be written is an error.
#[test]
#[cfg(target_os = "linux")]
fn unwritable_output_is_an_error() {
    let site = site();
    let mut wrong = String::new();
    for arguments in [
        &["diff"][..],
        &["manifest"],
        &["url", "map.png"],
        &["key", "id"],
        &["completions", "bash"],
        &["man"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it's there");
        let run = Run::of(site.command(arguments).stdout(full), &site.path(""));
        let told = "error: Cannot write to `standard output`: no space left on device\n";
        if run.code != 1 || run.stderr != told {
            wrong += &format!("{arguments:?}\n{run}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

// --- What is never printed

#[test]
fn no_output_holds_a_secret() {
    let site = site()
        .file("draft.md", "skipped")
        .private("short.key", "a short secret");
    let credentials = [
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "storage-secret"),
        ("AWS_SESSION_TOKEN", "storage-token"),
        ("RUST_BACKTRACE", "full"),
        ("RUST_LOG", "trace"),
    ];
    let s3 = [
        "--to",
        "s3://hunt",
        "--endpoint",
        "http://127.0.0.1:1",
        "--retry-seconds",
        "1",
    ];
    for arguments in [
        &["push", "-v"][..],
        &["diff", "-v", "--show-urls"],
        &["push", "-v", "--json"],
        &["url", "-v", "map.png"],
        &["manifest", "-v"],
        &["manifest", "-v", "--format", "django"],
        &["key", "id", "-v"],
        &["key", "id", "--key-file", "short.key"],
        &["key", "new", "hunt.key"],
        &["init", "-v"],
        &["push", "--help"],
        &[&["push", "-v"][..], &s3].concat(),
    ] {
        let run = site.run_with(&credentials, arguments);
        for secret in [
            KEY,
            "a short secret",
            "storage-secret",
            "storage-token",
            "AKIAEXAMPLE",
        ] {
            assert!(
                !format!("{run}").contains(secret),
                "{secret}: {arguments:?}\n{run}"
            );
        }
    }
}

/// As happens where a CI system's secret is passed on as it is.
#[test]
fn key_given_as_path_is_hidden() {
    let site = site();
    let mut told = String::new();
    for arguments in [
        &["push"][..],
        &["push", "-v"],
        &["key", "id"],
        &["push", "--help"],
    ] {
        let run = site.run_with(&[("ASSETSYNC_KEY_FILE", KEY)], arguments);
        if format!("{run}").contains(KEY) {
            told += &format!("{arguments:?}\n{run}");
        }
    }
    assert!(told.is_empty(), "{told}");
}

/// A password in a URL is not repeated in messages.
#[test]
fn password_in_url_is_hidden() {
    let site = site();
    let url = "https://deploy:pa55word@storage.example.org";
    let config = format!("[target.local]\nurl = \"s3://hunt\"\nendpoint = \"{url}\"\n");
    for run in [
        site.run(&["push", "--endpoint", url]),
        site.run(&["push", "--public-url", url]),
        site.config(&config).run(&["push"]),
    ] {
        assert_eq!(run.code, 2, "{run}");
        assert!(!run.stderr.contains("pa55word"), "{run}");
    }
}

/// Logs hold no names of objects unless asked for.
#[test]
fn logs_hide_object_names() {
    let site = site();
    for arguments in [
        &["diff", "-v"][..],
        &["diff", "--json"],
        &["push", "-v", "--dry-run"],
        &["push", "-v"],
        &["push", "-v", "--json"],
        &["diff", "-v"],
    ] {
        let run = format!("{}", site.run(arguments));
        let mut words = run.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(!words.any(is_token), "{arguments:?}\n{run}");
    }
    let asked = site.ok(&["diff", "--show-urls", "--to", "file:elsewhere"]);
    assert_eq!(
        asked
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|w| is_token(w))
            .count(),
        2
    );
}

/// A failure does not reveal the name of the object.
#[test]
fn failure_hides_the_object_name() {
    let site = site();
    fs::create_dir(site.path("out")).expect("a folder");
    fs::write(
        site.path("out/.assetsync"),
        "a file where a folder should be",
    )
    .expect("written");
    let run = format!("{}", site.run(&["push"]));
    let mut words = run.split(|c: char| !c.is_ascii_alphanumeric());
    assert!(run.contains("failed") && !words.any(is_token), "{run}");
}
