//! Hidden files that are open in another place: the same bytes under a path that may not know them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use super::limits::{leveled, may_name};
use super::pixels;
use super::read::Draft;
use crate::error::escape;
use crate::levels::{LevelId, quoted, words_of};
use crate::problem::{Problem, ProblemKind};
use crate::progress::Progress;
use crate::tree::{Asset, Tree};

/// Styles and fonts look the same on all pages, and icons of the site.
const OF_ALL_PAGES: [&str; 7] = ["css", "woff", "woff2", "ttf", "otf", "eot", "ico"];

/// A script or library that stands in several places is called the same there.
const SCRIPTS: [&str; 5] = ["js", "mjs", "cjs", "wasm", "map"];

const IMAGES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "avif"];

/// What images of all pages are called, by a word of their name.
const FURNITURE: [&str; 10] = [
    "favicon", "icon", "icons", "logo", "sprite", "sprites", "spacer", "pixel", "blank", "touch",
];

/// A file that stands under one name in so many hidden places belongs to all of them: a header, a placeholder.
const PLACES_MIN: usize = 3;

/// What may say nothing isn't larger, in bytes.
const SMALL_MAX: u64 = 1024;

/// A file with fewer letters and digits says nothing.
const LETTERS_MIN: usize = 4;

/// The side of an image that shows nothing, in pixels.
const DOT_MAX: u32 = 2;

/// What is wrong with a tree, and what couldn't be looked at.
#[derive(Debug, Default)]
pub(super) struct Copies {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// What two files have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Same {
    Bytes,
    Picture,
}

/// Finds files that have the bytes of others which they may not know, or show the same. What all pages have, or nearly nothing is
/// in, doesn't count.
pub(super) fn check_copies(tree: &Tree, drafts: &[Draft], progress: &Progress) -> Copies {
    let mut copies = Copies::default();
    if tree.levels.is_empty() {
        return copies;
    }
    let mut alike: HashMap<blake3::Hash, Vec<usize>> = HashMap::new();
    for (place, draft) in drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.size_bytes > 0)
    {
        alike.entry(draft.digest).or_default().push(place);
    }
    let search = Search { tree, drafts };
    for places in alike.into_values().filter(|places| places.len() > 1) {
        copies.problems.extend(search.among(&places, Same::Bytes));
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

/// Says that an image wasn't compared.
fn left(asset: &Asset) -> Problem {
    let why =
        "the size of a hidden image, and too many do to compare what they show: their bytes were";
    let problem = Problem::new(&asset.path, format!("has {why}"));
    problem
        .kind(ProblemKind::Unread)
        .cause(format!("have {why}"))
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
        let first = asset(&places[0]);
        let name = first.path.file_name();
        let is_one_name = places
            .iter()
            .all(|place| asset(place).path.file_name() == name);
        if hidden.is_empty()
            || is_one_name && hidden.len() >= PLACES_MIN
            || is_one_name && is_of_all_pages_by_name(first)
            || places
                .iter()
                .any(|place| has_extension(asset(place), &OF_ALL_PAGES))
        {
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
        if copies.is_empty() || same == Same::Bytes && is_small && says_nothing(first) {
            return Vec::new();
        }
        let copies = copies.into_iter();
        copies
            .map(|(asset, to)| told(self.tree, asset, to, same))
            .collect()
    }
}

fn told(tree: &Tree, asset: &Asset, to: &Asset, same: Same) -> Problem {
    let in_words = |asset: &Asset| tree.levels.in_words(asset.policy.level);
    let glob = |asset: &Asset| quoted(&globset::escape(asset.path.as_str()));
    let message = format!(
        "is {}, and {} `{}`, which is {}; a `[[rule]]` with `match = {}` and `may_name = [{}]` says that it's meant",
        in_words(asset),
        match same {
            Same::Bytes => "has the same bytes as",
            Same::Picture => "shows the same picture as",
        },
        escape(to.path.as_str()),
        in_words(to),
        glob(asset),
        glob(to),
    );
    Problem::new(&asset.path, message).kind(ProblemKind::Copy)
}

fn has_extension(asset: &Asset, extensions: &[&str]) -> bool {
    let extension = asset.path.extension();
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

fn is_of_all_pages_by_name(asset: &Asset) -> bool {
    let has_word = || {
        words_of(asset.path.stem())
            .iter()
            .any(|word| FURNITURE.contains(&word.as_str()))
    };
    has_extension(asset, &SCRIPTS) || has_extension(asset, &IMAGES) && has_word()
}

/// Says whether a small file is blank, a few signs, or an image of a dot. One that can't be read is told of elsewhere.
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
