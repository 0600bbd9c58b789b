//! From folders on disk to a sorted [`Tree`] of assets. Reads names and types, never a file's content,
//! and reports everything that is wrong at once.

mod patterns;
mod units;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::FileType;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use url::Url;
use walkdir::{DirEntry, WalkDir};

use self::patterns::check_patterns;
pub use self::units::Unit;
use crate::bounded;
use crate::config::Target;
use crate::droppings::{self, Dropped, Dropping};
use crate::error::{escape, plain, plain_words, shortened};
use crate::glob::check_bounds;
use crate::hidden;
use crate::levels::Levels;
use crate::name::NameStyle;
use crate::path::{LogicalPath, folded};
use crate::problem::{Addition, Meant, Problem, ProblemKind};
use crate::rules::{Defaults, Kind, Policy, Publish, Rules};
use crate::secrets::{OWN_KEY, is_private_folder, looks_secret};

/// Paths that aren't published, in gitignore syntax; read in every folder of a source.
pub const IGNORE_FILE: &str = ".assetsyncignore";

/// The largest such file, in bytes.
const IGNORE_BYTES_MAX: usize = 1 << 20;

/// A folder to publish, and where its files appear in the tree.
#[derive(Debug, Clone)]
pub struct Source {
    /// The folder.
    pub dir: PathBuf,
    /// What each logical path begins with: empty, or ending in `/`.
    pub mount: String,
    /// What to do about symbolic links.
    pub symlinks: Symlinks,
    /// Where it was asked for, such as `assetsync.toml:5:7`; for messages.
    pub declared: Option<String>,
}

impl Source {
    /// The folder `dir` at the top of the tree; symbolic links are refused.
    pub fn new(dir: impl Into<PathBuf>) -> Source {
        Source {
            dir: dir.into(),
            mount: String::new(),
            symlinks: Symlinks::Refuse,
            declared: None,
        }
    }
}

/// What to do about symbolic links in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symlinks {
    /// Each is an error.
    #[default]
    Refuse,
    /// Those that stay inside the source are followed; others are errors.
    Inside,
}

/// A file to be published.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its place in the tree.
    pub path: LogicalPath,
    /// Its place on disk.
    pub file: PathBuf,
    /// What the rules say.
    pub policy: Arc<Policy>,
    /// The files that it's named with, if it is in a keyed folder: their place among [`Tree::units`].
    pub unit: Option<u32>,
}

impl Asset {
    /// Says whether its name begins with that of a folder that nobody guesses, in which files keep their places.
    pub fn is_in_keyed_folder(&self) -> bool {
        self.unit.is_some() || self.policy.names == NameStyle::Palindrome2022
    }
}

/// What was found in the sources, sorted by logical path.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// What is to be published.
    pub assets: Vec<Asset>,
    /// What is named together, sorted by folder.
    pub units: Vec<Unit>,
    /// What can't be: nothing may be published while there are any.
    pub problems: Vec<Problem>,
    /// What was skipped because its extension isn't on the allow-list, by extension ("" for none).
    pub skipped: BTreeMap<String, Vec<LogicalPath>>,
    /// What a rule leaves out.
    pub left_out: Vec<LogicalPath>,
    /// The same of names that can't be logical paths, escaped.
    pub oddly_left_out: Vec<String>,
    /// What systems and editors leave behind.
    pub left_behind: Vec<LogicalPath>,
    /// What is left out by its name, unless a rule asks for it.
    pub droppings: Vec<Dropped>,
    /// Worth a word, but not an error.
    pub warnings: Vec<Problem>,
    /// Warnings that aren't told, since they are meant to be.
    pub meant: Meant,
    /// Who may know what.
    pub levels: Levels,
    /// Beginnings of URLs that stand for the top of the tree.
    pub prefixes: Vec<String>,
    /// What holds where no rule says anything.
    pub defaults: Defaults,
    /// Where browsers find the objects, for references that are written as absolute URLs. Not known to [`walk`].
    pub public_url: Option<Url>,
}

