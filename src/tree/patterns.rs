//! Patterns of the configuration that match nothing, or less than they seem to.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Tree;
use crate::error::escape;
use crate::glob::Glob;
use crate::init;
use crate::levels::{overlooked, quoted};
use crate::likeness::nearest;
use crate::path::LogicalPath;
use crate::problem::{Problem, ProblemKind};
use crate::rules::Rules;

/// Tells of patterns that match nothing, and of files that a level seems to miss.
pub(super) fn check_patterns<'a>(
    rules: &Rules,
    tree: &'a Tree,
    paths: impl Iterator<Item = &'a LogicalPath> + Clone,
    odd: &[PathBuf],
) -> Said {
    let levels = rules.levels();
    let folders = paths.clone().map(LogicalPath::folder);
    let unused_rules = rules.unused(paths.clone(), odd).into_iter();
    let unused_rules =
        unused_rules.map(|pattern| (pattern, "is a rule that matches nothing here".to_string()));
    let of_folders = rules
        .folders()
        .unused(paths.clone().map(LogicalPath::as_str));
    let of_folders = of_folders.into_iter().map(|pattern| {
        let what = "is a `[[folder]]` that no folder here is called by";
        (pattern, what.to_string())
    });
    let of_levels = levels.unused_patterns(paths.clone()).into_iter();
    let of_levels =
        of_levels.map(|(pattern, what)| (pattern, format!("{what}, and matches nothing here")));
    let mut warnings: Vec<Problem> = unused_rules
        .chain(of_folders)
        .chain(of_levels)
        .filter_map(|(pattern, what)| unused(pattern, &what, folders.clone()))
        .collect();
    let skipped = tree.skipped.values().flatten();
    let empty = levels.unused(paths.clone().chain(skipped));
    let names: Vec<&str> = empty.iter().map(|level| level.name.as_str()).collect();
    let files = tree
        .assets
        .iter()
        .map(|asset| (&asset.path, asset.policy.level, asset.policy.names));
    let overlooked = overlooked(levels, files, &names);
    let mut problems = Vec::new();
    for level in empty {
        let Some(pattern) = level.matches.first().map(Glob::pattern) else {
            continue;
        };
        let instead = overlooked.instead.get(&level.name);
        let told = |what: String| match (likeness(pattern, folders.clone()), instead) {
            (Some(Likely { question, pattern }), _) => Some(format!(
                "{what}; {question} Write `match = {}`",
                quoted(&pattern)
            )),
            (None, Some(instead)) => Some(format!("{what}: {instead}")),
            (None, None) => None,
        };
        let name = &level.name;
        // Where there's no file at all, that's told of.
        if level.held && paths.clone().next().is_some() {
            let what = format!("is the held level `{name}`, and matches nothing here");
            let message = told(what.clone()).unwrap_or(what);
            problems.push(Problem::new(pattern, message).kind(ProblemKind::EmptyLevel));
            continue;
        }
        let what = format!("is the level `{name}`, and matches nothing here");
        let message = told(what.clone()).or_else(|| (!init::writes(pattern)).then_some(what));
        let warning = |message| Problem::new(pattern, message).kind(ProblemKind::UnusedPattern);
        warnings.extend(message.map(warning));
    }
    warnings.extend(overlooked.warnings);
    Said { warnings, problems }
}

/// Something to say of a tree.
pub(super) struct Said {
    pub(super) warnings: Vec<Problem>,
    pub(super) problems: Vec<Problem>,
}

/// A word on a pattern that matches nothing: it's misspelt, perhaps. What `init` wrote waits for the files it's about.
fn unused<'a>(
    pattern: &str,
    what: &str,
    folders: impl Iterator<Item = &'a str>,
) -> Option<Problem> {
    let problem = |message: String| Problem::new(pattern, message).kind(ProblemKind::UnusedPattern);
    match likeness(pattern, folders) {
        Some(likely) => Some(problem(format!("{what}; {}", likely.question))),
        None => (!init::writes(pattern)).then(|| problem(what.to_string())),
    }
}

/// What may be meant by a pattern that matches nothing.
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
