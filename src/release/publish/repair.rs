//! Verification of a release, object by object or by a listing, and repair of damaged objects.

use std::collections::HashSet;

use super::{Names, Published, Push, ROUNDS_MAX};
use crate::apply::apply;
use crate::base::error::{Error, Result};
use crate::base::listed::names_text;
use crate::base::refusal::Guard;
use crate::base::text::{count, escape};
use crate::naming::Build;
use crate::plan::{Action, Plan, Reason, Step, Tally};
use crate::release::excused::options_for;
use crate::release::guard;
use crate::release::manifest::{Entry, Manifest};
use crate::release::root::Live;
use crate::release::verify::{Finding, Verify, verify};
use crate::store::{StoreError, StoreErrorKind};

/// Verifies the objects, and writes missing or damaged ones again. Mutable names with other content
/// are added to `names`, and are written after the root. Returns false if this failed.
pub(super) async fn verify_and_repair<'a>(
    push: &Push<'a>,
    names: &mut Names<'a>,
    how: Verify,
    published: &mut Published,
) -> Result<bool> {
    for round in 0..ROUNDS_MAX {
        let manifest = Manifest::new(push.build, &published.report.stored);
        let is_meant = |entry: &Entry| !names.contains_key(entry.key.as_str());
        let requests = push.options.requests;
        let look = verify(&**push.store, &manifest, is_meant, how, requests);
        let findings = push.progress.unless_stopped(look).await?;
        let is_mutable = |finding: &Finding| manifest.entries[finding.entry].is_mutable();
        let (later, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_mutable);
        let mut over = Vec::new();
        for finding in later.iter().filter(|finding| is_certain(finding)) {
            let path = &manifest.entries[finding.entry].path;
            let object = push
                .build
                .find(path)
                .expect("the manifest was made from the build");
            names.insert(object.key.as_str(), (object, finding.reason));
            published.repaired.push(path.to_string());
            if finding.reason != Reason::Missing {
                over.push((object.path.as_str(), finding.reason));
            }
        }
        let repairs = repairs(push.build, &manifest, findings);
        over.extend(
            repairs
                .actions
                .iter()
                .filter_map(|action| match action.step {
                    Step::Overwrite(reason) => Some((action.object.path.as_str(), reason)),
                    _ => None,
                }),
        );
        refuse_while_live(push, over).await?;
        if repairs.actions.is_empty() {
            return Ok(true);
        }
        if round + 1 == ROUNDS_MAX {
            break;
        }
        let kept = counted_as_kept(push.plan, &repairs, &published.repaired);
        let paths = repairs.actions.iter();
        let paths = paths.map(|action| action.object.path.to_string());
        published.repaired.extend(paths);
        let report = apply(&repairs, push.store, push.options, push.progress).await;
        published.report.add_instead_of(kept, report);
        if !published.report.is_complete() {
            return Ok(false);
        }
    }
    let message = "Objects of the release keep changing after they are written";
    Err(StoreError::new(StoreErrorKind::Other, message)
        .hint("find and stop what else writes to the target or deletes from it, then push again")
        .into())
}

/// Counts the objects to repair that the plan keeps, except those that were repaired before.
fn counted_as_kept(plan: &Plan<'_>, repairs: &Plan<'_>, repaired: &[String]) -> Tally {
    let before: HashSet<&str> = repaired.iter().map(String::as_str).collect();
    let paths = repairs.actions.iter();
    let paths = paths.map(|action| action.object.path.as_str());
    let now: HashSet<&str> = paths.filter(|path| !before.contains(path)).collect();
    plan.kept(|object| now.contains(object.path.as_str()))
}

/// Returns whether a finding is certain. The known size of a plain name is that of its copy, and
/// some storages store it differently.
fn is_certain(finding: &Finding) -> bool {
    matches!(
        finding.reason,
        Reason::Missing | Reason::Differs | Reason::Unknown
    )
}

fn repairs<'a>(build: &'a Build, manifest: &Manifest, findings: Vec<Finding>) -> Plan<'a> {
    let action = |finding: Finding| {
        let path = &manifest.entries[finding.entry].path;
        Action {
            object: build
                .find(path)
                .expect("the manifest was made from the build"),
            step: match finding.reason {
                Reason::Missing => Step::Upload(Reason::Missing),
                // This object was put there by somebody else.
                reason @ (Reason::Differs | Reason::Unknown)
                    if manifest.entries[finding.entry].is_fingerprinted =>
                {
                    Step::Conflict(reason)
                }
                reason => Step::Overwrite(reason),
            },
            there: finding.there,
            copy_of: None,
        }
    };
    Plan {
        actions: findings.into_iter().map(action).collect(),
    }
}

/// Refuses to overwrite objects while the target is live, except excused ones.
async fn refuse_while_live(push: &Push<'_>, mut over: Vec<(&str, Reason)>) -> Result<()> {
    over.retain(|(path, _)| !push.allowed.overwrite_live.contains(*path));
    if over.is_empty() {
        return Ok(());
    }
    // Reads the root again: the target may have gone live since the push began.
    let root = push.state.root().await?.map(|held| held.root);
    let Some(live) = root.and_then(|root| root.live) else {
        return Ok(());
    };
    over.sort_unstable();
    Err(waits(&live, &over, push.verify))
}

/// Returns the error for files that have to be overwritten while the target is live.
fn waits(live: &Live, over: &[(&str, Reason)], how: Verify) -> Error {
    let names: Vec<&str> = over.iter().map(|(path, _)| *path).collect();
    let live = guard::live_in_words(live);
    let what = match over[..] {
        [(path, reason)] => {
            format!(
                "`{}` in the target doesn't match what was published ({reason}), \
                 and a repair would overwrite it",
                escape(path)
            )
        }
        _ => format!(
            "{} in the target don't match what was published, and a repair would overwrite them{}",
            count(names.len() as u64, "file"),
            names_text(&names)
        ),
    };
    Error::refused(
        Guard::Live,
        format!("{live}: {what}"),
        format!(
            "push again with `--verify {} {}` to repair {} while the target is live",
            if how == Verify::Full { "full" } else { "list" },
            options_for(&names),
            if names.len() == 1 { "it" } else { "them" }
        ),
    )
}
