//! Contents of a target, as far as a plan needs them.
//!
//! They come from one listing, and from a request for each mutable name that the listing doesn't
//! describe fully.

use futures_util::StreamExt;
use futures_util::stream;

use crate::base::path::ObjectKey;
use crate::naming::{Build, Object};
use crate::store::{Listing, Store, StoreError, Stored};

/// Contents of a target, by key.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    listing: Listing,
}

impl Inventory {
    /// Returns the object under `key`.
    pub fn get(&self, key: &ObjectKey) -> Option<&Stored> {
        self.listing.get(key.as_str())
    }

    /// Returns all objects, including foreign ones.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Returns the number of objects, including foreign ones.
    pub fn objects(&self) -> usize {
        self.listing.len()
    }
}

/// Completes `listing`, which is of `store`, for a plan of `build`. A name without a token doesn't
/// tell what was stored under it. So each such name that exists is requested, unless the listing
/// describes it. At most `requests` requests run at a time.
///
/// # Errors
/// Returns the error of the first request that fails.
pub async fn inventory(
    store: &dyn Store,
    listing: Listing,
    build: &Build,
    requests: usize,
) -> Result<Inventory, StoreError> {
    let mut inventory = Inventory { listing };
    let looks = unclear(&inventory, build)
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

/// Returns the objects for which the listing doesn't tell what was stored under their names.
fn unclear<'b>(inventory: &Inventory, build: &'b Build) -> Vec<&'b Object> {
    let is_unclear = |object: &&Object| {
        let stored = inventory.get(&object.key);
        // The facts from a release aren't enough to overwrite an object: it may have changed since.
        let is_unclear = |stored: &Stored| {
            let is_new = stored.token != Some(object.token) && !object.is_mutable();
            !stored.token_is_known || is_new
        };
        !object.is_keyed() && stored.is_some_and(is_unclear)
    };
    build.published().filter(is_unclear).collect()
}
