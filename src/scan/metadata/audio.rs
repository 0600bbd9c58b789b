//! Audio: tags. MP3's stand before and behind the sound and can be cut off; the other formats weave
//! theirs into the file's structure.

use std::io::Cursor;
use std::ops::Range;

use lofty::aac::AacFile;
use lofty::ape::ApeTag;
use lofty::config::ParseOptions;
use lofty::file::{AudioFile, FileType};
use lofty::flac::FlacFile;
use lofty::id3::v1::Id3v1Tag;
use lofty::id3::v2::{Frame, Id3v2Tag};
use lofty::iff::wav::WavFile;
use lofty::mp4::{AtomData, AtomIdent, Ilst, Mp4File};
use lofty::mpeg::MpegFile;
use lofty::ogg::{OggPictureStorage, OpusFile, SpeexFile, VorbisComments, VorbisFile};
use lofty::picture::Picture;
use lofty::tag::ItemValue;

use super::{Field, Kind, Unstrippable, Walk, counted, le32, slice, text};
use crate::base::caught::caught;

const ID3V1_BYTES: usize = 128;
const APE_FOOTER_BYTES: usize = 32;
const APE_HAS_HEADER: u32 = 1 << 31;

/// Common names of the formats' fields.
const NAMES: [(&str, &str); 22] = [
    ("TIT2", "Title"),
    ("TPE1", "Artist"),
    ("TALB", "Album"),
    ("TCOM", "Composer"),
    ("TDRC", "Date"),
    ("TYER", "Year"),
    ("TCOP", "Copyright"),
    ("TSSE", "Encoder"),
    ("COMM", "Comment"),
    ("USLT", "Lyrics"),
    ("INAM", "Title"),
    ("IART", "Artist"),
    ("ICMT", "Comment"),
    ("ICOP", "Copyright"),
    ("ISFT", "Software"),
    ("ICRD", "Date"),
    ("\u{A9}nam", "Title"),
    ("\u{A9}ART", "Artist"),
    ("\u{A9}alb", "Album"),
    ("\u{A9}cmt", "Comment"),
    ("\u{A9}day", "Date"),
    ("\u{A9}too", "Encoder"),
];

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let Some(format) = format(bytes) else {
        return Walk::default();
    };
    // Eight formats, read from anywhere: one panic in the reader mustn't end everything.
    let read = match caught(|| format.fields(bytes)) {
        Some(read) => read.map_err(|error| error.to_string()),
        None => Err("the parser failed".to_string()),
    };
    match format {
        Format::Mpeg | Format::Aac => walk_around_sound(bytes, format, read),
        _ => told(format, read.unwrap_or_else(unreadable)),
    }
}

fn unreadable(why: String) -> Vec<Field> {
    vec![Field::new(
        Kind::Other,
        "damage",
        &format!("the tags can't be read: {why}"),
    )]
}

fn told(format: Format, kept: Vec<Field>) -> Walk {
    let hindrance = (!kept.is_empty()).then_some(Unstrippable::Media(format.name()));
    Walk {
        kept,
        hindrance,
        ..Walk::default()
    }
}

/// Tags before and behind the sound.
fn walk_around_sound(bytes: &[u8], format: Format, read: Result<Vec<Field>, String>) -> Walk {
    let (front, is_whole) = front_tags(bytes);
    let spans: Vec<Range<usize>> = front.into_iter().chain(back_tags(bytes)).collect();
    let fields = match read {
        Ok(fields) => fields,
        // Where no tag is, what can't be read is the sound.
        Err(_) if spans.is_empty() && is_whole => return Walk::default(),
        Err(why) => unreadable(why),
    };
    if !is_whole {
        let walk = Walk {
            kept: fields,
            ..Walk::default()
        };
        return walk.damaged(spans.last().map_or(0, |span| span.end));
    }
    if spans.is_empty() {
        return told(format, fields);
    }
    taken_out(spans, fields)
}

/// Takes tags out; the first says what all of them say.
fn taken_out(spans: Vec<Range<usize>>, mut fields: Vec<Field>) -> Walk {
    let mut walk = Walk::default();
    let is_read = !fields.is_empty();
    for span in spans {
        let told = if is_read {
            std::mem::take(&mut fields)
        } else {
            vec![Field::binary(Kind::Tag, "tags", span.len())]
        };
        walk.remove(span, || told);
    }
    walk
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Mpeg,
    Aac,
    Flac,
    Vorbis,
    Opus,
    Speex,
    Mp4,
    Wav,
}

