//! GIF: blocks after a header. Comments go, and so do applications' blocks but for those that say
//! how often to play and which colours are meant.

use super::{Field, Kind, Walk, iptc, slice, text, xmp};

/// The identifier and code of the application blocks that matter for the picture.
const KEPT: [&[u8]; 4] = [
    b"NETSCAPE2.0",
    b"ANIMEXTS1.0",
    b"ICCRGBG1012",
    b"fractint002",
];
/// XMP isn't written in sub-blocks as everything else is, but so that a reader of sub-blocks gets
/// across it: this many bytes behind it lead out of it, wherever one stumbles in.
const XMP_LANDING_BYTES: usize = 257;

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let mut walk = Walk::default();
    let Some(mut at) = after_header(bytes) else {
        return walk.damaged(0);
    };
    loop {
        let next = match bytes.get(at) {
            Some(0x3B) => return walk.ends(at + 1, bytes.len()),
            Some(0x2C) => after_image(bytes, at),
            Some(0x21) => extension(bytes, at, &mut walk),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return walk.damaged(at),
        }
    }
}

fn after_header(bytes: &[u8]) -> Option<usize> {
    let at = 13 + colors_size_bytes(*bytes.get(10)?);
    (at <= bytes.len()).then_some(at)
}

fn colors_size_bytes(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

fn after_image(bytes: &[u8], at: usize) -> Option<usize> {
    let colors = colors_size_bytes(*bytes.get(at + 9)?);
    after_blocks(bytes, at + 10 + colors + 1)
}

/// Behind the sub-blocks that begin at `at`.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*bytes.get(at)?) {
            0 => return Some(at + 1),
            len => at += 1 + len,
        }
    }
}

fn extension(bytes: &[u8], at: usize, walk: &mut Walk) -> Option<usize> {
    let next = after_blocks(bytes, at + 2)?;
    let span = at..next;
    let told = |name, from| vec![Field::new(Kind::Text, name, &text(&joined(bytes, from)))];
    match bytes.get(at + 1)? {
        0xFE => walk.remove(span, || told("Comment", at + 2)),
        0xFF => application(bytes, span, walk),
        // Part of the picture by the specification, although no browser draws it.
        0x01 => {
            let after_grid = at + 3 + usize::from(*bytes.get(at + 2)?);
            let told = walk.tell(|| told("PlainText", after_grid));
            walk.kept.extend(told);
        }
        _ => {}
    }
    Some(next)
}

fn application(bytes: &[u8], span: std::ops::Range<usize>, walk: &mut Walk) {
    let name_len = bytes.get(span.start + 2).map_or(0, |len| usize::from(*len));
    let name = slice(bytes, span.start + 3, name_len).unwrap_or_default();
    let data = span.start + 3 + name_len;
    if KEPT.contains(&name) {
        return;
    }
    let size_bytes = span.len();
    let end = span.end;
    let fields = || match name {
        b"XMP DataXMP" => {
            let end = (end.saturating_sub(1 + XMP_LANDING_BYTES)).max(data);
            xmp::find(bytes.get(data..end).unwrap_or_default())
        }
        b"MGK8BIM0000" => iptc::find_resources(&joined(bytes, data)),
        b"MGKIPTC0000" => iptc::find(&joined(bytes, data)),
        _ => vec![Field::binary(
            Kind::Other,
            &format!("application {}", text(name)),
            size_bytes,
        )],
    };
    walk.remove(span, fields);
}

/// The content of the sub-blocks that begin at `at`.
fn joined(bytes: &[u8], mut at: usize) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(len) = bytes
        .get(at)
        .map(|len| usize::from(*len))
        .filter(|len| *len > 0)
    {
        whole.extend_from_slice(slice(bytes, at + 1, len).unwrap_or_default());
        at += 1 + len;
    }
    whole
}
