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
    pub output: Output,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    #[command(flatten)]
    pub targets: TargetNames,
    /// Only show what would be done, as `diff` does
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
    /// Each object by itself
    Full,
    /// By listing them
    List,
    /// Not at all
    None,
}

/// Guards of a push, which ask before it starts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct Guards {
    /// Check of the release before it becomes the current one [default: list]
    #[arg(long, value_enum, value_name = "HOW")]
    pub verify: Option<VerifyHow>,
    /// Publish although over a fifth of the current release's files are gone, a whole folder or file type, or all
    #[arg(long)]
    pub allow_shrink: bool,
    /// Take back what is published of this level, which is held, and lock it; its files can be had until a takedown or a prune
    #[arg(long, value_name = "LEVEL")]
    pub relock: Vec<String>,
    /// Publish this logical path again, although it was taken down, or all in this folder, with a slash at its end; can be given
    /// more than once
    #[arg(long, value_name = "PATH")]
    pub put_back: Vec<String>,
    /// Publish with another key than the current release's: every object gets a new name
    #[arg(long)]
    pub rotate_key: bool,
    /// Publish although the current release was made from a later commit
    #[arg(long)]
    pub allow_older: bool,
    /// A first push may write over files that the target has already; without a configuration, pages may also take names that can be
    /// guessed and they didn't have
    #[arg(long)]
    pub allow_plain: bool,
    /// Begin the releases anew although the target has objects of earlier ones, which aren't found: the live switch and all that
    /// could be rolled back to is forgotten
    #[arg(long)]
    pub begin_anew: bool,
    #[command(flatten)]
    pub overwrite: Overwrite,
    /// Publish although strangers can list the bucket, or read the releases
    #[arg(long)]
    pub allow_exposed: bool,
}

/// Names that may be overwritten while a target is live.
#[derive(Debug, Args)]
pub struct Overwrite {
    /// Write over these plain names although the target is live: a path, or a pattern as in rules, which shows what it matches and
    /// asks; can be given more than once
    #[arg(long = "overwrite-live", value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Unlock {
    /// Unlock this level, which is held in the configuration: its files are published from now on, as after `assetsync unlock`
    #[arg(long = "unlock", value_name = "LEVEL")]
    pub levels: Vec<String>,
}

/// The worth of warnings.
#[derive(Debug, Args)]
pub struct Warnings {
    /// Exit with 2 if there is any warning about the files, and publish nothing: for CI
    #[arg(long)]
    pub deny_warnings: bool,
}

#[derive(Debug, Args)]
pub struct Output {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Show the URLs of what changes: don't, where strangers read the log
    #[arg(long)]
    pub show_urls: bool,
}
