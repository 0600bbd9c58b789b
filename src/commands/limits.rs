//! How many files the process may have open, and how much memory it may have; and what that leaves for requests and threads.

use assetsync::store::{self, StoreErrorKind};
use assetsync::{Error, Result, StoreError};

/// What the program has open besides: events, signals, the cache, folders being walked, what git says.
const OWN_HANDLES: u64 = 16;

/// A request has a connection, a file, and perhaps a spool.
const HANDLES_A_REQUEST: u64 = 3;

/// A thread that reads has a file, and a folder's store writes one and its `.gz` meanwhile.
const HANDLES_A_WORKER: u64 = 3;

/// A thread has a stack, and an allocator's room of its own, in bytes.
const MEMORY_A_WORKER: u64 = 32 << 20;

/// With less memory than this, what is small can't be allocated either, which ends a program in the middle, in bytes.
const MEMORY_MIN: usize = 96 << 20;

/// What the limits on open files and on memory leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// None if there are more than anybody needs.
    left: Option<u64>,
    /// In bytes; none if there's no limit.
    memory: Option<u64>,
}

impl Limits {
    /// Raises the soft limit on open files to the hard one, and sees what is left.
    ///
    /// # Errors
    /// There's too little memory to begin.
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

    /// How much file content may be in memory, of so much that is wanted, in bytes.
    pub(super) fn memory_bytes(self, wanted: usize) -> usize {
        let most = self.memory.map(|left| at_least_one(left / 3));
        most.map_or(wanted, |most| wanted.min(most))
    }

    /// How many requests may be in flight, of so many that are wanted.
    pub(super) fn requests(self, wanted: usize) -> usize {
        let most = self.left.map(|left| at_least_one(left / HANDLES_A_REQUEST));
        most.map_or(wanted, |most| wanted.min(most))
    }

    /// How many threads may read files, of so many that are wanted.
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

/// None: as many as it likes.
#[cfg(unix)]
fn open_files_max() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// What macOS takes where there's no limit.
    const MAC: u64 = 10_240;
    let limit = getrlimit(Resource::Nofile);
    let with = |current: Option<u64>| Rlimit { current, ..limit };
    let to = [
        limit.maximum,
        Some(limit.maximum.map_or(MAC, |most| most.min(MAC))),
    ];
    let mut to = to.into_iter();
    // Where it can't be raised, it stays.
    to.find(|to| limit.current < Some(MAC) && setrlimit(Resource::Nofile, with(*to)).is_ok());
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn open_files_max() -> Option<u64> {
    None
}

fn too_little_memory() -> Error {
    Error::Store(StoreError {
        kind: StoreErrorKind::Other,
        message: format!(
            "There is too little memory: {} MiB more are needed to begin",
            MEMORY_MIN >> 20
        ),
        hint: "raise the limit (`ulimit -v`)".to_string(),
        cause: String::new(),
    })
}

/// How much the process may map, in bytes; none: as much as it likes.
#[cfg(unix)]
fn memory_max() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::As).current
}

#[cfg(not(unix))]
fn memory_max() -> Option<u64> {
    None
}

/// How much it has mapped, in bytes, as far as the system tells.
fn memory_used() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = size.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Files that are open now, as far as the system tells.
fn open_files() -> u64 {
    std::fs::read_dir("/dev/fd").map_or(3, |files| files.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_handles_leave_few_requests_and_many_leave_all() {
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
