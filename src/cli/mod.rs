//! Arguments of commands, one structure each, from which clap makes the help; the flags of all
//! commands and the exit codes in the help are here. What is done with them is in `commands/`.

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

/// Publish static files under unguessable names, to S3, Google Cloud Storage or a folder.
///
/// Every file gets a name that is derived from its content and a secret key. The name changes
/// whenever the content changes, so browsers and CDNs can cache it forever. References between
/// files are rewritten. A push uploads what is missing, verifies it, and then switches to the new
/// release in one step. Only `prune` and `takedown` delete objects.
#[derive(Debug, Parser)]
#[command(name = "assetsync", version, after_long_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  assetsync init                      set up a project in this folder
  assetsync diff                      show what a push would change
  assetsync push                      publish to the default target
  assetsync push staging prod         publish to two targets
  assetsync push --from site --to s3://bucket/static --key-file hunt.key

Exit codes:
  0    success
  1    failed; each failure is listed. `audit`: something could not be checked, or a repair changed
       nothing. `doctor`: nothing could be checked because there are no credentials
  2    invalid usage, configuration, CORS policy or input, or an unknown release; nothing was
       published, unless a file kept changing during the push
  3    refused by a guard, the live switch or an unfinished prune, or not confirmed; nothing was
       published. `doctor`, `audit`, `access apply` and `access close`: something is dangerous
  4    another deployer was faster; nothing was published
  5    unknown outcome: the storage did not answer, or does not show what was done. `resolve` or
       the next run finds out
  6    `diff --check` or `cors diff --check` found changes
  130  interrupted (Ctrl-C, SIGTERM, SIGHUP) before it finished; a second signal stops at once

If a push to several targets fails, the error names the targets that were published before.

Settings come from flags, then from the environment (ASSETSYNC_*), then from assetsync.toml. `-v`
shows the source of each setting.";

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Change to this folder first
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Configuration file [default: assetsync.toml] [env: ASSETSYNC_CONFIG]
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Print only errors and requested output
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more: the source of each setting, skipped files, request counts. Twice: every request
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Format of messages on standard error: text, or one JSON object per line
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT", global = true)]
    pub log_format: LogFormat,
    /// Read every file again, without the cache. ASSETSYNC_CACHE_DIR moves the cache to another
    /// folder
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Show paths of hidden files even in CI, where logs may be public
    #[arg(long, global = true)]
    pub show_hidden: bool,
    /// When to use colors
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", global = true)]
    pub color: Color,
}

