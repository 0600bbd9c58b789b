//! A URL in a document: its bytes, its meaning, and how it's replaced.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::paths;

/// A URL in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The bytes to replace by another URL's path: all of it, but for a query and fragment that can
    /// stay as they stand.
    pub span: Range<usize>,
    /// The part that must follow the new path, because it's in `span`: the query and fragment,
    /// where escapes or entities hide where they begin. Usually empty. Safe in every language:
    /// percent-encoded but for a URL's own characters.
    pub tail: String,
    /// The whole URL as the browser reads it, with entities and escapes resolved.
    pub url: String,
    /// Its purpose.
    pub kind: Kind,
    /// The thing it's relative to.
    pub base: Base,
}

/// Purposes of URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Fetched to show or run the document.
    Load,
    /// `<script src>` of a classic script.
    Script,
    /// `<script type="module" src>`.
    ModuleScript,
    /// `import`, `export from`, the addresses of an import map: must begin with `./`, `../`, `/` or
    /// a scheme.
    Import,
    /// `<link rel="manifest">`.
    Manifest,
    /// Followed by people: `<a href>`.
    Link,
    /// `sourceMappingURL`.
    SourceMap,
    /// A source map's `sources`: what it was made from, which needn't be published.
    MapSource,
}

/// Things that a URL is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Base {
    /// The document it stands in (or that document's `<base>`).
    Document,
    /// The page that runs the script: `new Worker("worker.js")`.
    Page,
}

impl Reference {
    /// Takes `url` as it stands in the document at `start`, without escapes: its query and fragment
    /// stay in place.
    pub fn verbatim(start: usize, url: &str, kind: Kind) -> Reference {
        let path = url.find(['?', '#']).unwrap_or(url.len());
        Reference {
            span: start..start + path,
            tail: String::new(),
            url: url.to_string(),
            kind,
            base: Base::Document,
        }
    }

    /// Returns the paths of files in its query and fragment, which a page may be handed:
    /// `viewer.html?file=img/a.png`.
    pub fn handed_paths(&self) -> impl Iterator<Item = String> {
        let rest = self.url.find(['?', '#']).map(|at| &self.url[at + 1..]);
        let parts = rest
            .into_iter()
            .flat_map(|rest| rest.split(['&', '?', '#', ';']));
        let values = parts.filter_map(|part| Some(part.split_once('=')?.1));
        values.filter_map(|value| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            paths::is_file_path(&value).then(|| value.into_owned())
        })
    }

    /// Takes `url` that is written otherwise in `span`: with escapes.
    pub fn escaped(span: Range<usize>, url: &str, kind: Kind) -> Reference {
        let path = url.find(['?', '#']).unwrap_or(url.len());
        Reference {
            span,
            tail: safe(&url[path..]),
            url: url.to_string(),
            kind,
            base: Base::Document,
        }
    }
}

/// Percent-encodes whatever could mean something in a language that holds URLs.
fn safe(tail: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/?#=+:;@!*%,$&".contains(&b);
    let encode = |b: u8| {
        if is_plain(b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    tail.bytes().map(encode).collect()
}
