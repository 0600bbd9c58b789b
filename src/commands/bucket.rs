//! `doctor` and `access`: commands that work on a bucket without the tree, and the exposure check
//! before a push.

use crate::base::error::{Error, Result};
use crate::config::{Config, Target, Wanted};
use crate::doctor::access::Aim;
use crate::doctor::{Finding, Seen, Subject, Summary, Verdict, access, examine, examine_project};
use crate::release::guard::Refused;
use crate::report::{
    access_json, access_text, changes_json, changes_text, findings_json, findings_text,
};
use crate::store::Timeouts;
use futures_util::future::join_all;
use tokio::runtime::Runtime;

use super::ask::{Question, confirm};
use super::{Code, DONE, Session};
use crate::cli::buckets::{AccessApplyArgs, AccessCloseArgs, AccessShowArgs, DoctorArgs};
use crate::commands::output::{print, print_json};
use crate::site::exposure::{Exposed, refusal};

/// Time during which a single check is retried on a bad network, in seconds. The other checks wait
/// for it.
const RETRY_SECONDS_MAX: u64 = 10;

/// Options of `access apply` and `access close`.
struct Request {
    unblock: bool,
    is_confirmed: bool,
    as_json: bool,
}

impl Session<'_> {
    pub(super) fn doctor(&self, args: &DoctorArgs) -> Result<Code> {
        let as_json = args.json;
        self.with_patient(&args.target.names()?, |name, subject, runtime, config| {
            let look = async { Ok(examine(&subject).await) };
            let mut findings = self.unless_stopped(runtime, look)?;
            let of_project = examine_project(config, subject.secret(), subject.target());
            // These findings come after the one about the key.
            let at = findings.len().min(1);
            findings.splice(at..at, of_project);
            if as_json {
                print_json(&[findings_json(name, &findings)])?
            } else {
                print(&findings_text(name, &findings))?
            }
            Ok(Summary::of(&findings).exit_code())
        })
    }

    pub(super) fn access_show(&self, args: &AccessShowArgs) -> Result<Code> {
        let as_json = args.json;
        self.with_patient(&args.target.names()?, |name, subject, runtime, _| {
            let shown = self.unless_stopped(runtime, access::show(&subject))?;
            if as_json {
                print_json(&[access_json(name, &shown)])?
            } else {
                print(&access_text(name, &shown))?
            }
            Ok(DONE)
        })
    }

    pub(super) fn access_apply(&self, args: &AccessApplyArgs) -> Result<Code> {
        let request = Request {
            unblock: args.unblock,
            is_confirmed: args.yes,
            as_json: args.json,
        };
        self.access_change(&args.target.names()?, Aim::Apply, &request)
    }

    pub(super) fn access_close(&self, args: &AccessCloseArgs) -> Result<Code> {
        let request = Request {
            // Closing a bucket opens nothing, so there is nothing to protect against.
            unblock: true,
            is_confirmed: args.yes,
            as_json: args.json,
        };
        self.access_change(&args.target.names()?, Aim::Close, &request)
    }

    fn access_change(&self, target: &[String], aim: Aim, request: &Request) -> Result<Code> {
        self.with_patient(target, |name, subject, runtime, _| {
            let changes = self.unless_stopped(runtime, access::changes(&subject, aim))?;
            if !request.unblock {
                access::check_unblocking(&changes)?;
            }
            let text = changes_text(name, &changes);
            if request.as_json {
                self.say(text.trim_end())
            } else {
                print(&text)?
            }
            if !changes.is_empty() {
                if !request.is_confirmed {
                    confirm(&Question {
                        question: "Apply these changes?",
                        unasked: "Cannot confirm the changes: standard input is not a terminal",
                        declined: "Nothing was changed",
                    })?;
                }
                self.settle(runtime, access::apply(&subject, &changes))?;
            }
            let prove = async { Ok(access::prove(&subject, aim).await) };
            let proof = self.unless_stopped(runtime, prove)?;
            if request.as_json {
                print_json(&[changes_json(name, &changes, Some(&proof))])?
            } else {
                print(&findings_text(name, &proof))?
            }
            Ok(Summary::of(&proof).exit_code())
        })
    }

    /// Opens one target, to inspect it or to change it.
    fn with_patient(
        &self,
        target: &[String],
        work: impl FnOnce(&str, Subject<'_>, &Runtime, &Config) -> Result<Code>,
    ) -> Result<Code> {
        let config = self.config(Wanted::Targets(target))?;
        let secret = self.secret(&config)?;
        let runtime = self.runtime()?;
        let target = &config.targets[0];
        let open = Subject::open(target, &secret, timeouts(&config));
        let subject = self.unless_stopped(&runtime, open)?;
        work(&target.name, subject, &runtime, &config).map_err(|error| error.of_target(target))
    }

    /// Refuses to publish to a target that strangers can list, or whose releases they can read. A
    /// check without an answer stops no push. Returns the number of requests for each target.
    pub(super) fn refuse_exposed(
        &self,
        runtime: &Runtime,
        exposed: &[Exposed<'_>],
        is_allowed: bool,
    ) -> Result<Vec<u64>> {
        let seen = self.look_exposed(runtime, exposed)?;
        for (one, seen) in exposed.iter().zip(&seen) {
            self.judge_exposed(one.target, &seen.findings, is_allowed)?;
        }
        Ok(seen.iter().map(|seen| seen.requests).collect())
    }

    /// Checks what strangers may do to each target.
    fn look_exposed(&self, runtime: &Runtime, exposed: &[Exposed<'_>]) -> Result<Vec<Seen>> {
        let look = async { Ok(join_all(exposed.iter().map(Exposed::look)).await) };
        self.unless_stopped(runtime, look)
    }

    /// Returns, for each target, the reason why [`Session::refuse_exposed`] would refuse it, if
    /// any, and the number of requests for the check.
    pub(super) fn refusals_of_exposed(
        &self,
        runtime: &Runtime,
        exposed: &[Exposed<'_>],
    ) -> Result<Vec<(Option<Refused>, u64)>> {
        let seen = self.look_exposed(runtime, exposed)?;
        let refusals = exposed.iter().zip(&seen);
        let refusals = refusals.map(|(one, seen)| (one.refused(seen), seen.requests));
        Ok(refusals.collect())
    }

    fn judge_exposed(&self, target: &Target, findings: &[Finding], is_allowed: bool) -> Result<()> {
        for finding in findings {
            let (name, text) = (&target.name, &finding.text);
            match finding.verdict {
                Verdict::Failed if !is_allowed => {
                    let refused = refusal(target, findings);
                    return Err(Error::refused(
                        refused.guard,
                        format!("Nothing was published to {name}: {}", refused.message),
                        refused.hint,
                    ));
                }
                Verdict::Failed => self.say(&format!("warning: {name}: {text}")),
                Verdict::Unknown => self.say(&format!(
                    "warning: {name}: couldn't check public access: {text}"
                )),
                Verdict::Warning => {
                    self.say(&format!("warning: {name}: {text}\nhint: {}", finding.fix));
                }
                Verdict::Passed => {}
            }
        }
        Ok(())
    }
}

fn timeouts(config: &Config) -> Timeouts {
    Timeouts::seconds(config.retry_seconds.min(RETRY_SECONDS_MAX))
}
