//! Ignore files: which paths they leave out, and the lines by which they leave out one more.

use std::collections::HashMap;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{IGNORE_FILE, Source};
use crate::base::disk::bounded;
use crate::base::glob::check_bounds;
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::base::text::{ANY_ODD_BYTE, escape, plain_words, shortened};

/// The largest such file, in bytes.
const IGNORE_BYTES_MAX: usize = 1 << 20;

/// The ignore files of the folders walked so far.
#[derive(Default)]
pub(super) struct Ignores {
    by_folder: HashMap<PathBuf, Gitignore>,
}

/// Decision of an ignore file about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ignored,
    /// By a line that begins with `!`.
    Kept,
}

impl Ignores {
    /// Reads the ignore file of `folder`, if there is one. Lines that can't be read are reported
    /// one by one.
    pub(super) fn read(&mut self, folder: &Path) -> Vec<Problem> {
        let file = folder.join(IGNORE_FILE);
        if !file.is_file() {
            return Vec::new();
        }
        let text = match bounded::text(&file, IGNORE_BYTES_MAX) {
            Ok(text) => text,
            Err(bad) => return vec![bad.problem(&file)],
        };
        let mut builder = GitignoreBuilder::new(folder);
        let mut problems = add_lines(&mut builder, &file, &text);
        match builder.build() {
            Ok(built) => drop(self.by_folder.insert(folder.to_path_buf(), built)),
            Err(_) => {
                let message = "its patterns are too complex combined; use fewer or simpler ones";
                let problem = Problem::new(file.display(), message);
                problems.push(problem.kind(ProblemKind::IgnoreFile));
            }
        }
        problems
    }

    /// Checks whether a path is ignored: the nearest ignore file that has a matching line decides,
    /// as in git.
    pub(super) fn ignores(&self, root: &Path, path: &Path, is_dir: bool) -> bool {
        self.verdict(root, path, is_dir) == Some(Verdict::Ignored)
    }

    /// Checks whether a line such as `!map.old.html` is about this very file, and not about
    /// `unmarked` as well.
    pub(super) fn mean(&self, root: &Path, path: &Path, unmarked: &Path) -> bool {
        self.verdict(root, path, false) == Some(Verdict::Kept)
            && self.verdict(root, unmarked, false) != Some(Verdict::Kept)
    }

    fn verdict(&self, root: &Path, path: &Path, is_dir: bool) -> Option<Verdict> {
        if self.by_folder.is_empty() {
            return None;
        }
        let folders = path
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(root));
        let matched =
            folders.filter_map(
                |folder| match self.by_folder.get(folder)?.matched(path, is_dir) {
                    Match::Ignore(_) => Some(Verdict::Ignored),
                    Match::Whitelist(_) => Some(Verdict::Kept),
                    Match::None => None,
                },
            );
        matched.into_iter().next()
    }
}

/// Adds all lines of an ignore file that can be used. Returns what is wrong with the others.
fn add_lines(builder: &mut GitignoreBuilder, file: &Path, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if let Err(why) = add_line(builder, file, line) {
            let problem = Problem::at(file.display(), (number, 1), why);
            let problem = problem.unquoted("has an invalid pattern", "");
            problems.push(problem.kind(ProblemKind::IgnoreFile));
        }
    }
    problems
}

/// Adds a line of an ignore file, if it can be used.
fn add_line(builder: &mut GitignoreBuilder, file: &Path, line: &str) -> Result<(), String> {
    if line.starts_with('#') {
        return Ok(());
    }
    let shown = shortened(line);
    check_bounds(line).map_err(|why| format!("`{shown}` {why}"))?;
    match builder.add_line(Some(file.to_path_buf()), line) {
        Ok(_) => Ok(()),
        Err(ignore::Error::Glob { err, .. }) => Err(format!("`{shown}` isn't a glob: {err}")),
        Err(other) => Err(plain_words(other.to_string())),
    }
}

impl Addition {
    /// Returns the line that ignores the path `below` in a source.
    pub(super) fn new(source: &Source, below: &Path, is_folder: bool) -> Addition {
        Addition {
            file: escape(&source.dir.join(IGNORE_FILE).display().to_string()),
            lines: ignore_line(below, is_folder),
        }
    }
}

/// The pattern that is about this path alone, as gitignore has it: what can't be typed or seen is
/// `[! -~]`, any one byte that isn't printable ASCII.
fn ignore_line(path: &Path, is_folder: bool) -> String {
    let mut line = String::from("/");
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                MAIN_SEPARATOR => line.push('/'),
                '\\' | '*' | '?' | '[' | ']' | '{' | '}' => line.extend(['\\', c]),
                ' ' => line.push(c),
                c if is_unseen(c) => line.push_str(&ANY_ODD_BYTE.repeat(c.len_utf8())),
                c => line.push(c),
            }
        }
        line.push_str(&ANY_ODD_BYTE.repeat(chunk.invalid().len()));
    }
    if is_folder {
        line.push('/');
    } else if line.ends_with(' ') {
        line.insert(line.len() - 1, '\\');
    }
    line
}

/// Checks whether people may get another character if they copy `c` from a screen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || escape(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8()
        || unicode_normalization::char::is_combining_mark(c)
}
