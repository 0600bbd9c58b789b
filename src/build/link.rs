//! From what was found in files to which file refers to which: every reference is resolved, or told of.

mod search;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::cover;
use super::index::Index;
use super::limits::{check_fingerprinted, check_levels, check_names, check_pages};
use super::mentions::{self, Mentioned};
use super::read::Draft;
use crate::config::CONFIG_FILE;
use crate::error::{escape, shortened};
use crate::glob::Glob;
use crate::name::NameStyle;
use crate::path::LogicalPath;
use crate::problem::{Addition, Problem, ProblemKind};
use crate::refs::resolve::{BaseUrl, Meaning, Resolved, resolve};
use crate::refs::{Base, Kind, Reference, StandsFor};
use crate::rules::{Dangling, Defaults};
use crate::tree::{Asset, Tree};

/// How many pages are named in a message about all of them.
const SHOWN: usize = 2;

/// Why a reference leads nowhere or is left alone.
struct Why {
    /// Of this one.
    why: String,
    /// As [`Problem::cause`].
    cause: String,
}

impl Why {
    /// Why this one does, and none other.
    fn of_one(why: &str) -> Why {
        Why {
            why: why.to_string(),
            cause: String::new(),
        }
    }
}

/// A reference from one file of the tree to another.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub span: Range<u32>,
    /// What must follow the new URL.
    pub tail: Box<str>,
    pub kind: Kind,
    pub base: Base,
    /// The file it's about.
    pub to: u32,
    pub line: u32,
    pub column: u32,
    /// Written by a prefix, such as `/static/` or `https://cdn.example.org/`.
    pub from_prefix: bool,
    /// Written from the top of a host, by a prefix such as `/static/`.
    pub from_top: bool,
    /// Written as no bucket reads it: with several slashes in a row.
    pub is_odd: bool,
}

/// A placeholder, and what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub span: Range<u32>,
    pub of: SetOf,
    pub line: u32,
    pub column: u32,
}

/// The URLs that take the place of a placeholder.
#[derive(Debug, Clone)]
pub(super) enum SetOf {
    /// Those of these files.
    Files(Vec<u32>),
    /// That of the file's own folder.
    Folder,
}

impl Set {
    /// Returns the files that are referred to.
    pub(super) fn files(&self) -> &[u32] {
        match &self.of {
            SetOf::Files(files) => files,
            SetOf::Folder => &[],
        }
    }
}

/// What one file refers to.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub links: Vec<Link>,
    pub sets: Vec<Set>,
    /// For a script: the pages that run it.
    pub pages: Vec<u32>,
    /// Paths that links hand to pages.
    handed: Vec<Mentioned>,
}

impl Links {
    /// Says whether the address of its own keyed folder is in it.
    pub(super) fn has_own_folder(&self) -> bool {
        let mut sets = self.sets.iter();
        sets.any(|set| matches!(set.of, SetOf::Folder))
    }

    /// Every file that is referred to, and where: line and column.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let links = self.links.iter();
        let links = links.map(|link| (link.to, link.line, link.column));
        let sets = self.sets.iter();
        let sets = sets.flat_map(|set| set.files().iter().map(|to| (*to, set.line, set.column)));
        links.chain(sets)
    }
}

/// What resolving found out.
#[derive(Debug, Default)]
pub(super) struct Linked {
    /// By asset.
    pub files: Vec<Links>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// Which file names which other in a string, though it may not: told of already.
    pub named: Vec<(LogicalPath, u32)>,
    /// Paths of files that get other names, where nothing is rewritten.
    pub mentioned: Vec<Mentioned>,
}

/// Resolves what was found in one file, but for what is relative to the pages that run it. What is resolved, isn't kept
/// otherwise: a large tree has many references.
pub(super) fn link_own(
    index: &Index<'_>,
    asset: &Asset,
    draft: &mut Draft,
    resolved: &mut Resolved,
) -> Links {
    let mut own = Linked::default();
    let mut file = File {
        index,
        asset,
        draft,
        linked: &mut own,
        resolved,
        has_suspect: false,
    };
    let (links, sets) = (file.links(), file.sets());
    draft.problems.extend(own.problems);
    draft.warnings.extend(own.warnings);
    let found = std::mem::take(&mut draft.found.references);
    let places = std::mem::take(&mut draft.places.references);
    let of_pages = found.into_iter().zip(places);
    (draft.found.references, draft.places.references) = of_pages
        .filter(|(reference, _)| reference.base == Base::Page)
        .unzip();
    draft.found.placeholders = Vec::new();
    draft.places.placeholders = Vec::new();
    Links {
        links,
        sets,
        handed: own.mentioned,
        ..Links::default()
    }
}

