//! Checks whether strangers can read the releases' own documents, which contain all names.
//! Closes documents that are open by an ACL of their own.

use futures_util::{StreamExt, stream};

use super::finding::{Finding, Kind};
use super::visit::Visit;
use super::{Sample, Subject};
use crate::base::path::ObjectKey;
use crate::doctor;
use crate::release::layout::ROOT;
use crate::release::root::Release;
use crate::store::control::{Grant, Observed, Public};
use crate::store::stranger::Question;
use crate::store::{Store, StoreError};

const WANTED: &str = "private releases";

/// A document that strangers can read.
struct Readable {
    key: String,
    by: By,
}

/// Reason why strangers can read a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Its own ACL, which lets everybody.
    Acl,
    /// Its own ACL, which lets anybody with an account read it: requests without an account are
    /// refused.
    AccountsAcl,
    /// A rule of the bucket.
    Rule,
}

/// Tries the root, the current release and its manifest; all documents, if all objects are looked
/// at.
pub(super) async fn look(visit: &Visit<'_>, current: Option<&Release>) -> Vec<Finding> {
    if visit.control.is_none() {
        return Vec::new();
    }
    let subject = visit.subject;
    let store = &**subject.releases;
    let documents = documents(store, current, subject.sample).await;
    let looks = documents
        .into_iter()
        .map(|key| async move { ask(visit, store, &key).await });
    let mut looks = stream::iter(looks).buffered(subject.requests);
    let (mut findings, mut by_rule) = (Vec::new(), Vec::new());
    while let Some(asked) = looks.next().await {
        match asked {
            Ok(None) => {}
            Ok(Some(Readable { by: By::Rule, key })) => by_rule.push(in_words(&key, current)),
            Ok(Some(readable)) => findings.push(by_its_acl(readable, current)),
            Err(error) => findings.push(unanswered(&error)),
        }
    }
    if !by_rule.is_empty() {
        findings.push(by_rules(subject, by_rule).await);
    }
    findings
}

/// The finding for a document that an ACL of its own opens.
fn by_its_acl(Readable { key, by }: Readable, current: Option<&Release>) -> Finding {
    let who = match by {
        By::AccountsAcl => "any account of the cloud provider",
        By::Acl | By::Rule => "strangers",
    };
    let seen = format!(
        "{who} can read {} through its own ACL if they know the URL",
        in_words(&key, current)
    );
    let mut finding = Finding::failed(Kind::State, WANTED, seen);
    finding.document = Some(key);
    finding
}

/// The finding for documents, in words, that rules of their bucket open.
async fn by_rules(subject: &Subject<'_>, mut documents: Vec<String>) -> Finding {
    documents.dedup();
    let seen = format!(
        "strangers can read {} through the bucket's rules if they know the URL",
        documents.join(", ")
    );
    let fix = doctor::close_state(subject.target, &**subject.releases).await;
    Finding::failed(Kind::State, WANTED, seen).fix(fix)
}

fn unanswered(error: &StoreError) -> Finding {
    Finding::unknown(Kind::Unanswered, error.message.clone()).fix(error.hint.to_string())
}

async fn documents(store: &dyn Store, current: Option<&Release>, sample: Sample) -> Vec<String> {
    let mut documents = vec![ROOT.to_string()];
    if let Some(release) = current {
        documents.push(format!("releases/{}.json", release.id));
        documents.push(format!("manifests/{}.json.gz", release.manifest));
    }
    if sample == Sample::All
        && let Ok(listing) = store.list().await
    {
        let mut more: Vec<String> = listing.into_keys().collect();
        more.retain(|key| !documents.contains(key));
        more.sort();
        documents.extend(more);
    }
    documents
}

/// Checks whether strangers can read a document, and why.
async fn ask(
    visit: &Visit<'_>,
    store: &dyn Store,
    key: &str,
) -> Result<Option<Readable>, StoreError> {
    let Ok(object) = ObjectKey::parse(key) else {
        return Ok(None);
    };
    let url = store.url(&object);
    let heard = visit.ask(&Question::get(&url).taking(0)).await?;
    let kept = match store.control() {
        Some(control) => control.examine(&object).await?,
        None => None,
    };
    let grants = kept.map(|kept| kept.grants);
    let grants = grants.as_ref().and_then(Observed::known);
    let by = who_reads(heard.status.is_success(), grants.map_or(&[], Vec::as_slice));
    let key = key.to_string();
    Ok(by.map(|by| Readable { key, by }))
}

/// Returns why a document can be read. `is_answered`: strangers, who have no account, can read it.
/// If an ACL lets everybody read and strangers can't, a protection of the bucket makes ACLs void.
fn who_reads(is_answered: bool, grants: &[Grant]) -> Option<By> {
    let is_for_all = grants.iter().any(|grant| grant.to == Public::Everybody);
    match (is_answered, is_for_all) {
        (true, true) => Some(By::Acl),
        (true, false) => Some(By::Rule),
        (false, false) if !grants.is_empty() => Some(By::AccountsAcl),
        (false, _) => None,
    }
}

fn in_words(key: &str, current: Option<&Release>) -> String {
    let folder = key.split_once('/').map(|(folder, _)| folder);
    let is_current = |part: &str| key.contains(part);
    match (folder, current) {
        (None, _) => format!("the root (`{ROOT}`)"),
        (Some("manifests"), Some(release)) if is_current(&release.manifest) => {
            "the current release's manifest".to_string()
        }
        (Some("releases"), Some(release)) if is_current(&release.id.to_string()) => {
            "the current release's document".to_string()
        }
        (Some("manifests"), _) => "another release's manifest".to_string(),
        (Some("releases"), _) => "another release's document".to_string(),
        (Some("plain"), _) => "a copy of a file with a plain name".to_string(),
        _ => "another document of the releases".to_string(),
    }
}

/// Takes the public ACL from a document.
///
/// # Errors
/// It can't be set.
pub(super) async fn close(subject: &Subject<'_>, key: &str) -> Result<(), StoreError> {
    let (Some(control), Ok(key)) = (subject.releases.control(), ObjectKey::parse(key)) else {
        return Ok(());
    };
    match control.examine(&key).await? {
        Some(seen) => control.close(&key, &seen).await,
        None => Ok(()),
    }
}
