//! Commands that mend what is wrong: assetsync's own where there is one, else those of the clouds.

use url::Url;

use super::culprit;
use crate::config::{Access, Addressing, Place, Target};
use crate::release::state::FOLDER;
use crate::store::control::{Grant, RuleKind};

/// Commands for one target.
#[derive(Debug, Clone)]
pub(super) struct Fix<'a> {
    target: &'a Target,
}

impl<'a> Fix<'a> {
    pub(super) fn of(target: &'a Target) -> Fix<'a> {
        Fix { target }
    }

    /// `assetsync VERB TARGET`. Without a configuration, a target is called by its URL, and nothing but flags tells of its server:
    /// without them, the command would go to somebody else's bucket of this name.
    pub(super) fn own(&self, verb: &str) -> String {
        let name = &self.target.name;
        match self.is_bare() {
            true => format!("assetsync {verb} --to {name}{}", self.flags(verb)),
            false => format!("assetsync {verb} {name}"),
        }
    }

    /// Whether the target has no name in a configuration.
    fn is_bare(&self) -> bool {
        self.target.name.contains(':')
    }

    /// All that a verb has to be told of a target that no configuration has.
    fn flags(&self, verb: &str) -> String {
        let target = self.target;
        let addressing = target.addressing.map(|addressing| match addressing {
            Addressing::Path => "path",
            Addressing::Virtual => "virtual",
        });
        let access = (target.access == Access::ObjectAcl).then_some("object-acl");
        let (is_of_cors, is_of_access) = (verb.starts_with("cors"), verb.starts_with("access"));
        let of_readers = |value: Option<String>| value.filter(|_| !is_of_cors);
        let cors = target.cors.as_ref().filter(|_| !is_of_access);
        let flags = [
            ("endpoint", target.endpoint.as_ref().map(server)),
            ("region", target.region.clone()),
            ("addressing", addressing.map(str::to_string)),
            ("access", of_readers(access.map(str::to_string))),
            ("state", of_readers(target.state.as_ref().map(url))),
            (
                "public-url",
                of_readers(target.public_url.as_ref().map(Url::to_string)),
            ),
            ("cors", cors.map(|file| file.display().to_string())),
        ];
        let flags = flags
            .into_iter()
            .filter_map(|(flag, value)| Some((flag, value?)));
        flags
            .map(|(flag, value)| format!(" --{flag} {}", quoted(&value)))
            .collect()
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

    /// Releases that are in the way get another place, and those that were there go: they tell as much as the new ones.
    pub(super) fn after_the_releases(&self, verb: &str, access: Access) -> String {
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
    pub(super) fn move_releases(&self) -> String {
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
    pub(super) fn after_old_releases(&self, verb: &str) -> String {
        format!(
            "push once, so that the new place has its release; then {}; then {}",
            self.old_releases(),
            self.own(verb)
        )
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
    pub(super) fn close_state(&self, culprits: &[&Grant]) -> String {
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
    pub(super) fn find_and_close_state(&self) -> String {
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
            _ => self.move_releases(),
        }
    }
}

/// A server's URL, as people write it.
fn server(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_string()
}

/// How people write a place: `s3://hunt/static`.
fn url(place: &Place) -> String {
    match place {
        Place::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
        Place::Gcs { bucket, prefix } => format!("gs://{bucket}/{prefix}"),
        Place::Directory(folder) => format!("file:{}", folder.display()),
    }
    .trim_end_matches('/')
    .to_string()
}

/// A word of a command, in quotes if a shell would take it for more than that.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
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
