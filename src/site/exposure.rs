//! Check of what strangers may do to a target, right before anything is published there.

use std::sync::Arc;

use crate::base::hint::Verb;
use crate::base::refusal::Guard;
use crate::config::Target;
use crate::doctor::{Before, Finding, Seen, Verdict, before_push, own_command};
use crate::release::guard::Refused;
use crate::store::Store;

/// Target that is about to be published to.
pub(crate) struct Exposed<'a> {
    pub(crate) target: &'a Target,
    pub(crate) store: &'a Arc<dyn Store>,
    /// Storage of its releases.
    pub(crate) releases: &'a Arc<dyn Store>,
    pub(crate) before: Before,
    /// True if there is nothing to publish.
    pub(crate) is_published: bool,
}

impl Exposed<'_> {
    /// Checks what strangers may do. Checks a bucket only if anything will be published there,
    /// since this costs requests.
    pub(crate) async fn look(&self) -> Seen {
        if self.is_published && self.store.control().is_some() {
            Seen::default()
        } else {
            before_push(self.target, self.store, self.releases, self.before).await
        }
    }

    /// Returns why nothing may be published, if strangers can list the target or read its releases.
    pub(crate) fn refused(&self, seen: &Seen) -> Option<Refused> {
        let is_failed = |finding: &Finding| finding.verdict == Verdict::Failed;
        let is_open = seen.findings.iter().any(is_failed);
        is_open.then(|| refusal(self.target, &seen.findings))
    }
}

/// Describes what strangers may do, and how to fix it.
pub(crate) fn refusal(target: &Target, findings: &[Finding]) -> Refused {
    let failed = findings.iter().filter(|f| f.verdict == Verdict::Failed);
    let (texts, fixes): (Vec<&str>, Vec<&str>) =
        failed.map(|f| (f.text.as_str(), f.fix.as_str())).unzip();
    let mut ways = each_once(&fixes);
    let doctor = own_command(target, Verb::Doctor);
    ways.push(format!(
        "`{doctor}` shows details; `--allow-exposed` publishes anyway"
    ));
    Refused::by(Guard::Exposed, texts.join("; "), ways.join("\n      "))
}

/// Returns the fixes for several findings without duplicates. Leaves out a fix that another one
/// begins with.
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
