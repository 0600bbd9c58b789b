//! Arguments of `diff` and `push`, and what others of the same kind share with them.

use clap::{Args, ValueEnum};

use super::settings::Setup;
use super::targets::{TargetName, TargetNames};

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Exit with 6 if anything would change
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub warnings: Warnings,
    #[command(flatten)]
    pub unlock: Unlock,
    #[command(flatten)]
    pub restart: Restart,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    #[command(flatten)]
    pub targets: TargetNames,
    /// Only show what would change, like `diff`
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub warnings: Warnings,
    #[command(flatten)]
    pub unlock: Unlock,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub guards: Box<Guards>,
    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyHow {
    /// Check each object with a request of its own
    Full,
    /// Check the objects by listing them
    List,
    /// Check nothing
    None,
}

/// Guards of a push, which ask before it starts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct Guards {
    /// Verification of the new release before the switch [default: list]
    #[arg(long, value_enum, value_name = "HOW")]
    pub verify: Option<VerifyHow>,
    /// Publish although more than a fifth of the files are gone, or a whole folder or file type
    #[arg(long)]
    pub allow_shrink: bool,
    /// Lock this held level again, and remove its files from the release. They can still be loaded
    /// until a takedown or a prune
    #[arg(long, value_name = "LEVEL")]
    pub relock: Vec<String>,
    /// Publish this path again although it was taken down; all files of a folder with a slash at
    /// the end. Repeatable
    #[arg(long, value_name = "PATH")]
    pub put_back: Vec<String>,
    #[command(flatten)]
    pub restart: Restart,
    /// Publish although the current release is from a later commit
    #[arg(long)]
    pub allow_older: bool,
    /// Let a first push overwrite files that are already in the target, and let files that were
    /// hidden take names that can be guessed
    #[arg(long)]
    pub allow_plain: bool,
    #[command(flatten)]
    pub overwrite: Overwrite,
    /// Publish although strangers can list the bucket or read the releases
    #[arg(long)]
    pub allow_exposed: bool,
}

/// Pushes that start something over. `diff` previews them.
#[derive(Debug, Args)]
pub struct Restart {
    /// Publish with a key that differs from the current release's: every object gets a new name
    #[arg(long)]
    pub rotate_key: bool,
    /// Start a new history although the target has objects of earlier releases: the live switch and
    /// all releases to roll back to are lost
    #[arg(long)]
    pub begin_anew: bool,
}

/// Names that may be overwritten while a target is live.
#[derive(Debug, Args)]
pub struct Overwrite {
    /// Overwrite these plain names although the target is live: a path, or a pattern as in rules,
    /// which lists its matches and asks. Repeatable
    #[arg(long = "overwrite-live", value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Don't ask for confirmation
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Unlock {
    /// Unlock this held level, like `assetsync unlock`, and publish its files. Repeatable
    #[arg(long = "unlock", value_name = "LEVEL")]
    pub levels: Vec<String>,
}

/// Warnings as errors.
#[derive(Debug, Args)]
pub struct Warnings {
    /// Publish nothing and exit with 2 if there is a warning about the files: for CI
    #[arg(long)]
    pub deny_warnings: bool,
}

#[derive(Debug, Args)]
pub struct Output {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Show the URLs of changed files. Not for public logs
    #[arg(long)]
    pub show_urls: bool,
}
