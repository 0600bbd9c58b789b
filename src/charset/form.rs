//! Declarations by which texts say what charset they are in, each in the way of its format.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use crate::base::media;
use crate::refs::html;

/// Ways in which a text may say what charset it's in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `<meta charset>`.
    Html,
    /// `@charset`.
    Css,
    /// `<?xml encoding?>`.
    Xml,
    /// Its format is UTF-8, whatever anybody says.
    Utf8,
    /// Not at all.
    Plain,
}

/// As far as browsers look for a `<meta>` before they show anything, in bytes
/// (<https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding>).
pub(super) const HEAD_BYTES: usize = 1024;

impl Form {
    pub(super) fn of(content_type: &str, extension: &str) -> Form {
        match media::essence(content_type).as_str() {
            "text/html" => Form::Html,
            "text/css" => Form::Css,
            "application/xml" | "text/xml" => Form::Xml,
            other if other.ends_with("+xml") => Form::Xml,
            "application/json" | "text/vtt" => Form::Utf8,
            other if other.ends_with("+json") => Form::Utf8,
            // Modules.
            _ if extension == "mjs" => Form::Utf8,
            _ => Form::Plain,
        }
    }

    pub(super) fn declared(self, content: &[u8]) -> Option<&'static Encoding> {
        let encoding = match self {
            Form::Html => {
                let head = &content[..content.len().min(HEAD_BYTES)];
                // A later one is heeded as well; most pages have none.
                let label = in_html(head).or_else(|| in_html(content))?;
                Encoding::for_label_no_replacement(label.as_bytes())
            }
            Form::Css => Encoding::for_label_no_replacement(in_css(content)?),
            Form::Xml => Encoding::for_label_no_replacement(in_xml(content)?.as_bytes()),
            Form::Utf8 | Form::Plain => None,
        }?;
        // A parser that reads this declaration reads it as ASCII.
        Some(match encoding {
            utf_16 if utf_16 == UTF_16LE || utf_16 == UTF_16BE => UTF_8,
            user if user == X_USER_DEFINED => WINDOWS_1252,
            other => other,
        })
    }
}

fn in_html(content: &[u8]) -> Option<String> {
    let text = crate::base::text::same_length_utf8(content);
    html::declared_charset(&text, |content_type| {
        parameter(content_type).map(|encoding| encoding.name().to_string())
    })
}

fn in_css(content: &[u8]) -> Option<&[u8]> {
    let rest = content.strip_prefix(b"@charset \"")?;
    let mut head = rest.iter().take(HEAD_BYTES);
    let end = head.position(|byte| *byte == b'"')?;
    Some(&rest[..end])
}

fn in_xml(content: &[u8]) -> Option<String> {
    let declaration = content.strip_prefix(b"<?xml")?;
    let end = declaration.iter().position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split_once(quote)?.0.to_string())
}

/// Returns the charset that the parameters of a type name
/// (<https://html.spec.whatwg.org/multipage/urls-and-fetching.html#extracting-character-encodings-from-meta-elements>).
pub(super) fn parameter(parameters: &str) -> Option<&'static Encoding> {
    let lower = parameters.to_ascii_lowercase();
    let mut rest = lower.as_str();
    let value = loop {
        rest = rest.split_once("charset")?.1.trim_ascii_start();
        if let Some(value) = rest.strip_prefix('=') {
            break value.trim_ascii_start();
        }
    };
    let label = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split_once(quote)?.0,
        _ => value.split([';', ' ', '\t', '\n', '\x0c', '\r']).next()?,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}
