//! Ways in which a page finds a file that it has the path of, and the lines of configuration for
//! each.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::name::NameStyle;
use crate::folders::TOP;
use crate::levels::quoted;
use crate::naming::bundled::Chunks;
use crate::naming::cover;
use crate::tree::Tree;

/// A way in which a page finds a file that it has the path of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fix {
    /// A rule for these files says that it's a URL.
    References { pattern: String },
    /// A keyed folder, with the pages of these endings that are outside of it. Its path has a slash
    /// at its end; the top is empty.
    Folder {
        path: String,
        pages: BTreeSet<String>,
    },
    /// Files keep their names.
    Plain,
    /// Files are published, too, by their names.
    Publish,
    /// Files are published, too, in the keyed folder of what names them.
    PublishInFolder,
}

/// Lets the outermost of keyed folders do for those inside: of two, the inner one would have a name
/// of its own.
pub(super) fn outermost(fixes: Vec<Fix>) -> Vec<Fix> {
    let mut outer: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for fix in &fixes {
        if let Fix::Folder { path, pages } = fix {
            outer.entry(path.clone()).or_default().extend(pages.clone());
        }
    }
    let around = |path: &str| {
        let mut folders = outer.keys();
        folders.find(|folder| path.starts_with(folder.as_str()))
    };
    let outermost = |fix| match fix {
        Fix::Folder { path, pages } => match around(&path) {
            Some(folder) => Fix::Folder {
                path: folder.clone(),
                pages: pages_within(&outer, folder),
            },
            None => Fix::Folder { path, pages },
        },
        fix => fix,
    };
    fixes.into_iter().map(outermost).collect()
}

/// Returns the endings of pages that are outside of these folders, as far as they are in `path`.
fn pages_within(folders: &BTreeMap<String, BTreeSet<String>>, path: &str) -> BTreeSet<String> {
    let inner = folders.iter().filter(|(inner, _)| inner.starts_with(path));
    inner.flat_map(|(_, pages)| pages.clone()).collect()
}

/// Returns the lines of configuration for all mentions that have the same fix.
pub(super) fn lines(
    tree: &Tree,
    chunks: &Chunks<'_>,
    fix: &Fix,
    subjects: &BTreeSet<String>,
) -> String {
    let subjects: Vec<String> = subjects.iter().cloned().collect();
    let rules = |patterns: Vec<String>, what: &str| {
        let rules = patterns.iter().map(|pattern| cover::rule(pattern, what));
        rules.collect::<Vec<String>>().join("\n")
    };
    match fix {
        Fix::References { pattern } => {
            let subjects: Vec<String> = subjects.iter().map(|subject| quoted(subject)).collect();
            cover::rule(pattern, &format!("references = [{}]", subjects.join(", ")))
        }
        Fix::Folder { path, pages } => lines_of_folder(path, pages),
        Fix::Plain => {
            let is_hashed = |path: &String| chunks.are_named_like(path);
            let (hashed, others) = subjects.into_iter().partition(is_hashed);
            let others = cover::joined(cover::few(&tree.assets, others));
            let others = others.iter().map(|path| (path, NameStyle::Plain));
            let hashed = cover::joined(hashed);
            let hashed = hashed.iter().map(|path| (path, NameStyle::Fingerprinted));
            let rules = others.chain(hashed);
            let rules = rules.map(|(path, names)| cover::rule_of_names(path, names));
            rules.collect::<Vec<String>>().join("\n")
        }
        // A pattern might publish files that the user didn't name.
        Fix::PublishInFolder => rules(cover::joined(subjects), "publish = true"),
        Fix::Publish => rules(cover::joined(subjects), "publish = true\nnames = \"plain\""),
    }
}

fn lines_of_folder(path: &str, pages: &BTreeSet<String>) -> String {
    let name = match path.trim_end_matches('/') {
        "" => TOP.to_string(),
        folder => globset::escape(folder),
    };
    let mut lines = format!("[[folder]]\nmatch = {}", quoted(&name));
    for extension in pages {
        let pattern = format!(
            "{}**/*.{}",
            globset::escape(path),
            globset::escape(extension)
        );
        lines += &format!("\n{}", cover::rule_of_names(&pattern, NameStyle::Folder));
    }
    lines
}

/// Returns the lines that make one keyed folder of a page's folder and another, each with a slash
/// at its end; the top is empty.
pub(in crate::naming) fn keyed_folder(tree: &Tree, page: &str, folder: &str) -> String {
    let fix = Fix::Folder {
        path: common_folder([page, folder].into_iter()),
        pages: BTreeSet::new(),
    };
    lines(tree, &Chunks::of(tree), &fix, &BTreeSet::new())
}

/// Returns the lines by which files of a folder keep their names.
pub(in crate::naming) fn plain_folder(tree: &Tree, folder: &str) -> String {
    let patterns = patterns_of_folder(tree, folder);
    let patterns = patterns.into_iter().collect();
    lines(tree, &Chunks::of(tree), &Fix::Plain, &patterns)
}

/// Returns patterns for what is in a folder, but for what a rule or its level keeps unguessable.
pub(super) fn patterns_of_folder(tree: &Tree, folder: &str) -> Vec<String> {
    let is_meant = |file: &usize| {
        let asset = &tree.assets[*file];
        asset.path.as_str().starts_with(folder) && !asset.policy.is_kept_unguessable()
    };
    let files = (0..tree.assets.len()).filter(is_meant).collect();
    cover::of_files(
        &tree.assets,
        &files,
        format!("{}**", globset::escape(folder)),
    )
}

/// Returns the folder that all of these are in, each with a slash at its end; empty for the top.
pub(super) fn common_folder<'p>(folders: impl Iterator<Item = &'p str>) -> String {
    let common = folders.reduce(|one, other| {
        let alike = one
            .bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let end = one.as_bytes()[..alike]
            .iter()
            .rposition(|byte| *byte == b'/');
        &one[..end.map_or(0, |slash| slash + 1)]
    });
    common.unwrap_or_default().to_string()
}
