//! From a [`Tree`] to a [`Build`]: reads every file, in parallel, finds what it refers to, and names it after what
//! it will hold with its references rewritten. The whole build is known before anything is sent.
//!
//! Every file is read once to hash it and look into it; those whose references change are read again when their
//! turn comes to be named, and all are read once more where levels are to be kept apart. No content is kept.

mod archives;
mod bundled;
mod copies;
mod cover;
mod index;
mod inside;
mod limits;
mod link;
mod memo;
mod mentions;
mod pixels;
mod read;
mod rename;
mod searched;
mod spoilers;
mod whole;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::index::Index;
use self::link::Links;
use self::memo::Memo;
use self::read::{Draft, Reader};
pub(crate) use self::read::{Lines, same_length_utf8};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::hidden;
use crate::levels::{LevelId, Levels};
use crate::name::{Headers, KeyId, Secret, Token};
use crate::path::{LogicalPath, ObjectKey};
use crate::problem::{Problem, ProblemKind};
use crate::progress::Progress;
use crate::refs::edit::Edits;
use crate::refs::resolve::Resolved;
use crate::rules::Policy;
use crate::tree::{Asset, Tree};

/// An asset with its name: all that is needed to publish it, but for its bytes.
#[derive(Debug, Clone)]
pub struct Object {
    /// Where it stands in the tree.
    pub path: LogicalPath,
    /// Where its bytes are.
    pub file: PathBuf,
    /// What is replaced in them before they are published.
    pub edits: Option<Arc<Edits>>,
    /// How many are published, before gzip.
    pub size_bytes: u64,
    /// blake3 of them, as published, before gzip.
    pub digest: blake3::Hash,
    /// What its name commits to.
    pub token: Token,
    /// Its name in a target.
    pub key: ObjectKey,
    /// What the rules say about it.
    pub policy: Arc<Policy>,
    /// Whether its level is held: it has a name, but isn't published.
    pub is_held: bool,
    /// Whether gzip is allowed and the first bytes don't rule it out.
    pub try_gzip: bool,
}

impl Object {
    /// Whether the key stays when the content changes.
    pub fn is_mutable(&self) -> bool {
        self.policy.names.is_mutable()
    }

    /// Says whether a token is in the key: nobody guesses it, and it says what is there.
    pub fn is_keyed(&self) -> bool {
        self.policy.names.is_keyed()
    }

    /// What it's served with.
    pub fn headers(&self) -> &Headers {
        &self.policy.headers
    }
}

/// Everything that should be in a target, sorted by logical path.
#[derive(Debug, Clone)]
pub struct Build {
    /// The objects.
    pub objects: Vec<Object>,
    /// Which secret named them.
    pub key_id: KeyId,
    /// Which file refers to which. Sorted.
    pub references: Vec<Reference>,
    /// Worth a word: references that may lead nowhere, documents that couldn't be read.
    pub warnings: Vec<Problem>,
    /// What was worth a word about the tree before; whoever walked it has told people.
    pub of_tree: Vec<Problem>,
    /// What scripts do that can't be followed.
    pub notes: Vec<Problem>,
    /// Who may know what.
    pub levels: Levels,
}

/// A reference from one object to another, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Which object refers: its place in [`Build::objects`].
    pub from: u32,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// To which.
    pub to: u32,
}

impl Build {
    /// The size of all files, in bytes, before gzip.
    pub fn size_bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.size_bytes).sum()
    }

    /// What is to be published: all but what is held.
    pub fn published(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(|object| !object.is_held)
    }

    /// Lets the objects of these levels be published.
    pub fn unlock(&mut self, levels: &BTreeSet<LevelId>) {
        for object in &mut self.objects {
            object.is_held = object.is_held && !levels.contains(&object.policy.level);
        }
    }

    /// How many objects aren't published before their level is unlocked, by the level's name.
    pub fn held(&self) -> BTreeMap<&str, u64> {
        let mut held = BTreeMap::new();
        for object in self.objects.iter().filter(|object| object.is_held) {
            *held
                .entry(self.levels.name(object.policy.level))
                .or_default() += 1;
        }
        held
    }

    /// The levels that are held in the configuration, and that were unlocked.
    pub fn unlocked(&self) -> BTreeSet<&str> {
        let is_unlocked =
            |object: &&Object| !object.is_held && self.levels.is_held(object.policy.level);
        let unlocked = self.objects.iter().filter(is_unlocked);
        unlocked
            .map(|object| self.levels.name(object.policy.level))
            .collect()
    }

    /// The objects of these levels alone.
    pub fn of_levels(&self, levels: &BTreeSet<LevelId>) -> Build {
        let mut build = self.clone();
        build
            .objects
            .retain(|object| levels.contains(&object.policy.level));
        build
    }

    /// The object of a logical path.
    pub fn find(&self, path: &str) -> Option<&Object> {
        let found = self
            .objects
            .binary_search_by(|object| object.path.as_str().cmp(path));
        found.ok().map(|index| &self.objects[index])
    }
}

