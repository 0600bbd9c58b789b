//! Strings of JSON that look like the path of a file, and the pointers that lead to them.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::refs::{Mention, Place, paths};

/// How many are kept of one document.
const KEPT_MAX: usize = 10_000;

/// Returns them, but for those at `known`, which are sorted. Of what isn't JSON, those before the mistake.
pub(super) fn find(text: &str, start: usize, known: &[Range<usize>]) -> Vec<Mention> {
    let mut walk = Walk {
        text,
        cursor: start,
        known,
        pointer: Vec::new(),
        mentions: Vec::new(),
    };
    let mut json = serde_json::Deserializer::from_str(&text[start..]);
    // Whoever asks for references is told of the mistake.
    let _ = Node(&mut walk).deserialize(&mut json);
    walk.mentions
}

/// A document that is being read.
struct Walk<'t> {
    text: &'t str,
    /// The end of the last string: the next quote begins the next one.
    cursor: usize,
    known: &'t [Range<usize>],
    /// Keys, escaped as pointers have them, and `*` for each index.
    pointer: Vec<String>,
    mentions: Vec<Mention>,
}

impl Walk<'_> {
    /// Passes the next string, and returns where it begins, behind its quote.
    fn next_string(&mut self) -> usize {
        let bytes = self.text.as_bytes();
        let quote = memchr::memchr(b'"', &bytes[self.cursor.min(bytes.len())..]);
        let start = quote.map_or(bytes.len(), |quote| self.cursor + quote + 1);
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        self.cursor = end + 1;
        start
    }

    fn take(&mut self, value: &str) {
        let at = self.next_string();
        let is_known = self
            .known
            .binary_search_by_key(&at, |span| span.start)
            .is_ok();
        if is_known || self.mentions.len() >= KEPT_MAX || !paths::is_file_path(value) {
            return;
        }
        self.mentions.push(Mention {
            at,
            text: value.to_string(),
            place: Place::Pointer(format!("/{}", self.pointer.join("/"))),
        });
    }
}

struct Node<'w, 't>(&'w mut Walk<'t>);

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.take(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.pointer.push("*".to_string());
        while seq.next_element_seed(Node(self.0))?.is_some() {}
        self.0.pointer.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.0.next_string();
            self.0
                .pointer
                .push(key.replace('~', "~0").replace('/', "~1"));
            map.next_value_seed(Node(self.0))?;
            self.0.pointer.pop();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_with_their_pointers_and_places() {
        let text = r#"{ "a/b": ["x.png", 1, { "s\"rc": "img\/y.png" }], "title": "two words.png", "z": "z.mp3" }"#;
        let start = text.find("z.mp3").expect("there");
        let known: Vec<Range<usize>> = std::iter::once(start..start + 5).collect();
        let found = find(text, 0, &known);
        let found: Vec<(&str, &str, &Place)> = found
            .iter()
            .map(|mention| {
                (
                    mention.text.as_str(),
                    &text[mention.at..mention.at + 3],
                    &mention.place,
                )
            })
            .collect();
        let pointer = |pointer: &str| Place::Pointer(pointer.to_string());
        assert_eq!(
            found,
            [
                ("x.png", "x.p", &pointer("/a~1b/*")),
                ("img/y.png", "img", &pointer("/a~1b/*/s\"rc")),
            ]
        );
    }

    #[test]
    fn what_is_before_a_mistake_is_found() {
        assert_eq!(find("[\"a.png\", oops", 0, &[]).len(), 1);
        assert_eq!(find("", 0, &[]), []);
    }
}
