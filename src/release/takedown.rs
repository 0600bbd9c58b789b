//! Removes files from a target at once, also while it's live: those that somebody names, and nothing else.
//!
//! The release without them becomes the current one by the same change of the root that announces the deletion
//! ([`Root::take_down`]); then each object goes in the very version that was seen, as in a prune.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::guard;
use super::manifest::{Entry, Manifest};
use super::prune::{self, Deletion, Garbage};
use super::rollback::nothing_published;
use super::root::{Changes, Refusal, Release, ReleaseId, Root, Seen, TAKEN_DOWN_MAX, Takedown};
use super::state::{Changed, State};
use crate::error::{Error, Result, escape};
use crate::levels::{LevelId, Levels};
use crate::likeness::nearest;
use crate::path::{LogicalPath, ObjectKey};
use crate::store::{Store, StoreError, StoreErrorKind, Stored};

const TAKE_DOWN_AGAIN: &str = "take it down again: it's planned anew by what is there now";

/// What somebody asks to be taken down.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Logical paths; folders, with a slash at their end; objects' names in the target.
    pub names: Vec<String>,
    /// All of these levels.
    pub levels: BTreeSet<LevelId>,
    /// Why, for people.
    pub why: Option<String>,
}

/// What a takedown will do.
#[derive(Debug, Clone)]
pub struct Removal {
    /// How many objects of each file are deleted, by logical path: those of earlier releases count, too.
    pub files: BTreeMap<String, u64>,
    /// Files of the current release, which the next one is without.
    pub published: BTreeSet<String>,
    /// Paths that no push publishes again unasked: all of them, but for levels that are held, which are unlocked some time.
    pub kept_out: BTreeSet<String>,
    objects: Vec<Garbage>,
    why: Option<String>,
    /// The current release without these files.
    manifest: Option<Manifest>,
    current: Release,
    seen: Seen,
}

/// What a takedown came to.
#[derive(Debug, Clone)]
pub struct TakenDown {
    /// Objects that are gone.
    pub deleted: u64,
    /// The release without the files; none if the current one had none of them.
    pub release: Option<Release>,
}

impl Removal {
    /// Returns how many objects are deleted.
    pub fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Returns the names of these objects in the target.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().map(|garbage| garbage.key.as_str())
    }
}

/// Finds all that is there of what is named, in every retained release. Changes nothing.
///
/// # Errors
/// [`Error::Usage`]: nothing is there of a name. [`Error::Refused`]: what is there isn't assetsync's, or something is being deleted
/// or written.
pub async fn plan(
    store: &Arc<dyn Store>,
    state: &State,
    wish: &Wish,
    levels: &Levels,
    requests: usize,
) -> Result<Removal> {
    let root = state.root().await?.map(|held| held.root);
    let (root, current) = root
        .and_then(|root| Some((root.clone(), root.current?)))
        .ok_or_else(nothing_published)?;
    let seen = Root::seen(Some(&root));
    // As the swap will say, before anybody waits.
    root.take_down(&seen, None, takedown(String::new()), &state.stamp())
        .map_err(|refusal| guard::refused_again(refusal, Some(&root), TAKE_DOWN_AGAIN))?;
    let now = state.manifest(&current.manifest).await?;
    let mut search = Search::new(wish, levels);
    let retained = state.retained(&root).await?;
    state
        .each_manifest(&retained, |manifest| search.look(manifest))
        .await?;
    let published: BTreeSet<String> = now
        .published()
        .filter(|entry| search.is_to_go(entry))
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
    if files.len() > TAKEN_DOWN_MAX {
        return Err(Error::usage(
            format!(
                "{} files at once: a takedown has {TAKEN_DOWN_MAX} at most",
                files.len()
            ),
            "take them down folder by folder, such as `puzzle/gears/`: one takedown after another",
        ));
    }
    Ok(Removal {
        files: found,
        kept_out,
        manifest: (!published.is_empty()).then_some(rest),
        published,
        objects,
        why: wish.why.clone(),
        current,
        seen,
    })
}

/// Does what was planned. What is deleted is that of the plan, in the versions that were seen.
///
/// # Errors
/// [`Error::LostRace`], [`Error::Refused`]: something else was done meanwhile, and nothing was taken down. Others: it isn't
/// finished, and [`prune::finish`] finishes it; nothing can be published before.
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
    let takedown = Takedown {
        why: removal.why.clone(),
        blocked: removal.kept_out.clone(),
        others: removal
            .files
            .keys()
            .filter(|path| !removal.kept_out.contains(*path))
            .cloned()
            .collect(),
        ..takedown(sweep.clone())
    };
    let change = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.take_down(&removal.seen, release.clone(), takedown.clone(), stamp),
        None => Err(Refusal::LostRace),
    };
    match state.change(change).await? {
        Changed::Done(_) => {
            let deleted = prune::carry_out(store, state, &sweep, Deletion::Takedown, requests);
            let deleted = deleted.await?;
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

/// Makes sure that nothing answers that was deleted: a leak isn't ended by a storage that only says so.
///
/// # Errors
/// What is still there.
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
                "`{}` is still there after it was deleted",
                escape(key.as_str())
            );
            let hint = "take it down again; is somebody writing it anew?";
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

/// Writes the release down that consists of `manifest`, made from the current one.
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

/// Returns the release that consists of `manifest`, which is a part of what `of` has, to be published after `current`.
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

/// Returns the manifest without what it publishes under these paths.
pub(super) fn without(mut manifest: Manifest, paths: &BTreeSet<String>) -> Manifest {
    let goes = |entry: &Entry| entry.stored.is_some() && paths.contains(&*entry.path);
    manifest.entries.retain(|entry| !goes(entry));
    manifest
}

/// Looks for what is named in manifests.
struct Search<'a> {
    wish: &'a Wish,
    levels: &'a Levels,
    /// The objects of each file that is wanted.
    wanted: BTreeMap<Box<str>, BTreeSet<ObjectKey>>,
    /// All other paths, for those that were mistyped.
    others: BTreeSet<Box<str>>,
    named: HashSet<&'a str>,
}

