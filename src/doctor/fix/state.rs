//! Where the releases go when strangers could read them, and what closes the place where they are.

use super::super::culprit;
use super::{Fix, Mend, Step};
use crate::config::command::quoted;
use crate::config::{Access, Place, Target};
use crate::release::layout::FOLDER;
use crate::store::control::Grant;

impl Fix<'_> {
    /// Releases that are in the way get another place, and those that were there go: they tell as much as the new ones.
    pub(in crate::doctor) fn after_the_releases(&self, verb: &str, access: Access) -> Mend {
        let Some(why) = releases_in_the_way(self.target, access) else {
            return self.own(verb);
        };
        let moved = self.move_releases();
        let why = format!("{why}: strangers could read the releases");
        if self.is_bare() {
            let state = format!(" --state {}", self.url_of_state_elsewhere());
            let then = self.command(verb);
            return format!("first {} ({why}); then {then}{state}", moved.text).into();
        }
        self.own(verb).after(moved.because(&why))
    }

    /// Another place for the releases, and nothing left of those in the target.
    pub(in crate::doctor) fn move_releases(&self) -> Mend {
        let old = self.target.state.is_none();
        if self.is_bare() {
            let old = match old {
                true => format!(
                    "; then take away those that are in the target: {}",
                    self.remove_old_releases()
                ),
                false => String::new(),
            };
            return format!("{}{old}", self.state_elsewhere_bare()).into();
        }
        let place = self.url_of_state_elsewhere();
        let name = &self.target.name;
        let mut steps = vec![
            Step::Run(self.make_bucket_of(&place)),
            self.setting(&format!("state = \"{place}\""), name),
            Step::Run(self.command("push --begin-anew")),
        ];
        if old {
            steps.push(Step::Run(self.remove_old_releases()));
        }
        Mend::all(steps).because("releases begin anew there, and no object is uploaded again")
    }

    /// The same once the releases have another place.
    pub(in crate::doctor) fn after_old_releases(&self, verb: &str) -> String {
        format!(
            "{}, so that the new place has its release; then {}; then {}",
            self.command("push --begin-anew"),
            self.remove_old_releases(),
            self.command(verb)
        )
    }

    /// Deletes the releases that were left in the target.
    pub(in crate::doctor) fn old_releases(&self) -> Mend {
        Mend::run(self.remove_old_releases())
    }

    fn remove_old_releases(&self) -> String {
        match &self.target.place {
            Place::S3 { bucket, prefix } => {
                let server = self.endpoint_url();
                let place = quoted(&format!("s3://{bucket}/{prefix}{FOLDER}"));
                format!("aws s3 rm --recursive {place}{server}")
            }
            Place::Gcs { bucket, prefix } => {
                let place = quoted(&format!("gs://{bucket}/{prefix}{FOLDER}"));
                format!("gcloud storage rm --recursive {place}")
            }
            Place::Directory(_) => String::new(),
        }
    }

    /// A private place for the releases of a target without a configuration.
    fn state_elsewhere_bare(&self) -> String {
        let place = self.url_of_state_elsewhere();
        let make = self.make_bucket_of(&place);
        format!(
            "add `--state {place}`, a private bucket (`{make}` makes one), and push with `--begin-anew`: releases begin anew there, and no object is uploaded again"
        )
    }

    /// Makes the bucket of a place such as `s3://hunt-releases/prod`.
    fn make_bucket_of(&self, place: &str) -> String {
        let url = place.rsplit_once('/').map_or(place, |(url, _)| url);
        match &self.target.place {
            Place::S3 { .. } => format!("aws s3 mb {url}{}", self.endpoint_url()),
            _ => format!(
                "gcloud storage buckets create {url} --uniform-bucket-level-access --public-access-prevention"
            ),
        }
    }

    /// A folder of a bucket that is named like the target's.
    fn url_of_state_elsewhere(&self) -> String {
        let folder = match self.is_bare() {
            true => "releases",
            false => &self.target.name,
        };
        let (scheme, of_target) = match &self.target.place {
            Place::Gcs { bucket, .. } => ("gs", bucket),
            Place::S3 { bucket, .. } => ("s3", bucket),
            Place::Directory(_) => return String::new(),
        };
        let name = format!("{of_target}-releases");
        let is_taken = self.target.state.as_ref().and_then(bucket) == Some(&name);
        let more = if is_taken { "-2" } else { "" };
        format!("{scheme}://{name}{more}/{folder}")
    }

    /// Keeps strangers from the releases, where these rules let them in.
    pub(in crate::doctor) fn close_state(&self, culprits: &[&Grant]) -> Mend {
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

    /// The same, where nobody told which rules these are.
    pub(in crate::doctor) fn find_and_close_state(&self) -> Mend {
        match self.has_bucket_of_state() {
            true => self.access_close(),
            false => self.move_releases(),
        }
    }

    fn take_out_of_state(&self, rule: &str) -> Mend {
        let of_state = Target {
            place: self.place_of_state().clone(),
            ..self.target.clone()
        };
        Fix::of(&of_state, self.server_of(&of_state.place)).take_out(rule)
    }

    /// Whether the releases are in a bucket of their own.
    fn has_bucket_of_state(&self) -> bool {
        has_bucket_of_state(self.target)
    }
}

