//! Immutable documents: manifests, releases, copies of plain names, and others that a release
//! refers to.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::swaps::is_definite;
use super::{RELEASES, State};
use crate::base::encode::content_of;
use crate::base::error::{Error, Result};
use crate::base::name::Token;
use crate::hidden;
use crate::naming::Object;
use crate::release::Unusable;
use crate::release::layout::ROOT;
use crate::release::manifest::Manifest;
use crate::release::packed::{TOO_LARGE, pack, unpack};
use crate::release::root::{self, Release, ReleaseId, Root};
use crate::store::documents::{DOCUMENT_BYTES_MAX, called};
use crate::store::{Listing, PutMode, StoreError, StoreErrorKind};

/// Maximum number of manifests in memory at a time.
const MANIFESTS_AT_ONCE: usize = 4;

impl State {
    /// Writes an immutable document. Succeeds if it is already there, byte for byte.
    ///
    /// # Errors
    /// Returns an error of writing, or an error if another document is there.
    pub(in crate::release) async fn keep(&self, key: &str, bytes: Bytes) -> Result<()> {
        match self.create(key, bytes).await? {
            None => Ok(()),
            Some(_) => Err(taken(key)),
        }
    }

    /// Writes a document unless there is one. Returns the existing one if it differs.
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Option<Bytes>> {
        let error = match self.store.write(key, bytes.clone(), &PutMode::Create).await {
            Ok(_) => return Ok(None),
            Err(error) if is_definite(error.kind) => return Err(error.into()),
            Err(error) => error,
        };
        match self.store.read(key).await? {
            Some((there, _)) => Ok((there != bytes).then_some(there)),
            None => Err(error.into()),
        }
    }

