//! Counters that workers raise and a display reads. Nothing here prints.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::base::error::{Error, Result};

/// Progress of a run. Shared by reference; all counters only rise.
#[derive(Debug, Default)]
pub struct Progress {
    read_objects: AtomicU64,
    read_bytes: AtomicU64,
    planned_objects: AtomicU64,
    planned_bytes: AtomicU64,
    done_objects: AtomicU64,
    done_bytes: AtomicU64,
    failed_objects: AtomicU64,
    stop: CancellationToken,
    names_are_pending: AtomicBool,
}

/// Values of the counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// Files hashed.
    pub read_objects: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// Objects to be written; 0 until there's a plan.
    pub planned_objects: u64,
    /// Their bytes before gzip.
    pub planned_bytes: u64,
    /// Objects settled: written, or failed.
    pub done_objects: u64,
    /// Their bytes before gzip.
    pub done_bytes: u64,
    /// Those of them that failed.
    pub failed_objects: u64,
}

impl Progress {
    /// All counters at zero.
    pub fn new() -> Progress {
        Progress::default()
    }

    /// Returns the same, for work that `token` stops.
    pub fn stopped_by(token: CancellationToken) -> Progress {
        Progress {
            stop: token,
            ..Progress::default()
        }
    }

    /// Asks all work to stop: what is in flight is finished, nothing new is begun.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Checks whether [`Progress::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Checks whether a release has become the current one before all of its plain names are
    /// written. Returns `true` only once.
    pub(crate) fn take_pending_names(&self) -> bool {
        self.names_are_pending.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn note_pending_names(&self, are_pending: bool) {
        self.names_are_pending.store(are_pending, Ordering::SeqCst);
    }

    /// Returns once [`Progress::stop`] was called.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Does `work`, or as much of it as is done when [`Progress::stop`] is called: then it's
    /// dropped, and [`Error::Interrupted`]. For what can be left at any moment, such as looking; a
    /// write that is on its way may be done.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) async fn unless_stopped<T, E>(
        &self,
        work: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        tokio::select! {
            biased;
            () = self.stopped() => Err(Error::Interrupted),
            done = work => Ok(done?),
        }
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            read_objects: load(&self.read_objects),
            read_bytes: load(&self.read_bytes),
            planned_objects: load(&self.planned_objects),
            planned_bytes: load(&self.planned_bytes),
            done_objects: load(&self.done_objects),
            done_bytes: load(&self.done_bytes),
            failed_objects: load(&self.failed_objects),
        }
    }

    pub(crate) fn read(&self, bytes: u64) {
        self.read_objects.fetch_add(1, Ordering::Relaxed);
        self.read_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn planned(&self, objects: u64, bytes: u64) {
        self.planned_objects.fetch_add(objects, Ordering::Relaxed);
        self.planned_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn done(&self, bytes: u64, has_failed: bool) {
        self.done_objects.fetch_add(1, Ordering::Relaxed);
        self.done_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.failed_objects
            .fetch_add(has_failed.into(), Ordering::Relaxed);
    }
}
