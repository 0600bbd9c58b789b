//! Where the releases go when strangers could read them, and what closes the place where they are.

use super::super::culprit;
use super::Fix;
use crate::config::{Access, Place, Target};
use crate::release::layout::FOLDER;
use crate::store::control::{Grant, RuleKind};

impl Fix<'_> {
    /// Releases that are in the way get another place, and those that were there go: they tell as much as the new ones.
    pub(in crate::doctor) fn after_the_releases(&self, verb: &str, access: Access) -> String {
        let Some(why) = releases_in_the_way(self.target, access) else {
            return self.own_with(verb);
        };
        let moved = match self.is_bare() {
            true => format!(" --state {}", self.url_of_state_elsewhere()),
            false => String::new(),
        };
        format!(
            "first {} ({why}: strangers could read the releases); then {}{moved}",
            self.move_releases(),
            self.own_with(verb)
        )
    }

    /// Another place for the releases, and nothing left of those in the target.
    pub(in crate::doctor) fn move_releases(&self) -> String {
        match &self.target.state {
            None => format!(
                "{}; then take away those that are in the target: {}",
                self.state_elsewhere(),
                self.old_releases()
            ),
            Some(_) => self.state_elsewhere(),
        }
    }

    /// The same once the releases have another place.
    pub(in crate::doctor) fn after_old_releases(&self, verb: &str) -> String {
        format!(
            "push once, so that the new place has its release; then {}; then {}",
            self.old_releases(),
            self.own(verb)
        )
    }

    /// Deletes the releases that were left in the target.
    pub(in crate::doctor) fn old_releases(&self) -> String {
        match &self.target.place {
            Place::S3 { bucket, prefix } => {
                let server = self.endpoint_url();
                format!("aws s3 rm --recursive s3://{bucket}/{prefix}{FOLDER}{server}")
            }
            Place::Gcs { bucket, prefix } => {
                format!("gcloud storage rm --recursive gs://{bucket}/{prefix}{FOLDER}")
            }
            Place::Directory(_) => String::new(),
        }
    }

    /// A private place for the releases, as a line of the configuration, and what makes it.
    pub(in crate::doctor) fn state_elsewhere(&self) -> String {
        let name = &self.target.name;
        let place = self.url_of_state_elsewhere();
        let Some((url, _)) = place.rsplit_once('/') else {
            return String::new();
        };
        let make = match &self.target.place {
            Place::S3 { .. } => format!("aws s3 mb {url}{}", self.endpoint_url()),
            _ => format!(
                "gcloud storage buckets create {url} --uniform-bucket-level-access --public-access-prevention"
            ),
        };
        let set = match self.is_bare() {
            true => format!("add `--state {place}`"),
            false => {
                format!("write `state = \"{place}\"` below `[target.{name}]` in assetsync.toml")
            }
        };
        format!(
            "{set}, a private bucket (`{make}` makes one), and push: releases begin anew there, and no object is uploaded again"
        )
    }

    /// A folder of a bucket that is named like the target's.
    fn url_of_state_elsewhere(&self) -> String {
        let folder = match self.is_bare() {
            true => "releases",
            false => &self.target.name,
        };
        match &self.target.place {
            Place::Gcs { bucket, .. } => format!("gs://{bucket}-releases/{folder}"),
            Place::S3 { bucket, .. } => format!("s3://{bucket}-releases/{folder}"),
            Place::Directory(_) => String::new(),
        }
    }

    /// Keeps strangers from the releases, where these rules let them in. On another server than Amazon's, each rule has to go: a
    /// protection that it takes may keep nobody out.
    pub(in crate::doctor) fn close_state(&self, culprits: &[&Grant]) -> String {
        if !self.is_for_amazons_likes() || !self.has_bucket_of_state() {
            return self.hide_state();
        }
        let of_kind = |kind| -> Vec<&Grant> {
            let culprits = culprits.iter().copied();
            culprits.filter(|grant| grant.kind == kind).collect()
        };
        let (acls, statements) = (of_kind(RuleKind::Acl), of_kind(RuleKind::Policy));
        let mut ways = Vec::new();
        if !acls.is_empty() {
            let command = self.cloud_of_state("put-bucket-acl --bucket BUCKET --acl private", "");
            ways.push(format!("{command} (its owner alone stays in that ACL)"));
        }
        if !statements.is_empty() {
            let mut names: Vec<&str> = statements.iter().map(|grant| grant.by.as_str()).collect();
            names.dedup();
            ways.push(self.without_statements(&names.join(", ")));
        }
        match ways.is_empty() {
            true => culprit::ASK.to_string(),
            false => ways.join("; and "),
        }
    }

    /// The same, where nobody told which rules these are.
    pub(in crate::doctor) fn find_and_close_state(&self) -> String {
        if !self.is_for_amazons_likes() || !self.has_bucket_of_state() {
            return self.hide_state();
        }
        let acl = self.cloud_of_state("put-bucket-acl --bucket BUCKET --acl private", "");
        let statements = self.without_statements("what lets in everybody (`\"Principal\": \"*\"`)");
        format!("{acl}; and {statements}")
    }

    /// Takes statements out of the policy of the bucket that has the releases.
    fn without_statements(&self, names: &str) -> String {
        let command = |s3| self.cloud_of_state(s3, "");
        format!(
            "take {names} out: {} > policy.json, edit it, then {}, or, if nothing is left in it, {}",
            command("get-bucket-policy --bucket BUCKET --query Policy --output text"),
            command("put-bucket-policy --bucket BUCKET --policy file://policy.json"),
            command("delete-bucket-policy --bucket BUCKET")
        )
    }

    /// Whether the releases are in a bucket of their own.
    fn has_bucket_of_state(&self) -> bool {
        let state = self.target.state.as_ref();
        state.is_some_and(|state| bucket(state) != bucket(&self.target.place))
    }

    /// Keeps strangers from the releases, whatever lets them in.
    pub(in crate::doctor) fn hide_state(&self) -> String {
        match &self.target.state {
            Some(state) if bucket(state) != bucket(&self.target.place) => {
                // Ceph's radosgw 16 refuses every upload where public ACLs are refused, with an ACL or without.
                let refuses_acls = self.target.endpoint.is_none();
                self.cloud_of_state(
                    &format!("put-public-access-block --bucket BUCKET --public-access-block-configuration BlockPublicAcls={refuses_acls},IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"),
                    "buckets update gs://BUCKET --public-access-prevention",
                )
            }
            _ => self.move_releases(),
        }
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
            let apply = Fix::of(&target).access_apply();
            let is_first = apply.starts_with("first write `state = ");
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
