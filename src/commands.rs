//! What each command does, in terms of the library. Output that was asked for goes to standard output, all
//! else to standard error.

use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assetsync::config::{Origin, nearest};
use assetsync::manifest;
use assetsync::report::{
    Display, DisplayMode, Urls, plan_json, plan_text, report_json, report_text, tree_text,
};
use assetsync::rules::Publish;
use assetsync::store::{Listing, check, public_url};
use assetsync::{
    Build, Config, Error, LogicalPath, Options, Overrides, Patience, Plan, Progress, Report,
    Result, Secret, Store, StoreError, Target, Tree, Wanted, apply, build, init, inventory, open,
    plan, walk,
};
use clap::ArgMatches;
use clap::parser::ValueSource;
use tokio::runtime::Runtime;

use crate::cli::{Cli, Command, Global, KeyCommand, ManifestFormat, Output, SETTINGS};
use crate::output::{self, eprint, print, print_json, write_atomically};

/// How a run without an error ended, as an exit code.
type Code = u8;

const DONE: Code = 0;
const CHANGES_FOUND: Code = 6;

pub fn run(cli: &Cli, matches: &ArgMatches) -> Result<Code> {
    let session = Session {
        global: &cli.global,
        overrides: overrides(matches),
        progress: Arc::new(Progress::new()),
    };
    start_workers()?;
    match &cli.command {
        Command::Init => session.init(),
        Command::Key(KeyCommand::New { file }) => session.new_key(file),
        Command::Key(KeyCommand::Id { .. }) => session.key_id(),
        Command::Diff {
            target,
            check,
            output,
            ..
        } => session.diff(target.as_slice(), *check, output),
        Command::Push {
            targets,
            dry_run: true,
            output,
            ..
        } => session.diff(targets, false, output),
        Command::Push {
            targets, output, ..
        } => session.push(targets, output),
        Command::Url { paths, target, .. } => session.url(paths, target.as_slice()),
        Command::Manifest { format, out, .. } => session.manifest(*format, out.as_deref()),
        Command::Completions { shell } => output::completions(*shell).map(|()| DONE),
        Command::Man => output::man().map(|()| DONE),
    }
}

/// Threads for hashing and compressing, as many as there are cores or RAYON_NUM_THREADS says.
fn start_workers() -> Result<()> {
    rayon::ThreadPoolBuilder::new()
        .build_global()
        .map_err(|e| Error::Io {
            doing: "start",
            path: "the worker threads".into(),
            source: io::Error::other(e),
        })
}

/// The settings that flags and environment give, and which of the two it was.
fn overrides(matches: &ArgMatches) -> Overrides {
    let mut overrides = Overrides::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        for (setting, flag, variable) in SETTINGS {
            let Ok(Some(value)) = matches.try_get_one::<String>(setting) else {
                continue;
            };
            let origin = match matches.value_source(setting) {
                // CI sets the variables of secrets that aren't there to nothing.
                Some(ValueSource::EnvVariable) if value.is_empty() => continue,
                Some(ValueSource::EnvVariable) => Origin::Environment(variable.to_string()),
                _ => Origin::Flag(flag.to_string()),
            };
            overrides.insert(setting.to_string(), (value.clone(), origin));
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    if let Some(target) = variable("ASSETSYNC_TARGET") {
        overrides.insert(
            "target".to_string(),
            (target, Origin::Environment("ASSETSYNC_TARGET".to_string())),
        );
    }
    overrides
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What all commands share.
struct Session<'a> {
    global: &'a Global,
    overrides: Overrides,
    progress: Arc<Progress>,
}

/// A target that was opened, and what is in it.
struct Opened<'a> {
    target: &'a Target,
    store: Arc<dyn Store>,
    listing: Listing,
}

/// A target, and what will be done to it.
struct Planned<'a> {
    target: &'a Target,
    store: Arc<dyn Store>,
    plan: Plan<'a>,
}

