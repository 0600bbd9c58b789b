//! Looks for the names of what must stay unknown in everything that is to be published: tokens, and paths as they would
//! be written in that place. Finds what no parser sees as a reference: strings, comments, data.

use std::collections::{BTreeSet, HashMap};
use std::io;

use aho_corasick::{AhoCorasick, MatchKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rayon::prelude::*;

use super::Object;
use super::limits::{may_name, told_upwards};
use super::read::{Lines, same_length_utf8};
use crate::body;
use crate::encode::read_full;
use crate::error::plain;
use crate::levels::LevelId;
use crate::path::{KEY_BYTES_MAX, url_path};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::tree::Tree;

/// What is searched at a time, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// What is searched again with the next chunk, in bytes: the longest name, percent-encoded, and a byte on each side.
const OVERLAP_BYTES: usize = 3 * KEY_BYTES_MAX + 2;

/// All names in files that may not have them, but for those of `known`, which are told of already. Sorted pairs.
pub(super) fn find(
    tree: &Tree,
    objects: &[Object],
    known: &[(u32, u32)],
    progress: &Progress,
) -> Vec<Problem> {
    let Some(needles) = Needles::new(objects) else {
        return Vec::new();
    };
    let search = Search {
        tree,
        objects,
        known,
        needles,
    };
    (0..objects.len())
        .into_par_iter()
        .filter(|file| !progress.is_stopped() && search.has_limits(*file))
        .flat_map_iter(|file| match search.file(file) {
            Ok(problems) => problems,
            Err(e) => vec![Problem::new(
                &objects[file].path,
                format!("can't be read: {}", plain(&e)),
            )],
        })
        .collect()
}

/// What is looked for.
struct Needles {
    automaton: AhoCorasick,
    /// What each pattern stands for.
    meanings: Vec<Needle>,
    /// The files that aren't open, by path.
    by_path: HashMap<String, usize>,
    /// Their levels.
    levels: BTreeSet<LevelId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Needle {
    /// The key of this object, or the part that nobody can guess.
    Key(usize),
    /// All of a path, or what it's called from one of the folders above it.
    Path(String),
}

impl Needles {
    fn new(objects: &[Object]) -> Option<Needles> {
        let hidden = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| object.policy.level != LevelId::OPEN);
        let mut patterns: HashMap<String, Needle> = HashMap::new();
        let mut by_path = HashMap::new();
        let mut levels = BTreeSet::new();
        for (file, object) in hidden {
            by_path.insert(object.path.to_string(), file);
            levels.insert(object.policy.level);
            let key = match object.is_mutable() {
                true => object.key.to_string(),
                false => object.token.to_string(),
            };
            for tail in tails(object.path.as_str()) {
                for spelling in spellings(tail) {
                    patterns.insert(spelling, Needle::Path(tail.to_string()));
                }
            }
            if key != object.path.as_str() {
                patterns.extend(spellings(&key).map(|key| (key, Needle::Key(file))));
            }
        }
        if patterns.is_empty() {
            return None;
        }
        let (patterns, meanings): (Vec<String>, Vec<Needle>) = patterns.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(&patterns)
            .expect("names are few and short enough");
        Some(Needles {
            automaton,
            meanings,
            by_path,
            levels,
        })
    }
}

/// A path, and what is left of it from each folder down, as long as that says more than a file's name.
fn tails(path: &str) -> impl Iterator<Item = &str> {
    let starts = path.match_indices('/').map(|(slash, _)| slash + 1);
    let shorter = starts
        .map(|start| &path[start..])
        .filter(|tail| tail.contains('/'));
    [path].into_iter().chain(shorter)
}

/// A path as it is, and as browsers, `encodeURI`, `encodeURIComponent` and assetsync encode it; each also with slashes as
/// some JSON has them.
fn spellings(path: &str) -> impl Iterator<Item = String> {
    const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'!')
        .remove(b'~')
        .remove(b'*')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')');
    const URI: &AsciiSet = &COMPONENT
        .remove(b';')
        .remove(b',')
        .remove(b':')
        .remove(b'@')
        .remove(b'&')
        .remove(b'=')
        .remove(b'+')
        .remove(b'$');
    const BROWSER: &AsciiSet = &URI
        .remove(b'[')
        .remove(b']')
        .remove(b'|')
        .remove(b'^')
        .remove(b'%');
    let encoded = [COMPONENT, URI, BROWSER].map(|set| utf8_percent_encode(path, set).to_string());
    let all: BTreeSet<String> = [path.to_string(), url_path(path)]
        .into_iter()
        .chain(encoded)
        .collect();
    all.into_iter().flat_map(|spelling| {
        let in_json = spelling.replace('/', "\\/");
        [spelling, in_json]
    })
}

