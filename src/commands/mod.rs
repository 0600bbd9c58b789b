//! What each command does, in terms of the library. Output that was asked for goes to standard output, all
//! else to standard error.

mod ask;
mod audit;
mod bucket;
mod cors;
mod failed;
mod inspect;
mod levels;
mod limits;
mod live;
mod paths;
mod publish;
mod releases;
mod stop;
mod takedown;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use assetsync::audit::Sample;
use assetsync::config::{Origin, Place};
use assetsync::doctor::access::Aim;
use assetsync::init::{Maker, Server};
use assetsync::levels::{LevelId, Levels};
use assetsync::report::{Display, DisplayMode, defaults_text, tree_text};
use assetsync::{
    Cache, Config, Error, Overrides, Progress, Result, Secret, Target, Tree, Wanted, init, shown,
    walk,
};
use assetsync::{environment, hidden};
use clap::ArgMatches;
use clap::parser::ValueSource;
use tokio::runtime::Runtime;

pub use self::failed::Failed;
use self::limits::Limits;
use self::stop::Stop;
use crate::cli::{
    AccessCommand, Cli, Command, CorsCommand, Global, KeyCommand, ReleasesCommand, SETTINGS,
};
use crate::output::{self, eprint, print};

/// How a run without an error ended, as an exit code.
type Code = u8;

/// How many threads work, where that isn't as many as there are cores.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";
const THREADS_MAX: usize = 1024;

/// How long what is in flight may take after the run was stopped.
const GRACE: Duration = Duration::from_secs(10);

const DONE: Code = 0;
const BAD_INPUT: Code = 2;
const CHANGES_FOUND: Code = 6;

pub fn run(cli: &Cli, matches: &ArgMatches) -> Result<Code, Failed> {
    let progress = Arc::new(Progress::new());
    let session = Session {
        limits: Limits::raise().map_err(Failed::early)?,
        global: &cli.global,
        overrides: overrides(matches, &cli.global).map_err(Failed::early)?,
        stop: Stop::of(&progress),
        progress,
        switched: RefCell::default(),
    };
    start_workers(session.limits)
        .and_then(|()| run_command(&session, &cli.command))
        .map_err(|error| Failed::after(error, &cli.command, &session.switched.borrow()))
}

