//! Guards that stop a push before it writes anything. Each prevents a mistake that has broken an
//! event. Pure.

mod by_root;
mod shrunk;

use std::collections::{BTreeMap, BTreeSet};

use self::shrunk::lost;
use super::Base;
use super::difference::levels_taken_back;
use super::excused::options_for;
use super::prune::Deletion;
use super::root::{Live, Root, Takedown};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::listed::names_text;
use crate::base::name::NameStyle;
use crate::base::refusal::Guard;
use crate::base::text::count;
use crate::base::text::escape;
use crate::levels::{LevelId, Levels};
use crate::naming::Build;
use crate::plan::{Action, FINGERPRINTED_HINT, Plan, Step};
use crate::store::command::quoted;

pub use self::by_root::refused;
pub(super) use self::by_root::refused_again;

/// Permissions that the user gave.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Allowed {
    /// Permits that over a fifth of the files, a whole folder or type, or all files are gone.
    pub shrink: bool,
    /// Held levels whose published files may be taken back.
    pub relock: BTreeSet<String>,
    /// Permits that another key names the objects from now on.
    pub rotate_key: bool,
    /// Permits a commit that is older than that of the current release.
    pub older: bool,
    /// Plain names that may be overwritten while the target is live.
    pub overwrite_live: BTreeSet<String>,
    /// Permits that files get names that can be guessed although they were hidden before, and that a
    /// first push overwrites files of others.
    pub plain: bool,
    /// Permits a first release although there are objects of earlier ones. Files of others are
    /// overwritten only if `plain` permits that, too.
    pub anew: bool,
    /// Permits that strangers can list the target or read its releases.
    pub exposed: bool,
    /// Paths that may be published again although they were taken down.
    pub put_back: BTreeSet<String>,
    /// Held levels that are published from now on.
    pub unlock: BTreeSet<String>,
    /// Names of held levels that a rollback may not publish again.
    pub(crate) held: BTreeSet<String>,
    /// Current levels. A rollback doesn't publish files that are now in a held level either, unless
    /// it is unlocked, whatever level they were published in.
    pub(crate) levels: Levels,
    /// Unlocked levels among these.
    pub(crate) unlocked: BTreeSet<LevelId>,
}

/// Age of this checkout's commit, compared with that of the current release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The commit is the same, or a later one.
    NotOlder,
    /// The current release was made from a later commit.
    Older,
    /// The current release was made from a commit of another branch, which this one doesn't
    /// include.
    Diverged,
    /// There is no git, or the commit isn't in this checkout.
    Unknown,
}

/// Refusal by a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Guard that refuses.
    pub guard: Guard,
    /// Description of what would happen.
    pub message: String,
    /// Hint what to do about it. Its commands name no target.
    pub hint: Hint,
}