struct Search<'a> {
    tree: &'a Tree,
    objects: &'a [Object],
    known: &'a [(u32, u32)],
    needles: Needles,
}

/// A name in a file: of which object, and at which byte.
type Hit = (usize, u64);

impl Search<'_> {
    /// Whether there's anything the file may not know.
    fn has_limits(&self, file: usize) -> bool {
        let own = self.objects[file].policy.level;
        let levels = &self.tree.levels;
        self.needles
            .levels
            .iter()
            .any(|level| !levels.may_know(own, *level))
    }

    fn file(&self, file: usize) -> io::Result<Vec<Problem>> {
        let hits = self.hits(file)?;
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let mut content = Vec::new();
        body::open(&self.objects[file])?.read_to_end(&mut content)?;
        let text = same_length_utf8(&content);
        let mut lines = Lines::new(&text);
        let problem = |(other, at): Hit| {
            let assets = &self.tree.assets;
            let place = lines.place(at as usize);
            told_upwards(self.tree, &assets[file], place, "names", &assets[other])
        };
        Ok(hits.into_iter().map(problem).collect())
    }

    /// The first mention of each object.
    fn hits(&self, file: usize) -> io::Result<Vec<Hit>> {
        let mut content = body::open(&self.objects[file])?;
        let mut buffer = vec![0; CHUNK_BYTES + OVERLAP_BYTES];
        let mut carried = 0;
        let mut offset = 0;
        let mut seen = BTreeSet::new();
        let mut hits = Vec::new();
        loop {
            let n = read_full(&mut content, &mut buffer[carried..])?;
            let window = &buffer[..carried + n];
            let is_last = window.len() < CHUNK_BYTES + OVERLAP_BYTES;
            for found in self.needles.automaton.find_overlapping_iter(window) {
                // At an edge, what stands beside a name isn't in sight: the other window has it whole.
                let is_at_edge =
                    (found.start() == 0 && offset > 0) || (found.end() == window.len() && !is_last);
                if is_at_edge {
                    continue;
                }
                let meaning = &self.needles.meanings[found.pattern().as_usize()];
                let Some(other) = self.means(file, meaning, window, found.range()) else {
                    continue;
                };
                if seen.insert(other) && !self.may_be_there(file, other) {
                    hits.push((other, offset + found.start() as u64));
                }
            }
            if carried + n < buffer.len() {
                return Ok(hits);
            }
            carried = OVERLAP_BYTES;
            offset += (buffer.len() - carried) as u64;
            buffer.copy_within(CHUNK_BYTES.., 0);
        }
    }

    /// Which object a name means in this file, if any.
    fn means(
        &self,
        file: usize,
        needle: &Needle,
        text: &[u8],
        at: std::ops::Range<usize>,
    ) -> Option<usize> {
        let tail = match needle {
            Needle::Key(other) => return Some(*other),
            Needle::Path(tail) => tail,
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if text.get(at.end).copied().is_some_and(is_name) {
            return None;
        }
        let before = &text[..at.start];
        let is_free = match before.last() {
            Some(b'/') => before.ends_with(b"./") || before.ends_with(br".\/"),
            Some(byte) => !is_name(*byte) && *byte != b'.',
            None => true,
        };
        // Behind another folder, only the whole path can be meant: the site's own prefix may stand there.
        if before.last() == Some(&b'/') && !is_free {
            return self.needles.by_path.get(tail).copied();
        }
        if !is_free {
            return None;
        }
        let folder = self.objects[file].path.folder();
        let above = [folder.len()]
            .into_iter()
            .chain(folder.rmatch_indices('/').map(|(slash, _)| slash + 1));
        let folders = above.map(|end| &folder[..end]).chain([""]);
        folders.into_iter().find_map(|folder| {
            self.needles
                .by_path
                .get(&format!("{folder}{tail}"))
                .copied()
        })
    }

    fn may_be_there(&self, file: usize, other: usize) -> bool {
        may_name(self.tree, &self.tree.assets[file], &self.tree.assets[other])
            || self
                .known
                .binary_search(&(file as u32, other as u32))
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_called_by_what_is_left_of_it_from_each_folder() {
        let all: Vec<&str> = tails("puzzle/x/solution/a.png").collect();
        assert_eq!(
            all,
            [
                "puzzle/x/solution/a.png",
                "x/solution/a.png",
                "solution/a.png"
            ]
        );
        assert_eq!(tails("a.png").collect::<Vec<_>>(), ["a.png"]);
    }
}
