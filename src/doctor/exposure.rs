//! What strangers can do in a bucket that has the releases alone: `doctor`, `access`, `audit` and a push ask this one. Releases in
//! the target's own bucket are as open as that one is.

use std::sync::Arc;
use std::time::Duration;

use super::culprit::{self, NOT_ITS_OWN};
use super::fix::{Fix, has_bucket_of_state};
use super::settings::in_words;
use super::strangers::{Knock, open_doors, try_listings};
use super::{Finding, Verdict};
use crate::config::{Place, Target};
use crate::store::control::{Control, Door, Grant, Right, Settings, Told};
use crate::store::stranger::{Heard, Stranger};
use crate::store::{Server, Store};

pub(crate) const CHECK: &str = "releases-grants";
const WHY: &str = "the releases name every object, those of solutions too";

/// How closely the bucket is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// By the listing that tells most, and the bucket's rules, if they are told within this time: nobody waits for more.
    Quick(Duration),
    /// By every form of listing there is, and all settings.
    Close,
}

/// What was seen of the bucket.
#[derive(Debug)]
pub(crate) struct Exposure {
    listings: Vec<Knock>,
    /// What the bucket's rules let strangers do that concerns the releases.
    grants: Told<Vec<Grant>>,
    /// Of a close look; of a quick one, where there are rules that could be void.
    pub(super) settings: Option<Settings>,
    /// Who answers for the target.
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
        let doors: Vec<Door> = match look {
            Look::Quick(_) => doors.take(1).collect(),
            Look::Close => doors.collect(),
        };
        let rules = async {
            match look {
                Look::Quick(wait) => grants_and_blocks(&*control, wait).await,
                Look::Close => {
                    let settings = control.settings().await;
                    (settings.grants.clone(), Some(settings))
                }
            }
        };
        let (listings, (grants, settings)) =
            futures_util::join!(try_listings(stranger, &doors), rules);
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

    /// What the bucket's rules let strangers do that concerns the releases.
    pub(super) fn grants(&self) -> &Told<Vec<Grant>> {
        &self.grants
    }

    /// What lets strangers list the releases, in words; none if nothing does.
    pub(super) fn listed_by(&self) -> Option<String> {
        let grants = self.grants.known().map_or(&[][..], Vec::as_slice);
        let culprits = culprit::that_grant(grants, &[Right::List]);
        let (open, _) = open_doors(&self.listings, Heard::is_listing);
        match (culprits.is_empty(), open.is_empty()) {
            (false, _) => Some(format!("by {}", culprit::named(&culprits))),
            (true, false) => Some(format!("they were answered: {}", open.join("; "))),
            (true, true) => None,
        }
    }

    /// Whether what the rules let strangers do is to read, among other things.
    pub(crate) fn is_read(&self) -> bool {
        let grants = self.grants.known().map_or(&[][..], Vec::as_slice);
        !culprit::that_grant(grants, &[Right::Read]).is_empty()
    }

    /// What it means.
    pub(crate) fn judge(&self, target: &Target) -> Finding {
        let fix = Fix::of(target, self.server);
        let none = Vec::new();
        let granted: Vec<&Grant> = self.grants.known().unwrap_or(&none).iter().collect();
        let is_certain = granted.iter().any(|grant| !grant.is_conditional);
        let (open, unheard) = open_doors(&self.listings, Heard::is_listing);
        let may = |granted: &[&Grant]| {
            format!(
                "where releases are kept, strangers may {}",
                in_words(granted)
            )
        };
        let failed = |text: String| Finding::failed(CHECK, WHY, text);
        match (&self.grants, open.is_empty()) {
            _ if is_certain => failed(may(&granted)).fix(fix.close_state(&granted)),
            (Told::Is(_), false) => failed(listed(&open) + NOT_ITS_OWN).fix(fix.close_state(&[])),
            (Told::Unknown(_), false) => failed(listed(&open)).fix(fix.find_and_close_state()),
            (Told::Is(_), true) if !granted.is_empty() => {
                let text = may(&granted) + ", if they fulfil a condition";
                Finding::warning(CHECK, WHY, text).fix(fix.close_state(&granted))
            }
            (Told::Unknown(why), true) => Finding::unknown(CHECK, WHY, why.clone()),
            (Told::Is(_), true) => match unheard {
                Some(error) => Finding::unknown(CHECK, WHY, error.message.clone()),
                None => Finding::passed(
                    CHECK,
                    WHY,
                    "strangers may do nothing where releases are kept",
                ),
            },
        }
    }

    /// The same for a push: its credentials mayn't always see the rules, and that's no reason to say a word.
    pub(super) fn judge_before_push(&self, target: &Target) -> Option<Finding> {
        let finding = self.judge(target);
        let is_blind = finding.verdict == Verdict::Unknown && self.grants.known().is_none();
        (!is_blind && finding.verdict != Verdict::Passed).then_some(finding)
    }
}

