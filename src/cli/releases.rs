//! Arguments of commands about releases.

use clap::{Args, Subcommand, ValueEnum};

use super::publish::{Overwrite, Unlock, VerifyHow};
use super::settings::ReleaseSetup;
use super::targets::{TargetAndFiles, TargetAndLevels, TargetName, TargetOrRelease};

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
    pub setup: ReleaseSetup,
}

/// Arguments of `releases adopt`.
#[derive(Debug, Args)]
pub struct ReleasesAdoptArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Don't ask for confirmation
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub which: TargetOrRelease,
    /// Verification of the release before the switch
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
    pub setup: ReleaseSetup,
}

/// Arguments of `live`.
#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Turn protection on or off, or show it
    #[arg(value_enum)]
    pub switch: LiveSwitch,
    #[command(flatten)]
    pub target: TargetName,
    /// Planned end, for information only: protection does not end by itself. The earlier value
    /// stays; '' clears it
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Message for everyone whose command is refused. The earlier message stays; '' clears it
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub message: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Minimum number of releases to retain
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub keep: u32,
    /// Retain releases that were current within this many days, and objects written since
    #[arg(long, value_name = "D", default_value_t = 30)]
    pub keep_days: u32,
    /// Only show what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Don't ask for confirmation
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

/// Arguments of `takedown`.
#[derive(Debug, Args)]
pub struct TakedownArgs {
    #[command(flatten)]
    pub what: TargetAndFiles,
    /// All files of this level, in the current release and in earlier ones. Repeatable
    #[arg(long, value_name = "LEVEL")]
    pub level: Vec<String>,
    /// Only objects that the current release does not publish, such as those of earlier names
    #[arg(long)]
    pub stale: bool,
    /// Reason, which the releases record
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub why: Option<String>,
    /// Only show what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Don't ask for confirmation
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

/// Arguments of `unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    #[command(flatten)]
    pub what: TargetAndLevels,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

/// Arguments of `lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    #[command(flatten)]
    pub what: TargetAndLevels,
    /// Don't ask for confirmation while the target is live
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

/// Arguments of `resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    #[command(flatten)]
    pub target: TargetName,
    #[command(flatten)]
    pub setup: ReleaseSetup,
}

#[derive(Debug, Subcommand)]
pub enum ReleasesCommand {
    /// Adopt the releases of a bucket that was moved or renamed
    ///
    /// Releases name the target they belong to, and commands refuse releases of another target.
    /// This checks that the target has every object of the retained releases, shows the result,
    /// asks, and records the target's name. From then on, the old target is refused. Uploads
    /// nothing, and changes nothing for visitors.
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
            "it has {long} characters; the maximum is {REMARK_CHARS_MAX}"
        )),
    }
}
