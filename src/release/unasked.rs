//! Guards for a push that may not be intended. Pure.
//!
//! One guards a first push over other people's files. One guards a push without a configuration,
//! whose plain names were chosen by this program, not by the user. One guards a push whose levels
//! don't match any more what they matched: a typing error publishes solutions.

use std::collections::HashSet;

use super::Base;
use super::guard::{Allowed, Refused};
use super::manifest::Manifest;
use crate::base::refusal::Guard;
use crate::base::text::count;
use crate::base::text::escape;
use crate::levels::{LevelId, OPEN};
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
        Some(manifest) if is_configured => unlevelled(manifest, build),
        Some(manifest) => revealed(manifest, build),
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
    Some(Refused::by(
        Guard::Guessable,
        format!(
            "This push would give guessable names to {files} that are hidden in the current release, such as `{first}`"
        ),
        "without a configuration, pages keep their names: pass `--allow-plain` if they may be found, or \
         write an `assetsync.toml` (`assetsync init`), whose rules and levels decide",
    ))
}

/// Refuses to give files guessable names that were in a level, and are in none any more.
fn unlevelled(manifest: &Manifest, build: &Build) -> Option<Refused> {
    let revealed = build.published().filter_map(|object| {
        let is_open = !object.is_keyed() && object.policy.level == LevelId::OPEN;
        let before = is_open.then(|| manifest.find(object.path.as_str()))??;
        let level = manifest.level_of(before);
        let was_hidden = level != OPEN && (before.is_keyed() || before.stored.is_none());
        was_hidden.then(|| (object.path.as_str(), level))
    });
    let revealed: Vec<(&str, &str)> = revealed.collect();
    let (first, level) = revealed.first()?;
    Some(Refused::by(
        Guard::Guessable,
        format!(
            "This push would reveal {}, which no level matches any more, under names that can be \
             guessed, such as `{}` (level `{}`)",
            count(revealed.len() as u64, "file"),
            escape(first),
            escape(level)
        ),
        "check the patterns of the levels and rules, which don't match these files any more; pass `--allow-plain` if everyone \
         may read them",
    ))
}

/// Refuses to overwrite a site that assetsync didn't publish: this may be the wrong place. Its own
/// objects are [`Forgotten`](super::forgotten::Forgotten), except plain names in a folder, which
/// can't be distinguished from others. So a push that begins anew is checked like any first push.
fn foreign(plan: &Plan<'_>) -> Option<Refused> {
    let is_foreign = |action: &&Action<'_>| {
        action.object.is_mutable() && action.step == Step::Overwrite(Reason::Unknown)
    };
    let over = plan.actions.iter().filter(is_foreign);
    let over: Vec<&str> = over.map(|action| action.object.path.as_str()).collect();
    let first = over.first()?;
    Some(Refused::by(
        Guard::Foreign,
        format!(
            "The target already has {} that none of its releases wrote, such as `{}`",
            count(over.len() as u64, "file"),
            escape(first)
        ),
        "check that this is the right target and that `state` is the place of its releases, if it has any; \
         `--allow-plain` overwrites the files",
    ))
}
