//! A plain folder as a target, ready to be served: beside every compressible file stands its `.gz`, for
//! nginx's `gzip_static`, Caddy's `precompressed` and WhiteNoise; `_headers` holds the headers for
//! Netlify, Cloudflare Pages and the like.
//!
//! What only assetsync needs is in `.assetsync/`: unfinished files, `plain.json`, which remembers
//! what the mutable names were stored for, and `lock`, which is held while a file is looked at and replaced, so
//! that of several processes one wins. Documents have a `lock` beside them; it, they and their folders are private.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use url::Url;
use walkdir::WalkDir;

use super::headers_file::{HEADERS_FILE, Served, merge_headers};
use super::{Listing, PutMode, Store, StoreError, StoreErrorKind, Stored, Version, token_in_name};
use crate::body::{self, Body, Content};
use crate::build::{Build, Object};
use crate::error::Problem;
use crate::name::{EncodingPolicy, Token};
use crate::path::ObjectKey;

const OWN_FOLDER: &str = ".assetsync";
const LOCK_FILE: &str = "lock";

/// How much of a large file is copied at a time, in bytes.
const COPY_BYTES: usize = 1 << 20;

/// An unfinished file this old belongs to a run that was killed.
const UNFINISHED_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug)]
pub(super) struct Directory {
    folder: Arc<Folder>,
    /// What stands before every key: empty, or with a slash at its end.
    prefix: String,
}

/// The folder and what is known of it. Its methods block: they run on threads for blocking work.
#[derive(Debug)]
struct Folder {
    root: PathBuf,
    /// What this run put under mutable names, and what earlier runs did.
    plain: Mutex<Option<Plain>>,
}

/// `plain.json`, version 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Plain {
    version: u32,
    /// By key.
    objects: BTreeMap<String, PlainObject>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PlainObject {
    token: String,
    /// blake3 of the file, in hex: an edit by hand is seen.
    digest: String,
}

