//! Releases that are in the target itself, and how they move when the key changes: whoever had the old key can't tell where they
//! are then.
//!
//! ```text
//! copy the documents ─▶ old root: "moved" (compare and swap) ─▶ new root ─▶ old root: "moved, done"
//! ```
//!
//! The swap of the old root decides: before it, all goes on at the old place; after it, nobody can change anything there. What
//! it leaves has the whole root in it, so that whoever has the new key can go on, should the mover be stopped in between.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::guard;
use super::layout::{FOLDER, ROOT, folder_of};
use super::prune::is_document;
use super::root::{Document, Moved, Root};
use super::state::{Held, RELEASES, State, Swap};
use crate::error::{Error, Result, escape};
use crate::name::Secret;
use crate::store::{PutMode, Store, StoreErrorKind, Version};

/// How often the documents are looked through again, because somebody published at the old place meanwhile.
const ROUNDS_MAX: usize = 5;

/// Documents copied at a time: each is whole in memory.
const COPIES_MAX: usize = 8;

/// The place where releases have to be, if they are at another key's.
#[derive(Debug, Clone)]
pub(super) struct Rightful {
    store: Arc<dyn Store>,
    key_id: String,
    /// What is left there, if they were moved away from it.
    left: Option<Box<Moved>>,
}

impl State {
    /// The state of a target that has it in itself: below [`FOLDER`], where the key says. If another key's is there, but not
    /// this one's, it's that: a new key doesn't make a new target. [`State::move_home`] moves it.
    ///
    /// # Errors
    /// What looking gives; two other states, of which none is ours; [`Error::Refused`]: they are on their way to another key's place.
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

    /// Whether the releases are where another key says.
    pub fn is_at_another_key(&self) -> bool {
        self.rightful().is_some()
    }

    /// Refuses a key whose place the releases left: nobody takes them back by chance, after a rollback for example.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn check_not_left(&self) -> Result<()> {
        match self.rightful().and_then(|rightful| rightful.left.as_ref()) {
            Some(moved) => Err(moved_away(moved)),
            None => Ok(()),
        }
    }

    /// Moves the releases to where the key says, from another key's place; the same state if they are there. What is left tells
    /// every version of this program that they are gone, and doesn't tell where. Its documents stay until a prune. Nothing changes for
    /// visitors.
    ///
    /// Done as a whole or not at all, whatever stops it: [`State::within`] finishes what was begun.
    ///
    /// # Errors
    /// [`Error::Refused`]: a prune is going on. [`Error::Unknown`]. What reading and writing gives.
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
        Err(Error::Refused {
            message:
                "The releases can't be moved to the new key's place: others publish all the time"
                    .to_string(),
            hint: "try again when nobody else is publishing: `assetsync push` moves them"
                .to_string(),
        })
    }

    /// All but the root and lists of what was deleted. Those that are there already serve.
    async fn copy_documents(&self, home: &State) -> Result<()> {
        let there = home.store().list().await?;
        let mut keys: Vec<String> = self.store().list().await?.into_keys().collect();
        keys.retain(|key| {
            is_document(key) && !key.starts_with("sweeps/") && !there.contains_key(key)
        });
        let copies = keys.iter().map(|key| async move {
            match self.store().read(key).await? {
                Some((bytes, _)) => home.keep(key, bytes).await,
                // Nobody needs what a prune has just deleted.
                None => Ok(()),
            }
        });
        let copies = stream::iter(copies).buffer_unordered(COPIES_MAX);
        copies.try_collect::<Vec<()>>().await.map(|_| ())
    }

    /// Writes the root at its new place, unless somebody with the key went on from there already.
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

    /// From now on, a root that is missing at the new place was deleted there.
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
            // Somebody else noted it, or moved the releases back.
            Err(error) if error.kind == StoreErrorKind::Precondition => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// The releases' folders of other keys in the target that has these, of which nothing is needed any more: those that were
    /// moved. `keys` are all that the target has.
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

/// The folders that have a root, whole, of these keys below [`FOLDER`].
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

/// What was moved to this key last, unless it was moved on since.
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

/// Told of a place that was left.
pub(super) fn moved_away(moved: &Moved) -> Error {
    Error::Refused {
        message: format!(
            "The target's releases have another key since {} (id {}; by {})",
            moved.root.at,
            escape(&moved.to),
            escape(&moved.root.actor)
        ),
        hint: match moved.is_done {
            true => "use the team's new key file; `assetsync push --rotate-key` with this one moves them back",
            false => "use the team's new key file: `assetsync resolve` with it finishes the move, which was interrupted",
        }
        .to_string(),
    }
}

fn several(others: usize) -> Error {
    Error::Refused {
        message: format!("The target has the releases of {others} other keys"),
        hint: "publish to a prefix of its own, or name the place of the releases with `state`"
            .to_string(),
    }
}

fn lost(moved: &Root) -> Error {
    Error::Refused {
        message: format!(
            "The root of the target's releases is gone, though they were moved to this key at {}: somebody deleted `{ROOT}`",
            moved.at
        ),
        hint: "put it back, from the bucket's versions or a copy: it tells which release is the current one, and whether the target is live".to_string(),
    }
}

fn to_bytes(document: &impl serde::Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec_pretty(document).expect("strings are JSON"))
}

/// A document at the place of a root, with the version to swap it against.
pub(super) type Placed = Option<(Document, Version)>;
