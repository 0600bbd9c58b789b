//! URLs in XML: SVG, XHTML, and whatever the user says of other documents. Owns the walk over the document and the way
//! back from decoded values to its bytes; what attributes mean is in `elements`. Tokens come from `quick-xml`.

mod elements;
mod names;

use super::decoded::Decoded;
use super::{Base, Place, css, js, words};
use super::{Extra, Fault, Found, Kind};
use elements::{Attribute, Element, Language, Use};
use names::{Names, split};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::attributes::{AttrError, Attributes};
use quick_xml::events::{BytesRef, Event};
use std::borrow::Cow;
use std::ops::Range;

/// What an XML document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A drawing; HTML in it is read as such.
    Svg,
    /// A page; SVG in it is read as such.
    Xhtml,
    /// Only what [`Extra::attributes`] names, and the style sheets of processing instructions.
    Other,
}

/// Finds the URLs of a document, up to where it isn't well-formed: browsers stop there too.
///
/// URLs with entities that the document declares are left out, as they can't be replaced.
pub fn find(text: &str, extra: &Extra, dialect: Dialect) -> Found {
    let mut finder = Finder {
        text,
        extra,
        dialect,
        found: Found::default(),
        names: Names::new(dialect),
        open: Vec::new(),
        has_root: false,
        content: None,
    };
    if let Err(fault) = finder.read() {
        finder.found.faults.push(fault);
    }
    finder.found.mentions.sort_by_key(|mention| mention.at);
    // The text of an element is looked at when it ends, which is after what stands within.
    finder
        .found
        .references
        .sort_by_key(|reference| reference.span.start);
    finder.found
}

/// Stands for an entity that only the document knows. Not a character that XML allows.
const UNKNOWN: char = '\u{ffff}';

struct Finder<'t> {
    text: &'t str,
    extra: &'t Extra,
    dialect: Dialect,
    found: Found,
    names: Names<'t>,
    open: Vec<Open<'t>>,
    has_root: bool,
    content: Option<Content<'t>>,
}

/// An element that hasn't ended.
struct Open<'t> {
    at: usize,
    name: &'t str,
    /// The prefixes it declares.
    prefixes: Vec<&'t str>,
    language: Option<Language>,
}

/// The text of a `<style>` or `<script>` as far as it was read, without the marks in it.
struct Content<'t> {
    /// How many elements are open in it.
    depth: usize,
    language: Language,
    decoded: Decoded<'t>,
}

