//! Prepared rollback: verified, with everything at hand that it writes.

use std::collections::BTreeSet;

use tempfile::TempDir;

use super::{
    Chosen, Rollback, RolledBack, changed_names, left_out, make, refuse_held, restore,
    roll_back_again, settle, taken_back,
};
use crate::apply::Report;
use crate::base::error::Result;
use crate::naming::Object;
use crate::release::guard;
use crate::release::leftover;
use crate::release::manifest::Manifest;
use crate::release::root::{Overwrites, Plain, Refusal, Release, ReleaseId, Root};
use crate::release::state::Changed;
use crate::release::takedown::without;

/// Rollback that is ready for the swap.
pub(super) struct Ready {
    /// Root when the release was verified.
    root: Root,
    from: Release,
    to: Release,
    /// Release that the user asked for, if `to` was made from it.
    made_from: Option<ReleaseId>,
    left_out: BTreeSet<String>,
    /// Manifest of `to`.
    manifest: Manifest,
    /// Manifest of `from`.
    now: Manifest,
    /// Plain names that have to be written.
    pub(super) objects: Vec<Object>,
    /// Folder with their copies.
    _folder: TempDir,
}

/// Verifies a release, fetches the plain names to write, and makes the release to switch to.
pub(super) async fn prepare(rollback: &Rollback<'_>, chosen: Chosen) -> Result<Ready> {
    let stoppable = rollback.progress;
    let Chosen {
        root,
        from,
        to,
        manifest,
        now,
    } = chosen;
    if root.taking_down().is_some() {
        let refusal = Refusal::Sweeping;
        return Err(guard::refused_again(
            refusal,
            Some(&root),
            roll_back_again(),
        ));
    }
    refuse_held(rollback.allowed, &to, &manifest, &now)?;
    let check = left_out(rollback, &root, &to, &manifest, &now);
    let left_out = stoppable.unless_stopped(check).await?;
    let manifest = without(manifest, &left_out);
    let changed = changed_names(&manifest, &now, root.plain);
    let (objects, folder) = restore(rollback, &manifest, &changed).await?;
    let made_from = (!left_out.is_empty()).then(|| to.id.clone());
    let to = match &made_from {
        None => to,
        Some(_) => {
            let seen = Root::seen(Some(&root));
            let make = make(rollback.state, &to, &from, &seen, &manifest, &now);
            stoppable.unless_stopped(make).await?
        }
    };
    Ok(Ready {
        root,
        from,
        to,
        made_from,
        left_out,
        manifest,
        now,
        objects,
        _folder: folder,
    })
}

impl Ready {
    /// Makes the release the current one by a swap of the root.
    pub(super) async fn switch(&self, rollback: &Rollback<'_>) -> Result<Changed> {
        let seen = Root::seen(Some(&self.root));
        let names = self.objects.iter().map(|object| object.path.as_str());
        let overwrites = Overwrites::of(names, &rollback.allowed.overwrite_live);
        let plain = if self.objects.is_empty() {
            Plain::Settled
        } else {
            Plain::Pending
        };
        let change = |root: Option<&Root>, stamp: &_| {
            let to = self.to.clone();
            let next = match (root, &self.made_from) {
                (Some(root), None) => root.roll_back(&seen, to, overwrites, plain, stamp),
                (Some(root), Some(_)) => {
                    Root::publish(Some(root), &seen, to, overwrites, plain, stamp)
                }
                (None, _) => Err(Refusal::LostRace),
            };
            let known = root.map(|root| root.left.as_slice()).unwrap_or_default();
            let left = leftover::after_rollback(known, &self.now, &self.manifest);
            let unlock = &rollback.allowed.unlock;
            Ok(next?.leaving(left).unlocking(unlock, stamp))
        };
        rollback.state.change(change).await
    }

    /// Writes the plain names, after `root` has made the release the current one.
    pub(super) async fn done(self, rollback: &Rollback<'_>, root: Root) -> RolledBack {
        let report = match root.plain {
            Plain::Settled => Report::default(),
            Plain::Pending => {
                let before = self.root.plain;
                settle(rollback, &root, &self.manifest, &self.objects, before).await
            }
        };
        RolledBack {
            taken_back: taken_back(&self.manifest, &self.now),
            left: root.left,
            made_from: self.made_from,
            left_out: self.left_out,
            from: self.from,
            to: self.to,
            report,
        }
    }
}
