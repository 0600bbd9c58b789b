//! Detection of SVG and MathML elements, on which the rules of the tokenizer depend.
//! `<svg><style/>` is closed, `<style/>` isn't. Implements a small part of the standard's tree
//! construction (13.2.6.5, "in foreign content"): the order of elements is kept only within `<svg>`
//! and `<math>`, and HTML elements are assumed to be closed by their end tags alone.

use std::collections::HashMap;

/// Deeper elements are taken to be empty. An end tag looks at all open ones, so this keeps a page
/// of `<g>` and `</x>` linear; drawings nest a dozen or two.
const DEPTH_MAX: usize = 128;

/// Namespace of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Html,
    Svg,
    MathMl,
}

/// Parts of a start tag that matter here.
pub(super) trait Start {
    fn name(&self) -> &str;
    fn is_self_closing(&self) -> bool;
    /// The value of an attribute as written.
    fn attribute(&self, name: &str) -> Option<&str>;
}

/// The elements from the outermost `<svg>` or `<math>` inwards.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    open: Vec<Open>,
    /// Number of HTML elements of each name that were opened around these, and not closed.
    around: HashMap<String, usize>,
}

#[derive(Debug)]
struct Open {
    name: String,
    space: Space,
    holds: Holds,
}

/// Namespace of the elements that start tags within an element open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// The element's own kind, except for tags that break out.
    Own,
    /// HTML ("HTML integration point").
    Html,
    /// HTML, but for `<mglyph>` and `<malignmark>` ("MathML text integration point").
    Text,
    /// `<annotation-xml>` of another encoding: its own kind, but an `<svg>` is one.
    Svg,
}

impl Foreign {
    /// Counts the open elements.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Says whether the innermost open element is SVG or MathML.
    pub(super) fn is_in_foreign(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.space != Space::Html)
    }

    /// A start tag: what its element is.
    pub(super) fn start(&mut self, tag: &impl Start) -> Space {
        if !self.follows_html(tag.name()) && breaks_out(tag) {
            self.break_out();
        }
        match self.open.last() {
            Some(parent) if !self.follows_html(tag.name()) => {
                let space = parent.space;
                self.open_foreign(tag, space);
                space
            }
            _ => self.start_html(tag),
        }
    }

    /// An end tag.
    pub(super) fn end(&mut self, name: &str) {
        if self.is_in_foreign() && matches!(name, "p" | "br") {
            return self.break_out();
        }
        let mut is_in_html = false;
        for (index, open) in self.open.iter().enumerate().rev() {
            match open.space {
                Space::Html => is_in_html = true,
                // HTML in an element can't close that element.
                Space::Svg | Space::MathMl if is_in_html => return,
                Space::Svg | Space::MathMl => {}
            }
            if open.name == name {
                return self.open.truncate(index);
            }
        }
        if let Some(count) = self.around.get_mut(name).filter(|count| **count > 0) {
            // An element around an unclosed `<svg>` ends, and the `<svg>` with it.
            *count -= 1;
            self.open.clear();
        }
    }

    fn start_html(&mut self, tag: &impl Start) -> Space {
        match tag.name() {
            "svg" => {
                self.open_foreign(tag, Space::Svg);
                Space::Svg
            }
            "math" => {
                self.open_foreign(tag, Space::MathMl);
                Space::MathMl
            }
            name => {
                if !VOID.contains(&name) {
                    self.open_html(name);
                }
                Space::Html
            }
        }
    }

    fn open_html(&mut self, name: &str) {
        if !self.open.is_empty() {
            return self.push(Open {
                name: name.to_string(),
                space: Space::Html,
                holds: Holds::Html,
            });
        }
        match self.around.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.around.insert(name.to_string(), 1);
            }
        }
    }

    fn open_foreign(&mut self, tag: &impl Start, space: Space) {
        if !tag.is_self_closing() {
            self.push(Open {
                name: tag.name().to_string(),
                space,
                holds: holds(tag, space),
            });
        }
    }

    fn push(&mut self, open: Open) {
        if self.open.len() < DEPTH_MAX {
            self.open.push(open);
        }
    }

    /// Says whether a start tag here follows the rules of HTML.
    fn follows_html(&self, name: &str) -> bool {
        self.open.last().is_none_or(|open| match open.holds {
            Holds::Own => false,
            Holds::Html => true,
            Holds::Text => !matches!(name, "mglyph" | "malignmark"),
            Holds::Svg => name == "svg",
        })
    }

    fn break_out(&mut self) {
        while self
            .open
            .last()
            .is_some_and(|open| matches!(open.holds, Holds::Own | Holds::Svg))
        {
            self.open.pop();
        }
    }
}

fn holds(tag: &impl Start, space: Space) -> Holds {
    let is_html = |encoding: &str| {
        ["text/html", "application/xhtml+xml"]
            .iter()
            .any(|html| encoding.eq_ignore_ascii_case(html))
    };
    match (space, tag.name()) {
        (Space::Html, _) | (Space::Svg, "foreignobject" | "desc" | "title") => Holds::Html,
        (Space::MathMl, "mi" | "mo" | "mn" | "ms" | "mtext") => Holds::Text,
        (Space::MathMl, "annotation-xml") if tag.attribute("encoding").is_some_and(is_html) => {
            Holds::Html
        }
        (Space::MathMl, "annotation-xml") => Holds::Svg,
        _ => Holds::Own,
    }
}

fn breaks_out(tag: &impl Start) -> bool {
    let is_html_font = || {
        ["color", "face", "size"]
            .iter()
            .any(|name| tag.attribute(name).is_some())
    };
    BREAKING_OUT.contains(&tag.name()) || (tag.name() == "font" && is_html_font())
}

/// Start tags that are HTML wherever they stand, as listed in the standard.
const BREAKING_OUT: [&str; 44] = [
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// HTML elements without an end tag.
const VOID: [&str; 19] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img",
    "input", "keygen", "link", "meta", "param", "source", "track", "wbr",
];
