//! Guards of a push, as given on the command line.

use super::{Nothing, held_names, levels};
use crate::base::error::{Error, Result};
use crate::base::problem::Problem;
use crate::cli::publish::{Guards, Output, Restart, Unlock, VerifyHow, Warnings};
use crate::config::Config;
use crate::naming::Build;
use crate::release::excused::Excused;
use crate::release::guard::Allowed;
use crate::release::verify::Verify;
use crate::report::Urls;
use crate::site::locks::Locks;
use std::collections::BTreeSet;

/// Refuses to publish if there are warnings about the files and `--deny-warnings` is given.
pub(super) fn deny(wanted: &Warnings, builds: &[Build]) -> Result<()> {
    let all = builds
        .iter()
        .flat_map(|build| build.of_tree.iter().chain(&build.warnings));
    let all: BTreeSet<&Problem> = all.collect();
    if !wanted.deny_warnings || all.is_empty() {
        return Ok(());
    }
    let kinds: BTreeSet<String> = all.iter().map(|warning| warning.kind.name()).collect();
    let quoted: Vec<String> = kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
    let n = match all.len() {
        1 => "Found a warning".to_string(),
        n => format!("Found {n} warnings"),
    };
    Err(Error::usage(
        format!("{n} about the files, and `--deny-warnings` allows none"),
        format!(
            "fix the files, or set `allow = [{}]` under `[warnings]` in the configuration; `\"{}:img/**\"` allows a warning for some files only",
            quoted.join(", "),
            kinds.first().expect("there's a warning")
        ),
    ))
}

/// Returns the names that may be overwritten while a target is live.
pub(super) fn excused(guards: &Guards, builds: &[Build]) -> Result<Excused> {
    let paths = if guards.overwrite.patterns.is_empty() {
        BTreeSet::new()
    } else {
        let objects = builds.iter().flat_map(|build| &build.objects);
        objects.map(|object| object.path.as_str()).collect()
    };
    Excused::new(&guards.overwrite.patterns, &paths, "the tree")
}

pub(super) fn allowed(
    config: &Config,
    guards: &Guards,
    unlock: &Unlock,
    overwrite_live: BTreeSet<String>,
) -> Result<Allowed> {
    let known = config.rules.levels();
    for id in levels(config, &guards.relock)? {
        let name = known.name(id);
        let (why, instead) = match unlock.levels.iter().any(|level| level == name) {
            true => (
                "is also unlocked by this command",
                "pass either `--unlock` or `--relock` for a level, not both",
            ),
            false if !known.is_held(id) => (
                "isn't held, so every push publishes it",
                "remove `--relock`, or set `held = true` in the level's [[level]] section",
            ),
            false => continue,
        };
        return Err(Error::usage(
            format!("The level `{name}` {why} (--relock)"),
            instead,
        ));
    }
    Ok(Allowed {
        shrink: guards.allow_shrink,
        rotate_key: guards.restart.rotate_key,
        older: guards.allow_older,
        plain: guards.allow_plain,
        anew: guards.restart.begin_anew,
        relock: guards.relock.iter().cloned().collect(),
        unlock: held_names(known, &levels(config, &unlock.levels)?),
        overwrite_live,
        ..Allowed::default()
    })
}

/// Returns what a push would be permitted that has only the flags of a `diff`.
pub(super) fn allowed_by_diff(
    config: &Config,
    unlock: &Unlock,
    restart: &Restart,
) -> Result<Allowed> {
    let unlocked = levels(config, &unlock.levels)?;
    Ok(Allowed {
        rotate_key: restart.rotate_key,
        anew: restart.begin_anew,
        unlock: held_names(config.rules.levels(), &unlocked),
        ..Allowed::default()
    })
}

/// Returns whether a tree with nothing to publish is a mistake.
pub(super) fn nothing(guards: Option<&Guards>) -> Nothing {
    if guards.is_some_and(|guards| guards.allow_shrink) {
        Nothing::IsMeant
    } else {
        Nothing::IsAMistake
    }
}

pub(super) fn how(verify: VerifyHow) -> Verify {
    match verify {
        VerifyHow::Full => Verify::Full,
        VerifyHow::List => Verify::List,
        VerifyHow::None => Verify::None,
    }
}

pub(super) fn urls(output: &Output) -> Urls {
    if output.show_urls {
        Urls::Shown
    } else {
        Urls::Hidden
    }
}

/// Returns the levels that a command unlocks, and those that it takes back.
///
/// # Errors
/// Returns an error for a name that no level has.
pub(super) fn locks(config: &Config, unlock: &Unlock, guards: Option<&Guards>) -> Result<Locks> {
    Ok(Locks {
        unlock: levels(config, &unlock.levels)?,
        lock: match guards {
            Some(guards) => levels(config, &guards.relock)?,
            None => BTreeSet::new(),
        },
    })
}
