//! One walk over the sources: for each file, whether it's an asset, is left out for some reason, or
//! is wrong.

use std::collections::HashMap;
use std::fs::FileType;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::ignores::Ignores;
use super::{Asset, IGNORE_FILE, Source, Symlinks, Tree};
use crate::base::disk::files;
use crate::base::media;
use crate::base::path::LogicalPath;
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::base::text::plain;
use crate::rules::{Kind, Policy, Publish, Rules};
use crate::scan::junk::Dropped;
use crate::scan::secrets::{OWN_KEY, is_private_folder, looks_secret};

/// A walk over the sources of a tree.
pub(super) struct Walk<'a> {
    rules: &'a Rules,
    pub tree: Tree,
    policies: HashMap<Kind, Arc<Policy>>,
    /// Paths that a rule leaves out although their names can't be logical paths.
    pub odd: Vec<PathBuf>,
}

/// Next step of a walk after an entry.
enum Next {
    Onward,
    NotInside,
}

impl<'a> Walk<'a> {
    pub(super) fn new(rules: &'a Rules) -> Walk<'a> {
        Walk {
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
        }
    }
}

impl Walk<'_> {
    /// Adds the files of a source, or what is wrong with them.
    pub(super) fn source(&mut self, source: &Source) {
        let mut ignores = Ignores::default();
        // Links are followed only to learn what they point to: `entry` stops at each one it
        // refuses.
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
        let Some(path) = self.path_of(source, entry) else {
            return leave;
        };
        if kind.is_dir() {
            return self.folder(ignores, entry.path(), &path);
        }
        let is_meant = self.is_meant(source, ignores, entry.path(), &path);
        self.file(entry.path(), path, kind, is_meant);
        Next::Onward
    }

    /// Returns the logical path of an entry; none if it has none or is a link that isn't followed.
    fn path_of(&mut self, source: &Source, entry: &DirEntry) -> Option<LogicalPath> {
        let is_folder = entry.file_type().is_dir();
        let path = match logical_path(source, entry.path()) {
            Ok(path) => path,
            Err(problem) => {
                self.odd_name(source, entry.path(), is_folder, problem);
                return None;
            }
        };
        if entry.path_is_symlink()
            && let Err(problem) = check_link(source, entry.path(), &path)
        {
            self.problem_unless_left_out(&path, is_folder, problem);
            return None;
        }
        Some(path)
    }

    /// Says whether an ignore file means this very file, which would be left out by its name.
    fn is_meant(
        &self,
        source: &Source,
        ignores: &Ignores,
        file: &Path,
        path: &LogicalPath,
    ) -> bool {
        self.rules.junk(path.as_str()).is_some_and(|mark| {
            let unmarked = mark.unmarked(path.as_str());
            let name = unmarked.rsplit('/').next().unwrap_or_default();
            !mark.is_folder && ignores.mean(&source.dir, file, &file.with_file_name(name))
        })
    }

    fn folder(&mut self, ignores: &mut Ignores, folder: &Path, path: &LogicalPath) -> Next {
        if self.in_junk(path.as_str()).is_some() {
            // Folders that are left out aren't checked.
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
        let policy = self.policy_of_file(file, &path, kind, is_meant);
        match policy.publish {
            Publish::LeftOut => return self.tree.left_out.push(path),
            Publish::Never => return self.tree.left_behind.push(path),
            Publish::Junk(_) if self.in_junk(path.as_str()).is_some() => {
                return self.drop(path.clone(), path.as_str());
            }
            Publish::Junk(_) | Publish::ByRule | Publish::ByExtension | Publish::NotListed => {}
        }
        if let Some(message) = self.refusal(file, &path, kind, &policy) {
            self.tree.problems.push(Problem::new(&path, message));
            return;
        }
        match policy.publish {
            Publish::Junk(_) => self.drop(path.clone(), path.as_str()),
            Publish::NotListed => {
                let extension = path.extension().unwrap_or_default();
                self.tree.skipped.entry(extension).or_default().push(path);
            }
            _ => self.asset(file, path, policy),
        }
    }

    fn policy_of_file(
        &mut self,
        file: &Path,
        path: &LogicalPath,
        kind: FileType,
        is_meant: bool,
    ) -> Arc<Policy> {
        let policy = self.policy(path, is_meant);
        if policy.publish == Publish::NotListed && kind.is_file() && is_segment(path, file) {
            Arc::new(Policy {
                publish: Publish::ByExtension,
                key_extension: path.extension(),
                ..(*policy).clone()
            })
        } else {
            policy
        }
    }

    /// Returns why what isn't left out can't be published, whatever its extension.
    fn refusal(
        &self,
        file: &Path,
        path: &LogicalPath,
        kind: FileType,
        policy: &Policy,
    ) -> Option<&'static str> {
        if !kind.is_file() {
            return Some("is a FIFO, socket or device, not a file");
        }
        if policy.may_be_secret || !looks_secret(path.file_name()) {
            return None;
        }
        Some(if self.rules.is_key_file(file) {
            OWN_KEY
        } else {
            "looks like a secret by its name; set `publish = false` in a rule for this file to leave it out, or `publish = true` if everyone may read it"
        })
    }

