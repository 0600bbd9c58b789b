//! A store in memory, for tests: it keeps a log of what was asked of it, and goes wrong on request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;

use assetsync::testing::ObjectKey;
use assetsync::testing::body::{self, Body, Content};
use assetsync::testing::name::{Headers, Token};
use assetsync::testing::store::{
    Listing, PutMode, Store, StoreError, StoreErrorKind, Stored, UNKNOWN_HINT, Upload, Version,
};

/// Objects in memory. Cheap to make, safe to share: clones see the same objects.
#[derive(Clone, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
    prefix: String,
    /// Of this client and its clones.
    fault: Arc<Mutex<Option<Mischiefs>>>,
}

/// Says what goes wrong with a call.
type Mischiefs = Box<dyn FnMut(&Call) -> Fault + Send>;

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lock().objects.keys()).finish()
    }
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, Held>,
    calls: Vec<Call>,
    failures: VecDeque<StoreErrorKind>,
    /// Writes that were asked for, and come later.
    delayed: VecDeque<Write>,
    writes: u64,
    /// Since the epoch.
    clock: Duration,
}

#[derive(Debug, Clone)]
struct Held {
    bytes: Bytes,
    /// None for documents.
    token: Option<Token>,
    headers: Option<Headers>,
    is_gzipped: bool,
    version: u64,
    modified: Duration,
}

/// A change of what is under a key.
#[derive(Debug, Clone)]
struct Write {
    key: String,
    /// None: nothing, so a deletion.
    held: Option<Held>,
    mode: PutMode,
}

/// What was asked of a [`Memory`] store. Keys have the prefix of [`Store::below`] before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A listing.
    List,
    /// A look at this key.
    Head(String),
    /// A put to this key.
    Put(String, PutMode),
    /// A document read.
    Read(String),
    /// A document written.
    Write(String, PutMode),
    /// A deletion.
    Delete(String),
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It isn't done, and fails in this way.
    Refuse(StoreErrorKind),
    /// It's done, but its answer is lost.
    Lose,
    /// Its answer is lost, and it's done when [`Memory::deliver`] is called, if what it expects
    /// holds then.
    Delay,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// All calls since the last [`Memory::clear_calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The keys written since the last [`Memory::clear_calls`], in order of writing.
    pub fn writes(&self) -> Vec<String> {
        let written = |call: &Call| match call {
            Call::Put(key, _) | Call::Write(key, _) => Some(key.clone()),
            _ => None,
        };
        self.lock().calls.iter().filter_map(written).collect()
    }

    /// Forgets the log.
    pub fn clear_calls(&self) {
        self.lock().calls.clear();
    }

    /// All keys, sorted.
    pub fn keys(&self) -> Vec<String> {
        self.lock().objects.keys().cloned().collect()
    }

    /// The bytes stored under `key`.
    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let inner = self.lock();
        inner.objects.get(key).map(|held| held.bytes.to_vec())
    }

    /// The headers `key` is served with, and whether its bytes are gzipped; none for documents.
    pub fn headers(&self, key: &str) -> Option<(Headers, bool)> {
        let inner = self.lock();
        let held = inner.objects.get(key)?;
        Some((held.headers.clone()?, held.is_gzipped))
    }

    /// Takes an object away behind the program's back.
    pub fn remove(&self, key: &str) {
        self.lock().objects.remove(key);
    }

    /// Does something while an object is away, and puts it back.
    pub async fn without<T>(&self, key: &str, meanwhile: impl Future<Output = T>) -> T {
        let taken = self.lock().objects.remove(key);
        let made = meanwhile.await;
        let taken = taken.map(|held| (key.to_string(), held));
        self.lock().objects.extend(taken);
        made
    }

    /// Puts other bytes under a key behind the program's back.
    pub fn damage(&self, key: &str, bytes: &[u8]) {
        if let Some(held) = self.lock().objects.get_mut(key) {
            held.bytes = Bytes::copy_from_slice(bytes);
        }
    }

    /// The same objects, for a client of its own: what goes wrong for others doesn't for this one.
    pub fn another_client(&self) -> Memory {
        Memory {
            fault: Arc::default(),
            ..self.clone()
        }
    }

    /// What is under each key, as a listing tells it.
    pub fn snapshot(&self) -> BTreeMap<String, Stored> {
        let inner = self.lock();
        let stored = |(key, held): (&String, &Held)| (key.clone(), held.stored());
        inner.objects.iter().map(stored).collect()
    }

    /// Lets a put fail in this way, without storing anything; may be called several times in
    /// advance.
    pub fn fail_next_put(&self, kind: StoreErrorKind) {
        self.lock().failures.push_back(kind);
    }

    /// Asks `fault` before every call what goes wrong with it.
    pub fn trouble(&self, fault: impl FnMut(&Call) -> Fault + Send + 'static) {
        *self.fault.lock().expect("no holder panics") = Some(Box::new(fault));
    }

    /// Does the oldest delayed write, if there is one.
    pub fn deliver(&self) -> bool {
        let mut inner = self.lock();
        let Some(write) = inner.delayed.pop_front() else {
            return false;
        };
        // Nobody hears whether it was done.
        drop(inner.change(write));
        true
    }

    /// Sets the clock, which stands still otherwise.
    pub fn set_clock(&self, since_epoch: Duration) {
        self.lock().clock = since_epoch;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }

    /// Notes the call, and asks what goes wrong with it. Whoever is asked may use the store
    /// meanwhile, and isn't asked again then.
    fn begin(&self, call: &Call) -> Fault {
        self.lock().calls.push(call.clone());
        let asked = self.fault.lock().expect("no holder panics").take();
        let Some(mut asked) = asked else {
            return Fault::None;
        };
        let fault = asked(call);
        self.fault
            .lock()
            .expect("no holder panics")
            .get_or_insert(asked);
        fault
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Does a write, or not, as fault has it.
    fn write_with(&self, call: Call, write: Write) -> Result<Stored, StoreError> {
        let fault = self.begin(&call);
        let mut inner = self.lock();
        if let Call::Put(..) = call
            && let Some(kind) = inner.failures.pop_front()
        {
            return Err(failed(&write.key, kind));
        }
        match fault {
            Fault::None => inner.change(write),
            Fault::Refuse(kind) => Err(failed(&write.key, kind)),
            Fault::Lose => {
                let key = write.key.clone();
                drop(inner.change(write));
                Err(failed(&key, StoreErrorKind::OutcomeUnknown))
            }
            Fault::Delay => {
                let key = write.key.clone();
                inner.delayed.push_back(write);
                Err(failed(&key, StoreErrorKind::OutcomeUnknown))
            }
        }
    }

    /// A call that changes nothing.
    fn look(&self, call: Call, key: &str) -> Result<std::sync::MutexGuard<'_, Inner>, StoreError> {
        match self.begin(&call) {
            Fault::None => Ok(self.lock()),
            Fault::Refuse(kind) => Err(failed(key, kind)),
            Fault::Lose | Fault::Delay => Err(failed(key, StoreErrorKind::Unreachable)),
        }
    }
}

