//! Finds names in one file, and in what is packed in it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::{self, Read};

use super::Search;
use super::built;
use super::meaning::{How, Meaning, Place};
use super::reading::{Bytes, Reading, Utf16};
use crate::base::coding::Coding;
use crate::base::disk::files;
use crate::base::media;
use crate::base::path::LogicalPath;
use crate::base::text::Lines;
use crate::charset::Charset;
use crate::naming::Object;
use crate::naming::copies::Same;
use crate::naming::inside::{Copied, Scan, Whole};
use crate::naming::prepare;
use crate::naming::read::Constant;
use crate::naming::read::DOCUMENT_BYTES_MAX;
use crate::refs::UNKNOWN;
use crate::scan::packed::{self, Closed, Found, Limits, Packed};

/// Bounds what is searched at a time, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// Bounds what is searched again with the next chunk, in bytes: the longest name, with up to
/// sixteen bytes for each of its own.
const OVERLAP_BYTES: usize = 16 << 10;

/// The largest window, in bytes.
const WINDOW_BYTES: usize = CHUNK_BYTES + OVERLAP_BYTES;

/// So near to a window's end, in bytes, a name isn't believed: an escape may be cut there. The
/// other window has it whole.
const EDGE_BYTES: usize = 64;

/// Largest number of strings with an unknown part that are checked in one file.
const PATTERNS_MAX: usize = 200;

/// Place of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// At this byte of the file.
    At(u64),
    /// At this line and column: in a string that is put together there.
    Place(u32, u32),
    /// In the member of this path that is packed in the file; empty if it's the file's own text.
    Packed(String),
}

impl Spot {
    /// Returns its line and column, where these are the lines of a file of `end` bytes; none if
    /// it's inside of what is packed.
    pub(super) fn place(&self, lines: &mut Lines<'_>, end: usize) -> Option<(u32, u32)> {
        match self {
            Spot::At(at) => Some(lines.place((*at as usize).min(end))),
            Spot::Place(line, column) => Some((*line, *column)),
            Spot::Packed(_) => None,
        }
    }
}

/// Findings in a file.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The first mention of each hidden file, by its place among all.
    pub hits: BTreeMap<usize, (How, Spot)>,
    /// The first copy of each hidden file.
    pub copies: BTreeMap<usize, (Same, Spot)>,
    /// Content that couldn't be searched: the first member of each kind, and their number.
    pub closed: BTreeMap<Closed, (String, usize)>,
}

/// A file that is searched.
struct File<'a> {
    file: usize,
    is_binary: bool,
    bytes: Bytes,
    search: &'a Search<'a>,
    within: Within,
    outcome: Outcome,
    /// Buffer for reading; reused for packed content.
    buffer: Vec<u8>,
}

/// A part of a file, in memory.
struct Window<'a> {
    bytes: &'a [u8],
    /// Its first byte's place in the file.
    offset: u64,
    is_last: bool,
}

/// Content that is being searched.
enum Within {
    File,
    Member(String),
    /// Paths of members, one on each line.
    Names(Vec<u8>),
    /// Strings that scripts put together, one on each line: where each line begins, and where in
    /// the file the string is made.
    Constants(Vec<(usize, (u32, u32))>),
}

/// Returns what the object of this place names that it may not know.
pub(super) fn look(search: &Search<'_>, file: usize) -> io::Result<Outcome> {
    let object = &search.objects[file];
    let is_binary = !media::is_text(&object.policy.headers.content_type);
    let mut looked = File {
        file,
        is_binary,
        bytes: bytes_of(object.path.as_str(), is_binary),
        search,
        within: Within::File,
        outcome: Outcome::default(),
        buffer: Vec::new(),
    };
    let may_be_packed = looked.all(&mut in_utf8(object)?)? || object.headers().coding().is_some();
    if let Some(draft) = search.drafts.get(file) {
        looked.constants(&draft.constants)?;
    }
    if may_be_packed {
        looked.packed(&object.path)?;
    }
    Ok(looked.outcome)
}

/// Returns the charset of an object that isn't in UTF-8, and that isn't read otherwise here.
fn charset_of(object: &Object) -> Option<Charset> {
    let is_small = object.size_bytes <= DOCUMENT_BYTES_MAX;
    Charset::served(&object.headers().content_type)
        .filter(|charset| is_small && !charset.is_utf_16())
}

