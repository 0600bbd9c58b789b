//! Publication of a plan: objects, verification, manifest, release, root, plain names.

mod repair;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use self::repair::verify_and_repair;
use super::guard::{self, Allowed};
use super::leftover;
use super::manifest::Manifest;
use super::plain;
use super::root::{Commit, Conditions, Overwrites, Plain, Refusal, Release, ReleaseId, Root, Seen};
use super::state::{Changed, State};
use super::verify::Verify;
use super::{Base, Basis};
use crate::apply::{Failure, Options, Report, apply};
use crate::base::error::{Error, Result};
use crate::base::progress::Progress;
use crate::base::refusal::Guard;
use crate::naming::{Build, Object};
use crate::plan::{Plan, Reason, Step};
use crate::store::Store;
use crate::store::Upload;

/// Maximum number of verifications of a release. It is repeated if something was deleted in the
/// meantime, or was missing.
pub(super) const ROUNDS_MAX: usize = 5;

/// Inputs of a push.
#[derive(Debug)]
pub struct Push<'a> {
    /// Build to publish.
    pub build: &'a Build,
    /// Actions that are needed for it.
    pub plan: &'a Plan<'a>,
    /// State of the target that the plan was made from.
    pub base: &'a Base,
    /// Storage for the objects.
    pub store: &'a Arc<dyn Store>,
    /// Storage for the release.
    pub state: &'a State,
    /// Extent of the verification before the switch.
    pub verify: Verify,
    /// Permissions from the user.
    pub allowed: &'a Allowed,
    /// Commit that the files come from.
    pub commit: Option<Commit>,
    /// Bounds and settings.
    pub options: &'a Options,
    /// Counters, and the signal to stop.
    pub progress: &'a Arc<Progress>,
}

/// Outcome of a push.
#[derive(Debug)]
pub struct Published {
    /// Report on the objects.
    pub report: Report,
    /// Current release, unless the report has failures.
    pub release: Option<Release>,
    /// Files that were found damaged or missing later, and were written again.
    pub repaired: Vec<String>,
    /// True if the current release has changed.
    pub is_new: bool,
    /// Source of the knowledge about unchanged objects.
    pub basis: Basis,
}

/// Returns whether there is nothing to do. In this case, nothing is written, and nothing more is
/// read.
pub fn is_published(base: &Base, build: &Build, plan: &Plan<'_>) -> bool {
    let is_same = |manifest: &Manifest| manifest.is_of(build);
    plan.is_empty() && !base.is_pending() && base.manifest.as_ref().is_some_and(is_same)
}

/// Publishes a build: either everything, or nothing that visitors can see.
///
/// Failures of single objects are in the report. In this case, there is no release. Objects that
/// are already written do no harm, and the next push finds them.
///
/// # Errors
/// Returns [`Error::LostRace`] if the release of another push is the current one,
/// [`Error::Refused`] if the target went live or a prune began, [`Error::Unknown`] if it isn't
/// known whether the release is the current one, or [`Error::Interrupted`]. After any other error,
/// nothing was published.
pub async fn publish(push: &Push<'_>) -> Result<Published> {
    let mut published = Published {
        report: Report::default(),
        release: None,
        repaired: Vec::new(),
        is_new: false,
        basis: basis(push),
    };
    let conditions = push.progress.unless_stopped(begin(push)).await?;
    let objects = push.plan.only(|object| !object.is_mutable());
    published.report = apply(&objects, push.store, push.options, push.progress).await;
    if !published.report.is_complete() {
        return Ok(published);
    }
    published
        .report
        .keep_all(push.plan, |object| object.is_mutable());
    let Some((root, names)) = commit(push, conditions, &mut published).await? else {
        return Ok(published);
    };
    published.is_new = true;
    published.release = root.current.clone();
    // Even if the release has no plain names, the root has to note that none are being written any
    // more.
    if root.plain == Plain::Pending {
        let written: HashSet<&str> = names.iter().map(|object| object.key.as_str()).collect();
        let kept = push
            .plan
            .kept(|object| written.contains(object.key.as_str()));
        let settled = settle(push, &root, names).await;
        published.report.add_instead_of(kept, settled);
    }
    finish(push, &mut published.report).await;
    Ok(published)
}

/// Writes mutable names, after `root` has made their release the current one.
async fn settle(push: &Push<'_>, root: &Root, names: Vec<&Object>) -> Report {
    let mutable = push.build.published().filter(|object| object.is_mutable());
    let settle = plain::Settle {
        store: push.store,
        state: push.state,
        switched: &root.switched,
        allowed: push.allowed,
        options: push.options,
        progress: push.progress,
        doubt: plain::Doubt::of(push.base.plain()),
        overtaken: &root.overtaken,
        names: mutable.map(|object| object.key.to_string()).collect(),
    };
    let names: Vec<Object> = names.into_iter().cloned().collect();
    plain::settle(&settle, &names).await
}

