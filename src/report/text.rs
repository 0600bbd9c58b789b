//! Plans and reports for people. Colours are ANSI codes; the stream they are printed to takes them out
//! where they aren't wanted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use indicatif::HumanBytes;

use super::{Urls, count, tally};
use crate::apply::Report;
use crate::build::Build;
use crate::config::Target;
use crate::error::escape;
use crate::name::NameStyle;
use crate::plan::{Plan, Step};
use crate::tree::Tree;

/// What was left out or looks odd, for `-v` and for warnings: one line each.
pub fn tree_text(tree: &Tree, verbose: bool) -> String {
    let mut text = String::new();
    let mut line = |l: String| writeln!(text, "{l}").expect("a string takes every write");
    for warning in &tree.warnings {
        line(format!(
            "warning: `{}` {}",
            warning.location(),
            warning.message
        ));
    }
    if !tree.skipped.is_empty() {
        let kinds: Vec<String> = tree
            .skipped
            .iter()
            .map(
                |(extension, paths)| match (extension.as_str(), paths.len()) {
                    ("", n) => format!("{n} without extension"),
                    (extension, n) => format!("{n} .{}", escape(extension)),
                },
            )
            .collect();
        line(format!(
            "skipped, since their extensions aren't published: {}",
            kinds.join(", ")
        ));
    }
    if verbose {
        tree.skipped
            .values()
            .flatten()
            .for_each(|path| line(format!("  {}", escape(path.as_str()))));
    }
    if !tree.left_behind.is_empty() {
        line(format!(
            "never published, since systems and editors leave such files behind: {}",
            count(tree.left_behind.len() as u64, "file")
        ));
    }
    if verbose {
        tree.left_behind
            .iter()
            .for_each(|path| line(format!("  {}", escape(path.as_str()))));
    }
    if !tree.left_out.is_empty() {
        line(format!(
            "left out by a rule: {}",
            count(tree.left_out.len() as u64, "file")
        ));
    }
    if verbose {
        tree.left_out
            .iter()
            .for_each(|path| line(format!("  {}", escape(path.as_str()))));
    }
    text
}

/// What would be done: a line for each change, then the sums.
pub fn plan_text(target: &Target, build: &Build, plan: &Plan<'_>, urls: Urls) -> String {
    let mut text = String::new();
    for action in plan.changes() {
        let style = style(action.step);
        let verb = action.step.verb();
        let path = escape(action.object.path.as_str());
        let reason = action
            .step
            .reason()
            .map_or(String::new(), |reason| reason.to_string());
        let size = HumanBytes(action.object.size_bytes);
        let names = match action.object.policy.names {
            NameStyle::Opaque => String::new(),
            other => format!(", {}", other.as_str()),
        };
        write!(
            text,
            "{style}{verb:<9}{style:#} {path} ({reason}, {size}{names})"
        )
        .expect("a string takes every write");
        match urls.of(target, &action.object.key) {
            Some(url) => writeln!(text, " {url}"),
            None => writeln!(text),
        }
        .expect("a string takes every write");
    }
    let summary = plan.summary();
    let sum = |verb: &str| tally(summary[verb]);
    let conflicts = match summary["conflict"].objects {
        0 => String::new(),
        n => format!(", {} in conflict", n),
    };
    text + &format!(
        "{}: {} to upload, {} to overwrite, {} to keep{conflicts}{} (key {})\n",
        target.name,
        sum("upload"),
        sum("overwrite"),
        sum("keep"),
        held(build),
        build.key_id,
    )
}

/// How many files wait for `--unlock`.
fn held(build: &Build) -> String {
    let held = build
        .held()
        .into_iter()
        .map(|(level, objects)| format!(", {objects} held ({level})"));
    held.collect()
}

fn style(step: Step) -> Style {
    match step {
        Step::Upload(_) => AnsiColor::Green.on_default(),
        Step::Overwrite(_) => AnsiColor::Yellow.on_default(),
        Step::Conflict(_) => AnsiColor::Red.on_default(),
        Step::Keep => Style::new(),
    }
}

/// What was done: every failure, then the sums.
pub fn report_text(target: &Target, build: &Build, report: &Report) -> String {
    let text = failures_text(report);
    let mut sums = format!(
        "{} uploaded, {} overwritten, {} kept",
        tally(report.uploaded),
        tally(report.overwritten),
        tally(report.kept)
    );
    let unknown = report
        .failures
        .iter()
        .filter(|failure| failure.is_unknown())
        .count() as u64;
    let failed = report.failures.len() as u64 - unknown;
    for (n, what) in [
        (failed, "failed"),
        (unknown, "unknown"),
        (report.not_begun, "not begun"),
    ] {
        if n > 0 {
            write!(sums, ", {n} {what}").expect("a string takes every write");
        }
    }
    let sent = HumanBytes(report.sent_bytes);
    text + &format!(
        "{}: {sums}{}; {sent} sent (key {})\n",
        target.name,
        held(build),
        build.key_id
    )
}

/// What failed, and what helps.
pub fn failures_text(report: &Report) -> String {
    let mut text = String::new();
    let red = AnsiColor::Red.on_default();
    for failure in &report.failures {
        let verb = if failure.is_unknown() {
            "unknown"
        } else {
            "failed"
        };
        let path = escape(&failure.path);
        writeln!(text, "{red}{verb}{red:#} {path}: {}", failure.error)
            .expect("a string takes every write");
    }
    let mut hints: Vec<&str> = report
        .failures
        .iter()
        .map(|f| f.error.hint.as_str())
        .filter(|h| !h.is_empty())
        .collect();
    hints.sort_unstable();
    hints.dedup();
    for hint in hints {
        writeln!(text, "hint: {hint}").expect("a string takes every write");
    }
    text
}
