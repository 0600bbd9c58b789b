//! What earlier runs found out about files, so that what hasn't changed needn't be read again. It's only ever a help: without
//! it, with a damaged one, or while another run has it, everything is found out anew.
//!
//! A file counts as unchanged if device, inode, size and both its times are what they were. A change of content moves the
//! second of these (`ctime`), which no program can set back. Times have grains: a file that was written just before it was
//! read isn't remembered, since a second write could have the same time.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTableMetadata};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::caught::caught;
use crate::rights;

/// Another one for every change of what is stored: what an older program wrote isn't looked at.
const TABLE: redb::TableDefinition<'_, &[u8; 16], &[u8]> = redb::TableDefinition::new("2");

/// How much of the database is kept in memory, in bytes: all that 30,000 files usually need.
const MEMORY_BYTES: usize = 16 << 20;

/// What is waiting to be written is written when it's this much, in bytes.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// How long a file must have been left alone to be remembered: the grain of FAT's times, the coarsest there are.
const SETTLED: Duration = Duration::from_secs(2);

/// Caches of projects that weren't published for so long are deleted.
const UNUSED_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const EXTENSION: &str = "cache";

/// What is known from earlier runs.
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

    /// The folder for caches of this user's programs: `XDG_CACHE_HOME/assetsync`, or `~/.cache/assetsync`.
    pub fn usual_folder() -> Option<PathBuf> {
        use etcetera::BaseStrategy;
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.cache_dir().join("assetsync"))
    }

    /// The cache of `project` (the path of its configuration, or of a source) in `folder`. Knows nothing if it can't be used.
    pub fn open(folder: &Path, project: &Path) -> Cache {
        Cache {
            database: caught(|| open(folder, project)).flatten(),
            known: AtomicU64::new(0),
        }
    }

    /// How many files weren't read so far, since all was known of them.
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

/// Makes a cache, and keeps it for this user alone, whatever it was before: it has the paths of hidden files. A folder with anything
/// else in it may be others', too.
fn make_private(folder: &Path, file: &Path) -> std::io::Result<()> {
    rights::make_all(folder)?;
    rights::keep(&rights::file(file)?, 0o600)?;
    match fs::read_dir(folder)?.all(|entry| entry.is_ok_and(|entry| is_cache(&entry.path()))) {
        true => rights::keep(&fs::File::open(folder)?, 0o700),
        false => Ok(()),
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

/// What an entry is about.
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

/// What is known when a run begins, and what it adds.
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
    /// Whether anything can be remembered.
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
    // What isn't remembered is found out again.
    drop(caught(written));
}

/// What tells that a file is the same as before.
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

    /// Whether the file was left alone for long enough before `now` that a later write has another time.
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
mod tests {
    use super::*;

    fn remember(cache: &Cache, entries: &[(u8, &str)], entries_max: u64) {
        let session = cache.session();
        for (key, value) in entries {
            session.put([*key; 16], value);
        }
        session.finish(entries_max);
    }

    fn known(cache: &Cache, key: u8) -> Option<String> {
        cache.session().get(&[key; 16])
    }

    #[test]
    fn what_one_run_finds_out_the_next_one_knows() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Cache::open(&folder.path().join("new"), Path::new("hunt/assetsync.toml"));
        remember(&open(), &[(1, "one"), (2, "two")], 10);
        remember(&open(), &[(2, "zwei")], 10);
        let cache = open();
        assert_eq!(known(&cache, 1).as_deref(), Some("one"));
        assert_eq!(known(&cache, 2).as_deref(), Some("zwei"));
        assert_eq!(known(&cache, 3), None);
        let other = Cache::open(&folder.path().join("new"), Path::new("other.toml"));
        assert_eq!(known(&other, 1), None, "another project's");
        let second = open();
        assert_eq!(known(&second, 1), None, "while the first has it");
        remember(&second, &[(1, "lost")], 10);
        assert_eq!(known(&cache, 1).as_deref(), Some("one"));
    }

    #[test]
    fn a_cache_that_grew_too_large_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path(), Path::new("x"));
        remember(&cache, &[(1, "one"), (2, "two"), (3, "three")], 10);
        remember(&cache, &[(4, "four")], 2);
        assert_eq!(known(&cache, 1), None);
        assert_eq!(known(&cache, 4).as_deref(), Some("four"));
    }

    #[test]
    fn a_damaged_cache_is_no_cache() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Cache::open(folder.path(), Path::new("x"));
        let long = "long ".repeat(2000);
        remember(&open(), &[(1, "one"), (2, &long), (3, "three")], 10);
        let file = fs::read_dir(folder.path())
            .expect("a folder")
            .next()
            .expect("a file")
            .expect("readable")
            .path();
        let whole = fs::read(&file).expect("readable");
        let entry = memchr::memmem::find(&whole, b"long long").expect("it's in there");
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..300 {
            let mut damaged = whole.clone();
            match round % 4 {
                3 => damaged[entry + random.usize(..1000)] ^= 1,
                0 => damaged.truncate(random.usize(..whole.len())),
                1 => damaged[random.usize(..whole.len())] ^= 1 << random.u8(..8),
                _ => {
                    let start = random.usize(..whole.len() - 64);
                    random.fill(&mut damaged[start..start + 64]);
                }
            }
            fs::write(&file, &damaged).expect("writable");
            let cache = open();
            for (key, value) in [(1, "one"), (2, &*long), (3, "three")] {
                let known = known(&cache, key);
                assert!(known.is_none_or(|known| known == value), "{round}: {key}");
            }
            remember(&cache, &[(4, "four")], 10);
            let known = known(&cache, 4);
            assert!(known.is_none_or(|known| known == "four"), "{round}");
        }
    }

    #[test]
    fn a_file_is_the_same_until_it_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.png");
        fs::write(&file, "one").expect("writable");
        let before = Stat::of(&file).expect("unix");
        assert_eq!(Stat::of(&file), Some(before));
        assert!(!before.is_settled(SystemTime::now()), "just written");
        assert!(before.is_settled(SystemTime::now() + Duration::from_secs(4)));
        let modified = fs::metadata(&file)
            .and_then(|m| m.modified())
            .expect("a time");
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&file, "two").expect("writable");
        let handle = fs::File::options().write(true).open(&file).expect("there");
        handle.set_modified(modified).expect("set back");
        assert_ne!(
            Stat::of(&file),
            Some(before),
            "the same size and time, but written"
        );
    }
}