/// Returns what is published of an object, in UTF-8 if it's a text in another charset: names of
/// files are looked for in that.
pub(super) fn in_utf8(object: &Object) -> io::Result<Box<dyn Read + '_>> {
    match charset_of(object).filter(|_| object.headers().coding().is_none()) {
        Some(charset) => Ok(Box::new(io::Cursor::new(
            charset.in_utf8(&mut prepare::open(object)?)?,
        ))),
        None => prepare::open(object),
    }
}

impl<'a> File<'a> {
    /// Searches all of it. Returns whether something may be packed in it.
    fn all(&mut self, content: &mut dyn Read) -> io::Result<bool> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut offset = 0;
        let mut may_be_packed = self.is_binary;
        let mut scan = None;
        let read = loop {
            let carried = buffer.len();
            let room = (WINDOW_BYTES - carried) as u64;
            if let Err(error) = content.take(room).read_to_end(&mut buffer) {
                break Err(error);
            }
            let window = Window {
                bytes: &buffer,
                offset,
                is_last: buffer.len() < WINDOW_BYTES,
            };
            if offset == 0 {
                self.begin(window.bytes);
                may_be_packed |= media::is_compressed(window.bytes);
                scan = self.scan();
            }
            self.window(&window);
            if let Some(scan) = &mut scan {
                scan.feed(window.bytes, carried);
            }
            if window.is_last {
                break Ok(may_be_packed);
            }
            buffer.drain(..CHUNK_BYTES);
            offset += CHUNK_BYTES as u64;
        };
        self.buffer = buffer;
        // Of what is damaged, only a part was read.
        if let Some(scan) = scan.filter(|_| read.is_ok()) {
            scan.finish().into_iter().for_each(|copy| self.copied(copy));
        }
        read
    }

    /// Begins to look for copies of hidden files.
    fn scan(&self) -> Option<Scan<'a>> {
        let whole = match &self.within {
            Within::File => Whole::IsKnown,
            Within::Member(_) => Whole::Counts,
            Within::Names(_) | Within::Constants(_) => return None,
        };
        let search: &'a Search<'a> = self.search;
        let originals = search.originals.as_ref()?;
        Some(originals.scan(whole, !self.is_binary))
    }

    fn copied(&mut self, copy: Copied) {
        let is_whole = copy.at == Some(0)
            && copy.size_bytes == Some(self.search.objects[self.file].size_bytes);
        // The same bytes in two files are told of elsewhere.
        if is_whole && matches!(self.within, Within::File) {
            return;
        }
        let spot = match (&self.within, copy.at) {
            (Within::File, Some(at)) if !self.is_binary => Spot::At(at),
            (Within::Member(path), _) => Spot::Packed(path.clone()),
            _ => Spot::Packed(String::new()),
        };
        self.copy(copy.other, copy.same, spot);
    }

    fn copy(&mut self, other: usize, same: Same, spot: Spot) {
        if self.search.may_be_there(self.file, other) {
            return;
        }
        let known = self.outcome.copies.get(&other);
        // The path of a member tells more than that there's something.
        let is_news = known.is_none_or(|(known_same, known)| {
            let is_placed = *known == Spot::Packed(String::new()) && spot != *known;
            same < *known_same || same == *known_same && is_placed
        });
        if is_news {
            self.outcome.copies.insert(other, (same, spot));
        }
    }

    /// Tells from the first bytes how the others are read.
    fn begin(&mut self, start: &[u8]) {
        if let Within::Member(path) = &self.within {
            self.is_binary = is_binary(start);
            self.bytes = match path.rsplit_once('.') {
                Some((_, "xml")) if !self.is_binary => Bytes::Runs,
                _ => bytes_of(path, self.is_binary),
            };
        }
        self.bytes = match start {
            [0xff, 0xfe, ..] => Bytes::Utf16(Utf16::LittleEndian),
            [0xfe, 0xff, ..] => Bytes::Utf16(Utf16::BigEndian),
            _ => self.bytes,
        };
    }

    /// Searches what the file's scripts put together, as if it were written there.
    fn constants(&mut self, constants: &[Constant]) -> io::Result<()> {
        let mut written = Vec::new();
        let mut lines = Vec::new();
        let mut patterns = 0;
        for constant in constants {
            if let Some((before, after)) = constant.text.split_once(UNKNOWN) {
                patterns += 1;
                if patterns <= PATTERNS_MAX {
                    self.built(before, after, constant.place);
                }
                continue;
            }
            lines.push((written.len(), constant.place));
            written.push(b'"');
            written.extend_from_slice(constant.text.as_bytes());
            written.extend_from_slice(b"\"\n");
        }
        if written.is_empty() {
            return Ok(());
        }
        self.within = Within::Constants(lines);
        self.all(&mut written.as_slice()).map(|_| ())
    }

    /// Notes the hidden file that a string with an unknown part between these can only mean.
    fn built(&mut self, before: &str, after: &str, (line, column): (u32, u32)) {
        if let Some(other) = built::only_hidden(self.search, self.file, before, after) {
            self.hit_at(other, How::Built, Spot::Place(line, column));
        }
    }

    /// Searches what is packed in the file.
    fn packed(&mut self, path: &LogicalPath) -> io::Result<()> {
        let object = &self.search.objects[self.file];
        let limits = Limits::default();
        let name = match object.headers().coding() {
            // Of these alone, the bytes don't tell.
            Some(Coding::Br) => format!("{}.br", path.file_name()),
            _ => path.file_name().to_string(),
        };
        let mut names = Vec::new();
        let look = &mut |packed: Packed<'_>| self.member(packed, &mut names);
        if object.edits.is_some() {
            // Pictures, whose metadata is taken out.
            let bytes_max = limits.memory_bytes_max as u64;
            let bytes = files::read_from(prepare::open(object)?, object.size_bytes, bytes_max)?;
            packed::walk_bytes(&name, &bytes, &limits, look)?;
        } else {
            let file = files::open(&object.file)?;
            packed::walk_file(&name, file, &limits, look)?;
        }
        self.names(names)
    }

    fn member(&mut self, packed: Packed<'_>, names: &mut Vec<u8>) -> io::Result<()> {
        match packed.found {
            Found::Name => self.name_of_member(packed.path, names),
            Found::Content(content) => self.content_of_member(packed.path, content),
            Found::Digest(digest) => {
                let originals = self.search.originals.as_ref();
                if let Some(other) = originals.and_then(|all| all.by_digest(&digest)) {
                    self.copy(other, Same::Bytes, Spot::Packed(packed.path.to_string()));
                }
                Ok(())
            }
            Found::Closed(why) => {
                let first = || (packed.path.to_string(), 0);
                self.outcome.closed.entry(why).or_insert_with(first).1 += 1;
                Ok(())
            }
        }
    }

    /// Looks at the path of a member, and keeps it in `names` until there are enough to be
    /// searched.
    fn name_of_member(&mut self, path: &str, names: &mut Vec<u8>) -> io::Result<()> {
        if let Some((other, how)) = self.search.by_end(path) {
            self.hit_at(other, how, Spot::Packed(path.to_string()));
        }
        names.extend_from_slice(path.as_bytes());
        names.push(b'\n');
        if names.len() < CHUNK_BYTES {
            Ok(())
        } else {
            self.names(std::mem::take(names))
        }
    }

    fn content_of_member(&mut self, path: &str, content: &mut dyn Read) -> io::Result<()> {
        self.within = Within::Member(path.to_string());
        // The unpacked content has the charset that the file is served with.
        match charset_of(&self.search.objects[self.file]) {
            Some(charset) if path.is_empty() => self.all(&mut charset.in_utf8(content)?.as_slice()),
            _ => self.all(content),
        }
        .map(|_| ())
    }

    fn names(&mut self, names: Vec<u8>) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        self.within = Within::Names(names.clone());
        self.is_binary = false;
        self.bytes = Bytes::Text;
        self.all(&mut names.as_slice()).map(|_| ())
    }

    fn spot(&self, at: u64) -> Spot {
        match &self.within {
            Within::File => Spot::At(at),
            Within::Member(path) => Spot::Packed(path.clone()),
            Within::Constants(lines) => {
                let after = lines.partition_point(|(start, _)| *start as u64 <= at);
                let (line, column) = lines[after.saturating_sub(1)].1;
                Spot::Place(line, column)
            }
            Within::Names(names) => {
                let at = names.len().min(usize::try_from(at).unwrap_or(usize::MAX));
                let start = memchr::memrchr(b'\n', &names[..at]).map_or(0, |line| line + 1);
                let line = names[start..].split(|byte| *byte == b'\n').next();
                Spot::Packed(String::from_utf8_lossy(line.unwrap_or(&[])).into_owned())
            }
        }
    }

    fn window(&mut self, window: &Window<'_>) {
        if !self.is_binary {
            self.in_parts(window);
        }
        let verbatim = Reading::verbatim(window.bytes);
        self.reading(window, &verbatim);
        let bytes = self.bytes;
        verbatim.each(bytes, &mut |reading| self.reading(window, reading));
    }

    /// Searches for paths that are written in parts.
    fn in_parts(&mut self, window: &Window<'_>) {
        let needles = &self.search.needles;
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut look = |path: &str, at: usize| {
            let other = needles.at(path).or_else(|| needles.at(&format!("{path}/")));
            // Of a list, as much as is a path.
            let is_longer = found.last().is_some_and(|(_, last)| *last == at);
            if let Some(other) = other {
                found.truncate(found.len() - usize::from(is_longer));
                found.push((other, at));
            }
        };
        let is_data = matches!(window.bytes.trim_ascii_start(), [b'{' | b'[', ..]);
        needles.firsts.each(window.bytes, is_data, &mut look);
        if matches!(self.extension().as_deref(), Some("yaml" | "yml")) {
            needles.firsts.each_in_yaml(window.bytes, &mut look);
        }
        for (other, at) in found {
            self.hit(other, How::Named, window.offset + at as u64);
        }
    }

    fn extension(&self) -> Option<String> {
        match &self.within {
            Within::Member(path) => Some(path.rsplit_once('.')?.1.to_ascii_lowercase()),
            _ => self.search.objects[self.file].path.extension(),
        }
    }

    fn reading(&mut self, window: &Window<'_>, reading: &Reading<'_>) {
        let needles = &self.search.needles;
        let meaning = Meaning {
            search: self.search,
            file: self.file,
            is_binary: self.is_binary,
        };
        let bases = OnceCell::new();
        for part in reading.parts(needles.longest + EDGE_BYTES) {
            let text = &reading.bytes[part.clone()];
            needles.matcher.each(text, |pattern, at| {
                let (start, end) = (part.start + at.start, part.start + at.end);
                if !window.has_whole(reading, start, end) {
                    return;
                }
                let place = Place {
                    text: &reading.bytes,
                    before: &reading.bytes[..start],
                    after: &reading.bytes[end..],
                    bases: &bases,
                };
                for needle in needles.meanings(pattern) {
                    if let Some((other, how)) = meaning.of(needle, &place) {
                        let origin = reading.origin(start) as u64;
                        self.hit(other, how, window.offset + origin);
                    }
                }
            });
        }
    }

    fn hit(&mut self, other: usize, how: How, at: u64) {
        let spot = self.spot(at);
        self.hit_at(other, how, spot);
    }

    fn hit_at(&mut self, other: usize, how: How, spot: Spot) {
        let is_surer = match self.outcome.hits.get(&other) {
            None => true,
            // The path of a member tells more than that there's something.
            Some((known, Spot::Packed(path))) if *known == how => {
                path.is_empty() && spot != Spot::Packed(String::new())
            }
            Some((known, _)) => how < *known,
        };
        if is_surer && !self.search.may_be_there(self.file, other) {
            self.outcome.hits.insert(other, (how, spot));
        }
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

fn bytes_of(path: &str, is_binary: bool) -> Bytes {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("ics" | "ifb" | "vcf" | "vcard" | "eml" | "mht" | "mhtml") => Bytes::Folded,
        Some("atom" | "htm" | "html" | "rss" | "svg" | "xhtml" | "xml") if !is_binary => {
            Bytes::Markup
        }
        Some("cjs" | "js" | "json" | "jsx" | "map" | "mjs" | "ts" | "tsx") if !is_binary => {
            Bytes::Script
        }
        _ if is_binary => Bytes::Anything,
        _ => Bytes::Text,
    }
}

/// Returns whether bytes of no known type are no text.
fn is_binary(start: &[u8]) -> bool {
    const LOOKED_AT_BYTES: usize = 4096;
    let start = &start[..start.len().min(LOOKED_AT_BYTES)];
    start
        .iter()
        .any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
}