/// A keyed address that an earlier release had for a file which is hidden now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The address, in the target.
    pub key: ObjectKey,
    /// The file, as it was called then.
    pub path: LogicalPath,
    /// The level that the file would have now.
    pub level: LevelId,
}

/// How often a file that changes under our hands is read again.
const READS_MAX: usize = 3;

/// Reads everything in `tree`, rewrites its references and names it. `progress` counts what is read, and can
/// stop the work.
///
/// # Errors
/// [`Error::Tree`] lists the tree's problems and what reading added: unreadable files, private keys and
/// credentials, references that lead nowhere or to what must stay unknown, names that collide.
/// [`Error::Interrupted`] if `progress` was stopped.
pub fn build(tree: &Tree, secret: &Secret, progress: &Progress) -> Result<Build> {
    build_with(&Cache::none(), tree, secret, progress)
}

/// As [`build`], but what `cache` knows of files that haven't changed isn't looked for again. Where levels are to be kept
/// apart, all that is published is read nevertheless.
///
/// # Errors
/// As for [`build`].
pub fn build_with(
    cache: &Cache,
    tree: &Tree,
    secret: &Secret,
    progress: &Progress,
) -> Result<Build> {
    let mut reads = 1;
    loop {
        let memo = Memo::new(cache, tree, secret);
        let outcome = build_or_remember(&memo, tree, secret, progress);
        memo.finish(tree);
        if progress.is_stopped() {
            return Err(Error::Interrupted);
        }
        match outcome {
            Ok(mut build) => {
                build.warnings.retain(|warning| !tree.meant.has(warning));
                hidden::note_objects(&build.levels, &build.objects);
                hidden::veil(&mut build.warnings);
                hidden::veil(&mut build.notes);
                return Ok(build);
            }
            Err(failed) if reads < READS_MAX && failed.problems.iter().all(is_change) => reads += 1,
            Err(Failed {
                mut problems,
                mut warnings,
            }) => {
                problems.sort();
                // What can't be read can't be read again.
                problems.dedup();
                hidden::veil(&mut problems);
                hidden::veil(&mut warnings);
                return Err(Error::Tree { problems, warnings });
            }
        }
    }
}

/// Makes sure that no object that `is_searched` says has an address that hidden files had in earlier releases: whoever has one
/// can ask for it until it's pruned. `build` is that of `tree`.
///
/// # Errors
/// [`Error::Tree`] lists those that do. [`Error::Interrupted`] if `progress` was stopped.
pub fn check_former(
    tree: &Tree,
    build: &Build,
    former: &[Former],
    is_searched: impl Fn(&Object) -> bool + Sync,
    progress: &Progress,
) -> Result<()> {
    let mut found = spoilers::find_former(tree, &build.objects, former, is_searched, progress);
    if progress.is_stopped() {
        return Err(Error::Interrupted);
    }
    found.sort();
    match found.is_empty() {
        true => Ok(()),
        false => Err(Error::of_tree(found)),
    }
}

