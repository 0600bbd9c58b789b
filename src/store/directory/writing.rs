//! Files and their `.gz`: moved to their names in one step, and deleted, under the folder's lock.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tempfile::NamedTempFile;

use super::documents::{LOCK_FILE, is_of_document, lock_beside};
use super::noted::{Own, PlainObject};
use super::{Folder, digest, exists, failed, file_version, stored};
use crate::base::disk::rights;
use crate::base::path::ObjectKey;
use crate::store::Upload;
use crate::store::body::{self, Body, Content};
use crate::store::directory::headers_file::{HEADERS_FILE, Served, merge_headers, without};
use crate::store::{PutMode, StoreError, StoreErrorKind, Stored, Version};

/// Size of the pieces in which a large file is copied, in bytes.
const COPY_BYTES: usize = 1 << 20;

impl Folder {
    pub(super) fn put(
        &self,
        key: &str,
        object: &Upload,
        body: Body,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let error = |e: io::Error| self.explain(&object.path, &e);
        let mut file = self.unfinished().map_err(error)?;
        match body.content {
            Content::Memory(bytes) => file.write_all(&bytes).map_err(error)?,
            Content::File(mut parts) => {
                while parts.left_bytes() > 0 {
                    let part = parts
                        .next(COPY_BYTES)
                        .map_err(|e| body::explain(&object.file, &e))?;
                    file.write_all(&part).map_err(error)?;
                }
            }
        }
        let metadata = self
            .finish_put(key, file, body.is_gzipped, mode)
            .map_err(error)?;
        if !object.is_keyed {
            let own = Own::Written(PlainObject::of(object), file_version(&metadata));
            self.noted().own.insert(key.to_string(), own);
        }
        Ok(Stored {
            token: Some(object.token),
            token_is_known: true,
            ..stored(&metadata)
        })
    }

    /// Gives the file under `from` a second name, if it has the content that `object` needs. `None`
    /// if the file system has no hard links, or if another file is there.
    pub(super) fn copy(
        &self,
        from: &str,
        key: &str,
        object: &Upload,
    ) -> Result<Option<Stored>, StoreError> {
        let linked = self.link(from, key, object).map_err(|e| StoreError {
            kind: kind_of(&e),
            ..failed("link", &self.file(key), &e)
        })?;
        Ok(linked.map(|metadata| Stored {
            token: Some(object.token),
            token_is_known: true,
            ..stored(&metadata)
        }))
    }

