//! Finds what else stands in a text as a whole: the data of a URL that isn't base64, and drawings
//! of a page.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The longest type of a data URL, in bytes.
const TYPE_BYTES_MAX: usize = 128;

/// Calls `found` with each payload, in every way that it may be read, and where it begins.
pub(super) fn each(text: &[u8], found: &mut impl FnMut(usize, &[u8])) {
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, b"data:") {
        if at < from {
            continue;
        }
        let Some((start, payload)) = data(text, at) else {
            continue;
        };
        // Each byte belongs to one payload, however often one seems to begin in it.
        from = start + payload.len();
        for read in readings(payload) {
            let bytes: Cow<'_, [u8]> = percent_decode(&read).into();
            found(at, &bytes);
        }
    }
    each_drawing(text, found);
}

fn each_drawing(text: &[u8], found: &mut impl FnMut(usize, &[u8])) {
    let mut from = 0;
    while let Some(start) = memchr::memmem::find(&text[from..], b"<svg") {
        let start = from + start;
        let Some(drawing) = drawing(&text[start..]) else {
            return;
        };
        for read in readings(drawing) {
            found(start, &read);
        }
        from = start + drawing.len();
    }
}

/// Returns a drawing that a text begins with, up to its end.
pub(super) fn drawing(text: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"/svg>";
    let end = memchr::memmem::find(text, END)?;
    Some(&text[..end + END.len()])
}

/// Returns the data of the URL that begins there, unless it's base64, and where that begins.
fn data(text: &[u8], at: usize) -> Option<(usize, &[u8])> {
    let rest = &text[at + b"data:".len()..];
    let head = &rest[..rest.len().min(TYPE_BYTES_MAX)];
    let comma = memchr::memchr(b',', head)?;
    let is_of_type = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'+' | b'-' | b'.' | b';' | b'=' | b'\\')
    };
    if !head[..comma].iter().all(is_of_type) || head[..comma].ends_with(b";base64") {
        return None;
    }
    let start = at + b"data:".len() + comma + 1;
    let data = &text[start..];
    let is_escaped = text[..at].len() > 1 && text[at - 2] == b'\\';
    let end = end_of(data, text[..at].last().copied(), is_escaped);
    let data = &data[..end.unwrap_or(data.len())];
    let unescaped = data.strip_suffix(b"\\").filter(|_| is_escaped);
    Some((start, unescaped.unwrap_or(data)))
}

/// Returns where the data of a URL end that stands behind this byte, which may be a quote, and
/// escaped.
fn end_of(data: &[u8], before: Option<u8>, is_escaped: bool) -> Option<usize> {
    match before {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            let mut ends = memchr::memchr_iter(quote, data);
            ends.find(|end| is_escaped || *end == 0 || data[end - 1] != b'\\')
        }
        Some(b'(') => memchr::memchr(b')', data),
        Some(b';') => memchr::memchr2(b'&', b'"', data),
        _ => data.iter().position(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'>' | b'"' | b'\'' | b')')
        }),
    }
}

/// Returns the text as it is, without its entities, and without backslashes, as far as that makes a
/// difference.
fn readings(text: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let mut all = vec![Cow::Borrowed(text)];
    if memchr::memchr(b'&', text).is_some() {
        let plain = String::from_utf8_lossy(text);
        all.push(Cow::Owned(
            htmlize::unescape(&*plain).into_owned().into_bytes(),
        ));
    }
    if memchr::memchr(b'\\', text).is_some() {
        all.push(Cow::Owned(without_backslashes(text)));
    }
    all
}

fn without_backslashes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'n' | b'r' | b't') => plain.push(b'\n'),
                next => plain.extend(next),
            },
            byte => plain.push(*byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
