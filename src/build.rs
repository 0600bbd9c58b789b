//! From a [`Tree`] to a [`Build`]: reads and hashes every file, in parallel, and names it. The whole
//! build is known before anything is sent.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::encode::read_full;
use crate::error::{Error, Problem, Result, plain};
use crate::media;
use crate::name::{EncodingPolicy, Headers, KeyId, Secret, Token, object_key, token};
use crate::path::{LogicalPath, ObjectKey};
use crate::progress::Progress;
use crate::rules::Policy;
use crate::secrets::Scanner;
use crate::tree::{Asset, Tree};

/// What a worker reads at a time, in bytes: small enough for the cache, large enough for few calls.
const READ_BYTES: usize = 256 << 10;

/// An asset with its name: all that is needed to publish it, but for its bytes.
#[derive(Debug, Clone)]
pub struct Object {
    /// Where it stands in the tree.
    pub path: LogicalPath,
    /// Where its bytes are.
    pub file: PathBuf,
    /// How many, before gzip.
    pub size_bytes: u64,
    /// blake3 of them.
    pub digest: blake3::Hash,
    /// What its name commits to.
    pub token: Token,
    /// Its name in a target.
    pub key: ObjectKey,
    /// What the rules say about it.
    pub policy: Arc<Policy>,
    /// Whether gzip is allowed and the first bytes don't rule it out.
    pub try_gzip: bool,
}

impl Object {
    /// Whether the key stays when the content changes.
    pub fn is_mutable(&self) -> bool {
        self.policy.names.is_mutable()
    }

    /// What it's served with.
    pub fn headers(&self) -> &Headers {
        &self.policy.headers
    }
}

/// Everything that should be in a target, sorted by logical path.
#[derive(Debug, Clone)]
pub struct Build {
    /// The objects.
    pub objects: Vec<Object>,
    /// Which secret named them.
    pub key_id: KeyId,
}

impl Build {
    /// The size of all files, in bytes, before gzip.
    pub fn size_bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.size_bytes).sum()
    }

    /// The object of a logical path.
    pub fn find(&self, path: &str) -> Option<&Object> {
        let found = self
            .objects
            .binary_search_by(|object| object.path.as_str().cmp(path));
        found.ok().map(|index| &self.objects[index])
    }
}

/// Hashes and names everything in `tree`. `progress` counts what is read, and can stop the work.
///
/// # Errors
/// [`Error::Tree`] lists the tree's problems and what reading added: unreadable files, private keys in
/// content, names that collide. [`Error::Interrupted`] if `progress` was stopped.
pub fn build(tree: &Tree, secret: &Secret, progress: &Progress) -> Result<Build> {
    let outcomes: Vec<Result<Object, Problem>> = tree
        .assets
        .par_iter()
        .map_init(Reader::new, |reader, asset| {
            let object = reader.object(asset, secret, progress)?;
            progress.read(object.size_bytes);
            Ok(object)
        })
        .collect();
    if progress.is_stopped() {
        return Err(Error::Interrupted);
    }
    let mut problems = tree.problems.clone();
    let mut objects = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        match outcome {
            Ok(object) => objects.push(object),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(find_collisions(&objects));
    if !problems.is_empty() {
        problems.sort();
        return Err(Error::Tree(problems));
    }
    Ok(Build {
        objects,
        key_id: secret.id(),
    })
}

/// A worker's buffer.
struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    fn new() -> Reader {
        Reader {
            buffer: vec![0; READ_BYTES],
        }
    }

    fn object(
        &mut self,
        asset: &Asset,
        secret: &Secret,
        progress: &Progress,
    ) -> Result<Object, Problem> {
        let content = self
            .read(&asset.file, secret, progress)
            .map_err(|e| Problem::new(&asset.path, format!("can't be read: {}", plain(&e))))?;
        if content.is_own_key {
            return Err(Problem::new(
                &asset.path,
                "holds this project's own key, which is never published",
            ));
        }
        if let (Some(found), false) = (content.secret, asset.policy.may_be_secret) {
            return Err(Problem::new(
                &asset.path,
                format!(
                    "holds {found}; a rule for this file with `publish = true` or `publish = false` decides"
                ),
            ));
        }
        let policy = &asset.policy;
        let token = token(secret, &asset.path, &content.digest, &policy.headers);
        let key = object_key(
            policy.names,
            secret,
            &asset.path,
            policy.key_extension.as_deref(),
            token,
        )
        .map_err(|why| Problem::new(&asset.path, why.to_string()))?;
        Ok(Object {
            path: asset.path.clone(),
            file: asset.file.clone(),
            size_bytes: content.size_bytes,
            digest: content.digest,
            token,
            key,
            try_gzip: policy.headers.encoding == EncodingPolicy::Gzip
                && content.size_bytes > 0
                && !content.is_compressed,
            policy: Arc::clone(policy),
        })
    }

    fn read(&mut self, path: &Path, secret: &Secret, progress: &Progress) -> io::Result<Content> {
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        let mut scanner = Scanner::new(secret);
        let mut content = Content {
            digest: hasher.finalize(),
            size_bytes: 0,
            is_compressed: false,
            is_own_key: false,
            secret: None,
        };
        loop {
            let n = read_full(&mut file, &mut self.buffer)?;
            let chunk = &self.buffer[..n];
            if content.size_bytes == 0 {
                content.is_compressed = media::is_compressed(chunk);
            }
            hasher.update(chunk);
            scanner.scan(chunk);
            content.size_bytes += n as u64;
            if n < self.buffer.len() || progress.is_stopped() {
                break;
            }
        }
        content.digest = hasher.finalize();
        content.is_own_key = scanner.found_own_key();
        content.secret = scanner.found();
        Ok(content)
    }
}

struct Content {
    digest: blake3::Hash,
    size_bytes: u64,
    is_compressed: bool,
    is_own_key: bool,
    secret: Option<&'static str>,
}

/// Plain names of one file can be the name another gets by its style.
fn find_collisions(objects: &[Object]) -> Vec<Problem> {
    let mut seen: HashMap<&ObjectKey, &Object> = HashMap::with_capacity(objects.len());
    let mut problems = Vec::new();
    for object in objects {
        // Two sources with one path are told of already.
        if let Some(other) = seen
            .insert(&object.key, object)
            .filter(|other| other.path != object.path)
        {
            problems.push(Problem::new(
                &object.path,
                format!("gets the same object key as `{}`", other.path),
            ));
        }
    }
    problems
}