/// Walks all `sources`. Never fails: what is wrong is in [`Tree::problems`].
pub fn walk(sources: &[Source], rules: &Rules) -> Tree {
    let mut walk = Walk {
        rules,
        tree: Tree {
            levels: rules.levels().clone(),
            meant: rules.meant().clone(),
            prefixes: rules.prefixes().to_vec(),
            defaults: rules.defaults(),
            ..Tree::default()
        },
        policies: HashMap::new(),
        odd: Vec::new(),
    };
    for source in sources {
        walk.source(source);
    }
    let (mut tree, odd) = (walk.tree, walk.odd);
    tree.assets
        .sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.file.cmp(&b.file)));
    tree.left_out.sort();
    tree.left_behind.sort();
    tree.oddly_left_out.sort();
    leave_out_copies(&mut tree, rules);
    tree.droppings.sort();
    let (units, outside) = units::find(&mut tree.assets, rules.folders());
    tree.units = units;
    tree.problems.extend(outside);
    let twins = find_twins(&tree.assets, sources);
    tree.problems.extend(twins.problems);
    tree.warnings.extend(twins.warnings);
    tree.problems.sort();
    let paths = tree
        .assets
        .iter()
        .map(|asset| &asset.path)
        .chain(&tree.left_out)
        .chain(&tree.left_behind)
        .chain(tree.droppings.iter().map(|dropped| &dropped.path));
    let said = check_patterns(rules, &tree, paths, &odd);
    tree.warnings.extend(said.warnings);
    tree.problems.extend(said.problems);
    tree.problems.sort();
    hidden::note_tree(&tree);
    let meant = std::mem::take(&mut tree.meant);
    tree.warnings.retain(|warning| !meant.has(warning));
    tree.meant = meant;
    hidden::veil(&mut tree.problems);
    hidden::veil(&mut tree.warnings);
    tree
}

/// Leaves out numbered copies of files that are published, unless a rule asks for them.
fn leave_out_copies(tree: &mut Tree, rules: &Rules) {
    let is_there = |path: &str| {
        let assets = &tree.assets;
        let found = assets.binary_search_by(|asset| asset.path.as_str().cmp(path));
        found.is_ok()
    };
    let is_copy = |asset: &&Asset| {
        let path = asset.path.as_str();
        droppings::original(path)
            .is_some_and(|original| is_there(&original) && !rules.ask_for(path, &original))
    };
    let copies: BTreeSet<LogicalPath> = tree
        .assets
        .iter()
        .filter(is_copy)
        .map(|asset| asset.path.clone())
        .collect();
    if copies.is_empty() {
        return;
    }
    tree.assets.retain(|asset| !copies.contains(&asset.path));
    tree.droppings
        .extend(copies.into_iter().map(|path| Dropped {
            dropping: Dropping::Copy,
            top: path.to_string(),
            path,
        }));
}

struct Walk<'a> {
    rules: &'a Rules,
    tree: Tree,
    policies: HashMap<Kind, Arc<Policy>>,
    /// What a rule leaves out although its name can't be a logical path.
    odd: Vec<PathBuf>,
}

/// Where a walk goes on after an entry.
enum Next {
    Onward,
    NotInside,
}

impl Tree {
    /// Returns the unit of the file at this place, if it has one.
    pub fn unit_of(&self, file: usize) -> Option<&Unit> {
        let unit = self.assets[file].unit?;
        self.units.get(unit as usize)
    }

    /// Lets links to folders pass where the hosts of all these targets show pages for them.
    pub fn note_hosts(&mut self, targets: &[Target]) {
        if targets.iter().all(Target::shows_index) {
            self.meant.add(ProblemKind::HostIndex);
        }
    }

    /// Says whether both files are named together, and keep their places to each other.
    pub(crate) fn are_together(&self, one: usize, other: usize) -> bool {
        let unit = self.assets[one].unit;
        unit.is_some() && unit == self.assets[other].unit
    }
}

