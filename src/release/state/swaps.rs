//! Changes of the root by compare and swap, also if a reply is lost, and the test for conditional
//! writes.

use bytes::Bytes;

use super::{Held, State};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::refusal::Guard;
use crate::release::layout::ROOT;
use crate::release::root::{Conditions, Document, Refusal, Root, Stamp, Swapped, swapped};
use crate::store::{PutMode, StoreError, StoreErrorKind};

/// Document that tests whether the storage supports conditional writes. Its content is always the
/// same.
const CONDITIONS: &str = "conditions.json";

/// Maximum number of times that a swap with unknown outcome is sent.
const SWAPS_MAX: usize = 3;

/// Maximum number of times that a change is made again because other parts of the root changed in
/// the meantime.
const ROUNDS_MAX: usize = 20;

/// Outcome of a change of the root.
#[derive(Debug)]
pub enum Changed {
    /// It succeeded. Its root is or was the current one.
    Done(Root),
    /// The change isn't allowed, given the root that was there.
    Refused(Refusal, Option<Root>),
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::release) enum Swap {
    Done,
    Lost,
}

impl State {
    /// Changes the root by compare and swap. `change` makes the next root from the current one. It
    /// is called again if another change finished first, which may not affect it.
    ///
    /// # Errors
    /// Returns [`Error::Unknown`] if it isn't known whether the change succeeded.
    pub async fn change(
        &self,
        mut change: impl FnMut(Option<&Root>, &Stamp) -> Result<Root, Refusal>,
    ) -> Result<Changed> {
        for round in 0..ROUNDS_MAX {
            if round > 0 && self.stop.is_stopped() {
                return Err(Error::Interrupted);
            }
            let held = self.root().await?;
            let stamp = self.stamp();
            let next = match change(held.as_ref().map(|held| &held.root), &stamp) {
                Ok(next) => self.owned(next),
                Err(refusal) => return Ok(Changed::Refused(refusal, held.map(|held| held.root))),
            };
            let next = Document::Root(Box::new(next));
            if self.swap(held, &next).await? == Swap::Done {
                return Ok(Changed::Done(next.root().clone()));
            }
        }
        Err(Error::refused(
            Guard::Busy,
            "Other commands keep changing `root.json` of the target's releases",
            "try again in a minute",
        ))
    }

    /// Returns the root with the name of the target in it.
    fn owned(&self, root: Root) -> Root {
        Root {
            target: self.owner.clone().or(root.target),
            ..root
        }
    }

    /// Writes `next` if the root is still `held`.
    pub(in crate::release) async fn swap(
        &self,
        held: Option<Held>,
        next: &Document,
    ) -> Result<Swap> {
        let mode = held.map_or(PutMode::Create, |held| held.mode);
        let bytes = match next {
            Document::Root(root) => serde_json::to_vec_pretty(root),
            Document::Moved(moved) => serde_json::to_vec_pretty(moved),
        };
        let bytes = Bytes::from(bytes.expect("strings are JSON"));
        let mut doubt: Option<StoreError> = None;
        for _ in 0..SWAPS_MAX {
            let error = match self.store.write(ROOT, bytes.clone(), &mode).await {
                Ok(_) => return Ok(Swap::Done),
                Err(error) => error,
            };
            // Whatever the error says, the root decides: an earlier try of the same request may
            // have succeeded.
            let now = match self.document().await {
                Ok(now) => now,
                Err(_) if is_definite(error.kind) && doubt.is_none() => return Err(error.into()),
                Err(_) => return Err(unknown(&error)),
            };
            match swapped(next.root(), now.as_ref().map(|(now, _)| now.root())) {
                Swapped::Done => return Ok(Swap::Done),
                Swapped::Lost => return Ok(Swap::Lost),
                Swapped::Unknown => return Err(unknown(&error)),
                Swapped::NotYet if is_definite(error.kind) && doubt.is_none() => {
                    return Err(error.into());
                }
                Swapped::NotYet => doubt = Some(error),
            }
        }
        Err(unknown(
            &doubt.expect("every try either returned or left a doubt"),
        ))
    }

    /// Tests whether the storage supports conditional writes, which all swaps of the root rely on.
    /// Creates a document with fixed content again and again, until the storage refuses because it
    /// exists. Returns none for a folder, which supports them.
    ///
    /// # Errors
    /// Returns [`Error::Refused`] if the storage doesn't support them.
    pub(in crate::release) async fn try_conditions(&self) -> Result<Option<Conditions>> {
        if self.store.control().is_none() {
            return Ok(None);
        }
        let json =
            Bytes::from_static(b"{\n  \"format\": \"assetsync conditions\",\n  \"version\": 1\n}");
        let mut is_there = false;
        // The first time creates the document.
        for _ in 0..=SWAPS_MAX {
            let put = self
                .store
                .write(CONDITIONS, json.clone(), &PutMode::Create)
                .await;
            match put.map_err(|error| (error.kind, error)) {
                Ok(_) if is_there => return Err(ignores_conditions()),
                Ok(_) => is_there = true,
                Err((StoreErrorKind::Precondition, _)) => return Ok(Some(Conditions::Proven)),
                // A reply was lost, possibly that of a refusal.
                Err((StoreErrorKind::OutcomeUnknown, _)) => {}
                Err((_, error)) => return Err(error.into()),
            }
        }
        let message = "Cannot test whether the storage supports conditional writes \
                       (`If-None-Match`): its replies don't arrive";
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint("check the network, then push again")
            .into())
    }
}

/// Returns the error for a storage without conditions: two pushes at once would overwrite each
/// other.
fn ignores_conditions() -> Error {
    Error::refused(
        Guard::Unconditional,
        "No release was made: the storage of the releases ignores the condition of a \
         create (If-None-Match, ifGenerationMatch=0), so two pushes at once would \
         overwrite each other",
        Hint::from(
            "set `state` to a storage that supports conditional writes. Ceph's radosgw doesn't in \
             a versioned bucket: suspend versioning there, or use another bucket if this one has \
             object lock. ",
        )
        .then(Verb::Doctor)
        .then(" shows more"),
    )
}

/// Returns whether an error means that nothing was done, and that a retry won't help.
pub(super) fn is_definite(kind: StoreErrorKind) -> bool {
    use StoreErrorKind::*;
    !matches!(kind, Precondition | OutcomeUnknown)
}

/// Returns the hint for a root that is still the one that was read, although the storage always
/// says that it isn't. This happens on Ceph's radosgw 16: for an object that was written while a
/// bucket was versioned, no version matches, and suspending versioning later doesn't help.
fn never_swapped() -> Hint {
    Hint::from(
        "the storage rejects every overwrite of `root.json`, as Ceph's radosgw 16 does in a bucket \
         that is or was versioned. Retrying doesn't help. Keep the releases in a new bucket: set \
         `state`, then run ",
    )
    .then(Verb::Push.with("--begin-anew"))
    .then(
        ", which forgets the earlier releases and the live switch but uploads no object again. Or \
         publish to a new bucket",
    )
}

/// Returns the error for a change whose outcome can't be found out.
fn unknown(error: &StoreError) -> Error {
    Error::Unknown {
        message: format!("The outcome is unknown (the change may have been made): {error}"),
        hint: match error.kind {
            StoreErrorKind::Precondition => never_swapped(),
            _ => Hint::from("run ").then(Verb::Resolve).then(" to find out"),
        },
    }
}
