//! What mends things: assetsync's own commands where there are such, else those of the clouds. Servers that speak S3 differ, so
//! what is said depends on who answers; of one that isn't known, only what is safe on all of them is said.

mod state;

use super::mend::{Mend, Step};
use crate::config::command::{quoted, server};
use crate::config::{Access, Place, Target};
use crate::store::Server;
use crate::store::control::{Blocks, LifecycleRule, Told, Versioning};

pub(super) use self::state::{has_bucket_of_state, releases_in_the_way};

/// The rule that clears away uploads that were never finished, as `aws` takes it.
const UPLOADS_RULE: &str = r#"{"ID": "assetsync-uploads", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}"#;

/// A server that ignores conditions.
const OTHER_SERVER: &str =
    "use a newer version of this server, or another one: assetsync can't be safe here";

/// Such buckets can't be without versions, whatever is asked of them.
const LOCKED: &str = "a bucket with object lock keeps versions as long as it exists, and this server keeps no conditions in such a bucket";

/// What mends things of one target, on the server that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fix<'a> {
    pub(super) target: &'a Target,
    server: Server,
    /// Whether a protection of the bucket is in the way of its being public as the target wants it.
    is_blocked: bool,
}

impl<'a> Fix<'a> {
    pub(super) fn of(target: &'a Target, server: Server) -> Fix<'a> {
        Fix {
            target,
            server,
            is_blocked: false,
        }
    }

    /// The same for a bucket that has these protections.
    pub(super) fn given(self, blocks: &Told<Blocks>) -> Fix<'a> {
        let blocks = blocks.known().copied().unwrap_or_default();
        let is_blocked = match self.target.access {
            _ if self.refuses_uploads(&blocks) => true,
            Access::Bucket => blocks.refuses_policies || blocks.ignores_policies,
            Access::ObjectAcl => blocks.refuses_acls || blocks.ignores_acls,
        };
        Fix { is_blocked, ..self }
    }

    /// Whether every upload is refused, since public ACLs are: Ceph's radosgw 16 does so, with an ACL or without.
    pub(super) fn refuses_uploads(&self, blocks: &Blocks) -> bool {
        blocks.refuses_acls && self.server() == Server::Ceph
    }

    /// One of assetsync's own, with its flags behind the target.
    pub(super) fn own(&self, verb: &str) -> Mend {
        Mend::run(self.command(verb))
    }

    fn command(&self, verb: &str) -> String {
        match verb.split_once(" --") {
            Some((verb, flag)) => format!("{} --{flag}", self.target.command(verb)),
            None => self.target.command(verb),
        }
    }

    fn is_bare(&self) -> bool {
        self.target.is_bare()
    }

    /// The server that has the bucket at `place`, which is the target's or has its releases.
    fn server_of(&self, place: &Place) -> Server {
        match (place, &self.target.place) {
            (Place::Gcs { .. }, _) => Server::Google,
            (Place::S3 { .. }, Place::S3 { .. }) => self.server,
            _ => Server::Unknown,
        }
    }

    /// The server that has the target's bucket.
    pub(super) fn server(&self) -> Server {
        self.server_of(&self.target.place)
    }

