//! Arguments of commands, one structure each, from which clap makes the help; the flags of all commands and the exit codes in the
//! help are here. What is done with them is in `commands/`.

pub(crate) mod buckets;
pub(crate) mod local;
pub(crate) mod mistakes;
pub(crate) mod publish;
pub(crate) mod releases;
pub(crate) mod settings;
pub(crate) mod targets;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use self::buckets::{AccessCommand, AuditArgs, CorsCommand, DoctorArgs};
use self::local::{
    CompletionsArgs, InitArgs, KeyCommand, LeaksArgs, ManifestArgs, RefsArgs, UrlArgs,
};
use self::publish::{DiffArgs, PushArgs};
use self::releases::{
    LiveArgs, LockArgs, PruneArgs, ReleasesArgs, ResolveArgs, RollbackArgs, TakedownArgs,
    UnlockArgs,
};

/// Publish static assets under names nobody can guess.
///
/// Every file gets a name keyed with the team's secret, that changes whenever anything a browser sees
/// changes. Only `prune` and `takedown` delete, and an immutable name never changes its content.
#[derive(Debug, Parser)]
#[command(name = "assetsync", version, after_long_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  assetsync init                      set up a project here
  assetsync diff                      what would a push do?
  assetsync push                      publish to the default target
  assetsync push staging prod         publish to two targets
  assetsync push --from site --to s3://bucket/static --key-file hunt.key

Exit codes:
  0    done
  1    an error; each failure is listed. Of `audit`: something couldn't be looked at, or a repair
       changed nothing. Of `doctor`: nothing could be looked at, for want of credentials
  2    bad usage, configuration, CORS policy or other input, or a release that isn't there;
       nothing was published, unless a file kept changing meanwhile
  3    refused by a guard (another key is one), the live switch, or a prune that isn't finished,
       or not confirmed; nothing was published. Of `doctor`, `audit`, `access apply` and
       `access close`: something is dangerous
  4    lost a race against another deployer; nothing was published
  5    outcome unknown: the storage didn't answer, or doesn't show what was done; `resolve`, or
       the next run, finds out
  6    `diff --check` or `cors diff --check` found changes
  130  interrupted (Ctrl-C, SIGTERM, SIGHUP) before all was done; a second one stops at once

Of several targets, those that were published before the one that failed are named by its error.

Settings come from flags, then from the environment (ASSETSYNC_*), then from assetsync.toml; `-v`
shows which value came from where.";

#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Go to this folder first
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// The configuration [default: assetsync.toml] [env: ASSETSYNC_CONFIG]
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Print nothing but errors and what was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: where each setting came from, what was left out, how many requests were sent. Twice: each request, too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Format of messages on standard error: text, or one JSON object per line
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT", global = true)]
    pub log_format: LogFormat,
    /// Read every file anew, and remember nothing [env: ASSETSYNC_CACHE_DIR=FOLDER has what is remembered elsewhere]
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Tell of hidden files by their paths also where logs may be public, as in CI
    #[arg(long, global = true)]
    pub show_hidden: bool,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", global = true)]
    pub color: Color,
}

