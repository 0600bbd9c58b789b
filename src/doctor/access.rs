//! Makes a bucket public as its target wants it: what would change, the change, and the proof.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::fix::has_bucket_of_state;
use super::published::try_publishing;
use super::rights::try_rights;
use super::strangers::try_listings;
use super::{
    Exposure, Finding, Subject, Verdict, culprit, is_no_bucket, own_command, readers, settings,
    strangers,
};
use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::base::refusal::Guard;
use crate::config::{Access, Place, Target};
use crate::release::layout::{FOLDER, ROOT};
use crate::store::control::{AccessGoal, Change, Control, Keeps, Settings};
use crate::store::{StoreError, StoreErrorKind};

/// Largest number of checks whether a change has taken effect, and the pause between them. Google's
/// rights take "typically 2 minutes"
/// (<https://cloud.google.com/iam/docs/access-change-propagation>); most others take effect at
/// once.
const LOOKS_MAX: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Public access to a bucket, as its owner sees it.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Access that the target wants: `bucket` or `object-acl`.
    pub wanted: &'static str,
    /// Place of the published objects: `s3://hunt/static/`.
    pub published: String,
    /// Place of the releases, which strangers mustn't read: `s3://hunt/static/.assetsync/`.
    pub releases: String,
    /// Reason why strangers can read the releases: a rule, or the fact that they got one of the
    /// documents. None if they can't.
    pub releases_open: Option<String>,
    /// Reason why strangers can list the releases, if these are in a bucket of their own. None if
    /// they can't.
    pub releases_listed: Option<String>,
    /// Settings of the bucket.
    pub settings: Settings,
}

/// Returns the access that the target wants, and the settings of its bucket.
///
/// # Errors
/// The target is a folder, or the bucket doesn't exist.
pub async fn show(subject: &Subject<'_>) -> Result<Shown> {
    let control = subject.control()?;
    let (there, settings, exposure, documents) = futures_util::join!(
        subject.probe(),
        control.settings(),
        subject.exposure(),
        readers::try_documents(subject)
    );
    if let Err(error) = there
        && is_no_bucket(&error)
    {
        return Err(error.into());
    }
    let target = subject.target;
    let own = culprit::of_settings(&settings, &subject.fix());
    let grants = exposure.as_ref().map_or(&own, Exposure::grants);
    Ok(Shown {
        wanted: match target.access {
            Access::Bucket => "bucket",
            Access::ObjectAcl => "object-acl",
        },
        published: url(&target.place, ""),
        releases: match &target.state {
            None => url(&target.place, FOLDER),
            Some(state) => url(state, ""),
        },
        releases_open: readers::what_opens(target, grants, &documents),
        releases_listed: exposure.as_ref().and_then(Exposure::listed_by),
        settings,
    })
}

impl Subject<'_> {
    fn control(&self) -> Result<Arc<dyn Control>> {
        let control = self.store.control();
        control.ok_or_else(|| no_bucket(self.target))
    }
}

/// Returns a place as people write it.
fn url(place: &Place, below: &str) -> String {
    match place.bucket() {
        Some(bucket) => bucket.url_of(below),
        None => crate::store::command::url(place),
    }
}

fn no_bucket(target: &Target) -> Error {
    Error::usage(
        "The target is a folder: its web server decides who can read it",
        format!(
            "`{}` checks its permissions",
            own_command(target, Verb::Doctor)
        ),
    )
}

/// Purpose of a change to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Strangers can read as the target wants it. Statements of others in an S3 policy stay.
    Apply,
    /// Strangers can do no more than read; nothing is opened.
    Close,
}

/// Returns the changes that this purpose needs.
///
/// # Errors
/// [`Error::Refused`] if that would let strangers read the releases; the errors of the requests.
pub async fn changes(subject: &Subject<'_>, aim: Aim) -> Result<Vec<Change>> {
    let control = subject.control()?;
    let target = subject.target;
    let goal = AccessGoal {
        access: target.access,
        has_state: subject.has_state(),
        keeps: Keeps::Reading,
    };
    match aim {
        Aim::Close => {
            let mut changes = closing_of_releases(subject).await?;
            changes.extend(control.closing_changes(&goal).await?);
            Ok(changes)
        }
        Aim::Apply => match target.opens_releases(target.access) {
            None => {
                check_old_releases(subject).await?;
                Ok(control.access_changes(&goal).await?)
            }
            Some(why) => Err(releases_would_be_open(subject, why)),
        },
    }
}

fn releases_would_be_open(subject: &Subject<'_>, why: &str) -> Error {
    let remedy = subject
        .fix()
        .after_the_releases(Verb::AccessApply.into(), subject.target.access);
    Error::refused(
        Guard::Exposed,
        format!(
            "Public access was not changed: \
             it would include the releases, which list every file ({why})"
        ),
        remedy.text(),
    )
}

