//! `releases`, `rollback`, `prune` and `resolve`: commands that work on releases without the tree.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::base::likeness::nearest;
use crate::base::refusal::Guard;
use crate::base::text::count;
use crate::config::{Config, Target, Wanted};
use crate::hidden;
use crate::release::adopt;
use crate::release::excused::Excused;
use crate::release::forgotten::push_first;
use crate::release::guard::Allowed;
use crate::release::leftover::{Leftover, Why};
use crate::release::presence::{Presence, presence};
use crate::release::prune;
use crate::release::prune::{Finished, Keep};
use crate::release::rollback::{
    Rollback, RolledBack, nothing_published, preview, rollback, settle_current,
};
use crate::release::root::Root;
use crate::release::state::State;
use crate::release::verify::Verify;
use crate::report::{
    adoption_text, failures_json, failures_text, left_out_text, leftovers_json, leftovers_text,
    live_text, release_json, releases_json, releases_text, rolled_back_text, sweep_json,
    sweep_text, young_text,
};
use crate::store::{Store, open};
use tokio::runtime::Runtime;

use super::ask::{Question, confirm};
use super::guards::how;
use super::live::Overwritten;
use super::{Code, DONE, Session};
use crate::cli::publish::Overwrite;
use crate::cli::releases::{PruneArgs, ReleasesAdoptArgs, ReleasesArgs, ResolveArgs, RollbackArgs};
use crate::cli::targets::TargetOrRelease;
use crate::commands::output::{eprint, print, print_json};
use crate::site::open::{Look, open_both};
use crate::site::planned::options;

/// Describes an interrupted deletion that was finished now.
fn finished_in_words(finished: Finished) -> String {
    format!(
        "finished an interrupted {}: {} deleted",
        finished.what,
        count(finished.deleted, "object")
    )
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Opened target, with its releases.
pub(super) struct Opened<'s> {
    pub(super) config: Config,
    pub(super) state: State,
    store: Arc<dyn Store>,
    /// Root when the releases were opened.
    root: Option<Root>,
    runtime: ManuallyDrop<Runtime>,
    session: &'s Session<'s>,
}

impl Opened<'_> {
    /// Waits for `work`, unless the user stops it.
    pub(super) fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let done = self.session.unless_stopped(&self.runtime, work);
        done.map_err(|error| error.of_target(self.target()))
    }

    pub(super) async fn root(&self) -> Result<Root> {
        let held = self.state.root().await?;
        held.map(|held| held.root).ok_or_else(nothing_published)
    }

    /// Checks that the target exists and is the one that these releases describe. For commands that
    /// change only the root.
    ///
    /// # Errors
    /// Returns the errors of reading the target. Returns [`Error::Refused`] if there is no release,
    /// but the target has objects of earlier ones.
    pub(super) fn check_target(&self) -> Result<()> {
        let look = presence(&*self.store, &self.state, self.root.as_ref());
        match self.wait(look)? {
            Presence::AsKnown => Ok(()),
            Presence::Changed => {
                let audit = self.target().command(Verb::Audit);
                self.session.say(&format!(
                    "warning: an object of the current release is missing or changed in the target: `{audit}` shows details"
                ));
                Ok(())
            }
            Presence::Forgotten(forgotten) => {
                let refused = forgotten.refused(self.target(), push_first(self.target()));
                Err(Error::from(refused).of_target(self.target()))
            }
        }
    }

    /// Returns whether a push to this target has begun, or has made a release.
    pub(super) fn is_begun(&self) -> bool {
        self.root.as_ref().is_some_and(Root::is_begun)
    }

    pub(super) fn target(&self) -> &Target {
        &self.config.targets[0]
    }

    pub(super) fn name(&self) -> &str {
        &self.target().name
    }

    /// Waits for a change that has begun. If the user stops it, waits some more seconds, to report
    /// how it ended.
    pub(super) fn settle<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let done = self.session.settle(&self.runtime, work);
        done.map_err(|error| error.of_target(self.target()))
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Returns the root as it was when the releases were opened.
    pub(super) fn known_root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    /// Does the same for work that may delete. If it is stopped, reports the command that finishes
    /// it.
    pub(super) fn deleting<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.settle(work).inspect_err(|error| {
            if matches!(error, Error::Interrupted | Error::Unknown { .. }) {
                let resolve = self.target().command(Verb::Resolve);
                self.session.say(&format!(
                    "the {what} may have stopped halfway. \
                     If so, pushes are blocked until you run `{resolve}`"
                ));
            }
        })
    }
}

