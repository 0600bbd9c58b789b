//! Errors and warnings about a tree: the place, the kind, and what helps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::base::excerpt::Excerpt;
use crate::base::glob::Glob;
use crate::base::refusal::name_in_json;
use crate::base::text::{about_odd_bytes, escape};

/// Command that shows the paths of hidden files and their contents.
pub(crate) const SHOWN_BY: &str = "run assetsync diff --show-hidden on your own machine";

/// Maximum number of problems of a kind that are listed unless all are asked for.
const LISTED_MAX: usize = 50;

/// Something about one file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// The file, escaped where its name isn't printable.
    pub path: String,
    /// Line and column in the file, counted from 1.
    pub place: Option<(u32, u32)>,
    /// Description of the problem, often with advice.
    pub message: String,
    /// Decides which advice is given, and which problems are reported together.
    pub kind: ProblemKind,
    /// Cause that it shares with others of its kind, as words that follow "5 references"; empty if
    /// it stands alone.
    pub cause: String,
    /// Lines that mend it.
    pub mended_by: Option<Box<Addition>>,
    /// Message and cause without words of the file, where these repeat any.
    pub unquoted: Option<Box<Unquoted>>,
    /// The line, for some of those that have a place; made when they are told of.
    #[serde(skip)]
    pub excerpt: Option<Box<Excerpt>>,
}

/// Texts about a file for readers who mustn't learn its contents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unquoted {
    /// As [`Problem::message`].
    pub message: String,
    /// As [`Problem::cause`].
    pub cause: String,
}

/// Lines that are to be added to a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Addition {
    /// The file: an ignore file, or the configuration.
    pub file: String,
    /// The lines, without a newline at the end.
    pub lines: String,
}

/// Kinds of problems: what helps against one helps against all of its kind.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// It can't be published, or mustn't.
    #[default]
    Unpublishable,
    /// No target can keep its name.
    Name,
    /// Its name is, for some system, that of another file.
    Twins,
    /// A source can't be read.
    Source,
    /// Two sources have it.
    TwoSources,
    /// A reference in it leads nowhere.
    Reference,
    /// It names what must stay unknown where it's read.
    Hidden,
    /// It may name what must stay unknown where it's read.
    Doubtful,
    /// It has the bytes of a file that must stay unknown where it's read.
    Copy,
    /// Its name can be guessed, and mustn't.
    Guessable,
    /// A reference in it can't be written anew.
    Rewriting,
    /// An ignore file has a mistake.
    IgnoreFile,
    /// It's written to while it's read.
    Changing,
    /// A pattern of the configuration matches nothing.
    UnusedPattern,
    /// A level that is held has no file.
    EmptyLevel,
    /// It's called like the files of a level, and belongs to none.
    Overlooked,
    /// Nothing tells its type.
    Untyped,
    /// It couldn't be looked into.
    Unread,
    /// A URL in it may be meant as a reference, and isn't one.
    LeftAlone,
    /// A string in it names a file that gets another name.
    Mention,
    /// A script builds a path when it runs.
    BuiltPath,
    /// Its metadata is about people.
    Personal,
    /// A bundler named it, or what it names, and it would get another name.
    Bundled,
    /// It's compressed, and its name says that it isn't.
    Packed,
    /// It isn't in the charset that browsers read it in.
    Charset,
    /// A digest in it isn't that of the file.
    Integrity,
    /// A link in it needs a host that shows the page of a folder.
    HostIndex,
    /// A script in it was built for another address than the target's.
    BuiltFor,
}

/// The weight of a warning; the first is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Something works in the tree, and may not once it's published.
    Breaks,
    /// People may learn what they shouldn't know.
    Tells,
    /// It's no worse than before.
    Harmless,
}

/// Warnings that are meant to be, as a configuration says: those of a kind, in all files or in
/// some.
#[derive(Debug, Clone, Default)]
pub struct Meant(Vec<(ProblemKind, Option<Glob>)>);

impl Meant {
    /// Lets all warnings of a kind pass, too.
    pub(crate) fn add(&mut self, kind: ProblemKind) {
        self.0.push((kind, None));
    }

