//! Documents of releases as files that strangers mustn't read. Each folder of them has a `lock`,
//! which is held while a document is read and replaced.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;

use super::writing::{expect, rename};
use super::{Folder, failed};
use crate::base::disk::files;
use crate::base::disk::rights::{locked, make_folders, share_with_group};
use crate::store::documents::document_bytes_max;
use crate::store::{PutMode, StoreError, Version};

pub(super) const LOCK_FILE: &str = "lock";

impl Folder {
    pub(super) fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let file = self.file(key);
        match files::read(&file, document_bytes_max(key) as u64) {
            Ok(bytes) => {
                let version = document_version(&bytes);
                Ok(Some((bytes.into(), version)))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("read", &file, &e)),
        }
    }

    pub(super) fn write(
        &self,
        key: &str,
        bytes: &[u8],
        mode: &PutMode,
    ) -> Result<Version, StoreError> {
        self.write_document(&self.file(key), bytes, mode)
            .map_err(|e| self.explain(&key, &e))?;
        Ok(document_version(bytes))
    }

    fn write_document(&self, file: &Path, bytes: &[u8], mode: &PutMode) -> io::Result<()> {
        // Comes first, because it makes the place of the releases if there is none.
        let mut unfinished = self.unfinished()?;
        unfinished.write_all(bytes)?;
        unfinished.as_file().sync_data()?;
        if let Some(folder) = file.parent() {
            make_folders(folder)?;
        }
        share_with_group(unfinished.as_file(), file)?;
        let _lock = lock_beside(file)?;
        expect(file, mode)?;
        rename(unfinished, file, mode)
    }
}

pub(super) fn document_version(bytes: &[u8]) -> Version {
    Version(blake3::hash(bytes).to_hex().to_string())
}

/// Returns true if a version is that of a document. Versions of files contain dashes.
pub(super) fn is_of_document(version: &Version) -> bool {
    !version.0.contains('-')
}

/// Locks the documents in the folder of `document`.
pub(super) fn lock_beside(document: &Path) -> io::Result<File> {
    locked(&document.with_file_name(LOCK_FILE))
}

/// Returns true if a file with the name of a lock is one: published files are readable for
/// everybody, and documents aren't empty.
#[cfg(unix)]
pub(super) fn is_lock(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.len() == 0 && metadata.permissions().mode() & 0o007 == 0
}

#[cfg(not(unix))]
pub(super) fn is_lock(metadata: &fs::Metadata) -> bool {
    metadata.len() == 0
}
