//! Tests strangers' rights by using them: list in every form there is, write, delete, and read what
//! isn't public.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Method;

use super::fix::Fix;
use super::readers::{STATE, STATE_OPEN_WHY, STATE_WHY, judge_state, try_documents};
use super::{Finding, Subject, Verdict, culprit};
use crate::base::hint::Verb;
use crate::base::path::ObjectKey;
use crate::release::layout::FOLDER;
use crate::release::root::Nonce;
use crate::store::control::{Control, Grant, Observed, PublicRequest, Right};
use crate::store::stranger::{Question, Response, Stranger};
use crate::store::{Store, StoreError};

const LIST: &str = "anonymous-list";
const LIST_WHY: &str =
    "anyone who can list the bucket knows the name of every puzzle and solution in it";
/// The same where strangers can list it.
pub(super) const LISTED_WHY: &str = "anyone who can list the bucket knows the name of every puzzle and solution in it. Treat the names of published files as leaked: first close the bucket, then give every file a new name with a new key (`assetsync key new FILE`, then set `key_file`, then `assetsync push --rotate-key`)";
const WRITE: &str = "anonymous-write";
const WRITE_WHY: &str = "anyone who can write can change what players see";

/// Content that a stranger writes.
const SCRIBBLE: &[u8] =
    b"assetsync doctor wrote this without credentials, to test who can write here";

/// Outcome of trying a door; an error if there was no answer.
pub(super) type Probed = (PublicRequest, Result<Response, StoreError>);

/// Tries all of these.
pub(super) async fn try_listings(stranger: &Stranger, doors: &[PublicRequest]) -> Vec<Probed> {
    let knocks = doors.iter().map(|door| async {
        let question = Question::new(door.method.clone(), &door.url);
        (door.clone(), stranger.ask(&question).await)
    });
    join_all(knocks).await
}

/// Requests `url` as a stranger.
pub(super) async fn try_reading(
    subject: &Subject<'_>,
    url: String,
) -> Result<Response, StoreError> {
    subject.stranger.ask(&Question::get(&url)).await
}

/// Outcome of strangers' requests for a private probe, and beside it.
#[derive(Debug)]
pub(super) struct StrangersAndProbe {
    read: Result<Response, StoreError>,
    /// Of the documents that are there, those that strangers can read: an ACL of its own may open
    /// one where the probe is closed.
    open_documents: Vec<&'static str>,
    writes: Vec<Probed>,
    /// State of the probe after a stranger tried to delete it; an error if that wasn't tried or the
    /// state is unknown.
    delete: Result<Deleted, StoreError>,
    /// True on an emulator, which asks nobody for credentials.
    is_emulated: bool,
}

/// Outcome of a stranger's deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deleted {
    Gone,
    StillThere,
}

/// Tries them, with a probe that is at `key` among the releases.
pub(super) async fn try_with_probe(
    subject: &Subject<'_>,
    control: &dyn Control,
    key: &str,
) -> StrangersAndProbe {
    let url = url_of(&subject.state, key);
    let Nonce(nonce) = Nonce::random();
    let scribble = format!("{FOLDER}probe-{nonce}");
    let (read, open_documents, writes) = futures_util::join!(
        try_reading(subject, url.clone()),
        try_documents(subject),
        try_writing(&subject.stranger, control.writes(&scribble)),
    );
    clear_away(&subject.store, &scribble, &writes).await;
    let delete = if read.is_ok() {
        try_deleting(subject, &url, key).await
    } else {
        Ok(Deleted::StillThere)
    };
    StrangersAndProbe {
        read,
        open_documents,
        writes,
        delete,
        is_emulated: control.listings().is_empty(),
    }
}

/// Tries to write at all of these doors.
async fn try_writing(stranger: &Stranger, doors: Vec<PublicRequest>) -> Vec<Probed> {
    let knocks = doors.into_iter().map(|door| async {
        let question = Question::new(door.method.clone(), &door.url)
            .header("content-type", "text/plain")
            .body(Bytes::from_static(SCRIBBLE));
        let heard = stranger.ask(&question).await;
        (door, heard)
    });
    join_all(knocks).await
}

pub(super) fn url_of(store: &Arc<dyn Store>, key: &str) -> String {
    store.url(&ObjectKey::parse(key).expect("a probe's name is a key"))
}

async fn try_deleting(subject: &Subject<'_>, url: &str, key: &str) -> Result<Deleted, StoreError> {
    let question = Question::new(Method::DELETE, url);
    let heard = subject.stranger.ask(&question).await?;
    if !heard.status.is_success() {
        return Ok(Deleted::StillThere);
    }
    Ok(match subject.state.read(key).await? {
        None => Deleted::Gone,
        Some(_) => Deleted::StillThere,
    })
}

/// Deletes the objects that strangers could write. Those that can't be deleted stay until a prune
/// deletes them.
async fn clear_away(store: &Arc<dyn Store>, key: &str, writes: &[Probed]) {
    let is_written = |(_, heard): &Probed| matches!(heard, Ok(heard) if heard.status.is_success());
    if !writes.iter().any(is_written) {
        return;
    }
    if let Ok(Some((_, version))) = store.read(key).await {
        // That strangers can write is told of in any case.
        drop(store.delete(key, &version).await);
    }
}

