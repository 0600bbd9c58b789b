//! Private files of a folder target: `plain.json` and `lock`, out of reach of visitors. They are in
//! the private folder `.assetsync` of the place that has the releases. Earlier versions had them in
//! the published folder. Notes that are found there are moved out, and a lock that is found there
//! is held too, for as long as it exists.
//!
//! Only unfinished files are in the published folder, and only until they are finished. A file that
//! is made elsewhere and moved in has neither the SELinux labels nor the ACLs of the folder, and
//! without these a web server can't read it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::documents::LOCK_FILE;
use super::{Folder, exists, failed, noted};
use crate::base::disk::rights;
use crate::store::StoreError;

pub(crate) const OWN_FOLDER: &str = ".assetsync";
pub(crate) const PLAIN_FILE: &str = "plain.json";
const UNFINISHED: &str = "unfinished";

/// Prefix of the names of unfinished files that are locked by the process that writes them.
const PREFIX: &str = "new-";

/// Time within which a process locks a file after making it.
const LOCKED_AGE: Duration = Duration::from_secs(60);

/// Age at which unlocked files of earlier versions count as left by a run that was killed.
const UNFINISHED_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Number of times that making an unfinished file is tried, since other runs may delete its folder.
const TRIES: usize = 100;

/// Paths of the private files.
#[derive(Debug)]
pub(super) struct Aside {
    /// Place that has the releases.
    place: PathBuf,
    /// Folder `.assetsync` in the published folder.
    within: PathBuf,
}

/// Lock that is held until it's dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _files: Vec<File>,
}

/// Error: the private folder doesn't exist and can't be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot create the private folder `{}`: {}", folder.display(), crate::base::text::plain(why))]
pub(super) struct NoPlace {
    folder: PathBuf,
    why: io::Error,
}

impl NoPlace {
    /// Returns this error, if it's the cause of an I/O error.
    pub(super) fn behind(error: &io::Error) -> Option<&NoPlace> {
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn hint(&self) -> String {
        let folder = self.folder.display().to_string();
        let folder = crate::store::command::quoted(&folder);
        format!(
            "create it once with `sudo install -d -m 700 -o \"$(id -un)\" {folder}`, or set `state = \"file:FOLDER\"` in the target to a folder \
             that you can write to and visitors can't read"
        )
    }
}

impl Aside {
    /// Returns the paths for the folder `root`, whose releases are in `place`. Both are the same
    /// for a folder of releases.
    pub(super) fn new(root: &Path, place: &Path) -> Aside {
        Aside {
            place: place.to_path_buf(),
            within: root.join(OWN_FOLDER),
        }
    }

    fn folder(&self) -> PathBuf {
        self.place.join(OWN_FOLDER)
    }

    /// Returns true if this is for a folder of releases, which is private as a whole.
    fn is_of_releases(&self) -> bool {
        self.folder() == self.within
    }

    /// Returns the file that notes what was stored under mutable names.
    pub(super) fn notes(&self) -> PathBuf {
        self.folder().join(PLAIN_FILE)
    }

    /// Returns the file where earlier versions have these notes.
    pub(super) fn former_notes(&self) -> Option<PathBuf> {
        (!self.is_of_releases()).then(|| self.within.join(PLAIN_FILE))
    }

    fn unfinished(&self) -> PathBuf {
        self.within.join(UNFINISHED)
    }

    fn make(&self) -> io::Result<()> {
        make_place(&self.place).map_err(|why| {
            let folder = std::path::absolute(&self.place).unwrap_or_else(|_| self.place.clone());
            io::Error::new(why.kind(), NoPlace { folder, why })
        })
    }
}

impl Folder {
    /// Locks the target while objects are read and changed. The folder itself is locked, too: it's
    /// the same for processes that use another path to it, or that keep its releases elsewhere.
    /// That lock alone isn't enough, since some file systems lock folders on one machine only.
    pub(super) fn lock(&self) -> io::Result<Lock> {
        self.aside.make()?;
        let folder = self.aside.folder();
        rights::make_folders(&folder)?;
        rights::close(&folder)?;
        let mut files = vec![rights::locked(&folder.join(LOCK_FILE))?];
        files.extend(locked_folder(&self.root)?);
        if !self.aside.is_of_releases() {
            files.extend(locked_if_there(&self.aside.within.join(LOCK_FILE))?);
        }
        Ok(Lock { _files: files })
    }

