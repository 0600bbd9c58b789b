//! Arguments of commands about the files here.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::settings::{
    BucketSettings, HostSettings, KeySetting, NameSetup, ReaderSettings, Setup, SourceSetting,
    TreeSettings,
};
use super::targets::{TargetName, TargetOrPaths};
use crate::init::{Maker, Server};

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Tool that builds the files [default: detected]
    #[arg(long = "for", value_name = "TOOL", value_parser = maker())]
    pub made_by: Option<Maker>,
    /// Print a configuration for a web server that serves the published folder; writes no files
    #[arg(long, value_name = "SERVER", value_parser = server(), conflicts_with = "made_by")]
    pub server: Option<Server>,
    /// With --server: the target, as in [target.NAME] [default: the only target that is a folder]
    #[arg(value_name = "TARGET", requires = "server")]
    pub target: Option<String>,
    #[command(flatten)]
    pub source: SourceSetting,
    #[command(flatten)]
    pub key: KeySetting,
    #[command(flatten)]
    pub bucket: BucketSettings,
    #[command(flatten)]
    pub readers: ReaderSettings,
    #[command(flatten)]
    pub host: HostSettings,
}

/// Arguments of `key new`.
#[derive(Debug, Args)]
pub struct KeyNewArgs {
    /// File to create; it must not exist
    pub file: PathBuf,
}

/// Arguments of `key id`.
#[derive(Debug, Args)]
pub struct KeyIdArgs {
    /// Key file, instead of --key-file [default: that of the configuration]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub key: KeySetting,
}

/// Arguments of `url`.
#[derive(Debug, Args)]
pub struct UrlArgs {
    #[command(flatten)]
    pub which: TargetOrPaths,
    #[command(flatten)]
    pub setup: NameSetup,
}

/// Arguments of `manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// assetsync's own format, or Django's staticfiles.json
    #[arg(long, value_enum, default_value_t = ManifestFormat::Json)]
    pub format: ManifestFormat,
    /// Only files of these levels; `open` stands for files without a level. Repeatable
    #[arg(long, value_name = "NAME")]
    pub level: Vec<String>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Read the current release of a target, not the local files
    #[arg(long)]
    pub live: bool,
    /// With --live: a release, or the beginning or end of its name
    #[arg(long, value_name = "RELEASE", requires = "live")]
    pub release: Option<String>,
    #[command(flatten)]
    pub target: TargetName,
    #[command(flatten)]
    pub setup: Setup,
}

/// Arguments of `refs`.
#[derive(Debug, Args)]
pub struct RefsArgs {
    /// Logical paths, such as puzzle/gears/index.html
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    #[command(flatten)]
    pub form: Form,
    #[command(flatten)]
    pub tree: TreeSettings,
}

/// Arguments of `leaks`.
#[derive(Debug, Args)]
pub struct LeaksArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub tree: TreeSettings,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to write completions for
    pub shell: Shell,
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Write a new random key to a file that only you can read
    #[command(
        after_help = "Examples:\n  assetsync key new hunt.key\n  assetsync key new ~/keys/hunt-2.key     to rotate the key"
    )]
    New(KeyNewArgs),
    /// Print the key's public id, which reveals nothing about the key
    #[command(after_help = "Examples:\n  assetsync key id\n  assetsync key id --key-file hunt.key")]
    Id(KeyIdArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ManifestFormat {
    Json,
    Django,
}

/// Output formats other than text.
#[derive(Debug, Args)]
pub struct Form {
    /// Print the whole graph in Graphviz's format
    #[arg(long, conflicts_with_all = ["paths", "json"])]
    pub dot: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads what `init --for` names.
fn maker() -> impl TypedValueParser<Value = Maker> {
    let names = Maker::ALL.map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|name| Maker::of(&name).ok_or("has no rules"))
}

/// Reads what `init --server` names.
fn server() -> impl TypedValueParser<Value = Server> {
    let names = Server::ALL.map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|name| Server::of(&name).ok_or("isn't known"))
}
