//! Patterns of the configuration that match nothing, or less than they seem to.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Tree;
use crate::base::glob::Glob;
use crate::base::likeness::nearest;
use crate::base::mask::shown;
use crate::base::path::LogicalPath;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;
use crate::levels::{Level, overlooked, quoted};
use crate::rules::Rules;
use crate::rules::maker;

/// Tells of patterns that match nothing, and of files that a level seems to miss.
pub(super) fn check_patterns<'a>(
    rules: &Rules,
    tree: &'a Tree,
    paths: impl Iterator<Item = &'a LogicalPath> + Clone,
    odd: &[PathBuf],
) -> Said {
    let levels = rules.levels();
    let mut warnings = unused_patterns(rules, paths.clone(), odd);
    let mut problems = Vec::new();
    let skipped = tree.skipped.values().flatten();
    let empty = levels.unused(paths.clone().chain(skipped));
    let names: Vec<&str> = empty.iter().map(|level| level.name.as_str()).collect();
    let files = tree
        .assets
        .iter()
        .map(|asset| (&asset.path, asset.policy.level, asset.policy.names));
    let overlooked = overlooked(levels, files, &names);
    for level in empty {
        let instead = overlooked.instead.get(&level.name);
        let told = without_files(level, instead, paths.clone());
        let (held, others): (Vec<Problem>, Vec<Problem>) = told
            .into_iter()
            .partition(|told| told.kind == ProblemKind::EmptyLevel);
        problems.extend(held);
        warnings.extend(others);
    }
    warnings.extend(overlooked.warnings);
    Said { warnings, problems }
}

/// Tells of patterns of rules, folders and levels that match nothing.
fn unused_patterns<'a>(
    rules: &Rules,
    paths: impl Iterator<Item = &'a LogicalPath> + Clone,
    odd: &[PathBuf],
) -> Vec<Problem> {
    let folders = paths.clone().map(LogicalPath::folder);
    let of_rules = rules.unused(paths.clone(), odd).into_iter();
    let of_rules = of_rules.map(|pattern| {
        let what = "is the `match` of a rule, but matches no file";
        (pattern, what.to_string())
    });
    let of_folders = rules
        .folders()
        .unused(paths.clone().map(LogicalPath::as_str));
    let of_folders = of_folders.into_iter().map(|pattern| {
        let what = "is the `match` of a `[[folder]]`, but matches no folder";
        (pattern, what.to_string())
    });
    let of_levels = rules.levels().unused_patterns(paths).into_iter();
    let of_levels =
        of_levels.map(|(pattern, what)| (pattern, format!("{what}, but matches no file")));
    let all = of_rules.chain(of_folders).chain(of_levels);
    all.filter_map(|(pattern, what)| unused(pattern, &what, folders.clone()))
        .collect()
}

/// Tells of a level that has no file. It's a problem if the level is held, or if there are files
/// that may be meant: their names could be guessed. `instead` is what may be meant.
fn without_files<'a>(
    level: &Level,
    instead: Option<&String>,
    paths: impl Iterator<Item = &'a LogicalPath> + Clone,
) -> Option<Problem> {
    let pattern = level.matches.first().map(Glob::pattern)?;
    let name = &level.name;
    let likely = likeness(pattern, paths.clone().map(LogicalPath::folder));
    let held = if level.held { "held " } else { "" };
    let what = format!("is the `match` of the {held}level `{name}`, but matches no file");
    let advised = with_advice(&what, likely, instead);
    // A tree without any files is reported elsewhere.
    let is_problem = (level.held || advised.is_some()) && paths.clone().next().is_some();
    let kind = if is_problem {
        ProblemKind::EmptyLevel
    } else {
        ProblemKind::UnusedPattern
    };
    let may_wait = kind == ProblemKind::UnusedPattern && maker::writes(pattern);
    let message = advised.or_else(|| (!may_wait).then_some(what))?;
    Some(Problem::new(shown(pattern), message).kind(kind))
}

/// Adds what may be meant; none if nothing seems to be.
fn with_advice(what: &str, likely: Option<Likely>, instead: Option<&String>) -> Option<String> {
    match (likely, instead) {
        (Some(Likely { question, pattern }), _) => Some(format!(
            "{what}; {question} Write `match = {}`",
            quoted(&pattern)
        )),
        (None, Some(instead)) => Some(format!("{what}: {instead}")),
        (None, None) => None,
    }
}

/// Something to say of a tree.
pub(super) struct Said {
    pub(super) warnings: Vec<Problem>,
    pub(super) problems: Vec<Problem>,
}

/// Returns a warning for a pattern that matches nothing, since it may be misspelt. Patterns by
/// `init` may wait for their files.
fn unused<'a>(
    pattern: &str,
    what: &str,
    folders: impl Iterator<Item = &'a str>,
) -> Option<Problem> {
    let problem =
        |message: String| Problem::new(shown(pattern), message).kind(ProblemKind::UnusedPattern);
    match likeness(pattern, folders) {
        Some(likely) => Some(problem(format!("{what}; {}", likely.question))),
        None => (!maker::writes(pattern)).then(|| problem(what.to_string())),
    }
}

/// Pattern that was probably meant by one that matches nothing.
struct Likely {
    question: String,
    /// The pattern without the slip.
    pattern: String,
}

/// None if no folder is like a part of the pattern.
fn likeness<'a>(pattern: &str, folders: impl Iterator<Item = &'a str>) -> Option<Likely> {
    let has_wildcard = |part: &str| part.contains(['*', '?', '[', '{', '\\']);
    let names: BTreeSet<&str> = folders
        .flat_map(|folder| folder.split('/'))
        .filter(|name| !name.is_empty())
        .collect();
    let parts: Vec<&str> = pattern.split('/').collect();
    let is_wrong = |part: &str| !has_wildcard(part) && !names.contains(part);
    let near = parts.iter().enumerate().find_map(|(at, part)| {
        let near = is_wrong(part).then(|| nearest(part, names.iter().copied()))??;
        Some((at, near))
    });
    let (at, near) = near?;
    let mut right: Vec<String> = parts.iter().map(ToString::to_string).collect();
    right[at] = globset::escape(near);
    Some(Likely {
        question: format!("did you mean `{}`?", escape(near)),
        pattern: right.join("/"),
    })
}