    fn asset(&mut self, file: &Path, path: LogicalPath, policy: Arc<Policy>) {
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
    fn in_junk<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mark = self.rules.junk(path)?;
        mark.is_folder.then(|| mark.top(path))
    }

    /// Leaves out `path`, for the name that `marked` has, which is the same or in it.
    fn drop(&mut self, path: LogicalPath, marked: &str) {
        let mark = self.rules.junk(marked);
        self.tree.junk.extend(mark.map(|mark| Dropped {
            junk: mark.junk,
            top: mark.top(marked).to_string(),
            path,
        }));
    }

    /// Worked out once for all files of a kind.
    fn policy(&mut self, path: &LogicalPath, is_meant: bool) -> Arc<Policy> {
        let kind = if is_meant {
            self.rules.kind(path).meant()
        } else {
            self.rules.kind(path)
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
        let message = why_unreadable(file, error);
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

    /// Handles a name that can't be a logical path. A rule may leave it out, too: `drafts/**` means
    /// all that is in there.
    fn odd_name(&mut self, source: &Source, file: &Path, is_folder: bool, problem: Problem) {
        let below = file.strip_prefix(&source.dir).unwrap_or(file);
        if below.as_os_str().is_empty() {
            self.tree.problems.push(problem.kind(ProblemKind::Source));
            return;
        }
        let path = Path::new(&source.mount).join(below);
        let inside = path.join("x");
        let shown = path.to_string_lossy();
        if let Some(folder) = self.in_junk(&shown)
            && let Ok(folder) = LogicalPath::parse(folder.trim_end_matches('/'))
        {
            let inside = format!("{folder}/x");
            return self.drop(folder, &inside);
        }
        if self.rules.leave_out(&path) || (is_folder && self.rules.leave_out(&inside)) {
            self.tree.oddly_left_out.push(problem.path);
            self.odd.push(if is_folder { inside } else { path });
            return;
        }
        let problem = problem.kind(ProblemKind::Name);
        let ignored = Addition::new(source, below, is_folder);
        self.tree.problems.push(problem.added(ignored));
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
        let is_junk = if is_private {
            self.in_junk(path.as_str()).is_some()
        } else {
            self.rules.junk(marked).is_some()
        };
        if is_junk {
            self.drop(path.clone(), marked)
        } else {
            self.tree.problems.push(problem)
        }
    }
}

fn why_unreadable(file: &Path, error: &walkdir::Error) -> String {
    match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => format!("is a symbolic link back to `{}`", ancestor.display()),
        (None, Some(e)) if file.is_symlink() => {
            format!("is a broken symbolic link: {}", plain(e))
        }
        (None, Some(e)) => format!("can't be read: {}", plain(e)),
        (None, None) => error.to_string(),
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
    let is_inside = match (file.canonicalize(), source.dir.canonicalize()) {
        (Ok(to), Ok(root)) => to.starts_with(&root),
        _ => false,
    };
    if !is_inside {
        return Err(Problem::new(
            path,
            "is a symbolic link that points outside its source: replace it with a copy",
        ));
    }
    if source.symlinks == Symlinks::Refuse {
        return Err(Problem::new(
            path,
            "is a symbolic link; set `symlinks = \"inside\"` in the [[source]] to follow links that stay inside it",
        ));
    }
    Ok(())
}

/// Says whether a file is a part of a video, though its extension is that of source code. One that
/// can't be read is told of when it's published.
fn is_segment(path: &LogicalPath, file: &Path) -> bool {
    const HEAD_BYTES: u64 = 1024;
    let is_called_so = path.extension().as_deref() == Some("ts");
    let start = || files::read(file, HEAD_BYTES);
    is_called_so && start().is_ok_and(|start| media::is_segment(&start))
}

const NO_TYPE: &str =
    "no extension and is served as application/octet-stream; set its `content_type` in a rule";
