//! Strangers' access to a bucket that has only the releases, for `doctor`, `access`, `audit` and a
//! push. Releases in the target's own bucket are as open as that bucket is.

use std::sync::Arc;
use std::time::Duration;

use super::culprit::{self, NOT_ITS_OWN};
use super::fix::{Fix, has_bucket_of_state};
use super::settings::in_words;
use super::strangers::{Probed, how_many, open_doors, try_listings};
use super::{Finding, Verdict};
use crate::config::{Place, Target};
use crate::store::control::{Control, Grant, Observed, PublicRequest, Right, Settings};
use crate::store::stranger::{Response, Stranger};
use crate::store::{Server, Store};

pub(crate) const CHECK: &str = "releases-grants";
const WHY: &str = "the releases name every object, including solutions";

/// Depth of the checks of the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The most informative listing, and the bucket's rules if they arrive within this time.
    Quick(Duration),
    /// By every form of listing there is, and all settings.
    Close,
}

/// Access to the bucket, as observed.
#[derive(Debug)]
pub(crate) struct Exposure {
    listings: Vec<Probed>,
    /// Rights of strangers by the bucket's rules, as far as they concern the releases.
    grants: Observed<Vec<Grant>>,
    /// Of a close look; of a quick one, where there are rules that could be void.
    pub(super) settings: Option<Settings>,
    /// Server of the target.
    pub(super) server: Server,
}

impl Exposure {
    /// Looks; none if the releases aren't in another bucket than the target's.
    pub(crate) async fn of(
        target: &Target,
        store: &Arc<dyn Store>,
        releases: &Arc<dyn Store>,
        stranger: &Stranger,
        look: Look,
    ) -> Option<Exposure> {
        let place = target
            .state
            .as_ref()
            .filter(|_| has_bucket_of_state(target))?;
        let control = releases.control()?;
        let doors = control.listings().into_iter();
        let doors: Vec<PublicRequest> = match look {
            Look::Quick(_) => doors.take(1).collect(),
            Look::Close => doors.collect(),
        };
        let (listings, (grants, settings)) =
            futures_util::join!(try_listings(stranger, &doors), rules(&*control, look));
        let server = store.server();
        let grants = match &settings {
            Some(settings) => {
                culprit::in_force(&grants, &settings.blocks, &Fix::of(target, server))
            }
            None => grants,
        };
        Some(Exposure {
            listings,
            grants: grants.map(|grants| that_concern(grants, place)),
            settings,
            server,
        })
    }

    /// Returns the rights of strangers by the bucket's rules, as far as they concern the releases.
    pub(super) fn grants(&self) -> &Observed<Vec<Grant>> {
        &self.grants
    }

    /// Describes why strangers can list the releases; none if they can't.
    pub(super) fn listed_by(&self) -> Option<String> {
        let grants = self.grants.known().map_or(&[][..], Vec::as_slice);
        let culprits = culprit::that_grant(grants, &[Right::List]);
        let (open, _) = open_doors(&self.listings, Response::is_listing);
        match (culprits.is_empty(), open.is_empty()) {
            (false, _) => Some(culprit::named("by", &culprits)),
            (true, false) => Some(format!("these requests succeeded: {}", open.join("; "))),
            (true, true) => None,
        }
    }

    /// Checks whether reading is among the rights of strangers by the rules.
    pub(crate) fn is_read(&self) -> bool {
        let grants = self.grants.known().map_or(&[][..], Vec::as_slice);
        !culprit::that_grant(grants, &[Right::Read]).is_empty()
    }

    /// Judges the access.
    pub(crate) fn judge(&self, target: &Target) -> Finding {
        let fix = Fix::of(target, self.server);
        let none = Vec::new();
        let granted: Vec<&Grant> = self.grants.known().unwrap_or(&none).iter().collect();
        let is_certain = granted.iter().any(|grant| !grant.is_conditional);
        let (open, unheard) = open_doors(&self.listings, Response::is_listing);
        let may = |granted: &[&Grant]| {
            format!(
                "in the releases' bucket, strangers may {}",
                in_words(granted)
            )
        };
        let failed = |text: String| Finding::failed(CHECK, WHY, text);
        match (&self.grants, open.is_empty()) {
            _ if is_certain => failed(may(&granted)).fix(fix.close_state(&granted)),
            (Observed::Is(_), false) => {
                failed(self.listed(&open) + NOT_ITS_OWN).fix(fix.close_state(&[]))
            }
            (Observed::Unknown(_), false) => {
                failed(self.listed(&open)).fix(fix.find_and_close_state())
            }
            (Observed::Is(_), true) if !granted.is_empty() => {
                let text = may(&granted) + ", if they meet a condition";
                Finding::warning(CHECK, WHY, text).fix(fix.close_state(&granted))
            }
            (Observed::Unknown(why), true) => Finding::unknown(CHECK, WHY, why.clone()),
            (Observed::Is(_), true) => match unheard {
                Some(error) => Finding::unknown(CHECK, WHY, error.message.clone()),
                None => Finding::passed(CHECK, WHY, "strangers have no access to the releases"),
            },
        }
    }

    fn listed(&self, open: &[&str]) -> String {
        let how_many = how_many(open, &self.listings);
        format!("strangers can list the releases' bucket{how_many}")
    }

    /// The same for a push: its credentials mayn't always see the rules, and that's no reason to
    /// say a word.
    pub(super) fn judge_before_push(&self, target: &Target) -> Option<Finding> {
        let finding = self.judge(target);
        let is_blind = finding.verdict == Verdict::Unknown && self.grants.known().is_none();
        (!is_blind && finding.verdict != Verdict::Passed).then_some(finding)
    }
}

/// The bucket's rules, as closely as they are looked at.
async fn rules(control: &dyn Control, look: Look) -> (Observed<Vec<Grant>>, Option<Settings>) {
    match look {
        Look::Quick(wait) => grants_and_blocks(control, wait).await,
        Look::Close => {
            let settings = control.settings().await;
            (settings.grants.clone(), Some(settings))
        }
    }
}

/// Returns the rights that the bucket's rules grant, if the storage answers in time. Requests the
/// protections, which can make rules void, only if there are any rules.
async fn grants_and_blocks(
    control: &dyn Control,
    wait: Duration,
) -> (Observed<Vec<Grant>>, Option<Settings>) {
    let Ok(grants) = tokio::time::timeout(wait, control.grants()).await else {
        let late = "the storage didn't answer in time".to_string();
        return (Observed::Unknown(late), None);
    };
    if grants.known().is_none_or(Vec::is_empty) {
        return (grants, None);
    }
    let settings = tokio::time::timeout(wait, control.settings()).await;
    (grants, settings.ok())
}

/// Drops rights to read anything but the releases.
fn that_concern(grants: Vec<Grant>, place: &Place) -> Vec<Grant> {
    let opens = culprit::that_open(&grants, place, false);
    let concerns = |grant: &&Grant| grant.right != Right::Read || opens.contains(grant);
    grants.iter().filter(concerns).cloned().collect()
}

#[cfg(test)]
mod tests;
