//! Arguments of commands about buckets and what is in them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::publish::Output;
use super::settings::{BucketSettings, BucketSetup, CorsSetting, DoctorSetup, RetrySetting, Setup};
use super::targets::TargetName;

/// Arguments of `cors check`.
#[derive(Debug, Args)]
pub struct CorsCheckArgs {
    /// File with a policy [default: the policies of all targets]
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
    /// Print JSON in the format of a policy's file
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub bucket: BucketSettings,
    #[command(flatten)]
    pub retries: RetrySetting,
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
    pub bucket: BucketSettings,
    #[command(flatten)]
    pub policy: CorsSetting,
    #[command(flatten)]
    pub retries: RetrySetting,
}

/// Arguments of `cors apply`.
#[derive(Debug, Args)]
pub struct CorsApplyArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Don't ask for confirmation
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub bucket: BucketSettings,
    #[command(flatten)]
    pub policy: CorsSetting,
    #[command(flatten)]
    pub retries: RetrySetting,
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
    /// Also remove what keeps the bucket private: the settings of S3's public access block that are
    /// in the way, or Google's public access prevention
    #[arg(long)]
    pub unblock: bool,
    /// Don't ask for confirmation
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
    /// Don't ask for confirmation
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
    pub setup: DoctorSetup,
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    pub target: TargetName,
    /// Number of objects to check; of large ones, the beginning and the end
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub sample: usize,
    /// Check all objects in full
    #[arg(long, conflicts_with = "sample")]
    pub all: bool,
    /// Maximum number of requests per second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,
    /// Repair headers and ACLs in place, and upload missing and changed objects from the local
    /// files
    #[arg(long)]
    pub repair: bool,
    /// Overwrite these plain names although the target is live: a path, or a pattern as in rules.
    /// Repeatable
    #[arg(long, requires = "repair", value_name = "PATTERN")]
    pub overwrite_live: Vec<String>,
    /// Don't ask for confirmation
    #[arg(long, requires = "repair")]
    pub yes: bool,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Subcommand)]
pub enum CorsCommand {
    /// Find mistakes in policies, without a network
    ///
    /// Exits with 2 if there are any. A problem on one cloud only is a warning, unless a target on
    /// that cloud uses the policy.
    #[command(
        after_help = "Examples:\n  assetsync cors check                 the policies of all targets\n  assetsync cors check cors/gcs.json"
    )]
    Check(CorsCheckArgs),
    /// Show the bucket's policy
    #[command(
        after_help = "Examples:\n  assetsync cors show prod\n  assetsync cors show prod --json > cors/prod.json"
    )]
    Show(CorsShowArgs),
    /// Show what `cors apply` would change
    ///
    /// Compares the meaning of both policies, not their text.
    #[command(
        after_help = "Examples:\n  assetsync cors diff prod\n  assetsync cors diff --check prod    exit with 6 if anything would change"
    )]
    Diff(CorsDiffArgs),
    /// Set the bucket's policy, after showing what changes
    ///
    /// Replaces the whole policy, and reads it back. Writes nothing if nothing would change.
    #[command(
        after_help = "Examples:\n  assetsync cors apply prod\n  assetsync cors apply prod --yes     in CI"
    )]
    Apply(CorsApplyArgs),
}

#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Show what strangers can do, and what keeps the bucket private
    #[command(
        after_help = "Examples:\n  assetsync access show prod\n  assetsync access show prod --json | jq .settings.grants"
    )]
    Show(AccessShowArgs),
    /// Make published objects public to read, but not to list
    ///
    /// Shows the changes, asks, applies them, and checks the result without credentials. With
    /// `access = "bucket"`, the public can read everything below the target's prefix, by the
    /// bucket's policy on S3, and the whole bucket on Google Cloud, by the role
    /// roles/storage.legacyObjectReader for allUsers. With `access = "object-acl"`, objects are
    /// allowed to have ACLs. Other statements of a policy stay: `access close` removes those that
    /// allow strangers more than reading. Exits with 3 if strangers can do more than read
    /// afterwards, or cannot read.
    #[command(
        after_help = "Examples:\n  assetsync access apply prod\n  assetsync access apply prod --unblock --yes"
    )]
    Apply(AccessApplyArgs),
    /// Revoke everything strangers can do besides reading
    ///
    /// Shows the changes, asks, applies them, and checks the result without credentials. Removes
    /// the right to list and to write, and the right to read the releases, from ACLs, policies and
    /// roles, no matter who granted it. The right to read published objects stays, and so do
    /// statements with a condition. If the releases have their own bucket, strangers lose all
    /// rights to it. Grants nothing. Exits with 3 if anything is dangerous afterwards.
    #[command(
        after_help = "Examples:\n  assetsync access close prod\n  assetsync access close prod --yes     in CI"
    )]
    Close(AccessCloseArgs),
}