    fn link(&self, from: &str, key: &str, object: &Upload) -> io::Result<Option<fs::Metadata>> {
        let (from, to) = (self.file(from), self.file(key));
        let [from_gz, to_gz] = [&from, &to].map(|file| with_gz(file));
        let is_gzipped = exists(&from_gz)?.is_some();
        let is_right = digest(&from)? == object.digest.to_hex().as_str()
            && (!is_gzipped || digest_of_gz(&from_gz)? == object.digest);
        if !is_right {
            return Ok(None);
        }
        if let Some(folder) = to.parent() {
            rights::make_public(folder)?;
        }
        let _lock = self.lock()?;
        expect(&to, &PutMode::Create)?;
        // The `.gz` comes first: a visitor who finds the file finds its `.gz` too.
        if is_gzipped && !linked(&from_gz, &to_gz)? {
            return Ok(None);
        }
        if linked(&from, &to)? {
            fs::metadata(&to).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        let file = self.file(key);
        self.delete_file(key, &file, version)
            .map_err(|e| StoreError {
                kind: kind_of(&e),
                ..failed("delete", &file, &e)
            })?;
        let mut noted = self.noted();
        if noted.is_object(key)? {
            noted.own.insert(key.to_string(), Own::Deleted);
        }
        Ok(())
    }

    fn delete_file(&self, key: &str, file: &Path, version: &Version) -> io::Result<()> {
        if exists(file)?.is_none() {
            return Ok(());
        }
        // A listing doesn't distinguish documents from objects, so both locks may be needed, always
        // in this order.
        let _own = if is_of_document(version) {
            None
        } else {
            Some(self.lock()?)
        };
        let _beside = match exists(&file.with_file_name(LOCK_FILE))? {
            Some(_) => Some(lock_beside(file)?),
            None => None,
        };
        if exists(file)?.is_none() {
            return Ok(());
        }
        expect(file, &PutMode::Over(version.clone()))?;
        // The `.gz` comes first: if the run is killed in between, the file is still there to be
        // deleted.
        if !is_of_document(version) {
            self.remove_gz(key)?;
        }
        fs::remove_file(file)?;
        if is_of_document(version) {
            Ok(())
        } else {
            self.unname(key)
        }
    }

    /// Removes a deleted file from `_headers`, which everybody can read.
    fn unname(&self, key: &str) -> io::Result<()> {
        let file = self.root.join(HEADERS_FILE);
        let old = match fs::read_to_string(&file) {
            Ok(old) => old,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let named = ObjectKey::parse(key).ok();
        match named.and_then(|key| without(&old, &key)) {
            Some(new) => self.write_atomically(&file, new.as_bytes()),
            None => Ok(()),
        }
    }

    /// Deletes the `.gz` beside an object, unless that is an object too.
    fn remove_gz(&self, key: &str) -> io::Result<()> {
        let gz = format!("{key}.gz");
        let is_object = self.noted().is_object(&gz);
        if is_object.map_err(io::Error::other)? {
            return Ok(());
        }
        match fs::remove_file(self.file(&gz)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Moves `content` and its `.gz` to their names. Returns the data of the file that is there
    /// afterwards.
    fn finish_put(
        &self,
        key: &str,
        content: NamedTempFile,
        is_gzipped: bool,
        mode: &PutMode,
    ) -> io::Result<fs::Metadata> {
        let file = self.file(key);
        if let Some(folder) = file.parent() {
            rights::make_public(folder)?;
        }
        let (whole, gz) = if !is_gzipped {
            (content, None)
        } else {
            (self.unzipped(&content)?, Some(content))
        };
        // Written before the lock is taken, so that no other run waits for the disk.
        for file in [Some(&whole), gz.as_ref()].into_iter().flatten() {
            make_readable(file.as_file())?;
            file.as_file().sync_data()?;
        }
        let _lock = self.lock()?;
        expect(&file, mode)?;
        self.rename_both(key, whole, gz, mode)?;
        fs::metadata(&file)
    }

    fn rename_both(
        &self,
        key: &str,
        whole: NamedTempFile,
        gz: Option<NamedTempFile>,
        mode: &PutMode,
    ) -> io::Result<()> {
        let file = self.file(key);
        let beside = self.file(&format!("{key}.gz"));
        match (mode, gz) {
            (PutMode::Create, None) => rename(whole, &file, mode),
            // The `.gz` comes first: a visitor who finds the file finds its `.gz` too.
            (PutMode::Create, Some(gz)) => {
                replace(gz, &beside)?;
                rename(whole, &file, mode)
            }
            // The file comes first: if the run is killed in between, the next one sees that the
            // file isn't the one that is noted.
            (PutMode::Over(_), Some(gz)) => {
                rename(whole, &file, mode)?;
                replace(gz, &beside)
            }
            // A page that gzip no longer makes smaller must not leave an old `.gz`, which would be
            // served in its place.
            (PutMode::Over(_), None) => {
                rename(whole, &file, mode)?;
                self.remove_gz(key)
            }
        }
    }

    fn unzipped(&self, content: &NamedTempFile) -> io::Result<NamedTempFile> {
        let mut whole = self.unfinished()?;
        io::copy(&mut GzDecoder::new(content.reopen()?), &mut whole)?;
        Ok(whole)
    }

    pub(super) fn write_headers(&self, objects: &[Upload]) -> io::Result<()> {
        let file = self.root.join(HEADERS_FILE);
        let old = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e),
        };
        let served = objects.iter().map(|object| Served {
            key: &object.key,
            is_plain: !object.is_keyed && object.key.as_str() == object.path.as_str(),
            headers: &object.headers,
        });
        let new = merge_headers(&old, &served.collect::<Vec<_>>());
        if new != old {
            self.write_atomically(&file, new.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn write_atomically(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut unfinished = self.unfinished()?;
        make_readable(unfinished.as_file())?;
        unfinished.write_all(bytes)?;
        // The bytes are synced before the rename: a crash must not leave an empty file under the
        // name.
        unfinished.as_file().sync_data()?;
        replace(unfinished, file)
    }
}

fn with_gz(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_os_string();
    name.push(".gz");
    name.into()
}

fn digest_of_gz(file: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(GzDecoder::new(crate::base::disk::files::open(file)?))?;
    Ok(hasher.finalize())
}

/// Gives a file another name; returns false where its file system can't.
fn linked(file: &Path, name: &Path) -> io::Result<bool> {
    match fs::hard_link(file, name) {
        Ok(()) => Ok(true),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::CrossesDevices
                    | io::ErrorKind::TooManyLinks
            ) =>
        {
            Ok(false)
        }
        // A file that a killed run left beside a name that is free.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(name)?;
            fs::hard_link(file, name).map(|()| true)
        }
        Err(e) => Err(e),
    }
}

/// Fails, as a create does if the name is taken, unless the file is as `mode` expects. The caller
/// must hold a lock.
pub(super) fn expect(file: &Path, mode: &PutMode) -> io::Result<()> {
    let is_so = match (mode, exists(file)?) {
        (PutMode::Create, there) => there.is_none(),
        (PutMode::Over(_), None) => false,
        (PutMode::Over(version), Some(_)) if is_of_document(version) => digest(file)? == version.0,
        (PutMode::Over(version), Some(metadata)) => file_version(&metadata) == *version,
    };
    match (is_so, mode) {
        (true, _) => Ok(()),
        (false, PutMode::Create) => Err(io::ErrorKind::AlreadyExists.into()),
        (false, PutMode::Over(_)) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it was changed or deleted",
        )),
    }
}

pub(super) fn kind_of(error: &io::Error) -> StoreErrorKind {
    match error.kind() {
        io::ErrorKind::AlreadyExists => StoreErrorKind::Precondition,
        _ => StoreErrorKind::Other,
    }
}

/// Moves a finished file, already synced, to its name in one step.
pub(super) fn rename(file: NamedTempFile, to: &Path, mode: &PutMode) -> io::Result<()> {
    match mode {
        PutMode::Create => file.persist_noclobber(to).map_err(|e| e.error).map(drop),
        PutMode::Over(_) => replace(file, to),
    }
}

/// Moves a finished file to its name, whether another file is there or not.
pub(super) fn replace(file: NamedTempFile, to: &Path) -> io::Result<()> {
    file.persist(to).map_err(|e| e.error).map(drop)
}

/// Makes a file readable for everybody: temporary files are private, published ones aren't.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}