impl Walk<'_> {
    fn source(&mut self, source: &Source) {
        let mut ignores = Ignores::default();
        // Links are followed only to learn what they point to: `entry` stops at each one it refuses.
        let mut entries = WalkDir::new(&source.dir)
            .follow_links(true)
            // By name, within a folder; the whole path is compared faster than its end is found.
            .sort_by(|a, b| a.path().as_os_str().cmp(b.path().as_os_str()))
            .into_iter();
        while let Some(entry) = entries.next() {
            let next = match entry {
                Ok(entry) => self.entry(source, &mut ignores, &entry),
                Err(error) => self.unreadable(source, &mut ignores, &error),
            };
            if matches!(next, Next::NotInside) {
                entries.skip_current_dir();
            }
        }
    }

    fn entry(&mut self, source: &Source, ignores: &mut Ignores, entry: &DirEntry) -> Next {
        let kind = entry.file_type();
        if entry.depth() == 0 {
            self.note_ignore_file(ignores, entry.path());
            return Next::Onward;
        }
        let leave = if kind.is_dir() {
            Next::NotInside
        } else {
            Next::Onward
        };
        if ignores.ignores(&source.dir, entry.path(), kind.is_dir())
            || entry.file_name() == IGNORE_FILE
        {
            return leave;
        }
        let path = match logical_path(source, entry.path()) {
            Ok(path) => path,
            Err(problem) => {
                self.odd_name(source, entry.path(), kind.is_dir(), problem);
                return leave;
            }
        };
        if entry.path_is_symlink()
            && let Err(problem) = check_link(source, entry.path(), &path)
        {
            self.problem_unless_left_out(&path, kind.is_dir(), problem);
            return leave;
        }
        if kind.is_dir() {
            return self.folder(ignores, entry.path(), &path);
        }
        let is_meant = self.rules.dropping(path.as_str()).is_some_and(|mark| {
            let unmarked = mark.unmarked(path.as_str());
            let name = unmarked.rsplit('/').next().unwrap_or_default();
            !mark.is_folder
                && ignores.mean(
                    &source.dir,
                    entry.path(),
                    &entry.path().with_file_name(name),
                )
        });
        self.file(entry.path(), path, kind, is_meant);
        Next::Onward
    }

    fn folder(&mut self, ignores: &mut Ignores, folder: &Path, path: &LogicalPath) -> Next {
        if self.in_dropping(path.as_str()).is_some() {
            // What is left out has mistakes of its own.
            return Next::Onward;
        }
        if is_private_folder(path.file_name()) {
            let problem = Problem::new(
                path,
                "looks private: folders of this name hold history, keys or credentials",
            );
            self.problem_unless_left_out(path, true, problem);
            return Next::NotInside;
        }
        self.note_ignore_file(ignores, folder);
        Next::Onward
    }

    fn file(&mut self, file: &Path, path: LogicalPath, kind: FileType, is_meant: bool) {
        let policy = self.policy(&path, is_meant);
        match policy.publish {
            Publish::LeftOut => return self.tree.left_out.push(path),
            Publish::Never => return self.tree.left_behind.push(path),
            Publish::Dropping(_) if self.in_dropping(path.as_str()).is_some() => {
                return self.drop(path.clone(), path.as_str());
            }
            Publish::Dropping(_) | Publish::ByRule | Publish::ByExtension | Publish::NotListed => {}
        }
        if !kind.is_file() {
            self.tree.problems.push(Problem::new(
                &path,
                "is a FIFO, socket or device, not a file",
            ));
            return;
        }
        if !policy.may_be_secret && looks_secret(path.file_name()) {
            let message = match self.rules.is_key_file(file) {
                true => OWN_KEY,
                false => {
                    "looks like a secret by its name; a rule for this file with `publish = true` or `publish = false` decides"
                }
            };
            self.tree.problems.push(Problem::new(&path, message));
            return;
        }
        if let Publish::Dropping(_) = policy.publish {
            return self.drop(path.clone(), path.as_str());
        }
        if policy.publish == Publish::NotListed {
            let extension = path.extension().unwrap_or_default();
            self.tree.skipped.entry(extension).or_default().push(path);
            return;
        }
        if policy.type_is_guess && path.extension().is_none() {
            let warning = Problem::new(&path, format!("has {NO_TYPE}"));
            let warning = warning.kind(ProblemKind::Untyped);
            self.tree
                .warnings
                .push(warning.cause(format!("have {NO_TYPE}")));
        }
        self.tree.assets.push(Asset {
            path,
            file: file.to_path_buf(),
            policy,
            unit: None,
        });
    }

    /// The folder around `path` by whose name it's left out.
    fn in_dropping<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mark = self.rules.dropping(path)?;
        mark.is_folder.then(|| mark.top(path))
    }

    /// Leaves out `path`, for the name that `marked` has, which is the same or in it.
    fn drop(&mut self, path: LogicalPath, marked: &str) {
        let mark = self.rules.dropping(marked);
        self.tree.droppings.extend(mark.map(|mark| Dropped {
            dropping: mark.dropping,
            top: mark.top(marked).to_string(),
            path,
        }));
    }

    /// Worked out once for all files of a kind.
    fn policy(&mut self, path: &LogicalPath, is_meant: bool) -> Arc<Policy> {
        let kind = match is_meant {
            true => self.rules.kind(path).meant(),
            false => self.rules.kind(path),
        };
        let policy = self
            .policies
            .entry(kind)
            .or_insert_with_key(|kind| Arc::new(self.rules.policy_of(kind)));
        Arc::clone(policy)
    }

    fn unreadable(
        &mut self,
        source: &Source,
        ignores: &mut Ignores,
        error: &walkdir::Error,
    ) -> Next {
        let file = error.path().unwrap_or(&source.dir);
        if ignores.ignores(&source.dir, file, false) {
            return Next::Onward;
        }
        let message = match (error.loop_ancestor(), error.io_error()) {
            (Some(ancestor), _) => format!("is a symbolic link back to `{}`", ancestor.display()),
            (None, Some(e)) if file.is_symlink() => {
                format!("is a symbolic link that leads nowhere: {}", plain(e))
            }
            (None, Some(e)) => format!("can't be read: {}", plain(e)),
            (None, None) => error.to_string(),
        };
        match logical_path(source, file) {
            Ok(path) => {
                self.problem_unless_left_out(&path, file.is_dir(), Problem::new(&path, message))
            }
            Err(_) => {
                let problem = Problem::new(file.display(), message);
                self.odd_name(source, file, file.is_dir(), problem);
            }
        }
        Next::Onward
    }

    /// A rule may leave out what can't be a logical path, too; whoever writes `drafts/**` means all that is there.
    fn odd_name(&mut self, source: &Source, file: &Path, is_folder: bool, problem: Problem) {
        let below = file.strip_prefix(&source.dir).unwrap_or(file);
        if below.as_os_str().is_empty() {
            self.tree.problems.push(problem.kind(ProblemKind::Source));
            return;
        }
        let path = Path::new(&source.mount).join(below);
        let inside = path.join("x");
        let shown = path.to_string_lossy();
        if let Some(folder) = self.in_dropping(&shown)
            && let Ok(folder) = LogicalPath::parse(folder.trim_end_matches('/'))
        {
            let inside = format!("{folder}/x");
            return self.drop(folder, &inside);
        }
        match self.rules.leave_out(&path) || (is_folder && self.rules.leave_out(&inside)) {
            true => {
                self.tree.oddly_left_out.push(problem.path);
                self.odd.push(if is_folder { inside } else { path });
            }
            false => self.tree.problems.push(Problem {
                mended_by: Some(Box::new(Addition::new(source, below, is_folder))),
                ..problem.kind(ProblemKind::Name)
            }),
        }
    }

    fn note_ignore_file(&mut self, ignores: &mut Ignores, folder: &Path) {
        self.tree.problems.extend(ignores.read(folder));
    }

    fn problem_unless_left_out(&mut self, path: &LogicalPath, is_folder: bool, problem: Problem) {
        // A folder is left out by a rule for what's in it: `match = ".git/**"`.
        let inside = LogicalPath::parse(&format!("{path}/x"))
            .ok()
            .filter(|_| is_folder);
        let mut paths = [Some(path), inside.as_ref()].into_iter().flatten();
        if paths.any(|p| self.rules.policy(p).publish == Publish::LeftOut) {
            self.tree.left_out.push(path.clone());
            return;
        }
        let marked = inside.as_ref().unwrap_or(path).as_str();
        let is_private = is_folder && is_private_folder(path.file_name());
        let is_dropping = match is_private {
            true => self.in_dropping(path.as_str()).is_some(),
            false => self.rules.dropping(marked).is_some(),
        };
        match is_dropping {
            true => self.drop(path.clone(), marked),
            false => self.tree.problems.push(problem),
        }
    }
}

