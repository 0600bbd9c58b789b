//! Checks whether a target is fit to publish to, before anything is published. Covers our rights,
//! the rights of strangers, and what the storage does by itself. Whatever can be tried is tried,
//! with small objects of its own; a bucket's settings are read. Checks that don't depend on each
//! other run side by side.
//!
//! Facts are gathered first, and then judged by functions without side effects.

pub mod access;
mod before_push;
mod cors;
mod culprit;
mod exposure;
mod fix;
mod folder;
mod host;
mod key;
mod published;
mod readers;
mod remedy;
mod rights;
mod root;
mod settings;
mod strangers;
mod web_root;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

pub use self::before_push::{Before, Seen, before_push};
pub(crate) use self::exposure::{Exposure, Look};
pub(crate) use self::host::{SHOW_INDEX, SHOW_NOT_FOUND};
pub use self::key::{examine_project, warn_of_key};
pub(crate) use self::readers::former_releases;
pub(crate) use self::web_root::{has_index, outside};

use self::fix::{Fix, has_bucket_of_state};
use self::published::try_publishing;
use self::remedy::Remedy;
pub use self::remedy::Step;
use self::rights::try_rights;
use self::strangers::try_listings;
use crate::base::error::Result;
use crate::base::hint::Command;
use crate::base::name::Secret;
use crate::config::Target;
use crate::release::layout::Home;
use crate::release::root::Nonce;
use crate::store::control::{Control, Grant, Observed, Right, Settings};
use crate::store::stranger::Stranger;
use crate::store::{Listing, Store, StoreError, StoreErrorKind, Timeouts, open};

/// Largest error of this machine's clock without a warning. Storages refuse requests that are 15
/// minutes off.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(60);

/// Outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the check; the same in every version.
    pub check: &'static str,
    /// Verdict of the check.
    pub verdict: Verdict,
    /// Result in words.
    pub text: String,
    /// Why it matters.
    pub why: &'static str,
    /// Fix in words; empty if nothing has to be fixed.
    pub fix: String,
    /// The same as steps that can be done as they are, one after the other; empty if a person has
    /// to decide or to edit something.
    pub steps: Vec<Step>,
    /// The same by ways and parts.
    #[serde(skip)]
    pub(crate) remedy: Remedy,
}

/// Verdict of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// It will do, and could be better.
    Warning,
    /// Dangerous, or nothing can be published.
    Failed,
    /// It can't be told.
    Unknown,
}

impl Finding {
    fn passed(check: &'static str, why: &'static str, text: impl Into<String>) -> Finding {
        Finding {
            check,
            verdict: Verdict::Passed,
            text: text.into(),
            why,
            fix: String::new(),
            steps: Vec::new(),
            remedy: Remedy::default(),
        }
    }

    fn warning(check: &'static str, why: &'static str, text: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Warning,
            ..Finding::passed(check, why, text)
        }
    }

    fn failed(check: &'static str, why: &'static str, text: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Failed,
            ..Finding::passed(check, why, text)
        }
    }

    fn unknown(check: &'static str, why: &'static str, text: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Unknown,
            ..Finding::passed(check, why, text)
        }
    }

    fn fix(mut self, remedy: impl Into<Remedy>) -> Finding {
        let remedy = remedy.into();
        (self.fix, self.steps) = (remedy.text(), remedy.steps());
        self.remedy = remedy;
        self
    }
}

/// Number of checks of each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// As they should be.
    pub passed: usize,
    /// That could be better.
    pub warnings: usize,
    /// Dangerous.
    pub failed: usize,
    /// That couldn't be made.
    pub unknown: usize,
}

impl Summary {
    /// Counts these findings.
    pub fn of(findings: &[Finding]) -> Summary {
        let count = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
        Summary {
            passed: count(Verdict::Passed),
            warnings: count(Verdict::Warning),
            failed: count(Verdict::Failed),
            unknown: count(Verdict::Unknown),
        }
    }

    /// The exit code: 3 if anything is dangerous.
    pub fn exit_code(self) -> u8 {
        match self.failed {
            0 => 0,
            _ => 3,
        }
    }
}

/// A target that is looked at.
#[derive(Debug)]
pub struct Subject<'a> {
    target: &'a Target,
    secret: &'a Secret,
    store: Arc<dyn Store>,
    timeouts: Timeouts,
    /// Place of its releases.
    home: Home,
    /// The store of that place.
    state: Arc<dyn Store>,
    stranger: Stranger,
}

