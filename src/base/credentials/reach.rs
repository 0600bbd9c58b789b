//! Distance from a keyword at which a rule can match. Gitleaks matches a rule against the whole
//! file if the file has one of the rule's keywords. Keywords such as `key` and `sk` are everywhere,
//! so each of these rules would read megabytes of minified code.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind};

/// Range in which a rule can match.
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

/// Says whether no text can match without a keyword in it. `false` if that's too hard to tell.
fn must_contain(regex: &Hir, keywords: &[String]) -> bool {
    match regex.kind() {
        HirKind::Concat(parts) => {
            let mut tails = (0..parts.len()).map(|i| Hir::concat(parts[i..].to_vec()));
            tails.any(|tail| begins_with(&tail, keywords))
                || parts.iter().any(|part| must_contain(part, keywords))
        }
        HirKind::Alternation(branches) => {
            branches.iter().all(|branch| must_contain(branch, keywords))
        }
        HirKind::Capture(capture) => must_contain(&capture.sub, keywords),
        HirKind::Repetition(repetition) => {
            repetition.min > 0 && must_contain(&repetition.sub, keywords)
        }
        HirKind::Literal(literal) => has_keyword(&literal.0, keywords),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

fn has_keyword(bytes: &[u8], keywords: &[String]) -> bool {
    let has = |word: &String| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    keywords.iter().any(has)
}

fn begins_with(regex: &Hir, keywords: &[String]) -> bool {
    let prefixes = Extractor::new().extract(regex);
    prefixes.literals().is_some_and(|literals| {
        let mut literals = literals.iter();
        literals.all(|literal| has_keyword(literal.as_bytes(), keywords))
    })
}

/// A regex for the same texts in lower case: `(?i)` doubles every letter, and there are too many
/// prefixes then.
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
mod tests;
