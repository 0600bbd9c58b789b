//! Reads and checks the configuration: everything but its targets.

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::raw::{RawConfig, RawSource};
use super::{CONFIG_FILE, Config, Origin, Overrides, Provenance, Wanted, typed};
use crate::base::error::{Error, Result, shown_key_file};
use crate::base::excerpt::Excerpt;
use crate::base::hint::Hint;
use crate::base::likeness::nearest;
use crate::base::mask::{masked_hint, masked_quotes, shown};
use crate::base::text::line_and_column;
use crate::tree::Source;

/// A configuration file on its way to a [`Config`].
pub(super) struct Reader<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    pub(super) overrides: &'a Overrides,
    pub(super) provenance: Vec<Provenance>,
    settings: Settings,
}

/// Source of the settings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settings {
    /// A file, and what is laid over it.
    File,
    /// Flags and environment by themselves.
    Flags,
}

/// Returns the error of commands that make names, or find what they named, if there is no key file.
pub(super) fn no_key_file() -> Error {
    Error::usage(
        "No key file is set",
        "if the project has a key already, set `key_file` in assetsync.toml, ASSETSYNC_KEY_FILE or `--key-file` to its file. Only for a new project, create one with `assetsync key new FILE`",
    )
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str, overrides: &'a Overrides) -> Reader<'a> {
        Reader {
            file,
            text,
            overrides,
            provenance: Vec::new(),
            settings: Settings::File,
        }
    }

    /// Makes a reader without a file. Settings that aren't given may not be needed.
    pub(super) fn of_flags(overrides: &'a Overrides) -> Reader<'a> {
        Reader {
            settings: Settings::Flags,
            ..Reader::new(Path::new(CONFIG_FILE), "", overrides)
        }
    }

    pub(super) fn read(mut self, wanted: Wanted<'_>) -> Result<Config> {
        let raw: RawConfig = typed::read(self.text)
            .map_err(|wrong| self.mistake(&wrong.span(), wrong.message(), wrong.hint()))?;
        let rules = self.rules(&raw)?;
        let sources = self.sources(&raw)?;
        let key_file = match self.pick("key_file", written(&raw.key_file), None) {
            Some((file, origin)) if file.is_empty() || file.contains('\0') => {
                let shown = crate::base::text::escape(&file);
                return Err(Error::usage(
                    format!("key_file is `{shown}`, but must be a file name ({origin})"),
                    "`assetsync key new FILE` creates one",
                ));
            }
            Some((file, origin)) => self.beside_if_from_file(&file, &origin),
            // Commands that need a key check this themselves: not every command does.
            None if self.settings == Settings::Flags => PathBuf::new(),
            None => return Err(no_key_file()),
        };
        let gzip_level = self.number("gzip_level", raw.gzip_level.as_ref(), 9, 0..=9)?;
        let requests = self.number("requests", raw.requests.as_ref(), 64, 1..=1024)?;
        let memory_mib = self.number("memory_mib", raw.memory_mib.as_ref(), 64, 64..=65_536)?;
        let retry_seconds =
            self.number("retry_seconds", raw.retry_seconds.as_ref(), 300, 1..=86_400)?;
        raw.target
            .iter()
            .try_for_each(|(name, target)| self.check_target(name, target))?;
        self.check_places(&raw, &sources, &key_file, &[])?;
        let targets = match wanted {
            Wanted::Targets(names) => self.targets(&raw, names)?,
            Wanted::All => {
                let names: Vec<String> = raw.target.keys().cloned().collect();
                self.targets(&raw, &names)?
            }
            Wanted::NoTarget => Vec::new(),
        };
        self.check_places(&raw, &sources, &key_file, &targets)?;
        let nested = targets.first().map(|outer| self.nested(&raw, outer));
        Ok(Config {
            file: Some(self.file.to_path_buf()),
            key_id: raw.key_id,
            create_key: raw.create_key,
            sources,
            rules: rules.with_key_file(&key_file),
            key_file,
            targets,
            nested: nested.transpose()?.unwrap_or_default(),
            target_names: raw.target.keys().cloned().collect(),
            gzip_level: gzip_level as u32,
            requests: requests as usize,
            memory_bytes: (memory_mib as usize) << 20,
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
        let value_shown = match setting {
            "key_file" => shown_key_file(&self.beside_if_from_file(&value, &origin)),
            _ => shown(&value),
        };
        self.note(setting, &value_shown, origin.clone());
        Some((value, origin))
    }

    /// Notes for `-v` where a setting came from, once.
    pub(super) fn note(&mut self, setting: &str, value: &str, origin: Origin) {
        let shown = Provenance {
            setting: setting.to_string(),
            value: value.to_string(),
            origin,
        };
        if !self.provenance.contains(&shown) {
            self.provenance.push(shown);
        }
    }

    /// Every number is small, so that it fits whatever it's used for.
    fn number(
        &mut self,
        setting: &str,
        in_file: Option<&Spanned<toml::Value>>,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64> {
        let text = in_file.map(|value| match value.get_ref() {
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::String(text) => format!("\"{text}\""),
            other => format!("a {}", other.type_str()),
        });
        let (text, origin) = self
            .pick(setting, text, Some(&default.to_string()))
            .expect("there is a default");
        let number = text.parse().ok().filter(|n| range.contains(n));
        number.ok_or_else(|| {
            let text = crate::base::text::escape(&text);
            let (least, most) = (range.start(), range.end());
            let message =
                format!("{setting} is `{text}`, but must be a number from {least} to {most}");
            match (&origin, in_file) {
                (Origin::File(_), Some(spanned)) => self.mistake(&spanned.span(), message, ""),
                _ => Error::usage(format!("{message} ({origin})"), ""),
            }
        })
    }

    fn sources(&mut self, raw: &RawConfig) -> Result<Vec<Source>> {
        if let Some((dir, origin)) = self.pick("from", None, None) {
            if !Path::new(&dir).is_dir() {
                return Err(Error::usage(
                    format!("the folder `{dir}` doesn't exist ({origin})"),
                    "",
                ));
            }
            return Ok(vec![Source::new(dir)]);
        }
        if raw.source.is_empty() && self.settings == Settings::Flags {
            return Ok(Vec::new());
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
                similar_folder(&dir),
            ));
        }
        let mount = match &raw.mount {
            None => String::new(),
            Some(mount) => match mount.get_ref().trim_matches('/') {
                "" => String::new(),
                text => {
                    crate::base::path::LogicalPath::parse(text).map_err(|why| {
                        self.mistake(&mount.span(), format!("`mount`: {why}"), "")
                    })?;
                    format!("{text}/")
                }
            },
        };
        let (line, column) = line_and_column(self.text, raw.dir.span().start);
        let declared = Some(format!("{}:{line}:{column}", self.file.display()));
        Ok(Source {
            dir,
            mount,
            symlinks: raw.symlinks,
            declared,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn beside_if_from_file(&self, path: &str, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File(_) => self.beside(path),
            _ => PathBuf::from(path),
        }
    }

    fn beside(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    /// Returns the line; none for what is missing, which stands nowhere.
    fn excerpt(&self, span: &Range<usize>) -> Option<Excerpt> {
        match span.end {
            0 => None,
            _ => Excerpt::of_settings(self.text, span.clone()),
        }
    }

    pub(super) fn mistake(
        &self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<Hint>,
    ) -> Error {
        let (line, column) = line_and_column(self.text, span.start);
        Error::Config {
            file: self.file.to_path_buf(),
            line,
            column,
            message: masked_quotes(&message.into()),
            hint: masked_hint(hint),
            excerpt: self.excerpt(span).map(Box::new),
        }
    }
}

fn written(text: &Option<Spanned<String>>) -> Option<String> {
    text.as_ref().map(|text| text.get_ref().clone())
}

/// Returns the hint for a folder that doesn't exist: one beside it whose name is like it.
fn similar_folder(dir: &Path) -> String {
    let beside = dir.parent().map(|parent| {
        if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        }
    });
    let entries = beside.and_then(|beside| beside.read_dir().ok());
    let folders = entries.into_iter().flatten().flatten();
    let folders = folders.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names: Vec<String> = folders
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let name = dir.file_name().map(|name| name.to_string_lossy());
    let near = name.and_then(|name| nearest(&name, names.iter().map(String::as_str)));
    near.map_or(String::new(), |near| {
        let near = dir.with_file_name(near);
        let near = crate::base::text::escape(&near.to_string_lossy());
        format!("did you mean `{near}`?")
    })
}
