//! Does what a repair decided, on the condition that what was seen is still there, and looks at it
//! again.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::finding::{Finding, Kind};
use super::object::served;
use super::repair::{Left, Repair, Repairs, Steps};
use super::visit::Visit;
use super::{Audit, Subject, folder, look_at, state};
use crate::apply::{Options, apply};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::refusal::Guard;
use crate::plan::{Action, Plan, Reason, Step};
use crate::release::manifest::Entry;
use crate::release::root::Root;
use crate::release::state::State;
use crate::store::control::Control;
use crate::store::kept::Kept;
use crate::store::{StoreError, StoreErrorKind};

/// Makes the repairs, and looks at the repaired objects again. Adds to `repairs.left` what didn't
/// work.
///
/// # Errors
/// [`Error::LostRace`] if another release is the current one by now; nothing was changed then.
pub async fn repair(
    subject: &Subject<'_>,
    state: &State,
    audit: &mut Audit,
    repairs: &mut Repairs<'_>,
    options: &Options,
) -> Result<()> {
    let root = state.root().await?.map(|held| held.root);
    refuse_if_changed(root.as_ref(), audit, repairs)?;
    let failed = in_place(subject, audit, repairs).await;
    repairs.left.extend(failed);
    let failed = upload_all(subject, audit, repairs, options).await?;
    repairs.left.extend(failed);
    let failed = close_documents(subject, repairs).await;
    repairs.left.extend(failed);
    let look = async {
        look_again(subject, audit, repairs).await;
        Ok::<_, Error>(())
    };
    subject.progress.unless_stopped(look).await
}

fn refuse_if_changed(root: Option<&Root>, audit: &Audit, repairs: &Repairs<'_>) -> Result<()> {
    let now = root.and_then(|root| root.current_id());
    if now != audit.release.as_ref().map(|release| &release.id) {
        return Err(Error::LostRace {
            message: "The current release changed in the meantime: nothing was repaired"
                .to_string(),
            hint: "audit again".into(),
        });
    }
    let is_over = |repair: &Repair<'_>| {
        matches!(repair.steps, Steps::Upload { is_over: true, .. })
            && !repairs.overwrite_live.contains(&repair.path)
    };
    match root.and_then(|root| root.live.as_ref()) {
        Some(_) if repairs.repairs.iter().any(is_over) => Err(Error::refused(
            Guard::Live,
            "The target went live in the meantime: nothing was repaired",
            Hint::from("run ")
                .then(Verb::Audit.with("--repair"))
                .then(" again: it still makes the repairs that overwrite nothing"),
        )),
        _ => Ok(()),
    }
}

async fn in_place(subject: &Subject<'_>, audit: &Audit, repairs: &Repairs<'_>) -> Vec<Left> {
    let control = subject.store.control();
    let work = repairs
        .repairs
        .iter()
        .filter_map(|repair| match repair.steps {
            Steps::InPlace { headers, acl } => Some((repair, headers, acl)),
            Steps::Upload { .. } => None,
        });
    let work = work.map(|(repair, headers, acl)| {
        let control = control.as_deref();
        async move {
            let done = match control {
                Some(control) => set(control, audit, repair.at, headers, acl).await,
                None => set_mode(subject, audit, repair.at).await,
            };
            done.err().map(|error| left(&repair.path, &error))
        }
    });
    let done = stream::iter(work)
        .take_until(subject.progress.stopped())
        .buffered(subject.requests);
    done.filter_map(async |failed| failed).collect().await
}

fn left(path: &str, error: &StoreError) -> Left {
    let why = if error.hint.is_empty() {
        error.message.clone()
    } else {
        format!("{} ({})", error.message, error.hint)
    };
    Left {
        path: path.to_string(),
        why,
    }
}

/// Sets the mode of a file, which is the counterpart of an ACL in a folder.
async fn set_mode(subject: &Subject<'_>, audit: &Audit, at: usize) -> Result<(), StoreError> {
    match &audit.manifest {
        Some(manifest) => folder::set_mode(subject, &manifest.entries[at]).await,
        None => Ok(()),
    }
}

