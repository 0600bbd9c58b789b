//! Guards for a push that may not be intended. Pure.
//!
//! One guards a first push over other people's files. The other guards a push without a
//! configuration, whose plain names were chosen by this program, not by the user.

use std::collections::HashSet;

use super::Base;
use super::guard::{Allowed, Refused};
use super::manifest::Manifest;
use crate::base::text::count;
use crate::base::text::escape;
use crate::naming::Build;
use crate::plan::{Action, Plan, Reason, Step};

/// Returns why `build` may not be published after `base`: it would overwrite other people's files
/// in the target, or reveal hidden files by plain names that no configuration asked for.
pub fn refused(
    base: &Base,
    build: &Build,
    plan: &Plan<'_>,
    is_configured: bool,
    allowed: &Allowed,
) -> Option<Refused> {
    match &base.manifest {
        _ if allowed.plain => None,
        Some(_) if is_configured => None,
        Some(manifest) => revealed(manifest, build),
        // The objects may belong to the releases that are to be forgotten.
        None if allowed.anew => None,
        None => foreign(plan),
    }
}

fn revealed(manifest: &Manifest, build: &Build) -> Option<Refused> {
    let open: HashSet<&str> = manifest
        .published()
        .filter(|entry| !entry.is_keyed())
        .map(|entry| &*entry.path)
        .collect();
    let entries = manifest.entries.iter().map(|entry| &*entry.path);
    let hidden: HashSet<&str> = entries.filter(|path| !open.contains(path)).collect();
    let revealed: Vec<&str> = build
        .published()
        .filter(|object| !object.is_keyed())
        .map(|object| object.path.as_str())
        .filter(|path| hidden.contains(path))
        .collect();
    let first = escape(revealed.first()?);
    let files = count(revealed.len() as u64, "file");
    Some(Refused {
        message: format!(
            "This push would give guessable names to {files} that are hidden in the current release, such as `{first}`"
        ),
        hint: "without a configuration, pages keep their names: pass `--allow-plain` if they may be found, or \
               write an `assetsync.toml` (`assetsync init`), whose rules and levels decide"
            .into(),
    })
}

/// Refuses to overwrite a site that assetsync didn't publish: this may be the wrong place. Its own
/// objects are [`Forgotten`](super::forgotten::Forgotten), except plain names in a folder, which
/// can't be distinguished from others.
fn foreign(plan: &Plan<'_>) -> Option<Refused> {
    let is_foreign = |action: &&Action<'_>| {
        action.object.is_mutable() && action.step == Step::Overwrite(Reason::Unknown)
    };
    let over = plan.actions.iter().filter(is_foreign);
    let over: Vec<&str> = over.map(|action| action.object.path.as_str()).collect();
    let first = over.first()?;
    Some(Refused {
        message: format!(
            "The target already has {} that none of its releases wrote, such as `{}`",
            count(over.len() as u64, "file"),
            escape(first)
        ),
        hint: "check that this is the right target and that `state` is the place of its releases, if it has any; \
               `--allow-plain` overwrites the files"
            .into(),
    })
}