/// Tells the format by the first bytes, behind an ID3v2 tag. Not what only looks like sound:
/// `FF FE` begins UTF-16 texts.
fn format(bytes: &[u8]) -> Option<Format> {
    let (front, is_whole) = front_tags(bytes);
    let sound = bytes
        .get(front.last().map_or(0, |last| last.end)..)
        .unwrap_or_default();
    match FileType::from_buffer(&sound[..sound.len().min(36)]) {
        Some(FileType::Flac) => Some(Format::Flac),
        Some(FileType::Vorbis) => Some(Format::Vorbis),
        Some(FileType::Opus) => Some(Format::Opus),
        Some(FileType::Speex) => Some(Format::Speex),
        Some(FileType::Mp4) => Some(Format::Mp4),
        Some(FileType::Wav) => Some(Format::Wav),
        _ => match sound {
            [0xFF, 0xF0 | 0xF1 | 0xF8 | 0xF9, ..] => Some(Format::Aac),
            [0xFF, 0xE2..=0xE5 | 0xF2..=0xF5 | 0xFA..=0xFD, ..] => Some(Format::Mpeg),
            _ if front.is_empty() && is_whole => None,
            _ => Some(Format::Mpeg),
        },
    }
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Mpeg => "MP3",
            Format::Aac => "AAC",
            Format::Flac => "FLAC",
            Format::Vorbis | Format::Opus | Format::Speex => "Ogg",
            Format::Mp4 => "MP4",
            Format::Wav => "WAV",
        }
    }

    fn fields(self, bytes: &[u8]) -> lofty::error::Result<Vec<Field>> {
        let options = ParseOptions::new().read_properties(false);
        let file = &mut Cursor::new(bytes);
        Ok(match self {
            Format::Mpeg => of_mpeg(&MpegFile::read_from(file, options)?),
            Format::Aac => of_aac(&AacFile::read_from(file, options)?),
            Format::Flac => of_flac(&FlacFile::read_from(file, options)?),
            Format::Vorbis => comments(VorbisFile::read_from(file, options)?.vorbis_comments()),
            Format::Opus => comments(OpusFile::read_from(file, options)?.vorbis_comments()),
            Format::Speex => comments(SpeexFile::read_from(file, options)?.vorbis_comments()),
            Format::Mp4 => {
                let file = Mp4File::read_from(file, options)?;
                file.ilst().map(ilst).unwrap_or_default()
            }
            Format::Wav => of_wav(&WavFile::read_from(file, options)?),
        })
    }
}

fn of_mpeg(file: &MpegFile) -> Vec<Field> {
    let tags = [
        file.id3v2().map(id3v2),
        file.ape().map(ape),
        file.id3v1().map(id3v1),
    ];
    tags.into_iter().flatten().flatten().collect()
}

fn of_aac(file: &AacFile) -> Vec<Field> {
    let tags = [file.id3v2().map(id3v2), file.id3v1().map(id3v1)];
    tags.into_iter().flatten().flatten().collect()
}

fn of_flac(file: &FlacFile) -> Vec<Field> {
    let pictures = file.pictures().iter();
    let pictures = pictures.map(|(found, _)| picture(found)).collect();
    let tags = [
        file.id3v2().map(id3v2),
        file.vorbis_comments().map(comments),
        Some(pictures),
    ];
    tags.into_iter().flatten().flatten().collect()
}

fn of_wav(file: &WavFile) -> Vec<Field> {
    let info = file.riff_info().into_iter().flatten();
    let info = info.map(|(name, value)| tag(name, value));
    info.chain(file.id3v2().into_iter().flat_map(id3v2))
        .collect()
}

fn tag(name: &str, value: &str) -> Field {
    let known = NAMES.iter().find(|(written, _)| *written == name);
    Field::new(Kind::Tag, known.map_or(name, |(_, meant)| meant), value)
}

fn picture(picture: &Picture) -> Field {
    let description = picture
        .description()
        .map_or(String::new(), |text| format!(": {text}"));
    Field::new(
        Kind::Tag,
        "picture",
        &format!(
            "a picture of {}{description}",
            counted(picture.data().len())
        ),
    )
}

fn id3v2(found: &Id3v2Tag) -> Vec<Field> {
    found.into_iter().map(frame).collect()
}

fn frame(frame: &Frame) -> Field {
    let name = frame.id().as_str();
    let described = |description: &str| match description {
        "" => name.to_string(),
        _ => format!("{name} {description}"),
    };
    match frame {
        Frame::Text(frame) => tag(name, &frame.value),
        Frame::UserText(frame) => tag(&described(&frame.description), &frame.content),
        Frame::Comment(frame) => tag(&described(&frame.description), &frame.content),
        Frame::UnsynchronizedText(frame) => tag(&described(&frame.description), &frame.content),
        Frame::Url(frame) => tag(name, frame.url()),
        Frame::UserUrl(frame) => tag(&described(&frame.description), &frame.content),
        Frame::Picture(frame) => picture(&frame.picture),
        Frame::Popularimeter(frame) => tag(name, &frame.email),
        Frame::Timestamp(frame) => tag(name, &frame.timestamp.to_string()),
        Frame::KeyValue(frame) => {
            let pairs = frame
                .key_value_pairs
                .iter()
                .map(|(key, value)| format!("{key}: {value}"));
            tag(name, &pairs.collect::<Vec<_>>().join(", "))
        }
        Frame::UniqueFileIdentifier(frame) => {
            Field::raw(Kind::Tag, &described(&frame.owner), &frame.identifier)
        }
        Frame::Private(frame) => {
            Field::raw(Kind::Tag, &described(&frame.owner), &frame.private_data)
        }
        Frame::Binary(frame) => Field::raw(Kind::Tag, name, &frame.data),
        _ => Field::new(Kind::Tag, name, "(numbers)"),
    }
}

