//! Place of a target's releases. Nothing else computes it.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::root::Owner;
use crate::base::disk::spot::Spot;
use crate::base::error::{Error, Result};
use crate::base::name::Secret;
use crate::config::{Access, Place, Target};
use crate::store::command;
pub(crate) use crate::store::documents::{BESIDE, FOLDER, ROOT, beside};
use crate::store::{Store, StoreError, Timeouts, open, server};

/// Place of a target's releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// Separate place: `state`, or the folder beside a folder target.
    Elsewhere(Place),
    /// Folder of the target below `.assetsync/`, whose name depends on the key. It ends in `/`.
    Within(String),
}

impl Home {
    /// Returns the place of `target`'s releases under this key.
    ///
    /// # Errors
    /// Returns an error if the target is a folder without room for another folder beside it.
    pub fn of(target: &Target, secret: &Secret) -> Result<Home> {
        Ok(match (&target.state, &target.place) {
            (Some(place), _) => Home::Elsewhere(place.clone()),
            (None, Place::Directory(folder)) => Home::Elsewhere(Place::Directory(beside(folder)?)),
            (None, Place::Bucket(_)) => Home::Within(folder_of(secret)),
        })
    }

    /// Opens the place. `store` is the target's storage. Its connections are used if the releases
    /// are in the target.
    ///
    /// # Errors
    /// Returns an error if there are no credentials for a separate place.
    pub async fn open(
        &self,
        target: &Target,
        store: &Arc<dyn Store>,
        timeouts: Timeouts,
    ) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Home::Within(folder) => Ok(store.below(folder)),
            Home::Elsewhere(place) => {
                let target = Target {
                    place: place.clone(),
                    state: Some(place.clone()),
                    access: Access::Bucket,
                    ..target.clone()
                };
                open(&target, timeouts).await
            }
        }
    }
}

/// Returns the owner of the releases of `target` under this key.
///
/// # Errors
/// Returns the errors of [`Home::of`], or an error if a folder can't be found.
pub(super) fn owner_of(target: &Target, secret: &Secret) -> Result<Owner> {
    owner(target, &Home::of(target, secret)?)
}

/// Returns how the root at `home` identifies its target.
///
/// # Errors
/// Returns an error if a folder can't be found.
fn owner(target: &Target, home: &Home) -> Result<Owner> {
    let url = match (&target.place, home) {
        (Place::Directory(folder), Home::Elsewhere(Place::Directory(state))) => {
            let whole = real(folder)?;
            let path = path_from(&real(state)?, &whole);
            format!("file:{}", path.display())
        }
        (Place::Directory(folder), _) => format!("file:{}", real(folder)?.display()),
        (place, _) => command::url(place),
    };
    let is_elsewhere = match home {
        Home::Within(_) => false,
        Home::Elsewhere(place) => place.cloud() != target.place.cloud(),
    };
    Ok(Owner {
        url,
        server: server(target).filter(|_| is_elsewhere),
    })
}

/// Returns the path of a folder in the file system, without links and dots. The folder needn't
/// exist.
fn real(folder: &Path) -> Result<PathBuf> {
    let spot = Spot::of(folder).map_err(|e| Error::io("find", folder, e))?;
    Ok(spot.path())
}

/// Returns the relative path from `from` to `to`, which are both absolute. It stays the same if the
/// folder that contains both is moved.
fn path_from(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// Returns the folder in a target that has the releases under this key.
pub(super) fn folder_of(secret: &Secret) -> String {
    format!("{FOLDER}{}/", secret.state_folder())
}
