//! An upper bound of how deeply the tokens of a script nest: the loop over tokens, and names. See
//! the parent module.

mod literals;
mod marks;
mod nesting;
mod space;

use self::nesting::{Frame, Opener};
use super::words::{Word, is_word_byte, tokens_that_nest};

/// Depths of a text.
pub(super) struct Depth {
    /// Tokens that are open at one place, and can make the parser recurse: never too few.
    pub(super) tokens: usize,
    /// Brackets that are open at one place, as far as the text is certain.
    pub(super) brackets: usize,
}

/// Returns the depth of the deepest place of `text`.
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

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    frames: Vec<Frame>,
    /// All tokens of all frames, and the frames but the first.
    depth: usize,
    deepest: usize,
    brackets_deepest: usize,
    /// From `/* @__PURE__ */` the parser goes down the chain `a.b[c]` that follows: calls that a
    /// compiler may or may not make a loop of.
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
        Scan {
            text,
            bytes: text.as_bytes(),
            at: 0,
            frames: vec![Frame::new(Opener::Curly)],
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
        self.before = self.behind(kind, word);
        Ok(())
    }

    /// Returns the meaning of a word for what follows.
    fn behind(&self, kind: Word, word: &[u8]) -> Before {
        match kind {
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
        }
    }

    fn count_word(&mut self, word: Word) {
        match word {
            Word::Statement => self.count_statement(),
            Word::Operator | Word::Either => self.count(1),
            Word::Name | Word::Value => self.count(usize::from(self.word.is_some())),
        }
    }

    fn operand(&mut self) {
        self.set(Before::Operand);
    }

    /// Takes note of what any token but a word leaves behind.
    fn set(&mut self, before: Before) {
        self.before = before;
        self.word = None;
        self.is_head = false;
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
