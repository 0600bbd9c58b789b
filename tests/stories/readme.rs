//! README.md and the book, done word by word: every command of every block, in order, on Ceph's
//! radosgw and in a folder. Sessions (`console`) print what the page says they print. Pages about
//! work on the program itself aren't followed.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use regex::Regex;

use crate::support::s3::{Bucket, agent, received};
use crate::support::terminal::says_yes_to;
use crate::support::web::{Browser, WebServer};
use crate::support::{Site, from_test_command};

const README: &str = include_str!("../../README.md");

/// Pages that go on where the one before ended.
const START: [&str; 3] = [
    include_str!("../../docs/src/start/site.md"),
    include_str!("../../docs/src/start/bucket.md"),
    include_str!("../../docs/src/start/ci.md"),
];

/// What isn't run here, and why.
const NOT_RUN: [(&str, &str); 3] = [
    ("assetsync man | man -l -", "a container has no pager"),
    ("tests/run", "it's what runs this story"),
    (
        "cargo install --locked --path .",
        "it builds for minutes what was built for this story",
    ),
];

/// A guide's commands that don't exit with 0, and what they exit with.
type Exits = &'static [(&'static str, i32)];

/// Guides, each done by itself. Those of hosts and palindrome-2022 have stories of their own below.
const GUIDES: [(&str, Exits); 16] = [
    ("after", &[]),
    ("bundlers", &[]),
    ("cors", &[]),
    ("django", &[]),
    ("folders", &[]),
    ("formats", &[]),
    ("leak", &[]),
    ("live", &[("assetsync push prod", 3)]),
    ("prune", &[]),
    ("repair", &[("assetsync audit prod", 3)]),
    ("rollback", &[]),
    ("rotate", &[]),
    ("scripts", &[]),
    ("servers", &[]),
    ("staging", &[]),
    ("takedown", &[]),
];

/// Pages that look at the sample hunt, with what their reader did before.
const LOOKS: [(&str, &str); 8] = [
    ("concepts/levels", PROD),
    (
        "concepts/names",
        "sed -i 's|^url = .*|&\\npublic_url = \"https://cdn.example.org/static/\"|' assetsync.toml; assetsync key new hunt.key",
    ),
    ("concepts/references", "assetsync key new hunt.key"),
    (
        "concepts/releases",
        "assetsync push local && echo '<!-- 2 -->' >> assets/index.html",
    ),
    ("concepts/verification", "assetsync push local"),
    ("reference/configuration", "assetsync key new hunt.key"),
    (
        "reference/environment",
        "printf '[target.prod]\\nurl = \"s3://my-hunt\"\\n' >> assetsync.toml; sed -i 's/= \"local\"/= \"prod\"/' assetsync.toml",
    ),
    ("reference/json", "assetsync push local"),
];

/// What the guides begin with.
const PROD: &str = r#"printf '[target.prod]\nurl = "file:out/site"\n' >> assetsync.toml; assetsync key new hunt.key"#;

/// Commands that go on until Ctrl-C: their page is looked at, and they are ended.
const SERVERS: [&str; 1] = ["python3 -m http.server"];

/// A command, and what a session says it prints; none for one of a script.
struct Step {
    command: String,
    printed: Option<Vec<String>>,
}

/// The commands of all blocks of a shell (`sh`), and of all sessions (`console`), where each begins
/// with `$ `.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block = None;
    for line in page.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(kind)) => block = Some(kind),
            (Some(_), Some(_)) => block = None,
            (Some("sh"), None) => {
                let is_command = !line.trim().is_empty() && !line.trim().starts_with('#');
                steps.extend(is_command.then(|| Step {
                    command: line.to_string(),
                    printed: None,
                }));
            }
            (Some("console"), None) => match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step {
                    command: command.to_string(),
                    printed: Some(Vec::new()),
                }),
                None => {
                    let last = steps.last_mut().expect("a command comes first");
                    let printed = last.printed.as_mut().expect("it's of a session");
                    printed.push(line.to_string());
                }
            },
            _ => {}
        }
    }
    steps
}

