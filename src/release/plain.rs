//! Mutable names, which have no room for two releases: written once a release is the current one, by nobody who isn't
//! its publisher, and never over something that wasn't seen before.
//!
//! Each round looks at what is there, then at the root, then writes on the condition that what was seen is still there. A
//! publisher who was overtaken sees so at the root; one who was paused after that is refused by the condition. The root says
//! `pending` until all is done: whoever comes next trusts no mutable name before.

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
use crate::body::{self, Body, Content};
use crate::build::Object;
use crate::encode;
use crate::error::{Error, Result};
use crate::levels::LevelId;
use crate::name::NameStyle;
use crate::path::{LogicalPath, ObjectKey};
use crate::plan::{Action, Plan, Reason, Step, step};
use crate::progress::Progress;
use crate::report::{count, names_text};
use crate::rules::Policy;
use crate::store::{PART_BYTES, Store, StoreError, StoreErrorKind, Stored};

/// Copies made or fetched at a time: each may take twice 16 MiB.
const COPIES_IN_FLIGHT: usize = 4;

/// How often names are tried that somebody else wrote at the same moment.
const ROUNDS_MAX: usize = 5;

/// All that writing mutable names goes by.
pub(super) struct Settle<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) state: &'a State,
    /// The change of the root since which the names are ours to write.
    pub(super) switched: &'a Nonce,
    pub(super) allowed: &'a Allowed,
    pub(super) options: &'a Options,
    pub(super) progress: &'a Arc<Progress>,
    /// Whether somebody else may be writing to these names still.
    pub(super) doubt: Doubt,
    /// As [`Root::overtaken`].
    pub(super) overtaken: &'a [String],
    /// The mutable keys that the current release has.
    pub(super) names: HashSet<String>,
}

/// Whether a write by somebody who was stopped may come late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// None is on its way.
    None,
    /// One may be: then every name is written anew, even if it shows the right thing, so that a late write finds
    /// another version than it expects. (On S3 the version of the same bytes is the same, so that a name that wasn't changed
    /// can be overtaken there.)
    Late,
}

impl Doubt {
    /// What the root tells.
    pub(super) fn of(plain: Plain) -> Doubt {
        match plain {
            Plain::Pending => Doubt::Late,
            Plain::Settled => Doubt::None,
        }
    }
}

/// Puts a copy of each object, as it will be stored, where a rollback finds it; objects in parts are too large for that.
/// Tells what the manifest says of them, by key.
pub(super) async fn keep(
    state: &State,
    objects: &[&Object],
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> Result<HashMap<ObjectKey, Stored>> {
    let copies = objects.iter().map(|object| async move {
        let body = prepare(object, gzip_level, progress).await?;
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

async fn prepare(
    object: &Object,
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> Result<Body, StoreError> {
    let (object, progress) = (object.clone(), Arc::clone(progress));
    tokio::task::spawn_blocking(move || body::prepare(&object, gzip_level, &progress))
        .await
        .expect("preparing a body doesn't panic")
}

/// Writes what isn't there yet of `objects`, and says so in the root. Whatever comes of it, the release is the current one:
/// so what goes wrong is a failure in the report.
pub(super) async fn settle(settle: &Settle<'_>, objects: &[Object]) -> Report {
    let mut report = Report::default();
    settle.progress.note_pending_names(true);
    let written = write_all(settle, objects, &mut report).await;
    let is_over = match &written {
        Ok(()) => report.is_complete(),
        // Whoever overtook it sees to them.
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
    match report.is_complete() {
        true => say_so(settle).await,
        false => Ok(()),
    }
}

/// Writes the names of overtaken releases that the current one doesn't have, as the last of them has it: whoever was overtaken
/// finds another version than they expect. Without a copy, a name stays as it is.
async fn fence(settle: &Settle<'_>, report: &mut Report) -> Result<()> {
    if settle.overtaken.is_empty() {
        return Ok(());
    }
    let folder =
        tempfile::tempdir().map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), e))?;
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
                Err(Error::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    // They were let through when they were published.
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
    // What is refused to us is refused to them: a right that is missing, or a lock. Any other failure may be over when they try.
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
            let hint = match &other {
                Error::LostRace { .. } => {
                    "this release was made, and then replaced: whoever did that sees to plain names"
                        .to_string()
                }
                other => format!(
                    "the release is the current one; {}",
                    other.hint().unwrap_or_else(|| {
                        "the next push looks at every plain name once more".to_string()
                    })
                ),
            };
            StoreError::new(kind, other.to_string()).hint(hint)
        }
    }
}

/// Names that somebody else wrote at the same moment are tried again, for as long as the release is the current one.
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

async fn say_so(settle: &Settle<'_>) -> Result<()> {
    let done = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.settle_plain(settle.switched, stamp),
        None => Err(Refusal::LostRace),
    };
    match settle.state.change(done).await? {
        Changed::Done(_) | Changed::Refused(Refusal::Already, _) => Ok(()),
        Changed::Refused(refusal, root) => Err(guard::refused(refusal, root.as_ref())),
    }
}

/// What is under each name now.
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

/// The root, if the names are ours to write still.
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

/// What nobody knew of when the release was planned may be in the way.
fn refuse_while_live(live: Option<&Live>, plan: &Plan<'_>, allowed: &Allowed) -> Result<()> {
    // Writing the same again changes nothing that anybody sees.
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
        (Some(live), false) => Err(Error::Refused {
            message: format!(
                "{}: something else than the release before is at {}, and isn't written over{}",
                guard::live_in_words(live),
                count(over.len() as u64, "plain name"),
                names_text(&over)
            ),
            hint: format!("push again with `{}` if it may be", options_for(&over)),
        }),
        _ => Ok(()),
    }
}

/// The mutable names of a release as objects, from the copies that were kept; without those that are too large to have
/// been kept, and in place.
///
/// # Errors
/// One is too large to have been kept, and shows something else now.
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
        if there.and_then(|there| there.token) == Some(entry.token) {
            return Ok(None);
        }
        return Err(Error::Refused {
            message: format!(
                "`{}` can't be brought back: no copy of it was kept",
                entry.path
            ),
            hint: format!(
                "files over {} MiB aren't; check out what was published then, and push it",
                PART_BYTES >> 20
            ),
        });
    };
    // The manifest needn't tell whether the copy is gzipped: of a page that a folder kept, it has the file's size.
    let content = encode::content_of(&copy, &entry.digest, entry.size_bytes).ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Other,
            format!("The copy of `{}` is damaged", entry.path),
        )
    })?;
    let file = folder.join(entry.token.to_string());
    std::fs::write(&file, &content).map_err(|e| Error::io("write", &file, e))?;
    let headers = manifest.headers_of(entry);
    Ok(Some(Object {
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
        try_gzip: entry.is_gzipped() || matches!(content, Cow::Owned(_)),
    }))
}
