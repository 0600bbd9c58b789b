//! Execution of a [`Plan`], which returns a [`Report`]. Reads, checks, compresses and sends objects
//! in parallel, within bounds. One failure doesn't stop the others, unless every further request
//! would fail in the same way.

mod report;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::{Semaphore, oneshot};

use self::report::Outcome;
pub use self::report::Report;
pub use crate::base::failure::Failure;
use crate::base::name::NameStyle;
use crate::base::progress::Progress;
use crate::naming::Object;
use crate::naming::prepare;
use crate::plan::{Action, FINGERPRINTED_HINT, Plan, Step};
use crate::store::Upload;
use crate::store::body::Body;
use crate::store::{CopySource, PutMode, Store, StoreError, StoreErrorKind, Stored, UNKNOWN_HINT};

/// Time that requests in flight get after the run was stopped.
const GRACE: Duration = Duration::from_secs(10);

/// Maximum number of times that a file is read, if it changes in the meantime.
const READS_MAX: usize = 3;

/// Bounds and settings.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Maximum number of requests in flight.
    pub requests: usize,
    /// Maximum size of file content in memory, in bytes.
    pub memory_bytes: usize,
    /// Level of compression, from 0 to 9.
    pub gzip_level: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            requests: 64,
            memory_bytes: 64 << 20,
            gzip_level: 9,
        }
    }
}

/// Phase in which an object is written. A phase begins when the earlier ones are complete, so that
/// no page exists before the files that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Immutable objects, whose names nobody knows yet.
    Immutable,
    /// Mutable names that pages refer to.
    Mutable,
    /// Pages, which people open.
    Pages,
}

impl Phase {
    const ALL: [Phase; 3] = [Phase::Immutable, Phase::Mutable, Phase::Pages];

    fn of(object: &Object) -> Phase {
        match (
            object.is_mutable(),
            object.headers().content_type.starts_with("text/html"),
        ) {
            (false, _) => Phase::Immutable,
            (true, false) => Phase::Mutable,
            (true, true) => Phase::Pages,
        }
    }
}

/// Executes `plan`. Memory and requests stay within `options`. Writes immutable objects first, then
/// mutable names except pages, and pages last. If [`Progress::stop`] is called, it finishes the
/// requests in flight.
pub async fn apply(
    plan: &Plan<'_>,
    store: &Arc<dyn Store>,
    options: &Options,
    progress: &Arc<Progress>,
) -> Report {
    let mut report = Report::default();
    let changes = report.keep_what_stays(plan);
    let bytes = changes.iter().map(|action| action.object.size_bytes).sum();
    progress.planned(changes.len() as u64, bytes);
    let shared = Arc::new(Shared::new(store, options, progress));
    if let Err(error) = announce(&changes, store).await {
        shared.hopeless.stop();
        report.fail("(beginning)", error);
    }
    for phase in Phase::ALL {
        carry_out(phase, &changes, &shared, &mut report).await;
    }
    report.is_interrupted = progress.is_stopped();
    if let Err(error) = store.remember().await {
        report.fail("(finishing)", error);
    }
    report.failures.sort_by(|a, b| a.path.cmp(&b.path));
    report
}

