//! Reads and checks the configuration: everything but its targets.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::raw::{RawConfig, RawFolder, RawLevel, RawRule, RawSource};
use super::{CONFIG_FILE, Config, Origin, Overrides, Provenance, Wanted};
use crate::error::{Error, Result, shortened, shown_key_file};
use crate::folders::{Folder, Folders, TOP};
use crate::glob::{Case, Glob};
use crate::levels::{LEVELS_MAX, Level, Levels, OPEN};
use crate::likeness::nearest;
use crate::mask::{has_credentials, masked_hint, masked_quotes, shown};
use crate::name::{NameStyle, ROBOTS};
use crate::path::ObjectKey;
use crate::problem::{Meant, ProblemKind};
use crate::refs::Extra;
use crate::rules::{Rule, Rules};
use crate::tree::Source;

/// A configuration file on its way to a [`Config`].
pub(super) struct Reader<'a> {
    pub(super) file: &'a Path,
    text: &'a str,
    pub(super) overrides: &'a Overrides,
    pub(super) provenance: Vec<Provenance>,
    settings: Settings,
}

/// What there is to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settings {
    /// A file, and what is laid over it.
    File,
    /// Flags and environment by themselves.
    Flags,
}

/// For commands that make names, or find what they named.
pub(super) fn no_key_file() -> Error {
    Error::usage(
        "No key file is given",
        "set `key_file` in assetsync.toml, ASSETSYNC_KEY_FILE or `--key-file`; `assetsync key new FILE` makes one",
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

    /// Without a file: what isn't given may not be needed.
    pub(super) fn of_flags(overrides: &'a Overrides) -> Reader<'a> {
        Reader {
            settings: Settings::Flags,
            ..Reader::new(Path::new(CONFIG_FILE), "", overrides)
        }
    }

    pub(super) fn read(mut self, wanted: Wanted<'_>) -> Result<Config> {
        let raw: RawConfig = toml::from_str(self.text).map_err(|e| self.toml_error(&e))?;
        let rules = self.rules(&raw)?;
        let sources = self.sources(&raw)?;
        let key_file = match self.pick("key_file", written(&raw.key_file), None) {
            Some((file, origin)) if file.is_empty() || file.contains('\0') => {
                let shown = crate::error::escape(&file);
                return Err(Error::usage(
                    format!("key_file is `{shown}`, and must be the name of a file ({origin})"),
                    "`assetsync key new FILE` makes one",
                ));
            }
            Some((file, origin)) => self.beside_if_from_file(&file, &origin),
            // Whoever needs it, asks for it: not every command has a key.
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
            let text = crate::error::escape(&text);
            let (least, most) = (range.start(), range.end());
            let message =
                format!("{setting} is `{text}`, and must be a number from {least} to {most}");
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
        let (line, column) = line_and_column(self.text, raw.dir.span().start);
        let declared = Some(format!("{}:{line}:{column}", self.file.display()));
        Ok(Source {
            dir,
            mount,
            symlinks: raw.symlinks,
            declared,
        })
    }

    fn rules(&mut self, raw: &RawConfig) -> Result<Rules> {
        let levels = self.levels(raw)?;
        let rules = raw
            .rule
            .iter()
            .map(|rule| self.rule(rule, &levels))
            .collect::<Result<Vec<_>>>()?;
        let listed: Vec<&str> = raw
            .extensions
            .iter()
            .map(|e| e.get_ref().as_str())
            .collect();
        let listed = (!listed.is_empty()).then(|| listed.join(","));
        let extensions = match self.pick("extensions", listed, None) {
            Some((list, origin)) if !matches!(origin, Origin::File(_)) => list
                .split(',')
                .map(|text| {
                    extension(text)
                        .map_err(|why| Error::usage(format!("{why} ({origin})"), EXTENSION_HINT))
                })
                .collect::<Result<BTreeSet<_>>>()?,
            _ => raw
                .extensions
                .iter()
                .map(|text| {
                    extension(text.get_ref())
                        .map_err(|why| self.mistake(&text.span(), why, EXTENSION_HINT))
                })
                .collect::<Result<BTreeSet<_>>>()?,
        };
        let prefixes = raw.prefixes.iter().map(|prefix| self.prefix(prefix));
        let folders = raw.folder.iter().map(|folder| self.keyed_folder(folder));
        let folders = Folders::new(folders.collect::<Result<_>>()?);
        let meant = raw.warnings.allow.iter().map(|meant| self.meant(meant));
        Ok(Rules::new(rules, extensions)
            .with_levels(levels)
            .with_folders(folders)
            .with_meant(Meant::new(meant.collect::<Result<_>>()?))
            .with_prefixes(prefixes.collect::<Result<_>>()?))
    }

    fn levels(&self, raw: &RawConfig) -> Result<Levels> {
        if let Some(level) = raw.level.get(LEVELS_MAX) {
            let message = format!("there are over {LEVELS_MAX} levels");
            return Err(self.mistake(&level.name.span(), message, ""));
        }
        let levels: Result<Vec<Level>> = raw.level.iter().map(|level| self.level(level)).collect();
        let open = self.globs(&raw.open, Case::Any)?;
        let levels = Levels::new(levels?).with_open(open);
        for (place, level) in raw.level.iter().enumerate() {
            let earlier = raw.level[..place].iter().map(|other| other.name.get_ref());
            if earlier
                .chain([&OPEN.to_string()])
                .any(|name| name == level.name.get_ref())
            {
                let message = format!("there is a level `{}` already", level.name.get_ref());
                return Err(self.mistake(&level.name.span(), message, ""));
            }
            for known in &level.knows {
                levels.find(&[known.get_ref().clone()]).map_err(|error| {
                    let hint = error
                        .nearest
                        .as_ref()
                        .map_or(String::new(), |near| format!("did you mean `{near}`?"));
                    self.mistake(&known.span(), error.to_string(), hint)
                })?;
            }
        }
        Ok(levels)
    }

    fn level(&self, raw: &RawLevel) -> Result<Level> {
        let is_odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let name = raw.name.get_ref();
        if name.is_empty() || name.contains(is_odd) {
            let message = format!("`{}` can't be a level's name", crate::error::escape(name));
            return Err(self.mistake(
                &raw.name.span(),
                message,
                "letters, digits, `-` and `_` only",
            ));
        }
        let mut matches = vec![self.glob(&raw.matches, raw.case)?];
        matches.extend(self.globs(&raw.also, raw.case)?);
        let (line, _) = line_and_column(self.text, raw.name.span().start);
        Ok(Level {
            name: name.clone(),
            matches,
            open: self.globs(&raw.open, raw.case)?,
            declared: Some(format!("{}:{line}", self.file.display())),
            held: raw.held,
            hide_paths: raw.hide_paths,
            knows: raw
                .knows
                .iter()
                .map(|name| name.get_ref().clone())
                .collect(),
        })
    }

    /// Reads `mention`, or `mention:vendor/**`.
    fn meant(&self, raw: &Spanned<String>) -> Result<(ProblemKind, Option<Glob>)> {
        let (name, pattern) = match raw.get_ref().split_once(':') {
            Some((name, pattern)) => (name, Some(pattern)),
            None => (raw.get_ref().as_str(), None),
        };
        let kind = ProblemKind::of(name).ok_or_else(|| {
            let names = ProblemKind::OF_WARNINGS.map(|kind| format!("`{}`", kind.name()));
            let hint = format!(
                "one of {}, with `:` and a pattern if it's about some files only",
                names.join(", ")
            );
            let message = format!("there is no kind of warnings called `{}`", shortened(name));
            self.mistake(&raw.span(), message, hint)
        })?;
        let glob =
            |pattern: &str| self.glob(&Spanned::new(raw.span(), pattern.to_string()), Case::Exact);
        Ok((kind, pattern.map(glob).transpose()?))
    }

    /// A slash at the end says that it's a folder, as it is without.
    fn keyed_folder(&self, raw: &RawFolder) -> Result<Folder> {
        let pattern = raw.matches.get_ref().trim_end_matches('/');
        if pattern.is_empty() {
            let message = "this is no folder of the tree".to_string();
            let hint = "a folder is written as `puzzle/gears`, each one in `puzzle` as `puzzle/*`, and the whole tree as `.`";
            return Err(self.mistake(&raw.matches.span(), message, hint));
        }
        let pattern = Spanned::new(raw.matches.span(), pattern.to_string());
        let matches = match pattern.get_ref() == TOP {
            true => Glob::new(TOP).expect("a dot is a glob"),
            false => self.glob(&pattern, Case::Exact)?,
        };
        Ok(Folder { matches })
    }

    fn globs(&self, patterns: &[Spanned<String>], case: Case) -> Result<Vec<Glob>> {
        let globs = patterns.iter().map(|pattern| self.glob(pattern, case));
        globs.collect()
    }

    /// A pattern that can match something.
    fn glob(&self, pattern: &Spanned<String>, case: Case) -> Result<Glob> {
        let text = pattern.get_ref();
        if can_match_nothing(text) {
            let message = format!("`{}` can match no path", shortened(text));
            let hint = "logical paths are relative, such as `solution/a.png`; all of a folder is `solution/**`";
            return Err(self.mistake(&pattern.span(), message, hint));
        }
        Glob::in_case(text, case).map_err(|why| {
            let message = format!("`{}` {why}", shortened(text));
            self.mistake(&pattern.span(), message, "")
        })
    }

    fn prefix(&self, prefix: &Spanned<String>) -> Result<String> {
        let text = prefix.get_ref();
        let is_rooted =
            text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://");
        match is_rooted && text.ends_with('/') && !has_credentials(text) {
            true => Ok(text.clone()),
            false => Err(self.mistake(
                &prefix.span(),
                format!("`{}` isn't a prefix of URLs", shown(text)),
                "write it as in `/static/` or `https://cdn.example.org/static/`, with a slash at its end",
            )),
        }
    }

    /// JSON pointers begin with a slash; the rest are attributes.
    fn references(&self, raw: &[Spanned<String>]) -> Result<Extra> {
        let mut extra = Extra::default();
        for entry in raw {
            let text = entry.get_ref();
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '@');
            if text.starts_with('/') {
                extra.pointers.push(text.clone());
            } else if !text.is_empty() && text.chars().all(is_name) && text.matches('@').count() < 2
            {
                extra.attributes.push(text.to_lowercase());
            } else {
                let message = format!(
                    "`{}` is neither a JSON pointer nor an attribute",
                    crate::error::escape(text)
                );
                let hint = "write `/pictures/*/src` for JSON, `data-src` or `img@data-src` for pages and XML";
                return Err(self.mistake(&entry.span(), message, hint));
            }
        }
        Ok(extra)
    }

    /// Reads the folder of names of a rule that are keyed by folder.
    fn under(&self, rule: &RawRule, raw: &Spanned<String>) -> Result<String> {
        let folder = raw.get_ref().trim_end_matches('/');
        if rule.names != Some(NameStyle::Palindrome2022) {
            let message = "`under` is for `names = \"palindrome-2022\"` in the same rule";
            return Err(self.mistake(&raw.span(), message, ""));
        }
        match ObjectKey::parse(&format!("{folder}/x")) {
            Ok(_) => Ok(format!("{folder}/")),
            Err(why) => {
                let message = format!("`{}` can't be a folder: {why}", shortened(folder));
                Err(self.mistake(&raw.span(), message, "such as `under = \"puzzle_files\"`"))
            }
        }
    }

    fn rule(&self, raw: &RawRule, levels: &Levels) -> Result<Rule> {
        // A rule for a level's pattern is about that level's files.
        let pattern = raw.matches.get_ref();
        let level = levels.patterns().find(|glob| glob.pattern() == pattern);
        let case = level.map_or(Case::Exact, Glob::case);
        let mut rule = Rule::for_glob(self.glob(&raw.matches, case)?);
        rule.names = raw.names;
        rule.under = raw
            .under
            .as_ref()
            .map(|under| self.under(raw, under))
            .transpose()?;
        rule.gzip = raw.gzip;
        rule.publish = raw.publish;
        rule.rewrite = raw.rewrite;
        rule.references = self.references(&raw.references)?;
        rule.urls = raw.urls;
        rule.dangling = raw.dangling;
        rule.source_maps = raw.source_maps;
        rule.metadata = raw.metadata;
        rule.comments = raw.comments;
        for pattern in &raw.may_name {
            rule.may_name.push(self.glob(pattern, Case::Exact)?);
        }
        rule.cache_control = raw
            .cache_control
            .as_ref()
            .map(|v| self.header_value("cache_control", v))
            .transpose()?;
        rule.content_type = raw
            .content_type
            .as_ref()
            .map(|v| self.content_type(v))
            .transpose()?;
        for (name, value) in &raw.headers {
            let lower = self.header_name(name)?;
            let value = self.header_value(&lower, value)?;
            if rule.headers.insert(lower.clone(), value).is_some() {
                return Err(self.mistake(
                    &name.span(),
                    format!("the header `{lower}` is set twice"),
                    "",
                ));
            }
        }
        Ok(rule)
    }

    /// The headers that S3 and GCS keep beside an object, but for those with a field of their own; and the one that a folder has.
    fn header_name(&self, name: &Spanned<String>) -> Result<String> {
        const KEPT: [&str; 2] = ["content-disposition", "content-language"];
        let lower = name.get_ref().to_ascii_lowercase();
        if KEPT.contains(&lower.as_str()) || lower == ROBOTS {
            return Ok(lower);
        }
        let hint = match lower.as_str() {
            "content-type" | "cache-control" => {
                format!("set `{}` in the rule itself", lower.replace('-', "_"))
            }
            "content-encoding" => "compression is decided by `gzip`".to_string(),
            _ => match nearest(&lower, KEPT.into_iter().chain([ROBOTS])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "buckets serve {} only; set others at the CDN",
                    KEPT.join(" and ")
                ),
            },
        };
        let lower = crate::error::escape(&lower);
        Err(self.mistake(
            &name.span(),
            format!("the header `{lower}` can't be set here"),
            hint,
        ))
    }

    fn content_type(&self, value: &Spanned<String>) -> Result<String> {
        let text = self.header_value("content_type", value)?;
        let essence = text.split(';').next().unwrap_or(&text).trim();
        let is_token = |part: &str| !part.is_empty() && !part.contains([' ', '/', ',']);
        match essence.split_once('/') {
            Some((kind, subtype)) if is_token(kind) && is_token(subtype) => Ok(text),
            _ => Err(self.mistake(
                &value.span(),
                format!("`{text}` isn't a content type"),
                "write it as in `text/html; charset=utf-8`",
            )),
        }
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

    pub(super) fn beside_if_from_file(&self, path: &str, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File(_) => self.beside(path),
            _ => PathBuf::from(path),
        }
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
            message: masked_quotes(&message.into()),
            hint: masked_hint(&hint.into()),
        }
    }

    fn toml_error(&self, error: &toml::de::Error) -> Error {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or_default();
        match self.in_words_of_toml(message, span.start) {
            Some((message, hint)) => self.mistake(&span, message, hint),
            None => self.mistake(&span, message, nearest_in_message(error.message())),
        }
    }

    /// What serde says in words of Rust, for the two mistakes that are made most.
    fn in_words_of_toml(&self, message: &str, at: usize) -> Option<(String, String)> {
        let rest = self.text.get(at..)?;
        if message.ends_with("expected a sequence") {
            let name = rest.strip_prefix('[')?.split(']').next()?;
            return Some((
                format!("`{name}` is a list of tables"),
                format!("write `[[{name}]]`, with two brackets"),
            ));
        }
        if message.contains("wanted string or table") {
            let line = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let key = self.text[line..at]
                .split(['=', '{', ','])
                .rev()
                .map(str::trim)
                .find(|key| !key.is_empty())?;
            let (_, values) = CHOICES.iter().find(|(setting, _)| *setting == key)?;
            return Some((
                format!("`{key}` isn't one of its values"),
                format!("it's {values}, in quotes"),
            ));
        }
        None
    }
}

fn written(text: &Option<Spanned<String>>) -> Option<String> {
    text.as_ref().map(|text| text.get_ref().clone())
}

/// The settings with a few values.
const CHOICES: [(&str, &str); 11] = [
    ("access", "`bucket` or `object-acl`"),
    ("addressing", "`path` or `virtual`"),
    ("case", "`any` or `exact`"),
    ("comments", "`keep` or `strip`"),
    ("dangling", "`error`, `warn` or `ignore`"),
    ("gzip", "`auto` or `never`"),
    ("metadata", "`keep` or `strip`"),
    (
        "names",
        "`opaque`, `readable`, `plain`, `fingerprinted`, `folder` or `palindrome-2022`",
    ),
    ("source_maps", "`refuse`, `publish` or `strip`"),
    ("symlinks", "`refuse` or `inside`"),
    ("urls", "`relative` or `absolute`"),
];

/// Globs that look like paths, but not like logical ones.
fn can_match_nothing(pattern: &str) -> bool {
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    pattern.split('/').any(is_odd)
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