    /// Takes kinds, each with a pattern of logical paths that it's about.
    pub fn new(meant: Vec<(ProblemKind, Option<Glob>)>) -> Meant {
        Meant(meant)
    }

    /// Says whether a warning is meant.
    pub fn has(&self, warning: &Problem) -> bool {
        let is_about = |glob: &Option<Glob>| {
            let mut glob = glob.iter();
            glob.all(|glob| glob.is_match(&warning.path))
        };
        let mut all = self.0.iter();
        all.any(|(kind, glob)| *kind == warning.kind && is_about(glob))
    }
}

impl ProblemKind {
    /// The usual kinds of warnings.
    pub const OF_WARNINGS: [ProblemKind; 13] = [
        ProblemKind::BuiltFor,
        ProblemKind::Doubtful,
        ProblemKind::HostIndex,
        ProblemKind::LeftAlone,
        ProblemKind::Mention,
        ProblemKind::Overlooked,
        ProblemKind::Personal,
        ProblemKind::Reference,
        ProblemKind::Twins,
        ProblemKind::Unpublishable,
        ProblemKind::Unread,
        ProblemKind::Untyped,
        ProblemKind::UnusedPattern,
    ];

    /// Returns the kind of this name.
    pub(crate) fn of(name: &str) -> Option<ProblemKind> {
        serde_json::from_value(name.into()).ok()
    }

    /// Returns its name in JSON and in configurations: `unused-pattern`.
    pub fn name(self) -> String {
        name_in_json(self)
    }

    pub(crate) fn weight(self) -> Weight {
        match self {
            ProblemKind::Mention
            | ProblemKind::LeftAlone
            | ProblemKind::HostIndex
            | ProblemKind::BuiltFor
            | ProblemKind::Bundled
            | ProblemKind::Packed
            | ProblemKind::Charset
            | ProblemKind::Integrity
            | ProblemKind::Rewriting => Weight::Breaks,
            // `Unread`: a place that isn't searched may hold secrets.
            ProblemKind::Unread
            | ProblemKind::Hidden
            | ProblemKind::Doubtful
            | ProblemKind::Copy
            | ProblemKind::Guessable
            | ProblemKind::Overlooked
            | ProblemKind::Personal
            | ProblemKind::UnusedPattern
            | ProblemKind::EmptyLevel => Weight::Tells,
            ProblemKind::Unpublishable
            | ProblemKind::Name
            | ProblemKind::Twins
            | ProblemKind::Source
            | ProblemKind::TwoSources
            | ProblemKind::Reference
            | ProblemKind::IgnoreFile
            | ProblemKind::Changing
            | ProblemKind::Untyped
            | ProblemKind::BuiltPath => Weight::Harmless,
        }
    }

