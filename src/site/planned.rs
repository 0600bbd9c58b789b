//! Planned push to one target: made before anything is written anywhere, checked by every guard,
//! then executed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::exposure::Exposed;
use super::open::Opened;
use crate::apply::Options;
use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::base::likeness::nearest;
use crate::base::name::Secret;
use crate::base::problem::Problem;
use crate::base::progress::Progress;
use crate::base::refusal::Guard;
use crate::base::text::escape;
use crate::cache::Cache;
use crate::config::{Config, Place, Target};
use crate::doctor::Before;
use crate::inventory::{Inventory, inventory};
use crate::naming::{Build, Former, Object, build_with, check_former};
use crate::plan::{Plan, plan};
use crate::release::difference::{Difference, levels_taken_back};
use crate::release::forgotten::Forgotten;
use crate::release::former::former;
use crate::release::guard::{self, Age, Allowed, Refused};
use crate::release::leftover::{Leftover, after_push};
use crate::release::publish::{Published, Push, is_published, publish, repair_release};
use crate::release::root::{Commit, Live};
use crate::release::stale::{Stale, stale};
use crate::release::state::State;
use crate::release::verify::Verify;
use crate::release::{Basis, unasked, who};
use crate::store;
use crate::tree::{ServedAt, Tree};

const BEGIN_ANEW: &str = "or start over with `--begin-anew`: the target is then not live, and you can't roll back to earlier releases";

/// The same if a push would also overwrite files that may be somebody else's.
const BEGIN_ANEW_OVER: &str = "or start over with `--begin-anew --allow-plain`: the target is then not live, you can't roll back to earlier releases, and files in the target are overwritten";

/// Target, and the plan for it.
#[derive(Debug)]
pub(crate) struct Planned<'a> {
    pub(crate) config: &'a Config,
    pub(crate) build: &'a Build,
    pub(crate) opened: &'a Opened,
    /// Place of the releases, if they were moved after the target was opened.
    moved: Option<State>,
    pub(crate) plan: Plan<'a>,
    commit: Option<Commit>,
    age: Age,
    /// Objects of releases that can't be found.
    forgotten: Option<Forgotten>,
    /// True if a push would change nothing.
    pub(crate) is_published: bool,
}

/// Returns one build for all targets, or one for each if any file has absolute URLs.
///
/// # Errors
/// Returns all problems of the tree.
pub(crate) fn build_all(
    config: &Config,
    secret: &Secret,
    tree: &mut Tree,
    cache: &Cache,
    progress: &Progress,
) -> Result<Vec<Build>> {
    let count = if config.rules.write_absolute_urls() {
        config.targets.len()
    } else {
        1
    };
    tree.note_hosts(&config.targets);
    let mut builds = Vec::new();
    for target in &config.targets[..count] {
        tree.public_url = store::written_url(target);
        tree.served_at = match count {
            1 => config.targets.iter().filter_map(served_at).collect(),
            _ => served_at(target).into_iter().collect(),
        };
        builds.push(build_with(cache, tree, secret, progress)?);
    }
    Ok(builds)
}

/// Returns where visitors find a target's files, if that's known.
fn served_at(target: &Target) -> Option<ServedAt> {
    Some(ServedAt {
        target: target.name.clone(),
        url: store::served_at(target)?.parse().ok()?,
    })
}

/// Returns the contents of an opened target, as far as a plan needs them.
///
/// # Errors
/// Returns the error of a request that failed.
pub(crate) async fn take_stock(
    opened: &mut Opened,
    build: &Build,
    config: &Config,
) -> Result<Inventory> {
    let listing = opened.listing.take();
    let listing = listing.or_else(|| opened.base.listing(build));
    let listing = listing.unwrap_or_default();
    Ok(inventory(&*opened.store, listing, build, config.requests).await?)
}

/// Returns the folder that the sources come from.
pub(crate) fn checkout(config: &Config) -> &Path {
    let first = config.sources.first();
    first.map_or(Path::new("."), |source| &source.dir)
}

