//! PDF: the document's properties, and XMP. Read only: to take them out, the file's table of
//! objects would have to be written anew, and its old versions with it.

use lopdf::{Dictionary, Document, LoadOptions, Object, decode_text_string};

use super::{Field, Kind, Unstrippable, Walk, readable, xmp};
use crate::base::caught::caught;

/// Readers accept what stands before the header.
const HEADER_AT_MAX: usize = 1024;
/// Per stream: a small one can hold gigabytes. Tables and packets are smaller.
const STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A file that's written to be read from the net has two tables of objects, others one for each
/// version.
const TABLE: &[u8] = b"startxref";

pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEADER_AT_MAX)];
    head.windows(5).any(|window| window == b"%PDF-")
}

pub(super) fn walk(bytes: &[u8]) -> Walk {
    let mut kept = match load(bytes) {
        Ok(document) => fields(&document),
        Err(why) => vec![Field::new(
            Kind::Other,
            "damage",
            &format!("the PDF can't be read: {why}"),
        )],
    };
    kept.extend(earlier_versions(bytes));
    let hindrance = (!kept.is_empty()).then_some(Unstrippable::Pdf);
    Walk {
        kept,
        hindrance,
        ..Walk::default()
    }
}

fn load(bytes: &[u8]) -> Result<Document, String> {
    let options = LoadOptions {
        max_decompressed_size: Some(STREAM_BYTES_MAX),
        filter: Some(without_pages),
        ..LoadOptions::default()
    };
    // PDF is too large a language to vouch for its reader.
    match caught(|| Document::load_mem_with_options(bytes, options)) {
        Some(loaded) => loaded.map_err(|error| error.to_string()),
        None => Err("the parser failed".to_string()),
    }
}

/// Keeps what may be the properties or lead to them, and drops pages, pictures and fonts.
fn without_pages(id: (u32, u16), object: &mut Object) -> Option<((u32, u16), Object)> {
    let is_kept = match object {
        Object::Stream(stream) => is_metadata(&stream.dict) || stream.dict.has_type(b"ObjStm"),
        Object::Dictionary(dictionary) => !dictionary.has(b"Type"),
        Object::Array(_) => false,
        _ => true,
    };
    is_kept.then(|| (id, object.clone()))
}

fn is_metadata(dictionary: &Dictionary) -> bool {
    dictionary.has_type(b"Metadata")
}

/// Editors append: what a title was before, or what a black bar covers, is still there.
fn earlier_versions(bytes: &[u8]) -> Option<Field> {
    let head = &bytes[..bytes.len().min(HEADER_AT_MAX)];
    let is_linearized = head.windows(11).any(|window| window == b"/Linearized");
    let tables = bytes
        .windows(TABLE.len())
        .filter(|window| *window == TABLE)
        .count();
    let earlier = tables.saturating_sub(1 + usize::from(is_linearized));
    let value = format!("earlier versions still in the file: {earlier}");
    (earlier > 0).then(|| Field::new(Kind::Other, "history", &value))
}

fn fields(document: &Document) -> Vec<Field> {
    let mut fields = Vec::new();
    if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
        fields.push(Field::new(
            Kind::Other,
            "encrypted",
            "its properties can't be read without the password",
        ));
    }
    if let Ok(Object::Dictionary(info)) = document.trailer.get_deref(b"Info", document) {
        fields.extend(
            info.iter()
                .filter_map(|(name, value)| property(document, name, value)),
        );
    }
    // Pages and pictures can have their own.
    for object in document.objects.values() {
        if let Object::Stream(stream) = object
            && is_metadata(&stream.dict)
        {
            fields.extend(packet(stream));
        }
    }
    fields
}

fn property(document: &Document, name: &[u8], value: &Object) -> Option<Field> {
    let name = String::from_utf8_lossy(name);
    let (_, value) = document.dereference(value).ok()?;
    let text = match value {
        Object::String(bytes, _) => decode_text_string(value).ok().or_else(|| readable(bytes)),
        Object::Name(bytes) => readable(bytes),
        Object::Null => return None,
        _ => None,
    };
    match (text, value) {
        (Some(text), _) => Some(Field::new(Kind::PdfInfo, &name, &text)),
        (None, Object::String(bytes, _)) => Some(Field::binary(Kind::PdfInfo, &name, bytes.len())),
        (None, value) => Some(Field::new(
            Kind::PdfInfo,
            &name,
            &format!("({})", value.enum_variant()),
        )),
    }
}

fn packet(stream: &lopdf::Stream) -> Vec<Field> {
    let is_compressed = stream.dict.has(b"Filter");
    match stream.decompressed_content_with_limit(STREAM_BYTES_MAX) {
        Ok(packet) => xmp::find(&packet),
        Err(_) if is_compressed => vec![Field::binary(Kind::Xmp, "XMP", stream.content.len())],
        Err(_) => xmp::find(&stream.content),
    }
}
