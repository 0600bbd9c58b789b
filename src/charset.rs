//! Charsets: which one a text is in, as browsers find out, and what it says. Pure.

mod form;
mod text;

use std::io::{self, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};

use self::form::{Form, HEAD_BYTES, parameter};
pub(crate) use self::text::Text;
use crate::rules::TypeBy;

/// A charset that isn't UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Charset(&'static Encoding);

/// Sources of a text's charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    /// Its byte order mark.
    Mark,
    /// The `content_type` of a rule.
    Rule,
    /// The pages that load it.
    Pages,
    /// The text itself.
    Text,
    /// Its format, which has no other.
    Format,
    /// There is no declaration: browsers assume this charset.
    Nobody,
}

/// The charset of a text; none is UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) charset: Option<Charset>,
    pub(crate) by: By,
    /// The charset that it names, though it has nothing but ASCII: that of what it loads.
    pub(crate) said: Option<Charset>,
}

impl From<Charset> for String {
    fn from(charset: Charset) -> String {
        charset.name()
    }
}

impl TryFrom<String> for Charset {
    type Error = String;

    fn try_from(name: String) -> Result<Charset, String> {
        let encoding = Encoding::for_label_no_replacement(name.as_bytes());
        encoding.and_then(Charset::of).ok_or(name)
    }
}

impl Charset {
    fn of(encoding: &'static Encoding) -> Option<Charset> {
        (encoding != UTF_8).then_some(Charset(encoding))
    }

    /// Returns the charset that a `Content-Type` names, unless that's UTF-8.
    pub(crate) fn served(content_type: &str) -> Option<Charset> {
        parameter(content_type.split_once(';')?.1).and_then(Charset::of)
    }

    pub(crate) fn is_utf_16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// Returns all that comes, in UTF-8.
    pub(crate) fn in_utf8(self, from: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        from.read_to_end(&mut content)?;
        let (text, _) = self.0.decode_without_bom_handling(&content);
        Ok(text.into_owned().into_bytes())
    }

    /// Returns its name in `Content-Type`.
    pub(crate) fn name(self) -> String {
        self.0.name().to_ascii_lowercase()
    }

    /// Returns ASCII text in this charset.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        let units = || text.encode_utf16();
        match self.0 {
            utf_16 if utf_16 == UTF_16LE => units().flat_map(u16::to_le_bytes).collect(),
            utf_16 if utf_16 == UTF_16BE => units().flat_map(u16::to_be_bytes).collect(),
            // All others have ASCII as it is.
            _ => text.as_bytes().to_vec(),
        }
    }
}

impl Known {
    /// UTF-8, as most texts are.
    pub(crate) const UTF_8: Known = Known {
        charset: None,
        by: By::Nobody,
        said: None,
    };

    /// Returns the charset of a text of this type, which `type_by` says.
    pub(crate) fn of(
        content: &[u8],
        content_type: &str,
        extension: &str,
        type_by: TypeBy,
    ) -> Known {
        let form = Form::of(content_type, extension);
        match Encoding::for_bom(content) {
            // Readers of these formats know no other charset.
            Some(_) if form == Form::Utf8 => return Known::by(UTF_8, By::Format),
            Some((encoding, _)) => return Known::by(encoding, By::Mark),
            None => {}
        }
        // Of what is ASCII, every charset makes the same, but for those with escapes.
        if content.is_ascii() && !content.contains(&b'\x1b') {
            return Known::ascii(content, form);
        }
        if let Some((encoding, by)) = served(content_type, type_by) {
            return Known::by(encoding, by);
        }
        if let Some(encoding) = form.declared(content) {
            return Known::by(encoding, By::Text);
        }
        match (form, std::str::from_utf8(content)) {
            (Form::Utf8, _) => Known::by(UTF_8, By::Format),
            // Parsers of XML know no other without a declaration.
            (Form::Xml, _) => Known::by(UTF_8, By::Format),
            (_, Ok(_)) => Known::UTF_8,
            // Browsers fall back to this charset for most languages.
            (_, Err(_)) => Known::by(WINDOWS_1252, By::Nobody),
        }
    }

    fn by(encoding: &'static Encoding, by: By) -> Known {
        Known {
            charset: Charset::of(encoding),
            by,
            said: None,
        }
    }

    /// Returns that of a text that has nothing but ASCII.
    fn ascii(content: &[u8], form: Form) -> Known {
        let said = match form {
            Form::Html | Form::Css => form.declared(&content[..content.len().min(HEAD_BYTES)]),
            Form::Xml | Form::Utf8 | Form::Plain => None,
        };
        Known {
            said: said.and_then(Charset::of),
            ..Known::UTF_8
        }
    }

    /// Checks whether there is no declaration of the charset, and the text isn't UTF-8.
    pub(crate) fn is_guess(self) -> bool {
        self.by == By::Nobody && self.charset.is_some()
    }

    /// Returns its name.
    pub(crate) fn name(self) -> String {
        self.charset.map_or("utf-8".to_string(), Charset::name)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// The offset of the first bytes that aren't of this charset.
    pub(crate) fn read(self, content: &[u8]) -> Result<Text<'_>, usize> {
        match self.charset {
            None => match std::str::from_utf8(content) {
                Ok(text) => Ok(Text::verbatim(text)),
                Err(error) => Err(error.valid_up_to()),
            },
            Some(Charset(encoding)) => Text::decode(content, encoding),
        }
    }
}

/// Returns the charset that the type of a text names, unless that's only by its name.
fn served(content_type: &str, type_by: TypeBy) -> Option<(&'static Encoding, By)> {
    let by = match type_by {
        TypeBy::Name => return None,
        TypeBy::Rule => By::Rule,
        TypeBy::Pages => By::Pages,
    };
    let (_, parameters) = content_type.split_once(';')?;
    Some((parameter(parameters)?, by))
}

#[cfg(test)]
mod tests;
