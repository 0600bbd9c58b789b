//! Looks whether a target is still the one that its releases are about: for commands that change
//! the root alone.

use super::Base;
use super::forgotten::Forgotten;
use super::layout::FOLDER;
use super::root::Root;
use super::state::State;
use crate::error::Result;
use crate::path::ObjectKey;
use crate::store::{Listing, Store, StoreError};

/// Bounds how many objects are asked what they were stored for, where a listing doesn't tell.
const LOOKS_MAX: usize = 4;

/// Tells how a target stands to its releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// An object of the current release is as it should be; or nothing is published yet.
    AsKnown,
    /// That object isn't as it was published.
    Changed,
    /// Objects of releases that aren't found.
    Forgotten(Forgotten),
}

/// Looks at one object of the current release, as a push does, and at a listing if that isn't
/// there. Without a release, looks for objects of others.
///
/// # Errors
/// The target can't be looked at, or isn't there.
pub async fn presence(store: &dyn Store, state: &State, root: Option<&Root>) -> Result<Presence> {
    let mut base = Base::read(state, root.cloned()).await?;
    let Some(mut listing) = base.look(store).await? else {
        return Ok(Presence::AsKnown);
    };
    if let Some(manifest) = &base.manifest {
        // What is being written may look like anything.
        let is_clear = !base.is_pending() && manifest.published().next().is_some();
        return Ok(match is_clear {
            true => Presence::Changed,
            false => Presence::AsKnown,
        });
    }
    if root.is_some_and(Root::is_begun) {
        return Ok(Presence::AsKnown);
    }
    look_closer(store, &mut listing).await?;
    Ok(Forgotten::find_in(&listing).map_or(Presence::AsKnown, Presence::Forgotten))
}

/// Asks of a few objects what they were stored for.
async fn look_closer(store: &dyn Store, listing: &mut Listing) -> Result<(), StoreError> {
    let unclear = listing
        .iter()
        .filter(|(key, stored)| !stored.token_is_known && !key.starts_with(FOLDER));
    let keys = unclear.filter_map(|(key, _)| ObjectKey::parse(key).ok());
    let mut keys: Vec<ObjectKey> = keys.collect();
    keys.sort_unstable();
    for key in keys.into_iter().take(LOOKS_MAX) {
        if let Some(stored) = store.head(&key).await? {
            listing.insert(key.to_string(), stored);
        }
    }
    Ok(())
}