/// Resolves what is left: what needs to know of other files.
pub(super) fn link(index: &Index<'_>, drafts: &[Draft], files: Vec<Links>) -> Linked {
    let tree = index.tree;
    let of_placeholders = names_of_placeholders(tree, &files);
    let mut linked = Linked {
        files,
        ..Linked::default()
    };
    let mut resolved = Resolved::default();
    let scripts = pages_of_scripts(tree, drafts, &linked.files);
    for (script, pages) in &scripts {
        let bases = page_bases(tree, drafts, *script, pages);
        let mut file = File::of(index, &drafts[*script], *script, &mut linked, &mut resolved);
        let links = file.links_from_pages(&bases);
        let file = &mut linked.files[*script];
        file.links.extend(links);
        file.pages = pages.iter().map(|page| *page as u32).collect();
    }
    let all = linked.files.iter().flat_map(Links::all);
    let referred: HashSet<u32> = all.map(|(to, ..)| to).collect();
    for (script, pages) in &scripts {
        let bases = page_bases(tree, drafts, *script, pages);
        let mut file = File::of(index, &drafts[*script], *script, &mut linked, &mut resolved);
        file.mentions(*script, pages, &bases, &of_placeholders, &referred);
    }
    for file in &mut linked.files {
        linked.mentioned.append(&mut file.handed);
    }
    let told = mentions::told(tree, drafts, &linked.files, &linked.mentioned);
    linked.problems.extend(told.problems);
    linked.warnings.extend(told.warnings);
    check_levels(tree, &mut linked);
    check_names(tree, &mut linked);
    check_pages(tree, drafts, &mut linked);
    check_fingerprinted(tree, &mut linked);
    linked
}

/// What becomes of a reference that leads nowhere, unless a rule says something else.
fn usual(kind: Kind) -> Dangling {
    match kind {
        Kind::MapSource => Dangling::Ignore,
        Kind::Link | Kind::SourceMap => Dangling::Warn,
        Kind::Load | Kind::Script | Kind::ModuleScript | Kind::Import => Dangling::Error,
    }
}

/// One file, while it's looked at.
struct File<'a, 't> {
    index: &'a Index<'t>,
    asset: &'a Asset,
    draft: &'a Draft,
    linked: &'a mut Linked,
    resolved: &'a mut Resolved,
    has_suspect: bool,
}

impl<'a, 't> File<'a, 't> {
    fn of(
        index: &'a Index<'t>,
        draft: &'a Draft,
        file: usize,
        linked: &'a mut Linked,
        resolved: &'a mut Resolved,
    ) -> File<'a, 't> {
        File {
            index,
            asset: &index.tree.assets[file],
            draft,
            linked,
            resolved,
            has_suspect: false,
        }
    }
}

impl File<'_, '_> {
    fn links(&mut self) -> Vec<Link> {
        let found = &self.draft.found;
        if found.references.is_empty() {
            return Vec::new();
        }
        let base = BaseUrl::new(
            self.asset.path.folder(),
            found.base.as_deref(),
            &self.index.tree.prefixes,
        );
        let references = found.references.iter().zip(&self.draft.places.references);
        references
            .filter(|(reference, _)| reference.base == Base::Document)
            .filter_map(|(reference, place)| self.link(reference, *place, &base))
            .collect()
    }

    /// A word on the first URL of the file that is left alone, but may be meant to be the tree's.
    fn suspect(&mut self, reference: &Reference, place: (u32, u32)) {
        if self.has_suspect {
            return;
        }
        if let Some(Why { why, cause }) = self.missed(reference) {
            self.has_suspect = true;
            let url = escape(&reference.url);
            let message = format!("refers to `{url}`, which is left as it is, {why}");
            let problem = Problem::at(&self.asset.path, place, message);
            let problem = problem.kind(ProblemKind::LeftAlone).cause(cause);
            let problem = problem.unquoted(
                "has a URL that is left as it is, though the tree has such a file",
                "are left as they are, though the tree has such files",
            );
            self.linked.warnings.push(problem);
        }
    }

