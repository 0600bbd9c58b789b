//! References in HTML pages: in attributes, in the styles and scripts that stand in the page, and in the pages of
//! `srcdoc`. What an attribute means is in `html::attributes`; what is markup at all, in `html::tokens`.

mod attributes;
mod foreign;
mod import_map;
mod refresh;
pub(super) mod srcset;
mod tokens;

use std::borrow::Cow;
use std::ops::Range;

use self::attributes::{Element, Holds, ScriptType};
use self::foreign::Space;
use self::tokens::{Tag, What, tokens};
use super::decoded::Decoded;
use super::{Base, Extra, Fault, Found, Kind, MISPLACED, Place, css, js, words};

/// `<iframe srcdoc>` in `<iframe srcdoc>`: deeper ones are a fault.
const SRCDOC_DEPTH_MAX: usize = 3;

/// What is found in a page. Empty URLs are left out; whether any other leads anywhere is not looked at.
pub fn find(text: &str, extra: &Extra) -> Found {
    find_in(text, extra, 0)
}

fn find_in(text: &str, extra: &Extra, srcdoc_depth: usize) -> Found {
    let mut page = Page {
        text,
        extra,
        srcdoc_depth,
        found: Found::default(),
        contents: Vec::new(),
        is_for_scripts: false,
    };
    let (mut end, mut depth) = (0, 0);
    for token in tokens(text) {
        page.text(end..token.span.start, depth);
        (end, depth) = (token.span.end, token.depth);
        page.close_contents(depth);
        match token.what {
            What::Start(tag) => page.start_tag(&tag, depth),
            What::Comment => page.found.comments.push(token.span),
            What::Other => page.is_for_scripts = false,
        }
    }
    page.text(end..text.len(), depth);
    page.close_contents(0);
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
    /// Whether the text that follows is for scripts: that of an element which browsers don't know, or of a `<script>` that isn't run.
    is_for_scripts: bool,
}