/// What the bucket's rules grant, if it's told in time. Protections that make them void are asked for only where there are any.
async fn grants_and_blocks(
    control: &dyn Control,
    wait: Duration,
) -> (Told<Vec<Grant>>, Option<Settings>) {
    let Ok(grants) = tokio::time::timeout(wait, control.grants()).await else {
        let late = "the storage doesn't tell".to_string();
        return (Told::Unknown(late), None);
    };
    if grants.known().is_none_or(Vec::is_empty) {
        return (grants, None);
    }
    let settings = tokio::time::timeout(wait, control.settings()).await;
    (grants, settings.ok())
}

fn listed(open: &[&str]) -> String {
    format!(
        "strangers can list where releases are kept ({})",
        open.join("; ")
    )
}

/// To read what else is in the bucket is for others to worry about.
fn that_concern(grants: Vec<Grant>, place: &Place) -> Vec<Grant> {
    let opens = culprit::that_open(&grants, place, false);
    let concerns = |grant: &&Grant| grant.right != Right::Read || opens.contains(grant);
    grants.iter().filter(concerns).cloned().collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::store::StoreError;
    use crate::store::StoreErrorKind::Unreachable;
    use crate::store::control::{Public, Reach, RuleKind};

    fn place(bucket: &str, prefix: &str) -> Place {
        Place::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
        }
    }

    fn grant(right: Right, reach: Reach) -> Grant {
        let by = "`index`".to_string();
        Grant {
            reach,
            ..Grant::of_all(Public::AnyAccount, right, by, RuleKind::Policy)
        }
    }

    fn judged(
        answer: Result<(StatusCode, &'static str), StoreError>,
        grants: Told<Vec<Grant>>,
    ) -> (Verdict, Option<Verdict>, Option<String>) {
        let door = Door {
            name: "list",
            method: Method::GET,
            url: String::new(),
        };
        let heard = answer.map(|(status, body)| Heard {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        });
        let target = Target {
            state: Some(place("kept", "prod/")),
            ..super::super::settings::tests::target()
        };
        let exposure = Exposure {
            listings: vec![(door, heard)],
            grants: grants.map(|grants| that_concern(grants, &place("kept", "prod/"))),
            settings: None,
            server: Server::Ceph,
        };
        let before_push = exposure.judge_before_push(&target);
        (
            exposure.judge(&target).verdict,
            before_push.map(|finding| finding.verdict),
            exposure.listed_by(),
        )
    }

    #[test]
    fn where_releases_are_kept_strangers_may_do_nothing() {
        use Verdict::{Failed, Passed, Unknown, Warning};
        let refused = || Ok((StatusCode::FORBIDDEN, "<Error/>"));
        let listed = || Ok((StatusCode::OK, "<ListBucketResult/>"));
        let silence = || Err(StoreError::new(Unreachable, "no answer"));
        let unknown = || Told::Unknown("s3:GetBucketAcl is needed".to_string());
        let may = |right| Told::Is(vec![grant(right, Reach::All)]);
        let verdicts = |answer, grants| {
            let (verdict, before_push, _) = judged(answer, grants);
            (verdict, before_push)
        };
        let none = || Told::Is(vec![]);
        assert_eq!(verdicts(refused(), none()), (Passed, None));
        assert_eq!(
            verdicts(refused(), may(Right::List)),
            (Failed, Some(Failed))
        );
        assert_eq!(
            verdicts(refused(), may(Right::Read)),
            (Failed, Some(Failed))
        );
        assert_eq!(verdicts(listed(), none()), (Failed, Some(Failed)));
        assert_eq!(verdicts(listed(), unknown()), (Failed, Some(Failed)));
        assert_eq!(verdicts(refused(), unknown()), (Unknown, None));
        assert_eq!(verdicts(silence(), none()), (Unknown, Some(Unknown)));
        let mut conditional = grant(Right::List, Reach::All);
        conditional.is_conditional = true;
        let conditional = Told::Is(vec![conditional]);
        assert_eq!(verdicts(refused(), conditional), (Warning, Some(Warning)));
        let elsewhere = grant(Right::Read, Reach::Only(vec!["logs/*".into()]));
        assert_eq!(
            verdicts(refused(), Told::Is(vec![elsewhere])),
            (Passed, None)
        );
        let (.., by) = judged(refused(), may(Right::List));
        assert_eq!(by.as_deref(), Some("by `index`"));
        let (.., by) = judged(listed(), unknown());
        assert_eq!(by.as_deref(), Some("they were answered: list"));
        assert_eq!(judged(refused(), none()).2, None);
    }
}
