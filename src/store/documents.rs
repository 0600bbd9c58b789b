//! Documents of releases as storages see them: their place, their sizes, and the headers that they
//! are stored with.

use std::path::{Path, PathBuf};

use super::PART_BYTES;
use super::location::{Place, Target};
use crate::base::error::{Error, Result};

/// Folder for the releases of a target that has them in itself. A bucket's policy can keep
/// strangers from everything below it.
pub const FOLDER: &str = ".assetsync/";

/// Key of the root.
pub(crate) const ROOT: &str = "root.json";

/// Returns the folder for private files of the target `folder`: the one that has its releases, or
/// the one beside it if the releases are in a bucket.
///
/// # Errors
/// Fails if there is no place beside the folder.
pub(crate) fn private_place(target: &Target, folder: &Path) -> Result<PathBuf> {
    match target.state.as_ref().and_then(Place::folder) {
        Some(state) => Ok(state.to_path_buf()),
        None => beside(folder),
    }
}

/// Suffix of the name of the folder that has the releases of the folder beside it.
pub(crate) const BESIDE: &str = ".releases";

/// Returns `out/bucket.releases` for `out/bucket`.
pub(crate) fn beside(folder: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(folder).map_err(|e| Error::io("find", folder, e))?;
    match whole.file_name() {
        Some(name) => {
            let mut name = name.to_os_string();
            name.push(BESIDE);
            Ok(whole.with_file_name(name))
        }
        None => Err(Error::usage(
            format!(
                "Cannot keep releases next to the folder `{}`",
                folder.display()
            ),
            "set `state` in the target to another folder",
        )),
    }
}

/// `Cache-Control` of documents, should one be served: caches must not store it.
pub(crate) const DOCUMENT_CACHING: &str = "private, no-store";

/// Number of times that a document is read if it arrives damaged.
pub(crate) const READS_MAX: usize = 2;

/// Largest size of a document, packed or not, in bytes. The documents of a release of 1,000,000
/// objects need a fifth of it.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 1 << 30;

/// Largest size of the root, and of a release's own document, in bytes. With the longest message of
/// a live switch, they need a tenth of it.
const SMALL_DOCUMENT_BYTES_MAX: usize = 2 << 20;

/// Returns the `Content-Type` of a document.
pub(crate) fn document_type(key: &str) -> &'static str {
    if key.ends_with(".json") {
        "application/json"
    } else {
        "application/octet-stream"
    }
}

/// Returns the largest size of a document of this name, in bytes. The root and a release's own
/// document are small, whatever is published.
pub(crate) fn document_bytes_max(key: &str) -> usize {
    match (key.ends_with(".json"), key.starts_with("plain/")) {
        (true, _) => SMALL_DOCUMENT_BYTES_MAX,
        // Objects that are sent in parts have no copy, and gzip makes little larger.
        (_, true) => PART_BYTES + (1 << 20),
        _ => DOCUMENT_BYTES_MAX,
    }
}

/// Returns the first bytes of a document of this name: large documents are gzipped.
pub(crate) fn document_begin(key: &str) -> &'static [u8] {
    if key.ends_with(".gz") {
        &[0x1f, 0x8b]
    } else {
        b""
    }
}

/// Returns the name of a document for messages.
pub(crate) fn called(key: &str) -> String {
    match key {
        ROOT => "the root of the releases (`root.json`)".to_string(),
        _ => format!("`{key}` of the releases"),
    }
}
