//! References in HTML pages: in attributes, in inline styles and scripts, and in the pages of
//! `srcdoc`. `html::attributes` has the meanings of attributes; `html::tokens` finds the tags.

mod attributes;
mod contents;
mod foreign;
mod import_map;
mod policies;
mod refresh;
pub(super) mod srcset;
mod text;
mod tokens;

use std::ops::Range;

use self::attributes::{Element, Holds, ScriptType};
use self::contents::Content;
use self::foreign::Space;
use self::text::in_attribute;
pub(super) use self::text::{attribute_text, foreign_text};
use self::tokens::{Tag, What, tokens};
use super::decoded::Decoded;
use super::digest::{self, Digested, Written};
use super::{Extra, Fault, Found, Kind, css, words};

/// `<iframe srcdoc>` in `<iframe srcdoc>`: deeper ones are a fault.
const SRCDOC_DEPTH_MAX: usize = 3;

/// Finds the URLs of a page. Empty ones are left out; whether any other leads anywhere is not
/// looked at.
pub fn find(text: &str, extra: &Extra) -> Found {
    find_in(text, extra, 0)
}

/// Returns the charset that the first `<meta>` names which names one; `parameter` reads it from a
/// type.
pub(crate) fn declared_charset(
    text: &str,
    parameter: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let charset = |token: tokens::Token| {
        let What::Start(tag) = token.what else {
            return None;
        };
        let element = decode(text, &tag);
        match element.attribute("charset") {
            _ if tag.name != "meta" => None,
            Some(charset) => Some(charset.trim_ascii().to_string()),
            None => {
                let is_type = element
                    .attribute("http-equiv")
                    .is_some_and(|header| header.eq_ignore_ascii_case("content-type"));
                parameter(element.attribute("content")?).filter(|_| is_type)
            }
        }
    };
    tokens(text).find_map(charset)
}

fn find_in(text: &str, extra: &Extra, srcdoc_depth: usize) -> Found {
    let mut page = Page {
        text,
        extra,
        srcdoc_depth,
        found: Found::default(),
        contents: Vec::new(),
        is_for_scripts: false,
        policies: Vec::new(),
        inline: Vec::new(),
    };
    page.read();
    page.match_policies();
    // Elements in an SVG `<style>` stand before its end, which is where it's looked into.
    page.found
        .references
        .sort_by_key(|reference| reference.span.start);
    page.found.mentions.sort_by_key(|mention| mention.at);
    page.found
}

struct Page<'a> {
    text: &'a str,
    extra: &'a Extra,
    srcdoc_depth: usize,
    found: Found,
    /// Those that aren't closed yet, outermost first: in `<svg>`, a `<style>` may hold another.
    contents: Vec<Content<'a>>,
    /// Says whether the text that follows is for scripts: that of an element which browsers don't
    /// know, or of a `<script>` that isn't run.
    is_for_scripts: bool,
    /// Digests in policies.
    policies: Vec<digest::Found>,
    /// Scripts and styles that stand in the page behind its first policy.
    inline: Vec<(Range<usize>, Written)>,
}

/// A start tag with its attributes as a browser reads them.
struct Decode<'a> {
    tag: &'a Tag,
    attributes: Vec<(&'a str, Decoded<'a>)>,
}

impl Element for Decode<'_> {
    fn name(&self) -> &str {
        &self.tag.name
    }

    fn space(&self) -> Space {
        self.tag.space
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.text())
    }
}

impl<'a> Page<'a> {
    fn read(&mut self) {
        let (mut end, mut depth) = (0, 0);
        for token in tokens(self.text) {
            self.text(end..token.span.start, depth);
            (end, depth) = (token.span.end, token.depth);
            self.close_contents(depth);
            match token.what {
                What::Start(tag) => self.start_tag(&tag, token.span.start, depth),
                What::Comment => self.found.comments.push(token.span),
                What::Other => self.is_for_scripts = false,
            }
        }
        self.text(end..self.text.len(), depth);
        self.close_contents(0);
    }

