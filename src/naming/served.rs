//! Headers that depend on the content of files and on the files that refer to them. Pure.
//! These are the charset, the compression, and the type of a web app's manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cover;
use super::link::Links;
use super::read::Draft;
use crate::base::coding::{self, Coding};
use crate::base::media;
use crate::base::name::{CONTENT_ENCODING, EncodingPolicy, Headers};
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::charset::{By, Charset, Known};
use crate::config::CONFIG_FILE;
use crate::refs::Kind;
use crate::rules::{Policy, TypeBy};
use crate::tree::{Asset, Tree};

/// A tree with what its files must be served with.
pub(super) struct Served {
    pub tree: Tree,
    /// Files that are to be read once more: what is in them is something else.
    pub again: Vec<usize>,
}

/// Returns the tree as its files must be served; none if the rules say it already.
pub(super) fn as_served(tree: &Tree, drafts: &[Draft], files: &[Links]) -> Option<Served> {
    let of_pages = charsets_of_pages(drafts, files);
    let manifests = manifests(tree, files);
    let mut changed = Vec::new();
    let mut again = Vec::new();
    for (file, (asset, draft)) in tree.assets.iter().zip(drafts).enumerate() {
        let charset = of_pages.get(&file).copied();
        let by_content = by_content(asset, draft, manifests.contains(&file));
        again.extend(by_content.is_some().then_some(file));
        let in_charset = || {
            let charset = charset.or(draft.charset.charset)?;
            in_charset(asset, charset)
        };
        if let Some(headers) = by_content.or_else(in_charset) {
            let mut type_by = asset.policy.type_by;
            if charset.is_some() {
                again.push(file);
                type_by = TypeBy::Pages;
            }
            changed.push((file, headers, type_by));
        }
    }
    if changed.is_empty() {
        return None;
    }
    again.sort_unstable();
    again.dedup();
    let tree = with_headers(tree, changed);
    Some(Served { tree, again })
}

/// Returns the headers of a file that is compressed, or a web app's manifest, though its name
/// doesn't say so.
fn by_content(asset: &Asset, draft: &Draft, is_manifest: bool) -> Option<Headers> {
    let packed = by_bytes(asset, draft).map(|coding| packed(asset, coding));
    let as_manifest = || Headers {
        content_type: media::content_type(Some("webmanifest")),
        ..Headers::clone(&asset.policy.headers)
    };
    packed.or_else(|| is_manifest.then(as_manifest))
}

fn with_headers(tree: &Tree, changed: Vec<(usize, Headers, TypeBy)>) -> Tree {
    let mut tree = tree.clone();
    for (file, headers, type_by) in changed {
        let asset = &mut tree.assets[file];
        asset.policy = Arc::new(Policy {
            headers: Arc::new(headers),
            type_by,
            ..(*asset.policy).clone()
        });
    }
    tree
}

/// Returns the charsets of styles and scripts that don't say what they're in, where all that load
/// one are in the same: browsers take them for that, also those that a style imports.
fn charsets_of_pages(drafts: &[Draft], files: &[Links]) -> BTreeMap<usize, Charset> {
    /// A bound for styles that import each other.
    const DEPTH_MAX: usize = 8;
    let mut known: BTreeMap<usize, Charset> = BTreeMap::new();
    if !drafts.iter().any(|draft| draft.charset.is_guess()) {
        return known;
    }
    for _ in 0..DEPTH_MAX {
        let loaded_by = charsets_of_loaders(drafts, files, &known).into_iter();
        let same = loaded_by.filter_map(|(file, all)| {
            let mut all = all.into_iter();
            match (all.next(), all.next()) {
                (Some(Some(name)), None) => Some((file, Charset::try_from(name).ok()?)),
                _ => None,
            }
        });
        let before = known.len();
        known.extend(same);
        if known.len() == before {
            break;
        }
    }
    known.retain(|file, _| drafts[*file].charset.is_guess());
    known
}

/// Returns the charsets of all files that load one which doesn't say its own: by that one. `known`
/// is what is known of such already.
fn charsets_of_loaders(
    drafts: &[Draft],
    files: &[Links],
    known: &BTreeMap<usize, Charset>,
) -> BTreeMap<usize, BTreeSet<Option<String>>> {
    let says_nothing = |file: usize| drafts[file].charset.by == By::Nobody;
    let mut loaded_by: BTreeMap<usize, BTreeSet<Option<String>>> = BTreeMap::new();
    for (from, links) in files.iter().enumerate() {
        let own = &drafts[from].charset;
        let of_own = if says_nothing(from) {
            known.get(&from).copied().or(own.said)
        } else {
            own.charset
        };
        let loaded = links.links.iter().filter(|link| {
            let is_loaded = matches!(link.kind, Kind::Load | Kind::Script);
            is_loaded && says_nothing(link.to as usize)
        });
        for link in loaded {
            let all = loaded_by.entry(link.to as usize).or_default();
            all.insert(of_own.map(Charset::name));
        }
    }
    loaded_by
}

