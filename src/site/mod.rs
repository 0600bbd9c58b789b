//! One target and its releases: opened, planned, pushed and rolled back, with every guard. The
//! entry point of the program and of the library.

pub(crate) mod exposure;
pub(crate) mod locks;
pub(crate) mod open;
pub(crate) mod planned;

use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use self::locks::{Locks, unlock_all};
use self::open::{Look, Opened, open_both, open_releases};
use self::planned::{Planned, build_all, checkout, options, take_stock};
use crate::base::error::{Error, Result};
use crate::base::name::Secret;
use crate::base::problem::Problem;
use crate::base::progress::Progress;
use crate::cache::Cache;
use crate::config::{Config, Target};
use crate::inventory::Inventory;
use crate::naming::{Build, check, check_names};
use crate::release::export::Manifest;
use crate::release::guard::{Allowed, Refused};
use crate::release::rollback::{Rollback, rollback};
use crate::release::root::{Commit, Release, Root};
use crate::release::state::State;
use crate::release::verify::Verify;
use crate::release::{export, who};
use crate::store::{Store, environment};
use crate::tree::{Tree, walk};

/// Target of a configuration: the entry point for programs that publish.
///
/// It refuses whatever the command line refuses: overwriting a live target's plain names, a release
/// that loses a fifth of its files, another key, an older commit, a bucket that strangers can list.
/// [`Site::allow`] permits these in advance.
#[derive(Debug)]
pub struct Site {
    config: Arc<Config>,
    secret: Secret,
    allowed: Allowed,
    progress: Arc<Progress>,
    actor: String,
    store: Arc<dyn Store>,
}

/// Planned push, fully known before anything is written. `Display` shows it as `assetsync diff`
/// does.
#[derive(Debug)]
pub struct Plan {
    config: Arc<Config>,
    allowed: Allowed,
    /// Set only if there are levels.
    tree: Option<Tree>,
    build: Build,
    opened: Opened,
    inventory: Inventory,
    commit: Option<Commit>,
}

impl Site {
    /// Opens the target with this name: finds its key and the credentials, and checks that its
    /// releases can be read.
    ///
    /// # Errors
    /// Returns an error if there is no such target, no key, a weak key, no credentials, or no
    /// answer.
    pub async fn open(config: Config, target: &str) -> Result<Site> {
        let config = config.only(target)?;
        let secret = config.secret()?;
        config.check_strength(&secret)?;
        let actor = who::actor(|name| environment::text(name).ok().flatten());
        let look = Look::of(&config, actor.clone());
        let opened = open_both(&config.targets[0], &secret, &look).await;
        let (store, ..) = opened.map_err(|error| error.of_target(&config.targets[0]))?;
        Ok(Site {
            config: Arc::new(config),
            secret,
            allowed: Allowed::default(),
            progress: Arc::new(Progress::new()),
            actor,
            store,
        })
    }

    /// Returns the storage of the target.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Uses this storage to publish. It must lead to the same place.
    #[must_use]
    pub fn in_store(mut self, store: Arc<dyn Store>) -> Site {
        self.store = store;
        self
    }

    /// Permits what would otherwise be refused, for plans that are made from now on.
    #[must_use]
    pub fn allow(mut self, allowed: Allowed) -> Site {
        self.allowed = allowed;
        self
    }

    /// Lets `token` stop the work: requests in flight are finished, and nothing new is started.
    #[must_use]
    pub fn stopped_by(mut self, token: CancellationToken) -> Site {
        self.progress = Arc::new(Progress::stopped_by(token));
        self
    }

    /// Returns counters that rise during the work, for a display of progress.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Returns the name of the target, as in `[target.NAME]`.
    pub fn name(&self) -> &str {
        &self.target().name
    }

    fn target(&self) -> &Target {
        &self.config.targets[0]
    }

    async fn releases(&self) -> Result<(State, Option<Root>)> {
        open_releases(self.target(), &self.store, &self.secret, &self.look()).await
    }

    fn look(&self) -> Look {
        Look::of(&self.config, self.actor.clone())
    }

    /// Reads and names all files, reads the contents of the target at the same time, and makes a
    /// plan. Writes nothing.
    ///
    /// # Errors
    /// Returns [`Error::Tree`] for files that can't be published, such as secrets, an error if the
    /// target can't be read, or [`Error::Interrupted`].
    pub async fn plan(&self) -> Result<Plan> {
        let opened = Opened::look_in(
            self.store(),
            self.target().clone(),
            self.secret.clone(),
            self.look(),
        );
        let opened = tokio::spawn(opened);
        let folder = checkout(&self.config).to_path_buf();
        let commit = spawn_blocking(move || who::commit(&folder));
        let (config, secret) = (Arc::clone(&self.config), self.secret.clone());
        let progress = Arc::clone(&self.progress);
        let built = spawn_blocking(move || build_one(&config, &secret, &progress));
        let (tree, build) = built.await.expect("building doesn't panic")?;
        let opened = async { opened.await.expect("looking at a target doesn't panic") };
        let opened = self.progress.unless_stopped(opened).await;
        let mut opened = opened.map_err(|error| error.of_target(self.target()))?;
        let builds = unlock_all(
            vec![build],
            &self.locks(),
            [opened.base.root.as_ref()].into_iter(),
        );
        let build = builds.into_iter().next().expect("one for one");
        let stock = take_stock(&mut opened, &build, &self.config);
        let inventory = self.progress.unless_stopped(stock).await?;
        Ok(Plan {
            config: Arc::clone(&self.config),
            allowed: self.allowed.clone(),
            tree: (!tree.levels.is_empty()).then_some(tree),
            build,
            opened,
            inventory,
            commit: commit.await.expect("asking git doesn't panic"),
        })
    }

