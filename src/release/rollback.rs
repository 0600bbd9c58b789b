//! An earlier release again: verified, then made the current one by one swap of the root.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::guard::{self, Allowed};
use super::leftover::{self, Leftover};
use super::manifest::Manifest;
use super::plain;
use super::root::{Live, Overwrites, Plain, Refusal, Release, ReleaseId, Root, Seen};
use super::state::{Changed, State};
use super::takedown::{derived, without};
use super::verify::{Finding, Verify, verify};
use crate::apply::{Options, Report};
use crate::error::{Error, Result};
use crate::levels::LevelId;
use crate::name::Token;
use crate::path::LogicalPath;
use crate::plan::Reason;
use crate::progress::Progress;
use crate::store::Store;

/// How often a release is verified anew, because something was deleted meanwhile.
const ROUNDS_MAX: usize = 5;

const ROLL_BACK_AGAIN: &str = "look at what is current now (`assetsync releases`), and roll back again if that is still meant";

/// All that a rollback goes by.
#[derive(Debug)]
pub struct Rollback<'a> {
    /// Where objects are.
    pub store: &'a Arc<dyn Store>,
    /// Where releases are.
    pub state: &'a State,
    /// How closely the release is looked at.
    pub verify: Verify,
    /// What the user said yes to.
    pub allowed: &'a Allowed,
    /// Bounds and settings.
    pub options: &'a Options,
    /// Counters, and the order to stop.
    pub progress: &'a Arc<Progress>,
}

/// What a rollback came to.
#[derive(Debug)]
pub struct RolledBack {
    /// The release that was the current one.
    pub from: Release,
    /// The one that is now.
    pub to: Release,
    /// How many files of each level were published, and aren't by this release, which holds them.
    pub taken_back: BTreeMap<String, u64>,
    /// The release that was asked for, if `to` was made from it, without what was taken down since.
    pub made_from: Option<ReleaseId>,
    /// What was left out for that.
    pub left_out: BTreeSet<String>,
    /// What the release before published, and can still be had.
    pub left: Vec<Leftover>,
    /// What was done to plain names.
    pub report: Report,
}

/// What a rollback would do to names that stay.
#[derive(Debug)]
pub struct Preview {
    /// Where it goes.
    pub to: Release,
    /// None: the target isn't live.
    pub live: Option<Live>,
    /// The logical paths that the release publishes.
    pub paths: Vec<String>,
    /// Those of names that stay and may show something else now.
    pub over: Vec<String>,
}

