//! Selects the objects of a release to look at.

use std::collections::BTreeSet;

use crate::release::manifest::{Entry, Manifest};
use crate::release::root::ReleaseId;

/// Number of objects to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// This number, if there are so many objects; more, if pages, names that stay and types of
    /// content are more.
    Some(usize),
    /// All, and whole.
    All,
}

/// The places in [`Manifest::entries`] of those that are looked at, sorted: all pages and all names
/// that stay, one of each type of content, and any others up to the number that is wished. Which
/// others, the release's name decides: the next audit of the same release looks at the same, that
/// of the next release at others.
pub(super) fn pick(manifest: &Manifest, release: &ReleaseId, sample: Sample) -> Vec<usize> {
    let published = |at: &usize| manifest.entries[*at].stored.is_some();
    let mut left: Vec<usize> = (0..manifest.entries.len()).filter(published).collect();
    let Sample::Some(wished) = sample else {
        return left;
    };
    let shuffled = |at: &usize| {
        let path = &manifest.entries[*at].path;
        *blake3::hash(format!("{}\0{path}", release.0).as_bytes()).as_bytes()
    };
    left.sort_by_cached_key(shuffled);
    let mut picked = in_any_case(manifest, &left);
    for at in left {
        if picked.len() >= wished {
            break;
        }
        picked.insert(at);
    }
    picked.into_iter().collect()
}

/// Pages, names that stay, and the first of each type of content.
fn in_any_case(manifest: &Manifest, all: &[usize]) -> BTreeSet<usize> {
    let mut types = BTreeSet::new();
    let is_picked = |at: &&usize| {
        let entry = &manifest.entries[**at];
        let is_new_type = types.insert(&manifest.headers_of(entry).content_type);
        is_new_type || entry.is_mutable() || is_page(manifest, entry)
    };
    all.iter().filter(is_picked).copied().collect()
}

fn is_page(manifest: &Manifest, entry: &Entry) -> bool {
    manifest
        .headers_of(entry)
        .content_type
        .starts_with("text/html")
}
