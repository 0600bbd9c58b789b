//! Words of names, and which of them mean a level: its own name in all its forms, and what
//! everybody calls a solution. Pure.

use std::collections::HashMap;
use std::ops::Range;

use super::Level;

/// Names that mean the same: who has a level for one of them hides the others too.
const SYNONYMS: [&str; 4] = ["solution", "answer", "soln", "spoiler"];

/// A shorter name means a level in no other form than its own, in letters.
const WORD_MIN: usize = 3;

/// A shorter word has no plural.
const PLURAL_MIN: usize = 4;

/// In shorter words, a slip makes another word; in shorter ones than the second, if it's at their
/// beginning or end.
const SLIP_MIN: usize = 6;
const SLIP_ANYWHERE_MIN: usize = 7;

/// Longer words aren't looked at, in bytes: no level is called so.
const WORD_MAX: usize = 64;

/// Largest number of words in a file's name that together are one level's name: `post-hunt`.
const RUN_MAX: usize = 4;

/// Resemblance of a word to a level's name; the most certain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// It's the level's name, in some case, number or hyphenation.
    Name,
    /// It's another word for it.
    Synonym,
    /// It's the name but for a letter.
    Slip,
}

/// Words by which levels are recognized.
#[derive(Debug, Default)]
pub(super) struct Marks {
    marks: Vec<Mark>,
    /// By their letters, and by their letters without any one of them.
    by_letters: HashMap<String, Vec<usize>>,
    /// Length of the longest of them, in bytes.
    longest: usize,
    /// Levels that have a synonym, with the words of their patterns.
    with_synonym: Vec<(usize, Vec<String>)>,
}

#[derive(Debug)]
struct Mark {
    word: Word,
    /// None: any level that has a synonym.
    level: Option<usize>,
}

/// A word without what makes no difference: in lower case, as one of several.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Word {
    letters: String,
    digits: String,
}

/// A word that means a level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meant {
    pub likeness: Likeness,
    /// Its place among the levels.
    pub level: usize,
    /// Place of the word in the name.
    pub at: (usize, usize),
}

impl Marks {
    /// Works out what means each of `levels`.
    pub(super) fn of(levels: &[Level]) -> Marks {
        let mut marks = Marks::default();
        for (place, level) in levels.iter().enumerate() {
            let literal = literal_parts(level.main_pattern());
            if is_marked_by_name(&level.name, &literal) {
                marks.add(Word::of(&level.name), Some(place));
            }
            if let [only] = literal.as_slice() {
                marks.add(Word::of(only), Some(place));
            }
            let words = literal.iter().flat_map(|part| words_in(part));
            let words: Vec<String> = words.map(|word| word.letters).collect();
            if has_synonym(&level.name, &words) {
                marks.with_synonym.push((place, words));
            }
        }
        if !marks.with_synonym.is_empty() {
            for synonym in SYNONYMS {
                marks.add(Word::of(synonym), None);
            }
        }
        marks
    }

    fn add(&mut self, word: Word, level: Option<usize>) {
        if word.letters.chars().count() < WORD_MIN || word.letters.len() > WORD_MAX {
            return;
        }
        self.longest = self.longest.max(word.letters.len());
        let place = self.marks.len();
        for letters in keys(&word.letters) {
            self.by_letters.entry(letters).or_default().push(place);
        }
        self.marks.push(Mark { word, level });
    }

    /// Returns what means a level in `name`, a part of `path`: the surest, and the first of these.
    pub(super) fn find(&self, name: &str, path: &str) -> Option<Meant> {
        let words = words(name);
        let mut found: Vec<Meant> = Vec::new();
        for first in 0..words.len() {
            for last in first..words.len().min(first + RUN_MAX) {
                let span = words[first].start..words[last].end;
                let run: String = words[first..=last]
                    .iter()
                    .map(|w| &name[w.clone()])
                    .collect();
                let Some((likeness, level)) = self.meaning(&Word::of(&run), path) else {
                    continue;
                };
                let at = (span.start, span.end);
                found.push(Meant {
                    likeness,
                    level,
                    at,
                });
            }
        }
        found
            .into_iter()
            .min_by_key(|meant| (meant.likeness, meant.at.0))
    }

    fn meaning(&self, word: &Word, path: &str) -> Option<(Likeness, usize)> {
        // A slip adds one character.
        if word.letters.len() > self.longest + 4 {
            return None;
        }
        let keys = keys(&word.letters);
        let near = keys.iter().filter_map(|key| self.by_letters.get(key));
        let meanings = near.flatten().filter_map(|place| {
            let Mark { word: mark, level } = &self.marks[*place];
            let likeness = match (mark == word, level) {
                (true, Some(_)) => Likeness::Name,
                (true, None) => Likeness::Synonym,
                (false, _) if is_slip(mark, word) => Likeness::Slip,
                (false, _) => return None,
            };
            Some((likeness, *level))
        });
        // Levels by name before any.
        let (likeness, level) =
            meanings.min_by_key(|(how, level)| (*how, level.is_none(), *level))?;
        let level = level.or_else(|| self.nearest_with_synonym(path))?;
        Some((likeness, level))
    }

    /// Returns the level whose pattern has most words of a path: each puzzle may have one of its
    /// own.
    fn nearest_with_synonym(&self, path: &str) -> Option<usize> {
        /// A tree with more levels than this gets the first.
        const LEVELS_MAX: usize = 1000;
        let parts = path.split('/').flat_map(words_in);
        let parts: Vec<String> = parts.map(|word| word.letters).collect();
        let levels = self.with_synonym.iter().take(LEVELS_MAX);
        let shared = |words: &[String]| words.iter().filter(|word| parts.contains(word)).count();
        let levels = levels.rev().map(|(level, words)| (shared(words), *level));
        // Of equals, the last one counts: the first level.
        levels
            .max_by_key(|(shared, _)| *shared)
            .map(|(_, level)| level)
    }
}