/// What differs from run to run: keys, times, who, where.
fn without_chance(text: &str) -> String {
    let masks = [
        ("\u{1b}\\[[0-9;]*[A-Za-z]", ""),
        ("https?://[^ /]*/", "http:///"),
        ("file://[^ ]*/", "file:///"),
        ("[0-9]{8}-[0-9]{6}-[a-z0-9]{6}", "RELEASE"),
        (
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+Z",
            "TIME",
        ),
        ("[a-z2-7]{26}", "NAME"),
        ("[0-9a-f]{16}", "KEY"),
        ("[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+", "SOMEBODY"),
        ("[0-9.]+ (B|KiB) sent", "SOME sent"),
        ("[0-9]+ requests", "SOME requests"),
    ];
    masks
        .iter()
        .fold(text.to_string(), |text, (pattern, word)| {
            let pattern = Regex::new(pattern).expect("a pattern");
            pattern.replace_all(&text, *word).into_owned()
        })
}

/// Lines that a session has and a run hasn't; `…` is for what the page leaves out, and the answer
/// is the reader's.
fn unprinted(printed: &[String], run: &str) -> Vec<String> {
    let run = without_chance(run);
    let shown = |line: &&String| {
        let line = line.trim_end_matches('…').trim_end_matches("[y/N] y");
        run.contains(without_chance(line).trim_end())
    };
    printed
        .iter()
        .filter(|line| !shown(line))
        .cloned()
        .collect()
}

/// The person who reads it: an empty folder, but for the sample hunt that was cloned.
struct Reader {
    site: Site,
    assets: Bucket,
    releases: Bucket,
    port: u16,
    place: Place,
}

/// Where a guide is followed: in the folder that it names, or in buckets instead.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Folder,
    Radosgw,
}

/// Commands that look at a published folder or change it by hand, and the same for a bucket.
const BY_HAND: [(&str, &str); 6] = [
    ("chgrp -R www-data out/site.releases", "true"),
    (
        "find out/site.releases -type d -exec chmod 2750 {} +",
        "true",
    ),
    (
        "find out/site.releases -type f ! -name lock -exec chmod 640 {} +",
        "true",
    ),
    (
        "cat out/site/index.html",
        "aws s3 cp --quiet s3://my-hunt/index.html -",
    ),
    (
        "rm out/site/*.css",
        "aws s3 rm --quiet --recursive --exclude '*' --include '*.css' s3://my-hunt",
    ),
    (
        "sed -i s/lamp/LAMP/ out/site/index.html",
        "echo LAMP | aws s3 cp --quiet - s3://my-hunt/index.html",
    ),
];

