//! `srcset`: the image candidates, as the standard's "parse a srcset attribute" splits them.

use std::ops::Range;

/// Where the URLs are.
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
        rest = match url.len() == word.len() {
            true => after_descriptors(after),
            false => after,
        };
    }
}

/// Behind the comma that ends a candidate's descriptors: `2x`, `100w`, or whatever may come, with brackets.
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
mod tests {
    use super::urls;

    #[test]
    fn candidates_are_split_as_the_standard_says() {
        for (srcset, expected) in [
            ("", &[][..]),
            (" , ,", &[]),
            ("a.png", &["a.png"]),
            ("a.png 1x, b.png 2x", &["a.png", "b.png"]),
            ("a.png 1x,b.png 2x", &["a.png", "b.png"]),
            ("a.png, b.png", &["a.png", "b.png"]),
            ("a.png,b.png", &["a.png,b.png"]),
            ("a.png,,, b.png", &["a.png", "b.png"]),
            (",a.png", &["a.png"]),
            ("\n\ta.png 100w,\r\n\tb.png 200w\n", &["a.png", "b.png"]),
            (
                "data:image/png;base64,AAAA 1x, b.png 2x",
                &["data:image/png;base64,AAAA", "b.png"],
            ),
            ("w_10,h_20/a.png 1x, b.png", &["w_10,h_20/a.png", "b.png"]),
            ("a.png foo(1, 2) 2x, b.png", &["a.png", "b.png"]),
            ("a.png foo(1, b.png", &["a.png"]),
            ("é.png 1x, ü.png 2x", &["é.png", "ü.png"]),
            ("a.png\u{a0}1x", &["a.png\u{a0}1x"]),
        ] {
            let found: Vec<_> = urls(srcset).into_iter().map(|url| &srcset[url]).collect();
            assert_eq!(found, expected, "{srcset}");
        }
    }
}