    /// Reads a tag that begins at `at`.
    fn start_tag(&mut self, tag: &Tag, at: usize, depth: usize) {
        let element = decode(self.text, tag);
        let before = self.found.references.len();
        for (name, value) in &element.attributes {
            match attributes::holds(&element, name, self.extra) {
                Some(holds) => self.attribute(name, value, holds),
                None if words::may_be_in(name) => {
                    let at = |offset| value.raw(offset);
                    let mentions = words::in_attribute(&tag.name, name, value.text(), at);
                    self.found.mentions.extend(mentions);
                }
                None => {}
            }
        }
        self.integrity(&element, at + 1 + tag.name.len(), before);
        self.policy(&element);
        let is_data = |element: &Decode| attributes::script_type(element) == ScriptType::Data;
        self.is_for_scripts = tag.name.contains('-') || (tag.name == "script" && is_data(&element));
        self.open_content(&element, depth);
    }

    fn attribute(&mut self, name: &str, value: &Decoded, holds: Holds) {
        match holds {
            Holds::Url(kind) => self.url(value, 0..value.text().len(), kind),
            Holds::Base => {
                let base = || value.text().trim_ascii().to_string();
                self.found.base.get_or_insert_with(base);
            }
            Holds::Srcset => srcset::urls(value.text())
                .into_iter()
                .for_each(|url| self.url(value, url, Kind::Load)),
            Holds::Refresh => {
                if let Some(url) = refresh::url(value.text()) {
                    self.url(value, url, Kind::Link);
                }
            }
            Holds::Declarations => self.declarations(value),
            Holds::Property => self.property(name, value),
            Holds::Page => self.srcdoc(value),
        }
    }

    /// Looks into the value of `style`.
    fn declarations(&mut self, value: &Decoded) {
        let range = value.raw(0)..value.raw(value.text().len());
        self.stands_inline(range, Written::Attribute);
        let found = css::find(value.text(), css::Part::Declarations);
        self.found.absorb(found, |at| value.raw(at));
    }

    /// Adds the URL at `range` of `value`, but for white space around it.
    fn url(&mut self, value: &Decoded, range: Range<usize>, kind: Kind) {
        let Some(written) = value.text().get(range.clone()) else {
            return;
        };
        let start = range.start + written.len() - written.trim_ascii_start().len();
        let url = written.trim_ascii();
        if !url.is_empty() {
            self.found
                .references
                .push(value.reference(start, url, kind));
        }
    }

    /// Looks into an attribute of SVG that is a property of CSS: `fill="url(shades.svg#dark)"` is
    /// `fill: url(shades.svg#dark)`.
    fn property(&mut self, name: &str, value: &Decoded) {
        // Most are colours; looking at this first spares them the CSS parser.
        if value.text().contains('(') {
            let declaration = format!("{name}:{}", value.text());
            let start = declaration.len() - value.text().len();
            let found = css::find(&declaration, css::Part::Declarations);
            self.found
                .absorb(found, |at| value.raw(at.saturating_sub(start)));
        }
    }

    fn srcdoc(&mut self, value: &Decoded) {
        if self.srcdoc_depth == SRCDOC_DEPTH_MAX {
            let message = format!(
                "`srcdoc` is nested more than {SRCDOC_DEPTH_MAX} deep, so references further in \
                 aren't rewritten"
            );
            return self.refuse(value, &message);
        }
        let mut page = find_in(value.text(), self.extra, self.srcdoc_depth + 1);
        if page.base.is_some() {
            // `Found` has one base only, and it isn't this one.
            page.references.clear();
            let message = "a `<base>` in `srcdoc` isn't supported: remove it, or references in \
                           this `srcdoc` aren't rewritten";
            self.refuse(value, message);
        }
        // Its scripts are escaped twice, and policies have no digests of those.
        // A digest that is inserted has quotes, which would end the attribute.
        page.digests.retain(|digest| {
            matches!(digest.of, Digested::File(_)) && digest.value.written().is_some()
        });
        if !page.placeholders.is_empty() {
            // An object has quotes, which would end the attribute.
            page.placeholders.clear();
            self.found.faults.push(Fault::misplaced(value.raw(0)));
        }
        self.found.absorb(page, |at| value.raw(at));
    }

    fn refuse(&mut self, value: &Decoded, message: &str) {
        let fault = Fault::unread(value.raw(0), message);
        self.found.faults.push(fault);
    }
}

fn decode<'a>(text: &'a str, tag: &'a Tag) -> Decode<'a> {
    let attributes = tag.attributes.iter().map(|attribute| {
        let written = text.get(attribute.value.clone()).unwrap_or_default();
        (
            attribute.name.as_str(),
            Decoded::new(attribute.value.start, written, in_attribute),
        )
    });
    Decode {
        tag,
        attributes: attributes.collect(),
    }
}

#[cfg(test)]
mod tests;