/// Why a tree can't be published, and what else is worth a word.
struct Failed {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// A build of the very same tree needn't be made again.
fn build_or_remember(
    memo: &Memo<'_>,
    tree: &Tree,
    secret: &Secret,
    progress: &Progress,
) -> Result<Build, Failed> {
    let seal = memo.seal(tree);
    let known = seal.and_then(|seal| memo.whole(tree, &seal, secret));
    if let Some(build) = known {
        memo.cache.note_known(build.objects.len() as u64);
        for object in &build.objects {
            progress.read(object.size_bytes);
        }
        return Ok(build);
    }
    let build = build_once(memo, tree, secret, progress)?;
    if let Some(seal) = seal.filter(|seal| seal.is_settled && memo.seal(tree) == Some(*seal)) {
        memo.remember(tree, &seal, &build);
    }
    Ok(build)
}

fn build_once(
    memo: &Memo<'_>,
    tree: &Tree,
    secret: &Secret,
    progress: &Progress,
) -> Result<Build, Failed> {
    // Whatever is wrong, all steps are taken, so that everything that is wrong is told of at once.
    let mut problems = tree.problems.clone();
    let index = Index::new(tree);
    let (drafts, files) = read_all(memo, tree, &index, secret, progress);
    problems.extend(drafts.iter().flat_map(|draft| draft.problems.clone()));
    let linked = link::link(&index, &drafts, files);
    problems.extend(linked.problems);
    let bundled = bundled::check(tree, &drafts, &linked.files, progress);
    let (objects, unnamed) = rename::name(memo, tree, secret, &drafts, &linked.files, progress);
    // With a file that changed meanwhile, it all begins anew.
    if progress.is_stopped() || unnamed.iter().any(is_change) {
        problems.extend(unnamed);
        let warnings = Vec::new();
        return Err(Failed { problems, warnings });
    }
    problems.extend(unnamed);
    problems.extend(find_collisions(&objects));
    problems.extend(limits::check_folders(tree, &objects));
    let copies = copies::check_copies(tree, &drafts, progress);
    problems.extend(copies.problems);
    let references = references(&linked.files);
    let of = |path: &LogicalPath| objects.binary_search_by(|object| object.path.cmp(path));
    let named = linked
        .named
        .iter()
        .filter_map(|(from, to)| Some((of(from).ok()? as u32, *to)));
    let mut known: Vec<(u32, u32)> = references
        .iter()
        .map(|r| (r.from, r.to))
        .chain(named)
        .collect();
    known.sort_unstable();
    let spoilers = spoilers::find(tree, &objects, &drafts, &known, progress);
    problems.extend(spoilers.problems);
    let mut warnings = linked.warnings;
    if bundled.is_some() {
        // Nobody mends a bundler's scripts.
        warnings.retain(|warning| warning.kind != ProblemKind::Mention);
    }
    problems.extend(bundled);
    warnings.extend(spoilers.warnings);
    warnings.extend(copies.warnings);
    let mut notes = Vec::new();
    for draft in drafts {
        warnings.extend(draft.warnings);
        notes.extend(draft.notes);
    }
    warnings.sort();
    cover::let_dangle(&mut problems);
    if !problems.is_empty() {
        return Err(Failed { problems, warnings });
    }
    Ok(Build {
        references,
        objects,
        key_id: secret.id(),
        warnings,
        of_tree: tree.warnings.clone(),
        notes,
        levels: tree.levels.clone(),
    })
}

/// What a thread keeps from one file to the next.
#[derive(Default)]
struct Worker {
    reader: Reader,
    resolved: Resolved,
}

fn read_all(
    memo: &Memo<'_>,
    tree: &Tree,
    index: &Index<'_>,
    secret: &Secret,
    progress: &Progress,
) -> (Vec<Draft>, Vec<Links>) {
    let drafts = tree
        .assets
        .par_iter()
        .map_init(Worker::default, |worker, asset| {
            let reader = &mut worker.reader;
            let mut draft = memo.draft(asset, || reader.draft(asset, secret, progress));
            progress.read(draft.size_bytes);
            let links = link::link_own(index, asset, &mut draft, &mut worker.resolved);
            (draft, links)
        });
    drafts.unzip()
}

fn changed(asset: &Asset) -> Problem {
    Problem::new(&asset.path, "keeps changing while it's read").kind(ProblemKind::Changing)
}

fn is_change(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Changing
}

fn references(files: &[Links]) -> Vec<Reference> {
    let mut references = Vec::new();
    for (from, file) in files.iter().enumerate() {
        references.extend(file.all().map(|(to, line, column)| Reference {
            from: from as u32,
            to,
            line,
            column,
        }));
    }
    references.sort_unstable();
    references
}

/// Plain names of one file can be the name another gets by its style.
fn find_collisions(objects: &[Object]) -> Vec<Problem> {
    let mut seen: HashMap<&ObjectKey, &Object> = HashMap::with_capacity(objects.len());
    let mut problems = Vec::new();
    for object in objects {
        // Two sources with one path are told of already.
        if let Some(other) = seen
            .insert(&object.key, object)
            .filter(|other| other.path != object.path)
        {
            problems.push(Problem::new(
                &object.path,
                format!("gets the same object key as `{}`", other.path),
            ));
        }
    }
    problems
}
