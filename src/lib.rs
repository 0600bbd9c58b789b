//! Publishes a tree of static assets to a directory, S3 or GCS. Every object has a name that can't
//! be guessed and whose meaning never changes, the right headers, and gzip where it helps. Nothing
//! that a running site still uses is overwritten or removed.
//!
//! ```text
//! sources ─walk─▶ Tree ─build─▶ Build ───────┐
//!                                            ├─plan─▶ Plan ─apply─▶ Report ─commit─▶ Release
//! target ─open─▶ Store, root ─▶ Inventory ───┘
//! ```
//!
//! [`Site`] is the entry point. It has the guards of the command line: against plain names on a
//! live target, releases that lose much, other keys, older commits, and buckets that anyone can
//! list.
//!
//! ```no_run
//! use assetsync::{Config, Site};
//!
//! # async fn publish() -> assetsync::Result<()> {
//! let site = Site::open(Config::load("assetsync.toml")?, "prod").await?;
//! let plan = site.plan().await?;
//! println!("{plan}");
//! let release = site.push(plan).await?;
//! println!("{} is published", release.id);
//! # Ok(())
//! # }
//! ```
//!
//! Some parts are useful by themselves: names ([`name`]), references in documents ([`document`]),
//! policies for requests of other origins ([`cors`]), the manifest of a release ([`manifest`]), and
//! [`Store`], for your own storages.
//!
//! Invariants:
//! - A plan can't fail, and uses no clock, disk or network. All of it exists before the first
//!   write.
//! - Immutable objects are only ever created. An overwrite replaces only the version that was seen.
//! - Objects, then verification, then manifest, then root: a failure stops all later steps.
//! - Async only at the network edge. Rayon never runs inside an async task. Memory in flight is
//!   bounded in bytes. Nothing here prints.
//! - Same input, same secret, same rules: same names, on every machine, thread count and encoder
//!   version.
//!
//! The feature `cli`, which is on by default, is the program. A library doesn't need it
//! (`default-features = false`). Without it, nothing here changes the process: no panic hook, no
//! allocator, no global choice of the encryption library.

// The program is the largest user of what is here, and is left out without `cli`.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]

mod apply;
mod audit;
mod base;
mod cache;
mod charset;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod commands;
mod config;
pub mod cors;
mod doctor;
pub mod document;
mod folders;
mod hidden;
mod init;
mod inventory;
mod levels;
mod naming;
mod plan;
mod refs;
mod release;
mod report;
mod rules;
mod scan;
mod site;
mod store;
#[doc(hidden)]
pub mod testing;
mod tree;
mod whole_site;

pub use base::error::{Error, ErrorKind, Result};
pub use base::excerpt::Excerpt;
pub use base::failure::{Answer, Failure, StoreError, StoreErrorKind};
pub use base::hint;
pub use base::hint::Hint;
pub use base::name;
pub use base::name::Secret;
pub use base::path::{BadName, LogicalPath, ObjectKey};
pub use base::problem::{Addition, Problem, ProblemKind};
pub use base::progress::{Progress, Snapshot};
pub use base::refusal::Guard;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use commands::start::main;
pub use config::Config;
pub use release::guard::{Allowed, Refused};
pub use release::root::{Commit, Release, ReleaseId};
pub use site::{Plan, Site};
pub use store::body::{Body, Content, Parts};
pub use store::{CopySource, Listing, PutMode, Store, Stored, Upload, Version};

/// Manifests, as `assetsync manifest` writes them: which object each file of a release is.
pub mod manifest {
    pub use crate::release::export::{Manifest, ManifestObject, VERSION};
}