/// Returns the changes that leave strangers no rights where the releases are, if that is a bucket
/// of their own.
async fn closing_of_releases(subject: &Subject<'_>) -> Result<Vec<Change>> {
    let control = if has_bucket_of_state(subject.target) {
        subject.state.control()
    } else {
        None
    };
    let Some(control) = control else {
        return Ok(Vec::new());
    };
    let goal = AccessGoal {
        access: Access::Bucket,
        has_state: false,
        keeps: Keeps::Nothing,
    };
    let changes = control.closing_changes(&goal).await?.into_iter();
    let of_releases = |mut change: Change| {
        let lines = change.text.lines();
        let lines = lines.map(|line| format!("in the releases' bucket: {line}"));
        change.text = lines.collect::<Vec<_>>().join("\n");
        change.is_of_releases = true;
        change
    };
    Ok(changes.map(of_releases).collect())
}

/// Checks for old releases in a target whose releases are now elsewhere: everybody could read them.
///
/// # Errors
/// [`Error::Refused`] if there are any; the target can't be listed.
async fn check_old_releases(subject: &Subject<'_>) -> Result<()> {
    let target = subject.target;
    if target.state.is_none() || target.access == Access::ObjectAcl {
        return Ok(());
    }
    let left = subject.store.below(FOLDER).list().await?;
    if !left.keys().any(|key| key.ends_with(ROOT)) {
        return Ok(());
    }
    Err(Error::refused(
        Guard::Exposed,
        format!(
            "Public access was not changed: releases from before `state` was set \
             are still in the target, in {}, where strangers could read them",
            url(&target.place, FOLDER)
        ),
        subject.fix().after_old_releases(Verb::AccessApply),
    ))
}

/// Makes these changes, one after the other.
///
/// # Errors
/// The error of a change, with what was changed before it, and what wasn't.
pub async fn apply(subject: &Subject<'_>, changes: &[Change]) -> Result<()> {
    let control = subject.control()?;
    let of_releases = subject.state.control();
    for (at, change) in changes.iter().enumerate() {
        let done = match (&of_releases, change.is_of_releases) {
            (Some(of_releases), true) => of_releases.change(change).await,
            _ => control.change(change).await,
        };
        done.map_err(|error| stopped(error, changes, at))?;
    }
    Ok(())
}

/// An error of the change at `at`, and how far the changes got.
fn stopped(error: StoreError, changes: &[Change], at: usize) -> Error {
    let this = match error.kind {
        StoreErrorKind::OutcomeUnknown => "may have changed",
        _ => "not changed",
    };
    let how = |change: usize| match change.cmp(&at) {
        Ordering::Less => "changed",
        Ordering::Equal => this,
        Ordering::Greater => "not started",
    };
    let lines = changes.iter().enumerate().flat_map(|(change, made)| {
        let lines = made.text.lines();
        lines.map(move |line| format!("\n  {}: {line}", how(change)))
    });
    let place = if changes[at].is_of_releases {
        "in the releases' bucket: "
    } else {
        ""
    };
    let message = format!("{place}{}{}", error.message, lines.collect::<String>());
    Error::Store(StoreError { message, ..error })
}

/// Checks whether all of `changes` may be made.
///
/// # Errors
/// [`Error::Refused`] names the protections that prevent it.
pub fn check_unblocking(changes: &[Change]) -> Result<()> {
    let in_the_way: Vec<&str> = changes
        .iter()
        .filter(|change| change.is_unblocking)
        .flat_map(|change| change.text.lines())
        .collect();
    if in_the_way.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        Guard::Protected,
        format!(
            "The bucket is protected against public access. This would have to change: {}",
            in_the_way.join("; ")
        ),
        "the protection may be intentional. If the bucket should be public, \
         run the command again with `--unblock`",
    ))
}

/// Checks what strangers can do now: list, write, read the releases, and, unless that was no aim,
/// read what is published. While anything is wrong, the check is repeated for a few seconds, since
/// a change may take that long.
pub async fn prove(subject: &Subject<'_>, aim: Aim) -> Vec<Finding> {
    let mut findings = try_strangers(subject, aim).await;
    for _ in 1..LOOKS_MAX {
        if findings.iter().all(|f| f.verdict != Verdict::Failed) {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        findings = try_strangers(subject, aim).await;
    }
    findings
}

async fn try_strangers(subject: &Subject<'_>, aim: Aim) -> Vec<Finding> {
    let Some(control) = subject.store.control() else {
        return Vec::new();
    };
    let doors = control.listings();
    let (rights, published, listings, settings, exposure) = futures_util::join!(
        try_rights(subject, control.as_ref()),
        try_publishing(subject),
        try_listings(&subject.stranger, &doors),
        control.settings(),
        subject.exposure(),
    );
    let fix = subject.fix().given(&settings.blocks);
    let grants = culprit::of_settings(&settings, &fix);
    let of_state = subject.settings_of_state(exposure.as_ref(), &settings);
    let mut findings = published.judge(&fix, &grants, &settings);
    findings.extend(rights.judge(&fix, &grants, of_state.unwrap_or(&settings)));
    // `doctor` reports our own rights.
    findings.retain(|f| {
        f.check.starts_with("anonymous-") || (f.check == "public-read" && aim == Aim::Apply)
    });
    findings.push(strangers::judge_listings(&listings, &grants, &fix));
    // Requests without an account don't show the rights of strangers who have one.
    findings.push(settings::grants(&grants, subject.target, &fix));
    findings.extend(exposure.map(|exposure| exposure.judge(subject.target)));
    findings.extend(subject.former_releases().await);
    findings
}
