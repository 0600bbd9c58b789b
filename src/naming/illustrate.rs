//! Shows a line of the document for the first problem of each kind that is about a reference.
//! The document is read again when problems are reported, so that no text is kept for this.

use std::collections::BTreeSet;

use super::read::DOCUMENT_BYTES_MAX;
use crate::base::disk::files;
use crate::base::excerpt::Excerpt;
use crate::base::problem::{Problem, ProblemKind};
use crate::hidden::{is_hidden, without_hidden};
use crate::tree::{Asset, Tree};

/// Kinds whose lines are shown. Private data and names that must stay unknown aren't among them.
const SHOWN: [ProblemKind; 4] = [
    ProblemKind::Reference,
    ProblemKind::Rewriting,
    ProblemKind::Integrity,
    ProblemKind::HostIndex,
];

/// Gives the first problem of each kind its line.
pub(super) fn illustrate(problems: &mut [Problem], tree: &Tree) {
    let mut seen = BTreeSet::new();
    for problem in problems {
        if SHOWN.contains(&problem.kind) && seen.insert(problem.kind) {
            problem.excerpt = excerpt(problem, tree).map(Box::new);
        }
    }
}

/// Returns its line; none if the file can't be read any more, is no plain text, or has something on
/// that line that isn't shown.
fn excerpt(problem: &Problem, tree: &Tree) -> Option<Excerpt> {
    let path = problem.path.as_str();
    let place = problem.place.filter(|_| !is_hidden(path))?;
    let found = tree
        .assets
        .binary_search_by(|asset| asset.path.as_str().cmp(path));
    let text = text(&tree.assets[found.ok()?])?;
    let at = offset(&text, place)?;
    let around = Excerpt::near(&text, at);
    let is_open = without_hidden(around) == around;
    let excerpt = Excerpt::of_document(&text, at..at + word(&text[at..]));
    excerpt.filter(|_| is_open)
}

fn text(asset: &Asset) -> Option<String> {
    let bytes = files::read(&asset.file, DOCUMENT_BYTES_MAX).ok()?;
    String::from_utf8(bytes).ok()
}

/// The byte at a line and a column, in characters.
fn offset(text: &str, (line, column): (u32, u32)) -> Option<usize> {
    let mut starts = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
    let start = match line {
        1 => 0,
        line => starts.nth(line as usize - 2)?,
    };
    let line = text[start..].split('\n').next()?;
    let mut chars = line.char_indices().map(|(at, _)| start + at);
    chars.nth(column as usize - 1)
}

/// Counts the bytes of the word, or the string, that a text begins with.
fn word(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let is_end = |c: char| c.is_whitespace() || "\"'`<>()".contains(c);
    let end = match text.chars().next() {
        Some(mark @ ('"' | '\'' | '`')) => {
            let line = text.lines().next().unwrap_or_default();
            line[1..].find(mark).map(|end| end + 2)
        }
        _ => text.find(is_end),
    };
    end.unwrap_or(first).max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line and a column lead back to the offset and the word there.
    #[test]
    fn places_convert_back_to_offsets() {
        let text = "a\nbé <img src='x y.png'>\n";
        for (place, what) in [
            ((1, 1), "a"),
            ((2, 2), "é"),
            ((2, 13), "'x y.png'"),
            ((2, 14), "x"),
            ((2, 5), "img"),
            ((2, 4), "<"),
        ] {
            let at = offset(text, place).expect("it's there");
            assert_eq!(&text[at..at + word(&text[at..])], what, "{place:?}");
        }
        assert_eq!(offset(text, (2, 40)), None);
        assert_eq!(offset(text, (9, 1)), None);
    }
}
