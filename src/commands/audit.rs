//! `audit`: compares what visitors get with the current release, and repairs what it can.

use std::sync::Arc;

use crate::apply::Options;
use crate::audit::carry_out::repair;
use crate::audit::{Audit, Kind, Sample, Subject, audit};
use crate::base::error::{Error, Result};
use crate::base::name::Secret;
use crate::config::{Config, Wanted};
use crate::hidden;
use crate::naming::Build;
use crate::release::excused::Excused;
use crate::release::layout::Home;
use crate::release::root::Root;
use crate::release::state::State;
use crate::report::{Urls, audit_json, audit_text, left_text, mends_text};
use crate::store::{Timeouts, open};
use tokio::runtime::Runtime;

use super::ask::{Question, confirm};
use super::guards::urls;
use super::{Code, Nothing, Session};
use crate::cli::buckets::AuditArgs;
use crate::commands::output::{print, print_json};
use crate::site::locks::{Locks, unlock_all};

/// Time during which a failed request is retried, in seconds. An audit makes thousands of requests,
/// and reports those without an answer.
const RETRY_SECONDS_MAX: u64 = 60;

/// Options of an audit, from the command line.
struct Request {
    sample: Sample,
    rate: u32,
    repair: bool,
    overwrite_live: Vec<String>,
    is_confirmed: bool,
    urls: Urls,
    as_json: bool,
}

impl Request {
    fn of(args: &AuditArgs) -> Request {
        Request {
            sample: if args.all {
                Sample::All
            } else {
                Sample::Some(args.sample)
            },
            rate: args.rate,
            repair: args.repair,
            overwrite_live: args.overwrite_live.clone(),
            is_confirmed: args.yes,
            urls: urls(&args.output),
            as_json: args.output.json,
        }
    }
}

impl Session<'_> {
    pub(super) fn audit(&self, args: &AuditArgs) -> Result<Code> {
        let request = &Request::of(args);
        let config = self.config(Wanted::Targets(&args.target.names()?))?;
        let secret = self.secret(&config)?;
        let runtime = self.runtime()?;
        let target = &config.targets[0];
        let timeouts = Timeouts::seconds(config.retry_seconds.min(RETRY_SECONDS_MAX));
        let store = self.unless_stopped(&runtime, async { Ok(open(target, timeouts).await?) })?;
        let actor = self.actor();
        let opening = State::open(target, &store, &secret, timeouts, config.requests, &actor);
        let opened = self.unless_stopped(&runtime, async { Ok(opening.await) })?;
        let state = opened.as_ref().ok().map(|(state, _)| state.clone());
        let releases = match &state {
            Some(state) => Arc::clone(state.store()),
            // There is no root that can be used here, but strangers may be able to read one.
            None => {
                let home = Home::of(target, &secret)?;
                let open = async { Ok(home.open(target, &store, timeouts).await?) };
                self.unless_stopped(&runtime, open)?
            }
        };
        let subject = Subject {
            target,
            store: &store,
            releases: &releases,
            sample: request.sample,
            rate: request.rate,
            requests: config.requests,
            timeouts,
            progress: &self.progress,
        };
        let found = self.unless_stopped(&runtime, audit(&subject, opened));
        let found = found.map_err(|error| error.of_target(target))?;
        if self.progress.is_stopped() {
            return Err(Error::Interrupted);
        }
        let strays = found
            .findings
            .iter()
            .filter(|finding| finding.kind == Kind::Stray);
        hidden::note_unknown(strays.filter_map(|finding| finding.key.as_deref()));
        self.detail(&format!("{} requests sent", found.requests));
        match (request.repair, state) {
            (true, Some(state)) => {
                let place = Place {
                    config: &config,
                    secret: &secret,
                    subject: &subject,
                    state: &state,
                    runtime: &runtime,
                };
                self.repair(&place, found, request)
            }
            (is_to_repair, _) => {
                if is_to_repair {
                    self.say(
                        "Nothing was repaired, because the releases can't be read: \
                         fix the problem reported below, then repeat the command",
                    );
                }
                let name = &target.name;
                if request.as_json {
                    print_json(&[audit_json(name, &found, None, request.urls)])?
                } else {
                    print(&audit_text(name, &found, request.urls))?
                }
                Ok(found.exit_code())
            }
        }
    }

    fn repair(&self, place: &Place<'_>, mut found: Audit, request: &Request) -> Result<Code> {
        let name = &place.subject.target.name;
        let tell = |text: &str| {
            if request.as_json {
                self.say(text.trim_end());
                Ok(())
            } else {
                print(text)
            }
        };
        let paths = found.paths();
        let excused = Excused::new(&request.overwrite_live, &paths, "the current release")?.all();
        found.explain(&[]);
        tell(&audit_text(name, &found, request.urls))?;
        let of_target = |error: Error| error.of_target(place.subject.target);
        let root = self.unless_stopped(place.runtime, place.state.root());
        let root = root.map_err(of_target)?.map(|held| held.root);
        let builds = if found.needs_tree() {
            self.local_tree(place, root.as_ref())?
        } else {
            Vec::new()
        };
        let live = root.as_ref().and_then(|root| root.live.as_ref());
        let mut repairs = found.plan(builds.first(), live, &excused);
        found.explain(&repairs.left);
        tell(&mends_text(name, &repairs, found.findings.is_empty()))?;
        if !repairs.is_empty() {
            if !request.is_confirmed {
                confirm(&Question {
                    question: "Apply these repairs?",
                    unasked: "Cannot confirm the repairs: standard input is not a terminal",
                    declined: "Nothing was changed",
                })?;
            }
            let options = Options {
                requests: place.config.requests,
                memory_bytes: place.config.memory_bytes,
                gzip_level: place.config.gzip_level,
            };
            let known = repairs.left.len();
            let work = repair(
                place.subject,
                place.state,
                &mut found,
                &mut repairs,
                &options,
            );
            self.settle(place.runtime, work).map_err(of_target)?;
            tell(&left_text(&repairs.left[known..]))?;
            found.explain_after(&repairs);
            if !request.as_json {
                print("\n")?;
                print(&audit_text(name, &found, request.urls))?;
            }
        }
        if request.as_json {
            print_json(&[audit_json(name, &found, Some(&repairs), request.urls)])?;
        }
        found.check_effect()?;
        Ok(found.exit_code())
    }

    /// Builds the local tree with its object names. A repair takes missing objects from it.
    fn local_tree(&self, place: &Place<'_>, root: Option<&Root>) -> Result<Vec<Build>> {
        let mut tree = self.walk(place.config, Nothing::IsMeant)?;
        let builds = self.build_all(place.config, place.secret, &mut tree)?;
        let roots = std::iter::once(root);
        Ok(unlock_all(builds, &Locks::default(), roots))
    }
}

/// Context of a repair.
struct Place<'a> {
    config: &'a Config,
    secret: &'a Secret,
    subject: &'a Subject<'a>,
    state: &'a State,
    runtime: &'a Runtime,
}
