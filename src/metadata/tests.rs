//! Tests: what each format says, and what is left once it's stripped.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;

use super::{Edit, Unstrippable, exif, find, jpeg, png, strip, webp};

const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF!\xF9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0";
const VP8L: &[u8] = b"/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07\0";
const SCAN: &[u8] = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x12\xFF\0\x34\xFF\xD0\x56";
const XMP: &[u8] =
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description rdf:about='' xmp:CreatorTool='GIMP'>\
    <dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Kraken &amp; co</rdf:li></rdf:Alt></dc:title>\
    <dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:subject>\
    <tiff:Orientation>6</tiff:Orientation></rdf:Description></rdf:RDF></x:xmpmeta>";
const XMP_SAYS: [&str; 3] = [
    "XMP xmp:CreatorTool: GIMP",
    "XMP dc:title: Kraken & co",
    "XMP dc:subject: a, b",
];

/// A file, what it says, what's left of it, and what that says.
struct Row {
    story: &'static str,
    file: Vec<u8>,
    says: Vec<&'static str>,
    stripped: Vec<u8>,
    still_says: Vec<&'static str>,
}

fn row(story: &'static str, file: Vec<u8>, says: &[&'static str], stripped: Vec<u8>) -> Row {
    let (says, still_says) = (says.to_vec(), Vec::new());
    Row {
        story,
        file,
        says,
        stripped,
        still_says,
    }
}

fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
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

fn jpeg_of(segments: &[Vec<u8>]) -> Vec<u8> {
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

fn gif_of(blocks: &[&[u8]]) -> Vec<u8> {
    [GIF, &blocks.concat(), b";"].concat()
}

fn webp_of(flags: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let first = webp::chunk(b"VP8X", &[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let chunks = [first, webp::chunk(b"VP8L", VP8L), chunks.concat()].concat();
    let size = u32::try_from(chunks.len() + 4).unwrap();
    [&b"RIFF"[..], &size.to_le_bytes(), b"WEBP", &chunks].concat()
}

fn exif_segment(tiff: &[u8]) -> Vec<u8> {
    jpeg::segment(0xE1, &[b"Exif\0\0", tiff].concat())
}

fn xmp_segment(packet: &[u8]) -> Vec<u8> {
    jpeg::segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet].concat())
}

fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
    [
        &tag.to_be_bytes()[..],
        &kind.to_be_bytes(),
        &count.to_be_bytes(),
        &value,
    ]
    .concat()
}

