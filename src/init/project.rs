//! The project that flags and environment describe, and its configuration as text.

use crate::cors::Cloud;
use std::fs;
use std::io;
use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::name::KeyId;
use crate::config::{Config, INDEX, Origin, Overrides, Target, Wanted};

use crate::rules::maker::TEMPLATE;
const KEY_FILE: &str = "assetsync.key";
const SOURCE: &str = "assets";
const LOCAL: &str = "file:out/bucket";

/// Settings of a target, which mean nothing without its URL.
const OF_A_TARGET: [(&str, &str); 8] = [
    ("state", "--state"),
    ("public_url", "--public-url"),
    ("access", "--access"),
    ("endpoint", "--endpoint"),
    ("region", "--region"),
    ("addressing", "--addressing"),
    ("index", "--index"),
    ("not_found", "--not-found"),
];

/// Values of a new configuration. All of them have been checked.
pub(super) struct Project {
    pub key_file: String,
    pub source: String,
    /// Nothing, if no target was named.
    pub target: Option<Target>,
    /// Its settings as they were given, by name.
    given: Overrides,
}

impl Project {
    /// Checks what was given as every command does, before there is a configuration. The source may
    /// be missing if `is_built_later`.
    ///
    /// # Errors
    /// A setting can't be used, or the releases would be where strangers can read.
    pub(super) fn new(overrides: &Overrides, is_built_later: bool) -> Result<Project> {
        let mut given = overrides.clone();
        // The new target has a name of its own.
        given.remove("target");
        let or = |setting: &str, usual: &str| match given.get(setting) {
            Some((value, _)) => value.clone(),
            None => usual.to_string(),
        };
        let (key_file, source) = (or("key_file", KEY_FILE), or("from", SOURCE));
        if !given.contains_key("to") {
            refuse_without_url(&given)?;
            if !is_built_later {
                refuse_missing_source(&given, &source)?;
            }
            return Ok(Project {
                key_file,
                source,
                target: None,
                given: Overrides::new(),
            });
        }
        let target = check(&given, &key_file, &source, is_built_later)?;
        refuse_open_releases(&target)?;
        Ok(Project {
            key_file,
            source,
            target: Some(target),
            given,
        })
    }

    /// Returns the name of the target: visitors see `prod`.
    pub(super) fn target_name(&self) -> &'static str {
        match self.bucket() {
            Some(_) => "prod",
            None => "local",
        }
    }

    /// The target, if it's a bucket.
    pub(super) fn bucket(&self) -> Option<&Target> {
        let is_bucket = |target: &&Target| target.place.bucket().is_some();
        self.target.as_ref().filter(is_bucket)
    }

    /// The URL of the target `local`.
    pub(super) fn local_url(&self) -> &str {
        match self.bucket() {
            None => self.value("to").unwrap_or(LOCAL),
            Some(_) => LOCAL,
        }
    }

    fn value(&self, setting: &str) -> Option<&str> {
        self.given.get(setting).map(|(value, _)| value.as_str())
    }

    /// Returns the configuration's text. `rules` come after those of every project; URLs that begin
    /// with `prefix` are paths of the tree.
    pub(super) fn text(&self, key_id: KeyId, rules: &str, prefix: Option<&str>) -> String {
        let key_file = commented(
            &setting("key_file", &self.key_file),
            "relative to this file; keep it out of git, and back it up",
        );
        let source = commented(
            &setting("dir", &self.source),
            "scanned recursively; there can be several sources",
        );
        let default_target = setting("default_target", self.target_name());
        let prefixes = match prefix {
            Some(prefix) => format!("prefixes = [{}]", quoted(prefix)),
            None => "# prefixes = [\"/static/\"]".to_string(),
        };
        let prefixes = commented(
            &prefixes,
            "URLs that begin with one of these point into the sources",
        );
        let text = TEMPLATE
            .replace("PREFIXES", &prefixes)
            .replace("MAKER", rules)
            .replace("KEY_FILE", &key_file)
            .replace("KEY_ID", &key_id.to_string())
            .replace("DEFAULT_TARGET", &default_target)
            .replace("SOURCE", &source);
        text + &self.local() + "\n" + &self.prod()
    }

    /// Returns the place of the releases of the target `local`: outside of all that a web server
    /// may show.
    pub(super) fn local_state(&self) -> Option<String> {
        let is_local = self.bucket().is_none();
        if let Some(state) = self.value("state").filter(|_| is_local) {
            return Some(state.to_string());
        }
        let folder = Path::new(self.local_url().trim_start_matches("file:"));
        let public_url = self.target.as_ref().filter(|_| is_local);
        let public_url = public_url.and_then(|target| target.public_url.as_ref());
        let depth = public_url.map_or(0, |url| {
            url.path()
                .split('/')
                .filter(|part| !part.is_empty())
                .count()
        });
        let is_shown = depth > 0 || shows_its_folder(folder);
        let is_deep = folder.is_relative() && folder.components().count() > 1;
        let up = if is_shown || is_deep {
            depth.max(1)
        } else {
            return None;
        };
        let place = crate::doctor::outside(folder, up)?;
        Some(format!("file:{}", place.display()))
    }

    fn local(&self) -> String {
        let url = setting("url", self.local_url());
        let mut text = format!("[target.local]\n{url}\n");
        if let Some(state) = self.local_state() {
            let why = "the releases name every file: keep them where no web server serves them";
            text += &format!("{}\n", commented(&setting("state", &state), why));
        }
        let given = OF_A_TARGET
            .iter()
            .filter(|(name, _)| self.bucket().is_none() && *name != "state")
            .filter_map(|(name, _)| Some(setting(name, self.value(name)?)));
        given.for_each(|line| text += &format!("{line}\n"));
        text
    }

    /// The target that visitors see; in comments, if there is none yet.
    fn prod(&self) -> String {
        let cloud = self.bucket().and_then(|target| target.place.cloud());
        let cors = match cloud {
            Some(Cloud::S3) => "cors/s3.json",
            Some(Cloud::Gcs) | None => "cors/gcs.json",
        };
        let url = ("url", "gs://hunt-assets/static", "or s3://bucket/prefix");
        let rest = [
            (
                "state",
                "gs://hunt-releases/prod",
                "private place for the releases; required on Google, and on S3 if `url` has a \
                 prefix",
            ),
            (
                "public_url",
                "https://cdn.example.org/static/",
                "where browsers load the files from",
            ),
            (
                "index",
                INDEX,
                "set it if the host shows this page for `folder/`; a bucket alone doesn't",
            ),
            (
                "access",
                "bucket",
                "bucket (default): the bucket's policy decides | object-acl: public-read on every \
                 object",
            ),
            (
                "endpoint",
                "https://s3.example.org",
                "S3-compatible servers",
            ),
            ("region", "us-east-1", ""),
            (
                "cors",
                cors,
                "lets pages on other hosts load files: `assetsync cors diff`, `cors apply`",
            ),
        ];
        let Some(_) = self.bucket() else {
            let line = |(name, value, comment): (&str, &str, &str)| {
                format!("# {}\n", commented(&setting(name, value), comment))
            };
            let lines = [url].into_iter().chain(rest).map(line);
            return format!("# [target.prod]\n{}", lines.collect::<String>());
        };
        let line = |(name, example, comment): (&str, &str, &str)| match self.value(name) {
            Some(value) => format!("{}\n", setting(name, value)),
            None if name == "cors" => format!("{}\n", commented(&setting(name, cors), comment)),
            None => format!("# {}\n", commented(&setting(name, example), comment)),
        };
        let given = ["not_found", "addressing"].iter();
        let given = given.filter_map(|name| Some(setting(name, self.value(name)?)));
        let given: String = given.map(|line| format!("{line}\n")).collect();
        format!(
            "[target.prod]\n{}\n{}{}",
            setting("url", self.value("to").expect("there's a bucket")),
            rest.map(line).concat(),
            given
        )
    }
}

