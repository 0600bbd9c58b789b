//! EXIF: directories of numbered fields, in their own TIFF. The crate `exif` reads them. This
//! module separates notes from numbers, and bounds the time that a hostile block takes.

use exif::{Context, Exif, In, Reader, Tag, Value};

use super::{Field, Kind, VALUE_CHARS_MAX, counted, iptc, readable, text, utf16, xmp};

/// Directories may overlap and hold each other: a few kilobytes can stand for gigabytes. Cameras
/// write at most 64 KiB.
const COST_MAX: usize = 1024 * 1024;
/// Cost of an entry besides its value.
const ENTRY_COST: usize = 64;
const DIRECTORIES_MAX: usize = 8;

const ORIENTATION: u16 = 0x0112;

/// Says how the picture is stored, drawn or was exposed, in numbers. XMP has the same names.
#[rustfmt::skip]
const TECHNICAL: [&str; 81] = [
    "ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation", "StripOffsets",
    "Orientation", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "XResolution", "YResolution",
    "PlanarConfiguration", "ResolutionUnit", "TransferFunction", "WhitePoint", "PrimaryChromaticities", "TileOffsets",
    "TileByteCounts", "JPEGInterchangeFormat", "YCbCrCoefficients", "YCbCrSubSampling", "YCbCrPositioning",
    "ReferenceBlackWhite", "ExposureTime", "FNumber", "ExposureProgram", "PhotographicSensitivity", "OECF",
    "SensitivityType", "StandardOutputSensitivity", "RecommendedExposureIndex", "ISOSpeed", "ISOSpeedRatings",
    "ISOSpeedLatitudeyyy", "ISOSpeedLatitudezzz", "ExifVersion", "ComponentsConfiguration", "CompressedBitsPerPixel",
    "ShutterSpeedValue", "ApertureValue", "BrightnessValue", "ExposureBiasValue", "MaxApertureValue",
    "SubjectDistance", "MeteringMode", "LightSource", "Flash", "FocalLength", "SubjectArea", "SubSecTime",
    "SubSecTimeOriginal", "SubSecTimeDigitized", "FlashpixVersion", "ColorSpace", "PixelXDimension",
    "PixelYDimension", "FlashEnergy", "SpatialFrequencyResponse", "FocalPlaneXResolution", "FocalPlaneYResolution",
    "FocalPlaneResolutionUnit", "ExposureIndex", "SensingMethod", "FileSource", "SceneType", "CFAPattern",
    "CustomRendered", "ExposureMode", "WhiteBalance", "DigitalZoomRatio", "FocalLengthIn35mmFilm",
    "SceneCaptureType", "GainControl", "Contrast", "Saturation", "Sharpness", "SubjectDistanceRange", "Gamma",
    "CompositeImage", "LensSpecification",
];
/// The same, without a name in the crate: kinds of TIFF, colour profiles, room that Windows leaves.
const TECHNICAL_NUMBERS: [u16; 13] = [
    0x00FE, 0x010A, 0x0129, 0x013D, 0x0140, 0x0152, 0x0153, 0x015B, 0x8773, 0xC4A5, 0xEA1C, 0xEA1D,
    0x4746,
];
/// GPS fields that say how to read another one.
const GPS_TECHNICAL: [&str; 5] = [
    "GPSVersionID",
    "GPSLatitudeRef",
    "GPSLongitudeRef",
    "GPSAltitudeRef",
    "GPSImgDirectionRef",
];
/// Tags that Windows' explorer writes: not in the standard, UTF-16.
const WINDOWS: [(u16, &str); 5] = [
    (0x9C9B, "XPTitle"),
    (0x9C9C, "XPComment"),
    (0x9C9D, "XPAuthor"),
    (0x9C9E, "XPKeywords"),
    (0x9C9F, "XPSubject"),
];