impl Reader {
    /// In an empty folder; the buckets aren't made yet.
    fn new() -> Reader {
        let site = Site::bare();
        fs::remove_dir(site.path("assets")).expect("it's empty");
        fs::remove_file(site.path("hunt.key")).expect("it's there");
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hunt");
        fs::create_dir_all(site.path("examples/hunt")).expect("a folder");
        let copied = Command::new("cp")
            .arg("-r")
            .args([sample.join("assets"), sample.join("assetsync.toml")])
            .arg(site.path("examples/hunt"))
            .status();
        assert!(copied.expect("cp starts").success());
        let django = "examples/django/release_storage.py";
        fs::create_dir_all(site.path("examples/django")).expect("a folder");
        fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(django),
            site.path(django),
        )
        .expect("copied");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("it has one").port();
        Reader {
            site,
            assets: Bucket::unmade("assets"),
            releases: Bucket::unmade("releases"),
            port,
            place: Place::Folder,
        }
    }

    /// Whoever has two buckets, and follows a guide with these.
    fn with_buckets() -> Reader {
        let reader = Reader {
            place: Place::Radosgw,
            ..Reader::new()
        };
        reader.make_buckets();
        reader
    }

    /// Names of buckets are everybody's, and the program was built for this test.
    fn mine(&self, line: &str) -> String {
        let line = match self.place {
            Place::Folder => line.to_string(),
            Place::Radosgw => {
                let by_hand = BY_HAND.iter().find(|(in_folder, _)| *in_folder == line);
                by_hand.map_or(line, |(_, in_bucket)| in_bucket).replace(
                    "\"file:out/site\"",
                    "\"s3://my-hunt\"\\nstate = \"s3://my-hunt-releases/prod\"",
                )
            }
        };
        let line = match self.place {
            Place::Folder => line,
            Place::Radosgw => line.replace(
                "--to file:out/site",
                "--to s3://my-hunt --state s3://my-hunt-releases/prod",
            ),
        };
        line.replace("cargo run --release --locked --", "assetsync")
            .replace("s3://my-hunt-releases", &self.releases.url())
            .replace("s3://my-hunt", &self.assets.url())
            .replace("hunt-assets", &self.assets.name)
            .replace("hunt-releases", &self.releases.name)
            .replace("8000", &self.port.to_string())
            .replace("www-data", "\"$(id -gn)\"")
    }

    /// A command with all that a person has set up: programs, credentials, the secret of a CI.
    fn setting(&self) -> Command {
        let folder = |program: &str| {
            let folder = Path::new(program).parent().expect("it's in a folder");
            folder.display().to_string()
        };
        let aws = from_test_command("ASSETSYNC_TEST_AWS");
        let path = [
            folder(env!("CARGO_BIN_EXE_assetsync")),
            folder(&aws),
            "/usr/bin:/bin".to_string(),
        ];
        let mut command = self.assets.command(&self.site, &[]);
        command
            .env("PATH", path.join(":"))
            .env("AWS_ENDPOINT_URL", &self.assets.endpoint)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
            .env("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
            .env("no_proxy", "127.0.0.1");
        if let Ok(key) = fs::read(self.site.path("hunt.key")) {
            let secret = base64::engine::general_purpose::STANDARD.encode(key);
            command.env("HUNT_KEY", secret);
        }
        command
    }

    /// A shell that runs this, without a terminal.
    fn shell(&self, line: &str) -> Command {
        let setting = self.setting();
        let set = setting.get_envs();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            // A CI's own variables hide what hidden files are called.
            .env_clear()
            .current_dir(setting.get_current_dir().expect("it has one"))
            .envs(set.filter_map(|(name, value)| Some((name, value?))));
        shell
    }

    /// Runs this, and returns what it prints.
    fn printed(&self, line: &str) -> String {
        let run = self.shell(line).output().expect("it runs");
        assert!(run.status.success(), "{line}: {run:?}");
        String::from_utf8(run.stdout).expect("text")
    }

    /// Begins with a copy of the sample hunt, and these commands.
    fn begin(&self, commands: &str) {
        self.printed(&format!("cp -r examples/hunt/. . && {commands}"));
    }

    fn make_buckets(&self) {
        for bucket in [&self.assets, &self.releases] {
            self.printed(&format!("aws s3 mb {}", bucket.url()));
        }
    }

    /// Looks at the front page that a server shows, with its style.
    fn look_at(&self, line: &str) {
        let mut shell = self.shell(&format!("exec {line}"));
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = shell.spawn().expect("it starts");
        let url = format!("http://127.0.0.1:{}/", self.port);
        let until = Instant::now() + Duration::from_secs(20);
        while received(agent().get(&url).call()).is_err() {
            assert!(Instant::now() < until, "{line} doesn't answer");
            sleep(Duration::from_millis(50));
        }
        assert_works(&url);
        server.kill().expect("it's there");
        server.wait().expect("it ends");
    }
}

/// The page that README makes, in a browser.
fn assert_works(url: &str) {
    let browser = Browser::start();
    let mut errors = browser.open(url);
    // Nobody made one.
    errors.retain(|error| !error.contains("/favicon.ico"));
    assert_eq!(errors, Vec::<String>::new(), "{url}");
    let heading = "document.querySelector('h1')";
    assert_eq!(browser.value(&format!("{heading}.textContent")), "It works");
    let color = browser.value(&format!("getComputedStyle({heading}).color"));
    assert_eq!(color, "rgb(0, 128, 0)", "{url} has its style");
}

/// Does what a page says, and returns what was printed.
fn follow(reader: &Reader, page: &str) -> String {
    let mut told = String::new();
    for Step { command, printed } in steps(page) {
        let bare = command.split(" #").next().expect("a part").trim();
        if NOT_RUN.iter().any(|(not_run, _)| *not_run == bare) {
            continue;
        }
        if SERVERS.iter().any(|server| bare.starts_with(server)) {
            reader.look_at(reader.mine(bare).as_str());
            continue;
        }
        let line = reader.mine(&command);
        let run = says_yes_to(&line, &reader.setting());
        let output = format!("{}{}", run.stdout, run.stderr);
        told += &format!("$ {line}\n{output}");
        let printed: Vec<String> = printed.unwrap_or_default();
        let printed: Vec<String> = printed.iter().map(|line| reader.mine(line)).collect();
        let fails = printed.iter().any(|line| line.starts_with("error:"));
        assert_eq!(run.code != 0, fails, "{told}");
        let unprinted = unprinted(&printed, &output);
        assert_eq!(unprinted, [""; 0], "not printed\n{told}");
    }
    told
}