/// Checks whether the folder around `folder` has a page, so that a web server may show it.
fn shows_its_folder(folder: &Path) -> bool {
    folder.parent().is_some_and(crate::doctor::has_index)
}

fn setting(name: &str, value: &str) -> String {
    format!("{name} = {}", quoted(value))
}

fn quoted(value: &str) -> String {
    // A string of JSON is one of TOML, but for one character.
    let value = serde_json::Value::from(value).to_string();
    value.replace('\u{7f}', "\\u007f")
}

fn commented(line: &str, comment: &str) -> String {
    match comment {
        "" => line.to_string(),
        comment => format!("{line:<32} # {comment}"),
    }
}

/// The target as it's read without a configuration, with a source that need not be there yet.
fn check(given: &Overrides, key_file: &str, source: &str, is_built_later: bool) -> Result<Target> {
    let mut all = given.clone();
    let usual = |value: &str| (value.to_string(), Origin::Default);
    all.entry("from".to_string()).or_insert(usual(source));
    all.entry("key_file".to_string()).or_insert(usual(key_file));
    // init writes the policies.
    all.remove("cors");
    let may_be_missing = is_built_later || !given.contains_key("from");
    let is_made = may_be_missing && make_folder(Path::new(source))?;
    let read = Config::of_flags(&all, Wanted::Targets(&[]));
    if is_made {
        // Nothing is written before all is checked.
        fs::remove_dir(source).map_err(|e| Error::io("remove", Path::new(source), e))?;
    }
    let mut targets = read?.targets;
    Ok(targets.remove(0))
}

/// Creates a folder. Returns true if it didn't exist.
fn make_folder(folder: &Path) -> Result<bool> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(Error::io("create the folder", folder, e)),
    }
}

fn refuse_without_url(given: &Overrides) -> Result<()> {
    let is_flag = |name: &str| matches!(given.get(name), Some((_, Origin::Flag(_))));
    match OF_A_TARGET.iter().find(|(name, _)| is_flag(name)) {
        None => Ok(()),
        Some((_, flag)) => Err(Error::usage(
            format!("{flag} needs a target, but none is given"),
            "add `--to file:FOLDER`, `--to s3://BUCKET/PREFIX` or `--to gs://BUCKET/PREFIX`",
        )),
    }
}

fn refuse_missing_source(given: &Overrides, source: &str) -> Result<()> {
    match given.get("from") {
        Some((_, origin)) if !Path::new(source).is_dir() => Err(Error::usage(
            format!("the folder `{source}` doesn't exist ({origin})"),
            "create it, build the site first, or correct the path",
        )),
        _ => Ok(()),
    }
}

/// Refuses releases in a place that strangers may read: the releases name every object. If a
/// bucket's rules let everybody read, the releases need a place that these rules don't cover.
fn refuse_open_releases(target: &Target) -> Result<()> {
    let (Some(bucket), Some(why)) = (target.place.bucket(), target.opens_releases(target.access))
    else {
        return Ok(());
    };
    let example = format!("{}-releases/{}", bucket.root(), bucket.prefix);
    Err(Error::usage(
        format!(
            "Visitors could read the releases, which list every file, including solutions: {why}"
        ),
        format!(
            "create a second, private bucket and pass `--state {}`",
            example.trim_end_matches('/')
        ),
    ))
}