fn logical_path(source: &Source, file: &Path) -> Result<LogicalPath, Problem> {
    let relative = file.strip_prefix(&source.dir).unwrap_or(file);
    let Some(name) = relative.to_str() else {
        let shown = format!("{}{}", source.mount, relative.to_string_lossy());
        let message = format!("the name isn't UTF-8: {relative:?}");
        return Err(Problem::new(shown, message).unquoted("the name isn't UTF-8", ""));
    };
    let mut path = format!("{}{name}", source.mount);
    if MAIN_SEPARATOR != '/' {
        path = path.replace(MAIN_SEPARATOR, "/");
    }
    LogicalPath::parse(&path).map_err(|why| Problem::new(&path, why.to_string()))
}

fn check_link(source: &Source, file: &Path, path: &LogicalPath) -> Result<(), Problem> {
    if source.symlinks == Symlinks::Refuse {
        return Err(Problem::new(
            path,
            "is a symbolic link; `symlinks = \"inside\"` in the [[source]] follows those that stay inside",
        ));
    }
    match (file.canonicalize(), source.dir.canonicalize()) {
        (Ok(to), Ok(root)) if to.starts_with(&root) => Ok(()),
        _ => Err(Problem::new(
            path,
            "is a symbolic link that leaves its source",
        )),
    }
}

