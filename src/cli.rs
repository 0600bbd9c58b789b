//! What can be typed: clap's structures, and which target they name. What it means is in `commands.rs`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use assetsync::init::{Maker, Server};
use assetsync::{Error, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Publish static assets under names nobody can guess.
///
/// Every file gets a name keyed with the team's secret, that changes whenever anything a browser sees
/// changes. Only `prune` deletes, and what is under an immutable name never changes.
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
       or for want of a yes; nothing was published. Of `doctor`, `audit`, `access apply` and
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
    /// Say more: where each setting came from, what was left out, how many requests were sent
    #[arg(short, long, global = true)]
    pub verbose: bool,
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
    Init {
        /// What makes the files [default: as the files look that are there]
        #[arg(long = "for", value_name = "TOOL", value_parser = maker())]
        made_by: Option<Maker>,
        /// Print a configuration for a web server that shows the published folder; writes nothing
        #[arg(long, value_name = "SERVER", value_parser = server(), conflicts_with = "made_by")]
        server: Option<Server>,
        /// With --server: the folder's target, as in [target.NAME] [default: the only target that is a folder]
        #[arg(value_name = "TARGET", requires = "server")]
        target: Option<String>,
        #[command(flatten)]
        key: KeySetting,
        #[command(flatten)]
        bucket: BucketSettings,
        #[command(flatten)]
        readers: ReaderSettings,
    },
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
    Diff {
        #[command(flatten)]
        target: TargetName,
        /// Exit with 6 if anything would change
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        warnings: Warnings,
        #[command(flatten)]
        unlock: Unlock,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Publish: upload what is missing, verify, and switch to the new release
    ///
    /// Nothing that visitors see changes before the switch, and there is none if anything fails.
    #[command(
        after_help = "Examples:\n  assetsync push\n  assetsync push prod --dry-run\n  assetsync push --from site --to file:public --key-file hunt.key"
    )]
    Push {
        #[command(flatten)]
        targets: TargetNames,
        /// Only show what would be done, as `diff` does
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        warnings: Warnings,
        #[command(flatten)]
        unlock: Unlock,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        guards: Box<Guards>,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Show the current release and those that can be rolled back to
    #[command(
        after_help = "Examples:\n  assetsync releases prod\n  assetsync releases prod --json | jq .current",
        args_conflicts_with_subcommands = true
    )]
    Releases {
        #[command(flatten)]
        target: TargetName,
        #[command(subcommand)]
        command: Option<ReleasesCommand>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Switch back to an earlier release, after verifying it
    ///
    /// Nothing is uploaded but plain names, which are brought back from copies.
    #[command(
        after_help = "Examples:\n  assetsync rollback                  the release before\n  assetsync rollback prod k3v9qd      the one whose name ends so"
    )]
    Rollback {
        #[command(flatten)]
        which: TargetOrRelease,
        /// How closely the release is looked at
        #[arg(long, value_enum, default_value_t = VerifyHow::List, value_name = "HOW")]
        verify: VerifyHow,
        #[command(flatten)]
        overwrite: Overwrite,
        #[command(flatten)]
        unlock: Unlock,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Switch a target live: from then on, nothing in it is deleted or written over
    ///
    /// Every deployer obeys, whatever their version or configuration. New releases and rollbacks go on as ever, but for
    /// plain names that would change.
    #[command(
        after_help = "Examples:\n  assetsync live on prod --until 2027-01-18T12:00-05:00 --message 'the hunt is on'\n  assetsync live on prod --until ''    no planned end any more; the message stays\n  assetsync live status prod\n  assetsync live off prod"
    )]
    Live {
        /// What to do
        #[arg(value_enum)]
        switch: LiveSwitch,
        #[command(flatten)]
        target: TargetName,
        /// When it's planned to end, for people to see: nothing ends by itself. What was given before stays; '' clears it
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// What to tell whoever is stopped by it. What was given before stays; '' clears it
        #[arg(long, value_name = "TEXT", value_parser = remark)]
        message: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Delete what no retained release needs; never while live
    ///
    /// A release is retained if it's one of the newest, or was the current one not long ago. Objects that assetsync didn't
    /// write are never touched.
    #[command(
        after_help = "Examples:\n  assetsync prune prod --dry-run\n  assetsync prune prod --keep 5 --keep-days 90 --yes"
    )]
    Prune {
        #[command(flatten)]
        target: TargetName,
        /// Releases to retain, at least
        #[arg(long, value_name = "N", default_value_t = 10)]
        keep: u32,
        /// Retain what was the current release so many days ago, and what was written since
        #[arg(long, value_name = "D", default_value_t = 30)]
        keep_days: u32,
        /// Only show what would be deleted
        #[arg(long)]
        dry_run: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Remove files from a target at once, also while it's live
    ///
    /// Makes a release without them the current one, and deletes their objects, of all retained releases: nothing else. No push
    /// publishes them again unless it's told to (`--put-back`), and a rollback leaves them out. Who, when and why is recorded.
    /// What caches have, and what somebody has read, isn't taken back by it.
    #[command(
        after_help = "Examples:\n  assetsync takedown prod puzzle/gears/notes.html --why 'has the answer'\n  assetsync takedown prod puzzle/gears/drafts/ --dry-run\n  assetsync takedown prod --level solution --yes"
    )]
    Takedown {
        #[command(flatten)]
        what: TargetAndNames,
        /// All files of this level, of the current release and of earlier ones
        #[arg(long, value_name = "LEVEL")]
        level: Vec<String>,
        /// Why, for everybody who asks later
        #[arg(long, value_name = "TEXT", value_parser = remark)]
        why: Option<String>,
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Unlock levels that are held in the configuration: from the next push on, their files are published
    ///
    /// It's kept with the releases, so every deployer's push obeys, until somebody locks them again.
    #[command(
        after_help = "Examples:\n  assetsync unlock prod solution && assetsync push prod\n  assetsync push prod --unlock solution      both in one step"
    )]
    Unlock {
        #[command(flatten)]
        what: TargetAndNames,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Lock levels again: the next push takes back what is published of them
    ///
    /// Their files can be had by whoever knows their addresses until a takedown or a prune.
    #[command(
        after_help = "Examples:\n  assetsync lock prod solution && assetsync push prod\n  assetsync takedown prod --level solution   what was published of it"
    )]
    Lock {
        #[command(flatten)]
        what: TargetAndNames,
        /// Don't ask while the target is live
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Settle what an interrupted or unanswered command left open
    ///
    /// Finishes plain names, prunes and takedowns that were interrupted. After it, what was sent before and never answered can't be done any
    /// more: what it prints is how things are.
    #[command(after_help = "Example:\n  assetsync resolve prod")]
    Resolve {
        #[command(flatten)]
        target: TargetName,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
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
    Doctor {
        #[command(flatten)]
        target: TargetName,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Look at what is published as visitors get it: is all of it there, right, and nothing else?
    ///
    /// Without credentials, at the storage and at `public_url`: bytes, headers, gzip, parts of recordings, what pages of other
    /// origins may load, what is answered for names that aren't there. With them: ACLs, what no release knows, what is held and
    /// there all the same. Looks at all pages and plain names, and at a sample of the rest, which the release decides. Exits with 3
    /// if anything is dangerous, with 1 if an object couldn't be looked at.
    #[command(
        after_help = "Examples:\n  assetsync audit prod\n  assetsync audit prod --all\n  assetsync audit prod --repair       shows what it will do, and asks"
    )]
    Audit {
        #[command(flatten)]
        target: TargetName,
        /// Objects to look at; large ones by their ends
        #[arg(long, value_name = "N", default_value_t = 100)]
        sample: usize,
        /// Look at all objects, and all of each
        #[arg(long, conflicts_with = "sample")]
        all: bool,
        /// Requests a second at most
        #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
        /// Put right what can be: headers and ACLs in place, missing and changed objects from the local tree
        #[arg(long)]
        repair: bool,
        /// Write over these logical paths even while the target is live: a path, or a pattern as in rules; can be given more than once
        #[arg(long, requires = "repair", value_name = "PATTERN")]
        overwrite_live: Vec<String>,
        /// Don't ask
        #[arg(long, requires = "repair")]
        yes: bool,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Show who can read a bucket, or let everybody read and nobody list
    #[command(
        subcommand,
        after_help = "Examples:\n  assetsync access show prod\n  assetsync access apply prod\n  assetsync access close prod"
    )]
    Access(AccessCommand),
    /// Print the public URL of files of the tree
    #[command(after_help = "Example:\n  assetsync url puzzle/gears/index.html --target prod")]
    Url {
        #[command(flatten)]
        which: TargetOrPaths,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Write the mapping from path to object, from the local tree or as published
    ///
    /// It names every object, those of solutions too: keep it off the web.
    #[command(
        after_help = "Examples:\n  assetsync manifest --format django --out staticfiles.json\n  assetsync manifest --live --target prod --out release.json"
    )]
    Manifest {
        /// assetsync's own, or Django's staticfiles.json
        #[arg(long, value_enum, default_value_t = ManifestFormat::Json)]
        format: ManifestFormat,
        /// Only the files of these levels; `open` is what no [[level]] matches
        #[arg(long, value_name = "NAME")]
        level: Vec<String>,
        /// Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Not the local tree, but the current release of a target
        #[arg(long)]
        live: bool,
        /// With --live: this release, or its beginning or end
        #[arg(long, value_name = "RELEASE", requires = "live")]
        release: Option<String>,
        #[command(flatten)]
        target: TargetName,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
    /// Show what refers to what
    ///
    /// With PATHs, what these files refer to and what refers to them; without, what couldn't be resolved: a line for each cause,
    /// with -v a line for each place.
    #[command(
        after_help = "Examples:\n  assetsync refs puzzle/gears/index.html\n  assetsync refs                         references and scripts that couldn't be followed\n  assetsync refs --dot | dot -Tsvg > refs.svg"
    )]
    Refs {
        /// Logical paths, such as puzzle/gears/index.html
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        form: Form,
        #[command(flatten)]
        source: SourceSetting,
        #[command(flatten)]
        settings: Settings,
    },
    /// List what files say besides what visitors see: metadata and comments
    ///
    /// EXIF, GPS, XMP, IPTC, text in PNG images, properties of PDFs, tags of audio, comments in pages and SVG images.
    /// In a hunt they may give a solution away, or be the clue: rules with `metadata = "strip"` and
    /// `comments = "strip"` take them out.
    #[command(after_help = "Examples:\n  assetsync leaks\n  assetsync leaks --json | jq .leaks")]
    Leaks {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        source: SourceSetting,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  assetsync completions bash > /etc/bash_completion.d/assetsync"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  assetsync man | man -l -")]
    Man,
}

