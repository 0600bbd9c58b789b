//! Files that are named at once: one, or all of a unit.

use std::collections::BTreeMap;

use crate::tree::Tree;

/// Files that get their names together: a single file, or all files of a unit, which the first one
/// represents.
pub(super) struct Nodes {
    pub of_file: Vec<usize>,
    /// The files of each unit, by the first.
    pub units: BTreeMap<usize, Vec<usize>>,
}

impl Nodes {
    pub(super) fn of(tree: &Tree) -> Nodes {
        let mut of_unit: Vec<Vec<usize>> = vec![Vec::new(); tree.units.len()];
        let mut of_file: Vec<usize> = (0..tree.assets.len()).collect();
        for (file, asset) in tree.assets.iter().enumerate() {
            if let Some(unit) = asset.unit {
                let files = &mut of_unit[unit as usize];
                files.push(file);
                of_file[file] = files[0];
            }
        }
        let units = of_unit.into_iter().filter_map(|files| {
            let first = *files.first()?;
            Some((first, files))
        });
        Nodes {
            of_file,
            units: units.collect(),
        }
    }

    /// Says whether there's anything to name: what another file stands for is named with that one.
    pub(super) fn are_any(&self, component: &[usize]) -> bool {
        component.iter().any(|file| self.of_file[*file] == *file)
    }

    /// Returns all files of these nodes, sorted.
    pub(super) fn files(&self, nodes: &[usize]) -> Vec<usize> {
        let of_node = |node: &usize| match self.units.get(node) {
            Some(files) => files.clone(),
            None => vec![*node],
        };
        let mut files: Vec<usize> = nodes.iter().flat_map(of_node).collect();
        files.sort_unstable();
        files
    }
}
