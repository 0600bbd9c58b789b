//! Pages that run a script or load a style: what its URLs are relative to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{File, Link, Links, folder_in_words};
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;
use crate::naming::read::Draft;
use crate::refs::resolve::{BaseUrl, resolve};
use crate::refs::{Base, Kind, Reference};
use crate::tree::Tree;

/// Largest number of pages that are named in a message about all of them.
const SHOWN: usize = 2;

/// Base of relative URLs in a script: the page that runs it.
pub(super) struct PageBase<'a> {
    /// The page's folder, for messages.
    pub folder: &'a str,
    pub base: BaseUrl,
}

impl File<'_, '_> {
    /// Returns the links of a script by URLs that are relative to the page. They must mean the same
    /// on all pages.
    pub(super) fn links_from_pages(&mut self, pages: &[PageBase<'_>]) -> Vec<Link> {
        let found = &self.draft.found;
        let references = found.references.iter().zip(&self.draft.places.references);
        let mut links = Vec::new();
        for (reference, place) in references.filter(|(reference, _)| reference.base == Base::Page) {
            let prefixes = &self.index.tree.prefixes;
            let meanings: BTreeMap<String, &str> = pages
                .iter()
                .map(|page| {
                    let meaning = resolve(&page.base, &reference.url, reference.kind, prefixes);
                    (format!("{meaning:?}"), page.folder)
                })
                .collect();
            if meanings.len() > 1 {
                let problem = self.ambiguous(reference, *place, meanings.into_values());
                self.linked.problems.push(problem);
                continue;
            }
            if let Some(page) = pages.first() {
                links.extend(self.link(reference, *place, &page.base));
            }
        }
        links
    }

    /// Tells of a URL that means something else on pages in each of these folders.
    fn ambiguous<'f>(
        &self,
        reference: &Reference,
        place: (u32, u32),
        folders: impl Iterator<Item = &'f str>,
    ) -> Problem {
        let pages: Vec<String> = folders.take(SHOWN).map(folder_in_words).collect();
        let message = format!(
            "`{}` is relative to the page, and means different files for the pages in {} that run this script: write `new URL(\"…\", import.meta.url)` in a module",
            escape(&reference.url),
            pages.join(" and "),
        );
        let problem = Problem::at(&self.asset.path, place, message);
        let problem = problem.kind(ProblemKind::Rewriting);
        let unquoted = "has a URL that is relative to the page, and means different files for pages in several folders that run this script: write `new URL(\"…\", import.meta.url)` in a module";
        problem.unquoted(unquoted, "")
    }
}

/// The different ones of `pages`. A script that no page here runs is run by the site's own: its
/// folder is the best guess.
pub(super) fn page_bases<'a>(
    tree: &'a Tree,
    drafts: &[Draft],
    script: usize,
    pages: &[usize],
) -> Vec<PageBase<'a>> {
    let pages = if pages.is_empty() {
        &[script][..]
    } else {
        pages
    };
    let base = |page: &usize| {
        let folder = tree.assets[*page].path.folder();
        (folder, drafts[*page].found.base.as_deref())
    };
    let different: BTreeSet<(&str, Option<&str>)> = pages.iter().map(base).collect();
    let base = |(folder, href)| PageBase {
        folder,
        base: BaseUrl::new(folder, href, &tree.prefixes),
    };
    different.into_iter().map(base).collect()
}

/// For each script that needs to know: the pages that run it, by `<script>`, `import` or as a
/// worker; and those of a style.
pub(super) fn pages_of_scripts(
    tree: &Tree,
    drafts: &[Draft],
    files: &[Links],
) -> Vec<(usize, Vec<usize>)> {
    let needs_pages = |file: &usize| {
        let found = &drafts[*file].found;
        !found.references.is_empty()
            || !found.mentions.is_empty()
            || (!files[*file].sets.is_empty() && !found.is_module)
    };
    let scripts: Vec<usize> = (0..drafts.len()).filter(needs_pages).collect();
    if scripts.is_empty() {
        return Vec::new();
    }
    let runs = runs(tree, files);
    let pages = |script: usize| {
        let mut by = run_by(script, &runs);
        by.retain(|file| *file != script && is_page(tree, files, *file));
        (script, by.into_iter().collect())
    };
    scripts.into_iter().map(pages).collect()
}

/// Returns the files that run or load each script and style.
fn runs(tree: &Tree, files: &[Links]) -> HashMap<u32, Vec<usize>> {
    let mut runs: HashMap<u32, Vec<usize>> = HashMap::new();
    for (from, links) in files.iter().enumerate() {
        for link in &links.links {
            let is_style = link.kind == Kind::Load && is_of(tree, link.to as usize, &["text/css"]);
            if matches!(link.kind, Kind::Script | Kind::ModuleScript | Kind::Import) || is_style {
                runs.entry(link.to).or_default().push(from);
            }
        }
    }
    runs
}

/// Returns a script and all that run it, also by way of others.
fn run_by(script: usize, runs: &HashMap<u32, Vec<usize>>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::from([script]);
    let mut waiting = vec![script];
    while let Some(file) = waiting.pop() {
        for from in runs.get(&(file as u32)).into_iter().flatten() {
            if seen.insert(*from) {
                waiting.push(*from);
            }
        }
    }
    seen
}

fn is_page(tree: &Tree, files: &[Links], file: usize) -> bool {
    let mut links = files[file].links.iter();
    is_of(tree, file, &["text/html", "application/xhtml+xml"])
        || links.any(|l| matches!(l.kind, Kind::Script | Kind::ModuleScript))
}

fn is_of(tree: &Tree, file: usize, types: &[&str]) -> bool {
    let content_type = &tree.assets[file].policy.headers.content_type;
    types
        .iter()
        .any(|essence| content_type.starts_with(essence))
}
