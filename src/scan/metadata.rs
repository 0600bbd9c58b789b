//! Metadata of pictures, PDFs and audio files (who made them, where, with what, and notes), and its
//! removal. Removal changes nothing else. A file's format is recognized by its first bytes, never
//! by its name. Pure.
//!
//! Each format's module splits a file into pieces. [`find`] reports what a piece says, and
//! [`strip`] keeps what stays of it. So [`find`] and [`strip`] can't disagree.

mod audio;
mod exif;
mod gif;
mod iptc;
mod jpeg;
mod pdf;
mod personal;
mod png;
mod webp;
mod xmp;

use std::fmt;
use std::ops::Range;

pub use personal::{Personal, personal};

/// Longer values are cut: they're for people to read.
const VALUE_CHARS_MAX: usize = 200;
/// Names come from files as well.
const NAME_CHARS_MAX: usize = 100;
/// More than any honest file has; keeps a hostile one from filling the screen.
const FIELDS_MAX: usize = 2_000;

/// Something a file says besides its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// Kind of metadata.
    pub kind: Kind,
    /// `ImageDescription`, `GPSLatitude`, `dc:title`, `tEXt Title`.
    pub name: String,
    /// At most 200 characters, control characters included, and `…` where more follow; binary
    /// values are `(N bytes)`.
    pub value: String,
}

/// Kinds of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// EXIF: what cameras and editors write.
    Exif,
    /// The part of EXIF that has the position.
    Gps,
    /// XMP: what Adobe's programs write into everything.
    Xmp,
    /// IPTC and other Photoshop resources: what press agencies write.
    Iptc,
    /// PNG text, JPEG and GIF comments.
    Text,
    /// A PDF's document properties.
    PdfInfo,
    /// An audio file's tags.
    Tag,
    /// Whatever else isn't the picture: unknown blocks, and bytes behind the end.
    Other,
}

/// A range of bytes, and what to put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// Usually empty.
    pub text: Vec<u8>,
}

/// Reason why a file's metadata can't be taken out. `Display` says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unstrippable {
    /// A PDF that has metadata, or that can't be read.
    Pdf,
    /// An audio or video file, with tags, of this format.
    Media(&'static str),
    /// A picture of this format.
    Picture(&'static str),
    /// A JPEG whose brighter second picture is found through its metadata.
    GainMap,
    /// Not a whole file: it makes no sense from this byte on.
    Damaged(usize),
}

/// Returns the metadata of the file, in the file's order. If the file is damaged, only the metadata
/// before the damage. For files of other formats, nothing.
pub fn find(bytes: &[u8]) -> Vec<Field> {
    let walk = walk(bytes);
    let untold = walk.untold;
    let pieces = walk.pieces.into_iter().flat_map(|piece| piece.fields);
    let mut fields: Vec<Field> = pieces.chain(walk.kept).collect();
    let more = untold + fields.len().saturating_sub(FIELDS_MAX);
    if more > 0 {
        fields.truncate(FIELDS_MAX);
        fields.push(Field::new(
            Kind::Other,
            "more",
            &format!("at least {more} more"),
        ));
    }
    fields
}

/// Returns the edits that leave only the content: sorted, not overlapping, empty if there's nothing
/// to take out.
///
/// Pictures look the same: colour profiles and the orientation stay. Data after the end of a
/// picture stays too.
pub fn strip(bytes: &[u8]) -> Result<Vec<Edit>, Unstrippable> {
    let walk = walk(bytes);
    match walk.hindrance {
        Some(hindrance) => Err(hindrance),
        None => Ok(edits(bytes, walk.pieces)),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Exif => "EXIF",
            Kind::Gps => "GPS",
            Kind::Xmp => "XMP",
            Kind::Iptc => "IPTC",
            Kind::Text => "text",
            Kind::PdfInfo => "PDF",
            Kind::Tag => "tag",
            Kind::Other => "other",
        })
    }
}

