//! Reads and checks what the configuration says of files: rules, levels, keyed folders.

use super::Origin;
use super::raw::{RawConfig, RawFolder, RawLevel, RawRule};
use super::reader::Reader;
use crate::base::coding::Coding;
use crate::base::error::{Error, Result};
use crate::base::glob::{Case, Glob};
use crate::base::likeness::nearest;
use crate::base::mask::{has_credentials, shown};
use crate::base::name::{NameStyle, ROBOTS};
use crate::base::path::ObjectKey;
use crate::base::problem::{Meant, ProblemKind};
use crate::base::text::{line_and_column, shortened};
use crate::folders::{Folder, Folders, TOP};
use crate::levels::{LEVELS_MAX, Level, Levels, OPEN};
use crate::refs::{Extra, ExtraAttribute, Grammar};
use crate::rules::{Rule, Rules};
use std::collections::BTreeSet;
use toml::Spanned;

impl Reader<'_> {
    pub(super) fn rules(&mut self, raw: &RawConfig) -> Result<Rules> {
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
            let message = format!("too many levels: the maximum is {LEVELS_MAX}");
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
                let message = format!("the level `{}` already exists", level.name.get_ref());
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
            let message = format!(
                "`{}` isn't a valid level name",
                crate::base::text::escape(name)
            );
            return Err(self.mistake(
                &raw.name.span(),
                message,
                "use only letters, digits, `-` and `_`",
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
                "use one of {}; add `:` and a pattern to limit it to some files",
                names.join(", ")
            );
            let message = format!("unknown kind of warning `{}`", shortened(name));
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
            let message = "this isn't a folder in the tree".to_string();
            let hint = "write `puzzle/gears` for one folder, `puzzle/*` for each folder in `puzzle`, or `.` for the whole tree";
            return Err(self.mistake(&raw.matches.span(), message, hint));
        }
        let pattern = Spanned::new(raw.matches.span(), pattern.to_string());
        let matches = if pattern.get_ref() == TOP {
            Glob::new(TOP).expect("a dot is a glob")
        } else {
            self.glob(&pattern, Case::Exact)?
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
            let message = format!("`{}` can't match any path", shortened(text));
            let hint = "logical paths are relative, such as `solution/a.png`; write `solution/**` for a whole folder";
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
        if is_rooted && text.ends_with('/') && !has_credentials(text) {
            Ok(text.clone())
        } else {
            Err(self.mistake(
            &prefix.span(),
            format!("`{}` isn't a URL prefix", shown(text)),
            "write it like `/static/` or `https://cdn.example.org/static/`, with a slash at the end",
        ))
        }
    }

    /// JSON pointers begin with a slash; the rest are attributes.
    fn references(&self, raw: &[Spanned<String>]) -> Result<Extra> {
        let mut extra = Extra::default();
        for entry in raw {
            let text = entry.get_ref();
            if text.starts_with('/') {
                extra.pointers.push(text.clone());
            } else if let Some(attribute) = attribute(text) {
                extra.attributes.push(attribute);
            } else {
                let message = format!(
                    "`{}` is neither a JSON pointer nor an attribute",
                    crate::base::text::escape(text)
                );
                let hint = "write `/pictures/*/src` for JSON; `data-src`, `img@data-src`, `data-set as srcset` or `data-style as css` for pages and XML";
                return Err(self.mistake(&entry.span(), message, hint));
            }
        }
        Ok(extra)
    }

    /// Reads the folder of names of a rule that are keyed by folder.
    fn under(&self, rule: &RawRule, raw: &Spanned<String>) -> Result<String> {
        let folder = raw.get_ref().trim_end_matches('/');
        if rule.names != Some(NameStyle::Palindrome2022) {
            let message = "`under` requires `names = \"palindrome-2022\"` in the same rule";
            return Err(self.mistake(&raw.span(), message, ""));
        }
        match ObjectKey::parse(&format!("{folder}/x")) {
            Ok(_) => Ok(format!("{folder}/")),
            Err(why) => {
                let message = format!("`{}` isn't a valid folder: {why}", shortened(folder));
                Err(self.mistake(
                    &raw.span(),
                    message,
                    "write it like `under = \"puzzle_files\"`",
                ))
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
        rule.encoding = raw.encoding;
        rule.publish = raw.publish;
        rule.rewrite = raw.rewrite;
        rule.references = self.references(&raw.references)?;
        rule.integrity = raw.integrity;
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
            let lower = self.header_name(name, value)?;
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

    /// The headers that S3 and GCS keep beside an object, but for those with a field of their own;
    /// and the one that a folder has.
    fn header_name(&self, name: &Spanned<String>, value: &Spanned<String>) -> Result<String> {
        const KEPT: [&str; 2] = ["content-disposition", "content-language"];
        let lower = name.get_ref().to_ascii_lowercase();
        if KEPT.contains(&lower.as_str()) || lower == ROBOTS {
            return Ok(lower);
        }
        let hint = match lower.as_str() {
            "content-type" | "cache-control" => {
                format!("set `{}` in the rule itself", lower.replace('-', "_"))
            }
            "content-encoding" => match Coding::named(value.get_ref()) {
                Some(coding) => format!(
                    "set `encoding = \"{}\"` in the rule itself for files that are already compressed",
                    coding.name()
                ),
                None => "set `gzip` to control compression, or `encoding` for files that are already compressed".to_string(),
            },
            _ => match nearest(&lower, KEPT.into_iter().chain([ROBOTS])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "buckets serve only {}; set other headers at the CDN",
                    KEPT.join(" and ")
                ),
            },
        };
        let lower = crate::base::text::escape(&lower);
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
                "write it like `text/html; charset=utf-8`",
            )),
        }
    }

    fn header_value(&self, name: &str, value: &Spanned<String>) -> Result<String> {
        let text = value.get_ref();
        let clean = !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        if clean && text.trim() == text {
            return Ok(text.clone());
        }
        let shown = crate::base::text::escape(text);
        Err(self.mistake(
            &value.span(),
            format!("the value `{shown}` of `{name}` isn't a valid header value"),
            "use only printable ASCII: no line breaks, no tabs, no leading or trailing spaces",
        ))
    }
}

/// Reads `data-src`, `img@data-src` or `data-set as srcset`.
fn attribute(text: &str) -> Option<ExtraAttribute> {
    let (name, grammar) = match text.split_once(" as ") {
        Some((name, word)) => {
            let mut all = Grammar::ALL.into_iter();
            let (_, grammar) = all.find(|(other, _)| *other == word.trim())?;
            (name.trim(), Some(grammar))
        }
        None => (text, None),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '@');
    let is_attribute =
        !name.is_empty() && name.chars().all(is_name) && name.matches('@').count() < 2;
    let usual = ExtraAttribute::named(name);
    is_attribute.then(|| ExtraAttribute {
        grammar: grammar.unwrap_or(usual.grammar),
        ..usual
    })
}

/// Globs that look like paths, but not like logical ones.
fn can_match_nothing(pattern: &str) -> bool {
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    pattern.split('/').any(is_odd)
}

const EXTENSION_HINT: &str =
    "write it without a dot, such as \"glsl\"; \"\" stands for files without an extension";

fn extension(text: &str) -> Result<String, String> {
    let is_odd = |c: char| matches!(c, '.' | '/' | '\\') || c.is_control() || c.is_whitespace();
    if text.contains(is_odd) {
        Err(format!(
            "`{}` isn't a valid extension",
            crate::base::text::escape(text)
        ))
    } else {
        Ok(text.to_lowercase())
    }
}
