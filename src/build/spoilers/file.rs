//! Finds names in one file, and in what is packed in it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use super::Search;
use super::needles::{self, Needle, picture};
use super::reading::{Bytes, Reading, Utf16};
use crate::body;
use crate::build::read::Constant;
use crate::encode::read_full;
use crate::files;
use crate::media;
use crate::packed::{self, Closed, Found, Limits, Packed};
use crate::path::LogicalPath;

/// Bounds what is searched at a time, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// Bounds what is searched again with the next chunk, in bytes: the longest name, with up to sixteen bytes for each of its own.
const OVERLAP_BYTES: usize = 16 << 10;

/// So near to a window's end, in bytes, a name isn't believed: an escape may be cut there. The other window has it whole.
const EDGE_BYTES: usize = 64;

/// Shorter names in binary files may be there by chance: they need to stand by themselves.
const BINARY_NAME_BYTES_MIN: usize = 8;

/// Ways in which a name is meant, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// The file's own name.
    Named,
    /// That of its folder.
    AsFolder,
    /// That of the same picture in another size or format.
    AsPicture,
    /// The own name of a page or script, without its ending.
    Endless,
    /// Of a folder that has hidden files.
    AsFolderOfFiles,
    /// Its name without a folder.
    Bare,
}

/// Where a name stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// At this byte of the file.
    At(u64),
    /// At this line and column: in a string that is put together there.
    Place(u32, u32),
    /// In the member of this path that is packed in the file; empty if it's the file's own text.
    Packed(String),
}

/// What is found in a file.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The first mention of each hidden file, by its place among all.
    pub hits: BTreeMap<usize, (How, Spot)>,
    /// What couldn't be looked into: the first member of each kind, and how many there are.
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
    /// What is read at a time; kept for what is packed.
    buffer: Vec<u8>,
}

/// A part of a file, in memory.
struct Window<'a> {
    bytes: &'a [u8],
    /// Its first byte's place in the file.
    offset: u64,
    is_last: bool,
}

/// What is being searched.
enum Within {
    File,
    Member(String),
    /// Paths of members, one on each line.
    Names(Vec<u8>),
    /// Strings that scripts put together, one on each line: where each line begins, and where in the file the string is made.
    Constants(Vec<(usize, (u32, u32))>),
}

/// A place in which a pattern was found.
struct Place<'a> {
    text: &'a [u8],
    before: &'a [u8],
    after: &'a [u8],
    /// Folders above hidden files that the text names, once they are asked for.
    bases: &'a OnceCell<BTreeSet<String>>,
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
        buffer: vec![0; CHUNK_BYTES + OVERLAP_BYTES],
    };
    let may_be_packed = looked.all(&mut body::open(object)?)?;
    if let Some(draft) = search.drafts.get(file) {
        looked.constants(&draft.constants)?;
    }
    if may_be_packed {
        looked.packed(&object.path)?;
    }
    Ok(looked.outcome)
}

/// Tells whether a path goes on with what follows: letters, another folder, or an ending.
fn goes_on(after: &[u8]) -> bool {
    match after {
        [] => false,
        [b'/' | b'%', ..] => true,
        [b'.', next, ..] => is_name(*next),
        [byte, ..] => is_name(*byte),
    }
}

impl File<'_> {
    /// Searches all of it. Returns whether something may be packed in it.
    fn all(&mut self, content: &mut dyn Read) -> io::Result<bool> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut carried = 0;
        let mut offset = 0;
        let mut may_be_packed = self.is_binary;
        let read = loop {
            let n = match read_full(&mut &mut *content, &mut buffer[carried..]) {
                Ok(n) => n,
                Err(error) => break Err(error),
            };
            let window = Window {
                bytes: &buffer[..carried + n],
                offset,
                is_last: carried + n < buffer.len(),
            };
            if offset == 0 {
                self.begin(window.bytes);
                may_be_packed |= media::is_compressed(window.bytes);
            }
            self.window(&window);
            if window.is_last {
                break Ok(may_be_packed);
            }
            carried = OVERLAP_BYTES;
            offset += (buffer.len() - carried) as u64;
            buffer.copy_within(CHUNK_BYTES.., 0);
        };
        self.buffer = buffer;
        read
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
        for constant in constants {
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

    /// Searches what is packed in the file.
    fn packed(&mut self, path: &LogicalPath) -> io::Result<()> {
        let object = &self.search.objects[self.file];
        let limits = Limits::default();
        let mut names = Vec::new();
        let look = &mut |packed: Packed<'_>| self.member(packed, &mut names);
        if object.edits.is_some() {
            // Pictures, whose metadata is taken out.
            let bytes_max = limits.memory_bytes_max as u64;
            let bytes = files::read_from(body::open(object)?, object.size_bytes, bytes_max)?;
            packed::walk_bytes(path.file_name(), &bytes, &limits, look)?;
        } else {
            let file = files::open(&object.file)?;
            packed::walk_file(path.file_name(), file, &limits, look)?;
        }
        self.names(names)
    }

    fn member(&mut self, packed: Packed<'_>, names: &mut Vec<u8>) -> io::Result<()> {
        match packed.found {
            Found::Name => {
                names.extend_from_slice(packed.path.as_bytes());
                names.push(b'\n');
                match names.len() < CHUNK_BYTES {
                    true => Ok(()),
                    false => self.names(std::mem::take(names)),
                }
            }
            Found::Content(content) => {
                self.within = Within::Member(packed.path.to_string());
                self.all(content).map(|_| ())
            }
            Found::Closed(why) => {
                let first = || (packed.path.to_string(), 0);
                self.outcome.closed.entry(why).or_insert_with(first).1 += 1;
                Ok(())
            }
        }
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
        let spot = self.spot(at);
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
            Needle::Endless(tail) => Some((self.by_address(tail, place)?, How::Endless)),
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
        match self.search.other(other).0.file_name() {
            "index.html" => How::AsFolder,
            _ => How::AsFolderOfFiles,
        }
    }

    /// As [`File::by_tail`], if it stands where addresses do: without an ending, it may be any two words. Behind a slash, it's an
    /// address whatever follows: a blank, a comma, the end of a line.
    fn by_address(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let is_behind_slash = place.before.last() == Some(&b'/');
        if is_behind_slash && !goes_on(place.after) {
            return self.by_tail(tail, place);
        }
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
        // `index.html` alone isn't that of a folder above.
        let is_alone = !tail.contains('/') && !place.before.ends_with(b"../");
        let relative = || {
            let seen = match is_alone {
                true => self.search.beside(self.file, tail),
                false => self.search.seen_from(self.file, tail),
            };
            seen.or_else(|| self.by_base(tail, place))
        };
        // In binary files, anything may stand beside a name.
        if self.is_binary && tail.len() >= BINARY_NAME_BYTES_MIN {
            return match is_alone {
                true => relative(),
                false => whole().or_else(relative),
            };
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
        let path = self.search.other(other).0.as_str();
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

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn bytes_of(path: &str, is_binary: bool) -> Bytes {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("ics" | "ifb" | "vcf" | "vcard" | "eml" | "mht" | "mhtml") => Bytes::Folded,
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
