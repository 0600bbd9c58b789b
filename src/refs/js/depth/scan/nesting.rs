//! Brackets that are open, and how many tokens nest in them.

use super::{Before, Lost, Scan};

/// Opening brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
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
pub(super) struct Frame {
    opener: Opener,
    /// Tokens that nest until a `,` or `;`.
    pub expressions: usize,
    /// Tokens that nest until a `;`.
    statements: usize,
}

impl Frame {
    pub(super) fn new(opener: Opener) -> Frame {
        Frame {
            opener,
            expressions: 0,
            statements: 0,
        }
    }
}

impl Opener {
    /// Returns the meaning of its closing bracket for what follows.
    fn behind(self) -> Before {
        match self {
            Opener::StatementParen => Before::Head,
            Opener::Block => Before::Start,
            Opener::Curly => Before::Unsure,
            _ => Before::Closed,
        }
    }

    fn is_closed_by(self, byte: u8) -> bool {
        match self {
            Opener::Paren | Opener::StatementParen => byte == b')',
            Opener::Bracket => byte == b']',
            Opener::Block | Opener::Curly | Opener::Template => byte == b'}',
        }
    }
}

impl Scan<'_> {
    pub(super) fn open(&mut self, opener: Opener) {
        self.at += 1;
        self.brackets_deepest = self.brackets_deepest.max(self.frames.len());
        self.frames.push(Frame::new(opener));
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.set(if matches!(opener, Opener::Block | Opener::Curly) {
            Before::Start
        } else {
            Before::Operator
        });
    }

    pub(super) fn close(&mut self, byte: u8) -> Result<(), Lost> {
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
        self.set(frame.opener.behind());
        Ok(())
    }

    pub(super) fn end_statement(&mut self) {
        if std::mem::take(&mut self.is_ended)
            && let Some(frame) = self.frames.last_mut()
        {
            self.depth -= std::mem::take(&mut frame.statements);
        }
    }

    pub(super) fn count(&mut self, tokens: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.expressions += tokens;
            self.depth += tokens;
            self.deepest = self.deepest.max(self.depth);
        }
    }

    pub(super) fn count_statement(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.statements += 1;
            self.depth += 1;
            self.deepest = self.deepest.max(self.depth);
        }
    }
}
