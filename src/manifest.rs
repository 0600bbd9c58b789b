//! The mapping from logical path to object, for whatever renders the site: assetsync's own JSON, and
//! Django's `staticfiles.json`. It names every object, locked ones too: keep it off the web.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::body;
use crate::build::{Build, Object};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::release;

/// The version of [`Manifest`] that this crate writes.
pub const VERSION: u32 = 1;

/// assetsync's own manifest, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `assetsync manifest`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// Which secret made the names.
    pub key_id: String,
    /// By logical path.
    pub objects: BTreeMap<String, ManifestObject>,
}

/// One object of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// Below the target's URL, not percent-encoded.
    pub key: String,
    /// Of the content, in bytes.
    pub size: u64,
    /// As stored, so after gzip, in bytes.
    pub stored_size: u64,
    /// blake3 of the content, in hex.
    pub digest: String,
    /// `Content-Type`.
    pub content_type: String,
    /// `gzip` or `identity`: how it's stored.
    pub encoding: String,
    /// `Cache-Control`.
    pub cache_control: String,
}

/// The manifest of `build`. Compresses everything once to know the stored sizes.
///
/// # Errors
/// A file can't be read any more, or isn't the one that was hashed; [`Error::Interrupted`].
pub fn manifest(build: &Build, gzip_level: u32, progress: &Arc<Progress>) -> Result<Manifest> {
    let entry = |object: &Object| -> Result<(String, ManifestObject)> {
        if progress.is_stopped() {
            return Err(Error::Interrupted);
        }
        let body = body::prepare(object, gzip_level, progress)?;
        let headers = object.headers();
        let manifest_object = ManifestObject {
            key: object.key.to_string(),
            size: object.size_bytes,
            stored_size: body.size_bytes(),
            digest: object.digest.to_hex().to_string(),
            content_type: headers.content_type.clone(),
            encoding: if body.is_gzipped { "gzip" } else { "identity" }.to_string(),
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

/// The manifest of a release, as published. What is held has no stored form: its size is told as it is.
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
            encoding: if entry.is_gzipped() {
                "gzip"
            } else {
                "identity"
            }
            .to_string(),
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

/// Django's `staticfiles.json` 1.1, as `ManifestStaticFilesStorage` reads it
/// (<https://github.com/django/django/blob/main/django/contrib/staticfiles/storage.py>): from logical paths and keys.
pub fn django<'a>(objects: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let paths: BTreeMap<&str, &str> = objects.collect();
    let hash = HEXLOWER.encode(&Md5::digest(python_json(&paths)));
    let manifest = serde_json::json!({ "paths": paths, "version": "1.1", "hash": &hash[..12] });
    serde_json::to_string_pretty(&manifest).expect("strings are JSON") + "\n"
}

/// Python's `json.dumps(sorted(paths.items()))`: `[["a", "b"], ["c", "d"]]`, in ASCII.
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
            serde_json::from_str(include_str!("../tests/data/manifest/v1.json")).expect("loads");
        assert_eq!((manifest.version, manifest.objects.len()), (1, 2));
    }
}
