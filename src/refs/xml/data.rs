//! Meaning of elements and attributes in documents that are data: feeds and lists of media,
//! stylesheets of XSLT, and others that name files.

use super::elements::{Attribute, Element, Language, Use};
use super::names::{Space, split};
use crate::refs::Kind;

/// Returns what an attribute is.
pub(super) fn of_attribute(element: &Element, attribute: &Attribute) -> Option<Use> {
    let kind = match (element.space, element.local(), attribute.name) {
        (Space::Xslt, "import" | "include", "href") => Kind::Load,
        (Space::XInclude, "include", "href") => Kind::Load,
        (Space::Rss, "enclosure", "url") => Kind::Load,
        (Space::MediaRss, "content" | "thumbnail", "url") => Kind::Load,
        (Space::MediaRss, "player", "url") => Kind::Link,
        (Space::Itunes, "image", "href") => Kind::Load,
        (Space::Atom, "link", "href") => match element.rel.trim() {
            "enclosure" => Kind::Load,
            _ => Kind::Link,
        },
        (Space::Atom, "content", "src") => Kind::Load,
        // With parameters (`?q={searchTerms}`), it's no address yet.
        (Space::OpenSearch, "Url", "template") if !attribute.value.contains('{') => Kind::Link,
        (Space::BrowserConfig, _, "src" | "polling-uri") => Kind::Load,
        _ => return None,
    };
    Some(Use::Url(kind))
}

/// Returns what the text of an element is, by the name of what it's in.
pub(super) fn of_text(element: &Element, parent: &str) -> Option<Language> {
    let kind = match (element.space, element.local(), split(parent).1) {
        (Space::Rss, "link", "channel" | "item" | "image") => Kind::Link,
        (Space::Rss, "url", "image") => Kind::Load,
        (Space::Atom, "icon" | "logo", _) => Kind::Load,
        (Space::OpenSearch, "Image", _) => Kind::Load,
        (Space::Xspf, "location", "track") => Kind::Load,
        (Space::Xspf, "image", _) => Kind::Load,
        (Space::Xspf, "info", _) => Kind::Link,
        _ => return None,
    };
    Some(Language::Url(kind))
}
