//! `diff` and `push`.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use assetsync::config::Place;
use assetsync::doctor::{Before, Finding, warn_of_key};
use assetsync::levels::LevelId;
use assetsync::likeness::nearest;
use assetsync::name::ROBOTS;
use assetsync::release::difference::levels_taken_back;
use assetsync::release::excused::Excused;
use assetsync::release::forgotten::Forgotten;
use assetsync::release::former::former;
use assetsync::release::guard::{self, Age, Allowed, Refused};
use assetsync::release::leftover::{Leftover, after_push};
use assetsync::release::publish::{Published, Push, is_published, mend, publish};
use assetsync::release::root::{Commit, Live, Root};
use assetsync::release::stale::{Stale, stale};
use assetsync::release::state::State;
use assetsync::release::verify::Verify;
use assetsync::release::{Base, Basis, unasked, who};
use assetsync::report::{
    Outlook, Urls, first_levels_text, front_text, leftovers_json, leftovers_text, plan_json,
    plan_text, published_text, release_json, report_json, report_text, stale_text, unfound_text,
};
use assetsync::store::{Listing, check, check_names};
use assetsync::{
    Build, Config, Error, Inventory, Object, Options, Patience, Plan, Problem, Result, Secret,
    Store, Target, Tree, Wanted, build_with, check_former, inventory, open, plan,
};
use tokio::runtime::Runtime;

use super::bucket::Exposed;
use super::live::Overwritten;
use super::{CHANGES_FOUND, Code, DONE, Nothing, Session, variable};
use crate::cli::{Guards, Output, Unlock, VerifyHow, Warnings};
use crate::output::{eprint, print, print_json};

const BEGIN_ANEW: &str = "`--begin-anew` if all of that is meant to be forgotten: then the target isn't live, and nothing earlier can be rolled back to";

/// A target that was opened, and what is in it.
struct Opened<'a> {
    target: &'a Target,
    store: Arc<dyn Store>,
    state: State,
    base: Base,
    /// Only if the current release doesn't tell.
    listing: Option<Listing>,
}

/// What is to be published, and what is there.
struct Seen<'c> {
    /// Only where there are levels.
    tree: Option<Tree>,
    builds: Vec<Build>,
    opened: Vec<Opened<'c>>,
}

/// A target, and what will be done to it.
struct Planned<'a> {
    config: &'a Config,
    target: &'a Target,
    build: &'a Build,
    store: Arc<dyn Store>,
    state: State,
    base: Base,
    plan: Plan<'a>,
    commit: Option<Commit>,
    age: Age,
    /// Objects of releases that aren't found.
    forgotten: Option<Forgotten>,
    /// Whether a push would change nothing.
    is_published: bool,
}

