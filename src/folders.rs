//! `[[folder]]`: folders that get one name for all that is in them, so that files keep their places
//! among each other. Pure.

use crate::base::glob::Glob;

/// Name for the top of the tree in a configuration.
pub const TOP: &str = ".";

/// One `[[folder]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Folders that it applies to, by their logical paths without a slash at the end; the top of
    /// the tree is `.`.
    pub matches: Glob,
}

/// All of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folders(Vec<Folder>);

impl Folders {
    /// Takes them as they are.
    pub fn new(folders: Vec<Folder>) -> Folders {
        Folders(folders)
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the folder around `path` whose files are named together, without a slash at its end
    /// (empty for the top). One that is in another one has a name of its own, but for those of the
    /// same `[[folder]]`, of which the outermost counts: `puzzle/**` means the folders in `puzzle`,
    /// not each folder in these.
    pub fn around<'p>(&self, path: &'p str) -> Option<&'p str> {
        let found = self.0.iter().filter_map(|folder| folder.outermost(path));
        found.max_by_key(|folder| folder.len())
    }

    /// Returns the patterns that are about none of the folders of `paths`: misspelt, perhaps.
    pub fn unused<'a>(&self, paths: impl Iterator<Item = &'a str> + Clone) -> Vec<&str> {
        let is_unused = |folder: &&Folder| {
            let mut paths = paths.clone();
            !paths.any(|path| folder.outermost(path).is_some())
        };
        let unused = self.0.iter().filter(is_unused);
        unused.map(|folder| folder.matches.pattern()).collect()
    }
}

impl Folder {
    fn outermost<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.matches.is_match(TOP) {
            return Some("");
        }
        let mut above = path.match_indices('/').map(|(slash, _)| &path[..slash]);
        above.find(|folder| self.matches.is_match(folder))
    }
}

#[cfg(test)]
mod tests;
