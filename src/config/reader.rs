//! Reads and checks the configuration: everything but its targets.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::raw::{RawConfig, RawRule, RawSource};
use super::{Config, Origin, Overrides, Place, Provenance, Target, Wanted, nearest};
use crate::error::{Error, Result};
use crate::rules::{Rule, Rules};
use crate::tree::{Source, Symlinks};

/// A configuration file on its way to a [`Config`].
pub(super) struct Reader<'a> {
    pub(super) file: &'a Path,
    text: &'a str,
    pub(super) overrides: &'a Overrides,
    pub(super) provenance: Vec<Provenance>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str, overrides: &'a Overrides) -> Reader<'a> {
        Reader {
            file,
            text,
            overrides,
            provenance: Vec::new(),
        }
    }

    pub(super) fn read(mut self, wanted: Wanted<'_>) -> Result<Config> {
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
        let memory_mib = self.number("memory_mib", raw.memory_mib.as_ref(), 64, 64..=65_536)?;
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
        targets
            .iter()
            .try_for_each(|target| refuse_overlap(&sources, target))?;
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
    pub(super) fn pick(
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

    fn rules(&mut self, raw: &RawConfig) -> Result<Rules> {
        let rules = raw
            .rule
            .iter()
            .map(|rule| self.rule(rule))
            .collect::<Result<Vec<_>>>()?;
        let extensions = match self.pick("extensions", None, None) {
            Some((list, origin)) => list
                .split(',')
                .map(|text| {
                    extension(text)
                        .map_err(|why| Error::usage(format!("{why} ({origin})"), EXTENSION_HINT))
                })
                .collect::<Result<BTreeSet<_>>>()?,
            None => raw
                .extensions
                .iter()
                .map(|text| {
                    extension(text.get_ref())
                        .map_err(|why| self.mistake(&text.span(), why, EXTENSION_HINT))
                })
                .collect::<Result<BTreeSet<_>>>()?,
        };
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

    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    fn beside(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    pub(super) fn mistake(
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

/// A target inside a source would be published into itself.
fn refuse_overlap(sources: &[Source], target: &Target) -> Result<()> {
    let Place::Directory(folder) = &target.place else {
        return Ok(());
    };
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    let absolute = |path: &Path| real(path).map_err(|e| Error::io("find", path, e));
    let to = absolute(folder)?;
    for source in sources {
        let from = absolute(&source.dir)?;
        if to.starts_with(&from) || from.starts_with(&to) {
            let message = format!(
                "The target `{}` and the source `{}` overlap",
                folder.display(),
                source.dir.display()
            );
            return Err(Error::usage(
                message,
                "publish to a folder outside of what is published",
            ));
        }
    }
    Ok(())
}

const EXTENSION_HINT: &str =
    "write it without a dot, such as \"glsl\"; \"\" stands for names that have none";

fn extension(text: &str) -> Result<String, String> {
    let is_odd = |c: char| matches!(c, '.' | '/' | '\\') || c.is_control() || c.is_whitespace();
    match text.contains(is_odd) {
        true => Err(format!(
            "`{}` isn't an extension",
            crate::error::escape(text)
        )),
        false => Ok(text.to_lowercase()),
    }
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
