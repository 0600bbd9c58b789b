//! Tests our rights with an object that belongs to nobody, among the releases and without public
//! access. It is deleted afterwards. If that fails, it stays, does no harm, and a later prune
//! deletes it.

use std::sync::Arc;

use bytes::Bytes;

use super::fix::Fix;
use super::strangers::{StrangersAndProbe, try_with_probe};
use super::{Finding, Subject, culprit};
use crate::base::path::ObjectKey;
use crate::release::layout::ROOT;
use crate::release::root::Nonce;
use crate::store::control::{Control, Grant, Observed, Settings, Versioning};
use crate::store::{Listing, PutMode, Server, Store, StoreError, StoreErrorKind, Version};

/// Content that is written first, and content that overwrites it.
const FIRST: &[u8] = b"assetsync doctor was here";
const SECOND: &[u8] = b"assetsync doctor was here again";

/// Why the place of the releases must be writable.
pub(super) const ROOT_WHY: &str =
    "every push ends by overwriting `root.json`, which names the current release";

/// Beginning of probes' names among the releases, by which a prune recognizes them.
const PROBE: &str = "sweeps/probe-";

/// Outcome of writing, reading and deleting a private probe. None: it wasn't tried, since an
/// earlier step had failed.
#[derive(Debug)]
pub(super) struct Rights {
    key: String,
    create: Result<(), StoreError>,
    /// Once more, though it's there.
    create_again: Option<Result<(), StoreError>>,
    overwrite: Option<Result<(), StoreError>>,
    /// With the version that is gone.
    overwrite_stale: Option<Result<(), StoreError>>,
    /// True if the content that was read is the one that was written.
    read: Option<Result<bool, StoreError>>,
    strangers: Option<StrangersAndProbe>,
    delete_stale: Option<Result<(), StoreError>>,
    /// Outcome of the deletion.
    delete: Option<Result<(), StoreError>>,
    /// True if the root of the releases is a version of a versioned bucket.
    root_is_version: bool,
}

/// Tries it all, in the place of the releases.
pub(super) async fn try_rights(subject: &Subject<'_>, control: &dyn Control) -> Rights {
    let Nonce(nonce) = Nonce::random();
    let key = format!("{PROBE}{nonce}");
    let store = &subject.state;
    let write = |bytes: &'static [u8], mode: PutMode| {
        let key = key.clone();
        async move { store.write(&key, Bytes::from_static(bytes), &mode).await }
    };
    let mut rights = Rights::untried(&key, root_is_version(store).await);
    let first = match write(FIRST, PutMode::Create).await {
        Ok(version) => version,
        Err(error) => {
            rights.create = Err(error);
            return rights;
        }
    };
    let mut last = (first.clone(), FIRST);
    let again = write(SECOND, PutMode::Create).await;
    if let Ok(version) = &again {
        last = (version.clone(), SECOND);
    }
    rights.create_again = Some(again.map(|_| ()));
    let stale = last.0.clone();
    let other = if last.1 == FIRST { SECOND } else { FIRST };
    let over = write(other, PutMode::Over(stale.clone())).await;
    if let Ok(version) = &over {
        let before = last.1;
        last = (version.clone(), other);
        let twice = write(before, PutMode::Over(stale.clone())).await;
        if let Ok(version) = &twice {
            last = (version.clone(), before);
        }
        rights.overwrite_stale = Some(twice.map(|_| ()));
    }
    let is_over = over.is_ok();
    rights.overwrite = Some(over.map(|_| ()));
    let read = store.read(&key).await;
    rights.read = Some(read.map(|read| read.is_some_and(|(bytes, _)| bytes == last.1)));
    rights.strangers = Some(try_with_probe(subject, control, &key).await);
    // Strangers may have written over it.
    let version = match store.read(&key).await {
        Ok(Some((_, version))) => version,
        _ => last.0,
    };
    delete(store, &key, is_over.then_some(stale), &version, &mut rights).await;
    rights
}

/// Ceph's radosgw writes over no version that it made while the bucket was versioned, if a
/// condition says which.
async fn root_is_version(state: &Arc<dyn Store>) -> bool {
    let (Server::Ceph, Some(control)) = (state.server(), state.control()) else {
        return false;
    };
    let root = ObjectKey::parse(ROOT).expect("it's a key");
    matches!(control.examine(&root).await, Ok(Some(kept)) if kept.is_version)
}

async fn delete(
    store: &Arc<dyn Store>,
    key: &str,
    stale: Option<Version>,
    version: &Version,
    rights: &mut Rights,
) {
    if let Some(stale) = stale.filter(|stale| stale != version) {
        rights.delete_stale = Some(store.delete(key, &stale).await);
    }
    rights.delete = Some(store.delete(key, version).await);
}

/// Judges whether we can list the bucket.
pub(super) fn judge_listing(listed: &Result<Listing, StoreError>) -> Finding {
    const WHY: &str = "a push lists the bucket to verify that every object exists";
    match listed {
        Ok(_) => Finding::passed("list", WHY, "can list the bucket"),
        Err(error) => Finding::failed("list", WHY, error.message.clone()).fix(needed(error, LIST)),
    }
}

/// Rights to ask for if the storage doesn't name them.
const LIST: &str = "ask the bucket's administrator for permission to list it";
const WRITE: &str = "ask the bucket's administrator for permission to create, read and overwrite objects where the releases are";

/// Returns the rights that the storage names, or else other advice.
pub(super) fn needed(error: &StoreError, otherwise: &str) -> String {
    if error.hint.is_empty() {
        otherwise.to_string()
    } else {
        error.hint.to_string()
    }
}