fn run_command(session: &Session<'_>, command: &Command) -> Result<Code> {
    match command {
        Command::Init {
            server: Some(server),
            target,
            ..
        } => session.server(*server, target.as_ref()),
        Command::Init { made_by, .. } => session.init(*made_by),
        Command::Key(KeyCommand::New { file }) => session.new_key(file),
        Command::Key(KeyCommand::Id { .. }) => session.key_id(),
        Command::Diff {
            target,
            check,
            warnings,
            unlock,
            output,
            ..
        } => session.diff(&target.names()?, *check, warnings, unlock, None, output),
        Command::Push {
            targets,
            dry_run: true,
            warnings,
            unlock,
            guards,
            output,
            ..
        } => {
            let guards = Some(&**guards);
            session.diff(&targets.names()?, false, warnings, unlock, guards, output)
        }
        Command::Push {
            targets,
            warnings,
            unlock,
            guards,
            output,
            ..
        } => session.push(&targets.names()?, warnings, unlock, guards, output),
        Command::Releases {
            command: Some(ReleasesCommand::Adopt { target, yes, .. }),
            ..
        } => session.adopt(&target.names()?, *yes),
        Command::Releases { target, json, .. } => session.releases(&target.names()?, *json),
        Command::Rollback {
            which,
            verify,
            overwrite,
            unlock,
            json,
            ..
        } => session.rollback(which, *verify, overwrite, unlock, *json),
        Command::Live {
            switch,
            target,
            until,
            message,
            json,
            ..
        } => session.live(
            *switch,
            &target.names()?,
            until.as_deref(),
            message.as_deref(),
            *json,
        ),
        Command::Prune {
            target,
            keep,
            keep_days,
            dry_run,
            yes,
            json,
            ..
        } => {
            let wish = releases::Wish {
                keep: *keep,
                keep_days: *keep_days,
                only_show: *dry_run,
                is_confirmed: *yes,
                as_json: *json,
            };
            session.prune(&target.names()?, &wish)
        }
        Command::Takedown {
            what,
            level,
            why,
            dry_run,
            yes,
            json,
            ..
        } => session.take_down(&takedown::Asked {
            what,
            levels: level,
            why: why.clone(),
            only_show: *dry_run,
            is_confirmed: *yes,
            as_json: *json,
        }),
        Command::Unlock { what, json, .. } => {
            session.switch_levels(what, levels::Lock::Unlock, *json)
        }
        Command::Lock {
            what, yes, json, ..
        } => {
            let lock = levels::Lock::Lock { is_confirmed: *yes };
            session.switch_levels(what, lock, *json)
        }
        Command::Resolve { target, .. } => session.resolve(&target.names()?),
        Command::Cors(command) => session.cors(command),
        Command::Doctor { target, json, .. } => session.doctor(&target.names()?, *json),
        Command::Audit {
            target,
            sample,
            all,
            rate,
            repair,
            overwrite_live,
            yes,
            output,
            ..
        } => {
            let wish = audit::Wish {
                sample: match all {
                    true => Sample::All,
                    false => Sample::Some(*sample),
                },
                rate: *rate,
                repair: *repair,
                overwrite_live: overwrite_live.clone(),
                is_confirmed: *yes,
                urls: publish::urls(output),
                as_json: output.json,
            };
            session.audit(&target.names()?, &wish)
        }
        Command::Access(AccessCommand::Show { target, json, .. }) => {
            session.access_show(&target.names()?, *json)
        }
        Command::Access(AccessCommand::Apply {
            target,
            unblock,
            yes,
            json,
            ..
        }) => {
            let wish = bucket::Apply {
                unblock: *unblock,
                is_confirmed: *yes,
                as_json: *json,
            };
            session.access_change(&target.names()?, Aim::Apply, &wish)
        }
        Command::Access(AccessCommand::Close {
            target, yes, json, ..
        }) => {
            let wish = bucket::Apply {
                // Nothing is opened, so nothing protects against it.
                unblock: true,
                is_confirmed: *yes,
                as_json: *json,
            };
            session.access_change(&target.names()?, Aim::Close, &wish)
        }
        Command::Url { which, .. } => session.url(which),
        Command::Manifest {
            format,
            level,
            out,
            live,
            release,
            target,
            ..
        } => {
            let target = target.names()?;
            if !live && !target.is_empty() {
                return Err(Error::usage(
                    "The manifest of the local tree has no target",
                    "`--live` writes that of a target's current release",
                ));
            }
            let published = live.then(|| inspect::Published {
                target: &target,
                release: release.as_deref(),
            });
            session.manifest(*format, level, out.as_deref(), published)
        }
        Command::Refs { paths, form, .. } => session.refs(paths, form),
        Command::Leaks { json, .. } => session.leaks(*json),
        Command::Completions { shell } => output::completions(*shell).map(|()| DONE),
        Command::Man => output::man().map(|()| DONE),
    }
}