impl Session<'_> {
    /// Opens one target and its releases.
    pub(super) fn open(&self, target: &[String]) -> Result<Opened<'_>> {
        let config = self.config(Wanted::Targets(target))?;
        let secret = self.secret(&config)?;
        let runtime = self.runtime()?;
        let look = Look::of(&config, self.actor());
        let target = &config.targets[0];
        self.stop.set_target(target);
        let both = open_both(target, &secret, &look);
        let (store, state, root) = self
            .unless_stopped(&runtime, both)
            .map_err(|error| error.of_target(target))?;
        Ok(Opened {
            config,
            state: state.stopped_by(&self.progress),
            store,
            root,
            runtime,
            session: self,
        })
    }

    pub(super) fn releases(&self, args: &ReleasesArgs) -> Result<Code> {
        let (place, as_json) = (self.open(&args.target.names()?)?, args.json);
        let (root, retained) = place.wait(async {
            let root = place.root().await?;
            let retained = place.state.retained(&root).await?;
            Ok((root, retained))
        })?;
        if as_json {
            print_json(&[releases_json(place.name(), &root, &retained)])?
        } else {
            print(&releases_text(place.target(), &root, &retained))?
        }
        Ok(DONE)
    }

    pub(super) fn adopt(&self, args: &ReleasesAdoptArgs) -> Result<Code> {
        let config = self.config(Wanted::Targets(&args.target.names()?))?;
        let secret = self.secret(&config)?;
        let runtime = self.runtime()?;
        let (look, target) = (Look::of(&config, self.actor()), &config.targets[0]);
        let (requests, of_target) = (config.requests, |error: Error| error.of_target(target));
        let plan = async {
            let store = open(target, look.timeouts).await?;
            let found = State::find(
                target,
                &store,
                &secret,
                look.timeouts,
                requests,
                &look.actor,
            );
            let (state, _) = found.await?;
            let adoption = adopt::plan(target, &store, &state, &secret, requests).await?;
            Ok((state, adoption))
        };
        let planned = self.unless_stopped(&runtime, plan);
        let (state, adoption) = planned.map_err(of_target)?;
        print(&adoption_text(&target.name, &adoption))?;
        if !args.yes {
            confirm(&Question {
                question: "Adopt these releases?",
                unasked: "Cannot confirm the adoption: standard input is not a terminal",
                declined: "Nothing was changed",
            })?;
        }
        let adopted = runtime.block_on(adopt::adopt(&state, &adoption));
        let root = adopted.map_err(of_target)?;
        print(&live_text(target, Some(&root)))?;
        Ok(DONE)
    }

    pub(super) fn rollback(&self, args: &RollbackArgs) -> Result<Code> {
        let (target, release) = self.target_and_release(&args.which)?;
        let place = self.open(&target)?;
        let levels = place.config.rules.levels();
        let asked = super::levels(&place.config, &args.unlock.levels)?;
        let known = place.known_root().map(|root| root.unlocked.keys());
        let known = known.map(|names| levels.unlocked_by(names));
        let unlocked = asked.union(&known.unwrap_or_default()).copied().collect();
        let (release, overwrite_live) = self.excused(&place, release, &args.overwrite)?;
        let allowed = Allowed {
            overwrite_live,
            held: levels.held(&unlocked),
            levels: levels.clone(),
            unlock: super::held_names(levels, &asked),
            unlocked,
            ..Allowed::default()
        };
        let options = options(&place.config);
        let asked = Rollback {
            store: &place.store,
            state: &place.state,
            verify: how(args.verify),
            allowed: &allowed,
            options: &options,
            progress: &self.progress,
        };
        let done = place.settle(rollback(&asked, release.as_deref()));
        self.stop.tell_pending();
        let mut done = done?;
        self.switched.borrow_mut().push(place.name().to_string());
        done.report = done.report.of_target(place.target());
        self.say_left_of_rollback(&place, &done, &allowed.held)?;
        self.say_left_out(&place, &done)?;
        let text = rolled_back_text(place.target(), &done, &allowed.held);
        match (args.json, done.report.is_complete()) {
            (true, _) => {
                let document = serde_json::json!({
                    "format": "assetsync rollback",
                    "version": 1,
                    "target": place.name(),
                    "complete": done.report.is_complete(),
                    "failures": failures_json(&done.report),
                    "from": release_json(&done.from),
                    "to": release_json(&done.to),
                    "taken_back": done.taken_back,
                    "made_from": done.made_from,
                    "left_out": done.left_out,
                    "reachable": leftovers_json(&done.left),
                });
                print_json(&[document])?;
            }
            (false, true) => print(&text)?,
            (false, false) => eprint(&text),
        }
        Ok(done.report.exit_code())
    }

    /// Reports the files that can still be fetched although the new current release doesn't publish
    /// them. Files of levels that pushes publish are left to the report on the rollback. `held` has
    /// the other levels that are held.
    fn say_left_of_rollback(
        &self,
        place: &Opened<'_>,
        done: &RolledBack,
        held: &BTreeSet<String>,
    ) -> Result<()> {
        let is_told = |left: &&Leftover| match &left.why {
            Why::Held(level) => held.contains(level) || !done.taken_back.contains_key(level),
            Why::PlainName | Why::SameAsHeld(_) => true,
        };
        let left: Vec<Leftover> = done.left.iter().filter(is_told).cloned().collect();
        if left.is_empty() {
            return Ok(());
        }
        let manifest = place.wait(place.state.manifest(&done.to.manifest))?;
        let published: Vec<&str> = manifest.published().map(|entry| &*entry.path).collect();
        self.say(leftovers_text(place.target(), &left, &published).trim_end());
        Ok(())
    }

    /// Warns of dead links to the files that the new current release is without.
    fn say_left_out(&self, place: &Opened<'_>, done: &RolledBack) -> Result<()> {
        if done.left_out.is_empty() {
            return Ok(());
        }
        let root = place.wait(place.root())?;
        let levels = place.config.rules.levels();
        let paths = || done.left_out.iter().map(String::as_str);
        let held = paths().map(|path| levels.of_text(path));
        let held = held.filter(|level| levels.is_held(*level));
        let held = held.map(|level| levels.name(level)).collect();
        let kept_out = paths().filter(|path| root.blocked(path).is_some());
        let text = left_out_text(place.target(), done, &held, &kept_out.collect());
        self.say(text.trim_end());
        Ok(())
    }

    /// Returns the release, and the names that may be overwritten while live. If patterns are
    /// given, finds the release in advance.
    fn excused(
        &self,
        place: &Opened<'_>,
        release: Option<String>,
        overwrite: &Overwrite,
    ) -> Result<(Option<String>, BTreeSet<String>)> {
        if overwrite.patterns.is_empty() {
            return Ok((release, BTreeSet::new()));
        }
        let preview = place.wait(preview(&place.state, release.as_deref()))?;
        let paths = preview.paths.iter().map(String::as_str).collect();
        let to = preview.to.id.to_string();
        let excused = Excused::new(&overwrite.patterns, &paths, &format!("the release {to}"))?;
        let over: Vec<&str> = preview.over.iter().map(String::as_str).collect();
        let asked = Overwritten {
            target: place.name(),
            live: preview.live.as_ref(),
            over: &over,
            relocked: String::new(),
        };
        let excused = self.confirm_live(&[asked], excused, overwrite.yes)?;
        Ok((Some(to), excused))
    }

    /// Splits the arguments into target and release. A single name is a target if there is one with
    /// this name, otherwise a release.
    fn target_and_release(&self, which: &TargetOrRelease) -> Result<(Vec<String>, Option<String>)> {
        let config = self.config(Wanted::NoTarget)?;
        let names = &config.target_names;
        let (target, release) = which.parts(|name| names.iter().any(|other| other == name))?;
        if let (true, Some(name)) = (target.is_empty(), &release)
            // Names of releases begin with a date.
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && let Some(near) = nearest(name, names.iter().map(String::as_str))
        {
            return Err(Error::usage(
                format!("There is no target or release `{}`", name.escape_debug()),
                format!("did you mean `{near}`?"),
            ));
        }
        Ok((target, release))
    }

    pub(super) fn prune(&self, wish: &PruneArgs) -> Result<Code> {
        let place = self.open(&wish.target.names()?)?;
        if let Some(inner) = place.config.nested.first() {
            return Err(Error::refused(
                Guard::Shared,
                format!("The target `{inner}` is inside `{}`", place.name()),
                "nothing was deleted, because neither target knows which objects the other needs: give each its own folder or prefix",
            ));
        }
        let requests = place.config.requests;
        if !wish.dry_run
            && let Some(finished) =
                place.deleting("prune", prune::finish(&place.store, &place.state, requests))?
        {
            self.say(&finished_in_words(finished));
        }
        let keep = Keep {
            releases: wish.keep as usize,
            age: DAY * wish.keep_days,
        };
        let sweep = place.wait(prune::plan(
            &place.store,
            &place.state,
            keep,
            requests,
            SystemTime::now(),
        ))?;
        // `--verbose` prints every key, except keys of hidden files, whose paths aren't known any
        // more.
        hidden::note_unknown(sweep.objects.iter().map(|garbage| garbage.key.as_str()));
        let is_done = wish.dry_run || sweep.is_empty();
        if wish.json {
            print_json(&[sweep_json(place.name(), &sweep, is_done)])?
        } else {
            print(&sweep_text(place.name(), &sweep, self.global.is_verbose()))?;
            print(&young_text(sweep.young))?;
        }
        if is_done {
            return Ok(DONE);
        }
        if !wish.yes {
            confirm(&Question {
                question: "Delete this permanently?",
                unasked: "Cannot confirm the deletion: standard input is not a terminal",
                declined: "Nothing was deleted",
            })?;
        }
        let sweep = prune::sweep(&place.store, &place.state, &sweep, requests);
        let gone = place.deleting("prune", sweep)?;
        self.say(&format!("{}: {gone} deleted", place.name()));
        Ok(DONE)
    }

    pub(super) fn resolve(&self, args: &ResolveArgs) -> Result<Code> {
        let place = self.open(&args.target.names()?)?;
        place.check_target()?;
        let requests = place.config.requests;
        let options = options(&place.config);
        let allowed = Allowed::default();
        let plain = Rollback {
            store: &place.store,
            state: &place.state,
            verify: Verify::None,
            allowed: &allowed,
            options: &options,
            progress: &self.progress,
        };
        let settled = place.settle(async {
            // After this change, no swap that was sent earlier can take effect.
            let touch = |root: Option<&Root>, stamp: &_| Ok(Root::touch(root, stamp));
            place.state.change(touch).await?;
            let finished = prune::finish(&place.store, &place.state, requests).await?;
            if let Some(finished) = finished {
                self.say(&finished_in_words(finished));
            }
            let report = settle_current(&plain).await?;
            Ok((place.root().await?, report))
        });
        self.stop.tell_pending();
        let (root, report) = settled?;
        let code = report
            .as_ref()
            .map_or(DONE, crate::apply::Report::exit_code);
        if let Some(report) = report.map(|report| report.of_target(place.target())) {
            eprint(&failures_text(&report));
            let written = report.uploaded.objects + report.overwritten.objects;
            let (what, next) = if report.is_complete() {
                ("plain names finished", String::new())
            } else {
                let resolve = place.target().command(Verb::Resolve);
                let next = format!(". Fix any errors above, then run `{resolve}` again");
                ("plain names not finished", next)
            };
            let failed = report.failures.len();
            self.say(&format!("{what}: {written} written, {failed} failed{next}"));
        }
        print(&live_text(place.target(), Some(&root)))?;
        Ok(code)
    }
}
