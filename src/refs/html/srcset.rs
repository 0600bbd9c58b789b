//! `srcset`: the image candidates, as the standard's "parse a srcset attribute" splits them.

use std::ops::Range;

/// Finds the URLs.
pub(in crate::refs) fn urls(srcset: &str) -> Vec<Range<usize>> {
    let mut urls = Vec::new();
    let mut rest = srcset;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            return urls;
        }
        let start = srcset.len() - rest.len();
        let (word, after) = rest.split_at(
            rest.find(|c: char| c.is_ascii_whitespace())
                .unwrap_or(rest.len()),
        );
        // A comma ends the candidate only at the end of a word: URLs may have some.
        let url = word.trim_end_matches(',');
        urls.push(start..start + url.len());
        rest = if url.len() == word.len() {
            after_descriptors(after)
        } else {
            after
        };
    }
}

/// Behind the comma that ends a candidate's descriptors: `2x`, `100w`, or whatever may come, with
/// brackets.
fn after_descriptors(text: &str) -> &str {
    let mut is_in_brackets = false;
    for (at, c) in text.char_indices() {
        match c {
            '(' => is_in_brackets = true,
            ')' => is_in_brackets = false,
            ',' if !is_in_brackets => return &text[at..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests;
