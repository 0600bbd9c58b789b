//! URLs in XML: SVG, XHTML, DASH, feeds, and in attributes that the user adds for other documents.
//! Owns the walk over the document; `elements` has the meanings of attributes. Tokens come from
//! `quick-xml`.

mod content;
mod dash;
mod data;
mod elements;
mod names;
mod tags;
mod values;
mod well_formed;

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

use self::content::Content;
use self::dash::Presentation;
use self::elements::Language;
use self::names::Names;
use self::well_formed::{ill_formed, is_entity, reason};
use super::{Extra, Fault, Found, Place, words};

/// Kinds of XML documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A drawing; HTML in it is read as such.
    Svg,
    /// A page; SVG in it is read as such.
    Xhtml,
    /// A presentation of DASH: the files that a video is made of.
    Dash,
    /// Data: attributes that [`Extra::attributes`] names, the style sheets of processing
    /// instructions, and what is known of feeds and some other kinds.
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
        presentation: Presentation::default(),
    };
    if let Err(fault) = finder.read() {
        finder.found.faults.push(fault);
    }
    finder.finish()
}

/// The fault of a text that isn't in an element.
const OUTSIDE: &str = "text outside the root element";

struct Finder<'t> {
    text: &'t str,
    extra: &'t Extra,
    dialect: Dialect,
    found: Found,
    names: Names<'t>,
    open: Vec<Open<'t>>,
    has_root: bool,
    content: Option<Content<'t>>,
    presentation: Presentation,
}

/// An element that hasn't ended.
struct Open<'t> {
    at: usize,
    name: &'t str,
    /// The prefixes it declares.
    prefixes: Vec<&'t str>,
    language: Option<Language>,
    /// Says whether `xml:base` is there, on it or around it: URLs are relative to that.
    is_rebased: bool,
}

impl<'t> Finder<'t> {
    fn finish(mut self) -> Found {
        let presentation = std::mem::take(&mut self.presentation).finish();
        self.found.absorb(presentation, |offset| offset);
        self.found.faults.sort_by_key(|fault| fault.at);
        self.found.mentions.sort_by_key(|mention| mention.at);
        // The text of an element is looked at when it ends, which is after what stands within.
        self.found
            .references
            .sort_by_key(|reference| reference.span.start);
        self.found
    }

    fn read(&mut self) -> Result<(), Fault> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().enable_all_checks(true);
        // The reader skips a byte order mark without counting it. Its positions fit, as all of the
        // text is in memory.
        let bom = if self.text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        loop {
            let start = bom + reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|error| {
                let at = bom + reader.error_position() as usize;
                ill_formed(at, &reason(error))
            })?;
            let span = start..bom + reader.buffer_position() as usize;
            if matches!(event, Event::Eof) {
                return self.end_of_text();
            }
            self.collect(&event, &span);
            self.event(&event, span)?;
        }
    }

    fn event(&mut self, event: &Event, span: Range<usize>) -> Result<(), Fault> {
        if let Some(why) = self.misplaced(event, span.start) {
            return Err(ill_formed(span.start, why));
        }
        match event {
            Event::Start(tag) => {
                let open = self.element(span.start + 1..span.end - 1, tag.name().as_ref().len())?;
                let language = open.language;
                self.open.push(open);
                self.begin_content(language);
            }
            Event::Empty(tag) => {
                let open = self.element(span.start + 1..span.end - 2, tag.name().as_ref().len())?;
                self.names.unbind(&open.prefixes);
                self.presentation.leave(self.open.len());
            }
            Event::End(_) => self.end(),
            Event::Text(_) | Event::CData(_) => self.words(span),
            Event::Comment(_) => self.found.comments.push(span),
            Event::PI(instruction) => self.instruction(instruction.target(), span),
            Event::DocType(_) => self.names.declare_entities(&self.text[span]),
            Event::GeneralRef(_) | Event::Decl(_) | Event::Eof => {}
        }
        Ok(())
    }

    /// Says why an event can't stand at `start`.
    fn misplaced(&self, event: &Event, start: usize) -> Option<&'static str> {
        let is_outside = self.open.is_empty();
        let before = || self.text[..start].trim_start_matches('\u{feff}');
        match event {
            Event::Text(text) if is_outside && !text.trim_ascii().is_empty() => Some(OUTSIDE),
            Event::CData(_) | Event::GeneralRef(_) if is_outside => Some(OUTSIDE),
            Event::GeneralRef(name) if !is_entity(name) => Some("`&` must be written as `&amp;`"),
            Event::Decl(_) if !before().is_empty() => Some("`<?xml` isn't at the start"),
            _ => None,
        }
    }

    /// Reads a processing instruction: that of a style sheet, if the root didn't begin yet.
    fn instruction(&mut self, target: &str, span: Range<usize>) {
        if !self.has_root && target == "xml-stylesheet" {
            self.style_sheet(span.start + 2..span.end - 2);
        }
    }

    /// Paths in the text of data.
    fn words(&mut self, span: Range<usize>) {
        let is_data = matches!(self.dialect, Dialect::Dash | Dialect::Other);
        if is_data && self.found.mentions.len() < words::KEPT_MAX {
            let at = |offset| span.start + offset;
            let mentions = words::find(&self.text[span.clone()], &Place::Text, at);
            self.found.mentions.extend(mentions);
        }
    }

    fn end(&mut self) {
        self.end_content();
        if let Some(open) = self.open.pop() {
            self.names.unbind(&open.prefixes);
        }
        self.presentation.leave(self.open.len());
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

#[cfg(test)]
mod tests;