impl Refused {
    /// Creates the refusal by `guard`.
    pub(crate) fn by(guard: Guard, message: impl Into<String>, hint: impl Into<Hint>) -> Refused {
        Refused {
            guard,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        Error::refused(refused.guard, refused.message, refused.hint)
    }
}

/// Checks whether `build` may be published after `base`.
///
/// # Errors
/// Returns [`Error::Refused`] with every guard that refuses, and the flag for each.
pub fn check(
    base: &Base,
    build: &Build,
    plan: &Plan<'_>,
    age: Age,
    allowed: &Allowed,
) -> Result<()> {
    refuse(refusals(base, build, plan, age, allowed))
}

/// Combines all refusals into one error.
///
/// # Errors
/// Returns [`Error::Refused`] if there are any refusals.
pub fn refuse(refusals: impl IntoIterator<Item = Refused>) -> Result<()> {
    let refusals: Vec<Refused> = refusals.into_iter().collect();
    if refusals.is_empty() {
        return Ok(());
    }
    let messages = refusals.iter().map(|refused| refused.message.as_str());
    let hints = refusals.iter().map(|refused| refused.hint.clone());
    Err(Error::Refused {
        guards: refusals.iter().map(|refused| refused.guard).collect(),
        message: messages.collect::<Vec<_>>().join("\n"),
        hint: Hint::joined(hints, "; "),
    })
}

/// Returns all refusals to publish `build` after `base`.
pub fn refusals(
    base: &Base,
    build: &Build,
    plan: &Plan<'_>,
    age: Age,
    allowed: &Allowed,
) -> Vec<Refused> {
    let mut refusals = refusals_of_all(base, &build.key_id.to_string(), allowed);
    let of_build = [
        taken_down(base.root.as_ref(), build, allowed),
        relocked(base, build, allowed),
        lost(base, build, allowed),
        older(base, age, allowed),
        live(base, plan, allowed),
        promised(plan),
    ];
    refusals.extend(of_build.into_iter().flatten());
    refusals
}

/// Returns the refusals that don't depend on the build: those of any push after `base` with the key
/// of this id.
pub fn refusals_of_all(base: &Base, key_id: &str, allowed: &Allowed) -> Vec<Refused> {
    let refusals = [sweeping(base), key(base, key_id, allowed)];
    refusals.into_iter().flatten().collect()
}

/// Checks whether `plan` may be executed while the target is in the state of `base`.
///
/// # Errors
/// Returns [`Error::Refused`] if the target is live and mutable names would be overwritten.
pub fn check_live(base: &Base, plan: &Plan<'_>, allowed: &Allowed) -> Result<()> {
    refuse(live(base, plan, allowed))
}

fn sweeping(base: &Base) -> Option<Refused> {
    let root = base.root.as_ref()?;
    let what = Deletion::of(root)?;
    Some(Refused::by(
        Guard::Unfinished,
        format!("A {what} is running or was interrupted: nothing is published until it's finished"),
        Hint::from("wait for it, or finish it with ").then(Verb::Resolve),
    ))
}

fn key(base: &Base, now: &str, allowed: &Allowed) -> Option<Refused> {
    let before = &base.manifest.as_ref()?.key_id;
    (before != now && !allowed.rotate_key).then(|| {
        Refused::by(
            Guard::Key,
            format!("The current release was made with another key (id {before}; this key has id {now})"),
            "use the team's key file; to switch to a new key, pass `--rotate-key`, which renames every object",
        )
    })
}

/// Checks that nothing is published again that was taken down during this push.
///
/// # Errors
/// Returns [`Error::Refused`] otherwise.
pub(crate) fn check_taken_down(
    root: Option<&Root>,
    build: &Build,
    allowed: &Allowed,
) -> Result<()> {
    refuse(taken_down(root, build, allowed))
}

/// Refuses to publish files again that were taken down.
fn taken_down(root: Option<&Root>, build: &Build, allowed: &Allowed) -> Option<Refused> {
    let root = root?;
    let mut by_takedown: BTreeMap<&str, (&Takedown, Vec<&str>)> = BTreeMap::new();
    let paths = build.published().map(|object| object.path.as_str());
    for path in paths.filter(|path| !allowed.put_back.contains(*path)) {
        if let Some(takedown) = root.blocked(path) {
            let paths = by_takedown
                .entry(&takedown.sweep)
                .or_insert((takedown, Vec::new()));
            paths.1.push(path);
        }
    }
    let told = by_takedown.values();
    let told = told.map(|(takedown, paths)| taken_down_in_words(takedown, paths));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| {
        Refused::by(
            Guard::TakenDown,
            told.join("\n"),
            "remove them from the tree, or move them into a held level; to publish a file again \
             that has no secrets any more, pass `--put-back PATH`",
        )
    })
}

fn taken_down_in_words(takedown: &Takedown, paths: &[&str]) -> String {
    let why = match &takedown.why {
        Some(why) => format!(" ({})", escape(why)),
        None => String::new(),
    };
    format!(
        "This push would publish again what {} took down at {}{why}: {}{}",
        escape(&takedown.actor),
        takedown.at,
        count(paths.len() as u64, "file"),
        names_text(paths)
    )
}

/// Refuses to take back published files of a level that nobody locked.
fn relocked(base: &Base, build: &Build, allowed: &Allowed) -> Option<Refused> {
    let manifest = base.manifest.as_ref()?;
    let mut levels = levels_taken_back(manifest, build);
    let is_locked = |level: &str| {
        let root = base.root.as_ref();
        root.is_some_and(|root| root.relocked.contains(level))
    };
    levels.retain(|level, _| !allowed.relock.contains(*level) && !is_locked(level));
    if levels.is_empty() {
        return None;
    }
    Some(Refused::by(
        Guard::WithdrawnLevel,
        relocked_in_words(&levels),
        unlock_or_relock(&levels, build),
    ))
}

