//! Finds the next place of a text that is written otherwise than it is read.
//! Such a place is an escape of one of many languages, or something that stands within a name.

use std::collections::HashMap;
use std::ops::Range;

use super::markup::{inline_tag, invisible, tag};

/// A place of a text, and what is read there.
pub(super) struct Change<'t> {
    pub at: Range<usize>,
    put: Put<'t>,
    /// Number of folders before it that `..` removes.
    pub climbs: usize,
}

enum Put<'t> {
    /// At most eight bytes.
    Bytes([u8; 8], usize),
    Text(&'t [u8]),
}

impl<'t> Change<'t> {
    pub(super) fn new(at: Range<usize>, text: &'t [u8]) -> Change<'t> {
        Change {
            at,
            put: Put::Text(text),
            climbs: 0,
        }
    }

    fn byte(at: Range<usize>, byte: u8) -> Change<'static> {
        let mut bytes = [0; 8];
        bytes[0] = byte;
        Change {
            at,
            put: Put::Bytes(bytes, 1),
            climbs: 0,
        }
    }

    fn char(at: Range<usize>, code: u32) -> Option<Change<'static>> {
        let mut bytes = [0; 8];
        let len = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Change {
            at,
            put: Put::Bytes(bytes, len),
            climbs: 0,
        })
    }

    /// Returns what is read there.
    pub(super) fn text(&self) -> &[u8] {
        match &self.put {
            Put::Bytes(bytes, len) => &bytes[..*len],
            Put::Text(text) => text,
        }
    }
}

/// One of the things that a name may be written with.
pub(super) enum Layer<'t> {
    /// A line that goes on in the next one: calendars, cards, mails.
    Folds,
    /// `</w:t></w:r><w:r><w:t>`, as offices cut words.
    Tags,
    /// `<b>`, `<wbr>`, `</span>`, and comments: what may stand within a word of a page.
    Inline,
    /// A soft hyphen, and what else has no width.
    Invisible,
    /// `=2F`, and `=` at the end of a line (RFC 2045).
    Quoted,
    /// `&#47;`, `&sol;`, and what the document declares.
    Entities(&'t Table),
    /// `"a" + "b"`, `${"a"}`, and a section of CDATA behind another.
    Joins,
    /// `\u002f`, `\x2f`, `\57`, `\/`.
    ScriptEscapes,
    /// `\2f `.
    CssEscapes,
    /// `%2F`, and `%u002F` as `escape()` writes it.
    Percent,
    /// `\`, `//`, `/./` and `/a/../`.
    Detours,
}

/// Returns what is read at a byte where a needle was found, if that isn't what is written.
type Read<'t> = fn(&'t [u8], usize) -> Option<Change<'t>>;

impl<'t> Layer<'t> {
    /// Returns the next place, from `from` on, where what is read isn't what is written.
    pub(super) fn next(&self, text: &'t [u8], from: usize) -> Option<Change<'t>> {
        let (needles, read): (&[u8], Read<'t>) = match self {
            Layer::Entities(table) => return table.next(text, from),
            Layer::Folds => (b"\n=", fold),
            Layer::Tags => (b"<", tag),
            Layer::Inline => (b"<", inline_tag),
            Layer::Invisible => (b"\xc2\xe2\xef", invisible),
            Layer::Quoted => (b"=", quoted),
            Layer::Joins => (b"+$]", join),
            Layer::ScriptEscapes => (b"\\", script_escape),
            Layer::CssEscapes => (b"\\", css_escape),
            Layer::Percent => (b"%", percent),
            Layer::Detours => (b"/\\", detour),
        };
        next_of(needles, read, text, from)
    }
}

/// Entities that XML documents declare themselves.
#[derive(Default)]
pub(super) struct Table {
    declared: HashMap<Vec<u8>, Vec<u8>>,
}

/// Bounds how many entities of one document are looked at.
const DECLARED_MAX: usize = 1_000;

/// The longest declaration that is looked at, in bytes.
const DECLARATION_BYTES_MAX: usize = 4096;

/// The longest entity that HTML has, `&CounterClockwiseContourIntegral;`, and a bit more for zeros
/// in numbers.
const ENTITY_BYTES_MAX: usize = 40;

impl Table {
    /// Finds `<!ENTITY name "value">`.
    pub(super) fn declared_in(text: &[u8]) -> Table {
        let mut table = Table::default();
        for at in memchr::memmem::find_iter(text, b"<!ENTITY").take(DECLARED_MAX) {
            let start = at + b"<!ENTITY".len();
            let end = text.len().min(start + DECLARATION_BYTES_MAX);
            let Some((name, value)) = declaration(&text[start..end]) else {
                continue;
            };
            table.declared.insert(name.to_vec(), value.to_vec());
        }
        table
    }

