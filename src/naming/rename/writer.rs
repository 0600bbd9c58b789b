//! Writes references: the URL from one name to another, and what takes the place of a placeholder.

use super::{Keys, Naming, Written};
use crate::base::name::{Token, split_member};
use crate::base::path::ObjectKey;
use crate::base::problem::{Problem, ProblemKind};
use crate::naming::cover;
use crate::naming::link::{Link, Links, Set, SetOf};
use crate::refs::resolve::{BaseUrl, relative};
use crate::refs::{Base, Kind};
use crate::rules::UrlStyle;
use crate::tree::Asset;
use crate::whole_site::ERROR_PAGE;

/// A file whose references are being written.
pub(super) struct Writer<'a> {
    naming: &'a Naming<'a>,
    asset: &'a Asset,
    file: usize,
    written: Written<'a>,
    keys: Keys<'a>,
}

impl Written<'_> {
    pub(super) fn at<'a>(
        naming: &'a Naming<'a>,
        file: usize,
        written: Written<'a>,
        keys: Keys<'a>,
    ) -> Writer<'a> {
        Writer {
            naming,
            asset: &naming.tree.assets[file],
            file,
            written,
            keys,
        }
    }
}

/// Placeholder for the name of a unit that has none yet, in the files of another such unit.
const ELSEWHERE: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbb";

