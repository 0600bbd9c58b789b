//! From a URL in a document to the file of the tree it means, and from a file back to the URL to write. Pure.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use url::Url;

use super::Kind;
use crate::path::{ObjectKey, url_path};

/// Where the tree is mounted to resolve URLs as browsers do: below a folder, so that climbing out of the tree
/// shows. No such host exists (RFC 6761), and no site has such a folder.
const ROOT: &str = "http://tree.invalid/tree-q7v2n0c5x8/";

/// URLs that are remembered: those of some folders.
const RESOLVED_MAX: usize = 4096;

/// What a URL means.
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

    /// The folder that relative URLs start from: empty, or ending in `/`, encoded. None if it's not in the tree.
    fn folder(&self) -> Option<&str> {
        let path = &self.0.as_ref()?.as_str()[ROOT.len()..];
        let path = path.split(['?', '#']).next().unwrap_or(path);
        Some(&path[..path.rfind('/').map_or(0, |slash| slash + 1)])
    }
}

/// What `url`, found in a document of this base, means.
pub fn resolve(base: &BaseUrl, url: &str, kind: Kind, prefixes: &[String]) -> Meaning {
    let url = url.trim_matches(is_blank);
    if url.is_empty() || url.starts_with(['#', '?']) {
        return Meaning::Elsewhere;
    }
    let root = || Url::parse(ROOT).expect("a constant");
    let joined = match (after_prefix(url, prefixes), &base.0) {
        (Some(rest), _) => root().join(&format!("./{rest}")),
        (None, _) if is_bare(url, kind) || url.starts_with(['/', '\\']) => {
            return Meaning::Elsewhere;
        }
        (None, None) => return Meaning::Elsewhere,
        (None, Some(base)) => base.join(url),
    };
    // What can't be parsed isn't fetched.
    let Ok(joined) = joined else {
        return Meaning::Elsewhere;
    };
    let Some(path) = joined.as_str().strip_prefix(ROOT) else {
        return match joined.host_str() == root().host_str() {
            true => Meaning::Nothing("it leads out of the tree"),
            false => Meaning::Elsewhere,
        };
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    match percent_decode_str(path).decode_utf8() {
        Ok(path) => Meaning::Path(path.into_owned()),
        Err(_) => Meaning::Nothing("it isn't UTF-8"),
    }
}

/// What URLs meant that were resolved before: pages of one folder have most of theirs in common.
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
    // `//example.org/` names a host, so the prefix `/` isn't one of it.
    let names_host = |prefix: &str, rest: &str| prefix == "/" && rest.starts_with(['/', '\\']);
    prefixes
        .iter()
        .filter_map(|prefix| {
            let rest = url.strip_prefix(prefix.as_str())?;
            (!names_host(prefix, rest)).then_some(rest)
        })
        .min_by_key(|rest| rest.len())
}

/// What browsers drop from the ends of a URL (<https://url.spec.whatwg.org/#c0-control-or-space>).
fn is_blank(c: char) -> bool {
    c <= ' '
}

/// The URL of `to` in a document of the target whose base is `from`, without the `./` that only scripts need.
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
    let here = match kind == Kind::Import && up.is_empty() {
        true => "./",
        false => "",
    };
    Ok(format!("{here}{up}{}", &to[common..]))
}

