//! What is in a target already, as far as a plan needs to know: one listing, and a look at those mutable
//! names of which the listing doesn't tell enough.

use futures_util::StreamExt;
use futures_util::stream;

use crate::build::{Build, Object};
use crate::path::ObjectKey;
use crate::store::{Listing, Store, StoreError, Stored};

/// What is in a target, by key.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    listing: Listing,
}

impl Inventory {
    /// What is under `key`.
    pub fn get(&self, key: &ObjectKey) -> Option<&Stored> {
        self.listing.get(key.as_str())
    }

    /// All that is there, foreign objects too.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// How many objects there are, foreign ones too.
    pub fn objects(&self) -> usize {
        self.listing.len()
    }
}

/// Completes `listing` (of `store`) for a plan of `build`: a name without a token doesn't say what was stored under
/// it, so each of them that is there is looked at, unless the listing told. At most `requests` at a time.
///
/// # Errors
/// The first look that fails.
pub async fn inventory(
    store: &dyn Store,
    listing: Listing,
    build: &Build,
    requests: usize,
) -> Result<Inventory, StoreError> {
    let mut inventory = Inventory { listing };
    let unclear: Vec<&Object> = build
        .published()
        .filter(|object| {
            let stored = inventory.get(&object.key);
            // What a release says is there isn't what would be written over.
            let is_unclear = |stored: &Stored| {
                let is_new = stored.token != Some(object.token) && !object.is_mutable();
                !stored.token_is_known || is_new
            };
            !object.is_keyed() && stored.is_some_and(is_unclear)
        })
        .collect();
    let looks = unclear
        .into_iter()
        .map(|object| async move { (object, store.head(&object.key).await) });
    let mut looks = stream::iter(looks).buffer_unordered(requests);
    while let Some((object, stored)) = looks.next().await {
        match stored? {
            Some(stored) => inventory.listing.insert(object.key.to_string(), stored),
            None => inventory.listing.remove(object.key.as_str()),
        };
    }
    Ok(inventory)
}