    fn locks(&self) -> Locks {
        let levels = self.config.rules.levels();
        Locks {
            unlock: levels.unlocked_by(self.allowed.unlock.iter()),
            lock: levels.unlocked_by(self.allowed.relock.iter()),
        }
    }

    /// Publishes a plan to its target: uploads what is missing, verifies the whole release, and
    /// switches to it in one step. Nothing that visitors see changes before the switch. If anything
    /// fails, there is no switch.
    ///
    /// # Errors
    /// Returns [`Error::Refused`] if a guard refuses, before anything is written.
    /// [`Error::LostRace`]: another push finished first. [`Error::Incomplete`]: objects failed, and
    /// nothing was switched, unless these are plain names, which `resolve` finishes.
    /// [`Error::Unknown`]: it isn't known whether the push succeeded. [`Error::Interrupted`]: the
    /// push was stopped.
    pub async fn push(&self, plan: Plan) -> Result<Release> {
        let (target, allowed) = (&plan.opened.target, &plan.allowed);
        let mut planned = plan.planned();
        planned.check(allowed)?;
        if let Some(tree) = &plan.tree {
            let former = self.progress.unless_stopped(planned.former()).await?;
            blocking(|| planned.check_former(tree, &former, &self.progress))?;
        }
        let exposed = planned.exposed();
        let look = async { Ok::<_, Error>(exposed.look().await) };
        let seen = self.progress.unless_stopped(look).await?;
        if let Some(refused) = exposed.refused(&seen).filter(|_| !allowed.exposed) {
            return Err(refused.into());
        }
        planned.move_releases(allowed).await?;
        let published = planned.publish(allowed, None, &self.progress).await;
        let published = published.map_err(|error| error.of_target(target))?;
        match (published.report.is_complete(), published.release) {
            (true, Some(release)) => Ok(release),
            _ => Err(published.report.of_target(target).into_error()),
        }
    }

    /// Reads the manifest of the current release; none before the first push. It names every
    /// object: keep it off the web.
    ///
    /// # Errors
    /// Returns an error if the releases can't be read.
    pub async fn manifest(&self) -> Result<Option<Manifest>> {
        let read = async {
            let (state, root) = self.releases().await?;
            match root.and_then(|root| root.current) {
                Some(release) => state.manifest(&release.manifest).await.map(Some),
                None => Ok(None),
            }
        };
        let manifest = self.progress.unless_stopped(read).await;
        let manifest = manifest.map_err(|error| error.of_target(self.target()))?;
        Ok(manifest.as_ref().map(export::of_release))
    }

    /// Switches back to an earlier release after verifying it: the previous one, or the one whose
    /// name ends in `to`. Plain names are restored from their copies.
    ///
    /// # Errors
    /// Returns an error if there is no such release, or if it isn't complete any more. Other errors
    /// are those of [`Site::push`].
    pub async fn rollback(&self, to: Option<&str>) -> Result<Release> {
        let of_target = |error: Error| error.of_target(self.target());
        let (state, root) = self.releases().await.map_err(of_target)?;
        let levels = self.config.rules.levels();
        let asked = levels.unlocked_by(self.allowed.unlock.iter());
        let known = root.map(|root| levels.unlocked_by(root.unlocked.keys()));
        let unlocked = asked.union(&known.unwrap_or_default()).copied().collect();
        let allowed = Allowed {
            held: levels.held(&unlocked),
            levels: levels.clone(),
            unlocked,
            ..self.allowed.clone()
        };
        let asked = Rollback {
            store: &self.store,
            state: &state.stopped_by(&self.progress),
            verify: Verify::default(),
            allowed: &allowed,
            options: &options(&self.config),
            progress: &self.progress,
        };
        let done = rollback(&asked, to).await.map_err(of_target)?;
        if done.report.is_complete() {
            Ok(done.to)
        } else {
            Err(done.report.of_target(self.target()).into_error())
        }
    }
}

/// Reads and names all files of a configuration with one target.
fn build_one(config: &Config, secret: &Secret, progress: &Progress) -> Result<(Tree, Build)> {
    let mut tree = walk(&config.sources, &config.rules);
    check_names(&config.targets, &mut tree);
    let builds = build_all(config, secret, &mut tree, &Cache::none(), progress)?;
    let build = builds.into_iter().next().expect("one for one target");
    check(&config.targets[0], &build)?;
    Ok((tree, build))
}

impl Plan {
    fn planned(&self) -> Planned<'_> {
        let commit = self.commit.as_ref();
        Planned::new(
            &self.config,
            &self.opened,
            &self.build,
            &self.inventory,
            commit,
        )
    }

    /// Calls `show` with the plan.
    pub(crate) fn with_planned<T>(&self, show: impl FnOnce(&Planned<'_>, &Allowed) -> T) -> T {
        show(&self.planned(), &self.allowed)
    }

    /// Returns whether a push would change nothing.
    pub fn is_empty(&self) -> bool {
        self.planned().is_published
    }

    /// Returns the refusals of the guards, except those of the check of what strangers may do.
    pub fn refusals(&self) -> Vec<Refused> {
        self.planned().refusals(&self.allowed)
    }

    /// Returns the warnings about the files: references that lead nowhere, names that reveal too
    /// much.
    pub fn warnings(&self) -> &[Problem] {
        &self.build.warnings
    }
}

/// Runs slow work. If the runtime has several threads, its other work continues.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