/// Looks at what [`rollback`] would write over, and changes nothing.
///
/// # Errors
/// [`Error::Usage`]: no such release. Its documents can't be read.
pub async fn preview(state: &State, wanted: Option<&str>) -> Result<Preview> {
    let Chosen {
        root,
        to,
        manifest,
        now,
        ..
    } = choose(state, wanted).await?;
    let blocked = blocked(&root, &manifest);
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

/// Where a rollback begins, and where it goes.
struct Chosen {
    root: Root,
    from: Release,
    to: Release,
    /// Of the release to go to.
    manifest: Manifest,
    /// Of the current one.
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
            format!("{} is the current release already", to.id),
            "`assetsync releases` shows the others",
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

/// Makes the retained release that `wanted` names the current one; the current one's parent, if it names none. The
/// beginning or the end of a name is enough, if it's only one's.
///
/// # Errors
/// [`Error::Usage`]: no such release. [`Error::Refused`]: its objects aren't all there, or plain names would be written over
/// while the target is live. [`Error::LostRace`], [`Error::Unknown`], [`Error::Interrupted`].
pub async fn rollback(rollback: &Rollback<'_>, wanted: Option<&str>) -> Result<RolledBack> {
    for _ in 0..ROUNDS_MAX {
        let stoppable = rollback.progress;
        let Chosen {
            root,
            from,
            to,
            manifest,
            now,
        } = stoppable
            .unless_stopped(choose(rollback.state, wanted))
            .await?;
        if root.taking_down().is_some() {
            let refusal = Refusal::Sweeping;
            return Err(guard::refused_again(refusal, Some(&root), ROLL_BACK_AGAIN));
        }
        refuse_held(rollback.allowed, &to, &manifest, &now)?;
        let check = left_out(rollback, &root, &to, &manifest);
        let left_out = stoppable.unless_stopped(check).await?;
        let manifest = without(manifest, &left_out);
        let changed = changed_names(&manifest, &now, root.plain);
        let folder = tempfile::tempdir()
            .map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), e))?;
        let restore = plain::restore(
            rollback.store,
            rollback.state,
            &manifest,
            &changed,
            folder.path(),
        );
        let objects = stoppable.unless_stopped(restore).await?;
        let seen = Root::seen(Some(&root));
        let names = objects.iter().map(|object| object.path.as_str());
        let overwrites = Overwrites::of(names, &rollback.allowed.overwrite_live);
        let plain = match objects.is_empty() {
            true => Plain::Settled,
            false => Plain::Pending,
        };
        let unlock = &rollback.allowed.unlock;
        let made_from = (!left_out.is_empty()).then(|| to.id.clone());
        let to = match &made_from {
            None => to,
            Some(_) => {
                let make = make(rollback.state, &to, &from, &seen, &manifest, &now);
                stoppable.unless_stopped(make).await?
            }
        };
        let change = |root: Option<&Root>, stamp: &_| {
            let to = to.clone();
            let next = match (root, &made_from) {
                (Some(root), None) => root.roll_back(&seen, to, overwrites, plain, stamp),
                (Some(root), Some(_)) => {
                    Root::publish(Some(root), &seen, to, overwrites, plain, stamp)
                }
                (None, _) => Err(Refusal::LostRace),
            };
            let known = root.map(|root| root.left.as_slice()).unwrap_or_default();
            let left = leftover::after_rollback(known, &now, &manifest);
            Ok(next?.leaving(left).unlocking(unlock, stamp))
        };
        match rollback.state.change(change).await? {
            Changed::Done(root_now) => {
                let report = match root_now.plain {
                    Plain::Settled => Report::default(),
                    Plain::Pending => {
                        settle(rollback, &root_now, &manifest, &objects, root.plain).await
                    }
                };
                return Ok(RolledBack {
                    taken_back: taken_back(&manifest, &now),
                    left: root_now.left,
                    made_from,
                    left_out,
                    from,
                    to,
                    report,
                });
            }
            // Something was deleted since it was verified.
            Changed::Refused(Refusal::Moved, root) if is_idle(root.as_ref()) => {}
            Changed::Refused(Refusal::Live, root) => {
                return Err(live(rollback, root.as_ref(), &objects));
            }
            Changed::Refused(refusal, root) => {
                return Err(guard::refused_again(
                    refusal,
                    root.as_ref(),
                    ROLL_BACK_AGAIN,
                ));
            }
        }
    }
    Err(Error::Refused {
        message: "Objects are deleted all the time: the release couldn't be verified".to_string(),
        hint: "who is pruning?".to_string(),
    })
}

/// Writes the plain names of the current release that a stopped push or rollback left unwritten. True if there were any.
///
/// # Errors
/// As for [`rollback`].
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
    let folder =
        tempfile::tempdir().map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), e))?;
    let restore = plain::restore(
        rollback.store,
        rollback.state,
        &manifest,
        &names,
        folder.path(),
    );
    let objects = stoppable.unless_stopped(restore).await?;
    Ok(Some(
        settle(rollback, &root, &manifest, &objects, root.plain).await,
    ))
}

fn is_idle(root: Option<&Root>) -> bool {
    root.is_none_or(|root| root.gc.sweep.is_none())
}

/// Returns what a release published and somebody took down since.
fn blocked(root: &Root, manifest: &Manifest) -> BTreeSet<String> {
    let published = manifest.published();
    let blocked = published.filter(|entry| root.blocked(&entry.path).is_some());
    blocked.map(|entry| entry.path.to_string()).collect()
}

