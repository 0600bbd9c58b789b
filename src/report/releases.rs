//! Releases, the live switch and prunes, as text and as JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::SystemTime;

use crate::base::hint::Verb;
use crate::base::text::HumanBytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::text::failures_text;
use crate::base::listed::names_text;
use crate::base::text::count;
use crate::base::text::escape;
use crate::config::Target;
use crate::release::adopt::Adoption;
use crate::release::excused::Excused;
use crate::release::guard::live_in_words;
use crate::release::prune::{Deletion, Sweep, Young};
use crate::release::publish::Published;
use crate::release::rollback::RolledBack;
use crate::release::root::{Live, Plain, Release, Root, Takedown};
use crate::store::command::quoted;

/// Maximum number of paths that the advice to publish files again lists one by one.
const PUT_BACK_MAX: usize = 5;

/// Describes the release that a push made.
pub fn published_text(published: &Published) -> String {
    let mut text = String::new();
    for path in &published.repaired {
        writeln!(text, "damaged or missing, written again: {}", escape(path))
            .expect("a string takes every write");
    }
    let line = match (&published.release, published.is_new) {
        (Some(release), true) => {
            let after = match &release.parent {
                Some(parent) => format!("after {parent}"),
                None => "the first".to_string(),
            };
            format!("release {} ({after}): {}", release.id, changes(release))
        }
        (Some(release), false) => {
            format!("no changes: {} is still the current release", release.id)
        }
        (None, _) => "no release was created: what visitors see is unchanged".to_string(),
    };
    text + &line + "\n"
}

fn changes(release: &Release) -> String {
    let changes = release.changes;
    format!(
        "{} added, {} changed, {} removed",
        changes.added, changes.changed, changes.removed
    )
}

/// Describes whose releases a target would take over, and what was checked.
pub fn adoption_text(target: &str, adoption: &Adoption) -> String {
    let from = match &adoption.from {
        Some(owner) => format!("`{}`", escape(&owner.to_string())),
        None => "no named target".to_string(),
    };
    format!(
        "{target}: {} and {} are complete. They belong to {from} now, and to `{}` after the \
         adoption\n",
        count(adoption.releases as u64, "release"),
        count(adoption.objects as u64, "object"),
        escape(&adoption.to.to_string()),
    )
}

/// Lists the current release first, then all retained ones, one per line.
pub fn releases_text(target: &Target, root: &Root, retained: &[Release]) -> String {
    let mut text = String::new();
    for release in retained {
        let mark = if root.current_id() == Some(&release.id) {
            "*"
        } else {
            " "
        };
        let held = match release.held {
            0 => String::new(),
            held => format!(", {held} held"),
        };
        let commit = match &release.commit {
            None => String::new(),
            Some(commit) => {
                let dirty = if commit.is_clean { "" } else { "+" };
                format!(", commit {}{dirty}", commit.short())
            }
        };
        writeln!(
            text,
            "{mark} {}  {}  {}: {} ({}){held}; {}{commit}",
            release.id,
            release.at,
            escape(&release.actor),
            count(release.files, "file"),
            HumanBytes(release.bytes),
            changes(release),
        )
        .expect("a string takes every write");
    }
    text + &live_text(target, Some(root))
}

/// Describes the state of a target in a few lines.
pub fn live_text(target: &Target, root: Option<&Root>) -> String {
    let name = &target.name;
    let Some(root) = root else {
        return format!("{name}: nothing published, not live\n");
    };
    let current = match &root.current {
        Some(release) => format!("{} is the current release", release.id),
        None => "nothing published".to_string(),
    };
    let mut text = format!("{name}: {current} (root {})", root.seq);
    let resolve = target.command(Verb::Resolve);
    if root.plain == Plain::Pending {
        write!(
            text,
            "; its plain names are still being written: wait for that push, or run `{resolve}`"
        )
        .expect("a string takes every write");
    }
    if let Some(what) = Deletion::of(root) {
        write!(
            text,
            "; a {what} is running or was interrupted: wait for it, or run `{resolve}`"
        )
        .expect("a string takes every write");
    }
    text += "\n";
    text += &levels_text(root);
    text += &takedowns_text(root);
    match &root.live {
        None => text += "not live\n",
        Some(live) => {
            text += &live_in_words(live);
            if let Some(until) = live.until {
                write!(text, "; planned until {until}").expect("a string takes every write");
            }
            text += "\n";
        }
    }
    text
}

/// Lists the unlocked levels, and those that the next push takes back, one per line.
fn levels_text(root: &Root) -> String {
    let unlocked = root.unlocked.iter().map(|(level, unlocked)| {
        format!(
            "unlocked: {}, since {}, by {}\n",
            escape(level),
            unlocked.since,
            escape(&unlocked.actor)
        )
    });
    let relocked = root
        .relocked
        .iter()
        .map(|level| format!("locked: {}, from the next push on\n", escape(level)));
    unlocked.chain(relocked).collect()
}

