//! Formats that have something packed in them, by their first bytes.

use crate::base::coding::Coding;

/// Size of a file's beginning that is enough to recognize its format, in bytes. PDFs may begin
/// after other data.
pub(super) const HEAD_BYTES: usize = 1024;

/// Formats that are looked into, and those that can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Tar,
    Gzip,
    Brotli,
    Zstd,
    Pdf,
    Png,
    Gif,
    Woff,
    Woff2,
    Id3,
    Heif,
    Jxl,
    /// Packed, but nothing here reads it.
    Unread,
}

/// First bytes of a kind.
const MAGIC: [(&[u8], Kind); 17] = [
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"\x1f\x8b\x08", Kind::Gzip),
    (b"\x89PNG\r\n\x1a\n", Kind::Png),
    (b"GIF8", Kind::Gif),
    (b"wOFF", Kind::Woff),
    (b"wOF2", Kind::Woff2),
    (b"ID3", Kind::Id3),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Kind::Jxl),
    (b"7z\xbc\xaf\x27\x1c", Kind::Unread),
    (b"Rar!\x1a\x07", Kind::Unread),
    (b"\xfd7zXZ\0", Kind::Unread),
    (b"\x28\xb5\x2f\xfd", Kind::Zstd),
    (b"MSCF\0\0\0\0", Kind::Unread), // Microsoft's cabinets
    (b"LZIP\x01", Kind::Unread),
    (b"\x04\x22\x4d\x18", Kind::Unread), // LZ4
    (b"\x1f\x9d", Kind::Unread),         // compress
];

/// Brands of ISO media files that are pictures.
const PICTURES: [&[u8]; 8] = [
    b"avif", b"avis", b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1",
];

impl Kind {
    /// Returns the kind of a file of this name that begins with `head`.
    pub(super) fn of(name: &str, head: &[u8]) -> Option<Kind> {
        let by_magic = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
        if let Some((_, kind)) = by_magic {
            return Some(*kind);
        }
        if head.get(257..262) == Some(b"ustar") {
            return Some(Kind::Tar);
        }
        if is_bzip2(head) {
            return Some(Kind::Unread);
        }
        if is_heif(head) {
            return Some(Kind::Heif);
        }
        if memchr::memmem::find(head, b"%PDF-").is_some() {
            return Some(Kind::Pdf);
        }
        if Coding::of_start(head) == Some(Coding::Br) {
            return Some(Kind::Brotli);
        }
        is_named_brotli(name, head).then_some(Kind::Brotli)
    }
}

/// A picture in boxes, by its brand.
fn is_heif(head: &[u8]) -> bool {
    let is_picture = |brand: &[u8]| PICTURES.contains(&brand);
    head.get(4..8) == Some(b"ftyp") && head.get(8..12).is_some_and(is_picture)
}

/// A file that only its name tells of.
fn is_named_brotli(name: &str, head: &[u8]) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    !head.is_empty() && extension.is_some_and(|extension| extension.eq_ignore_ascii_case("br"))
}

/// A level, and the first six bytes of π.
fn is_bzip2(head: &[u8]) -> bool {
    head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY")
}
