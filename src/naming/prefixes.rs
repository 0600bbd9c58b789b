//! Finds the prefix by which pages and styles name the files of their tree, such as `/app/`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::index::Index;
use super::link::prefix_before;
use super::read::Reader;
use crate::base::name::Secret;
use crate::base::progress::Progress;
use crate::refs::{Base, Found, Kind};
use crate::tree::{Asset, Tree};

/// Returns the prefix by which most URLs from the top of a host lead to files of `tree`, which has
/// no prefixes yet. `None` if no URL does.
pub(crate) fn prefix(tree: &Tree, secret: &Secret, progress: &Progress) -> Option<String> {
    let index = Index::new(tree);
    let documents = tree.assets.par_iter().filter(|asset| is_document(asset));
    let counted = documents.map_init(Reader::default, |reader, asset| {
        count(&index, &reader.draft(asset, secret, progress).found)
    });
    let counted = counted.reduce(BTreeMap::new, |mut all, one| {
        for (prefix, n) in one {
            *all.entry(prefix).or_default() += n;
        }
        all
    });
    let mut counted: Vec<(String, usize)> = counted.into_iter().collect();
    // Of two that are used as often, the shorter one has more below it.
    counted.sort_by_key(|(prefix, n)| (Reverse(*n), prefix.len()));
    counted.into_iter().next().map(|(prefix, _)| prefix)
}

/// Says whether browsers load other files by what is in this one.
fn is_document(asset: &Asset) -> bool {
    let content_type = &asset.policy.headers.content_type;
    content_type.starts_with("text/html") || content_type.starts_with("text/css")
}

/// Returns how many references of a document begin with each prefix.
fn count(index: &Index<'_>, found: &Found) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    // Links may well lead out of the tree.
    let loads = found.references.iter();
    let loads = loads.filter(|load| load.base == Base::Document && load.kind != Kind::Link);
    for load in loads {
        let url = from_top(found.base.as_deref(), load.url.trim_ascii());
        if let Some(prefix) = url.as_deref().and_then(|url| prefix_before(index, url)) {
            *counted.entry(prefix.to_string()).or_default() += 1;
        }
    }
    counted
}

/// Returns a URL as a path from the top of a host, if that is known: by its first slash, or by the
/// `<base>` of its page.
fn from_top<'u>(base: Option<&str>, url: &'u str) -> Option<Cow<'u, str>> {
    if url.starts_with('/') {
        return Some(Cow::Borrowed(url)).filter(|_| !url.starts_with("//"));
    }
    let base = base?.trim_ascii();
    let is_relative = !url.starts_with(['#', '?']) && !url.contains(':');
    if !is_relative || !base.starts_with('/') || base.starts_with("//") {
        return None;
    }
    let folder = &base[..=base.rfind('/')?];
    Some(Cow::Owned(format!("{folder}{url}")))
}
