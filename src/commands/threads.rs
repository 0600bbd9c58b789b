//! Threads of the program: their number, silent panics of parsers, and a runtime that can't start
//! its threads.

use std::io;
use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::limits::Limits;
use super::output::eprint;
use crate::base::caught::is_caught;
use crate::base::error::{Error, Result};
use crate::store::environment;

/// Variable with the number of threads, if it should differ from the number of cores.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";

/// Maximum number of threads. A higher number is considered a typing error.
const THREADS_MAX: usize = 1024;

/// True while threads are being started: if tokio can't start one, it panics, and may then wait
/// forever for those that it started.
static IS_STARTING: AtomicBool = AtomicBool::new(false);

/// Silences panics that are caught, and ends the program if no thread can be started.
pub(super) fn set_hook() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if is_caught() {
            return;
        }
        if IS_STARTING.load(Ordering::SeqCst) {
            let error = Error::Io {
                doing: "start",
                path: "another thread".into(),
                source: io::ErrorKind::OutOfMemory.into(),
            };
            eprint(&format!(
                "error: {error}\nhint: raise this user's limits on memory or processes (`ulimit -v`, `ulimit -u`)\n"
            ));
            process::exit(1);
        }
        usual(info);
    }));
}

/// Runs code that starts threads.
pub(super) fn starting<T>(start: impl FnOnce() -> T) -> T {
    IS_STARTING.store(true, Ordering::SeqCst);
    let started = start();
    IS_STARTING.store(false, Ordering::SeqCst);
    started
}

/// Starts threads for hashing and compressing: as many as there are cores or RAYON_NUM_THREADS
/// says, but not more than may have open files.
pub(super) fn start_workers(limits: Limits) -> Result<()> {
    let asked = environment::variable(THREADS_VARIABLE)?;
    let asked = asked.map(|text| match text.parse() {
        Ok(threads) if threads <= THREADS_MAX => Ok(threads),
        _ => Err(Error::usage(
            format!("{THREADS_VARIABLE} is `{}`", text.escape_debug()),
            format!("set it to a number from 0 (one thread per core) to {THREADS_MAX}"),
        )),
    });
    let workers = match asked.transpose()? {
        None | Some(0) => thread::available_parallelism().map_or(1, usize::from),
        Some(asked) => asked,
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(limits.workers(workers))
        .build_global()
        .map_err(|e| Error::Io {
            doing: "start",
            path: "the worker threads".into(),
            source: io::Error::other(e),
        })
}
