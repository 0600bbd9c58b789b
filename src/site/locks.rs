//! Held levels, and those of them that a target has published.

use std::collections::BTreeSet;

use crate::levels::LevelId;
use crate::naming::Build;
use crate::release::root::Root;

/// Levels that a command unlocks, and levels that it takes back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locks {
    pub(crate) unlock: BTreeSet<LevelId>,
    pub(crate) lock: BTreeSet<LevelId>,
}

/// Unlocks for each target the levels that are unlocked there or by this command. There is one
/// build for all targets, unless their levels differ.
pub(crate) fn unlock_all<'r>(
    mut builds: Vec<Build>,
    locks: &Locks,
    roots: impl Iterator<Item = Option<&'r Root>>,
) -> Vec<Build> {
    let levels = match builds.first() {
        Some(build) => build.levels.clone(),
        None => return builds,
    };
    let unlocked = roots.map(|root| {
        let known = root.map(|root| levels.unlocked_by(root.unlocked.keys()));
        let kept = known.unwrap_or_default();
        let kept = kept.difference(&locks.lock).copied();
        kept.chain(locks.unlock.iter().copied())
            .collect::<BTreeSet<_>>()
    });
    let unlocked: Vec<BTreeSet<LevelId>> = unlocked.collect();
    if builds.len() < unlocked.len() && unlocked.windows(2).any(|pair| pair[0] != pair[1]) {
        builds = vec![builds[0].clone(); unlocked.len()];
    }
    for (build, unlocked) in builds.iter_mut().zip(&unlocked) {
        build.unlock(unlocked);
    }
    builds
}
