//! References in a document, paths that its scripts build, and what must go from it: comments and
//! source maps.

use super::{Constant, Draft, Places};
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::Lines;
use crate::charset::Text;
use crate::refs::{FaultKind, Found, Kind, Language, Place, glb, words};
use crate::rules::{Remarks, SourceMaps};
use crate::tree::Asset;

/// Looks for all that a document refers to, and for what must go from it.
pub(super) fn references_in(
    asset: &Asset,
    language: Language,
    source: &Text<'_>,
    draft: &mut Draft,
) {
    let text = source.text();
    let mut found = language.find(text, &asset.policy.references);
    let mut lines = Lines::new(text);
    source_map(asset, &mut found, &mut lines, draft);
    let constants = std::mem::take(&mut found.constants).into_iter();
    draft.constants = constants
        .map(|constant| Constant {
            place: lines.place(constant.at),
            text: constant.text,
        })
        .collect();
    unread_source_map(asset, text, &found, &mut lines, draft);
    if asset.policy.comments == Remarks::Strip {
        strip_comments(asset, &found, &mut lines, draft);
    }
    for (span, _) in &mut draft.cuts {
        *span = source.source(span.start)..source.source(span.end);
    }
    if !asset.policy.rewrite {
        return;
    }
    faults(asset, &found, &mut lines, draft);
    built_paths(asset, &found, &mut lines, draft);
    draft.places = Places::of(&found, &mut lines);
    // These lists aren't needed any more: free their memory.
    found.comments = Vec::new();
    found.built = Vec::new();
    found.faults = Vec::new();
    draft.found = if source.is_in_place() {
        found
    } else {
        found.mapped(|at| source.source(at))
    };
}

/// Looks for what a binary glTF scene refers to.
pub(super) fn references_in_glb(asset: &Asset, content: &[u8], draft: &mut Draft) {
    draft.is_glb = true;
    match glb::json_chunk(content) {
        Some(json) => {
            let text = Text::part(content, json);
            references_in(asset, Language::Glb, &text, draft);
        }
        None => draft.warnings.push(no_glb(asset)),
    }
}

/// A word on a binary glTF scene that can't be read.
fn no_glb(asset: &Asset) -> Problem {
    let message = "is not a complete binary glTF 2.0 file, so references in it aren't rewritten: export it as glTF 2.0 if it loads other files";
    let cause = "are not complete binary glTF 2.0 files, so references in them aren't rewritten (export them as glTF 2.0 if they load other files)";
    let warning = Problem::new(&asset.path, message);
    warning.kind(ProblemKind::Unread).cause(cause)
}

/// Paths of files in a text that has no references.
pub(super) fn mentions_in(text: &Text<'_>, draft: &mut Draft) {
    let mut lines = Lines::new(text.text());
    draft.found.mentions = words::find(text.text(), &Place::Text, |at| at);
    let mentions = draft.found.mentions.iter();
    draft.places.mentions = mentions.map(|mention| lines.place(mention.at)).collect();
}

/// Maps carry the sources: one that is part of a file is refused, published or taken out, as the
/// rules say.
fn source_map(asset: &Asset, found: &mut Found, lines: &mut Lines<'_>, draft: &mut Draft) {
    for map in &found.source_maps {
        match asset.policy.source_maps {
            SourceMaps::Strip => draft.cuts.push((map.comment.clone(), Vec::new())),
            SourceMaps::Refuse if map.is_inline => {
                let message = "holds a source map, which includes the sources; in a rule, `source_maps = \"strip\"` removes it, and `\"publish\"` keeps it";
                draft.problems.push(Problem::at(
                    &asset.path,
                    lines.place(map.comment.start),
                    message,
                ));
            }
            SourceMaps::Refuse | SourceMaps::Publish => {}
        }
    }
    if asset.policy.source_maps == SourceMaps::Strip {
        found
            .references
            .retain(|reference| reference.kind != Kind::SourceMap);
    }
}

/// Tells of a document that can't be read to its end, and that seems to hold a source map.
fn unread_source_map(
    asset: &Asset,
    text: &str,
    found: &Found,
    lines: &mut Lines<'_>,
    draft: &mut Draft,
) {
    let is_unread = found
        .faults
        .iter()
        .any(|fault| fault.kind != FaultKind::Misplaced);
    if is_unread
        && asset.policy.source_maps != SourceMaps::Publish
        && let Some(at) = text.find("sourceMappingURL=data:")
    {
        let message = "can't be parsed, but seems to hold a source map, which includes the sources: fix the file, or set `source_maps = \"publish\"` in a rule to keep the map";
        let problem = Problem::at(&asset.path, lines.place(at), message);
        draft.problems.push(problem);
    }
}

fn strip_comments(asset: &Asset, found: &Found, lines: &mut Lines<'_>, draft: &mut Draft) {
    const STAYS: &str =
        "comments can't be removed: fix the file, or set `comments = \"keep\"` for it in a rule";
    let comments = found.comments.iter().map(|span| (span.clone(), Vec::new()));
    draft.cuts.extend(comments);
    if let Some(fault) = found
        .faults
        .iter()
        .find(|fault| fault.kind == FaultKind::End)
    {
        let message = format!("{}, so {STAYS}", fault.message);
        let problem = Problem::at(&asset.path, lines.place(fault.at), message);
        let unquoted = format!("can't be parsed, so {STAYS}");
        draft.problems.push(problem.unquoted(&unquoted, ""));
    }
}

/// Tells of what in a document can't be read.
fn faults(asset: &Asset, found: &Found, lines: &mut Lines<'_>, draft: &mut Draft) {
    for fault in &found.faults {
        let problem = Problem::at(&asset.path, lines.place(fault.at), fault.message.clone());
        if fault.kind == FaultKind::Misplaced {
            draft.problems.push(problem.kind(ProblemKind::Rewriting))
        } else {
            let cause = format!("were only searched in part: {}", fault.message);
            draft
                .warnings
                .push(problem.kind(ProblemKind::Unread).cause(cause));
        }
    }
}

/// Notes paths that a script builds when it runs.
fn built_paths(asset: &Asset, found: &Found, lines: &mut Lines<'_>, draft: &mut Draft) {
    for built in &found.built {
        let text = crate::base::text::escape(&built.text);
        let message = format!("builds a path at run time, so it isn't rewritten: `{text}`");
        let note = Problem::at(&asset.path, lines.place(built.at), message);
        let note = note.unquoted("builds a path at run time, so it isn't rewritten", "");
        draft.notes.push(note.kind(ProblemKind::BuiltPath));
    }
}
