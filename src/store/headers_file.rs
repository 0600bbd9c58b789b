//! The `_headers` file of a directory, as Netlify, Cloudflare Pages and the like read it: a path, then its
//! headers, indented. Pure: from the old text and the objects to the new text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::name::Headers;
use crate::path::ObjectKey;
use crate::rules::CACHE_SHORTLY;

/// What `_headers` begins and ends with where assetsync wrote; the rest of the file is left alone.
const HEADERS_BEGIN: &str = "# assetsync: begin";
const HEADERS_END: &str = "# assetsync: end";

/// What a folder's files that are called so hold.
pub(crate) const HEADERS_FILE: &str = "_headers";

/// An object, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served<'a> {
    pub(crate) key: &'a ObjectKey,
    /// Whether its name is its path, which tells nobody a key.
    pub(crate) is_plain: bool,
    pub(crate) headers: &'a Headers,
}

const CONTENT_TYPE: &str = "content-type";
const CACHE_CONTROL: &str = "cache-control";

/// What hosts send for files without an extension.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// `old` with assetsync's part brought up to date. The file is served like any other, so it tells of extensions (`/*.html`), and
/// names a plain file only if a rule gives it a header that its extension doesn't have. No keyed name is in it, and no keyed folder.
/// Two values of one header for one file would be joined by some hosts, so there are none: a header that differs among the files
/// of an extension is left to the host, but for those that are named. So is caching where keyed and plain files have one extension:
/// of these, the plain ones are named, unless they are pages, which may be there for nobody to find.
pub(crate) fn merge_headers(old: &str, objects: &[Served<'_>]) -> String {
    let (before, ours, after) = split_headers(old);
    let mut rules = parse_rules(ours);
    // Those of earlier releases: of extensions, no names.
    rules.retain(|path, _| path.starts_with("/*."));
    for (extension, groups) in by_extension(objects) {
        rules.extend(rules_of(extension, &groups));
    }
    joined(before, rules, after)
}

/// The first line that `there` lacks of what these objects need. What it has besides is of another release, which may come again.
pub(crate) fn lacking(there: &str, objects: &[Served<'_>]) -> Option<String> {
    let wanted = merge_headers(there, objects);
    let [wanted, has] = [&wanted, there].map(|text| parse_rules(split_headers(text).1));
    let (path, lines) = wanted
        .iter()
        .find(|(path, lines)| has.get(*path) != Some(lines))?;
    let has = has.get(path).map_or("", String::as_str);
    let line = lines
        .lines()
        .find(|line| !has.lines().any(|there| there == *line));
    Some(line.unwrap_or(path).trim().to_string())
}

/// `old` without the rule of the file `key`, if it has one.
pub(crate) fn without(old: &str, key: &ObjectKey) -> Option<String> {
    let (before, ours, after) = split_headers(old);
    let mut rules = parse_rules(ours);
    rules.remove(&format!("/{}", key.url_path()))?;
    Some(joined(before, rules, after))
}

fn joined(before: &str, rules: BTreeMap<String, String>, after: &str) -> String {
    let rules: String = rules
        .into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(path, lines)| format!("{path}\n{lines}"))
        .collect();
    format!("{before}{HEADERS_BEGIN}\n{rules}{HEADERS_END}\n{after}")
}

/// Files that are served alike, of which there are few kinds.
struct Group<'a> {
    headers: BTreeMap<&'a str, &'a str>,
    /// Those whose names may be told.
    plain: Vec<&'a ObjectKey>,
    /// True if there are others.
    has_keyed: bool,
}

impl Group<'_> {
    fn are_pages(&self) -> bool {
        self.headers[CONTENT_TYPE].starts_with("text/html")
    }
}

fn by_extension<'a>(objects: &[Served<'a>]) -> BTreeMap<&'a str, Vec<Group<'a>>> {
    let mut all: BTreeMap<&str, BTreeMap<_, Group<'_>>> = BTreeMap::new();
    for object in objects {
        // Files of one rule have one set of headers, so where it's kept tells groups apart fast; nothing depends on the order.
        let kind = std::ptr::from_ref(object.headers);
        let groups = all.entry(extension(object.key.as_str())).or_default();
        let group = groups.entry(kind).or_insert_with(|| Group {
            headers: headers_of(object.headers),
            plain: Vec::new(),
            has_keyed: false,
        });
        group.has_keyed |= !object.is_plain;
        group.plain.extend(object.is_plain.then_some(object.key));
    }
    all.into_iter()
        .map(|(extension, groups)| (extension, groups.into_values().collect()))
        .collect()
}

