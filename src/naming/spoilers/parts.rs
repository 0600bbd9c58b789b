//! Paths that are written in parts: as lists of strings, or as trees of data. A list is
//! `["puzzle", "gears", "solution"]`; in a tree, keys or names lead to a file.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

/// Largest number of parts of one path.
const PARTS_MAX: usize = 32;

/// Largest number of lists that are checked in one text, and of parts in each.
const LISTS_MAX: usize = 10_000;
const LISTED_MAX: usize = 12;

/// The longest part, in bytes.
const PART_BYTES_MAX: usize = 200;

/// Keys under which trees keep what is in a folder.
const CONTAINERS: [&str; 16] = [
    "assets",
    "children",
    "contents",
    "dirs",
    "directories",
    "entries",
    "files",
    "folders",
    "items",
    "list",
    "nodes",
    "pages",
    "paths",
    "routes",
    "tree",
    "urls",
];

/// Keys under which trees keep what a folder or file is called.
const NAMES: [&str; 9] = [
    "basename", "dir", "filename", "folder", "key", "label", "name", "path", "slug",
];

/// First folders of paths.
pub(super) struct Firsts {
    names: BTreeSet<String>,
    quoted: Option<AhoCorasick>,
}

impl Firsts {
    /// Returns the first folders of these paths.
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p str>) -> Firsts {
        let first = |path: &'p str| path.split_once('/').map(|(first, _)| first.to_string());
        let names: BTreeSet<String> = paths.filter_map(first).collect();
        let patterns = names.iter().flat_map(|name| {
            [
                format!("\"{name}\""),
                format!("'{name}'"),
                format!("\"{name}/"),
            ]
        });
        // The kind with the fastest search, as long as they are few.
        let builder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(patterns);
        let quoted = builder.ok().filter(|_| !names.is_empty());
        Firsts { names, quoted }
    }

    /// Calls `found` with each path that is written in parts, and where it begins. `is_data`: the
    /// text may be a tree.
    pub(super) fn each(&self, text: &[u8], is_data: bool, found: &mut impl FnMut(&str, usize)) {
        let Some(quoted) = &self.quoted else {
            return;
        };
        let mut is_there = false;
        for first in quoted.find_iter(text).take(LISTS_MAX) {
            is_there = true;
            list(text, first.start(), found);
        }
        if is_there && is_data {
            Tree::new(self).read(text, found);
        }
    }

    /// As [`Firsts::each`], in YAML.
    pub(super) fn each_in_yaml(&self, text: &[u8], found: &mut impl FnMut(&str, usize)) {
        let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_string();
        let mut folders: Vec<(usize, String)> = Vec::new();
        let mut at = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let start = at;
            at += line.len() + 1;
            let Some((indent, item)) = yaml_item(line) else {
                continue;
            };
            folders.retain(|(other, _)| *other < indent);
            let (key, value) = item.split_once(':').unwrap_or((item, ""));
            if folders.len() < PARTS_MAX {
                folders.push((indent, unquoted(key)));
            }
            let mut names: Vec<&str> = folders.iter().map(|(_, name)| name.as_str()).collect();
            self.path(&names, start, found);
            let value = unquoted(value);
            names.push(&value);
            if !value.is_empty() {
                self.path(&names, start, found);
            }
        }
    }

    /// Calls `found` with what names lead to, from the first one on that paths begin with.
    fn path(&self, names: &[&str], at: usize, found: &mut impl FnMut(&str, usize)) {
        let is_first = |name: &&str| {
            let name = name.trim_matches('/');
            self.names.contains(name.split('/').next().unwrap_or(name))
        };
        let Some(first) = names.iter().position(is_first) else {
            return;
        };
        let is_container = |name: &str| {
            CONTAINERS
                .iter()
                .any(|other| other.eq_ignore_ascii_case(name))
        };
        let parts: Vec<&str> = names[first..]
            .iter()
            .map(|name| name.trim_matches('/'))
            .filter(|name| !name.is_empty() && !is_container(name))
            .collect();
        if parts.len() > 1 {
            found(&parts.join("/"), at);
        }
    }
}

