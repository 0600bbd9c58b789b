//! Requests that are being tried again, of the whole process, as its connections are: for whoever shows how a run goes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How much of a reason is shown, in characters.
const REASON_MAX: usize = 120;

static RETRIES: Mutex<Retries> = Mutex::new(Retries {
    next: 0,
    waiting: BTreeMap::new(),
});

/// All of them, the oldest first.
struct Retries {
    next: u64,
    waiting: BTreeMap<u64, Retry>,
}

struct Retry {
    since: Instant,
    reason: String,
}

/// One request, from its beginning until it's answered or given up.
#[derive(Debug)]
pub(crate) struct Tried {
    id: u64,
    since: Instant,
}

impl Tried {
    /// A request that begins now.
    pub(crate) fn begin() -> Tried {
        let mut retries = RETRIES.lock().expect("no holder panics");
        retries.next += 1;
        Tried {
            id: retries.next,
            since: Instant::now(),
        }
    }

    /// It failed, and is tried again.
    pub(crate) fn again(&self, reason: &str) {
        let reason = crate::error::plain_words(reason.to_string());
        let retry = Retry {
            since: self.since,
            reason: reason.chars().take(REASON_MAX).collect(),
        };
        let mut retries = RETRIES.lock().expect("no holder panics");
        retries.waiting.insert(self.id, retry);
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        let mut retries = RETRIES.lock().expect("no holder panics");
        retries.waiting.remove(&self.id);
    }
}

/// What the network does at the moment, if any request is being tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Why the one that is tried for longest failed last.
    pub(crate) reason: String,
    /// For how long it's being tried.
    pub(crate) lasts: Duration,
}

impl Trouble {
    /// `connection refused, trying again (12 s)`
    pub(crate) fn in_words(&self) -> String {
        format!("{}, trying again ({} s)", self.reason, self.lasts.as_secs())
    }
}

/// The trouble there is now.
pub(crate) fn trouble() -> Option<Trouble> {
    let retries = RETRIES.lock().expect("no holder panics");
    let (_, oldest) = retries.waiting.first_key_value()?;
    Some(Trouble {
        reason: oldest.reason.clone(),
        lasts: oldest.since.elapsed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_in_short() {
        let trouble = Trouble {
            reason: "connection refused".to_string(),
            lasts: Duration::from_millis(12_900),
        };
        assert_eq!(
            trouble.in_words(),
            "connection refused, trying again (12 s)"
        );
    }
}