/// Threads for hashing and compressing, as many as there are cores or RAYON_NUM_THREADS says, and no more than may have files open.
fn start_workers(limits: Limits) -> Result<()> {
    let asked = environment::variable(THREADS_VARIABLE)?;
    let asked = asked.map(|text| match text.parse() {
        Ok(threads) if threads <= THREADS_MAX => Ok(threads),
        _ => Err(Error::usage(
            format!("{THREADS_VARIABLE} is `{}`", text.escape_debug()),
            format!("it's a number from 0, for one a core, to {THREADS_MAX}"),
        )),
    });
    let workers = match asked.transpose()? {
        None | Some(0) => thread::available_parallelism().map_or(1, usize::from),
        Some(asked) => asked,
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(limits.workers(workers))
        .build_global()
        .map_err(|e| Error::Io {
            doing: "start",
            path: "the worker threads".into(),
            source: io::Error::other(e),
        })
}

/// The settings that flags and environment give, and which of the two it was.
fn overrides(matches: &ArgMatches, global: &Global) -> Result<Overrides> {
    let mut overrides = Overrides::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        for (setting, flag, variable) in SETTINGS {
            let Ok(Some(value)) = matches.try_get_one::<String>(setting) else {
                continue;
            };
            let given = match matches.value_source(setting) {
                Some(ValueSource::EnvVariable) => match environment::variable(variable)? {
                    Some(value) => (value, Origin::Environment(variable.to_string())),
                    None => continue,
                },
                _ => (value.clone(), Origin::Flag(flag.to_string())),
            };
            overrides.insert(setting.to_string(), given);
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    if let Some(target) = environment::variable("ASSETSYNC_TARGET")? {
        overrides.insert(
            "target".to_string(),
            (target, Origin::Environment("ASSETSYNC_TARGET".to_string())),
        );
    }
    if !global.no_cache {
        overrides.extend(cache_folder()?.map(|folder| ("cache".to_string(), folder)));
    }
    Ok(overrides)
}

/// The folder of what earlier runs found out.
fn cache_folder() -> Result<Option<(String, Origin)>> {
    const VARIABLE: &str = "ASSETSYNC_CACHE_DIR";
    if let Some(folder) = environment::variable(VARIABLE)? {
        return Ok(Some((folder, Origin::Environment(VARIABLE.to_string()))));
    }
    let usual = Cache::usual_folder();
    Ok(usual.and_then(|folder| Some((folder.to_str()?.to_string(), Origin::Default))))
}

/// A variable that is set to something and only shown: what isn't text in it is replaced.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// Says whether this runs where logs may be read by others: a CI sets this variable.
fn is_ci() -> bool {
    variable("CI").is_some_and(|value| !matches!(value.as_str(), "false" | "0"))
}

/// The configuration's file, if the environment names one.
fn config_variable() -> Result<Option<String>> {
    environment::variable("ASSETSYNC_CONFIG")
}

/// What it means that there's nothing to publish.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nothing {
    IsAMistake,
    /// The user said so.
    IsMeant,
}

/// What all commands share.
struct Session<'a> {
    global: &'a Global,
    overrides: Overrides,
    progress: Arc<Progress>,
    /// Targets that have another release since this run.
    switched: RefCell<Vec<String>>,
    stop: Stop,
    limits: Limits,
}

