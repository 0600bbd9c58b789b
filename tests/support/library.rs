//! The same steps as the program's, by the library: for stories about what a store is asked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use assetsync::testing::config::{Place, Target};
use assetsync::testing::levels::Levels;
use assetsync::testing::release::Base;
use assetsync::testing::release::guard::{self, Age, Allowed};
use assetsync::testing::release::prune::{self, Keep};
use assetsync::testing::release::publish::{
    Published, Push, is_published, publish, repair_release,
};
use assetsync::testing::release::rollback::{Rollback, RolledBack, rollback, settle_current};
use assetsync::testing::release::root::{Edit, Refusal, Root};
use assetsync::testing::release::state::{Changed, State};
use assetsync::testing::release::takedown::{self, Selection, TakenDown};
use assetsync::testing::release::verify::Verify;
use assetsync::testing::store::Listing;
use assetsync::testing::{
    Build, Config, Options, Overrides, Progress, Report, Result, Secret, Step, Store, Timeouts,
    Wanted, apply, build, inventory, open, plan, walk,
};
use url::Url;

use super::{KEY, Site};

pub fn secret() -> Secret {
    Secret::new(KEY.as_bytes()).expect("long enough")
}

pub fn config(site: &Site) -> Config {
    let file = site.path("assetsync.toml");
    Config::read(Some(&file), &Overrides::new(), Wanted::NoTarget).expect("valid")
}

pub fn built(site: &Site) -> Build {
    let config = config(site);
    build(
        &walk(&config.sources, &config.rules),
        &secret(),
        &Progress::new(),
    )
    .expect("publishable")
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new()
        .expect("threads")
        .block_on(future)
}

/// Plans and applies, whatever comes of it: no release is made.
pub fn push(site: &Site, store: &Arc<dyn Store>) -> Report {
    push_build(&built(site), store)
}

pub fn push_build(build: &Build, store: &Arc<dyn Store>) -> Report {
    block_on(async {
        let listing = store.list().await.expect("listed");
        let inventory = inventory(&**store, listing, build, 8)
            .await
            .expect("looked at");
        let plan = plan(build, &inventory);
        apply(
            &plan,
            store,
            &Options::default(),
            &Arc::new(Progress::new()),
        )
        .await
    })
}

/// What a push would do, by logical path.
pub fn steps(build: &Build, store: &dyn Store) -> Vec<(String, Step)> {
    block_on(async {
        let listing = store.list().await.expect("listed");
        let inventory = inventory(store, listing, build, 8)
            .await
            .expect("looked at");
        let plan = plan(build, &inventory);
        plan.actions
            .iter()
            .map(|action| (action.object.path.to_string(), action.step))
            .collect()
    })
}

/// The store of a bucket at `endpoint`, with rights by the bucket.
pub async fn open_bucket(place: Place, endpoint: &str, timeouts: Timeouts) -> Arc<dyn Store> {
    let endpoint = endpoint.parse().expect("a URL");
    open_place(place, Some(endpoint), timeouts).await
}

/// The store of a folder, as each run of the program opens it.
pub async fn open_folder(folder: PathBuf) -> Arc<dyn Store> {
    open_place(Place::Directory(folder), None, Timeouts::default()).await
}

async fn open_place(place: Place, endpoint: Option<Url>, timeouts: Timeouts) -> Arc<dyn Store> {
    let target = Target {
        endpoint,
        ..Target::at("t", place)
    };
    open(&target, timeouts).await.expect("opened")
}

/// What somebody knows who has looked at a target, and has changed nothing yet.
pub struct Looked {
    pub state: State,
    pub base: Base,
    /// Only if the current release doesn't tell.
    pub listing: Option<Listing>,
}

/// Somebody who publishes to a store, with the releases in the store itself.
pub struct Deployer {
    pub store: Arc<dyn Store>,
    pub actor: String,
    pub allowed: Allowed,
    pub verify: Verify,
    pub options: Options,
}

impl Deployer {
    pub fn new(actor: &str, store: &Arc<dyn Store>) -> Deployer {
        Deployer {
            store: Arc::clone(store),
            actor: actor.to_string(),
            allowed: Allowed::default(),
            verify: Verify::List,
            options: Options {
                requests: 8,
                ..Options::default()
            },
        }
    }

    pub async fn state(&self) -> Result<State> {
        Ok(self.find().await?.0)
    }

    async fn find(&self) -> Result<(State, Option<Root>)> {
        let requests = self.options.requests;
        let (state, root) = State::within(&self.store, &secret(), requests, &self.actor).await?;
        let timeouts = Timeouts {
            deadline: Duration::from_secs(5),
            backoff: Duration::from_millis(1),
            ..Timeouts::default()
        };
        Ok((state.with_timeouts(timeouts), root.map(|held| held.root)))
    }