impl fmt::Display for Unstrippable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unstrippable::Pdf => f.write_str(
                "PDFs can't be stripped; export it again without properties, \
                 or use `exiftool -all= FILE && qpdf --linearize FILE OUT`",
            ),
            Unstrippable::Media(format) => write!(
                f,
                "{format} files can't be stripped; export it without tags, \
                 or use `ffmpeg -i FILE -map '0:V?' -map '0:a?' -map_metadata -1 -c copy -bitexact OUT`"
            ),
            Unstrippable::Picture(format) => {
                write!(f, "{format} pictures can't be stripped; use `exiftool -all= FILE`, or publish a PNG or WebP")
            }
            Unstrippable::GainMap => f.write_str(
                "its HDR gain map depends on its metadata; export it without HDR, or use `exiftool -all= FILE`",
            ),
            Unstrippable::Damaged(at) => {
                write!(f, "the file is damaged at byte {at} and can't be read further; save it again")
            }
        }
    }
}

impl std::error::Error for Unstrippable {}

/// A file taken apart.
#[derive(Debug, Default)]
struct Walk {
    /// Pieces to take out, sorted by span.
    pieces: Vec<Piece>,
    /// Fields that are reported but stay.
    kept: Vec<Field>,
    /// Reason why nothing can be taken out.
    hindrance: Option<Unstrippable>,
    /// `true` after the first EXIF block, which is the one that readers use.
    has_exif: bool,
    /// Number of fields that the pieces have.
    told: usize,
    /// Number of blocks that weren't read, because there's already more than enough to report.
    untold: usize,
}

/// A part of the file that isn't its content.
#[derive(Debug)]
struct Piece {
    span: Range<usize>,
    /// Bytes that must stay in its place.
    rest: Vec<u8>,
    fields: Vec<Field>,
}

impl Walk {
    fn remove(&mut self, span: Range<usize>, fields: impl FnOnce() -> Vec<Field>) {
        self.replace(span, Vec::new(), fields);
    }

    fn replace(&mut self, span: Range<usize>, rest: Vec<u8>, fields: impl FnOnce() -> Vec<Field>) {
        let fields = self.tell(fields);
        match self.pieces.last_mut() {
            // Hostile files have millions.
            Some(last)
                if last.span.end == span.start && last.rest.is_empty() && rest.is_empty() =>
            {
                last.span.end = span.end;
                last.fields.extend(fields);
            }
            _ => self.pieces.push(Piece { span, rest, fields }),
        }
    }

    fn tell(&mut self, fields: impl FnOnce() -> Vec<Field>) -> Vec<Field> {
        if self.told > FIELDS_MAX {
            self.untold += 1;
            return Vec::new();
        }
        let fields = fields();
        self.told += fields.len();
        fields
    }

    /// An EXIF block goes, but which way is up must stay: in a block of its own, put together by
    /// `wrap`.
    fn exif_goes(&mut self, span: Range<usize>, tiff: &[u8], wrap: fn(&[u8]) -> Vec<u8>) {
        let orientation = exif::only_orientation(tiff).filter(|_| !self.has_exif);
        self.has_exif = true;
        self.replace(
            span,
            orientation.map_or(Vec::new(), |tiff| wrap(&tiff)),
            || exif::find(tiff),
        );
    }

    /// Nothing behind `at` was read.
    fn damaged(mut self, at: usize) -> Walk {
        if self.hindrance.is_some() {
            return self;
        }
        let value = format!("damaged at byte {at}, not read further");
        self.kept.push(Field::new(Kind::Other, "damage", &value));
        self.hindrance = Some(Unstrippable::Damaged(at));
        self
    }

    /// The picture ends at `end` of `size_bytes`: puzzles hide things behind it.
    fn ends(mut self, end: usize, size_bytes: usize) -> Walk {
        let trailing = size_bytes.saturating_sub(end);
        if trailing > 0 {
            let value = format!("{} after the end of the image", counted(trailing));
            self.kept
                .push(Field::new(Kind::Other, "trailing data", &value));
        }
        self
    }
}

