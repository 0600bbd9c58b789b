//! `diff` and `push`.

use std::collections::BTreeSet;
use std::io;
use std::thread::{self, JoinHandle};

use tokio::runtime::Runtime;

use super::guards::{allowed, allowed_by_diff, deny, excused, how, locks, nothing, urls};
use super::live::Overwritten;
use super::{CHANGES_FOUND, Code, DONE, Nothing, Session};
use crate::base::error::{Error, Result};
use crate::base::name::Secret;
use crate::cli::publish::{
    DiffArgs, Guards, Output, PushArgs, Restart, Unlock, VerifyHow, Warnings,
};
use crate::commands::output::{print, print_json};
use crate::config::{Config, Wanted};
use crate::naming::{Build, check, check_names};
use crate::release::excused::Excused;
use crate::release::guard::{self, Allowed, Refused};
use crate::release::publish::Published;
use crate::release::root::Commit;
use crate::release::{Basis, who};
use crate::report::{Outlook, leftovers_json, plan_json, plan_text, release_json, report_json};
use crate::site::exposure::Exposed;
use crate::site::locks::{Locks, unlock_all};
use crate::site::open::{Look, Opened};
use crate::site::planned::{Planned, build_all, checkout, put_back, take_stock};
use crate::tree::Tree;

/// Tree and builds to publish, and the opened targets.
struct Seen {
    /// Set only if there are levels.
    tree: Option<Tree>,
    builds: Vec<Build>,
    opened: Vec<Opened>,
}

/// Request to show what a push would do.
struct Preview<'a> {
    targets: &'a [String],
    /// True if changes are an exit code of their own.
    check: bool,
    warnings: &'a Warnings,
    unlock: &'a Unlock,
    flags: Flags<'a>,
    output: &'a Output,
}

/// Flags that decide what the push would be permitted.
enum Flags<'a> {
    OfDiff(&'a Restart),
    /// Flags of `push --dry-run`.
    OfPush(&'a Guards),
}

impl Preview<'_> {
    fn guards(&self) -> Option<&Guards> {
        match self.flags {
            Flags::OfDiff(_) => None,
            Flags::OfPush(guards) => Some(guards),
        }
    }
}

