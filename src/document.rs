//! Documents that refer to other files: pages, styles, scripts, drawings, playlists. A push uses
//! the same parsers. A document is written with other URLs, and all other bytes stay the same.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::base::path::url_path;
use crate::base::text::Lines;
use crate::refs::edit::Edits;
use crate::refs::{Extra, Found, Kind, Language, Reference};

/// A document, and where the URLs stand in it.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    found: Found,
}

/// A document that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unread {
    /// Files of this type refer to no others, or in ways that are unknown.
    #[error("`{0}` isn't a supported type of document")]
    Type(String),
    /// It has a mistake.
    #[error("{line}:{column}: {message}")]
    Syntax {
        /// Counted from 1.
        line: u32,
        /// Counted from 1, in characters.
        column: u32,
        /// The mistake.
        message: String,
    },
}

impl<'a> Document<'a> {
    /// Reads a document of this media type, such as `text/html`.
    ///
    /// # Errors
    /// It isn't a document, or has a mistake.
    pub fn parse(text: &'a str, content_type: &str) -> Result<Document<'a>, Unread> {
        let extra = Extra::default();
        let language = Language::of(content_type, None, &extra);
        let language = language.ok_or_else(|| Unread::Type(content_type.to_string()))?;
        let found = language.find(text, &extra);
        if let Some(fault) = found.faults.first() {
            let (line, column) = Lines::new(text).place(fault.at);
            let message = fault.message.clone();
            return Err(Unread::Syntax {
                line,
                column,
                message,
            });
        }
        Ok(Document { text, found })
    }

    /// Returns the URLs in the order in which they stand there, as browsers read them, without
    /// their queries and fragments.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.found.references.iter().map(without_tail)
    }

    /// Returns the document with other URLs: what `new` returns for one, as [`Document::urls`] has
    /// it, takes its place. Its query and fragment stay; modules get the `./` that they need. What
    /// can't stand in a URL in every language is percent-encoded.
    pub fn rewrite(&self, new: impl Fn(&str) -> Option<String>) -> String {
        let edits = self.found.references.iter().filter_map(|one| {
            let url = encoded(&new(without_tail(one))?);
            let is_whole = ["/", "./", "../"]
                .iter()
                .any(|begin| url.starts_with(begin));
            let is_bare = !is_whole && Url::parse(&url).is_err();
            let here = if one.kind == Kind::Import && is_bare {
                "./"
            } else {
                ""
            };
            Some((
                one.span.clone(),
                format!("{here}{url}{}", one.tail).into_bytes(),
            ))
        });
        let written = Edits::new(edits.collect()).apply(self.text.as_bytes());
        String::from_utf8(written).expect("references begin and end between characters")
    }
}

fn without_tail(reference: &Reference) -> &str {
    let url = reference.url.as_str();
    &url[..url.find(['?', '#']).unwrap_or(url.len())]
}

/// Returns a URL with only such characters as need no escape in any language; those of another host
/// stay.
fn encoded(url: &str) -> String {
    match Url::parse(url) {
        Ok(whole) => {
            let path = whole.path().len();
            let (host, _) = whole.as_str().split_at(whole.as_str().len() - path);
            host.to_string() + &url_path(&percent_decode_str(whole.path()).decode_utf8_lossy())
        }
        Err(_) => url_path(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rewriting a page replaces the chosen URLs and leaves every other byte as it is.
    #[test]
    fn rewrite_changes_only_chosen_urls() {
        let page = "<IMG src='a.png?v=1' alt=\"a.png\"><style>p { background: url(b.png) }</style>";
        let document = Document::parse(page, "text/html").expect("a page");
        assert_eq!(document.urls().collect::<Vec<_>>(), ["a.png", "b.png"]);
        let written = document.rewrite(|url| (url == "a.png").then(|| "ü .png".to_string()));
        assert_eq!(
            written,
            page.replacen("a.png", "%C3%BC%20.png", 1),
            "its query stays, and so does all else"
        );
    }

    /// Rewriting keeps `./` on module imports and encodes only the path of a full URL.
    #[test]
    fn rewrite_keeps_module_prefix_and_hosts() {
        let script = "import './a.js'; import '/b.js'; import('../c.js#x')";
        let document = Document::parse(script, "text/javascript").expect("a script");
        let written = document.rewrite(|url| Some(url.rsplit('/').next()?.replace('.', "-1.")));
        assert_eq!(
            written,
            "import './a-1.js'; import './b-1.js'; import('./c-1.js#x')"
        );
        let cdn = |url: &str| Some(format!("https://cdn.example.org:8080/x y/{url}"));
        let page = Document::parse("<img src=a.png?v>", "text/html").expect("a page");
        assert_eq!(
            page.rewrite(cdn),
            "<img src=https://cdn.example.org:8080/x%20y/a.png?v>"
        );
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let script = Document::parse("let a = 1;\nlet = = 2;", "text/javascript");
        assert!(
            matches!(script, Err(Unread::Syntax { line: 2, .. })),
            "{script:?}"
        );
        let picture = Document::parse("", "image/png");
        assert_eq!(picture.err(), Some(Unread::Type("image/png".to_string())));
    }
}
