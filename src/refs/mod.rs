//! What a document refers to: finds URLs in pages, styles, scripts, images and data with a parser of each
//! language, and says where their bytes are, so that they can be replaced and every other byte stays. Pure.

pub mod css;
mod decoded;
pub mod edit;
pub mod html;
pub mod js;
pub mod json;
pub mod order;
mod paths;
mod placeholder;
pub mod resolve;
#[cfg(test)]
mod round_trip;
pub mod words;
pub mod xml;

use std::ops::Range;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

pub use self::placeholder::StandsFor;

/// What was found in one document. Offsets are bytes of the document.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// URLs, in the order they stand in the document. Their spans don't overlap.
    pub references: Vec<Reference>,
    /// `"$$ASSETS(img/*.png)$$"` and `"$$FOLDER$$"`: string literals to be replaced by an object, or a URL.
    pub placeholders: Vec<Placeholder>,
    /// Comments of HTML, XML and SVG, with their marks: people leave notes there.
    pub comments: Vec<Range<usize>>,
    /// Texts that look like the path of a file or folder, in places where nothing is rewritten. Sorted by place.
    pub mentions: Vec<Mention>,
    /// Strings that a script puts together from parts which are written in it; [`UNKNOWN`] stands for one that isn't.
    pub constants: Vec<Joined>,
    /// Comments that name or hold a source map.
    pub source_maps: Vec<SourceMap>,
    /// What looks like the making of a path, which nobody can resolve before the script runs.
    pub built: Vec<Built>,
    /// Where a parser gave up: nothing behind it was looked at.
    pub faults: Vec<Fault>,
    /// The first `<base href>` of a page.
    pub base: Option<String>,
    /// A script with `import`, `export` or `import.meta`.
    pub is_module: bool,
}

/// A URL in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The bytes to replace by another URL's path: all of it, but for a query and fragment that can stay as they stand.
    pub span: Range<usize>,
    /// What must follow the new path, because it's in `span`: the query and fragment, where escapes or entities hide
    /// where they begin. Usually empty. Safe in every language: percent-encoded but for a URL's own characters.
    pub tail: String,
    /// The whole URL as the browser reads it, with entities and escapes resolved.
    pub url: String,
    /// What the browser does with it.
    pub kind: Kind,
    /// What it's relative to.
    pub base: Base,
}

/// What is done with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Fetched to show or run the document.
    Load,
    /// `<script src>` of a classic script.
    Script,
    /// `<script type="module" src>`.
    ModuleScript,
    /// `import`, `export from`, the addresses of an import map: must begin with `./`, `../`, `/` or a scheme.
    Import,
    /// Followed by people: `<a href>`.
    Link,
    /// `sourceMappingURL`.
    SourceMap,
    /// A source map's `sources`: what it was made from, which needn't be published.
    MapSource,
}

/// What a URL is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Base {
    /// The document it stands in (or that document's `<base>`).
    Document,
    /// The page that runs the script: `new Worker("worker.js")`.
    Page,
}

/// A string literal that stands for URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder {
    /// The literal, with its quotes.
    pub span: Range<usize>,
    /// Its meaning.
    pub stands_for: StandsFor,
}

/// `//# sourceMappingURL=app.js.map`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMap {
    /// The whole comment.
    pub comment: Range<usize>,
    /// Whether the map itself is in there, as a `data:` URL.
    pub is_inline: bool,
}

/// A text that looks like the path of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Its offset, or that of what it's a part of.
    pub at: usize,
    /// The path, as it's written.
    pub text: String,
    /// Its kind of place.
    pub place: Place,
    /// The document, if it's known to be relative to that.
    pub base: Base,
}

/// A place where nothing is rewritten.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// A string of a script.
    Script,
    /// The beginning of a string that a script puts together: the path of a folder, with a slash at its end.
    Beginning,
    /// An attribute of a page that means nothing to a browser: `img@data-src`.
    Attribute(String),
    /// A string of JSON, by its pointer, with `*` for any index: `/pictures/*/src`.
    Pointer(String),
    /// A word of any other text.
    Text,
    /// A word of a script that couldn't be read.
    Unread,
    /// The name of a file in a folder that a script finds out when it runs, with `*` for what isn't known of it.
    Name,
}

/// A string that a script puts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Where it begins.
    pub at: usize,
    /// The string.
    pub text: String,
}

/// An expression that looks like the making of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Where it begins.
    pub at: usize,
    /// The expression, at most 60 characters of it.
    pub text: String,
}

/// What stands for a part of a string that is known only when the script runs.
pub const UNKNOWN: &str = "\0";

