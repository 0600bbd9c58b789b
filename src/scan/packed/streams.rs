//! Compressed streams, unpacked within bounds.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::{Closed, Place, Walk};
use crate::base::coding::{BadPack, Coding};

/// The end of what may be unpacked from one file.
#[derive(Debug, thiserror::Error)]
#[error("unpacked data exceeds the limit")]
pub(super) struct TooMuch;

/// A reader that takes what it reads from what all of one file's readers may.
pub(super) struct Metered<R> {
    inner: R,
    left_bytes: Rc<Cell<u64>>,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(inner: R, left_bytes: Rc<Cell<u64>>) -> Metered<R> {
        Metered { inner, left_bytes }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left_bytes.get();
        if left == 0 {
            return Err(io::Error::other(TooMuch));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let n = self.inner.read(&mut buffer[..most])?;
        self.left_bytes.set(left - n as u64);
        Ok(n)
    }
}

/// A reader that hashes what it reads.
pub(super) struct Hashed<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Hashed<R> {
    pub(super) fn new(inner: R) -> Hashed<R> {
        let hasher = blake3::Hasher::new();
        Hashed { inner, hasher }
    }

    pub(super) fn digest(&self) -> blake3::Hash {
        self.hasher.finalize()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}

pub(super) fn gunzipped<R: Read>(source: R) -> impl Read {
    MultiGzDecoder::new(source)
}

/// Returns what was deflated, as far as it makes sense: `bytes_max` at most.
pub(super) fn inflated(deflated: &[u8], bytes_max: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut from = ZlibDecoder::new(deflated).take(bytes_max as u64);
    match from.read_to_end(&mut bytes) {
        Ok(_) => bytes,
        // What stands before the damage has been read.
        Err(_) => bytes,
    }
}

/// Returns what was packed by Brotli.
pub(super) fn unbrotlied(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, Closed> {
    decoded(Coding::Br, packed, bytes_max)
}

/// Returns what was packed: `bytes_max` at most.
pub(super) fn decoded(coding: Coding, packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, Closed> {
    coding.unpack(packed, bytes_max).map_err(|why| match why {
        BadPack::TooLarge => Closed::TooLarge,
        BadPack::Damaged => Closed::Damaged,
    })
}

/// Returns whether a stream of zlib may begin so (RFC 1950).
pub(super) fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [method, flags, ..] => {
            method & 0x0f == 8
                && method >> 4 <= 7
                && flags & 0x20 == 0
                && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31)
        }
        _ => false,
    }
}

/// The largest stream in a document or picture that is unpacked, in bytes.
pub(super) const STREAM_BYTES_MAX: usize = 8 << 20;

impl Walk<'_, '_> {
    /// Gives every stream of zlib that begins in these bytes.
    pub(super) fn each_zlib(&mut self, bytes: &[u8], place: Place<'_>) {
        let mut at = 0;
        while let Some(next) = memchr::memchr(0x78, &bytes[at..]) {
            let start = at + next;
            at = start + 1;
            if is_zlib(&bytes[start..]) {
                self.zlib(&bytes[start..], place);
            }
            if self.is_spent() {
                return self.closed(place, Closed::TooLarge);
            }
        }
    }

    /// Gives what was deflated.
    pub(super) fn zlib(&mut self, deflated: &[u8], place: Place<'_>) {
        let text = inflated(deflated, STREAM_BYTES_MAX.min(self.room()));
        self.text(&text, place);
    }
}
