//! What attributes and elements mean in SVG and XHTML, and which ones the user added.

use super::names::{Space, split};
use super::{Dialect, js};
use crate::refs::{Extra, Kind};

/// A start tag.
#[derive(Debug)]
pub(super) struct Element<'t> {
    pub space: Space,
    /// As written, with its prefix.
    pub name: &'t str,
    pub attributes: Vec<Attribute<'t>>,
    /// What `type` says, of a script or style.
    media_type: &'t str,
    /// What `rel` says, of a link.
    rel: &'t str,
}

/// An attribute of a start tag.
#[derive(Debug)]
pub(super) struct Attribute<'t> {
    /// What its prefix stands for, if it has one.
    pub space: Option<Space>,
    /// As written, with its prefix.
    pub name: &'t str,
    /// As written.
    pub value: &'t str,
    /// Where the value stands in the document.
    pub at: usize,
}

/// What the value of an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Url(Kind),
    /// `srcset`
    Candidates,
    /// `style`, `fill`
    Css,
    /// `<base href>`
    Base,
}

/// What the text of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Css,
    Js(js::Goal),
}

/// Attributes of SVG whose value can have `url(…)` in it: https://www.w3.org/TR/SVG2/propidx.html and SVG 1.1's.
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
const FETCHED: [&str; 11] = [
    "stylesheet",
    "icon",
    "manifest",
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

    fn local(&self) -> &'t str {
        split(self.name).1
    }

    /// What `attribute` is, by the language of the document or by what the user added.
    pub fn meaning(&self, attribute: &Attribute, dialect: Dialect, extra: &Extra) -> Option<Use> {
        let known = match (dialect, self.space) {
            (Dialect::Other, _) => None,
            (_, Space::Svg) => self.in_svg(attribute),
            (_, Space::Xhtml) => self.in_xhtml(attribute),
            (Dialect::Svg, _) => attribute.is_xlink_href().then_some(Use::Url(Kind::Load)),
            (Dialect::Xhtml, _) => None,
        };
        known.or_else(|| {
            self.is_extra(attribute, extra)
                .then_some(Use::Url(Kind::Load))
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

    /// What language the text in it is, if it's one that can name files.
    pub fn language(&self) -> Option<Language> {
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

    fn is_extra(&self, attribute: &Attribute, extra: &Extra) -> bool {
        let is = |name: &str, other: &str| {
            name.eq_ignore_ascii_case(other) || split(name).1.eq_ignore_ascii_case(other)
        };
        extra
            .attributes
            .iter()
            .any(|wanted| match wanted.split_once('@') {
                Some((element, name)) => is(self.name, element) && is(attribute.name, name),
                None => is(attribute.name, wanted),
            })
    }
}

impl Attribute<'_> {
    fn is_xlink_href(&self) -> bool {
        self.space == Some(Space::Xlink) && split(self.name).1 == "href"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_script_tells_its_language() {
        let rows = [
            ("", Some(Language::Js(js::Goal::Script))),
            (" text/JavaScript ", Some(Language::Js(js::Goal::Script))),
            ("Module", Some(Language::Js(js::Goal::Module))),
            ("importmap", None),
            // https://html.spec.whatwg.org/multipage/scripting.html#prepare-the-script-element allows no parameters.
            ("text/javascript; charset=utf-8", None),
        ];
        for (value, language) in rows {
            let attribute = Attribute {
                space: None,
                name: "type",
                value,
                at: 0,
            };
            assert_eq!(
                Element::new(Space::Svg, "script", vec![attribute]).language(),
                language,
                "{value}"
            );
        }
    }
}
