//! Reads and checks the targets, and decides which of them are meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Spanned;
use url::Url;

use super::places::Located;
use super::raw::{RawConfig, RawTarget};
use super::reader::Reader;
use super::{Access, Addressing, Flags, Host, INDEX, Origin, Place, Provenance, Target};
use crate::environment::{self, is_region, server_url};
use crate::error::{Error, Result};
use crate::likeness::nearest;
use crate::mask::{credentials_hint, has_credentials, has_key, shown};
use crate::path::LogicalPath;
use crate::spot::Relation;

const ACCESS: [(&str, Access); 2] = [
    ("bucket", Access::Bucket),
    ("object-acl", Access::ObjectAcl),
];
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

    /// Where a target and its releases are by the file alone, which was checked.
    pub(super) fn as_written(&self, name: &str, raw: &RawTarget) -> Target {
        let place =
            |url: &Spanned<String>| parse_place(url.get_ref(), self.folder()).expect("checked");
        Target {
            name: name.to_string(),
            place: place(&raw.url),
            public_url: None,
            access: Access::default(),
            endpoint: raw
                .endpoint
                .as_ref()
                .and_then(|url| Url::parse(url.get_ref()).ok()),
            region: None,
            addressing: None,
            state: raw.state.as_ref().map(place),
            cors: None,
            host: Host::default(),
            flags: Flags::default(),
        }
    }

    /// Targets that aren't meant now are checked too: not on the night they are needed.
    pub(super) fn check_target(&self, name: &str, raw: &RawTarget) -> Result<()> {
        if !is_name(name) {
            let shown = shown(name);
            return Err(self.mistake(
                &raw.url.span(),
                format!("`{shown}` can't be a target's name"),
                "a name has no `:`, no spaces at its ends, nothing that isn't seen and no key in it; the place is its `url`",
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
                        "Both the target `{}` and another place `{}` ({origin}) are given",
                        shown(name),
                        shown(url)
                    ),
                    "name a target or give a URL, so that nobody takes the one for the other",
                )),
            };
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
            if !raw.target.contains_key(default.get_ref()) {
                let (message, hint) = unknown_target(default.get_ref(), &raw.target);
                return Err(self.mistake(&default.span(), message, hint));
            }
            let picked = self.pick("default_target", Some(default.get_ref().clone()), None);
            return Ok(picked.into_iter().map(|(name, _)| name).collect());
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
        // What the configuration says was checked with all targets.
        match is_region(&region) {
            true => Ok(Some(region)),
            false => Err(Error::usage(
                format!("{} ({origin})", no_region(&region)),
                "",
            )),
        }
    }

    /// The same target with what the clouds' own tools read from the environment, where nobody else says it.
    fn with_environment(&mut self, mut target: Target) -> Result<Target> {
        let places = || {
            [Some(&target.place), target.state.as_ref()]
                .into_iter()
                .flatten()
        };
        let is_on_s3 = places().any(|place| matches!(place, Place::S3 { .. }));
        let is_on_gcs = places().any(|place| matches!(place, Place::Gcs { .. }));
        if is_on_gcs && target.endpoint.is_none() {
            environment::emulator()?;
        }
        if !is_on_s3 {
            return Ok(target);
        }
        if let (None, Some((name, url))) = (&target.endpoint, environment::s3_endpoint()?) {
            self.note(
                "endpoint",
                url.as_str(),
                Origin::Environment(name.to_string()),
            );
            // A bucket of Google's has another server than its releases on S3.
            target.endpoint = (!is_on_gcs).then_some(url);
        }
        if let (None, Some((name, region))) = (&target.region, environment::s3_region()?) {
            self.note("region", &region, Origin::Environment(name.to_string()));
            target.region = Some(region);
        }
        Ok(target)
    }

    /// Where releases are kept, if the target's own folder isn't good enough.
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

    /// The file of the CORS policy; whoever uses it reads it.
    fn cors(&mut self, in_file: Option<&Spanned<String>>) -> Result<Option<PathBuf>> {
        let in_file = in_file.map(|s| s.get_ref().clone());
        let Some((text, origin)) = self.pick("cors", in_file, None) else {
            return Ok(None);
        };
        let file = self.beside_if_from_file(&text, &origin);
        // What the configuration says was checked with all targets.
        check_policy(&file).map_err(|why| Error::usage(format!("{why} ({origin})"), CORS_HINT))?;
        Ok(Some(file))
    }

    /// A page that the host shows. What the configuration says was checked with all targets.
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
                format!("{setting} is `{text}` ({origin})"),
                format!("it's `{}` or `{}`", choices[0].0, choices[1].0),
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