/// A `<base href>` that can't be told from where the page's object will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseElsewhere;

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(folder: &str, url: &str) -> Meaning {
        let prefixes = [
            "/static/".to_string(),
            "https://cdn.example.org/".to_string(),
        ];
        resolve(
            &BaseUrl::new(folder, None, &prefixes),
            url,
            Kind::Load,
            &prefixes,
        )
    }

    #[test]
    fn urls_mean_what_they_mean_to_browsers() {
        let path = |text: &str| Meaning::Path(text.to_string());
        for (folder, url, expected) in [
            ("a/b/", "img/x.png", path("a/b/img/x.png")),
            ("a/b/", "./x.png?v=1#f", path("a/b/x.png")),
            ("a/b/", "../x.png", path("a/x.png")),
            ("a/b/", "../../x.png", path("x.png")),
            (
                "a/b/",
                "../../../x.png",
                Meaning::Nothing("it leads out of the tree"),
            ),
            ("a/b/", " \n x.png\t", path("a/b/x.png")),
            ("a/b/", "x\n.png", path("a/b/x.png")),
            ("a/b/", "x\\y.png", path("a/b/x/y.png")),
            ("a/b/", "a%20b%3F%23é.png", path("a/b/a b?#é.png")),
            ("a b?/", "x.png", path("a b?/x.png")),
            ("a/", "%ff.png", Meaning::Nothing("it isn't UTF-8")),
            ("a/", "%2e%2e/x.png", path("x.png")),
            ("a/", "b/", path("a/b/")),
            ("a/", ".", path("a/")),
            ("a/", "#top", Meaning::Elsewhere),
            ("a/", "?page=2", Meaning::Elsewhere),
            ("a/", "", Meaning::Elsewhere),
            ("a/", "/x.png", Meaning::Elsewhere),
            ("a/", "//example.org/x.png", Meaning::Elsewhere),
            ("a/", "https://example.org/x.png", Meaning::Elsewhere),
            ("a/", "data:text/css,a{}", Meaning::Elsewhere),
            ("a/", "mailto:a@example.org", Meaning::Elsewhere),
            ("a/", "javascript:void(0)", Meaning::Elsewhere),
            ("a/", "/static/b/x.png?v", path("b/x.png")),
            (
                "a/",
                "/static/../x.png",
                Meaning::Nothing("it leads out of the tree"),
            ),
            ("a/", "https://cdn.example.org/b/x.png", path("b/x.png")),
            ("a/", "http:x.png", path("a/x.png")),
            ("a/", "http://[", Meaning::Elsewhere),
        ] {
            assert_eq!(meaning(folder, url), expected, "{url:?} in {folder:?}");
        }
    }

    #[test]
    fn the_prefix_of_a_whole_site_leaves_other_hosts_alone() {
        let site = ["/".to_string()];
        let mean = |url| resolve(&BaseUrl::new("a/", None, &site), url, Kind::Load, &site);
        assert_eq!(mean("/x.png"), Meaning::Path("x.png".to_string()));
        assert_eq!(mean("/"), Meaning::Path(String::new()));
        for url in ["//example.org/x.png", "/\\example.org/x.png"] {
            assert_eq!(mean(url), Meaning::Elsewhere, "{url}");
        }
        assert_eq!(
            BaseUrl::new("a/", Some("//example.org/"), &site),
            BaseUrl(None)
        );
    }

    #[test]
    fn a_bare_name_is_left_to_import_maps() {
        let base = BaseUrl::new("a/", None, &[]);
        let import = |url| resolve(&base, url, Kind::Import, &[]);
        assert_eq!(import("three"), Meaning::Elsewhere);
        assert_eq!(import("three/addons/x.js"), Meaning::Elsewhere);
        assert_eq!(
            import("./three.js"),
            Meaning::Path("a/three.js".to_string())
        );
    }

    #[test]
    fn a_base_element_counts() {
        let prefixes = ["/static/".to_string()];
        let mean = |href, url| {
            resolve(
                &BaseUrl::new("a/b/", Some(href), &prefixes),
                url,
                Kind::Load,
                &prefixes,
            )
        };
        let path = |text: &str| Meaning::Path(text.to_string());
        assert_eq!(mean("../", "x.png"), path("a/x.png"));
        assert_eq!(mean("c/page.html", "x.png"), path("a/b/c/x.png"));
        assert_eq!(mean("/static/d/", "x.png"), path("d/x.png"));
        assert_eq!(mean("/elsewhere/", "x.png"), Meaning::Elsewhere);
        assert_eq!(mean("https://example.org/", "x.png"), Meaning::Elsewhere);
        assert_eq!(mean("/elsewhere/", "/static/x.png"), path("x.png"));
    }

    #[test]
    fn the_way_from_one_object_to_another_is_short() {
        let to = |from: &str, key: &str, kind| {
            relative(
                &BaseUrl::new(from, None, &[]),
                &ObjectKey::parse(key).expect("valid"),
                kind,
            )
            .expect("in the tree")
        };
        for (from, key, expected) in [
            ("", "k.png", "k.png"),
            ("a/b/", "k.png", "../../k.png"),
            ("a/b/", "a/b/k.png", "k.png"),
            ("a/b/", "a/c/k.png", "../c/k.png"),
            ("a b/", "a b/k#.png", "k%23.png"),
            ("", "a:b/k.png", "a%3Ab/k.png"),
        ] {
            assert_eq!(to(from, key, Kind::Load), expected);
        }
        assert_eq!(to("", "k.js", Kind::Import), "./k.js");
        assert_eq!(to("a/", "k.js", Kind::Import), "../k.js");
    }
}