/// Returns the open doors, by name, and the first error if a door gave no answer.
pub(super) fn open_doors(
    knocks: &[Probed],
    is_open: impl Fn(&Response) -> bool,
) -> (Vec<&'static str>, Option<&StoreError>) {
    let open = knocks.iter().filter_map(|(door, heard)| match heard {
        Ok(heard) if is_open(heard) => Some(door.name),
        _ => None,
    });
    let unheard = knocks.iter().find_map(|(_, heard)| heard.as_ref().err());
    (open.collect(), unheard)
}

/// Judges the answers to listings.
pub(super) fn judge_listings(
    knocks: &[Probed],
    grants: &Observed<Vec<Grant>>,
    fix: &Fix<'_>,
) -> Finding {
    if knocks.is_empty() {
        return Finding::unknown(LIST, LIST_WHY, EMULATED);
    }
    match open_doors(knocks, Response::is_listing) {
        (open, _) if !open.is_empty() => {
            let text = format!("strangers can list the bucket{}", how_many(&open, knocks));
            failed(LIST, LISTED_WHY, text, grants, Right::List, fix)
        }
        (_, Some(error)) => Finding::unknown(LIST, LIST_WHY, error.message.clone()),
        _ => Finding::passed(
            LIST,
            LIST_WHY,
            format!(
                "strangers can't list the bucket: all {} kinds of request were refused",
                knocks.len()
            ),
        ),
    }
}

/// Says how many of the requests that were tried succeeded, in brackets; empty if only one was
/// tried.
pub(super) fn how_many(open: &[&str], knocks: &[Probed]) -> String {
    match (open.len(), knocks.len()) {
        (_, 1) => String::new(),
        (open, all) => format!(" ({open} of {all} kinds of request succeeded)"),
    }
}

/// Makes a failed finding with the rule that is the cause, and the fix.
fn failed(
    check: &'static str,
    why: &'static str,
    text: String,
    grants: &Observed<Vec<Grant>>,
    right: Right,
    fix: &Fix<'_>,
) -> Finding {
    let (behind, remedy) = culprit::behind(grants, right, fix);
    Finding::failed(check, why, text + &behind).fix(remedy)
}

const EMULATED: &str = "not tried: an emulator doesn't check credentials";

impl StrangersAndProbe {
    /// `grants` are of the target's bucket, `of_state` of the one that has the releases.
    pub(super) fn judge(
        &self,
        fix: &Fix<'_>,
        grants: &Observed<Vec<Grant>>,
        of_state: &Observed<Vec<Grant>>,
    ) -> Vec<Finding> {
        vec![
            self.judge_writing(grants, fix),
            self.judge_state(fix, of_state),
        ]
    }

    /// Returns the findings if no probe could be written.
    pub(super) fn not_tried() -> Vec<Finding> {
        const TEXT: &str = "not tried, since nothing could be written among the releases";
        vec![
            Finding::unknown(WRITE, WRITE_WHY, TEXT),
            Finding::unknown(STATE, STATE_WHY, TEXT),
        ]
    }

    fn judge_writing(&self, grants: &Observed<Vec<Grant>>, fix: &Fix<'_>) -> Finding {
        if self.is_emulated {
            return Finding::unknown(WRITE, WRITE_WHY, EMULATED);
        }
        let (open, unheard) = open_doors(&self.writes, |heard| heard.status.is_success());
        let deletes = matches!(self.delete, Ok(Deleted::Gone));
        let unheard = unheard.or(self.delete.as_ref().err());
        let what = match (open.is_empty(), deletes) {
            (false, true) => "write and delete",
            (false, false) => "write",
            (true, true) => "delete",
            (true, false) => {
                return match unheard {
                    Some(error) => Finding::unknown(WRITE, WRITE_WHY, error.message.clone()),
                    None => Finding::passed(WRITE, WRITE_WHY, "writing and deleting are refused"),
                };
            }
        };
        let text = format!("strangers can {what} objects");
        failed(WRITE, WRITE_WHY, text, grants, Right::Write, fix)
    }

    fn judge_state(&self, fix: &Fix<'_>, grants: &Observed<Vec<Grant>>) -> Finding {
        if self.is_emulated {
            return Finding::unknown(STATE, STATE_WHY, EMULATED);
        }
        let finding = judge_state(&self.read, fix, grants);
        if finding.verdict == Verdict::Failed || self.open_documents.is_empty() {
            return finding;
        }
        let text = format!(
            "strangers can read {} of the releases if they know or guess the URL: \
             the object's own ACL allows it",
            self.open_documents.join(" and ")
        );
        Finding::failed(STATE, STATE_OPEN_WHY, text).fix(fix.own(Verb::Audit.with("--repair")))
    }
}

#[cfg(test)]
mod tests;