    /// Why a URL that isn't the tree's may be meant to be, if it ends like the path of a file that gets another name.
    fn missed(&self, reference: &Reference) -> Option<Why> {
        let url = reference.url.trim_ascii();
        let prefixes = &self.index.tree.prefixes;
        if url.starts_with("//") {
            return None;
        }
        let own = BaseUrl::new(self.asset.path.folder(), None, prefixes);
        let is_renamed = |url: &str, base: &BaseUrl| match resolve(base, url, Kind::Load, prefixes)
        {
            Meaning::Path(path) => {
                let file = self.index.find(&path);
                file.is_some_and(|to| self.index.tree.assets[to as usize].policy.names.is_keyed())
            }
            Meaning::Elsewhere | Meaning::Nothing(_) => false,
        };
        if !url.starts_with('/') {
            return (reference.kind != Kind::Import && is_renamed(url, &own)).then(|| Why {
                why: "because of the page's `<base>`".to_string(),
                cause: "are left as they are because of their page's `<base>`".to_string(),
            });
        }
        let root = BaseUrl::new("", None, prefixes);
        let ends = url.match_indices('/').map(|(slash, _)| slash + 1);
        let prefix = ends
            .map(|end| url.split_at(end))
            .find(|(_, rest)| is_renamed(rest, &root));
        prefix.map(|(prefix, _)| {
            let prefix = escape(prefix);
            Why {
                why: format!(
                    "though the tree has such a file: `prefixes = [\"{prefix}\"]` makes it that"
                ),
                cause: format!(
                    "begin with `{prefix}` and are left as they are, though the tree has such files (`prefixes = [\"{prefix}\"]` makes them that)"
                ),
            }
        })
    }

    fn link(&mut self, reference: &Reference, place: (u32, u32), base: &BaseUrl) -> Option<Link> {
        let prefixes = &self.index.tree.prefixes;
        let meaning = self
            .resolved
            .resolve(base, &reference.url, reference.kind, prefixes);
        let path = match meaning {
            Meaning::Elsewhere => {
                self.suspect(reference, place);
                return None;
            }
            Meaning::Nothing(why) => {
                let cause = format!("lead nowhere: {why}");
                let why = why.to_string();
                self.dangles(reference, place, self.usual(reference), Why { why, cause });
                return None;
            }
            Meaning::Path(path) => path,
        };
        let page = || match reference.kind {
            Kind::Link => self.index.find_page(&path),
            _ => None,
        };
        let found = self.index.find(&path);
        let squeezed = match found {
            Some(_) => None,
            None => self.index.find_squeezed(&path),
        };
        let Some(to) = found.or(squeezed).or_else(page) else {
            let written = reference.url.trim_ascii_start();
            let is_relative = reference.base == Base::Document && !written.starts_with('/');
            if is_relative && self.keeps_its_place(&path) {
                return None;
            }
            if reference.kind == Kind::Import && self.index.is_folder(&path) {
                self.refuse_folder(reference, place, &path);
                return None;
            }
            let why = match self.is_unescaped(reference, base) {
                true => Why::of_one(
                    "that ends at the `#` or `?`: a name with these is written with `%23` and `%3F`",
                ),
                false => self.why_missing(&path, reference.kind),
            };
            // `new URL("./", import.meta.url)`: what a script makes of it, only the script knows.
            let usual = match reference.kind == Kind::Load && self.index.is_folder(&path) {
                true => Dangling::Warn,
                false => self.usual(reference),
            };
            self.dangles(reference, place, usual, why);
            return None;
        };
        if squeezed.is_none() {
            self.ask_host(reference, place, &path, to);
        }
        self.hands_over(reference, place, to as usize);
        let written = reference.url.trim_ascii_start();
        Some(Link {
            is_odd: squeezed.is_some(),
            from_top: written.starts_with('/'),
            span: reference.span.start as u32..reference.span.end as u32,
            tail: reference.tail.as_str().into(),
            kind: reference.kind,
            base: reference.base,
            to,
            line: place.0,
            column: place.1,
            from_prefix: prefixes
                .iter()
                .any(|prefix| written.starts_with(prefix.as_str())),
        })
    }