/// Returns the two options: publish the levels, or take them back.
fn unlock_or_relock(levels: &BTreeMap<&str, Vec<&str>>, build: &Build) -> Hint {
    let names = levels.keys();
    let unlock: Vec<String> = names.map(|level| quoted(level)).collect();
    let names = levels.keys();
    let relock = names.map(|level| format!("`--relock {}`", quoted(level)));
    let relock: Vec<String> = relock.collect();
    let more = build.held().into_iter();
    let more = more.filter_map(|(level, held)| {
        let there = levels.get(level)?.len() as u64;
        let more = held.saturating_sub(there);
        (more > 0).then(|| format!("{more} more of `{level}`"))
    });
    let more: Vec<String> = more.collect();
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(", and publishes {}", more.join(", "))
    };
    Verb::Unlock.with(unlock.join(" ")).then(format!(
        " keeps what is published in this and all later pushes{more}; pass {} to remove it from the next release, but its addresses work until a takedown or prune",
        relock.join(", "),
    ))
}

/// Describes the files of held levels that won't be published any more.
pub fn relocked_in_words(levels: &BTreeMap<&str, Vec<&str>>) -> String {
    let lines = levels.iter().map(|(level, paths)| {
        format!(
            "This push would withdraw the level `{level}`, which is held and not unlocked: {} {} published now{}",
            count(paths.len() as u64, "file"),
            if paths.len() == 1 { "is" } else { "are" },
            names_text(paths)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Refuses a commit that lacks what the current release was made from: its changes would be taken
/// back.
fn older(base: &Base, age: Age, allowed: &Allowed) -> Option<Refused> {
    if allowed.older {
        return None;
    }
    match age {
        Age::Older => Some(Refused::by(
            Guard::OlderCommit,
            "This checkout is older than the current release",
            Hint::from("pull first; to return to an earlier release, use ")
                .then(Verb::Rollback)
                .then("; to publish this older commit, pass `--allow-older`"),
        )),
        Age::Diverged => {
            let current = base.root.as_ref()?.current.as_ref()?;
            let commit = current.commit.as_ref()?;
            Some(Refused::by(
                Guard::OlderCommit,
                format!(
                    "The current release was made from another branch, commit {}, by {}: this push \
                     would take back what this checkout doesn't include",
                    escape(commit.short()),
                    escape(&current.actor)
                ),
                "merge or rebase first; if that commit was replaced, as by an amended one, pass \
                 `--allow-older`",
            ))
        }
        Age::NotOlder | Age::Unknown => None,
    }
}

fn live(base: &Base, plan: &Plan<'_>, allowed: &Allowed) -> Option<Refused> {
    let live = base.root.as_ref()?.live.as_ref()?;
    let over: Vec<&str> = overwrites(plan)
        .filter(|path| !allowed.overwrite_live.contains(*path))
        .collect();
    (!over.is_empty()).then(|| written_over(live, &over))
}

/// Returns the refusal to overwrite `names` while the target is live. Its hint says how to permit
/// it.
pub(super) fn written_over(live: &Live, names: &[&str]) -> Refused {
    Refused::by(
        Guard::Live,
        format!(
            "{}: {} would be overwritten{}",
            live_in_words(live),
            count(names.len() as u64, "plain name"),
            names_text(names)
        ),
        format!(
            "pass `{}` to overwrite {}; files with keyed names need no flag",
            options_for(names),
            if names.len() == 1 { "it" } else { "them" },
        ),
    )
}

/// Refuses to publish other content under a fingerprinted name: browsers that have the old content
/// never ask again.
fn promised(plan: &Plan<'_>) -> Option<Refused> {
    let is_broken = |action: &&Action<'_>| {
        matches!(action.step, Step::Conflict(_))
            && action.object.policy.names == NameStyle::Fingerprinted
    };
    let broken = plan.actions.iter().filter(is_broken);
    let names: Vec<&str> = broken.map(|action| action.object.path.as_str()).collect();
    (!names.is_empty()).then(|| {
        let are = if names.len() == 1 { "is" } else { "are" };
        Refused::by(
            Guard::Fingerprinted,
            format!(
                "{} {are} already in the target with other content or headers, under names that never change (`names = \"fingerprinted\"`){}",
                count(names.len() as u64, "file"),
                names_text(&names)
            ),
            FINGERPRINTED_HINT,
        )
    })
}

/// Returns the mutable names that a plan overwrites.
pub fn overwrites<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p str> {
    plan.actions
        .iter()
        .filter(|action| matches!(action.step, Step::Overwrite(_)) && action.object.is_mutable())
        .map(|action| action.object.path.as_str())
}

/// Describes since when the target is live, and why.
pub fn live_in_words(live: &Live) -> String {
    let message = match &live.message {
        Some(message) => format!(" ({})", escape(message)),
        None => String::new(),
    };
    format!(
        "The target has been live since {}, set by {}{message}",
        live.since,
        escape(&live.actor)
    )
}
