//! What the bytes of an answer are, found out while they pass by: none of them is kept, but for a few stretches.

use std::io::{self, Write};
use std::ops::Range;

use flate2::write::GzDecoder;

use crate::store::stranger::Pour;

/// What gzip begins with (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How often gzip is looked into: what is gzipped by mistake is so twice.
const DEPTH_MAX: usize = 2;

/// Bytes on their way.
#[derive(Debug)]
pub(super) struct Measure {
    content_bytes: u64,
    layer: Layer,
    stretches: Vec<Stretch>,
    at: u64,
}

/// A stretch of the bytes as they came.
#[derive(Debug, Clone)]
struct Stretch {
    range: Range<u64>,
    bytes: Vec<u8>,
}

/// What came, as it is, or after gunzip.
#[derive(Debug)]
struct Layer {
    bytes: u64,
    /// More than this is no content of ours: so a bomb stays small.
    bytes_max: u64,
    hasher: blake3::Hasher,
    depth_left: usize,
    /// The first bytes, until they tell whether it's gzip.
    begin: Vec<u8>,
    inside: Inside,
}

#[derive(Debug)]
enum Inside {
    /// Too few bytes came to tell.
    Undecided,
    /// It isn't gzip, or isn't looked into any further.
    Nothing,
    Gzip(Box<GzDecoder<Layer>>),
    /// It begins like gzip and isn't.
    Broken,
}

/// What the bytes are: first as they came, then after each gunzip that worked to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measured(pub(super) Vec<Level>);

/// Size and blake3 of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) bytes: u64,
    pub(super) digest: blake3::Hash,
}

impl Measure {
    /// Of an answer that should come to `content_bytes` after gunzip; `stretches` of what comes are kept.
    pub(super) fn new(content_bytes: u64, stretches: &[Range<u64>]) -> Measure {
        let stretch = |range: &Range<u64>| Stretch {
            range: range.clone(),
            bytes: Vec::new(),
        };
        Measure {
            content_bytes,
            layer: Layer::new(content_bytes, DEPTH_MAX),
            stretches: stretches.iter().map(stretch).collect(),
            at: 0,
        }
    }

    /// More bytes than this are no content of ours.
    pub(super) fn bytes_max(content_bytes: u64) -> u64 {
        content_bytes.saturating_mul(2).saturating_add(1 << 20)
    }

    pub(super) fn measured(self) -> Measured {
        let mut levels = Vec::new();
        let mut layer = Some(self.layer);
        while let Some(one) = layer {
            levels.push(Level {
                bytes: one.bytes,
                digest: one.hasher.finalize(),
            });
            layer = match one.inside {
                Inside::Gzip(decoder) => decoder.finish().ok(),
                _ => None,
            };
        }
        Measured(levels)
    }

    /// The bytes that came of each stretch.
    pub(super) fn stretches(&self) -> Vec<Vec<u8>> {
        let kept = self.stretches.iter();
        kept.map(|stretch| stretch.bytes.clone()).collect()
    }
}

impl Pour for Measure {
    fn begin(&mut self) {
        let ranges: Vec<Range<u64>> = self.stretches.iter().map(|s| s.range.clone()).collect();
        *self = Measure::new(self.content_bytes, &ranges);
    }

    fn take(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len() as u64;
        for stretch in &mut self.stretches {
            let from = stretch.range.start.clamp(self.at, end) - self.at;
            let to = stretch.range.end.clamp(self.at, end) - self.at;
            stretch
                .bytes
                .extend_from_slice(&bytes[from as usize..to as usize]);
        }
        self.at = end;
        self.layer.take(bytes);
    }
}

impl Layer {
    fn new(content_bytes: u64, depth_left: usize) -> Layer {
        Layer {
            bytes: 0,
            bytes_max: Measure::bytes_max(content_bytes),
            hasher: blake3::Hasher::new(),
            depth_left,
            begin: Vec::new(),
            inside: match depth_left {
                0 => Inside::Nothing,
                _ => Inside::Undecided,
            },
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        let is_first = matches!(self.inside, Inside::Undecided);
        if is_first {
            self.begin.extend_from_slice(bytes);
            if self.begin.len() < GZIP.len() {
                return;
            }
            self.inside = match self.begin.starts_with(&GZIP) {
                true => {
                    let max = self.bytes_max;
                    let mut inner = Layer::new(0, self.depth_left - 1);
                    inner.bytes_max = max;
                    Inside::Gzip(Box::new(GzDecoder::new(inner)))
                }
                false => Inside::Nothing,
            };
        }
        let begin = std::mem::take(&mut self.begin);
        if let Inside::Gzip(decoder) = &mut self.inside {
            let bytes = if is_first { &begin[..] } else { bytes };
            if decoder.write_all(bytes).is_err() {
                self.inside = Inside::Broken;
            }
        }
    }
}

impl Write for Layer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes + bytes.len() as u64 > self.bytes_max {
            return Err(io::Error::other("more than it can be"));
        }
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::gzip_always;

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

    #[test]
    fn bytes_are_known_as_they_came_and_after_gunzip() {
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

    #[test]
    fn stretches_are_kept_wherever_the_bytes_are_cut() {
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
}
