//! Commands that mend what is wrong: assetsync's own where there is one, else those of the clouds.

mod state;

use crate::config::command::server;
use crate::config::{Access, Place, Target};

pub(super) use self::state::releases_in_the_way;

/// Commands for one target.
#[derive(Debug, Clone)]
pub(super) struct Fix<'a> {
    target: &'a Target,
}

impl<'a> Fix<'a> {
    pub(super) fn of(target: &'a Target) -> Fix<'a> {
        Fix { target }
    }

    /// One of assetsync's own.
    pub(super) fn own(&self, verb: &str) -> String {
        self.target.command(verb)
    }

    fn is_bare(&self) -> bool {
        self.target.is_bare()
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

    /// A verb with its flags behind the target.
    pub(super) fn own_with(&self, verb: &str) -> String {
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
            format!(" --endpoint-url {}", server(url))
        })
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
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Addressing;

    pub(in crate::doctor) fn target(name: &str, place: Place) -> Target {
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

    pub(in crate::doctor) fn s3(bucket: &str) -> Place {
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
            "assetsync access apply --to s3://hunt --endpoint http://localhost:9000"
        );
        let mut full = target("s3://hunt", s3("hunt"));
        full.region = Some("eu".into());
        full.addressing = Some(Addressing::Path);
        full.access = Access::ObjectAcl;
        full.state = Some(Place::S3 {
            bucket: "private".into(),
            prefix: "prod/".into(),
        });
        full.cors = Some("the hunt's.json".into());
        let server =
            "--to s3://hunt --endpoint http://localhost:9000 --region eu --addressing path";
        let readers = "--access object-acl --state s3://private/prod";
        assert_eq!(
            Fix::of(&full).access_unblock(),
            format!("assetsync access apply {server} {readers} --unblock")
        );
        assert_eq!(
            Fix::of(&full).cors_apply(),
            format!(r"assetsync cors apply {server} --cors 'the hunt'\''s.json'"),
            "no verb is given a flag that it doesn't take"
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
}
