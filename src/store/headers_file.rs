//! The `_headers` file of a directory, as Netlify, Cloudflare Pages and the like read it: a path, then its
//! headers, indented. Pure: from the old text and the objects to the new text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::name::Headers;
use crate::path::ObjectKey;

/// What `_headers` begins and ends with where assetsync wrote; the rest of the file is left alone.
const HEADERS_BEGIN: &str = "# assetsync: begin";
const HEADERS_END: &str = "# assetsync: end";

/// What a folder's files that are called so hold.
pub(crate) const HEADERS_FILE: &str = "_headers";

/// An object, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served<'a> {
    pub(crate) key: &'a ObjectKey,
    /// Whether its name stays when its content changes.
    pub(crate) is_mutable: bool,
    pub(crate) headers: &'a Headers,
}

/// `old` with assetsync's part brought up to date. The file is served like any other, so it names no
/// immutable object: those get one rule an extension, if all files of that extension have the same headers.
/// Two rules for one file would have their values joined by some hosts, so there are none.
pub(crate) fn merge_headers(old: &str, objects: &[Served<'_>]) -> String {
    let (before, ours, after) = split_headers(old);
    let mut rules = parse_rules(ours);
    let mut by_extension: BTreeMap<&str, Vec<&Served<'_>>> = BTreeMap::new();
    for object in objects {
        by_extension
            .entry(extension(object.key.as_str()))
            .or_default()
            .push(object);
    }
    for (extension, objects) in by_extension {
        let all = format!("/*.{extension}");
        let lines = header_lines(objects[0]);
        if !extension.is_empty() && objects.iter().all(|object| header_lines(object) == lines) {
            rules.retain(|path, _| self::extension(path) != extension);
            rules.insert(all, lines);
            continue;
        }
        rules.remove(&all);
        for object in objects.into_iter().filter(|object| object.is_mutable) {
            rules.insert(format!("/{}", object.key.url_path()), header_lines(object));
        }
    }
    let rules: String = rules
        .into_iter()
        .map(|(path, lines)| format!("{path}\n{lines}"))
        .collect();
    format!("{before}{HEADERS_BEGIN}\n{rules}{HEADERS_END}\n{after}")
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

fn header_lines(object: &Served<'_>) -> String {
    let headers = object.headers;
    let mut lines = format!(
        "  content-type: {}\n  cache-control: {}\n",
        headers.content_type, headers.cache_control
    );
    for (name, value) in &headers.further {
        writeln!(lines, "  {name}: {value}").expect("a string takes every write");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_headers_file_is_left_alone() {
        let own = "/mine\n  x-frame-options: DENY\n";
        let tail = "/more\n  a: b\n";
        let once = merge_headers(own, &[]);
        assert!(once.starts_with(own));
        let kept =
            format!("{own}{HEADERS_BEGIN}\n/old.png\n  cache-control: x\n{HEADERS_END}\n{tail}");
        assert_eq!(merge_headers(&kept, &[]), kept);
    }
}
