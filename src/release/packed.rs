//! Documents of releases as they are stored: gzipped, in several blocks that are packed and unpacked side by side.
//!
//! Each block is a gzip member of whole lines, with its own size in an extra field of its header, `AS`, four bytes (RFC 1952,
//! 2.3.1.1). `zcat` and all else that reads gzip reads them as one file.

use bytes::Bytes;
use libdeflater::{DecompressionError, Decompressor};
use rayon::prelude::*;

use super::Unusable;
use crate::encode;
use crate::store::DOCUMENT_BYTES_MAX;

/// Fast, since hashes don't shrink, but not the fastest: that has no Huffman codes made for the text, which here are a third of
/// the size.
const GZIP_LEVEL: u32 = 2;

/// The smallest block but for the last, in bytes of text: long enough that packing costs little more than for the whole.
const BLOCK_BYTES: usize = 256 << 10;

/// No deflated text is longer, in relation to what it was packed to (<https://www.zlib.net/zlib_tech.html>).
const RATIO_MAX: usize = 1032;

/// Why a text isn't unpacked, nor packed.
pub(super) const TOO_LARGE: &str = "it's larger than 1 GiB, unpacked";

/// Where the header's fixed part ends: our field is the first.
const FIXED_BYTES: usize = 10;

/// Length of all extra fields, name and length of ours.
const FIELD: [u8; 6] = [8, 0, b'A', b'S', 4, 0];

/// Where the size stands, and where it ends.
const SIZE_START: usize = FIXED_BYTES + FIELD.len();
const SIZE_END: usize = SIZE_START + 4;

/// `text` for storing. The same bytes for the same text.
pub(super) fn pack(text: &[u8]) -> Bytes {
    let packed: Vec<Vec<u8>> = blocks(text).into_par_iter().map(pack_block).collect();
    packed.concat().into()
}

/// Cuts between lines.
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

/// The text that [`pack`] packed, in blocks; of any other gzip, in one.
///
/// # Errors
/// It's damaged.
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

/// A block's end tells how long its text is, which may be a lie, but it never gets longer.
fn text_bytes(block: &[u8]) -> usize {
    let told = block.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
    (told as usize).min(block.len().saturating_mul(RATIO_MAX))
}

/// All at once.
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

/// None if it doesn't say, or can't be.
fn size_of_first(packed: &[u8]) -> Option<usize> {
    let is_ours = packed.get(FIXED_BYTES..SIZE_START)? == FIELD;
    let size = packed.get(SIZE_START..SIZE_END)?.try_into().ok()?;
    let size = u32::from_le_bytes(size) as usize;
    (is_ours && (SIZE_END..=packed.len()).contains(&size)).then_some(size)
}

/// blake3 of the whole text.
pub(super) fn digest(blocks: &[String]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for block in blocks {
        hasher.update(block.as_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;

    use super::*;

    fn lines(count: usize) -> String {
        (0..count)
            .map(|i| format!("line {i} of some length\n"))
            .collect()
    }

    #[test]
    fn a_text_comes_back_whatever_its_length_cut_between_lines() {
        let endless = "x".repeat(3 * BLOCK_BYTES);
        let not_ascii = "ä\n".repeat(BLOCK_BYTES);
        for text in [
            String::new(),
            "one".to_string(),
            lines(10),
            lines(100_000),
            endless,
            not_ascii,
        ] {
            let packed = pack(text.as_bytes());
            let blocks = unpack(&packed).expect("whole");
            assert_eq!(blocks.concat(), text);
            assert_eq!(digest(&blocks), blake3::hash(text.as_bytes()));
            let cut_between = |block: &String| block.ends_with('\n');
            assert!(blocks[..blocks.len() - 1].iter().all(cut_between));
            assert_eq!(pack(text.as_bytes()), packed, "the same again");
        }
        assert!(
            unpack(&pack(lines(100_000).as_bytes()))
                .expect("whole")
                .len()
                > 5
        );
    }

    #[test]
    fn any_reader_of_gzip_reads_it() {
        let mut text = String::new();
        MultiGzDecoder::new(&*pack(lines(100_000).as_bytes()))
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, lines(100_000));
    }

    #[test]
    fn what_is_damaged_or_not_ours_is_one_block_or_an_error() {
        let plain = encode::gzip_always(b"a page", 9);
        assert_eq!(unpack(&plain).expect("gzip"), ["a page"]);
        let packed = pack(lines(50_000).as_bytes());
        for size in [
            0u32,
            1,
            SIZE_END as u32 - 1,
            packed.len() as u32 + 1,
            u32::MAX,
        ] {
            let mut damaged = packed.to_vec();
            damaged[SIZE_START..SIZE_END].copy_from_slice(&size.to_le_bytes());
            let whole = unpack(&damaged).is_ok_and(|blocks| blocks.concat() == lines(50_000));
            assert!(!whole, "{size}");
        }
        assert!(unpack(&packed[..packed.len() - 9]).is_err(), "cut off");
        assert!(unpack(b"").is_err(), "nothing at all");
        assert!(unpack(&pack(b"\xff")).is_err(), "not text");
    }

    #[test]
    fn what_unpacks_to_more_than_any_document_is_refused_before_it_is_unpacked() {
        let megabyte = pack_block(&vec![b'\n'; 1 << 20]);
        let blocks = DOCUMENT_BYTES_MAX >> 20;
        let error = unpack(&megabyte.repeat(blocks + 1)).expect_err("refused");
        assert_eq!(error, Unusable::damaged(TOO_LARGE));
        let whole = unpack(&megabyte.repeat(2)).expect("whole");
        assert_eq!(whole.concat().len(), 2 << 20);
    }
}