impl Session<'_> {
    pub(super) fn diff(
        &self,
        targets: &[String],
        check: bool,
        warnings: &Warnings,
        unlock: &Unlock,
        guards: Option<&Guards>,
        output: &Output,
    ) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        let runtime = self.runtime()?;
        let commit = commit_of(&config);
        let locks = Locks::new(&config, unlock, guards)?;
        let Seen {
            tree,
            builds,
            opened,
        } = self.build_and_look(&runtime, &config, &locks, nothing(guards))?;
        deny(warnings, &builds)?;
        let mut allowed = match guards {
            None => Allowed {
                unlock: super::held_names(
                    config.rules.levels(),
                    &super::levels(&config, &unlock.levels)?,
                ),
                ..Allowed::default()
            },
            Some(guards) => {
                let excused = excused(guards, &builds)?;
                allowed(&config, guards, unlock, excused.all())?
            }
        };
        let planned = self.plan(&runtime, &config, &builds, opened, commit)?;
        if let Some(guards) = guards {
            allowed.put_back = put_back(&planned, guards)?;
        }
        self.check_former(&runtime, tree.as_ref(), &planned)?;
        let exposed: Vec<Exposed<'_>> = planned.iter().map(Planned::exposed).collect();
        let exposed = match guards.is_some_and(|guards| guards.allow_exposed) {
            true => Vec::new(),
            false => self.refusals_of_exposed(&runtime, &exposed)?,
        };
        let exposed = exposed.into_iter().chain(std::iter::repeat((None, 0)));
        let mut documents = Vec::new();
        for (planned, (exposed, asked)) in planned.iter().zip(exposed) {
            let requests = planned.store.requests() + asked;
            self.detail(&format!("{requests} requests sent"));
            let mut outlook = planned.outlook(&allowed);
            outlook.refused.extend(exposed);
            match output.json {
                true => documents.push(plan_json(&outlook, urls(output))),
                false => print(&plan_text(&outlook, urls(output)))?,
            }
            self.say_beforehand(&outlook.stale);
            self.say_left(planned, &outlook.left);
            for Refused { message, hint } in &outlook.refused {
                self.say(&format!("A push would be refused: {message}\nhint: {hint}"));
            }
        }
        if let Err(Error::Refused { message, hint }) = config.check_strength(&self.secret(&config)?)
        {
            self.say(&format!("A push would be refused: {message}\nhint: {hint}"));
        }
        print_json(&documents)?;
        // Files that are gone change nothing in the target, but make another release.
        let has_changes = planned.iter().any(|planned| !planned.is_published);
        Ok(if check && has_changes {
            CHANGES_FOUND
        } else {
            DONE
        })
    }

    pub(super) fn push(
        &self,
        targets: &[String],
        warnings: &Warnings,
        unlock: &Unlock,
        guards: &Guards,
        output: &Output,
    ) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        self.check_key(&config)?;
        let runtime = self.runtime()?;
        let commit = commit_of(&config);
        let locks = Locks::new(&config, unlock, Some(guards))?;
        let Seen {
            tree,
            builds,
            opened,
        } = self.build_and_look(&runtime, &config, &locks, nothing(Some(guards)))?;
        deny(warnings, &builds)?;
        let excused = excused(guards, &builds)?;
        let mut allowed = allowed(&config, guards, unlock, excused.all())?;
        let all = self.plan(&runtime, &config, &builds, opened, commit)?;
        allowed.put_back = put_back(&all, guards)?;
        self.check_former(&runtime, tree.as_ref(), &all)?;
        // Of several targets, none is written to before all may be.
        all.iter().try_for_each(|planned| planned.check(&allowed))?;
        for planned in &all {
            self.say_levels(planned);
            self.say_beforehand(&planned.stale());
        }
        let exposed: Vec<Exposed<'_>> = all.iter().map(Planned::exposed).collect();
        let asked = self.refuse_exposed(&runtime, &exposed, guards.allow_exposed)?;
        allowed.overwrite_live = self.confirm_all(&all, excused, guards)?;
        drop(exposed);
        let mut all = all;
        for planned in &mut all {
            self.move_releases(&runtime, planned, &allowed)?;
        }
        let mut documents = Vec::new();
        let mut code = DONE;
        let (mut done, mut failed) = (Vec::new(), None);
        for (at, (planned, asked)) in all.iter().zip(asked).enumerate() {
            let published = self.publish(&runtime, &config, planned, &allowed, guards.verify);
            let mut published = match published {
                Ok(published) => published,
                Err(error) => {
                    failed = Some(of_several(error, &all, at, &done));
                    break;
                }
            };
            if published.is_new {
                self.switched.borrow_mut().push(planned.target.name.clone());
            }
            published.report = published.report.of_target(planned.target);
            let requests = planned.store.requests() + asked;
            self.detail(&format!("{requests} requests sent"));
            match output.json {
                true => {
                    let mut document = report_json(
                        planned.target,
                        planned.build,
                        &planned.stale(),
                        &published.report,
                        requests,
                    );
                    document["release"] = published.release.as_ref().map(release_json).into();
                    document["is_new_release"] = published.is_new.into();
                    document["repaired"] = published.repaired.clone().into();
                    document["reachable"] = leftovers_json(&planned.left(&published));
                    document["is_seen"] = (published.basis == Basis::Seen).into();
                    documents.push(document);
                }
                false => self.tell(planned, &published, output)?,
            }
            self.say_left(planned, &planned.left(&published));
            self.stop.tell_pending();
            if code == DONE {
                code = published.report.exit_code();
            }
            if published.report.is_complete() {
                done.push(planned.target.name.as_str());
            }
            if published.report.is_interrupted {
                break;
            }
        }
        print_json(&documents)?;
        failed.map_or(Ok(code), Err)
    }

    /// Refuses a key that can be guessed, unless `key_id` says that it's meant, and warns of one that git has.
    fn check_key(&self, config: &Config) -> Result<()> {
        let secret = self.secret(config)?;
        if let Some(weakness) = config.check_strength(&secret)? {
            self.say(&format!("warning: {weakness}"));
        }
        let warned = config
            .targets
            .first()
            .and_then(|target| warn_of_key(config, &secret, target));
        if let Some(Finding { text, fix, .. }) = warned {
            self.say(&format!("warning: {text}\nhint: {fix}"));
        }
        self.warn_of_robots(config);
        Ok(())
    }

    /// Tells of a header that is asked for, and that buckets can't send.
    fn warn_of_robots(&self, config: &Config) {
        let is_bucket = |target: &&Target| !matches!(target.place, Place::Directory(_));
        let bucket = config.targets.iter().find(is_bucket);
        if let Some(target) = bucket.filter(|_| config.rules.sets_header(ROBOTS)) {
            self.say(&format!(
                "warning: {}: buckets can't send `{ROBOTS}`, which a rule asks for\nhint: let the CDN add it, or write \
                 `<meta name=\"robots\" content=\"noindex\">` into the pages",
                target.name
            ));
        }
    }

    /// After the key was changed, the releases go to where the new one says. Those that were left at the old key's place by a version
    /// that didn't move them do, too.
    fn move_releases(
        &self,
        runtime: &Runtime,
        planned: &mut Planned<'_>,
        allowed: &Allowed,
    ) -> Result<()> {
        let release = planned
            .base
            .root
            .as_ref()
            .and_then(|root| root.current.as_ref());
        let is_ours = release.is_some_and(|r| r.key_id == planned.build.key_id.to_string());
        if !planned.state.is_at_another_key() || !(is_ours || allowed.rotate_key) {
            return Ok(());
        }
        if !allowed.rotate_key {
            let checked = planned.state.check_not_left();
            checked.map_err(|error| error.of_target(planned.target))?;
        }
        let moved = runtime.block_on(planned.state.move_home());
        planned.state = moved.map_err(|error| error.of_target(planned.target))?;
        self.say(&format!(
            "{}: moved the releases to the place that this key tells",
            planned.target.name
        ));
        Ok(())
    }

    fn publish(
        &self,
        runtime: &Runtime,
        config: &Config,
        planned: &Planned<'_>,
        allowed: &Allowed,
        verify: Option<VerifyHow>,
    ) -> Result<Published> {
        let options = Options {
            requests: config.requests,
            memory_bytes: config.memory_bytes,
            gzip_level: config.gzip_level,
        };
        let mut push = Push {
            build: planned.build,
            plan: &planned.plan,
            base: &planned.base,
            store: &planned.store,
            state: &planned.state,
            verify: verify.map_or(Verify::default(), how),
            allowed,
            commit: planned.commit.clone(),
            options: &options,
            progress: &self.progress,
        };
        let display = self.display();
        self.stop.set_target(planned.target);
        let published = runtime.block_on(async {
            match planned.is_published {
                true => {
                    push.verify = verify.map_or_else(|| planned.verify_unasked(), how);
                    mend(&push).await
                }
                false => publish(&push).await,
            }
        });
        drop(display);
        published
    }

    fn tell(&self, planned: &Planned<'_>, published: &Published, output: &Output) -> Result<()> {
        let changes = |urls| plan_text(&planned.outlook(&Allowed::default()), urls);
        match output.show_urls {
            true => print(&changes(Urls::Shown))?,
            false if self.global.verbose => self.detail(changes(Urls::Hidden).trim_end()),
            false => {}
        }
        let report = &published.report;
        let mut text = report_text(planned.target, planned.build, report, published.basis);
        text += &published_text(published);
        if report.is_complete() && published.release.is_some() {
            text += &front_text(planned.target, planned.build);
        }
        match (report.is_complete(), self.global.quiet) {
            (false, _) => eprint(&text),
            (true, false) => print(&text)?,
            (true, true) => {}
        }
        let unfound = unfound_text(planned.target, planned.build);
        if report.is_complete() && !output.show_urls && !unfound.is_empty() {
            self.say(unfound.trim_end());
        }
        Ok(())
    }

    /// Asks before names that a pattern matches are written over, and before a level is taken back, while a target is live.
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
            target: &planned.target.name,
            live: planned.live(guards),
            over,
            relocked: planned.relocked_in_words(),
        });
        self.confirm_live(&asked.collect::<Vec<_>>(), excused, guards.overwrite.yes)
    }

    /// Makes sure that nothing new names an address that a hidden file had in an earlier release. What was published before was
    /// searched then.
    fn check_former(
        &self,
        runtime: &Runtime,
        tree: Option<&Tree>,
        all: &[Planned<'_>],
    ) -> Result<()> {
        let Some(tree) = tree else {
            return Ok(());
        };
        for planned in all.iter().filter(|planned| !planned.is_published) {
            let Some(root) = &planned.base.root else {
                continue;
            };
            let reading = former(&planned.state, root, planned.build);
            let former = self
                .unless_stopped(runtime, reading)
                .map_err(|error| error.of_target(planned.target))?;
            let manifest = planned.base.manifest.as_ref();
            let is_new = |object: &Object| {
                let before = manifest.and_then(|manifest| manifest.find(object.path.as_str()));
                before.is_none_or(|before| before.token != object.token)
            };
            let _display = self.display();
            check_former(tree, planned.build, &former, is_new, &self.progress)?;
        }
        Ok(())
    }

    /// Says what can still be had although the release doesn't publish it.
    fn say_left(&self, planned: &Planned<'_>, left: &[Leftover]) {
        if left.is_empty() {
            return;
        }
        let published = planned.build.published();
        let published: Vec<&str> = published.map(|object| object.path.as_str()).collect();
        self.say(leftovers_text(planned.target, left, &published).trim_end());
    }

    /// Says what each level matches, if that's news.
    fn say_levels(&self, planned: &Planned<'_>) {
        let levels = first_levels_text(planned.base.manifest.as_ref(), planned.build);
        if !levels.is_empty() {
            self.say(levels.trim_end());
        }
    }

    fn say_beforehand(&self, stale: &[Stale]) {
        if !stale.is_empty() {
            self.say(stale_text(stale).trim_end());
        }
    }

    /// Builds the tree on this thread and its helpers, while the targets are looked at over the network.
    fn build_and_look<'c>(
        &self,
        runtime: &Runtime,
        config: &'c Config,
        locks: &Locks,
        nothing: Nothing,
    ) -> Result<Seen<'c>> {
        let secret = self.secret(config)?;
        let looks: Vec<_> = config
            .targets
            .iter()
            .map(|target| runtime.spawn(look(target.clone(), secret.clone(), Look::of(config))))
            .collect();
        let mut tree = self.walk(config, nothing)?;
        check_names(&config.targets, &mut tree);
        let builds = self.build_all(config, &secret, &mut tree)?;
        for (target, build) in config.targets.iter().zip(builds.iter().cycle()) {
            check(target, build)?;
        }
        let mut opened = Vec::new();
        for (target, look) in config.targets.iter().zip(looks) {
            let look = async { look.await.expect("looking at a target doesn't panic") };
            let (store, state, base, listing) = self
                .unless_stopped(runtime, look)
                .map_err(|error| error.of_target(target))?;
            opened.push(Opened {
                target,
                store,
                state,
                base,
                listing,
            });
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

    /// One build for all targets; one for each, if any file has absolute URLs.
    pub(super) fn build_all(
        &self,
        config: &Config,
        secret: &Secret,
        tree: &mut Tree,
    ) -> Result<Vec<Build>> {
        let count = match config.rules.write_absolute_urls() {
            true => config.targets.len(),
            false => 1,
        };
        let cache = self.cache(config);
        tree.note_hosts(&config.targets);
        let mut builds = Vec::new();
        for target in &config.targets[..count] {
            tree.public_url = target.public_url.clone();
            let display = self.display();
            let build = build_with(&cache, tree, secret, &self.progress)?;
            drop(display);
            builds.push(build);
        }
        self.detail(&format!(
            "files that haven't changed since they were read last: {}",
            cache.known()
        ));
        self.warn(&builds[0]);
        Ok(builds)
    }

    /// Every plan is made before anything is written anywhere.
    fn plan<'b>(
        &self,
        runtime: &Runtime,
        config: &'b Config,
        builds: &'b [Build],
        opened: Vec<Opened<'b>>,
        commit: Asked,
    ) -> Result<Vec<Planned<'b>>> {
        let folder = checkout(config);
        let commit = match commit {
            Ok(asked) => asked.join().expect("asking git doesn't panic"),
            // No thread was left for it.
            Err(_) => who::commit(folder),
        };
        let planned = |(opened, build): (Opened<'b>, &'b Build)| {
            let Opened {
                target,
                store,
                state,
                base,
                listing,
            } = opened;
            let listing = listing.or_else(|| base.listing(build)).unwrap_or_default();
            let inventory = inventory(&*store, listing, build, config.requests);
            let inventory: Inventory =
                self.unless_stopped(runtime, async { Ok(inventory.await?) })?;
            let published = base.root.as_ref().and_then(|root| root.current.as_ref());
            let published = published.and_then(|release| release.commit.as_ref());
            let mut plan = plan(build, &inventory);
            if let Some(current) = &base.manifest {
                plan.hold_to(current);
                plan.copy_from(current);
            }
            Ok(Planned {
                forgotten: Forgotten::find(&base, build, &plan, &inventory),
                config,
                target,
                build,
                is_published: is_published(&base, build, &plan),
                plan,
                store,
                state,
                age: who::age(folder, commit.as_ref(), published),
                base,
                commit: commit.clone(),
            })
        };
        opened
            .into_iter()
            .zip(builds.iter().cycle())
            .map(planned)
            .collect()
    }

    pub(super) fn unless_stopped<T>(
        &self,
        runtime: &Runtime,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let _display = self.display();
        runtime.block_on(self.progress.unless_stopped(work))
    }
}

