//! Metadata about people: their location and their names.

use super::{Field, Kind};

/// Kind of personal data in metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// Place where the file was made.
    Position,
    /// Name of a person who made it, owns it or is in it.
    Name,
}

/// Fields for names of people, in lower case and without their namespace. In a PDF, `Creator` is a
/// program.
const NAMES: [&str; 15] = [
    "albumartist",
    "artist",
    "author",
    "by-line",
    "cameraownername",
    "caption-writer",
    "composer",
    "copyrightowner",
    "creator",
    "lastmodifiedby",
    "ownername",
    "personinimage",
    "photographer",
    "writer-editor",
    "xpauthor",
];

/// Returns the kind of personal data in a field, if it has any.
pub fn personal(field: &Field) -> Option<Personal> {
    let name = field.name.rsplit([':', ' ']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    if is_position(field, &name) {
        return Some(Personal::Position);
    }
    let is_program = name == "creator" && field.kind != Kind::Xmp;
    let is_name = NAMES.contains(&name.as_str()) && !is_program;
    let says_something = field.value.chars().any(char::is_alphabetic) && !is_binary(&field.value);
    (is_name && says_something).then_some(Personal::Name)
}

/// A latitude, a longitude or both, that isn't zero.
fn is_position(field: &Field, name: &str) -> bool {
    let has = |part: &str| name.contains(part);
    let is_meant = match field.kind {
        Kind::Gps => has("latitude") || has("longitude"),
        Kind::Xmp => name == "gpslatitude" || name == "gpslongitude",
        Kind::Tag => has("\u{a9}xyz") || has("iso6709"),
        _ => false,
    };
    is_meant && field.value.contains(|c: char| ('1'..='9').contains(&c))
}

fn is_binary(value: &str) -> bool {
    value.starts_with('(') && value.ends_with(" bytes)")
}

#[cfg(test)]
mod tests;
