//! How many files the process may have open, and what that leaves for requests and threads.

use std::thread;

use assetsync::store;

/// What the program has open besides: events, signals, the cache, folders being walked, what git says.
const OWN_HANDLES: u64 = 16;

/// A request has a connection, a file, and perhaps a spool.
const HANDLES_A_REQUEST: u64 = 3;

/// A thread that reads has a file, and a folder's store writes one and its `.gz` meanwhile.
const HANDLES_A_WORKER: u64 = 3;

/// What the limit on open files leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// None if there are more than anybody needs.
    left: Option<u64>,
}

impl Limits {
    /// Raises the soft limit to the hard one, and sees what is left.
    pub(super) fn raise() -> Limits {
        let left = open_files_max().map(|most| most.saturating_sub(open_files() + OWN_HANDLES));
        let limits = Limits { left };
        if let Some(left) = left {
            store::limit_connections(at_least_one(left / 2));
        }
        limits
    }

    /// How many requests may be in flight, of so many that are wanted.
    pub(super) fn requests(self, wanted: usize) -> usize {
        let most = self.left.map(|left| at_least_one(left / HANDLES_A_REQUEST));
        most.map_or(wanted, |most| wanted.min(most))
    }

    /// How many threads may read files; none if as many as there are cores.
    pub(super) fn workers(self) -> Option<usize> {
        let most = at_least_one(self.left? / HANDLES_A_WORKER);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (most < cores).then_some(most)
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

/// Files that are open now, as far as the system tells.
fn open_files() -> u64 {
    std::fs::read_dir("/dev/fd").map_or(3, |files| files.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_handles_leave_few_requests_and_many_leave_all() {
        let of = |left| Limits { left }.requests(64);
        assert_eq!(
            [of(None), of(Some(1 << 20)), of(Some(12)), of(Some(0))],
            [64, 64, 4, 1]
        );
        assert_eq!(Limits { left: None }.workers(), None);
        assert_eq!(Limits { left: Some(2) }.workers().unwrap_or(1), 1);
    }
}