    /// Returns advice; empty if the messages already give it.
    fn hint(self) -> &'static str {
        match self {
            ProblemKind::Unpublishable => {
                "exclude a file with a rule (`publish = false`) or in `.assetsyncignore`"
            }
            ProblemKind::Name => "rename it, or exclude it",
            ProblemKind::Twins => "rename one of them, or exclude one",
            ProblemKind::Source => "check its permissions, and `dir` in the configuration",
            ProblemKind::TwoSources => {
                "exclude the file from one source with an `.assetsyncignore` in that source's folder, or set another `mount` for one `[[source]]`"
            }
            ProblemKind::Reference => {
                "add the missing file, or turn this error into a warning by adding these lines after all other rules"
            }
            ProblemKind::Hidden => {
                "a hidden file must not be named there: remove the reference or name. To allow it, list the hidden file under `may_name` in a rule for the file that names it. If that file is in a level too, you can list the hidden file's level under `knows` in its `[[level]]` instead"
            }
            ProblemKind::Copy => {
                "the copy reveals the hidden file: remove one of the two, or hide the copy too by listing it under `also` in the hidden file's `[[level]]`"
            }
            ProblemKind::Rewriting => "a rule with `rewrite = false` publishes the file unchanged",
            ProblemKind::Bundled => {
                "bundled scripts request files by these names: keep the names by adding these lines after all other rules"
            }
            ProblemKind::Mention => "add these lines after all other rules",
            ProblemKind::Packed => {
                "publish the file uncompressed, since a push compresses it itself, or declare its encoding by adding these lines after all other rules"
            }
            ProblemKind::Charset => {
                "save it in the charset that the error names, or publish it unchanged by adding these lines after all other rules"
            }
            ProblemKind::EmptyLevel => {
                "a push would publish files that this level should keep apart: fix the level's `match`. If no file belongs to it yet, remove the level"
            }
            ProblemKind::Changing => "try again when no program is writing to it",
            ProblemKind::Guessable
            | ProblemKind::Integrity
            | ProblemKind::Doubtful
            | ProblemKind::IgnoreFile
            | ProblemKind::UnusedPattern
            | ProblemKind::Overlooked
            | ProblemKind::Untyped
            | ProblemKind::Unread
            | ProblemKind::LeftAlone
            | ProblemKind::BuiltPath
            | ProblemKind::HostIndex
            | ProblemKind::BuiltFor
            | ProblemKind::Personal => "",
        }
    }

    /// Returns the noun for `n` problems of this kind.
    pub(crate) fn noun(self, n: usize) -> &'static str {
        let (one, several) = match self {
            ProblemKind::Reference | ProblemKind::LeftAlone | ProblemKind::HostIndex => {
                ("reference", "references")
            }
            ProblemKind::Name => ("name", "names"),
            ProblemKind::Hidden
            | ProblemKind::Doubtful
            | ProblemKind::Rewriting
            | ProblemKind::Mention
            | ProblemKind::BuiltPath => ("place", "places"),
            ProblemKind::UnusedPattern | ProblemKind::EmptyLevel => ("pattern", "patterns"),
            _ => ("file", "files"),
        };
        if n == 1 { one } else { several }
    }
}

impl Problem {
    pub(crate) fn new(path: impl fmt::Display, message: impl Into<String>) -> Problem {
        Problem {
            path: escape(&path.to_string()),
            place: None,
            message: message.into(),
            kind: ProblemKind::default(),
            cause: String::new(),
            mended_by: None,
            unquoted: None,
            excerpt: None,
        }
    }

    pub(crate) fn at(
        path: impl fmt::Display,
        place: (u32, u32),
        message: impl Into<String>,
    ) -> Problem {
        Problem {
            place: Some(place),
            ..Problem::new(path, message)
        }
    }

    /// The same, of this kind.
    pub(crate) fn kind(self, kind: ProblemKind) -> Problem {
        Problem { kind, ..self }
    }

    /// The same, told together with all of its kind that have this cause.
    pub(crate) fn cause(self, cause: impl Into<String>) -> Problem {
        Problem {
            cause: cause.into(),
            ..self
        }
    }

    /// Adds a message and a cause for readers who mustn't learn the contents of the file.
    pub(crate) fn unquoted(self, message: &str, cause: &str) -> Problem {
        let unquoted = Unquoted {
            message: message.to_string(),
            cause: cause.to_string(),
        };
        Problem {
            unquoted: Some(Box::new(unquoted)),
            ..self
        }
    }

    /// The same, mended by these lines.
    pub(crate) fn added(self, addition: Addition) -> Problem {
        Problem {
            mended_by: Some(Box::new(addition)),
            ..self
        }
    }

    /// The line as people read it, below the message; empty if there's none.
    pub(crate) fn illustration(&self) -> String {
        let excerpt = self.excerpt.iter();
        excerpt
            .map(|excerpt| format!("\n{}", excerpt.render()))
            .collect()
    }

    /// Takes out what the file says, and the line that has its name.
    pub(crate) fn veil(&mut self) {
        self.excerpt = None;
        if let Some(unquoted) = self.unquoted.take() {
            (self.message, self.cause) = (unquoted.message, unquoted.cause);
        } else if self.kind == ProblemKind::Unread {
            self.message = "couldn't be checked completely".to_string();
            self.cause = "couldn't be checked completely".to_string();
        }
        if let Some(addition) = &mut self.mended_by {
            addition.lines = format!("# this line isn't shown here: {SHOWN_BY}");
        }
    }

