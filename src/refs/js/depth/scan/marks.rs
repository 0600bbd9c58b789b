//! Punctuation: brackets, operators and what stands between expressions and statements.

use super::{Before, Lost, Opener, Scan};

impl Scan<'_> {
    pub(super) fn punctuator(&mut self, byte: u8) -> Result<(), Lost> {
        match byte {
            b'(' if self.is_head => self.open(Opener::StatementParen),
            b'(' => self.open(Opener::Paren),
            b'[' => self.open(Opener::Bracket),
            b'{' if self.before == Before::Head => self.open(Opener::Block),
            b'{' => self.open(Opener::Curly),
            b')' | b']' | b'}' => return self.close(byte),
            b'"' | b'\'' => return self.string(byte),
            b'`' => return self.template(),
            b'/' => return self.slash(),
            b';' | b',' => self.separator(byte),
            b':' => self.colon(),
            b'.' => self.dot(),
            b'+' | b'-' | b'<' => return self.sign(byte),
            // A hashbang, or nothing that is known.
            b'#' if self.peek(1) == Some(b'!') => return Err(Lost),
            b'#' | b'@' => self.mark(byte),
            _ if byte.is_ascii_punctuation() && byte != b'\\' => self.operator(byte),
            _ => return Err(Lost),
        }
        Ok(())
    }

    fn operator(&mut self, byte: u8) {
        let previous = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        // The second sign of `==`, `=>` or `&&` is part of the first: these can't stand side by
        // side on their own.
        let is_part = match byte {
            b'=' => previous.is_some_and(|previous| b"=!<>+-*%&|^?".contains(previous)),
            b'>' => previous.is_some_and(|previous| b"=>".contains(previous)),
            b'&' | b'|' | b'*' | b'?' => previous == Some(&byte),
            _ => false,
        };
        self.at += 1;
        self.count(usize::from(!is_part));
        self.set(Before::Operator);
        if byte == b'?'
            && self.peek(0) == Some(b'.')
            && !self.peek(1).is_some_and(|byte| byte.is_ascii_digit())
        {
            self.at += 1;
            self.set(Before::Dot);
        }
    }

    fn mark(&mut self, byte: u8) {
        self.at += 1;
        self.count(usize::from(byte == b'@'));
        self.set(if byte == b'#' {
            Before::Dot
        } else {
            Before::Operator
        });
    }

    fn dot(&mut self) {
        let is_spread = self.bytes[self.at..].starts_with(b"...");
        self.at += if is_spread { 3 } else { 1 };
        self.count(usize::from(is_spread || self.counts_chains));
        self.set(if is_spread {
            Before::Operator
        } else {
            Before::Dot
        });
    }

    fn separator(&mut self, byte: u8) {
        self.at += 1;
        if let Some(frame) = self.frames.last_mut() {
            self.depth -= std::mem::take(&mut frame.expressions);
        }
        self.is_ended = byte == b';';
        self.set(if byte == b';' {
            Before::Start
        } else {
            Before::Operator
        });
    }

    fn colon(&mut self) {
        self.at += 1;
        let is_label = matches!(self.before, Before::Label | Before::Unsure);
        if is_label {
            self.count_statement()
        } else {
            self.count(1)
        }
        self.set(Before::Start);
    }

    fn sign(&mut self, byte: u8) -> Result<(), Lost> {
        let rest = &self.bytes[self.at..];
        // A comment of HTML.
        if rest.starts_with(b"<!--") || self.is_newline && rest.starts_with(b"-->") {
            return Err(Lost);
        }
        let is_double = byte != b'<' && rest.get(1) == Some(&byte);
        let ends_operand = matches!(
            self.before,
            Before::Operand | Before::Label | Before::Closed
        ) && !self.is_newline;
        if byte == b'<' {
            // `x as A<B, C<D`: types nest over a `,`.
            self.count_statement();
        } else {
            self.count(1);
        }
        self.at += if is_double { 2 } else { 1 };
        self.set(match (is_double, ends_operand) {
            (true, true) => Before::Operand,
            (true, false) => Before::Unsure,
            (false, _) => Before::Operator,
        });
        Ok(())
    }

    fn slash(&mut self) -> Result<(), Lost> {
        match self.before {
            Before::Start | Before::Head | Before::Operator => return self.regex(),
            Before::Operand | Before::Label if self.is_newline => return Err(Lost),
            Before::Unsure | Before::Dot => return Err(Lost),
            Before::Operand | Before::Label | Before::Closed => (),
        }
        self.at += 1;
        self.count(1);
        self.set(Before::Operator);
        Ok(())
    }
}