/// Every command of the README prints what it says, in that order.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn readme_commands_print_documented_output() {
    assert!(steps(README).len() > 10, "README.md");
    follow(&Reader::new(), README);
}

/// Every command of the first pages prints what they say, in that order.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn first_pages_print_documented_output() {
    let reader = Reader::new();
    assert!(START.iter().flat_map(|page| steps(page)).count() > 40);
    let told: String = START.iter().map(|page| follow(&reader, page)).collect();
    let mut urls = told.lines().filter(|line| line.starts_with("http"));
    assert_works(urls.next().expect("a command prints where the page is"));
    let releases = reader.releases.anonymous("/?list-type=2");
    assert_eq!(releases.status, 403, "nobody sees the releases");
    let listing = reader.assets.anonymous("/?list-type=2");
    assert_eq!(listing.status, 403, "nobody lists");
}

/// Does what a guide says in one shell, and returns the commands that failed.
fn follow_guide(reader: &Reader, page: &str) -> (Vec<(String, i32)>, String) {
    let (mut kept, mut failed, mut told) = (String::new(), Vec::new(), String::new());
    for Step { command, .. } in steps(page) {
        let line = reader.mine(&command);
        let run = says_yes_to(&format!("{kept}{line}"), &reader.setting());
        told += &format!("$ {line}\n{}{}", run.stdout, run.stderr);
        if run.code != 0 {
            failed.push((command.clone(), run.code));
        }
        if reader.place == Place::Radosgw && line.contains(&reader.assets.url()) {
            // Whoever has a new project makes the key first.
            let key = "ls *.key >/dev/null 2>&1 || assetsync key new hunt.key";
            let open = format!("{kept}{{ {key}; }} && assetsync access apply prod --yes");
            reader.printed(&open);
        }
        match line.split_once('=') {
            _ if line.starts_with("cd ") => kept += &format!("{line} && "),
            Some((name, _)) if name.chars().all(|c| c.is_ascii_lowercase()) => {
                let value = reader.printed(&format!("{kept}{line}; printf %s \"${name}\""));
                kept += &format!("{name}='{value}' && ");
            }
            _ => {}
        }
    }
    (failed, told)
}

/// Follows the guides that are meant, each by a reader of its own.
fn follow_guides(reader: impl Fn(&str) -> Reader, is_meant: impl Fn(&str, &str) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/guides");
    for (name, expected) in GUIDES {
        let page = fs::read_to_string(folder.join(format!("{name}.md"))).expect("a page");
        assert!(steps(&page).len() > 4, "{name}");
        if !is_meant(name, &page) {
            continue;
        }
        let (failed, told) = follow_guide(&reader(&page), &page);
        let failed: Vec<(&str, i32)> = failed.iter().map(|(line, code)| (&**line, *code)).collect();
        assert_eq!(failed, expected, "{name}\n{told}");
    }
}

fn needs_buckets(page: &str) -> bool {
    page.contains("This page needs two buckets")
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn guides_work_in_a_folder() {
    follow_guides(|_| Reader::new(), |_, page| !needs_buckets(page));
}

/// All but the guide to web servers, which is about folders alone.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn guides_work_on_radosgw() {
    let reader = |page: &str| {
        if needs_buckets(page) {
            Reader {
                place: Place::Folder,
                ..Reader::with_buckets()
            }
        } else {
            Reader::with_buckets()
        }
    };
    follow_guides(reader, |name, _| name != "servers");
}