impl Session<'_> {
    pub(super) fn diff(&self, args: &DiffArgs) -> Result<Code> {
        self.foresee(&Preview {
            targets: &args.target.names()?,
            check: args.check,
            warnings: &args.warnings,
            unlock: &args.unlock,
            flags: Flags::OfDiff(&args.restart),
            output: &args.output,
        })
    }

    /// Shows the changes that a push would make.
    fn foresee(&self, preview: &Preview<'_>) -> Result<Code> {
        let Preview { unlock, output, .. } = preview;
        let guards = preview.guards();
        let config = self.config(Wanted::Targets(preview.targets))?;
        let runtime = self.runtime()?;
        let commit = commit_of(&config);
        let locks = locks(&config, unlock, guards)?;
        let Seen {
            tree,
            builds,
            mut opened,
        } = self.build_and_look(&runtime, &config, &locks, nothing(guards))?;
        deny(preview.warnings, &builds)?;
        let mut allowed = match preview.flags {
            Flags::OfDiff(restart) => allowed_by_diff(&config, unlock, restart)?,
            Flags::OfPush(guards) => {
                let excused = excused(guards, &builds)?;
                allowed(&config, guards, unlock, excused.all())?
            }
        };
        let planned = self.plan(&runtime, &config, &builds, &mut opened, commit)?;
        if let Some(guards) = guards {
            allowed.put_back = put_back(&planned, &guards.put_back)?;
        }
        self.check_former(&runtime, tree.as_ref(), &planned)?;
        let exposed: Vec<Exposed<'_>> = planned.iter().map(Planned::exposed).collect();
        let exposed = if guards.is_some_and(|guards| guards.allow_exposed) {
            Vec::new()
        } else {
            self.refusals_of_exposed(&runtime, &exposed)?
        };
        let exposed = exposed.into_iter().chain(std::iter::repeat((None, 0)));
        self.say_without_key(&config);
        self.say_built_paths(&planned);
        let mut documents = Vec::new();
        for (planned, (exposed, asked)) in planned.iter().zip(exposed) {
            let requests = planned.opened.store.requests() + asked;
            self.detail(&format!("{requests} requests sent"));
            let mut outlook = Outlook::of(planned, &allowed);
            outlook.refused.extend(exposed);
            if output.json {
                documents.push(plan_json(&outlook, urls(output)))
            } else {
                print(&plan_text(&outlook, urls(output)))?
            }
            self.say_beforehand(&outlook.stale);
            self.say_left(planned, &outlook.left);
            for Refused { message, hint, .. } in &outlook.refused {
                self.say(&format!("A push would be refused: {message}\nhint: {hint}"));
            }
        }
        if let Err(Error::Refused { message, hint, .. }) =
            config.check_strength(&self.secret_or_new(&config)?)
        {
            self.say(&format!("A push would be refused: {message}\nhint: {hint}"));
        }
        print_json(&documents)?;
        // Deleted files change nothing in the target, but they make another release.
        let has_changes = planned.iter().any(|planned| !planned.is_published);
        Ok(if preview.check && has_changes {
            CHANGES_FOUND
        } else {
            DONE
        })
    }

    pub(super) fn push(&self, args: &PushArgs) -> Result<Code> {
        let PushArgs {
            warnings,
            unlock,
            guards,
            output,
            ..
        } = args;
        let targets = args.targets.names()?;
        if args.dry_run {
            return self.foresee(&Preview {
                targets: &targets,
                check: false,
                warnings,
                unlock,
                flags: Flags::OfPush(guards),
                output,
            });
        }
        let config = self.config(Wanted::Targets(&targets))?;
        self.check_key(&config)?;
        let runtime = self.runtime()?;
        let commit = commit_of(&config);
        let locks = locks(&config, unlock, Some(guards))?;
        let Seen {
            tree,
            builds,
            mut opened,
        } = self.build_and_look(&runtime, &config, &locks, nothing(Some(guards)))?;
        deny(warnings, &builds)?;
        let excused = excused(guards, &builds)?;
        let mut allowed = allowed(&config, guards, unlock, excused.all())?;
        let all = self.plan(&runtime, &config, &builds, &mut opened, commit)?;
        allowed.put_back = put_back(&all, &guards.put_back)?;
        self.check_former(&runtime, tree.as_ref(), &all)?;
        // If there are several targets, the checks of all come before the first write.
        let check = |planned: &Planned<'_>| planned.check(&allowed);
        let check = |planned| check(planned).map_err(|error| self.without_key(planned, error));
        all.iter().try_for_each(check)?;
        self.say_built_paths(&all);
        for planned in &all {
            self.say_levels(planned);
            self.say_beforehand(&planned.stale());
        }
        let exposed: Vec<Exposed<'_>> = all.iter().map(Planned::exposed).collect();
        let asked = self.refuse_exposed(&runtime, &exposed, guards.allow_exposed)?;
        allowed.overwrite_live = self.confirm_all(&all, excused, guards)?;
        drop(exposed);
        self.keep_key(&config)?;
        let mut all = all;
        for planned in &mut all {
            self.move_releases(&runtime, planned, &allowed)?;
        }
        self.publish_all(&runtime, &all, &asked, &allowed, args)
    }

    /// Publishes to one target after the other, until one fails. `asked` is the number of requests
    /// that each exposure check took.
    fn publish_all(
        &self,
        runtime: &Runtime,
        all: &[Planned<'_>],
        asked: &[u64],
        allowed: &Allowed,
        args: &PushArgs,
    ) -> Result<Code> {
        let output = &args.output;
        let mut documents = Vec::new();
        let mut code = DONE;
        let (mut done, mut failed) = (Vec::new(), None);
        for (at, (planned, asked)) in all.iter().zip(asked).enumerate() {
            let published = self.publish(runtime, planned, allowed, args.guards.verify);
            let mut published = match published {
                Ok(published) => published,
                Err(error) => {
                    failed = Some(of_several(error, all, at, &done));
                    break;
                }
            };
            if published.is_new {
                self.switched
                    .borrow_mut()
                    .push(planned.opened.target.name.clone());
            }
            published.report = published.report.of_target(&planned.opened.target);
            let requests = planned.opened.store.requests() + asked;
            self.detail(&format!("{requests} requests sent"));
            if output.json {
                let document = document_of(planned, &published, requests);
                documents.push(document);
            } else {
                self.tell(planned, &published, output)?
            }
            self.say_left(planned, &planned.left(&published));
            self.stop.tell_pending();
            if code == DONE {
                code = published.report.exit_code();
            }
            if published.report.is_complete() {
                done.push(planned.opened.target.name.as_str());
            }
            if published.report.is_interrupted {
                break;
            }
        }
        print_json(&documents)?;
        failed.map_or(Ok(code), Err)
    }

    /// Moves the releases to the place that the current key determines, after a change of the key.
    fn move_releases(
        &self,
        runtime: &Runtime,
        planned: &mut Planned<'_>,
        allowed: &Allowed,
    ) -> Result<()> {
        if runtime.block_on(planned.move_releases(allowed))? {
            self.say(&format!(
                "{}: moved the releases to this key's folder",
                planned.opened.target.name
            ));
        }
        Ok(())
    }

    fn publish(
        &self,
        runtime: &Runtime,
        planned: &Planned<'_>,
        allowed: &Allowed,
        verify: Option<VerifyHow>,
    ) -> Result<Published> {
        let _display = self.display();
        self.stop.set_target(&planned.opened.target);
        runtime.block_on(planned.publish(allowed, verify.map(how), &self.progress))
    }

    /// Asks before names that match a pattern are overwritten, and before a level is taken back,
    /// while a target is live.
    fn confirm_all(
        &self,
        all: &[Planned<'_>],
        excused: Excused,
        guards: &Guards,
    ) -> Result<BTreeSet<String>> {
        let over: Vec<Vec<&str>> = all
            .iter()
            .map(|planned| guard::overwrites(&planned.plan).collect())
            .collect();
        let asked = all.iter().zip(&over).map(|(planned, over)| Overwritten {
            target: &planned.opened.target.name,
            live: planned.live(guards.verify.map(how)),
            over,
            relocked: planned.relocked_in_words(),
        });
        self.confirm_live(&asked.collect::<Vec<_>>(), excused, guards.overwrite.yes)
    }

    /// Checks that nothing new names an address that a hidden file had in an earlier release.
    fn check_former(
        &self,
        runtime: &Runtime,
        tree: Option<&Tree>,
        all: &[Planned<'_>],
    ) -> Result<()> {
        for planned in all {
            let Some(tree) = tree else {
                continue;
            };
            let former = self.unless_stopped(runtime, planned.former())?;
            let _display = self.display();
            planned.check_former(tree, &former, &self.progress)?;
        }
        Ok(())
    }

    /// Builds the tree on this thread and its helpers, and reads the targets over the network at
    /// the same time.
    fn build_and_look(
        &self,
        runtime: &Runtime,
        config: &Config,
        locks: &Locks,
        nothing: Nothing,
    ) -> Result<Seen> {
        let secret = self.secret_or_new(config)?;
        let look = Look::of(config, self.actor());
        let looks = config.targets.iter().map(|target| {
            runtime.spawn(Opened::look(target.clone(), secret.clone(), look.clone()))
        });
        let looks: Vec<_> = looks.collect();
        let mut tree = self.walk(config, nothing)?;
        check_names(&config.targets, &mut tree);
        let builds = self.build_all(config, &secret, &mut tree)?;
        for (target, build) in config.targets.iter().zip(builds.iter().cycle()) {
            check(target, build)?;
        }
        let mut opened = Vec::new();
        for (target, look) in config.targets.iter().zip(looks) {
            let look = async { look.await.expect("looking at a target doesn't panic") };
            let looked = self.unless_stopped(runtime, look);
            opened.push(looked.map_err(|error| error.of_target(target))?);
        }
        let roots = opened.iter().map(|opened| opened.base.root.as_ref());
        let builds = unlock_all(builds, locks, roots);
        let has_levels = !tree.levels.is_empty();
        Ok(Seen {
            tree: has_levels.then_some(tree),
            builds,
            opened,
        })
    }

    /// Builds the tree for all targets, and prints the warnings.
    pub(super) fn build_all(
        &self,
        config: &Config,
        secret: &Secret,
        tree: &mut Tree,
    ) -> Result<Vec<Build>> {
        let cache = self.cache(config);
        let display = self.display();
        let builds = build_all(config, secret, tree, &cache, &self.progress)?;
        drop(display);
        self.detail(&format!(
            "files unchanged since they were last read: {}",
            cache.known()
        ));
        self.warn(&builds[0]);
        Ok(builds)
    }

    /// Makes the plans for all targets before anything is written anywhere.
    fn plan<'b>(
        &self,
        runtime: &Runtime,
        config: &'b Config,
        builds: &'b [Build],
        opened: &'b mut [Opened],
        commit: Asked,
    ) -> Result<Vec<Planned<'b>>> {
        let commit = match commit {
            Ok(asked) => asked.join().expect("asking git doesn't panic"),
            // There was no thread left for it.
            Err(_) => who::commit(checkout(config)),
        };
        let planned = |(opened, build): (&'b mut Opened, &'b Build)| {
            let stock = take_stock(opened, build, config);
            let inventory = self.unless_stopped(runtime, stock)?;
            Ok(Planned::new(
                config,
                opened,
                build,
                &inventory,
                commit.as_ref(),
            ))
        };
        let builds = builds.iter().cycle();
        opened.iter_mut().zip(builds).map(planned).collect()
    }
}