/// One directory, values behind it begin at `8 + 2 + 12 * entries + 4`.
fn tiff(entries: &[Vec<u8>], values: &[u8]) -> Vec<u8> {
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
fn turned(orientation: u8, artist: Option<&[u8; 4]>) -> Vec<u8> {
    let artist = artist.map(|artist| entry(0x013B, 2, 3, *artist));
    let entries: Vec<Vec<u8>> = [entry(0x0112, 3, 1, [0, orientation, 0, 0])]
        .into_iter()
        .chain(artist)
        .collect();
    tiff(&entries, b"")
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

fn jpegs() -> Vec<Row> {
    let comment = jpeg::segment(0xFE, b"the answer");
    let icc = jpeg::segment(0xE2, b"ICC_PROFILE\0\x01\x01profile");
    let adobe = jpeg::segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01");
    let kept = [icc.clone(), adobe.clone()];
    let iptc =
        b"\x1C\x02\0\0\x02\0\x04\x1C\x02\x05\0\x03ttl\x1C\x02\x78\0\x03cap\x1C\x02\xB9\0\x01z";
    let resources = [resource(0x03ED, b"odd"), resource(0x0404, iptc)].concat();
    let (half, other_half) = resources.split_at(30);
    let photoshop = |part: &[u8]| jpeg::segment(0xED, &[b"Photoshop 3.0\0", part].concat());
    let extension = |offset: u8, part: &[u8]| {
        let head = [
            b"http://ns.adobe.com/xmp/extension/\0",
            &[b'0'; 32][..],
            &[0, 0, 0, 9],
            &[0, 0, 0, offset],
        ]
        .concat();
        jpeg::segment(0xE1, &[&head, part].concat())
    };
    let (first, second) = XMP.split_at(100);
    let progressive =
        |between: &[u8]| [b"\xFF\xD8", SCAN, between, b"\xFF\xFF", SCAN, b"\xFF\xD9"].concat();
    let old = b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01RGB";
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
            "upright EXIF goes",
            jpeg_of(&[exif_segment(&turned(1, Some(b"Jo\0\0")))]),
            &["EXIF Artist: Jo"],
            jpeg_of(&[]),
        ),
        row(
            "the way up stays",
            jpeg_of(&[exif_segment(&turned(6, Some(b"Jo\0\0")))]),
            &["EXIF Artist: Jo"],
            jpeg_of(&[exif_segment(&turned(6, None))]),
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

fn pngs() -> Vec<Row> {
    let says = |chunk: Vec<u8>, says: &[&'static str], story| {
        row(story, png_of(&[chunk]), says, png_of(&[]))
    };
    let gamma = png::chunk(b"gAMA", b"\0\0\xB1\x8F");
    let bomb = deflated(&vec![b'x'; 4_000_000]);
    let long: &'static str =
        Box::leak(format!("text zTXt Key: {}…", "x".repeat(200)).into_boxed_str());
    let profile = turned(6, Some(b"Jo\0\0"))
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<String>();
    let profile = format!("\nexif\n      {}\n{profile}\n", profile.len() / 2);
    vec![
        says(
            png::chunk(b"tEXt", b"Title\0Kr\xE4ken"),
            &["text tEXt Title: Kräken"],
            "Latin-1 text goes",
        ),
        says(
            png::chunk(b"zTXt", &[b"Key\0\0", &bomb[..]].concat()),
            &[long],
            "a text of megabytes is opened as far as it's shown",
        ),
        says(
            png::chunk(b"zTXt", b"Key\0\0nonsense"),
            &["text zTXt Key: (8 bytes that can't be decompressed)"],
            "text that can't be read is told",
        ),
        says(
            png::chunk(b"iTXt", "Title\0\0\0en\0Titel\0Kräken".as_bytes()),
            &["text iTXt Title: Kräken"],
            "UTF-8 text goes",
        ),
        says(
            png::chunk(
                b"iTXt",
                &[b"Title\0\x01\0\0\0", &deflated(b"deep")[..]].concat(),
            ),
            &["text iTXt Title: deep"],
            "compressed UTF-8 text goes",
        ),
        says(
            png::chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat()),
            &XMP_SAYS,
            "XMP goes",
        ),
        says(
            png::chunk(
                b"tEXt",
                &[b"Raw profile type exif\0", profile.as_bytes()].concat(),
            ),
            &["EXIF Artist: Jo"],
            "ImageMagick's copies of EXIF go",
        ),
        says(
            png::chunk(b"tIME", b"\x07\xE8\x02\x03\x04\x05\x06"),
            &["other tIME: 2024-02-03 04:05:06"],
            "the time goes",
        ),
        says(
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

fn gifs() -> Vec<Row> {
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

fn webps() -> Vec<Row> {
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

/// Two frames of silence.
fn sound() -> Vec<u8> {
    let frame = [&b"\xFF\xFB\x90\x64"[..], &[0; 413]].concat();
    frame.repeat(2)
}

fn id3v2(frames: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let size = |len: usize| {
        [
            0,
            0,
            u8::try_from(len >> 7).unwrap(),
            u8::try_from(len & 0x7F).unwrap(),
        ]
    };
    let frame =
        |(name, data): &(&[u8; 4], &[u8])| [*name, &size(data.len())[..], b"\0\0", data].concat();
    let frames: Vec<u8> = frames.iter().flat_map(frame).collect();
    [b"ID3\x04\0\0", &size(frames.len())[..], &frames].concat()
}

fn mp3s() -> Vec<Row> {
    let front = id3v2(&[
        (b"TIT2", b"\x03Kraken"),
        (b"TXXX", b"\x03KEY\0hidden"),
        (b"APIC", b"\0image/png\0\x03\0\x89PNG...."),
    ]);
    let says = [
        "tag Title: Kraken",
        "tag TXXX KEY: hidden",
        "tag picture: a picture of 8 bytes",
    ];
    let id3v1 = [
        b"TAG",
        &b"Kraken"
            .iter()
            .copied()
            .chain([0; 119])
            .collect::<Vec<_>>()[..],
    ]
    .concat();
    let ape_item = [&6u32.to_le_bytes()[..], &[0; 4], b"Note\0hidden"].concat();
    let ape_end = |flags: u32| {
        let size = u32::try_from(ape_item.len() + 32).unwrap().to_le_bytes();
        [
            b"APETAGEX",
            &2000u32.to_le_bytes()[..],
            &size,
            &1u32.to_le_bytes(),
            &flags.to_le_bytes(),
            &[0; 8],
        ]
        .concat()
    };
    let ape = [ape_end(0xA000_0000), ape_item.clone(), ape_end(0x8000_0000)].concat();
    vec![
        row(
            "ID3v2 goes",
            [front.clone(), sound()].concat(),
            &says,
            sound(),
        ),
        row(
            "two of them go",
            [id3v2(&[(b"TIT2", b"\x03A")]), front.clone(), sound()].concat(),
            &says,
            sound(),
        ),
        row(
            "ID3v1 goes",
            [sound(), id3v1.clone()].concat(),
            &["tag Title: Kraken"],
            sound(),
        ),
        row(
            "APE goes, with ID3v1 behind it",
            [sound(), ape, id3v1].concat(),
            &["tag Note: hidden", "tag Title: Kraken"],
            sound(),
        ),
        row("no tags, nothing to do", sound(), &[], sound()),
    ]
}

fn rows() -> Vec<Row> {
    [jpegs(), pngs(), gifs(), webps(), mp3s()]
        .into_iter()
        .flatten()
        .collect()
}

fn says(file: &[u8]) -> Vec<String> {
    find(file)
        .iter()
        .map(|field| format!("{} {}: {}", field.kind, field.name, field.value))
        .collect()
}

/// `file` with `edits` done; panics where they aren't sorted or not in the file.
fn edited(file: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(&file[at..edit.span.start]);
        out.extend_from_slice(&edit.text);
        at = edit.span.end;
    }
    out.extend_from_slice(&file[at..]);
    out
}

#[test]
fn what_a_file_says_is_found_and_goes_and_all_else_stays() {
    for row in rows() {
        assert_eq!(says(&row.file), row.says, "{}", row.story);
        let stripped = edited(&row.file, &strip(&row.file).expect(row.story));
        assert_eq!(stripped, row.stripped, "{}", row.story);
        assert_eq!(says(&stripped), row.still_says, "{}", row.story);
        assert_eq!(strip(&stripped), Ok(Vec::new()), "twice: {}", row.story);
    }
}

#[test]
fn what_cant_be_stripped_says_so_and_clean_files_are_left_in_peace() {
    let comments = |texts: &[&str]| {
        let text = |text: &&str| {
            [
                &u32::try_from(text.len()).unwrap().to_le_bytes()[..],
                text.as_bytes(),
            ]
            .concat()
        };
        let count = u32::try_from(texts.len()).unwrap().to_le_bytes();
        [
            &3u32.to_le_bytes()[..],
            b"lib",
            &count,
            &texts.iter().flat_map(text).collect::<Vec<u8>>(),
        ]
        .concat()
    };
    let flac = |texts: &[&str]| {
        let comments = comments(texts);
        let size = u8::try_from(comments.len()).unwrap();
        [
            b"fLaC\0\0\0\x22",
            &[0; 34][..],
            &[0x84, 0, 0, size],
            &comments,
        ]
        .concat()
    };
    let riff = |chunks: &[&[u8]]| {
        let chunks = chunks.concat();
        [
            b"RIFF",
            &u32::try_from(chunks.len() + 4).unwrap().to_le_bytes()[..],
            b"WAVE",
            &chunks,
        ]
        .concat()
    };
    let wave: &[u8] = b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0";
    let info: &[u8] = b"LIST\x12\0\0\0INFOINAM\x06\0\0\0Kraken";
    let data: &[u8] = b"data\x04\0\0\0\x80\x80\x80\x80";
    let gain_map =
        xmp_segment(b"<x:xmpmeta><rdf:Description xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'/></x:xmpmeta>");
    let png = png_of(&[png::chunk(b"tEXt", b"a\0b")]);
    type Case = (
        &'static str,
        Vec<u8>,
        Option<Unstrippable>,
        &'static [&'static str],
    );
    let table: [Case; 14] = [
        (
            "FLAC with a tag",
            flac(&["KEY=hidden"]),
            Some(Unstrippable::Media("FLAC")),
            &["tag KEY: hidden"],
        ),
        ("FLAC without", flac(&[]), None, &[]),
        (
            "WAV with a tag",
            riff(&[wave, info, data]),
            Some(Unstrippable::Media("WAV")),
            &["tag Title: Kraken"],
        ),
        ("WAV without", riff(&[wave, data]), None, &[]),
        (
            "TIFF",
            turned(1, Some(b"Jo\0\0")),
            Some(Unstrippable::Picture("TIFF")),
            &["EXIF Artist: Jo"],
        ),
        (
            "a gain map",
            jpeg_of(&[gain_map]),
            Some(Unstrippable::GainMap),
            &[],
        ),
        (
            "PNG, cut",
            png[..60].to_vec(),
            Some(Unstrippable::Damaged(48)),
            &[
                "text tEXt a: b",
                "other damage: damaged at byte 48, not read further",
            ],
        ),
        (
            "JPEG, a size too large",
            b"\xFF\xD8\xFF\xFE\x00\x03!\xFF\xFE\xFF\xFF!".to_vec(),
            Some(Unstrippable::Damaged(7)),
            &[
                "text Comment: !",
                "other damage: damaged at byte 7, not read further",
            ],
        ),
        (
            "GIF, only its name",
            b"GIF89a".to_vec(),
            Some(Unstrippable::Damaged(0)),
            &["other damage: damaged at byte 0, not read further"],
        ),
        (
            "WebP, cut",
            webp_of(0, &[])[..40].to_vec(),
            Some(Unstrippable::Damaged(30)),
            &["other damage: damaged at byte 30, not read further"],
        ),
        (
            "ID3v2, cut",
            b"ID3\x04\0\0\0\0\0\x7F".to_vec(),
            Some(Unstrippable::Damaged(0)),
            &["other damage: damaged at byte 0, not read further"],
        ),
        (
            "PDF that's none",
            b"%PDF-1.4 hello".to_vec(),
            Some(Unstrippable::Pdf),
            &[],
        ),
        ("a text in UTF-16", b"\xFF\xFEa\0b\0".to_vec(), None, &[]),
        ("nothing", Vec::new(), None, &[]),
    ];
    for (story, file, hindrance, found) in table {
        assert_eq!(
            strip(&file),
            hindrance.map_or(Ok(Vec::new()), Err),
            "{story}"
        );
        // What a foreign reader says of damage is its own affair.
        let says: Vec<String> = says(&file)
            .into_iter()
            .filter(|line| !line.contains("can't be read"))
            .collect();
        assert_eq!(says, found, "{story}");
    }
}

#[test]
fn notes_in_exif_are_found_and_numbers_arent() {
    let gps = [
        entry(1, 2, 2, *b"N\0\0\0"),
        entry(2, 5, 3, 90u32.to_be_bytes()),
    ];
    let directory = |entries: &[Vec<u8>]| {
        [
            &u16::try_from(entries.len()).unwrap().to_be_bytes()[..],
            &entries.concat(),
            &[0; 4],
        ]
        .concat()
    };
    let entries = [
        entry(0x0100, 4, 1, 640u32.to_be_bytes()),
        entry(0x0110, 2, 4, *b"Cam\0"),
        entry(0x011A, 5, 1, 90u32.to_be_bytes()),
        entry(0x8825, 4, 1, 114u32.to_be_bytes()),
        entry(0x9C9B, 1, 4, *b"K\0r\0"),
        entry(0xBEEF, 7, 4, *b"note"),
        entry(0xBEF0, 7, 4, [1, 2, 3, 4]),
    ];
    let file = tiff(
        &entries,
        &[&[0, 0, 0, 51, 0, 0, 0, 1, 0, 0, 0, 30, 0, 0, 0, 1][..]].concat(),
    );
    assert_eq!(file.len(), 114);
    let degrees = [
        0, 0, 0, 51, 0, 0, 0, 1, 0, 0, 0, 30, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1,
    ];
    let gps = [gps[0].clone(), entry(2, 5, 3, 144u32.to_be_bytes())];
    let file = [file, directory(&gps), degrees.to_vec()].concat();
    let found: Vec<String> = exif::find(&file)
        .iter()
        .map(|f| format!("{} {}: {}", f.kind, f.name, f.value))
        .collect();
    assert_eq!(
        found,
        [
            "EXIF Model: Cam",
            "GPS GPSLatitude: 51 deg 30 min 0 sec N",
            "EXIF XPTitle: Kr",
            "EXIF 0xBEEF: note",
            "EXIF 0xBEF0: (4 bytes)"
        ]
    );
}

#[test]
fn exif_that_stands_for_gigabytes_isnt_read() {
    // 5,000 pointers to the directory they stand in: 25 million entries.
    let pointers = vec![entry(0x8769, 4, 1, 8u32.to_be_bytes()); 5_000];
    // 5,000 times the same 60,000 bytes.
    let copies = vec![entry(0x013B, 2, 60_000, 8u32.to_be_bytes()); 5_000];
    for (story, entries) in [
        ("overlapping directories", pointers),
        ("overlapping values", copies),
    ] {
        let file = tiff(&entries, b"");
        let expected = format!("EXIF EXIF: ({} bytes)", file.len());
        assert_eq!(
            says(&jpeg_of(&[exif_segment(&file)])),
            [expected],
            "{story}"
        );
    }
}

#[test]
fn other_pictures_of_the_file_are_found_where_they_moved() {
    let comment = jpeg::segment(0xFE, &[b'x'; 40]);
    // The index counts from its own beginning, 4 + 4 bytes into its segment.
    let index = |size: u32, offset: u32| {
        let entries = [
            &[0; 4][..],
            &size.to_be_bytes(),
            &[0; 8],
            &[0; 4],
            &99u32.to_be_bytes(),
            &offset.to_be_bytes(),
            &[0; 4],
        ]
        .concat();
        jpeg::segment(
            0xE2,
            &[
                b"MPF\0",
                &tiff(&[entry(0xB002, 7, 32, 26u32.to_be_bytes())], &entries)[..],
            ]
            .concat(),
        )
    };
    let file = |before: &[u8], index: Vec<u8>, after: &[u8]| {
        jpeg_of(&[before.to_vec(), index, after.to_vec()])
    };
    let bare = file(&[], index(0, 0), &[]);
    let (size, start) = (u32::try_from(bare.len()).unwrap(), 2 + 18 + 8);
    let second = jpeg_of(&[]);
    let whole = |file: Vec<u8>| [file, second.clone()].concat();
    let before = whole(file(
        &comment,
        index(size + 88, size - start + 44),
        &comment,
    ));
    let after = whole(file(&[], index(size, size - start), &[]));
    let edits = strip(&before).unwrap();
    assert_eq!(edited(&before, &edits), after);
    assert_eq!(strip(&after), Ok(Vec::new()));
}

#[test]
fn a_pdfs_properties_and_what_it_was_before_are_found() {
    let pdf = |info: &str| {
        let mut file =
            "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>\nendobj\n".to_string();
        let mut at = vec![9];
        let stream = format!(
            "<</Type/Metadata/Length {}>>\nstream\n{}\nendstream",
            XMP.len(),
            String::from_utf8_lossy(XMP)
        );
        for (number, object) in [
            (2, "<</Type/Pages/Kids[]/Count 0>>"),
            (3, info),
            (4, stream.as_str()),
        ] {
            at.push(file.len());
            file += &format!("{number} 0 obj\n{object}\nendobj\n");
        }
        let table = file.len();
        file += "xref\n0 5\n0000000000 65535 f \n";
        file.extend(at.iter().map(|at| format!("{at:010} 00000 n \n")));
        file + &format!("trailer\n<</Size 5/Root 1 0 R/Info 3 0 R>>\nstartxref\n{table}\n%%EOF\n")
    };
    let file = pdf("<</Title(Kraken)/Author<FEFF00C4>/Solution(hidden)/Trapped/False>>");
    let info = [
        "PDF Title: Kraken",
        "PDF Author: Ä",
        "PDF Solution: hidden",
        "PDF Trapped: False",
    ];
    let expected = [&info[..], &XMP_SAYS].concat();
    assert_eq!(says(file.as_bytes()), expected);
    assert_eq!(strip(file.as_bytes()), Err(Unstrippable::Pdf));

    let appended = format!("{file}startxref\n0\n%%EOF\n");
    assert!(
        says(appended.as_bytes())
            .contains(&"other history: 1 earlier versions of it are still in the file".to_string())
    );
}

#[test]
fn names_values_and_fields_are_bounded() {
    let many = (0..5_000)
        .map(|n| format!("<a:b{n}>{}</a:b{n}>", "v".repeat(300)))
        .collect::<String>();
    let packet = format!(
        "<x:xmpmeta><{long}>v</{long}>{many}</x:xmpmeta>",
        long = "n".repeat(5_000)
    );
    let fields = find(&png_of(&[png::chunk(
        b"iTXt",
        &[b"XML:com.adobe.xmp\0\0\0\0\0", packet.as_bytes()].concat(),
    )]));
    assert_eq!(fields.len(), 2_001);
    assert!(
        fields
            .iter()
            .all(|field| field.name.len() <= 100 && field.value.chars().count() <= 201)
    );
    let last = fields.last().unwrap();
    assert_eq!(
        (last.name.as_str(), last.value.as_str()),
        ("more", "at least 1 more")
    );
}

/// Flips, cuts and doubles bytes of good files.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let files: Vec<Vec<u8>> = rows().into_iter().map(|row| row.file).collect();
    let change = (
        0..5u8,
        any::<prop::sample::Index>(),
        0..40usize,
        any::<u8>(),
    );
    let changes = prop::collection::vec(change, 1..6);
    (prop::sample::select(files), changes).prop_map(|(mut file, changes)| {
        for (what, at, len, byte) in changes {
            let at = at.index(file.len().max(1)).min(file.len());
            let end = (at + len).min(file.len());
            match what {
                0 if at < file.len() => file[at] ^= byte,
                1 => file.truncate(at),
                2 => drop(file.drain(at..end)),
                3 => drop(file.splice(at..at, file[at..end].to_vec())),
                4 if at < file.len() => file[at] = [0, 0xFF, 0x7F, 0x80][usize::from(byte % 4)],
                _ => {}
            }
        }
        file
    })
}

proptest! {
    #[test]
    fn damage_is_survived_and_stripping_is_done_once(file in damaged()) {
        let found = find(&file);
        prop_assert!(found.iter().all(|field| field.value.chars().count() <= 201));
        if let Ok(edits) = strip(&file) {
            let stripped = edited(&file, &edits);
            prop_assert!(edits.iter().all(|edit| file[edit.span.clone()] != edit.text));
            prop_assert_eq!(strip(&stripped), Ok(Vec::new()));
        }
    }
}