/// Says whether a level is called by one of the synonyms, or its pattern has one among its words.
fn has_synonym(name: &str, words: &[String]) -> bool {
    let own = words_in(name).into_iter();
    own.map(|word| word.letters).any(|word| is_synonym(&word))
        || words.iter().any(|word| is_synonym(word))
}

fn is_synonym(letters: &str) -> bool {
    SYNONYMS.contains(&letters)
}

/// Says whether a level's name tells its files from others: `gears` is no sign of a solution in
/// `puzzle/gears/solution/**`, nor in `solution/gears/**`, as the puzzle is called so too.
fn is_marked_by_name(name: &str, literal: &[String]) -> bool {
    let name = Word::of(name);
    let has_name = |part: &String| part_has(part, &name);
    let Some((last, before)) = literal.split_last() else {
        return true;
    };
    if !has_name(last) {
        return !before.iter().any(has_name);
    }
    let other = |part: &String| words_in(part).iter().any(|word| is_synonym(&word.letters));
    !before.iter().any(other)
}

fn part_has(part: &str, name: &Word) -> bool {
    let words = words(part);
    (0..words.len()).any(|first| {
        (first..words.len().min(first + RUN_MAX)).any(|last| {
            let run: String = words[first..=last]
                .iter()
                .map(|w| &part[w.clone()])
                .collect();
            Word::of(&run) == *name
        })
    })
}

/// Returns the parts of a pattern that have letters, without what is a wildcard in them.
fn literal_parts(pattern: &str) -> Vec<String> {
    let parts = pattern.split(['/', '{', '}', ',']);
    let parts = parts.filter(|part| part.chars().any(char::is_alphabetic));
    let literal = |part: &str| part.replace(['*', '?', '[', ']', '!', '\\'], " ");
    let mut parts: Vec<String> = parts.map(literal).collect();
    // The type says nothing: `**/solution/*.html`.
    if let Some(last) = parts.last_mut() {
        if let Some((stem, _)) = last.rsplit_once('.') {
            *last = stem.to_string();
        }
        if !last.chars().any(char::is_alphabetic) {
            parts.pop();
        }
    }
    parts
}

fn words_in(text: &str) -> Vec<Word> {
    words(text)
        .into_iter()
        .map(|word| Word::of(&text[word]))
        .collect()
}

/// Returns where the words of a name are: it's cut at what is no letter, before an upper-case
/// letter that follows a lower-case one or begins a word in capitals, and between letters and
/// digits.
pub(super) fn words(name: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = name.char_indices().collect();
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut start: Option<usize> = None;
    for (place, (at, c)) in chars.iter().copied().enumerate() {
        if !c.is_alphanumeric() && !is_mark(c) {
            words.extend(start.take().map(|start| start..at));
            continue;
        }
        let before = place.checked_sub(1).map(|place| chars[place].1);
        let next = chars.get(place + 1).map(|(_, c)| *c);
        if let (Some(from), Some(before)) = (start, before)
            && is_cut(before, c, next)
        {
            words.push(from..at);
            start = Some(at);
        }
        start = start.or(Some(at));
    }
    words.extend(start.map(|start| start..name.len()));
    words
}

/// Says whether a character belongs to the letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn is_cut(before: char, c: char, next: Option<char>) -> bool {
    let is_next_small = next.is_some_and(char::is_lowercase);
    before.is_lowercase() && c.is_uppercase()
        || before.is_uppercase() && c.is_uppercase() && is_next_small
        || before.is_numeric() != c.is_numeric() && !is_mark(c)
}

impl Word {
    fn of(text: &str) -> Word {
        let text = crate::base::path::folded(text);
        let letters: String = text
            .chars()
            .filter(|c| c.is_alphabetic() || is_mark(*c))
            .collect();
        Word {
            letters: singular(&letters),
            digits: text.chars().filter(|c| c.is_numeric()).collect(),
        }
    }
}

fn singular(word: &str) -> String {
    let endings = [
        ("ies", "y"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("ss", "ss"),
        ("s", ""),
    ];
    let shorter = endings
        .iter()
        .find_map(|(ending, instead)| Some(word.strip_suffix(ending)?.to_string() + instead));
    match shorter {
        Some(shorter) if shorter.chars().count() >= PLURAL_MIN => shorter,
        _ => word.to_string(),
    }
}

/// Says whether one word is the other but for a letter that is wrong, missing or too many, or two
/// that changed places.
fn is_slip(mark: &Word, word: &Word) -> bool {
    let (a, b) = (&mark.letters, &word.letters);
    let length = a.chars().count();
    let is_inside = a.chars().next() == b.chars().next() && a.chars().last() == b.chars().last();
    mark.digits == word.digits
        && length >= SLIP_MIN
        && (length >= SLIP_ANYWHERE_MIN || is_inside)
        && strsim::osa_distance(a, b) == 1
}

/// Returns the letters, and if they are long enough for a slip, what they are without any one of
/// them: two words with a slip between them share one of these.
fn keys(letters: &str) -> Vec<String> {
    let mut keys = vec![letters.to_string()];
    if letters.chars().count() + 1 >= SLIP_MIN {
        let shorter = letters.char_indices().map(|(at, c)| {
            let (before, behind) = letters.split_at(at);
            before.to_string() + &behind[c.len_utf8()..]
        });
        keys.extend(shorter);
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests;
