//! A storage of your own: one that counts what is asked of a folder, and hands everything on.
//!
//! `cargo run --example store`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use assetsync::{
    Body, Config, Listing, ObjectKey, PutMode, Site, Store, StoreError, Stored, Upload, Version,
};
use async_trait::async_trait;
use bytes::Bytes;

/// Counts the writes of another store.
#[derive(Debug)]
struct Counted {
    inner: Arc<dyn Store>,
    writes: Arc<AtomicU64>,
}

#[async_trait]
impl Store for Counted {
    async fn list(&self) -> Result<Listing, StoreError> {
        self.inner.list().await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.inner.head(key).await
    }

    async fn put(&self, upload: &Upload, body: Body, mode: &PutMode) -> Result<Stored, StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.inner.put(upload, body, mode).await
    }

    async fn read(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.inner.read(key).await
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: &PutMode) -> Result<Version, StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.inner.write(key, bytes, mode).await
    }

    async fn delete(&self, key: &str, version: &Version) -> Result<(), StoreError> {
        self.inner.delete(key, version).await
    }

    fn below(&self, prefix: &str) -> Arc<dyn Store> {
        Arc::new(Counted {
            inner: self.inner.below(prefix),
            writes: Arc::clone(&self.writes),
        })
    }

    fn now(&self) -> Option<SystemTime> {
        self.inner.now()
    }

    fn url(&self, key: &ObjectKey) -> String {
        self.inner.url(key)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("assets"))?;
    std::fs::write(folder.path().join("assets/a.txt"), "a")?;
    let file = folder.path().join("assetsync.toml");
    let config = "key_file = 'key'\ncreate_key = true\n[[source]]\ndir = 'assets'\n\
                  [target.local]\nurl = 'file:out'\n";
    std::fs::write(&file, config)?;
    let site = Site::open(Config::load(&file)?, "local").await?;
    let writes = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner: site.store(),
        writes: Arc::clone(&writes),
    };
    let site = site.in_store(Arc::new(counted));
    site.push(site.plan().await?).await?;
    println!("{} writes", writes.load(Ordering::Relaxed));
    assert!(writes.load(Ordering::Relaxed) > 0);
    Ok(())
}
