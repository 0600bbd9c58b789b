//! Writes rules for some files of a tree, and patterns that match these and no others. Pure.

use std::collections::BTreeSet;

use super::bundled::Hash;
use crate::base::glob::Glob;
use crate::base::name::NameStyle;
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::config::CONFIG_FILE;
use crate::levels::quoted;
use crate::tree::Asset;

/// The most names that one pattern lists; of more, a folder is named.
const LISTED_MAX: usize = 12;

/// A pattern, and the files that it matches: their place among the assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cover {
    pub pattern: String,
    pub files: Vec<usize>,
}

/// Files with a hash that one pattern can name: all of a folder, if nothing else is in there, and
/// otherwise those right in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group<'a> {
    folder: &'a str,
    is_whole: bool,
    pub files: Vec<usize>,
}

/// Returns lines that the configuration lacks.
pub(super) fn addition(lines: String) -> Addition {
    Addition {
        file: CONFIG_FILE.to_string(),
        lines,
    }
}

/// Returns groups that have every file for which there is one of `hashes`, each file once.
pub(super) fn groups<'a>(assets: &'a [Asset], hashes: &[Option<Hash<'_>>]) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let mut is_grouped = vec![false; assets.len()];
    for file in (0..assets.len()).filter(|file| hashes[*file].is_some()) {
        if is_grouped[file] {
            continue;
        }
        let whole = whole_folder(assets, hashes, file);
        let folder = whole.unwrap_or(assets[file].path.folder());
        let is_in = |file: &usize| {
            whole.is_some() || (assets[*file].path.folder() == folder && hashes[*file].is_some())
        };
        let files: Vec<usize> = files_in(assets, folder).filter(is_in).collect();
        for file in &files {
            is_grouped[*file] = true;
        }
        groups.push(Group {
            folder,
            is_whole: whole.is_some(),
            files,
        });
    }
    groups
}

/// Returns a pattern for a group.
pub(super) fn of_group(assets: &[Asset], hashes: &[Option<Hash<'_>>], group: Group<'_>) -> Cover {
    if group.is_whole {
        Cover {
            pattern: format!("{}**", globset::escape(group.folder)),
            files: group.files,
        }
    } else {
        of_likes(assets, hashes, group)
    }
}

/// Returns `pattern`, unless it matches a file besides `files` that a rule or its level keeps
/// unguessable: then the names of these.
pub(super) fn of_files(assets: &[Asset], files: &BTreeSet<usize>, pattern: String) -> Vec<String> {
    let path = |file: &usize| globset::escape(assets[*file].path.as_str());
    let names = files.iter().map(path).collect();
    unless_wider(assets, names, vec![pattern])
}

/// Returns these patterns, or those of their folders, if there are many, and these match nothing
/// that is kept unguessable.
pub(super) fn few(assets: &[Asset], patterns: Vec<String>) -> Vec<String> {
    if patterns.len() <= LISTED_MAX {
        return patterns;
    }
    let folder = |pattern: &String| match pattern.rfind('/') {
        Some(slash) if !pattern.ends_with("**") => format!("{}*", &pattern[..=slash]),
        _ => pattern.clone(),
    };
    let folders: BTreeSet<String> = patterns.iter().map(folder).collect();
    unless_wider(assets, patterns, folders.into_iter().collect())
}

/// Returns `shorter`, unless it matches a file that is kept unguessable and that `patterns` don't
/// match: hidden files must stay hidden if a user adds these lines.
fn unless_wider(assets: &[Asset], patterns: Vec<String>, shorter: Vec<String>) -> Vec<String> {
    let globs = |patterns: &[String]| -> Vec<Glob> {
        let globs = patterns.iter().map(|pattern| Glob::new(pattern));
        globs.filter_map(Result::ok).collect()
    };
    let (narrow, wide) = (globs(&patterns), globs(&shorter));
    let is_matched = |globs: &[Glob], asset: &Asset| {
        let mut globs = globs.iter();
        globs.any(|glob| glob.is_match(asset.path.as_str()))
    };
    let mut kept = assets
        .iter()
        .filter(|asset| asset.policy.is_kept_unguessable());
    if kept.any(|asset| is_matched(&wide, asset) && !is_matched(&narrow, asset)) {
        patterns
    } else {
        shorter
    }
}

/// Gives each problem with a reference that leads nowhere the lines by which all of its kind pass.
/// Files that are hidden are told of apart from those that everybody may know of.
pub(super) fn let_dangle(problems: &mut [Problem]) {
    for is_hidden in [false, true] {
        let is_meant = |problem: &&mut Problem| {
            problem.kind == ProblemKind::Reference
                && crate::hidden::is_hidden(&problem.path) == is_hidden
        };
        let files = problems.iter_mut().filter(is_meant);
        let files: BTreeSet<String> = files.map(|problem| problem.path.clone()).collect();
        if files.is_empty() {
            continue;
        }
        let lines = rules_that_let_dangle(&files);
        for problem in problems.iter_mut().filter(is_meant) {
            problem.mended_by = Some(Box::new(Addition {
                file: CONFIG_FILE.to_string(),
                lines: lines.clone(),
            }));
        }
    }
}

fn rules_that_let_dangle(files: &BTreeSet<String>) -> String {
    let patterns: Vec<String> = match files.len() {
        0..=LISTED_MAX => joined(files.iter().map(|file| globset::escape(file)).collect()),
        _ => vec![format!("{}**", globset::escape(&around(files)))],
    };
    let rules: Vec<String> = patterns
        .iter()
        .map(|pattern| rule(pattern, "dangling = \"warn\""))
        .collect();
    rules.join("\n")
}

/// Returns the folder that all these files are in, with a slash at its end; empty for the top.
fn around(files: &BTreeSet<String>) -> String {
    // They are in order, so those between the first and the last begin alike, too.
    let (Some(first), Some(last)) = (files.first(), files.last()) else {
        return String::new();
    };
    let alike = first.bytes().zip(last.bytes());
    let alike = alike.take_while(|(a, b)| a == b).count();
    let slash = first.as_bytes()[..alike]
        .iter()
        .rposition(|byte| *byte == b'/');
    first[..slash.map_or(0, |slash| slash + 1)].to_string()
}

/// Returns a rule as it's written.
pub(super) fn rule(pattern: &str, line: &str) -> String {
    format!("[[rule]]\nmatch = {}\n{line}", quoted(pattern))
}

/// Returns a rule by which files keep their names.
pub(super) fn rule_of_names(pattern: &str, names: NameStyle) -> String {
    rule(pattern, &format!("names = \"{}\"", names.as_str()))
}

/// Returns one pattern for those that have no braces of their own.
pub(super) fn joined(patterns: Vec<String>) -> Vec<String> {
    let (alone, plain): (Vec<String>, Vec<String>) = patterns
        .into_iter()
        .partition(|pattern| pattern.contains(['{', ',']));
    braces(plain).into_iter().chain(alone).collect()
}

/// Returns `{a,b}`.
fn braces(mut words: Vec<String>) -> Option<String> {
    words.dedup();
    match &words[..] {
        [] => None,
        [word] => Some(word.clone()),
        words => Some(format!("{{{}}}", words.join(","))),
    }
}

/// Returns the files of a folder, whose path ends in a slash.
pub(super) fn files_in(assets: &[Asset], folder: &str) -> impl Iterator<Item = usize> {
    let first = assets.partition_point(|asset| asset.path.as_str() < folder);
    let is_in = move |file: &usize| assets[*file].path.as_str().starts_with(folder);
    (first..assets.len()).take_while(is_in)
}

/// Returns the highest folder around a file that has nothing but hashed files; never the top of the
/// tree.
fn whole_folder<'a>(
    assets: &'a [Asset],
    hashes: &[Option<Hash<'_>>],
    file: usize,
) -> Option<&'a str> {
    let path = assets[file].path.as_str();
    let folders = path.match_indices('/').map(|(slash, _)| &path[..=slash]);
    let is_whole = |folder: &&str| files_in(assets, folder).all(|other| hashes[other].is_some());
    folders.into_iter().find(is_whole)
}