/// Returns the files that a page links to as its manifest, and that are called like other JSON.
fn manifests(tree: &Tree, files: &[Links]) -> BTreeSet<usize> {
    let links = files.iter().flat_map(|file| &file.links);
    let linked = links.filter(|link| link.kind == Kind::Manifest);
    let is_json = |file: &usize| {
        let policy = &tree.assets[*file].policy;
        let essence = media::essence(&policy.headers.content_type);
        policy.type_by == TypeBy::Name
            && matches!(essence.as_str(), "application/json" | "text/plain")
    };
    linked
        .map(|link| link.to as usize)
        .filter(is_json)
        .collect()
}

/// Returns how a part of a game is packed, where its name doesn't tell.
fn by_bytes(asset: &Asset, draft: &Draft) -> Option<Coding> {
    let policy = &asset.policy;
    let is_told = policy.is_encoding_asked || policy.type_by != TypeBy::Name;
    let is_open = !is_told && coding::is_told_by_bytes(asset.path.file_name());
    draft.coding.filter(|_| is_open)
}

fn packed(asset: &Asset, coding: Coding) -> Headers {
    let inner = coding::inner_extension(asset.path.file_name());
    let mut headers = Headers::clone(&asset.policy.headers);
    headers.content_type = media::content_type(inner.as_deref());
    headers.encoding = EncodingPolicy::Identity;
    let name = coding.name().to_string();
    headers.further.insert(CONTENT_ENCODING.to_string(), name);
    headers
}

/// Returns the headers of a text in this charset, unless they say so.
fn in_charset(asset: &Asset, charset: Charset) -> Option<Headers> {
    let headers = &asset.policy.headers;
    let content_type = format!(
        "{}; charset={}",
        media::essence(&headers.content_type),
        charset.name()
    );
    let is_right = asset.policy.type_by != TypeBy::Name || headers.content_type == content_type;
    (!is_right).then(|| Headers {
        content_type,
        ..Headers::clone(headers)
    })
}

/// Returns a problem for each file that is compressed and whose name says that it isn't, with the
/// rule that says so; and a warning for each that doesn't say what charset it's in.
pub(super) fn check(tree: &Tree, drafts: &[Draft]) -> (Vec<Problem>, Vec<Problem>) {
    let mut packed: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut warnings = Vec::new();
    for (file, (asset, draft)) in tree.assets.iter().zip(drafts).enumerate() {
        if let Some(coding) = draft.coding.filter(|_| is_taken_for_itself(asset)) {
            packed.entry(coding.name()).or_default().push(file);
        }
        let is_said = asset.policy.headers.content_type.contains("charset=");
        if draft.charset.is_guess() && is_said {
            warnings.push(unsaid(asset, draft.charset));
        }
    }
    let packed = packed.into_iter();
    let problems = packed.flat_map(|(coding, files)| packed_secretly(tree, coding, &files));
    (problems.collect(), warnings)
}

/// Returns a problem for each of `files`, whose names don't say that they are compressed, with the
/// rules that say so for all of them.
fn packed_secretly(tree: &Tree, coding: &str, files: &[usize]) -> Vec<Problem> {
    let assets = files.iter().map(|file| &tree.assets[*file]);
    let paths = assets
        .clone()
        .map(|asset| globset::escape(asset.path.as_str()));
    let patterns = cover::few(&tree.assets, paths.collect());
    let line = format!("encoding = \"{coding}\"");
    let rules: Vec<String> = cover::joined(patterns)
        .iter()
        .map(|pattern| cover::rule(pattern, &line))
        .collect();
    let problem = |asset: &Asset| {
        let essence = media::essence(&asset.policy.headers.content_type);
        let message = format!(
            "is compressed with {coding}, but would be served as {essence} without \
             `Content-Encoding`, so browsers can't read it"
        );
        let problem = Problem::new(&asset.path, message);
        problem.kind(ProblemKind::Packed).added(Addition {
            file: CONFIG_FILE.to_string(),
            lines: rules.join("\n"),
        })
    };
    assets.map(problem).collect()
}

/// Says whether browsers take a file for what its name says.
fn is_taken_for_itself(asset: &Asset) -> bool {
    let policy = &asset.policy;
    let content_type = &policy.headers.content_type;
    let is_read =
        media::is_text(content_type) || media::essence(content_type) == "application/wasm";
    is_read && policy.headers.coding().is_none() && !policy.is_encoding_asked
}

fn unsaid(asset: &Asset, charset: Known) -> Problem {
    let name = charset.name();
    let served = format!("served as {name}, as most browsers assume");
    let message = format!(
        "isn't UTF-8 and doesn't declare its charset: {served}. Save it as UTF-8, or set the \
         charset in a rule's `content_type`"
    );
    let warning = Problem::new(&asset.path, message).kind(ProblemKind::Untyped);
    warning.cause(format!(
        "aren't UTF-8 and don't declare their charset ({served}; save them as UTF-8, or set the charset in a rule's `content_type`)"
    ))
}
