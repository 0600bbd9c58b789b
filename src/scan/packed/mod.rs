//! Search in packed files, and in the compressed parts of pictures, fonts and documents. Supports
//! zip and formats based on it (docx, xlsx, odt, epub, jar, cbz), tar, gzip, Brotli, Zstandard,
//! PDF, PNG, GIF, WOFF, WOFF2, ID3, AVIF, HEIC and JPEG XL. A format is recognized by its bytes,
//! never by its name, except for Brotli, which has no mark.
//!
//! Time and memory are bounded for every file: by the nesting depth, the number of members, and the
//! total unpacked size. Only parts that are compressed or cut into pieces are given to the caller,
//! which already has the others.

mod archive;
mod fonts;
mod kind;
mod pdf;
mod pictures;
mod streams;

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::rc::Rc;

use rawzip::{FileReader, RangeReader, ReaderAt};

use self::kind::Kind;
use self::streams::{Hashed, Metered, TooMuch};
use crate::base::coding::Coding;
use crate::base::encode::read_full;

/// Bounds for one file and everything in it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// So often, a packed file may be packed again: a `.tar.gz` is packed twice.
    pub depth_max: usize,
    /// Maximum number of members that are read.
    pub members_max: u64,
    /// Number of bytes that may be unpacked from a file of any size.
    pub unpacked_bytes_min: u64,
    /// Number of further bytes that may be unpacked for each byte of the file.
    pub ratio_max: u64,
    /// The largest file that is read into memory, where its format can't be read from its start to
    /// its end. In bytes.
    pub memory_bytes_max: usize,
}

impl Limits {
    /// Returns how much may be unpacked from a file of this size.
    fn unpacked_bytes(&self, size_bytes: u64) -> u64 {
        let share = size_bytes.saturating_mul(self.ratio_max);
        share.saturating_add(self.unpacked_bytes_min)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth_max: 6,
            members_max: 100_000,
            unpacked_bytes_min: 64 << 20,
            ratio_max: 32,
            memory_bytes_max: 64 << 20,
        }
    }
}

/// Something that is packed in a file.
pub struct Packed<'a> {
    /// Path in the file: the names of members, each in the one before, with slashes between; empty
    /// if it's a part of the file itself, such as a compressed text in a picture.
    pub path: &'a str,
    /// Result for this path.
    pub found: Found<'a>,
}

/// Result of unpacking something.
pub enum Found<'a> {
    /// A member of an archive has this path; its content follows, if it has any that can be read.
    Name,
    /// The unpacked content, which needn't be read to its end.
    Content(&'a mut dyn Read),
    /// The digest of a content that isn't given, since what is packed in it is.
    Digest(blake3::Hash),
    /// It can't be looked into, or not to its end.
    Closed(Closed),
}

/// Reasons why something can't be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closed {
    /// It needs a password.
    Encrypted,
    /// Its format isn't read.
    Format,
    /// More comes out of it than the limits allow, or it doesn't fit into memory.
    TooLarge,
    /// It's packed more often than the limits allow.
    TooDeep,
    /// It has more members than the limits allow.
    TooMany,
    /// It doesn't make sense from some place on.
    Damaged,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Closed::Encrypted => "is encrypted",
            Closed::Format => "is packed in an unsupported format",
            Closed::TooLarge => "is too large",
            Closed::TooDeep => "is nested too deeply",
            Closed::TooMany => "has too many members",
            Closed::Damaged => "is damaged",
        })
    }
}

/// Takes what is found. An error that reading a content gave is handed back, and told as
/// [`Found::Closed`].
pub type Look<'a> = dyn FnMut(Packed<'_>) -> io::Result<()> + 'a;

/// Gives `look` everything that is packed in a file of this name.
///
/// # Errors
/// The file itself can't be read.
pub fn walk_file(name: &str, file: File, limits: &Limits, look: &mut Look<'_>) -> io::Result<()> {
    let size_bytes = file.metadata()?.len();
    walk(name, &FileReader::from(file), size_bytes, limits, look)
}

/// As [`walk_file`], in memory.
///
/// # Errors
/// None, since memory can be read.
pub fn walk_bytes(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
    look: &mut Look<'_>,
) -> io::Result<()> {
    walk(name, bytes, bytes.len() as u64, limits, look)
}