const NO_TYPE: &str = "no extension and is served as application/octet-stream; a rule with `content_type` tells better";

impl Addition {
    /// What leaves out what is `below` a source.
    fn new(source: &Source, below: &Path, is_folder: bool) -> Addition {
        Addition {
            file: escape(&source.dir.join(IGNORE_FILE).display().to_string()),
            lines: ignore_line(below, is_folder),
        }
    }
}

/// The pattern that is about this path alone, as gitignore has it: what can't be typed or seen is `[! -~]`, any one byte that
/// isn't printable ASCII.
fn ignore_line(path: &Path, is_folder: bool) -> String {
    let mut line = String::from("/");
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                MAIN_SEPARATOR => line.push('/'),
                '\\' | '*' | '?' | '[' | ']' | '{' | '}' => line.extend(['\\', c]),
                ' ' => line.push(c),
                c if is_unseen(c) => line.push_str(&ANY_ODD_BYTE.repeat(c.len_utf8())),
                c => line.push(c),
            }
        }
        line.push_str(&ANY_ODD_BYTE.repeat(chunk.invalid().len()));
    }
    if is_folder {
        line.push('/');
    } else if line.ends_with(' ') {
        line.insert(line.len() - 1, '\\');
    }
    line
}

const ANY_ODD_BYTE: &str = "[! -~]";

/// Whether somebody who copies `c` from a screen may get something else.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || escape(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8()
        || unicode_normalization::char::is_combining_mark(c)
}

/// Paths that some system or CDN would take for the same.
#[derive(Default)]
struct Twins {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

fn find_twins(assets: &[Asset], sources: &[Source]) -> Twins {
    let mut seen: HashMap<String, &Asset> = HashMap::with_capacity(assets.len());
    let mut twins = Twins::default();
    for asset in assets {
        let folded = folded(asset.path.as_str());
        let Some(twin) = seen.get(&folded) else {
            seen.insert(folded, asset);
            continue;
        };
        if twin.path == asset.path {
            let file = |asset: &Asset| escape(&asset.file.display().to_string());
            let files = format!("`{}` and `{}`", file(twin), file(asset));
            let declared = declared(asset, sources);
            let message = format!("comes from two sources: {files}{declared}");
            let problem = Problem::new(&asset.path, message).kind(ProblemKind::TwoSources);
            twins.problems.push(problem);
        } else if twin.path.as_str().nfc().eq(asset.path.as_str().nfc()) {
            let message = format!(
                "differs from `{}` only in how its characters are composed (NFC, NFD)",
                spelt_out(&twin.path)
            );
            let problem = Problem {
                path: spelt_out(&asset.path),
                mended_by: ignored(asset, sources).map(Box::new),
                ..Problem::new("", message)
            };
            let problem = problem.kind(ProblemKind::Twins).cause(LOOK_ALIKE);
            // Nobody can see which of two URLs they have, nor which of them an editor writes.
            match [twin, asset].iter().any(|a| !a.policy.names.is_keyed()) {
                true => twins.problems.push(problem),
                false => twins.warnings.push(problem),
            }
        } else {
            // A storage tells them apart; of a folder, the target is asked.
            let message = format!("differs from `{}` only in case", escape(twin.path.as_str()));
            let warning = Problem::new(&asset.path, message);
            let warning = warning.kind(ProblemKind::Twins).cause(DIFFER_IN_CASE);
            twins.warnings.push(warning);
        }
    }
    twins
}

const LOOK_ALIKE: &str = "differ from others only in how their characters are composed (NFC, NFD)";
const DIFFER_IN_CASE: &str = "differ from others only in case, which some systems don't tell apart";

/// What leaves an asset out whose name can't be copied from a screen.
fn ignored(asset: &Asset, sources: &[Source]) -> Option<Addition> {
    let source = source_of(asset, sources)?;
    let below = asset.file.strip_prefix(&source.dir).ok()?;
    Some(Addition::new(source, below, false))
}

fn source_of<'s>(asset: &Asset, sources: &'s [Source]) -> Option<&'s Source> {
    let mut sources = sources.iter().rev();
    sources.find(|source| asset.file.starts_with(&source.dir))
}