impl Session<'_> {
    fn init(&self) -> Result<Code> {
        let written = init::init(Path::new("."))?;
        for file in &written.files {
            self.say(&format!("wrote {file}"));
        }
        for file in &written.kept {
            self.say(&format!("kept {file}, which was there"));
        }
        self.say("Next: put files into assets/, and see what `assetsync diff` says.");
        self.say(&format!(
            "The key's id is {}. Keep a copy of the key: without it, no name can be made again.",
            written.key_id
        ));
        Ok(DONE)
    }

    fn new_key(&self, file: &Path) -> Result<Code> {
        let secret = Secret::create_file(file)?;
        self.say(&format!("wrote {}", file.display()));
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

    fn diff(&self, targets: &[String], check: bool, output: &Output) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        let runtime = self.runtime()?;
        let (build, opened) = self.build_and_list(&runtime, &config)?;
        let planned = self.plan(&runtime, &config, &build, opened)?;
        let mut documents = Vec::new();
        for Planned {
            target,
            plan,
            store,
        } in &planned
        {
            self.detail(&format!("{} requests sent", store.requests()));
            match output.json {
                true => documents.push(plan_json(target, &build, plan, urls(output))),
                false => print(&plan_text(target, &build, plan, urls(output)))?,
            }
        }
        print_json(&documents)?;
        let has_changes = planned.iter().any(|planned| !planned.plan.is_empty());
        Ok(if check && has_changes {
            CHANGES_FOUND
        } else {
            DONE
        })
    }

    fn push(&self, targets: &[String], output: &Output) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        let runtime = self.runtime()?;
        let (build, opened) = self.build_and_list(&runtime, &config)?;
        let mut documents = Vec::new();
        let mut code = DONE;
        for planned in self.plan(&runtime, &config, &build, opened)? {
            let report = self.apply(&runtime, &config, &build, &planned);
            let requests = planned.store.requests();
            self.detail(&format!("{requests} requests sent"));
            match output.json {
                true => documents.push(report_json(planned.target, &build, &report, requests)),
                false => self.tell(&planned, &build, &report, output)?,
            }
            if code == DONE {
                code = report.exit_code();
            }
            if report.is_interrupted {
                break;
            }
        }
        print_json(&documents)?;
        Ok(code)
    }

    fn apply(
        &self,
        runtime: &Runtime,
        config: &Config,
        build: &Build,
        planned: &Planned<'_>,
    ) -> Report {
        let options = Options {
            requests: config.requests,
            memory_bytes: config.memory_bytes,
            gzip_level: config.gzip_level,
        };
        let _display = self.display();
        runtime.block_on(apply(
            &planned.plan,
            build,
            &planned.store,
            &options,
            &self.progress,
        ))
    }

    fn tell(
        &self,
        planned: &Planned<'_>,
        build: &Build,
        report: &Report,
        output: &Output,
    ) -> Result<()> {
        if output.show_urls {
            print(&plan_text(
                planned.target,
                build,
                &planned.plan,
                Urls::Shown,
            ))?;
        }
        let text = report_text(planned.target, build, report);
        match (report.is_complete(), self.global.quiet) {
            (false, _) => eprint(&text),
            (true, false) => print(&text)?,
            (true, true) => {}
        }
        Ok(())
    }

    fn url(&self, paths: &[String], targets: &[String]) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        let secret = self.secret(&config)?;
        let mut tree = walk(&config.sources, &config.rules);
        let is_in = |path: &&String| {
            tree.assets
                .iter()
                .any(|asset| asset.path.as_str() == path.as_str())
        };
        if let Some(unknown) = paths.iter().find(|path| !is_in(path)) {
            return Err(unknown_path(unknown, &tree, &config));
        }
        tree.assets
            .retain(|asset| paths.iter().any(|path| path == asset.path.as_str()));
        tree.problems.clear();
        let build = build(&tree, &secret, &self.progress)?;
        for target in &config.targets {
            check(target, &build)?;
            for path in paths {
                let object = build.find(path).expect("every path was found in the tree");
                print(&format!("{}\n", public_url(target, &object.key)))?;
            }
        }
        Ok(DONE)
    }

    fn manifest(&self, format: ManifestFormat, out: Option<&Path>) -> Result<Code> {
        let config = self.config(Wanted::NoTarget)?;
        if let Some(out) = out {
            refuse_inside(&config, out)?;
        }
        let _signals = self.runtime()?;
        let secret = self.secret(&config)?;
        let tree = self.walk(&config)?;
        let build = build(&tree, &secret, &self.progress)?;
        let text = match format {
            ManifestFormat::Django => manifest::django(&build),
            ManifestFormat::Json => {
                let manifest = manifest::manifest(&build, config.gzip_level, &self.progress)?;
                serde_json::to_string_pretty(&manifest).expect("strings and numbers are JSON")
                    + "\n"
            }
        };
        match out {
            None => print(&text)?,
            Some(file) => write_atomically(file, &text)?,
        }
        Ok(DONE)
    }

    fn config(&self, wanted: Wanted<'_>) -> Result<Config> {
        let file = self
            .global
            .config
            .clone()
            .or_else(|| variable("ASSETSYNC_CONFIG").map(PathBuf::from));
        let config = Config::load(file.as_deref(), &self.overrides, wanted)?;
        for setting in &config.provenance {
            self.detail(&format!(
                "{} = {} ({})",
                setting.setting, setting.value, setting.origin
            ));
        }
        Ok(config)
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

    fn walk(&self, config: &Config) -> Result<Tree> {
        let tree = walk(&config.sources, &config.rules);
        if !self.global.quiet {
            eprint(&tree_text(&tree, self.global.verbose));
        }
        if tree.assets.is_empty() && tree.problems.is_empty() {
            return Err(Error::Refused {
                message: "There is nothing to publish: no file was found".to_string(),
                hint: "is `dir` the right folder, and are the files' extensions published? `-v` tells what was left out".to_string(),
            });
        }
        Ok(tree)
    }

    /// Hashes the tree on this thread and its helpers, while the targets are listed over the network.
    fn build_and_list<'c>(
        &self,
        runtime: &Runtime,
        config: &'c Config,
    ) -> Result<(Build, Vec<Opened<'c>>)> {
        let secret = self.secret(config)?;
        let patience = Patience::seconds(config.retry_seconds);
        let listings: Vec<_> = config
            .targets
            .iter()
            .map(|target| runtime.spawn(open_and_list(target.clone(), patience)))
            .collect();
        let tree = self.walk(config)?;
        let _display = self.display();
        let build = build(&tree, &secret, &self.progress)?;
        config
            .targets
            .iter()
            .try_for_each(|target| check(target, &build))?;
        let mut opened = Vec::new();
        for (target, listing) in config.targets.iter().zip(listings) {
            let listing = async { listing.await.expect("listing a target doesn't panic") };
            let (store, listing) = self.unless_stopped(runtime, listing)?;
            opened.push(Opened {
                target,
                store,
                listing,
            });
        }
        Ok((build, opened))
    }

    /// Every plan is made before anything is written anywhere.
    fn plan<'b>(
        &self,
        runtime: &Runtime,
        config: &Config,
        build: &'b Build,
        opened: Vec<Opened<'b>>,
    ) -> Result<Vec<Planned<'b>>> {
        let planned = |Opened {
                           target,
                           store,
                           listing,
                       }: Opened<'b>| {
            let inventory = inventory(&*store, listing, build, config.requests);
            let inventory = self.unless_stopped(runtime, inventory)?;
            Ok(Planned {
                target,
                plan: plan(build, &inventory),
                store,
            })
        };
        opened.into_iter().map(planned).collect()
    }

    fn unless_stopped<T>(
        &self,
        runtime: &Runtime,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T> {
        runtime.block_on(async {
            tokio::select! {
                done = work => Ok(done?),
                () = self.progress.stopped() => Err(Error::Interrupted),
            }
        })
    }

    /// A runtime for the network, in which Ctrl-C and SIGTERM are waited for: the first stops new work, the
    /// second everything.
    fn runtime(&self) -> Result<ManuallyDrop<Runtime>> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = runtime.map_err(|e| Error::Io {
            doing: "start",
            path: "the network threads".into(),
            source: e,
        })?;
        let progress = Arc::clone(&self.progress);
        runtime.spawn(async move {
            stop_signal().await;
            anstream::eprintln!(
                "stopping: what is in flight is finished; once more to stop at once"
            );
            progress.stop();
            stop_signal().await;
            std::process::exit(130);
        });
        // The program ends when its work does: a name that is still being looked up isn't waited for.
        Ok(ManuallyDrop::new(runtime))
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
            anstream::eprintln!("{text}");
        }
    }

    fn detail(&self, text: &str) {
        if self.global.verbose {
            anstream::eprintln!("{text}");
        }
    }
}