/// Lists the takedowns, one per line.
fn takedowns_text(root: &Root) -> String {
    let one = |takedown: &Takedown| {
        let files = takedown.blocked.len() + takedown.others.len();
        let why = match &takedown.why {
            Some(why) => format!(" ({})", escape(why)),
            None => String::new(),
        };
        let kept_out: Vec<&str> = takedown.blocked.iter().map(String::as_str).collect();
        let kept_out = if kept_out.is_empty() {
            String::new()
        } else {
            format!("; excluded from pushes:{}", names_text(&kept_out))
        };
        format!(
            "taken down: {} by {} at {}{why}{kept_out}\n",
            count(files as u64, "file"),
            escape(&takedown.actor),
            takedown.at
        )
    };
    root.takedowns.iter().map(one).collect()
}

/// Lists what would be overwritten or taken back while a target is live, and what else a pattern
/// matches. Empty if there is nothing to ask. Names given in full need no question.
pub fn over_text(
    target: &str,
    live: &Live,
    over: &[&str],
    excused: &Excused,
    relocked: &str,
) -> String {
    let (asked, rest): (Vec<&str>, Vec<&str>) = excused
        .matched
        .iter()
        .map(String::as_str)
        .partition(|path| over.contains(path));
    if excused.matched.is_empty() && relocked.is_empty() {
        return String::new();
    }
    let mut text = format!("{target}: {}\n", live_in_words(live));
    if !asked.is_empty() {
        let names = count(asked.len() as u64, "name");
        text += &format!("{names} would be overwritten:{}\n", names_text(&asked));
    }
    if !rest.is_empty() {
        let names = count(rest.len() as u64, "name");
        text += &format!(
            "`--overwrite-live` also matches {names}, overwritten only if changed in the target \
             meanwhile:{}\n",
            names_text(&rest)
        );
    }
    text + relocked
}

/// Describes the outcome of a rollback. `held` has the levels that no push publishes.
pub fn rolled_back_text(target: &Target, done: &RolledBack, held: &BTreeSet<String>) -> String {
    let plain = done.report.uploaded.objects + done.report.overwritten.objects;
    let plain = match plain {
        0 => String::new(),
        plain => format!("; {} written", count(plain, "plain name")),
    };
    let taken_back = done.taken_back.iter().map(|(level, files)| {
        let next = if held.contains(level) {
            let unlock = target.command(Verb::Unlock.with(quoted(level)));
            format!("Pushes leave it out until you run `{unlock}`")
        } else {
            format!(
                "The next push publishes it again. To keep it held, run `{}`, then `{}`: its \
                 addresses still work",
                target.command(Verb::Lock.with(quoted(level))),
                target.command(Verb::Takedown.with(format!("--level {}", quoted(level)))),
            )
        };
        format!(
            "{}: the level `{level}` is no longer published ({}): it was held in {}. {next}\n",
            target.name,
            count(*files, "file"),
            done.to.id,
        )
    });
    let taken_back: String = taken_back.collect();
    let files = count(done.to.files, "file");
    let line = match &done.made_from {
        None => format!(
            "{}: {} from {} is the current release again, with {files} (replaces {}){plain}\n",
            target.name, done.to.id, done.to.at, done.from.id,
        ),
        Some(of) => {
            let left_out: Vec<&str> = done.left_out.iter().map(String::as_str).collect();
            format!(
                "{}: {} is the current release: {of} without files taken down since. It has \
                 {files} and replaces {}{plain}. Left out:{}\n",
                target.name,
                done.to.id,
                done.from.id,
                names_text(&left_out),
            )
        }
    };
    failures_text(&done.report) + &line + &taken_back
}

/// Warns that pages of a release link to files that a rollback left out, and says what to do about
/// it. `levels` has the levels of these files, and `kept_out` those that pushes leave out. Empty if
/// there are none.
pub fn left_out_text(
    target: &Target,
    done: &RolledBack,
    levels: &BTreeSet<&str>,
    kept_out: &BTreeSet<&str>,
) -> String {
    let Some(of) = &done.made_from else {
        return String::new();
    };
    let number = done.left_out.len();
    let them = if number == 1 { "it" } else { "them" };
    let unlock = levels
        .iter()
        .map(|level| format!("--unlock {}", quoted(level)));
    let put_back: Vec<String> = if kept_out.len() <= PUT_BACK_MAX {
        let paths = kept_out.iter();
        paths
            .map(|path| format!("--put-back {}", quoted(path)))
            .collect()
    } else {
        vec!["--put-back PATH".to_string()]
    };
    let flags: Vec<String> = unlock.chain(put_back).collect();
    format!(
        "warning: pages of {of} may link to the {} left out. Such links are dead now\n\
         hint: remove the links and push the corrected tree; to publish {them} again instead, run \
         `{}`\n",
        count(number as u64, "file"),
        target.command(Verb::Push.with(flags.join(" "))),
    )
}