fn id3v1(found: &Id3v1Tag) -> Vec<Field> {
    let texts = [
        ("Title", &found.title),
        ("Artist", &found.artist),
        ("Album", &found.album),
        ("Comment", &found.comment),
    ];
    // Latin-1 by the specification, UTF-8 by practice.
    let bytes = |text: &String| {
        text.chars()
            .map(|c| u8::try_from(c).unwrap_or(b'?'))
            .collect::<Vec<_>>()
    };
    let texts = texts
        .into_iter()
        .filter_map(|(name, found)| found.as_ref().map(|found| tag(name, &text(&bytes(found)))));
    texts
        .chain(found.year.map(|year| tag("Year", &year.to_string())))
        .collect()
}

fn ape(found: &ApeTag) -> Vec<Field> {
    let item = |item: &lofty::ape::ApeItem| match item.value() {
        ItemValue::Text(text) | ItemValue::Locator(text) => tag(item.key(), text),
        ItemValue::Binary(bytes) => Field::binary(Kind::Tag, item.key(), bytes.len()),
    };
    found.into_iter().map(item).collect()
}

/// Without the "vendor": which library wrote the file, and every file has one.
fn comments(found: &VorbisComments) -> Vec<Field> {
    let texts = found.items().map(|(name, value)| tag(name, value));
    texts
        .chain(found.pictures().iter().map(|(found, _)| picture(found)))
        .collect()
}

fn ilst(found: &Ilst) -> Vec<Field> {
    let mut fields = Vec::new();
    for atom in found {
        let name = match atom.ident() {
            AtomIdent::Fourcc(code) => code.iter().map(|b| char::from(*b)).collect(),
            AtomIdent::Freeform { name, .. } => name.to_string(),
        };
        fields.extend(atom.data().map(|data| atom_field(&name, data)));
    }
    fields
}

fn atom_field(name: &str, data: &AtomData) -> Field {
    match data {
        AtomData::UTF8(text) | AtomData::UTF16(text) => tag(name, text),
        AtomData::Picture(found) => picture(found),
        AtomData::SignedInteger(number) => tag(name, &number.to_string()),
        AtomData::UnsignedInteger(number) => tag(name, &number.to_string()),
        AtomData::Bool(yes) => tag(name, &yes.to_string()),
        AtomData::Unknown { data, .. } => Field::raw(Kind::Tag, name, data),
    }
}

/// ID3v2 tags at the beginning, and whether the last one is all there.
fn front_tags(bytes: &[u8]) -> (Vec<Range<usize>>, bool) {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(size_bytes) = id3v2_size_bytes(&bytes[at..]) {
        if size_bytes > bytes.len() - at {
            return (spans, false);
        }
        spans.push(at..at + size_bytes);
        at += size_bytes;
    }
    (spans, true)
}

/// With header and footer. Sizes have seven bits in each byte.
fn id3v2_size_bytes(bytes: &[u8]) -> Option<usize> {
    let [b'I', b'D', b'3', 2..=4, 0..=0xFE, flags, sizes @ ..] = bytes.first_chunk::<10>()? else {
        return None;
    };
    let footer_bytes = match flags & 0x10 {
        0 => 0,
        _ => 10,
    };
    let is_size = sizes.iter().all(|size| *size < 0x80);
    let size_bytes = sizes
        .iter()
        .fold(0, |sum, size| sum << 7 | usize::from(*size));
    is_size.then_some(10 + size_bytes + footer_bytes)
}

/// ID3v1 and APE tags at the end, in the file's order.
fn back_tags(bytes: &[u8]) -> Vec<Range<usize>> {
    let (front, _) = front_tags(bytes);
    let sound = front.last().map_or(0, |last| last.end);
    let mut spans = Vec::new();
    let mut end = bytes.len();
    while let Some(start) = back_tag(&bytes[..end]).filter(|start| *start >= sound) {
        spans.push(start..end);
        end = start;
    }
    spans.reverse();
    spans
}

/// Finds the start of the tag at the end of `bytes`.
fn back_tag(bytes: &[u8]) -> Option<usize> {
    if let Some(start) = bytes.len().checked_sub(ID3V1_BYTES)
        && bytes[start..].starts_with(b"TAG")
    {
        return Some(start);
    }
    let footer = bytes.len().checked_sub(APE_FOOTER_BYTES)?;
    if slice(bytes, footer, 8)? != b"APETAGEX" {
        return None;
    }
    // Items and footer; a header isn't counted.
    let size_bytes = le32(bytes, footer + 12).filter(|size| *size >= APE_FOOTER_BYTES)?;
    let header_bytes = match u32::try_from(le32(bytes, footer + 20)?).ok()? & APE_HAS_HEADER {
        0 => 0,
        _ => APE_FOOTER_BYTES,
    };
    bytes
        .len()
        .checked_sub(size_bytes.checked_add(header_bytes)?)
}
