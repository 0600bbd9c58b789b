//! A store in memory, for tests: it keeps a log of what was asked of it, and fails on request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;

use super::{Listing, PutMode, Store, StoreError, StoreErrorKind, Stored};
use crate::body::{self, Body, Content};
use crate::build::Object;
use crate::name::{Headers, Token};
use crate::path::ObjectKey;

/// Objects in memory. Cheap to make, safe to share.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    objects: BTreeMap<String, Held>,
    calls: Vec<Call>,
    failures: VecDeque<StoreErrorKind>,
}

#[derive(Debug, Clone)]
struct Held {
    bytes: Vec<u8>,
    token: Token,
    headers: Headers,
    is_gzipped: bool,
}

/// What was asked of a [`Memory`] store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A listing.
    List,
    /// A look at this key.
    Head(String),
    /// A put to this key.
    Put(String, PutMode),
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
        let put = |call: &Call| match call {
            Call::Put(key, _) => Some(key.clone()),
            _ => None,
        };
        self.lock().calls.iter().filter_map(put).collect()
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
        self.lock().objects.get(key).map(|held| held.bytes.clone())
    }

    /// The headers `key` is served with, and whether its bytes are gzipped.
    pub fn headers(&self, key: &str) -> Option<(Headers, bool)> {
        self.lock()
            .objects
            .get(key)
            .map(|held| (held.headers.clone(), held.is_gzipped))
    }

    /// Lets a put fail in this way, without storing anything; may be called several times in advance.
    pub fn fail_next_put(&self, kind: StoreErrorKind) {
        self.lock().failures.push_back(kind);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }
}

#[async_trait]
impl Store for Memory {
    async fn list(&self) -> Result<Listing, StoreError> {
        let mut inner = self.lock();
        inner.calls.push(Call::List);
        Ok(inner
            .objects
            .iter()
            .map(|(key, held)| (key.clone(), held.stored()))
            .collect())
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let mut inner = self.lock();
        inner.calls.push(Call::Head(key.to_string()));
        Ok(inner.objects.get(key.as_str()).map(Held::stored))
    }

    async fn put(&self, object: &Object, body: Body, mode: PutMode) -> Result<(), StoreError> {
        let is_gzipped = body.is_gzipped;
        let bytes = match body.content {
            Content::Memory(bytes) => bytes.to_vec(),
            Content::File(mut parts) => parts
                .next(usize::MAX)
                .map_err(|e| body::explain(object, &e))?
                .to_vec(),
        };
        let mut inner = self.lock();
        inner.calls.push(Call::Put(object.key.to_string(), mode));
        if let Some(kind) = inner.failures.pop_front() {
            return Err(StoreError::new(
                kind,
                format!("Cannot upload `{}`: as the test asked", object.path),
            ));
        }
        if mode == PutMode::Create && inner.objects.contains_key(object.key.as_str()) {
            return Err(StoreError::new(
                StoreErrorKind::Exists,
                format!("Cannot upload `{}`: the key is taken", object.path),
            ));
        }
        let held = Held {
            bytes,
            token: object.token,
            headers: object.headers().clone(),
            is_gzipped,
        };
        inner.objects.insert(object.key.to_string(), held);
        Ok(())
    }

    fn url(&self, key: &ObjectKey) -> String {
        format!("memory:{}", key.url_path())
    }
}

impl Held {
    fn stored(&self) -> Stored {
        Stored {
            size_bytes: self.bytes.len() as u64,
            token: Some(self.token),
            token_is_known: true,
        }
    }
}
