//! Removal of files from a target at once, also while it is live: only the files that the user
//! names.
//!
//! The change of the root that announces the deletion also makes the release without these files
//! the current one ([`Root::take_down`]). Then each object is deleted in exactly the version that
//! was seen, as in a prune.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::guard;
use super::manifest::{Entry, Manifest};
use super::prune::{self, Deletion, Garbage};
use super::rollback::nothing_published;
use super::root::{Changes, Refusal, Release, ReleaseId, Root, Seen, TAKEN_DOWN_MAX, Takedown};
use super::state::{Changed, State};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::likeness::nearest;
use crate::base::path::{LogicalPath, ObjectKey};
use crate::base::refusal::Guard;
use crate::base::text::escape;
use crate::levels::{LevelId, Levels};
use crate::store::{Store, StoreError, StoreErrorKind, Stored};

const TAKE_DOWN_AGAIN: &str = "run the takedown again to plan it with the current state";

/// Request for a takedown.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Logical paths, folders with a slash at the end, or names of objects in the target.
    pub names: Vec<String>,
    /// Levels whose files are all taken down.
    pub levels: BTreeSet<LevelId>,
    /// True if only objects that the current release doesn't publish are taken down. Paths aren't
    /// kept out then.
    pub only_stale: bool,
    /// Reason, for people.
    pub why: Option<String>,
}

/// Plan of a takedown: what it will do.
#[derive(Debug, Clone)]
pub struct Removal {
    /// Number of objects of each file that are deleted, by logical path, including those of earlier
    /// releases.
    pub files: BTreeMap<String, u64>,
    /// Files of the current release that the next one is without.
    pub published: BTreeSet<String>,
    /// Paths that no push publishes again without permission: all of them, except files of held
    /// levels, which will be unlocked some time.
    pub kept_out: BTreeSet<String>,
    objects: Vec<Garbage>,
    why: Option<String>,
    /// Manifest of the current release without these files.
    manifest: Option<Manifest>,
    current: Release,
    seen: Seen,
}

/// Outcome of a takedown.
#[derive(Debug, Clone)]
pub struct TakenDown {
    /// Number of deleted objects.
    pub deleted: u64,
    /// Release without the files; none if the current one had none of them.
    pub release: Option<Release>,
}

impl Removal {
    /// Returns the number of objects that are deleted.
    pub fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Returns the names of these objects in the target.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().map(|garbage| garbage.key.as_str())
    }

    /// Returns the takedown for the root, with the document `sweep`.
    fn takedown(&self, sweep: &str) -> Takedown {
        let files = self.files.keys();
        let others = files.filter(|path| !self.kept_out.contains(*path));
        Takedown {
            why: self.why.clone(),
            blocked: self.kept_out.clone(),
            others: others.cloned().collect(),
            ..takedown(sweep.to_string())
        }
    }
}

/// Finds all objects of the named files, in every retained release. Changes nothing.
///
/// # Errors
/// Returns [`Error::Usage`] if a name matches nothing. Returns [`Error::Refused`] if an object
/// isn't assetsync's, or if something is being deleted or written.
pub async fn plan(
    store: &Arc<dyn Store>,
    state: &State,
    selection: &Selection,
    levels: &Levels,
    requests: usize,
) -> Result<Removal> {
    let root = state.root().await?.map(|held| held.root);
    let (root, current) = root
        .and_then(|root| Some((root.clone(), root.current?)))
        .ok_or_else(nothing_published)?;
    let seen = Root::seen(Some(&root));
    // The swap will check the same. This check comes before any wait.
    root.take_down(&seen, None, takedown(String::new()), &state.stamp())
        .map_err(|refusal| guard::refused_again(refusal, Some(&root), TAKE_DOWN_AGAIN))?;
    let now = state.manifest(&current.manifest).await?;
    let mut search = Search::new(selection, levels);
    let retained = state.retained(&root).await?;
    state
        .each_manifest(&retained, |manifest| search.look(manifest))
        .await?;
    let published: BTreeSet<String> = now
        .published()
        .filter(|entry| !selection.only_stale && search.is_to_go(entry))
        .map(|entry| entry.path.to_string())
        .collect();
    let kept_out = search.kept_out(&published);
    let rest = without(now, &published);
    search.leave(&rest);
    search.check_folders()?;
    let candidates = search.candidates();
    let (found, objects) = look(store, candidates, requests).await?;
    search.check(&found, &published)?;
    let files = published
        .iter()
        .chain(found.keys())
        .collect::<BTreeSet<_>>();
    check_number(files.len())?;
    Ok(Removal {
        files: found,
        kept_out,
        manifest: (!published.is_empty()).then_some(rest),
        published,
        objects,
        why: selection.why.clone(),
        current,
        seen,
    })
}

