//! Words that look like paths of files, in texts of any kind.

use std::ops::Range;

use super::html::srcset;
use super::paths;
use super::{Base, Mention, Place};

/// The most that are kept of one text.
pub const KEPT_MAX: usize = 10_000;

/// Characters between words.
const BETWEEN: &[u8] = b" \t\n\r\"'`<>()[]{}=,;|&\\";

/// For each byte, says whether it's one of these. No byte of another character is.
const IS_BETWEEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < BETWEEN.len() {
        table[BETWEEN[at] as usize] = true;
        at += 1;
    }
    table
};

/// Returns what an attribute that means nothing to a browser has of paths: its value, each of its
/// image candidates, or words in it.
pub fn in_attribute(
    element: &str,
    name: &str,
    value: &str,
    at: impl Fn(usize) -> usize,
) -> Vec<Mention> {
    if !value.contains('.') {
        return Vec::new();
    }
    let place = Place::Attribute(format!("{element}@{name}"));
    let paths = paths_of(name, value).map(|(start, path)| Mention {
        at: at(start),
        text: path.to_string(),
        place: place.clone(),
        base: Base::Page,
    });
    let paths: Vec<Mention> = paths.collect();
    if paths.is_empty() {
        find(value, &Place::Text, at)
    } else {
        paths
    }
}

/// Returns the value of an attribute, or its image candidates: those that are paths of files, with
/// their offsets.
fn paths_of<'v>(name: &str, value: &'v str) -> impl Iterator<Item = (usize, &'v str)> {
    let start = value.len() - value.trim_ascii_start().len();
    let whole = start..start + value.trim_ascii().len();
    let ranges: Vec<Range<usize>> = if name.ends_with("srcset") {
        srcset::urls(value)
    } else {
        std::iter::once(whole).collect()
    };
    ranges.into_iter().filter_map(|range| {
        let path = value.get(range.clone())?;
        paths::is_file_path(path).then_some((range.start, path))
    })
}

/// Says whether an attribute may have a path that a script loads: people read the others, or they
/// name no file.
pub fn may_be_in(attribute: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "alt",
        "class",
        "content",
        "d",
        "download",
        "for",
        "id",
        "lang",
        "media",
        "name",
        "placeholder",
        "rel",
        "title",
        "type",
    ];
    !OTHERS.contains(&attribute) && !attribute.starts_with("aria-")
}

/// Returns the words of `text` that look like the path of a file, each with the offset that `at`
/// gives for its own.
pub fn find(text: &str, place: &Place, at: impl Fn(usize) -> usize) -> Vec<Mention> {
    let bytes = text.as_bytes();
    let is_between = |byte: &u8| IS_BETWEEN[*byte as usize];
    let mut mentions = Vec::new();
    let mut from = 0;
    // Every path of a file has a dot, and most words have none.
    while let Some(dot) = memchr::memchr(b'.', &bytes[from..]) {
        let dot = from + dot;
        let before = bytes[from..dot].iter().rposition(is_between);
        let start = before.map_or(from, |before| from + before + 1);
        let after = bytes[dot..].iter().position(is_between);
        from = after.map_or(bytes.len(), |after| dot + after);
        let word = &text[start..from];
        if paths::is_file_path(word) {
            mentions.push(Mention {
                at: at(start),
                text: word.to_string(),
                place: place.clone(),
                base: Base::Page,
            });
            if mentions.len() == KEPT_MAX {
                break;
            }
        }
    }
    mentions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that look like paths are found at the place where they begin.
    #[test]
    fn path_like_words_are_located() {
        let text =
            "[img[img/b.png]] \u{e9} <audio src=\"s.mp3\"> and so on. e.g. https://x.example/a.png";
        let found = find(text, &Place::Text, |at| at);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|mention| {
                (
                    mention.text.as_str(),
                    &text[mention.at..mention.at + mention.text.len()],
                )
            })
            .collect();
        assert_eq!(found, [("img/b.png", "img/b.png"), ("s.mp3", "s.mp3")]);
    }
}