fn failed(key: &str, kind: StoreErrorKind) -> StoreError {
    let hint = match kind {
        StoreErrorKind::OutcomeUnknown => UNKNOWN_HINT,
        _ => "",
    };
    StoreError::new(kind, format!("Cannot reach `{key}`: as the test asked"))
        .cause("as the test asked")
        .hint(hint)
}

impl Inner {
    fn change(&mut self, write: Write) -> Result<Stored, StoreError> {
        let there = self.objects.get(&write.key).map(Held::version);
        let holds = match &write.mode {
            PutMode::Create => there.is_none(),
            PutMode::Over(version) => there.as_ref() == Some(version),
        };
        if !holds {
            let message = format!("Cannot write `{}`: something else is there", write.key);
            return Err(StoreError::new(StoreErrorKind::Precondition, message));
        }
        self.writes += 1;
        let Some(mut held) = write.held else {
            self.objects.remove(&write.key);
            return Ok(Stored::default());
        };
        held.version = self.writes;
        held.modified = self.clock;
        let stored = held.stored();
        self.objects.insert(write.key, held);
        Ok(stored)
    }
}

#[async_trait]
impl Store for Memory {
    async fn list(&self) -> Result<Listing, StoreError> {
        let inner = self.look(Call::List, "")?;
        let below = |(key, held): (&String, &Held)| {
            let key = key.strip_prefix(&self.prefix)?;
            Some((key.to_string(), held.stored()))
        };
        Ok(inner.objects.iter().filter_map(below).collect())
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let key = self.full(key.as_str());
        let inner = self.look(Call::Head(key.clone()), &key)?;
        Ok(inner.objects.get(&key).map(Held::stored))
    }

    async fn put(&self, object: &Upload, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        let is_gzipped = body.is_gzipped;
        let bytes = match body.content {
            Content::Memory(bytes) => bytes,
            Content::File(mut parts) => parts
                .next(usize::MAX)
                .map_err(|e| body::explain(&object.file, &e))?,
        };
        let held = Held {
            bytes,
            token: Some(object.token),
            headers: Some(Headers::clone(&object.headers)),
            is_gzipped,
            version: 0,
            modified: Duration::ZERO,
        };
        let key = self.full(object.key.as_str());
        let write = Write {
            key: key.clone(),
            held: Some(held),
            mode: mode.clone(),
        };
        self.write_with(Call::Put(key, mode.clone()), write)
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let key = self.full(key);
        let inner = self.look(Call::Read(key.clone()), &key)?;
        let found = inner.objects.get(&key);
        Ok(found.map(|held| (held.bytes.clone(), held.version())))
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        let key = self.full(key);
        let held = Held {
            bytes,
            token: None,
            headers: None,
            is_gzipped: false,
            version: 0,
            modified: Duration::ZERO,
        };
        let write = Write {
            key: key.clone(),
            held: Some(held),
            mode: mode.clone(),
        };
        let stored = self.write_with(Call::Write(key, mode.clone()), write)?;
        Ok(stored.version)
    }

    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        let key = self.full(key);
        let write = Write {
            key: key.clone(),
            held: None,
            mode: PutMode::Over(version.clone()),
        };
        let outcome = self.write_with(Call::Delete(key.clone()), write);
        match outcome {
            Err(error)
                if error.kind == StoreErrorKind::Precondition
                    && !self.lock().objects.contains_key(&key) =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    fn below(&self, prefix: &str) -> Arc<dyn Store> {
        Arc::new(Memory {
            inner: Arc::clone(&self.inner),
            prefix: self.full(prefix),
            fault: Arc::clone(&self.fault),
        })
    }

    fn now(&self) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + self.lock().clock)
    }

    fn url(&self, key: &ObjectKey) -> String {
        format!("memory:{}", key.url_path())
    }
}

impl Held {
    fn version(&self) -> Version {
        Version(self.version.to_string())
    }

    fn stored(&self) -> Stored {
        let mut stored = Stored::default();
        stored.size_bytes = self.bytes.len() as u64;
        stored.token = self.token;
        stored.token_is_known = true;
        stored.version = self.version();
        stored.fingerprint = blake3::hash(&self.bytes).to_hex().to_string();
        stored.modified = Some(SystemTime::UNIX_EPOCH + self.modified);
        stored
    }
}