impl Rights {
    fn untried(key: &str, root_is_version: bool) -> Rights {
        Rights {
            key: key.to_string(),
            create: Ok(()),
            create_again: None,
            overwrite: None,
            overwrite_stale: None,
            read: None,
            strangers: None,
            delete_stale: None,
            delete: None,
            root_is_version,
        }
    }

    /// `grants` are of the target's bucket; `of_state` is how the one that has the releases is set
    /// up.
    pub(super) fn judge(
        &self,
        fix: &Fix<'_>,
        grants: &Observed<Vec<Grant>>,
        of_state: &Settings,
    ) -> Vec<Finding> {
        let versioning = &of_state.versioning;
        let mut findings = self.judge_writing(fix, versioning);
        if self.create.is_ok() {
            findings.push(self.judge_conditions(fix, versioning));
            findings.push(self.judge_deleting());
        }
        findings.extend(match &self.strangers {
            Some(strangers) => strangers.judge(fix, grants, &culprit::of_settings(of_state, fix)),
            None => StrangersAndProbe::not_tried(),
        });
        findings
    }

    /// Creating, reading, writing over: what releases need.
    fn judge_writing(&self, fix: &Fix<'_>, versioning: &Observed<Versioning>) -> Vec<Finding> {
        const CHECK: &str = "releases";
        let failed = |error: &StoreError| {
            let remedy = match error.kind {
                StoreErrorKind::Precondition => fix.conditions_of_state(versioning),
                _ => needed(error, WRITE).into(),
            };
            Finding::failed(CHECK, ROOT_WHY, error.message.clone()).fix(remedy)
        };
        let tries = [Some(&self.create), self.overwrite.as_ref()];
        let refused = tries
            .into_iter()
            .flatten()
            .filter_map(|tried| tried.as_ref().err());
        let mut findings: Vec<Finding> = refused.map(failed).collect();
        match &self.read {
            Some(Err(error)) => findings.push(failed(error)),
            Some(Ok(false)) => {
                let text = "an object read back from the releases differs from what was written";
                findings.push(Finding::failed(CHECK, ROOT_WHY, text));
            }
            _ => {}
        }
        if self.root_is_version && fix.server() == Server::Ceph {
            let text = "`root.json` was written while its bucket was versioned. \
                        Ceph's radosgw doesn't let it be overwritten, \
                        even after versioning is suspended";
            findings.push(Finding::failed(CHECK, ROOT_WHY, text).fix(fix.move_releases()));
        }
        if findings.is_empty() {
            let text = "can create, read and overwrite objects where the releases are";
            findings.push(Finding::passed(CHECK, ROOT_WHY, text));
        }
        findings
    }

    /// Judges whether the storage respects conditions.
    fn judge_conditions(&self, fix: &Fix<'_>, versioning: &Observed<Versioning>) -> Finding {
        const CHECK: &str = "conditional-writes";
        const WHY: &str = "conditions keep concurrent pushes from overwriting each other";
        let ignored = self.ignored_conditions();
        if !ignored.is_empty() {
            let text = format!(
                "the storage ignores the condition when {}",
                ignored.join(" and ")
            );
            return Finding::failed(CHECK, WHY, text).fix(fix.conditions_of_state(versioning));
        }
        let tries = [&self.create_again, &self.overwrite_stale];
        let is_minded = |tried: &&Option<Result<(), StoreError>>| matches!(tried, Some(Err(error)) if error.kind == StoreErrorKind::Precondition);
        if tries.iter().all(is_minded) {
            return Finding::passed(CHECK, WHY, "the storage enforces conditions");
        }
        let errors = tries.into_iter().flatten();
        let mut errors = errors.filter_map(|tried| tried.as_ref().err());
        match errors.find(|error| error.kind != StoreErrorKind::Precondition) {
            Some(error) => Finding::unknown(CHECK, WHY, error.message.clone()),
            None => {
                let text = "only partly tested, because overwriting an object failed";
                Finding::unknown(CHECK, WHY, text)
            }
        }
    }

    /// Writes that were done although their condition forbade them.
    fn ignored_conditions(&self) -> Vec<&'static str> {
        let tries = [
            (
                "creating an object that exists (If-None-Match, ifGenerationMatch=0)",
                &self.create_again,
            ),
            (
                "overwriting a version that is gone (If-Match, ifGenerationMatch)",
                &self.overwrite_stale,
            ),
        ];
        let ignored = tries
            .iter()
            .filter(|(_, tried)| matches!(tried, Some(Ok(()))));
        ignored.map(|(what, _)| *what).collect()
    }

    /// Judges whether we can delete, which only a prune needs.
    fn judge_deleting(&self) -> Finding {
        const CHECK: &str = "delete";
        const WHY: &str = "only `prune` and `takedown` delete: credentials that can't delete can't destroy a hunt";
        match (&self.delete_stale, &self.delete) {
            (_, Some(Err(error))) if error.kind == StoreErrorKind::Denied => Finding::passed(
                CHECK,
                WHY,
                format!(
                    "can't delete, which is safest. `{}` stays among the releases \
                     ({} bytes, harmless) until a prune deletes it",
                    self.key,
                    SECOND.len()
                ),
            ),
            (Some(Ok(())), _) => Finding::warning(
                CHECK,
                WHY,
                "these credentials can delete, but the storage ignores which version to delete. \
                 If a delete request of a prune arrives late, \
                 it can delete an object that a push has uploaded again",
            )
            .fix("don't push while a prune is running"),
            (_, Some(Err(error))) => Finding::unknown(
                CHECK,
                WHY,
                format!("{error}; `{}` may still exist, but is harmless", self.key),
            ),
            _ => Finding::passed(CHECK, WHY, "can delete; CI credentials don't need to"),
        }
    }
}

#[cfg(test)]
mod tests;