async fn close_documents(subject: &Subject<'_>, repairs: &Repairs<'_>) -> Vec<Left> {
    let mut failed = Vec::new();
    for document in &repairs.documents {
        if subject.progress.is_stopped() {
            break;
        }
        if let Err(error) = state::close(subject, document).await {
            failed.push(left(document, &error));
        }
    }
    failed
}

async fn set(
    control: &dyn Control,
    audit: &Audit,
    at: usize,
    headers: bool,
    acl: bool,
) -> Result<(), StoreError> {
    let (Some(manifest), Some(kept)) = (&audit.manifest, audit.kept.get(&at)) else {
        return Ok(());
    };
    let entry = &manifest.entries[at];
    let mut kept = kept.clone();
    if headers {
        let served = served(manifest, entry);
        control.set_headers(&entry.key, &served, &kept).await?;
    }
    if !acl {
        return Ok(());
    }
    if headers {
        kept = examine_again(control, entry).await?;
    }
    control.set_acl(&entry.key, &kept).await
}

async fn examine_again(control: &dyn Control, entry: &Entry) -> Result<Kept, StoreError> {
    let now = control.examine(&entry.key).await?;
    now.ok_or_else(|| {
        let message = format!("`{}` was deleted during the repair", entry.path);
        StoreError::new(StoreErrorKind::Precondition, message).hint("audit again")
    })
}

async fn upload_all(
    subject: &Subject<'_>,
    audit: &Audit,
    repairs: &Repairs<'_>,
    options: &Options,
) -> Result<Vec<Left>> {
    let plan = Plan {
        actions: uploads(subject, audit, repairs).await?,
    };
    let report = apply(&plan, subject.store, options, subject.progress).await;
    if report.is_interrupted {
        return Err(Error::Interrupted);
    }
    subject.store.remember().await?;
    let failures = report.failures.iter();
    Ok(failures.map(|f| left(&f.path, &f.error)).collect())
}

/// The uploads that were decided, each over what was seen there.
async fn uploads<'a>(
    subject: &Subject<'_>,
    audit: &Audit,
    repairs: &Repairs<'a>,
) -> Result<Vec<Action<'a>>> {
    let mut actions = Vec::new();
    for repair in &repairs.repairs {
        let Steps::Upload { object, is_over } = repair.steps else {
            continue;
        };
        let there = match (is_over, audit.kept.get(&repair.at)) {
            (false, _) => None,
            (true, Some(kept)) => Some(kept.stored.clone()),
            // A folder: what was seen is looked at once more.
            (true, None) => {
                let look = subject.store.head(&object.key);
                subject.progress.unless_stopped(look).await?
            }
        };
        let step = match &there {
            None => Step::Upload(Reason::Missing),
            Some(_) => Step::Overwrite(Reason::Damaged),
        };
        actions.push(Action {
            object,
            step,
            there,
            copy_of: None,
        });
    }
    Ok(actions)
}

/// Drops findings about repaired objects.
fn forget_mended(findings: &mut Vec<Finding>, repairs: &Repairs<'_>) {
    let paths: BTreeSet<&str> = repairs
        .repairs
        .iter()
        .map(|repair| repair.path.as_str())
        .collect();
    let left = std::mem::take(findings).into_iter();
    let left = left.filter_map(|finding| match finding.kind {
        Kind::Cors | Kind::Held => Some(finding),
        Kind::State if !repairs.documents.is_empty() => None,
        _ => finding.without(&paths),
    });
    *findings = left.collect();
}

/// Replaces the findings about repaired objects by those of the present state.
async fn look_again(subject: &Subject<'_>, audit: &mut Audit, repairs: &Repairs<'_>) {
    let Some(manifest) = audit.manifest.take() else {
        return;
    };
    let visit = Visit::new(subject, subject.timeouts);
    let looked = look_at(
        &visit,
        &manifest,
        repairs.repairs.iter().map(|repair| repair.at),
    )
    .await;
    forget_mended(&mut audit.findings, repairs);
    if !repairs.documents.is_empty() {
        let release = audit.release.clone();
        let found = state::look(&visit, release.as_ref()).await;
        audit.findings.extend(found);
    }
    for looked in looked {
        audit.add(looked);
    }
    audit.requests += visit.requests();
    audit.manifest = Some(manifest);
    audit.finish(subject.target);
}
