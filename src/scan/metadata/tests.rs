//! Tests: what each format says, and what is left once it's stripped.

mod fields;
mod files;
mod pictures;
mod refused;
mod sounds;

use proptest::prelude::*;

use self::files::*;
use self::pictures::{gifs, jpegs, pngs, webps};
use self::sounds::mp3s;
use super::{Edit, Unstrippable, exif, find, jpeg, png, strip, webp};

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

/// Metadata is found and stripped, and everything else stays.
#[test]
fn metadata_is_found_and_stripped() {
    for row in rows() {
        assert_eq!(says(&row.file), row.says, "{}", row.story);
        let stripped = edited(&row.file, &strip(&row.file).expect(row.story));
        assert_eq!(stripped, row.stripped, "{}", row.story);
        assert_eq!(says(&stripped), row.still_says, "{}", row.story);
        assert_eq!(strip(&stripped), Ok(Vec::new()), "twice: {}", row.story);
    }
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
    /// Damaged files cause no panic, and stripping twice changes nothing.
    #[test]
    fn damaged_files_strip_without_panic(file in damaged()) {
        let found = find(&file);
        prop_assert!(found.iter().all(|field| field.value.chars().count() <= 201));
        if let Ok(edits) = strip(&file) {
            let stripped = edited(&file, &edits);
            prop_assert!(edits.iter().all(|edit| file[edit.span.clone()] != edit.text));
            prop_assert_eq!(strip(&stripped), Ok(Vec::new()));
        }
    }
}
