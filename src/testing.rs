//! Further parts of the crate for the tests and benchmarks of this project. Not for other users: it
//! changes with the code.

pub use crate::apply::{Failure, Options, Report, apply};
pub use crate::base::error::{Error, Result};
pub use crate::base::mask::{masked, shown};
pub use crate::base::name::Secret;
pub use crate::base::path::{LogicalPath, ObjectKey};
pub use crate::base::problem::{Addition, Listed, Meant, Problem, ProblemKind};
pub use crate::base::progress::{Progress, Snapshot};
pub use crate::base::{coding, credentials, encode, glob, likeness, media, name, path};
pub use crate::cache::Cache;
pub use crate::config::{Config, Overrides, Target, Wanted};
pub use crate::inventory::{Inventory, inventory};
pub use crate::naming::{
    Build, Former, Object, build, build_with, check, check_former, check_names, leaks, prepare,
};
pub use crate::plan::{Action, Plan, Reason, Step, Tally, plan};
pub use crate::release::export as manifest;
pub use crate::rules::Rules;
pub use crate::scan::junk::{Dropped, Junk};
pub use crate::scan::{metadata, packed};
pub use crate::store::{Store, StoreError, Timeouts, body, environment, open};
pub use crate::tree::{Asset, IGNORE_FILE, Source, Symlinks, Tree, Unit, walk};

/// The configuration.
pub mod config {
    pub use crate::config::*;
}

/// Policies for requests of other origins.
pub mod cors {
    pub use crate::cors::*;
}

/// Levels.
pub mod levels {
    pub use crate::levels::*;
}

/// References.
pub mod refs {
    pub use crate::refs::*;
}

/// Releases.
pub mod release {
    pub use crate::release::*;
}

/// Reports.
pub mod report {
    pub use crate::report::*;
}

/// Rules.
pub mod rules {
    pub use crate::rules::*;
}

/// Storages.
pub mod store {
    pub use crate::store::*;
}

/// A release of which nothing is known but its name and that of its manifest.
pub fn bare_release(id: release::root::ReleaseId, manifest: String) -> release::root::Release {
    release::root::Release {
        id,
        parent: None,
        previous: None,
        manifest,
        key_id: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
        actor: String::new(),
        files: 0,
        bytes: 0,
        held: 0,
        changes: Default::default(),
        commit: None,
    }
}
