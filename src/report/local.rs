//! Messages about the local tree: warnings, references, leaks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::json::list;
use super::together;
use crate::base::problem::{Listed, Problem, ProblemKind, Weight};
use crate::base::text::{count, escape, some};
use crate::naming::leaks::Leaks;
use crate::naming::{Build, Reference};

/// Number of causes of one kind that are listed, unless all are asked for. Problems that break a
/// page are always listed in full.
const CAUSES_MAX: usize = 20;

/// Describes the warnings about a build.
pub fn build_text(build: &Build, verbose: bool) -> String {
    warnings_text(&build.warnings, listed(verbose))
}

/// Describes the places in new and changed files whose paths couldn't be followed.
pub fn built_paths_text(notes: &[&Problem], verbose: bool) -> String {
    if verbose {
        return notes.iter().map(|note| line("note: ", note)).collect();
    }
    if notes.is_empty() {
        return String::new();
    }
    let places = count(notes.len() as u64, "place");
    format!(
        "note: scripts build paths at run time in {places} of new or changed files. assetsync \
         can't rewrite such paths: check them with `assetsync refs`\n"
    )
}

/// Describes the references that couldn't be resolved.
pub fn unresolved_text(build: &Build, verbose: bool) -> String {
    let shown = if verbose {
        build.notes.len()
    } else {
        NOTES_MAX.min(build.notes.len())
    };
    let mut text = warnings_text(&build.warnings, listed(verbose));
    text.extend(build.notes[..shown].iter().map(|note| line("note: ", note)));
    if let more @ 1.. = build.notes.len() - shown {
        let noun = ProblemKind::BuiltPath.noun(more);
        writeln!(text, "note: {more} more {noun} (`-v` lists all)")
            .expect("a string takes every write");
    }
    text
}

/// Number of paths built by scripts that are listed, unless all are asked for.
const NOTES_MAX: usize = 50;

/// Returns which problems are listed one by one.
pub fn listed(verbose: bool) -> Listed {
    if verbose { Listed::All } else { Listed::First }
}

/// Describes each cause in a line, with its number and the first places. With [`Listed::All`],
/// describes each place in a line. Problems that break a page come first.
pub fn warnings_text(warnings: &[Problem], listed: Listed) -> String {
    let mut warnings: Vec<&Problem> = warnings.iter().collect();
    warnings.sort_by_key(|warning| warning.kind.weight());
    let mut fixes = Fixes::default();
    let mut text = String::new();
    if listed == Listed::All {
        for warning in warnings {
            text += &line("warning: ", warning);
            text += &fixes.hint(warning);
        }
        return text;
    }
    let mut told: BTreeMap<ProblemKind, usize> = BTreeMap::new();
    let mut more: BTreeMap<ProblemKind, usize> = BTreeMap::new();
    fn cause<'p>(warning: &&'p Problem) -> Option<(ProblemKind, &'p str)> {
        let cause = warning.cause.as_str();
        (!cause.is_empty()).then_some((warning.kind, cause))
    }
    for alike in together(&warnings, cause) {
        let alike: Vec<&Problem> = alike.into_iter().copied().collect();
        let kind = alike[0].kind;
        let told = told.entry(kind).or_default();
        *told += 1;
        if *told <= CAUSES_MAX || kind.weight() == Weight::Breaks {
            text += &cause_line(&alike);
            text.extend(alike.iter().map(|warning| fixes.hint(warning)));
        } else {
            *more.entry(kind).or_default() += alike.len()
        }
    }
    for (kind, n) in more {
        let noun = kind.noun(n);
        writeln!(text, "warning: {n} more {noun} (`-v` lists all)")
            .expect("a string takes every write");
    }
    text
}

/// Hints for warnings. Each is given once, after the first warning that it is about.
#[derive(Default)]
struct Fixes(BTreeSet<String>);

impl Fixes {
    fn hint(&mut self, warning: &Problem) -> String {
        let mending = warning.mending();
        if !mending.is_empty() && self.0.insert(mending.clone()) {
            format!("hint: {mending}\n")
        } else {
            String::new()
        }
    }
}

fn cause_line(alike: &[&Problem]) -> String {
    let [first, _, ..] = alike else {
        return line("warning: ", alike[0]);
    };
    let (n, kind, cause) = (alike.len(), first.kind, &first.cause);
    let places = alike.iter().map(|p| format!("`{}`", p.location()));
    let (noun, places) = (kind.noun(n), some(&places.collect::<Vec<_>>()));
    if ends_in_advice(kind) {
        format!("warning: {n} {noun} ({places}) {cause}\n")
    } else {
        format!("warning: {n} {noun} {cause}: {places}\n")
    }
}

/// Says whether causes of a kind end in advice, behind which names of files would be misread.
fn ends_in_advice(kind: ProblemKind) -> bool {
    use ProblemKind::{Doubtful, HostIndex, Overlooked, Personal, Twins, Unread};
    matches!(
        kind,
        Doubtful | HostIndex | Overlooked | Personal | Twins | Unread
    )
}

fn line(what: &str, problem: &Problem) -> String {
    format!("{what}`{}` {}\n", problem.location(), problem.message)
}

