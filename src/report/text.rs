//! Plans and reports as text. Colors are ANSI codes; the stream that prints them removes them
//! where they aren't wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::base::text::HumanBytes;
use anstyle::{AnsiColor, Style};

use super::levels::{counts_text, first_levels_text};
use super::local::{listed, warnings_text};
use super::{Outlook, Urls, tally, together};
use crate::apply::{Failure, Report};
use crate::base::name::NameStyle;
use crate::base::text::count;
use crate::base::text::escape;
use crate::config::Target;
use crate::naming::Build;
use crate::plan::{Action, Reason, Step, Tally};
use crate::release::Basis;
use crate::release::difference::{Change, Removed, Why};
use crate::scan::junk::{Dropped, Junk};
use crate::store::{StoreError, StoreErrorKind};
use crate::tree::{Asset, Tree};

/// Describes what was left out or looks odd, for `-v` and for warnings: one line each.
pub fn tree_text(tree: &Tree, verbose: bool) -> String {
    let mut text = warnings_text(&tree.warnings, listed(verbose));
    let mut line = |l: String| writeln!(text, "{l}").expect("a string takes every write");
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
            "skipped because of their extension: {}",
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
            "never published, left behind by operating systems and editors: {}",
            count(tree.left_behind.len() as u64, "file")
        ));
    }
    if verbose {
        tree.left_behind
            .iter()
            .for_each(|path| line(format!("  {}", escape(path.as_str()))));
    }
    text += &junk_text(&tree.junk, verbose);
    let mut line = |l: String| writeln!(text, "{l}").expect("a string takes every write");
    let left_out = tree.left_out.iter().map(|path| escape(path.as_str()));
    let left_out: Vec<String> = left_out.chain(tree.oddly_left_out.clone()).collect();
    if !left_out.is_empty() {
        let files = count(left_out.len() as u64, "file");
        line(format!("skipped by a rule: {files}"));
    }
    if verbose {
        left_out.iter().for_each(|path| line(format!("  {path}")));
    }
    text
}

/// Number of folders and files that are named for one reason to leave them out.
const JUNK_MAX: usize = 3;

