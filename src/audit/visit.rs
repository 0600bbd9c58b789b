//! Access to a target during an audit: the clients, the addresses, and the rate of requests.

use std::sync::Arc;

use super::Subject;
use super::finding::Address;
use super::pace::Pace;
use crate::base::path::ObjectKey;
use crate::store::control::Control;
use crate::store::stranger::{Question, Response, Stranger};
use crate::store::{StoreError, Timeouts};

/// Data that all requests of an audit share.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) subject: &'a Subject<'a>,
    /// None for a folder.
    pub(super) control: Option<Arc<dyn Control>>,
    pub(super) stranger: Stranger,
    /// At `public_url`: that the storage answers says nothing of another server.
    elsewhere: Stranger,
    pub(super) pace: Pace,
}

impl<'a> Visit<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, timeouts: Timeouts) -> Visit<'a> {
        Visit {
            subject,
            control: subject.store.control(),
            stranger: Stranger::with_timeouts(timeouts),
            elsewhere: Stranger::with_timeouts(timeouts),
            pace: Pace::new(subject.rate),
        }
    }

    /// Asks without credentials, when it's one's turn.
    pub(super) async fn ask(&self, question: &Question) -> Result<Response, StoreError> {
        self.pace.turn().await;
        let public_url = self.subject.target.public_url.as_ref();
        if public_url.is_some_and(|base| question.url().starts_with(base.as_str())) {
            self.elsewhere.ask(question).await
        } else {
            self.stranger.ask(question).await
        }
    }

    /// Requests sent without credentials.
    pub(super) fn requests(&self) -> u64 {
        self.stranger.requests() + self.elsewhere.requests()
    }

    /// Returns the addresses from which visitors can get the object with this key.
    pub(super) fn addresses(&self, key: &ObjectKey) -> Vec<(Address, String)> {
        let target = self.subject.target;
        let mut all = Vec::new();
        if target.place.bucket().is_some() {
            all.push((Address::Storage, self.subject.store.url(key)));
        }
        if let Some(base) = &target.public_url {
            let url = format!("{base}{}", key.url_path());
            if all.iter().all(|(_, other)| *other != url) {
                all.push((Address::PublicUrl, url));
            }
        }
        all
    }
}
