//! Remembers what earlier runs found in files, so that unchanged files needn't be read again. It
//! only saves time: if it is missing, damaged, or in use by another run, everything is determined
//! again.
//!
//! A file counts as unchanged if its device, inode, size and both of its times are the same. A
//! change of content updates the second time (`ctime`), which no program can set back. Times have a
//! limited resolution: a file that was written just before it was read isn't remembered, since a
//! second write could have the same time.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTableMetadata};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::caught::caught;
use crate::base::disk::rights;

/// Another one for every change of what is stored: what an older program wrote isn't looked at.
const TABLE: redb::TableDefinition<'_, &[u8; 16], &[u8]> = redb::TableDefinition::new("2");

/// Size of the database's cache in memory, in bytes: enough for most projects of 30,000 files.
const MEMORY_BYTES: usize = 16 << 20;

/// Size in bytes at which waiting entries are written.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// Time without changes after which a file is remembered: the resolution of times on FAT, the
/// coarsest there is.
const SETTLED: Duration = Duration::from_secs(2);

/// Caches of projects that weren't published for so long are deleted.
const UNUSED_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const EXTENSION: &str = "cache";

/// Results of earlier runs.
#[derive(Debug, Default)]
pub struct Cache {
    database: Option<Database>,
    known: AtomicU64,
}

impl Cache {
    /// Knows nothing, and remembers nothing.
    pub fn none() -> Cache {
        Cache::default()
    }

    /// The folder for caches of this user's programs: `XDG_CACHE_HOME/assetsync`, or
    /// `~/.cache/assetsync`.
    pub fn usual_folder() -> Option<PathBuf> {
        use etcetera::BaseStrategy;
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.cache_dir().join("assetsync"))
    }

    /// The cache of `project` (the path of its configuration, or of a source) in `folder`. Knows
    /// nothing if it can't be used.
    pub fn open(folder: &Path, project: &Path) -> Cache {
        Cache {
            database: caught(|| open(folder, project)).flatten(),
            known: AtomicU64::new(0),
        }
    }

    /// Returns the number of files that weren't read so far, since everything about them was known.
    pub fn known(&self) -> u64 {
        self.known.load(Ordering::Relaxed)
    }

    pub(crate) fn note_known(&self, files: u64) {
        self.known.fetch_add(files, Ordering::Relaxed);
    }

    pub(crate) fn session(&self) -> Session<'_> {
        let table = self.database.as_ref().and_then(|database| {
            caught(|| database.begin_read().ok()?.open_table(TABLE).ok()).flatten()
        });
        Session {
            database: self.database.as_ref(),
            table,
            waiting: Mutex::default(),
        }
    }
}

fn open(folder: &Path, project: &Path) -> Option<Database> {
    let project = std::path::absolute(project).ok()?;
    let name = blake3::hash(project.as_os_str().as_encoded_bytes()).to_hex();
    let file = folder.join(format!("{}.{EXTENSION}", &name[..32]));
    let open = || {
        make_private(folder, &file).ok()?;
        let mut builder = Database::builder();
        builder.set_cache_size(MEMORY_BYTES);
        caught(|| builder.create(&file))
    };
    let database = match open()? {
        // Another run has it.
        Err(redb::DatabaseError::DatabaseAlreadyOpen) => return None,
        Ok(database) => Some(database),
        Err(_) => {
            fs::remove_file(&file).ok()?;
            open()?.ok()
        }
    };
    remove_unused(folder, &file);
    database
}

/// Makes a cache, and keeps it for this user alone, whatever it was before: it has the paths of
/// hidden files. A folder with anything else in it may be others', too.
fn make_private(folder: &Path, file: &Path) -> std::io::Result<()> {
    rights::make_all(folder)?;
    rights::keep(&rights::file(file)?, 0o600)?;
    if fs::read_dir(folder)?.all(|entry| entry.is_ok_and(|entry| is_cache(&entry.path()))) {
        rights::keep(&fs::File::open(folder)?, 0o700)
    } else {
        Ok(())
    }
}

fn is_cache(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == EXTENSION)
}

fn remove_unused(folder: &Path, own: &Path) {
    let is_unused = |file: &Path| {
        let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|at| at.elapsed().ok());
        age.is_some_and(|age| age > UNUSED_MAX)
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.path();
        if is_cache(&file) && file != own && is_unused(&file) {
            // Another time, then.
            drop(fs::remove_file(&file));
        }
    }
}