impl Writer<'_> {
    /// The URL to write; none if what stands there is right already.
    pub(super) fn link(&self, link: &Link) -> Result<Option<String>, Problem> {
        let to = link.to as usize;
        if self.stays(link) {
            return Ok(None);
        }
        let place = (link.line, link.column);
        let url = match self.top_of_error_page(link) {
            Some(top) => Ok(format!("{top}{}", self.keys.of_file(to).url_path())),
            None => self.url(to, link.base, link.kind, place),
        };
        let is_right_at_the_top = link.from_top && self.has_stayed(to);
        match url {
            Err(_) if is_right_at_the_top && self.asset.policy.urls == UrlStyle::Relative => {
                Ok(None)
            }
            url => Ok(Some(self.with_path(to, url?))),
        }
    }

    fn has_stayed(&self, to: usize) -> bool {
        self.keys.of_file(to).as_str() == self.naming.tree.assets[to].path.as_str()
    }

    /// Within a component, whose names aren't known yet, the path says which file is meant.
    fn with_path(&self, to: usize, url: String) -> String {
        if self.is_inside(to) {
            format!("{url}\0{}", self.naming.tree.assets[to].path)
        } else {
            url
        }
    }

    fn is_inside(&self, to: usize) -> bool {
        matches!(self.written, Written::ByPath(component) if component.binary_search(&to).is_ok())
    }

    /// Returns where the relative URLs of `file` start from, to one of `to`. Of two units that have
    /// no name yet, both have the same dummy for one, but aren't in one folder.
    fn base(&self, file: usize, to: usize) -> BaseUrl {
        let tree = &self.naming.tree;
        let href = self.naming.drafts[file].found.base.as_deref();
        let own = folder(self.keys.of_file(file));
        let rest = split_member(own).filter(|_| tree.assets[file].unit.is_some());
        let is_apart = self.written != Written::ByKey && !tree.are_together(file, to);
        match rest.filter(|(token, _)| is_apart && *token == Token::ZERO) {
            Some((_, rest)) => BaseUrl::new(&format!("{ELSEWHERE}/{rest}"), href, &tree.prefixes),
            None => BaseUrl::new(own, href, &tree.prefixes),
        }
    }

    /// Between files that keep their places, every relative URL is right as it is.
    fn stays(&self, link: &Link) -> bool {
        if link.is_odd {
            return false;
        }
        if self
            .naming
            .is_within(self.file, link.to as usize, link.base)
        {
            return link.prefix.is_none();
        }
        self.asset.policy.urls == UrlStyle::Relative
            && self.has_stayed(link.to as usize)
            && if link.from_top {
                self.is_anywhere(link)
            } else {
                link.prefix.is_some() || self.is_from_there(link)
            }
    }

    /// Checks whether the start of a link is unknown: an error page is served at any address that
    /// doesn't exist, and the page of a script that no page here runs is unknown.
    fn is_anywhere(&self, link: &Link) -> bool {
        self.is_error_page() || (link.base == Base::Page && self.pages().is_empty())
    }

    /// Says whether hosts show this page at any address.
    fn is_error_page(&self) -> bool {
        let mut shown = self.naming.tree.error_pages.iter();
        self.asset.path.file_name() == ERROR_PAGE
            || shown.any(|path| path == self.asset.path.as_str())
    }

    /// Returns the prefix of a link from the top in an error page, where a relative URL would be
    /// right at one address only.
    fn top_of_error_page(&self, link: &Link) -> Option<&str> {
        let is_meant = link.from_top
            && link.base == Base::Document
            && self.asset.policy.urls == UrlStyle::Relative
            && self.is_error_page();
        let prefix = link.prefix.filter(|_| is_meant)?;
        Some(&self.naming.tree.prefixes[usize::from(prefix)])
    }

    /// Says whether a link starts from the same folder as in the tree.
    fn is_from_there(&self, link: &Link) -> bool {
        let starts_there = |file: usize| {
            folder(self.keys.of_file(file)) == self.naming.tree.assets[file].path.folder()
        };
        match link.base {
            Base::Document => starts_there(self.file),
            Base::Page => self.pages().iter().all(|page| starts_there(*page as usize)),
        }
    }

    fn pages(&self) -> &[u32] {
        &self.naming.files[self.file].pages
    }

    fn url(&self, to: usize, base: Base, kind: Kind, place: (u32, u32)) -> Result<String, Problem> {
        self.url_of(self.keys.of_file(to), to, base, kind, place)
    }

    /// Returns the URL of this key, which is that of `to`, or in its folder.
    fn url_of(
        &self,
        key: &ObjectKey,
        to: usize,
        base: Base,
        kind: Kind,
        place: (u32, u32),
    ) -> Result<String, Problem> {
        if self.asset.policy.urls == UrlStyle::Absolute {
            return self.absolute_url(key, place);
        }
        let from_base = |file: usize| {
            let leads_away = |_| {
                self.unwritable(place, "the page's `<base>` leads outside the published files, so no relative URL works here: remove the `<base>`, or set `names = \"plain\"` or `urls = \"absolute\"` for the page in a rule")
            };
            relative(&self.base(file, to), key, kind).map_err(leads_away)
        };
        let pages = self.pages();
        if base == Base::Document || pages.is_empty() {
            return from_base(self.file);
        }
        let urls = pages.iter().map(|page| from_base(*page as usize));
        let mut urls = urls.collect::<Result<Vec<_>, _>>()?;
        urls.dedup();
        match urls.len() {
            1 => Ok(urls.remove(0)),
            _ => Err(self.unwritable(place, "this is relative to the page, and pages in several folders run this script: make it a module and write `new URL(\"…\", import.meta.url)`, or set `urls = \"absolute\"` for it")),
        }
    }

    fn absolute_url(&self, key: &ObjectKey, place: (u32, u32)) -> Result<String, Problem> {
        match &self.naming.tree.public_url {
            Some(public_url) => Ok(format!("{public_url}{}", key.url_path())),
            None => Err(self.unwritable(
                place,
                "`urls = \"absolute\"` needs the target's `public_url`: set it, such as `public_url = \"https://cdn.example.org/static/\"`",
            )),
        }
    }

    fn unwritable(&self, place: (u32, u32), message: &str) -> Problem {
        Problem::at(&self.asset.path, place, message).kind(ProblemKind::Rewriting)
    }

    /// An object from path to URL, or the URL of the folder, as a literal of JavaScript and JSON.
    pub(super) fn set(&self, set: &Set) -> Result<String, Problem> {
        let place = (set.line, set.column);
        let SetOf::Files(files) = &set.of else {
            return Ok(self.url_literal(&self.folder_url(place)?));
        };
        let base = self.naming.base_of_sets(self.file);
        let folder = self.asset.path.folder();
        let entry = |to: &u32| {
            let to = *to as usize;
            let path = self.naming.tree.assets[to].path.as_str();
            let url = self.url(to, base, Kind::Load, place)?;
            let url = self.url_literal(&self.with_path(to, url));
            Ok(format!("{}: {url}", literal(&path[folder.len()..])))
        };
        let entries: Vec<String> = files.iter().map(entry).collect::<Result<_, Problem>>()?;
        Ok(format!("{{{}}}", entries.join(", ")))
    }

    /// Returns a URL as an expression: a module works out where it is.
    fn url_literal(&self, url: &str) -> String {
        match self.naming.base_of_sets(self.file) {
            Base::Document => format!("new URL({}, import.meta.url).href", literal(url)),
            Base::Page => literal(url),
        }
    }

    /// Returns the URL of the keyed folder that the file is in, with a slash at its end.
    fn folder_url(&self, place: (u32, u32)) -> Result<String, Problem> {
        let base = self.naming.base_of_sets(self.file);
        if base == Base::Page && self.is_run_elsewhere() {
            let message = "`$$FOLDER$$` becomes an address that is relative to the page, but no page of the tree runs this script: make it a module, or set `urls = \"absolute\"` for it in a rule to write the address with the target's `public_url`";
            let path = globset::escape(self.asset.path.as_str());
            let absolute = cover::addition(cover::rule(&path, "urls = \"absolute\""));
            let problem = Problem::at(&self.asset.path, place, message);
            return Err(problem.kind(ProblemKind::Mention).added(absolute));
        }
        let key = self.keys.of_file(self.file).as_str();
        let under = match self.asset.unit {
            Some(_) => 0,
            None => self.asset.policy.under.len(),
        };
        let top = key[under..].find('/').map_or(0, |slash| under + slash + 1);
        // Nothing of that name is published.
        let inside = ObjectKey::parse(&format!("{}x", &key[..top])).expect("a folder of a key");
        let url = self.url_of(&inside, self.file, base, Kind::Load, place)?;
        let folder = &url[..url.len() - 1];
        let url = if folder.is_empty() { "./" } else { folder };
        Ok(self.with_path(self.file, url.to_string()))
    }

    /// Says whether it's a script that only pages run which aren't in the tree.
    fn is_run_elsewhere(&self) -> bool {
        let to = self.file as u32;
        let is_worker = |links: &Links| links.links.iter().any(|link| link.to == to);
        let content_type = &self.asset.policy.headers.content_type;
        self.asset.policy.urls == UrlStyle::Relative
            && self.pages().is_empty()
            && crate::base::media::essence(content_type) == "text/javascript"
            && !self.naming.files.iter().any(is_worker)
    }
}

fn folder(key: &ObjectKey) -> &str {
    let key = key.as_str();
    &key[..key.rfind('/').map_or(0, |slash| slash + 1)]
}

/// Returns literals of JavaScript and JSON with escapes for all that isn't ASCII.
pub(super) fn in_ascii(literals: &str) -> String {
    let mut ascii = String::with_capacity(literals.len());
    for c in literals.chars() {
        if c.is_ascii() {
            ascii.push(c)
        } else {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            ascii.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// A string of JavaScript and JSON that is safe in a `<script>` of a page or an SVG image too.
fn literal(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a string is JSON");
    quoted
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
