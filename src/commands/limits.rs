//! Limits of the process on open files and memory, and the numbers of requests and threads that
//! they allow.

use crate::base::error::{Error, Result};
use crate::store;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// File handles for everything but requests and threads: events, signals, the cache, walked
/// folders, output of git.
const OWN_HANDLES: u64 = 16;

/// File handles of a request: a connection, a file, and possibly a spool.
const HANDLES_A_REQUEST: u64 = 3;

/// File handles of a thread that reads: a file, and for a folder target the written file and its
/// `.gz`.
const HANDLES_A_WORKER: u64 = 3;

/// Memory of a thread, in bytes: its stack and the space that the allocator reserves for it.
const MEMORY_A_WORKER: u64 = 32 << 20;

/// Minimum of memory, in bytes. With less, even small allocations fail, which ends the program
/// halfway.
const MEMORY_MIN: usize = 96 << 20;

/// Remaining open files and memory, within the limits of the process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Number of files that may still be opened; none if it is unlimited.
    left: Option<u64>,
    /// Memory in bytes; none if it is unlimited.
    memory: Option<u64>,
}

impl Limits {
    /// Raises the soft limit on open files to the hard limit, and returns what remains.
    ///
    /// # Errors
    /// Returns an error if there is too little memory to begin.
    pub(super) fn raise() -> Result<Limits> {
        let memory = memory_max().map(|most| most.saturating_sub(memory_used()));
        if memory.is_some() && Vec::<u8>::new().try_reserve_exact(MEMORY_MIN).is_err() {
            return Err(too_little_memory());
        }
        let left = open_files_max().map(|most| most.saturating_sub(open_files() + OWN_HANDLES));
        let limits = Limits { left, memory };
        if let Some(left) = left {
            store::limit_connections(at_least_one(left / 2));
        }
        Ok(limits)
    }

    /// Returns how much file content may be in memory, in bytes. `wanted` is the maximum.
    pub(super) fn memory_bytes(self, wanted: usize) -> usize {
        let most = self.memory.map(|left| at_least_one(left / 3));
        most.map_or(wanted, |most| wanted.min(most))
    }

    /// Returns how many requests may be in flight. `wanted` is the maximum.
    pub(super) fn requests(self, wanted: usize) -> usize {
        let most = self.left.map(|left| at_least_one(left / HANDLES_A_REQUEST));
        most.map_or(wanted, |most| wanted.min(most))
    }

    /// Returns how many threads may read files. `wanted` is the maximum.
    pub(super) fn workers(self, wanted: usize) -> usize {
        let by_handles = self.left.map(|left| left / HANDLES_A_WORKER);
        let by_memory = self.memory.map(|left| left / MEMORY_A_WORKER);
        let most = by_handles.into_iter().chain(by_memory).min();
        most.map_or(wanted, |most| wanted.min(at_least_one(most)))
    }
}

fn at_least_one(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).max(1)
}

/// Returns the maximum number of open files; none if it is unlimited.
#[cfg(unix)]
fn open_files_max() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// Number that macOS accepts if there is no limit.
    const MAC: u64 = 10_240;
    let limit = getrlimit(Resource::Nofile);
    let with = |current: Option<u64>| Rlimit { current, ..limit };
    let to = [
        limit.maximum,
        Some(limit.maximum.map_or(MAC, |most| most.min(MAC))),
    ];
    let mut to = to.into_iter();
    // If the limit can't be raised, it stays as it is.
    to.find(|to| limit.current < Some(MAC) && setrlimit(Resource::Nofile, with(*to)).is_ok());
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn open_files_max() -> Option<u64> {
    None
}

fn too_little_memory() -> Error {
    let message = format!(
        "Not enough memory: {} MiB more are needed to start",
        MEMORY_MIN >> 20
    );
    let error = StoreError::new(StoreErrorKind::Other, message);
    Error::Store(error.hint("raise the limit (`ulimit -v`)"))
}

/// Returns how much memory the process may map, in bytes; none if it is unlimited.
#[cfg(unix)]
fn memory_max() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::As).current
}

#[cfg(not(unix))]
fn memory_max() -> Option<u64> {
    None
}

/// Returns how much memory the process has mapped, in bytes. Returns 0 if the system doesn't tell.
fn memory_used() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = size.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Returns the number of files that are open now. Returns 3 if the system doesn't tell.
fn open_files() -> u64 {
    std::fs::read_dir("/dev/fd").map_or(3, |files| files.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few file handles or little memory reduce requests and workers.
    #[test]
    fn few_handles_limit_requests() {
        let of = |left| Limits { left, memory: None }.requests(64);
        assert_eq!(
            [of(None), of(Some(1 << 20)), of(Some(12)), of(Some(0))],
            [64, 64, 4, 1]
        );
        let limits = |left, memory| Limits { left, memory };
        assert_eq!(limits(None, None).workers(8), 8);
        assert_eq!(limits(Some(2), None).workers(8), 1);
        assert_eq!(limits(None, Some(1)).workers(8), 1);
        assert_eq!(limits(None, Some(30)).memory_bytes(100), 10);
        assert_eq!(limits(None, None).memory_bytes(100), 100);
    }
}
