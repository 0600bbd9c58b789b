//! Return to an earlier release: verified, then made the current one by one swap of the root.

mod ready;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tempfile::TempDir;

use self::ready::prepare;
use super::guard::{self, Allowed};
use super::leftover::Leftover;
use super::manifest::{Entry, Manifest};
use super::plain;
use super::publish::ROUNDS_MAX;
use super::root::{Live, Plain, Refusal, Release, ReleaseId, Root, Seen};
use super::state::{Changed, State};
use super::takedown::{derived, without};
use super::verify::{Finding, Verify, verify};
use crate::apply::{Options, Report};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Token;
use crate::base::path::LogicalPath;
use crate::base::progress::Progress;
use crate::base::refusal::Guard;
use crate::levels::LevelId;
use crate::naming::Object;
use crate::plan::Reason;
use crate::store::Store;

fn shown_by() -> Hint {
    Verb::Releases.then(" lists the releases")
}

fn roll_back_again() -> Hint {
    Hint::from("check which release is current (")
        .then(Verb::Releases)
        .then("), and roll back again if that's still what you want")
}

/// Inputs of a rollback.
#[derive(Debug)]
pub struct Rollback<'a> {
    /// Storage of the objects.
    pub store: &'a Arc<dyn Store>,
    /// Storage of the releases.
    pub state: &'a State,
    /// Extent of the verification.
    pub verify: Verify,
    /// Permissions from the user.
    pub allowed: &'a Allowed,
    /// Bounds and settings.
    pub options: &'a Options,
    /// Counters, and the signal to stop.
    pub progress: &'a Arc<Progress>,
}

/// Outcome of a rollback.
#[derive(Debug)]
pub struct RolledBack {
    /// Release that was the current one before.
    pub from: Release,
    /// Release that is the current one now.
    pub to: Release,
    /// Number of files of each level that were published before, but are held by this release.
    pub taken_back: BTreeMap<String, u64>,
    /// Release that the user asked for, if `to` was made from it without the files that were taken
    /// down since.
    pub made_from: Option<ReleaseId>,
    /// Files that were left out for this reason.
    pub left_out: BTreeSet<String>,
    /// Files of the previous release that can still be fetched.
    pub left: Vec<Leftover>,
    /// Report on the plain names.
    pub report: Report,
}

/// Preview of the changes that a rollback would make to mutable names.
#[derive(Debug)]
pub struct Preview {
    /// Release that it would return to.
    pub to: Release,
    /// Live switch; none if the target isn't live.
    pub live: Option<Live>,
    /// Logical paths that the release publishes.
    pub paths: Vec<String>,
    /// Logical paths of mutable names that may show something else now.
    pub over: Vec<String>,
}

/// Finds the names that [`rollback`] would overwrite. Changes nothing.
///
/// # Errors
/// Returns [`Error::Usage`] if there is no such release, or an error if its documents can't be
/// read.
pub async fn preview(state: &State, wanted: Option<&str>) -> Result<Preview> {
    let Chosen {
        root,
        to,
        manifest,
        now,
        ..
    } = choose(state, wanted).await?;
    let blocked = blocked(&root, &to, &manifest, &now);
    let manifest = without(manifest, &blocked);
    let path = |at: usize| manifest.entries[at].path.to_string();
    let over = changed_names(&manifest, &now, root.plain);
    Ok(Preview {
        to,
        live: root.live,
        over: over.into_iter().map(path).collect(),
        paths: manifest.published().map(|e| e.path.to_string()).collect(),
    })
}

/// Start and destination of a rollback.
struct Chosen {
    root: Root,
    from: Release,
    to: Release,
    /// Manifest of the release to return to.
    manifest: Manifest,
    /// Manifest of the current release.
    now: Manifest,
}

async fn choose(state: &State, wanted: Option<&str>) -> Result<Chosen> {
    let root = state.root().await?.map(|held| held.root);
    let Some((root, from)) = root.and_then(|root| Some((root.clone(), root.current?))) else {
        return Err(nothing_published());
    };
    let retained = state.retained(&root).await?;
    let to = find(&retained, &from, wanted)?.clone();
    if to.id == from.id {
        return Err(Error::usage(
            format!("{} is already the current release", to.id),
            Verb::Releases.then(" lists the others"),
        ));
    }
    Ok(Chosen {
        manifest: state.manifest(&to.manifest).await?,
        now: state.manifest(&from.manifest).await?,
        root,
        from,
        to,
    })
}

