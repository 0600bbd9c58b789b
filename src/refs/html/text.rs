//! Text of pages: entities, CDATA, and comments that are no part of it.

use std::borrow::Cow;

use crate::refs::decoded::Decoded;

const CDATA_OPEN: &str = "<![CDATA[";
const CDATA_CLOSE: &str = "]]>";

/// Returns the text of an SVG or MathML element of the page.
pub(in crate::refs) fn foreign_text(raw: &str) -> String {
    let mut text = String::new();
    let mut rest = raw;
    while let Some((markup, inner)) = rest.split_once(CDATA_OPEN) {
        text += &in_text(&without_comments(markup));
        let (cdata, after) = inner.split_once(CDATA_CLOSE).unwrap_or((inner, ""));
        text += cdata;
        rest = after;
    }
    text + &in_text(&without_comments(rest))
}

/// Takes comments out: they are no part of an element's text.
fn without_comments(markup: &str) -> String {
    let mut text = String::new();
    let mut rest = markup;
    while let Some((before, inner)) = rest.split_once("<!--") {
        text += before;
        rest = inner.split_once("-->").map_or("", |(_, after)| after);
    }
    text + rest
}

/// Returns the value of an attribute of the page.
pub(in crate::refs) fn attribute_text(raw: &str) -> String {
    in_attribute(raw).into_owned()
}

/// Adds the text of an SVG or MathML element: with entities, but for those in CDATA sections.
pub(super) fn push_foreign<'a>(text: &mut Decoded<'a>, at: usize, written: &'a str) {
    let mut rest = written;
    while let Some((markup, inner)) = rest.split_once(CDATA_OPEN) {
        text.push(at + written.len() - rest.len(), markup, in_text);
        let (cdata, after) = inner.split_once(CDATA_CLOSE).unwrap_or((inner, ""));
        text.push_verbatim(at + written.len() - inner.len(), cdata);
        rest = after;
    }
    text.push(at + written.len() - rest.len(), rest, in_text);
}

/// Resolves an entity in an attribute: `&copy=1` isn't one there.
pub(super) fn in_attribute(piece: &str) -> Cow<'_, str> {
    htmlize::unescape_attribute(piece)
}

/// Resolves an entity in text.
pub(super) fn in_text(piece: &str) -> Cow<'_, str> {
    htmlize::unescape(piece)
}
