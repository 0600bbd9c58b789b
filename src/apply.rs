//! From a [`Plan`] to a [`Report`]: reads, checks, compresses and sends, all at once and within bounds. One
//! failure doesn't stop the others, unless every further request would fail alike.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::{Semaphore, oneshot};

use crate::body::{self, Body};
use crate::build::Object;
use crate::config::Target;
use crate::name::NameStyle;
use crate::path::ObjectKey;
use crate::plan::{Action, Plan, Step, Tally};
use crate::progress::Progress;
use crate::release::guard::FINGERPRINTED_HINT;
use crate::store::{CopySource, PutMode, Store, StoreError, StoreErrorKind, Stored, UNKNOWN_HINT};

/// How long what is in flight may take after the run was stopped.
const GRACE: Duration = Duration::from_secs(10);

/// How often a file that changes under our hands is read again.
const READS_MAX: usize = 3;

/// Bounds and settings.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Requests in flight.
    pub requests: usize,
    /// File content in memory at a time, in bytes.
    pub memory_bytes: usize,
    /// 0 to 9.
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

/// What was done. Counts what happened, never what was planned.
#[derive(Debug, Default)]
pub struct Report {
    /// Written under a free key.
    pub uploaded: Tally,
    /// The same, by a copy inside of the storage.
    pub copied: Tally,
    /// Written over what was there.
    pub overwritten: Tally,
    /// There already, found by the plan or on the way.
    pub kept: Tally,
    /// Sent over the network, in bytes, after gzip.
    pub sent_bytes: u64,
    /// What the storage tells of what is in place now, by key.
    pub stored: HashMap<ObjectKey, Stored>,
    /// Not done, and why.
    pub failures: Vec<Failure>,
    /// Planned, but not begun: the run was stopped by a fatal failure or by the user.
    pub not_begun: u64,
    /// The user stopped the run.
    pub is_interrupted: bool,
}

/// One object that wasn't published.
#[derive(Debug)]
pub struct Failure {
    /// Its logical path, or what else failed.
    pub path: String,
    /// Why.
    pub error: StoreError,
}

impl Failure {
    /// Whether it may be done all the same: no answer came.
    pub fn is_unknown(&self) -> bool {
        self.error.kind == StoreErrorKind::OutcomeUnknown
    }
}

impl Report {
    /// Whether everything planned is in place.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.not_begun == 0 && !self.is_interrupted
    }

    /// Whether nothing worse happened than that answers didn't come.
    fn is_unknown(&self) -> bool {
        let is_unreachable = |failure: &&Failure| failure.error.kind == StoreErrorKind::Unreachable;
        let unknown = self
            .failures
            .iter()
            .filter(|failure| failure.is_unknown())
            .count();
        let unreachable = self.failures.iter().filter(is_unreachable).count();
        unknown > 0 && unknown + unreachable == self.failures.len()
    }

    /// The same, with `target` named by the commands of its hints, which are for the default one otherwise.
    pub fn of_target(mut self, target: &Target) -> Report {
        for Failure { error, .. } in &mut self.failures {
            error.hint = target.named_in(&error.hint);
        }
        self
    }

    /// The exit code, as documented in `assetsync --help`.
    pub fn exit_code(&self) -> u8 {
        let all = |kind| {
            !self.failures.is_empty()
                && self
                    .failures
                    .iter()
                    .all(|failure| failure.error.kind == kind)
        };
        match () {
            () if self.is_interrupted => 130,
            () if self.is_complete() => 0,
            () if self.is_unknown() => 5,
            () if all(StoreErrorKind::FileChanged) => 2,
            () => 1,
        }
    }
}

/// What became of one object.
enum Outcome {
    Stored(Step, u64, Stored),
    Copied(Stored),
    Found(Stored),
    Failed(StoreError),
    NotBegun,
}

/// When an object is written: nothing of a later phase is begun before all of the earlier is done, so that
/// no page is there before what it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Nobody knows their names yet.
    Immutable,
    /// What pages refer to by names that stay.
    Mutable,
    /// What people open.
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