fn check_number(files: usize) -> Result<()> {
    if files > TAKEN_DOWN_MAX {
        Err(Error::usage(
            format!("A takedown is limited to {TAKEN_DOWN_MAX} files, but this one has {files}"),
            "take them down folder by folder, such as `puzzle/gears/`, one takedown after another",
        ))
    } else {
        Ok(())
    }
}

/// Executes the plan. Deletes the objects of the plan in the versions that were seen.
///
/// # Errors
/// Returns [`Error::LostRace`] or [`Error::Refused`] if something else was changed in the meantime;
/// nothing was taken down. After any other error, the takedown isn't finished: [`prune::finish`]
/// finishes it, and nothing can be published before.
pub async fn take_down(
    store: &Arc<dyn Store>,
    state: &State,
    removal: &Removal,
    requests: usize,
) -> Result<TakenDown> {
    prune::check_permission(store, state).await?;
    let release = match &removal.manifest {
        Some(manifest) => Some(keep_release(state, removal, manifest).await?),
        None => None,
    };
    let sweep = prune::keep_plan(state, &removal.objects, removal.seen.epoch).await?;
    let takedown = removal.takedown(&sweep);
    let change = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.take_down(&removal.seen, release.clone(), takedown.clone(), stamp),
        None => Err(Refusal::LostRace),
    };
    match state.change(change).await? {
        Changed::Done(_) => {
            let delete = prune::carry_out(store, state, &sweep, Deletion::Takedown, requests);
            let deleted = delete.await?;
            check_gone(store, removal, requests).await?;
            Ok(TakenDown { deleted, release })
        }
        Changed::Refused(refusal, root) => Err(guard::refused_again(
            refusal,
            root.as_ref(),
            TAKE_DOWN_AGAIN,
        )),
    }
}

/// Checks that no deleted object can still be fetched: a leak isn't stopped by a storage that only
/// claims to delete.
///
/// # Errors
/// Returns an error with the objects that are still there.
async fn check_gone(store: &Arc<dyn Store>, removal: &Removal, requests: usize) -> Result<()> {
    let keys = removal.objects.iter().map(|garbage| &garbage.key);
    let keys = keys.filter_map(|key| ObjectKey::parse(key).ok());
    let looks = keys.map(|key| async move {
        let there = store.head(&key).await?;
        Ok::<_, Error>(there.map(|_| key))
    });
    let there = stream::iter(looks).buffered(requests);
    let there: Vec<Option<ObjectKey>> = there.try_collect().await?;
    match there.into_iter().flatten().next() {
        None => Ok(()),
        Some(key) => {
            let message = format!(
                "`{}` still exists after it was deleted",
                escape(key.as_str())
            );
            let hint =
                "something else may have written it again: stop that, then take it down again";
            Err(StoreError::new(StoreErrorKind::Other, message)
                .hint(hint)
                .into())
        }
    }
}

fn takedown(sweep: String) -> Takedown {
    Takedown {
        at: jiff::Timestamp::UNIX_EPOCH,
        actor: String::new(),
        why: None,
        sweep,
        blocked: BTreeSet::new(),
        others: BTreeSet::new(),
    }
}

/// Writes the release with `manifest`, made from the current one.
async fn keep_release(state: &State, removal: &Removal, manifest: &Manifest) -> Result<Release> {
    let digest = state.keep_manifest(manifest).await?;
    let removed = removal.published.len() as u64;
    let current = &removal.current;
    let release = Release {
        changes: Changes {
            removed,
            ..Changes::default()
        },
        ..derived(state, current, current, &removal.seen, manifest, digest)
    };
    state.keep_release(&release).await?;
    Ok(release)
}

