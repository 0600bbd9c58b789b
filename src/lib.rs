//! Publishes a tree of static assets to a directory, S3 or GCS: every object has a name that nobody can
//! guess and that never changes meaning, the right headers, gzip where it helps, and nothing a running
//! site still points at is ever overwritten or removed.
//!
//! ```text
//! sources ─walk─▶ Tree ─build─▶ Build ───────┐
//!                                            ├─plan─▶ Plan ─apply─▶ Report ─commit─▶ Release
//! target ─open─▶ Store, root ─▶ Inventory ───┘
//! ```
//!
//! | step | reads | writes |
//! |---|---|---|
//! | [`Config::load`] | `assetsync.toml`, environment | nothing |
//! | [`walk`] | folders | nothing |
//! | [`build`] | files | nothing |
//! | [`inventory`] | the target | nothing |
//! | [`plan`] | nothing | nothing |
//! | [`apply`] | files | the target |
//! | [`release::publish::publish`] | files, the target | the target and its releases |
//!
//! Beside them, [`cors`], [`doctor`] and [`store::Control`] are for the settings of a bucket, and [`audit`] for what visitors get.
//!
//! Invariants:
//! - [`plan`] cannot fail and sees no clock, disk or network. The whole plan exists before the first write.
//! - A dry run is "don't call [`apply`]".
//! - Immutable objects are only ever created; nothing is written over but the version that was seen; only
//!   [`release::prune`] deletes.
//! - Objects, then verification, then manifest, then root: a failure stops what comes later.
//! - Async only at the network edge; rayon never runs inside an async task; memory in flight is bounded in
//!   bytes. Nothing here prints.
//! - Same input, same secret, same rules: same names, on every machine, thread count and encoder version.
//!
//! ```no_run
//! use std::sync::Arc;
//! use assetsync::{Config, Options, Patience, Progress, Wanted, apply, build, inventory, open, plan, store, walk};
//!
//! # async fn publish() -> assetsync::Result<()> {
//! let config = Config::load(None, &Default::default(), Wanted::Targets(&[]))?;
//! let progress = Arc::new(Progress::new());
//! let tree = walk(&config.sources, &config.rules);
//! let build = build(&tree, &config.secret()?, &progress)?;
//! store::check(&config.targets[0], &build)?;
//! let store = open(&config.targets[0], Patience::default()).await?;
//! let inventory = inventory(&*store, store.list().await?, &build, config.requests).await?;
//! let report = apply(&plan(&build, &inventory), &store, &Options::default(), &progress).await;
//! assert!(report.is_complete());
//! # Ok(())
//! # }
//! ```

mod apply;
pub mod audit;
pub mod body;
mod bounded;
mod build;
pub mod cache;
mod caught;
mod children;
pub mod config;
pub mod cors;
pub mod credentials;
pub mod doctor;
mod droppings;
pub mod encode;
pub mod environment;
mod error;
mod files;
pub mod folders;
pub mod glob;
pub mod hidden;
pub mod init;
mod inventory;
mod key_file;
pub mod leaks;
pub mod levels;
pub mod likeness;
pub mod manifest;
mod mask;
mod matcher;
pub mod media;
pub mod metadata;
pub mod name;
mod own_key;
pub mod packed;
pub mod path;
mod plan;
mod private;
mod problem;
mod progress;
pub mod refs;
pub mod release;
pub mod report;
mod retries;
mod rights;
pub mod rules;
mod secrets;
mod site;
mod spot;
pub mod store;
mod strength;
mod tree;

pub use apply::{Failure, Options, Report, apply};
pub use build::{Build, Former, Object, build, build_with, check_former};
pub use cache::Cache;
pub use config::{Config, Overrides, Target, Wanted};
pub use droppings::{Dropped, Dropping};
pub use error::{Error, Result, plain};
pub use inventory::{Inventory, inventory};
pub use mask::{masked, shown};
pub use name::Secret;
pub use path::{LogicalPath, ObjectKey};
pub use plan::{Action, Plan, Reason, Step, Tally, plan};
pub use problem::{Addition, Listed, Meant, Problem, ProblemKind};
pub use progress::{Progress, Snapshot};
pub use rules::Rules;
pub use store::{Patience, Store, StoreError, open};
pub use tree::{Asset, IGNORE_FILE, Source, Symlinks, Tree, Unit, walk};
