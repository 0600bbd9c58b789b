//! Tests: patterns that need a keyword, and some that don't.

use super::*;

/// Names, patterns, keywords and how far a match reaches.
const REACHES: &[(&str, &str, &[&str], Reach)] = &[
    ("a literal", "abc[0-9]{4}", &["abc"], Reach::Within(7)),
    ("upper case", "ABC[0-9]{4}", &["abc"], Reach::Within(7)),
    (
        "any case",
        "(?i)abcdefghijklm",
        &["abcdefghijklm"],
        Reach::Within(13),
    ),
    (
        "in the middle",
        r"[\w.-]{0,50}?(?:abc)=([0-9])",
        &["abc"],
        Reach::Within(55),
    ),
    ("at the end", "[0-9]{3}(?:abc)", &["abc"], Reach::Within(6)),
    ("part of a word", "xabcx", &["abc"], Reach::Within(5)),
    (
        "each of several",
        r"\b((?:AKIA|ASIA)[A-Z]{2})\b",
        &["akia", "asia"],
        Reach::Within(6),
    ),
    (
        "written in two ways",
        "(?i)a[_-]?b",
        &["ab", "a_b", "a-b"],
        Reach::Within(3),
    ),
    (
        "in both branches",
        "(x[Aa]bc)|1ABCx",
        &["abc"],
        Reach::Within(5),
    ),
    ("repeated", "(?:abc){1,2}", &["abc"], Reach::Within(6)),
    ("not in one branch", "abc|x", &["abc"], Reach::Everywhere),
    ("optional", "(?:abc)?x", &["abc"], Reach::Everywhere),
    ("nowhere", "pat[0-9]{4}", &["airtable"], Reach::Everywhere),
    ("no end", "abc[0-9]+", &["abc"], Reach::Everywhere),
    (
        "one letter is another",
        "[ax]bc",
        &["abc"],
        Reach::Everywhere,
    ),
    ("no keyword", "abc", &[], Reach::Everywhere),
];

/// Matches lie near a keyword if they must contain one.
#[test]
fn required_keyword_limits_the_search() {
    for (name, pattern, keywords, expected) in REACHES {
        let keywords: Vec<String> = keywords.iter().map(|word| word.to_string()).collect();
        assert_eq!(Reach::of(pattern, &keywords), *expected, "{name}");
    }
}
