//! Texts for people and parsers: numbers with nouns, shortened user input, lines and columns.

use std::borrow::Cow;
use std::fmt;
use std::io;

use unit_prefix::NumberPrefix;

/// An I/O error without Rust's "(os error 2)".
pub fn plain(error: &io::Error) -> String {
    plain_words(error.to_string())
}

/// Says whether the process, or the system, has as many files open as it may; also where another
/// error has that one in itself.
pub(crate) fn is_out_of_files(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = inner {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if matches!(error.raw_os_error(), Some(ENFILE | EMFILE)) {
                return true;
            }
            inner = error.get_ref().map(|error| error as _);
            continue;
        }
        inner = error.source();
    }
    false
}

/// Advice if too many files are open.
pub(crate) const OUT_OF_FILES_HINT: &str =
    "raise the limit on open files (`ulimit -n 4096`), or lower `requests` in assetsync.toml";

/// The same for an error that has an I/O error's words in its own.
pub(crate) fn plain_words(text: String) -> String {
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// Control and direction characters as `\u{..}`, so that a hostile name can't rewrite a terminal.
pub(crate) fn escape(text: &str) -> String {
    text.chars().map(escaped).collect()
}

/// The same of a text of several lines.
pub(crate) fn escape_lines(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        '\n' => "\n".to_string(),
        c => escaped(c),
    });
    shown.collect()
}

fn escaped(c: char) -> String {
    match c {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            c.escape_unicode().to_string()
        }
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    }
}

/// Length to which texts by users are shortened, in characters.
const SHOWN_CHARS: usize = 200;

/// The same of a text that may be long: its beginning.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text),
    }
}

/// Returns `1 file` or `2 files`.
pub fn count(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

/// Largest number of names that stand for many.
const SOME: usize = 3;

/// Returns the first of these names, and how many others there are: `a, b, c and 4 more`.
pub(crate) fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(SOME)].join(", ");
    match names.len().saturating_sub(SOME) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Pattern of ignore files for any one byte that isn't printable ASCII.
pub(crate) const ANY_ODD_BYTE: &str = "[! -~]";

/// Explains that pattern behind words, if it's in these lines.
pub(crate) fn about_odd_bytes(lines: &str) -> String {
    if lines.contains(ANY_ODD_BYTE) {
        format!(" (`{ANY_ODD_BYTE}` stands for a byte that can't be typed)")
    } else {
        String::new()
    }
}

/// The text as parsers want it: what isn't UTF-8 becomes `?`, byte by byte, so that every offset
/// stays.
pub(crate) fn same_length_utf8(content: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(content) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(content.len());
    for chunk in content.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

/// Bytes as people read them: `1.50 MiB`.
#[derive(Debug, Clone, Copy)]
pub struct HumanBytes(pub u64);

impl fmt::Display for HumanBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NumberPrefix::binary(self.0 as f64) {
            NumberPrefix::Standalone(bytes) => write!(f, "{bytes:.0} B"),
            NumberPrefix::Prefixed(prefix, number) => write!(f, "{number:.2} {prefix}B"),
        }
    }
}

/// Returns a text without its colours.
pub(crate) fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_string();
    let behind = parts.map(|part| part.split_once('m').map_or(part, |(_, behind)| behind));
    behind.fold(first, |text, part| text + part)
}

/// Returns the line and the column of a byte, counted from 1; columns in characters.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let (line, column) = Lines::new(text).place(offset);
    (line as usize, column as usize)
}

/// Lines and columns of a text, found in one go as long as offsets rise.
pub(crate) struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Lines<'a> {
        Lines {
            text,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    /// Line and column of a byte, counted from 1; columns in characters.
    pub(crate) fn place(&mut self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        if offset < self.offset {
            *self = Lines::new(self.text);
        }
        let between = &self.text[self.offset..offset];
        self.offset = offset;
        self.line += memchr::memchr_iter(b'\n', between.as_bytes()).count() as u32;
        self.column = match between.rfind('\n') {
            Some(newline) => between[newline + 1..].chars().count() as u32 + 1,
            None => self.column + between.chars().count() as u32,
        };
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of too many open files is recognised by its number, not its text.
    #[test]
    fn too_many_open_files_by_number() {
        let of_process = || io::Error::from_raw_os_error(24);
        assert!(is_out_of_files(&of_process()));
        assert!(is_out_of_files(&io::Error::other(of_process())));
        assert!(!is_out_of_files(&io::Error::other("too many open files")));
        assert!(!is_out_of_files(&io::ErrorKind::NotFound.into()));
    }

    /// An I/O error is shown without its number.
    #[test]
    fn io_error_is_shown_without_number() {
        assert_eq!(
            plain(&io::Error::from_raw_os_error(2)),
            "no such file or directory"
        );
    }

    /// Lines and columns count from one, in characters.
    #[test]
    fn places_are_one_based_characters() {
        let mut lines = Lines::new("ab\né🐘c\n\nd");
        for (offset, place) in [
            (0, (1, 1)),
            (2, (1, 3)),
            (3, (2, 1)),
            (5, (2, 2)),
            (9, (2, 3)),
            (11, (3, 1)),
            (12, (4, 1)),
        ] {
            assert_eq!(lines.place(offset), place, "{offset}");
        }
        assert_eq!(lines.place(9), (2, 3), "backwards too");
    }

    /// Text in another encoding keeps its byte offsets.
    #[test]
    fn lossy_utf8_keeps_offsets() {
        assert_eq!(same_length_utf8(b"caf\xe9 <a href=x>"), "caf? <a href=x>");
        assert_eq!(same_length_utf8("café".as_bytes()), "café");
    }
}
