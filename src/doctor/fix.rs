//! Commands that mend what is wrong: assetsync's own where there is one, else those of the clouds.

use crate::config::{Access, Place, Target};
use crate::release::state::FOLDER;

/// Commands for one target.
#[derive(Debug, Clone)]
pub(super) struct Fix<'a> {
    target: &'a Target,
}

impl<'a> Fix<'a> {
    pub(super) fn of(target: &'a Target) -> Fix<'a> {
        Fix { target }
    }

    /// `assetsync VERB TARGET`.
    pub(super) fn own(&self, verb: &str) -> String {
        let name = &self.target.name;
        // Without a configuration, a target is called by its URL.
        match name.contains(':') {
            true => format!("assetsync {verb} --to {name}"),
            false => format!("assetsync {verb} {name}"),
        }
    }

    /// Makes the bucket public as the target wants it; where the releases are in the way, they go first.
    pub(super) fn access_apply(&self) -> String {
        self.after_the_releases("access apply", self.target.access)
    }

    pub(super) fn access_unblock(&self) -> String {
        self.after_the_releases("access apply --unblock", self.target.access)
    }

    /// Makes the bucket public as a whole, for a target that has objects public one by one.
    pub(super) fn access_bucket(&self) -> String {
        let then = self.after_the_releases("access apply", Access::Bucket);
        format!("set `access = \"bucket\"`, and {then}")
    }

    /// Takes from strangers what they may do besides reading.
    pub(super) fn access_close(&self) -> String {
        self.own("access close")
    }

    fn after_the_releases(&self, verb: &str, access: Access) -> String {
        let own = self.own_with(verb);
        match releases_in_the_way(self.target, access) {
            None => own,
            Some(why) => format!(
                "first {} ({why}: strangers could read the releases); then {own}",
                self.state_elsewhere()
            ),
        }
    }

    /// A verb with its flags behind the target.
    fn own_with(&self, verb: &str) -> String {
        match verb.split_once(" --") {
            Some((verb, flag)) => format!("{} --{flag}", self.own(verb)),
            None => self.own(verb),
        }
    }

    /// Sets the CORS policy that the target's file has.
    pub(super) fn cors_apply(&self) -> String {
        self.own("cors apply")
    }

    /// One of the clouds' commands, for the target's bucket: the first on S3, the second on Google.
    pub(super) fn cloud(&self, s3: &str, gcs: &str) -> String {
        Fix::at(self.target, &self.target.place, s3, gcs)
    }

    /// The same, for the bucket that has the releases.
    pub(super) fn cloud_of_state(&self, s3: &str, gcs: &str) -> String {
        let place = self.target.state.as_ref().unwrap_or(&self.target.place);
        Fix::at(self.target, place, s3, gcs)
    }

    /// A server that ignores conditions. Ceph's radosgw 16 does so in versioned buckets alone, also where a version is expected.
    pub(super) fn conditions(&self, place: &Place) -> String {
        const OTHER: &str =
            "use a newer version of this server, or another one: assetsync can't be safe here";
        match place {
            Place::S3 { .. } => format!(
                "if the bucket is versioned, suspend that, since some servers keep no conditions there (Ceph's radosgw 16): `{}`; else {OTHER}",
                Fix::at(
                    self.target,
                    place,
                    "put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Suspended",
                    ""
                )
            ),
            _ => OTHER.to_string(),
        }
    }

    /// The same, where the releases are.
    pub(super) fn conditions_of_state(&self) -> String {
        self.conditions(self.target.state.as_ref().unwrap_or(&self.target.place))
    }

    /// What the commands for S3 need at another server than Amazon's.
    fn endpoint_url(&self) -> String {
        self.target.endpoint.as_ref().map_or(String::new(), |url| {
            format!(" --endpoint-url {}", url.as_str().trim_end_matches('/'))
        })
    }

    /// Deletes the releases that were left in the target.
    pub(super) fn old_releases(&self) -> String {
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

    /// Whether the server is somebody else's that speaks S3.
    pub(super) fn is_for_amazons_likes(&self) -> bool {
        matches!(self.target.place, Place::S3 { .. }) && self.target.endpoint.is_some()
    }

    /// Turns versioning on, or what does as well.
    pub(super) fn versioning(&self) -> String {
        self.cloud(
            "put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Enabled",
            "buckets update gs://BUCKET --soft-delete-duration=7d",
        )
    }

    fn at(target: &Target, place: &Place, s3: &str, gcs: &str) -> String {
        match place {
            Place::S3 { bucket, .. } => {
                let endpoint = Fix::of(target).endpoint_url();
                format!("aws s3api {}{endpoint}", s3.replace("BUCKET", bucket))
            }
            Place::Gcs { bucket, .. } => {
                format!("gcloud storage {}", gcs.replace("BUCKET", bucket))
            }
            Place::Directory(_) => String::new(),
        }
    }

    /// A private place for the releases, as a line of the configuration, and what makes it.
    pub(super) fn state_elsewhere(&self) -> String {
        let name = &self.target.name;
        let is_bare = name.contains(':');
        let folder = if is_bare { "releases" } else { name };
        let url = match &self.target.place {
            Place::Gcs { bucket, .. } => format!("gs://{bucket}-releases"),
            Place::S3 { bucket, .. } => format!("s3://{bucket}-releases"),
            Place::Directory(_) => return String::new(),
        };
        let make = match &self.target.place {
            Place::S3 { .. } => format!("aws s3 mb {url}{}", self.endpoint_url()),
            _ => format!(
                "gcloud storage buckets create {url} --uniform-bucket-level-access --public-access-prevention"
            ),
        };
        let set = match is_bare {
            true => format!("add `--state {url}/{folder}`"),
            false => {
                format!(
                    "write `state = \"{url}/{folder}\"` below `[target.{name}]` in assetsync.toml"
                )
            }
        };
        format!(
            "{set}, a private bucket (`{make}` makes one), and push: releases begin anew there, and no object is uploaded again"
        )
    }

    /// Keeps strangers from the releases.
    pub(super) fn hide_state(&self) -> String {
        match &self.target.state {
            Some(state) if bucket(state) != bucket(&self.target.place) => {
                // Ceph's radosgw 16 refuses every upload where public ACLs are refused, with an ACL or without.
                let refuses_acls = self.target.endpoint.is_none();
                self.cloud_of_state(
                    &format!("put-public-access-block --bucket BUCKET --public-access-block-configuration BlockPublicAcls={refuses_acls},IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"),
                    "buckets update gs://BUCKET --public-access-prevention",
                )
            }
            _ => self.state_elsewhere(),
        }
    }
}

fn bucket(place: &Place) -> Option<&str> {
    match place {
        Place::S3 { bucket, .. } | Place::Gcs { bucket, .. } => Some(bucket),
        Place::Directory(_) => None,
    }
}

/// Why strangers could read the releases if `access` were so; none if they couldn't. A whole bucket on S3 can be made public but
/// for its releases. Below a prefix that can't be said, and on Google not at all.
pub(super) fn releases_in_the_way(target: &Target, access: Access) -> Option<&'static str> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Access;

    fn target(name: &str, place: Place) -> Target {
        Target {
            name: name.into(),
            place,
            public_url: None,
            access: Access::Bucket,
            endpoint: Some("http://localhost:9000/".parse().expect("a URL")),
            region: None,
            addressing: None,
            state: None,
            cors: None,
        }
    }

    fn s3(bucket: &str) -> Place {
        Place::S3 {
            bucket: bucket.into(),
            prefix: String::new(),
        }
    }

    #[test]
    fn commands_can_be_copied_as_they_are() {
        let prod = target("prod", s3("hunt"));
        let fix = Fix::of(&prod);
        assert_eq!(fix.access_apply(), "assetsync access apply prod");
        assert_eq!(
            fix.cloud("put-bucket-acl --bucket BUCKET --acl private", ""),
            "aws s3api put-bucket-acl --bucket hunt --acl private --endpoint-url http://localhost:9000"
        );
        let bare = target("s3://hunt", s3("hunt"));
        assert_eq!(
            Fix::of(&bare).access_apply(),
            "assetsync access apply --to s3://hunt"
        );
        let mut two = target("prod", s3("hunt"));
        two.state = Some(s3("private"));
        assert!(Fix::of(&two).hide_state().contains("--bucket private"));
        let line = "write `state = \"s3://hunt-releases/prod\"` below `[target.prod]`";
        assert!(Fix::of(&prod).hide_state().contains(line));
        two.state = Some(s3("hunt"));
        assert!(
            Fix::of(&two).hide_state().contains(line),
            "a block would close what is published, too"
        );
        assert!(
            Fix::of(&bare)
                .hide_state()
                .contains("--state s3://hunt-releases/releases")
        );
    }

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
