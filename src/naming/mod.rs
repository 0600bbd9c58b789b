//! Turns a [`Tree`] into a [`Build`]: reads every file in parallel, finds its references, and names
//! it. The name depends on the content with its references rewritten. The whole build is known
//! before anything is sent.
//!
//! Every file is read once to hash it and to search it. Files whose references change are read
//! again when they are named, and all files are read once more if levels have to be kept apart. No
//! content is kept.

mod archives;
mod built_for;
mod bundled;
mod copies;
mod cover;
mod fit;
mod illustrate;
mod index;
mod inside;
pub mod leaks;
mod limits;
mod link;
mod memo;
mod mentions;
mod objects;
mod pixels;
mod prefixes;
pub mod prepare;
mod read;
mod rename;
mod searched;
mod served;
mod spoilers;
mod whole;

use std::collections::HashMap;

use rayon::prelude::*;

pub use self::fit::{check, check_names};
use self::illustrate::illustrate;
use self::index::Index;
use self::link::Links;
use self::memo::Memo;
pub use self::objects::{Build, Former, Object, Reference};
pub(crate) use self::prefixes::prefix;
use self::read::{Draft, Reader};
use crate::base::error::{Error, Result};
use crate::base::name::Secret;
use crate::base::path::{LogicalPath, ObjectKey};
use crate::base::problem::{Problem, ProblemKind};
use crate::base::progress::Progress;
use crate::cache::Cache;
use crate::hidden;
use crate::refs::digest::{Algorithm, Digested, Value};
use crate::refs::resolve::Resolved;
use crate::tree::{Asset, Tree};

/// Largest number of attempts to read a file that changes in the meantime.
const READS_MAX: usize = 3;

/// Reads everything in `tree`, rewrites its references and names it. `progress` counts what is
/// read, and can stop the work.
///
/// # Errors
/// [`Error::Tree`] lists the tree's problems and what reading added: unreadable files, private keys
/// and credentials, references that lead nowhere or to what must stay unknown, names that collide.
/// [`Error::Interrupted`] if `progress` was stopped.
pub fn build(tree: &Tree, secret: &Secret, progress: &Progress) -> Result<Build> {
    build_with(&Cache::none(), tree, secret, progress)
}

/// Works as [`build`], but doesn't search unchanged files again if `cache` knows them. If levels
/// have to be kept apart, all that is published is read nevertheless.
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
            Ok(build) => return Ok(for_people(tree, build)),
            Err(failed) if reads < READS_MAX && failed.problems.iter().all(is_change) => reads += 1,
            Err(failed) => return Err(failed.into_error(tree)),
        }
    }
}

/// Leaves out warnings that are meant to be, and veils what is hidden.
fn for_people(tree: &Tree, mut build: Build) -> Build {
    build.warnings.retain(|warning| !tree.meant.has(warning));
    let level = |object: &Object| build.levels.name(object.policy.level);
    let files = build.objects.iter();
    hidden::note_assets(files.map(|o| (level(o), o.path.as_str(), [o.key.as_str()])));
    hidden::veil(&mut build.warnings);
    hidden::veil(&mut build.notes);
    build
}

/// Makes sure that no object for which `is_searched` is true has an address that hidden files had
/// in earlier releases: anybody who has the address can request it until it is pruned. `build` is
/// that of `tree`.
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
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::of_tree(found))
    }
}

/// Reasons why a tree can't be published, and warnings.
#[derive(Default)]
struct Failed {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Failed {
    fn add(&mut self, more: Failed) {
        self.problems.extend(more.problems);
        self.warnings.extend(more.warnings);
    }