    /// Returns the next entity, from `from` on.
    fn next<'t>(&'t self, text: &'t [u8], from: usize) -> Option<Change<'t>> {
        let mut at = from;
        loop {
            at += memchr::memchr(b'&', &text[at..])?;
            if let Some(change) = self.entity(text, at) {
                return Some(change);
            }
            at += 1;
        }
    }

    fn entity<'t>(&'t self, text: &'t [u8], at: usize) -> Option<Change<'t>> {
        let rest = &text[at..text.len().min(at + ENTITY_BYTES_MAX)];
        match rest.get(1)? {
            b'#' => return number(rest).and_then(|(code, len)| Change::char(at..at + len, code)),
            // As scripts have it: no name begins so.
            b'&' | b'=' => return None,
            byte if byte.is_ascii_whitespace() => return None,
            _ => {}
        }
        let end = rest.iter().position(|byte| *byte == b';')? + 1;
        let name = &rest[1..end - 1];
        if let Some(value) = self.declared.get(name) {
            return Some(Change::new(at..at + end, value));
        }
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric);
        let put = is_name.then(|| known_entity(&rest[..end]))??;
        Some(Change {
            at: at..at + end,
            put,
            climbs: 0,
        })
    }
}

/// Name and value of what is declared, behind `<!ENTITY`.
fn declaration(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace)?;
    let (name, rest) = text.split_at(end.min(ENTITY_BYTES_MAX));
    let rest = rest.trim_ascii_start();
    let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &rest[1..];
    Some((name, &value[..memchr::memchr(quote, value)?]))
}

/// Code and length of `&#47;`, also without its semicolon.
fn number(entity: &[u8]) -> Option<(u32, usize)> {
    let (radix, start) = match entity.get(2)? {
        b'x' | b'X' => (16, 3),
        _ => (10, 2),
    };
    let digits = entity[start..].iter();
    let digits = digits.take_while(|byte| char::from(**byte).is_digit(radix));
    let end = start + digits.count();
    let code = std::str::from_utf8(&entity[start..end]).ok()?;
    let code = u32::from_str_radix(code, radix).ok()?;
    let semicolon = usize::from(entity.get(end) == Some(&b';'));
    Some((code, end + semicolon))
}

/// A line break and what the next line begins with (RFC 5545, RFC 6350), or `=` at a line's end
/// (RFC 2045).
fn fold(text: &[u8], at: usize) -> Option<Change<'_>> {
    if text[at] == b'=' {
        let rest = &text[at + 1..];
        let end = match rest {
            [b'\r', b'\n', ..] => at + 3,
            [b'\n', ..] => at + 2,
            _ => return None,
        };
        return Some(Change::new(at..end, b""));
    }
    if !matches!(text.get(at + 1), Some(b' ' | b'\t')) {
        return None;
    }
    let start = at - usize::from(at > 0 && text[at - 1] == b'\r');
    Some(Change::new(start..at + 2, b""))
}

/// Returns whether there's something that only mails write so.
pub(super) fn has_quoted(text: &[u8]) -> bool {
    memchr::memchr_iter(b'=', text).any(|at| {
        matches!(
            &text[at + 1..],
            [b'2', b'f' | b'F', ..] | [b'\n', ..] | [b'\r', b'\n', ..]
        )
    })
}

fn quoted(text: &[u8], at: usize) -> Option<Change<'_>> {
    match &text[at + 1..] {
        [b'\r', b'\n', ..] => Some(Change::new(at..at + 3, b"")),
        [b'\n', ..] => Some(Change::new(at..at + 2, b"")),
        [high, low, ..] => {
            let byte = u8::try_from(hex(&[*high, *low])?).ok()?;
            Some(Change::byte(at..at + 3, byte))
        }
        _ => None,
    }
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn join(text: &[u8], at: usize) -> Option<Change<'_>> {
    match text[at] {
        b'+' => sum(text, at),
        b'$' => constant(text, at),
        _ => cdata(text, at),
    }
}

