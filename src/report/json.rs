//! Plans and reports for programs. Both documents name their format and version; fields are only added
//! within a version.

use serde_json::{Map, Value, json};

use super::Urls;
use crate::apply::{Failure, Report};
use crate::build::Build;
use crate::config::Target;
use crate::error::Problem;
use crate::plan::{Plan, Tally};

/// A plan: `{"format": "assetsync plan", "version": 1, "key_id", "target", "summary", "changes": [..]}`.
pub fn plan_json(target: &Target, build: &Build, plan: &Plan<'_>, urls: Urls) -> Value {
    let changes: Vec<Value> = plan
        .changes()
        .map(|action| {
            let mut change = json!({
                "action": action.step.verb(),
                "reason": action.step.reason().map(|reason| reason.to_string()),
                "path": action.object.path.as_str(),
                "size": action.object.size_bytes,
                "names": action.object.policy.names.as_str(),
            });
            if let Some(url) = urls.of(target, &action.object.key) {
                change["url"] = url.into();
            }
            change
        })
        .collect();
    let summary: Map<String, Value> = plan
        .summary()
        .into_iter()
        .map(|(verb, tally)| (verb.to_string(), tally_json(tally)))
        .collect();
    json!({
        "format": "assetsync plan",
        "version": 1,
        "key_id": build.key_id.to_string(),
        "target": target.name,
        "summary": summary,
        "held": build.held(),
        "warnings": problems_json(&build.warnings),
        "changes": changes,
    })
}

/// A report: `{"format": "assetsync report", "version": 1, "key_id", "target", "complete", "uploaded", ..}`.
pub fn report_json(target: &Target, build: &Build, report: &Report, requests: u64) -> Value {
    json!({
        "format": "assetsync report",
        "version": 1,
        "key_id": build.key_id.to_string(),
        "target": target.name,
        "complete": report.is_complete(),
        "interrupted": report.is_interrupted,
        "uploaded": tally_json(report.uploaded),
        "overwritten": tally_json(report.overwritten),
        "kept": tally_json(report.kept),
        "held": build.held(),
        "warnings": problems_json(&build.warnings),
        "not_begun": report.not_begun,
        "sent_bytes": report.sent_bytes,
        "requests": requests,
        "failures": failures_json(report),
    })
}

/// What failed, and what helps: `[{"path", "unknown", "error", "hint"}, ..]`.
pub fn failures_json(report: &Report) -> Vec<Value> {
    let failure = |failure: &Failure| json!({ "path": failure.path, "unknown": failure.is_unknown(), "error": failure.error.message, "hint": failure.error.hint });
    report.failures.iter().map(failure).collect()
}

fn problems_json(problems: &[Problem]) -> Vec<Value> {
    let problem = |problem: &Problem| {
        let (line, column) = problem.place.unzip();
        json!({ "path": problem.path, "line": line, "column": column, "message": problem.message })
    };
    problems.iter().map(problem).collect()
}

fn tally_json(tally: Tally) -> Value {
    json!({ "objects": tally.objects, "bytes": tally.bytes })
}
