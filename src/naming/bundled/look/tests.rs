//! Words as they stand in scripts and pages.

use super::*;

/// A hash is found unless it is part of a longer word.
#[test]
fn hashes_inside_words_are_ignored() {
    let words = ["a1b2c3d4", "-x_9f8e7d6c-q", "4f2a9c1b"];
    let text = "s(\"./p-a1b2c3d4.js\"); xa1b2c3d4 a1b2c3d4e p-x_9f8e7d6c-q. _9f8e7d6c 4f2a9c1b";
    let mut found = Vec::new();
    Finder::new(Form::Hash, &words).each(text.as_bytes(), &words, |word, at| {
        assert!(text[at..].starts_with(words[word]));
        found.push((word, at));
    });
    assert_eq!(found, [(0, 7), (2, 68)]);
    let begun = " -x_9f8e7d6c-q";
    let mut count = 0;
    Finder::new(Form::Hash, &words).each(begun.as_bytes(), &words, |_, _| count += 1);
    assert_eq!(count, 1, "it begins with a dash");
}

/// A path is found between quotes and other delimiters.
#[test]
fn paths_are_found_between_delimiters() {
    let words = ["img/a.png", "a.png"];
    let text = "x(\"/img/a.png?v\", 'ba.png', `a.png`)";
    let mut found = Vec::new();
    Finder::new(Form::Path, &words).each(text.as_bytes(), &words, |word, at| {
        found.push((word, &text[at..at + words[word].len()]));
    });
    assert_eq!(found, [(0, "img/a.png"), (1, "a.png")]);
}
