//! Numbers, strings, templates and regular expressions.

use super::space::ends_line;
use super::{Lost, Opener, Scan, is_word_byte};

impl Scan<'_> {
    pub(super) fn number(&mut self) -> Result<(), Lost> {
        let number = self.take_word();
        let is_prefixed = matches!(number, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
        // `3in x` is an error that the parser passes over.
        if !is_prefixed
            && !number
                .iter()
                .all(|byte| byte.is_ascii_digit() || b"eEn_".contains(byte))
        {
            return Err(Lost);
        }
        self.operand();
        Ok(())
    }

    pub(super) fn regex(&mut self) -> Result<(), Lost> {
        let mut is_class = false;
        loop {
            self.at += 1;
            let rest = &self.bytes[self.at..];
            match rest.first().ok_or(Lost)? {
                _ if ends_line(rest) => return Err(Lost),
                b'\\' if rest.len() > 1 && !ends_line(&rest[1..]) => self.at += 1,
                b'[' => is_class = true,
                b']' => is_class = false,
                b'/' if !is_class => break,
                _ => (),
            }
        }
        self.at += 1;
        // Flags.
        if self.peek(0).is_some_and(is_word_byte) && !self.take_word().is_ascii() {
            return Err(Lost);
        }
        self.operand();
        Ok(())
    }

    pub(super) fn string(&mut self, quote: u8) -> Result<(), Lost> {
        loop {
            self.at += 1;
            match self.peek(0).ok_or(Lost)? {
                b'\n' | b'\r' => return Err(Lost),
                b'\\' if self.bytes[self.at..].starts_with(b"\\\r\n") => self.at += 2,
                b'\\' => self.at += 1,
                byte if byte == quote => break,
                _ => (),
            }
        }
        self.at += 1;
        self.operand();
        Ok(())
    }

    /// Goes on from a backtick or the `}` of an expression.
    pub(super) fn template(&mut self) -> Result<(), Lost> {
        loop {
            self.at += 1;
            match (self.peek(0).ok_or(Lost)?, self.peek(1)) {
                (b'\\', _) => self.at += 1,
                (b'`', _) => break,
                (b'$', Some(b'{')) => {
                    self.at += 1;
                    self.open(Opener::Template);
                    return Ok(());
                }
                _ => (),
            }
        }
        self.at += 1;
        self.operand();
        Ok(())
    }
}
