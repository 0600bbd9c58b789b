//! Plain folder as a target, ready to be served, with a `.gz` beside every compressible file and
//! `_headers` for hosts. The `.gz` are for nginx's `gzip_static`, Caddy's `precompressed` and
//! WhiteNoise; `_headers` holds the headers for Netlify, Cloudflare Pages and others.
//!
//! Files that only assetsync needs aren't in the folder, but in the place of the releases
//! (`aside.rs`). `plain.json` notes what was stored under mutable names. `lock` is held while a
//! file is read and replaced, so that only one of several processes wins. A folder of releases is
//! another such folder (`documents.rs`); its documents and folders are private.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;
use walkdir::WalkDir;

use self::aside::{Aside, NoPlace};
pub(crate) use self::aside::{OWN_FOLDER, PLAIN_FILE};
use self::documents::{LOCK_FILE, is_lock};
use self::noted::{Noted, PlainObject};
use self::writing::kind_of;
use super::directory::headers_file::HEADERS_FILE;
use super::{
    CopySource, Listing, PutMode, Store, StoreError, StoreErrorKind, Stored, Version, token_in_name,
};
use crate::base::disk::files;
use crate::base::name::Token;
use crate::base::path::LogicalPath;
use crate::base::path::ObjectKey;
use crate::base::problem::Problem;
use crate::store::Upload;
use crate::store::body::Body;
use std::borrow::Cow;

mod aside;
mod case;
mod documents;
pub(crate) mod headers_file;
mod noted;
mod plain;
mod writing;

#[derive(Debug)]
pub(super) struct Directory {
    folder: Arc<Folder>,
    /// Prefix of every key: empty, or with a slash at its end.
    prefix: String,
}

/// Folder, and the notes about it. Its methods block: they run on threads for blocking work.
#[derive(Debug)]
struct Folder {
    root: PathBuf,
    aside: Aside,
    /// Notes about mutable names: what this run and other runs stored under them.
    noted: Mutex<Noted>,
}

impl Directory {
    /// Returns the target in the folder `root`, whose releases are in the folder `place`, or would
    /// be there if it has none yet.
    pub(super) fn new(root: &Path, place: &Path) -> Directory {
        let aside = Aside::new(root, place);
        let noted = Noted::new(aside.notes(), aside.former_notes());
        Directory {
            folder: Arc::new(Folder {
                root: root.to_path_buf(),
                aside,
                noted: Mutex::new(noted),
            }),
            prefix: String::new(),
        }
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = Arc::clone(&self.folder);
        tokio::task::spawn_blocking(move || work(&folder))
            .await
            .expect("file work doesn't panic")
    }
}

impl Folder {
    fn file(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("no holder panics")
    }

    /// Lists all files except each `.gz` that stands beside another file: it's written and deleted
    /// with that file.
    fn list(&self, prefix: &str) -> Result<Listing, StoreError> {
        let mut listing = list(&self.root, prefix)?;
        let beside = |key: &&String| {
            let whole = key.strip_suffix(".gz");
            whole.is_some_and(|whole| listing.contains_key(whole))
        };
        let beside: Vec<String> = listing.keys().filter(beside).cloned().collect();
        if beside.is_empty() {
            return Ok(listing);
        }
        let mut noted = self.noted();
        for key in beside {
            // A name that belongs to a file of the tree isn't that of another file's `.gz`.
            if !noted.is_object(&format!("{prefix}{key}"))? {
                listing.remove(&key);
            }
        }
        Ok(listing)
    }

    fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let file = self.file(key);
        let Some(metadata) = exists(&file).map_err(|e| failed("access", &file, &e))? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            token: self.token(key, &file)?,
            token_is_known: true,
            ..stored(&metadata)
        }))
    }

    /// Returns the token with which a file was stored, if the file hasn't changed since.
    fn token(&self, key: &str, file: &Path) -> Result<Option<Token>, StoreError> {
        let known = self.noted().known(key)?;
        if known.whole.is_empty() && known.begun.is_none() {
            // Immutable names contain their token.
            return Ok(token_in_name(key));
        }
        let digest = digest(file).map_err(|e| failed("read", file, &e))?;
        if let Some(object) = known.whole.iter().find(|object| object.digest == digest) {
            return Ok(Token::parse(&object.token));
        }
        match known.begun.filter(|begun| begun.digest == digest) {
            Some(begun) if self.has_its_gz(key, &begun)? => Ok(Token::parse(&begun.token)),
            _ => Ok(None),
        }
    }

    fn finish(&self, objects: &[Upload]) -> Result<(), StoreError> {
        self.write_headers(objects)
            .map_err(|e| failed("write", &self.root.join(HEADERS_FILE), &e))?;
        // Notes of earlier versions are moved out of the folder even if nothing new was written.
        self.note(|_| Ok(()))?;
        self.tidy()
    }

    fn explain(&self, what: &dyn std::fmt::Display, error: &io::Error) -> StoreError {
        let no_place = NoPlace::behind(error).map(NoPlace::hint);
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space and push again: files that are already there are kept"
            }
            _ if no_place.is_some() => no_place.as_deref().unwrap_or_default(),
            io::ErrorKind::PermissionDenied => "check the folder's permissions",
            _ if crate::base::text::is_out_of_files(error) => crate::base::text::OUT_OF_FILES_HINT,
            _ => "",
        };
        let (root, why) = (self.root.display(), crate::base::text::plain(error));
        StoreError::new(
            kind_of(error),
            format!("Cannot write `{what}` to `{root}`: {why}"),
        )
        .cause(why)
        .of_file(error)
        .hint(hint)
    }
}

#[async_trait]
impl Store for Directory {
    async fn list(&self) -> Result<Listing, StoreError> {
        let prefix = self.prefix.clone();
        self.blocking(move |folder| folder.list(&prefix)).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let key = self.full(key.as_str());
        self.blocking(move |folder| folder.look(&key)).await
    }

    async fn put(&self, object: &Upload, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        let key = self.full(object.key.as_str());
        let (object, mode) = (object.clone(), mode.clone());
        self.blocking(move |folder| folder.put(&key, &object, body, &mode))
            .await
    }

    async fn copy(
        &self,
        source: &CopySource,
        object: &Upload,
    ) -> Result<Option<Stored>, StoreError> {
        let from = self.full(source.key.as_str());
        let key = self.full(object.key.as_str());
        let object = object.clone();
        self.blocking(move |folder| folder.copy(&from, &key, &object))
            .await
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let key = self.full(key);
        self.blocking(move |folder| folder.read(&key)).await
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        let (key, mode) = (self.full(key), mode.clone());
        self.blocking(move |folder| folder.write(&key, &bytes, &mode))
            .await
    }

    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        let (key, version) = (self.full(key), version.clone());
        self.blocking(move |folder| folder.delete(&key, &version))
            .await
    }

    fn below(&self, prefix: &str) -> Arc<dyn Store> {
        Arc::new(Directory {
            folder: Arc::clone(&self.folder),
            prefix: self.full(prefix),
        })
    }

    fn now(&self) -> Option<SystemTime> {
        Some(SystemTime::now())
    }

    async fn announce(&self, objects: &[Upload]) -> Result<(), StoreError> {
        let objects = objects
            .iter()
            .map(|object| (self.full(object.key.as_str()), PlainObject::of(object)));
        let objects = objects.collect();
        self.blocking(move |folder| folder.announce(objects)).await
    }

    async fn remember(&self) -> Result<(), StoreError> {
        self.blocking(Folder::remember).await
    }

    async fn finish(&self, published: Vec<Upload>) -> Result<(), StoreError> {
        self.blocking(move |folder| folder.finish(&published)).await
    }

    fn url(&self, key: &ObjectKey) -> String {
        url(&self.folder.root, &self.full(key.as_str()))
    }
}

/// Returns the URL of a file in `folder`.
pub(super) fn url(folder: &Path, key: &str) -> String {
    let file = folder.join(key);
    let file = std::path::absolute(&file).unwrap_or(file);
    Url::from_file_path(&file).map_or_else(|()| file.display().to_string(), String::from)
}

/// File, and its name in a target.
pub(crate) struct Named<'a> {
    pub(crate) path: &'a LogicalPath,
    pub(crate) key: Cow<'a, str>,
    pub(crate) is_keyed: bool,
    pub(crate) is_gzipped: bool,
}

