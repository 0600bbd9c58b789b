//! Checks whether strangers can read the releases, and why.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::fix::Fix;
use super::strangers::{try_reading, url_of};
use super::{Finding, Subject, culprit};
use crate::base::path::ObjectKey;
use crate::config::{Place, Target};
use crate::release::layout::{FOLDER, ROOT};
use crate::release::root;
use crate::store::control::{Grant, Observed, Public, RuleKind};
use crate::store::stranger::{Question, Response, Stranger};
use crate::store::{Store, StoreError};

pub(super) const STATE: &str = "anonymous-state";
pub(super) const STATE_WHY: &str = "the releases name every object, including solutions";
/// The same where strangers can read them.
pub(super) const STATE_OPEN_WHY: &str = "the releases name every object, including solutions. If there are any, treat all names as leaked: after the fix, give every file a new name with a new key (`assetsync key new FILE`, then set `key_file`, then `assetsync push --rotate-key`)";

/// Tries the root, the current release and its manifest. `audit --all` tries all there are, and
/// tells what can't be read.
pub(super) async fn try_documents(subject: &Subject<'_>) -> Vec<&'static str> {
    let Ok(Some((root, _))) = subject.state.read(ROOT).await else {
        return Vec::new();
    };
    let current = root::parse(&root).ok().and_then(|root| root.current);
    let mut documents = vec![("the root", ROOT.to_string())];
    if let Some(release) = current {
        documents.push(("the release", format!("releases/{}.json", release.id)));
        documents.push((
            "the manifest",
            format!("manifests/{}.json.gz", release.manifest),
        ));
    }
    let looks = documents.into_iter().map(|(name, key)| async move {
        let heard = try_reading(subject, url_of(&subject.state, &key)).await;
        heard
            .is_ok_and(|heard| heard.status.is_success())
            .then_some(name)
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// Judges the answer to a stranger who requested a release's document. `grants` belong to the
/// bucket that has the releases.
pub(super) fn judge_state(
    read: &Result<Response, StoreError>,
    fix: &Fix<'_>,
    grants: &Observed<Vec<Grant>>,
) -> Finding {
    match read {
        Ok(heard) if heard.status.is_success() => open_state(
            fix,
            grants,
            "strangers can read the releases if they know or guess the URL",
        ),
        Ok(heard) if heard.status.is_redirection() => Finding::unknown(
            STATE,
            STATE_WHY,
            format!(
                "strangers are redirected ({}): check that `region` is the bucket's",
                heard.status
            ),
        ),
        Ok(_) if is_open_to_accounts(fix.target, grants) => open_state(
            fix,
            grants,
            "anyone with an account can read the releases if they know or guess the URL",
        ),
        Ok(_) => Finding::passed(STATE, STATE_WHY, "strangers can't read the releases"),
        Err(error) => Finding::unknown(STATE, STATE_WHY, error.message.clone()),
    }
}

/// Returns the place of the releases, and whether it is a folder of the target.
fn place_of_state(target: &Target) -> (&Place, bool) {
    match &target.state {
        Some(place) => (place, false),
        None => (&target.place, true),
    }
}

/// Describes why strangers can read the releases: by rules, or else by the documents that they got.
pub(super) fn what_opens(
    target: &Target,
    grants: &Observed<Vec<Grant>>,
    documents: &[&'static str],
) -> Option<String> {
    let (place, is_own) = place_of_state(target);
    let grants = grants.known().map_or(&[][..], Vec::as_slice);
    let culprits = culprit::that_open(grants, place, is_own);
    match (culprits.is_empty(), documents.is_empty()) {
        (false, _) => Some(culprit::named("by", &culprits)),
        (true, false) => Some(format!(
            "requests for {} succeeded",
            documents.join(" and ")
        )),
        (true, true) => None,
    }
}

/// Checks whether the rules let anybody with an account read the releases. Requests without an
/// account don't show that.
fn is_open_to_accounts(target: &Target, grants: &Observed<Vec<Grant>>) -> bool {
    let (place, is_own) = place_of_state(target);
    let grants = grants.known().map_or(&[][..], Vec::as_slice);
    culprit::that_open(grants, place, is_own)
        .iter()
        .any(|grant| grant.to == Public::AnyAccount && !grant.is_conditional)
}

/// Releases that strangers can read: who is to blame, and what ends it. A statement for a whole
/// bucket of S3 can leave them out, if it's the target's own bucket; others can't.
pub(super) fn open_state(fix: &Fix<'_>, grants: &Observed<Vec<Grant>>, text: &str) -> Finding {
    let (place, is_own) = place_of_state(fix.target);
    let failed = |behind: String| Finding::failed(STATE, STATE_OPEN_WHY, format!("{text}{behind}"));
    let grants = match grants {
        Observed::Is(grants) => grants,
        Observed::Unknown(_) => return failed(String::new()).fix(fix.find_and_close_state()),
    };
    let culprits = culprit::that_open(grants, place, is_own);
    if culprits.is_empty() {
        return failed(culprit::NOT_ITS_OWN.to_string()).fix(fix.close_state(&[]));
    }
    let can_leave_out = is_own
        && place
            .bucket()
            .is_some_and(|bucket| bucket.tools(None).opens_releases(None).is_none())
        && culprits.iter().all(|grant| {
            grant.kind == RuleKind::Policy
                && !grant.is_conditional
                && grant.reach.covers_below("", None)
        });
    let rules = culprit::named(culprit::BECAUSE, &culprits);
    failed(format!(", {rules}")).fix(if can_leave_out {
        fix.access_close()
            .because("which takes the releases out of what strangers may read")
    } else {
        fix.close_state(&culprits)
    })
}

/// Documents tried of each place that has releases no more.
const FORMER_DOCUMENTS_MAX: usize = 3;

/// Releases in the target that aren't kept where `releases` are: left there before `state` was set,
/// or under another key. Nothing hides them where everybody may read.
pub(crate) async fn former_releases(
    target: &Target,
    store: &Arc<dyn Store>,
    releases: &Arc<dyn Store>,
    stranger: &Stranger,
) -> Option<Finding> {
    store.control()?;
    let within = store.below(FOLDER);
    let listing = within.list().await;
    // Without the right to list, there are none; `rights` reports that.
    let keys = listing.map(|listing| listing.into_keys().collect());
    let looks = former_documents(keys.unwrap_or_default())
        .into_iter()
        .map(|key| url_of(&within, &key))
        .filter(|url| !url.starts_with(url_of(releases, ROOT).trim_end_matches(ROOT)))
        .map(|url| async move { stranger.ask(&Question::get(&url).taking(0)).await });
    let heard = join_all(looks).await;
    let is_read = |heard: &Result<Response, _>| heard.as_ref().is_ok_and(|h| h.status.is_success());
    let is_open = heard.iter().any(is_read);
    is_open.then(|| open_former_releases(target, &Fix::of(target, store.server())))
}

fn open_former_releases(target: &Target, fix: &Fix<'_>) -> Finding {
    let (text, fix) = match target.state {
        Some(_) => (
            "strangers can read releases left in the target from before `state` was set",
            fix.old_releases(),
        ),
        None => (
            "strangers can read releases left in the target under another key",
            fix.move_releases(),
        ),
    };
    Finding::failed("old-releases", STATE_OPEN_WHY, text).fix(fix)
}

/// Some documents of each folder that has any, given all keys there are below [`FOLDER`].
fn former_documents(mut keys: Vec<String>) -> Vec<String> {
    keys.sort();
    let mut taken: HashMap<String, usize> = HashMap::new();
    keys.retain(|key| {
        let Some((folder, document)) = key.split_once('/') else {
            return false;
        };
        let taken = taken.entry(folder.to_string()).or_default();
        let is_tried = *taken < FORMER_DOCUMENTS_MAX || document == ROOT;
        *taken += usize::from(is_tried);
        is_tried && ObjectKey::parse(key).is_ok()
    });
    keys
}
