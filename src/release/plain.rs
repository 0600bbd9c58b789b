//! Mutable names, written by the publisher once its release is the current one.
//!
//! They have no room for two releases, and an object that wasn't seen before is never overwritten.
//!
//! Each round checks the objects, then the root, then writes on the condition that the objects are
//! unchanged. A publisher that was overtaken finds this in the root. If it was paused after that
//! check, the condition stops it. The root says `pending` until all names are written. Until then,
//! no other run trusts a mutable name.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::excused::options_for;
use super::guard::{self, Allowed};
use super::manifest::{Entry, Manifest};
use super::root::{Live, Nonce, Plain, Refusal, Root};
use super::state::{Changed, State};
use crate::apply::{Failure, Options, Report, apply};
use crate::base::encode;
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::listed::names_text;
use crate::base::name::NameStyle;
use crate::base::path::{LogicalPath, ObjectKey};
use crate::base::progress::Progress;
use crate::base::refusal::Guard;
use crate::base::text::count;
use crate::levels::LevelId;
use crate::naming::Object;
use crate::naming::prepare;
use crate::plan::{Action, Plan, Reason, Step, step};
use crate::rules::Policy;
use crate::store::body::{Body, Content};
use crate::store::{PART_BYTES, Store, StoreError, StoreErrorKind, Stored};

/// Maximum number of copies that are made or fetched at a time. Each may take twice 16 MiB.
const COPIES_IN_FLIGHT: usize = 4;

/// Maximum number of rounds for names that another push writes at the same time.
const ROUNDS_MAX: usize = 5;

/// Inputs for writing mutable names.
pub(super) struct Settle<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) state: &'a State,
    /// Change of the root that gave us the right to write the names.
    pub(super) switched: &'a Nonce,
    pub(super) allowed: &'a Allowed,
    pub(super) options: &'a Options,
    pub(super) progress: &'a Arc<Progress>,
    /// Possibility that an older run still writes to these names.
    pub(super) doubt: Doubt,
    /// Overtaken releases, as in [`Root::overtaken`].
    pub(super) overtaken: &'a [String],
    /// Mutable keys of the current release.
    pub(super) names: HashSet<String>,
}

/// Possibility that a late write arrives from a run that was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No late write can arrive.
    None,
    /// A late write may arrive. So every name is written again, even if its content is right: the
    /// late write then finds a version that it doesn't expect. (On S3, the same bytes have the same
    /// version. So there, a late write can still overwrite a name that didn't change.)
    Late,
}

impl Doubt {
    /// Returns the doubt for this state of the root.
    pub(super) fn of(plain: Plain) -> Doubt {
        match plain {
            Plain::Pending => Doubt::Late,
            Plain::Settled => Doubt::None,
        }
    }
}

