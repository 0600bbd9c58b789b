//! Whole files inside of others, read piece by piece.

use super::*;

fn marks(files: &[&[u8]]) -> Marks {
    Marks::new(files.iter().map(|file| {
        let head = file.first_chunk::<HEAD_BYTES>().expect("long enough");
        (*head, (file.len() as u64, blake3::hash(file)))
    }))
}

fn places(marks: &Marks, bytes: &[u8], piece: usize) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    let mut carver = Carver::default();
    for piece in bytes.chunks(piece) {
        carver.feed(marks, piece, &mut |at, size, _| all.push((at, size)));
    }
    all
}

/// A whole file is found at any place inside another, however it is chunked.
#[test]
fn embedded_files_are_found_anywhere() {
    let one: Vec<u8> = (0..200).collect();
    let longer: Vec<u8> = (0..250).collect();
    let marks = marks(&[&one, &longer]);
    let text = [b"before".as_slice(), &one, b"between", &longer, b"after"].concat();
    for piece in [1, 5, 63, 64, 65, 300, 1000] {
        let mut found = places(&marks, &text, piece);
        found.sort_unstable();
        assert_eq!(found, [(6, 200), (213, 200), (213, 250)], "{piece}");
    }
    assert_eq!(places(&marks, &one[..199], 50), []);
    let mut other = one.clone();
    other[150] = 1;
    assert_eq!(places(&marks, &other, 50), []);
}
