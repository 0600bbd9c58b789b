//! Use of the current release in a plan: bytes that are there under another name, and fixed names.

use std::collections::HashMap;

use super::manifest::{Entry, Manifest};
use crate::base::name::{EncodingPolicy, NameStyle};
use crate::plan::{Action, Plan, Reason, Step};
use crate::store::{CopySource, Stored};

impl Plan<'_> {
    /// Copies files of keyed folders from the current release, if it has their bytes under another
    /// name. A folder gets another name whenever one of its files changes, but most of its files
    /// stay the same.
    pub fn copy_from(&mut self, current: &Manifest) {
        let is_copied = |action: &&mut Action<'_>| {
            let is_new = action.step == Step::Upload(Reason::Missing);
            is_new && action.object.policy.names == NameStyle::Folder
        };
        let mut copied = self.actions.iter_mut().filter(is_copied).peekable();
        if copied.peek().is_none() {
            return;
        }
        let by_content: HashMap<(blake3::Hash, EncodingPolicy), &Entry> = current
            .published()
            .map(|entry| ((entry.digest, current.headers_of(entry).encoding), entry))
            .collect();
        for action in copied {
            let content = (action.object.digest, action.object.headers().encoding);
            action.copy_of = by_content.get(&content).and_then(|entry| {
                let stored = entry.stored.as_ref()?;
                Some(CopySource {
                    key: entry.key.clone(),
                    size_bytes: stored.size_bytes,
                    fingerprint: stored.fingerprint.to_string(),
                    is_gzipped: entry.is_gzipped(),
                })
            });
        }
    }

    /// Compares fingerprinted names with the current release. Their bytes never change, even if the
    /// object is gone. If the bytes are the same, other headers may overwrite the old ones.
    pub fn hold_to(&mut self, current: &Manifest) {
        for action in &mut self.actions {
            if action.object.policy.names != NameStyle::Fingerprinted {
                continue;
            }
            let before = current.find(action.object.path.as_str());
            let Some(before) =
                before.filter(|entry| entry.stored.is_some() && entry.key == action.object.key)
            else {
                continue;
            };
            let is_there = |there: &Stored| there.token == Some(before.token);
            let is_same =
                before.digest == action.object.digest && action.there.as_ref().is_none_or(is_there);
            action.step = match action.step {
                Step::Conflict(Reason::Differs) if is_same => Step::Overwrite(Reason::Differs),
                Step::Upload(Reason::Missing) if !is_same && before.is_fingerprinted => {
                    Step::Conflict(Reason::Differs)
                }
                step => step,
            };
        }
    }
}