impl Session<'_> {
    fn init(&self, made_by: Option<Maker>) -> Result<Code> {
        let written = init::init(Path::new("."), &self.overrides, made_by)?;
        for file in &written.files {
            self.say(&format!("wrote {file}"));
        }
        for file in &written.kept {
            self.say(&format!("kept {file}, which was there"));
        }
        if written.is_bundled {
            self.say("A bundler made the files: the configuration has rules that let them keep their names.");
        }
        self.say(&format!(
            "The key's id is {}. Keep a copy of the key: without it, no name can be made again.",
            written.key_id
        ));
        self.say_next(&written);
        Ok(DONE)
    }

    /// Prints what a web server needs for the folder that is published into.
    fn server(&self, server: Server, target: Option<&String>) -> Result<Code> {
        let is_folder = |target: &&Target| matches!(target.place, Place::Directory(_));
        let names = match target {
            Some(name) => vec![name.clone()],
            None if self.overrides.contains_key("to") => Vec::new(),
            None => self.config(Wanted::NoTarget)?.target_names,
        };
        let config = self.config(Wanted::Targets(&names))?;
        let mut folders = config.targets.iter().filter(is_folder);
        match (folders.next(), folders.next()) {
            (Some(folder), None) => print(&server.configuration(folder, &config.rules)?)?,
            (None, _) => print(&server.configuration(&config.targets[0], &config.rules)?)?,
            (Some(folder), Some(_)) => {
                return Err(Error::usage(
                    "Which folder? There are several targets that are folders",
                    format!(
                        "name one: `{}`",
                        folder.command(&format!("init --server {}", server.name()))
                    ),
                ));
            }
        }
        Ok(DONE)
    }

    fn say_next(&self, written: &init::Written) {
        self.say("");
        if let Some(source) = &written.empty_source {
            self.say(&format!("Put your files into {source}/."));
        }
        if !written.buckets.is_empty() {
            let buckets = written.buckets.join(" and ");
            self.say(&format!("Make {buckets}, if you haven't yet."));
        }
        self.say(
            match &self.global.directory {
                None => "Then publish:".to_string(),
                Some(folder) => format!("Then publish, in {}:", folder.display()),
            }
            .as_str(),
        );
        let width = written.next.iter().map(|(command, _)| command.len()).max();
        for (command, what) in &written.next {
            let width = width.unwrap_or_default();
            self.say(&format!("  {command:<width$}   # {what}"));
        }
    }

    fn cors(&self, command: &CorsCommand) -> Result<Code> {
        match command {
            CorsCommand::Check { file, json, .. } => self.cors_check(file.as_deref(), *json),
            CorsCommand::Show { target, json, .. } => self.cors_show(&target.names()?, *json),
            CorsCommand::Diff {
                target,
                check,
                json,
                ..
            } => self.cors_diff(&target.names()?, *check, *json),
            CorsCommand::Apply { target, yes, .. } => self.cors_apply(&target.names()?, *yes),
        }
    }

    fn new_key(&self, file: &Path) -> Result<Code> {
        let secret = Secret::create_file(file)?;
        self.say(&format!("wrote {}", shown(&file.to_string_lossy())));
        print(&format!("{}\n", secret.id()))?;
        Ok(DONE)
    }

    fn key_id(&self) -> Result<Code> {
        let id = match self.overrides.get("key_file") {
            Some((file, _)) => Secret::from_file(Path::new(file))?.id(),
            None => self.config(Wanted::NoTarget)?.secret()?.id(),
        };
        print(&format!("{id}\n"))?;
        Ok(DONE)
    }

    fn config(&self, wanted: Wanted<'_>) -> Result<Config> {
        let file = match &self.global.config {
            Some(file) => Some(file.clone()),
            None => config_variable()?.map(PathBuf::from),
        };
        let mut config = Config::load(file.as_deref(), &self.overrides, wanted)?;
        if !self.global.show_hidden {
            hidden::hide(config.rules.levels(), is_ci());
        }
        for setting in &config.provenance {
            self.detail(&format!(
                "{} = {} ({})",
                setting.setting, setting.value, setting.origin
            ));
        }
        let requests = self.limits.requests(config.requests);
        if requests < config.requests {
            self.detail(&format!(
                "{requests} requests at a time, since few files may be open (`ulimit -n`)"
            ));
        }
        config.requests = requests;
        config.memory_bytes = self.limits.memory_bytes(config.memory_bytes);
        Ok(config)
    }

    /// What earlier runs found out about the files.
    fn cache(&self, config: &Config) -> Cache {
        match (self.overrides.get("cache"), config.sources.first()) {
            (Some((folder, _)), Some(source)) => Cache::open(Path::new(folder), &source.dir),
            _ => Cache::none(),
        }
    }

    fn secret(&self, config: &Config) -> Result<Secret> {
        let is_new = config.create_key && !config.key_file.exists();
        let secret = config.secret()?;
        if is_new {
            self.say(&format!(
                "made a new key, {} (id {}): keep a copy",
                config.key_file.display(),
                secret.id()
            ));
        }
        Ok(secret)
    }

    fn walk(&self, config: &Config, nothing: Nothing) -> Result<Tree> {
        refuse_without_source(config)?;
        let tree = walk(&config.sources, &config.rules);
        if !self.global.quiet {
            eprint(&tree_text(&tree, self.global.verbose));
        }
        if config.file.is_none() {
            self.say(&defaults_text(&tree));
        }
        let is_empty = tree.assets.is_empty() && tree.problems.is_empty();
        if is_empty && nothing == Nothing::IsAMistake {
            return Err(Error::Refused {
                message: "There is nothing to publish: no file was found".to_string(),
                hint: "is `dir` the right folder, and are the files' extensions published? `-v` tells what was left out".to_string(),
            });
        }
        Ok(tree)
    }

    /// A runtime for the network, in which signals are waited for.
    fn runtime(&self) -> Result<ManuallyDrop<Runtime>> {
        end_without_threads();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = runtime.map_err(|e| Error::Io {
            doing: "start",
            path: "the network threads".into(),
            source: e,
        })?;
        let stopped = {
            let _inside = runtime.enter();
            self.stop.clone().wait()
        };
        runtime.spawn(stopped);
        // The program ends when its work does: a name that is still being looked up isn't waited for.
        Ok(ManuallyDrop::new(runtime))
    }

    /// Does what changes something. When the user stops it, what is in flight has some seconds to end.
    fn settle<T>(&self, runtime: &Runtime, work: impl Future<Output = Result<T>>) -> Result<T> {
        let out_of_time = async {
            self.progress.stopped().await;
            tokio::time::sleep(GRACE).await;
        };
        let _display = self.display();
        runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = out_of_time => {
                    Err(Error::Unknown {
                        message: "No answer came before the run was stopped: what was begun may be done or not".to_string(),
                        hint: "`assetsync resolve` finds out".to_string(),
                    })
                }
            }
        })
    }

    fn display(&self) -> Display {
        let mode = match (self.global.quiet, io::stderr().is_terminal()) {
            (true, _) => DisplayMode::Quiet,
            (false, true) => DisplayMode::Bar,
            (false, false) => DisplayMode::Lines,
        };
        Display::start(&self.progress, mode)
    }

    fn say(&self, text: &str) {
        if !self.global.quiet {
            eprint(&format!("{text}\n"));
        }
    }

    fn detail(&self, text: &str) {
        if self.global.verbose {
            eprint(&format!("{text}\n"));
        }
    }
}

