//! `_headers` file of a directory, as Netlify, Cloudflare Pages and others read it: paths, each
//! with indented headers. Does no I/O: it makes the new text from the old text and the objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::base::media;
use crate::base::name::CACHE_SHORTLY;
use crate::base::name::Headers;
use crate::base::path::ObjectKey;

/// First and last line of assetsync's part of `_headers`. The rest of the file isn't changed.
const HEADERS_BEGIN: &str = "# assetsync: begin";
const HEADERS_END: &str = "# assetsync: end";

/// Name of the file that has the headers of a folder's files.
pub(crate) const HEADERS_FILE: &str = "_headers";

/// Object with what is needed for its rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served<'a> {
    pub(crate) key: &'a ObjectKey,
    /// True if the object's name is its path, so that showing the name reveals no key.
    pub(crate) is_plain: bool,
    pub(crate) headers: &'a Headers,
}

const CONTENT_TYPE: &str = "content-type";
const CACHE_CONTROL: &str = "cache-control";

/// Type that hosts send for files without an extension.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Returns `old` with assetsync's part updated.
///
/// `_headers` is served like any other file. So its rules are for extensions (`/*.html`), and a
/// plain file is named only if a rule gives it a header that its extension doesn't have. No keyed
/// name and no keyed folder is in it.
///
/// Some hosts join two values of one header for one file, so no file gets two. A header that
/// differs among the files of an extension is left to the host, except for named files. The same
/// holds for caching if an extension has both keyed and plain files: the plain ones are named,
/// unless they are pages, whose names may be secret.
pub(crate) fn merge_headers(old: &str, objects: &[Served<'_>]) -> String {
    let (before, ours, after) = split_headers(old);
    let mut rules = parse_rules(ours);
    // Rules of earlier releases: those for extensions, not those for names.
    rules.retain(|path, _| path.starts_with("/*."));
    for (extension, groups) in by_extension(objects) {
        rules.extend(rules_of(extension, &groups));
    }
    joined(before, rules, after)
}

/// Returns the first line that these objects need and `there` doesn't have. Additional lines are no
/// mistake: they are of another release, which may become current again.
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

/// Returns `old` without the rule of the file `key`, if it has one.
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

/// Files that are served with the same headers. There are few such groups.
struct Group<'a> {
    headers: BTreeMap<&'a str, &'a str>,
    /// Files whose names may be shown.
    plain: Vec<&'a ObjectKey>,
    /// True if the group also has keyed files.
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
        // Files of one rule share one set of headers, so its address groups them fast. The result
        // doesn't depend on the order.
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

/// Returns the rules for the files of one extension: a path, and the lines below it.
fn rules_of(extension: &str, groups: &[Group<'_>]) -> Vec<(String, String)> {
    let names: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| group.headers.keys().copied())
        .collect();
    let shared: BTreeMap<&str, &str> = match extension {
        // There is no pattern for files without an extension.
        "" => BTreeMap::new(),
        _ => names
            .iter()
            .filter_map(|name| Some((*name, shared(name, groups)?)))
            .collect(),
    };
    // The type that hosts send on their own, if some of the files have it.
    let by_extension = media::content_type(Some(extension));
    let mut types = groups.iter().map(|group| group.headers[CONTENT_TYPE]);
    let usual_type = match extension {
        "" => Some(UNKNOWN_TYPE),
        _ => types
            .find(|it| *it == by_extension)
            .or_else(|| usual(CONTENT_TYPE, groups)),
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

/// Returns the value of a header that all these files have.
fn shared<'a>(name: &str, groups: &[Group<'a>]) -> Option<&'a str> {
    let mut values = groups.iter().map(|group| group.headers.get(name).copied());
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// Returns the most frequent value of a header among the files whose names may be shown.
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

/// Returns each path with the indented lines below it.
fn parse_rules(text: &str) -> BTreeMap<String, String> {
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    let mut path = String::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            rules.entry(path.clone()).or_default().extend([line, "\n"])
        } else {
            path = line.to_string()
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
mod tests;
