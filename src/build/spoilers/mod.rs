//! Looks for the names of what must stay unknown in everything that is to be published: tokens, and paths as they would
//! be written in that place. Finds what no parser sees as a reference: strings, comments, data.

mod layers;
mod needles;
mod reading;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rayon::prelude::*;
use regex::bytes::Regex;

use self::needles::{Needle, Needles, picture};
use self::reading::{Bytes, Reading};
use super::Object;
use super::limits::{may_name, told_upwards};
use super::read::{Lines, same_length_utf8};
use crate::body;
use crate::encode::read_full;
use crate::error::plain;
use crate::media;
use crate::path::LogicalPath;
use crate::problem::{Problem, ProblemKind};
use crate::progress::Progress;
use crate::tree::Tree;

/// Bounds what is searched at a time, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// Bounds what is searched again with the next chunk, in bytes: the longest name, with up to sixteen bytes for each of its own.
const OVERLAP_BYTES: usize = 16 << 10;

/// So near to a window's end, in bytes, a name isn't believed: an escape may be cut there. The other window has it whole.
const EDGE_BYTES: usize = 64;

/// Shorter names in binary files may be there by chance: they need to stand by themselves.
const BINARY_NAME_BYTES_MIN: usize = 8;

/// Names that were found: mistakes, and what may be one.
#[derive(Debug, Default)]
pub(super) struct Spoilers {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// Returns all names in files that may not have them, but for those of `known`, which are told of already. Sorted pairs.
pub(super) fn find(
    tree: &Tree,
    objects: &[Object],
    known: &[(u32, u32)],
    progress: &Progress,
) -> Spoilers {
    let Some(needles) = Needles::new(objects) else {
        return Spoilers::default();
    };
    let search = Search {
        tree,
        objects,
        known,
        needles,
        literals: Regex::new(LITERALS).expect("a regular expression"),
    };
    let found: Vec<Spoilers> = (0..objects.len())
        .into_par_iter()
        .filter(|file| !progress.is_stopped() && search.has_limits(*file))
        .map(|file| search.told(file))
        .collect();
    let mut all = Spoilers::default();
    for file in found {
        all.problems.extend(file.problems);
        all.warnings.extend(file.warnings);
    }
    all
}

/// A literal, or an attribute's value: it may be the base of paths that stand elsewhere.
const LITERALS: &str = r#"(?-u)["'`=(]([^"'`()<>\s{}$\\]{1,200})["'`)\s>]"#;

struct Search<'a> {
    tree: &'a Tree,
    objects: &'a [Object],
    known: &'a [(u32, u32)],
    needles: Needles,
    literals: Regex,
}

/// Ways in which a name is meant, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// The file's own name.
    Named,
    /// That of its folder.
    AsFolder,
    /// That of the same picture in another size or format.
    AsPicture,
    /// A page's own name, without its ending.
    AsPage,
    /// Of a folder that has hidden files.
    AsFolderOfFiles,
    /// Its name without a folder.
    Bare,
}

/// The objects that a file names: how, and at which byte.
type Hits = BTreeMap<usize, (How, u64)>;

/// A file that is searched.
struct File<'a> {
    file: usize,
    is_binary: bool,
    bytes: Bytes,
    search: &'a Search<'a>,
    hits: Hits,
}

/// A part of a file, in memory.
struct Window<'a> {
    bytes: &'a [u8],
    /// Its first byte's place in the file.
    offset: u64,
    is_last: bool,
}

/// A place in which a pattern was found.
struct Place<'a> {
    text: &'a [u8],
    before: &'a [u8],
    after: &'a [u8],
    /// Folders above hidden files that the text names, once they are asked for.
    bases: &'a OnceCell<BTreeSet<String>>,
}

