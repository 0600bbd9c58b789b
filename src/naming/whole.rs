//! Keeps a whole build of an earlier run. If the tree hasn't changed since, only the times of its
//! files are checked.

use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::memo::Memo;
use super::{Build, Object, Reference};
use crate::base::name::{Headers, Secret, Token};
use crate::base::path::ObjectKey;
use crate::base::problem::Problem;
use crate::cache::{Key, Stat, key};
use crate::refs::edit::Edits;
use crate::rules::Policy;
use crate::tree::{Asset, Tree};

/// Objects are remembered in portions of this size, so that all cores read them.
const PORTION: usize = 500;

/// Place of the data that isn't in a portion.
const REST: usize = usize::MAX;

/// All that a build is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    digest: blake3::Hash,
    /// True if any later change of a file will be noticed.
    pub is_settled: bool,
}

/// Data of an [`Object`] that isn't in the tree.
#[derive(Serialize, Deserialize)]
struct Known {
    key: Box<str>,
    token: Token,
    digest: blake3::Hash,
    size_bytes: u64,
    try_gzip: bool,
    edits: Option<Edits>,
    /// Its headers, if what is in it says them.
    headers: Option<Headers>,
}

/// Data of a [`Build`] that isn't in its objects.
#[derive(Serialize, Deserialize)]
struct Rest {
    references: Vec<Reference>,
    warnings: Vec<Problem>,
    notes: Vec<Problem>,
}

