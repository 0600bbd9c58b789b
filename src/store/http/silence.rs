//! Time for which a server has given no useful answer. All requests to it share this, so the phases
//! of a run don't each wait for a server that is gone.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::store::Timeouts;

/// Number of further requests that are sent to a server that has been silent for too long. Each is
/// sent once.
const CHANCES: u32 = 4;

/// Time to wait for the answer to each of them.
pub(super) const CHANCE: Duration = Duration::from_secs(1);

/// Silence of one server. It begins with a request, and ends with any answer that another try
/// wouldn't change.
#[derive(Debug)]
pub(super) struct Silence {
    most: Duration,
    heard: Mutex<Activity>,
}

#[derive(Debug, Default)]
struct Activity {
    /// Start of the silence; none if no request was sent since the last answer.
    silent_since: Option<Instant>,
    /// Requests sent since the silence became too long.
    chances: u32,
    /// True if the server has ever answered, even without a useful answer.
    ever: bool,
}

impl Silence {
    /// Returns a silence whose limit is a quarter longer than the time for a single request. This
    /// extra time is for the requests after one that reached its deadline.
    pub(super) fn new(timeouts: Timeouts) -> Silence {
        let more = (timeouts.deadline / 4).max(Duration::from_secs(1));
        Silence {
            most: timeouts.deadline + more,
            heard: Mutex::default(),
        }
    }

    /// Notes that a request is about to be sent. Returns false if the server counts as gone.
    pub(super) fn ask(&self) -> bool {
        let mut heard = self.heard.lock().expect("no holder panics");
        let since = *heard.silent_since.get_or_insert_with(Instant::now);
        if since.elapsed() < self.most {
            return true;
        }
        heard.chances += 1;
        heard.chances <= CHANCES
    }

    /// Notes an answer.
    pub(super) fn note(&self, is_of_use: bool) {
        let mut heard = self.heard.lock().expect("no holder panics");
        heard.ever = true;
        if is_of_use {
            heard.silent_since = None;
            heard.chances = 0;
        }
    }

    /// Returns how much longer to wait for the server.
    pub(super) fn left(&self) -> Duration {
        let heard = self.heard.lock().expect("no holder panics");
        match heard.silent_since {
            Some(since) => self.most.saturating_sub(since.elapsed()),
            None => self.most,
        }
    }

    /// Returns true if the server has ever answered.
    pub(super) fn was_reached(&self) -> bool {
        self.heard.lock().expect("no holder panics").ever
    }

    /// Returns how long the server has been silent.
    pub(super) fn lasts(&self) -> Duration {
        let heard = self.heard.lock().expect("no holder panics");
        heard
            .silent_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(deadline: Duration) -> Silence {
        Silence::new(Timeouts {
            deadline,
            stall: Duration::from_secs(1),
            backoff: Duration::from_secs(1),
        })
    }

    /// A server that stays silent gets a few chances, and any useful answer renews them.
    #[test]
    fn silent_server_gets_limited_chances() {
        let mut silence = silence(Duration::from_secs(20));
        assert!(silence.ask());
        silence.most = Duration::ZERO;
        let asked: Vec<bool> = (0..6).map(|_| silence.ask()).collect();
        assert_eq!(asked, [true, true, true, true, false, false]);
        silence.note(false);
        assert!(!silence.ask(), "503 is no answer of use");
        silence.most = Duration::from_secs(1);
        silence.note(true);
        assert!(silence.ask());
    }

    /// All phases together wait less than one and a half times as long as one.
    #[test]
    fn total_silence_stays_under_limit() {
        let silence = silence(Duration::from_secs(20));
        let most = silence.most + CHANCE * CHANCES;
        assert!(most < Duration::from_secs(30), "{most:?}");
    }
}