/// Levels that a command unlocks, and those that it takes back.
#[derive(Default)]
pub(super) struct Locks {
    unlock: BTreeSet<LevelId>,
    lock: BTreeSet<LevelId>,
}

impl Locks {
    /// # Errors
    /// A name that no level has.
    fn new(config: &Config, unlock: &Unlock, guards: Option<&Guards>) -> Result<Locks> {
        Ok(Locks {
            unlock: super::levels(config, &unlock.levels)?,
            lock: match guards {
                Some(guards) => super::levels(config, &guards.relock)?,
                None => BTreeSet::new(),
            },
        })
    }
}

/// Lets each target have what is unlocked there, and by this command: in one build for all, unless they differ in that.
pub(super) fn unlock_all<'r>(
    mut builds: Vec<Build>,
    locks: &Locks,
    roots: impl Iterator<Item = Option<&'r Root>>,
) -> Vec<Build> {
    let levels = match builds.first() {
        Some(build) => build.levels.clone(),
        None => return builds,
    };
    let unlocked = roots.map(|root| {
        let known = root.map(|root| levels.unlocked_by(root.unlocked.keys()));
        let kept = known.unwrap_or_default();
        let kept = kept.difference(&locks.lock).copied();
        kept.chain(locks.unlock.iter().copied())
            .collect::<BTreeSet<_>>()
    });
    let unlocked: Vec<BTreeSet<LevelId>> = unlocked.collect();
    if builds.len() < unlocked.len() && unlocked.windows(2).any(|pair| pair[0] != pair[1]) {
        builds = vec![builds[0].clone(); unlocked.len()];
    }
    for (build, unlocked) in builds.iter_mut().zip(&unlocked) {
        build.unlock(unlocked);
    }
    builds
}