impl Field {
    fn new(kind: Kind, name: &str, value: &str) -> Field {
        let value = value.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        Field {
            kind,
            name: name.chars().take(NAME_CHARS_MAX).collect(),
            value: shortened(value),
        }
    }

    /// A value that may or may not be text.
    fn raw(kind: Kind, name: &str, value: &[u8]) -> Field {
        match readable(value) {
            Some(text) => Field::new(kind, name, &text),
            None => Field::binary(kind, name, value.len()),
        }
    }

    fn binary(kind: Kind, name: &str, size_bytes: usize) -> Field {
        Field::new(kind, name, &format!("({})", counted(size_bytes)))
    }

    /// May show the picture as it was before it was cropped or blurred.
    fn thumbnail(kind: Kind, size_bytes: usize) -> Field {
        Field::new(
            kind,
            "thumbnail",
            &format!("a thumbnail of {}", counted(size_bytes)),
        )
    }
}

fn walk(bytes: &[u8]) -> Walk {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => jpeg::walk(bytes),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => png::walk(bytes),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::walk(bytes),
        [b'R', b'I', b'F', b'F', rest @ ..] if rest.get(4..8) == Some(b"WEBP") => webp::walk(bytes),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => walk_tiff(bytes),
        _ if pdf::is_pdf(bytes) => pdf::walk(bytes),
        _ if is_heif(bytes) => Walk {
            hindrance: Some(Unstrippable::Picture("AVIF and HEIC")),
            ..Walk::default()
        },
        _ => audio::walk(bytes),
    }
}

/// A TIFF is EXIF around a picture.
fn walk_tiff(bytes: &[u8]) -> Walk {
    let kept = exif::find(bytes);
    let hindrance = (!kept.is_empty()).then_some(Unstrippable::Picture("TIFF"));
    Walk {
        kept,
        hindrance,
        ..Walk::default()
    }
}

fn is_heif(bytes: &[u8]) -> bool {
    let brands: [&[u8]; 7] = [
        b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1",
    ];
    bytes.get(4..8) == Some(b"ftyp")
        && bytes
            .get(8..12)
            .is_some_and(|brand| brands.contains(&brand))
}

/// Turns pieces into edits. A piece that wouldn't change is no edit, so stripping twice changes
/// nothing.
fn edits(bytes: &[u8], pieces: Vec<Piece>) -> Vec<Edit> {
    let is_change = |piece: &Piece| bytes.get(piece.span.clone()) != Some(piece.rest.as_slice());
    let edit = |piece: Piece| Edit {
        span: piece.span,
        text: piece.rest,
    };
    pieces.into_iter().filter(is_change).map(edit).collect()
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_string(),
    }
}

fn counted(size_bytes: usize) -> String {
    match size_bytes {
        1 => "1 byte".to_string(),
        _ => format!("{size_bytes} bytes"),
    }
}

/// Decodes text of an unknown encoding: as UTF-8 if that's possible, else as Latin-1. Only as much
/// as is shown.
fn text(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(VALUE_CHARS_MAX * 4 + 4)];
    match std::str::from_utf8(head) {
        Ok(text) => text.to_string(),
        // Cut within a character.
        Err(error) if error.error_len().is_none() && head.len() < bytes.len() => {
            String::from_utf8_lossy(&head[..error.valid_up_to()]).into_owned()
        }
        Err(_) => head.iter().map(|b| char::from(*b)).collect(),
    }
}

/// `bytes` as text, unless they're something else: hidden notes are text, whatever their field is
/// for.
fn readable(bytes: &[u8]) -> Option<String> {
    let end = bytes
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |last| last + 1);
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let is_plain = |c: char| !c.is_control() || c.is_whitespace();
    text.chars().all(is_plain).then(|| text.to_string())
}

/// UTF-16, as much as is shown.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let chars = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    chars.take(VALUE_CHARS_MAX + 2).collect()
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*found)))
}

fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*found)).ok()
}

fn le32(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*found)).ok()
}

/// `len` bytes at `at`, if they're all there.
fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

#[cfg(test)]
mod tests;
