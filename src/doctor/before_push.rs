//! The cheap, dangerous part of it, which a push begins with.

use std::sync::Arc;
use std::time::Duration;

use super::fix::Fix;
use super::readers::judge_state;
use super::strangers::{LISTED_WHY, Probed, judge_listings, try_listings, url_of};
use super::{Exposure, Finding, Look, Verdict, culprit, web_root};
use crate::config::{Access, Target};
use crate::release::layout::ROOT;
use crate::store::control::{Control, Grant, Observed, Public, PublicRequest, Right};
use crate::store::stranger::{Question, Response, Stranger};
use crate::store::{Store, StoreError};

/// Time for which a push waits for the bucket's rules.
const RULES_WAIT: Duration = Duration::from_secs(5);

/// Outcome of the checks before a push.
#[derive(Debug, Default)]
pub struct Seen {
    /// All that isn't as it should be.
    pub findings: Vec<Finding>,
    /// Number of requests that were sent.
    pub requests: u64,
}

/// Content of the target before the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing: there's no root to read.
    Nothing,
    /// A release.
    Release,
}

/// Makes the cheap checks for dangerous rights before anything is uploaded: whether strangers can
/// list the bucket, or another one that has the releases, and read these, if there are any; whether
/// anybody with an account may list or write; and whether anybody may read what is published. For a
/// folder: whether a web server seems to show the releases. Sends one request without credentials
/// for each of these, and those for the buckets' own rules. Checks without an answer are reported
/// as unknown, and the push continues. It also continues if these credentials may not read the
/// rules, as those of CI usually may not.
pub async fn before_push(
    target: &Target,
    store: &Arc<dyn Store>,
    releases: &Arc<dyn Store>,
    before: Before,
) -> Seen {
    let Some(control) = store.control() else {
        return Seen {
            findings: web_root::judge(target).into_iter().collect(),
            requests: 0,
        };
    };
    // The first form tells most.
    let doors: Vec<PublicRequest> = control.listings().into_iter().take(1).collect();
    if doors.is_empty() {
        return Seen::default();
    }
    let stranger = Stranger::new();
    let (listings, root, grants, exposure) = futures_util::join!(
        try_listings(&stranger, &doors),
        try_root(&stranger, releases, before),
        grants_in_time(control.as_ref()),
        Exposure::of(target, store, releases, &stranger, Look::Quick(RULES_WAIT)),
    );
    let fix = Fix::of(target, store.server());
    let grants = in_force(control.as_ref(), grants, &fix).await;
    let answers = Answers {
        listings,
        root,
        grants,
        exposure,
    };
    let mut findings = answers.judge(target, &fix);
    findings.retain(|finding| finding.verdict != Verdict::Passed);
    Seen {
        findings,
        requests: stranger.requests(),
    }
}

/// Asks for the root as a stranger; not if there's none to read.
async fn try_root(
    stranger: &Stranger,
    releases: &Arc<dyn Store>,
    before: Before,
) -> Option<Result<Response, StoreError>> {
    match before {
        Before::Nothing => None,
        Before::Release => {
            let root = url_of(releases, ROOT);
            Some(stranger.ask(&Question::get(&root)).await)
        }
    }
}

/// Answers of the storage, to us and to strangers.
struct Answers {
    listings: Vec<Probed>,
    root: Option<Result<Response, StoreError>>,
    /// Of the target's bucket.
    grants: Observed<Vec<Grant>>,
    exposure: Option<Exposure>,
}

impl Answers {
    fn judge(self, target: &Target, fix: &Fix<'_>) -> Vec<Finding> {
        let listing = judge_listings(&self.listings, &self.grants, fix);
        let is_listed = listing.verdict == Verdict::Failed;
        let mut findings = vec![listing];
        if let Observed::Is(grants) = &self.grants {
            findings.extend(judge_grants(grants, fix, is_listed));
        }
        let exposure = self.exposure.as_ref();
        let open = exposure.and_then(|exposure| exposure.judge_before_push(target));
        let is_open = open
            .as_ref()
            .is_some_and(|open| open.verdict == Verdict::Failed);
        findings.extend(open);
        // Documents that their bucket's rules open are already reported.
        if let Some(read) = self.root.filter(|_| !is_open) {
            let of_state = exposure.map_or(&self.grants, Exposure::grants);
            findings.push(judge_state(&read, fix, of_state));
        }
        findings
    }
}

/// Returns the rights that a bucket's rules grant, if the storage answers in time.
async fn grants_in_time(control: &dyn Control) -> Observed<Vec<Grant>> {
    let grants = tokio::time::timeout(RULES_WAIT, control.grants()).await;
    grants.unwrap_or_else(|_| Observed::Unknown("the storage didn't answer in time".to_string()))
}

/// Drops rules that the bucket's protections make void. The protections are requested only if that
/// matters.
async fn in_force(
    control: &dyn Control,
    grants: Observed<Vec<Grant>>,
    fix: &Fix<'_>,
) -> Observed<Vec<Grant>> {
    let is_dangerous = |grants: &Vec<Grant>| !dangerous(grants).is_empty();
    if !grants.known().is_some_and(is_dangerous) {
        return grants;
    }
    match tokio::time::timeout(RULES_WAIT, control.settings()).await {
        Ok(settings) => culprit::in_force(&grants, &settings.blocks, fix),
        Err(_) => grants,
    }
}

/// Returns the rights to list or to write without a condition.
fn dangerous(grants: &[Grant]) -> Vec<&Grant> {
    culprit::that_grant(grants, &[Right::List, Right::Write])
        .into_iter()
        .filter(|grant| !grant.is_conditional)
        .collect()
}

/// Judges what a stranger's requests don't show: the rights of anybody with an account, and that
/// strangers can't read yet.
fn judge_grants(grants: &[Grant], fix: &Fix<'_>, is_listed: bool) -> Option<Finding> {
    let target = fix.target;
    let dangerous = dangerous(grants);
    if !dangerous.is_empty() && !is_listed {
        let who = if dangerous.iter().any(|grant| grant.to == Public::Everybody) {
            "everybody"
        } else {
            "anyone with an account"
        };
        let does = |right| dangerous.iter().any(|grant| grant.right == right);
        let what = match (does(Right::List), does(Right::Write)) {
            (true, true) => "list the bucket and write to it",
            (true, false) => "list the bucket",
            (false, _) => "write to the bucket",
        };
        let rules = culprit::named(culprit::BECAUSE, &dangerous);
        let text = format!("{who} can {what} {rules}");
        return Some(Finding::failed("grants", LISTED_WHY, text).fix(fix.access_close()));
    }
    let is_read_there = target.access == Access::Bucket && target.public_url.is_none();
    (is_read_there && !culprit::lets_everybody_read(grants, target)).then(|| {
        let text = "strangers can't read published objects yet";
        Finding::warning(
            "public-read",
            "visitors must be able to read published objects",
            text,
        )
        .fix(fix.access_apply())
    })
}
