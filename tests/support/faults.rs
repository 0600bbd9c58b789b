//! What can go wrong between the program and a storage, in one vocabulary for all servers of tests.
//!
//! A [`Fault`] waits for its request and happens once: for the next request with a method and a
//! part of its address, or for the nth from now, whatever it is.

use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;

/// Something to go wrong, once.
#[derive(Clone, Debug)]
pub struct Fault {
    method: &'static str,
    part: String,
    skip: usize,
    effect: Effect,
}

/// How a request goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answer this (code, headers, body) and do nothing.
    Refuse(u16, Vec<(&'static str, String)>, String),
    /// Read the request, do nothing, close the connection in order.
    CloseBefore,
    /// Leave the rest of the request unread, do nothing, reset the connection.
    ResetBefore,
    /// Read the request, do nothing, never answer.
    HangBefore,
    /// Stop reading the request, so that what is sent gets stuck; do nothing, never answer.
    StallBefore,
    /// Do it, and lose the reply.
    DoThen(Lost),
    /// Do nothing, and say so in the storage's words under the code 200.
    ErrorInOk,
    /// Do nothing, and say that the bytes got damaged on their way.
    BadChecksum,
    /// Do it, and flip a bit in the middle of the reply's body; a reply without one stays as it is.
    DamagedReply,
    /// Close the connection, and do it when the test says so, or when so many further requests were
    /// done. Preconditions are looked at then.
    Delayed(Option<usize>),
    /// Keep only so many new bytes of a resumable chunk, as Google may; of no other storage.
    PersistOnly(usize),
}

/// How the reply to a request that was done gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Close the connection in order.
    Close,
    /// Reset the connection.
    Reset,
    /// Send half of the body, or half of the head where there is no body; close the connection.
    Truncate,
    /// Answer this code instead.
    Status(u16),
    /// Never answer.
    Hang,
    /// Send half as [`Lost::Truncate`] does; then nothing, on an open connection.
    Stall,
}

impl Effect {
    /// Answers this code, without further words.
    pub fn refuse(status: u16) -> Self {
        Self::Refuse(status, Vec::new(), String::new())
    }

    /// Answers this code, and when to come again.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        let headers = vec![("retry-after", seconds.to_string())];
        Self::Refuse(status, headers, String::new())
    }

    /// Every effect that a request may have on any storage: for a test that tries all.
    pub fn all() -> Vec<Self> {
        let lost = [
            Lost::Close,
            Lost::Reset,
            Lost::Truncate,
            Lost::Status(500),
            Lost::Status(503),
            Lost::Hang,
            Lost::Stall,
        ];
        let before = [
            Self::refuse(500),
            Self::retry_after(503, 1),
            Self::retry_after(429, 1),
            Self::CloseBefore,
            Self::ResetBefore,
            Self::HangBefore,
            Self::StallBefore,
            Self::ErrorInOk,
            Self::BadChecksum,
            Self::DamagedReply,
            Self::Delayed(None),
            Self::Delayed(Some(1)),
        ];
        let lost = lost.into_iter().map(Self::DoThen);
        before.into_iter().chain(lost).collect()
    }
}

impl Fault {
    /// For a `method` (`*` is any) and a part of `path?query`, percent-encoded or not.
    pub fn new(method: &'static str, part: &str, effect: Effect) -> Self {
        let (part, skip) = (part.to_owned(), 0);
        Self {
            method,
            part,
            skip,
            effect,
        }
    }

    /// For the `n`th request from now, whatever it is; 1 is the next.
    pub fn nth(n: usize, effect: Effect) -> Self {
        assert!(n > 0, "the first request is number 1");
        Self::new("*", "", effect).after(n - 1)
    }

    /// Lets so many matching requests pass first.
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    fn matches(&self, head: &Parts) -> bool {
        let target = head.uri.to_string();
        let decoded = percent_decode_str(&target).decode_utf8_lossy();
        (self.method == "*" || self.method == head.method)
            && (target.contains(&self.part) || decoded.contains(&self.part))
    }
}

/// The faults that have not happened yet.
#[derive(Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn arm(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn left(&self) -> usize {
        self.0.len()
    }

    pub fn disarm(&mut self) {
        self.0.clear();
    }

    /// What goes wrong with this request. Every other fault that it matches counts it too.
    pub fn take(&mut self, head: &Parts) -> Option<Effect> {
        let mut ready = None;
        for (index, fault) in self.0.iter_mut().enumerate() {
            match fault.matches(head) {
                true if fault.skip > 0 => fault.skip -= 1,
                true => ready = ready.or(Some(index)),
                false => {}
            }
        }
        ready.map(|index| self.0.remove(index).effect)
    }
}