/// Whether a target can be called so: what has a colon is taken for a URL, what begins with a dash for a flag. What looks like a key
/// would be in every report.
fn is_name(name: &str) -> bool {
    let is_odd = |c: char| c == ':' || crate::error::escape(&c.to_string()) != c.to_string();
    let is_plain = !name.is_empty() && name.trim() == name && !name.contains(is_odd);
    is_plain && !name.starts_with('-') && !has_key(name)
}

const CORS_HINT: &str =
    "`cors` names a file such as `cors/gcs.json`, which `assetsync init` writes";

/// Whether there's a file.
fn check_policy(file: &Path) -> Result<(), String> {
    match file.is_file() {
        true => Ok(()),
        false => Err(format!(
            "the CORS policy `{}` doesn't exist",
            file.display()
        )),
    }
}

/// What file systems take for a name, less what assetsync puts behind it, in bytes.
const NAME_BYTES_MAX: usize = 255 - ".releases".len();

/// And for a whole path, less what is below it.
const PATH_BYTES_MAX: usize = 4096 - crate::path::KEY_BYTES_MAX;

const URL_HINT: &str = "write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`";

/// What to write where a target's URL can't be used.
fn url_hint(url: &str) -> &'static str {
    match credentials_hint(url) {
        "" => URL_HINT,
        hint => hint,
    }
}

fn parse_place(url: &str, folder: &Path) -> Result<Place, String> {
    if has_credentials(url) {
        return Err(format!("`{}` has credentials in it", shown(url)));
    }
    if !url.starts_with("file:") && url.contains(['?', '#']) {
        let shown = shown(url);
        return Err(format!("`{shown}` has a query or a fragment in it"));
    }
    if let Some(path) = url.strip_prefix("file:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err("the URL `file:` names no folder".to_string());
        }
        let is_too_long = |name: &str| name.len() > NAME_BYTES_MAX;
        if path.len() > PATH_BYTES_MAX || path.split('/').any(is_too_long) {
            let shown = crate::error::shortened(url);
            return Err(format!("`{shown}` is too long for a folder"));
        }
        if path.contains('\0') {
            return Err(format!("`{}` has a NUL in it", crate::error::escape(url)));
        }
        if path.starts_with("~/") {
            return Err(format!("`{url}`: only a shell knows what `~` is"));
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
            // As part of a key: some names are taken for folders only.
            crate::path::ObjectKey::parse(&format!("{text}/x"))
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

fn parse_index(text: &str) -> Result<String, String> {
    match text == INDEX {
        true => Ok(text.to_string()),
        false => Err(format!(
            "index is `{}`, and the page of a folder is called `{INDEX}`",
            shown(text)
        )),
    }
}

fn parse_page(text: &str) -> Result<LogicalPath, String> {
    LogicalPath::parse(text).map_err(|_| {
        format!(
            "not_found is `{}`, and must be a path in the tree, such as `404.html`",
            shown(text)
        )
    })
}

fn no_region(text: &str) -> String {
    let shown = shown(text);
    format!("region is `{shown}`, and must be one such as `us-east-1`")
}

fn parse_url(setting: &str, text: &str) -> Result<Url, String> {
    server_url(text).ok_or_else(|| {
        let shown = shown(text);
        let example = match setting {
            "endpoint" => "https://s3.example.org",
            _ => "https://cdn.example.org/static/",
        };
        format!("{setting} is `{shown}`, and must be a URL such as `{example}`")
    })
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
        None if targets.len() == 1 => format!("there is only {}", quoted(targets.keys())),
        None => format!("there are {}", quoted(targets.keys())),
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