async fn open_and_list(
    target: Target,
    patience: Patience,
) -> Result<(Arc<dyn Store>, Listing), StoreError> {
    let store = open(&target, patience).await?;
    let listing = store.list().await?;
    Ok((store, listing))
}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be waited for");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be waited for");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    tokio::signal::ctrl_c()
        .await
        .expect("Ctrl-C can be waited for");
}

fn urls(output: &Output) -> Urls {
    if output.show_urls {
        Urls::Shown
    } else {
        Urls::Hidden
    }
}

fn unknown_path(path: &str, tree: &Tree, config: &Config) -> Error {
    let policy = LogicalPath::parse(path).map(|path| config.rules.policy(&path).publish);
    let (message, hint) = match policy {
        Ok(Publish::LeftOut) => (
            format!("`{path}` isn't published: a rule leaves it out"),
            String::new(),
        ),
        Ok(Publish::NotListed) => (
            format!("`{path}` isn't published: its extension isn't one of the web's"),
            "`extensions` in assetsync.toml, or a rule with `publish = true`, lets it through"
                .to_string(),
        ),
        _ => (
            format!("There is no `{path}` in the tree"),
            match nearest(path, tree.assets.iter().map(|asset| asset.path.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "paths are relative to the source, such as `puzzle/gears/index.html`"
                    .to_string(),
            },
        ),
    };
    Error::Usage { message, hint }
}

/// A manifest in a source would be published by the next push, with every name in it.
fn refuse_inside(config: &Config, out: &Path) -> Result<()> {
    let folder = out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    let holds = |dir: &Path| matches!((real(folder), real(dir)), (Ok(folder), Ok(dir)) if folder.starts_with(&dir));
    match config.sources.iter().find(|source| holds(&source.dir)) {
        None => Ok(()),
        Some(source) => Err(Error::Usage {
            message: format!(
                "`{}` is in the source `{}`",
                out.display(),
                source.dir.display()
            ),
            hint: "a manifest names every object: write it to a place that isn't published"
                .to_string(),
        }),
    }
}
