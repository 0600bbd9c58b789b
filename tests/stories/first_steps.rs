//! What a new user does: a folder published without a configuration, and a project that `init` sets
//! up.

use std::fs;
use std::process::Command;

use crate::support::gcs::{Server, Setup};
use crate::support::s3::Bucket;
use crate::support::terminal::{line_of, says_yes_to};
use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site};

const FLAGS: [&str; 6] = [
    "--from",
    "assets",
    "--to",
    "file:out",
    "--key-file",
    "hunt.key",
];

fn bare(site: &Site, arguments: &[&str]) -> Run {
    site.run(&[arguments, &FLAGS].concat())
}

// --- Without a configuration

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>Lamp</title>
<link rel="icon" href="/favicon.ico">
<link rel="manifest" href="app.webmanifest">
<link rel="stylesheet" href="/css/site.css">
<script type="module" src="js/main.mjs"></script>
<script defer src="/js/old.js"></script>
<h1>Lamp</h1><img src="img/map.svg"><img srcset="/img/map.svg 2x"><a href="/about/">about</a>"#;

/// A site as people make it: URLs from the top and relative ones, a service worker, and what
/// browsers ask for unasked.
fn lamp() -> Site {
    Site::bare()
        .file("index.html", PAGE)
        .file(
            "about/index.html",
            r#"<!doctype html><link rel="icon" href="/favicon.ico"><link rel="stylesheet" href="/css/site.css"><a href="../">home</a>"#,
        )
        .file("css/site.css", "h1 { color: rgb(1, 2, 3); background: url(/img/map.svg) }")
        .file("js/main.mjs", "import { lit } from './lit.mjs'; window.lit = lit;")
        .file("js/lit.mjs", "export const lit = 'yes';")
        .file("js/old.js", "window.worker = navigator.serviceWorker.register('/sw.js');")
        .file("sw.js", "const version = 1;")
        .file("img/map.svg", r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>"#)
        .file("app.webmanifest", r#"{"name": "Lamp", "start_url": ".", "icons": []}"#)
        .file("favicon.ico", [0, 0, 1, 0])
        .file("robots.txt", "User-agent: *")
        .file(".well-known/security.txt", "Contact: mailto:ann@example.org")
        .file(".well-known/apple-app-site-association", "{}")
}

/// A site without a configuration works in a browser from its front page on.
#[test]
fn unconfigured_site_works_in_browser() {
    let site = lamp();
    let run = bare(&site, &["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        run.stderr,
        "no configuration: pages and files requested by name keep their names (8 of 13 files); others get keyed names\n"
    );
    let published = site.published("out");
    for name in [
        "index.html",
        "about/index.html",
        "sw.js",
        "app.webmanifest",
        "favicon.ico",
        "robots.txt",
        ".well-known/security.txt",
        ".well-known/apple-app-site-association",
    ] {
        assert!(published.contains_key(name), "{name}");
    }
    for name in ["css/site.css", "js/old.js", "img/map.svg"] {
        assert!(!published.contains_key(name), "{name}");
    }

    let server = WebServer::of(site.path("out"));
    let browser = Browser::start();
    assert_eq!(browser.open(&server.url), Vec::<String>::new());
    let color = |element: &str| {
        browser.value(&format!(
            "getComputedStyle(document.querySelector('{element}')).color"
        ))
    };
    assert_eq!(color("h1"), "rgb(1, 2, 3)");
    assert_eq!(browser.value("window.lit"), "yes");
    let broken = "[...document.images].filter((image) => !image.naturalWidth).length";
    assert_eq!(browser.value(broken), 0);
    let worker =
        "window.worker.then(() => navigator.serviceWorker.ready).then((it) => it.active.scriptURL)";
    assert_eq!(browser.value(worker), format!("{}sw.js", server.url));
    browser.value("document.querySelector('a').click()");
    assert_eq!(
        browser.open(&format!("{}about/", server.url)),
        Vec::<String>::new()
    );
    let failed: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|(_, status)| *status != 200)
        .collect();
    assert_eq!(failed, []);

    // Visitors who were here get the new service worker: they look for it where the old one was.
    site.write("sw.js", "const version = 2; // a new one");
    assert_eq!(bare(&site, &["push"]).code, 0);
    let update = "navigator.serviceWorker.getRegistration().then((it) => it.update())
        .then((it) => !!(it.installing || it.waiting))";
    assert_eq!(browser.value(update), true);
}

/// Without a configuration, every command uses the same names.
#[test]
fn unconfigured_commands_agree_on_names() {
    let site = lamp();
    assert_eq!(bare(&site, &["push"]).code, 0);
    assert_eq!(bare(&site, &["diff", "--check"]).code, 0);
    let url = bare(&site, &["url", "index.html", "css/site.css"]).stdout;
    let urls: Vec<&str> = url.lines().collect();
    assert!(urls[0].ends_with("/out/index.html"), "{url}");
    assert!(!urls[1].contains("site.css"), "{url}");
    let local = bare(&site, &["manifest", "--format", "django"]).stdout;
    let live = bare(&site, &["manifest", "--live", "--format", "django"]).stdout;
    assert_eq!(local, live);
    assert!(local.contains(r#""sw.js": "sw.js""#), "{local}");
    let refs = site.ok(&[
        "refs",
        "css/site.css",
        "--from",
        "assets",
        "--key-file",
        "hunt.key",
    ]);
    assert!(refs.contains("index.html"), "{refs}");
    assert_eq!(bare(&site, &["audit"]).code, 0);
    assert_eq!(bare(&site, &["rollback"]).code, 2, "there's none before");
}

/// Only what is published needs a folder, and only what is named a key.
#[test]
fn unconfigured_commands_need_only_essentials() {
    let site = lamp();
    assert_eq!(bare(&site, &["push"]).code, 0);
    let to = ["--to", "file:out"];
    let key = ["--key-file", "hunt.key"];
    for command in [
        &["releases"][..],
        &["live", "status"],
        &["doctor"],
        &["audit"],
        &["resolve"],
        &["manifest", "--live"],
    ] {
        let run = site.run(&[command, &to, &key].concat());
        assert_eq!(run.code, 0, "{command:?}: {run}");
    }
    let run = site.run(&[&["releases"][..], &to].concat());
    assert!(
        run.code == 2 && run.stderr.contains("No key file is set"),
        "{run}"
    );
    for command in [
        &["push"][..],
        &["diff"],
        &["url", "index.html"],
        &["manifest"],
    ] {
        let run = site.run(&[command, &to, &key].concat());
        assert!(
            run.code == 2 && run.stderr.contains("No folder to publish was given"),
            "{command:?}: {run}"
        );
        assert!(run.stderr.contains("`--from DIR`"), "{run}");
    }
}

/// Advice from a push without a configuration works without one.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unconfigured_advice_works_unconfigured() {
    let bucket = Bucket::on_rgw();
    let site = lamp();
    let url = bucket.url();
    let push = [
        "push",
        "--from",
        "assets",
        "--to",
        &url,
        "--key-file",
        "hunt.key",
        "--endpoint",
        &bucket.endpoint,
    ];
    let run = bucket.run(&site, &push);
    assert_eq!(run.code, 0, "{run}");
    let advice = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: assetsync "));
    let advice = advice.unwrap_or_else(|| panic!("{run}"));
    let words: Vec<&str> = advice.split(' ').collect();
    let command = bucket.command(&site, &words);
    let run = says_yes_to(&line_of(&command), &command);
    assert_eq!(run.code, 0, "{advice}: {run}");
    assert_eq!(bucket.anonymous("/index.html").status, 200);

    let rollback = [
        "rollback",
        "--to",
        &url,
        "--key-file",
        "hunt.key",
        "--endpoint",
        &bucket.endpoint,
    ];
    site.write("index.html", "changed");
    assert_eq!(bucket.run(&site, &push).code, 0);
    let run = bucket.run(&site, &rollback);
    assert_eq!(run.code, 0, "{run}");
}

/// With a configuration, only well-known names are kept without a rule.
#[test]
fn configured_site_keeps_only_conventional_names() {
    let site = lamp().config("");
    let run = bare(&site, &["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("no configuration"), "{run}");
    let is_keyed = |key: &String| key.split('.').next().is_some_and(|stem| stem.len() == 26);
    let mut published = site.published("out");
    published.retain(|key, _| key != "_headers");
    let named: Vec<&String> = published.keys().filter(|key| !is_keyed(key)).collect();
    assert_eq!(
        named,
        [
            ".well-known/apple-app-site-association",
            ".well-known/security.txt",
            "favicon.ico",
            "robots.txt",
            "sw.js",
        ]
    );
}

/// A push without a configuration does not reveal pages with unguessable names.
#[test]
fn unconfigured_push_reveals_no_hidden_pages() {
    let site = lamp().config("[[level]]\nname = \"posthunt\"\nmatch = \"posthunt/**\"\nheld = true\n[[rule]]\nmatch = \"posthunt/**\"\nnames = \"plain\"\n[target.t]\nurl = \"file:out\"\n");
    site.write("posthunt/index.html", "the answers");
    site.ok(&["push"]);
    let before = site.published("out");
    fs::remove_file(site.path("assetsync.toml")).expect("removed");

    let run = bare(&site, &["push"]);
    assert_eq!(run.code, 3, "{run}");
    let told = "error: This push would give guessable names to 4 files that are hidden in the current release, such as `about/index.html`";
    assert!(run.stderr.contains(told), "{run}");
    assert!(run.stderr.contains("`--allow-plain`"), "{run}");
    assert_eq!(site.published("out"), before);
    let diff = bare(&site, &["diff"]);
    assert!(
        diff.code == 0 && diff.stderr.contains("A push would be refused"),
        "{diff}"
    );

    assert_eq!(bare(&site, &["push", "--allow-plain"]).code, 0);
    assert!(site.published("out").contains_key("index.html"));
    site.write("index.html", "changed");
    assert_eq!(
        bare(&site, &["push"]).code,
        0,
        "they aren't hidden any more"
    );
}

/// A first push does not overwrite a site that somebody else put into the target.
#[test]
fn first_push_keeps_foreign_site() {
    let site = lamp();
    fs::create_dir(site.path("out")).expect("a folder");
    fs::write(site.path("out/index.html"), "another site").expect("written");
    let run = bare(&site, &["push"]);
    assert_eq!(run.code, 3, "{run}");
    let told = "already has 1 file that none of its releases wrote, such as `index.html`";
    assert!(run.stderr.contains(told), "{run}");
    assert_eq!(site.published("out")["index.html"], b"another site");
    assert_eq!(bare(&site, &["push", "--allow-plain"]).code, 0);
    assert_ne!(site.published("out")["index.html"], b"another site");
    site.write("index.html", "changed");
    assert_eq!(bare(&site, &["push"]).code, 0, "it's ours now");
}

/// A configured push does not overwrite somebody else's site either.
#[test]
fn configuration_does_not_claim_foreign_site() {
    let site = Site::new()
        .config(
            "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.t]\nurl = \"file:out\"\n",
        )
        .file("index.html", "a lamp")
        .file("about.html", "of lamps");
    fs::create_dir(site.path("out")).expect("a folder");
    fs::write(site.path("out/index.html"), "another site").expect("written");
    fs::write(site.path("out/about.html"), "of lamps").expect("written");
    let told = "already has 2 files that none of its releases wrote, such as `about.html`";
    let diff = site.run(&["diff"]);
    assert!(diff.stderr.contains(told), "{diff}");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains(told), "{run}");
    assert_eq!(site.published("out")["index.html"], b"another site");
    site.ok(&["push", "--allow-plain"]);
    assert_eq!(site.published("out")["index.html"], b"a lamp");
}

/// URLs of other origins do not stop a push without a configuration.
#[test]
fn foreign_urls_stop_no_unconfigured_push() {
    let site = Site::bare().file(
        "index.html",
        r#"<script src="/cdn-cgi/x.js"></script><script src="//cdn.example.org/y.js"></script><a href="/login">in</a>"#,
    );
    let run = bare(&site, &["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr
            .contains("warning: `index.html:1:14` refers to `/cdn-cgi/x.js`"),
        "{run}"
    );
    assert!(!run.stderr.contains("cdn.example.org"), "{run}");
    let page = String::from_utf8(site.published("out").remove("index.html").expect("there"));
    assert!(page.expect("text").contains(r#"src="/cdn-cgi/x.js""#));

    site.write("index.html", "<img src=\"missing.png\">");
    let run = bare(&site, &["push"]);
    assert_eq!(run.code, 2, "what is relative can't be elsewhere: {run}");
}

// --- init

/// The commands that `init` says come next.
fn next(run: &Run) -> Vec<String> {
    assert_eq!(run.code, 0, "{run}");
    let lines = run.stderr.lines();
    let commands = lines.filter_map(|line| line.strip_prefix("  assetsync "));
    commands
        .map(|line| line.split('#').next().expect("a part").trim().to_string())
        .collect()
}

fn project() -> Site {
    Site::bare()
        .file(
            "index.html",
            "<link rel=stylesheet href=style.css><h1>Hunt</h1>",
        )
        .file("style.css", "h1 { color: navy }")
}

/// Sets up a project, does all that `init` says comes next, and returns these commands.
#[track_caller]
fn all_that_comes_next(
    flags: &[&str],
    command: impl Fn(&[&str]) -> Command,
    folder: &Site,
) -> Vec<String> {
    let init = [
        &["init", "--from", "assets", "--key-file", "hunt.key"],
        flags,
    ]
    .concat();
    let run = Run::of(&mut command(&init), &folder.path(""));
    let next = next(&run);
    for line in &next {
        let words: Vec<&str> = line.split(' ').collect();
        let command = command(&words);
        let run = says_yes_to(&line_of(&command), &command);
        assert_eq!(run.code, 0, "{line}: {run}");
    }
    next
}

/// The next steps that `init` prints publish to a folder.
#[test]
fn init_steps_publish_to_folder() {
    let site = project();
    let next = all_that_comes_next(&["--to", "file:public"], |words| site.command(words), &site);
    assert_eq!(next, ["diff local", "push local"]);
    assert!(site.published("public").contains_key("index.html"));
    let ignored = fs::read_to_string(site.path(".gitignore")).expect("readable");
    assert_eq!(
        ignored,
        "/hunt.key\n/public/\n/*.releases/\n/staticfiles.json\n"
    );
    site.ok(&["push"]);
}

const OF_A_BUCKET: [&str; 5] = [
    "access apply prod --unblock",
    "cors apply prod",
    "doctor prod",
    "diff prod",
    "push prod",
];

/// The next steps that `init` prints publish to S3, below any prefix.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn init_steps_publish_to_s3() {
    for prefix in ["", "/static", "/a/b/"] {
        let (assets, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
        let (url, state) = (format!("{}{prefix}", assets.url()), releases.url());
        let site = project();
        let mut flags = vec![
            "--to",
            &url,
            "--endpoint",
            &assets.endpoint,
            "--region",
            "us-east-1",
        ];
        if !prefix.is_empty() {
            flags.extend(["--state", &state]);
        }
        let next = all_that_comes_next(&flags, |words| assets.command(&site, words), &site);
        assert_eq!(next, OF_A_BUCKET);
        let page = assets.anonymous(&format!("{}/index.html", prefix.trim_end_matches('/')));
        assert_eq!(page.status, 200, "{prefix}");
        let again = assets.run(&site, &["diff", "--check"]);
        assert_eq!(again.code, 0, "prod is the default: {again}");
        assert_eq!(assets.run(&site, &["push", "local"]).code, 0);
    }
}

/// The next steps that `init` prints publish to Google.
#[test]
fn init_steps_publish_to_google() {
    let server = Server::start();
    server.require_token();
    server.bucket("hunt", &[Setup::Uniform]);
    server.bucket("releases", &[Setup::Uniform]);
    let site = project();
    let command = |words: &[&str]| {
        let mut command = site.command(words);
        command.env("GOOGLE_OAUTH_ACCESS_TOKEN", server.token());
        command
    };
    let flags = [
        "--to",
        "gs://hunt/static",
        "--state",
        "gs://releases/prod",
        "--endpoint",
        server.url(),
    ];
    assert_eq!(all_that_comes_next(&flags, command, &site), OF_A_BUCKET);
    assert!(
        server
            .objects("hunt")
            .contains(&"static/index.html".to_string())
    );
}

/// `init` writes the settings it was given and refuses unusable ones.
#[test]
fn init_writes_only_usable_settings() {
    let site = project();
    let folder = || {
        let mut files: Vec<_> = fs::read_dir(site.path(""))
            .expect("a folder")
            .map(|file| file.expect("there").file_name())
            .collect();
        files.sort();
        files
    };
    fs::remove_dir_all(site.path("assets")).expect("removed");
    let before = folder();
    let mut told = String::new();
    for flags in [
        &["--to", "s3://hunt-assets/static"][..],
        &["--to", "gs://hunt-assets"],
        &[
            "--to",
            "gs://hunt-assets/static",
            "--state",
            "gs://hunt-assets/releases",
        ],
        &["--to", "s3:hunt"],
        &["--to", "ftp://hunt/x"],
        &["--to", "s3://hunt/../x"],
        &["--to", "hunt"],
        &["--to", "file:assets/out"],
        &["--to", "s3://hunt", "--state", "s3://hunt"],
        &["--to", "s3://hunt", "--endpoint", "localhost:9000"],
        &["--to", "s3://hunt", "--access", "public"],
        &["--to", "s3://hunt", "--public-url", "cdn.example.org"],
        &["--state", "s3://hunt"],
        &["--from", "nowhere"],
        &["--from", "nowhere", "--to", "s3://hunt"],
    ] {
        let run = site.run(&[&["init"], flags].concat());
        assert_eq!(run.code, 2, "{flags:?}: {run}");
        assert_eq!(folder(), before, "{flags:?}");
        told += &format!("$ assetsync init {}\n{}", flags.join(" "), run.stderr);
    }
    insta::assert_snapshot!("init_refuses", told);
    let acl = site.run(&[
        "init",
        "--to",
        "s3://hunt/x",
        "--access",
        "object-acl",
        "--region",
        "eu-west-1",
    ]);
    assert_eq!(acl.code, 0, "{acl}");
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("readable");
    for line in [
        "default_target = \"prod\"",
        "access = \"object-acl\"",
        "region = \"eu-west-1\"",
        "cors = \"cors/s3.json\"",
    ] {
        assert!(
            config.lines().any(|have| have.starts_with(line)),
            "{line}\n{config}"
        );
    }
}

/// A name is written so that TOML reads the same.
#[test]
fn init_quotes_odd_names() {
    let odd = "si\"te \\ 'é'\u{7f}";
    let site = Site::bare();
    fs::create_dir(site.path(odd)).expect("a folder");
    fs::write(site.path(odd).join("index.html"), "<h1>odd</h1>").expect("written");
    let run = site.run(&["init", "--from", odd, "--to", "file:o\"ut"]);
    assert_eq!(run.code, 0, "{run}");
    site.ok(&["push"]);
    assert!(site.published("o\"ut").contains_key("index.html"));
}
