//! Limits the number of requests a second, however many wait.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// At most `rate` a second.
    pub(super) fn new(rate: u32) -> Pace {
        Pace {
            every: Duration::from_secs(1) / rate.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Returns when it's one's turn.
    pub(super) async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().await;
            let at = (*next).max(Instant::now());
            *next = at + self.every;
            at
        };
        tokio::time::sleep_until(at.into()).await;
    }
}
