//! Files to be looked at, put together from their parts.

use super::*;

const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF!\xF9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0";

const VP8L: &[u8] = b"/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07\0";

pub(super) const SCAN: &[u8] = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x12\xFF\0\x34\xFF\xD0\x56";

pub(super) fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = png::chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0");
    let [data, end] = [png::chunk(b"IDAT", b"data"), png::chunk(b"IEND", b"")];
    [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        header,
        chunks.concat(),
        data,
        end,
    ]
    .concat()
}

pub(super) fn jpeg_of(segments: &[Vec<u8>]) -> Vec<u8> {
    let jfif = jpeg::segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    [
        b"\xFF\xD8".to_vec(),
        jfif,
        segments.concat(),
        SCAN.to_vec(),
        b"\xFF\xD9".to_vec(),
    ]
    .concat()
}

pub(super) fn gif_of(blocks: &[&[u8]]) -> Vec<u8> {
    [GIF, &blocks.concat(), b";"].concat()
}

pub(super) fn webp_of(flags: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let first = webp::chunk(b"VP8X", &[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let chunks = [first, webp::chunk(b"VP8L", VP8L), chunks.concat()].concat();
    let size = u32::try_from(chunks.len() + 4).unwrap();
    [&b"RIFF"[..], &size.to_le_bytes(), b"WEBP", &chunks].concat()
}

pub(super) fn exif_segment(tiff: &[u8]) -> Vec<u8> {
    jpeg::segment(0xE1, &[b"Exif\0\0", tiff].concat())
}

pub(super) fn xmp_segment(packet: &[u8]) -> Vec<u8> {
    jpeg::segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet].concat())
}

pub(super) fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
    [
        &tag.to_be_bytes()[..],
        &kind.to_be_bytes(),
        &count.to_be_bytes(),
        &value,
    ]
    .concat()
}

/// One directory, values behind it begin at `8 + 2 + 12 * entries + 4`.
pub(super) fn tiff(entries: &[Vec<u8>], values: &[u8]) -> Vec<u8> {
    let count = u16::try_from(entries.len()).unwrap().to_be_bytes();
    [
        b"MM\0*\0\0\0\x08",
        &count[..],
        &entries.concat(),
        &[0; 4],
        values,
    ]
    .concat()
}

/// `Artist` is `Jo`; none if it's the way up alone.
pub(super) fn turned(orientation: u8, artist: Option<&[u8; 4]>) -> Vec<u8> {
    let artist = artist.map(|artist| entry(0x013B, 2, 3, *artist));
    let entries: Vec<Vec<u8>> = [entry(0x0112, 3, 1, [0, orientation, 0, 0])]
        .into_iter()
        .chain(artist)
        .collect();
    tiff(&entries, b"")
}
