//! Paths of a tree that must not be in logs.

use super::{Tree, spelt_out};
use crate::base::problem::{Problem, ProblemKind};
use crate::hidden;

/// Notes the files of a tree, and what else is said of it.
pub(super) fn note(tree: &Tree) {
    if !hidden::is_on() {
        return;
    }
    note_assets(tree);
    let others = others(tree).map(|path| {
        let level = tree.levels.name(tree.levels.of_text(path));
        (level, path)
    });
    hidden::note_unpublished(others);
}

fn note_assets(tree: &Tree) {
    let spelt = tree.assets.iter().map(|asset| {
        let file = asset.file.to_string_lossy().into_owned();
        [file, spelt_out(&asset.path)]
    });
    let spelt: Vec<[String; 2]> = spelt.collect();
    let assets = tree.assets.iter().zip(&spelt);
    hidden::note_assets(assets.map(|(asset, names)| {
        let level = tree.levels.name(asset.policy.level);
        let names = names.each_ref().map(String::as_str);
        (level, asset.path.as_str(), names)
    }));
}

/// Returns the paths of what isn't published, and those that something is said of.
fn others(tree: &Tree) -> impl Iterator<Item = &str> {
    let others = tree.skipped.values().flatten();
    let others = others.chain(&tree.left_out).chain(&tree.left_behind);
    let others = others.chain(tree.junk.iter().map(|dropped| &dropped.path));
    let others = others.map(|path| path.as_str());
    let said = tree.problems.iter().chain(&tree.warnings);
    let odd = said
        .filter(|problem| is_path(problem))
        .map(|problem| problem.path.as_str());
    let odd = odd.chain(tree.oddly_left_out.iter().map(String::as_str));
    others.chain(odd)
}

/// Says whether what a problem is about has a path, and isn't a pattern or a setting.
fn is_path(problem: &Problem) -> bool {
    match problem.kind {
        ProblemKind::UnusedPattern | ProblemKind::EmptyLevel => {
            !problem.path.contains(['*', '?', '[', '{', '\\'])
        }
        _ => true,
    }
}
