//! From a plan to a commit: objects, verification, manifest, release, root, plain names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::excused::options_for;
use super::guard::{self, Allowed};
use super::leftover;
use super::manifest::{Entry, Manifest};
use super::plain;
use super::root::{Commit, Conditions, Overwrites, Plain, Refusal, Release, ReleaseId, Root, Seen};
use super::state::{Changed, State};
use super::verify::{Finding, Verify, verify};
use super::{Base, Basis};
use crate::apply::{Failure, Options, Report, apply};
use crate::build::{Build, Object};
use crate::error::{Error, Result, escape};
use crate::plan::{Action, Plan, Reason, Step};
use crate::progress::Progress;
use crate::report::{count, names_text};
use crate::store::{Store, StoreError, StoreErrorKind};

/// How often a release is verified anew: because something was deleted meanwhile, or was missing.
const ROUNDS_MAX: usize = 5;

/// All that a push goes by.
#[derive(Debug)]
pub struct Push<'a> {
    /// What should be published.
    pub build: &'a Build,
    /// What has to be done for that.
    pub plan: &'a Plan<'a>,
    /// What the plan was made from.
    pub base: &'a Base,
    /// Where objects go.
    pub store: &'a Arc<dyn Store>,
    /// Where the release goes.
    pub state: &'a State,
    /// How closely it's looked at before it counts.
    pub verify: Verify,
    /// What the user said yes to.
    pub allowed: &'a Allowed,
    /// Where the files come from.
    pub commit: Option<Commit>,
    /// Bounds and settings.
    pub options: &'a Options,
    /// Counters, and the order to stop.
    pub progress: &'a Arc<Progress>,
}

/// What a push came to.
#[derive(Debug)]
pub struct Published {
    /// What was done to objects.
    pub report: Report,
    /// The release that is the current one now, unless the report has failures.
    pub release: Option<Release>,
    /// What a later look found damaged or missing, and was written again.
    pub repaired: Vec<String>,
    /// Whether that release is another one than before.
    pub is_new: bool,
    /// What is known of objects that nothing was done to.
    pub basis: Basis,
}

/// Whether there's nothing to do: then nothing is written, and nothing more is read.
pub fn is_published(base: &Base, build: &Build, plan: &Plan<'_>) -> bool {
    let is_same = |manifest: &Manifest| manifest.is_of(build);
    plan.is_empty() && !base.is_pending() && base.manifest.as_ref().is_some_and(is_same)
}

/// Publishes: everything or, as far as anybody sees it, nothing.
///
/// Failures of single objects are in the report, and then there's no release. What is in place by then does no harm, and
/// is found by the next push.
///
/// # Errors
/// [`Error::LostRace`]: somebody else's release is the current one. [`Error::Refused`]: the target went live, or a prune began.
/// [`Error::Unknown`]: nothing tells whether the release is the current one. [`Error::Interrupted`]. Others: nothing was published.
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
    // Of a release that has none, too, the root has to say that none is being written any more.
    if root.plain == Plain::Pending {
        let settle = plain::Settle {
            store: push.store,
            state: push.state,
            switched: &root.switched,
            allowed: push.allowed,
            options: push.options,
            progress: push.progress,
            doubt: plain::Doubt::of(push.base.plain()),
            overtaken: &root.overtaken,
            names: push
                .build
                .published()
                .filter(|object| object.is_mutable())
                .map(|object| object.key.to_string())
                .collect(),
        };
        let names: Vec<Object> = names.into_iter().cloned().collect();
        published.report.add(plain::settle(&settle, &names).await);
    }
    if published.report.is_complete()
        && let Err(error) = push.store.finish(push.build).await
    {
        let path = "(finishing)".to_string();
        published.report.failures.push(Failure { path, error });
    }
    Ok(published)
}

/// Makes sure that the storage minds conditions. Before a first push uploads anything, its place for releases says that it
/// began: so objects that are there although that place is empty are those of other releases.
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

/// Whoever verifies has seen all there is.
fn basis(push: &Push<'_>) -> Basis {
    match push.verify {
        Verify::None => push.base.basis,
        Verify::List | Verify::Full => Basis::Seen,
    }
}

/// Verifies the current release, which is all there is to publish, and writes again what is missing or damaged.
///
/// # Errors
/// As for [`publish`]; no release is made.
pub async fn mend(push: &Push<'_>) -> Result<Published> {
    let mut published = Published {
        report: Report::default(),
        release: push
            .base
            .root
            .as_ref()
            .and_then(|root| root.current.clone()),
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
            again.repaired.extend(published.repaired);
            return Ok(again);
        }
    }
    if published.report.is_complete()
        && let Err(error) = push.store.finish(push.build).await
    {
        let path = "(finishing)".to_string();
        published.report.failures.push(Failure { path, error });
    }
    Ok(published)
}

/// Says in the root that levels are unlocked, of which everything is published already.
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

/// Plain names that show something else than the current release says: a release that changes nothing else writes them.
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

