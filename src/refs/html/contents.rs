//! Inline styles and scripts of a page, and texts that scripts read.

use std::ops::Range;

use super::attributes::{self, Element, ScriptType};
use super::foreign::Space;
use super::text::{in_text, push_foreign};
use super::tokens::Tag;
use super::{Decode, Page, import_map};
use crate::refs::decoded::Decoded;
use crate::refs::digest::Written;
use crate::refs::{Base, Found, Place, css, js, json, words};

/// The text of a `<style>` or `<script>`.
pub(super) struct Content<'a> {
    /// Its place in the page.
    range: Range<usize>,
    language: Language,
    space: Space,
    /// The depth in `<svg>` of its text.
    depth: usize,
    text: Decoded<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Language {
    Css,
    Script,
    Module,
    ImportMap,
    SpeculationRules,
}

impl<'a> Page<'a> {
    /// Begins to collect the text of an element, if it's a style or script.
    pub(super) fn open_content(&mut self, element: &Decode, depth: usize) {
        if let Some(language) = language(element) {
            self.contents.push(Content {
                language,
                space: element.space(),
                depth,
                range: 0..0,
                text: Decoded::default(),
            });
        }
    }

    /// Takes what stands between two tags or comments.
    pub(super) fn text(&mut self, range: Range<usize>, depth: usize) {
        let Some(written) = self.text.get(range.clone()) else {
            return;
        };
        if self.is_for_scripts && written.contains('.') {
            let text = Decoded::new(range.start, written, in_text);
            let mentions = words::find(text.text(), &Place::Text, |at| text.raw(at));
            self.found.mentions.extend(mentions);
        }
        let Some(content) = self.contents.last_mut() else {
            return;
        };
        content.range = if content.range.is_empty() {
            range.clone()
        } else {
            content.range.start..range.end
        };
        match content.space {
            Space::Html => content.text.push_verbatim(range.start, written),
            Space::Svg | Space::MathMl if depth == content.depth => {
                push_foreign(&mut content.text, range.start, written)
            }
            Space::Svg | Space::MathMl => {}
        }
    }

    /// Looks into the styles and scripts that end where something has been read after which `depth`
    /// foreign elements are open. There is no markup in those of HTML, so that anything but text
    /// ends them.
    pub(super) fn close_contents(&mut self, depth: usize) {
        let is_closed =
            |content: &mut Content| content.space == Space::Html || depth < content.depth;
        while let Some(content) = self.contents.pop_if(is_closed) {
            let text = content.text.text();
            let found = match content.language {
                Language::Css => css::find(text, css::Part::Stylesheet),
                Language::Script => at_home(js::find(text, js::Goal::Script)),
                Language::Module => at_home(js::find(text, js::Goal::Module)),
                Language::ImportMap => import_map::find(text),
                Language::SpeculationRules => json::speculation_rules(text),
            };
            self.found.absorb(found, |at| content.text.raw(at));
            let written = match content.space {
                Space::Html => Written::Verbatim,
                Space::Svg | Space::MathMl => Written::Foreign,
            };
            self.stands_inline(content.range, written);
        }
    }
}

/// Returns the language of the text in an element, if there are references in it.
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
            ScriptType::SpeculationRules => Some(Language::SpeculationRules),
            ScriptType::Data => None,
        },
        _ => None,
    }
}

/// Makes the references of an inline script relative to the page that runs it, which is the
/// document it stands in.
fn at_home(mut script: Found) -> Found {
    script
        .references
        .iter_mut()
        .for_each(|reference| reference.base = Base::Document);
    script
}
