//! The walk through a document: strings that pointers lead to, placeholders and paths, each with
//! its place.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::pointer::{self, Part, Trail};
use crate::refs::{
    Base, Fault, Kind, Mention, Place, Placeholder, Reference, paths, placeholder, words,
};

/// Things that are looked for besides what pointers lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Besides {
    /// Placeholders, for which all of the document must be read.
    Placeholders,
    /// Paths of files, as far as the document can be read. Mistakes are only reported when
    /// references are searched for.
    Paths,
    Nothing,
}

/// A string that a pointer leads to.
pub(super) struct Text {
    /// Its place, without the quotes.
    pub span: Range<usize>,
    pub value: String,
    /// The pointer that led here.
    pub pointer: usize,
}

impl Text {
    /// Returns none for an empty string, which names no file.
    pub(super) fn reference(&self, text: &str, kind: Kind) -> Option<Reference> {
        let has_escapes = text[self.span.clone()].contains('\\');
        match (self.value.is_empty(), has_escapes) {
            (true, _) => None,
            (false, true) => Some(Reference::escaped(self.span.clone(), &self.value, kind)),
            (false, false) => Some(Reference::verbatim(self.span.start, &self.value, kind)),
        }
    }
}

/// A document that is being read.
pub(super) struct Walk<'t> {
    text: &'t str,
    /// The end of the last string or skipped value. From here to the next string there are only
    /// punctuation, numbers, `true`, `false` and `null`, so the next quote begins it. That is how a
    /// string with escapes is found: serde hands out a copy of it, which doesn't say where it's
    /// from.
    cursor: usize,
    besides: Besides,
    pub strings: Vec<Text>,
    pub placeholders: Vec<Placeholder>,
    pub mentions: Vec<Mention>,
    /// The place of the walk: keys, escaped as pointers have them, and `*` for each index.
    pointer: Vec<String>,
    pub faults: Vec<Fault>,
}

/// Reads `text` from `start`.
pub(super) fn walk<'t>(
    text: &'t str,
    start: usize,
    pointers: &[&str],
    besides: Besides,
) -> Walk<'t> {
    let mut walk = Walk::new(text, start, besides);
    let parsed = walk.parsed(pointers);
    let trails = trails(&parsed);
    if trails.is_empty() && besides == Besides::Nothing {
        return walk;
    }
    let mut json = serde_json::Deserializer::from_str(&text[start..]);
    let walk_all = Node {
        walk: &mut walk,
        trails,
    };
    let read = walk_all.deserialize(&mut json);
    if let Err(error) = read.and_then(|()| json.end())
        && besides != Besides::Paths
    {
        walk.faults.push(fault(text, start, &error));
    }
    walk
}

/// Returns all that is left of pointers, of those that are some.
fn trails(parsed: &[Option<Vec<Part>>]) -> Vec<Trail<'_>> {
    let trails = parsed.iter().enumerate().filter_map(|(pointer, parts)| {
        let rest = parts.as_deref()?;
        Some(Trail { pointer, rest })
    });
    trails.collect()
}

/// Returns the fault of an error. serde_json counts lines and columns from 1; columns are bytes.
fn fault(text: &str, start: usize, error: &serde_json::Error) -> Fault {
    let lines = text[start..].split_inclusive('\n');
    let line_start: usize = start
        + lines
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum::<usize>();
    let at = text.floor_char_boundary(line_start + error.column().saturating_sub(1));
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = message.strip_suffix(&place).unwrap_or(&message);
    Fault::unread(at, format!("isn't valid JSON: {reason}"))
}