/// Describes each reason to leave out files by their names in a line, with the rule that publishes
/// the first of them. With `verbose`, adds a line for each folder and file.
fn junk_text(junk: &[Dropped], verbose: bool) -> String {
    let mut reasons: BTreeMap<Junk, BTreeMap<&str, Vec<&Dropped>>> = BTreeMap::new();
    for dropped in junk {
        let tops = reasons.entry(dropped.junk).or_default();
        tops.entry(&dropped.top).or_default().push(dropped);
    }
    let mut text = String::new();
    for (reason, tops) in reasons {
        let why = match reason {
            Junk::Hidden => "their names begin with a dot",
            Junk::Tool => "tools leave folders with this name behind",
            Junk::Copy => "their names look like copies",
            Junk::Server => {
                "they look like files for the hunt's server, and players could guess their \
                 `palindrome-2022` names"
            }
        };
        let files = count(tops.values().map(Vec::len).sum::<usize>() as u64, "file");
        let named = tops.keys().take(JUNK_MAX);
        let named: Vec<String> = named.map(|top| format!("`{}`", escape(top))).collect();
        let more = match tops.len().saturating_sub(JUNK_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let first = tops.values().next().map(|of_top| of_top[0].rule());
        writeln!(
            text,
            "skipped because {why}: {files}: {}{more} (to publish the first, add a rule with {})",
            named.join(", "),
            first.unwrap_or_default()
        )
        .expect("a string takes every write");
        for (top, of_top) in tops.iter().filter(|_| verbose) {
            let count = if top.ends_with('/') {
                format!(" ({})", count(of_top.len() as u64, "file"))
            } else {
                String::new()
            };
            writeln!(text, "  {}{count}", escape(top)).expect("a string takes every write");
        }
    }
    text
}

/// Returns a line with the number of files that keep their names if there is no configuration.
pub fn defaults_text(tree: &Tree) -> String {
    let is_plain = |asset: &&Asset| !asset.policy.names.is_keyed();
    let plain = tree.assets.iter().filter(is_plain).count();
    let all = count(tree.assets.len() as u64, "file");
    format!(
        "no configuration: pages and files requested by name keep their names ({plain} of {all}); others get keyed names"
    )
}

/// Describes what would be done: a line for each change, by path, then the sums.
pub fn plan_text(outlook: &Outlook<'_>, urls: Urls) -> String {
    let actions = outlook.plan.actions.iter();
    let actions = actions.filter_map(|action| action_line(outlook, action, urls));
    let removed = outlook.difference.removed.iter();
    let removed = removed.map(|removed| (removed.path, removed_line(outlook, removed)));
    let mut lines: Vec<(&str, String)> = actions.chain(removed).collect();
    lines.sort_by_key(|(path, _)| *path);
    let lines: String = lines.into_iter().map(|(_, line)| line).collect();
    lines
        + &first_levels_text(outlook.before, outlook.build)
        + &plan_sums(outlook)
        + &counts_text(&outlook.target.name, outlook.build)
}

/// Describes the action for an object, or its change if the object is already there, together with
/// the path.
fn action_line<'a>(
    outlook: &Outlook<'a>,
    action: &'a Action<'a>,
    urls: Urls,
) -> Option<(&'a str, String)> {
    let path = action.object.path.as_str();
    let change = outlook.difference.changes.get(path);
    // Without a release, there is nothing that could have changed.
    let change = change.filter(|_| outlook.difference.has_release);
    let reason = match (action.step, change) {
        (Step::Upload(Reason::Missing), Some(Change::New)) => "new".to_string(),
        (Step::Upload(Reason::Missing), Some(Change::Changed)) => "changed".to_string(),
        (Step::Keep, Some(Change::New)) => "new, already uploaded".to_string(),
        (Step::Keep, Some(Change::Changed)) => "changed, already uploaded".to_string(),
        (step, _) => step.reason()?.to_string(),
    };
    let style = style(action.step);
    let verb = action.verb();
    let size = HumanBytes(action.object.size_bytes);
    let names = match action.object.policy.names {
        NameStyle::Opaque => String::new(),
        other => format!(", {}", other.as_str()),
    };
    let url = urls.of(outlook.target, &action.object.key);
    let url = url.map_or(String::new(), |url| format!(" {url}"));
    let level = level(
        outlook.build,
        outlook.build.levels.name(action.object.policy.level),
    );
    let line = format!(
        "{style}{verb:<9}{style:#} {} ({reason}, {size}{names}{level}){url}\n",
        escape(path)
    );
    Some((path, line))
}

/// Returns the level of a file; empty if there are no levels. If there are any, every file has one.
fn level(build: &Build, name: &str) -> String {
    if build.levels.is_empty() {
        String::new()
    } else {
        format!(", level {name}")
    }
}

/// Describes a file that isn't published any more. Nothing is deleted: it stays in the target.
fn removed_line(outlook: &Outlook<'_>, removed: &Removed<'_>) -> String {
    let (verb, why) = match removed.why {
        Why::Gone => {
            let level = level(outlook.build, removed.level);
            ("remove", format!("no longer in the tree{level}"))
        }
        Why::Held(level) => ("hold", format!("its level, `{level}`, is held")),
    };
    let style = AnsiColor::Red.on_default();
    let size = HumanBytes(removed.size_bytes);
    format!(
        "{style}{verb:<9}{style:#} {} ({why}, {size})\n",
        escape(removed.path)
    )
}

fn plan_sums(outlook: &Outlook<'_>) -> String {
    let summary = outlook.plan.summary();
    let sum = |verb: &str| tally(summary[verb]);
    let conflicts = match summary["conflict"].objects {
        0 => String::new(),
        n => format!(", {} in conflict", n),
    };
    let removed = match outlook.difference.removed.len() {
        0 => String::new(),
        n => format!(", {n} no longer published"),
    };
    let copied = match summary["copy"].objects {
        0 => String::new(),
        _ => format!(", {} to copy in the target", sum("copy")),
    };
    format!(
        "{}: {} to upload{copied}, {} to overwrite, {}{conflicts}{removed}{} (key {})\n{}",
        outlook.target.name,
        sum("upload"),
        sum("overwrite"),
        kept(summary["keep"], outlook.basis, "to keep"),
        held(outlook.build),
        outlook.build.key_id,
        renamed_folders(outlook),
    )
}

