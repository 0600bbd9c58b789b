//! `assetsync.toml`, environment and flags made into a [`Config`]. All validation is here: what
//! comes out is usable.

mod addresses;
mod places;
mod raw;
mod reader;
mod rules;
mod targets;
mod typed;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use self::reader::Reader;

pub use crate::store::location::{Access, Addressing, Flags, Host, INDEX, Place, Target};

use crate::base::disk::bounded::{self, BadText};
use crate::base::error::{Error, Result};
use crate::base::hint::Hint;
use crate::base::key_file;
use crate::base::name::{SECRET_BYTES_MIN, Secret};
use crate::base::refusal::Guard;
use crate::base::strength::Weakness;
use crate::rules::Rules;
use crate::tree::Source;

/// Name of the configuration file, unless a flag sets another one.
pub const CONFIG_FILE: &str = "assetsync.toml";

/// The largest configuration, in bytes.
const CONFIG_BYTES_MAX: usize = 4 << 20;

/// A complete, valid configuration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The configuration file; none if flags say all.
    pub(crate) file: Option<PathBuf>,
    /// Path of the secret.
    pub(crate) key_file: PathBuf,
    /// The id the secret must have; any, if none is given.
    pub(crate) key_id: Option<String>,
    /// True if the first run creates a missing key file.
    pub(crate) create_key: bool,
    /// Folders that are published.
    #[doc(hidden)]
    pub sources: Vec<Source>,
    /// Rules by which they are published.
    #[doc(hidden)]
    pub rules: Rules,
    /// The targets asked for; at least one.
    #[doc(hidden)]
    pub targets: Vec<Target>,
    /// All targets there are.
    pub(crate) target_names: Vec<String>,
    /// Those of them that are in a folder, or below a prefix, of the first target asked for.
    pub(crate) nested: Vec<String>,
    /// 0 to 9.
    pub(crate) gzip_level: u32,
    /// Requests in flight.
    pub(crate) requests: usize,
    /// File content in memory at a time, in bytes.
    pub(crate) memory_bytes: usize,
    /// Time for which a failing request is retried, in seconds.
    pub(crate) retry_seconds: u64,
    /// Origin of each value, for `-v`.
    pub(crate) provenance: Vec<Provenance>,
}

/// Origin of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// The configuration file.
    File(PathBuf),
    /// The default value.
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
    /// Origin of the value.
    pub origin: Origin,
}

/// Settings from flags and environment, by name: they win over the file. The names are those of the
/// file, and `from`, `to`, `target` and `cache`, the folder of what is remembered.
pub type Overrides = BTreeMap<String, (String, Origin)>;

/// Selection of the targets that a command works on.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// These; if none is named, the default.
    Targets(&'a [String]),
    /// Those that the configuration has.
    All,
    /// None: the command works on the local tree alone.
    NoTarget,
}

impl Config {
    /// Reads a configuration with all of its targets. Of the environment, only what the clouds' own
    /// tools read counts, such as AWS_REGION: the variables of the program (ASSETSYNC_*) don't.
    ///
    /// # Errors
    /// It can't be read, or has a mistake: with file, line and column.
    pub fn load(file: impl AsRef<Path>) -> Result<Config> {
        Config::read(Some(file.as_ref()), &Overrides::new(), Wanted::All)
    }

    /// Returns the same with this target alone.
    ///
    /// # Errors
    /// There's no such target.
    pub(crate) fn only(mut self, name: &str) -> Result<Config> {
        self.targets.retain(|target| target.name == name);
        if !self.targets.is_empty() {
            Ok(self)
        } else {
            Err(targets::unknown(name, &self.target_names))
        }
    }

