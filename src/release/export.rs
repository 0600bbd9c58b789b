//! Mapping from logical paths to objects, for programs that render the site.
//!
//! It comes as assetsync's own JSON, or as Django's `staticfiles.json`. It names every object,
//! locked ones too: keep it off the web.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result};
use crate::base::progress::Progress;
use crate::naming::prepare;
use crate::naming::{Build, Object};
use crate::release;

/// Version of [`Manifest`] that this crate writes.
pub const VERSION: u32 = 1;

/// Manifest in assetsync's own format, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Always `assetsync manifest`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// Id of the secret that made the names.
    pub key_id: String,
    /// Objects by logical path.
    pub objects: BTreeMap<String, ManifestObject>,
}

impl Manifest {
    /// Parses the output of `assetsync manifest`.
    ///
    /// # Errors
    /// Returns an error if this isn't JSON of this form, or if its version is newer than this crate
    /// knows.
    pub fn parse(json: &str) -> Result<Manifest> {
        let broken = |why: String| {
            Error::usage(
                format!("Invalid manifest: {why}"),
                "create one with `assetsync manifest`",
            )
        };
        let manifest: Manifest = serde_json::from_str(json).map_err(|e| broken(e.to_string()))?;
        match manifest.version {
            VERSION => Ok(manifest),
            other => Err(broken(format!(
                "unsupported version {other}, expected {VERSION}"
            ))),
        }
    }

    /// Returns the object of a file.
    pub fn find(&self, path: &str) -> Option<&ManifestObject> {
        self.objects.get(path)
    }
}

/// Object of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManifestObject {
    /// Key below the target's URL, not percent-encoded.
    pub key: String,
    /// Size of the content, in bytes.
    pub size: u64,
    /// Size as stored, after gzip, in bytes.
    pub stored_size: u64,
    /// blake3 of the content, in hex.
    pub digest: String,
    /// `Content-Type`.
    pub content_type: String,
    /// Stored form: `gzip` or `identity`.
    pub encoding: String,
    /// `Cache-Control`.
    pub cache_control: String,
}

/// Returns the manifest of `build`. Compresses everything once to find the stored sizes.
///
/// # Errors
/// Returns an error if a file can't be read any more, or has changed since it was hashed. Returns
/// [`Error::Interrupted`] if it is stopped.
pub fn manifest(build: &Build, gzip_level: u32, progress: &Arc<Progress>) -> Result<Manifest> {
    let entry = |object: &Object| -> Result<(String, ManifestObject)> {
        if progress.is_stopped() {
            return Err(Error::Interrupted);
        }
        let body = prepare::prepare(object, gzip_level, progress)?;
        let headers = object.headers();
        let manifest_object = ManifestObject {
            key: object.key.to_string(),
            size: object.size_bytes,
            stored_size: body.size_bytes(),
            digest: object.digest.to_hex().to_string(),
            content_type: headers.content_type.clone(),
            encoding: encoding(body.is_gzipped),
            cache_control: headers.cache_control.clone(),
        };
        Ok((object.path.to_string(), manifest_object))
    };
    Ok(Manifest {
        format: "assetsync manifest".to_string(),
        version: VERSION,
        key_id: build.key_id.to_string(),
        objects: build.objects.par_iter().map(entry).collect::<Result<_>>()?,
    })
}

fn encoding(is_gzipped: bool) -> String {
    let encoding = if is_gzipped { "gzip" } else { "identity" };
    encoding.to_string()
}

/// Returns the manifest of a published release. Held objects have no stored form, so their stored
/// size is the size of the content.
pub fn of_release(release: &release::manifest::Manifest) -> Manifest {
    let object = |entry: &release::manifest::Entry| {
        let headers = release.headers_of(entry);
        let stored = entry.stored.as_ref();
        let object = ManifestObject {
            key: entry.key.to_string(),
            size: entry.size_bytes,
            stored_size: stored.map_or(entry.size_bytes, |stored| stored.size_bytes),
            digest: entry.digest.to_hex().to_string(),
            content_type: headers.content_type.clone(),
            encoding: encoding(entry.is_gzipped()),
            cache_control: headers.cache_control.clone(),
        };
        (entry.path.to_string(), object)
    };
    Manifest {
        format: "assetsync manifest".to_string(),
        version: VERSION,
        key_id: release.key_id.clone(),
        objects: release.entries.iter().map(object).collect(),
    }
}

/// Returns Django's `staticfiles.json` 1.1 for pairs of logical path and key, as
/// `ManifestStaticFilesStorage` reads it
/// (<https://github.com/django/django/blob/main/django/contrib/staticfiles/storage.py>).
pub fn django<'a>(objects: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let paths: BTreeMap<&str, &str> = objects.collect();
    let hash = HEXLOWER.encode(&Md5::digest(python_json(&paths)));
    let manifest = serde_json::json!({ "paths": paths, "version": "1.1", "hash": &hash[..12] });
    serde_json::to_string_pretty(&manifest).expect("strings are JSON") + "\n"
}

/// Returns the result of Python's `json.dumps(sorted(paths.items()))`: `[["a", "b"], ["c", "d"]]`,
/// in ASCII.
fn python_json(paths: &BTreeMap<&str, &str>) -> String {
    let pairs: Vec<String> = paths
        .iter()
        .map(|(path, key)| format!("[{}, {}]", python_string(path), python_string(key)))
        .collect();
    format!("[{}]", pairs.join(", "))
}

fn python_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some(c @ ('"' | '\\')) => quoted.extend(['\\', c]),
            Some(c) if c.is_ascii() => quoted.push(c),
            _ => write!(quoted, "\\u{unit:04x}").expect("a string takes every write"),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_python_does() {
        assert_eq!(
            python_string("a \"b\" é 🐘.png"),
            r#""a \"b\" \u00e9 \ud83d\udc18.png""#
        );
    }

    #[test]
    fn version_1_still_loads() {
        let manifest: Manifest =
            serde_json::from_str(include_str!("../../tests/data/manifest/v1.json")).expect("loads");
        assert_eq!((manifest.version, manifest.objects.len()), (1, 2));
    }
}