/// The fault of a marker that isn't a string of its own, which would be published as it is.
pub const MISPLACED: &str =
    "a placeholder must be a string of its own: \"$$ASSETS(img/*.png)$$\", \"$$FOLDER$$\"";

/// Something that couldn't be parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where.
    pub at: usize,
    /// Why.
    pub message: String,
}

impl Fault {
    /// Whether nothing behind it was read, not even comments: XML isn't read any further, other languages go on.
    pub fn ends_reading(&self) -> bool {
        self.message.starts_with(xml::ILL_FORMED)
    }
}

impl Reference {
    /// `url` as it stands in the document at `start`, without escapes: its query and fragment stay in place.
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

    /// Returns the paths of files in its query and fragment, which a page may be handed: `viewer.html?file=img/a.png`.
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

    /// `url` that is written otherwise in `span`: with escapes.
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
    let encode = |b: u8| match is_plain(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    tail.bytes().map(encode).collect()
}

impl Found {
    /// Takes over what was found in a part of the document; `map` tells where an offset of the part is in the whole.
    pub fn absorb(&mut self, part: Found, map: impl Fn(usize) -> usize) {
        let range = |range: &Range<usize>| map(range.start)..map(range.end);
        self.references
            .extend(part.references.into_iter().map(|r| Reference {
                span: range(&r.span),
                ..r
            }));
        self.placeholders
            .extend(part.placeholders.into_iter().map(|p| Placeholder {
                span: range(&p.span),
                ..p
            }));
        self.comments.extend(part.comments.iter().map(range));
        self.mentions.extend(
            part.mentions
                .into_iter()
                .map(|m| Mention { at: map(m.at), ..m }),
        );
        self.constants.extend(
            part.constants
                .into_iter()
                .map(|m| Joined { at: map(m.at), ..m }),
        );
        self.source_maps
            .extend(part.source_maps.iter().map(|s| SourceMap {
                comment: range(&s.comment),
                ..*s
            }));
        self.built
            .extend(part.built.into_iter().map(|b| Built { at: map(b.at), ..b }));
        self.faults.extend(
            part.faults
                .into_iter()
                .map(|f| Fault { at: map(f.at), ..f }),
        );
    }
}

/// What counts as a reference besides what the languages say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Extra {
    /// JSON pointers (RFC 6901) of strings that are URLs; `*` stands for any one key or index: `/pictures/*/src`.
    pub pointers: Vec<String>,
    /// Attributes that hold a URL: `data-src`, or only on one element, `img@data-src`. Lower case.
    pub attributes: Vec<String>,
}

/// Which parser a document needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Pages.
    Html,
    /// Styles.
    Css,
    /// Scripts.
    Script(js::Goal),
    /// SVG, XHTML, feeds and other XML.
    Xml(xml::Dialect),
    /// What an installed web app says of itself.
    WebManifest,
    /// What a script or style was made from.
    SourceMap,
    /// Data.
    Json,
}

impl Language {
    /// The language of a file by its `Content-Type` and its extension (lower case); none if nothing in it can be a
    /// reference.
    pub fn of(content_type: &str, extension: Option<&str>, extra: &Extra) -> Option<Language> {
        let essence = content_type
            .split(';')
            .next()
            .unwrap_or(content_type)
            .trim();
        Some(match essence.to_ascii_lowercase().as_str() {
            "text/html" => Language::Html,
            "text/css" => Language::Css,
            "text/javascript" | "application/javascript" => match extension {
                Some("mjs") => Language::Script(js::Goal::Module),
                _ => Language::Script(js::Goal::Guess),
            },
            "image/svg+xml" => Language::Xml(xml::Dialect::Svg),
            "application/xhtml+xml" => Language::Xml(xml::Dialect::Xhtml),
            "application/manifest+json" => Language::WebManifest,
            _ if extension == Some("map") => Language::SourceMap,
            "application/xml" | "text/xml" => Language::Xml(xml::Dialect::Other),
            other if other.ends_with("+xml") => Language::Xml(xml::Dialect::Other),
            "application/json" => Language::Json,
            other if other.ends_with("+json") && !extra.pointers.is_empty() => Language::Json,
            _ => return None,
        })
    }

    /// What `text` refers to.
    pub fn find(self, text: &str, extra: &Extra) -> Found {
        match self {
            Language::Html => html::find(text, extra),
            Language::Css => css::find(text, css::Part::Stylesheet),
            Language::Script(goal) => js::find(text, goal),
            Language::Xml(dialect) => xml::find(text, extra, dialect),
            Language::WebManifest => json::web_manifest(text, extra),
            Language::SourceMap => json::source_map(text),
            Language::Json => json::find(text, &extra.pointers),
        }
    }
}
