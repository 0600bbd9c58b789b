//! An upper bound of how deeply the tokens of a script nest. See the parent module.

use memchr::{memchr3, memmem};

use super::words::{Word, is_word_byte, tokens_that_nest};

/// How deeply a text nests.
pub(super) struct Depth {
    /// Tokens that are open at one place, and can make the parser recurse: never too few.
    pub(super) tokens: usize,
    /// Brackets that are open at one place, as far as the text is certain.
    pub(super) brackets: usize,
}

/// The depth of the deepest place of `text`.
pub(super) fn depth(text: &str) -> Depth {
    let mut scan = Scan::new(text);
    let tokens = loop {
        let start = scan.at;
        match scan.token() {
            Ok(Step::Token) => (),
            Ok(Step::End) => break scan.deepest,
            Err(Lost) => {
                break scan
                    .deepest
                    .max(scan.depth + tokens_that_nest(&scan.bytes[start..]));
            }
        }
    };
    Depth {
        tokens,
        brackets: scan.brackets_deepest,
    }
}

/// The text can be read in two ways from here.
struct Lost;

enum Step {
    Token,
    End,
}

/// The token before, as far as it says what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// `;`, `{`, `:`: a statement can begin, so can a label.
    Start,
    /// `)` of an `if`, `else`: a statement must begin.
    Head,
    /// An operator or a word like one: an expression begins.
    Operator,
    /// `await`, `}`, `--`: can be either.
    Unsure,
    /// A literal or a name: ends an expression, but a new line can begin another.
    Operand,
    /// A name that is a label if a colon follows.
    Label,
    /// `.`: a name follows, whatever its letters.
    Dot,
    /// `)` or `]` of an expression: nothing but an operator continues it.
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    Paren,
    /// Of `if (…)`: a statement follows.
    StatementParen,
    Bracket,
    /// `{` after `if (…)` or `else`.
    Block,
    /// Any other `{`.
    Curly,
    /// `${`
    Template,
}

