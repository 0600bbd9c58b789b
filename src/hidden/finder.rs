//! Finds names of hidden files in a text, in every spelling that a message may have.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::{File, Noted};
use crate::base::path::url_path;
use crate::base::problem::SHOWN_BY;
use crate::base::text::escape;

/// Finds all names of hidden files in a text, in one pass.
#[derive(Debug)]
pub(super) struct Finder {
    names: AhoCorasick,
    /// For each name, what it's shown as: by its case, where several differ in that alone.
    labels: Vec<Vec<Label>>,
}

#[derive(Debug)]
struct Label {
    spelling: String,
    text: Arc<str>,
    before: Before,
    behind: Behind,
}

/// Condition on the text before a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    NoWord,
    /// A file of the same name that anybody may know is in other folders.
    NoWordAndNoFolder,
}

/// Condition on the text after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    NoWord,
    /// The folder would be a common word otherwise.
    Slash,
}

impl Finder {
    pub(super) fn of(noted: &Noted) -> Finder {
        let mut names = Names::default();
        let labels = noted.labels();
        names.add_files(noted, &labels);
        names.add_folders(noted, &labels);
        names.finder()
    }

    pub(super) fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut shown = String::new();
        let (mut at, mut told) = (0, 0);
        while let Some(found) = self.names.find(Input::new(text).range(at..)) {
            let label = self.label(found.pattern().as_usize(), &text[found.range()]);
            if !label.is_meant(&text[..found.start()], &text[found.end()..]) {
                at = text.ceil_char_boundary(found.start() + 1);
                continue;
            }
            let name = found.range();
            let (whole, instead) = match (in_rule(text, name.clone()), in_command(text, &name)) {
                (Some(value), _) => (value, format!("(the path of {}: {SHOWN_BY})", label.text)),
                (None, Some(rest)) => (rest, format!("…` (for the full command, {SHOWN_BY})")),
                (None, None) => with_place(text, name, &label.text),
            };
            shown += &text[told..whole.start];
            shown += &instead;
            (at, told) = (whole.end, whole.end);
        }
        match told {
            0 => Cow::Borrowed(text),
            _ => Cow::Owned(shown + &text[told..]),
        }
    }

    fn label(&self, name: usize, found: &str) -> &Label {
        let labels = &self.labels[name];
        let exact = labels.iter().find(|label| label.spelling == found);
        exact.unwrap_or(&labels[0])
    }
}

/// Returns a name with the line and the column behind it, if there are any, and what is shown
/// instead. Behind a label, `:3:14` would be read as a part of it.
fn with_place(text: &str, name: Range<usize>, label: &str) -> (Range<usize>, String) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let number = |at: usize| {
        let behind = text[at..].strip_prefix(':')?;
        let end = digits(behind);
        (end > 0).then(|| (at + 1 + end, &behind[..end]))
    };
    let place = number(name.end).and_then(|(end, line)| Some((line, number(end)?)));
    match place {
        Some((line, (end, column))) => (
            name.start..end,
            format!("{label}, line {line}, column {column}"),
        ),
        None => (name, label.to_string()),
    }
}

/// Returns where the string is that a name begins, with its quotes, if it's a value in a line for
/// the configuration: with something else than the path, the line does nothing.
fn in_rule(text: &str, name: Range<usize>) -> Option<Range<usize>> {
    let mut before = &text[..name.start];
    let quote = before
        .chars()
        .next_back()
        .filter(|c| matches!(c, '"' | '\''))?;
    before = &before[..before.len() - 1];
    // As JSON has it.
    let unescaped = before.strip_suffix('\\');
    let close = match unescaped {
        Some(_) => format!("\\{quote}"),
        None => quote.to_string(),
    };
    before = unescaped.unwrap_or(before);
    let is_value = [" = ", " = [", "\", ", "', "]
        .iter()
        .any(|begin| before.ends_with(begin));
    let line = text[name.end..].lines().next().unwrap_or("");
    let end = line.find(&close).filter(|_| is_value)?;
    Some(before.len()..name.end + end + close.len())
}

/// Returns the rest of the command that a name is in, up to and with the backtick that ends it:
/// with something else than the path, it does nothing.
fn in_command(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let line = text[..name.start].rfind('\n').map_or(0, |end| end + 1);
    let mut ticks = text[line..name.start]
        .match_indices('`')
        .map(|(at, _)| line + at);
    let (mut opened, mut is_open) = (0, false);
    for at in &mut ticks {
        (opened, is_open) = (at, !is_open);
    }
    let command = &text[opened..name.start];
    let begins_there = command
        .rfind([' ', '='])
        .map_or(name.start, |space| opened + space + 1);
    let end = text[name.end..].find(['`', '\n'])?;
    let is_command =
        is_open && command.starts_with("`assetsync ") && text[name.end + end..].starts_with('`');
    is_command.then_some(begins_there..name.end + end + 1)
}

