//! Command lines of assetsync for a target, for people to copy.

use std::mem;

use url::Url;

use super::location::{Access, Addressing, Place, Target};
use crate::base::error::Error;
use crate::base::failure::StoreError;
use crate::base::hint::{Command, Hint, Verb};
use crate::base::path::LogicalPath;

impl Target {
    /// Returns `assetsync VERB TARGET WORDS`. Without a configuration, a target is named by its
    /// URL, and only flags name its server. Without these flags, the command would go to another
    /// owner's bucket of the same name.
    pub fn command(&self, command: impl Into<Command>) -> String {
        let command = command.into();
        let (verb, name) = (command.verb().name(), quoted(&self.name));
        let named = if self.is_bare() {
            format!("assetsync {verb} --to {name}{}", self.flags(&command))
        } else {
            format!("assetsync {verb} {name}")
        };
        match command.words() {
            "" => named,
            words => format!("{named} {words}"),
        }
    }

    /// Completes a hint: adds the target to its commands, which otherwise are for the default
    /// target.
    pub fn complete(&self, hint: Hint) -> Hint {
        hint.complete(|command| self.command(command.clone()))
    }

    /// Returns true if the target has no name in a configuration.
    pub(crate) fn is_bare(&self) -> bool {
        self.name.contains(':')
    }

    /// Returns the flags that a command needs for a target without a configuration, except those
    /// that the command already has.
    fn flags(&self, command: &Command) -> String {
        let addressing = self.addressing.map(|addressing| match addressing {
            Addressing::Path => "path",
            Addressing::Virtual => "virtual",
        });
        let access = (self.access == Access::ObjectAcl).then_some("object-acl");
        let from = self.flags.from.clone().filter(|_| needs_source(command));
        let of_readers = |value: Option<String>| value.filter(|_| takes_readers(command.verb()));
        let of_host = |value: Option<String>| value.filter(|_| takes_host(command.verb()));
        let cors = self.cors.as_ref().filter(|_| takes_cors(command.verb()));
        let flags = [
            ("from", from),
            ("key-file", of_readers(self.flags.key_file.clone())),
            ("endpoint", self.endpoint.as_ref().map(server)),
            ("region", self.region.clone()),
            ("addressing", addressing.map(str::to_string)),
            ("access", of_readers(access.map(str::to_string))),
            ("state", of_readers(self.state.as_ref().map(url))),
            (
                "public-url",
                of_readers(self.public_url.as_ref().map(Url::to_string)),
            ),
            ("index", of_host(self.host.index.clone())),
            (
                "not-found",
                of_host(self.host.not_found.as_ref().map(LogicalPath::to_string)),
            ),
            ("cors", cors.map(|file| file.display().to_string())),
        ];
        let flags = flags
            .into_iter()
            .filter(|(flag, _)| !command.has(flag))
            .filter_map(|(flag, value)| Some((flag, value?)));
        flags
            .map(|(flag, value)| format!(" --{flag} {}", quoted(&value)))
            .collect()
    }
}

/// Returns whether a command reads the tree.
fn needs_source(command: &Command) -> bool {
    match command.verb() {
        Verb::InitCaddy | Verb::InitNginx | Verb::Push | Verb::Url => true,
        Verb::Audit => command.has("repair"),
        _ => false,
    }
}

/// Returns whether a verb takes the flags about readers and the key.
fn takes_readers(verb: Verb) -> bool {
    !matches!(verb, Verb::CorsApply | Verb::CorsDiff | Verb::CorsShow)
}

/// Returns whether a verb takes the flags about the host in front of a bucket.
fn takes_host(verb: Verb) -> bool {
    use Verb::{Audit, Doctor, InitCaddy, InitNginx, Push, Url};
    matches!(verb, Audit | Doctor | InitCaddy | InitNginx | Push | Url)
}

/// Returns whether a verb takes the flag for the file with the CORS policy.
fn takes_cors(verb: Verb) -> bool {
    use Verb::{Audit, CorsApply, CorsDiff, Doctor, Push};
    matches!(verb, Audit | CorsApply | CorsDiff | Doctor | Push)
}

impl Error {
    /// Adds `target` to the commands of the error's hint, which otherwise are for the default
    /// target.
    #[doc(hidden)]
    pub fn of_target(mut self, target: &Target) -> Error {
        let complete = |hint: &mut Hint| *hint = target.complete(mem::take(hint));
        match &mut self {
            Error::Usage { hint, .. }
            | Error::Refused { hint, .. }
            | Error::LostRace { hint, .. }
            | Error::Unknown { hint, .. }
            | Error::Store(StoreError { hint, .. }) => complete(hint),
            Error::Incomplete { failures, .. } => {
                failures
                    .iter_mut()
                    .for_each(|failure| complete(&mut failure.error.hint));
            }
            Error::Config { .. }
            | Error::Policy { .. }
            | Error::Tree { .. }
            | Error::Io { .. }
            | Error::Interrupted => {}
        }
        self
    }
}

/// Returns a server's URL as people write it, without a final slash.
pub(crate) fn server(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_string()
}

/// Returns a place as people write it: `s3://hunt/static`.
pub(crate) fn url(place: &Place) -> String {
    let url = match place {
        Place::Bucket(bucket) => bucket.url_of(""),
        Place::Directory(folder) => format!("file:{}", folder.display()),
    };
    url.trim_end_matches('/').to_string()
}

/// Returns a word of a command, in quotes if a shell would interpret any of its characters.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failure::{Failure, StoreErrorKind};

    fn target(name: &str) -> Target {
        Target {
            endpoint: Some("http://localhost:9000/".parse().expect("a URL")),
            ..Target::at(name, Place::in_cloud(crate::cors::Cloud::S3, "hunt", ""))
        }
    }

    /// Commands in a hint are completed for the first target that is known.
    #[test]
    fn hint_commands_are_completed_for_target() {
        let push = Verb::Push.with("--verify list");
        let hint = Hint::from("pull; ")
            .then(push)
            .then(" or ")
            .then(Verb::LiveOff);
        let error = || Error::usage("no", hint.clone());
        let told = |name: &str| error().of_target(&target(name)).hint().expect("one");
        assert_eq!(
            told("prod"),
            "pull; `assetsync push prod --verify list` or `assetsync live off prod`"
        );
        let server = "--to s3://hunt --endpoint http://localhost:9000";
        assert_eq!(
            told("s3://hunt"),
            format!(
                "pull; `assetsync push {server} --verify list` or `assetsync live off {server}`"
            )
        );
        let again = error()
            .of_target(&target("prod"))
            .of_target(&target("staging"));
        assert_eq!(again.hint(), Some(told("prod")), "the first one to know");
    }

    /// Hints of single objects are completed for the target too.
    #[test]
    fn object_hints_are_completed_too() {
        let error = StoreError::new(StoreErrorKind::Other, "no");
        let failure = Failure {
            path: "a.html".to_string(),
            error: error.hint(Verb::Resolve),
        };
        let error = Error::Incomplete {
            failures: vec![failure],
            not_begun: 0,
        };
        let told = error.of_target(&target("prod")).hint();
        assert_eq!(told.as_deref(), Some("`assetsync resolve prod`"));
    }
}