impl Global {
    /// Says whether more is to be told.
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there's one, and it's parsed once"
)]
pub enum Command {
    /// Set up a project: configuration, key, .gitignore, CORS examples
    ///
    /// Nothing that exists is overwritten. With --to, the configuration has that target, and what to do next is printed. A bucket
    /// is called `prod`, and is the default target; a folder is called `local`. Releases need a private place (--state) below a
    /// prefix of S3, and on Google Cloud. Of files that a bundler made, those keep their names whose names have a hash.
    #[command(
        after_help = "Examples:\n  assetsync init -C my-hunt\n  assetsync init --for vite --from dist --to file:out\n  assetsync init --server nginx > hunt.conf    for the folder that the configuration publishes into\n  assetsync init --from site --to s3://hunt-assets/static --state s3://hunt-releases/prod\n  assetsync init --to gs://hunt-assets --state gs://hunt-releases/prod --key-file hunt.key"
    )]
    Init(InitArgs),
    /// Make a key, or tell keys apart
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync key new hunt.key\n  assetsync key id --key-file hunt.key"
    )]
    Key(KeyCommand),
    /// Show what a push would do; changes nothing
    #[command(
        after_help = "Examples:\n  assetsync diff prod\n  assetsync diff --check prod    exit code 6 if anything would change\n  assetsync diff --json prod | jq .summary"
    )]
    Diff(DiffArgs),
    /// Publish: upload what is missing, verify, and switch to the new release
    ///
    /// Nothing that visitors see changes before the switch, and there is none if anything fails.
    #[command(
        after_help = "Examples:\n  assetsync push\n  assetsync push prod --dry-run\n  assetsync push --from site --to file:public --key-file hunt.key"
    )]
    Push(PushArgs),
    /// Show the current release and those that can be rolled back to
    #[command(
        after_help = "Examples:\n  assetsync releases prod\n  assetsync releases prod --json | jq .current",
        args_conflicts_with_subcommands = true
    )]
    Releases(ReleasesArgs),
    /// Switch back to an earlier release, after verifying it
    ///
    /// Nothing is uploaded but plain names, which are brought back from copies.
    #[command(
        after_help = "Examples:\n  assetsync rollback                  the release before\n  assetsync rollback prod k3v9qd      the one whose name ends so"
    )]
    Rollback(RollbackArgs),
    /// Switch a target live: from then on, nothing in it is deleted or written over
    ///
    /// Every deployer obeys, whatever their version or configuration. New releases and rollbacks go on as ever, but for
    /// plain names that would change.
    #[command(
        after_help = "Examples:\n  assetsync live on prod --until 2027-01-18T12:00-05:00 --message 'the hunt is on'\n  assetsync live on prod --until ''    no planned end any more; the message stays\n  assetsync live status prod\n  assetsync live off prod"
    )]
    Live(LiveArgs),
    /// Delete what no retained release needs; never while live
    ///
    /// A release is retained if it's one of the newest, or was the current one not long ago. Objects that assetsync didn't
    /// write are never touched.
    #[command(
        after_help = "Examples:\n  assetsync prune prod --dry-run\n  assetsync prune prod --keep 5 --keep-days 90 --yes"
    )]
    Prune(PruneArgs),
    /// Remove files from a target at once, also while it's live
    ///
    /// Makes a release without them the current one, and deletes their objects, of all retained releases: nothing else. No push
    /// publishes them again unless it's told to (`--put-back`), and a rollback leaves them out. Who, when and why is recorded.
    /// What caches have, and what somebody has read, isn't taken back by it.
    #[command(
        after_help = "Examples:\n  assetsync takedown prod puzzle/gears/notes.html --why 'has the answer'\n  assetsync takedown prod puzzle/gears/drafts/ --dry-run\n  assetsync takedown prod --level solution --yes"
    )]
    Takedown(TakedownArgs),
    /// Unlock levels that are held in the configuration: from the next push on, their files are published
    ///
    /// It's kept with the releases, so every deployer's push obeys, until somebody locks them again.
    #[command(
        after_help = "Examples:\n  assetsync unlock prod solution && assetsync push prod\n  assetsync push prod --unlock solution      both in one step"
    )]
    Unlock(UnlockArgs),
    /// Lock levels again: the next push takes back what is published of them
    ///
    /// Their files can be had by whoever knows their addresses until a takedown or a prune.
    #[command(
        after_help = "Examples:\n  assetsync lock prod solution && assetsync push prod\n  assetsync takedown prod --level solution   what was published of it"
    )]
    Lock(LockArgs),
    /// Settle what an interrupted or unanswered command left open
    ///
    /// Finishes plain names, prunes and takedowns that were interrupted. After it, what was sent before and never answered can't be done any
    /// more: what it prints is how things are.
    #[command(after_help = "Example:\n  assetsync resolve prod")]
    Resolve(ResolveArgs),
    /// Check, show and set which pages of other origins may load what is in a bucket (CORS)
    ///
    /// The policy is a file, which a target names by `cors`, in the format of Google Cloud Storage or of S3. Either is good for
    /// both.
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync cors check\n  assetsync cors diff --check prod    exit code 6 if the bucket has another policy\n  assetsync cors apply prod"
    )]
    Cors(CorsCommand),
    /// Look at a target before anything is published: what may we do, and what may strangers?
    ///
    /// Really tries it, with small objects of its own that it deletes again if it can: publish, read, write over, list, delete;
    /// and all but the first without credentials, as anybody could. Reads how the bucket is set up. What it can't find out, it
    /// says. Exits with 3 if anything is dangerous.
    #[command(
        after_help = "Examples:\n  assetsync doctor prod\n  assetsync doctor prod --json | jq '.findings[] | select(.verdict == \"failed\")'"
    )]
    Doctor(DoctorArgs),
    /// Look at what is published as visitors get it: is all of it there, right, and nothing else?
    ///
    /// Without credentials, at the storage and at `public_url`: bytes, headers, gzip, parts of recordings, what pages of other
    /// origins may load, what is answered for names that aren't there. With them: ACLs, what no release knows, what is held and
    /// there all the same. Looks at all pages and plain names, and at a sample of the rest, which the release decides. Exits with 3
    /// if anything is dangerous, with 1 if an object couldn't be looked at.
    #[command(
        after_help = "Examples:\n  assetsync audit prod\n  assetsync audit prod --all\n  assetsync audit prod --repair       shows what it will do, and asks"
    )]
    Audit(AuditArgs),
    /// Show who can read a bucket, or let everybody read and nobody list
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync access show prod\n  assetsync access apply prod\n  assetsync access close prod"
    )]
    Access(AccessCommand),
    /// Print the public URL of files of the tree
    #[command(after_help = "Example:\n  assetsync url puzzle/gears/index.html --target prod")]
    Url(UrlArgs),
    /// Write the mapping from path to object, from the local tree or as published
    ///
    /// It names every object, those of solutions too: keep it off the web.
    #[command(
        after_help = "Examples:\n  assetsync manifest --format django --out staticfiles.json\n  assetsync manifest --live --target prod --out release.json"
    )]
    Manifest(ManifestArgs),
    /// Show what refers to what
    ///
    /// With PATHs, what these files refer to and what refers to them; without, what couldn't be resolved: a line for each cause,
    /// with -v a line for each place.
    #[command(
        after_help = "Examples:\n  assetsync refs puzzle/gears/index.html\n  assetsync refs                         references and scripts that couldn't be followed\n  assetsync refs --dot | dot -Tsvg > refs.svg"
    )]
    Refs(RefsArgs),
    /// List what files say besides what visitors see: metadata and comments
    ///
    /// EXIF, GPS, XMP, IPTC, text in PNG images, properties of PDFs, tags of audio, comments in pages and SVG images.
    /// In a hunt they may give a solution away, or be the clue: rules with `metadata = "strip"` and
    /// `comments = "strip"` take them out.
    #[command(after_help = "Examples:\n  assetsync leaks\n  assetsync leaks --json | jq .leaks")]
    Leaks(LeaksArgs),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  assetsync completions bash > /etc/bash_completion.d/assetsync"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = "Example:\n  assetsync man | man -l -")]
    Man,
}

#[cfg(test)]
mod tests;
