//! Hidden files that are open in another place: the same bytes, text or picture under a path that
//! may not know them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};

use rayon::prelude::*;

use super::inside::plain::{Head, Plain};
use super::limits::{leveled, may_name};
use super::pixels;
use super::read::{DOCUMENT_BYTES_MAX, Draft};
use crate::base::disk::files;
use crate::base::media;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::progress::Progress;
use crate::base::text::escape;
use crate::levels::{LevelId, quoted, words_of};
use crate::tree::{Asset, Tree};

/// Styles and fonts look the same on all pages, and icons of the site.
const OF_ALL_PAGES: [&str; 7] = ["css", "woff", "woff2", "ttf", "otf", "eot", "ico"];

/// A script or library that stands in several places is called the same there.
const SCRIPTS: [&str; 5] = ["js", "mjs", "cjs", "wasm", "map"];

const IMAGES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "avif"];

/// Words in the names of images that all pages have.
const FURNITURE: [&str; 10] = [
    "favicon", "icon", "icons", "logo", "sprite", "sprites", "spacer", "pixel", "blank", "touch",
];

/// A file that stands under one name in so many hidden places belongs to all of them: a header, a
/// placeholder.
const PLACES_MIN: usize = 3;

/// Largest size of a file that may be without meaning, in bytes.
const SMALL_MAX: u64 = 1024;

/// A file with fewer letters and digits says nothing.
const LETTERS_MIN: usize = 4;

/// The side of an image that shows nothing, in pixels.
const DOT_MAX: u32 = 2;

/// Problems of a tree, and files that couldn't be checked.
#[derive(Debug, Default)]
pub(super) struct Copies {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// Property that two files have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Same {
    Bytes,
    /// But for line ends, indentation and encoding.
    Text,
    Picture,
}

/// Finds files that have the same content, or show the same, as files that they must not know.
/// Content that all pages have, or that is nearly empty, doesn't count.
pub(super) fn check_copies(tree: &Tree, drafts: &[Draft], progress: &Progress) -> Copies {
    let mut copies = Copies::default();
    if tree.levels.is_empty() {
        return copies;
    }
    let search = Search { tree, drafts };
    for places in by_digest(drafts).values().filter(|places| places.len() > 1) {
        copies.problems.extend(search.among(places, Same::Bytes));
    }
    for places in texts_alike(tree, drafts, progress) {
        copies.problems.extend(search.among(&places, Same::Text));
    }
    let pictures = pixels::alike(tree, progress);
    for places in pictures.groups {
        copies.problems.extend(search.among(&places, Same::Picture));
    }
    copies.problems.sort();
    let left_out = pictures.left.iter().map(|place| left(&tree.assets[*place]));
    copies.warnings.extend(left_out);
    copies
}

fn by_digest(drafts: &[Draft]) -> HashMap<blake3::Hash, Vec<usize>> {
    let mut by_digest: HashMap<blake3::Hash, Vec<usize>> = HashMap::new();
    let drafts = drafts.iter().enumerate();
    for (place, draft) in drafts.filter(|(_, draft)| draft.size_bytes > 0) {
        by_digest.entry(draft.digest).or_default().push(place);
    }
    by_digest
}

/// Groups texts that are the same but for line ends, indentation and encoding, if a hidden one is
/// among them.
fn texts_alike(tree: &Tree, drafts: &[Draft], progress: &Progress) -> Vec<Vec<usize>> {
    let (hidden, open) = texts(tree, drafts);
    let read = |place: usize, is_wanted: &(dyn Fn(&Head) -> bool + Sync)| {
        // Errors in reading are reported elsewhere.
        let read = (!progress.is_stopped()).then(|| plain_text(&tree.assets[place], is_wanted));
        let (head, digest) = read?.ok()??;
        Some((place, head, digest))
    };
    let hidden: Vec<_> = hidden
        .into_par_iter()
        .filter_map(|place| read(place, &|_| true))
        .collect();
    let heads: HashSet<Head> = hidden.iter().map(|(_, head, _)| *head).collect();
    let open: Vec<_> = open
        .into_par_iter()
        .filter(|_| !heads.is_empty())
        .filter_map(|place| read(place, &|head| heads.contains(head)))
        .collect();
    let mut groups: HashMap<blake3::Hash, Vec<usize>> = HashMap::new();
    for (place, _, digest) in hidden.into_iter().chain(open) {
        groups.entry(digest).or_default().push(place);
    }
    let groups = groups.into_values();
    groups.filter(|places| places.len() > 1).collect()
}

