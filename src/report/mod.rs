//! Plans and reports as text and as JSON, and the display of progress. The names of immutable
//! objects are secrets of a kind, so reports show them only on request.

mod audit;
mod cors;
mod doctor;
mod front;
mod json;
mod leftover;
mod levels;
mod local;
mod releases;
mod stale;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use crate::base::text::HumanBytes;

use crate::base::path::ObjectKey;
use crate::base::text::uncoloured;
use crate::config::Target;
use crate::naming::Build;
use crate::plan::{Plan, Tally};
use crate::release::Basis;
use crate::release::difference::Difference;
use crate::release::guard::{Allowed, Refused};
use crate::release::leftover::{Leftover, after_push};
use crate::release::manifest::Manifest;
use crate::release::stale::{Stale, stale};
use crate::site;
use crate::site::planned::Planned;
use crate::store;

pub use audit::{audit_json, audit_text, left_text, mends_text};
pub use cors::{checked_json, checked_text, difference_json, difference_text, policy_text};
pub use doctor::{
    access_json, access_text, changes_json, changes_text, findings_json, findings_text,
};
pub use front::{front_text, unfound_text};
pub use json::{failures_json, plan_json, problems_json, report_json};
pub use leftover::{leftovers_json, leftovers_text, removal_json, removal_text};
pub use levels::first_levels_text;
pub use local::{
    build_text, built_paths_text, dot, leaks_json, leaks_text, listed, refs_json, refs_text,
    unresolved_text, warnings_text,
};
pub use releases::{
    adoption_text, left_out_text, live_text, over_text, published_text, release_json,
    releases_json, releases_text, rolled_back_text, root_json, sweep_json, sweep_text, young_text,
};
pub use stale::stale_text;
pub use text::{defaults_text, failures_text, plan_text, report_text, tree_text};

/// Preview of a push: its changes, and everything that is reported beforehand.
#[derive(Debug)]
pub struct Outlook<'a> {
    /// Target of the push.
    pub target: &'a Target,
    /// Build to publish.
    pub build: &'a Build,
    /// Actions for the objects.
    pub plan: &'a Plan<'a>,
    /// Source of the knowledge that the kept objects are there.
    pub basis: Basis,
    /// Current release.
    pub before: Option<&'a Manifest>,
    /// Differences between the current release and the next one.
    pub difference: Difference<'a>,
    /// Names whose content changes although browsers keep them.
    pub stale: Vec<Stale>,
    /// Files that can be fetched after the push although they aren't published.
    pub left: Vec<Leftover>,
    /// Reasons to refuse the push, with hints for the target.
    pub refused: Vec<Refused>,
}

impl<'a> Outlook<'a> {
    /// Creates the preview of a planned push, with these permissions.
    pub(crate) fn of(planned: &'a Planned<'_>, allowed: &Allowed) -> Outlook<'a> {
        let mut refused = planned.refusals(allowed);
        let (target, base) = (&planned.opened.target, &planned.opened.base);
        for Refused { hint, .. } in &mut refused {
            *hint = target.complete(std::mem::take(hint));
        }
        let (build, before) = (planned.build, base.manifest.as_ref());
        Outlook {
            target,
            build,
            plan: &planned.plan,
            basis: base.basis,
            before,
            difference: Difference::new(before, build),
            stale: stale(before, build),
            left: after_push(base.left(), before, build),
            refused,
        }
    }
}

impl fmt::Display for site::Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_planned(|planned, allowed| {
            let outlook = Outlook::of(planned, allowed);
            f.write_str(uncoloured(&plan_text(&outlook, Urls::Hidden)).trim_end())?;
            for Refused { message, hint, .. } in &outlook.refused {
                write!(f, "\nA push would be refused: {message}\nhint: {hint}")?;
            }
            Ok(())
        })
    }
}

/// Visibility of object names in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urls {
    /// Shown as URLs.
    Shown,
    /// Not shown: logs of a CI are often public.
    Hidden,
}

impl Urls {
    fn of(self, target: &Target, key: &ObjectKey) -> Option<String> {
        (self == Urls::Shown).then(|| store::public_url(target, key))
    }
}

/// Groups the items with the same cause, in the order of the first of each group. An item without a
/// cause is a group of its own.
fn together<'a, T, K: Hash + Eq>(
    all: &'a [T],
    cause: impl Fn(&'a T) -> Option<K>,
) -> Vec<Vec<&'a T>> {
    let mut places: HashMap<K, usize> = HashMap::new();
    let mut causes: Vec<Vec<&T>> = Vec::new();
    for one in all {
        let own = causes.len();
        let at = cause(one).map_or(own, |cause| *places.entry(cause).or_insert(own));
        match causes.get_mut(at) {
            Some(alike) => alike.push(one),
            None => causes.push(vec![one]),
        }
    }
    causes
}

fn tally(tally: Tally) -> String {
    match tally.objects {
        0 => "0".to_string(),
        n => format!("{n} ({})", HumanBytes(tally.bytes)),
    }
}