/// The target of a command. People type it as an argument or as a flag: either is understood.
#[derive(Debug, Args)]
pub struct TargetName {
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

/// The targets of a command that takes several.
#[derive(Debug, Args)]
pub struct TargetNames {
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// The same as TARGET; can be given more than once
    #[arg(long = "target", id = "target_flags", value_name = "NAME")]
    flags: Vec<String>,
}

#[derive(Debug, Args)]
struct TargetFlag {
    /// The same as TARGET
    #[arg(long = "target", id = "target_flag", value_name = "NAME")]
    name: Option<String>,
}

/// A target and a release, of which either may be missing.
#[derive(Debug, Args)]
pub struct TargetOrRelease {
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]; if there's no such target, it's the release
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// The release, or its beginning or end [default: the one before the current one]
    release: Option<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

/// Paths, and a target before them.
#[derive(Debug, Args)]
pub struct TargetOrPaths {
    /// Files of the tree, such as puzzle/gears/index.html; of a folder, its index.html. The first may be a target
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]
    #[arg(long = "target", id = "target_flag", value_name = "NAME")]
    flag: Option<String>,
}

/// Names of something, and a target before them.
#[derive(Debug, Args)]
pub struct TargetAndNames {
    /// The target, as in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET], and what of it: logical paths, folders
    /// with a slash at their end, or levels
    #[arg(value_name = "TARGET] [NAME")]
    names: Vec<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

impl TargetAndNames {
    /// The target as a list, empty if none is given, and the names. `is_target` knows the names of targets.
    ///
    /// # Errors
    /// Two different targets are given.
    pub fn parts(&self, is_target: impl Fn(&str) -> bool) -> Result<(Vec<String>, &[String])> {
        let flag = self.flag.name.as_slice();
        match self.names.split_first() {
            Some((name, names)) if is_target(name) => {
                Ok((one_way(std::slice::from_ref(name), flag)?, names))
            }
            _ => Ok((flag.to_vec(), &self.names)),
        }
    }
}

impl TargetName {
    /// The name as a list; empty if none is given.
    ///
    /// # Errors
    /// Two different ones are given.
    pub fn names(&self) -> Result<Vec<String>> {
        one_way(self.target.as_slice(), self.flag.name.as_slice())
    }
}

impl TargetNames {
    /// All names; empty if none is given.
    ///
    /// # Errors
    /// Different ones are given as arguments and as flags.
    pub fn names(&self) -> Result<Vec<String>> {
        one_way(&self.targets, &self.flags)
    }
}

impl TargetOrRelease {
    /// The target as a list, empty if none is given, and the release. `is_target` knows the names of targets.
    ///
    /// # Errors
    /// Two different targets are given.
    pub fn parts(&self, is_target: impl Fn(&str) -> bool) -> Result<(Vec<String>, Option<String>)> {
        let flag = self.flag.name.as_slice();
        match (&self.target, &self.release) {
            (Some(name), None) if !is_target(name) && !flag.contains(name) => {
                Ok((flag.to_vec(), Some(name.clone())))
            }
            (target, release) => Ok((one_way(target.as_slice(), flag)?, release.clone())),
        }
    }
}

impl TargetOrPaths {
    /// The target as a list, empty if none is given, and the paths. `is_target` knows the names of targets that aren't paths.
    ///
    /// # Errors
    /// Two different targets are given.
    pub fn parts(&self, is_target: impl Fn(&str) -> bool) -> Result<(Vec<String>, &[String])> {
        let flag = self.flag.as_slice();
        match self.paths.split_first() {
            Some((name, paths)) if !paths.is_empty() && is_target(name) => {
                Ok((one_way(std::slice::from_ref(name), flag)?, paths))
            }
            _ => Ok((flag.to_vec(), &self.paths)),
        }
    }
}

/// How long a remark may be, in characters: the releases' root has it, which every command reads.
const REMARK_CHARS_MAX: usize = 500;

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

/// Accepts what people say of what they do, which is kept with the releases.
fn remark(text: &str) -> std::result::Result<String, String> {
    match text.chars().count() {
        0..=REMARK_CHARS_MAX => Ok(text.to_string()),
        long => Err(format!(
            "it has {long} characters, and may have {REMARK_CHARS_MAX}"
        )),
    }
}

/// Targets that were named as arguments, as flags, or the same ones in both ways.
fn one_way(arguments: &[String], flags: &[String]) -> Result<Vec<String>> {
    let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    if arguments.is_empty() {
        return Ok(flags.to_vec());
    }
    if !flags.is_empty() && sorted(arguments) != sorted(flags) {
        let (arguments, flags) = (arguments.join("`, `"), flags.join("`, `"));
        return Err(Error::usage(
            format!(
                "Which target? `{}` is given, and `{}` by --target",
                arguments.escape_debug(),
                flags.escape_debug()
            ),
            "name it once: `push prod` and `push --target prod` mean the same",
        ));
    }
    Ok(arguments.to_vec())
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
    Adopt {
        #[command(flatten)]
        target: TargetName,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        place: PlaceSettings,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Show what strangers may do, and what keeps the bucket from being public
    #[command(
        after_help = "Examples:\n  assetsync access show prod\n  assetsync access show prod --json | jq .settings.grants"
    )]
    Show {
        #[command(flatten)]
        target: TargetName,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        key: KeySetting,
        #[command(flatten)]
        retries: RetrySetting,
        #[command(flatten)]
        bucket: BucketSettings,
        #[command(flatten)]
        readers: ReaderSettings,
    },
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
    Apply {
        #[command(flatten)]
        target: TargetName,
        /// Also take away what keeps the bucket from being public: S3's public access block, as far as it's in the way; Google's
        /// public access prevention
        #[arg(long)]
        unblock: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        key: KeySetting,
        #[command(flatten)]
        retries: RetrySetting,
        #[command(flatten)]
        bucket: BucketSettings,
        #[command(flatten)]
        readers: ReaderSettings,
    },
    /// Take from strangers what they may do besides reading
    ///
    /// Shows what would change, asks, changes it, and proves it as a stranger: no listing, no writing, and no reading of the releases
    /// where S3's policy for a whole bucket can leave them out. Whatever gives it, ACL, policy or role, and whoever wrote it; reading
    /// of what is published stays, and rules with a condition do. Where the releases have a bucket of their own, strangers keep no
    /// right to them. Nothing is opened. Exits with 3 if anything is dangerous afterwards.
    #[command(
        after_help = "Examples:\n  assetsync access close prod\n  assetsync access close prod --yes     in CI"
    )]
    Close {
        #[command(flatten)]
        target: TargetName,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        key: KeySetting,
        #[command(flatten)]
        retries: RetrySetting,
        #[command(flatten)]
        bucket: BucketSettings,
        #[command(flatten)]
        readers: ReaderSettings,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Write a new random key, readable by you alone
    #[command(after_help = "Example:\n  assetsync key new hunt.key")]
    New {
        /// The file to make; it must not exist
        file: PathBuf,
    },
    /// Print the key's public id, which reveals nothing of the key
    #[command(after_help = "Example:\n  assetsync key id --key-file hunt.key")]
    Id {
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Subcommand)]
pub enum CorsCommand {
    /// Find mistakes in policies; asks no network
    ///
    /// Exit code 2 if there are any. What only one cloud refuses is a warning, unless a target of that cloud names the policy.
    #[command(
        after_help = "Examples:\n  assetsync cors check                 the policies of all targets\n  assetsync cors check cors/gcs.json"
    )]
    Check {
        /// A policy [default: those of all targets]
        file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the bucket's policy
    #[command(
        after_help = "Examples:\n  assetsync cors show prod\n  assetsync cors show prod --json > cors/prod.json"
    )]
    Show {
        #[command(flatten)]
        target: TargetName,
        /// Print JSON, as a policy's file has it
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        retries: RetrySetting,
        #[command(flatten)]
        bucket: BucketSettings,
    },
    /// Show what setting the policy would change, by what both mean
    #[command(
        after_help = "Examples:\n  assetsync cors diff prod\n  assetsync cors diff --check prod    exit code 6 if anything would change"
    )]
    Diff {
        #[command(flatten)]
        target: TargetName,
        /// Exit with 6 if anything would change
        #[arg(long)]
        check: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        retries: RetrySetting,
        #[command(flatten)]
        bucket: BucketSettings,
        #[command(flatten)]
        policy: CorsSetting,
    },
    /// Set the bucket's policy, after showing what changes
    ///
    /// It replaces the whole policy, and is read back. If nothing would change, nothing is written.
    #[command(
        after_help = "Examples:\n  assetsync cors apply prod\n  assetsync cors apply prod --yes     in CI"
    )]
    Apply {
        #[command(flatten)]
        target: TargetName,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        retries: RetrySetting,
        #[command(flatten)]
        bucket: BucketSettings,
        #[command(flatten)]
        policy: CorsSetting,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ManifestFormat {
    Json,
    Django,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LiveSwitch {
    On,
    Off,
    Status,
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

/// What a push asks before it does it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct Guards {
    /// How closely the release is looked at before it counts [default: list]
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

/// What may be written over while a target is live.
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

/// How references are shown, if not as text.
#[derive(Debug, Args)]
pub struct Form {
    /// Draw the whole graph in Graphviz's language
    #[arg(long, conflicts_with_all = ["paths", "json"])]
    pub dot: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
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

/// Settings of every command that names objects. All are text here: they are read where the
/// configuration is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    #[command(flatten)]
    key: KeySetting,
    /// Publish these extensions besides the usual ones, separated by commas
    #[arg(
        long,
        value_name = "LIST",
        env = "ASSETSYNC_EXTENSIONS",
        hide_env_values = true,
        hide_short_help = true
    )]
    extensions: Option<String>,
    /// From 0 (fast) to 9 (small) [default: 9]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "ASSETSYNC_GZIP_LEVEL",
        hide_env_values = true,
        hide_short_help = true
    )]
    gzip_level: Option<String>,
    /// Requests in flight [default: 64]
    #[arg(
        long,
        value_name = "N",
        env = "ASSETSYNC_REQUESTS",
        hide_env_values = true,
        hide_short_help = true
    )]
    requests: Option<String>,
    /// File content in memory at a time, in MiB [default: 64]
    #[arg(
        long,
        value_name = "MIB",
        env = "ASSETSYNC_MEMORY_MIB",
        hide_env_values = true,
        hide_short_help = true
    )]
    memory_mib: Option<String>,
    #[command(flatten)]
    retries: RetrySetting,
}

