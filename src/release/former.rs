//! Addresses that hidden files had in earlier releases. They may still respond.

use std::collections::{BTreeMap, HashSet};

use super::manifest::{Entry, Manifest};
use super::root::Root;
use super::state::State;
use crate::base::error::Result;
use crate::base::path::LogicalPath;
use crate::levels::LevelId;
use crate::naming::{Build, Former};

/// Returns the addresses that retained releases had for files that are hidden now. Leaves out plain
/// paths, and the addresses that `build` has.
///
/// # Errors
/// Returns an error if documents of the releases can't be read.
pub async fn former(state: &State, root: &Root, build: &Build) -> Result<Vec<Former>> {
    let retained = state.retained(root).await?;
    let now: HashSet<&str> = build
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    let mut former = BTreeMap::new();
    let note = |manifest: &Manifest| {
        for entry in &manifest.entries {
            if entry.key.as_str() != &*entry.path
                && !now.contains(entry.key.as_str())
                && let Some(found) = of(manifest, entry, build)
            {
                former.insert(found.key.to_string(), found);
            }
        }
    };
    state.each_manifest(&retained, note).await?;
    Ok(former.into_values().collect())
}

/// Returns the address of a hidden file. Its level is the current level of its path, or else the
/// level from its release, if that level still exists.
fn of(manifest: &Manifest, entry: &Entry, build: &Build) -> Option<Former> {
    let path = LogicalPath::parse(&entry.path).ok()?;
    let level = match build.levels.of(&path) {
        LevelId::OPEN => {
            let name = manifest.level_of(entry).to_string();
            let known = build.levels.find(&[name]).ok()?;
            known.into_iter().next()?
        }
        level => level,
    };
    (level != LevelId::OPEN).then(|| Former {
        key: entry.key.clone(),
        path,
        level,
    })
}