/// `" + "`: the end of a literal, and the beginning of the next.
fn sum(text: &[u8], at: usize) -> Option<Change<'_>> {
    let before = text[..at].trim_ascii_end().len();
    let after = at + 1 + blank(&text[at + 1..]);
    let ends = before.checked_sub(1).is_some_and(|end| is_quote(text[end]));
    let begins = text.get(after).is_some_and(|byte| is_quote(*byte));
    (ends && begins).then(|| Change::new(before - 1..after + 1, b""))
}

/// `${"a"}`.
fn constant(text: &[u8], at: usize) -> Option<Change<'_>> {
    const LITERAL_BYTES_MAX: usize = 1024;
    if text.get(at + 1) != Some(&b'{') {
        return None;
    }
    let start = at + 2 + blank(&text[at + 2..]);
    let quote = *text.get(start).filter(|byte| is_quote(**byte))?;
    let rest = &text[start + 1..text.len().min(start + 1 + LITERAL_BYTES_MAX)];
    let literal = &rest[..memchr::memchr(quote, rest)?];
    let end = start + 1 + literal.len() + 1;
    let end = end + blank(&text[end..]);
    (text.get(end) == Some(&b'}')).then(|| Change::new(at..end + 1, literal))
}

/// `]]><![CDATA[`.
fn cdata(text: &[u8], at: usize) -> Option<Change<'_>> {
    const BEGINS: &[u8] = b"<![CDATA[";
    let rest = text[at..].strip_prefix(b"]]>")?;
    let start = blank(rest);
    rest[start..]
        .starts_with(BEGINS)
        .then(|| Change::new(at..at + 3 + start + BEGINS.len(), b""))
}

fn blank(text: &[u8]) -> usize {
    text.len() - text.trim_ascii_start().len()
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// As JavaScript and JSON read it. A letter that means nothing behind a `\` stays as it's written.
fn script_escape(text: &[u8], at: usize) -> Option<Change<'_>> {
    let byte = *text.get(at + 1)?;
    let simple = |byte| Some(Change::byte(at..at + 2, byte));
    match byte {
        b'u' => unicode_escape(text, at),
        b'x' => Change::char(at..at + 4, hex(text.get(at + 2..at + 4)?)?),
        b'0'..=b'7' => {
            let digits = text[at + 1..].iter().take(3);
            let digits = digits
                .take_while(|byte| matches!(byte, b'0'..=b'7'))
                .count();
            let octal = std::str::from_utf8(&text[at + 1..at + 1 + digits]).ok()?;
            let code = u32::from_str_radix(octal, 8).ok()?;
            Change::char(at..at + 1 + digits, code)
        }
        b'\n' => Some(Change::new(at..at + 2, b"")),
        b'\r' if text.get(at + 2) == Some(&b'\n') => Some(Change::new(at..at + 3, b"")),
        b'n' | b'r' | b't' | b'b' | b'f' | b'v' => simple(b'\n'),
        _ if byte.is_ascii_alphanumeric() || !byte.is_ascii() => None,
        _ => simple(byte),
    }
}

/// `\u002f`, `\u{2f}`, and two of them for one character.
fn unicode_escape(text: &[u8], at: usize) -> Option<Change<'_>> {
    if text.get(at + 2) == Some(&b'{') {
        let digits = &text[at + 3..text.len().min(at + 12)];
        let digits = &digits[..memchr::memchr(b'}', digits)?];
        return Change::char(at..at + 4 + digits.len(), hex(digits)?);
    }
    let unit = |at: usize| hex(text.get(at..at + 4)?);
    let first = unit(at + 2)?;
    let second = match text.get(at + 6..at + 8) {
        Some(b"\\u") if (0xd800..0xdc00).contains(&first) => unit(at + 8),
        _ => None,
    };
    match second {
        Some(second @ 0xdc00..0xe000) => {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            Change::char(at..at + 12, code)
        }
        _ => Change::char(at..at + 6, first),
    }
}

/// Returns whether there's a `\` that styles read as a character that is `wanted`. In patterns of
/// scripts, there are many such as `\d`, which styles read as a line end.
pub(super) fn has_css_escape(text: &[u8], wanted: impl Fn(u32) -> bool) -> bool {
    memchr::memchr_iter(b'\\', text).any(|at| hex(css_digits(&text[at + 1..])).is_some_and(&wanted))
}

/// Returns whether there's a `\` with something on both sides that names have, as Windows writes
/// paths.
pub(super) fn has_windows_path(text: &[u8]) -> bool {
    let is_of_name = |byte: Option<&u8>| {
        byte.is_some_and(|byte| {
            byte.is_ascii_alphanumeric()
                || !byte.is_ascii()
                || b"._-~+@!,;()[]{}$%&'=#".contains(byte)
        })
    };
    memchr::memchr_iter(b'\\', text).any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        is_of_name(before) && is_of_name(text.get(at + 1))
    })
}