/// tokio panics where it can't start a thread, and may then wait for ever for those that it could start.
fn end_without_threads() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or_default();
        if message.starts_with("OS can't spawn worker thread") {
            let error = Error::Io {
                doing: "start",
                path: "another thread".into(),
                source: io::ErrorKind::OutOfMemory.into(),
            };
            eprint(&format!(
                "error: {error}\nhint: give this user more memory or processes (`ulimit -v`, `ulimit -u`)\n"
            ));
            std::process::exit(1);
        }
        usual(info);
    }));
}

/// Without a configuration, commands that publish nothing need no source.
fn refuse_without_source(config: &Config) -> Result<()> {
    match config.sources.is_empty() {
        false => Ok(()),
        true => Err(Error::usage(
            "No folder is given to publish",
            "`--from DIR` names it, or `[[source]]` in assetsync.toml",
        )),
    }
}

/// The levels of these names.
/// Returns the names of those of `ids` that the configuration holds.
fn held_names(levels: &Levels, ids: &BTreeSet<LevelId>) -> BTreeSet<String> {
    let held = ids.iter().filter(|id| levels.is_held(**id));
    held.map(|id| levels.name(*id).to_string()).collect()
}

/// Returns the levels of these names.
///
/// # Errors
/// A name that no level has.
fn levels(config: &Config, names: &[String]) -> Result<BTreeSet<LevelId>> {
    config.rules.levels().find(names).map_err(|error| {
        Error::usage(
            format!("{error} in the configuration").replacen('t', "T", 1),
            match &error.nearest {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "there are {}",
                    config
                        .rules
                        .levels()
                        .names()
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            },
        )
    })
}
