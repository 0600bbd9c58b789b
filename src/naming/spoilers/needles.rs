//! Everything that hidden files, and folders of hidden files, are called by.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::encodings;
use super::parts::Firsts;
use crate::base::matcher::Matcher;
use crate::levels::LevelId;
use crate::naming::{Former, Object};
use crate::store::token_in_name;

/// Shorter names of files without a folder are too common to be worth a word.
const DISTINCTIVE_BYTES_MIN: usize = 10;

/// Endings of pictures, which are made in several formats and sizes.
const PICTURES: [&str; 9] = [
    "avif", "gif", "heic", "jpeg", "jpg", "jxl", "png", "svg", "webp",
];

/// Endings of pages.
const PAGES: [&str; 3] = ["htm", "html", "xhtml"];

/// The meaning of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needle {
    /// The key of this object, or its unguessable part; also a key that it had in an earlier
    /// release.
    Key(usize),
    /// All of a path, or what it's called from one of the folders above it.
    Path(String),
    /// The same of a folder's page, or of a folder that has hidden files only; with a slash at its
    /// end.
    Folder(String),
    /// The same without that slash.
    Slashless(String),
    /// The path of a page without its ending, as many servers take it, or of another file, as
    /// bundlers and people write it.
    Endless(String),
    /// Another address of a page: what the path is without its ending, and what follows instead.
    /// `solution.html` is one of `solution/index.html`.
    Twin(String, &'static str),
    /// The path of a picture without its ending: other sizes and formats are called so.
    Picture(String),
    /// The name of a file without its folder.
    Bare(String),
}

/// Everything that is looked for, and what it means.
pub(super) struct Needles {
    pub matcher: Matcher,
    /// By pattern.
    meanings: Vec<Vec<Needle>>,
    /// The files that aren't open, by path; folders with a slash at their end.
    by_path: HashMap<String, usize>,
    /// Names that one hidden file has, and no other file: which one.
    distinctive: HashMap<String, usize>,
    /// Folders above hidden files, also by what they're called from a folder above them.
    folders: HashSet<String>,
    /// First folders of hidden paths.
    pub firsts: Firsts,
    /// The levels of hidden files.
    pub levels: BTreeSet<LevelId>,
    /// The longest pattern, in bytes.
    pub longest: usize,
}

impl Needles {
    /// Returns the addresses that hidden files once had, counted from `first` on; None if there are
    /// none.
    pub(super) fn of_former(former: &[Former], first: usize) -> Option<Needles> {
        Needles::of(&[], former, first)
    }

    /// Returns all names of what isn't open; None if there are none.
    pub(super) fn new(objects: &[Object]) -> Option<Needles> {
        Needles::of(objects, &[], objects.len())
    }

    fn of(objects: &[Object], former: &[Former], first: usize) -> Option<Needles> {
        let is_hidden = |(_, object): &(usize, &Object)| object.policy.level != LevelId::OPEN;
        let hidden: Vec<(usize, &Object)> = objects.iter().enumerate().filter(is_hidden).collect();
        let mut by_path = hidden_folders(objects);
        let mut patterns = Patterns::default();
        by_path
            .keys()
            .for_each(|folder| patterns.add_folder(folder));
        for (file, object) in &hidden {
            by_path.insert(object.path.to_string(), *file);
            patterns.add_object(*file, object);
        }
        let former = (first..).zip(former);
        let former = former.filter(|(_, former)| former.level != LevelId::OPEN);
        former
            .clone()
            .for_each(|(at, former)| patterns.add_former(at, former));
        if patterns.0.is_empty() {
            return None;
        }
        let levels = hidden.iter().map(|(_, object)| object.policy.level);
        let (patterns, meanings): (Vec<Vec<u8>>, Vec<BTreeSet<Needle>>) =
            patterns.0.into_iter().unzip();
        Some(Needles {
            matcher: Matcher::new(&patterns),
            longest: patterns.iter().map(Vec::len).max().unwrap_or(0),
            meanings: meanings.into_iter().map(Vec::from_iter).collect(),
            firsts: Firsts::of(hidden.iter().map(|(_, object)| object.path.as_str())),
            by_path,
            distinctive: distinctive(objects, &hidden),
            folders: folders_above_hidden(&hidden),
            levels: levels
                .chain(former.map(|(_, former)| former.level))
                .collect(),
        })
    }

