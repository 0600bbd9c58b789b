//! A plain folder as a target, ready to be served: beside every compressible file stands its `.gz`, for
//! nginx's `gzip_static`, Caddy's `precompressed` and WhiteNoise; `_headers` holds the headers for
//! Netlify, Cloudflare Pages and the like.
//!
//! What only assetsync needs is in `.assetsync/`: unfinished files, and `plain.json`, which remembers
//! what the mutable names were stored for.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use url::Url;
use walkdir::WalkDir;

use super::headers_file::merge_headers;
use super::{Listing, PutMode, Store, StoreError, StoreErrorKind, Stored, token_in_name};
use crate::body::{self, Body, Content};
use crate::build::{Build, Object};
use crate::error::Problem;
use crate::name::{EncodingPolicy, Token};
use crate::path::ObjectKey;

const OWN_FOLDER: &str = ".assetsync";
const HEADERS_FILE: &str = "_headers";

/// How much of a large file is copied at a time, in bytes.
const COPY_BYTES: usize = 1 << 20;

/// An unfinished file this old belongs to a run that was killed.
const UNFINISHED_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug)]
pub(super) struct Directory {
    folder: Arc<Folder>,
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
        }
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

    fn look(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let file = self.file(key.as_str());
        let Some(metadata) = exists(&file).map_err(|e| failed("look at", &file, &e))? else {
            return Ok(None);
        };
        let known = self.plain(|plain| plain.objects.get(key.as_str()).cloned())?;
        let token = match known {
            Some(known)
                if digest(&file).map_err(|e| failed("read", &file, &e))? == known.digest =>
            {
                Token::parse(&known.token)
            }
            // Immutable names say themselves what they were stored for.
            None => token_in_name(key.as_str()),
            Some(_) => None,
        };
        Ok(Some(Stored {
            size_bytes: metadata.len(),
            token,
            token_is_known: true,
        }))
    }

    fn put(&self, object: &Object, body: Body, mode: PutMode) -> Result<(), StoreError> {
        let error = |e: io::Error| self.explain(object, &e);
        let mut file = self.unfinished().map_err(error)?;
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
        self.finish_put(object, file, body.is_gzipped, mode)
            .map_err(error)?;
        if object.is_mutable() {
            let token = object.token.to_string();
            let entry = PlainObject {
                token,
                digest: object.digest.to_hex().to_string(),
            };
            self.plain(|plain| plain.objects.insert(object.key.to_string(), entry))?;
        }
        Ok(())
    }

    fn finish(&self, objects: &[Object]) -> Result<(), StoreError> {
        self.write_headers(objects)
            .map_err(|e| failed("write", &self.root.join(HEADERS_FILE), &e))?;
        self.sweep_unfinished()
            .map_err(|e| failed("tidy up", &self.own("unfinished"), &e))
    }

    fn explain(&self, object: &Object, error: &io::Error) -> StoreError {
        let kind = match error.kind() {
            io::ErrorKind::AlreadyExists => StoreErrorKind::Exists,
            _ => StoreErrorKind::Other,
        };
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
            kind,
            format!("Cannot write `{}` to `{root}`: {why}", object.path),
        )
        .hint(hint)
    }

    /// Makes an unfinished file in the target, where a rename can bring it to any key.
    fn unfinished(&self) -> io::Result<NamedTempFile> {
        let folder = self.own("unfinished");
        fs::create_dir_all(&folder)?;
        let file = tempfile::Builder::new()
            .prefix("put-")
            .tempfile_in(folder)?;
        make_readable(file.as_file())?;
        Ok(file)
    }

    fn finish_put(
        &self,
        object: &Object,
        content: NamedTempFile,
        is_gzipped: bool,
        mode: PutMode,
    ) -> io::Result<()> {
        let key = object.key.as_str();
        let file = self.file(key);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let gz = self.file(&format!("{key}.gz"));
        if !is_gzipped {
            place(content, &file, mode)?;
            // A page that shrinks no more must not leave an old `.gz` to be served in its stead.
            if mode == PutMode::Replace && gz.exists() {
                fs::remove_file(&gz)?;
            }
            return Ok(());
        }
        let mut whole = self.unfinished()?;
        io::copy(&mut GzDecoder::new(content.reopen()?), &mut whole)?;
        if mode == PutMode::Create {
            if file.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            // The `.gz` first: whoever finds the file finds its `.gz` too.
            place(content, &gz, PutMode::Replace)?;
            return place(whole, &file, mode);
        }
        // The file first: if only that is done, the next run sees that it isn't the one it remembers.
        place(whole, &file, mode)?;
        place(content, &gz, mode)
    }

    fn write_headers(&self, objects: &[Object]) -> io::Result<()> {
        let file = self.root.join(HEADERS_FILE);
        let old = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e),
        };
        let new = merge_headers(&old, objects);
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
        unfinished.write_all(bytes)?;
        place(unfinished, file, PutMode::Replace)
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
        self.blocking(|folder| list(&folder.root)).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let key = key.clone();
        self.blocking(move |folder| folder.look(&key)).await
    }

    async fn put(&self, object: &Object, body: Body, mode: PutMode) -> Result<(), StoreError> {
        let object = object.clone();
        self.blocking(move |folder| folder.put(&object, body, mode))
            .await
    }

    async fn remember(&self) -> Result<(), StoreError> {
        self.blocking(Folder::write_plain).await
    }

    async fn finish(&self, build: &Build) -> Result<(), StoreError> {
        let objects: Vec<Object> = build.published().cloned().collect();
        self.blocking(move |folder| folder.finish(&objects)).await
    }

    fn url(&self, key: &ObjectKey) -> String {
        let file = self.folder.file(key.as_str());
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

fn list(root: &Path) -> Result<Listing, StoreError> {
    let mut listing = HashMap::new();
    match exists(root).map_err(|e| failed("look at", root, &e))? {
        None => return Ok(listing),
        Some(metadata) if metadata.is_dir() => {}
        Some(_) => {
            return Err(failed(
                "publish to",
                root,
                &io::ErrorKind::NotADirectory.into(),
            ));
        }
    }
    let own = root.join(OWN_FOLDER);
    for entry in WalkDir::new(root)
        .into_iter()
        .filter_entry(|entry| entry.path() != own)
    {
        let entry = entry.map_err(|e| failed("list", root, &io_error(e)))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let Some(key) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) else {
            continue;
        };
        let size_bytes = entry
            .metadata()
            .map_err(|e| failed("look at", entry.path(), &io_error(e)))?
            .len();
        let key = key.replace(std::path::MAIN_SEPARATOR, "/");
        listing.insert(
            key,
            Stored {
                size_bytes,
                token: None,
                token_is_known: false,
            },
        );
    }
    Ok(listing)
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

/// Brings a finished file to its name, in one step.
fn place(file: NamedTempFile, to: &Path, mode: PutMode) -> io::Result<()> {
    // The bytes before the name: a crash must not leave an empty file under it.
    file.as_file().sync_data()?;
    match mode {
        PutMode::Create => file.persist_noclobber(to).map_err(|e| e.error)?,
        PutMode::Replace => file.persist(to).map_err(|e| e.error)?,
    };
    Ok(())
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
