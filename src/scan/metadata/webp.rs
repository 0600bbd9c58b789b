//! WebP: chunks in a RIFF container, and flags in the first that say which others there are.

use super::{Field, Kind, Walk, le32, slice, text, xmp};

const HEADER_BYTES: usize = 12;
const SHOWN: [&[u8; 4]; 7] = [
    b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP",
];
const FLAG_EXIF: u8 = 0x08;
const FLAG_XMP: u8 = 0x04;

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let end = le32(bytes, 4).and_then(|size_bytes| size_bytes.checked_add(8));
    let Some(end) = end.filter(|end| (HEADER_BYTES..=bytes.len()).contains(end)) else {
        return read_chunks(bytes).damaged(4);
    };
    let mut walk = read_chunks(&bytes[..end]);
    if walk.hindrance.is_none() {
        correct(&bytes[..end], &mut walk);
    }
    walk.ends(end, bytes.len())
}

fn read_chunks(riff: &[u8]) -> Walk {
    let mut walk = Walk::default();
    let mut at = HEADER_BYTES;
    while at < riff.len() {
        let Some((name, data)) = chunk_at(riff, at) else {
            return walk.damaged(at);
        };
        // Chunks begin at even bytes; the last one's filling may be missing.
        let next = (at + 8 + data.len() + data.len() % 2).min(riff.len());
        if !SHOWN.contains(&name) {
            match name {
                b"EXIF" => walk.exif_goes(at..next, tiff(data), exif_chunk),
                _ => walk.remove(at..next, || fields(name, data)),
            }
        }
        at = next;
    }
    walk
}

fn chunk_at(riff: &[u8], at: usize) -> Option<(&[u8; 4], &[u8])> {
    let name = riff.get(at..)?.first_chunk::<4>()?;
    Some((name, slice(riff, at + 8, le32(riff, at + 4)?)?))
}

fn fields(name: &[u8; 4], data: &[u8]) -> Vec<Field> {
    match name {
        b"XMP " => xmp::find(data),
        name => vec![Field::raw(
            Kind::Other,
            &format!("chunk {}", text(name).trim()),
            data,
        )],
    }
}

/// Some programs write what stands in a JPEG.
fn tiff(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"Exif\0\0").unwrap_or(data)
}

fn exif_chunk(tiff: &[u8]) -> Vec<u8> {
    chunk(b"EXIF", tiff)
}

pub(super) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let size_bytes = u32::try_from(data.len()).expect("only short chunks are made");
    let filling: &[u8] = match data.len() % 2 {
        0 => &[],
        _ => &[0],
    };
    [name, &size_bytes.to_le_bytes()[..], data, filling].concat()
}

/// The container says how long it is, and VP8X what's in it.
fn correct(riff: &[u8], walk: &mut Walk) {
    let gone: usize = walk.pieces.iter().map(|piece| piece.span.len()).sum();
    let rest: usize = walk.pieces.iter().map(|piece| piece.rest.len()).sum();
    let size = u32::try_from(riff.len() - 8 - gone + rest).unwrap_or(u32::MAX);
    let mut first = Walk::default();
    first.replace(4..8, size.to_le_bytes().to_vec(), Vec::new);
    if let (Some(b"VP8X"), Some(flags)) = (
        riff.get(HEADER_BYTES..HEADER_BYTES + 4),
        riff.get(HEADER_BYTES + 8),
    ) {
        let gone = match rest {
            0 => FLAG_EXIF | FLAG_XMP,
            _ => FLAG_XMP,
        };
        first.replace(
            HEADER_BYTES + 8..HEADER_BYTES + 9,
            vec![flags & !gone],
            Vec::new,
        );
    }
    walk.pieces.splice(0..0, first.pieces);
}
