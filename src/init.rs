//! Files that `assetsync init` writes: a commented configuration, a fresh key, lines for
//! `.gitignore`, and a CORS policy. The policy is an example. Never overwrites a file. Says which
//! commands publish the project.

mod project;
mod server;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::project::Project;
pub use self::server::Server;
use crate::base::error::{Error, Result};
use crate::base::name::{KeyId, Secret};
use crate::base::problem::ProblemKind;
use crate::base::progress::Progress;
use crate::base::strength::Weakness;
use crate::config::{CONFIG_FILE, Config, Overrides, Place, Wanted};
use crate::naming::{self, build};
pub use crate::rules::maker::Maker;
use crate::store::documents::BESIDE;
use crate::tree::{Tree, walk};

/// The sample policies of this repository.
const CORS: [(&str, &str); 2] = [
    ("gcs.json", include_str!("../cors/gcs.json")),
    ("s3.json", include_str!("../cors/s3.json")),
];

/// Files that [`init`] wrote.
#[derive(Debug)]
pub struct Written {
    /// New files, as relative paths.
    pub files: Vec<String>,
    /// Files that were there and stay as they are.
    pub kept: Vec<String>,
    /// The id of the key.
    pub key_id: KeyId,
    /// Buckets that have to be there first, as URLs.
    pub buckets: Vec<String>,
    /// Files have to be put here first, if it's still empty.
    pub empty_source: Option<String>,
    /// True if a bundler made the files, so that there are rules for these.
    pub is_bundled: bool,
    /// Commands that publish the project, in order, and what each does.
    pub next: Vec<(String, &'static str)>,
}

/// Sets up a project in `folder`, which is the current one. `overrides` may name a source, a key
/// and a target. The configuration has the rules that files of `maker` need; without one, those
/// that the files which are there need. It has the prefix by which these name each other.
///
/// # Errors
/// There's a configuration already, a setting can't be used, or something can't be written.
pub fn init(folder: &Path, overrides: &Overrides, maker: Option<Maker>) -> Result<Written> {
    let config = folder.join(CONFIG_FILE);
    refuse_second(&config)?;
    let project = Project::new(overrides, maker.is_some())?;
    let mut written = Setup::new(folder);
    let secret = written.key(&project.key_file)?;
    refuse_weak(&secret, &project.key_file)?;
    written.ignore(&ignored(&project))?;
    for (name, policy) in CORS {
        written.create(&format!("cors/{name}"), policy)?;
    }
    let source = written.source(&project.source)?;
    let is_site = source.join("index.html").exists();
    let usual = match maker {
        Some(maker) => maker.prefix(),
        None => is_site.then_some("/"),
    };
    let of_files = prefix_of_files(&config, &project.text(secret.id(), "", None), &secret)?;
    let prefix = of_files.as_deref().or(usual);
    let plain = project.text(secret.id(), "", prefix);
    let found = match maker {
        Some(_) => None,
        None => rules_of_bundler(&config, &plain, &secret)?,
    };
    let rules = rules(maker, found.as_deref());
    written.create(CONFIG_FILE, &project.text(secret.id(), &rules, prefix))?;
    let is_empty = fs::read_dir(&source).is_ok_and(|mut files| files.next().is_none());
    Ok(Written {
        files: written.files,
        kept: written.kept,
        key_id: secret.id(),
        buckets: buckets(&project),
        empty_source: is_empty.then(|| project.source.clone()),
        is_bundled: found.is_some(),
        next: next(&project),
    })
}

fn refuse_second(config: &Path) -> Result<()> {
    if config.exists() {
        let message = format!("`{CONFIG_FILE}` already exists, and `init` never overwrites files");
        let hint = "edit it, or choose another folder with `-C DIR`";
        Err(Error::usage(message, hint))
    } else {
        Ok(())
    }
}

/// Refuses a key that can be guessed: with `key_id`, the configuration would say that it's meant.
fn refuse_weak(secret: &Secret, key_file: &str) -> Result<()> {
    let Some(weakness) = Weakness::of(secret.bytes()) else {
        return Ok(());
    };
    let message = format!(
        "The key in `{key_file}` can be guessed: it {}",
        weakness.found()
    );
    Err(Error::usage(
        message,
        "create another with `assetsync key new new.key` and pass `--key-file new.key`. \
         If files are already published with this key, write the configuration by hand",
    ))
}

/// Rules for the files of `maker`, or, without one, those that were found for a bundler's.
fn rules(maker: Option<Maker>, found: Option<&str>) -> String {
    match (maker, found) {
        (Some(maker), _) => maker.rules().to_string(),
        (None, Some(rules)) => format!(
            "\n# A bundler made these files, and its scripts request them by these names.\n{rules}\n"
        ),
        (None, None) => String::new(),
    }
}

/// Returns the prefix by which files that are there already name each other: that of the address
/// that they were built for.
fn prefix_of_files(config: &Path, text: &str, secret: &Secret) -> Result<Option<String>> {
    let tree = tree(config, text)?;
    Ok(naming::prefix(&tree, secret, &Progress::new()))
}

/// Returns the rules that a push with the configuration `text` would suggest. Other problems of the
/// files are left to the push.
fn rules_of_bundler(config: &Path, text: &str, secret: &Secret) -> Result<Option<String>> {
    let tree = tree(config, text)?;
    let Err(Error::Tree { problems, .. }) = build(&tree, secret, &Progress::new()) else {
        return Ok(None);
    };
    let mut problems = problems.into_iter();
    let bundled = problems.find(|problem| problem.kind == ProblemKind::Bundled);
    let addition = bundled.and_then(|problem| problem.mended_by);
    Ok(addition.map(|addition| addition.lines))
}

/// Returns the tree of the configuration `text`, which isn't written yet.
fn tree(config: &Path, text: &str) -> Result<Tree> {
    let config = Config::parse(config, text, &Overrides::new(), Wanted::NoTarget)?;
    Ok(walk(&config.sources, &config.rules))
}

/// Returns the paths that must not be in git: the key, what is published locally, and what names
/// every object.
fn ignored(project: &Project) -> Vec<String> {
    let local = project.local_url().trim_start_matches("file:");
    let state = match project.local_state() {
        Some(state) => state.strip_prefix("file:").map(str::to_string),
        None => Some(format!("{local}{BESIDE}")),
    };
    // Also beside folders that somebody publishes to by `--to`.
    let beside = format!("*{BESIDE}/");
    let is_beside = |place: &String| place.ends_with(BESIDE) && !place.contains('/');
    let state = state.filter(|place| !is_beside(place));
    let published = match local {
        "out/bucket" => "out/".to_string(),
        local => format!("{local}/"),
    };
    let state = state.map(|place| format!("{place}/"));
    let folders = [published, beside].into_iter().chain(state);
    let all = [project.key_file.clone()]
        .into_iter()
        .chain(folders)
        .chain(["staticfiles.json".to_string()]);
    // Other paths aren't in this checkout.
    let is_here = |path: &String| !path.starts_with(['/', '.']) && !path.contains("..");
    all.filter(is_here).map(|path| format!("/{path}")).collect()
}

fn buckets(project: &Project) -> Vec<String> {
    let Some(target) = project.bucket() else {
        return Vec::new();
    };
    let bucket = |place: &Place| Some(place.bucket()?.root());
    let mut buckets: Vec<String> = [Some(&target.place), target.state.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(bucket)
        .collect();
    buckets.dedup();
    buckets
}

fn next(project: &Project) -> Vec<(String, &'static str)> {
    let name = project.target_name();
    let of_a_bucket = [
        (
            "access apply",
            " --unblock",
            "makes files public but not listable; shows the changes and asks first",
        ),
        (
            "cors apply",
            "",
            "lets pages on other hosts load fonts, modules and data",
        ),
        (
            "doctor",
            "",
            "checks the bucket and what the public can do with it",
        ),
    ];
    let of_all = [
        ("diff", "", "shows what a push would do"),
        ("push", "", "publishes"),
    ];
    let of_a_bucket = of_a_bucket
        .into_iter()
        .filter(|_| project.bucket().is_some());
    of_a_bucket
        .chain(of_all)
        .map(|(verb, flag, what)| (format!("assetsync {verb} {name}{flag}"), what))
        .collect()
}

fn append(file: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .and_then(|mut f| f.write_all(text.as_bytes()))
        .map_err(|e| Error::io("write", file, e))
}

struct Setup<'a> {
    folder: &'a Path,
    files: Vec<String>,
    kept: Vec<String>,
}

impl Setup<'_> {
    fn new(folder: &Path) -> Setup<'_> {
        Setup {
            folder,
            files: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The folder of the files, which is made if it isn't there.
    fn source(&mut self, name: &str) -> Result<PathBuf> {
        let source = self.folder.join(name);
        if !source.exists() {
            fs::create_dir(&source).map_err(|e| Error::io("create the folder", &source, e))?;
            self.files.push(format!("{name}/"));
        }
        Ok(source)
    }

    /// The key in `name`, which is made if it isn't there.
    fn key(&mut self, name: &str) -> Result<Secret> {
        let key = self.folder.join(name);
        if key.exists() {
            self.kept.push(name.to_string());
            Secret::from_file(&key)
        } else {
            let secret = Secret::create_file(&key)?;
            self.files.push(name.to_string());
            Ok(secret)
        }
    }

    fn create(&mut self, name: &str, text: &str) -> Result<()> {
        let file = self.folder.join(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io("create the folder", folder, e))?;
        }
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&file)
            .and_then(|mut f| f.write_all(text.as_bytes()))
        {
            Ok(()) => self.files.push(name.to_string()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.kept.push(name.to_string()),
            Err(e) => return Err(Error::io("write", &file, e)),
        }
        Ok(())
    }

    /// Adds what is missing to `.gitignore`; the lines that are there stay.
    fn ignore(&mut self, wanted: &[String]) -> Result<()> {
        let file = self.folder.join(".gitignore");
        let old = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(Error::io("read", &file, e)),
        };
        let is_missing = |line: &&String| !old.lines().any(|l| l.trim() == line.as_str());
        let missing = wanted.iter().filter(is_missing);
        let missing: Vec<&str> = missing.map(String::as_str).collect();
        if missing.is_empty() {
            self.kept.push(".gitignore".to_string());
            return Ok(());
        }
        let newline = if old.is_empty() || old.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        append(&file, &format!("{newline}{}\n", missing.join("\n")))?;
        self.files.push(".gitignore".to_string());
        Ok(())
    }
}
