//! Resolution of paths that users type, or copy from a shell, a browser or a file manager.

use std::path::{Component, Path, PathBuf};

use crate::base::error::{Error, Result};
use crate::base::likeness::nearest;
use crate::base::path::LogicalPath;
use crate::config::Config;
use crate::rules::Publish;
use crate::tree::{Tree, Unit};

/// Number of files of a folder that a message names.
const SHOWN: usize = 3;

/// Returns the file that `typed` stands for: a logical path, with `/` or `./` before it or in the
/// form of a URL, or the file's path on disk. For a folder, returns its `index.html`.
///
/// # Errors
/// Returns an error if there is no such file, or if it isn't published.
pub(super) fn find<'t>(typed: &str, tree: &'t Tree, config: &Config) -> Result<&'t LogicalPath> {
    let readings = readings(typed, config);
    readings
        .iter()
        .find_map(|path| file_or_index(path, tree))
        .ok_or_else(|| unknown(typed, &readings, tree, config))
}

/// Returns the keyed folder that `typed` stands for. `typed` ends in a slash.
pub(super) fn folder<'t>(typed: &str, tree: &'t Tree, config: &Config) -> Option<&'t Unit> {
    let readings = readings(typed, config);
    let mut folders = readings.iter().filter_map(|path| path.strip_suffix('/'));
    folders.find_map(|folder| tree.units.iter().find(|unit| unit.folder == folder))
}

/// Returns the file with exactly this logical path.
pub(super) fn exact<'t>(path: &str, tree: &'t Tree) -> Option<&'t LogicalPath> {
    let found = tree
        .assets
        .binary_search_by(|asset| asset.path.as_str().cmp(path));
    found.ok().map(|at| &tree.assets[at].path)
}

fn file_or_index<'t>(path: &str, tree: &'t Tree) -> Option<&'t LogicalPath> {
    let index = match path.trim_end_matches('/') {
        "" => "index.html".to_string(),
        folder => format!("{folder}/index.html"),
    };
    exact(path, tree).or_else(|| exact(&index, tree))
}

/// Returns the logical paths that `typed` may stand for, the most likely first. Each may end in a
/// slash.
fn readings(typed: &str, config: &Config) -> Vec<String> {
    let prefixes = config.rules.prefixes().iter();
    let mut readings = vec![typed.to_string()];
    readings.extend(prefixes.filter_map(|prefix| typed.strip_prefix(prefix).map(clean)));
    readings.push(clean(typed));
    readings.extend(on_disk(typed, config));
    readings
}

/// Normalizes a path: removes empty parts and `.`, and resolves `..`. A `..` at the beginning leads
/// nowhere, and is removed.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let slash = if path.ends_with('/') && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    parts.join("/") + slash
}

/// Returns the logical paths of a path on disk: one for each source that contains it.
fn on_disk(typed: &str, config: &Config) -> impl Iterator<Item = String> {
    let place = real(Path::new(typed));
    let readings = config.sources.iter().filter_map(|source| {
        let below = place.strip_prefix(real(&source.dir)).ok()?;
        Some(format!("{}{}", source.mount, below.to_str()?))
    });
    readings.collect::<Vec<_>>().into_iter()
}

/// Returns a path without links and dots. If there is no such file, only the written path is
/// normalized.
fn real(path: &Path) -> PathBuf {
    let written = || {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut real = PathBuf::new();
        for part in absolute.components() {
            match part {
                Component::ParentDir => drop(real.pop()),
                part => real.push(part),
            }
        }
        real
    };
    path.canonicalize().unwrap_or_else(|_| written())
}

fn unknown(typed: &str, readings: &[String], tree: &Tree, config: &Config) -> Error {
    let shown = typed.escape_debug();
    if let Some(why) = readings
        .iter()
        .find_map(|path| unpublished(path, tree, config))
    {
        let (why, hint) = why;
        return Error::usage(
            format!("`{shown}` isn't published: {why}"),
            hint.to_string(),
        );
    }
    if let Some(files) = readings.iter().find_map(|path| files_in(path, tree)) {
        return Error::usage(
            format!("`{shown}` is a folder without an `index.html`"),
            files,
        );
    }
    let near = readings
        .iter()
        .rev()
        .find_map(|path| nearest_in(tree, path));
    Error::usage(
        format!("There is no `{shown}` in the tree"),
        match near {
            Some(near) => format!("did you mean `{}`?", near.escape_debug()),
            None => {
                "paths are relative to the source, such as `puzzle/gears/index.html`".to_string()
            }
        },
    )
}

/// Returns a file with a similar path, or a folder that has a page.
fn nearest_in<'t>(tree: &'t Tree, path: &str) -> Option<&'t str> {
    let files = || tree.assets.iter().map(|asset| asset.path.as_str());
    let is_page = |folder: &&str| folder.is_empty() || folder.ends_with('/');
    let folders = files().filter_map(|path| path.strip_suffix("index.html"));
    let folders = folders.filter(is_page).filter(|folder| !folder.is_empty());
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let namesake = |other: &&str| name(other) == name(path);
    nearest(path, files().chain(folders)).or_else(|| files().find(namesake))
}

/// Returns the reason why an existing file isn't published, and a hint.
fn unpublished(path: &str, tree: &Tree, config: &Config) -> Option<(&'static str, &'static str)> {
    let path = LogicalPath::parse(path).ok()?;
    let is_skipped = || tree.skipped.values().flatten().any(|other| *other == path);
    let is_junk = || tree.junk.iter().any(|dropped| dropped.path == path);
    match config.rules.policy(&path).publish {
        Publish::LeftOut => Some(("a rule skips it", "")),
        Publish::NotListed if is_skipped() => Some((
            "files with its extension are skipped by default",
            "add the extension to `extensions` in assetsync.toml, or add a rule with `publish = true`",
        )),
        Publish::Never => Some(("operating systems and editors leave such files behind", "")),
        _ if is_junk() => Some((
            "files with its name are skipped by default",
            "add a rule with `publish = true` whose `match` names exactly this file, or the folder that is skipped",
        )),
        Publish::NotListed | Publish::ByRule | Publish::ByExtension | Publish::Junk(_) => None,
    }
}

/// Lists some files of a folder, in words; none if it has no files.
fn files_in(folder: &str, tree: &Tree) -> Option<String> {
    let folder = match folder.trim_end_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let first = tree
        .assets
        .partition_point(|asset| asset.path.as_str() < folder.as_str());
    let files = tree.assets[first..].iter().map(|asset| asset.path.as_str());
    let files: Vec<&str> = files.take_while(|path| path.starts_with(&folder)).collect();
    let named = files.iter().take(SHOWN);
    let named: Vec<String> = named
        .map(|path| format!("`{}`", path.escape_debug()))
        .collect();
    let more = match files.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!files.is_empty()).then(|| format!("it contains {}{more}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::clean;

    /// Parts of a path that mean nothing are removed.
    #[test]
    fn redundant_path_parts_are_removed() {
        for (typed, meant) in [
            ("a/b.html", "a/b.html"),
            ("/a/b.html", "a/b.html"),
            ("./a//b.html", "a/b.html"),
            ("a/c/../b.html", "a/b.html"),
            ("../a/", "a/"),
            ("a/.", "a"),
            ("/", ""),
            (".", ""),
        ] {
            assert_eq!(clean(typed), meant, "{typed}");
        }
    }
}