/// The key, for commands that find what is named by it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct KeySetting {
    /// The file with the secret
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_KEY_FILE",
        hide_env_values = true
    )]
    key_file: Option<String>,
}

/// For commands that ask a storage.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct RetrySetting {
    /// How long a failing request is tried again [default: 300]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ASSETSYNC_RETRY_SECONDS",
        hide_env_values = true,
        hide_short_help = true
    )]
    retry_seconds: Option<String>,
}

/// What is published, for commands that need no target.
#[derive(Debug, Args)]
pub struct SourceSetting {
    /// Publish this folder, instead of the configured sources
    #[arg(
        long,
        value_name = "DIR",
        env = "ASSETSYNC_FROM",
        hide_env_values = true
    )]
    from: Option<String>,
}

/// Settings of a source and a target, for runs without a configuration.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct PlaceSettings {
    #[command(flatten)]
    bucket: BucketSettings,
    #[command(flatten)]
    readers: ReaderSettings,
    #[command(flatten)]
    cors: CorsSetting,
}

/// Which bucket, for commands that work on it alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct BucketSettings {
    /// Publish this folder, instead of the configured sources
    #[arg(
        long,
        value_name = "DIR",
        env = "ASSETSYNC_FROM",
        hide_env_values = true
    )]
    from: Option<String>,
    /// Publish to file:FOLDER, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX
    #[arg(long, value_name = "URL", env = "ASSETSYNC_TO", hide_env_values = true)]
    to: Option<String>,
    /// Another server than Amazon's or Google's
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_ENDPOINT",
        hide_env_values = true
    )]
    endpoint: Option<String>,
    /// The bucket's region
    #[arg(
        long,
        value_name = "REGION",
        env = "ASSETSYNC_REGION",
        hide_env_values = true
    )]
    region: Option<String>,
    /// path: https://server/bucket; virtual: https://bucket.server [default: as the server usually wants it]
    #[arg(
        long,
        value_name = "HOW",
        env = "ASSETSYNC_ADDRESSING",
        hide_env_values = true,
        hide_short_help = true
    )]
    addressing: Option<String>,
}

