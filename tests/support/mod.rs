//! What stories are made of: a [`Site`] on disk, the real program, and real servers.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod buckets;
pub mod clock;
pub mod faults;
pub mod gcs;
pub mod hunt;
pub mod library;
pub mod line;
pub mod media;
pub mod memory;
pub mod packing;
pub mod proxy;
pub mod s3;
pub mod s3_server;
pub mod schemas;
pub mod serving;
pub mod terminal;
pub mod web;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use tempfile::TempDir;

/// Makes sure that a guard refused it, in these words among others.
#[track_caller]
pub fn refused(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 3, "{run}");
    for words in words {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
}

/// The secret of most stories. Its id is in the snapshots.
pub const KEY: &str = "an example secret, of more than thirty-two bytes";

/// A folder with a tree to publish (`assets/`), a key, and perhaps a configuration. Gone with the
/// story.
pub struct Site {
    folder: TempDir,
    /// What the program remembers between runs.
    cache: TempDir,
}

impl Site {
    /// No files yet, and no configuration.
    pub fn bare() -> Site {
        let site = Site {
            folder: tempfile::tempdir().expect("a temporary folder"),
            cache: tempfile::tempdir().expect("a temporary folder"),
        };
        fs::create_dir(site.path("assets")).expect("a folder");
        site.private("hunt.key", KEY)
    }

    /// No files yet; a configuration that publishes `assets/` to the folder `out`.
    pub fn new() -> Site {
        Site::bare().config("[target.local]\nurl = \"file:out\"\n")
    }

    /// `assetsync.toml` with the usual key and source, and `more` behind.
    pub fn config(self, more: &str) -> Site {
        let text = format!("key_file = \"hunt.key\"\n\n[[source]]\ndir = \"assets\"\n\n{more}");
        self.raw_config(&text)
    }

    /// `assetsync.toml`, all of it.
    pub fn raw_config(self, text: &str) -> Site {
        fs::write(self.path("assetsync.toml"), text).expect("written");
        self
    }

    /// Adds lines to the end of the configuration.
    pub fn add_config(&self, lines: &str) {
        let file = self.path("assetsync.toml");
        let text = fs::read_to_string(&file).expect("a configuration");
        fs::write(file, text + lines).expect("written");
    }

    /// A file of the tree.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Site {
        self.write(path, content);
        self
    }

    /// A file of the tree, written now.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.asset(path);
        fs::create_dir_all(file.parent().expect("it's in the folder")).expect("a folder");
        fs::write(file, content).expect("written");
    }

    /// A file beside the tree that only its owner can read.
    pub fn private(self, name: &str, content: &str) -> Site {
        let file = self.path(name);
        fs::write(&file, content).expect("written");
        set_mode(&file, 0o600);
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn asset(&self, path: &str) -> PathBuf {
        self.path("assets").join(path)
    }

    /// The program, to be run in this folder with nothing in its environment but what a story adds.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assetsync"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        command
            .env("HOME", self.folder.path())
            .env("ASSETSYNC_CACHE_DIR", self.cache.path())
            .env("PATH", "/usr/bin:/bin")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// The program, run by another one: `["timeout", "20"]`.
    pub fn command_under(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        let program = self.command(arguments);
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(program.get_program())
            .args(program.get_args())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::null());
        command
    }

    /// Runs the program as somebody whom permissions stop: root can read everything, and gives that
    /// up.
    pub fn run_as_anybody(&self, arguments: &[&str]) -> Run {
        use std::os::unix::fs::MetadataExt;
        let is_root = fs::metadata(self.path("hunt.key"))
            .expect("it's there")
            .uid()
            == 0;
        let mut command = if is_root {
            let without = "--bounding-set=-dac_override,-dac_read_search";
            self.command_under(&["setpriv", without], arguments)
        } else {
            self.command(arguments)
        };
        Run::of(&mut command, self.folder.path())
    }

    /// Runs the program with these environment variables.
    pub fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        Run::of(
            command.envs(environment.iter().copied()),
            self.folder.path(),
        )
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments), self.folder.path())
    }

    /// Runs the program, which must end well; returns its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}\n{run}");
        run.stdout
    }

    /// Every file below `folder`, by path, without assetsync's own.
    pub fn published(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(folder);
        if !root.exists() {
            return BTreeMap::new();
        }
        let files = walkdir::WalkDir::new(&root)
            .into_iter()
            .map(|entry| entry.expect("readable"));
        files
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let key = entry
                    .path()
                    .strip_prefix(&root)
                    .expect("below")
                    .to_str()
                    .expect("UTF-8")
                    .to_string();
                (key, fs::read(entry.path()).expect("readable"))
            })
            .filter(|(key, _)| !key.starts_with(".assetsync/"))
            .collect()
    }
}

#[cfg(unix)]
pub fn set_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

/// So many random cases, or as many as PROPTEST_CASES says, for a long run by hand.
pub fn rounds(cases: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let asked = asked.map(|text| text.parse().expect("PROPTEST_CASES is a number"));
    proptest::test_runner::Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        ..Default::default()
    }
}

/// What the program printed, and how it ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs `command`; the temporary `folder` is called `[folder]` in its output.
    pub fn of(command: &mut Command, folder: &Path) -> Run {
        let output = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("output is UTF-8");
            text.replace(folder.to_str().expect("UTF-8"), "[folder]")
        };
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        schemas::check(&run.stdout, &run.stderr);
        run
    }
}

impl Run {
    /// The lines of configuration that were printed as advice.
    pub fn config_lines(&self) -> String {
        let lines = self.stderr.lines();
        let lines = lines.filter_map(|line| line.strip_prefix("        "));
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// What was said of a mistake, without the line that a push adds to each: visitors see what
    /// they saw.
    pub fn told(&self) -> String {
        self.stderr.replace("what visitors see is unchanged\n", "")
    }
}

/// As snapshots have it.
impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit code: {}\n--- stdout\n{}--- stderr\n{}",
            self.code,
            without_ids(&self.stdout),
            without_ids(&self.stderr)
        )
    }
}

/// Releases are called by the time they are made.
fn without_ids(text: &str) -> String {
    let id = regex::Regex::new(r"\b\d{8}-\d{6}-[a-z2-7]{6}\b").expect("a pattern");
    id.replace_all(text, "[release]").into_owned()
}

/// An environment variable that `tests/run` sets.
pub fn from_test_command(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} isn't set: this story needs a server; run `tests/run`, which installs and starts it")
    })
}

pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut content)
        .expect("valid gzip");
    content
}
