//! Well-formedness: what a document may not have, and the fault that says so.

use quick_xml::events::attributes::AttrError;

use crate::refs::Fault;

pub(super) fn ill_formed(at: usize, why: &str) -> Fault {
    Fault::end(at, format!("isn't well-formed XML: {why}"))
}

/// Returns what the reader says, without the class of the error in front.
pub(super) fn reason(error: quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Syntax(error) => error.to_string(),
        quick_xml::Error::IllFormed(error) => error.to_string(),
        other => other.to_string(),
    }
}

pub(super) fn attribute_fault(tag: usize, error: &AttrError) -> Fault {
    let (at, why) = match error {
        AttrError::ExpectedEq(at) => (at, "an attribute without `=`"),
        AttrError::ExpectedValue(at) => (at, "an attribute without a value"),
        AttrError::UnquotedValue(at) => (at, "an attribute value without quotes"),
        AttrError::ExpectedQuote(at, _) => (at, "an attribute value without a closing quote"),
        AttrError::Duplicated(at, _) => (at, "a duplicate attribute"),
    };
    ill_formed(tag + at, why)
}

/// Says where and why the value of an attribute isn't well-formed.
pub(super) fn check_value(value: &str) -> Result<(), (usize, &'static str)> {
    for (at, mark) in value.match_indices(['<', '&']) {
        if mark == "<" {
            return Err((at, "`<` in an attribute"));
        }
        match value[at + 1..].split_once(';') {
            Some((name, _)) if is_entity(name) => {}
            _ => return Err((at, "`&` must be written as `&amp;`")),
        }
    }
    Ok(())
}

/// Says whether `&name;` is an entity or the number of a character.
pub(super) fn is_entity(name: &str) -> bool {
    is_name(name.strip_prefix('#').unwrap_or(name))
}

/// A little wider than what XML allows.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c) || !c.is_ascii())
}