/// Makes the retained release that `wanted` names the current one, or the current one's parent if
/// it names none. The beginning or the end of a name is enough if it is unique.
///
/// # Errors
/// Returns [`Error::Usage`] if there is no such release. Returns [`Error::Refused`] if some of its
/// objects are missing, or if plain names would be overwritten while the target is live. Otherwise
/// [`Error::LostRace`], [`Error::Unknown`] or [`Error::Interrupted`].
pub async fn rollback(rollback: &Rollback<'_>, wanted: Option<&str>) -> Result<RolledBack> {
    for _ in 0..ROUNDS_MAX {
        let choose = choose(rollback.state, wanted);
        let chosen = rollback.progress.unless_stopped(choose).await?;
        let ready = prepare(rollback, chosen).await?;
        match ready.switch(rollback).await? {
            Changed::Done(root) => return Ok(ready.done(rollback, root).await),
            // Something was deleted since the release was verified.
            Changed::Refused(Refusal::Moved, root) if Root::is_idle(root.as_ref()) => {}
            Changed::Refused(Refusal::Live, root) => {
                return Err(live(rollback, root.as_ref(), &ready.objects));
            }
            Changed::Refused(refusal, root) => {
                return Err(guard::refused_again(
                    refusal,
                    root.as_ref(),
                    roll_back_again(),
                ));
            }
        }
    }
    Err(Error::refused(
        Guard::Busy,
        "Cannot verify the release: objects keep being deleted",
        "another prune is running; retry when it has finished",
    ))
}

/// Fetches the plain names of a release into a temporary folder, which exists as long as they are
/// needed.
async fn restore(
    rollback: &Rollback<'_>,
    manifest: &Manifest,
    names: &[usize],
) -> Result<(Vec<Object>, TempDir)> {
    let folder = tempfile::tempdir()
        .map_err(|e| Error::io("create a folder in", &std::env::temp_dir(), e))?;
    let restore = plain::restore(
        rollback.store,
        rollback.state,
        manifest,
        names,
        folder.path(),
    );
    let objects = rollback.progress.unless_stopped(restore).await?;
    Ok((objects, folder))
}

/// Writes the plain names of the current release that an interrupted push or rollback left
/// unwritten. Returns none if there were none.
///
/// # Errors
/// Returns the errors of [`rollback`].
pub async fn settle_current(rollback: &Rollback<'_>) -> Result<Option<Report>> {
    let Some(root) = rollback.state.root().await?.map(|held| held.root) else {
        return Ok(None);
    };
    let (Plain::Pending, Some(release)) = (root.plain, &root.current) else {
        return Ok(None);
    };
    let stoppable = rollback.progress;
    let manifest = rollback.state.manifest(&release.manifest);
    let manifest = stoppable.unless_stopped(manifest).await?;
    let names: Vec<usize> = mutable(&manifest).map(|(at, _)| at).collect();
    let (objects, _folder) = restore(rollback, &manifest, &names).await?;
    Ok(Some(
        settle(rollback, &root, &manifest, &objects, root.plain).await,
    ))
}

/// Returns the files that a release published and that were taken down since. A plain name could be
/// restored from its copy, with what was taken down, unless the current release has it as it was.
fn blocked(root: &Root, to: &Release, manifest: &Manifest, now: &Manifest) -> BTreeSet<String> {
    let is_as_now = |entry: &Entry| {
        let now = now.find(&entry.path).filter(|now| now.stored.is_some());
        now.is_some_and(|now| now.key == entry.key && now.digest == entry.digest)
    };
    let is_blocked = |entry: &&Entry| {
        let was_plain = entry.is_mutable() && root.was_taken_down_since(&entry.path, to.at);
        root.blocked(&entry.path).is_some() || (was_plain && !is_as_now(entry))
    };
    let blocked = manifest.published().filter(is_blocked);
    blocked.map(|entry| entry.path.to_string()).collect()
}