impl<'a> Search<'a> {
    fn new(wish: &'a Wish, levels: &'a Levels) -> Search<'a> {
        Search {
            wish,
            levels,
            wanted: BTreeMap::new(),
            others: BTreeSet::new(),
            named: HashSet::new(),
        }
    }

    fn look(&mut self, manifest: &Manifest) {
        for entry in &manifest.entries {
            match self.is_wanted(manifest, entry) {
                true => {
                    let keys = self.wanted.entry(entry.path.clone()).or_default();
                    keys.insert(entry.key.clone());
                }
                false => {
                    self.others.insert(entry.path.clone());
                }
            }
        }
    }

    fn is_wanted(&mut self, manifest: &Manifest, entry: &Entry) -> bool {
        let mut is_wanted = self.is_of_level(manifest, entry);
        for name in &self.wish.names {
            if is_name_of(name, entry) {
                self.named.insert(name);
                is_wanted = true;
            }
        }
        is_wanted
    }

    /// Tells whether a file is of one of the wanted levels, by what its release says or by the configuration of today.
    fn is_of_level(&self, manifest: &Manifest, entry: &Entry) -> bool {
        let wanted = &self.wish.levels;
        if wanted.is_empty() {
            return false;
        }
        let then = manifest.level_of(entry);
        let is_then = wanted.iter().any(|id| self.levels.name(*id) == then);
        let now = LogicalPath::parse(&entry.path).ok();
        is_then || now.is_some_and(|path| wanted.contains(&self.levels.of(&path)))
    }

    /// Tells whether it's this object that is meant: who names an object of an earlier release doesn't mean the file's of today.
    fn is_to_go(&self, entry: &Entry) -> bool {
        let keys = self.wanted.get(&entry.path);
        keys.is_some_and(|keys| keys.contains(&entry.key))
    }

    /// Returns the paths that stay out from now on: what is published, and what is named by its path and not held.
    fn kept_out(&self, published: &BTreeSet<String>) -> BTreeSet<String> {
        let is_named = |path: &str| self.wish.names.iter().any(|name| is_path_of(name, path));
        let is_held = |path: &str| {
            let path = LogicalPath::parse(path).ok();
            path.is_some_and(|path| self.levels.is_held(self.levels.of(&path)))
        };
        let named = self.wanted.keys().map(|path| path.to_string());
        let named = named.filter(|path| is_named(path) && !is_held(path));
        named.chain(published.iter().cloned()).collect()
    }

    /// Leaves what the next release publishes.
    fn leave(&mut self, next: &Manifest) {
        let published: HashSet<&ObjectKey> = next.published().map(|entry| &entry.key).collect();
        for keys in self.wanted.values_mut() {
            keys.retain(|key| !published.contains(key));
        }
    }

    /// Returns the objects that may be there, each with its file. A name that no release has may be an object's.
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
        let names = self.wish.names.iter().map(String::as_str);
        names.filter(|name| !self.named.contains(name))
    }

    /// Makes sure that no name means a folder that isn't written as one: all below it would go.
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
                format!("`{}/` takes down all that is in it", escape(folder)),
            )),
        }
    }

    /// Makes sure that each name means something that goes.
    fn check(&self, found: &BTreeMap<String, u64>, published: &BTreeSet<String>) -> Result<()> {
        if let Some(name) = self.unknown().find(|name| !found.contains_key(*name)) {
            let paths = self.others.iter().chain(self.wanted.keys());
            let near = nearest(name, paths.map(|path| &**path));
            return Err(Error::usage(
                format!("Nothing in the target or its releases is called `{}`", escape(name)),
                match near {
                    Some(near) => format!("did you mean `{}`?", escape(near)),
                    None => "give logical paths, such as `puzzle/gears/index.html`; folders end with a slash".to_string(),
                },
            ));
        }
        if found.is_empty() && published.is_empty() {
            return Err(Error::usage(
                "Nothing of that is in the target",
                "a cache before it may have what was there: `assetsync audit` asks at `public_url`",
            ));
        }
        Ok(())
    }
}

/// Tells whether somebody who says `name` means this entry.
fn is_name_of(name: &str, entry: &Entry) -> bool {
    is_path_of(name, &entry.path) || entry.key.as_str() == name
}

/// Tells whether `name` is this path, or that of a folder above it.
fn is_path_of(name: &str, path: &str) -> bool {
    path == name || (name.ends_with('/') && path.starts_with(name))
}

/// Looks which of these objects are there. Returns how many there are of each file, and what deletes them.
///
/// # Errors
/// One isn't assetsync's.
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
    match prune::is_ours(key.as_str(), stored) {
        true => Ok(()),
        false => Err(Error::Refused {
            message: format!(
                "`{}` isn't as assetsync wrote it: somebody else wrote it, or over it",
                escape(key.as_str())
            ),
            hint: "look at it, and delete it by hand; nothing was taken down".to_string(),
        }),
    }
}
