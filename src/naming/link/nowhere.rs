//! References that lead nowhere, are left alone, or that only some hosts know the meaning of: what
//! is told of them.

use std::ops::Range;

use super::{Elsewhere, File};
use crate::base::name::NameStyle;
use crate::base::path::LogicalPath;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;
use crate::naming::index::Index;
use crate::naming::{cover, mentions};
use crate::refs::resolve::{BaseUrl, Meaning, resolve};
use crate::refs::{Base, Kind, Reference};
use crate::rules::{Dangling, Defaults};

/// Advice on a page whose `<base>` leads away from the tree.
const BASE_HOW: &str = "remove the `<base>`, or add its URL to `prefixes`";

/// Reason why a reference leads nowhere or is left alone.
pub(super) struct Why {
    /// Reason for this reference.
    pub why: String,
    /// As [`Problem::cause`].
    pub cause: String,
}

impl Why {
    /// Makes a reason that is true of this reference alone.
    pub(super) fn of_one(why: &str) -> Why {
        Why {
            why: why.to_string(),
            cause: String::new(),
        }
    }
}

impl File<'_, '_> {
    /// Warns about the first URL of the file that is left alone, but may be meant to be the tree's.
    pub(super) fn suspect(&mut self, reference: &Reference, place: (u32, u32)) {
        let is_prefix_set = !self.index.tree.prefixes.is_empty();
        if self.has_suspect && !is_prefix_set {
            return;
        }
        if let Some(Why { why, cause }) = self.missed(reference) {
            if is_prefix_set {
                self.linked.misled.beside.push(span(reference));
            }
            if std::mem::replace(&mut self.has_suspect, true) {
                return;
            }
            let url = escape(&reference.url);
            let message = format!("refers to `{url}`, which isn't rewritten{why}");
            let problem = Problem::at(&self.asset.path, place, message);
            let problem = problem.kind(ProblemKind::LeftAlone).cause(cause);
            let problem = problem.unquoted(
                "has a URL that isn't rewritten, although the tree has this file",
                "aren't rewritten, although the tree has these files",
            );
            self.linked.warnings.push(problem);
        }
    }

    /// Returns why a URL that isn't the tree's may be meant to be, if it ends like the path of a
    /// file that gets another name.
    fn missed(&self, reference: &Reference) -> Option<Why> {
        let url = reference.url.trim_ascii();
        let prefixes = &self.index.tree.prefixes;
        if url.starts_with("//") {
            return None;
        }
        if !url.starts_with('/') {
            let own = BaseUrl::new(self.asset.path.folder(), None, prefixes);
            let is_missed = reference.kind != Kind::Import && self.leads_to_renamed(url, &own);
            return is_missed.then(|| Why {
                why: format!(" because of the page's `<base>`: {BASE_HOW}"),
                cause: format!("aren't rewritten because of their page's `<base>` ({BASE_HOW})"),
            });
        }
        let root = BaseUrl::new("", None, prefixes);
        let prefix = prefixes_of(url).find(|(_, rest)| self.leads_to_renamed(rest, &root));
        let prefix = escape(prefix?.0);
        Some(Why {
            why: format!(
                ", although the tree has this file: set `prefixes = [\"{prefix}\"]` at the top of the configuration"
            ),
            cause: format!(
                "begin with `{prefix}` and aren't rewritten, although the tree has these files (set `prefixes = [\"{prefix}\"]` at the top of the configuration)"
            ),
        })
    }

    /// Notes the first script of a bundler that a page loads by a URL that isn't the tree's.
    pub(super) fn note_elsewhere(&mut self, reference: &Reference, (line, column): (u32, u32)) {
        let is_script = matches!(reference.kind, Kind::Script | Kind::ModuleScript);
        if !is_script || self.linked.elsewhere.is_some() {
            return;
        }
        let tree = &self.index.tree;
        let root = BaseUrl::new("", None, &tree.prefixes);
        let is_chunk = |rest: &str| match resolve(&root, rest, Kind::Load, &tree.prefixes) {
            Meaning::Path(path) => self.index.find(&path).is_some_and(|to| {
                tree.assets[to as usize].policy.names == NameStyle::Fingerprinted
            }),
            Meaning::Elsewhere | Meaning::Nothing(_) => false,
        };
        let found = prefixes_of(reference.url.trim_ascii()).find(|(_, rest)| is_chunk(rest));
        self.linked.elsewhere = found.map(|(prefix, _)| Elsewhere {
            line,
            column,
            prefix: prefix.to_string(),
        });
    }

    /// Says whether a URL would be that of a file that gets another name.
    fn leads_to_renamed(&self, url: &str, base: &BaseUrl) -> bool {
        match resolve(base, url, Kind::Load, &self.index.tree.prefixes) {
            Meaning::Path(path) => {
                let file = self.index.find(&path);
                file.is_some_and(|to| self.index.tree.assets[to as usize].policy.names.is_keyed())
            }
            Meaning::Elsewhere | Meaning::Nothing(_) => false,
        }
    }

