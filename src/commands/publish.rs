//! `diff` and `push`.

use std::collections::BTreeSet;
use std::sync::Arc;

use assetsync::levels::LevelId;
use assetsync::report::{Urls, build_text, plan_json, plan_text, report_json, report_text};
use assetsync::store::{Listing, check};
use assetsync::{
    Build, Config, Error, Options, Patience, Plan, Report, Result, Secret, Store, StoreError,
    Target, Tree, Wanted, apply, build, inventory, open, plan,
};
use tokio::runtime::Runtime;

use super::{CHANGES_FOUND, Code, DONE, Session};
use crate::cli::{Output, Unlock};
use crate::output::{eprint, print, print_json};

/// A target that was opened, and what is in it.
struct Opened<'a> {
    target: &'a Target,
    store: Arc<dyn Store>,
    listing: Listing,
}

/// A target, and what will be done to it.
struct Planned<'a> {
    target: &'a Target,
    build: &'a Build,
    store: Arc<dyn Store>,
    plan: Plan<'a>,
}

impl Session<'_> {
    pub(super) fn diff(
        &self,
        targets: &[String],
        check: bool,
        unlock: &Unlock,
        output: &Output,
    ) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        let runtime = self.runtime()?;
        let (builds, opened) = self.build_and_list(&runtime, &config, unlock)?;
        let planned = self.plan(&runtime, &config, &builds, opened)?;
        let mut documents = Vec::new();
        for Planned {
            target,
            build,
            plan,
            store,
        } in &planned
        {
            self.detail(&format!("{} requests sent", store.requests()));
            match output.json {
                true => documents.push(plan_json(target, build, plan, urls(output))),
                false => print(&plan_text(target, build, plan, urls(output)))?,
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

    pub(super) fn push(
        &self,
        targets: &[String],
        unlock: &Unlock,
        output: &Output,
    ) -> Result<Code> {
        let config = self.config(Wanted::Targets(targets))?;
        let runtime = self.runtime()?;
        let (builds, opened) = self.build_and_list(&runtime, &config, unlock)?;
        let mut documents = Vec::new();
        let mut code = DONE;
        for planned in self.plan(&runtime, &config, &builds, opened)? {
            let report = self.apply(&runtime, &config, &planned);
            let requests = planned.store.requests();
            self.detail(&format!("{requests} requests sent"));
            match output.json {
                true => documents.push(report_json(
                    planned.target,
                    planned.build,
                    &report,
                    requests,
                )),
                false => self.tell(&planned, &report, output)?,
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

    fn apply(&self, runtime: &Runtime, config: &Config, planned: &Planned<'_>) -> Report {
        let options = Options {
            requests: config.requests,
            memory_bytes: config.memory_bytes,
            gzip_level: config.gzip_level,
        };
        let _display = self.display();
        runtime.block_on(apply(
            &planned.plan,
            planned.build,
            &planned.store,
            &options,
            &self.progress,
        ))
    }

    fn tell(&self, planned: &Planned<'_>, report: &Report, output: &Output) -> Result<()> {
        if output.show_urls {
            print(&plan_text(
                planned.target,
                planned.build,
                &planned.plan,
                Urls::Shown,
            ))?;
        }
        let text = report_text(planned.target, planned.build, report);
        match (report.is_complete(), self.global.quiet) {
            (false, _) => eprint(&text),
            (true, false) => print(&text)?,
            (true, true) => {}
        }
        Ok(())
    }

    /// Builds the tree on this thread and its helpers, while the targets are listed over the network.
    fn build_and_list<'c>(
        &self,
        runtime: &Runtime,
        config: &'c Config,
        unlock: &Unlock,
    ) -> Result<(Vec<Build>, Vec<Opened<'c>>)> {
        let secret = self.secret(config)?;
        let unlocked = super::levels(config, &unlock.levels)?;
        let patience = Patience::seconds(config.retry_seconds);
        let listings: Vec<_> = config
            .targets
            .iter()
            .map(|target| runtime.spawn(open_and_list(target.clone(), patience)))
            .collect();
        let tree = self.walk(config)?;
        let builds = self.build_all(config, &secret, tree, &unlocked)?;
        for (target, build) in config.targets.iter().zip(builds.iter().cycle()) {
            check(target, build)?;
        }
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
        Ok((builds, opened))
    }

    /// One build for all targets; one for each, if any file has absolute URLs.
    fn build_all(
        &self,
        config: &Config,
        secret: &Secret,
        mut tree: Tree,
        unlocked: &BTreeSet<LevelId>,
    ) -> Result<Vec<Build>> {
        let count = match config.rules.write_absolute_urls() {
            true => config.targets.len(),
            false => 1,
        };
        let mut builds = Vec::new();
        for target in &config.targets[..count] {
            tree.public_url = target.public_url.clone();
            let display = self.display();
            let mut build = build(&tree, secret, &self.progress)?;
            drop(display);
            build.unlock(unlocked);
            builds.push(build);
        }
        if !self.global.quiet {
            eprint(&build_text(&builds[0], self.global.verbose));
        }
        Ok(builds)
    }

    /// Every plan is made before anything is written anywhere.
    fn plan<'b>(
        &self,
        runtime: &Runtime,
        config: &Config,
        builds: &'b [Build],
        opened: Vec<Opened<'b>>,
    ) -> Result<Vec<Planned<'b>>> {
        let planned = |(
            Opened {
                target,
                store,
                listing,
            },
            build,
        ): (Opened<'b>, &'b Build)| {
            let inventory = inventory(&*store, listing, build, config.requests);
            let inventory = self.unless_stopped(runtime, inventory)?;
            Ok(Planned {
                target,
                build,
                plan: plan(build, &inventory),
                store,
            })
        };
        opened
            .into_iter()
            .zip(builds.iter().cycle())
            .map(planned)
            .collect()
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
}

async fn open_and_list(
    target: Target,
    patience: Patience,
) -> Result<(Arc<dyn Store>, Listing), StoreError> {
    let store = open(&target, patience).await?;
    let listing = store.list().await?;
    Ok((store, listing))
}

fn urls(output: &Output) -> Urls {
    if output.show_urls {
        Urls::Shown
    } else {
        Urls::Hidden
    }
}