fn walk<R: ReaderAt + ?Sized>(
    name: &str,
    source: &R,
    size_bytes: u64,
    limits: &Limits,
    look: &mut Look<'_>,
) -> io::Result<()> {
    let mut walk = Walk {
        limits,
        left_bytes: Rc::new(Cell::new(limits.unpacked_bytes(size_bytes))),
        members: 0,
        look,
    };
    let mut head = vec![0; kind::HEAD_BYTES];
    let n = read_full(&mut RangeReader::new(source, 0..size_bytes), &mut head)?;
    let kind = match Kind::of(name, &head[..n]) {
        None if n > 0 && archive::is_at_end(source, size_bytes)? => Some(Kind::Zip),
        known => known,
    };
    if let Some(kind) = kind {
        walk.open(kind, source, size_bytes, Place { path: "", depth: 0 });
    }
    Ok(())
}

/// A place within the file.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    /// Number of times that it's packed.
    depth: usize,
}

impl Place<'_> {
    fn named<'a>(&self, path: &'a str) -> Place<'a> {
        Place {
            path,
            depth: self.depth,
        }
    }

    fn deeper(self) -> Self {
        Place {
            depth: self.depth + 1,
            ..self
        }
    }
}

struct Walk<'l, 'c> {
    limits: &'l Limits,
    /// Number of bytes that may still be unpacked.
    left_bytes: Rc<Cell<u64>>,
    members: u64,
    look: &'l mut Look<'c>,
}

impl Walk<'_, '_> {
    /// Looks into a file that can be read anywhere, whose own bytes the caller has.
    fn open<R: ReaderAt + ?Sized>(
        &mut self,
        kind: Kind,
        source: &R,
        size_bytes: u64,
        place: Place<'_>,
    ) {
        if place.depth >= self.limits.depth_max {
            return self.closed(place, Closed::TooDeep);
        }
        match kind {
            Kind::Zip => self.zip(source, size_bytes, place.deeper()),
            Kind::Gzip | Kind::Tar => {
                let mut bytes = RangeReader::new(source, 0..size_bytes);
                self.unrolled(kind, &mut bytes, place.deeper());
            }
            Kind::Unread => self.closed(place, Closed::Format),
            _ => match self.in_memory(RangeReader::new(source, 0..size_bytes)) {
                Ok(Some(bytes)) => self.parts(kind, &bytes, place.deeper()),
                Ok(None) => self.closed(place, Closed::TooLarge),
                Err(error) => self.failed(place, &error),
            },
        }
    }

    /// Looks at what comes out of a packed file, and into it.
    fn stream(&mut self, source: &mut dyn Read, place: Place<'_>) {
        let mut head = vec![0; kind::HEAD_BYTES];
        let n = match read_full(&mut &mut *source, &mut head) {
            Ok(n) => n,
            Err(error) => return self.failed(place, &error),
        };
        head.truncate(n);
        let kind = Kind::of(place.path, &head);
        let mut whole = head.as_slice().chain(source);
        match kind {
            None => self.content(&mut whole, place),
            Some(Kind::Unread) => {
                self.content(&mut whole, place);
                self.closed(place, Closed::Format);
            }
            Some(_) if place.depth >= self.limits.depth_max => {
                self.content(&mut whole, place);
                self.closed(place, Closed::TooDeep);
            }
            Some(kind @ (Kind::Gzip | Kind::Tar)) => {
                // It may have the name of what is packed.
                self.content(&mut head.as_slice(), place);
                let whole = head.as_slice().chain(whole.into_inner().1);
                let mut hashed = Hashed::new(whole);
                self.unrolled(kind, &mut hashed, place.deeper());
                self.digest(hashed, place);
            }
            Some(kind) => self.whole(kind, &mut whole, place),
        }
    }

    /// Looks at what has to be in memory, and into it.
    fn whole(&mut self, kind: Kind, source: &mut dyn Read, place: Place<'_>) {
        match self.in_memory(source) {
            Ok(Some(bytes)) => {
                self.content(&mut bytes.as_slice(), place);
                self.open(kind, bytes.as_slice(), bytes.len() as u64, place);
            }
            Ok(None) => self.closed(place, Closed::TooLarge),
            Err(error) => self.failed(place, &error),
        }
    }

