//! Paths of files in texts of any kind: words that look like one.

use super::paths;
use super::{Base, Mention, Place};

/// The most that are kept of one text.
const KEPT_MAX: usize = 10_000;

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

/// Returns the words of `text` that look like the path of a file, each with the offset that `at` gives for its own.
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

    #[test]
    fn words_that_look_like_paths_are_found_where_they_begin() {
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
