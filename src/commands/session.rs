//! Sessions: the settings, progress, signals and messages that all commands share.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::display::{Display, DisplayMode};
use super::limits::Limits;
use super::log;
use super::output::eprint;
use super::settings::{config_variable, is_ci, variable};
use super::stop::Stop;
use super::threads;
use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::base::name::Secret;
use crate::base::progress::Progress;
use crate::base::refusal::Guard;
use crate::base::text::uncoloured;
use crate::cache::Cache;
use crate::cli::Global;
use crate::config::{Config, Overrides, Wanted};
use crate::hidden;
use crate::levels::{LevelId, Levels};
use crate::release::who;
use crate::report::{defaults_text, tree_text};
use crate::site::planned::Planned;
use crate::tree::{Tree, walk};

/// Time that requests in flight get after the run was stopped.
const GRACE: Duration = Duration::from_secs(10);

/// Meaning of a tree with nothing to publish.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    IsAMistake,
    /// The user confirmed it.
    IsMeant,
}

/// State that all commands share.
pub(super) struct Session<'a> {
    pub(super) global: &'a Global,
    pub(super) overrides: Overrides,
    pub(super) progress: Arc<Progress>,
    /// Targets that this run switched to another release.
    pub(super) switched: RefCell<Vec<String>>,
    pub(super) stop: Stop,
    pub(super) limits: Limits,
    /// A key that this run made, and that isn't in its file yet.
    pub(super) new_key: RefCell<Option<Secret>>,
}

