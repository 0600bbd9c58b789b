//! Fonts for the web: tables of a font, compressed. Only those that hold text are unpacked.

use super::streams::{inflated, unbrotlied};
use super::{Closed, Place, Walk};

/// Tables with names, notes or documents in them.
const TEXTS: [&[u8; 4]; 6] = [b"name", b"meta", b"SVG ", b"CFF ", b"ltag", b"DSIG"];

/// The tables that WOFF2 has numbers for (its section 4.1), in their order, as long as they are.
const KNOWN: &[u8; 63 * 4] = b"cmapheadhheahmtxmaxpnameOS/2postcvt fpgmglyflocaprepCFF VORGEBDTEBLCgasphdmxkernLTSHPCLTVDMXvheavmtxBASEGDEFGPOSGSUBEBSCJSTFMATHCBDTCBLCCOLRCPALSVG sbixacntavarbdatblocbslncvarfdscfeatfmtxfvargvarhstyjustlcarmortmorxopbdproptrakZapfSilfGlatGlocFeatSill";

impl Walk<'_, '_> {
    /// Gives the tables of a WOFF, and its metadata.
    pub(super) fn woff(&mut self, bytes: &[u8], place: Place<'_>) {
        const HEADER_BYTES: usize = 44;
        const ENTRY_BYTES: usize = 20;
        let Some(tables) = be16(bytes, 12) else {
            return self.closed(place, Closed::Damaged);
        };
        for table in 0..tables {
            let at = HEADER_BYTES + table * ENTRY_BYTES;
            let part = bytes.get(at..at + 4).and_then(|tag| {
                let (start, len) = (be32(bytes, at + 4)?, be32(bytes, at + 8)?);
                Some((tag, start, bytes.get(start..start.checked_add(len)?)?))
            });
            let Some((tag, _, packed)) = part else {
                return self.closed(place, Closed::Damaged);
            };
            if is_text(tag) {
                // A table that doesn't shrink stands there as it is.
                self.text(&inflated(packed, self.room()), place);
            }
        }
        if let Some(metadata) = metadata(bytes) {
            self.text(&inflated(metadata, self.room()), place);
        }
    }

    /// Gives the tables of a WOFF2, and its metadata.
    pub(super) fn woff2(&mut self, bytes: &[u8], place: Place<'_>) {
        let Some(font) = Woff2::read(bytes) else {
            return self.closed(place, Closed::Damaged);
        };
        // The tables are one stream, so all of it is unpacked.
        match unbrotlied(font.packed, self.room()) {
            Ok(unpacked) => {
                self.spend(unpacked.len());
                for part in font.texts {
                    if let Some(text) = unpacked.get(part) {
                        self.text(text, place);
                    }
                }
            }
            Err(why) => self.closed(place, why),
        }
        if let Some(metadata) = font.metadata {
            match unbrotlied(metadata, self.room()) {
                Ok(text) => self.text(&text, place),
                Err(why) => self.closed(place, why),
            }
        }
    }
}

/// Returns the metadata of a WOFF, as it's packed.
fn metadata(bytes: &[u8]) -> Option<&[u8]> {
    let (start, len) = (be32(bytes, 24)?, be32(bytes, 28)?);
    bytes.get(start..start.checked_add(len)?)
}

fn is_text(tag: &[u8]) -> bool {
    TEXTS.iter().any(|text| text.as_slice() == tag)
}

struct Woff2<'a> {
    /// All tables, one after the other.
    packed: &'a [u8],
    /// Positions in `packed` of the tables that hold text.
    texts: Vec<std::ops::Range<usize>>,
    metadata: Option<&'a [u8]>,
}

impl<'a> Woff2<'a> {
    fn read(bytes: &'a [u8]) -> Option<Woff2<'a>> {
        const HEADER_BYTES: usize = 48;
        let is_collection = bytes.get(4..8)? == b"ttcf";
        let tables = be16(bytes, 12)?;
        let packed_bytes = be32(bytes, 20)?;
        let mut at = HEADER_BYTES;
        let mut end = 0_usize;
        let mut texts = Vec::new();
        for _ in 0..tables {
            let (tag, size_bytes) = entry(bytes, &mut at)?;
            let start = end;
            end = end.checked_add(size_bytes)?;
            if is_text(tag) {
                texts.push(start..end);
            }
        }
        if is_collection {
            skip_collection(bytes, &mut at)?;
        }
        let packed = bytes.get(at..at.checked_add(packed_bytes)?)?;
        let (start, len) = (be32(bytes, 28)?, be32(bytes, 32)?);
        let metadata = bytes.get(start..start.checked_add(len)?);
        Some(Woff2 {
            packed,
            texts,
            metadata: metadata.filter(|metadata| !metadata.is_empty()),
        })
    }
}

/// Reads an entry of the directory: the table's tag, and how long it is in the stream.
fn entry<'a>(bytes: &'a [u8], at: &mut usize) -> Option<(&'a [u8], usize)> {
    const TAG_FOLLOWS: usize = 63;
    let flags = *bytes.get(*at)?;
    *at += 1;
    let number = usize::from(flags & 0x3f);
    let tag: &[u8] = match number {
        TAG_FOLLOWS => {
            let tag = bytes.get(*at..*at + 4)?;
            *at += 4;
            tag
        }
        _ => &KNOWN[number * 4..number * 4 + 4],
    };
    let size_bytes = base128(bytes, at)?;
    let transformation = flags >> 6;
    let is_transformed = match tag {
        b"glyf" | b"loca" => transformation == 0,
        _ => transformation != 0,
    };
    if is_transformed {
        Some((tag, base128(bytes, at)?))
    } else {
        Some((tag, size_bytes))
    }
}

/// Skips the list of the fonts in a collection and their tables.
fn skip_collection(bytes: &[u8], at: &mut usize) -> Option<()> {
    *at += 4;
    let fonts = u16_of_255(bytes, at)?;
    for _ in 0..fonts {
        let tables = u16_of_255(bytes, at)?;
        *at += 4;
        for _ in 0..tables {
            u16_of_255(bytes, at)?;
        }
    }
    Some(())
}

/// Reads a number of at most five bytes, seven bits in each.
fn base128(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut number = 0_usize;
    for _ in 0..5 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number = number << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Reads a number of one to three bytes: below 253 it's the byte itself.
fn u16_of_255(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let next = |at: &mut usize| {
        let byte = *bytes.get(*at)?;
        *at += 1;
        Some(usize::from(byte))
    };
    match first {
        253 => Some(next(at)? << 8 | next(at)?),
        254 => Some(next(at)? + 2 * 253),
        255 => Some(next(at)? + 253),
        _ => Some(usize::from(first)),
    }
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*found)))
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*found)).ok()
}
