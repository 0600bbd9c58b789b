//! Guards that can refuse a run, each with a name that programs can rely on.

use serde::Serialize;

/// Guard that can refuse a run. Its name in JSON is in lower case, with hyphens: `held-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Guard {
    /// Others who are changing the releases, or deleting objects.
    Busy,
    /// Clock of this machine, if it differs from the storage's and something would be deleted.
    Clock,
    /// Root of the releases, if it's missing or damaged.
    Damaged,
    /// Tree without any file to publish.
    Empty,
    /// Rights of strangers to list the target or to read its releases.
    Exposed,
    /// Fingerprinted name that is in use for other content, although such a name never changes.
    Fingerprinted,
    /// File or object of others that would be overwritten or deleted.
    Foreign,
    /// Objects of releases that aren't in their place.
    Forgotten,
    /// Hidden files that would get names that can be guessed.
    Guessable,
    /// Held level that a rollback would publish.
    HeldLevel,
    /// Output with the names of hidden files, which may end up in a log.
    HiddenOutput,
    /// Release whose objects aren't all there, or have changed.
    Incomplete,
    /// Key that isn't the one of the releases, or of `key_id`.
    Key,
    /// Live switch, which is on.
    Live,
    /// Document of the releases that a newer assetsync wrote.
    NewerVersion,
    /// Plain name whose earlier content wasn't kept.
    NoCopy,
    /// Commit that doesn't include that of the current release.
    OlderCommit,
    /// Releases that belong to another target.
    OtherTarget,
    /// Protection of the bucket against public access.
    Protected,
    /// Other releases or targets inside the target, which may need what would be deleted.
    Shared,
    /// Loss of many files, or of a whole folder or type.
    Shrunk,
    /// File that was taken down and would be published again.
    TakenDown,
    /// Storage that ignores the conditions of writes.
    Unconditional,
    /// Question that wasn't answered with yes.
    Unconfirmed,
    /// Push, prune or takedown that is running or was interrupted.
    Unfinished,
    /// Key that can be guessed.
    WeakKey,
    /// Published files of a level that would be held again.
    WithdrawnLevel,
}

impl Guard {
    /// Returns its name in JSON: `held-level`.
    pub fn name(self) -> String {
        name_in_json(self)
    }
}

/// Returns the name that serde has for a variant without fields.
pub(super) fn name_in_json(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        other => unreachable!("a variant without fields is a string, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_hyphens() {
        assert_eq!(Guard::Live.name(), "live");
        assert_eq!(Guard::HeldLevel.name(), "held-level");
    }
}