/// Stores a copy of each object, in its stored form, for a rollback. Objects in parts are too large
/// for that. Returns the facts about them for the manifest, by key.
pub(super) async fn keep(
    state: &State,
    objects: &[&Object],
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> Result<HashMap<ObjectKey, Stored>> {
    let copies = objects.iter().map(|object| async move {
        let body = prepared(object, gzip_level, progress).await?;
        let stored = Stored {
            size_bytes: body.size_bytes(),
            token: Some(object.token),
            token_is_known: true,
            ..Stored::default()
        };
        if let Content::Memory(bytes) = body.content {
            state.keep_plain(object, bytes).await?;
        }
        Ok((object.key.clone(), stored))
    });
    stream::iter(copies)
        .buffer_unordered(COPIES_IN_FLIGHT)
        .try_collect()
        .await
}

async fn prepared(
    object: &Object,
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> Result<Body, StoreError> {
    let (object, progress) = (object.clone(), Arc::clone(progress));
    tokio::task::spawn_blocking(move || prepare::prepare(&object, gzip_level, &progress))
        .await
        .expect("preparing a body doesn't panic")
}

/// Writes the names of `objects` that are missing or differ, and notes it in the root. The release
/// is already the current one, so any error becomes a failure in the report.
pub(super) async fn settle(settle: &Settle<'_>, objects: &[Object]) -> Report {
    let mut report = Report::default();
    settle.progress.note_pending_names(true);
    let written = write_all(settle, objects, &mut report).await;
    let is_over = match &written {
        Ok(()) => report.is_complete(),
        // The push that overtook this one writes them.
        Err(error) => matches!(error, Error::LostRace { .. }),
    };
    settle.progress.note_pending_names(!is_over);
    match written {
        Ok(()) => {}
        Err(Error::Interrupted) => report.is_interrupted = true,
        Err(error) => report.failures.push(Failure {
            path: "(plain names)".to_string(),
            error: in_report(error),
        }),
    }
    report
}

async fn write_all(settle: &Settle<'_>, objects: &[Object], report: &mut Report) -> Result<()> {
    write(settle, objects, report).await?;
    if report.is_complete() {
        fence(settle, report).await?;
    }
    if report.is_complete() {
        mark_settled(settle).await
    } else {
        Ok(())
    }
}

/// Writes the names of overtaken releases that the current one doesn't have, with the content of
/// the last of these releases. A late write of an overtaken push then finds a version that it
/// doesn't expect. A name without a copy stays as it is.
async fn fence(settle: &Settle<'_>, report: &mut Report) -> Result<()> {
    if settle.overtaken.is_empty() {
        return Ok(());
    }
    let folder = tempfile::tempdir()
        .map_err(|e| Error::io("create a folder in", &std::env::temp_dir(), e))?;
    let mut known = settle.names.clone();
    let mut names = Vec::new();
    for digest in settle.overtaken {
        let manifest = settle.state.manifest(digest);
        let manifest = settle.progress.unless_stopped(manifest).await?;
        let mutable = manifest.published().filter(|entry| entry.is_mutable());
        for entry in mutable.filter(|entry| known.insert(entry.key.to_string())) {
            let restored = restore_one(settle.store, settle.state, &manifest, entry, folder.path());
            match settle.progress.unless_stopped(restored).await {
                Ok(object) => names.extend(object),
                Err(error) if error.guards() == [Guard::NoCopy] => {}
                Err(error) => return Err(error),
            }
        }
    }
    // These names were permitted when they were published.
    let mut allowed = settle.allowed.clone();
    let paths = names.iter().map(|object| object.path.to_string());
    allowed.overwrite_live.extend(paths);
    let settle = Settle {
        allowed: &allowed,
        names: known,
        ..*settle
    };
    let mut fenced = Report::default();
    write(&settle, &names, &mut fenced).await?;
    // A write that is refused to this run, by a missing permission or a lock, is refused to the
    // other one too. Any other failure may be temporary.
    use StoreErrorKind::{AclRefused, Credentials, Denied};
    let may_be_theirs = |kind| !matches!(kind, AclRefused | Credentials | Denied);
    let failures = fenced.failures.into_iter();
    let failures = failures.filter(|failure| may_be_theirs(failure.error.kind));
    report.failures.extend(failures);
    report.not_begun += fenced.not_begun;
    report.is_interrupted |= fenced.is_interrupted;
    Ok(())
}

fn in_report(error: Error) -> StoreError {
    match error {
        Error::Store(error) => error,
        other => {
            let kind = match other {
                Error::Unknown { .. } => StoreErrorKind::OutcomeUnknown,
                _ => StoreErrorKind::Other,
            };
            let hint = match (&other, other.what_helps()) {
                (Error::LostRace { .. }, _) => {
                    "another push replaced this release and now writes the plain names".into()
                }
                (_, hint) => {
                    Hint::from("this release is already current; ").then(if hint.is_empty() {
                        Verb::Resolve.then(" writes its remaining plain names")
                    } else {
                        hint
                    })
                }
            };
            let told = StoreError::new(kind, other.to_string()).hint(hint);
            told.caused_by(other)
        }
    }
}

/// Retries names that another push wrote at the same time, as long as the release is the current
/// one.
async fn write(settle: &Settle<'_>, objects: &[Object], report: &mut Report) -> Result<()> {
    let mut left: Vec<Object> = objects.to_vec();
    for round in 1.. {
        let look = async { Ok((look(settle, &left).await?, current(settle).await?.live)) };
        let (there, live) = settle.progress.unless_stopped::<_, Error>(look).await?;
        let plan = plan(&left, &there, settle.doubt);
        refuse_while_live(live.as_ref(), &plan, settle.allowed)?;
        let mut done = apply(&plan, settle.store, settle.options, settle.progress).await;
        let overtaken: Vec<String> = done
            .failures
            .iter()
            .filter(|failure| failure.error.kind == StoreErrorKind::Precondition)
            .map(|failure| failure.path.clone())
            .collect();
        if round < ROUNDS_MAX {
            done.failures
                .retain(|failure| !overtaken.contains(&failure.path));
        }
        report.add(done);
        left.retain(|object| overtaken.iter().any(|path| path == object.path.as_str()));
        if left.is_empty() || !report.is_complete() {
            break;
        }
    }
    Ok(())
}

async fn mark_settled(settle: &Settle<'_>) -> Result<()> {
    let done = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.settle_plain(settle.switched, stamp),
        None => Err(Refusal::LostRace),
    };
    match settle.state.change(done).await? {
        Changed::Done(_) | Changed::Refused(Refusal::Already, _) => Ok(()),
        Changed::Refused(refusal, root) => Err(guard::refused(refusal, root.as_ref())),
    }
}

/// Returns the object under each name.
async fn look(settle: &Settle<'_>, objects: &[Object]) -> Result<HashMap<String, Stored>> {
    let looks = objects.iter().map(|object| async move {
        let there = settle.store.head(&object.key).await?;
        Ok::<_, Error>((object.key.to_string(), there))
    });
    let there: Vec<(String, Option<Stored>)> = stream::iter(looks)
        .buffer_unordered(settle.options.requests)
        .try_collect()
        .await?;
    Ok(there
        .into_iter()
        .filter_map(|(key, stored)| Some((key, stored?)))
        .collect())
}

/// Returns the root, if this run may still write the names.
async fn current(settle: &Settle<'_>) -> Result<Root> {
    let root = settle.state.root().await?.map(|held| held.root);
    match root {
        Some(root) if root.switched == *settle.switched => Ok(root),
        root => Err(guard::refused(Refusal::LostRace, root.as_ref())),
    }
}

fn plan<'a>(objects: &'a [Object], there: &HashMap<String, Stored>, doubt: Doubt) -> Plan<'a> {
    let action = |object: &'a Object| {
        let there = there.get(object.key.as_str());
        let step = match (step(object, there), doubt) {
            (Step::Keep, Doubt::Late) => Step::Overwrite(Reason::Unknown),
            (step, _) => step,
        };
        Action {
            object,
            step,
            there: there.cloned(),
            copy_of: None,
        }
    };
    Plan {
        actions: objects.iter().map(action).collect(),
    }
}

