//! Order in which files get their names: files come after those that they refer to, and files in a
//! circle come together. Pure.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Files that are named together: one, or a circle. Sorted.
pub type Component = Vec<usize>;

/// Returns the components of `count` files with these references (from, to), in generations: a
/// component refers only to itself and to earlier generations, so that each generation can be named
/// at once.
pub fn generations(
    count: usize,
    references: impl Iterator<Item = (usize, usize)>,
) -> Vec<Vec<Component>> {
    let graph = graph(count, references);
    let mut generation_of = vec![0; count];
    let mut generations: Vec<Vec<Component>> = Vec::new();
    // Kosaraju's algorithm as petgraph has it doesn't recurse, and gives what is referred to first.
    for nodes in kosaraju_scc(&graph) {
        let mut component: Component = nodes.iter().map(|node| node.index()).collect();
        component.sort_unstable();
        let generation = after(&graph, &component, &generation_of);
        for file in &component {
            generation_of[*file] = generation;
        }
        if generations.len() <= generation {
            generations.resize_with(generation + 1, Vec::new);
        }
        generations[generation].push(component);
    }
    for generation in &mut generations {
        generation.sort_unstable();
    }
    generations
}

type Graph = DiGraph<(), (), u32>;

fn graph(count: usize, references: impl Iterator<Item = (usize, usize)>) -> Graph {
    let mut graph = Graph::with_capacity(count, 0);
    for _ in 0..count {
        graph.add_node(());
    }
    for (from, to) in references {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    graph
}

/// Returns the generation after those of all that a component refers to.
fn after(graph: &Graph, component: &Component, generation_of: &[usize]) -> usize {
    let nodes = component.iter().map(|file| NodeIndex::new(*file));
    let outward = nodes.flat_map(|node| graph.neighbors(node));
    let outward = outward.map(|to| to.index());
    let outward = outward.filter(|to| component.binary_search(to).is_err());
    outward.map(|to| generation_of[to] + 1).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Referenced files come before the files that refer to them, and cycles together.
    #[test]
    fn referenced_files_come_before_referrers() {
        let references = [(0, 1), (1, 2), (3, 4), (4, 5), (5, 3), (5, 2), (0, 1)];
        let expected = vec![
            vec![vec![2], vec![6]],
            vec![vec![1], vec![3, 4, 5]],
            vec![vec![0]],
        ];
        assert_eq!(generations(7, references.into_iter()), expected);
    }

    /// A file that refers to itself is a cycle of one.
    #[test]
    fn self_reference_is_cycle_of_one() {
        assert_eq!(generations(1, [(0, 0)].into_iter()), [[[0]]]);
    }

    /// A chain of a hundred thousand files does not overflow the stack.
    #[test]
    fn long_chain_does_not_overflow_stack() {
        let chain = (0..99_999).map(|file| (file, file + 1));
        assert_eq!(generations(100_000, chain).len(), 100_000);
    }
}
