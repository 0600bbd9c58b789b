//! Gives releases to another target: for a bucket that was moved or renamed, and one that was restored.

use std::sync::Arc;

use super::guard;
use super::layout;
use super::rollback::nothing_published;
use super::root::{Owner, Refusal, Root, Seen};
use super::state::{Changed, State};
use super::verify::{compare, look_closer, published};
use crate::config::Target;
use crate::error::{Error, Result, escape};
use crate::name::Secret;
use crate::report::count;
use crate::store::Store;

/// How many paths are named of those that are missing.
const EXAMPLES_MAX: usize = 3;

const ADOPT_AGAIN: &str = "`assetsync releases adopt` once more looks at what there is now";

/// Releases that can be given to a target: all their objects are in it.
#[derive(Debug)]
pub struct Adoption {
    /// The target that they belong to by now; none in roots that don't say.
    pub from: Option<Owner>,
    /// The target that takes them over.
    pub to: Owner,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many releases need them.
    pub releases: usize,
    seen: Seen,
}

/// Looks at every object of the current release by itself, and compares those of all other retained releases by a listing.
/// Changes nothing. `state` is as [`State::find`] gives it.
///
/// # Errors
/// [`Error::Refused`]: objects are missing or differ; the target that the releases belong to is being changed. [`Error::Usage`]:
/// there are none, or they are this target's already.
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
    let paths = |findings: Vec<super::verify::Finding>, manifest: &super::manifest::Manifest| {
        let paths = findings.iter().map(|f| {
            let path = &manifest.entries[f.entry].path;
            format!("`{}` ({})", escape(path), f.reason)
        });
        paths.collect::<Vec<_>>()
    };
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
    match missing.is_empty() {
        true => Ok(Adoption {
            from: root.target,
            to,
            objects,
            releases: retained.len(),
            seen,
        }),
        false => Err(incomplete(&missing)),
    }
}

fn incomplete(missing: &[String]) -> Error {
    let examples = &missing[..missing.len().min(EXAMPLES_MAX)];
    Error::Refused {
        message: format!(
            "These releases aren't all in this target: {} missing or changed, such as {}",
            count(missing.len() as u64, "object"),
            examples.join(", ")
        ),
        hint: "copy all of the old target, metadata included; or give this target a `state` of its own and push with `--begin-anew`: that uploads what is missing".to_string(),
    }
}

/// Makes the target the owner, if nothing was published or deleted since [`plan`].
///
/// # Errors
/// [`Error::LostRace`], [`Error::Refused`], [`Error::Unknown`].
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

/// Only the target that they belong to may finish it.
fn unfinished(root: Option<&Root>) -> Error {
    let owner = root.and_then(|root| root.target.as_ref());
    let of = owner.map_or(String::new(), |owner| {
        format!(" of `{}`", escape(&owner.to_string()))
    });
    Error::Refused {
        message: format!("A push or prune{of} is going on, or was interrupted"),
        hint: "wait for it, or finish it there: `resolve`, with the configuration from before the move".to_string(),
    }
}

fn refused(refusal: Refusal, root: Option<&Root>) -> Error {
    match refusal {
        Refusal::Already => Error::usage(
            "These releases belong to this target already",
            "`assetsync releases` shows them",
        ),
        Refusal::Sweeping | Refusal::Pending => unfinished(root),
        other => guard::refused_again(other, root, ADOPT_AGAIN),
    }
}