/// Refuses to overwrite objects while the target is live that nobody knew of when the release was
/// planned.
fn refuse_while_live(live: Option<&Live>, plan: &Plan<'_>, allowed: &Allowed) -> Result<()> {
    // Writing the same again changes nothing that visitors see.
    let is_other = |action: &&Action<'_>| {
        let token = action.there.as_ref().and_then(|there| there.token);
        matches!(action.step, Step::Overwrite(_)) && token != Some(action.object.token)
    };
    let over = plan.actions.iter().filter(is_other);
    let over = over.map(|action| action.object.path.as_str());
    let over: Vec<&str> = over
        .filter(|path| !allowed.overwrite_live.contains(*path))
        .collect();
    match (live, over.is_empty()) {
        (Some(live), false) => Err(Error::refused(
            Guard::Live,
            format!(
                "{}: {} had content that isn't from the previous release and wasn't overwritten{}",
                guard::live_in_words(live),
                count(over.len() as u64, "plain name"),
                names_text(&over)
            ),
            format!("push again with `{}` to overwrite it", options_for(&over)),
        )),
        _ => Ok(()),
    }
}

/// Returns the mutable names of a release as objects, made from the stored copies. Leaves out those
/// that were too large for a copy, if the right object is in place.
///
/// # Errors
/// Returns an error if one was too large for a copy, and has another content now.
pub(super) async fn restore(
    store: &Arc<dyn Store>,
    state: &State,
    manifest: &Manifest,
    wanted: &[usize],
    folder: &std::path::Path,
) -> Result<Vec<Object>> {
    let objects = wanted
        .iter()
        .map(|at| restore_one(store, state, manifest, &manifest.entries[*at], folder));
    stream::iter(objects)
        .buffered(COPIES_IN_FLIGHT)
        .try_filter_map(|object| async { Ok(object) })
        .try_collect()
        .await
}

async fn restore_one(
    store: &Arc<dyn Store>,
    state: &State,
    manifest: &Manifest,
    entry: &Entry,
    folder: &std::path::Path,
) -> Result<Option<Object>> {
    let Some(copy) = state.plain(entry.token).await? else {
        let there = store.head(&entry.key).await?;
        return if there.and_then(|there| there.token) == Some(entry.token) {
            Ok(None)
        } else {
            Err(without_copy(entry))
        };
    };
    // The manifest may not tell whether the copy is gzipped: for a page in a folder target, it has
    // the file's size.
    let content = encode::content_of(&copy, &entry.digest, entry.size_bytes).ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Other,
            format!(
                "Cannot restore `{}`: its stored copy is damaged",
                entry.path
            ),
        )
        .hint("check out what was published then, and push it")
    })?;
    let file = folder.join(entry.token.to_string());
    std::fs::write(&file, &content).map_err(|e| Error::io("write", &file, e))?;
    let try_gzip = entry.is_gzipped() || matches!(content, Cow::Owned(_));
    restored(manifest, entry, file, try_gzip).map(Some)
}

fn without_copy(entry: &Entry) -> Error {
    Error::refused(
        Guard::NoCopy,
        format!("Cannot restore `{}`: no copy of it was kept", entry.path),
        format!(
            "files over {} MiB are kept without a copy; check out what was published then, and push it",
            PART_BYTES >> 20
        ),
    )
}

/// Returns the object of an entry, with the bytes of `file`.
fn restored(
    manifest: &Manifest,
    entry: &Entry,
    file: std::path::PathBuf,
    try_gzip: bool,
) -> Result<Object> {
    let headers = manifest.headers_of(entry);
    Ok(Object {
        path: LogicalPath::parse(&entry.path)
            .map_err(|e| Error::usage(format!("`{}`: {e}", entry.path), ""))?,
        file,
        edits: None,
        size_bytes: entry.size_bytes,
        digest: entry.digest,
        token: entry.token,
        key: entry.key.clone(),
        policy: Arc::new(Policy::of_published(
            NameStyle::Plain,
            headers.clone(),
            LevelId::OPEN,
        )),
        is_held: false,
        try_gzip,
    })
}