/// The rules for the files of one extension: a path, and the lines below it.
fn rules_of(extension: &str, groups: &[Group<'_>]) -> Vec<(String, String)> {
    let names: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| group.headers.keys().copied())
        .collect();
    let shared: BTreeMap<&str, &str> = match extension {
        // There's no pattern for them.
        "" => BTreeMap::new(),
        _ => names
            .iter()
            .filter_map(|name| Some((*name, shared(name, groups)?)))
            .collect(),
    };
    let usual_type = match extension {
        "" => Some(UNKNOWN_TYPE),
        _ => usual(CONTENT_TYPE, groups),
    };
    let usual_caching = usual(CACHE_CONTROL, groups);
    let is_mixed = !extension.is_empty() && groups.iter().any(|group| group.has_keyed);
    let mut rules = Vec::new();
    if !extension.is_empty() {
        rules.push((format!("/*.{extension}"), lines(&shared)));
    }
    for group in groups {
        let mut own = group.headers.clone();
        let is_usual = |name: &str, value: &str| match name {
            CONTENT_TYPE => usual_type == Some(value),
            CACHE_CONTROL => (group.are_pages() || !is_mixed) && usual_caching == Some(value),
            _ => false,
        };
        own.retain(|name, value| !shared.contains_key(name) && !is_usual(name, value));
        let own = lines(&own);
        let named = group.plain.iter();
        rules.extend(named.map(|key| (format!("/{}", key.url_path()), own.clone())));
    }
    rules
}

/// The value of a header that all these files have.
fn shared<'a>(name: &str, groups: &[Group<'a>]) -> Option<&'a str> {
    let mut values = groups.iter().map(|group| group.headers.get(name).copied());
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// The value that most of the files have whose names may be told.
fn usual<'a>(name: &str, groups: &[Group<'a>]) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        *counts.entry(group.headers.get(name)?).or_default() += group.plain.len();
    }
    let rank = |(value, count): &(&str, usize)| (*count, *value == CACHE_SHORTLY);
    counts.into_iter().max_by_key(rank).map(|(value, _)| value)
}

fn headers_of(headers: &Headers) -> BTreeMap<&str, &str> {
    let further = headers.further.iter();
    [
        (CONTENT_TYPE, headers.content_type.as_str()),
        (CACHE_CONTROL, headers.cache_control.as_str()),
    ]
    .into_iter()
    .chain(further.map(|(name, value)| (name.as_str(), value.as_str())))
    .collect()
}

fn lines(headers: &BTreeMap<&str, &str>) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        writeln!(lines, "  {name}: {value}").expect("a string takes every write");
    }
    lines
}

