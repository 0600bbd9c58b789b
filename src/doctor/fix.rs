//! Commands that mend what is wrong: assetsync's own where there is one, else those of the clouds.

use crate::config::{Place, Target};
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

    /// Makes the bucket public as the target wants it.
    pub(super) fn access_apply(&self) -> String {
        self.own("access apply")
    }

    pub(super) fn access_unblock(&self) -> String {
        format!("{} --unblock", self.own("access apply"))
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

    /// Deletes the releases that were left in the target.
    pub(super) fn old_releases(&self) -> String {
        match &self.target.place {
            Place::S3 { bucket, prefix } => {
                let server = self.target.endpoint.as_ref();
                let server = server
                    .map(|url| format!(" --endpoint-url {}", url.as_str().trim_end_matches('/')));
                format!(
                    "aws s3 rm --recursive s3://{bucket}/{prefix}{FOLDER}{}",
                    server.unwrap_or_default()
                )
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
                let endpoint = target.endpoint.as_ref().map_or(String::new(), |url| {
                    format!(" --endpoint-url {}", url.as_str().trim_end_matches('/'))
                });
                format!("aws s3api {}{endpoint}", s3.replace("BUCKET", bucket))
            }
            Place::Gcs { bucket, .. } => {
                format!("gcloud storage {}", gcs.replace("BUCKET", bucket))
            }
            Place::Directory(_) => String::new(),
        }
    }

    /// A private place for the releases, as a line of the configuration.
    pub(super) fn state_elsewhere(&self) -> String {
        let scheme = match &self.target.place {
            Place::Gcs { .. } => "gs",
            _ => "s3",
        };
        format!(
            "name a private bucket for the releases: `state = \"{scheme}://A-PRIVATE-BUCKET/{}\"` (how to move them: examples/buckets/README.md)",
            match self.target.name.contains(':') {
                true => "releases",
                false => &self.target.name,
            }
        )
    }

    /// Keeps strangers from the releases.
    pub(super) fn hide_state(&self) -> String {
        match (&self.target.state, &self.target.place) {
            (Some(_), _) => self.cloud_of_state(
                "put-public-access-block --bucket BUCKET --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
                "buckets update gs://BUCKET --public-access-prevention",
            ),
            (None, _) => self.state_elsewhere(),
        }
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
        two.state = Some(s3("hunt-releases"));
        assert!(Fix::of(&two).hide_state().contains("hunt-releases"));
        assert!(Fix::of(&prod).hide_state().contains("state = \"s3://"));
    }
}
