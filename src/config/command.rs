//! How assetsync itself is called for a target: for commands that people can copy.

use url::Url;

use super::{Access, Addressing, Place, Target};
use crate::path::LogicalPath;

impl Target {
    /// `assetsync VERB TARGET`. Without a configuration, a target is called by its URL, and nothing but flags tells of its server:
    /// without them, the command would go to somebody else's bucket of this name.
    pub fn command(&self, verb: &str) -> String {
        let name = quoted(&self.name);
        match self.is_bare() {
            true => format!("assetsync {verb} --to {name}{}", self.flags(verb)),
            false => format!("assetsync {verb} {name}"),
        }
    }

    /// A hint whose commands would be for the default target otherwise.
    pub(crate) fn named_in(&self, hint: &str) -> String {
        // Of two that begin alike, the longer one first.
        let verbs = [
            "access apply",
            "access close",
            "audit",
            "cors apply",
            "cors diff",
            "cors show",
            "doctor",
            "live off",
            "live on",
            "lock",
            "prune",
            "push",
            "releases adopt",
            "releases",
            "resolve",
            "rollback",
            "takedown",
            "unlock",
        ];
        let mut parts = hint.split("`assetsync ");
        let mut named = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let verb = verbs.iter().find(|verb| part.starts_with(**verb));
            named += "`";
            match verb {
                Some(verb) => named += &(self.command(verb) + &part[verb.len()..]),
                None => named += &format!("assetsync {part}"),
            }
        }
        named
    }

    /// Whether the target has no name in a configuration.
    pub(crate) fn is_bare(&self) -> bool {
        self.name.contains(':')
    }

    /// All that a verb has to be told of a target that no configuration has.
    fn flags(&self, verb: &str) -> String {
        let addressing = self.addressing.map(|addressing| match addressing {
            Addressing::Path => "path",
            Addressing::Virtual => "virtual",
        });
        let access = (self.access == Access::ObjectAcl).then_some("object-acl");
        let needs_source = verb.starts_with("url")
            || verb.starts_with("init")
            || verb.starts_with("push")
            || verb.starts_with("diff")
            || verb.contains("--repair");
        let from = self.flags.from.clone().filter(|_| needs_source);
        let (is_of_cors, is_of_access) = (verb.starts_with("cors"), verb.starts_with("access"));
        let of_readers = |value: Option<String>| value.filter(|_| !is_of_cors);
        let cors = self.cors.as_ref().filter(|_| !is_of_access);
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
            ("index", of_readers(self.host.index.clone())),
            (
                "not-found",
                of_readers(self.host.not_found.as_ref().map(LogicalPath::to_string)),
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
}

/// A server's URL, as people write it.
pub(crate) fn server(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_string()
}

/// How people write a place: `s3://hunt/static`.
pub(crate) fn url(place: &Place) -> String {
    match place {
        Place::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
        Place::Gcs { bucket, prefix } => format!("gs://{bucket}/{prefix}"),
        Place::Directory(folder) => format!("file:{}", folder.display()),
    }
    .trim_end_matches('/')
    .to_string()
}

/// A word of a command, in quotes if a shell would take it for more than that.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