/// Describes the references from and to the object at this place of [`Build::objects`], and the
/// paths in it that couldn't be followed.
pub fn refs_text(build: &Build, place: usize) -> String {
    let path = |place: u32| escape(build.objects[place as usize].path.as_str());
    let place = place as u32;
    let to: Vec<String> = own(&build.references, place)
        .map(|reference| {
            let integrity = reference.integrity;
            let integrity = integrity.map_or(String::new(), |algorithm| {
                format!(" (integrity, {})", algorithm.name())
            });
            format!(
                "  {}:{} {}{integrity}\n",
                reference.line,
                reference.column,
                path(reference.to)
            )
        })
        .collect();
    let from: Vec<String> = build
        .references
        .iter()
        .filter(|reference| reference.to == place)
        .map(|reference| {
            format!(
                "  {}:{}:{}\n",
                path(reference.from),
                reference.line,
                reference.column
            )
        })
        .collect();
    let list = |what: &str, lines: Vec<String>| {
        if lines.is_empty() {
            format!("{what} nothing\n")
        } else {
            format!("{what}\n{}", lines.concat())
        }
    };
    let name = path(place);
    let (refers, referred) = (
        format!("{name} refers to"),
        format!("{name} is referred to by"),
    );
    let notes = build.notes.iter().filter(|note| note.path == name);
    let notes: String = notes.map(|note| line("note: ", note)).collect();
    list(&refers, to) + &list(&referred, from) + &notes
}

fn own(references: &[Reference], place: u32) -> impl Iterator<Item = &Reference> {
    let first = references.partition_point(|reference| reference.from < place);
    references[first..]
        .iter()
        .take_while(move |reference| reference.from == place)
}

/// Returns the graph of all references in Graphviz's language. Files that keep their names are
/// boxes.
pub fn dot(build: &Build) -> String {
    let mut text = String::from("digraph assets {\n  rankdir=LR;\n");
    let quoted = |path: &str| {
        format!(
            "\"{}\"",
            escape(path).replace('\\', "\\\\").replace('"', "\\\"")
        )
    };
    for object in &build.objects {
        let shape = if object.is_keyed() { "ellipse" } else { "box" };
        writeln!(text, "  {} [shape={shape}];", quoted(object.path.as_str()))
            .expect("a string takes every write");
    }
    let mut edges: Vec<(u32, u32)> = build
        .references
        .iter()
        .map(|reference| (reference.from, reference.to))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    for (from, to) in edges {
        let path = |place: u32| quoted(build.objects[place as usize].path.as_str());
        writeln!(text, "  {} -> {};", path(from), path(to)).expect("a string takes every write");
    }
    text + "}\n"
}

/// Describes each finding in a line, and each file that wasn't searched.
pub fn leaks_text(leaks: &Leaks) -> String {
    let mut text = String::new();
    for leak in &leaks.leaks {
        let place = leak
            .place
            .map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        let name = if leak.name.is_empty() {
            String::new()
        } else {
            format!(" {}", escape(&leak.name))
        };
        writeln!(
            text,
            "{}{place}: {}{name}: {}",
            escape(&leak.path),
            leak.kind,
            escape(&leak.value)
        )
        .expect("a string takes every write");
    }
    text.extend(
        leaks
            .skipped
            .iter()
            .map(|problem| line("warning: ", problem)),
    );
    text
}

/// Returns `{"format": "assetsync leaks", "version": 1, "leaks": [..], "skipped": [..]}`.
pub fn leaks_json(leaks: &Leaks) -> Value {
    let leak = |leak: &crate::naming::leaks::Leak| {
        let (line, column) = leak.place.unzip();
        json!({
            "path": leak.path, "line": line, "column": column,
            "kind": leak.kind, "name": leak.name, "value": leak.value,
        })
    };
    json!({
        "format": "assetsync leaks",
        "version": 1,
        "leaks": leaks.leaks.iter().map(leak).collect::<Vec<_>>(),
        "skipped": leaks.skipped.iter().map(|problem| problem.path.clone()).collect::<Vec<_>>(),
    })
}

/// Returns
/// `{"format": "assetsync refs", "version": 1, "references": [{"from", "line", "column", "to"}, ..], "warnings": [..], "notes": [..]}`.
/// If `places` of [`Build::objects`] are given, returns only the references from and to these.
pub fn refs_json(build: &Build, places: &[usize]) -> Value {
    let path = |place: u32| build.objects[place as usize].path.as_str();
    let is_meant = |place: u32| places.is_empty() || places.contains(&(place as usize));
    let references = build.references.iter();
    let references = references.filter(|r| is_meant(r.from) || is_meant(r.to));
    let references = references.map(|r| {
        let mut entry =
            json!({ "from": path(r.from), "line": r.line, "column": r.column, "to": path(r.to) });
        if let Some(algorithm) = r.integrity {
            entry["integrity"] = algorithm.name().into();
        }
        entry
    });
    json!({
        "format": "assetsync refs",
        "version": 1,
        "references": references.collect::<Vec<_>>(),
        "warnings": list(&build.warnings),
        "notes": list(&build.notes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Warnings about broken pages come first and are listed in full.
    #[test]
    fn page_breaking_warnings_come_first() {
        let warning = |kind: ProblemKind| {
            move |n: usize| {
                let problem = Problem::new(format!("{n}.html"), format!("{n}"));
                problem.kind(kind).cause(format!("of {n}"))
            }
        };
        let mut warnings: Vec<Problem> = (0..30).map(warning(ProblemKind::Reference)).collect();
        warnings.extend((30..60).map(warning(ProblemKind::Mention)));
        let text = warnings_text(&warnings, Listed::First);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "warning: `30.html` 30");
        assert_eq!(lines[29], "warning: `59.html` 59");
        assert_eq!(lines[30], "warning: `0.html` 0");
        assert_eq!(
            lines[50..],
            ["warning: 10 more references (`-v` lists all)"]
        );
    }
}