/// Returns the texts that are small enough to be looked into: those that are hidden, and the open
/// ones.
fn texts(tree: &Tree, drafts: &[Draft]) -> (Vec<usize>, Vec<usize>) {
    let is_hidden = |place: &usize| tree.assets[*place].policy.level != LevelId::OPEN;
    let is_text = |place: &usize| {
        media::is_text(&tree.assets[*place].policy.headers.content_type)
            && drafts[*place].size_bytes < DOCUMENT_BYTES_MAX
    };
    let texts = (0..tree.assets.len()).filter(is_text);
    texts.partition(is_hidden)
}

/// Returns head and digest of a text's content; None if its head isn't wanted.
fn plain_text(
    asset: &Asset,
    is_wanted: &(dyn Fn(&Head) -> bool + Sync),
) -> io::Result<Option<(Head, blake3::Hash)>> {
    const START_BYTES: u64 = 4096;
    let mut file = files::open(&asset.file)?;
    let mut text = Vec::new();
    file.by_ref().take(START_BYTES).read_to_end(&mut text)?;
    let mut plain = Plain::new();
    plain.feed(&text, &is_wanted);
    if !plain.is_over() {
        text.clear();
        file.take(DOCUMENT_BYTES_MAX).read_to_end(&mut text)?;
        plain.feed(&text, &is_wanted);
    }
    Ok(plain.finish())
}

/// Returns the hidden files whose copies inside of others say something: not what all pages have,
/// or is open anyway.
pub(super) fn telling(tree: &Tree, drafts: &[Draft]) -> Vec<usize> {
    let mut telling = Vec::new();
    for places in by_digest(drafts).into_values() {
        let asset = |place: &usize| &tree.assets[*place];
        let is_open = |place: &usize| asset(place).policy.level == LevelId::OPEN;
        let first = asset(&places[0]);
        let name = |place: &usize| asset(place).path.file_name();
        let is_one_name = places.iter().all(|place| name(place) == name(&places[0]));
        let is_small = drafts[places[0]].size_bytes <= SMALL_MAX;
        if places.iter().any(is_open)
            || is_one_name && places.len() >= PLACES_MIN
            || has_extension(first, &OF_ALL_PAGES)
            || is_furniture(first)
            || is_small && says_nothing(first)
        {
            continue;
        }
        telling.extend(places);
    }
    telling.sort_unstable();
    telling
}

/// Says that an image wasn't compared.
fn left(asset: &Asset) -> Problem {
    let message = "has the dimensions of a hidden image, but there are too many images to compare \
                   their pixels. Check that it doesn't show the same";
    let cause = "have the dimensions of a hidden image, but there are too many images to compare \
                 their pixels (check that they don't show the same)";
    let problem = Problem::new(&asset.path, message);
    problem.kind(ProblemKind::Unread).cause(cause)
}

struct Search<'t> {
    tree: &'t Tree,
    drafts: &'t [Draft],
}

