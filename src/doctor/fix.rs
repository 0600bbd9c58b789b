//! Fixes for findings: assetsync's own commands where there are any, else those of the clouds.
//! Servers that speak S3 differ, so a fix depends on the server. For an unknown server, only what
//! is safe on all of them is given.

mod state;

use super::remedy::{Remedy, Step};
use crate::base::hint::{Command, Verb};
use crate::config::{Access, Place, Target};
use crate::store::Server;
use crate::store::control::{Blocks, LifecycleRule, Observed, Versioning};
use crate::store::tools::{Edit, Tools};

pub(super) use self::state::has_bucket_of_state;

/// A server that ignores conditions.
const OTHER_SERVER: &str =
    "use a newer version of this server, or another server: assetsync can't publish safely here";

/// Such buckets can't be without versions, whatever is asked of them.
const LOCKED: &str = "a bucket with object lock is always versioned, and this server doesn't support conditional writes in such a bucket";

/// Fixes for one target, on the server that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fix<'a> {
    pub(super) target: &'a Target,
    server: Server,
    /// True if a protection of the bucket prevents the public access that the target wants.
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
    pub(super) fn given(self, blocks: &Observed<Blocks>) -> Fix<'a> {
        let blocks = blocks.known().copied().unwrap_or_default();
        let is_blocked = match self.target.access {
            _ if self.refuses_uploads(&blocks) => true,
            Access::Bucket => blocks.refuses_policies || blocks.ignores_policies,
            Access::ObjectAcl => blocks.refuses_acls || blocks.ignores_acls,
        };
        Fix { is_blocked, ..self }
    }

    /// Checks whether every upload is refused because public ACLs are: Ceph's radosgw 16 does so,
    /// with an ACL or without.
    pub(super) fn refuses_uploads(&self, blocks: &Blocks) -> bool {
        blocks.refuses_acls && self.server() == Server::Ceph
    }

    /// One of assetsync's own.
    pub(super) fn own(&self, command: impl Into<Command>) -> Remedy {
        Remedy::run(self.command(command))
    }

    fn command(&self, command: impl Into<Command>) -> String {
        self.target.command(command)
    }

    fn is_bare(&self) -> bool {
        self.target.is_bare()
    }

    /// The server that has the bucket at `place`, which is the target's or has its releases.
    fn server_of(&self, place: &Place) -> Server {
        let Some(bucket) = place.bucket() else {
            return Server::Unknown;
        };
        let is_alike = self.target.place.cloud() == Some(bucket.cloud);
        let asked = if is_alike {
            self.server
        } else {
            Server::Unknown
        };
        bucket.tools(None).only_server().unwrap_or(asked)
    }

    /// The server that has the target's bucket.
    pub(super) fn server(&self) -> Server {
        self.server_of(&self.target.place)
    }

    /// The place of the releases, or of the target that has them in it.
    fn place_of_state(&self) -> &'a Place {
        self.target.state.as_ref().unwrap_or(&self.target.place)
    }

    /// Makes the bucket public as the target wants it; where the releases are in the way, they go
    /// first.
    pub(super) fn access_apply(&self) -> Remedy {
        let unblock = if self.is_blocked { "--unblock" } else { "" };
        let apply = Verb::AccessApply.with(unblock);
        self.after_the_releases(apply, self.target.access)
    }

    /// Makes the bucket public as a whole, for a target that has objects public one by one.
    pub(super) fn access_bucket(&self) -> Remedy {
        if self.is_bare() {
            let target = &Target {
                access: Access::Bucket,
                ..self.target.clone()
            };
            let then = Fix { target, ..*self };
            let then = then.after_the_releases(Verb::AccessApply.into(), Access::Bucket);
            return Remedy::from("omit `--access`").then(then.by_hand());
        }
        // Objects that are pushed before the bucket is public still need ACLs.
        let set = self.setting("access = \"bucket\"", &self.target.name);
        let apply = self.own(Verb::AccessApply).after(Remedy::all(vec![set]));
        match self.target.opens_releases(Access::Bucket) {
            Some(why) => apply.after(self.move_releases().because(&state::otherwise_open(why))),
            None => apply,
        }
    }

    /// Takes from strangers what they may do besides reading, and everything where the releases
    /// are.
    pub(super) fn access_close(&self) -> Remedy {
        self.own(Verb::AccessClose)
    }

    /// Sets the CORS policy that the target's file has.
    pub(super) fn cors_apply(&self) -> Remedy {
        self.own(Verb::CorsApply)
    }

    /// Takes the bucket's policy into a file that the target names.
    pub(super) fn cors_adopt(&self) -> Remedy {
        let file = "cors.json";
        let show = format!("{} > {file}", self.command(Verb::CorsShow.with("--json")));
        if self.is_bare() {
            return format!(
                "`{show}`, then pass `--cors {file}` to `doctor`, `audit` and `cors apply`"
            )
            .into();
        }
        let name = &self.target.name;
        Remedy::all(vec![
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
    pub(super) fn new_key(&self) -> Remedy {
        if self.is_bare() {
            let push = self.command(Verb::Push.with("--key-file new.key --rotate-key"));
            let make = Remedy::from("`assetsync key new new.key`");
            return make.then(format!("`{push}` once").into());
        }
        let set = Step::Write {
            line: "key_file = \"new.key\"".to_string(),
            table: String::new(),
        };
        let make = Step::Run("assetsync key new new.key".to_string());
        let push = Step::Run(self.command(Verb::Push.with("--rotate-key")));
        Remedy::all(vec![make, set])
            .because(
                "replace the line that is there. \
                 If `key_id` is set, replace it with what `key new` printed",
            )
            .then(Remedy::all(vec![push]))
            .because("every file gets a new name")
    }

    /// The cloud's own tools, for the bucket at `place`.
    fn tools<'p>(&'p self, place: &'p Place) -> Option<Box<dyn Tools + 'p>> {
        Some(place.bucket()?.tools(self.target.endpoint.as_ref()))
    }

    /// Returns the fix for a storage that ignores conditions in the target's bucket.
    pub(super) fn conditions(&self, versioning: &Observed<Versioning>) -> Remedy {
        self.conditions_at(&self.target.place, versioning)
    }

    /// The same, where the releases are.
    pub(super) fn conditions_of_state(&self, versioning: &Observed<Versioning>) -> Remedy {
        match versioning.known() {
            Some(Versioning::Locked) => self.move_releases().because(LOCKED),
            _ => self.conditions_at(self.place_of_state(), versioning),
        }
    }

    /// Ceph's radosgw 16 ignores them in versioned buckets alone; others may do so too.
    fn conditions_at(&self, place: &Place, versioning: &Observed<Versioning>) -> Remedy {
        let is_versioned = versioning.known() != Some(&Versioning::Off);
        if versioning.known() == Some(&Versioning::Locked) {
            return format!("publish to a bucket without object lock (`url`): {LOCKED}").into();
        }
        let server = self.server_of(place);
        let suspend = self
            .tools(place)
            .and_then(|tools| tools.suspend_versioning());
        match (server, suspend) {
            (Server::Ceph, Some(suspend)) if is_versioned => Remedy::run(suspend)
                .because("Ceph's radosgw doesn't support conditional writes in versioned buckets"),
            (Server::Unknown, Some(suspend)) if is_versioned => {
                Remedy::run(suspend).because(&format!(
                    "some servers don't support conditional writes in versioned buckets. \
                     If that doesn't help, {OTHER_SERVER}"
                ))
            }
            _ => OTHER_SERVER.into(),
        }
    }

    /// Keeps what is deleted or written over, where that does no harm.
    pub(super) fn keep_versions(&self) -> Option<Remedy> {
        match self.server() {
            Server::Amazon | Server::Google | Server::Moto => {
                Some(Remedy::run(self.tools(&self.target.place)?.keep_versions()))
            }
            _ => None,
        }
    }

    /// Takes these rules out of all that are there, for the bucket of the target or of its
    /// releases.
    pub(super) fn without_lifecycle(&self, place: &Place, bad: &[&str], all: usize) -> Remedy {
        let Some(tools) = self.tools(place) else {
            return Remedy::default();
        };
        if bad.len() == all {
            return Remedy::run(tools.clear_lifecycle());
        }
        if let Some(command) = tools.lifecycle_without(bad) {
            return Remedy::run(command);
        }
        let Edit { get, set, .. } = tools.lifecycle();
        let names: Vec<String> = bad.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        format!("run `{get} > rules.json`, remove {names} from that file, then run `{set}`").into()
    }

    /// Adds the rule that clears away uploads that were never finished to `others`, which are to
    /// stay. If there are none of these, all rules are replaced: `bad`, or none.
    pub(super) fn uploads_rule(&self, others: &[&LifecycleRule], bad: &[&str]) -> Remedy {
        let tools = self.tools(&self.target.place);
        let command = tools.and_then(|tools| tools.clear_uploads(!others.is_empty()));
        let Some(command) = command else {
            return Remedy::default();
        };
        let remedy = Remedy::run(command);
        if !others.is_empty() {
            return remedy;
        }
        let names: Vec<String> = bad.iter().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => remedy.because("this replaces all lifecycle rules: the bucket has none"),
            names => remedy.because(&format!(
                "this replaces all lifecycle rules, so it removes {}, which must go anyway",
                names.join(" and ")
            )),
        }
    }

    /// Leaves conditional rules to the user: the condition may let in only those who are meant.
    pub(super) fn take_out(&self, rule: &str) -> Remedy {
        let Some(tools) = self.tools(&self.target.place) else {
            return Remedy::default();
        };
        let Edit { get, set, delete } = tools.policy();
        let rest = delete.map_or(String::new(), |delete| {
            format!(", or `{delete}` if no rule is left")
        });
        format!(
            "check that its condition admits only the intended users. If it doesn't, \
             remove {rule}: run `{get} > policy.json`, edit that file, then run `{set}`{rest}"
        )
        .into()
    }
}

#[cfg(test)]
pub(super) mod tests;
