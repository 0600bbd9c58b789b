//! Makes a bucket public as its target wants it: what would change, the change, and the proof.

use std::time::Duration;

use serde::Serialize;

use super::published::try_publishing;
use super::rights::try_rights;
use super::strangers::try_listings;
use super::{Finding, Patient, Verdict, settings, strangers};
use crate::config::{Access, Place, Target};
use crate::error::{Error, Result};
use crate::store::control::{Change, Settings, Wish};

/// How often it's looked whether a change has come into force, and how long is waited in between: Google's rights take
/// "typically 2 minutes" (<https://cloud.google.com/iam/docs/access-change-propagation>), most others are there at once.
const LOOKS_MAX: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// How public a bucket is, as its owner sees it.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// What the target wants: `bucket` or `object-acl`.
    pub wanted: &'static str,
    /// How the bucket is set up.
    pub settings: Settings,
}

/// What the target wants, and how its bucket is set up.
///
/// # Errors
/// The target is a folder.
pub async fn show(patient: &Patient<'_>) -> Result<Shown> {
    let control = patient.store.control().ok_or_else(no_bucket)?;
    Ok(Shown {
        wanted: match patient.target.access {
            Access::Bucket => "bucket",
            Access::ObjectAcl => "object-acl",
        },
        settings: control.settings().await,
    })
}

fn no_bucket() -> Error {
    Error::Usage {
        message: "The target is a folder: who may read it is for its web server to say".to_string(),
        hint: "`assetsync doctor` looks at its permissions".to_string(),
    }
}

/// What has to change so that strangers can read as the target wants it, and not more.
///
/// # Errors
/// [`Error::Refused`] if that would let strangers read the releases; what asking gives.
pub async fn changes(patient: &Patient<'_>) -> Result<Vec<Change>> {
    let control = patient.store.control().ok_or_else(no_bucket)?;
    let has_state = patient.has_state();
    if has_state {
        releases_stay_private(patient.target)?;
    }
    let wish = Wish {
        access: patient.target.access,
        has_state,
    };
    Ok(control.access_changes(&wish).await?)
}

/// A whole bucket on S3 can be made public but for its releases. Below a prefix that can't be said, and on Google not at all.
fn releases_stay_private(target: &Target) -> Result<()> {
    let why = match (&target.place, target.access) {
        (Place::Gcs { .. }, Access::Bucket) => {
            "on Google Cloud a right counts for the whole bucket"
        }
        (Place::S3 { prefix, .. }, Access::Bucket) if !prefix.is_empty() => {
            "a policy can't leave a folder out of a prefix"
        }
        _ => return Ok(()),
    };
    Err(Error::Refused {
        message: format!(
            "The releases are in the same bucket, and strangers could read them: {why}"
        ),
        hint: super::Fix::of(target).state_elsewhere(),
    })
}

/// Makes these changes, one after the other.
///
/// # Errors
/// What a change gives; those before it are made.
pub async fn apply(patient: &Patient<'_>, changes: &[Change]) -> Result<()> {
    let control = patient.store.control().ok_or_else(no_bucket)?;
    for change in changes {
        control.change(change).await?;
    }
    Ok(())
}

/// Whether all of `changes` may be made.
///
/// # Errors
/// [`Error::Refused`] names the protections that are in the way.
pub fn check_unblocking(changes: &[Change]) -> Result<()> {
    let in_the_way: Vec<&str> = changes
        .iter()
        .filter(|change| change.is_unblocking)
        .flat_map(|change| change.text.lines())
        .collect();
    if in_the_way.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        message: format!(
            "The bucket is protected from being public; this would have to change: {}",
            in_the_way.join("; ")
        ),
        hint: "somebody may have meant it: if the bucket is to be public, run it again with `--unblock`"
            .to_string(),
    })
}

/// What strangers can do now, as far as it matters: list, write, read what is published, read the releases. Looks again for
/// a few seconds while anything is wrong, since a change may take that long.
pub async fn prove(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = try_strangers(patient).await;
    for _ in 1..LOOKS_MAX {
        if findings.iter().all(|f| f.verdict != Verdict::Failed) {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        findings = try_strangers(patient).await;
    }
    findings
}

async fn try_strangers(patient: &Patient<'_>) -> Vec<Finding> {
    let Some(control) = patient.store.control() else {
        return Vec::new();
    };
    let doors = control.listings();
    let (rights, published, listings, settings) = futures_util::join!(
        try_rights(patient, control.as_ref()),
        try_publishing(patient),
        try_listings(&patient.stranger, &doors),
        control.settings(),
    );
    let fix = patient.fix();
    let mut findings = published.judge(patient);
    findings.extend(rights.judge(patient));
    // What we may do is for `doctor` to say.
    findings.retain(|f| f.check.starts_with("anonymous-") || f.check == "public-read");
    findings.push(strangers::judge_listings(&listings, &fix));
    // What strangers with an account may do, no stranger's request shows.
    findings.push(settings::grants(&settings.grants, patient.target, &fix));
    findings
}