/// Tells the target's store which objects are published, if nothing failed.
async fn finish(push: &Push<'_>, report: &mut Report) {
    if report.is_complete()
        && let Err(error) = push.store.finish(uploads(push.build)).await
    {
        let path = "(finishing)".to_string();
        report.failures.push(Failure { path, error });
    }
}

/// Checks that the storage supports conditions. Before a first push uploads anything, notes at the
/// place of the releases that it began. So if there are objects, but nothing at this place, they
/// belong to other releases.
async fn begin(push: &Push<'_>) -> Result<Option<Conditions>> {
    let root = push.base.root.as_ref();
    let conditions = match root.and_then(|root| root.conditions) {
        Some(known) => Some(known),
        None => push.state.try_conditions().await?,
    };
    if root.is_some_and(Root::is_begun) {
        return Ok(conditions);
    }
    let begin = |root: Option<&Root>, stamp: &_| Root::begin(root, conditions, stamp);
    match push.state.change(begin).await? {
        Changed::Done(_) | Changed::Refused(Refusal::Already, _) => Ok(conditions),
        Changed::Refused(refusal, root) => Err(guard::refused(refusal, root.as_ref())),
    }
}

/// Returns the basis after verification: if the objects were verified, they were seen.
fn basis(push: &Push<'_>) -> Basis {
    match push.verify {
        Verify::None => push.base.basis,
        Verify::List | Verify::Full => Basis::Seen,
    }
}

/// Verifies the current release, when there is nothing to publish, and writes missing or damaged
/// objects again.
///
/// # Errors
/// Returns the errors of [`publish`]. No release is made.
pub async fn repair_release(push: &Push<'_>) -> Result<Published> {
    let root = push.base.root.as_ref();
    let mut published = Published {
        report: Report::default(),
        release: root.and_then(|root| root.current.clone()),
        repaired: Vec::new(),
        is_new: false,
        basis: basis(push),
    };
    published.report.keep_all(push.plan, |_| true);
    remember_unlocked(push).await?;
    if push.verify != Verify::None {
        let mut names = BTreeMap::new();
        verify_and_repair(push, &mut names, push.verify, &mut published).await?;
        if !names.is_empty() {
            let mut again = publish_again(push, names).await?;
            again.report.add_written_by(&published.report);
            again.repaired.extend(published.repaired);
            return Ok(again);
        }
    }
    finish(push, &mut published.report).await;
    Ok(published)
}

/// Notes in the root that levels are unlocked, if their files are already published.
async fn remember_unlocked(push: &Push<'_>) -> Result<()> {
    let unlock = &push.allowed.unlock;
    let root = push.base.root.as_ref();
    let is_known = |level: &String| root.is_some_and(|root| root.unlocked.contains_key(level));
    if unlock.iter().all(is_known) {
        return Ok(());
    }
    let change = |root: Option<&Root>, stamp: &_| Root::unlock(root, unlock, stamp);
    match push.state.change(change).await? {
        Changed::Done(_) | Changed::Refused(Refusal::Already, _) => Ok(()),
        Changed::Refused(refusal, root) => Err(guard::refused(refusal, root.as_ref())),
    }
}

/// Publishes a release that only writes plain names again, because they differ from the current
/// release.
async fn publish_again(push: &Push<'_>, names: Names<'_>) -> Result<Published> {
    let mut plan = push.plan.clone();
    for action in &mut plan.actions {
        action.step = match names.get(action.object.key.as_str()) {
            None => continue,
            Some((_, Reason::Missing)) => Step::Upload(Reason::Missing),
            Some((_, reason)) => Step::Overwrite(*reason),
        };
    }
    guard::check_live(push.base, &plan, push.allowed)?;
    let again = Push {
        plan: &plan,
        commit: push.commit.clone(),
        ..*push
    };
    Box::pin(publish(&again)).await
}

/// Mutable names to write once the release is the current one, by key, each with the reason.
type Names<'a> = BTreeMap<&'a str, (&'a Object, Reason)>;

/// Returns the mutable names that have to be written, as far as the plan knows: those that change,
/// or all if their content isn't known.
fn names<'a>(push: &Push<'a>) -> Names<'a> {
    let actions = push.plan.actions.iter();
    let written = actions
        .filter(|action| action.object.is_mutable())
        .filter(|action| push.base.is_pending() || action.step != Step::Keep);
    written
        .map(|action| {
            let reason = action.step.reason().unwrap_or(Reason::Unknown);
            (action.object.key.as_str(), (action.object, reason))
        })
        .collect()
}

