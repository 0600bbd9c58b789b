//! `assetsync.toml`, environment and flags made into a [`Config`]. All validation is here: what comes
//! out is usable.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use crate::error::{Error, Result, plain};
use crate::name::{NameStyle, Secret};
use crate::rules::{GzipRule, Rule, Rules};
use crate::tree::{Source, Symlinks};

/// What the configuration file is called unless a flag says otherwise.
pub const CONFIG_FILE: &str = "assetsync.toml";

/// A complete, valid configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the secret is.
    pub key_file: PathBuf,
    /// Whether a missing key file is made on the first run.
    pub create_key: bool,
    /// What is published.
    pub sources: Vec<Source>,
    /// How.
    pub rules: Rules,
    /// The targets asked for; at least one.
    pub targets: Vec<Target>,
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
/// file, and `from`, `to` and `target`.
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
                let text = fs::read_to_string(file).map_err(|e| {
                    Error::usage(
                        format!(
                            "Cannot read the configuration `{}`: {}",
                            file.display(),
                            plain(&e)
                        ),
                        "",
                    )
                })?;
                Reader {
                    file,
                    text: &text,
                    overrides,
                    provenance: Vec::new(),
                }
                .read(wanted)
            }
            None if overrides.contains_key("from") => Reader {
                file: standard,
                text: "",
                overrides,
                provenance: Vec::new(),
            }
            .read(wanted),
            None => Err(Error::usage(
                format!("There is no `{CONFIG_FILE}` here"),
                "make one with `assetsync init`, point to one with `-C DIR` or `-c FILE`, or give `--from DIR --to URL --key-file FILE`",
            )),
        }
    }

    /// The team's secret. Makes a new key file first if there's none and `create_key` is set.
    ///
    /// # Errors
    /// As [`Secret::from_file`].
    pub fn secret(&self) -> Result<Secret> {
        if self.create_key && !self.key_file.exists() {
            return Secret::create_file(&self.key_file);
        }
        Secret::from_file(&self.key_file)
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    key_file: Option<String>,
    #[serde(default)]
    create_key: bool,
    default_target: Option<Spanned<String>>,
    #[serde(default)]
    extensions: Vec<Spanned<String>>,
    gzip_level: Option<Spanned<u32>>,
    requests: Option<Spanned<usize>>,
    memory_mib: Option<Spanned<usize>>,
    retry_seconds: Option<u64>,
    #[serde(default)]
    source: Vec<RawSource>,
    #[serde(default)]
    rule: Vec<RawRule>,
    #[serde(default)]
    target: BTreeMap<String, RawTarget>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    dir: Spanned<String>,
    #[serde(default)]
    mount: Option<Spanned<String>>,
    #[serde(default)]
    symlinks: Symlinks,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    #[serde(rename = "match")]
    matches: Spanned<String>,
    names: Option<NameStyle>,
    cache_control: Option<Spanned<String>>,
    content_type: Option<Spanned<String>>,
    gzip: Option<GzipRule>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    publish: Option<bool>,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct RawTarget {
    url: Spanned<String>,
    public_url: Option<Spanned<String>>,
    #[serde(default)]
    access: Option<Access>,
    endpoint: Option<Spanned<String>>,
    region: Option<String>,
    addressing: Option<Addressing>,
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    overrides: &'a Overrides,
    provenance: Vec<Provenance>,
}

impl Reader<'_> {
    fn read(mut self, wanted: Wanted<'_>) -> Result<Config> {
        let raw: RawConfig = toml::from_str(self.text).map_err(|e| self.toml_error(&e))?;
        let rules = self.rules(&raw)?;
        let sources = self.sources(&raw)?;
        let key_file = match self.pick("key_file", raw.key_file.clone(), None) {
            Some((file, Origin::File(_))) => self.beside(&file),
            Some((file, _)) => PathBuf::from(file),
            None => {
                return Err(Error::usage(
                    "No key file is given",
                    "set `key_file` in assetsync.toml, ASSETSYNC_KEY_FILE or `--key-file`; `assetsync key new FILE` makes one",
                ));
            }
        };
        let gzip_level = self.number("gzip_level", raw.gzip_level.as_ref(), 9, 0..=9)?;
        let requests = self.number("requests", raw.requests.as_ref(), 64, 1..=1024)?;
        let memory_mib = self.number("memory_mib", raw.memory_mib.as_ref(), 64, 1..=65_536)?;
        let retry_seconds = self.number(
            "retry_seconds",
            raw.retry_seconds.map(|n| Spanned::new(0..0, n)).as_ref(),
            300,
            1..=86_400,
        )?;
        let targets = match wanted {
            Wanted::Targets(names) => self.targets(&raw, names)?,
            Wanted::NoTarget => Vec::new(),
        };
        Ok(Config {
            key_file,
            create_key: raw.create_key,
            sources,
            rules,
            targets,
            gzip_level,
            requests,
            memory_bytes: memory_mib << 20,
            retry_seconds,
            provenance: self.provenance,
        })
    }

    /// Flag, then environment, then file, then default; noted for `-v`.
    fn pick(
        &mut self,
        setting: &str,
        in_file: Option<String>,
        default: Option<&str>,
    ) -> Option<(String, Origin)> {
        let (value, origin) = self
            .overrides
            .get(setting)
            .cloned()
            .or_else(|| in_file.map(|v| (v, Origin::File(self.file.to_path_buf()))))
            .or_else(|| default.map(|v| (v.to_string(), Origin::Default)))?;
        let shown = Provenance {
            setting: setting.to_string(),
            value: value.clone(),
            origin: origin.clone(),
        };
        if !self.provenance.contains(&shown) {
            self.provenance.push(shown);
        }
        Some((value, origin))
    }

    fn number<T>(
        &mut self,
        setting: &str,
        in_file: Option<&Spanned<T>>,
        default: T,
        range: std::ops::RangeInclusive<T>,
    ) -> Result<T>
    where
        T: std::str::FromStr + PartialOrd + fmt::Display + Clone,
    {
        let text = in_file.map(|n| n.get_ref().to_string());
        let (text, origin) = self
            .pick(setting, text, Some(&default.to_string()))
            .expect("there is a default");
        let number = text.parse::<T>().ok().filter(|n| range.contains(n));
        number.ok_or_else(|| {
            let message = format!(
                "{setting} is `{text}`, and must be a number from {} to {}",
                range.start(),
                range.end()
            );
            match (&origin, in_file) {
                (Origin::File(_), Some(spanned)) => self.mistake(&spanned.span(), message, ""),
                _ => Error::usage(format!("{message} ({origin})"), ""),
            }
        })
    }

    fn sources(&mut self, raw: &RawConfig) -> Result<Vec<Source>> {
        if let Some((dir, _)) = self.pick("from", None, None) {
            return Ok(vec![Source {
                dir: dir.into(),
                mount: String::new(),
                symlinks: Symlinks::Refuse,
            }]);
        }
        if raw.source.is_empty() {
            return Err(self.mistake(
                &(0..0),
                "there is no [[source]]",
                "add `[[source]]` with `dir = \"assets\"`",
            ));
        }
        raw.source
            .iter()
            .map(|source| self.source(source))
            .collect()
    }

    fn source(&self, raw: &RawSource) -> Result<Source> {
        let dir = self.beside(raw.dir.get_ref());
        if !dir.is_dir() {
            return Err(self.mistake(
                &raw.dir.span(),
                format!("the folder `{}` doesn't exist", dir.display()),
                "",
            ));
        }
        let mount = match &raw.mount {
            None => String::new(),
            Some(mount) => match mount.get_ref().trim_matches('/') {
                "" => String::new(),
                text => {
                    crate::path::LogicalPath::parse(text).map_err(|why| {
                        self.mistake(&mount.span(), format!("`mount`: {why}"), "")
                    })?;
                    format!("{text}/")
                }
            },
        };
        Ok(Source {
            dir,
            mount,
            symlinks: raw.symlinks,
        })
    }

    fn rules(&self, raw: &RawConfig) -> Result<Rules> {
        let rules = raw
            .rule
            .iter()
            .map(|rule| self.rule(rule))
            .collect::<Result<Vec<_>>>()?;
        let mut extensions = BTreeSet::new();
        for extension in &raw.extensions {
            let text = extension.get_ref();
            if text.contains(['.', '/', '\\'])
                || text.chars().any(|c| c.is_control() || c.is_whitespace())
            {
                let hint = "write it without a dot, such as \"glsl\"; \"\" stands for names that have none";
                return Err(self.mistake(
                    &extension.span(),
                    format!("`{text}` isn't an extension"),
                    hint,
                ));
            }
            extensions.insert(text.to_lowercase());
        }
        Ok(Rules::new(rules, extensions))
    }

    fn rule(&self, raw: &RawRule) -> Result<Rule> {
        let pattern = raw.matches.get_ref();
        let mut rule = Rule::new(pattern).map_err(|e| {
            self.mistake(
                &raw.matches.span(),
                format!("`{pattern}` isn't a glob: {}", e.kind()),
                "",
            )
        })?;
        rule.names = raw.names;
        rule.gzip = raw.gzip;
        rule.publish = raw.publish;
        rule.cache_control = raw
            .cache_control
            .as_ref()
            .map(|v| self.header_value("cache_control", v))
            .transpose()?;
        rule.content_type = raw
            .content_type
            .as_ref()
            .map(|v| self.header_value("content_type", v))
            .transpose()?;
        for (name, value) in &raw.headers {
            let lower = self.header_name(name)?;
            let value = self.header_value(&lower, value)?;
            rule.headers.insert(lower, value);
        }
        Ok(rule)
    }

    /// The headers that S3 and GCS keep beside an object, but for those with a field of their own.
    fn header_name(&self, name: &Spanned<String>) -> Result<String> {
        const KEPT: [&str; 2] = ["content-disposition", "content-language"];
        let lower = name.get_ref().to_ascii_lowercase();
        if KEPT.contains(&lower.as_str()) {
            return Ok(lower);
        }
        let hint = match lower.as_str() {
            "content-type" | "cache-control" => {
                format!("set `{}` in the rule itself", lower.replace('-', "_"))
            }
            "content-encoding" => "compression is decided by `gzip`".to_string(),
            _ => format!(
                "buckets serve {} only; set others at the CDN",
                KEPT.join(" and ")
            ),
        };
        Err(self.mistake(
            &name.span(),
            format!("the header `{lower}` can't be set here"),
            hint,
        ))
    }

    fn header_value(&self, name: &str, value: &Spanned<String>) -> Result<String> {
        let text = value.get_ref();
        let clean = !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        if clean && text.trim() == text {
            return Ok(text.clone());
        }
        let shown = crate::error::escape(text);
        Err(self.mistake(
            &value.span(),
            format!("the value `{shown}` of `{name}` isn't a header value"),
            "printable ASCII only: no line breaks, no tabs, no spaces at its ends",
        ))
    }

    fn targets(&mut self, raw: &RawConfig, names: &[String]) -> Result<Vec<Target>> {
        let names = self.target_names(raw, names)?;
        names.iter().map(|name| self.target(raw, name)).collect()
    }

    fn target_names(&mut self, raw: &RawConfig, asked: &[String]) -> Result<Vec<String>> {
        if !asked.is_empty() {
            return Ok(asked.to_vec());
        }
        if let Some((name, _)) = self.pick("target", None, None) {
            return Ok(vec![name]);
        }
        if let Some(default) = &raw.default_target {
            if !raw.target.contains_key(default.get_ref()) && !self.overrides.contains_key("to") {
                let (message, hint) = unknown_target(default.get_ref(), &raw.target);
                return Err(self.mistake(&default.span(), message, hint));
            }
            let picked = self.pick("default_target", Some(default.get_ref().clone()), None);
            return Ok(picked.into_iter().map(|(name, _)| name).collect());
        }
        if let Some((url, _)) = self.overrides.get("to") {
            return Ok(vec![url.clone()]);
        }
        match raw.target.len() {
            1 => Ok(raw.target.keys().cloned().collect()),
            0 => Err(Error::usage(
                "No target is given",
                "add `[target.NAME]` to assetsync.toml, or give `--to URL`",
            )),
            _ => Err(Error::usage(
                "Which target? There are several, and no default",
                format!(
                    "name one of {}, or set `default_target`",
                    quoted(raw.target.keys())
                ),
            )),
        }
    }

    fn target(&mut self, raw: &RawConfig, name: &str) -> Result<Target> {
        let found = raw.target.get(name);
        let url = found.map(|t| t.url.clone());
        let given = self.pick("to", None, None);
        let place = match (&given, &url) {
            (Some((to, origin)), _) => parse_place(to, Path::new(""))
                .map_err(|why| Error::usage(format!("{why} ({origin})"), URL_HINT))?,
            (None, Some(url)) => {
                let shown = Provenance {
                    setting: format!("target.{name}.url"),
                    value: url.get_ref().clone(),
                    origin: Origin::File(self.file.to_path_buf()),
                };
                self.provenance.push(shown);
                parse_place(url.get_ref(), self.folder())
                    .map_err(|why| self.mistake(&url.span(), why, URL_HINT))?
            }
            (None, None) => {
                let (message, hint) = unknown_target(name, &raw.target);
                return Err(Error::usage(message, hint));
            }
        };
        let public_url = self
            .url("public_url", found.and_then(|t| t.public_url.as_ref()))?
            .map(with_slash);
        let endpoint = self.url("endpoint", found.and_then(|t| t.endpoint.as_ref()))?;
        let region = self
            .pick("region", found.and_then(|t| t.region.clone()), None)
            .map(|(region, _)| region);
        let access = match self.overrides.get("access").cloned() {
            None => found.and_then(|t| t.access).unwrap_or_default(),
            Some((text, origin)) => {
                self.pick("access", None, None);
                match text.as_str() {
                    "bucket" => Access::Bucket,
                    "object-acl" => Access::ObjectAcl,
                    _ => {
                        return Err(Error::usage(
                            format!("access is `{text}` ({origin})"),
                            "it's `bucket` or `object-acl`",
                        ));
                    }
                }
            }
        };
        Ok(Target {
            name: name.to_string(),
            place,
            public_url,
            access,
            endpoint,
            region,
            addressing: found.and_then(|t| t.addressing),
        })
    }

    fn url(&mut self, setting: &str, in_file: Option<&Spanned<String>>) -> Result<Option<Url>> {
        let Some((text, origin)) = self.pick(setting, in_file.map(|u| u.get_ref().clone()), None)
        else {
            return Ok(None);
        };
        let url = Url::parse(&text)
            .ok()
            .filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        if let Some(url) =
            url.filter(|u| u.query().is_none() && u.fragment().is_none() && u.username().is_empty())
        {
            return Ok(Some(url));
        }
        let message = format!(
            "{setting} is `{text}`, and must be a URL such as `https://cdn.example.org/static/`"
        );
        Err(match (&origin, in_file) {
            (Origin::File(_), Some(spanned)) => self.mistake(&spanned.span(), message, ""),
            _ => Error::usage(format!("{message} ({origin})"), ""),
        })
    }

    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    fn beside(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    fn mistake(
        &self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Error {
        let (line, column) = line_and_column(self.text, span.start);
        Error::Config {
            file: self.file.to_path_buf(),
            line,
            column,
            message: message.into(),
            hint: hint.into(),
        }
    }

    fn toml_error(&self, error: &toml::de::Error) -> Error {
        let message = error.message();
        let hint = nearest_in_message(message);
        self.mistake(
            &error.span().unwrap_or(0..0),
            message.lines().next().unwrap_or(message),
            hint,
        )
    }
}

const URL_HINT: &str = "write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`";

fn parse_place(url: &str, folder: &Path) -> Result<Place, String> {
    if let Some(path) = url.strip_prefix("file:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err("the URL `file:` names no folder".to_string());
        }
        return Ok(Place::Directory(folder.join(path)));
    }
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| format!("`{url}` isn't a target's URL"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty()
        || !bucket
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b))
    {
        return Err(format!("`{url}` names no bucket"));
    }
    let prefix = match prefix.trim_matches('/') {
        "" => String::new(),
        text => {
            crate::path::ObjectKey::parse(text)
                .map_err(|why| format!("the prefix of `{url}`: {why}"))?;
            format!("{text}/")
        }
    };
    let bucket = bucket.to_string();
    match scheme {
        "s3" => Ok(Place::S3 { bucket, prefix }),
        "gs" => Ok(Place::Gcs { bucket, prefix }),
        _ => Err(format!("`{url}` has the unknown scheme `{scheme}`")),
    }
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

fn unknown_target(name: &str, targets: &BTreeMap<String, RawTarget>) -> (String, String) {
    let hint = match nearest(name, targets.keys().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if targets.is_empty() => "add `[target.NAME]` to assetsync.toml".to_string(),
        None => format!("there are {}", quoted(targets.keys())),
    };
    (format!("there is no target `{name}`"), hint)
}

fn quoted<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The candidate most like `name`, if any is like it at all.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// serde says "unknown field `nams`, expected one of `names`, `gzip`": picks the likely one.
fn nearest_in_message(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(wrong) = words.next() else {
        return String::new();
    };
    match nearest(wrong, words) {
        Some(near) if message.starts_with("unknown") => format!("did you mean `{near}`?"),
        _ => String::new(),
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
