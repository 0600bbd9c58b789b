//! XMP: properties in RDF, in XML, in a packet. A property's name is its path: `dc:title`,
//! `xmpMM:DerivedFrom/stRef:documentID`; a list's items are joined.

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{FIELDS_MAX, Field, Kind, NAME_CHARS_MAX, VALUE_CHARS_MAX, exif};

/// As much of a value as is kept: what's shown, in any characters.
const VALUE_BYTES_MAX: usize = VALUE_CHARS_MAX * 4;

pub(super) fn find(packet: &[u8]) -> Vec<Field> {
    let found = read(&String::from_utf8_lossy(packet));
    if found.has_elements {
        found
            .values
            .into_iter()
            .filter_map(|(name, value)| field(&name, &value))
            .collect()
    } else {
        vec![Field::raw(Kind::Xmp, "XMP", packet)]
    }
}

fn read(text: &str) -> Properties {
    let mut reader = Reader::from_str(text);
    let mut found = Properties::default();
    while found.values.len() <= FIELDS_MAX {
        match reader.read_event() {
            Ok(Event::Start(element)) => found.open(&element),
            Ok(Event::Empty(element)) => {
                found.open(&element);
                found.close();
            }
            Ok(Event::End(_)) => found.close(),
            Ok(Event::Text(text)) => found.add_text(&text.xml10_content()),
            Ok(Event::CData(text)) => found.add_text(&text.xml10_content()),
            Ok(Event::GeneralRef(name)) => found.add_text(&resolved(&name)),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            // What stands before the damage was read.
            Err(_) => break,
        }
    }
    found.tell();
    found
}

fn field(name: &str, value: &Value) -> Option<Field> {
    let property = name.split('/').next().unwrap_or(name);
    let (prefix, local) = property.split_once(':').unwrap_or(("", property));
    let is_technical = match prefix {
        "exif" | "tiff" | "exifEX" => exif::is_technical(local),
        // How Camera Raw's sliders stood: a hundred of them.
        "crs" => local != "RawFileName",
        _ => false,
    };
    match name.ends_with("xmpGImg:image") {
        _ if is_technical => None,
        true => Some(Field::thumbnail(Kind::Xmp, value.size_bytes / 4 * 3)),
        false => Some(Field::new(Kind::Xmp, name, &value.text)),
    }
}

#[derive(Default)]
struct Properties {
    /// Path of the current element, without RDF's own elements.
    path: String,
    /// Length of `path` before each open element.
    lengths: Vec<usize>,
    text: Value,
    has_elements: bool,
    values: Vec<(String, Value)>,
    indices: HashMap<String, usize>,
}

#[derive(Default)]
struct Value {
    /// At most [`VALUE_BYTES_MAX`] and a bit.
    text: String,
    size_bytes: usize,
}

impl Properties {
    fn open(&mut self, element: &BytesStart) {
        self.tell();
        self.has_elements = true;
        self.lengths.push(self.path.len());
        let name = element.name();
        if !is_structure(name.as_ref()) {
            self.enter(name.as_ref());
        }
        // Unchecked: looking for doubles is quadratic.
        for attribute in element
            .attributes()
            .with_checks(false)
            .map_while(Result::ok)
        {
            let value = unescape(&attribute.value).unwrap_or(Cow::Borrowed(&attribute.value));
            self.attribute(attribute.key.as_ref(), &value);
        }
    }

    fn attribute(&mut self, key: &str, value: &str) {
        if key == "rdf:resource" {
            self.add_text(value);
            self.tell();
        } else if !is_structure(key) {
            let length = self.path.len();
            self.enter(key);
            self.add_text(value);
            self.tell();
            self.path.truncate(length);
        }
    }

    /// Paths are bounded: names can be long and deep.
    fn enter(&mut self, name: &str) {
        if self.path.len() < NAME_CHARS_MAX {
            let separator = if self.path.is_empty() { "" } else { "/" };
            self.path.push_str(separator);
            self.path.extend(name.chars().take(NAME_CHARS_MAX));
        }
    }

    fn close(&mut self) {
        self.tell();
        self.path.truncate(self.lengths.pop().unwrap_or_default());
    }

    fn add_text(&mut self, text: &str) {
        self.text.push(text);
    }

    /// The text so far is a value.
    fn tell(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.text.trim().is_empty() || self.path.is_empty() {
            return;
        }
        match self.indices.get(&self.path) {
            Some(index) => {
                let (_, value) = &mut self.values[*index];
                value.push(", ");
                value.push(text.text.trim());
            }
            None => {
                self.indices.insert(self.path.clone(), self.values.len());
                self.values.push((self.path.clone(), text));
            }
        }
    }
}

impl Value {
    fn push(&mut self, text: &str) {
        self.size_bytes += text.len();
        let room = VALUE_BYTES_MAX.saturating_sub(self.text.len());
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
    }
}

/// RDF's and the packet's own, which hold properties but aren't any.
fn is_structure(name: &str) -> bool {
    let prefix = name.split(':').next().unwrap_or(name);
    ["rdf", "x", "xml", "xmlns"].contains(&prefix)
}

fn resolved(reference: &BytesRef) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => c.to_string(),
        _ => resolve_predefined_entity(reference)
            .map_or_else(|| format!("&{};", &**reference), str::to_string),
    }
}
