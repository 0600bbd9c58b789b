//! Excerpts of lines below messages: shortened, without secrets, and with a caret below the marked
//! part. Pure.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::base::mask::{masked_line, masked_setting};
use crate::base::text::{escape, line_and_column};

/// Maximum length of an excerpt, in characters, and of its part before the place.
const SHOWN_CHARS: usize = 100;
const SHOWN_CHARS_BEFORE: usize = 40;

/// Maximum length that is read on each side of the place, in bytes: a minified file is a single
/// line.
const NEAR_BYTES: usize = 1024;

/// A line of a file, as it's shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excerpt {
    /// Counted from 1.
    line: usize,
    text: String,
    /// Begin and end of what is meant in it, in bytes.
    meant: (usize, usize),
}

impl Excerpt {
    /// The line of a document in which `meant` begins; none if nothing is there.
    pub(crate) fn of_document(text: &str, meant: Range<usize>) -> Option<Excerpt> {
        Excerpt::of(text, meant, masked_line)
    }

    /// The same of a file of settings.
    pub(crate) fn of_settings(text: &str, meant: Range<usize>) -> Option<Excerpt> {
        let before = &text[..text.floor_char_boundary(meant.start)];
        let before = &before[..line_start(before)];
        // Inside a text of several lines, nothing tells what they are.
        let is_open = |mark: &str| before.matches(mark).count() % 2 == 1;
        if is_open("\"\"\"") || is_open("'''") {
            None
        } else {
            Excerpt::of(text, meant, masked_setting)
        }
    }

    fn of(text: &str, meant: Range<usize>, mask: fn(&str) -> String) -> Option<Excerpt> {
        let at = text.floor_char_boundary(meant.start);
        let start = line_start(&text[..at]);
        let line = text[start..].split('\n').next().unwrap_or_default();
        let line = line.trim_end_matches('\r');
        let meant = (at - start).min(line.len())..meant.end.saturating_sub(start);
        Excerpt::of_line(line, line_and_column(text, start).0, meant, mask)
    }

    /// The line of this number, which is none if it's blank.
    fn of_line(
        line: &str,
        number: usize,
        meant: Range<usize>,
        mask: fn(&str) -> String,
    ) -> Option<Excerpt> {
        let end = meant.end.clamp(meant.start, line.len());
        let meant = meant.start..line.ceil_char_boundary(end);
        let near = line.floor_char_boundary(meant.start.saturating_sub(NEAR_BYTES))
            ..line.ceil_char_boundary(meant.start.saturating_add(NEAR_BYTES));
        let meant = meant.start - near.start..meant.end.min(near.end) - near.start;
        let (is_begin, is_end) = (near.start == 0, near.end == line.len());
        let (text, meant) = changed(&line[near], meant, mask);
        let (text, meant) = shown(&text, meant, is_begin, is_end);
        let is_blank = text.trim().is_empty();
        (!is_blank).then_some(Excerpt {
            line: number,
            text,
            meant: (meant.start, meant.end),
        })
    }

    /// As much of a line as is looked at for what stands at a byte of it.
    pub(crate) fn near(text: &str, at: usize) -> &str {
        let start = line_start(&text[..at]).max(at.saturating_sub(NEAR_BYTES));
        let near = text.floor_char_boundary(start)..text.ceil_char_boundary(at + NEAR_BYTES);
        &text[near]
    }

    /// Renders the line with its number, and carets below the marked part. It has colours, which
    /// the caller may remove.
    pub fn render(&self) -> String {
        let (start, end) = self.meant;
        let meant = AnnotationKind::Primary.span(start..end);
        let line = Snippet::source(self.text.as_str())
            .line_start(self.line)
            .annotation(meant);
        let group = Group::with_level(Level::ERROR).element(line);
        Renderer::styled().render(&[group])
    }
}

/// Returns where the last line of `text` begins.
fn line_start(text: &str) -> usize {
    text.rfind('\n').map_or(0, |newline| newline + 1)
}

/// A line that is changed by `change`, and where in it stands what is meant. What stands before it
/// is changed by itself, too, to see how long that becomes: of what is changed at that very place,
/// the beginning is meant.
fn changed(line: &str, meant: Range<usize>, change: fn(&str) -> String) -> (String, Range<usize>) {
    let text = change(line);
    let start = alike(text.chars(), change(&line[..meant.start]).chars());
    let behind = alike(text.chars().rev(), change(&line[meant.end..]).chars().rev());
    let end = (text.len() - behind).max(start);
    (text, start..end)
}

/// Counts the bytes at the beginning of two texts that are alike.
fn alike(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    let pairs = one.zip(other).take_while(|(one, other)| one == other);
    pairs.map(|(one, _)| one.len_utf8()).sum()
}

/// The part of a line that is near to what is meant, escaped. Tabs stay: they become spaces, with
/// the caret where it belongs.
fn shown(line: &str, meant: Range<usize>, is_begin: bool, is_end: bool) -> (String, Range<usize>) {
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let place = chars.partition_point(|(at, _)| *at < meant.start);
    let from = if is_begin && chars.len() <= SHOWN_CHARS {
        0
    } else {
        place.saturating_sub(SHOWN_CHARS_BEFORE)
    };
    let byte = |place: usize| chars.get(place).map_or(line.len(), |(at, _)| *at);
    let (from, to) = (byte(from), byte(from + SHOWN_CHARS));
    let end = meant.end.min(to).max(meant.start);
    let mut text = String::new();
    if from > 0 || !is_begin {
        text.push('…');
    }
    text += &escaped(&line[from..meant.start]);
    let start = text.len();
    text += &escaped(&line[meant.start..end]);
    let meant = start..text.len();
    text += &escaped(&line[end..to]);
    if to < line.len() || !is_end {
        text.push('…');
    }
    (text, meant)
}

fn escaped(text: &str) -> String {
    let parts = text.split('\t').map(escape);
    parts.collect::<Vec<_>>().join("\t")
}

#[cfg(test)]
mod tests;