/// Makes all changes of one phase.
async fn carry_out(
    phase: Phase,
    changes: &[&Action<'_>],
    shared: &Arc<Shared>,
    report: &mut Report,
) {
    let changes = changes
        .iter()
        .filter(|action| Phase::of(action.object) == phase);
    let tasks = changes.map(|action| {
        let (object, step, shared) = (action.object.clone(), action.step, Arc::clone(shared));
        let (there, copy_of) = (action.there.clone(), action.copy_of.clone());
        async move {
            let outcome = tokio::spawn(shared.copy_or_change(object, step, there, copy_of)).await;
            (
                action.object,
                outcome.expect("publishing an object doesn't panic"),
            )
        }
    });
    let mut outcomes = stream::iter(tasks).buffer_unordered(shared.options.requests);
    while let Some((object, outcome)) = outcomes.next().await {
        let is_failed = matches!(outcome, Outcome::Failed(_));
        shared.progress.done(object.size_bytes, is_failed);
        report.note(object, outcome);
    }
}

/// Tells the store which names without a token are about to be written, if there are any.
async fn announce(changes: &[&Action<'_>], store: &Arc<dyn Store>) -> Result<(), StoreError> {
    let is_written = |action: &&&Action<'_>| !matches!(action.step, Step::Conflict(_));
    let objects = changes
        .iter()
        .filter(is_written)
        .map(|action| action.object);
    let named = objects.filter(|object| !object.is_keyed());
    let named: Vec<Upload> = named.map(Object::upload).collect();
    if named.is_empty() {
        Ok(())
    } else {
        store.announce(&named).await
    }
}

/// Result of a put: the object that is in place, and the number of bytes sent; none if the object
/// was already there.
type Put = (Stored, Option<u64>);

/// State that all tasks of one run share.
struct Shared {
    store: Arc<dyn Store>,
    progress: Arc<Progress>,
    memory: Semaphore,
    options: Options,
    /// Stopped when every further request would fail in the same way.
    hopeless: Progress,
}

impl Shared {
    fn new(store: &Arc<dyn Store>, options: &Options, progress: &Arc<Progress>) -> Shared {
        Shared {
            store: Arc::clone(store),
            progress: Arc::clone(progress),
            memory: Semaphore::new(options.memory_bytes.min(Semaphore::MAX_PERMITS)),
            options: *options,
            hopeless: Progress::new(),
        }
    }

    /// Copies an object inside the storage. Returns none on any failure. The object is then sent,
    /// which also shows whether the copy was made.
    async fn copy(&self, source: Option<CopySource>, object: &Object) -> Option<Stored> {
        let source = source?;
        if self.progress.is_stopped() || self.hopeless.is_stopped() {
            return None;
        }
        let upload = object.upload();
        let copied = tokio::select! {
            copied = self.store.copy(&source, &upload) => copied,
            () = self.stopped_for_good() => return None,
        };
        copied.ok().flatten()
    }

    /// Puts an object in place: by a copy, if there is a source and the copy succeeds; otherwise by
    /// a put.
    async fn copy_or_change(
        self: Arc<Self>,
        object: Object,
        step: Step,
        there: Option<Stored>,
        copy_of: Option<CopySource>,
    ) -> Outcome {
        match self.copy(copy_of, &object).await {
            Some(stored) => Outcome::Copied(stored),
            None => self.change(object, step, there).await,
        }
    }

    async fn change(&self, object: Object, step: Step, there: Option<Stored>) -> Outcome {
        let mode = match (step, there) {
            (Step::Conflict(reason), _) => {
                return Outcome::Failed(conflict(&object, &reason.to_string()));
            }
            (Step::Keep, Some(stored)) => return Outcome::Found(stored),
            (Step::Overwrite(_), Some(stored)) => PutMode::Over(stored.version),
            _ => PutMode::Create,
        };
        let memory = prepare::memory_bytes(&object).min(self.options.memory_bytes) as u32;
        let Ok(_memory) = self.memory.acquire_many(memory).await else {
            return Outcome::NotBegun;
        };
        if self.progress.is_stopped() || self.hopeless.is_stopped() {
            return Outcome::NotBegun;
        }
        let put = tokio::select! {
            put = self.put(&object, &mode) => put,
            () = self.stopped_for_good() => Err(abandoned(&object)),
        };
        self.outcome_of(put, step)
    }

    /// Returns the outcome of a put. After a fatal failure, nothing further is started.
    fn outcome_of(&self, put: Result<Put, StoreError>, step: Step) -> Outcome {
        match put {
            Ok((stored, Some(sent_bytes))) => Outcome::Stored(step, sent_bytes, stored),
            Ok((stored, None)) => Outcome::Found(stored),
            Err(error) => {
                if error.kind.is_fatal() {
                    self.hopeless.stop();
                }
                Outcome::Failed(error)
            }
        }
    }

    /// Waits until the user stops the run, and until the time for requests in flight is over.
    async fn stopped_for_good(&self) {
        self.progress.stopped().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Puts the object. If the file changes in the meantime, reads it again.
    async fn put(&self, object: &Object, mode: &PutMode) -> Result<Put, StoreError> {
        let mut reads = 1;
        loop {
            match self.put_once(object, mode).await {
                Err(error) if error.kind == StoreErrorKind::FileChanged && reads < READS_MAX => {
                    reads += 1;
                }
                put => return put,
            }
        }
    }

    async fn put_once(&self, object: &Object, mode: &PutMode) -> Result<Put, StoreError> {
        let body = self.prepare(object).await?;
        let sent_bytes = body.size_bytes();
        match self.store.put(&object.upload(), body, mode).await {
            Ok(stored) => Ok((stored, Some(sent_bytes))),
            Err(error) if is_unclear(&error) => {
                let was_ours = error.kind == StoreErrorKind::OutcomeUnknown;
                let stored = self.settle(object, mode, error).await?;
                Ok((stored, was_ours.then_some(sent_bytes)))
            }
            Err(error) => Err(error),
        }
    }

    /// Prepares the body on a worker thread: rayon never runs inside an async task.
    async fn prepare(&self, object: &Object) -> Result<Body, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let (object, level, progress) = (
            object.clone(),
            self.options.gzip_level,
            Arc::clone(&self.progress),
        );
        rayon::spawn(move || {
            // If nobody waits for the body any more, it isn't needed.
            drop(sender.send(prepare::prepare(&object, level, &progress)));
        });
        receiver.await.expect("preparing a body doesn't panic")
    }

    /// Resolves a put that found something unexpected, or whose reply never came: the object that
    /// is there now decides.
    async fn settle(
        &self,
        object: &Object,
        mode: &PutMode,
        error: StoreError,
    ) -> Result<Stored, StoreError> {
        match self.store.head(&object.key).await {
            // The object to be overwritten is still there.
            Ok(Some(stored)) if *mode == PutMode::Over(stored.version.clone()) => Err(error),
            Ok(Some(stored)) if stored.token == Some(object.token) => Ok(stored),
            Ok(Some(_)) if !object.is_mutable() => Err(conflict(object, "another object is there")),
            Err(_) => Err(StoreError {
                kind: StoreErrorKind::OutcomeUnknown,
                ..error
            }
            .hint(UNKNOWN_HINT)),
            Ok(_) => Err(error),
        }
    }
}

fn abandoned(object: &Object) -> StoreError {
    let message = format!(
        "Cannot upload `{}`: the run was stopped before the storage answered",
        object.path
    );
    StoreError::new(StoreErrorKind::OutcomeUnknown, message)
        .cause("stopped")
        .hint(UNKNOWN_HINT)
}

fn is_unclear(error: &StoreError) -> bool {
    matches!(
        error.kind,
        StoreErrorKind::Precondition | StoreErrorKind::OutcomeUnknown
    )
}

fn conflict(object: &Object, why: &str) -> StoreError {
    if object.policy.names == NameStyle::Fingerprinted {
        let message = format!(
            "`{}`: other content is already published under this name ({why}), but a name with `names = \"fingerprinted\"` must never change its content",
            object.path
        );
        return StoreError::new(StoreErrorKind::Other, message)
            .cause(format!("published with other content: {why}"))
            .hint(FINGERPRINTED_HINT);
    }
    let message = format!(
        "`{}`: another object already has its name in the target ({why}), \
         and assetsync never overwrites it",
        object.path
    );
    StoreError::new(StoreErrorKind::Other, message)
        .cause(format!("the name is taken by another object: {why}"))
        .hint(
            "another program wrote that object: `assetsync url PATH` prints its address. \
             Move the object away, then push again",
        )
}