/// Calls `found` with each beginning of a list of strings that says enough: three parts, or a file.
fn list(text: &[u8], at: usize, found: &mut impl FnMut(&str, usize)) {
    let mut path = String::new();
    let mut end = at;
    for parts in 1..=LISTED_MAX {
        let Some((part, after)) = string(text, end) else {
            return;
        };
        if parts > 1 {
            path.push('/');
        }
        path += part.trim_matches('/');
        if parts > 2 || parts > 1 && part.contains('.') {
            found(&path, at);
        }
        let between = &text[after..];
        let comma = between.len() - between.trim_ascii_start().len();
        if between.get(comma) != Some(&b',') {
            return;
        }
        let rest = &between[comma + 1..];
        end = after + comma + 1 + (rest.len() - rest.trim_ascii_start().len());
    }
}

/// Returns the short literal that begins there, and where it ends.
fn string(text: &[u8], at: usize) -> Option<(&str, usize)> {
    let quote = *text
        .get(at)
        .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let rest = &text[at + 1..text.len().min(at + 2 + PART_BYTES_MAX)];
    let len = memchr::memchr(quote, rest)?;
    let literal = std::str::from_utf8(&rest[..len]).ok()?;
    (!literal.contains('\\')).then_some((literal, at + len + 2))
}

/// A tree of JSON that is read.
struct Tree<'f> {
    firsts: &'f Firsts,
    /// Names of the objects and lists that aren't closed yet.
    open: Vec<Option<String>>,
    key: Option<String>,
}

impl<'f> Tree<'f> {
    fn new(firsts: &'f Firsts) -> Tree<'f> {
        Tree {
            firsts,
            open: Vec::new(),
            key: None,
        }
    }

    fn read(&mut self, text: &[u8], found: &mut impl FnMut(&str, usize)) {
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            let mut next = at + 1;
            match byte {
                b'{' | b'[' if self.open.len() < PARTS_MAX => {
                    let name = self.key.take();
                    self.open.push(name);
                }
                // Deeper trees aren't written or read by hand.
                b'{' | b'[' => return,
                b'}' | b']' => {
                    self.open.pop();
                    self.key = None;
                }
                b',' => self.key = None,
                b'"' => match self.literal(text, at, found) {
                    Some(end) => next = end,
                    None => return,
                },
                _ => {}
            }
            at = next;
        }
    }

    /// Reads the string that begins at `at`, and returns where it ends, if it does.
    fn literal(
        &mut self,
        text: &[u8],
        at: usize,
        found: &mut impl FnMut(&str, usize),
    ) -> Option<usize> {
        let (literal, end) = any_string(text, at)?;
        let is_key = text[end..].trim_ascii_start().first() == Some(&b':');
        if let Ok(literal) = std::str::from_utf8(literal) {
            self.string(literal, is_key, at, found);
        }
        Some(end)
    }

    fn string(&mut self, text: &str, is_key: bool, at: usize, found: &mut impl FnMut(&str, usize)) {
        if text.len() > PART_BYTES_MAX {
            return;
        }
        let key = self.key.take();
        let is_name = !is_key
            && key
                .as_ref()
                .is_some_and(|key| NAMES.iter().any(|name| name.eq_ignore_ascii_case(key)));
        if is_name && let Some(own) = self.open.last_mut() {
            *own = Some(text.to_string());
        }
        let mut names: Vec<&str> = self.open.iter().flatten().map(String::as_str).collect();
        if !is_name {
            names.extend(key.as_deref());
            names.push(text);
        }
        self.firsts.path(&names, at, found);
        if is_key {
            self.key = Some(text.to_string());
        }
    }
}

/// Returns the string of JSON that begins there, with its escapes, and where it ends.
fn any_string(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let mut end = at + 1;
    loop {
        end += memchr::memchr2(b'"', b'\\', &text[end..])?;
        match text[end] {
            b'"' => return Some((&text[at + 1..end], end + 1)),
            _ => end = text.len().min(end + 2),
        }
    }
}

/// Returns the indentation of a line of YAML, dashes included, and what stands there; none if
/// that's nothing or a comment.
fn yaml_item(line: &[u8]) -> Option<(usize, &str)> {
    let line = std::str::from_utf8(line).ok()?;
    let item = line.trim_start_matches([' ', '-']);
    let is_empty = item.trim_end().is_empty() || item.starts_with('#');
    (!is_empty).then_some((line.len() - item.len(), item))
}

#[cfg(test)]
mod tests;