    /// Tells of a path that no file of the tree has, unless it's right as it is.
    pub(super) fn missing(
        &mut self,
        reference: &Reference,
        place: (u32, u32),
        base: &BaseUrl,
        path: &str,
    ) {
        let written = reference.url.trim_ascii_start();
        let is_relative = reference.base == Base::Document && !written.starts_with('/');
        if is_relative && self.keeps_its_place(path) {
            return;
        }
        if reference.kind == Kind::Import && self.index.is_folder(path) {
            self.refuse_folder(reference, place, path);
            return;
        }
        if let Some(prefix) = self.other_prefix(reference) {
            self.is_below(reference, place, prefix);
            return;
        }
        let why = if self.is_unescaped(reference, base) {
            Why::of_one(
                "its path ends at the `#` or `?`: write `%23` for a `#` in a file's name, and `%3F` for a `?`",
            )
        } else {
            self.why_missing(path, reference.kind)
        };
        // `new URL("./", import.meta.url)`: what a script makes of it, only the script knows.
        let usual = if reference.kind == Kind::Load && self.index.is_folder(path) {
            Dangling::Warn
        } else {
            self.usual(reference)
        };
        self.dangles(reference, place, usual, why);
    }

    /// Returns the beginning of a path from the top that isn't one of the tree's prefixes, if the
    /// tree has a file that is called like the rest.
    fn other_prefix<'r>(&self, reference: &'r Reference) -> Option<&'r str> {
        let url = reference.url.trim_ascii();
        // What a link leads to may well be outside of the tree.
        if !url.starts_with('/') || reference.kind == Kind::Link {
            return None;
        }
        let prefix = prefix_before(self.index, url)?;
        let mut known = self.index.tree.prefixes.iter();
        (!known.any(|known| known == prefix)).then_some(prefix)
    }

    /// Tells of a reference that is right if the site is served below a path.
    fn is_below(&mut self, reference: &Reference, place: (u32, u32), prefix: &str) {
        let (url, prefix) = (escape(&reference.url), escape(prefix));
        let how = format!("set `prefixes = [\"{prefix}\"]` if the site is built for `{prefix}`");
        let message = format!("refers to `{url}`, which the tree has without `{prefix}`: {how}");
        let cause =
            format!("begin with `{prefix}`, and the tree has these files without it: {how}");
        let problem = Problem::at(&self.asset.path, place, message).kind(ProblemKind::LeftAlone);
        let problem = problem.unquoted(
            "has a reference to a file of the tree by another prefix than `prefixes` has",
            "are by another prefix than `prefixes` has",
        );
        let problem = problem.cause(cause);
        match self.asset.policy.dangling.unwrap_or(self.usual(reference)) {
            Dangling::Error => self.linked.problems.push(problem),
            Dangling::Warn => self.linked.warnings.push(problem),
            Dangling::Ignore => return,
        }
        self.linked.misled.below.push(span(reference));
    }

    /// Tells of a link to a folder, or to a page without its `.html`, that stays as it is: only
    /// some hosts know what is meant.
    pub(super) fn ask_host(
        &mut self,
        reference: &Reference,
        place: (u32, u32),
        path: &str,
        to: u32,
    ) {
        let page = &self.index.tree.assets[to as usize];
        if path == page.path.as_str() || !self.is_visited(reference) || !self.stays(reference, to) {
            return;
        }
        const HOW: &str = "link to the page's file, or set `index = \"index.html\"` in the target if its host serves pages at such addresses";
        let message = format!(
            "leads to `{}`, but a bucket by itself doesn't serve `{}` there: {HOW}",
            escape(&reference.url),
            escape(page.path.as_str())
        );
        let what =
            "a folder or to a page without `.html`, but a bucket by itself serves no page there";
        let cause = format!(
            "lead to folders or to pages without `.html`, but a bucket by itself serves no page there: {HOW}"
        );
        let problem = Problem::at(&self.asset.path, place, message).kind(ProblemKind::HostIndex);
        let problem = problem.unquoted(&format!("leads to {what}: {HOW}"), &cause);
        self.linked.warnings.push(problem.cause(cause));
    }

    /// Says whether visitors open what a reference leads to.
    fn is_visited(&self, reference: &Reference) -> bool {
        let content_type = &self.asset.policy.headers.content_type;
        let is_of_html = content_type.starts_with("text/html");
        reference.kind == Kind::Link || (reference.kind == Kind::Load && is_of_html)
    }

    /// Says whether a reference to a page isn't rewritten, since both keep their places.
    fn stays(&self, reference: &Reference, to: u32) -> bool {
        let tree = self.index.tree;
        match self.index.find(self.asset.path.as_str()) {
            Some(own) if tree.are_together(own as usize, to as usize) => true,
            _ => {
                let page = &tree.assets[to as usize];
                let is_from_top = reference.url.trim_ascii_start().starts_with('/');
                !is_from_top && !page.policy.names.is_keyed() && !self.asset.policy.names.is_keyed()
            }
        }
    }

    /// Says whether a folder, with a slash at its end, keeps its place to this file: all that is in
    /// it is named with this one.
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

    /// Works as [`usual`]; but if no setting says that `/` is the top of the tree, something else
    /// may be served there.
    pub(super) fn usual(&self, reference: &Reference) -> Dangling {
        let is_guess = self.index.tree.defaults == Defaults::Site
            && reference.url.trim_ascii_start().starts_with('/');
        match usual(reference.kind) {
            Dangling::Error if is_guess => Dangling::Warn,
            usual => usual,
        }
    }

    /// Checks whether the URL would lead to a file if its `#` and `?` were escaped.
    fn is_unescaped(&self, reference: &Reference, base: &BaseUrl) -> bool {
        let escaped = reference.url.replace('#', "%23").replace('?', "%3F");
        escaped != reference.url
            && match resolve(base, &escaped, reference.kind, &self.index.tree.prefixes) {
                Meaning::Path(path) => self.index.find(&path).is_some(),
                Meaning::Elsewhere | Meaning::Nothing(_) => false,
            }
    }

    fn why_missing(&self, path: &str, kind: Kind) -> Why {
        if let Some(why) = self.why_unpublished(path, kind) {
            return why;
        }
        let shown = escape(path);
        let index = if path.is_empty() || path.ends_with('/') {
            "index.html"
        } else {
            ""
        };
        let near = if index.is_empty() {
            self.index.nearest(path)
        } else {
            None
        };
        let near = near.map_or(String::new(), |near| {
            format!("; did you mean `{}`?", escape(near))
        });
        let cause = match self.missing_folder(path) {
            _ if kind == Kind::SourceMap => "lead to missing source maps".to_string(),
            Some(folder) => format!("lead into `{}`, which doesn't exist", escape(folder)),
            None => format!("lead to `{shown}{index}`, which doesn't exist"),
        };
        Why {
            why: format!("there is no `{shown}{index}`{near}"),
            cause,
        }
    }

    /// Returns why a file that is there isn't published.
    fn why_unpublished(&self, path: &str, kind: Kind) -> Option<Why> {
        let shown = escape(path);
        let left_behind = &self.index.tree.left_behind;
        let by_path = |other: &LogicalPath| other.as_str().cmp(path);
        if left_behind.binary_search_by(by_path).is_ok() {
            return Some(Why::of_one(&format!(
                "`{shown}` is never published, since systems and editors leave such files behind: rename it"
            )));
        }
        if let Some(dropped) = self.index.junk(path) {
            let rule = dropped.rule();
            return Some(Why::of_one(&format!(
                "`{shown}` isn't published because of its name: add a rule with {rule} to publish it"
            )));
        }
        self.index.unpublished.contains(path).then(|| Why {
            why: format!(
                "`{shown}` isn't published (`-v` lists skipped files, and a rule with `publish = true` publishes it)"
            ),
            cause: match kind {
                Kind::SourceMap => "lead to source maps, which aren't published".to_string(),
                _ => format!("lead to `{shown}`, which isn't published"),
            },
        })
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
            "refers to `{}`, but `{}` is a folder whose files get other names: name each module in the import map, or let the files keep their paths",
            escape(&reference.url),
            escape(folder)
        );
        let tree = self.index.tree;
        let lines = if self.asset.policy.names.is_keyed() {
            mentions::keyed_folder(tree, self.asset.path.folder(), folder)
        } else {
            mentions::plain_folder(tree, folder)
        };
        let problem = Problem::at(&self.asset.path, place, message).kind(ProblemKind::Mention);
        let problem = problem.unquoted(
            "has an import map that names a folder whose files get other names",
            "",
        );
        let problem = problem.added(cover::addition(lines));
        self.linked.problems.push(problem);
    }

    pub(super) fn dangles(
        &mut self,
        reference: &Reference,
        place: (u32, u32),
        usual: Dangling,
        why: Why,
    ) {
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
}