impl Global {
    /// Returns true with `-v` or `-vv`.
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
pub enum Command {
    /// Set up a project: configuration, key, .gitignore, CORS examples
    ///
    /// Existing files are not overwritten. With --to, the configuration gets that target, named
    /// `prod` for a bucket and `local` for a folder, and the next steps are printed. On Google
    /// Cloud, and below a prefix on S3, the releases need a private bucket of their own (--state).
    /// Files whose names already have a bundler's hash keep their names.
    #[command(
        after_help = "Examples:\n  assetsync init\n  assetsync init --for vite --from dist --to file:out\n  assetsync init --server nginx > hunt.conf    serve the published folder\n  assetsync init --from site --to s3://hunt-assets/static --state s3://hunt-releases/prod\n  assetsync init --to gs://hunt-assets --state gs://hunt-releases/prod --key-file hunt.key"
    )]
    Init(InitArgs),
    /// Create a key, or print the public id of one
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync key new hunt.key\n  assetsync key id --key-file hunt.key"
    )]
    Key(KeyCommand),
    /// Show what a push would change, without changing anything
    #[command(
        after_help = "Examples:\n  assetsync diff prod\n  assetsync diff --check prod    exit with 6 if anything would change\n  assetsync diff --json prod | jq .summary"
    )]
    Diff(DiffArgs),
    /// Publish: upload what is missing, verify, and switch to the new release
    ///
    /// Visitors see no change before the switch. If anything fails, there is no switch.
    #[command(
        after_help = "Examples:\n  assetsync push\n  assetsync push prod --dry-run\n  assetsync push --from site --to file:public --key-file hunt.key"
    )]
    Push(PushArgs),
    /// List the current release and earlier ones
    #[command(
        after_help = "Examples:\n  assetsync releases prod\n  assetsync releases prod --json | jq .current",
        args_conflicts_with_subcommands = true
    )]
    Releases(ReleasesArgs),
    /// Switch back to an earlier release, after verifying it
    ///
    /// Uploads nothing: objects with plain names are restored from copies in the target.
    #[command(
        after_help = "Examples:\n  assetsync rollback                  back to the previous release\n  assetsync rollback prod k3v9qd      back to the release whose name ends with k3v9qd"
    )]
    Rollback(RollbackArgs),
    /// Protect a target during an event: nothing is deleted or overwritten unless you name it
    ///
    /// The switch is stored with the releases, so it applies to every deployer. Pushes and
    /// rollbacks still work, unless they would change an object with a plain name.
    #[command(
        after_help = "Examples:\n  assetsync live on prod --until 2027-01-18T12:00-05:00 --message 'the hunt is on'\n  assetsync live on prod --until ''    clear the planned end, keep the message\n  assetsync live status prod\n  assetsync live off prod"
    )]
    Live(LiveArgs),
    /// Delete objects that no retained release needs; refused while live
    ///
    /// The newest releases are retained (--keep), and those that were current recently
    /// (--keep-days). Objects that assetsync did not write are never deleted.
    #[command(
        after_help = "Examples:\n  assetsync prune prod --dry-run\n  assetsync prune prod --keep 5 --keep-days 90 --yes"
    )]
    Prune(PruneArgs),
    /// Delete files from a target immediately, even while it's live
    ///
    /// Switches to a release without the files, and deletes their objects from all retained
    /// releases. Later pushes with the files are refused until one has `--put-back`, and rollbacks leave them out. The
    /// releases record who did it, when and why. Copies in CDNs and browsers are not deleted: purge
    /// them yourself.
    #[command(
        after_help = "Examples:\n  assetsync takedown prod puzzle/gears/notes.html --why 'has the answer'\n  assetsync takedown prod puzzle/gears/drafts/ --dry-run\n  assetsync takedown prod --level solution --yes"
    )]
    Takedown(TakedownArgs),
    /// Unlock held levels: the next push publishes their files
    ///
    /// The releases record it, so it applies to every deployer's push, until the levels are locked
    /// again.
    #[command(
        after_help = "Examples:\n  assetsync unlock prod solution && assetsync push prod\n  assetsync push prod --unlock solution      the same in one step"
    )]
    Unlock(UnlockArgs),
    /// Lock levels again: the next push removes their files from the release
    ///
    /// Anyone who knows the URLs can still load the files, until a takedown or a prune deletes
    /// them.
    #[command(
        after_help = "Examples:\n  assetsync lock prod solution && assetsync push prod\n  assetsync takedown prod --level solution   delete what was published"
    )]
    Lock(LockArgs),
    /// Finish what an interrupted or unanswered command left behind
    ///
    /// Finishes interrupted changes of plain names, prunes and takedowns. Afterwards, late requests
    /// of earlier commands have no effect, so the printed state is final.
    #[command(
        after_help = "Examples:\n  assetsync resolve prod\n  assetsync resolve --to s3://hunt-assets --key-file hunt.key"
    )]
    Resolve(ResolveArgs),
    /// Check, show and set a bucket's CORS policy
    ///
    /// The policy is a file in Google Cloud Storage's or S3's format, which a target names by
    /// `cors`. Both clouds accept both formats. The policy says which other origins may load the
    /// objects from scripts, fonts and modules.
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync cors check\n  assetsync cors diff --check prod    exit with 6 if the bucket has another policy\n  assetsync cors apply prod"
    )]
    Cors(CorsCommand),
    /// Check a target before publishing: your permissions and the public's
    ///
    /// Uploads, reads, overwrites, lists and deletes small test objects with your credentials, and
    /// tries the same without credentials, as strangers could. Reads the bucket's settings. Reports
    /// what it cannot find out. Exits with 3 if anything is dangerous.
    #[command(
        after_help = "Examples:\n  assetsync doctor prod\n  assetsync doctor prod --json | jq '.findings[] | select(.verdict == \"failed\")'"
    )]
    Doctor(DoctorArgs),
    /// Check what visitors get: missing, changed, exposed or unexpected objects
    ///
    /// Loads objects without credentials, from the storage and from `public_url`, and compares
    /// bytes, headers, compression, ranges, CORS answers, and the answer for unknown names. With
    /// credentials, it checks ACLs, and looks for unknown objects and for held files that are in
    /// the bucket. It checks all pages and plain names, and a sample of the other objects; the same
    /// sample for the same release. Exits with 3 if anything is dangerous, and with 1 if an object
    /// could not be checked.
    #[command(
        after_help = "Examples:\n  assetsync audit prod\n  assetsync audit prod --all\n  assetsync audit prod --repair       repair after a confirmation"
    )]
    Audit(AuditArgs),
    /// Show who can read a bucket; make it public to read, but not to list
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync access show prod\n  assetsync access apply prod\n  assetsync access close prod"
    )]
    Access(AccessCommand),
    /// Print the public URLs of files
    #[command(
        after_help = "Examples:\n  assetsync url puzzle/gears/index.html\n  assetsync url prod puzzle/gears/index.html puzzle/gears/map.png"
    )]
    Url(UrlArgs),
    /// Write the names of all objects as a manifest, for servers and scripts
    ///
    /// The manifest names every object, including solutions: keep it private.
    #[command(
        after_help = "Examples:\n  assetsync manifest --format django --out staticfiles.json\n  assetsync manifest --live --target prod --out release.json"
    )]
    Manifest(ManifestArgs),
    /// Show references between files
    ///
    /// With PATHs, shows the references from and to these files. Without, shows the references that
    /// could not be resolved: one line for each cause, and with -v one line for each place.
    #[command(
        after_help = "Examples:\n  assetsync refs puzzle/gears/index.html\n  assetsync refs                         list unresolved references\n  assetsync refs --dot | dot -Tsvg > refs.svg"
    )]
    Refs(RefsArgs),
    /// List metadata and comments in the files
    ///
    /// Finds EXIF, GPS, XMP and IPTC in images, text in PNG images, properties of PDFs, tags of
    /// audio files, and comments in pages and SVG images. They may reveal a solution, or be part of
    /// the puzzle. Rules with `metadata = "strip"` and `comments = "strip"` remove them.
    #[command(after_help = "Examples:\n  assetsync leaks\n  assetsync leaks --json | jq .leaks")]
    Leaks(LeaksArgs),
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  assetsync completions bash > /etc/bash_completion.d/assetsync\n  assetsync completions fish > ~/.config/fish/completions/assetsync.fish"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(
        after_help = "Examples:\n  assetsync man | man -l -\n  assetsync man > ~/.local/share/man/man1/assetsync.1"
    )]
    Man,
}

#[cfg(test)]
mod tests;