    /// Returns what a pattern stands for.
    pub(super) fn meanings(&self, pattern: usize) -> &[Needle] {
        &self.meanings[pattern]
    }

    /// Returns the hidden file of this path; of a folder, with a slash at its end, its page or
    /// first file.
    pub(super) fn at(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Returns the only file that is called so, if it's hidden and the name says something.
    pub(super) fn distinctive(&self, name: &str) -> Option<usize> {
        self.distinctive.get(name).copied()
    }

    /// Returns what is left of hidden files' paths from each folder down, and which file each is;
    /// none if several are.
    pub(super) fn ends(&self, objects: &[Object]) -> HashMap<String, Option<usize>> {
        let has_folder = |end: &&str| end.contains('/');
        let mut ends: HashMap<String, Option<usize>> = HashMap::new();
        for (path, file) in self.by_path.iter().filter(|(path, _)| !path.ends_with('/')) {
            for end in tails(path).filter(has_folder) {
                let known = ends.entry(end.to_string()).or_insert(Some(*file));
                *known = known.filter(|known| known == file);
            }
        }
        let is_open = |object: &&Object| object.policy.level == LevelId::OPEN;
        for object in objects.iter().filter(is_open) {
            for end in tails(object.path.as_str()).filter(has_folder) {
                if let Some(known) = ends.get_mut(end) {
                    *known = None;
                }
            }
        }
        ends
    }

    /// Returns whether hidden files are below a folder that is called so, with a slash at its end.
    pub(super) fn is_folder(&self, folder: &str) -> bool {
        self.folders.contains(folder)
    }
}

#[derive(Default)]
struct Patterns(HashMap<Vec<u8>, BTreeSet<Needle>>);

impl Patterns {
    fn add(&mut self, pattern: impl AsRef<str>, needle: Needle) {
        let pattern = pattern.as_ref();
        if !pattern.is_ascii() {
            for written in encodings::of(pattern) {
                self.0.entry(written).or_default().insert(needle.clone());
            }
        }
        let pattern = pattern.as_bytes().to_vec();
        self.0.entry(pattern).or_default().insert(needle);
    }

    fn add_path(&mut self, path: &str) {
        let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
        for tail in tails(path).filter(|tail| *tail == path || tail.contains('/')) {
            self.add(tail, Needle::Path(tail.to_string()));
            if let Some((stem, _)) = picture(tail).filter(|(stem, _)| stem.contains('/')) {
                self.add(stem, Needle::Picture(tail.to_string()));
            }
            if let Some(stem) = endless(tail).filter(|stem| stem.contains('/')) {
                self.add(stem, Needle::Endless(tail.to_string()));
            }
            for (stem, ending) in twins(tail).filter(|(stem, _)| stem.contains('/')) {
                self.add(
                    format!("{stem}{ending}"),
                    Needle::Twin(tail.to_string(), ending),
                );
            }
        }
        let name = &path[name_at..];
        self.add(name, Needle::Bare(name.to_string()));
    }

    fn add_folder(&mut self, folder: &str) {
        for tail in tails(folder).filter(|tail| !tail.is_empty()) {
            self.add(tail, Needle::Folder(tail.to_string()));
            let slashless = tail.trim_end_matches('/');
            if slashless.contains('/') {
                self.add(slashless, Needle::Slashless(tail.to_string()));
            }
        }
    }

    fn add_object(&mut self, file: usize, object: &Object) {
        let path = object.path.as_str();
        self.add_path(path);
        let key = if object.is_keyed() {
            object.token.to_string()
        } else {
            object.key.to_string()
        };
        if key != path {
            self.add_key(key, file);
        }
    }

    fn add_former(&mut self, at: usize, former: &Former) {
        let key = former.key.as_str();
        let token = token_in_name(key).map(|token| token.to_string());
        self.add_key(token.unwrap_or_else(|| key.to_string()), at);
    }

    /// Adds a key, unless it's known: all files of a keyed folder have one token, which tells any
    /// of them.
    fn add_key(&mut self, key: String, file: usize) {
        if !self.0.contains_key(key.as_bytes()) {
            self.add(key, Needle::Key(file));
        }
    }
}

/// Returns a path, and what is left of it from each folder down.
fn tails(path: &str) -> impl Iterator<Item = &str> {
    let starts = path.match_indices('/').map(|(slash, _)| slash + 1);
    let starts = std::iter::once(0).chain(starts);
    starts
        .map(|start| &path[start..])
        .filter(|tail| !tail.is_empty())
}

/// Returns a path without its ending.
fn endless(path: &str) -> Option<&str> {
    const ENDING_BYTES_MAX: usize = 5;
    let (stem, extension) = path.rsplit_once('.')?;
    let is_ending = extension.len() <= ENDING_BYTES_MAX
        && !extension.is_empty()
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_ending && !stem.ends_with('/') && !stem.is_empty()).then_some(stem)
}

