//! Files that visitors lose by a release: they are gone without a replacement. A bundler renames
//! every chunk with each build, so names alone tell nothing. The number of files of a type in a
//! folder counts. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Maximum percentage of files that may be lost.
const LOST_MAX_PERCENT: u64 = 20;

/// Minimum number of files in a folder that counts as lost. A smaller folder isn't distinguished
/// from a deleted file.
const FOLDER_FILES_MIN: u64 = 2;

/// Minimum number of characters in the name of a build, such as a short commit or
/// `hQ8V0Tk2fZ1mDhq3sYbXe`.
const BUILD_CHARS_MIN: usize = 8;

/// Minimum number of characters if only the length distinguishes the name from a word.
const LONG_BUILD_CHARS_MIN: usize = 16;

/// Files of one folder and type that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss<'a> {
    /// Folder without the slash at the end; empty for the top folder.
    pub folder: &'a str,
    /// Extension in lower case; empty if there is none.
    pub extension: String,
    /// Number of files before.
    pub before: u64,
    /// Number of files that are gone without a replacement.
    pub lost: u64,
}

/// Losses among a number of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost<'a> {
    /// Number of files before.
    pub before: u64,
    /// Number of files that are lost.
    pub lost: u64,
    /// Losses by folder and type.
    pub losses: Vec<Loss<'a>>,
    /// Folders that are lost with all their files, without the folders inside them.
    pub folders: Vec<&'a str>,
    /// Extensions that no file has any more.
    pub types: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    kept: u64,
    gone: u64,
    new: u64,
    lost: u64,
}

impl Count {
    fn before(self) -> u64 {
        self.kept + self.gone
    }

    fn now(self) -> u64 {
        self.kept + self.new
    }

    /// Returns the number of new files that replace no other file of the same folder and type.
    fn spare(self) -> u64 {
        self.new.saturating_sub(self.gone)
    }
}

/// Counts by folder and extension.
type Groups<'a> = BTreeMap<(&'a str, String), Count>;

impl<'a> Lost<'a> {
    /// Compares files, given the paths that are gone, kept and new.
    pub fn new(gone: &[&'a str], kept: &[&'a str], new: &[&'a str]) -> Lost<'a> {
        let before = (gone.len() + kept.len()) as u64;
        if gone.is_empty() {
            return Lost {
                before,
                ..Lost::default()
            };
        }
        let mut groups = grouped(gone, kept, new);
        forgive_renamed_folders(&mut groups);
        let loss = |((folder, extension), count): (&(&'a str, String), &Count)| {
            (count.lost > 0).then(|| Loss {
                folder,
                extension: extension.clone(),
                before: count.before(),
                lost: count.lost,
            })
        };
        Lost {
            before,
            lost: groups.values().map(|count| count.lost).sum(),
            losses: groups.iter().filter_map(loss).collect(),
            folders: lost_folders(&groups),
            types: lost_types(&groups),
        }
    }

    /// Returns whether this is more than a usual change: over a fifth of the files, a whole folder,
    /// or a whole type.
    pub fn is_too_much(&self) -> bool {
        self.lost * 100 > self.before * LOST_MAX_PERCENT
            || !self.folders.is_empty()
            || !self.types.is_empty()
    }
}

fn grouped<'a>(gone: &[&'a str], kept: &[&'a str], new: &[&'a str]) -> Groups<'a> {
    let mut groups = Groups::new();
    for path in gone {
        groups.entry(group(path)).or_default().gone += 1;
    }
    for path in kept {
        groups.entry(group(path)).or_default().kept += 1;
    }
    for path in new {
        groups.entry(group(path)).or_default().new += 1;
    }
    for count in groups.values_mut() {
        count.lost = count.gone.saturating_sub(count.new);
    }
    groups
}

/// Returns the folder and the extension of a path.
fn group(path: &str) -> (&str, String) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 => name[dot + 1..].to_lowercase(),
        _ => String::new(),
    };
    (folder, extension)
}