impl Search<'_> {
    /// Looks at files that have the same in common.
    fn among(&self, places: &[usize], same: Same) -> Vec<Problem> {
        let asset = |place: &usize| &self.tree.assets[*place];
        let is_hidden = |place: &usize| asset(place).policy.level != LevelId::OPEN;
        let hidden: Vec<usize> = places.iter().copied().filter(is_hidden).collect();
        if hidden.is_empty() || self.are_of_all_pages(places, hidden.len()) {
            return Vec::new();
        }
        let digest = |place: &usize| self.drafts[*place].digest;
        let copies = places.iter().filter_map(|place| {
            let mut known_not = hidden.iter().filter(|to| {
                // The same bytes are told of as such.
                let is_news = same == Same::Bytes || digest(to) != digest(place);
                is_news && !may_name(self.tree, asset(place), leveled(asset(to)))
            });
            Some((asset(place), asset(known_not.next()?)))
        });
        let copies: Vec<(&Asset, &Asset)> = copies.collect();
        let is_small = self.drafts[places[0]].size_bytes <= SMALL_MAX;
        if copies.is_empty() || same == Same::Bytes && is_small && says_nothing(asset(&places[0])) {
            return Vec::new();
        }
        let copies = copies.into_iter();
        copies
            .map(|(asset, to)| told(self.tree, asset, None, in_words(same), to))
            .collect()
    }

    /// Says whether files that have the same in common, so many of them hidden, are what every page
    /// has.
    fn are_of_all_pages(&self, places: &[usize], hidden: usize) -> bool {
        let mut assets = places.iter().map(|place| &self.tree.assets[*place]);
        let first = &self.tree.assets[places[0]];
        let name = first.path.file_name();
        let is_one_name = assets.clone().all(|asset| asset.path.file_name() == name);
        is_one_name && (hidden >= PLACES_MIN || is_of_all_pages_by_name(first))
            || assets.any(|asset| has_extension(asset, &OF_ALL_PAGES))
    }
}

/// Says in words what the whole of two files has in common.
fn in_words(same: Same) -> &'static str {
    match same {
        Same::Bytes => "has the same bytes as",
        Same::Text => "has the same text as",
        Same::Picture => "shows the same picture as",
    }
}

/// Returns the error that a file has a hidden one's bytes, text or picture.
pub(super) fn told(
    tree: &Tree,
    asset: &Asset,
    place: Option<(u32, u32)>,
    verb: &str,
    to: &Asset,
) -> Problem {
    let level = |asset: &Asset| tree.levels.in_words(asset.policy.level);
    let glob = |asset: &Asset| quoted(&globset::escape(asset.path.as_str()));
    let message = format!(
        "is {}, and {verb} `{}`, which is {}. If that's intended, add a `[[rule]]` with \
         `match = {}` and `may_name = [{}]`",
        level(asset),
        escape(to.path.as_str()),
        level(to),
        glob(asset),
        glob(to),
    );
    let problem = Problem::new(&asset.path, message).kind(ProblemKind::Copy);
    Problem { place, ..problem }
}

fn has_extension(asset: &Asset, extensions: &[&str]) -> bool {
    let extension = asset.path.extension();
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

fn is_of_all_pages_by_name(asset: &Asset) -> bool {
    has_extension(asset, &SCRIPTS) || is_furniture(asset)
}

fn is_furniture(asset: &Asset) -> bool {
    let has_word = || {
        let words = words_of(asset.path.stem());
        words.iter().any(|word| FURNITURE.contains(&word.as_str()))
    };
    has_extension(asset, &IMAGES) && has_word()
}

/// Says whether a small file is blank, a few signs, or an image of a dot. One that can't be read is
/// told of elsewhere.
fn says_nothing(asset: &Asset) -> bool {
    let mut content = Vec::new();
    let read =
        File::open(&asset.file).and_then(|file| file.take(SMALL_MAX).read_to_end(&mut content));
    if read.is_err() {
        return true;
    }
    let letters = String::from_utf8_lossy(&content);
    let letters = letters.chars().filter(|c| c.is_alphanumeric()).count();
    letters < LETTERS_MIN || side(&content).is_some_and(|side| side <= DOT_MAX)
}

/// Returns the longer side of an image, as its header has it.
fn side(content: &[u8]) -> Option<u32> {
    if content.starts_with(b"GIF8") {
        let side = |at: usize| {
            Some(u16::from_le_bytes(
                content.get(at..at + 2)?.try_into().ok()?,
            ))
        };
        return Some(u32::from(side(6)?.max(side(8)?)));
    }
    content.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    let side = |at: usize| {
        Some(u32::from_be_bytes(
            content.get(at..at + 4)?.try_into().ok()?,
        ))
    };
    Some(side(16)?.max(side(20)?))
}
