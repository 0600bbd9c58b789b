//! What signals do: the first of SIGINT, SIGTERM and SIGHUP stops new work, the second everything.

use std::sync::{Arc, Mutex};

use assetsync::{Progress, Target, store};

use super::ask;
use crate::output::eprint;

/// How a run is stopped, and what it leaves to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    progress: Arc<Progress>,
    /// The command that finishes the plain names of the target at hand.
    resolve: Arc<Mutex<String>>,
}

impl Stop {
    pub(super) fn of(progress: &Arc<Progress>) -> Stop {
        Stop {
            progress: Arc::clone(progress),
            resolve: Arc::default(),
        }
    }

    /// From now on, plain names are those of this target.
    pub(super) fn set_target(&self, target: &Target) {
        *self.resolve.lock().expect("no holder panics") = target.command("resolve");
    }

    /// Says what finishes plain names, if a release became the current one without all of them.
    pub(super) fn tell_pending(&self) {
        if self.progress.take_pending_names() {
            let resolve = self.resolve.lock().expect("no holder panics").clone();
            eprint(&format!(
                "the new release is the current one, but not all plain names are as it has them: `{resolve}` goes on\n"
            ));
        }
    }

    /// Waits for signals. Ends the process at the second, or at the first if nothing is being done but asking.
    /// They are caught from the call on, which has to be inside of a runtime.
    pub(super) fn wait(self) -> impl Future<Output = ()> {
        let mut signals = Signals::new();
        async move {
            signals.next().await;
            if ask::is_asking() {
                eprint("\n");
                self.end();
            }
            eprint("stopping: what is in flight is finished; once more to stop at once\n");
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
        // `nohup` means that the run outlives its terminal.
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

/// Whether SIGHUP was ignored when the process began. Where the system doesn't tell, it wasn't.
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
