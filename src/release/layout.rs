//! Where a target's releases are kept. Nothing else computes that place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Access, Place, Target};
use crate::error::{Error, Result};
use crate::name::Secret;
use crate::store::{Patience, Store, StoreError, open};

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
                    access: Access::Bucket,
                    ..target.clone()
                };
                open(&target, patience).await
            }
        }
    }
}

/// The folder of a target that has the releases under this key.
pub(super) fn folder_of(secret: &Secret) -> String {
    format!("{FOLDER}{}/", secret.state_folder())
}

/// `out/bucket.releases` for `out/bucket`.
fn beside(folder: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(folder).map_err(|e| Error::io("find", folder, e))?;
    match whole.file_name() {
        Some(name) => {
            let mut name = name.to_os_string();
            name.push(".releases");
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
