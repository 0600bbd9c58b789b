//! Placeholders: which files they stand for.

use std::collections::HashSet;
use std::ops::Range;

use super::{File, Links, folder_in_words};
use crate::base::glob::Glob;
use crate::base::name::NameStyle;
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::base::text::shortened;
use crate::naming::{cover, mentions};
use crate::refs::StandsFor;
use crate::tree::Tree;

/// A placeholder, and what it stands for.
#[derive(Debug, Clone)]
pub(in crate::naming) struct Set {
    pub span: Range<u32>,
    pub of: SetOf,
    pub line: u32,
    pub column: u32,
}

/// The URLs that take the place of a placeholder.
#[derive(Debug, Clone)]
pub(in crate::naming) enum SetOf {
    /// URLs of these files.
    Files(Vec<u32>),
    /// URL of the file's own folder.
    Folder,
}

impl Set {
    /// Returns the files that are referred to.
    pub(in crate::naming) fn files(&self) -> &[u32] {
        match &self.of {
            SetOf::Files(files) => files,
            SetOf::Folder => &[],
        }
    }
}

impl File<'_, '_> {
    pub(super) fn sets(&mut self) -> Vec<Set> {
        let found = &self.draft.found;
        let placeholders = found
            .placeholders
            .iter()
            .zip(&self.draft.places.placeholders);
        let mut sets = Vec::new();
        for (placeholder, place) in placeholders {
            match self.set_of(&placeholder.stands_for, *place) {
                Ok(of) => sets.push(Set {
                    span: placeholder.span.start as u32..placeholder.span.end as u32,
                    of,
                    line: place.0,
                    column: place.1,
                }),
                Err(problem) => self.linked.problems.push(problem),
            }
        }
        sets
    }

    fn set_of(&self, stands_for: &StandsFor, place: (u32, u32)) -> Result<SetOf, Problem> {
        let problem = |message: String| Problem::at(&self.asset.path, place, message);
        match stands_for {
            StandsFor::Files(pattern) => self.matches(pattern).map(SetOf::Files).map_err(|why| {
                let problem = problem(format!("`$$ASSETS({})$$`: {why}", shortened(pattern)));
                problem.kind(ProblemKind::Rewriting).unquoted(
                    "has an `$$ASSETS(…)$$` that matches no file or isn't a valid pattern",
                    "",
                )
            }),
            StandsFor::Folder if self.asset.is_in_keyed_folder() => Ok(SetOf::Folder),
            StandsFor::Folder => Err(problem(
                "`$$FOLDER$$` is the address of a keyed folder, but this file isn't in one"
                    .to_string(),
            )
            .kind(ProblemKind::Mention)
            .added(self.keyed_folder())),
        }
    }

    /// Returns the lines that put a file into a keyed folder: its own, though one above may be
    /// meant.
    fn keyed_folder(&self) -> Addition {
        let folder = self.asset.path.folder();
        let folder = mentions::keyed_folder(self.index.tree, folder, folder);
        let path = globset::escape(self.asset.path.as_str());
        let lines = if self.asset.policy.is_name_asked {
            format!(
                "{folder}\n{}",
                cover::rule_of_names(&path, NameStyle::Folder)
            )
        } else {
            folder
        };
        cover::addition(lines)
    }

    /// The files below this one's folder that a placeholder stands for.
    fn matches(&self, pattern: &str) -> Result<Vec<u32>, String> {
        let mut parts = pattern.split('/');
        if parts.any(|part| matches!(part, "" | "." | "..")) {
            return Err(
                "patterns are relative to the file's own folder, such as `img/*.png`".to_string(),
            );
        }
        let matcher = Glob::new(pattern).map_err(|e| format!("it {e}"))?;
        let folder = self.asset.path.folder();
        let assets = &self.index.tree.assets;
        let first = assets.partition_point(|asset| asset.path.as_str() < folder);
        let below =
            (first..assets.len()).take_while(|i| assets[*i].path.as_str().starts_with(folder));
        let to: Vec<u32> = below
            .filter(|i| matcher.is_match(&assets[*i].path.as_str()[folder.len()..]))
            .filter(|i| assets[*i].path != self.asset.path)
            .map(|i| i as u32)
            .collect();
        if to.is_empty() {
            Err(format!("it matches no file in {}", folder_in_words(folder)))
        } else {
            Ok(to)
        }
    }
}

/// Returns each file that a placeholder stands for, by the name that scripts have for it.
pub(super) fn names_of_placeholders<'t>(
    tree: &'t Tree,
    files: &[Links],
) -> HashSet<(u32, &'t str)> {
    let of_file = |(file, links): (usize, &Links)| {
        let folder = tree.assets[file].path.folder().len();
        let all: Vec<u32> = links
            .sets
            .iter()
            .flat_map(|set| set.files().to_vec())
            .collect();
        all.into_iter().map(move |to| (to, folder))
    };
    let all = files.iter().enumerate().flat_map(of_file);
    all.map(|(to, folder)| (to, &tree.assets[to as usize].path.as_str()[folder..]))
        .collect()
}