/// Returns the release with `manifest`, which is a part of `of`, to be published after `current`.
pub(super) fn derived(
    state: &State,
    of: &Release,
    current: &Release,
    seen: &Seen,
    manifest: &Manifest,
    digest: String,
) -> Release {
    let stamp = state.stamp();
    Release {
        id: ReleaseId::after(seen.newest.as_ref(), stamp.at, &stamp.nonce),
        parent: Some(current.id.clone()),
        previous: seen.newest.clone(),
        manifest: digest,
        at: stamp.at,
        actor: stamp.actor,
        files: manifest.published().count() as u64,
        bytes: manifest.published().map(|entry| entry.size_bytes).sum(),
        ..of.clone()
    }
}

/// Returns the manifest without its published entries under these paths.
pub(super) fn without(mut manifest: Manifest, paths: &BTreeSet<String>) -> Manifest {
    let goes = |entry: &Entry| entry.stored.is_some() && paths.contains(&*entry.path);
    manifest.entries.retain(|entry| !goes(entry));
    manifest
}

/// Search for the named files in manifests.
struct Search<'a> {
    selection: &'a Selection,
    levels: &'a Levels,
    /// Objects of each wanted file.
    wanted: BTreeMap<Box<str>, BTreeSet<ObjectKey>>,
    /// All other paths, to suggest one for a mistyped name.
    others: BTreeSet<Box<str>>,
    named: HashSet<&'a str>,
}

impl<'a> Search<'a> {
    fn new(selection: &'a Selection, levels: &'a Levels) -> Search<'a> {
        Search {
            selection,
            levels,
            wanted: BTreeMap::new(),
            others: BTreeSet::new(),
            named: HashSet::new(),
        }
    }

    fn look(&mut self, manifest: &Manifest) {
        for entry in &manifest.entries {
            if self.is_wanted(manifest, entry) {
                let keys = self.wanted.entry(entry.path.clone()).or_default();
                keys.insert(entry.key.clone());
            } else {
                self.others.insert(entry.path.clone());
            }
        }
    }

    fn is_wanted(&mut self, manifest: &Manifest, entry: &Entry) -> bool {
        let mut is_wanted = self.is_of_level(manifest, entry);
        for name in &self.selection.names {
            if is_name_of(name, entry) {
                self.named.insert(name);
                is_wanted = true;
            }
        }
        is_wanted
    }

    /// Returns whether a file is in one of the wanted levels, according to its release or to the
    /// current configuration.
    fn is_of_level(&self, manifest: &Manifest, entry: &Entry) -> bool {
        let wanted = &self.selection.levels;
        if wanted.is_empty() {
            return false;
        }
        let then = manifest.level_of(entry);
        let is_then = wanted.iter().any(|id| self.levels.name(*id) == then);
        let now = LogicalPath::parse(&entry.path).ok();
        is_then || now.is_some_and(|path| wanted.contains(&self.levels.of(&path)))
    }

    /// Returns whether this object is meant. The name of an object of an earlier release doesn't
    /// stand for the file's current object.
    fn is_to_go(&self, entry: &Entry) -> bool {
        let keys = self.wanted.get(&entry.path);
        keys.is_some_and(|keys| keys.contains(&entry.key))
    }

    /// Returns the paths that stay out from now on: published ones, and those that are named by
    /// path and aren't held.
    fn kept_out(&self, published: &BTreeSet<String>) -> BTreeSet<String> {
        let is_named = |path: &str| {
            self.selection
                .names
                .iter()
                .any(|name| is_path_of(name, path))
        };
        let is_held = |path: &str| {
            let path = LogicalPath::parse(path).ok();
            path.is_some_and(|path| self.levels.is_held(self.levels.of(&path)))
        };
        let named = self.wanted.keys().map(|path| path.to_string());
        let is_kept_out = |path: &str| !self.selection.only_stale && is_named(path);
        let named = named.filter(|path| is_kept_out(path) && !is_held(path));
        named.chain(published.iter().cloned()).collect()
    }

    /// Excludes objects that the next release publishes.
    fn leave(&mut self, next: &Manifest) {
        let published: HashSet<&ObjectKey> = next.published().map(|entry| &entry.key).collect();
        for keys in self.wanted.values_mut() {
            keys.retain(|key| !published.contains(key));
        }
    }

    /// Returns the objects that may exist, each with its file. A name that is in no release may be
    /// the name of an object.
    fn candidates(&self) -> Vec<(String, ObjectKey)> {
        let of_releases = self.wanted.iter().flat_map(|(path, keys)| {
            let keys = keys.iter().cloned();
            keys.map(|key| (path.to_string(), key))
        });
        let unknown = self.unknown();
        let others =
            unknown.filter_map(|name| Some((name.to_string(), ObjectKey::parse(name).ok()?)));
        of_releases.chain(others).collect()
    }

    fn unknown(&self) -> impl Iterator<Item = &'a str> {
        let names = self.selection.names.iter().map(String::as_str);
        names.filter(|name| !self.named.contains(name))
    }

    /// Checks that no name stands for a folder without a slash at the end: everything below would
    /// be deleted.
    fn check_folders(&self) -> Result<()> {
        let is_folder = |name: &&str| {
            let folder = format!("{name}/");
            let mut paths = self.others.iter().chain(self.wanted.keys());
            paths.any(|path| path.starts_with(folder.as_str()))
        };
        match self.unknown().find(is_folder) {
            None => Ok(()),
            Some(folder) => Err(Error::usage(
                format!("`{}` is a folder", escape(folder)),
                format!("pass `{}/` to take down everything in it", escape(folder)),
            )),
        }
    }

    /// Checks that each name matches something to delete.
    fn check(&self, found: &BTreeMap<String, u64>, published: &BTreeSet<String>) -> Result<()> {
        if let Some(name) = self.unknown().find(|name| !found.contains_key(*name)) {
            let paths = self.others.iter().chain(self.wanted.keys());
            let near = nearest(name, paths.map(|path| &**path));
            return Err(Error::usage(
                format!("Cannot find `{}` in the target or its releases", escape(name)),
                match near {
                    Some(near) => format!("did you mean `{}`?", escape(near)),
                    None => "give logical paths, such as `puzzle/gears/index.html`; folders end with a slash".to_string(),
                },
            ));
        }
        if found.is_empty() && published.is_empty() {
            return Err(Error::usage(
                "The target has none of these files",
                Hint::from("a cache in front of it may still serve them: ")
                    .then(Verb::Audit)
                    .then(" checks at `public_url`"),
            ));
        }
        Ok(())
    }
}