    /// Looks into what can be read from its start to its end.
    fn unrolled(&mut self, kind: Kind, source: &mut dyn Read, place: Place<'_>) {
        match kind {
            Kind::Tar => self.tar(source, place),
            _ => {
                let unpacked = streams::gunzipped(source);
                let mut unpacked = self.metered(unpacked);
                self.stream(&mut unpacked, place);
            }
        }
    }

    /// Looks into what must be in memory.
    fn parts(&mut self, kind: Kind, bytes: &[u8], place: Place<'_>) {
        match kind {
            Kind::Pdf => self.pdf(bytes, place),
            Kind::Png => self.png(bytes, place),
            Kind::Gif => self.gif(bytes, place),
            Kind::Woff => self.woff(bytes, place),
            Kind::Woff2 => self.woff2(bytes, place),
            Kind::Id3 => self.id3(bytes, place),
            Kind::Heif => self.heif(bytes, place),
            Kind::Jxl => self.jxl(bytes, place),
            Kind::Brotli => self.coded(Coding::Br, bytes, place),
            Kind::Zstd => self.coded(Coding::Zstd, bytes, place),
            Kind::Zip | Kind::Gzip | Kind::Tar | Kind::Unread => {}
        }
    }

    fn coded(&mut self, coding: Coding, bytes: &[u8], place: Place<'_>) {
        match streams::decoded(coding, bytes, self.room()) {
            Ok(unpacked) => {
                self.spend(unpacked.len());
                self.stream(&mut unpacked.as_slice(), place);
            }
            Err(why) => self.closed(place, why),
        }
    }

    fn content(&mut self, content: &mut dyn Read, place: Place<'_>) {
        let found = Packed {
            path: place.path,
            found: Found::Content(content),
        };
        if let Err(error) = (self.look)(found) {
            self.failed(place, &error);
        }
    }

    /// Gives the digest of what was read, and of what is left to be.
    fn digest(&mut self, mut hashed: Hashed<impl Read>, place: Place<'_>) {
        // What is damaged has been told of.
        if io::copy(&mut hashed, &mut io::sink()).is_err() {
            return;
        }
        let digest = Packed {
            path: place.path,
            found: Found::Digest(hashed.digest()),
        };
        if let Err(error) = (self.look)(digest) {
            self.failed(place, &error);
        }
    }

    /// Gives what was unpacked in memory, if the limits allow.
    fn text(&mut self, text: &[u8], place: Place<'_>) {
        if text.is_empty() {
            return;
        }
        self.spend(text.len());
        self.content(&mut &*text, place);
    }

    /// Says the name of a member; false if there are too many.
    fn name(&mut self, place: Place<'_>) -> bool {
        self.members += 1;
        if self.members > self.limits.members_max {
            return false;
        }
        let name = Packed {
            path: place.path,
            found: Found::Name,
        };
        if let Err(error) = (self.look)(name) {
            self.failed(place, &error);
        }
        true
    }

    fn closed(&mut self, place: Place<'_>, why: Closed) {
        let closed = Packed {
            path: place.path,
            found: Found::Closed(why),
        };
        // There is nothing left to be told of.
        if (self.look)(closed).is_err() {
            self.left_bytes.set(0);
        }
    }

    fn failed(&mut self, place: Place<'_>, error: &io::Error) {
        let is_too_much = error.get_ref().is_some_and(|inner| inner.is::<TooMuch>());
        let why = if is_too_much {
            Closed::TooLarge
        } else {
            Closed::Damaged
        };
        self.closed(place, why);
    }

    fn metered<R: Read>(&self, inner: R) -> Metered<R> {
        Metered::new(inner, Rc::clone(&self.left_bytes))
    }

    /// Returns all of it, unless it's too large.
    fn in_memory(&self, source: impl Read) -> io::Result<Option<Vec<u8>>> {
        let max = self.limits.memory_bytes_max;
        let mut bytes = Vec::new();
        source.take(max as u64 + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() <= max).then_some(bytes))
    }

    /// Returns how much may be unpacked into memory now, in bytes.
    fn room(&self) -> usize {
        let left = usize::try_from(self.left_bytes.get()).unwrap_or(usize::MAX);
        left.min(self.limits.memory_bytes_max)
    }

    fn spend(&self, bytes: usize) {
        let left = self.left_bytes.get();
        self.left_bytes.set(left.saturating_sub(bytes as u64));
    }

    fn is_spent(&self) -> bool {
        self.left_bytes.get() == 0
    }
}

#[cfg(test)]
mod tests;
