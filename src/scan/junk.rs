//! Files that tools, systems and people leave in a folder without meaning to publish them. They are
//! recognized by their names, and left out unless a rule publishes them. Pure.

use crate::base::media;
use crate::base::path::LogicalPath;
use crate::base::text::escape;

/// Reason why a file isn't meant for visitors, according to its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Junk {
    /// It, or a folder around it, begins with a dot: `.vscode/`, `.eslintrc.json`.
    Hidden,
    /// A folder around it belongs to a tool: `node_modules/`.
    Tool,
    /// It's a copy: an earlier state, or one of two conflicting versions.
    Copy,
    /// A hunt's server reads it, and it would be published under a name that players can guess.
    Server,
}

/// File that is left out because of its name, or that of a folder around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// Its place in the tree. Of what has a name that can't be a logical path, the folder it's in.
    pub path: LogicalPath,
    /// Reason that its name shows.
    pub junk: Junk,
    /// The folder that is left out, with a slash, or the file.
    pub top: String,
}

impl Dropped {
    /// Returns the settings of a rule that publishes it: `` `match = '.idea/**'` and
    /// `publish = true` ``.
    pub fn rule(&self) -> String {
        let pattern = match self.top.strip_suffix('/') {
            Some(folder) => format!("{}/**", globset::escape(folder)),
            None => globset::escape(&self.top),
        };
        let pattern = if pattern.contains('\'') {
            format!("\"{}\"", pattern.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            format!("'{pattern}'")
        };
        format!("`match = {}` and `publish = true`", escape(&pattern))
    }
}

/// The part of a path that makes it a junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub junk: Junk,
    /// Start of the part.
    start: usize,
    /// End of the part.
    end: usize,
    /// Says whether it's a folder's name.
    pub is_folder: bool,
}

/// Folders of tools and systems, in lower case.
const TOOL_FOLDERS: [&str; 14] = [
    "#recycle",
    "$recycle.bin",
    "@eadir",
    "__history",
    "__macosx",
    "__pycache__",
    "bower_components",
    "htmlcov",
    "jspm_packages",
    "lcov-report",
    "lost+found",
    "node_modules",
    "system volume information",
    "venv",
];

/// Words between two dots in the name of a file that isn't the current one: `page.old.html`.
const OLD: [&str; 5] = ["backup", "bak", "conflict", "old", "tmp"];

/// Beginnings of names of copies, in lower case: Windows, macOS and Google Drive, in some
/// languages.
const COPY_OF: [&str; 9] = [
    "copy of ",
    "copia de ",
    "copia di ",
    "copie de ",
    "cópia de ",
    "kopi af ",
    "kopia av ",
    "kopie van ",
    "kopie von ",
];

/// Ends of the stems of copies, in lower case, besides a number: Windows.
const DASH_COPY: [&str; 8] = [
    " - copia",
    " - copie",
    " - copy",
    " - cópia",
    " - kopi",
    " - kopia",
    " - kopie",
    " - kopio",
];

/// Words in brackets after the name of a copy that is in conflict with another: Dropbox, Nextcloud,
/// Google Drive, Seafile, Unison.
const CONFLICTS: [&str; 9] = [
    "case conflict",
    "conflicted copy",
    "conflict #",
    "copia en conflicto",
    "copie en conflit",
    "in konflikt",
    "konflikt",
    "sfconflict",
    "unicode encoding conflict",
];

/// Files of a puzzle that the server of a hunt reads, in hunts whose files keep their names in
/// keyed folders (`palindrome-2022`).
const OF_SERVERS: [&str; 3] = ["config.json", "hints.json", "metadata.json"];

/// A puzzle's folder with what its pages are built from, in the same hunts.
const BUILD_FOLDER: &str = "__build";

/// Returns the part of the path of a puzzle's file that says it's for the hunt's server.
pub(crate) fn guessed(path: &str) -> Option<Mark> {
    let mut start = 0;
    let mut parts = path.split('/').map(|name| {
        let begin = start;
        start += name.len() + 1;
        (begin, name)
    });
    parts.find_map(|(start, name)| {
        let end = start + name.len();
        let is_folder = end < path.len();
        let is_of_server = if is_folder {
            name == BUILD_FOLDER
        } else {
            OF_SERVERS.contains(&name)
        };
        is_of_server.then_some(Mark {
            junk: Junk::Server,
            start,
            end,
            is_folder,
        })
    })
}

/// All parts of `path` that make it a junk, from the top down.
pub(crate) fn marks(path: &str) -> impl Iterator<Item = Mark> {
    let mut start = 0;
    path.split('/').filter_map(move |name| {
        let begin = start;
        start += name.len() + 1;
        let end = begin + name.len();
        let is_folder = end < path.len();
        let junk = if is_folder {
            of_folder(name)
        } else {
            of_file(name)
        };
        junk.map(|junk| Mark {
            junk,
            start: begin,
            end,
            is_folder,
        })
    })
}

