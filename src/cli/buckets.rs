//! Arguments of commands about buckets and what is in them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::publish::Output;
use super::settings::{BucketSettings, BucketSetup, CorsSetting, RetrySetting, Setup};
use super::targets::TargetName;

/// Arguments of `cors check`.
#[derive(Debug, Args)]
pub struct CorsCheckArgs {
    /// A policy [default: those of all targets]
    pub file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `cors show`.
#[derive(Debug, Args)]
pub struct CorsShowArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Print JSON, as a policy's file has it
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub retries: RetrySetting,
    #[command(flatten)]
    pub bucket: BucketSettings,
}

/// Arguments of `cors diff`.
#[derive(Debug, Args)]
pub struct CorsDiffArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Exit with 6 if anything would change
    #[arg(long)]
    pub check: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub retries: RetrySetting,
    #[command(flatten)]
    pub bucket: BucketSettings,
    #[command(flatten)]
    pub policy: CorsSetting,
}

/// Arguments of `cors apply`.
#[derive(Debug, Args)]
pub struct CorsApplyArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub retries: RetrySetting,
    #[command(flatten)]
    pub bucket: BucketSettings,
    #[command(flatten)]
    pub policy: CorsSetting,
}

/// Arguments of `access show`.
#[derive(Debug, Args)]
pub struct AccessShowArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: BucketSetup,
}

/// Arguments of `access apply`.
#[derive(Debug, Args)]
pub struct AccessApplyArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Also take away what keeps the bucket from being public: S3's public access block, as far as it's in the way; Google's
    /// public access prevention
    #[arg(long)]
    pub unblock: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: BucketSetup,
}

/// Arguments of `access close`.
#[derive(Debug, Args)]
pub struct AccessCloseArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: BucketSetup,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Objects to look at; large ones by their ends
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub sample: usize,
    /// Look at all objects, and all of each
    #[arg(long, conflicts_with = "sample")]
    pub all: bool,
    /// Requests a second at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,
    /// Put right what can be: headers and ACLs in place, missing and changed objects from the local tree
    #[arg(long)]
    pub repair: bool,
    /// Write over these logical paths even while the target is live: a path, or a pattern as in rules; can be given more than once
    #[arg(long, requires = "repair", value_name = "PATTERN")]
    pub overwrite_live: Vec<String>,
    /// Don't ask
    #[arg(long, requires = "repair")]
    pub yes: bool,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Subcommand)]
pub enum CorsCommand {
    /// Find mistakes in policies; asks no network
    ///
    /// Exit code 2 if there are any. What only one cloud refuses is a warning, unless a target of that cloud names the policy.
    #[command(
        after_help = "Examples:\n  assetsync cors check                 the policies of all targets\n  assetsync cors check cors/gcs.json"
    )]
    Check(CorsCheckArgs),
    /// Show the bucket's policy
    #[command(
        after_help = "Examples:\n  assetsync cors show prod\n  assetsync cors show prod --json > cors/prod.json"
    )]
    Show(CorsShowArgs),
    /// Show what setting the policy would change, by what both mean
    #[command(
        after_help = "Examples:\n  assetsync cors diff prod\n  assetsync cors diff --check prod    exit code 6 if anything would change"
    )]
    Diff(CorsDiffArgs),
    /// Set the bucket's policy, after showing what changes
    ///
    /// It replaces the whole policy, and is read back. If nothing would change, nothing is written.
    #[command(
        after_help = "Examples:\n  assetsync cors apply prod\n  assetsync cors apply prod --yes     in CI"
    )]
    Apply(CorsApplyArgs),
}

#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Show what strangers may do, and what keeps the bucket from being public
    #[command(
        after_help = "Examples:\n  assetsync access show prod\n  assetsync access show prod --json | jq .settings.grants"
    )]
    Show(AccessShowArgs),
    /// Let strangers read what is published, as the target's `access` says, and not list
    ///
    /// Shows what would change, asks, changes it, and proves it as a stranger. With `access = "bucket"`, everybody may read what
    /// is below the target's prefix: by the bucket's policy on S3, by the role roles/storage.legacyObjectReader for allUsers on
    /// Google Cloud, which is for the whole bucket. With `access = "object-acl"`, objects can have ACLs. What others wrote into a
    /// policy stays: `access close` takes out what lets strangers do more than read. Exits with 3 if they can afterwards, or can't
    /// read.
    #[command(
        after_help = "Examples:\n  assetsync access apply prod\n  assetsync access apply prod --unblock --yes"
    )]
    Apply(AccessApplyArgs),
    /// Take from strangers what they may do besides reading
    ///
    /// Shows what would change, asks, changes it, and proves it as a stranger: no listing, no writing, and no reading of the releases
    /// where S3's policy for a whole bucket can leave them out. Whatever gives it, ACL, policy or role, and whoever wrote it; reading
    /// of what is published stays, and rules with a condition do. Where the releases have a bucket of their own, strangers keep no
    /// right to them. Nothing is opened. Exits with 3 if anything is dangerous afterwards.
    #[command(
        after_help = "Examples:\n  assetsync access close prod\n  assetsync access close prod --yes     in CI"
    )]
    Close(AccessCloseArgs),
}