impl<'t> Walk<'t> {
    fn new(text: &'t str, start: usize, besides: Besides) -> Walk<'t> {
        Walk {
            text,
            cursor: start,
            besides,
            strings: Vec::new(),
            placeholders: Vec::new(),
            mentions: Vec::new(),
            pointer: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Returns the parts of pointers; one that can't be parsed is a fault.
    fn parsed(&mut self, pointers: &[&str]) -> Vec<Option<Vec<Part>>> {
        let parsed = pointers.iter().map(|pointer| pointer::parse(pointer));
        let mut noting = |fault| self.faults.push(fault);
        parsed
            .map(|pointer| pointer.map_err(&mut noting).ok())
            .collect()
    }

    /// Passes the next string. Its span is without the quotes.
    fn next_string(&mut self) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let find = |from: usize, wanted: u8| {
            (from..bytes.len())
                .find(|&i| bytes[i] == wanted)
                .unwrap_or(bytes.len())
        };
        let start = (find(self.cursor, b'"') + 1).min(bytes.len());
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        self.cursor = (end + 1).min(bytes.len());
        start..end
    }

    /// Passes a value of any kind that no pointer leads into.
    fn skip(&mut self, value: &'t RawValue) {
        let start = value.get().as_ptr() as usize - self.text.as_ptr() as usize;
        self.cursor = start + value.get().len();
    }

    /// Takes the next string, which is a value.
    fn take(&mut self, value: &str, trails: &[Trail]) {
        let span = self.next_string();
        let is_marked =
            self.besides == Besides::Placeholders && placeholder::is_in(&self.text[span.clone()]);
        let arrived = trails.iter().find(|trail| trail.rest.is_empty());
        match (is_marked, arrived) {
            (true, _) => self.take_placeholder(span.start - 1..span.end + 1, value),
            (false, Some(trail)) => self.strings.push(Text {
                span,
                value: value.to_string(),
                pointer: trail.pointer,
            }),
            (false, None) if self.besides == Besides::Paths => self.mention(span.start, value),
            (false, None) => {}
        }
    }

    fn mention(&mut self, at: usize, value: &str) {
        if self.mentions.len() < words::KEPT_MAX && paths::is_file_path(value) {
            self.mentions.push(Mention {
                at,
                text: value.to_string(),
                place: Place::Pointer(format!("/{}", self.pointer.join("/"))),
                base: Base::Page,
            });
        }
    }

    fn take_placeholder(&mut self, span: Range<usize>, value: &str) {
        match placeholder::parse(value) {
            Some(stands_for) => self.placeholders.push(Placeholder { span, stands_for }),
            None => self.faults.push(Fault::misplaced(span.start)),
        }
    }
}

/// A value, and the pointers that lead to it or into it.
struct Node<'w, 't, 'p> {
    walk: &'w mut Walk<'t>,
    trails: Vec<Trail<'p>>,
}

impl<'p> Node<'_, '_, 'p> {
    /// The pointers that lead into a part of this value.
    fn trails_into(&self, leads: impl Fn(&Part) -> bool) -> Vec<Trail<'p>> {
        let step = |trail: &Trail<'p>| {
            let (first, rest) = trail.rest.split_first()?;
            leads(first).then_some(Trail {
                pointer: trail.pointer,
                rest,
            })
        };
        self.trails.iter().filter_map(step).collect()
    }
}

impl<'t> DeserializeSeed<'t> for Node<'_, 't, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<(), D::Error> {
        if self.trails.is_empty() && self.walk.besides == Besides::Nothing {
            self.walk.skip(<&RawValue>::deserialize(json)?);
            return Ok(());
        }
        json.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Node<'_, 't, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.walk.take(value, &self.trails);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<(), A::Error> {
        self.walk.pointer.push("*".to_string());
        for index in 0.. {
            let trails = self.trails_into(|part| part.is_index(index));
            if seq
                .next_element_seed(Node {
                    walk: self.walk,
                    trails,
                })?
                .is_none()
            {
                break;
            }
        }
        self.walk.pointer.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key(self.walk))? {
            let trails = self.trails_into(|part| part.is_key(&key));
            let escaped = key.replace('~', "~0").replace('/', "~1");
            self.walk.pointer.push(escaped);
            map.next_value_seed(Node {
                walk: self.walk,
                trails,
            })?;
            self.walk.pointer.pop();
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// The key of an object.
struct Key<'w, 't>(&'w mut Walk<'t>);

impl<'t> DeserializeSeed<'t> for Key<'_, 't> {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<Cow<'t, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Key<'_, 't> {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Cow<'t, str>, E> {
        self.0.next_string();
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'t, str>, E> {
        self.0.next_string();
        Ok(Cow::Owned(key.to_string()))
    }
}
