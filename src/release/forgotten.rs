//! Objects of releases that are nowhere to be found: the place where a push looks for releases is
//! mistyped, or was lost. Pure.
//!
//! A first push writes into the root that it begins before it uploads anything. So objects that are
//! there without such a root are those of releases that are kept elsewhere, or were; and nobody
//! knows whether the target is live.

use std::collections::HashSet;

use super::Base;
use super::guard::Refused;
use super::layout::{self, FOLDER, ROOT};
use crate::build::Build;
use crate::config::{Place, Target};
use crate::doctor::may_be_probe;
use crate::error::escape;
use crate::inventory::Inventory;
use crate::name::Token;
use crate::plan::{Action, Plan};
use crate::report::count;
use crate::store::{Listing, Stored, token_in_name};

/// Says what to do before anything but a push, if all is meant.
pub const PUSH_FIRST: &str =
    "`assetsync push --begin-anew` first, if all of that is meant to be forgotten";

/// Holds what a target has of releases that aren't where they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Logical paths of files that are there, under names that the key alone makes or with a token.
    files: Vec<String>,
    /// Other objects with names as a key makes them.
    others: u64,
    /// Set if there are releases in the target itself.
    has_releases: bool,
}

impl Forgotten {
    /// Finds what `build` has in the target already, though no push is known to have begun.
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
        // A target inside of this one isn't its business.
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

    /// Finds what a listing shows, where there is no tree to compare it with.
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

    /// Says what was seen, where releases were looked for, and what to do: `otherwise`, if all is
    /// meant.
    pub fn refused(&self, target: &Target, otherwise: &str) -> Refused {
        let place = place_in_words(target);
        let others = count(self.others, "object");
        let seen = match (self.files.first(), self.others) {
            (None, _) => format!("{others} that assetsync put there"),
            (Some(first), others_there) => {
                let files = count(self.files.len() as u64, "file");
                let more = match others_there {
                    0 => String::new(),
                    _ => format!(" and {others}"),
                };
                format!(
                    "{files} of this tree{more} that assetsync put there, such as `{}`",
                    escape(first)
                )
            }
        };
        Refused {
            message: format!(
                "The target already has {seen}, but there are no releases in {place}: nobody knows which one is current, and whether the target is live"
            ),
            hint: format!("{}; {otherwise}", self.remedy(target, &place)),
        }
    }

    fn remedy(&self, target: &Target, place: &str) -> String {
        let state = match target.is_bare() {
            true => "--state",
            false => "state",
        };
        match (&target.state, &target.place) {
            (Some(_), _) if self.has_releases => format!(
                "correct `{state}`, or leave it out: there are releases in the target itself, in `{FOLDER}`"
            ),
            (Some(_), _) => {
                format!("correct `{state}`, or put back what was in {place}")
            }
            (None, _) => {
                format!("name the place of the releases with `{state}`, or put {place} back")
            }
        }
    }
}

/// Tells whether assetsync put it there: nobody else could name it, or it has a token.
fn is_published(action: &Action<'_>) -> bool {
    let there = action.there.as_ref();
    there.is_some_and(|there| action.object.is_keyed() || there.token.is_some())
}

/// Lists the keys that have a token, but for documents, and what `doctor` may have left.
fn keyed(listing: &Listing) -> impl Iterator<Item = &str> {
    let keyed = listing.iter().filter(|(key, stored)| {
        token_in_name(key).is_some() && !key.starts_with(FOLDER) && !may_be_probe(key, stored)
    });
    keyed.map(|(key, _)| key.as_str())
}

fn folder(key: &str) -> &str {
    key.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Tells whether `key` is that of a root in the target itself.
fn is_root(key: &str) -> bool {
    let within = key.strip_prefix(FOLDER);
    let folder = within.and_then(|rest| rest.strip_suffix(ROOT)?.strip_suffix('/'));
    folder.is_some_and(|folder| Token::parse(folder).is_some())
}

fn place_in_words(target: &Target) -> String {
    match (&target.state, &target.place) {
        (Some(state), _) => format!("`{}`", escape(&crate::config::command::url(state))),
        (None, Place::Directory(folder)) => match layout::beside(folder) {
            Ok(beside) => format!("`{}`", escape(&beside.display().to_string())),
            Err(_) => "the folder beside it".to_string(),
        },
        (None, _) => format!("the target's `{FOLDER}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str]) -> Option<u64> {
        let listing = keys.iter().map(|key| (key.to_string(), Stored::default()));
        Forgotten::find_in(&listing.collect()).map(|found| found.others)
    }

    #[test]
    fn objects_of_other_programs_and_documents_are_no_sign_of_releases() {
        let token = Token::ZERO;
        assert_eq!(
            found(&[&format!("{token}.png"), &format!("img/map.{token}.png")]),
            Some(2)
        );
        let document = format!("{FOLDER}{token}/plain/{token}");
        // A ULID, and a hash in hex.
        let (ulid, hex) = (
            "01arz3ndektsv4rrffq69g5fav.png",
            "9e107d9d372bb6826bd81d3542.js",
        );
        assert_eq!(found(&["index.html", &document, ulid, hex]), None);
    }

    #[test]
    fn releases_in_the_target_are_told_by_their_root() {
        let token = Token::ZERO;
        assert!(is_root(&format!("{FOLDER}{token}/{ROOT}")));
        assert!(!is_root(&format!("{FOLDER}{token}/releases/{ROOT}")));
        assert!(!is_root(&format!("{FOLDER}{ROOT}")));
    }
}
