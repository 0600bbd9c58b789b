//! PDFs: text on their pages, links, notes, attachments, and whatever else is said in streams and
//! strings.

use lopdf::{Document, LoadOptions, Object, Stream, decode_text_string};

use super::streams::{STREAM_BYTES_MAX, is_zlib};
use super::{Closed, Place, Walk};
use crate::base::caught::caught;

/// Maximum depth to which arrays and dictionaries are read.
const NESTING_MAX: usize = 16;

/// Maximum number of pages that are read.
const PAGES_MAX: usize = 5_000;

/// Strings are given together, so many bytes at a time.
const STRINGS_BYTES: usize = 1 << 20;

impl Walk<'_, '_> {
    /// Gives everything that a PDF says.
    pub(super) fn pdf(&mut self, bytes: &[u8], place: Place<'_>) {
        self.pdf_streams(bytes, place);
        let options = LoadOptions {
            max_decompressed_size: Some(STREAM_BYTES_MAX),
            filter: Some(without_pictures),
            ..LoadOptions::default()
        };
        // PDF is too large a language to vouch for its reader.
        let loaded = caught(|| Document::load_mem_with_options(bytes, options));
        let Some(Ok(document)) = loaded else {
            return self.closed(place, Closed::Damaged);
        };
        if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
            return self.closed(place, Closed::Encrypted);
        }
        self.pdf_strings(&document, place);
        self.pdf_packed(&document, place);
        self.pdf_pages(&document, place);
    }

    /// Gives every stream that is deflated, also those that nothing leads to any more.
    fn pdf_streams(&mut self, bytes: &[u8], place: Place<'_>) {
        const DICTIONARY_BYTES_MAX: usize = 512;
        for at in memchr::memmem::find_iter(bytes, b"stream") {
            let data = &bytes[at + b"stream".len()..];
            let data = data.strip_prefix(b"\r").unwrap_or(data);
            let data = data.strip_prefix(b"\n").unwrap_or(data);
            let dictionary = &bytes[at.saturating_sub(DICTIONARY_BYTES_MAX)..at];
            if !is_zlib(data) || is_picture_or_font(own(dictionary)) {
                continue;
            }
            self.zlib(data, place);
            if self.is_spent() {
                return self.closed(place, Closed::TooLarge);
            }
        }
    }

    /// Gives all strings, one on each line.
    fn pdf_strings(&mut self, document: &Document, place: Place<'_>) {
        let mut strings = Vec::new();
        for object in document.objects.values() {
            collect(object, &mut strings, 0);
            if strings.len() >= STRINGS_BYTES {
                self.text(&strings, place);
                strings.clear();
            }
        }
        if let Ok(object) = document.trailer.get(b"Info") {
            collect(object, &mut strings, 0);
        }
        self.text(&strings, place);
    }

    /// Gives streams that aren't just deflated, and looks into attachments.
    fn pdf_packed(&mut self, document: &Document, place: Place<'_>) {
        for object in document.objects.values() {
            let Object::Stream(stream) = object else {
                continue;
            };
            let is_attachment = stream.dict.has_type(b"EmbeddedFile");
            if !is_attachment && is_deflated_only(stream) && !document.was_encrypted() {
                continue;
            }
            let max = STREAM_BYTES_MAX.min(self.room());
            let Some(Ok(content)) = caught(|| stream.get_plain_content_with_limit(max)) else {
                continue;
            };
            if is_attachment {
                self.spend(content.len());
                self.stream(&mut content.as_slice(), place);
            } else {
                self.text(&content, place)
            }
            if self.is_spent() {
                return self.closed(place, Closed::TooLarge);
            }
        }
    }

    /// Gives the text that people see.
    fn pdf_pages(&mut self, document: &Document, place: Place<'_>) {
        let pages = caught(|| document.get_pages()).into_iter().flatten();
        for (number, _) in pages.take(PAGES_MAX) {
            let max = STREAM_BYTES_MAX.min(self.room());
            let read = caught(|| document.extract_text_with_limit(&[number], max));
            if let Some(Ok(text)) = read {
                self.text(text.as_bytes(), place);
            }
            if self.is_spent() {
                return self.closed(place, Closed::TooLarge);
            }
        }
    }
}

/// Returns what belongs to the object that begins last.
fn own(dictionary: &[u8]) -> &[u8] {
    let start = memchr::memmem::rfind(dictionary, b" obj");
    &dictionary[start.unwrap_or(0)..]
}

fn is_picture_or_font(dictionary: &[u8]) -> bool {
    let words = [
        &b"/Image"[..],
        b"/Length1",
        b"/Type1C",
        b"/CIDFontType0C",
        b"/OpenType",
    ];
    words
        .iter()
        .any(|word| memchr::memmem::find(dictionary, word).is_some())
}

fn without_pictures(id: (u32, u16), object: &mut Object) -> Option<((u32, u16), Object)> {
    let is_picture = match object {
        Object::Stream(stream) => {
            let subtype = stream.dict.get(b"Subtype").and_then(Object::as_name);
            subtype.is_ok_and(|name| name == b"Image")
        }
        _ => false,
    };
    (!is_picture).then(|| (id, object.clone()))
}

fn is_deflated_only(stream: &Stream) -> bool {
    let is_predicted = stream.dict.has(b"DecodeParms");
    let filters = stream.filters();
    !is_predicted && filters.is_ok_and(|filters| filters == [b"FlateDecode"])
}

fn collect(object: &Object, strings: &mut Vec<u8>, depth: usize) {
    if depth > NESTING_MAX {
        return;
    }
    match object {
        Object::String(bytes, _) => {
            match decode_text_string(object) {
                Ok(text) => strings.extend_from_slice(text.as_bytes()),
                Err(_) => strings.extend_from_slice(bytes),
            }
            strings.push(b'\n');
        }
        Object::Array(items) => items
            .iter()
            .for_each(|item| collect(item, strings, depth + 1)),
        Object::Dictionary(dictionary) => dictionary
            .iter()
            .for_each(|(_, value)| collect(value, strings, depth + 1)),
        Object::Stream(stream) => stream
            .dict
            .iter()
            .for_each(|(_, value)| collect(value, strings, depth + 1)),
        _ => {}
    }
}
