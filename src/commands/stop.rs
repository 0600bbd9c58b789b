//! Signals: the first SIGINT, SIGTERM or SIGHUP stops new work, the second stops everything.

use std::sync::{Arc, Mutex};

use crate::base::hint::Verb;
use crate::base::progress::Progress;
use crate::config::Target;
use crate::store;

use super::ask;
use crate::commands::output::eprint;

/// Stop of a run, and the command that finishes the remaining work.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    progress: Arc<Progress>,
    /// Command that finishes the plain names of the current target.
    resolve: Arc<Mutex<String>>,
}

impl Stop {
    pub(super) fn of(progress: &Arc<Progress>) -> Stop {
        Stop {
            progress: Arc::clone(progress),
            resolve: Arc::default(),
        }
    }

    /// Sets the target that pending plain names belong to.
    pub(super) fn set_target(&self, target: &Target) {
        *self.resolve.lock().expect("no holder panics") = target.command(Verb::Resolve);
    }

    /// Reports the command that finishes plain names, if a release became the current one without
    /// all of them.
    pub(super) fn tell_pending(&self) {
        if self.progress.take_pending_names() {
            let resolve = self.resolve.lock().expect("no holder panics").clone();
            eprint(&format!(
                "the new release is current, but some of its plain names aren't written yet. \
                 Visitors get the old files there until you run `{resolve}`\n"
            ));
        }
    }

    /// Waits for signals. Ends the process at the second one, or at the first one while a question
    /// waits for its answer. Catches signals from the moment of the call, which must be inside a
    /// runtime.
    pub(super) fn wait(self) -> impl Future<Output = ()> {
        let mut signals = Signals::new();
        async move {
            signals.next().await;
            if ask::is_asking() {
                eprint("\n");
                self.end();
            }
            eprint("stopping after the requests in flight; interrupt again to stop at once\n");
            self.progress.stop();
            signals.next().await;
            self.end();
        }
    }

    fn end(&self) -> ! {
        self.tell_pending();
        store::end_helpers();
        std::process::exit(130);
    }
}

#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // With `nohup`, the run continues after its terminal is closed.
        if !is_hangup_ignored() {
            kinds.push(SignalKind::hangup());
        }
        let wait_for = |kind| signal(kind).expect("these signals can be waited for");
        Signals(kinds.into_iter().map(wait_for).collect())
    }

    async fn next(&mut self) {
        let waits = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(waits).await;
    }
}

/// Returns whether SIGHUP was ignored when the process began. If the system doesn't tell, returns
/// false.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & HANGUP != 0)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Signals {
        Signals
    }

    async fn next(&mut self) {
        tokio::signal::ctrl_c()
            .await
            .expect("Ctrl-C can be waited for");
    }
}
