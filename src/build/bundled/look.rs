//! Looks for words in the files of a tree as they are, outside of what is rewritten.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;

use crate::build::link::Links;
use crate::build::read::{DOCUMENT_BYTES_MAX, Draft, Lines, same_length_utf8};
use crate::files;
use crate::progress::Progress;
use crate::tree::Tree;

/// Bytes before a path, or the end of one.
const BEFORE_PATH: &[u8] = b"\"'`/=(;>, ";

/// Bytes behind the end of a path.
const AFTER_PATH: &[u8] = b"\"'`?#\\)&<>, ";

/// The place of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub file: usize,
    /// In bytes.
    pub at: usize,
}

/// For each word that was found, the first place that has it, and how many places do.
pub(super) type Looked<'w> = BTreeMap<&'w str, (Spot, usize)>;

/// A file that can't be read, and why.
pub(super) type Failed = (usize, io::Error);

/// The kind of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A hash.
    Hash,
    /// A path, or the end of one.
    Path,
}

/// All that is looked at. `files` has the references of each asset.
pub(super) struct Look<'a> {
    pub tree: &'a Tree,
    pub drafts: &'a [Draft],
    pub files: &'a [Links],
    pub progress: &'a Progress,
}

impl Look<'_> {
    /// Looks for these words in those files that `is_read` says. What stands in a file's own path isn't looked for in it.
    pub(super) fn words<'w>(
        &self,
        words: impl Iterator<Item = &'w str>,
        form: Form,
        is_read: impl Fn(usize) -> bool + Sync,
    ) -> Result<Looked<'w>, Failed> {
        let words: Vec<&str> = words.collect();
        if words.is_empty() {
            return Ok(Looked::new());
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&words)
            .expect("a tree has fewer paths than an automaton has states");
        (0..self.tree.assets.len())
            .into_par_iter()
            .filter(|file| !self.progress.is_stopped() && is_read(*file))
            .map(|file| {
                let looked = self.file(file, &finder, &words, form);
                looked.map_err(|error| (file, error))
            })
            .try_reduce(Looked::new, |one, other| Ok(both(one, other)))
    }

    /// Returns line and column of a place.
    pub(super) fn place(&self, spot: Spot) -> Option<(u32, u32)> {
        let content = files::read(&self.tree.assets[spot.file].file, DOCUMENT_BYTES_MAX).ok()?;
        let text = same_length_utf8(&content);
        Some(Lines::new(&text).place(spot.at.min(text.len())))
    }

    fn file<'w>(
        &self,
        file: usize,
        finder: &AhoCorasick,
        words: &[&'w str],
        form: Form,
    ) -> io::Result<Looked<'w>> {
        let mut looked = Looked::new();
        let (asset, draft) = (&self.tree.assets[file], &self.drafts[file]);
        if draft.is_compressed || draft.is_opaque || draft.size_bytes > DOCUMENT_BYTES_MAX {
            return Ok(looked);
        }
        let content = files::read(&asset.file, DOCUMENT_BYTES_MAX)?;
        let links = self.files[file].links.iter();
        let mut rewritten: Vec<&Range<u32>> = links.map(|link| &link.span).collect();
        rewritten.sort_by_key(|span| span.start);
        let is_rewritten = |at: usize| {
            let next = rewritten.partition_point(|span| span.end as usize <= at);
            let next = rewritten.get(next);
            next.is_some_and(|span| span.start as usize <= at)
        };
        for found in finder.find_iter(&content) {
            let (word, at) = (words[found.pattern()], found.start());
            let before = at.checked_sub(1).map(|before| content[before]);
            let is_alone = form.is_alone(before, content.get(found.end()).copied());
            if is_alone && !is_rewritten(at) && !asset.path.as_str().contains(word) {
                let (_, n) = looked.entry(word).or_insert((Spot { file, at }, 0));
                *n += 1;
            }
        }
        Ok(looked)
    }
}

impl Form {
    /// Says whether what is between these bytes isn't a part of something else.
    fn is_alone(self, before: Option<u8>, after: Option<u8>) -> bool {
        let is_in_word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_one_of =
            |bytes: &[u8], byte: Option<u8>| byte.is_none_or(|byte| bytes.contains(&byte));
        match self {
            Form::Hash => !is_in_word(before) && !is_in_word(after),
            Form::Path => is_one_of(BEFORE_PATH, before) && is_one_of(AFTER_PATH, after),
        }
    }
}

fn both<'w>(mut one: Looked<'w>, other: Looked<'w>) -> Looked<'w> {
    for (word, (spot, n)) in other {
        let (first, all) = one.entry(word).or_insert((spot, 0));
        (*first, *all) = (spot.min(*first), *all + n);
    }
    one
}
