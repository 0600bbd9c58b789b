//! Plans and reports as text for people and JSON for programs, and the display of progress. Names of
//! immutable objects are secrets of a kind, so neither shows them unless asked.

mod audit;
mod cors;
mod display;
mod doctor;
mod front;
mod json;
mod leftover;
mod levels;
mod local;
mod names;
mod releases;
mod stale;
mod text;

use std::collections::HashMap;
use std::hash::Hash;

use indicatif::HumanBytes;

use crate::build::Build;
use crate::config::Target;
use crate::path::ObjectKey;
use crate::plan::{Plan, Tally};
use crate::release::difference::Difference;
use crate::release::guard::Refused;
use crate::release::leftover::{Leftover, after_push};
use crate::release::manifest::Manifest;
use crate::release::stale::{Stale, stale};
use crate::release::{Base, Basis};
use crate::store;

pub use audit::{audit_json, audit_text, left_text, mends_text};
pub use cors::{checked_json, checked_text, difference_json, difference_text, policy_text};
pub use display::{Display, DisplayMode, tell};
pub use doctor::{
    access_json, access_text, changes_json, changes_text, findings_json, findings_text,
};
pub use front::{front_text, unfound_text};
pub use json::{failures_json, plan_json, problems_json, report_json};
pub use leftover::{leftovers_json, leftovers_text, removal_json, removal_text};
pub use levels::first_levels_text;
pub use local::{
    build_text, dot, leaks_json, leaks_text, listed, refs_json, refs_text, unresolved_text,
    warnings_text,
};
pub(crate) use names::{NAMES_MAX, names_text};
pub use releases::{
    adoption_text, live_text, over_text, published_text, release_json, releases_json,
    releases_text, rolled_back_text, root_json, sweep_json, sweep_text, young_text,
};
pub use stale::stale_text;
pub use text::{defaults_text, failures_text, plan_text, report_text, tree_text};

/// What a push would do, and all there is to say of it beforehand.
#[derive(Debug)]
pub struct Outlook<'a> {
    /// Where to.
    pub target: &'a Target,
    /// What should be published.
    pub build: &'a Build,
    /// What will be done to objects.
    pub plan: &'a Plan<'a>,
    /// Where it's known from that what is kept is there.
    pub basis: Basis,
    /// The current release.
    pub before: Option<&'a Manifest>,
    /// What changes in what is published.
    pub difference: Difference<'a>,
    /// Names that browsers keep although they change.
    pub stale: Vec<Stale>,
    /// What can be had once it's done, although it isn't published.
    pub left: Vec<Leftover>,
    /// What stops it; with hints for the target.
    pub refused: Vec<Refused>,
}

impl<'a> Outlook<'a> {
    /// Of a push of `build` to a target that is as `base` says, which these guards stop.
    pub fn new(
        target: &'a Target,
        base: &'a Base,
        build: &'a Build,
        plan: &'a Plan<'a>,
        mut refused: Vec<Refused>,
    ) -> Outlook<'a> {
        for Refused { hint, .. } in &mut refused {
            *hint = target.named_in(hint);
        }
        Outlook {
            target,
            build,
            plan,
            basis: base.basis,
            before: base.manifest.as_ref(),
            difference: Difference::new(base.manifest.as_ref(), build),
            stale: stale(base.manifest.as_ref(), build),
            left: after_push(base.left(), base.manifest.as_ref(), build),
            refused,
        }
    }
}

/// Whether a report shows object names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urls {
    /// As URLs.
    Shown,
    /// Not at all: logs of CI are often public.
    Hidden,
}

impl Urls {
    fn of(self, target: &Target, key: &ObjectKey) -> Option<String> {
        (self == Urls::Shown).then(|| store::public_url(target, key))
    }
}

/// Those of one cause together, in the order of the first of each. What has no cause stands alone.
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

/// Returns `1 file` or `2 files`.
pub fn count(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

fn tally(tally: Tally) -> String {
    match tally.objects {
        0 => "0".to_string(),
        n => format!("{n} ({})", HumanBytes(tally.bytes)),
    }
}