/// Does what `plan` says. Memory and requests stay within `options`. Immutable objects are written first,
/// then those of mutable names, then pages among them. When [`Progress::stop`] is called, what is in flight is
/// finished.
pub async fn apply(
    plan: &Plan<'_>,
    store: &Arc<dyn Store>,
    options: &Options,
    progress: &Arc<Progress>,
) -> Report {
    let mut report = Report::default();
    let mut changes = Vec::new();
    for action in &plan.actions {
        match (action.step, &action.there) {
            (Step::Keep, Some(there)) => report.keep(action.object, there.clone()),
            _ => changes.push(action),
        }
    }
    let bytes = changes.iter().map(|action| action.object.size_bytes).sum();
    progress.planned(changes.len() as u64, bytes);

    let shared = Arc::new(Shared {
        store: Arc::clone(store),
        progress: Arc::clone(progress),
        memory: Semaphore::new(options.memory_bytes.min(Semaphore::MAX_PERMITS)),
        options: *options,
        hopeless: Progress::new(),
    });
    if let Err(error) = announce(&changes, store).await {
        shared.hopeless.stop();
        report.failures.push(Failure {
            path: "(beginning)".to_string(),
            error,
        });
    }
    for phase in Phase::ALL {
        let changes = changes
            .iter()
            .filter(|action| Phase::of(action.object) == phase);
        let tasks = changes.map(|action| {
            let (object, step, shared) = (action.object.clone(), action.step, Arc::clone(&shared));
            let (there, copy_of) = (action.there.clone(), action.copy_of.clone());
            async move {
                let change = async move {
                    match shared.copy(copy_of, &object).await {
                        Some(stored) => Outcome::Copied(stored),
                        None => shared.change(object, step, there).await,
                    }
                };
                let outcome = tokio::spawn(change).await;
                (
                    action.object,
                    outcome.expect("publishing an object doesn't panic"),
                )
            }
        });
        let mut outcomes = stream::iter(tasks).buffer_unordered(options.requests);
        while let Some((object, outcome)) = outcomes.next().await {
            progress.done(object.size_bytes, matches!(outcome, Outcome::Failed(_)));
            report.note(object, outcome);
        }
    }
    report.is_interrupted = progress.is_stopped();
    if let Err(error) = store.remember().await {
        report.failures.push(Failure {
            path: "(finishing)".to_string(),
            error,
        });
    }
    report.failures.sort_by(|a, b| a.path.cmp(&b.path));
    report
}