impl Search<'_> {
    /// Returns whether there's anything the file may not know.
    fn has_limits(&self, file: usize) -> bool {
        let own = self.objects[file].policy.level;
        let levels = &self.tree.levels;
        self.needles
            .levels
            .iter()
            .any(|level| !levels.may_know(own, *level))
    }

    fn told(&self, file: usize) -> Spoilers {
        let mut spoilers = Spoilers::default();
        match self.hits(file).and_then(|hits| self.in_words(file, hits)) {
            Ok(told) => {
                for (how, problem) in told {
                    match how {
                        How::Named | How::AsFolder | How::AsPicture => {
                            spoilers.problems.push(problem);
                        }
                        How::AsPage | How::AsFolderOfFiles | How::Bare => {
                            spoilers.warnings.push(problem);
                        }
                    }
                }
            }
            Err(e) => {
                let message = format!("can't be read: {}", plain(&e));
                let problem = Problem::new(&self.objects[file].path, message);
                spoilers.problems.push(problem);
            }
        }
        spoilers
    }

    fn in_words(&self, file: usize, hits: Hits) -> io::Result<Vec<(How, Problem)>> {
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let mut content = Vec::new();
        body::open(&self.objects[file])?.read_to_end(&mut content)?;
        let text = same_length_utf8(&content);
        let mut lines = Lines::new(&text);
        let mut hits: Vec<(usize, How, u64)> = hits
            .into_iter()
            .map(|(other, (how, at))| (other, how, at))
            .collect();
        hits.sort_by_key(|(_, _, at)| *at);
        let assets = &self.tree.assets;
        let problem = |(other, how, at): (usize, How, u64)| {
            let place = lines.place((at as usize).min(text.len()));
            let verb = match how {
                How::Named => "names",
                How::AsFolder => "names the folder of",
                How::AsPicture => "names another form of",
                How::AsPage => "names, without its ending,",
                How::AsFolderOfFiles => "names the folder of",
                How::Bare => "may name",
            };
            let told = told_upwards(self.tree, &assets[file], place, verb, &assets[other]);
            match how < How::AsPage {
                true => (how, told),
                false => (how, doubtful(told, how)),
            }
        };
        Ok(hits.into_iter().map(problem).collect())
    }

    /// Returns the first mention of each object.
    fn hits(&self, file: usize) -> io::Result<Hits> {
        let object = &self.objects[file];
        let mut content = body::open(object)?;
        let mut buffer = vec![0; CHUNK_BYTES + OVERLAP_BYTES];
        let mut carried = 0;
        let mut offset = 0;
        let is_binary = !media::is_text(&object.policy.headers.content_type);
        let mut searched = File {
            file,
            is_binary,
            bytes: bytes_of(&object.path, is_binary),
            search: self,
            hits: Hits::new(),
        };
        loop {
            let n = read_full(&mut content, &mut buffer[carried..])?;
            let window = Window {
                bytes: &buffer[..carried + n],
                offset,
                is_last: carried + n < buffer.len(),
            };
            searched.window(&window);
            if window.is_last {
                return Ok(searched.hits);
            }
            carried = OVERLAP_BYTES;
            offset += (buffer.len() - carried) as u64;
            buffer.copy_within(CHUNK_BYTES.., 0);
        }
    }

    fn may_be_there(&self, file: usize, other: usize) -> bool {
        may_name(self.tree, &self.tree.assets[file], &self.tree.assets[other])
            || self
                .known
                .binary_search(&(file as u32, other as u32))
                .is_ok()
    }

    /// Returns the hidden object that `tail` means from the file's folder, or one above.
    fn seen_from(&self, file: usize, tail: &str) -> Option<usize> {
        let mut folders = folders_up(self.objects[file].path.folder());
        folders.find_map(|folder| self.needles.at(&format!("{folder}{tail}")))
    }

    /// Returns whether `tail` means any file of the tree from there.
    fn is_file_seen_from(&self, file: usize, tail: &str) -> bool {
        let mut folders = folders_up(self.objects[file].path.folder());
        folders.any(|folder| self.is_file(&format!("{folder}{tail}")))
    }

    fn is_file(&self, path: &str) -> bool {
        let by_path = |object: &Object| object.path.as_str().cmp(path);
        self.objects.binary_search_by(by_path).is_ok()
    }

    /// Returns the folders above hidden files that are named by a literal.
    fn bases(&self, text: &[u8]) -> BTreeSet<String> {
        let mut bases = BTreeSet::new();
        for literal in self.literals.captures_iter(text) {
            let Ok(literal) = std::str::from_utf8(&literal[1]) else {
                continue;
            };
            let folder = format!("{}/", literal.trim_end_matches('/'));
            let starts = folder.match_indices('/').map(|(slash, _)| slash + 1);
            let starts = std::iter::once(0).chain(starts);
            let known = starts.map(|start| &folder[start..]);
            bases.extend(
                known
                    .filter(|base| self.needles.is_folder(base))
                    .map(str::to_string),
            );
        }
        bases
    }
}

