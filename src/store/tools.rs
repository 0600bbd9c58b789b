//! Tools of the clouds, `aws` and `gcloud`: commands for changes of a bucket that assetsync itself
//! doesn't make. It also has other differences between the clouds.

use super::Server;
use super::location::{Access, Target};

/// Commands for one bucket. Each is complete, and can be copied into a shell.
pub(crate) trait Tools {
    /// Returns the only server that has such buckets, if there is only one.
    fn only_server(&self) -> Option<Server>;

    /// Makes a bucket that only its owner can read.
    fn make_private(&self, url: &str) -> String;

    /// Deletes the object `name`, which is below the target's prefix.
    fn remove(&self, name: &str) -> String;

    /// Deletes everything in `folder`, which is below the target's prefix.
    fn remove_folder(&self, folder: &str) -> String;

    /// Keeps versions of objects that are deleted or overwritten.
    fn keep_versions(&self) -> String;

    /// Stops keeping versions, where they can cause pushes to fail.
    fn suspend_versioning(&self) -> Option<String>;

    /// Removes the rule that keeps objects from being overwritten; `None` where that rule only
    /// keeps old versions.
    fn clear_retention(&self) -> Option<String>;

    /// Deletes all rules of the lifecycle.
    fn clear_lifecycle(&self) -> String;

    /// Reads and sets the lifecycle, in `rules.json`.
    fn lifecycle(&self) -> Edit;

    /// Deletes rules of the lifecycle by their names, in one command.
    fn lifecycle_without(&self, names: &[&str]) -> Option<String>;

    /// Adds a rule that deletes uploads that were never finished. `others` means that there are
    /// rules that must stay.
    fn clear_uploads(&self, others: bool) -> Option<String>;

    /// Reads and sets the policy, in `policy.json`.
    fn policy(&self) -> Edit;

    /// Returns why strangers can read releases in this bucket once everything published can be
    /// read: the releases are below `state`, or in the target itself. `None` if they can be left
    /// out.
    fn opens_releases(&self, state: Option<&str>) -> Option<&'static str>;
}

/// Commands before and after a manual edit.
pub(crate) struct Edit {
    /// Prints the current value.
    pub get: String,
    /// Sets the value from the file.
    pub set: String,
    /// Deletes the value, where it can't be set to an empty one.
    pub delete: Option<String>,
}

impl Target {
    /// Returns why strangers could read the releases if `access` were set; `None` if they couldn't.
    /// On S3, a whole bucket can be made public except its releases. That isn't possible below a
    /// prefix, and not at all on Google.
    pub(crate) fn opens_releases(&self, access: Access) -> Option<&'static str> {
        if access == Access::ObjectAcl {
            return None;
        }
        let bucket = self.place.bucket()?;
        let state = match &self.state {
            None => None,
            Some(state) => Some(state.bucket().filter(|state| state.is_same(bucket))?),
        };
        bucket
            .tools(None)
            .opens_releases(state.map(|state| &*state.prefix))
    }
}
