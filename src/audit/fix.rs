//! What mends a finding, as commands that can be copied. Pure.

use super::finding::{Address, Finding, Kind};
use super::repair;
use crate::config::command::quoted;
use crate::config::{Place, Target};
use crate::doctor;
use crate::release::manifest::Entry;

/// What mends a finding that doesn't say so itself. `is_over`: that writes over something while the target is live.
pub(super) fn fix(finding: &Finding, target: &Target, is_over: bool) -> String {
    let own = |verb| doctor::own_command(target, verb);
    match (finding.kind, finding.address) {
        _ if repair::is_for(finding) && is_over => format!(
            "`{} --repair --overwrite-live PATH`: the target is live, so what is written over is named, by path or pattern",
            own("audit")
        ),
        _ if repair::is_for(finding) => format!("{} --repair", own("audit")),
        (Kind::Checksum, _) if is_over => format!(
            "`{} --all` tells whether it's other bytes; if not, it can wait until `{}`",
            own("audit"),
            own("live off")
        ),
        (Kind::Checksum, _) => format!("{} --verify list", own("push")),
        (Kind::Unreadable, Some(Address::Storage)) => format!(
            "something but its ACL keeps strangers out, such as a rule of the bucket: `{}` tells",
            own("access show")
        ),
        (Kind::File, _) => format!(
            "gzip the file, or call it `.svg`, and `{}`: nothing but another file mends it",
            own("push")
        ),
        (Kind::Unanswered | Kind::Acl, _) => String::new(),
        (Kind::Headers | Kind::Encoding, Some(Address::PublicUrl)) if is_folder(target) => format!(
            "let the web server at `public_url` send it: `{}` prints a configuration that does (for Caddy: `--server caddy`)",
            target.command("init --server nginx")
        ),
        (_, Some(Address::PublicUrl)) if is_folder(target) => {
            "let the web server at `public_url` send the files of the folder as they are, and purge what a cache before it keeps"
                .to_string()
        }
        (_, Some(Address::PublicUrl)) => {
            "let the server at `public_url` pass on what the storage sends, and purge what it keeps"
                .to_string()
        }
        (Kind::Range | Kind::Cookie, _) => {
            "see what stands between the storage and the world".to_string()
        }
        _ => String::new(),
    }
}

fn is_folder(target: &Target) -> bool {
    matches!(target.place, Place::Directory(_))
}

/// Deletes what is in a target under a name: `NAME`, if it isn't to be told. Nothing of assetsync's own deletes what it doesn't
/// know.
pub(super) fn delete_by_hand(target: &Target, name: &str) -> String {
    match &target.place {
        Place::S3 { bucket, prefix } => {
            let server = target.endpoint.as_ref().map_or(String::new(), |url| {
                format!(" --endpoint-url {}", url.as_str().trim_end_matches('/'))
            });
            let object = quoted(&format!("s3://{bucket}/{prefix}{name}"));
            format!("aws s3 rm {object}{server}")
        }
        Place::Gcs { bucket, prefix } => {
            let object = quoted(&format!("gs://{bucket}/{prefix}{name}"));
            format!("gcloud storage rm {object}")
        }
        Place::Directory(folder) => {
            let file = folder.join(name);
            format!("rm {}", quoted(&file.display().to_string()))
        }
    }
}

/// Where an object is that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeldAt {
    /// In the target, where an earlier release published it.
    OfRelease,
    /// In the target; no retained release published it.
    Target,
    /// Not in the target.
    Elsewhere,
}

/// What is held, of this level, can be had, or is about to be.
pub(super) fn of_held(target: &Target, entry: &Entry, level: &str, place: HeldAt) -> String {
    let own = |verb: &str| doctor::own_command(target, verb);
    let away = match (place, plain_name(entry)) {
        (HeldAt::OfRelease, _) => format!(
            "`{} --level {}`, and purge it where a CDN keeps it",
            target.command("takedown"),
            quoted(level)
        ),
        (HeldAt::Target, Some(name)) => format!(
            "`{}`, and purge it where a CDN keeps it",
            delete_by_hand(target, name)
        ),
        (HeldAt::Target, None) => format!(
            "`{}` (`{} --show-urls` tells its NAME), and purge it where a CDN keeps it",
            delete_by_hand(target, "NAME"),
            own("audit")
        ),
        (HeldAt::Elsewhere, _) => "it isn't in the target, so the server at `public_url` has it: purge it there, or let it answer 404 where nothing is"
            .to_string(),
    };
    let if_not = match entry.is_keyed() {
        false => {
            "that's all, since nothing is published there until its level is unlocked; its name stays, whatever is in it, unless a rule gives it a keyed one (`names = \"opaque\"`)"
        }
        true => "change the file by a byte and push, which gives it a name nobody knows",
    };
    format!(
        "{away}. Then, if it's time for it: `{} --unlock {level}`. If not: {if_not}. What somebody has read already stays read",
        own("push")
    )
}

/// An object's name, if that is its path, so no secret, and can be typed as it is.
fn plain_name(entry: &Entry) -> Option<&str> {
    let is_simple = |c: char| c.is_ascii_alphanumeric() || "./_-".contains(c);
    let name = entry.key.as_str();
    (name == &*entry.path && name.chars().all(is_simple)).then_some(name)
}