    /// Makes an unfinished file in the folder, from where a rename can move it to any key. The file
    /// is private.
    pub(super) fn unfinished(&self) -> io::Result<NamedTempFile> {
        if self.aside.is_of_releases() {
            self.aside.make()?
        } else {
            rights::make_public(&self.root)?
        }
        let folder = self.aside.unfinished();
        for _ in 1..TRIES {
            match unfinished_in(&folder) {
                // Another run has finished, and deleted the folder.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                made => return made,
            }
        }
        unfinished_in(&folder)
    }

    /// Moves the notes of earlier versions from the published folder to the private one. The caller
    /// must hold the lock.
    pub(super) fn bring_out(&self) -> Result<(), StoreError> {
        let Some(former) = self.aside.former_notes() else {
            return Ok(());
        };
        let is_there = exists(&former).map_err(|e| failed("access", &former, &e))?;
        if is_there.is_none() {
            return Ok(());
        }
        let notes = self.aside.notes();
        let mut all = noted::read(&notes)?;
        all.add(noted::read(&former)?);
        // If the run is killed in between, both files exist and say the same.
        self.write_notes(&notes, &all)?;
        fs::remove_file(&former).map_err(|e| failed("remove", &former, &e))
    }

    /// Deletes files in the published folder that aren't for visitors: those that killed runs and
    /// earlier versions left.
    pub(super) fn clear_away(&self) -> io::Result<()> {
        let within = &self.aside.within;
        if !within.is_dir() {
            return Ok(());
        }
        sweep(&self.aside.unfinished())?;
        if self.aside.is_of_releases() {
            return Ok(());
        }
        let _lock = self.lock()?;
        if exists(&within.join(PLAIN_FILE))?.is_none() {
            gone(fs::remove_file(within.join(LOCK_FILE)))?;
        }
        remove_if_empty(&self.aside.unfinished())?;
        remove_if_empty(within)
    }
}

/// Makes the folder for private files. Only its owner can read it. The folders above it aren't
/// private: they may be those of the published folder.
fn make_place(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| *above != Path::new("")) {
        rights::make_public(above)?;
    }
    rights::make_folder(folder).map(drop)
}

/// Makes an unfinished file and locks it.
fn unfinished_in(folder: &Path) -> io::Result<NamedTempFile> {
    rights::make_folders(folder)?;
    let file = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempfile_in(folder)?;
    // Where files can't be locked, only their age counts.
    drop(file.as_file().try_lock());
    Ok(file)
}

/// Locks a folder itself, if it exists and its file system can lock folders.
#[cfg(unix)]
fn locked_folder(folder: &Path) -> io::Result<Option<File>> {
    let opened = match File::open(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    Ok(opened.lock().is_ok().then_some(opened))
}

#[cfg(not(unix))]
fn locked_folder(_folder: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Locks a lock file of earlier versions, if there is one.
fn locked_if_there(file: &Path) -> io::Result<Option<File>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match File::options().append(true).open(file) {
        Err(e) if matches!(e.kind(), NotFound | NotADirectory) => Ok(None),
        Err(e) => Err(e),
        Ok(opened) => {
            opened.lock()?;
            Ok(Some(opened))
        }
    }
}

/// Deletes files that killed runs left. Other runs may do the same at this moment, so a missing
/// file is no error.
fn sweep(unfinished: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(unfinished) else {
        return Ok(());
    };
    for entry in entries {
        gone(remove_if_left(&entry?))?;
    }
    Ok(())
}

fn remove_if_left(entry: &fs::DirEntry) -> io::Result<()> {
    let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
    let is_older = |least: Duration| age.as_ref().is_ok_and(|age| *age > least);
    let name = entry.file_name();
    let is_ours = name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
    let is_left =
        is_older(UNFINISHED_AGE_MAX) || is_ours && is_older(LOCKED_AGE) && is_free(&entry.path())?;
    if is_left {
        fs::remove_file(entry.path())
    } else {
        Ok(())
    }
}

/// Returns true if no process holds a lock on a file. A file that can't be opened for lack of
/// permission counts as held.
fn is_free(file: &Path) -> io::Result<bool> {
    match File::options().append(true).open(file) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        opened => Ok(opened?.try_lock().is_ok()),
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn remove_if_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => gone(removed),
    }
}
