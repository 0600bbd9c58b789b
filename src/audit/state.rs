//! Whether strangers can read the releases' own documents, which tell all names; and how those are closed that an ACL of their
//! own opens.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::finding::{Finding, Kind};
use super::visit::Visit;
use super::{Sample, Subject};
use crate::config::{Access, Target};
use crate::doctor;
use crate::path::ObjectKey;
use crate::release::root::Release;
use crate::release::state::{FOLDER, ROOT};
use crate::store::control::Told;
use crate::store::stranger::Question;
use crate::store::{Store, StoreError, open};

const WANTED: &str = "only we can read the releases";

/// A document that strangers can read.
struct Readable {
    key: String,
    /// Whether it's its own ACL that lets them.
    by_acl: bool,
}

/// Tries the root, the current release and its manifest; all documents, if all objects are looked at.
pub(super) async fn look(visit: &Visit<'_>, current: Option<&Release>) -> Vec<Finding> {
    if visit.control.is_none() {
        return Vec::new();
    }
    let subject = visit.subject;
    let store = match store(subject).await {
        Ok(store) => store,
        Err(error) => return vec![unanswered(&error)],
    };
    let documents = documents(&*store, current, subject.sample).await;
    let looks = documents
        .into_iter()
        .map(|key| async { (ask(visit, &*store, &key).await, key) });
    let mut looks = stream::iter(looks).buffered(subject.requests);
    let (mut findings, mut by_rule) = (Vec::new(), Vec::new());
    while let Some((asked, key)) = looks.next().await {
        match asked {
            Ok(None) => {}
            Ok(Some(Readable { key, by_acl: true })) => {
                let seen = format!(
                    "strangers can read {}, by its own ACL, if they know where it is",
                    in_words(&key, current)
                );
                let mut finding = Finding::failed(Kind::State, WANTED, seen);
                finding.document = Some(key);
                findings.push(finding);
            }
            Ok(Some(_)) => by_rule.push(in_words(&key, current)),
            Err(error) => findings.push(unanswered(&error)),
        }
    }
    if !by_rule.is_empty() {
        by_rule.dedup();
        let seen = format!(
            "strangers can read {}, by the bucket's rules, if they know where it is",
            by_rule.join(", ")
        );
        let fix = doctor::hide_state(subject.target);
        findings.push(Finding::failed(Kind::State, WANTED, seen).fix(fix));
    }
    findings
}

fn unanswered(error: &StoreError) -> Finding {
    Finding::unknown(Kind::Unanswered, error.message.clone()).fix(error.hint.clone())
}

/// Where the documents are.
async fn store(subject: &Subject<'_>) -> Result<Arc<dyn Store>, StoreError> {
    let target = subject.target;
    match &target.state {
        None => {
            let folder = subject.secret.state_folder();
            Ok(subject.store.below(&format!("{FOLDER}{folder}/")))
        }
        Some(place) => {
            let state = Target {
                place: place.clone(),
                access: Access::Bucket,
                ..target.clone()
            };
            open(&state, subject.patience).await
        }
    }
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

/// Whether strangers can read a document, and why.
async fn ask(
    visit: &Visit<'_>,
    store: &dyn Store,
    key: &str,
) -> Result<Option<Readable>, StoreError> {
    let subject = visit.subject;
    let Ok(object) = ObjectKey::parse(key) else {
        return Ok(None);
    };
    let url = doctor::state_url(subject.target, subject.store, subject.secret, key);
    let heard = visit.ask(&Question::get(&url).taking(0)).await?;
    if !heard.status.is_success() {
        return Ok(None);
    }
    let kept = match store.control() {
        Some(control) => control.examine(&object).await?,
        None => None,
    };
    let grants = kept.map(|kept| kept.grants);
    let by_acl = matches!(grants, Some(Told::Is(grants)) if !grants.is_empty());
    let key = key.to_string();
    Ok(Some(Readable { key, by_acl }))
}

fn in_words(key: &str, current: Option<&Release>) -> String {
    let folder = key.split_once('/').map(|(folder, _)| folder);
    let is_current = |part: &str| key.contains(part);
    match (folder, current) {
        (None, _) => "the root".to_string(),
        (Some("manifests"), Some(release)) if is_current(&release.manifest) => {
            "the manifest".to_string()
        }
        (Some("releases"), Some(release)) if is_current(&release.id.to_string()) => {
            "the release".to_string()
        }
        (Some("manifests"), _) => "another release's manifest".to_string(),
        (Some("releases"), _) => "another release".to_string(),
        (Some("plain"), _) => "a copy of a plain name".to_string(),
        _ => "another document of the releases".to_string(),
    }
}

/// Takes the public ACL from a document.
///
/// # Errors
/// It can't be set.
pub(super) async fn close(subject: &Subject<'_>, key: &str) -> Result<(), StoreError> {
    let store = store(subject).await?;
    let (Some(control), Ok(key)) = (store.control(), ObjectKey::parse(key)) else {
        return Ok(());
    };
    match control.examine(&key).await? {
        Some(seen) => control.close(&key, &seen).await,
        None => Ok(()),
    }
}