    /// Tells of a link to a folder, or to a page without its `.html`, that stays as it is: only some hosts know what is meant.
    fn ask_host(&mut self, reference: &Reference, place: (u32, u32), path: &str, to: u32) {
        let tree = self.index.tree;
        let page = &tree.assets[to as usize];
        if path == page.path.as_str() {
            return;
        }
        let is_of_html = self
            .asset
            .policy
            .headers
            .content_type
            .starts_with("text/html");
        let is_visited =
            reference.kind == Kind::Link || (reference.kind == Kind::Load && is_of_html);
        let is_from_top = reference.url.trim_ascii_start().starts_with('/');
        let own = self.index.find(self.asset.path.as_str());
        let stays = match own {
            Some(own) if tree.are_together(own as usize, to as usize) => true,
            _ => {
                !is_from_top && !page.policy.names.is_keyed() && !self.asset.policy.names.is_keyed()
            }
        };
        if !is_visited || !stays {
            return;
        }
        const HOW: &str = "write the page's whole name, or say by `index = \"index.html\"` in the target that its host shows pages for these";
        let message = format!(
            "leads to `{}`, and a bucket by itself doesn't show `{}` for that: {HOW}",
            escape(&reference.url),
            escape(page.path.as_str())
        );
        let what =
            "a folder, or to a page without `.html`, and a bucket by itself shows no page for that";
        let cause = format!(
            "lead to folders or to pages without `.html`, and a bucket by itself shows no page for these: {HOW}"
        );
        let problem = Problem::at(&self.asset.path, place, message).kind(ProblemKind::HostIndex);
        let problem = problem.unquoted(&format!("leads to {what}: {HOW}"), &cause);
        self.linked.warnings.push(problem.cause(cause));
    }

    /// Says whether a folder, with a slash at its end, keeps its place to this file: all that is in it is named with this one.
    fn keeps_its_place(&self, folder: &str) -> bool {
        let own = self.index.find(self.asset.path.as_str());
        let mut files = self.index.files_in(folder).peekable();
        let is_there = files.peek().is_some();
        let tree = self.index.tree;
        let has_own_name = |file: usize| !tree.assets[file].policy.names.is_keyed();
        let mut together = files.map(|file| {
            own.is_some_and(|own| {
                let own = own as usize;
                tree.are_together(own, file) || (has_own_name(own) && has_own_name(file))
            })
        });
        is_there && together.all(|is_together| is_together)
    }

    /// As [`usual`]; but where nobody said that `/` is the top of the tree, something else may be served there.
    fn usual(&self, reference: &Reference) -> Dangling {
        let is_guess = self.index.tree.defaults == Defaults::Site
            && reference.url.trim_ascii_start().starts_with('/');
        match usual(reference.kind) {
            Dangling::Error if is_guess => Dangling::Warn,
            usual => usual,
        }
    }

    /// Whether the URL would be that of a file, if its `#` and `?` weren't what they are in URLs.
    fn is_unescaped(&self, reference: &Reference, base: &BaseUrl) -> bool {
        let escaped = reference.url.replace('#', "%23").replace('?', "%3F");
        escaped != reference.url
            && match resolve(base, &escaped, reference.kind, &self.index.tree.prefixes) {
                Meaning::Path(path) => self.index.find(&path).is_some(),
                Meaning::Elsewhere | Meaning::Nothing(_) => false,
            }
    }

    fn why_missing(&self, path: &str, kind: Kind) -> Why {
        let shown = escape(path);
        let left_behind = &self.index.tree.left_behind;
        if left_behind
            .binary_search_by(|other| other.as_str().cmp(path))
            .is_ok()
        {
            return Why::of_one(&format!(
                "`{shown}` is never published, since systems and editors leave such files behind: give it another name"
            ));
        }
        if let Some(dropped) = self.index.dropping(path) {
            let rule = dropped.rule();
            return Why::of_one(&format!(
                "`{shown}` is left out by its name: a rule with {rule} publishes it"
            ));
        }
        if self.index.unpublished.contains(path) {
            return Why {
                why: format!(
                    "`{shown}` isn't published (`-v` lists what is left out, and a rule with `publish = true` publishes it)"
                ),
                cause: match kind {
                    Kind::SourceMap => "lead to source maps, which aren't published".to_string(),
                    _ => format!("lead to `{shown}`, which isn't published"),
                },
            };
        }
        let index = if path.is_empty() || path.ends_with('/') {
            "index.html"
        } else {
            ""
        };
        let near = match index.is_empty() {
            true => self.index.nearest(path),
            false => None,
        };
        let near = near.map_or(String::new(), |near| {
            format!("; did you mean `{}`?", escape(near))
        });
        let cause = match self.missing_folder(path) {
            _ if kind == Kind::SourceMap => "lead to source maps that aren't there".to_string(),
            Some(folder) => format!("lead into `{}`, which isn't there", escape(folder)),
            None => format!("lead to `{shown}{index}`, which isn't there"),
        };
        Why {
            why: format!("there is no `{shown}{index}`{near}"),
            cause,
        }
    }

