//! `doctor` and `access`: what works on a bucket, without the tree; and the part of it that a push begins with.

use std::sync::Arc;

use assetsync::doctor::access::Aim;
use assetsync::doctor::{
    Before, Finding, Patient, Seen, Summary, Verdict, access, before_push, examine,
    examine_project, own_command,
};
use assetsync::release::guard::Refused;
use assetsync::report::{
    access_json, access_text, changes_json, changes_text, findings_json, findings_text,
};
use assetsync::{Config, Error, Patience, Result, Store, Target, Wanted};
use futures_util::future::join_all;
use tokio::runtime::Runtime;

use super::ask::{Question, confirm};
use super::{Code, DONE, Session};
use crate::output::{print, print_json};

/// How long a single check is tried again on a bad network, in seconds: the others wait for it.
const RETRY_SECONDS_MAX: u64 = 10;

/// A target that is about to be published to.
pub(super) struct Exposed<'a> {
    pub(super) target: &'a Target,
    pub(super) store: &'a Arc<dyn Store>,
    /// Where its releases are.
    pub(super) releases: &'a Arc<dyn Store>,
    pub(super) before: Before,
    /// Whether there's nothing to publish.
    pub(super) is_published: bool,
}

/// How `access apply` and `access close` are asked for.
pub(super) struct Apply {
    pub(super) unblock: bool,
    pub(super) is_confirmed: bool,
    pub(super) as_json: bool,
}

impl Session<'_> {
    pub(super) fn doctor(&self, target: &[String], as_json: bool) -> Result<Code> {
        self.with_patient(target, |name, patient, runtime, config| {
            let look = async { Ok(examine(&patient).await) };
            let mut findings = self.unless_stopped(runtime, look)?;
            let of_project = examine_project(config, patient.secret(), patient.target());
            // Behind what the key is.
            let at = findings.len().min(1);
            findings.splice(at..at, of_project);
            match as_json {
                true => print_json(&[findings_json(name, &findings)])?,
                false => print(&findings_text(name, &findings))?,
            }
            Ok(Summary::of(&findings).exit_code())
        })
    }

    pub(super) fn access_show(&self, target: &[String], as_json: bool) -> Result<Code> {
        self.with_patient(target, |name, patient, runtime, _| {
            let shown = self.unless_stopped(runtime, access::show(&patient))?;
            match as_json {
                true => print_json(&[access_json(name, &shown)])?,
                false => print(&access_text(name, &shown))?,
            }
            Ok(DONE)
        })
    }

    /// `access apply` and `access close`.
    pub(super) fn access_change(&self, target: &[String], aim: Aim, wish: &Apply) -> Result<Code> {
        self.with_patient(target, |name, patient, runtime, _| {
            let changes = self.unless_stopped(runtime, access::changes(&patient, aim))?;
            if !wish.unblock {
                access::check_unblocking(&changes)?;
            }
            let text = changes_text(name, &changes);
            match wish.as_json {
                true => self.say(text.trim_end()),
                false => print(&text)?,
            }
            if !changes.is_empty() {
                if !wish.is_confirmed {
                    confirm(&Question {
                        question: "Change the bucket so?",
                        unasked: "Nobody can be asked whether to change the bucket so",
                        declined: "Nothing was changed",
                    })?;
                }
                self.settle(runtime, access::apply(&patient, &changes))?;
            }
            let prove = async { Ok(access::prove(&patient, aim).await) };
            let proof = self.unless_stopped(runtime, prove)?;
            match wish.as_json {
                true => print_json(&[changes_json(name, &changes, Some(&proof))])?,
                false => print(&findings_text(name, &proof))?,
            }
            Ok(Summary::of(&proof).exit_code())
        })
    }

    /// Opens one target, to look at it or change it.
    fn with_patient(
        &self,
        target: &[String],
        work: impl FnOnce(&str, Patient<'_>, &Runtime, &Config) -> Result<Code>,
    ) -> Result<Code> {
        let config = self.config(Wanted::Targets(target))?;
        let secret = self.secret(&config)?;
        let runtime = self.runtime()?;
        let target = &config.targets[0];
        let open = Patient::open(target, &secret, patience(&config));
        let patient = self.unless_stopped(&runtime, open)?;
        work(&target.name, patient, &runtime, &config).map_err(|error| error.of_target(target))
    }

    /// Refuses to publish to where strangers can list, or read the releases. What can't be told stops nobody. Returns how many
    /// requests each look took.
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

    /// Asks what strangers may do to each target: to a bucket, if anything is to be published there, since it costs requests.
    fn look_exposed(&self, runtime: &Runtime, exposed: &[Exposed<'_>]) -> Result<Vec<Seen>> {
        let looks = exposed.iter().map(|one| async {
            match one.is_published && one.store.control().is_some() {
                true => Seen::default(),
                false => before_push(one.target, one.store, one.releases, one.before).await,
            }
        });
        let look = async { Ok(join_all(looks).await) };
        self.unless_stopped(runtime, look)
    }

    /// Why each would be refused by [`Session::refuse_exposed`], if it would, and how many requests the look took.
    pub(super) fn refusals_of_exposed(
        &self,
        runtime: &Runtime,
        exposed: &[Exposed<'_>],
    ) -> Result<Vec<(Option<Refused>, u64)>> {
        let seen = self.look_exposed(runtime, exposed)?;
        let refusals = exposed.iter().zip(&seen).map(|(one, seen)| {
            let is_failed = |finding: &Finding| finding.verdict == Verdict::Failed;
            let is_open = seen.findings.iter().any(is_failed);
            let refused = is_open.then(|| refusal(one.target, &seen.findings));
            (refused, seen.requests)
        });
        Ok(refusals.collect())
    }

    fn judge_exposed(&self, target: &Target, findings: &[Finding], is_allowed: bool) -> Result<()> {
        for finding in findings {
            let (name, text) = (&target.name, &finding.text);
            match finding.verdict {
                Verdict::Failed if !is_allowed => {
                    let Refused { message, hint } = refusal(target, findings);
                    let message = format!("Nothing was published to {name}: {message}");
                    return Err(Error::Refused { message, hint });
                }
                Verdict::Failed => self.say(&format!("warning: {name}: {text}")),
                Verdict::Unknown => self.say(&format!(
                    "warning: {name}: whether strangers are kept out couldn't be told: {text}"
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

fn patience(config: &Config) -> Patience {
    Patience::seconds(config.retry_seconds.min(RETRY_SECONDS_MAX))
}

fn refusal(target: &Target, findings: &[Finding]) -> Refused {
    let failed = findings.iter().filter(|f| f.verdict == Verdict::Failed);
    let (texts, fixes): (Vec<&str>, Vec<&str>) =
        failed.map(|f| (f.text.as_str(), f.fix.as_str())).unzip();
    let mut ways = each_once(&fixes);
    let doctor = own_command(target, "doctor");
    ways.push(format!(
        "`{doctor}` tells more; `--allow-exposed` publishes nevertheless"
    ));
    Refused {
        message: texts.join("; "),
        hint: ways.join("\n      "),
    }
}

/// What mends several findings: each once, and none that another begins with.
fn each_once(fixes: &[&str]) -> Vec<String> {
    let is_said_by = |other: &str, fix: &str| other.starts_with(fix) && other != fix;
    let mut ways: Vec<String> = Vec::new();
    for fix in fixes {
        let is_said = fixes.iter().any(|other| is_said_by(other, fix));
        if !is_said && !ways.iter().any(|way| way == fix) {
            ways.push(fix.to_string());
        }
    }
    ways
}