impl Mark {
    /// The marked folder, with a slash, or the file.
    pub(crate) fn top<'p>(&self, path: &'p str) -> &'p str {
        &path[..self.end + usize::from(self.is_folder)]
    }

    /// The path as it would be if it weren't marked: a rule that matches this one as well doesn't
    /// mean the junk.
    pub(crate) fn unmarked(&self, path: &str) -> String {
        let name = &path[self.start..self.end];
        let other = match self.junk {
            Junk::Hidden => name.trim_start_matches('.').to_string(),
            Junk::Tool => "x".to_string(),
            // Its extension stays: `**/*.html` is about no copy.
            Junk::Copy => format!("x{}", &name[stem(name).len()..]),
            Junk::Server if self.is_folder => "x".to_string(),
            Junk::Server => format!("x{}", &name[stem(name).len()..]),
        };
        let parts = path
            .split('/')
            .map(|part| if part == name { other.as_str() } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The file that `path` is a numbered or plain copy of, as systems call them: `map (1).html`,
/// `map copy.html`. It's one only if that file is there too, since `The Copy.html` is a title.
/// Documents alone: pictures are numbered so, too.
pub(crate) fn original(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = stem(name);
    let extension = &name[stem.len()..];
    let bare = extension.strip_prefix('.')?.to_ascii_lowercase();
    if bare != "pdf" && !media::is_text(&media::content_type(Some(&bare))) {
        return None;
    }
    let base = numbered(stem).or_else(|| without_copy(stem))?;
    let folder = &path[..path.len() - name.len()];
    (!base.is_empty()).then(|| format!("{folder}{base}{extension}"))
}

fn of_folder(name: &str) -> Option<Junk> {
    if name.starts_with('.') && !name.trim_start_matches('.').is_empty() && name != ".well-known" {
        return Some(Junk::Hidden);
    }
    let is_tool = TOOL_FOLDERS
        .iter()
        .any(|tool| name.eq_ignore_ascii_case(tool));
    (is_tool || name.starts_with("_vti_")).then_some(Junk::Tool)
}

fn of_file(name: &str) -> Option<Junk> {
    if name.starts_with('.') && !name.starts_with("..") && name.len() > 1 && !is_shown(name) {
        return Some(Junk::Hidden);
    }
    // Most names have one dot and nothing else that a copy has.
    let is_odd = name.contains([' ', '_']) || name.find('.') != name.rfind('.');
    (is_odd && is_copy(name)).then_some(Junk::Copy)
}

/// Checks whether it's a page or a picture. Hidden files of tools are settings. A page such as
/// `.jpeg.html` begins with a dot because its subject is called so.
fn is_shown(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.map(str::to_ascii_lowercase);
    let content_type = media::essence(&media::content_type(extension.as_deref()));
    content_type.starts_with("image/")
        || ["text/html", "application/xhtml+xml"].contains(&content_type.as_str())
}

/// `map_LOCAL_4711.html`: what git's merge tools leave.
fn is_of_merge(stem: &str) -> bool {
    let mut marks = ["_BACKUP_", "_BASE_", "_LOCAL_", "_REMOTE_"].iter();
    marks.any(|mark| {
        let number = stem.rsplit_once(mark).map(|(_, number)| number);
        number.is_some_and(is_number)
    })
}

fn is_copy(name: &str) -> bool {
    if is_of_merge(stem(name)) {
        return true;
    }
    let name = name.to_lowercase();
    let stem = stem(&name);
    // What stands between the name and its extension; `page.old` has one that isn't published
    // anyway.
    let mut middle = stem.split('.').skip(1);
    let is_old = middle.any(|part| OLD.contains(&part) || part.starts_with("sync-conflict-"));
    let plain = numbered(stem).unwrap_or(stem);
    is_old
        || COPY_OF.iter().any(|start| name.starts_with(start))
        || (name.starts_with("copy (") && name.contains(") of "))
        || DASH_COPY.iter().any(|end| plain.ends_with(end))
        || stem.contains("_conflict-2")
        || in_brackets(stem).is_some_and(is_remark_on_a_copy)
}

/// Nautilus' `(copy)`, `(another copy)` and `(3rd copy)`, and what says that two copies differ.
fn is_remark_on_a_copy(remark: &str) -> bool {
    remark == "copy"
        || remark == "another copy"
        || (remark.ends_with(" copy") && remark.starts_with(|c: char| c.is_ascii_digit()))
        || remark == "conflict"
        || remark.strip_prefix("conflict ").is_some_and(is_number)
        || CONFLICTS.iter().any(|words| remark.contains(words))
}

/// Returns the text in the brackets that `stem` ends in.
fn in_brackets(stem: &str) -> Option<&str> {
    let inner = |open, close| {
        let (_, remark) = stem.strip_suffix(close)?.rsplit_once(open)?;
        Some(remark)
    };
    inner(" (", ')').or_else(|| inner(" [", ']'))
}

/// The rest of a stem that ends in a number in brackets: ` (2)`.
fn numbered(stem: &str) -> Option<&str> {
    let (base, number) = stem.strip_suffix(')')?.rsplit_once('(')?;
    is_number(number).then(|| base.trim_end())
}

/// The rest of a stem that ends as macOS has it: ` copy`, ` copy 2`.
fn without_copy(stem: &str) -> Option<&str> {
    let (base, rest) = stem.rsplit_once(" copy")?;
    (rest.is_empty() || rest.strip_prefix(' ').is_some_and(is_number)).then_some(base)
}

fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests;
