//! Finds a site that a bundler built for another address than a target has. Its scripts ask for
//! their files at the path that they were built for, and nothing rewrites them.

use std::collections::BTreeMap;

use memchr::memmem;
use rayon::prelude::*;

use super::index::Index;
use super::link::Links;
use super::read::{DOCUMENT_BYTES_MAX, Draft};
use crate::base::disk::files;
use crate::base::name::NameStyle;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;
use crate::tree::{Asset, ServedAt};

/// Longest path that is looked for behind the beginning of a URL, in bytes.
const PATH_BYTES_MAX: usize = 1024;

/// Returns a warning for each target at whose address the scripts of a page don't find their files.
/// Only the first page is named. `files` has the references of each asset.
pub(super) fn check(index: &Index<'_>, drafts: &[Draft], files: &[Links]) -> Vec<Problem> {
    let served = &index.tree.served_at;
    let mut asks: BTreeMap<&str, bool> = BTreeMap::new();
    let mut warnings = Vec::new();
    for target in served {
        let elsewhere = loads(index, files).find(|load| {
            !is_served_at(target, load.prefix)
                && *asks
                    .entry(load.prefix)
                    .or_insert_with(|| is_asked_for(index, drafts, load.prefix))
        });
        warnings.extend(elsewhere.map(|load| told(load, target, &index.tree.prefixes)));
    }
    warnings
}

/// A page that loads a script of a bundler: where, and what stands before the path.
#[derive(Clone, Copy)]
struct Load<'a> {
    page: &'a Asset,
    place: (u32, u32),
    prefix: &'a str,
}

/// Returns the places in pages that load scripts of a bundler by a prefix.
fn loads<'a>(index: &'a Index<'_>, files: &'a [Links]) -> impl Iterator<Item = Load<'a>> {
    let tree = index.tree;
    let pages = tree.assets.iter().zip(files);
    let pages = pages.filter(|(page, _)| page.policy.headers.content_type.starts_with("text/html"));
    pages.flat_map(move |(page, file)| {
        let by_prefix = file.links.iter().filter_map(move |link| {
            let prefix = &tree.prefixes[usize::from(link.prefix?)];
            is_bundlers(&tree.assets[link.to as usize]).then_some(Load {
                page,
                place: (link.line, link.column),
                prefix,
            })
        });
        let left_alone = file.elsewhere.iter().map(move |url| Load {
            page,
            place: (url.line, url.column),
            prefix: &url.prefix,
        });
        by_prefix.chain(left_alone)
    })
}

fn is_bundlers(asset: &Asset) -> bool {
    let is_script = asset.policy.headers.content_type.contains("javascript");
    asset.policy.names == NameStyle::Fingerprinted && is_script
}

/// Says whether URLs with this prefix lead to the top of a target.
fn is_served_at(target: &ServedAt, prefix: &str) -> bool {
    if prefix.starts_with('/') {
        target.url.path() == prefix
    } else {
        target.url.as_str() == prefix
    }
}

/// Says whether a bundler's script has a string that is this prefix, or a path of the tree behind
/// it. A script that can't be read is told of elsewhere.
fn is_asked_for(index: &Index<'_>, drafts: &[Draft], prefix: &str) -> bool {
    let assets = index.tree.assets.par_iter().zip(drafts);
    assets.any(|(asset, draft)| {
        is_bundlers(asset)
            && draft.size_bytes <= DOCUMENT_BYTES_MAX
            && files::read(&asset.file, DOCUMENT_BYTES_MAX)
                .is_ok_and(|content| asks_for(index, &content, prefix))
    })
}

fn asks_for(index: &Index<'_>, script: &[u8], prefix: &str) -> bool {
    let mut places = memmem::find_iter(script, prefix);
    places.any(|at| {
        let quote = at.checked_sub(1).map(|before| script[before]);
        let Some(quote @ (b'"' | b'\'' | b'`')) = quote else {
            return false;
        };
        let rest = &script[at + prefix.len()..];
        let rest = &rest[..rest.len().min(PATH_BYTES_MAX)];
        let Some(end) = rest.iter().position(|byte| [quote, b'$'].contains(byte)) else {
            return false;
        };
        match std::str::from_utf8(&rest[..end]) {
            // The top alone is one of many separators.
            Ok("") => prefix != "/" || rest[end] == b'$' || is_joined(&rest[end + 1..]),
            Ok(path) => index.find(path).is_some() || index.is_folder(path),
            Err(_) => false,
        }
    })
}

/// Says whether something is added to a string.
fn is_joined(behind: &[u8]) -> bool {
    behind.trim_ascii_start().starts_with(b"+")
}

fn told(load: Load<'_>, target: &ServedAt, prefixes: &[String]) -> Problem {
    let name = &target.target;
    let served = if load.prefix.starts_with('/') {
        target.url.path()
    } else {
        target.url.as_str()
    };
    let is_set = prefixes.iter().any(|prefix| prefix == served);
    let (prefix, served) = (escape(load.prefix), escape(served));
    let prefixes = match (is_set, prefixes.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(" and set `prefixes = [\"{served}\"]`"),
        (false, false) => format!(" and change `prefixes` to `prefixes = [\"{served}\"]`"),
    };
    let message = format!(
        "loads a script that was built for `{prefix}`, but target `{name}` serves the site at \
         `{served}`, so the script doesn't find its files: build the site for `{served}`{prefixes}, or set `public_url` in `[target.{name}]` if visitors use \
         another address"
    );
    Problem::at(&load.page.path, load.place, message).kind(ProblemKind::BuiltFor)
}
