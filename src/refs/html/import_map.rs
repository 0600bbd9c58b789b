//! `<script type="importmap">`: the addresses modules are mapped to, and the scopes such mappings hold in.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::refs::{Fault, Found, Kind, Reference};

/// What is found in the text of an import map. Its `integrity` is left alone.
pub(super) fn find(text: &str) -> Found {
    let mut found = Found::default();
    if let Err(error) = map(text, &mut found) {
        found.faults.push(Fault {
            at: 0,
            message: format!("not an import map: {error}"),
        });
    }
    found
}

fn map(text: &str, found: &mut Found) -> serde_json::Result<()> {
    for (name, part) in members(text)? {
        match name.get() {
            "\"imports\"" => addresses(text, part, found)?,
            "\"scopes\"" => scopes(text, part, found)?,
            _ => {}
        }
    }
    Ok(())
}

fn addresses(text: &str, part: &RawValue, found: &mut Found) -> serde_json::Result<()> {
    let addresses = members(part.get())?;
    found.references.extend(
        addresses
            .into_iter()
            .filter_map(|(_, address)| reference(text, address)),
    );
    Ok(())
}

/// A scope's name is the URL of the modules it's for, if it looks like one.
fn scopes(text: &str, part: &RawValue, found: &mut Found) -> serde_json::Result<()> {
    for (name, part) in members(part.get())? {
        let is_url = |scope: &Reference| {
            ["./", "../", "/"]
                .iter()
                .any(|start| scope.url.starts_with(start))
        };
        found
            .references
            .extend(reference(text, name).filter(is_url));
        addresses(text, part, found)?;
    }
    Ok(())
}

/// The URL in a string of the JSON text. Anything else than a string (`null` is usual) is none.
fn reference(text: &str, value: &RawValue) -> Option<Reference> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    // `value` borrows from `text`, and so does `inner`.
    let start = (inner.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let url: String = serde_json::from_str(value.get()).ok()?;
    if url.is_empty() {
        return None;
    }
    // An escape before the query needn't drag the query into the span: PHP writes every slash as `\/`.
    let path = inner.find(['?', '#']).unwrap_or(inner.len());
    let whole = Reference::escaped(start..start + inner.len(), &url, Kind::Import);
    let read: Option<String> = serde_json::from_str(&format!("\"{}\"", &inner[..path])).ok();
    match read {
        Some(read) if !read.contains(['?', '#']) => Some(Reference {
            span: start..start + path,
            tail: String::new(),
            ..whole
        }),
        _ => Some(whole),
    }
}

/// A JSON object's names and values as they are written.
fn members(object: &str) -> serde_json::Result<Vec<(&RawValue, &RawValue)>> {
    serde_json::from_str(object).map(|Members(members)| members)
}

struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported for an import map: the URL and the bytes it stands in.
    fn found(text: &str) -> Vec<(String, &str)> {
        find(text)
            .references
            .into_iter()
            .map(|r| (r.url, &text[r.span]))
            .collect()
    }

    fn as_written(url: &str) -> (String, &str) {
        (url.to_string(), url)
    }

    #[test]
    fn addresses_are_references_and_names_are_not() {
        let text =
            r#" { "imports": { "a": "./a.js", "b/" : "./b/", "./c.js": null, "d": "", "e": 5 } }"#;
        assert_eq!(found(text), [as_written("./a.js"), as_written("./b/")]);
    }

    #[test]
    fn scopes_are_references_along_with_their_addresses() {
        let text = r#"{"scopes": {"./x/": {"a": "./x/a.js"}, "bare/": {"b": "../b.js"}, "/y/": {}}, "integrity": {"./a.js": "sha384-x"}}"#;
        let expected = ["./x/", "./x/a.js", "../b.js", "/y/"].map(as_written);
        assert_eq!(found(text), expected);
    }

    #[test]
    fn a_query_stays_in_place_unless_escapes_hide_where_it_begins() {
        assert_eq!(
            found(r#"{"imports": {"a": "./a.js?v#w"}}"#),
            [("./a.js?v#w".to_string(), "./a.js")]
        );
        let text = r#"{"imports": {"a": ".\/a.js?v&w"}}"#;
        assert_eq!(found(text), [("./a.js?v&w".to_string(), r".\/a.js")]);
        assert_eq!(find(text).references[0].tail, "");
        let text = r#"{"imports": {"a": ".\/\u00e9.js\u003Fv"}}"#;
        assert_eq!(
            found(text),
            [("./é.js?v".to_string(), r".\/\u00e9.js\u003Fv")]
        );
        assert_eq!(find(text).references[0].tail, "?v");
    }

    #[test]
    fn what_is_not_an_import_map_is_a_fault() {
        for text in [
            "",
            "[]",
            "{",
            r#"{"imports": []}"#,
            r#"{"scopes": {"./": 1}}"#,
        ] {
            assert_eq!(find(text).faults.len(), 1, "{text}");
        }
        assert_eq!(
            find(r#"{"imports": {"a": "\ud800"}}"#),
            Found::default(),
            "a lone surrogate is no URL"
        );
    }
}