/// Every page that looks at the sample hunt prints what it says.
fn look_through(reader: impl Fn() -> Reader) {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src");
    for (name, before) in LOOKS {
        let page = fs::read_to_string(book.join(format!("{name}.md"))).expect("a page");
        assert!(!steps(&page).is_empty(), "{name}");
        let reader = reader();
        reader.begin("true");
        let is_local = reader.place == Place::Radosgw && !before.contains("target.prod");
        if is_local {
            let moved = "sed -i 's|file:out/bucket|s3://my-hunt|; s|file:out-releases|s3://my-hunt-releases/local|' assetsync.toml";
            reader.printed(&reader.mine(moved));
        }
        reader.printed(&reader.mine(before));
        if is_local {
            reader.printed("assetsync access apply local --yes");
        }
        follow(&reader, &page);
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn concepts_show_what_is_printed() {
    look_through(Reader::new);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn concepts_show_what_radosgw_prints() {
    look_through(Reader::with_buckets);
}

/// The program is installed already: the rest of that page works.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn installed_program_does_what_is_said() {
    let page = include_str!("../../docs/src/start/install.md");
    assert!(steps(page).len() > 5);
    follow(&Reader::new(), page);
}

/// The first block of TOML of a page.
fn configured(page: &str) -> &str {
    let (_, rest) = page.split_once("```toml\n").expect("a block");
    rest.split_once("```").expect("its end").0
}

/// The target of the guide to hosts, behind a host that shows error pages.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn guide_to_hosts_works_on_radosgw() {
    let page = include_str!("../../docs/src/guides/hosts.md");
    let reader = Reader::with_buckets();
    let bucket = format!("{}/{}/", reader.assets.endpoint, reader.assets.name);
    let server = WebServer::with_error_page(bucket, "404.html");
    reader.begin("assetsync key new hunt.key");
    let target = reader.mine(configured(page));
    let target = target.replace("https://hunt.example.org/", &server.url);
    reader.site.add_config(&target);
    reader.printed("assetsync access apply prod --yes");
    let (failed, told) = follow_guide(&reader, page);
    assert_eq!((failed, steps(page).len()), (Vec::new(), 3), "{told}");
    let asked = server.asked();
    let mut folders = asked.iter().filter(|(path, _)| path.ends_with('/'));
    assert!(folders.any(|(_, status)| *status == 200), "{asked:?}");
}

/// The configuration of the guide to names of 2022, with the folders that it names.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn guide_to_palindrome_names_works() {
    let page = include_str!("../../docs/src/guides/palindrome-2022.md");
    for reader in [Reader::new(), Reader::with_buckets()] {
        let url = |ours: &str| match reader.place {
            Place::Folder => format!("file:out/{}", ours.replace('/', ".")),
            Place::Radosgw => reader.mine(&format!("s3://my-{ours}")),
        };
        let text = configured(page)
            .replace("gs://hunt-assets", &url("hunt"))
            .replace("gs://hunt-releases/prod", &url("hunt-releases/prod"));
        fs::write(reader.site.path("assetsync.toml"), text).expect("written");
        for (file, content) in [
            (
                "hunt/data/puzzle/gears/index.html",
                "<script src=\"/static/chunks/chunk-4f2a9c1b.js\"></script>",
            ),
            ("hunt/data/puzzle/gears/solution/teeth.png", "teeth"),
            ("hunt/data/puzzle/gears/posthunt/index.html", "<p>over"),
            ("hunt/data/round/harbor/posthunt/index.html", "<p>over, too"),
            (
                "client/dist/chunks/chunk-4f2a9c1b.js",
                "const other = \"/chunks/chunk-4f2a9c1b.js\";",
            ),
            ("static_root/admin.css", "p { color: red }"),
        ] {
            let path = reader.site.path(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, content).expect("written");
        }
        reader.printed("assetsync key new hunt.key");
        if reader.place == Place::Radosgw {
            reader.printed("assetsync access apply prod --yes");
        }
        let (failed, told) = follow_guide(&reader, page);
        assert_eq!((failed, steps(page).len()), (Vec::new(), 2), "{told}");
        assert!(told.contains("puzzle/gears/index.html"), "{told}");
    }
}

/// Every command that is not run is in the README.
#[test]
fn skipped_commands_are_in_the_readme() {
    let install = include_str!("../../docs/src/start/install.md");
    let steps: Vec<Step> = [README, install].into_iter().flat_map(steps).collect();
    for (not_run, _) in NOT_RUN {
        let is_in = |step: &Step| step.command.split(" #").next().map(str::trim) == Some(not_run);
        assert!(steps.iter().any(is_in), "{not_run}");
    }
}
