//! White space, comments and line ends.

use memchr::{memchr3, memmem};

use super::{Lost, Scan};

impl Scan<'_> {
    /// Skips white space and comments.
    pub(super) fn space(&mut self) -> Result<(), Lost> {
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'\n' | b'\r', _) => {
                    self.is_newline = true;
                    self.at += 1;
                }
                (b' ' | b'\t' | 0x0b | 0x0c, _) => self.at += 1,
                (b'/', Some(b'/')) => self.line_comment(),
                (b'/', Some(b'*')) => self.block_comment()?,
                (b'#', Some(b'!')) if self.at == 0 => self.line_comment(),
                (0x80.., _) if self.wide_space() => (),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Skips a blank that isn't ASCII; says whether there's one.
    fn wide_space(&mut self) -> bool {
        let rest = self.text.get(self.at..);
        let first = rest.and_then(|rest| rest.chars().next());
        let Some(blank) = first.filter(|c| c.is_whitespace() || *c == '\u{feff}') else {
            return false;
        };
        self.is_newline |= matches!(blank, '\u{2028}' | '\u{2029}');
        self.at += blank.len_utf8();
        true
    }

    fn block_comment(&mut self) -> Result<(), Lost> {
        let rest = &self.bytes[self.at + 2..];
        let length = memmem::find(rest, b"*/").ok_or(Lost)?;
        self.is_newline |= memchr3(b'\n', b'\r', 0xe2, &rest[..length]).is_some();
        self.at += length + 4;
        Ok(())
    }

    fn line_comment(&mut self) {
        let mut rest = &self.bytes[self.at..];
        while let Some(end) = memchr3(b'\n', b'\r', 0xe2, rest) {
            if ends_line(&rest[end..]) {
                self.at = self.bytes.len() - rest.len() + end;
                return;
            }
            rest = &rest[end + 1..];
        }
        self.at = self.bytes.len();
    }
}

/// Says whether a text begins with what ends a line of a script.
pub(super) fn ends_line(text: &[u8]) -> bool {
    let separators = [b"\xe2\x80\xa8", b"\xe2\x80\xa9"];
    matches!(text, [b'\n' | b'\r', ..]) || separators.iter().any(|end| text.starts_with(*end))
}
