//! Rows of sound.

use super::*;

/// Two frames of silence.
fn sound() -> Vec<u8> {
    let frame = [&b"\xFF\xFB\x90\x64"[..], &[0; 413]].concat();
    frame.repeat(2)
}

fn id3v2(frames: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let size = |len: usize| {
        [
            0,
            0,
            u8::try_from(len >> 7).unwrap(),
            u8::try_from(len & 0x7F).unwrap(),
        ]
    };
    let frame =
        |(name, data): &(&[u8; 4], &[u8])| [*name, &size(data.len())[..], b"\0\0", data].concat();
    let frames: Vec<u8> = frames.iter().flat_map(frame).collect();
    [b"ID3\x04\0\0", &size(frames.len())[..], &frames].concat()
}

fn id3v1() -> Vec<u8> {
    [
        b"TAG",
        &b"Kraken"
            .iter()
            .copied()
            .chain([0; 119])
            .collect::<Vec<_>>()[..],
    ]
    .concat()
}

fn ape() -> Vec<u8> {
    let ape_item = [&6u32.to_le_bytes()[..], &[0; 4], b"Note\0hidden"].concat();
    let ape_end = |flags: u32| {
        let size = u32::try_from(ape_item.len() + 32).unwrap().to_le_bytes();
        [
            b"APETAGEX",
            &2000u32.to_le_bytes()[..],
            &size,
            &1u32.to_le_bytes(),
            &flags.to_le_bytes(),
            &[0; 8],
        ]
        .concat()
    };
    [ape_end(0xA000_0000), ape_item.clone(), ape_end(0x8000_0000)].concat()
}

pub(super) fn mp3s() -> Vec<Row> {
    let front = id3v2(&[
        (b"TIT2", b"\x03Kraken"),
        (b"TXXX", b"\x03KEY\0hidden"),
        (b"APIC", b"\0image/png\0\x03\0\x89PNG...."),
    ]);
    let says = [
        "tag Title: Kraken",
        "tag TXXX KEY: hidden",
        "tag picture: a picture of 8 bytes",
    ];
    vec![
        row(
            "ID3v2 goes",
            [front.clone(), sound()].concat(),
            &says,
            sound(),
        ),
        row(
            "two of them go",
            [id3v2(&[(b"TIT2", b"\x03A")]), front.clone(), sound()].concat(),
            &says,
            sound(),
        ),
        row(
            "ID3v1 goes",
            [sound(), id3v1()].concat(),
            &["tag Title: Kraken"],
            sound(),
        ),
        row(
            "APE goes, with ID3v1 behind it",
            [sound(), ape(), id3v1()].concat(),
            &["tag Note: hidden", "tag Title: Kraken"],
            sound(),
        ),
        row("no tags, nothing to do", sound(), &[], sound()),
    ]
}
