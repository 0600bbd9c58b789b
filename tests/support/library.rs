//! The same steps as the program's, by the library: for stories about what a store is asked.

use std::sync::Arc;

use assetsync::{
    Build, Config, Options, Overrides, Progress, Report, Secret, Step, Store, Wanted, apply, build,
    inventory, plan, walk,
};

use super::{KEY, Site};

pub fn secret() -> Secret {
    Secret::new(KEY.as_bytes()).expect("long enough")
}

pub fn built(site: &Site) -> Build {
    let file = site.path("assetsync.toml");
    let config = Config::load(Some(&file), &Overrides::new(), Wanted::NoTarget).expect("valid");
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

/// Plans and applies, whatever comes of it.
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
            build,
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
