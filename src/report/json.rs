//! Plans and reports as JSON. Each document names its format and version. Within a version, fields
//! are only added.

use serde_json::{Map, Value, json};

use super::levels::levels_json;
use super::stale::stale_json;
use super::{Outlook, Urls};
use crate::apply::{Failure, Report};
use crate::base::error::Error;
use crate::base::problem::Problem;
use crate::config::Target;
use crate::naming::Build;
use crate::plan::{Action, Step, Tally};
use crate::release::Basis;
use crate::release::difference::{Change, Why};
use crate::release::guard::Refused;
use crate::release::stale::Stale;

/// Returns a plan:
/// `{"format": "assetsync plan", "version": 1, "key_id", "target", "summary", "levels": [..], "changes": [..], "removed": [..], "refusal", "is_seen"}`.
///
/// `is_seen` says whether the kept objects were seen in the target. If not, the current release
/// lists them, and one object was checked.
///
/// A change is `{"action", "change", "reason", "path", "size", "names", "level"}`. Its `change` is
/// `new`, `changed`, or null if the file itself stays as it is. A removed file is
/// `{"path", "size", "level", "was"}`. Its `level` is the one that holds it, or null if it isn't in
/// the tree, and `was` is its former level. `levels` has the files of each level:
/// `[{"level", "files", "bytes", "held", "patterns": [{"match", "files"}, ..]}, ..]`. `refusal` is
/// null, or says how a push would end: `{"exit_code", "reasons": [{"guard", "message", "hint"}, ..]}`.
pub fn plan_json(outlook: &Outlook<'_>, urls: Urls) -> Value {
    let changes = outlook.plan.actions.iter();
    let changes = changes.filter_map(|action| change_json(outlook, action, urls));
    let summary: Map<String, Value> = outlook
        .plan
        .summary()
        .into_iter()
        .map(|(verb, tally)| (verb.to_string(), tally_json(tally)))
        .collect();
    let removed = outlook.difference.removed.iter();
    let removed = removed.map(|removed| {
        let level = match removed.why {
            Why::Gone => None,
            Why::Held(level) => Some(level),
        };
        json!({ "path": removed.path, "size": removed.size_bytes, "level": level, "was": removed.level })
    });
    json!({
        "format": "assetsync plan",
        "version": 1,
        "key_id": outlook.build.key_id.to_string(),
        "target": outlook.target.name,
        "summary": summary,
        "held": outlook.build.held(),
        "levels": levels_json(outlook.build),
        "warnings": warnings_json(outlook.build, &outlook.stale),
        "is_seen": outlook.basis == Basis::Seen,
        "changes": changes.collect::<Vec<_>>(),
        "removed": removed.collect::<Vec<_>>(),
        "reachable": super::leftovers_json(&outlook.left),
        "refusal": refusal_json(&outlook.refused),
    })
}

fn change_json(outlook: &Outlook<'_>, action: &Action<'_>, urls: Urls) -> Option<Value> {
    let change = outlook.difference.changes.get(action.object.path.as_str());
    let change = change.map(|change| match change {
        Change::New => "new",
        Change::Changed => "changed",
    });
    let is_told = outlook.difference.has_release && change.is_some();
    if action.step == Step::Keep && !is_told {
        return None;
    }
    let mut value = json!({
        "action": action.verb(),
        "change": change,
        "reason": action.step.reason().map(|reason| reason.to_string()),
        "path": action.object.path.as_str(),
        "size": action.object.size_bytes,
        "names": action.object.policy.names.as_str(),
        "level": outlook.build.levels.name(action.object.policy.level),
    });
    if let Some(url) = urls.of(outlook.target, &action.object.key) {
        value["url"] = url.into();
    }
    Some(value)
}

fn refusal_json(refused: &[Refused]) -> Value {
    let Some(first) = refused.first() else {
        return Value::Null;
    };
    let reason = |refused: &Refused| {
        let hint = refused.hint.to_string();
        json!({ "guard": refused.guard, "message": refused.message, "hint": hint })
    };
    json!({
        "exit_code": Error::from(first.clone()).exit_code(),
        "reasons": refused.iter().map(reason).collect::<Vec<_>>(),
    })
}

fn warnings_json(build: &Build, stale: &[Stale]) -> Vec<Value> {
    let mut warnings = list(&build.of_tree);
    warnings.extend(list(&build.warnings));
    warnings.extend(stale_json(stale));
    warnings
}

/// Returns a report:
/// `{"format": "assetsync report", "version": 1, "key_id", "target", "complete", "uploaded", ..}`.
pub fn report_json(
    target: &Target,
    build: &Build,
    stale: &[Stale],
    report: &Report,
    requests: u64,
) -> Value {
    json!({
        "format": "assetsync report",
        "version": 1,
        "key_id": build.key_id.to_string(),
        "target": target.name,
        "complete": report.is_complete(),
        "interrupted": report.is_interrupted,
        "uploaded": tally_json(report.uploaded),
        "copied": tally_json(report.copied),
        "overwritten": tally_json(report.overwritten),
        "kept": tally_json(report.kept),
        "held": build.held(),
        "levels": levels_json(build),
        "warnings": warnings_json(build, stale),
        "not_begun": report.not_begun,
        "sent_bytes": report.sent_bytes,
        "requests": requests,
        "failures": failures_json(report),
    })
}

/// Lists the failures with their hints: `[{"path", "unknown", "error", "hint"}, ..]`.
pub fn failures_json(report: &Report) -> Vec<Value> {
    let failure = |failure: &Failure| json!({ "path": failure.path, "unknown": failure.is_unknown(), "error": failure.error.message, "hint": failure.error.hint.to_string() });
    report.failures.iter().map(failure).collect()
}

/// Returns the reasons why a tree can't be published, and the warnings:
/// `{"format": "assetsync problems", "version": 1, "problems": [..], "warnings": [..]}`.
pub fn problems_json(problems: &[Problem], warnings: &[Problem]) -> Value {
    json!({
        "format": "assetsync problems",
        "version": 1,
        "problems": list(problems),
        "warnings": list(warnings),
    })
}

/// Returns `[{"path", "line", "column", "kind", "message"}, ..]`.
pub(super) fn list(problems: &[Problem]) -> Vec<Value> {
    let problem = |problem: &Problem| {
        let (line, column) = problem.place.unzip();
        json!({
            "path": problem.path,
            "line": line,
            "column": column,
            "kind": problem.kind,
            "message": problem.message,
        })
    };
    problems.iter().map(problem).collect()
}

fn tally_json(tally: Tally) -> Value {
    json!({ "objects": tally.objects, "bytes": tally.bytes })
}