impl<'a> Subject<'a> {
    /// Opens a target and the place of its releases, without asking for anything in it.
    ///
    /// # Errors
    /// No credentials.
    pub async fn open(
        target: &'a Target,
        secret: &'a Secret,
        timeouts: Timeouts,
    ) -> Result<Subject<'a>> {
        let store = open(target, timeouts).await?;
        let home = Home::of(target, secret)?;
        let state = home.open(target, &store, timeouts).await?;
        Ok(Subject {
            target,
            secret,
            store,
            timeouts,
            home,
            state,
            stranger: Stranger::new(),
        })
    }

    /// The target.
    pub fn target(&self) -> &'a Target {
        self.target
    }

    /// The key that its names are made with.
    pub fn secret(&self) -> &'a Secret {
        self.secret
    }

    /// Checks whether its releases are in the target itself.
    fn has_state(&self) -> bool {
        matches!(self.home, Home::Within(_))
    }

    async fn former_releases(&self) -> Option<Finding> {
        let (target, store) = (self.target, &self.store);
        former_releases(target, store, &self.state, &self.stranger).await
    }

    /// A listing of where nothing is: whether it can be made is all there is to see.
    async fn probe(&self) -> Result<Listing, StoreError> {
        let Nonce(nonce) = Nonce::random();
        self.store.below(&format!("{nonce}/")).list().await
    }

    /// Looks at strangers' access to the bucket that has the releases, if that is another one.
    async fn exposure(&self) -> Option<Exposure> {
        let (target, stranger) = (self.target, &self.stranger);
        Exposure::of(target, &self.store, &self.state, stranger, Look::Close).await
    }

    /// The settings of the bucket that `state` names, given what was seen of another one, and those
    /// of the target's.
    fn settings_of_state<'s>(
        &self,
        exposure: Option<&'s Exposure>,
        settings: &'s Settings,
    ) -> Option<&'s Settings> {
        self.target.state.as_ref()?.bucket()?;
        if has_bucket_of_state(self.target) {
            exposure?.settings.as_ref()
        } else {
            Some(settings)
        }
    }

    fn fix(&self) -> Fix<'_> {
        Fix::of(self.target, self.store.server())
    }
}

/// Looks at a target from all sides.
pub async fn examine(subject: &Subject<'_>) -> Vec<Finding> {
    let key = key::judge(subject.secret, &subject.fix());
    let findings = match subject.target.place.folder() {
        Some(folder) => folder::examine(subject, folder).await,
        None => examine_bucket(subject).await,
    };
    std::iter::once(key).chain(findings).collect()
}

async fn examine_bucket(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(control) = subject.store.control() else {
        return Vec::new();
    };
    let listed = subject.probe().await;
    let mut findings = vec![credentials(control.who(), listed.as_ref().err())];
    if findings.iter().any(|f| f.verdict == Verdict::Failed) {
        return findings;
    }
    if let Err(error) = &listed
        && is_no_bucket(error)
    {
        findings.push(unreachable_bucket(error));
        return findings;
    }
    findings.extend(examine_settings(subject, control.as_ref(), &listed).await);
    findings.extend(subject.former_releases().await);
    findings
}

/// Tries what we and strangers may do in a bucket, and judges that by how it's set up.
async fn examine_settings(
    subject: &Subject<'_>,
    control: &dyn Control,
    listed: &Result<Listing, StoreError>,
) -> Vec<Finding> {
    let doors = control.listings();
    let (root, rights, published, host, listings, settings, exposure, policy) = futures_util::join!(
        root::judge(subject),
        try_rights(subject, control),
        try_publishing(subject),
        host::examine(subject),
        try_listings(&subject.stranger, &doors),
        control.settings(),
        subject.exposure(),
        control.cors(),
    );
    let mut findings = Vec::new();
    findings.extend(bucket_there(&settings));
    findings.push(clock(subject.store.now(), SystemTime::now()));
    findings.push(rights::judge_listing(listed));
    findings.push(root);
    let fix = subject.fix().given(&settings.blocks);
    let grants = culprit::of_settings(&settings, &fix);
    let state_settings = subject.settings_of_state(exposure.as_ref(), &settings);
    let of_state = state_settings.unwrap_or(&settings);
    findings.extend(published.judge(&fix, &grants, &settings));
    findings.extend(host);
    findings.extend(rights.judge(&fix, &grants, of_state));
    findings.push(strangers::judge_listings(&listings, &grants, &fix));
    findings.extend(settings::judge(subject, &settings));
    findings.extend(cors::judge(&fix, policy));
    let exposed = exposure.as_ref();
    findings.extend(exposed.map(|exposure| exposure.judge(subject.target)));
    if let Some(state) = state_settings {
        findings.extend(settings::judge_state(subject, state));
    }
    findings
}

/// Makes the checks that need few requests and change nothing: whether strangers can list, what the
/// bucket's own rules let them do, whether these delete what is published, and whether the CORS
/// policy is the target's. For a folder, there are none.
pub(crate) async fn look_at_settings(
    target: &Target,
    store: &Arc<dyn Store>,
    stranger: &Stranger,
) -> Vec<Finding> {
    let Some(control) = store.control() else {
        return Vec::new();
    };
    let doors = control.listings();
    let (listings, settings, policy) = futures_util::join!(
        try_listings(stranger, &doors),
        control.settings(),
        control.cors()
    );
    let fix = Fix::of(target, store.server()).given(&settings.blocks);
    let grants = culprit::of_settings(&settings, &fix);
    let mut findings = vec![
        strangers::judge_listings(&listings, &grants, &fix),
        settings::grants(&grants, target, &fix),
        settings::blocks(&settings.blocks, &fix),
        settings::lifecycle_of_target(&settings.lifecycle, &fix),
    ];
    only_causes(&mut findings, &grants);
    findings.extend(cors::judge(&fix, policy));
    findings
}