    /// Writes a manifest and reads it back. Returns its name. The same manifest, packed differently
    /// by another version, is accepted.
    pub(in crate::release) async fn keep_manifest(&self, manifest: &Manifest) -> Result<String> {
        let (packed, digest) = manifest.pack();
        let digest = digest.to_hex().to_string();
        self.create(&manifest_key(&digest), packed).await?;
        if self.manifest(&digest).await? == *manifest {
            Ok(digest)
        } else {
            let why = Unusable::damaged("it differs from what was written");
            Err(why.error("manifest", &digest))
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// Returns an error if it is missing, damaged, or of another version.
    pub async fn manifest(&self, digest: &str) -> Result<Manifest> {
        let key = manifest_key(digest);
        let Some((packed, _)) = self.store.read(&key).await? else {
            return Err(Unusable::Gone.error("manifest", digest));
        };
        let read = move |digest: String| Manifest::unpack(&packed, &digest);
        let name = digest.to_string();
        // Rayon does the work, so it must not run on a thread of the network.
        let manifest = tokio::task::spawn_blocking(move || read(name))
            .await
            .expect("reading a manifest doesn't panic");
        let manifest = manifest.map_err(|why| why.error("manifest", digest))?;
        note_release(&manifest);
        Ok(manifest)
    }

    /// Reads the manifests of these releases, each once and a few at a time, since each may have
    /// 100,000 objects.
    ///
    /// # Errors
    /// Returns the errors of [`State::manifest`].
    pub(in crate::release) async fn each_manifest(
        &self,
        releases: &[Release],
        mut take: impl FnMut(&Manifest),
    ) -> Result<()> {
        let digests: BTreeSet<&str> = releases.iter().map(|r| r.manifest.as_str()).collect();
        let mut manifests = stream::iter(digests)
            .map(|digest| self.manifest(digest))
            .buffer_unordered(self.requests.min(MANIFESTS_AT_ONCE));
        while let Some(manifest) = manifests.next().await {
            take(&manifest?);
        }
        Ok(())
    }

    pub(in crate::release) async fn keep_release(&self, release: &Release) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(&ReleaseDocument::of(release)).expect("strings are JSON");
        self.keep(&release_key(&release.id), json.into()).await
    }

    /// Reads the document of a release.
    ///
    /// # Errors
    /// Returns an error if it is missing, damaged, or of another version.
    pub async fn release(&self, id: &ReleaseId) -> Result<Release> {
        match self.store.read(&release_key(id)).await? {
            None => Err(Unusable::Gone.error("release", &id.0)),
            Some((json, _)) => {
                ReleaseDocument::parse(&json).map_err(|why| why.error("release", &id.0))
            }
        }
    }

    /// Reads the retained releases, the newest first.
    ///
    /// # Errors
    /// Returns an error if one of them can't be read.
    pub async fn retained(&self, root: &Root) -> Result<Vec<Release>> {
        let Some(newest) = &root.newest else {
            return Ok(Vec::new());
        };
        // The usual few are read one after the other. If there are more, all are read at once.
        let mut chain = Vec::new();
        let mut next = Some(newest.clone());
        let mut all = None;
        while let Some(id) = next {
            let release = match (&mut all, chain.len()) {
                (None, 0..4) => self.release(&id).await,
                (None, _) => take(all.insert(self.all_releases().await?), &id),
                (Some(all), _) => take(all, &id),
            }?;
            next = release
                .previous
                .clone()
                .filter(|_| root.oldest.as_ref() != Some(&id));
            chain.push(release);
        }
        Ok(chain)
    }

    /// Reads all releases. One that isn't needed may be damaged, or deleted at this moment.
    async fn all_releases(&self) -> Result<HashMap<ReleaseId, Result<Release>>> {
        let listing = self.store.below(RELEASES).list().await?;
        let ids = listing
            .into_keys()
            .filter_map(|key| ReleaseId::try_from(key.strip_suffix(".json")?.to_string()).ok());
        let reads = ids.map(|id| async move { (id.clone(), self.release(&id).await) });
        let reads = stream::iter(reads).buffer_unordered(self.requests);
        Ok(reads.collect().await)
    }

    /// Stores the future content of a mutable name. The same content, gzipped differently or not at
    /// all, is accepted.
    pub(in crate::release) async fn keep_plain(&self, object: &Object, bytes: Bytes) -> Result<()> {
        let key = plain_key(object.token);
        match self.create(&key, bytes).await? {
            Some(there) if content_of(&there, &object.digest, object.size_bytes).is_none() => {
                Err(taken(&key))
            }
            _ => Ok(()),
        }
    }

    /// Returns the content of a mutable name as it was stored; none if it was too large to be kept.
    pub(in crate::release) async fn plain(&self, token: Token) -> Result<Option<Bytes>> {
        Ok(self
            .store
            .read(&plain_key(token))
            .await?
            .map(|(bytes, _)| bytes))
    }

    /// Lists all documents except the root.
    pub(in crate::release) async fn documents(&self) -> Result<Listing> {
        let mut listing = self.store.list().await?;
        listing.remove(ROOT);
        Ok(listing)
    }

    /// Stores a document for [`State::packed`]. Refuses one that is too large to be read.
    pub(in crate::release) async fn keep_packed(&self, key: &str, text: &[u8]) -> Result<()> {
        if text.len() > DOCUMENT_BYTES_MAX {
            let message = format!("Cannot write {}: {TOO_LARGE}", called(key));
            return Err(StoreError::new(StoreErrorKind::Other, message).into());
        }
        self.keep(key, pack(text)).await
    }

    pub(in crate::release) async fn packed(&self, key: &str) -> Result<Vec<u8>> {
        match self.store.read(key).await? {
            None => Err(Unusable::Gone.error("document", key)),
            Some((packed, _)) => unpack(&packed)
                .map(|blocks| blocks.concat().into_bytes())
                .map_err(|why| why.error("document", key)),
        }
    }
}

fn taken(key: &str) -> Error {
    let message = format!(
        "Cannot write {}: it already exists with other content",
        called(key)
    );
    StoreError::new(StoreErrorKind::Other, message)
        .hint("it's damaged, or something else wrote it. Move it elsewhere, then try again")
        .into()
}

fn manifest_key(digest: &str) -> String {
    format!("manifests/{digest}.json.gz")
}

fn release_key(id: &ReleaseId) -> String {
    format!("{RELEASES}{id}.json")
}

fn plain_key(token: Token) -> String {
    format!("plain/{token}")
}

/// Takes the result for `id`. Each can be taken once, so a chain of releases that loops back ends.
fn take(all: &mut HashMap<ReleaseId, Result<Release>>, id: &ReleaseId) -> Result<Release> {
    all.remove(id)
        .unwrap_or_else(|| Err(Unusable::Gone.error("release", &id.0)))
}

/// Release as a document.
#[derive(serde::Serialize, serde::Deserialize)]
struct ReleaseDocument {
    format: String,
    version: u32,
    #[serde(flatten)]
    release: Release,
}

impl ReleaseDocument {
    const FORMAT: &str = "assetsync release";

    fn of(release: &Release) -> ReleaseDocument {
        ReleaseDocument {
            format: ReleaseDocument::FORMAT.to_string(),
            version: root::VERSION,
            release: release.clone(),
        }
    }

    fn parse(json: &[u8]) -> Result<Release, Unusable> {
        root::check_format(json, ReleaseDocument::FORMAT, root::VERSION)?;
        let document: ReleaseDocument = serde_json::from_slice(json).map_err(Unusable::damaged)?;
        Ok(document.release)
    }
}

/// Notes the files of a release, so that output can hide them.
fn note_release(manifest: &Manifest) {
    let entries = manifest.entries.iter();
    hidden::note_former(entries.map(|entry| {
        (
            manifest.level_of(entry),
            &*entry.path,
            Some(entry.key.as_str()),
        )
    }));
}

#[cfg(test)]
mod tests;
