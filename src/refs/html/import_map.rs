//! `<script type="importmap">`: the addresses modules are mapped to, and the scopes such mappings
//! hold in.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::refs::digest::{self, Digest, Digested, Value};
use crate::refs::{Fault, Found, Kind, Reference};

/// Finds the addresses, scopes and digests of an import map.
pub(super) fn find(text: &str) -> Found {
    let mut found = Found::default();
    if let Err(error) = map(text, &mut found) {
        let fault = Fault::unread(0, format!("isn't a valid import map: {error}"));
        found.faults.push(fault);
    }
    found
}

fn map(text: &str, found: &mut Found) -> serde_json::Result<()> {
    for (name, part) in members(text)? {
        match name.get() {
            "\"imports\"" => addresses(text, part, found)?,
            "\"scopes\"" => scopes(text, part, found)?,
            "\"integrity\"" => integrity(text, part, found)?,
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

/// Digests of modules, by their addresses.
fn integrity(text: &str, part: &RawValue, found: &mut Found) -> serde_json::Result<()> {
    for (address, digests) in members(part.get())? {
        let Some(reference) = reference(text, address) else {
            continue;
        };
        found
            .digests
            .extend(digests_in(text, digests, reference.span.start));
        found.references.push(reference);
    }
    Ok(())
}

fn digests_in(text: &str, value: &RawValue, file: usize) -> Vec<Digest> {
    let Some(inner) = inner(value) else {
        return Vec::new();
    };
    let Some((plain, places)) = unescaped(inner) else {
        return Vec::new();
    };
    let start = inner.as_ptr().addr() - text.as_ptr().addr();
    let raw = |at: usize| start + places.get(at).copied().unwrap_or(inner.len());
    let digests = digest::in_integrity(&plain).into_iter();
    let digests = digests.map(|found| Digest {
        span: raw(found.range.start)..raw(found.range.end),
        algorithm: found.algorithm,
        value: Value::Written(found.value),
        of: Digested::File(file),
    });
    digests.collect()
}

/// Returns a string without its escapes, and where each of its bytes is written. None if it isn't
/// ASCII, as digests are.
fn unescaped(inner: &str) -> Option<(String, Vec<usize>)> {
    let (mut plain, mut places) = (String::new(), Vec::new());
    let mut at = 0;
    while let Some(c) = inner[at..].chars().next() {
        let written = match (c, inner[at + 1..].chars().next()) {
            ('\\', Some('u')) => 6,
            ('\\', Some(_)) => 2,
            _ => 1,
        };
        let piece = inner.get(at..at + written)?;
        let read: String = serde_json::from_str(&format!("\"{piece}\"")).ok()?;
        if read.len() != 1 {
            return None;
        }
        plain += &read;
        places.push(at);
        at += written;
    }
    Some((plain, places))
}

/// A string without its quotes.
fn inner(value: &RawValue) -> Option<&str> {
    value.get().strip_prefix('"')?.strip_suffix('"')
}

/// The URL in a string of the JSON text. Anything else than a string (`null` is usual) is none.
fn reference(text: &str, value: &RawValue) -> Option<Reference> {
    let inner = inner(value)?;
    // `value` borrows from `text`, and so does `inner`.
    let start = (inner.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let url: String = serde_json::from_str(value.get()).ok()?;
    if url.is_empty() {
        return None;
    }
    // An escape before the query needn't drag the query into the span: PHP writes every slash as
    // `\/`.
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
mod tests;
