//! Where a target's releases are kept. Nothing else computes that place.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::root::Owner;
use crate::config::{Access, Place, Target, command};
use crate::error::{Error, Result};
use crate::name::Secret;
use crate::spot::Spot;
use crate::store::{Patience, Store, StoreError, open, server};

/// The folder of a target that has its releases in itself. A bucket's policy can keep strangers from all below it.
pub const FOLDER: &str = ".assetsync/";

/// The key of the root.
pub(crate) const ROOT: &str = "root.json";

/// The place of a target's releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// A place of its own: `state`, or the folder beside a folder.
    Elsewhere(Place),
    /// A folder of the target that only the key tells, below [`FOLDER`]; ends in `/`.
    Within(String),
}

impl Home {
    /// The place for `target`'s releases under this key.
    ///
    /// # Errors
    /// The target is a folder that has no place beside it.
    pub fn of(target: &Target, secret: &Secret) -> Result<Home> {
        Ok(match (&target.state, &target.place) {
            (Some(place), _) => Home::Elsewhere(place.clone()),
            (None, Place::Directory(folder)) => Home::Elsewhere(Place::Directory(beside(folder)?)),
            (None, _) => Home::Within(folder_of(secret)),
        })
    }

    /// Opens it. `store` is the target's, whose connections are used where the releases are in it.
    ///
    /// # Errors
    /// No credentials for a place of its own.
    pub async fn open(
        &self,
        target: &Target,
        store: &Arc<dyn Store>,
        patience: Patience,
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
                open(&target, patience).await
            }
        }
    }
}

/// The same for the releases that `target` has under this key.
///
/// # Errors
/// As for [`Home::of`]; a folder can't be found.
pub(super) fn owner_of(target: &Target, secret: &Secret) -> Result<Owner> {
    owner(target, &Home::of(target, secret)?)
}

/// What the root of releases that are kept at `home` says of its target.
///
/// # Errors
/// A folder can't be found.
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
        Home::Elsewhere(place) => {
            std::mem::discriminant(place) != std::mem::discriminant(&target.place)
        }
    };
    Ok(Owner {
        url,
        server: server(target).filter(|_| is_elsewhere),
    })
}

/// A folder as the file system calls it, without links and dots, whether it's there yet or not.
fn real(folder: &Path) -> Result<PathBuf> {
    let spot = Spot::of(folder).map_err(|e| Error::io("find", folder, e))?;
    Ok(spot.path())
}

/// How `to` is called from `from`, both whole: what stays the same when the folder that has both is moved.
fn path_from(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// The folder of a target that has the releases under this key.
pub(super) fn folder_of(secret: &Secret) -> String {
    format!("{FOLDER}{}/", secret.state_folder())
}

/// The folder with what is about the target `folder` and isn't for visitors: the one that has its releases, or the one beside it, if a
/// bucket has them.
///
/// # Errors
/// The folder has no place beside it.
pub(crate) fn private_place(target: &Target, folder: &Path) -> Result<PathBuf> {
    match &target.state {
        Some(Place::Directory(state)) => Ok(state.clone()),
        Some(_) | None => beside(folder),
    }
}

/// Ends the name of the folder that has the releases of the folder beside it.
pub(super) const BESIDE: &str = ".releases";

/// `out/bucket.releases` for `out/bucket`.
pub(crate) fn beside(folder: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(folder).map_err(|e| Error::io("find", folder, e))?;
    match whole.file_name() {
        Some(name) => {
            let mut name = name.to_os_string();
            name.push(BESIDE);
            Ok(whole.with_file_name(name))
        }
        None => Err(Error::usage(
            format!(
                "There's no place for releases beside the folder `{}`",
                folder.display()
            ),
            "name one with `state` in the target",
        )),
    }
}
