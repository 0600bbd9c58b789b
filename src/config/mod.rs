//! `assetsync.toml`, environment and flags made into a [`Config`]. All validation is here: what comes
//! out is usable.

pub(crate) mod command;
mod places;
mod raw;
mod reader;
mod targets;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use self::reader::Reader;

use crate::bounded::{self, BadText};
use crate::error::{Error, Result};
use crate::key_file;
use crate::name::Secret;
use crate::path::LogicalPath;
use crate::rules::Rules;
use crate::strength::Weakness;
use crate::tree::Source;

/// What the configuration file is called unless a flag says otherwise.
pub const CONFIG_FILE: &str = "assetsync.toml";

/// The largest configuration, in bytes.
const CONFIG_BYTES_MAX: usize = 4 << 20;

/// A complete, valid configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The configuration file; none if flags say all.
    pub file: Option<PathBuf>,
    /// Where the secret is.
    pub key_file: PathBuf,
    /// The id the secret must have; any, if none is given.
    pub key_id: Option<String>,
    /// Whether a missing key file is made on the first run.
    pub create_key: bool,
    /// What is published.
    pub sources: Vec<Source>,
    /// How.
    pub rules: Rules,
    /// The targets asked for; at least one.
    pub targets: Vec<Target>,
    /// All targets there are.
    pub target_names: Vec<String>,
    /// Those of them that are in a folder, or below a prefix, of the first target asked for.
    pub nested: Vec<String>,
    /// 0 to 9.
    pub gzip_level: u32,
    /// Requests in flight.
    pub requests: usize,
    /// File content in memory at a time, in bytes.
    pub memory_bytes: usize,
    /// How long a failing request is tried again, in seconds.
    pub retry_seconds: u64,
    /// Which value came from where, for `-v`.
    pub provenance: Vec<Provenance>,
}

/// Where objects go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As in `[target.NAME]`.
    pub name: String,
    /// Which storage.
    pub place: Place,
    /// Where browsers find the objects; ends in `/`.
    pub public_url: Option<Url>,
    /// How strangers get to read.
    pub access: Access,
    /// Another server than Amazon's or Google's.
    pub endpoint: Option<Url>,
    /// For S3.
    pub region: Option<String>,
    /// For S3.
    pub addressing: Option<Addressing>,
    /// Where the releases are kept, if not in the target itself.
    pub state: Option<Place>,
    /// The file of the policy for cross-origin requests that the bucket should have.
    pub cors: Option<PathBuf>,
    /// The host that visitors see, besides that it serves files by their names.
    pub host: Host,
    /// What commands for it have to repeat.
    pub flags: Flags,
}

impl Target {
    /// Says whether visitors get the page of a folder for `folder/`. Web servers show it; a bucket by itself doesn't.
    pub fn shows_index(&self) -> bool {
        matches!(self.place, Place::Directory(_)) || self.host.index.is_some()
    }
}

/// The host between a target and its visitors, as the configuration says. `doctor` and `audit` look whether it's so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// The page that is shown for a folder: [`INDEX`], or none, as a bucket by itself has it.
    pub index: Option<String>,
    /// The page of the tree that is shown, with the status 404, for names that aren't there.
    pub not_found: Option<LogicalPath>,
}

/// The page of a folder.
pub const INDEX: &str = "index.html";

/// Flags about more than a target, where there is no configuration: commands that people are told need them as well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// `--from`
    pub from: Option<String>,
    /// `--key-file`
    pub key_file: Option<String>,
}

/// Which storage a target's URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `file:out/bucket`: a folder, relative to the configuration.
    Directory(PathBuf),
    /// `s3://bucket/prefix`.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// What every key begins with: empty, or ending in `/`.
        prefix: String,
    },
    /// `gs://bucket/prefix`.
    Gcs {
        /// The bucket's name.
        bucket: String,
        /// What every key begins with: empty, or ending in `/`.
        prefix: String,
    },
}

/// How strangers get to read what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// By the bucket's own policy: no ACL is sent.
    #[default]
    Bucket,
    /// By an ACL (`public-read`) on every object.
    ObjectAcl,
}

/// How a bucket is addressed on an S3 server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    /// `https://server/bucket/key`.
    Path,
    /// `https://bucket.server/key`.
    Virtual,
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// The configuration file.
    File(PathBuf),
    /// Nobody said otherwise.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "from {flag}"),
            Origin::Environment(variable) => write!(f, "from {variable}"),
            Origin::File(file) => write!(f, "from {}", file.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// One setting, its value, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// As in the configuration file.
    pub setting: String,
    /// As text. Never a secret: the key's file is named, not its content.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
}

/// Settings from flags and environment, by name: they win over the file. The names are those of the
/// file, and `from`, `to`, `target` and `cache`, the folder of what is remembered.
pub type Overrides = BTreeMap<String, (String, Origin)>;

/// Which targets a command is about.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// These; if none is named, the default.
    Targets(&'a [String]),
    /// None: the command works on the local tree alone.
    NoTarget,
}

