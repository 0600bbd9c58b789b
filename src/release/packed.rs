//! Stored form of documents of releases: gzip, in several blocks that are packed and unpacked in
//! parallel.
//!
//! Each block is a gzip member of whole lines. It has its own size in an extra field of its header,
//! `AS`, four bytes (RFC 1952, 2.3.1.1). `zcat` and every other reader of gzip read them as one
//! file.

use bytes::Bytes;
use libdeflater::{DecompressionError, Decompressor};
use rayon::prelude::*;

use super::Unusable;
use crate::base::encode;
use crate::store::documents::DOCUMENT_BYTES_MAX;

/// Level of compression. It is fast, since hashes don't compress anyway, but not the fastest: that
/// level uses no Huffman codes made for the text, which save a third of the size here.
const GZIP_LEVEL: u32 = 2;

/// Minimum size of a block except the last, in bytes of text: large enough that blocks cost little
/// more than one piece.
const BLOCK_BYTES: usize = 256 << 10;

/// Maximum ratio of deflated text to its packed form (<https://www.zlib.net/zlib_tech.html>).
const RATIO_MAX: usize = 1032;

/// Reason why a text is neither unpacked nor packed.
pub(super) const TOO_LARGE: &str = "it exceeds 1 GiB unpacked";

/// End of the header's fixed part. The extra field follows.
const FIXED_BYTES: usize = 10;

/// Length of all extra fields, and name and length of ours.
const FIELD: [u8; 6] = [8, 0, b'A', b'S', 4, 0];

/// Start and end of the size in the header.
const SIZE_START: usize = FIXED_BYTES + FIELD.len();
const SIZE_END: usize = SIZE_START + 4;

/// Packs `text` for storage. The same text always gives the same bytes.
pub(super) fn pack(text: &[u8]) -> Bytes {
    let packed: Vec<Vec<u8>> = blocks(text).into_par_iter().map(pack_block).collect();
    packed.concat().into()
}

/// Splits a text between lines.
fn blocks(text: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while rest.len() > BLOCK_BYTES {
        let end = memchr::memchr(b'\n', &rest[BLOCK_BYTES..]);
        let (block, behind) = rest.split_at(end.map_or(rest.len(), |end| BLOCK_BYTES + end + 1));
        blocks.push(block);
        rest = behind;
    }
    if !rest.is_empty() || blocks.is_empty() {
        blocks.push(rest);
    }
    blocks
}

fn pack_block(text: &[u8]) -> Vec<u8> {
    let field = [&FIELD[2..], &[0; 4]].concat();
    let mut packed = encode::gzip_with_field(text, GZIP_LEVEL, field);
    let size = u32::try_from(packed.len()).expect("a block is small");
    packed[SIZE_START..SIZE_END].copy_from_slice(&size.to_le_bytes());
    packed
}

/// Unpacks a text. A text from [`pack`] comes in blocks, any other gzip in one block.
///
/// # Errors
/// Returns an error if it is damaged.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<String>, Unusable> {
    let blocks = packed_blocks(packed);
    let whole = blocks.iter().map(|block| text_bytes(block));
    if whole.fold(0, usize::saturating_add) > DOCUMENT_BYTES_MAX {
        return Err(Unusable::damaged(TOO_LARGE));
    }
    let unpack_block = |block| {
        let text = unpack_block(block).map_err(Unusable::damaged)?;
        String::from_utf8(text).map_err(Unusable::damaged)
    };
    blocks.into_par_iter().map(unpack_block).collect()
}

/// Returns the length of a block's text, as its end says. The value may be false, but it is
/// limited.
fn text_bytes(block: &[u8]) -> usize {
    let told = block.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
    (told as usize).min(block.len().saturating_mul(RATIO_MAX))
}

/// Unpacks a block in one step.
fn unpack_block(block: &[u8]) -> Result<Vec<u8>, DecompressionError> {
    let mut text = vec![0; text_bytes(block)];
    let length = Decompressor::new().gzip_decompress(block, &mut text)?;
    text.truncate(length);
    Ok(text)
}

fn packed_blocks(packed: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    let mut rest = packed;
    loop {
        let size = size_of_first(rest).unwrap_or(rest.len());
        let (block, behind) = rest.split_at(size);
        blocks.push(block);
        if behind.is_empty() {
            return blocks;
        }
        rest = behind;
    }
}

/// Returns the size of the first block; none if it isn't given or is impossible.
fn size_of_first(packed: &[u8]) -> Option<usize> {
    let is_ours = packed.get(FIXED_BYTES..SIZE_START)? == FIELD;
    let size = packed.get(SIZE_START..SIZE_END)?.try_into().ok()?;
    let size = u32::from_le_bytes(size) as usize;
    (is_ours && (SIZE_END..=packed.len()).contains(&size)).then_some(size)
}

/// Returns the blake3 of the whole text.
pub(super) fn digest(blocks: &[String]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for block in blocks {
        hasher.update(block.as_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests;
