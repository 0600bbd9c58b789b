//! Objects of releases that can't be found: the place where a push looks for releases is mistyped
//! or lost. Pure.
//!
//! A first push writes the root before it uploads anything. So objects without such a root belong
//! to releases that are or were kept elsewhere, and it isn't known whether the target is live.

use std::collections::HashSet;

use super::Base;
use super::guard::Refused;
use super::layout::{self, FOLDER, ROOT};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Token;
use crate::base::refusal::Guard;
use crate::base::text::count;
use crate::base::text::escape;
use crate::config::Target;
use crate::inventory::Inventory;
use crate::naming::Build;
use crate::plan::{Action, Plan};
use crate::store::probe::may_be_probe;
use crate::store::{Listing, Stored, token_in_name};

/// Returns the hint to push before anything else, if the old releases may be forgotten.
pub fn push_first(target: &Target) -> Hint {
    let push = Verb::Push.with("--begin-anew");
    let more = match target.place.folder() {
        Some(_) => "; add `--allow-plain` if it may overwrite the pages in the folder",
        None => "",
    };
    push.then(format!(
        " first, to start over without the old releases{more}"
    ))
}

/// Objects in a target that belong to releases that aren't in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Logical paths of files that are in the target, under names that only the key can make or
    /// with a token.
    files: Vec<String>,
    /// Number of other objects with keyed names.
    others: u64,
    /// True if there are releases in the target itself.
    has_releases: bool,
}

impl Forgotten {
    /// Finds files of `build` that are already in the target although no push is known to have
    /// begun.
    pub fn find(
        base: &Base,
        build: &Build,
        plan: &Plan<'_>,
        inventory: &Inventory,
    ) -> Option<Forgotten> {
        if base.root.as_ref().is_some_and(|root| root.is_begun()) {
            return None;
        }
        let files = plan.actions.iter().filter(|action| is_published(action));
        let files = files.map(|action| action.object.path.to_string());
        let own: HashSet<&str> = build.objects.iter().map(|o| o.key.as_str()).collect();
        // A target inside this one is left out.
        let folders: HashSet<&str> = own.iter().map(|key| folder(key)).collect();
        let is_other = |key: &str| !own.contains(key) && folders.contains(folder(key));
        let listing = inventory.listing();
        let others = keyed(listing).filter(|key| is_other(key));
        Forgotten {
            files: files.collect(),
            others: others.count() as u64,
            has_releases: listing.keys().any(|key| is_root(key)),
        }
        .unless_empty()
    }

    /// Finds objects in a listing, if there is no tree to compare it with.
    pub fn find_in(listing: &Listing) -> Option<Forgotten> {
        let is_plain = |(key, stored): &(&String, &Stored)| {
            stored.token.is_some() && token_in_name(key).is_none()
        };
        let plain = listing.iter().filter(is_plain).count();
        Forgotten {
            files: Vec::new(),
            others: (keyed(listing).count() + plain) as u64,
            has_releases: listing.keys().any(|key| is_root(key)),
        }
        .unless_empty()
    }

    fn unless_empty(self) -> Option<Forgotten> {
        (!self.files.is_empty() || self.others > 0).then_some(self)
    }

    /// Returns the refusal: what was found, where releases were looked for, and what to do.
    /// `otherwise` is the hint for a user who wants to continue.
    pub fn refused(&self, target: &Target, otherwise: impl Into<Hint>) -> Refused {
        let place = place_in_words(target);
        let others = count(self.others, "object");
        let seen = match (self.files.first(), self.others) {
            (None, _) => format!("{others} published by assetsync"),
            (Some(first), others_there) => {
                let files = count(self.files.len() as u64, "file");
                let more = match others_there {
                    0 => String::new(),
                    _ => format!(" and {others}"),
                };
                format!(
                    "{files} of this tree{more} published by assetsync, such as `{}`",
                    escape(first)
                )
            }
        };
        Refused::by(
            Guard::Forgotten,
            format!(
                "The target already has {seen}, but there are no releases in {place}, so it's \
                 unknown which release is current and whether the target is live"
            ),
            Hint::from(self.remedy(target, &place))
                .then("; ")
                .then(otherwise),
        )
    }

    fn remedy(&self, target: &Target, place: &str) -> String {
        let state = if target.is_bare() { "--state" } else { "state" };
        match (&target.state, &target.place) {
            (Some(_), _) if self.has_releases => format!(
                "correct `{state}`, or remove it: the target itself has releases in `{FOLDER}`"
            ),
            (Some(_), _) => {
                format!("correct `{state}`, or restore what was in {place}")
            }
            (None, _) => {
                format!("set `{state}` to the place of the releases, or restore {place}")
            }
        }
    }
}

/// Returns whether assetsync stored the object: only assetsync can make its name, or it has a
/// token.
fn is_published(action: &Action<'_>) -> bool {
    let there = action.there.as_ref();
    there.is_some_and(|there| action.object.is_keyed() || there.token.is_some())
}

/// Lists the keys with a token, except documents and objects that `doctor` may have left.
fn keyed(listing: &Listing) -> impl Iterator<Item = &str> {
    let keyed = listing.iter().filter(|(key, stored)| {
        token_in_name(key).is_some() && !key.starts_with(FOLDER) && !may_be_probe(key, stored)
    });
    keyed.map(|(key, _)| key.as_str())
}

fn folder(key: &str) -> &str {
    key.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns whether `key` is the key of a root in the target itself.
fn is_root(key: &str) -> bool {
    let within = key.strip_prefix(FOLDER);
    let folder = within.and_then(|rest| rest.strip_suffix(ROOT)?.strip_suffix('/'));
    folder.is_some_and(|folder| Token::parse(folder).is_some())
}

fn place_in_words(target: &Target) -> String {
    match (&target.state, target.place.folder()) {
        (Some(state), _) => format!("`{}`", escape(&crate::store::command::url(state))),
        (None, Some(folder)) => match layout::beside(folder) {
            Ok(beside) => format!("`{}`", escape(&beside.display().to_string())),
            Err(_) => "the folder next to it".to_string(),
        },
        (None, None) => format!("the target's `{FOLDER}`"),
    }
}

#[cfg(test)]
mod tests;
