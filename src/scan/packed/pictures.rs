//! Pictures and sound: texts in them that are compressed, or cut into pieces.

use super::fonts::be32;
use super::streams::{inflated, unbrotlied};
use super::{Place, Walk};

/// Maximum distance from a picture's start at which a box that describes compressed items is looked
/// for, in bytes.
const BOXES_BYTES_MAX: usize = 1 << 20;

impl Walk<'_, '_> {
    /// Gives the compressed texts of a PNG.
    pub(super) fn png(&mut self, bytes: &[u8], place: Place<'_>) {
        const SIGNATURE_BYTES: usize = 8;
        let mut at = SIGNATURE_BYTES;
        while let Some((name, data)) = chunk(bytes, at) {
            at += 12 + data.len();
            let deflated = match name {
                b"zTXt" | b"iCCP" => after_zeros(data, 1).and_then(|data| data.get(1..)),
                // Keyword, whether it's compressed and how, language, the keyword in it.
                b"iTXt" => after_zeros(data, 1)
                    .filter(|data| data.first() == Some(&1))
                    .and_then(|data| after_zeros(data.get(2..)?, 2)),
                b"tEXt" => None,
                _ => continue,
            };
            let text = match deflated {
                Some(deflated) => {
                    let text = inflated(deflated, self.room());
                    self.text(&text, place);
                    text
                }
                None => data.to_vec(),
            };
            if let Some(profile) = profile(&text) {
                self.text(&profile, place);
            }
        }
    }

    /// Gives the comments of a GIF, which are cut into pieces of 255 bytes.
    pub(super) fn gif(&mut self, bytes: &[u8], place: Place<'_>) {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&bytes[from..], b"\x21\xfe") {
            let mut at = from + at + 2;
            let mut comment = Vec::new();
            while let Some(len) = bytes.get(at).copied().filter(|len| *len > 0) {
                let end = bytes.len().min(at + 1 + usize::from(len));
                comment.extend_from_slice(&bytes[at + 1..end]);
                at = end;
            }
            // Each byte belongs to one comment, however often one seems to begin in it.
            from = at.min(bytes.len());
            self.text(&comment, place);
        }
    }

    /// Gives what is compressed in the tags before a sound, and the tags themselves where zeros are
    /// put between their bytes.
    pub(super) fn id3(&mut self, bytes: &[u8], place: Place<'_>) {
        const HEADER_BYTES: usize = 10;
        const UNSYNCHRONISED: u8 = 0x80;
        let Some(size) = bytes.get(6..HEADER_BYTES) else {
            return;
        };
        let size = size
            .iter()
            .fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let end = bytes.len().min(HEADER_BYTES + size);
        let tag = &bytes[HEADER_BYTES..end];
        self.each_zlib(tag, place);
        if bytes[5] & UNSYNCHRONISED != 0 {
            self.text(&synchronised(tag), place);
        }
    }

    /// Gives what is compressed in an AVIF or HEIC besides the picture.
    pub(super) fn heif(&mut self, bytes: &[u8], place: Place<'_>) {
        let boxes = &bytes[..bytes.len().min(BOXES_BYTES_MAX)];
        let says_so = [&b"deflate"[..], b"compress_zlib", b"zlib"];
        if says_so
            .iter()
            .any(|word| memchr::memmem::find(boxes, word).is_some())
        {
            self.each_zlib(bytes, place);
        }
    }

    /// Gives what is compressed in a JPEG XL besides the picture.
    pub(super) fn jxl(&mut self, bytes: &[u8], place: Place<'_>) {
        let mut at = 0;
        while let (Some(len), Some(name)) = (be32(bytes, at), bytes.get(at + 4..at + 8)) {
            let end = match len {
                0 => bytes.len(),
                _ => bytes.len().min(at.saturating_add(len)),
            };
            if name == b"brob"
                && let Some(packed) = bytes.get(at + 12..end)
            {
                match unbrotlied(packed, self.room()) {
                    Ok(text) => self.text(&text, place),
                    Err(why) => self.closed(place, why),
                }
            }
            // A box that says it has 64 bits of length is the picture.
            if end <= at + 8 {
                return;
            }
            at = end;
        }
    }
}

fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8; 4], &[u8])> {
    let len = be32(bytes, at)?;
    let name = bytes.get(at + 4..)?.first_chunk::<4>()?;
    let data = bytes.get(at + 8..(at + 8).checked_add(len)?)?;
    Some((name, data))
}

/// Returns tags without the zeros that keep players from taking them for sound (ID3v2,
/// "unsynchronisation").
fn synchronised(tag: &[u8]) -> Vec<u8> {
    let mut is_behind = false;
    let is_put = |byte: &&u8| {
        let is_zero = is_behind && **byte == 0;
        is_behind = **byte == 0xff;
        !is_zero
    };
    tag.iter().filter(is_put).copied().collect()
}

/// Returns what stands behind so many zeros.
fn after_zeros(mut data: &[u8], zeros: usize) -> Option<&[u8]> {
    for _ in 0..zeros {
        data = &data[memchr::memchr(0, data)? + 1..];
    }
    Some(data)
}

/// Returns what ImageMagick writes as hexadecimals: EXIF, IPTC or XMP.
fn profile(text: &[u8]) -> Option<Vec<u8>> {
    const NAME_BYTES_MAX: usize = 100;
    let head = &text[..text.len().min(NAME_BYTES_MAX)];
    let is_named = memchr::memmem::find(head, b"Raw profile").is_some();
    let is_profile = is_named || head.trim_ascii_start().len() < head.len();
    let lines = text.trim_ascii_start().split(|byte| *byte == b'\n');
    // The name, and the length.
    let digits: Vec<u8> = lines
        .skip(2)
        .flatten()
        .filter_map(|byte| char::from(*byte).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    (is_profile && digits.len() >= 2).then_some(bytes)
}