/// Stores copies for rollbacks: of the names that are written, and of those that the previous
/// release has no copy of.
async fn keep_copies(push: &Push<'_>, names: &Names<'_>, published: &mut Published) -> Result<()> {
    let has_copy = |object: &Object| {
        let entry = push.base.manifest.as_ref();
        let entry = entry.and_then(|manifest| manifest.find(object.path.as_str()));
        entry.is_some_and(|entry| entry.token == object.token)
    };
    let mutable = push.build.published().filter(|object| object.is_mutable());
    let copied: Vec<&Object> = mutable
        .filter(|object| names.contains_key(object.key.as_str()) || !has_copy(object))
        .collect();
    let keep = plain::keep(push.state, &copied, push.options.gzip_level, push.progress);
    let stored = push.progress.unless_stopped(keep).await?;
    let written = stored
        .into_iter()
        .filter(|(key, _)| names.contains_key(key.as_str()));
    published.report.stored.extend(written);
    Ok(())
}

/// Verifies the release and makes it the current one. Returns the root, and the mutable names to
/// write now; none if objects failed.
async fn commit<'a>(
    push: &Push<'a>,
    conditions: Option<Conditions>,
    published: &mut Published,
) -> Result<Option<(Root, Vec<&'a Object>)>> {
    let mut seen = Root::seen(push.base.root.as_ref());
    let mut how = push.verify;
    let overwrites = overwrites(push);
    let mut names = names(push);
    for _ in 0..ROUNDS_MAX {
        keep_copies(push, &names, published).await?;
        if !verify_and_repair(push, &mut names, how, published).await? {
            return Ok(None);
        }
        let plain = if names.is_empty() && !push.base.is_pending() {
            Plain::Settled
        } else {
            Plain::Pending
        };
        let manifest = Manifest::new(push.build, &published.report.stored);
        let keep = async {
            let digest = push.state.keep_manifest(&manifest).await?;
            release(push, &seen, &manifest, digest).await
        };
        let release = push.progress.unless_stopped(keep).await?;
        let change = |root: Option<&Root>, stamp: &_| {
            let next = Root::publish(root, &seen, release.clone(), overwrites, plain, stamp)?;
            let known = root.map(|root| root.left.as_slice()).unwrap_or_default();
            let left = leftover::after_push(known, push.base.manifest.as_ref(), push.build);
            let next = next
                .leaving(left)
                .unlocking(&push.allowed.unlock, stamp)
                .relocking(&push.allowed.relock)
                .putting_back(&push.allowed.put_back);
            Ok(Root { conditions, ..next })
        };
        match push.state.change(change).await? {
            Changed::Done(root) => {
                let names = names.into_values().map(|(object, _)| object);
                return Ok(Some((root, names.collect())));
            }
            // Something was deleted since the root was read, possibly an object that the push
            // relies on, or a file that was taken down.
            Changed::Refused(Refusal::Moved, root) if Root::is_idle(root.as_ref()) => {
                guard::check_taken_down(root.as_ref(), push.build, push.allowed)?;
                seen = Root::seen(root.as_ref());
                how = match how {
                    Verify::None => Verify::List,
                    other => other,
                };
            }
            Changed::Refused(refusal, root) => return Err(guard::refused(refusal, root.as_ref())),
        }
    }
    Err(Error::refused(
        Guard::Busy,
        "Cannot verify the release: objects keep being deleted",
        "another prune is running; retry when it has finished",
    ))
}

fn overwrites(push: &Push<'_>) -> Overwrites {
    Overwrites::of(guard::overwrites(push.plan), &push.allowed.overwrite_live)
}

async fn release(
    push: &Push<'_>,
    seen: &Seen,
    manifest: &Manifest,
    digest: String,
) -> Result<Release> {
    let stamp = push.state.stamp();
    let published = || push.build.published();
    let release = Release {
        id: ReleaseId::after(seen.newest.as_ref(), stamp.at, &stamp.nonce),
        parent: seen.parent.clone(),
        previous: seen.newest.clone(),
        manifest: digest,
        key_id: push.build.key_id.to_string(),
        at: stamp.at,
        actor: stamp.actor,
        files: published().count() as u64,
        bytes: published().map(|object| object.size_bytes).sum(),
        held: (push.build.objects.len() - published().count()) as u64,
        changes: manifest.changes(push.base.manifest.as_ref()),
        commit: push.commit.clone(),
    };
    push.state.keep_release(&release).await?;
    Ok(release)
}

/// Returns the list of published objects for the target's store.
fn uploads(build: &Build) -> Vec<Upload> {
    build.published().map(Object::upload).collect()
}
