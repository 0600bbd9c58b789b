//! Fixes for findings, as commands that can be copied. Pure.

use super::finding::{Address, Finding, Kind};
use super::repair;
use crate::base::hint::{Command, Verb};
use crate::config::{Place, Target};
use crate::doctor;
use crate::release::manifest::Entry;
use crate::store::command::quoted;

/// Returns the fix for a finding that has none of its own. `is_over`: the fix overwrites an object
/// while the target is live.
pub(super) fn fix(finding: &Finding, target: &Target, is_over: bool) -> String {
    let own = |command: Command| doctor::own_command(target, command);
    match (finding.kind, finding.address) {
        _ if repair::is_for(finding) && is_over => repair_while_live(target),
        _ if repair::is_for(finding) => own(Verb::Audit.with("--repair")),
        (Kind::Checksum, _) if is_over => wait_with_checksum(target),
        (Kind::Checksum, _) => own(Verb::Push.with("--verify list")),
        (Kind::Unreadable, Some(Address::Storage)) => format!(
            "something other than its ACL keeps strangers out, such as a bucket rule: see `{}`",
            own(Verb::AccessShow.into())
        ),
        (Kind::File, _) => format!(
            "the file itself is wrong: gzip it, or rename it to `.svg`. Then run `{}`",
            own(Verb::Push.into())
        ),
        (Kind::Unanswered | Kind::Acl, _) => String::new(),
        (kind, Some(Address::PublicUrl)) => of_server(kind, target),
        (Kind::Range | Kind::Cookie, _) => {
            "check the proxies and CDNs in front of the storage: they must pass on responses \
             unchanged"
                .to_string()
        }
        _ => String::new(),
    }
}

fn repair_while_live(target: &Target) -> String {
    format!(
        "the target is live, so name the files to overwrite: `{}`, where PATH is a path or a \
         pattern",
        doctor::own_command(target, Verb::Audit.with("--repair --overwrite-live PATH"))
    )
}

fn wait_with_checksum(target: &Target) -> String {
    format!(
        "run `{}` to compare the content. If the content is right, wait until the event is over. \
         Then run `{}` and `{}`",
        doctor::own_command(target, Verb::Audit.with("--all")),
        doctor::own_command(target, Verb::LiveOff),
        doctor::own_command(target, Verb::Push.with("--verify list"))
    )
}

/// Returns the fix for a problem that only the server at `public_url` has.
fn of_server(kind: Kind, target: &Target) -> String {
    match kind {
        Kind::Headers | Kind::Encoding if is_folder(target) => format!(
            "configure the web server at `public_url` to send it: `{}` prints such a configuration (for Caddy: `--server caddy`)",
            target.command(Verb::InitNginx)
        ),
        _ if is_folder(target) => {
            "configure the web server at `public_url` to send the folder's files unchanged, and purge any cache in front of it"
                .to_string()
        }
        _ => {
            "configure the server at `public_url` to pass on responses unchanged, and purge its cache"
                .to_string()
        }
    }
}

fn is_folder(target: &Target) -> bool {
    target.place.folder().is_some()
}

/// Deletes what is in a target under a name: `NAME`, if it isn't to be told. Nothing of assetsync's
/// own deletes what it doesn't know.
pub(super) fn delete_by_hand(target: &Target, name: &str) -> String {
    match &target.place {
        Place::Bucket(bucket) => bucket.tools(target.endpoint.as_ref()).remove(name),
        Place::Directory(folder) => {
            let file = folder.join(name);
            format!("rm {}", quoted(&file.display().to_string()))
        }
    }
}

/// Place of an object that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeldAt {
    /// In the target, where an earlier release published it.
    OfRelease,
    /// In the target; no retained release published it.
    Target,
    /// Not in the target.
    Elsewhere,
}

/// Returns the fix for a held object of this level that is readable, or is about to be.
pub(super) fn of_held(target: &Target, entry: &Entry, level: &str, place: HeldAt) -> String {
    let away = take_away(target, entry, level, place);
    let if_not = if !entry.is_keyed() {
        "nothing more to do. It isn't published until its level is unlocked, and keeps its name unless a rule gives it a keyed one (`names = \"opaque\"`)"
    } else {
        "change the file by a byte and push, which gives it a new, unknown name"
    };
    format!(
        "{away}. Then, if it's time to publish it: `{}`. If not: {if_not}. Copies already downloaded cannot be recalled",
        doctor::own_command(
            target,
            Verb::Push.with(format!("--unlock {}", quoted(level)))
        )
    )
}

/// Returns the fix for an object of this level that the current release holds, although the level is
/// unlocked.
pub(super) fn of_unlocked(target: &Target, entry: &Entry, level: &str, place: HeldAt) -> String {
    format!(
        "`{}` publishes it. To keep it held instead: `{}`, then {}",
        doctor::own_command(target, Verb::Push),
        target.command(Verb::Lock.with(quoted(level))),
        take_away(target, entry, level, place)
    )
}

/// The way to get rid of an object that is held.
fn take_away(target: &Target, entry: &Entry, level: &str, place: HeldAt) -> String {
    match (place, plain_name(entry)) {
        (HeldAt::OfRelease, _) => format!(
            "`{}`, and purge it from any CDN",
            target.command(Verb::Takedown.with(format!("--level {}", quoted(level))))
        ),
        (HeldAt::Target, Some(name)) => format!(
            "`{}`, and purge it from any CDN",
            delete_by_hand(target, name)
        ),
        (HeldAt::Target, None) => format!(
            "`{}` (`{}` shows its NAME), and purge it from any CDN",
            delete_by_hand(target, "NAME"),
            doctor::own_command(target, Verb::Audit.with("--show-urls"))
        ),
        (HeldAt::Elsewhere, _) => "it isn't in the target, so the server at `public_url` has a copy: purge it there, or configure the server to answer 404 for missing names"
            .to_string(),
    }
}

/// An object's name, if that is its path, so no secret, and can be typed as it is.
fn plain_name(entry: &Entry) -> Option<&str> {
    let is_simple = |c: char| c.is_ascii_alphanumeric() || "./_-".contains(c);
    let name = entry.key.as_str();
    (name == &*entry.path && name.chars().all(is_simple)).then_some(name)
}
