//! `unlock` and `lock`: which levels a target publishes although the configuration holds them.

use std::collections::BTreeSet;

use assetsync::release::guard;
use assetsync::release::root::{Refusal, Root};
use assetsync::release::state::Changed;
use assetsync::report::{live_text, root_json};
use assetsync::{Error, Result};

use super::ask::{Question, confirm};
use super::releases::Opened;
use super::{Code, DONE, Session};
use crate::cli::TargetAndNames;
use crate::output::{print, print_json};

/// Which way a level is switched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Unlock,
    /// `is_confirmed`, although the target is live.
    Lock {
        is_confirmed: bool,
    },
}

impl Session<'_> {
    pub(super) fn switch_levels(
        &self,
        what: &TargetAndNames,
        lock: Lock,
        as_json: bool,
    ) -> Result<Code> {
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
        match as_json {
            true => print_json(&[root_json(place.name(), root.as_ref())])?,
            false => print(&live_text(place.name(), root.as_ref()))?,
        }
        let push = place.target().command("push");
        self.say(&match lock {
            Lock::Unlock => format!("nothing is published by this alone: `{push}` does it"),
            Lock::Lock { .. } => format!(
                "`{push}` takes back what is published; its addresses answer until `{}`",
                takedown(&place, &levels)
            ),
        });
        Ok(DONE)
    }
}

/// Returns the command that removes what was published of these levels.
fn takedown(place: &Opened<'_>, levels: &BTreeSet<String>) -> String {
    let flags = levels.iter().map(|level| format!(" --level {level}"));
    place.target().command("takedown") + &flags.collect::<String>()
}

/// Makes sure that these are levels that can be locked.
fn held(place: &Opened<'_>, names: &[String]) -> Result<BTreeSet<String>> {
    let levels = place.config.rules.levels();
    if names.is_empty() {
        return Err(Error::usage(
            "Which level?",
            "name one or more, as in the [[level]] sections of the configuration",
        ));
    }
    let ids = super::levels(&place.config, names)?;
    if let Some(id) = ids.iter().find(|id| !levels.is_held(**id)) {
        return Err(Error::usage(
            format!(
                "The level `{}` isn't held: every push publishes it",
                levels.name(*id)
            ),
            "`held = true` in its [[level]] section keeps it back until it's unlocked",
        ));
    }
    Ok(super::held_names(levels, &ids))
}

/// Asks before a level is taken from players who are there.
fn confirm_live(place: &Opened<'_>, levels: &BTreeSet<String>, is_confirmed: bool) -> Result<()> {
    let live = place.known_root().and_then(|root| root.live.as_ref());
    let Some(live) = live.filter(|_| !is_confirmed) else {
        return Ok(());
    };
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    crate::output::eprint(&format!(
        "{}: {}\nthe next push takes back: {}\n",
        place.name(),
        guard::live_in_words(live),
        levels.join(", ")
    ));
    confirm(&Question {
        question: "Do it while players are there?",
        unasked: "Nobody can be asked whether to do this while the target is live",
        declined: "Nothing was changed",
    })
}
