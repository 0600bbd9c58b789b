//! Move of releases in the target itself after a change of the key.
//!
//! The place depends on the key, so a holder of the old key can't find the releases any more.
//!
//! ```text
//! copy the documents ─▶ old root: "moved" (compare and swap) ─▶ new root ─▶ old root: "moved, done"
//! ```
//!
//! The swap of the old root decides: before it, everything continues at the old place; after it,
//! nothing can be changed there. The document that replaces the old root contains the whole root.
//! So if the move is interrupted, any user with the new key can continue it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::guard;
use super::layout::{FOLDER, ROOT, folder_of};
use super::prune::is_document;
use super::root::{Document, Moved, Root};
use super::state::{Held, RELEASES, State, Swap};
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Secret;
use crate::base::refusal::Guard;
use crate::base::text::escape;
use crate::store::{PutMode, Store, StoreErrorKind, Version};

/// Maximum number of passes over the documents. A pass is repeated if another push published at the
/// old place in the meantime.
const ROUNDS_MAX: usize = 5;

/// Maximum number of documents that are copied at a time. Each is in memory as a whole.
const COPIES_MAX: usize = 8;

/// Right place for releases that are at another key's place.
#[derive(Debug, Clone)]
pub(super) struct Rightful {
    store: Arc<dyn Store>,
    key_id: String,
    /// Note in this place, if the releases were moved away from it.
    left: Option<Box<Moved>>,
}

impl State {
    /// Returns the state of a target that has its releases in itself, below [`FOLDER`], at the
    /// place of this key. If there is only the place of another key, returns that one: a new key
    /// doesn't make a new target. [`State::move_home`] moves it.
    ///
    /// # Errors
    /// Returns an error of reading, an error if there are two other states and none is ours, or
    /// [`Error::Refused`] if the releases are being moved to another key's place.
    pub async fn within(
        target: &Arc<dyn Store>,
        secret: &Secret,
        requests: usize,
        actor: &str,
    ) -> Result<(State, Option<Held>)> {
        let at = |folder: &str| State::in_folder(target, folder, requests, actor);
        let own = at(&folder_of(secret));
        let here = own.document().await?;
        if let Some((Document::Root(root), version)) = here {
            let mode = PutMode::Over(version);
            return Ok((own, Some(Held { root: *root, mode })));
        }
        let here = here.map(|(document, _)| document);
        let documents = target.below(FOLDER).list().await?;
        let mut places = Vec::new();
        for folder in folders(documents.keys()).filter(|folder| *folder != folder_of(secret)) {
            let place = at(&folder);
            if let Some((document, _)) = place.document().await? {
                places.push((place, document));
            }
        }
        let key_id = secret.id().to_string();
        if let Some(moved) = sent_here(&places, &key_id, here.as_ref()) {
            if moved.is_done && here.is_none() {
                return Err(lost(&moved.root));
            }
            let state = own.inheriting(&moved.root);
            let root = state.root().await?;
            return Ok((state, root));
        }
        let is_root = |document: &Document| matches!(document, Document::Root(_));
        places.retain(|(_, document)| is_root(document));
        let others = places.len();
        match (places.pop(), here) {
            (Some((place, _)), here) if others == 1 => {
                let left = match here {
                    Some(Document::Moved(moved)) => Some(moved),
                    Some(Document::Root(_)) | None => None,
                };
                let rightful = Rightful {
                    store: Arc::clone(own.store()),
                    key_id,
                    left,
                };
                let state = place.out_of_place(rightful);
                let root = state.root().await?;
                Ok((state, root))
            }
            (Some(_), _) => Err(several(others)),
            (None, Some(Document::Moved(moved))) => Err(moved_away(&moved)),
            (None, _) => {
                let releases = format!("{}/{RELEASES}", secret.state_folder());
                let names = documents.keys();
                let names = names.filter_map(|key| key.strip_prefix(&releases));
                own.refuse_lost_root(names).await?;
                Ok((own, None))
            }
        }
    }

    /// Returns whether the releases are at another key's place.
    pub fn is_at_another_key(&self) -> bool {
        self.rightful().is_some()
    }

    /// Refuses a key whose place the releases have left, so that they aren't moved back by mistake,
    /// for example after a rollback.
    ///
    /// # Errors
    /// Returns [`Error::Refused`] in this case.
    pub fn check_not_left(&self) -> Result<()> {
        match self.rightful().and_then(|rightful| rightful.left.as_ref()) {
            Some(moved) => Err(moved_away(moved)),
            None => Ok(()),
        }
    }

    /// Moves the releases from another key's place to the place of this key. Returns the same state
    /// if they are already there. The note at the old place tells every version of this program
    /// that they are gone, but not where. The old documents stay until a prune. Nothing changes for
    /// visitors.
    ///
    /// The move happens completely or not at all, even if it is interrupted: [`State::within`]
    /// finishes a move that has begun.
    ///
    /// # Errors
    /// Returns [`Error::Refused`] during a prune, [`Error::Unknown`], or an error of reading or
    /// writing.
    pub async fn move_home(&self) -> Result<State> {
        let Some(rightful) = self.rightful() else {
            return Ok(self.clone());
        };
        let home = self.moved_to(&rightful.store);
        for _ in 0..ROUNDS_MAX {
            let Some(held) = self.root().await? else {
                break;
            };
            let refused = |refusal| guard::refused(refusal, Some(&held.root));
            let root = held.root.leave(&self.stamp()).map_err(refused)?;
            self.copy_documents(&home).await?;
            let moved = Moved::new(root, &rightful.key_id);
            let left = Document::Moved(Box::new(moved.clone()));
            if self.swap(Some(held), &left).await? == Swap::Done {
                home.arrive(&moved.root).await?;
                self.note_done(moved).await?;
                return Ok(home);
            }
        }
        Err(Error::refused(
            Guard::Busy,
            "Cannot move the releases to the new key: others keep publishing",
            "run the same push again when nobody else is publishing",
        ))
    }

