//! What there is to say of the local tree: warnings, references, leaks.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::count;
use crate::build::{Build, Reference};
use crate::error::{Problem, escape};
use crate::leaks::Leaks;

/// How many warnings are shown unless all are asked for.
const WARNINGS_SHOWN: usize = 20;

/// Warnings, and a word on what couldn't be followed.
pub fn build_text(build: &Build, verbose: bool) -> String {
    let mut text = String::new();
    let shown = match verbose {
        true => build.warnings.len(),
        false => WARNINGS_SHOWN.min(build.warnings.len()),
    };
    text.extend(
        build.warnings[..shown]
            .iter()
            .map(|warning| line("warning: ", warning)),
    );
    let more = (build.warnings.len() - shown) as u64;
    if more > 0 {
        text += &format!(
            "warning: {} more; `assetsync refs` lists all\n",
            count(more, "warning")
        );
    }
    if verbose {
        text.extend(build.notes.iter().map(|note| line("note: ", note)));
    } else if !build.notes.is_empty() {
        let places = count(build.notes.len() as u64, "place");
        text += &format!(
            "note: in {places}, a script builds a path when it runs; `assetsync refs` lists them\n"
        );
    }
    text
}

/// All that couldn't be resolved.
pub fn unresolved_text(build: &Build) -> String {
    let warnings = build
        .warnings
        .iter()
        .map(|warning| line("warning: ", warning));
    let notes = build.notes.iter().map(|note| line("note: ", note));
    warnings.chain(notes).collect()
}

fn line(what: &str, problem: &Problem) -> String {
    format!("{what}`{}` {}\n", problem.location(), problem.message)
}

/// What the object at this place of [`Build::objects`] refers to, and what refers to it.
pub fn refs_text(build: &Build, place: usize) -> String {
    let path = |place: u32| escape(build.objects[place as usize].path.as_str());
    let place = place as u32;
    let to: Vec<String> = own(&build.references, place)
        .map(|reference| {
            format!(
                "  {}:{} {}\n",
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
    let list = |what: &str, lines: Vec<String>| match lines.is_empty() {
        true => format!("{what} nothing\n"),
        false => format!("{what}\n{}", lines.concat()),
    };
    let name = path(place);
    let (refers, referred) = (
        format!("{name} refers to"),
        format!("{name} is referred to by"),
    );
    list(&refers, to) + &list(&referred, from)
}

fn own(references: &[Reference], place: u32) -> impl Iterator<Item = &Reference> {
    let first = references.partition_point(|reference| reference.from < place);
    references[first..]
        .iter()
        .take_while(move |reference| reference.from == place)
}

/// The graph of all references, in Graphviz's language. Files that keep their names are boxes.
pub fn dot(build: &Build) -> String {
    let mut text = String::from("digraph assets {\n  rankdir=LR;\n");
    let quoted = |path: &str| {
        format!(
            "\"{}\"",
            escape(path).replace('\\', "\\\\").replace('"', "\\\"")
        )
    };
    for object in &build.objects {
        let shape = if object.is_mutable() {
            "box"
        } else {
            "ellipse"
        };
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

/// One line for each remark, and one for each file that wasn't looked into.
pub fn leaks_text(leaks: &Leaks) -> String {
    let mut text = String::new();
    for leak in &leaks.leaks {
        let place = leak
            .place
            .map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        let name = match leak.name.is_empty() {
            true => String::new(),
            false => format!(" {}", escape(&leak.name)),
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

/// `{"format": "assetsync leaks", "version": 1, "leaks": [..], "skipped": [..]}`.
pub fn leaks_json(leaks: &Leaks) -> Value {
    let leak = |leak: &crate::leaks::Leak| {
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
