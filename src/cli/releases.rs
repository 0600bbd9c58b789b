//! Arguments of commands about releases.

use clap::{Args, Subcommand, ValueEnum};

use super::publish::{Overwrite, Unlock, VerifyHow};
use super::settings::Setup;
use super::targets::{TargetAndNames, TargetName, TargetOrRelease};

/// Arguments of `releases`.
#[derive(Debug, Args)]
pub struct ReleasesArgs {
    #[command(flatten)]
    pub target: TargetName,
    #[command(subcommand)]
    pub command: Option<ReleasesCommand>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `releases adopt`.
#[derive(Debug, Args)]
pub struct ReleasesAdoptArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub which: TargetOrRelease,
    /// Check of the release before it becomes the current one
    #[arg(long, value_enum, default_value_t = VerifyHow::List, value_name = "HOW")]
    pub verify: VerifyHow,
    #[command(flatten)]
    pub overwrite: Overwrite,
    #[command(flatten)]
    pub unlock: Unlock,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `live`.
#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Action to take
    #[arg(value_enum)]
    pub switch: LiveSwitch,
    #[command(flatten)]
    pub target: TargetName,
    /// When it's planned to end, for people to see: nothing ends by itself. What was given before stays; '' clears it
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Message for everybody who is stopped by it. The earlier one stays unless you give another; '' clears it
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub message: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Releases to retain, at least
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub keep: u32,
    /// Retain what was the current release so many days ago, and what was written since
    #[arg(long, value_name = "D", default_value_t = 30)]
    pub keep_days: u32,
    /// Only show what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `takedown`.
#[derive(Debug, Args)]
pub struct TakedownArgs {
    #[command(flatten)]
    pub what: TargetAndNames,
    /// All files of this level, of the current release and of earlier ones
    #[arg(long, value_name = "LEVEL")]
    pub level: Vec<String>,
    /// Why, for everybody who asks later
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub why: Option<String>,
    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    #[command(flatten)]
    pub what: TargetAndNames,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    #[command(flatten)]
    pub what: TargetAndNames,
    /// Don't ask while the target is live
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    #[command(flatten)]
    pub target: TargetName,
    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Subcommand)]
pub enum ReleasesCommand {
    /// Take over the releases of a bucket that was moved or renamed
    ///
    /// The releases name the target that they belong to, and every command refuses those of another one. This looks at every object
    /// of the retained releases in the target, shows what it found, asks, and writes the target's name into the root. The old target
    /// is refused from then on. Nothing is uploaded, and nothing changes for visitors.
    #[command(
        after_help = "Examples:\n  assetsync releases adopt prod\n  assetsync releases adopt prod --yes     in CI"
    )]
    Adopt(ReleasesAdoptArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LiveSwitch {
    On,
    Off,
    Status,
}

/// Maximum length of a remark, in characters: the releases' root has it, which every command reads.
const REMARK_CHARS_MAX: usize = 500;

/// Accepts what people say of what they do, which is kept with the releases.
fn remark(text: &str) -> std::result::Result<String, String> {
    match text.chars().count() {
        0..=REMARK_CHARS_MAX => Ok(text.to_string()),
        long => Err(format!(
            "it has {long} characters, and may have {REMARK_CHARS_MAX}"
        )),
    }
}