/// Returns the fields in a TIFF header and everything after it.
pub(super) fn find(tiff: &[u8]) -> Vec<Field> {
    match read(tiff) {
        Some(exif) => exif
            .fields()
            .flat_map(|field| fields(field, &exif))
            .collect(),
        None => vec![Field::raw(Kind::Exif, "EXIF", tiff)],
    }
}

/// Returns a block with the orientation alone; none if that's the default.
pub(super) fn only_orientation(tiff: &[u8]) -> Option<Vec<u8>> {
    let orientation = orientation(tiff).filter(|orientation| (2..=8).contains(orientation))?;
    let [high, low] = orientation.to_be_bytes();
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, high, low, 0, 0];
    Some([&b"MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat())
}

pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*")
}

/// Checks whether a property of this name, in EXIF or XMP, has nothing of interest to people.
pub(super) fn is_technical(name: &str) -> bool {
    TECHNICAL.contains(&name) || GPS_TECHNICAL.contains(&name)
}

fn read(tiff: &[u8]) -> Option<Exif> {
    let directories = Directories::open(tiff)?;
    if !directories.are_affordable() {
        return None;
    }
    let read = Reader::new()
        .continue_on_error(true)
        .read_raw(tiff.to_vec());
    // If not even its first directory can be read, the caller tells how many bytes there are.
    read.or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
}

fn fields(field: &exif::Field, exif: &Exif) -> Vec<Field> {
    let Tag(context, number) = field.tag;
    let name = name(field.tag);
    match (context, number) {
        (Context::Interop, _) => Vec::new(),
        (_, number) if TECHNICAL_NUMBERS.contains(&number) => Vec::new(),
        (Context::Tiff, 0x02BC) => bytes_of(&field.value).map_or(Vec::new(), xmp::find),
        (Context::Tiff, 0x83BB) => bytes_of(&field.value).map_or(Vec::new(), iptc::find),
        (Context::Tiff, 0x8649) => bytes_of(&field.value).map_or(Vec::new(), iptc::find_resources),
        _ if field.tag == Tag::JPEGInterchangeFormatLength && field.ifd_num != In::PRIMARY => {
            let size_bytes = field.value.get_uint(0).unwrap_or_default();
            vec![Field::thumbnail(
                Kind::Exif,
                usize::try_from(size_bytes).unwrap_or_default(),
            )]
        }
        _ if is_technical(&name) => Vec::new(),
        (Context::Gps, _) => vec![Field::new(Kind::Gps, &name, &value(field, exif))],
        _ => vec![Field::new(Kind::Exif, &name, &value(field, exif))],
    }
}

fn name(tag: Tag) -> String {
    let windows = WINDOWS.iter().find(|(number, _)| *number == tag.number());
    match (windows, tag.description()) {
        (Some((_, name)), _) => name.to_string(),
        (None, Some(_)) => tag.to_string(),
        (None, None) => format!("0x{:04X}", tag.number()),
    }
}

fn value(field: &exif::Field, exif: &Exif) -> String {
    match &field.value {
        Value::Ascii(lines) => lines
            .iter()
            .take(VALUE_CHARS_MAX)
            .map(|line| text(line))
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Byte(bytes) if (0x9C9B..=0x9C9F).contains(&field.tag.number()) => {
            utf16(bytes, u16::from_le_bytes)
        }
        Value::Undefined(bytes, _) => undefined(field.tag, bytes, exif),
        Value::Byte(bytes) if bytes.len() > 4 => Field::raw(Kind::Exif, "", bytes).value,
        _ => field.display_value().with_unit(exif).to_string(),
    }
}