/// Finds files whose names a directory needs for itself, or can't distinguish from another name.
pub(crate) fn misfits(folder: &Path, named: &[Named<'_>]) -> Vec<Problem> {
    let by_key: HashMap<&str, &Named<'_>> = named.iter().map(|one| (&*one.key, one)).collect();
    let mut problems = Vec::new();
    for one in named {
        let key = &*one.key;
        // Names below that folder are reported for all targets.
        if key == HEADERS_FILE || key == OWN_FOLDER {
            problems.push(Problem::new(
                one.path,
                "has a name that assetsync reserves in a folder target",
            ));
        }
        if one.is_gzipped
            && let Some(gz) = by_key.get(format!("{key}.gz").as_str())
        {
            let message = format!(
                "has the name that a folder target gives to the compressed copy of `{}`",
                one.path
            );
            problems.push(Problem::new(gz.path, message));
        }
    }
    problems.extend(case::twins(folder, named));
    problems.sort();
    problems
}

/// Lists all files below `prefix`, except assetsync's own.
fn list(root: &Path, prefix: &str) -> Result<Listing, StoreError> {
    let folder = match prefix {
        // Joined, it would end with a slash.
        "" => root.to_path_buf(),
        _ => root.join(prefix),
    };
    match exists(&folder).map_err(|e| failed("access", &folder, &e))? {
        None => Ok(HashMap::new()),
        Some(metadata) if metadata.is_dir() => list_folder(&folder, &root.join(OWN_FOLDER)),
        Some(_) => {
            let not_a_folder = io::ErrorKind::NotADirectory.into();
            Err(failed("publish to", &folder, &not_a_folder))
        }
    }
}

/// Lists all files in a folder, except those in `own`.
fn list_folder(folder: &Path, own: &Path) -> Result<Listing, StoreError> {
    let mut listing = HashMap::new();
    for entry in WalkDir::new(folder)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || entry.path() != own)
    {
        let entry = entry.map_err(|e| failed("list", folder, &io_error(e)))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let key = entry.path().strip_prefix(folder).ok();
        let Some(key) = key.and_then(Path::to_str) else {
            continue;
        };
        let Some(metadata) = metadata_of(&entry)? else {
            continue;
        };
        if entry.file_name() == LOCK_FILE && is_lock(&metadata) {
            continue;
        }
        let key = key.replace(std::path::MAIN_SEPARATOR, "/");
        listing.insert(key, stored(&metadata));
    }
    Ok(listing)
}

/// Returns the metadata of a file; `None` if it was deleted meanwhile.
fn metadata_of(entry: &walkdir::DirEntry) -> Result<Option<fs::Metadata>, StoreError> {
    match entry.metadata().map_err(io_error) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed("access", entry.path(), &e)),
    }
}

/// Returns an object's data as its file's metadata has it.
fn stored(metadata: &fs::Metadata) -> Stored {
    Stored {
        size_bytes: metadata.len(),
        token: None,
        token_is_known: false,
        version: file_version(metadata),
        fingerprint: String::new(),
        modified: metadata.modified().ok(),
    }
}

/// Returns the version of a file. It changes with every file that is renamed to the name: the old
/// file and the new one exist at the same time, so their inodes differ.
fn file_version(metadata: &fs::Metadata) -> Version {
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let since_epoch = modified.duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since_epoch.unwrap_or_default().as_nanos();
    Version(format!(
        "{}-{nanoseconds}-{}",
        metadata.len(),
        inode(metadata)
    ))
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> u64 {
    0
}

/// Returns walkdir's error without walkdir's own text.
fn io_error(error: walkdir::Error) -> io::Error {
    error
        .into_io_error()
        .unwrap_or_else(|| io::Error::other("a symbolic link forms a loop"))
}

fn exists(file: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn digest(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(files::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn failed(doing: &str, file: &Path, error: &io::Error) -> StoreError {
    let why = crate::base::text::plain(error);
    let message = format!("Cannot {doing} `{}`: {why}", file.display());
    let hint = NoPlace::behind(error).map_or(String::new(), NoPlace::hint);
    StoreError::new(StoreErrorKind::Other, message)
        .cause(why)
        .of_file(error)
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The token is found in both keyed styles of names.
    #[test]
    fn token_is_found_in_keyed_names() {
        let token = "ycqlw4rz226sf3rz3sgvwxlbzq";
        for key in [
            "ycqlw4rz226sf3rz3sgvwxlbzq.png",
            "img/map.ycqlw4rz226sf3rz3sgvwxlbzq.png",
            token,
        ] {
            assert_eq!(
                token_in_name(key).map(|t| t.to_string()).as_deref(),
                Some(token),
                "{key}"
            );
        }
        assert_eq!(token_in_name("img/map.png"), None);
    }
}
