//! Paths of files in texts of any kind: words that look like one.

use super::paths;
use super::{Mention, Place};

/// The most that are kept of one text.
const KEPT_MAX: usize = 10_000;

/// Characters between words.
const BETWEEN: &[char] = &[
    ' ', '\t', '\n', '\r', '"', '\'', '`', '<', '>', '(', ')', '[', ']', '{', '}', '=', ',', ';',
    '|', '&', '\\',
];

/// Returns the words of `text` that look like the path of a file, with the place that `at` gives for each offset.
pub fn find(text: &str, at: impl Fn(usize) -> usize) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut start = 0;
    for word in text.split(BETWEEN) {
        let end = start + word.len();
        if paths::is_file_path(word) && mentions.len() < KEPT_MAX {
            mentions.push(Mention {
                at: at(start),
                text: word.to_string(),
                place: Place::Text,
            });
        }
        // All that parts words has one byte.
        start = end + 1;
    }
    mentions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_look_like_paths_are_found_where_they_begin() {
        let text =
            "[img[img/b.png]] \u{e9} <audio src=\"s.mp3\"> and so on. e.g. https://x.example/a.png";
        let found = find(text, |at| at);
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
