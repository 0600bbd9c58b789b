//! Finds keys, tokens and credentials in the files to be published. It uses the rules of gitleaks
//! (<https://github.com/gitleaks/gitleaks>, MIT; `credentials/gitleaks.toml` is its unchanged
//! `config/gitleaks.toml`) and further rules of the same form (`credentials/more.toml`). It reports
//! where something is and what it seems to be, never its text.
//!
//! Unlike gitleaks: a file's path excuses nothing (see `rules`), nothing is decoded, some rules are
//! off, and a comment `gitleaks:allow` has no effect. That comment is for the readers of a
//! repository, and the files here are for the public.

mod reach;
mod rules;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use reach::Reach;
use rules::{Rule, Rules};

static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

/// Something that looks like a secret. Doesn't hold the secret, so that no log does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credential {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Column where the first match of this kind begins on the line, from 1, in characters. Bytes
    /// that aren't UTF-8 count too.
    pub column: usize,
    /// The id of gitleaks' rule: `aws-access-token`.
    pub rule: &'static str,
    /// Description by gitleaks, a sentence.
    pub description: &'static str,
}

impl Credential {
    /// Says whether it's a key in PEM, of any kind.
    pub(crate) fn is_private_key(&self) -> bool {
        self.rule == "private-key"
    }
}

/// Looks for credentials in a file. Several of one kind on one line are reported once; sorted by
/// line.
pub fn find(text: &[u8], file_name: &str) -> Vec<Credential> {
    let secrets = Search::new(&RULES, text, file_name).run();
    let kind = |rule: &'static Rule| (rule.id.as_str(), rule.description.as_str());
    let found = secrets.iter().map(|secret| (secret.at, kind(secret.rule)));
    let credential = |(line, column, (rule, description))| Credential {
        line,
        column,
        rule,
        description,
    };
    let placed = placed(text, found.collect());
    let mut credentials: Vec<Credential> = placed.into_iter().map(credential).collect();
    // Two rules may have one id.
    credentials.dedup_by_key(|found| (found.line, found.rule));
    leave_out_vague(&mut credentials);
    credentials
}

/// Leaves out what a vague rule says of a line where another one knows better.
fn leave_out_vague(credentials: &mut Vec<Credential>) {
    let is_vague = |found: &Credential| found.rule == VAGUE;
    let known = credentials.iter().filter(|found| !is_vague(found));
    let known: HashSet<usize> = known.map(|found| found.line).collect();
    credentials.retain(|found| !is_vague(found) || !known.contains(&found.line));
}

/// Knows a secret by what it's called alone.
const VAGUE: &str = "oauth-client-secret";

/// Line and column, from 1, of what begins at these bytes of `text`: once for each line and kind,
/// the first one; by line, then kind.
pub(crate) fn placed<K: Ord + Copy>(
    text: &[u8],
    mut found: Vec<(usize, K)>,
) -> Vec<(usize, usize, K)> {
    found.sort_unstable();
    let (mut line, mut line_start, mut counted) = (1, 0, 0);
    let mut placed: Vec<(usize, Range<usize>, K)> = Vec::with_capacity(found.len());
    for (at, kind) in found {
        for newline in memchr::memchr_iter(b'\n', &text[counted..at]) {
            line += 1;
            line_start = counted + newline + 1;
        }
        counted = at;
        placed.push((line, line_start..at, kind));
    }
    placed.sort_by_key(|(line, _, kind)| (*line, *kind));
    placed.dedup_by_key(|(line, _, kind)| (*line, *kind));
    let column =
        |(line, before, kind): (usize, Range<usize>, K)| (line, columns(&text[before]) + 1, kind);
    placed.into_iter().map(column).collect()
}

