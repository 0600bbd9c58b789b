//! Bytes as they pass by, in pieces of any size.

use super::*;
use crate::base::encode::gzip_always;

fn measured(bytes: &[u8], content_bytes: u64, step: usize) -> Vec<Level> {
    let mut measure = Measure::new(content_bytes, &[]);
    bytes.chunks(step).for_each(|chunk| measure.take(chunk));
    measure.measured().0
}

fn level(bytes: &[u8]) -> Level {
    Level {
        bytes: bytes.len() as u64,
        digest: blake3::hash(bytes),
    }
}

/// Content is measured as received and after each layer of gzip.
#[test]
fn content_is_measured_per_gzip_layer() {
    let content = b"a page of the hunt, and another".repeat(9);
    let once = gzip_always(&content, 9);
    let twice = gzip_always(&once, 9);
    for step in [1, 7, 1000] {
        let size = content.len() as u64;
        assert_eq!(measured(&content, size, step), [level(&content)]);
        assert_eq!(measured(&once, size, step), [level(&once), level(&content)]);
        assert_eq!(
            measured(&twice, size, step),
            [level(&twice), level(&once), level(&content)]
        );
        let half = &once[..once.len() / 2];
        assert_eq!(measured(half, size, step), [level(half)], "cut off");
    }
    assert_eq!(measured(b"", 0, 1), [level(b"")]);
    assert_eq!(measured(&GZIP[..1], 1, 1), [level(&GZIP[..1])]);
}

#[test]
fn a_bomb_is_given_up() {
    let bomb = gzip_always(&vec![0; 8 << 20], 9);
    assert_eq!(measured(&bomb, 10, 1000).len(), 1);
}

/// Ranges are kept wherever the bytes are cut into chunks.
#[test]
fn ranges_survive_any_chunking() {
    for step in [1, 3, 100] {
        let mut measure = Measure::new(10, &[0..2, 4..8]);
        measure.take(b"an earlier try");
        measure.begin();
        b"0123456789"
            .chunks(step)
            .for_each(|chunk| measure.take(chunk));
        assert_eq!(measure.stretches(), [b"01".to_vec(), b"4567".to_vec()]);
    }
}
