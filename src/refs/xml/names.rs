//! Namespaces, as far as they decide what an element or attribute is, and the entities that spell them.

use super::Dialect;
use std::collections::HashMap;

/// What a prefix stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// `http://www.w3.org/2000/svg`
    Svg,
    /// `http://www.w3.org/1999/xhtml`
    Xhtml,
    /// `http://www.w3.org/1999/xlink`
    Xlink,
    /// Anything else.
    Other,
}

impl Space {
    fn of(uri: &str) -> Space {
        match uri {
            "http://www.w3.org/2000/svg" => Space::Svg,
            "http://www.w3.org/1999/xhtml" => Space::Xhtml,
            "http://www.w3.org/1999/xlink" => Space::Xlink,
            _ => Space::Other,
        }
    }
}

/// The prefixes that are bound where the reader stands. Each lookup takes the same time, however deep that is.
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
        // Illustrator writes `xmlns="&ns_svg;"`. One entity that is all of it is enough, and can't explode.
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

    /// What an element belongs to. Where nothing is declared, that's what the document is.
    pub fn of_element(&self, prefix: Option<&str>) -> Space {
        let default = match (self.dialect, prefix) {
            (Dialect::Svg, _) | (Dialect::Xhtml, Some("svg")) => Space::Svg,
            (Dialect::Xhtml, _) => Space::Xhtml,
            (Dialect::Other, _) => Space::Other,
        };
        self.of(prefix.unwrap_or("")).unwrap_or(default)
    }

    /// What an attribute's prefix stands for. Editors forget to declare `xlink`.
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

/// What `<!ENTITY name "value">` declares in a document type, without what is in other files.
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

/// What stands between the quotes, and what behind.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_found_among_other_declarations() {
        let doctype = "svg PUBLIC \"-//W3C//<!ENTITY no 'x'>\" 'y' [\r\n<!ENTITY a \"1\"><!-- <!ENTITY no '2'> ' -->\
            <?x <!ENTITY no '3'>?><!ENTITY\n b '\"4>'\n><!ENTITY % p \"5\"><!ENTITY c SYSTEM '6'><!ENTITY a '7'>\
            <!ATTLIST svg x CDATA '<!ENTITY no \"8\">'>]";
        let mut found: Vec<_> = entities(doctype).into_iter().collect();
        found.sort();
        assert_eq!(found, [("a", "1"), ("b", "\"4>")]);
    }

    #[test]
    fn broken_declarations_end_the_search() {
        for doctype in [
            "",
            "svg [",
            "svg [<!ENTITY",
            "svg [<!ENTITY a",
            "svg [<!ENTITY a 'b",
            "svg [<!-- ",
            "svg [<?",
            "'",
        ] {
            assert_eq!(entities(doctype), HashMap::new(), "{doctype}");
        }
    }

    #[test]
    fn a_prefix_means_what_the_nearest_declaration_says() {
        let mut names = Names::new(Dialect::Svg);
        names.declare_entities("svg [<!ENTITY html 'http://www.w3.org/1999/xhtml'>]");
        assert_eq!(
            (names.of_element(None), names.of_attribute("xlink")),
            (Space::Svg, Space::Xlink)
        );
        assert_eq!(names.bind("xmlns", "&html;"), Some(""));
        assert_eq!(
            names.bind("xmlns:l", "http://www.w3.org/1999/xlink"),
            Some("l")
        );
        assert_eq!(names.bind("xmlnsx", "http://www.w3.org/1999/xlink"), None);
        assert_eq!(names.bind("xmlns:xlink", "x"), Some("xlink"));
        assert_eq!(
            (names.of_element(None), names.of_attribute("xlink")),
            (Space::Xhtml, Space::Other)
        );
        assert_eq!(names.of_attribute("l"), Space::Xlink);
        names.unbind(&["", "xlink"]);
        assert_eq!(
            (names.of_element(None), names.of_attribute("xlink")),
            (Space::Svg, Space::Xlink)
        );
    }
}