impl Session<'_> {
    /// Returns who runs the command, for the records in the releases.
    pub(super) fn actor(&self) -> String {
        who::actor(variable)
    }

    pub(super) fn config(&self, wanted: Wanted<'_>) -> Result<Config> {
        let file = match &self.global.config {
            Some(file) => Some(file.clone()),
            None => config_variable()?.map(PathBuf::from),
        };
        let mut config = Config::read(file.as_deref(), &self.overrides, wanted)?;
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
                "limited to {requests} requests at a time by the limit on open files (`ulimit -n`)"
            ));
        }
        config.requests = requests;
        config.memory_bytes = self.limits.memory_bytes(config.memory_bytes);
        Ok(config)
    }

    /// Opens the cache of facts about files that earlier runs collected.
    pub(super) fn cache(&self, config: &Config) -> Cache {
        match (self.overrides.get("cache"), config.sources.first()) {
            (Some((folder, _)), Some(source)) => Cache::open(Path::new(folder), &source.dir),
            _ => Cache::none(),
        }
    }

    /// Returns the team's key, which must exist: a new one would find nothing.
    pub(super) fn secret(&self, config: &Config) -> Result<Secret> {
        config.secret_from_file()
    }

    /// Returns the team's key, or a new one if there is none yet and `create_key` allows that.
    /// Nothing is written before [`Session::keep_key`].
    pub(super) fn secret_or_new(&self, config: &Config) -> Result<Secret> {
        if let Some(new) = &*self.new_key.borrow() {
            return Ok(new.clone());
        }
        if !config.makes_key() {
            return config.secret_from_file();
        }
        let new = Secret::random()?;
        Ok(self.new_key.borrow_mut().insert(new).clone())
    }

    /// Writes a new key to its file, before anything is published with it.
    pub(super) fn keep_key(&self, config: &Config) -> Result<()> {
        let Some(secret) = self.new_key.borrow_mut().take() else {
            return Ok(());
        };
        secret.write(&config.key_file)?;
        self.say(&format!(
            "created a new key, {} (id {}): keep a copy",
            config.key_file.display(),
            secret.id()
        ));
        Ok(())
    }

    /// Reports that there is no key yet, if so.
    pub(super) fn say_without_key(&self, config: &Config) {
        if self.new_key.borrow().is_some() {
            self.say(&format!(
                "there is no key yet: `assetsync push` creates {}",
                config.key_file.display()
            ));
        }
    }

    /// Adds to the refusal of a push that its key was missing, if something was published with a
    /// key before: that's the likely reason.
    pub(super) fn without_key(&self, planned: &Planned<'_>, error: Error) -> Error {
        let is_without = self.new_key.borrow().is_some() && planned.was_published();
        match error {
            Error::Refused {
                guards,
                message,
                hint,
            } if is_without => Error::Refused {
                guards,
                message,
                hint: Hint::from(format!(
                    "the key file `{}` doesn't exist: restore the key that was used before; ",
                    planned.config.key_file.display()
                ))
                .then(hint),
            },
            error => error,
        }
    }

    pub(super) fn walk(&self, config: &Config, nothing: Nothing) -> Result<Tree> {
        refuse_without_source(config)?;
        let tree = walk(&config.sources, &config.rules);
        if !self.global.quiet {
            eprint(&tree_text(&tree, self.global.is_verbose()));
        }
        if config.file.is_none() {
            self.say(&defaults_text(&tree));
        }
        let is_empty = tree.assets.is_empty() && tree.problems.is_empty();
        if is_empty && nothing == Nothing::IsAMistake {
            return Err(Error::refused(
                Guard::Empty,
                "Nothing to publish: no files found",
                "check `dir` and the files' extensions; `-v` lists skipped files",
            ));
        }
        Ok(tree)
    }

    /// Starts a runtime for the network, which also waits for signals.
    pub(super) fn runtime(&self) -> Result<ManuallyDrop<Runtime>> {
        let runtime = threads::starting(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            // Starts the first thread that reads files.
            drop(runtime.spawn_blocking(|| ()));
            Ok(runtime)
        });
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
        // The program ends when its work is done. It doesn't wait for a name that is still being
        // resolved.
        Ok(ManuallyDrop::new(runtime))
    }

    /// Runs work that changes something. If the user stops it, requests in flight get some seconds
    /// to end.
    pub(super) fn settle<T>(
        &self,
        runtime: &Runtime,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
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
                        message: "The run was stopped before the storage answered: its last changes may or may not have been made".to_string(),
                        hint: Verb::Resolve.then(" finds out"),
                    })
                }
            }
        })
    }

    pub(super) fn display(&self) -> Display {
        let is_told = !self.global.quiet && !log::is_for_programs();
        let mode = match (is_told, io::stderr().is_terminal()) {
            (false, _) => DisplayMode::Quiet,
            (true, true) => DisplayMode::Bar,
            (true, false) => DisplayMode::Lines,
        };
        Display::start(&self.progress, mode)
    }

    pub(super) fn say(&self, text: &str) {
        if !self.global.quiet {
            eprint(&format!("{text}\n"));
        }
    }

    pub(super) fn detail(&self, text: &str) {
        match log::is_for_programs() {
            true => tracing::debug!("{}", uncoloured(text)),
            // Printed without changes: a log for people has no colors.
            false if self.global.is_verbose() => eprint(&format!("{text}\n")),
            false => {}
        }
    }

    /// Waits for `work`, unless the user stops it.
    pub(super) fn unless_stopped<T>(
        &self,
        runtime: &Runtime,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let _display = self.display();
        runtime.block_on(self.progress.unless_stopped(work))
    }
}

/// Refuses to continue without a source. Only commands that publish nothing can run without one.
pub(super) fn refuse_without_source(config: &Config) -> Result<()> {
    if !config.sources.is_empty() {
        Ok(())
    } else {
        Err(Error::usage(
            "No folder to publish was given",
            "set it with `--from DIR`, or with `[[source]]` in assetsync.toml",
        ))
    }
}

/// Returns the names of those of `ids` that the configuration holds.
pub(super) fn held_names(levels: &Levels, ids: &BTreeSet<LevelId>) -> BTreeSet<String> {
    let held = ids.iter().filter(|id| levels.is_held(**id));
    held.map(|id| levels.name(*id).to_string()).collect()
}

/// Returns the levels of these names.
///
/// # Errors
/// Returns an error for a name that no level has.
pub(super) fn levels(config: &Config, names: &[String]) -> Result<BTreeSet<LevelId>> {
    config.rules.levels().find(names).map_err(|error| {
        Error::usage(
            format!("{error} in the configuration").replacen('t', "T", 1),
            match &error.nearest {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "levels in the configuration: {}",
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