impl File<'_> {
    fn window(&mut self, window: &Window<'_>) {
        let verbatim = Reading::verbatim(window.bytes);
        self.reading(window, &verbatim);
        let bytes = self.bytes;
        verbatim.each(bytes, &mut |reading| self.reading(window, reading));
    }

    fn reading(&mut self, window: &Window<'_>, reading: &Reading<'_>) {
        let needles = &self.search.needles;
        let bases = OnceCell::new();
        for part in reading.parts(needles.longest + EDGE_BYTES) {
            let text = &reading.bytes[part.clone()];
            for found in needles.automaton.find_overlapping_iter(text) {
                let (start, end) = (part.start + found.start(), part.start + found.end());
                if !window.has_whole(reading, start, end) {
                    continue;
                }
                let place = Place {
                    text: &reading.bytes,
                    before: &reading.bytes[..start],
                    after: &reading.bytes[end..],
                    bases: &bases,
                };
                for needle in needles.meanings(found.pattern().as_usize()) {
                    if let Some((other, how)) = self.means(needle, &place) {
                        let origin = reading.origin(start) as u64;
                        self.hit(other, how, window.offset + origin);
                    }
                }
            }
        }
    }

    fn hit(&mut self, other: usize, how: How, at: u64) {
        let is_surer = self.hits.get(&other).is_none_or(|(known, _)| how < *known);
        if is_surer && !self.search.may_be_there(self.file, other) {
            self.hits.insert(other, (how, at));
        }
    }

    /// Returns which object a name means in this file, if any.
    fn means(&self, needle: &Needle, place: &Place<'_>) -> Option<(usize, How)> {
        match needle {
            Needle::Key(other) => Some((*other, How::Named)),
            Needle::Path(tail) => Some((self.by_tail(tail, place)?, How::Named)),
            Needle::Folder(tail) => {
                let other = self.by_tail(tail, place)?;
                Some((other, self.of_folder(other)))
            }
            Needle::Slashless(tail) => {
                let other = self.by_address(tail, place)?;
                Some((other, self.of_folder(other)))
            }
            Needle::Page(tail) => Some((self.by_address(tail, place)?, How::AsPage)),
            Needle::Picture(tail) => {
                let form = self.other_form(tail, place.after)?;
                let stem_alone = Place {
                    after: b"",
                    ..*place
                };
                let other = self.by_tail(tail, &stem_alone)?;
                (!self.is_file(other, form)).then_some((other, How::AsPicture))
            }
            Needle::Bare(name) => self.bare(name, place),
        }
    }

    fn of_folder(&self, other: usize) -> How {
        match self.search.objects[other].path.file_name() {
            "index.html" => How::AsFolder,
            _ => How::AsFolderOfFiles,
        }
    }

    /// As [`File::by_tail`], if it stands where addresses do: without an ending, it may be any two words.
    fn by_address(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let ends = place.after.first().is_none_or(|byte| {
            matches!(byte, b'"' | b'\'' | b'`' | b'?' | b'#' | b')' | b'&' | b'<')
        });
        let begins = place
            .before
            .last()
            .is_none_or(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'/' | b'=' | b'('));
        match ends && begins {
            true => self.by_tail(tail, place),
            false => None,
        }
    }

    /// Returns the object that `tail` means in this place.
    fn by_tail(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let whole = || self.search.needles.at(tail);
        let relative = || {
            let seen = self.search.seen_from(self.file, tail);
            seen.or_else(|| self.by_base(tail, place))
        };
        // In binary files, anything may stand beside a name.
        if self.is_binary && tail.len() >= BINARY_NAME_BYTES_MIN {
            return whole().or_else(relative);
        }
        if place.after.first().copied().is_some_and(is_name) {
            return None;
        }
        match place.before.last() {
            // Behind another folder, only the whole path can be meant: the site's own prefix may stand there.
            Some(b'/') if !place.before.ends_with(b"./") => whole(),
            Some(b'/') | None => relative(),
            Some(byte) if is_name(*byte) || *byte == b'.' => None,
            Some(_) => relative(),
        }
    }

    /// Returns the object that `tail` means below a folder that the same text names, unless it's a file seen from here.
    fn by_base(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let bases = place.bases.get_or_init(|| self.search.bases(place.text));
        let mut meant = bases
            .iter()
            .filter_map(|base| self.search.seen_from(self.file, &format!("{base}{tail}")));
        let other = meant.next()?;
        (!self.search.is_file_seen_from(self.file, tail)).then_some(other)
    }

    fn bare(&self, name: &str, place: &Place<'_>) -> Option<(usize, How)> {
        let is_beside = |byte: &u8| is_name(*byte) || matches!(byte, b'.' | b'/' | b'%');
        if place.before.last().is_some_and(is_beside)
            || place.after.first().copied().is_some_and(is_name)
        {
            return None;
        }
        if let Some(other) = self.by_base(name, place) {
            return Some((other, How::Named));
        }
        let needles = &self.search.needles;
        let distinctive = needles.distinctive(&name.to_ascii_lowercase())?;
        Some((distinctive, How::Bare))
    }

    /// Returns what stands behind a picture's name without its ending, if that is another size or format: `-600w.webp`.
    fn other_form<'t>(&self, tail: &str, after: &'t [u8]) -> Option<&'t str> {
        const FORM_BYTES_MAX: usize = 48;
        let is_form = |byte: &&u8| is_name(**byte) || matches!(byte, b'.' | b'@');
        let len = after
            .iter()
            .take(FORM_BYTES_MAX)
            .take_while(is_form)
            .count();
        let form = std::str::from_utf8(&after[..len]).ok()?;
        let form = form.trim_end_matches('.');
        let form = match self.is_binary {
            true => needles::up_to_picture(form)?,
            false => form,
        };
        let (_, own) = picture(tail)?;
        let (between, extension) = picture(form)?;
        let is_own = between.is_empty() && extension.eq_ignore_ascii_case(own);
        (form.starts_with(['.', '-', '_', '@']) && !is_own).then_some(form)
    }

    /// Returns whether the tree has a file that is called like `other`, but for its ending.
    fn is_file(&self, other: usize, form: &str) -> bool {
        let objects = self.search.objects;
        let path = objects[other].path.as_str();
        let stem = picture(path).map_or(path, |(stem, _)| stem);
        self.search.is_file(&format!("{stem}{form}"))
    }
}

