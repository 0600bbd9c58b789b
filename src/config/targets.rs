//! Reads and checks the targets, and decides which of them are meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Spanned;
use url::Url;

use super::addresses::{
    no_region, parse_index, parse_page, parse_place, parse_url, url_hint, with_slash,
};
use super::places::Located;
use super::raw::{RawConfig, RawTarget};
use super::reader::Reader;
use super::{Origin, Provenance};
use crate::base::disk::spot::Relation;
use crate::base::error::{Error, Result};
use crate::base::likeness::nearest;
use crate::base::mask::{credentials_hint, has_key, shown};
use crate::store::environment::{self, is_region};
use crate::store::location::{Access, Addressing, Flags, Host, Place, Target};

const ACCESS: [(&str, Access); 2] = [
    ("bucket", Access::Bucket),
    ("object-acl", Access::ObjectAcl),
];
/// Meaning of each of them.
const ACCESS_HINT: &str = "use `bucket` if the bucket's policy or roles let everybody read, or `object-acl` to store each object with a public-read ACL";
const ADDRESSING: [(&str, Addressing); 2] =
    [("path", Addressing::Path), ("virtual", Addressing::Virtual)];

impl Reader<'_> {
    pub(super) fn targets(&mut self, raw: &RawConfig, names: &[String]) -> Result<Vec<Target>> {
        let mut names = self.target_names(raw, names)?;
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.iter().map(|name| self.target(raw, name)).collect()
    }

    /// The names of targets that are in `outer`.
    pub(super) fn nested(&self, raw: &RawConfig, outer: &Target) -> Result<Vec<String>> {
        let around = Located::of(outer, &outer.place)?;
        let mut nested = Vec::new();
        for (name, target) in &raw.target {
            let inner = self.as_written(name, target);
            let located = Located::of(&inner, &inner.place)?;
            if located.relation(&around) == Relation::Inside {
                nested.push(name.clone());
            }
        }
        Ok(nested)
    }

    /// Returns the places of a target and its releases, by the file alone. The file has been
    /// checked.
    pub(super) fn as_written(&self, name: &str, raw: &RawTarget) -> Target {
        let place =
            |url: &Spanned<String>| parse_place(url.get_ref(), self.folder()).expect("checked");
        let endpoint = raw.endpoint.as_ref();
        Target {
            endpoint: endpoint.and_then(|url| Url::parse(url.get_ref()).ok()),
            state: raw.state.as_ref().map(place),
            ..Target::at(name, place(&raw.url))
        }
    }

    /// Targets that aren't meant now are checked too: not on the night they are needed.
    pub(super) fn check_target(&self, name: &str, raw: &RawTarget) -> Result<()> {
        if !is_name(name) {
            let shown = shown(name);
            return Err(self.mistake(
                &raw.url.span(),
                format!("`{shown}` isn't a valid target name"),
                "a name must not begin with `-` or contain `:`, leading or trailing spaces, \
                 invisible characters or a key. Put the address in `url`",
            ));
        }
        parse_place(raw.url.get_ref(), self.folder())
            .map_err(|why| self.mistake(&raw.url.span(), why, url_hint(raw.url.get_ref())))?;
        if let Some(state) = &raw.state {
            parse_place(state.get_ref(), self.folder())
                .map_err(|why| self.mistake(&state.span(), why, url_hint(state.get_ref())))?;
        }
        if let Some(cors) = &raw.cors {
            check_policy(&self.folder().join(cors.get_ref()))
                .map_err(|why| self.mistake(&cors.span(), why, CORS_HINT))?;
        }
        if let Some(region) = raw.region.as_ref().filter(|r| !is_region(r.get_ref())) {
            return Err(self.mistake(&region.span(), no_region(region.get_ref()), ""));
        }
        if let Some(index) = &raw.index {
            parse_index(index.get_ref()).map_err(|why| self.mistake(&index.span(), why, ""))?;
        }
        if let Some(page) = &raw.not_found {
            parse_page(page.get_ref()).map_err(|why| self.mistake(&page.span(), why, ""))?;
        }
        for (setting, url) in [("public_url", &raw.public_url), ("endpoint", &raw.endpoint)] {
            if let Some(url) = url {
                parse_url(setting, url.get_ref()).map_err(|why| {
                    self.mistake(&url.span(), why, credentials_hint(url.get_ref()))
                })?;
            }
        }
        Ok(())
    }

    fn target_names(&mut self, raw: &RawConfig, asked: &[String]) -> Result<Vec<String>> {
        if let Some((url, origin)) = self.overrides.get("to") {
            return match asked
                .first()
                .or(self.overrides.get("target").map(|(name, _)| name))
            {
                None => Ok(vec![url.clone()]),
                Some(name) => Err(Error::usage(
                    format!(
                        "Both the target `{}` and the URL `{}` ({origin}) are given",
                        shown(name),
                        shown(url)
                    ),
                    "pass a target or a URL, not both",
                )),
            };
        }
        if let Some(default) = &raw.default_target
            && !raw.target.contains_key(default.get_ref())
        {
            let (message, hint) = unknown_target(default.get_ref(), &raw.target);
            return Err(self.mistake(&default.span(), message, hint));
        }
        if !asked.is_empty() {
            return Ok(asked.to_vec());
        }
        if let Some((name, origin)) = self.pick("target", None, None) {
            if !raw.target.contains_key(&name) {
                let (message, hint) = unknown_target(&name, &raw.target);
                return Err(Error::usage(format!("{message} ({origin})"), hint));
            }
            return Ok(vec![name]);
        }
        if let Some(default) = &raw.default_target {
            let picked = self.pick("default_target", Some(default.get_ref().clone()), None);
            return Ok(picked.into_iter().map(|(name, _)| name).collect());
        }
        match raw.target.len() {
            1 => Ok(raw.target.keys().cloned().collect()),
            0 => Err(Error::usage(
                "No target is set",
                "add `[target.NAME]` to assetsync.toml, or pass `--to URL`",
            )),
            _ => Err(Error::usage(
                "There are several targets and no default",
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
        let given = self
            .pick("to", None, None)
            .filter(|(to, _)| found.is_some() || to == name);
        let place = match (&given, &url) {
            (Some((to, origin)), _) => parse_place(to, Path::new(""))
                .map_err(|why| Error::usage(format!("{why} ({origin})"), url_hint(to)))?,
            (None, Some(url)) => {
                let shown = Provenance {
                    setting: format!("target.{name}.url"),
                    value: shown(url.get_ref()),
                    origin: Origin::File(self.file.to_path_buf()),
                };
                self.provenance.push(shown);
                parse_place(url.get_ref(), self.folder())
                    .map_err(|why| self.mistake(&url.span(), why, url_hint(url.get_ref())))?
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
        let region = self.region(found.and_then(|t| t.region.as_ref()))?;
        let access = self.choice("access", &ACCESS, found.and_then(|t| t.access))?;
        let addressing =
            self.choice("addressing", &ADDRESSING, found.and_then(|t| t.addressing))?;
        let state = self.state(found.and_then(|t| t.state.as_ref()))?;
        let cors = self.cors(found.and_then(|t| t.cors.as_ref()))?;
        let host = Host {
            index: self.of_host("index", found.and_then(|t| t.index.as_ref()), parse_index)?,
            not_found: self.of_host(
                "not_found",
                found.and_then(|t| t.not_found.as_ref()),
                parse_page,
            )?,
        };
        self.with_environment(Target {
            name: name.to_string(),
            place,
            public_url,
            access: access.unwrap_or_default(),
            endpoint,
            region,
            addressing,
            state,
            cors,
            host,
            flags: Flags::default(),
        })
    }

    fn region(&mut self, in_file: Option<&Spanned<String>>) -> Result<Option<String>> {
        let picked = self.pick("region", in_file.map(|r| r.get_ref().clone()), None);
        let Some((region, origin)) = picked else {
            return Ok(None);
        };
        // The values in the configuration were checked with all targets.
        if is_region(&region) {
            Ok(Some(region))
        } else {
            Err(Error::usage(
                format!("{} ({origin})", no_region(&region)),
                "",
            ))
        }
    }

    /// Adds settings from the environment variables of the clouds' own tools to a target, unless
    /// they are set otherwise.
    fn with_environment(&mut self, mut target: Target) -> Result<Target> {
        for found in environment::fill_in(&mut target)? {
            let origin = Origin::Environment(found.variable.to_string());
            self.note(found.setting, &found.value, origin);
        }
        Ok(target)
    }

    /// Returns the place of the releases, if it isn't the target's own folder.
    fn state(&mut self, in_file: Option<&Spanned<String>>) -> Result<Option<Place>> {
        let Some((text, origin)) = self.pick("state", in_file.map(|s| s.get_ref().clone()), None)
        else {
            return Ok(None);
        };
        let folder = match origin {
            Origin::File(_) => self.folder().to_path_buf(),
            _ => PathBuf::new(),
        };
        let mistake = |why: String, hint: &str| match (&origin, in_file) {
            (Origin::File(_), Some(spanned)) => self.mistake(&spanned.span(), why, hint),
            _ => Error::usage(format!("{why} ({origin})"), hint),
        };
        let state = parse_place(&text, &folder).map_err(|why| mistake(why, url_hint(&text)))?;
        Ok(Some(state))
    }

    /// Returns the file of the CORS policy. The caller reads it.
    fn cors(&mut self, in_file: Option<&Spanned<String>>) -> Result<Option<PathBuf>> {
        let in_file = in_file.map(|s| s.get_ref().clone());
        let Some((text, origin)) = self.pick("cors", in_file, None) else {
            return Ok(None);
        };
        let file = self.beside_if_from_file(&text, &origin);
        // The values in the configuration were checked with all targets.
        check_policy(&file).map_err(|why| Error::usage(format!("{why} ({origin})"), CORS_HINT))?;
        Ok(Some(file))
    }

    /// Returns a page that the host shows. The values in the configuration were checked with all
    /// targets.
    fn of_host<T>(
        &mut self,
        setting: &str,
        in_file: Option<&Spanned<String>>,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>> {
        let picked = self.pick(setting, in_file.map(|page| page.get_ref().clone()), None);
        let Some((text, origin)) = picked else {
            return Ok(None);
        };
        let parsed = parse(&text).map_err(|why| Error::usage(format!("{why} ({origin})"), ""));
        parsed.map(Some)
    }

    /// A setting with a few values, by name.
    fn choice<T: Copy + PartialEq>(
        &mut self,
        setting: &str,
        choices: &[(&str, T); 2],
        in_file: Option<T>,
    ) -> Result<Option<T>> {
        let name_of = |value: T| choices.iter().find(|(_, choice)| *choice == value);
        let in_file = in_file.and_then(name_of).map(|(name, _)| name.to_string());
        let Some((text, origin)) = self.pick(setting, in_file, None) else {
            return Ok(None);
        };
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => Err(Error::usage(
                format!("{setting} cannot be `{text}` ({origin})"),
                match setting {
                    "access" => ACCESS_HINT.to_string(),
                    _ => format!("use `{}` or `{}`", choices[0].0, choices[1].0),
                },
            )),
        }
    }

    fn url(&mut self, setting: &str, in_file: Option<&Spanned<String>>) -> Result<Option<Url>> {
        let Some((text, origin)) = self.pick(setting, in_file.map(|u| u.get_ref().clone()), None)
        else {
            return Ok(None);
        };
        let message = match parse_url(setting, &text) {
            Ok(url) => return Ok(Some(url)),
            Err(message) => message,
        };
        Err(match (&origin, in_file) {
            (Origin::File(_), Some(spanned)) => {
                self.mistake(&spanned.span(), message, credentials_hint(&text))
            }
            _ => Error::usage(format!("{message} ({origin})"), credentials_hint(&text)),
        })
    }
}

/// Checks whether a target can have this name. A name with a colon is taken for a URL, one that
/// begins with a dash for a flag. A name that looks like a key would be in every report.
fn is_name(name: &str) -> bool {
    let is_odd = |c: char| c == ':' || crate::base::text::escape(&c.to_string()) != c.to_string();
    let is_plain = !name.is_empty() && name.trim() == name && !name.contains(is_odd);
    is_plain && !name.starts_with('-') && !has_key(name)
}

const CORS_HINT: &str = "set `cors` to a policy such as `cors/s3.json`, which `assetsync init` writes into a new project, or remove the line";

/// Checks whether the file exists.
fn check_policy(file: &Path) -> Result<(), String> {
    if file.is_file() {
        Ok(())
    } else {
        Err(format!(
            "the CORS policy `{}` doesn't exist",
            file.display()
        ))
    }
}

/// Says that a configuration with these targets has none of this name.
pub(super) fn unknown(name: &str, targets: &[String]) -> Error {
    let (message, hint) = unknown_among(name, targets.iter());
    Error::usage(message, hint)
}

fn unknown_target(name: &str, targets: &BTreeMap<String, RawTarget>) -> (String, String) {
    unknown_among(name, targets.keys())
}

fn unknown_among<'a>(
    name: &str,
    targets: impl ExactSizeIterator<Item = &'a String> + Clone,
) -> (String, String) {
    let hint = match nearest(name, targets.clone().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if targets.len() == 0 => "add `[target.NAME]` to assetsync.toml".to_string(),
        None if targets.len() == 1 => format!("the only target is {}", quoted(targets)),
        None => format!("use one of {}", quoted(targets)),
    };
    let name = shown(name);
    (format!("there is no target `{name}`"), hint)
}

fn quoted<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
