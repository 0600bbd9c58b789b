//! Finds what else stands in a text as a whole: the data of a URL that isn't base64, and drawings of a page.

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
    from = 0;
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
    let before = text[..at].last().copied();
    let is_escaped = text[..at].len() > 1 && text[at - 2] == b'\\';
    let end = match before {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            let mut ends = memchr::memchr_iter(quote, data);
            ends.find(|end| is_escaped || *end == 0 || data[end - 1] != b'\\')
        }
        Some(b'(') => memchr::memchr(b')', data),
        Some(b';') => memchr::memchr2(b'&', b'"', data),
        _ => data.iter().position(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'>' | b'"' | b'\'' | b')')
        }),
    };
    let data = &data[..end.unwrap_or(data.len())];
    let unescaped = data.strip_suffix(b"\\").filter(|_| is_escaped);
    Some((start, unescaped.unwrap_or(data)))
}

/// Returns the text as it is, without its entities, and without backslashes, as far as that makes a difference.
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
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each(text.as_bytes(), &mut |_, payload| {
            all.push(String::from_utf8_lossy(payload).into_owned());
        });
        all
    }

    #[test]
    fn the_data_of_a_url_ends_where_the_url_does() {
        for text in [
            "<img src=\"data:image/svg+xml,%3Cb a='c'/%3E\" alt=x>",
            "url('data:image/svg+xml;utf8,<b a=\\'c\\'/>') x",
            "url(data:image/svg+xml;charset=utf-8,%3Cb%20a='c'/%3E) x",
            "<p style=\"a: url(&quot;data:image/svg+xml,%3Cb a='c'/%3E&quot;)\">",
            "{\"a\": \"data:image\\/svg+xml,<b a='c'\\/>\", \"b\": 1}",
            "'{\"a\": \\\"data:image/svg+xml,<b a='c'/>\\\", \"b\": 1}'",
            "see data:text/html,%3Cb%20a=%27c%27/%3E and so on",
        ] {
            let found = found(text);
            assert!(
                found.contains(&"<b a='c'/>".to_string()),
                "{text}: {found:?}"
            );
        }
        assert_eq!(found("data: a, b and data:image/png;base64,AAAA"), [""; 0]);
    }

    #[test]
    fn a_drawing_ends_where_its_element_does() {
        assert_eq!(
            found("<p><svg a><g/></svg></p><svg></svg> <svg"),
            ["<svg a><g/></svg>", "<svg></svg>"]
        );
        let found = found("let a = '<svg a=\\\"b\\\"><\\/svg>'");
        assert_eq!(
            found.last().map(String::as_str),
            Some("<svg a=\"b\"></svg>")
        );
    }
}
