//! Words as they stand in scripts and pages.

use super::*;

#[test]
fn hashes_are_found_where_they_are_no_part_of_a_word() {
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

#[test]
fn paths_are_found_between_what_ends_them() {
    let words = ["img/a.png", "a.png"];
    let text = "x(\"/img/a.png?v\", 'ba.png', `a.png`)";
    let mut found = Vec::new();
    Finder::new(Form::Path, &words).each(text.as_bytes(), &words, |word, at| {
        found.push((word, &text[at..at + words[word].len()]));
    });
    assert_eq!(found, [(0, "img/a.png"), (1, "a.png")]);
}
