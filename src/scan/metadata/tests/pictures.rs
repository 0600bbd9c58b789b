//! Rows of pictures.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;

/// Rows of what is kept: the way up, profiles, and what is behind the end.
fn jpegs_with_what_stays() -> Vec<Row> {
    let comment = jpeg::segment(0xFE, b"the answer");
    let icc = jpeg::segment(0xE2, b"ICC_PROFILE\0\x01\x01profile");
    let adobe = jpeg::segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01");
    let kept = [icc.clone(), adobe.clone()];
    vec![
        row(
            "nothing to say, nothing to do",
            jpeg_of(&kept),
            &[],
            jpeg_of(&kept),
        ),
        row(
            "profile and colour transform stay",
            jpeg_of(&[icc, comment.clone(), adobe]),
            &["text Comment: the answer"],
            jpeg_of(&kept),
        ),
        row(
            "the way up stays",
            jpeg_of(&[exif_segment(&turned(6, Some(b"Jo\0\0")))]),
            &["EXIF Artist: Jo"],
            jpeg_of(&[exif_segment(&turned(6, None))]),
        ),
        Row {
            still_says: vec!["other trailing data: 6 bytes after the end of the image"],
            ..row(
                "what's behind the end stays",
                [jpeg_of(&[comment]), b"secret".to_vec()].concat(),
                &[
                    "text Comment: the answer",
                    "other trailing data: 6 bytes after the end of the image",
                ],
                [jpeg_of(&[]), b"secret".to_vec()].concat(),
            )
        },
    ]
}

fn photoshop(part: &[u8]) -> Vec<u8> {
    jpeg::segment(0xED, &[b"Photoshop 3.0\0", part].concat())
}

/// A part of XMP that is too long for one segment.
fn extension(offset: u8, part: &[u8]) -> Vec<u8> {
    let head = [
        b"http://ns.adobe.com/xmp/extension/\0",
        &[b'0'; 32][..],
        &[0, 0, 0, 9],
        &[0, 0, 0, offset],
    ]
    .concat();
    jpeg::segment(0xE1, &[&head, part].concat())
}

/// Rows of EXIF, XMP and IPTC.
fn jpegs_with_exif() -> Vec<Row> {
    let iptc =
        b"\x1C\x02\0\0\x02\0\x04\x1C\x02\x05\0\x03ttl\x1C\x02\x78\0\x03cap\x1C\x02\xB9\0\x01z";
    let resources = [resource(0x03ED, b"odd"), resource(0x0404, iptc)].concat();
    let (half, other_half) = resources.split_at(30);
    let (first, second) = XMP.split_at(100);
    vec![
        row(
            "upright EXIF goes",
            jpeg_of(&[exif_segment(&turned(1, Some(b"Jo\0\0")))]),
            &["EXIF Artist: Jo"],
            jpeg_of(&[]),
        ),
        row(
            "readers take the first EXIF",
            jpeg_of(&[
                exif_segment(&turned(1, None)),
                exif_segment(&turned(6, None)),
            ]),
            &[],
            jpeg_of(&[]),
        ),
        row(
            "XMP goes",
            jpeg_of(&[xmp_segment(XMP)]),
            &XMP_SAYS,
            jpeg_of(&[]),
        ),
        row(
            "XMP in parts is put together",
            jpeg_of(&[extension(9, second), extension(0, first)]),
            &XMP_SAYS,
            jpeg_of(&[]),
        ),
        row(
            "IPTC in parts is put together",
            jpeg_of(&[photoshop(half), photoshop(other_half)]),
            &[
                "IPTC ObjectName: ttl",
                "IPTC Caption-Abstract: cap",
                "IPTC 2:185: z",
            ],
            jpeg_of(&[]),
        ),
    ]
}

