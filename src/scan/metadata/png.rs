//! PNG: chunks after a signature. What isn't needed to show the picture goes.

use std::io::Read;

use flate2::Crc;
use flate2::read::ZlibDecoder;

use super::{Field, Kind, Walk, be32, counted, exif, iptc, slice, text, xmp};

const SIGNATURE_BYTES: usize = 8;
/// Compressed texts are opened this far: a small one can hold gigabytes.
const TEXT_BYTES_MAX: u64 = 64 * 1024;
/// Chunks that one may leave out, but that say how the picture looks (PNG's third edition, its
/// extensions, APNG).
const SHOWN: [&[u8; 4]; 23] = [
    b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"mDCv",
    b"cLLi", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT", b"oFFs", b"pCAL",
    b"sCAL", b"sTER", b"gIFg",
];

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let mut walk = Walk::default();
    let mut at = SIGNATURE_BYTES;
    while at < bytes.len() {
        let Some(chunk) = Chunk::read(bytes, at) else {
            return walk.damaged(at);
        };
        let next = at + 12 + chunk.data.len();
        if chunk.name == b"IEND" {
            return walk.ends(next, bytes.len());
        }
        // A lower case letter: a reader that doesn't know the chunk may skip it.
        if chunk.name[0].is_ascii_lowercase() && !SHOWN.contains(&chunk.name) {
            match chunk.name {
                b"eXIf" => walk.exif_goes(at..next, chunk.data, exif_chunk),
                _ => walk.remove(at..next, || chunk.fields()),
            }
        }
        at = next;
    }
    walk
}

struct Chunk<'a> {
    name: &'a [u8; 4],
    data: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// A chunk with its checksum, which isn't checked: browsers show the picture anyway.
    fn read(bytes: &'a [u8], at: usize) -> Option<Chunk<'a>> {
        let len = be32(bytes, at)?;
        let name = bytes.get(at + 4..)?.first_chunk::<4>()?;
        let data = slice(bytes, at + 8, len)?;
        slice(bytes, at + 8 + len, 4)?;
        name.iter()
            .all(u8::is_ascii_alphabetic)
            .then_some(Chunk { name, data })
    }

    fn fields(&self) -> Vec<Field> {
        match self.name {
            b"tEXt" => text_fields(self.data),
            b"zTXt" => compressed_fields(self.data),
            b"iTXt" => international_fields(self.data),
            b"tIME" => vec![Field::new(Kind::Other, "tIME", &time(self.data))],
            name => vec![Field::raw(
                Kind::Other,
                &format!("chunk {}", text(name)),
                self.data,
            )],
        }
    }
}

fn exif_chunk(tiff: &[u8]) -> Vec<u8> {
    chunk(b"eXIf", tiff)
}

pub(super) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let size_bytes = u32::try_from(data.len()).expect("only short chunks are made");
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(data);
    [
        &size_bytes.to_be_bytes()[..],
        name,
        data,
        &crc.sum().to_be_bytes(),
    ]
    .concat()
}

fn text_fields(data: &[u8]) -> Vec<Field> {
    let (key, value) = split(data);
    named("tEXt", key, value)
}

fn compressed_fields(data: &[u8]) -> Vec<Field> {
    let (key, value) = split(data);
    let method_and_data = value.get(1..).unwrap_or_default();
    named("zTXt", key, &inflated(method_and_data))
}

/// Keyword, 0, whether it's compressed, how, language, 0, the keyword in that language, 0, the
/// text.
fn international_fields(data: &[u8]) -> Vec<Field> {
    let (key, rest) = split(data);
    let (_language, translated) = split(rest.get(2..).unwrap_or_default());
    let (_keyword, value) = split(translated);
    match rest.first() {
        Some(0) | None => named("iTXt", key, value),
        Some(_) => named("iTXt", key, &inflated(value)),
    }
}

fn named(chunk: &str, key: &[u8], value: &[u8]) -> Vec<Field> {
    let plain = || {
        vec![Field::new(
            Kind::Text,
            &format!("{chunk} {}", text(key)),
            &text(value),
        )]
    };
    match key {
        b"XML:com.adobe.xmp" => xmp::find(value),
        b"Raw profile type exif" | b"Raw profile type APP1" => {
            profile(value).map_or_else(plain, |p| exif_or_xmp(&p))
        }
        b"Raw profile type iptc" | b"Raw profile type 8bim" => {
            profile(value).map_or_else(plain, |p| resources(&p))
        }
        b"Raw profile type xmp" => profile(value).map_or_else(plain, |p| xmp::find(&p)),
        _ => plain(),
    }
}

fn exif_or_xmp(profile: &[u8]) -> Vec<Field> {
    match profile.strip_prefix(b"Exif\0\0") {
        Some(tiff) => exif::find(tiff),
        None if exif::is_tiff(profile) => exif::find(profile),
        None => xmp::find(profile),
    }
}

fn resources(profile: &[u8]) -> Vec<Field> {
    if profile.starts_with(b"8BIM") {
        iptc::find_resources(profile)
    } else {
        iptc::find(profile)
    }
}

/// ImageMagick's way to keep other formats' metadata: a line with the name, one with the length,
/// lines of hexadecimals.
fn profile(value: &[u8]) -> Option<Vec<u8>> {
    let value = std::str::from_utf8(value).ok()?;
    let mut lines = value.trim_start().lines().skip(1);
    let size_bytes: usize = lines.next()?.trim().parse().ok()?;
    let digits: Vec<u8> = lines
        .flat_map(|line| line.chars())
        .filter_map(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    let mut bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    bytes.truncate(size_bytes);
    (!bytes.is_empty()).then_some(bytes)
}

fn inflated(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before the damage is in `bytes`.
    match ZlibDecoder::new(data)
        .take(TEXT_BYTES_MAX)
        .read_to_end(&mut bytes)
    {
        Ok(_) => bytes,
        Err(_) if bytes.is_empty() => {
            format!("({} that can't be decompressed)", counted(data.len())).into_bytes()
        }
        Err(_) => bytes,
    }
}

fn time(data: &[u8]) -> String {
    match data {
        [y1, y0, month, day, hour, minute, second] => {
            let year = u16::from_be_bytes([*y1, *y0]);
            format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        _ => format!("({})", counted(data.len())),
    }
}

/// Splits data at the first zero byte.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|b| *b == 0) {
        Some(zero) => (&data[..zero], &data[zero + 1..]),
        None => (data, &[]),
    }
}