impl Memo<'_> {
    /// None if builds of this tree aren't remembered: names of hidden files are looked for anew
    /// each time, and what is wrong is told of anew.
    pub(super) fn seal(&self, tree: &Tree) -> Option<Seal> {
        let Tree {
            assets,
            units,
            problems,
            skipped,
            left_out,
            // Nothing can refer to these.
            oddly_left_out: _,
            left_behind,
            junk,
            // Reported after the walk.
            warnings: _,
            // The caller leaves these out of what is remembered.
            meant: _,
            levels,
            prefixes,
            defaults,
            public_url,
            error_pages,
            served_at,
        } = tree;
        if !self.session.is_on() || !problems.is_empty() || !levels.is_empty() {
            return None;
        }
        let now = SystemTime::now();
        let portions: Vec<Seal> = assets
            .par_chunks(PORTION)
            .map(|assets| self.seal_portion(assets, now))
            .collect::<Option<_>>()?;
        let mut hasher = blake3::Hasher::new();
        for portion in &portions {
            hasher.update(portion.digest.as_bytes());
        }
        let unpublished = skipped.values().flatten();
        let junk = junk.iter().map(|dropped| &dropped.path);
        for path in unpublished.chain(left_out).chain(left_behind).chain(junk) {
            field(&mut hasher, path.as_str().as_bytes());
        }
        field(
            &mut hasher,
            format!(
                "{prefixes:?} {defaults:?} {public_url:?} {error_pages:?} {served_at:?} {units:?}"
            )
            .as_bytes(),
        );
        Some(Seal {
            digest: hasher.finalize(),
            is_settled: portions.iter().all(|portion| portion.is_settled),
        })
    }

    fn seal_portion(&self, assets: &[Asset], now: SystemTime) -> Option<Seal> {
        let mut hasher = blake3::Hasher::new();
        let mut is_settled = true;
        for asset in assets {
            let Asset {
                path,
                file,
                policy,
                unit,
            } = asset;
            let stat = Stat::of(file)?;
            is_settled &= stat.is_settled(now);
            hasher.update(self.hashes(policy)?.whole.as_bytes());
            field(&mut hasher, path.as_str().as_bytes());
            field(&mut hasher, file.as_os_str().as_encoded_bytes());
            hasher.update(&stat.to_bytes());
            field(&mut hasher, format!("{unit:?}").as_bytes());
        }
        Some(Seal {
            digest: hasher.finalize(),
            is_settled,
        })
    }

    /// The build of `tree`, if the last one that was remembered has the same seal.
    pub(super) fn whole(&self, tree: &Tree, seal: &Seal, secret: &Secret) -> Option<Build> {
        // The first to be read, since it tells whether the others are right.
        let rest: Rest = self.part(tree, REST, seal)?;
        let portions: Vec<Vec<Object>> = tree
            .assets
            .par_chunks(PORTION)
            .enumerate()
            .map(|(at, assets)| {
                let known: Vec<Known> = self.part(tree, at, seal)?;
                let objects = assets.iter().zip(known);
                objects.map(|(asset, known)| known.object(asset)).collect()
            })
            .collect::<Option<_>>()?;
        let objects = portions.into_iter().flatten().collect::<Vec<_>>();
        (objects.len() == tree.assets.len()).then(|| Build {
            objects,
            key_id: secret.id(),
            references: rest.references,
            warnings: rest.warnings,
            of_tree: tree.warnings.clone(),
            notes: rest.notes,
            levels: tree.levels.clone(),
        })
    }

    /// Remembers `build` for as long as `seal` is right.
    pub(super) fn remember(&self, tree: &Tree, seal: &Seal, build: &Build) {
        let portions = build.objects.par_chunks(PORTION).enumerate();
        portions.for_each(|(at, objects)| {
            let assets = tree.assets[at * PORTION..].iter();
            let known = assets
                .zip(objects)
                .map(|(asset, object)| Known::of(asset, object));
            let known: Vec<Known> = known.collect();
            self.put_part(tree, at, seal, &known);
        });
        let rest = Rest {
            references: build.references.clone(),
            warnings: build.warnings.clone(),
            notes: build.notes.clone(),
        };
        self.put_part(tree, REST, seal, &rest);
    }

    fn part<T: DeserializeOwned>(&self, tree: &Tree, at: usize, seal: &Seal) -> Option<T> {
        let key = self.key_of_part(tree, at);
        let (of, part) = self.session.get::<(blake3::Hash, T)>(&key)?;
        (of == seal.digest).then_some(part)
    }

    fn put_part(&self, tree: &Tree, at: usize, seal: &Seal, part: &impl Serialize) {
        let key = self.key_of_part(tree, at);
        self.session.put(key, &(seal.digest, part));
    }

    /// The next build for the same URL takes the place of the last.
    fn key_of_part(&self, tree: &Tree, at: usize) -> Key {
        let url = tree.public_url.as_ref().map_or("", Url::as_str);
        let parts = [self.origin.as_bytes(), url.as_bytes(), &at.to_le_bytes()];
        key([b"whole".as_slice()].into_iter().chain(parts))
    }
}

fn field(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

impl Known {
    fn of(asset: &Asset, object: &Object) -> Known {
        let is_by_rule = Arc::ptr_eq(&asset.policy, &object.policy);
        Known {
            key: object.key.as_str().into(),
            token: object.token,
            digest: object.digest,
            size_bytes: object.size_bytes,
            try_gzip: object.try_gzip,
            edits: object.edits.as_deref().cloned(),
            headers: (!is_by_rule).then(|| object.headers().clone()),
        }
    }

    fn object(self, asset: &Asset) -> Option<Object> {
        let policy = match self.headers {
            None => Arc::clone(&asset.policy),
            Some(headers) => Arc::new(Policy {
                headers: Arc::new(headers),
                ..(*asset.policy).clone()
            }),
        };
        Some(Object {
            path: asset.path.clone(),
            file: asset.file.clone(),
            edits: self.edits.map(Arc::new),
            size_bytes: self.size_bytes,
            digest: self.digest,
            token: self.token,
            key: ObjectKey::parse(&self.key).ok()?,
            policy,
            // There are no levels.
            is_held: false,
            try_gzip: self.try_gzip,
        })
    }
}

#[cfg(test)]
mod tests;
