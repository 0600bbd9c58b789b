//! JPEG: segments, and between them the picture. Cameras and editors put what they like into the
//! segments "for applications"; four kinds of those matter for how the picture looks.

mod mpf;

use std::ops::Range;

use super::{Field, Kind, Unstrippable, Walk, be32, iptc, slice, text, xmp};

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Followed by 32 bytes of a name, the whole's length, where this part belongs.
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const MULTIPLE: &[u8] = b"MPF\0";
/// The namespace that ties a second, brighter picture to this one.
const GAIN_MAP: &[u8] = b"http://ns.adobe.com/hdr-gain-map/";

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let mut segments = Segments::default();
    let mut at = 2;
    loop {
        match part_at(bytes, at) {
            Part::Segment { marker, span } => {
                at = span.end;
                segments.take(bytes, marker, span);
            }
            Part::Mark { end } | Part::Scan { end } => at = end,
            Part::End { end } => return segments.done(bytes).ends(end, bytes.len()),
            Part::Cut => return segments.done(bytes),
            Part::Damage => return segments.done(bytes).damaged(at),
        }
    }
}

enum Part {
    Segment {
        marker: u8,
        span: Range<usize>,
    },
    /// Has no content.
    Mark {
        end: usize,
    },
    /// A header, and the picture's data behind it.
    Scan {
        end: usize,
    },
    End {
        end: usize,
    },
    /// The file ends before the picture does: browsers show what there is.
    Cut,
    Damage,
}

fn part_at(bytes: &[u8], at: usize) -> Part {
    let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
        return Part::Cut;
    };
    match rest {
        // Filling.
        [0xFF, 0xFF, ..] => Part::Mark { end: at + 1 },
        [0xFF, 0xD9, ..] => Part::End { end: at + 2 },
        [0xFF, 0x01 | 0xD0..=0xD8, ..] => Part::Mark { end: at + 2 },
        [0xFF, marker @ 0x02..=0xFF, high, low, ..] => {
            let size_bytes = usize::from(u16::from_be_bytes([*high, *low]));
            let end = at + 2 + size_bytes;
            match marker {
                _ if size_bytes < 2 || end > bytes.len() => Part::Damage,
                0xDA => Part::Scan {
                    end: scan_end(bytes, end),
                },
                _ => Part::Segment {
                    marker: *marker,
                    span: at..end,
                },
            }
        }
        _ => Part::Damage,
    }
}

/// Finds the next marker, except for those that are part of the data.
fn scan_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes[at..].iter().position(|b| *b == 0xFF) {
        match bytes.get(at + found + 1) {
            Some(0x00 | 0xD0..=0xD7) => at += found + 2,
            Some(_) => return at + found,
            None => break,
        }
    }
    bytes.len()
}

/// State of reading: some things are split over several segments.
#[derive(Default)]
struct Segments<'a> {
    walk: Walk,
    xmp_parts: Vec<(usize, &'a [u8])>,
    photoshop: Vec<u8>,
    multiple: Option<Range<usize>>,
}

impl<'a> Segments<'a> {
    fn take(&mut self, bytes: &'a [u8], marker: u8, span: Range<usize>) {
        let data = &bytes[span.start + 4..span.end];
        match marker {
            0xE0 => self.take_jfif(span, data),
            0xE1 => self.take_exif_or_xmp(span, data),
            0xE2 if data.starts_with(MULTIPLE) => {
                self.multiple = Some(span.start + 4 + MULTIPLE.len()..span.end)
            }
            // Colours, and ISO's way to say how the brighter picture is to be used.
            0xE2 if data.starts_with(b"ICC_PROFILE\0")
                || data.starts_with(b"urn:iso:std:iso:ts:21496:-1\0") => {}
            // Whether the colours are YCbCr.
            0xEE if data.starts_with(b"Adobe") => {}
            0xED if data.starts_with(PHOTOSHOP) => {
                self.photoshop.extend_from_slice(&data[PHOTOSHOP.len()..]);
                self.walk.remove(span, Vec::new);
            }
            0xFE => self.walk.remove(span, || {
                vec![Field::new(Kind::Text, "Comment", &text(data))]
            }),
            0xE2..=0xEF => self.walk.remove(span, || vec![unknown(marker, data)]),
            _ => {}
        }
    }

    /// Thumbnails of before there was EXIF.
    fn take_jfif(&mut self, span: Range<usize>, data: &[u8]) {
        if data.starts_with(b"JFXX\0") {
            let thumbnail = Field::thumbnail(Kind::Other, data.len());
            return self.walk.remove(span, || vec![thumbnail]);
        }
        if let Some((head, thumbnail)) = data.split_at_checked(14)
            && head.starts_with(b"JFIF\0")
            && !thumbnail.is_empty()
        {
            let rest = [b"\xFF\xE0\0\x10", &head[..12], b"\0\0"].concat();
            let thumbnail = Field::thumbnail(Kind::Other, thumbnail.len());
            self.walk.replace(span, rest, || vec![thumbnail]);
        }
    }

    fn take_exif_or_xmp(&mut self, span: Range<usize>, data: &'a [u8]) {
        if let Some(tiff) = data.strip_prefix(EXIF) {
            self.walk.exif_goes(span, tiff, exif_segment);
        } else if let Some(packet) = data.strip_prefix(XMP) {
            if packet
                .windows(GAIN_MAP.len())
                .any(|window| window == GAIN_MAP)
            {
                self.walk.hindrance = Some(Unstrippable::GainMap);
            }
            self.walk.remove(span, || xmp::find(packet));
        } else if let Some(part) = data.strip_prefix(XMP_EXTENSION) {
            let offset = be32(part, 36).unwrap_or_default();
            self.xmp_parts
                .push((offset, part.get(40..).unwrap_or_default()));
            self.walk.remove(span, Vec::new);
        } else {
            self.walk.remove(span, || vec![unknown(0xE1, data)]);
        }
    }

    fn done(mut self, bytes: &[u8]) -> Walk {
        self.xmp_parts.sort_by_key(|(offset, _)| *offset);
        let mut late = Vec::new();
        if !self.xmp_parts.is_empty() {
            let packet: Vec<&[u8]> = self.xmp_parts.iter().map(|(_, part)| *part).collect();
            late.extend(xmp::find(&packet.concat()));
        }
        if !self.photoshop.is_empty() {
            late.extend(iptc::find_resources(&self.photoshop));
        }
        let late = self.walk.tell(|| late);
        if let Some(last) = self.walk.pieces.last_mut() {
            last.fields.extend(late);
        }
        if let Some(index) = self.multiple {
            self.walk
                .pieces
                .extend(mpf::corrections(bytes, index, &self.walk.pieces));
            self.walk.pieces.sort_by_key(|piece| piece.span.start);
        }
        self.walk
    }
}

fn exif_segment(tiff: &[u8]) -> Vec<u8> {
    segment(0xE1, &[EXIF, tiff].concat())
}

pub(super) fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let size_bytes = u16::try_from(data.len() + 2).expect("only short segments are made");
    [&[0xFF, marker][..], &size_bytes.to_be_bytes(), data].concat()
}

/// `APP12 Ducky`: most begin with their name.
fn unknown(marker: u8, data: &[u8]) -> Field {
    let is_name = |b: &u8| b.is_ascii_graphic();
    let name_bytes = data.iter().take(32).take_while(|b| is_name(b)).count();
    let name = format!("APP{} {}", marker & 0x0F, text(&data[..name_bytes]));
    let content = slice(data, name_bytes, data.len() - name_bytes).unwrap_or_default();
    Field::raw(Kind::Other, name.trim_end(), content)
}
