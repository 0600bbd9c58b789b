//! Opening of a target: its storage, the place of its releases, and their root.

use std::sync::Arc;

use crate::base::error::Result;
use crate::base::name::Secret;
use crate::config::{Config, Place, Target};
use crate::release::Base;
use crate::release::root::Root;
use crate::release::state::State;
use crate::store::{Listing, Store, Timeouts, open};

/// Settings for reading a target.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) timeouts: Timeouts,
    requests: usize,
    pub(crate) actor: String,
}

impl Look {
    /// Takes the settings from this configuration. `actor` is the user's name in releases.
    pub(crate) fn of(config: &Config, actor: String) -> Look {
        Look {
            timeouts: Timeouts::seconds(config.retry_seconds),
            requests: config.requests,
            actor,
        }
    }
}

/// Opened target, with its contents.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) target: Target,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) state: State,
    pub(crate) base: Base,
    /// Set only if the current release doesn't tell the contents.
    pub(crate) listing: Option<Listing>,
}

impl Opened {
    /// Opens a target and finds its contents. The current release tells the contents of a bucket,
    /// so the bucket isn't listed. A folder is listed: this is fast, and folders are more often
    /// changed by hand.
    pub(crate) async fn look(target: Target, secret: Secret, look: Look) -> Result<Opened> {
        let store = open(&target, look.timeouts).await?;
        Opened::look_in(store, target, secret, look).await
    }

    /// Does the same in a storage that is open.
    pub(crate) async fn look_in(
        store: Arc<dyn Store>,
        target: Target,
        secret: Secret,
        look: Look,
    ) -> Result<Opened> {
        let opened = Base::open(
            &target,
            &store,
            &secret,
            look.timeouts,
            look.requests,
            &look.actor,
        );
        let (state, mut base) = opened.await?;
        let listing = match target.place {
            Place::Directory(_) => Some(store.list().await?),
            Place::Bucket(_) => base.look(&*store).await?,
        };
        Ok(Opened {
            target,
            store,
            state,
            base,
            listing,
        })
    }
}

/// Opens a target and the place of its releases, and reads their root.
pub(crate) async fn open_both(
    target: &Target,
    secret: &Secret,
    look: &Look,
) -> Result<(Arc<dyn Store>, State, Option<Root>)> {
    let store = open(target, look.timeouts).await?;
    let (state, root) = open_releases(target, &store, secret, look).await?;
    Ok((store, state, root))
}

/// Opens the place of a target's releases, and reads their root.
pub(crate) async fn open_releases(
    target: &Target,
    store: &Arc<dyn Store>,
    secret: &Secret,
    look: &Look,
) -> Result<(State, Option<Root>)> {
    let (state, root) = State::open(
        target,
        store,
        secret,
        look.timeouts,
        look.requests,
        &look.actor,
    )
    .await?;
    Ok((state, root.map(|held| held.root)))
}