    /// As `assetsync push` does, without a checkout.
    pub async fn push(&self, build: &Build) -> Result<Published> {
        let looked = self.look().await?;
        self.push_on(build, looked).await
    }

    /// What a push begins with.
    pub async fn look(&self) -> Result<Looked> {
        let (state, root) = self.find().await?;
        let base = Base::read(&state, root).await?;
        let listing = if base.manifest.is_some() {
            None
        } else {
            Some(self.store.list().await?)
        };
        Ok(Looked {
            state,
            base,
            listing,
        })
    }

    /// As `assetsync push --verify` does where there's nothing to publish.
    pub async fn verify_again(&self, build: &Build) -> Result<Published> {
        let looked = self.look().await?;
        self.push_after(build, looked, self.verify).await
    }

    /// The rest of a push.
    pub async fn push_on(&self, build: &Build, looked: Looked) -> Result<Published> {
        self.push_after(build, looked, Verify::None).await
    }

    /// `again`: how closely is looked at what is published already.
    async fn push_after(&self, build: &Build, looked: Looked, again: Verify) -> Result<Published> {
        let Looked {
            state,
            base,
            listing,
        } = looked;
        let listing = listing.or_else(|| base.listing(build)).unwrap_or_default();
        let inventory = inventory(&*self.store, listing, build, 8).await?;
        let plan = plan(build, &inventory);
        guard::check(&base, build, &plan, Age::Unknown, &self.allowed)?;
        let push = Push {
            build,
            plan: &plan,
            base: &base,
            store: &self.store,
            state: &state,
            verify: self.verify,
            allowed: &self.allowed,
            commit: None,
            options: &self.options,
            progress: &Arc::new(Progress::new()),
        };
        if is_published(&base, build, &plan) {
            repair_release(&Push {
                verify: again,
                ..push
            })
            .await
        } else {
            publish(&push).await
        }
    }

    /// As `assetsync rollback` does.
    pub async fn roll_back(&self, to: Option<&str>) -> Result<RolledBack> {
        let state = self.state().await?;
        let asked = Rollback {
            store: &self.store,
            state: &state,
            verify: self.verify,
            allowed: &self.allowed,
            options: &self.options,
            progress: &Arc::new(Progress::new()),
        };
        rollback(&asked, to).await
    }

    /// As `assetsync live on` does.
    pub async fn go_live(&self) -> Result<Changed> {
        let live =
            |root: Option<&Root>, stamp: &_| Root::go_live(root, Edit::Keep, Edit::Keep, stamp);
        self.state().await?.change(live).await
    }

    /// As `assetsync live off` does.
    pub async fn end_live(&self) -> Result<Changed> {
        let open = |root: Option<&Root>, stamp: &_| match root {
            Some(root) => root.end_live(stamp),
            None => Err(Refusal::Already),
        };
        self.state().await?.change(open).await
    }

    /// As `assetsync prune --yes` does; tells how much it deleted.
    pub async fn prune(&self, keep: Keep) -> Result<u64> {
        let state = self.state().await?;
        let requests = self.options.requests;
        let finished = prune::finish(&self.store, &state, requests).await?;
        let sweep = prune::plan(&self.store, &state, keep, requests, SystemTime::now()).await?;
        let deleted = if sweep.is_empty() {
            0
        } else {
            prune::sweep(&self.store, &state, &sweep, requests).await?
        };
        Ok(finished.map_or(0, |finished| finished.deleted) + deleted)
    }

    /// As `assetsync takedown --yes` does.
    pub async fn take_down(&self, names: &[&str]) -> Result<TakenDown> {
        let state = self.state().await?;
        let selection = Selection {
            names: names.iter().map(ToString::to_string).collect(),
            ..Selection::default()
        };
        let (levels, requests) = (Levels::default(), self.options.requests);
        let removal = takedown::plan(&self.store, &state, &selection, &levels, requests).await?;
        takedown::take_down(&self.store, &state, &removal, requests).await
    }

    /// As `assetsync resolve` does; tells what was done to plain names, if anything had to be.
    pub async fn resolve(&self) -> Result<Option<Report>> {
        let state = self.state().await?;
        let touch = |root: Option<&Root>, stamp: &_| Ok(Root::touch(root, stamp));
        state.change(touch).await?;
        prune::finish(&self.store, &state, self.options.requests).await?;
        let plain = Rollback {
            store: &self.store,
            state: &state,
            verify: Verify::None,
            allowed: &self.allowed,
            options: &self.options,
            progress: &Arc::new(Progress::new()),
        };
        settle_current(&plain).await
    }

    pub async fn root(&self) -> Root {
        let held = self.state().await.expect("a state").root().await;
        held.expect("readable").expect("there").root
    }
}
