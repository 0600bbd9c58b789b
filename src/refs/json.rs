//! JSON: URLs at JSON pointers, web app manifests, source maps, and placeholders. Reads with serde_json, which skips
//! what no pointer leads to and refuses what is nested deeper than 128.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    Base, Extra, Fault, Found, Kind, MISPLACED, Mention, Place, Placeholder, Reference, paths,
    placeholder, words,
};

/// The icons and screenshots that a browser fetches. `start_url`, `scope`, `id`, a shortcut's `url` and `share_target`
/// aren't among them: they say where the site is, under its own names.
const MANIFEST_POINTERS: [&str; 3] = [
    "/icons/*/src",
    "/screenshots/*/src",
    "/shortcuts/*/icons/*/src",
];

const SOURCES_POINTERS: [&str; 2] = ["/sources/*", "/sections/*/map/sources/*"];
const ROOT_POINTERS: [&str; 2] = ["/sourceRoot", "/sections/*/map/sourceRoot"];

/// Finds the strings at `pointers` (RFC 6901; `*` stands for any one key or index), placeholders, and what else looks like the path of a
/// file.
pub fn find(text: &str, pointers: &[String]) -> Found {
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    references(text, &pointers)
}

/// Finds the pictures of a web app manifest, the strings at `extra.pointers`, placeholders, and what else looks like the path of a file.
pub fn web_manifest(text: &str, extra: &Extra) -> Found {
    let pointers: Vec<&str> = MANIFEST_POINTERS
        .into_iter()
        .chain(extra.pointers.iter().map(String::as_str))
        .collect();
    references(text, &pointers)
}

/// Finds the `sources` of a source map, unless a `sourceRoot` stands before each of them: then they can't be
/// rewritten one by one. No placeholders: `sourcesContent` quotes them from the scripts.
pub fn source_map(text: &str) -> Found {
    let pointers = [SOURCES_POINTERS, ROOT_POINTERS].concat();
    let walked = walk(text, after_guard(text), &pointers, Besides::Nothing);
    let is_source = |string: &Text| string.pointer < SOURCES_POINTERS.len();
    let has_root = walked
        .strings
        .iter()
        .any(|string| !is_source(string) && !string.value.is_empty());
    let sources = walked
        .strings
        .iter()
        .filter(|string| is_source(string) && !has_root);
    let references = sources
        .filter_map(|string| string.reference(text, Kind::MapSource))
        .collect();
    Found {
        references,
        faults: walked.faults,
        ..Found::default()
    }
}

fn references(text: &str, pointers: &[&str]) -> Found {
    let besides = match placeholder::is_in(text) {
        true => Besides::Placeholders,
        false => Besides::Nothing,
    };
    let walked = walk(text, after_bom(text), pointers, besides);
    // A walk of its own: what no pointer leads into may be nested deeper than can be read.
    let paths = walk(text, after_bom(text), &[], Besides::Paths);
    let starts = walked.strings.iter().map(|string| string.span.start);
    let starts: HashSet<usize> = starts.collect();
    let paths = paths.mentions.into_iter();
    let mentions = paths
        .filter(|mention| !starts.contains(&mention.at))
        .collect();
    let references = walked
        .strings
        .iter()
        .filter_map(|string| string.reference(text, Kind::Load))
        .collect();
    Found {
        references,
        mentions,
        placeholders: walked.placeholders,
        faults: walked.faults,
        ..Found::default()
    }
}

/// Where JSON begins: serde_json takes a byte order mark for an error, browsers skip it.
fn after_bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

/// Where a source map begins: servers may put a line before it that keeps it from being run as a script
/// (<https://tc39.es/ecma426/>, "decode a source map from a string").
fn after_guard(text: &str) -> usize {
    let start = after_bom(text);
    match text[start..]
        .strip_prefix(")]}'")
        .and_then(|_| text[start..].find('\n'))
    {
        Some(newline) => start + newline + 1,
        None => start,
    }
}

/// Things that are looked for besides what pointers lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Besides {
    /// Placeholders, for which all of the document must be read.
    Placeholders,
    /// Paths of files, as far as the document can be read. Whoever asks for references is told of mistakes.
    Paths,
    Nothing,
}

/// A string that a pointer leads to.
struct Text {
    /// Without the quotes.
    span: Range<usize>,
    value: String,
    /// Which pointer led here.
    pointer: usize,
}