type Asked = io::Result<JoinHandle<Option<Commit>>>;

/// Asks git for the commit in another thread, while the files are read: git has to check the whole
/// working tree.
fn commit_of(config: &Config) -> Asked {
    let folder = checkout(config).to_path_buf();
    thread::Builder::new().spawn(move || who::commit(&folder))
}

/// Returns the outcome of a push to one target, as JSON.
fn document_of(planned: &Planned<'_>, published: &Published, requests: u64) -> serde_json::Value {
    let (target, stale) = (&planned.opened.target, planned.stale());
    let mut document = report_json(target, planned.build, &stale, &published.report, requests);
    document["release"] = published.release.as_ref().map(release_json).into();
    document["is_new_release"] = published.is_new.into();
    document["repaired"] = published.repaired.clone().into();
    document["reachable"] = leftovers_json(&planned.left(published));
    document["is_seen"] = (published.basis == Basis::Seen).into();
    document
}

/// Adds to an error which of several targets failed, which were published before it, and which
/// weren't started.
fn of_several(error: Error, all: &[Planned<'_>], at: usize, done: &[&str]) -> Error {
    let target = &all[at].opened.target;
    let error = error.of_target(target);
    if all.len() == 1 {
        return error;
    }
    let rest: Vec<&str> = all[at + 1..]
        .iter()
        .map(|planned| planned.opened.target.name.as_str())
        .collect();
    let told = [("already published", done), ("not started", &rest)];
    let told = told.into_iter().filter(|(_, names)| !names.is_empty());
    let told = told.map(|(what, names)| format!("{what}: {}", names.join(", ")));
    let told: Vec<String> = told.collect();
    error.at(&if told.is_empty() {
        target.name.clone()
    } else {
        format!("{} ({})", target.name, told.join("; "))
    })
}
