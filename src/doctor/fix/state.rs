//! Fixes for releases that strangers could read: another place for them, or protection of the
//! present one.

use super::super::culprit;
use super::{Fix, Remedy, Step};
use crate::base::hint::{Command, Verb};
use crate::config::{Access, Place, Target};
use crate::release::layout::FOLDER;
use crate::store::control::Grant;

/// Consequence of a new place for the releases.
const STARTS_ANEW: &str = "the list of releases starts anew there, and no object is uploaded again";

/// Why the releases go first.
pub(super) fn otherwise_open(why: &str) -> String {
    format!("otherwise strangers could read the releases: {why}")
}

impl Fix<'_> {
    /// Releases that are in the way get another place, and those that were there go: they tell as
    /// much as the new ones.
    pub(in crate::doctor) fn after_the_releases(&self, command: Command, access: Access) -> Remedy {
        let Some(why) = self.target.opens_releases(access) else {
            return self.own(command);
        };
        let moved = self.move_releases();
        let why = otherwise_open(why);
        if self.is_bare() {
            let state = format!("--state {}", self.url_of_state_elsewhere());
            let then = self.command(command.and(&state));
            let then = Remedy::from(format!("`{then}`")).because(&why);
            return then.after(moved);
        }
        self.own(command).after(moved.because(&why))
    }

    /// Another place for the releases, and nothing left of those in the target.
    pub(in crate::doctor) fn move_releases(&self) -> Remedy {
        let old = self.target.state.is_none();
        if self.is_bare() {
            let moved = self.state_elsewhere_bare();
            let moved = if old {
                moved.then(format!("`{}`", self.remove_old_releases()).into())
            } else {
                moved
            };
            return moved.because(STARTS_ANEW);
        }
        let place = self.url_of_state_elsewhere();
        let name = &self.target.name;
        let moved = Remedy::all(vec![
            Step::Run(self.make_bucket_of(&place)),
            self.setting(&format!("state = \"{place}\""), name),
            Step::Run(self.command(Verb::Push.with("--begin-anew"))),
        ]);
        let moved = moved.because(STARTS_ANEW);
        if old {
            moved.then(Remedy::all(vec![Step::Run(self.remove_old_releases())]))
        } else {
            moved
        }
    }

    /// The same once the releases have another place.
    pub(in crate::doctor) fn after_old_releases(&self, verb: Verb) -> String {
        format!(
            "run `{}`, which creates a release in the new place, \
             then `{}`, which deletes the old ones, then `{}`",
            self.command(Verb::Push.with("--begin-anew")),
            self.remove_old_releases(),
            self.command(verb)
        )
    }

    /// Deletes the releases that were left in the target.
    pub(in crate::doctor) fn old_releases(&self) -> Remedy {
        Remedy::run(self.remove_old_releases())
    }

    fn remove_old_releases(&self) -> String {
        let tools = self.tools(&self.target.place);
        tools.map_or(String::new(), |tools| tools.remove_folder(FOLDER))
    }

    /// A private place for the releases of a target without a configuration.
    fn state_elsewhere_bare(&self) -> Remedy {
        let place = self.url_of_state_elsewhere();
        let make = Remedy::from(format!("`{}`", self.make_bucket_of(&place)));
        let push = format!(
            "push once with `--state {place} --begin-anew`, \
             and pass `--state {place}` to every later command"
        );
        make.then(push.into())
    }

    /// Makes the bucket of a place such as `s3://hunt-releases/prod`.
    fn make_bucket_of(&self, place: &str) -> String {
        let url = place.rsplit_once('/').map_or(place, |(url, _)| url);
        let tools = self.tools(&self.target.place);
        tools.map_or(String::new(), |tools| tools.make_private(url))
    }

    /// A folder of a bucket that is named like the target's.
    fn url_of_state_elsewhere(&self) -> String {
        let folder = if self.is_bare() {
            "releases"
        } else {
            &self.target.name
        };
        let Some(of_target) = self.target.place.bucket() else {
            return String::new();
        };
        let name = format!("{}-releases", of_target.name);
        let of_state = self.target.state.as_ref().and_then(Place::bucket);
        let is_taken = of_state.is_some_and(|bucket| bucket.name == name);
        let more = if is_taken { "-2" } else { "" };
        format!("{}://{name}{more}/{folder}", of_target.scheme())
    }

    /// Keeps strangers from the releases, where these rules let them in.
    pub(in crate::doctor) fn close_state(&self, culprits: &[&Grant]) -> Remedy {
        if !self.has_bucket_of_state() {
            return self.move_releases();
        }
        match culprits.iter().find(|grant| grant.is_conditional) {
            _ if culprits.is_empty() => culprit::ASK.into(),
            Some(grant) if culprits.iter().all(|grant| grant.is_conditional) => {
                self.take_out_of_state(&grant.by)
            }
            _ => self.access_close(),
        }
    }

    /// Returns the same fix if the rules are unknown.
    pub(in crate::doctor) fn find_and_close_state(&self) -> Remedy {
        if self.has_bucket_of_state() {
            self.access_close()
        } else {
            self.move_releases()
        }
    }

    fn take_out_of_state(&self, rule: &str) -> Remedy {
        let of_state = Target {
            place: self.place_of_state().clone(),
            ..self.target.clone()
        };
        Fix::of(&of_state, self.server_of(&of_state.place)).take_out(rule)
    }

    /// Checks whether the releases are in a bucket of their own.
    fn has_bucket_of_state(&self) -> bool {
        has_bucket_of_state(self.target)
    }
}

/// Checks whether a target's releases are in a bucket of their own.
pub(in crate::doctor) fn has_bucket_of_state(target: &Target) -> bool {
    let of_state = target.state.as_ref().and_then(Place::bucket);
    let of_target = target.place.bucket();
    of_state.is_some_and(|state| !of_target.is_some_and(|bucket| bucket.is_same(state)))
}

#[cfg(test)]
mod tests;