/// Where the configuration asks for the source of `asset`, on a line of its own.
fn declared(asset: &Asset, sources: &[Source]) -> String {
    match source_of(asset, sources).and_then(|source| source.declared.as_ref()) {
        Some(place) => format!("\n    the second of them is declared at {place}"),
        None => String::new(),
    }
}

/// The path with its combining marks as `\u{..}`: on a screen, twins look the same.
pub(crate) fn spelt_out(path: &LogicalPath) -> String {
    let spell = |c: char| match unicode_normalization::char::is_combining_mark(c) {
        true => c.escape_unicode().to_string(),
        false => escape(&c.to_string()),
    };
    path.as_str().chars().map(spell).collect()
}

/// Adds a line of an ignore file, if it can be used.
fn add_line(builder: &mut GitignoreBuilder, file: &Path, line: &str) -> Result<(), String> {
    if line.starts_with('#') {
        return Ok(());
    }
    let shown = shortened(line);
    check_bounds(line).map_err(|why| format!("`{shown}` {why}"))?;
    match builder.add_line(Some(file.to_path_buf()), line) {
        Ok(_) => Ok(()),
        Err(ignore::Error::Glob { err, .. }) => Err(format!("`{shown}` isn't a glob: {err}")),
        Err(other) => Err(plain_words(other.to_string())),
    }
}

/// The ignore files of the folders walked so far.
#[derive(Default)]
struct Ignores {
    by_folder: HashMap<PathBuf, Gitignore>,
}

impl Ignores {
    /// Reads the ignore file of `folder`, if there's one. What can't be read of it is told, line by line.
    fn read(&mut self, folder: &Path) -> Vec<Problem> {
        let file = folder.join(IGNORE_FILE);
        if !file.is_file() {
            return Vec::new();
        }
        let text = match bounded::text(&file, IGNORE_BYTES_MAX) {
            Ok(text) => text,
            Err(bad) => return vec![bad.problem(&file)],
        };
        let mut builder = GitignoreBuilder::new(folder);
        let mut problems = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            if let Err(why) = add_line(&mut builder, &file, line) {
                let problem = Problem::at(file.display(), (number, 1), why);
                let problem = problem.unquoted("has a line that isn't a pattern", "");
                problems.push(problem.kind(ProblemKind::IgnoreFile));
            }
        }
        match builder.build() {
            Ok(built) => drop(self.by_folder.insert(folder.to_path_buf(), built)),
            Err(_) => {
                let message = "its patterns are too complex together; say more with fewer";
                let problem = Problem::new(file.display(), message);
                problems.push(problem.kind(ProblemKind::IgnoreFile));
            }
        }
        problems
    }

    /// Whether a path is ignored: the nearest ignore file with an opinion decides, as in git.
    fn ignores(&self, root: &Path, path: &Path, is_dir: bool) -> bool {
        self.verdict(root, path, is_dir) == Some(Verdict::Ignored)
    }

    /// Whether a line such as `!map.old.html` is about this very file, and not about `unmarked`, too.
    fn mean(&self, root: &Path, path: &Path, unmarked: &Path) -> bool {
        self.verdict(root, path, false) == Some(Verdict::Kept)
            && self.verdict(root, unmarked, false) != Some(Verdict::Kept)
    }

    fn verdict(&self, root: &Path, path: &Path, is_dir: bool) -> Option<Verdict> {
        if self.by_folder.is_empty() {
            return None;
        }
        let folders = path
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(root));
        let matched =
            folders.filter_map(
                |folder| match self.by_folder.get(folder)?.matched(path, is_dir) {
                    Match::Ignore(_) => Some(Verdict::Ignored),
                    Match::Whitelist(_) => Some(Verdict::Kept),
                    Match::None => None,
                },
            );
        matched.into_iter().next()
    }
}

/// What an ignore file says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ignored,
    /// By a line that begins with `!`.
    Kept,
}
