//! Texts of any length, packed and read again, and damage of every kind.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::*;

fn lines(count: usize) -> String {
    (0..count)
        .map(|i| format!("line {i} of some length\n"))
        .collect()
}

/// A text of any length round-trips, in blocks cut between lines.
#[test]
fn text_round_trips_in_whole_lines() {
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

/// Plain gzip is read as one block, and damaged data is an error.
#[test]
fn plain_gzip_is_read_damage_refused() {
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

/// A text above the limit for documents is refused before it is unpacked.
#[test]
fn oversized_text_is_refused_before_unpacking() {
    let megabyte = pack_block(&vec![b'\n'; 1 << 20]);
    let blocks = DOCUMENT_BYTES_MAX >> 20;
    let error = unpack(&megabyte.repeat(blocks + 1)).expect_err("refused");
    assert_eq!(error, Unusable::damaged(TOO_LARGE));
    let whole = unpack(&megabyte.repeat(2)).expect("whole");
    assert_eq!(whole.concat().len(), 2 << 20);
}