/// Returns the other addresses that a page may have on some servers, in two parts: its path without
/// an ending, and what follows.
pub(super) fn twins(path: &str) -> impl Iterator<Item = (&str, &'static str)> {
    let page = path
        .rsplit_once('.')
        .filter(|(_, ending)| PAGES.contains(ending));
    let folder = page.and_then(|(stem, _)| stem.strip_suffix("/index"));
    let of_page = page.into_iter().flat_map(|(stem, own)| {
        let others = [".html", ".htm", "/", "/index.html"].into_iter();
        let others = others.filter(move |other| other.strip_prefix('.') != Some(own));
        others.map(move |other| (stem, other))
    });
    let of_folder = folder
        .into_iter()
        .flat_map(|folder| [(folder, ".html"), (folder, ".htm")]);
    let of_page = of_page.filter(move |(_, other)| folder.is_none() || other.starts_with('.'));
    of_page.chain(of_folder)
}

/// Returns a picture's path without its ending, and the ending.
pub(super) fn picture(path: &str) -> Option<(&str, &str)> {
    let (stem, extension) = path.rsplit_once('.')?;
    let is_picture = PICTURES
        .iter()
        .any(|other| other.eq_ignore_ascii_case(extension));
    is_picture.then_some((stem, extension))
}

/// Returns the beginning of a text, up to the first ending of a picture.
pub(super) fn up_to_picture(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let end = |extension: &&str| {
        let dot = lower.find(&format!(".{extension}"))?;
        Some(dot + 1 + extension.len())
    };
    let end = PICTURES.iter().filter_map(end).min()?;
    Some(&text[..end])
}

/// Returns folders that have a hidden page, or hidden files only; and that page, or the first of
/// the files.
fn hidden_folders(objects: &[Object]) -> HashMap<String, usize> {
    let is_open = |object: &Object| object.policy.level == LevelId::OPEN;
    let open = objects.iter().filter(|object| is_open(object));
    let open: HashSet<&str> = open
        .flat_map(|object| folders_in(object.path.folder()))
        .collect();
    let hidden = objects.iter().enumerate();
    let hidden = hidden.filter(|(_, object)| !is_open(object));
    let mut folders: HashMap<String, usize> = HashMap::new();
    for (file, object) in hidden.clone() {
        let above = folders_in(object.path.folder());
        for folder in above.filter(|folder| !open.contains(folder)) {
            folders.entry(folder.to_string()).or_insert(file);
        }
    }
    for (file, object) in hidden {
        let folder = object.path.folder();
        if object.path.as_str().strip_prefix(folder) == Some("index.html") && !folder.is_empty() {
            folders.insert(folder.to_string(), file);
        }
    }
    folders
}

/// Returns a folder and all above it, each with a slash at its end.
fn folders_in(folder: &str) -> impl Iterator<Item = &str> {
    let slashes = folder.match_indices('/');
    slashes.map(|(slash, _)| &folder[..=slash])
}

/// Returns the folders above hidden files, also by what they're called from a folder above them.
fn folders_above_hidden(hidden: &[(usize, &Object)]) -> HashSet<String> {
    let tails = hidden
        .iter()
        .flat_map(|(_, object)| tails(object.path.folder()));
    tails.flat_map(folders_in).map(str::to_string).collect()
}

fn distinctive(objects: &[Object], hidden: &[(usize, &Object)]) -> HashMap<String, usize> {
    let name = |object: &Object| {
        let folder = object.path.folder().len();
        object.path.as_str()[folder..].to_ascii_lowercase()
    };
    let mut times: HashMap<String, usize> = HashMap::new();
    for object in objects {
        *times.entry(name(object)).or_default() += 1;
    }
    hidden
        .iter()
        .map(|(file, object)| (name(object), *file))
        .filter(|(name, _)| name.len() >= DISTINCTIVE_BYTES_MIN && times[name] == 1)
        .collect()
}

#[cfg(test)]
mod tests;
