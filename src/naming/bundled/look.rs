//! Looks for words in the files of a tree as they are, outside of what is rewritten.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;

use crate::base::disk::files;
use crate::base::progress::Progress;
use crate::base::text::{Lines, same_length_utf8};
use crate::naming::link::Links;
use crate::naming::read::{DOCUMENT_BYTES_MAX, Draft};
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
    /// Looks for these words in the files for which `is_read` is true. Words in a file's own path
    /// aren't searched for in that file.
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
        let finder = Finder::new(form, &words);
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
        finder: &Finder<'_>,
        words: &[&'w str],
        form: Form,
    ) -> io::Result<Looked<'w>> {
        let mut looked = Looked::new();
        let (asset, draft) = (&self.tree.assets[file], &self.drafts[file]);
        if draft.is_compressed
            || draft.charset.charset.is_some()
            || draft.size_bytes > DOCUMENT_BYTES_MAX
        {
            return Ok(looked);
        }
        let content = files::read(&asset.file, DOCUMENT_BYTES_MAX)?;
        let settled = settled_spans(&self.files[file], form);
        finder.each(&content, words, |word, at| {
            if !is_in(&settled, at) && !asset.path.as_str().contains(words[word]) {
                let (_, n) = looked.entry(words[word]).or_insert((Spot { file, at }, 0));
                *n += 1;
            }
        });
        Ok(looked)
    }
}

/// Finds words that aren't a part of something else.
enum Finder<'w> {
    Hashes(Hashes<'w>),
    Paths(AhoCorasick),
}

impl<'w> Finder<'w> {
    fn new(form: Form, words: &[&'w str]) -> Finder<'w> {
        match form {
            Form::Hash => Finder::Hashes(Hashes::new(words)),
            Form::Path => {
                let builder = AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(words);
                let finder = builder.expect("a tree has fewer paths than an automaton has states");
                Finder::Paths(finder)
            }
        }
    }

    /// Passes on each word that is found: its place among `words`, and that in `content`, in bytes.
    fn each(&self, content: &[u8], words: &[&str], mut found: impl FnMut(usize, usize)) {
        let is_one_of = |bytes: &[u8], byte: Option<&u8>| byte.is_none_or(|b| bytes.contains(b));
        match self {
            Finder::Hashes(hashes) => hashes.each(content, words, found),
            Finder::Paths(finder) => {
                for path in finder.find_iter(content) {
                    let before = path.start().checked_sub(1).map(|before| &content[before]);
                    let after = content.get(path.end());
                    if is_one_of(BEFORE_PATH, before) && is_one_of(AFTER_PATH, after) {
                        found(path.pattern().as_usize(), path.start());
                    }
                }
            }
        }
    }
}

/// Hashes by the longest run of letters and digits in each: all of a large tree is read for them,
/// so that a look at whole runs pays.
struct Hashes<'w> {
    /// The words that have a run, each with the run's offset in it.
    by_run: HashMap<&'w [u8], Vec<(usize, usize)>>,
    /// True for the first two bytes of such a run, as a number.
    begins: Vec<bool>,
    /// The length of the shortest of them, in bytes.
    shortest: usize,
}

impl<'w> Hashes<'w> {
    fn new(words: &[&'w str]) -> Hashes<'w> {
        let mut hashes = Hashes {
            by_run: HashMap::new(),
            begins: vec![false; 1 << 16],
            shortest: usize::MAX,
        };
        for (number, word) in words.iter().enumerate() {
            let longest = runs(word.as_bytes(), RUN_BYTES_MIN).max_by_key(|run| run.len());
            let Some(range) = longest else {
                continue;
            };
            let (start, run) = (range.start, &word.as_bytes()[range]);
            hashes.begins[begin(run)] = true;
            hashes.shortest = hashes.shortest.min(run.len());
            hashes.by_run.entry(run).or_default().push((number, start));
        }
        hashes
    }

    fn each(&self, content: &[u8], words: &[&str], mut found: impl FnMut(usize, usize)) {
        for range in runs(content, self.shortest) {
            let run = &content[range.clone()];
            if !self.begins[begin(run)] {
                continue;
            }
            for (number, offset) in self.by_run.get(run).into_iter().flatten() {
                let (at, word) = (range.start.checked_sub(*offset), words[*number].as_bytes());
                let is_there = |at: &usize| {
                    let is_in_word =
                        |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
                    content[*at..].starts_with(word)
                        && !is_in_word(at.checked_sub(1).map(|before| &content[before]))
                        && !is_in_word(content.get(at + word.len()))
                };
                if let Some(at) = at.filter(is_there) {
                    found(*number, at);
                }
            }
        }
    }
}

/// Shorter runs tell nothing.
const RUN_BYTES_MIN: usize = 2;

/// Returns the first two bytes of a run as a number.
fn begin(run: &[u8]) -> usize {
    usize::from(run[0]) << 8 | usize::from(run[1])
}

/// Returns where at least so many letters and digits are in a row. Looks at few of the bytes
/// between such places.
fn runs(text: &[u8], bytes_min: usize) -> impl Iterator<Item = Range<usize>> {
    let is_between = |byte: &u8| !byte.is_ascii_alphanumeric();
    let mut at: usize = 0;
    std::iter::from_fn(move || {
        loop {
            let window = text.get(at..at.checked_add(bytes_min)?)?;
            if let Some(odd) = window.iter().rposition(is_between) {
                at += odd + 1;
                continue;
            }
            let (start, rest) = (at, &text[at + bytes_min..]);
            at = text.len() - rest.len() + rest.iter().position(is_between).unwrap_or(rest.len());
            return Some(start..at);
        }
    })
}

fn both<'w>(mut one: Looked<'w>, other: Looked<'w>) -> Looked<'w> {
    for (word, (spot, n)) in other {
        let (first, all) = one.entry(word).or_insert((spot, 0));
        (*first, *all) = (spot.min(*first), *all + n);
    }
    one
}

/// Returns the spans of a file that are rewritten, and those that are told of already, since they
/// would be with the right prefix. Sorted. A URL beside the prefixes may be another site's, unless
/// it has a hash of this one.
fn settled_spans(links: &Links, form: Form) -> Vec<&Range<u32>> {
    let beside: &[Range<u32>] = match form {
        Form::Hash => &[],
        Form::Path => &links.misled.beside,
    };
    let rewritten = links.links.iter().map(|link| &link.span);
    let told = links.misled.below.iter().chain(beside);
    let mut spans: Vec<&Range<u32>> = rewritten.chain(told).collect();
    spans.sort_by_key(|span| span.start);
    spans
}

/// Says whether one of these spans has a place.
fn is_in(spans: &[&Range<u32>], at: usize) -> bool {
    let next = spans.partition_point(|span| span.end as usize <= at);
    let next = spans.get(next);
    next.is_some_and(|span| span.start as usize <= at)
}

#[cfg(test)]
mod tests;