    /// Reads `file` (or, without one, `assetsync.toml` here if there is one) and lays `overrides`
    /// over it.
    ///
    /// # Errors
    /// Any mistake, with file, line and column; no configuration at all.
    #[doc(hidden)]
    pub fn read(file: Option<&Path>, overrides: &Overrides, wanted: Wanted<'_>) -> Result<Config> {
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
                "create one with `assetsync init`, select one with `-C DIR` or `-c FILE`, or pass `--from DIR --to URL --key-file FILE`",
            )),
        }
    }

    /// Reads the text of a configuration; `file` is for messages, and what its paths are relative
    /// to.
    ///
    /// # Errors
    /// Any mistake, with file, line and column.
    #[doc(hidden)]
    pub fn parse(
        file: &Path,
        text: &str,
        overrides: &Overrides,
        wanted: Wanted<'_>,
    ) -> Result<Config> {
        Reader::new(file, text, overrides).read(wanted)
    }

    /// Makes a configuration of flags and environment variables alone: the source is a whole site,
    /// which has to work unchanged.
    ///
    /// # Errors
    /// A value is missing or can't be used.
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

    /// Returns the team's secret. Makes a new key file first if there's none and `create_key` is
    /// set, but not if `key_id` says that somebody has made one already.
    ///
    /// # Errors
    /// As [`Secret::from_file`], but what looks like a slip is taken if `key_id` names it;
    /// [`Error::Refused`] if it isn't the key that `key_id` names.
    pub fn secret(&self) -> Result<Secret> {
        if self.makes_key() {
            Secret::create_file(&self.key_file)
        } else {
            self.secret_from_file()
        }
    }

    /// Returns true if there is no key, and publishing makes one.
    pub(crate) fn makes_key(&self) -> bool {
        let is_named = !self.key_file.as_os_str().is_empty();
        self.create_key && self.key_id.is_none() && is_named && !self.key_file.exists()
    }

    /// Returns the team's secret, which must exist.
    ///
    /// # Errors
    /// As [`Config::secret`], and if there is no key file.
    pub(crate) fn secret_from_file(&self) -> Result<Secret> {
        if self.key_file.as_os_str().is_empty() {
            return Err(reader::no_key_file());
        }
        let secret = key_file::read(&self.key_file, self.key_id.as_deref())
            .map_err(|error| self.point_to_the_team(error))?;
        match &self.key_id {
            Some(wanted) if *wanted != secret.id().to_string() => Err(other_key(&secret, wanted)),
            _ => Ok(secret),
        }
    }

    /// Describes the weakness of a key that is easy to guess, if `key_id` says that the key is used
    /// on purpose.
    ///
    /// # Errors
    /// [`Error::Refused`]: the key is easy to guess, and there is no `key_id`.
    pub(crate) fn check_strength(&self, secret: &Secret) -> Result<Option<String>> {
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
                "{message}. It's used because `key_id` names it. \
                 `assetsync doctor` shows how to replace it"
            )));
        }
        let go_on = match &self.file {
            Some(file) => format!("add `key_id = \"{id}\"` at the top of {}", file.display()),
            None => format!(
                "write an assetsync.toml that has `key_id = \"{id}\"`, since no flag accepts it"
            ),
        };
        Err(Error::refused(
            Guard::WeakKey,
            message,
            format!(
                "create another with `assetsync key new new.key` and set it as `key_file` (or `--key-file`). If files were published with this \
                 one, push once with `--rotate-key`, or keep this one for now: {go_on}"
            ),
        ))
    }

    /// Replaces the hint for a missing key: if there is a `key_id`, someone on the team already
    /// created the key.
    fn point_to_the_team(&self, error: Error) -> Error {
        match (error, &self.key_id) {
            (Error::Usage { message, .. }, Some(id)) if !self.may_be_the_key() => Error::usage(
                message,
                format!("get key {id} from your team, or set ASSETSYNC_KEY_FILE to its path"),
            ),
            (error, _) => error,
        }
    }

    /// Checks whether the key file is there, and long enough.
    fn may_be_the_key(&self) -> bool {
        let there = std::fs::metadata(&self.key_file);
        there.is_ok_and(|file| file.len() >= SECRET_BYTES_MIN as u64)
    }
}

/// Refuses a key that isn't the one that `key_id` names.
fn other_key(secret: &Secret, wanted: &str) -> Error {
    let id = secret.id();
    if is_key_id(wanted) {
        return Error::refused(
            Guard::Key,
            format!("This is key {id}, but the configuration requires {wanted} (`key_id`)"),
            "get the right key from your team: any other key renames every file",
        );
    }
    // The value may be the key itself, so it is not shown.
    Error::refused(
        Guard::Key,
        format!(
            "This is key {id}, but the `key_id` in the configuration isn't a key id, \
             which has 16 hex digits"
        ),
        format!("if this is your team's key, write `key_id = \"{id}\"` there"),
    )
}

/// Explains why `file` can't be used as a configuration.
fn unread(file: &Path, bad: &BadText) -> Error {
    match bad {
        BadText::NotUtf8(line, column) => Error::Config {
            file: file.to_path_buf(),
            line: *line,
            column: *column,
            message: format!("the configuration {bad}"),
            hint: Hint::default(),
            excerpt: None,
        },
        BadText::TooLarge(_) => {
            Error::usage(format!("The configuration `{}` {bad}", file.display()), "")
        }
        BadText::Io(error) => Error::usage(
            format!("Cannot read the configuration `{}`: {bad}", file.display()),
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "`-c` needs an existing file; `assetsync init` creates one"
                }
                _ => "",
            },
        ),
    }
}

/// Checks whether this could be an id as `assetsync key id` prints it.
fn is_key_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
