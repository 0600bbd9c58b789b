//! Paths of a tree that some system or CDN would take for the same.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::{Asset, Source};
use crate::base::path::{LogicalPath, folded};
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::base::text::{escape, some};

/// Paths that some system or CDN would take for the same.
#[derive(Default)]
pub(super) struct Twins {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// Finds them among assets that are sorted by path.
pub(super) fn find_twins(assets: &[Asset], sources: &[Source]) -> Twins {
    let mut seen: HashMap<String, &Asset> = HashMap::with_capacity(assets.len());
    let mut twins = Twins::default();
    let mut in_case = Vec::new();
    for asset in assets {
        let folded = folded(asset.path.as_str());
        let Some(twin) = seen.get(&folded) else {
            seen.insert(folded, asset);
            continue;
        };
        if twin.path == asset.path {
            twins.problems.push(of_two_sources(twin, asset, sources));
        } else if twin.path.as_str().nfc().eq(asset.path.as_str().nfc()) {
            let problem = look_alike(twin, asset, sources);
            // Users can't see which of two URLs they have, nor which of them an editor writes.
            if [twin, asset].iter().any(|a| !a.policy.names.is_keyed()) {
                twins.problems.push(problem)
            } else {
                twins.warnings.push(problem)
            }
        } else {
            // A storage tells them apart; of a folder, the target is asked.
            in_case.push((*twin, asset));
        }
    }
    twins.warnings.splice(0..0, differ_in_case(&in_case));
    twins
}

fn of_two_sources(twin: &Asset, asset: &Asset, sources: &[Source]) -> Problem {
    let file = |asset: &Asset| escape(&asset.file.display().to_string());
    let files = format!("`{}` and `{}`", file(twin), file(asset));
    let declared = declared(asset, sources);
    let message = format!("comes from two sources: {files}{declared}");
    Problem::new(&asset.path, message).kind(ProblemKind::TwoSources)
}

fn look_alike(twin: &Asset, asset: &Asset, sources: &[Source]) -> Problem {
    let message = format!(
        "differs from `{}` only in how accented characters are encoded (Unicode NFC or NFD)",
        spelt_out(&twin.path)
    );
    let problem = Problem {
        path: spelt_out(&asset.path),
        mended_by: ignored(asset, sources).map(Box::new),
        ..Problem::new("", message)
    };
    problem.kind(ProblemKind::Twins).cause(LOOK_ALIKE)
}

/// Warns of the second one of each pair.
fn differ_in_case(pairs: &[(&Asset, &Asset)]) -> Vec<Problem> {
    const HARM: &str = "on Windows and macOS, one overwrites the other. Rename one";
    let name = |asset: &Asset| format!("`{}`", escape(asset.path.as_str()));
    let firsts: Vec<String> = pairs.iter().map(|(twin, _)| name(twin)).collect();
    let cause = format!(
        "differ only in case from {}: {HARM} of each pair",
        some(&firsts)
    );
    let warning = |(twin, asset): &(&Asset, &Asset)| {
        let message = format!("differs from {} only in case: {HARM}", name(twin));
        let warning = Problem::new(&asset.path, message);
        warning.kind(ProblemKind::Twins).cause(cause.clone())
    };
    pairs.iter().map(warning).collect()
}

const LOOK_ALIKE: &str =
    "differ from others only in how accented characters are encoded (Unicode NFC or NFD)";

/// Returns the ignore line for an asset whose name can't be copied from a screen.
fn ignored(asset: &Asset, sources: &[Source]) -> Option<Addition> {
    let source = source_of(asset, sources)?;
    let below = asset.file.strip_prefix(&source.dir).ok()?;
    Some(Addition::new(source, below, false))
}

fn source_of<'s>(asset: &Asset, sources: &'s [Source]) -> Option<&'s Source> {
    let mut sources = sources.iter().rev();
    sources.find(|source| asset.file.starts_with(&source.dir))
}

/// Describes where the configuration declares the source of `asset`, on a line of its own.
fn declared(asset: &Asset, sources: &[Source]) -> String {
    match source_of(asset, sources).and_then(|source| source.declared.as_ref()) {
        Some(place) => format!("\n    the second one is declared at {place}"),
        None => String::new(),
    }
}

/// The path with its combining marks as `\u{..}`: on a screen, twins look the same.
pub(crate) fn spelt_out(path: &LogicalPath) -> String {
    let spell = |c: char| {
        if unicode_normalization::char::is_combining_mark(c) {
            c.escape_unicode().to_string()
        } else {
            escape(&c.to_string())
        }
    };
    path.as_str().chars().map(spell).collect()
}