fn span(reference: &Reference) -> Range<u32> {
    reference.span.start as u32..reference.span.end as u32
}

/// Returns the shortest beginning of a URL that stands before the path of a file of the tree.
pub(in crate::naming) fn prefix_before<'u>(index: &Index<'_>, url: &'u str) -> Option<&'u str> {
    let prefixes = &index.tree.prefixes;
    let root = BaseUrl::new("", None, prefixes);
    let is_file = |rest: &str| match resolve(&root, rest, Kind::Load, prefixes) {
        Meaning::Path(path) => index.find(&path).is_some(),
        Meaning::Elsewhere | Meaning::Nothing(_) => false,
    };
    let mut parts = prefixes_of(url).filter(|(_, rest)| !rest.is_empty());
    parts
        .find(|(_, rest)| is_file(rest))
        .map(|(prefix, _)| prefix)
}

/// Splits a path behind each of its slashes, the first one first.
fn prefixes_of(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = url.match_indices('/').map(|(slash, _)| slash + 1);
    ends.map(|end| url.split_at(end))
}

/// Returns the treatment of a reference that leads nowhere, unless a rule sets another one.
fn usual(kind: Kind) -> Dangling {
    match kind {
        Kind::MapSource => Dangling::Ignore,
        Kind::Link | Kind::SourceMap => Dangling::Warn,
        Kind::Load | Kind::Manifest | Kind::Script | Kind::ModuleScript | Kind::Import => {
            Dangling::Error
        }
    }
}