/// Matches renamed folders: some bundlers name a folder after the build or version. New files in
/// such a folder replace those of a similar folder that is gone.
fn forgive_renamed_folders(groups: &mut Groups<'_>) {
    let mut folders: HashMap<&str, Count> = HashMap::new();
    for ((folder, _), count) in groups.iter() {
        let all = folders.entry(folder).or_default();
        all.kept += count.kept;
        all.gone += count.gone;
        all.new += count.new;
    }
    let is_new = |folder: &str| folders[folder].before() == 0;
    let is_gone = |folder: &str| folders[folder].now() == 0;
    let mut spare: HashMap<(String, String), u64> = HashMap::new();
    for ((folder, extension), count) in groups.iter() {
        if let (true, Some(pattern)) = (is_new(folder), without_builds(folder)) {
            *spare.entry((pattern, extension.clone())).or_default() += count.spare();
        }
    }
    for ((folder, extension), count) in groups.iter_mut() {
        let pattern = is_gone(folder).then(|| without_builds(folder)).flatten();
        let key = pattern.map(|pattern| (pattern, extension.clone()));
        if let Some(spare) = key.and_then(|key| spare.get_mut(&key)) {
            let found = count.lost.min(*spare);
            *spare -= found;
            count.lost -= found;
        }
    }
}

/// Returns a folder's path with `*` for parts that may be the name of a build or version; none if
/// there are no such parts.
fn without_builds(folder: &str) -> Option<String> {
    let parts: Vec<&str> = folder
        .split('/')
        .map(|part| if is_of_a_build(part) { "*" } else { part })
        .collect();
    parts.contains(&"*").then(|| parts.join("/"))
}

/// Returns whether a part of a path is named after a build or a version, such as `3f9c2ab1`,
/// `BRnx2Cq9` or `v1.2.3`. `round-2` isn't, since people look for it.
fn is_of_a_build(part: &str) -> bool {
    let numbers: Vec<&str> = part.strip_prefix('v').unwrap_or(part).split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if numbers.len() > 1 && numbers.iter().all(is_number) {
        return true;
    }
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    let all = |is: fn(&u8) -> bool| part.as_bytes().iter().all(is);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_hex = all(|b| b.is_ascii_hexdigit() || *b == b'-');
    all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
        && match has(u8::is_ascii_digit) {
            true if is_hex || is_mixed => part.len() >= BUILD_CHARS_MIN,
            true => part.len() >= LONG_BUILD_CHARS_MIN && all(u8::is_ascii_alphanumeric),
            false => part.len() >= LONG_BUILD_CHARS_MIN && is_mixed,
        }
}

/// Returns the topmost folders that have no files left, not even in folders below.
fn lost_folders<'a>(groups: &Groups<'a>) -> Vec<&'a str> {
    let mut folders: BTreeMap<&str, Count> = BTreeMap::new();
    for ((folder, _), count) in groups {
        for folder in ancestors(folder) {
            let all = folders.entry(folder).or_default();
            all.kept += count.kept;
            all.new += count.new;
            all.gone += count.gone;
            all.lost += count.lost;
        }
    }
    let is_lost = |count: &Count| {
        count.now() == 0 && count.lost == count.before() && count.lost >= FOLDER_FILES_MIN
    };
    let lost: BTreeSet<&str> = folders
        .iter()
        .filter(|(_, count)| is_lost(count))
        .map(|(folder, _)| *folder)
        .collect();
    let is_topmost = |folder: &&str| !ancestors(folder).skip(1).any(|outer| lost.contains(outer));
    lost.iter().copied().filter(is_topmost).collect()
}

/// Returns a folder and its parent folders, without the top folder.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    let first = (!folder.is_empty()).then_some(folder);
    std::iter::successors(first, |folder| {
        folder.rsplit_once('/').map(|(outer, _)| outer)
    })
}

fn lost_types(groups: &Groups<'_>) -> Vec<String> {
    let mut types: BTreeMap<&String, Count> = BTreeMap::new();
    for ((_, extension), count) in groups {
        let all = types.entry(extension).or_default();
        all.kept += count.kept;
        all.new += count.new;
        all.lost += count.lost;
    }
    let lost = types
        .into_iter()
        .filter(|(_, count)| count.now() == 0 && count.lost > 0);
    lost.map(|(extension, _)| extension.clone()).collect()
}

#[cfg(test)]
mod tests;
