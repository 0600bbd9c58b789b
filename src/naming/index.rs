//! The paths of a tree, to find what references mean, and what they may have meant.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock};

use crate::base::likeness::nearest;
use crate::base::path::LogicalPath;
use crate::scan::junk::Dropped;
use crate::tree::Tree;

/// Largest number of paths that don't exist for which similar paths are searched.
const SUGGESTIONS_MAX: usize = 500;

/// The paths of a tree.
pub(super) struct Index<'a> {
    pub(super) tree: &'a Tree,
    by_path: HashMap<&'a str, u32>,
    /// Files that were found but aren't published.
    pub(super) unpublished: BTreeSet<&'a str>,
    /// Files by name, computed on first use.
    by_name: OnceLock<HashMap<&'a str, Vec<u32>>>,
    /// Suggestions for paths that don't exist.
    nearest: Mutex<HashMap<String, Option<&'a str>>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(tree: &'a Tree) -> Index<'a> {
        let paths = tree.assets.iter().enumerate();
        let skipped = tree.skipped.values().flatten();
        Index {
            tree,
            by_path: paths
                .map(|(index, asset)| (asset.path.as_str(), index as u32))
                .collect(),
            unpublished: skipped
                .chain(&tree.left_out)
                .chain(&tree.left_behind)
                .chain(tree.junk.iter().map(|dropped| &dropped.path))
                .map(LogicalPath::as_str)
                .collect(),
            by_name: OnceLock::new(),
            nearest: Mutex::default(),
        }
    }

    /// The file at `path`; of a folder, its `index.html`.
    pub(super) fn find(&self, path: &str) -> Option<u32> {
        let found = if path.is_empty() || path.ends_with('/') {
            self.by_path.get(format!("{path}index.html").as_str())
        } else {
            self.by_path.get(path)
        };
        found.copied()
    }

    /// The file that is meant by a path with several slashes in a row, which web servers take for
    /// one, and buckets don't.
    pub(super) fn find_squeezed(&self, path: &str) -> Option<u32> {
        if !path.contains("//") && !path.starts_with('/') {
            return None;
        }
        let mut squeezed = path.to_string();
        while squeezed.contains("//") {
            squeezed = squeezed.replace("//", "/");
        }
        self.find(squeezed.trim_start_matches('/'))
    }

    /// Returns the page that many hosts show for `path`, where the tree has no such file:
    /// `about.html` for `about`, or the page of the folder `about/`.
    pub(super) fn find_page(&self, path: &str) -> Option<u32> {
        if path.is_empty() || path.ends_with('/') {
            None
        } else {
            let page = self.find(&format!("{path}.html"));
            page.or_else(|| self.find(&format!("{path}/")))
        }
    }

    /// Returns the first file below a folder whose path ends like `end`, and that `may_be_meant`.
    pub(super) fn below(
        &self,
        folder: &str,
        end: &str,
        may_be_meant: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
            for (file, asset) in self.tree.assets.iter().enumerate() {
                let files = by_name.entry(asset.path.file_name()).or_default();
                files.push(file as u32);
            }
            by_name
        });
        let is_there = |file: &&u32| {
            let path = self.tree.assets[**file as usize].path.as_str();
            let inner = path.strip_prefix(folder);
            inner.is_some_and(|inner| inner.ends_with(&format!("/{end}"))) && may_be_meant(**file)
        };
        let name = end.rsplit('/').next().unwrap_or(end);
        by_name.get(name)?.iter().find(is_there).copied()
    }

    /// Checks whether a file is only skipped because no setting allows its extension. Source maps
    /// are handled elsewhere.
    pub(super) fn is_skipped(&self, path: &str) -> bool {
        if !self.unpublished.contains(path) || path.ends_with(".map") {
            return false;
        }
        let mut skipped = self.tree.skipped.values().flatten();
        skipped.any(|other| other.as_str() == path)
    }

    /// Returns what is left out by its name, if `path` is left out so.
    pub(super) fn junk(&self, path: &str) -> Option<&'a Dropped> {
        let junk = &self.tree.junk;
        let found = junk.binary_search_by(|dropped| dropped.path.as_str().cmp(path));
        found.ok().map(|at| &junk[at])
    }

    /// Says whether `path` ends like a folder's, and some file is in there.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        self.files_in(path).next().is_some()
    }

    /// Returns the files in the folder of this path, which ends like a folder's.
    pub(super) fn files_in(&self, path: &str) -> impl Iterator<Item = usize> {
        let assets = &self.tree.assets;
        let first = if path.is_empty() || path.ends_with('/') {
            assets.partition_point(|asset| asset.path.as_str() < path)
        } else {
            assets.len()
        };
        let is_in = move |file: &usize| assets[*file].path.as_str().starts_with(path);
        (first..assets.len()).take_while(is_in)
    }

    /// Returns the path that was probably meant by one that doesn't exist: the same name elsewhere,
    /// or a similar name in the folder.
    pub(super) fn nearest(&self, path: &str) -> Option<&'a str> {
        let mut known = self.nearest.lock().expect("nobody panicked with it");
        if let Some(near) = known.get(path) {
            return *near;
        }
        // Comparing takes time, and a user with this many problems doesn't read all suggestions.
        if known.len() == SUGGESTIONS_MAX {
            return None;
        }
        let near = self.find_nearest(path);
        known.insert(path.to_string(), near);
        near
    }

    fn find_nearest(&self, path: &str) -> Option<&'a str> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let folder = &path[..path.len() - name.len()];
        let assets = &self.tree.assets;
        let paths = assets.iter().map(|asset| asset.path.as_str());
        let is_namesake = |other: &&str| {
            let other = other.rsplit('/').next();
            other.is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        let namesakes: Vec<&str> = paths.filter(is_namesake).collect();
        if let Some(near) = nearest(path, namesakes.iter().copied()).or(namesakes.first().copied())
        {
            return Some(near);
        }
        let first = assets.partition_point(|asset| asset.path.as_str() < folder);
        let siblings = assets[first..].iter().map(|asset| asset.path.as_str());
        let siblings = siblings.take_while(|other| other.starts_with(folder));
        let names = siblings
            .map(|other| &other[folder.len()..])
            .filter(|other| !other.contains('/'));
        let near = nearest(name, names)?;
        self.by_path
            .get_key_value(format!("{folder}{near}").as_str())
            .map(|(path, _)| *path)
    }
}
