//! Releases of a folder that a web server may show: it shows the folder beside what is published,
//! too.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Run, Site, refused};

const PLAIN: &str = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";

fn site(target: &str) -> Site {
    Site::new()
        .config(&format!("{PLAIN}[target.web]\n{target}\n"))
        .file("index.html", "<h1>Welcome</h1>")
        .file("map.png", b"\x89PNG\r\n\x1a\n a map")
}

/// Does what a hint says: the commands in a shell, and the setting in the configuration.
fn follow(site: &Site, hint: &str) {
    let folder = site.path("").display().to_string();
    let hint = hint.replace("[folder]", folder.trim_end_matches('/'));
    for part in hint.split('`').skip(1).step_by(2) {
        match part.split_once(' ') {
            Some(("mv", _)) => shell(site, part),
            Some(("assetsync", command)) => {
                let words: Vec<&str> = command.split(' ').chain(["--yes"]).collect();
                site.ok(&words);
            }
            Some(("state", _)) => {
                let config = fs::read_to_string(site.path("assetsync.toml")).expect("there");
                fs::write(site.path("assetsync.toml"), format!("{config}{part}\n"))
                    .expect("written");
            }
            _ => {}
        }
        if part.starts_with("assetsync releases adopt") || part.starts_with("assetsync doctor") {
            break;
        }
    }
}

fn shell(site: &Site, command: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).current_dir(site.path(""));
    let run = Run::of(&mut shell, &site.path(""));
    assert_eq!(run.code, 0, "{command}: {run}");
}

/// Releases beside a web root's page are refused until they are moved as advised.
#[test]
fn exposed_releases_are_refused_until_moved() {
    let site = site("url = \"file:htdocs/assets\"");
    site.ok(&["push"]);
    fs::write(site.path("htdocs/index.php"), "<?php").expect("written");
    let run = site.run(&["push", "web"]);
    refused(&run, &["assets.releases", "releases adopt web"]);
    site.write("index.html", "<h1>Welcome back</h1>");
    let run = site.run(&["push", "web"]);
    refused(
        &run,
        &[
            "htdocs/index.php",
            "assets.releases",
            "`state = \"file:assets.releases\"`",
            "releases adopt web",
        ],
    );
    let diff = site.run(&["diff", "web"]);
    assert!(diff.stderr.contains("A push would be refused"), "{diff}");
    assert_eq!(site.run(&["doctor", "web"]).code, 3);
    let page = || fs::read_to_string(site.path("htdocs/assets/index.html")).expect("there");
    assert!(!page().contains("back"));
    follow(&site, &run.stderr);
    site.ok(&["push", "web"]);
    assert!(page().contains("back"));
    assert!(!site.path("htdocs/assets.releases").exists());
    assert_eq!(
        site.ok(&["releases", "web"])
            .lines()
            .filter(|line| line.contains(" ago") || line.contains('*'))
            .count(),
        1
    );
    assert_eq!(site.run(&["doctor", "web"]).code, 0);
    assert_eq!(site.run(&["audit", "web"]).code, 0);
}

/// A `state` setting without the move loses no release and keeps the advice valid.
#[test]
fn setting_without_move_loses_nothing() {
    let site = site("url = \"file:htdocs/assets\"");
    site.ok(&["push"]);
    fs::write(site.path("htdocs/index.html"), "the site's own").expect("written");
    site.write("index.html", "<h1>Welcome back</h1>");
    let advice = site.run(&["push", "web"]);
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("there");
    let moved = format!("{config}state = \"file:assets.releases\"\n");
    fs::write(site.path("assetsync.toml"), moved).expect("written");
    assert_eq!(
        site.run(&["push", "web"]).code,
        3,
        "its releases are elsewhere"
    );
    fs::write(site.path("assetsync.toml"), config).expect("written");
    follow(&site, &advice.stderr);
    site.ok(&["push", "web"]);
    assert_eq!(site.run(&["doctor", "web"]).code, 0);
}

/// A first push below the top of a site needs a place for its releases.
#[test]
fn first_push_below_site_needs_state() {
    let site = site("url = \"file:srv/site/art\"\npublic_url = \"https://hunt.example/2031/art/\"");
    let run = site.run(&["push", "web"]);
    refused(
        &run,
        &[
            "`public_url` has the path `/2031/art/`",
            "`state = \"file:art.releases\"`",
        ],
    );
    assert!(
        !run.stderr.contains("`mv "),
        "there's nothing to move: {run}"
    );
    assert!(!site.path("srv").exists(), "nothing was written");
    site.ok(&["push", "web", "--allow-exposed"]);
    let run = site.run(&["push", "web", "--verify", "full"]);
    refused(&run, &["`public_url` has the path `/2031/art/`"]);
    site.ok(&["push", "web", "--verify", "full", "--allow-exposed"]);
}

