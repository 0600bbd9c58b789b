//! Tests: fields of EXIF, of pictures in pictures, and of documents.

use super::*;

/// A file with notes, numbers and a place.
fn noted() -> Vec<u8> {
    let north = entry(1, 2, 2, *b"N\0\0\0");
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
    let gps = [north, entry(2, 5, 3, 144u32.to_be_bytes())];
    [file, directory(&gps), degrees.to_vec()].concat()
}

/// Texts in EXIF are reported, and numbers are not.
#[test]
fn exif_texts_are_reported() {
    let found: Vec<String> = exif::find(&noted())
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

/// EXIF that overlaps itself is reported whole instead of being expanded.
#[test]
fn overlapping_exif_is_not_expanded() {
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

/// A list of two pictures, the second of which is at `offset` from the list's own beginning, 4 + 4
/// bytes into its segment.
fn index(size: u32, offset: u32) -> Vec<u8> {
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
}

/// Offsets to other pictures in the file are updated after stripping.
#[test]
fn embedded_picture_offsets_are_updated() {
    let comment = jpeg::segment(0xFE, &[b'x'; 40]);
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

/// A document with these properties, and with XMP.
fn pdf_with(info: &str) -> String {
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
}

/// Properties of a PDF and its earlier versions are found.
#[test]
fn pdf_properties_and_history_are_found() {
    let file = pdf_with("<</Title(Kraken)/Author<FEFF00C4>/Solution(hidden)/Trapped/False>>");
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
            .contains(&"other history: earlier versions still in the file: 1".to_string())
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
