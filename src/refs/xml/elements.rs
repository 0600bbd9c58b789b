//! Meanings of attributes and elements in SVG and XHTML, and of those that the user added. Data is
//! in `data` and `dash`.

use super::names::{Space, split};
use super::{Dialect, dash, data};
use crate::refs::{Extra, ExtraAttribute, Grammar, Kind, js};

/// A start tag.
#[derive(Debug)]
pub(super) struct Element<'t> {
    pub space: Space,
    /// As written, with its prefix.
    pub name: &'t str,
    pub attributes: Vec<Attribute<'t>>,
    /// Value of `type`, of a script or style.
    media_type: &'t str,
    /// Value of `rel`, of a link.
    pub rel: &'t str,
}

/// An attribute of a start tag.
#[derive(Debug)]
pub(super) struct Attribute<'t> {
    /// Namespace of its prefix, if it has one.
    pub space: Option<Space>,
    /// As written, with its prefix.
    pub name: &'t str,
    /// As written.
    pub value: &'t str,
    /// Position of the value in the document.
    pub at: usize,
}

/// Type of an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Url(Kind),
    /// `srcset`
    Candidates,
    /// `style`, `fill`
    Css,
    /// `<base href>`
    Base,
    /// A URL, or one with parts that a player knows: `seg-$Number$.m4s`.
    Template,
}

/// Language of an element's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Css,
    Js(js::Goal),
    /// No language, but a URL.
    Url(Kind),
    /// A URL that others in the same element are relative to.
    BaseUrl,
}

/// Attributes of SVG whose value can have `url(…)` in it: https://www.w3.org/TR/SVG2/propidx.html
/// and SVG 1.1's.
const PRESENTATION: [&str; 14] = [
    "clip-path",
    "color-profile",
    "cursor",
    "fill",
    "filter",
    "marker",
    "marker-end",
    "marker-mid",
    "marker-start",
    "mask",
    "mask-image",
    "shape-inside",
    "shape-subtract",
    "stroke",
];

/// `<link rel>`s that a browser fetches.
const FETCHED: [&str; 10] = [
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "prerender",
    "mask-icon",
    "apple-touch-icon",
    "apple-touch-icon-precomposed",
    "apple-touch-startup-image",
];

/// https://mimesniff.spec.whatwg.org/#javascript-mime-type, without `application/` and `text/`.
const SCRIPTS: [&str; 14] = [
    "ecmascript",
    "javascript",
    "x-ecmascript",
    "x-javascript",
    "javascript1.0",
    "javascript1.1",
    "javascript1.2",
    "javascript1.3",
    "javascript1.4",
    "javascript1.5",
    "jscript",
    "livescript",
    "x-jscript",
    "x-livescript",
];

