//! Adoption of releases by another target: for a bucket that was moved, renamed or restored.

use std::sync::Arc;

use super::guard;
use super::layout;
use super::rollback::nothing_published;
use super::root::{Owner, Refusal, Root, Seen};
use super::state::{Changed, State};
use super::verify::{compare, look_closer, published};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Secret;
use crate::base::refusal::Guard;
use crate::base::text::count;
use crate::base::text::escape;
use crate::config::Target;
use crate::store::Store;

/// Number of missing paths that a message names.
const EXAMPLES_MAX: usize = 3;

fn adopt_again() -> Hint {
    Hint::from("run ")
        .then(Verb::ReleasesAdopt)
        .then(" again to check the current state")
}

/// Releases that can be given to a target, since all their objects are in it.
#[derive(Debug)]
pub struct Adoption {
    /// Target that the releases belong to now; none if the root doesn't say.
    pub from: Option<Owner>,
    /// Target that takes the releases over.
    pub to: Owner,
    /// Number of objects that were checked.
    pub objects: usize,
    /// Number of releases that need these objects.
    pub releases: usize,
    seen: Seen,
}

/// Checks every object of the current release with a request of its own, and compares those of all
/// other retained releases with a listing. Changes nothing. `state` is the result of
/// [`State::find`].
///
/// # Errors
/// Returns [`Error::Refused`] if objects are missing or differ, or if the target that the releases
/// belong to is being changed. Returns [`Error::Usage`] if there are no releases, or if they
/// already belong to this target.
pub async fn plan(
    target: &Target,
    store: &Arc<dyn Store>,
    state: &State,
    secret: &Secret,
    requests: usize,
) -> Result<Adoption> {
    let held = state.root().await?.ok_or_else(nothing_published)?;
    let (root, to) = (held.root, layout::owner_of(target, secret)?);
    let seen = Root::seen(Some(&root));
    root.adopt(&seen, &to, &state.stamp())
        .map_err(|refusal| refused(refusal, Some(&root)))?;
    let current = root.current.as_ref().ok_or_else(nothing_published)?;
    let retained = state.retained(&root).await?;
    let mut listing = store.list().await?;
    let manifest = state.manifest(&current.manifest).await?;
    let meant = published(&manifest, |_| true);
    look_closer(&**store, &manifest, &meant, &mut listing, requests).await?;
    let mut objects = meant.len();
    let mut missing: Vec<String> = Vec::new();
    missing.extend(paths(compare(&manifest, &meant, &listing), &manifest));
    for release in retained
        .iter()
        .filter(|release| release.manifest != current.manifest)
    {
        let manifest = state.manifest(&release.manifest).await?;
        let meant = published(&manifest, |entry| !entry.is_mutable());
        objects += meant.len();
        missing.extend(paths(compare(&manifest, &meant, &listing), &manifest));
    }
    missing.dedup();
    if missing.is_empty() {
        Ok(Adoption {
            from: root.target,
            to,
            objects,
            releases: retained.len(),
            seen,
        })
    } else {
        Err(incomplete(&missing))
    }
}

/// Returns the paths of findings, with the reasons.
fn paths(
    findings: Vec<super::verify::Finding>,
    manifest: &super::manifest::Manifest,
) -> Vec<String> {
    let paths = findings.iter().map(|f| {
        let path = &manifest.entries[f.entry].path;
        format!("`{}` ({})", escape(path), f.reason)
    });
    paths.collect()
}

fn incomplete(missing: &[String]) -> Error {
    let examples = &missing[..missing.len().min(EXAMPLES_MAX)];
    Error::refused(
        Guard::Incomplete,
        format!(
            "This target doesn't have all objects of these releases: {} missing or changed, such as {}",
            count(missing.len() as u64, "object"),
            examples.join(", ")
        ),
        "copy the whole old target, including metadata; or give this target its own `state` and push with `--begin-anew`, which uploads what is missing. For a folder, add `--allow-plain` if the push may overwrite its pages",
    )
}

/// Makes the target the owner, if nothing was published or deleted after [`plan`].
///
/// # Errors
/// Returns [`Error::LostRace`], [`Error::Refused`] or [`Error::Unknown`].
pub async fn adopt(state: &State, adoption: &Adoption) -> Result<Root> {
    let change = |root: Option<&Root>, stamp: &_| match root {
        Some(root) => root.adopt(&adoption.seen, &adoption.to, stamp),
        None => Err(Refusal::LostRace),
    };
    match state.change(change).await? {
        Changed::Done(root) => Ok(root),
        Changed::Refused(refusal, root) => Err(refused(refusal, root.as_ref())),
    }
}

/// Returns the error for an unfinished push or prune. Only the target that the releases belong to
/// may finish it.
fn unfinished(root: Option<&Root>) -> Error {
    let owner = root.and_then(|root| root.target.as_ref());
    let of = owner.map_or(String::new(), |owner| {
        format!(" of `{}`", escape(&owner.to_string()))
    });
    Error::refused(
        Guard::Unfinished,
        format!("A push or prune{of} is running or was interrupted"),
        "wait for it, or finish it there: run `resolve` with the configuration from before the move",
    )
}

fn refused(refusal: Refusal, root: Option<&Root>) -> Error {
    match refusal {
        Refusal::Already => Error::usage(
            "Nothing to adopt: these releases already belong to this target",
            Verb::Releases.then(" shows them"),
        ),
        Refusal::Sweeping | Refusal::Pending => unfinished(root),
        other => guard::refused_again(other, root, adopt_again()),
    }
}
