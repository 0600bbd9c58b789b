//! What tools, systems and people leave in a folder without meaning to publish it, known by its name. It's left out
//! unless a rule asks for it. Pure.

use crate::error::escape;
use crate::media;
use crate::path::LogicalPath;

/// Why a name says that a file isn't meant for visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dropping {
    /// It, or a folder around it, begins with a dot: `.vscode/`, `.eslintrc.json`.
    Hidden,
    /// A folder around it belongs to a tool: `node_modules/`.
    Tool,
    /// It's a copy: an earlier state, or one of two that somebody has to choose from.
    Copy,
    /// A hunt's server reads it, and it would be published under a name that players guess.
    Server,
}

/// What is left out by its name, or by that of a folder around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// Its place in the tree. Of what has a name that can't be a logical path, the folder it's in.
    pub path: LogicalPath,
    /// What its name says.
    pub dropping: Dropping,
    /// The folder that is left out, with a slash, or the file.
    pub top: String,
}

impl Dropped {
    /// What a rule has that publishes it: `` `match = '.idea/**'` and `publish = true` ``.
    pub fn rule(&self) -> String {
        let pattern = match self.top.strip_suffix('/') {
            Some(folder) => format!("{}/**", globset::escape(folder)),
            None => globset::escape(&self.top),
        };
        let pattern = match pattern.contains('\'') {
            true => format!("\"{}\"", pattern.replace('\\', "\\\\").replace('"', "\\\"")),
            false => format!("'{pattern}'"),
        };
        format!("`match = {}` and `publish = true`", escape(&pattern))
    }
}

/// The part of a path that makes it a dropping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub dropping: Dropping,
    /// Where the part begins.
    start: usize,
    /// Where it ends.
    end: usize,
    /// Whether it's a folder's name.
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

/// What stands between two dots of a name that isn't the current one: `page.old.html`.
const OLD: [&str; 5] = ["backup", "bak", "conflict", "old", "tmp"];

/// How names of copies begin, in lower case: Windows, macOS and Google Drive, in some languages.
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

/// How the stems of copies end, in lower case, besides a number: Windows.
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

/// What stands in brackets behind the name of a copy that has to be compared with another: Dropbox, Nextcloud, Google
/// Drive, Seafile, Unison.
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

/// Files of a puzzle that the server of a hunt reads, in hunts whose files keep their names in keyed folders (`palindrome-2022`).
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
        let is_of_server = match is_folder {
            true => name == BUILD_FOLDER,
            false => OF_SERVERS.contains(&name),
        };
        is_of_server.then_some(Mark {
            dropping: Dropping::Server,
            start,
            end,
            is_folder,
        })
    })
}

