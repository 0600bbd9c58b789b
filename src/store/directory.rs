//! A plain folder as a target, ready to be served: beside every compressible file stands its `.gz`, for
//! nginx's `gzip_static`, Caddy's `precompressed` and WhiteNoise; `_headers` holds the headers for
//! Netlify, Cloudflare Pages and the like.
//!
//! What only assetsync needs is in `.assetsync/`: unfinished files, `plain.json`, which remembers
//! what the mutable names were stored for, and `lock`, which is held while a file is looked at and replaced, so
//! that of several processes one wins. Documents have a `lock` beside them; it, they and their folders are private.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::GzDecoder;
use tempfile::NamedTempFile;
use url::Url;
use walkdir::WalkDir;

use self::noted::{Noted, Own, Plain, PlainObject};
use super::headers_file::{HEADERS_FILE, Served, merge_headers};
use super::{
    Listing, Named, PutMode, Store, StoreError, StoreErrorKind, Stored, Version, token_in_name,
};
use crate::body::{self, Body, Content};
use crate::build::{Build, Object};
use crate::files;
use crate::name::Token;
use crate::path::ObjectKey;
use crate::problem::Problem;
use crate::store::document_bytes_max;

mod case;
mod noted;

const OWN_FOLDER: &str = ".assetsync";
const LOCK_FILE: &str = "lock";
const PLAIN_FILE: &str = "plain.json";

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
    /// What this run put under mutable names, and what others did.
    noted: Mutex<Noted>,
}

impl Directory {
    pub(super) fn new(root: &Path) -> Directory {
        Directory {
            folder: Arc::new(Folder {
                root: root.to_path_buf(),
                noted: Mutex::new(Noted::new(root.join(OWN_FOLDER).join(PLAIN_FILE))),
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

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("no holder panics")
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
        let mut noted = self.noted();
        for key in beside {
            // A name that a file of the tree has isn't that of another one's `.gz`.
            if !noted.is_object(&format!("{prefix}{key}"))? {
                listing.remove(&key);
            }
        }
        Ok(listing)
    }

    fn look(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let file = self.file(key);
        let Some(metadata) = exists(&file).map_err(|e| failed("look at", &file, &e))? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            token: self.token(key, &file)?,
            token_is_known: true,
            ..stored(&metadata)
        }))
    }

    /// What a file was stored for, if it's as it was stored.
    fn token(&self, key: &str, file: &Path) -> Result<Option<Token>, StoreError> {
        let known = self.noted().known(key)?;
        if known.whole.is_empty() && known.begun.is_none() {
            // Immutable names say themselves what they were stored for.
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
            let own = Own::Written(PlainObject::of(object), file_version(&metadata));
            self.noted().own.insert(key.to_string(), own);
        }
        Ok(Stored {
            token: Some(object.token),
            token_is_known: true,
            ..stored(&metadata)
        })
    }

    fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
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
        share_with_group(unfinished.as_file(), file)?;
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
        let is_object = self.noted().is_object(&gz);
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
        .cause(why)
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

    /// Notes what is about to be written under mutable names, so that it's known even if this run is killed.
    fn announce(&self, objects: Vec<(String, PlainObject)>) -> Result<(), StoreError> {
        self.note(|plain| {
            for (key, object) in &objects {
                if let Some(begun) = plain.begun.remove(key)
                    && self.is_whole(key, &begun)?
                {
                    plain.objects.insert(key.clone(), begun);
                }
                if plain.objects.get(key) != Some(object) {
                    plain.begun.insert(key.clone(), object.clone());
                }
            }
            Ok(())
        })?;
        let begun = objects
            .into_iter()
            .map(|(key, object)| (key, Own::Begun(object)));
        self.noted().own.extend(begun);
        Ok(())
    }

    /// Whether what was begun by some run is in place, with what goes with it.
    fn is_whole(&self, key: &str, begun: &PlainObject) -> Result<bool, StoreError> {
        let file = self.file(key);
        match exists(&file).map_err(|e| failed("look at", &file, &e))? {
            None => Ok(false),
            Some(_) => Ok(
                digest(&file).map_err(|e| failed("read", &file, &e))? == begun.digest
                    && self.has_its_gz(key, begun)?,
            ),
        }
    }

    /// Whether the `.gz` beside an object, if there's one, is of the same content.
    fn has_its_gz(&self, key: &str, object: &PlainObject) -> Result<bool, StoreError> {
        let gz = format!("{key}.gz");
        if self.noted().is_object(&gz)? {
            return Ok(true);
        }
        let file = self.file(&gz);
        let content = match files::open(&file) {
            Ok(content) => content,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(e) => return Err(failed("read", &file, &e)),
        };
        let mut hasher = blake3::Hasher::new();
        let is_read = hasher.update_reader(GzDecoder::new(content)).is_ok();
        Ok(is_read && hasher.finalize().to_hex().as_str() == object.digest)
    }

