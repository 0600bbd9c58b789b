//! How long a server has given no answer of use. All requests to it share this, so that the phases of a run don't each wait for a
//! server that is gone.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Patience;

/// How many further requests are sent to a server that has been silent for too long. Each is sent once.
const CHANCES: u32 = 4;

/// How long each of them is waited for.
pub(super) const CHANCE: Duration = Duration::from_secs(1);

/// The silence of one server. It begins with a request, and ends with any answer that another try wouldn't change.
#[derive(Debug)]
pub(super) struct Silence {
    most: Duration,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    /// None: nobody asked since the last answer.
    silent_since: Option<Instant>,
    /// Requests sent since the silence became too long.
    chances: u32,
    /// Whether anything was ever answered, be it of no use.
    ever: bool,
}

impl Silence {
    /// A quarter more than the time for a single request: what comes after one that ran into its deadline has the rest.
    pub(super) fn new(patience: Patience) -> Silence {
        let more = (patience.deadline / 4).max(Duration::from_secs(1));
        Silence {
            most: patience.deadline + more,
            heard: Mutex::default(),
        }
    }

    /// Notes that something is about to be asked. False if the server is gone.
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

    /// How much longer the server is waited for.
    pub(super) fn left(&self) -> Duration {
        let heard = self.heard.lock().expect("no holder panics");
        match heard.silent_since {
            Some(since) => self.most.saturating_sub(since.elapsed()),
            None => self.most,
        }
    }

    /// Whether the server has ever answered.
    pub(super) fn was_reached(&self) -> bool {
        self.heard.lock().expect("no holder panics").ever
    }

    /// How long it has been silent.
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
        Silence::new(Patience {
            deadline,
            stall: Duration::from_secs(1),
            backoff: Duration::from_secs(1),
        })
    }

    #[test]
    fn a_server_that_is_silent_for_too_long_gets_a_few_chances_and_any_answer_ends_it() {
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

    #[test]
    fn all_phases_together_wait_less_than_half_as_long_again_as_one() {
        let silence = silence(Duration::from_secs(20));
        let most = silence.most + CHANCE * CHANCES;
        assert!(most < Duration::from_secs(30), "{most:?}");
    }
}