    /// The place of the releases, or of the target that has them in it.
    fn place_of_state(&self) -> &'a Place {
        self.target.state.as_ref().unwrap_or(&self.target.place)
    }

    /// Makes the bucket public as the target wants it; where the releases are in the way, they go first.
    pub(super) fn access_apply(&self) -> Mend {
        let verb = match self.is_blocked {
            true => "access apply --unblock",
            false => "access apply",
        };
        self.after_the_releases(verb, self.target.access)
    }

    /// Makes the bucket public as a whole, for a target that has objects public one by one.
    pub(super) fn access_bucket(&self) -> Mend {
        if self.is_bare() {
            let then = self.after_the_releases("access apply", Access::Bucket);
            return format!("set `--access bucket`, and {}", then.text).into();
        }
        // What is pushed until the bucket is public has to have ACLs still.
        let set = self.setting("access = \"bucket\"", &self.target.name);
        let apply = self.own("access apply").after(Mend::all(vec![set]));
        match releases_in_the_way(self.target, Access::Bucket) {
            Some(why) => apply.after(self.move_releases().because(why)),
            None => apply,
        }
    }

    /// Takes from strangers what they may do besides reading, and everything where the releases are.
    pub(super) fn access_close(&self) -> Mend {
        self.own("access close")
    }

    /// Sets the CORS policy that the target's file has.
    pub(super) fn cors_apply(&self) -> Mend {
        self.own("cors apply")
    }

    /// Takes the bucket's policy into a file that the target names.
    pub(super) fn cors_adopt(&self) -> Mend {
        if self.is_bare() {
            return "name its file with `--cors`".into();
        }
        let name = &self.target.name;
        let file = "cors.json";
        let show = format!("{} > {file}", self.command("cors show --json"));
        Mend::all(vec![
            Step::Run(show),
            self.setting(&format!("cors = \"{file}\""), name),
        ])
    }

    /// A setting of a target.
    fn setting(&self, line: &str, target: &str) -> Step {
        Step::Write {
            line: line.to_string(),
            table: format!("target.{target}"),
        }
    }

    /// Another key.
    pub(super) fn new_key(&self) -> Mend {
        if self.is_bare() {
            let push = self.command("push --key-file new.key --rotate-key");
            return format!("assetsync key new new.key, then once `{push}`").into();
        }
        let line = "key_file = \"new.key\"".to_string();
        Mend::all(vec![
            Step::Run("assetsync key new new.key".to_string()),
            Step::Write {
                line,
                table: String::new(),
            },
            Step::Run(self.command("push --rotate-key")),
        ])
        .because("every file gets another name; where `key_id` is set, write what `key new` prints there")
    }

    /// One of the clouds' commands, for the bucket at `place`: the first on S3, the second on Google.
    fn cloud(&self, place: &Place, s3: &str, gcs: &str) -> String {
        match place {
            Place::S3 { bucket, .. } => {
                let endpoint = self.endpoint_url();
                format!("aws s3api {}{endpoint}", s3.replace("BUCKET", bucket))
            }
            Place::Gcs { bucket, .. } => {
                format!("gcloud storage {}", gcs.replace("BUCKET", bucket))
            }
            Place::Directory(_) => String::new(),
        }
    }

    /// What the commands for S3 need at another server than Amazon's.
    fn endpoint_url(&self) -> String {
        self.target.endpoint.as_ref().map_or(String::new(), |url| {
            format!(" --endpoint-url {}", quoted(&server(url)))
        })
    }

    /// What helps where the storage ignores conditions in the target's bucket.
    pub(super) fn conditions(&self, versioning: &Told<Versioning>) -> Mend {
        self.conditions_at(&self.target.place, versioning)
    }

    /// The same, where the releases are.
    pub(super) fn conditions_of_state(&self, versioning: &Told<Versioning>) -> Mend {
        match versioning.known() {
            Some(Versioning::Locked) => self.move_releases().because(LOCKED),
            _ => self.conditions_at(self.place_of_state(), versioning),
        }
    }

    /// Ceph's radosgw 16 ignores them in versioned buckets alone; others may do so too.
    fn conditions_at(&self, place: &Place, versioning: &Told<Versioning>) -> Mend {
        let is_versioned = versioning.known() != Some(&Versioning::Off);
        if versioning.known() == Some(&Versioning::Locked) {
            return format!("publish to a bucket without object lock (`url`): {LOCKED}").into();
        }
        match self.server_of(place) {
            Server::Ceph | Server::Unknown if is_versioned && matches!(place, Place::S3 { .. }) => {
                self.suspend_versioning(place)
            }
            _ => OTHER_SERVER.into(),
        }
    }

    fn suspend_versioning(&self, place: &Place) -> Mend {
        let set =
            "put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Suspended";
        let mend = Mend::run(self.cloud(place, set, ""));
        match self.server_of(place) {
            Server::Ceph => mend.because("Ceph's radosgw keeps no conditions in versioned buckets"),
            _ => mend.because(&format!(
                "some servers keep no conditions in versioned buckets; if that doesn't help, {OTHER_SERVER}"
            )),
        }
    }

    /// Keeps what is deleted or written over, where that does no harm.
    pub(super) fn keep_versions(&self) -> Option<Mend> {
        let s3 = "put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Enabled";
        let gcs = "buckets update gs://BUCKET --soft-delete-duration=7d";
        match self.server() {
            Server::Amazon | Server::Google | Server::Moto => {
                Some(Mend::run(self.cloud(&self.target.place, s3, gcs)))
            }
            _ => None,
        }
    }

    /// Takes these rules out of all that are there, for the bucket of the target or of its releases.
    pub(super) fn without_lifecycle(&self, place: &Place, bad: &[&str], all: usize) -> Mend {
        if bad.len() == all {
            return Mend::run(self.cloud(
                place,
                "delete-bucket-lifecycle --bucket BUCKET",
                "buckets update gs://BUCKET --clear-lifecycle",
            ));
        }
        let is_simple = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
        let is_s3 = matches!(place, Place::S3 { .. });
        if is_s3 && bad.iter().all(|name| name.chars().all(is_simple)) {
            let others = bad.iter().map(|name| format!("ID!='{name}'"));
            let others = others.collect::<Vec<_>>().join(" && ");
            return self.lifecycle_from(place, &format!("{{Rules: Rules[?{others}]}}"));
        }
        let get = self.cloud(
            place,
            "get-bucket-lifecycle-configuration --bucket BUCKET --query '{Rules: Rules}'",
            "buckets describe gs://BUCKET --raw --format='json(lifecycle)'",
        );
        let set = self.cloud(
            place,
            SET_LIFECYCLE,
            "buckets update gs://BUCKET --lifecycle-file=rules.json",
        );
        format!("{get} > rules.json, take that rule out of it, then {set}").into()
    }

    /// Adds the rule that clears away uploads that were never finished to `others`, which are to stay.
    pub(super) fn uploads_rule(&self, others: &[&LifecycleRule]) -> Mend {
        let place = &self.target.place;
        if !others.is_empty() {
            let others = "Rules[?ID!='assetsync-uploads']";
            return self.lifecycle_from(
                place,
                &format!("{{Rules: [{others}, [`{UPLOADS_RULE}`]][]}}"),
            );
        }
        let all = quoted(&format!("{{\"Rules\": [{UPLOADS_RULE}]}}"));
        let set = SET_LIFECYCLE.replace("file://rules.json", &all);
        Mend::run(self.cloud(place, &set, ""))
    }

    /// Sets the rules that `query` makes of those that are there.
    fn lifecycle_from(&self, place: &Place, query: &str) -> Mend {
        let get = format!(
            "get-bucket-lifecycle-configuration --bucket BUCKET --query {}",
            quoted(query)
        );
        let get = self.cloud(place, &get, "");
        let set = self.cloud(place, SET_LIFECYCLE, "");
        Mend::run(format!("{get} > rules.json && {set}"))
    }

    /// Leaves a rule with a condition to people: it may let in nobody who isn't meant.
    pub(super) fn take_out(&self, rule: &str) -> Mend {
        let command = |s3: &str, gcs: &str| self.cloud(&self.target.place, s3, gcs);
        let get = command(
            "get-bucket-policy --bucket BUCKET --query Policy --output text",
            "buckets get-iam-policy gs://BUCKET --format=json",
        );
        let set = command(
            "put-bucket-policy --bucket BUCKET --policy file://policy.json",
            "buckets set-iam-policy gs://BUCKET policy.json",
        );
        let rest = match self.target.place {
            Place::S3 { .. } => format!(
                ", or, if nothing is left in it, {}",
                command("delete-bucket-policy --bucket BUCKET", "")
            ),
            _ => String::new(),
        };
        format!(
            "see whether its condition lets in those alone who are meant; if not, take {rule} out: {get} > policy.json, edit it, then {set}{rest}"
        )
        .into()
    }
}

const SET_LIFECYCLE: &str = "put-bucket-lifecycle-configuration --bucket BUCKET --lifecycle-configuration file://rules.json";

#[cfg(test)]
pub(super) mod tests;