/// Key of an entry.
pub(crate) type Key = [u8; 16];

/// The key of `parts`.
pub(crate) fn key<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Key {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher
        .finalize()
        .as_bytes()
        .first_chunk()
        .expect("a hash is longer")
}

/// Before every entry: a database finds out that it was cut off, not that a disk forgot a bit.
const SUM_BYTES: usize = 8;

fn checksum(key: &Key, value: &[u8]) -> [u8; SUM_BYTES] {
    let digest = blake3::Hasher::new().update(key).update(value).finalize();
    *digest.as_bytes().first_chunk().expect("a hash is longer")
}

/// Entries that are known when a run begins, and those that it adds.
pub(crate) struct Session<'a> {
    database: Option<&'a Database>,
    table: Option<ReadOnlyTable<&'static Key, &'static [u8]>>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<(Key, Vec<u8>)>,
    size_bytes: usize,
}

impl Session<'_> {
    /// Checks whether anything can be remembered.
    pub(crate) fn is_on(&self) -> bool {
        self.database.is_some()
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let table = self.table.as_ref()?;
        let read = || {
            let entry = table.get(key).ok()??;
            let (sum, bytes) = entry.value().split_first_chunk::<SUM_BYTES>()?;
            (*sum == checksum(key, bytes)).then(|| postcard::from_bytes(bytes).ok())?
        };
        caught(read).flatten()
    }

    pub(crate) fn put(&self, key: Key, value: &impl Serialize) {
        let (Some(database), Ok(value)) = (self.database, postcard::to_allocvec(value)) else {
            return;
        };
        let bytes = [&checksum(&key, &value)[..], &value].concat();
        let mut waiting = self.waiting.lock().expect("no holder panics");
        waiting.size_bytes += bytes.len();
        waiting.entries.push((key, bytes));
        if waiting.size_bytes > WAITING_BYTES_MAX {
            let full = std::mem::take(&mut *waiting);
            write(database, full, Durability::None, u64::MAX);
        }
    }

    /// Writes down what was added. With more than `entries_max` entries, those of earlier runs go.
    pub(crate) fn finish(self, entries_max: u64) {
        let waiting = self.waiting.into_inner().expect("no holder panics");
        if let Some(database) = self.database.filter(|_| !waiting.entries.is_empty()) {
            write(database, waiting, Durability::Immediate, entries_max);
        }
    }
}

fn write(database: &Database, waiting: Waiting, durability: Durability, entries_max: u64) {
    let written = || -> Result<(), redb::Error> {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(durability)?;
        {
            let mut table = transaction.open_table(TABLE)?;
            if table.len()? > entries_max {
                table.retain(|_, _| false)?;
            }
            for (key, value) in &waiting.entries {
                table.insert(key, value.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    };
    // A lost entry is only computed again.
    drop(caught(written));
}

/// Metadata by which an unchanged file is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stat {
    device: u64,
    inode: u64,
    size_bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stat {
    /// None where the system doesn't tell when a file was changed.
    pub(crate) fn of(file: &Path) -> Option<Stat> {
        Stat::from_metadata(&fs::metadata(file).ok()?)
    }

    #[cfg(unix)]
    fn from_metadata(metadata: &Metadata) -> Option<Stat> {
        use std::os::unix::fs::MetadataExt;
        Some(Stat {
            device: metadata.dev(),
            inode: metadata.ino(),
            size_bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    fn from_metadata(_: &Metadata) -> Option<Stat> {
        None
    }

    /// All of it, for a digest.
    pub(crate) fn to_bytes(self) -> [u8; 56] {
        let (modified, changed) = (self.modified, self.changed);
        let times = [modified.0, modified.1, changed.0, changed.1].map(i64::to_le_bytes);
        let numbers = [self.device, self.inode, self.size_bytes].map(u64::to_le_bytes);
        let mut bytes = [0; 56];
        bytes[..24].copy_from_slice(numbers.as_flattened());
        bytes[24..].copy_from_slice(times.as_flattened());
        bytes
    }

    /// Checks whether the file's last change is long enough before `now` that a later write has
    /// another time.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let newest = self.modified.max(self.changed).0;
        let settled = now.saturating_sub(SETTLED).as_secs();
        newest >= 0 && (newest as u64) < settled
    }
}

#[cfg(test)]
mod tests;
