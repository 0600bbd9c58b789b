//! Tests: binary scenes.

use super::*;
use crate::refs::edit::Edits;
use crate::refs::{Extra, json};
use proptest::prelude::*;

/// A file of a JSON text, and what is behind it.
fn glb(json: &str, rest: &[u8]) -> Vec<u8> {
    let length = json.len().next_multiple_of(4);
    let total = (20 + length + rest.len()) as u32;
    let length = length as u32;
    let header = [
        *b"glTF",
        2_u32.to_le_bytes(),
        total.to_le_bytes(),
        length.to_le_bytes(),
        *b"JSON",
    ];
    let padding = vec![b' '; length as usize - json.len()];
    [header.as_flattened(), json.as_bytes(), &padding, rest].concat()
}

const BUFFER: &[u8] = b"\x04\0\0\0BIN\0\x01\x02\x03\x04";

/// Replaces each URI, and all lengths.
fn renamed(file: &[u8], new: &str) -> Vec<u8> {
    let json = json_chunk(file).expect("it's there");
    let text = std::str::from_utf8(&file[json.clone()]).expect("it's text");
    let mut edits = Vec::new();
    let mut delta = 0;
    for reference in json::gltf(text, &Extra::default()).references {
        let span = json.start + reference.span.start..json.start + reference.span.end;
        delta += new.len() as isize - span.len() as isize;
        edits.push((span, new.as_bytes().to_vec()));
    }
    edits.extend(lengths(file, delta).expect("it's small"));
    Edits::new(edits).apply(file)
}

/// The JSON of a binary glTF file is found without its padding.
#[test]
fn json_chunk_excludes_padding() {
    for json in ["{}", "{ }", "{  }", "{\"a\":1}", ""] {
        let file = glb(json, BUFFER);
        assert_eq!(
            &file[json_chunk(&file).expect("it's there")],
            json.as_bytes()
        );
    }
    // Some programs fill up with zeros.
    let file = glb("{}\0\0", b"");
    assert_eq!(json_chunk(&file), Some(20..22));
}

/// Renaming a reference updates the lengths and the padding of the glTF file.
#[test]
fn renaming_updates_glb_lengths() {
    // One name for three files, so that any number of blanks fills it up.
    let json = |name: &str| {
        let uri = format!(r#"{{"uri":"{name}"}}"#);
        format!(r#"{{"buffers":[{uri}],"images":[{uri},{uri}]}}"#)
    };
    for before in ["a", "ab.png", "abc.png", "textures/wood.png"] {
        for after in ["a", "ab", "abc", "abcd", "x/new-1.png"] {
            let file = renamed(&glb(&json(before), BUFFER), after);
            assert_eq!(file, glb(&json(after), BUFFER), "{before} {after}");
        }
    }
    let same = glb("{}", BUFFER);
    assert_eq!(renamed(&same, "a"), same);
}

/// A file that is no whole binary glTF of version 2 has no JSON chunk.
#[test]
fn malformed_glb_has_no_json() {
    let file = glb("{}", BUFFER);
    let changed = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[at] = byte;
        file
    };
    let version_1 = changed(4, 1);
    let other_chunk = changed(16, b'B');
    let chunk_beyond_total = changed(8, 20);
    let chunk_beyond_end = changed(13, 1);
    for bytes in [
        b"",
        &b"glTF"[..],
        &file[..20],
        &version_1,
        &other_chunk,
        &chunk_beyond_total,
        &chunk_beyond_end,
    ] {
        assert_eq!((json_chunk(bytes), lengths(bytes, 0)), (None, None));
    }
    assert_eq!(lengths(&file, -3), None);
    assert_eq!(lengths(&file, isize::MAX), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>(), delta in any::<isize>()) {
        for bytes in [[b"glTF\x02\0\0\0", &bytes[..]].concat(), bytes] {
            json_chunk(&bytes);
            lengths(&bytes, delta);
        }
    }
}