impl Directory {
    pub(super) fn new(root: &Path) -> Directory {
        Directory {
            folder: Arc::new(Folder {
                root: root.to_path_buf(),
                plain: Mutex::new(None),
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

    fn own(&self, name: &str) -> PathBuf {
        self.root.join(OWN_FOLDER).join(name)
    }

    /// Calls `with` on what is remembered, read from disk the first time.
    fn plain<T>(&self, with: impl FnOnce(&mut Plain) -> T) -> Result<T, StoreError> {
        let mut plain = self.plain.lock().expect("no holder panics");
        if plain.is_none() {
            *plain = Some(read_plain(&self.own("plain.json"))?);
        }
        Ok(with(plain.as_mut().expect("it was just read")))
    }

    /// All files but the `.gz` that stand beside others: they come and go with these.
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
        self.plain(|plain| {
            for key in beside {
                // A name that a file of the tree has isn't that of another one's `.gz`.
                if !plain.objects.contains_key(&format!("{prefix}{key}")) {
                    listing.remove(&key);
                }
            }
        })?;
        Ok(listing)
    }

    fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let file = self.file(key);
        let Some(metadata) = exists(&file).map_err(|e| failed("look at", &file, &e))? else {
            return Ok(None);
        };
        let known = self.plain(|plain| plain.objects.get(key).cloned())?;
        let token = match known {
            Some(known)
                if digest(&file).map_err(|e| failed("read", &file, &e))? == known.digest =>
            {
                Token::parse(&known.token)
            }
            // Immutable names say themselves what they were stored for.
            None => token_in_name(key),
            Some(_) => None,
        };
        Ok(Some(Stored {
            token,
            token_is_known: true,
            ..stored(&metadata)
        }))
    }

    fn put(
        &self,
        key: &str,
        object: &Object,
        body: Body,
        mode: &PutMode,
    ) -> Result<Stored, StoreError> {
        let error = |e: io::Error| self.explain(&object.path, &e);
        let mut file = self.unfinished().map_err(error)?;
        make_readable(file.as_file()).map_err(error)?;
        match body.content {
            Content::Memory(bytes) => file.write_all(&bytes).map_err(error)?,
            Content::File(mut parts) => {
                while parts.left_bytes() > 0 {
                    let part = parts
                        .next(COPY_BYTES)
                        .map_err(|e| body::explain(object, &e))?;
                    file.write_all(&part).map_err(error)?;
                }
            }
        }
        let metadata = self
            .finish_put(key, file, body.is_gzipped, mode)
            .map_err(error)?;
        if object.is_mutable() {
            let token = object.token.to_string();
            let entry = PlainObject {
                token,
                digest: object.digest.to_hex().to_string(),
            };
            self.plain(|plain| plain.objects.insert(key.to_string(), entry))?;
        }
        Ok(Stored {
            token: Some(object.token),
            token_is_known: true,
            ..stored(&metadata)
        })
    }

    fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let file = self.file(key);
        match fs::read(&file) {
            Ok(bytes) => {
                let version = document_version(&bytes);
                Ok(Some((bytes.into(), version)))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("read", &file, &e)),
        }
    }

    fn write(&self, key: &str, bytes: &[u8], mode: &PutMode) -> Result<Version, StoreError> {
        self.write_document(&self.file(key), bytes, mode)
            .map_err(|e| self.explain(&key, &e))?;
        Ok(document_version(bytes))
    }

    fn write_document(&self, file: &Path, bytes: &[u8], mode: &PutMode) -> io::Result<()> {
        // First of all, for it makes the target's folder, if there is none, with the usual rights.
        let mut unfinished = self.unfinished()?;
        unfinished.write_all(bytes)?;
        unfinished.as_file().sync_data()?;
        if let Some(folder) = file.parent() {
            make_private_folders(folder)?;
        }
        let _lock = lock_beside(file)?;
        expect(file, mode)?;
        rename(unfinished, file, mode)
    }

    fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        let file = self.file(key);
        self.delete_file(key, &file, version)
            .map_err(|e| StoreError {
                kind: kind_of(&e),
                ..failed("delete", &file, &e)
            })?;
        self.plain(|plain| plain.objects.remove(key)).map(drop)
    }

    fn delete_file(&self, key: &str, file: &Path, version: &Version) -> io::Result<()> {
        if exists(file)?.is_none() {
            return Ok(());
        }
        // A listing doesn't tell documents from objects, so both locks may be needed; always in this order.
        let _own = match is_of_document(version) {
            true => None,
            false => Some(self.lock()?),
        };
        let _beside = match exists(&file.with_file_name(LOCK_FILE))? {
            Some(_) => Some(lock_beside(file)?),
            None => None,
        };
        if exists(file)?.is_none() {
            return Ok(());
        }
        expect(file, &PutMode::Over(version.clone()))?;
        // The `.gz` first: killed in between, the file is still there to be deleted.
        if !is_of_document(version) {
            self.remove_gz(key)?;
        }
        fs::remove_file(file)
    }

