//! Tags and comments of a page, and their positions. html5gum runs with its own emitter here, since
//! the emitters that it comes with don't report the positions of attribute values, or whether an
//! element is SVG.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;

use html5gum::{Emitter, Error, State, Tokenizer};

use super::foreign::{Foreign, Space, Start};

/// A tag, comment or doctype. Text is what is between two of them.
#[derive(Debug)]
pub(super) struct Token {
    /// From its `<` to behind its `>`.
    pub(super) span: Range<usize>,
    /// Number of elements that are open in `<svg>` or `<math>` after it, these included.
    pub(super) depth: usize,
    /// Type of the token.
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Start(Tag),
    Comment,
    /// End tags and doctypes.
    Other,
}

/// A start tag.
#[derive(Debug)]
pub(super) struct Tag {
    /// In lower case.
    pub(super) name: String,
    /// Namespace of its element.
    pub(super) space: Space,
    /// `<br/>`; for HTML, that means nothing.
    pub(super) is_self_closing: bool,
    /// The first of each name, in order.
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Debug)]
pub(super) struct Attribute {
    /// In lower case.
    pub(super) name: String,
    /// Position of its value, without quotes. Empty if there is none.
    pub(super) value: Range<usize>,
}

/// All tags, comments and doctypes of a page.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let emitter = Marks {
        text,
        ..Marks::default()
    };
    Tokenizer::new_with_emitter(text, emitter).map(|token| {
        let Ok(token) = token;
        token
    })
}

/// State of html5gum.
#[derive(Debug, Default)]
struct Marks<'a> {
    text: &'a str,
    ready: VecDeque<Token>,
    foreign: Foreign,
    position: usize,
    /// The `<` of the current tag, comment or doctype.
    start: usize,
    tag: Current,
    name: Vec<u8>,
    attributes: Vec<(Vec<u8>, Option<usize>)>,
    last_start_tag: Vec<u8>,
}

/// The kind of the current tag.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Current {
    #[default]
    Start,
    SelfClosing,
    End,
}

impl Marks<'_> {
    fn emit(&mut self, what: What) {
        let depth = self.foreign.depth();
        self.ready.push_back(Token {
            span: self.start..self.position,
            depth,
            what,
        });
    }

    fn emit_start_tag(&mut self) -> Option<State> {
        self.last_start_tag.clone_from(&self.name);
        let mut tag = Tag {
            name: lossy(&self.name),
            space: Space::Html,
            is_self_closing: self.tag == Current::SelfClosing,
            attributes: self.take_attributes(),
        };
        tag.space = self.foreign.start(&Written {
            tag: &tag,
            text: self.text,
        });
        let state = match tag.space {
            Space::Html => state_in(&tag.name),
            Space::Svg | Space::MathMl => None,
        };
        self.emit(What::Start(tag));
        state
    }

    fn take_attributes(&mut self) -> Vec<Attribute> {
        let mut seen = HashSet::new();
        let all = std::mem::take(&mut self.attributes);
        let first = all.iter().filter(|(name, _)| seen.insert(name));
        let attribute = |(name, value): &(Vec<u8>, Option<usize>)| Attribute {
            name: lossy(name),
            value: value.map_or(0..0, |start| start..value_end(self.text, start)),
        };
        first.map(attribute).collect()
    }
}

/// The names html5gum collects are of a `&str`, so this loses nothing.
fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Finds the end of the value that starts at `start`. It's found here rather than from html5gum's
/// events, in which entities and line ends are already replaced.
fn value_end(text: &str, start: usize) -> usize {
    let quote = start
        .checked_sub(1)
        .and_then(|before| text.as_bytes().get(before));
    let rest = text.get(start..).unwrap_or_default();
    let len = match quote {
        Some(b'"') => rest.find('"'),
        Some(b'\'') => rest.find('\''),
        _ => rest.find(['\t', '\n', '\r', '\x0C', ' ', '>']),
    };
    start + len.unwrap_or(rest.len())
}

/// Returns the tokenizer's state for the content of an HTML element. `<noscript>` isn't listed: its
/// content is markup for browsers without scripts, and text for all others.
fn state_in(name: &str) -> Option<State> {
    match name {
        "title" | "textarea" => Some(State::RcData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(State::RawText),
        "script" => Some(State::ScriptData),
        "plaintext" => Some(State::PlainText),
        _ => None,
    }
}

struct Written<'a> {
    tag: &'a Tag,
    text: &'a str,
}

impl Start for Written<'_> {
    fn name(&self) -> &str {
        &self.tag.name
    }

    fn is_self_closing(&self) -> bool {
        self.tag.is_self_closing
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        let attribute = self
            .tag
            .attributes
            .iter()
            .find(|attribute| attribute.name == name)?;
        self.text.get(attribute.value.clone())
    }
}

impl Emitter for Marks<'_> {
    type Token = Token;

    fn move_position(&mut self, offset: isize) {
        self.position = self.position.saturating_add_signed(offset);
    }

    fn pop_token(&mut self) -> Option<Token> {
        self.ready.pop_front()
    }

    fn start_open_tag(&mut self) {
        self.start = self.position.saturating_sub(1);
    }

    fn init_start_tag(&mut self) {
        self.tag = Current::Start;
        self.name.clear();
        self.attributes.clear();
    }

    fn init_end_tag(&mut self) {
        self.tag = Current::End;
        self.name.clear();
        self.attributes.clear();
    }

    fn push_tag_name(&mut self, name: &[u8]) {
        self.name.extend(name);
    }

    fn set_self_closing(&mut self) {
        if self.tag == Current::Start {
            self.tag = Current::SelfClosing;
        }
    }

    fn init_attribute(&mut self) {
        self.attributes.push((Vec::new(), None));
    }

    fn push_attribute_name(&mut self, name: &[u8]) {
        if let Some((current, _)) = self.attributes.last_mut() {
            current.extend(name);
        }
    }

    fn init_attribute_value(&mut self) {
        if let Some((_, value)) = self.attributes.last_mut() {
            *value = Some(self.position);
        }
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        match self.tag {
            Current::Start | Current::SelfClosing => self.emit_start_tag(),
            Current::End => {
                self.foreign.end(&lossy(&self.name));
                self.emit(What::Other);
                None
            }
        }
    }

    fn emit_current_comment(&mut self) {
        self.emit(What::Comment);
    }

    fn emit_current_doctype(&mut self) {
        self.emit(What::Other);
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.name == self.last_start_tag
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.foreign.is_in_foreign()
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start_tag = name.unwrap_or_default().to_vec();
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    // Of no interest.
    fn emit_eof(&mut self) {}
    fn emit_error(&mut self, _: Error) {}
    fn emit_string(&mut self, _: &[u8]) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn init_doctype(&mut self) {}
    fn set_force_quirks(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn push_attribute_value(&mut self, _: &[u8]) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
}
