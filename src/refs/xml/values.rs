//! Values as browsers read them: entities are resolved, and URLs are found in them.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::BytesRef;

use crate::refs::decoded::Decoded;
use crate::refs::lines::is_blank;
use crate::refs::{Kind, Reference};

/// A sign for an entity that only the document knows. Not a character that XML allows.
pub(super) const UNKNOWN: char = '\u{ffff}';

/// The character of an entity that all documents know.
fn resolve(name: &str) -> Option<char> {
    match BytesRef::new(name).resolve_char_ref() {
        Ok(Some(c)) => Some(c),
        Ok(None) => resolve_xml_entity(name)?.chars().next(),
        Err(_) => None,
    }
}

/// Decodes a piece of an attribute's value; an entity can only stand at its start. Line ends are
/// blanks in attributes: https://www.w3.org/TR/xml/#AVNormalize
pub(super) fn decode_piece(piece: &str) -> Cow<'_, str> {
    let entity = piece
        .strip_prefix('&')
        .and_then(|piece| piece.split_once(';'));
    match entity {
        Some((name, rest)) => format!("{}{rest}", resolve(name).unwrap_or(UNKNOWN)).into(),
        None => piece.into(),
    }
}

/// Returns the URL at `range` of a value, unless entities are in it that only the document knows.
pub(super) fn reference(decoded: &Decoded, range: Range<usize>, kind: Kind) -> Option<Reference> {
    let all = &decoded.text()[range.clone()];
    let url = all.trim_matches(is_blank);
    let start = range.start + all.len() - all.trim_start_matches(is_blank).len();
    let is_known = !url.is_empty() && !url.contains(UNKNOWN);
    is_known.then(|| decoded.reference(start, url, kind))
}

/// The URLs of a `srcset`:
/// https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute
pub(super) fn candidates(text: &str) -> Vec<Range<usize>> {
    let is_gap = |c: char| c.is_ascii_whitespace() || c == ',';
    let mut urls = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c| !is_gap(c)).map(|gap| at + gap) {
        let end = text[start..]
            .find(|c: char| c.is_ascii_whitespace())
            .map_or(text.len(), |len| start + len);
        let url = text[start..end].trim_end_matches(',');
        urls.push(start..start + url.len());
        at = if start + url.len() < end {
            end
        } else {
            end_of_descriptors(text, end)
        };
    }
    urls
}

/// Returns the place behind the comma that ends the descriptors of a candidate; commas in brackets
/// don't.
fn end_of_descriptors(text: &str, start: usize) -> usize {
    let mut is_in_brackets = false;
    for (at, c) in text[start..].char_indices() {
        match c {
            '(' => is_in_brackets = true,
            ')' => is_in_brackets = false,
            ',' if !is_in_brackets => return start + at + 1,
            _ => {}
        }
    }
    text.len()
}