/// Returns whether `name` stands for this entry.
fn is_name_of(name: &str, entry: &Entry) -> bool {
    is_path_of(name, &entry.path) || entry.key.as_str() == name
}

/// Returns whether `name` is this path, or that of a folder above it.
fn is_path_of(name: &str, path: &str) -> bool {
    path == name || (name.ends_with('/') && path.starts_with(name))
}

/// Checks which of these objects exist. Returns the number of objects of each file, and the objects
/// to delete.
///
/// # Errors
/// Returns an error if one isn't assetsync's.
async fn look(
    store: &Arc<dyn Store>,
    candidates: Vec<(String, ObjectKey)>,
    requests: usize,
) -> Result<(BTreeMap<String, u64>, Vec<Garbage>)> {
    let looks = candidates.into_iter().map(|(path, key)| async move {
        let stored = store.head(&key).await?;
        Ok::<_, Error>((path, key, stored))
    });
    let mut looks = stream::iter(looks).buffered(requests);
    let (mut found, mut objects) = (BTreeMap::new(), Vec::new());
    while let Some((path, key, stored)) = looks.try_next().await? {
        let Some(stored) = stored else {
            continue;
        };
        check_ours(&key, &stored)?;
        *found.entry(path).or_default() += 1;
        objects.push(prune::garbage(key.to_string(), &stored));
    }
    Ok((found, objects))
}

fn check_ours(key: &ObjectKey, stored: &Stored) -> Result<()> {
    if prune::is_ours(key.as_str(), stored) {
        Ok(())
    } else {
        Err(Error::refused(
            Guard::Foreign,
            format!(
                "`{}` isn't as assetsync wrote it: something else created or overwrote it",
                escape(key.as_str())
            ),
            "inspect it and delete it by hand; nothing was taken down",
        ))
    }
}
