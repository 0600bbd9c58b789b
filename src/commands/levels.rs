//! `unlock` and `lock`: select which of the levels that the configuration holds a target publishes.

use std::collections::BTreeSet;

use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::release::guard;
use crate::release::leftover::Why;
use crate::release::root::{Refusal, Root};
use crate::release::state::Changed;
use crate::report::{live_text, root_json};
use crate::store::command::quoted;

use super::ask::{Question, confirm};
use super::releases::Opened;
use super::{Code, DONE, Session};
use crate::cli::releases::{LockArgs, UnlockArgs};
use crate::cli::targets::Typed;
use crate::commands::output::{print, print_json};

/// Direction in which a level is switched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    Unlock,
    /// Locks a level. `is_confirmed`: also while the target is live.
    Lock {
        is_confirmed: bool,
    },
}

impl Session<'_> {
    pub(super) fn unlock(&self, args: &UnlockArgs) -> Result<Code> {
        self.switch_levels(args.what.typed(), Lock::Unlock, args.json)
    }

    pub(super) fn lock(&self, args: &LockArgs) -> Result<Code> {
        let is_confirmed = args.yes;
        self.switch_levels(args.what.typed(), Lock::Lock { is_confirmed }, args.json)
    }

    fn switch_levels(&self, what: Typed<'_>, lock: Lock, as_json: bool) -> Result<Code> {
        let (target, names) = self.target_and_names(what)?;
        let place = self.open(&target)?;
        let levels = held(&place, names)?;
        place.check_target()?;
        let published = published(&place, &levels)?;
        if let Lock::Lock { is_confirmed } = lock {
            confirm_live(&place, &published, is_confirmed)?;
        }
        let change = |root: Option<&Root>, stamp: &_| match lock {
            Lock::Unlock => Root::unlock(root, &levels, stamp),
            Lock::Lock { .. } => Root::lock(root, &levels, stamp),
        };
        let root = match place.settle(place.state.change(change))? {
            Changed::Done(root) => Some(root),
            Changed::Refused(Refusal::Already, root) => root,
            Changed::Refused(refusal, root) => {
                let refused = guard::refused(refusal, root.as_ref());
                return Err(refused.of_target(place.target()));
            }
        };
        if as_json {
            print_json(&[root_json(place.name(), root.as_ref())])?
        } else {
            print(&live_text(place.target(), root.as_ref()))?
        }
        self.say(&match lock {
            Lock::Unlock => unlocked_text(&place, &levels, &published),
            Lock::Lock { .. } => locked_text(&place, root.as_ref(), &levels, &published),
        });
        Ok(DONE)
    }
}

/// Describes the effect of unlocking these levels.
fn unlocked_text(
    place: &Opened<'_>,
    levels: &BTreeSet<String>,
    published: &BTreeSet<String>,
) -> String {
    let push = place.target().command(Verb::Push);
    if published == levels {
        format!(
            "the current release already has files of {}: run `{push}` to publish any others",
            in_words(levels)
        )
    } else {
        format!("nothing is published yet: run `{push}`")
    }
}

/// Describes the effect of locking these levels. If the current release has none of their files,
/// objects of an earlier one may still be in the target.
fn locked_text(
    place: &Opened<'_>,
    root: Option<&Root>,
    levels: &BTreeSet<String>,
    published: &BTreeSet<String>,
) -> String {
    let target = place.target();
    if !published.is_empty() {
        return format!(
            "run `{}` to unpublish these files. Their addresses keep working until you run `{}`",
            target.command(Verb::Push),
            takedown(place, published)
        );
    }
    let left = root.map(|root| root.left.as_slice()).unwrap_or_default();
    let left = left.iter().filter_map(|left| match &left.why {
        Why::Held(level) | Why::SameAsHeld(level) => Some(level),
        Why::PlainName => None,
    });
    let left: BTreeSet<String> = left
        .filter(|level| levels.contains(*level))
        .cloned()
        .collect();
    let nothing = format!(
        "the current release has no files of {}, and pushes leave them out",
        in_words(levels)
    );
    if left.is_empty() {
        let levels = levels.iter().map(|level| quoted(level).to_string());
        let levels: Vec<String> = levels.collect();
        let unlock = target.command(Verb::Unlock.with(levels.join(" ")));
        format!("{nothing} until you run `{unlock}`")
    } else {
        format!(
            "{nothing}. Addresses from earlier releases keep working until you run `{}`",
            takedown(place, &left)
        )
    }
}

fn in_words(levels: &BTreeSet<String>) -> String {
    let names: Vec<String> = levels.iter().map(|level| format!("`{level}`")).collect();
    match names.as_slice() {
        [level] => format!("the level {level}"),
        _ => format!("the levels {}", names.join(", ")),
    }
}

/// Returns those of these levels that have files in the current release, by the levels of that
/// release or by those of the configuration.
fn published(place: &Opened<'_>, levels: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let Some(current) = place.known_root().and_then(|root| root.current.as_ref()) else {
        return Ok(BTreeSet::new());
    };
    let manifest = place.wait(place.state.manifest(&current.manifest))?;
    let known = place.config.rules.levels();
    let now = |path: &str| known.name(known.of_text(path));
    let names = manifest
        .published()
        .flat_map(|entry| [manifest.level_of(entry), now(&entry.path)]);
    let names = names.filter(|level| levels.contains(*level));
    Ok(names.map(str::to_string).collect())
}

/// Returns the command that removes the published files of these levels.
fn takedown(place: &Opened<'_>, levels: &BTreeSet<String>) -> String {
    let flags = levels
        .iter()
        .map(|level| format!("--level {}", quoted(level)));
    let flags: Vec<String> = flags.collect();
    let takedown = Verb::Takedown.with(flags.join(" "));
    place.target().command(takedown)
}

/// Checks that these are levels that can be locked.
fn held(place: &Opened<'_>, names: &[String]) -> Result<BTreeSet<String>> {
    let levels = place.config.rules.levels();
    if names.is_empty() {
        return Err(Error::usage(
            "No level was given",
            "name one or more levels from the [[level]] sections of the configuration",
        ));
    }
    let ids = super::levels(&place.config, names)?;
    if let Some(id) = ids.iter().find(|id| !levels.is_held(**id)) {
        return Err(Error::usage(
            format!(
                "The level `{}` isn't held: every push publishes it",
                levels.name(*id)
            ),
            "`held = true` in its [[level]] section keeps it unpublished until it's unlocked",
        ));
    }
    Ok(super::held_names(levels, &ids))
}

/// Asks before a published level is taken from the players of a live target.
fn confirm_live(place: &Opened<'_>, levels: &BTreeSet<String>, is_confirmed: bool) -> Result<()> {
    let live = place.known_root().and_then(|root| root.live.as_ref());
    let Some(live) = live.filter(|_| !is_confirmed && !levels.is_empty()) else {
        return Ok(());
    };
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    crate::commands::output::eprint(&format!(
        "{}: {}\nthe next push unpublishes: {}\n",
        place.name(),
        guard::live_in_words(live),
        levels.join(", ")
    ));
    confirm(&Question {
        question: "Continue during the live event?",
        unasked: "Cannot confirm this for a live target: standard input is not a terminal",
        declined: "Nothing was changed",
    })
}
