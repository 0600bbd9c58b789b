//! Measures the bytes of an answer while they arrive. None of them are kept, except for a few
//! ranges.

use std::io::{self, Write};
use std::ops::Range;

use flate2::write::GzDecoder;

use crate::store::stranger::BodySink;

/// First bytes of gzip data (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Largest number of gzip layers that are unpacked: files that are gzipped by mistake have two.
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

/// State of one layer of the content: as received, or after gunzip.
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

/// Sizes and digests of the bytes: first as received, then after each gunzip that succeeded to the
/// end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measured(pub(super) Vec<Level>);

/// Size and blake3 of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) bytes: u64,
    pub(super) digest: blake3::Hash,
}

impl Measure {
    /// Of an answer that should come to `content_bytes` after gunzip; `stretches` of what comes are
    /// kept.
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

impl BodySink for Measure {
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

    fn inside_by_beginning(&self) -> Inside {
        if !self.begin.starts_with(&GZIP) {
            return Inside::Nothing;
        }
        let mut inner = Layer::new(0, self.depth_left - 1);
        inner.bytes_max = self.bytes_max;
        Inside::Gzip(Box::new(GzDecoder::new(inner)))
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
            self.inside = self.inside_by_beginning();
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
            return Err(io::Error::other("too many bytes"));
        }
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