/// Who may read what of a target.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct ReaderSettings {
    /// bucket: send no ACL; object-acl: public-read on every object [default: bucket]
    #[arg(
        long,
        value_name = "HOW",
        env = "ASSETSYNC_ACCESS",
        hide_env_values = true
    )]
    access: Option<String>,
    /// Keep the releases here, instead of in the target itself
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_STATE",
        hide_env_values = true,
        hide_short_help = true
    )]
    state: Option<String>,
    /// Where browsers find the objects
    #[arg(
        long,
        value_name = "URL",
        env = "ASSETSYNC_PUBLIC_URL",
        hide_env_values = true
    )]
    public_url: Option<String>,
    /// The page that the host shows for a folder: index.html
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_INDEX",
        hide_env_values = true,
        hide_short_help = true
    )]
    index: Option<String>,
    /// The page that the host shows where nothing is
    #[arg(
        long,
        value_name = "PATH",
        env = "ASSETSYNC_NOT_FOUND",
        hide_env_values = true,
        hide_short_help = true
    )]
    not_found: Option<String>,
}

/// The file of a target's CORS policy.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source and target")]
pub struct CorsSetting {
    /// The CORS policy that the bucket should have
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSETSYNC_CORS",
        hide_env_values = true,
        hide_short_help = true
    )]
    cors: Option<String>,
}