    /// The first of the folders of a path that has no file.
    fn missing_folder<'p>(&self, path: &'p str) -> Option<&'p str> {
        let slashes = path.match_indices('/');
        let mut folders = slashes.map(|(slash, _)| &path[..=slash]);
        folders.find(|folder| !self.index.is_folder(folder))
    }

    /// Refuses a folder in an import map whose files don't keep their places.
    fn refuse_folder(&mut self, reference: &Reference, place: (u32, u32), folder: &str) {
        let message = format!(
            "refers to `{}`, but `{}` is a folder, whose files get other names: an import map must name each module, unless they keep their places",
            escape(&reference.url),
            escape(folder)
        );
        let tree = self.index.tree;
        let lines = match self.asset.policy.names.is_keyed() {
            true => mentions::keyed_folder(tree, self.asset.path.folder(), folder),
            false => mentions::plain_folder(tree, folder),
        };
        let problem = Problem::at(&self.asset.path, place, message).kind(ProblemKind::Mention);
        let problem = problem.unquoted(
            "has a folder in its import map whose files get other names",
            "",
        );
        self.linked.problems.push(problem.added(Addition {
            file: crate::config::CONFIG_FILE.to_string(),
            lines,
        }));
    }

    fn dangles(&mut self, reference: &Reference, place: (u32, u32), usual: Dangling, why: Why) {
        if reference.kind == Kind::MapSource {
            return;
        }
        let message = format!("refers to `{}`, but {}", escape(&reference.url), why.why);
        let problem = Problem::at(&self.asset.path, place, message);
        let problem = problem.kind(ProblemKind::Reference).cause(why.cause);
        let problem = problem.unquoted("has a reference that leads nowhere", "lead nowhere");
        match self.asset.policy.dangling.unwrap_or(usual) {
            Dangling::Error => self.linked.problems.push(problem),
            Dangling::Warn => self.linked.warnings.push(problem),
            Dangling::Ignore => {}
        }
    }

    fn sets(&mut self) -> Vec<Set> {
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
                    "has an `$$ASSETS(…)$$` that matches no file, or isn't a pattern",
                    "",
                )
            }),
            StandsFor::Folder if self.asset.is_in_keyed_folder() => Ok(SetOf::Folder),
            StandsFor::Folder => Err(problem(
                "`$$FOLDER$$` is the address of a keyed folder, but this file is in none"
                    .to_string(),
            )
            .kind(ProblemKind::Mention)
            .added(self.keyed_folder())),
        }
    }

    /// Returns the lines that put a file into a keyed folder: its own, though one above may be meant.
    fn keyed_folder(&self) -> Addition {
        let folder = self.asset.path.folder();
        let folder = mentions::keyed_folder(self.index.tree, folder, folder);
        let path = globset::escape(self.asset.path.as_str());
        let lines = match self.asset.policy.is_name_asked {
            true => format!(
                "{folder}\n{}",
                cover::rule_of_names(&path, NameStyle::Folder)
            ),
            false => folder,
        };
        Addition {
            file: CONFIG_FILE.to_string(),
            lines,
        }
    }

    /// The files below this one's folder that a placeholder stands for.
    fn matches(&self, pattern: &str) -> Result<Vec<u32>, String> {
        if pattern
            .split('/')
            .any(|part| matches!(part, "" | "." | ".."))
        {
            return Err(
                "a pattern begins in the folder of the file it stands in, such as `img/*.png`"
                    .to_string(),
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
        match to.is_empty() {
            true => Err(format!("no file matches in `{}`", escape(folder))),
            false => Ok(to),
        }
    }

    /// What a script refers to by URLs that are relative to the page: all pages must agree.
    fn links_from_pages(&mut self, pages: &[PageBase<'_>]) -> Vec<Link> {
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
                let pages: Vec<String> = meanings
                    .values()
                    .take(SHOWN)
                    .map(|folder| format!("`{}`", escape(folder)))
                    .collect();
                let message = format!(
                    "`{}` is relative to the page, and pages in {} run this script; write `new URL(\"…\", import.meta.url)` in a module",
                    escape(&reference.url),
                    pages.join(" and "),
                );
                let problem = Problem::at(&self.asset.path, *place, message);
                let problem = problem.kind(ProblemKind::Rewriting);
                let unquoted = "has a URL that is relative to the page, and pages in several folders run this script; write `new URL(\"…\", import.meta.url)` in a module";
                self.linked.problems.push(problem.unquoted(unquoted, ""));
                continue;
            }
            if let Some(page) = pages.first() {
                links.extend(self.link(reference, *place, &page.base));
            }
        }
        links
    }
}