/// Returns a pattern for the hashed files of one folder, where other files are as well.
fn of_likes(assets: &[Asset], hashes: &[Option<Hash<'_>>], group: Group<'_>) -> Cover {
    let Group { folder, files, .. } = group;
    let beside = files_in(assets, folder).filter(|file| assets[*file].path.folder() == folder);
    let others: Vec<usize> = beside.filter(|file| hashes[*file].is_none()).collect();
    let path = |file: &usize| assets[*file].path.as_str();
    let hashed = |file: &usize| {
        let hash = hashes[*file].expect("these are hashed");
        (path(file), hash)
    };
    let is_right = |pattern: &String| {
        Glob::new(pattern).is_ok_and(|glob| {
            files.iter().all(|file| glob.is_match(path(file)))
                && !others.iter().any(|file| glob.is_match(path(file)))
        })
    };
    let hashed: Vec<(&str, Hash<'_>)> = files.iter().map(hashed).collect();
    let patterns = patterns_of_likes(folder, &hashed);
    let last = patterns[3].clone();
    let pattern = patterns.into_iter().find(is_right).unwrap_or(last);
    Cover { pattern, files }
}

/// Returns patterns for hashed files of one folder, the widest first. The last one has nothing but
/// their names.
fn patterns_of_likes(folder: &str, files: &[(&str, Hash<'_>)]) -> [String; 4] {
    let any_of = |parts: BTreeSet<String>| braces(parts.into_iter().collect()).unwrap_or_default();
    let extension = |path: &str| match path.rsplit_once('.') {
        Some((_, extension)) => format!(".{}", globset::escape(extension)),
        None => String::new(),
    };
    let extensions = any_of(files.iter().map(|(path, _)| extension(path)).collect());
    let marks = files.iter().map(|(path, hash)| {
        let mark = path[..hash.at].chars().next_back();
        let mark = mark.filter(|mark| matches!(mark, '-' | '_' | '.'));
        mark.map_or(String::new(), String::from)
    });
    let mark = any_of(marks.collect());
    let forms = files.iter().map(|(path, hash)| {
        let (before, after) = (
            &path[folder.len()..hash.at],
            &path[hash.at + hash.text.len()..],
        );
        format!("{}*{}", globset::escape(before), globset::escape(after))
    });
    let forms = any_of(forms.collect());
    let names = files
        .iter()
        .map(|(path, _)| globset::escape(&path[folder.len()..]));
    let names = braces(names.collect()).unwrap_or_default();
    let top = globset::escape(folder);
    [
        format!("{top}*{extensions}"),
        format!("{top}*{mark}*{extensions}"),
        format!("{top}{forms}"),
        format!("{top}{names}"),
    ]
}