/// Whether a target's releases are in a bucket of their own.
pub(in crate::doctor) fn has_bucket_of_state(target: &Target) -> bool {
    use Place::{Directory, Gcs, S3};
    match (&target.state, &target.place) {
        (None | Some(Directory(_)), _) => false,
        (Some(S3 { bucket: a, .. }), S3 { bucket: b, .. })
        | (Some(Gcs { bucket: a, .. }), Gcs { bucket: b, .. }) => a != b,
        (Some(_), _) => true,
    }
}

/// Why strangers could read the releases if `access` were so; none if they couldn't. A whole bucket on S3 can be made public but
/// for its releases. Below a prefix that can't be said, and on Google not at all.
pub(in crate::doctor) fn releases_in_the_way(
    target: &Target,
    access: Access,
) -> Option<&'static str> {
    if access == Access::ObjectAcl {
        return None;
    }
    let is_same_bucket = match &target.state {
        None => true,
        Some(state) => bucket(state) == bucket(&target.place),
    };
    match (&target.place, &target.state) {
        (Place::Gcs { .. }, _) if is_same_bucket => {
            Some("on Google Cloud a right counts for the whole bucket")
        }
        (Place::S3 { prefix, .. }, None) if !prefix.is_empty() => {
            Some("a policy can't leave a folder out of a prefix")
        }
        (Place::S3 { prefix, .. }, Some(Place::S3 { prefix: state, .. }))
            if is_same_bucket && state.starts_with(prefix.as_str()) =>
        {
            Some("`state` is below what everybody may read")
        }
        _ => None,
    }
}

fn bucket(place: &Place) -> Option<&str> {
    match place {
        Place::S3 { bucket, .. } | Place::Gcs { bucket, .. } => Some(bucket),
        Place::Directory(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{s3, target};
    use super::*;
    use crate::store::Server;

    #[test]
    fn releases_are_moved_before_a_bucket_is_made_public() {
        let at = |prefix: &str| Place::S3 {
            bucket: "hunt".into(),
            prefix: prefix.into(),
        };
        let gcs = || Place::Gcs {
            bucket: "hunt".into(),
            prefix: String::new(),
        };
        let is_in_the_way = |place: Place, state: Option<Place>| {
            let mut target = target("prod", place);
            target.state = state;
            let apply = Fix::of(&target, Server::Unknown).access_apply().text;
            let is_first = apply.starts_with("first `");
            assert!(apply.ends_with("assetsync access apply prod"), "{apply}");
            assert_eq!(releases_in_the_way(&target, Access::ObjectAcl), None);
            is_first
        };
        assert!(!is_in_the_way(at(""), None));
        assert!(is_in_the_way(at("static/"), None));
        assert!(!is_in_the_way(at("static/"), Some(at("private/"))));
        assert!(is_in_the_way(at("static/"), Some(at("static/private/"))));
        assert!(is_in_the_way(at(""), Some(at("private/"))));
        assert!(!is_in_the_way(at("static/"), Some(s3("private"))));
        assert!(is_in_the_way(gcs(), None));
        assert!(is_in_the_way(gcs(), Some(gcs())));
    }
}