impl Config {
    /// Reads `file` (or, without one, `assetsync.toml` here if there is one) and lays `overrides` over it.
    ///
    /// # Errors
    /// Any mistake, with file, line and column; no configuration at all.
    pub fn load(file: Option<&Path>, overrides: &Overrides, wanted: Wanted<'_>) -> Result<Config> {
        let standard = Path::new(CONFIG_FILE);
        match file.or_else(|| standard.exists().then_some(standard)) {
            Some(file) => {
                let text =
                    bounded::text(file, CONFIG_BYTES_MAX).map_err(|bad| unread(file, &bad))?;
                Config::parse(file, &text, overrides, wanted)
            }
            None if ["from", "to"]
                .iter()
                .any(|name| overrides.contains_key(*name)) =>
            {
                Config::of_flags(overrides, wanted)
            }
            None => Err(Error::usage(
                format!("There is no `{CONFIG_FILE}` here"),
                "make one with `assetsync init`, point to one with `-C DIR` or `-c FILE`, or give `--from DIR --to URL --key-file FILE`",
            )),
        }
    }

    /// Reads the text of a configuration; `file` is for messages, and what its paths are relative to.
    ///
    /// # Errors
    /// Any mistake, with file, line and column.
    pub fn parse(
        file: &Path,
        text: &str,
        overrides: &Overrides,
        wanted: Wanted<'_>,
    ) -> Result<Config> {
        Reader::new(file, text, overrides).read(wanted)
    }

    /// What flags and environment say by themselves: the source is a whole site, which has to work as it is.
    ///
    /// # Errors
    /// Anything that can't be used, or is missing.
    pub(crate) fn of_flags(overrides: &Overrides, wanted: Wanted<'_>) -> Result<Config> {
        let mut config = Reader::of_flags(overrides).read(wanted)?;
        let flag = |name| match overrides.get(name) {
            Some((value, Origin::Flag(_))) => Some(value.clone()),
            _ => None,
        };
        for target in &mut config.targets {
            target.flags = Flags {
                from: flag("from"),
                key_file: flag("key_file"),
            };
        }
        Ok(Config {
            file: None,
            rules: config.rules.for_a_site(),
            ..config
        })
    }

    /// The team's secret. Makes a new key file first if there's none and `create_key` is set.
    ///
    /// # Errors
    /// As [`Secret::from_file`], but what looks like a slip is taken if `key_id` names it; [`Error::Refused`] if it isn't the key that `key_id` names.
    pub fn secret(&self) -> Result<Secret> {
        if self.key_file.as_os_str().is_empty() {
            return Err(reader::no_key_file());
        }
        let secret = match self.create_key && !self.key_file.exists() {
            true => Secret::create_file(&self.key_file)?,
            false => key_file::read(&self.key_file, self.key_id.as_deref())
                .map_err(|error| self.point_to_the_team(error))?,
        };
        match &self.key_id {
            Some(wanted) if *wanted != secret.id().to_string() => Err(Error::Refused {
                message: match is_key_id(wanted) {
                    true => format!("This is the key {}, and the configuration wants {wanted} (`key_id`)", secret.id()),
                    // It may be the key itself.
                    false => format!("This is the key {}, and the configuration's `key_id` isn't the id of a key: 16 hex digits", secret.id()),
                },
                hint: "get the right key from your team: with another one, every file gets another name".to_string(),
            }),
            _ => Ok(secret),
        }
    }

    /// What makes the key easy to guess, in words, if `key_id` says that it's meant all the same.
    ///
    /// # Errors
    /// [`Error::Refused`]: it's easy to guess, and nothing says so.
    pub fn check_strength(&self, secret: &Secret) -> Result<Option<String>> {
        let Some(weakness) = Weakness::of(secret.bytes()) else {
            return Ok(None);
        };
        let (file, id) = (self.key_file.display(), secret.id());
        let message = format!(
            "The key in `{file}` can be guessed: it {}",
            weakness.found()
        );
        if self.key_id.is_some() {
            return Ok(Some(format!(
                "{message}. `key_id` says that it's meant; `assetsync doctor` tells how to replace it"
            )));
        }
        let go_on = match &self.file {
            Some(file) => format!("`key_id = \"{id}\"` at the top of {}", file.display()),
            None => format!(
                "`key_id = \"{id}\"` in a configuration, which `assetsync push` has none of here"
            ),
        };
        Err(Error::Refused {
            message,
            hint: format!(
                "make another with `assetsync key new new.key`, and name it by `key_file` (or `--key-file`); if files were published with this \
                 one, push once with `--rotate-key`, or go on with it for now: {go_on}"
            ),
        })
    }

    /// Where there's a `key_id`, a missing key was made already, by somebody else.
    fn point_to_the_team(&self, error: Error) -> Error {
        match (error, &self.key_id) {
            (Error::Usage { message, .. }, Some(id)) if !self.key_file.exists() => Error::usage(
                message,
                format!("get the key {id} from your team, or name its file by ASSETSYNC_KEY_FILE"),
            ),
            (error, _) => error,
        }
    }
}

/// Why there's no configuration to be had from `file`.
fn unread(file: &Path, bad: &BadText) -> Error {
    match bad {
        BadText::NotUtf8(line, column) => Error::Config {
            file: file.to_path_buf(),
            line: *line,
            column: *column,
            message: format!("the configuration {bad}"),
            hint: String::new(),
        },
        BadText::TooLarge(_) => {
            Error::usage(format!("The configuration `{}` {bad}", file.display()), "")
        }
        BadText::Io(_) => Error::usage(
            format!("Cannot read the configuration `{}`: {bad}", file.display()),
            "",
        ),
    }
}

/// Whether this could be what `assetsync key id` prints.
fn is_key_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
