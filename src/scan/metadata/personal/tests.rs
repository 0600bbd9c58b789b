//! Tests: names and positions among fields.

use super::*;

fn of(kind: Kind, name: &str, value: &str) -> Option<Personal> {
    personal(&Field::new(kind, name, value))
}

#[test]
fn positions_are_told() {
    for (kind, name, value) in [
        (Kind::Gps, "GPSLatitude", "47 deg 3 min 9 sec N"),
        (Kind::Xmp, "exif:GPSLongitude", "8,19.5E"),
        (Kind::Tag, "\u{a9}xyz", "+47.05+008.31/"),
    ] {
        assert_eq!(of(kind, name, value), Some(Personal::Position), "{name}");
    }
}

#[test]
fn names_of_people_are_told() {
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
}

#[test]
fn other_fields_are_not_personal() {
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
