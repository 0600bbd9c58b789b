//! Verification that the objects of a release are there, before anything refers to them.

use futures_util::{StreamExt, stream};

use super::manifest::{Entry, Manifest};
use crate::plan::Reason;
use crate::store::{Listing, Store, StoreError, Stored};

/// Extent of the verification before a release becomes the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Checks every object by a request of its own, if a listing doesn't tell everything.
    Full,
    /// Checks all objects by a listing: sizes and checksums, and on GCS also tokens. One request
    /// for 1,000 objects.
    #[default]
    List,
    /// Checks nothing: relies on the objects that were there before.
    None,
}

/// Object of a release that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Index in [`Manifest::entries`].
    pub entry: usize,
    /// Description of what is wrong.
    pub reason: Reason,
    /// Object that is there instead.
    pub there: Option<Stored>,
}

/// Verifies those published objects of `manifest` that `is_meant` selects.
///
/// # Errors
/// Returns an error if the target can't be listed or read.
pub async fn verify(
    store: &dyn Store,
    manifest: &Manifest,
    is_meant: impl Fn(&Entry) -> bool,
    how: Verify,
    requests: usize,
) -> Result<Vec<Finding>, StoreError> {
    let meant = published(manifest, is_meant);
    if how == Verify::None || meant.is_empty() {
        return Ok(Vec::new());
    }
    let mut listing = store.list().await?;
    if how == Verify::Full {
        look_closer(store, manifest, &meant, &mut listing, requests).await?;
    }
    Ok(compare(manifest, &meant, &listing))
}

/// Compares these published objects of `manifest` with a listing.
pub(super) fn compare(manifest: &Manifest, meant: &[usize], listing: &Listing) -> Vec<Finding> {
    let finding = |at: &usize| {
        let there = listing.get(manifest.entries[*at].key.as_str());
        let reason = difference(&manifest.entries[*at], there)?;
        Some(Finding {
            entry: *at,
            reason,
            there: there.cloned(),
        })
    };
    meant.iter().filter_map(finding).collect()
}

/// Checks one of those published objects that `is_meant` selects, a different one each time.
/// Returns whether it is as it should be, or false if there is none. Any object shows whether a
/// bucket was emptied or replaced.
///
/// # Errors
/// Returns an error if the target can't be read.
pub async fn is_one_there(
    store: &dyn Store,
    manifest: &Manifest,
    is_meant: impl Fn(&Entry) -> bool,
) -> Result<bool, StoreError> {
    let meant = published(manifest, is_meant);
    let Some(at) = any_of(&meant) else {
        return Ok(false);
    };
    let entry = &manifest.entries[at];
    let there = store.head(&entry.key).await;
    let there = there.map_err(|error| error.about(&entry.path))?;
    // A folder has no checksums, and has the page itself. The release has the size of its gzipped
    // copy.
    let is_itself = |there: &Stored| {
        entry.is_mutable() && there.fingerprint.is_empty() && there.token == Some(entry.token)
    };
    Ok(there.as_ref().is_some_and(is_itself) || difference(entry, there.as_ref()).is_none())
}

fn any_of(places: &[usize]) -> Option<usize> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("the system has random bytes, or the key would have none");
    let pick = u64::from_le_bytes(random).checked_rem(places.len() as u64)?;
    places.get(usize::try_from(pick).ok()?).copied()
}

/// Returns the indexes of those published objects that `is_meant` selects.
pub(super) fn published(manifest: &Manifest, is_meant: impl Fn(&Entry) -> bool) -> Vec<usize> {
    (0..manifest.entries.len())
        .filter(|at| {
            let entry = &manifest.entries[*at];
            entry.stored.is_some() && is_meant(entry)
        })
        .collect()
}

/// Requests each object for which the listing doesn't tell what it was stored for.
pub(super) async fn look_closer(
    store: &dyn Store,
    manifest: &Manifest,
    meant: &[usize],
    listing: &mut Listing,
    requests: usize,
) -> Result<(), StoreError> {
    let is_unclear = |entry: &&Entry| {
        let stored = listing.get(entry.key.as_str());
        stored.is_some_and(|stored| !stored.token_is_known)
    };
    let meant = meant.iter().map(|at| &manifest.entries[*at]);
    let unclear: Vec<_> = meant.filter(is_unclear).collect();
    let looks = unclear
        .into_iter()
        .map(|entry| async move { (entry, store.head(&entry.key).await) });
    let mut looks = stream::iter(looks).buffer_unordered(requests);
    while let Some((entry, stored)) = looks.next().await {
        match stored.map_err(|error| error.about(&entry.path))? {
            Some(stored) => listing.insert(entry.key.to_string(), stored),
            None => listing.remove(entry.key.as_str()),
        };
    }
    Ok(())
}

/// Returns what is wrong with the object of an entry, if anything.
fn difference(entry: &Entry, there: Option<&Stored>) -> Option<Reason> {
    let wanted = entry.stored.as_ref()?;
    let Some(there) = there else {
        return Some(Reason::Missing);
    };
    let are_known = !wanted.fingerprint.is_empty() && !there.fingerprint.is_empty();
    let is_equal = are_known && *wanted.fingerprint == *there.fingerprint;
    match there.token {
        // It has the same bytes under this name, but got other headers since.
        Some(_) if entry.is_fingerprinted && is_equal => return None,
        Some(token) if token != entry.token => return Some(Reason::Differs),
        None if there.token_is_known => return Some(Reason::Unknown),
        _ => {}
    }
    if there.size_bytes != wanted.size_bytes {
        return Some(Reason::Size);
    }
    (are_known && !is_equal).then_some(Reason::Damaged)
}