impl<'t> Element<'t> {
    pub fn new(space: Space, name: &'t str, attributes: Vec<Attribute<'t>>) -> Element<'t> {
        // Looked up once: an element can have any number of attributes.
        let value = |name| {
            attributes
                .iter()
                .find(|attribute| attribute.name == name)
                .map_or("", |a| a.value)
        };
        let (media_type, rel) = (value("type"), value("rel"));
        Element {
            space,
            name,
            attributes,
            media_type,
            rel,
        }
    }

    /// The name without its prefix.
    pub fn local(&self) -> &'t str {
        split(self.name).1
    }

    /// Returns the type of the value of `attribute`, by the language of the document or by the
    /// user's additions.
    pub fn meaning(&self, attribute: &Attribute, dialect: Dialect, extra: &Extra) -> Option<Use> {
        let known = match (dialect, self.space) {
            (Dialect::Dash, _) => dash::of_attribute(self, attribute),
            (Dialect::Other, _) => data::of_attribute(self, attribute),
            (_, Space::Svg) => self.in_svg(attribute),
            (_, Space::Xhtml) => self.in_xhtml(attribute),
            (Dialect::Svg, _) => attribute.is_xlink_href().then_some(Use::Url(Kind::Load)),
            (Dialect::Xhtml, _) => None,
        };
        known.or_else(|| {
            Some(match self.extra_grammar(attribute, extra)? {
                Grammar::Url => Use::Url(Kind::Load),
                Grammar::Srcset => Use::Candidates,
                Grammar::Css => Use::Css,
            })
        })
    }

    fn in_svg(&self, attribute: &Attribute) -> Option<Use> {
        match (self.local(), attribute.name) {
            ("a", name) if name == "href" || attribute.is_xlink_href() => {
                Some(Use::Url(Kind::Link))
            }
            ("script", name) if name == "href" || attribute.is_xlink_href() => {
                self.script_kind().map(Use::Url)
            }
            (_, name) if name == "href" || attribute.is_xlink_href() => Some(Use::Url(Kind::Load)),
            (_, "style") => Some(Use::Css),
            (_, name) => PRESENTATION.contains(&name).then_some(Use::Css),
        }
    }

    fn in_xhtml(&self, attribute: &Attribute) -> Option<Use> {
        let has_src = [
            "img", "source", "iframe", "frame", "embed", "audio", "video", "track", "input",
        ];
        match (self.local(), attribute.name) {
            (element, "src") if has_src.contains(&element) => Some(Use::Url(Kind::Load)),
            ("video", "poster") | ("object", "data") => Some(Use::Url(Kind::Load)),
            ("img" | "source", "srcset") | ("link", "imagesrcset") => Some(Use::Candidates),
            ("script", "src") => self.script_kind().map(Use::Url),
            ("link", "href") => Some(Use::Url(self.link_kind())),
            ("a" | "area", "href") => Some(Use::Url(Kind::Link)),
            ("base", "href") => Some(Use::Base),
            (_, "style") => Some(Use::Css),
            _ => None,
        }
    }

    fn link_kind(&self) -> Kind {
        let mut rels = self.rel.split_ascii_whitespace();
        if rels.clone().any(|rel| rel.eq_ignore_ascii_case("manifest")) {
            return Kind::Manifest;
        }
        let is_fetched =
            rels.any(|rel| FETCHED.iter().any(|other| rel.eq_ignore_ascii_case(other)));
        if is_fetched { Kind::Load } else { Kind::Link }
    }

    /// `None` if it's no script, but data in a `<script>`.
    fn script_kind(&self) -> Option<Kind> {
        let media_type = self.media_type.to_ascii_lowercase();
        let essence = media_type.trim();
        let subtype = essence
            .strip_prefix("application/")
            .or_else(|| essence.strip_prefix("text/"));
        match (essence, subtype) {
            ("", _) => Some(Kind::Script),
            ("module", _) => Some(Kind::ModuleScript),
            (_, Some(subtype)) if SCRIPTS.contains(&subtype) => Some(Kind::Script),
            _ => None,
        }
    }

    /// Returns what the text in it is, if it can name files. `parent` is the name of the element
    /// that it's in.
    pub fn text(&self, dialect: Dialect, parent: &str) -> Option<Language> {
        match dialect {
            Dialect::Svg | Dialect::Xhtml => self.language(),
            Dialect::Dash => dash::of_text(self),
            Dialect::Other => data::of_text(self, parent),
        }
    }

    fn language(&self) -> Option<Language> {
        let is_source = |attribute: &Attribute| match self.space {
            Space::Svg => attribute.name == "href" || attribute.is_xlink_href(),
            _ => attribute.name == "src",
        };
        match (self.space, self.local()) {
            (Space::Svg | Space::Xhtml, "style") => {
                let media_type = self.media_type.trim();
                let is_css = media_type.is_empty() || media_type.eq_ignore_ascii_case("text/css");
                is_css.then_some(Language::Css)
            }
            // A browser that fetches a script doesn't look at the text.
            (Space::Svg | Space::Xhtml, "script") if self.attributes.iter().any(is_source) => None,
            (Space::Svg | Space::Xhtml, "script") => match self.script_kind()? {
                Kind::ModuleScript => Some(Language::Js(js::Goal::Module)),
                _ => Some(Language::Js(js::Goal::Script)),
            },
            _ => None,
        }
    }

    /// Returns the attribute with the URL of the file that an `integrity` of this element is of.
    pub fn source_of_integrity(&self) -> Option<&Attribute<'t>> {
        let is_source = |attribute: &&Attribute| match (self.space, self.local()) {
            (Space::Svg, "script") => attribute.name == "href" || attribute.is_xlink_href(),
            (Space::Xhtml, "script") => attribute.name == "src",
            (Space::Xhtml, "link") => attribute.name == "href",
            _ => false,
        };
        self.attributes.iter().find(is_source)
    }

    /// Says whether an element loads a script or a style for the page.
    pub fn is_run_or_applied(&self) -> bool {
        let mut rels = self.rel.split_ascii_whitespace();
        match self.local() {
            "script" => self.script_kind().is_some(),
            _ => rels.any(|rel| ["stylesheet", "modulepreload"].contains(&rel)),
        }
    }

    fn extra_grammar(&self, attribute: &Attribute, extra: &Extra) -> Option<Grammar> {
        let is = |name: &str, other: &str| {
            name.eq_ignore_ascii_case(other) || split(name).1.eq_ignore_ascii_case(other)
        };
        let is_named = |wanted: &&ExtraAttribute| match wanted.name.split_once('@') {
            Some((element, name)) => is(self.name, element) && is(attribute.name, name),
            None => is(attribute.name, &wanted.name),
        };
        let mut attributes = extra.attributes.iter().rev();
        attributes.find(is_named).map(|wanted| wanted.grammar)
    }
}

impl Attribute<'_> {
    /// Says whether it's the `href` of XLink.
    pub fn is_xlink_href(&self) -> bool {
        self.space == Some(Space::Xlink) && split(self.name).1 == "href"
    }
}

#[cfg(test)]
mod tests;
