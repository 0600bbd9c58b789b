//! Results of earlier runs for the files of a tree: their content, and the files with their
//! references rewritten.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::read::Draft;
use crate::base::name::Secret;
use crate::cache::{Cache, Key, Session, Stat, key};
use crate::refs::edit::Edits;
use crate::rules::Policy;
use crate::tree::{Asset, Tree};

/// Entries for each file: its draft, and its edited content, twice where it's in a circle. And as
/// many of files that are gone.
const ENTRIES_PER_FILE: u64 = 6;
const ENTRIES_SPARE: u64 = 10_000;

/// A file as it will be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub digest: blake3::Hash,
    pub size_bytes: u64,
}

/// Version of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    Published = 1,
    /// With what stands for names that aren't known yet.
    InCircle = 2,
}

/// The cache, as a build uses it.
pub(super) struct Memo<'a> {
    pub cache: &'a Cache,
    pub session: Session<'a>,
    /// Part of all keys. It depends on the program, since another one may find something else, on
    /// the secret, which is searched for, and on the place where paths start.
    pub origin: blake3::Hash,
    policies: HashMap<usize, Hashes>,
}

/// Parts of keys that don't depend on the file.
pub(super) struct Hashes {
    /// Of what is found in it.
    draft: blake3::Hash,
    /// Of what becomes of it.
    pub whole: blake3::Hash,
}

impl<'a> Memo<'a> {
    pub(super) fn new(cache: &'a Cache, tree: &Tree, secret: &Secret) -> Memo<'a> {
        let session = cache.session();
        let origin = origin(secret);
        let mut policies = HashMap::new();
        if session.is_on() {
            for asset in &tree.assets {
                policies
                    .entry(address(&asset.policy))
                    .or_insert_with(|| Hashes::of(&asset.policy, &origin));
            }
        }
        Memo {
            cache,
            session,
            origin,
            policies,
        }
    }

    fn key(&self, kind: &[u8], asset: &Asset) -> Option<Key> {
        Some(key([
            kind,
            asset.file.as_os_str().as_encoded_bytes(),
            asset.path.as_str().as_bytes(),
            self.hashes(&asset.policy)?.draft.as_bytes(),
        ]))
    }

    /// None if nothing is remembered.
    pub(super) fn hashes(&self, policy: &Arc<Policy>) -> Option<&Hashes> {
        self.policies.get(&address(policy))
    }

    /// Returns the draft of a file. Calls `read` if it isn't known.
    pub(super) fn draft(&self, asset: &Asset, read: impl FnOnce() -> Draft) -> Draft {
        let key = self.key(b"draft", asset);
        let Some((key, stat)) = key.zip(Stat::of(&asset.file)) else {
            return read();
        };
        if let Some((known, draft)) = self.session.get::<(Stat, Draft)>(&key)
            && known == stat
        {
            self.cache.note_known(1);
            return draft;
        }
        let read_at = SystemTime::now();
        let draft = read();
        let is_same = || Stat::of(&asset.file) == Some(stat);
        if draft.problems.is_empty() && stat.is_settled(read_at) && is_same() {
            self.session.put(key, &(stat, &draft));
        }
        draft
    }

    /// Returns the content of a file after `edits` to `draft`. Calls `read` if it isn't known.
    pub(super) fn edited<E>(
        &self,
        asset: &Asset,
        edition: Edition,
        draft: &Draft,
        edits: &Edits,
        read: impl FnOnce() -> Result<Content, E>,
    ) -> Result<Content, E> {
        let Some(key) = self.key(&[edition as u8], asset) else {
            return read();
        };
        let of = (draft.digest, edits.digest());
        if let Some((known, content)) = self
            .session
            .get::<((blake3::Hash, blake3::Hash), Content)>(&key)
            && known == of
        {
            return Ok(content);
        }
        let content = read()?;
        self.session.put(key, &(of, content));
        Ok(content)
    }

    /// Writes down what this run found out.
    pub(super) fn finish(self, tree: &Tree) {
        let entries_max = tree.assets.len() as u64 * ENTRIES_PER_FILE + ENTRIES_SPARE;
        self.session.finish(entries_max);
    }
}

fn address(policy: &Arc<Policy>) -> usize {
    Arc::as_ptr(policy).addr()
}

fn origin(secret: &Secret) -> blake3::Hash {
    let folder = std::env::current_dir().ok();
    let former = secret
        .former()
        .iter()
        .map(|former| blake3::hash(&former.bytes));
    let former: Vec<blake3::Hash> = former.collect();
    blake3::hash(format!("{} {} {folder:?} {former:?}", program(), secret.id()).as_bytes())
}

impl Hashes {
    fn of(policy: &Policy, origin: &blake3::Hash) -> Hashes {
        let hash = |text: String| blake3::hash(format!("{origin} {text}").as_bytes());
        Hashes {
            draft: hash(relevant(policy)),
            whole: hash(format!("{policy:?}")),
        }
    }
}

/// Returns the parts of a policy that decide what is searched for in a file.
fn relevant(policy: &Policy) -> String {
    let Policy {
        may_be_secret,
        is_type_meant,
        type_by,
        is_encoding_asked,
        headers,
        rewrite,
        references,
        source_maps,
        metadata,
        comments,
        // These decide what is done with the findings.
        publish: _,
        names: _,
        under: _,
        is_name_asked: _,
        key_extension: _,
        type_is_guess: _,
        level: _,
        urls: _,
        dangling: _,
        may_name: _,
    } = policy;
    format!(
        "{may_be_secret} {is_type_meant} {type_by:?} {is_encoding_asked} {:?} {:?} {rewrite} {references:?} {source_maps:?} {metadata:?} {comments:?}",
        headers.content_type,
        headers.coding()
    )
}

/// Identifies this program by its version and the file that it was started from.
fn program() -> String {
    let stat = std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(|file: &Path| Stat::of(file));
    format!("{} {stat:?}", env!("CARGO_PKG_VERSION"))
}