    /// Copies all documents except the root and the lists of deletions. Leaves existing copies as
    /// they are.
    async fn copy_documents(&self, home: &State) -> Result<()> {
        let there = home.store().list().await?;
        let mut keys: Vec<String> = self.store().list().await?.into_keys().collect();
        keys.retain(|key| {
            is_document(key) && !key.starts_with("sweeps/") && !there.contains_key(key)
        });
        let copies = keys.iter().map(|key| async move {
            match self.store().read(key).await? {
                Some((bytes, _)) => home.keep(key, bytes).await,
                // It was just deleted by a prune, so nobody needs it.
                None => Ok(()),
            }
        });
        let copies = stream::iter(copies).buffer_unordered(COPIES_MAX);
        copies.try_collect::<Vec<()>>().await.map(|_| ())
    }

    /// Writes the root at its new place, unless another run with the key has already continued from
    /// there.
    async fn arrive(&self, root: &Root) -> Result<()> {
        let mode = match self.document().await? {
            None => PutMode::Create,
            Some((Document::Moved(_), version)) => PutMode::Over(version),
            Some((Document::Root(_), _)) => return Ok(()),
        };
        let error = match self.store().write(ROOT, to_bytes(root), &mode).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match self.document().await {
            Ok(Some((Document::Root(_), _))) => Ok(()),
            _ => Err(error.into()),
        }
    }

    /// Notes that the move is complete: if the root is missing at the new place after that, it was
    /// deleted.
    async fn note_done(&self, moved: Moved) -> Result<()> {
        let Some((Document::Moved(there), version)) = self.document().await? else {
            return Ok(());
        };
        if *there != moved {
            return Ok(());
        }
        let done = Moved {
            is_done: true,
            ..moved
        };
        let mode = PutMode::Over(version);
        match self.store().write(ROOT, to_bytes(&done), &mode).await {
            // Another run has noted it, or has moved the releases back.
            Err(error) if error.kind == StoreErrorKind::Precondition => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Returns the folders of other keys in this target whose releases were moved away, so that
    /// nothing in them is needed any more. `keys` are all keys of the target.
    pub(super) async fn former_folders<'k>(
        &self,
        target: &Arc<dyn Store>,
        keys: impl Iterator<Item = &'k String>,
    ) -> Result<Vec<String>> {
        let mut former = Vec::new();
        let within = keys.filter_map(|key| key.strip_prefix(FOLDER));
        let within: Vec<String> = within.map(str::to_string).collect();
        for folder in folders(within.iter()) {
            let place = State::new(target.below(&folder), 1, "");
            if let Some((Document::Moved(_), _)) = place.document().await? {
                former.push(folder);
            }
        }
        Ok(former)
    }
}

/// Returns the folders with a root among these keys below [`FOLDER`], as full paths.
fn folders<'k>(keys: impl Iterator<Item = &'k String>) -> impl Iterator<Item = String> {
    let end = format!("/{ROOT}");
    let folders = keys.filter_map(move |key| key.strip_suffix(&end));
    let mut folders: Vec<String> = folders
        .filter(|folder| !folder.contains('/'))
        .map(|folder| format!("{FOLDER}{folder}/"))
        .collect();
    folders.sort();
    folders.into_iter()
}

/// Returns the last move to this key, unless the releases were moved on since.
fn sent_here<'p>(
    places: &'p [(State, Document)],
    key_id: &str,
    here: Option<&Document>,
) -> Option<&'p Moved> {
    let moved = places.iter().filter_map(|(_, document)| match document {
        Document::Moved(moved) if moved.to == key_id => Some(&**moved),
        _ => None,
    });
    let last = moved.max_by_key(|moved| moved.root.seq)?;
    let is_later = here.is_none_or(|here| here.root().seq < last.root.seq);
    is_later.then_some(last)
}

/// Returns the error for a place that the releases have left.
pub(super) fn moved_away(moved: &Moved) -> Error {
    Error::refused(
        Guard::Key,
        format!(
            "The target's releases have had another key since {} (id {}; set by {})",
            moved.root.at,
            escape(&moved.to),
            escape(&moved.root.actor)
        ),
        if moved.is_done {
            Hint::from("use the team's new key file; ")
                .then(Verb::Push.with("--rotate-key"))
                .then(" moves them back to this key")
        } else {
            Hint::from("use the team's new key file: ")
                .then(Verb::Resolve)
                .then(" with it finishes the interrupted move")
        },
    )
}

fn several(others: usize) -> Error {
    Error::refused(
        Guard::Key,
        format!(
            "The target has no releases made with this key, but it has those of {others} other keys"
        ),
        "use the key file of this target's releases, or set `state` to their place if they \
         are elsewhere; publish a new target to its own prefix",
    )
}

fn lost(moved: &Root) -> Error {
    Error::refused(
        Guard::Damaged,
        format!(
            "The root of the target's releases is missing, although they were moved to this key at {}: `{ROOT}` was deleted",
            moved.at
        ),
        "restore it from the bucket's versions or a copy: it records which release is current and whether the target is live",
    )
}

fn to_bytes(document: &impl serde::Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec_pretty(document).expect("strings are JSON"))
}

/// Document in the place of a root, with its version for the next swap.
pub(super) type Placed = Option<(Document, Version)>;
