//! How far from a keyword a rule's matches can be. Gitleaks matches a rule against the whole file once it has one of
//! the rule's keywords; `key` and `sk` are everywhere, and megabytes of minified code would be read for each.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind};

/// Where a rule's matches can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every match has a keyword in it, and is at most so many bytes long.
    Within(usize),
    /// A keyword in the file says that there may be a match, but not where.
    Everywhere,
}

impl Reach {
    /// `keywords` are lower case.
    pub(super) fn of(pattern: &str, keywords: &[String]) -> Reach {
        let mut parser = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build();
        let Ok(regex) = parser.parse(pattern) else {
            return Reach::Everywhere;
        };
        match regex.properties().maximum_len() {
            Some(len) if must_contain(&lower(&regex), keywords) => Reach::Within(len),
            _ => Reach::Everywhere,
        }
    }
}

/// Whether no text can match without a keyword in it. `false` if that's too hard to tell.
fn must_contain(regex: &Hir, keywords: &[String]) -> bool {
    let is_keyword = |bytes: &[u8]| {
        keywords
            .iter()
            .any(|word| bytes.windows(word.len()).any(|w| w == word.as_bytes()))
    };
    let begins_with_keyword = |regex: &Hir| {
        let prefixes = Extractor::new().extract(regex);
        prefixes.literals().is_some_and(|literals| {
            literals
                .iter()
                .all(|literal| is_keyword(literal.as_bytes()))
        })
    };
    match regex.kind() {
        HirKind::Concat(parts) => {
            let mut tails = (0..parts.len()).map(|i| Hir::concat(parts[i..].to_vec()));
            tails.any(|tail| begins_with_keyword(&tail))
                || parts.iter().any(|part| must_contain(part, keywords))
        }
        HirKind::Alternation(branches) => {
            branches.iter().all(|branch| must_contain(branch, keywords))
        }
        HirKind::Capture(capture) => must_contain(&capture.sub, keywords),
        HirKind::Repetition(repetition) => {
            repetition.min > 0 && must_contain(&repetition.sub, keywords)
        }
        HirKind::Literal(literal) => is_keyword(&literal.0),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// A regex for the same texts in lower case: `(?i)` doubles every letter, and there are too many prefixes then.
fn lower(regex: &Hir) -> Hir {
    match regex.kind() {
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Bytes(class)) => Hir::class(Class::Bytes(lower_class(class))),
        HirKind::Capture(capture) => lower(&capture.sub),
        HirKind::Repetition(repetition) => Hir::repetition(repetition.with(lower(&repetition.sub))),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(lower).collect()),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(lower).collect()),
        HirKind::Empty | HirKind::Class(Class::Unicode(_)) | HirKind::Look(_) => regex.clone(),
    }
}

fn lower_class(class: &ClassBytes) -> ClassBytes {
    let bytes = class.iter().flat_map(|range| range.start()..=range.end());
    let lower = bytes.map(|byte| byte.to_ascii_lowercase());
    ClassBytes::new(lower.map(|byte| ClassBytesRange::new(byte, byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_near_a_keyword_if_they_must_contain_one() {
        let rows: &[(&str, &str, &[&str], Reach)] = &[
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
        for (name, pattern, keywords, expected) in rows {
            let keywords: Vec<String> = keywords.iter().map(|word| word.to_string()).collect();
            assert_eq!(Reach::of(pattern, &keywords), *expected, "{name}");
        }
    }
}