/// Where the sources come from.
fn checkout(config: &Config) -> &Path {
    let first = config.sources.first();
    first.map_or(Path::new("."), |source| &source.dir)
}

type Asked = io::Result<JoinHandle<Option<Commit>>>;

/// Asks git, which has a whole tree to look at, while the files are read.
fn commit_of(config: &Config) -> Asked {
    let folder = checkout(config).to_path_buf();
    thread::Builder::new().spawn(move || who::commit(&folder))
}

impl Planned<'_> {
    fn check(&self, allowed: &Allowed) -> Result<()> {
        guard::refuse(self.refusals(allowed)).map_err(|error| error.of_target(self.target))
    }

    fn refusals(&self, allowed: &Allowed) -> Vec<Refused> {
        let mut refusals = guard::refusals(&self.base, self.build, &self.plan, self.age, allowed);
        if let Some(forgotten) = self.forgotten.as_ref().filter(|_| !allowed.anew) {
            refusals.push(forgotten.refused(self.target, BEGIN_ANEW));
        }
        let is_configured = self.config.file.is_some();
        let refused = unasked::refused(&self.base, self.build, &self.plan, is_configured, allowed);
        refusals.extend(refused);
        refusals
    }

    fn outlook(&self, allowed: &Allowed) -> Outlook<'_> {
        let refused = self.refusals(allowed);
        Outlook::new(self.target, &self.base, self.build, &self.plan, refused)
    }

    /// A push of what is there costs two reads, and a look at one object: all of them only if that one isn't as it should be.
    fn verify_unasked(&self) -> Verify {
        match (&self.target.place, self.base.basis) {
            (Place::Directory(_), _) | (_, Basis::Release(_)) => Verify::None,
            (Place::S3 { .. } | Place::Gcs { .. }, Basis::Seen) => Verify::List,
        }
    }

    /// Returns what can still be had after a push that came to this.
    fn left(&self, published: &Published) -> Vec<Leftover> {
        match published.is_new {
            true => after_push(self.base.left(), self.base.manifest.as_ref(), self.build),
            false => self.base.left().to_vec(),
        }
    }

    fn stale(&self) -> Vec<Stale> {
        match self.is_published {
            true => Vec::new(),
            false => stale(self.base.manifest.as_ref(), self.build),
        }
    }

    /// Whether the target is live, and anything may be written to it.
    fn live(&self, guards: &Guards) -> Option<&Live> {
        let root = self.base.root.as_ref();
        let live = root.and_then(|root| root.live.as_ref());
        live.filter(|_| !self.is_published || guards.verify.is_some())
    }

    /// Says which levels are taken back that nobody locked, who was asked then.
    fn relocked_in_words(&self) -> String {
        let manifest = self.base.manifest.as_ref();
        let levels = manifest.map(|manifest| levels_taken_back(manifest, self.build));
        let mut levels = levels.unwrap_or_default();
        let locked = self.base.root.as_ref().map(|root| &root.relocked);
        levels.retain(|level, _| !locked.is_some_and(|locked| locked.contains(*level)));
        match levels.is_empty() {
            true => String::new(),
            false => guard::relocked_in_words(&levels) + "\n",
        }
    }

    fn exposed(&self) -> Exposed<'_> {
        Exposed {
            target: self.target,
            store: &self.store,
            releases: self.state.store(),
            before: match self.base.root {
                None => Before::Nothing,
                Some(_) => Before::Release,
            },
            is_published: self.is_published,
        }
    }
}