/// Notes begin with the name of their encoding, in eight bytes.
fn undefined(tag: Tag, bytes: &[u8], exif: &Exif) -> String {
    let is_note = [
        Tag::UserComment,
        Tag::GPSProcessingMethod,
        Tag::GPSAreaInformation,
    ]
    .contains(&tag);
    match bytes.split_at_checked(8) {
        Some((b"UNICODE\0", note)) if is_note && exif.little_endian() => {
            utf16(note, u16::from_le_bytes)
        }
        Some((b"UNICODE\0", note)) if is_note => utf16(note, u16::from_be_bytes),
        Some((b"ASCII\0\0\0" | b"\0\0\0\0\0\0\0\0", note)) if is_note => text(note),
        _ => match readable(bytes).filter(|text| !text.trim().is_empty() || bytes.is_empty()) {
            Some(text) => text,
            None => format!("({})", counted(bytes.len())),
        },
    }
}

fn bytes_of(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Byte(bytes) | Value::Undefined(bytes, _) => Some(bytes),
        _ => None,
    }
}

fn orientation(tiff: &[u8]) -> Option<u16> {
    let directories = Directories::open(tiff)?;
    let first = directories.u32(4)?;
    let entries = directories.entries(first)?;
    let found = entries
        .into_iter()
        .find(|entry| entry.tag == ORIENTATION && entry.type_number == 3)?;
    directories.u16(found.at + 8)
}

/// Enough of a TIFF's structure to know what reading it would cost.
struct Directories<'a> {
    tiff: &'a [u8],
    is_little_endian: bool,
}

struct Entry {
    at: usize,
    tag: u16,
    type_number: u16,
    size_bytes: usize,
}

impl<'a> Directories<'a> {
    fn open(tiff: &'a [u8]) -> Option<Self> {
        let is_little_endian = tiff.starts_with(b"II");
        is_tiff(tiff).then_some(Directories {
            tiff,
            is_little_endian,
        })
    }

    fn are_affordable(&self) -> bool {
        let mut left = COST_MAX;
        let mut at = self.u32(4);
        for _ in 0..DIRECTORIES_MAX {
            let Some(directory) = at.filter(|at| *at > 0) else {
                return true;
            };
            if self.pay(directory, &[0x8769, 0x8825], &mut left).is_none() {
                return false;
            }
            at = self.next(directory);
        }
        true
    }

    /// Takes from `left` what it costs to read a directory and those that its `pointers` lead to;
    /// none if it's too little. As deep as `pointers` go: EXIF's directory alone can lead to
    /// another.
    fn pay(&self, directory: usize, pointers: &[u16], left: &mut usize) -> Option<()> {
        for entry in self.entries(directory).unwrap_or_default() {
            *left = left.checked_sub(ENTRY_COST)?;
            if pointers.contains(&entry.tag) {
                let below: &[u16] = match entry.tag {
                    0x8769 => &[0xA005],
                    _ => &[],
                };
                let child = self.u32(entry.at + 8).unwrap_or_default();
                self.pay(child, below, left)?;
            } else if entry.size_bytes <= self.tiff.len() {
                *left = left.checked_sub(entry.size_bytes)?;
            }
        }
        Some(())
    }

    /// As many as there are.
    fn entries(&self, directory: usize) -> Option<Vec<Entry>> {
        let count = usize::from(self.u16(directory)?);
        let entries = (0..count).map_while(|index| self.entry(directory + 2 + 12 * index));
        Some(entries.collect())
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let type_number = self.u16(at + 2)?;
        let unit_bytes = match type_number {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 => 4,
            5 | 10 | 12 => 8,
            _ => 0,
        };
        Some(Entry {
            at,
            tag: self.u16(at)?,
            type_number,
            size_bytes: self.u32(at + 4)?.saturating_mul(unit_bytes),
        })
    }

    fn next(&self, directory: usize) -> Option<usize> {
        self.u32(directory + 2 + 12 * usize::from(self.u16(directory)?))
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.tiff.get(at..)?.first_chunk::<2>()?;
        if self.is_little_endian {
            Some(u16::from_le_bytes(bytes))
        } else {
            Some(u16::from_be_bytes(bytes))
        }
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let bytes = *self.tiff.get(at..)?.first_chunk::<4>()?;
        let number = if self.is_little_endian {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        };
        usize::try_from(number).ok()
    }
}