    fn into_error(self, tree: &Tree) -> Error {
        let Failed {
            mut problems,
            mut warnings,
        } = self;
        problems.sort();
        // A file that can't be read also fails when it is read again.
        problems.dedup();
        hidden::veil(&mut problems);
        hidden::veil(&mut warnings);
        illustrate(&mut problems, tree);
        Error::Tree { problems, warnings }
    }
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
    let index = Index::new(tree);
    let (mut drafts, mut files) = read_all(memo, tree, &index, secret, progress);
    let Some(served) = served::as_served(tree, &drafts, &files) else {
        return finish(memo, &index, secret, drafts, files, progress);
    };
    let index = Index::new(&served.tree);
    let again = served
        .again
        .par_iter()
        .map_init(Worker::default, |worker, file| {
            let (draft, links) = read_one(memo, &index, secret, progress, worker, *file);
            (*file, draft, links)
        });
    for (file, draft, links) in again.collect::<Vec<_>>() {
        (drafts[file], files[file]) = (draft, links);
    }
    finish(memo, &index, secret, drafts, files, progress)
}

/// Builds what was read.
fn finish(
    memo: &Memo<'_>,
    index: &Index<'_>,
    secret: &Secret,
    drafts: Vec<Draft>,
    files: Vec<Links>,
    progress: &Progress,
) -> Result<Build, Failed> {
    let tree = index.tree;
    // Whatever is wrong, all steps are taken, so that everything that is wrong is told of at once.
    let mut told = Failed::default();
    told.problems.extend(tree.problems.iter().cloned());
    let of_drafts = drafts.iter().flat_map(|draft| draft.problems.clone());
    told.problems.extend(of_drafts);
    let mut linked = link::link(index, &drafts, files);
    told.problems.append(&mut linked.problems);
    let bundled = bundled::check(tree, &drafts, &linked.files, progress);
    let (objects, unnamed) = rename::name(memo, tree, secret, &drafts, &linked.files, progress);
    // With a file that changed meanwhile, it all begins anew.
    let begins_anew = progress.is_stopped() || unnamed.iter().any(is_change);
    told.problems.extend(unnamed);
    if begins_anew {
        return Err(told);
    }
    told.warnings.append(&mut linked.warnings);
    let elsewhere = built_for::check(index, &drafts, &linked.files);
    told.warnings.extend(elsewhere);
    if bundled.is_some() {
        // Users don't fix a bundler's scripts.
        let warnings = &mut told.warnings;
        warnings.retain(|warning| warning.kind != ProblemKind::Mention);
    }
    told.problems.extend(bundled);
    let references = references(&drafts, &linked.files);
    let known = known(&objects, &references, &linked.named);
    told.add(search(tree, &drafts, &objects, &known, progress));
    let mut notes = Vec::new();
    for draft in drafts {
        told.warnings.extend(draft.warnings);
        notes.extend(draft.notes);
    }
    told.warnings.sort();
    cover::let_dangle(&mut told.problems);
    if !told.problems.is_empty() {
        return Err(told);
    }
    Ok(Build {
        references,
        objects,
        key_id: secret.id(),
        warnings: told.warnings,
        of_tree: tree.warnings.clone(),
        notes,
        levels: tree.levels.clone(),
    })
}

/// Returns which file is known to name which: by a reference, or in a string that is told of
/// already. Sorted.
fn known(
    objects: &[Object],
    references: &[Reference],
    named: &[(LogicalPath, u32)],
) -> Vec<(u32, u32)> {
    let of = |path: &LogicalPath| objects.binary_search_by(|object| object.path.cmp(path));
    let named = named
        .iter()
        .filter_map(|(from, to)| Some((of(from).ok()? as u32, *to)));
    let referred = references.iter().map(|r| (r.from, r.to));
    let mut known: Vec<(u32, u32)> = referred.chain(named).collect();
    known.sort_unstable();
    known
}

/// Looks through all that has a name: for names that collide or can be guessed, copies and names of
/// hidden files, and wrong headers.
fn search(
    tree: &Tree,
    drafts: &[Draft],
    objects: &[Object],
    known: &[(u32, u32)],
    progress: &Progress,
) -> Failed {
    let mut told = Failed {
        problems: find_collisions(objects),
        warnings: Vec::new(),
    };
    told.problems.extend(limits::check_folders(tree, objects));
    let copies = copies::check_copies(tree, drafts, progress);
    told.problems.extend(copies.problems);
    let spoilers = spoilers::find(tree, objects, drafts, known, progress);
    told.problems.extend(spoilers.problems);
    let (unsaid, odd) = served::check(tree, drafts);
    told.problems.extend(unsaid);
    told.warnings.extend(odd);
    told.warnings.extend(spoilers.warnings);
    told.warnings.extend(copies.warnings);
    told
}

/// State that a thread keeps from one file to the next.
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
    let drafts =
        tree.assets
            .par_iter()
            .enumerate()
            .map_init(Worker::default, |worker, (file, _)| {
                let (draft, links) = read_one(memo, index, secret, progress, worker, file);
                progress.read(draft.size_bytes);
                (draft, links)
            });
    drafts.unzip()
}

fn read_one(
    memo: &Memo<'_>,
    index: &Index<'_>,
    secret: &Secret,
    progress: &Progress,
    worker: &mut Worker,
    file: usize,
) -> (Draft, Links) {
    let asset = &index.tree.assets[file];
    let reader = &mut worker.reader;
    let mut draft = memo.draft(asset, || reader.draft(asset, secret, progress));
    let links = link::link_own(index, asset, &mut draft, &mut worker.resolved);
    (draft, links)
}

fn changed(asset: &Asset) -> Problem {
    Problem::new(&asset.path, "keeps changing while it's read").kind(ProblemKind::Changing)
}

fn is_change(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Changing
}

fn references(drafts: &[Draft], files: &[Links]) -> Vec<Reference> {
    let mut references = Vec::new();
    for (from, file) in files.iter().enumerate() {
        let reference = |to, line, column, integrity| Reference {
            from: from as u32,
            to,
            line,
            column,
            integrity,
        };
        references.extend(file.links.iter().map(|link| {
            let integrity = integrity(&drafts[from], link.span.start);
            reference(link.to, link.line, link.column, integrity)
        }));
        for set in &file.sets {
            let files = set.files().iter();
            references.extend(files.map(|to| reference(*to, set.line, set.column, None)));
        }
    }
    references.sort_unstable();
    references
}

/// Returns the strongest algorithm of the digests beside the reference that begins there.
fn integrity(draft: &Draft, start: u32) -> Option<Algorithm> {
    let of = Digested::File(start as usize);
    let digests = draft.found.digests.iter();
    let beside = digests.filter(|digest| digest.of == of && digest.value != Value::Alone);
    beside.map(|digest| digest.algorithm).max()
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
                format!(
                    "gets the same object key as `{}`: rename one of the two, or set another \
                     `names` for one of them in a rule",
                    other.path
                ),
            ));
        }
    }
    problems
}
