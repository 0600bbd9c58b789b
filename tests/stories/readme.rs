//! README.md, done word by word: every command of every block, in order, in one folder, on Ceph's radosgw.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;

use crate::support::s3::{Bucket, agent, received};
use crate::support::terminal::says_yes_to;
use crate::support::web::Browser;
use crate::support::{Site, from_test_command};

const README: &str = include_str!("../../README.md");

/// What isn't run here, and why.
const NOT_RUN: [(&str, &str); 2] = [
    ("tests/run", "it's what runs this story"),
    (
        "cargo install --locked --path .",
        "it builds for minutes what was built for this story",
    ),
];

/// Commands that go on until Ctrl-C: their page is looked at, and they are ended.
const SERVERS: [&str; 1] = ["python3 -m http.server"];

/// The commands of all blocks of a shell.
fn commands() -> Vec<String> {
    let blocks = README.split("```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().expect("a block ends"));
    let text = blocks.collect::<String>().replace("\\\n", " ");
    let is_command = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    text.lines()
        .filter(is_command)
        .map(str::to_string)
        .collect()
}

/// The person who reads it: an empty folder, but for the sample hunt that was cloned.
struct Reader {
    site: Site,
    assets: Bucket,
    releases: Bucket,
    port: u16,
}

impl Reader {
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
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("it has one").port();
        Reader {
            site,
            assets: Bucket::unmade("assets"),
            releases: Bucket::unmade("releases"),
            port,
        }
    }

    /// Names of buckets are everybody's, and the program was built for this test.
    fn mine(&self, line: &str) -> String {
        line.replace("cargo run --release --locked --", "assetsync")
            .replace("hunt-assets", &self.assets.name)
            .replace("hunt-releases", &self.releases.name)
            .replace("8000", &self.port.to_string())
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

    /// Looks at the front page that a server shows, with its style.
    fn look_at(&self, line: &str) {
        let setting = self.setting();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec {line}")])
            .current_dir(setting.get_current_dir().expect("it has one"))
            .envs(
                setting
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null());
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

#[test]
fn every_command_of_the_readme_does_what_it_says_in_that_order() {
    let reader = Reader::new();
    let mut told = String::new();
    let mut urls = Vec::new();
    let commands = commands();
    assert!(commands.len() > 30, "{commands:?}");
    for command in &commands {
        let bare = command.split(" #").next().expect("a part").trim();
        if NOT_RUN.iter().any(|(not_run, _)| *not_run == bare) {
            continue;
        }
        let line = reader.mine(command);
        if SERVERS.iter().any(|server| bare.starts_with(server)) {
            reader.look_at(reader.mine(bare).as_str());
            continue;
        }
        let run = says_yes_to(&line, &reader.setting());
        told += &format!("$ {line}\n{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, 0, "{told}");
        urls.extend(
            run.stdout
                .lines()
                .filter(|line| line.starts_with("http"))
                .map(str::to_string),
        );
    }
    let page = urls.first().expect("a command prints where the page is");
    assert_works(page);
    let releases = reader.releases.anonymous("/?list-type=2");
    assert_eq!(releases.status, 403, "nobody sees the releases");
    let listing = reader.assets.anonymous("/?list-type=2");
    assert_eq!(listing.status, 403, "nobody lists");
}

#[test]
fn what_of_the_readme_is_not_run_is_in_it() {
    let commands = commands();
    for (not_run, _) in NOT_RUN {
        let is_in = |command: &String| command.split(" #").next().map(str::trim) == Some(not_run);
        assert!(commands.iter().any(is_in), "{not_run}");
    }
}
