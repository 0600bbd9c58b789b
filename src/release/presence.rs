//! Check that a target is still the one that its releases describe, for commands
//! that change only the root.

use super::Base;
use super::forgotten::Forgotten;
use super::layout::FOLDER;
use super::root::Root;
use super::state::State;
use crate::base::error::Result;
use crate::base::path::ObjectKey;
use crate::store::{Listing, Store, StoreError};

/// Maximum number of objects that are requested if a listing doesn't tell what they were stored
/// for.
const LOOKS_MAX: usize = 4;

/// Relation of a target to its releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// An object of the current release is as it should be, or nothing is published yet.
    AsKnown,
    /// This object isn't as it was published.
    Changed,
    /// The target has objects of releases that can't be found.
    Forgotten(Forgotten),
}

/// Checks one object of the current release, as a push does, and a listing if this object isn't
/// there. Without a release, looks for objects of other releases.
///
/// # Errors
/// Returns an error if the target doesn't exist or can't be read.
pub async fn presence(store: &dyn Store, state: &State, root: Option<&Root>) -> Result<Presence> {
    let mut base = Base::read(state, root.cloned()).await?;
    let Some(mut listing) = base.look(store).await? else {
        return Ok(Presence::AsKnown);
    };
    if let Some(manifest) = &base.manifest {
        // Names that are being written may have any content.
        let is_clear = !base.is_pending() && manifest.published().next().is_some();
        return Ok(if is_clear {
            Presence::Changed
        } else {
            Presence::AsKnown
        });
    }
    if root.is_some_and(Root::is_begun) {
        return Ok(Presence::AsKnown);
    }
    look_closer(store, &mut listing).await?;
    Ok(Forgotten::find_in(&listing).map_or(Presence::AsKnown, Presence::Forgotten))
}

/// Requests a few objects to find what they were stored for.
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