    /// Returns which lines let a page work that has the path of a file; empty if it isn't about
    /// that.
    pub(crate) fn mending(&self) -> String {
        match &self.mended_by {
            Some(addition) if self.kind == ProblemKind::Mention => with_lines(
                self.kind,
                &addition.file,
                &addition.lines.lines().collect::<Vec<_>>(),
            ),
            _ => String::new(),
        }
    }

    /// The file with line and column, as editors take it: `index.html:3:14`.
    pub fn location(&self) -> String {
        match self.place {
            Some((line, column)) => format!("{}:{line}:{column}", self.path),
            None => self.path.clone(),
        }
    }
}

/// Selection of the problems that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The first ones of each kind; the rest is counted.
    First,
    /// All of them.
    All,
}

/// Describes why a tree can't be published: a line for each problem.
pub(crate) fn list(problems: &[Problem], listed: Listed) -> String {
    list_by(problems, listed, |problem| {
        format!("`{}`: {}", problem.location(), problem.message)
    })
}

/// The same, with the lines of files where there are any.
pub(crate) fn list_illustrated(problems: &[Problem], listed: Listed) -> String {
    list_by(problems, listed, |problem| {
        let illustration = problem.illustration();
        format!(
            "`{}`: {}{illustration}",
            problem.location(),
            problem.message
        )
    })
}

fn list_by(problems: &[Problem], listed: Listed, tell: impl Fn(&Problem) -> String) -> String {
    let of_files = problems
        .iter()
        .filter(|p| p.kind != ProblemKind::EmptyLevel);
    let mut files: Vec<&str> = of_files.map(|p| p.path.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let mut text = match files.len() {
        0 => "Nothing can be published".to_string(),
        1 => "1 file can't be published".to_string(),
        n => format!("{n} files can't be published"),
    };
    let mut more: BTreeMap<ProblemKind, usize> = BTreeMap::new();
    let (shown, kept) = first(problems, listed);
    for problem in shown {
        write!(text, "\n  {}", tell(problem)).expect("a string takes every write");
    }
    for problem in kept {
        *more.entry(problem.kind).or_default() += 1;
    }
    for (kind, n) in more {
        let noun = kind.noun(n);
        write!(text, "\n  and {n} more {noun} (`-v` lists all)")
            .expect("a string takes every write");
    }
    text
}

/// Returns advice against these problems: a line for each kind.
pub(crate) fn hint(problems: &[Problem], listed: Listed) -> String {
    let (shown, _) = first(problems, listed);
    // Advice that fixes several problems is given once.
    let mut hints: BTreeMap<ProblemKind, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for problem in shown {
        let additions = hints.entry(problem.kind).or_default();
        if let Some(addition) = &problem.mended_by {
            let additions = additions.entry(addition.file.as_str()).or_default();
            additions.insert(addition.lines.as_str());
        }
    }
    let mut text = Vec::new();
    for (kind, files) in hints {
        if files.is_empty() && !kind.hint().is_empty() {
            text.push(kind.hint().to_string());
        }
        for (file, additions) in files {
            let lines: Vec<&str> = additions.iter().flat_map(|lines| lines.lines()).collect();
            text.push(with_lines(kind, file, &lines));
        }
    }
    text.join("\n      ")
}

fn with_lines(kind: ProblemKind, file: &str, lines: &[&str]) -> String {
    let lines = lines.join("\n        ");
    let odd = about_odd_bytes(&lines);
    format!("{}{odd} in `{file}`:\n        {lines}", kind.hint())
}

/// Separates the problems that are listed one by one from those that are only counted.
fn first(problems: &[Problem], listed: Listed) -> (Vec<&Problem>, Vec<&Problem>) {
    let mut told: BTreeMap<ProblemKind, usize> = BTreeMap::new();
    problems.iter().partition(|problem| {
        let told = told.entry(problem.kind).or_default();
        *told += 1;
        listed == Listed::All || *told <= LISTED_MAX
    })
}

#[cfg(test)]
mod tests;
