//! Resolves a URL in a document to a file of the tree, and writes the URL of a file. Pure.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use url::Url;

use super::Kind;
use crate::base::path::{ObjectKey, url_path};

/// URL below which the tree is mounted, to resolve URLs as browsers do. It has a folder, so that
/// URLs that climb out of the tree are detected. No such host exists (RFC 6761), and no site has
/// such a folder.
const ROOT: &str = "http://tree.invalid/tree-q7v2n0c5x8/";

/// URLs that are remembered: those of some folders.
const RESOLVED_MAX: usize = 4096;

/// Meaning of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A path of the tree, if there is such a file; of a folder, if it's empty or ends in `/`.
    Path(String),
    /// Another site, another scheme, a path of the site that isn't the tree's, the document itself.
    Elsewhere,
    /// Nothing that could be a file of the tree, and why.
    Nothing(&'static str),
}

/// A document's base URL, as far as it's in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Option<Url>);

impl BaseUrl {
    /// The base of a document in `folder` (empty, or ending in `/`), whose `<base href>` is `href`.
    pub fn new(folder: &str, href: Option<&str>, prefixes: &[String]) -> BaseUrl {
        let own =
            Url::parse(&format!("{ROOT}{}", url_path(folder))).expect("an encoded path is a URL");
        let Some(href) = href else {
            return BaseUrl(Some(own));
        };
        let href = href.trim_matches(is_blank);
        if let Some(rest) = after_prefix(href, prefixes) {
            let root = Url::parse(ROOT).expect("a constant");
            return BaseUrl(root.join(&format!("./{rest}")).ok());
        }
        if href.starts_with('/') {
            return BaseUrl(None);
        }
        BaseUrl(
            own.join(href)
                .ok()
                .filter(|url| url.as_str().starts_with(ROOT)),
        )
    }

    /// The folder that relative URLs start from: empty, or ending in `/`, encoded. None if it's not
    /// in the tree.
    fn folder(&self) -> Option<&str> {
        let path = &self.0.as_ref()?.as_str()[ROOT.len()..];
        let path = path.split(['?', '#']).next().unwrap_or(path);
        Some(&path[..path.rfind('/').map_or(0, |slash| slash + 1)])
    }
}

/// Returns the meaning of `url`, found in a document of this base.
pub fn resolve(base: &BaseUrl, url: &str, kind: Kind, prefixes: &[String]) -> Meaning {
    let Some(joined) = joined(base, url.trim_matches(is_blank), kind, prefixes) else {
        return Meaning::Elsewhere;
    };
    let Some(path) = joined.as_str().strip_prefix(ROOT) else {
        return if joined.host_str() == root().host_str() {
            Meaning::Nothing("it leads outside the tree")
        } else {
            Meaning::Elsewhere
        };
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    match percent_decode_str(path).decode_utf8() {
        Ok(path) => Meaning::Path(path.into_owned()),
        Err(_) => Meaning::Nothing("it isn't valid UTF-8"),
    }
}

/// Returns the whole URL, if it may be one of the tree.
fn joined(base: &BaseUrl, url: &str, kind: Kind, prefixes: &[String]) -> Option<Url> {
    if url.is_empty() || url.starts_with(['#', '?']) {
        return None;
    }
    let joined = match (after_prefix(url, prefixes), &base.0) {
        (Some(rest), _) => root().join(&format!("./{rest}")),
        (None, _) if is_bare(url, kind) || url.starts_with(['/', '\\']) => return None,
        (None, None) => return None,
        (None, Some(base)) => base.join(url),
    };
    // What can't be parsed isn't fetched.
    joined.ok()
}

fn root() -> Url {
    Url::parse(ROOT).expect("a constant")
}

/// Cache of resolved URLs and their meanings: pages of one folder share most of their URLs.
#[derive(Debug, Default)]
pub struct Resolved {
    meanings: HashMap<String, Meaning>,
    /// Written anew for every look.
    key: String,
}

impl Resolved {
    /// As [`resolve`], always with the same prefixes.
    pub fn resolve(
        &mut self,
        base: &BaseUrl,
        url: &str,
        kind: Kind,
        prefixes: &[String],
    ) -> Meaning {
        let base_url = base.0.as_ref().map_or("", Url::as_str);
        // Of all kinds, only imports mean something else by the same URL. No URL has a space.
        let kind_tells = if kind == Kind::Import { " i " } else { " " };
        self.key.clear();
        self.key.extend([base_url, kind_tells, url]);
        if let Some(meaning) = self.meanings.get(&self.key) {
            return meaning.clone();
        }
        let meaning = resolve(base, url, kind, prefixes);
        if self.meanings.len() == RESOLVED_MAX {
            self.meanings.clear();
        }
        self.meanings.insert(self.key.clone(), meaning.clone());
        meaning
    }
}

/// `import "three"`: a name that only an import map can resolve.
fn is_bare(url: &str, kind: Kind) -> bool {
    let is_path = ["./", "../", "/"]
        .iter()
        .any(|start| url.starts_with(start));
    kind == Kind::Import && !is_path && Url::parse(url).is_err()
}

fn after_prefix<'a>(url: &'a str, prefixes: &[String]) -> Option<&'a str> {
    let prefix = longest_prefix(url, prefixes)?;
    Some(&url[prefixes[prefix].len()..])
}

/// Returns the longest prefix that a URL begins with: its place among all.
pub fn longest_prefix(url: &str, prefixes: &[String]) -> Option<usize> {
    // `//example.org/` names a host, so the prefix `/` isn't one of it.
    let names_host = |prefix: &str, rest: &str| prefix == "/" && rest.starts_with(['/', '\\']);
    let is_one = |prefix: &String| {
        let rest = url.strip_prefix(prefix.as_str());
        rest.is_some_and(|rest| !names_host(prefix, rest))
    };
    let found = (0..prefixes.len()).filter(|place| is_one(&prefixes[*place]));
    found.max_by_key(|place| prefixes[*place].len())
}

/// Checks whether browsers drop a character from the ends of a URL
/// (<https://url.spec.whatwg.org/#c0-control-or-space>).
fn is_blank(c: char) -> bool {
    c <= ' '
}

/// The URL of `to` in a document of the target whose base is `from`, without the `./` that only
/// scripts need.
///
/// # Errors
/// The document's `<base>` isn't where its object will be.
pub fn relative(from: &BaseUrl, to: &ObjectKey, kind: Kind) -> Result<String, BaseElsewhere> {
    let from = from.folder().ok_or(BaseElsewhere)?;
    let to = to.url_path();
    let common: usize = from
        .split_inclusive('/')
        .zip(to.split_inclusive('/'))
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len())
        .sum();
    let up = "../".repeat(from[common..].matches('/').count());
    let here = if kind == Kind::Import && up.is_empty() {
        "./"
    } else {
        ""
    };
    Ok(format!("{here}{up}{}", &to[common..]))
}

/// A `<base href>` that can't be told from where the page's object will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseElsewhere;

#[cfg(test)]
mod tests;