/// Verifies the objects of a release. Returns the files that must be left out because they were
/// taken down.
async fn left_out(
    rollback: &Rollback<'_>,
    root: &Root,
    to: &Release,
    manifest: &Manifest,
    now: &Manifest,
) -> Result<BTreeSet<String>> {
    let mut left_out = blocked(root, to, manifest, now);
    let findings = verify(
        &**rollback.store,
        manifest,
        |entry| !entry.is_mutable() && !left_out.contains(&*entry.path),
        rollback.verify,
        rollback.options.requests,
    )
    .await?;
    let path = |finding: &Finding| &*manifest.entries[finding.entry].path;
    let was_taken_down = |f: &Finding| f.reason == Reason::Missing && root.was_taken_down(path(f));
    let (gone, wrong): (Vec<_>, Vec<_>) = findings.into_iter().partition(was_taken_down);
    refuse_wrong(to, manifest, &wrong)?;
    left_out.extend(gone.iter().map(|finding| path(finding).to_string()));
    Ok(left_out)
}

/// Writes the release that has the remaining files of `of`.
async fn make(
    state: &State,
    of: &Release,
    from: &Release,
    seen: &Seen,
    manifest: &Manifest,
    now: &Manifest,
) -> Result<Release> {
    let digest = state.keep_manifest(manifest).await?;
    let release = Release {
        changes: manifest.changes(Some(now)),
        ..derived(state, of, from, seen, manifest, digest)
    };
    state.keep_release(&release).await?;
    Ok(release)
}

async fn settle(
    rollback: &Rollback<'_>,
    root: &Root,
    manifest: &Manifest,
    objects: &[Object],
    before: Plain,
) -> Report {
    let settle = plain::Settle {
        store: rollback.store,
        state: rollback.state,
        switched: &root.switched,
        overtaken: &root.overtaken,
        names: mutable(manifest)
            .map(|(_, entry)| entry.key.to_string())
            .collect(),
        allowed: rollback.allowed,
        options: rollback.options,
        progress: rollback.progress,
        doubt: plain::Doubt::of(before),
    };
    plain::settle(&settle, objects).await
}

/// Returns the error for a target without any release.
pub fn nothing_published() -> Error {
    Error::usage(
        "Nothing has been published to this target yet",
        Verb::Push.then(
            " makes the first release; if there should be releases, check their place (`state`)",
        ),
    )
}

/// Refuses to publish files that are held and aren't public now, unless this is permitted.
fn refuse_held(allowed: &Allowed, to: &Release, then: &Manifest, now: &Manifest) -> Result<()> {
    let by_path = held_by_path(allowed, then, now);
    let (then, now) = (then.published_levels(), now.published_levels());
    let by_name = then
        .difference(&now)
        .find(|level| allowed.held.contains(**level));
    match by_path.or(by_name.copied()) {
        None => Ok(()),
        Some(level) => Err(Error::refused(
            Guard::HeldLevel,
            format!(
                "{} would publish the level `{level}`, which is held and not published now",
                to.id
            ),
            format!("pass `--unlock {level}` to publish it again"),
        )),
    }
}

/// Returns a level that holds a file which `then` publishes and `now` doesn't. It uses the current
/// levels, since a level may have been renamed, or added too late.
fn held_by_path<'a>(allowed: &'a Allowed, then: &Manifest, now: &Manifest) -> Option<&'a str> {
    let levels = &allowed.levels;
    let is_published = |path: &str| now.find(path).is_some_and(|entry| entry.stored.is_some());
    let is_held = |level: LevelId| levels.is_held(level) && !allowed.unlocked.contains(&level);
    let mut held = then.published().filter_map(|entry| {
        let level = levels.of(&LogicalPath::parse(&entry.path).ok()?);
        (is_held(level) && !is_published(&entry.path)).then_some(level)
    });
    held.next().map(|level| levels.name(level))
}

