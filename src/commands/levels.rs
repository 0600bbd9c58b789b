//! `unlock` and `lock`: select which of the levels that the configuration holds a target publishes.

use std::collections::BTreeSet;

use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::release::guard;
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
        if let Lock::Lock { is_confirmed } = lock {
            confirm_live(&place, &levels, is_confirmed)?;
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
        let push = place.target().command(Verb::Push);
        self.say(&match lock {
            Lock::Unlock => format!("nothing is published yet: run `{push}`"),
            Lock::Lock { .. } => format!(
                "run `{push}` to unpublish these files. \
                 Their addresses keep working until you run `{}`",
                takedown(&place, &levels)
            ),
        });
        Ok(DONE)
    }
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

/// Asks before a level is taken from the players of a live target.
fn confirm_live(place: &Opened<'_>, levels: &BTreeSet<String>, is_confirmed: bool) -> Result<()> {
    let live = place.known_root().and_then(|root| root.live.as_ref());
    let Some(live) = live.filter(|_| !is_confirmed) else {
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
