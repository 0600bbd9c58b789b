//! Requests of the whole process that are being tried again, for progress displays. Connections are
//! also those of the whole process.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Length of a reason that is shown, in characters.
const REASON_MAX: usize = 120;

static RETRIES: Mutex<Retries> = Mutex::new(Retries {
    next: 0,
    waiting: BTreeMap::new(),
});

/// All such requests, the oldest first.
struct Retries {
    next: u64,
    waiting: BTreeMap<u64, Retry>,
}

struct Retry {
    since: Instant,
    reason: String,
}

/// Request from its beginning until it's answered or given up.
#[derive(Debug)]
pub(crate) struct Tried {
    id: u64,
    since: Instant,
}

impl Tried {
    /// Begins a request.
    pub(crate) fn begin() -> Tried {
        let mut retries = RETRIES.lock().expect("no holder panics");
        retries.next += 1;
        Tried {
            id: retries.next,
            since: Instant::now(),
        }
    }

    /// Notes that the request failed and is tried again.
    pub(crate) fn again(&self, reason: &str) {
        let reason = crate::base::text::plain_words(reason.to_string());
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

/// State of the network while any request is being tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Reason of the last failure of the request that has been tried for the longest time.
    pub(crate) reason: String,
    /// Time for which that request has been tried.
    pub(crate) lasts: Duration,
}

impl Trouble {
    /// Returns `connection refused, trying again (12 s)`.
    pub(crate) fn in_words(&self) -> String {
        format!("{}, trying again ({} s)", self.reason, self.lasts.as_secs())
    }
}

/// Returns the current trouble, if there is any.
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