fn css_digits(text: &[u8]) -> &[u8] {
    let digits = text.iter().take(6);
    &text[..digits.take_while(|byte| byte.is_ascii_hexdigit()).count()]
}

fn css_escape(text: &[u8], at: usize) -> Option<Change<'_>> {
    let rest = &text[at + 1..];
    let digits = css_digits(rest).len();
    if digits > 0 {
        let end = match &rest[digits..] {
            [b'\r', b'\n', ..] => digits + 2,
            [b' ' | b'\t' | b'\n' | b'\r' | b'\x0c', ..] => digits + 1,
            _ => digits,
        };
        return Change::char(at..at + 1 + end, hex(&rest[..digits])?);
    }
    match rest {
        [b'\r', b'\n', ..] => Some(Change::new(at..at + 3, b"")),
        [b'\n', ..] => Some(Change::new(at..at + 2, b"")),
        [byte, ..] => Some(Change::byte(at..at + 2, *byte)),
        [] => None,
    }
}

fn percent(text: &[u8], at: usize) -> Option<Change<'_>> {
    if text.get(at + 1) == Some(&b'u') {
        return Change::char(at..at + 6, hex(text.get(at + 2..at + 6)?)?);
    }
    let byte = hex(text.get(at + 1..at + 3)?)?;
    Some(Change::byte(at..at + 3, u8::try_from(byte).ok()?))
}

/// All slashes that stand together, and the `.` and `..` between them. `//` behind a scheme stays.
fn detour(text: &[u8], at: usize) -> Option<Change<'_>> {
    if at > 0 && is_slash(&text[at - 1]) {
        return None;
    }
    let (end, climbs) = end_of_detour(text, at);
    let written = &text[at..end];
    let before = at.checked_sub(1).map(|before| text[before]);
    if written == b"/" || (written == b"//" && before == Some(b':')) {
        return None;
    }
    // A comment of a script.
    let is_blank = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace());
    if written == b"//" && is_blank(before) && is_blank(text.get(end).copied()) {
        return None;
    }
    Some(Change {
        climbs,
        ..Change::new(at..end, b"/")
    })
}

fn is_slash(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// Returns where slashes and dots end that begin at `at`, and the count of folders that they climb.
fn end_of_detour(text: &[u8], at: usize) -> (usize, usize) {
    let mut end = at;
    let mut climbs = 0;
    loop {
        end += text[end..].iter().take_while(|byte| is_slash(byte)).count();
        match &text[end..] {
            [b'.', slash, ..] if is_slash(slash) => end += 1,
            [b'.', b'.', slash, ..] if is_slash(slash) => {
                end += 2;
                climbs += 1;
            }
            _ => return (end, climbs),
        }
    }
}

/// Returns where the last part of a path begins that stands at the end of `text`.
pub(super) fn segment_start(text: &[u8]) -> usize {
    let is_outside = |byte: &u8| {
        matches!(
            byte,
            0..=b' ' | b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'(' | b')' | b'=' | b',' | b';'
        )
    };
    text.iter().rposition(is_outside).map_or(0, |last| last + 1)
}

/// Returns the next place, from `from` on, where one of these bytes is read as something else.
fn next_of<'t>(needles: &[u8], read: Read<'t>, text: &'t [u8], from: usize) -> Option<Change<'t>> {
    let mut at = from;
    loop {
        at += match *needles {
            [one] => memchr::memchr(one, &text[at..])?,
            [one, other] => memchr::memchr2(one, other, &text[at..])?,
            [one, other, third, ..] => memchr::memchr3(one, other, third, &text[at..])?,
            [] => return None,
        };
        match read(text, at) {
            Some(change) if change.at.start >= from => return Some(change),
            _ => at += 1,
        }
    }
}

/// Returns what an entity of HTML stands for.
fn known_entity<'t>(entity: &[u8]) -> Option<Put<'t>> {
    let entity = std::str::from_utf8(entity).ok()?;
    let decoded = htmlize::unescape(entity);
    if decoded == entity || decoded.len() > 8 {
        return None;
    }
    let mut bytes = [0; 8];
    bytes[..decoded.len()].copy_from_slice(decoded.as_bytes());
    Some(Put::Bytes(bytes, decoded.len()))
}