impl Text {
    /// None for an empty string, which names no file.
    fn reference(&self, text: &str, kind: Kind) -> Option<Reference> {
        let has_escapes = text[self.span.clone()].contains('\\');
        match (self.value.is_empty(), has_escapes) {
            (true, _) => None,
            (false, true) => Some(Reference::escaped(self.span.clone(), &self.value, kind)),
            (false, false) => Some(Reference::verbatim(self.span.start, &self.value, kind)),
        }
    }
}

/// One part of a pointer.
enum Part {
    Any,
    Named { key: String, index: Option<usize> },
}

impl Part {
    fn parse(part: &str) -> Part {
        // `~1` first: `~01` is the key `~1`.
        let key = part.replace("~1", "/").replace("~0", "~");
        let has_leading_zero = key.len() > 1 && key.starts_with('0');
        let is_index = key.bytes().all(|b| b.is_ascii_digit()) && !has_leading_zero;
        match part {
            "*" => Part::Any,
            _ => Part::Named {
                index: is_index.then(|| key.parse().ok()).flatten(),
                key,
            },
        }
    }

    fn is_key(&self, wanted: &str) -> bool {
        matches!(self, Part::Any) || matches!(self, Part::Named { key, .. } if key == wanted)
    }

    fn is_index(&self, wanted: usize) -> bool {
        matches!(self, Part::Any)
            || matches!(self, Part::Named { index, .. } if *index == Some(wanted))
    }
}

fn parse_pointer(pointer: &str) -> Result<Vec<Part>, Fault> {
    match pointer.strip_prefix('/') {
        Some(parts) => Ok(parts.split('/').map(Part::parse).collect()),
        None if pointer.is_empty() => Ok(Vec::new()),
        None => Err(Fault {
            at: 0,
            message: format!("`{pointer}` isn't a JSON pointer: it must begin with `/`"),
        }),
    }
}

/// A document that is being read.
struct Walk<'t> {
    text: &'t str,
    /// The end of the last string or skipped value. From here to the next string there are only punctuation, numbers,
    /// `true`, `false` and `null`, so the next quote begins it. That is how a string with escapes is found: serde
    /// hands out a copy of it, which doesn't say where it's from.
    cursor: usize,
    besides: Besides,
    strings: Vec<Text>,
    placeholders: Vec<Placeholder>,
    mentions: Vec<Mention>,
    /// The place of the walk: keys, escaped as pointers have them, and `*` for each index.
    pointer: Vec<String>,
    faults: Vec<Fault>,
}

/// Reads `text` from `start`.
fn walk<'t>(text: &'t str, start: usize, pointers: &[&str], besides: Besides) -> Walk<'t> {
    let (strings, placeholders) = (Vec::new(), Vec::new());
    let mut walk = Walk {
        text,
        cursor: start,
        besides,
        strings,
        placeholders,
        mentions: Vec::new(),
        pointer: Vec::new(),
        faults: Vec::new(),
    };
    let parsed: Vec<_> = pointers
        .iter()
        .map(|pointer| parse_pointer(pointer))
        .collect();
    walk.faults.extend(
        parsed
            .iter()
            .filter_map(|pointer| pointer.as_ref().err().cloned()),
    );
    let parsed = parsed
        .iter()
        .enumerate()
        .filter_map(|(i, pointer)| pointer.as_ref().ok().map(|p| (i, p.as_slice())));
    let trails: Vec<Trail> = parsed
        .map(|(pointer, rest)| Trail { pointer, rest })
        .collect();
    if trails.is_empty() && besides == Besides::Nothing {
        return walk;
    }
    let mut json = serde_json::Deserializer::from_str(&text[start..]);
    let read = Node {
        walk: &mut walk,
        trails,
    }
    .deserialize(&mut json);
    if let Err(error) = read.and_then(|()| json.end())
        && besides != Besides::Paths
    {
        walk.faults.push(fault(text, start, &error));
    }
    walk
}

/// serde_json counts lines and columns from 1; columns are bytes.
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
    Fault {
        at,
        message: format!("isn't valid JSON: {reason}"),
    }
}

impl<'t> Walk<'t> {
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
            None => {
                let message = MISPLACED.to_string();
                self.faults.push(Fault {
                    at: span.start,
                    message,
                });
            }
        }
    }
}

/// What is left of a pointer.
#[derive(Clone, Copy)]
struct Trail<'p> {
    pointer: usize,
    rest: &'p [Part],
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

#[cfg(test)]
mod tests;