/// Rows of all else.
fn jpegs_with_more() -> Vec<Row> {
    let comment = jpeg::segment(0xFE, b"the answer");
    let progressive =
        |between: &[u8]| [b"\xFF\xD8", SCAN, between, b"\xFF\xFF", SCAN, b"\xFF\xD9"].concat();
    let old = b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01RGB";
    vec![
        row(
            "comments between scans go",
            progressive(&comment),
            &["text Comment: the answer"],
            progressive(b""),
        ),
        row(
            "a JFIF thumbnail goes",
            jpeg_of(&[jpeg::segment(0xE0, old)]),
            &["other thumbnail: a thumbnail of 3 bytes"],
            jpeg_of(&[jpeg::segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")]),
        ),
        row(
            "unknown segments go",
            jpeg_of(&[jpeg::segment(0xEC, b"Ducky\0\x01\x02")]),
            &["other APP12 Ducky: (3 bytes)"],
            jpeg_of(&[]),
        ),
        row(
            "half a picture is stripped like a whole one",
            b"\xFF\xD8\xFF\xFE\0\x03!\xFF\xDA\0\x02\x12".to_vec(),
            &["text Comment: !"],
            b"\xFF\xD8\xFF\xDA\0\x02\x12".to_vec(),
        ),
    ]
}

pub(super) fn jpegs() -> Vec<Row> {
    let rows = [
        jpegs_with_what_stays(),
        jpegs_with_exif(),
        jpegs_with_more(),
    ];
    rows.into_iter().flatten().collect()
}

fn says_of_chunk(chunk: Vec<u8>, says: &[&'static str], story: &'static str) -> Row {
    row(story, png_of(&[chunk]), says, png_of(&[]))
}

/// Rows of texts.
fn pngs_with_texts() -> Vec<Row> {
    let bomb = deflated(&vec![b'x'; 4_000_000]);
    let long: &'static str =
        Box::leak(format!("text zTXt Key: {}…", "x".repeat(200)).into_boxed_str());
    vec![
        says_of_chunk(
            png::chunk(b"tEXt", b"Title\0Kr\xE4ken"),
            &["text tEXt Title: Kräken"],
            "Latin-1 text goes",
        ),
        says_of_chunk(
            png::chunk(b"zTXt", &[b"Key\0\0", &bomb[..]].concat()),
            &[long],
            "a text of megabytes is opened as far as it's shown",
        ),
        says_of_chunk(
            png::chunk(b"zTXt", b"Key\0\0nonsense"),
            &["text zTXt Key: (8 bytes that can't be decompressed)"],
            "text that can't be read is told",
        ),
        says_of_chunk(
            png::chunk(b"iTXt", "Title\0\0\0en\0Titel\0Kräken".as_bytes()),
            &["text iTXt Title: Kräken"],
            "UTF-8 text goes",
        ),
        says_of_chunk(
            png::chunk(
                b"iTXt",
                &[b"Title\0\x01\0\0\0", &deflated(b"deep")[..]].concat(),
            ),
            &["text iTXt Title: deep"],
            "compressed UTF-8 text goes",
        ),
    ]
}

/// Rows of all other chunks.
fn pngs_with_other_chunks() -> Vec<Row> {
    let gamma = png::chunk(b"gAMA", b"\0\0\xB1\x8F");
    let profile = turned(6, Some(b"Jo\0\0"))
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<String>();
    let profile = format!("\nexif\n      {}\n{profile}\n", profile.len() / 2);
    vec![
        says_of_chunk(
            png::chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat()),
            &XMP_SAYS,
            "XMP goes",
        ),
        says_of_chunk(
            png::chunk(
                b"tEXt",
                &[b"Raw profile type exif\0", profile.as_bytes()].concat(),
            ),
            &["EXIF Artist: Jo"],
            "ImageMagick's copies of EXIF go",
        ),
        says_of_chunk(
            png::chunk(b"tIME", b"\x07\xE8\x02\x03\x04\x05\x06"),
            &["other tIME: 2024-02-03 04:05:06"],
            "the time goes",
        ),
        says_of_chunk(
            png::chunk(b"caBX", b"\x01\0\x02"),
            &["other chunk caBX: (3 bytes)"],
            "unknown chunks go",
        ),
        row(
            "the way up stays",
            png_of(&[png::chunk(b"eXIf", &turned(8, Some(b"Jo\0\0")))]),
            &["EXIF Artist: Jo"],
            png_of(&[png::chunk(b"eXIf", &turned(8, None))]),
        ),
        row(
            "gamma stays",
            png_of(&[gamma.clone(), png::chunk(b"eXIf", &turned(1, None))]),
            &[],
            png_of(&[gamma]),
        ),
        Row {
            still_says: vec!["other trailing data: 2 bytes after the end of the image"],
            ..row(
                "what's behind the end stays",
                [png_of(&[]), b"PK".to_vec()].concat(),
                &["other trailing data: 2 bytes after the end of the image"],
                [png_of(&[]), b"PK".to_vec()].concat(),
            )
        },
    ]
}

pub(super) fn pngs() -> Vec<Row> {
    pngs_with_texts()
        .into_iter()
        .chain(pngs_with_other_chunks())
        .collect()
}

pub(super) fn gifs() -> Vec<Row> {
    let looping: &[u8] = b"!\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";
    // Behind the packet: 01, FF down to 00, and the end of the sub-blocks.
    let landing: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
    let xmp = [b"!\xFF\x0BXMP DataXMP", XMP, &landing].concat();
    vec![
        row(
            "comments go",
            gif_of(&[looping, b"!\xFE\x03one\x03two\0"]),
            &["text Comment: onetwo"],
            gif_of(&[looping]),
        ),
        row(
            "XMP goes",
            gif_of(&[&xmp, looping]),
            &XMP_SAYS,
            gif_of(&[looping]),
        ),
        row(
            "unknown programs' blocks go",
            gif_of(&[b"!\xFF\x0BEVILCORP1.0\x01x\0"]),
            &["other application EVILCORP1.0: (17 bytes)"],
            gif_of(&[]),
        ),
        Row {
            still_says: vec!["text PlainText: hi"],
            ..row(
                "text that's drawn stays",
                gif_of(&[b"!\x01\x0C123456789012\x02hi\0"]),
                &["text PlainText: hi"],
                gif_of(&[b"!\x01\x0C123456789012\x02hi\0"]),
            )
        },
        Row {
            still_says: vec!["other trailing data: 1 byte after the end of the image"],
            ..row(
                "what's behind the end stays",
                gif_of(&[b"!\xFE\x01x\0", b";"]),
                &[
                    "text Comment: x",
                    "other trailing data: 1 byte after the end of the image",
                ],
                gif_of(&[b";"]),
            )
        },
    ]
}

pub(super) fn webps() -> Vec<Row> {
    let exif = |tiff: &[u8]| webp::chunk(b"EXIF", tiff);
    let artist = turned(1, Some(b"Jo\0\0"));
    let xmp = webp::chunk(b"XMP ", XMP);
    let trailing = |file: Vec<u8>| [file, b"tail".to_vec()].concat();
    vec![
        row(
            "flags and size are corrected",
            webp_of(0x1C, &[exif(&artist), xmp.clone()]),
            &[&["EXIF Artist: Jo"], &XMP_SAYS[..]].concat(),
            webp_of(0x10, &[]),
        ),
        row(
            "the way up stays",
            webp_of(0x0C, &[exif(&turned(3, Some(b"Jo\0\0"))), xmp]),
            &[&["EXIF Artist: Jo"], &XMP_SAYS[..]].concat(),
            webp_of(0x08, &[exif(&turned(3, None))]),
        ),
        row(
            "EXIF as in a JPEG is read",
            webp_of(0x08, &[exif(&[b"Exif\0\0", &artist[..]].concat())]),
            &["EXIF Artist: Jo"],
            webp_of(0, &[]),
        ),
        row(
            "unknown chunks go",
            webp_of(0, &[webp::chunk(b"hint", b"odd")]),
            &["other chunk hint: odd"],
            webp_of(0, &[]),
        ),
        Row {
            still_says: vec!["other trailing data: 4 bytes after the end of the image"],
            ..row(
                "what's behind the end stays",
                trailing(webp_of(8, &[exif(&artist)])),
                &[
                    "EXIF Artist: Jo",
                    "other trailing data: 4 bytes after the end of the image",
                ],
                trailing(webp_of(0, &[])),
            )
        },
    ]
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn resource(number: u16, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap().to_be_bytes();
    [
        b"8BIM",
        &number.to_be_bytes()[..],
        b"\0\0",
        &size,
        data,
        &[0][..data.len() % 2],
    ]
    .concat()
}