    /// Removes the `.gz` beside an object, unless that is an object too.
    fn remove_gz(&self, key: &str) -> io::Result<()> {
        let gz = format!("{key}.gz");
        let is_object = self.plain(|plain| plain.objects.contains_key(&gz));
        if is_object.map_err(io::Error::other)? {
            return Ok(());
        }
        match fs::remove_file(self.file(&gz)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Held while objects are looked at and changed.
    fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(self.root.join(OWN_FOLDER))?;
        locked(
            File::options().create(true).append(true),
            &self.own(LOCK_FILE),
        )
    }

    fn finish(&self, objects: &[Object]) -> Result<(), StoreError> {
        self.write_headers(objects)
            .map_err(|e| failed("write", &self.root.join(HEADERS_FILE), &e))?;
        self.sweep_unfinished()
            .map_err(|e| failed("tidy up", &self.own("unfinished"), &e))
    }

    fn explain(&self, what: &dyn std::fmt::Display, error: &io::Error) -> StoreError {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room and push again: what is there stays"
            }
            io::ErrorKind::PermissionDenied => "may you write to this folder?",
            _ if crate::error::is_out_of_files(error) => crate::error::OUT_OF_FILES_HINT,
            _ => "",
        };
        let (root, why) = (self.root.display(), crate::error::plain(error));
        StoreError::new(
            kind_of(error),
            format!("Cannot write `{what}` to `{root}`: {why}"),
        )
        .hint(hint)
    }

    /// Makes an unfinished file in the target, where a rename can bring it to any key. It's private.
    fn unfinished(&self) -> io::Result<NamedTempFile> {
        let folder = self.own("unfinished");
        fs::create_dir_all(&folder)?;
        tempfile::Builder::new().prefix("put-").tempfile_in(folder)
    }

    /// Brings `content` to its name, and what goes with it; tells of the file that is there then.
    fn finish_put(
        &self,
        key: &str,
        content: NamedTempFile,
        is_gzipped: bool,
        mode: &PutMode,
    ) -> io::Result<fs::Metadata> {
        let file = self.file(key);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let (whole, gz) = match is_gzipped {
            false => (content, None),
            true => (self.unzipped(&content)?, Some(content)),
        };
        // Nobody waits for the lock while the disk is written to.
        for file in [Some(&whole), gz.as_ref()].into_iter().flatten() {
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
            // The `.gz` first: whoever finds the file finds its `.gz` too.
            (PutMode::Create, Some(gz)) => {
                replace(gz, &beside)?;
                rename(whole, &file, mode)
            }
            // The file first: if only that is done, the next run sees that it isn't the one it remembers.
            (PutMode::Over(_), Some(gz)) => {
                rename(whole, &file, mode)?;
                replace(gz, &beside)
            }
            // A page that shrinks no more must not leave an old `.gz` to be served in its stead.
            (PutMode::Over(_), None) => {
                rename(whole, &file, mode)?;
                self.remove_gz(key)
            }
        }
    }

    fn unzipped(&self, content: &NamedTempFile) -> io::Result<NamedTempFile> {
        let mut whole = self.unfinished()?;
        make_readable(whole.as_file())?;
        io::copy(&mut GzDecoder::new(content.reopen()?), &mut whole)?;
        Ok(whole)
    }

    fn write_headers(&self, objects: &[Object]) -> io::Result<()> {
        let file = self.root.join(HEADERS_FILE);
        let old = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e),
        };
        let served = objects.iter().map(|object| Served {
            key: &object.key,
            is_mutable: object.is_mutable(),
            headers: object.headers(),
        });
        let new = merge_headers(&old, &served.collect::<Vec<_>>());
        if new != old {
            self.write_atomically(&file, new.as_bytes())?;
        }
        Ok(())
    }

    fn write_plain(&self) -> Result<(), StoreError> {
        let json = self.plain(|plain| match plain.objects.is_empty() {
            true => None,
            false => Some(serde_json::to_string_pretty(plain).expect("strings are JSON") + "\n"),
        })?;
        let file = self.own("plain.json");
        let is_new = |json: &String| fs::read_to_string(&file).map_or(true, |old| old != *json);
        match json.filter(is_new) {
            Some(json) => self
                .write_atomically(&file, json.as_bytes())
                .map_err(|e| failed("write", &file, &e)),
            None => Ok(()),
        }
    }

    fn write_atomically(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut unfinished = self.unfinished()?;
        make_readable(unfinished.as_file())?;
        unfinished.write_all(bytes)?;
        // The bytes before the name: a crash must not leave an empty file under it.
        unfinished.as_file().sync_data()?;
        replace(unfinished, file)
    }

    /// Removes what killed runs left. Other runs may do the same at this moment, so what is gone is fine.
    fn sweep_unfinished(&self) -> io::Result<()> {
        let Ok(entries) = fs::read_dir(self.own("unfinished")) else {
            return Ok(());
        };
        for entry in entries {
            match remove_if_old(&entry?) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
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

    async fn put(&self, object: &Object, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        let key = self.full(object.key.as_str());
        let (object, mode) = (object.clone(), mode.clone());
        self.blocking(move |folder| folder.put(&key, &object, body, &mode))
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

    async fn remember(&self) -> Result<(), StoreError> {
        self.blocking(Folder::write_plain).await
    }

    async fn finish(&self, build: &Build) -> Result<(), StoreError> {
        let objects: Vec<Object> = build.published().cloned().collect();
        self.blocking(move |folder| folder.finish(&objects)).await
    }

    fn url(&self, key: &ObjectKey) -> String {
        let file = self.folder.file(&self.full(key.as_str()));
        let file = std::path::absolute(&file).unwrap_or(file);
        Url::from_file_path(&file).map_or_else(|()| file.display().to_string(), String::from)
    }
}

/// Files whose names a directory needs for itself.
pub(super) fn misfits(build: &Build) -> Vec<Problem> {
    let by_key: HashMap<&str, &Object> = build
        .objects
        .iter()
        .map(|object| (object.key.as_str(), object))
        .collect();
    let mut problems = Vec::new();
    for object in &build.objects {
        let key = object.key.as_str();
        if key == HEADERS_FILE || key.split('/').next() == Some(OWN_FOLDER) {
            problems.push(Problem::new(
                &object.path,
                "has a name that assetsync needs for itself in a directory",
            ));
        }
        if object.headers().encoding == EncodingPolicy::Gzip
            && let Some(gz) = by_key.get(format!("{key}.gz").as_str())
        {
            let message = format!(
                "would stand where the `.gz` of `{}` goes in a directory",
                object.path
            );
            problems.push(Problem::new(&gz.path, message));
        }
    }
    problems.sort();
    problems
}

/// All files below `prefix`, but for what is assetsync's own.
fn list(root: &Path, prefix: &str) -> Result<Listing, StoreError> {
    let folder = match prefix {
        // Joined, it would end with a slash.
        "" => root.to_path_buf(),
        _ => root.join(prefix),
    };
    let mut listing = HashMap::new();
    match exists(&folder).map_err(|e| failed("look at", &folder, &e))? {
        None => return Ok(listing),
        Some(metadata) if metadata.is_dir() => {}
        Some(_) => {
            return Err(failed(
                "publish to",
                &folder,
                &io::ErrorKind::NotADirectory.into(),
            ));
        }
    }
    let own = root.join(OWN_FOLDER);
    for entry in WalkDir::new(&folder)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || entry.path() != own)
    {
        let entry = entry.map_err(|e| failed("list", &folder, &io_error(e)))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let key = entry.path().strip_prefix(&folder).ok();
        let Some(key) = key.and_then(Path::to_str) else {
            continue;
        };
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(e) => match io_error(e) {
                // Deleted meanwhile.
                e if e.kind() == io::ErrorKind::NotFound => continue,
                e => return Err(failed("look at", entry.path(), &e)),
            },
        };
        if entry.file_name() == LOCK_FILE && is_lock(&metadata) {
            continue;
        }
        let key = key.replace(std::path::MAIN_SEPARATOR, "/");
        listing.insert(key, stored(&metadata));
    }
    Ok(listing)
}