/// Removes consequences. If strangers can list and a rule lets them, only the finding that says
/// more is kept. If a block makes rules void, the finding that strangers may do nothing by these
/// rules is removed.
fn only_causes(findings: &mut Vec<Finding>, grants: &Observed<Vec<Grant>>) {
    let verdict = |check| {
        findings
            .iter()
            .find(|f| f.check == check)
            .map(|f| f.verdict)
    };
    let is_failed = |check| verdict(check) == Some(Verdict::Failed);
    let more = grants.known().into_iter().flatten();
    let more: Vec<&Grant> = more.filter(|grant| grant.right != Right::Read).collect();
    let lists = |grant: &&Grant| grant.right == Right::List && !grant.is_conditional;
    let is_listed_by_rule =
        is_failed("anonymous-list") && is_failed("grants") && more.iter().any(lists);
    let is_void = is_failed("public-access-block") && verdict("grants") == Some(Verdict::Warning);
    let consequence = match (is_listed_by_rule, is_void) {
        (true, _) if !more.iter().all(lists) => "anonymous-list",
        (true, _) | (false, true) => "grants",
        (false, false) => return,
    };
    findings.retain(|finding| finding.check != consequence);
}

/// Checks whether another bucket that has the releases deletes them by itself.
pub(crate) fn judge_lifecycle_of_state(target: &Target, exposure: &Exposure) -> Option<Finding> {
    let (place, settings) = (target.state.as_ref()?, exposure.settings.as_ref()?);
    let fix = Fix::of(target, exposure.server);
    Some(settings::lifecycle_of_state(
        &settings.lifecycle,
        place,
        &fix,
    ))
}

/// Returns the fix for a bucket whose rules let strangers read the releases.
pub(crate) async fn close_state(target: &Target, state: &dyn Store) -> String {
    let settings = match state.control() {
        Some(control) => Some(control.settings().await),
        None => None,
    };
    let fix = Fix::of(target, state.server());
    let grants = settings.map_or(Observed::Is(Vec::new()), |settings| {
        culprit::of_settings(&settings, &fix)
    });
    readers::open_state(&fix, &grants, "").fix
}

/// One of assetsync's own commands for a target.
pub fn own_command(target: &Target, command: impl Into<Command>) -> String {
    target.command(command)
}

/// Checks whether an error says that there is no bucket, or no server that answers.
fn is_no_bucket(error: &StoreError) -> bool {
    error.kind.is_fatal() && error.kind != StoreErrorKind::Denied
}

/// Whose credentials are in use, and whether the storage took them.
fn credentials(who: String, error: Option<&StoreError>) -> Finding {
    const CHECK: &str = "credentials";
    const WHY: &str = "anyone who has the credentials can publish";
    use StoreErrorKind::*;
    match error {
        Some(error) if error.kind == Credentials => {
            Finding::failed(CHECK, WHY, format!("{who}: {}", error.message)).fix(error.hint.clone())
        }
        Some(error) if matches!(error.kind, Unreachable | Clock | Region) => {
            Finding::unknown(CHECK, WHY, format!("{who}; not verified"))
        }
        _ => Finding::passed(CHECK, WHY, who),
    }
}

fn unreachable_bucket(error: &StoreError) -> Finding {
    Finding::failed(
        "bucket",
        "no other check is possible without the bucket, so all others were skipped",
        error.message.clone(),
    )
    .fix(error.hint.clone())
}

/// Reports the bucket's location. That it answers is known by now.
fn bucket_there(settings: &Settings) -> Vec<Finding> {
    const WHY: &str = "every player's request goes to the bucket";
    vec![match &settings.location {
        Observed::Is(place) => {
            let place = crate::base::text::escape(place);
            Finding::passed("bucket", WHY, format!("found in `{place}`"))
        }
        Observed::Unknown(why) => {
            Finding::unknown("bucket", WHY, format!("found; location unknown: {why}"))
        }
    }]
}

fn clock(there: Option<SystemTime>, here: SystemTime) -> Finding {
    const WHY: &str = "signatures and dates of releases depend on the clock";
    let Some(there) = there else {
        return Finding::unknown("clock", WHY, "the storage doesn't report its time");
    };
    let difference = match there.duration_since(here) {
        Ok(later) => later,
        Err(earlier) => earlier.duration(),
    };
    if difference <= CLOCK_DIFFERENCE_MAX {
        Finding::passed("clock", WHY, "this machine and the storage agree")
    } else {
        Finding::warning(
            "clock",
            WHY,
            format!(
                "this machine and the storage differ by {} s",
                difference.as_secs()
            ),
        )
        .fix("set this machine's clock: `timedatectl set-ntp true`")
    }
}

#[cfg(test)]
mod tests;