fn extension(key: &str) -> &str {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Each path with the indented lines below it.
fn parse_rules(text: &str) -> BTreeMap<String, String> {
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    let mut path = String::new();
    for line in text.lines() {
        match line.starts_with([' ', '\t']) {
            true => rules.entry(path.clone()).or_default().extend([line, "\n"]),
            false => path = line.to_string(),
        }
    }
    rules
}

fn split_headers(text: &str) -> (&str, &str, &str) {
    let Some(begin) = text.find(HEADERS_BEGIN) else {
        return (text, "", "");
    };
    let ours = &text[begin + HEADERS_BEGIN.len()..];
    let (ours, after) = ours.split_once(HEADERS_END).unwrap_or((ours, ""));
    (
        &text[..begin],
        ours.trim_start_matches('\n'),
        after.strip_prefix('\n').unwrap_or(after),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files by path, name and caching; those whose name is their path are plain.
    fn merged(old: &str, files: &[(&str, &str, Headers)]) -> String {
        let keys: Vec<ObjectKey> = files
            .iter()
            .map(|(_, key, _)| ObjectKey::parse(key).expect("a key"))
            .collect();
        let served = files.iter().zip(&keys).map(|((path, _, headers), key)| {
            let is_plain = *path == key.as_str();
            Served {
                key,
                is_plain,
                headers,
            }
        });
        merge_headers(old, &served.collect::<Vec<_>>())
    }

    fn headers(content_type: &str, cache_control: &str) -> Headers {
        Headers {
            content_type: content_type.to_string(),
            cache_control: cache_control.to_string(),
            encoding: crate::name::EncodingPolicy::Identity,
            further: BTreeMap::new(),
        }
    }

    fn page(cache_control: &str) -> Headers {
        headers("text/html; charset=utf-8", cache_control)
    }

    #[test]
    fn the_rest_of_a_headers_file_is_left_alone_and_names_of_earlier_releases_go() {
        let own = "/mine\n  x-frame-options: DENY\n";
        let tail = "/more\n  a: b\n";
        let once = merge_headers(own, &[]);
        assert!(once.starts_with(own));
        let with = |ours: &str| format!("{own}{HEADERS_BEGIN}\n{ours}{HEADERS_END}\n{tail}");
        let pattern = "/*.png\n  cache-control: x\n";
        let old = with(&format!("{pattern}/team/secret.html\n  cache-control: x\n"));
        assert_eq!(merge_headers(&old, &[]), with(pattern));
    }

    #[test]
    fn a_page_is_named_only_if_a_rule_gives_it_a_header_of_its_own() {
        let mut framed = page(CACHE_SHORTLY);
        framed.further = [("content-language".into(), "fr".into())].into();
        let shortly = || page(CACHE_SHORTLY);
        let text = merged(
            "",
            &[
                ("a.html", "a.html", shortly()),
                ("unlinked.html", "unlinked.html", shortly()),
                ("news.html", "news.html", page("no-store")),
                ("fr/b.html", "fr/b.html", framed),
                (
                    "s/x.html",
                    "k3q7x2m5vhd6rw4tzb2ycj6n5e.html",
                    page("immutable"),
                ),
                (
                    "puzzle/y.html",
                    "0123456789abcdef/y.html",
                    page("max-age=5"),
                ),
                ("LICENSE", "LICENSE", headers(UNKNOWN_TYPE, CACHE_SHORTLY)),
                ("about", "about", page(CACHE_SHORTLY)),
            ],
        );
        assert_eq!(
            text,
            format!(
                "{HEADERS_BEGIN}\n\
                 /*.html\n  content-type: text/html; charset=utf-8\n\
                 /about\n  content-type: text/html; charset=utf-8\n\
                 /fr/b.html\n  content-language: fr\n\
                 /news.html\n  cache-control: no-store\n{HEADERS_END}\n"
            )
        );
    }

    #[test]
    fn a_page_that_is_taken_away_is_named_no_more() {
        let of_hosts = "/mine\n  a: b\n";
        let pages = [
            ("a.html", "a.html", page(CACHE_SHORTLY)),
            ("b.html", "b.html", page(CACHE_SHORTLY)),
            ("team/c.html", "team/c.html", page("no-store")),
        ];
        let text = merged(of_hosts, &pages);
        let key = |key: &str| ObjectKey::parse(key).expect("a key");
        let left = without(&text, &key("team/c.html")).expect("it was named");
        assert!(
            left.starts_with(of_hosts) && left.contains("/*.html"),
            "{left}"
        );
        assert!(!left.contains("team"), "{left}");
        assert_eq!(without(&text, &key("a.html")), None);
    }

    #[test]
    fn no_file_gets_the_caching_of_another_one() {
        let keyed = headers("image/png", "immutable");
        let plain = headers("image/png", CACHE_SHORTLY);
        let with = |files: &[(&str, &str, Headers)]| merged("", files);
        let of_all = with(&[("a.png", "x.png", keyed.clone())]);
        assert!(
            of_all.contains("/*.png\n  cache-control: immutable\n"),
            "{of_all}"
        );
        let mixed = with(&[("a.png", "x.png", keyed), ("b.png", "b.png", plain)]);
        assert_eq!(
            mixed,
            format!(
                "{HEADERS_BEGIN}\n\
                 /*.png\n  content-type: image/png\n\
                 /b.png\n  cache-control: {CACHE_SHORTLY}\n{HEADERS_END}\n"
            )
        );
    }

    #[test]
    fn a_plain_page_beside_keyed_ones_is_left_to_the_host_and_not_named() {
        let files = [
            ("team/room.html", "team/room.html", page(CACHE_SHORTLY)),
            (
                "s/x.html",
                "k3q7x2m5vhd6rw4tzb2ycj6n5e.html",
                page("immutable"),
            ),
        ];
        let text = merged("", &files);
        assert!(
            !text.contains("room") && !text.contains("cache-control"),
            "{text}"
        );
    }
}
