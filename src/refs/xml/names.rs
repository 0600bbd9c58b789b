//! Namespaces of elements and attributes, and the entities in their declarations.

use super::Dialect;
use std::collections::HashMap;

/// Namespace that a prefix stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// `http://www.w3.org/2000/svg`
    Svg,
    /// `http://www.w3.org/1999/xhtml`
    Xhtml,
    /// `http://www.w3.org/1999/xlink`
    Xlink,
    /// `http://www.w3.org/1999/XSL/Transform`
    Xslt,
    /// `http://www.w3.org/2001/XInclude`
    XInclude,
    /// RSS 1.0. Other versions have no namespace.
    Rss,
    /// Media RSS, which is added to feeds.
    MediaRss,
    /// Podcasts, which are feeds with additions.
    Itunes,
    /// `http://www.w3.org/2005/Atom`
    Atom,
    /// Descriptions of a site's search.
    OpenSearch,
    /// Lists of songs.
    Xspf,
    /// `browserconfig.xml`, which has no namespace: tiles of Windows.
    BrowserConfig,
    /// Anything else.
    Other,
}

impl Space {
    fn of(uri: &str) -> Space {
        match uri {
            "http://www.w3.org/2000/svg" => Space::Svg,
            "http://www.w3.org/1999/xhtml" => Space::Xhtml,
            "http://www.w3.org/1999/xlink" => Space::Xlink,
            "http://www.w3.org/1999/XSL/Transform" => Space::Xslt,
            "http://www.w3.org/2001/XInclude" => Space::XInclude,
            "http://purl.org/rss/1.0/" => Space::Rss,
            "http://search.yahoo.com/mrss/" | "http://search.yahoo.com/mrss" => Space::MediaRss,
            // Some write it in other cases, and are understood.
            other if other.eq_ignore_ascii_case("http://www.itunes.com/dtds/podcast-1.0.dtd") => {
                Space::Itunes
            }
            "http://www.w3.org/2005/Atom" => Space::Atom,
            "http://a9.com/-/spec/opensearch/1.1/"
            | "http://a9.com/-/spec/opensearchdescription/1.0/" => Space::OpenSearch,
            "http://xspf.org/ns/0/" => Space::Xspf,
            _ => Space::Other,
        }
    }
}

/// The prefixes that are bound where the reader stands. Each lookup takes the same time, however
/// deep that is.
#[derive(Debug)]
pub(super) struct Names<'t> {
    bound: HashMap<&'t str, Vec<Space>>,
    entities: HashMap<&'t str, &'t str>,
    dialect: Dialect,
}

impl<'t> Names<'t> {
    pub fn new(dialect: Dialect) -> Names<'t> {
        Names {
            bound: HashMap::new(),
            entities: HashMap::new(),
            dialect,
        }
    }

    /// Takes over the entities that a `<!DOCTYPE …>` declares.
    pub fn declare_entities(&mut self, doctype: &'t str) {
        self.entities = entities(doctype);
    }

    /// Binds the prefix that an attribute declares, which is returned: `xmlns` or `xmlns:prefix`.
    pub fn bind(&mut self, attribute: &'t str, value: &'t str) -> Option<&'t str> {
        let prefix = match attribute.strip_prefix("xmlns")? {
            "" => "",
            rest => rest.strip_prefix(':')?,
        };
        // Illustrator writes `xmlns="&ns_svg;"`. One entity that is all of it is enough, and can't
        // explode.
        let entity = value
            .strip_prefix('&')
            .and_then(|rest| rest.strip_suffix(';'));
        let uri = entity
            .and_then(|name| self.entities.get(name))
            .unwrap_or(&value);
        self.bound.entry(prefix).or_default().push(Space::of(uri));
        Some(prefix)
    }

    /// Forgets prefixes when their element ends.
    pub fn unbind(&mut self, prefixes: &[&'t str]) {
        for prefix in prefixes {
            self.bound.entry(prefix).or_default().pop();
        }
    }

    /// Returns the namespace of an element. Without a declaration, it's the document's own.
    pub fn of_element(&self, prefix: Option<&str>) -> Space {
        let default = match (self.dialect, prefix) {
            (Dialect::Svg, _) | (Dialect::Xhtml, Some("svg")) => Space::Svg,
            (Dialect::Xhtml, _) => Space::Xhtml,
            (Dialect::Dash | Dialect::Other, _) => Space::Other,
        };
        self.of(prefix.unwrap_or("")).unwrap_or(default)
    }

    /// Returns the namespace of an attribute's prefix. `xlink` is known without a declaration,
    /// because editors forget to declare it.
    pub fn of_attribute(&self, prefix: &str) -> Space {
        let default = if prefix == "xlink" {
            Space::Xlink
        } else {
            Space::Other
        };
        self.of(prefix).unwrap_or(default)
    }

    fn of(&self, prefix: &str) -> Option<Space> {
        self.bound.get(prefix)?.last().copied()
    }
}

/// The prefix, if there's one, and the local name.
pub(super) fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    }
}

/// Lists the entities that a document type declares by `<!ENTITY name "value">`, without those in
/// other files.
fn entities(doctype: &str) -> HashMap<&str, &str> {
    let mut entities = HashMap::new();
    let mut rest = doctype;
    while let Some(at) = rest.find(['<', '"', '\'']) {
        rest = &rest[at..];
        let behind = if let Some(declaration) = rest.strip_prefix("<!ENTITY") {
            if let Some((name, value)) = entity(declaration) {
                // The first one holds: https://www.w3.org/TR/xml/#sec-entity-decl
                entities.entry(name).or_insert(value);
            }
            Some(declaration)
        } else if rest.starts_with("<!--") {
            rest.split_once("-->").map(|(_, behind)| behind)
        } else if rest.starts_with("<?") {
            rest.split_once("?>").map(|(_, behind)| behind)
        } else if let Some(inside) = rest.strip_prefix('<') {
            Some(inside)
        } else {
            quoted(rest).map(|(_, behind)| behind)
        };
        let Some(behind) = behind else { break };
        rest = behind;
    }
    entities
}

/// ` name "value"`
fn entity(declaration: &str) -> Option<(&str, &str)> {
    let declaration = declaration.trim_start();
    let (name, definition) = declaration.split_at(declaration.find(char::is_whitespace)?);
    let (value, _) = quoted(definition.trim_start())?;
    Some((name, value))
}

/// Returns the text between the quotes, and the text after them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests;
