//! Digests in documents: of files, in `integrity`; of inline scripts and styles, in a page's
//! policy. Pure.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::Reference;
use super::decoded::Decoded;

/// A digest in a document of something that may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Its base64; where an `integrity` is to be put, the place for it.
    pub span: Range<usize>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Its bytes.
    pub value: Value,
    /// The thing that it's of.
    pub of: Digested,
}

/// Digests as they stand in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// These bytes.
    Written(Vec<u8>),
    /// None: an `integrity` is to be put there.
    Missing {
        /// Says whether the element has a `crossorigin`.
        has_crossorigin: bool,
    },
    /// None: there is an `integrity`, and no `crossorigin`, for which this is a place.
    Alone,
}

impl Value {
    /// Returns the bytes that are written.
    pub fn written(&self) -> Option<&[u8]> {
        match self {
            Value::Written(bytes) => Some(bytes),
            Value::Missing { .. } | Value::Alone => None,
        }
    }
}

/// Things that documents have digests of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Digested {
    /// The file that the reference leads to which begins here.
    File(usize),
    /// A script or style that stands here.
    Text(Range<usize>, Written),
}

/// Ways in which a script or style stands in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Written {
    /// As it is.
    Verbatim,
    /// With entities and CDATA sections, as in SVG.
    Foreign,
    /// With entities, in an attribute.
    Attribute,
}

/// An algorithm of Subresource Integrity (<https://www.w3.org/TR/SRI/>), the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Sums of the same bytes, by every algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    sha256: [u8; 32],
    sha384: [u8; 48],
    sha512: [u8; 64],
}

/// Sums of bytes that come one after the other.
#[derive(Debug, Default)]
pub struct Summing {
    sha256: Sha256,
    sha384: Sha384,
    sha512: Sha512,
}

impl Algorithm {
    const ALL: [Algorithm; 3] = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        }
    }

    fn named(name: &str) -> Option<Algorithm> {
        let mut all = Algorithm::ALL.into_iter();
        all.find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    fn bytes(self) -> usize {
        match self {
            Algorithm::Sha256 => 32,
            Algorithm::Sha384 => 48,
            Algorithm::Sha512 => 64,
        }
    }
}

impl Summing {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sha384.update(bytes);
        self.sha512.update(bytes);
    }

    /// Returns the sums of all bytes that came.
    pub fn finish(self) -> Sums {
        Sums {
            sha256: self.sha256.finalize().into(),
            sha384: self.sha384.finalize().into(),
            sha512: self.sha512.finalize().into(),
        }
    }
}

impl Sums {
    /// Returns the sums of `bytes`.
    pub fn of(bytes: &[u8]) -> Sums {
        let mut summing = Summing::default();
        summing.update(bytes);
        summing.finish()
    }

    /// Returns the bytes of one.
    pub fn by(&self, algorithm: Algorithm) -> &[u8] {
        match algorithm {
            Algorithm::Sha256 => &self.sha256,
            Algorithm::Sha384 => &self.sha384,
            Algorithm::Sha512 => &self.sha512,
        }
    }
}

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Returns a digest as it's written.
pub fn base64(digest: &[u8]) -> String {
    BASE64.encode(digest)
}

/// A digest in a text, and where its base64 stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) algorithm: Algorithm,
    pub(super) value: Vec<u8>,
}

/// Returns the digests of an `integrity`: `sha384-… sha512-…?options`. What isn't one, browsers
/// pass over.
pub(super) fn in_integrity(text: &str) -> Vec<Found> {
    let words = words(text, |c| c.is_ascii_whitespace());
    words.filter_map(|word| digest(text, word)).collect()
}

/// Returns the digests of a Content Security Policy: `script-src 'sha256-…'`
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
pub(super) fn in_policy(text: &str) -> Vec<Found> {
    let words = words(text, |c| c.is_ascii_whitespace() || matches!(c, ';' | ','));
    let inner = |word: Range<usize>| {
        let quoted = &text[word.clone()];
        let is_quoted = quoted.len() > 2 && quoted.starts_with('\'') && quoted.ends_with('\'');
        is_quoted.then(|| word.start + 1..word.end - 1)
    };
    let quoted = words.filter_map(inner);
    quoted.filter_map(|word| digest(text, word)).collect()
}

fn words(text: &str, is_gap: fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let words = text.split(is_gap).filter(|word| !word.is_empty());
    words.map(|word| {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        start..start + word.len()
    })
}

fn digest(text: &str, word: Range<usize>) -> Option<Found> {
    let written = &text[word.clone()];
    let (name, rest) = written.split_once('-')?;
    let algorithm = Algorithm::named(name)?;
    let base64 = rest.split('?').next().unwrap_or(rest);
    let value = BASE64.decode(base64.replace('-', "+").replace('_', "/"));
    let value = value
        .ok()
        .filter(|value| value.len() == algorithm.bytes())?;
    let start = word.start + name.len() + 1;
    Some(Found {
        range: start..start + base64.len(),
        algorithm,
        value,
    })
}

/// An element that loads a file.
pub(super) struct Loading<'a> {
    /// Its references.
    pub(super) references: &'a [Reference],
    /// The place of the attribute with the file's URL.
    pub(super) url: Range<usize>,
    pub(super) integrity: Option<&'a Decoded<'a>>,
    pub(super) has_crossorigin: bool,
    /// The place behind its name, where attributes can be put.
    pub(super) at: usize,
    /// Says whether it gets an `integrity` if it has none.
    pub(super) is_to_be_checked: bool,
}

/// Returns the digests of the file that an element loads, and what is to be put beside them.
pub(super) fn of_element(element: &Loading<'_>) -> Vec<Digest> {
    let mut starts = element.references.iter().map(|it| it.span.start);
    let Some(start) = starts.find(|start| element.url.contains(start)) else {
        return Vec::new();
    };
    let put = |value| Digest {
        span: element.at..element.at,
        algorithm: Algorithm::Sha384,
        value,
        of: Digested::File(start),
    };
    let has_crossorigin = element.has_crossorigin;
    let Some(integrity) = element.integrity else {
        let missing = put(Value::Missing { has_crossorigin });
        return Vec::from_iter(element.is_to_be_checked.then_some(missing));
    };
    let written = in_integrity(integrity.text()).into_iter();
    let written = written.map(|found| Digest {
        span: integrity.raw(found.range.start)..integrity.raw(found.range.end),
        algorithm: found.algorithm,
        value: Value::Written(found.value),
        of: Digested::File(start),
    });
    let mut digests: Vec<Digest> = written.collect();
    if !digests.is_empty() && !has_crossorigin {
        digests.push(put(Value::Alone));
    }
    digests
}

/// Returns a script or style as browsers compute its digest, where it stands in a page as `raw`:
/// they read every line end as `\n`.
pub fn text_of(raw: &str, written: Written) -> String {
    let lines = if raw.contains('\r') {
        Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(raw)
    };
    match written {
        Written::Verbatim => lines.into_owned(),
        Written::Foreign => super::html::foreign_text(&lines),
        Written::Attribute => super::html::attribute_text(&lines),
    }
}

#[cfg(test)]
mod tests;