/// Describes the cost of new names for keyed folders.
fn renamed_folders(outlook: &Outlook<'_>) -> String {
    let is_renamed = |action: &&Action<'_>| {
        let object = action.object;
        let change = outlook.difference.changes.get(object.path.as_str());
        outlook.difference.has_release
            && object.policy.names == NameStyle::Folder
            && change == Some(&Change::Changed)
    };
    let renamed: Vec<&Action<'_>> = outlook.plan.actions.iter().filter(is_renamed).collect();
    let tokens = renamed.iter().map(|action| action.object.token);
    let folders = tokens.collect::<BTreeSet<_>>().len() as u64;
    let bytes = renamed.iter().map(|action| action.object.size_bytes).sum();
    match folders {
        0 => String::new(),
        1 => format!(
            "{}: 1 keyed folder gets a new name, so visitors load its {} again\n",
            outlook.target.name,
            HumanBytes(bytes)
        ),
        _ => format!(
            "{}: {folders} keyed folders get new names, so visitors load their {} again\n",
            outlook.target.name,
            HumanBytes(bytes)
        ),
    }
}

/// Describes the objects that stay unchanged. Says that they are there only if they were seen.
fn kept(tally: Tally, basis: Basis, verb: &str) -> String {
    let kept = super::tally(tally);
    match basis {
        Basis::Release(at) if tally.objects > 0 => {
            format!("{kept} unchanged since {at}, not checked")
        }
        _ => format!("{kept} {verb}"),
    }
}

/// Returns the number of files that wait for `--unlock`.
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

/// Describes what was done: every failure, then the sums.
pub fn report_text(target: &Target, build: &Build, report: &Report, basis: Basis) -> String {
    let text = failures_text(report);
    let copied = match report.copied.objects {
        0 => String::new(),
        _ => format!(", {} copied in the target", tally(report.copied)),
    };
    let mut sums = format!(
        "{} uploaded{copied}, {} overwritten, {}",
        tally(report.uploaded),
        tally(report.overwritten),
        kept(report.kept, basis, "kept")
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
        (report.not_begun, "not started"),
    ] {
        if n > 0 {
            write!(sums, ", {n} {what}").expect("a string takes every write");
        }
    }
    let sent = HumanBytes(report.sent_bytes);
    text + &format!(
        "{}: {sums}{}; {sent} sent (key {})\n{}",
        target.name,
        held(build),
        build.key_id,
        counts_text(&target.name, build)
    )
}

/// Number of paths that are named for one cause of failure.
const PATHS_MAX: usize = 3;

/// Describes the failures, a line for each cause, with hints.
pub fn failures_text(report: &Report) -> String {
    let mut text = String::new();
    let red = AnsiColor::Red.on_default();
    for alike in together(&report.failures, |failure| Some(cause(failure))) {
        let first = alike[0];
        let verb = if first.is_unknown() {
            "unknown"
        } else {
            "failed"
        };
        let paths = alike.iter().take(PATHS_MAX);
        let paths: Vec<String> = paths.map(|failure| escape(&failure.path)).collect();
        let paths = paths.join(", ");
        let what = match alike.len() {
            1 => paths,
            n if n <= PATHS_MAX => format!("{n} objects ({paths})"),
            n => format!("{n} objects (such as {paths})"),
        };
        writeln!(text, "{red}{verb}{red:#} {what}: {}", first.error)
            .expect("a string takes every write");
    }
    let mut hints: Vec<String> = report
        .failures
        .iter()
        .filter(|f| !f.error.hint.is_empty())
        .map(|f| f.error.hint.to_string())
        .collect();
    hints.sort_unstable();
    hints.dedup();
    for hint in hints {
        writeln!(text, "hint: {hint}").expect("a string takes every write");
    }
    text
}

/// Returns what distinguishes the cause of a failure from others.
fn cause(failure: &Failure) -> (StoreErrorKind, &str) {
    let StoreError {
        kind,
        message,
        cause,
        ..
    } = &failure.error;
    let cause = if cause.is_empty() { message } else { cause };
    (*kind, cause)
}