/// Which of several targets failed, what was published before it, and what wasn't begun.
fn of_several(error: Error, all: &[Planned<'_>], at: usize, done: &[&str]) -> Error {
    let target = all[at].target;
    let error = error.of_target(target);
    if all.len() == 1 {
        return error;
    }
    let rest: Vec<&str> = all[at + 1..]
        .iter()
        .map(|planned| planned.target.name.as_str())
        .collect();
    let told = [("published before it", done), ("not begun", &rest)];
    let told = told.into_iter().filter(|(_, names)| !names.is_empty());
    let told = told.map(|(what, names)| format!("{what}: {}", names.join(", ")));
    let told: Vec<String> = told.collect();
    error.at(&match told.is_empty() {
        true => target.name.clone(),
        false => format!("{} ({})", target.name, told.join("; ")),
    })
}

/// How a target is looked at.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) patience: Patience,
    requests: usize,
    pub(super) actor: String,
}

impl Look {
    pub(super) fn of(config: &Config) -> Look {
        Look {
            patience: Patience::seconds(config.retry_seconds),
            requests: config.requests,
            actor: who::actor(variable),
        }
    }
}

/// Opens a target and the place of its releases, and reads their root.
pub(super) async fn open_both(
    target: &Target,
    secret: &Secret,
    look: &Look,
) -> Result<(Arc<dyn Store>, State, Option<Root>)> {
    let store = open(target, look.patience).await?;
    let (state, root) = State::open(
        target,
        &store,
        secret,
        look.patience,
        look.requests,
        &look.actor,
    )
    .await?;
    Ok((store, state, root.map(|held| held.root)))
}

