//! Texts of elements: styles, scripts and URLs, put together from all that stands between two tags.

use std::ops::Range;

use quick_xml::events::Event;

use super::Finder;
use super::elements::Language;
use super::values::{UNKNOWN, decode_piece, reference};
use crate::refs::decoded::Decoded;
use crate::refs::lines::is_blank;
use crate::refs::{Base, Found, Kind, Reference, css, js};

/// The text of a `<style>`, `<script>` or the like as far as it was read, without the marks in it.
pub(super) struct Content<'t> {
    /// The number of elements that are open in it.
    depth: usize,
    language: Language,
    decoded: Decoded<'t>,
}

impl<'t> Finder<'t> {
    /// Adds an event to the text of the element of [`Finder::content`].
    pub(super) fn collect(&mut self, event: &Event, span: &Range<usize>) {
        let Some(content) = &mut self.content else {
            return;
        };
        if content.depth != self.open.len() {
            return;
        }
        let raw = &self.text[span.clone()];
        match event {
            Event::Text(_) => content.decoded.push_verbatim(span.start, raw),
            Event::CData(_) => {
                let (start, end) = ("<![CDATA[".len(), raw.len() - "]]>".len());
                content
                    .decoded
                    .push_verbatim(span.start + start, &raw[start..end]);
            }
            Event::GeneralRef(_) => content.decoded.push(span.start, raw, decode_piece),
            _ => {}
        }
    }

    /// Begins to collect the text of the element that was opened last, unless one around it is
    /// collected.
    pub(super) fn begin_content(&mut self, language: Option<Language>) {
        if let (Some(language), None) = (language, &self.content) {
            self.content = Some(Content {
                depth: self.open.len(),
                language,
                decoded: Decoded::default(),
            });
        }
    }

    /// Looks into the text of the element that ends, if it was collected.
    pub(super) fn end_content(&mut self) {
        let depth = self.open.len();
        if let Some(content) = self.content.take_if(|content| content.depth == depth) {
            self.text_of_element(&content);
        }
    }

    fn text_of_element(&mut self, content: &Content<'_>) {
        let text = content.decoded.text();
        match content.language {
            Language::Css => {
                self.absorb(css::find(text, css::Part::Stylesheet), &content.decoded);
            }
            // Code with an entity in it can't be parsed, and that's no fault of the document.
            Language::Js(_) if text.contains(UNKNOWN) => {}
            Language::Js(goal) => self.absorb(in_document(js::find(text, goal)), &content.decoded),
            Language::Url(kind) => {
                let reference = self.url_of_text(&content.decoded, kind);
                self.found.references.extend(reference);
            }
            Language::BaseUrl => {
                let reference = self.url_of_text(&content.decoded, Kind::Load);
                // An empty one is the address of the document.
                if !text.trim_matches(is_blank).is_empty() {
                    self.presentation
                        .add_base(content.decoded.raw(0), reference);
                }
            }
        }
    }

    /// Returns the URL that a text is, unless marks are in it.
    fn url_of_text(&mut self, decoded: &Decoded, kind: Kind) -> Option<Reference> {
        let reference = reference(decoded, 0..decoded.text().len(), kind)?;
        if self.text.get(reference.span.clone())?.contains('<') {
            return None;
        }
        // Its words were noted as the reader came by.
        let start = decoded.raw(0);
        while self
            .found
            .mentions
            .pop_if(|mention| mention.at >= start)
            .is_some()
        {}
        Some(reference)
    }

    /// Takes over what was found in a decoded text, but for what can't be replaced in one go.
    pub(super) fn absorb(&mut self, mut part: Found, decoded: &Decoded) {
        let text = self.text;
        let map = |offset| decoded.raw(offset);
        // In what was read as text, `<` begins a mark: `"a<![CDATA[b.png]]>"`.
        let raw = |range: &Range<usize>| text.get(map(range.start)..map(range.end));
        let is_whole = |range: &Range<usize>| raw(range).is_some_and(|raw| !raw.contains('<'));
        part.references
            .retain(|reference| !reference.url.contains(UNKNOWN) && is_whole(&reference.span));
        part.placeholders
            .retain(|placeholder| is_whole(&placeholder.span));
        part.source_maps
            .retain(|source_map| is_whole(&source_map.comment));
        for reference in &mut part.references {
            // Right in text, attributes and CDATA alike.
            reference.tail = reference.tail.replace('&', "%26");
        }
        self.found.absorb(part, map);
    }
}

/// Returns what a script refers to, whose page is the document it stands in.
fn in_document(mut script: Found) -> Found {
    for reference in &mut script.references {
        reference.base = Base::Document;
    }
    script
}