/// Mutable names to be written once the release is the current one, by key, and why.
type Names<'a> = BTreeMap<&'a str, (&'a Object, Reason)>;

/// Which mutable names are to be written, as far as the plan knows: those that change, or all if nobody knows what they show.
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

/// Puts copies where rollbacks find them: of what is written, and of all of which the release before has none.
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

/// Verifies the release and makes it the current one. Returns the root, and which mutable names are to be written now; none
/// if objects failed.
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
        let plain = match names.is_empty() && !push.base.is_pending() {
            true => Plain::Settled,
            false => Plain::Pending,
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
            // Something was deleted since the root was read, perhaps of what was found there, and perhaps since somebody took it down.
            Changed::Refused(Refusal::Moved, root) if is_idle(root.as_ref()) => {
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
    Err(Error::Refused {
        message: "Objects are deleted all the time: the release couldn't be verified".to_string(),
        hint: "who is pruning?".to_string(),
    })
}

fn is_idle(root: Option<&Root>) -> bool {
    root.is_none_or(|root| root.gc.sweep.is_none())
}

fn overwrites(push: &Push<'_>) -> Overwrites {
    Overwrites::of(guard::overwrites(push.plan), &push.allowed.overwrite_live)
}

/// Looks at what is there, and writes again what is missing or damaged; mutable names that show something else are added to
/// `names`, and wait for the root. False if that failed.
async fn verify_and_repair<'a>(
    push: &Push<'a>,
    names: &mut Names<'a>,
    how: Verify,
    published: &mut Published,
) -> Result<bool> {
    for round in 0..ROUNDS_MAX {
        let manifest = Manifest::new(push.build, &published.report.stored);
        let is_meant = |entry: &Entry| !names.contains_key(entry.key.as_str());
        let requests = push.options.requests;
        let look = verify(&**push.store, &manifest, is_meant, how, requests);
        let findings = push.progress.unless_stopped(look).await?;
        let is_mutable = |finding: &Finding| manifest.entries[finding.entry].is_mutable();
        let (later, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_mutable);
        let mut over = Vec::new();
        for finding in later.iter().filter(|finding| is_certain(finding)) {
            let path = &manifest.entries[finding.entry].path;
            let object = push
                .build
                .find(path)
                .expect("the manifest was made from the build");
            names.insert(object.key.as_str(), (object, finding.reason));
            published.repaired.push(path.to_string());
            if finding.reason != Reason::Missing {
                over.push((object.path.as_str(), finding.reason));
            }
        }
        let repairs = repairs(push.build, &manifest, findings);
        over.extend(
            repairs
                .actions
                .iter()
                .filter_map(|action| match action.step {
                    Step::Overwrite(reason) => Some((action.object.path.as_str(), reason)),
                    _ => None,
                }),
        );
        refuse_while_live(push, over).await?;
        if repairs.actions.is_empty() {
            return Ok(true);
        }
        if round + 1 == ROUNDS_MAX {
            break;
        }
        let paths = repairs.actions.iter();
        let paths = paths.map(|action| action.object.path.to_string());
        published.repaired.extend(paths);
        let report = apply(&repairs, push.store, push.options, push.progress).await;
        published.report.add(report);
        if !published.report.is_complete() {
            return Ok(false);
        }
    }
    let message = "Objects of the release don't stay as they are written";
    Err(StoreError::new(StoreErrorKind::Other, message)
        .hint("who else writes to the target, or deletes from it?")
        .into())
}

/// The size that is known of a plain name is that of its copy, which isn't stored as it is everywhere.
fn is_certain(finding: &Finding) -> bool {
    matches!(
        finding.reason,
        Reason::Missing | Reason::Differs | Reason::Unknown
    )
}

fn repairs<'a>(build: &'a Build, manifest: &Manifest, findings: Vec<Finding>) -> Plan<'a> {
    let action = |finding: Finding| {
        let path = &manifest.entries[finding.entry].path;
        Action {
            object: build
                .find(path)
                .expect("the manifest was made from the build"),
            step: match finding.reason {
                Reason::Missing => Step::Upload(Reason::Missing),
                // Somebody else put that there.
                reason @ (Reason::Differs | Reason::Unknown)
                    if manifest.entries[finding.entry].is_fingerprinted =>
                {
                    Step::Conflict(reason)
                }
                reason => Step::Overwrite(reason),
            },
            there: finding.there,
            copy_of: None,
        }
    };
    Plan {
        actions: findings.into_iter().map(action).collect(),
    }
}

/// What would be written over waits until the target isn't live, but for what is excused.
async fn refuse_while_live(push: &Push<'_>, mut over: Vec<(&str, Reason)>) -> Result<()> {
    over.retain(|(path, _)| !push.allowed.overwrite_live.contains(*path));
    if over.is_empty() {
        return Ok(());
    }
    // As it is now: it may have been switched on since the push began.
    let root = push.state.root().await?.map(|held| held.root);
    let Some(live) = root.and_then(|root| root.live) else {
        return Ok(());
    };
    over.sort_unstable();
    let names: Vec<&str> = over.iter().map(|(path, _)| *path).collect();
    let live = guard::live_in_words(&live);
    let what = match over[..] {
        [(path, reason)] => {
            format!(
                "`{}` isn't in the target as it was published ({reason}), and would have to be written over",
                escape(path)
            )
        }
        _ => format!(
            "{} aren't in the target as they were published, and would have to be written over{}",
            count(names.len() as u64, "file"),
            names_text(&names)
        ),
    };
    Err(Error::Refused {
        message: format!("{live}: {what}"),
        hint: format!(
            "the same push with `{}` puts that right all the same",
            options_for(&names)
        ),
    })
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