/// Returns each file that a placeholder stands for, by the name that scripts have for it.
fn names_of_placeholders<'t>(tree: &'t Tree, files: &[Links]) -> HashSet<(u32, &'t str)> {
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

/// What URLs in a script are relative to: the page that runs it.
struct PageBase<'a> {
    /// The page's folder, for messages.
    folder: &'a str,
    base: BaseUrl,
}

/// The different ones of `pages`. A script that no page here runs is run by the site's own: its folder is the best guess.
fn page_bases<'a>(
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
    let folder = |page: &usize| tree.assets[*page].path.folder();
    let different: BTreeMap<(&str, Option<&str>), &str> = pages
        .iter()
        .map(|page| {
            (
                (folder(page), drafts[*page].found.base.as_deref()),
                folder(page),
            )
        })
        .collect();
    let base = |((folder, href), _)| PageBase {
        folder,
        base: BaseUrl::new(folder, href, &tree.prefixes),
    };
    different.into_iter().map(base).collect()
}

/// For each script that needs to know: the pages that run it, by `<script>`, `import` or as a worker; and those of a style.
fn pages_of_scripts(tree: &Tree, drafts: &[Draft], files: &[Links]) -> Vec<(usize, Vec<usize>)> {
    let is_of = |file: usize, types: &[&str]| {
        let content_type = &tree.assets[file].policy.headers.content_type;
        types
            .iter()
            .any(|essence| content_type.starts_with(essence))
    };
    let needs_pages = |(draft, file): (&Draft, &Links)| {
        let found = &draft.found;
        !found.references.is_empty()
            || !found.mentions.is_empty()
            || (!file.sets.is_empty() && !found.is_module)
    };
    let scripts: Vec<usize> = (0..drafts.len())
        .filter(|i| needs_pages((&drafts[*i], &files[*i])))
        .collect();
    if scripts.is_empty() {
        return Vec::new();
    }
    let mut runs: HashMap<u32, Vec<usize>> = HashMap::new();
    for (from, links) in files.iter().enumerate() {
        for link in &links.links {
            let is_style = link.kind == Kind::Load && is_of(link.to as usize, &["text/css"]);
            if matches!(link.kind, Kind::Script | Kind::ModuleScript | Kind::Import) || is_style {
                runs.entry(link.to).or_default().push(from);
            }
        }
    }
    let pages = |script: usize| {
        let mut seen = BTreeSet::from([script]);
        let mut waiting = vec![script];
        while let Some(file) = waiting.pop() {
            for from in runs.get(&(file as u32)).into_iter().flatten() {
                if seen.insert(*from) {
                    waiting.push(*from);
                }
            }
        }
        let is_page = |file: &usize| {
            let mut links = files[*file].links.iter();
            is_of(*file, &["text/html", "application/xhtml+xml"])
                || links.any(|l| matches!(l.kind, Kind::Script | Kind::ModuleScript))
        };
        seen.into_iter()
            .filter(|file| *file != script && is_page(file))
            .collect()
    };
    scripts
        .into_iter()
        .map(|script| (script, pages(script)))
        .collect()
}
