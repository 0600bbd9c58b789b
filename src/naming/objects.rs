//! Objects: files with their names, and all of a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::name::{Headers, KeyId, Token};
use crate::base::path::{LogicalPath, ObjectKey};
use crate::base::problem::Problem;
use crate::levels::{LevelId, Levels};
use crate::refs::digest::Algorithm;
use crate::refs::edit::Edits;
use crate::rules::Policy;
use crate::store::Upload;

/// An asset with its name: all that is needed to publish it, but for its bytes.
#[derive(Debug, Clone)]
pub struct Object {
    /// Logical path in the tree.
    pub path: LogicalPath,
    /// Path of the file on disk.
    pub file: PathBuf,
    /// Replacements in the content before it is published.
    pub edits: Option<Arc<Edits>>,
    /// Size of the published content in bytes, before gzip.
    pub size_bytes: u64,
    /// blake3 of them, as published, before gzip.
    pub digest: blake3::Hash,
    /// Token in the name, which depends on the content.
    pub token: Token,
    /// Its name in a target.
    pub key: ObjectKey,
    /// Policy of the rules for it.
    pub policy: Arc<Policy>,
    /// True if its level is held: it has a name, but isn't published.
    pub is_held: bool,
    /// True if gzip is allowed and the first bytes don't rule it out.
    pub try_gzip: bool,
}

impl Object {
    /// Checks whether the key stays the same when the content changes.
    pub fn is_mutable(&self) -> bool {
        self.policy.names.is_mutable()
    }

    /// Checks whether the key has a token: then it is hard to guess, and depends on the content.
    pub fn is_keyed(&self) -> bool {
        self.policy.names.is_keyed()
    }

    /// Returns the headers that it is served with.
    pub fn headers(&self) -> &Headers {
        &self.policy.headers
    }

    /// Returns what a storage is told of it.
    pub fn upload(&self) -> Upload {
        Upload {
            key: self.key.clone(),
            headers: Arc::clone(&self.policy.headers),
            token: self.token,
            digest: self.digest,
            is_keyed: self.is_keyed(),
            path: self.path.clone(),
            file: self.file.clone(),
        }
    }
}

/// Everything that should be in a target, sorted by logical path.
#[derive(Debug, Clone)]
pub struct Build {
    /// The objects.
    pub objects: Vec<Object>,
    /// Id of the secret that named them.
    pub key_id: KeyId,
    /// References between files. Sorted.
    pub references: Vec<Reference>,
    /// Worth a word: references that may lead nowhere, documents that couldn't be read.
    pub warnings: Vec<Problem>,
    /// Warnings about the tree itself, which are reported after the walk.
    pub of_tree: Vec<Problem>,
    /// Actions of scripts that can't be followed.
    pub notes: Vec<Problem>,
    /// Levels, which decide who may know what.
    pub levels: Levels,
}

/// A reference from one object to another, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Object that has the reference: its place in [`Build::objects`].
    pub from: u32,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// To which.
    pub to: u32,
    /// The strongest algorithm of the digests beside it.
    pub integrity: Option<Algorithm>,
}

impl Build {
    /// The size of all files, in bytes, before gzip.
    pub fn size_bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.size_bytes).sum()
    }

    /// Returns the objects to publish: all except those that are held.
    pub fn published(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(|object| !object.is_held)
    }

    /// Lets the objects of these levels be published.
    pub fn unlock(&mut self, levels: &BTreeSet<LevelId>) {
        for object in &mut self.objects {
            object.is_held = object.is_held && !levels.contains(&object.policy.level);
        }
    }

    /// Counts the objects that aren't published before their level is unlocked, by the level's
    /// name.
    pub fn held(&self) -> BTreeMap<&str, u64> {
        let mut held = BTreeMap::new();
        for object in self.objects.iter().filter(|object| object.is_held) {
            *held
                .entry(self.levels.name(object.policy.level))
                .or_default() += 1;
        }
        held
    }

    /// The levels that are held in the configuration, and that were unlocked.
    pub fn unlocked(&self) -> BTreeSet<&str> {
        let is_unlocked =
            |object: &&Object| !object.is_held && self.levels.is_held(object.policy.level);
        let unlocked = self.objects.iter().filter(is_unlocked);
        unlocked
            .map(|object| self.levels.name(object.policy.level))
            .collect()
    }

    /// The objects of these levels alone.
    pub fn of_levels(&self, levels: &BTreeSet<LevelId>) -> Build {
        let mut build = self.clone();
        build
            .objects
            .retain(|object| levels.contains(&object.policy.level));
        build
    }

    /// The object of a logical path.
    pub fn find(&self, path: &str) -> Option<&Object> {
        let found = self
            .objects
            .binary_search_by(|object| object.path.as_str().cmp(path));
        found.ok().map(|index| &self.objects[index])
    }
}

/// A keyed address that an earlier release had for a file which is hidden now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The address, in the target.
    pub key: ObjectKey,
    /// The file, as it was called then.
    pub path: LogicalPath,
    /// The level that the file would have now.
    pub level: LevelId,
}
