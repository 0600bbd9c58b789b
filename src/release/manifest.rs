//! Manifest of a release: every object with its name, headers and size.

mod text;

use std::collections::{BTreeSet, HashMap};

use super::root::Changes;
use crate::base::name::{Headers, NameStyle, Token};
use crate::base::path::ObjectKey;
use crate::naming::{Build, Object};
use crate::store::{Stored, Version, token_in_name};

pub use self::text::VERSION;

/// Manifest with all objects of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Id of the secret that made the names.
    pub key_id: String,
    /// Combinations of headers, each once.
    pub headers: Vec<Headers>,
    /// Names of the levels.
    pub levels: Vec<String>,
    /// Objects, sorted by path.
    pub entries: Vec<Entry>,
}

/// Object of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Logical path.
    pub path: Box<str>,
    /// Key below the target's URL, not percent-encoded.
    pub key: ObjectKey,
    /// Token that commits to the content and the headers.
    pub token: Token,
    /// True if the key is the path and its content never changes (`names = "fingerprinted"`).
    pub is_fingerprinted: bool,
    /// Size of the content, in bytes.
    pub size_bytes: u64,
    /// blake3 of the content.
    pub digest: blake3::Hash,
    /// Index in [`Manifest::headers`].
    pub headers: u32,
    /// Index in [`Manifest::levels`].
    pub level: u32,
    /// Object in the target; none while its level is held.
    pub stored: Option<StoredAs>,
}

/// Stored form of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAs {
    /// Size after gzip, in bytes.
    pub size_bytes: u64,
    /// Fingerprint as in [`Stored::fingerprint`]; empty if it isn't known.
    pub fingerprint: Box<str>,
}

impl Entry {
    fn new(object: &Object, stored: Option<&Stored>, headers: u32, level: u32) -> Entry {
        Entry {
            path: object.path.as_str().into(),
            key: object.key.clone(),
            token: object.token,
            is_fingerprinted: object.policy.names == NameStyle::Fingerprinted,
            size_bytes: object.size_bytes,
            digest: object.digest,
            headers,
            level,
            stored: stored.map(|stored| StoredAs {
                size_bytes: stored.size_bytes,
                fingerprint: stored.fingerprint.as_str().into(),
            }),
        }
    }

    /// Returns whether the key stays the same when the content changes.
    pub fn is_mutable(&self) -> bool {
        !self.is_fingerprinted && !self.is_keyed()
    }

    /// Returns whether the key contains the token.
    pub fn is_keyed(&self) -> bool {
        token_in_name(self.key.as_str()) == Some(self.token)
    }

    /// Returns whether the object is stored with gzip. It is, if that makes it smaller.
    pub fn is_gzipped(&self) -> bool {
        self.stored
            .as_ref()
            .is_some_and(|stored| stored.size_bytes != self.size_bytes)
    }
}

impl Manifest {
    /// Creates the manifest of `build`. `stored` has the objects in the target, by key.
    pub fn new(build: &Build, stored: &HashMap<ObjectKey, Stored>) -> Manifest {
        let mut headers = Vec::new();
        let mut places: HashMap<&Headers, u32> = HashMap::new();
        let mut entries = Vec::with_capacity(build.objects.len());
        for object in &build.objects {
            let place = *places.entry(object.headers()).or_insert_with(|| {
                headers.push(object.headers().clone());
                headers.len() as u32 - 1
            });
            let stored = stored.get(&object.key).filter(|_| !object.is_held);
            let level = build.levels.index(object.policy.level) as u32;
            entries.push(Entry::new(object, stored, place, level));
        }
        Manifest {
            key_id: build.key_id.to_string(),
            headers,
            levels: build.levels.names().map(str::to_string).collect(),
            entries,
        }
    }

    /// Returns the published entries: all except held ones.
    pub fn published(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.stored.is_some())
    }

    /// Returns the names of the levels with published entries.
    pub fn published_levels(&self) -> BTreeSet<&str> {
        self.published().map(|entry| self.level_of(entry)).collect()
    }

    /// Returns the name of the level of an entry.
    pub fn level_of(&self, entry: &Entry) -> &str {
        &self.levels[entry.level as usize]
    }

    /// Returns the headers of an entry.
    pub fn headers_of(&self, entry: &Entry) -> &Headers {
        &self.headers[entry.headers as usize]
    }

    /// Returns the listing of the published objects that is expected if nothing has changed, by
    /// key.
    pub fn listing(&self) -> HashMap<String, Stored> {
        let stored = |entry: &Entry| {
            let stored = entry.stored.as_ref()?;
            let told = Stored {
                size_bytes: stored.size_bytes,
                token: Some(entry.token),
                token_is_known: true,
                version: Version::default(),
                fingerprint: stored.fingerprint.to_string(),
                modified: None,
            };
            Some((entry.key.to_string(), told))
        };
        let mut listing = HashMap::with_capacity(self.entries.len());
        listing.extend(self.entries.iter().filter_map(stored));
        listing
    }

    /// Returns the manifest with only the entries of these levels.
    ///
    /// # Errors
    /// Returns the first name that no level has.
    pub fn of_levels(mut self, names: &[String]) -> Result<Manifest, String> {
        if let Some(unknown) = names.iter().find(|name| !self.levels.contains(*name)) {
            return Err(unknown.clone());
        }
        let levels = &self.levels;
        self.entries
            .retain(|entry| names.is_empty() || names.contains(&levels[entry.level as usize]));
        Ok(self)
    }

    /// Returns the entry of a logical path.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let found = self
            .entries
            .binary_search_by(|entry| (*entry.path).cmp(path));
        found.ok().map(|at| &self.entries[at])
    }

    /// Counts the changes of published files since the previous release.
    pub fn changes(&self, before: Option<&Manifest>) -> Changes {
        let Some(before) = before else {
            return Changes {
                added: self.published().count() as u64,
                ..Changes::default()
            };
        };
        let mut changes = Changes::default();
        let old: HashMap<&str, Token> = before.published().map(|e| (&*e.path, e.token)).collect();
        let mut still = 0;
        for entry in self.published() {
            match old.get(&*entry.path) {
                None => changes.added += 1,
                Some(token) => {
                    still += 1;
                    changes.changed += u64::from(*token != entry.token);
                }
            }
        }
        changes.removed = old.len() as u64 - still;
        changes
    }

    /// Returns whether a release of `build` would be the same in every respect.
    pub fn is_of(&self, build: &Build) -> bool {
        let same = |(entry, object): (&Entry, &Object)| {
            *entry.path == *object.path.as_str()
                && entry.key == object.key
                && entry.is_fingerprinted == (object.policy.names == NameStyle::Fingerprinted)
                && entry.token == object.token
                && entry.stored.is_some() != object.is_held
                && self.levels[entry.level as usize] == build.levels.name(object.policy.level)
        };
        self.key_id == build.key_id.to_string()
            && self.entries.len() == build.objects.len()
            && self.entries.iter().zip(&build.objects).all(same)
    }
}