/// Counts the files that `now` publishes and `then` holds, by level.
fn taken_back(then: &Manifest, now: &Manifest) -> BTreeMap<String, u64> {
    let mut levels = BTreeMap::new();
    for entry in now.published() {
        let held = then.find(&entry.path).filter(|then| then.stored.is_none());
        if let Some(held) = held {
            *levels.entry(then.level_of(held).to_string()).or_default() += 1;
        }
    }
    levels
}

/// Returns the release that `wanted` stands for.
///
/// # Errors
/// Returns an error if no release has this name, or if several have.
pub fn find<'r>(
    retained: &'r [Release],
    current: &Release,
    wanted: Option<&str>,
) -> Result<&'r Release> {
    let Some(wanted) = wanted else {
        return parent_of(current, retained);
    };
    let exact = retained.iter().filter(|release| release.id.0 == wanted);
    let partly = retained
        .iter()
        .filter(|release| release.id.0.starts_with(wanted) || release.id.0.ends_with(wanted));
    let found: Vec<&Release> = match exact.clone().next() {
        Some(_) => exact.collect(),
        None => partly.collect(),
    };
    match found.as_slice() {
        [release] => Ok(release),
        [] => {
            let wanted = crate::base::text::escape(wanted);
            let message = format!("There is no release `{wanted}`");
            Err(Error::usage(message, shown_by()))
        }
        [first, ..] => Err(several(found.len(), wanted, first)),
    }
}

fn several(number: usize, wanted: &str, first: &Release) -> Error {
    let wanted = crate::base::text::escape(wanted);
    let message = format!("`{wanted}` matches {number} releases, such as {}", first.id);
    Error::usage(message, "give a longer part of the name")
}

fn parent_of<'r>(current: &Release, retained: &'r [Release]) -> Result<&'r Release> {
    let parent = retained
        .iter()
        .find(|release| Some(&release.id) == current.parent.as_ref());
    parent.ok_or_else(|| {
        let message = match &current.parent {
            Some(parent) => format!("The previous release, {parent}, has been pruned"),
            None => format!(
                "{} is the first release: there is no earlier one",
                current.id
            ),
        };
        Error::usage(message, shown_by())
    })
}

fn refuse_wrong(to: &Release, manifest: &Manifest, findings: &[Finding]) -> Result<()> {
    let Some(Finding { entry, reason, .. }) = findings.first() else {
        return Ok(());
    };
    let commit = to
        .commit
        .as_ref()
        .map_or(String::new(), |commit| format!(" (commit {})", commit.id));
    Err(Error::refused(
        Guard::Incomplete,
        format!(
            "Release {} is incomplete: {} missing or changed, such as `{}` ({reason})",
            to.id,
            crate::base::text::count(findings.len() as u64, "object"),
            manifest.entries[*entry].path,
        ),
        Verb::Push.with("--verify list").then(format!(
            " repairs those that the current release has too; for the others, check out what was \
             published then{commit}, and push it with `--allow-older --verify list`"
        )),
    ))
}

fn mutable(manifest: &Manifest) -> impl Iterator<Item = (usize, &super::manifest::Entry)> {
    let entries = manifest.entries.iter().enumerate();
    entries.filter(|(_, entry)| entry.stored.is_some() && entry.is_mutable())
}

/// Returns the mutable names of `to` that may show something else: all of them, if their content
/// isn't known.
fn changed_names(to: &Manifest, now: &Manifest, plain: Plain) -> Vec<usize> {
    let shown: HashMap<&str, Token> = match plain {
        Plain::Pending => HashMap::new(),
        Plain::Settled => mutable(now)
            .map(|(_, entry)| (entry.key.as_str(), entry.token))
            .collect(),
    };
    mutable(to)
        .filter(|(_, entry)| shown.get(entry.key.as_str()) != Some(&entry.token))
        .map(|(at, _)| at)
        .collect()
}

fn live(rollback: &Rollback<'_>, root: Option<&Root>, objects: &[Object]) -> Error {
    let Some(live) = root.and_then(|root| root.live.as_ref()) else {
        return guard::refused(Refusal::Live, root);
    };
    let names = objects.iter().map(|object| object.path.as_str());
    let excused = &rollback.allowed.overwrite_live;
    let names: Vec<&str> = names.filter(|name| !excused.contains(*name)).collect();
    guard::written_over(live, &names).into()
}