impl Window<'_> {
    /// Returns whether what is read there is surely not cut: else, another window has it whole.
    fn has_whole(&self, reading: &Reading<'_>, start: usize, end: usize) -> bool {
        let (start, end) = (reading.origin(start), reading.origin(end));
        (self.offset == 0 || start >= EDGE_BYTES)
            && (self.is_last || end + EDGE_BYTES <= self.bytes.len())
    }
}

/// Returns a folder and all above it, each with a slash at its end, down to the empty one.
fn folders_up(folder: &str) -> impl Iterator<Item = &str> {
    let above = folder.trim_end_matches('/').rmatch_indices('/');
    let above = above.map(|(slash, _)| &folder[..=slash]);
    let own = (!folder.is_empty()).then_some(folder);
    own.into_iter().chain(above).chain([""])
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn bytes_of(path: &LogicalPath, is_binary: bool) -> Bytes {
    match path.extension().as_deref() {
        Some("ics" | "ifb" | "vcf" | "vcard" | "eml" | "mht" | "mhtml") => Bytes::Folded,
        _ if is_binary => Bytes::Anything,
        _ => Bytes::Text,
    }
}

/// Returns a warning that is told together with its like.
fn doubtful(problem: Problem, how: How) -> Problem {
    let cause = match how {
        How::Bare => {
            "have the name of a file that isn't open, without its folder: take it out, or excuse the pair by a rule with `may_name`"
        }
        How::AsPage => {
            "have the address of a page that isn't open, without its ending: take it out, or excuse the pair by a rule with `may_name`"
        }
        _ => {
            "name a folder that has hidden files only: take it out, or excuse the pair by a rule with `may_name`"
        }
    };
    problem.kind(ProblemKind::Doubtful).cause(cause)
}