/// The settings above, by the name they have in the configuration, with their flag and variable.
pub const SETTINGS: [(&str, &str, &str); 17] = [
    ("key_file", "--key-file", "ASSETSYNC_KEY_FILE"),
    ("extensions", "--extensions", "ASSETSYNC_EXTENSIONS"),
    ("gzip_level", "--gzip-level", "ASSETSYNC_GZIP_LEVEL"),
    ("requests", "--requests", "ASSETSYNC_REQUESTS"),
    ("memory_mib", "--memory-mib", "ASSETSYNC_MEMORY_MIB"),
    (
        "retry_seconds",
        "--retry-seconds",
        "ASSETSYNC_RETRY_SECONDS",
    ),
    ("from", "--from", "ASSETSYNC_FROM"),
    ("to", "--to", "ASSETSYNC_TO"),
    ("endpoint", "--endpoint", "ASSETSYNC_ENDPOINT"),
    ("region", "--region", "ASSETSYNC_REGION"),
    ("access", "--access", "ASSETSYNC_ACCESS"),
    ("addressing", "--addressing", "ASSETSYNC_ADDRESSING"),
    ("state", "--state", "ASSETSYNC_STATE"),
    ("cors", "--cors", "ASSETSYNC_CORS"),
    ("public_url", "--public-url", "ASSETSYNC_PUBLIC_URL"),
    ("index", "--index", "ASSETSYNC_INDEX"),
    ("not_found", "--not-found", "ASSETSYNC_NOT_FOUND"),
];