/// Opens a target, and finds out what is in it: the current release tells, so nobody lists a bucket. A folder is quickly
/// listed, and tidied up by hand more often.
async fn look(
    target: Target,
    secret: Secret,
    look: Look,
) -> Result<(Arc<dyn Store>, State, Base, Option<Listing>)> {
    let store = open(&target, look.patience).await?;
    let opened = Base::open(
        &target,
        &store,
        &secret,
        look.patience,
        look.requests,
        &look.actor,
    );
    let (state, mut base) = opened.await?;
    let listing = match target.place {
        Place::Directory(_) => Some(store.list().await?),
        Place::S3 { .. } | Place::Gcs { .. } => base.look(&*store).await?,
    };
    Ok((store, state, base, listing))
}

/// What it means that there's nothing to publish.
fn nothing(guards: Option<&Guards>) -> Nothing {
    match guards.is_some_and(|guards| guards.allow_shrink) {
        true => Nothing::IsMeant,
        false => Nothing::IsAMistake,
    }
}

/// Returns the paths that may be published again: those that were taken down and are named, by themselves or by a folder with a
/// slash at its end.
///
/// # Errors
/// A name of which nothing was taken down.
fn put_back(all: &[Planned<'_>], guards: &Guards) -> Result<BTreeSet<String>> {
    let roots = all.iter().filter_map(|planned| planned.base.root.as_ref());
    let takedowns = roots.flat_map(|root| &root.takedowns);
    let blocked = takedowns.flat_map(|takedown| &takedown.blocked);
    let blocked: BTreeSet<&str> = blocked.map(String::as_str).collect();
    let mut back = BTreeSet::new();
    for typed in &guards.put_back {
        let name = typed.trim_start_matches("./");
        let is_meant =
            |path: &&&str| **path == name || (name.ends_with('/') && path.starts_with(name));
        let meant: Vec<&&str> = blocked.iter().filter(is_meant).collect();
        if meant.is_empty() {
            return Err(Error::usage(
                format!("`{}` wasn't taken down (--put-back)", name.escape_debug()),
                match nearest(name, blocked.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`assetsync releases` shows what is kept out".to_string(),
                },
            ));
        }
        back.extend(meant.into_iter().map(|path| (*path).to_string()));
    }
    Ok(back)
}

/// Refuses warnings about the files, if none may pass.
fn deny(wanted: &Warnings, builds: &[Build]) -> Result<()> {
    let all = builds
        .iter()
        .flat_map(|build| build.of_tree.iter().chain(&build.warnings));
    let all: BTreeSet<&Problem> = all.collect();
    if !wanted.deny_warnings || all.is_empty() {
        return Ok(());
    }
    let kinds: BTreeSet<String> = all.iter().map(|warning| warning.kind.name()).collect();
    let quoted: Vec<String> = kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
    let n = match all.len() {
        1 => "There is a warning".to_string(),
        n => format!("There are {n} warnings"),
    };
    Err(Error::usage(
        format!("{n} about the files, and `--deny-warnings` lets none pass"),
        format!(
            "mend what is told, or let pass what is meant, by `[warnings]` with `allow = [{}]` in the configuration; `\"{}:img/**\"` is about some files only",
            quoted.join(", "),
            kinds.first().expect("there's a warning")
        ),
    ))
}

/// The names that may be written over while live.
fn excused(guards: &Guards, builds: &[Build]) -> Result<Excused> {
    let paths = match guards.overwrite.patterns.is_empty() {
        true => BTreeSet::new(),
        false => {
            let objects = builds.iter().flat_map(|build| &build.objects);
            objects.map(|object| object.path.as_str()).collect()
        }
    };
    Excused::new(&guards.overwrite.patterns, &paths, "the tree")
}

fn allowed(
    config: &Config,
    guards: &Guards,
    unlock: &Unlock,
    overwrite_live: BTreeSet<String>,
) -> Result<Allowed> {
    let levels = config.rules.levels();
    for id in super::levels(config, &guards.relock)? {
        let name = levels.name(id);
        let why = match unlock.levels.iter().any(|level| level == name) {
            true => "is to be unlocked by this very command",
            false if !levels.is_held(id) => "isn't held, so it's published",
            false => continue,
        };
        return Err(Error::usage(
            format!("The level `{name}` {why} (--relock)"),
            "`--relock` is for levels with `held = true`, and takes back what was unlocked before",
        ));
    }
    Ok(Allowed {
        shrink: guards.allow_shrink,
        rotate_key: guards.rotate_key,
        older: guards.allow_older,
        plain: guards.allow_plain,
        anew: guards.begin_anew,
        relock: guards.relock.iter().cloned().collect(),
        unlock: super::held_names(levels, &super::levels(config, &unlock.levels)?),
        overwrite_live,
        ..Allowed::default()
    })
}

pub(super) fn how(verify: VerifyHow) -> Verify {
    match verify {
        VerifyHow::Full => Verify::Full,
        VerifyHow::List => Verify::List,
        VerifyHow::None => Verify::None,
    }
}

pub(super) fn urls(output: &Output) -> Urls {
    if output.show_urls {
        Urls::Shown
    } else {
        Urls::Hidden
    }
}