/// Describes what will be deleted; with `verbose`, each key.
pub fn sweep_text(target: &str, sweep: &Sweep, verbose: bool) -> String {
    let mut text = String::new();
    for release in &sweep.dropped {
        writeln!(
            text,
            "drop {} from {}, by {}",
            release.id,
            release.at,
            escape(&release.actor)
        )
        .expect("a string takes every write");
    }
    if verbose {
        for garbage in sweep.objects.iter().chain(&sweep.documents) {
            writeln!(
                text,
                "delete {} ({})",
                escape(&garbage.key),
                HumanBytes(garbage.bytes)
            )
            .expect("a string takes every write");
        }
    }
    // The owner of the folder isn't shown: the key was a secret.
    let documents = sweep.documents.len() + sweep.former.len();
    text + &format!(
        "{target}: {} and {} to delete ({} in total); {} dropped, {} kept for rollbacks\n",
        count(sweep.objects.len() as u64, "object"),
        count(documents as u64, "release document"),
        HumanBytes(sweep.bytes()),
        count(sweep.dropped.len() as u64, "release"),
        sweep.retained,
    )
}

/// Describes what a prune leaves because it is young.
pub fn young_text(young: Option<Young>) -> String {
    let Some(young) = young else {
        return String::new();
    };
    let (objects, bytes) = (count(young.objects, "object"), HumanBytes(young.bytes));
    let (from, until) = (day(young.from), day(young.until));
    let when = if from == until {
        format!("from {from} on")
    } else {
        format!("from {from} on, all from {until} on")
    };
    format!("too recent to delete: {objects} ({bytes}) that no release needs, deletable {when}\n")
}

fn day(at: SystemTime) -> String {
    let at = Timestamp::try_from(at);
    at.map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// Returns a release as JSON: the contents of its document.
pub fn release_json(release: &Release) -> Value {
    serde_json::to_value(release).expect("strings and numbers are JSON")
}

/// Returns
/// `{"format": "assetsync releases", "version": 1, "target", "current", "live", "releases": [..]}`.
pub fn releases_json(target: &str, root: &Root, retained: &[Release]) -> Value {
    let mut document = root_json(target, Some(root));
    document["format"] = "assetsync releases".into();
    document["releases"] = retained.iter().map(release_json).collect();
    document
}

/// Returns
/// `{"format": "assetsync status", "version": 1, "target", "seq", "current", "live", "plain", "sweeping", "unlocked", "locked", "takedowns"}`.
/// `unlocked` has who unlocked each level and when. `locked` has the levels that the next push
/// takes back.
pub fn root_json(target: &str, root: Option<&Root>) -> Value {
    json!({
        "format": "assetsync status",
        "version": 1,
        "target": target,
        "seq": root.map_or(0, |root| root.seq),
        "current": root.and_then(Root::current_id),
        "live": root.and_then(|root| root.live.as_ref()),
        "plain": root.map_or(Plain::Settled, |root| root.plain),
        "sweeping": root.is_some_and(|root| root.gc.sweep.is_some()),
        "unlocked": root.map(|root| &root.unlocked),
        "locked": root.map(|root| &root.relocked),
        "takedowns": root.map(|root| root.takedowns.iter().map(takedown_json).collect::<Vec<_>>()),
    })
}

fn takedown_json(takedown: &Takedown) -> Value {
    json!({
        "at": takedown.at,
        "actor": takedown.actor,
        "why": takedown.why,
        "paths": takedown.blocked.union(&takedown.others).collect::<Vec<_>>(),
        "kept_out": takedown.blocked,
    })
}

/// Returns
/// `{"format": "assetsync prune", "version": 1, "target", "dropped": [..], "retained", "young", "objects": [..], "documents": [..]}`.
/// `young` is null, or what stays because it is young: `{"objects", "bytes", "from", "until"}`,
/// days in UTC.
pub fn sweep_json(target: &str, sweep: &Sweep, is_only_shown: bool) -> Value {
    let young = sweep.young.map(|young| {
        json!({
            "objects": young.objects,
            "bytes": young.bytes,
            "from": day(young.from),
            "until": day(young.until),
        })
    });
    json!({
        "format": "assetsync prune",
        "version": 1,
        "target": target,
        "only_shown": is_only_shown,
        "dropped": sweep.dropped.iter().map(|release| &release.id).collect::<Vec<_>>(),
        "retained": sweep.retained,
        "young": young,
        "bytes": sweep.bytes(),
        "objects": sweep.objects,
        "documents": sweep.documents,
        "former_documents": sweep.former.len(),
    })
}
