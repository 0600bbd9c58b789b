//! What stops a push before it writes anything: each of these has broken somebody's event. Pure.

use std::collections::{BTreeSet, HashSet};

use super::Base;
use super::root::{Live, Root};
use crate::build::Build;
use crate::error::{Error, Result, escape};
use crate::plan::{Plan, Step};

/// How many of the current release's files may be gone, in percent.
const GONE_MAX_PERCENT: usize = 20;

/// What the user said yes to.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Over a fifth of the files may be gone, or all.
    pub shrink: bool,
    /// Another key may name the objects from now on.
    pub rotate_key: bool,
    /// The commit may be older than that of the current release.
    pub older: bool,
    /// These plain names may be written over while the target is live.
    pub overwrite_live: BTreeSet<String>,
    /// What a rollback may not publish again: names of levels that are held.
    pub held: BTreeSet<String>,
}

/// How this checkout's commit stands to that of the current release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The same, newer, or on another branch.
    NotOlder,
    /// What is published came from a later commit.
    Older,
    /// No git, or a commit that isn't in this checkout.
    Unknown,
}

/// Whether `build` may be published on top of `base`.
///
/// # Errors
/// [`Error::Refused`] names every guard that says no, and the flag for each.
pub fn check(
    base: &Base,
    build: &Build,
    plan: &Plan<'_>,
    age: Age,
    allowed: &Allowed,
) -> Result<()> {
    let refusals: Vec<(String, String)> = [
        sweeping(base),
        key(base, build, allowed),
        gone(base, build, allowed),
        older(age, allowed),
        live(base, plan, allowed),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (messages, hints): (Vec<String>, Vec<String>) = refusals.into_iter().unzip();
    match messages.is_empty() {
        true => Ok(()),
        false => Err(Error::Refused {
            message: messages.join("\n"),
            hint: hints.join("; "),
        }),
    }
}

/// Whether `plan` may be done while the target is as `base` says.
///
/// # Errors
/// [`Error::Refused`]: it's live, and mutable names would be written over.
pub fn check_live(base: &Base, plan: &Plan<'_>, allowed: &Allowed) -> Result<()> {
    match live(base, plan, allowed) {
        None => Ok(()),
        Some((message, hint)) => Err(Error::Refused { message, hint }),
    }
}

type Refusal = Option<(String, String)>;

fn sweeping(base: &Base) -> Refusal {
    let root = base.root.as_ref()?;
    root.gc.sweep.as_ref()?;
    Some((
        "A prune is going on, or was interrupted: nothing is published until it's done".to_string(),
        "`assetsync resolve` finishes it".to_string(),
    ))
}

fn key(base: &Base, build: &Build, allowed: &Allowed) -> Refusal {
    let before = &base.manifest.as_ref()?.key_id;
    let now = build.key_id.to_string();
    (*before != now && !allowed.rotate_key).then(|| {
        (
            format!("The current release was made with another key (id {before}; this one's is {now})"),
            "use the team's key file; `--rotate-key` if a new key is meant, which renames every object"
                .to_string(),
        )
    })
}

fn gone(base: &Base, build: &Build, allowed: &Allowed) -> Refusal {
    let manifest = base.manifest.as_ref()?;
    let now: HashSet<&str> = build
        .objects
        .iter()
        .map(|object| object.path.as_str())
        .collect();
    let before = manifest.entries.len();
    let gone: Vec<&str> = manifest
        .entries
        .iter()
        .map(|entry| &*entry.path)
        .filter(|path| !now.contains(path))
        .collect();
    (gone.len() * 100 > before * GONE_MAX_PERCENT && !allowed.shrink).then(|| {
        (
            format!(
                "{} of {before} files of the current release are gone, such as `{}`",
                gone.len(),
                escape(gone[0])
            ),
            "is the whole site checked out and built? `--allow-shrink` if they are meant to go"
                .to_string(),
        )
    })
}

fn older(age: Age, allowed: &Allowed) -> Refusal {
    (age == Age::Older && !allowed.older).then(|| {
        (
            "This checkout is older than what is published".to_string(),
            "pull first; `assetsync rollback` goes back to an earlier release; `--allow-older` if an old commit is meant to be published"
                .to_string(),
        )
    })
}

fn live(base: &Base, plan: &Plan<'_>, allowed: &Allowed) -> Refusal {
    let live = base.root.as_ref()?.live.as_ref()?;
    let over: Vec<&str> = overwrites(plan)
        .filter(|path| !allowed.overwrite_live.contains(*path))
        .collect();
    let first = over.first()?;
    Some((
        format!(
            "{}: {} would be written over, such as `{first}`",
            live_in_words(live),
            crate::report::count(over.len() as u64, "plain name"),
        ),
        "`--overwrite-live PATH` lets one through; keyed names are published as ever".to_string(),
    ))
}

/// The mutable names that a plan writes over.
pub fn overwrites<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p str> {
    plan.actions
        .iter()
        .filter(|action| matches!(action.step, Step::Overwrite(_)) && action.object.is_mutable())
        .map(|action| action.object.path.as_str())
}

/// Since when the target is live, and why.
pub fn live_in_words(live: &Live) -> String {
    let message = match &live.message {
        Some(message) => format!(" ({})", escape(message)),
        None => String::new(),
    };
    format!(
        "The target is live since {}, says {}{message}",
        live.since,
        escape(&live.actor)
    )
}

/// Which release counts, and who made it: whoever changed the root last may have done something else.
fn current_in_words(root: Option<&Root>) -> String {
    match root.and_then(|root| root.current.as_ref()) {
        None => "there is no current release any more".to_string(),
        Some(release) => format!(
            "the current release is {} now, made by {} at {}",
            release.id,
            escape(&release.actor),
            release.at
        ),
    }
}

/// The words for a refusal by the root itself, found while something else was being done.
pub fn refused(refusal: super::root::Refusal, root: Option<&Root>) -> Error {
    use super::root::Refusal as R;
    let (message, hint) = match refusal {
        R::LostRace => {
            return Error::LostRace {
                message: format!("Somebody else was faster: {}", current_in_words(root)),
                hint: "look at what they published (`assetsync releases`), bring your files up to date, and push again".to_string(),
            };
        }
        R::Live => (
            root.and_then(|root| root.live.as_ref())
                .map_or("The target is live".to_string(), live_in_words),
            "`assetsync live off` when the event is over".to_string(),
        ),
        R::Moved if root.is_some_and(|root| root.gc.sweep.is_none()) => (
            "A prune was done meanwhile".to_string(),
            "try again".to_string(),
        ),
        R::Sweeping | R::Moved => (
            "A prune is going on, or was interrupted".to_string(),
            "wait for it, or finish it with `assetsync resolve`".to_string(),
        ),
        R::Pending => (
            "Plain names of the current release are still being written".to_string(),
            "wait for that push, or finish it with `assetsync resolve`".to_string(),
        ),
        R::Already => ("It is so already".to_string(), String::new()),
    };
    Error::Refused { message, hint }
}