impl<'a> Planned<'a> {
    /// Plans a push of `build`, made from `commit`, to a target with the contents `inventory`.
    pub(crate) fn new(
        config: &'a Config,
        opened: &'a Opened,
        build: &'a Build,
        inventory: &Inventory,
        commit: Option<&Commit>,
    ) -> Planned<'a> {
        let base = &opened.base;
        let published = base.root.as_ref().and_then(|root| root.current.as_ref());
        let published = published.and_then(|release| release.commit.as_ref());
        let mut plan = plan(build, inventory);
        if let Some(current) = &base.manifest {
            plan.hold_to(current);
            plan.copy_from(current);
        }
        Planned {
            forgotten: Forgotten::find(base, build, &plan, inventory),
            config,
            build,
            opened,
            moved: None,
            is_published: is_published(base, build, &plan),
            plan,
            age: who::age(checkout(config), commit, published),
            commit: commit.cloned(),
        }
    }

    fn state(&self) -> &State {
        self.moved.as_ref().unwrap_or(&self.opened.state)
    }

    pub(crate) fn check(&self, allowed: &Allowed) -> Result<()> {
        let refused = guard::refuse(self.refusals(allowed));
        refused.map_err(|error| error.of_target(&self.opened.target))
    }

    /// Returns true if there are releases in the target, or objects of releases that aren't found.
    pub(crate) fn was_published(&self) -> bool {
        self.opened.base.root.is_some() || self.forgotten.is_some()
    }

    pub(crate) fn refusals(&self, allowed: &Allowed) -> Vec<Refused> {
        let base = &self.opened.base;
        let mut refusals = guard::refusals(base, self.build, &self.plan, self.age, allowed);
        let is_configured = self.config.file.is_some();
        let unasked = unasked::refused(base, self.build, &self.plan, is_configured, allowed);
        if let Some(forgotten) = self.forgotten.as_ref().filter(|_| !allowed.anew) {
            let is_over = unasked.as_ref().is_some_and(|r| r.guard == Guard::Foreign);
            let otherwise = if is_over { BEGIN_ANEW_OVER } else { BEGIN_ANEW };
            refusals.push(forgotten.refused(&self.opened.target, otherwise));
        }
        refusals.extend(unasked);
        refusals
    }

    /// Returns the default verification. A push without changes costs two reads and a check of one
    /// object. All objects are checked only if this one isn't as it should be.
    fn verify_unasked(&self) -> Verify {
        match (&self.opened.target.place, self.opened.base.basis) {
            (Place::Directory(_), _) | (_, Basis::Release(_)) => Verify::None,
            (Place::Bucket(_), Basis::Seen) => Verify::List,
        }
    }

    /// Returns the files that can still be fetched after a push with this outcome.
    pub(crate) fn left(&self, published: &Published) -> Vec<Leftover> {
        let base = &self.opened.base;
        if published.is_new {
            after_push(base.left(), base.manifest.as_ref(), self.build)
        } else {
            base.left().to_vec()
        }
    }

    pub(crate) fn stale(&self) -> Vec<Stale> {
        if self.is_published {
            Vec::new()
        } else {
            stale(self.opened.base.manifest.as_ref(), self.build)
        }
    }

    /// Returns the notes about scripts that a push changes: the others were told of when they were
    /// published.
    pub(crate) fn notes(&self) -> Vec<&'a Problem> {
        if self.build.notes.is_empty() {
            return Vec::new();
        }
        let difference = Difference::new(self.opened.base.manifest.as_ref(), self.build);
        let changed = difference.changes.keys().map(|path| escape(path));
        let changed: BTreeSet<String> = changed.collect();
        let notes = self.build.notes.iter();
        notes.filter(|note| changed.contains(&note.path)).collect()
    }

    /// Returns the live switch, if it is on and the push may write: `verify` may also repair the
    /// release.
    pub(crate) fn live(&self, verify: Option<Verify>) -> Option<&Live> {
        let root = self.opened.base.root.as_ref();
        let live = root.and_then(|root| root.live.as_ref());
        live.filter(|_| !self.is_published || verify.is_some())
    }

    /// Describes the levels that are taken back although nobody locked them. A user who locks one
    /// was asked at that time.
    pub(crate) fn relocked_in_words(&self) -> String {
        let base = &self.opened.base;
        let manifest = base.manifest.as_ref();
        let levels = manifest.map(|manifest| levels_taken_back(manifest, self.build));
        let mut levels = levels.unwrap_or_default();
        let locked = base.root.as_ref().map(|root| &root.relocked);
        levels.retain(|level, _| !locked.is_some_and(|locked| locked.contains(*level)));
        if levels.is_empty() {
            String::new()
        } else {
            guard::relocked_in_words(&levels) + "\n"
        }
    }

    pub(crate) fn exposed(&self) -> Exposed<'_> {
        Exposed {
            target: &self.opened.target,
            store: &self.opened.store,
            releases: self.opened.state.store(),
            before: match self.opened.base.root {
                None => Before::Nothing,
                Some(_) => Before::Release,
            },
            is_published: self.is_published,
        }
    }

    /// Reads the addresses that hidden files had in earlier releases: nothing new may name them.
    /// Returns none if nothing is new.
    pub(crate) async fn former(&self) -> Result<Vec<Former>> {
        match &self.opened.base.root {
            Some(root) if !self.is_published => {
                let former = former(&self.opened.state, root, self.build).await;
                former.map_err(|error| error.of_target(&self.opened.target))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Checks that nothing new names one of these addresses. Earlier files were checked when they
    /// were published.
    pub(crate) fn check_former(
        &self,
        tree: &Tree,
        former: &[Former],
        progress: &Progress,
    ) -> Result<()> {
        if former.is_empty() {
            return Ok(());
        }
        let manifest = self.opened.base.manifest.as_ref();
        let is_new = |object: &Object| {
            let before = manifest.and_then(|manifest| manifest.find(object.path.as_str()));
            before.is_none_or(|before| before.token != object.token)
        };
        check_former(tree, self.build, former, is_new, progress)
    }

    /// Moves the releases to the place that the current key determines, after a change of the key.
    /// Returns true if they were moved. Also moves releases that an older version left at the old
    /// key's place.
    pub(crate) async fn move_releases(&mut self, allowed: &Allowed) -> Result<bool> {
        let (state, target) = (&self.opened.state, &self.opened.target);
        let root = self.opened.base.root.as_ref();
        let release = root.and_then(|root| root.current.as_ref());
        let is_ours = release.is_some_and(|r| r.key_id == self.build.key_id.to_string());
        if !state.is_at_another_key() || !(is_ours || allowed.rotate_key) {
            return Ok(false);
        }
        if !allowed.rotate_key {
            let checked = state.check_not_left();
            checked.map_err(|error| error.of_target(target))?;
        }
        let moved = state.move_home().await;
        self.moved = Some(moved.map_err(|error| error.of_target(target))?);
        Ok(true)
    }

    /// Publishes, or checks that the published release is as it should be.
    pub(crate) async fn publish(
        &self,
        allowed: &Allowed,
        verify: Option<Verify>,
        progress: &Arc<Progress>,
    ) -> Result<Published> {
        let options = options(self.config);
        let mut push = Push {
            build: self.build,
            plan: &self.plan,
            base: &self.opened.base,
            store: &self.opened.store,
            state: self.state(),
            verify: verify.unwrap_or_default(),
            allowed,
            commit: self.commit.clone(),
            options: &options,
            progress,
        };
        if self.is_published {
            push.verify = verify.unwrap_or_else(|| self.verify_unasked());
            repair_release(&push).await
        } else {
            publish(&push).await
        }
    }
}

/// Returns the bounds from the configuration.
pub(crate) fn options(config: &Config) -> Options {
    Options {
        requests: config.requests,
        memory_bytes: config.memory_bytes,
        gzip_level: config.gzip_level,
    }
}

/// Returns the paths that may be published again: those that were taken down, and are named by path
/// or by a folder with a slash at the end.
///
/// # Errors
/// Returns an error for a name that matches nothing that was taken down.
pub(crate) fn put_back(all: &[Planned<'_>], named: &[String]) -> Result<BTreeSet<String>> {
    let roots = all
        .iter()
        .filter_map(|planned| planned.opened.base.root.as_ref());
    let takedowns = roots.flat_map(|root| &root.takedowns);
    let blocked = takedowns.flat_map(|takedown| &takedown.blocked);
    let blocked: BTreeSet<&str> = blocked.map(String::as_str).collect();
    let mut back = BTreeSet::new();
    for typed in named {
        let name = typed.trim_start_matches("./");
        let is_meant =
            |path: &&&str| **path == name || (name.ends_with('/') && path.starts_with(name));
        let meant: Vec<&&str> = blocked.iter().filter(is_meant).collect();
        if meant.is_empty() {
            return Err(Error::usage(
                format!("`{}` wasn't taken down (--put-back)", name.escape_debug()),
                match nearest(name, blocked.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?").into(),
                    None => Verb::Releases.then(" lists the files that were taken down"),
                },
            ));
        }
        back.extend(meant.into_iter().map(|path| (*path).to_string()));
    }
    Ok(back)
}
