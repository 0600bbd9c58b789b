//! What of a file's metadata is about people: where they were, and what they're called.

use super::{Field, Kind};

/// What metadata says of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// Where it was made.
    Position,
    /// Who made it, owns it or is in it.
    Name,
}

/// Fields for names of people, in lower case and without their namespace. In a PDF, `Creator` is a program.
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

/// Returns what a field says of somebody, if it does.
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
mod tests {
    use super::*;

    fn of(kind: Kind, name: &str, value: &str) -> Option<Personal> {
        personal(&Field::new(kind, name, value))
    }

    #[test]
    fn positions_and_names_are_told_from_other_fields() {
        for (kind, name, value) in [
            (Kind::Gps, "GPSLatitude", "47 deg 3 min 9 sec N"),
            (Kind::Xmp, "exif:GPSLongitude", "8,19.5E"),
            (Kind::Tag, "\u{a9}xyz", "+47.05+008.31/"),
        ] {
            assert_eq!(of(kind, name, value), Some(Personal::Position), "{name}");
        }
        for (kind, name) in [
            (Kind::Exif, "Artist"),
            (Kind::Exif, "XPAuthor"),
            (Kind::Xmp, "dc:creator"),
            (Kind::Iptc, "By-line"),
            (Kind::PdfInfo, "Author"),
            (Kind::Text, "tEXt Author"),
            (Kind::Tag, "Artist"),
        ] {
            assert_eq!(of(kind, name, "Robin Doe"), Some(Personal::Name), "{name}");
        }
        for (kind, name, value) in [
            (Kind::Gps, "GPSLatitude", "0 deg 0 min 0 sec N"),
            (Kind::Gps, "GPSDateStamp", "2026:02:03"),
            (Kind::PdfInfo, "Creator", "LaTeX"),
            (Kind::Xmp, "xmp:CreatorTool", "GIMP"),
            (Kind::Exif, "Artist", ""),
            (Kind::Exif, "Software", "Robin Doe"),
            (Kind::Exif, "Artist", "(12 bytes)"),
        ] {
            assert_eq!(of(kind, name, value), None, "{name}");
        }
    }
}