/// Tells the store which names without a token are about to be written, if any are.
async fn announce(changes: &[&Action<'_>], store: &Arc<dyn Store>) -> Result<(), StoreError> {
    let is_written = |action: &&&Action<'_>| !matches!(action.step, Step::Conflict(_));
    let objects = changes
        .iter()
        .filter(is_written)
        .map(|action| action.object);
    let named: Vec<&Object> = objects.filter(|object| !object.is_keyed()).collect();
    match named.is_empty() {
        true => Ok(()),
        false => store.announce(&named).await,
    }
}

impl Report {
    fn note(&mut self, object: &Object, outcome: Outcome) {
        match outcome {
            Outcome::Stored(step, sent_bytes, stored) => {
                let tally = match step {
                    Step::Overwrite(_) => &mut self.overwritten,
                    _ => &mut self.uploaded,
                };
                tally.add(object.size_bytes);
                self.sent_bytes += sent_bytes;
                self.stored.insert(object.key.clone(), stored);
            }
            Outcome::Copied(stored) => {
                self.copied.add(object.size_bytes);
                self.stored.insert(object.key.clone(), stored);
            }
            Outcome::Found(stored) => self.keep(object, stored),
            Outcome::Failed(error) if error.kind == StoreErrorKind::Interrupted => {
                self.not_begun += 1
            }
            Outcome::Failed(error) => self.failures.push(Failure {
                path: object.path.to_string(),
                error,
            }),
            Outcome::NotBegun => self.not_begun += 1,
        }
    }

    fn keep(&mut self, object: &Object, stored: Stored) {
        self.kept.add(object.size_bytes);
        self.stored.insert(object.key.clone(), stored);
    }

    /// Counts what `plan` keeps of those objects that `is_meant` picks.
    pub(crate) fn keep_all(&mut self, plan: &Plan<'_>, is_meant: impl Fn(&Object) -> bool) {
        self.stored.reserve(plan.actions.len());
        for action in plan.actions.iter().filter(|action| is_meant(action.object)) {
            if let (Step::Keep, Some(there)) = (action.step, &action.there) {
                self.keep(action.object, there.clone());
            }
        }
    }

    /// Adds what a later part of the same run did.
    pub fn add(&mut self, later: Report) {
        for (tally, more) in [
            (&mut self.uploaded, later.uploaded),
            (&mut self.copied, later.copied),
            (&mut self.overwritten, later.overwritten),
            (&mut self.kept, later.kept),
        ] {
            tally.objects += more.objects;
            tally.bytes += more.bytes;
        }
        self.sent_bytes += later.sent_bytes;
        self.stored.extend(later.stored);
        self.failures.extend(later.failures);
        self.not_begun += later.not_begun;
        self.is_interrupted |= later.is_interrupted;
    }
}

/// What all tasks of one run use.
struct Shared {
    store: Arc<dyn Store>,
    progress: Arc<Progress>,
    memory: Semaphore,
    options: Options,
    /// Stopped when every further request would fail alike.
    hopeless: Progress,
}

impl Shared {
    /// Copies an object inside of the storage. Whatever prevents that, None: then it's sent, and what became of the copy shows.
    async fn copy(&self, source: Option<CopySource>, object: &Object) -> Option<Stored> {
        let source = source?;
        if self.progress.is_stopped() || self.hopeless.is_stopped() {
            return None;
        }
        let copied = tokio::select! {
            copied = self.store.copy(&source, object) => copied,
            () = self.stopped_for_good() => return None,
        };
        copied.ok().flatten()
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
        let memory = body::memory_bytes(&object).min(self.options.memory_bytes) as u32;
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

    /// When the user has waited long enough for what is in flight.
    async fn stopped_for_good(&self) {
        self.progress.stopped().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Puts the object; a file that changes meanwhile is read again. Returns what is there now, and the bytes sent,
    /// or none if the object turned out to be there.
    async fn put(
        &self,
        object: &Object,
        mode: &PutMode,
    ) -> Result<(Stored, Option<u64>), StoreError> {
        let mut reads = 1;
        loop {
            let error = match self.prepare(object).await {
                Ok(body) => {
                    let sent_bytes = body.size_bytes();
                    match self.store.put(object, body, mode).await {
                        Ok(stored) => return Ok((stored, Some(sent_bytes))),
                        Err(error) if is_unclear(&error) => {
                            let was_ours = error.kind == StoreErrorKind::OutcomeUnknown;
                            let stored = self.settle(object, mode, error).await?;
                            return Ok((stored, was_ours.then_some(sent_bytes)));
                        }
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if error.kind != StoreErrorKind::FileChanged || reads == READS_MAX {
                return Err(error);
            }
            reads += 1;
        }
    }

    /// On a worker thread: rayon never runs inside an async task.
    async fn prepare(&self, object: &Object) -> Result<Body, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let (object, level, progress) = (
            object.clone(),
            self.options.gzip_level,
            Arc::clone(&self.progress),
        );
        rayon::spawn(move || {
            // If nobody waits for the body any more, it's not needed.
            drop(sender.send(body::prepare(&object, level, &progress)));
        });
        receiver.await.expect("preparing a body doesn't panic")
    }

    /// A put that found something else than it expected, or whose reply never came: what is there now decides.
    async fn settle(
        &self,
        object: &Object,
        mode: &PutMode,
        error: StoreError,
    ) -> Result<Stored, StoreError> {
        match self.store.head(&object.key).await {
            // What was to be written over is there still.
            Ok(Some(stored)) if *mode == PutMode::Over(stored.version.clone()) => Err(error),
            Ok(Some(stored)) if stored.token == Some(object.token) => Ok(stored),
            Ok(Some(_)) if !object.is_mutable() => Err(conflict(object, "something else is there")),
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
        "Cannot upload `{}`: no answer came before the run was stopped",
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
            "`{}`: something else is published by this name ({why}), which says that it never changes (`names = \"fingerprinted\"`)",
            object.path
        );
        return StoreError::new(StoreErrorKind::Other, message)
            .cause(format!("published with something else: {why}"))
            .hint(FINGERPRINTED_HINT);
    }
    let message = format!(
        "`{}`: its key is taken by another object ({why}), which is never overwritten",
        object.path
    );
    StoreError::new(StoreErrorKind::Other, message)
        .cause(format!("taken: {why}"))
        .hint("find out who else writes there; moving that object away lets the next push through")
}