/// A bracket that is open, and what was seen right inside it.
struct Frame {
    opener: Opener,
    /// Tokens that nest until a `,` or `;`.
    expressions: usize,
    /// Tokens that nest until a `;`.
    statements: usize,
}

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    frames: Vec<Frame>,
    /// All tokens of all frames, and the frames but the first.
    depth: usize,
    deepest: usize,
    brackets_deepest: usize,
    /// From `/* @__PURE__ */` the parser goes down the chain `a.b[c]` that follows: calls that a compiler may or may
    /// not make a loop of.
    counts_chains: bool,
    before: Before,
    /// The word right before, if there's one.
    word: Option<Word>,
    /// `if`, `while`, `for`, `with` right before: their parentheses aren't an operand.
    is_head: bool,
    /// A line ended between the token before and what follows.
    is_newline: bool,
    /// A `;` was read: it ended the statements before it, unless `else` or `while` follows.
    is_ended: bool,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Scan<'t> {
        let file = Frame {
            opener: Opener::Curly,
            expressions: 0,
            statements: 0,
        };
        Scan {
            text,
            bytes: text.as_bytes(),
            at: 0,
            frames: vec![file],
            depth: 0,
            deepest: 0,
            brackets_deepest: 0,
            counts_chains: text.contains("__PURE__"),
            before: Before::Start,
            word: None,
            is_head: false,
            is_newline: true,
            is_ended: false,
        }
    }

    fn token(&mut self) -> Result<Step, Lost> {
        self.space()?;
        let Some(byte) = self.peek(0) else {
            return Ok(Step::End);
        };
        if byte.is_ascii_digit() {
            self.end_statement();
            self.number()?;
        } else if is_word_byte(byte) {
            self.name()?;
        } else {
            self.end_statement();
            self.punctuator(byte)?;
        }
        self.is_newline = false;
        Ok(Step::Token)
    }

    /// Skips white space and comments.
    fn space(&mut self) -> Result<(), Lost> {
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'\n' | b'\r', _) => self.is_newline = true,
                (b' ' | b'\t' | 0x0b | 0x0c, _) => (),
                (b'/', Some(b'/')) => {
                    self.line_comment();
                    continue;
                }
                (b'/', Some(b'*')) => {
                    let rest = &self.bytes[self.at + 2..];
                    let length = memmem::find(rest, b"*/").ok_or(Lost)?;
                    self.is_newline |= memchr3(b'\n', b'\r', 0xe2, &rest[..length]).is_some();
                    self.at += length + 4;
                    continue;
                }
                (b'#', Some(b'!')) if self.at == 0 => {
                    self.line_comment();
                    continue;
                }
                (0x80.., _) => match self
                    .text
                    .get(self.at..)
                    .and_then(|rest| rest.chars().next())
                {
                    Some(c) if c.is_whitespace() || c == '\u{feff}' => {
                        self.is_newline |= matches!(c, '\u{2028}' | '\u{2029}');
                        self.at += c.len_utf8() - 1;
                    }
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
            self.at += 1;
        }
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

    fn number(&mut self) -> Result<(), Lost> {
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

    fn name(&mut self) -> Result<(), Lost> {
        let start = self.at;
        let word = self.take_word();
        let is_plain = |c: char| c.is_ascii() || c.is_alphanumeric();
        if !word.is_ascii() && !self.text[start..self.at].chars().all(is_plain) {
            // Perhaps white space between two words.
            return Err(Lost);
        }
        if self.before == Before::Dot {
            self.end_statement();
            self.operand();
            return Ok(());
        }
        let kind = Word::of(word);
        // `for await (`
        let is_for_await = self.is_head && word == b"await";
        match word {
            b"else" | b"while" => self.is_ended = false,
            _ => self.end_statement(),
        }
        self.count_word(kind);
        self.is_head = is_for_await || matches!(word, b"if" | b"while" | b"for" | b"with");
        self.word = Some(kind);
        self.before = match kind {
            Word::Statement if matches!(word, b"do" | b"else" | b"finally" | b"try") => {
                Before::Head
            }
            Word::Statement => Before::Start,
            Word::Operator => Before::Operator,
            Word::Either if matches!(word, b"await" | b"of" | b"yield") => Before::Unsure,
            Word::Either | Word::Name if matches!(self.before, Before::Start | Before::Head) => {
                Before::Label
            }
            Word::Either | Word::Name | Word::Value => Before::Operand,
        };
        Ok(())
    }

    fn count_word(&mut self, word: Word) {
        match word {
            Word::Statement => self.count_statement(),
            Word::Operator | Word::Either => self.count(1),
            Word::Name | Word::Value => self.count(usize::from(self.word.is_some())),
        }
    }

    fn punctuator(&mut self, byte: u8) -> Result<(), Lost> {
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
        // The second sign of `==`, `=>` or `&&` is part of the first: these can't stand side by side on their own.
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
        let is_html_comment =
            rest.starts_with(b"<!--") || self.is_newline && rest.starts_with(b"-->");
        if is_html_comment {
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

    fn regex(&mut self) -> Result<(), Lost> {
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

    fn string(&mut self, quote: u8) -> Result<(), Lost> {
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
    fn template(&mut self) -> Result<(), Lost> {
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

    fn open(&mut self, opener: Opener) {
        self.at += 1;
        self.brackets_deepest = self.brackets_deepest.max(self.frames.len());
        self.frames.push(Frame {
            opener,
            expressions: 0,
            statements: 0,
        });
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.set(if matches!(opener, Opener::Block | Opener::Curly) {
            Before::Start
        } else {
            Before::Operator
        });
    }

    fn close(&mut self, byte: u8) -> Result<(), Lost> {
        let Some(frame) = self
            .frames
            .pop_if(|frame| self.depth > 0 && frame.opener.is_closed_by(byte))
        else {
            return Err(Lost);
        };
        if self.frames.is_empty() {
            return Err(Lost);
        }
        self.depth -= frame.expressions + frame.statements + 1;
        self.is_ended = false;
        if frame.opener == Opener::Template {
            return self.template();
        }
        self.at += 1;
        self.count(usize::from(
            self.counts_chains && frame.opener == Opener::Bracket,
        ));
        self.set(match frame.opener {
            Opener::StatementParen => Before::Head,
            Opener::Block => Before::Start,
            Opener::Curly => Before::Unsure,
            _ => Before::Closed,
        });
        Ok(())
    }

    fn operand(&mut self) {
        self.set(Before::Operand);
    }

    /// What any token but a word leaves behind.
    fn set(&mut self, before: Before) {
        self.before = before;
        self.word = None;
        self.is_head = false;
    }

    fn end_statement(&mut self) {
        if std::mem::take(&mut self.is_ended)
            && let Some(frame) = self.frames.last_mut()
        {
            self.depth -= std::mem::take(&mut frame.statements);
        }
    }

    fn count(&mut self, tokens: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.expressions += tokens;
            self.depth += tokens;
            self.deepest = self.deepest.max(self.depth);
        }
    }

    fn count_statement(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.statements += 1;
            self.depth += 1;
            self.deepest = self.deepest.max(self.depth);
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn take_word(&mut self) -> &'t [u8] {
        let start = self.at;
        while self.peek(0).is_some_and(is_word_byte) {
            self.at += 1;
        }
        &self.bytes[start..self.at]
    }
}

impl Opener {
    fn is_closed_by(self, byte: u8) -> bool {
        match self {
            Opener::Paren | Opener::StatementParen => byte == b')',
            Opener::Bracket => byte == b']',
            Opener::Block | Opener::Curly | Opener::Template => byte == b'}',
        }
    }
}

/// Says whether a text begins with what ends a line of a script.
fn ends_line(text: &[u8]) -> bool {
    let separators = [b"\xe2\x80\xa8", b"\xe2\x80\xa9"];
    matches!(text, [b'\n' | b'\r', ..]) || separators.iter().any(|end| text.starts_with(*end))
}
