//! IPTC, and the Photoshop resources it stands in.

use super::{FIELDS_MAX, Field, Kind, be16, be32, exif, slice, text, xmp};

/// Record 2, which is about the picture.
const NAMES: [(u8, &str); 24] = [
    (5, "ObjectName"),
    (7, "EditStatus"),
    (10, "Urgency"),
    (15, "Category"),
    (20, "SupplementalCategories"),
    (25, "Keywords"),
    (26, "ContentLocationCode"),
    (27, "ContentLocationName"),
    (40, "SpecialInstructions"),
    (55, "DateCreated"),
    (60, "TimeCreated"),
    (65, "OriginatingProgram"),
    (80, "By-line"),
    (85, "By-lineTitle"),
    (90, "City"),
    (92, "Sub-location"),
    (95, "Province-State"),
    (101, "Country"),
    (103, "OriginalTransmissionReference"),
    (105, "Headline"),
    (110, "Credit"),
    (115, "Source"),
    (116, "CopyrightNotice"),
    (120, "Caption-Abstract"),
];

/// Resources: `8BIM`, a number, a name, a length, data; each of even length.
pub(super) fn find_resources(resources: &[u8]) -> Vec<Field> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((number, data, next)) =
        resource_at(resources, at).filter(|_| found.len() <= FIELDS_MAX)
    {
        found.extend(resource_fields(number, data));
        at = next;
    }
    match at {
        0 => vec![Field::raw(Kind::Iptc, "Photoshop", resources)],
        _ => found,
    }
}

/// Datasets: `1C`, a record's number, the dataset's number, a length, text.
pub(super) fn find(datasets: &[u8]) -> Vec<Field> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((record, number, data)) =
        dataset_at(datasets, at).filter(|_| found.len() <= FIELDS_MAX)
    {
        at += 5 + data.len();
        let name = NAMES
            .iter()
            .find(|(known, _)| record == 2 && *known == number);
        match (record, name) {
            (_, Some((_, name))) => found.push(Field::new(Kind::Iptc, name, &text(data))),
            // Which encoding, which version.
            (1, _) | (2, None) if record == 1 || number == 0 => {}
            _ => found.push(Field::raw(
                Kind::Iptc,
                &format!("{record}:{number:02}"),
                data,
            )),
        }
    }
    found
}

fn resource_at(resources: &[u8], at: usize) -> Option<(usize, &[u8], usize)> {
    let signature = slice(resources, at, 4)?;
    if ![&b"8BIM"[..], b"PHUT", b"AgHg", b"DCSR", b"MeSa"].contains(&signature) {
        return None;
    }
    let name_bytes = 1 + usize::from(*resources.get(at + 6)?);
    let size_at = at + 6 + name_bytes + name_bytes % 2;
    let size_bytes = be32(resources, size_at)?;
    let data = slice(resources, size_at + 4, size_bytes)?;
    Some((
        be16(resources, at + 4)?,
        data,
        size_at + 4 + size_bytes + size_bytes % 2,
    ))
}

/// The others say how Photoshop showed the picture, and printed it.
fn resource_fields(number: usize, data: &[u8]) -> Vec<Field> {
    match number {
        0x0404 => find(data),
        0x0409 | 0x040C => vec![Field::thumbnail(Kind::Iptc, data.len().saturating_sub(28))],
        0x040B => vec![Field::new(Kind::Iptc, "URL", &text(data))],
        0x03F0 => vec![Field::new(
            Kind::Iptc,
            "Caption",
            &text(data.get(1..).unwrap_or_default()),
        )],
        0x0422 | 0x0423 => exif::find(data),
        0x0424 => xmp::find(data),
        _ => Vec::new(),
    }
}

fn dataset_at(datasets: &[u8], at: usize) -> Option<(u8, u8, &[u8])> {
    let [0x1C, record, number] = *slice(datasets, at, 3)? else {
        return None;
    };
    // More than 32,767 bytes would need another form, which no program writes.
    Some((
        record,
        number,
        slice(datasets, at + 5, be16(datasets, at + 3)?)?,
    ))
}