/// What a file says of itself.
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

/// Another one for every file that is renamed to a name: old and new are there at once, so they differ in their inode.
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

fn document_version(bytes: &[u8]) -> Version {
    Version(blake3::hash(bytes).to_hex().to_string())
}

/// Those of files have dashes.
fn is_of_document(version: &Version) -> bool {
    !version.0.contains('-')
}

/// Fails, as a create does whose name is taken, unless what `mode` expects is there. To be asked under a lock.
fn expect(file: &Path, mode: &PutMode) -> io::Result<()> {
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
            "another version is there, or none",
        )),
    }
}

fn kind_of(error: &io::Error) -> StoreErrorKind {
    match error.kind() {
        io::ErrorKind::AlreadyExists => StoreErrorKind::Precondition,
        _ => StoreErrorKind::Other,
    }
}

/// Opens a lock file and waits until nobody else holds it; it's held until the file is closed.
fn locked(options: &mut fs::OpenOptions, file: &Path) -> io::Result<File> {
    let file = options.open(file)?;
    file.lock()?;
    Ok(file)
}

/// The lock of the documents in one folder.
fn lock_beside(document: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    make_private(&mut options);
    locked(&mut options, &document.with_file_name(LOCK_FILE))
}

#[cfg(unix)]
fn make_private(options: &mut fs::OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn make_private(_options: &mut fs::OpenOptions) {}

/// Whether a file of a lock's name is one: what is published is for everybody, and documents aren't empty.
#[cfg(unix)]
fn is_lock(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.len() == 0 && metadata.permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_lock(metadata: &fs::Metadata) -> bool {
    metadata.len() == 0
}

/// Makes the folders that are missing on the way to `folder`, for their owner only.
fn make_private_folders(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn remove_if_old(entry: &fs::DirEntry) -> io::Result<()> {
    let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
    match age.is_ok_and(|age| age > UNFINISHED_AGE_MAX) {
        true => fs::remove_file(entry.path()),
        false => Ok(()),
    }
}

/// walkdir's error without walkdir's words.
fn io_error(error: walkdir::Error) -> io::Error {
    error
        .into_io_error()
        .unwrap_or_else(|| io::Error::other("a symbolic link leads in a circle"))
}

fn exists(file: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn read_plain(file: &Path) -> Result<Plain, StoreError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Ok(Plain {
                version: 1,
                objects: BTreeMap::new(),
            });
        }
        Err(e) => return Err(failed("read", file, &e)),
    };
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match value["version"].as_u64() {
        Some(version) if version != 1 => {
            let message = format!(
                "`{}` is of version {version}, and this assetsync knows version 1",
                file.display()
            );
            Err(StoreError::new(StoreErrorKind::Other, message).hint("use a newer assetsync"))
        }
        // What can't be read is made anew: at worst, every plain name is written once more.
        _ => Ok(serde_json::from_value(value).unwrap_or(Plain {
            version: 1,
            objects: BTreeMap::new(),
        })),
    }
}

fn digest(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Brings a finished file, synced, to its name in one step.
fn rename(file: NamedTempFile, to: &Path, mode: &PutMode) -> io::Result<()> {
    match mode {
        PutMode::Create => file.persist_noclobber(to).map_err(|e| e.error).map(drop),
        PutMode::Over(_) => replace(file, to),
    }
}

/// The same, whatever is there.
fn replace(file: NamedTempFile, to: &Path) -> io::Result<()> {
    file.persist(to).map_err(|e| e.error).map(drop)
}

/// Temporary files are private; what is published is for everybody.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}

fn failed(doing: &str, file: &Path, error: &io::Error) -> StoreError {
    StoreError::new(
        StoreErrorKind::Other,
        format!(
            "Cannot {doing} `{}`: {}",
            file.display(),
            crate::error::plain(error)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_both_keyed_styles() {
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

    #[test]
    fn version_1_of_what_is_remembered_still_loads() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plain/v1.json");
        let plain = read_plain(Path::new(file)).expect("loads");
        assert_eq!(
            plain.objects["index.html"].token,
            "ogcpbu2qiv2ak6ufu23mzqqkxa"
        );
    }

    #[test]
    fn a_later_version_is_refused_and_nonsense_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plain.json");
        fs::write(&file, r#"{"version": 2, "things": []}"#).expect("written");
        assert!(
            read_plain(&file)
                .expect_err("refused")
                .message
                .contains("version 2")
        );
        fs::write(&file, "{").expect("written");
        assert!(read_plain(&file).expect("forgotten").objects.is_empty());
    }
}