    /// Notes for good what this run did under mutable names.
    fn remember(&self) -> Result<(), StoreError> {
        let own = std::mem::take(&mut self.noted().own);
        if own.is_empty() {
            return Ok(());
        }
        self.note(|plain| {
            for (key, own) in own {
                let file = self.file(&key);
                let there = exists(&file).map_err(|e| failed("look at", &file, &e))?;
                let there = there.as_ref().map(file_version);
                if let Own::Begun(object) | Own::Written(object, _) = &own
                    && plain.begun.get(&key) == Some(object)
                {
                    plain.begun.remove(&key);
                }
                match own {
                    // Another run may have written since, and has noted that.
                    Own::Written(object, version) if there.as_ref() == Some(&version) => {
                        plain.objects.insert(key, object);
                    }
                    Own::Deleted if there.is_none() => {
                        plain.objects.remove(&key);
                        plain.begun.remove(&key);
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// Changes what is noted, as it is now.
    fn note(
        &self,
        change: impl FnOnce(&mut Plain) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let file = self.own(PLAIN_FILE);
        let _lock = self.lock().map_err(|e| failed("lock", &file, &e))?;
        let before = noted::read(&file)?;
        let mut plain = before.clone();
        change(&mut plain)?;
        if plain == before {
            return Ok(());
        }
        let json = serde_json::to_string_pretty(&plain).expect("strings are JSON") + "\n";
        self.write_atomically(&file, json.as_bytes())
            .map_err(|e| failed("write", &file, &e))
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

    async fn announce(&self, objects: &[&Object]) -> Result<(), StoreError> {
        let objects = objects
            .iter()
            .map(|object| (self.full(object.key.as_str()), PlainObject::of(object)));
        let objects = objects.collect();
        self.blocking(move |folder| folder.announce(objects)).await
    }

    async fn remember(&self) -> Result<(), StoreError> {
        self.blocking(Folder::remember).await
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

/// Files whose names a directory needs for itself, or can't tell from another's.
pub(super) fn misfits(folder: &Path, named: &[Named<'_>]) -> Vec<Problem> {
    let by_key: HashMap<&str, &Named<'_>> = named.iter().map(|one| (&*one.key, one)).collect();
    let mut problems = Vec::new();
    for one in named {
        let key = &*one.key;
        // What is below that folder is told of all targets.
        if key == HEADERS_FILE || key == OWN_FOLDER {
            problems.push(Problem::new(
                one.path,
                "has a name that assetsync needs for itself in a directory",
            ));
        }
        if one.is_gzipped
            && let Some(gz) = by_key.get(format!("{key}.gz").as_str())
        {
            let message = format!(
                "would stand where the `.gz` of `{}` goes in a directory",
                one.path
            );
            problems.push(Problem::new(gz.path, message));
        }
    }
    problems.extend(case::twins(folder, named));
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
    metadata.len() == 0 && metadata.permissions().mode() & 0o007 == 0
}

#[cfg(not(unix))]
fn is_lock(metadata: &fs::Metadata) -> bool {
    metadata.len() == 0
}

/// Makes the folders that are missing on the way to `folder`, for their owner only, or also for the group of a folder that is shared
/// with one.
fn make_private_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_private_folders(above)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        // Another run was faster.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
        Ok(()) => share_with_group(&File::open(folder)?, folder),
    }
}

/// What comes into a folder of the releases is for the folder's group, too, if its owner wants that: it's readable for the group, and
/// has the bit (setgid) by which what is made in it belongs to the group. A website may run as somebody else.
#[cfg(unix)]
fn share_with_group(new: &File, comes_to: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    const SHARED: u32 = 0o2050;
    let Some(folder) = comes_to.parent().map(fs::metadata).transpose()? else {
        return Ok(());
    };
    if folder.mode() & SHARED != SHARED {
        return Ok(());
    }
    let metadata = new.metadata()?;
    if metadata.gid() != folder.gid() {
        fchown(new, None, Some(folder.gid()))?;
    }
    let mode = match metadata.is_dir() {
        true => 0o2750,
        false => 0o640,
    };
    new.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn share_with_group(_new: &File, _comes_to: &Path) -> io::Result<()> {
    Ok(())
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

fn digest(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(files::open(file)?)?;
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
    let why = crate::error::plain(error);
    let message = format!("Cannot {doing} `{}`: {why}", file.display());
    StoreError::new(StoreErrorKind::Other, message).cause(why)
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
}