/// A folder that is the whole site keeps its releases beside it.
#[test]
fn whole_site_keeps_releases_beside_it() {
    let site = site("url = \"file:htdocs\"\npublic_url = \"https://hunt.example/\"");
    site.ok(&["push", "web"]);
    assert!(site.path("htdocs.releases/root.json").exists());
    assert!(!site.path("index.html").exists());
}

/// A state inside the site is refused, and one outside of it is accepted.
#[test]
fn state_inside_the_site_is_refused() {
    let inside = site("url = \"file:htdocs/live\"\nstate = \"file:htdocs/private\"");
    fs::create_dir(inside.path("htdocs")).expect("made");
    fs::write(inside.path("htdocs/index.html"), "<h1>The site</h1>").expect("written");
    refused(
        &inside.run(&["push", "web"]),
        &["htdocs/index.html", "htdocs/private"],
    );
    let outside = site(
        "url = \"file:htdocs/live\"\nstate = \"file:private\"\npublic_url = \"https://hunt.example/live/\"",
    );
    fs::create_dir(outside.path("htdocs")).expect("made");
    fs::write(outside.path("htdocs/index.html"), "<h1>The site</h1>").expect("written");
    outside.ok(&["push", "web"]);
}

/// Python's own server, which shows all that is in a folder.
struct Server(Child, u16);

impl Server {
    fn of(folder: &Path) -> Server {
        let mut process = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "-d"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python runs");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says its port");
        let port = line.split(' ').skip_while(|word| *word != "port").nth(1);
        let port = port.and_then(|port| port.parse().ok()).expect("a port");
        Server(process, port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it was running");
        self.0.wait().expect("it ended");
    }
}

/// Doctor asks the server for the releases at the public URL and above it.
#[test]
fn doctor_probes_public_url_for_releases() {
    let site = site("");
    fs::create_dir_all(site.path("www/2031")).expect("made");
    let server = Server::of(&site.path("www"));
    let target = |state: &str| {
        let config = format!(
            "key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{PLAIN}[target.web]\nurl = \"file:www/2031/live\"\nstate = \"{state}\"\n\
             public_url = \"http://127.0.0.1:{}/2031/live/\"\n",
            server.1
        );
        fs::write(site.path("assetsync.toml"), config).expect("written");
    };
    for (state, url) in [
        ("file:www/2031/kept", "/2031/kept/`"),
        ("file:www/kept/web", "/kept/web/`"),
    ] {
        target(state);
        let run = site.run(&["doctor", "web"]);
        assert_eq!(run.code, 3, "{run}");
        assert!(
            run.stdout
                .contains("strangers can read the releases at `http://127.0.0.1:"),
            "{run}"
        );
        assert!(run.stdout.contains(url), "{url}: {run}");
    }
    target("file:kept");
    let run = site.run(&["doctor", "web"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stdout.contains("strangers can't read the releases"),
        "{run}"
    );
    site.ok(&["push", "web"]);
}

/// `init` puts the releases outside of the folder that a web server shows.
#[test]
fn init_places_releases_outside_web_root() {
    let site = Site::bare().file("index.html", "<h1>Hunt</h1>");
    let of_hunt = ["--from", "assets", "--key-file", "hunt.key"];
    let to = [
        "--to",
        "file:htdocs/2031",
        "--public-url",
        "https://hunt.example/2031/",
    ];
    site.ok(&[&["init"][..], &of_hunt, &to].concat());
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("there");
    assert!(
        config.contains("\nstate = \"file:2031.releases\""),
        "{config}"
    );
    let ignored = fs::read_to_string(site.path(".gitignore")).expect("there");
    assert!(ignored.contains("\n/*.releases/\n"), "{ignored}");
    site.ok(&["push"]);
    assert!(site.path("2031.releases/root.json").exists());
    fs::remove_file(site.path("assetsync.toml")).expect("gone");
    site.ok(&[&["init"][..], &of_hunt].concat());
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("there");
    assert!(
        config.contains("url = \"file:out/bucket\"\nstate = \"file:bucket.releases\""),
        "{config}"
    );
    site.ok(&["push"]);
    assert!(!site.path("out/bucket.releases").exists());
}
