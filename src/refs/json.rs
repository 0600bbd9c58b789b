//! JSON: URLs at JSON pointers, web app manifests, source maps, and placeholders. Reads with
//! serde_json, which skips what no pointer leads to and refuses what is nested deeper than 128.

mod pointer;
mod walk;

use std::collections::HashSet;

use self::walk::{Besides, Text, Walk, walk};
use super::{Extra, Found, Kind, Mention, Reference, placeholder};

/// The pictures of a web app manifest that a browser fetches (<https://www.w3.org/TR/appmanifest/>,
/// <https://wicg.github.io/manifest-incubations/>).
const MANIFEST_POINTERS: [&str; 4] = [
    "/icons/*/src",
    "/screenshots/*/src",
    "/shortcuts/*/icons/*/src",
    "/file_handlers/*/icons/*/src",
];

/// The pages that it leads people to. `scope` and `id` aren't among them: they say where the site
/// is, under its own names.
const MANIFEST_PAGES: [&str; 4] = [
    "/start_url",
    "/shortcuts/*/url",
    "/share_target/action",
    "/file_handlers/*/action",
];

/// The pages that a browser may fetch early
/// (<https://html.spec.whatwg.org/multipage/speculative-loading.html>).
const SPECULATED: [&str; 2] = ["/prefetch/*/urls/*", "/prerender/*/urls/*"];

/// Files of a glTF scene; `shaders` is of version 1. Extensions have lists of files of their own,
/// and `EXT_structural_metadata` has a schema.
const GLTF_POINTERS: [&str; 5] = [
    "/buffers/*/uri",
    "/images/*/uri",
    "/shaders/*/uri",
    "/extensions/*/*/*/uri",
    "/extensions/*/schemaUri",
];

const SOURCES_POINTERS: [&str; 2] = ["/sources/*", "/sections/*/map/sources/*"];
const ROOT_POINTERS: [&str; 2] = ["/sourceRoot", "/sections/*/map/sourceRoot"];

/// Finds the strings at `pointers` (RFC 6901; `*` stands for any one key or index), placeholders,
/// and what else looks like the path of a file.
pub fn find(text: &str, pointers: &[String]) -> Found {
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    references(text, &pointers)
}

/// Finds the pictures of a web app manifest and the pages that it names by their files, the strings
/// at `extra.pointers`, placeholders, and what else looks like the path of a file.
pub fn web_manifest(text: &str, extra: &Extra) -> Found {
    let mut found = known(text, &MANIFEST_POINTERS, extra);
    let pages = links(text, &MANIFEST_PAGES);
    // `/` and `./?app` are wherever the site is.
    let is_of_file = |reference: &Reference| {
        let path = reference.url.split(['?', '#']).next();
        let name = path.and_then(|path| path.rsplit('/').next());
        name.is_some_and(|name| name.trim_start_matches('.').contains('.'))
    };
    let pages: Vec<Reference> = pages.filter(is_of_file).collect();
    let is_page = |at: usize| pages.iter().any(|page| page.span.start == at);
    found.mentions.retain(|mention| !is_page(mention.at));
    found.references.extend(pages);
    found
        .references
        .sort_by_key(|reference| reference.span.start);
    found
}

/// Finds the pages that rules of speculation name one by one.
pub fn speculation_rules(text: &str) -> Found {
    Found {
        references: links(text, &SPECULATED).collect(),
        faults: walk(text, after_bom(text), &[], Besides::Nothing).faults,
        ..Found::default()
    }
}

/// Returns the links of people at these pointers.
fn links(text: &str, pointers: &[&str]) -> impl Iterator<Item = Reference> {
    let strings = walk(text, after_bom(text), pointers, Besides::Nothing).strings;
    let references = strings
        .into_iter()
        .filter_map(|string| string.reference(text, Kind::Link));
    references.collect::<Vec<_>>().into_iter()
}

/// Finds the files of a glTF scene, the strings at `extra.pointers`, placeholders, and what else
/// looks like the path of a file.
pub fn gltf(text: &str, extra: &Extra) -> Found {
    let mut found = known(text, &GLTF_POINTERS, extra);
    // Whole buffers may be written so.
    found
        .references
        .retain(|reference| !reference.url.starts_with("data:"));
    found
}

/// Finds the `sources` of a source map, unless a `sourceRoot` stands before each of them: then they
/// can't be rewritten one by one. No placeholders: `sourcesContent` quotes them from the scripts.
pub fn source_map(text: &str) -> Found {
    let pointers = [SOURCES_POINTERS, ROOT_POINTERS].concat();
    let walked = walk(text, after_guard(text), &pointers, Besides::Nothing);
    let is_source = |string: &Text| string.pointer < SOURCES_POINTERS.len();
    let has_root = walked
        .strings
        .iter()
        .any(|string| !is_source(string) && !string.value.is_empty());
    let sources = walked
        .strings
        .iter()
        .filter(|string| is_source(string) && !has_root);
    let references = sources
        .filter_map(|string| string.reference(text, Kind::MapSource))
        .collect();
    Found {
        references,
        faults: walked.faults,
        ..Found::default()
    }
}

/// Finds the strings at `pointers` and at `extra.pointers`.
fn known(text: &str, pointers: &[&str], extra: &Extra) -> Found {
    let extra = extra.pointers.iter().map(String::as_str);
    let pointers: Vec<&str> = pointers.iter().copied().chain(extra).collect();
    references(text, &pointers)
}

fn references(text: &str, pointers: &[&str]) -> Found {
    let besides = if placeholder::is_in(text) {
        Besides::Placeholders
    } else {
        Besides::Nothing
    };
    let walked = walk(text, after_bom(text), pointers, besides);
    let references = walked
        .strings
        .iter()
        .filter_map(|string| string.reference(text, Kind::Load))
        .collect();
    Found {
        references,
        mentions: mentions(text, &walked),
        placeholders: walked.placeholders,
        faults: walked.faults,
        ..Found::default()
    }
}

/// Paths in strings that no pointer leads to.
fn mentions(text: &str, walked: &Walk<'_>) -> Vec<Mention> {
    // A walk of its own: what no pointer leads into may be nested deeper than can be read.
    let paths = walk(text, after_bom(text), &[], Besides::Paths);
    let starts = walked.strings.iter().map(|string| string.span.start);
    let starts: HashSet<usize> = starts.collect();
    let paths = paths.mentions.into_iter();
    paths
        .filter(|mention| !starts.contains(&mention.at))
        .collect()
}

/// Returns the place where JSON begins: serde_json takes a byte order mark for an error, browsers
/// skip it.
fn after_bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

/// Returns the place where a source map begins: servers may put a line before it that keeps it from
/// being run as a script (<https://tc39.es/ecma426/>, "decode a source map from a string").
fn after_guard(text: &str) -> usize {
    let start = after_bom(text);
    match text[start..]
        .strip_prefix(")]}'")
        .and_then(|_| text[start..].find('\n'))
    {
        Some(newline) => start + newline + 1,
        None => start,
    }
}

#[cfg(test)]
mod tests;