/// All parts of `path` that make it a dropping, from the top down.
pub(crate) fn marks(path: &str) -> impl Iterator<Item = Mark> {
    let mut start = 0;
    path.split('/').filter_map(move |name| {
        let begin = start;
        start += name.len() + 1;
        let end = begin + name.len();
        let is_folder = end < path.len();
        let dropping = match is_folder {
            true => of_folder(name),
            false => of_file(name),
        };
        dropping.map(|dropping| Mark {
            dropping,
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

    /// The path as it would be if it weren't marked: a rule that matches this one as well doesn't mean the dropping.
    pub(crate) fn unmarked(&self, path: &str) -> String {
        let name = &path[self.start..self.end];
        let other = match self.dropping {
            Dropping::Hidden => name.trim_start_matches('.').to_string(),
            Dropping::Tool => "x".to_string(),
            // Its extension stays: `**/*.html` is about no copy.
            Dropping::Copy => format!("x{}", &name[stem(name).len()..]),
            Dropping::Server if self.is_folder => "x".to_string(),
            Dropping::Server => format!("x{}", &name[stem(name).len()..]),
        };
        let parts = path
            .split('/')
            .map(|part| if part == name { other.as_str() } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The file that `path` is a numbered or plain copy of, as systems call them: `map (1).html`, `map copy.html`. It's one
/// only if that file is there too, since `The Copy.html` is a title. Documents alone: pictures are numbered so, too.
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

fn of_folder(name: &str) -> Option<Dropping> {
    if name.starts_with('.') && !name.trim_start_matches('.').is_empty() && name != ".well-known" {
        return Some(Dropping::Hidden);
    }
    let is_tool = TOOL_FOLDERS
        .iter()
        .any(|tool| name.eq_ignore_ascii_case(tool));
    (is_tool || name.starts_with("_vti_")).then_some(Dropping::Tool)
}

fn of_file(name: &str) -> Option<Dropping> {
    if name.starts_with('.') && !name.starts_with("..") && name.len() > 1 && !is_shown(name) {
        return Some(Dropping::Hidden);
    }
    // Most names have one dot and nothing else that a copy has.
    let is_odd = name.contains([' ', '_']) || name.find('.') != name.rfind('.');
    (is_odd && is_copy(name)).then_some(Dropping::Copy)
}

/// Whether it's a page or a picture. Tools have settings; a page is called `.jpeg.html` because somebody is called so.
fn is_shown(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.map(str::to_ascii_lowercase);
    let content_type = media::essence(&media::content_type(extension.as_deref()));
    content_type.starts_with("image/")
        || ["text/html", "application/xhtml+xml"].contains(&content_type.as_str())
}

fn is_copy(name: &str) -> bool {
    // `map_LOCAL_4711.html`: what git's merge tools leave.
    let is_merge = |stem: &str| {
        ["_BACKUP_", "_BASE_", "_LOCAL_", "_REMOTE_"]
            .iter()
            .any(|mark| {
                let number = stem.rsplit_once(mark).map(|(_, number)| number);
                number.is_some_and(is_number)
            })
    };
    if is_merge(stem(name)) {
        return true;
    }
    let name = name.to_lowercase();
    let stem = stem(&name);
    // What stands between the name and its extension; `page.old` has one that isn't published anyway.
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

/// What stands in the brackets that `stem` ends in.
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
mod tests {
    use super::*;

    fn of(path: &str) -> Option<Dropping> {
        marks(path).next().map(|mark| mark.dropping)
    }

    #[test]
    fn droppings_are_known_by_name() {
        for path in [
            ".fleet/run.json",
            "round/.obsidian/app.json",
            ".well-known/.cache/a.txt",
            ".stylelintrc.json",
            ".Trash-1000/files/a.html",
        ] {
            assert_eq!(of(path), Some(Dropping::Hidden), "{path}");
        }
        for path in [
            "node_modules/three/three.js",
            "tools/__pycache__/a.html",
            "__MACOSX/img/a.png",
            "_vti_cnf/index.html",
        ] {
            assert_eq!(of(path), Some(Dropping::Tool), "{path}");
        }
        for path in [
            "Copy of map.png",
            "Copy (2) of map.png",
            "round/Kopie von map.png",
            "map - Copy.html",
            "map - Copy (3).html",
            "map (copy).html",
            "map (4th copy).html",
            "map.old.html",
            "app.BAK.js",
            "style.min.backup.css",
            "map (Jo's conflicted copy 2026-02-03).html",
            "map (conflicted copy 2026-02-03 101112).html",
            "map (Case Conflict 1).html",
            "map [Conflict].html",
            "map_conflict-20260203-101112.html",
            "map.sync-conflict-20260203-101112-ABCDEFG.html",
            "map_REMOTE_4711.html",
        ] {
            assert_eq!(of(path), Some(Dropping::Copy), "{path}");
        }
    }

    #[test]
    fn titles_and_numbers_are_no_droppings() {
        for path in [
            ".well-known/security.txt",
            "old/index.html",
            "old.html",
            "the.old.man.html/index.html",
            "very-old.html",
            "copyright.html",
            "Copycat.html",
            "the conflict.html",
            "photo (1).jpg",
            "...html",
            "team/.gulls.html",
            ".png",
            "map (north).html",
            "LOCAL_12.html",
            "node_modules.html",
            "a.b.c.js",
            "venv.html",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn a_numbered_copy_has_an_original() {
        for (path, expected) in [
            ("a/map (1).html", Some("a/map.html")),
            ("map(2).pdf", Some("map.pdf")),
            ("map copy.js", Some("map.js")),
            ("map copy 12.js", Some("map.js")),
            ("photo (1).jpg", None),
            ("map (north).html", None),
            (" copy.html", None),
            ("map", None),
        ] {
            assert_eq!(original(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_mark_tells_its_top_and_the_path_without_it() {
        let tell = |path: &str| {
            let mark = marks(path).next().expect("a dropping");
            (mark.top(path).to_string(), mark.unmarked(path))
        };
        let told = |top: &str, unmarked: &str| (top.to_string(), unmarked.to_string());
        assert_eq!(tell("a/.idea/b/c.xml"), told("a/.idea/", "a/idea/b/c.xml"));
        assert_eq!(
            tell("node_modules/a/node_modules/b.js"),
            told("node_modules/", "x/a/x/b.js")
        );
        assert_eq!(tell("a/map.old.html"), told("a/map.old.html", "a/x.html"));
    }
}