/// Counts the characters of `text`, as lossy decoders count them where it isn't UTF-8.
fn columns(text: &[u8]) -> usize {
    let chunks = text.utf8_chunks();
    chunks
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

/// A secret that a rule found.
struct Secret {
    at: usize,
    rule: &'static Rule,
}

/// Work that remains for a rule.
#[derive(Clone)]
enum Pending {
    /// None of its keywords was met.
    Nothing,
    /// It isn't for this file.
    Barred,
    /// To be matched here.
    Window(Range<usize>),
    /// To be matched everywhere.
    Everything,
}

/// A file that is being searched.
struct Search<'t> {
    rules: &'static Rules,
    text: &'t [u8],
    file_name: &'t str,
    /// For each rule.
    pending: Vec<Pending>,
    secrets: Vec<Secret>,
}

impl<'t> Search<'t> {
    fn new(rules: &'static Rules, text: &'t [u8], file_name: &'t str) -> Search<'t> {
        let pending = vec![Pending::Nothing; rules.rules.len()];
        Search {
            rules,
            text,
            file_name,
            pending,
            secrets: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Secret> {
        let rules = self.rules;
        rules.keywords.each(self.text, |keyword, hit| {
            for &rule in &rules.by_keyword[keyword] {
                self.meet(rule, hit.clone());
            }
        });
        for &rule in &rules.without_keywords {
            self.meet(rule, 0..self.text.len());
        }
        for rule in 0..self.pending.len() {
            match std::mem::replace(&mut self.pending[rule], Pending::Nothing) {
                Pending::Nothing | Pending::Barred => {}
                Pending::Window(window) => self.search(rule, window),
                Pending::Everything => self.search(rule, 0..self.text.len()),
            }
        }
        self.secrets
    }

    /// Takes note of a rule's keyword. Windows that touch become one, so that a match is neither
    /// missed nor found twice.
    fn meet(&mut self, rule: usize, hit: Range<usize>) {
        let pending = &mut self.pending[rule];
        if let Pending::Nothing = pending {
            *pending = self.rules.rules[rule].begin(self.file_name, hit, self.text.len());
            return;
        }
        let (Pending::Window(window), Reach::Within(reach)) =
            (pending, self.rules.rules[rule].matcher().reach)
        else {
            return;
        };
        let next = around(hit, reach, self.text.len());
        if next.start <= window.end {
            window.end = next.end;
            return;
        }
        let window = std::mem::replace(window, next);
        self.search(rule, window);
    }

    fn search(&mut self, rule: usize, window: Range<usize>) {
        let rule = &self.rules.rules[rule];
        let Some(regex) = &rule.matcher().regex else {
            // It's about the file's name, which has been looked at.
            self.secrets.push(Secret { at: 0, rule });
            return;
        };
        // What stands before the window counts for `\b`, so it's the start that moves, not the
        // slice.
        let (text, mut at) = (&self.text[..window.end], window.start);
        while let Some(place) = rule.find_at(regex, text, at) {
            if self
                .rules
                .is_serious(rule, self.text, &place, self.file_name)
            {
                self.secrets.push(Secret {
                    at: place.secret.start,
                    rule,
                });
            }
            at = place.whole.end.max(place.whole.start + 1);
            if at > text.len() {
                return;
            }
        }
    }
}

impl Rule {
    /// Returns the work to do when the rule's first keyword is found.
    fn begin(&self, file_name: &str, hit: Range<usize>, len: usize) -> Pending {
        match (self.is_for(file_name), self.matcher().reach) {
            (false, _) => Pending::Barred,
            (true, Reach::Everywhere) => Pending::Everything,
            (true, Reach::Within(reach)) => Pending::Window(around(hit, reach, len)),
        }
    }
}

/// Returns the range of all matches that contain this keyword, plus one byte, so that `\b` and `$`
/// don't take the end of the range for the end of the text.
fn around(hit: Range<usize>, reach: usize, len: usize) -> Range<usize> {
    hit.end.saturating_sub(reach)..(hit.start + reach + 1).min(len)
}

#[cfg(test)]
mod tests;
