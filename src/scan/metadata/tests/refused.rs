//! Tests: files that stay as they are.

use super::*;

/// A name, a file, why it can't be stripped, and what it says.
type Case = (
    &'static str,
    Vec<u8>,
    Option<Unstrippable>,
    &'static [&'static str],
);

fn comments(texts: &[&str]) -> Vec<u8> {
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
}

fn flac(texts: &[&str]) -> Vec<u8> {
    let comments = comments(texts);
    let size = u8::try_from(comments.len()).unwrap();
    [
        b"fLaC\0\0\0\x22",
        &[0; 34][..],
        &[0x84, 0, 0, size],
        &comments,
    ]
    .concat()
}

fn riff(chunks: &[&[u8]]) -> Vec<u8> {
    let chunks = chunks.concat();
    [
        b"RIFF",
        &u32::try_from(chunks.len() + 4).unwrap().to_le_bytes()[..],
        b"WAVE",
        &chunks,
    ]
    .concat()
}

fn sounds() -> Vec<Case> {
    let wave: &[u8] = b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0";
    let info: &[u8] = b"LIST\x12\0\0\0INFOINAM\x06\0\0\0Kraken";
    let data: &[u8] = b"data\x04\0\0\0\x80\x80\x80\x80";
    vec![
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
    ]
}

/// Files that end early, or say so.
fn damaged_files() -> Vec<Case> {
    let png = png_of(&[png::chunk(b"tEXt", b"a\0b")]);
    vec![
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
    ]
}

fn other_files() -> Vec<Case> {
    let gain_map =
        xmp_segment(b"<x:xmpmeta><rdf:Description xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'/></x:xmpmeta>");
    vec![
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
            "PDF that's none",
            b"%PDF-1.4 hello".to_vec(),
            Some(Unstrippable::Pdf),
            &[],
        ),
        ("a text in UTF-16", b"\xFF\xFEa\0b\0".to_vec(), None, &[]),
        ("nothing", Vec::new(), None, &[]),
    ]
}

/// A file that cannot be stripped says why, and clean files are left alone.
#[test]
fn unstrippable_files_say_why() {
    let table = [sounds(), damaged_files(), other_files()];
    for (story, file, hindrance, found) in table.into_iter().flatten() {
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
