//! Paths that are written in parts, each a string of its own: `["puzzle", "gears", "solution"]`, and trees of data whose keys or
//! names lead to a file.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

/// How many parts one path has at most.
const PARTS_MAX: usize = 32;

/// How many lists of one text are looked at, and how many parts of each.
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

/// What paths begin with.
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

    /// Calls `found` with each path that is written in parts, and where it begins. `is_data`: the text may be a tree.
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
        let mut folders: Vec<(usize, String)> = Vec::new();
        let mut at = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let start = at;
            at += line.len() + 1;
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let item = line.trim_start_matches([' ', '-']);
            let indent = line.len() - item.len();
            if item.trim_end().is_empty() || item.starts_with('#') {
                continue;
            }
            folders.retain(|(other, _)| *other < indent);
            let (key, value) = match item.split_once(':') {
                Some((key, value)) => (key, value),
                None => (item, ""),
            };
            let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_string();
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
    /// What each object and list is called that isn't closed yet.
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
            match byte {
                b'{' | b'[' if self.open.len() < PARTS_MAX => {
                    let name = self.key.take();
                    self.open.push(name);
                }
                // Nobody writes by hand, nor reads, what is deeper.
                b'{' | b'[' => return,
                b'}' | b']' => {
                    self.open.pop();
                    self.key = None;
                }
                b',' => self.key = None,
                b'"' => {
                    let Some((literal, end)) = any_string(text, at) else {
                        return;
                    };
                    let is_key = text[end..].trim_ascii_start().first() == Some(&b':');
                    if let Ok(literal) = std::str::from_utf8(literal) {
                        self.string(literal, is_key, at, found);
                    }
                    at = end;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn firsts() -> Firsts {
        Firsts::of(["puzzle/gears/solution/index.html", "top.html"].into_iter())
    }

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        firsts().each(text.as_bytes(), true, &mut |path, _| {
            all.push(path.to_string())
        });
        all
    }

    #[test]
    fn parts_of_a_path_lead_to_a_file() {
        for text in [
            r#"a(["puzzle", "gears" , "solution"])"#,
            "a('', 'puzzle','gears','solution', 'index.html')",
            r#"{"puzzle": {"gears": {"solution": {"index.html": 12}}}}"#,
            r#"{"all": {"puzzle/": {"gears": ["index.html", "solution"]}}}"#,
            r#"[{"name": "puzzle", "children": [{"name": "gears", "size": 2, "children": [{"name": "solution"}]}]}]"#,
            r#"[{"type": "directory", "name": "puzzle", "contents": [{"type": "directory", "name": "gears/solution"}]}]"#,
            r#"{"puzzle": {"files": {"gears": {"\"": 1, "solution": "index.html"}}}}"#,
        ] {
            let found = found(text);
            assert!(
                found.iter().any(|path| path == "puzzle/gears/solution"),
                "{text}: {found:?}"
            );
        }
        let not = [
            r#"["puzzle", "solution"]"#,
            r#"{"puzzle": {"gears": {}}, "solution": {}}"#,
            r#"[{"name": "puzzle"}, {"name": "gears/solution"}]"#,
        ];
        for text in not {
            let found = found(text);
            assert!(
                !found.iter().any(|path| path.ends_with("solution")),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn keys_of_yaml_lead_to_a_file() {
        let text = "site:\n  puzzle:\n    wheels: 1\n    'gears':\n      - index.html\n      # more\n      - solution:\n          - index.html\n  end: 2\n";
        let mut all = Vec::new();
        firsts().each_in_yaml(text.as_bytes(), &mut |path, at| {
            all.push((path.to_string(), at))
        });
        let at = text.find("- solution").expect("it's there") - 6;
        assert!(
            all.contains(&("puzzle/gears/solution".to_string(), at)),
            "{all:?}"
        );
        assert!(
            all.iter()
                .any(|(path, _)| path == "puzzle/gears/solution/index.html")
        );
        assert!(!all.iter().any(|(path, _)| path.contains("end")));
    }

    proptest! {
        #[test]
        fn whatever_stands_there_is_read_to_its_end(text in r#"(["'\\\[\]{}:, \n-]|puzzle|"puzzle"|name|a/b|ü){0,40}"#) {
            let mut paths = 0;
            firsts().each(text.as_bytes(), true, &mut |_, _| paths += 1);
            firsts().each_in_yaml(text.as_bytes(), &mut |_, _| paths += 1);
            prop_assert!(paths < 10_000);
        }
    }
}
