//! Start tags: their attributes, the names these declare, and what is referred to by them.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::events::attributes::Attributes;

use super::elements::{Attribute, Element, Use};
use super::names::{Space, split};
use super::values::{UNKNOWN, candidates, decode_piece, reference};
use super::well_formed::{attribute_fault, check_value, ill_formed, is_name};
use super::{Dialect, Finder, Open};
use crate::refs::decoded::Decoded;
use crate::refs::digest::{self, Loading};
use crate::refs::lines::is_blank;
use crate::refs::{Fault, Kind, css, words};

impl<'t> Finder<'t> {
    /// Reads a start tag, which stands at `tag` without its brackets.
    pub(super) fn element(
        &mut self,
        tag: Range<usize>,
        name_len: usize,
    ) -> Result<Open<'t>, Fault> {
        let name = self.name(&tag, name_len)?;
        let mut attributes = self.attributes(tag.clone(), name_len)?;
        let prefixes = self.bind(&mut attributes);
        let is_rebased = self.is_rebased(&attributes);
        let space = if is_rebased && self.dialect == Dialect::Other {
            Space::Other
        } else {
            self.space(split(name).0)
        };
        let element = Element::new(space, name, attributes);
        self.refers(&element, tag.start + name_len);
        let parent = self.open.last().map_or("", |open| open.name);
        Ok(Open {
            at: tag.start - 1,
            name,
            prefixes,
            language: element.text(self.dialect, parent),
            is_rebased,
        })
    }

    fn name(&mut self, tag: &Range<usize>, name_len: usize) -> Result<&'t str, Fault> {
        let name = &self.text[tag.start..tag.start + name_len];
        if !is_name(name) {
            return Err(ill_formed(tag.start - 1, "`<` must be written as `&lt;`"));
        }
        if self.open.is_empty() && std::mem::replace(&mut self.has_root, true) {
            return Err(ill_formed(tag.start - 1, "a second root element"));
        }
        Ok(name)
    }

    /// Says whether an element with these attributes, or one around it, has a base of its own.
    fn is_rebased(&self, attributes: &[Attribute<'t>]) -> bool {
        let mut names = attributes.iter().map(|attribute| attribute.name);
        self.open.last().is_some_and(|open| open.is_rebased) || names.any(|name| name == "xml:base")
    }

    /// Takes note of the prefixes that attributes declare, which it returns, and of what theirs
    /// stand for.
    fn bind(&mut self, attributes: &mut [Attribute<'t>]) -> Vec<&'t str> {
        let bind = |attribute: &Attribute<'t>| self.names.bind(attribute.name, attribute.value);
        let prefixes = attributes.iter().filter_map(bind).collect();
        for attribute in attributes {
            let prefix = split(attribute.name).0;
            attribute.space = prefix.map(|prefix| self.names.of_attribute(prefix));
        }
        prefixes
    }

    /// Collects what an element refers to. A digest can be put `at` a place.
    fn refers(&mut self, element: &Element, at: usize) {
        if self.dialect == Dialect::Dash {
            self.presentation.enter(self.open.len(), element.local());
        }
        let before = self.found.references.len();
        for attribute in &element.attributes {
            match element.meaning(attribute, self.dialect, self.extra) {
                Some(meaning) => self.attribute(attribute, meaning),
                None => self.mentions(element.name, attribute),
            }
        }
        self.integrity(element, at, before);
    }

    /// Returns what an element belongs to. Some kinds of data have no namespace, and are known by
    /// their root.
    fn space(&self, prefix: Option<&str>) -> Space {
        let root = self.open.first().map(|root| root.name);
        match (self.names.of_element(prefix), self.dialect, prefix, root) {
            (Space::Other, Dialect::Other, None, Some("rss")) => Space::Rss,
            (Space::Other, Dialect::Other, None, Some("browserconfig")) => Space::BrowserConfig,
            (space, ..) => space,
        }
    }

    /// Takes the first base of a page.
    fn base(&mut self, decoded: &Decoded) {
        let url = decoded.text().trim_matches(is_blank);
        if self.found.base.is_none() && !url.contains(UNKNOWN) {
            self.found.base = Some(url.to_string());
        }
    }

    /// Notes paths in an attribute that only scripts read. Those of drawings are for the programs
    /// that made them.
    fn mentions(&mut self, element: &str, attribute: &Attribute) {
        let is_read = self.dialect != Dialect::Svg && words::may_be_in(attribute.name);
        if is_read && self.found.mentions.len() < words::KEPT_MAX {
            let value = Decoded::new(attribute.at, attribute.value, decode_piece);
            let at = |offset| value.raw(offset);
            let mentions = words::in_attribute(element, attribute.name, value.text(), at);
            self.found.mentions.extend(mentions);
        }
    }

    /// Adds the digests of the file that an element loads; or a place for one, `at`. Its references
    /// are those from `first` on.
    fn integrity(&mut self, element: &Element, at: usize, first: usize) {
        let value = |name: &str| {
            let mut attributes = element.attributes.iter();
            attributes.find(|attribute| attribute.name == name)
        };
        if let Some(source) = element.source_of_integrity() {
            let integrity = value("integrity");
            let integrity = integrity.map(|it| Decoded::new(it.at, it.value, decode_piece));
            self.found.digests.extend(digest::of_element(&Loading {
                references: &self.found.references[first..],
                url: source.at..source.at + source.value.len(),
                integrity: integrity.as_ref(),
                has_crossorigin: value("crossorigin").is_some(),
                at,
                is_to_be_checked: self.extra.adds_integrity && element.is_run_or_applied(),
            }));
        }
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
            Use::Base => self.base(&decoded),
            Use::Template if decoded.text().contains('$') => {
                self.presentation.add_template(attribute.at, decoded.text());
            }
            Use::Template => self.url(&decoded, 0..decoded.text().len(), Kind::Load),
        }
    }

    /// Adds the URL at `range` of a value.
    fn url(&mut self, decoded: &Decoded, range: Range<usize>, kind: Kind) {
        let Some(reference) = reference(decoded, range, kind) else {
            return;
        };
        match self.dialect {
            // What stands before the root isn't of the presentation.
            Dialect::Dash if self.has_root => self.presentation.add_address(reference),
            _ => self.found.references.push(reference),
        }
    }

    pub(super) fn style_sheet(&mut self, instruction: Range<usize>) {
        let target = "xml-stylesheet".len();
        // Browsers ignore an instruction that they can't read; the document is still well-formed.
        let attributes = self.attributes(instruction, target).unwrap_or_default();
        if let Some(href) = attributes.iter().find(|attribute| attribute.name == "href") {
            self.attribute(href, Use::Url(Kind::Load));
        }
    }
}
