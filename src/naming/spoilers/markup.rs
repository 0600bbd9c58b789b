//! Invisible markup within a word of a page or document: tags, comments, and characters of no
//! width.

use super::layers::Change;

/// A soft hyphen (U+00AD), marks of no width (U+200B to U+200F, U+2060 to U+2064), a byte order
/// mark.
pub(super) fn invisible(text: &[u8], at: usize) -> Option<Change<'_>> {
    let len = match &text[at..] {
        [0xc2, 0xad, ..] => 2,
        [0xe2, 0x80, 0x8b..=0x8f, ..] | [0xe2, 0x81, 0xa0..=0xa4, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => return None,
    };
    Some(Change::new(at..at + len, b""))
}

/// A tag that stands within a line, or a comment.
pub(super) fn inline_tag(text: &[u8], at: usize) -> Option<Change<'_>> {
    const TAG_BYTES_MAX: usize = 1024;
    const INLINE: [&[u8]; 38] = [
        b"a", b"abbr", b"acronym", b"b", b"bdi", b"bdo", b"big", b"cite", b"code", b"data", b"del",
        b"dfn", b"em", b"font", b"i", b"ins", b"kbd", b"label", b"mark", b"nobr", b"q", b"rb",
        b"rt", b"ruby", b"s", b"samp", b"slot", b"small", b"span", b"strike", b"strong", b"sub",
        b"sup", b"time", b"tspan", b"tt", b"u", b"wbr",
    ];
    let rest = &text[at..text.len().min(at + TAG_BYTES_MAX)];
    if let Some(comment) = rest.strip_prefix(b"<!--") {
        let end = memchr::memmem::find(comment, b"-->")?;
        return Some(Change::new(at..at + 4 + end + 3, b""));
    }
    let start = if rest.get(1) == Some(&b'/') { 2 } else { 1 };
    let name = rest[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric());
    let name = &rest[start..start + name.count()];
    let is_inline = INLINE
        .iter()
        .any(|inline| inline.eq_ignore_ascii_case(name));
    let end = memchr::memchr(b'>', rest).filter(|_| is_inline)?;
    Some(Change::new(at..at + end + 1, b""))
}

/// A tag; one that ends a line or a cell stands for a line break.
pub(super) fn tag(text: &[u8], at: usize) -> Option<Change<'_>> {
    const TAG_BYTES_MAX: usize = 4096;
    let rest = &text[at..text.len().min(at + TAG_BYTES_MAX)];
    let end = memchr::memchr(b'>', rest)?;
    let name = rest[1..end].strip_prefix(b"/").unwrap_or(&rest[1..end]);
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-');
    let name = &name[..name.iter().take_while(is_name).count()];
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    let text: &[u8] = if BREAKS.contains(&local) { b"\n" } else { b"" };
    Some(Change::new(at..at + end + 1, text))
}

/// Tags that end a line or a cell.
const BREAKS: [&[u8]; 10] = [
    b"p",
    b"br",
    b"tab",
    b"tr",
    b"tc",
    b"si",
    b"h",
    b"line-break",
    b"table-cell",
    b"row",
];