impl Label {
    fn is_meant(&self, before: &str, behind: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let (before, behind) = (
            without_colour(before).chars().next_back(),
            behind.chars().next(),
        );
        let begins = match self.before {
            Before::NoWord => !before.is_some_and(is_word),
            Before::NoWordAndNoFolder => !before.is_some_and(|c| is_word(c) || c == '/'),
        };
        let ends = match self.behind {
            Behind::NoWord => !behind.is_some_and(is_word),
            Behind::Slash => behind == Some('/'),
        };
        begins && ends
    }
}

/// Returns the text before a name without the code of a colour at its end, which ends in a letter.
fn without_colour(before: &str) -> &str {
    let code = before
        .strip_suffix('m')
        .map(|code| code.trim_end_matches(|c: char| c.is_ascii_digit() || c == ';'));
    code.and_then(|code| code.strip_suffix("\u{1b}["))
        .unwrap_or(before)
}

/// All spellings of names, each once: the first that is added counts.
#[derive(Default)]
struct Names {
    /// By their lower case.
    known: HashMap<String, usize>,
    labels: Vec<Vec<Label>>,
}

impl Names {
    /// Adds hidden files by all that they are called.
    fn add_files(&mut self, noted: &Noted, labels: &[(&str, &File, String)]) {
        let shown: HashSet<&str> = noted.shown.iter().map(|path| file_name(path)).collect();
        for (path, file, label) in labels {
            let label: Arc<str> = label.as_str().into();
            for name in file.names.iter().map(String::as_str).chain([*path]) {
                let before = if name.contains('/') || !shown.contains(name) {
                    Before::NoWord
                } else {
                    Before::NoWordAndNoFolder
                };
                self.add(name, &label, before, Behind::NoWord);
            }
            let bare = file_name(path);
            if bare.contains('.') && !shown.contains(bare) {
                self.add(bare, &label, Before::NoWord, Behind::NoWord);
            }
        }
    }

    /// Adds folders that have no file which anybody may know of.
    fn add_folders(&mut self, noted: &Noted, labels: &[(&str, &File, String)]) {
        let shown: HashSet<&str> = noted.shown.iter().flat_map(|path| folders(path)).collect();
        let mut hidden: BTreeMap<&str, &str> = BTreeMap::new();
        for (path, file, _) in labels {
            let own = folders(path).filter(|folder| !shown.contains(folder));
            hidden.extend(own.map(|folder| (folder, file.level.as_str())));
        }
        let count = hidden.len();
        for (place, (folder, level)) in hidden.into_iter().enumerate() {
            let label: Arc<str> = format!("{level} folder {} of {count}", place + 1).into();
            let behind = if folder.contains('/') {
                Behind::NoWord
            } else {
                Behind::Slash
            };
            self.add(folder, &label, Before::NoWord, behind);
        }
    }

    fn add(&mut self, name: &str, label: &Arc<str>, before: Before, behind: Behind) {
        for spelling in spellings(name) {
            let labels = &mut self.labels;
            let known = self.known.entry(spelling.to_ascii_lowercase());
            let at = *known.or_insert_with(|| {
                labels.push(Vec::new());
                labels.len() - 1
            });
            let alike = &mut labels[at];
            if alike.iter().all(|other| other.spelling != spelling) {
                alike.push(Label {
                    spelling,
                    text: Arc::clone(label),
                    before,
                    behind,
                });
            }
        }
    }

    fn finder(self) -> Finder {
        let spellings = self.labels.iter().map(|labels| &labels[0].spelling);
        let names = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(spellings);
        Finder {
            names: names.expect("names of files are shorter than an automaton may be"),
            labels: self.labels,
        }
    }
}

/// Returns how messages, JSON and URLs write a name.
fn spellings(name: &str) -> Vec<String> {
    let in_json = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_string()
    };
    let escaped = escape(name);
    let mut spellings = vec![name.to_string()];
    // Most names have only letters that are never escaped.
    let is_simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.' | '_' | '~');
    if !name.chars().all(is_simple) {
        spellings.extend([
            in_json(name),
            in_json(&escaped),
            escaped,
            name.escape_debug().to_string(),
            in_json(&name.escape_debug().to_string()),
            url_path(name),
            // As rules have it.
            globset::escape(name),
            in_json(&globset::escape(name)),
        ]);
        spellings.dedup();
    }
    spellings
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns all folders that a path is in, without their last slash.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}