/// Verifies the objects of a release. Returns the files that it can only be published without, since they were taken down.
async fn left_out(
    rollback: &Rollback<'_>,
    root: &Root,
    to: &Release,
    manifest: &Manifest,
) -> Result<BTreeSet<String>> {
    let mut left_out = blocked(root, manifest);
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

/// Writes down the release that has what is left of `of`.
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
    objects: &[crate::build::Object],
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

/// What is told of a target without any release.
pub fn nothing_published() -> Error {
    Error::usage(
        "Nothing has been published to this target yet",
        "`assetsync push` makes the first release; if there were any, is the place of the releases right (`state`)?",
    )
}

/// What isn't public now, and is held, becomes so only if that's meant.
fn refuse_held(allowed: &Allowed, to: &Release, then: &Manifest, now: &Manifest) -> Result<()> {
    let by_path = held_by_path(allowed, then, now);
    let (then, now) = (then.published_levels(), now.published_levels());
    let by_name = then
        .difference(&now)
        .find(|level| allowed.held.contains(**level));
    match by_path.or(by_name.copied()) {
        None => Ok(()),
        Some(level) => Err(Error::Refused {
            message: format!(
                "{} publishes the level `{level}`, which is held, and isn't published now",
                to.id
            ),
            hint: format!("`--unlock {level}` publishes it again"),
        }),
    }
}

/// A level that holds a file which `then` publishes and `now` doesn't: by the levels of today, since a level may have been renamed,
/// or made when it was too late.
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

/// What `now` publishes of levels that `then` holds.
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

/// The release that is meant.
///
/// # Errors
/// None has this name, or several have.
pub fn find<'r>(
    retained: &'r [Release],
    current: &Release,
    wanted: Option<&str>,
) -> Result<&'r Release> {
    let Some(wanted) = wanted else {
        let parent = retained
            .iter()
            .find(|release| Some(&release.id) == current.parent.as_ref());
        return parent.ok_or_else(|| {
            let message = match &current.parent {
                Some(parent) => format!("The release before this one, {parent}, has been pruned"),
                None => format!(
                    "{} is the first release: there's none before it",
                    current.id
                ),
            };
            Error::usage(message, "`assetsync releases` shows what there is")
        });
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
        [] => Err(Error::usage(
            format!("There is no release `{}`", crate::error::escape(wanted)),
            "`assetsync releases` shows what there is",
        )),
        [first, ..] => Err(Error::usage(
            format!(
                "{} releases are called `{}`, such as {}",
                found.len(),
                crate::error::escape(wanted),
                first.id
            ),
            "give more of the name",
        )),
    }
}

fn refuse_wrong(to: &Release, manifest: &Manifest, findings: &[Finding]) -> Result<()> {
    let Some(Finding { entry, reason, .. }) = findings.first() else {
        return Ok(());
    };
    let commit = to
        .commit
        .as_ref()
        .map_or(String::new(), |commit| format!(" (commit {})", commit.id));
    Err(Error::Refused {
        message: format!(
            "The release {} isn't there as it was: {}, such as `{}` ({reason})",
            to.id,
            crate::report::count(findings.len() as u64, "object"),
            manifest.entries[*entry].path,
        ),
        hint: format!(
            "`assetsync push --verify list` mends what the current release has too; for all else, check out what was published then{commit}, and push that with `--allow-older --verify list`"
        ),
    })
}

fn mutable(manifest: &Manifest) -> impl Iterator<Item = (usize, &super::manifest::Entry)> {
    let entries = manifest.entries.iter().enumerate();
    entries.filter(|(_, entry)| entry.stored.is_some() && entry.is_mutable())
}

/// The mutable names of `to` that may show something else: all of them, if nobody knows what they show.
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

fn live(rollback: &Rollback<'_>, root: Option<&Root>, objects: &[crate::build::Object]) -> Error {
    let Some(live) = root.and_then(|root| root.live.as_ref()) else {
        return guard::refused(Refusal::Live, root);
    };
    let names = objects.iter().map(|object| object.path.as_str());
    let excused = &rollback.allowed.overwrite_live;
    let names: Vec<&str> = names.filter(|name| !excused.contains(*name)).collect();
    let (message, hint) = guard::written_over(live, &names);
    Error::Refused { message, hint }
}