/// The text of a `<style>` or `<script>`.
struct Content<'a> {
    language: Language,
    space: Space,
    /// How deep in `<svg>` its text is.
    depth: usize,
    text: Decoded<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Language {
    Css,
    Script,
    Module,
    ImportMap,
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
    fn start_tag(&mut self, tag: &Tag, depth: usize) {
        let element = decode(self.text, tag);
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
        let is_data = |element: &Decode| attributes::script_type(element) == ScriptType::Data;
        self.is_for_scripts = tag.name.contains('-') || (tag.name == "script" && is_data(&element));
        if let Some(language) = language(&element) {
            self.contents.push(Content {
                language,
                space: tag.space,
                depth,
                text: Decoded::default(),
            });
        }
    }

    fn attribute(&mut self, name: &str, value: &Decoded, holds: Holds) {
        match holds {
            Holds::Url(kind) => self.url(value, 0..value.text().len(), kind),
            Holds::Base => {
                self.found
                    .base
                    .get_or_insert_with(|| value.text().trim_ascii().to_string());
            }
            Holds::Srcset => srcset::urls(value.text())
                .into_iter()
                .for_each(|url| self.url(value, url, Kind::Load)),
            Holds::Refresh => {
                if let Some(url) = refresh::url(value.text()) {
                    self.url(value, url, Kind::Link);
                }
            }
            Holds::Declarations => {
                self.found
                    .absorb(css::find(value.text(), css::Part::Declarations), |at| {
                        value.raw(at)
                    });
            }
            Holds::Property => self.property(name, value),
            Holds::Page => self.srcdoc(value),
        }
    }

    /// A URL at `range` of `value`, but for white space around it.
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

    /// `fill="url(shades.svg#dark)"` is `fill: url(shades.svg#dark)`.
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
        let at = value.raw(0);
        if self.srcdoc_depth == SRCDOC_DEPTH_MAX {
            let message =
                format!("`srcdoc` nested more than {SRCDOC_DEPTH_MAX} deep: not looked at");
            return self.found.faults.push(Fault { at, message });
        }
        let mut page = find_in(value.text(), self.extra, self.srcdoc_depth + 1);
        if page.base.is_some() {
            // `Found` has one base only, and it isn't this one.
            page.references.clear();
            let message =
                "a `<base>` in `srcdoc` isn't supported: its references are left alone".to_string();
            self.found.faults.push(Fault { at, message });
        }
        if !page.placeholders.is_empty() {
            // An object has quotes, which would end the attribute.
            page.placeholders.clear();
            let message = MISPLACED.to_string();
            self.found.faults.push(Fault { at, message });
        }
        self.found.absorb(page, |at| value.raw(at));
    }

    /// What stands between two tags or comments.
    fn text(&mut self, range: Range<usize>, depth: usize) {
        if self.is_for_scripts
            && let Some(written) = self.text.get(range.clone())
            && written.contains('.')
        {
            let text = Decoded::new(range.start, written, in_text);
            let mentions = words::find(text.text(), &Place::Text, |at| text.raw(at));
            self.found.mentions.extend(mentions);
        }
        let Some(content) = self.contents.last_mut() else {
            return;
        };
        let Some(written) = self.text.get(range.clone()) else {
            return;
        };
        match content.space {
            Space::Html => content.text.push_verbatim(range.start, written),
            Space::Svg | Space::MathMl if depth == content.depth => {
                push_foreign(&mut content.text, range.start, written)
            }
            Space::Svg | Space::MathMl => {}
        }
    }

    /// Looks into the styles and scripts that end where something has been read after which `depth` foreign elements
    /// are open. There is no markup in those of HTML, so that anything but text ends them.
    fn close_contents(&mut self, depth: usize) {
        let is_closed =
            |content: &mut Content| content.space == Space::Html || depth < content.depth;
        while let Some(content) = self.contents.pop_if(is_closed) {
            let text = content.text.text();
            let found = match content.language {
                Language::Css => css::find(text, css::Part::Stylesheet),
                Language::Script => at_home(js::find(text, js::Goal::Script)),
                Language::Module => at_home(js::find(text, js::Goal::Module)),
                Language::ImportMap => import_map::find(text),
            };
            self.found.absorb(found, |at| content.text.raw(at));
        }
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

/// What the text in an element is written in, if there are references in it.
fn language(element: &Decode) -> Option<Language> {
    let Tag {
        name,
        space,
        is_self_closing,
        ..
    } = element.tag;
    let source: &[&str] = match space {
        Space::Html => &["src"],
        Space::Svg if !is_self_closing => &["href", "xlink:href"],
        Space::Svg | Space::MathMl => return None,
    };
    match name.as_str() {
        "style" => attributes::is_css(element).then_some(Language::Css),
        "script" if source.iter().any(|name| element.attribute(name).is_some()) => None,
        "script" => match attributes::script_type(element) {
            ScriptType::Classic => Some(Language::Script),
            ScriptType::Module => Some(Language::Module),
            ScriptType::ImportMap => Some(Language::ImportMap),
            ScriptType::Data => None,
        },
        _ => None,
    }
}

/// The text of an SVG or MathML element: with entities, but for those in CDATA sections.
fn push_foreign<'a>(text: &mut Decoded<'a>, at: usize, written: &'a str) {
    const OPEN: &str = "<![CDATA[";
    const CLOSE: &str = "]]>";
    let mut rest = written;
    while let Some((markup, inner)) = rest.split_once(OPEN) {
        text.push(at + written.len() - rest.len(), markup, in_text);
        let (cdata, after) = inner.split_once(CLOSE).unwrap_or((inner, ""));
        text.push_verbatim(at + written.len() - inner.len(), cdata);
        rest = after;
    }
    text.push(at + written.len() - rest.len(), rest, in_text);
}

/// Resolves an entity in an attribute: `&copy=1` isn't one there.
fn in_attribute(piece: &str) -> Cow<'_, str> {
    htmlize::unescape_attribute(piece)
}

fn in_text(piece: &str) -> Cow<'_, str> {
    htmlize::unescape(piece)
}

/// The page that runs an inline script is the document it stands in.
fn at_home(mut script: Found) -> Found {
    script
        .references
        .iter_mut()
        .for_each(|reference| reference.base = Base::Document);
    script
}

#[cfg(test)]
mod tests;