impl<'t> Finder<'t> {
    fn read(&mut self) -> Result<(), Fault> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().enable_all_checks(true);
        // The reader skips a byte order mark without counting it. Its positions fit, as all of the text is in memory.
        let bom = if self.text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        loop {
            let start = bom + reader.buffer_position() as usize;
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    return Err(ill_formed(
                        bom + reader.error_position() as usize,
                        &reason(error),
                    ));
                }
            };
            let span = start..bom + reader.buffer_position() as usize;
            if matches!(event, Event::Eof) {
                return self.end_of_text();
            }
            self.collect(&event, &span);
            self.event(&event, span)?;
        }
    }

    fn event(&mut self, event: &Event, span: Range<usize>) -> Result<(), Fault> {
        match event {
            Event::Start(tag) => {
                let open = self.element(span.start + 1..span.end - 1, tag.name().as_ref().len())?;
                let language = open.language;
                self.open.push(open);
                let depth = self.open.len();
                if let (Some(language), None) = (language, &self.content) {
                    self.content = Some(Content {
                        depth,
                        language,
                        decoded: Decoded::default(),
                    });
                }
            }
            Event::Empty(tag) => {
                let open = self.element(span.start + 1..span.end - 2, tag.name().as_ref().len())?;
                self.names.unbind(&open.prefixes);
            }
            Event::End(_) => self.end(),
            Event::Text(text) => {
                if self.open.is_empty() && !text.trim_ascii().is_empty() {
                    return Err(ill_formed(span.start, "text outside of the root element"));
                }
                self.words(span);
            }
            Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => {
                return Err(ill_formed(span.start, "text outside of the root element"));
            }
            Event::GeneralRef(name) if !is_entity(name) => {
                return Err(ill_formed(span.start, "`&` that isn't `&amp;`"));
            }
            Event::Decl(_)
                if !self.text[..span.start]
                    .trim_start_matches('\u{feff}')
                    .is_empty() =>
            {
                return Err(ill_formed(span.start, "`<?xml` isn't at the start"));
            }
            Event::Comment(_) => self.found.comments.push(span),
            Event::PI(instruction)
                if !self.has_root && instruction.target() == "xml-stylesheet" =>
            {
                self.style_sheet(span.start + 2..span.end - 2);
            }
            Event::DocType(_) => self.names.declare_entities(&self.text[span]),
            Event::CData(_) => self.words(span),
            Event::GeneralRef(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {}
        }
        Ok(())
    }

    /// Paths in the text of data.
    fn words(&mut self, span: Range<usize>) {
        if self.dialect == Dialect::Other && self.found.mentions.len() < words::KEPT_MAX {
            let at = |offset| span.start + offset;
            let mentions = words::find(&self.text[span.clone()], &Place::Text, at);
            self.found.mentions.extend(mentions);
        }
    }

    /// Reads a start tag, which stands at `tag` without its brackets.
    fn element(&mut self, tag: Range<usize>, name_len: usize) -> Result<Open<'t>, Fault> {
        let name = &self.text[tag.start..tag.start + name_len];
        if !is_name(name) {
            return Err(ill_formed(tag.start - 1, "`<` that isn't `&lt;`"));
        }
        if self.open.is_empty() && std::mem::replace(&mut self.has_root, true) {
            return Err(ill_formed(tag.start - 1, "a second root element"));
        }
        let mut attributes = self.attributes(tag.clone(), name_len)?;
        let bind = |attribute: &Attribute<'t>| self.names.bind(attribute.name, attribute.value);
        let prefixes: Vec<_> = attributes.iter().filter_map(bind).collect();
        for attribute in &mut attributes {
            attribute.space = split(attribute.name)
                .0
                .map(|prefix| self.names.of_attribute(prefix));
        }
        let element = Element::new(self.names.of_element(split(name).0), name, attributes);
        for attribute in &element.attributes {
            match element.meaning(attribute, self.dialect, self.extra) {
                Some(meaning) => self.attribute(attribute, meaning),
                None => self.mentions(element.name, attribute),
            }
        }
        let language = if self.dialect == Dialect::Other {
            None
        } else {
            element.language()
        };
        Ok(Open {
            at: tag.start - 1,
            name,
            prefixes,
            language,
        })
    }

    fn attributes(&self, tag: Range<usize>, name_len: usize) -> Result<Vec<Attribute<'t>>, Fault> {
        let text = self.text;
        let mut attributes = Vec::new();
        for attribute in Attributes::new(&text[tag.clone()], name_len) {
            let attribute = attribute.map_err(|error| attribute_fault(tag.start, &error))?;
            // Never owned, as the iterator decodes nothing.
            let Cow::Borrowed(value) = attribute.value else {
                continue;
            };
            let at = value.as_ptr() as usize - text.as_ptr() as usize;
            check_value(value).map_err(|(offset, why)| ill_formed(at + offset, why))?;
            attributes.push(Attribute {
                space: None,
                name: attribute.key.into_inner(),
                value,
                at,
            });
        }
        Ok(attributes)
    }

    fn attribute(&mut self, attribute: &Attribute, meaning: Use) {
        // A function has a bracket. Most values of `fill` and the like have none.
        if meaning == Use::Css && !attribute.value.contains(['(', '&']) {
            return;
        }
        // XML reads line ends in values as blanks, one for each byte here.
        let value = attribute.value.replace(['\t', '\n', '\r'], " ");
        let decoded = Decoded::new(attribute.at, &value, decode_piece);
        match meaning {
            Use::Url(kind) => self.url(&decoded, 0..decoded.text().len(), kind),
            Use::Candidates => {
                for url in candidates(decoded.text()) {
                    self.url(&decoded, url, Kind::Load);
                }
            }
            Use::Css => self.absorb(css::find(decoded.text(), css::Part::Declarations), &decoded),
            Use::Base => {
                let url = decoded.text().trim_matches(is_blank);
                if self.found.base.is_none() && !url.contains(UNKNOWN) {
                    self.found.base = Some(url.to_string());
                }
            }
        }
    }

    /// Paths in an attribute that only scripts read. Those of drawings are for the programs that made them.
    fn mentions(&mut self, element: &str, attribute: &Attribute) {
        let is_read = self.dialect != Dialect::Svg && words::may_be_in(attribute.name);
        if is_read && self.found.mentions.len() < words::KEPT_MAX {
            let value = Decoded::new(attribute.at, attribute.value, decode_piece);
            let at = |offset| value.raw(offset);
            let mentions = words::in_attribute(element, attribute.name, value.text(), at);
            self.found.mentions.extend(mentions);
        }
    }

    /// Adds the URL at `range` of a value.
    fn url(&mut self, decoded: &Decoded, range: Range<usize>, kind: Kind) {
        let all = &decoded.text()[range.clone()];
        let url = all.trim_matches(is_blank);
        if url.is_empty() || url.contains(UNKNOWN) {
            return;
        }
        let start = range.start + all.len() - all.trim_start_matches(is_blank).len();
        self.found
            .references
            .push(decoded.reference(start, url, kind));
    }

    /// Takes over what was found in a decoded text, but for what can't be replaced in one go.
    fn absorb(&mut self, mut part: Found, decoded: &Decoded) {
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

    fn style_sheet(&mut self, instruction: Range<usize>) {
        let target = "xml-stylesheet".len();
        // Browsers ignore an instruction that they can't read; the document is still well-formed.
        let attributes = self.attributes(instruction, target).unwrap_or_default();
        if let Some(href) = attributes.iter().find(|attribute| attribute.name == "href") {
            self.attribute(href, Use::Url(Kind::Load));
        }
    }

    /// Adds an event to the text of the `<style>` or `<script>` that is open.
    fn collect(&mut self, event: &Event, span: &Range<usize>) {
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

    fn end(&mut self) {
        if let Some(content) = self
            .content
            .take_if(|content| content.depth == self.open.len())
        {
            self.text_of_element(&content);
        }
        if let Some(open) = self.open.pop() {
            self.names.unbind(&open.prefixes);
        }
    }

    fn text_of_element(&mut self, content: &Content<'_>) {
        let text = content.decoded.text();
        let part = match content.language {
            Language::Css => css::find(text, css::Part::Stylesheet),
            // Code with an entity in it can't be parsed, and that's no fault of the document.
            Language::Js(_) if text.contains(UNKNOWN) => return,
            Language::Js(goal) => {
                let mut part = js::find(text, goal);
                // The page that runs the script is this document.
                part.references
                    .iter_mut()
                    .for_each(|reference| reference.base = Base::Document);
                part
            }
        };
        self.absorb(part, &content.decoded);
    }

    fn end_of_text(&self) -> Result<(), Fault> {
        match self.open.last() {
            Some(open) => Err(ill_formed(
                open.at,
                &format!("`<{}>` isn't closed", open.name),
            )),
            None => Ok(()),
        }
    }
}

/// How a fault begins behind which nothing was read, not even comments.
pub const ILL_FORMED: &str = "isn't well-formed XML";

fn ill_formed(at: usize, why: &str) -> Fault {
    Fault {
        at,
        message: format!("{ILL_FORMED}: {why}"),
    }
}

/// What the reader says, without the class of the error in front.
fn reason(error: quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Syntax(error) => error.to_string(),
        quick_xml::Error::IllFormed(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn attribute_fault(tag: usize, error: &AttrError) -> Fault {
    let (at, why) = match error {
        AttrError::ExpectedEq(at) => (at, "an attribute without `=`"),
        AttrError::ExpectedValue(at) => (at, "an attribute without a value"),
        AttrError::UnquotedValue(at) => (at, "an attribute's value without quotes"),
        AttrError::ExpectedQuote(at, _) => (at, "an attribute's value without a closing quote"),
        AttrError::Duplicated(at, _) => (at, "an attribute that is there twice"),
    };
    ill_formed(tag + at, why)
}

/// Where and why the value of an attribute isn't well-formed.
fn check_value(value: &str) -> Result<(), (usize, &'static str)> {
    for (at, mark) in value.match_indices(['<', '&']) {
        if mark == "<" {
            return Err((at, "`<` in an attribute"));
        }
        match value[at + 1..].split_once(';') {
            Some((name, _)) if is_entity(name) => {}
            _ => return Err((at, "`&` that isn't `&amp;`")),
        }
    }
    Ok(())
}

/// Whether `&name;` is an entity or the number of a character.
fn is_entity(name: &str) -> bool {
    is_name(name.strip_prefix('#').unwrap_or(name))
}

/// A little wider than what XML allows.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c) || !c.is_ascii())
}

/// The character of an entity that all documents know.
fn resolve(name: &str) -> Option<char> {
    match BytesRef::new(name).resolve_char_ref() {
        Ok(Some(c)) => Some(c),
        Ok(None) => resolve_xml_entity(name)?.chars().next(),
        Err(_) => None,
    }
}

/// Decodes a piece of an attribute's value; an entity can only stand at its start. Line ends are blanks in attributes:
/// https://www.w3.org/TR/xml/#AVNormalize
fn decode_piece(piece: &str) -> Cow<'_, str> {
    let entity = piece
        .strip_prefix('&')
        .and_then(|piece| piece.split_once(';'));
    match entity {
        Some((name, rest)) => format!("{}{rest}", resolve(name).unwrap_or(UNKNOWN)).into(),
        None => piece.into(),
    }
}

/// What URLs are stripped of: https://url.spec.whatwg.org/#concept-basic-url-parser, step 1.
fn is_blank(c: char) -> bool {
    c <= ' '
}

/// The URLs of a `srcset`: https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute
fn candidates(text: &str) -> Vec<Range<usize>> {
    let is_gap = |c: char| c.is_ascii_whitespace() || c == ',';
    let mut urls = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c| !is_gap(c)).map(|gap| at + gap) {
        let end = text[start..]
            .find(|c: char| c.is_ascii_whitespace())
            .map_or(text.len(), |len| start + len);
        let url = text[start..end].trim_end_matches(',');
        urls.push(start..start + url.len());
        at = match start + url.len() < end {
            true => end,
            false => end_of_descriptors(text, end),
        };
    }
    urls
}

/// Behind the comma that ends the descriptors of a candidate; commas in brackets don't.
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

#[cfg(test)]
mod tests;
